//! What single segments do: each of RFC 9293 §3.10.7's checks, by a segment made for it.

use super::harness::{Fate, Pair, pattern, socket};
use crate::time::Duration;
use crate::trace::{Cause, DropReason, Ending, State, Trigger};
use crate::transport::tcp::Knobs;
use crate::transport::tcp::options::{Options, Timestamps};
use crate::transport::tcp::segment::{Flags, Segment};
use crate::transport::{Key, SocketError, Trouble, Verdict};

fn dropped(reason: DropReason) -> Verdict {
    Verdict::Dropped(reason)
}

/// A connection whose ends have each sent one octet and had it acknowledged.
fn warm() -> (Pair, Key, Key) {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.send(0, client, b"c").unwrap();
    pair.millis(500);
    pair.send(1, server, b"s").unwrap();
    pair.millis(500);
    pair.recv(0, client).unwrap();
    pair.recv(1, server).unwrap();
    (pair, client, server)
}

/// What the client would send the server next.
fn next(pair: &Pair) -> Segment {
    pair.forged(1, Flags::ACK)
}

#[test]
fn text_before_the_window_is_acknowledged_and_dropped() {
    let (mut pair, _, server) = warm();
    let old = Segment { seq: next(&pair).seq.wrapping_sub(1), ..next(&pair) };
    assert_eq!(pair.inject(1, old, b"c"), dropped(DropReason::TcpOutOfWindow));
    pair.flush();
    assert_eq!((pair.last(1).cause, pair.last(1).segment.ack), (Cause::DuplicateAck, next(&pair).seq));
    assert_eq!(pair.ends[1].info(server).unwrap().counters.duplicate_segments, 1);
}

#[test]
fn text_that_begins_before_the_window_is_taken_from_where_it_is_new() {
    let (mut pair, _, server) = warm();
    let overlapping = Segment { seq: next(&pair).seq.wrapping_sub(1), ..next(&pair) };
    assert_eq!(pair.inject(1, overlapping, b"cnew"), Verdict::Accepted);
    assert_eq!(pair.recv(1, server).unwrap(), b"new");
}

#[test]
fn text_beyond_the_window_is_cut_off_and_wholly_beyond_is_dropped() {
    let mut pair =
        Pair::new(Knobs::rfc(), Knobs { receive_buffer: 2000, window_scaling: false, ..Knobs::rfc() });
    let (_, server) = pair.connect();
    let beyond = Segment { seq: next(&pair).seq.wrapping_add(2000), ..next(&pair) };
    assert_eq!(pair.inject(1, beyond, b"x"), dropped(DropReason::TcpOutOfWindow));
    assert_eq!(pair.inject(1, next(&pair), &pattern(3000)), Verdict::Accepted);
    assert_eq!(pair.recv(1, server).unwrap(), pattern(2000));
}

#[test]
fn a_fin_beyond_the_window_does_not_count() {
    let mut pair =
        Pair::new(Knobs::rfc(), Knobs { receive_buffer: 2000, window_scaling: false, ..Knobs::rfc() });
    let (_, server) = pair.connect();
    let fin = Segment { flags: Flags::ACK | Flags::FIN, ..next(&pair) };
    assert_eq!(pair.inject(1, fin, &pattern(3000)), Verdict::Accepted);
    assert_eq!(pair.state(1, server), State::Established);
}

#[test]
fn a_segment_without_ack_is_dropped() {
    let (mut pair, _, server) = warm();
    let bare = Segment { flags: Flags::PSH, ..next(&pair) };
    assert_eq!(pair.inject(1, bare, b"x"), dropped(DropReason::TcpNoAck));
    assert_eq!(pair.recv(1, server), Err(SocketError::WouldBlock));
}

#[test]
fn an_ack_of_what_was_never_sent_is_challenged_and_its_text_is_dropped() {
    let (mut pair, _, server) = warm();
    let early = Segment { ack: next(&pair).ack.wrapping_add(1), ..next(&pair) };
    assert_eq!(pair.inject(1, early, b"x"), dropped(DropReason::TcpBadAck));
    pair.flush();
    assert_eq!(pair.last(1).cause, Cause::ChallengeAck);
    // RFC 5961 §5.2: older than the largest window is no better.
    pair.run(Duration::from_secs(1));
    let late = Segment { ack: next(&pair).ack.wrapping_sub(0x1000_0000), ..next(&pair) };
    assert_eq!(pair.inject(1, late, b"x"), dropped(DropReason::TcpBadAck));
    let slightly_old = Segment { ack: next(&pair).ack.wrapping_sub(1), ..next(&pair) };
    assert_eq!(pair.inject(1, slightly_old, b"x"), Verdict::Accepted);
    assert_eq!(pair.recv(1, server).unwrap(), b"x");
}

#[test]
fn challenges_are_limited_in_rate() {
    let (mut pair, _, server) = warm();
    for _ in 0..10 {
        let forged = Segment { seq: next(&pair).seq.wrapping_add(9), flags: Flags::RST, ..next(&pair) };
        assert_eq!(pair.inject(1, forged, b""), dropped(DropReason::TcpBadReset));
        pair.flush();
    }
    assert_eq!(pair.ends[1].info(server).unwrap().counters.challenge_acks, 1);
    pair.millis(500);
    let forged = Segment { seq: next(&pair).seq.wrapping_add(9), flags: Flags::RST, ..next(&pair) };
    pair.inject(1, forged, b"");
    assert_eq!(pair.ends[1].info(server).unwrap().counters.challenge_acks, 2);
}

#[test]
fn a_reset_outside_the_window_does_nothing() {
    let (mut pair, _, server) = warm();
    let before = pair.seen.len();
    let old = Segment { seq: next(&pair).seq.wrapping_sub(5), flags: Flags::RST, ..next(&pair) };
    assert_eq!(pair.inject(1, old, b""), dropped(DropReason::TcpOutOfWindow));
    pair.flush();
    assert_eq!((pair.seen.len(), pair.state(1, server)), (before, State::Established));
}

#[test]
fn an_old_timestamp_is_dropped_and_acknowledged() {
    let (mut pair, _, server) = warm();
    let mut old = next(&pair);
    let times = old.options.timestamps.expect("timestamps were agreed on");
    old.options.timestamps = Some(Timestamps { value: times.value.wrapping_sub(10_000), ..times });
    assert_eq!(pair.inject(1, old, b"x"), dropped(DropReason::TcpPaws));
    pair.flush();
    assert_eq!(pair.last(1).cause, Cause::DuplicateAck);
    // RFC 7323 §5.5: after 24 days the remembered timestamp says nothing any more.
    pair.run(Duration::from_secs(24 * 24 * 3600 + 1));
    assert_eq!(pair.inject(1, old, b"x"), Verdict::Accepted);
    assert_eq!(pair.recv(1, server).unwrap(), b"x");
}

#[test]
fn missing_timestamps_count_as_the_knob_says() {
    for require_timestamps in [true, false] {
        let mut pair = Pair::new(Knobs::rfc(), Knobs { require_timestamps, ..Knobs::rfc() });
        pair.connect();
        let bare = Segment { options: Options::default(), ..next(&pair) };
        let expected = if require_timestamps { dropped(DropReason::TcpPaws) } else { Verdict::Accepted };
        assert_eq!(pair.inject(1, bare, b"x"), expected);
    }
}

#[test]
fn a_segment_ahead_does_not_move_the_remembered_timestamp() {
    let (mut pair, _, _) = warm();
    let mut ahead = Segment { seq: next(&pair).seq.wrapping_add(100), ..next(&pair) };
    let times = ahead.options.timestamps.unwrap();
    ahead.options.timestamps = Some(Timestamps { value: times.value.wrapping_add(1000), ..times });
    assert_eq!(pair.inject(1, ahead, b"x"), Verdict::Accepted);
    pair.flush();
    assert_eq!(pair.last(1).segment.options.timestamps.unwrap().echo, times.value);
    let mut here = next(&pair);
    here.options.timestamps = Some(Timestamps { value: times.value.wrapping_add(500), ..times });
    assert_eq!(pair.inject(1, here, b"y"), Verdict::Accepted);
    pair.millis(300);
    assert_eq!(pair.last(1).segment.options.timestamps.unwrap().echo, times.value.wrapping_add(500));
}

#[test]
fn what_comes_ahead_is_reported_by_sack_and_delivered_when_the_gap_fills() {
    let (mut pair, _, server) = warm();
    let base = next(&pair);
    for (at, text) in [(2_u32, b"cd"), (6, b"gh")] {
        pair.inject(1, Segment { seq: base.seq.wrapping_add(at), ..base }, text);
        pair.flush();
    }
    let last = pair.last(1);
    assert_eq!(last.cause, Cause::DuplicateAck);
    let block = |from: u32, to: u32| (base.seq.wrapping_add(from), base.seq.wrapping_add(to));
    assert_eq!(last.segment.options.sack.as_slice(), [block(6, 8), block(2, 4)]);
    pair.inject(1, base, b"ab");
    pair.flush();
    assert_eq!(
        (pair.last(1).cause, pair.last(1).segment.ack),
        (Cause::ImmediateAck, base.seq.wrapping_add(4))
    );
    pair.inject(1, Segment { seq: base.seq.wrapping_add(4), ..base }, b"ef");
    assert_eq!(pair.recv(1, server).unwrap(), b"abcdefgh");
}

#[test]
fn text_behind_the_fin_is_dropped() {
    let (mut pair, _, server) = warm();
    let fin = Segment { flags: Flags::ACK | Flags::FIN, ..next(&pair) };
    pair.inject(1, fin, b"");
    assert_eq!(pair.state(1, server), State::CloseWait);
    let behind = Segment { seq: fin.seq.wrapping_add(1), ..fin };
    let behind = Segment { flags: Flags::ACK, ..behind };
    assert_eq!(pair.inject(1, behind, b"x"), dropped(DropReason::TcpUnexpected));
    assert_eq!(pair.recv(1, server).unwrap(), b"");
}

#[test]
fn data_for_a_closed_socket_is_answered_with_a_reset() {
    let (mut pair, client, server) = warm();
    pair.close(1, server);
    pair.millis(30);
    assert_eq!(pair.inject(1, next(&pair), b"x"), dropped(DropReason::TcpClosed));
    pair.flush();
    assert_eq!(pair.last(1).cause, Cause::Abort);
    pair.millis(30);
    assert_eq!(pair.state(0, client), State::Closed);
}

#[test]
fn an_answer_to_another_syn_is_reset_and_the_handshake_goes_on() {
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|_| Fate::Lose);
    let client = pair.open(1000);
    pair.flush();
    let syn = pair.last(0).segment;
    let answer = Segment {
        source_port: 80,
        destination_port: 1000,
        seq: 5,
        ack: syn.seq.wrapping_add(2),
        flags: Flags::SYN | Flags::ACK,
        window: 1000,
        ..Segment::default()
    };
    assert_eq!(pair.inject(0, answer, b""), dropped(DropReason::TcpBadAck));
    pair.flush();
    assert_eq!((pair.last(0).cause, pair.last(0).segment.seq), (Cause::Reset, answer.ack));
    // A reset without an acceptable ACK, and a bare ACK, do nothing either.
    let reset = Segment { flags: Flags::RST, ..answer };
    assert_eq!(pair.inject(0, reset, b""), dropped(DropReason::TcpBadReset));
    let bare = Segment { flags: Flags::ACK, ack: syn.seq.wrapping_add(1), ..answer };
    assert_eq!(pair.inject(0, bare, b""), dropped(DropReason::TcpUnexpected));
    assert_eq!(pair.inject(0, Segment { flags: answer.flags, ..bare }, b""), Verdict::Accepted);
    assert_eq!(pair.ends[0].connected(client), Ok(()));
}

#[test]
fn a_peer_without_options_gets_none() {
    let bare = Knobs { timestamps: false, window_scaling: false, sack: false, ..Knobs::rfc() };
    for (client, server) in [(Knobs::rfc(), bare.clone()), (bare, Knobs::rfc())] {
        let mut pair = Pair::new(client, server);
        let (client, _) = pair.connect();
        pair.send(0, client, &pattern(4000)).unwrap();
        pair.millis(500);
        let data = pair.seen.iter().find(|seen| seen.length > 0).unwrap();
        assert_eq!((data.segment.options, data.length), (Options::default(), 1460));
        assert!(pair.seen.iter().skip(1).all(|seen| seen.segment.options.timestamps.is_none()));
    }
}

#[test]
fn the_offered_mss_is_the_mtu_less_forty_and_bounds_what_comes() {
    let mut pair = Pair::rfc();
    pair.mtu = [1500, 576];
    let (client, _) = pair.connect();
    pair.send(0, client, &pattern(3000)).unwrap();
    pair.millis(500);
    assert_eq!(pair.seen[0].segment.options.mss, Some(1460));
    assert_eq!(pair.seen[1].segment.options.mss, Some(536));
    // Timestamps take twelve octets of it.
    assert_eq!(pair.seen.iter().map(|seen| seen.length).max(), Some(524));
}

#[test]
fn a_lost_syn_costs_a_second_and_the_first_window() {
    let mut pair = Pair::rfc();
    let mut lost = false;
    pair.judge = Box::new(move |seen| {
        let first = !lost && seen.from == 0;
        lost |= first;
        if first { Fate::Lose } else { Fate::Deliver }
    });
    let listener = pair.listen(1);
    let client = pair.open(1000);
    pair.millis(990);
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
    pair.millis(50);
    assert_eq!(pair.ends[0].connected(client), Ok(()));
    assert_eq!(pair.count(0, Cause::RetransmitSyn), 1);
    // RFC 6298 §5.7 and RFC 5681 §3.1.
    let metrics = pair.ends[0].info(client).unwrap().metrics;
    assert_eq!((metrics.rto.as_millis(), metrics.cwnd), (3000, 1448));
    assert!(pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)).is_ok());
}

#[test]
fn a_lost_syn_ack_is_sent_again_when_the_syn_comes_again() {
    let mut pair = Pair::rfc();
    let mut lost = false;
    pair.judge = Box::new(move |seen| {
        let first = !lost && seen.cause == Cause::SynAck;
        lost |= first;
        if first { Fate::Lose } else { Fate::Deliver }
    });
    pair.connect_slowly();
    assert!(pair.count(1, Cause::SynAck) + pair.count(1, Cause::RetransmitSynAck) >= 2);
}

#[test]
fn icmp_ends_a_handshake_and_not_a_connection() {
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|_| Fate::Lose);
    let client = pair.open(1000);
    pair.flush();
    let seq = pair.last(0).segment.seq;
    let trouble = |pair: &mut Pair, seq: u32, trouble| {
        pair.with(0, |tcp, ctx| {
            tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, trouble, Trigger::Call)
        })
    };
    assert!(!trouble(&mut pair, seq.wrapping_add(1), Trouble::HostUnreachable), "not in flight");
    for soft in [Trouble::TimeExceeded, Trouble::ReassemblyTimeExceeded, Trouble::ParameterProblem] {
        assert!(trouble(&mut pair, seq, soft));
    }
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
    assert!(trouble(&mut pair, seq, Trouble::HostUnreachable));
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
    assert!(trouble(&mut pair, seq, Trouble::ProtocolUnreachable));
    assert_eq!(pair.ends[0].connected(client), Err(SocketError::ConnectionRefused));

    let (mut pair, client, _) = warm();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"x").unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    assert!(trouble(&mut pair, seq, Trouble::PortUnreachable));
    assert_eq!(pair.state(0, client), State::Established);
}

#[test]
fn what_may_pass_is_the_reason_when_nothing_has_passed() {
    // RFC 1122 §4.2.3.9, RFC 9293 §3.9.2.2, RFC 5461 §3
    for (knobs, at_once) in [(Knobs::rfc(), false), (Knobs::linux(), true)] {
        let mut pair = Pair::new(knobs, Knobs::rfc());
        pair.judge = Box::new(|_| Fate::Lose);
        let client = pair.open(1000);
        pair.flush();
        let seq = pair.last(0).segment.seq;
        pair.with(0, |tcp, ctx| {
            assert!(tcp.on_trouble(
                ctx,
                socket(0, 1000),
                socket(1, 80),
                seq,
                Trouble::NetworkUnreachable,
                Trigger::Call
            ));
        });
        if !at_once {
            assert_eq!(pair.ends[0].connected(client), Err(SocketError::WouldBlock));
            pair.run(Duration::from_secs(300));
        }
        assert_eq!(pair.ends[0].connected(client), Err(SocketError::NetworkUnreachable));
    }
}

#[test]
fn what_has_passed_is_no_reason_any_more() {
    let (mut pair, client, _) = warm();
    pair.send(0, client, b"x").unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    pair.with(0, |tcp, ctx| {
        assert!(tcp.on_trouble(
            ctx,
            socket(0, 1000),
            socket(1, 80),
            seq,
            Trouble::HostUnreachable,
            Trigger::Call
        ));
    });
    pair.millis(500);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"y").unwrap();
    pair.run(Duration::from_secs(300));
    assert_eq!(pair.recv(0, client), Err(SocketError::TimedOut));
}

#[test]
fn a_smaller_mtu_cuts_segments_and_sends_them_again() {
    let (mut pair, client, server) = warm();
    pair.judge = Box::new(|seen| if seen.length > 960 { Fate::Lose } else { Fate::Deliver });
    pair.send(0, client, &pattern(3000)).unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    let believed = pair.with(0, |tcp, ctx| {
        tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, Trouble::PacketTooBig(1000), Trigger::Call)
    });
    assert!(believed);
    pair.millis(300);
    assert_eq!(pair.recv(1, server).unwrap(), pattern(3000));
    assert!(pair.count(0, Cause::RetransmitPmtu) >= 1);
    assert_eq!(pair.ends[0].info(client).unwrap().counters.rto_expiries, 0);
    // A larger one than is known changes nothing.
    pair.send(0, client, b"x").unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    pair.with(0, |tcp, ctx| {
        tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, Trouble::PacketTooBig(1400), Trigger::Call)
    });
    assert_eq!(pair.ends[0].info(client).unwrap().mss, 948);
}

#[test]
fn small_reads_do_not_open_the_window_by_little() {
    let knobs = Knobs { receive_buffer: 8000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(20_000)).unwrap();
    pair.run(Duration::from_secs(2));
    let edge = |pair: &Pair| pair.last(1).segment.ack.wrapping_add(u32::from(pair.last(1).segment.window));
    let before = edge(&pair);
    let mut buffer = [0; 100];
    for read in 1..=20 {
        pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut buffer)).unwrap();
        pair.flush();
        let moved = edge(&pair).wrapping_sub(before);
        assert!(moved == 0 || moved >= 1448, "after {read} reads the edge moved by {moved}");
    }
    assert!(edge(&pair) != before);
}

#[test]
fn unacknowledged_data_is_acknowledged_after_the_delay_and_not_before() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { delayed_ack: Duration::from_millis(150), ..Knobs::rfc() });
    let (client, _) = pair.connect();
    let sent_at = pair.now;
    pair.send(0, client, b"x").unwrap();
    pair.millis(400);
    assert_eq!(pair.last(1).cause, Cause::DelayedAck);
    assert_eq!(pair.last(1).at.since(sent_at), Duration::from_millis(10 + 150));
}

#[test]
fn an_aborted_connection_resets_its_peer_and_is_gone() {
    let (mut pair, client, server) = warm();
    pair.with(0, |tcp, ctx| tcp.abort(ctx, client));
    pair.millis(20);
    assert_eq!(pair.last(0).cause, Cause::Abort);
    let info = pair.ends[1].info(server).unwrap();
    assert_eq!((info.state, info.ending), (State::Closed, Ending::Reset));
    assert_eq!(pair.recv(0, client), Err(SocketError::BadDescriptor));
}

#[test]
fn a_closed_listener_resets_what_waits_in_it() {
    let mut pair = Pair::rfc();
    let listener = pair.listen(4);
    let client = pair.open(1000);
    pair.millis(100);
    pair.with(1, |tcp, ctx| tcp.close_listener(ctx, listener));
    pair.millis(20);
    assert_eq!(pair.recv(0, client), Err(SocketError::ConnectionReset));
    let again = pair.open(1001);
    pair.millis(100);
    assert_eq!(pair.ends[0].connected(again), Err(SocketError::ConnectionRefused));
}

#[test]
fn what_comes_behind_a_fin_that_fills_the_window_is_taken() {
    let mut pair =
        Pair::new(Knobs::rfc(), Knobs { receive_buffer: 2000, window_scaling: false, ..Knobs::rfc() });
    let (_, server) = pair.connect();
    let fin = Segment { flags: Flags::ACK | Flags::FIN, ..next(&pair) };
    assert_eq!(pair.inject(1, fin, &pattern(2000)), Verdict::Accepted);
    assert_eq!(pair.state(1, server), State::CloseWait);
    pair.flush();
    let reset = Segment { seq: pair.last(1).segment.ack, flags: Flags::RST, ..fin };
    pair.inject(1, reset, b"");
    assert_eq!(pair.state(1, server), State::Closed);
}

#[test]
fn an_mtu_smaller_by_one_octet_cuts_every_segment() {
    let (mut pair, client, server) = warm();
    pair.judge = Box::new(|seen| if seen.length > 1447 { Fate::Lose } else { Fate::Deliver });
    pair.send(0, client, &pattern(4000)).unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    let trouble = Trouble::PacketTooBig(1499);
    assert!(pair.with(0, |tcp, ctx| tcp.on_trouble(
        ctx,
        socket(0, 1000),
        socket(1, 80),
        seq,
        trouble,
        Trigger::Call
    )));
    pair.millis(500);
    assert_eq!(pair.recv(1, server).unwrap(), pattern(4000));
}

#[test]
fn a_syn_ack_does_not_end_time_wait_and_a_fin_again_prolongs_it() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.close(1, server);
    pair.millis(50);
    pair.close(0, client);
    pair.millis(50);
    let alive = |pair: &Pair| {
        let mut alive = 0;
        pair.ends[1].for_each(|_, info| alive += usize::from(info.state == State::TimeWait));
        alive
    };
    // The client is gone and would reset what it is challenged with.
    pair.judge = Box::new(|_| Fate::Lose);
    let last = next(&pair);
    let syn_ack = Segment { seq: last.seq.wrapping_add(1000), flags: Flags::SYN | Flags::ACK, ..last };
    pair.inject(1, syn_ack, b"");
    assert_eq!(alive(&pair), 1);
    pair.run(Duration::from_secs(200));
    let fin = Segment { seq: last.seq.wrapping_sub(5), flags: Flags::ACK | Flags::FIN, ..last };
    pair.inject(1, fin, b"late");
    pair.run(Duration::from_secs(200));
    assert_eq!(alive(&pair), 1);
}

#[test]
fn reading_a_closed_connection_arms_no_timer() {
    let (mut pair, client, server) = warm();
    pair.send(0, client, b"last words").unwrap();
    pair.shutdown(0, client);
    pair.millis(50);
    pair.shutdown(1, server);
    pair.millis(50);
    assert_eq!(pair.state(1, server), State::Closed);
    assert_eq!(pair.recv(1, server).unwrap(), b"last words");
    pair.close(1, server);
    assert_eq!(pair.ends[1].next_timeout(), None);
}

#[test]
fn writing_nothing_stores_nothing() {
    let (mut pair, client, _) = warm();
    for _ in 0..3 {
        let mut nothing = bytes::Bytes::new();
        assert_eq!(pair.with(0, |tcp, ctx| tcp.send_bytes(ctx, client, &mut nothing)), Ok(0));
    }
    let mut octets = bytes::Bytes::from_static(b"x");
    assert_eq!(pair.with(0, |tcp, ctx| tcp.send_bytes(ctx, client, &mut octets)), Ok(1));
}
