//! What becomes of a packet for another host: a router's work (RFC 1812 §5).
//!
//! Only a host that forwards does anything here. The packet that arrived is accepted by this host; what leaves is a new
//! frame with the cause [`Cause::Forwarded`] and the one that arrived as its trigger, so that a packet is followed hop
//! by hop along the triggers. Its payload is not copied.

use core::net::{IpAddr, Ipv4Addr};

use super::Host;
use super::ingress::{Dropped, Origin};
use super::outbox::Outgoing;
use crate::context::Ctx;
use crate::frame::{Checksum, Frame, InterfaceId};
use crate::network::icmp::Complaint;
use crate::network::options::Options;
use crate::network::route::Hop;
use crate::network::{forward, ipv4};
use crate::trace::{Cause, DropReason, Place, Trigger};

impl Host {
    /// A packet for somebody else arrived. Its header is off; `frame.unstrip_front` puts it back.
    #[inline(never)]
    pub(super) fn forward(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_network = |reason| (Place::Network, reason);
        if !self.knobs.forwarding {
            return Err(at_network(DropReason::NotForwarding));
        }
        let hop = self.choose_hop(ctx, origin, frame).map_err(at_network)?;
        self.pass_on(hop, origin, frame).map_err(at_network)
    }

    /// Where a packet goes next, if it may go on.
    fn choose_hop(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<Hop, DropReason> {
        let packet = &origin.packet;
        forward::check_ends(packet.source, packet.destination)?;
        self.tally.ip.in_forw_datagrams += 1;
        let hop = match self.hop(IpAddr::V4(packet.destination), IpAddr::V4(Ipv4Addr::UNSPECIFIED)) {
            // RFC 2644 §4: a directed broadcast goes no further.
            Some(hop) if hop.broadcast => return Err(DropReason::DirectedBroadcast),
            Some(hop) => hop,
            None => {
                // RFC 1812 §4.3.3.1
                self.complain(ctx, origin, frame, Complaint::Network);
                return Err(DropReason::NoRoute);
            }
        };
        if packet.ttl <= 1 {
            // RFC 1812 §5.3.1
            self.complain(ctx, origin, frame, Complaint::TimeExceeded);
            return Err(DropReason::TtlExceeded);
        }
        if packet.options != Options::Fine {
            self.forward_options(ctx, &hop, origin, frame)?;
        }
        Ok(hop)
    }

    /// The next hop of a packet that was to be forwarded does not answer: its sender is told.
    #[cold]
    pub(super) fn fail_forwarded(&mut self, ctx: &mut Ctx<'_>, by: InterfaceId, frame: &mut Frame) {
        // It was looked at when it came, and only its TTL has changed since.
        let Ok(packet) = ipv4::accept(frame) else { return };
        let origin = Origin { packet, on: by, to_unicast: true, complain: true };
        // RFC 1812 §4.3.3.1: to what is on a link of this router, or of the next hop that has gone.
        self.complain(ctx, &origin, frame, Complaint::Host);
    }

    /// Puts a packet into the outbox, its way one hop shorter.
    fn pass_on(&mut self, hop: Hop, origin: &Origin, frame: &mut Frame) -> Result<(), DropReason> {
        let header_length = usize::from(origin.packet.header_length);
        if !self.outbox.has_room(frame.len() + header_length) {
            return Err(DropReason::OutputQueueFull);
        }
        frame.unstrip_front(header_length);
        forward::decrement_ttl(frame.head_mut());
        if let Checksum::Partial { offset, .. } = frame.meta.checksum {
            // Counted from the packet's first octet, as the frame begins there now.
            frame.meta.checksum = Checksum::Partial { start: header_length as u16, offset };
        }
        frame.meta.trigger = Trigger::Frame(frame.meta.id);
        frame.meta.cause = Cause::Forwarded;
        self.outbox.push(Outgoing::Packet(hop, core::mem::replace(frame, Frame::empty())));
        Ok(())
    }
}
