//! What the options of a packet mean here: for this host, or on its way through this router.

use core::net::{IpAddr, Ipv4Addr};

use super::Host;
use super::ingress::{Dropped, Origin};
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::interface::Interface;
use crate::network::icmp::{Error, ParameterProblem, Unreachable};
use crate::network::ipv4;
use crate::network::options::{List, Options};
use crate::network::route::Hop;
use crate::time::Instant;
use crate::trace::{DropReason, Place};

impl Host {
    /// A packet for this host has options. Whether that is all: a source route took it elsewhere.
    ///
    /// # Errors
    /// Where and why it ends.
    #[cold]
    pub(super) fn accept_options(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<bool, Dropped> {
        let at_network = |reason| (Place::Network, reason);
        self.check_options(ctx, origin, frame).map_err(at_network)?;
        let Options::Present(marks) = origin.packet.options else { return Ok(false) };
        if !marks.source_routed {
            return Ok(false);
        }
        let Some(packet) = self.follow_source_route(origin, frame) else {
            self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::SourceRoute));
            return Err(at_network(DropReason::SourceRouted));
        };
        let origin = Origin { packet, ..*origin };
        self.forward(ctx, &origin, frame).map(|()| true)
    }

    /// What any packet with options has to pass.
    ///
    /// # Errors
    /// Why it ends. Its sender was told.
    #[cold]
    fn check_options(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        match origin.packet.options {
            Options::Malformed(pointer) => {
                self.complain(ctx, origin, frame, Error::ParameterProblem(ParameterProblem::Octet(pointer)));
                Err(DropReason::IpBadOptions)
            }
            // RFC 7126 §4.3.5, §4.4.5: dropped by default, at its end or not.
            Options::Present(marks) if marks.source_route && !self.knobs.accept_source_routes => {
                self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::SourceRoute));
                Err(DropReason::SourceRouted)
            }
            Options::Present(_) | Options::Fine => Ok(()),
        }
    }

    /// RFC 1812 §5.2.4.2: the next address of a source route becomes the destination, and the one by which the packet
    /// leaves takes its place. `None`: the route leads nowhere, or not in one hop where it has to.
    fn follow_source_route(&self, origin: &Origin, frame: &mut Frame) -> Option<ipv4::Accepted> {
        if !self.knobs.forwarding || !origin.to_unicast {
            // RFC 1122 §3.3.5: a host that does not forward ends the source route.
            return None;
        }
        let header_length = origin.packet.header_length;
        frame.unstrip_front(usize::from(header_length));
        let mut options = ipv4::options_of(frame, header_length);
        let followed = options.next_hop().and_then(|route| {
            let next = IpAddr::V4(route.next);
            let hop = self.hop(next, Ipv4Addr::UNSPECIFIED.into()).filter(|hop| !hop.broadcast)?;
            let direct = hop.station == next && hop.interface != InterfaceId::LOOPBACK;
            let leads = direct || (!route.strict && hop.interface != InterfaceId::LOOPBACK);
            leads.then_some((route.next, self.own_address_by(&hop)?))
        });
        if let Some((next, own)) = followed {
            options.advance(own);
            ipv4::rewrite(frame, next, &options);
            // What was written parses.
            return ipv4::accept(frame).ok();
        }
        frame.strip_front(usize::from(header_length));
        None
    }

    /// A packet with options is about to leave by `hop`: this router writes itself in where it is asked to (RFC 1812
    /// §5.3.13.5, §5.3.13.6). What it does not know it passes on (§5.3.13.1).
    ///
    /// # Errors
    /// Why the packet ends here. Its sender was told.
    #[cold]
    pub(super) fn forward_options(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: &Hop,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        self.check_options(ctx, origin, frame)?;
        let packet = &origin.packet;
        if let Options::Present(marks) = packet.options
            && marks.to_fill
            && let Some(own) = self.own_address_by(hop)
        {
            frame.unstrip_front(usize::from(packet.header_length));
            let mut options = ipv4::options_of(frame, packet.header_length);
            options.fill(own, |address| self.addresses.is_own(address), ctx.now);
            ipv4::rewrite(frame, packet.destination, &options);
            frame.strip_front(usize::from(packet.header_length));
        }
        Ok(())
    }

    /// What this host writes into the options of a packet that it sends from `own`: it routes it too (RFC 791 §3.1; RFC
    /// 1122 §3.2.1.8 (e)).
    pub(crate) fn fill_options(&self, options: &mut List, own: Ipv4Addr, now: Instant) {
        if !options.is_empty() {
            options.fill(own, |address| self.is_own(address), now);
        }
    }

    /// The options of the answer to a packet from `source` with `options`, and where it goes first.
    pub(super) fn answer_options(
        &self,
        source: IpAddr,
        bound: IpAddr,
        options: &List,
        now: Instant,
    ) -> (IpAddr, List) {
        let (IpAddr::V4(to), false) = (source, options.is_empty()) else { return (source, List::EMPTY) };
        let own = match self.plan(source, bound) {
            Ok(plan) => plan.source,
            Err(_) => return (source, List::EMPTY),
        };
        let (first, options) = options.reply(to, own, |address| self.is_own(address), now);
        (first.into(), options)
    }

    /// Whether an address is this host's.
    pub(crate) fn is_own(&self, address: Ipv4Addr) -> bool {
        self.addresses.is_own(address)
    }

    /// This host's address as it is known where `hop` leads.
    fn own_address_by(&self, hop: &Hop) -> Option<Ipv4Addr> {
        let by = self
            .interface(hop.interface)
            .and_then(|interface: &Interface| interface.address_for(hop.station));
        if let Some(IpAddr::V4(own)) = by { Some(own) } else { None }
    }
}
