//! What a congestion controller is told, and that what it answers is kept to.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::harness::{Fate, Pair, Seen, pattern};
use crate::time::Duration;
use crate::trace::Cause;
use crate::transport::Key;
use crate::transport::tcp::Knobs;
use crate::transport::tcp::congestion::{Ack, Congestion, CongestionControl, Path, Sent};

const MSS: u32 = 1448;

/// What the controller was told.
#[derive(Clone, Copy, Debug)]
enum Told {
    Ack(Ack),
    Sent(Sent),
    Lost { flight_size: u32 },
    Timeout { flight_size: u32, again: bool },
    Recovered { in_flight: u32 },
    Idle,
}

/// A controller whose window stands still, and that passes on what it hears.
#[derive(Clone, Debug)]
struct Spy {
    window: u32,
    ssthresh: u32,
    tell: Sender<Told>,
}

impl CongestionControl for Spy {
    fn name(&self) -> &'static str {
        "spy"
    }

    fn on_sent(&mut self, sent: &Sent, _: &mut Path<'_>) {
        self.tell.send(Told::Sent(*sent)).unwrap();
    }

    fn watches_sending(&self) -> bool {
        true
    }

    fn on_ack(&mut self, ack: &Ack, _: &mut Path<'_>) {
        self.tell.send(Told::Ack(*ack)).unwrap();
    }

    fn on_congestion(&mut self, event: Congestion<'_>, _: &mut Path<'_>) {
        let told = match event {
            Congestion::Lost { flight_size, .. } => Told::Lost { flight_size },
            Congestion::Timeout { flight_size, again } => Told::Timeout { flight_size, again },
            Congestion::Recovered { in_flight } => Told::Recovered { in_flight },
            Congestion::Idle => Told::Idle,
            Congestion::EcnMark | Congestion::Spurious => return,
        };
        self.tell.send(told).unwrap();
    }

    fn window(&self) -> u32 {
        self.window
    }

    fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    fn clone_box(&self) -> Box<dyn CongestionControl> {
        Box::new(self.clone())
    }
}

/// Puts a spy in the place of the client's controller. It hears of what is sent where `watches` says so.
fn spy(pair: &mut Pair, client: Key, window: u32, ssthresh: u32, watches: bool) -> Receiver<Told> {
    let (tell, told) = channel();
    let spy = Spy { window, ssthresh, tell };
    let connection = pair.ends[0].connections.get_mut(client).unwrap();
    (connection.cwnd, connection.sending_watched) = (window, watches);
    connection.congestion = Some(Box::new(spy));
    told
}

fn acks(told: &Receiver<Told>) -> Vec<Ack> {
    let ack = |told| if let Told::Ack(ack) = told { Some(ack) } else { None };
    told.try_iter().filter_map(ack).collect()
}

/// A judge that loses the data segments of the client with these numbers, counted from one.
fn losing(numbers: &'static [usize]) -> Box<dyn FnMut(&Seen) -> Fate> {
    let mut count = 0;
    Box::new(move |seen| {
        let data = seen.from == 0 && seen.length > 0;
        count += usize::from(data);
        if data && numbers.contains(&count) { Fate::Lose } else { Fate::Deliver }
    })
}

fn unsacked() -> Knobs {
    Knobs { sack: false, ..Knobs::rfc() }
}

#[test]
fn an_acknowledgement_is_told_with_what_it_delivered_and_how_fast() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, false);
    pair.send(0, client, &pattern(2 * MSS as usize)).unwrap();
    pair.millis(500);
    let [ack] = acks(&told)[..] else { panic!("one acknowledgement") };
    assert_eq!((ack.newly_acked, ack.newly_sacked, ack.delivered), (2 * MSS, 0, 2 * u64::from(MSS)));
    assert_eq!((ack.prior_in_flight, ack.in_flight), (2 * MSS, 0));
    assert_eq!(ack.rtt, Some(Duration::from_millis(20)));
    assert!(ack.round_start && !ack.in_recovery && !ack.window_limited);

    pair.send(0, client, &pattern(10 * MSS as usize)).unwrap();
    pair.millis(500);
    let acks = acks(&told);
    let segments =
        |ack: &Ack| (ack.prior_in_flight / MSS, ack.in_flight / MSS, ack.delivered / u64::from(MSS));
    assert_eq!(
        acks.iter().map(segments).collect::<Vec<_>>(),
        [(10, 8, 4), (8, 6, 6), (6, 4, 8), (4, 2, 10), (2, 0, 12)]
    );
    // A round ends when what was sent in it has been acknowledged.
    let rounds: Vec<bool> = acks.iter().map(|ack| ack.round_start).collect();
    assert_eq!(rounds, [true, false, false, false, false]);
    for (index, rate) in (1_u64..).zip(acks.iter().map(|ack| ack.rate.unwrap())) {
        assert_eq!(rate.delivered, index * 2 * u64::from(MSS));
        assert_eq!(rate.interval, Duration::from_millis(20));
        // Only behind the last segment was there nothing more to send.
        assert_eq!(rate.app_limited, index == 5);
    }
}

#[test]
fn an_acknowledgement_in_the_middle_of_a_segment_delivers_what_is_before_it() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, false);
    pair.judge = Box::new(|seen| if seen.from == 0 { Fate::Lose } else { Fate::Deliver });
    pair.send(0, client, &pattern(1000)).unwrap();
    pair.flush();
    let mut middle = pair.forged(0, crate::transport::tcp::segment::Flags::ACK);
    middle.ack = pair.last(0).segment.seq.wrapping_add(400);
    pair.inject(0, middle, b"");
    let [ack] = acks(&told)[..] else { panic!("one acknowledgement") };
    assert_eq!((ack.newly_acked, ack.delivered, ack.in_flight), (400, 400, 600));
    assert_eq!(pair.ends[0].info(client).unwrap().counters.acked_bytes, 400);
}

#[test]
fn a_window_that_was_not_used_is_told_as_such() {
    // RFC 7661 §3: half of it in slow start, which doubles it; all but two segments later.
    for (window, ssthresh, limited) in [
        (8 * MSS, u32::MAX, true),
        (8 * MSS + 1, u32::MAX, false),
        (6 * MSS, 0, true),
        (6 * MSS + 1, 0, false),
        (6 * MSS + 1, 6 * MSS + 1, false),
    ] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect();
        let told = spy(&mut pair, client, window, ssthresh, false);
        pair.send(0, client, &pattern(4 * MSS as usize)).unwrap();
        pair.millis(500);
        assert_eq!(acks(&told)[0].window_limited, limited, "{window} {ssthresh}");
    }
}

#[test]
fn loss_and_its_repair_are_told_with_what_was_sacked() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, false);
    pair.judge = losing(&[1]);
    pair.send(0, client, &pattern(4 * MSS as usize)).unwrap();
    pair.millis(500);
    let all: Vec<Told> = told.try_iter().collect();
    let [
        Told::Ack(first),
        Told::Ack(second),
        Told::Lost { flight_size },
        Told::Ack(third),
        Told::Recovered { in_flight: 0 },
        Told::Ack(last),
    ] = all[..]
    else {
        panic!("{all:?}")
    };
    assert_eq!(flight_size, 4 * MSS);
    let numbers = |ack: &Ack| {
        let segments = |octets: u32| octets / MSS;
        let (acked, sacked) = (segments(ack.newly_acked), segments(ack.newly_sacked));
        (
            acked,
            sacked,
            segments(ack.prior_in_flight),
            segments(ack.in_flight),
            ack.delivered / u64::from(MSS),
        )
    };
    // What counts as lost is not in flight (RFC 6675 §4); what was SACKed is not delivered again.
    assert_eq!(
        [first, second, third, last].each_ref().map(numbers),
        [(0, 1, 4, 3, 1), (0, 1, 3, 2, 2), (0, 1, 2, 0, 3), (4, 0, 1, 0, 4)]
    );
    assert_eq!([first, second, third, last].map(|ack| ack.in_recovery), [false, false, true, false]);
    // RFC 7323 §4.1: the segment that was sent again is measured by its timestamp.
    assert_eq!([first, last].map(|ack| ack.rtt), [Some(Duration::from_millis(20)); 2]);
}

#[test]
fn a_timeout_is_told_and_told_again_only_of_what_had_timed_out() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, false);
    // The first segment, and twice what is sent again of it: fast, and by the timer.
    pair.judge = losing(&[1, 5, 6]);
    pair.send(0, client, &pattern(4 * MSS as usize)).unwrap();
    pair.run(Duration::from_secs(10));
    let signs: Vec<Told> = told.try_iter().filter(|told| !matches!(told, Told::Ack(_))).collect();
    // RFC 5681 §3.1: what was sent again otherwise than by the timer counts as the first time.
    let [
        Told::Lost { .. },
        Told::Timeout { flight_size: first, again: false },
        Told::Timeout { flight_size: second, again: true },
    ] = signs[..]
    else {
        panic!("{signs:?}")
    };
    assert_eq!((first, second), (4 * MSS, 4 * MSS));
}

#[test]
fn idleness_is_told_after_an_rto_without_sending() {
    // RFC 5681 §4.1.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, false);
    for (wait, idle) in [(900, 0), (900, 0), (1300, 1)] {
        pair.send(0, client, b"x").unwrap();
        pair.millis(wait);
        let _ = told.try_iter().count();
        pair.send(0, client, b"x").unwrap();
        pair.flush();
        assert_eq!(
            told.try_iter().filter(|told| matches!(told, Told::Idle)).count(),
            idle,
            "after {wait} ms"
        );
        pair.millis(500);
    }
}

#[test]
fn an_idle_connection_begins_with_the_first_window() {
    let mut pair = Pair::rfc();
    let (client, server) = pair.connect();
    let data = pattern(200_000);
    assert_eq!(pair.transfer((0, client), (1, server), &data, Duration::from_secs(30)), data);
    assert!(pair.ends[0].info(client).unwrap().metrics.cwnd > 10 * MSS);
    pair.run(Duration::from_secs(5));
    pair.send(0, client, b"x").unwrap();
    pair.flush();
    assert_eq!(pair.ends[0].info(client).unwrap().metrics.cwnd, 10 * MSS);
}

#[test]
fn who_watches_is_told_of_each_segment_sent() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    let told = spy(&mut pair, client, 100_000, 0, true);
    pair.judge = losing(&[1, 2]);
    pair.send(0, client, &pattern(2 * MSS as usize)).unwrap();
    pair.millis(1100);
    let sent = |told| if let Told::Sent(sent) = told { Some(sent) } else { None };
    let sent: Vec<_> =
        told.try_iter().filter_map(sent).map(|it| (it.bytes, it.in_flight, it.retransmission)).collect();
    assert_eq!(sent[..3], [(MSS, 0, false), (MSS, MSS, false), (MSS, 0, true)]);
}

#[test]
fn no_more_is_in_flight_than_the_window() {
    for (window, segments) in [(3 * MSS, 3), (3 * MSS - 1, 2), (1, 1)] {
        let mut pair = Pair::rfc();
        let (client, _) = pair.connect();
        let _told = spy(&mut pair, client, window, 0, false);
        pair.send(0, client, &pattern(20 * MSS as usize)).unwrap();
        pair.flush();
        assert_eq!(pair.count(0, Cause::NewData), segments, "window {window}");
        pair.millis(20);
        assert!(pair.ends[0].info(client).unwrap().metrics.bytes_in_flight <= window.max(MSS));
    }
    // RFC 6928 §2.
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.send(0, client, &pattern(100_000)).unwrap();
    pair.flush();
    assert_eq!(pair.count(0, Cause::NewData), 10);
}

#[test]
fn the_first_two_duplicates_let_one_segment_each_go() {
    // RFC 3042 §2.
    for knobs in [Knobs::rfc(), unsacked()] {
        let mut pair = Pair::new(knobs, Knobs::rfc());
        let (client, server) = pair.connect();
        // The first acknowledgement tells a window that is scaled, and none that does so is a duplicate (RFC 5681 §2).
        pair.send(0, client, b"x").unwrap();
        pair.millis(300);
        pair.recv(1, server).unwrap();
        let told = spy(&mut pair, client, 5 * MSS, 0, false);
        pair.judge = losing(&[1, 4, 5]);
        let data = pattern(12 * MSS as usize);
        pair.send(0, client, &data).unwrap();
        pair.millis(25);
        let sent = (pair.count(0, Cause::NewData), pair.count(0, Cause::LimitedTransmit));
        assert_eq!(sent, (6, 2), "{:?}", pair.causes(0));
        pair.run(Duration::from_secs(20));
        // RFC 5681 §3.2 step 2: these two are not counted where the window is halved.
        let lost = told.try_iter().find_map(|told| match told {
            Told::Lost { flight_size } => Some(flight_size),
            _ => None,
        });
        assert_eq!(lost, Some(5 * MSS));
        assert!(pair.recv(1, server).unwrap() == data);
    }
}

#[test]
fn after_a_timeout_one_segment_goes_and_then_as_many_as_the_window_allows() {
    // RFC 5681 §3.1: the loss window is one segment; RFC 3465 §2.3: it grows by one for each acknowledgement.
    for knobs in [Knobs::rfc(), unsacked()] {
        let mut pair = Pair::new(knobs, Knobs::rfc());
        let (client, server) = pair.connect();
        pair.judge = losing(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let data = pattern(10 * MSS as usize);
        pair.send(0, client, &data).unwrap();
        pair.millis(1005);
        assert_eq!(pair.count(0, Cause::RetransmitRto), 1);
        assert_eq!(pair.count(0, Cause::RetransmitAfterRto), 0);
        let info = pair.ends[0].info(client).unwrap();
        // RFC 5681 §3.1 equation 4.
        assert_eq!((info.metrics.cwnd, info.metrics.ssthresh), (MSS, 5 * MSS));
        // The answer waits for the delayed acknowledgement.
        pair.millis(225);
        assert_eq!(pair.count(0, Cause::RetransmitAfterRto), 2);
        pair.run(Duration::from_secs(5));
        assert!(pair.recv(1, server).unwrap() == data);
        let counters = pair.ends[0].info(client).unwrap().counters;
        assert_eq!((counters.rto_expiries, counters.retransmitted_segments), (1, 10));
        assert_eq!(counters.retransmitted_bytes, 10 * u64::from(MSS));
    }
}

#[test]
fn two_holes_are_filled_by_partial_acknowledgements_without_sack() {
    // RFC 6582 §3.2 step 3.
    let mut pair = Pair::new(unsacked(), Knobs::rfc());
    let (client, server) = pair.connect();
    pair.judge = losing(&[2, 4]);
    let data = pattern(10 * MSS as usize);
    pair.send(0, client, &data).unwrap();
    pair.millis(500);
    assert!(pair.recv(1, server).unwrap() == data);
    let counters = pair.ends[0].info(client).unwrap().counters;
    assert_eq!((counters.rto_expiries, counters.fast_recoveries), (0, 1));
    assert_eq!(counters.retransmitted_segments, 2);
    assert_eq!((pair.count(0, Cause::RetransmitFast), pair.count(0, Cause::RetransmitPartialAck)), (1, 1));
}

#[test]
fn each_loss_behind_the_last_recovery_begins_one_of_its_own() {
    // RFC 6582 §3.2 step 2, RFC 6675 §5.
    for knobs in [Knobs::rfc(), unsacked()] {
        let mut pair = Pair::new(knobs, Knobs::rfc());
        let (client, server) = pair.connect();
        pair.judge = losing(&[2, 24]);
        for _ in 0..4 {
            let data = pattern(10 * MSS as usize);
            pair.send(0, client, &data).unwrap();
            pair.millis(900);
            assert!(pair.recv(1, server).unwrap() == data);
        }
        let counters = pair.ends[0].info(client).unwrap().counters;
        assert_eq!((counters.rto_expiries, counters.fast_recoveries), (0, 2));
        assert_eq!(counters.retransmitted_segments, 2);
    }
}

#[test]
fn the_window_after_a_recovery_is_half_of_what_was_in_flight() {
    let mut pair = Pair::rfc();
    let (client, _) = pair.connect();
    pair.judge = losing(&[1]);
    pair.send(0, client, &pattern(10 * MSS as usize)).unwrap();
    pair.millis(25);
    let metrics = pair.ends[0].info(client).unwrap().metrics;
    assert_eq!((metrics.cwnd, metrics.ssthresh), (5 * MSS, 5 * MSS));
    pair.millis(500);
    // RFC 6582 §3.2 step 3, option 1: no more than what is in flight and a segment, here two; then two more for what this
    // acknowledgement tells, in slow start (RFC 3465 §2.2).
    let metrics = pair.ends[0].info(client).unwrap().metrics;
    assert_eq!((metrics.cwnd, metrics.ssthresh, metrics.bytes_in_flight), (4 * MSS, 5 * MSS, 0));
}
