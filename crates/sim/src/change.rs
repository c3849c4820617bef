//! What can be changed while a world runs, at a time set beforehand.

use wirelab_stack::clock::Clock;
use wirelab_stack::frame::NodeId;

use crate::component::{Direction, LinkId};
use crate::link::{StageConfig, StageKind};
use crate::show::Show;

/// A change. Of several at the same instant the one that was set first comes first, and all come before whatever
/// else happens then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// Cuts a link, both ways: what is under way on it or waits in its queues is lost, and so is what comes
    /// until it is restored.
    Cut(LinkId),
    /// Restores a link.
    Restore(LinkId),
    /// Sets what a stage of a link's direction does; adds the stage where there was none.
    SetStage {
        /// Which link.
        link: LinkId,
        /// Which direction.
        direction: Direction,
        /// The stage and its new settings.
        stage: StageConfig,
    },
    /// Takes a stage out. Frames that waited in a queue go on at once, in order; frames that were held for a
    /// time arrive when they would have.
    RemoveStage {
        /// Which link.
        link: LinkId,
        /// Which direction.
        direction: Direction,
        /// Which stage.
        stage: StageKind,
    },
    /// A host loses its power: its tasks are gone, its sockets and all that it knew, and it says so to nobody. Frames that
    /// come to it are lost until it is restarted. Its files stay. A host that is down stays so.
    Crash(NodeId),
    /// A host starts, with nothing but its configuration and its files, and with its services
    /// ([`World::spawn_service`](crate::World::spawn_service)). One that is up crashes first.
    Restart(NodeId),
    /// Sets a host's calendar clock.
    SetClock {
        /// Whose.
        node: NodeId,
        /// The clock from then on.
        clock: Clock,
    },
    /// Shows a table of a node's state to whoever watches ([`Event::Shown`](wirelab_stack::trace::Event::Shown)). It
    /// changes nothing, and does not count as an event.
    Show {
        /// Whose. A node that has no such table shows nothing.
        node: NodeId,
        /// Which table.
        table: Show,
    },
    /// Nothing: but whoever drives the world ([`World::drive`](crate::World::drive)) has a turn then. It does not count as
    /// an event either.
    Wake,
}
