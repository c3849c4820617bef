//! ICMP echo sockets: what a ping program needs.

use core::net::IpAddr;
use std::collections::VecDeque;

use bytes::Bytes;

use super::sent::Sent;
use super::slots::Slots;
use super::{Key, Readiness, Report, SocketError, SocketId, Wake, ports};
use crate::network::icmp::Times;
use crate::network::options::List;
use crate::network::sending::Sending;
use crate::rng::Rng;
use crate::table::Table;
use crate::time::Instant;
use crate::trace::DropReason;

/// What an echo socket received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EchoEvent {
    /// An answer.
    Reply {
        /// Who answered.
        from: IpAddr,
        /// The request's sequence number.
        sequence: u16,
        /// The octets that came back.
        bytes: Bytes,
        /// The TTL that the answer arrived with.
        ttl: u8,
        /// Its type of service.
        tos: u8,
        /// Its IP options, in their order.
        options: List,
        /// When it arrived.
        at: Instant,
    },
    /// The times of day that a time stamp request brought back.
    Times {
        /// Who answered.
        from: IpAddr,
        /// The request's sequence number.
        sequence: u16,
        /// The times.
        times: Times,
        /// When the answer arrived.
        at: Instant,
    },
    /// The request will not be answered.
    Error {
        /// The request's sequence number.
        sequence: u16,
        /// Who says so, and why.
        report: Report,
    },
}

/// Who has an identifier but no socket here.
const NOBODY: Key = Key { index: u32::MAX, generation: u32::MAX };

/// A socket: its requests' identifier, and what came back.
#[derive(Clone, Debug)]
struct Socket {
    identifier: u16,
    queue: VecDeque<EchoEvent>,
    /// Payload octets in the queue.
    held: usize,
    waiting: Readiness,
    /// What its owner wants of the packets that it sends.
    sending: Sending,
    /// The requests that it sent last: to whom, and their sequence numbers.
    sent: Sent<(IpAddr, u16)>,
}

/// All ICMP echo sockets of a host.
#[derive(Clone, Debug)]
pub struct EchoSockets {
    max_events: usize,
    max_bytes: usize,
    sockets: Slots<Socket>,
    identifiers: Table<u16, Key>,
    wakes: Vec<Wake>,
}

impl EchoSockets {
    /// No sockets yet. Each will hold at most `max_events` with `max_bytes` octets of payload.
    pub fn new(max_events: usize, max_bytes: usize, rng: &mut Rng) -> Self {
        Self { max_events, max_bytes, sockets: Slots::new(), identifiers: Table::new(rng), wakes: Vec::new() }
    }

    /// A socket with an identifier that no other has.
    ///
    /// # Errors
    /// `NoBuffers` when all are taken.
    pub fn open(&mut self, rng: &mut Rng) -> Result<Key, SocketError> {
        let in_use = |identifier| self.identifiers.contains(&identifier);
        let identifier = ports::ephemeral(rng, &(1..=u16::MAX), in_use).ok_or(SocketError::NoBuffers)?;
        let socket = Socket {
            identifier,
            queue: VecDeque::new(),
            held: 0,
            waiting: Readiness::NONE,
            sending: Sending::default(),
            sent: Sent::default(),
        };
        let key = self.sockets.insert_with(|_| socket);
        self.identifiers.insert(identifier, key);
        Ok(key)
    }

    /// An identifier for somebody who has no socket here: `wanted`, or, if that is 0, one that is free. It is to be given
    /// back.
    ///
    /// # Errors
    /// `AddressInUse` where it is taken, `AddressNotAvailable` when all are.
    pub fn reserve(&mut self, rng: &mut Rng, wanted: u16) -> Result<u16, SocketError> {
        let in_use = |identifier| self.identifiers.contains(&identifier);
        let identifier = match wanted {
            0 => ports::ephemeral(rng, &(1..=u16::MAX), in_use).ok_or(SocketError::AddressNotAvailable)?,
            taken if in_use(taken) => return Err(SocketError::AddressInUse),
            free => free,
        };
        self.identifiers.insert(identifier, NOBODY);
        Ok(identifier)
    }

    /// Gives back what [`reserve`](Self::reserve) gave.
    pub fn give_back(&mut self, identifier: u16) {
        if self.identifiers.get(&identifier) == Some(&NOBODY) {
            self.identifiers.remove(&identifier);
        }
    }

    /// Calls `each` for every socket, in the order of their places: its identifier, and how many octets wait to be read.
    pub fn for_each(&self, mut each: impl FnMut(u16, usize)) {
        for socket in self.sockets.iter() {
            each(socket.identifier, socket.held);
        }
    }

    /// The identifier of a socket's requests.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn identifier(&self, key: Key) -> Result<u16, SocketError> {
        self.sockets.get(key).map(|socket| socket.identifier).ok_or(SocketError::BadDescriptor)
    }

    /// Whether a socket has `identifier`.
    pub fn is_open(&self, identifier: u16) -> bool {
        self.identifiers.contains(&identifier)
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

    /// A socket sent a request that nobody may cut: to whom and which, and how long its packet is. It remembers `most`.
    pub fn note_sent(&mut self, key: Key, request: (IpAddr, u16), length: u16, most: usize) {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.sent.note(request, length, most);
        }
    }

    /// Whether the socket with `identifier` may have sent a request in a packet of `length` octets.
    pub fn has_sent(&self, identifier: u16, request: (IpAddr, u16), length: u16) -> bool {
        let key = self.identifiers.get(&identifier);
        key.and_then(|key| self.sockets.get(*key)).is_some_and(|socket| socket.sent.has(request, length))
    }

    /// Takes an answer, or an error about a request, for the socket with `identifier`.
    ///
    /// # Errors
    /// The reason to drop it: there is no such socket, or its queue is full.
    pub fn deliver(&mut self, identifier: u16, event: EchoEvent) -> Result<(), DropReason> {
        let key = *self.identifiers.get(&identifier).ok_or(DropReason::IcmpNoSocket)?;
        let socket = self.sockets.get_mut(key).ok_or(DropReason::IcmpNoSocket)?;
        let held = socket.held + event.held();
        if socket.queue.len() >= self.max_events || held > self.max_bytes {
            return Err(DropReason::IcmpQueueFull);
        }
        socket.held = held;
        socket.queue.push_back(event);
        self.wake(key, Readiness::READ);
        Ok(())
    }

    /// The next answer or error.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there.
    pub fn recv(&mut self, key: Key) -> Result<EchoEvent, SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        let Some(event) = socket.queue.pop_front() else {
            socket.waiting = socket.waiting.or(Readiness::READ);
            return Err(SocketError::WouldBlock);
        };
        socket.held -= event.held();
        Ok(event)
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
            self.wakes.push(Wake { socket: SocketId::Icmp(key), readiness });
        }
    }

    /// Closes a socket; its identifier is free again.
    pub fn close(&mut self, key: Key) {
        if let Some(socket) = self.sockets.remove(key) {
            self.identifiers.remove(&socket.identifier);
        }
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        if !self.wakes.is_empty() {
            into.append(&mut self.wakes);
        }
    }
}

impl EchoEvent {
    /// Payload octets that it holds.
    fn held(&self) -> usize {
        match self {
            Self::Reply { bytes, .. } => bytes.len(),
            Self::Times { .. } | Self::Error { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Trouble;

    fn reply(sequence: u16, length: usize) -> EchoEvent {
        EchoEvent::Reply {
            from: [10, 0, 0, 2].into(),
            sequence,
            bytes: Bytes::from(vec![0; length]),
            ttl: 64,
            tos: 0,
            options: List::EMPTY,
            at: Instant::ZERO,
        }
    }

    fn sockets() -> (EchoSockets, Rng) {
        let mut rng = Rng::stream(1, "host", "stack");
        (EchoSockets::new(3, 100, &mut rng), rng)
    }

    #[test]
    fn answers_find_their_socket_by_identifier() {
        let (mut sockets, mut rng) = sockets();
        let (one, other) = (sockets.open(&mut rng).unwrap(), sockets.open(&mut rng).unwrap());
        let identifier = sockets.identifier(one).unwrap();
        assert_ne!(identifier, sockets.identifier(other).unwrap());
        assert_eq!(sockets.recv(one), Err(SocketError::WouldBlock));
        assert_eq!(sockets.recv(other), Err(SocketError::WouldBlock));
        let report =
            Report { from: [10, 0, 0, 1].into(), trouble: Trouble::TimeExceeded, icmp: Some((11, 0)) };
        let error = EchoEvent::Error { sequence: 2, report };
        sockets.deliver(identifier, reply(1, 10)).unwrap();
        sockets.deliver(identifier, error.clone()).unwrap();
        let mut wakes = Vec::new();
        sockets.take_wakes(&mut wakes);
        assert_eq!(wakes, [Wake { socket: SocketId::Icmp(one), readiness: Readiness::READ }]);
        assert_eq!(sockets.recv(one), Ok(reply(1, 10)));
        assert_eq!(sockets.recv(one), Ok(error));
        sockets.close(one);
        assert_eq!(sockets.deliver(identifier, reply(3, 0)), Err(DropReason::IcmpNoSocket));
        assert_eq!(sockets.recv(one), Err(SocketError::BadDescriptor));
    }

    #[test]
    fn a_queue_is_bounded_in_number_and_in_octets() {
        let (mut sockets, mut rng) = sockets();
        let key = sockets.open(&mut rng).unwrap();
        let identifier = sockets.identifier(key).unwrap();
        sockets.deliver(identifier, reply(1, 60)).unwrap();
        assert_eq!(sockets.deliver(identifier, reply(2, 60)), Err(DropReason::IcmpQueueFull));
        sockets.deliver(identifier, reply(2, 40)).unwrap();
        sockets.deliver(identifier, reply(3, 0)).unwrap();
        assert_eq!(sockets.deliver(identifier, reply(4, 0)), Err(DropReason::IcmpQueueFull));
        sockets.recv(key).unwrap();
        sockets.deliver(identifier, reply(5, 60)).unwrap();
    }
}
