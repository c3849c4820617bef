//! What a socket's owner says of it, and asks of it.

use core::net::{Ipv4Addr, SocketAddr};

use super::socket::Kind;
use super::{MAX_PACKET, Raw, local_of};
use crate::frame::InterfaceId;
use crate::transport::udp::BUFFER;
use crate::transport::{Key, Readiness, SocketError};

/// What a call on a socket would find now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Whether a packet is there.
    pub readable: bool,
    /// The error that the next call returns.
    pub error: Option<SocketError>,
    /// Whether errors wait in their queue.
    pub queued_errors: bool,
}

impl Raw {
    /// What a call would find now.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn condition(&self, key: Key) -> Result<Condition, SocketError> {
        let socket = self.at(key)?;
        Ok(Condition {
            readable: socket.inbox.first().is_some(),
            error: socket.errors.pending,
            queued_errors: socket.errors.wait(),
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

    /// The protocol's number, and what the socket sends and receives.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn kind(&self, key: Key) -> Result<(u8, Kind), SocketError> {
        self.at(key).map(|socket| (socket.protocol, socket.kind))
    }

    /// Whether what the socket sends begins with a header of its own.
    ///
    /// # Errors
    /// `NotSupported` for one of datagrams, or when there is no such socket.
    pub fn include_header(&mut self, key: Key, on: bool) -> Result<(), SocketError> {
        match &mut self.of(key)?.kind {
            Kind::Raw { header_included } => {
                *header_included = on;
                Ok(())
            }
            Kind::Ping { .. } => Err(SocketError::NotSupported),
        }
    }

    /// Gives a socket of echo requests the identifier that its own are known by.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn identify(&mut self, key: Key, identifier: u16) -> Result<(), SocketError> {
        self.of(key)?.kind = Kind::Ping { identifier };
        Ok(())
    }

    /// Binds a socket to one of this host's addresses, or to all: what is for others it does not receive.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn bind(&mut self, key: Key, local: Ipv4Addr) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        (socket.bound, socket.local) = (local, local);
        Ok(())
    }

    /// Fixes the peer, or takes it away; with one, `local` is this end's address from here on.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn connect(
        &mut self,
        key: Key,
        local: Ipv4Addr,
        remote: Option<SocketAddr>,
    ) -> Result<(), SocketError> {
        let socket = self.of(key)?;
        socket.local = if remote.is_some() { local } else { socket.bound };
        socket.remote = remote;
        Ok(())
    }

    /// This end: its port is the protocol's number, or the identifier.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn local(&self, key: Key) -> Result<SocketAddr, SocketError> {
        self.at(key).map(local_of)
    }

    /// The peer.
    ///
    /// # Errors
    /// When there is no such socket or it has no peer.
    pub fn peer(&self, key: Key) -> Result<SocketAddr, SocketError> {
        self.at(key)?.remote.ok_or(SocketError::NotConnected)
    }

    /// Which types of ICMP messages are not wanted, a bit each.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn filter(&self, key: Key) -> Result<u32, SocketError> {
        self.at(key).map(|socket| socket.filter)
    }

    /// Sets which types of ICMP messages are not wanted.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_filter(&mut self, key: Key, filter: u32) -> Result<(), SocketError> {
        self.of(key)?.filter = filter;
        Ok(())
    }

    /// Packets that found no room in a socket's queue.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn drops(&self, key: Key) -> Result<u64, SocketError> {
        self.at(key).map(|socket| socket.drops)
    }

    /// The interface that a socket is bound to.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn interface(&self, key: Key) -> Result<Option<InterfaceId>, SocketError> {
        self.at(key).map(|socket| socket.interface)
    }

    /// Binds a socket to an interface, or to none any more.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn bind_to_interface(&mut self, key: Key, on: Option<InterfaceId>) -> Result<(), SocketError> {
        self.of(key)?.interface = on;
        Ok(())
    }

    /// Whether broadcasts are permitted.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn broadcast(&self, key: Key) -> Result<bool, SocketError> {
        self.at(key).map(|socket| socket.broadcast)
    }

    /// Permits broadcasts, or forbids them.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_broadcast(&mut self, key: Key, on: bool) -> Result<(), SocketError> {
        self.of(key)?.broadcast = on;
        Ok(())
    }

    /// How many octets a socket's queue may hold, and how many it may send at once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn buffers(&self, key: Key) -> Result<(usize, usize), SocketError> {
        let socket = self.at(key)?;
        let receive = socket.receive_buffer.unwrap_or(self.knobs.receive_buffer);
        Ok((receive, socket.longest.unwrap_or(MAX_PACKET)))
    }

    /// Sets how many octets a socket's queue may hold. What waits stays.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_receive_buffer(&mut self, key: Key, octets: u32) -> Result<(), SocketError> {
        self.of(key)?.receive_buffer = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()) as usize);
        Ok(())
    }

    /// Sets how many octets a socket may send at once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_send_buffer(&mut self, key: Key, octets: u32) -> Result<(), SocketError> {
        self.of(key)?.longest = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()) as usize);
        Ok(())
    }

    /// Whether errors are queued.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn queues_errors(&self, key: Key) -> Result<bool, SocketError> {
        self.at(key).map(|socket| socket.errors.is_kept())
    }

    /// Queues errors from here on, beside returning them, or does so no more.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn queue_errors(&mut self, key: Key, on: bool) -> Result<(), SocketError> {
        self.of(key)?.errors.keep(on, true);
        Ok(())
    }

    /// The error that waits to be told, once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn take_error(&mut self, key: Key) -> Result<Option<SocketError>, SocketError> {
        Ok(self.of(key)?.errors.pending.take())
    }
}
