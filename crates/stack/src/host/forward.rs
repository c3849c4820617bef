//! What becomes of a packet for another host: a router's work (RFC 1812 §5).
//!
//! Only a host that forwards does anything here. The packet that arrived is accepted by this host; what leaves is a new
//! frame with the cause [`Cause::Forwarded`] and the one that arrived as its trigger, so that a packet is followed hop
//! by hop along the triggers. Its payload is not copied.
//!
//! The checks come in this order: may it go on at all, is there a way, has it hops left, does it fit the next link. The
//! first that fails ends it; its sender is told as far as [`Host::complain`] lets anything be said.

use core::net::IpAddr;

use etherparse::IpNumber;

use super::Host;
use super::ingress::{Dropped, Origin};
use super::outbox::Outgoing;
use crate::context::Ctx;
use crate::frame::{Checksum, Frame, FrameCheck, InterfaceId};
use crate::interface::{Capabilities, Interface};
use crate::network::fragment::{self, Fit};
use crate::network::icmp::{Error, TimeExceeded, Unreachable};
use crate::network::options::Options;
use crate::network::route::{Flow, Hop, NoWay};
use crate::network::{forward, ipv4, segmentation};
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
        let packet = &origin.packet;
        forward::check_ends(packet.source, packet.destination).map_err(at_network)?;
        if let Some(by) = self.addresses.broadcasting_interface(packet.destination) {
            return self.forward_broadcast(ctx, by, origin, frame);
        }
        self.tally.ip.in_forw_datagrams += 1;
        let hop = self.next_hop(ctx, origin, frame).map_err(at_network)?;
        if origin.packet.options != Options::Fine {
            self.forward_options(ctx, &hop, origin, frame).map_err(at_network)?;
        }
        self.pass_on(ctx, hop, origin, frame).map_err(at_network)
    }

    /// Where a packet goes next, if there is a way and it has hops left.
    fn next_hop(&mut self, ctx: &mut Ctx<'_>, origin: &Origin, frame: &mut Frame) -> Result<Hop, DropReason> {
        let packet = &origin.packet;
        let choice = || self.flow_key.hash(&flow_of(packet, frame));
        let usable = |interface| self.is_up(interface);
        match self.find_route(IpAddr::V4(packet.destination), choice, usable) {
            // RFC 1812 §5.3.1
            Ok(_) if packet.ttl <= 1 => {
                self.complain(ctx, origin, frame, Error::TimeExceeded(TimeExceeded::Transit));
                Err(DropReason::TtlExceeded)
            }
            Ok(found) => Ok(found.hop),
            Err(reason) => {
                // RFC 1812 §4.3.3.1, §5.2.7.1
                match reason {
                    NoWay::NoRoute => {
                        self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::Network));
                    }
                    NoWay::Unreachable => {
                        self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::Host));
                    }
                    NoWay::Prohibited => {
                        self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::Prohibited));
                    }
                    NoWay::Blackhole => {}
                }
                Err(reason.into())
            }
        }
    }

    /// A packet to the broadcast address of another network of this router. RFC 2644 §4: it is neither forwarded nor
    /// taken, unless that is asked for. Then it is both (RFC 1812 §5.2.3).
    #[cold]
    fn forward_broadcast(
        &mut self,
        ctx: &mut Ctx<'_>,
        by: InterfaceId,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        if !self.knobs.directed_broadcast {
            return Err((Place::Network, DropReason::DirectedBroadcast));
        }
        let hop = Hop { interface: by, station: IpAddr::V4(origin.packet.destination), broadcast: true };
        // RFC 1812 §4.3.2.7: nothing is said about a broadcast.
        let origin = Origin { to_unicast: false, complain: false, ..*origin };
        let mut copy = frame.clone();
        if origin.packet.options != Options::Fine {
            // What no router passes on is not for this one either.
            self.forward_options(ctx, &hop, &origin, &mut copy).map_err(|reason| (Place::Network, reason))?;
        }
        let passed = if origin.packet.ttl > 1 && self.is_up(by) {
            self.pass_on(ctx, hop, &origin, &mut copy)
        } else {
            Err(DropReason::TtlExceeded)
        };
        let delivered = self.take_watched(ctx, &origin, frame);
        // It has done its work if it did it here or there.
        if passed.is_ok() { Ok(()) } else { delivered }
    }

    /// Tells the sender of a packet that leaves as it came of the shorter way (RFC 1812 §5.2.7.2): if the sender is on
    /// the next hop's own network, has not chosen the way itself, and was not told just now.
    #[cold]
    fn redirect(&mut self, ctx: &mut Ctx<'_>, hop: Hop, origin: &Origin, frame: &Frame) {
        let (source, IpAddr::V4(better)) = (IpAddr::V4(origin.packet.source), hop.station) else { return };
        let on_one_network = |interface: &Interface| {
            interface.addresses().iter().any(|cidr| cidr.contains(source) && cidr.contains(hop.station))
        };
        let useful = self.knobs.send_redirects
            && source != hop.station
            && !matches!(origin.packet.options, Options::Present(marks) if marks.source_route)
            && self.interface(hop.interface).is_some_and(on_one_network);
        if useful && self.redirects.take(ctx.now, source) {
            let mut quoted = frame.clone();
            quoted.strip_front(usize::from(origin.packet.header_length));
            self.complain_redirect(ctx, origin, &mut quoted, better);
        }
    }

    /// The next hop of a packet that came by `on` and was to be forwarded does not answer: its sender is told.
    #[cold]
    pub(super) fn fail_forwarded(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) {
        // It was looked at when it came, and only its TTL has changed since. What is for many has no neighbour to wait for.
        let Ok(packet) = ipv4::accept(frame) else { return };
        let origin = Origin { packet, on, to_unicast: true, complain: true };
        // RFC 1812 §4.3.3.1: to what is on a link of this router, or of the next hop that has gone.
        self.complain(ctx, &origin, frame, Error::Unreachable(Unreachable::Host));
    }

    /// Puts a packet into the outbox, its way one hop shorter; in pieces where the next link takes no more.
    pub(super) fn pass_on(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        let header_length = usize::from(origin.packet.header_length);
        let capabilities = self.interface(hop.interface).map(Interface::capabilities).unwrap_or_default();
        frame.unstrip_front(header_length);
        renew(frame, header_length, &capabilities);
        if fragment::fit(frame, usize::from(capabilities.mtu)) == Fit::TooBig {
            frame.strip_front(header_length);
            let error = Error::Unreachable(Unreachable::FragmentationNeeded(capabilities.mtu));
            self.complain(ctx, origin, frame, error);
            return Err(DropReason::TooBig);
        }
        if !self.outbox.has_room(frame.len()) {
            return Err(DropReason::OutputQueueFull);
        }
        if hop.interface == origin.on {
            self.redirect(ctx, hop, origin, frame);
        }
        shorten(frame);
        // Where the next link takes no more it is cut as it leaves, so that it waits for its next hop in one piece.
        let packet = core::mem::replace(frame, Frame::empty());
        self.outbox.push(Outgoing::Forwarded(hop, origin.on, packet));
        Ok(())
    }
}

/// What was known of the frame that a packet came in does not hold for the one that it leaves in, by a link that can do so
/// much. The frame begins with the packet's header.
pub(super) fn renew(frame: &mut Frame, header_length: usize, capabilities: &Capabilities) {
    frame.meta.frame_check = FrameCheck::Good;
    match frame.meta.checksum {
        Checksum::Partial { offset, .. } => {
            // Counted from the packet's first octet, as the frame begins there now.
            frame.meta.checksum = Checksum::Partial { start: header_length as u16, offset };
            // A super-frame's segments get theirs when it is cut.
            if !capabilities.transmit_checksum && !segmentation::must_be_cut(frame, capabilities) {
                frame.complete_checksum();
            }
        }
        // Whoever takes it has to look for himself.
        Checksum::Complete | Checksum::Verified | Checksum::Unchecked => {
            frame.meta.checksum = Checksum::Complete;
        }
    }
}

/// A packet that begins with its header goes one hop of its way: it leaves as a new frame, whose trigger is the one that
/// came.
pub(super) fn shorten(frame: &mut Frame) {
    forward::decrement_ttl(frame.head_mut());
    frame.meta.trigger = Trigger::Frame(frame.meta.id);
    frame.meta.cause = Cause::Forwarded;
}

/// The flow that a packet belongs to, whose header is off. A fragment has no ports: all of a datagram's go one way.
fn flow_of(packet: &ipv4::Accepted, frame: &mut Frame) -> Flow {
    const WITH_PORTS: [IpNumber; 5] =
        [IpNumber::TCP, IpNumber::UDP, IpNumber::UDP_LITE, IpNumber::SCTP, IpNumber::DCCP];
    let has_ports = packet.fragment.is_none() && WITH_PORTS.contains(&packet.protocol);
    let ports = if has_ports { frame.pull_up(4) } else { None };
    let ports = ports
        .and_then(|octets| octets.first_chunk::<4>())
        .map(|[a, b, c, d]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])));
    let (source, destination) = (packet.source.into(), packet.destination.into());
    Flow { source, destination, protocol: packet.protocol.0, ports }
}
