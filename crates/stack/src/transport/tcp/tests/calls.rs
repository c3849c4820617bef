//! The calls, and what else a host asks of its TCP.

use super::harness::{Fate, Pair, Shown, pattern, socket};
use crate::time::Duration;
use crate::trace::{Ending, State};
use crate::transport::tcp::{Knobs, Ready};
use crate::transport::{Readiness, SocketError, Trouble};

#[test]
fn ttl_and_type_of_service_are_a_connections_own_once_set() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let ready = Ready::Connection(client);
    assert_eq!(pair.ends[0].header(client), Ok((None, 0)));
    assert_eq!(pair.ends[0].header_of(ready), ((None, 0), false));
    pair.ends[0].set_header(client, |ttl, tos| (ttl.or(Some(9)), tos + 4)).unwrap();
    assert_eq!(pair.ends[0].header(client), Ok((Some(9), 4)));
    assert_eq!(pair.ends[0].header_of(ready), ((Some(9), 4), true));
    assert_eq!(pair.ends[0].header_of(Ready::Reply), ((None, 0), true));
    pair.ends[0].set_header(client, |_, _| (None, 0)).unwrap();
    assert_eq!(pair.ends[0].header(client), Ok((None, 0)));
}

#[test]
fn readiness_is_what_a_call_would_find() {
    let mut pair = Pair::new(Knobs { send_buffer: 3000, ..Knobs::rfc() }, Knobs::rfc());
    let listener = pair.listen(4);
    let client = pair.open(1000);
    let ready = |pair: &Pair| pair.ends[0].readiness(client).unwrap();
    assert_eq!(ready(&pair), Readiness::NONE);
    assert_eq!(pair.send(0, client, b"early"), Err(SocketError::WouldBlock));
    pair.millis(100);
    assert_eq!(ready(&pair), Readiness::WRITE);
    let (server, _) = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap();
    pair.send(1, server, b"x").unwrap();
    pair.millis(50);
    assert_eq!(ready(&pair), Readiness::BOTH);
    assert_eq!(pair.recv(0, client).unwrap(), b"x");
    assert_eq!(ready(&pair), Readiness::WRITE);
    pair.judge = Box::new(|seen| if seen.from == 0 { Fate::Lose } else { Fate::Deliver });
    assert_eq!(pair.send(0, client, &pattern(2999)), Ok(2999));
    assert_eq!(ready(&pair), Readiness::WRITE);
    assert_eq!(pair.send(0, client, b"xx"), Ok(1));
    assert_eq!(ready(&pair), Readiness::NONE);
    // The end of the stream can be read.
    pair.shutdown(1, server);
    pair.millis(50);
    assert_eq!(ready(&pair), Readiness::READ);
    // So can an end by failure, and a call that writes does not wait for it either.
    pair.run(Duration::from_secs(300));
    assert_eq!((pair.state(0, client), ready(&pair)), (State::Closed, Readiness::BOTH));
}

#[test]
fn slices_are_read_as_large_as_they_are_and_no_larger_than_asked_for() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(1000)).unwrap();
    pair.millis(50);
    let read = |pair: &mut Pair, most: usize| {
        let octets = pair.with(1, |tcp, ctx| tcp.recv_bytes(ctx, server, most));
        octets.map(|octets| octets.to_vec())
    };
    assert_eq!(read(&mut pair, 0).unwrap(), b"");
    assert_eq!(read(&mut pair, 300).unwrap(), pattern(1000)[..300]);
    assert_eq!(read(&mut pair, 700).unwrap(), pattern(1000)[300..]);
    assert_eq!(read(&mut pair, 700), Err(SocketError::WouldBlock));
    pair.send(0, client, &pattern(100)).unwrap();
    pair.millis(50);
    assert_eq!(read(&mut pair, 700).unwrap(), pattern(100));
    assert_eq!(pair.ends[1].info(server).unwrap().counters.delivered_bytes, 1100);
}

#[test]
fn sockets_are_listed_with_their_queues_and_the_closed_are_not() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    let client = pair.open(1000);
    pair.open(1001);
    pair.millis(100);
    let (server, _) = pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).unwrap();
    pair.send(0, client, b"read me").unwrap();
    pair.millis(50);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(1, server, b"four").unwrap();
    let list = |pair: &Pair, end: usize| {
        let mut list = Vec::new();
        pair.ends[end]
            .for_each_socket(|it| list.push((it.local, it.remote, it.receive_queue, it.send_queue)));
        list
    };
    assert_eq!(
        list(&pair, 1),
        [
            (socket(1, 80), None, 1, 4),
            (socket(1, 80), Some(socket(0, 1000)), 7, 4),
            (socket(1, 80), Some(socket(0, 1001)), 0, 0),
        ]
    );
    assert_eq!(list(&pair, 0).len(), 2);
    // A reset leaves the client's socket open, to read the error from, and the connection is none any more.
    pair.judge = Box::new(|_| Fate::Deliver);
    pair.with(1, |tcp, ctx| tcp.abort(ctx, server));
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::Closed);
    assert_eq!(list(&pair, 0), [(socket(0, 1001), Some(socket(1, 80)), 0, 0)]);
}

#[test]
fn who_opened_a_connection_is_shown() {
    let mut pair = Pair::rfc();
    pair.connect();
    let opened = |end: usize| {
        let opened = |shown: &&Shown| matches!(shown, Shown::Opened { .. });
        pair.states[end].1.iter().filter(opened).copied().collect::<Vec<_>>()
    };
    assert_eq!(opened(0), [Shown::Opened { active: true }]);
    assert_eq!(opened(1), [Shown::Opened { active: false }]);
}

#[test]
fn connections_take_turns() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    let clients = [pair.open(1000), pair.open(1001)];
    pair.millis(200);
    while pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).is_ok() {}
    for client in clients {
        pair.send(0, client, &pattern(4 * 1448)).unwrap();
    }
    let before = pair.seen.len();
    pair.flush();
    let ports: Vec<u16> = pair.seen[before..].iter().map(|seen| seen.segment.source_port).collect();
    assert_eq!(ports, [1000, 1001, 1000, 1001, 1000, 1001, 1000, 1001]);
}

#[test]
fn an_address_that_goes_takes_its_connections_and_listeners_along_and_no_others() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let elsewhere: core::net::IpAddr = [10, 9, 9, 9].into();
    let other = pair.with(0, |tcp, ctx| tcp.listen(ctx, (elsewhere, 81).into(), 1)).unwrap();
    let own = pair.with(0, |tcp, ctx| tcp.listen(ctx, socket(0, 81), 1)).unwrap();
    pair.with(0, |tcp, ctx| tcp.on_address_gone(ctx, elsewhere));
    assert_eq!(pair.state(0, client), State::Established);
    let accept = |pair: &mut Pair, key| pair.with(0, |tcp, ctx| tcp.accept(ctx, key)).unwrap_err();
    assert_eq!(accept(&mut pair, other), SocketError::AddressNotAvailable);
    assert_eq!(accept(&mut pair, own), SocketError::WouldBlock);
    let before = pair.seen.len();
    pair.send(0, client, b"never").unwrap();
    pair.with(0, |tcp, ctx| tcp.on_address_gone(ctx, socket(0, 0).ip()));
    pair.flush();
    assert_eq!(pair.seen.len(), before, "nothing can be sent from it");
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.state, info.ending), (State::Closed, Ending::Aborted));
    assert_eq!(pair.recv(0, client), Err(SocketError::ConnectionAborted));
    assert_eq!(accept(&mut pair, own), SocketError::AddressNotAvailable);
    // Again: what is closed stays as it is.
    pair.with(0, |tcp, ctx| tcp.on_address_gone(ctx, socket(0, 0).ip()));
    assert_eq!(pair.ends[0].info(client).unwrap().ending, Ending::Aborted);
}

#[test]
fn what_may_have_been_sent_lately_is_in_flight_or_next() {
    // RFC 5927 §4.1.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"four").unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    let sent =
        |off: i32| pair.ends[0].may_have_sent(socket(0, 1000), socket(1, 80), seq.wrapping_add_signed(off));
    assert_eq!([-1, 0, 3, 4, 5].map(sent), [false, true, true, true, false]);
    assert!(!pair.ends[0].may_have_sent(socket(0, 1001), socket(1, 80), seq));
}

#[test]
fn a_way_that_fails_is_tried_again_by_timer() {
    // RFC 9293 §3.9.2.2.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    // Timers that were set for the handshake have been looked at by then.
    pair.run(Duration::from_secs(5));
    let fail = |pair: &mut Pair| {
        pair.with(0, |tcp, ctx| tcp.on_unreachable(ctx, Ready::Connection(client), Trouble::HostUnreachable));
    };
    pair.send(0, client, b"x").unwrap();
    fail(&mut pair);
    let before = pair.seen.len();
    pair.flush();
    assert_eq!(pair.seen.len(), before);
    let failed_at = pair.now;
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.recv(1, server).unwrap(), b"x");
    assert_eq!(pair.seen[before].at.since(failed_at), Duration::from_secs(1));
    // With something in flight its own timer does.
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"y").unwrap();
    pair.flush();
    fail(&mut pair);
    assert_eq!(
        pair.ends[0].connections.get(client).unwrap().deadlines.persist,
        crate::time::Instant::FAR_FUTURE
    );
}

#[test]
fn what_waits_for_a_neighbour_leaves_the_others_ready() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    let clients = [pair.open(1000), pair.open(1001), pair.open(1002)];
    pair.millis(200);
    while pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).is_ok() {}
    for parked in 0..3 {
        for client in clients {
            pair.send(0, client, b"x").unwrap();
        }
        pair.ends[0].park(Ready::Connection(clients[parked]));
        let before = pair.seen.len();
        pair.flush();
        let ports =
            |pair: &Pair| pair.seen[before..].iter().map(|it| it.segment.source_port).collect::<Vec<_>>();
        let mut expected = vec![1000, 1001, 1002];
        let last = expected.remove(parked);
        assert_eq!(ports(&pair), expected);
        pair.ends[0].unpark(clients[parked]);
        pair.flush();
        expected.push(last);
        assert_eq!(ports(&pair), expected);
        pair.millis(500);
    }
}

#[test]
fn the_presets_are_what_those_systems_do() {
    let millis = |knobs: &Knobs| {
        [knobs.delayed_ack, knobs.min_rto, knobs.max_rto, knobs.r2, knobs.syn_r2, knobs.msl]
            .map(Duration::as_millis)
    };
    let (rfc, linux, freebsd) = (Knobs::rfc(), Knobs::linux(), Knobs::freebsd());
    assert_eq!(millis(&rfc), [200, 1000, 60_000, 100_000, 180_000, 120_000]);
    assert_eq!(millis(&linux), [40, 200, 120_000, 924_600, 127_000, 30_000]);
    assert_eq!(millis(&freebsd), [40, 30, 64_000, 100_000, 75_000, 30_000]);
    let minute = Some(Duration::from_secs(60));
    assert_eq!([&rfc, &linux, &freebsd].map(|knobs| knobs.fin_wait2_timeout), [None, minute, minute]);
    let switches =
        |knobs: &Knobs| (knobs.require_timestamps, knobs.soft_errors_end_handshakes, knobs.keep_alive);
    assert_eq!(
        [&rfc, &linux, &freebsd].map(switches),
        [(true, false, false), (false, true, false), (false, false, true)]
    );
    let bounds = |knobs: &Knobs| {
        (knobs.send_buffer, knobs.receive_buffer, knobs.max_syn_backlog, knobs.keep_alive_count)
    };
    assert_eq!(
        [&rfc, &linux, &freebsd].map(bounds),
        [(262_144, 262_144, 128, 9), (262_144, 262_144, 4096, 9), (32_768, 65_536, 128, 8)]
    );
}
