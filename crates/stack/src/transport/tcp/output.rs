//! What is sent next: a retransmission, new data, a probe, or an acknowledgement (RFC 9293 §3.8; RFC 6675 §4 `NextSeg`).

use bytes::Bytes;

use super::congestion::{Congestion, Sent};
use super::connection::{Connection, Cx, HEADERS, Owed};
use super::inflight::Record;
use super::options::{MAX_SACK_BLOCKS, Options, SackBlocks, TIMESTAMPS_LENGTH};
use super::recovery::{Phase, scoreboard};
use super::segment::{Fixed, Flags, Segment};
use super::seq::{ORIGIN, Offset, to_wire};
use crate::frame::{Frame, Meta};
use crate::time::Instant;
use crate::trace::{Cause, State};
use crate::transport::Path;

/// Octets of the SACK option with its padding, without its blocks.
const SACK_HEAD: u32 = 4;
/// Octets of one SACK block.
const SACK_BLOCK: u32 = 8;

/// How large a part of a window is worth a super-frame.
const WINDOW_PARTS: u32 = 3;

/// A segment that was chosen to be sent: `start..end` of sequence space.
struct Choice {
    start: Offset,
    end: Offset,
    /// Octets that SACK blocks may take.
    sack_room: u32,
    cause: Cause,
    /// For a super-frame: payload octets of each segment.
    segment_size: Option<u16>,
}

impl Choice {
    /// One segment.
    const fn one(start: Offset, end: Offset, sack_room: u32, cause: Cause) -> Self {
        Self { start, end, sack_room, cause, segment_size: None }
    }
}

impl Connection {
    /// Puts the next segment into `frame`, if any is due and allowed.
    #[inline(never)]
    pub fn next_segment(&mut self, cx: &mut Cx<'_, '_>, path: &Path, frame: &mut Frame) -> bool {
        let start = self.snd_nxt;
        let flags = if self.mtu != path.mtu {
            return self.next_unusual(cx, path, frame);
        } else if self.may_send_full_segment() {
            if path.max_super_frame > 0 {
                return self.next_unusual(cx, path, frame);
            }
            self.begin_full_segment(cx, frame)
        } else if let Some(cause) = self.may_send_bare_ack() {
            self.recovery.forced = None;
            self.begin(Flags::ACK, Bytes::new(), cause, frame);
            Flags::ACK
        } else {
            return self.next_unusual(cx, path, frame);
        };
        self.put_header(cx, path, start, flags, 0, frame);
        true
    }

    /// As [`next_segment`](Self::next_segment), whatever goes on.
    #[inline(never)]
    fn next_unusual(&mut self, cx: &mut Cx<'_, '_>, path: &Path, frame: &mut Frame) -> bool {
        if self.mtu != path.mtu {
            // RFC 1191 §6.3: the path has learnt, or what it had learnt has aged.
            (self.mtu, self.pmtu) = (path.mtu, u16::MAX);
            self.update_mss();
        }
        if !self.state.is_synchronized() && self.next_handshake_segment(cx, path, frame) {
            return true;
        }
        let waits = path.max_super_frame > 0 && self.waits_for_room(path);
        let Some(mut choice) = self.choose(cx, waits) else { return false };
        if path.max_super_frame > 0 && choice.cause == Cause::NewData {
            self.lengthen(cx, path, &mut choice);
        }
        self.fill(cx, path, &choice, frame);
        true
    }

    /// Whether a full segment of new data is next, and nothing unusual goes on: `next_data` would choose the same.
    #[inline]
    fn may_send_full_segment(&self) -> bool {
        let mss = self.mss();
        let end = self.snd_nxt + u64::from(mss);
        let pipe = self.inflight.pipe();
        end <= self.send.end()
            && end <= self.snd_una + u64::from(self.snd_wnd)
            && (pipe == 0 || pipe + mss <= self.cwnd)
            && self.inflight.is_quiet()
            && self.recovery.phase == Phase::Open
            && self.recovery.duplicate_acks == 0
            && !self.fin_requested
            && !self.override_small
            && !self.receive.has_gaps()
            && matches!(self.state, State::Established | State::CloseWait)
    }

    #[expect(clippy::inline_always, reason = "it is part of one function where segments follow each other")]
    #[inline(always)]
    fn begin_full_segment(&mut self, cx: &mut Cx<'_, '_>, frame: &mut Frame) -> Flags {
        let (start, length) = (self.snd_nxt, self.mss());
        self.recovery.forced = None;
        self.deadlines.persist = Instant::FAR_FUTURE;
        self.record_next(cx, length);
        self.show_metrics(cx);
        let flags = if self.snd_nxt == self.send.end() { Flags::ACK | Flags::PSH } else { Flags::ACK };
        let payload = self.send.slice(start, length as usize);
        self.begin(flags, payload, Cause::NewData, frame);
        flags
    }

    /// Why an acknowledgement without data is next, where nothing unusual goes on: `choose` would come to the same.
    #[inline]
    fn may_send_bare_ack(&self) -> Option<Cause> {
        let Owed::Now(cause) = self.owed else { return None };
        let quiet = self.inflight.is_quiet()
            && !self.has_unsent()
            && self.probe.is_none()
            && !self.receive.has_gaps()
            && self.state == State::Established;
        quiet.then_some(cause)
    }

    /// What is sent next; no new data where that `waits`.
    fn choose(&mut self, cx: &mut Cx<'_, '_>, waits: bool) -> Option<Choice> {
        let choice = match self.state {
            State::Closed | State::SynSent => return None,
            State::SynReceived => None,
            _ if waits => self.next_retransmission(cx).or_else(|| self.next_probe(cx)),
            _ => self.next_retransmission(cx).or_else(|| self.next_data(cx)).or_else(|| self.next_probe(cx)),
        };
        choice.or_else(|| self.next_ack())
    }

    /// A lost segment again, as the congestion window allows (RFC 6675 §4 `NextSeg` rule 1).
    fn next_retransmission(&mut self, cx: &mut Cx<'_, '_>) -> Option<Choice> {
        if self.inflight.lost() == 0 {
            self.recovery.forced = None;
            return None;
        }
        self.next_lost_segment(cx)
    }

    #[cold]
    fn next_lost_segment(&mut self, cx: &mut Cx<'_, '_>) -> Option<Choice> {
        let forced = self.recovery.forced;
        let Some(index) = scoreboard::next_lost(&self.inflight, self.recovery.search_from) else {
            self.recovery.forced = None;
            return None;
        };
        let mss = self.mss();
        let length = self.inflight.get(index)?.length.min(mss);
        if forced.is_none() && self.pipe() + length > self.cwnd {
            return None;
        }
        // The segment size may have shrunk since it was sent; a FIN adds one to the last.
        let record = self.inflight.get(index)?;
        if record.length > mss + u32::from(record.end() > self.send.end()) {
            self.inflight.split(index, mss);
        }
        let cause = forced.unwrap_or(match self.recovery.phase {
            Phase::Recovery if self.agreed.sack => Cause::RetransmitSack,
            Phase::Recovery => Cause::RetransmitPartialAck,
            // Outside of recovery only what was too big for the path counts as lost.
            Phase::Open => Cause::RetransmitPmtu,
            Phase::Loss => Cause::RetransmitAfterRto,
        });
        self.recovery.forced = None;
        let record = self.record_retransmission(cx, index);
        self.recovery.search_from = record.end();
        Some(Choice::one(record.start, record.end(), 0, cause))
    }

    /// New data, or the FIN, as the windows and the rules against small segments allow.
    fn next_data(&mut self, cx: &mut Cx<'_, '_>) -> Option<Choice> {
        if !self.has_unsent() {
            return None;
        }
        let mut mss = self.mss();
        let sack_room = mss / 2;
        if self.has_blocks_to_send() {
            mss -= sack_length(&self.sack_blocks(sack_room));
        }
        let unsent = self.send.end() - self.snd_nxt;
        let usable = (self.snd_una + u64::from(self.snd_wnd)).saturating_sub(self.snd_nxt);
        let length = unsent.min(u64::from(mss)).min(usable) as u32;
        let fin = self.fin_requested && u64::from(length) == unsent && usable > unsent;
        let overriding = core::mem::take(&mut self.override_small);
        let corked = self.is_corked(cx);
        if length == 0 && !fin {
            self.start_persist(cx);
            return None;
        }
        let pipe = self.pipe();
        if pipe > 0 && pipe + length > self.cwnd {
            return None;
        }
        // RFC 9293 §3.8.6.2.1: a full segment; or all there is, where Nagle's algorithm (§3.7.4) does not hold it back;
        // or half of the largest window the peer ever offered.
        let all = u64::from(length) == unsent;
        let eager = fin || (!corked && (self.nodelay || self.snd_nxt == self.snd_una));
        if !(length == mss || (all && eager) || length >= self.max_snd_wnd.div_ceil(2) || overriding) {
            if corked {
                self.start_cork(cx);
            } else if self.inflight.is_empty() {
                self.start_persist(cx);
            }
            return None;
        }
        let cause = self.cause_of_data(length, overriding && length < mss, corked);
        let limited = u8::from(cause == Cause::LimitedTransmit);
        self.recovery.limited = self.recovery.limited.saturating_add(limited);
        let (start, end) = (self.snd_nxt, self.snd_nxt + u64::from(length) + u64::from(fin));
        self.record_new(cx, (end - start) as u32);
        self.deadlines.persist = Instant::FAR_FUTURE;
        Some(Choice::one(start, end, sack_room, cause))
    }

    /// Whether new data waits until more of it fits into the windows, so that it goes in few long frames and not in many
    /// short ones: an acknowledgement is due that makes room. A third of a window is enough, and so is what the longest
    /// frame carries (Linux: `tcp_tso_should_defer`, `tcp_tso_win_divisor`).
    #[inline(never)]
    fn waits_for_room(&self, path: &Path) -> bool {
        let (pipe, mss) = (self.inflight.pipe(), self.mss());
        let quiet = self.recovery.phase == Phase::Open
            && self.recovery.duplicate_acks == 0
            && self.inflight.is_quiet()
            && !self.override_small;
        if pipe == 0 || !quiet {
            return false;
        }
        let usable = (self.snd_una + u64::from(self.snd_wnd)).saturating_sub(self.snd_nxt);
        let room = usable.min(self.cwnd.saturating_sub(pipe).into());
        let window = self.cwnd.min(self.snd_wnd);
        let longest = path.max_super_frame.saturating_sub(HEADERS.into()) / mss;
        self.send.end() - self.snd_nxt.min(self.send.end()) > room
            && room < u64::from(window / WINDOW_PARTS)
            && room / u64::from(mss) < u64::from(longest)
    }

    /// Makes a full segment of new data one of several in a super-frame: as many full ones as follow in one piece of storage,
    /// and as the windows, the controller and the link allow. Each has a record of its own, as if it had been sent alone.
    #[inline(never)]
    fn lengthen(&mut self, cx: &mut Cx<'_, '_>, path: &Path, choice: &mut Choice) {
        let blocks =
            if self.has_blocks_to_send() { sack_length(&self.sack_blocks(choice.sack_room)) } else { 0 };
        let size = self.mss() - blocks;
        if choice.end - choice.start != u64::from(size) || choice.end > self.send.end() {
            return;
        }
        let times = if self.agreed.timestamps { TIMESTAMPS_LENGTH as u32 } else { 0 };
        let headers = u32::from(HEADERS) + times + blocks;
        let most = path.max_super_frame.min(u16::MAX.into()).saturating_sub(headers);
        let quantum = self.congestion.as_ref().map_or(u32::MAX, |controller| controller.send_quantum());
        let usable = (self.snd_una + u64::from(self.snd_wnd)).saturating_sub(choice.start);
        let room = u64::from(most.min(quantum)).min(usable).min(self.send.contiguous(choice.start));
        let segments = room / u64::from(size);
        for _ in 1..segments {
            if self.pipe() + size > self.cwnd {
                break;
            }
            self.record_new(cx, size);
        }
        if self.snd_nxt > choice.end {
            (choice.end, choice.segment_size) = (self.snd_nxt, Some(size as u16));
        }
    }

    fn cause_of_data(&self, length: u32, overriding: bool, corked: bool) -> Cause {
        match self.recovery.phase {
            _ if length == 0 => Cause::Fin,
            _ if overriding && corked => Cause::CorkCeiling,
            _ if overriding => Cause::SwsOverride,
            Phase::Open if (1..=2).contains(&self.recovery.duplicate_acks) => Cause::LimitedTransmit,
            _ => Cause::NewData,
        }
    }

    /// A zero-window probe (one octet beyond the window) or a keep-alive (an octet that was acknowledged already).
    fn next_probe(&mut self, cx: &mut Cx<'_, '_>) -> Option<Choice> {
        let cause = self.probe.take()?;
        self.next_probe_for(cx, cause)
    }

    #[cold]
    fn next_probe_for(&mut self, cx: &mut Cx<'_, '_>, cause: Cause) -> Option<Choice> {
        if cause == Cause::KeepAlive {
            self.counters.keep_alives += 1;
            let before = self.snd_nxt - 1;
            return Some(Choice::one(before, before, 0, cause));
        }
        self.counters.zero_window_probes += 1;
        if self.window_probe_sent {
            let record = self.record_retransmission(cx, 0);
            self.deadlines.stop_rto();
            return Some(Choice::one(record.start, record.end(), 0, cause));
        }
        if !self.has_unsent() {
            return None;
        }
        let start = self.snd_nxt;
        self.record_new(cx, 1);
        // The persist timer repeats it, not the retransmission timer: nothing is lost.
        self.deadlines.stop_rto();
        self.window_probe_sent = true;
        Some(Choice::one(start, start + 1, 0, cause))
    }

    /// An acknowledgement without data, where one is owed at once.
    fn next_ack(&self) -> Option<Choice> {
        let Owed::Now(cause) = self.owed else { return None };
        Some(Choice::one(self.snd_nxt, self.snd_nxt, self.mss(), cause))
    }

    /// The SACK blocks to send (RFC 2018 §4), at most `room` octets of them.
    #[cold]
    fn sack_blocks(&self, room: u32) -> SackBlocks {
        let mut blocks = SackBlocks::default();
        // Timestamps leave room for three (RFC 2018 §3).
        let most = if self.agreed.timestamps { MAX_SACK_BLOCKS - 1 } else { MAX_SACK_BLOCKS };
        let fitting = room.saturating_sub(SACK_HEAD) / SACK_BLOCK;
        for (left, right) in self.receive.recent_ranges(most.min(fitting as usize)) {
            blocks.push(to_wire(self.irs, left), to_wire(self.irs, right));
        }
        blocks
    }

    #[inline]
    const fn has_blocks_to_send(&self) -> bool {
        self.agreed.sack && self.receive.has_gaps()
    }

    /// Makes `frame` the segment that was chosen.
    fn fill(&mut self, cx: &mut Cx<'_, '_>, path: &Path, choice: &Choice, frame: &mut Frame) {
        let &Choice { start, end, sack_room, cause, segment_size } = choice;
        self.show_metrics(cx);
        let mut flags = Flags::ACK;
        if start == end {
            self.begin(flags, Bytes::new(), cause, frame);
        } else {
            let data_end = end.min(self.send.end());
            if end > data_end {
                flags = flags | Flags::FIN;
            }
            // RFC 9293 §3.9.1.2: the last segment of what was written pushes.
            if start < data_end && data_end == self.send.end() {
                flags = flags | Flags::PSH;
            }
            let payload = self.send.slice(start.min(data_end), data_end.saturating_sub(start) as usize);
            let segments = super::segment_count(payload.len(), segment_size);
            self.begin(flags, payload, cause, frame);
            self.counters.sent_segments += u64::from(segments - 1);
            frame.meta.segment_size = segment_size;
        }
        self.put_header(cx, path, start, flags, sack_room, frame);
    }

    /// Puts the header in front of what `frame` carries, with this end's state: acknowledgement, window, options.
    #[expect(clippy::inline_always, reason = "what it is made of is in registers where segments are sent")]
    #[inline(always)]
    fn put_header(
        &mut self,
        cx: &mut Cx<'_, '_>,
        path: &Path,
        start: Offset,
        flags: Flags,
        sack_room: u32,
        frame: &mut Frame,
    ) {
        let fixed = Fixed {
            ports: self.ports,
            seq: to_wire(self.iss, start),
            ack: to_wire(self.irs, self.rcv_nxt()),
            flags,
            window: self.window_to_offer(cx),
            urgent: 0,
        };
        if self.agreed.timestamps || self.has_blocks_to_send() {
            self.push_options(cx.now(), sack_room, frame);
        }
        fixed.push(frame, self.pseudo_header, path.transmit_checksum);
    }

    fn push_options(&self, now: Instant, sack_room: u32, frame: &mut Frame) {
        let mut options = Options { timestamps: self.timestamps(now), ..Options::default() };
        if self.has_blocks_to_send() {
            options.sack = self.sack_blocks(sack_room);
        }
        options.push(frame);
    }

    /// SEG.WND. The right edge never moves left, and right only by a full segment or half the buffer (RFC 9293
    /// §3.8.6.2.2).
    fn window_to_offer(&mut self, cx: &Cx<'_, '_>) -> u16 {
        let next = self.rcv_nxt();
        let buffer = cx.knobs.receive_buffer;
        let free = buffer.saturating_sub(self.receive.readable() as u32);
        let most = u32::from(u16::MAX) << self.agreed.rcv_wind_shift;
        let edge = next + u64::from(free.min(most));
        let step = u64::from((buffer / 2).min(u32::from(self.peer_segment)));
        if edge >= self.rcv_adv + step {
            self.rcv_adv = edge;
        }
        (self.rcv_adv.saturating_sub(next) >> self.agreed.rcv_wind_shift).min(u64::from(u16::MAX)) as u16
    }

    /// Puts a segment without payload into `frame`.
    pub fn put(
        &mut self,
        cx: &mut Cx<'_, '_>,
        path: &Path,
        segment: &Segment,
        cause: Cause,
        frame: &mut Frame,
    ) {
        self.begin(segment.flags, Bytes::new(), cause, frame);
        segment.push(frame, self.pseudo_header, path.transmit_checksum);
        self.show_metrics(cx);
    }

    /// Puts the payload of a segment into `frame`; what it acknowledges is no longer owed.
    #[inline]
    fn begin(&mut self, flags: Flags, payload: Bytes, cause: Cause, frame: &mut Frame) {
        self.counters.sent_segments += 1;
        self.counters.sent_bytes += payload.len() as u64;
        if flags.has(Flags::ACK) {
            self.owed = Owed::Nothing;
            self.deadlines.delayed_ack = Instant::FAR_FUTURE;
            self.last_ack_sent = self.rcv_nxt();
        }
        frame.refill(payload, Meta::new(cause, self.trigger));
    }

    /// `length` octets of sequence space go into flight for the first time.
    pub fn record_new(&mut self, cx: &mut Cx<'_, '_>, length: u32) {
        self.record_next(cx, length);
    }

    #[expect(clippy::inline_always, reason = "the call would cost a tenth of what it does, for each segment")]
    #[inline(always)]
    fn record_next(&mut self, cx: &mut Cx<'_, '_>, length: u32) {
        let now = cx.now();
        let in_flight = self.pipe();
        if self.inflight.is_empty() {
            self.begin_flight(cx);
        }
        let more = self.send.end() > self.snd_nxt + u64::from(length);
        self.inflight.push(Record {
            start: self.snd_nxt,
            length,
            in_flight_at_send: in_flight,
            sent_at: now,
            first_sent_at: now,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            transmissions: 1,
            sacked: false,
            lost: false,
            app_limited: !more,
        });
        self.snd_nxt += u64::from(length);
        self.after_send(cx, Sent { bytes: length, in_flight, retransmission: false });
    }

    /// Nothing was in flight.
    #[cold]
    fn begin_flight(&mut self, cx: &mut Cx<'_, '_>) {
        // RFC 5681 §4.1: after an idle RTO the window is no longer known to be right.
        if self.congestion.is_some() && cx.now().since(self.last_sent_at) > self.rtt.rto(cx.knobs) {
            self.tell(cx, |_| Congestion::Idle);
        }
        self.delivered_at = cx.now();
    }

    /// The record at `index` is sent again.
    pub fn record_retransmission(&mut self, cx: &mut Cx<'_, '_>, index: usize) -> Record {
        let now = cx.now();
        let in_flight = self.pipe();
        let (delivered, delivered_at) = (self.delivered, self.delivered_at);
        self.inflight.update(index, |record| {
            record.lost = false;
            record.transmissions = record.transmissions.saturating_add(1);
            record.in_flight_at_send = in_flight;
            (record.sent_at, record.delivered, record.delivered_at) = (now, delivered, delivered_at);
        });
        let record = *self.inflight.get(index).expect("a record that was just found");
        self.counters.retransmitted_segments += 1;
        let data = record.end().min(self.send.end()).saturating_sub(record.start.max(ORIGIN + 1));
        self.counters.retransmitted_bytes += data;
        if index == 0 {
            // The earliest segment is on its way again: its answer is due one RTO from now.
            self.deadlines.rto = now + self.rtt.rto(cx.knobs);
            self.heed_user_timeout(cx);
        }
        self.after_send(cx, Sent { bytes: record.length, in_flight, retransmission: true });
        record
    }

    /// RFC 6298 §5.1: the timer runs while anything is in flight.
    #[inline]
    fn after_send(&mut self, cx: &mut Cx<'_, '_>, sent: Sent) {
        let now = cx.now();
        self.last_sent_at = now;
        if self.deadlines.rto == Instant::FAR_FUTURE {
            self.deadlines.rto = now + self.rtt.rto(cx.knobs);
        }
        if self.sending_watched {
            self.tell_of_sending(cx, &sent);
        }
    }

    #[cold]
    fn tell_of_sending(&mut self, cx: &mut Cx<'_, '_>, sent: &Sent) {
        let mut path = self.path(cx);
        if let Some(controller) = &mut self.congestion {
            controller.on_sent(sent, &mut path);
            self.cwnd = controller.window();
        }
    }
}

fn sack_length(blocks: &SackBlocks) -> u32 {
    if blocks.is_empty() { 0 } else { SACK_HEAD + SACK_BLOCK * blocks.as_slice().len() as u32 }
}
