//! What watches a run and keeps, or writes, what the command shows.

pub mod pcap;
pub mod series;
pub mod trace;

use std::sync::{Arc, Mutex, PoisonError};

use wirelab_sim::{Component, Recorder};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest};

/// A recorder that the command keeps a hand on while the run owns the other.
#[derive(Debug)]
pub struct Shared<R>(Arc<Mutex<R>>);

impl<R> Shared<R> {
    /// Shares `recorder`.
    pub fn new(recorder: R) -> Self {
        Self(Arc::new(Mutex::new(recorder)))
    }

    /// Looks at, or changes, the recorder.
    pub fn with<T>(&self, act: impl FnOnce(&mut R) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R> Clone for Shared<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Recorder> Recorder for Shared<R> {
    fn interest(&self) -> Interest {
        self.with(|recorder| recorder.interest())
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        self.with(|recorder| recorder.record(now, at, event));
    }
}
