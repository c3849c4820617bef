//! Routes that are written down.

use core::net::IpAddr;

use wirelab_stack::addr::Cidr;
use wirelab_stack::frame::InterfaceId;
use wirelab_stack::host::{RouteConfig, RouteKind};
use wirelab_stack::interface::InterfaceConfig;

use super::no_such;
use crate::diagnostic::Problem;
use crate::model::{Route, RouteWord};
use crate::near;
use crate::read::At;

/// The routes that `route` stands for: one for each next hop.
pub fn plan(
    route: &At<Route>,
    interfaces: &[InterfaceConfig],
    problems: &mut Vec<Problem>,
) -> Vec<RouteConfig> {
    let Route { to, via, interface, metric, kind, source } = &route.value;
    let kind = kind.as_ref().map_or(RouteWord::Unicast, |kind| kind.value);
    let out = match interface {
        Some(name) => {
            let names = interfaces.iter().map(|interface| interface.name.as_str());
            let found = names.clone().position(|known| known == name.value.0);
            if found.is_none() {
                let problem = no_such(&name.place, "interface of this host", &name.value.0, names);
                problems.push(Problem { dangling: false, ..problem });
                return Vec::new();
            }
            found
        }
        None => None,
    };
    if let Some(source) = source {
        check_source(source, interfaces, problems);
    }
    let plain = RouteConfig {
        interface: out.map(|index| InterfaceId(index as u16)),
        metric: metric.as_ref().map_or(0, |metric| metric.value),
        source: source.as_ref().map(|source| source.value),
        ..RouteConfig::new(to.value.0, kind_of(kind))
    };
    let hops = via.as_ref().map_or(&[][..], |via| &via.value.0);
    if kind != RouteWord::Unicast {
        let ways = [via.as_ref().map(|via| &via.place), interface.as_ref().map(|name| &name.place)];
        for place in ways.into_iter().flatten() {
            let problem = place.problem(format!("a route of kind `{}` leads nowhere", kind.word()));
            problems.push(problem.allowed("`kind` without `via` and `interface`, or `kind = \"unicast\"`"));
        }
        return vec![RouteConfig { interface: None, ..plain }];
    }
    if hops.is_empty() {
        if out.is_none() {
            let problem = route.problem("the route has neither `via` nor `interface`");
            problems.push(problem.allowed("a next hop, an interface, or both"));
        }
        return vec![plain];
    }
    let mut routes: Vec<RouteConfig> = Vec::with_capacity(hops.len());
    for hop in hops {
        check_hop(hop, out, interfaces, problems);
        let planned = RouteConfig { gateway: Some(hop.value), ..plain };
        if routes.contains(&planned) {
            problems.push(hop.problem(format!("the next hop {} is given twice", hop.value)));
        }
        routes.push(planned);
    }
    routes
}

fn kind_of(word: RouteWord) -> RouteKind {
    match word {
        RouteWord::Unicast => RouteKind::Unicast,
        RouteWord::Blackhole => RouteKind::Blackhole,
        RouteWord::Unreachable => RouteKind::Unreachable,
        RouteWord::Prohibit => RouteKind::Prohibit,
    }
}

/// Reports a next hop that no interface's network holds, or that is the host itself.
fn check_hop(
    hop: &At<IpAddr>,
    out: Option<usize>,
    interfaces: &[InterfaceConfig],
    problems: &mut Vec<Problem>,
) {
    let of_route = interfaces.iter().enumerate().filter(|(index, _)| out.is_none_or(|out| out == *index));
    let mut networks = of_route.flat_map(|(_, interface)| &interface.addresses);
    if interfaces.iter().flat_map(|interface| &interface.addresses).any(|own| own.address() == hop.value) {
        let message = format!("the next hop {} is this host itself", hop.value);
        problems.push(hop.problem(message).allowed("the address of a neighbour"));
    } else if !networks.any(|network| network.contains(hop.value)) {
        let message = format!("no interface's network holds the next hop {}", hop.value);
        problems.push(hop.problem(message).allowed("an address in a network of this host"));
    }
}

/// Reports a preferred source that is none of the host's addresses.
fn check_source(source: &At<IpAddr>, interfaces: &[InterfaceConfig], problems: &mut Vec<Problem>) {
    let own = || interfaces.iter().flat_map(|interface| &interface.addresses).map(Cidr::address);
    if own().any(|address| address == source.value) {
        return;
    }
    let names: Vec<String> = own().map(|address| address.to_string()).collect();
    let names = || names.iter().map(String::as_str);
    let problem = source.problem(format!("{} is not an address of this host", source.value));
    problems.push(
        problem.allowed(near::or_list(names())).suggest(near::miss(&source.value.to_string(), names())),
    );
}
