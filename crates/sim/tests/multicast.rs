//! Groups across routers: sources, receivers, joins and leaves, in virtual time.

use std::collections::BTreeMap;

use wirelab_sim::{Change, Component, HostRef, LinkId, Network, Recorder};
use wirelab_stack::application::bulk::{self, UdpSinkConfig, UdpSourceConfig};
use wirelab_stack::application::group::{Membership, Sending};
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::host::RouteConfig;
use wirelab_stack::interface::rarp::ClientConfig;
use wirelab_stack::interface::{Configure, MulticastRole};
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ApplicationEvent, Cause, Event, Interest};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What applications received, and which UDP datagrams routers sent, by node and interface.
#[derive(Default)]
struct Seen {
    received: BTreeMap<String, usize>,
    forwarded: BTreeMap<(NodeId, u16), Vec<Instant>>,
}

impl Recorder for Seen {
    fn interest(&self) -> Interest {
        Interest::APPLICATIONS | Interest::FRAMES
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (_, Event::Application { name, event: ApplicationEvent::Received(octets) }) => {
                *self.received.entry((*name).to_owned()).or_default() += octets.len();
            }
            (Component::Host(node), Event::FrameSent { interface, frame }) if is_forwarded(frame) => {
                self.forwarded.entry((node, interface.0)).or_default().push(now);
            }
            _ => {}
        }
    }
}

fn is_forwarded(frame: &Frame) -> bool {
    frame.meta.cause == Cause::Forwarded
}

fn run(net: &mut Network) -> Seen {
    net.world().set_recorder(Box::new(Seen::default()));
    net.finish();
    *net.world().take_recorder().unwrap().downcast::<Seen>().ok().unwrap()
}

/// Sends 100 octets each 100 ms, `count` times, beginning at 200 ms.
fn source(net: &mut Network, host: HostRef, count: u64) {
    let config = UdpSourceConfig {
        remote: "239.1.2.3:5000".parse().unwrap(),
        bytes: 100 * count,
        seed: 0,
        datagram: 100,
        interval: ms(100),
        to_group: Sending { ttl: Some(8), ..Sending::default() },
        dont_fragment: None,
    };
    net.spawn_at(host, "source", Instant::from_millis(200), bulk::udp_source(config));
}

/// Receives from the group from the beginning until `leave_at`.
fn sink(net: &mut Network, host: HostRef, name: &str, leave_at: u64) {
    let membership = Membership {
        group: [239, 1, 2, 3].into(),
        interface: [0; 4].into(),
        sources: Vec::new(),
        blocked: Vec::new(),
        leave_at: Some(Instant::from_millis(leave_at)),
    };
    let local = "0.0.0.0:5000".parse().unwrap();
    let config = UdpSinkConfig { local, bytes: None, idle: None, membership: Some(membership) };
    net.spawn(host, name, bulk::udp_sink(config));
}

fn router(net: &mut Network, name: &str, first: &str, second: &str) -> HostRef {
    let router = net.host(name, first);
    net.address(router, second);
    let network = &mut net.config(router).profile.network;
    (network.forwarding, network.multicast_forwarding) = (true, true);
    router
}

#[test]
fn a_router_stops_when_the_last_member_has_left() {
    let mut net = Network::new(3);
    let studio = net.host("studio", "10.0.0.1/24");
    let router = router(&mut net, "router", "10.0.0.254/24", "10.0.1.254/24");
    let house = net.switch("house");
    let [one, two] =
        ["10.0.1.1/24", "10.0.1.2/24"].map(|address| net.host(&format!("host-{address}"), address));
    net.link(studio, router).delay(ms(1));
    net.link(router, house).delay(ms(1));
    net.link(house, one).delay(ms(1));
    net.link(house, two).delay(ms(1));
    source(&mut net, studio, 200);
    sink(&mut net, one, "one", 5_050);
    sink(&mut net, two, "two", 10_050);
    let seen = run(&mut net);
    // From 200 ms on each 100 ms: 49 until 5.05 s, 99 until 10.05 s; the last arrives 4 ms after it was sent.
    assert_eq!((seen.received["one"], seen.received["two"]), (49 * 100, 99 * 100));
    let last = *seen.forwarded[&(router.node(), 1)].last().unwrap();
    // RFC 9776 §8.10: twice the last member query interval after the leave, and the way of the leave.
    let bound = Instant::from_millis(10_050) + ms(2_010);
    assert!(last > Instant::from_millis(10_050) && last <= bound, "forwarded until {last}");
    assert!(!seen.forwarded.contains_key(&(router.node(), 0)), "nobody wants it on the other side");
}

#[test]
fn two_routers_between_two_networks_forward_each_datagram_once() {
    let mut net = Network::new(4);
    let studio = net.host("studio", "10.0.0.1/24");
    let listener = net.host("listener", "10.0.1.1/24");
    let routers = [
        router(&mut net, "low", "10.0.0.253/24", "10.0.1.253/24"),
        router(&mut net, "high", "10.0.0.254/24", "10.0.1.254/24"),
    ];
    let [left, right] = ["left", "right"].map(|name| net.switch(name));
    net.link(studio, left).delay(ms(1));
    net.link(listener, right).delay(ms(1));
    for router in routers {
        net.link(router, left).delay(ms(1));
        net.link(router, right).delay(ms(1));
    }
    source(&mut net, studio, 6_000);
    sink(&mut net, listener, "listener", 600_050);
    // At 100 s the one that forwards is cut off; the other notices after 255 s at most (RFC 9776 §8.5).
    // Its links are the third and the fourth.
    for link in [LinkId(2), LinkId(3)] {
        net.world().at(Instant::from_secs(100), Change::Cut(link));
    }
    let seen = run(&mut net);
    let of = |router: HostRef| seen.forwarded[&(router.node(), 1)].clone();
    let (low, high) = (of(routers[0]), of(routers[1]));
    assert!(*low.first().unwrap() < Instant::from_millis(300), "members are known before the first datagram");
    let (until, since) = (*low.last().unwrap(), *high.first().unwrap());
    assert!(until < Instant::from_millis(100_010), "{until}");
    assert!(since > Instant::from_secs(225) && since < Instant::from_secs(356), "{since}");
    assert!(high.windows(2).all(|pair| pair[1].since(pair[0]) >= ms(99)), "each once");
    // What is sent after the listener has left is forwarded still: the router asks first.
    let wanted = low.iter().chain(&high).filter(|at| **at < Instant::from_millis(600_050)).count();
    assert_eq!(seen.received["listener"], 100 * wanted);
}

/// Routers in a row from the network of `studio`, 10.0.0.0/24, to that of `house`, the last; all but the first are members
/// upstream for those behind them.
fn chain(net: &mut Network, count: u8) -> (HostRef, Vec<HostRef>, HostRef) {
    let studio = net.host("studio", "10.0.0.1/24");
    net.gateway(studio, "10.0.0.254");
    let mut routers = Vec::new();
    for number in 0..count {
        let (left, right) = (format!("10.0.{number}.254/24"), format!("10.0.{}.253/24", number + 1));
        let own = router(net, &format!("router{number}"), &left, &right);
        if number > 0 {
            net.gateway(own, &format!("10.0.{number}.253"));
            net.config(own).interfaces[0].multicast_role = MulticastRole::Upstream;
        }
        net.link(*routers.last().unwrap_or(&studio), own).delay(ms(1));
        routers.push(own);
    }
    let house = net.host("house", &format!("10.0.{count}.1/24"));
    net.link(*routers.last().unwrap(), house).delay(ms(1));
    (studio, routers, house)
}

#[test]
fn groups_reach_over_routers_in_a_row_and_stop_when_the_last_member_has_left() {
    // RFC 4605 §4.1, §4.2
    for count in [2, 3] {
        let mut net = Network::new(6);
        let (studio, routers, house) = chain(&mut net, count);
        source(&mut net, studio, 200);
        sink(&mut net, house, "film", 5_050);
        let seen = run(&mut net);
        // From 200 ms on each 100 ms: 49 until 5.05 s. The join is known everywhere long before the first.
        assert_eq!(seen.received["film"], 49 * 100, "{count} routers");
        let left = Instant::from_millis(5_050);
        for (number, router) in routers.iter().enumerate() {
            let sent = &seen.forwarded[&(router.node(), 1)];
            let last = *sent.last().unwrap();
            // RFC 9776 §8.10: the last router notices after 2 s, and each before it as much later.
            let bound = left + ms(2_050) * (u64::from(count) - number as u64);
            assert!(last > left && last <= bound, "router {number} of {count} forwards until {last}");
            assert!(!seen.forwarded.contains_key(&(router.node(), 0)), "nobody wants it back");
        }
    }
}

#[test]
fn sources_may_be_at_the_leaves_of_the_tree() {
    // RFC 4605 §3.2: what is sent behind a router goes to the root, and from there wherever it is wanted.
    let mut net = Network::new(7);
    let (studio, routers, house) = chain(&mut net, 3);
    for (number, router) in routers.iter().enumerate().take(2) {
        for network in number + 2..=3 {
            net.config(*router).routes.push(RouteConfig::via(
                format!("10.0.{network}.0/24").parse().unwrap(),
                format!("10.0.{}.254", number + 1).parse().unwrap(),
            ));
        }
    }
    source(&mut net, house, 100);
    sink(&mut net, studio, "at the root", 5_050);
    let seen = run(&mut net);
    assert_eq!(seen.received["at the root"], 49 * 100);
    assert_eq!(seen.forwarded[&(routers[2].node(), 0)].len(), 100, "up it goes whoever wants it");
}

#[test]
fn of_two_routers_on_one_network_the_one_on_the_way_forwards_if_it_is_told_to() {
    // RFC 4605 §4.2: the querier forwards. `other` has the lower address, and nothing to forward.
    let lan = |roles: [MulticastRole; 2]| {
        let mut net = Network::new(8);
        let studio = net.host("studio", "10.0.0.1/24");
        let way = router(&mut net, "way", "10.0.0.254/24", "10.0.1.254/24");
        let other = router(&mut net, "other", "10.0.1.2/24", "10.0.2.254/24");
        let [house, far] = [("house", "10.0.1.10/24"), ("far", "10.0.2.1/24")]
            .map(|(name, address)| net.host(name, address));
        net.gateway(other, "10.0.1.254");
        net.config(way).interfaces[1].multicast_role = roles[0];
        net.config(other).interfaces[0].multicast_role = roles[1];
        let switch = net.switch("lan");
        net.link(studio, way).delay(ms(1));
        net.link(way, switch).delay(ms(1));
        net.link(other, switch).delay(ms(1));
        net.link(other, far).delay(ms(1));
        net.link(house, switch).delay(ms(1));
        source(&mut net, studio, 60);
        sink(&mut net, house, "house", 5_050);
        sink(&mut net, far, "far", 5_050);
        let seen = run(&mut net);
        ["house", "far"].map(|name| seen.received.get(name).copied().unwrap_or(0))
    };
    let (down, up, always) = (MulticastRole::Downstream, MulticastRole::Upstream, MulticastRole::Forwarder);
    assert_eq!(lan([down, down]), [0, 0], "the querier has no way to the source");
    assert_eq!(lan([down, up]), [4_900, 4_900], "who is upstream asks nobody there");
    assert_eq!(lan([always, down]), [4_900, 4_900], "and who is told to forwards");
}

#[test]
fn a_router_that_has_its_addresses_later_forwards_when_it_has_them() {
    // RFC 5227 §2.1, RFC 903 §III, RFC 9776 §6.1
    for by_rarp in [false, true] {
        let mut net = Network::new(9);
        let studio = net.host("studio", "10.0.0.1/24");
        let router = router(&mut net, "router", "10.0.0.254/24", "10.0.1.254/24");
        let house = net.host("house", "10.0.1.1/24");
        if by_rarp {
            let own = &mut net.config(router).interfaces[1];
            own.addresses.clear();
            own.configure = Configure::Rarp(ClientConfig { prefix: Some(24), gateway: None });
            let table = vec![(own.mac, [10, 0, 1, 254].into())];
            net.config(house).interfaces[0].rarp_table = table;
        } else {
            net.config(router).interfaces.iter_mut().for_each(|own| own.probe = true);
        }
        net.link(studio, router).delay(ms(1));
        net.link(router, house).delay(ms(1));
        source(&mut net, studio, 300);
        sink(&mut net, house, "film", 30_150);
        let seen = run(&mut net);
        // At 9 s at most it asks, and within 10 s more everybody has answered.
        let first = seen.forwarded[&(router.node(), 1)][0];
        assert!(first < Instant::from_secs(20), "{first}");
        assert!(seen.received["film"] >= 100 * 100);
    }
}

#[test]
fn a_chain_of_joins_costs_the_source_one_datagram_each() {
    // Thirty receivers behind one router: the link of the source carries each datagram once.
    let mut net = Network::new(5);
    let studio = net.host("studio", "10.0.0.1/24");
    let router = router(&mut net, "router", "10.0.0.254/24", "10.0.1.254/24");
    let house = net.switch("house");
    net.link(studio, router).delay(ms(1));
    net.link(router, house).delay(ms(1));
    for number in 1..=30 {
        let host = net.host(&format!("host{number}"), &format!("10.0.1.{number}/24"));
        net.link(house, host).delay(ms(1));
        sink(&mut net, host, &format!("sink{number}"), 3_050);
    }
    source(&mut net, studio, 20);
    net.spawn(studio, "wait", async {
        time::sleep(Duration::from_secs(10)).await;
        Ok(())
    });
    let seen = run(&mut net);
    assert_eq!(seen.received.len(), 30);
    assert!(seen.received.values().all(|octets| *octets == 2_000));
    assert_eq!(seen.forwarded[&(router.node(), 1)].len(), 20);
}
