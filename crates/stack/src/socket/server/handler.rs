//! Handlers: what is done with one request.

use core::error::Error;

use super::stop::ServerHandle;

/// Why a handler failed: any error, by `?`.
pub type HandlerError = Box<dyn Error>;

/// How a handler's step went.
pub type HandlerResult = Result<(), HandlerError>;

/// A request, as a [`BaseRequestHandler`] has it.
#[derive(Debug)]
pub struct Request<R, A> {
    /// What came: a connection, or a datagram and the socket that it came to.
    pub request: R,
    /// From where.
    pub client_address: A,
    /// The server.
    pub server: ServerHandle,
}

/// A handler that does what it likes with its request.
pub trait BaseRequestHandler<R, A>: 'static {
    /// Before [`handle`](Self::handle). Where it fails neither that nor [`finish`](Self::finish) follows.
    fn setup(&mut self, request: &mut Request<R, A>) -> impl Future<Output = HandlerResult> {
        let _ = request;
        async { Ok(()) }
    }

    /// Does what the request asks for.
    fn handle(&mut self, request: &mut Request<R, A>) -> impl Future<Output = HandlerResult>;

    /// After [`handle`](Self::handle), whether that failed or not.
    fn finish(&mut self, request: &mut Request<R, A>) -> impl Future<Output = HandlerResult> {
        let _ = request;
        async { Ok(()) }
    }
}

/// What makes a handler for each request, and has it work: [`Base`], [`Streams`](super::Streams) or
/// [`Datagrams`](super::Datagrams).
pub trait Handlers<R, A>: 'static {
    /// Makes a handler, and has it set up, handle and finish. The request is closed in the end.
    fn finish_request(&self, request: Request<R, A>) -> impl Future<Output = HandlerResult>;
}

/// Makes [`BaseRequestHandler`]s.
#[derive(Clone, Copy, Debug)]
pub struct Base<F>(
    /// Makes one handler.
    pub F,
);

impl<R: 'static, A: 'static, F, H> Handlers<R, A> for Base<F>
where
    F: Fn() -> H + 'static,
    H: BaseRequestHandler<R, A>,
{
    async fn finish_request(&self, mut request: Request<R, A>) -> HandlerResult {
        let mut handler = (self.0)();
        handler.setup(&mut request).await?;
        let handled = handler.handle(&mut request).await;
        let finished = handler.finish(&mut request).await;
        handled.and(finished)
    }
}
