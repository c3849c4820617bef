//! One record for each segment in flight. SACK, recovery and rate samples read these; none keeps a shadow of its own.

use std::collections::VecDeque;

use super::seq::Offset;
use crate::time::Instant;

/// What is known of a segment in flight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its first octet of sequence space.
    pub start: Offset,
    /// Its octets of sequence space, SYN and FIN included.
    pub length: u32,
    /// Octets in flight before it was sent last.
    pub in_flight_at_send: u32,
    /// When it was sent last.
    pub sent_at: Instant,
    /// When it was sent first.
    pub first_sent_at: Instant,
    /// Octets delivered when it was sent last.
    pub delivered: u64,
    /// When that count was reached.
    pub delivered_at: Instant,
    /// How often it was sent.
    pub transmissions: u16,
    /// The peer has it, says a SACK block.
    pub sacked: bool,
    /// It is held to be lost, and was not sent again since.
    pub lost: bool,
    /// The application had nothing more to send when it was sent last.
    pub app_limited: bool,
}

impl Record {
    /// One past its last octet.
    pub const fn end(&self) -> Offset {
        self.start + self.length as u64
    }

    /// Whether it was sent more than once.
    pub const fn retransmitted(&self) -> bool {
        self.transmissions > 1
    }

    /// RFC 6675 §4 `SetPipe`: what is SACKed, or lost and not sent again, is not in the network.
    const fn in_pipe(&self) -> bool {
        !self.sacked && !self.lost
    }
}

/// The records, in the order of sequence space, and their sums.
#[derive(Clone, Debug)]
pub struct Inflight {
    records: VecDeque<Record>,
    /// Where the last one ends.
    end: Offset,
    sums: Sums,
}

/// Sums over the records.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// RFC 6675 §2 Pipe: octets thought to be in the network.
    pipe: u32,
    /// Octets SACKed.
    sacked: u32,
    /// Records marked lost and not yet sent again.
    lost: u32,
}

impl Sums {
    #[inline]
    fn count(&mut self, record: &Record) {
        if record.in_pipe() {
            self.pipe += record.length;
        } else {
            self.sacked += if record.sacked { record.length } else { 0 };
            self.lost += u32::from(record.lost);
        }
    }

    #[inline]
    fn uncount(&mut self, record: &Record) {
        if record.in_pipe() {
            self.pipe -= record.length;
        } else {
            self.sacked -= if record.sacked { record.length } else { 0 };
            self.lost -= u32::from(record.lost);
        }
    }
}

impl Inflight {
    /// Nothing in flight.
    pub const fn new() -> Self {
        Self { records: VecDeque::new(), end: 0, sums: Sums { pipe: 0, sacked: 0, lost: 0 } }
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many segments are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Octets thought to be in the network.
    pub const fn pipe(&self) -> u32 {
        self.sums.pipe
    }

    /// Octets that SACK says have arrived.
    pub const fn sacked(&self) -> u32 {
        self.sums.sacked
    }

    /// Whether nothing of it is known to be lost or SACKed.
    #[inline]
    pub const fn is_quiet(&self) -> bool {
        self.sums.lost | self.sums.sacked == 0
    }

    /// Segments that are lost and were not sent again.
    pub const fn lost(&self) -> u32 {
        self.sums.lost
    }

    /// The record at `index`.
    pub fn get(&self, index: usize) -> Option<&Record> {
        self.records.get(index)
    }

    /// The earliest record.
    pub fn front(&self) -> Option<&Record> {
        self.records.front()
    }

    /// The records in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.records.iter()
    }

    /// The index of the first record that ends after `offset`.
    pub fn index_after(&self, offset: Offset) -> usize {
        self.records.partition_point(|record| record.end() <= offset)
    }

    /// A new segment is in flight; it begins where the last one ended.
    #[inline]
    pub fn push(&mut self, record: Record) {
        assert!(self.records.is_empty() || self.end == record.start, "a gap between records");
        self.end = record.end();
        self.sums.pipe += record.length;
        self.records.push_back(record);
    }

    /// Changes a record and keeps the sums right.
    pub fn update(&mut self, index: usize, change: impl FnOnce(&mut Record)) {
        let Some(record) = self.records.get_mut(index) else { return };
        let before = *record;
        change(record);
        let after = *record;
        self.sums.uncount(&before);
        self.sums.count(&after);
    }

    /// Takes out the records that end at or before `until`, each after `show` has seen it.
    #[inline]
    pub fn acknowledge(&mut self, until: Offset, mut show: impl FnMut(&Record)) {
        while let Some(first) = self.records.front()
            && first.end() <= until
        {
            show(first);
            self.sums.uncount(first);
            self.records.pop_front();
        }
    }

    /// Takes out the first record if it ends at or before `until`.
    pub fn pop_acknowledged(&mut self, until: Offset) -> Option<Record> {
        if self.records.front()?.end() > until {
            return None;
        }
        let record = self.records.pop_front()?;
        self.sums.uncount(&record);
        Some(record)
    }

    /// Cuts off what of the first record lies before `until`.
    pub fn trim(&mut self, until: Offset) {
        if self.records.front().is_some_and(|first| first.start < until) {
            self.update(0, |record| {
                record.length -= (until - record.start) as u32;
                record.start = until;
            });
        }
    }

    /// Splits the record at `index` after `length` octets (the segment size has shrunk).
    pub fn split(&mut self, index: usize, length: u32) {
        let Some(record) = self.records.get(index).copied().filter(|record| record.length > length) else {
            return;
        };
        let rest =
            Record { start: record.start + u64::from(length), length: record.length - length, ..record };
        self.update(index, |record| record.length = length);
        self.sums.count(&rest);
        self.records.insert(index + 1, rest);
    }

    /// Forgets everything and gives the storage back.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Gives the storage back where nothing is in flight.
    pub fn release(&mut self) {
        if self.records.is_empty() {
            self.records = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::tcp::seq::ORIGIN;

    pub fn record(start: Offset, length: u32) -> Record {
        let at = Instant::ZERO;
        Record {
            start,
            length,
            in_flight_at_send: 0,
            sent_at: at,
            first_sent_at: at,
            delivered: 0,
            delivered_at: at,
            transmissions: 1,
            sacked: false,
            lost: false,
            app_limited: false,
        }
    }

    #[test]
    fn the_sums_follow_every_change() {
        let mut inflight = Inflight::new();
        for index in 0..4 {
            inflight.push(record(ORIGIN + index * 10, 10));
        }
        assert_eq!(inflight.pipe(), 40);
        inflight.update(1, |record| record.lost = true);
        inflight.update(2, |record| record.sacked = true);
        assert_eq!((inflight.pipe(), inflight.sacked(), inflight.lost()), (20, 10, 1));
        inflight.split(1, 4);
        assert_eq!((inflight.pipe(), inflight.lost(), inflight.len()), (20, 2, 5));
        inflight.trim(ORIGIN + 3);
        assert_eq!(inflight.pipe(), 17);
        while inflight.pop_acknowledged(ORIGIN + 30).is_some() {}
        assert_eq!((inflight.pipe(), inflight.sacked(), inflight.lost()), (10, 0, 0));
        assert_eq!(inflight.index_after(ORIGIN + 39), 0);
        assert_eq!(inflight.index_after(ORIGIN + 40), 1);
    }

    #[test]
    #[should_panic(expected = "gap")]
    fn records_leave_no_gap() {
        let mut inflight = Inflight::new();
        inflight.push(record(ORIGIN, 10));
        inflight.push(record(ORIGIN + 11, 10));
    }

    #[test]
    fn it_is_quiet_where_nothing_is_lost_or_sacked() {
        for (lost, sacked) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut inflight = Inflight::new();
            inflight.push(record(ORIGIN, 1));
            inflight.push(record(ORIGIN + 1, 1));
            inflight.update(0, |record| record.lost = lost);
            inflight.update(1, |record| record.sacked = sacked);
            assert_eq!(inflight.is_quiet(), !lost && !sacked);
        }
    }

    #[test]
    fn a_record_is_split_only_where_something_is_left() {
        let mut inflight = Inflight::new();
        inflight.push(record(ORIGIN, 10));
        inflight.split(0, 10);
        inflight.split(0, 11);
        assert_eq!(inflight.len(), 1);
        inflight.split(0, 9);
        assert_eq!(
            (inflight.len(), inflight.get(1).map(|rest| (rest.start, rest.length))),
            (2, Some((ORIGIN + 9, 1)))
        );
        inflight.release();
        assert_eq!(inflight.len(), 2);
        inflight.clear();
        assert_eq!((inflight.pipe(), inflight.records.capacity()), (0, 0));
        inflight.push(record(ORIGIN, 10));
        inflight.acknowledge(ORIGIN + 10, |_| {});
        inflight.release();
        assert_eq!(inflight.records.capacity(), 0);
    }
}
