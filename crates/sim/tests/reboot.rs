//! Hosts that crash and start again, clocks that are set, and tasks in any order.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{Change, Component, HostRef, Network, Outcome, Recorder, Schedule};
use wirelab_stack::clock::Clock;
use wirelab_stack::socket::net::{TcpListener, TcpStream, fs, spawn, time};
use wirelab_stack::storage::FilePath;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{DropReason, Event, Interest};

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn secs(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

fn pair(seed: u64) -> (Network, HostRef, HostRef) {
    let mut net = Network::new(seed);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    net.link(client, server).delay(Duration::from_millis(1));
    (net, client, server)
}

/// What each host sent, and why frames were dropped.
#[derive(Default)]
struct Frames {
    sent: Vec<(Instant, Component, String)>,
    dropped: Vec<DropReason>,
}

impl Recorder for Frames {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, now: Instant, by: Component, event: &Event<'_>) {
        match event {
            Event::FrameSent { frame, .. } => self.sent.push((now, by, frame.meta.cause.name().to_owned())),
            Event::FrameDropped { reason, .. } => self.dropped.push(*reason),
            _ => {}
        }
    }
}

/// Counts the connections of all its lives in a file, and says each which it is.
fn counter(net: &mut Network, server: HostRef) {
    net.service(server, "counter", || async {
        let listener = TcpListener::bind(at("10.0.0.2:7")).await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            spawn(async move {
                let path = "/count".parse::<FilePath>().unwrap();
                let count = fs::read(&path, 100).map_or(1, |count| count.len() + 1);
                fs::write(&path, &vec![b'x'; count]).unwrap();
                stream.write_all(count.to_string().as_bytes()).await?;
                // Until the client closes.
                stream.read_to_end(&mut Vec::new()).await.map(drop)
            });
        }
    });
}

#[test]
fn who_talks_to_a_host_that_crashes_is_reset_by_what_comes_after_it() {
    let (mut net, client, server) = pair(1);
    counter(&mut net, server);
    net.spawn(client, "client", async {
        let mut stream = TcpStream::connect(at("10.0.0.2:7")).await?;
        let mut count = [0];
        stream.read_exact(&mut count).await?;
        assert_eq!(&count, b"1");
        time::sleep(Duration::from_secs(2)).await;
        // The host is down: this is lost, and sent again until somebody answers who knows nothing of it.
        stream.write_all(b"x").await?;
        let error = stream.read_u8().await.unwrap_err();
        // RFC 9293 §3.5.1: half-open connections are found out so.
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(time::now() > secs(5), "not before it is up again");
        let mut stream = TcpStream::connect(at("10.0.0.2:7")).await?;
        stream.read_exact(&mut count).await?;
        assert_eq!(&count, b"2", "its files are there still");
        Ok(())
    });
    net.crash(server, secs(1), Duration::from_secs(4));
    net.world().set_recorder(Box::<Frames>::default());
    net.finish();
    let frames = net.world().take_recorder().unwrap().downcast::<Frames>().ok().unwrap();
    let by_server = |frame: &&(Instant, Component, String)| {
        frame.1 == Component::Host(server.node()) && frame.0 >= secs(1) && frame.0 < secs(5)
    };
    assert_eq!(frames.sent.iter().find(by_server), None, "nobody says farewell, or anything");
    assert!(frames.dropped.contains(&DropReason::HostDown));
    let applications = net.world().applications();
    let counters: Vec<_> = applications.iter().filter(|application| application.name == "counter").collect();
    assert_eq!(counters.len(), 2);
    assert_eq!(counters[0].ended, Some((secs(1), Err("its host crashed".to_owned()))));
    assert_eq!((counters[1].start, &counters[1].ended), (secs(5), &None));
}

#[test]
fn a_program_that_is_no_service_has_failed_and_is_not_waited_for() {
    let (mut net, client, _) = pair(1);
    net.spawn(client, "sleeper", async {
        time::sleep(Duration::from_secs(100)).await;
        Ok(())
    });
    net.spawn_at(client, "later", secs(2), async { Ok(()) });
    net.crash(client, secs(1), Duration::from_secs(9));
    assert_eq!(net.run(), Outcome::Completed);
    let ended: Vec<_> = net.world().applications().into_iter().filter_map(|program| program.ended).collect();
    let crashed = (secs(1), Err("its host crashed".to_owned()));
    assert_eq!(ended, [crashed, (secs(10), Ok(()))], "what was to start meanwhile starts with the host");
}

#[test]
fn a_host_that_is_up_restarts_and_one_that_is_down_cannot_crash() {
    let (mut net, client, server) = pair(1);
    counter(&mut net, server);
    let node = server.node();
    net.world().at(secs(1), Change::Restart(node));
    net.world().at(secs(2), Change::Crash(node));
    net.world().at(secs(3), Change::Crash(node));
    net.world().at(secs(4), Change::Restart(node));
    net.spawn(client, "client", async {
        time::sleep(Duration::from_secs(5)).await;
        TcpStream::connect(at("10.0.0.2:7")).await?.read_u8().await?;
        Ok(())
    });
    net.world().run_until(secs(3));
    assert!(net.world().is_down(node));
    net.finish();
    assert!(!net.world().is_down(node));
    let starts: Vec<Instant> = net.world().applications().iter().map(|program| program.start).collect();
    assert_eq!(starts, [secs(0), secs(0), secs(1), secs(4)]);
}

#[test]
fn a_crash_at_any_moment_leaks_nothing_and_panics_nowhere() {
    // In the middle of a transfer, of a handshake, of a resolution: at every tenth of a millisecond of it.
    for tenth in 0..120 {
        let (mut net, client, server) = pair(3);
        counter(&mut net, server);
        net.spawn(client, "client", async {
            for _ in 0..3 {
                // Whatever becomes of it.
                let Ok(mut stream) = TcpStream::connect(at("10.0.0.2:7")).await else { continue };
                let _ = stream.write_all(&[7; 3000]).await;
                let _ = stream.read_u8().await;
            }
            Ok(())
        });
        let when = Instant::ZERO + Duration::from_micros(100 * tenth);
        net.crash(server, when, Duration::from_millis(5));
        net.finish();
        let mut left = BTreeSet::new();
        net.world().run_until(Instant::from_secs(1_000));
        net.world().host(server.node()).unwrap().for_each_connection(|id, _| {
            left.insert(id.to_string());
        });
        assert_eq!(left, BTreeSet::new(), "a crash after {tenth} tenths of a millisecond");
    }
}

#[test]
fn a_clock_can_be_set_while_the_world_runs() {
    let (mut net, client, _) = pair(1);
    let ahead = Clock { offset: 3_600_000_000_000, ..Clock::default() };
    net.world().at(secs(1), Change::SetClock { node: client.node(), clock: ahead });
    net.spawn(client, "client", async {
        assert_eq!(time::date().to_string(), "2026-01-01T00:00:00Z");
        time::sleep(Duration::from_secs(2)).await;
        assert_eq!(time::date().to_string(), "2026-01-01T01:00:02Z");
        assert_eq!(time::now(), Instant::from_secs(2), "the network's time is nobody's to set");
        Ok(())
    });
    net.finish();
}

/// The order in which five tasks that are ready at once are polled.
fn order(seed: u64, schedule: Schedule) -> Vec<u32> {
    let (mut net, client, _) = pair(seed);
    net.world().set_schedule(schedule);
    let order = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&order);
    net.spawn(client, "tasks", async move {
        let tasks = [0, 1, 2, 3, 4].map(|number| {
            let noted = Rc::clone(&noted);
            spawn(async move {
                time::sleep(Duration::from_secs(1)).await;
                noted.borrow_mut().push(number);
            })
        });
        for task in tasks {
            task.await?;
        }
        Ok(())
    });
    net.finish();
    order.take()
}

#[test]
fn a_random_schedule_permutes_tasks_by_its_seed() {
    for seed in 0..20 {
        assert_eq!(order(seed, Schedule::InOrder), [0, 1, 2, 3, 4]);
    }
    let orders: BTreeSet<Vec<u32>> = (0..20).map(|seed| order(seed, Schedule::Random)).collect();
    assert!(orders.len() > 10, "{orders:?}");
    assert_eq!(order(7, Schedule::Random), order(7, Schedule::Random), "the same seed, the same order");
}
