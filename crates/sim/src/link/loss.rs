//! The `loss` stage: some frames end here.

use wirelab_stack::rng::Rng;

use super::config::{GilbertElliott, Loss as Config};

#[derive(Clone, Debug)]
pub(super) struct Loss {
    model: Model,
    rng: Rng,
}

#[derive(Clone, Debug)]
enum Model {
    Bernoulli(wirelab_stack::rng::Probability),
    GilbertElliott { parameters: GilbertElliott, bad: bool },
    Frames { lost: Vec<u64>, next: usize, seen: u64 },
}

impl Loss {
    pub(super) fn new(config: Config, rng: Rng) -> Self {
        let mut stage = Self { model: Model::Bernoulli(wirelab_stack::rng::Probability::NEVER), rng };
        stage.set(config);
        stage
    }

    /// New settings; the stream of draws goes on.
    pub(super) fn set(&mut self, config: Config) {
        self.model = match config {
            Config::Bernoulli(probability) => Model::Bernoulli(probability),
            Config::GilbertElliott(parameters) => Model::GilbertElliott { parameters, bad: false },
            Config::Frames(mut lost) => {
                lost.sort_unstable();
                lost.dedup();
                Model::Frames { lost, next: 0, seen: 0 }
            }
        };
    }

    /// Whether the frame that comes now is lost.
    pub(super) fn loses(&mut self) -> bool {
        match &mut self.model {
            Model::Bernoulli(probability) => self.rng.chance(*probability, "frame lost"),
            Model::GilbertElliott { parameters, bad } => {
                let (change, why) =
                    if *bad { (parameters.r, "losses end") } else { (parameters.p, "losses begin") };
                *bad ^= self.rng.chance(change, why);
                let loss = if *bad { parameters.loss_bad } else { parameters.loss_good };
                self.rng.chance(loss, "frame lost")
            }
            Model::Frames { lost, next, seen } => {
                *seen += 1;
                // Numbers below 1 name no frame.
                while lost.get(*next).is_some_and(|number| number < seen) {
                    *next += 1;
                }
                lost.get(*next) == Some(seen)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::rng::Probability;

    use super::*;

    fn losses(config: Config, frames: usize) -> Vec<bool> {
        let mut stage = Loss::new(config, Rng::stream(1, "link/a->b", "loss"));
        (0..frames).map(|_| stage.loses()).collect()
    }

    #[test]
    fn listed_frames_and_no_others_are_lost() {
        let lost = losses(Config::Frames(vec![5, 0, 1, 3, 3]), 6);
        assert_eq!(lost, [true, false, true, false, true, false]);
    }

    #[test]
    fn a_twentieth_is_about_a_twentieth() {
        let lost = losses(Config::Bernoulli(Probability::ratio(1, 20)), 100_000);
        let lost = lost.into_iter().filter(|lost| *lost).count();
        assert!((4_700..5_300).contains(&lost), "{lost} of 100,000");
    }

    #[test]
    fn bursts_have_their_mean_length_and_share() {
        let config = GilbertElliott {
            p: Probability::ratio(1, 100),
            r: Probability::ratio(1, 4),
            loss_good: Probability::NEVER,
            loss_bad: Probability::ALWAYS,
        };
        let lost = losses(Config::GilbertElliott(config), 200_000);
        let total = lost.iter().filter(|lost| **lost).count();
        let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        // The share of the bad state is p / (p + r) = 1/26; a burst lasts 1/r = 4 frames.
        assert!((7_000..8_400).contains(&total), "{total} lost");
        assert!((380..=420).contains(&(total * 100 / bursts)), "{total} lost in {bursts} bursts");
    }

    #[test]
    fn the_good_state_can_lose_too() {
        let config = GilbertElliott {
            p: Probability::NEVER,
            r: Probability::ALWAYS,
            loss_good: Probability::ALWAYS,
            loss_bad: Probability::NEVER,
        };
        assert_eq!(losses(Config::GilbertElliott(config), 3), [true; 3]);
    }
}
