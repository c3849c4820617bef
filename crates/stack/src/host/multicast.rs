//! What becomes of a packet for a multicast group, and how one is sent (RFC 1112 §6, §7).
//!
//! A packet that arrived goes to the sockets that want it, and, where this host forwards to groups, to the networks that
//! have members. What comes is forwarded if it came by the way that leads back to its source, and to networks that this
//! router is the querier of, so that two routers of one network do not both do it. A router that has an upstream interface
//! joins there what is wanted behind it (`proxy`), and forwards by it what comes from behind it (RFC 4605 §4.2).

use core::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::Host;
use super::forward::{renew, shorten};
use super::ingress::{Dropped, Origin};
use super::outbox::Outgoing;
use super::path::Plan;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::interface::{Interface, ethernet, loopback};
use crate::network::igmp::{ALL_SYSTEMS, is_link_local};
use crate::network::options::Options;
use crate::network::route::Hop;
use crate::network::sending::Sending;
use crate::network::{forward, ipv4};
use crate::trace::{DropReason, Event, Interest, Place, Trigger};
use crate::transport::udp::Multicast;
use crate::transport::{IpInfo, SocketError, Verdict};

impl Host {
    /// A packet for a group arrived. Its header is off; `frame.unstrip_front` puts it back.
    #[cold]
    pub(super) fn accept_multicast(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let at_network = |reason| Err((Place::Network, reason));
        let packet = &origin.packet;
        // RFC 2113 §2.1: a router looks closer at what has a router alert. Only IGMP has any here, and routers forward none
        // of that: each message is taken for what it says, whichever group it is sent to.
        if packet.protocol == IpNumber::IGMP {
            return match packet.fragment {
                None => self.deliver_watched(ctx, origin, frame),
                Some(_) => self.reassemble(ctx, origin, frame),
            };
        }
        // RFC 1256 §4.2: who has no address yet may ask for routers, on its link.
        let may_ask = packet.protocol == IpNumber::ICMP && is_link_local(packet.destination);
        if packet.source.is_unspecified() && !may_ask {
            return at_network(DropReason::IpBadSource);
        }
        // RFC 1122 §3.2.2: of what was sent to a group nothing is said.
        match packet.options {
            Options::Malformed(_) => return at_network(DropReason::IpBadOptions),
            // A source route leads to one host.
            Options::Present(marks) if marks.source_route => return at_network(DropReason::SourceRouted),
            Options::Present(_) | Options::Fine => {}
        }
        let forwarded = self.knobs.multicast_forwarding && self.forward_to_group(ctx, origin, frame);
        if self.is_wanted_here(origin.on, packet.destination, packet.source) {
            let delivered = self.deliver_to_members(ctx, origin, frame);
            return if forwarded { Ok(()) } else { delivered };
        }
        if forwarded { Ok(()) } else { at_network(DropReason::GroupNotJoined) }
    }

    /// Whether a socket here, or the host itself, wants what `source` sends to `group`.
    pub(crate) fn is_wanted_here(&self, on: InterfaceId, group: Ipv4Addr, source: Ipv4Addr) -> bool {
        // RFC 1112 §7.2: every host is in the group of all hosts on each interface.
        let Some(link) = self.groups.get(usize::from(on.0)) else { return false };
        if link.own.contains(&group) {
            return true;
        }
        if link.proxied.contains_key(&group) {
            // Joined for others: what its own sockets want is less.
            return self.udp.wanted(on, group).admits(source);
        }
        group == ALL_SYSTEMS || link.member.filter(group).is_some_and(|filter| filter.admits(source))
    }

    fn deliver_to_members(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        if origin.packet.fragment.is_some() {
            return self.reassemble(ctx, origin, frame);
        }
        self.deliver_watched(ctx, origin, frame)
    }

    /// A datagram for a group, or for all: each socket that wants it gets it.
    pub(super) fn accept_udp_for_many(&mut self, ip: &IpInfo, frame: &mut Frame) -> Result<(), Dropped> {
        match self.udp.accept_for_many(ip, frame) {
            Verdict::Accepted => {
                self.tally.udp_received += 1;
                Ok(())
            }
            Verdict::Dropped(reason) => Err((Place::Transport, reason)),
            // RFC 1122 §3.2.2: and nobody is told.
            Verdict::PortUnreachable => Err((Place::Transport, DropReason::UdpNoPort)),
        }
    }

    // ---- forwarding ----

    /// Puts a packet into the outbox once for each network that has members for it. Whether there was one.
    fn forward_to_group(&mut self, ctx: &mut Ctx<'_>, origin: &Origin, frame: &Frame) -> bool {
        let packet = &origin.packet;
        let (group, source) = (packet.destination, packet.source);
        // RFC 1112 §6.1: 224.0.0.0/24 stays on its link, whatever its TTL; and RFC 1812 §5.3.1: the TTL ends each way.
        if is_link_local(group) || packet.ttl <= 1 || forward::check_ends(source, group).is_err() {
            return false;
        }
        if origin.on == InterfaceId::LOOPBACK || !self.came_by_the_way_back(origin.on, source) {
            return false;
        }
        let upstream = self.upstream();
        let mut forwarded = false;
        for number in 0..self.interfaces.len() {
            let to = InterfaceId(number as u16);
            let (Some(interface), Some(link)) = (self.interfaces.get(number), self.groups.get(number)) else {
                continue;
            };
            // RFC 4605 §4.2: of several routers only one forwards to a network. Upstream goes whatever comes from behind
            // this router, and once: of several routers of the network that it comes from, by the same one.
            let wants = match &link.querier {
                Some(querier) => querier.wants(group, source) && self.is_forwarder(to),
                None => upstream == Some(to) && self.is_forwarder(origin.on),
            };
            let threshold = interface.multicast_threshold();
            if to == origin.on || !interface.is_up() || !wants || packet.ttl <= threshold {
                continue;
            }
            forwarded |= self.pass_to_group(ctx, to, origin, frame.clone());
        }
        forwarded
    }

    /// RFC 1812 §5.2.4.3 has unicast packets for `source` go by some interface: what it sends to groups is to come by that
    /// one, or it goes round in circles.
    fn came_by_the_way_back(&self, on: InterfaceId, source: Ipv4Addr) -> bool {
        let is_up = |interface| self.interface(interface).is_some_and(Interface::is_up);
        self.routes.leads_by(IpAddr::V4(source), on, is_up)
    }

    /// Puts a copy of a packet, its payload shared, into the outbox, its way one hop shorter.
    fn pass_to_group(
        &mut self,
        ctx: &mut Ctx<'_>,
        to: InterfaceId,
        origin: &Origin,
        mut frame: Frame,
    ) -> bool {
        let header_length = usize::from(origin.packet.header_length);
        let hop = hop_to(to, origin.packet.destination);
        if !self.outbox.has_room(frame.len() + header_length) {
            self.discard_on(ctx, Some(to), DropReason::OutputQueueFull);
            return false;
        }
        if origin.packet.options != Options::Fine
            && self.forward_options(ctx, &hop, origin, &mut frame).is_err()
        {
            return false;
        }
        let capabilities = self.interface(to).map(Interface::capabilities).unwrap_or_default();
        frame.unstrip_front(header_length);
        renew(&mut frame, header_length, &capabilities);
        shorten(&mut frame);
        self.tally.ip.out_mcast_pkts += 1;
        self.outbox.push(Outgoing::Packet(hop, frame));
        true
    }

    // ---- sending ----

    /// By which interface a socket sends to `group`, from which address, and what that link carries. `bound` is the
    /// socket's own address, unspecified where that does not matter.
    pub(crate) fn plan_for_group(
        &self,
        settings: &Multicast,
        group: Ipv4Addr,
        bound: IpAddr,
    ) -> Result<Plan, SocketError> {
        let by_address = match bound {
            IpAddr::V4(address) if !address.is_unspecified() => self.interface_with(address),
            _ => None,
        };
        let on = settings.interface.or(by_address).or_else(|| self.route_for_group(group));
        let on = on.ok_or(SocketError::NetworkUnreachable)?;
        let interface = self.interface(on).filter(|interface| interface.is_up());
        let interface = interface.ok_or(SocketError::NetworkUnreachable)?;
        let source = match bound {
            // Bound to a group a socket has no address of its own.
            IpAddr::V4(address) if !address.is_unspecified() && !address.is_multicast() => Some(address),
            _ => interface.ipv4_addresses().next(),
        };
        let source = source.ok_or(SocketError::AddressNotAvailable)?;
        let capabilities = interface.capabilities();
        Ok(Plan {
            hop: hop_to(on, group),
            source,
            destination: group,
            mtu: usize::from(capabilities.mtu),
            link_mtu: usize::from(capabilities.mtu),
            must_fragment: false,
            transmit_checksum: capabilities.transmit_checksum,
        })
    }

    /// The interface that is meant by one of its addresses, or, where it is unspecified, by the routes.
    pub(crate) fn multicast_interface(&self, group: Ipv4Addr, interface: Ipv4Addr) -> Option<InterfaceId> {
        if interface.is_unspecified() { self.route_for_group(group) } else { self.interface_with(interface) }
    }

    /// The interface that has an address, loopback's own not among them.
    pub(crate) fn interface_with(&self, address: Ipv4Addr) -> Option<InterfaceId> {
        self.addresses.interface_of(address)
    }

    /// RFC 1112 §6.1 leaves the choice of an interface: by the route that holds the group, which may be the default one, or
    /// else the first that is up.
    fn route_for_group(&self, group: Ipv4Addr) -> Option<InterfaceId> {
        let is_up = |interface| self.interface(interface).is_some_and(Interface::is_up);
        let by_route = self.find_route(IpAddr::V4(group), || 0, is_up);
        by_route.ok().map(|found| found.hop.interface).or_else(|| self.first_interface_up())
    }

    /// Queues a datagram for a group, and a copy for this host's own members (RFC 1112 §6.1, §7.2). The frame begins behind
    /// where the IP header goes.
    pub(crate) fn enqueue_for_group(
        &mut self,
        plan: &Plan,
        protocol: IpNumber,
        settings: (u8, bool),
        sending: &Sending,
        mut frame: Frame,
    ) {
        let (ttl, loops) = settings;
        self.put_header(plan, protocol, &Sending { ttl: Some(ttl), ..*sending }, &mut frame);
        let on = plan.hop.interface;
        if loops && self.is_wanted_here(on, plan.destination, plan.source) {
            self.outbox.push(Outgoing::Loop(on, frame.clone()));
        }
        if ttl > 0 {
            self.outbox.push(Outgoing::Packet(plan.hop, frame));
        }
    }

    /// What was sent to a group by interface `on` comes to this host's own members: it turns round here, as if it had been
    /// on loopback, and is for those who joined on `on`.
    pub(super) fn loop_to_members(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) {
        ethernet::push(frame, &loopback::header(EtherType::IPV4));
        self.name_looped(ctx, frame);
        frame.strip_front(ethernet::HEADER);
        let id = frame.meta.id;
        self.trigger = Trigger::Frame(id);
        self.tally.count_received(InterfaceId::LOOPBACK, frame);
        let taken = match ipv4::accept(frame) {
            Ok(packet) => {
                let origin = Origin { packet, on, to_unicast: false, complain: false };
                self.deliver_to_members(ctx, &origin, frame)
            }
            Err(reason) => Err((Place::Network, reason)),
        };
        self.finish(ctx, InterfaceId::LOOPBACK, id, taken);
    }

    fn name_looped(&mut self, ctx: &mut Ctx<'_>, frame: &mut Frame) {
        frame.meta.id = self.name_frame();
        let interface = InterfaceId::LOOPBACK;
        self.tally.count_sent(interface, frame, 1);
        ctx.observe(Interest::FRAMES, || Event::FrameSent { interface, frame });
        ctx.observe(Interest::FRAMES, || Event::FrameArrived { interface, frame });
    }
}

/// The hop to a group on the link of an interface: nobody is asked for an address.
pub fn hop_to(interface: InterfaceId, group: Ipv4Addr) -> Hop {
    Hop { interface, station: IpAddr::V4(group), broadcast: true }
}
