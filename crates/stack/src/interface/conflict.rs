//! Address conflicts: what to do about an address that another station uses too (RFC 5227 §2.4).

use core::net::Ipv4Addr;

use crate::time::{Duration, Instant};

/// What an interface does about a conflict over an address that it uses (RFC 5227 §2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnConflict {
    /// (a): it ceases to use the address at once.
    GiveUp,
    /// (b): it defends the address once, and ceases to use it at a second conflict within `DEFEND_INTERVAL`.
    DefendOnce,
    /// (c): it defends the address once in each `DEFEND_INTERVAL`, and goes on using it: what a router or server with a
    /// well-known address does.
    #[default]
    NeverGiveUp,
}

/// What is due for one conflict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Announce the address.
    Defend,
    /// Nothing: it was defended a moment ago.
    Bear,
    /// Cease to use the address.
    GiveUp,
}

/// When each own address was last defended.
#[derive(Clone, Debug, Default)]
pub struct Defence {
    last: Vec<(Ipv4Addr, Instant)>,
}

impl Defence {
    /// A conflict about `address` was seen: what to do about it.
    pub fn react(
        &mut self,
        now: Instant,
        address: Ipv4Addr,
        policy: OnConflict,
        interval: Duration,
    ) -> Reaction {
        if policy == OnConflict::GiveUp {
            return Reaction::GiveUp;
        }
        let defended = self.last.iter_mut().find(|(own, _)| *own == address);
        match (defended, policy) {
            (None, _) => {
                self.last.push((address, now));
                Reaction::Defend
            }
            (Some((_, last)), _) if now >= *last + interval => {
                *last = now;
                Reaction::Defend
            }
            // RFC 5227 §2.4 (b): a second conflict within the interval, and the address is given up.
            (Some(_), OnConflict::DefendOnce) => Reaction::GiveUp,
            // RFC 5227 §2.4 (c): no second announcement, lest two stations announce against each other without end.
            (Some(_), _) => Reaction::Bear,
        }
    }

    /// The address is used no more.
    pub fn forget(&mut self, address: Ipv4Addr) {
        self.last.retain(|(own, _)| *own != address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);
    const ONE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    /// What `policy` does about conflicts at these times, in milliseconds.
    fn reactions<const N: usize>(policy: OnConflict, at: [u64; N]) -> [Reaction; N] {
        let mut defence = Defence::default();
        at.map(|at| defence.react(Instant::from_millis(at), ONE, policy, INTERVAL))
    }

    #[test]
    fn each_policy_does_what_it_is_called() {
        use Reaction::{Bear, Defend, GiveUp};
        // RFC 5227 §2.4 (a), (b), (c)
        assert_eq!(reactions(OnConflict::GiveUp, [1000]), [GiveUp]);
        assert_eq!(reactions(OnConflict::DefendOnce, [1000, 10_999]), [Defend, GiveUp]);
        assert_eq!(reactions(OnConflict::DefendOnce, [1000, 11_000, 20_999]), [Defend, Defend, GiveUp]);
        let never = reactions(OnConflict::NeverGiveUp, [1000, 1000, 10_999, 11_000, 12_000]);
        assert_eq!(never, [Defend, Bear, Bear, Defend, Bear]);
    }

    #[test]
    fn each_address_is_defended_for_itself_and_anew_once_it_was_forgotten() {
        let mut defence = Defence::default();
        let react = |defence: &mut Defence, address| {
            defence.react(Instant::from_secs(1), address, OnConflict::NeverGiveUp, INTERVAL)
        };
        assert_eq!(react(&mut defence, ONE), Reaction::Defend);
        assert_eq!(react(&mut defence, Ipv4Addr::new(10, 0, 0, 2)), Reaction::Defend);
        assert_eq!(react(&mut defence, ONE), Reaction::Bear);
        defence.forget(ONE);
        assert_eq!(react(&mut defence, ONE), Reaction::Defend);
    }
}
