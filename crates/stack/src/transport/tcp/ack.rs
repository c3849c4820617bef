//! An acknowledgement arrives: what left the network, what is lost, what the window is now.

use super::congestion::{self, Ack, Congestion, RateSample};
use super::connection::{Connection, Cx};
use super::inflight::Record;
use super::options::Timestamps;
use super::recovery::{Phase, scoreboard};
use super::segment::{Flags, Segment};
use super::seq::Offset;
use crate::time::{Duration, Instant};
use crate::trace::{Cause, DropReason};
use crate::transport::Readiness;

/// What the cumulative acknowledgement took out of flight.
#[derive(Default)]
struct Acked {
    /// The latest of the records taken out, or newly SACKed, by the time it was sent.
    latest: Option<Latest>,
    /// When the latest segment that was sent only once had been sent (Karn's algorithm).
    sent_once_at: Option<Instant>,
    /// Octets of it that SACK had not reported before.
    newly_delivered: u32,
}

/// What a record says of the path when it was sent.
#[derive(Clone, Copy)]
struct Latest {
    sent_at: Instant,
    delivered: u64,
    delivered_at: Instant,
    app_limited: bool,
}

impl Acked {
    #[inline]
    fn take(&mut self, record: &Record) {
        let &Record { sent_at, delivered, delivered_at, app_limited, .. } = record;
        if !record.retransmitted() {
            self.sent_once_at = self.sent_once_at.max(Some(sent_at));
        }
        if self.latest.is_none_or(|latest| latest.sent_at <= sent_at) {
            self.latest = Some(Latest { sent_at, delivered, delivered_at, app_limited });
        }
    }
}

impl Connection {
    /// SEG.ACK of a segment in a synchronised state (RFC 9293 §3.10.7.4, fifth; RFC 5681 §3; RFC 6675 §5).
    pub fn on_ack(
        &mut self,
        cx: &mut Cx<'_, '_>,
        segment: &Segment,
        seq: Offset,
        ack: Offset,
        length: u64,
    ) -> Result<(), DropReason> {
        // RFC 5961 §5.2: what acknowledges something never sent, or impossibly old, is challenged.
        if ack > self.snd_nxt || ack + u64::from(self.max_snd_wnd) < self.snd_una {
            self.challenge(cx);
            return Err(DropReason::TcpBadAck);
        }
        if ack < self.snd_una {
            return Ok(());
        }
        let prior_pipe = self.pipe();
        let window_before = self.snd_wnd;
        let newly_acked = (ack - self.snd_una) as u32;
        let mut acked = self.take_acknowledged(ack);
        let told = self.read_sack(segment, &mut acked);
        self.take_window(self.window_of(segment), seq, ack);
        let delivered = acked.newly_delivered + told;
        if delivered > 0 {
            self.delivered += u64::from(delivered);
            self.delivered_at = cx.now();
        }
        // RFC 5681 §2: nothing new, nothing carried, the window as it was, and data outstanding.
        let duplicate = newly_acked == 0 && length == 0 && self.snd_wnd == window_before && self.awaits_ack();
        if duplicate || told > 0 {
            self.counters.duplicate_acks_received += u32::from(duplicate);
            if newly_acked == 0 {
                self.recovery.duplicate_acks = self.recovery.duplicate_acks.saturating_add(1);
            }
        }
        let rtt = self.measure(cx, segment.options.timestamps, &acked, newly_acked);
        if newly_acked > 0 {
            self.on_progress(cx, newly_acked);
        }
        self.look_for_loss(cx, newly_acked);
        if newly_acked > 0 || told > 0 {
            self.tell_controller(cx, &acked, newly_acked, told, prior_pipe, rtt);
        }
        self.manage_timers(cx, newly_acked > 0, window_before);
        self.show_metrics(cx);
        Ok(())
    }

    /// As [`on_ack`](Self::on_ack), of what was predicted: nothing but new data is acknowledged, none is lost or SACKed, and
    /// no window was closed.
    pub fn on_predicted_ack(
        &mut self,
        cx: &mut Cx<'_, '_>,
        window: u32,
        times: Option<Timestamps>,
        ack: Offset,
    ) {
        let prior_pipe = self.pipe();
        let newly_acked = (ack - self.snd_una) as u32;
        let acked = self.take_acknowledged(ack);
        self.take_window(window, self.receive.next(), ack);
        self.delivered += u64::from(acked.newly_delivered);
        self.delivered_at = cx.now();
        let rtt = self.measure(cx, times, &acked, newly_acked);
        self.on_progress(cx, newly_acked);
        self.tell_controller(cx, &acked, newly_acked, 0, prior_pipe, rtt);
        self.restart_rto(cx);
    }

    /// Whether anything is in flight whose acknowledgement is due: the answers to probes of a closed window say nothing of
    /// loss.
    fn awaits_ack(&self) -> bool {
        !self.inflight.is_empty() && !self.window_probe_sent
    }

    /// Takes what is acknowledged out of flight and out of the send queue.
    #[expect(clippy::inline_always, reason = "what it returns is in registers there")]
    #[inline(always)]
    fn take_acknowledged(&mut self, ack: Offset) -> Acked {
        let mut acked = Acked::default();
        self.inflight.acknowledge(ack, |record| {
            // What SACK had reported was measured then.
            if !record.sacked {
                acked.newly_delivered += record.length;
                acked.take(record);
            }
        });
        if let Some(first) = self.inflight.front().filter(|first| first.start < ack) {
            acked.newly_delivered += if first.sacked { 0 } else { (ack - first.start) as u32 };
            self.inflight.trim(ack);
        }
        self.snd_una = ack;
        let held = self.send.len();
        self.send.advance(ack);
        self.counters.acked_bytes += (held - self.send.len()) as u64;
        acked
    }

    fn read_sack(&mut self, segment: &Segment, acked: &mut Acked) -> u32 {
        if !self.agreed.sack || segment.options.sack.is_empty() {
            if self.inflight.sacked() == 0 {
                self.recovery.seen = None;
            }
            return 0;
        }
        let blocks = &segment.options.sack;
        let (una, nxt) = (self.snd_una, self.snd_nxt);
        let told =
            scoreboard::update(&mut self.inflight, &mut self.recovery.seen, blocks, self.iss, una, nxt);
        if let Some(record) = told.latest.and_then(|index| self.inflight.get(index)) {
            acked.take(record);
        }
        told.newly_sacked
    }

    /// SND.WND, from a segment that is not older than the one that set it (RFC 9293 §3.10.7.4).
    #[inline]
    pub fn take_window(&mut self, window: u32, seq: Offset, ack: Offset) {
        if self.snd_wl1 < seq || (self.snd_wl1 == seq && self.snd_wl2 <= ack) {
            self.snd_wnd = window;
            self.max_snd_wnd = self.max_snd_wnd.max(window);
            (self.snd_wl1, self.snd_wl2) = (seq, ack);
        }
    }

    /// The window of `segment` in octets.
    pub const fn window_of(&self, segment: &Segment) -> u32 {
        // RFC 7323 §2.2: the window of a SYN is not scaled.
        let shift = if segment.flags.has(Flags::SYN) { 0 } else { self.agreed.snd_wind_shift };
        (segment.window as u32) << shift
    }

    /// A round-trip sample: of a segment sent once, or by its echoed timestamp (RFC 7323 §4.1).
    fn measure(
        &mut self,
        cx: &Cx<'_, '_>,
        times: Option<Timestamps>,
        acked: &Acked,
        newly_acked: u32,
    ) -> Option<Duration> {
        let now = cx.now();
        let echoed = || {
            let times = times.filter(|_| self.agreed.timestamps && newly_acked > 0)?;
            let age = self.timestamp(now).wrapping_sub(times.echo);
            (age < 1 << 31).then(|| Duration::from_millis(u64::from(age.max(1))))
        };
        let rtt = acked.sent_once_at.map(|sent_at| now.since(sent_at)).or_else(echoed)?;
        self.rtt.sample(rtt);
        Some(rtt)
    }

    /// New data was acknowledged.
    #[inline]
    fn on_progress(&mut self, cx: &mut Cx<'_, '_>, newly_acked: u32) {
        self.progress_at = cx.now();
        self.window_probe_sent = false;
        match self.recovery.phase {
            Phase::Open | Phase::Loss => self.recovery.forget_duplicates(),
            Phase::Recovery => {
                // RFC 6582 §3.2 step 3: a partial acknowledgement deflates by what left, less the segment sent again.
                let segments = (newly_acked / self.mss()).saturating_sub(1);
                self.recovery.duplicate_acks = self.recovery.duplicate_acks.saturating_sub(segments as u16);
            }
        }
        let room = u64::from(cx.knobs.send_buffer).saturating_sub(self.send.len() as u64);
        // A third of the buffer at once: a writer woken for each segment would write segment by segment.
        if room * 3 >= u64::from(cx.knobs.send_buffer) {
            self.wake(cx, Readiness::WRITE);
        }
        if self.inflight.is_empty() {
            self.recovery.seen = None;
        }
    }

    /// Finds what is lost, and enters or leaves recovery (RFC 6675 §5, RFC 6582 §3.2).
    fn look_for_loss(&mut self, cx: &mut Cx<'_, '_>, newly_acked: u32) {
        if self.recovery.phase != Phase::Open && self.snd_una >= self.recovery.point {
            let from_recovery = self.recovery.phase == Phase::Recovery;
            self.recovery.leave();
            if from_recovery {
                let in_flight = self.pipe();
                self.tell(cx, |_| Congestion::Recovered { in_flight });
            }
        }
        if self.inflight.is_empty() {
            return;
        }
        let threshold = cx.knobs.duplicate_threshold;
        let flight_size = self.flight_size();
        let mss = self.mss();
        let sacked_loss = self.agreed.sack && scoreboard::mark_lost(&mut self.inflight, threshold, mss);
        match self.recovery.phase {
            Phase::Open => {
                let duplicates = self.recovery.duplicate_acks >= u16::from(threshold.max(1));
                // RFC 6582 §3.2 step 2: duplicates of what was sent before the last recovery are no new loss.
                let new_loss = self.agreed.sack
                    || self.snd_una > self.recovery.point
                    || self.recovery.point == super::seq::ORIGIN;
                if sacked_loss || (duplicates && new_loss) {
                    // RFC 5681 §3.2 step 2: what limited transmit sent does not count.
                    self.enter_recovery(cx, flight_size.saturating_sub(self.limited_octets()));
                }
            }
            // RFC 6582 §3.2 step 3: without SACK a partial acknowledgement names the next lost segment.
            Phase::Recovery if newly_acked > 0 && !self.agreed.sack => {
                if self.inflight.front().is_some_and(|first| !first.lost) {
                    self.inflight.update(0, |record| record.lost = true);
                }
                self.recovery.forced = Some(Cause::RetransmitPartialAck);
            }
            Phase::Recovery | Phase::Loss => {}
        }
    }

    /// Octets that limited transmit sent.
    fn limited_octets(&self) -> u32 {
        self.inflight.iter().rev().take(usize::from(self.recovery.limited)).map(|record| record.length).sum()
    }

    fn enter_recovery(&mut self, cx: &mut Cx<'_, '_>, flight_size: u32) {
        self.counters.fast_recoveries += 1;
        if self.inflight.front().is_some_and(|first| !first.sacked && !first.lost) {
            self.inflight.update(0, |record| record.lost = true);
        }
        self.recovery.enter(Phase::Recovery, self.snd_nxt, Cause::RetransmitFast);
        let record = self.inflight.front().copied();
        if let Some(record) = record {
            self.tell(cx, |_| Congestion::Lost { record: &record, flight_size });
        }
    }

    /// Tells the controller of congestion.
    pub fn tell<'r>(&mut self, cx: &mut Cx<'_, '_>, event: impl FnOnce(&Self) -> Congestion<'r>) {
        let event = event(self);
        let mut path = self.path(cx);
        if let Some(controller) = &mut self.congestion {
            controller.on_congestion(event, &mut path);
            self.cwnd = controller.window();
        }
    }

    /// The connection as its controller sees it.
    pub fn path<'r>(&self, cx: &'r mut Cx<'_, '_>) -> congestion::Path<'r> {
        congestion::Path {
            now: cx.ctx.now,
            mss: self.mss(),
            srtt: self.rtt.srtt(),
            min_rtt: self.rtt.min(),
            rng: cx.ctx.rng,
        }
    }

    fn tell_controller(
        &mut self,
        cx: &mut Cx<'_, '_>,
        acked: &Acked,
        newly_acked: u32,
        newly_sacked: u32,
        prior_in_flight: u32,
        rtt: Option<Duration>,
    ) {
        let round_start = acked.latest.is_some_and(|record| record.delivered >= self.round_end);
        if round_start {
            self.round_end = self.delivered;
        }
        let mut path = self.path(cx);
        let (in_flight, rate) = (self.pipe(), self.rate_sample(acked));
        let Some(controller) = &mut self.congestion else { return };
        // Slow start may use half the window (it doubles within the round); after it all but a segment or two.
        let window = self.cwnd;
        let used = if window < controller.ssthresh() {
            prior_in_flight.saturating_mul(2)
        } else {
            prior_in_flight + 2 * path.mss
        };
        let ack = Ack {
            newly_acked,
            newly_sacked,
            in_flight,
            prior_in_flight,
            rtt,
            rate,
            delivered: self.delivered,
            round_start,
            in_recovery: self.recovery.phase == Phase::Recovery,
            window_limited: used >= window,
        };
        controller.on_ack(&ack, &mut path);
        self.cwnd = controller.window();
    }

    /// How fast data was delivered since the latest of the acknowledged segments was sent.
    fn rate_sample(&self, acked: &Acked) -> Option<RateSample> {
        let record = acked.latest?;
        Some(RateSample {
            delivered: self.delivered - record.delivered,
            interval: self.delivered_at.since(record.delivered_at),
            app_limited: record.app_limited,
        })
    }

    /// RFC 6298 §5.2 and §5.3: new data was acknowledged.
    #[inline]
    fn restart_rto(&mut self, cx: &Cx<'_, '_>) {
        if self.inflight.is_empty() {
            self.deadlines.stop_rto();
        } else {
            self.deadlines.rto = cx.now() + self.rtt.rto(cx.knobs);
        }
    }

    /// The retransmission timer, and the persist timer of a closed window.
    fn manage_timers(&mut self, cx: &mut Cx<'_, '_>, progress: bool, window_before: u32) {
        if progress {
            self.restart_rto(cx);
        } else if self.inflight.is_empty() {
            self.deadlines.stop_rto();
        }
        if self.snd_wnd > 0 && window_before == 0 {
            self.on_window_opened(cx);
        } else if self.snd_wnd == 0 {
            // The peer answers: a closed window may stay closed for ever (RFC 9293 §3.8.6.1), unless the owner has said for
            // how long (RFC 5482 §3).
            if cx.knobs.options.user_timeout.is_none() {
                self.progress_at = cx.now();
            }
        }
    }
}
