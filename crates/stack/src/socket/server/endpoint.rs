//! What servers of the several kinds of sockets do differently.

use core::fmt::{Debug, Display};
use core::net;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::socket::net::unix::{self, UnixDatagram, UnixListener, UnixStream};
use crate::socket::net::{TcpListener, TcpStream, UdpSocket};
use crate::time::Duration;
use crate::transport::SocketId;
use crate::transport::tcp::Sharing;
use crate::transport::udp::Binding;

/// What a server can be told before it is bound: the attributes of Python's classes, with their values there.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that may wait to be accepted.
    pub request_queue_size: usize,
    /// Whether the address may be one that connections of an earlier server still have (`SO_REUSEADDR`).
    pub allow_reuse_address: bool,
    /// Whether other servers that say so too may have the same port (`SO_REUSEPORT`).
    pub allow_reuse_port: bool,
    /// The longest datagram in octets that is received whole; of a longer one the rest is lost.
    pub max_packet_size: usize,
    /// How long [`handle_request`](super::BaseServer::handle_request) waits.
    pub timeout: Option<Duration>,
    /// How often [`service_actions`](super::ServerHooks::service_actions) is called while nothing comes. `None`: after
    /// requests only, so that a server to which nothing happens does nothing.
    pub poll_interval: Option<Duration>,
    /// Whether each request has a task of its own.
    pub threading: Option<Threading>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            request_queue_size: 5,
            allow_reuse_address: false,
            allow_reuse_port: false,
            max_packet_size: 8192,
            timeout: None,
            poll_interval: None,
            threading: None,
        }
    }
}

/// Several requests at once: Python's `ThreadingMixIn`, with tasks for threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Threading {
    /// Requests that are processed at once; the next waits until one of them has ended.
    pub max: usize,
    /// Whether the tasks end with the server. If not, they go on when it is closed.
    pub daemon_threads: bool,
    /// Whether [`server_close`](super::BaseServer::server_close) waits for the tasks; daemons are not waited for.
    pub block_on_close: bool,
}

impl Default for Threading {
    fn default() -> Self {
        Self { max: 1024, daemon_threads: false, block_on_close: true }
    }
}

/// Where a server's requests come from.
pub trait Endpoint: Sized + 'static {
    /// What it is bound to, and where requests come from.
    type Address: Clone + Debug + Display + 'static;
    /// A request.
    type Request: 'static;
    /// The family of its addresses: `AF_INET`, `AF_UNIX`.
    const ADDRESS_FAMILY: &'static str;
    /// The type of its socket: `SOCK_STREAM`, `SOCK_DGRAM`.
    const SOCKET_TYPE: &'static str;

    /// A socket that is bound, and listens where that is needed (`server_bind`, `server_activate`).
    ///
    /// # Errors
    /// When it cannot be.
    fn server_bind(address: &Self::Address, options: &Options) -> io::Result<Self>;

    /// Where it is bound: with the port that was picked.
    ///
    /// # Errors
    /// When it is closed.
    fn server_address(&self) -> io::Result<Self::Address>;

    /// Its number on the host.
    fn fileno(&self) -> SocketId;

    /// The next request.
    ///
    /// # Errors
    /// When there can be none any more.
    fn get_request(
        &self,
        options: &Options,
    ) -> impl Future<Output = io::Result<(Self::Request, Self::Address)>>;
}

/// Where a TCP server's connections come from.
#[derive(Debug)]
pub struct TcpEndpoint(TcpListener);

impl Endpoint for TcpEndpoint {
    type Address = net::SocketAddr;
    type Request = TcpStream;
    const ADDRESS_FAMILY: &'static str = "AF_INET";
    const SOCKET_TYPE: &'static str = "SOCK_STREAM";

    fn server_bind(address: &Self::Address, options: &Options) -> io::Result<Self> {
        let sharing =
            Sharing { address: options.allow_reuse_address, port: options.allow_reuse_port, device: None };
        TcpListener::sharing(*address, sharing, options.request_queue_size).map(Self)
    }

    fn server_address(&self) -> io::Result<Self::Address> {
        self.0.local_addr()
    }

    fn fileno(&self) -> SocketId {
        self.0.id()
    }

    async fn get_request(&self, _: &Options) -> io::Result<(Self::Request, Self::Address)> {
        self.0.accept().await
    }
}

/// Where a server's connections within the host come from.
#[derive(Debug)]
pub struct UnixStreamEndpoint(UnixListener);

impl Endpoint for UnixStreamEndpoint {
    type Address = unix::SocketAddr;
    type Request = UnixStream;
    const ADDRESS_FAMILY: &'static str = "AF_UNIX";
    const SOCKET_TYPE: &'static str = "SOCK_STREAM";

    fn server_bind(address: &Self::Address, options: &Options) -> io::Result<Self> {
        UnixListener::bind_addr(address, options.request_queue_size).map(Self)
    }

    fn server_address(&self) -> io::Result<Self::Address> {
        self.0.local_addr()
    }

    fn fileno(&self) -> SocketId {
        self.0.id()
    }

    async fn get_request(&self, _: &Options) -> io::Result<(Self::Request, Self::Address)> {
        self.0.accept().await
    }
}

/// A socket by which datagrams can be answered.
pub trait DatagramSocket: Clone + 'static {
    /// Where datagrams come from.
    type Address: 'static;

    /// Sends a datagram.
    ///
    /// # Errors
    /// When it cannot be sent there.
    fn send(&self, data: &[u8], to: &Self::Address) -> impl Future<Output = io::Result<()>>;
}

impl DatagramSocket for Arc<UdpSocket> {
    type Address = net::SocketAddr;

    async fn send(&self, data: &[u8], to: &Self::Address) -> io::Result<()> {
        self.send_to(data, *to).await.map(drop)
    }
}

impl DatagramSocket for Arc<UnixDatagram> {
    type Address = unix::SocketAddr;

    async fn send(&self, data: &[u8], to: &Self::Address) -> io::Result<()> {
        self.send_to_addr(data, to).await.map(drop)
    }
}

/// A datagram as a request, cut to the longest packet.
fn request<S, A>((mut packet, from): (Bytes, A), socket: &Arc<S>, options: &Options) -> ((Bytes, Arc<S>), A) {
    packet.truncate(options.max_packet_size);
    ((packet, Arc::clone(socket)), from)
}

/// Where a UDP server's datagrams come from.
#[derive(Debug)]
pub struct UdpEndpoint(Arc<UdpSocket>);

impl Endpoint for UdpEndpoint {
    type Address = net::SocketAddr;
    type Request = (Bytes, Arc<UdpSocket>);
    const ADDRESS_FAMILY: &'static str = "AF_INET";
    const SOCKET_TYPE: &'static str = "SOCK_DGRAM";

    fn server_bind(address: &Self::Address, options: &Options) -> io::Result<Self> {
        let Options { allow_reuse_address: share, allow_reuse_port: spread, .. } = *options;
        UdpSocket::bound(*address, Binding { share, spread, ..Binding::default() })
            .map(|socket| Self(Arc::new(socket)))
    }

    fn server_address(&self) -> io::Result<Self::Address> {
        self.0.local_addr()
    }

    fn fileno(&self) -> SocketId {
        self.0.id()
    }

    async fn get_request(&self, options: &Options) -> io::Result<(Self::Request, Self::Address)> {
        Ok(request(self.0.recv_bytes().await?, &self.0, options))
    }
}

/// Where a server's datagrams within the host come from.
#[derive(Debug)]
pub struct UnixDatagramEndpoint(Arc<UnixDatagram>);

impl Endpoint for UnixDatagramEndpoint {
    type Address = unix::SocketAddr;
    type Request = (Bytes, Arc<UnixDatagram>);
    const ADDRESS_FAMILY: &'static str = "AF_UNIX";
    const SOCKET_TYPE: &'static str = "SOCK_DGRAM";

    fn server_bind(address: &Self::Address, _: &Options) -> io::Result<Self> {
        UnixDatagram::bind_addr(address).map(|socket| Self(Arc::new(socket)))
    }

    fn server_address(&self) -> io::Result<Self::Address> {
        self.0.local_addr()
    }

    fn fileno(&self) -> SocketId {
        self.0.id()
    }

    async fn get_request(&self, options: &Options) -> io::Result<(Self::Request, Self::Address)> {
        Ok(request(self.0.recv_bytes().await?, &self.0, options))
    }
}
