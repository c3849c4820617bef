//! Keep-alives (RFC 9293 §3.8.4): off unless a knob turns them on.

use super::connection::{Connection, Cx};
use crate::time::Instant;
use crate::trace::Cause;

impl Connection {
    /// The connection is established: silence counts from now.
    pub fn start_keep_alive(&mut self, cx: &Cx<'_, '_>) {
        if cx.knobs.keep_alive {
            self.deadlines.keep_alive = cx.now() + cx.knobs.keep_alive_idle;
        }
    }

    /// Whether enough keep-alives went unanswered; or silence has lasted for the user timeout, where there is one (RFC 5482
    /// §4.2 has it longer than keep-alives need; Linux lets it decide).
    fn has_been_silent(&self, cx: &Cx<'_, '_>) -> bool {
        match cx.knobs.options.user_timeout {
            Some(timeout) => self.probes > 0 && cx.now().since(self.heard_at) >= timeout,
            None => self.probes >= cx.knobs.keep_alive_count,
        }
    }

    /// The keep-alive timer has expired.
    pub fn on_keep_alive(&mut self, cx: &mut Cx<'_, '_>, due: Instant) {
        let knobs = cx.knobs;
        let silent_until = self.heard_at + knobs.keep_alive_idle;
        // What is in flight, or waits behind a closed window, is asked for by its own timer.
        if !self.inflight.is_empty() || self.has_unsent() {
            self.deadlines.keep_alive = cx.now() + knobs.keep_alive_idle;
        } else if self.probes == 0 && cx.now() < silent_until {
            self.deadlines.keep_alive = silent_until;
        } else if self.has_been_silent(cx) {
            self.give_up(cx);
        } else {
            self.probes += 1;
            self.probe = Some(Cause::KeepAlive);
            self.deadlines.keep_alive = cx.now() + knobs.keep_alive_interval;
            self.show_expiry(cx, Cause::KeepAlive, due);
        }
    }
}
