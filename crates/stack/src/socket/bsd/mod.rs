//! The BSD calls, by their own names, on a host: errors are POSIX's, numbers and what comes of a call Linux's.
//!
//! Nothing here blocks. A call that cannot be done now returns [`Errno::EAGAIN`] (a `connect` that has been begun
//! [`Errno::EINPROGRESS`]), and notes what its caller waits for: [`Bsd::token`] says by which [`SocketId`](crate::transport::SocketId) the host's
//! [`Wake`](crate::transport::Wake) will name it. Faces that wait stand on these calls: [`net::bsd`](super::net::bsd) is
//! the async one.
//!
//! ```
//! # use wirelab_stack::{addr::Mac, context::{Ctx, Unobserved}, frame::NodeId, host::{Host, HostConfig}};
//! # use wirelab_stack::{interface::InterfaceConfig, rng::Rng, time::Instant};
//! use wirelab_stack::socket::bsd::*;
//! # let interface = InterfaceConfig::new("eth0", Mac([2, 0, 0, 0, 0, 1]), vec!["10.0.0.1/24".parse()?]);
//! # let mut rng = Rng::stream(1, "host", "stack");
//! # let mut host = Host::new(HostConfig::new("host", NodeId(1), interface), &mut rng)?;
//! # let mut nobody = Unobserved;
//! # let mut ctx = Ctx::new(Instant::ZERO, &mut rng, &mut nobody);
//! let mut bsd = host.bsd(&mut ctx);
//! let server = bsd.socket(AF_INET, SOCK_STREAM, 0)?;
//! bsd.setsockopt(server, SOL_SOCKET, SO_REUSEADDR, true)?;
//! bsd.bind(server, ([10, 0, 0, 1], 6999))?;
//! bsd.listen(server, 5)?;
//! assert_eq!(bsd.accept(server), Err(Errno::EAGAIN));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `constants` | families, types, flags, options: names with Linux's numbers |
//! | `errno` | the errors |
//! | `address` | what a socket is bound or connected to |
//! | `open` | `socket`, `close`, `fcntl`, `getsockname`, `getpeername` |
//! | `attach` | `bind`, `listen`, `accept`, `connect`, `shutdown` |
//! | `send`, `receive` | what moves data, with its flags and control data |
//! | `names` | `getaddrinfo`, `gethostbyname` |
//! | `readiness` | `poll`, `select` |
//! | `raw` | all of them on raw sockets, and on those of ICMP's datagrams |
//! | `unix` | all of them on sockets within the host, and `socketpair` |
//! | `options`, `stream_options`, `value` | `setsockopt`, `getsockopt` |

mod address;
mod attach;
mod constants;
mod errno;
mod names;
mod open;
mod options;
mod raw;
mod readiness;
mod receive;
mod send;
mod stream_options;
#[cfg(test)]
mod tests;
mod unix;
mod value;

pub use crate::transport::descriptors::Fd;
pub use address::Address;
pub use constants::*;
pub use errno::Errno;
pub use names::{AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE, AddressInfo, GaiError, Hints};
pub use readiness::{PollFd, Selected};
pub use receive::{Control, ErrorOrigin, Received};
pub use value::{Membership, OptionValue};

use crate::context::Ctx;
use crate::host::Host;

/// A host's calls. Made for a few calls at a time by [`Host::bsd`].
pub struct Bsd<'a, 'c> {
    host: &'a mut Host,
    ctx: &'a mut Ctx<'c>,
}

impl Host {
    /// The BSD calls on this host.
    pub const fn bsd<'a, 'c>(&'a mut self, ctx: &'a mut Ctx<'c>) -> Bsd<'a, 'c> {
        Bsd { host: self, ctx }
    }
}
