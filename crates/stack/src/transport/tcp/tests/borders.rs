//! What lies at the border of a rule: segments that are just inside it, and just outside.

use super::harness::{Fate, Pair, Seen, pattern, socket};
use crate::trace::{Cause, DropReason, Ending, State, Trigger};
use crate::transport::tcp::segment::{Flags, Segment};
use crate::transport::tcp::{Knobs, segment_count};
use crate::transport::{Key, SocketError, Trouble, Verdict};

const MSS: usize = 1448;

/// A listener that has sent its SYN-ACK, which is lost, as is all that follows.
fn half_open() -> (Pair, Key, Segment) {
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|seen| if seen.cause == Cause::Syn { Fate::Deliver } else { Fate::Lose });
    let listener = pair.listen(4);
    pair.open(1000);
    pair.millis(15);
    let syn = pair.last(0).segment;
    (pair, listener, syn)
}

fn alive(pair: &Pair, state: State) -> usize {
    let mut alive = 0;
    pair.ends[1].for_each(|_, info| alive += usize::from(info.state == state));
    alive
}

fn data(seen: &&Seen) -> bool {
    seen.from == 0 && seen.length > 0
}

#[test]
fn a_syn_that_comes_again_is_answered_at_once_and_not_only_by_the_timer() {
    let (mut pair, _, syn) = half_open();
    assert_eq!(pair.inject(1, syn, b""), Verdict::Dropped(DropReason::TcpSynInWindow));
    pair.flush();
    assert_eq!((pair.last(1).cause, pair.last(1).at), (Cause::SynAck, pair.now));
    assert_eq!(pair.count(1, Cause::SynAck), 2);
    pair.millis(1010);
    assert_eq!(pair.last(1).cause, Cause::RetransmitSynAck);
}

#[test]
fn an_ack_of_anything_but_the_syn_ack_is_reset_and_the_handshake_goes_on() {
    // RFC 9293 §3.10.7.4, fifth, SYN-RECEIVED.
    let (mut pair, _, syn) = half_open();
    let answer = pair.last(1).segment;
    for off in [0, 2] {
        let ack = answer.seq.wrapping_add(off);
        let bad = Segment { seq: answer.ack, ack, flags: Flags::ACK, ..syn };
        assert_eq!(pair.inject(1, bad, b""), Verdict::Dropped(DropReason::TcpBadAck));
        pair.flush();
        assert_eq!((pair.last(1).cause, pair.last(1).segment.seq), (Cause::Reset, ack));
    }
    assert_eq!(alive(&pair, State::SynReceived), 1);
}

#[test]
fn another_syn_in_the_window_ends_a_handshake_and_no_connection() {
    let (mut pair, _, syn) = half_open();
    let other = Segment { seq: syn.seq.wrapping_add(100), ..syn };
    assert_eq!(pair.inject(1, other, b""), Verdict::Dropped(DropReason::TcpSynInWindow));
    pair.ends[1].for_each(|id, _| panic!("{id} is still there"));

    let mut pair = Pair::rfc();
    pair.listen(4);
    pair.open(1000);
    pair.millis(100);
    pair.inject(1, pair.forged(1, Flags::SYN), b"");
    pair.flush();
    assert_eq!((pair.last(1).cause, alive(&pair, State::Established)), (Cause::ChallengeAck, 1));
}

#[test]
fn a_reset_in_a_handshake_frees_its_place() {
    let (mut pair, listener, syn) = half_open();
    let reset = Segment { seq: syn.seq.wrapping_add(1), flags: Flags::RST, ..syn };
    assert_eq!(pair.inject(1, reset, b""), Verdict::Dropped(DropReason::TcpClosed));
    pair.ends[1].for_each(|id, _| panic!("{id} is still there"));
    assert_eq!(pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)), Err(SocketError::WouldBlock));
}

#[test]
fn a_reset_in_a_simultaneous_open_refuses_it() {
    let mut pair = Pair::rfc();
    let a = pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 80), socket(1, 80))).unwrap();
    pair.with(1, |tcp, ctx| tcp.connect(ctx, socket(1, 80), socket(0, 80))).unwrap();
    pair.millis(15);
    assert_eq!(pair.state(0, a), State::SynReceived);
    let syn = pair.last(1).segment;
    pair.inject(0, Segment { seq: syn.seq.wrapping_add(1), flags: Flags::RST, ..syn }, b"");
    assert_eq!(pair.ends[0].connected(a), Err(SocketError::ConnectionRefused));
}

#[test]
fn a_simultaneous_open_takes_one_round_trip() {
    // RFC 9293 §3.5, figure 7.
    let mut pair = Pair::rfc();
    let a = pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 80), socket(1, 80))).unwrap();
    let b = pair.with(1, |tcp, ctx| tcp.connect(ctx, socket(1, 80), socket(0, 80))).unwrap();
    pair.millis(20);
    assert_eq!((pair.state(0, a), pair.state(1, b)), (State::Established, State::Established));
}

#[test]
fn so_many_handshakes_are_under_way_and_no_more() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { max_syn_backlog: 2, ..Knobs::rfc() });
    pair.judge = Box::new(|seen| if seen.cause == Cause::Syn { Fate::Deliver } else { Fate::Lose });
    pair.listen(8);
    (0..3).for_each(|index| {
        pair.open(1000 + index);
    });
    pair.millis(15);
    assert_eq!((alive(&pair, State::SynReceived), pair.count(1, Cause::SynAck)), (2, 2));
}

#[test]
fn a_handshake_waits_for_a_place_and_a_reset_does_not() {
    let mut pair = Pair::rfc();
    pair.listen(1);
    for port in [1000, 1001] {
        pair.open(port);
    }
    pair.millis(100);
    assert_eq!((alive(&pair, State::Established), alive(&pair, State::SynReceived)), (1, 1));
    let last = pair.last(0).segment;
    let ack = Segment { flags: Flags::ACK, ..last };
    assert_eq!(pair.inject(1, ack, b""), Verdict::Dropped(DropReason::TcpListenQueueFull));
    let reset = Segment { flags: Flags::ACK | Flags::RST, ..last };
    assert_eq!(pair.inject(1, reset, b""), Verdict::Dropped(DropReason::TcpClosed));
    assert_eq!((alive(&pair, State::Established), alive(&pair, State::SynReceived)), (1, 0));
}

#[test]
fn time_wait_gives_way_to_what_is_newer_by_sequence_or_by_time() {
    // RFC 9293 §3.6.1, RFC 6191 §2.
    for (timestamps, seq, time, opens) in [
        (false, 1000_i32, 0_i32, true),
        (false, 1, 0, true),
        (false, 0, 0, false),
        (false, -1000, 0, false),
        (true, -1000, 1000, true),
        (true, 1000, -1000, true),
        (true, -1000, 0, false),
    ] {
        let mut pair = Pair::new(Knobs { timestamps, ..Knobs::rfc() }, Knobs::rfc());
        let (client, server) = pair.connect();
        pair.close(1, server);
        pair.millis(50);
        pair.close(0, client);
        pair.millis(50);
        assert_eq!(alive(&pair, State::TimeWait), 1);
        pair.judge = Box::new(|_| Fate::Lose);
        let mut syn = pair.forged(1, Flags::SYN);
        syn.seq = syn.seq.wrapping_add_signed(seq);
        if let Some(times) = &mut syn.options.timestamps {
            let recent = pair.ends[1].connections.iter().map(|it| it.ts_recent).max().unwrap();
            times.value = recent.wrapping_add_signed(time);
        }
        pair.inject(1, syn, b"");
        pair.flush();
        let found = (alive(&pair, State::SynReceived), alive(&pair, State::TimeWait));
        assert_eq!(found, if opens { (1, 0) } else { (0, 1) }, "{timestamps} {seq} {time}");
    }
}

#[test]
fn what_is_not_acceptable_acknowledges_nothing() {
    // RFC 9293 §3.10.7.4, first. Only into a closed window are valid ACKs taken with what does not fit.
    let knobs = || Knobs { receive_buffer: 1000, window_scaling: false, ..Knobs::rfc() };
    for (full, off, taken) in
        [(false, -1, false), (false, 1000, false), (true, -1, false), (true, 0, true), (true, 1, false)]
    {
        let mut pair = Pair::new(Knobs::rfc(), knobs());
        let (client, server) = pair.connect();
        if full {
            pair.send(0, client, &pattern(1000)).unwrap();
        }
        pair.millis(300);
        pair.judge = Box::new(|_| Fate::Lose);
        pair.send(1, server, b"data").unwrap();
        pair.flush();
        let like = pair.forged(1, Flags::ACK);
        let (seq, ack) = (like.seq.wrapping_add_signed(off), like.ack.wrapping_add(4));
        let answer = Segment { seq, ack, ..like };
        assert_eq!(pair.inject(1, answer, b"x"), Verdict::Dropped(DropReason::TcpOutOfWindow));
        let in_flight = pair.ends[1].info(server).unwrap().metrics.bytes_in_flight;
        assert_eq!(in_flight, if taken { 0 } else { 4 }, "{full} {off}");
    }
}

#[test]
fn every_keep_alive_is_answered() {
    // RFC 9293 §3.8.4; the limit on challenges (RFC 5961 §7) is not for it.
    let mut pair = Pair::rfc();
    pair.connect();
    for answers in 1..=3 {
        let like = pair.forged(1, Flags::ACK);
        pair.inject(1, Segment { seq: like.seq.wrapping_sub(1), ..like }, b"");
        pair.flush();
        assert_eq!(pair.count(1, Cause::DuplicateAck), answers);
    }
    let like = pair.forged(1, Flags::ACK);
    for _ in 0..3 {
        pair.inject(1, Segment { seq: like.seq.wrapping_sub(2), ..like }, b"");
        pair.flush();
    }
    assert_eq!(pair.count(1, Cause::ChallengeAck), 1);
}

#[test]
fn an_older_segment_does_not_tell_the_window() {
    // RFC 9293 §3.10.7.4: SND.WL1 and SND.WL2.
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let like = pair.forged(1, Flags::ACK);
    let snd_wnd = |pair: &Pair| pair.ends[1].connections.get(server).unwrap().snd_wnd;
    pair.inject(1, Segment { seq: like.seq.wrapping_add(10), window: 5000, ..like }, b"ahead");
    let ahead = snd_wnd(&pair);
    pair.inject(1, Segment { window: 1000, ..like }, b"behind");
    assert_eq!(snd_wnd(&pair), ahead);
    pair.inject(1, Segment { seq: like.seq.wrapping_add(15), window: 1000, ..like }, b"newer");
    assert_eq!(snd_wnd(&pair), ahead / 5);
}

#[test]
fn text_and_fin_in_one_segment_are_both_taken() {
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let fin = pair.forged(1, Flags::ACK | Flags::FIN);
    assert_eq!(pair.inject(1, fin, b"last"), Verdict::Accepted);
    assert_eq!(pair.state(1, server), State::CloseWait);
    pair.flush();
    assert_eq!(pair.last(1).segment.ack, fin.seq.wrapping_add(5));
    assert_eq!(pair.recv(1, server).unwrap(), b"last");
    let counters = pair.ends[1].info(server).unwrap().counters;
    // The ACK of the handshake, and this one.
    assert_eq!((counters.received_segments, counters.received_bytes), (2, 4));
}

#[test]
fn a_gap_is_counted_and_shown_in_what_carries_data_too() {
    // RFC 2018 §3: three blocks beside timestamps; §4: in each segment that acknowledges.
    for sack in [true, false] {
        let mut pair = Pair::new(Knobs { sack, ..Knobs::rfc() }, Knobs::rfc());
        let (_, server) = pair.connect();
        let like = pair.forged(1, Flags::ACK);
        for index in 1..=4 {
            pair.inject(1, Segment { seq: like.seq.wrapping_add(index * 10), ..like }, b"ahead");
            pair.flush();
        }
        assert_eq!(pair.last(1).segment.options.sack.as_slice().len(), if sack { 3 } else { 0 });
        assert_eq!(pair.ends[1].info(server).unwrap().counters.out_of_order_segments, 4);
        pair.send(1, server, &pattern(5000)).unwrap();
        pair.flush();
        let last = *pair.seen.iter().find(|seen| seen.from == 1 && seen.length > 0).unwrap();
        let blocks = last.segment.options.sack;
        assert_eq!((blocks.as_slice().len(), last.length), if sack { (3, MSS - 28) } else { (0, MSS) });
    }
}

#[test]
fn what_was_written_ends_with_a_push_and_a_fin_alone_pushes_nothing() {
    // RFC 9293 §3.9.1.2.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.send(0, client, &pattern(2 * MSS + 100)).unwrap();
    pair.millis(500);
    pair.send(0, client, &pattern(2 * MSS)).unwrap();
    pair.millis(500);
    pair.shutdown(0, client);
    pair.flush();
    let fin = pair.last(0).segment.flags;
    assert!(fin.has(Flags::FIN) && !fin.has(Flags::PSH));
    let pushes: Vec<bool> =
        pair.seen.iter().filter(data).map(|seen| seen.segment.flags.has(Flags::PSH)).collect();
    assert_eq!(pushes, [false, false, true, false, true]);
}

#[test]
fn an_acknowledgement_goes_with_the_data_there_is() {
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let like = pair.forged(1, Flags::ACK);
    pair.inject(1, like, &pattern(MSS));
    pair.inject(1, Segment { seq: like.seq.wrapping_add(MSS as u32), ..like }, &pattern(MSS));
    pair.send(1, server, b"answer").unwrap();
    let before = pair.seen.len();
    pair.flush();
    let [seen] = pair.seen[before..] else { panic!("one segment") };
    assert_eq!((seen.length, seen.segment.ack), (6, like.seq.wrapping_add(2 * MSS as u32)));
}

#[test]
fn a_smaller_mtu_cuts_the_last_segment_too_and_it_goes_first() {
    // RFC 1191 §6.5.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.judge = Box::new(|seen| if seen.length > MSS - 1 { Fate::Lose } else { Fate::Deliver });
    pair.send(0, client, &pattern(2 * MSS)).unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    pair.with(0, |tcp, ctx| {
        tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, Trouble::PacketTooBig(1499), Trigger::Call)
    });
    pair.send(0, client, &pattern(4 * MSS)).unwrap();
    let before = pair.seen.len();
    pair.flush();
    assert_eq!((pair.seen[before].cause, pair.seen[before].length), (Cause::RetransmitPmtu, MSS - 1));
    pair.millis(500);
    let all = [pattern(2 * MSS), pattern(4 * MSS)].concat();
    assert_eq!(pair.recv(1, server).unwrap(), all);
    assert_eq!(pair.ends[0].info(client).unwrap().counters.rto_expiries, 0);
}

#[test]
fn a_segment_as_large_as_the_path_takes_is_not_lost_to_it() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, &pattern(948)).unwrap();
    pair.flush();
    let seq = pair.last(0).segment.seq;
    pair.with(0, |tcp, ctx| {
        tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, Trouble::PacketTooBig(1000), Trigger::Call)
    });
    pair.flush();
    assert_eq!(pair.count(0, Cause::RetransmitPmtu), 0);
    assert_eq!(pair.ends[0].info(client).unwrap().mss, 948);
}

#[test]
fn a_fin_is_not_acknowledged_before_it_is_sent() {
    let knobs = Knobs { receive_buffer: 2000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(6000)).unwrap();
    pair.shutdown(0, client);
    pair.millis(300);
    assert_eq!(pair.state(0, client), State::FinWait1);
    let mut got = Vec::new();
    for _ in 0..100 {
        got.extend(pair.recv(1, server).unwrap_or_default());
        pair.millis(300);
    }
    assert_eq!((got, pair.state(0, client)), (pattern(6000), State::FinWait2));
}

#[test]
fn unread_octets_do_not_cut_time_wait_short() {
    // RFC 9293 §3.10.4: in TIME-WAIT a CLOSE changes nothing.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.shutdown(0, client);
    pair.millis(50);
    pair.send(1, server, b"unread").unwrap();
    pair.close(1, server);
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::TimeWait);
    pair.close(0, client);
    let mut endings = Vec::new();
    pair.ends[0].for_each(|_, info| endings.push((info.state, info.ending)));
    assert_eq!(endings, [(State::TimeWait, Ending::Clean)]);
}

#[test]
fn a_super_frame_stands_for_as_many_segments_as_it_has_begun() {
    assert_eq!(segment_count(3 * MSS, Some(MSS as u16)), 3);
    assert_eq!(segment_count(3 * MSS + 1, Some(MSS as u16)), 4);
    assert_eq!(
        (segment_count(0, Some(MSS as u16)), segment_count(100, Some(0)), segment_count(100, None)),
        (1, 1, 1)
    );
}

#[test]
fn small_reads_are_not_told_one_by_one() {
    // RFC 9293 §3.8.6.2.2.
    let knobs = Knobs { receive_buffer: 8000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(20_000)).unwrap();
    pair.millis(2000);
    pair.judge = Box::new(|_| Fate::Lose);
    let mut buffer = [0; 100];
    let mut updates = Vec::new();
    for read in 1..=45 {
        pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut buffer)).unwrap();
        let before = pair.count(1, Cause::WindowUpdate);
        pair.flush();
        updates.extend((pair.count(1, Cause::WindowUpdate) > before).then_some(read));
    }
    // As soon as a full segment fits; then by half the buffer.
    let fits = updates[0] * 100;
    assert!(updates.len() <= 2 && (1300..=1500).contains(&fits), "{updates:?}");
}
