//! Raw sockets, as `man 7 raw` of Linux has them: each gets a copy of every packet of its protocol that is for this host,
//! whole and with its header, beside what the host itself does with it; and sends packets with a header of the host's or of
//! its own. And sockets of datagrams of ICMP, which send echo requests and receive the answers.
//!
//! | file | holds |
//! |---|---|
//! | `socket` | one socket: what it takes, its receive queue |
//! | `settings` | what a socket's owner says of it |
//! | here | the table of sockets: which of them a packet, or an error, is for |

mod settings;
mod socket;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;

use bytes::Bytes;

pub use settings::Condition;
pub use socket::Kind;
use socket::Socket;

use super::errors::DatagramError;
use super::slots::Slots;
use super::udp::{Knobs, Received};
use super::{Key, Readiness, Report, SocketError, SocketId, Wake};
use crate::frame::InterfaceId;
use crate::network::icmp;
use crate::network::quote::Quote;
use crate::network::sending::Sending;

/// ICMP's number.
pub const ICMP: u8 = 1;
/// The protocol of sockets that receive nothing, and whose packets always bring their own header (Linux: `IPPROTO_RAW`).
pub const NONE: u8 = 255;
/// The longest packet.
pub const MAX_PACKET: usize = 65_535;

/// A packet that arrived for this host.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// By which interface it came.
    pub interface: InterfaceId,
    /// Octets of its header.
    pub header_length: usize,
    /// All of it.
    pub octets: Bytes,
}

/// What became of a packet among these sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offer {
    /// No socket wants it.
    Unwanted,
    /// Somebody has got it.
    Taken,
    /// All who want it had no room for it.
    Full,
}

/// All such sockets of a host. Their bounds are those of UDP's sockets.
#[derive(Clone, Debug)]
pub struct Raw {
    knobs: Knobs,
    sockets: Slots<Socket>,
    /// Those that receive, by their protocols.
    by_protocol: BTreeMap<u8, Vec<Key>>,
    wakes: Vec<Wake>,
}

impl Raw {
    /// No sockets yet.
    pub const fn new(knobs: Knobs) -> Self {
        Self { knobs, sockets: Slots::new(), by_protocol: BTreeMap::new(), wakes: Vec::new() }
    }

    // ---- up ----

    /// Whether any socket receives at all.
    pub fn listens(&self) -> bool {
        !self.by_protocol.is_empty()
    }

    /// Whether any socket receives packets of a protocol.
    pub fn listens_to(&self, protocol: u8) -> bool {
        self.by_protocol.contains_key(&protocol)
    }

    /// Gives a packet of a protocol to every socket that wants it; they share its storage.
    pub fn offer(&mut self, protocol: u8, packet: &Packet) -> Offer {
        let keys = self.by_protocol.get(&protocol).map_or_else(Vec::new, Clone::clone);
        let mut offer = Offer::Unwanted;
        for key in keys {
            let Some(socket) = self.sockets.get_mut(key) else { continue };
            let Some(skipped) = socket.takes(packet) else { continue };
            let received = Received {
                from: SocketAddr::new(packet.source.into(), 0),
                payload: packet.octets.slice(skipped..),
                to: packet.destination.into(),
                interface: packet.interface,
                ttl: packet.octets.get(8).copied().unwrap_or_default(),
                tos: packet.octets.get(1).copied().unwrap_or_default(),
                options: None,
            };
            if socket.inbox.put(received, socket.receive_buffer.unwrap_or(self.knobs.receive_buffer)) {
                offer = Offer::Taken;
                self.wake(key, Readiness::READ);
            } else {
                socket.drops += 1;
                if offer == Offer::Unwanted {
                    offer = Offer::Full;
                }
            }
        }
        offer
    }

    /// ICMP, or the neighbour cache, says something about a packet that is quoted. `octets` are those of it that are there,
    /// its header first. False where no socket sends such.
    pub fn on_trouble(&mut self, quote: &Quote, report: &Report, octets: impl Fn() -> Bytes) -> bool {
        let keys = self.senders(quote);
        let destination = SocketAddr::new(quote.destination.into(), 0);
        for key in &keys {
            let Some(socket) = self.sockets.get_mut(*key) else { continue };
            let has_peer = socket.remote.is_some();
            let kind = socket.kind;
            // As on Linux: whoever makes headers is told of them too, and of ICMP's a ping gets what is behind.
            let skipped = |octets: &Bytes| {
                let header = octets.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
                match kind {
                    Kind::Raw { header_included: true } => 0,
                    Kind::Raw { .. } => header,
                    Kind::Ping { .. } => header + icmp::HEADER,
                }
            };
            let data = || {
                let octets = octets();
                octets.slice(skipped(&octets).min(octets.len())..)
            };
            if socket.errors.note(&self.knobs, has_peer, destination, report, data) {
                self.wake(*key, Readiness::BOTH);
            }
        }
        !keys.is_empty()
    }

    /// Who may have sent the quoted packet.
    fn senders(&self, quote: &Quote) -> Vec<Key> {
        let Some(keys) = self.by_protocol.get(&quote.protocol.0) else { return Vec::new() };
        let sends = |key: &&Key| {
            self.sockets.get(**key).is_some_and(|socket| {
                socket.is_between(quote.source, quote.destination)
                    && match socket.kind {
                        Kind::Raw { .. } => true,
                        Kind::Ping { identifier } => icmp::is_echo_request(&quote.transport, identifier),
                    }
            })
        };
        keys.iter().filter(sends).copied().collect()
    }

    /// Whether some socket may have sent the quoted packet.
    pub fn sends(&self, quote: &Quote) -> bool {
        !self.senders(quote).is_empty()
    }

    /// Whether some socket has lately sent a packet that nobody may cut, like the quoted one.
    pub fn has_sent(&self, quote: &Quote) -> bool {
        let has = |key: &Key| {
            let socket = self.sockets.get(*key);
            socket.is_some_and(|socket| socket.sent.has(quote.destination, quote.total_length))
        };
        self.senders(quote).iter().any(has)
    }

    /// An address is this host's no more: sockets of it are told, once; they receive nothing from here on.
    pub fn on_address_gone(&mut self, address: IpAddr) {
        let mut gone = Vec::new();
        for socket in self.sockets.iter_mut().filter(|socket| IpAddr::V4(socket.local) == address) {
            socket.errors.pending = Some(SocketError::AddressNotAvailable);
            gone.push(socket.key);
        }
        gone.into_iter().for_each(|key| self.wake(key, Readiness::BOTH));
    }

    /// Calls `each` for every socket, in the order of their places: its protocol, its ends, and how many octets wait to be
    /// read.
    pub fn for_each(&self, mut each: impl FnMut(u8, SocketAddr, Option<SocketAddr>, usize)) {
        for socket in self.sockets.iter() {
            each(socket.protocol, local_of(socket), socket.remote, socket.inbox.readable());
        }
    }

    // ---- calls ----

    /// A socket for packets of a protocol.
    pub fn open(&mut self, protocol: u8, kind: Kind) -> Key {
        let key = self.sockets.insert_with(|key| Socket::new(key, protocol, kind));
        if protocol != NONE {
            self.by_protocol.entry(protocol).or_default().push(key);
        }
        key
    }

    /// Closes a socket; what it has not received is gone. Its identifier, if it had one, is free again.
    pub fn close(&mut self, key: Key) -> Option<u16> {
        let socket = self.sockets.remove(key)?;
        if let Some(keys) = self.by_protocol.get_mut(&socket.protocol) {
            keys.retain(|other| *other != key);
            if keys.is_empty() {
                self.by_protocol.remove(&socket.protocol);
            }
        }
        match socket.kind {
            Kind::Ping { identifier } => Some(identifier).filter(|identifier| *identifier != 0),
            Kind::Raw { .. } => None,
        }
    }

    /// The next packet, with what its IP header said; of a raw socket the packet itself begins with it.
    ///
    /// # Errors
    /// A pending error, once; `WouldBlock` where nothing is there.
    pub fn recv_message(&mut self, key: Key) -> Result<Received, SocketError> {
        let socket = self.of(key)?;
        if let Some(error) = socket.errors.pending.take() {
            return Err(error);
        }
        socket.inbox.take().ok_or_else(|| {
            socket.waiting = socket.waiting.or(Readiness::READ);
            SocketError::WouldBlock
        })
    }

    /// As [`recv_message`](Self::recv_message), but leaves the packet there.
    ///
    /// # Errors
    /// As `recv_message`.
    pub fn peek_message(&mut self, key: Key) -> Result<Received, SocketError> {
        let socket = self.of(key)?;
        if let Some(error) = socket.errors.pending.take() {
            return Err(error);
        }
        socket.inbox.first().cloned().ok_or_else(|| {
            socket.waiting = socket.waiting.or(Readiness::READ);
            SocketError::WouldBlock
        })
    }

    /// The next queued error.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub fn recv_error(&mut self, key: Key) -> Result<DatagramError, SocketError> {
        let socket = self.of(key)?;
        socket.errors.pop().ok_or_else(|| {
            socket.waiting = socket.waiting.or(Readiness::READ);
            SocketError::WouldBlock
        })
    }

    /// To whom a packet goes that is about to be sent to `remote`, or to the peer.
    ///
    /// # Errors
    /// A pending error, once; `NotConnected` where nobody is named and there is no peer.
    pub fn destination(&mut self, key: Key, remote: Option<SocketAddr>) -> Result<Ipv4Addr, SocketError> {
        let socket = self.of(key)?;
        if let Some(error) = socket.errors.pending.take() {
            return Err(error);
        }
        match remote.or(socket.remote).ok_or(SocketError::NotConnected)?.ip() {
            IpAddr::V4(destination) => Ok(destination),
            IpAddr::V6(_) => Err(SocketError::InvalidInput),
        }
    }

    /// A socket sent a packet that nobody may cut, of `length` octets. It remembers `most` destinations.
    pub fn note_sent(&mut self, key: Key, remote: Ipv4Addr, length: u16, most: usize) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.sent.note(remote, length, most);
        }
    }

    /// This host itself says something of a packet that a socket would have sent: queued, where the owner wants that.
    pub fn note_local(&mut self, key: Key, destination: SocketAddr, report: Report) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.errors.note_local(&self.knobs, destination, report);
        }
    }

    /// What the owner of a socket wants of the packets that it sends.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn sending(&self, key: Key) -> Result<&Sending, SocketError> {
        self.at(key).map(|socket| &socket.sending)
    }

    /// As [`sending`](Self::sending), to change.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn sending_mut(&mut self, key: Key) -> Result<&mut Sending, SocketError> {
        self.of(key).map(|socket| &mut socket.sending)
    }

    /// The caller found no room to send and waits for it. Whether it did not wait already.
    pub fn wait_to_send(&mut self, key: Key) -> bool {
        let Some(socket) = self.sockets.get_mut(key) else { return false };
        socket.waiting.put(Readiness::WRITE)
    }

    /// Wakes the owner of `key` if it waits for any of `readiness`.
    pub fn wake(&mut self, key: Key, readiness: Readiness) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if let Some(readiness) = socket.waiting.take(readiness) {
            self.wakes.push(Wake { socket: SocketId::Raw(key), readiness });
        }
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        if !self.wakes.is_empty() {
            into.append(&mut self.wakes);
        }
    }

    fn at(&self, key: Key) -> Result<&Socket, SocketError> {
        self.sockets.get(key).ok_or(SocketError::BadDescriptor)
    }

    fn of(&mut self, key: Key) -> Result<&mut Socket, SocketError> {
        self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)
    }
}

/// This end of a socket. The port is its protocol, or its identifier, as on Linux.
fn local_of(socket: &Socket) -> SocketAddr {
    let port = match socket.kind {
        Kind::Raw { .. } => socket.protocol.into(),
        Kind::Ping { identifier } => identifier,
    };
    SocketAddr::new(socket.local.into(), port)
}
