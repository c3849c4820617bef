//! What a node of a world can be.

use core::any::Any;
use std::collections::{BTreeSet, VecDeque};

use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, InterfaceId, Medium};
use wirelab_stack::socket::net::context::Seat;
use wirelab_stack::time::Instant;

use crate::fabric::LineId;
use crate::hub::Hub;
use crate::recorder::Watch;
use crate::switch::Switch;
use crate::world::TaskId;

/// A node that is driven by the four verbs, written for a test or a lesson: it sends what it likes, and sees every
/// frame as it arrives.
pub trait Script: Any {
    /// How many interfaces it has.
    fn interfaces(&self) -> u16 {
        1
    }

    /// What the links at its interfaces carry.
    fn medium(&self) -> Medium {
        Medium::Ethernet
    }

    /// A frame arrived.
    fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: Frame);

    /// Its time has come.
    fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        let _ = ctx;
    }

    /// The next frame that it sends now.
    fn poll_transmit(&mut self, ctx: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)>;

    /// When `handle_timeout` is to be called next. A run does not end before.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

/// A node. Ports to the outside are a further kind.
pub(crate) enum Node {
    /// A host with its tasks.
    Host(HostNode),
    /// Whatever a script does.
    Script(ScriptNode),
    /// A switch.
    Switch(SwitchNode),
    /// A hub.
    Hub(HubNode),
}

/// A switch, with what it is driven with.
pub(crate) struct SwitchNode {
    pub(crate) switch: Box<Switch>,
    pub(crate) rng: wirelab_stack::rng::Rng,
    pub(crate) watch: Watch,
}

/// A hub, with what it is driven with.
pub(crate) struct HubNode {
    pub(crate) hub: Box<Hub>,
    pub(crate) rng: wirelab_stack::rng::Rng,
    pub(crate) watch: Watch,
}

/// A host, with what its tasks need beside it.
pub(crate) struct HostNode {
    /// Away only while the host's tasks are polled.
    pub(crate) seat: Option<Box<Seat>>,
    /// Its tasks that were woken, in the order of waking.
    pub(crate) ready: VecDeque<u64>,
    /// Its applications that have not started, by their time.
    pub(crate) starts: BTreeSet<(Instant, TaskId)>,
    pub(crate) started: bool,
}

impl HostNode {
    pub(crate) const fn new(seat: Box<Seat>) -> Self {
        Self { seat: Some(seat), ready: VecDeque::new(), starts: BTreeSet::new(), started: false }
    }

    /// # Panics
    /// When its tasks are being polled, or one of them has panicked.
    pub(crate) fn seat(&self) -> &Seat {
        self.seat.as_deref().expect(LOST)
    }

    /// # Panics
    /// As [`seat`](Self::seat).
    pub(crate) fn seat_mut(&mut self) -> &mut Seat {
        self.seat.as_deref_mut().expect(LOST)
    }

    /// When its next turn is.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let start = self.starts.first().map(|(at, _)| *at);
        match (self.seat().next_timeout(), start) {
            (Some(timeout), Some(start)) => Some(timeout.min(start)),
            (timeout, start) => timeout.or(start),
        }
    }
}

const LOST: &str = "the host was lost when one of its tasks panicked";

/// A scripted node. What a host does for itself is done for it: its frames are named and shown.
pub(crate) struct ScriptNode {
    pub(crate) script: Box<dyn Script>,
    pub(crate) rng: wirelab_stack::rng::Rng,
    pub(crate) watch: Watch,
    /// Counts its frames.
    pub(crate) sent: u64,
}

impl Node {
    /// What a link at interface `on` carries; `None` where no link can be: at the interface of a VLAN.
    pub(crate) fn medium(&self, on: InterfaceId) -> Option<Medium> {
        match self {
            Self::Host(host) => {
                let interface = host.seat().host.interface(on)?;
                interface.vlan().is_none().then(|| interface.medium())
            }
            Self::Script(node) => Some(node.script.medium()),
            Self::Switch(_) | Self::Hub(_) => Some(Medium::Ethernet),
        }
    }
}

/// A node with its place in the world.
pub(crate) struct NodeSlot {
    pub(crate) node: Node,
    /// The line that begins at each interface, where there is one.
    pub(crate) ports: Vec<Option<LineId>>,
}
