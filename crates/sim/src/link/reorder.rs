//! The `reorder` stage: holds some frames back, so that those behind overtake them.

use wirelab_stack::rng::Rng;
use wirelab_stack::time::Duration;

use super::config::Reorder as Config;

#[derive(Clone, Debug)]
pub(super) struct Reorder {
    pub(super) config: Config,
    rng: Rng,
}

impl Reorder {
    pub(super) const fn new(config: Config, rng: Rng) -> Self {
        Self { config, rng }
    }

    /// For how long the frame that comes now is held back, if it is.
    pub(super) fn holds_back(&mut self) -> Option<Duration> {
        self.rng.chance(self.config.probability, "frame held back").then_some(self.config.by)
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::rng::Probability;

    use super::*;

    #[test]
    fn a_tenth_is_about_a_tenth() {
        let config = Config { probability: Probability::ratio(1, 10), by: Duration::from_millis(3) };
        let mut stage = Reorder::new(config, Rng::stream(1, "link/a->b", "reorder"));
        let held: Vec<Duration> = (0..10_000).filter_map(|_| stage.holds_back()).collect();
        assert!((900..1_100).contains(&held.len()), "{} of 10,000", held.len());
        assert!(held.iter().all(|by| *by == Duration::from_millis(3)));
    }
}
