//! Ticks: instants at equal distances.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{Sleep, now, sleep_until};
use crate::time::{Duration, Instant};

/// What happens where ticks were missed because nobody asked for them in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissedTickBehavior {
    /// They come one right after the other, until all are made good.
    #[default]
    Burst,
    /// The next comes a period after the late one.
    Delay,
    /// The next comes where it would have come had none been missed.
    Skip,
}

impl MissedTickBehavior {
    /// When the next tick comes behind one that was due at `due` and came at `now`. In the network's time a tick that is asked
    /// for in time comes at its instant, so all that came later is late: there is no slack, as tokio needs it.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            Self::Burst => due + period,
            Self::Delay => now + period,
            Self::Skip => {
                let over = Duration::from_nanos((now - due).as_nanos() % period.as_nanos().max(1));
                now + (period - over)
            }
        }
    }
}

/// Ticks at equal distances; made by [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    next: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

/// Ticks every `period`, the first at once.
///
/// # Panics
/// When `period` is zero.
#[track_caller]
pub fn interval(period: impl Into<Duration>) -> Interval {
    interval_at(now(), period)
}

/// Ticks every `period`, the first at `start`.
///
/// # Panics
/// When `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: impl Into<Duration>) -> Interval {
    let period = period.into();
    assert!(!period.is_zero(), "`period` must be non-zero.");
    Interval { next: sleep_until(start), period, missed: MissedTickBehavior::default() }
}

impl Interval {
    /// Waits for the next tick, and says for when it was due. Dropped before, it has taken none.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`tick`](Self::tick), for those who write futures by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if Pin::new(&mut self.next).poll(cx).is_pending() {
            return Poll::Pending;
        }
        let (due, now) = (self.next.deadline(), now());
        let next = if now > due { self.missed.next(due, now, self.period) } else { due + self.period };
        self.next.set(next);
        Poll::Ready(due)
    }

    /// The next tick comes a period from now.
    #[track_caller]
    pub fn reset(&mut self) {
        self.reset_at(now() + self.period);
    }

    /// The next tick comes at once.
    #[track_caller]
    pub fn reset_immediately(&mut self) {
        self.reset_at(now());
    }

    /// The next tick comes after `span`.
    #[track_caller]
    pub fn reset_after(&mut self, span: impl Into<Duration>) {
        let span: Duration = span.into();
        self.reset_at(now() + span);
    }

    /// The next tick comes at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.next.set(deadline);
    }

    /// What happens where ticks were missed.
    pub const fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what is to happen where ticks were missed.
    pub const fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    pub const fn period(&self) -> Duration {
        self.period
    }
}
