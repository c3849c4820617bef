//! What the application has sent and the peer has not acknowledged: frozen chunks of reference-counted storage.
//!
//! Octets enter once. Segments, retransmissions and simulated links hold slices of the chunks; a segment is copied
//! only where it lies across the border of two.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use super::seq::{ORIGIN, Offset};

/// The least storage taken at once for small writes.
const SMALL_CHUNK: usize = 512;
/// The most storage taken at once, rounded down to whole segments so that these do not lie across borders.
const LARGE_CHUNK: usize = 64 * 1024;

#[derive(Clone, Debug)]
struct Chunk {
    start: Offset,
    octets: Bytes,
}

/// A send queue. Offsets are those of sequence space: the first octet has `ORIGIN + 1`.
#[derive(Clone, Debug)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Written and not yet frozen: small writes collect here until something is sent of them.
    tail: BytesMut,
    /// The first octet held.
    start: Offset,
    /// One past the last octet written.
    end: Offset,
}

impl SendQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self { chunks: VecDeque::new(), tail: BytesMut::new(), start: ORIGIN + 1, end: ORIGIN + 1 }
    }

    /// One past the last octet written.
    pub const fn end(&self) -> Offset {
        self.end
    }

    /// Octets held.
    pub const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Copies `data` in. Chunks are whole multiples of `segment` octets where possible.
    pub fn write(&mut self, mut data: &[u8], segment: usize) {
        while !data.is_empty() {
            let room = self.tail.capacity() - self.tail.len();
            if room == 0 {
                self.freeze();
                self.tail = BytesMut::with_capacity(self.chunk_size(data.len(), segment));
                continue;
            }
            let (now, later) = data.split_at(room.min(data.len()));
            self.tail.put_slice(now);
            self.end += now.len() as u64;
            data = later;
        }
    }

    /// Storage for `length` octets to be written: more the more is queued, since a writer that is ahead of the
    /// network by this much will write on; whole segments, so that these do not lie across borders.
    fn chunk_size(&self, length: usize, segment: usize) -> usize {
        let wanted = length.max(self.len());
        let large = (LARGE_CHUNK / segment).max(1) * segment;
        if wanted < segment { wanted.max(SMALL_CHUNK) } else { wanted.next_multiple_of(segment).min(large) }
    }

    /// Takes `octets` in without a copy.
    pub fn write_bytes(&mut self, octets: Bytes) {
        if octets.is_empty() {
            return;
        }
        self.freeze();
        let start = self.end;
        self.end += octets.len() as u64;
        self.chunks.push_back(Chunk { start, octets });
    }

    fn freeze(&mut self) {
        if !self.tail.is_empty() {
            self.freeze_front(self.tail.len());
        }
    }

    fn freeze_front(&mut self, length: usize) {
        let start = self.tail_start();
        self.chunks.push_back(Chunk { start, octets: self.tail.split_to(length).freeze() });
    }

    /// Where what is not frozen begins.
    fn tail_start(&self) -> Offset {
        self.end - self.tail.len() as u64
    }

    /// Freezes what is needed of the tail for `length` octets at `from`, and as many times `length` as follow: less than
    /// that stays where the next write can complete it.
    #[cold]
    fn freeze_for(&mut self, from: Offset, length: usize) {
        match from.checked_sub(self.tail_start()) {
            Some(skipped) => {
                let whole = (self.end - from) as usize / length * length;
                self.freeze_front(skipped as usize + whole);
            }
            None => self.freeze(),
        }
    }

    /// The octets `from..from + length`, which must be held.
    ///
    /// # Panics
    /// When they are not: our own bookkeeping would be wrong.
    #[expect(clippy::inline_always, reason = "it is part of one function where segments follow each other")]
    #[inline(always)]
    pub fn slice(&mut self, from: Offset, length: usize) -> Bytes {
        let until = from + length as u64;
        assert!(from >= self.start && until <= self.end, "octets that are not queued");
        if length == 0 {
            return Bytes::new();
        }
        if until > self.tail_start() {
            self.freeze_for(from, length);
        }
        // What is sent for the first time lies in the last chunk.
        match self.chunks.back() {
            Some(last) if last.start <= from => {
                let skip = (from - last.start) as usize;
                last.octets.slice(skip..skip + length)
            }
            _ => self.search(from, length),
        }
    }

    /// How many octets from `from` on lie in one piece of storage: so many can be sliced without a copy. `from` must not lie
    /// before what is held.
    pub fn contiguous(&self, from: Offset) -> u64 {
        if from >= self.tail_start() {
            return self.end.saturating_sub(from);
        }
        let behind = self.chunks.partition_point(|chunk| chunk.start <= from);
        let chunk = behind.checked_sub(1).and_then(|place| self.chunks.get(place));
        chunk.map_or(0, |chunk| (chunk.start + chunk.octets.len() as u64).saturating_sub(from))
    }

    #[cold]
    fn search(&self, from: Offset, length: usize) -> Bytes {
        let first = self.chunks.partition_point(|chunk| chunk.start <= from) - 1;
        let chunk = &self.chunks[first];
        let skip = (from - chunk.start) as usize;
        if skip + length <= chunk.octets.len() {
            return chunk.octets.slice(skip..skip + length);
        }
        let mut copy = BytesMut::with_capacity(length);
        copy.put_slice(&chunk.octets[skip..]);
        for chunk in self.chunks.range(first + 1..) {
            let missing = length - copy.len();
            copy.put_slice(&chunk.octets[..missing.min(chunk.octets.len())]);
            if copy.len() == length {
                break;
            }
        }
        copy.freeze()
    }

    /// Forgets everything before `until`: it was acknowledged. Storage goes when all of it has.
    pub fn advance(&mut self, until: Offset) {
        let until = until.min(self.end);
        if until <= self.start {
            return;
        }
        self.start = until;
        while let Some(chunk) = self.chunks.front_mut() {
            let chunk_end = chunk.start + chunk.octets.len() as u64;
            if chunk_end > until {
                break;
            }
            self.chunks.pop_front();
        }
        if self.start == self.end {
            self.clear();
        }
    }

    /// Holds nothing any more.
    pub fn clear(&mut self) {
        self.start = self.end;
        self.chunks.clear();
        self.tail.clear();
    }

    /// Gives the spare storage of an empty queue back.
    pub fn release(&mut self) {
        if self.len() == 0 {
            self.chunks = VecDeque::new();
            self.tail = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_slice_of_what_is_held_is_what_was_written(
            writes in proptest::collection::vec((0_usize..3000, any::<bool>()), 1..20),
            segment in 1_usize..2000, cuts in proptest::collection::vec((any::<u16>(), any::<u16>(), any::<u16>()), 1..20),
        ) {
            let (mut queue, mut model) = (SendQueue::new(), Vec::new());
            let mut acknowledged = 0;
            for ((length, shared), (from, until, acked)) in writes.into_iter().zip(cuts.into_iter().cycle()) {
                let data: Vec<u8> = (0..length).map(|i| (model.len() + i) as u8 ^ ((model.len() + i) >> 8) as u8).collect();
                if shared { queue.write_bytes(Bytes::from(data.clone())) } else { queue.write(&data, segment) }
                model.extend_from_slice(&data);
                let held = model.len() - acknowledged;
                let from = acknowledged + usize::from(from) % (held + 1);
                let until = from + usize::from(until) % (model.len() - from + 1);
                let (at, length) = (ORIGIN + 1 + from as u64, until - from);
                let in_one_piece = queue.contiguous(at) >= length as u64;
                let slice = queue.slice(at, length);
                prop_assert_eq!(&slice[..], &model[from..until]);
                prop_assert!(!in_one_piece || length == 0 || queue.slice(at, length).as_ptr() == slice.as_ptr());
                acknowledged += usize::from(acked) % (held + 1);
                queue.advance(ORIGIN + 1 + acknowledged as u64);
                prop_assert_eq!(queue.len(), model.len() - acknowledged);
            }
        }
    }

    #[test]
    fn a_segment_inside_a_chunk_shares_its_storage() {
        let mut queue = SendQueue::new();
        queue.write(&[1; 4000], 1460);
        let (first, again) = (queue.slice(ORIGIN + 1, 1460), queue.slice(ORIGIN + 1, 1460));
        assert_eq!(first.as_ptr(), again.as_ptr());
    }

    #[test]
    fn whole_segments_fill_a_large_chunk() {
        let mut queue = SendQueue::new();
        queue.write(&vec![1; 200_000], 1448);
        for index in 0..100 {
            let octets = queue.slice(ORIGIN + 1 + index * 1448, 1448);
            let next = queue.slice(ORIGIN + 1 + index * 1448, 1448);
            assert_eq!(octets.as_ptr(), next.as_ptr(), "segment {index} was copied");
        }
    }

    #[test]
    fn writes_that_are_no_whole_segments_leave_them_whole() {
        let mut queue = SendQueue::new();
        for index in 0..100 {
            while queue.len() < 1460 {
                queue.write(&[1; 16_384], 1460);
            }
            let from = ORIGIN + 1 + index * 1460;
            let (octets, again) = (queue.slice(from, 1460), queue.slice(from, 1460));
            assert_eq!(octets.as_ptr(), again.as_ptr(), "segment {index} was copied");
            queue.advance(from + 1460);
        }
    }

    #[test]
    fn an_empty_queue_gives_its_storage_back() {
        let mut queue = SendQueue::new();
        queue.write(&[1; 100], 1460);
        queue.slice(ORIGIN + 1, 100);
        queue.advance(ORIGIN + 101);
        queue.release();
        assert_eq!((queue.len(), queue.chunks.capacity(), queue.tail.capacity()), (0, 0, 0));
    }

    #[test]
    fn storage_is_taken_in_bounded_chunks_and_goes_with_what_it_holds() {
        let mut queue = SendQueue::new();
        queue.write(&[1], 1448);
        assert_eq!(queue.tail.capacity(), SMALL_CHUNK);
        queue.clear();
        assert_eq!(queue.len(), 0);
        let mut queue = SendQueue::new();
        queue.write(&vec![1; 300_000], 1448);
        let large = LARGE_CHUNK / 1448 * 1448;
        assert!(queue.tail.capacity() <= large && queue.chunks.iter().all(|it| it.octets.len() == large));
        let chunks = queue.chunks.len();
        queue.advance(ORIGIN + 1 + large as u64);
        assert_eq!(queue.chunks.len(), chunks - 1);
    }
}
