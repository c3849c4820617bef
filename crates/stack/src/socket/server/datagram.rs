//! Handlers of datagrams, which they see as a file to read and one to fill.

use std::io::Cursor;

use bytes::Bytes;

use super::endpoint::DatagramSocket;
use super::handler::{HandlerResult, Handlers, Request};
use super::stop::ServerHandle;

/// A datagram as files.
#[derive(Debug)]
pub struct DatagramRequest<S, A> {
    /// What came, to be read.
    pub rfile: Cursor<Bytes>,
    /// The answer: it goes to the client when the handler finishes, empty or not.
    pub wfile: Vec<u8>,
    /// What came, whole.
    pub packet: Bytes,
    /// The server's socket.
    pub socket: S,
    /// From where it came.
    pub client_address: A,
    /// The server.
    pub server: ServerHandle,
}

/// A handler of a datagram, with files.
pub trait DatagramRequestHandler<S: DatagramSocket>: 'static {
    /// Before [`handle`](Self::handle). Where it fails neither that nor [`finish`](Self::finish) follows.
    fn setup(&mut self, request: &mut DatagramRequest<S, S::Address>) -> impl Future<Output = HandlerResult> {
        let _ = request;
        async { Ok(()) }
    }

    /// Does what the datagram asks for.
    fn handle(&mut self, request: &mut DatagramRequest<S, S::Address>)
    -> impl Future<Output = HandlerResult>;

    /// After [`handle`](Self::handle), whether that failed or not: `wfile` goes to the client.
    fn finish(
        &mut self,
        request: &mut DatagramRequest<S, S::Address>,
    ) -> impl Future<Output = HandlerResult> {
        async { Ok(request.socket.send(&request.wfile, &request.client_address).await?) }
    }
}

/// Makes [`DatagramRequestHandler`]s.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams<F>(
    /// Makes one handler.
    pub F,
);

impl<S: DatagramSocket, F, H> Handlers<(Bytes, S), S::Address> for Datagrams<F>
where
    F: Fn() -> H + 'static,
    H: DatagramRequestHandler<S>,
{
    async fn finish_request(&self, request: Request<(Bytes, S), S::Address>) -> HandlerResult {
        let Request { request: (packet, socket), client_address, server } = request;
        let rfile = Cursor::new(packet.clone());
        let mut request =
            DatagramRequest { rfile, wfile: Vec::new(), packet, socket, client_address, server };
        let mut handler = (self.0)();
        handler.setup(&mut request).await?;
        let handled = handler.handle(&mut request).await;
        let finished = handler.finish(&mut request).await;
        handled.and(finished)
    }
}
