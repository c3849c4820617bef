//! The `duplicate` stage: some frames arrive twice.

use wirelab_stack::rng::{Probability, Rng};

#[derive(Clone, Debug)]
pub(super) struct Duplicate {
    pub(super) probability: Probability,
    rng: Rng,
}

impl Duplicate {
    pub(super) const fn new(probability: Probability, rng: Rng) -> Self {
        Self { probability, rng }
    }

    /// Whether a second copy of the frame that comes now goes after it.
    pub(super) fn duplicates(&mut self) -> bool {
        self.rng.chance(self.probability, "frame duplicated")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_is_about_a_third() {
        let rng = Rng::stream(1, "link/a->b", "duplicate");
        let mut stage = Duplicate::new(Probability::ratio(1, 3), rng);
        let twice = (0..9_000).filter(|_| stage.duplicates()).count();
        assert!((2_850..3_150).contains(&twice), "{twice} of 9,000");
    }
}
