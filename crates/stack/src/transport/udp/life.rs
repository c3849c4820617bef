//! A socket's life apart from its binding: open before it has a port, without its peer again, looked at, peeked into.

use core::net::{Ipv4Addr, SocketAddr};

use super::socket::{Received, Socket};
use super::{Binding, Udp, port_of};
use crate::frame::InterfaceId;
use crate::rng::Rng;
use crate::transport::{Key, Readiness, SocketError, ports};

/// The end of a socket that has no port.
const NOWHERE: SocketAddr = SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// What a call on a socket would find now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Octets of the datagram that is first in the queue, where there is one.
    pub readable: Option<usize>,
    /// The error that the next call returns.
    pub error: Option<SocketError>,
    /// Whether errors wait in their queue.
    pub queued_errors: bool,
}

impl Udp {
    /// A socket that has no port yet: it can be set, and joins groups, and receives nothing.
    pub fn open(&mut self) -> Key {
        self.sockets.insert_with(|key| Socket::new(key, NOWHERE, Binding::default()))
    }

    pub(super) fn of(&mut self, key: Key) -> Result<&mut Socket, SocketError> {
        self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)
    }

    /// Binds an open socket to `local`; port 0 picks an ephemeral one.
    ///
    /// # Errors
    /// `InvalidInput` where it is bound already, and as [`bind`](Self::bind).
    pub fn bind_open(&mut self, rng: &mut Rng, key: Key, mut local: SocketAddr) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        if socket.local.port() != 0 {
            return Err(SocketError::InvalidInput);
        }
        let binding = socket.binding;
        if local.port() == 0 {
            let alone = Binding { share: false, spread: false, ..binding };
            let in_use = |port| self.is_taken(SocketAddr::new(local.ip(), port), alone);
            let port = ports::ephemeral(rng, &self.knobs.ephemeral_ports, in_use);
            local.set_port(port.ok_or(SocketError::AddressNotAvailable)?);
        } else if self.is_taken(local, binding) {
            return Err(SocketError::AddressInUse);
        }
        if binding.spread {
            self.spread.prepare(rng);
        }
        let socket = self.of(key)?;
        (socket.local, socket.bound) = (local, local.ip());
        match self.ports.get_mut(&port_of(local)) {
            Some(bound) => bound.push(key),
            None => _ = self.ports.insert(port_of(local), vec![key]),
        }
        Ok(())
    }

    /// Binds a socket to an interface, or to none any more: from here on it receives what comes in there, and sends by it.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn bind_to_interface(&mut self, key: Key, on: Option<InterfaceId>) -> Result<(), SocketError> {
        self.of(key)?.binding.interface = on;
        Ok(())
    }

    /// Changes whether a socket shares its port with others that do so too, or has what comes spread over them.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn share(
        &mut self,
        rng: &mut Rng,
        key: Key,
        (share, spread): (bool, bool),
    ) -> Result<(), SocketError> {
        let binding = &mut self.of(key)?.binding;
        (binding.share, binding.spread) = (share, spread);
        if spread {
            self.spread.prepare(rng);
        }
        Ok(())
    }

    /// How a socket is bound besides to an address and port.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn binding(&self, key: Key) -> Result<Binding, SocketError> {
        self.sockets.get(key).map(|socket| socket.binding).ok_or(SocketError::BadDescriptor)
    }

    /// The socket has no peer any more. It keeps the address that it was bound to, and its port where `keeps_port` holds.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn disconnect(&mut self, key: Key, keeps_port: bool) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        socket.remote = None;
        socket.local.set_ip(socket.bound);
        if keeps_port || socket.local.port() == 0 {
            return Ok(());
        }
        let port = port_of(socket.local);
        (socket.local, socket.bound) = (NOWHERE, NOWHERE.ip());
        self.forget_port(port, key);
        Ok(())
    }

    /// As [`connect`](Self::connect), but what waits from others can still be received.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn connect_keeping(
        &mut self,
        key: Key,
        address: core::net::IpAddr,
        remote: SocketAddr,
    ) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        socket.local.set_ip(address);
        socket.remote = Some(remote);
        Ok(())
    }

    /// What a call would find now.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn condition(&self, key: Key) -> Result<Condition, SocketError> {
        let socket = self.sockets.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(Condition {
            readable: socket.inbox.first().map(|first| first.payload.len()),
            error: socket.errors.pending,
            queued_errors: socket.errors.wait(),
        })
    }

    /// As [`recv_message`](Self::recv_message), but leaves the datagram there.
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

    /// The owner waits for any of `readiness`.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn want(&mut self, key: Key, readiness: Readiness) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        socket.waiting = socket.waiting.or(readiness);
        Ok(())
    }

    /// Whether errors are queued.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn queues_errors(&self, key: Key) -> Result<bool, SocketError> {
        self.sockets.get(key).map(|socket| socket.errors.is_kept()).ok_or(SocketError::BadDescriptor)
    }
}
