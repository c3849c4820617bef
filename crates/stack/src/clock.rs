//! The calendar: what a host believes the date to be.
//!
//! The network's own time begins at zero ([`Instant`]). A host's clock makes a date of it: the date of the beginning, and
//! how far and how fast this host's clock is off. Only what is told to people or peers is a date; no timer reads it.

use jiff::SignedDuration;

use crate::time::Instant;

pub use jiff::Timestamp;

/// The date at a network's beginning where nobody says otherwise: 2026-01-01T00:00:00Z.
pub const DEFAULT_DATE: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The most by which a clock may run fast or slow, in parts per million.
pub const MAX_DRIFT: i32 = 1_000_000;

/// A host's calendar clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// What the date is at the network's beginning.
    pub date: Timestamp,
    /// By how many nanoseconds this clock is ahead at the beginning; behind where negative.
    pub offset: i64,
    /// By how many parts per million it runs fast; slow where negative. At most [`MAX_DRIFT`] either way.
    pub drift: i32,
}

impl Default for Clock {
    fn default() -> Self {
        Self { date: DEFAULT_DATE, offset: 0, drift: 0 }
    }
}

impl Clock {
    /// The date at `now`, as this clock has it.
    pub fn at(&self, now: Instant) -> Timestamp {
        let passed = i128::from(now.as_nanos());
        let drift = passed * i128::from(self.drift.clamp(-MAX_DRIFT, MAX_DRIFT)) / 1_000_000;
        // Of at most twice 2⁶⁴ and 2⁶³: it fits.
        let ahead = SignedDuration::from_nanos_i128(passed + drift + i128::from(self.offset));
        self.date.saturating_add(ahead).unwrap_or(self.date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_its_offset_and_drift() {
        let later = Instant::from_secs(1_000_000);
        let date = |clock: Clock, now| clock.at(now).to_string();
        assert_eq!(date(Clock::default(), Instant::ZERO), "2026-01-01T00:00:00Z");
        assert_eq!(date(Clock::default(), later), "2026-01-12T13:46:40Z");
        let ahead = Clock { offset: 1_500_000_000, ..Clock::default() };
        assert_eq!(date(ahead, Instant::ZERO), "2026-01-01T00:00:01.5Z");
        let slow = Clock { drift: -3, offset: -1_000_000_000, ..Clock::default() };
        assert_eq!(date(slow, later), "2026-01-12T13:46:36Z");
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        let furthest = Clock { date: Timestamp::MAX, offset: i64::MAX, drift: i32::MAX };
        assert_eq!(furthest.at(Instant::FAR_FUTURE), Timestamp::MAX);
        let earliest = Clock { date: Timestamp::MIN, offset: i64::MIN, drift: i32::MIN };
        assert_eq!(earliest.at(Instant::FAR_FUTURE), Timestamp::MIN);
    }
}
