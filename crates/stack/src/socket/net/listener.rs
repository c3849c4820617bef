//! A TCP listener.

use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io;

use super::names::{self, ToSocketAddrs};
use super::socket::Socket;
use super::socket_options::octet;
use super::stream::TcpStream;
use crate::context::Ctx;
use crate::host::Host;
use crate::transport::tcp::{Sharing, StreamOption};
use crate::transport::{Readiness, SocketId};

/// Backlog of a listener that asks for none: connections that are complete, or nearly, and not accepted yet.
pub(super) const BACKLOG: usize = 128;

/// A TCP listener. Dropped, it closes; what it has accepted lives on.
#[derive(Debug)]
pub struct TcpListener {
    socket: Socket,
}

impl TcpListener {
    pub(super) const fn new(socket: Socket) -> Self {
        Self { socket }
    }

    /// A listener on `local`, whose address may be unspecified; port 0 picks one. Connections that an earlier listener has
    /// left there do not disturb it.
    ///
    /// # Errors
    /// When the address is not the host's, or the port is taken.
    #[expect(clippy::unused_async, reason = "shaped like tokio's")]
    pub async fn bind<A: ToSocketAddrs>(local: A) -> io::Result<Self> {
        names::each(&local, |local| Self::with_backlog(local, BACKLOG))
    }

    /// As [`bind`](Self::bind), with room for `backlog` connections that are not accepted yet.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn with_backlog(local: SocketAddr, backlog: usize) -> io::Result<Self> {
        Ok(Self { socket: Socket::open(|host, ctx| host.tcp_listen(ctx, local, backlog))? })
    }

    /// As [`with_backlog`](Self::with_backlog), sharing the port as `sharing` says.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn sharing(local: SocketAddr, sharing: Sharing, backlog: usize) -> io::Result<Self> {
        let listen = |host: &mut Host, ctx: &mut Ctx<'_>| {
            let bound = host.tcp_bind(ctx, local, sharing)?;
            host.tcp_listen_on(bound, backlog).inspect_err(|_| host.close(ctx, bound))
        };
        Ok(Self { socket: Socket::open(listen)? })
    }

    /// Its number on the host.
    pub const fn id(&self) -> SocketId {
        self.socket.id()
    }

    /// The next connection and its peer's address. A connection leaves the listener only when this returns it.
    ///
    /// # Errors
    /// When the listener has failed.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (id, peer) = self.socket.until(Readiness::READ, Host::tcp_accept).await?;
        Ok((TcpStream::new(self.socket.sibling(id)), peer))
    }

    /// As [`accept`](Self::accept), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.socket.poll(Readiness::READ, cx, Host::tcp_accept);
        accepted.map_ok(|(id, peer)| (TcpStream::new(self.socket.sibling(id)), peer))
    }

    /// The time to live of what its connections send.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.call(|host, _, id| host.ttl(id)).map(u32::from)
    }

    /// Sets the time to live of what the connections send that come from here on (`IP_TTL`).
    ///
    /// # Errors
    /// When it is zero, or more than an octet.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let ttl = octet(ttl)?;
        self.socket.call(|host, _, id| host.set_ttl(id, Some(ttl)))
    }

    /// Tells it something that holds for the connections that come from here on.
    ///
    /// # Errors
    /// When the value is out of its range.
    pub fn set_option(&self, option: StreamOption<'_>) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.tcp_set_option(ctx, id, option))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.local_addr(id))
    }
}
