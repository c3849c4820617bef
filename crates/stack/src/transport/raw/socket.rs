//! One raw socket, or one of datagrams of ICMP: what it takes, and its receive queue.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Packet;
use crate::frame::InterfaceId;
use crate::network::icmp;
use crate::network::sending::Sending;
use crate::transport::errors::Errors;
use crate::transport::inbox::Inbox;
use crate::transport::sent::Sent;
use crate::transport::{Key, Readiness};

/// What a socket sends and receives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Packets of one protocol: received with their headers, sent with the host's, or with their own (`IP_HDRINCL`).
    Raw {
        /// Whether what it sends begins with a header.
        header_included: bool,
    },
    /// Echo requests of ICMP, and the answers to them, without IP's header; 0 until it has an identifier.
    Ping {
        /// By which its own are known.
        identifier: u16,
    },
}

/// A socket.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its own name.
    pub key: Key,
    /// The protocol's number.
    pub protocol: u8,
    /// What it sends and receives.
    pub kind: Kind,
    /// The address that it was bound to.
    pub bound: Ipv4Addr,
    /// This end's address. Bound to all addresses, it gets one of them when it gets a peer.
    pub local: Ipv4Addr,
    /// The peer, whose packets alone are received. Its port means nothing.
    pub remote: Option<SocketAddr>,
    /// The only interface that it receives from and sends by (`SO_BINDTODEVICE`).
    pub interface: Option<InterfaceId>,
    /// Types of ICMP messages that it does not want, a bit each (`ICMP_FILTER`).
    pub filter: u32,
    /// Octets that its queue may hold, where its owner has said so (`SO_RCVBUF`).
    pub receive_buffer: Option<usize>,
    /// Octets that it may send at once, where its owner has said so (`SO_SNDBUF`).
    pub longest: Option<usize>,
    /// Whether broadcasts may be sent.
    pub broadcast: bool,
    /// What was said of what it sent.
    pub errors: Errors,
    /// What the owner waits for.
    pub waiting: Readiness,
    /// What its owner wants of the packets that it sends.
    pub sending: Sending,
    /// The packets that it sent last, by their destinations.
    pub sent: Sent<Ipv4Addr>,
    /// Packets that found no room in its queue.
    pub drops: u64,
    /// What waits to be received.
    pub inbox: Inbox,
}

impl Socket {
    /// A socket that is bound to nothing.
    pub fn new(key: Key, protocol: u8, kind: Kind) -> Self {
        Self {
            key,
            protocol,
            kind,
            bound: Ipv4Addr::UNSPECIFIED,
            local: Ipv4Addr::UNSPECIFIED,
            remote: None,
            interface: None,
            filter: 0,
            receive_buffer: None,
            longest: None,
            broadcast: false,
            errors: Errors::default(),
            waiting: Readiness::NONE,
            sending: Sending::default(),
            sent: Sent::default(),
            drops: 0,
            inbox: Inbox::default(),
        }
    }

    /// Whether packets between these two are its affair.
    pub fn is_between(&self, local: Ipv4Addr, remote: Ipv4Addr) -> bool {
        (self.local.is_unspecified() || self.local == local)
            && self.remote.is_none_or(|peer| peer.ip() == IpAddr::V4(remote))
    }

    /// How many octets in front of a packet are not for its owner; `None` where it does not want the packet.
    pub fn takes(&self, packet: &Packet) -> Option<usize> {
        let by = self.interface.is_none_or(|own| own == packet.interface);
        if !by || !self.is_between(packet.destination, packet.source) {
            return None;
        }
        let body = packet.octets.get(packet.header_length..)?;
        match self.kind {
            Kind::Raw { .. } => {
                let refused = |kind: u8| kind < 32 && self.filter >> kind & 1 != 0;
                let filtered = self.protocol == super::ICMP && body.first().copied().is_some_and(refused);
                (!filtered).then_some(0)
            }
            Kind::Ping { identifier } => {
                let answers = icmp::is_echo_reply(body, identifier);
                (identifier != 0 && answers).then_some(packet.header_length)
            }
        }
    }
}
