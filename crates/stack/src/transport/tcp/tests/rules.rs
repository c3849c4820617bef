//! Rules that a conversation seldom meets: what is done at once, what waits, and what is not done at all.

use super::harness::{Fate, Pair, Shown, pattern, socket};
use crate::time::Duration;
use crate::trace::{Cause, DropReason, Ending, State};
use crate::transport::tcp::Knobs;
use crate::transport::tcp::options::{Options, Timestamps};
use crate::transport::tcp::segment::{Flags, Segment};
use crate::transport::{Readiness, SocketError, SocketId, Verdict};

const MSS: usize = 1448;

#[test]
fn new_data_acknowledged_starts_the_timer_anew() {
    // RFC 6298 §5.3.
    let mut pair = Pair::new(Knobs { nodelay: true, ..Knobs::rfc() }, Knobs::rfc());
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    let sent_at = pair.now;
    for octet in [b"a", b"b"] {
        pair.send(0, client, octet).unwrap();
        pair.flush();
    }
    pair.millis(500);
    let like = pair.forged(0, Flags::ACK);
    pair.inject(0, Segment { ack: like.ack.wrapping_add(1), ..like }, b"");
    pair.millis(1100);
    let last = pair.last(0);
    assert_eq!((last.cause, last.at.since(sent_at)), (Cause::RetransmitRto, Duration::from_millis(1500)));
}

#[test]
fn a_segment_sent_again_fast_has_an_rto_of_its_own() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    // The first acknowledgement tells a window that is scaled, and none that does so is a duplicate (RFC 5681 §2).
    pair.send(0, client, b"x").unwrap();
    pair.millis(300);
    let sent_at = pair.now;
    let mut count = 0;
    pair.judge = Box::new(move |seen| {
        count += usize::from(seen.from == 0);
        if [1, 5].contains(&count) { Fate::Lose } else { Fate::Deliver }
    });
    pair.send(0, client, &pattern(4 * MSS)).unwrap();
    pair.run(Duration::from_secs(2));
    let at = |cause: Cause| pair.seen.iter().find(|seen| seen.cause == cause).unwrap().at.since(sent_at);
    assert_eq!(at(Cause::RetransmitFast), Duration::from_millis(20));
    assert_eq!(at(Cause::RetransmitRto), Duration::from_millis(1020));
    assert_eq!(pair.ends[0].info(client).unwrap().counters.duplicate_acks_received, 3);
}

#[test]
fn with_sack_each_hole_is_sent_again_once_and_named_so() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let mut count = 0;
    pair.judge = Box::new(move |seen| {
        count += usize::from(seen.from == 0 && seen.length > 0);
        if seen.from == 0 && [2, 4].contains(&count) { Fate::Lose } else { Fate::Deliver }
    });
    pair.send(0, client, &pattern(10 * MSS)).unwrap();
    pair.millis(500);
    assert!(pair.recv(1, server).unwrap() == pattern(10 * MSS));
    assert_eq!((pair.count(0, Cause::RetransmitFast), pair.count(0, Cause::RetransmitSack)), (1, 1));
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!((counters.sent_segments, counters.sent_bytes), (14, 12 * MSS as u64));
}

#[test]
fn a_gap_that_is_filled_is_acknowledged_at_once() {
    // RFC 5681 §4.2.
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let like = pair.forged(1, Flags::ACK);
    let at = |off: u32| Segment { seq: like.seq.wrapping_add(off), ..like };
    for (off, cause) in [
        (10, Cause::DuplicateAck),
        (10, Cause::DuplicateAck),
        (20, Cause::DuplicateAck),
        (0, Cause::ImmediateAck),
    ] {
        let before = pair.seen.len();
        pair.inject(1, at(off), b"0123456789");
        pair.flush();
        assert_eq!(pair.seen[before..].iter().map(|seen| seen.cause).collect::<Vec<_>>(), [cause], "{off}");
    }
    let counters = pair.ends[1].info(server).unwrap().counters;
    assert_eq!((counters.out_of_order_segments, counters.duplicate_segments), (2, 1));
    // In order, below a gap that stays.
    pair.inject(1, at(50), b"0123456789");
    pair.flush();
    pair.inject(1, at(30), b"01234");
    pair.flush();
    assert_eq!((pair.last(1).cause, pair.last(1).segment.ack), (Cause::ImmediateAck, at(35).seq));
}

#[test]
fn less_than_two_full_segments_wait() {
    // RFC 9293 §3.8.6.3.
    let mut pair = Pair::rfc();
    pair.connect();
    let like = pair.forged(1, Flags::ACK);
    let before = pair.seen.len();
    pair.inject(1, like, &pattern(MSS));
    pair.inject(1, Segment { seq: like.seq.wrapping_add(MSS as u32), ..like }, &pattern(MSS - 1));
    pair.flush();
    assert_eq!(pair.seen.len(), before);
    pair.inject(1, Segment { seq: like.seq.wrapping_add(2 * MSS as u32 - 1), ..like }, b"x");
    pair.flush();
    assert_eq!((pair.seen.len(), pair.last(1).cause), (before + 1, Cause::SecondSegmentAck));
}

#[test]
fn the_window_offered_is_scaled_where_both_ends_agreed_to_it() {
    // RFC 7323 §2.3.
    let plain = || Knobs { window_scaling: false, ..Knobs::rfc() };
    for (client, server, window) in [
        (Knobs::rfc(), Knobs::rfc(), 0x8000),
        (Knobs::rfc(), plain(), 0xffff),
        (plain(), Knobs::rfc(), 0xffff),
    ] {
        let mut pair = Pair::new(client, server);
        let (client, server) = pair.connect();
        pair.send(0, client, b"x").unwrap();
        pair.millis(300);
        pair.send(1, server, b"x").unwrap();
        pair.millis(300);
        pair.recv(0, client).unwrap();
        pair.recv(1, server).unwrap();
        for end in 0..2 {
            let info = |end: usize, key| pair.ends[end].info(key).unwrap();
            let (own, other) = if end == 0 {
                (info(0, client), info(1, server))
            } else {
                (info(1, server), info(0, client))
            };
            assert!(window - pair.last(end).segment.window <= 1, "{}", pair.last(end).segment.window);
            assert!(own.rcv_wnd.abs_diff(other.snd_wnd) <= 16, "{} {}", own.rcv_wnd, other.snd_wnd);
        }
    }
}

#[test]
fn a_little_room_moves_no_edge_even_in_an_acknowledgement_that_is_sent_anyhow() {
    // RFC 9293 §3.8.6.2.2.
    let knobs = Knobs { receive_buffer: 8000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(3 * MSS)).unwrap();
    pair.millis(500);
    let edge = |pair: &Pair| pair.last(1).segment.ack.wrapping_add(u32::from(pair.last(1).segment.window));
    let before = edge(&pair);
    let mut buffer = [0; 1000];
    for moved in [0, 2000] {
        pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut buffer)).unwrap();
        let like = pair.forged(1, Flags::ACK);
        pair.inject(1, Segment { seq: like.seq.wrapping_sub(1), ..like }, b"");
        pair.flush();
        assert_eq!(edge(&pair).wrapping_sub(before), moved);
    }
}

#[test]
fn blocks_leave_half_of_a_small_segment_to_the_data() {
    let mut pair = Pair::rfc();
    pair.mtu = [100; 2];
    let (_, server) = pair.connect();
    let like = pair.forged(1, Flags::ACK);
    for index in 1..=4 {
        pair.inject(1, Segment { seq: like.seq.wrapping_add(index * 10), ..like }, b"ahead");
        pair.flush();
    }
    pair.send(1, server, &pattern(100)).unwrap();
    pair.flush();
    let seen = pair.seen.iter().find(|seen| seen.from == 1 && seen.length > 0).unwrap();
    assert_eq!((seen.segment.options.sack.as_slice().len(), seen.length), (2, 48 - 20));
}

#[test]
fn a_fin_waits_for_a_window_that_the_data_has_filled() {
    let knobs = Knobs { receive_buffer: 2 * MSS as u32, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(2 * MSS)).unwrap();
    pair.shutdown(0, client);
    pair.millis(100);
    assert!(pair.seen.iter().all(|seen| !seen.segment.flags.has(Flags::FIN)));
    // Everything is acknowledged, and the FIN is not sent.
    assert_eq!(pair.state(0, client), State::FinWait1);
    assert!(pair.recv(1, server).unwrap() == pattern(2 * MSS));
    pair.millis(100);
    assert_eq!((pair.state(0, client), pair.state(1, server)), (State::FinWait2, State::CloseWait));
}

#[test]
fn a_fin_takes_the_last_small_segment_along_at_once() {
    // RFC 9293 §3.7.4: nothing will come that it could wait for.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    for _ in 0..2 {
        pair.send(0, client, b"x").unwrap();
        pair.flush();
    }
    assert_eq!(pair.count(0, Cause::NewData), 1);
    pair.shutdown(0, client);
    pair.flush();
    let last = pair.last(0);
    assert!(last.length == 1 && last.segment.flags.has(Flags::FIN) && last.segment.flags.has(Flags::PSH));
}

#[test]
fn a_single_octet_behind_a_closed_window_is_probed_until_it_opens() {
    let knobs = Knobs { receive_buffer: 2 * MSS as u32, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, _) = pair.connect();
    pair.send(0, client, &pattern(2 * MSS + 1)).unwrap();
    pair.run(Duration::from_secs(40));
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!(
        (counters.zero_window_probes as usize, counters.rto_expiries),
        (pair.count(0, Cause::ZeroWindowProbe), 0)
    );
    assert!(counters.zero_window_probes >= 5, "{}", counters.zero_window_probes);
}

#[test]
fn keep_alives_do_not_mix_with_what_is_in_flight() {
    let knobs = Knobs { keep_alive: true, keep_alive_idle: Duration::from_secs(10), ..Knobs::rfc() };
    let mut pair = Pair::new(knobs, Knobs::rfc());
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"x").unwrap();
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.count(0, Cause::KeepAlive), 0);
}

#[test]
fn a_closed_socket_waits_for_the_fin_so_long_and_no_longer() {
    let minute = Some(Duration::from_secs(60));
    // Closed before and after the peer has acknowledged the FIN.
    for early in [true, false] {
        let mut pair = Pair::new(Knobs { fin_wait2_timeout: minute, ..Knobs::rfc() }, Knobs::rfc());
        let (client, _) = pair.connect();
        if !early {
            pair.shutdown(0, client);
            pair.millis(100);
        }
        pair.close(0, client);
        pair.run(Duration::from_secs(59));
        let mut infos = Vec::new();
        pair.ends[0].for_each(|_, info| infos.push(info.state));
        assert_eq!(infos, [State::FinWait2]);
        pair.run(Duration::from_secs(2));
        pair.ends[0].for_each(|id, _| panic!("{id} is still there"));
    }
}

#[test]
fn resets_after_the_last_word_are_no_errors() {
    // RFC 9293 §3.10.7.4, second.
    for first in [0, 1] {
        let mut pair = Pair::rfc();
        let keys: [_; 2] = pair.connect().into();
        pair.shutdown(first, keys[first]);
        pair.millis(50);
        pair.judge = Box::new(move |seen| if seen.from == 0 { Fate::Deliver } else { Fate::Lose });
        if first == 0 {
            // The client is in TIME-WAIT once the server's FIN has come.
            pair.judge = Box::new(|_| Fate::Deliver);
        }
        pair.shutdown(1 - first, keys[1 - first]);
        pair.flush();
        if first == 0 {
            pair.millis(50);
        }
        let state = if first == 0 { State::TimeWait } else { State::LastAck };
        assert_eq!(pair.state(0, keys[0]), state);
        let reset = pair.forged(0, Flags::RST);
        let next = pair.last(0).segment.ack;
        assert_eq!(
            pair.inject(0, Segment { seq: next, ..reset }, b""),
            Verdict::Dropped(DropReason::TcpClosed)
        );
        let ending = if first == 0 { Ending::Clean } else { Ending::Reset };
        assert_eq!(pair.ends[0].info(keys[0]).unwrap().ending, ending);
        assert_eq!(pair.recv(0, keys[0]), Ok(Vec::new()));
    }
}

#[test]
fn what_acknowledges_too_long_ago_is_challenged() {
    // RFC 5961 §5.2: SND.UNA - MAX.SND.WND is the border.
    let knobs = Knobs { receive_buffer: 1000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    let data = pattern(5000);
    assert_eq!(pair.transfer((0, client), (1, server), &data, Duration::from_secs(60)), data);
    pair.run(Duration::from_secs(1));
    let like = pair.forged(0, Flags::ACK);
    let most = pair.ends[0].connections.get(client).unwrap().max_snd_wnd;
    let ack = |off: u32| Segment { ack: like.ack.wrapping_sub(off), ..like };
    assert_eq!(pair.inject(0, ack(most), b""), Verdict::Accepted);
    assert_eq!(pair.inject(0, ack(most + 1), b""), Verdict::Dropped(DropReason::TcpBadAck));
}

#[test]
fn a_timestamp_that_is_older_counts_after_a_month_of_silence() {
    // RFC 7323 §5.5.
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let recent = |pair: &Pair| pair.ends[1].connections.get(server).unwrap().ts_recent;
    let before = recent(&pair);
    let older = |pair: &Pair| {
        let like = pair.forged(1, Flags::ACK);
        let timestamps = Some(Timestamps { value: before.wrapping_sub(1000), echo: 0 });
        Segment { options: Options { timestamps, ..Options::default() }, ..like }
    };
    assert_eq!(pair.inject(1, older(&pair), b"x"), Verdict::Dropped(DropReason::TcpPaws));
    assert_eq!(recent(&pair), before);
    let day = Duration::from_secs(24 * 3600);
    pair.run(day * 23);
    assert_eq!(pair.inject(1, older(&pair), b"x"), Verdict::Dropped(DropReason::TcpPaws));
    pair.run(day * 2);
    assert_eq!(pair.inject(1, older(&pair), b"x"), Verdict::Accepted);
    assert_eq!(recent(&pair), before.wrapping_sub(1000));
}

#[test]
fn places_of_handshakes_are_given_back() {
    let mut pair = Pair::new(Knobs::rfc(), Knobs { max_syn_backlog: 1, ..Knobs::rfc() });
    let listener = pair.listen(8);
    assert_eq!(pair.with(1, |tcp, ctx| tcp.accept(ctx, listener)), Err(SocketError::WouldBlock));
    for port in 1000..1004 {
        let client = pair.open(port);
        pair.millis(100);
        assert_eq!(pair.ends[0].connected(client), Ok(()));
    }
    // One wake for the wait.
    let mut wakes = Vec::new();
    pair.ends[1].take_wakes(&mut wakes);
    let woken: Vec<_> = wakes.iter().map(|wake| (wake.socket, wake.readiness)).collect();
    assert_eq!(woken, [(SocketId::Listener(listener), Readiness::READ)]);
}

#[test]
fn ports_that_are_picked_are_free() {
    let mut pair = Pair::rfc();
    for _ in 0..600 {
        assert!(pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 0), socket(1, 80))).is_ok());
    }
}

#[test]
fn a_socket_without_a_connection_has_nothing_to_shut_and_leaves_nothing_behind() {
    let mut pair = Pair::rfc();
    let client = pair.open(1000);
    assert_eq!(pair.with(0, |tcp, ctx| tcp.shutdown_write(ctx, client)), Err(SocketError::NotConnected));
    pair.flush();
    let before = pair.seen.len();
    pair.close(0, client);
    pair.run(Duration::from_secs(10));
    assert_eq!(pair.seen[before..].iter().filter(|seen| seen.from == 0).count(), 0);
    pair.ends[0].for_each_socket(|it| panic!("{it:?} is still there"));
}

#[test]
fn nagles_algorithm_is_turned_off_and_on() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    for on in [true, false, true] {
        pair.with(0, |tcp, ctx| tcp.set_nodelay(ctx, client, on)).unwrap();
        assert_eq!(pair.ends[0].nodelay(client), Ok(on));
    }
    for sent in 1..=3 {
        pair.send(0, client, b"x").unwrap();
        pair.flush();
        assert_eq!(pair.count(0, Cause::NewData), sent);
    }
}

#[test]
fn what_is_peeked_at_stays() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let mut buffer = [0; 10];
    assert_eq!(pair.ends[1].peek(server, &mut buffer), Err(SocketError::WouldBlock));
    pair.send(0, client, b"look").unwrap();
    pair.millis(50);
    for _ in 0..2 {
        assert_eq!(pair.ends[1].peek(server, &mut buffer), Ok(4));
        assert_eq!(&buffer[..4], b"look");
    }
    assert_eq!(pair.recv(1, server).unwrap(), b"look");
}

#[test]
fn what_is_ready_stands_in_the_queue_once_and_what_is_parked_not_at_all() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    for _ in 0..2 {
        pair.send(0, client, b"x").unwrap();
    }
    assert_eq!(pair.ends[0].ready.len(), 1);
    pair.flush();
    let like = pair.forged(1, Flags::ACK);
    for index in 0..4 {
        pair.inject(1, Segment { seq: like.seq.wrapping_add(index * MSS as u32), ..like }, &pattern(MSS));
    }
    assert_eq!(pair.ends[1].ready.len(), 1);
    pair.ends[1].park(crate::transport::tcp::Ready::Connection(server));
    pair.inject(1, Segment { seq: like.seq.wrapping_add(4 * MSS as u32), ..like }, &pattern(MSS));
    pair.send(1, server, b"x").unwrap();
    assert_eq!(pair.ends[1].ready.len(), 0);
}

#[test]
fn spare_storage_is_looked_at_each_second_until_nothing_is_held() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.run(Duration::from_secs(5));
    let release = |pair: &Pair, end: usize| {
        let key = if end == 0 { client } else { server };
        let at = pair.ends[end].connections.get(key).unwrap().deadlines.release;
        (at != crate::time::Instant::FAR_FUTURE).then(|| at.since(pair.now).as_millis())
    };
    pair.send(0, client, b"x").unwrap();
    assert_eq!(release(&pair, 0), Some(1000));
    pair.millis(500);
    pair.send(0, client, b"x").unwrap();
    assert_eq!(release(&pair, 0), Some(500));
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, b"x").unwrap();
    // It is still held then.
    pair.millis(600);
    assert_eq!(release(&pair, 0), Some(900));
    pair.judge = Box::new(|_| Fate::Deliver);
    pair.run(Duration::from_secs(5));
    assert_eq!(release(&pair, 0), None);
    let mut one = [0; 1];
    pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut one)).unwrap();
    pair.millis(1500);
    assert_eq!(release(&pair, 1), Some(500), "two octets are not read");
    pair.recv(1, server).unwrap();
    pair.run(Duration::from_secs(2));
    assert_eq!(release(&pair, 1), None);
}

#[test]
fn the_last_word_carries_timestamps() {
    // RFC 7323 §3.2.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.with(0, |tcp, ctx| tcp.abort(ctx, client));
    pair.flush();
    assert_eq!(pair.last(0).cause, Cause::Abort);
    assert!(pair.last(0).segment.options.timestamps.is_some());
}

#[test]
fn what_comes_from_nowhere_is_answered_with_what_it_counts() {
    // RFC 9293 §3.10.7.1: SEG.LEN counts SYN and FIN.
    let mut pair = Pair::new(Knobs::rfc(), Knobs { max_pending_replies: 2, ..Knobs::rfc() });
    let stray =
        |flags| Segment { source_port: 5, destination_port: 6, seq: 1000, flags, ..Segment::default() };
    for (flags, ack) in
        [(Flags::SYN, 1004), (Flags::FIN, 1004), (Flags::SYN | Flags::FIN, 1005), (Flags::PSH, 1003)]
    {
        pair.inject(1, stray(flags), b"abc");
        pair.flush();
        assert_eq!((pair.last(1).segment.ack, pair.last(1).cause), (ack, Cause::Reset));
    }
    // No more wait than are allowed to.
    for _ in 0..4 {
        pair.inject(1, stray(Flags::SYN), b"");
    }
    let before = pair.seen.len();
    pair.flush();
    assert_eq!(pair.seen.len(), before + 2);
}

#[test]
fn what_acknowledges_as_far_as_a_timeout_is_no_sign_of_new_loss_without_sack() {
    // RFC 6582 §3.2 step 2: more than `recover` must be acknowledged.
    for (sack, more, recoveries) in [(false, false, 0), (false, true, 1), (true, false, 1)] {
        let mut pair = Pair::new(Knobs { sack, ..Knobs::rfc() }, Knobs::rfc());
        let (client, _) = pair.connect();
        let mut lost = false;
        pair.judge = Box::new(move |seen| {
            let first = !lost && seen.length > 0;
            lost |= first;
            if first { Fate::Lose } else { Fate::Deliver }
        });
        for _ in 0..=usize::from(more) {
            pair.send(0, client, b"x").unwrap();
            pair.run(Duration::from_secs(3));
        }
        pair.judge = Box::new(|_| Fate::Lose);
        pair.send(0, client, b"x").unwrap();
        pair.flush();
        for _ in 0..3 {
            pair.inject(0, pair.forged(0, Flags::ACK), b"");
        }
        assert_eq!(pair.ends[0].info(client).unwrap().counters.fast_recoveries, recoveries, "{sack} {more}");
    }
}

#[test]
fn only_a_fin_in_time_wait_puts_its_end_off() {
    // RFC 9293 §3.10.7.4, first and eighth.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.shutdown(0, client);
    pair.millis(50);
    let fin = pair.forged(1, Flags::ACK | Flags::FIN);
    let fin = Segment { seq: fin.seq.wrapping_sub(1), ..fin };
    pair.inject(1, fin, b"");
    pair.run(Duration::from_secs(300));
    assert_eq!(pair.state(1, server), State::CloseWait);
    pair.close(1, server);
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::TimeWait);
    pair.run(Duration::from_secs(200));
    let like = pair.forged(0, Flags::ACK);
    pair.inject(0, Segment { seq: like.seq.wrapping_sub(2), ..like }, b"x");
    pair.run(Duration::from_secs(50));
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.state, info.ending), (State::Closed, Ending::Clean));
}

#[test]
fn the_first_syn_again_is_acknowledged_by_a_connection() {
    // RFC 9293 §3.10.7.4, first: it lies before the window.
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(1, server, b"x").unwrap();
    pair.flush();
    let syn = pair.seen[0].segment;
    let before = pair.seen.len();
    pair.inject(1, syn, b"");
    pair.flush();
    let seen: Vec<_> = pair.seen[before..].iter().map(|seen| (seen.cause, seen.length)).collect();
    assert_eq!(seen, [(Cause::DuplicateAck, 0)]);
}

#[test]
fn a_handshake_sent_again_counts_segments_and_no_octets() {
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|seen| if seen.cause == Cause::Syn { Fate::Deliver } else { Fate::Lose });
    pair.listen(1);
    let client = pair.open(1000);
    let due = pair.now + Duration::from_secs(1);
    pair.millis(1500);
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!((counters.retransmitted_segments, counters.retransmitted_bytes), (1, 0));
    assert!(pair.states[0].1.contains(&Shown::Expired { cause: Cause::RetransmitSyn, due }));
    let due = due + Duration::from_millis(10);
    assert!(pair.states[1].1.contains(&Shown::Expired { cause: Cause::RetransmitSynAck, due }));
}

#[test]
fn the_flow_of_the_last_segment_is_known_by_both_addresses() {
    let mut pair = Pair::rfc();
    let (_, server) = pair.connect();
    let (client_at, server_at) = (socket(0, 0).ip(), socket(1, 0).ip());
    assert_eq!(pair.ends[1].last_between(client_at, server_at), Some(((1000, 80), server)));
    assert_eq!(pair.ends[1].last_between(client_at, client_at), None);
    assert_eq!(pair.ends[1].last_between(server_at, server_at), None);
}
