//! Multicast groups of applications: addresses and interfaces looked up.

use core::net::{IpAddr, Ipv4Addr};

use wirelab_stack::addr::Cidr;
use wirelab_stack::application::group::{Membership, Sending};

use super::applications::Lookup;
use super::no_such;
use crate::model::{UdpSink, UdpSource};
use crate::read::{At, List, Name};
use crate::units::Peer;

/// What a sink joins: nothing, or a group. The outer `None`: that makes no sense, and was reported.
#[expect(clippy::option_option, reason = "nothing to join, and no sense, are two things")]
pub fn membership(sink: &UdpSink, lookup: &mut Lookup<'_>) -> Option<Option<Membership>> {
    let Some(group) = &sink.group else {
        let stray = [
            sink.interface.as_ref().map(|at| at.problem("`interface` is of no use here")),
            sink.sources.as_ref().map(|at| at.problem("`sources` is of no use here")),
            sink.blocked.as_ref().map(|at| at.problem("`blocked` is of no use here")),
            sink.leave_at.as_ref().map(|at| at.problem("`leave_at` is of no use here")),
        ];
        for problem in stray.into_iter().flatten() {
            lookup.problems.push(problem.allowed("a `group` too"));
        }
        return Some(None);
    };
    if let (Some(_), Some(blocked)) = (&sink.sources, &sink.blocked) {
        let problem = blocked.problem("`blocked` does not go together with `sources`");
        lookup.problems.push(problem.allowed("the sources that are wanted, or those that are not"));
    }
    Some(Some(Membership {
        group: group.value.0,
        interface: interface(sink.interface.as_ref(), lookup)?.unwrap_or(Ipv4Addr::UNSPECIFIED),
        sources: sources(sink.sources.as_ref(), lookup)?,
        blocked: sources(sink.blocked.as_ref(), lookup)?,
        leave_at: sink.leave_at.as_ref().map(|at| at.value.instant()),
    }))
}

/// How a source sends to a group.
pub fn sending(source: &UdpSource, lookup: &mut Lookup<'_>) -> Option<Sending> {
    Some(Sending {
        ttl: source.multicast_ttl.as_ref().map(|at| at.value),
        loops: source.multicast_loop.as_ref().map(|at| at.value),
        interface: interface(source.interface.as_ref(), lookup)?,
    })
}

/// The address of the host's interface of that name.
#[expect(clippy::option_option, reason = "none given, and none found, are two things")]
fn interface(name: Option<&At<Name>>, lookup: &mut Lookup<'_>) -> Option<Option<Ipv4Addr>> {
    let (Some(name), Some(host)) = (name, lookup.host) else { return Some(None) };
    let found = host.interfaces.iter().find(|interface| interface.name == name.value.0);
    let Some(found) = found else {
        let names = host.interfaces.iter().map(|interface| interface.name.as_str());
        lookup.problems.push(no_such(&name.place, "interface", &name.value.0, names));
        return None;
    };
    let address = found.addresses.iter().map(Cidr::address).find_map(|address| match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    if address.is_none() {
        let problem = name.problem(format!("the interface `{}` has no address", name.value.0));
        lookup.problems.push(problem.allowed("an interface with an address"));
    }
    address.map(Some)
}

fn sources(list: Option<&At<List<Peer>>>, lookup: &mut Lookup<'_>) -> Option<Vec<Ipv4Addr>> {
    let Some(list) = list else { return Some(Vec::new()) };
    let all: Vec<Option<IpAddr>> =
        list.value.0.iter().map(|source| lookup.peer(&source.value, &source.place)).collect();
    let ipv4 = |address| match address {
        Some(IpAddr::V4(address)) => Some(address),
        _ => None,
    };
    all.into_iter().map(ipv4).collect()
}
