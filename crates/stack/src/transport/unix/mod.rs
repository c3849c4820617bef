//! Sockets within a host: `AF_UNIX` (POSIX.1-2024 §2.10.17; Linux: unix(7)).
//!
//! Nothing of them reaches a link: what one socket sends lies in the queue of the other at once. Three types: a stream
//! of octets, datagrams, and records in sequence on a connection.
//!
//! | file | holds |
//! |---|---|
//! | `knobs` | bounds |
//! | `address` | paths and abstract names |
//! | `names` | who is bound where |
//! | `socket` | one socket and its queue |
//! | `connecting` | bind, listen, connect, accept, close |
//! | `passing` | what is sent and received |
//! | here | the table, and what can be asked of a socket |

mod address;
mod connecting;
mod knobs;
mod names;
mod passing;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use address::{Address, MAX_NAME};
pub use knobs::{Knobs, MESSAGE_OVERHEAD};
use names::Names;
pub use socket::{Credentials, Message};
use socket::{Role, Socket};

use super::slots::Slots;
use super::{Key, Readiness, SocketError, SocketId, Wake};

/// A type of socket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Type {
    /// `SOCK_STREAM`: octets in order, on a connection.
    Stream,
    /// `SOCK_DGRAM`: messages, whole and in order, to any socket.
    Datagram,
    /// `SOCK_SEQPACKET`: messages, whole and in order, on a connection.
    SeqPacket,
}

impl Type {
    /// Whether sockets of this type are connected to one another.
    pub const fn connects(self) -> bool {
        !matches!(self, Self::Datagram)
    }
}

/// Which directions `shutdown` ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shutdown {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`
    Write,
    /// `SHUT_RDWR`
    Both,
}

/// A socket, as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its type.
    pub kind: Type,
    /// Where it is bound.
    pub local: Address,
    /// Where its peer is bound; `None` without one.
    pub peer: Option<Address>,
    /// Octets that wait to be read; of a listener: connections that wait to be accepted.
    pub receive_queue: usize,
    /// Of a listener: how many connections may wait. Of others: octets that the peer has not read.
    pub send_queue: usize,
    /// Whether it listens.
    pub listens: bool,
    /// The application that it belongs to.
    pub application: Arc<str>,
}

/// What `poll` can say of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// A call that reads, or accepts, would not wait.
    pub readable: bool,
    /// A call that sends would not wait.
    pub writable: bool,
    /// The peer sends nothing more.
    pub read_hangup: bool,
    /// Neither direction is open any more; or a socket that is to be connected is not.
    pub hangup: bool,
    /// An error waits to be returned.
    pub error: bool,
}

/// All `AF_UNIX` sockets of a host.
#[derive(Clone, Debug)]
pub struct Unix {
    knobs: Knobs,
    sockets: Slots<Socket>,
    names: Names,
    /// Who calls: the owner of sockets that are opened.
    caller: Credentials,
    wakes: Vec<Wake>,
}

impl Unix {
    /// No sockets, and no names.
    pub fn new(knobs: Knobs) -> Self {
        Self {
            knobs,
            sockets: Slots::new(),
            names: Names::default(),
            caller: Credentials { application: Arc::from("") },
            wakes: Vec::new(),
        }
    }

    /// Names the application that makes the calls which follow.
    pub fn set_caller(&mut self, application: &Arc<str>) {
        self.caller = Credentials { application: Arc::clone(application) };
    }

    fn socket(&self, key: Key) -> Result<&Socket, SocketError> {
        self.sockets.get(key).ok_or(SocketError::BadDescriptor)
    }

    fn socket_mut(&mut self, key: Key) -> Result<&mut Socket, SocketError> {
        self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)
    }

    /// Its type.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket; so it is with all that follow.
    pub fn kind(&self, key: Key) -> Result<Type, SocketError> {
        self.socket(key).map(|socket| socket.kind)
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn local(&self, key: Key) -> Result<Address, SocketError> {
        self.socket(key).map(|socket| socket.address.clone())
    }

    /// Where its peer is bound, or was.
    ///
    /// # Errors
    /// As [`kind`](Self::kind); `NotConnected` without a peer.
    pub fn peer(&self, key: Key) -> Result<Address, SocketError> {
        let peer = self.socket(key)?.peer().ok_or(SocketError::NotConnected)?;
        self.sockets.get(peer).map(|peer| peer.address.clone()).ok_or(SocketError::NotConnected)
    }

    /// Who was at the other end when the two were connected (`SO_PEERCRED`).
    ///
    /// # Errors
    /// As [`peer`](Self::peer).
    pub fn peer_credentials(&self, key: Key) -> Result<Credentials, SocketError> {
        self.socket(key)?.peer_owner.clone().ok_or(SocketError::NotConnected)
    }

    /// Whether it listens (`SO_ACCEPTCONN`).
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn is_listening(&self, key: Key) -> Result<bool, SocketError> {
        Ok(matches!(self.socket(key)?.role, Role::Listening { .. }))
    }

    /// The error that waits, which is no more from then on (`SO_ERROR`).
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn take_error(&mut self, key: Key) -> Result<Option<SocketError>, SocketError> {
        Ok(self.socket_mut(key)?.error.take())
    }

    /// The bound on what it has sent and its peer not read, in octets (`SO_SNDBUF`).
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn send_buffer(&self, key: Key) -> Result<usize, SocketError> {
        self.socket(key).map(|socket| socket.send_buffer)
    }

    /// Sets that bound. It is never less than a message's own storage twice.
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn set_send_buffer(&mut self, key: Key, octets: usize) -> Result<(), SocketError> {
        self.socket_mut(key)?.send_buffer = octets.max(2 * MESSAGE_OVERHEAD);
        self.wake(key, Readiness::WRITE);
        Ok(())
    }

    /// What `poll` says of it.
    ///
    /// # Errors
    /// As [`kind`](Self::kind).
    pub fn standing(&self, key: Key) -> Result<Standing, SocketError> {
        let socket = self.socket(key)?;
        let alone = socket.kind.connects() && matches!(socket.role, Role::Idle);
        let pending = matches!(&socket.role, Role::Listening { pending, .. } if !pending.is_empty());
        let error = socket.error.is_some();
        Ok(Standing {
            readable: pending || socket.queued() > 0 || socket.shut_read || error,
            writable: error || socket.shut_write || self.has_room(key, socket),
            read_hangup: socket.shut_read,
            hangup: alone || socket.shut_read && socket.shut_write,
            error,
        })
    }

    /// For which of `readiness` a socket is ready.
    ///
    /// # Errors
    /// `WouldBlock` where for none: its owner waits from then on, and is woken once. `BadDescriptor` where there is no such
    /// socket.
    pub fn ready(&mut self, key: Key, readiness: Readiness) -> Result<Readiness, SocketError> {
        let standing = self.standing(key)?;
        let readable = if standing.readable { Readiness::READ } else { Readiness::NONE };
        let writable = if standing.writable { Readiness::WRITE } else { Readiness::NONE };
        let ready = readable.or(writable).and(readiness);
        if !ready.is_none() {
            return Ok(ready);
        }
        let socket = self.socket(key)?;
        if let Some(peer) =
            socket.peer().filter(|_| !socket.kind.connects() && readiness.contains(Readiness::WRITE))
        {
            // Room at a socket of datagrams is told to those who are known to wait for it.
            self.wait_for_room(key, peer);
        }
        Err(self.wait(key, readiness))
    }

    /// Takes a path out of the host's name space.
    ///
    /// # Errors
    /// `NotFound` where there is no such path.
    pub fn unlink(&mut self, path: &[u8]) -> Result<(), SocketError> {
        self.names.unlink(path)
    }

    /// The paths of the host's name space, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.names.paths()
    }

    /// All sockets, in the order of their places.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |socket: &Socket| {
            let peer = socket.peer().and_then(|peer| self.sockets.get(peer));
            let queues = if let Role::Listening { backlog, pending } = &socket.role {
                (pending.len(), *backlog, true)
            } else {
                let unread = peer.filter(|_| socket.kind.connects()).map_or(0, Socket::readable);
                (socket.readable(), unread, false)
            };
            let (receive_queue, send_queue, listens) = queues;
            Listed {
                kind: socket.kind,
                local: socket.address.clone(),
                peer: peer.map(|peer| peer.address.clone()),
                receive_queue,
                send_queue,
                listens,
                application: Arc::clone(&socket.owner.application),
            }
        };
        self.sockets.iter().map(listed).collect()
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        if !self.wakes.is_empty() {
            into.append(&mut self.wakes);
        }
    }

    /// The owner of `key` waits for `readiness`: it is woken once.
    fn wait(&mut self, key: Key, readiness: Readiness) -> SocketError {
        if let Some(socket) = self.sockets.get_mut(key) {
            socket.waiting = socket.waiting.or(readiness);
        }
        SocketError::WouldBlock
    }

    /// Wakes the owner of `key` if it waits for any of `readiness`.
    fn wake(&mut self, key: Key, readiness: Readiness) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        if let Some(readiness) = socket.waiting.take(readiness) {
            self.wakes.push(Wake { socket: SocketId::Unix(key), readiness });
        }
    }

    /// Wakes those who wait until `key` has room.
    fn wake_blocked(&mut self, key: Key) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        for blocked in core::mem::take(&mut socket.blocked) {
            self.wake(blocked, Readiness::WRITE);
        }
    }

    /// The owner of `key` waits until `other` has room.
    fn wait_for_room(&mut self, key: Key, other: Key) -> SocketError {
        if let Some(other) = self.sockets.get_mut(other)
            && !other.blocked.contains(&key)
        {
            other.blocked.push(key);
        }
        self.wait(key, Readiness::WRITE)
    }
}
