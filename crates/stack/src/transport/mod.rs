//! The transport layer: TCP, UDP, and the ports they share a way of choosing; and sockets within a host.
//!
//! It imports the core modules and the network layer's types, nothing above. Sockets wait by token: a call that
//! would block notes what the caller waits for, and a later event puts one [`Wake`] on the list that the host's
//! driver takes.

use core::fmt;
use core::net::IpAddr;

use crate::frame::{Checksum, Frame, FrameId, InterfaceId};
use crate::network::options::List;
use crate::network::route::NoWay;
use crate::trace::DropReason;

pub mod descriptors;
pub mod echo;
pub mod errors;
mod inbox;
pub mod listing;
mod ports;
pub mod raw;
mod sent;
pub mod slots;
mod spread;
pub mod tcp;
mod trouble;
pub mod udp;
pub mod unix;

pub use trouble::{Report, Trouble};

/// A socket's place in its table, and which of that place's tenants it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// Place in the table.
    pub index: u32,
    /// Counts the tenants of that place.
    pub generation: u32,
}

/// A socket of a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SocketId {
    /// A TCP connection.
    Tcp(Key),
    /// A TCP listener.
    Listener(Key),
    /// A TCP socket that is bound, and neither listens nor has a peer yet.
    Bound(Key),
    /// A UDP socket.
    Udp(Key),
    /// An ICMP echo socket.
    Icmp(Key),
    /// A raw socket, or one of datagrams of ICMP.
    Raw(Key),
    /// A socket within the host.
    Unix(Key),
    /// No socket: the host's own addresses, for whoever waits until one comes or goes.
    Addresses,
}

/// What a socket is ready for, or what its owner waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Data, a connection to accept, end of stream, or an error to read.
    pub const READ: Self = Self(1);
    /// Room to send, a connection established, or an error to read.
    pub const WRITE: Self = Self(2);
    /// Both.
    pub const BOTH: Self = Self(3);
    /// As [`READ`](Self::READ), by tokio's name.
    pub const READABLE: Self = Self::READ;
    /// As [`WRITE`](Self::WRITE), by tokio's name.
    pub const WRITABLE: Self = Self::WRITE;

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in it and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Takes out what is in both; `None` where nothing is.
    pub(crate) const fn take(&mut self, other: Self) -> Option<Self> {
        let both = self.and(other);
        *self = self.without(both);
        if both.is_none() { None } else { Some(both) }
    }

    /// Puts in what is in `other`. Whether not all of it was there.
    pub(crate) const fn put(&mut self, other: Self) -> bool {
        let had = self.contains(other);
        *self = self.or(other);
        !had
    }

    /// Whether nothing is in it.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// As [`is_none`](Self::is_none), by tokio's name.
    pub const fn is_empty(self) -> bool {
        self.is_none()
    }

    /// Whether reading is in it.
    pub const fn is_readable(self) -> bool {
        self.contains(Self::READ)
    }

    /// Whether writing is in it.
    pub const fn is_writable(self) -> bool {
        self.contains(Self::WRITE)
    }

    /// As [`or`](Self::or), by tokio's name.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        self.or(other)
    }
}

impl core::ops::BitOr for Readiness {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

/// A socket became ready for what its owner waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wake {
    /// Which socket.
    pub socket: SocketId,
    /// For what.
    pub readiness: Readiness,
}

/// Why a socket call failed. The names are POSIX's, spelt out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SocketError {
    /// `EWOULDBLOCK`: not now; the caller is noted as waiting.
    WouldBlock,
    /// `ECONNREFUSED`: a reset answered the SYN, or ICMP port unreachable the datagram.
    ConnectionRefused,
    /// `ECONNRESET`: the peer reset the connection.
    ConnectionReset,
    /// `ECONNABORTED`: this end aborted the connection.
    ConnectionAborted,
    /// `ETIMEDOUT`: no answer within R2.
    TimedOut,
    /// `EHOSTUNREACH`: the next hop does not answer, or ICMP says so.
    HostUnreachable,
    /// `ENETUNREACH`: no route, or ICMP says so.
    NetworkUnreachable,
    /// `EADDRINUSE`: the address and port are taken.
    AddressInUse,
    /// `EADDRNOTAVAIL`: the address is not this host's, or all ports are taken.
    AddressNotAvailable,
    /// `ENOTCONN`: the socket has no peer.
    NotConnected,
    /// `EISCONN`: the socket has a peer already.
    AlreadyConnected,
    /// `EPIPE`: this direction was shut down.
    BrokenPipe,
    /// `EMSGSIZE`: longer than a datagram can be.
    MessageTooLong,
    /// `EINVAL`: the arguments make no sense together.
    InvalidInput,
    /// `EACCES`: a broadcast without permission.
    PermissionDenied,
    /// `EBADF`: no such socket (any more).
    BadDescriptor,
    /// `ENOBUFS`: a table or queue is at its bound.
    NoBuffers,
    /// `EPROTO`: ICMP says that a header was wrong.
    ProtocolError,
    /// `EOPNOTSUPP`: sockets of that type have no such call.
    NotSupported,
    /// `ENOENT`: nothing has that name.
    NotFound,
    /// `EPROTOTYPE`: what has that name is a socket of another type.
    WrongType,
    /// `EPERM`: the socket that has that name takes nothing from this one.
    NotPermitted,
}

impl SocketError {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::WouldBlock,
        Self::ConnectionRefused,
        Self::ConnectionReset,
        Self::ConnectionAborted,
        Self::TimedOut,
        Self::HostUnreachable,
        Self::NetworkUnreachable,
        Self::AddressInUse,
        Self::AddressNotAvailable,
        Self::NotConnected,
        Self::AlreadyConnected,
        Self::BrokenPipe,
        Self::MessageTooLong,
        Self::InvalidInput,
        Self::PermissionDenied,
        Self::BadDescriptor,
        Self::NoBuffers,
        Self::ProtocolError,
        Self::NotSupported,
        Self::NotFound,
        Self::WrongType,
        Self::NotPermitted,
    ];

    /// POSIX's name: `ECONNREFUSED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WouldBlock => "EWOULDBLOCK",
            Self::ConnectionRefused => "ECONNREFUSED",
            Self::ConnectionReset => "ECONNRESET",
            Self::ConnectionAborted => "ECONNABORTED",
            Self::TimedOut => "ETIMEDOUT",
            Self::HostUnreachable => "EHOSTUNREACH",
            Self::NetworkUnreachable => "ENETUNREACH",
            Self::AddressInUse => "EADDRINUSE",
            Self::AddressNotAvailable => "EADDRNOTAVAIL",
            Self::NotConnected => "ENOTCONN",
            Self::AlreadyConnected => "EISCONN",
            Self::BrokenPipe => "EPIPE",
            Self::MessageTooLong => "EMSGSIZE",
            Self::InvalidInput => "EINVAL",
            Self::PermissionDenied => "EACCES",
            Self::BadDescriptor => "EBADF",
            Self::NoBuffers => "ENOBUFS",
            Self::ProtocolError => "EPROTO",
            Self::NotSupported => "EOPNOTSUPP",
            Self::NotFound => "ENOENT",
            Self::WrongType => "EPROTOTYPE",
            Self::NotPermitted => "EPERM",
        }
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldBlock => "the operation would block",
            Self::ConnectionRefused => "connection refused",
            Self::ConnectionReset => "connection reset by peer",
            Self::ConnectionAborted => "connection aborted",
            Self::TimedOut => "connection timed out",
            Self::HostUnreachable => "no route to host",
            Self::NetworkUnreachable => "network is unreachable",
            Self::AddressInUse => "address already in use",
            Self::AddressNotAvailable => "address not available",
            Self::NotConnected => "socket is not connected",
            Self::AlreadyConnected => "socket is already connected",
            Self::BrokenPipe => "broken pipe",
            Self::MessageTooLong => "message too long",
            Self::InvalidInput => "invalid argument",
            Self::PermissionDenied => "permission denied",
            Self::BadDescriptor => "bad socket",
            Self::NoBuffers => "no buffer space available",
            Self::ProtocolError => "protocol error",
            Self::NotSupported => "operation not supported",
            Self::NotFound => "no such file or directory",
            Self::WrongType => "protocol wrong type for socket",
            Self::NotPermitted => "operation not permitted",
        })
    }
}

impl core::error::Error for SocketError {}

impl From<NoWay> for SocketError {
    /// What Linux says for each kind of route.
    fn from(reason: NoWay) -> Self {
        match reason {
            NoWay::NoRoute => Self::NetworkUnreachable,
            NoWay::Blackhole => Self::InvalidInput,
            NoWay::Unreachable => Self::HostUnreachable,
            NoWay::Prohibited => Self::PermissionDenied,
        }
    }
}

impl From<SocketError> for std::io::Error {
    fn from(error: SocketError) -> Self {
        use std::io::ErrorKind as Kind;
        let kind = match error {
            SocketError::WouldBlock => Kind::WouldBlock,
            SocketError::ConnectionRefused => Kind::ConnectionRefused,
            SocketError::ConnectionReset => Kind::ConnectionReset,
            SocketError::ConnectionAborted => Kind::ConnectionAborted,
            SocketError::TimedOut => Kind::TimedOut,
            SocketError::HostUnreachable => Kind::HostUnreachable,
            SocketError::NetworkUnreachable => Kind::NetworkUnreachable,
            SocketError::AddressInUse => Kind::AddrInUse,
            SocketError::AddressNotAvailable => Kind::AddrNotAvailable,
            SocketError::NotConnected | SocketError::BadDescriptor => Kind::NotConnected,
            SocketError::AlreadyConnected | SocketError::InvalidInput | SocketError::MessageTooLong => {
                Kind::InvalidInput
            }
            SocketError::BrokenPipe => Kind::BrokenPipe,
            SocketError::PermissionDenied | SocketError::NotPermitted => Kind::PermissionDenied,
            SocketError::NoBuffers => Kind::OutOfMemory,
            SocketError::NotSupported => Kind::Unsupported,
            SocketError::NotFound => Kind::NotFound,
            SocketError::ProtocolError | SocketError::WrongType => Kind::Other,
        };
        Self::new(kind, error)
    }
}

/// What the network layer tells the transport about a packet that it accepted.
#[derive(Clone, Copy, Debug)]
pub struct IpInfo {
    /// Who sent it.
    pub source: IpAddr,
    /// One of this host's addresses, or a broadcast or multicast one that it listens to.
    pub destination: IpAddr,
    /// Whether `destination` is one of this host's own unicast addresses.
    pub to_unicast: bool,
    /// Where it came in.
    pub interface: InterfaceId,
    /// Its TTL as received.
    pub ttl: u8,
    /// Its type of service: DSCP (RFC 2474 §3) and ECN (RFC 3168 §5).
    pub tos: u8,
    /// Octets of its IP options, which stand in front of what the transport is given.
    pub options_length: u8,
    /// State of its transport checksum.
    pub checksum: Checksum,
    /// For a super-frame: payload octets of each segment.
    pub segment_size: Option<u16>,
    /// The frame that carried it.
    pub frame: FrameId,
}

impl IpInfo {
    /// Its IP options. Of the frame `stripped` octets have been taken off since the IP header.
    pub fn options(&self, frame: &Frame, stripped: usize) -> List {
        let octets = frame.stripped(stripped + usize::from(self.options_length));
        octets
            .get(..self.options_length.into())
            .and_then(|octets| List::read(octets).ok())
            .unwrap_or_default()
    }
}

/// The way to a destination, resolved down to the next hop.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The path's MTU in octets of the IP packet, as far as it is known.
    pub mtu: u16,
    /// The MTU of its first link.
    pub link_mtu: u16,
    /// Whether the link computes transport checksums: `Checksum::Partial` is enough.
    pub transmit_checksum: bool,
    /// The longest super-frame in octets of the IP packet, zero where segments go one a frame.
    pub max_super_frame: u32,
}

/// What became of a segment, datagram or message that was handed to a transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was taken.
    Accepted,
    /// It was dropped; nothing is owed to the sender, or the transport has queued what is.
    Dropped(DropReason),
    /// It was dropped, and the network layer should tell the sender that the port is unreachable.
    PortUnreachable,
}

impl From<NoWay> for Trouble {
    fn from(reason: NoWay) -> Self {
        match reason {
            NoWay::NoRoute => Self::NetworkUnreachable,
            NoWay::Blackhole | NoWay::Unreachable => Self::HostUnreachable,
            NoWay::Prohibited => Self::Prohibited,
        }
    }
}
