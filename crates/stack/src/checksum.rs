//! The Internet checksum (RFC 1071 §1), by 64-bit words.

/// A running one's-complement sum. Parts must be added at even offsets, except the last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u64);

impl Sum {
    /// The empty sum.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds `data`, a zero octet after it where its length is odd.
    #[must_use]
    pub fn with(self, data: &[u8]) -> Self {
        // RFC 1071 §2(B) and §2(C): the sum may be taken in any byte order and in words of any multiple of 16 bits, with
        // the carry added at the other end, and be folded once at the end.
        let (blocks, mut rest) = data.as_chunks::<256>();
        let mut sum = blocks.iter().fold(self.0, add_block);
        // What is left is halved until less than a word remains: each length costs one look, and no loop.
        add_if_there::<128>(&mut sum, &mut rest);
        add_if_there::<64>(&mut sum, &mut rest);
        add_if_there::<32>(&mut sum, &mut rest);
        add_if_there::<16>(&mut sum, &mut rest);
        add_if_there::<8>(&mut sum, &mut rest);
        if rest.is_empty() { Self(sum) } else { Self(plus(sum, last_word(rest))) }
    }

    /// Adds a header whose length is known where it is written: a few additions, and no call.
    #[inline]
    #[must_use]
    pub fn with_header<const N: usize>(self, header: &[u8; N]) -> Self {
        const { assert!(N.is_multiple_of(4)) };
        let (words, rest) = header.as_chunks::<8>();
        let (mut sum, mut carry) = (self.0, false);
        for word in words {
            (sum, carry) = sum.carrying_add(u64::from_le_bytes(*word), carry);
        }
        if let Some(half) = rest.first_chunk() {
            (sum, carry) = sum.carrying_add(u64::from(u32::from_le_bytes(*half)), carry);
        }
        Self(plus(sum, u64::from(carry)))
    }

    /// Adds what was summed apart: other parts of the same message.
    #[inline]
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(plus(self.0, other.0))
    }

    /// Adds one 16-bit number as it stands on the wire.
    #[must_use]
    pub const fn with_u16(self, value: u16) -> Self {
        Self(plus(self.0, value.swap_bytes() as u64))
    }

    /// The checksum to write into a header: the complement of the sum.
    pub const fn finish(self) -> u16 {
        !fold(self.0).swap_bytes()
    }

    /// Whether a message summed whole, its checksum included, is intact.
    pub const fn is_intact(self) -> bool {
        fold(self.0) == 0xffff
    }
}

/// Adds a block: its words become one chain of additions with carry.
#[inline]
fn add_block<const N: usize>(mut sum: u64, block: &[u8; N]) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let mut carry = false;
    for word in words {
        (sum, carry) = sum.carrying_add(u64::from_le_bytes(*word), carry);
    }
    // A chain that begins without a carry and ends with one leaves less than the greatest value.
    sum + u64::from(carry)
}

/// Adds the block at the front of `rest`, if there is a whole one, and takes it off.
#[inline]
fn add_if_there<const N: usize>(sum: &mut u64, rest: &mut &[u8]) {
    if let Some((block, behind)) = rest.split_first_chunk::<N>() {
        *sum = add_block(*sum, block);
        *rest = behind;
    }
}

/// Less than eight octets as a word: zeros behind them.
#[inline]
fn last_word(rest: &[u8]) -> u64 {
    match *rest {
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        _ => rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    }
}

/// Addition with the carry added at the other end.
const fn plus(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    // A sum that overflowed is at least one below the greatest value.
    sum + carry as u64
}

/// Folds a 64-bit sum of 16-bit words to 16 bits: each half is added to the other, with the carry at the other end.
pub const fn fold(sum: u64) -> u16 {
    let (sum, carry) = (sum as u32).overflowing_add((sum >> 32) as u32);
    let sum = sum + carry as u32;
    let (sum, carry) = (sum as u16).overflowing_add((sum >> 16) as u16);
    sum + carry as u16
}

/// The sum of the pseudo-header that TCP and UDP cover (RFC 9293 §3.1; RFC 8200 §8.1 for IPv6).
///
/// # Panics
/// When the addresses are of two families: no packet has those.
#[inline]
pub fn pseudo_header(
    source: &core::net::IpAddr,
    destination: &core::net::IpAddr,
    protocol: u8,
    length: u32,
) -> Sum {
    use core::net::IpAddr::{V4, V6};
    let word = |address: &core::net::Ipv4Addr| u64::from(u32::from_le_bytes(address.octets()));
    let addresses = match (source, destination) {
        (V4(source), V4(destination)) => Sum(word(source) + word(destination)),
        (V6(source), V6(destination)) => Sum::new().with(&source.octets()).with(&destination.octets()),
        _ => panic!("a pseudo-header of {source} and {destination}: two families"),
    };
    Sum(plus(addresses.0, u64::from(length.swap_bytes()) + (u64::from(protocol) << 8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word by word.
    fn plain(data: &[u8]) -> u16 {
        let mut sum = 0_u32;
        for pair in data.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn agrees_with_the_definition_at_every_length() {
        let data: Vec<u8> = (0..2000_u32).map(|i| ((i * 7919) >> 3) as u8).collect();
        for length in (0..200).chain([1459, 1460, 1999]) {
            assert_eq!(Sum::new().with(&data[..length]).finish(), plain(&data[..length]), "{length}");
        }
        assert_eq!(Sum::new().with(&[0xff; 1460]).finish(), plain(&[0xff; 1460]));
    }

    #[test]
    fn parts_at_even_offsets_add_up() {
        let data: Vec<u8> = (0..100).collect();
        assert_eq!(Sum::new().with(&data[..34]).with(&data[34..]).finish(), plain(&data));
        let (header, rest) = data.split_first_chunk::<20>().unwrap();
        assert_eq!(Sum::new().with_header(header).with(rest).finish(), plain(&data));
    }

    #[test]
    fn a_message_with_its_checksum_is_intact_and_any_flipped_bit_is_seen() {
        let mut data = vec![0x45, 0, 0, 0x54, 1, 2, 0, 0];
        let sum = Sum::new().with(&data).finish();
        data[6..].copy_from_slice(&sum.to_be_bytes());
        assert!(Sum::new().with(&data).is_intact());
        for bit in 0..64 {
            let mut broken = data.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(!Sum::new().with(&broken).is_intact(), "bit {bit}");
        }
    }
}
