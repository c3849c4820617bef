//! What happens at a given time.

use super::link::{DirectionName, Settings};
use crate::read::{Name, record};
use crate::units::Span;

record! {
    /// Something that happens to a link at a given time: one of `cut`, `restore` or `change`.
    pub struct Event ("an event") {
        /// When it happens.
        at: required Span,
        /// The link that is cut: what is under way on it, or comes to it, is lost.
        cut: optional Name,
        /// The link that carries frames again.
        restore: optional Name,
        /// The link whose settings change to those given here; others stay as they are.
        change: optional Name,
        /// The direction whose settings change; both where left out.
        direction: optional DirectionName,
        /// The settings that change.
        settings: flatten Settings,
    }
}
