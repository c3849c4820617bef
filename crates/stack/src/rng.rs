//! Chance: named draws from named streams.
//!
//! Each stream is derived from (seed, the component's full name, purpose), never from the order of creation, so
//! that adding a host changes nobody else's draws. Each draw names why it is made, so that a replay or an
//! exhaustive search can answer it instead of the generator.

use core::hash::Hasher;
use std::collections::VecDeque;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng};
use siphasher::sip::SipHasher24;

/// A probability as a 64-bit threshold: `chance` holds for threshold / 2^64 of all draws.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Probability(u64);

impl Probability {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Always.
    pub const ALWAYS: Self = Self(u64::MAX);

    /// `numerator / denominator`, at most one.
    ///
    /// # Panics
    /// When `denominator` is zero.
    pub const fn ratio(numerator: u64, denominator: u64) -> Self {
        assert!(denominator != 0, "a probability's denominator must not be zero");
        if numerator >= denominator {
            return Self::ALWAYS;
        }
        Self((((numerator as u128) << 64) / denominator as u128) as u64)
    }

    /// In parts per million, rounded to the nearest.
    pub const fn as_ppm(self) -> u64 {
        if self.0 == u64::MAX {
            return 1_000_000;
        }
        ((self.0 as u128 * 1_000_000 + (1 << 63)) >> 64) as u64
    }

    /// The threshold itself.
    pub const fn threshold(self) -> u64 {
        self.0
    }
}

/// Where a stream's numbers come from.
#[derive(Clone, Debug)]
enum Source {
    Generator(Xoshiro256PlusPlus),
    /// Answers given beforehand; when they run out the generator goes on.
    Scripted(VecDeque<u64>, Xoshiro256PlusPlus),
}

/// One stream of draws.
#[derive(Clone, Debug)]
pub struct Rng {
    source: Source,
}

impl Rng {
    /// The stream of the component `name` for `purpose` under `seed`.
    pub fn stream(seed: u64, name: &str, purpose: &str) -> Self {
        let mut hash = SipHasher24::new_with_keys(seed, 0x7769_7265_6c61_6221);
        hash.write(name.as_bytes());
        hash.write_u8(0);
        hash.write(purpose.as_bytes());
        Self { source: Source::Generator(Xoshiro256PlusPlus::seed_from_u64(hash.finish())) }
    }

    /// A stream that answers `answers` first, each to one draw of 64 bits, and then goes on as `rest`.
    #[must_use]
    pub fn scripted(answers: impl IntoIterator<Item = u64>, rest: Self) -> Self {
        let (Source::Generator(generator) | Source::Scripted(_, generator)) = rest.source;
        Self { source: Source::Scripted(answers.into_iter().collect(), generator) }
    }

    /// 64 random bits. `why` names the draw.
    pub fn bits(&mut self, why: &'static str) -> u64 {
        let _ = why;
        match &mut self.source {
            Source::Generator(generator) => generator.next_u64(),
            Source::Scripted(answers, generator) => {
                answers.pop_front().unwrap_or_else(|| generator.next_u64())
            }
        }
    }

    /// True with probability `p`. Draws nothing where the answer is certain.
    pub fn chance(&mut self, p: Probability, why: &'static str) -> bool {
        match p {
            Probability::NEVER => false,
            Probability::ALWAYS => true,
            Probability(threshold) => self.bits(why) < threshold,
        }
    }

    /// One of `0..n`, each equally likely (to within n / 2^64).
    ///
    /// # Panics
    /// When `n` is zero.
    pub fn pick(&mut self, n: u64, why: &'static str) -> u64 {
        assert!(n != 0, "cannot pick one of nothing ({why})");
        ((u128::from(self.bits(why)) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_name_and_purpose_and_by_nothing_else() {
        let first = |seed, name, purpose| Rng::stream(seed, name, purpose).bits("test");
        assert_eq!(first(1, "a", "loss"), first(1, "a", "loss"));
        assert_ne!(first(1, "a", "loss"), first(2, "a", "loss"));
        assert_ne!(first(1, "a", "loss"), first(1, "b", "loss"));
        assert_ne!(first(1, "a", "loss"), first(1, "a", "jitter"));
        assert_ne!(first(1, "ab", "c"), first(1, "a", "bc"));
    }

    #[test]
    fn the_first_draws_of_a_stream_are_fixed_for_ever() {
        // A change here changes every run that anyone has recorded.
        let mut rng = Rng::stream(42, "client", "stack");
        let draws: Vec<u64> = (0..3).map(|_| rng.bits("test")).collect();
        assert_eq!(draws, FIXED);
    }
    const FIXED: [u64; 3] = [15_310_785_126_689_125_642, 13_548_147_707_617_040_866, 123_642_585_275_172_469];

    #[test]
    fn certain_chances_draw_nothing() {
        let mut rng = Rng::stream(1, "a", "b");
        let mut untouched = rng.clone();
        assert!(rng.chance(Probability::ALWAYS, "test"));
        assert!(!rng.chance(Probability::NEVER, "test"));
        assert_eq!(rng.bits("test"), untouched.bits("test"));
    }

    #[test]
    fn a_chance_of_a_tenth_holds_about_a_tenth_of_the_time() {
        let mut rng = Rng::stream(7, "a", "b");
        let p = Probability::ratio(1, 10);
        let held = (0..100_000).filter(|_| rng.chance(p, "test")).count();
        assert!((9_600..10_400).contains(&held), "{held} of 100,000");
    }

    #[test]
    fn scripted_answers_come_first() {
        let mut rng = Rng::scripted([5, 6], Rng::stream(1, "a", "b"));
        assert_eq!((rng.bits("t"), rng.bits("t")), (5, 6));
        assert_eq!(rng.bits("t"), Rng::stream(1, "a", "b").bits("t"));
    }
}
