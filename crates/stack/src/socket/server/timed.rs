//! Reading and writing that does not wait longer than it is told to.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::net::time::{Sleep, sleep};
use crate::time::Duration;

/// A reader or writer each of whose operations fails with `TimedOut` when it has waited for the time-out.
#[derive(Debug)]
pub struct Timed<T> {
    inner: T,
    timeout: Option<Duration>,
    waiting: Option<Sleep>,
}

impl<T: Unpin> Timed<T> {
    /// `inner`, with a time-out, or without any.
    pub const fn new(inner: T, timeout: Option<Duration>) -> Self {
        Self { inner, timeout, waiting: None }
    }

    /// What is timed.
    pub const fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Sets the time-out of the operations to come (`settimeout`).
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        (self.timeout, self.waiting) = (timeout, None);
    }

    /// What is timed, without the time-out.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        operation: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if let done @ Poll::Ready(_) = operation(Pin::new(&mut self.inner), cx) {
            self.waiting = None;
            return done;
        }
        let Some(timeout) = self.timeout else { return Poll::Pending };
        let waiting = self.waiting.get_or_insert_with(|| sleep(timeout));
        if Pin::new(waiting).poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.waiting = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "timed out")))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().poll(cx, |inner, cx| inner.poll_read(cx, buffer))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll(cx, |inner, cx| inner.poll_write(cx, data))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll(cx, AsyncWrite::poll_shutdown)
    }
}
