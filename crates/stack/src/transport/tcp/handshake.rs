//! The handshake: three-way, simultaneous, and what is agreed on in it (RFC 9293 §3.5, §3.10.7.3).

use super::congestion;
use super::connection::{Agreed, Connection, Cx, DEFAULT_MSS, LEAST_MSS};
use super::inflight::Record;
use super::options::Options;
use super::recovery::Phase;
use super::reply::Reply;
use super::segment::{Flags, Segment};
use super::seq::{ORIGIN, from_wire, to_wire};
use crate::frame::Frame;
use crate::trace::{Cause, DropReason, Ending, State};
use crate::transport::{Path, Readiness, SocketError};

impl Connection {
    /// A SYN has told the peer's initial sequence number and options: takes them over.
    pub fn take_syn(&mut self, cx: &Cx<'_, '_>, segment: &Segment) {
        let options = &segment.options;
        self.irs = segment.seq;
        self.rcv_adv = self.receive.next();
        self.peer_mss = options.mss.unwrap_or(DEFAULT_MSS).max(LEAST_MSS).min(cx.knobs.segment_limit());
        let scaling = cx.knobs.window_scaling && options.window_scale.is_some();
        self.agreed = Agreed {
            timestamps: cx.knobs.timestamps && options.timestamps.is_some(),
            sack: cx.knobs.sack && options.sack_permitted,
            // RFC 7323 §2.3: both ends must have offered it.
            scaling,
            snd_wind_shift: if scaling { options.window_scale.unwrap_or(0) } else { 0 },
            rcv_wind_shift: if scaling { cx.knobs.window_scale() } else { 0 },
        };
        self.update_mss();
        if let Some(times) = options.timestamps.filter(|_| self.agreed.timestamps) {
            (self.ts_recent, self.ts_recent_at) = (times.value, cx.now());
        }
        // RFC 7323 §2.2: the window of a SYN is not scaled.
        self.snd_wnd = u32::from(segment.window);
        self.max_snd_wnd = self.snd_wnd;
        (self.snd_wl1, self.snd_wl2) = (ORIGIN, ORIGIN);
    }

    /// Both SYNs are acknowledged: data may flow.
    pub fn establish(&mut self, cx: &mut Cx<'_, '_>, syn: Option<Record>) {
        // In a simultaneous open the SYN goes twice, and nothing was lost.
        let retried = self.counters.rto_expiries > 0;
        if retried {
            self.rtt.distrust_handshake();
        } else if let Some(syn) = syn.filter(|record| !record.retransmitted()) {
            self.rtt.sample(cx.now().since(syn.sent_at));
        }
        // RFC 5681 §3.1: after a lost SYN the initial window is one segment.
        let initial_window = if retried { 1 } else { cx.knobs.initial_window };
        let controller = congestion::controller(cx.knobs.congestion, self.mss(), initial_window);
        (self.cwnd, self.sending_watched) = (controller.window(), controller.watches_sending());
        self.congestion = Some(controller);
        self.recovery.leave();
        self.deadlines.stop_rto();
        self.progress_at = cx.now();
        self.set_state(cx, State::Established);
        self.start_keep_alive(cx);
        // The SYN's record is gone: an idle connection holds no storage.
        self.inflight.release();
        if self.fin_requested {
            self.set_state(cx, State::FinWait1);
        }
        self.wake(cx, Readiness::WRITE);
    }

    /// A segment in SYN-SENT (RFC 9293 §3.10.7.3).
    pub fn on_segment_in_syn_sent(
        &mut self,
        cx: &mut Cx<'_, '_>,
        segment: &Segment,
        payload: u32,
    ) -> Result<(), DropReason> {
        let flags = segment.flags;
        let acks_syn = flags.has(Flags::ACK) && {
            let ack = from_wire(self.iss, segment.ack, self.snd_una);
            // First: an ACK of anything but our SYN is answered with a reset.
            if ack <= ORIGIN || ack > self.snd_nxt {
                let reply = Reply::to(segment, payload, self.id, self.trigger);
                cx.replies.extend(reply);
                return Err(DropReason::TcpBadAck);
            }
            true
        };
        // Second: a reset counts only with an acceptable ACK.
        if flags.has(Flags::RST) {
            if !acks_syn {
                return Err(DropReason::TcpBadReset);
            }
            self.end(cx, Ending::Refused, Some(SocketError::ConnectionRefused));
            return Ok(());
        }
        if !flags.has(Flags::SYN) {
            return Err(DropReason::TcpUnexpected);
        }
        // Fourth: the SYN.
        self.take_syn(cx, segment);
        if acks_syn {
            let syn = self.inflight.pop_acknowledged(ORIGIN + 1);
            self.snd_una = ORIGIN + 1;
            (self.snd_wl1, self.snd_wl2) = (ORIGIN, self.snd_una);
            self.establish(cx, syn);
            self.owe_now(Cause::HandshakeAck);
        } else {
            // Simultaneous open: our SYN goes again, with an ACK.
            self.set_state(cx, State::SynReceived);
            self.inflight.update(0, |record| record.lost = true);
        }
        // Text that came with the SYN is not taken: it is not acknowledged either, so it comes again.
        Ok(())
    }

    /// Puts the SYN or SYN-ACK into `frame`, where it is due.
    pub fn next_handshake_segment(&mut self, cx: &mut Cx<'_, '_>, path: &Path, frame: &mut Frame) -> bool {
        if self.state == State::Closed {
            return false;
        }
        let again = self.inflight.front().copied();
        let passive = self.state == State::SynReceived;
        let cause = match again {
            None if passive => Cause::SynAck,
            None => Cause::Syn,
            Some(record) if !record.lost => {
                self.recovery.forced = None;
                return false;
            }
            // The timer did not expire: a simultaneous open, or the peer's SYN came again.
            Some(_) if passive && self.recovery.phase == Phase::Open => Cause::SynAck,
            Some(_) if passive => Cause::RetransmitSynAck,
            Some(_) => Cause::RetransmitSyn,
        };
        self.recovery.forced = None;
        if again.is_some() {
            self.record_retransmission(cx, 0);
        } else {
            self.record_new(cx, 1);
        }
        self.owed = super::connection::Owed::Nothing;
        let flags = if passive { Flags::SYN | Flags::ACK } else { Flags::SYN };
        let segment = self.syn_segment(cx, path, flags);
        self.put(cx, path, &segment, cause, frame);
        true
    }

    fn syn_segment(&mut self, cx: &Cx<'_, '_>, path: &Path, flags: Flags) -> Segment {
        let knobs = cx.knobs;
        let (passive, agreed) = (flags.has(Flags::ACK), self.agreed);
        // A SYN offers what the knobs allow; a SYN-ACK only what the SYN offered too.
        let timestamps = if passive { agreed.timestamps } else { knobs.timestamps };
        let echo = if passive { self.ts_recent } else { 0 };
        let value = self.timestamp(cx.now());
        let scaling = if passive { agreed.scaling } else { knobs.window_scaling };
        let window = knobs.receive_buffer.min(u32::from(u16::MAX));
        self.rcv_adv = self.rcv_adv.max(self.receive.next() + u64::from(window));
        self.last_ack_sent = self.rcv_nxt();
        Segment {
            source_port: self.id.local.port(),
            destination_port: self.id.remote.port(),
            seq: to_wire(self.iss, ORIGIN),
            ack: if passive { to_wire(self.irs, self.rcv_nxt()) } else { 0 },
            flags,
            window: window as u16,
            urgent: 0,
            options: Options {
                mss: Some(Self::offered_mss(path.link_mtu, knobs)),
                window_scale: scaling.then(|| knobs.window_scale()),
                sack_permitted: if passive { agreed.sack } else { knobs.sack },
                timestamps: timestamps.then_some(super::options::Timestamps { value, echo }),
                ..Options::default()
            },
        }
    }
}
