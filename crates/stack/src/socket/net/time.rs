//! The network's time, for tasks.

use core::fmt;
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io;

use super::context;
use super::sleepers::SleeperId;
use crate::clock::Timestamp;
use crate::time::{Duration, Instant};

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
    sleep_until(now() + span.into())
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

/// Waits for `future`, but no longer than `span`; then it is dropped.
///
/// # Errors
/// When the time is up first. A future that is ready at the last instant is in time.
pub async fn timeout<F: Future>(span: impl Into<Duration>, future: F) -> Result<F::Output, Elapsed> {
    let mut sleep = sleep(span);
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut sleep).poll(cx).map(|()| Err(Elapsed))
    })
    .await
}
