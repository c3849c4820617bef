//! Sockets within the host, shaped like `tokio::net`'s: paths live in the host's own name space until they are unlinked.
//! A path that begins with a NUL is an abstract name, as it is in tokio on Linux.

mod datagram;
mod listener;
mod stream;

use std::io;
use std::path::Path;

pub use datagram::UnixDatagram;
pub use listener::UnixListener;
pub use stream::UnixStream;

pub use crate::transport::unix::{Address as SocketAddr, Credentials as UCred};

use super::{context, split};

/// The reading half of a stream, borrowed.
pub type ReadHalf<'a> = split::ReadHalf<'a, UnixStream>;

/// The writing half of a stream, borrowed.
pub type WriteHalf<'a> = split::WriteHalf<'a, UnixStream>;

/// The reading half of a stream, owned.
pub type OwnedReadHalf = split::OwnedReadHalf<UnixStream>;

/// The writing half of a stream, owned. Dropped, it closes its direction.
pub type OwnedWriteHalf = split::OwnedWriteHalf<UnixStream>;

/// Two halves of different streams, given back.
pub type ReuniteError = split::ReuniteError<UnixStream>;

/// Where `path` leads.
fn address(path: impl AsRef<Path>) -> io::Result<SocketAddr> {
    let octets = path.as_ref().as_os_str().as_encoded_bytes();
    if octets.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path of a socket is empty"));
    }
    SocketAddr::of_sun_path(octets).map_err(io::Error::from)
}

/// Takes the path of a socket out of the host's name space, so that another can be bound there. Who is connected by it
/// stays so.
///
/// # Errors
/// When there is no such path.
#[track_caller]
pub fn unlink(path: impl AsRef<Path>) -> io::Result<()> {
    let octets = path.as_ref().as_os_str().as_encoded_bytes();
    context::call(None, |host, _| host.unix_unlink(octets)).map_err(io::Error::from)
}
