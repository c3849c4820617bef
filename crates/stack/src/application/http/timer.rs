//! The network's time as `hyper` asks for it.

use core::pin::Pin;
use core::task::{Context, Poll};

use hyper::rt::{Sleep, Timer};

use crate::socket::net::time;
use crate::time::{Duration, Instant};

#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "hyper's instants are the system's: one is taken to count from, and only what lies between counts"
)]
mod origin {
    pub(super) type SystemInstant = std::time::Instant;

    pub(super) fn any() -> SystemInstant {
        SystemInstant::now()
    }
}
use origin::SystemInstant;

/// Timers in the network's time: an instant of the system's stands for one of the network's.
#[derive(Clone, Copy, Debug)]
pub(super) struct NetworkTimer {
    there: SystemInstant,
    here: Instant,
}

impl NetworkTimer {
    /// Within a task.
    pub(super) fn new() -> Self {
        Self { there: origin::any(), here: time::now() }
    }
}

impl Timer for NetworkTimer {
    fn sleep(&self, span: core::time::Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping(time::sleep(span)))
    }

    fn sleep_until(&self, deadline: SystemInstant) -> Pin<Box<dyn Sleep>> {
        let after = Duration::from(deadline.saturating_duration_since(self.there));
        Box::pin(Sleeping(time::sleep_until(self.here + after)))
    }

    fn now(&self) -> SystemInstant {
        self.there + core::time::Duration::from_nanos(time::now().since(self.here).as_nanos())
    }
}

struct Sleeping(time::Sleep);

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for Sleeping {}
