use proptest::prelude::*;

use super::*;
use crate::rng::Rng;

fn route(destination: &str, interface: u16, gateway: Option<&str>) -> Route {
    let gateway = gateway.map(|text| text.parse().unwrap());
    Route {
        destination: destination.parse().unwrap(),
        target: Target::Unicast { interface: InterfaceId(interface), gateway },
        metric: 0,
        source: None,
        origin: Origin::Static,
    }
}

fn table(routes: &[(&str, u16, Option<&str>)]) -> Routes {
    let mut table = Routes::default();
    for (destination, interface, gateway) in routes {
        assert!(table.add(route(destination, *interface, *gateway)));
    }
    table
}

fn no_choice() -> u64 {
    panic!("there is nothing to choose")
}

/// The interface by which what is sent to `text` goes, if it is one of those `usable`.
fn by(table: &Routes, text: &str, usable: impl Fn(u16) -> bool) -> Option<u16> {
    let route = table.lookup(text.parse().unwrap(), no_choice, |id| usable(id.0))?;
    route.interface().map(|id| id.0)
}

#[test]
fn the_longest_prefix_wins_in_either_family() {
    let table = table(&[
        ("0.0.0.0/0", 0, Some("10.0.0.254")),
        ("10.0.0.0/24", 0, None),
        ("10.0.0.128/25", 1, None),
        ("10.0.0.200/32", 2, Some("10.0.0.1")),
        ("::/0", 3, Some("fe80::1")),
        ("2001:db8::/32", 4, None),
    ]);
    let to = |text: &str| {
        let address = text.parse().unwrap();
        let hop = table.lookup(address, no_choice, |_| true).unwrap().hop(address).unwrap();
        (hop.interface.0, hop.station.to_string())
    };
    assert_eq!(to("8.8.8.8"), (0, "10.0.0.254".into()));
    assert_eq!(to("10.0.0.5"), (0, "10.0.0.5".into()));
    assert_eq!(to("10.0.0.129"), (1, "10.0.0.129".into()));
    assert_eq!(to("10.0.0.200"), (2, "10.0.0.1".into()));
    assert_eq!(to("2001:db8::7"), (4, "2001:db8::7".into()));
    assert_eq!(to("2002::7"), (3, "fe80::1".into()));
}

#[test]
fn without_a_route_there_is_no_way() {
    let table = table(&[("10.0.0.1/24", 0, None)]);
    assert_eq!(by(&table, "10.0.1.1", |_| true), None);
    assert_eq!(by(&table, "::1", |_| true), None);
}

#[test]
fn an_interface_that_is_down_is_passed_over() {
    let table =
        table(&[("0.0.0.0/0", 0, Some("10.0.0.254")), ("10.1.0.0/16", 1, None), ("10.1.1.0/24", 2, None)]);
    assert_eq!(by(&table, "10.1.1.1", |_| true), Some(2));
    assert_eq!(by(&table, "10.1.1.1", |id| id != 2), Some(1));
    assert_eq!(by(&table, "10.1.1.1", |id| id == 0), Some(0));
    assert_eq!(by(&table, "10.1.1.1", |_| false), None);
}

#[test]
fn of_several_routes_to_a_network_the_least_metric_wins() {
    let mut table = Routes::default();
    for (interface, metric) in [(1, 20), (2, 10), (3, 30)] {
        assert!(table.add(Route { metric, ..route("10.0.0.0/8", interface, None) }));
    }
    assert_eq!(by(&table, "10.9.9.9", |_| true), Some(2));
    assert_eq!(by(&table, "10.9.9.9", |id| id != 2), Some(1));
    assert_eq!(by(&table, "10.9.9.9", |id| id == 3), Some(3));
    let network = "10.0.0.0/8".parse().unwrap();
    assert_eq!(table.remove(&network, |route| route.metric == 10), 1);
    assert_eq!((by(&table, "10.9.9.9", |_| true), table.len()), (Some(1), 2));
    assert_eq!(table.remove(&network, |_| true), 2);
    assert_eq!((by(&table, "10.9.9.9", |_| true), table.is_empty()), (None, true));
    assert_eq!(table.remove(&network, |_| true), 0);
}

#[test]
fn some_routes_say_that_there_is_no_way() {
    let destination = "10.0.0.1".parse().unwrap();
    for (target, expected) in [
        (Target::Blackhole, NoWay::Blackhole),
        (Target::Unreachable, NoWay::Unreachable),
        (Target::Prohibit, NoWay::Prohibited),
    ] {
        let mut table = table(&[("0.0.0.0/0", 0, None)]);
        assert!(table.add(Route { target, ..route("10.0.0.0/8", 0, None) }));
        // It needs no interface: so none that is down makes it give way to the default route.
        let found = table.lookup(destination, no_choice, |_| false).unwrap();
        assert_eq!(found.hop(destination), Err(expected));
        assert_eq!(by(&table, "11.0.0.1", |_| true), Some(0));
        assert!(!table.leads_by(destination, InterfaceId(0), |_| true));
    }
}

#[test]
fn what_a_packet_could_not_tell_apart_is_refused() {
    let one = route("10.0.0.1/24", 0, Some("10.0.1.1"));
    let mut table = Routes::default();
    assert!(table.add(one));
    assert!(!table.add(route("10.0.0.9/24", 0, Some("10.0.1.1"))), "the same once more");
    assert!(!table.add(Route { target: Target::Blackhole, ..one }), "on and not on");
    assert!(table.add(Route { target: Target::Blackhole, metric: 7, ..one }), "a last resort");
    assert!(!table.add(Route { target: Target::Prohibit, metric: 7, ..one }), "silent and not silent");
    assert!(table.add(route("10.0.0.0/24", 0, Some("10.0.1.2"))), "as good a way");
    assert_eq!(table.len(), 3);
}

#[test]
fn of_two_interfaces_in_one_network_the_first_is_the_way() {
    let network = "10.0.0.1/24".parse().unwrap();
    let mut table = Routes::default();
    table.add_connected(&network, InterfaceId(0));
    table.add_connected(&"10.0.0.2/24".parse().unwrap(), InterfaceId(1));
    table.add_connected(&"10.0.0.3/24".parse().unwrap(), InterfaceId(1));
    assert_eq!(table.len(), 2);
    assert_eq!(by(&table, "10.0.0.9", |_| true), Some(0));
    assert_eq!(by(&table, "10.0.0.9", |id| id == 1), Some(1));
    assert!(!table.add(route("10.0.0.0/24", 5, Some("10.0.0.7"))), "it is here, not there");
}

#[test]
fn equal_ways_share_the_flows_and_each_flow_keeps_its_own() {
    // RFC 2992 §2
    let table = table(&[("0.0.0.0/0", 0, Some("10.0.0.1")), ("0.0.0.0/0", 1, None), ("0.0.0.0/0", 2, None)]);
    let key = FlowKey::new(&mut Rng::stream(1, "host", "test"));
    let destination = [10, 9, 9, 9].into();
    let way = |port: u16, usable: &dyn Fn(u16) -> bool| {
        let flow = Flow { source: [10, 0, 0, 9].into(), destination, protocol: 6, ports: Some((port, 80)) };
        let route = table.lookup(destination, || key.hash(&flow), |id| usable(id.0)).unwrap();
        usize::from(route.interface().unwrap().0)
    };
    let mut share = [0; 3];
    for port in 0..3000 {
        let by = way(port, &|_| true);
        assert_eq!(way(port, &|_| true), by, "a flow keeps its way");
        share[by] += 1;
        assert_ne!(way(port, &|id| id != 1), 1, "nothing goes by an interface that is down");
    }
    assert!(share.iter().all(|count| (900..1100).contains(count)), "{share:?}");
}

#[test]
fn routes_are_listed_in_the_order_of_their_networks() {
    let mut table = table(&[
        ("2001:db8::/32", 4, None),
        ("10.0.0.128/25", 1, None),
        ("192.168.0.0/16", 1, None),
        ("10.0.0.0/24", 0, None),
        ("0.0.0.0/0", 0, Some("10.0.0.254")),
    ]);
    assert!(table.add(Route { metric: 5, ..route("10.0.0.0/24", 2, None) }));
    let listed: Vec<_> =
        table.iter().map(|route| format!("{} {}", route.destination, route.metric)).collect();
    let expected = [
        "0.0.0.0/0 0",
        "10.0.0.0/24 0",
        "10.0.0.0/24 5",
        "10.0.0.128/25 0",
        "192.168.0.0/16 0",
        "2001:db8::/32 0",
    ];
    assert_eq!(listed, expected);
}

/// What the model keeps of a route.
type Kept = (Cidr, u32, Target);

/// The table as a plain list: the routes that a packet may take.
fn scan(routes: &[Kept], destination: IpAddr, down: u16) -> Vec<Target> {
    let usable =
        |target: &Target| !matches!(target, Target::Unicast { interface, .. } if interface.0 == down);
    let fitting = routes.iter().filter(|(cidr, _, target)| cidr.contains(destination) && usable(target));
    let best = fitting.clone().map(|(cidr, metric, _)| (core::cmp::Reverse(cidr.prefix()), *metric)).min();
    fitting
        .filter(|(cidr, metric, _)| Some((core::cmp::Reverse(cidr.prefix()), *metric)) == best)
        .map(|(_, _, target)| *target)
        .collect()
}

fn targets() -> impl Strategy<Value = Target> {
    prop_oneof![
        8 => (0_u16..4).prop_map(|id| Target::Unicast { interface: InterfaceId(id), gateway: None }),
        1 => Just(Target::Blackhole),
        1 => Just(Target::Unreachable),
        1 => Just(Target::Prohibit),
    ]
}

/// Few distinct bits, spread over the whole address, so that prefixes do meet.
fn spread(bits: u32, is_ipv6: bool) -> IpAddr {
    let octets = (bits << 26 | bits << 3 | bits >> 5).to_be_bytes();
    if is_ipv6 {
        let wide = u128::from(u32::from_be_bytes(octets));
        IpAddr::from((wide << 96 | wide << 40 | wide >> 3).to_be_bytes())
    } else {
        IpAddr::from(octets)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Under any additions and removals the table finds what a scan of all routes finds.
    #[test]
    fn lookup_agrees_with_a_scan(
        calls in proptest::collection::vec(
            (any::<bool>(), 0_u8..5, 0_u32..64, 0_u8..=128, 0_u32..3, targets()), 0..40
        ),
        asked in proptest::collection::vec((any::<bool>(), 0_u32..64, any::<u64>(), 0_u16..6), 1..8),
    ) {
        let (mut table, mut kept) = (Routes::default(), Vec::<Kept>::new());
        for (is_ipv6, call, bits, prefix, metric, target) in calls {
            let prefix = if is_ipv6 { prefix } else { prefix % 33 };
            let cidr = Cidr::new(spread(bits, is_ipv6), prefix).unwrap();
            let same = |other: &Cidr| other.prefix() == prefix && other.contains(cidr.address());
            if call == 0 {
                let before = kept.len();
                kept.retain(|(other, m, _)| !(same(other) && *m == metric));
                prop_assert_eq!(table.remove(&cidr, |route| route.metric == metric), before - kept.len());
            } else {
                let clash = kept.iter().any(|(other, m, t)| {
                    let ways = [t, &target].into_iter().all(|t| matches!(t, Target::Unicast { .. }));
                    same(other) && *m == metric && (*t == target || !ways)
                });
                let route = Route { destination: cidr, target, metric, source: None, origin: Origin::Static };
                prop_assert_eq!(table.add(route), !clash);
                if !clash {
                    kept.push((cidr, metric, target));
                }
            }
        }
        prop_assert_eq!(table.len(), kept.len());
        prop_assert_eq!(table.iter().count(), kept.len());
        for (is_ipv6, bits, choice, down) in asked {
            let destination = spread(bits, is_ipv6);
            let expected = scan(&kept, destination, down);
            let found = table.lookup(destination, || choice, |id| id.0 != down).map(|route| route.target);
            prop_assert_eq!(found.is_none(), expected.is_empty());
            prop_assert!(found.is_none_or(|target| expected.contains(&target)), "{:?}, not {:?}", expected, found);
            for id in (0..4).map(InterfaceId) {
                let leads = expected.iter().any(|t| matches!(t, Target::Unicast { interface, .. } if *interface == id));
                prop_assert_eq!(table.leads_by(destination, id, |id| id.0 != down), leads, "{:?}", id);
            }
        }
    }
}
