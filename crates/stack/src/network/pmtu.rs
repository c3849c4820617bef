//! The MTUs of paths (RFC 1191 §6): what routers said of them, for as long as it counts.

use core::net::Ipv4Addr;

use super::Knobs;
use crate::rng::Rng;
use crate::table::Table;
use crate::time::{Duration, Instant};
use crate::timers::Timers;

/// RFC 791 §3.2: every link carries 68 octets. What claims less is no router.
pub const LEAST: u16 = 68;

/// How long, how little, how many.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a path's MTU counts since it last shrank.
    pub timeout: Duration,
    /// The least that is believed: less counts as this, and what is sent may then be fragmented.
    pub least: u16,
    /// Paths at once.
    pub paths: usize,
}

impl Limits {
    /// Those that the knobs set.
    pub fn of(knobs: &Knobs) -> Self {
        Self { timeout: knobs.path_mtu_timeout, least: knobs.min_path_mtu, paths: knobs.max_path_mtus }
    }
}

/// A path's MTU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PathMtu {
    /// Octets of the longest packet.
    pub mtu: u16,
    /// The path carries less: what is sent along it must be free to be fragmented.
    pub fragment: bool,
}

/// The MTUs of paths to destinations, where they are less than those of the links here.
#[derive(Clone, Debug)]
pub struct PathMtus {
    limits: Limits,
    places: Table<Ipv4Addr, u32>,
    entries: Vec<(Ipv4Addr, PathMtu)>,
    free: Vec<u32>,
    timers: Timers,
}

impl PathMtus {
    /// Nothing is known; the key of its table is drawn from `rng`.
    pub fn new(limits: Limits, rng: &mut Rng) -> Self {
        let timers = Timers::new();
        Self { limits, places: Table::new(rng), entries: Vec::new(), free: Vec::new(), timers }
    }

    /// The MTU of the path to `destination`, where one is known.
    #[inline]
    pub fn get(&self, destination: Ipv4Addr) -> Option<PathMtu> {
        if self.places.is_empty() {
            return None;
        }
        self.places.get(&destination).map(|place| self.entries[*place as usize].1)
    }

    /// How many paths are known.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A router says at `now` that a packet of `sent` octets to `destination` needs an MTU of at most `mtu`. What is
    /// new, if it is believed: it may only lower what is known (RFC 1191 §3: no estimate is below 68 octets, §6.3: none
    /// rises but by age), and be less than what was sent (RFC 5927 §7.2).
    pub fn learn(&mut self, now: Instant, destination: Ipv4Addr, mtu: u16, sent: u16) -> Option<PathMtu> {
        if mtu < LEAST || mtu >= sent {
            return None;
        }
        let new = PathMtu { mtu: mtu.max(self.limits.least), fragment: mtu < self.limits.least };
        let place = match self.places.get(&destination) {
            Some(place) => {
                let known = self.entries[*place as usize].1;
                if new.mtu >= known.mtu && (known.fragment || !new.fragment) {
                    return None;
                }
                *place
            }
            None => self.begin(destination)?,
        };
        self.entries[place as usize].1 = new;
        self.timers.set(place, now + self.limits.timeout);
        Some(new)
    }

    fn begin(&mut self, destination: Ipv4Addr) -> Option<u32> {
        if self.limits.paths == 0 {
            return None;
        }
        while self.len() >= self.limits.paths {
            // The one that was lowered longest ago makes room.
            let (_, oldest) = self.timers.first()?;
            self.release(oldest);
        }
        let entry = (destination, PathMtu { mtu: u16::MAX, fragment: false });
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        });
        self.entries[place as usize] = entry;
        self.places.insert(destination, place);
        Some(place)
    }

    /// Forgets what is known of the path to `destination`: it is another now.
    pub fn forget(&mut self, destination: Ipv4Addr) {
        if let Some(place) = self.places.get(&destination).copied() {
            self.release(place);
        }
    }

    fn release(&mut self, place: u32) {
        self.timers.clear(place);
        self.places.remove(&self.entries[place as usize].0);
        self.free.push(place);
    }

    /// When the first path's MTU has aged.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Forgets what has aged at `now`: RFC 1191 §6.3 has the link's MTU tried again. Whether there was anything.
    pub fn expire(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(place) = self.timers.first().filter(|(at, _)| *at <= now).map(|(_, place)| place) {
            self.release(place);
            any = true;
        }
        any
    }

    /// Forgets all: the ways have changed.
    pub fn clear(&mut self) {
        while let Some((_, place)) = self.timers.first() {
            self.release(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

    fn at(seconds: u64) -> Instant {
        Instant::from_secs(seconds)
    }

    fn paths(least: u16, paths: usize) -> PathMtus {
        let limits = Limits { timeout: Duration::from_secs(600), least, paths };
        PathMtus::new(limits, &mut crate::rng::Rng::stream(1, "host", "stack"))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the calls answer")]
    fn whole(mtu: u16) -> Option<PathMtu> {
        Some(PathMtu { mtu, fragment: false })
    }

    #[test]
    fn an_estimate_falls_at_once_and_rises_by_age_only() {
        // RFC 1191 §6.3: ten minutes since it last fell.
        let mut paths = paths(68, 10);
        assert_eq!((paths.get(PEER), paths.next_timeout()), (None, None));
        assert_eq!(paths.learn(at(0), PEER, 1400, 1500), whole(1400));
        assert_eq!(paths.learn(at(100), PEER, 1300, 1400), whole(1300));
        assert_eq!(paths.learn(at(200), PEER, 1350, 1500), None, "it does not rise");
        assert_eq!(paths.next_timeout(), Some(at(700)));
        assert!(!paths.expire(at(699)));
        assert_eq!(paths.get(PEER), whole(1300));
        assert!(paths.expire(at(700)));
        assert_eq!((paths.get(PEER), paths.next_timeout()), (None, None));
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        // RFC 1191 §3; RFC 5927 §7.2
        let mut paths = paths(68, 10);
        assert_eq!(paths.learn(at(0), PEER, 67, 1500), None, "below what every link carries");
        assert_eq!(paths.learn(at(0), PEER, 1500, 1500), None, "what was sent fits");
        assert_eq!(paths.learn(at(0), PEER, 1501, 1500), None);
        assert!(paths.is_empty());
        assert_eq!(paths.learn(at(0), PEER, 68, 1500), whole(68));
    }

    #[test]
    fn below_the_least_that_is_believed_packets_may_be_fragmented() {
        let mut paths = paths(552, 10);
        assert_eq!(paths.learn(at(0), PEER, 296, 1500), Some(PathMtu { mtu: 552, fragment: true }));
        assert_eq!(paths.learn(at(0), PEER, 200, 552), None, "nothing new");
        paths.expire(at(600));
        assert_eq!(paths.learn(at(600), PEER, 552, 1500), whole(552));
        assert_eq!(paths.learn(at(600), PEER, 500, 552), Some(PathMtu { mtu: 552, fragment: true }));
    }

    #[test]
    fn the_oldest_path_makes_room() {
        let mut paths = paths(68, 3);
        let peer = |last| Ipv4Addr::new(10, 0, 3, last);
        for last in 0..=3 {
            assert!(paths.learn(at(u64::from(last)), peer(last), 1000, 1500).is_some());
        }
        assert_eq!((paths.len(), paths.get(peer(0)), paths.get(peer(1))), (3, None, whole(1000)));
        paths.clear();
        assert!(paths.is_empty() && paths.next_timeout().is_none());
    }

    proptest! {
        /// Against the plainest model: a list of what was learnt, and when.
        #[test]
        fn behaves_as_a_list_of_what_was_learnt(
            calls in proptest::collection::vec((1_u64..300, 0_u8..6, 0_u16..2000, 60_u16..1600), 0..60)
        ) {
            let mut paths = paths(68, 4);
            let (mut model, mut now) = (Vec::<(Ipv4Addr, u16, u64)>::new(), 0);
            for (wait, last, mtu, sent) in calls {
                now += wait;
                paths.expire(at(now));
                model.retain(|(_, _, since)| since + 600 > now);
                let peer = Ipv4Addr::new(10, 0, 3, last);
                let known = model.iter().position(|(other, ..)| *other == peer);
                let lower = known.is_none_or(|index| mtu < model[index].1);
                let believed = (68..sent).contains(&mtu) && lower;
                if believed {
                    known.map(|index| model.remove(index));
                    if model.len() == 4 {
                        model.remove(0);
                    }
                    model.push((peer, mtu, now));
                }
                prop_assert_eq!(paths.learn(at(now), peer, mtu, sent).is_some(), believed);
                prop_assert_eq!(paths.len(), model.len());
                for (peer, mtu, _) in &model {
                    prop_assert_eq!(paths.get(*peer), whole(*mtu));
                }
            }
        }
    }
}
