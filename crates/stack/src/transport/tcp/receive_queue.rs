//! What the peer has sent and the application has not read: octets in order, and ranges that wait for a gap to fill.
//!
//! Payloads are held as slices of the storage they came in; those shorter than a knob are copied together, so that
//! a thousand one-octet slices cannot hold a thousand buffers. The bound counts octets of storage.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::seq::{ORIGIN, Offset};

/// Storage taken at once for payloads that are copied together.
const COPY_CHUNK: usize = 2048;

/// A run of octets that came out of order.
#[derive(Clone, Debug)]
struct Range {
    start: Offset,
    end: Offset,
    pieces: VecDeque<Bytes>,
    /// Grows with each touch: SACK reports the latest ranges first.
    touched: u64,
}

/// What became of a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// All or part of it continues the stream; `filled` says that a range behind it joined.
    InOrder {
        /// Whether a gap was filled.
        filled: bool,
    },
    /// It waits for octets before it.
    OutOfOrder,
    /// Nothing of it was new.
    Duplicate,
    /// It would begin one range more than is allowed.
    Refused,
}

/// A receive queue. Offsets are those of sequence space.
#[derive(Clone, Debug)]
pub struct ReceiveQueue {
    ready: VecDeque<Bytes>,
    ready_length: usize,
    /// Short payloads at the end of `ready`, which later ones may join.
    tail: BytesMut,
    /// RCV.NXT.
    next: Offset,
    ranges: Vec<Range>,
    ranges_length: usize,
    touches: u64,
}

impl ReceiveQueue {
    /// Expects the octet behind the SYN.
    pub fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            ready_length: 0,
            tail: BytesMut::new(),
            next: ORIGIN + 1,
            ranges: Vec::new(),
            ranges_length: 0,
            touches: 0,
        }
    }

    /// RCV.NXT as far as data goes.
    pub const fn next(&self) -> Offset {
        self.next
    }

    /// Octets that can be read.
    pub const fn readable(&self) -> usize {
        self.ready_length
    }

    /// Octets held, in and out of order.
    #[cfg(test)]
    const fn held(&self) -> usize {
        self.ready_length + self.ranges_length
    }

    /// Whether anything waits for a gap to fill.
    pub const fn has_gaps(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// Takes in `payload`, whose first octet is at `start`. What is already there is cut off.
    #[inline]
    pub fn insert(
        &mut self,
        start: Offset,
        mut payload: Bytes,
        copy_below: usize,
        max_ranges: usize,
    ) -> Insertion {
        let end = start + payload.len() as u64;
        if end <= self.next {
            return Insertion::Duplicate;
        }
        if start > self.next {
            return self.insert_ahead(start, end, payload, max_ranges);
        }
        if start < self.next {
            payload = payload.slice((self.next - start) as usize..);
        }
        self.append(payload, copy_below);
        let filled = !self.ranges.is_empty() && self.join();
        Insertion::InOrder { filled }
    }

    /// Takes in a payload that continues the stream, where nothing waits for a gap to fill.
    #[expect(
        clippy::inline_always,
        reason = "the payload goes from the frame to the queue without a stop between"
    )]
    #[inline(always)]
    pub fn append(&mut self, payload: Bytes, copy_below: usize) {
        self.next += payload.len() as u64;
        self.ready_length += payload.len();
        if payload.len() >= copy_below {
            self.freeze_tail();
            self.ready.push_back(payload);
        } else {
            self.append_copy(&payload);
        }
    }

    #[cold]
    fn append_joined(&mut self, piece: Bytes) {
        self.append(piece, 0);
    }

    fn append_copy(&mut self, payload: &[u8]) {
        if self.tail.capacity() - self.tail.len() < payload.len() {
            self.freeze_tail();
            self.tail = BytesMut::with_capacity(COPY_CHUNK.max(payload.len()));
        }
        self.tail.put_slice(payload);
    }

    #[inline]
    fn freeze_tail(&mut self) {
        if !self.tail.is_empty() {
            self.freeze();
        }
    }

    #[cold]
    fn freeze(&mut self) {
        self.ready.push_back(self.tail.split().freeze());
    }

    /// Moves the ranges that the stream has reached behind it.
    fn join(&mut self) -> bool {
        let mut joined = false;
        while self.ranges.first().is_some_and(|range| range.start <= self.next) {
            let range = self.ranges.remove(0);
            self.ranges_length -= (range.end - range.start) as usize;
            let mut at = range.start;
            for piece in range.pieces {
                let piece_end = at + piece.len() as u64;
                if piece_end > self.next {
                    let skip = self.next.saturating_sub(at) as usize;
                    self.append_joined(piece.slice(skip..));
                }
                at = piece_end;
            }
            joined = true;
        }
        if self.ranges.is_empty() {
            self.ranges = Vec::new();
        }
        joined
    }

    fn insert_ahead(&mut self, start: Offset, end: Offset, payload: Bytes, max_ranges: usize) -> Insertion {
        self.touches += 1;
        let touched = self.touches;
        // The ranges that touch or overlap start..end.
        let first = self.ranges.partition_point(|range| range.end < start);
        let last = self.ranges.partition_point(|range| range.start <= end);
        if first == last {
            if self.ranges.len() >= max_ranges {
                return Insertion::Refused;
            }
            self.ranges_length += payload.len();
            let pieces = VecDeque::from([compact(payload)]);
            self.ranges.insert(first, Range { start, end, pieces, touched });
            return Insertion::OutOfOrder;
        }
        // The usual case: the next segment behind a hole.
        if last == first + 1 && self.ranges[first].end == start {
            self.ranges_length += payload.len();
            let range = &mut self.ranges[first];
            range.pieces.push_back(compact(payload));
            (range.end, range.touched) = (end, touched);
            return Insertion::OutOfOrder;
        }
        self.merge(first, last, start, end, &payload, touched)
    }

    /// Lays `payload` into the holes between the ranges `first..last` and makes one range of all.
    fn merge(
        &mut self,
        first: usize,
        last: usize,
        start: Offset,
        end: Offset,
        payload: &Bytes,
        touched: u64,
    ) -> Insertion {
        let mut merged =
            Range { start: start.min(self.ranges[first].start), end: 0, pieces: VecDeque::new(), touched };
        let mut at = start;
        let mut added = 0;
        let mut fill = |at: Offset, until: Offset, pieces: &mut VecDeque<Bytes>| {
            if at < until {
                pieces.push_back(compact(payload.slice((at - start) as usize..(until - start) as usize)));
                added += (until - at) as usize;
            }
        };
        for range in self.ranges.drain(first..last) {
            fill(at, range.start, &mut merged.pieces);
            at = at.max(range.end);
            merged.pieces.extend(range.pieces);
            merged.end = range.end;
        }
        fill(at, end, &mut merged.pieces);
        merged.end = merged.end.max(end);
        self.ranges.insert(first, merged);
        self.ranges_length += added;
        if added == 0 { Insertion::Duplicate } else { Insertion::OutOfOrder }
    }

    /// The ranges that wait, the most recently touched first (RFC 2018 §4), at most `most`.
    pub fn recent_ranges(&self, most: usize) -> impl Iterator<Item = (Offset, Offset)> {
        let mut latest = [None::<&Range>; super::options::MAX_SACK_BLOCKS];
        let most = most.min(latest.len());
        for range in &self.ranges {
            let mut candidate = Some(range);
            for place in &mut latest[..most] {
                if candidate.map(|range| range.touched) > place.map(|range| range.touched) {
                    core::mem::swap(place, &mut candidate);
                }
            }
        }
        latest.into_iter().take(most).flatten().map(|range| (range.start, range.end))
    }

    /// Copies out at most `buffer.len()` octets and forgets them.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.ready.is_empty() {
                self.freeze_tail();
            }
            let Some(front) = self.ready.front_mut() else { break };
            let now = front.len().min(buffer.len() - filled);
            buffer[filled..filled + now].copy_from_slice(&front[..now]);
            filled += now;
            if now < front.len() {
                front.advance(now);
            } else {
                self.ready.pop_front();
            }
        }
        self.ready_length -= filled;
        filled
    }

    /// The next slice of at most `most` octets; empty where there is none.
    pub fn read_bytes(&mut self, most: usize) -> Bytes {
        if self.ready.is_empty() {
            self.freeze_tail();
        }
        let Some(front) = self.ready.front_mut() else { return Bytes::new() };
        let octets = if front.len() <= most {
            self.ready.pop_front().unwrap_or_default()
        } else {
            front.split_to(most)
        };
        self.ready_length -= octets.len();
        octets
    }

    /// Copies out at most `buffer.len()` octets and leaves them.
    pub fn peek(&mut self, buffer: &mut [u8]) -> usize {
        self.freeze_tail();
        let mut filled = 0;
        for octets in &self.ready {
            let now = octets.len().min(buffer.len() - filled);
            buffer[filled..filled + now].copy_from_slice(&octets[..now]);
            filled += now;
        }
        filled
    }

    /// Gives the spare storage of an empty queue back.
    pub fn release(&mut self) {
        if self.ready_length == 0 {
            self.ready = VecDeque::new();
            self.tail = BytesMut::new();
        }
    }

    /// Forgets everything: nobody will read it.
    pub fn clear(&mut self) {
        *self = Self { next: self.next, touches: self.touches, ..Self::new() };
    }
}

/// A piece that is much smaller than the buffer it may be a slice of is copied out of it.
fn compact(piece: Bytes) -> Bytes {
    if piece.len() < 256 { Bytes::copy_from_slice(&piece) } else { piece }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Offset = ORIGIN + 1;

    fn stream(length: usize) -> Bytes {
        (0..length).map(|i| (i ^ (i >> 8)) as u8).collect()
    }

    proptest! {
        #[test]
        fn any_pieces_in_any_order_make_the_stream(
            pieces in proptest::collection::vec((0_usize..2000, 1_usize..600), 1..60), copy_below in 0_usize..300,
        ) {
            let data = stream(3000);
            let mut queue = ReceiveQueue::new();
            let mut have = vec![false; data.len()];
            let mut read = Vec::new();
            for (index, (from, length)) in pieces.into_iter().enumerate() {
                let piece = data.slice(from..from + length);
                let new = have[from..from + length].iter().any(|have| !have);
                let insertion = queue.insert(START + from as u64, piece, copy_below, 1000);
                prop_assert_eq!(insertion == Insertion::Duplicate, !new);
                have[from..from + length].fill(true);
                let next = have.iter().position(|have| !have).unwrap_or(data.len());
                prop_assert_eq!(queue.next(), START + next as u64);
                prop_assert_eq!(queue.held() + read.len(), have.iter().filter(|have| **have).count());
                if index % 3 == 0 {
                    let mut buffer = vec![0; 100];
                    let peeked = queue.peek(&mut buffer.clone());
                    let length = queue.read(&mut buffer);
                    prop_assert_eq!(peeked, length);
                    read.extend_from_slice(&buffer[..length]);
                }
                for (start, end) in queue.recent_ranges(4) {
                    let (start, end) = ((start - START) as usize, (end - START) as usize);
                    prop_assert!(start > next && have[start..end].iter().all(|have| *have));
                    prop_assert!(!have[start - 1] && !have[end]);
                }
            }
            let mut rest = vec![0; 4000];
            let length = queue.read(&mut rest);
            read.extend_from_slice(&rest[..length]);
            prop_assert_eq!(&read[..], &data[..read.len()]);
        }
    }

    #[test]
    fn the_latest_range_is_reported_first_and_at_most_four() {
        let mut queue = ReceiveQueue::new();
        for from in [10, 20, 30, 40, 50, 20] {
            queue.insert(START + from, stream(5), 0, 10);
            queue.insert(START + from + 5, stream(1), 0, 10);
        }
        let starts: Vec<u64> = queue.recent_ranges(4).map(|(start, _)| start - START).collect();
        assert_eq!(starts, [20, 50, 40, 30]);
        assert_eq!(queue.recent_ranges(1).count(), 1);
    }

    #[test]
    fn a_range_more_than_allowed_is_refused_and_touching_ones_are_not() {
        let mut queue = ReceiveQueue::new();
        assert_eq!(queue.insert(START + 10, stream(5), 0, 2), Insertion::OutOfOrder);
        assert_eq!(queue.insert(START + 20, stream(5), 0, 2), Insertion::OutOfOrder);
        assert_eq!(queue.insert(START + 30, stream(5), 0, 2), Insertion::Refused);
        assert_eq!(queue.insert(START + 15, stream(5), 0, 2), Insertion::OutOfOrder);
        assert_eq!(queue.insert(START + 30, stream(5), 0, 2), Insertion::OutOfOrder);
        assert_eq!(queue.insert(START, stream(10), 0, 2), Insertion::InOrder { filled: true });
        assert_eq!(queue.next(), START + 25);
    }

    #[test]
    fn short_payloads_are_held_together() {
        let mut queue = ReceiveQueue::new();
        for index in 0..1000 {
            queue.insert(START + index, stream(1), 256, 10);
        }
        assert_eq!((queue.readable(), queue.ready.len()), (1000, 0));
    }

    #[test]
    fn no_piece_is_empty() {
        let data = stream(1000);
        let mut queue = ReceiveQueue::new();
        queue.insert(START + 100, data.slice(100..200), 0, 10);
        // As far as the range reaches, and no further.
        queue.insert(START, data.slice(..200), 0, 10);
        assert_eq!((queue.ready.len(), queue.readable()), (1, 200));
        queue.insert(START + 300, data.slice(300..400), 0, 10);
        queue.insert(START + 500, data.slice(500..600), 0, 10);
        queue.insert(START + 300, data.slice(300..600), 0, 10);
        assert!(queue.ranges.iter().all(|range| range.pieces.iter().all(|piece| !piece.is_empty())));
    }

    #[test]
    fn small_pieces_do_not_hold_the_storage_they_came_in() {
        let frame = stream(2000);
        let mut queue = ReceiveQueue::new();
        for (at, length, shared) in [(100, 10, false), (200, 255, false), (600, 256, true), (1000, 500, true)]
        {
            queue.insert(START + at, frame.slice(at as usize..at as usize + length), 0, 10);
            let piece = queue.ranges.last().and_then(|range| range.pieces.back()).unwrap();
            assert_eq!(piece.as_ptr() == frame[at as usize..].as_ptr(), shared, "{length} octets");
        }
    }

    #[test]
    fn what_is_cleared_goes_on_where_it_was() {
        let data = stream(1000);
        let mut queue = ReceiveQueue::new();
        queue.insert(START, data.slice(..100), 0, 10);
        queue.insert(START + 200, data.slice(200..300), 0, 10);
        queue.clear();
        assert_eq!((queue.next(), queue.held(), queue.has_gaps()), (START + 100, 0, false));
    }

    #[test]
    fn an_empty_queue_gives_its_storage_back() {
        let mut queue = ReceiveQueue::new();
        queue.insert(START, stream(10), 256, 10);
        queue.release();
        assert_eq!(queue.readable(), 10);
        queue.read(&mut [0; 20]);
        queue.insert(START + 10, stream(300), 256, 10);
        queue.read(&mut [0; 300]);
        queue.release();
        assert_eq!((queue.ready.capacity(), queue.tail.capacity()), (0, 0));
    }
}
