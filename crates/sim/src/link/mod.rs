//! A link: two directions, each a chain of stages.

mod config;
mod counters;

pub use config::{
    Corrupt, Delay, DirectionConfig, Distribution, GilbertElliott, Jitter, LinkConfig, LinkError, Loss,
    QueueLimit, Rate, Reorder, StageConfig, StageKind,
};
pub use counters::LinkCounters;
