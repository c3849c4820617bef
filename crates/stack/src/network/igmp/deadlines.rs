//! Which group is due next. Each group has one deadline here at most, the earliest of its own.

use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use crate::time::Instant;

/// The deadlines of groups, in order.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    due: BTreeSet<(Instant, Ipv4Addr)>,
}

impl Deadlines {
    /// The earliest.
    pub fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Sets the deadline of `group`, which was `armed`, to `at`; [`Instant::FAR_FUTURE`] is none.
    pub fn set(&mut self, group: Ipv4Addr, armed: &mut Instant, at: Instant) {
        if *armed != at {
            self.due.remove(&(*armed, group));
            if at != Instant::FAR_FUTURE {
                self.due.insert((at, group));
            }
            *armed = at;
        }
    }

    /// The group that is due first at or before `now`. It stays until its deadline is set anew.
    pub fn first_due(&self, now: Instant) -> Option<Ipv4Addr> {
        self.due.first().filter(|(at, _)| *at <= now).map(|(_, group)| *group)
    }
}
