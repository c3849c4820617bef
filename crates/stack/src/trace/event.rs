//! Everything that an observer can be shown.

use core::net::IpAddr;
use core::ops::BitOr;

use super::{Cause, ConnectionId, ConnectionInfo, DropReason, Metrics, Place, State, Table};
use crate::addr::Mac;
use crate::frame::{Frame, FrameId, InterfaceId};
use crate::time::Instant;

/// A set of kinds of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Interest(u32);

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Frames sent, arrived, delivered, dropped.
    pub const FRAMES: Self = Self(1);
    /// Connections opened, ended, changing state.
    pub const CONNECTIONS: Self = Self(2);
    /// The sender's variables and queue lengths, on each change.
    pub const SERIES: Self = Self(4);
    /// Neighbours and address conflicts.
    pub const NEIGHBORS: Self = Self(8);
    /// What applications do and say.
    pub const APPLICATIONS: Self = Self(16);
    /// What links do to frames besides dropping them, and their state.
    pub const LINKS: Self = Self(32);
    /// Tables of a node's state, where somebody asked for them.
    pub const TABLES: Self = Self(64);
    /// Everything.
    pub const ALL: Self = Self(127);

    /// Whether all of `kinds` are in the set.
    pub const fn contains(self, kinds: Self) -> bool {
        self.0 & kinds.0 == kinds.0
    }
}

impl BitOr for Interest {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// State of a neighbour cache entry (RFC 1122 §2.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NeighborState {
    /// Asked, no answer yet.
    Incomplete,
    /// Answered lately.
    Reachable,
    /// Not confirmed for a while; still used, and polled on use.
    Stale,
    /// Configured, never ages.
    Static,
    /// Asked as often as is allowed, no answer.
    Failed,
}

impl NeighborState {
    /// Its name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Reachable => "reachable",
            Self::Stale => "stale",
            Self::Static => "static",
            Self::Failed => "failed",
        }
    }
}

/// What became of an address that an interface was given, or had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressChange {
    /// It is being probed, and not used yet (RFC 5227 §2.1).
    Tentative,
    /// It is in use.
    Assured,
    /// Another station has it: it is not taken into use.
    Duplicate,
    /// Another station has it: it is used no more (RFC 5227 §2.4).
    GivenUp,
    /// It was taken away: a lease ended, or somebody removed it.
    Removed,
}

impl AddressChange {
    /// Its name in traces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Assured => "assured",
            Self::Duplicate => "duplicate",
            Self::GivenUp => "given-up",
            Self::Removed => "removed",
        }
    }
}

/// What an application did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApplicationEvent<'a> {
    /// It began.
    Started,
    /// It said something for people to read.
    Said(&'a str),
    /// What came of something that it asked for, by name: a `status`, an `answer`.
    Result {
        /// What it is.
        name: &'a str,
        /// How it turned out.
        value: &'a str,
    },
    /// It received these octets.
    Received(&'a [u8]),
    /// It sent these octets.
    Sent(&'a [u8]),
    /// It ended as it meant to.
    Finished,
    /// It ended with an error.
    Failed(&'a str),
}

/// What a link's direction did to a frame or to itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkEvent {
    /// Bits of the frame were flipped.
    Corrupted {
        /// The frame.
        id: FrameId,
        /// How many bits.
        bits: u32,
    },
    /// A second copy of the frame goes on its way.
    Duplicated {
        /// The frame.
        id: FrameId,
    },
    /// The super-frame goes on as its segments. The first has its name, the others have those that follow.
    Segmented {
        /// The super-frame.
        id: FrameId,
        /// How many it makes.
        segments: u32,
    },
    /// The frame will overtake, or be overtaken by, its neighbours.
    Reordered {
        /// The frame.
        id: FrameId,
    },
    /// The queue's length changed ([`Interest::SERIES`]).
    Queue {
        /// Frames waiting.
        packets: u32,
        /// Octets waiting.
        bytes: u64,
    },
    /// The link was cut.
    Down,
    /// The link was restored.
    Up,
    /// A stage's settings were changed by a timed event.
    Changed {
        /// The stage's name in scenario files.
        stage: &'static str,
    },
}

/// Something that happened. Where it happened, the observer knows from who shows it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A host gave a frame to a link.
    FrameSent {
        /// By which interface.
        interface: InterfaceId,
        /// The frame, with its cause.
        frame: &'a Frame,
    },
    /// A frame reached a host's interface. One of the next two follows for each.
    FrameArrived {
        /// Which interface.
        interface: InterfaceId,
        /// The frame.
        frame: &'a Frame,
    },
    /// The frame did its work: its last layer took it.
    FrameAccepted {
        /// The frame.
        id: FrameId,
    },
    /// The frame ended here.
    FrameDropped {
        /// The frame.
        id: FrameId,
        /// Where.
        place: Place,
        /// Why.
        reason: DropReason,
    },
    /// A connection was opened, actively or by a SYN that arrived.
    ConnectionOpened {
        /// Its name.
        connection: ConnectionId,
        /// Whether this end sent the first SYN.
        active: bool,
    },
    /// A connection changed its state.
    ConnectionState {
        /// Its name.
        connection: ConnectionId,
        /// From.
        from: State,
        /// To.
        to: State,
    },
    /// A connection left the host's table, with everything it counted.
    ConnectionEnded {
        /// Its name.
        connection: ConnectionId,
        /// Its last state and counters.
        info: &'a ConnectionInfo,
    },
    /// A connection's sender changed its variables ([`Interest::SERIES`]).
    ConnectionMetrics {
        /// Its name.
        connection: ConnectionId,
        /// The variables now.
        metrics: Metrics,
    },
    /// A timer of a connection expired and did something.
    TimerExpired {
        /// The connection.
        connection: ConnectionId,
        /// What will be sent for it.
        cause: Cause,
        /// When it was due.
        due: Instant,
    },
    /// An entry of a neighbour cache changed.
    Neighbor {
        /// On which interface.
        interface: InterfaceId,
        /// Whose entry.
        address: IpAddr,
        /// The hardware address, if known.
        mac: Option<Mac>,
        /// The state now.
        state: NeighborState,
    },
    /// Another station uses an address of this host (RFC 5227 §2.4).
    AddressConflict {
        /// On which interface.
        interface: InterfaceId,
        /// The address.
        address: IpAddr,
        /// Who else uses it.
        mac: Mac,
    },
    /// An address of an interface came, went, or will come.
    Address {
        /// Which interface.
        interface: InterfaceId,
        /// The address.
        address: IpAddr,
        /// What became of it.
        change: AddressChange,
    },
    /// An application did something.
    Application {
        /// The application's name in the scenario.
        name: &'a str,
        /// What.
        event: ApplicationEvent<'a>,
    },
    /// A link did something.
    Link(LinkEvent),
    /// Somebody asked for a table of a node's state. It changes nothing.
    Shown {
        /// The table.
        table: &'a Table,
    },
}
