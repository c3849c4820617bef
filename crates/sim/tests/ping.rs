//! Ping: when it sends, how long it waits, and what it counts.

use core::cell::RefCell;
use core::future::pending;
use std::rc::Rc;

use wirelab_sim::{Direction, HostRef, Loss, Network, percent};
use wirelab_stack::application::ping::{Config, Statistics, ping_until};
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn pair() -> (Network, HostRef, HostRef) {
    let mut net = Network::new(7);
    let client = net.host("client", "10.0.0.1/24");
    let server = net.host("server", "10.0.0.2/24");
    (net, client, server)
}

/// What a ping said, its statistics, and when it ended.
struct Ran {
    lines: Vec<String>,
    statistics: Statistics,
    ended: Instant,
}

fn run(net: &mut Network, client: HostRef, config: Config, stop: Option<Duration>) -> Ran {
    let told = Rc::new(RefCell::new((Vec::new(), None)));
    let to = Rc::clone(&told);
    net.spawn(client, "ping", async move {
        let stop = async {
            match stop {
                Some(after) => time::sleep(after).await,
                None => pending().await,
            }
        };
        let tell = |told: &_| to.borrow_mut().0.extend(ToString::to_string(told).lines().map(str::to_owned));
        let statistics = ping_until(config, stop, tell).await?;
        to.borrow_mut().1 = Some((statistics, time::now()));
        Ok(())
    });
    net.finish();
    let (lines, ended) = told.take();
    let (statistics, ended) = ended.expect("it has ended");
    Ran { lines, statistics, ended }
}

fn config(last: u8) -> Config {
    Config { interval: ms(100), timeout: ms(300), ..Config::new([10, 0, 0, last].into()) }
}

#[test]
fn an_end_from_outside_ends_it_with_its_statistics() {
    let (mut net, client, server) = pair();
    net.link(client, server).delay(ms(1));
    let ran = run(&mut net, client, config(2), Some(ms(250)));
    assert_eq!((ran.statistics.transmitted, ran.statistics.received), (3, 3));
    assert_eq!(ran.ended, Instant::from_millis(250));
    let frame = &ran.lines[ran.lines.len() - 4..];
    assert_eq!(frame[1], "--- 10.0.0.2 ping statistics ---");
    assert_eq!(frame[2], "3 packets transmitted, 3 received, 0% packet loss, time 200ms");
    let none = run(&mut pair().0, client, Config { count: Some(0), ..config(2) }, None);
    assert_eq!((none.statistics.transmitted, none.ended), (0, Instant::ZERO));
}

#[test]
fn a_deadline_ends_it_and_makes_the_count_one_of_answers() {
    let (mut net, client, server) = pair();
    net.link(client, server).delay(ms(1));
    let deadline = Some(ms(350));
    let ran = run(&mut net, client, Config { deadline, ..config(2) }, None);
    assert_eq!((ran.statistics.transmitted, ran.ended), (4, Instant::from_millis(350)));
    let counted = |loss: Option<Loss>, count| {
        let (mut net, client, server) = pair();
        net.link(client, server).direction(Direction::Forward, |direction| direction.loss = loss);
        run(&mut net, client, Config { deadline: Some(ms(1_000)), count: Some(count), ..config(2) }, None)
    };
    // An announcement, a question of ARP, then the requests: the second is lost, and one more is sent.
    let ran = counted(Some(Loss::Frames(vec![4])), 3);
    assert_eq!((ran.statistics.transmitted, ran.statistics.received), (4, 3));
    assert_eq!(ran.ended, Instant::from_millis(300));
    let ran = counted(None, 30);
    assert_eq!((ran.statistics.transmitted, ran.ended), (10, Instant::from_millis(1_000)));
}

#[test]
fn the_last_answer_is_waited_for_as_long_as_the_others_give_reason_to() {
    let lossy = |frames: Vec<u64>, delay| {
        let (mut net, client, server) = pair();
        net.link(client, server)
            .delay(delay)
            .direction(Direction::Forward, |direction| direction.loss = Some(Loss::Frames(frames)));
        run(&mut net, client, Config { count: Some(2), outstanding: true, ..config(2) }, None)
    };
    // Nothing came: the timeout.
    let ran = lossy(vec![3, 4], ms(1));
    assert_eq!((ran.statistics.received, ran.ended), (0, Instant::from_millis(400)));
    assert_eq!(ran.lines[1..3], ["no answer yet for icmp_seq=1", "no answer yet for icmp_seq=2"]);
    assert_eq!(ran.lines[5], "2 packets transmitted, 0 received, 100% packet loss, time 100ms");
    // One came soon: an interval. One came late, neighbour's question included: two round trips.
    assert_eq!(lossy(vec![4], ms(1)).ended, Instant::from_millis(200));
    let late = lossy(vec![4], ms(30));
    assert_eq!(late.statistics.trips.most(), ms(90));
    assert_eq!(late.ended, Instant::from_millis(280));
}

#[test]
fn duplicates_are_told_and_counted_apart() {
    let (mut net, client, server) = pair();
    net.link(client, server)
        .delay(ms(1))
        .direction(Direction::Backward, |direction| direction.duplicate = Some(percent(100)));
    let ran = run(&mut net, client, Config { count: Some(3), ..config(2) }, None);
    let Statistics { transmitted, received, duplicates, .. } = ran.statistics;
    // Behind the last answer nothing is waited for.
    assert_eq!((transmitted, received, duplicates), (3, 3, 2));
    let doubles = ran.lines.iter().filter(|line| line.ends_with(" (DUP!)")).count();
    assert_eq!(doubles, 2);
    let end = &ran.lines[ran.lines.len() - 2];
    assert_eq!(end, "3 packets transmitted, 3 received, +2 duplicates, 0% packet loss, time 200ms");
}

#[test]
fn who_is_not_there_is_told_by_this_host() {
    let (mut net, client, server) = pair();
    net.link(client, server).delay(ms(1));
    let patient = Config { interval: ms(4_000), timeout: ms(4_000), ..config(9) };
    let ran = run(&mut net, client, Config { count: Some(2), ..patient.clone() }, None);
    assert_eq!(ran.lines[1], "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable");
    assert_eq!(ran.lines[5], "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 4000ms");
    assert_eq!(ran.statistics.lost_per_million(), 1_000_000);
    // With a deadline the first error is the end.
    let (mut net, client, server) = pair();
    net.link(client, server).delay(ms(1));
    let deadline = Some(Duration::from_secs(60));
    let ran = run(&mut net, client, Config { deadline, ..patient }, None);
    assert_eq!((ran.statistics.transmitted, ran.statistics.errors), (1, 1));
}

#[test]
fn what_cannot_be_sent_counts_as_sent_and_as_an_error() {
    let (mut net, client, server) = pair();
    net.link(client, server).delay(ms(1));
    let far = Config { count: Some(2), ..Config::new([192, 0, 2, 1].into()) };
    let ran = run(&mut net, client, Config { interval: ms(100), ..far }, None);
    assert_eq!(
        ran.lines[1..5],
        [
            "icmp_seq=1 local error: network is unreachable",
            "icmp_seq=2 local error: network is unreachable",
            "",
            "--- 192.0.2.1 ping statistics ---",
        ]
    );
    assert_eq!(ran.statistics.errors, 2);
}

#[test]
fn the_sequence_number_comes_round() {
    let (mut net, client, server) = pair();
    net.link(client, server).delay(Duration::from_micros(10));
    let many = Config { count: Some(65_540), interval: Duration::from_micros(100), payload: 0, ..config(2) };
    let ran = run(&mut net, client, many, None);
    let Statistics { transmitted, received, duplicates, .. } = ran.statistics;
    assert_eq!((transmitted, received, duplicates), (65_540, 65_540, 0));
    let at = |place: usize| ran.lines[place].split(' ').nth(4).map(str::to_owned);
    assert_eq!(at(65_535).as_deref(), Some("icmp_seq=65535"));
    assert_eq!(at(65_536).as_deref(), Some("icmp_seq=0"));
    assert_eq!(at(65_540).as_deref(), Some("icmp_seq=4"));
}
