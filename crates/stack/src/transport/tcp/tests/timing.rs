//! When things happen: round trips and the timers that are set by them.

use super::harness::{Fate, Pair, Shown, pattern};
use crate::time::{Duration, Instant};
use crate::trace::{Cause, State};
use crate::transport::SocketError;
use crate::transport::tcp::Knobs;
use crate::transport::tcp::segment::Flags;

const MSS: usize = 1448;

#[test]
fn the_handshake_and_each_acknowledgement_move_the_round_trip_time() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let srtt = |pair: &Pair| pair.ends[0].info(client).unwrap().metrics.srtt;
    assert_eq!(srtt(&pair), Duration::from_millis(20));
    pair.delay = Duration::from_millis(100);
    pair.send(0, client, &pattern(2 * MSS)).unwrap();
    pair.millis(500);
    // RFC 6298 §2.3: 7/8 of 20 ms and 1/8 of 200 ms.
    assert_eq!(srtt(&pair), Duration::from_micros(42_500));
    let shown = |shown: &Shown| matches!(shown, Shown::Metrics(metrics) if metrics.srtt == srtt(&pair));
    assert!(pair.states[0].1.iter().any(shown), "a series is drawn of it");
}

#[test]
fn what_was_sent_again_is_measured_by_its_timestamp_or_not_at_all() {
    // Karn's algorithm (RFC 6298 §3); RFC 7323 §4.1.
    for (timestamps, srtt, rto) in [(true, 45, 1000), (false, 20, 2000)] {
        let mut pair = Pair::new(Knobs { timestamps, ..Knobs::rfc() }, Knobs::rfc());
        let (client, _) = pair.connect();
        let mut lost = false;
        pair.judge = Box::new(move |seen| {
            let first = !lost && seen.length > 0;
            lost |= first;
            if first { Fate::Lose } else { Fate::Deliver }
        });
        pair.send(0, client, b"x").unwrap();
        pair.run(Duration::from_secs(3));
        // The answer came 200 ms later: it was delayed.
        let metrics = pair.ends[0].info(client).unwrap().metrics;
        assert_eq!((metrics.srtt.as_millis(), metrics.rto.as_millis()), (srtt, rto), "{timestamps}");
    }
}

#[test]
fn timestamps_tell_milliseconds_from_a_beginning_of_each_connections_own() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.open(1001);
    pair.flush();
    pair.millis(300);
    pair.send(0, client, b"x").unwrap();
    pair.flush();
    let values: Vec<(u16, Instant, u32)> = pair
        .seen
        .iter()
        .filter(|seen| seen.from == 0)
        .map(|seen| (seen.segment.source_port, seen.at, seen.segment.options.timestamps.unwrap().value))
        .collect();
    let first = |port: u16| *values.iter().find(|(from, ..)| *from == port).unwrap();
    for (port, at, value) in &values {
        let (_, begun, began) = first(*port);
        assert_eq!(u64::from(value.wrapping_sub(began)), at.since(begun).as_millis());
    }
    // RFC 7323 §5.4: nobody should learn from one connection how long the host is up, or what another's are.
    let offset = |port: u16| first(port).2.wrapping_sub(first(port).1.as_millis() as u32);
    assert!(offset(1000) != 0 && offset(1000) != offset(1001));
}

#[test]
fn a_duplicate_acknowledgement_does_not_put_the_timer_off() {
    // RFC 6298 §5.3: only an ACK of new data does.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    let sent_at = pair.now;
    pair.send(0, client, b"x").unwrap();
    pair.millis(500);
    pair.inject(0, pair.forged(0, Flags::ACK), b"");
    pair.millis(600);
    let last = pair.last(0);
    assert_eq!((last.cause, last.at.since(sent_at)), (Cause::RetransmitRto, Duration::from_secs(1)));
    let due = sent_at + Duration::from_secs(1);
    assert!(pair.states[0].1.contains(&Shown::Expired { cause: Cause::RetransmitRto, due }));
}

#[test]
fn a_peer_that_answers_without_taking_anything_is_given_up_after_r2() {
    // RFC 9293 §3.8.3; only a closed window may last for ever (§3.8.6.1).
    for (window, state) in [(1000, State::Closed), (0, State::Established)] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect();
        pair.judge = Box::new(|_| Fate::Lose);
        pair.send(0, client, b"x").unwrap();
        for _ in 0..25 {
            let mut answer = pair.forged(0, Flags::ACK);
            answer.window = window;
            pair.inject(0, answer, b"");
            pair.run(Duration::from_secs(10));
        }
        assert_eq!(pair.state(0, client), state);
    }
}

#[test]
fn an_acknowledgement_that_is_delayed_waits_for_no_other_timer() {
    let mut pair = Pair::new(Knobs { delayed_ack: Duration::from_millis(400), ..Knobs::rfc() }, Knobs::rfc());
    let (client, server) = pair.connect();
    let begun = pair.now;
    // A second later its storage is looked at.
    pair.send(0, client, b"x").unwrap();
    pair.millis(900);
    pair.send(1, server, b"y").unwrap();
    pair.run(Duration::from_secs(2));
    let last = pair.last(0);
    assert_eq!((last.cause, last.at.since(begun)), (Cause::DelayedAck, Duration::from_millis(1310)));
}

#[test]
fn a_window_smaller_than_a_segment_is_used_after_a_while() {
    // RFC 9293 §3.8.6.2.1 (4), and §3.8.6.1 where nothing is left of it.
    let knobs = Knobs { receive_buffer: 4000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(10_000)).unwrap();
    pair.run(Duration::from_secs(6));
    let sent: Vec<(Cause, usize)> = pair
        .seen
        .iter()
        .filter(|seen| seen.from == 0 && (seen.length > 0 || seen.cause == Cause::ZeroWindowProbe))
        .map(|seen| (seen.cause, seen.length))
        .collect();
    let full = (Cause::NewData, MSS);
    assert_eq!(sent[..4], [full, full, (Cause::SwsOverride, 1104), (Cause::ZeroWindowProbe, 1)]);
    let at = |cause: Cause| pair.seen.iter().find(|seen| seen.cause == cause).unwrap().at;
    let filled = pair.seen.iter().find(|seen| seen.from == 1 && seen.segment.window == 1104).unwrap().at;
    assert_eq!(at(Cause::SwsOverride).since(filled), Duration::from_millis(10 + 1000));
    assert_eq!(pair.recv(1, server).unwrap(), pattern(4000));
}

#[test]
fn a_window_that_what_is_in_flight_has_filled_is_not_probed() {
    let knobs = Knobs { receive_buffer: 2 * MSS as u32, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, _) = pair.connect();
    pair.judge = Box::new(|seen| if seen.from == 1 { Fate::Lose } else { Fate::Deliver });
    pair.send(0, client, &pattern(10_000)).unwrap();
    pair.run(Duration::from_secs(10));
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.counters.zero_window_probes, info.counters.rto_expiries), (0, 3));
}

#[test]
fn keep_alives_are_sent_in_silence_and_not_in_time_wait() {
    let knobs = Knobs {
        keep_alive: true,
        keep_alive_idle: Duration::from_secs(10),
        keep_alive_interval: Duration::from_secs(5),
        ..Knobs::rfc()
    };
    let mut pair = Pair::new(knobs, Knobs::rfc());
    let begun = pair.now;
    let (client, server) = pair.connect();
    pair.run(Duration::from_secs(100));
    let sent: Vec<u64> = pair
        .seen
        .iter()
        .filter(|seen| seen.cause == Cause::KeepAlive)
        .map(|seen| seen.at.since(begun).as_millis())
        .collect();
    // Ten seconds after the answer, which comes a round trip later.
    let expected: Vec<u64> = (0..sent.len() as u64).map(|index| sent[0] + index * 10_020).collect();
    assert_eq!((sent.len(), &sent), (10, &expected));
    assert_eq!(pair.ends[0].info(client).unwrap().counters.keep_alives, 10);
    pair.shutdown(0, client);
    pair.millis(50);
    pair.close(1, server);
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::TimeWait);
    pair.run(Duration::from_secs(100));
    assert_eq!(pair.count(0, Cause::KeepAlive), 10);
    assert_eq!(pair.state(0, client), State::TimeWait);
}

#[test]
fn a_writer_waits_for_room_and_is_woken_when_there_is_enough() {
    let mut pair = Pair::new(Knobs { send_buffer: 3000, ..Knobs::rfc() }, Knobs::rfc());
    let (client, _) = pair.connect();
    pair.judge = Box::new(|seen| if seen.from == 0 { Fate::Lose } else { Fate::Deliver });
    assert_eq!(pair.send(0, client, &pattern(4000)), Ok(3000));
    assert_eq!(pair.send(0, client, b"x"), Err(SocketError::WouldBlock));
    assert_eq!(pair.send(0, client, b""), Ok(0));
    pair.flush();
    let mut wakes = Vec::new();
    for (acked, woken) in [(999, 0), (1, 1), (500, 0)] {
        let mut answer = pair.forged(0, Flags::ACK);
        let una = pair.ends[0].connections.get(client).unwrap().snd_una as u32;
        let iss = pair.ends[0].connections.get(client).unwrap().iss;
        answer.ack = iss.wrapping_add(una).wrapping_add(acked);
        wakes.clear();
        pair.inject(0, answer, b"");
        pair.ends[0].take_wakes(&mut wakes);
        assert_eq!(wakes.len(), woken, "after {acked} more");
    }
}

#[test]
fn probes_go_out_and_what_was_probed_is_sent_when_the_window_opens() {
    let knobs = Knobs { receive_buffer: 2 * MSS as u32, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(10_000)).unwrap();
    pair.run(Duration::from_secs(20));
    // RFC 9293 §3.8.6.1: the first after an RTO, then at intervals that double.
    let times: Vec<u64> = pair
        .seen
        .iter()
        .filter(|seen| seen.cause == Cause::ZeroWindowProbe)
        .map(|seen| seen.at.as_millis())
        .collect();
    let gaps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect();
    assert_eq!(gaps, [2, 4, 8]);
    assert_eq!(pair.recv(1, server).unwrap(), pattern(2 * MSS));
    let opened = pair.now;
    pair.millis(100);
    let first = pair.seen.iter().find(|seen| seen.from == 0 && seen.at > opened).unwrap();
    assert_eq!((first.at.since(opened), first.length), (Duration::from_millis(10), 1));
    assert_eq!(pair.ends[0].info(client).unwrap().metrics.rto, Duration::from_secs(1));
}
