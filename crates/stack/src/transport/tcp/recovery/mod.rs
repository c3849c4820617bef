//! What the sender does about loss: the phase it is in, and how it gets in and out.
//!
//! `scoreboard` reads SACK blocks into the records and says what is lost (RFC 6675 §4). Later parts (RACK-TLP, PRR, F-RTO)
//! stand beside it and read the same records.

pub mod scoreboard;

use super::seq::{ORIGIN, Offset};
use crate::trace::Cause;

/// The sender's phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// Fast recovery (RFC 6675 §5, RFC 6582 §3.2), until `point` is acknowledged.
    Recovery,
    /// The retransmission timer has expired; slow start, until `point` is acknowledged.
    Loss,
}

/// The sender's recovery state; what is larger is allocated while in use.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// The phase.
    pub phase: Phase,
    /// `RecoveryPoint` (RFC 6675 §2): SND.NXT when the phase began.
    pub point: Offset,
    /// Duplicate acknowledgements in a row.
    pub duplicate_acks: u16,
    /// Segments that limited transmit sent since the first of them (RFC 3042 §2): the last of what is in flight.
    pub limited: u8,
    /// The next retransmission does not ask the window, and this is its cause: it is the first of this phase, or of a
    /// partial acknowledgement.
    pub forced: Option<Cause>,
    /// Records before this index's offset have no lost record that waits: where the search begins.
    pub search_from: Offset,
    /// SACK blocks already read, kept only while something is SACKed.
    pub seen: Option<Box<scoreboard::Seen>>,
}

impl Recovery {
    /// Nothing is lost.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Open,
            point: ORIGIN,
            duplicate_acks: 0,
            limited: 0,
            forced: None,
            search_from: ORIGIN,
            seen: None,
        }
    }

    /// Begins `phase`, which lasts until `point` is acknowledged, with a retransmission for `cause`.
    pub fn enter(&mut self, phase: Phase, point: Offset, cause: Cause) {
        (self.phase, self.point) = (phase, point);
        self.forced = Some(cause);
        self.search_from = ORIGIN;
    }

    /// The loss is repaired.
    pub fn leave(&mut self) {
        self.phase = Phase::Open;
        self.forced = None;
        self.forget_duplicates();
    }

    /// What is acknowledged from now on is acknowledged anew.
    pub const fn forget_duplicates(&mut self) {
        (self.duplicate_acks, self.limited) = (0, 0);
    }
}
