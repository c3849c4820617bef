//! The `queue` stage with its `rate`: frames wait for the line, first come first served, and take their time on it.

use std::collections::VecDeque;

use wirelab_stack::time::Instant;

use super::config::{QueueLimit, Rate};
use crate::slab::FrameKey;

/// What became of a frame that came to the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Offered {
    /// It is on the line.
    OnLine,
    /// It waits.
    Waits,
    /// There was no room.
    Full,
}

/// A line and those who wait for it.
#[derive(Debug)]
pub(super) struct Queue {
    rate: Rate,
    limit: QueueLimit,
    on_line: Option<(FrameKey, Instant)>,
    waiting: VecDeque<(FrameKey, u32)>,
    bytes: u64,
}

impl Queue {
    pub(super) const fn new(rate: Rate, limit: QueueLimit) -> Self {
        Self { rate, limit, on_line: None, waiting: VecDeque::new(), bytes: 0 }
    }

    /// The frame on the line keeps its time.
    pub(super) const fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// Who waits stays, however many they are.
    pub(super) const fn set_limit(&mut self, limit: QueueLimit) {
        self.limit = limit;
    }

    /// When the frame on the line leaves.
    pub(super) fn next_departure(&self) -> Option<Instant> {
        self.on_line.map(|(_, at)| at)
    }

    /// Frames and octets that wait.
    pub(super) fn length(&self) -> (u32, u64) {
        (self.waiting.len() as u32, self.bytes)
    }

    /// A frame of `octets` comes.
    pub(super) fn offer(&mut self, frame: FrameKey, octets: u32, now: Instant) -> Offered {
        if self.on_line.is_none() {
            self.on_line = Some((frame, now + self.rate.time_for(u64::from(octets))));
            return Offered::OnLine;
        }
        let room = match self.limit {
            QueueLimit::Packets(packets) => self.waiting.len() < packets as usize,
            QueueLimit::Bytes(bytes) => self.bytes + u64::from(octets) <= bytes,
        };
        if !room {
            return Offered::Full;
        }
        self.waiting.push_back((frame, octets));
        self.bytes += u64::from(octets);
        Offered::Waits
    }

    /// The frame that leaves the line at `now`, if one does; the next one follows at once.
    pub(super) fn depart(&mut self, now: Instant) -> Option<FrameKey> {
        let (frame, at) = self.on_line.filter(|(_, at)| *at <= now)?;
        self.on_line = self.waiting.pop_front().map(|(next, octets)| {
            self.bytes -= u64::from(octets);
            (next, at + self.rate.time_for(u64::from(octets)))
        });
        Some(frame)
    }

    /// All frames, in order: the queue is taken away or the link was cut.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = FrameKey> {
        self.bytes = 0;
        let on_line = self.on_line.take().map(|(frame, _)| frame);
        on_line.into_iter().chain(core::mem::take(&mut self.waiting).into_iter().map(|(frame, _)| frame))
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::{Frame, Meta};
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;
    use crate::slab::FrameSlab;

    fn keys<const N: usize>() -> [FrameKey; N] {
        let mut slab = FrameSlab::default();
        let frame = || Frame::from_wire(vec![].into(), Meta::new(Cause::Raw, Trigger::Call));
        [(); N].map(|()| slab.insert(frame()))
    }

    const fn ms(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn frames_follow_each_other_at_the_rate() {
        // A thousand octets at 8 Mbit/s: one millisecond.
        let mut queue = Queue::new(Rate::mbit(8), QueueLimit::Packets(2));
        let [a, b, c, d] = keys();
        assert_eq!(queue.offer(a, 1_000, ms(0)), Offered::OnLine);
        assert_eq!(queue.offer(b, 1_000, ms(0)), Offered::Waits);
        assert_eq!(queue.offer(c, 2_000, ms(0)), Offered::Waits);
        assert_eq!(queue.offer(d, 1_000, ms(0)), Offered::Full);
        assert_eq!(queue.length(), (2, 3_000));
        assert_eq!(queue.depart(Instant::from_micros(999)), None);
        assert_eq!(queue.depart(ms(1)), Some(a));
        assert_eq!(queue.next_departure(), Some(ms(2)));
        assert_eq!(queue.depart(ms(2)), Some(b));
        assert_eq!(queue.next_departure(), Some(ms(4)));
        assert_eq!(queue.depart(ms(4)), Some(c));
        assert_eq!((queue.next_departure(), queue.length()), (None, (0, 0)));
    }

    #[test]
    fn a_limit_in_octets_counts_what_waits() {
        let mut queue = Queue::new(Rate::mbit(8), QueueLimit::Bytes(1_500));
        let [a, b, c, d] = keys();
        assert_eq!(queue.offer(a, 9_000, ms(0)), Offered::OnLine, "the one on the line is not counted");
        assert_eq!(queue.offer(b, 1_000, ms(0)), Offered::Waits);
        assert_eq!(queue.offer(c, 501, ms(0)), Offered::Full);
        assert_eq!(queue.offer(d, 500, ms(0)), Offered::Waits);
    }

    #[test]
    fn a_new_rate_begins_with_the_next_frame() {
        let mut queue = Queue::new(Rate::mbit(8), QueueLimit::default());
        let [a, b] = keys();
        queue.offer(a, 1_000, ms(0));
        queue.offer(b, 1_000, ms(0));
        queue.set_rate(Rate::mbit(80));
        assert_eq!(queue.next_departure(), Some(ms(1)));
        queue.depart(ms(1));
        assert_eq!(queue.next_departure(), Some(Instant::from_micros(1_100)));
    }

    #[test]
    fn clearing_gives_all_frames_in_order() {
        let mut queue = Queue::new(Rate::mbit(8), QueueLimit::default());
        let all: [_; 3] = keys();
        for key in all {
            queue.offer(key, 10, ms(0));
        }
        assert_eq!(queue.clear().collect::<Vec<_>>(), all);
        assert_eq!((queue.next_departure(), queue.length()), (None, (0, 0)));
    }
}
