//! A direction's stages together.

use core::net::IpAddr;
use std::rc::Rc;

use wirelab_stack::checksum::pseudo_header;
use wirelab_stack::frame::{Checksum, FrameId, Medium, Meta};
use wirelab_stack::network::ipv4;
use wirelab_stack::rng::Probability;
use wirelab_stack::time::Duration;
use wirelab_stack::trace::{Cause, Trigger};

use super::*;
use crate::component::Component;
use crate::link::{Delay, Distribution, Jitter, Loss, QueueLimit, Rate, Reorder};
use crate::recorder::{Recorder, Shared};

/// A line with its frames, and what comes out of it.
struct Bench {
    line: Line,
    frames: FrameSlab,
    shared: Rc<Shared>,
    out: Vec<(Instant, u8)>,
}

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn delay(millis: u64) -> Delay {
    Delay { base: Duration::from_millis(millis), jitter: None }
}

/// Frames have a thousand octets: at this rate, one a millisecond.
const RATE: Rate = Rate::mbit(8);

fn frame(octet: u8) -> Frame {
    Frame::from_wire(vec![octet; 1_000].into(), Meta::new(Cause::Raw, Trigger::Call))
}

impl Bench {
    fn new(settings: &DirectionConfig) -> Self {
        let shared = Rc::new(Shared::default());
        let watch = Watch::new(&shared, Component::Host(NodeId(0)));
        let line = Line::new(LineConfig {
            settings,
            direction: Direction::Forward,
            seed: 1,
            name: "link/a->b".into(),
            from: (NodeId(0), InterfaceId(0)),
            to: (NodeId(1), InterfaceId(0)),
            watch,
        });
        Self { line: line.unwrap(), frames: FrameSlab::default(), shared, out: Vec::new() }
    }

    fn enter(&mut self, octet: u8, now: Instant) {
        self.run(now);
        self.line.enter(frame(octet), now, &mut self.frames);
    }

    /// Lets everything happen that does until `until`.
    fn run(&mut self, until: Instant) {
        loop {
            let next = [self.line.next_arrival(), self.line.next_internal()].into_iter().flatten().min();
            let Some(now) = next.filter(|now| *now <= until) else { return };
            self.line.handle_timeout(now, &mut self.frames);
            while let Some(frame) = self.line.arrive(now, &mut self.frames) {
                self.out.push((now, frame.to_vec()[0]));
            }
        }
    }

    /// What has come out, in the end.
    fn all(mut self) -> Vec<(Instant, u8)> {
        self.run(Instant::FAR_FUTURE);
        assert_eq!(self.frames.len(), 0, "no frame stays behind");
        self.out
    }
}

#[test]
fn a_plain_line_carries_at_once() {
    let mut bench = Bench::new(&DirectionConfig::default());
    bench.enter(1, ms(3));
    bench.enter(2, ms(3));
    assert_eq!(bench.all(), [(ms(3), 1), (ms(3), 2)]);
}

#[test]
fn rate_and_delay_add_up() {
    let mut bench =
        Bench::new(&DirectionConfig { rate: Some(RATE), delay: Some(delay(10)), ..Default::default() });
    (1..4).for_each(|octet| bench.enter(octet, ms(0)));
    assert_eq!(bench.line.counters().max_queue_packets, 2);
    assert_eq!(bench.all(), [(ms(11), 1), (ms(12), 2), (ms(13), 3)]);
}

#[test]
fn a_queue_behind_the_delay_is_come_to_later() {
    let order = Some(vec![StageKind::Delay, StageKind::Queue]);
    let queue = Some(QueueLimit::Packets(1));
    let settings =
        DirectionConfig { rate: Some(RATE), queue, delay: Some(delay(10)), order, ..Default::default() };
    let mut bench = Bench::new(&settings);
    (1..4).for_each(|octet| bench.enter(octet, ms(0)));
    assert_eq!(bench.line.counters().queue_full, 0, "they have not come to the queue yet");
    bench.run(ms(10));
    assert_eq!(bench.line.counters().queue_full, 1);
    assert_eq!(bench.all(), [(ms(11), 1), (ms(12), 2)]);
}

#[test]
fn a_duplicate_follows_its_original_and_is_lost_by_itself() {
    let duplicate = Some(Probability::ALWAYS);
    let mut bench = Bench::new(&DirectionConfig { duplicate, delay: Some(delay(1)), ..Default::default() });
    bench.enter(1, ms(0));
    bench.enter(2, ms(0));
    assert_eq!(bench.line.counters().duplicated, 2);
    assert_eq!(bench.all().iter().map(|(_, octet)| *octet).collect::<Vec<_>>(), [1, 1, 2, 2]);

    let order = Some(vec![StageKind::Duplicate, StageKind::Loss]);
    let loss = Some(Loss::Frames(vec![1]));
    let mut bench = Bench::new(&DirectionConfig { loss, duplicate, order, ..Default::default() });
    bench.enter(1, ms(0));
    assert_eq!(bench.line.counters().lost, 1);
    assert_eq!(bench.all(), [(ms(0), 1)]);
}

#[test]
fn jitter_keeps_the_order_unless_reorder_is_set() {
    let jitter = Some(Jitter { spread: Duration::from_millis(9), distribution: Distribution::Uniform });
    let delay = Some(Delay { base: Duration::from_millis(10), jitter });
    let order = |reorder| {
        let mut bench = Bench::new(&DirectionConfig { delay, reorder, ..Default::default() });
        (0..50).for_each(|octet| bench.enter(octet, ms(u64::from(octet))));
        bench.all().into_iter().map(|(_, octet)| octet).collect::<Vec<_>>()
    };
    assert_eq!(order(None), (0..50).collect::<Vec<_>>());
    let never = Reorder { probability: Probability::NEVER, by: Duration::ZERO };
    let mut overtaken = order(Some(never));
    assert!(!overtaken.is_sorted());
    overtaken.sort_unstable();
    assert_eq!(overtaken, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_frame_that_is_held_back_is_overtaken() {
    let reorder = Some(Reorder { probability: Probability::ALWAYS, by: Duration::from_millis(5) });
    let mut bench = Bench::new(&DirectionConfig { reorder, delay: Some(delay(1)), ..Default::default() });
    bench.enter(1, ms(0));
    bench.line.remove_stage(StageKind::Reorder, ms(1), &mut bench.frames);
    bench.enter(2, ms(1));
    assert_eq!(bench.line.counters().reordered, 1);
    assert_eq!(bench.all(), [(ms(2), 2), (ms(6), 1)]);
}

#[test]
fn what_is_too_long_is_dropped_and_shown() {
    #[derive(Default)]
    struct Drops(Vec<String>);
    impl Recorder for Drops {
        fn interest(&self) -> Interest {
            Interest::FRAMES
        }
        fn record(&mut self, now: Instant, _: Component, event: &Event<'_>) {
            let Event::FrameDropped { place, reason, .. } = event else { panic!("{event:?}") };
            self.0.push(format!("{now} {place} {reason}"));
        }
    }
    let mut bench = Bench::new(&DirectionConfig { mtu: Some(500), ..Default::default() });
    bench.shared.set(Some(Box::new(Drops::default())));
    bench.enter(1, ms(1));
    let drops = bench.shared.set(None).unwrap().downcast::<Drops>().ok().unwrap();
    assert_eq!(drops.0, ["0.001000000 link mtu over-mtu"]);
    assert_eq!((bench.line.counters().over_mtu, bench.line.counters().dropped_frames), (1, 1));
    assert_eq!(bench.all(), []);
}

#[test]
fn a_cut_loses_what_waits_and_what_is_under_way() {
    let settings = DirectionConfig { rate: Some(RATE), delay: Some(delay(10)), ..Default::default() };
    let mut bench = Bench::new(&settings);
    (1..6).for_each(|octet| bench.enter(octet, ms(0)));
    bench.run(ms(2));
    bench.line.cut(ms(2), &mut bench.frames);
    bench.enter(9, ms(3));
    bench.line.restore(ms(4));
    bench.enter(10, ms(4));
    let counters = bench.line.counters();
    assert_eq!((counters.down, counters.dropped_frames), (6, 6));
    assert_eq!(bench.all(), [(ms(15), 10)], "the line is free at once");
}

#[test]
fn a_queue_that_is_taken_away_lets_all_go_on() {
    let settings = DirectionConfig { rate: Some(RATE), delay: Some(delay(10)), ..Default::default() };
    let mut bench = Bench::new(&settings);
    (1..4).for_each(|octet| bench.enter(octet, ms(0)));
    bench.run(ms(1));
    bench.line.remove_stage(StageKind::Queue, ms(1), &mut bench.frames);
    assert_eq!(bench.all(), [(ms(11), 1), (ms(11), 2), (ms(11), 3)]);
}

#[test]
fn a_stage_that_is_added_takes_its_canonical_place() {
    let mut bench = Bench::new(&DirectionConfig { delay: Some(delay(10)), ..Default::default() });
    bench.enter(1, ms(0));
    bench.line.set_stage(StageConfig::Loss(Loss::Frames(vec![2])), ms(1));
    bench.line.set_stage(StageConfig::Rate(RATE), ms(1));
    bench.line.set_stage(StageConfig::Delay(delay(20)), ms(1));
    let kinds: Vec<_> = bench.line.stages.iter().map(Stage::kind).collect();
    assert_eq!(kinds, [StageKind::Queue, StageKind::Loss, StageKind::Delay]);
    (2..5).for_each(|octet| bench.enter(octet, ms(1)));
    assert_eq!(bench.all(), [(ms(10), 1), (ms(22), 2), (ms(24), 4)]);
}

#[test]
fn frames_delayed_before_a_queue_find_their_way_when_the_chain_changes() {
    let order = Some(vec![StageKind::Delay, StageKind::Queue, StageKind::Loss]);
    let settings = DirectionConfig {
        rate: Some(RATE),
        delay: Some(delay(10)),
        loss: Some(Loss::Frames(vec![1])),
        order,
        ..Default::default()
    };
    let mut bench = Bench::new(&settings);
    bench.enter(1, ms(0));
    bench.enter(2, ms(0));
    bench.line.set_stage(StageConfig::Mtu(1_500), ms(1));
    bench.line.remove_stage(StageKind::Queue, ms(2), &mut bench.frames);
    assert_eq!(bench.all(), [(ms(10), 2)], "both come to the loss behind, which takes the first");
}

#[test]
fn a_queue_limit_without_a_rate_sets_nothing() {
    let mut bench = Bench::new(&DirectionConfig::default());
    bench.line.set_stage(StageConfig::Queue(QueueLimit::Packets(0)), ms(0));
    bench.enter(1, ms(0));
    assert_eq!(bench.all(), [(ms(0), 1)]);
}

#[test]
fn the_queue_is_shown_as_it_changes() {
    #[derive(Default)]
    struct Lengths(Vec<(u32, u64)>);
    impl Recorder for Lengths {
        fn interest(&self) -> Interest {
            Interest::SERIES
        }
        fn record(&mut self, _: Instant, _: Component, event: &Event<'_>) {
            let Event::Link(LinkEvent::Queue { packets, bytes }) = event else { panic!("{event:?}") };
            self.0.push((*packets, *bytes));
        }
    }
    let mut bench = Bench::new(&DirectionConfig { rate: Some(RATE), ..Default::default() });
    bench.shared.set(Some(Box::new(Lengths::default())));
    (1..4).for_each(|octet| bench.enter(octet, ms(0)));
    bench.run(ms(5));
    let lengths = bench.shared.set(None).unwrap().downcast::<Lengths>().ok().unwrap();
    assert_eq!(lengths.0, [(1, 1_000), (2, 2_000), (1, 1_000), (0, 0), (0, 0)]);
}

/// A super-frame of so many segments of a hundred octets, its first octet that of its frame.
fn super_frame(segments: usize, checksum: Checksum) -> Frame {
    let payload: Vec<u8> = (0..segments * 100).map(|number| (number / 100) as u8).collect();
    let mut frame = Frame::with_payload(payload.into(), Meta::new(Cause::NewData, Trigger::Call));
    let header = frame.push_front::<20>();
    header.fill(0);
    header[12] = 0x50;
    let [source, destination] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
    let sum = pseudo_header(&source, &destination, 6, frame.len() as u32);
    let sum = if checksum == Checksum::Complete { frame.sum(sum).finish() } else { !sum.finish() };
    frame.head_mut()[16..18].copy_from_slice(&sum.to_be_bytes());
    let total = (frame.len() + 20) as u16;
    let header = frame.push_front::<20>();
    *header = [0x45, 0, 0, 0, 0, 1, 0, 0, 9, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    header[2..4].copy_from_slice(&total.to_be_bytes());
    ipv4::seal(header);
    frame.meta.checksum = checksum;
    frame.meta.medium = Medium::PointToPoint;
    frame.meta.segment_size = Some(100);
    frame.meta.id = FrameId { origin: NodeId(0), counter: 10 };
    frame
}

/// What comes out of a line into which a super-frame of five segments goes.
fn after(settings: &DirectionConfig, frame: Frame) -> (Vec<Frame>, LinkCounters) {
    let mut bench = Bench::new(settings);
    bench.line.enter(frame, ms(0), &mut bench.frames);
    let mut out = Vec::new();
    while let Some(now) = [bench.line.next_arrival(), bench.line.next_internal()].into_iter().flatten().min()
    {
        bench.line.handle_timeout(now, &mut bench.frames);
        out.extend(bench.line.arrive(now, &mut bench.frames));
    }
    assert_eq!(bench.frames.len(), 0, "no frame stays behind");
    (out, bench.line.counters())
}

const PARTIAL: Checksum = Checksum::Partial { start: 20, offset: 16 };

#[test]
fn a_super_frame_is_cut_before_the_first_stage() {
    let rate = Some(RATE);
    for checksum in [Checksum::Complete, PARTIAL] {
        let queue = Some(QueueLimit::Packets(2));
        let settings = DirectionConfig { mtu: Some(140), rate, queue, ..Default::default() };
        let (out, counters) = after(&settings, super_frame(5, checksum));
        // One is on the line and two wait: there is no room for more.
        let names: Vec<_> = out.iter().map(|frame| frame.meta.id.counter).collect();
        assert_eq!(names, [10, 11, 12]);
        assert!(out.iter().all(|frame| frame.meta.segment_size.is_none() && frame.len() == 140));
        assert!(out.iter().enumerate().all(|(index, frame)| frame.payload()[0] == index as u8));
        assert_eq!((counters.segmented, counters.frames_in, counters.bytes_in), (1, 5, 700));
        assert_eq!((counters.queue_full, counters.dropped_frames, counters.max_queue_packets), (2, 2, 2));
    }
}

#[test]
fn a_line_that_does_nothing_to_frames_carries_super_frames_whole() {
    let (out, counters) = after(&DirectionConfig::default(), super_frame(5, PARTIAL));
    assert_eq!((out.len(), out[0].len(), out[0].meta.segment_size), (1, 540, Some(100)));
    assert_eq!((counters.segmented, counters.frames_in, counters.delivered_frames), (0, 1, 1));
}

#[test]
fn a_super_frame_that_cannot_be_cut_is_dropped_and_counted() {
    let settings = DirectionConfig { delay: Some(delay(1)), ..Default::default() };
    let mut broken = super_frame(5, Checksum::Complete);
    broken.flip_bit(400);
    let arbitrary = Frame::from_wire(vec![7; 1_000].into(), broken.meta);
    for frame in [broken, arbitrary] {
        let octets = frame.len() as u64;
        let (out, counters) = after(&settings, frame);
        assert!(out.is_empty());
        assert_eq!((counters.frames_in, counters.bytes_in, counters.segmented), (1, octets, 0));
        assert_eq!((counters.malformed, counters.dropped_frames), (1, 1));
    }
}

#[test]
fn a_cut_line_loses_a_super_frame_whole() {
    let mut bench = Bench::new(&DirectionConfig { delay: Some(delay(1)), ..Default::default() });
    bench.line.cut(ms(0), &mut bench.frames);
    bench.line.enter(super_frame(5, PARTIAL), ms(0), &mut bench.frames);
    let counters = bench.line.counters();
    assert_eq!((counters.frames_in, counters.down, counters.segmented), (1, 1, 0));
}
