//! The network's time, for tasks: shaped like `tokio::time`. Spans may be given as `core::time::Duration`, and compared with
//! them.

use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io;

use super::context;
use super::sleepers::SleeperId;
use crate::clock::Timestamp;
pub use crate::time::{Duration, Instant};

mod instant;
mod interval;

pub use interval::{Interval, MissedTickBehavior, interval, interval_at};

/// Errors, where tokio has them.
pub mod error {
    pub use super::Elapsed;
}

/// Now: the instant of the turn in which the task is polled.
#[track_caller]
pub fn now() -> Instant {
    context::with(|seat| seat.now())
}

/// The date, as the host's calendar clock has it.
#[track_caller]
pub fn date() -> Timestamp {
    context::with(|seat| seat.date())
}

/// Waits for `span`.
#[track_caller]
pub fn sleep(span: impl Into<Duration>) -> Sleep {
    let span: Duration = span.into();
    sleep_until(now() + span)
}

/// Waits until `deadline`, not at all if it has passed.
pub const fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, slot: None }
}

/// A future that is ready at its deadline.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Sleep {
    deadline: Instant,
    slot: Option<SleeperId>,
}

impl Sleep {
    /// When it will be ready.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether its time has come.
    #[track_caller]
    pub fn is_elapsed(&self) -> bool {
        now() >= self.deadline
    }

    /// Is to be ready at `deadline` instead, and again where it was ready already.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.get_mut().set(deadline);
    }

    fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if let Some(slot) = self.slot.take() {
            drop(context::try_with(|seat| seat.sleepers.remove(slot)));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { deadline, slot } = &mut *self;
        if context::sleep_until(*deadline, slot, cx.waker()) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            drop(context::try_with(|seat| seat.sleepers.remove(slot)));
        }
    }
}

/// The time was up before the future was ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl core::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

/// Waits for `future`, but for `span` from this call on at the longest; then it is dropped.
///
/// # Errors
/// When the time is up first. A future that is ready at the last instant is in time.
#[track_caller]
pub fn timeout<F: IntoFuture>(
    span: impl Into<Duration>,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let span: Duration = span.into();
    timeout_at(now() + span, future)
}

/// Waits for `future`, but not beyond `deadline`; then it is dropped.
///
/// # Errors
/// As [`timeout`].
pub async fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
    let mut sleep = sleep_until(deadline);
    let mut future = pin!(future.into_future());
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut sleep).poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
