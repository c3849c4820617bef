//! Conversations from the first SYN to the last ACK.

use super::harness::{Fate, Pair, pattern, socket};
use crate::time::Duration;
use crate::trace::{Cause, Ending, State};
use crate::transport::SocketError;
use crate::transport::tcp::Knobs;
use crate::transport::tcp::segment::Flags;

#[test]
fn three_way_handshake_data_both_ways_and_close() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.send(0, client, b"hello").unwrap();
    pair.millis(20);
    assert_eq!(pair.recv(1, server).unwrap(), b"hello");
    pair.send(1, server, b"HELLO").unwrap();
    pair.close(1, server);
    pair.millis(20);
    assert_eq!(pair.recv(0, client).unwrap(), b"HELLO");
    assert_eq!(pair.recv(0, client).unwrap(), b"");
    assert_eq!((pair.state(0, client), pair.state(1, server)), (State::CloseWait, State::FinWait2));
    pair.close(0, client);
    pair.millis(30);
    let causes: Vec<_> = pair.seen.iter().map(|seen| (seen.from, seen.cause)).collect();
    assert_eq!(
        causes,
        [
            (0, Cause::Syn),
            (1, Cause::SynAck),
            (0, Cause::HandshakeAck),
            (0, Cause::NewData),
            (1, Cause::NewData),
            (0, Cause::ImmediateAck),
            (0, Cause::Fin),
            (1, Cause::ImmediateAck),
        ]
    );
    let to: Vec<State> = pair.states[1].0.iter().map(|(_, to)| *to).collect();
    assert_eq!(to, [State::Established, State::FinWait1, State::FinWait2, State::TimeWait]);
    // RFC 9293 §3.4.2: TIME-WAIT lasts 2 MSL.
    pair.run(Duration::from_secs(239));
    let mut alive = 0;
    pair.ends[1].for_each(|_, _| alive += 1);
    assert_eq!(alive, 1);
    pair.run(Duration::from_secs(2));
    pair.ends[1].for_each(|id, _| panic!("{id} is still there"));
}

#[test]
fn simultaneous_open_and_simultaneous_close() {
    let mut pair = Pair::rfc();
    let a = pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 80), socket(1, 80))).unwrap();
    let b = pair.with(1, |tcp, ctx| tcp.connect(ctx, socket(1, 80), socket(0, 80))).unwrap();
    pair.millis(50);
    assert_eq!((pair.state(0, a), pair.state(1, b)), (State::Established, State::Established));
    assert_eq!(pair.states[0].0[0], (State::SynSent, State::SynReceived));
    // Nothing was lost: the first window is whole, and not scaled by what the SYN-ACK's header says.
    let info = pair.ends[0].info(a).unwrap();
    assert_eq!((info.metrics.cwnd, info.metrics.rto), (14_480, Duration::from_secs(1)));
    assert!(info.snd_wnd <= 0x4_0000, "{}", info.snd_wnd);
    pair.send(0, a, b"x").unwrap();
    pair.millis(300);
    assert_eq!(pair.recv(1, b).unwrap(), b"x");
    pair.shutdown(0, a);
    pair.shutdown(1, b);
    pair.millis(50);
    assert_eq!((pair.state(0, a), pair.state(1, b)), (State::TimeWait, State::TimeWait));
    assert!(pair.states[0].0.contains(&(State::FinWait1, State::Closing)));
}

#[test]
fn bulk_is_acknowledged_every_second_segment() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let data = pattern(1_000_000);
    let got = pair.transfer((0, client), (1, server), &data, Duration::from_secs(30));
    assert_eq!(got, data);
    let segments = pair.seen.iter().filter(|seen| seen.from == 0 && seen.length > 0).count();
    let acks = pair.count(1, Cause::SecondSegmentAck);
    assert!((segments / 2).abs_diff(acks) < 20, "{acks} acknowledgements of {segments} segments");
    assert_eq!(pair.ends[0].info(client).unwrap().counters.retransmitted_segments, 0);
}

#[test]
fn a_lost_segment_is_sent_again_after_three_duplicates_without_a_timeout() {
    for sack in [true, false] {
        let mut pair = Pair::new(Knobs { sack, ..Knobs::rfc() }, Knobs::rfc());
        let (client, server) = pair.connect();
        let mut count = 0;
        pair.judge = Box::new(move |seen| {
            count += usize::from(seen.from == 0 && seen.length > 0);
            if seen.from == 0 && count == 30 && seen.length > 0 {
                count += 1;
                Fate::Lose
            } else {
                Fate::Deliver
            }
        });
        let data = pattern(200_000);
        let got = pair.transfer((0, client), (1, server), &data, Duration::from_secs(30));
        assert_eq!(got, data);
        let info = pair.ends[0].info(client).unwrap();
        assert_eq!((info.counters.rto_expiries, info.counters.fast_recoveries), (0, 1), "sack {sack}");
        assert_eq!(info.counters.retransmitted_segments, 1);
        assert_eq!(pair.count(0, Cause::RetransmitFast), 1);
    }
}

#[test]
fn many_holes_are_filled_in_one_recovery_with_sack() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let mut count = 0;
    pair.judge = Box::new(move |seen| {
        let data = seen.from == 0 && seen.length > 0;
        count += usize::from(data);
        if data && (40..60).contains(&count) && count % 2 == 0 { Fate::Lose } else { Fate::Deliver }
    });
    let data = pattern(400_000);
    assert_eq!(pair.transfer((0, client), (1, server), &data, Duration::from_secs(30)), data);
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!(
        (counters.rto_expiries, counters.fast_recoveries, counters.retransmitted_segments),
        (0, 1, 10)
    );
}

#[test]
fn a_lost_last_segment_waits_for_the_timer() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let mut lost = false;
    pair.judge = Box::new(move |seen| {
        if seen.length > 0 && !lost {
            lost = true;
            Fate::Lose
        } else {
            Fate::Deliver
        }
    });
    pair.send(0, client, b"tail").unwrap();
    pair.millis(900);
    assert_eq!(pair.recv(1, server), Err(SocketError::WouldBlock));
    pair.millis(200);
    assert_eq!(pair.recv(1, server).unwrap(), b"tail");
    assert_eq!(pair.count(0, Cause::RetransmitRto), 1);
}

#[test]
fn nothing_listens_and_the_syn_is_refused() {
    let mut pair = Pair::rfc();
    let client = pair.open(1000);
    pair.millis(50);
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::ConnectionRefused));
    assert_eq!(pair.causes(1), [Cause::Reset]);
}

#[test]
fn a_silent_peer_is_given_up_after_r2() {
    let mut pair = Pair::rfc();
    let (client, _server) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"anyone?").unwrap();
    pair.run(Duration::from_secs(100));
    assert_eq!(pair.state(0, client), State::Established);
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.recv(0, client), Err(SocketError::TimedOut));
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.state, info.ending), (State::Closed, Ending::TimedOut));
    // RFC 6298 §5.5: the gaps double up to the bound.
    let times: Vec<u64> =
        pair.seen.iter().filter(|seen| seen.length > 0).map(|seen| seen.at.as_millis()).collect();
    let gaps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000).collect();
    assert_eq!(gaps, [1, 2, 4, 8, 16, 32]);
}

#[test]
fn a_syn_without_answer_is_given_up_after_three_minutes() {
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|_| Fate::Lose);
    let client = pair.open(1000);
    pair.run(Duration::from_secs(179));
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
    pair.run(Duration::from_secs(70));
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::TimedOut));
}

#[test]
fn a_closed_window_is_probed_and_opens_again() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { receive_buffer: 4000, ..Knobs::rfc() });
    let (client, server) = pair.connect();
    let data = pattern(20_000);
    let mut sent = pair.send(0, client, &data).unwrap();
    pair.run(Duration::from_secs(60));
    assert!(pair.count(0, Cause::ZeroWindowProbe) >= 4, "{:?}", pair.causes(0));
    assert_eq!(pair.state(0, client), State::Established);
    let mut got = Vec::new();
    for _ in 0..200 {
        got.extend(pair.recv(1, server).unwrap_or_default());
        sent += pair.send(0, client, &data[sent..]).unwrap_or(0);
        pair.millis(500);
    }
    assert_eq!(got, data);
    assert!(pair.count(1, Cause::WindowUpdate) > 0);
    // The answers to probes are no sign of loss.
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.counters.rto_expiries, info.counters.fast_recoveries), (0, 0));
    assert!(info.metrics.cwnd >= 14_480, "{}", info.metrics.cwnd);
}

/// RFC 9293 §3.10.7.4: with its window closed a peer takes a reset at the next octet only, which the probe was.
#[test]
fn a_reset_after_a_window_probe_reaches_its_peer() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { receive_buffer: 4000, ..Knobs::rfc() });
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(20_000)).unwrap();
    pair.run(Duration::from_secs(10));
    assert!(pair.count(0, Cause::ZeroWindowProbe) > 0);
    pair.with(0, |tcp, ctx| tcp.abort(ctx, client));
    pair.millis(100);
    assert_eq!(pair.state(1, server), State::Closed);
}

#[test]
fn a_lost_window_update_is_made_up_for_by_probes() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { receive_buffer: 4000, ..Knobs::rfc() });
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(10_000)).unwrap();
    pair.run(Duration::from_secs(10));
    pair.judge = Box::new(|seen| if seen.cause == Cause::WindowUpdate { Fate::Lose } else { Fate::Deliver });
    let mut got = Vec::new();
    for _ in 0..600 {
        got.extend(pair.recv(1, server).unwrap_or_default());
        pair.millis(500);
    }
    assert_eq!(got, pattern(10_000));
}

#[test]
fn a_reader_that_closes_with_data_unread_resets() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.send(0, client, b"unread").unwrap();
    pair.millis(20);
    pair.close(1, server);
    pair.millis(20);
    assert_eq!(pair.causes(1).last(), Some(&Cause::Abort));
    assert_eq!(pair.send(0, client, b"more"), Err(SocketError::ConnectionReset));
    assert_eq!(pair.send(0, client, b"more"), Err(SocketError::BrokenPipe));
    assert_eq!(pair.recv(0, client).unwrap(), b"");
}

#[test]
fn nagle_holds_small_segments_back_and_nodelay_does_not() {
    for nodelay in [false, true] {
        let mut pair = Pair::new(Knobs { nodelay, ..Knobs::rfc() }, Knobs::rfc());
        let (client, _) = pair.connect();
        let before = pair.seen.len();
        for _ in 0..5 {
            pair.send(0, client, b"x").unwrap();
            pair.flush();
        }
        assert_eq!(pair.seen.len() - before, if nodelay { 5 } else { 1 });
        pair.millis(500);
        let lengths: Vec<usize> =
            pair.seen.iter().filter(|seen| seen.length > 0).map(|seen| seen.length).collect();
        assert_eq!(lengths, if nodelay { vec![1; 5] } else { vec![1, 4] });
    }
}

#[test]
fn forged_resets_and_syns_are_challenged_and_change_nothing() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.send(1, server, b"x").unwrap();
    pair.millis(300);
    let mut forged = pair.forged(0, Flags::RST);
    forged.seq = forged.seq.wrapping_add(10);
    pair.inject(0, forged, b"");
    pair.flush();
    assert_eq!(pair.last(0).cause, Cause::ChallengeAck);
    pair.run(Duration::from_secs(1));
    pair.inject(0, pair.forged(0, Flags::SYN), b"");
    pair.flush();
    assert_eq!(pair.last(0).cause, Cause::ChallengeAck);
    assert_eq!(pair.state(0, client), State::Established);
    pair.inject(0, pair.forged(0, Flags::RST), b"");
    assert_eq!(pair.state(0, client), State::Closed);
}

#[test]
fn the_backlog_bounds_what_waits() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(2);
    let clients: Vec<_> = (0..4)
        .map(|index| {
            let key = pair.open(1000 + index);
            pair.millis(100);
            key
        })
        .collect();
    let open = |pair: &mut Pair| clients.iter().filter(|key| pair.ends[0].connected(**key).is_ok()).count();
    assert_eq!(open(&mut pair), 2);
    for _ in 0..4 {
        while pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).is_ok() {}
        pair.run(Duration::from_secs(10));
    }
    assert_eq!(open(&mut pair), 4);
}

#[test]
fn keep_alives_find_a_peer_that_is_gone() {
    let knobs = Knobs { keep_alive: true, ..Knobs::rfc() };
    let mut pair = Pair::new(knobs, Knobs::rfc());
    let (client, _) = pair.connect();
    pair.run(Duration::from_secs(7300));
    assert_eq!(pair.count(0, Cause::KeepAlive), 1);
    assert_eq!(pair.state(0, client), State::Established);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.run(Duration::from_secs(7200 + 75 * 10));
    assert_eq!(pair.count(0, Cause::KeepAlive), 10);
    assert_eq!(pair.recv(0, client), Err(SocketError::TimedOut));
}

#[test]
fn a_new_syn_in_time_wait_opens_a_new_connection() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.close(1, server);
    pair.millis(50);
    pair.close(0, client);
    pair.millis(50);
    let again = pair.open(1000);
    pair.millis(100);
    assert_eq!(pair.ends[0].connected(again), Ok(()));
}

#[test]
fn an_idle_connection_holds_no_storage_and_works_on() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    for _ in 0..3 {
        pair.send(0, client, &pattern(5000)).unwrap();
        pair.millis(500);
        assert_eq!(pair.recv(1, server).unwrap(), pattern(5000));
        pair.run(Duration::from_secs(5));
    }
}
