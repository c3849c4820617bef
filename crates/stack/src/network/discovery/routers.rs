//! The default routers that a host has heard of (RFC 1256 §5.3): by preference, each until its lifetime is over, so many
//! and no more.

use core::net::Ipv4Addr;

use crate::frame::InterfaceId;
use crate::network::icmp::Router;
use crate::time::Instant;

/// A default router.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DefaultRouter {
    /// On the link of which interface.
    pub on: InterfaceId,
    /// Its address.
    pub address: Ipv4Addr,
    /// More is better.
    pub preference: i32,
    /// How long it may be relied on.
    pub until: Instant,
}

/// What became of a router that was advertised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is used otherwise than before: added, or with another preference, or not any more.
    Changed,
    /// As before, but longer.
    Same,
    /// There is no room for it: those that are known are preferred.
    Refused,
}

/// The default routers, the best first.
#[derive(Clone, Debug)]
pub struct DefaultRouters {
    most: usize,
    routers: Vec<DefaultRouter>,
}

impl DefaultRouters {
    /// None yet, and not more than `most`.
    pub const fn new(most: usize) -> Self {
        Self { most, routers: Vec::new() }
    }

    /// The default routers, the best first; those that are as good in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = &DefaultRouter> {
        self.routers.iter()
    }

    /// A router was advertised, to be relied on `until`; not after `now` where that is not later.
    pub fn take(&mut self, now: Instant, on: InterfaceId, router: Router, until: Instant) -> Taken {
        let Router { address, preference } = router;
        let known = self.routers.iter().position(|known| (known.on, known.address) == (on, address));
        // RFC 1256 §5.3: a lifetime of nothing ends it at once; with the least preference it is no default router.
        if until <= now || preference == Router::NEVER {
            return match known {
                Some(place) => {
                    self.routers.remove(place);
                    Taken::Changed
                }
                None => Taken::Same,
            };
        }
        if let Some(place) = known {
            let router = &mut self.routers[place];
            router.until = until;
            if router.preference == preference {
                return Taken::Same;
            }
            self.routers.remove(place);
        } else if self.routers.len() >= self.most {
            // RFC 1256 §5.3: those with the least preference are given up.
            if self.routers.last().is_none_or(|worst| worst.preference >= preference) {
                return Taken::Refused;
            }
            self.routers.pop();
        }
        let router = DefaultRouter { on, address, preference, until };
        let rank =
            |router: &DefaultRouter| (core::cmp::Reverse(router.preference), router.on, router.address);
        let place = self.routers.partition_point(|other| rank(other) < rank(&router));
        self.routers.insert(place, router);
        Taken::Changed
    }

    /// Keeps those that `keep` says; whether any went.
    pub fn retain(&mut self, keep: impl Fn(&DefaultRouter) -> bool) -> bool {
        let before = self.routers.len();
        self.routers.retain(keep);
        self.routers.len() != before
    }

    /// When the first of those on an interface ends.
    pub fn next_end(&self, on: InterfaceId) -> Instant {
        let here = self.routers.iter().filter(|router| router.on == on);
        here.map(|router| router.until).fold(Instant::FAR_FUTURE, Instant::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    const ON: InterfaceId = InterfaceId(0);
    const NOW: Instant = Instant::from_secs(100);

    fn router(number: u8, preference: i32) -> Router {
        Router { address: Ipv4Addr::new(10, 0, 0, number), preference }
    }

    fn order(routers: &DefaultRouters) -> Vec<u8> {
        routers.iter().map(|router| router.address.octets()[3]).collect()
    }

    /// What is heard, with which preference and for how many seconds; what becomes of it; who is a default router then.
    type Row = (u8, i32, u64, Taken, &'static [u8]);

    #[test]
    fn routers_come_change_and_go_as_the_document_says() {
        // RFC 1256 §5.3
        let rows: [Row; 9] = [
            (2, 0, 1800, Taken::Changed, &[2]),
            (1, 0, 1800, Taken::Changed, &[1, 2]),
            (1, 0, 900, Taken::Same, &[1, 2]),
            (3, 7, 1800, Taken::Changed, &[3, 1, 2]),
            (4, -7, 1800, Taken::Changed, &[3, 1, 2, 4]),
            (3, -1, 1800, Taken::Changed, &[1, 2, 3, 4]),
            (1, Router::NEVER, 1800, Taken::Changed, &[2, 3, 4]),
            (2, 0, 0, Taken::Changed, &[3, 4]),
            (9, 0, 0, Taken::Same, &[3, 4]),
        ];
        let mut routers = DefaultRouters::new(16);
        for (number, preference, seconds, taken, left) in rows {
            let until = NOW + Duration::from_secs(seconds);
            assert_eq!(routers.take(NOW, ON, router(number, preference), until), taken);
            assert_eq!(order(&routers), left);
        }
        assert_eq!(routers.next_end(ON), NOW + Duration::from_secs(1800));
        assert_eq!(routers.next_end(InterfaceId(1)), Instant::FAR_FUTURE);
        assert!(routers.retain(|router| router.address.octets()[3] == 4) && order(&routers) == [4]);
    }

    #[test]
    fn a_flood_stays_within_the_bound_and_the_preferred_stay() {
        let mut routers = DefaultRouters::new(3);
        let until = NOW + Duration::from_secs(60);
        routers.take(NOW, ON, router(200, 5), until);
        for number in 1..=100 {
            routers.take(NOW, ON, router(number, 0), until);
        }
        assert_eq!(order(&routers), [200, 1, 2], "who came first stays among equals");
        assert_eq!(routers.take(NOW, ON, router(101, 0), until), Taken::Refused);
        assert_eq!(routers.take(NOW, ON, router(201, 1), until), Taken::Changed);
        assert_eq!(order(&routers), [200, 201, 1]);
        assert_eq!(DefaultRouters::new(0).take(NOW, ON, router(1, 1), until), Taken::Refused);
    }
}
