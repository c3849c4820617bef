//! Whether a call would have to wait, for who asks before it calls.

use super::datagram::socket as datagram;
use super::stream::connection;
use crate::context::Ctx;
use crate::host::Host;
use crate::transport::udp::Received;
use crate::transport::{Readiness, SocketError, SocketId};

impl Host {
    /// For which of `wanted` a socket of TCP, UDP or within the host is ready: a call of that kind would not block. An error, and the end of a
    /// stream, make it ready.
    ///
    /// # Errors
    /// `WouldBlock` where it is ready for none: the caller is noted as waiting. `BadDescriptor` where there is no such
    /// socket.
    pub fn ready(&mut self, id: SocketId, wanted: Readiness) -> Result<Readiness, SocketError> {
        let found = match id {
            SocketId::Tcp(key) => {
                let found = self.tcp.readiness(key)?.and(wanted);
                if found.is_none() {
                    self.tcp.want(key, wanted)?;
                }
                found
            }
            SocketId::Listener(key) => {
                let (waiting, error) = self.tcp.pending(key)?;
                let some = waiting > 0 || error.is_some();
                if !some {
                    self.tcp.want_to_accept(key)?;
                }
                if some { Readiness::READ } else { Readiness::NONE }
            }
            SocketId::Udp(key) => {
                let found = self.udp.condition(key)?;
                let readable = found.readable.is_some() || found.error.is_some() || found.queued_errors;
                let read = if readable { Readiness::READ } else { Readiness::NONE };
                let writable = found.error.is_some() || self.outbox.has_room(0);
                let found = if writable { read.or(Readiness::WRITE) } else { read }.and(wanted);
                if found.is_none() {
                    self.udp.want(key, wanted.and(Readiness::READ))?;
                    self.wait_for_outbox(id, wanted)?;
                }
                found
            }
            SocketId::Unix(_) => return self.unix_ready(id, wanted),
            _ => return Err(SocketError::BadDescriptor),
        };
        if found.is_none() { Err(SocketError::WouldBlock) } else { Ok(found) }
    }

    fn wait_for_outbox(&mut self, id: SocketId, wanted: Readiness) -> Result<(), SocketError> {
        if wanted.is_writable() && self.udp.wait_to_send(datagram(id)?) {
            self.outbox.waiting.push(id);
        }
        Ok(())
    }

    /// The next datagram, with what its IP header said, which stays where it is.
    ///
    /// # Errors
    /// As [`udp_recv_from`](Self::udp_recv_from).
    pub fn udp_peek(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<Received, SocketError> {
        let _ = ctx;
        self.udp.peek_message(datagram(id)?)
    }

    /// Whether a UDP socket may send to broadcast addresses.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_broadcast(&self, id: SocketId) -> Result<bool, SocketError> {
        self.udp.broadcast(datagram(id)?)
    }

    /// Octets that can be read from a connection now.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_readable(&self, id: SocketId) -> Result<usize, SocketError> {
        self.tcp.condition(connection(id)?).map(|found| found.readable)
    }
}
