//! From a configuration to a host.

use core::net::{IpAddr, Ipv4Addr};

use super::addressing::AddressWaiters;
use super::counters::Tally;
use super::discovery::Discovery;
use super::egress::Way;
use super::groups::LinkGroups;
use super::outbox::Outbox;
use super::schedule::Schedule;
use super::{ConfigError, Host, HostConfig, RouteConfig, RouteKind};
use crate::addr::Cidr;
use crate::frame::{InterfaceId, Medium};
use crate::interface::{Configure, Interface, InterfaceConfig, MulticastRole, VlanConfig, loopback};
use crate::network::identification::Identifications;
use crate::network::igmp::ALL_SYSTEMS;
use crate::network::limits::ErrorLimits;
use crate::network::local::Addresses;
use crate::network::per_source::PerSource;
use crate::network::pmtu::{self, PathMtus};
use crate::network::rate::TokenBucket;
use crate::network::reassembly::{self, Reassembly};
use crate::network::redirect::Redirects;
use crate::network::route::{FlowKey, Origin, Route, Routes, Target};
use crate::rng::Rng;
use crate::trace::Trigger;
use crate::transport::descriptors::Descriptors;
use crate::transport::echo::EchoSockets;
use crate::transport::raw::Raw;
use crate::transport::tcp::Tcp;
use crate::transport::udp::Udp;
use crate::transport::unix::Unix;

/// The least MTU: RFC 791 §3.2.
const MIN_MTU: u16 = 68;

/// Builds the host that `config` describes.
pub fn build(config: HostConfig, rng: &mut Rng) -> Result<Host, ConfigError> {
    let HostConfig { name, node, interfaces: configs, routes: extra_routes, profile, names } = config;
    if configs.len() >= usize::from(InterfaceId::LOOPBACK.0) {
        return Err(ConfigError::TooManyInterfaces);
    }
    let (mut addresses, mut routes) = (Addresses::default(), Routes::default());
    let (mut seen, mut interfaces) = (Vec::new(), Vec::new());
    for (number, config) in configs.into_iter().enumerate() {
        let id = InterfaceId(number as u16);
        check_interface(&config)?;
        for cidr in &config.addresses {
            if seen.contains(&cidr.address()) {
                return Err(ConfigError::DuplicateAddress(cidr.address()));
            }
            seen.push(cidr.address());
            addresses.add(cidr, id);
            routes.add_connected(cidr, id);
        }
        interfaces.push(Interface::new(config, profile.interface.clone(), rng));
    }
    for number in 0..interfaces.len() {
        put_over(&mut interfaces, InterfaceId(number as u16))?;
    }
    for route in &extra_routes {
        add_route(&mut routes, &interfaces, route)?;
    }
    let network = profile.network;
    let link_of = |own: &Interface| LinkGroups::new(profile.igmp.clone(), own.capabilities().mtu);
    let groups = interfaces.iter().map(link_of).collect();
    let upstream = find_upstream(&interfaces)?;
    interfaces.iter_mut().for_each(|own| own.group_filter.join(ALL_SYSTEMS));
    let mut host = Host {
        name,
        node,
        names,
        tally: Tally::new(interfaces.len()),
        discovery: Discovery::new(profile.discovery, interfaces.len()),
        interfaces,
        loopback: Interface::new(loopback::config(), profile.interface, rng),
        addresses,
        routes,
        identifications: Identifications::new(rng),
        groups,
        upstream,
        icmp_errors: ErrorLimits::new(&network, rng),
        reassembly: Reassembly::new(reassembly::Limits::of(&network), rng),
        path_mtus: PathMtus::new(pmtu::Limits::of(&network), rng),
        echo_replies: TokenBucket::new(network.echo_replies),
        timestamp_replies: TokenBucket::new(network.timestamp_replies),
        redirected: Redirects::new(&network, rng),
        outbox: Outbox::new(network.max_outbox_packets, network.max_outbox_bytes),
        tcp: Tcp::new(profile.tcp, rng),
        raw: Raw::new(profile.udp.clone()),
        udp: Udp::new(profile.udp, rng),
        echo: EchoSockets::new(network.max_echo_events, network.max_echo_bytes, rng),
        unix: Unix::new(profile.unix),
        descriptors: Descriptors::new(profile.sockets.max_descriptors),
        way: Way::nowhere(),
        schedule: Schedule::new(),
        addresses_waiting: AddressWaiters::default(),
        known_ends: None,
        expected: None,
        trigger: Trigger::Call,
        frames_made: 0,
        flow_key: FlowKey::new(rng),
        redirects: PerSource::new(network.redirect_interval, network.max_redirected, rng),
        igmp: profile.igmp,
        knobs: network,
    };
    for number in 0..host.interfaces.len() {
        host.withhold_addresses(InterfaceId(number as u16));
    }
    Ok(host)
}

/// The upstream interface of a router (RFC 4605 §3: there is one at most).
fn find_upstream(interfaces: &[Interface]) -> Result<Option<InterfaceId>, ConfigError> {
    let is_upstream = |own: &Interface| own.multicast_role() == MulticastRole::Upstream;
    let mut found = interfaces.iter().enumerate().filter(|(_, own)| is_upstream(own));
    let first = found.next().map(|(number, _)| InterfaceId(number as u16));
    match found.next() {
        Some((_, second)) => Err(ConfigError::TwoUpstreams(second.name().to_owned())),
        None => Ok(first),
    }
}

fn check_interface(config: &InterfaceConfig) -> Result<(), ConfigError> {
    let name = || config.name.clone();
    if config.medium == Medium::Ethernet && !config.mac.is_unicast() {
        return Err(ConfigError::BadMac { interface: name(), mac: config.mac });
    }
    if config.medium != Medium::Ethernet && matches!(config.configure, Configure::Rarp(_)) {
        return Err(ConfigError::NoRarp { interface: name() });
    }
    if config.capabilities.mtu < MIN_MTU {
        return Err(ConfigError::BadMtu { interface: name(), mtu: config.capabilities.mtu });
    }
    let given = |(_, address): &(_, Ipv4Addr)| Cidr::new(IpAddr::V4(*address), 32).ok();
    let given = config.rarp_table.iter().filter_map(given);
    match config.addresses.iter().copied().chain(given).find(|cidr| !can_be_a_host(cidr)) {
        Some(cidr) => Err(ConfigError::BadAddress { interface: name(), address: cidr }),
        None => Ok(()),
    }
}

/// Puts a VLAN's interface over its parent.
fn put_over(interfaces: &mut [Interface], id: InterfaceId) -> Result<(), ConfigError> {
    let own = &interfaces[usize::from(id.0)];
    let Some(VlanConfig { parent, id: vlan }) = own.vlan() else { return Ok(()) };
    let bad = |reason| ConfigError::BadVlan { interface: own.name().to_owned(), reason };
    let under = interfaces.get(usize::from(parent.0)).ok_or(ConfigError::NoSuchInterface(parent))?;
    if under.medium() != Medium::Ethernet || own.medium() != Medium::Ethernet {
        return Err(bad("a line without Ethernet has no tags"));
    }
    if under.vlan().is_some() {
        return Err(bad("it would be over a VLAN's interface: a frame has one tag"));
    }
    if own.capabilities().mtu > under.capabilities().mtu {
        return Err(bad("its MTU is above that of the interface that it is over"));
    }
    let twice = bad("that VLAN has an interface already");
    if interfaces[usize::from(parent.0)].add_vlan(vlan, id) { Ok(()) } else { Err(twice) }
}

/// Whether an interface may have this address.
pub fn can_be_a_host(cidr: &Cidr) -> bool {
    match cidr.address() {
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            // RFC 1122 §3.2.1.3: {0, host}, {127, any}, class D and E, {network, -1}.
            !matches!(first, 0 | 127 | 224..) && cidr.broadcast() != Some(address)
        }
        IpAddr::V6(address) => !address.is_unspecified() && !address.is_multicast() && !address.is_loopback(),
    }
}

fn add_route(routes: &mut Routes, interfaces: &[Interface], config: &RouteConfig) -> Result<(), ConfigError> {
    let route = resolve_route(interfaces, config)?;
    if routes.add(route) { Ok(()) } else { Err(ConfigError::DuplicateRoute(route.destination)) }
}

/// The route that `config` describes.
pub fn resolve_route(interfaces: &[Interface], config: &RouteConfig) -> Result<Route, ConfigError> {
    let RouteConfig { destination, kind, gateway, interface, metric, source } = *config;
    if let Some(id) = interface.filter(|id| usize::from(id.0) >= interfaces.len()) {
        return Err(ConfigError::NoSuchInterface(id));
    }
    let mut own = interfaces.iter().flat_map(Interface::addresses).map(Cidr::address);
    if let Some(source) = source.filter(|source| !own.any(|address| address == *source)) {
        return Err(ConfigError::ForeignSource { destination, source });
    }
    let nowhere = match kind {
        RouteKind::Unicast => None,
        RouteKind::Blackhole => Some(Target::Blackhole),
        RouteKind::Unreachable => Some(Target::Unreachable),
        RouteKind::Prohibit => Some(Target::Prohibit),
    };
    let target = match (nowhere, interface, gateway) {
        (Some(target), None, None) => target,
        (Some(_), ..) => return Err(ConfigError::WayOfNoRoute(destination)),
        (None, Some(interface), _) => Target::Unicast { interface, gateway },
        (None, None, Some(address)) => {
            let holds =
                |interface: &Interface| interface.addresses().iter().any(|cidr| cidr.contains(address));
            let unreachable = ConfigError::UnreachableGateway { destination, gateway: address };
            let number = interfaces.iter().position(holds).ok_or(unreachable)?;
            Target::Unicast { interface: InterfaceId(number as u16), gateway }
        }
        (None, None, None) => return Err(ConfigError::RouteWithoutWay(destination)),
    };
    Ok(Route { destination, target, metric, source, origin: Origin::Static })
}
