//! Super-frames: several segments of new data in one frame, each as if it had been sent alone.

use super::harness::{Fate, Pair, Seen, pattern};
use crate::time::Duration;
use crate::trace::Cause;
use crate::transport::Key;
use crate::transport::tcp::Knobs;
use crate::transport::tcp::segment::Flags;

const MSS: usize = 1448;

/// Two ends that are connected, over links that take super-frames so long.
fn connected(knobs: &Knobs, super_frame: u32) -> (Pair, Key, Key) {
    let mut pair = Pair::new(knobs.clone(), knobs.clone());
    pair.super_frames = [super_frame; 2];
    let (client, server) = pair.connect();
    pair.seen.clear();
    (pair, client, server)
}

fn knobs() -> Knobs {
    Knobs { send_buffer: 1 << 20, receive_buffer: 1 << 20, ..Knobs::rfc() }
}

/// The client's frames of data: where each begins counted from the first, its octets and segments.
fn frames(pair: &Pair) -> Vec<(usize, usize, usize)> {
    let data = || pair.seen.iter().filter(|seen| seen.from == 0 && seen.length > 0);
    let Some(first) = data().next().map(|seen| seen.segment.seq) else { return Vec::new() };
    data()
        .map(|seen| {
            let segments = seen.segment_size.map_or(1, |size| seen.length.div_ceil(size.into()));
            (seen.segment.seq.wrapping_sub(first) as usize, seen.length, segments)
        })
        .collect()
}

#[test]
fn a_bulk_writer_s_window_goes_in_one_frame_and_has_a_record_a_segment() {
    let (mut pair, client, _) = connected(&knobs(), 65_535);
    pair.send(0, client, &pattern(200_000)).unwrap();
    pair.flush();
    let connection = pair.ends[0].connections.get(client).unwrap();
    // RFC 6928 §2: ten segments.
    assert_eq!((connection.cwnd as usize, connection.inflight.pipe() as usize), (10 * MSS, 10 * MSS));
    assert_eq!(frames(&pair), [(0, 10 * MSS, 10)]);
    let records: Vec<_> =
        connection.inflight.iter().map(|record| (record.length, record.in_flight_at_send)).collect();
    let expected: Vec<_> = (0..10).map(|number| (MSS as u32, number * MSS as u32)).collect();
    assert_eq!(records, expected);
    assert_eq!(connection.counters.sent_segments, 2 + 10, "the handshake's two, and these");
    assert_eq!(connection.counters.sent_bytes, 10 * MSS as u64);
}

#[test]
fn a_super_frame_is_as_long_as_its_link_the_peer_s_window_and_what_was_written_allow() {
    let longest = |link: u32, knobs: &Knobs, written: usize| {
        let (mut pair, client, server) = connected(knobs, link);
        let sent = pattern(written);
        let got = pair.transfer((0, client), (1, server), &sent, Duration::from_secs(60));
        assert!(got == sent);
        frames(&pair).iter().map(|(.., segments)| *segments).max()
    };
    // 52 octets of headers.
    let link = |segments: usize| (segments * MSS) as u32 + 52;
    assert_eq!(longest(link(4), &knobs(), 100_000), Some(4));
    assert_eq!(longest(link(4) - 1, &knobs(), 100_000), Some(3));
    assert_eq!(longest(link(2) - 1, &knobs(), 100_000), Some(1));
    assert_eq!(longest(1, &knobs(), 100_000), Some(1));
    // A chunk of storage is 64 KiB, in whole segments, and so is the longest packet.
    assert_eq!(longest(u32::MAX, &knobs(), 2_000_000), Some(45));
    assert_eq!(longest(65_535, &knobs(), 3 * MSS + 10), Some(3));
    assert_eq!(longest(65_535, &Knobs { receive_buffer: 5 * MSS as u32, ..knobs() }, 100_000), Some(5));
}

#[test]
fn the_last_segment_pushes_and_a_fin_goes_behind() {
    let (mut pair, client, server) = connected(&knobs(), 65_535);
    pair.send(0, client, &pattern(4 * MSS)).unwrap();
    pair.flush();
    let last = pair.last(0);
    assert_eq!((frames(&pair), last.segment.flags), (vec![(0, 4 * MSS, 4)], Flags::ACK | Flags::PSH));
    pair.send(0, client, &pattern(4 * MSS + 5)).unwrap();
    pair.shutdown(0, client);
    pair.millis(300);
    let sizes: Vec<_> = frames(&pair).iter().map(|frame| frame.1).collect();
    assert_eq!(sizes, [4 * MSS, 4 * MSS, 5]);
    assert!(pair.last(0).segment.flags.has(Flags::FIN) || pair.last(0).length == 0);
    assert_eq!(pair.recv(1, server).unwrap().len(), 8 * MSS + 5);
}

#[test]
fn octets_in_small_pieces_are_joined_or_not_but_never_copied_for_a_super_frame() {
    let (mut pair, client, server) = connected(&Knobs { nodelay: true, ..knobs() }, 65_535);
    let sent = pattern(300_000);
    for piece in sent.chunks(1_000) {
        assert_eq!(pair.send(0, client, piece), Ok(piece.len()));
        pair.step();
    }
    let mut got = pair.recv(1, server).unwrap_or_default();
    got.extend(pair.transfer((0, client), (1, server), &[0; 0], Duration::ZERO));
    while got.len() < sent.len() && pair.step() {
        got.extend(pair.recv(1, server).unwrap_or_default());
    }
    assert!(got == sent);
}

/// A judge that loses the client's `number`th super-frame, counted from one.
fn losing(number: usize) -> Box<dyn FnMut(&Seen) -> Fate> {
    let mut seen_so_far = 0;
    Box::new(move |seen| {
        seen_so_far += usize::from(seen.from == 0 && seen.segment_size.is_some());
        let lost = seen.from == 0 && seen.segment_size.is_some() && seen_so_far == number;
        if lost { Fate::Lose } else { Fate::Deliver }
    })
}

#[test]
fn the_loss_of_a_super_frame_is_that_of_its_segments() {
    let (mut pair, client, server) = connected(&knobs(), 5 * MSS as u32 + 52);
    pair.judge = losing(3);
    let sent = pattern(150_000);
    let got = pair.transfer((0, client), (1, server), &sent, Duration::from_secs(60));
    assert!(got == sent);
    let again: Vec<&Seen> = pair
        .seen
        .iter()
        .filter(|seen| seen.from == 0 && seen.cause.name().starts_with("retransmit"))
        .collect();
    // RFC 6675 §5: its five segments are sent again, one a frame, and no other.
    assert_eq!(again.len(), 5, "{again:?}");
    assert!(again.iter().all(|seen| seen.length == MSS && seen.segment_size.is_none()));
    assert_eq!(pair.count(0, Cause::RetransmitRto), 0);
    let info = pair.ends[0].info(client).unwrap();
    assert_eq!((info.counters.retransmitted_segments, info.counters.fast_recoveries), (5, 1));
}

#[test]
fn no_frame_goes_beyond_the_congestion_window() {
    let (mut pair, client, server) = connected(&knobs(), 65_535);
    pair.judge = losing(4);
    let sent = pattern(600_000);
    let (mut written, mut got) = (0, Vec::new());
    while got.len() < sent.len() {
        written += pair.send(0, client, &sent[written..]).unwrap_or(0);
        assert!(pair.step());
        got.extend(pair.recv(1, server).unwrap_or_default());
        let connection = pair.ends[0].connections.get(client).unwrap();
        let new = connection.recovery.phase == crate::transport::tcp::recovery::Phase::Open;
        assert!(!new || connection.pipe() <= connection.cwnd, "{} > {}", connection.pipe(), connection.cwnd);
    }
    assert!(got == sent);
}

#[test]
fn both_ways_at_once_each_acknowledges_with_its_data() {
    let (mut pair, client, server) = connected(&knobs(), 20_000);
    let sent = pattern(100_000);
    let (mut written, mut got) = ([0, 0], [Vec::new(), Vec::new()]);
    while got.iter().any(|got| got.len() < sent.len()) {
        for (end, key) in [(0, client), (1, server)] {
            written[end] += pair.send(end, key, &sent[written[end]..]).unwrap_or(0);
            got[end].extend(pair.recv(end, key).unwrap_or_default());
        }
        assert!(pair.step());
    }
    assert!(got.iter().all(|got| *got == sent));
}
