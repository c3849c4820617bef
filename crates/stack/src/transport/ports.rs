//! Ephemeral ports (RFC 6056 §3.3.1: random start, then the next free one).

use core::ops::RangeInclusive;

use crate::rng::Rng;

/// The dynamic ports (RFC 6335 §6).
pub const EPHEMERAL: RangeInclusive<u16> = 49_152..=65_535;

/// A port of `range` for which `in_use` does not hold; `None` where all are taken.
pub fn ephemeral(rng: &mut Rng, range: &RangeInclusive<u16>, in_use: impl Fn(u16) -> bool) -> Option<u16> {
    let (first, last) = (u32::from(*range.start()), u32::from(*range.end()));
    let count = (last + 1).checked_sub(first).filter(|count| *count > 0)?;
    let start = rng.pick(u64::from(count), "ephemeral port") as u32;
    (0..count).map(|step| (first + (start + step) % count) as u16).find(|port| !in_use(*port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_one_free_port_and_says_when_there_is_none() {
        let mut rng = Rng::stream(1, "host", "stack");
        assert_eq!(ephemeral(&mut rng, &(100..=103), |port| port != 102), Some(102));
        assert_eq!(ephemeral(&mut rng, &(100..=103), |_| true), None);
        assert_eq!(ephemeral(&mut rng, &(65_535..=65_535), |_| false), Some(65_535));
    }
}
