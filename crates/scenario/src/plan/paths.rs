//! Routes that are computed: each host's shortest ways to each network, over hosts that forward (Dijkstra).
//!
//! A way costs what its interfaces cost, each where it is left, and the last one too. Of ways that cost the same, the
//! one by the first interface and then the least address of the next hop is taken, or all. What is written down is left
//! as it is: nothing is computed to a network that a written route of the host holds. A host that does not forward, and
//! whose ways all begin alike, gets a default route instead of many.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use wirelab_stack::addr::Cidr;
use wirelab_stack::frame::{InterfaceId, Medium};
use wirelab_stack::host::{HostConfig, RouteConfig, RouteKind};

use super::PlannedLink;
use super::devices::Device;
use super::segments::segments;
use crate::diagnostic::Problem;
use crate::model::{Document, Host, Routing};
use crate::read::At;

/// The first step of a way: by which interface, to which address.
type Step = (InterfaceId, IpAddr);

/// A host that can be stepped to from another.
#[derive(Clone, Copy, Debug)]
struct Neighbor {
    host: usize,
    /// The step from there to here.
    step: Step,
    /// What it costs.
    cost: u64,
}

/// Adds what `document` asks for to the routes of `hosts`.
pub fn plan(
    document: &Document,
    hosts: &mut [HostConfig],
    devices: &[Device],
    links: &[PlannedLink],
    problems: &mut Vec<Problem>,
) {
    let Some(routing) = &document.routes else { return };
    if routing.value == Routing::Static {
        return;
    }
    let networks = networks(hosts);
    if networks.len() > 1 && !hosts.iter().any(|host| host.profile.network.forwarding) {
        let message = format!("there are {} networks, and no host forwards between them", networks.len());
        let allowed = "`forwarding = true` at each host that is a router, or no `routes`";
        problems.push(routing.problem(message).allowed(allowed));
        return;
    }
    let costs = costs(&document.host);
    let steps = steps(hosts, &segments(hosts, devices, links), &costs);
    let mut found: Vec<BTreeMap<Cidr, Vec<Step>>> = vec![BTreeMap::new(); hosts.len()];
    for network in networks {
        for (host, steps) in ways_to(&network, hosts, &steps, &costs).into_iter().enumerate() {
            if !steps.is_empty() {
                found[host].insert(network, steps);
            }
        }
    }
    for (host, found) in hosts.iter_mut().zip(found) {
        let computed = routes(host, found, routing.value);
        host.routes.extend(computed);
    }
}

/// What it costs to leave by each interface of each host.
fn costs(hosts: &[At<Host>]) -> Vec<Vec<u64>> {
    let of_host = |host: &At<Host>| {
        let of_interface = host.value.interface.iter();
        of_interface.map(|at| at.value.cost.as_ref().map_or(1, |cost| cost.value.get().into())).collect()
    };
    hosts.iter().map(of_host).collect()
}

/// All networks that interfaces are in.
fn networks(hosts: &[HostConfig]) -> BTreeSet<Cidr> {
    let interfaces = hosts.iter().flat_map(|host| &host.interfaces);
    let addresses = interfaces.flat_map(|interface| &interface.addresses);
    // IPv6 has no routes yet.
    addresses.filter(|cidr| cidr.address().is_ipv4()).map(Cidr::network).collect()
}

/// For each host that forwards, who can step to it and how; the steps of a host stand in their order of preference.
fn steps(hosts: &[HostConfig], segments: &[Vec<usize>], costs: &[Vec<u64>]) -> Vec<Vec<Neighbor>> {
    let mut members: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (host, of_host) in segments.iter().enumerate() {
        for (interface, segment) in of_host.iter().enumerate() {
            members.entry(*segment).or_default().push((host, interface));
        }
    }
    let mut steps = vec![Vec::new(); hosts.len()];
    for members in members.values() {
        for &(to, there) in members.iter().filter(|(to, _)| hosts[*to].profile.network.forwarding) {
            for &(from, here) in members.iter().filter(|(from, _)| *from != to) {
                let (own, other) = (&hosts[from].interfaces[here], &hosts[to].interfaces[there]);
                let on_link = |address: &IpAddr| {
                    // A line has one other end, whatever its address.
                    address.is_ipv4()
                        && (own.medium == Medium::PointToPoint
                            || own.addresses.iter().any(|network| network.contains(*address)))
                };
                let mut addresses = other.addresses.iter().map(Cidr::address);
                if let Some(address) = addresses.find(on_link) {
                    let step = (InterfaceId(here as u16), address);
                    steps[to].push(Neighbor { host: from, step, cost: costs[from][here] });
                }
            }
        }
    }
    steps
}

/// The first steps of each host's shortest ways to `network`, the preferred one first. Who is in it needs none.
fn ways_to(
    network: &Cidr,
    hosts: &[HostConfig],
    steps: &[Vec<Neighbor>],
    costs: &[Vec<u64>],
) -> Vec<Vec<Step>> {
    let mut best: Vec<Option<u64>> = vec![None; hosts.len()];
    let mut ways: Vec<Vec<Step>> = vec![Vec::new(); hosts.len()];
    let mut queue = BinaryHeap::new();
    for (host, config) in hosts.iter().enumerate() {
        let here = config
            .interfaces
            .iter()
            .zip(&costs[host])
            .filter(|(interface, _)| interface.addresses.iter().any(|cidr| cidr.network() == *network));
        best[host] = here.map(|(_, cost)| *cost).min();
        if let Some(cost) = best[host] {
            queue.push((core::cmp::Reverse(cost), host));
        }
    }
    let is_in: Vec<bool> = best.iter().map(Option::is_some).collect();
    while let Some((core::cmp::Reverse(cost), host)) = queue.pop() {
        // Only those who forward have anybody who steps to them.
        if best[host] != Some(cost) {
            continue;
        }
        for neighbor in steps[host].iter().filter(|neighbor| !is_in[neighbor.host]) {
            let through = cost + neighbor.cost;
            let known = best[neighbor.host];
            if known.is_none_or(|known| through < known) {
                best[neighbor.host] = Some(through);
                ways[neighbor.host] = vec![neighbor.step];
                queue.push((core::cmp::Reverse(through), neighbor.host));
            } else if known == Some(through) && !ways[neighbor.host].contains(&neighbor.step) {
                ways[neighbor.host].push(neighbor.step);
            }
        }
    }
    ways.iter_mut().for_each(|steps| steps.sort_unstable());
    ways
}

/// The routes that lead the ways that were found.
fn routes(host: &HostConfig, mut found: BTreeMap<Cidr, Vec<Step>>, routing: Routing) -> Vec<RouteConfig> {
    let holds = |route: &RouteConfig, network: &Cidr| {
        route.destination.prefix() <= network.prefix() && route.destination.contains(network.address())
    };
    found.retain(|network, _| !host.routes.iter().any(|route| holds(route, network)));
    if routing == Routing::ShortestPath {
        found.values_mut().for_each(|steps| steps.truncate(1));
    }
    let mut kinds = found.values();
    let first = kinds.next();
    let alike = first.is_some_and(|first| kinds.all(|other| other == first));
    if alike && !host.profile.network.forwarding {
        let steps = first.cloned().unwrap_or_default();
        let all = Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0).expect("a prefix of no bits");
        found = BTreeMap::from([(all, steps)]);
    }
    let routes = found.into_iter().flat_map(|(network, steps)| {
        steps.into_iter().map(move |(interface, gateway)| RouteConfig {
            interface: Some(interface),
            gateway: Some(gateway),
            ..RouteConfig::new(network, RouteKind::Unicast)
        })
    });
    routes.collect()
}

#[cfg(test)]
mod tests {
    use crate::Scenario;

    /// The routes of each host of a scenario that is made of `hosts` and `links`, as `ip route` would show them.
    #[track_caller]
    fn routes(routing: &str, text: &str) -> Vec<String> {
        let text = format!("routes = \"{routing}\"\n{text}");
        let scenario = Scenario::from_text("test.toml", &text, &[]).unwrap_or_else(|error| panic!("{error}"));
        let lines = scenario.plan().hosts.iter().flat_map(|host| {
            host.routes.iter().map(|route| {
                let by = route.interface.map_or("?", |id| host.interfaces[usize::from(id.0)].name.as_str());
                let via = route.gateway.map_or_else(String::new, |gateway| gateway.to_string());
                format!("{}: {} via {via} dev {by}", host.name, route.destination)
            })
        });
        lines.collect()
    }

    /// A host, which forwards if its name begins with `r`, with one interface for each address.
    fn host(name: &str, addresses: &[&str]) -> String {
        let interfaces: Vec<String> =
            addresses.iter().map(|address| format!("{{ addresses = [\"{address}\"] }}")).collect();
        let forwarding = name.starts_with('r');
        format!(
            "[[host]]\nname = \"{name}\"\nforwarding = {forwarding}\ninterface = [{}]\n",
            interfaces.join(", ")
        )
    }

    fn link(one: &str, other: &str) -> String {
        let name = format!("{one}-{other}").replace('.', "_");
        format!("[[link]]\nname = \"{name}\"\nbetween = [\"{one}\", \"{other}\"]\n")
    }

    /// `a` and `b` with four routers in a square between them: each way round costs the same.
    fn square() -> String {
        [
            host("a", &["10.0.0.2/24"]),
            host("b", &["10.9.0.2/24"]),
            host("r1", &["10.0.0.1/24", "10.1.0.1/24", "10.2.0.1/24"]),
            host("r2", &["10.1.0.2/24", "10.3.0.2/24"]),
            host("r3", &["10.2.0.3/24", "10.4.0.3/24"]),
            host("r4", &["10.3.0.4/24", "10.4.0.4/24", "10.9.0.4/24"]),
            link("a", "r1.eth0"),
            link("r1.eth1", "r2.eth0"),
            link("r1.eth2", "r3.eth0"),
            link("r2.eth1", "r4.eth0"),
            link("r3.eth1", "r4.eth1"),
            link("r4.eth2", "b"),
        ]
        .concat()
    }

    #[test]
    fn each_host_has_a_shortest_way_to_each_network() {
        let lines = routes("shortest-path", &square());
        let of = |host: &str| -> Vec<&str> {
            lines.iter().filter_map(|line| line.strip_prefix(&format!("{host}: "))).collect()
        };
        assert_eq!(of("a"), ["0.0.0.0/0 via 10.0.0.1 dev eth0"], "all ways begin alike");
        assert_eq!(of("b"), ["0.0.0.0/0 via 10.9.0.4 dev eth0"]);
        let of_first = [
            "10.3.0.0/24 via 10.1.0.2 dev eth1",
            "10.4.0.0/24 via 10.2.0.3 dev eth2",
            "10.9.0.0/24 via 10.1.0.2 dev eth1",
        ];
        assert_eq!(of("r1"), of_first, "of two ways alike, the one by the first interface");
        assert_eq!(
            of("r3"),
            [
                "10.0.0.0/24 via 10.2.0.1 dev eth0",
                "10.1.0.0/24 via 10.2.0.1 dev eth0",
                "10.3.0.0/24 via 10.4.0.4 dev eth1",
                "10.9.0.0/24 via 10.4.0.4 dev eth1"
            ]
        );
    }

    #[test]
    fn ways_that_cost_the_same_are_all_taken_where_that_is_asked_for() {
        let lines = routes("equal-cost", &square());
        for line in ["r1: 10.9.0.0/24 via 10.1.0.2 dev eth1", "r1: 10.9.0.0/24 via 10.2.0.3 dev eth2"] {
            assert!(lines.iter().any(|other| other == line), "{line}: {lines:#?}");
        }
        assert_eq!(lines.iter().filter(|line| line.starts_with("r4: 10.0.0.0/24")).count(), 2);
    }

    #[test]
    fn a_way_costs_what_its_interfaces_cost() {
        let dear = square().replacen("[\"10.1.0.1/24\"] }", "[\"10.1.0.1/24\"], cost = 10 }", 1);
        let lines = routes("equal-cost", &dear);
        assert!(lines.contains(&"r1: 10.9.0.0/24 via 10.2.0.3 dev eth2".to_owned()), "{lines:#?}");
        assert!(!lines.contains(&"r1: 10.9.0.0/24 via 10.1.0.2 dev eth1".to_owned()), "{lines:#?}");
        assert!(
            lines.contains(&"r4: 10.0.0.0/24 via 10.3.0.2 dev eth0".to_owned()),
            "the way back has its own cost"
        );
    }

    #[test]
    fn what_is_written_down_stays_and_hosts_do_not_forward() {
        let own = "route = [{ to = \"default\", via = \"10.0.0.9\" }]\n";
        let text = square().replacen("name = \"a\"\n", &format!("name = \"a\"\n{own}"), 1);
        let lines = routes("shortest-path", &text);
        let of_a: Vec<_> = lines.iter().filter(|line| line.starts_with("a:")).collect();
        assert_eq!(of_a, ["a: 0.0.0.0/0 via 10.0.0.9 dev ?"]);
        let closed =
            square().replacen("name = \"r2\"\nforwarding = true", "name = \"r2\"\nforwarding = false", 1);
        let lines = routes("shortest-path", &closed);
        assert!(lines.contains(&"r1: 10.9.0.0/24 via 10.2.0.3 dev eth2".to_owned()), "{lines:#?}");
    }

    #[test]
    fn switches_hubs_and_vlans_join_and_part() {
        let text = [
            host("a", &["10.0.0.2/24"]),
            host("b", &["10.1.0.2/24"]),
            host("c", &["10.0.0.3/24"]),
            "[[host]]\nname = \"r\"\nforwarding = true\ninterface = [{}, { vlan = 10, addresses = [\"10.0.0.1/24\"] }, { vlan = 20, addresses = [\"10.1.0.1/24\"] }]\n".to_owned(),
            "[[switch]]\nname = \"s\"\nport = [{ access = 10 }, { access = 20 }, { trunk = [10, 20] }, { access = 20 }]\n[[hub]]\nname = \"h\"\n".to_owned(),
            link("a", "h"),
            link("h", "s.port1"),
            link("b", "s.port2"),
            link("r.eth0", "s.port3"),
            link("c", "s.port4"),
        ]
        .concat();
        let lines = routes("shortest-path", &text);
        // `c` has an address of one VLAN's network and is in the other: nobody there is its router.
        assert_eq!(lines, ["a: 0.0.0.0/0 via 10.0.0.1 dev eth0", "b: 0.0.0.0/0 via 10.1.0.1 dev eth0"]);
    }

    #[test]
    fn without_a_router_there_is_nothing_to_compute() {
        let text =
            ["routes = \"shortest-path\"\n".to_owned(), host("a", &["10.0.0.2/24", "10.1.0.2/24"])].concat();
        let error = Scenario::from_text("test.toml", &text, &[]).unwrap_err().to_string();
        assert!(error.contains("no host forwards between them"), "{error}");
        assert!(error.contains("forwarding = true"), "{error}");
    }
}
