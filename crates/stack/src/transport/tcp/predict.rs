//! Header prediction: the two kinds of segment that a bulk transfer consists of, each in one look at the header as it came
//! (V. Jacobson's; RFC 7323 §4.3 and §5.3 have its place among the checks).
//!
//! Nothing is done here that `accept_segment` and the eight checks of `input` would not do with the same segment: what they
//! find nothing to do for is left out. A test runs conversations with and without it and compares them.

use core::net::IpAddr;

use bytes::Bytes;

use super::connection::{Connection, Cx};
use super::knobs::Knobs;
use super::options::{TIMESTAMPS_LENGTH, Timestamps};
use super::recovery::Phase;
use super::segment::{Fixed, Flags, HEADER_LENGTH};
use super::seq::{Offset, from_wire, timestamp_before, to_wire};
use super::{Tcp, arm, cx};
use crate::checksum::Sum;
use crate::context::Ctx;
use crate::frame::{Checksum, Frame};
use crate::trace::State;
use crate::transport::Key;

/// What a segment was predicted to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Predicted {
    /// The next data in order, and no news of our own data.
    Text,
    /// News of our own data up to here, and no data.
    Ack(Offset),
}

/// A header, read in one look: with timestamps or without options.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    fixed: Fixed,
    times: Option<Timestamps>,
    /// The sum of its octets.
    sum: Sum,
    /// How many they are.
    length: usize,
}

impl Look {
    /// Octets of a header without options.
    pub const PLAIN: usize = HEADER_LENGTH;
    /// Octets of a header with timestamps.
    pub const TIMED: usize = HEADER_LENGTH + TIMESTAMPS_LENGTH;

    /// Reads a header without options.
    #[inline]
    pub fn plain(octets: &[u8; Self::PLAIN]) -> Option<Self> {
        let (sum, length) = (Sum::new().with_header(octets), Self::PLAIN);
        (octets[12] >> 4 == Self::PLAIN as u8 / 4).then(|| Self {
            fixed: Fixed::read(octets),
            times: None,
            sum,
            length,
        })
    }

    /// The ports that it names.
    #[cfg(test)]
    pub fn ports(&self) -> (u16, u16) {
        self.fixed.ports
    }

    /// Reads a header with timestamps as its only option.
    #[inline]
    pub fn timed(octets: &[u8; Self::TIMED]) -> Option<Self> {
        let (fixed, options) = octets.split_first_chunk()?;
        let times = Timestamps::read_alone(options.first_chunk()?)?;
        let (sum, length) = (Sum::new().with_header(octets), Self::TIMED);
        let look = Self { fixed: Fixed::read(fixed), times: Some(times), sum, length };
        (octets[12] >> 4 == Self::TIMED as u8 / 4).then_some(look)
    }
}

impl Tcp {
    /// The ports, as they came, and the connection of the last segment between two addresses.
    pub fn last_between(&self, source: IpAddr, destination: IpAddr) -> Option<((u16, u16), Key)> {
        let (flow, key) = self.found.as_ref()?;
        (flow.source == source && flow.destination == destination).then_some((flow.ports, *key))
    }

    /// A segment for the connection `key`, if it is one of the two, alone in its frame and intact. `frame` has its headers
    /// in front, as far as `look` has read, and nothing else. False: it is for [`accept_segment`](Self::accept_segment),
    /// and nothing has been done.
    #[inline]
    pub fn accept_expected(&mut self, ctx: &mut Ctx<'_>, key: Key, look: &Look, frame: &mut Frame) -> bool {
        let Some(connection) = self.connections.get_mut(key) else { return false };
        let payload = frame.payload();
        let octets = payload.len();
        let Some(predicted) = connection.predict(&self.settings, &look.fixed, look.times, octets) else {
            return false;
        };
        if frame.meta.checksum == Checksum::Complete {
            // The sum of the pseudo-header is the same in both directions.
            let sum = connection.pseudo_header.and(look.sum).with_u16((look.length + octets) as u16);
            let sum = if octets == 0 { sum } else { sum.with(payload) };
            if !sum.is_intact() {
                return false;
            }
        }
        let cx = &mut cx!(self, ctx, connection);
        connection.hear(cx, frame.meta.id, octets, 1);
        connection.take_predicted(cx, &look.fixed, look.times, predicted, || frame.take_behind_headers(), 1);
        if !connection.queued && !connection.parked && connection.wants_to_transmit() {
            connection.queued = true;
            self.ready.push_back(key);
        }
        let next = connection.deadlines.next_after_prediction();
        arm(&mut self.timers, connection, next);
        true
    }
}

impl Connection {
    /// Whether a segment with `octets` of payload, and with no other options than `times`, is one of the two, on a
    /// connection on which nothing unusual goes on.
    #[inline]
    pub fn predict(
        &self,
        knobs: &Knobs,
        fixed: &Fixed,
        times: Option<Timestamps>,
        octets: usize,
    ) -> Option<Predicted> {
        let expected = self.state == State::Established
            && fixed.flags.without(Flags::PSH) == Flags::ACK
            && fixed.seq == to_wire(self.irs, self.receive.next())
            && fixed.window != 0
            && self.snd_wnd != 0;
        let quiet = self.fin_at.is_none()
            && !self.receive.has_gaps()
            && self.recovery.phase == Phase::Open
            && self.inflight.is_quiet()
            && self.recovery.seen.is_none();
        if !expected || !quiet || !knobs.predicts() || !self.is_fresh(times) {
            return None;
        }
        let ack = from_wire(self.iss, fixed.ack, self.snd_una);
        if octets == 0 {
            (ack > self.snd_una && ack <= self.snd_nxt).then_some(Predicted::Ack(ack))
        } else {
            let fits = self.receive.next() + octets as u64 <= self.rcv_adv && !self.orphan;
            (fits && ack == self.snd_una && self.inflight.is_empty()).then_some(Predicted::Text)
        }
    }

    /// Whether the timestamps are there and not old, where they were agreed on.
    #[inline]
    fn is_fresh(&self, times: Option<Timestamps>) -> bool {
        match times {
            _ if !self.agreed.timestamps => true,
            Some(times) => !timestamp_before(times.value, self.ts_recent),
            None => false,
        }
    }

    /// Does what a predicted segment asks for. `segments`: for how many of the peer it stands.
    #[expect(
        clippy::inline_always,
        reason = "on the way that all of a transfer takes, most of it is in registers"
    )]
    #[inline(always)]
    pub fn take_predicted(
        &mut self,
        cx: &mut Cx<'_, '_>,
        fixed: &Fixed,
        times: Option<Timestamps>,
        predicted: Predicted,
        payload: impl FnOnce() -> Bytes,
        segments: u32,
    ) {
        #[cfg(test)]
        {
            self.predictions += 1;
        }
        let next = self.receive.next();
        let window = u32::from(fixed.window) << self.agreed.snd_wind_shift;
        self.remember_timestamp(cx, times, next);
        match predicted {
            Predicted::Text => {
                self.take_window(window, next, self.snd_una);
                self.deadlines.stop_rto();
                self.take_next_text(cx, payload(), segments);
            }
            Predicted::Ack(ack) => {
                self.on_predicted_ack(cx, window, times, ack);
                self.show_metrics(cx);
            }
        }
    }
}
