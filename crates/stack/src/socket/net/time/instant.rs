//! What tokio's `Instant` and the standard `Duration` can do, so that code written for them finds it here.

use core::cmp::Ordering;
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration as Span;

use crate::time::{Duration, Instant};

impl Instant {
    /// Now: the instant of the turn in which the task is polled.
    ///
    /// # Panics
    /// Outside of a task: the stack itself has no clock.
    #[track_caller]
    pub fn now() -> Self {
        super::now()
    }

    /// The time since then, as the task sees it.
    ///
    /// # Panics
    /// As [`now`](Self::now).
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        super::now().since(*self)
    }

    /// The time from `earlier` to here, zero if `earlier` is later.
    #[must_use]
    pub const fn duration_since(&self, earlier: Self) -> Duration {
        self.since(earlier)
    }

    /// As [`duration_since`](Self::duration_since).
    #[must_use]
    pub const fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.since(earlier)
    }

    /// The time from `earlier` to here; none if `earlier` is later.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        (*self >= earlier).then(|| self.since(earlier))
    }

    /// So much later, if there is such an instant.
    #[must_use]
    pub fn checked_add(&self, span: impl Into<Duration>) -> Option<Self> {
        self.as_nanos().checked_add(span.into().as_nanos()).map(Self::from_nanos)
    }

    /// So much earlier, if there is such an instant.
    #[must_use]
    pub fn checked_sub(&self, span: impl Into<Duration>) -> Option<Self> {
        self.as_nanos().checked_sub(span.into().as_nanos()).map(Self::from_nanos)
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        self + Duration::from(span)
    }
}

impl AddAssign<Span> for Instant {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(span.as_nanos()))
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        self - Duration::from(span)
    }
}

impl PartialEq<Span> for Duration {
    fn eq(&self, other: &Span) -> bool {
        Span::from(*self) == *other
    }
}

impl PartialOrd<Span> for Duration {
    fn partial_cmp(&self, other: &Span) -> Option<Ordering> {
        Span::from(*self).partial_cmp(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_do_what_tokios_do() {
        let (early, late) = (Instant::from_secs(1), Instant::from_secs(3));
        assert_eq!(late.duration_since(early), Span::from_secs(2));
        assert_eq!(early.checked_duration_since(late), None);
        assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
        assert_eq!((early + Span::from_secs(2), late - Span::from_secs(2)), (late, early));
        assert_eq!(early.checked_sub(Span::from_secs(2)), None);
        assert_eq!(early.checked_add(Duration::from_secs(2)), Some(late));
        assert_eq!(Instant::FAR_FUTURE.checked_add(Duration::from_nanos(1)), None);
        assert!(Duration::from_secs(2) < Span::from_millis(2_001));
        assert!(Duration::MAX < Span::MAX, "ours is the shorter");
    }
}
