//! A stream as a file.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::waiting::{For, Patience, forget, poll_call};
use super::{Bsd, Errno, Fd, SHUT_WR, Socket};
use crate::socket::net::time::{Sleep, sleep};
use crate::transport::SocketId;

/// A socket to be read and written as tokio's traits do, within its time-outs; see [`Socket::makefile`].
#[derive(Debug)]
pub struct SocketFile<'s> {
    socket: &'s Socket,
    reading: Waits,
    writing: Waits,
}

/// What one direction waits for.
#[derive(Debug, Default)]
struct Waits {
    noted: Option<(SocketId, u64)>,
    clock: Option<Sleep>,
}

impl<'s> SocketFile<'s> {
    pub(super) fn new(socket: &'s Socket) -> Self {
        Self { socket, reading: Waits::default(), writing: Waits::default() }
    }

    fn poll<R>(
        &mut self,
        what: For,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Bsd<'_, '_>, Fd) -> Result<R, Errno>,
    ) -> Poll<io::Result<R>> {
        let waits = if what == For::Reading { &mut self.reading } else { &mut self.writing };
        if let Poll::Ready(done) =
            poll_call(self.socket.node, self.socket.fd, what, cx, &mut waits.noted, act)
        {
            waits.clock = None;
            return Poll::Ready(done.map_err(io::Error::from));
        }
        let (span, error) = match self.socket.patience(what, 0)? {
            Patience::Endless => return Poll::Pending,
            Patience::None => return Poll::Ready(Err(Errno::EAGAIN.into())),
            Patience::Timeout(span) => (span, io::Error::new(io::ErrorKind::TimedOut, "timed out")),
            Patience::Option(span) => (span, Errno::EAGAIN.into()),
        };
        let clock = waits.clock.get_or_insert_with(|| sleep(span));
        let over = Pin::new(clock).poll(cx);
        if over.is_ready() {
            waits.clock = None;
        }
        over.map(|()| Err(error))
    }
}

impl Drop for SocketFile<'_> {
    fn drop(&mut self) {
        forget(self.reading.noted.take(), For::Reading);
        forget(self.writing.noted.take(), For::Writing);
    }
}

impl AsyncRead for SocketFile<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let unfilled = buffer.initialize_unfilled();
        let read = self.poll(For::Reading, cx, |bsd, fd| bsd.recv(fd, unfilled, 0));
        read.map_ok(|octets| buffer.advance(octets))
    }
}

impl AsyncWrite for SocketFile<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(For::Writing, cx, |bsd, fd| bsd.send(fd, data, 0))
    }

    /// Nothing to do: TCP sends by its own rules.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(SHUT_WR))
    }
}
