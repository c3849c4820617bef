//! Hosts, applications and links together.

use core::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use wirelab_sim::{
    Component, Direction, Limits, Network, Outcome, QueueLimit, Rate, Recorder, TraceHash, percent,
};
use wirelab_stack::application::{AppError, Pattern, bulk, discard, echo, group, ping};
use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::{TcpListener, TcpStream, UdpSocket, spawn, time};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ApplicationEvent, Event, Interest};

/// What each application received, said, and how it went.
#[derive(Default)]
struct Heard {
    received: BTreeMap<String, Vec<u8>>,
    events: Vec<(Instant, String, String)>,
}

impl Recorder for Heard {
    fn interest(&self) -> Interest {
        Interest::APPLICATIONS
    }

    fn record(&mut self, now: Instant, _: Component, event: &Event<'_>) {
        let Event::Application { name, event } = event else { panic!("{event:?}") };
        let name = (*name).to_owned();
        let text = match event {
            ApplicationEvent::Started => "started".to_owned(),
            ApplicationEvent::Finished => "finished".to_owned(),
            ApplicationEvent::Failed(text) => format!("failed: {text}"),
            ApplicationEvent::Said(text) => format!("said: {text}"),
            ApplicationEvent::Result { name, value } => format!("{name}: {value}"),
            ApplicationEvent::Sent(_) => return,
            ApplicationEvent::Received(octets) => {
                return self.received.entry(name).or_default().extend_from_slice(octets);
            }
        };
        self.events.push((now, name, text));
    }
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Two hosts and what is heard of them.
fn pair(seed: u64) -> (Network, wirelab_sim::HostRef, wirelab_sim::HostRef) {
    let mut net = Network::new(seed);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    (net, client, server)
}

fn heard(net: &mut Network) -> Heard {
    *net.world().take_recorder().unwrap().downcast::<Heard>().ok().unwrap()
}

fn finish(net: &mut Network) -> Heard {
    net.world().set_recorder(Box::new(Heard::default()));
    net.finish();
    heard(net)
}

const TEXTS: [&str; 3] = ["欢迎新同学!", " hello, ", "straße"];

fn echo_client() -> echo::ClientConfig {
    let texts = TEXTS.map(str::to_owned).to_vec();
    echo::ClientConfig { remote: at("10.0.0.2:6999"), texts, pause: ms(5) }
}

#[test]
fn tcp_echo_answers_in_upper_case_whatever_the_link_does() {
    for seed in 0..20 {
        let (mut net, client, server) = pair(seed);
        net.link(client, server)
            .delay(ms(20))
            .jitter(ms(10))
            .loss(percent(15))
            .duplicate(percent(5))
            .reorder(percent(10), ms(15))
            .corrupt(percent(5));
        let config = echo::ServerConfig { local: at("0.0.0.0:6999"), connections: Some(1) };
        net.spawn(server, "server", echo::tcp_server(config));
        net.spawn(client, "client", echo::tcp_client(echo_client()));
        let heard = finish(&mut net);
        assert_eq!(String::from_utf8_lossy(&heard.received["client"]), "欢迎新同学! HELLO, STRASSE");
        assert_eq!(String::from_utf8_lossy(&heard.received["server"]), TEXTS.concat());
    }
}

#[test]
fn udp_echo_gets_through_a_lossy_link() {
    for seed in 0..20 {
        let (mut net, client, server) = pair(seed);
        net.link(client, server).delay(ms(20)).loss(percent(30)).duplicate(percent(20));
        let config = echo::UdpServerConfig { local: at("0.0.0.0:6999"), datagrams: None };
        net.background(server, "server", echo::udp_server(config));
        let texts = TEXTS.map(str::to_owned).to_vec();
        let config =
            echo::UdpClientConfig { remote: at("10.0.0.2:6999"), texts, timeout: ms(100), attempts: 12 };
        net.spawn(client, "client", echo::udp_client(config));
        let heard = finish(&mut net);
        assert_eq!(String::from_utf8_lossy(&heard.received["client"]), "欢迎新同学! HELLO, STRASSE");
    }
}

#[test]
fn a_server_serves_several_at_once() {
    let (mut net, client, server) = pair(1);
    net.link(client, server).delay(ms(10)).loss(percent(3));
    let config = echo::ServerConfig { local: at("0.0.0.0:6999"), connections: Some(30) };
    net.spawn(server, "server", echo::tcp_server(config));
    for number in 0..30 {
        let texts = (0..20).map(|line| format!("client {number} line {line}\n")).collect();
        let config = echo::ClientConfig { texts, ..echo_client() };
        net.spawn(client, &format!("client{number}"), echo::tcp_client(config));
    }
    let heard = finish(&mut net);
    for number in 0..30 {
        let expected: String =
            (0..20).fold(String::new(), |all, line| all + &format!("CLIENT {number} LINE {line}\n"));
        assert_eq!(String::from_utf8_lossy(&heard.received[&format!("client{number}")]), expected);
    }
}

#[test]
fn bulk_data_arrives_complete_over_a_bottleneck() {
    let (mut net, client, server) = pair(7);
    net.link(client, server)
        .delay(ms(10))
        .rate(Rate::mbit(20))
        .queue(QueueLimit::Packets(30))
        .loss(percent(1));
    let bytes = 1_000_000;
    let config = bulk::SinkConfig { local: at("10.0.0.2:9"), connections: Some(1) };
    net.spawn(server, "sink", bulk::tcp_sink(config));
    let config = bulk::SourceConfig { remote: at("10.0.0.2:9"), bytes, seed: 3 };
    net.spawn(client, "source", bulk::tcp_source(config));
    let heard = finish(&mut net);
    let mut expected = vec![0; bytes as usize];
    Pattern::new(3).fill(&mut expected);
    assert!(heard.received["sink"] == expected);
    let world = net.world();
    let link = world.link_ids().next().unwrap();
    let counters = world.link_counters(link, Direction::Forward);
    assert!(counters.max_queue_packets <= 30 && counters.lost > 0, "{counters:?}");
    assert_eq!(
        counters.frames_in,
        counters.delivered_frames + counters.dropped_frames,
        "every frame came to an end"
    );
}

#[test]
fn udp_bulk_ends_by_count_or_by_silence() {
    let (mut net, client, server) = pair(7);
    net.link(client, server).delay(ms(10)).loss(percent(10));
    let config = bulk::UdpSinkConfig {
        local: at("10.0.0.2:9"),
        bytes: Some(100_000),
        idle: Some(ms(500)),
        membership: None,
    };
    net.spawn(server, "sink", bulk::udp_sink(config));
    let config = bulk::UdpSourceConfig {
        remote: at("10.0.0.2:9"),
        bytes: 100_000,
        seed: 3,
        datagram: 1_000,
        interval: ms(1),
        to_group: group::Sending::default(),
        dont_fragment: None,
    };
    net.spawn(client, "source", bulk::udp_source(config));
    let heard = finish(&mut net);
    let got = heard.received["sink"].len();
    assert!((70_000..100_000).contains(&got) && got.is_multiple_of(1_000), "{got}");
}

#[test]
fn discard_reads_to_the_end() {
    let (mut net, client, server) = pair(7);
    net.link(client, server).delay(ms(10));
    let config = discard::ServerConfig { local: at("10.0.0.2:9"), connections: Some(1) };
    net.spawn(server, "discard", discard::tcp_server(config));
    let config = bulk::SourceConfig { remote: at("10.0.0.2:9"), bytes: 50_000, seed: 3 };
    net.spawn(client, "source", bulk::tcp_source(config));
    assert_eq!(finish(&mut net).received["discard"].len(), 50_000);
}

#[test]
fn ping_says_what_came_of_each_request() {
    let (mut net, client, server) = pair(7);
    net.link(client, server).delay(ms(10)).direction(Direction::Forward, |direction| {
        // An ARP announcement, an ARP request, and the first echo request go before the second.
        direction.loss = Some(wirelab_sim::Loss::Frames(vec![4]));
    });
    let config = ping::Config {
        count: Some(3),
        interval: ms(100),
        timeout: ms(300),
        outstanding: true,
        ..ping::Config::new("10.0.0.2".parse().unwrap())
    };
    net.spawn(client, "ping", ping::ping(config));
    let heard = finish(&mut net);
    let said: Vec<_> = heard.events.iter().map(|(_, _, text)| text.as_str()).collect();
    assert_eq!(
        said,
        [
            "started",
            "said: PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.",
            // The server's announcement, 10 ms under way, answers the client's ARP request before the server can.
            "said: 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=30.0 ms",
            "said: no answer yet for icmp_seq=2",
            "said: 64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=20.0 ms",
            "said: --- 10.0.0.2 ping statistics ---",
            "said: 3 packets transmitted, 2 received, 33.3333% packet loss, time 200ms",
            "said: rtt min/avg/max/mdev = 20.000/25.000/30.000/5.000 ms",
            "finished",
        ]
    );
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    let (mut net, client, server) = pair(1);
    net.link(client, server).delay(ms(1));
    net.spawn(server, "server", async {
        let listener = TcpListener::bind(at("0.0.0.0:80")).await?;
        let (stream, _) = listener.accept().await?;
        drop(listener);
        stream.read_bytes(1).await?;
        Ok(())
    });
    net.spawn(client, "client", async {
        let stream = TcpStream::connect(at("10.0.0.2:80")).await?;
        stream.peek(&mut [0]).await?;
        Ok(())
    });
    net.spawn(client, "waiter", async {
        let socket = UdpSocket::bind(at("0.0.0.0:5")).await?;
        socket.recv_bytes().await?;
        Ok(())
    });
    let Outcome::Deadlock { waiting } = net.run() else { panic!("nobody writes") };
    let lines: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    assert!(lines[0].starts_with("`server` on `server` waits to read from TCP 10.0.0.2:80 -> 10.0.0.1:"));
    assert!(lines[1].starts_with("`client` on `client` waits to read from TCP 10.0.0.1:"), "{}", lines[1]);
    assert_eq!(lines[2], "`waiter` on `client` waits to read from UDP 0.0.0.0:5 since 0.000000000 s");
}

#[test]
fn the_same_seed_gives_the_same_run_and_an_idle_host_changes_nobody() {
    let run = |seed, idle| {
        let mut net = Network::new(seed);
        if idle {
            net.host("another", "10.9.0.1/24");
        }
        let client = net.host("client", "10.0.0.1/24");
        let server = net.host("server", "10.0.0.2/24");
        net.link(client, server).delay(ms(20)).jitter(ms(5)).loss(percent(10));
        let config = echo::ServerConfig { local: at("0.0.0.0:6999"), connections: Some(1) };
        net.spawn(server, "server", echo::tcp_server(config));
        net.spawn(client, "client", echo::tcp_client(echo_client()));
        let world = net.world();
        world.set_recorder(Box::new(TraceHash::new(world.names())));
        net.finish();
        let hash = net.world().take_recorder().unwrap().downcast::<TraceHash>().ok().unwrap();
        hash.by_name().into_iter().map(|(name, hash)| (name.to_owned(), hash)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(run(1, false), run(1, false));
    assert_ne!(run(1, false), run(2, false));
    let mut with_idle = run(1, true);
    with_idle.remove("another");
    assert_eq!(run(1, false), with_idle);
}

#[test]
fn tasks_run_in_the_order_of_waking_and_children_belong_to_their_application() {
    let mut net = Network::new(1);
    let host = net.host("host", "10.0.0.1/24");
    let log = Rc::new(RefCell::new(Vec::new()));
    let shared = Rc::clone(&log);
    net.spawn(host, "root", async move {
        for number in [3_u64, 1, 2] {
            let log = Rc::clone(&shared);
            spawn(async move {
                log.borrow_mut().push(format!("{number} begins"));
                time::sleep(ms(number)).await;
                log.borrow_mut().push(format!("{number} ends"));
            });
        }
        let joined = spawn(async { 42 }).await?;
        shared.borrow_mut().push(format!("joined {joined}"));
        Ok(())
    });
    let heard = finish(&mut net);
    let expected = ["3 begins", "1 begins", "2 begins", "joined 42", "1 ends", "2 ends", "3 ends"];
    assert_eq!(*log.borrow(), expected);
    let finished = heard.events.last().unwrap();
    assert_eq!((finished.0, finished.2.as_str()), (Instant::from_millis(3), "finished"));
}

#[test]
fn a_failed_application_takes_its_tasks_and_sockets_with_it() {
    let (mut net, client, server) = pair(1);
    net.link(client, server).delay(ms(1));
    net.spawn(server, "server", async {
        let listener = TcpListener::bind(at("0.0.0.0:80")).await?;
        spawn(async move { listener.accept().await });
        time::sleep(ms(5)).await;
        Err(AppError::new("enough"))
    });
    net.spawn(client, "client", async {
        time::sleep(ms(10)).await;
        let refused = TcpStream::connect(at("10.0.0.2:80")).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        Ok(())
    });
    assert_eq!(net.run(), Outcome::Completed);
    let ended: Vec<_> = net.world().applications().into_iter().map(|app| app.ended.unwrap()).collect();
    assert_eq!(ended[0], (Instant::from_millis(5), Err("enough".to_owned())));
    assert_eq!(ended[1].1, Ok(()));
}

#[test]
fn dropping_a_pending_future_leaves_nothing_behind() {
    let (mut net, client, server) = pair(1);
    net.link(client, server).delay(ms(50));
    net.spawn(server, "server", async {
        let listener = TcpListener::bind(at("0.0.0.0:80")).await?;
        // Nobody comes in time; the same listener then takes the one who does.
        assert!(time::timeout(ms(10), listener.accept()).await.is_err());
        let (stream, _) = listener.accept().await?;
        assert!(stream.read_bytes(10).await?.is_empty());
        Ok(())
    });
    net.spawn(client, "client", async {
        // The host stops connecting: its SYN goes nowhere, and its port is free again.
        let from = Some(at("10.0.0.1:1234"));
        let connecting = TcpStream::connect_from(from, at("10.0.0.2:80"));
        assert!(time::timeout(ms(20), connecting).await.is_err());
        time::sleep(ms(500)).await;
        TcpStream::connect_from(from, at("10.0.0.2:80")).await?;
        Ok(())
    });
    net.finish();
}

#[test]
fn time_stops_at_the_limit() {
    let mut net = Network::new(1);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "sleeper", async {
        time::sleep(Duration::from_secs(100)).await;
        Ok(())
    });
    let limits = Limits { until: Some(Instant::from_secs(50)), max_events: None };
    assert_eq!(net.world().run(limits, &mut |_| {}), Outcome::TimeLimit);
    assert_eq!(net.world().now(), Instant::from_secs(50));
    assert_eq!(net.run(), Outcome::Completed);
    assert_eq!(net.world().now(), Instant::from_secs(100));
}

#[test]
fn a_task_that_never_rests_meets_the_limit_of_events() {
    let mut net = Network::new(1);
    let host = net.host("host", "10.0.0.1/24");
    net.spawn(host, "spinner", async {
        loop {
            wirelab_stack::socket::net::yield_now().await;
        }
    });
    let limits = Limits { until: None, max_events: Some(100) };
    assert_eq!(net.world().run(limits, &mut |_| {}), Outcome::EventLimit);
    assert!(net.world().events() < 20_000, "the first turn was the last");
}

#[test]
fn a_message_between_tasks_of_two_hosts_arrives_outside_of_the_network() {
    let mut net = Network::new(1);
    let [a, b] = ["a", "b"].map(|name| net.host(name, "10.0.0.1/24"));
    let waiting = Rc::new(RefCell::new(None::<core::task::Waker>));
    let (setter, getter) = (Rc::clone(&waiting), waiting);
    net.spawn(a, "waits", async move {
        let mut polled = false;
        core::future::poll_fn(|cx| {
            if core::mem::replace(&mut polled, true) {
                return core::task::Poll::Ready(());
            }
            *setter.borrow_mut() = Some(cx.waker().clone());
            core::task::Poll::Pending
        })
        .await;
        assert_eq!(time::now(), Instant::from_secs(1));
        Ok(())
    });
    net.spawn(b, "wakes", async move {
        time::sleep(Duration::from_secs(1)).await;
        getter.borrow_mut().take().unwrap().wake();
        Ok(())
    });
    net.finish();
}

#[test]
#[should_panic(expected = "there is no host here")]
fn a_socket_outside_of_a_task_says_so() {
    time::now();
}

#[test]
fn sockets_can_be_sent_and_shared() {
    fn ok<T: Send + Sync>() {}
    ok::<TcpStream>();
    ok::<TcpListener>();
    ok::<UdpSocket>();
    ok::<wirelab_stack::socket::net::EchoSocket>();
    ok::<wirelab_stack::socket::net::OwnedReadHalf>();
    ok::<wirelab_stack::socket::net::OwnedWriteHalf>();
    ok::<NodeId>();
}
