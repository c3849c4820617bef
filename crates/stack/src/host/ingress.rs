//! The walk up: from a frame on a link to the socket that it is for, or to its end.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::Host;
use crate::addr::Mac;
use crate::context::Ctx;
use crate::frame::{Frame, FrameCheck, FrameId, InterfaceId};
use crate::interface::{Passage, ethernet, rarp};
use crate::network::icmp::{Error, Unreachable};
use crate::network::local::Destination;
use crate::network::options::Options;
use crate::network::{ReversePath, ipv4};
use crate::trace::{DropReason, Event, Interest, Place, Trigger};
use crate::transport::{IpInfo, Verdict};

/// Where and why a frame ended.
pub type Dropped = (Place, DropReason);

impl Host {
    /// One frame's whole effect.
    #[inline]
    pub(super) fn ingress(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) {
        if ctx.wants(Interest::FRAMES) {
            self.ingress_shown(ctx, on, frame);
        } else if let Err((place, reason)) = self.take(ctx, on, frame) {
            self.tally.count_dropped(on, place, reason);
        }
    }

    /// The same, with its beginning and its end shown. It is apart so that where nobody watches the one test above is all.
    #[cold]
    fn ingress_shown(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) {
        let id = frame.meta.id;
        ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface: on, frame });
        let taken = self.take(ctx, on, frame);
        self.finish(ctx, on, id, taken);
    }

    fn take(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) -> Result<(), Dropped> {
        self.trigger = Trigger::Frame(frame.meta.id);
        self.tally.count_received(on, frame);
        if self.accept_expected(ctx, on, frame) { Ok(()) } else { self.walk_up(ctx, on, frame) }
    }

    /// A frame arrives where nobody is: the host is down.
    pub fn lose_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &Frame) {
        ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface: on, frame });
        self.finish(ctx, on, frame.meta.id, Err((Place::Interface, DropReason::HostDown)));
    }

    /// A frame has done its work, or has ended.
    #[inline]
    pub(super) fn finish(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        id: FrameId,
        taken: Result<(), Dropped>,
    ) {
        match taken {
            Ok(()) => ctx.observe(Interest::FRAMES, || Event::FrameAccepted { id }),
            Err((place, reason)) => {
                self.tally.count_dropped(on, place, reason);
                ctx.observe(Interest::FRAMES, || Event::FrameDropped { id, place, reason });
            }
        }
    }

    #[inline(never)]
    fn walk_up(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) -> Result<(), Dropped> {
        let at_interface = |reason| (Place::Interface, reason);
        let interface = match self.interface(on) {
            Some(interface) if interface.passage() == Passage::Plain => interface,
            _ => return self.accept_special(ctx, on, frame),
        };
        if frame.meta.frame_check == FrameCheck::Bad && interface.check_fcs() {
            return Err(at_interface(DropReason::BadFcs));
        }
        let mtu = interface.capabilities().mtu;
        if frame.len() > usize::from(mtu) + ethernet::HEADER && ethernet::is_giant(frame, mtu) {
            return Err(at_interface(DropReason::Giant));
        }
        if frame.meta.vlan.is_some() {
            return self.accept_tagged(ctx, on, frame);
        }
        let link = ethernet::accept(frame, interface.mac()).map_err(at_interface)?;
        match link.ether_type {
            EtherType::IPV4 if !link.to_group => self.accept_ipv4(ctx, on, false, frame),
            EtherType::VLAN_TAGGED_FRAME => {
                frame.unstrip_front(ethernet::HEADER);
                self.accept_tagged(ctx, on, frame)
            }
            _ => self.accept_screened(ctx, on, link, frame),
        }
    }

    /// A frame that carries something else than IPv4, or goes to a group.
    #[cold]
    fn accept_screened(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        link: ethernet::Accepted,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        self.screen(on, link, frame).map_err(|reason| (Place::Interface, reason))?;
        if link.to_group {
            self.tally.count_received_group(on, link.to_all);
        }
        self.pass_up(ctx, on, link, frame)
    }

    /// Whether a frame, its header off, goes on to the layer above: what nothing here speaks does not, and of those for
    /// groups only what the interface hears, as in a network card.
    pub(super) fn screen(
        &self,
        on: InterfaceId,
        link: ethernet::Accepted,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        if !matches!(link.ether_type, EtherType::IPV4 | EtherType::ARP | rarp::ETHER_TYPE) {
            return Err(DropReason::UnknownEtherType);
        }
        if !link.to_group {
            return Ok(());
        }
        frame.unstrip_front(ethernet::HEADER);
        let destination = frame.head().first_chunk().map_or(Mac::BROADCAST, |octets| Mac(*octets));
        frame.strip_front(ethernet::HEADER);
        let hears = self.interface(on).is_some_and(|interface| interface.group_filter.passes(destination));
        if hears { Ok(()) } else { Err(DropReason::GroupNotJoined) }
    }

    /// Gives what [`screen`](Self::screen) lets pass to its protocol.
    pub(super) fn pass_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        link: ethernet::Accepted,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_interface = |reason| (Place::Interface, reason);
        match link.ether_type {
            EtherType::IPV4 => self.accept_ipv4(ctx, on, link.to_group, frame),
            EtherType::ARP => self.accept_arp(ctx, on, link.to_group, frame).map_err(at_interface),
            _ => self.accept_rarp(ctx, on, link.to_group, frame).map_err(at_interface),
        }
    }

    #[inline]
    pub(super) fn accept_ipv4(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        to_group: bool,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_network = |reason| (Place::Network, reason);
        self.tally.ip.in_receives += 1;
        let packet = ipv4::accept(frame).map_err(at_network)?;
        let ends = (packet.source, packet.destination, on);
        let mut origin = Origin { packet, on, to_unicast: true, complain: true };
        if self.known_ends != Some(ends) || to_group {
            match self.check_ends(&packet, on, to_group).map_err(at_network)? {
                Destination::Own if self.is_watched() => return self.take_watched(ctx, &origin, frame),
                Destination::Own => self.known_ends = Some(ends),
                Destination::Broadcast => {
                    self.tally.ip.in_bcast_pkts += 1;
                    (origin.to_unicast, origin.complain) = (false, false);
                    return self.take_watched(ctx, &origin, frame);
                }
                Destination::Multicast => {
                    self.tally.ip.in_mcast_pkts += 1;
                    (origin.to_unicast, origin.complain) = (false, false);
                    return self.accept_multicast(ctx, &origin, frame);
                }
                Destination::Other => return self.forward(ctx, &origin, frame),
            }
        }
        self.take_packet(ctx, &origin, frame)
    }

    /// A packet for this host, its header off: its options are acted on, and a fragment waits for the others.
    #[inline]
    pub(super) fn take_packet(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        if self.is_used_up(ctx, origin, frame)? { Ok(()) } else { self.deliver(ctx, origin, frame) }
    }

    /// Acts on a packet's options, and keeps a fragment. Whether nothing of it is left to deliver.
    #[inline]
    pub(super) fn is_used_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<bool, Dropped> {
        if origin.packet.options != Options::Fine && self.accept_options(ctx, origin, frame)? {
            return Ok(true);
        }
        if origin.packet.fragment.is_some() {
            return self.reassemble(ctx, origin, frame).map(|()| true);
        }
        Ok(false)
    }

    /// A whole packet for this host, its header off, goes to whom its protocol says.
    #[inline]
    pub(super) fn deliver(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let ip = info(origin, frame);
        match origin.packet.protocol {
            IpNumber::TCP => self.accept_tcp(ctx, &ip, frame),
            IpNumber::UDP => self.accept_udp(ctx, origin, &ip, frame),
            IpNumber::IGMP => self.accept_igmp(ctx, origin, frame),
            IpNumber::ICMP => self.accept_icmp(ctx, &ip, frame).map_err(|reason| (Place::Network, reason)),
            _ => {
                self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::Protocol));
                Err((Place::Network, DropReason::UnknownProtocol))
            }
        }
    }

    /// What a packet's destination is to this host, where its addresses are such as may be.
    fn check_ends(
        &self,
        packet: &ipv4::Accepted,
        on: InterfaceId,
        to_group: bool,
    ) -> Result<Destination, DropReason> {
        let destination = self.addresses.classify(packet.destination, on);
        // RFC 9776 §4.2.13: who has no address yet may report its groups too.
        let to_many = matches!(destination, Destination::Broadcast | Destination::Multicast);
        if !self.addresses.is_valid_source(packet.source, on, to_many) {
            return Err(DropReason::IpBadSource);
        }
        if self.knobs.reverse_path != ReversePath::Off && !self.leads_back(packet.source, on) {
            return Err(DropReason::ReversePath);
        }
        match destination {
            // RFC 1122 §3.3.6: what came by a link-layer broadcast must be an IP broadcast or multicast.
            Destination::Own | Destination::Other if to_group => Err(DropReason::NotForUs),
            Destination::Own if !self.takes_by(packet.destination, on) => Err(DropReason::WrongInterface),
            _ => Ok(destination),
        }
    }

    /// Whether this host takes by interface `on` what is for an address of its own (RFC 1122 §3.3.4.2).
    fn takes_by(&self, address: Ipv4Addr, on: InterfaceId) -> bool {
        !self.keeps_addresses_apart()
            || on == InterfaceId::LOOPBACK
            || self.addresses.interface_of(address) == Some(on)
    }

    /// Whether a packet from `source` may have come by `on`, as far as routes say (RFC 3704 §2).
    #[cold]
    fn leads_back(&self, source: Ipv4Addr, on: InterfaceId) -> bool {
        if on == InterfaceId::LOOPBACK || source.is_unspecified() {
            // From this host itself, or from one that does not know its address yet.
            return true;
        }
        let (source, usable) = (IpAddr::V4(source), |interface| self.is_up(interface));
        match self.knobs.reverse_path {
            ReversePath::Off => true,
            ReversePath::Loose => self.find_route(source, || 0, usable).is_ok(),
            ReversePath::Strict => self.routes.leads_by(source, on, usable),
        }
    }

    #[inline]
    fn accept_tcp(&mut self, ctx: &mut Ctx<'_>, ip: &IpInfo, frame: &mut Frame) -> Result<(), Dropped> {
        match self.tcp.accept_segment(ctx, ip, frame) {
            Verdict::Accepted => {
                self.tally.tcp_received += 1;
                self.expect_more(ip);
                Ok(())
            }
            Verdict::Dropped(reason) => Err((Place::Transport, reason)),
            Verdict::PortUnreachable => Err((Place::Transport, DropReason::TcpNoConnection)),
        }
    }

    fn accept_udp(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        ip: &IpInfo,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        if !ip.to_unicast {
            return self.accept_udp_for_many(ip, frame);
        }
        match self.udp.accept_datagram(ip, frame) {
            Verdict::Accepted => {
                self.tally.udp_received += 1;
                Ok(())
            }
            Verdict::Dropped(reason) => Err((Place::Transport, reason)),
            Verdict::PortUnreachable => {
                self.complain(ctx, origin, frame, Error::Unreachable(Unreachable::Port));
                Err((Place::Transport, DropReason::UdpNoPort))
            }
        }
    }
}

/// What the network layer tells the transport about a packet.
#[expect(clippy::inline_always, reason = "it is a part of its first caller")]
#[inline(always)]
pub(super) fn info(origin: &Origin, frame: &Frame) -> IpInfo {
    let packet = &origin.packet;
    IpInfo {
        source: IpAddr::V4(packet.source),
        destination: IpAddr::V4(packet.destination),
        to_unicast: origin.to_unicast,
        interface: origin.on,
        ttl: packet.ttl,
        tos: packet.tos,
        options_length: packet.header_length - ipv4::HEADER as u8,
        checksum: frame.meta.checksum,
        segment_size: frame.meta.segment_size,
        frame: frame.meta.id,
    }
}

/// Where a packet came from, for a complaint about it.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Its header.
    pub packet: ipv4::Accepted,
    /// By which interface it came.
    pub on: InterfaceId,
    /// Whether it is to one of this host's own addresses: to no broadcast or multicast address.
    pub to_unicast: bool,
    /// RFC 1122 §3.2.2: nothing is said about what was broadcast, by the link or by IP.
    pub complain: bool,
}
