//! What a link does to frames: drawn, applied, and written down.

use core::fmt;

use proptest::prelude::*;

/// What one direction of a link does to frames.
#[derive(Clone, Debug)]
pub struct Impairment {
    /// Which frames are lost.
    pub loss: Loss,
    /// Which frames have a bit flipped.
    pub corrupt: Option<Corrupt>,
    /// How many of a hundred frames arrive twice.
    pub duplicate_percent: u8,
    /// How many of a hundred frames are overtaken by others.
    pub reorder_percent: u8,
    /// How long frames are under way, in microseconds.
    pub delay_micros: u32,
    /// How far delays differ, uniformly, either way, in microseconds.
    pub jitter_micros: u32,
    /// How fast frames are put on the line, in kbit/s, of which a hundred may wait; at once where there is no rate.
    pub rate_kilobits: Option<u32>,
}

/// Which frames are lost.
#[derive(Clone, Debug)]
pub enum Loss {
    /// None.
    None,
    /// So many of a hundred.
    Percent(u8),
    /// Gilbert-Elliott: percent from good to bad, percent back.
    Bursts(u8, u8),
}

/// Which frames have a bit flipped.
#[derive(Clone, Copy, Debug)]
pub struct Corrupt {
    /// So many of a hundred.
    pub percent: u8,
    /// Whether the frame check sequence betrays it.
    pub fcs: bool,
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        2 => Just(Loss::None),
        3 => (0_u8..=30).prop_map(Loss::Percent),
        2 => (1_u8..=10, 20_u8..=90).prop_map(|(to_bad, to_good)| Loss::Bursts(to_bad, to_good)),
    ]
}

fn corrupt() -> impl Strategy<Value = Option<Corrupt>> {
    prop_oneof![
        2 => Just(None),
        1 => (1_u8..=10, any::<bool>()).prop_map(|(percent, fcs)| Some(Corrupt { percent, fcs })),
    ]
}

fn share() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0_u8), 1 => 1_u8..=30]
}

prop_compose! {
    /// Any impairment of one direction: up to 30 % of frames lost, in bursts too, up to 10 % corrupted, 30 % duplicated or
    /// reordered, up to 200 ms of delay, from 64 kbit/s on. It shrinks towards a link that does nothing.
    pub fn impairment()(
        loss in loss(),
        corrupt in corrupt(),
        duplicate_percent in share(),
        reorder_percent in share(),
        delay_micros in prop_oneof![Just(0_u32), 1_u32..=1_000, 1_000_u32..=200_000],
        jitter_percent in prop_oneof![2 => Just(0_u32), 1 => 1_u32..=100],
        rate_kilobits in prop_oneof![2 => Just(None), 1 => (64_u32..=100_000).prop_map(Some)],
    ) -> Impairment {
        let jitter_micros = delay_micros * jitter_percent / 100;
        Impairment { loss, corrupt, duplicate_percent, reorder_percent, delay_micros, jitter_micros, rate_kilobits }
    }
}

/// As a link's direction has it in a scenario file: one setting a line.
impl fmt::Display for Impairment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.loss {
            Loss::None => {}
            Loss::Percent(percent) => writeln!(f, "loss = \"{percent} %\"")?,
            Loss::Bursts(to_bad, to_good) => {
                writeln!(f, "loss = {{ good_to_bad = \"{to_bad} %\", bad_to_good = \"{to_good} %\" }}")?;
            }
        }
        if let Some(Corrupt { percent, fcs }) = self.corrupt {
            writeln!(f, "corrupt = {{ chance = \"{percent} %\", fcs = {fcs} }}")?;
        }
        if self.duplicate_percent > 0 {
            writeln!(f, "duplicate = \"{} %\"", self.duplicate_percent)?;
        }
        if self.reorder_percent > 0 {
            writeln!(f, "reorder = \"{} %\"", self.reorder_percent)?;
        }
        if self.delay_micros > 0 {
            writeln!(f, "delay = \"{} us\"", self.delay_micros)?;
        }
        if self.jitter_micros > 0 {
            writeln!(f, "jitter = \"{} us\"", self.jitter_micros)?;
        }
        if let Some(rate) = self.rate_kilobits {
            writeln!(f, "rate = \"{rate} kbit/s\"\nqueue = \"100 packets\"")?;
        }
        Ok(())
    }
}
