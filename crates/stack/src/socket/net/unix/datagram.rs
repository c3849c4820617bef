//! A socket of datagrams within the host.

use std::io;
use std::net::Shutdown;
use std::path::Path;

use super::{SocketAddr, address};
use crate::context::Ctx;
use crate::host::Host;
use crate::socket::net::ready::readiness;
use crate::socket::net::socket::Socket;
use crate::transport::unix::{self, Message, Type};
use crate::transport::{Readiness, SocketError, SocketId};

/// A socket of datagrams within the host. Dropped, it closes; its path stays until it is unlinked
/// ([`unlink`](super::unlink)).
#[derive(Debug)]
pub struct UnixDatagram {
    socket: Socket,
}

readiness!(UnixDatagram);

impl UnixDatagram {
    /// A socket at `path`.
    ///
    /// # Errors
    /// When the path is taken, by a closed socket too, or is no name.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&address(path)?)
    }

    /// As [`bind`](Self::bind), at an address.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let own = Self::unbound()?;
        own.socket.call(|host, _, id| host.unix_bind(id, address.clone()))?;
        Ok(own)
    }

    /// Its number on the host.
    pub const fn id(&self) -> SocketId {
        self.socket.id()
    }

    /// A socket that is bound nowhere: nobody can answer it.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn unbound() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(|host, _| Ok(host.unix_open(Type::Datagram)))? })
    }

    /// Two sockets that are each other's peers.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn pair() -> io::Result<(Self, Self)> {
        let mut other = None;
        let first = Socket::open(|host, _| {
            let [first, second] = host.unix_pair(Type::Datagram);
            other = Some(second);
            Ok(first)
        })?;
        let second = first.sibling(other.ok_or(SocketError::BadDescriptor)?);
        Ok((Self { socket: first }, Self { socket: second }))
    }

    /// Fixes the peer: `send` sends there, and from there alone is received.
    ///
    /// # Errors
    /// When nobody is bound there, or what is there takes no datagrams from this one.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let address = address(path)?;
        self.socket.call(|host, _, id| host.unix_connect(id, &address))
    }

    /// Sends a datagram to the peer; waits while its queue is full.
    ///
    /// # Errors
    /// When there is no peer, it is closed, or the datagram is longer than one can be.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.until(Readiness::WRITE, |host, _, id| host.unix_send(id, data, None)).await
    }

    /// Sends a datagram to the socket at `path`; waits while its queue is full.
    ///
    /// # Errors
    /// When nobody is bound there, what is there takes no datagrams from this one, or the datagram is longer than one can
    /// be.
    pub async fn send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let to = address(path)?;
        self.send_to_addr(data, &to).await
    }

    /// As [`send_to`](Self::send_to), to an address: where a datagram came from.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    pub async fn send_to_addr(&self, data: &[u8], to: &SocketAddr) -> io::Result<usize> {
        self.socket.until(Readiness::WRITE, |host, _, id| host.unix_send(id, data, Some(to))).await
    }

    /// The next datagram; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// When the peer has taken another peer.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).await.map(|(octets, _)| octets)
    }

    /// The next datagram and where its sender is bound; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let most = buffer.len();
        let message = self.socket.until(Readiness::READ, |host, _, id| host.unix_recv(id, most)).await?;
        Ok((message.copy_to(buffer), message.from))
    }

    /// The next datagram, whole and without a copy, and where its sender is bound.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_bytes(&self) -> io::Result<(bytes::Bytes, SocketAddr)> {
        let recv = |host: &mut Host, _: &mut Ctx<'_>, id: SocketId| -> Result<Message, SocketError> {
            host.unix_recv(id, usize::MAX)
        };
        self.socket.until(Readiness::READ, recv).await.map(|message| (message.payload, message.from))
    }

    /// Sends a datagram to the peer, if its queue has room.
    ///
    /// # Errors
    /// `WouldBlock` where it has none; as [`send`](Self::send).
    pub fn try_send(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.call(|host, _, id| host.unix_send(id, data, None))
    }

    /// The next datagram, if there is one.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; as [`recv`](Self::recv).
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.call(|host, _, id| host.unix_recv(id, buffer.len()).map(|next| next.copy_to(buffer)))
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no datagram; as [`recv`](Self::recv).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let message = self.socket.call(|host, _, id| host.unix_recv(id, buffer.len()))?;
        Ok((message.copy_to(buffer), message.from))
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where the queue there has no room; as [`send_to`](Self::send_to).
    pub fn try_send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let to = address(path)?;
        self.socket.call(|host, _, id| host.unix_send(id, data, Some(&to)))
    }

    /// Ends directions.
    ///
    /// # Errors
    /// When the socket has gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => unix::Shutdown::Read,
            Shutdown::Write => unix::Shutdown::Write,
            Shutdown::Both => unix::Shutdown::Both,
        };
        self.socket.call(|host, _, id| host.unix_shutdown(id, how))
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.unix_local(id))
    }

    /// Where its peer is bound.
    ///
    /// # Errors
    /// When it has none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.unix_peer(id))
    }
}
