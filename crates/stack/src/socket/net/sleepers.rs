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
    /// Which task each was polled by last, by the executor's number.
    tasks: Vec<u64>,
    free: Vec<u32>,
}

impl Sleepers {
    /// A place for one more of `task`, to be woken at `deadline`.
    pub(super) fn add(&mut self, deadline: Instant, task: u64, waker: &Waker) -> SleeperId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            self.tasks.push(0);
            self.wakers.len() as u32 - 1
        });
        self.wakers[slot as usize] = Some(waker.clone());
        self.tasks[slot as usize] = task;
        self.timers.set(slot, deadline);
        SleeperId(slot)
    }

    /// It was polled again, perhaps by another task.
    pub(super) fn update(&mut self, id: SleeperId, task: u64, waker: &Waker) -> Option<Waker> {
        self.tasks[id.0 as usize] = task;
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

    /// The tasks that sleep, each as often as it does.
    pub(super) fn tasks(&self) -> impl Iterator<Item = u64> {
        let sleeping = self.wakers.iter().zip(&self.tasks).filter(|(waker, _)| waker.is_some());
        sleeping.map(|(_, task)| *task)
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
        let first = sleepers.add(Instant::from_secs(2), 1, Waker::noop());
        let second = sleepers.add(Instant::from_secs(1), 2, Waker::noop());
        assert_eq!(sleepers.next(), Some(Instant::from_secs(1)));
        sleepers.remove(second);
        assert_eq!(sleepers.next(), Some(Instant::from_secs(2)));
        assert_eq!(sleepers.add(Instant::from_secs(3), 3, Waker::noop()), second);
        assert_eq!(sleepers.tasks().collect::<Vec<_>>(), [1, 3]);
        sleepers.fire(Instant::from_secs(2));
        assert_eq!(sleepers.next(), Some(Instant::from_secs(3)));
        sleepers.remove(first);
        assert_eq!(sleepers.wakers.len(), 2);
    }
}
