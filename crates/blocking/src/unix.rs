//! Sockets within the host, shaped like the standard library's. Outside of a blocking program all of it panics.

use std::io::{self, Read, Write};
use std::path::Path;

use wirelab_stack::socket::net::unix::{self, SocketAddr, UCred};

use crate::handle::Handle;
use crate::net::copy;
use crate::program::call;

/// A listener within the host. Dropped, it closes; its path stays.
#[derive(Debug)]
pub struct UnixListener(Handle<unix::UnixListener>);

impl UnixListener {
    /// A listener at `path`.
    ///
    /// # Errors
    /// When the path is taken, by a closed socket too, or is no name.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        call(move || async move { unix::UnixListener::bind(path) })
            .map(|listener| Self(Handle::new(listener)))
    }

    /// The next connection, and where its other end is bound.
    ///
    /// # Errors
    /// When the listener has failed.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let accepted = self.0.with(|listener| async move { listener.accept().await });
        accepted.map(|(stream, peer)| (UnixStream(Handle::new(stream)), peer))
    }
}

/// A stream within the host. Dropped, it closes.
#[derive(Debug)]
pub struct UnixStream(Handle<unix::UnixStream>);

impl UnixStream {
    /// Connects to the listener at `path`; waits while as many wait there as may.
    ///
    /// # Errors
    /// When nobody listens there, or what is there is no stream.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        call(move || unix::UnixStream::connect(path)).map(|stream| Self(Handle::new(stream)))
    }

    /// Two streams that are each other's other end.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn pair() -> io::Result<(Self, Self)> {
        let pair = call(|| async { unix::UnixStream::pair() });
        pair.map(|(one, other)| (Self(Handle::new(one)), Self(Handle::new(other))))
    }

    /// Who is at the other end: the name of the application.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        self.0.now(unix::UnixStream::peer_cred)
    }

    /// Closes the sending direction: the other end reads to the end.
    ///
    /// # Errors
    /// When the stream has gone.
    pub fn shutdown_write(&self) -> io::Result<()> {
        self.0.now(unix::UnixStream::shutdown_write)
    }
}

impl Read for UnixStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len();
        let read = self.0.with(move |stream| async move {
            let mut octets = vec![0; most.min(64 * 1024)];
            loop {
                stream.readable().await?;
                match stream.try_read(&mut octets) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => {
                        octets.truncate(read?);
                        return Ok::<_, io::Error>(octets);
                    }
                }
            }
        });
        read.map(|octets| copy(&octets, buffer))
    }
}

impl Write for UnixStream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let data = data.to_vec();
        self.0.with(move |stream| async move {
            loop {
                match stream.try_write(&data) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
                    written => return written,
                }
            }
        })
    }

    /// Nothing to do: what is written is at the other end already.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket of datagrams within the host. Dropped, it closes; its path stays.
#[derive(Debug)]
pub struct UnixDatagram(Handle<unix::UnixDatagram>);

impl UnixDatagram {
    /// A socket at `path`.
    ///
    /// # Errors
    /// When the path is taken, by a closed socket too, or is no name.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        call(move || async move { unix::UnixDatagram::bind(path) }).map(|socket| Self(Handle::new(socket)))
    }

    /// Sends a datagram to the socket at `path`; waits while its queue is full.
    ///
    /// # Errors
    /// When nobody is bound there, what is there takes no datagrams from this one, or the datagram is longer than one can
    /// be.
    pub fn send_to(&self, data: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let (data, path) = (data.to_vec(), path.as_ref().to_owned());
        self.0.with(move |socket| async move { socket.send_to(&data, path).await })
    }

    /// The next datagram and where its sender is bound; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// When the peer has taken another peer.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.0.with(|socket| async move { socket.recv_bytes().await });
        received.map(|(octets, from)| (copy(&octets, buffer), from))
    }
}
