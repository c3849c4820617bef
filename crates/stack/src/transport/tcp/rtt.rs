//! Round-trip time and retransmission time-out (RFC 6298), in integers.

use super::knobs::Knobs;
use crate::time::Duration;

/// The granularity of the clock that RFC 6298 §2.3 calls G.
const GRANULARITY: Duration = Duration::from_millis(1);
/// Doublings past which an RTO has reached any bound.
const MAX_BACKOFF: u8 = 32;

/// SRTT, RTTVAR and the RTO they give.
#[derive(Clone, Copy, Debug, Default)]
pub struct RttEstimator {
    /// SRTT × 8, zero before the first sample.
    srtt_times_8: u64,
    /// RTTVAR × 4.
    rttvar_times_4: u64,
    /// The least sample so far.
    min: u64,
    /// How often the RTO has been doubled since the last sample.
    backoff: u8,
}

impl RttEstimator {
    /// The smoothed round-trip time; zero before the first sample.
    pub const fn srtt(&self) -> Duration {
        Duration::from_nanos(self.srtt_times_8 / 8)
    }

    /// The least round-trip time seen; `None` before the first sample.
    pub fn min(&self) -> Option<Duration> {
        (self.min != 0).then_some(Duration::from_nanos(self.min))
    }

    /// Takes a sample of a segment that was sent once (RFC 6298 §3, Karn's algorithm), and ends the back-off.
    pub fn sample(&mut self, rtt: Duration) {
        // A round trip within one virtual instant still is a sample.
        let rtt = rtt.as_nanos().max(1);
        if self.srtt_times_8 == 0 {
            // RFC 6298 §2.2: the first measurement.
            self.srtt_times_8 = rtt * 8;
            self.rttvar_times_4 = rtt * 2;
            self.min = rtt;
        } else {
            // RFC 6298 §2.3: beta is 1/4 and alpha 1/8; RTTVAR first, with the old SRTT.
            let deviation = (self.srtt_times_8 / 8).abs_diff(rtt);
            self.rttvar_times_4 = self.rttvar_times_4 - self.rttvar_times_4 / 4 + deviation;
            self.srtt_times_8 = self.srtt_times_8 - self.srtt_times_8 / 8 + rtt;
            // A handshake that needed its timer gave no sample.
            self.min = if self.min == 0 { rtt } else { self.min.min(rtt) };
        }
        self.backoff = 0;
    }

    /// The retransmission time-out now, its back-off included.
    pub fn rto(&self, knobs: &Knobs) -> Duration {
        let base = if self.srtt_times_8 == 0 {
            knobs.initial_rto
        } else {
            // RFC 6298 §2.3 and §2.4.
            let variation = Duration::from_nanos(self.rttvar_times_4).max(GRANULARITY);
            (self.srtt() + variation).max(knobs.min_rto)
        };
        // RFC 6298 §2.5 and §5.5.
        let base = base.min(knobs.max_rto);
        if self.backoff == 0 { base } else { base.backed_off(u32::from(self.backoff)).min(knobs.max_rto) }
    }

    /// Doubles the RTO (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        self.backoff = (self.backoff + 1).min(MAX_BACKOFF);
    }

    /// Ends the back-off without a sample: the peer answers.
    pub fn end_backoff(&mut self) {
        self.backoff = 0;
    }

    /// RFC 6298 §5.7: a handshake that needed its timer starts data transmission with an RTO of at least 3 s.
    pub fn distrust_handshake(&mut self) {
        if self.srtt_times_8 == 0 {
            let three_seconds = Duration::from_secs(3).as_nanos();
            // A sample whose RTO is three seconds: SRTT 1 s, RTTVAR 0.5 s; the next samples move it away.
            self.srtt_times_8 = three_seconds / 3 * 8;
            self.rttvar_times_4 = three_seconds / 6 * 4;
        }
        self.backoff = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(rtt: &RttEstimator, knobs: &Knobs) -> u64 {
        rtt.rto(knobs).as_millis()
    }

    #[test]
    fn follows_the_formulas_of_rfc_6298() {
        let knobs = Knobs { min_rto: Duration::ZERO, ..Knobs::rfc() };
        let mut rtt = RttEstimator::default();
        assert_eq!(millis(&rtt, &knobs), 1000);
        rtt.sample(Duration::from_millis(100));
        // SRTT 100, RTTVAR 50: 100 + 4 × 50.
        assert_eq!(millis(&rtt, &knobs), 300);
        rtt.sample(Duration::from_millis(180));
        // RTTVAR 0.75 × 50 + 0.25 × 80 = 57.5; SRTT 0.875 × 100 + 0.125 × 180 = 110; 110 + 230.
        assert_eq!(millis(&rtt, &knobs), 340);
        assert_eq!(rtt.min(), Some(Duration::from_millis(100)));
    }

    #[test]
    fn doubles_up_to_the_bound_and_a_sample_ends_the_back_off() {
        let knobs = Knobs::rfc();
        let mut rtt = RttEstimator::default();
        rtt.sample(Duration::from_millis(10));
        assert_eq!(millis(&rtt, &knobs), 1000);
        let rtos: Vec<u64> = (0..8)
            .map(|_| {
                rtt.back_off();
                millis(&rtt, &knobs) / 1000
            })
            .collect();
        assert_eq!(rtos, [2, 4, 8, 16, 32, 60, 60, 60]);
        rtt.sample(Duration::from_millis(10));
        assert_eq!(millis(&rtt, &knobs), 1000);
    }

    #[test]
    fn a_steady_path_has_a_variation_of_no_less_than_the_granularity() {
        let knobs = Knobs { min_rto: Duration::ZERO, ..Knobs::rfc() };
        let mut rtt = RttEstimator::default();
        (0..200).for_each(|_| rtt.sample(Duration::from_millis(20)));
        assert_eq!(millis(&rtt, &knobs), 21);
    }

    #[test]
    fn after_a_lost_syn_the_rto_is_three_seconds() {
        let mut rtt = RttEstimator::default();
        rtt.back_off();
        rtt.distrust_handshake();
        assert_eq!(millis(&rtt, &Knobs::rfc()), 3000);
    }

    #[test]
    fn a_peer_that_answers_ends_the_back_off() {
        let mut rtt = RttEstimator::default();
        rtt.back_off();
        assert_eq!(millis(&rtt, &Knobs::rfc()), 2000);
        rtt.end_backoff();
        assert_eq!(millis(&rtt, &Knobs::rfc()), 1000);
    }
}
