//! Time, and threads beside a program.

use wirelab_stack::socket::net::{self, JoinError, time};
use wirelab_stack::time::{Duration, Instant};

use crate::handle::Handle;
use crate::program::{call, program};

/// Waits for `span`, in the network's time.
///
/// # Panics
/// Outside of a blocking program.
pub fn sleep(span: impl Into<Duration>) {
    let span = span.into();
    call(move || time::sleep(span));
}

/// The network's time.
///
/// # Panics
/// Outside of a blocking program.
pub fn now() -> Instant {
    call(|| async { time::now() })
}

/// Lets the other programs of the host that are ready run first.
///
/// # Panics
/// Outside of a blocking program.
pub fn yield_now() {
    call(net::yield_now);
}

/// Runs `begin` in a thread beside the program that calls this, on the same host and for the same application: when the
/// program waits, the other goes on.
///
/// # Panics
/// Outside of a blocking program.
pub fn spawn<T: Send + 'static>(begin: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    JoinHandle(call(move || async move { Handle::new(net::spawn(program(begin))) }))
}

/// A thread, to be waited for. Dropped, the thread goes on by itself.
#[derive(Debug)]
pub struct JoinHandle<T: Send + 'static>(Handle<net::JoinHandle<T>>);

impl<T: Send + 'static> JoinHandle<T> {
    /// Waits until the thread has ended; what it gave.
    ///
    /// # Errors
    /// When it was dropped before.
    ///
    /// # Panics
    /// Outside of a blocking program.
    pub fn join(self) -> Result<T, JoinError> {
        let handle = self.0.take();
        call(move || async move {
            match std::sync::Arc::into_inner(handle) {
                Some(handle) => handle.await,
                None => unreachable!("jobs have ended with the calls that made them"),
            }
        })
    }
}
