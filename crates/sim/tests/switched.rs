//! Hosts on switches, hubs and lines: whole worlds.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use wirelab_sim::{
    BuildError, Change, Component, DirectionConfig, HostRef, LinkConfig, Network, PortConfig, PortMode,
    QueueLimit, Rate, Recorder, Recorders, TraceHash, VlanSet, World, mac_of, percent,
};
use wirelab_stack::application::bulk::{SinkConfig, SourceConfig, tcp_sink, tcp_source};
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::interface::vlan::VlanId;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Event, Interest};

const ETH0: InterfaceId = InterfaceId(0);

fn vid(number: u16) -> VlanId {
    VlanId::new(number).unwrap()
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// Has `from` send so many octets to `to`, which has this address, and waits for them.
fn transfer(net: &mut Network, from: HostRef, to: HostRef, address: &str, bytes: u64) {
    let remote = at(&format!("{address}:9"));
    net.spawn(
        to,
        &format!("sink {address}"),
        tcp_sink(SinkConfig { local: at("0.0.0.0:9"), connections: Some(1) }),
    );
    let source = tcp_source(SourceConfig { remote, bytes, seed: 0 });
    net.spawn_at(from, &format!("source {address}"), Instant::from_millis(1), source);
}

#[test]
fn a_port_whose_link_is_cut_forgets_its_stations() {
    let mut net = Network::new(1);
    let hosts = [("a", "10.0.0.1/24"), ("b", "10.0.0.2/24")].map(|(name, address)| net.host(name, address));
    let switch = net.switch("switch");
    for host in hosts {
        net.link(host, switch);
    }
    let world = net.world();
    let link = world.link_ids().next().unwrap();
    world.at(Instant::from_secs(3), Change::Cut(link));
    let mut known = |until: u64| -> Vec<u16> {
        world.run_until(Instant::from_secs(until));
        let table = world.switch(switch.node()).unwrap().table(Instant::from_secs(until));
        table.iter().map(|entry| entry.port.0).collect()
    };
    // Both have announced themselves.
    assert_eq!(known(2).len(), 2);
    assert_eq!(known(4), [1]);
}

/// What everybody but the idle hosts showed, in the order in which it happened.
#[derive(Default)]
struct Order {
    idle: Vec<NodeId>,
    seen: Vec<(Instant, NodeId, &'static str)>,
    /// Frames that arrived at idle hosts.
    arrived: u64,
    /// When they had turns for that.
    turns: BTreeSet<(Instant, NodeId)>,
}

impl Recorder for Order {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        let Component::Host(node) = at else { return };
        let what = match event {
            Event::FrameSent { .. } => "sent",
            Event::FrameArrived { .. } => "arrived",
            Event::FrameAccepted { .. } => "accepted",
            _ => "dropped",
        };
        if self.idle.contains(&node) {
            self.arrived += u64::from(what == "arrived");
            self.turns.insert((now, node));
        } else {
            self.seen.push((now, node, what));
        }
    }
}

/// A transfer over a switch with links that lose frames, and idle hosts at the switch too.
struct Idle {
    /// The hash of each component that is not idle, nor the switch, which sends to all.
    hashes: Vec<(String, u64)>,
    seen: Vec<(Instant, String, &'static str)>,
    arrived: u64,
    turns: u64,
    events: u64,
}

fn among_idle(before: usize, after: usize) -> Idle {
    let mut net = Network::new(7);
    let mut idle = Vec::new();
    let mut add_idle = |net: &mut Network, count: usize| {
        for _ in 0..count {
            let number = idle.len();
            let host =
                net.host(&format!("idle{number}"), &format!("10.1.{}.{}/16", number / 250, number % 250 + 1));
            net.config(host).interfaces[0].announce = false;
            idle.push(host);
        }
    };
    add_idle(&mut net, before);
    let sw = net.switch("sw");
    let (client, server) = (net.host("client", "10.1.99.1/16"), net.host("server", "10.1.99.2/16"));
    for host in [client, server] {
        net.link(host, sw)
            .rate(Rate::from_bits_per_second(10_000_000).unwrap())
            .queue(QueueLimit::Packets(20))
            .delay(Duration::from_millis(2))
            .loss(percent(2));
    }
    add_idle(&mut net, after);
    for host in &idle {
        net.link(*host, sw).delay(Duration::from_millis(2));
    }
    transfer(&mut net, client, server, "10.1.99.2", 300_000);
    let names = net.world().names();
    let mut recorders = Recorders::new();
    recorders.add(Box::new(TraceHash::new(names.clone())));
    let nodes = idle.iter().map(|host| host.node()).collect();
    recorders.add(Box::new(Order { idle: nodes, ..Order::default() }));
    net.world().set_recorder(Box::new(recorders));
    net.finish();
    let mut recorders = net.world().take_recorder().unwrap().downcast::<Recorders>().ok().unwrap();
    let hash = recorders.take::<TraceHash>().unwrap();
    let order = recorders.take::<Order>().unwrap();
    let is_active = |name: &str| !name.contains("idle") && name != "sw";
    let hashes = hash.by_name().into_iter().filter(|(name, _)| is_active(name));
    let seen = order.seen.into_iter().filter(|(_, node, _)| *node != sw.node());
    Idle {
        hashes: hashes.map(|(name, hash)| (name.to_owned(), hash)).collect(),
        seen: seen.map(|(now, node, what)| (now, names.node(node).to_owned(), what)).collect(),
        arrived: order.arrived,
        turns: order.turns.len() as u64,
        events: net.world().events(),
    }
}

#[test]
fn a_thousand_idle_hosts_on_a_switch_change_nobody_s_events_nor_their_order() {
    let alone = among_idle(0, 0);
    assert!(alone.hashes.len() >= 4, "{:?}", alone.hashes);
    assert!(alone.seen.len() > 800);
    for (before, after) in [(0, 1000), (1000, 0), (300, 200)] {
        let among = among_idle(before, after);
        assert_eq!(among.hashes, alone.hashes, "{before} before, {after} after");
        assert!(among.seen == alone.seen, "{before} before, {after} after: another order");
        // They cost what reaches them: each has its first turn, and each broadcast is an arrival in a turn.
        let idle = (before + after) as u64;
        assert_eq!(among.arrived % idle, 0);
        assert!(among.arrived / idle < 10, "only what is broadcast reaches them");
        assert_eq!(among.events - alone.events, idle + among.arrived + among.turns);
    }
}

#[test]
fn vlans_are_apart_and_reach_over_a_trunk() {
    let mut net = Network::new(3);
    let (one, two) = (net.switch("one"), net.switch("two"));
    let (ann, ben) = (net.host("ann", "10.0.0.1/24"), net.host("ben", "10.0.0.2/24"));
    // The same addresses in another VLAN: nothing of the one is seen in the other.
    let (cat, dan) = (net.host("cat", "10.0.0.1/24"), net.host("dan", "10.0.0.2/24"));
    for (switch, host) in [(one, ann), (one, cat), (two, ben), (two, dan)] {
        net.link(host, switch).delay(Duration::from_millis(1));
    }
    net.link(one, two).delay(Duration::from_millis(1));
    for switch in [one, two] {
        let ports = &mut net.switch_config(switch).ports;
        ports[0].mode = PortMode::Access(vid(10));
        ports[1].mode = PortMode::Access(vid(20));
        ports[2].mode = PortMode::Trunk { allowed: VlanSet::all(), native: Some(vid(10)) };
    }
    transfer(&mut net, ann, ben, "10.0.0.2", 50_000);
    net.spawn(cat, "refused", async {
        let error = wirelab_stack::socket::net::TcpStream::connect("10.0.0.2:9").await.unwrap_err();
        assert!(error.to_string().contains("refused"), "{error}");
        Ok(())
    });
    net.finish();
    let switch = net.world().switch(one.node()).unwrap();
    let table: Vec<_> =
        switch.table(Instant::ZERO).iter().map(|entry| (entry.vlan, entry.mac, entry.port)).collect();
    let [here, there] = [InterfaceId(0), InterfaceId(2)];
    let mut expected = vec![
        (vid(10), mac_of("ann", 0), here),
        (vid(10), mac_of("ben", 0), there),
        (vid(20), mac_of("cat", 0), InterfaceId(1)),
        (vid(20), mac_of("dan", 0), there),
    ];
    expected.sort_unstable();
    assert_eq!(table, expected);
}

#[test]
fn a_tagged_host_is_in_several_vlans_by_one_link() {
    let mut net = Network::new(3);
    let sw = net.switch("sw");
    let (ann, cat, srv) =
        (net.host("ann", "10.0.10.1/24"), net.host("cat", "10.0.20.1/24"), net.host("srv", "10.0.0.9/24"));
    for host in [ann, cat, srv] {
        net.link(host, sw).delay(Duration::from_millis(1));
    }
    for vlan in [10, 20] {
        let config = net.config(srv);
        let addresses = vec![format!("10.0.{vlan}.9/24").parse().unwrap()];
        let interface = config.interfaces[0].vlan(ETH0, vid(vlan), addresses);
        config.interfaces.push(interface);
    }
    let ports = &mut net.switch_config(sw).ports;
    ports[0].mode = PortMode::Access(vid(10));
    ports[1].mode = PortMode::Access(vid(20));
    ports[2] = PortConfig::trunk("up", [vid(10), vid(20)]);
    transfer(&mut net, ann, srv, "10.0.10.9", 50_000);
    let again = at("10.0.20.9:10");
    net.spawn(srv, "sink", tcp_sink(SinkConfig { local: again, connections: Some(1) }));
    net.spawn(cat, "source", tcp_source(SourceConfig { remote: again, bytes: 50_000, seed: 1 }));
    net.finish();
    // What it announces untagged the trunk does not take.
    assert_eq!(net.world().switch(sw.node()).unwrap().counters().vlan_not_allowed, 1);
}

#[test]
fn a_hub_shows_everybody_everything() {
    let mut net = Network::new(3);
    let hub = net.hub("hub");
    let (ann, ben, eve) =
        (net.host("ann", "10.0.0.1/24"), net.host("ben", "10.0.0.2/24"), net.host("eve", "10.0.0.3/24"));
    for host in [ann, ben, eve] {
        net.link(host, hub).delay(Duration::from_millis(1)).corrupt(percent(2));
    }
    transfer(&mut net, ann, ben, "10.0.0.2", 50_000);
    net.finish();
    let (hub, eve) = (hub.node(), eve.node());
    let repeated = net.world().hub(hub).unwrap().counters();
    assert_eq!(repeated.frames_sent, 2 * repeated.frames_received);
    let seen = net.world().host(eve).unwrap().counters();
    assert!(seen.bad_fcs > 0, "what is broken is repeated too");
    assert!(seen.frames_received > 50 && seen.not_for_us > 50);
}

#[test]
fn a_line_without_ethernet_carries_a_transfer() {
    let mut net = Network::new(3);
    let (ann, ben) = (net.host("ann", "10.0.0.1/30"), net.host("ben", "10.0.0.2/30"));
    for host in [ann, ben] {
        let config = &mut net.config(host).interfaces[0];
        *config = InterfaceConfig::point_to_point("tun0", config.addresses.clone());
    }
    let link = net.link(ann, ben).delay(Duration::from_millis(5)).loss(percent(3)).mtu(1400).id();
    transfer(&mut net, ann, ben, "10.0.0.2", 100_000);
    net.finish();
    let counters = net.world().link_counters(link, wirelab_sim::Direction::Forward);
    assert_eq!(counters.over_mtu, 0);
    let arp = net.world().host(ann.node()).unwrap().counters();
    assert_eq!((arp.arp_requests_sent, arp.arp_announcements_sent), (0, 0));
}

#[test]
fn ends_that_do_not_fit_are_refused() {
    let mut world = World::new(1);
    let ethernet = InterfaceConfig::new("eth0", mac_of("a", 0), vec![]);
    let mut one = HostConfig::new("one", NodeId(0), ethernet.clone());
    one.interfaces.push(ethernet.vlan(ETH0, vid(10), vec![]));
    let one = world.add_host(one).unwrap();
    let line = InterfaceConfig::point_to_point("tun0", vec![]);
    let two = world.add_host(HostConfig::new("two", NodeId(0), line)).unwrap();
    let mut connect = |ends| {
        let directions = [DirectionConfig::default(), DirectionConfig::default()];
        world.connect(LinkConfig { name: "wire".into(), ends, directions })
    };
    assert_eq!(connect([(one, ETH0), (two, ETH0)]), Err(BuildError::MediaDiffer("wire".into())));
    let vlan = (one, InterfaceId(1));
    assert_eq!(connect([vlan, (two, ETH0)]), Err(BuildError::VlanInterface(vlan.0, vlan.1)));
}
