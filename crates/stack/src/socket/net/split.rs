//! Halves of a connection: one reads while the other writes.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::TcpStream;

/// A connection that can be read from and written to by reference: one of TCP, or a stream within the host.
pub trait Duplex {
    /// Reads, or notes that the task waits.
    fn poll_read_shared(&self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Writes, or notes that the task waits.
    fn poll_write_shared(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>>;

    /// Closes the sending direction: the peer reads to the end.
    ///
    /// # Errors
    /// When the connection has failed.
    fn shutdown_write(&self) -> io::Result<()>;

    /// Closes the sending direction of a half that is dropped, wherever that happens.
    fn shutdown_if_seated(&self);
}

/// The reading half, borrowed.
#[derive(Debug)]
pub struct ReadHalf<'a, S = TcpStream>(&'a S);

/// The writing half, borrowed.
#[derive(Debug)]
pub struct WriteHalf<'a, S = TcpStream>(&'a S);

/// The reading half, owned.
#[derive(Debug)]
pub struct OwnedReadHalf<S = TcpStream>(Arc<S>);

/// The writing half, owned. Dropped, it closes its direction.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Duplex = TcpStream> {
    // Empty once it was put together with its other half again.
    stream: Option<Arc<S>>,
}

/// Two halves of different connections, given back.
#[derive(Debug)]
pub struct ReuniteError<S: Duplex = TcpStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: Duplex> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are of different connections")
    }
}

impl<S: Duplex + fmt::Debug> core::error::Error for ReuniteError<S> {}

/// Two halves that borrow `stream`.
pub(super) const fn borrowed<S>(stream: &S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

/// Two halves that own `stream` together.
pub(super) fn owned<S: Duplex>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let shared = Arc::new(stream);
    (OwnedReadHalf(Arc::clone(&shared)), OwnedWriteHalf { stream: Some(shared) })
}

impl<S: Duplex> OwnedReadHalf<S> {
    /// The connection that the two halves were.
    ///
    /// # Errors
    /// The halves, when they are not of the same connection.
    pub fn reunite(self, other: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        other.reunite(self)
    }
}

impl<S> AsRef<S> for ReadHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.0
    }
}

impl<S> AsRef<S> for WriteHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.0
    }
}

impl<S> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.0
    }
}

impl<S: Duplex> OwnedWriteHalf<S> {
    fn stream(&self) -> &S {
        self.stream.as_deref().expect("only `reunite`, which consumes it, empties it")
    }

    /// The connection that the two halves were.
    ///
    /// # Errors
    /// The halves, when they are not of the same connection.
    pub fn reunite(mut self, read: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        match self.stream.take() {
            Some(stream) if Arc::ptr_eq(&stream, &read.0) => {
                drop(read);
                // The two halves were the only owners.
                Arc::into_inner(stream).map_or_else(|| unreachable!("a half is never shared"), Ok)
            }
            stream => {
                self.stream = stream;
                Err(ReuniteError(read, self))
            }
        }
    }
}

impl<S: Duplex> OwnedWriteHalf<S> {
    /// Gives the half up without closing its direction.
    pub fn forget(mut self) {
        drop(self.stream.take());
    }
}

impl<S: Duplex> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        self.stream()
    }
}

impl<S: Duplex> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.shutdown_if_seated();
        }
    }
}

/// Reading and writing of a whole connection, as tokio has it, through what it shares with its halves.
macro_rules! whole {
    ($stream:ty) => {
        impl tokio::io::AsyncRead for $stream {
            fn poll_read(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> core::task::Poll<std::io::Result<()>> {
                self.poll_read_shared(cx, buffer)
            }
        }

        impl tokio::io::AsyncWrite for $stream {
            fn poll_write(
                self: core::pin::Pin<&mut Self>,
                cx: &mut core::task::Context<'_>,
                data: &[u8],
            ) -> core::task::Poll<std::io::Result<usize>> {
                self.poll_write_shared(cx, data)
            }

            /// Nothing to do: a connection sends by its own rules.
            fn poll_flush(
                self: core::pin::Pin<&mut Self>,
                _: &mut core::task::Context<'_>,
            ) -> core::task::Poll<std::io::Result<()>> {
                core::task::Poll::Ready(Ok(()))
            }

            fn poll_shutdown(
                self: core::pin::Pin<&mut Self>,
                _: &mut core::task::Context<'_>,
            ) -> core::task::Poll<std::io::Result<()>> {
                core::task::Poll::Ready(Duplex::shutdown_write(&*self))
            }
        }
    };
}
pub(super) use whole;

/// Reading and writing through a reference to the connection, whichever way a half holds it.
macro_rules! halves {
    (read: $($read:ty),+; write: $($write:ty),+) => {
        $(impl<S: Duplex> AsyncRead for $read {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                (*self).as_ref().poll_read_shared(cx, buffer)
            }
        })+
        $(impl<S: Duplex> AsyncWrite for $write {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
                (*self).as_ref().poll_write_shared(cx, data)
            }

            /// Nothing to do: a connection sends by its own rules.
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready((*self).as_ref().shutdown_write())
            }
        })+
    };
}

halves!(read: ReadHalf<'_, S>, OwnedReadHalf<S>; write: WriteHalf<'_, S>, OwnedWriteHalf<S>);
