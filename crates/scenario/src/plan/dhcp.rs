//! DHCP clients and servers, and the clients that an interface with `configure = "dhcp"` implies.

use core::net::{IpAddr, Ipv4Addr};

use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::application::dhcp::{client, server};
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::{Configure, InterfaceConfig};
use wirelab_stack::time::Instant;

use super::applications::{PlannedApplication, Work};
use super::{find, no_such};
use crate::diagnostic::Problem;
use crate::model::{DhcpClient, DhcpServer, RarpEntry};
use crate::read::{At, List, Name};
use crate::units::End;

/// A client, as it is described.
pub fn client(
    client: &DhcpClient,
    host: Option<&HostConfig>,
    problems: &mut Vec<Problem>,
) -> Option<client::Config> {
    let interface = interface(client.interface.as_ref(), host, problems)?;
    let inform = client.inform.as_ref().is_some_and(|inform| inform.value);
    if let Some(at) = client.inform.as_ref().filter(|at| at.value && interface.addresses.is_empty()) {
        let problem = at.problem("to be told what goes with its address, the interface needs one");
        problems.push(problem.allowed("`addresses` of the interface, or no `inform`"));
    }
    Some(client::Config {
        interface: Some(interface.name.clone()),
        requested: client.requested.as_ref().map(|at| at.value),
        previous: client.previous.as_ref().map(|at| at.value),
        lease: client.lease.as_ref().map(|at| at.value.0.0),
        release_after: client.release_after.as_ref().map(|at| at.value.0),
        inform,
        knobs: client::Knobs::default(),
    })
}

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
        (Some(prefix), _) => prefix.value,
        (None, Some(own)) => own.prefix(),
        (None, None) => {
            let problem = server.first.problem("the server's interface has no address");
            problems.push(problem.allowed("an interface with an address in the pool's network"));
            return None;
        }
    };
    let network = Cidr::new(IpAddr::V4(first), prefix).ok();
    if !network.is_some_and(|network| first <= last && network.contains(last.into())) {
        let message = format!("the pool from {first} to {last} does not lie in one network of {prefix} bits");
        problems.push(server.last.problem(message).allowed("an address from `first` on, in its network"));
        return None;
    }
    let reservations =
        server.reservation.iter().filter_map(|entry| reservation(entry, hosts, problems)).collect();
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
        config.max_leases = most.value as usize;
    }
    Some(config)
}

fn interface<'a>(
    name: Option<&At<Name>>,
    host: Option<&'a HostConfig>,
    problems: &mut Vec<Problem>,
) -> Option<&'a InterfaceConfig> {
    let interfaces = &host?.interfaces;
    match name {
        None => interfaces.first(),
        Some(name) => {
            let names = interfaces.iter().map(|interface| interface.name.as_str());
            interfaces.get(find("interface", name, names, problems)?)
        }
    }
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

/// The clients that interfaces with `configure = "dhcp"` need and that the file does not describe: in the background.
pub fn implied(hosts: &[HostConfig], described: &[PlannedApplication]) -> Vec<PlannedApplication> {
    let mut clients = Vec::new();
    for (number, host) in hosts.iter().enumerate() {
        for interface in host.interfaces.iter().filter(|own| own.configure == Configure::Dhcp) {
            let is_its = |application: &PlannedApplication| match &application.work {
                Work::DhcpClient(config) => {
                    application.host == number && config.interface.as_ref() == Some(&interface.name)
                }
                _ => false,
            };
            if described.iter().any(is_its) {
                continue;
            }
            let interface = Some(interface.name.clone());
            clients.push(PlannedApplication {
                // No name in a file has a full stop.
                name: format!("{}.{}.dhcp", host.name, interface.as_deref().unwrap_or_default()),
                kind: "dhcp-client",
                host: number,
                start: Instant::ZERO,
                background: true,
                waits: false,
                work: Work::DhcpClient(client::Config { interface, ..client::Config::default() }),
            });
        }
    }
    clients
}
