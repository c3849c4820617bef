//! Hosts with their interfaces and routes.

use core::hash::Hasher;
use core::net::IpAddr;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use siphasher::sip::SipHasher24;
use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::frame::NodeId;
use wirelab_stack::host::{HostConfig, Names};
use wirelab_stack::interface::{Capabilities, InterfaceConfig, MulticastRole};
use wirelab_stack::profile::Profile;

use super::{addressing, check_unique, media, routes};
use crate::diagnostic::Problem;
use crate::model::{Host, Interface, MulticastWord, Preset};
use crate::read::At;

/// The least MTU of IPv4 (RFC 791 §3.2).
const LEAST_MTU: u16 = 68;

/// The hosts' configurations, in the order of the file.
pub fn plan(hosts: &[At<Host>], problems: &mut Vec<Problem>) -> Vec<HostConfig> {
    check_unique("hosts", hosts.iter().map(|host| &host.value.name), problems);
    check_addresses(hosts, problems);
    let mut planned: Vec<HostConfig> =
        hosts.iter().map(|host| plan_host(&host.value, hosts, problems)).collect();
    let names = Arc::new(Names::of(&planned));
    planned.iter_mut().for_each(|host| host.names = Arc::clone(&names));
    planned
}

fn plan_host(host: &Host, hosts: &[At<Host>], problems: &mut Vec<Problem>) -> HostConfig {
    let named = host.interface.iter().filter_map(|interface| interface.value.name.as_ref());
    check_unique("interfaces of this host", named, problems);
    let mut interfaces: Vec<InterfaceConfig> = host
        .interface
        .iter()
        .enumerate()
        .map(|(index, interface)| {
            let config = plan_interface(&host.name.value.0, index, &interface.value, problems);
            addressing::plan(&interface.value, hosts, config, problems)
        })
        .collect();
    media::settle(host, &mut interfaces, problems);
    check_upstream(host, problems);
    let routes = host.route.iter().flat_map(|route| routes::plan(route, &interfaces, problems)).collect();
    let profile = profile(host, problems);
    addressing::check_proxies(host, profile.network.forwarding, problems);
    HostConfig {
        name: host.name.value.0.clone(),
        // The world numbers its nodes itself.
        node: NodeId(0),
        interfaces,
        routes,
        profile,
        names: Arc::default(),
    }
}

fn profile(host: &Host, problems: &mut Vec<Problem>) -> Profile {
    let mut profile = match host.profile.as_ref().map_or(Preset::Rfc, |preset| preset.value) {
        Preset::Rfc => Profile::rfc(),
        Preset::Linux => Profile::linux(),
        Preset::Freebsd => Profile::freebsd(),
    };
    if let Some(arp) = &host.arp {
        arp.value.apply(&mut profile.interface);
    }
    if let Some(ip) = &host.ip {
        ip.value.apply(&mut profile.network);
    }
    if let Some(forwarding) = &host.forwarding {
        profile.network.forwarding = forwarding.value;
    }
    if let Some(forwarding) = &host.multicast_forwarding {
        profile.network.multicast_forwarding = forwarding.value;
    }
    if let Some(igmp) = &host.igmp {
        igmp.value.apply(&mut profile.igmp);
    }
    if let Some(discovery) = &host.router_discovery {
        discovery.value.apply(&mut profile.discovery);
    }
    if let Some(udp) = &host.udp {
        udp.value.apply(&mut profile.udp);
    }
    if let Some(unix) = &host.unix {
        unix.value.apply(&mut profile.unix);
    }
    if let Some(sockets) = &host.sockets {
        sockets.value.apply(&mut profile.sockets);
    }
    if let Some(tcp) = &host.tcp {
        tcp.value.apply(&mut profile.tcp);
        let (least, most) = (profile.tcp.min_rto, profile.tcp.max_rto);
        if least > most {
            let message = format!("the least RTO, {least}, is above the greatest, {most}");
            problems.push(tcp.problem(message).allowed("`min_rto` at most `max_rto`"));
        }
    }
    profile
}

/// RFC 4605 §3: a router has one way to the root of the tree at most.
fn check_upstream(host: &Host, problems: &mut Vec<Problem>) {
    let roles = host.interface.iter().filter_map(|interface| interface.value.multicast_role.as_ref());
    for second in roles.filter(|role| role.value == MulticastWord::Upstream).skip(1) {
        problems.push(
            second.problem("a router has one upstream interface at most").allowed("downstream, forwarder"),
        );
    }
}

/// The name of a host's interface number `index`.
pub fn interface_name(interface: &Interface, index: usize) -> String {
    match (&interface.name, &interface.vlan) {
        (Some(name), _) => name.value.0.clone(),
        (None, Some(vlan)) => format!("vlan{}", vlan.value.0),
        (None, None) => format!("eth{index}"),
    }
}

fn plan_interface(
    host: &str,
    index: usize,
    interface: &Interface,
    problems: &mut Vec<Problem>,
) -> InterfaceConfig {
    let name = interface_name(interface, index);
    let mtu = interface.mtu.as_ref().map_or(1500, |mtu| mtu.value);
    if let Some(mtu) = interface.mtu.as_ref().filter(|mtu| mtu.value < LEAST_MTU) {
        let message = format!("an MTU of {} octets is too small for IPv4", mtu.value);
        problems.push(mtu.problem(message).allowed(format!("{LEAST_MTU} to 65535")));
    }
    for address in &interface.addresses {
        check_address(address, problems);
    }
    let mac = interface.mac.as_ref().map_or_else(|| derived_mac(host, &name), |mac| mac.value);
    let addresses: Vec<Cidr> = interface.addresses.iter().map(|address| address.value).collect();
    InterfaceConfig {
        capabilities: capabilities(mtu, interface.offload.as_ref().is_some_and(|offload| offload.value)),
        neighbors: interface
            .neighbor
            .iter()
            .map(|neighbor| (neighbor.value.address.value, neighbor.value.mac.value))
            .collect(),
        announce: interface.announce.as_ref().is_none_or(|announce| announce.value),
        multicast_threshold: interface.multicast_threshold.as_ref().map_or(1, |threshold| threshold.value),
        multicast_role: match interface.multicast_role.as_ref().map(|word| word.value) {
            None | Some(MulticastWord::Downstream) => MulticastRole::Downstream,
            Some(MulticastWord::Forwarder) => MulticastRole::Forwarder,
            Some(MulticastWord::Upstream) => MulticastRole::Upstream,
        },
        preference_level: interface.preference_level.as_ref().map(|level| level.value),
        check_fcs: interface.check_fcs.as_ref().is_none_or(|check| check.value),
        ..InterfaceConfig::new(name, mac, addresses)
    }
}

/// What an interface's link can do: with `offload`, all that hosts leave to network cards on their way out.
fn capabilities(mtu: u16, offload: bool) -> Capabilities {
    let max_super_frame = if offload { u16::MAX.into() } else { 0 };
    Capabilities { mtu, max_super_frame, transmit_checksum: offload, ..Capabilities::default() }
}

/// A locally administered unicast address that follows from the names alone: to add a host changes no other's.
pub fn derived_mac(host: &str, interface: &str) -> Mac {
    let mut hash = SipHasher24::new_with_keys(0x6d61_6320_6164_6472, 0x6573_7365_7320_3031);
    hash.write(host.as_bytes());
    hash.write_u8(0);
    hash.write(interface.as_bytes());
    let mut octets = [0; 6];
    octets.copy_from_slice(&hash.finish().to_be_bytes()[2..]);
    octets[0] = 0x02;
    Mac(octets)
}

fn check_address(address: &At<Cidr>, problems: &mut Vec<Problem>) {
    let cidr = address.value;
    let fault = match cidr.address() {
        IpAddr::V6(_) => Some("is an IPv6 address, which the stack does not have yet"),
        IpAddr::V4(v4) if v4.is_unspecified() => Some("is no address at all"),
        IpAddr::V4(v4) if v4.is_loopback() => Some("is a loopback address, which each host has by itself"),
        IpAddr::V4(v4) if v4.is_multicast() => Some("is a multicast address"),
        IpAddr::V4(v4) if v4.is_broadcast() || cidr.broadcast() == Some(v4) => {
            Some("is the broadcast address of its network")
        }
        IpAddr::V4(v4) if cidr.prefix() <= 30 && v4.to_bits() << cidr.prefix() == 0 => {
            Some("is the address of the network itself")
        }
        IpAddr::V4(_) => None,
    };
    if let Some(fault) = fault {
        problems.push(address.problem(format!("{cidr} {fault}")).allowed("an IPv4 address of one host"));
    }
}

/// Reports addresses, of IP and of hardware, that two interfaces have and that are not meant to be shared.
fn check_addresses(hosts: &[At<Host>], problems: &mut Vec<Problem>) {
    let mut addresses: BTreeMap<IpAddr, (bool, String)> = BTreeMap::new();
    let mut macs: BTreeMap<Mac, (bool, String)> = BTreeMap::new();
    for host in hosts {
        for (index, interface) in host.value.interface.iter().enumerate() {
            let shared = interface.value.duplicate.as_ref().is_some_and(|duplicate| duplicate.value);
            let owner = format!("{}.{}", host.value.name.value, interface_name(&interface.value, index));
            for address in &interface.value.addresses {
                let ip = address.value.address();
                note(&mut addresses, ip, shared, &owner, |other| {
                    problems.push(taken(&address.place, &ip.to_string(), other));
                });
            }
            if let Some(mac) = &interface.value.mac {
                note(&mut macs, mac.value, shared, &owner, |other| {
                    problems.push(taken(&mac.place, &mac.value.to_string(), other));
                });
            }
        }
    }
}

/// Remembers that `owner` has `address`; calls `report` where another has it and one of both does not share.
fn note<A: Ord>(
    seen: &mut BTreeMap<A, (bool, String)>,
    address: A,
    shared: bool,
    owner: &str,
    report: impl FnOnce(&str),
) {
    match seen.entry(address) {
        Entry::Vacant(entry) => {
            entry.insert((shared, owner.to_owned()));
        }
        Entry::Occupied(entry) => {
            let (other_shares, other) = entry.get();
            // One interface's own addresses are never given twice on purpose.
            if !(shared && *other_shares) || other == owner {
                report(other);
            }
        }
    }
}

fn taken(place: &crate::read::Place, address: &str, owner: &str) -> Problem {
    place
        .problem(format!("`{owner}` has the address {address} already"))
        .allowed("an address that no other interface has, or `duplicate = true` at both")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_hardware_addresses_are_local_unicast_and_follow_from_the_names_alone() {
        let mac = derived_mac("client", "eth0");
        assert!(mac.is_unicast() && mac.0[0] == 0x02);
        assert_eq!(mac, derived_mac("client", "eth0"));
        assert_ne!(mac, derived_mac("client", "eth1"));
        assert_ne!(derived_mac("ab", "c"), derived_mac("a", "bc"));
    }
}
