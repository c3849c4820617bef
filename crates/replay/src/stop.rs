//! Why a record can go on no further.

use core::fmt;

use wirelab_stack::time::Instant;

/// Why a record can go on no further.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The run ended here.
    End,
    /// The run ended here, since what drove it failed, with these words.
    Failed(String),
    /// The file is cut off: whoever wrote it was killed, or had no room.
    Cut,
    /// The file cannot be read, as the system says.
    Unreadable(String),
    /// The file is no record of this version, or has been tampered with.
    Malformed(String),
    /// The run is not the one that was recorded.
    Diverged {
        /// In which turn, counted from 1; 0 before the first.
        turn: u64,
        /// When.
        at: Instant,
        /// What is different.
        what: String,
    },
}

impl Stop {
    /// Whether the run was the recorded one, as far as the record goes.
    pub const fn is_the_same(&self) -> bool {
        matches!(self, Self::End | Self::Failed(_) | Self::Cut)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the record ends here"),
            Self::Failed(why) => write!(f, "the run ended here: {why}"),
            Self::Cut => f.write_str("the record is cut off here"),
            Self::Unreadable(why) => write!(f, "the record cannot be read: {why}"),
            Self::Malformed(what) => f.write_str(what),
            Self::Diverged { turn, at, what } => {
                write!(f, "the run differs from its record in turn {turn}, at {at}: {what}")
            }
        }
    }
}

impl core::error::Error for Stop {}
