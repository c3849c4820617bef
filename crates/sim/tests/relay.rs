//! Standard input to a peer, and the peer to standard output.

use std::net::SocketAddr;

use wirelab_sim::{HostRef, Limits, Network, Outcome};
use wirelab_stack::application::relay::{Config, relay};
use wirelab_stack::application::small::{self, Service, Transport};
use wirelab_stack::application::upper::session;
use wirelab_stack::socket::net::TcpListener;
use wirelab_stack::time::Duration;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn config(remote: &str) -> Config {
    Config { remote: address(remote), udp: false, patience: None }
}

/// Two hosts, and the relay on the first.
fn network(config: Config) -> (Network, HostRef, HostRef) {
    let mut network = Network::new(1);
    let (desk, server) = (network.host("desk", "10.0.0.1/24"), network.host("server", "10.0.0.2/24"));
    network.link(desk, server).delay(Duration::from_millis(5));
    network.spawn(desk, "relay", relay(config));
    (network, desk, server)
}

fn run(network: &mut Network) -> Outcome {
    network.world().run(Limits::default(), &mut |_| {})
}

fn error(network: &mut Network) -> Option<String> {
    let relay = network.world().applications().into_iter().find(|application| application.name == "relay")?;
    relay.ended?.1.err()
}

#[test]
fn input_goes_to_the_peer_and_its_answers_are_printed_until_it_closes() {
    let (mut network, desk, server) = network(config("10.0.0.2:9999"));
    let upper = session::ServerConfig { local: address("0.0.0.0:9999"), connections: None };
    network.background(server, "upper", session::server(upper));
    for (line, answer) in [("one\n", "ONE\n"), ("näch", "NÄCH")] {
        network.world().feed(desk.node(), line.as_bytes());
        assert!(matches!(run(&mut network), Outcome::Deadlock { .. }), "it waits for more");
        assert_eq!(network.world().take_output(desk.node()), answer.as_bytes());
    }
    network.world().end_input(desk.node());
    network.finish();
}

#[test]
fn a_peer_that_has_said_all_may_still_listen() {
    let (mut network, desk, server) = network(config("10.0.0.2:13"));
    let (service, transport) = (Service::Daytime, Transport::Tcp);
    let daytime = small::ServerConfig { service, transport, local: address("0.0.0.0:13"), requests: None };
    network.background(server, "daytime", small::serve(daytime));
    assert!(matches!(run(&mut network), Outcome::Deadlock { .. }), "more might be typed");
    assert!(!network.world().take_output(desk.node()).is_empty());
    network.world().end_input(desk.node());
    network.finish();
}

#[test]
fn a_closed_port_is_said() {
    let (mut network, _, _) = network(config("10.0.0.2:4"));
    run(&mut network);
    assert_eq!(error(&mut network).as_deref(), Some("10.0.0.2:4: connection refused"));
}

#[test]
fn it_waits_no_longer_than_it_is_told() {
    let patience = Some(Duration::from_secs(3));
    // Nobody answers there: the link has no such host.
    let (mut network, _, _) = network(Config { patience, ..config("10.0.0.77:4") });
    run(&mut network);
    assert!(error(&mut network).is_some());
}

#[test]
fn silence_ends_it_and_what_is_typed_is_no_silence() {
    let patience = Some(Duration::from_secs(3));
    let (mut network, desk, server) = network(Config { patience, ..config("10.0.0.2:9") });
    network.background(server, "silent", async {
        let listener = TcpListener::bind("10.0.0.2:9").await?;
        let _stream = listener.accept().await?;
        std::future::pending().await
    });
    let world = network.world();
    let second = Duration::from_secs(1);
    let start = world.now();
    world.run_until(start + second * 2);
    world.feed(desk.node(), b"still here");
    world.run_until(start + second * 4);
    let is_over = |world: &wirelab_sim::World| world.applications()[0].ended.is_some();
    assert!(!is_over(world), "3 s since the connection, but only 2 since the last word");
    world.run_until(start + second * 6);
    assert!(is_over(world));
    assert_eq!(error(&mut network), None, "to hear nothing is no error");
}

#[test]
fn each_piece_of_input_is_a_datagram_and_answers_have_their_time() {
    let udp = Config { udp: true, ..config("10.0.0.2:7") };
    let (mut network, desk, server) = network(udp);
    let (service, transport) = (Service::Echo, Transport::Udp);
    let echo = small::ServerConfig { service, transport, local: address("0.0.0.0:7"), requests: None };
    network.background(server, "echo", small::serve(echo));
    run(&mut network);
    network.world().feed(desk.node(), b"one");
    run(&mut network);
    network.world().feed(desk.node(), b"two");
    network.world().end_input(desk.node());
    network.finish();
    assert_eq!(network.world().take_output(desk.node()), b"onetwo".as_slice());
    let counters = network.world().host(server.node()).expect("a host").counters();
    assert_eq!(counters.udp.in_datagrams, 2);
}

#[test]
fn a_refused_datagram_is_said() {
    let (mut network, desk, _) = network(Config { udp: true, ..config("10.0.0.2:7") });
    network.world().feed(desk.node(), b"anybody?");
    run(&mut network);
    assert_eq!(error(&mut network).as_deref(), Some("10.0.0.2:7: connection refused"));
}
