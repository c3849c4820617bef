//! Sockets that are bound to an interface (`SO_BINDTODEVICE`): a listener takes what comes in there, a connection sends by it
//! and hears nothing that comes by another.
//!
//! Few hosts have such a socket. As long as none had one, nothing here is asked: what a segment came by is looked at by the
//! host, before it hands the segment on.

use super::reply::Reply;
use super::segment::Segment;
use super::{Ready, Tcp};
use crate::frame::{Frame, InterfaceId};
use crate::trace::{ConnectionId, DropReason, Trigger};
use crate::transport::{IpInfo, Key, Verdict};

impl Tcp {
    /// Whether some socket has been bound to an interface.
    pub const fn has_devices(&self) -> bool {
        self.devices
    }

    /// The interface that a connection, or an answer outside any, goes by alone.
    pub fn device_of(&self, ready: Ready) -> Option<InterfaceId> {
        let Ready::Connection(key) = ready else { return None };
        let connection = self.connections.get(key).filter(|_| self.devices)?;
        self.settings_of(connection).options.device
    }

    /// Of those that listen at one address, the ones that hear what comes by `on`: bound to it, or else to none.
    pub(super) fn hearing(&self, group: &[Key], on: InterfaceId) -> Vec<Key> {
        let device = |key: &Key| self.listeners.get(*key).map(|listener| listener.options.device);
        let bound_to = |to| group.iter().copied().filter(|key| device(key) == Some(to)).collect::<Vec<_>>();
        let own = bound_to(Some(on));
        if own.is_empty() { bound_to(None) } else { own }
    }

    /// Whether a segment is for a connection that hears only what comes by another interface. Its header is in front.
    pub fn is_deaf_to(&self, ip: &IpInfo, frame: &mut Frame) -> bool {
        let Some(ports) = frame.pull_up(4).and_then(|octets| octets.first_chunk::<4>()) else { return false };
        let [a, b, c, d] = *ports;
        let ends = ConnectionId {
            local: (ip.destination, u16::from_be_bytes([c, d])).into(),
            remote: (ip.source, u16::from_be_bytes([a, b])).into(),
        };
        let connection = self.by_ends.get(&ends).and_then(|key| self.connections.get(*key));
        let device = connection.and_then(|connection| self.settings_of(connection).options.device);
        device.is_some_and(|device| device != ip.interface)
    }

    /// Answers a segment as if there were no connection (RFC 9293 §3.10.7.1).
    pub fn turn_away(&mut self, ip: &IpInfo, frame: &mut Frame) -> Verdict {
        let header = match Segment::verify(frame, ip) {
            Ok(length) => length,
            Err(reason) => return Verdict::Dropped(reason),
        };
        let Some((fixed, _)) = frame.head()[..header].split_first_chunk() else {
            return Verdict::Dropped(DropReason::TcpMalformed);
        };
        let segment = Segment::without_options(fixed);
        let payload = (frame.len() - header) as u32;
        let ends = ConnectionId {
            local: (ip.destination, segment.destination_port).into(),
            remote: (ip.source, segment.source_port).into(),
        };
        self.replies.extend(Reply::to(&segment, payload, ends, Trigger::Frame(ip.frame)));
        Verdict::Dropped(DropReason::TcpNoConnection)
    }
}
