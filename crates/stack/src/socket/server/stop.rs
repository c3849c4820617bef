//! How a server is told to stop, by whoever has its handle.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    requested: bool,
    serving: bool,
    closed: bool,
}

/// A server that is served by another task: what it can be told.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    state: Arc<watch::Sender<State>>,
}

impl ServerHandle {
    pub(super) fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::default())) }
    }

    /// Tells `serve_forever` to end, and waits until it has. Not to be awaited by what the server itself waits for, such
    /// as a handler of a serial server: both would wait for ever. A server that does not serve ends as soon as it begins.
    pub async fn shutdown(&self) {
        self.request_shutdown();
        self.wait(|state| !state.serving).await;
    }

    /// Tells `serve_forever` to end, and does not wait: what a handler may do.
    pub fn request_shutdown(&self) {
        self.state.send_modify(|state| state.requested = true);
    }

    pub(super) async fn requested(&self) {
        self.wait(|state| state.requested).await;
    }

    pub(super) fn is_requested(&self) -> bool {
        self.state.borrow().requested
    }

    pub(super) fn begin(&self) {
        self.state.send_modify(|state| state.serving = true);
    }

    pub(super) fn end(&self) {
        self.state.send_modify(|state| (state.serving, state.requested) = (false, false));
    }

    pub(super) fn close(&self) {
        self.state.send_modify(|state| state.closed = true);
    }

    /// Waits until the server is closed.
    pub(super) async fn closed(&self) {
        self.wait(|state| state.closed).await;
    }

    async fn wait(&self, until: impl FnMut(&State) -> bool) {
        // The sender lives as long as this handle does, so waiting cannot fail.
        let _ = self.state.subscribe().wait_for(until).await;
    }
}
