//! What waits to be sent and is not TCP's: ARP packets, ICMP messages, datagrams. Bounded.

use core::net::Ipv4Addr;
use std::collections::VecDeque;

use etherparse::EtherType;

use crate::frame::{Frame, InterfaceId};
use crate::interface::{arp, ethernet};
use crate::network::ipv4;
use crate::network::route::Hop;
use crate::transport::SocketId;

/// Something that waits.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A whole frame.
    Frame(InterfaceId, Frame),
    /// An IP packet whose next hop has yet to be resolved.
    Packet(Hop, Frame),
    /// The same of one that is forwarded, with the interface by which it came.
    Forwarded(Hop, InterfaceId, Frame),
    /// An IP packet for a group, which comes back to this host's own members on an interface.
    Loop(InterfaceId, Frame),
}

impl Outgoing {
    fn length(&self) -> usize {
        let (Self::Frame(_, frame)
        | Self::Packet(_, frame)
        | Self::Forwarded(_, _, frame)
        | Self::Loop(_, frame)) = self;
        frame.len()
    }

    /// Who an IP packet is from.
    fn ip_source(&self) -> Option<Ipv4Addr> {
        let (frame, header) = match self {
            Self::Packet(_, frame) | Self::Forwarded(_, _, frame) | Self::Loop(_, frame) => (frame, 0),
            Self::Frame(_, frame) if type_of(frame) == Some(EtherType::IPV4) => (frame, ethernet::HEADER),
            Self::Frame(..) => return None,
        };
        ipv4::source_of(frame.head().get(header..)?)
    }

    /// Whether it is from the address of this host `address`: a packet of IP, or one of ARP that speaks for it.
    pub fn is_from(&self, address: Ipv4Addr) -> bool {
        let of_arp = match self {
            Self::Frame(_, frame) if type_of(frame) == Some(EtherType::ARP) => arp::sender_of(frame),
            _ => None,
        };
        self.ip_source().or(of_arp) == Some(address)
    }
}

/// The type of a frame with its Ethernet header.
fn type_of(frame: &Frame) -> Option<EtherType> {
    let octets = frame.head().get(ethernet::HEADER - 2..ethernet::HEADER)?;
    Some(EtherType(u16::from_be_bytes(octets.try_into().ok()?)))
}

/// The queue, and who waits for room in it.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    max_packets: usize,
    max_bytes: usize,
    /// Sockets that found no room.
    pub waiting: Vec<SocketId>,
}

impl Outbox {
    /// An empty queue with its bounds.
    pub fn new(max_packets: usize, max_bytes: usize) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, max_packets, max_bytes, waiting: Vec::new() }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether `length` more octets may wait.
    pub fn has_room(&self, length: usize) -> bool {
        self.queue.len() < self.max_packets && self.bytes + length <= self.max_bytes
    }

    /// Puts something in, for which there is room or which is bounded elsewhere.
    pub fn push(&mut self, outgoing: Outgoing) {
        self.bytes += outgoing.length();
        self.queue.push_back(outgoing);
    }

    /// Puts what was one packet in front of all that waits, in order.
    pub fn push_first(&mut self, outgoing: impl DoubleEndedIterator<Item = Outgoing>) {
        for outgoing in outgoing.rev() {
            self.bytes += outgoing.length();
            self.queue.push_front(outgoing);
        }
    }

    /// Takes out what `is_gone` says; says how many of that were IP packets.
    pub fn remove(&mut self, is_gone: impl Fn(&Outgoing) -> bool) -> usize {
        let (mut packets, mut bytes) = (0, 0);
        self.queue.retain(|outgoing| {
            let gone = is_gone(outgoing);
            if gone {
                packets += usize::from(outgoing.ip_source().is_some());
                bytes += outgoing.length();
            }
            !gone
        });
        self.bytes -= bytes;
        packets
    }

    /// The next to send.
    pub fn pop(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.pop_front()?;
        self.bytes -= outgoing.length();
        Some(outgoing)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::frame::Meta;
    use crate::trace::{Cause, Trigger};

    #[test]
    fn room_is_bounded_in_packets_and_in_octets() {
        let frame = |length| {
            let meta = Meta::new(Cause::UdpData, Trigger::Call);
            Outgoing::Frame(InterfaceId(0), Frame::with_payload(Bytes::from(vec![0; length]), meta))
        };
        let mut outbox = Outbox::new(2, 100);
        assert!(outbox.has_room(100) && !outbox.has_room(101));
        outbox.push(frame(60));
        assert!(outbox.has_room(40) && !outbox.has_room(41));
        outbox.push(frame(1));
        assert!(!outbox.has_room(0));
        assert_eq!(outbox.pop().unwrap().length(), 60);
        assert!(outbox.has_room(99));
        assert_eq!(outbox.pop().unwrap().length(), 1);
        assert!(outbox.pop().is_none());
    }
}
