//! The `corrupt` stage: flips bits, anywhere in a frame.

use wirelab_stack::frame::{Checksum, Frame, FrameCheck};
use wirelab_stack::rng::Rng;

use super::config::Corrupt as Config;

#[derive(Clone, Debug)]
pub(super) struct Corrupt {
    config: Config,
    rng: Rng,
    /// Bits of the frame at hand that were flipped; kept for its storage.
    flipped: Vec<usize>,
}

impl Corrupt {
    pub(super) const fn new(config: Config, rng: Rng) -> Self {
        Self { config, rng, flipped: Vec::new() }
    }

    /// New settings; the stream of draws goes on.
    pub(super) const fn set(&mut self, config: Config) {
        self.config = config;
    }

    /// How many bits of `frame` were flipped, where any were.
    pub(super) fn act(&mut self, frame: &mut Frame) -> Option<u32> {
        if self.config.bits == 0 || frame.is_empty() {
            return None;
        }
        if !self.rng.chance(self.config.probability, "frame corrupted") {
            return None;
        }
        // What was left to be computed, or taken on trust, cannot be once the octets have changed.
        complete_checksum(frame);
        let total = frame.len() * 8;
        let bits = (self.config.bits as usize).min(total);
        self.flipped.clear();
        while self.flipped.len() < bits {
            let mut bit = self.rng.pick(total as u64, "corrupted bit") as usize;
            // Distinct bits: one that was drawn already gives way to the next.
            while self.flipped.contains(&bit) {
                bit = (bit + 1) % total;
            }
            frame.flip_bit(bit);
            self.flipped.push(bit);
        }
        if self.config.fcs {
            frame.meta.frame_check = FrameCheck::Bad;
        }
        Some(bits as u32)
    }
}

/// Makes the transport checksum one that a receiver verifies.
fn complete_checksum(frame: &mut Frame) {
    match frame.meta.checksum {
        Checksum::Partial { .. } => frame.complete_checksum(),
        Checksum::Verified => frame.meta.checksum = Checksum::Complete,
        Checksum::Complete | Checksum::Unchecked => {}
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::checksum::Sum;
    use wirelab_stack::frame::Meta;
    use wirelab_stack::rng::Probability;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;

    fn frame(octets: usize) -> Frame {
        Frame::from_wire(vec![0; octets].into(), Meta::new(Cause::Raw, Trigger::Call))
    }

    fn stage(probability: Probability, bits: u32, fcs: bool) -> Corrupt {
        Corrupt::new(Config { probability, bits, fcs }, Rng::stream(1, "link/a->b", "corrupt"))
    }

    fn ones(frame: &Frame) -> u32 {
        frame.to_vec().iter().map(|octet| octet.count_ones()).sum()
    }

    #[test]
    fn exactly_so_many_bits_are_flipped() {
        for bits in [1, 2, 31, 32] {
            let mut frame = frame(4);
            assert_eq!(stage(Probability::ALWAYS, bits, true).act(&mut frame), Some(bits));
            assert_eq!(ones(&frame), bits);
            assert_eq!(frame.meta.frame_check, FrameCheck::Bad);
        }
    }

    #[test]
    fn more_bits_than_there_are_flip_all() {
        let mut frame = frame(2);
        assert_eq!(stage(Probability::ALWAYS, 1_000, false).act(&mut frame), Some(16));
        assert_eq!((ones(&frame), frame.meta.frame_check), (16, FrameCheck::Good));
    }

    #[test]
    fn bits_are_flipped_everywhere() {
        let mut stage = stage(Probability::ALWAYS, 1, true);
        let mut seen = [0; 4];
        for _ in 0..200 {
            let mut frame = frame(4);
            stage.act(&mut frame);
            for (seen, octet) in seen.iter_mut().zip(frame.to_vec()) {
                *seen |= octet;
            }
        }
        assert_eq!(seen, [0xff; 4]);
    }

    #[test]
    fn an_empty_frame_and_an_unlucky_one_stay_as_they_are() {
        assert_eq!(stage(Probability::ALWAYS, 1, true).act(&mut frame(0)), None);
        assert_eq!(stage(Probability::NEVER, 1, true).act(&mut frame(9)), None);
    }

    #[test]
    fn a_partial_checksum_is_completed_before_the_octets_change() {
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        let mut frame = Frame::with_payload(vec![1, 2, 3].into(), meta);
        frame.push_front::<6>().copy_from_slice(&[9, 9, 7, 7, 0, 0]);
        frame.meta.checksum = Checksum::Partial { start: 2, offset: 2 };
        // As a host pushed it, and as it came from outside in one piece.
        let wire = Frame::from_wire(frame.to_vec().into(), frame.meta);
        for mut frame in [frame, wire] {
            complete_checksum(&mut frame);
            assert_eq!(frame.meta.checksum, Checksum::Complete);
            assert!(Sum::new().with(&frame.to_vec()[2..]).is_intact());
        }
    }
}
