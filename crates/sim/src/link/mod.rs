//! A link: two directions, each a chain of stages with one file each.

mod config;
mod corrupt;
mod counters;
mod delay;
mod duplicate;
mod line;
mod loss;
mod mtu;
mod queue;
mod reorder;
mod stage;
mod tables;

pub use config::{
    Corrupt, Delay, DirectionConfig, Distribution, GilbertElliott, Jitter, LinkConfig, LinkError, Loss,
    QueueLimit, Rate, Reorder, StageConfig, StageKind,
};
pub use counters::LinkCounters;
pub(crate) use line::{Line, LineConfig};
