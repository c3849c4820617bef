//! A transfer over a switch, and hosts at the switch that do nothing.

use std::net::SocketAddr;

use wirelab::sim::{Network, Rate, mac_of};
use wirelab::stack::application::bulk::{SinkConfig, SourceConfig, tcp_sink, tcp_source};
use wirelab::stack::time::{Duration, Instant};

/// A network in which a transfer is about to cross a switch, and so many hosts at the switch do nothing. Neighbours
/// are known beforehand: nothing is broadcast.
pub fn switched(idle: u32, octets: u64) -> Network {
    let mut net = Network::new(1);
    let sw = net.switch("sw");
    let (client, server) = (net.host("client", "10.1.0.1/16"), net.host("server", "10.1.0.2/16"));
    for (host, other, address) in [(client, "server", [10, 1, 0, 2]), (server, "client", [10, 1, 0, 1])] {
        let interface = &mut net.config(host).interfaces[0];
        interface.announce = false;
        interface.neighbors = vec![(address.into(), mac_of(other, 0))];
        net.link(host, sw)
            .rate(Rate::from_bits_per_second(100_000_000).expect("a rate"))
            .delay(Duration::from_millis(5));
    }
    for number in 0..idle {
        let address = format!("10.1.{}.{}/16", 1 + number / 250, 1 + number % 250);
        let host = net.host(&format!("idle{number}"), &address);
        net.config(host).interfaces[0].announce = false;
        net.link(host, sw).delay(Duration::from_millis(5));
    }
    let remote = SocketAddr::from(([10, 1, 0, 2], 9));
    let local = SocketAddr::from(([0, 0, 0, 0], 9));
    net.spawn(server, "sink", tcp_sink(SinkConfig { local, connections: Some(1) }));
    let source = SourceConfig { remote, bytes: octets, seed: 0 };
    net.spawn_at(client, "source", Instant::from_millis(1), tcp_source(source));
    // What is done once for each host, to build it and give it its first turn, is no cost per event.
    net.world().run_until(Instant::ZERO);
    net
}
