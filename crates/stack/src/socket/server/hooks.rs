//! What a server of one's own does differently.

use core::fmt::Display;

use super::handler::HandlerError;
use crate::socket::net::report;

/// What Python's servers have as methods to override. `()` is a server that overrides none.
pub trait ServerHooks<R, A: Display>: 'static {
    /// Whether the request is to be processed; if not, it is closed.
    fn verify_request(&self, request: &R, client_address: &A) -> bool {
        let _ = (request, client_address);
        true
    }

    /// A handler failed. The server goes on with the next request.
    fn handle_error(&self, client_address: &A, error: &HandlerError) {
        report(format!("exception while a request from {client_address} was processed: {error}"));
    }

    /// No request came within [`Options::timeout`](super::Options::timeout), to
    /// [`handle_request`](super::BaseServer::handle_request).
    fn handle_timeout(&self) {}

    /// Called by `serve_forever` after each request, and each
    /// [`poll_interval`](super::Options::poll_interval).
    fn service_actions(&self) {}
}

impl<R, A: Display> ServerHooks<R, A> for () {}
