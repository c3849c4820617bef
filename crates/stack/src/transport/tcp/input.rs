//! A segment arrives: RFC 9293 §3.10.7.4's eight checks, one function each, in its order.

use bytes::Bytes;

use super::connection::{Connection, Cx, Owed};
use super::options::Timestamps;
use super::receive_queue::Insertion;
use super::reply::Reply;
use super::segment::{Flags, Segment};
use super::seq::{Offset, from_wire, timestamp_before};
use crate::frame::FrameId;
use crate::time::{Duration, Instant};
use crate::trace::{Cause, DropReason, Ending, State, Trigger};
use crate::transport::{IpInfo, Readiness, SocketError};

/// RFC 7323 §5.5: TS.Recent is out of date after 24 days.
const PAWS_IDLE: Duration = Duration::from_secs(24 * 24 * 3600);

/// A segment with its place in sequence space.
pub struct Arrival<'a> {
    /// The header.
    pub segment: &'a Segment,
    /// SEG.SEQ.
    pub seq: Offset,
    /// It carries a SYN that was not taken before.
    pub syn: bool,
    /// Where its FIN stands, if it carries one and that lies in the window.
    pub fin: Option<Offset>,
    /// What it carries.
    pub payload: Bytes,
    /// How many segments of the peer it stands for (a super-frame is several).
    pub segments: u32,
}

impl Arrival<'_> {
    fn has(&self, flags: Flags) -> bool {
        self.segment.flags.has(flags)
    }

    /// SEG.LEN.
    fn length(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.syn) + u64::from(self.fin.is_some())
    }
}

impl Connection {
    /// A segment for this connection, its checksum verified.
    ///
    /// # Errors
    /// The reason for which it, or what it carried, was dropped.
    pub fn on_segment(
        &mut self,
        cx: &mut Cx<'_, '_>,
        ip: &IpInfo,
        segment: &Segment,
        payload: Bytes,
    ) -> Result<(), DropReason> {
        let segments = super::segment_count(payload.len(), ip.segment_size);
        self.hear(cx, ip.frame, payload.len(), segments);
        let (fixed, times) = (segment.fixed(), segment.options.timestamps);
        let predicted = if segment.options.sack.is_empty() {
            self.predict(cx.knobs, &fixed, times, payload.len())
        } else {
            None
        };
        match predicted {
            Some(predicted) => {
                self.take_predicted(cx, &fixed, times, predicted, || payload, segments);
                Ok(())
            }
            None => self.check(cx, segment, payload, segments),
        }
    }

    /// The peer has spoken.
    #[inline]
    pub fn hear(&mut self, cx: &Cx<'_, '_>, frame: FrameId, octets: usize, segments: u32) {
        self.trigger = Trigger::Frame(frame);
        self.counters.received_segments += u64::from(segments);
        self.counters.received_bytes += octets as u64;
        self.heard_at = cx.now();
        self.probes = 0;
    }

    /// The eight checks.
    #[inline(never)]
    fn check(
        &mut self,
        cx: &mut Cx<'_, '_>,
        segment: &Segment,
        payload: Bytes,
        segments: u32,
    ) -> Result<(), DropReason> {
        if self.state == State::SynSent {
            return self.on_segment_in_syn_sent(cx, segment, payload.len() as u32);
        }
        let seq = from_wire(self.irs, segment.seq, self.rcv_nxt());
        let syn = segment.flags.has(Flags::SYN);
        let fin = segment.flags.has(Flags::FIN).then(|| seq + u64::from(syn) + payload.len() as u64);
        let mut arrival = Arrival { segment, seq, syn, fin, payload, segments };
        if self.state == State::SynReceived && arrival.syn && seq + 1 == self.rcv_nxt() {
            // The peer's SYN again. With an ACK it is the answer of a simultaneous open (RFC 9293 §3.5, figure 7).
            if !arrival.has(Flags::ACK) {
                self.inflight.update(0, |record| record.lost = true);
                return Err(DropReason::TcpSynInWindow);
            }
            (arrival.seq, arrival.syn) = (seq + 1, false);
        }
        self.first_check_sequence(cx, &mut arrival)?;
        self.second_check_reset(cx, &arrival)?;
        // Third, security: RFC 9293 appendix A.1 §Security Labels leaves it to systems that have compartments.
        self.fourth_check_syn(cx, &arrival)?;
        self.fifth_check_ack(cx, &arrival)?;
        if self.state == State::Closed {
            return Ok(());
        }
        // Sixth, the urgent pointer: this end has no urgent mode, and its octets are data like others (RFC 6093 §4).
        let taken = self.seventh_process_text(cx, &mut arrival);
        self.eighth_check_fin(cx, &arrival);
        taken
    }

    /// First: timestamps (RFC 7323 §5.3), then whether any of it lies in the window. Cuts off what does not.
    fn first_check_sequence(
        &mut self,
        cx: &mut Cx<'_, '_>,
        arrival: &mut Arrival<'_>,
    ) -> Result<(), DropReason> {
        self.check_timestamps(cx, arrival)?;
        let (next, edge, length) = (self.rcv_nxt(), self.rcv_adv, arrival.length());
        let (start, end) = (arrival.seq, arrival.seq + length);
        let acceptable = if length == 0 {
            // At the right edge too: a peer that has filled the window acknowledges from there.
            start >= next && start <= edge
        } else {
            start < edge && end > next
        };
        if acceptable {
            self.remember_timestamp(cx, arrival.segment.options.timestamps, arrival.seq);
            return Ok(());
        }
        if arrival.has(Flags::RST) {
            return Err(DropReason::TcpOutOfWindow);
        }
        self.answer_unacceptable(cx, arrival, end <= next);
        // RFC 9293 §3.10.7.4: with a window of zero valid ACKs are still taken.
        if start == next && next == edge && arrival.has(Flags::ACK) && !arrival.syn {
            self.fifth_check_ack(cx, &Arrival { payload: Bytes::new(), ..*arrival })?;
        }
        Err(DropReason::TcpOutOfWindow)
    }

    fn answer_unacceptable(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>, old: bool) {
        // RFC 9293 §3.10.7.4: the FIN again in TIME-WAIT restarts the 2 MSL.
        if self.state == State::TimeWait && arrival.fin.is_some() {
            self.deadlines.linger = cx.now() + cx.knobs.msl * 2;
        }
        if !arrival.payload.is_empty() {
            self.counters.duplicate_segments += u32::from(old);
            self.owe_now(Cause::DuplicateAck);
        } else if arrival.fin.is_some() || arrival.seq + 1 == self.rcv_nxt() {
            // A FIN again, a keep-alive, or a window probe asks for just this.
            self.owe_now(Cause::DuplicateAck);
        } else {
            // Two ends that are out of step must not answer each other's answers for ever.
            self.challenge(cx);
        }
    }

    fn check_timestamps(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>) -> Result<(), DropReason> {
        if !self.agreed.timestamps || arrival.has(Flags::RST) {
            return Ok(());
        }
        let Some(times) = arrival.segment.options.timestamps else {
            return if cx.knobs.require_timestamps { Err(DropReason::TcpPaws) } else { Ok(()) };
        };
        let fresh = cx.now().since(self.ts_recent_at) < PAWS_IDLE;
        if timestamp_before(times.value, self.ts_recent) && fresh && !arrival.syn {
            // RFC 7323 §5.3 R1: drop and acknowledge.
            self.answer_unacceptable(cx, arrival, true);
            return Err(DropReason::TcpPaws);
        }
        Ok(())
    }

    /// RFC 7323 §4.3 (2): only what covers the last acknowledgement sent moves TS.Recent.
    #[inline]
    pub fn remember_timestamp(&mut self, cx: &Cx<'_, '_>, times: Option<Timestamps>, seq: Offset) {
        if let Some(times) = times.filter(|_| self.agreed.timestamps)
            && seq <= self.last_ack_sent
            && (!timestamp_before(times.value, self.ts_recent)
                || cx.now().since(self.ts_recent_at) >= PAWS_IDLE)
        {
            (self.ts_recent, self.ts_recent_at) = (times.value, cx.now());
        }
    }

    /// Second: a reset counts only at exactly RCV.NXT; elsewhere in the window it is challenged (RFC 5961 §3.2).
    fn second_check_reset(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>) -> Result<(), DropReason> {
        if !arrival.has(Flags::RST) {
            return Ok(());
        }
        if arrival.seq != self.rcv_nxt() {
            self.challenge(cx);
            return Err(DropReason::TcpBadReset);
        }
        let (ending, error) = match self.state {
            // A listener's connection goes without a word; an active one (simultaneous open) was refused.
            State::SynReceived => (Ending::Refused, Some(SocketError::ConnectionRefused)),
            // Everything was said and acknowledged before.
            State::TimeWait => (Ending::Clean, None),
            State::Closing | State::LastAck => (Ending::Reset, None),
            _ => (Ending::Reset, Some(SocketError::ConnectionReset)),
        };
        self.end(cx, ending, error);
        Err(DropReason::TcpClosed)
    }

    /// Fourth: a SYN in the window (RFC 5961 §4.2).
    fn fourth_check_syn(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>) -> Result<(), DropReason> {
        if !arrival.syn {
            return Ok(());
        }
        if self.state == State::SynReceived && self.parent.is_some() {
            // RFC 9293 §3.10.7.4: a passive open returns to LISTEN.
            self.end(cx, Ending::Refused, Some(SocketError::ConnectionRefused));
            return Err(DropReason::TcpSynInWindow);
        }
        self.challenge(cx);
        Err(DropReason::TcpSynInWindow)
    }

    /// Fifth: each segment must carry an ACK; what it does depends on the state.
    fn fifth_check_ack(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>) -> Result<(), DropReason> {
        if !arrival.has(Flags::ACK) {
            return Err(DropReason::TcpNoAck);
        }
        let ack = from_wire(self.iss, arrival.segment.ack, self.snd_una);
        if self.state == State::SynReceived {
            if ack <= self.snd_una || ack > self.snd_nxt {
                let length = arrival.payload.len() as u32;
                let reply = Reply::to(arrival.segment, length, self.id, self.trigger);
                cx.replies.extend(reply);
                return Err(DropReason::TcpBadAck);
            }
            let syn = self.inflight.pop_acknowledged(ack);
            self.snd_una = ack;
            self.take_window(self.window_of(arrival.segment), arrival.seq, ack);
            self.establish(cx, syn);
            return Ok(());
        }
        self.on_ack(cx, arrival.segment, arrival.seq, ack, arrival.length())?;
        self.after_ack(cx);
        Ok(())
    }

    /// Our FIN may have been acknowledged.
    fn after_ack(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.fin_sent() || self.snd_una != self.snd_nxt {
            return;
        }
        match self.state {
            State::FinWait1 => {
                self.set_state(cx, State::FinWait2);
                if self.is_lingering() {
                    self.deadlines.linger = Instant::FAR_FUTURE;
                    self.wake(cx, Readiness::WRITE);
                }
                if self.orphan {
                    self.start_fin_wait2(cx);
                }
            }
            State::Closing => self.enter_time_wait(cx),
            State::LastAck => self.end(cx, Ending::Clean, None),
            _ => {}
        }
    }

    /// Seventh: the text, in the states in which it is taken.
    fn seventh_process_text(
        &mut self,
        cx: &mut Cx<'_, '_>,
        arrival: &mut Arrival<'_>,
    ) -> Result<(), DropReason> {
        if arrival.payload.is_empty() {
            return Ok(());
        }
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2)
            || self.fin_received()
        {
            // RFC 9293 §3.10.7.4: behind the peer's FIN there is nothing.
            return Err(DropReason::TcpUnexpected);
        }
        if self.orphan || self.is_lingering() {
            // RFC 9293 §3.6.1: data for an application that has closed; nobody will ever read it.
            self.reset(cx, Ending::Aborted, None);
            return Err(DropReason::TcpClosed);
        }
        if self.state != State::Established && self.is_read_shut() {
            // RFC 1122 §4.2.2.13: the owner has closed both directions, and cannot read what comes. It is told so.
            self.reset(cx, Ending::Aborted, Some(SocketError::ConnectionReset));
            return Err(DropReason::TcpClosed);
        }
        let room = (self.rcv_adv - arrival.seq.min(self.rcv_adv)) as usize;
        if arrival.payload.len() > room {
            arrival.payload.truncate(room);
            arrival.fin = None;
        }
        let payload = core::mem::take(&mut arrival.payload);
        self.take_text(cx, arrival.seq, payload, arrival.segments)
    }

    /// Takes in text that lies in the window, and owes what that asks for.
    fn take_text(
        &mut self,
        cx: &mut Cx<'_, '_>,
        seq: Offset,
        payload: Bytes,
        segments: u32,
    ) -> Result<(), DropReason> {
        self.measure_segment(payload.len(), segments);
        let (copy_below, ranges) = (cx.knobs.copy_below, cx.knobs.max_out_of_order_ranges);
        match self.receive.insert(seq, payload, copy_below.into(), ranges.into()) {
            Insertion::InOrder { filled } => {
                self.owe_for_data(cx, filled);
                self.wake(cx, Readiness::READ);
                Ok(())
            }
            Insertion::OutOfOrder => {
                self.counters.out_of_order_segments += 1;
                self.owe_now(Cause::DuplicateAck);
                Ok(())
            }
            Insertion::Duplicate => {
                self.counters.duplicate_segments += 1;
                self.owe_now(Cause::DuplicateAck);
                Ok(())
            }
            Insertion::Refused => {
                self.owe_now(Cause::DuplicateAck);
                Err(DropReason::TcpReceiveQueueFull)
            }
        }
    }

    /// As [`take_text`](Self::take_text), of text that comes next where no gap is open.
    #[expect(
        clippy::inline_always,
        reason = "the payload goes from the frame to the queue without a stop between"
    )]
    #[inline(always)]
    pub fn take_next_text(&mut self, cx: &mut Cx<'_, '_>, payload: Bytes, segments: u32) {
        self.measure_segment(payload.len(), segments);
        self.receive.append(payload, cx.knobs.copy_below.into());
        self.owe_for_data(cx, false);
        self.wake(cx, Readiness::READ);
    }

    /// How large the peer's segments are, by one payload of `segments` of them.
    #[inline]
    fn measure_segment(&mut self, length: usize, segments: u32) {
        let each = if segments == 1 { length } else { length / segments as usize };
        self.peer_segment = self.peer_segment.max(each.min(0xffff) as u16);
    }

    /// RFC 9293 §3.8.6.3 and RFC 5681 §4.2: at once for every second full segment and where a gap was filled or is
    /// still open, else after a delay.
    #[inline]
    fn owe_for_data(&mut self, cx: &Cx<'_, '_>, filled: bool) {
        let unacknowledged = self.receive.next() - self.last_ack_sent;
        if filled || self.receive.has_gaps() {
            self.owe_now(Cause::ImmediateAck);
        } else if unacknowledged >= 2 * u64::from(self.peer_segment) {
            self.owe_now(Cause::SecondSegmentAck);
        } else if self.owed == Owed::Nothing {
            if cx.knobs.delayed_ack == Duration::ZERO {
                return self.owe_now(Cause::ImmediateAck);
            }
            self.owed = Owed::Delayed;
            self.deadlines.delayed_ack = cx.now() + cx.knobs.delayed_ack;
        }
    }

    /// Eighth: the peer's FIN, once everything before it has come.
    fn eighth_check_fin(&mut self, cx: &mut Cx<'_, '_>, arrival: &Arrival<'_>) {
        if self.state == State::Closed {
            return;
        }
        self.fin_at = self.fin_at.or(arrival.fin);
        if self.fin_taken || !self.fin_received() {
            return;
        }
        self.fin_taken = true;
        // A peer need not count its FIN against the window: what comes behind it must not look as if it were outside.
        self.rcv_adv = self.rcv_adv.max(self.rcv_nxt());
        self.owe_now(Cause::ImmediateAck);
        self.wake(cx, Readiness::READ);
        match self.state {
            State::Established => self.set_state(cx, State::CloseWait),
            // `after_ack` has run: our FIN is not acknowledged.
            State::FinWait1 => self.set_state(cx, State::Closing),
            State::FinWait2 => self.enter_time_wait(cx),
            _ => {}
        }
    }

    /// RFC 9293 §3.6: everything is said; old duplicates die out for 2 MSL.
    fn enter_time_wait(&mut self, cx: &mut Cx<'_, '_>) {
        self.set_state(cx, State::TimeWait);
        self.ending = Ending::Clean;
        self.deadlines.clear();
        self.deadlines.linger = cx.now() + cx.knobs.msl * 2;
        self.send.release();
        self.inflight.release();
        self.wake(cx, Readiness::BOTH);
    }

    /// A challenge ACK (RFC 5961 §3.2), at most one per interval (§7).
    pub fn challenge(&mut self, cx: &mut Cx<'_, '_>) {
        let due = self.challenged_at.as_nanos().wrapping_add(cx.knobs.challenge_ack_interval.as_nanos());
        if self.challenged_at == crate::time::Instant::FAR_FUTURE || cx.now().as_nanos() >= due {
            self.challenged_at = cx.now();
            self.counters.challenge_acks += 1;
            self.owe_now(Cause::ChallengeAck);
        }
    }
}
