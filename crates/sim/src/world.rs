//! The world: nodes, links, applications, and the one loop that runs them.

use core::any::Any;
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use wirelab_stack::application::AppError;
use wirelab_stack::clock::Clock;
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::host::{ConfigError, Host, HostConfig};
use wirelab_stack::rng::Rng;
use wirelab_stack::socket::net::context::Seat;
use wirelab_stack::storage::Storage;
use wirelab_stack::time::Instant;
use wirelab_stack::timers::Timers;
use wirelab_stack::trace::{Event, Interest, Table};

use crate::change::Change;
use crate::component::{Component, Direction, LinkId, Names};
use crate::executor::{Executor, Root};
use crate::fabric::{Fabric, LineId};
use crate::hub::{Hub, HubConfig};
use crate::link::{Line, LineConfig, LinkConfig, LinkCounters, LinkError};
use crate::node::{HostNode, HubNode, Node, NodeSlot, Script, ScriptNode, SwitchNode};
use crate::recorder::{Recorder, Shared, Watch};
use crate::schedule::Schedule;
use crate::show::{Show, Subject};
use crate::switch::{Switch, SwitchConfig, SwitchError};

/// An application of a world, numbered in the order in which they were spawned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(pub u32);

/// How far an application has come.
#[derive(Clone, Debug)]
pub struct ApplicationStatus {
    /// Its number.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// The node that it runs on.
    pub node: NodeId,
    /// Whether it runs in the background: a run does not wait for it.
    pub background: bool,
    /// When it is, or was, started.
    pub start: Instant,
    /// When and how it ended.
    pub ended: Option<(Instant, Result<(), String>)>,
}

/// What is wrong with a host or link that was to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// The host's own configuration.
    Host(ConfigError),
    /// The link's own configuration.
    Link(LinkError),
    /// The switch's or hub's own configuration.
    Switch(SwitchError),
    /// Two nodes, or two links, have this name.
    DuplicateName(String),
    /// There is no such node.
    NoSuchNode(NodeId),
    /// The node has no such interface.
    NoSuchInterface(NodeId, InterfaceId),
    /// Another link is at this interface already.
    InterfaceTaken(NodeId, InterfaceId),
    /// The interface is that of a VLAN: its frames go over its parent's link.
    VlanInterface(NodeId, InterfaceId),
    /// One end of this link is Ethernet, and the other is not.
    MediaDiffer(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => error.fmt(f),
            Self::Link(error) => error.fmt(f),
            Self::Switch(error) => error.fmt(f),
            Self::DuplicateName(name) => write!(f, "the name `{name}` is given twice"),
            Self::NoSuchNode(node) => write!(f, "there is no node {}", node.0),
            Self::NoSuchInterface(node, interface) => {
                write!(f, "node {} has no interface {}", node.0, interface.0)
            }
            Self::VlanInterface(node, interface) => {
                write!(
                    f,
                    "interface {} of node {} is a VLAN's: it has no link of its own",
                    interface.0, node.0
                )
            }
            Self::MediaDiffer(link) => {
                write!(f, "one end of the link `{link}` is Ethernet, and the other is point-to-point")
            }
            Self::InterfaceTaken(node, interface) => {
                write!(f, "interface {} of node {} has a link already", interface.0, node.0)
            }
        }
    }
}

impl core::error::Error for BuildError {}

/// Nodes, links, applications, and the one loop that runs them in virtual time.
///
/// Two worlds that were built alike run alike, event for event, on every machine.
pub struct World {
    pub(crate) seed: u64,
    pub(crate) now: Instant,
    pub(crate) events: u64,
    pub(crate) nodes: Vec<NodeSlot>,
    pub(crate) fabric: Fabric,
    pub(crate) executor: Executor,
    /// When each node's next turn is, apart from arrivals.
    pub(crate) turns: Timers,
    /// Changes that are to come, in the order of their times and of being set.
    pub(crate) changes: BTreeMap<(Instant, u64), Change>,
    changes_set: u64,
    pub(crate) schedule: Schedule,
    shared: Rc<Shared>,
    pub(crate) names: Names,
    taken: BTreeSet<String>,
}

impl World {
    /// An empty world. Every random stream in it derives from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            now: Instant::ZERO,
            events: 0,
            nodes: Vec::new(),
            fabric: Fabric::default(),
            executor: Executor::default(),
            turns: Timers::new(),
            changes: BTreeMap::new(),
            changes_set: 0,
            schedule: Schedule::default(),
            shared: Rc::default(),
            names: Names::default(),
            taken: BTreeSet::new(),
        }
    }

    /// Adds a host. Its `node` is set here; it draws from the stream (seed, its name, "stack").
    ///
    /// # Errors
    /// When its configuration makes no sense, or another node has its name.
    pub fn add_host(&mut self, mut config: HostConfig) -> Result<NodeId, BuildError> {
        let id = NodeId(self.nodes.len() as u32);
        config.node = id;
        let name = config.name.clone();
        let interfaces = config.interfaces.len();
        let kept = config.clone();
        let mut rng = Rng::stream(self.seed, &name, "stack");
        let host = Host::new(config, &mut rng).map_err(BuildError::Host)?;
        let watch = Watch::new(&self.shared, Component::Host(id));
        let seat = Box::new(Seat::new(host, rng, Box::new(watch)));
        let mut node = HostNode::new(seat, kept);
        node.schedule = self.schedule.rng(self.seed, &name);
        self.add_node(&name, interfaces, Node::Host(node))
    }

    /// Adds a node that a script drives. It draws from the stream (seed, its name, "script").
    ///
    /// # Errors
    /// When another node has its name.
    pub fn add_script(&mut self, name: &str, script: Box<dyn Script>) -> Result<NodeId, BuildError> {
        let watch = self.watch_next_node();
        let interfaces = usize::from(script.interfaces());
        let rng = Rng::stream(self.seed, name, "script");
        self.add_node(name, interfaces, Node::Script(ScriptNode { script, rng, watch, sent: 0 }))
    }

    /// Adds a switch; its ports are its interfaces, numbered from 0. The key of its table is drawn from the stream (seed,
    /// its name, "switch").
    ///
    /// # Errors
    /// When its configuration makes no sense, or another node has its name.
    pub fn add_switch(&mut self, config: SwitchConfig) -> Result<NodeId, BuildError> {
        let watch = self.watch_next_node();
        let (name, ports) = (config.name.clone(), config.ports.len());
        let mut rng = Rng::stream(self.seed, &name, "switch");
        let switch = Box::new(Switch::new(config, &mut rng).map_err(BuildError::Switch)?);
        self.add_node(&name, ports, Node::Switch(SwitchNode { switch, rng, watch }))
    }

    /// Adds a hub; its ports are its interfaces, numbered from 0.
    ///
    /// # Errors
    /// When its configuration makes no sense, or another node has its name.
    pub fn add_hub(&mut self, config: HubConfig) -> Result<NodeId, BuildError> {
        let watch = self.watch_next_node();
        let (name, ports) = (config.name.clone(), config.ports.len());
        let rng = Rng::stream(self.seed, &name, "hub");
        let hub = Box::new(Hub::new(config).map_err(BuildError::Switch)?);
        self.add_node(&name, ports, Node::Hub(HubNode { hub, rng, watch }))
    }

    /// The observer of the node that is added next.
    pub(crate) fn watch_next_node(&self) -> Watch {
        Watch::new(&self.shared, Component::Host(NodeId(self.nodes.len() as u32)))
    }

    pub(crate) fn add_node(
        &mut self,
        name: &str,
        interfaces: usize,
        node: Node,
    ) -> Result<NodeId, BuildError> {
        if !self.taken.insert(format!("node {name}")) {
            return Err(BuildError::DuplicateName(name.to_owned()));
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(NodeSlot { node, ports: vec![None; interfaces] });
        self.names.add_node(name);
        self.turns.set(id.0, self.now);
        Ok(id)
    }

    /// Connects two interfaces. Each stage of each direction draws from a stream of its own: (seed,
    /// `<link>/<from>-><to>`, the stage's name).
    ///
    /// # Errors
    /// When its configuration makes no sense, another link has its name, or an end is missing or taken.
    pub fn connect(&mut self, config: LinkConfig) -> Result<LinkId, BuildError> {
        let LinkConfig { name, ends, directions } = config;
        for (place, (node, interface)) in ends.into_iter().enumerate() {
            let slot = self.nodes.get(node.0 as usize).ok_or(BuildError::NoSuchNode(node))?;
            let port = slot.ports.get(usize::from(interface.0));
            match port.ok_or(BuildError::NoSuchInterface(node, interface))? {
                None if place == 0 || ends[0] != ends[1] => {}
                _ => return Err(BuildError::InterfaceTaken(node, interface)),
            }
        }
        let [first, second] = ends.map(|(node, interface)| {
            let medium = self.nodes[node.0 as usize].node.medium(interface);
            medium.ok_or(BuildError::VlanInterface(node, interface))
        });
        if first? != second? {
            return Err(BuildError::MediaDiffer(name));
        }
        let link = LinkId(self.fabric.links());
        let [a, b] = ends.map(|(node, _)| self.names.node(node));
        let names = [format!("{name}/{a}->{b}"), format!("{name}/{b}->{a}")];
        let line = |direction: Direction| {
            Line::new(LineConfig {
                settings: &directions[direction.index()],
                direction,
                seed: self.seed,
                name: names[direction.index()].clone(),
                from: ends[direction.index()],
                to: ends[direction.reverse().index()],
                watch: Watch::new(&self.shared, Component::Link { link, direction }),
            })
            .map_err(BuildError::Link)
        };
        let lines = [line(Direction::Forward)?, line(Direction::Backward)?];
        if !self.taken.insert(format!("link {name}")) {
            return Err(BuildError::DuplicateName(name));
        }
        self.names.add_link(&name, names);
        self.fabric.add(lines);
        for (direction, (node, interface)) in Direction::BOTH.into_iter().zip(ends) {
            let line = LineId::of(link, direction);
            let slot = &mut self.nodes[node.0 as usize];
            slot.ports[usize::from(interface.0)] = Some(line);
            match &mut slot.node {
                Node::Switch(node) => node.switch.connect(interface),
                Node::Hub(node) => node.hub.connect(interface),
                Node::Host(_) | Node::Script(_) | Node::External(_) => {}
            }
        }
        Ok(link)
    }

    /// Starts an application on a host at `start`. A run waits for it to end.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn spawn(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        future: impl Future<Output = Result<(), AppError>> + 'static,
    ) -> TaskId {
        self.add_application(node, name, start, false, Box::pin(future))
    }

    /// As [`spawn`](Self::spawn), but a run does not wait for it to end.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn spawn_background(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        future: impl Future<Output = Result<(), AppError>> + 'static,
    ) -> TaskId {
        self.add_application(node, name, start, true, Box::pin(future))
    }

    pub(crate) fn add_application(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        background: bool,
        root: Root,
    ) -> TaskId {
        let start = start.max(self.now);
        let Some(Node::Host(host)) = self.nodes.get_mut(node.0 as usize).map(|slot| &mut slot.node) else {
            panic!("application `{name}`: node {} is no host", node.0)
        };
        let id = self.executor.add(node, name, start, background, root);
        host.starts.insert((start, id));
        self.turn_at(node, start);
        id
    }

    /// Changes something at `at`; at once where that has passed.
    ///
    /// # Panics
    /// When there is no such link or node.
    pub fn at(&mut self, at: Instant, change: Change) {
        match change {
            Change::Cut(link)
            | Change::Restore(link)
            | Change::SetStage { link, .. }
            | Change::RemoveStage { link, .. } => {
                assert!(link.0 < self.fabric.links(), "there is no link {}", link.0);
            }
            Change::Crash(node) | Change::Restart(node) | Change::SetClock { node, .. } => {
                assert!(self.host(node).is_some(), "node {} is no host", node.0);
            }
            Change::Show { node, .. } => {
                assert!((node.0 as usize) < self.nodes.len(), "there is no node {}", node.0);
            }
            Change::Wake => {}
        }
        self.changes.insert((at.max(self.now), self.changes_set), change);
        self.changes_set += 1;
    }

    /// Whether a node has a table of that kind.
    pub fn has(&self, node: NodeId, table: Show) -> bool {
        self.subject(node).is_some_and(|subject| table.whose() == subject.kind())
    }

    /// A table of a node's state as it is now; `None` where it has no such table.
    pub fn table(&self, node: NodeId, table: Show) -> Option<Table> {
        table.table(&self.subject(node)?, self.now)
    }

    /// The tables that are still to be shown, with their times: where a run ended before.
    pub fn pending_shows(&self) -> impl Iterator<Item = (Instant, NodeId, Show)> + '_ {
        self.changes.iter().filter_map(|((at, _), change)| match change {
            Change::Show { node, table } => Some((*at, *node, *table)),
            _ => None,
        })
    }

    fn subject(&self, node: NodeId) -> Option<Subject<'_>> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::Host(host) => Some(Subject::Host(&host.seat().host)),
            Node::Switch(node) => Some(Subject::Switch(&node.switch)),
            Node::Script(_) | Node::Hub(_) | Node::External(_) => None,
        }
    }

    /// Shows a table of a node's state to whoever watches, as it is now.
    pub fn show(&self, node: NodeId, table: Show) {
        if let Some(table) = self.table(node, table) {
            let watch = Watch::new(&self.shared, Component::Host(node));
            watch.observe(self.now, Interest::TABLES, || Event::Shown { table: &table });
        }
    }

    /// Sets who watches; returns who did. For several at once there is [`Recorders`](crate::Recorders).
    pub fn set_recorder(&mut self, recorder: Box<dyn Recorder>) -> Option<Box<dyn Recorder>> {
        self.shared.set(Some(recorder))
    }

    /// Nobody watches any more; returns who did.
    pub fn take_recorder(&mut self) -> Option<Box<dyn Recorder>> {
        self.shared.set(None)
    }

    /// Virtual time: the instant of the last event, or of the limit that was reached.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Events so far: frames that arrived, or left a queue, and turns of nodes.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The names of all nodes and links.
    pub fn names(&self) -> Names {
        self.names.clone()
    }

    /// The nodes' numbers, in order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// The links' numbers, in order.
    pub fn link_ids(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..self.fabric.links()).map(LinkId)
    }

    /// A host; `None` where the node is none.
    pub fn host(&self, node: NodeId) -> Option<&Host> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::Host(host) => Some(&host.seat().host),
            _ => None,
        }
    }

    /// A switch; `None` where the node is none.
    pub fn switch(&self, node: NodeId) -> Option<&Switch> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::Switch(node) => Some(&node.switch),
            _ => None,
        }
    }

    /// A hub; `None` where the node is none.
    pub fn hub(&self, node: NodeId) -> Option<&Hub> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::Hub(node) => Some(&node.hub),
            _ => None,
        }
    }

    /// A host, to change; it has a turn as soon as the world runs. `None` where the node is none.
    pub fn host_mut(&mut self, node: NodeId) -> Option<&mut Host> {
        let now = self.now;
        self.turn_at(node, now);
        match &mut self.nodes.get_mut(node.0 as usize)?.node {
            Node::Host(host) => Some(&mut host.seat_mut().host),
            _ => None,
        }
    }

    /// A host's files; `None` where the node is no host.
    pub fn storage_mut(&mut self, node: NodeId) -> Option<&mut Box<dyn Storage>> {
        self.seat_mut(node).map(|seat| &mut seat.storage)
    }

    /// Gives a host other files; returns those that it had. Files that are open are not those of the new storage.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn set_storage(&mut self, node: NodeId, storage: Box<dyn Storage>) -> Box<dyn Storage> {
        let Some(seat) = self.seat_mut(node) else { panic!("node {} is no host", node.0) };
        core::mem::replace(&mut seat.storage, storage)
    }

    /// A host's calendar clock; `None` where the node is no host.
    pub fn clock(&self, node: NodeId) -> Option<Clock> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::Host(host) => Some(host.seat().clock),
            _ => None,
        }
    }

    /// Sets a host's calendar clock.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn set_clock(&mut self, node: NodeId, clock: Clock) {
        let Some(seat) = self.seat_mut(node) else { panic!("node {} is no host", node.0) };
        seat.clock = clock;
    }

    pub(crate) fn seat_mut(&mut self, node: NodeId) -> Option<&mut Seat> {
        match &mut self.nodes.get_mut(node.0 as usize)?.node {
            Node::Host(host) => Some(host.seat_mut()),
            _ => None,
        }
    }

    /// A scripted node as its own type; `None` where the node is another.
    pub fn script_mut<T: Script>(&mut self, node: NodeId) -> Option<&mut T> {
        let now = self.now;
        self.turn_at(node, now);
        match &mut self.nodes.get_mut(node.0 as usize)?.node {
            Node::Script(node) => (&mut *node.script as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }

    /// The interfaces that a link connects; forward leads from the first to the second.
    ///
    /// # Panics
    /// When there is no such link.
    pub fn link_ends(&self, link: LinkId) -> [(NodeId, InterfaceId); 2] {
        Direction::BOTH.map(|direction| self.fabric.sender(LineId::of(link, direction)))
    }

    /// What one direction of a link has counted.
    ///
    /// # Panics
    /// When there is no such link.
    pub fn link_counters(&self, link: LinkId, direction: Direction) -> LinkCounters {
        self.fabric.counters(LineId::of(link, direction))
    }

    /// What waits for the line in one direction of a link: frames, and octets.
    ///
    /// # Panics
    /// When there is no such link.
    pub fn link_queue(&self, link: LinkId, direction: Direction) -> (u32, u64) {
        self.fabric.queue(LineId::of(link, direction))
    }

    /// How an application ended; `None` where it has not.
    ///
    /// # Panics
    /// When there is no such application.
    pub fn ended(&self, application: TaskId) -> Option<Result<(), String>> {
        self.executor.ended_how(application)
    }

    /// All applications, in the order in which they were spawned.
    pub fn applications(&self) -> Vec<ApplicationStatus> {
        self.executor.statuses().collect()
    }

    /// A node is to have a turn at `at`, or before.
    pub(crate) fn turn_at(&mut self, node: NodeId, at: Instant) {
        if (node.0 as usize) < self.nodes.len() {
            self.turns.set(node.0, at.min(self.turns.deadline(node.0)));
        }
    }
}
