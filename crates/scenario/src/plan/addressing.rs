//! How interfaces come by their addresses.

use core::net::{IpAddr, Ipv4Addr};

use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::interface::{Configure, InterfaceConfig, OnConflict, rarp};

use super::hosts::{derived_mac, interface_name};
use super::no_such;
use crate::diagnostic::Problem;
use crate::model::{ConfigureWord, Host, Interface, MediumWord, OnConflictWord, RarpEntry};
use crate::read::At;
use crate::units::End;

/// Whether applications of a host wait until it has its addresses.
pub fn waits(interfaces: &[InterfaceConfig]) -> bool {
    interfaces.iter().any(|interface| interface.probe || interface.configure != Configure::Static)
}

/// What `interface` says of its addressing.
pub fn plan(
    interface: &Interface,
    hosts: &[At<Host>],
    config: InterfaceConfig,
    problems: &mut Vec<Problem>,
) -> InterfaceConfig {
    let word = interface.configure.as_ref().map_or(ConfigureWord::Static, |word| word.value);
    if let Some(word) = interface.configure.as_ref().filter(|_| word != ConfigureWord::Static)
        && !config.addresses.is_empty()
    {
        let problem = word.problem("an interface that asks for its address has others already");
        problems.push(problem.allowed("no `addresses`, or no `configure`"));
    }
    if let Some(rarp) = interface.rarp.as_ref().filter(|_| word != ConfigureWord::Rarp) {
        let problem =
            rarp.problem("`rarp` says what RARP does not tell, and this interface does not ask by RARP");
        problems.push(problem.allowed("`configure = \"rarp\"`"));
    }
    InterfaceConfig {
        configure: match word {
            ConfigureWord::Static => Configure::Static,
            ConfigureWord::Rarp => Configure::Rarp(client(interface, problems)),
            ConfigureWord::Dhcp => Configure::Dhcp,
        },
        probe: interface.probe.as_ref().is_some_and(|probe| probe.value),
        on_conflict: match interface.on_conflict.as_ref().map(|word| word.value) {
            Some(OnConflictWord::GiveUp) => OnConflict::GiveUp,
            Some(OnConflictWord::DefendOnce) => OnConflict::DefendOnce,
            Some(OnConflictWord::NeverGiveUp) => OnConflict::NeverGiveUp,
            // RFC 5227 §2.4: what an address was given for may be had again; what is configured is to stay.
            None if word == ConfigureWord::Static => OnConflict::NeverGiveUp,
            None => OnConflict::DefendOnce,
        },
        proxy_arp: interface.proxy_arp.as_ref().is_some_and(|proxy| proxy.value),
        rarp_table: table(interface, hosts, problems),
        ..config
    }
}

/// Reports interfaces that are to answer for others on a host that sends nothing on: it would swallow what comes then.
/// Where there is no ARP at all that is told already.
pub fn check_proxies(host: &Host, forwarding: bool, problems: &mut Vec<Problem>) {
    let on_ethernet = |interface: &&Interface| {
        interface.medium.as_ref().is_none_or(|medium| medium.value == MediumWord::Ethernet)
    };
    let interfaces = host.interface.iter().map(|interface| &interface.value).filter(on_ethernet);
    let proxies = interfaces.filter_map(|interface| interface.proxy_arp.as_ref());
    for proxy in proxies.filter(|proxy| proxy.value && !forwarding) {
        let problem = proxy.problem("a host that does not forward cannot answer for others");
        problems.push(problem.allowed("`proxy_arp` together with the host's `forwarding = true`"));
    }
}

fn client(interface: &Interface, problems: &mut Vec<Problem>) -> rarp::ClientConfig {
    let Some(rarp) = &interface.rarp else { return rarp::ClientConfig::default() };
    if let Some(prefix) = rarp.value.prefix.as_ref().filter(|prefix| prefix.value > 32) {
        problems.push(prefix.problem("an IPv4 address has 32 bits").allowed("0 to 32"));
    }
    let prefix = rarp.value.prefix.as_ref().map(|prefix| prefix.value);
    rarp::ClientConfig { prefix, gateway: rarp.value.gateway.as_ref().map(|gateway| gateway.value) }
}

fn table(interface: &Interface, hosts: &[At<Host>], problems: &mut Vec<Problem>) -> Vec<(Mac, Ipv4Addr)> {
    let mut table: Vec<(Mac, Ipv4Addr)> = Vec::new();
    for entry in &interface.rarp_table {
        let Some((mac, address)) = table_entry(entry, hosts, problems) else { continue };
        if let Some((_, other)) = table.iter().find(|(other, _)| *other == mac) {
            let problem = entry.problem(format!("the table says that {mac} is {other} already"));
            problems.push(problem.allowed("one line for each station"));
        }
        table.push((mac, address));
    }
    table
}

fn table_entry(
    entry: &At<RarpEntry>,
    hosts: &[At<Host>],
    problems: &mut Vec<Problem>,
) -> Option<(Mac, Ipv4Addr)> {
    let RarpEntry { mac, station, address } = &entry.value;
    let is_host = Cidr::new(IpAddr::V4(address.value), 32).is_ok_and(|cidr| rarp::can_be_given(&cidr));
    if !is_host {
        let problem = address.problem(format!("{} cannot be a host's address", address.value));
        problems.push(problem.allowed("an address that one station can have"));
    }
    let mac = match (mac, station) {
        (Some(mac), None) => mac.value,
        (None, Some(station)) => station_mac(station, hosts, problems)?,
        _ => {
            let problem = entry.problem("a line of a RARP table is about one station");
            problems.push(problem.allowed("one of `mac` and `station`"));
            return None;
        }
    };
    is_host.then_some((mac, address.value))
}

/// The hardware address of an interface that is named as the end of a link is.
pub fn station_mac(end: &At<End>, hosts: &[At<Host>], problems: &mut Vec<Problem>) -> Option<Mac> {
    let End { host: name, interface } = &end.value;
    let names = hosts.iter().map(|host| host.value.name.value.0.as_str());
    let Some(host) = hosts.iter().find(|host| host.value.name.value.0 == *name) else {
        problems.push(no_such(&end.place, "host", name, names));
        return None;
    };
    let all = &host.value.interface;
    let found = all.iter().enumerate().find(|(index, own)| match interface {
        Some(interface) => interface_name(&own.value, *index) == *interface,
        None => all.len() == 1,
    });
    let Some((index, own)) = found else {
        let problem = end.problem(format!("`{name}` has no such interface, or more than one"));
        problems.push(problem.allowed("an interface such as \"client.eth0\""));
        return None;
    };
    let derived = || derived_mac(name, &interface_name(&own.value, index));
    Some(own.value.mac.as_ref().map_or_else(derived, |mac| mac.value))
}
