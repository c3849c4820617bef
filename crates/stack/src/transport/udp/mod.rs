//! UDP (RFC 768, RFC 1122 §4.1).
//!
//! | file | holds |
//! |---|---|
//! | `knobs` | bounds and ports |
//! | `buffers` | what a socket's owner says of its buffers |
//! | `datagram` | the header: pushed, checked |
//! | `life` | a socket before it is bound, without its peer again, looked at |
//! | `multicast` | groups that sockets have joined, and how they send to them |
//! | `socket` | one socket: its ends, its receive queue |
//! | here | the table of sockets: which of them a datagram, or an ICMP error, is for |

mod buffers;
mod datagram;
mod knobs;
mod life;
mod multicast;
mod socket;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;

use bytes::Bytes;

pub use buffers::BUFFER;
pub use datagram::{HEADER, MAX_PAYLOAD, push};
pub use knobs::Knobs;
pub use life::Condition;
pub use multicast::{Change, Multicast};
pub use socket::Received;
use socket::Socket;

pub use super::errors::DatagramError;
use super::slots::Slots;
use super::spread::Spread;
use super::{IpInfo, Key, Readiness, Report, SocketError, SocketId, Verdict, Wake};
use crate::frame::{Frame, InterfaceId};
use crate::network::sending::Sending;
use crate::rng::Rng;
use crate::table::Table;
use crate::trace::DropReason;

/// How a socket is bound, besides to an address and port.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Binding {
    /// The only interface that it receives from and sends by (`SO_BINDTODEVICE`).
    pub interface: Option<InterfaceId>,
    /// Others that share too may have the same port at the same address (`SO_REUSEADDR`, as multicast needs it).
    pub share: bool,
    /// As `share`, but what is to one host is spread over those that are bound so, a flow to one of them
    /// (`SO_REUSEPORT`).
    pub spread: bool,
}

/// A port of one family.
type Port = (bool, u16);

/// All UDP sockets of a host.
#[derive(Clone, Debug)]
pub struct Udp {
    knobs: Knobs,
    sockets: Slots<Socket>,
    /// Who is bound to a port. Several only where each is bound to another of this host's addresses, so these
    /// lists are as short as the host's configuration.
    ports: Table<Port, Vec<Key>>,
    /// Which sockets are members of a group on an interface.
    members: BTreeMap<(InterfaceId, Ipv4Addr), Vec<Key>>,
    wakes: Vec<Wake>,
    spread: Spread,
}

impl Udp {
    /// No sockets yet; the key of the table of ports is drawn from `rng`.
    pub fn new(knobs: Knobs, rng: &mut Rng) -> Self {
        Self {
            knobs,
            sockets: Slots::new(),
            ports: Table::new(rng),
            members: BTreeMap::new(),
            wakes: Vec::new(),
            spread: Spread::default(),
        }
    }

    // ---- up ----

    /// Takes a datagram: `frame` begins with the UDP header and is cut to IP's length. Where the port is
    /// unreachable the frame is left whole, to be quoted.
    pub fn accept_datagram(&mut self, ip: &IpInfo, frame: &mut Frame) -> Verdict {
        let header = match datagram::accept(ip, frame) {
            Ok(header) => header,
            Err(reason) => return Verdict::Dropped(reason),
        };
        let local = SocketAddr::new(ip.destination, header.destination_port);
        let remote = SocketAddr::new(ip.source, header.source_port);
        let Some(key) = self.lookup(local, remote, Some(ip.interface)) else {
            return Verdict::PortUnreachable;
        };
        let Some(socket) = self.sockets.get_mut(key) else { return Verdict::PortUnreachable };
        let mut received = received(ip, remote, frame);
        received.payload = own_storage(received.payload, self.knobs.copy_below);
        if !socket.inbox.put(received, socket.receive_buffer.unwrap_or(self.knobs.receive_buffer)) {
            return Verdict::Dropped(DropReason::UdpQueueFull);
        }
        self.wake(key, Readiness::READ);
        Verdict::Accepted
    }

    /// As [`accept_datagram`](Self::accept_datagram), of one to a group or a broadcast address: every socket that is bound
    /// to the port, and wants it, gets it (RFC 1122 §4.1.3.5; RFC 9776 §3.1), the payload shared among them.
    pub fn accept_for_many(&mut self, ip: &IpInfo, frame: &mut Frame) -> Verdict {
        let header = match datagram::accept(ip, frame) {
            Ok(header) => header,
            Err(reason) => return Verdict::Dropped(reason),
        };
        let local = SocketAddr::new(ip.destination, header.destination_port);
        let remote = SocketAddr::new(ip.source, header.source_port);
        let Some(bound) = self.ports.get(&port_of(local)) else { return Verdict::PortUnreachable };
        let wants = |key: &&Key| {
            self.sockets.get(**key).is_some_and(|socket| socket.wants_of_many(ip.interface, local, remote))
        };
        let receivers: Vec<Key> = bound.iter().filter(wants).copied().collect();
        if receivers.is_empty() {
            // Somebody has the port, and does not want this.
            let group = ip.destination.is_multicast();
            return Verdict::Dropped(if group { DropReason::GroupNotJoined } else { DropReason::UdpNoPort });
        }
        let mut received = received(ip, remote, frame);
        received.payload = own_storage(received.payload, self.knobs.copy_below);
        let mut verdict = Verdict::Dropped(DropReason::UdpQueueFull);
        for key in receivers {
            let Some(socket) = self.sockets.get_mut(key) else { continue };
            if socket.inbox.put(received.clone(), socket.receive_buffer.unwrap_or(self.knobs.receive_buffer))
            {
                verdict = Verdict::Accepted;
                self.wake(key, Readiness::READ);
            }
        }
        verdict
    }

    /// ICMP, or the neighbour cache, says something about datagrams from `local` to `remote`, of one of which `quoted` is
    /// what it carried. False where no socket sends such.
    pub fn on_trouble(
        &mut self,
        local: SocketAddr,
        remote: SocketAddr,
        report: &Report,
        quoted: impl FnOnce() -> Bytes,
    ) -> bool {
        let Some(key) = self.lookup(local, remote, None) else { return false };
        let Some(socket) = self.sockets.get_mut(key) else { return false };
        let has_peer = socket.remote.is_some();
        if socket.errors.note(&self.knobs, has_peer, remote, report, quoted) {
            self.wake(key, Readiness::BOTH);
        }
        true
    }

    /// This host itself says something of a datagram that a socket would have sent: queued, where the owner wants that.
    pub fn note_local(&mut self, key: Key, destination: SocketAddr, report: Report) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.errors.note_local(&self.knobs, destination, report);
        }
    }

    /// A socket sent a datagram that nobody may cut, in a packet of `length` octets. It remembers `most` destinations.
    pub fn note_sent(&mut self, key: Key, remote: SocketAddr, length: u16, most: usize) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.sent.note(remote, length, most);
        }
    }

    /// Whether the socket that sends from `local` to `remote` may have sent a packet of `length` octets.
    pub fn has_sent(&self, local: SocketAddr, remote: SocketAddr, length: u16) -> bool {
        let socket = self.lookup(local, remote, None).and_then(|key| self.sockets.get(key));
        socket.is_some_and(|socket| socket.sent.has(remote, length))
    }

    /// Whether some socket sends datagrams from `local` to `remote`.
    pub fn sends(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.lookup(local, remote, None).is_some()
    }

    /// An address is this host's no more: sockets of it are told, once; they receive nothing from here on.
    pub fn on_address_gone(&mut self, address: IpAddr) {
        let mut gone = Vec::new();
        for socket in self.sockets.iter_mut().filter(|socket| socket.local.ip() == address) {
            socket.errors.pending = Some(SocketError::AddressNotAvailable);
            gone.push(socket.key);
        }
        gone.into_iter().for_each(|key| self.wake(key, Readiness::BOTH));
    }

    /// The socket for a datagram from `remote` to `local`: one with that peer, else one without a peer that is
    /// bound to the address, else one bound to all.
    fn lookup(&self, local: SocketAddr, remote: SocketAddr, on: Option<InterfaceId>) -> Option<Key> {
        let bound = self.ports.get(&port_of(local))?;
        let rank = |key: &&Key| self.sockets.get(**key).and_then(|socket| socket.rank(local, remote, on));
        let found = bound.iter().filter(|key| rank(key).is_some()).max_by_key(rank)?;
        if self.sockets.get(*found).is_some_and(|socket| socket.binding.spread) {
            let best = rank(&found);
            return self.spread_over(bound.iter().filter(|key| rank(key) == best), local, remote);
        }
        Some(*found)
    }

    /// The one of several sockets that share a port which a flow stays with.
    #[cold]
    fn spread_over<'a>(
        &self,
        fit: impl Iterator<Item = &'a Key>,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<Key> {
        let spread = |key: &&Key| self.sockets.get(**key).is_some_and(|socket| socket.binding.spread);
        let group: Vec<Key> = fit.filter(spread).copied().collect();
        self.spread.choose(&group, local, remote).copied()
    }

    /// Calls `each` for every socket that has a port, in the order of their places: its ends, and how many octets wait to be read.
    pub fn for_each(&self, mut each: impl FnMut(SocketAddr, Option<SocketAddr>, usize)) {
        for socket in self.sockets.iter().filter(|socket| socket.local.port() != 0) {
            each(socket.local, socket.remote, socket.inbox.readable());
        }
    }

    // ---- calls ----

    /// A socket bound to `local`, whose address is this host's or unspecified. Port 0 picks an ephemeral one.
    ///
    /// # Errors
    /// `AddressInUse` where another socket has the port at that address, `AddressNotAvailable` where no
    /// ephemeral port is left.
    pub fn bind(&mut self, rng: &mut Rng, local: SocketAddr) -> Result<Key, SocketError> {
        self.bind_as(rng, local, Binding::default())
    }

    /// As [`bind`](Self::bind), and as `binding` says. Of what is to one host the one of several that share a port gets all
    /// that was bound last.
    ///
    /// # Errors
    /// As `bind`.
    pub fn bind_as(
        &mut self,
        rng: &mut Rng,
        local: SocketAddr,
        binding: Binding,
    ) -> Result<Key, SocketError> {
        let key = self.open();
        self.of(key)?.binding = binding;
        let bound = self.bind_open(rng, key, local);
        if bound.is_err() {
            self.sockets.remove(key);
        }
        bound.map(|()| key)
    }

    fn is_taken(&self, local: SocketAddr, binding: Binding) -> bool {
        let overlaps = |key: &Key| {
            self.sockets.get(*key).is_some_and(|socket| {
                let (bound, wanted) = (socket.bound, local.ip());
                let overlap = bound.is_unspecified() || wanted.is_unspecified() || bound == wanted;
                let apart =
                    matches!((socket.binding.interface, binding.interface), (Some(a), Some(b)) if a != b);
                let shared =
                    (binding.share && socket.binding.share) || (binding.spread && socket.binding.spread);
                overlap && !apart && !shared
            })
        };
        self.ports.get(&port_of(local)).is_some_and(|bound| bound.iter().any(overlaps))
    }

    /// Fixes the peer; `address` is this end's from here on, as the route to the peer says.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn connect(&mut self, key: Key, address: IpAddr, remote: SocketAddr) -> Result<(), SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        socket.local.set_ip(address);
        socket.remote = Some(remote);
        socket.inbox.keep_from(remote);
        Ok(())
    }

    /// The interface that a socket is bound to.
    pub fn interface(&self, key: Key) -> Option<InterfaceId> {
        self.sockets.get(key).and_then(|socket| socket.binding.interface)
    }

    /// Both ends of what is about to be sent to `remote`, or to the peer; and whether broadcasts are permitted. A socket
    /// that has a peer sends `to_others` too where that holds, as Linux has it.
    ///
    /// # Errors
    /// A pending error, once. `NotConnected` without a peer, `AlreadyConnected` with one and a `remote` too,
    /// `InvalidInput` where `remote` is of another family or has port 0.
    pub fn ends(
        &mut self,
        key: Key,
        remote: Option<SocketAddr>,
        to_others: bool,
    ) -> Result<(SocketAddr, SocketAddr, bool), SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        if let Some(error) = socket.errors.pending.take() {
            return Err(error);
        }
        let remote = match (remote, socket.remote) {
            (Some(remote), Some(peer)) if remote != peer && !to_others => {
                return Err(SocketError::AlreadyConnected);
            }
            (Some(remote), _) => remote,
            (None, peer) => peer.ok_or(SocketError::NotConnected)?,
        };
        if remote.is_ipv4() != socket.local.is_ipv4() || remote.port() == 0 {
            return Err(SocketError::InvalidInput);
        }
        Ok((socket.local, remote, socket.broadcast))
    }

    /// The next datagram and who sent it.
    ///
    /// # Errors
    /// As [`recv_message`](Self::recv_message).
    pub fn recv(&mut self, key: Key) -> Result<(Bytes, SocketAddr), SocketError> {
        self.recv_message(key).map(|received| (received.payload, received.from))
    }

    /// What the owner of a socket wants of the packets that it sends.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn sending(&self, key: Key) -> Result<&Sending, SocketError> {
        self.sockets.get(key).map(|socket| &socket.sending).ok_or(SocketError::BadDescriptor)
    }

    /// As [`sending`](Self::sending), to change.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn sending_mut(&mut self, key: Key) -> Result<&mut Sending, SocketError> {
        self.sockets.get_mut(key).map(|socket| &mut socket.sending).ok_or(SocketError::BadDescriptor)
    }

    /// The next datagram, with what its IP header said.
    ///
    /// # Errors
    /// A pending error, once; `WouldBlock` where nothing is there.
    pub fn recv_message(&mut self, key: Key) -> Result<Received, SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        if let Some(error) = socket.errors.pending.take() {
            return Err(error);
        }
        socket.inbox.take().ok_or_else(|| {
            socket.waiting = socket.waiting.or(Readiness::READ);
            SocketError::WouldBlock
        })
    }

    /// Whether errors are queued from here on, each with who reports it and of which datagram, instead of being
    /// returned by the next call; with `beside` they are returned too (Linux: `IP_RECVERR`). Turned off, what waits is gone.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn queue_errors(&mut self, key: Key, on: bool, beside: bool) -> Result<(), SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        socket.errors.keep(on, beside);
        Ok(())
    }

    /// The next queued error.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub fn recv_error(&mut self, key: Key) -> Result<DatagramError, SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        socket.errors.pop().ok_or_else(|| {
            socket.waiting = socket.waiting.or(Readiness::READ);
            SocketError::WouldBlock
        })
    }

    /// The caller found no room to send and waits for it. Whether it did not wait already.
    pub fn wait_to_send(&mut self, key: Key) -> bool {
        let Some(socket) = self.sockets.get_mut(key) else { return false };
        socket.waiting.put(Readiness::WRITE)
    }

    /// Whether broadcasts are permitted from here on.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_broadcast(&mut self, key: Key, on: bool) -> Result<(), SocketError> {
        self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?.broadcast = on;
        Ok(())
    }

    /// Whether broadcasts are permitted.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn broadcast(&self, key: Key) -> Result<bool, SocketError> {
        self.sockets.get(key).map(|socket| socket.broadcast).ok_or(SocketError::BadDescriptor)
    }

    /// This end.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn local(&self, key: Key) -> Result<SocketAddr, SocketError> {
        self.sockets.get(key).map(|socket| socket.local).ok_or(SocketError::BadDescriptor)
    }

    /// The peer.
    ///
    /// # Errors
    /// When there is no such socket or it has no peer.
    pub fn peer(&self, key: Key) -> Result<SocketAddr, SocketError> {
        let socket = self.sockets.get(key).ok_or(SocketError::BadDescriptor)?;
        socket.remote.ok_or(SocketError::NotConnected)
    }

    /// Closes a socket; what it has not received is gone. What it was a member of is returned: what is wanted of that has
    /// changed.
    pub fn close(&mut self, key: Key) -> Vec<(InterfaceId, Ipv4Addr)> {
        let Some(socket) = self.sockets.remove(key) else { return Vec::new() };
        self.forget_port(port_of(socket.local), key);
        let places: Vec<_> = socket.multicast.memberships.into_keys().collect();
        places.iter().for_each(|place| self.forget_member(*place, key));
        places
    }

    fn forget_port(&mut self, port: Port, key: Key) {
        if let Some(bound) = self.ports.get_mut(&port) {
            bound.retain(|other| *other != key);
            if bound.is_empty() {
                self.ports.remove(&port);
            }
        }
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        if !self.wakes.is_empty() {
            into.append(&mut self.wakes);
        }
    }

    /// Wakes the owner of `key` if it waits for any of `readiness`.
    pub fn wake(&mut self, key: Key, readiness: Readiness) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if let Some(readiness) = socket.waiting.take(readiness) {
            self.wakes.push(Wake { socket: SocketId::Udp(key), readiness });
        }
    }
}

/// The datagram at the front of a frame, with what its IP header said.
fn received(ip: &IpInfo, from: SocketAddr, frame: &mut Frame) -> Received {
    let options = (ip.options_length > 0).then(|| Box::new(ip.options(frame, 0)));
    let &IpInfo { destination: to, interface, ttl, tos, .. } = ip;
    Received { from, payload: frame.take_payload(HEADER), to, interface, ttl, tos, options }
}

/// A payload that is much shorter than the storage it lies in gets its own.
fn own_storage(payload: Bytes, copy_below: usize) -> Bytes {
    if payload.len() < copy_below { Bytes::copy_from_slice(&payload) } else { payload }
}

fn port_of(address: SocketAddr) -> Port {
    (address.is_ipv6(), address.port())
}

#[cfg(test)]
mod tests;
