//! The model of a scenario file, as it is written.

mod host;

pub use host::{Host, Interface, Neighbor, Preset, Route};

use crate::read::record;
use crate::units::Span;

record! {
    /// A wirelab scenario: hosts, links between them, applications on them, what happens when, and what is
    /// expected of the run.
    pub struct Document ("a scenario") {
        /// What the scenario shows, in a line.
        title: optional String,
        /// The seed of all chance; 1 where left out.
        seed: optional u64,
        /// When the run stops at the latest.
        stop: optional Stop,
        /// The hosts.
        host: list Host,
    }
}

record! {
    /// When a run stops, if it has not ended before: a run ends when all applications have ended (those in the
    /// background aside) and no frame is under way.
    pub struct Stop ("the stop condition") {
        /// The virtual time at which it stops.
        until: optional Span,
        /// The number of events after which it stops.
        max_events: optional u64,
    }
}
