//! A listener within the host.

use core::task::{Context, Poll};
use std::io;
use std::path::Path;

use super::{SocketAddr, UnixStream, address};
use crate::context::Ctx;
use crate::host::Host;
use crate::socket::net::listener::BACKLOG;
use crate::socket::net::socket::Socket;
use crate::transport::unix::Type;
use crate::transport::{Readiness, SocketError, SocketId};

/// A listener within the host. Dropped, it closes; its path stays until it is unlinked ([`unlink`](super::unlink)).
#[derive(Debug)]
pub struct UnixListener {
    socket: Socket,
}

fn accept(host: &mut Host, _: &mut Ctx<'_>, id: SocketId) -> Result<(SocketId, SocketAddr), SocketError> {
    host.unix_accept(id)
}

impl UnixListener {
    /// A listener at `path`.
    ///
    /// # Errors
    /// When the path is taken, by a closed socket too, or is no name.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::with_backlog(path, BACKLOG)
    }

    /// As [`bind`](Self::bind), with room for `backlog` connections that are not accepted yet.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn with_backlog(path: impl AsRef<Path>, backlog: usize) -> io::Result<Self> {
        Self::bind_addr(&address(path)?, backlog)
    }

    /// As [`with_backlog`](Self::with_backlog), at an address.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr, backlog: usize) -> io::Result<Self> {
        let socket = Socket::open(|host, _| Ok(host.unix_open(Type::Stream)))?;
        socket.call(|host, _, id| {
            host.unix_bind(id, address.clone())?;
            host.unix_listen(id, backlog)
        })?;
        Ok(Self { socket })
    }

    /// Its number on the host.
    pub const fn id(&self) -> SocketId {
        self.socket.id()
    }

    /// The next connection, and where its other end is bound.
    ///
    /// # Errors
    /// When the listener has failed.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (id, peer) = self.socket.until(Readiness::READ, accept).await?;
        Ok((UnixStream::new(self.socket.sibling(id)), peer))
    }

    /// As [`accept`](Self::accept), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let accepted = self.socket.poll(Readiness::READ, cx, accept);
        accepted.map_ok(|(id, peer)| (UnixStream::new(self.socket.sibling(id)), peer))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.unix_local(id))
    }

    /// The error that waits, which is no more from then on.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}
