//! A UDP socket for those who ask whether they would wait, peek, or write futures by hand.

use core::net::SocketAddr;
use core::task::{Context, Poll};
use std::io;

use bytes::BufMut;
use tokio::io::ReadBuf;

use super::UdpSocket;
use super::ready::readiness;
use crate::context::Ctx;
use crate::host::Host;
use crate::transport::{Readiness, SocketError, SocketId};

/// Copies the next datagram out and leaves it there.
fn peek(
    host: &mut Host,
    ctx: &mut Ctx<'_>,
    id: SocketId,
    buffer: &mut [u8],
) -> Result<(usize, SocketAddr), SocketError> {
    let next = host.udp_peek(ctx, id)?;
    let length = next.payload.len().min(buffer.len());
    buffer[..length].copy_from_slice(&next.payload[..length]);
    Ok((length, next.from))
}

/// Puts as much of a datagram behind what `buffer` holds as it has room for; the rest is lost.
fn put(buffer: &mut impl BufMut, payload: &[u8]) -> usize {
    let length = payload.len().min(buffer.remaining_mut());
    buffer.put_slice(&payload[..length]);
    length
}

readiness!(UdpSocket);

impl UdpSocket {
    /// As [`readable`](Self::readable), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::READ, cx)
    }

    /// As [`writable`](Self::writable), for those who write futures by hand.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_ready(Readiness::WRITE, cx)
    }

    /// As [`recv`](Self::recv), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_recv_from(cx, buffer).map_ok(drop)
    }

    /// As [`recv_from`](Self::recv_from), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let unfilled = buffer.initialize_unfilled();
        let came =
            self.socket.poll(Readiness::READ, cx, |host, ctx, id| host.udp_recv_from(ctx, id, unfilled));
        came.map_ok(|(octets, from)| {
            buffer.advance(octets);
            from
        })
    }

    /// As [`peek_from`](Self::peek_from), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let unfilled = buffer.initialize_unfilled();
        let came = self.socket.poll(Readiness::READ, cx, |host, ctx, id| peek(host, ctx, id, unfilled));
        came.map_ok(|(octets, from)| {
            buffer.advance(octets);
            from
        })
    }

    /// As [`send`](Self::send), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_send(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll(Readiness::WRITE, cx, |host, ctx, id| host.udp_send(ctx, id, data))
    }

    /// As [`send_to`](Self::send_to), for those who write futures by hand.
    ///
    /// # Errors
    /// As there.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        data: &[u8],
        remote: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.socket.poll(Readiness::WRITE, cx, |host, ctx, id| host.udp_send_to(ctx, id, data, remote))
    }

    /// As [`recv`](Self::recv), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no datagram, and as there.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_recv_from(buffer).map(|(octets, _)| octets)
    }

    /// As [`recv_from`](Self::recv_from), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no datagram, and as there.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.call(|host, ctx, id| host.udp_recv_from(ctx, id, buffer))
    }

    /// As [`try_recv`](Self::try_recv), behind what `buffer` holds.
    ///
    /// # Errors
    /// As there.
    pub fn try_recv_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        self.try_recv_buf_from(buffer).map(|(octets, _)| octets)
    }

    /// As [`try_recv_from`](Self::try_recv_from), behind what `buffer` holds.
    ///
    /// # Errors
    /// As there.
    pub fn try_recv_buf_from<B: BufMut>(&self, buffer: &mut B) -> io::Result<(usize, SocketAddr)> {
        let (payload, from) = self.socket.call(Host::udp_recv_bytes)?;
        Ok((put(buffer, &payload), from))
    }

    /// As [`recv`](Self::recv), behind what `buffer` holds.
    ///
    /// # Errors
    /// As there.
    pub async fn recv_buf<B: BufMut>(&self, buffer: &mut B) -> io::Result<usize> {
        self.recv_buf_from(buffer).await.map(|(octets, _)| octets)
    }

    /// As [`recv_from`](Self::recv_from), behind what `buffer` holds.
    ///
    /// # Errors
    /// As there.
    pub async fn recv_buf_from<B: BufMut>(&self, buffer: &mut B) -> io::Result<(usize, SocketAddr)> {
        let (payload, from) = self.recv_bytes().await?;
        Ok((put(buffer, &payload), from))
    }

    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room, and as there.
    pub fn try_send(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.call(|host, ctx, id| host.udp_send(ctx, id, data))
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room, and as there.
    pub fn try_send_to(&self, data: &[u8], remote: SocketAddr) -> io::Result<usize> {
        self.socket.call(|host, ctx, id| host.udp_send_to(ctx, id, data, remote))
    }

    /// As [`recv`](Self::recv), and leaves the datagram there.
    ///
    /// # Errors
    /// As there.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek_from(buffer).await.map(|(octets, _)| octets)
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram there.
    ///
    /// # Errors
    /// As there.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.until(Readiness::READ, move |host, ctx, id| peek(host, ctx, id, buffer)).await
    }

    /// Who sent the next datagram, which stays there.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.peek_from(&mut []).await.map(|(_, from)| from)
    }

    /// As [`peek`](Self::peek), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no datagram, and as there.
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_peek_from(buffer).map(|(octets, _)| octets)
    }

    /// As [`peek_from`](Self::peek_from), without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no datagram, and as there.
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.call(|host, ctx, id| peek(host, ctx, id, buffer))
    }

    /// Whether it may send to broadcast addresses.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.call(|host, _, id| host.udp_broadcast(id))
    }
}
