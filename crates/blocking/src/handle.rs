//! What a program holds of the loop's: shared with the jobs that use it, and dropped where the loop runs.

use std::sync::Arc;

use crate::program::{call, drop_in_loop};

/// Something of the loop's, owned by a program.
#[derive(Debug)]
pub(crate) struct Handle<T: Send + Sync + 'static> {
    /// There until it is dropped.
    value: Option<Arc<T>>,
}

impl<T: Send + Sync + 'static> Handle<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(Arc::new(value)) }
    }

    /// Has the loop do something with it, and waits until it is done.
    pub(crate) fn with<R, W>(&self, act: impl FnOnce(Arc<T>) -> W + Send + 'static) -> R
    where
        R: Send + 'static,
        W: Future<Output = R> + 'static,
    {
        let value = self.value.clone().expect("only dropping empties it");
        call(move || act(value))
    }

    /// As [`with`](Self::with), for what does not wait.
    pub(crate) fn now<R: Send + 'static>(&self, act: impl FnOnce(&T) -> R + Send + 'static) -> R {
        self.with(move |value| {
            let result = act(&value);
            async move { result }
        })
    }

    /// Gives it up to a job that takes it whole.
    pub(crate) fn take(mut self) -> Arc<T> {
        self.value.take().expect("only dropping empties it")
    }
}

impl<T: Send + Sync + 'static> Drop for Handle<T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            drop_in_loop(value);
        }
    }
}
