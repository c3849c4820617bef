//! One UDP socket: its ends and its receive queue.

use core::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::{Binding, Multicast};
use crate::frame::InterfaceId;
use crate::network::options::List;
use crate::network::sending::Sending;
use crate::transport::errors::Errors;
use crate::transport::inbox::Inbox;
use crate::transport::sent::Sent;
use crate::transport::{Key, Readiness};

/// A datagram that was received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// Who sent it.
    pub from: SocketAddr,
    /// What it carried.
    pub payload: Bytes,
    /// To which of this host's addresses, or of its groups' (`IP_PKTINFO`).
    pub to: IpAddr,
    /// By which interface it came.
    pub interface: InterfaceId,
    /// Its TTL (`IP_RECVTTL`).
    pub ttl: u8,
    /// Its type of service: DSCP (RFC 2474 §3) and ECN (`IP_RECVTOS`).
    pub tos: u8,
    /// Its IP options (`IP_RECVOPTS`), in their order.
    pub options: Option<Box<List>>,
}

/// A socket.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its own name.
    pub key: Key,
    /// The address that it was bound to: what other sockets must not overlap.
    pub bound: IpAddr,
    /// This end. Bound to all addresses, it gets one of them when it gets a peer.
    pub local: SocketAddr,
    /// The peer, whose datagrams alone are received.
    pub remote: Option<SocketAddr>,
    /// By which interface alone, and beside whom.
    pub binding: Binding,
    /// Octets that its queue may hold, where its owner has said so (`SO_RCVBUF`).
    pub receive_buffer: Option<usize>,
    /// Octets of payload that it may send at once, where its owner has said so (`SO_SNDBUF`).
    pub longest: Option<usize>,
    /// Whether broadcasts may be sent.
    pub broadcast: bool,
    /// What it wants of groups, and how it sends to them.
    pub multicast: Multicast,
    /// What was said of what it sent.
    pub errors: Errors,
    /// What the owner waits for.
    pub waiting: Readiness,
    /// What waits to be received.
    pub inbox: Inbox,
    /// What its owner wants of the packets that it sends.
    pub sending: Sending,
    /// The datagrams that it sent last, by their destinations.
    pub sent: Sent<SocketAddr>,
}

impl Socket {
    /// A socket bound to `local`.
    pub fn new(key: Key, local: SocketAddr, binding: Binding) -> Self {
        Self {
            key,
            bound: local.ip(),
            local,
            remote: None,
            binding,
            receive_buffer: None,
            longest: None,
            broadcast: false,
            multicast: Multicast::default(),
            errors: Errors::default(),
            waiting: Readiness::NONE,
            inbox: Inbox::default(),
            sending: Sending::default(),
            sent: Sent::default(),
        }
    }

    /// How well the socket fits a datagram from `remote` to `local`: not at all, or the more the narrower it is.
    pub fn rank(&self, local: SocketAddr, remote: SocketAddr, on: Option<InterfaceId>) -> Option<u8> {
        if on.is_some_and(|on| !self.takes_from(on)) {
            return None;
        }
        let bound = u8::from(self.binding.interface.is_some()) * 4;
        let exact = self.local.ip() == local.ip();
        if self.local.port() != local.port() || !(exact || self.local.ip().is_unspecified()) {
            return None;
        }
        match self.remote {
            None => Some(bound + u8::from(exact)),
            Some(peer) if peer == remote => Some(bound + 2),
            Some(_) => None,
        }
    }

    /// Whether it wants a datagram that is to a group or a broadcast address and came by `on` from `remote`. Of a group it
    /// is a member there, with a filter that admits the sender (RFC 9776 §3.1).
    pub fn wants_of_many(&self, on: InterfaceId, local: SocketAddr, remote: SocketAddr) -> bool {
        if !self.takes_from(on) || self.remote.is_some_and(|peer| peer != remote) {
            return false;
        }
        match (local.ip(), remote.ip()) {
            (IpAddr::V4(group), IpAddr::V4(source)) if group.is_multicast() => {
                let bound_to_it = self.bound.is_unspecified() || self.bound == local.ip();
                let filter = self.multicast.memberships.get(&(on, group));
                bound_to_it && filter.is_some_and(|filter| filter.admits(source))
            }
            _ => self.bound.is_unspecified() || self.bound == local.ip(),
        }
    }

    fn takes_from(&self, on: InterfaceId) -> bool {
        self.binding.interface.is_none_or(|own| own == on)
    }
}
