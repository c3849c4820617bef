//! The BSD calls as a program writes them: sockets with the methods of Python's `socket.socket`, whose calls wait by
//! `await`.
//!
//! What a call does, and which error it ends with, is said at [`crate::socket::bsd::Bsd`]; the errors come as
//! [`io::Error`]s, of which [`Errno::of`] knows the name. Every name is here: `use wirelab_stack::socket::net::bsd::*`.
//! A socket that is dropped is closed, and a call whose future is dropped has not happened, or has happened whole.
//!
//! ```no_run
//! use wirelab_stack::socket::net::bsd::*;
//!
//! # async fn client() -> std::io::Result<()> {
//! let client = socket(AF_INET, SOCK_STREAM, 0)?;
//! client.connect(([10, 0, 0, 2], 6999)).await?;
//! client.sendall(b"hello").await?;
//! let answer = client.recv(1024).await?;
//! client.close().await?;
//! # Ok(())
//! # }
//! ```

mod calls;
mod file;
mod free;
mod waiting;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

pub use crate::socket::bsd::*;
pub use file::SocketFile;
pub use free::{
    create_connection, create_server, getaddrinfo, gethostbyname, poll, select, socket, socketpair,
};

use super::context;
use crate::frame::NodeId;
use crate::time::Duration;

/// No time-out, as a number of nanoseconds.
const FOR_EVER: u64 = u64::MAX;

/// A socket. Several tasks may use it at once; dropped, it closes.
#[derive(Debug)]
pub struct Socket {
    node: NodeId,
    fd: Fd,
    /// How long its calls wait, in nanoseconds; [`FOR_EVER`].
    timeout: AtomicU64,
}

impl Socket {
    const fn new(node: NodeId, fd: Fd) -> Self {
        Self { node, fd, timeout: AtomicU64::new(FOR_EVER) }
    }

    /// Its number.
    pub const fn fileno(&self) -> Fd {
        self.fd
    }

    /// How long each call waits at most, before it fails with [`io::ErrorKind::TimedOut`]; none is for ever, zero makes the
    /// socket one that does not block.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn settimeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout.store(timeout.map_or(FOR_EVER, Duration::as_nanos), Ordering::Relaxed);
        let flags = if timeout == Some(Duration::ZERO) { O_NONBLOCK } else { 0 };
        self.call(|bsd, fd| bsd.fcntl_setfl(fd, flags))
    }

    /// How long each call waits at most.
    pub fn gettimeout(&self) -> Option<Duration> {
        match self.timeout.load(Ordering::Relaxed) {
            FOR_EVER => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// Whether calls wait, for ever: `settimeout` with none, or zero.
    ///
    /// # Errors
    /// As [`settimeout`](Self::settimeout).
    pub fn setblocking(&self, on: bool) -> io::Result<()> {
        self.settimeout(if on { None } else { Some(Duration::ZERO) })
    }

    /// A call that never waits.
    #[track_caller]
    fn call<R>(&self, act: impl FnOnce(&mut Bsd<'_, '_>, Fd) -> Result<R, Errno>) -> io::Result<R> {
        context::call(Some(self.node), |host, ctx| act(&mut host.bsd(ctx), self.fd)).map_err(io::Error::from)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Outside of any seat the host itself is going, or has gone.
        let lines = context::try_with(|seat| {
            if seat.host.node() != self.node {
                return None;
            }
            let token = seat.drive(|host, ctx| {
                let mut bsd = host.bsd(ctx);
                let token = bsd.token(self.fd);
                // It may have been closed by its number.
                let _ = bsd.close(self.fd);
                token.ok().flatten()
            });
            token.and_then(|token| seat.waiters.remove(token))
        });
        drop(lines);
    }
}
