//! The BSD calls by their own names, with the methods of Python's `socket.socket`. What each does, and how it fails, is said
//! at [`wirelab_stack::socket::net::bsd`]; here the calls wait by blocking. Outside of a blocking program all of it panics.

use std::io::{self, Read, Write};

pub use wirelab_stack::socket::bsd::*;
use wirelab_stack::socket::net::bsd as waiting;
use wirelab_stack::time::Duration;

use crate::handle::Handle;
use crate::net::copy;
use crate::program::call;

/// A socket. Dropped, it closes.
#[derive(Debug)]
pub struct Socket(Handle<waiting::Socket>);

/// A socket of a family, type and protocol.
///
/// # Errors
/// `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `ESOCKTNOSUPPORT`, `EINVAL`, `EMFILE`.
pub fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<Socket> {
    call(move || async move { waiting::socket(domain, kind, protocol) }).map(Socket::new)
}

/// Two sockets within the host that are each other's peers.
///
/// # Errors
/// As [`socket`]; `EOPNOTSUPP` for another family than `AF_UNIX`.
pub fn socketpair(domain: i32, kind: i32, protocol: i32) -> io::Result<(Socket, Socket)> {
    let pair = call(move || async move { waiting::socketpair(domain, kind, protocol) });
    pair.map(|(one, other)| (Socket::new(one), Socket::new(other)))
}

/// Connects to a host by name or address, trying each of its addresses, for at most `timeout` each.
///
/// # Errors
/// Why the last of them could not be connected to; or that nobody has the name.
pub fn create_connection((host, port): (&str, u16), timeout: Option<Duration>) -> io::Result<Socket> {
    let host = host.to_owned();
    call(move || async move { waiting::create_connection((&host, port), timeout).await }).map(Socket::new)
}

/// A socket that listens at `address`.
///
/// # Errors
/// `EADDRINUSE`, `EADDRNOTAVAIL`.
pub fn create_server(address: impl Into<Address>, backlog: i32, reuse_port: bool) -> io::Result<Socket> {
    let address = address.into();
    call(move || async move { waiting::create_server(address, backlog, reuse_port) }).map(Socket::new)
}

/// The addresses of a host and a service.
///
/// # Errors
/// [`GaiError`], as the source of an [`io::Error`].
pub fn getaddrinfo(node: Option<&str>, service: Option<&str>, hints: Hints) -> io::Result<Vec<AddressInfo>> {
    let (node, service) = (node.map(str::to_owned), service.map(str::to_owned));
    call(move || async move { waiting::getaddrinfo(node.as_deref(), service.as_deref(), hints) })
}

/// The addresses of IPv4 that a name has.
///
/// # Errors
/// As [`getaddrinfo`].
pub fn gethostbyname(name: &str) -> io::Result<Vec<core::net::Ipv4Addr>> {
    let name = name.to_owned();
    call(move || async move { waiting::gethostbyname(&name) })
}

/// Waits until something holds of one of `fds`, at most for `timeout`; says of how many something does.
///
/// # Errors
/// Never: what is no descriptor is told as `POLLNVAL`.
pub fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let mut asked = fds.to_vec();
    let (ready, answered) = call(move || async move {
        let ready = waiting::poll(&mut asked, timeout).await;
        (ready, asked)
    });
    fds.clone_from_slice(&answered);
    ready
}

/// Waits until one of `read` can be read, or one of `write` written, at most for `timeout`: says which.
///
/// # Errors
/// `EBADF` where one is no descriptor.
pub fn select(read: &[Fd], write: &[Fd], except: &[Fd], timeout: Option<Duration>) -> io::Result<Selected> {
    let (read, write, except) = (read.to_vec(), write.to_vec(), except.to_vec());
    call(move || async move { waiting::select(&read, &write, &except, timeout).await })
}

impl Socket {
    fn new(socket: waiting::Socket) -> Self {
        Self(Handle::new(socket))
    }

    /// Its number.
    pub fn fileno(&self) -> Fd {
        self.0.now(waiting::Socket::fileno)
    }

    /// How long each call waits at most; none is for ever, zero makes the socket one that does not block.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn settimeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.now(move |socket| socket.settimeout(timeout))
    }

    /// Whether calls wait, for ever: `settimeout` with none, or zero.
    ///
    /// # Errors
    /// As [`settimeout`](Self::settimeout).
    pub fn setblocking(&self, on: bool) -> io::Result<()> {
        self.0.now(move |socket| socket.setblocking(on))
    }

    /// Binds the socket.
    ///
    /// # Errors
    /// `EADDRINUSE`, `EADDRNOTAVAIL`, `EINVAL` where it is bound already.
    pub fn bind(&self, address: impl Into<Address>) -> io::Result<()> {
        let address = address.into();
        self.0.now(move |socket| socket.bind(address))
    }

    /// Has the socket listen.
    ///
    /// # Errors
    /// `EADDRINUSE`, `EOPNOTSUPP`, `EINVAL`.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        self.0.now(move |socket| socket.listen(backlog))
    }

    /// The next connection, and its peer's address.
    ///
    /// # Errors
    /// `EINVAL` where the socket does not listen, `EAGAIN` or a time-out where none comes.
    pub fn accept(&self) -> io::Result<(Self, Address)> {
        let accepted = self.0.with(|socket| async move { socket.accept().await });
        accepted.map(|(socket, peer)| (Self::new(socket), peer))
    }

    /// Connects the socket.
    ///
    /// # Errors
    /// `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `ENETUNREACH`, `EISCONN`, `EINPROGRESS`.
    pub fn connect(&self, address: impl Into<Address>) -> io::Result<()> {
        let address = address.into();
        self.0.with(move |socket| async move { socket.connect(address).await })
    }

    /// As [`connect`](Self::connect), with the number of the error instead of it; 0 where there is none.
    ///
    /// # Errors
    /// What is no error of the call's.
    pub fn connect_ex(&self, address: impl Into<Address>) -> io::Result<i32> {
        let address = address.into();
        self.0.with(move |socket| async move { socket.connect_ex(address).await })
    }

    /// Sends as much of `data` as there is room for.
    ///
    /// # Errors
    /// `EPIPE`, `ECONNRESET`, `ENOTCONN`, `EMSGSIZE`.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        let data = data.to_vec();
        self.0.with(move |socket| async move { socket.send(&data).await })
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn sendall(&self, data: &[u8]) -> io::Result<()> {
        let data = data.to_vec();
        self.0.with(move |socket| async move { socket.sendall(&data).await })
    }

    /// Sends a datagram to `address`.
    ///
    /// # Errors
    /// As [`send`](Self::send); `EISCONN` where there is another peer.
    pub fn sendto(&self, data: &[u8], address: impl Into<Address>) -> io::Result<usize> {
        let (data, address) = (data.to_vec(), address.into());
        self.0.with(move |socket| async move { socket.sendto(&data, address).await })
    }

    /// The next octets, or datagram, at most `most` octets of it; none at the end.
    ///
    /// # Errors
    /// `ECONNRESET`, `ENOTCONN`, `ECONNREFUSED`, `EAGAIN`.
    pub fn recv(&self, most: usize) -> io::Result<Vec<u8>> {
        self.0.with(move |socket| async move { socket.recv(most).await })
    }

    /// As [`recv`](Self::recv), with flags: `MSG_PEEK`, `MSG_WAITALL`, `MSG_DONTWAIT`, `MSG_TRUNC`.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_with(&self, most: usize, flags: i32) -> io::Result<Vec<u8>> {
        self.0.with(move |socket| async move { socket.recv_with(most, flags).await })
    }

    /// The next datagram, and who sent it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recvfrom(&self, most: usize) -> io::Result<(Vec<u8>, Option<Address>)> {
        self.0.with(move |socket| async move { socket.recvfrom(most).await })
    }

    /// Ends directions: `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`.
    ///
    /// # Errors
    /// `ENOTCONN`, `EINVAL`.
    pub fn shutdown(&self, how: i32) -> io::Result<()> {
        self.0.now(move |socket| socket.shutdown(how))
    }

    /// Closes the socket, and waits as `SO_LINGER` says; to drop it does not wait.
    ///
    /// # Errors
    /// `EBADF` where it was closed by its number.
    pub fn close(self) -> io::Result<()> {
        let socket = self.0.take();
        call(move || async move {
            match std::sync::Arc::into_inner(socket) {
                Some(socket) => socket.close().await,
                None => unreachable!("jobs have ended with the calls that made them"),
            }
        })
    }

    /// This end.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn getsockname(&self) -> io::Result<Address> {
        self.0.now(waiting::Socket::getsockname)
    }

    /// The other end.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn getpeername(&self) -> io::Result<Address> {
        self.0.now(waiting::Socket::getpeername)
    }

    /// Tells the socket something.
    ///
    /// # Errors
    /// `ENOPROTOOPT`, `EINVAL`.
    pub fn setsockopt(&self, level: i32, name: i32, value: impl Into<OptionValue>) -> io::Result<()> {
        let value = value.into();
        self.0.now(move |socket| socket.setsockopt(level, name, value))
    }

    /// What the socket was told.
    ///
    /// # Errors
    /// `ENOPROTOOPT`.
    pub fn getsockopt(&self, level: i32, name: i32) -> io::Result<OptionValue> {
        self.0.now(move |socket| socket.getsockopt(level, name))
    }

    /// The socket as a buffered file to read and write.
    pub fn makefile(&self) -> SocketFile<'_> {
        SocketFile { read: io::BufReader::new(Plain(self)), write: Plain(self) }
    }
}

/// A socket as a file, whose reading is buffered; see [`Socket::makefile`].
#[derive(Debug)]
pub struct SocketFile<'s> {
    read: io::BufReader<Plain<'s>>,
    write: Plain<'s>,
}

#[derive(Debug)]
struct Plain<'s>(&'s Socket);

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer.len()).map(|octets| copy(&octets, buffer))
    }
}

impl Read for SocketFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.read(buffer)
    }
}

impl io::BufRead for SocketFile<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.read.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.read.consume(amount);
    }
}

impl Write for SocketFile<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write.0.send(data)
    }

    /// Nothing to do: what is written is the socket's at once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
