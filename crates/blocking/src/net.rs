//! Sockets of TCP and UDP, shaped like the standard library's. Outside of a blocking program all of it panics.

use core::net::SocketAddr;
use std::io::{self, Read, Write};

use wirelab_stack::socket::net::{self, ToSocketAddrs};

use crate::handle::Handle;
use crate::program::call;

/// The longest read that is asked of the loop at once, in octets.
const MOST: usize = 64 * 1024;

/// A TCP listener. Dropped, it closes; what it has accepted lives on.
#[derive(Debug)]
pub struct TcpListener(Handle<net::TcpListener>);

impl TcpListener {
    /// A listener on `local`; port 0 picks one.
    ///
    /// # Errors
    /// When the address is not the host's, or the port is taken.
    pub fn bind(local: impl ToSocketAddrs + Send + 'static) -> io::Result<Self> {
        call(move || net::TcpListener::bind(local)).map(|listener| Self(Handle::new(listener)))
    }

    /// The next connection and its peer's address.
    ///
    /// # Errors
    /// When the listener has failed.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.0.with(|listener| async move { listener.accept().await });
        accepted.map(|(stream, peer)| (TcpStream(Handle::new(stream)), peer))
    }

    /// The connections that come, for ever.
    pub fn incoming(&self) -> impl Iterator<Item = io::Result<TcpStream>> {
        core::iter::repeat_with(|| self.accept().map(|(stream, _)| stream))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.now(net::TcpListener::local_addr)
    }
}

/// A TCP connection. Dropped, it closes: what was written is still sent, but with data unread it is reset.
#[derive(Debug)]
pub struct TcpStream(Handle<net::TcpStream>);

impl TcpStream {
    /// Connects to `remote` from an address that suits the route, and any port.
    ///
    /// # Errors
    /// When there is no route, or the peer refuses, resets, or does not answer.
    pub fn connect(remote: impl ToSocketAddrs + Send + 'static) -> io::Result<Self> {
        call(move || net::TcpStream::connect(remote)).map(|stream| Self(Handle::new(stream)))
    }

    /// Closes the sending direction: the peer reads to the end.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn shutdown_write(&self) -> io::Result<()> {
        self.0.now(net::TcpStream::shutdown_write)
    }

    /// Copies out what has come without taking it; 0 octets at the end of the stream.
    ///
    /// # Errors
    /// When the connection has failed.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(MOST);
        let peeked = self.0.with(move |stream| async move {
            let mut octets = vec![0; most];
            let length = stream.peek(&mut octets).await?;
            octets.truncate(length);
            Ok::<_, io::Error>(octets)
        });
        peeked.map(|octets| copy(&octets, buffer))
    }

    /// Turns Nagle's algorithm off (`true`) or on (`false`).
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.now(move |stream| stream.set_nodelay(on))
    }

    /// This end.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.now(net::TcpStream::local_addr)
    }

    /// The other end.
    ///
    /// # Errors
    /// When the connection has gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.now(net::TcpStream::peer_addr)
    }
}

impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(MOST);
        if most == 0 {
            return Ok(0);
        }
        let read = self.0.with(move |stream| async move { stream.read_bytes(most).await });
        read.map(|octets| copy(&octets, buffer))
    }
}

impl Write for &TcpStream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let data = data[..data.len().min(MOST)].to_vec();
        let length = data.len();
        self.0.with(move |stream| async move { stream.write_all_bytes(data.into()).await })?;
        Ok(length)
    }

    /// Nothing to do: TCP sends by its own rules.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for TcpStream {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        (&*self).write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A UDP socket. Dropped, it closes.
#[derive(Debug)]
pub struct UdpSocket(Handle<net::UdpSocket>);

impl UdpSocket {
    /// A socket bound to `local`; port 0 picks one.
    ///
    /// # Errors
    /// When the address is not the host's, or the port is taken.
    pub fn bind(local: impl ToSocketAddrs + Send + 'static) -> io::Result<Self> {
        call(move || net::UdpSocket::bind(local)).map(|socket| Self(Handle::new(socket)))
    }

    /// Fixes the peer: only its datagrams are received, and its host's ICMP errors are reported.
    ///
    /// # Errors
    /// When there is no route.
    pub fn connect(&self, remote: impl ToSocketAddrs + Send + 'static) -> io::Result<()> {
        self.0.with(move |socket| async move { socket.connect(remote).await })
    }

    /// Sends a datagram to the peer.
    ///
    /// # Errors
    /// When there is no peer or no route, the datagram is too long, or an earlier one met an ICMP error.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        let data = data.to_vec();
        self.0.with(move |socket| async move { socket.send(&data).await })
    }

    /// Sends a datagram to `remote`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_to(&self, data: &[u8], remote: impl ToSocketAddrs + Send + 'static) -> io::Result<usize> {
        let data = data.to_vec();
        self.0.with(move |socket| async move { socket.send_to(&data, remote).await })
    }

    /// The next datagram; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// When a datagram sent earlier met an ICMP error.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).map(|(octets, _)| octets)
    }

    /// The next datagram and who sent it; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.0.with(|socket| async move { socket.recv_bytes().await });
        received.map(|(octets, from)| (copy(&octets, buffer), from))
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.now(net::UdpSocket::local_addr)
    }
}

/// Copies as much of `octets` as fits; how many that is.
pub(crate) fn copy(octets: &[u8], buffer: &mut [u8]) -> usize {
    let length = octets.len().min(buffer.len());
    buffer[..length].copy_from_slice(&octets[..length]);
    length
}
