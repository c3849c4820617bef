//! Halves of a TCP connection: one reads while the other writes.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::TcpStream;

/// The reading half, borrowed.
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a TcpStream);

/// The writing half, borrowed.
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

/// The reading half, owned.
#[derive(Debug)]
pub struct OwnedReadHalf(Arc<TcpStream>);

/// The writing half, owned. Dropped, it closes its direction.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    // Empty once it was put together with its other half again.
    stream: Option<Arc<TcpStream>>,
}

/// Two halves of different connections, given back.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are of different connections")
    }
}

impl core::error::Error for ReuniteError {}

impl<'a> ReadHalf<'a> {
    pub(super) const fn new(stream: &'a TcpStream) -> Self {
        Self(stream)
    }
}

impl<'a> WriteHalf<'a> {
    pub(super) const fn new(stream: &'a TcpStream) -> Self {
        Self(stream)
    }
}

impl OwnedReadHalf {
    pub(super) const fn new(stream: Arc<TcpStream>) -> Self {
        Self(stream)
    }

    /// The connection that the two halves were.
    ///
    /// # Errors
    /// The halves, when they are not of the same connection.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        other.reunite(self)
    }
}

impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.0
    }
}

impl OwnedWriteHalf {
    pub(super) const fn new(stream: Arc<TcpStream>) -> Self {
        Self { stream: Some(stream) }
    }

    fn stream(&self) -> &TcpStream {
        self.stream.as_deref().expect("only `reunite`, which consumes it, empties it")
    }

    fn reunite(mut self, read: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        match self.stream.take() {
            Some(stream) if Arc::ptr_eq(&stream, &read.0) => {
                drop(read);
                Ok(Arc::into_inner(stream).expect("the two halves were the only owners"))
            }
            stream => {
                self.stream = stream;
                Err(ReuniteError(read, self))
            }
        }
    }
}

impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        self.stream()
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.shutdown_if_seated();
        }
    }
}

/// Reading and writing through a reference to the connection.
macro_rules! halves {
    (read: $($read:ty),+; write: $($write:ty),+) => {
        $(impl AsyncRead for $read {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.0.poll_read_shared(cx, buffer)
            }
        })+
        $(impl AsyncWrite for $write {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
                self.stream().poll_write_shared(cx, data)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.stream().shutdown_write())
            }
        })+
    };
}

impl WriteHalf<'_> {
    const fn stream(&self) -> &TcpStream {
        self.0
    }
}

halves!(read: ReadHalf<'_>, OwnedReadHalf; write: WriteHalf<'_>, OwnedWriteHalf);
