//! Where two rules meet: recovery without SACK, a FIN on a segment that is lost, an end that was seen already.

use super::harness::{Fate, Pair, pattern, socket};
use crate::time::Duration;
use crate::trace::{Cause, Ending, State, Trigger};
use crate::transport::tcp::options::{Options, SackBlocks};
use crate::transport::tcp::segment::{Flags, Segment};
use crate::transport::tcp::{Knobs, Tcp};
use crate::transport::{Key, Readiness, SocketError, Trouble};

const MSS: usize = 1448;

/// What `act` made the client send.
fn sent_by(pair: &mut Pair, act: impl FnOnce(&mut Pair)) -> Vec<(Cause, usize, Flags)> {
    let before = pair.seen.len();
    act(pair);
    pair.flush();
    let sent = pair.seen[before..].iter().filter(|seen| seen.from == 0);
    sent.map(|seen| (seen.cause, seen.length, seen.segment.flags)).collect()
}

#[test]
fn a_partial_acknowledgement_deflates_the_window_by_what_it_took() {
    // RFC 6582 §3.2 step 3.
    let mut pair = Pair::new(Knobs { sack: false, ..Knobs::rfc() }, Knobs::rfc());
    let (client, _) = pair.connect();
    // The first acknowledgement tells a window that is scaled, and none that does so is a duplicate (RFC 5681 §2).
    pair.send(0, client, b"x").unwrap();
    pair.millis(300);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, &pattern(40 * MSS)).unwrap();
    pair.flush();
    let like = pair.forged(0, Flags::ACK);
    let flight = |pair: &Pair| pair.ends[0].connections.get(client).unwrap().flight_size() as usize / MSS;
    assert_eq!(flight(&pair), 10);
    for _ in 0..10 {
        pair.inject(0, like, b"");
        pair.flush();
    }
    let window = pair.ends[0].info(client).unwrap().metrics.cwnd as usize / MSS;
    // The window is inflated by a segment for each duplicate.
    assert_eq!(flight(&pair), window + 10);
    let partial = Segment { ack: like.ack.wrapping_add(4 * MSS as u32), ..like };
    let sent = sent_by(&mut pair, |pair| {
        pair.inject(0, partial, b"");
    });
    // Four segments have left it, and one comes back: there is room for one, besides the one that is sent again.
    let causes: Vec<Cause> = sent.iter().map(|(cause, ..)| *cause).collect();
    assert_eq!(causes, [Cause::RetransmitPartialAck, Cause::NewData]);
    assert_eq!(flight(&pair), window + 10 - 4 + 1);
}

#[test]
fn an_error_that_was_read_leaves_a_socket_that_blocks_nobody() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let both = Readiness::READ.or(Readiness::WRITE);
    pair.inject(0, pair.forged(0, Flags::RST), b"");
    assert_eq!(pair.ends[0].readiness(client), Ok(both));
    assert_eq!(pair.recv(0, client), Err(SocketError::ConnectionReset));
    assert_eq!(pair.ends[0].readiness(client), Ok(both));
}

#[test]
fn each_segment_of_a_super_frame_is_one_of_its_size() {
    // RFC 9293 §3.8.6.3: every second full segment is acknowledged.
    let mut pair = Pair::rfc();
    pair.connect();
    let like = pair.forged(1, Flags::ACK);
    let at = |off: u32| Segment { seq: like.seq.wrapping_add(off), ..like };
    pair.inject_large(1, like, &pattern(3000), 1000);
    pair.flush();
    assert_eq!((pair.last(1).cause, pair.last(1).segment.ack), (Cause::SecondSegmentAck, at(3000).seq));
    let before = pair.seen.len();
    for (off, length, answers) in [(3000, 10, 0), (3010, 10, 0), (3020, 990, 0), (4010, 990, 1)] {
        pair.inject(1, at(off), &pattern(length));
        pair.flush();
        assert_eq!(pair.seen.len() - before, answers, "{off}");
    }
}

#[test]
fn the_window_of_a_buffer_below_two_segments_opens_by_half_of_it() {
    // RFC 9293 §3.8.6.2.2: Fr is one half.
    let knobs = Knobs { receive_buffer: 2000, window_scaling: false, ..Knobs::rfc() };
    let mut pair = Pair::new(Knobs::rfc(), knobs);
    let (client, server) = pair.connect();
    pair.send(0, client, &pattern(MSS)).unwrap();
    pair.millis(500);
    let window = |pair: &mut Pair| {
        let like = pair.forged(1, Flags::ACK);
        pair.inject(1, Segment { seq: like.seq.wrapping_sub(1), ..like }, b"");
        pair.flush();
        pair.last(1).segment.window
    };
    assert_eq!(window(&mut pair), 552);
    for (taken, offered) in [(999, 552), (1, 1552)] {
        let mut buffer = vec![0; taken];
        pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut buffer)).unwrap();
        assert_eq!(window(&mut pair), offered);
    }
}

#[test]
fn a_close_in_a_simultaneous_open_waits_for_the_end_of_the_handshake() {
    // RFC 9293 §3.10.4, SYN-RECEIVED.
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|seen| if seen.cause == Cause::Syn { Fate::Deliver } else { Fate::Lose });
    let a = pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 80), socket(1, 80))).unwrap();
    let b = pair.with(1, |tcp, ctx| tcp.connect(ctx, socket(1, 80), socket(0, 80))).unwrap();
    pair.millis(15);
    assert_eq!(pair.state(0, a), State::SynReceived);
    let syn = pair.last(1).segment;
    pair.close(0, a);
    // Before the window: it is answered, and with nothing but an acknowledgement.
    let old = Segment { seq: syn.seq.wrapping_sub(100), flags: Flags::ACK, ..syn };
    let sent = sent_by(&mut pair, |pair| {
        pair.inject(0, old, b"old");
    });
    assert_eq!(sent, [(Cause::DuplicateAck, 0, Flags::ACK)]);
    pair.judge = Box::new(|_| Fate::Deliver);
    pair.run(Duration::from_secs(3));
    assert_eq!((pair.state(0, a), pair.state(1, b)), (State::FinWait2, State::CloseWait));
}

/// A client that has sent a full segment, with a FIN where `fin` says so, and nothing that it sent has arrived.
fn full_segment(fin: bool) -> (Pair, Key, Key) {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    let sent = sent_by(&mut pair, |pair| {
        pair.send(0, client, &pattern(MSS)).unwrap();
        if fin {
            pair.shutdown(0, client);
        }
    });
    assert!(sent.len() == 1 && sent[0].1 == MSS && sent[0].2.has(Flags::FIN) == fin);
    pair.judge = Box::new(|_| Fate::Deliver);
    (pair, client, server)
}

/// What the client sent last was too big for the path.
fn too_big(pair: &mut Pair, mtu: u16) {
    let (seq, trouble) = (pair.last(0).segment.seq, Trouble::PacketTooBig(mtu));
    assert!(pair.with(0, |tcp, ctx| {
        tcp.on_trouble(ctx, socket(0, 1000), socket(1, 80), seq, trouble, Trigger::Call)
    }));
}

#[test]
fn a_full_segment_with_a_fin_is_sent_again_in_one() {
    let (mut pair, client, server) = full_segment(true);
    let sent = sent_by(&mut pair, |pair| pair.millis(1100));
    assert_eq!(sent, [(Cause::RetransmitRto, MSS, Flags::ACK | Flags::PSH | Flags::FIN)]);
    assert_eq!((pair.state(0, client), pair.state(1, server)), (State::FinWait2, State::CloseWait));
    assert!(pair.recv(1, server).unwrap() == pattern(MSS));
}

#[test]
fn a_last_segment_too_long_by_one_octet_is_cut() {
    // RFC 1191 §6.5.
    for fin in [false, true] {
        let (mut pair, client, server) = full_segment(fin);
        pair.mtu[0] = 1499;
        let sent = sent_by(&mut pair, |pair| too_big(pair, 1499));
        assert_eq!((sent[0].0, sent[0].1), (Cause::RetransmitPmtu, MSS - 1));
        pair.millis(500);
        assert!(pair.recv(1, server).unwrap() == pattern(MSS));
        let state = if fin { State::FinWait2 } else { State::Established };
        assert_eq!(pair.state(0, client), state);
        assert_eq!(pair.ends[0].info(client).unwrap().counters.rto_expiries, 0);
    }
}

#[test]
fn a_time_wait_that_nothing_disturbs_ends_clean() {
    // RFC 9293 §3.6: everything was said before it.
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    pair.shutdown(0, client);
    pair.millis(50);
    pair.close(1, server);
    pair.millis(50);
    assert_eq!(pair.state(0, client), State::TimeWait);
    pair.run(Duration::from_secs(241));
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.state, info.ending), (State::Closed, Ending::Clean));
}

#[test]
fn what_was_sent_again_and_is_too_big_goes_again_at_once() {
    // RFC 1191 §6.5: the time-out had sent it as large as before.
    let (mut pair, _, _) = full_segment(false);
    pair.judge = Box::new(|_| Fate::Lose);
    pair.millis(1100);
    assert_eq!((pair.last(0).cause, pair.last(0).length), (Cause::RetransmitRto, MSS));
    let sent = sent_by(&mut pair, |pair| too_big(pair, 1000));
    assert_eq!((sent[0].0, sent[0].1), (Cause::RetransmitPmtu, 948));
}

#[test]
fn what_the_peer_says_it_has_is_not_sent_again() {
    // RFC 2018 §5: the first segment is no exception, though the acknowledgement does not cover it.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.judge = Box::new(|_| Fate::Lose);
    pair.send(0, client, &pattern(5 * MSS)).unwrap();
    pair.flush();
    let like = pair.forged(0, Flags::ACK);
    let mut sack = SackBlocks::default();
    sack.push(like.ack, like.ack.wrapping_add(3 * MSS as u32));
    let odd = Segment { options: Options { sack, ..like.options }, ..like };
    for _ in 0..5 {
        pair.inject(0, odd, b"");
        pair.flush();
    }
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!((counters.fast_recoveries, counters.retransmitted_segments), (1, 0));
}

#[test]
fn an_idle_time_of_an_rto_is_not_yet_too_long() {
    // RFC 5681 §4.1: the interval must exceed it.
    for (more, restarts) in [(0, false), (1, true)] {
        let mut pair = Pair::rfc();
        let (client, server) = pair.connect();
        let data = pattern(200_000);
        assert!(pair.transfer((0, client), (1, server), &data, Duration::from_secs(9)) == data);
        pair.millis(300);
        let window = |pair: &Pair| pair.ends[0].info(client).unwrap().metrics.cwnd;
        let before = window(&pair);
        assert!(before > 10 * MSS as u32);
        let rto = pair.ends[0].info(client).unwrap().metrics.rto;
        let last = pair.ends[0].connections.get(client).unwrap().last_sent_at;
        pair.run((last + rto + Duration::from_nanos(more)).since(pair.now));
        pair.send(0, client, b"x").unwrap();
        pair.flush();
        assert_eq!(window(&pair), if restarts { 10 * MSS as u32 } else { before });
    }
}

#[test]
fn a_fin_on_the_answer_of_a_simultaneous_open_is_taken() {
    // RFC 9293 §3.10.7.4, eighth.
    let mut pair = Pair::rfc();
    pair.judge = Box::new(|seen| if seen.cause == Cause::Syn { Fate::Deliver } else { Fate::Lose });
    let a = pair.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, 80), socket(1, 80))).unwrap();
    pair.with(1, |tcp, ctx| tcp.connect(ctx, socket(1, 80), socket(0, 80))).unwrap();
    pair.millis(15);
    let answer = pair.last(1).segment;
    assert_eq!(answer.flags, Flags::SYN | Flags::ACK);
    pair.inject(0, Segment { flags: answer.flags | Flags::FIN, ..answer }, b"");
    assert_eq!(pair.state(0, a), State::CloseWait);
}

#[test]
fn a_way_that_stays_away_ends_a_connection_after_r2() {
    // RFC 9293 §3.8.3 and §3.9.2.2.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.send(0, client, b"x").unwrap();
    for _ in 0..1000 {
        while let Some(ready) = pair.ends[0].next_ready() {
            pair.with(0, |tcp, ctx| tcp.on_unreachable(ctx, ready, Trouble::HostUnreachable));
        }
        let Some(at) = pair.ends[0].next_timeout() else { break };
        pair.now = pair.now.max(at);
        pair.with(0, Tcp::handle_timeout);
    }
    assert_eq!(pair.state(0, client), State::Closed);
    assert_eq!(pair.recv(0, client), Err(SocketError::HostUnreachable));
}

#[test]
fn a_peer_that_has_room_for_a_full_segment_is_not_told_of_one_more() {
    // RFC 9293 §3.8.6.2.2: it is not stuck, and the edge moves by half of the buffer.
    for (buffer, updates) in [(5 * MSS, 0), (5 * MSS - 1, 1)] {
        let knobs = Knobs { receive_buffer: buffer as u32, window_scaling: false, ..Knobs::rfc() };
        let mut pair = Pair::new(Knobs::rfc(), knobs);
        let (client, server) = pair.connect();
        pair.send(0, client, &pattern(4 * MSS)).unwrap();
        pair.millis(500);
        assert_eq!(usize::from(pair.last(1).segment.window), buffer - 4 * MSS);
        let mut taken = [0; MSS];
        pair.with(1, |tcp, ctx| tcp.recv(ctx, server, &mut taken)).unwrap();
        pair.flush();
        assert_eq!(pair.count(1, Cause::WindowUpdate), updates, "{buffer}");
    }
}
