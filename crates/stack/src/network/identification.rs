//! Identifications of packets that may be fragmented (RFC 6864 §4).

use core::hash::Hasher;
use core::net::Ipv4Addr;

use etherparse::IpNumber;
use siphasher::sip::SipHasher13;

use crate::rng::Rng;

/// Counters; each flow uses one of them, and several flows may share it.
const COUNTERS: usize = 256;

/// Draws identifications. Two packets with the same source, destination and protocol get the same one only after 65,535
/// others of that counter (RFC 6864 §4.3 asks for none to repeat within an MSL). A stranger cannot tell from those that it
/// gets what others get (RFC 7739 §5.3).
#[derive(Clone, Debug)]
pub struct Identifications {
    key: (u64, u64),
    /// None are kept until the first is drawn.
    counters: Vec<u16>,
}

impl Identifications {
    /// Where each flow's counter begins, and which it is, is drawn from `rng`.
    pub fn new(rng: &mut Rng) -> Self {
        let key = (rng.bits("IPv4 identification"), rng.bits("IPv4 identification"));
        Self { key, counters: Vec::new() }
    }

    /// The counter of a flow.
    pub fn counter(&self, source: Ipv4Addr, destination: Ipv4Addr, protocol: IpNumber) -> u8 {
        let mut hash = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hash.write(&source.octets());
        hash.write(&destination.octets());
        hash.write_u8(protocol.0);
        hash.finish() as u8
    }

    /// The next identification of a counter.
    #[inline]
    pub fn draw(&mut self, counter: u8) -> u16 {
        if self.counters.is_empty() {
            self.begin();
        }
        let next = &mut self.counters[usize::from(counter)];
        *next = next.wrapping_add(1);
        *next
    }

    /// The next of a counter for a packet that stands for so many, which have those that follow.
    #[inline]
    pub fn draw_for(&mut self, counter: u8, segments: u32) -> u16 {
        let first = self.draw(counter);
        if segments > 1 {
            let last = &mut self.counters[usize::from(counter)];
            *last = last.wrapping_add((segments - 1) as u16);
        }
        first
    }

    #[cold]
    fn begin(&mut self) {
        let first = |counter: usize| {
            let mut hash = SipHasher13::new_with_keys(self.key.1, self.key.0);
            hash.write(&[counter as u8]);
            hash.finish() as u16
        };
        self.counters = (0..COUNTERS).map(first).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    #[test]
    fn what_stands_for_several_has_as_many() {
        let mut identifications = Identifications::new(&mut Rng::stream(1, "host", "stack"));
        let first = identifications.draw_for(3, 1);
        assert_eq!(identifications.draw_for(3, 4), first.wrapping_add(1));
        assert_eq!(identifications.draw_for(3, 1), first.wrapping_add(5));
        assert_eq!(identifications.draw(3), first.wrapping_add(6));
    }

    #[test]
    fn identifications_repeat_as_late_as_they_can() {
        // RFC 6864 §4.3
        let mut identifications = Identifications::new(&mut Rng::stream(1, "host", "stack"));
        let mut seen = vec![false; 1 << 16];
        let counter = identifications.counter(SOURCE, Ipv4Addr::new(10, 0, 0, 2), IpNumber::UDP);
        for turn in 0..1_u32 << 16 {
            // Others draw between.
            identifications.draw(counter.wrapping_add(1 + (turn % 200) as u8));
            let next = usize::from(identifications.draw(counter));
            assert!(!core::mem::replace(&mut seen[next], true));
        }
    }

    #[test]
    fn flows_do_not_tell_of_each_other() {
        // RFC 7739 §5.3
        let mut identifications = Identifications::new(&mut Rng::stream(1, "host", "stack"));
        let counters: std::collections::BTreeSet<_> = (0..=255)
            .map(|last| identifications.counter(SOURCE, Ipv4Addr::new(10, 0, 0, last), IpNumber::UDP))
            .collect();
        assert!(counters.len() > 120, "{} counters for 256 flows", counters.len());
        let first: std::collections::BTreeSet<_> =
            (0..=255).map(|counter| identifications.draw(counter)).collect();
        assert!(first.len() > 240, "they begin at {} places", first.len());
        let other = Identifications::new(&mut Rng::stream(2, "host", "stack"));
        let same = (0..=255).filter(|last| {
            let to = Ipv4Addr::new(10, 0, 0, *last);
            identifications.counter(SOURCE, to, IpNumber::UDP) == other.counter(SOURCE, to, IpNumber::UDP)
        });
        assert!(same.count() < 16, "another host's choice is another");
    }
}
