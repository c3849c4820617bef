//! What hosts have besides their network: files, and a calendar clock.

use wirelab_stack::storage::FilePath;

use crate::read::record;
use crate::units::{Percent, Size, Span};

record! {
    /// A file that a host has from the beginning.
    pub struct File ("a file") {
        /// Its path on the host; the directories above it are made.
        path: required FilePath,
        /// What is in it: this text.
        text: optional String,
        /// What is in it: so many octets of a pattern.
        bytes: optional Size,
        /// Of which pattern: each number is one of its own; 0 where left out.
        pattern: optional u64,
    }
}

record! {
    /// A host's calendar clock, where it is not right.
    pub struct HostClock ("a clock") {
        /// By how much it is ahead at the beginning.
        ahead: optional Span,
        /// By how much it is behind at the beginning.
        behind: optional Span,
        /// By which share it runs fast.
        fast: optional Percent,
        /// By which share it runs slow.
        slow: optional Percent,
    }
}
