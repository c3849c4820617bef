//! A token bucket (RFC 1812 §4.3.2.8), in whole nanoseconds.

use super::RateLimit;
use crate::time::{Duration, Instant};

/// How much may be sent now.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// Time that one token takes to come; `None` where there is no limit.
    interval: Option<Duration>,
    burst: u64,
    /// The bucket is full at this instant, if nothing is taken.
    full_at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(limit: Option<RateLimit>) -> Self {
        let interval = limit.map(|limit| match limit.per_second {
            0 => Duration::MAX,
            rate => Duration::from_nanos(1_000_000_000 / u64::from(rate)),
        });
        Self { interval, burst: limit.map_or(0, |limit| u64::from(limit.burst)), full_at: Instant::ZERO }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let granted = self.has(now);
        if let Some(interval) = self.interval.filter(|_| granted) {
            self.full_at = self.full_at.max(now) + interval;
        }
        granted
    }

    /// Whether there is a token.
    pub fn has(&self, now: Instant) -> bool {
        let Some(interval) = self.interval else { return true };
        // Each token taken puts off the instant of fullness by one interval; it may lie a burst ahead at most.
        let full_at = self.full_at.max(now) + interval;
        full_at.since(now) <= interval * self.burst && self.burst > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(bucket: &mut TokenBucket, now: Instant, asked: usize) -> usize {
        (0..asked).filter(|_| bucket.take(now)).count()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        // RFC 1812 §4.3.2.8
        let mut bucket = TokenBucket::new(Some(RateLimit { per_second: 10, burst: 3 }));
        assert_eq!(granted(&mut bucket, Instant::from_secs(1), 5), 3);
        assert_eq!(granted(&mut bucket, Instant::from_millis(1_099), 5), 0);
        assert_eq!(granted(&mut bucket, Instant::from_millis(1_100), 5), 1);
        assert_eq!(granted(&mut bucket, Instant::from_millis(1_300), 5), 2);
        assert_eq!(granted(&mut bucket, Instant::from_secs(100), 5), 3, "it never holds more than the burst");
        let mut steady = TokenBucket::new(Some(RateLimit { per_second: 10, burst: 3 }));
        let total: usize = (0..10_000).map(|ms| granted(&mut steady, Instant::from_millis(ms), 1)).sum();
        assert_eq!(total, 102, "ten seconds at ten a second, and the burst");
    }

    #[test]
    fn no_limit_no_rate_and_no_burst() {
        let mut bucket = TokenBucket::new(None);
        assert_eq!(granted(&mut bucket, Instant::ZERO, 1000), 1000);
        let mut bucket = TokenBucket::new(Some(RateLimit { per_second: 0, burst: 0 }));
        assert_eq!(granted(&mut bucket, Instant::from_secs(9), 10), 0);
        let mut bucket = TokenBucket::new(Some(RateLimit { per_second: 5, burst: 0 }));
        assert_eq!(granted(&mut bucket, Instant::from_secs(9), 10), 0);
    }
}
