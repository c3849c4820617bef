//! What belongs to no socket: opening them, waiting for several, names.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use super::{
    AF_INET, Address, AddressInfo, Errno, Fd, Hints, POLLIN, POLLOUT, PollFd, SO_REUSEADDR, SO_REUSEPORT,
    SOCK_STREAM, SOL_SOCKET, Selected, Socket,
};
use crate::socket::net::context;
use crate::socket::net::time::sleep;
use crate::time::Duration;
use crate::transport::{Readiness, SocketId};

/// A socket of a family, type and protocol.
///
/// # Errors
/// `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `ESOCKTNOSUPPORT`, `EINVAL`, `EMFILE`.
///
/// # Panics
/// Outside of a task.
#[track_caller]
pub fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<Socket> {
    let opened = context::call(None, |host, ctx| {
        let node = host.node();
        host.bsd(ctx).socket(domain, kind, protocol).map(|fd| Socket::new(node, fd))
    });
    let socket = opened?;
    if kind & super::SOCK_NONBLOCK != 0 {
        socket.setblocking(false)?;
    }
    Ok(socket)
}

/// Two sockets within the host that are each other's peers.
///
/// # Errors
/// As [`socket`]; `EOPNOTSUPP` for another family than `AF_UNIX`.
///
/// # Panics
/// Outside of a task.
#[track_caller]
pub fn socketpair(domain: i32, kind: i32, protocol: i32) -> io::Result<(Socket, Socket)> {
    let opened = context::call(None, |host, ctx| {
        let node = host.node();
        let (one, other) = host.bsd(ctx).socketpair(domain, kind, protocol)?;
        Ok::<_, Errno>((Socket::new(node, one), Socket::new(node, other)))
    });
    Ok(opened?)
}

/// The addresses of a host and a service.
///
/// # Errors
/// [`GaiError`](super::GaiError), as the source of an [`io::Error`].
///
/// # Panics
/// Outside of a task.
#[track_caller]
pub fn getaddrinfo(node: Option<&str>, service: Option<&str>, hints: Hints) -> io::Result<Vec<AddressInfo>> {
    Ok(context::call(None, |host, ctx| host.bsd(ctx).getaddrinfo(node, service, hints))?)
}

/// The addresses of IPv4 that a name has.
///
/// # Errors
/// As [`getaddrinfo`].
///
/// # Panics
/// Outside of a task.
#[track_caller]
pub fn gethostbyname(name: &str) -> io::Result<Vec<core::net::Ipv4Addr>> {
    Ok(context::call(None, |host, ctx| host.bsd(ctx).gethostbyname(name))?)
}

/// Connects to a host by name or address, trying each of its addresses, for at most `timeout` each; the socket keeps the
/// time-out.
///
/// # Errors
/// Why the last of them could not be connected to; or that nobody has the name.
pub async fn create_connection((host, port): (&str, u16), timeout: Option<Duration>) -> io::Result<Socket> {
    let hints = Hints { kind: SOCK_STREAM, ..Hints::default() };
    let mut failure = Errno::EADDRNOTAVAIL.into();
    for found in getaddrinfo(Some(host), Some(&port.to_string()), hints)? {
        let socket = socket(found.family, found.kind, found.protocol)?;
        socket.settimeout(timeout)?;
        match socket.connect(found.address).await {
            Ok(()) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// A socket that listens at `address`, which it may have though connections of an earlier server still do; with
/// `reuse_port`, beside others that say so too.
///
/// # Errors
/// `EADDRINUSE`, `EADDRNOTAVAIL`.
pub fn create_server(address: impl Into<Address>, backlog: i32, reuse_port: bool) -> io::Result<Socket> {
    let server = socket(AF_INET, SOCK_STREAM, 0)?;
    server.setsockopt(SOL_SOCKET, SO_REUSEADDR, true)?;
    if reuse_port {
        server.setsockopt(SOL_SOCKET, SO_REUSEPORT, true)?;
    }
    server.bind(address)?;
    server.listen(backlog)?;
    Ok(server)
}

/// Waits until something holds of one of `fds`, at most for `timeout`; says of how many something does.
///
/// # Errors
/// Never: what is no descriptor is told as `POLLNVAL`.
///
/// # Panics
/// Outside of a task.
pub async fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let asked: Vec<(Fd, i16)> = fds.iter().map(|asked| (asked.fd, asked.events)).collect();
    wait(&asked, timeout, |bsd| {
        let ready = bsd.poll(fds);
        Ok((ready > 0).then_some(ready))
    })
    .await
    .map(Option::unwrap_or_default)
}

/// Waits until one of `read` can be read, or one of `write` written, at most for `timeout`: says which; none when the time
/// is up.
///
/// # Errors
/// `EBADF` where one is no descriptor.
///
/// # Panics
/// Outside of a task.
pub async fn select(
    read: &[Fd],
    write: &[Fd],
    except: &[Fd],
    timeout: Option<Duration>,
) -> io::Result<Selected> {
    let reading = read.iter().map(|fd| (*fd, POLLIN));
    let asked: Vec<(Fd, i16)> = reading.chain(write.iter().map(|fd| (*fd, POLLOUT))).collect();
    let selected = wait(&asked, timeout, |bsd| {
        let selected = bsd.select(read, write, except)?;
        Ok((!selected.is_empty()).then_some(selected))
    });
    selected.await.map(Option::unwrap_or_default)
}

/// Asks again whenever one of the descriptors has become ready, until there is an answer or the time is up.
async fn wait<R>(
    asked: &[(Fd, i16)],
    timeout: Option<Duration>,
    mut ask: impl FnMut(&mut super::Bsd<'_, '_>) -> Result<Option<R>, Errno>,
) -> io::Result<Option<R>> {
    let mut clock = timeout.map(sleep);
    let mut noted = Noted(Vec::new());
    poll_fn(|cx: &mut Context<'_>| {
        let answer = context::call(None, |host, ctx| ask(&mut host.bsd(ctx)));
        match answer {
            Ok(None) => {}
            answer => return Poll::Ready(answer.map_err(io::Error::from)),
        }
        noted.forget();
        context::with(|seat| {
            for (fd, events) in asked {
                let token = seat.drive(|host, ctx| host.bsd(ctx).token(*fd));
                let Ok(Some(socket)) = token else { continue };
                let readiness = if *events == POLLOUT { Readiness::WRITE } else { Readiness::BOTH };
                let task = seat.register(socket, readiness, cx.waker());
                noted.0.push((socket, task));
            }
        });
        match &mut clock {
            Some(clock) => Pin::new(clock).poll(cx).map(|()| Ok(None)),
            None => Poll::Pending,
        }
    })
    .await
}

/// The sockets that are waited for, and by which task; it waits no more when this is dropped.
struct Noted(Vec<(SocketId, u64)>);

impl Noted {
    fn forget(&mut self) {
        if self.0.is_empty() {
            return;
        }
        context::try_with(|seat| {
            for (socket, task) in self.0.drain(..) {
                seat.waiters.forget(socket, Readiness::BOTH, task);
            }
        });
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.forget();
    }
}
