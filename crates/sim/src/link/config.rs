//! What a link does to frames, as settings: each direction has its own.

use core::fmt;

use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::rng::Probability;
use wirelab_stack::time::Duration;

use crate::component::Direction;

/// A link between two interfaces.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// Its name, unique in the world.
    pub name: String,
    /// The interfaces that it connects.
    pub ends: [(NodeId, InterfaceId); 2],
    /// What it does from the first end to the second, and from the second to the first.
    pub directions: [DirectionConfig; 2],
}

/// What one direction of a link does. The default carries everything at once and unchanged.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectionConfig {
    /// The longest packet that passes, in octets without the Ethernet header.
    pub mtu: Option<u32>,
    /// How fast frames are put on the line.
    pub rate: Option<Rate>,
    /// How many frames may wait for the line; [`QueueLimit::default`] where only `rate` is given. A queue
    /// without a rate is an error: nothing would ever wait.
    pub queue: Option<QueueLimit>,
    /// Which frames are lost.
    pub loss: Option<Loss>,
    /// Which frames have bits flipped.
    pub corrupt: Option<Corrupt>,
    /// The probability that a frame arrives twice.
    pub duplicate: Option<Probability>,
    /// How long a frame is under way.
    pub delay: Option<Delay>,
    /// Which frames are held back so that later ones overtake them. Without it jitter keeps the order.
    pub reorder: Option<Reorder>,
    /// The order in which the stages run, instead of [`StageKind::CANONICAL`]. It names exactly the stages that
    /// are set.
    pub order: Option<Vec<StageKind>>,
}

/// The stages of a link's direction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StageKind {
    /// Drops packets that are too long.
    Mtu,
    /// Frames wait for the line, and take their time on it.
    Queue,
    /// Loses frames.
    Loss,
    /// Flips bits.
    Corrupt,
    /// Sends frames twice.
    Duplicate,
    /// Holds frames for the time they are under way.
    Delay,
    /// Holds some frames back.
    Reorder,
}

impl StageKind {
    /// The order in which stages run unless an order is given.
    pub const CANONICAL: [Self; 7] =
        [Self::Mtu, Self::Queue, Self::Loss, Self::Corrupt, Self::Duplicate, Self::Delay, Self::Reorder];

    /// Its name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mtu => "mtu",
            Self::Queue => "queue",
            Self::Loss => "loss",
            Self::Corrupt => "corrupt",
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
        }
    }

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::CANONICAL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A new setting of one stage, for a change at a certain time. The stage is added where there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StageConfig {
    /// See [`DirectionConfig::mtu`].
    Mtu(u32),
    /// The rate of the queue stage; its limit stays. The frame on the line leaves when it would have.
    Rate(Rate),
    /// The limit of the queue stage; its rate stays. Frames that wait already keep their places.
    Queue(QueueLimit),
    /// See [`DirectionConfig::loss`]. An explicit list counts frames from the change on.
    Loss(Loss),
    /// See [`DirectionConfig::corrupt`].
    Corrupt(Corrupt),
    /// See [`DirectionConfig::duplicate`].
    Duplicate(Probability),
    /// See [`DirectionConfig::delay`]. Frames under way arrive when they would have.
    Delay(Delay),
    /// See [`DirectionConfig::reorder`].
    Reorder(Reorder),
}

impl StageConfig {
    /// Which stage it sets.
    pub const fn kind(&self) -> StageKind {
        match self {
            Self::Mtu(_) => StageKind::Mtu,
            Self::Rate(_) | Self::Queue(_) => StageKind::Queue,
            Self::Loss(_) => StageKind::Loss,
            Self::Corrupt(_) => StageKind::Corrupt,
            Self::Duplicate(_) => StageKind::Duplicate,
            Self::Delay(_) => StageKind::Delay,
            Self::Reorder(_) => StageKind::Reorder,
        }
    }
}

/// A rate in bits a second, never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// `bits` a second; `None` for zero: a line that never sends is cut, not slow.
    pub const fn from_bits_per_second(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    /// `kbits` kbit/s.
    ///
    /// # Panics
    /// When it is zero.
    pub const fn kbit(kbits: u64) -> Self {
        assert!(kbits != 0, "a rate must not be zero");
        Self(kbits * 1_000)
    }

    /// `mbits` Mbit/s.
    ///
    /// # Panics
    /// When it is zero.
    pub const fn mbit(mbits: u64) -> Self {
        Self::kbit(mbits * 1_000)
    }

    /// `gbits` Gbit/s.
    ///
    /// # Panics
    /// When it is zero.
    pub const fn gbit(gbits: u64) -> Self {
        Self::mbit(gbits * 1_000)
    }

    /// In bits a second.
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// How long `octets` take on the line, rounded up to a whole nanosecond.
    pub const fn time_for(self, octets: u64) -> Duration {
        const NANOBITS: u64 = 8 * 1_000_000_000;
        // The short way for every frame there is; the long one so that nothing overflows.
        if let Some(product) = octets.checked_mul(NANOBITS) {
            return Duration::from_nanos(product.div_ceil(self.0));
        }
        let nanos = (octets as u128 * NANOBITS as u128).div_ceil(self.0 as u128);
        if nanos > u64::MAX as u128 { Duration::MAX } else { Duration::from_nanos(nanos as u64) }
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bit/s", self.0)
    }
}

/// How much may wait in a queue, besides the frame on the line. What comes when it is full is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QueueLimit {
    /// So many frames.
    Packets(u32),
    /// So many octets, counted as on the line: with the Ethernet header.
    Bytes(u64),
}

impl Default for QueueLimit {
    /// A thousand frames: the transmit queue of a Linux interface.
    fn default() -> Self {
        Self::Packets(1_000)
    }
}

/// Which frames are lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Loss {
    /// Each with the same probability, independently.
    Bernoulli(Probability),
    /// In bursts.
    GilbertElliott(GilbertElliott),
    /// Exactly these, counted from 1 in the order in which they reach the stage.
    Frames(Vec<u64>),
}

/// The two-state model of Gilbert and Elliott. Before each frame the state may change; then the frame is lost
/// with the probability of the state. It begins in the good state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GilbertElliott {
    /// From good to bad, for each frame.
    pub p: Probability,
    /// From bad to good, for each frame.
    pub r: Probability,
    /// The probability that a frame is lost in the good state (Gilbert: never).
    pub loss_good: Probability,
    /// The probability that a frame is lost in the bad state (Gilbert's simplest: always).
    pub loss_bad: Probability,
}

/// Which frames have bits flipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Corrupt {
    /// For each frame.
    pub probability: Probability,
    /// How many bits of it, anywhere in the frame.
    pub bits: u32,
    /// Whether a frame check sequence is modelled: the receiving interface then drops the frame as `bad_fcs`.
    /// Otherwise it goes up, and the checksums of IP and TCP are what catches it.
    pub fcs: bool,
}

impl Corrupt {
    /// One bit, caught by the frame check sequence.
    pub const fn new(probability: Probability) -> Self {
        Self { probability, bits: 1, fcs: true }
    }
}

/// How long a frame is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delay {
    /// Always.
    pub base: Duration,
    /// Sometimes more, sometimes less.
    pub jitter: Option<Jitter>,
}

/// How far the delay of single frames lies from the base; never below zero in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jitter {
    /// Uniform: the most that it differs either way. Normal: the standard deviation. Pareto: the scale.
    pub spread: Duration,
    /// Its shape.
    pub distribution: Distribution,
}

/// The shape of jitter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Distribution {
    /// Each value from −spread to +spread equally likely.
    #[default]
    Uniform,
    /// The normal distribution, cut at four standard deviations.
    Normal,
    /// The Pareto distribution of shape 3 moved to a mean of zero and scaled to a standard deviation of one
    /// spread: mostly a little early, seldom very late.
    Pareto,
}

impl Distribution {
    /// Its name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Normal => "normal",
            Self::Pareto => "pareto",
        }
    }
}

/// Which frames are held back so that later ones overtake them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reorder {
    /// For each frame.
    pub probability: Probability,
    /// How much longer such a frame is under way.
    pub by: Duration,
}

/// Settings of a link that make no sense together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkError {
    /// A queue needs a rate: without one nothing ever waits in it.
    QueueWithoutRate(Direction),
    /// The explicit order names a stage twice.
    StageTwice(Direction, StageKind),
    /// The explicit order names a stage that is not set.
    StageNotSet(Direction, StageKind),
    /// The explicit order leaves out a stage that is set.
    StageLeftOut(Direction, StageKind),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueWithoutRate(_) => {
                f.write_str("`queue` needs `rate`: without a rate no frame ever waits")
            }
            Self::StageTwice(_, kind) => write!(f, "`stages` names `{kind}` twice"),
            Self::StageNotSet(_, kind) => write!(f, "`stages` names `{kind}`, which is not set"),
            Self::StageLeftOut(_, kind) => write!(f, "`stages` leaves out `{kind}`, which is set"),
        }
    }
}

impl core::error::Error for LinkError {}

impl DirectionConfig {
    /// Sets what one stage does.
    pub fn set(&mut self, stage: StageConfig) {
        match stage {
            StageConfig::Mtu(mtu) => self.mtu = Some(mtu),
            StageConfig::Rate(rate) => self.rate = Some(rate),
            StageConfig::Queue(limit) => self.queue = Some(limit),
            StageConfig::Loss(loss) => self.loss = Some(loss),
            StageConfig::Corrupt(corrupt) => self.corrupt = Some(corrupt),
            StageConfig::Duplicate(probability) => self.duplicate = Some(probability),
            StageConfig::Delay(delay) => self.delay = Some(delay),
            StageConfig::Reorder(reorder) => self.reorder = Some(reorder),
        }
    }

    /// Whether the stage is set.
    pub const fn has(&self, kind: StageKind) -> bool {
        match kind {
            StageKind::Mtu => self.mtu.is_some(),
            StageKind::Queue => self.queue.is_some() || self.rate.is_some(),
            StageKind::Loss => self.loss.is_some(),
            StageKind::Corrupt => self.corrupt.is_some(),
            StageKind::Duplicate => self.duplicate.is_some(),
            StageKind::Delay => self.delay.is_some(),
            StageKind::Reorder => self.reorder.is_some(),
        }
    }

    /// The stages that are set, in the order in which they run.
    ///
    /// # Errors
    /// When the settings make no sense together; `direction` is whose they are.
    pub fn stages(&self, direction: Direction) -> Result<Vec<StageKind>, LinkError> {
        if self.queue.is_some() && self.rate.is_none() {
            return Err(LinkError::QueueWithoutRate(direction));
        }
        let set = StageKind::CANONICAL.into_iter().filter(|kind| self.has(*kind));
        let Some(order) = &self.order else { return Ok(set.collect()) };
        for (place, kind) in order.iter().enumerate() {
            if order[..place].contains(kind) {
                return Err(LinkError::StageTwice(direction, *kind));
            }
            if !self.has(*kind) {
                return Err(LinkError::StageNotSet(direction, *kind));
            }
        }
        match set.into_iter().find(|kind| !order.contains(kind)) {
            Some(kind) => Err(LinkError::StageLeftOut(direction, kind)),
            None => Ok(order.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_on_the_line_rounds_up() {
        assert_eq!(Rate::mbit(10).time_for(1_514), Duration::from_nanos(1_211_200));
        assert_eq!(Rate::from_bits_per_second(3).unwrap().time_for(1), Duration::from_nanos(2_666_666_667));
        assert_eq!(Rate::gbit(1).time_for(0), Duration::ZERO);
        assert_eq!(Rate::from_bits_per_second(u64::MAX).unwrap().time_for(1), Duration::from_nanos(1));
        assert_eq!(Rate::from_bits_per_second(1).unwrap().time_for(u64::MAX), Duration::MAX);
        assert_eq!(Rate::from_bits_per_second(0), None);
    }

    #[test]
    fn stages_run_in_canonical_order_unless_told() {
        let mut config = DirectionConfig::default();
        config.set(StageConfig::Delay(Delay { base: Duration::from_millis(1), jitter: None }));
        config.set(StageConfig::Loss(Loss::Bernoulli(Probability::NEVER)));
        assert_eq!(config.stages(Direction::Forward), Ok(vec![StageKind::Loss, StageKind::Delay]));
        config.order = Some(vec![StageKind::Delay, StageKind::Loss]);
        assert_eq!(config.stages(Direction::Forward), Ok(vec![StageKind::Delay, StageKind::Loss]));
    }

    #[test]
    fn settings_that_make_no_sense_are_errors() {
        let direction = Direction::Backward;
        let mut config = DirectionConfig { queue: Some(QueueLimit::Packets(3)), ..Default::default() };
        assert_eq!(config.stages(direction), Err(LinkError::QueueWithoutRate(direction)));
        config.rate = Some(Rate::mbit(1));
        assert_eq!(config.stages(direction), Ok(vec![StageKind::Queue]));
        config.order = Some(vec![StageKind::Queue, StageKind::Queue]);
        assert_eq!(config.stages(direction), Err(LinkError::StageTwice(direction, StageKind::Queue)));
        config.order = Some(vec![StageKind::Queue, StageKind::Mtu]);
        assert_eq!(config.stages(direction), Err(LinkError::StageNotSet(direction, StageKind::Mtu)));
        config.order = Some(vec![]);
        assert_eq!(config.stages(direction), Err(LinkError::StageLeftOut(direction, StageKind::Queue)));
    }

    #[test]
    fn names_are_found_again() {
        for kind in StageKind::CANONICAL {
            assert_eq!(StageKind::from_name(kind.name()), Some(kind));
        }
    }
}
