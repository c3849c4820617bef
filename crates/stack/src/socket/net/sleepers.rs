//! Who sleeps until when.

use core::task::Waker;

use crate::time::Instant;
use crate::timers::Timers;

/// A sleeping future's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SleeperId(u32);

/// Sleeping futures: a place each, given back when the future is dropped or done.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    timers: Timers,
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Sleepers {
    /// A place for one more, to be woken at `deadline`.
    pub(super) fn add(&mut self, deadline: Instant, waker: &Waker) -> SleeperId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            self.wakers.len() as u32 - 1
        });
        self.wakers[slot as usize] = Some(waker.clone());
        self.timers.set(slot, deadline);
        SleeperId(slot)
    }

    /// It was polled again, perhaps by another task.
    pub(super) fn update(&mut self, id: SleeperId, waker: &Waker) -> Option<Waker> {
        match &mut self.wakers[id.0 as usize] {
            Some(known) if known.will_wake(waker) => None,
            known => known.replace(waker.clone()),
        }
    }

    /// Gives the place back. What is returned is to be dropped where a seat may be used again.
    pub(super) fn remove(&mut self, id: SleeperId) -> Option<Waker> {
        self.timers.clear(id.0);
        self.free.push(id.0);
        self.wakers[id.0 as usize].take()
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.wakers.len() - self.free.len()
    }

    /// The next deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Wakes all whose deadline has come.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some(slot) = self.timers.pop_due(now) {
            if let Some(waker) = &self.wakers[slot as usize] {
                waker.wake_by_ref();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let mut sleepers = Sleepers::default();
        let first = sleepers.add(Instant::from_secs(2), Waker::noop());
        let second = sleepers.add(Instant::from_secs(1), Waker::noop());
        assert_eq!(sleepers.next(), Some(Instant::from_secs(1)));
        sleepers.remove(second);
        assert_eq!(sleepers.next(), Some(Instant::from_secs(2)));
        assert_eq!(sleepers.add(Instant::from_secs(3), Waker::noop()), second);
        sleepers.fire(Instant::from_secs(2));
        assert_eq!(sleepers.next(), Some(Instant::from_secs(3)));
        sleepers.remove(first);
        assert_eq!(sleepers.wakers.len(), 2);
    }
}
