//! Handlers of connections, which they see as a file to read and one to write.

use std::io;

use tokio::io::{AsyncWriteExt, BufReader, BufWriter};

use super::handler::{HandlerResult, Handlers, Request};
use super::stop::ServerHandle;
use super::timed::Timed;
use crate::socket::net::unix::UnixStream;
use crate::socket::net::{Duplex, OwnedReadHalf, OwnedWriteHalf, TcpStream};
use crate::time::Duration;

/// A connection that a [`StreamRequestHandler`] can have.
pub trait Connection: Duplex + Sized + 'static {
    /// Turns Nagle's algorithm off.
    ///
    /// # Errors
    /// When there is none to turn off, or the connection has gone.
    fn disable_nagle_algorithm(&self) -> io::Result<()>;

    /// Two halves that own it together.
    fn halves(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>);
}

impl Connection for TcpStream {
    fn disable_nagle_algorithm(&self) -> io::Result<()> {
        self.set_nodelay(true)
    }

    fn halves(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        self.into_split()
    }
}

impl Connection for UnixStream {
    fn disable_nagle_algorithm(&self) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "Nagle's algorithm is TCP's"))
    }

    fn halves(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        self.into_split()
    }
}

/// A connection as files.
#[derive(Debug)]
pub struct StreamRequest<C: Connection, A> {
    /// What the client sends, buffered.
    pub rfile: BufReader<Timed<OwnedReadHalf<C>>>,
    /// What goes to the client; flushed when the handler finishes.
    pub wfile: BufWriter<Timed<OwnedWriteHalf<C>>>,
    /// From where.
    pub client_address: A,
    /// The server.
    pub server: ServerHandle,
}

impl<C: Connection, A> StreamRequest<C, A> {
    /// The connection itself (`connection`, `request`).
    pub fn connection(&self) -> &C {
        self.rfile.get_ref().get_ref().as_ref()
    }

    /// How long each read and write waits from now on (`connection.settimeout`).
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.rfile.get_mut().set_timeout(timeout);
        self.wfile.get_mut().set_timeout(timeout);
    }
}

/// A handler of a connection, with files.
pub trait StreamRequestHandler<C: Connection, A>: 'static {
    /// How long each read and write waits.
    const TIMEOUT: Option<Duration> = None;
    /// Whether what is written goes out at once, and is not kept back until more comes.
    const DISABLE_NAGLE_ALGORITHM: bool = false;
    /// Octets that `rfile` reads ahead.
    const RBUFSIZE: usize = 8192;
    /// Octets that `wfile` keeps back; 0 writes each at once.
    const WBUFSIZE: usize = 0;

    /// Before [`handle`](Self::handle), with the files open. Where it fails neither that nor [`finish`](Self::finish)
    /// follows.
    fn setup(&mut self, request: &mut StreamRequest<C, A>) -> impl Future<Output = HandlerResult> {
        let _ = request;
        async { Ok(()) }
    }

    /// Does what the client asks for.
    fn handle(&mut self, request: &mut StreamRequest<C, A>) -> impl Future<Output = HandlerResult>;

    /// After [`handle`](Self::handle), whether that failed or not; `wfile` is flushed after it.
    fn finish(&mut self, request: &mut StreamRequest<C, A>) -> impl Future<Output = HandlerResult> {
        let _ = request;
        async { Ok(()) }
    }
}

/// Makes [`StreamRequestHandler`]s.
#[derive(Clone, Copy, Debug)]
pub struct Streams<F>(
    /// Makes one handler.
    pub F,
);

impl<C: Connection, A: 'static, F, H> Handlers<C, A> for Streams<F>
where
    F: Fn() -> H + 'static,
    H: StreamRequestHandler<C, A>,
{
    async fn finish_request(&self, request: Request<C, A>) -> HandlerResult {
        let Request { request: connection, client_address, server } = request;
        if H::DISABLE_NAGLE_ALGORITHM {
            connection.disable_nagle_algorithm()?;
        }
        let (read, write) = connection.halves();
        let mut request = StreamRequest {
            rfile: BufReader::with_capacity(H::RBUFSIZE, Timed::new(read, H::TIMEOUT)),
            wfile: BufWriter::with_capacity(H::WBUFSIZE, Timed::new(write, H::TIMEOUT)),
            client_address,
            server,
        };
        let mut handler = (self.0)();
        handler.setup(&mut request).await?;
        let handled = handler.handle(&mut request).await;
        let finished = handler.finish(&mut request).await;
        // The client may have gone: as in Python that is no failure of the handler's.
        let _ = request.wfile.flush().await;
        handled.and(finished)
    }
}
