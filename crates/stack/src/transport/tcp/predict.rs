//! Header prediction: the two kinds of segment that a bulk transfer consists of, each in one look (V. Jacobson's;
//! RFC 7323 §4.3 and §5.3 have its place among the checks).
//!
//! Nothing is done here that the eight checks of `input` would not do with the same segment: what they find nothing to do
//! for is left out. A test runs conversations with and without it and compares them.

use bytes::Bytes;

use super::connection::{Connection, Cx};
use super::recovery::Phase;
use super::segment::{Flags, Segment};
use super::seq::{Offset, from_wire, timestamp_before, to_wire};
use crate::trace::State;

/// What a segment was predicted to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Predicted {
    /// The next data in order, and no news of our own data.
    Text,
    /// News of our own data up to here, and no data.
    Ack(Offset),
}

impl Connection {
    /// Whether `segment` is one of the two, on a connection on which nothing unusual goes on.
    #[inline]
    pub fn predict(&self, cx: &Cx<'_, '_>, segment: &Segment, payload: &Bytes) -> Option<Predicted> {
        let expected = self.state == State::Established
            && segment.flags.without(Flags::PSH) == Flags::ACK
            && segment.seq == to_wire(self.irs, self.receive.next())
            && segment.window != 0
            && self.snd_wnd != 0;
        let quiet = self.fin_at.is_none()
            && !self.receive.has_gaps()
            && self.recovery.phase == Phase::Open
            && self.inflight.lost() == 0
            && self.inflight.sacked() == 0
            && self.recovery.seen.is_none();
        if !expected || !quiet || !cx.knobs.predicts() || !self.has_plain_options(segment) {
            return None;
        }
        let ack = from_wire(self.iss, segment.ack, self.snd_una);
        let room = self.rcv_adv.checked_sub(self.receive.next())?;
        if payload.is_empty() {
            (ack > self.snd_una && ack <= self.snd_nxt).then_some(Predicted::Ack(ack))
        } else {
            let fits = payload.len() as u64 <= room && !self.orphan;
            (fits && ack == self.snd_una && self.inflight.is_empty()).then_some(Predicted::Text)
        }
    }

    /// No SACK blocks, and timestamps that are not old, where they were agreed on.
    #[inline]
    fn has_plain_options(&self, segment: &Segment) -> bool {
        let fresh = match segment.options.timestamps {
            _ if !self.agreed.timestamps => true,
            Some(times) => !timestamp_before(times.value, self.ts_recent),
            None => false,
        };
        fresh && segment.options.sack.is_empty()
    }
}
