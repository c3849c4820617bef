//! The server and the client within a host: each type of socket, bounds at and past them, peers that do not behave.

use wirelab_sim::{Component, HostRef, Network, Outcome, Recorder};
use wirelab_stack::application::unix::{AT_ONCE, ClientConfig, LONGEST, ServerConfig, client, server};
use wirelab_stack::socket::net::bsd::{AF_UNIX, SHUT_WR, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, socket};
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ApplicationEvent, Event, Interest};
use wirelab_stack::transport::unix::{Address, MESSAGE_OVERHEAD, Type};

const TYPES: [Type; 3] = [Type::Stream, Type::Datagram, Type::SeqPacket];

fn at(path: &str) -> Address {
    Address::path(path).unwrap()
}

fn host() -> (Network, HostRef) {
    let mut net = Network::new(5);
    let host = net.host("station", "10.0.0.1/24");
    (net, host)
}

fn serving(kind: Type, requests: Option<u32>) -> ServerConfig {
    ServerConfig { kind, address: at("/run/upper"), unlink: false, requests }
}

fn asking(kind: Type, texts: &[&str]) -> ClientConfig {
    ClientConfig {
        kind,
        remote: at("/run/upper"),
        local: None,
        texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        pause: Duration::ZERO,
    }
}

/// What applications say, and which answers they have.
#[derive(Default)]
struct Lines(Vec<String>);

impl Recorder for Lines {
    fn interest(&self) -> Interest {
        Interest::APPLICATIONS
    }

    fn record(&mut self, _: Instant, _: Component, event: &Event<'_>) {
        let Event::Application { name, event } = event else { return };
        match event {
            ApplicationEvent::Said(text) => self.0.push(format!("{name}: {text}")),
            ApplicationEvent::Result { value, .. } => self.0.push(format!("{name}= {value}")),
            ApplicationEvent::Failed(error) => self.0.push(format!("{name}! {error}")),
            _ => {}
        }
    }
}

/// Runs to the end, and answers what was said.
fn lines(net: &mut Network) -> Vec<String> {
    net.world().set_recorder(Box::new(Lines::default()));
    assert!(matches!(net.run(), Outcome::Completed));
    net.world().take_recorder().unwrap().downcast::<Lines>().ok().unwrap().0
}

#[test]
fn each_type_of_socket_carries_lines_and_says_who_is_there() {
    for kind in TYPES {
        let (mut net, station) = host();
        let requests = if kind.connects() { 1 } else { 2 };
        net.spawn(station, "server", server(serving(kind, Some(requests))));
        net.spawn(station, "anna", client(asking(kind, &["été", "", "straße"])));
        let said = lines(&mut net);
        let answers: Vec<&String> = said.iter().filter(|line| line.starts_with("anna= ")).collect();
        assert_eq!(answers, ["anna= ÉTÉ", "anna= STRASSE"], "{kind:?}");
        let told = |line: &str| said.iter().any(|said| said == line);
        if kind.connects() {
            assert!(told("anna: connected to `server`") && told("server: `anna` has connected"), "{said:?}");
            assert!(told("server: `anna` has gone"), "{said:?}");
        } else {
            assert!(told("server: a datagram came from @00000"), "{said:?}");
        }
    }
}

#[test]
fn a_character_cut_in_a_stream_waits_for_its_rest_and_in_a_record_does_not() {
    for (kind, number, expected) in [
        (Type::Stream, SOCK_STREAM, vec!["É".as_bytes()]),
        (Type::SeqPacket, SOCK_SEQPACKET, vec![&b"\xc3"[..], &b"\xa9"[..]]),
    ] {
        let (mut net, station) = host();
        net.spawn(station, "server", server(serving(kind, Some(1))));
        net.spawn(station, "client", async move {
            let own = socket(AF_UNIX, number, 0)?;
            own.connect(at("/run/upper")).await?;
            for octet in "é".bytes() {
                own.sendall(&[octet]).await?;
                time::sleep(Duration::from_secs(1)).await;
            }
            own.shutdown(SHUT_WR)?;
            for answer in expected {
                assert_eq!(own.recv(100).await?, answer, "{kind:?}");
            }
            assert!(own.recv(100).await?.is_empty());
            Ok(())
        });
        net.finish();
    }
}

#[test]
fn the_longest_message_comes_whole_and_a_longer_one_is_cut() {
    for kind in [Type::Datagram, Type::SeqPacket] {
        for (length, answered) in [(LONGEST, LONGEST), (LONGEST + 1, LONGEST)] {
            let (mut net, station) = host();
            net.spawn(station, "server", server(serving(kind, Some(1))));
            net.spawn(station, "client", client(asking(kind, &["a".repeat(length).as_str()])));
            let said = lines(&mut net);
            let answer = said.iter().find(|line| line.starts_with("client= ")).unwrap();
            assert_eq!(answer.len(), "client= ".len() + answered, "{kind:?}");
        }
    }
}

#[test]
fn a_client_of_datagrams_that_does_not_read_keeps_nobody_waiting() {
    let (mut net, station) = host();
    // Room for two answers of an octet.
    net.config(station).profile.unix.send_buffer = 2 * MESSAGE_OVERHEAD + 2;
    net.spawn(station, "server", server(serving(Type::Datagram, Some(4))));
    net.spawn(station, "deaf", async {
        let own = socket(AF_UNIX, SOCK_DGRAM, 0)?;
        own.bind(at("/run/deaf"))?;
        own.connect(at("/run/upper")).await?;
        for _ in 0..3 {
            own.sendall(b"a").await?;
            time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    });
    net.spawn_at(station, "anna", Instant::from_secs(1), client(asking(Type::Datagram, &["b"])));
    let said = lines(&mut net);
    let refused = "server: cannot answer /run/deaf: EAGAIN: resource temporarily unavailable";
    assert_eq!(said.iter().filter(|line| *line == refused).count(), 1, "{said:?}");
    assert!(said.iter().any(|line| line == "anna= B"), "{said:?}");
}

#[test]
fn a_datagram_without_a_name_is_received_and_not_answered() {
    let (mut net, station) = host();
    net.spawn(station, "server", server(serving(Type::Datagram, Some(1))));
    net.spawn(station, "nameless", async {
        let own = socket(AF_UNIX, SOCK_DGRAM, 0)?;
        own.sendto(b"who am I?", at("/run/upper")).await?;
        Ok(())
    });
    let said = lines(&mut net);
    assert!(said.iter().any(|line| line.ends_with("which cannot be answered")), "{said:?}");
}

#[test]
fn so_many_connections_are_served_at_once_and_the_next_waits_for_the_first() {
    for (others, answered) in [(AT_ONCE - 1, Instant::from_secs(1)), (AT_ONCE, Instant::from_secs(10))] {
        let (mut net, station) = host();
        net.background(station, "server", server(serving(Type::Stream, None)));
        for number in 0..others {
            let holding =
                ClientConfig { pause: Duration::from_secs(10), ..asking(Type::Stream, &["a", "b"]) };
            net.spawn(station, &format!("holds-{number}"), client(holding));
        }
        net.world().spawn(station.node(), "last", Instant::from_secs(1), async move {
            client(asking(Type::Stream, &["a"])).await?;
            assert_eq!(time::Instant::now(), answered, "{others} others");
            Ok(())
        });
        net.finish();
    }
}

#[test]
fn a_server_outlives_a_full_table_of_descriptors() {
    let (mut net, station) = host();
    // The server's own, the client's, and none for the connection, until the third is closed.
    net.config(station).profile.sockets.max_descriptors = 3;
    net.spawn(station, "server", server(serving(Type::Stream, Some(1))));
    net.spawn(station, "holds", async {
        let own = socket(AF_UNIX, SOCK_DGRAM, 0)?;
        time::sleep(Duration::from_millis(1_500)).await;
        own.close().await?;
        Ok(())
    });
    net.spawn(station, "anna", client(asking(Type::Stream, &["a"])));
    let said = lines(&mut net);
    assert_eq!(said.iter().filter(|line| line.contains("EMFILE")).count(), 2, "{said:?}");
    assert!(said.iter().any(|line| line == "anna= A"), "{said:?}");
}

#[test]
fn a_path_stays_until_it_is_unlinked() {
    for (unlink, ends) in [(false, "second! cannot be bound to /run/upper: EADDRINUSE"), (true, "anna= A")] {
        let (mut net, station) = host();
        net.spawn(station, "first", server(serving(Type::Stream, Some(1))));
        net.spawn(station, "only", client(asking(Type::Stream, &["a"])));
        let config = ServerConfig { unlink, ..serving(Type::Stream, Some(1)) };
        let (second, third) = (Instant::from_secs(1), Instant::from_secs(2));
        net.world().spawn(station.node(), "second", second, server(config));
        net.spawn_at(station, "anna", third, client(asking(Type::Stream, &["a"])));
        let said = lines(&mut net);
        assert!(said.iter().any(|line| line.starts_with(ends)), "{said:?}");
        let refused = said.iter().any(|line| line.starts_with("anna! ") && line.contains("ECONNREFUSED"));
        assert_eq!(refused, !unlink, "{said:?}");
    }
}

#[test]
fn a_server_that_closes_early_is_told() {
    for (number, kind) in [(SOCK_STREAM, Type::Stream), (SOCK_SEQPACKET, Type::SeqPacket)] {
        let (mut net, station) = host();
        net.spawn(station, "rude", async move {
            let own = socket(AF_UNIX, number, 0)?;
            own.bind(at("/run/upper"))?;
            own.listen(1)?;
            let (peer, _) = own.accept().await?;
            peer.recv(100).await?;
            peer.close().await?;
            Ok(())
        });
        net.spawn(station, "anna", client(asking(kind, &["a"])));
        let said = lines(&mut net);
        let expected = "anna! no answer from /run/upper: it closed before it had answered";
        assert!(said.iter().any(|line| line == expected), "{said:?}");
    }
}
