//! The persist timer: a closed window is probed (RFC 9293 §3.8.6.1), a small one is used after all (§3.8.6.2.1), and a
//! way that failed is tried again.

use super::connection::{Connection, Cx};
use super::seq::ORIGIN;
use crate::time::Instant;
use crate::trace::Cause;

impl Connection {
    /// Something waits to be sent, nothing is in flight that would be answered: look again after an RTO.
    pub fn start_persist(&mut self, cx: &Cx<'_, '_>) {
        let waits_for_answer = !self.inflight.is_empty() && !self.window_probe_sent;
        if self.deadlines.persist != Instant::FAR_FUTURE || waits_for_answer {
            return;
        }
        self.deadlines.persist = cx.now() + self.rtt.rto(cx.knobs);
        self.progress_at = cx.now();
    }

    /// The persist timer has expired.
    pub fn on_persist(&mut self, cx: &mut Cx<'_, '_>, due: Instant) {
        if !self.has_unsent() && !self.window_probe_sent {
            return;
        }
        if self.snd_wnd > 0 && self.is_corked(cx) {
            // Nothing is wrong: the octets have waited for more long enough.
            self.override_small = true;
            return self.show_expiry(cx, Cause::CorkCeiling, due);
        }
        // The window may stay closed for ever as long as the peer answers: its answers move `progress_at`.
        if cx.now().since(self.progress_at) >= cx.knobs.r2 {
            return self.give_up(cx);
        }
        self.rtt.back_off();
        if self.snd_wnd > 0 {
            self.override_small = true;
            self.show_expiry(cx, Cause::SwsOverride, due);
        } else {
            self.probe = Some(Cause::ZeroWindowProbe);
            self.show_expiry(cx, Cause::ZeroWindowProbe, due);
        }
        self.deadlines.persist = cx.now() + self.rtt.rto(cx.knobs);
        if let Some(timeout) = cx.knobs.options.user_timeout {
            self.deadlines.persist = self.deadlines.persist.min((self.progress_at + timeout).max(cx.now()));
        }
    }

    /// The window was closed and is open. A probe that is not acknowledged did not fit: it goes again, as data.
    pub fn on_window_opened(&mut self, cx: &Cx<'_, '_>) {
        self.deadlines.persist = Instant::FAR_FUTURE;
        self.progress_at = cx.now();
        self.rtt.end_backoff();
        self.probe = None;
        if self.window_probe_sent {
            self.window_probe_sent = false;
            self.inflight.update(0, |record| record.lost = !record.sacked);
            self.recovery.search_from = ORIGIN;
        }
        if !self.inflight.is_empty() {
            self.deadlines.rto = cx.now() + self.rtt.rto(cx.knobs);
        }
    }
}
