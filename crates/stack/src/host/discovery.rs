//! Router discovery (RFC 1256): a router that advertises itself, a host that takes its default routes from that.

use core::net::{IpAddr, Ipv4Addr};

use super::Host;
use super::multicast::hop_to;
use super::outbox::Outgoing;
use super::schedule::Concern;
use crate::addr::Cidr;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::network::discovery::{
    self, ADVERTISEMENT_ADDRESS, Advertiser, DefaultRouter, DefaultRouters, SOLICITATION_ADDRESS, Solicitor,
    Taken,
};
use crate::network::icmp::{Advertisement, Router};
use crate::network::igmp::ALL_ROUTERS;
use crate::network::route::{Origin, Route, Target};
use crate::time::Duration;
use crate::trace::DropReason;
use crate::transport::IpInfo;

/// The metric of the routes by the best default routers that were discovered. One that the configuration or a server gives
/// is preferred, unless its metric is larger still.
const METRIC: u32 = 1024;

/// A host's part in router discovery.
#[derive(Clone, Debug)]
pub(super) struct Discovery {
    knobs: discovery::Knobs,
    /// What it does on the link of each interface.
    links: Vec<Link>,
    routers: DefaultRouters,
}

/// What a host does on one link.
#[derive(Clone, Debug, Default)]
struct Link {
    advertiser: Option<Advertiser>,
    solicitor: Option<Solicitor>,
}

impl Discovery {
    pub(super) fn new(knobs: discovery::Knobs, interfaces: usize) -> Self {
        let routers = DefaultRouters::new(knobs.max_default_routers);
        Self { knobs, links: vec![Link::default(); interfaces], routers }
    }
}

impl Host {
    /// Whether this host advertises itself as a router.
    pub(super) fn advertises(&self) -> bool {
        self.discovery.knobs.advertise && self.knobs.forwarding
    }

    /// Whether this host takes default routers from advertisements (RFC 1812 §5.2.7.2: a router knows its routes from
    /// elsewhere).
    fn discovers(&self) -> bool {
        self.discovery.knobs.perform_router_discovery && !self.knobs.forwarding
    }

    /// The default routers that this host has heard of, the best first.
    pub fn default_routers(&self) -> impl Iterator<Item = &DefaultRouter> {
        self.discovery.routers.iter()
    }

    /// An interface is there, or is gone.
    pub(super) fn discovery_link_changed(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        if !self.advertises() && !self.discovers() {
            return;
        }
        if let Some(link) = self.discovery.links.get_mut(usize::from(on.0)) {
            *link = Link::default();
        }
        self.discovery_addresses_changed(ctx, on);
    }

    /// The addresses of an interface are others now, or it is up or down: with its first address it begins.
    #[cold]
    pub(super) fn discovery_addresses_changed(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let ready =
            self.interface(on).is_some_and(|own| own.is_up() && own.ipv4_addresses().next().is_some());
        let (advertises, discovers) = (ready && self.advertises(), ready && self.discovers());
        let Discovery { knobs, links, .. } = &mut self.discovery;
        let Some(link) = links.get_mut(usize::from(on.0)) else { return };
        match (advertises, &link.advertiser) {
            (true, None) => link.advertiser = Some(Advertiser::new(knobs, ctx.now, ctx.rng)),
            (false, Some(_)) => link.advertiser = None,
            _ => {}
        }
        // RFC 1256 §5.3: asked is when an interface comes up, and again only when it comes up again.
        match (discovers, &link.solicitor) {
            (true, None) => link.solicitor = Some(Solicitor::new(knobs, ctx.now, ctx.rng)),
            (false, Some(_)) => link.solicitor = None,
            _ => {}
        }
        if self.advertises() {
            self.hear_all_routers(ctx, on, advertises);
        }
        self.forget_routers(|host, router| {
            router.on != on || ready && host.is_neighbor(on, router.address) && !host.is_own(router.address)
        });
        self.settle_discovery(ctx, on);
    }

    /// Does what is due on a link, and sets when it is due again.
    #[cold]
    pub(super) fn settle_discovery(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let now = ctx.now;
        self.forget_routers(|_, router| router.until > now);
        let Discovery { knobs, links, routers } = &mut self.discovery;
        let Some(link) = links.get_mut(usize::from(on.0)) else { return };
        let mut next = routers.next_end(on);
        let (mut advertise, mut solicit) = (false, false);
        if let Some(advertiser) = &mut link.advertiser {
            advertise = advertiser.take_due(knobs, now, ctx.rng);
            next = next.min(advertiser.next());
        }
        if let Some(solicitor) = &mut link.solicitor {
            solicit = solicitor.take_due(knobs, now);
            next = next.min(solicitor.next());
        }
        self.schedule.set(Concern::RouterDiscovery, on, Some(next));
        if advertise {
            self.advertise(ctx, on);
        }
        if solicit {
            let source = self.first_address(on);
            let frame = discovery::solicitation_packet(source, self.trigger);
            self.send_discovery(ctx, on, SOLICITATION_ADDRESS, frame);
        }
    }

    /// RFC 1256 §4.3: an advertisement names all of the router's addresses on the link.
    fn advertise(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let Some(interface) = self.interface(on) else { return };
        let preference = interface.preference_level().unwrap_or(self.discovery.knobs.preference_level);
        let routers = interface.ipv4_addresses().map(|address| Router { address, preference }).collect();
        let advertisement = Advertisement { lifetime: self.discovery.knobs.lifetime(), routers };
        let source = self.first_address(on);
        let frame = discovery::advertisement_packet(&advertisement, source, self.trigger);
        self.send_discovery(ctx, on, ADVERTISEMENT_ADDRESS, frame);
    }

    fn send_discovery(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, destination: Ipv4Addr, frame: Frame) {
        if self.outbox.has_room(frame.len()) {
            self.tally.ip.out_requests += 1;
            self.tally.ip.out_mcast_pkts += 1;
            self.outbox.push(Outgoing::Packet(hop_to(on, destination), frame));
        } else {
            self.discard_on(ctx, Some(on), DropReason::OutputQueueFull);
        }
    }

    fn first_address(&self, on: InterfaceId) -> Ipv4Addr {
        let first = self.interface(on).and_then(|interface| interface.ipv4_addresses().next());
        first.unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// A host asks which routers there are.
    #[cold]
    pub(super) fn accept_solicitation(&mut self, ctx: &mut Ctx<'_>, ip: &IpInfo) -> Result<(), DropReason> {
        if !self.advertises() {
            return Err(DropReason::IcmpIgnored);
        }
        // RFC 1256 §4.2: from a neighbour, or from one that has no address yet.
        let IpAddr::V4(from) = ip.source else { return Err(DropReason::IcmpNotNeighbor) };
        if !from.is_unspecified() && !self.is_neighbor(ip.interface, from) {
            return Err(DropReason::IcmpNotNeighbor);
        }
        let Discovery { knobs, links, .. } = &mut self.discovery;
        let link = links.get_mut(usize::from(ip.interface.0));
        let advertiser = link.and_then(|link| link.advertiser.as_mut()).ok_or(DropReason::IcmpIgnored)?;
        advertiser.accept_solicitation(knobs, ctx.now, ctx.rng);
        self.settle_discovery(ctx, ip.interface);
        Ok(())
    }

    /// Routers say that they are there (RFC 1256 §5.3).
    #[cold]
    pub(super) fn accept_advertisement(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        advertisement: &Advertisement,
    ) -> Result<(), DropReason> {
        if !self.discovers() {
            return Err(DropReason::IcmpIgnored);
        }
        let on = ip.interface;
        // RFC 1256 §3: it is from an address of the router's on this link.
        let IpAddr::V4(from) = ip.source else { return Err(DropReason::IcmpNotNeighbor) };
        if !self.is_neighbor(on, from) {
            return Err(DropReason::IcmpNotNeighbor);
        }
        let until = ctx.now + Duration::from_secs(advertisement.lifetime.into());
        let (mut neighbors, mut usable, mut refused, mut changed) = (0, false, 0, false);
        for router in &advertisement.routers {
            // RFC 1256 §5.3: addresses that are not of a network of this interface are ignored.
            let address = router.address;
            let is_router = self.is_neighbor(on, address)
                && !self.addresses.is_own(address)
                && !self.addresses.is_broadcast(address, on);
            if !is_router {
                continue;
            }
            neighbors += 1;
            usable |= router.preference != Router::NEVER;
            match self.discovery.routers.take(ctx.now, on, *router, until) {
                Taken::Changed => changed = true,
                Taken::Same => {}
                Taken::Refused => refused += 1,
            }
        }
        // RFC 1256 §5.3: who has heard of a router that may be used asks no more.
        if usable && let Some(link) = self.discovery.links.get_mut(usize::from(on.0)) {
            link.solicitor.as_mut().map(Solicitor::hush);
        }
        if changed {
            self.use_routers();
        }
        self.settle_discovery(ctx, on);
        match neighbors {
            0 => Err(DropReason::IcmpNotNeighbor),
            _ if refused == neighbors => Err(DropReason::RouterTableFull),
            _ => Ok(()),
        }
    }

    /// Forgets default routers but those that are to be kept.
    fn forget_routers(&mut self, keep: impl Fn(&Self, &DefaultRouter) -> bool) {
        let gone: Vec<DefaultRouter> =
            self.discovery.routers.iter().filter(|router| !keep(self, router)).copied().collect();
        if gone.is_empty() {
            return;
        }
        self.discovery.routers.retain(|router| !gone.contains(router));
        self.use_routers();
    }

    /// The default routes are those by the routers that are known: of two, the preferred one's has the lesser metric, and
    /// those that are as good share the flows (RFC 1256 §5.3 leaves the choice open).
    fn use_routers(&mut self) {
        let Ok(destination) = Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0) else { return };
        self.routes.remove(&destination, |route| route.origin == Origin::Discovered);
        let (mut metric, mut last) = (METRIC, None);
        for router in self.discovery.routers.iter() {
            metric += u32::from(last.is_some_and(|last| last != router.preference));
            last = Some(router.preference);
            let gateway = Some(IpAddr::V4(router.address));
            let target = Target::Unicast { interface: router.on, gateway };
            self.routes.add(Route { destination, target, metric, source: None, origin: Origin::Discovered });
        }
        self.forget_ways();
        self.forget_redirects();
    }

    /// RFC 1256 §4.3: a router that advertises itself is a member of all routers' group, by which it is asked.
    fn hear_all_routers(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, hear: bool) {
        let Some(link) = self.groups.get_mut(usize::from(on.0)) else { return };
        let changed = if hear { link.own.insert(ALL_ROUTERS) } else { link.own.remove(&ALL_ROUTERS) };
        if changed {
            self.join_as_wanted(ctx, on, ALL_ROUTERS);
            self.settle_groups(ctx, on);
        }
    }
}
