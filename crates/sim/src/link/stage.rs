//! The stages of a link's direction, as one type.

use wirelab_stack::rng::Rng;

use super::config::{DirectionConfig, LinkError, QueueLimit, Rate, StageConfig, StageKind};
use super::corrupt::Corrupt;
use super::delay::Delay;
use super::duplicate::Duplicate;
use super::loss::Loss;
use super::mtu::Mtu;
use super::queue::Queue;
use super::reorder::Reorder;
use crate::component::Direction;

#[derive(Debug)]
pub(super) enum Stage {
    Mtu(Mtu),
    Queue(Queue),
    Loss(Loss),
    Corrupt(Corrupt),
    Duplicate(Duplicate),
    Delay(Delay),
    Reorder(Reorder),
}

/// What names a direction's random streams: each stage draws from (seed, the direction's full name, the stage).
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) seed: u64,
    pub(super) name: String,
}

impl Streams {
    fn of(&self, kind: StageKind) -> Rng {
        Rng::stream(self.seed, &self.name, kind.name())
    }
}

impl Stage {
    pub(super) const fn kind(&self) -> StageKind {
        match self {
            Self::Mtu(_) => StageKind::Mtu,
            Self::Queue(_) => StageKind::Queue,
            Self::Loss(_) => StageKind::Loss,
            Self::Corrupt(_) => StageKind::Corrupt,
            Self::Duplicate(_) => StageKind::Duplicate,
            Self::Delay(_) => StageKind::Delay,
            Self::Reorder(_) => StageKind::Reorder,
        }
    }

    /// The stages of `config` in their order.
    pub(super) fn chain(
        config: &DirectionConfig,
        direction: Direction,
        streams: &Streams,
    ) -> Result<Vec<Self>, LinkError> {
        let stage = |kind| {
            let settings = match kind {
                StageKind::Mtu => config.mtu.map(StageConfig::Mtu),
                // Its limit is set below: the stage has two settings.
                StageKind::Queue => config.rate.map(StageConfig::Rate),
                StageKind::Loss => config.loss.clone().map(StageConfig::Loss),
                StageKind::Corrupt => config.corrupt.map(StageConfig::Corrupt),
                StageKind::Duplicate => config.duplicate.map(StageConfig::Duplicate),
                StageKind::Delay => config.delay.map(StageConfig::Delay),
                StageKind::Reorder => config.reorder.map(StageConfig::Reorder),
            };
            let mut stage = Self::new(settings?, streams);
            if let (Some(Self::Queue(queue)), Some(limit)) = (&mut stage, config.queue) {
                queue.set_limit(limit);
            }
            stage
        };
        Ok(config.stages(direction)?.into_iter().filter_map(stage).collect())
    }

    /// A stage of its own; `None` for a queue's limit alone, which is nothing without a rate.
    pub(super) fn new(config: StageConfig, streams: &Streams) -> Option<Self> {
        let rng = streams.of(config.kind());
        Some(match config {
            StageConfig::Mtu(octets) => Self::Mtu(Mtu { octets }),
            StageConfig::Rate(rate) => Self::Queue(queue(rate)),
            StageConfig::Queue(_) => return None,
            StageConfig::Loss(loss) => Self::Loss(Loss::new(loss, rng)),
            StageConfig::Corrupt(corrupt) => Self::Corrupt(Corrupt::new(corrupt, rng)),
            StageConfig::Duplicate(probability) => Self::Duplicate(Duplicate::new(probability, rng)),
            StageConfig::Delay(delay) => Self::Delay(Delay::new(delay, rng)),
            StageConfig::Reorder(reorder) => Self::Reorder(Reorder::new(reorder, rng)),
        })
    }

    /// New settings for a stage that is there.
    pub(super) fn set(&mut self, config: StageConfig) {
        match (self, config) {
            (Self::Mtu(stage), StageConfig::Mtu(octets)) => stage.octets = octets,
            (Self::Queue(stage), StageConfig::Rate(rate)) => stage.set_rate(rate),
            (Self::Queue(stage), StageConfig::Queue(limit)) => stage.set_limit(limit),
            (Self::Loss(stage), StageConfig::Loss(loss)) => stage.set(loss),
            (Self::Corrupt(stage), StageConfig::Corrupt(corrupt)) => stage.set(corrupt),
            (Self::Duplicate(stage), StageConfig::Duplicate(probability)) => stage.probability = probability,
            (Self::Delay(stage), StageConfig::Delay(delay)) => stage.set(delay),
            (Self::Reorder(stage), StageConfig::Reorder(reorder)) => stage.config = reorder,
            (stage, config) => unreachable!("{} is not set by settings of {}", stage.kind(), config.kind()),
        }
    }
}

fn queue(rate: Rate) -> Queue {
    Queue::new(rate, QueueLimit::default())
}
