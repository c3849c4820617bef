//! What a socket sent lately: what a router says of a packet is believed only if there was such a one (RFC 5927 §4).

/// The last packets that a socket sent and that nobody may cut, by what tells them apart: to whom, and maybe which.
#[derive(Clone, Debug)]
pub struct Sent<K> {
    /// With the length of the longest of each, in octets of the IP packet. The latest is the last.
    packets: Vec<(K, u16)>,
}

impl<K> Default for Sent<K> {
    fn default() -> Self {
        Self { packets: Vec::new() }
    }
}

impl<K: Copy + Eq> Sent<K> {
    /// A packet of `length` octets was sent. Of at most `most` that differ by `key` the oldest make room.
    pub fn note(&mut self, key: K, length: u16, most: usize) {
        // Most sockets send to one peer.
        if let Some((last, longest)) = self.packets.last_mut()
            && *last == key
        {
            *longest = length.max(*longest);
            return;
        }
        let before = self.packets.iter().position(|(known, _)| *known == key);
        let longest = before.map_or(0, |place| self.packets.remove(place).1);
        while self.packets.len() >= most.max(1) {
            self.packets.remove(0);
        }
        if most > 0 {
            self.packets.push((key, length.max(longest)));
        }
    }

    /// Whether a packet of `length` octets may have been sent.
    pub fn has(&self, key: K, length: u16) -> bool {
        self.packets.iter().any(|(known, longest)| *known == key && length <= *longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_remembered_by_its_longest() {
        let mut sent = Sent::default();
        sent.note(1, 500, 4);
        sent.note(1, 900, 4);
        sent.note(2, 100, 4);
        sent.note(1, 700, 4);
        assert!(sent.has(1, 900) && !sent.has(1, 901) && sent.has(2, 100) && !sent.has(3, 1));
        assert_eq!(sent.packets, [(2, 100), (1, 900)]);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut sent = Sent::default();
        for key in 0..100 {
            sent.note(key, 100, 4);
            sent.note(0, 100, 4);
            assert!(sent.packets.len() <= 4);
        }
        assert!((97..100).all(|key| sent.has(key, 1)) && !sent.has(96, 1) && sent.has(0, 1));
        let mut none = Sent::default();
        none.note(1, 100, 0);
        assert!(!none.has(1, 1));
    }
}
