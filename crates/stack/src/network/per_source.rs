//! What is said to each source at most once in a while: a bounded memory of whom something was said to.

use core::net::IpAddr;
use std::collections::VecDeque;

use crate::rng::Rng;
use crate::table::Table;
use crate::time::{Duration, Instant};

/// When something was last said, to as many sources as it has places.
#[derive(Clone, Debug)]
pub struct PerSource {
    interval: Duration,
    places: usize,
    said: Table<IpAddr, Instant>,
    /// The sources in the table, the one that has been there longest first.
    order: VecDeque<IpAddr>,
}

impl PerSource {
    /// Nothing was said yet. The table's key is drawn from `rng`.
    pub fn new(interval: Duration, places: usize, rng: &mut Rng) -> Self {
        Self { interval, places, said: Table::new(rng), order: VecDeque::new() }
    }

    /// Whether something may be said to `source` now; then it counts as said.
    pub fn take(&mut self, now: Instant, source: IpAddr) -> bool {
        if let Some(last) = self.said.get_mut(&source) {
            let due = now.since(*last) >= self.interval;
            if due {
                *last = now;
            }
            return due;
        }
        if self.places == 0 {
            return false;
        }
        if self.order.len() >= self.places
            && let Some(oldest) = self.order.pop_front()
        {
            self.said.remove(&oldest);
        }
        self.said.insert(source, now);
        self.order.push_back(source);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(places: usize) -> PerSource {
        PerSource::new(Duration::from_secs(1), places, &mut Rng::stream(1, "router", "test"))
    }

    fn source(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn each_source_has_its_own_turn() {
        let mut limiter = limiter(8);
        let at = Instant::from_millis;
        assert!(limiter.take(at(0), source(1)) && limiter.take(at(0), source(2)));
        assert!(!limiter.take(at(999), source(1)));
        assert!(limiter.take(at(1000), source(1)));
        assert!(!limiter.take(at(1999), source(1)), "counted from the last time");
        assert!(limiter.take(at(1999), source(2)));
    }

    #[test]
    fn a_flood_of_sources_finds_it_bounded() {
        let mut limiter = limiter(8);
        for number in 0..10_000 {
            assert!(limiter.take(Instant::ZERO, source(number)));
            assert!(limiter.order.len() <= 8 && limiter.said.len() == limiter.order.len());
        }
        assert!(!limiter.take(Instant::ZERO, source(9_999)), "the last ones are remembered");
        assert!(limiter.take(Instant::ZERO, source(1)), "the first ones were forgotten");
        assert!(!super::tests::limiter(0).take(Instant::ZERO, source(1)), "no places, nothing said");
    }
}
