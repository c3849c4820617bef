//! NewReno: slow start and congestion avoidance (RFC 5681) by octets acknowledged (RFC 3465).

use super::{Ack, Congestion, CongestionControl, Path};

/// The controller's state: three numbers.
#[derive(Clone, Copy, Debug)]
pub struct NewReno {
    cwnd: u32,
    ssthresh: u32,
    /// Octets acknowledged towards the next step of congestion avoidance.
    acked: u32,
    /// The restart window after idleness (RFC 5681 §4.1).
    initial_window: u32,
    /// Whether the window began anew after a time-out: slow start counts one segment an ACK (RFC 3465 §2.3).
    after_timeout: bool,
}

impl NewReno {
    /// A new controller in slow start, its window as RFC 6928 §2 has it.
    pub fn new(mss: u32, initial_window: u16) -> Self {
        // RFC 6928 §2: min (10*MSS, max (2*MSS, 14600)), for ten segments; the same form for other knobs.
        let segments = u32::from(initial_window);
        let cwnd = (segments * mss).min((2 * mss).max(segments * 1460));
        Self { cwnd, ssthresh: u32::MAX, acked: 0, initial_window: cwnd, after_timeout: false }
    }

    /// As [`new`](Self::new), boxed for the table.
    pub fn boxed(mss: u32, initial_window: u16) -> Box<dyn CongestionControl> {
        Box::new(Self::new(mss, initial_window))
    }

    /// RFC 5681 §3.1 equation 4.
    fn halved(flight_size: u32, mss: u32) -> u32 {
        (flight_size / 2).max(2 * mss)
    }
}

impl CongestionControl for NewReno {
    fn name(&self) -> &'static str {
        "newreno"
    }

    fn on_ack(&mut self, ack: &Ack, path: &mut Path<'_>) {
        // RFC 7661 §3 in its simplest form: a window that was not used is not shown to be usable.
        if ack.in_recovery || ack.newly_acked == 0 || !ack.window_limited {
            return;
        }
        let mss = path.mss;
        if self.cwnd < self.ssthresh {
            // RFC 3465 §2.2 and §2.3: L is two segments, one after a time-out.
            let limit = if self.after_timeout { mss } else { 2 * mss };
            self.cwnd = self.cwnd.saturating_add(ack.newly_acked.min(limit));
        } else {
            self.after_timeout = false;
            // RFC 3465 §2.1: one segment for each window acknowledged.
            self.acked = self.acked.saturating_add(ack.newly_acked);
            if self.acked >= self.cwnd {
                self.acked -= self.cwnd;
                self.cwnd = self.cwnd.saturating_add(mss);
            }
        }
    }

    fn on_congestion(&mut self, event: Congestion<'_>, path: &mut Path<'_>) {
        match event {
            Congestion::Lost { flight_size, .. } => {
                // RFC 6675 §5 step 4.2.
                self.ssthresh = Self::halved(flight_size, path.mss);
                self.cwnd = self.ssthresh;
                self.acked = 0;
            }
            Congestion::Timeout { flight_size, again } => {
                // RFC 5681 §3.1: ssthresh is set by the first time-out of a segment only; the window is one segment.
                if !again {
                    self.ssthresh = Self::halved(flight_size, path.mss);
                }
                self.cwnd = path.mss;
                self.acked = 0;
                self.after_timeout = true;
            }
            // RFC 6582 §3.2 step 3, full acknowledgement, option 1: no burst after recovery.
            Congestion::Recovered { in_flight } => {
                self.cwnd = self.ssthresh.min(in_flight.max(path.mss) + path.mss);
            }
            Congestion::Idle => self.cwnd = self.cwnd.min(self.initial_window),
            // ECN and the undoing of false signs come with the parts of the sender that tell of them.
            Congestion::EcnMark | Congestion::Spurious => {}
        }
    }

    fn window(&self) -> u32 {
        self.cwnd
    }

    fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    fn clone_box(&self) -> Box<dyn CongestionControl> {
        Box::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::time::{Duration, Instant};

    const MSS: u32 = 1000;

    fn with_path(call: impl FnOnce(&mut Path<'_>)) {
        let mut rng = Rng::stream(1, "test", "newreno");
        call(&mut Path { now: Instant::ZERO, mss: MSS, srtt: Duration::ZERO, min_rtt: None, rng: &mut rng });
    }

    fn ack(reno: &mut NewReno, newly_acked: u32) {
        let ack = Ack {
            newly_acked,
            newly_sacked: 0,
            in_flight: 0,
            prior_in_flight: 0,
            rtt: None,
            rate: None,
            delivered: 0,
            round_start: false,
            in_recovery: false,
            window_limited: true,
        };
        with_path(|path| reno.on_ack(&ack, path));
    }

    #[test]
    fn slow_start_doubles_each_round_with_delayed_acks() {
        let mut reno = NewReno::new(MSS, 10);
        assert_eq!(reno.window(), 10 * MSS);
        (0..5).for_each(|_| ack(&mut reno, 2 * MSS));
        assert_eq!(reno.window(), 20 * MSS);
    }

    #[test]
    fn congestion_avoidance_adds_a_segment_a_round() {
        let mut reno = NewReno { ssthresh: 10 * MSS, ..NewReno::new(MSS, 10) };
        (0..5).for_each(|_| ack(&mut reno, 2 * MSS));
        assert_eq!(reno.window(), 11 * MSS);
    }

    #[test]
    fn a_timeout_leaves_one_segment_and_halves_only_once() {
        let mut reno = NewReno::new(MSS, 10);
        with_path(|path| {
            reno.on_congestion(Congestion::Timeout { flight_size: 10 * MSS, again: false }, path);
        });
        with_path(|path| reno.on_congestion(Congestion::Timeout { flight_size: MSS, again: true }, path));
        assert_eq!((reno.window(), reno.ssthresh()), (MSS, 5 * MSS));
        ack(&mut reno, 2 * MSS);
        assert_eq!(reno.window(), 2 * MSS);
    }

    #[test]
    fn the_initial_window_of_large_segments_is_bounded() {
        assert_eq!(NewReno::new(8960, 10).window(), 17_920);
        assert_eq!(NewReno::new(1460, 10).window(), 14_600);
    }

    #[test]
    fn the_step_begins_anew_after_each_segment_added() {
        let mut reno = NewReno { ssthresh: 10 * MSS, ..NewReno::new(MSS, 10) };
        let windows: Vec<u32> = (0..12)
            .map(|_| {
                ack(&mut reno, 2 * MSS);
                reno.window() / MSS
            })
            .collect();
        assert_eq!(windows, [10, 10, 10, 10, 11, 11, 11, 11, 11, 11, 12, 12]);
    }

    #[test]
    fn what_tells_nothing_of_the_window_does_not_change_it() {
        for (newly_acked, in_recovery, window_limited) in
            [(0, false, true), (MSS, true, true), (MSS, false, false)]
        {
            let mut reno = NewReno::new(MSS, 10);
            let ack = Ack {
                newly_acked,
                newly_sacked: 0,
                in_flight: 0,
                prior_in_flight: 0,
                rtt: None,
                rate: None,
                delivered: 0,
                round_start: false,
                in_recovery,
                window_limited,
            };
            with_path(|path| reno.on_ack(&ack, path));
            assert_eq!(reno.window(), 10 * MSS);
        }
    }

    #[test]
    fn a_small_flight_leaves_two_segments_and_a_repair_no_burst() {
        let event = |reno: &mut NewReno, event| with_path(|path| reno.on_congestion(event, path));
        let mut reno = NewReno::new(MSS, 10);
        event(&mut reno, Congestion::Timeout { flight_size: 3 * MSS, again: false });
        assert_eq!((reno.window(), reno.ssthresh()), (MSS, 2 * MSS));
        // RFC 6582 §3.2 step 3, option 1.
        for (in_flight, segments) in [(0, 2), (3, 4), (20, 8)] {
            let mut reno = NewReno { ssthresh: 8 * MSS, ..NewReno::new(MSS, 10) };
            event(&mut reno, Congestion::Recovered { in_flight: in_flight * MSS });
            assert_eq!(reno.window(), segments * MSS);
        }
    }

    #[test]
    fn it_has_a_name_and_asks_for_nothing_more() {
        let reno = crate::transport::tcp::congestion::controller("newreno", MSS, 10);
        assert_eq!(reno.name(), "newreno");
        assert!(!reno.watches_sending() && !reno.owns_recovery());
        assert_eq!((reno.pacing_rate(), reno.send_quantum()), (None, u32::MAX));
    }
}
