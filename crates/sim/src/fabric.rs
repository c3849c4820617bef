//! All links of a world, the frames in them, and what happens next to them.

use core::cmp::Ordering;

use wirelab_stack::frame::{Frame, InterfaceId, NodeId};
use wirelab_stack::time::Instant;
use wirelab_stack::timers::Timers;

use crate::component::{Direction, LinkId};
use crate::link::{Line, LinkCounters, StageConfig, StageKind};
use crate::slab::FrameSlab;

/// All links of a world.
#[derive(Debug, Default)]
pub(crate) struct Fabric {
    frames: FrameSlab,
    /// Two a link, forward first.
    lines: Vec<Line>,
    /// Each line's rank in the order of arrivals: by receiving node, then by sending port. With the order within
    /// a line, which is that of the sender's own counter, this is the order of events: it depends on nothing but
    /// who sends to whom.
    ranks: Vec<u32>,
    /// The lines by rank.
    by_rank: Vec<u32>,
    /// When each line's next frame arrives, by rank.
    arrivals: Timers,
    /// When something happens inside of a line, by line.
    internals: Timers,
}

/// A line of a world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LineId(u32);

impl LineId {
    pub(crate) const fn of(link: LinkId, direction: Direction) -> Self {
        Self(link.0 * 2 + direction.index() as u32)
    }
}

impl Fabric {
    /// Adds a link.
    pub(crate) fn add(&mut self, [forward, backward]: [Line; 2]) -> LinkId {
        let link = LinkId(self.lines.len() as u32 / 2);
        self.lines.extend([forward, backward]);
        link
    }

    /// How many links there are.
    pub(crate) fn links(&self) -> u32 {
        self.lines.len() as u32 / 2
    }

    /// How many frames are under way.
    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The interface that sends into the line.
    pub(crate) fn sender(&self, line: LineId) -> (NodeId, InterfaceId) {
        self.lines[line.0 as usize].from
    }

    pub(crate) fn counters(&self, line: LineId) -> LinkCounters {
        self.lines[line.0 as usize].counters()
    }

    pub(crate) fn queue(&self, line: LineId) -> (u32, u64) {
        self.lines[line.0 as usize].queue()
    }

    /// A node gives a frame to a line.
    pub(crate) fn enter(&mut self, line: LineId, frame: Frame, now: Instant) {
        self.lines[line.0 as usize].enter(frame, now, &mut self.frames);
        self.arm(line.0);
    }

    /// When something happens inside of a link next.
    pub(crate) fn next_internal(&self) -> Option<Instant> {
        self.internals.next()
    }

    /// Does all that happens inside of links at `now`; answers how many frames moved.
    pub(crate) fn handle_internals(&mut self, now: Instant) -> u64 {
        let mut moved = 0;
        while let Some(line) = self.internals.pop_due(now) {
            moved += self.lines[line as usize].handle_timeout(now, &mut self.frames);
            self.arm(line);
        }
        moved
    }

    /// The next arrival: when, and at which node.
    pub(crate) fn next_arrival(&self) -> Option<(Instant, NodeId)> {
        let (at, rank) = self.arrivals.first()?;
        Some((at, self.lines[self.by_rank[rank as usize] as usize].to.0))
    }

    /// The next frame that arrives at `node` at `now`, and by which interface.
    pub(crate) fn arrive(&mut self, node: NodeId, now: Instant) -> Option<(InterfaceId, Frame)> {
        let (at, rank) = self.arrivals.first()?;
        if at > now {
            return None;
        }
        let line = &mut self.lines[self.by_rank[rank as usize] as usize];
        if line.to.0 != node {
            return None;
        }
        let on = line.to.1;
        let frame = line.arrive(now, &mut self.frames)?;
        self.arrivals.set(rank, line.next_arrival().unwrap_or(Instant::FAR_FUTURE));
        Some((on, frame))
    }

    pub(crate) fn cut(&mut self, line: LineId, now: Instant) {
        self.lines[line.0 as usize].cut(now, &mut self.frames);
        self.arm(line.0);
    }

    pub(crate) fn restore(&mut self, line: LineId, now: Instant) {
        self.lines[line.0 as usize].restore(now);
    }

    pub(crate) fn set_stage(&mut self, line: LineId, stage: StageConfig, now: Instant) {
        self.lines[line.0 as usize].set_stage(stage, now);
        self.arm(line.0);
    }

    pub(crate) fn remove_stage(&mut self, line: LineId, stage: StageKind, now: Instant) {
        self.lines[line.0 as usize].remove_stage(stage, now, &mut self.frames);
        self.arm(line.0);
    }

    /// Sets a line's alarms. Links that were added are ranked when something first happens on any: until then nothing
    /// moves on them, and among the others the old order holds.
    fn arm(&mut self, id: u32) {
        if self.ranks.len() < self.lines.len() {
            self.rank();
        }
        let line = &self.lines[id as usize];
        let never = Instant::FAR_FUTURE;
        self.arrivals.set(self.ranks[id as usize], line.next_arrival().unwrap_or(never));
        self.internals.set(id, line.next_internal().unwrap_or(never));
    }

    /// Ranks the lines anew: there are more of them.
    fn rank(&mut self) {
        let order = |a: &u32, b: &u32| -> Ordering {
            let (a, b) = (&self.lines[*a as usize], &self.lines[*b as usize]);
            (a.to.0, a.from).cmp(&(b.to.0, b.from))
        };
        let mut by_rank: Vec<u32> = (0..self.lines.len() as u32).collect();
        by_rank.sort_by(order);
        self.by_rank = by_rank;
        self.ranks = vec![0; self.lines.len()];
        for (rank, line) in self.by_rank.iter().enumerate() {
            self.ranks[*line as usize] = rank as u32;
        }
        self.arrivals = Timers::new();
        (0..self.lines.len() as u32).for_each(|line| self.arm(line));
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use wirelab_stack::frame::Meta;
    use wirelab_stack::time::Duration;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;
    use crate::component::Component;
    use crate::link::{Delay, DirectionConfig, LineConfig};
    use crate::recorder::{Shared, Watch};

    fn line(from: u32, to: u32, millis: u64) -> Line {
        let delay = Some(Delay { base: Duration::from_millis(millis), jitter: None });
        let watch = Watch::new(&Rc::new(Shared::default()), Component::Host(NodeId(0)));
        Line::new(LineConfig {
            settings: &DirectionConfig { delay, ..Default::default() },
            direction: Direction::Forward,
            seed: 1,
            name: "test".into(),
            from: (NodeId(from), InterfaceId(0)),
            to: (NodeId(to), InterfaceId(from as u16)),
            watch,
        })
        .unwrap()
    }

    fn frame(octet: u8) -> Frame {
        Frame::from_wire(vec![octet].into(), Meta::new(Cause::Raw, Trigger::Call))
    }

    #[test]
    fn simultaneous_arrivals_come_by_receiver_then_sender_then_counter() {
        let mut fabric = Fabric::default();
        // Links are added in another order than that of their ends, and frames sent in yet another.
        let from_two = LineId::of(fabric.add([line(2, 3, 1), line(3, 2, 1)]), Direction::Forward);
        let from_one = LineId::of(fabric.add([line(1, 3, 1), line(3, 1, 1)]), Direction::Forward);
        let to_one = LineId::of(LinkId(1), Direction::Backward);
        for (line, octet) in [(from_two, 4), (from_one, 2), (to_one, 1), (from_one, 3), (from_two, 5)] {
            fabric.enter(line, frame(octet), Instant::ZERO);
        }
        let now = Instant::from_millis(1);
        let mut order = Vec::new();
        while let Some((at, node)) = fabric.next_arrival() {
            assert_eq!(at, now);
            while let Some((on, frame)) = fabric.arrive(node, now) {
                order.push((node.0, on.0, frame.to_vec()[0]));
            }
        }
        assert_eq!(order, [(1, 3, 1), (3, 1, 2), (3, 1, 3), (3, 2, 4), (3, 2, 5)]);
        assert_eq!(fabric.frames(), 0);
    }

    #[test]
    fn a_cut_leaves_nothing_under_way() {
        let mut fabric = Fabric::default();
        let line = LineId::of(fabric.add([line(0, 1, 5), line(1, 0, 5)]), Direction::Forward);
        fabric.enter(line, frame(1), Instant::ZERO);
        fabric.cut(line, Instant::from_millis(1));
        fabric.enter(line, frame(2), Instant::from_millis(2));
        assert_eq!((fabric.frames(), fabric.next_arrival()), (0, None));
        fabric.restore(line, Instant::from_millis(3));
        fabric.enter(line, frame(3), Instant::from_millis(3));
        assert_eq!(fabric.next_arrival(), Some((Instant::from_millis(8), NodeId(1))));
        let counters = fabric.counters(line);
        assert_eq!((counters.down, counters.dropped_frames, counters.frames_in), (2, 2, 3));
    }
}
