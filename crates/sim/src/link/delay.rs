//! The `delay` stage with its `jitter`: how long a frame is under way.

use wirelab_stack::rng::Rng;
use wirelab_stack::time::{Duration, Instant};

use super::config::{Delay as Config, Distribution, Jitter};
use super::tables;

#[derive(Clone, Debug)]
pub(super) struct Delay {
    config: Config,
    rng: Rng,
    /// When the last frame left: without a `reorder` stage no later one leaves before.
    latest: Instant,
}

impl Delay {
    pub(super) const fn new(config: Config, rng: Rng) -> Self {
        Self { config, rng, latest: Instant::ZERO }
    }

    /// New settings; frames under way keep their time, and the stream of draws goes on.
    pub(super) const fn set(&mut self, config: Config) {
        self.config = config;
    }

    /// When the frame that comes at `now` leaves.
    pub(super) fn leaves(&mut self, now: Instant, keeps_order: bool) -> Instant {
        let delay = match self.config.jitter {
            None => self.config.base,
            Some(jitter) => add(self.config.base, draw(jitter, &mut self.rng)),
        };
        let mut at = now + delay;
        if keeps_order {
            at = at.max(self.latest);
        }
        self.latest = self.latest.max(at);
        at
    }
}

/// `base` + `nanos`, at least zero.
fn add(base: Duration, nanos: i128) -> Duration {
    let sum = i128::from(base.as_nanos()) + nanos;
    Duration::from_nanos(u64::try_from(sum.max(0)).unwrap_or(u64::MAX))
}

/// How far this frame's delay lies from the base, in nanoseconds.
fn draw(jitter: Jitter, rng: &mut Rng) -> i128 {
    // Beyond that time itself ends.
    let spread = jitter.spread.as_nanos().min(1 << 62);
    let table = match jitter.distribution {
        Distribution::Uniform => {
            return i128::from(rng.pick(2 * spread + 1, "jitter")) - i128::from(spread);
        }
        Distribution::Normal => &tables::NORMAL,
        Distribution::Pareto => &tables::PARETO,
    };
    i128::from(spread) * i128::from(quantile(table, rng.bits("jitter"))) / i128::from(tables::ONE)
}

/// The value below which a share of `share` / 2^64 lies, between the table's points in a straight line.
fn quantile(table: &[i32; tables::POINTS], share: u64) -> i64 {
    let cell = (share >> (64 - tables::CELL_BITS)) as usize;
    let within = ((share << tables::CELL_BITS) >> 32) as i64;
    let (low, high) = (i64::from(table[cell]), i64::from(table[cell + 1]));
    low + (((high - low) * within) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(distribution: Distribution) -> Delay {
        let jitter = Some(Jitter { spread: Duration::from_millis(10), distribution });
        let config = Config { base: Duration::from_millis(100), jitter };
        Delay::new(config, Rng::stream(1, "link/a->b", "delay"))
    }

    /// Delays in microseconds.
    fn delays(distribution: Distribution) -> Vec<i64> {
        let mut stage = stage(distribution);
        (0..100_000).map(|_| stage.leaves(Instant::ZERO, false).as_micros() as i64).collect()
    }

    /// Mean, standard deviation, least, greatest.
    fn moments(values: &[i64]) -> (i64, i64, i64, i64) {
        let count = values.len() as i64;
        let mean = values.iter().sum::<i64>() / count;
        let variance = values.iter().map(|value| (value - mean).pow(2)).sum::<i64>() / count;
        (mean, variance.isqrt(), *values.iter().min().unwrap(), *values.iter().max().unwrap())
    }

    #[test]
    fn without_jitter_the_delay_is_the_delay() {
        let config = Config { base: Duration::from_millis(7), jitter: None };
        let mut stage = Delay::new(config, Rng::stream(1, "link/a->b", "delay"));
        assert_eq!(stage.leaves(Instant::from_millis(1), true), Instant::from_millis(8));
    }

    #[test]
    fn uniform_jitter_fills_its_range() {
        let (mean, deviation, least, greatest) = moments(&delays(Distribution::Uniform));
        assert!((99_800..100_200).contains(&mean), "{mean}");
        assert!((5_700..5_850).contains(&deviation), "10 ms / sqrt(3), not {deviation}");
        assert!((90_000..90_010).contains(&least) && (109_990..=110_000).contains(&greatest));
    }

    #[test]
    fn normal_jitter_has_its_standard_deviation() {
        let (mean, deviation, least, greatest) = moments(&delays(Distribution::Normal));
        assert!((99_800..100_200).contains(&mean), "{mean}");
        assert!((9_800..10_200).contains(&deviation), "{deviation}");
        assert!((60_000..66_000).contains(&least) && (134_000..=140_000).contains(&greatest));
    }

    #[test]
    fn pareto_jitter_is_mostly_early_and_seldom_very_late() {
        let delays = delays(Distribution::Pareto);
        let (mean, deviation, least, greatest) = moments(&delays);
        assert!((99_500..100_500).contains(&mean), "{mean}");
        assert!((8_500..11_000).contains(&deviation), "{deviation}");
        assert!((94_200..94_300).contains(&least) && greatest > 250_000, "{least} {greatest}");
        assert!(delays.iter().filter(|delay| **delay < 100_000).count() > 65_000);
    }

    #[test]
    fn a_delay_never_goes_below_zero() {
        let jitter = Some(Jitter { spread: Duration::from_secs(5), distribution: Distribution::Uniform });
        let config = Config { base: Duration::ZERO, jitter };
        let mut stage = Delay::new(config, Rng::stream(1, "link/a->b", "delay"));
        let now = Instant::from_secs(1);
        assert!((0..100).all(|_| stage.leaves(now, false) >= now));
    }

    #[test]
    fn jitter_keeps_the_order_if_it_is_told_to() {
        let order = |keeps_order| {
            let mut stage = stage(Distribution::Normal);
            let at = |n| Instant::from_millis(n);
            let left: Vec<Instant> = (0..100).map(|n| stage.leaves(at(n), keeps_order)).collect();
            left.is_sorted()
        };
        assert!(order(true));
        assert!(!order(false));
    }

    #[test]
    fn a_shorter_delay_lets_nobody_overtake_either() {
        let mut stage = stage(Distribution::Uniform);
        let first = stage.leaves(Instant::ZERO, true);
        stage.set(Config { base: Duration::ZERO, jitter: None });
        assert_eq!(stage.leaves(Instant::from_millis(1), true), first);
    }
}
