//! What raw sockets see: a copy of each packet for this host, beside what the host does with it; and what sockets of TCP do
//! not hear that are bound to another interface.
//!
//! Where nobody has such a socket, nothing of this is on a packet's way: as long as somebody has one, `known_ends` and
//! `expected` say nothing, and each packet comes by here.

use bytes::Bytes;
use etherparse::IpNumber;

use super::Host;
use super::ingress::{Dropped, Origin, info};
use crate::context::Ctx;
use crate::frame::{Checksum, Frame};
use crate::trace::{DropReason, Place};
use crate::transport::Verdict;
use crate::transport::errors::QUOTED;
use crate::transport::raw::{Offer, Packet};

impl Host {
    /// Whether each packet has to be looked at.
    pub(super) fn is_watched(&self) -> bool {
        self.raw.listens() || self.tcp.has_devices()
    }

    /// Sockets came or went for which each packet may have to be looked at.
    pub(crate) fn watch(&mut self) {
        (self.known_ends, self.expected) = (None, None);
    }

    /// As [`take_packet`](Self::take_packet), where packets are looked at.
    #[cold]
    pub(super) fn take_watched(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        if self.is_used_up(ctx, origin, frame)? { Ok(()) } else { self.deliver_watched(ctx, origin, frame) }
    }

    /// As [`deliver`](Self::deliver), and to raw sockets too. What nothing here speaks but a raw socket took is no unknown
    /// protocol, and nobody is told that it were (RFC 1122 §3.2.2.1).
    #[cold]
    pub(super) fn deliver_watched(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let offer = self.offer(origin, frame);
        let spoken = [IpNumber::TCP, IpNumber::UDP, IpNumber::IGMP, IpNumber::ICMP];
        if !spoken.contains(&origin.packet.protocol) {
            match offer {
                Offer::Taken => {
                    self.tally.ip.in_delivers += 1;
                    return Ok(());
                }
                Offer::Full => return Err((Place::Transport, DropReason::RawQueueFull)),
                Offer::Unwanted => {}
            }
        }
        if origin.packet.protocol == IpNumber::TCP && self.tcp.has_devices() {
            let ip = info(origin, frame);
            if self.tcp.is_deaf_to(&ip, frame) {
                return match self.tcp.turn_away(&ip, frame) {
                    Verdict::Dropped(reason) => Err((Place::Transport, reason)),
                    _ => Ok(()),
                };
            }
        }
        let delivered = self.deliver(ctx, origin, frame);
        if self.is_watched() {
            self.expected = None;
        }
        match delivered {
            // Whose message that is, is not for the host to say.
            Err((_, DropReason::IcmpNoSocket | DropReason::IcmpUnknown | DropReason::IcmpDeprecated))
                if offer == Offer::Taken =>
            {
                Ok(())
            }
            delivered => delivered,
        }
    }

    /// Gives raw sockets their copies of a packet whose header is off.
    pub(super) fn offer(&mut self, origin: &Origin, frame: &mut Frame) -> Offer {
        let packet = &origin.packet;
        let protocol = packet.protocol.0;
        if !self.raw.listens_to(protocol) {
            return Offer::Unwanted;
        }
        let header_length = usize::from(packet.header_length);
        frame.unstrip_front(header_length);
        let mut copy = frame.clone();
        frame.strip_front(header_length);
        if let Checksum::Partial { offset, .. } = copy.meta.checksum {
            // What a link would have completed is complete for whoever reads it.
            copy.meta.checksum = Checksum::Partial { start: header_length as u16, offset };
            copy.complete_checksum();
        }
        let (source, destination, interface) = (packet.source, packet.destination, origin.on);
        let octets = Bytes::from(copy.to_vec());
        self.raw.offer(protocol, &Packet { source, destination, interface, header_length, octets })
    }
}

/// What a quoted datagram carried behind `headers` octets of its transport's: as much as is kept of it.
pub(super) fn quoted(frame: &Frame, headers: usize) -> Bytes {
    let octets = frame.to_vec();
    let skipped = octets.first().map_or(0, |first| usize::from(first & 0x0f) * 4) + headers;
    let data = octets.get(skipped..).unwrap_or_default();
    Bytes::copy_from_slice(&data[..data.len().min(QUOTED)])
}

/// A quoted packet, its header first: as much as is kept of it.
pub(super) fn quoted_whole(frame: &Frame) -> Bytes {
    let octets = frame.to_vec();
    let header = octets.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    Bytes::copy_from_slice(&octets[..octets.len().min(header + QUOTED)])
}
