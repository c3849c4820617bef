//! DHCP servers: their pool, and what they reserve.

use core::net::{IpAddr, Ipv4Addr};

use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::application::dhcp::server;
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::{InterfaceConfig, rarp};

use super::dhcp::interface;
use super::no_such;
use crate::diagnostic::Problem;
use crate::model::{DhcpServer, RarpEntry};
use crate::read::{At, List};
use crate::units::End;

/// A server, as it is described.
pub fn server(
    server: &DhcpServer,
    hosts: &[HostConfig],
    host: Option<&HostConfig>,
    problems: &mut Vec<Problem>,
) -> Option<server::Config> {
    let interface = interface(server.interface.as_ref(), host, problems)?;
    let (first, last) = (server.first.value, server.last.value);
    let own = interface.addresses.iter().find(|cidr| cidr.contains(first.into()));
    let prefix = match (&server.prefix, own.or(interface.addresses.first())) {
        (Some(prefix), _) if prefix.value > 32 => {
            problems.push(prefix.problem("an IPv4 address has 32 bits").allowed("0 to 32"));
            return None;
        }
        (Some(prefix), _) => prefix.value,
        (None, Some(own)) => own.prefix(),
        (None, None) => {
            let problem = server.first.problem("the server's interface has no address");
            problems.push(problem.allowed("an interface with an address in the pool's network"));
            return None;
        }
    };
    let network = Cidr::new(IpAddr::V4(first), prefix).ok()?;
    if first > last || !network.contains(last.into()) {
        let message = format!("the pool from {first} to {last} does not lie in one network of {prefix} bits");
        problems.push(server.last.problem(message).allowed("an address from `first` on, in its network"));
        return None;
    }
    if !interface.addresses.iter().any(|cidr| network.contains(cidr.address())) {
        // It would take no message that comes straight from a client (RFC 2131 §4.3.1).
        let message =
            format!("`{}` has no address in the pool's network, {}", interface.name, network.network());
        problems
            .push(server.first.problem(message).allowed("a pool in the network of the server's interface"));
        return None;
    }
    for end in [&server.first, &server.last] {
        problems.extend(not_a_host(end, &network));
    }
    let reservations = reservations(server, interface, &network, hosts, problems);
    for router in server.routers.iter().flat_map(|list| &list.value.0) {
        if !network.contains(router.value.into()) {
            let message = format!("{} is not in the pool's network, {}", router.value, network.network());
            problems.push(router.problem(message).allowed("a router that clients can reach directly"));
        }
    }
    let list = |list: &Option<At<List<Ipv4Addr>>>| {
        list.as_ref().map_or_else(Vec::new, |list| list.value.0.iter().map(|at| at.value).collect())
    };
    let mut config = server::Config::new(first, last, prefix);
    config.interface = Some(interface.name.clone());
    config.reservations = reservations;
    (config.routers, config.name_servers) = (list(&server.routers), list(&server.name_servers));
    let set = |knob: &mut _, at: Option<_>| {
        if let Some(value) = at {
            *knob = value;
        }
    };
    set(&mut config.lease, server.lease.as_ref().map(|at| at.value.0.0));
    set(&mut config.max_lease, server.max_lease.as_ref().map(|at| at.value.0.0));
    set(&mut config.offer_time, server.offer_time.as_ref().map(|at| at.value.0));
    set(&mut config.abandoned_time, server.abandoned_time.as_ref().map(|at| at.value.0));
    set(&mut config.ping_timeout, server.ping_timeout.as_ref().map(|at| at.value.0));
    if let Some(most) = &server.max_leases {
        if most.value == 0 {
            problems.push(most.problem("a server without leases has nothing to give").allowed("1 or more"));
        }
        config.max_leases = most.value as usize;
    }
    if config.lease > config.max_lease {
        let place = server.lease.as_ref().or(server.max_lease.as_ref());
        let message = format!("a lease of {} is longer than the longest, {}", config.lease, config.max_lease);
        let problem = place.map(|at| at.problem(message));
        problems.extend(problem.map(|problem| problem.allowed("`lease` no longer than `max_lease`")));
    }
    Some(config)
}

/// The reservations, each for another station and of another address, that hosts of the network can have.
fn reservations(
    server: &DhcpServer,
    interface: &InterfaceConfig,
    network: &Cidr,
    hosts: &[HostConfig],
    problems: &mut Vec<Problem>,
) -> Vec<(Mac, Ipv4Addr)> {
    let mut all: Vec<(Mac, Ipv4Addr)> = Vec::new();
    for entry in &server.reservation {
        let Some((mac, address)) = reservation(entry, hosts, problems) else { continue };
        let at = &entry.value.address;
        let own = interface.addresses.iter().any(|cidr| cidr.address() == IpAddr::V4(address));
        let wrong = if !network.contains(address.into()) {
            Some((
                format!("{address} is not in the pool's network, {}", network.network()),
                "an address of it",
            ))
        } else if own {
            Some((format!("{address} is the server's own"), "an address that no other station has"))
        } else if all.iter().any(|(_, other)| *other == address) {
            Some((format!("{address} is reserved already"), "another address for each station"))
        } else {
            None
        };
        match wrong {
            Some((message, allowed)) => problems.push(at.problem(message).allowed(allowed)),
            None => problems.extend(not_a_host(at, network)),
        }
        if all.iter().any(|(other, _)| *other == mac) {
            let problem = entry.problem(format!("an address is reserved for {mac} already"));
            problems.push(problem.allowed("one reservation for each station"));
        }
        all.push((mac, address));
    }
    all
}

/// That an address is no host's in this network, if so (RFC 1122 §3.2.1.3).
fn not_a_host(at: &At<Ipv4Addr>, network: &Cidr) -> Option<Problem> {
    let cidr = Cidr::new(at.value.into(), network.prefix()).ok()?;
    let problem = || {
        let problem = at.problem(format!("{} cannot be a host's address in {}", at.value, network.network()));
        problem.allowed("an address between the network's own and its broadcast address")
    };
    (!rarp::can_be_given(&cidr)).then(problem)
}

fn reservation(
    entry: &At<RarpEntry>,
    hosts: &[HostConfig],
    problems: &mut Vec<Problem>,
) -> Option<(Mac, Ipv4Addr)> {
    let RarpEntry { mac, station, address } = &entry.value;
    let mac = match (mac, station) {
        (Some(mac), None) => mac.value,
        (None, Some(station)) => station_mac(station, hosts, problems)?,
        _ => {
            let problem = entry.problem("a reservation is for one station");
            problems.push(problem.allowed("one of `mac` and `station`"));
            return None;
        }
    };
    Some((mac, address.value))
}

fn station_mac(end: &At<End>, hosts: &[HostConfig], problems: &mut Vec<Problem>) -> Option<Mac> {
    let End { host: name, interface } = &end.value;
    let Some(host) = hosts.iter().find(|host| host.name == *name) else {
        problems.push(no_such(&end.place, "host", name, hosts.iter().map(|host| host.name.as_str())));
        return None;
    };
    let found = match interface {
        Some(interface) => host.interfaces.iter().find(|own| own.name == *interface),
        None => host.interfaces.first().filter(|_| host.interfaces.len() == 1),
    };
    if found.is_none() {
        let problem = end.problem(format!("`{name}` has no such interface, or more than one"));
        problems.push(problem.allowed("an interface such as \"client.eth0\""));
    }
    found.map(|own| own.mac)
}
