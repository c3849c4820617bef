//! When a host asks a link for its routers (RFC 1256 §5.3).

use super::Knobs;
use super::advertiser::within;
use crate::rng::Rng;
use crate::time::Instant;

/// A host's part on one link.
#[derive(Clone, Debug)]
pub struct Solicitor {
    next: Instant,
    left: u32,
}

impl Solicitor {
    /// The link is there, and the host has an address on it, from `now` on.
    pub fn new(knobs: &Knobs, now: Instant, rng: &mut Rng) -> Self {
        let delay = within(rng, knobs.max_solicitation_delay, "delay of a router solicitation");
        let mut solicitor = Self { next: now + delay, left: knobs.max_solicitations };
        if solicitor.left == 0 {
            solicitor.hush();
        }
        solicitor
    }

    /// When the next solicitation goes, if one does.
    pub const fn next(&self) -> Instant {
        self.next
    }

    /// A router has answered, or none will be asked: no more questions.
    pub fn hush(&mut self) {
        (self.next, self.left) = (Instant::FAR_FUTURE, 0);
    }

    /// Whether a solicitation is to go now. Then the next is due later, or never.
    pub fn take_due(&mut self, knobs: &Knobs, now: Instant) -> bool {
        if self.next > now || self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.next = if self.left > 0 { now + knobs.solicitation_interval } else { Instant::FAR_FUTURE };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn a_host_asks_three_times_and_no_more() {
        // RFC 1256 §5.3, §6
        let (knobs, mut rng) = (Knobs::rfc(), Rng::stream(3, "host", "discovery"));
        let began = Instant::from_secs(5);
        let mut solicitor = Solicitor::new(&knobs, began, &mut rng);
        let first = solicitor.next();
        assert!(first >= began && first <= began + Duration::from_secs(1));
        for number in 0..3 {
            let now = solicitor.next();
            assert_eq!(now, first + Duration::from_secs(3) * number);
            assert!(solicitor.take_due(&knobs, now) && !solicitor.take_due(&knobs, now));
        }
        assert_eq!(solicitor.next(), Instant::FAR_FUTURE);
        // And none once it has an answer.
        let mut solicitor = Solicitor::new(&knobs, began, &mut rng);
        solicitor.hush();
        assert!(!solicitor.take_due(&knobs, began + Duration::from_secs(9)));
        let silent = Knobs { max_solicitations: 0, ..Knobs::rfc() };
        assert_eq!(Solicitor::new(&silent, began, &mut rng).next(), Instant::FAR_FUTURE);
    }
}
