//! The octets of bulk transfers.

/// A stream of octets that is the same for the same seed, and differs at any two offsets.
#[derive(Clone, Debug)]
pub struct Pattern {
    seed: u64,
    offset: u64,
}

impl Pattern {
    /// From its beginning.
    pub const fn new(seed: u64) -> Self {
        Self { seed, offset: 0 }
    }

    /// How many octets were taken.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next octets.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        // Octet i lies in word i / 8, which is the seed's word number i / 8: so any offset can be computed alone.
        let within = (self.offset % 8) as usize;
        let first = ((8 - within) % 8).min(buffer.len());
        let (first, rest) = buffer.split_at_mut(first);
        first.copy_from_slice(&self.word().to_le_bytes()[within..within + first.len()]);
        self.offset += first.len() as u64;
        let (words, last) = rest.as_chunks_mut::<8>();
        for word in words {
            *word = self.word().to_le_bytes();
            self.offset += 8;
        }
        last.copy_from_slice(&self.word().to_le_bytes()[..last.len()]);
        self.offset += last.len() as u64;
    }

    /// The word that holds the next octet: the mixing function of `SplitMix64`, applied to a counter.
    const fn word(&self) -> u64 {
        let mut z = self.seed.wrapping_add((self.offset / 8 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_does_not_depend_on_how_it_is_cut() {
        let mut whole = [0; 1_000];
        Pattern::new(7).fill(&mut whole);
        let mut pieces = Pattern::new(7);
        let mut taken = Vec::new();
        for length in (1..).take_while(|length| length * (length + 1) / 2 <= 1_000) {
            let mut piece = vec![0; length];
            pieces.fill(&mut piece);
            taken.extend(piece);
        }
        assert_eq!(taken[..], whole[..taken.len()]);
        assert_eq!(pieces.offset(), taken.len() as u64);
    }

    #[test]
    fn seeds_give_different_octets() {
        let (mut one, mut other) = ([0; 16], [0; 16]);
        Pattern::new(1).fill(&mut one);
        Pattern::new(2).fill(&mut other);
        assert_ne!(one, other);
        assert_eq!(one[..8], 0x910a_2dec_8902_5cc1_u64.to_le_bytes(), "fixed for ever");
    }
}
