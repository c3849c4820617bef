//! Async sockets, shaped like `tokio::net` and implementing tokio's `AsyncRead` and `AsyncWrite`.
//!
//! A socket here is a number: it finds its host through the ambient [`context`], which an executor sets around
//! each poll. So sockets are `Send + Sync`, know nothing of any executor, and need no runtime. Dropping one closes
//! it, and dropping a future that waits leaves nothing behind.
//!
//! On an executor without tokio's runtime `tokio::select!` must be `biased`: its usual branch order is random.
//!
//! | where is … | look in |
//! |---|---|
//! | how a socket finds its host | [`context`] |
//! | TCP | [`TcpListener`], [`TcpStream`], [`TcpSocket`] |
//! | UDP | [`UdpSocket`] |
//! | sockets within the host | [`UnixListener`], [`UnixStream`], [`UnixDatagram`] |
//! | ICMP echo | [`EchoSocket`] |
//! | sockets by the BSD names | [`bsd`] |
//! | the host's interfaces and addresses | [`Interface`], [`configured`] |
//! | virtual time, and the date | [`time`] |
//! | the host's files | [`fs`] |
//! | standard input and output | [`stdio`] |
//! | names and addresses | [`ToSocketAddrs`], [`lookup_host`] |
//! | tasks on the same host | [`task`] |

mod addresses;
pub mod bsd;
pub mod context;
mod datagram;
mod datagram_ready;
mod echo;
pub mod fs;
mod halves;
mod listener;
mod multicast;
mod names;
mod ready;
mod sleepers;
mod socket;
mod socket_options;
mod split;
pub mod stdio;
mod stream;
mod stream_ready;
pub mod task;
pub mod time;
pub mod unix;
mod waiters;

/// Halves of a TCP connection, where tokio has them.
pub mod tcp {
    pub use super::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
}

pub use addresses::{Assigned, Interface, changed, configured, draw};
pub use datagram::{DatagramEvent, UdpSocket};
pub use echo::EchoSocket;
pub use listener::TcpListener;
pub use names::{ToSocketAddrs, lookup_host};
pub use socket_options::TcpSocket;
pub use split::{Duplex, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::TcpStream;
pub use task::{
    AbortHandle, JoinError, JoinHandle, Spawned, received, report, result, sent, spawn, yield_now,
};
pub use unix::{UnixDatagram, UnixListener, UnixStream};
pub use waiters::Waiting;

pub use crate::transport::Readiness as Interest;
pub use crate::transport::Readiness as Ready;
