use wirelab_stack::trace::{Event, Interest, Value};

use super::*;
use crate::{Change, Component, Limits, Network, Recorder, Recorders, TraceHash};

/// Keeps what is shown.
#[derive(Default)]
struct Seen(Vec<(Instant, Table)>);

impl Recorder for Seen {
    fn interest(&self) -> Interest {
        Interest::TABLES
    }

    fn record(&mut self, now: Instant, _: Component, event: &Event<'_>) {
        if let Event::Shown { table } = event {
            self.0.push((now, (*table).clone()));
        }
    }
}

#[test]
fn names_are_found_again() {
    for show in Show::ALL {
        assert_eq!(Show::from_name(show.name()), Some(*show));
        assert!(show.meaning().ends_with('.'));
    }
    assert_eq!(Show::from_name("everything"), None);
}

/// A world of two hosts that talk by TCP, looked at or not: what was shown, its trace hash, its events.
fn talk(looks: &[(u64, Show)]) -> (Vec<(Instant, Table)>, u64, u64) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use wirelab_stack::socket::net::{TcpListener, TcpStream};
    use wirelab_stack::time::Duration;

    let mut network = Network::new(1);
    let client = network.host("client", "10.0.0.1/24");
    let server = network.host("server", "10.0.0.2/24");
    network.link(client, server).delay(Duration::from_millis(10));
    network.spawn(server, "server", async {
        let (mut stream, _) = TcpListener::bind("10.0.0.2:7").await?.accept().await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        stream.write_all(b"answer").await?;
        Ok(())
    });
    network.spawn(client, "client", async {
        let mut stream = TcpStream::connect("10.0.0.2:7").await?;
        stream.write_all(b"question").await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(())
    });
    let world = network.world();
    for (millis, table) in looks {
        for node in [client.node(), server.node()] {
            world.at(Instant::from_millis(*millis), Change::Show { node, table: *table });
        }
    }
    let seen = Seen::default();
    let hash = TraceHash::new(world.names());
    let all: Vec<Box<dyn Recorder>> = vec![Box::new(seen), Box::new(hash)];
    world.set_recorder(Box::new(Recorders::from(all)));
    world.run(Limits::default(), &mut |_| {});
    let mut all = world.take_recorder().unwrap().downcast::<Recorders>().ok().unwrap();
    let hash = all.take::<TraceHash>().unwrap().finish();
    (all.take::<Seen>().unwrap().0, hash, world.events())
}

#[test]
fn looking_changes_nothing() {
    let looks: Vec<(u64, Show)> =
        (0..60).flat_map(|millis| Show::ALL.iter().map(move |show| (millis, *show))).collect();
    let (nothing, hash, events) = talk(&[]);
    let (shown, looked_hash, looked_events) = talk(&looks);
    assert!(nothing.is_empty() && shown.len() > 500);
    assert_eq!((hash, events), (looked_hash, looked_events));
}

#[test]
fn tables_are_as_people_know_them() {
    let looks = [(5, Show::Neighbors), (30, Show::Neighbors), (30, Show::Sockets), (30, Show::Fdb)];
    let (shown, ..) = talk(&looks);
    let lines = |place: usize| -> Vec<&str> {
        shown[place].1.rows.iter().flat_map(|row| row.lines.iter().map(String::as_str)).collect()
    };
    // The client has asked, and nothing has come yet.
    assert_eq!((shown[0].0, shown[0].1.kind), (Instant::from_millis(5), "neighbors"));
    assert_eq!(lines(0), ["10.0.0.2 dev eth0 INCOMPLETE"]);
    let known = lines(2);
    assert!(
        known[0].starts_with("10.0.0.2 dev eth0 lladdr 02:") && known[0].ends_with(" REACHABLE"),
        "{known:?}"
    );
    let fields = &shown[2].1.rows[0].fields;
    assert!(fields.contains(&("state", Value::Text("reachable".into()))), "{fields:?}");
    // The SYN was there after 20 ms, and its answer takes 10 ms.
    let sockets = lines(5);
    assert!(sockets[0].starts_with("tcp   LISTEN     0      "), "{sockets:?}");
    assert!(sockets[1].starts_with("tcp   SYN-RECV   0      "), "{sockets:?}");
    assert!(sockets[2].contains("rto:") && sockets[2].contains("mss:1448"), "{sockets:?}");
    assert_eq!(shown.len(), 6, "no host has a filtering database");
}

#[test]
fn sockets_within_a_host_are_shown_with_their_owners() {
    use wirelab_stack::application::unix::{ClientConfig, ServerConfig, client, server};
    use wirelab_stack::time::Duration;
    use wirelab_stack::transport::unix::{Address, Type};

    let mut network = Network::new(1);
    let host = network.host("a", "10.0.0.1/24");
    let types = [(Type::Stream, "stream"), (Type::Datagram, "datagram"), (Type::SeqPacket, "records")];
    for (kind, name) in types {
        let address = Address::abstract_name(name).unwrap();
        let config = ServerConfig { kind, address: address.clone(), unlink: false, requests: None };
        network.background(host, name, server(config));
        let texts = vec!["a".to_owned(), "b".to_owned()];
        let config =
            ClientConfig { kind, remote: address, local: None, texts, pause: Duration::from_secs(9) };
        network.background(host, &format!("{name}-client"), client(config));
    }
    let world = network.world();
    world.run_until(Instant::from_secs(1));
    let table = world.table(host.node(), Show::Sockets).unwrap();
    assert!(table.heading.is_some());
    let mut lines: Vec<&str> =
        table.rows.iter().flat_map(|row| row.lines.iter().map(String::as_str)).collect();
    lines.sort_unstable();
    let expected = [
        "u_dgr ESTAB      0      0      @00000             @datagram users:((\"datagram-client\"))",
        "u_dgr UNCONN     0      0      @datagram          * users:((\"datagram\"))",
        "u_seq ESTAB      0      0      *                  @records users:((\"records-client\"))",
        "u_seq ESTAB      0      0      @records           * users:((\"records\"))",
        "u_seq LISTEN     0      5      @records           * users:((\"records\"))",
        "u_str ESTAB      0      0      *                  @stream users:((\"stream-client\"))",
        "u_str ESTAB      0      0      @stream            * users:((\"stream\"))",
        "u_str LISTEN     0      5      @stream            * users:((\"stream\"))",
    ];
    assert_eq!(lines, expected);
    let client = table.rows.iter().find(|row| row.lines[0].contains("stream-client")).unwrap();
    for field in [
        ("protocol", Value::Text("u_str".into())),
        ("remote", Value::Text("@stream".into())),
        ("application", Value::Text("stream-client".into())),
    ] {
        assert!(client.fields.contains(&field), "{:?}", client.fields);
    }
}

#[test]
fn addresses_say_how_they_stand() {
    // RFC 5227 §2.1.1: the second to probe for an address hears the first, and does without.
    let mut network = Network::new(1);
    let a = network.host("a", "10.0.0.1/24");
    let b = network.host("b", "10.0.0.1/24");
    let c = network.host("c", "10.0.0.3/24");
    let hub = network.hub("hub");
    for host in [a, b, c] {
        network.link(host, hub);
    }
    for host in [b, c] {
        network.config(host).interfaces[0].probe = true;
    }
    let world = network.world();
    let lines = |world: &crate::World, node| {
        let table = world.table(node, Show::Addresses).unwrap();
        table.rows.into_iter().flat_map(|row| row.lines).skip(1).collect::<Vec<_>>()
    };
    world.run_until(Instant::from_secs(1));
    let of_b = "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global dadfailed";
    assert_eq!(lines(world, b.node()), [of_b]);
    let of_c = "2: eth0    inet 10.0.0.3/24 brd 10.0.0.255 scope global";
    assert_eq!(lines(world, c.node()), [format!("{of_c} tentative")]);
    let fields = &world.table(b.node(), Show::Addresses).unwrap().rows[1].fields;
    let holder = crate::network::mac_of("a", 0).to_string();
    assert!(fields.contains(&("standing", Value::Text("duplicate".into()))), "{fields:?}");
    assert!(fields.contains(&("holder", Value::Text(holder))), "{fields:?}");
    world.run_until(Instant::from_secs(10));
    assert_eq!(lines(world, c.node()), [of_c]);
}

#[test]
fn a_host_has_its_tables_and_no_switch_s() {
    let mut network = Network::new(1);
    let a = network.host("a", "10.0.0.1/24");
    let b = network.host("b", "10.0.0.2/24");
    network.link(a, b);
    let world = network.world();
    let lines = |show| {
        let table = world.table(a.node(), show).unwrap();
        table.rows.into_iter().flat_map(|row| row.lines).collect::<Vec<_>>()
    };
    assert_eq!(world.table(a.node(), Show::Fdb), None);
    assert!(!world.has(a.node(), Show::Fdb) && world.has(a.node(), Show::Routes));
    assert_eq!(
        lines(Show::Addresses),
        ["1: lo    inet 127.0.0.1/8 scope host", "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global"]
    );
    assert_eq!(lines(Show::Routes), ["10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1"]);
    assert!(lines(Show::Neighbors).is_empty());
    let interfaces = lines(Show::Interfaces);
    assert_eq!(interfaces[0], "1: lo: <LOOPBACK,UP> mtu 65535 state UP");
    assert!(interfaces[4].starts_with("2: eth0: <BROADCAST,MULTICAST,UP> mtu 1500"), "{interfaces:?}");
}
