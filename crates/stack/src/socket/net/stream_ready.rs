//! A TCP connection for those who ask whether they would wait, or write futures by hand.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::io::{self, IoSlice, IoSliceMut};

use bytes::BufMut;
use tokio::io::ReadBuf;

use super::halves::{both, reading, writing};
use super::ready::readiness;
use super::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::TcpStream;
use crate::host::Host;
use crate::transport::Readiness;

readiness!(TcpStream);

impl TcpStream {
    /// As [`readable`](Self::readable), for those who write futures by hand.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::READ, cx)
    }

    /// As [`writable`](Self::writable), for those who write futures by hand.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::WRITE, cx)
    }

    /// Copies out what has come without taking it, for those who write futures by hand; how many octets that was.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        let unfilled = buffer.initialize_unfilled();
        let peeked = self.socket.poll(Readiness::READ, cx, |host, _, id| host.tcp_peek(id, unfilled));
        peeked.map_ok(|octets| {
            buffer.advance(octets);
            octets
        })
    }

    /// Reads what is there; 0 octets at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; when the connection has failed.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.call(|host, ctx, id| host.tcp_recv(ctx, id, buffer))
    }

    /// As [`try_read`](Self::try_read), into one buffer after the other.
    ///
    /// # Errors
    /// As `try_read`.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut all = 0;
        for buffer in buffers.iter_mut().filter(|buffer| !buffer.is_empty()) {
            match self.try_read(buffer) {
                Ok(octets) if octets == buffer.len() => all += octets,
                Ok(octets) => return Ok(all + octets),
                Err(_) if all > 0 => return Ok(all),
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// As [`try_read`](Self::try_read), behind what `buffer` holds.
    ///
    /// # Errors
    /// As `try_read`.
    pub fn try_read_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        let room = buffer.remaining_mut();
        let octets = self.socket.call(|host, ctx, id| host.tcp_recv_bytes(ctx, id, room))?;
        buffer.put_slice(&octets);
        Ok(octets.len())
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; when the connection has failed.
    pub fn try_write(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.call(|host, ctx, id| host.tcp_send(ctx, id, data))
    }

    /// As [`try_write`](Self::try_write), of one buffer after the other.
    ///
    /// # Errors
    /// As `try_write`.
    pub fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut all = 0;
        for buffer in buffers.iter().filter(|buffer| !buffer.is_empty()) {
            match self.try_write(buffer) {
                Ok(octets) if octets == buffer.len() => all += octets,
                Ok(octets) => return Ok(all + octets),
                Err(_) if all > 0 => return Ok(all),
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}

/// Peeking, which both kinds of a reading half have.
macro_rules! peeking {
    ($($half:ty),+) => {
        $(impl $half {
            /// As [`TcpStream::peek`].
            ///
            /// # Errors
            /// When the connection has failed.
            pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.as_ref().peek(buffer).await
            }

            /// As [`TcpStream::poll_peek`].
            ///
            /// # Errors
            /// When the connection has failed.
            pub fn poll_peek(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<usize>> {
                self.as_ref().poll_peek(cx, buffer)
            }
        })+
    };
}

peeking!(ReadHalf<'_, TcpStream>, OwnedReadHalf<TcpStream>);
reading!(TcpStream: ReadHalf<'_, TcpStream>, OwnedReadHalf<TcpStream>);
writing!(TcpStream: WriteHalf<'_, TcpStream>, OwnedWriteHalf<TcpStream>);
both!(TcpStream, core::net::SocketAddr: ReadHalf<'_, TcpStream>, OwnedReadHalf<TcpStream>);
both!(TcpStream, core::net::SocketAddr: WriteHalf<'_, TcpStream>, OwnedWriteHalf<TcpStream>);

impl TcpStream {
    /// Closes the connection and waits, where it lingers (`SO_LINGER`), until the peer has acknowledged everything or the time
    /// is up. Dropped before, it closes in the background.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub async fn close(self) -> io::Result<()> {
        poll_fn(|cx| self.socket.poll(Readiness::WRITE, cx, Host::close_lingering)).await
    }
}
