//! A TCP connection.

use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io;

use bytes::Bytes;
use tokio::io::ReadBuf;

use super::names::{self, ToSocketAddrs};
use super::socket::Socket;
use super::socket_options::octet;
use super::split::{self, Duplex, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::host::Host;
use crate::time::Duration;
use crate::trace::ConnectionInfo;
use crate::transport::Readiness;
use crate::transport::tcp::{StreamOption, StreamOptions};

/// A TCP connection. Dropped, it closes: what was written is still sent, but with data unread it is reset.
#[derive(Debug)]
pub struct TcpStream {
    pub(super) socket: Socket,
}

impl TcpStream {
    pub(super) const fn new(socket: Socket) -> Self {
        Self { socket }
    }

    /// Connects to `remote` from an address that suits the route, and any port; where it stands for several addresses, to
    /// the first that takes the connection.
    ///
    /// # Errors
    /// When there is no route, or the peer refuses, resets, or does not answer.
    pub async fn connect<A: ToSocketAddrs>(remote: A) -> io::Result<Self> {
        let mut failed = None;
        for address in names::addresses(&remote)? {
            match Self::connect_from(None, address).await {
                Err(error) => failed = Some(error),
                connected => return connected,
            }
        }
        Err(failed.unwrap_or_else(names::nothing))
    }

    /// As [`connect`](Self::connect), from `local` where it is given; its port 0 picks one.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and when `local` is not the host's or its port is taken.
    pub async fn connect_from(local: Option<SocketAddr>, remote: SocketAddr) -> io::Result<Self> {
        // The socket is owned from here on: a future that is dropped while it waits closes it.
        let socket = Socket::open(|host, ctx| host.tcp_connect(ctx, local, remote))?;
        socket.until(Readiness::WRITE, |host, _, id| host.tcp_connected(id)).await?;
        Ok(Self { socket })
    }

    /// Copies out what has come without taking it; 0 octets at the end of the stream.
    ///
    /// # Errors
    /// When the connection has failed.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.until(Readiness::READ, move |host, _, id| host.tcp_peek(id, buffer)).await
    }

    /// The next octets as they lie in the receive queue, at most `most`, without a copy; none at the end of the
    /// stream.
    ///
    /// # Errors
    /// When the connection has failed.
    pub async fn read_bytes(&self, most: usize) -> io::Result<Bytes> {
        self.socket.until(Readiness::READ, |host, ctx, id| host.tcp_recv_bytes(ctx, id, most)).await
    }

    /// Queues all of `data` without a copy.
    ///
    /// # Errors
    /// When the connection has failed, or its sending direction is closed.
    pub async fn write_all_bytes(&self, mut data: Bytes) -> io::Result<()> {
        while !data.is_empty() {
            let data = &mut data;
            self.socket.until(Readiness::WRITE, |host, ctx, id| host.tcp_send_bytes(ctx, id, data)).await?;
        }
        Ok(())
    }

    /// As [`read_bytes`](Self::read_bytes), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`read_bytes`](Self::read_bytes).
    pub fn poll_read_bytes(&self, cx: &mut Context<'_>, most: usize) -> Poll<io::Result<Bytes>> {
        self.socket.poll(Readiness::READ, cx, |host, ctx, id| host.tcp_recv_bytes(ctx, id, most))
    }

    /// Queues some of `data`, for those who write futures by hand.
    ///
    /// # Errors
    /// When the connection has failed, or its sending direction is closed.
    pub fn poll_write_some(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_shared(cx, data)
    }

    /// Closes the sending direction: the peer reads to the end.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn shutdown_write(&self) -> io::Result<()> {
        self.socket.call(Host::tcp_shutdown)
    }

    /// Resets the connection.
    pub fn abort(self) {
        let aborted = self.socket.call(|host, ctx, id| {
            host.tcp_abort(ctx, id);
            Ok(())
        });
        debug_assert!(aborted.is_ok());
    }

    /// Two halves that borrow it.
    pub const fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::borrowed(self)
    }

    /// Two halves that own it together. The writing half, dropped, closes its direction.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::owned(self)
    }

    /// Turns Nagle's algorithm off (`true`) or on (`false`).
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.tcp_set_nodelay(ctx, id, on))
    }

    /// Whether Nagle's algorithm is off.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.call(|host, _, id| host.tcp_nodelay(id))
    }

    /// State and counters, in the manner of `TCP_INFO`.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn info(&self) -> io::Result<ConnectionInfo> {
        self.socket.call(|host, _, id| host.tcp_info(id))
    }

    /// This end.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.local_addr(id))
    }

    /// The other end.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.peer_addr(id))
    }

    /// The time to live of what it sends.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.call(|host, _, id| host.ttl(id)).map(u32::from)
    }

    /// Sets the time to live of what it sends (`IP_TTL`).
    ///
    /// # Errors
    /// When it is zero, or more than an octet.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let ttl = octet(ttl)?;
        self.socket.call(|host, _, id| host.set_ttl(id, Some(ttl)))
    }

    /// Sets how closing behaves (`SO_LINGER`). Dropping never waits: zero has it reset the connection; with more, it is as
    /// without: what was written is sent in the background.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn set_linger(&self, span: Option<core::time::Duration>) -> io::Result<()> {
        self.set_option(StreamOption::Linger(span.map(Duration::from)))
    }

    /// Closing resets the connection.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_option(StreamOption::Linger(Some(Duration::ZERO)))
    }

    /// How closing behaves.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn linger(&self) -> io::Result<Option<core::time::Duration>> {
        Ok(self.options()?.linger.map(core::time::Duration::from))
    }

    /// Whether each segment is acknowledged at once.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn quickack(&self) -> io::Result<bool> {
        Ok(self.options()?.quick_ack)
    }

    /// Has each segment acknowledged at once (`TCP_QUICKACK`), or not.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn set_quickack(&self, on: bool) -> io::Result<()> {
        self.set_option(StreamOption::QuickAck(on))
    }

    /// Tells it something of which tokio has no name.
    ///
    /// # Errors
    /// When the value is out of its range, or the connection has gone.
    pub fn set_option(&self, option: StreamOption<'_>) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.tcp_set_option(ctx, id, option))
    }

    /// What holds for it: what it was told, and the host's knobs for what it was not told.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn options(&self) -> io::Result<StreamOptions> {
        self.socket.call(|host, _, id| host.tcp_options(id))
    }

    /// Sets the type of service of what it sends (`IP_TOS`): DSCP and ECN.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn set_tos(&self, tos: u8) -> io::Result<()> {
        self.socket.call(|host, _, id| host.set_tos(id, tos))
    }
}

impl Duplex for TcpStream {
    fn poll_read_shared(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let unfilled = buffer.initialize_unfilled();
        let read = self.socket.poll(Readiness::READ, cx, |host, ctx, id| host.tcp_recv(ctx, id, unfilled));
        read.map_ok(|octets| buffer.advance(octets))
    }

    fn poll_write_shared(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll(Readiness::WRITE, cx, |host, ctx, id| host.tcp_send(ctx, id, data))
    }

    fn shutdown_write(&self) -> io::Result<()> {
        // The inherent one.
        Self::shutdown_write(self)
    }

    fn shutdown_if_seated(&self) {
        self.socket.call_if_seated(|host, ctx, id| {
            // It has failed or gone already: there is no direction left to close.
            let _ = host.tcp_shutdown(ctx, id);
        });
    }
}

split::whole!(TcpStream);
