//! What a node of a world can be.

use core::any::Any;
use std::collections::{BTreeSet, VecDeque};

use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, InterfaceId, Medium};
use wirelab_stack::host::HostConfig;
use wirelab_stack::rng::Rng;
use wirelab_stack::socket::net::context::Seat;
use wirelab_stack::time::Instant;

use crate::executor::Root;
use crate::external::ExternalNode;
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

/// A node.
pub(crate) enum Node {
    /// A host with its tasks.
    Host(HostNode),
    /// Whatever a script does.
    Script(ScriptNode),
    /// A switch.
    Switch(SwitchNode),
    /// A hub.
    Hub(HubNode),
    /// A port to the outside.
    External(ExternalNode),
}

/// A switch, with what it is driven with.
pub(crate) struct SwitchNode {
    pub(crate) switch: Box<Switch>,
    pub(crate) rng: Rng,
    pub(crate) watch: Watch,
}

/// A hub, with what it is driven with.
pub(crate) struct HubNode {
    pub(crate) hub: Box<Hub>,
    pub(crate) rng: Rng,
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
    /// What it is when it starts again.
    config: Box<HostConfig>,
    /// Whether it has crashed and has not been restarted.
    pub(crate) down: bool,
    /// What runs on it each time that it starts.
    pub(crate) services: Vec<Service>,
    /// Which of the tasks that are ready is next, where that is left to chance.
    pub(crate) schedule: Option<Rng>,
}

/// A program that runs again when its host does.
pub(crate) struct Service {
    pub(crate) name: String,
    /// The last time that it was started.
    pub(crate) last: TaskId,
    pub(crate) program: Box<dyn FnMut() -> Root>,
}

impl HostNode {
    pub(crate) fn new(seat: Box<Seat>, config: HostConfig) -> Self {
        Self {
            seat: Some(seat),
            ready: VecDeque::new(),
            starts: BTreeSet::new(),
            started: false,
            config: Box::new(config),
            down: false,
            services: Vec::new(),
            schedule: None,
        }
    }

    /// The next task to poll: the one that was woken first, or any of them.
    pub(crate) fn next_ready(&mut self) -> Option<u64> {
        match &mut self.schedule {
            Some(rng) if self.ready.len() > 1 => {
                let place = rng.pick(self.ready.len() as u64, "which task is next");
                self.ready.remove(place as usize)
            }
            _ => self.ready.pop_front(),
        }
    }

    /// Its power is gone: whatever it knew is forgotten.
    pub(crate) fn crash(&mut self) {
        (self.down, self.started) = (true, false);
        self.ready.clear();
        let config = (*self.config).clone();
        let seat = self.seat_mut();
        let rebooted = seat.host.rebooted(config, &mut seat.rng);
        seat.reboot(rebooted.expect("the configuration made a host before"));
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
    pub(crate) rng: Rng,
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
            Self::External(port) => Some(port.medium),
        }
    }
}

/// A node with its place in the world.
pub(crate) struct NodeSlot {
    pub(crate) node: Node,
    /// The line that begins at each interface, where there is one.
    pub(crate) ports: Vec<Option<LineId>>,
}
