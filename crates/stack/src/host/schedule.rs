//! When a host's slow concerns are due: one timer structure for all of them, so that the earliest is known at once
//! however many interfaces and concerns there are. TCP keeps its own.

use crate::frame::InterfaceId;
use crate::time::Instant;
use crate::timers::Timers;

/// Something that a host has to do at times besides TCP. What concerns the whole host is kept under
/// [`Schedule::HOST`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Concern {
    /// Announcements of an interface's addresses.
    Announcements,
    /// An interface's neighbour cache.
    Neighbors,
    /// How an interface comes by its addresses: probes, RARP.
    Addressing,
    /// An interface's multicast groups, as a member and as a querier.
    Groups,
    /// Datagrams that wait for their fragments.
    Reassembly,
    /// What is known of paths: their MTUs.
    PathMtu,
    /// Next hops that redirects have taught.
    Redirects,
    /// Router advertisements and solicitations.
    RouterDiscovery,
}

impl Concern {
    const ALL: [Self; 8] = [
        Self::Announcements,
        Self::Neighbors,
        Self::Addressing,
        Self::Groups,
        Self::Reassembly,
        Self::PathMtu,
        Self::Redirects,
        Self::RouterDiscovery,
    ];
}

/// The deadlines of all concerns.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    timers: Timers,
}

impl Schedule {
    /// Where a concern of the whole host is kept.
    pub const HOST: InterfaceId = InterfaceId(0);

    /// Nothing is due.
    pub fn new() -> Self {
        Self::default()
    }

    /// When the first concern is due.
    #[inline]
    pub fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Sets when `concern` of interface `on` is due; `None`: not at all.
    pub fn set(&mut self, concern: Concern, on: InterfaceId, at: Option<Instant>) {
        self.timers.set(slot_of(concern, on), at.unwrap_or(Instant::FAR_FUTURE));
    }

    /// Takes out a concern that is due. Who attends to it sets it anew.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Concern, InterfaceId)> {
        let slot = self.timers.pop_due(now)? as usize;
        Some((Concern::ALL[slot % Concern::ALL.len()], InterfaceId((slot / Concern::ALL.len()) as u16)))
    }
}

fn slot_of(concern: Concern, on: InterfaceId) -> u32 {
    u32::from(on.0) * Concern::ALL.len() as u32 + concern as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_comes_back_when_it_is_due_and_once() {
        let mut schedule = Schedule::new();
        for (number, concern) in Concern::ALL.into_iter().enumerate() {
            for on in [Schedule::HOST, InterfaceId(7)] {
                let at = Instant::from_secs(10 + number as u64);
                schedule.set(concern, on, Some(at));
                assert_eq!((schedule.next(), schedule.pop_due(Instant::from_secs(9))), (Some(at), None));
                assert_eq!(schedule.pop_due(at), Some((concern, on)));
                assert_eq!((schedule.next(), schedule.pop_due(at)), (None, None));
            }
        }
    }

    #[test]
    fn the_earliest_comes_first_and_what_is_unset_never() {
        let mut schedule = Schedule::new();
        schedule.set(Concern::Reassembly, Schedule::HOST, Some(Instant::from_secs(3)));
        schedule.set(Concern::Groups, InterfaceId(2), Some(Instant::from_secs(2)));
        schedule.set(Concern::Neighbors, InterfaceId(1), Some(Instant::from_secs(1)));
        schedule.set(Concern::Neighbors, InterfaceId(1), None);
        let now = Instant::from_secs(5);
        assert_eq!(schedule.pop_due(now), Some((Concern::Groups, InterfaceId(2))));
        assert_eq!(schedule.pop_due(now), Some((Concern::Reassembly, Schedule::HOST)));
        assert_eq!(schedule.pop_due(now), None);
    }
}
