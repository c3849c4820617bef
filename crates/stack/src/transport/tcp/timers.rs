//! A connection's timers: retransmission (RFC 6298 §5), delayed ACK, TIME-WAIT and FIN-WAIT-2. Persist and keep-alive
//! stand in files of their own.

use super::congestion::Congestion;
use super::connection::{Connection, Cx, Owed};
use super::recovery::{Phase, scoreboard};
use crate::time::{Duration, Instant};
use crate::trace::{Cause, Ending, Event, Interest, State, Trigger};
use crate::transport::SocketError;

/// How long empty queues keep their storage.
const STORAGE_IDLE: Duration = Duration::from_secs(1);

/// When each timer expires; `FAR_FUTURE` where it is not armed.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Retransmission.
    pub rto: Instant,
    /// Closed window, small window, or a way that failed.
    pub persist: Instant,
    /// Delayed ACK.
    pub delayed_ack: Instant,
    /// The end of TIME-WAIT, or of a wait in FIN-WAIT-2.
    pub linger: Instant,
    /// Keep-alive.
    pub keep_alive: Instant,
    /// When spare storage is given back, should the connection be idle then.
    pub release: Instant,
}

impl Default for Deadlines {
    fn default() -> Self {
        let never = Instant::FAR_FUTURE;
        Self {
            rto: never,
            persist: never,
            delayed_ack: never,
            linger: never,
            keep_alive: never,
            release: never,
        }
    }
}

impl Deadlines {
    /// The earliest of them.
    pub fn next(&self) -> Instant {
        self.rto
            .min(self.persist)
            .min(self.delayed_ack)
            .min(self.linger)
            .min(self.keep_alive)
            .min(self.release)
    }

    /// The earliest of those that sending arms.
    pub fn next_after_sending(&self) -> Instant {
        self.rto.min(self.persist)
    }

    /// The earliest of those that a predicted segment arms.
    pub fn next_after_prediction(&self) -> Instant {
        self.rto.min(self.delayed_ack)
    }

    /// Nothing is in flight.
    pub const fn stop_rto(&mut self) {
        self.rto = Instant::FAR_FUTURE;
    }

    /// Stops all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Connection {
    /// Runs every timer that is due.
    pub fn on_timeout(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let due = |at: &mut Instant| {
            let due = *at <= now;
            if due {
                *at = Instant::FAR_FUTURE;
            }
            due
        };
        self.trigger = Trigger::Timer;
        let at = self.deadlines;
        if due(&mut self.deadlines.delayed_ack) && self.owed == Owed::Delayed {
            self.owed = Owed::Now(Cause::DelayedAck);
            self.show_expiry(cx, Cause::DelayedAck, at.delayed_ack);
        }
        if due(&mut self.deadlines.rto) {
            self.on_rto(cx, at.rto);
        }
        if due(&mut self.deadlines.persist) {
            self.on_persist(cx, at.persist);
        }
        if due(&mut self.deadlines.keep_alive) {
            self.on_keep_alive(cx, at.keep_alive);
        }
        if due(&mut self.deadlines.release) {
            self.release_storage(cx);
        }
        if due(&mut self.deadlines.linger) && !self.on_linger_over(cx) {
            let ending = if self.state == State::TimeWait { Ending::Clean } else { Ending::TimedOut };
            self.end(cx, ending, None);
        }
    }

    /// The retransmission timer has expired (RFC 6298 §5.4–5.7, RFC 5681 §3.1).
    fn on_rto(&mut self, cx: &mut Cx<'_, '_>, due: Instant) {
        let Some(first) = self.inflight.front().copied() else { return };
        let handshake = !self.state.is_synchronized();
        if handshake && self.is_deferred(cx, first.first_sent_at) {
            return;
        }
        self.counters.rto_expiries += 1;
        // RFC 9293 §3.8.3: R2, from the first transmission or the last sign of progress.
        let limit = if handshake { cx.knobs.syn_r2 } else { cx.knobs.r2 };
        let since = first.first_sent_at.max(self.progress_at);
        let tried =
            handshake && cx.knobs.options.syn_count.is_some_and(|most| first.transmissions > most.into());
        if tried || cx.now().since(since) >= limit {
            return self.give_up(cx);
        }
        let again = self.recovery.phase == Phase::Loss && first.retransmitted();
        let flight_size = self.flight_size();
        scoreboard::mark_all_lost(&mut self.inflight, &mut self.recovery.seen);
        self.recovery.enter(Phase::Loss, self.snd_nxt, Cause::RetransmitRto);
        self.recovery.forget_duplicates();
        self.tell(cx, |_| Congestion::Timeout { flight_size, again });
        self.rtt.back_off();
        self.deadlines.rto = cx.now() + self.rtt.rto(cx.knobs);
        let cause = match self.state {
            State::SynSent => Cause::RetransmitSyn,
            State::SynReceived => Cause::RetransmitSynAck,
            _ => Cause::RetransmitRto,
        };
        self.show_expiry(cx, cause, due);
        self.show_metrics(cx);
    }

    /// RFC 5482 §3: what nobody acknowledges is given up when the time is up, not at the retransmission behind it.
    pub fn heed_user_timeout(&mut self, cx: &Cx<'_, '_>) {
        let Some(timeout) = cx.knobs.options.user_timeout else { return };
        if let Some(first) = self.inflight.front() {
            let up = first.first_sent_at.max(self.progress_at) + timeout;
            self.deadlines.rto = self.deadlines.rto.min(up.max(cx.now()));
        }
    }

    /// Whether the peer has completed the handshake and has time yet to say something (`TCP_DEFER_ACCEPT`). After it the
    /// SYN-ACK goes again, to have it completed once more.
    fn is_deferred(&mut self, cx: &Cx<'_, '_>, began: Instant) -> bool {
        if !self.seldom.as_deref().is_some_and(|seldom| seldom.deferred) {
            return false;
        }
        let until = began + cx.knobs.options.defer_accept.unwrap_or_default();
        self.progress_at = self.progress_at.max(until.min(cx.now()));
        if cx.now() < until {
            self.deadlines.rto = until;
        }
        cx.now() < until
    }

    /// The peer does not answer: tells it so, should it be there after all, and ends.
    pub fn give_up(&mut self, cx: &mut Cx<'_, '_>) {
        let known = self.seldom.as_deref().and_then(|seldom| seldom.soft_error);
        let known = known.filter(|(at, _)| *at >= self.progress_at);
        let error = known.map_or(SocketError::TimedOut, |(_, error)| error);
        self.reset(cx, Ending::TimedOut, Some(error));
    }

    /// A closed socket waits for the peer's FIN only so long, where a knob says so.
    pub fn start_fin_wait2(&mut self, cx: &Cx<'_, '_>) {
        if let Some(wait) = cx.knobs.fin_wait2_timeout {
            self.deadlines.linger = cx.now() + wait;
        }
    }

    /// Queues keep their storage while they are in use: once a second is soon enough to give it back, and a busy
    /// connection is not slowed by giving and taking.
    pub fn release_later(&mut self, cx: &Cx<'_, '_>) {
        if self.deadlines.release == Instant::FAR_FUTURE && self.state != State::Closed {
            self.deadlines.release = cx.now() + STORAGE_IDLE;
        }
    }

    fn release_storage(&mut self, cx: &Cx<'_, '_>) {
        self.inflight.release();
        self.send.release();
        self.receive.release();
        if !self.inflight.is_empty() || self.send.len() > 0 || self.receive.readable() > 0 {
            self.release_later(cx);
        }
    }

    /// Shows that a timer did something.
    pub fn show_expiry(&self, cx: &mut Cx<'_, '_>, cause: Cause, due: Instant) {
        let connection = self.id;
        cx.ctx.observe(Interest::CONNECTIONS, || Event::TimerExpired { connection, cause, due });
    }
}
