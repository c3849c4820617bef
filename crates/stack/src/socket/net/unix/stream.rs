//! A stream within the host.

use core::task::{Context, Poll};
use std::io;
use std::path::Path;

use bytes::BufMut;
use tokio::io::ReadBuf;

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, SocketAddr, UCred, WriteHalf, address};
use crate::socket::net::halves::{both, reading, writing};
use crate::socket::net::ready::readiness;
use crate::socket::net::socket::Socket;
use crate::socket::net::split::{self, Duplex};
use crate::transport::unix::{Shutdown, Type};
use crate::transport::{Readiness, SocketError};

/// A stream within the host. Dropped, it closes: what was written is still read, but with data unread here the other end
/// is reset.
#[derive(Debug)]
pub struct UnixStream {
    socket: Socket,
}

readiness!(UnixStream);

impl UnixStream {
    pub(super) const fn new(socket: Socket) -> Self {
        Self { socket }
    }

    /// Connects to the listener at `path`; waits while as many wait there as may.
    ///
    /// # Errors
    /// When nobody listens there, or what is there is no stream.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let address = address(path)?;
        let socket = Socket::open(|host, _| Ok(host.unix_open(Type::Stream)))?;
        socket.until(Readiness::WRITE, |host, _, id| host.unix_connect(id, &address)).await?;
        Ok(Self { socket })
    }

    /// Two streams that are each other's other end.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn pair() -> io::Result<(Self, Self)> {
        let mut other = None;
        let first = Socket::open(|host, _| {
            let [first, second] = host.unix_pair(Type::Stream);
            other = Some(second);
            Ok(first)
        })?;
        let second = first.sibling(other.ok_or(SocketError::BadDescriptor)?);
        Ok((Self { socket: first }, Self { socket: second }))
    }

    /// Who is at the other end: the name of the application.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        self.socket.call(|host, _, id| host.unix_peer_credentials(id))
    }

    /// Where this end is bound.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.unix_local(id))
    }

    /// Where the other end is bound.
    ///
    /// # Errors
    /// When the other end has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.unix_peer(id))
    }

    /// Reads what is there; nothing at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there, or when the stream has failed.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.call(|host, _, id| host.unix_recv(id, buffer.len()).map(|next| next.copy_to(buffer)))
    }

    /// As [`try_read`](Self::try_read), behind what `buffer` holds.
    ///
    /// # Errors
    /// As `try_read`.
    pub fn try_read_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let most = buffer.remaining_mut();
        let message = self.socket.call(|host, _, id| host.unix_recv(id, most))?;
        buffer.put_slice(&message.payload);
        Ok(message.payload.len())
    }

    /// As [`readable`](Self::readable), for those who write futures by hand.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::READ, cx)
    }

    /// As [`writable`](Self::writable), for those who write futures by hand.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::WRITE, cx)
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` where there is none, or when the stream has failed.
    pub fn try_write(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.call(|host, _, id| host.unix_send(id, data, None))
    }

    /// Closes the sending direction: the other end reads to the end.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn shutdown_write(&self) -> io::Result<()> {
        self.socket.call(|host, _, id| host.unix_shutdown(id, Shutdown::Write))
    }

    /// Two halves that borrow it.
    pub const fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::borrowed(self)
    }

    /// Two halves that own it together. The writing half, dropped, closes its direction.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::owned(self)
    }
}

impl Duplex for UnixStream {
    fn poll_read_shared(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = buffer.remaining();
        if most == 0 {
            return Poll::Ready(Ok(()));
        }
        let read = self.socket.poll(Readiness::READ, cx, |host, _, id| host.unix_recv(id, most));
        read.map_ok(|message| buffer.put_slice(&message.payload))
    }

    fn poll_write_shared(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll(Readiness::WRITE, cx, |host, _, id| host.unix_send(id, data, None))
    }

    fn shutdown_write(&self) -> io::Result<()> {
        // The inherent one.
        Self::shutdown_write(self)
    }

    fn shutdown_if_seated(&self) {
        self.socket.call_if_seated(|host, _, id| {
            // It has failed or gone already: there is no direction left to close.
            let _ = host.unix_shutdown(id, Shutdown::Write);
        });
    }
}

split::whole!(UnixStream);
reading!(UnixStream: ReadHalf<'_>, OwnedReadHalf);
writing!(UnixStream: WriteHalf<'_>, OwnedWriteHalf);
both!(UnixStream, SocketAddr: ReadHalf<'_>, OwnedReadHalf, WriteHalf<'_>, OwnedWriteHalf);
