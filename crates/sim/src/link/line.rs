//! One direction of a link: its stages, and the frames in it.
//!
//! A frame walks the chain of stages until one drops it, until it waits for the line, or until it is under way to
//! the other end. Delays are added up on the walk, so that a hop costs at most two events: a frame leaves the line,
//! and a frame arrives.

use std::collections::VecDeque;

use wirelab_stack::frame::{Frame, InterfaceId, NodeId};
use wirelab_stack::network::segmentation;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{DropReason, Event, Interest, LinkEvent, Place};

use super::config::{DirectionConfig, LinkError, StageConfig, StageKind};
use super::counters::LinkCounters;
use super::queue::Offered;
use super::stage::{Stage, Streams};
use crate::component::Direction;
use crate::recorder::Watch;
use crate::slab::{FrameKey, FrameSlab};

/// The most frames that may be under way in one direction, besides those in its queue: what bounds a link with a
/// delay but without a rate.
const MOST_UNDER_WAY: usize = 1 << 20;

/// The place that a frame is dropped at when its link is cut.
const CUT: &str = "cut";

/// A frame that is somewhere until a certain time.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    at: Instant,
    frame: FrameKey,
}

/// One direction of a link.
#[derive(Debug)]
pub(crate) struct Line {
    stages: Vec<Stage>,
    order: Option<Vec<StageKind>>,
    streams: Streams,
    up: bool,
    /// Whether nobody may overtake: there is no `reorder` stage.
    keeps_order: bool,
    /// Frames on their way to the other end, in the order in which they arrive.
    under_way: VecDeque<UnderWay>,
    /// Frames that were delayed before the queue, in the order in which they come to it: only where an explicit
    /// order has the queue behind.
    before_queue: VecDeque<UnderWay>,
    /// The stage at which those go on.
    queue_place: usize,
    counters: LinkCounters,
    watch: Watch,
    /// Who receives.
    pub(crate) to: (NodeId, InterfaceId),
    /// Who sends.
    pub(crate) from: (NodeId, InterfaceId),
}

/// Where a direction leads, and under which name.
pub(crate) struct LineConfig<'a> {
    pub(crate) settings: &'a DirectionConfig,
    pub(crate) direction: Direction,
    pub(crate) seed: u64,
    pub(crate) name: String,
    pub(crate) from: (NodeId, InterfaceId),
    pub(crate) to: (NodeId, InterfaceId),
    pub(crate) watch: Watch,
}

impl Line {
    pub(crate) fn new(config: LineConfig<'_>) -> Result<Self, LinkError> {
        let LineConfig { settings, direction, seed, name, from, to, watch } = config;
        let streams = Streams { seed, name };
        let mut line = Self {
            stages: Stage::chain(settings, direction, &streams)?,
            order: settings.order.clone(),
            streams,
            up: true,
            keeps_order: true,
            under_way: VecDeque::new(),
            before_queue: VecDeque::new(),
            queue_place: 0,
            counters: LinkCounters::default(),
            watch,
            to,
            from,
        };
        line.find_places();
        Ok(line)
    }

    pub(crate) const fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// When the next frame arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.front().map(|frame| frame.at)
    }

    /// When something happens inside of the link.
    pub(crate) fn next_internal(&self) -> Option<Instant> {
        let departure = match self.stages.get(self.queue_place) {
            Some(Stage::Queue(queue)) => queue.next_departure(),
            _ => None,
        };
        let before = self.before_queue.front().map(|frame| frame.at);
        match (departure, before) {
            (Some(departure), Some(before)) => Some(departure.min(before)),
            (departure, before) => departure.or(before),
        }
    }

    /// A host gives a frame to the link.
    pub(crate) fn enter(&mut self, frame: Frame, now: Instant, frames: &mut FrameSlab) {
        if frame.meta.segment_size.is_some() && self.up && !self.stages.is_empty() {
            self.enter_cut(frame, now, frames);
        } else {
            self.enter_whole(frame, now, frames);
        }
    }

    /// A host gives a super-frame to a link that does anything to frames. It does so to each segment: a queue of a hundred
    /// packets would hold megabytes, and one loss be that of many.
    #[cold]
    fn enter_cut(&mut self, frame: Frame, now: Instant, frames: &mut FrameSlab) {
        let (id, octets) = (frame.meta.id, frame.len() as u64);
        match segmentation::cut_frame(frame) {
            Ok(segments) => {
                self.counters.segmented += 1;
                let count = segments.len() as u32;
                self.watch.observe(now, Interest::LINKS, || {
                    Event::Link(LinkEvent::Segmented { id, segments: count })
                });
                segments.for_each(|segment| self.enter_whole(segment, now, frames));
            }
            Err(reason) => {
                self.counters.frames_in += 1;
                self.counters.bytes_in += octets;
                self.count_dropped(reason);
                let place = Place::Link("segmentation");
                self.watch.observe(now, Interest::FRAMES, || Event::FrameDropped { id, place, reason });
            }
        }
    }

    fn enter_whole(&mut self, frame: Frame, now: Instant, frames: &mut FrameSlab) {
        self.counters.frames_in += 1;
        self.counters.bytes_in += frame.len() as u64;
        let frame = frames.insert(frame);
        if self.up {
            self.walk(0, frame, now, now, frames);
        } else {
            self.discard(frame, CUT, DropReason::LinkDown, now, frames);
        }
    }

    /// The frame that arrives at `now`, if one does.
    pub(crate) fn arrive(&mut self, now: Instant, frames: &mut FrameSlab) -> Option<Frame> {
        let frame = self.under_way.pop_front_if(|frame| frame.at <= now)?;
        let frame = frames.remove(frame.frame);
        self.counters.delivered_frames += 1;
        self.counters.delivered_bytes += frame.len() as u64;
        Some(frame)
    }

    /// Does what is due inside of the link at `now`; answers how many frames moved.
    pub(crate) fn handle_timeout(&mut self, now: Instant, frames: &mut FrameSlab) -> u64 {
        let mut moved = 0;
        // A departure makes room before whoever comes at the same instant is turned away.
        while let Some(Stage::Queue(queue)) = self.stages.get_mut(self.queue_place) {
            let Some(frame) = queue.depart(now) else { break };
            self.show_queue(now);
            self.walk(self.queue_place + 1, frame, now, now, frames);
            moved += 1;
        }
        while let Some(frame) = self.before_queue.pop_front_if(|frame| frame.at <= now) {
            self.walk(self.queue_place, frame.frame, now, now, frames);
            moved += 1;
        }
        moved
    }

    /// Walks the chain from stage `from` on. `at` is when the frame leaves the stages behind it.
    fn walk(&mut self, from: usize, frame: FrameKey, mut at: Instant, now: Instant, frames: &mut FrameSlab) {
        let mut copy = None;
        let passed = 'stages: {
            for place in from..self.stages.len() {
                match &mut self.stages[place] {
                    Stage::Mtu(mtu) => {
                        if !mtu.passes(frames.get(frame)) {
                            self.discard(frame, "mtu", DropReason::LinkMtu, now, frames);
                            break 'stages false;
                        }
                    }
                    Stage::Queue(_) => {
                        self.come_to_queue(frame, at, now, frames);
                        break 'stages false;
                    }
                    Stage::Loss(loss) => {
                        if loss.loses() {
                            self.discard(frame, "loss", DropReason::LinkLoss, now, frames);
                            break 'stages false;
                        }
                    }
                    Stage::Corrupt(corrupt) => {
                        if let Some(bits) = corrupt.act(frames.get_mut(frame)) {
                            self.counters.corrupted += 1;
                            self.show(now, frame, frames, |id| LinkEvent::Corrupted { id, bits });
                        }
                    }
                    Stage::Duplicate(duplicate) => {
                        if duplicate.duplicates() {
                            self.counters.duplicated += 1;
                            self.show(now, frame, frames, |id| LinkEvent::Duplicated { id });
                            let second = frames.get(frame).clone();
                            copy = Some((place + 1, frames.insert(second), at));
                        }
                    }
                    Stage::Delay(delay) => at = delay.leaves(at, self.keeps_order),
                    Stage::Reorder(reorder) => {
                        if let Some(by) = reorder.holds_back() {
                            at += by;
                            self.counters.reordered += 1;
                            self.show(now, frame, frames, |id| LinkEvent::Reordered { id });
                        }
                    }
                }
            }
            true
        };
        if passed {
            self.set_out(frame, at, now, frames);
        }
        if let Some((place, frame, at)) = copy {
            // There is one such stage at most, so this goes no deeper.
            self.walk(place, frame, at, now, frames);
        }
    }

    fn come_to_queue(&mut self, frame: FrameKey, at: Instant, now: Instant, frames: &mut FrameSlab) {
        if at > now {
            if self.before_queue.len() >= MOST_UNDER_WAY {
                return self.discard(frame, "delay", DropReason::LinkQueueFull, now, frames);
            }
            return insert(&mut self.before_queue, UnderWay { at, frame });
        }
        let Some(Stage::Queue(queue)) = self.stages.get_mut(self.queue_place) else {
            unreachable!("the queue's place is found again after every change")
        };
        match queue.offer(frame, frames.get(frame).len() as u32, now) {
            Offered::OnLine => {}
            Offered::Waits => {
                let (packets, bytes) = queue.length();
                self.counters.max_queue_packets = self.counters.max_queue_packets.max(u64::from(packets));
                self.counters.max_queue_bytes = self.counters.max_queue_bytes.max(bytes);
                self.show_queue(now);
            }
            Offered::Full => self.discard(frame, "queue", DropReason::LinkQueueFull, now, frames),
        }
    }

    /// The frame is under way until `at`.
    fn set_out(&mut self, frame: FrameKey, at: Instant, now: Instant, frames: &mut FrameSlab) {
        if self.under_way.len() >= MOST_UNDER_WAY {
            return self.discard(frame, "delay", DropReason::LinkQueueFull, now, frames);
        }
        insert(&mut self.under_way, UnderWay { at, frame });
    }

    fn discard(
        &mut self,
        frame: FrameKey,
        place: &'static str,
        reason: DropReason,
        now: Instant,
        frames: &mut FrameSlab,
    ) {
        self.count_dropped(reason);
        let id = frames.remove(frame).meta.id;
        let place = Place::Link(place);
        self.watch.observe(now, Interest::FRAMES, || Event::FrameDropped { id, place, reason });
    }

    const fn count_dropped(&mut self, reason: DropReason) {
        self.counters.dropped_frames += 1;
        match reason {
            DropReason::LinkLoss => self.counters.lost += 1,
            DropReason::LinkMtu => self.counters.over_mtu += 1,
            DropReason::LinkDown => self.counters.down += 1,
            DropReason::SuperFrameMalformed => self.counters.malformed += 1,
            _ => self.counters.queue_full += 1,
        }
    }

    /// Cuts the direction: everything in it is lost.
    pub(crate) fn cut(&mut self, now: Instant, frames: &mut FrameSlab) {
        if !core::mem::replace(&mut self.up, false) {
            return;
        }
        self.watch.observe(now, Interest::LINKS, || Event::Link(LinkEvent::Down));
        let mut lost: Vec<FrameKey> = self.under_way.drain(..).map(|frame| frame.frame).collect();
        if let Some(Stage::Queue(queue)) = self.stages.get_mut(self.queue_place) {
            lost.extend(queue.clear());
        }
        lost.extend(self.before_queue.drain(..).map(|frame| frame.frame));
        for frame in lost {
            self.discard(frame, CUT, DropReason::LinkDown, now, frames);
        }
        self.show_queue(now);
    }

    /// Restores the direction.
    pub(crate) fn restore(&mut self, now: Instant) {
        if !core::mem::replace(&mut self.up, true) {
            self.watch.observe(now, Interest::LINKS, || Event::Link(LinkEvent::Up));
        }
    }

    /// Sets what a stage does; adds it where it is not there.
    pub(crate) fn set_stage(&mut self, config: StageConfig, now: Instant) {
        let kind = config.kind();
        if let Some(stage) = self.stages.iter_mut().find(|stage| stage.kind() == kind) {
            stage.set(config);
        } else if let Some(stage) = Stage::new(config, &self.streams) {
            // Before the first that comes later in the explicit order, or in the canonical one.
            let order = self.order.as_deref().filter(|order| order.contains(&kind));
            let order = order.unwrap_or(&StageKind::CANONICAL);
            let rank = |kind| order.iter().position(|other| *other == kind);
            let place = self.stages.iter().position(|other| rank(other.kind()) > rank(kind));
            let place = place.unwrap_or(self.stages.len());
            if place <= self.queue_place {
                self.queue_place += 1;
            }
            self.stages.insert(place, stage);
            self.find_places();
        } else {
            return;
        }
        self.show_change(kind, now);
    }

    /// Takes a stage out. Frames that waited in a queue go on at once.
    pub(crate) fn remove_stage(&mut self, kind: StageKind, now: Instant, frames: &mut FrameSlab) {
        let Some(place) = self.stages.iter().position(|stage| stage.kind() == kind) else { return };
        let stage = self.stages.remove(place);
        if place < self.queue_place {
            self.queue_place -= 1;
        }
        self.find_places();
        self.show_change(kind, now);
        if let Stage::Queue(mut queue) = stage {
            for frame in queue.clear() {
                self.walk(place, frame, now, now, frames);
            }
            self.show_queue(now);
        }
    }

    /// After the chain has changed. Without a queue its place stays where it was: frames may still come to it.
    fn find_places(&mut self) {
        self.keeps_order = !self.stages.iter().any(|stage| stage.kind() == StageKind::Reorder);
        if let Some(place) = self.stages.iter().position(|stage| stage.kind() == StageKind::Queue) {
            self.queue_place = place;
        }
    }

    fn show(
        &self,
        now: Instant,
        frame: FrameKey,
        frames: &FrameSlab,
        event: impl FnOnce(wirelab_stack::frame::FrameId) -> LinkEvent,
    ) {
        self.watch.observe(now, Interest::LINKS, || Event::Link(event(frames.get(frame).meta.id)));
    }

    fn show_change(&self, kind: StageKind, now: Instant) {
        let stage = kind.name();
        self.watch.observe(now, Interest::LINKS, || Event::Link(LinkEvent::Changed { stage }));
    }

    /// Frames and octets that wait for the line.
    pub(crate) fn queue(&self) -> (u32, u64) {
        match self.stages.get(self.queue_place) {
            Some(Stage::Queue(queue)) => queue.length(),
            _ => (0, 0),
        }
    }

    fn show_queue(&self, now: Instant) {
        self.watch.observe(now, Interest::SERIES, || {
            let (packets, bytes) = self.queue();
            Event::Link(LinkEvent::Queue { packets, bytes })
        });
    }
}

/// Puts a frame behind all that are due no later: mostly at the end.
fn insert(frames: &mut VecDeque<UnderWay>, frame: UnderWay) {
    if frames.back().is_none_or(|last| last.at <= frame.at) {
        frames.push_back(frame);
    } else {
        frames.insert(frames.partition_point(|other| other.at <= frame.at), frame);
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
