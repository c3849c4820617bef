//! Groups across routers: sources, receivers, joins and leaves, in virtual time.

use std::collections::BTreeMap;

use wirelab_sim::{Change, Component, HostRef, LinkId, Network, Recorder};
use wirelab_stack::application::bulk::{self, UdpSinkConfig, UdpSourceConfig};
use wirelab_stack::application::group::{Membership, Sending};
use wirelab_stack::frame::{Frame, NodeId};
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
