//! The world: nodes, links, applications, and the one loop that runs them.

use core::fmt;
use core::future::Future;

use wirelab_stack::application::AppError;
use wirelab_stack::frame::{InterfaceId, NodeId};
use wirelab_stack::host::{ConfigError, Host, HostConfig};
use wirelab_stack::time::Instant;

use crate::change::Change;
use crate::component::{Direction, LinkId, Names};
use crate::link::{LinkConfig, LinkCounters, LinkError};
use crate::outcome::{Limits, Outcome, Progress};
use crate::recorder::Recorder;

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
    /// Two nodes, or two links, have this name.
    DuplicateName(String),
    /// There is no such node.
    NoSuchNode(NodeId),
    /// The node has no such interface.
    NoSuchInterface(NodeId, InterfaceId),
    /// Another link is at this interface already.
    InterfaceTaken(NodeId, InterfaceId),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(error) => error.fmt(f),
            Self::Link(error) => error.fmt(f),
            Self::DuplicateName(name) => write!(f, "the name `{name}` is given twice"),
            Self::NoSuchNode(node) => write!(f, "there is no node {}", node.0),
            Self::NoSuchInterface(node, interface) => {
                write!(f, "node {} has no interface {}", node.0, interface.0)
            }
            Self::InterfaceTaken(node, interface) => {
                write!(f, "interface {} of node {} has a link already", interface.0, node.0)
            }
        }
    }
}

impl core::error::Error for BuildError {}

/// Nodes, links, applications, and the one loop that runs them in virtual time.
pub struct World {}

#[allow(unused_variables, clippy::todo, clippy::missing_errors_doc, clippy::missing_panics_doc)]
impl World {
    /// An empty world. Every random stream in it derives from `seed`.
    pub fn new(seed: u64) -> Self {
        todo!()
    }

    /// Adds a host; its `node` number is set here.
    pub fn add_host(&mut self, config: HostConfig) -> Result<NodeId, BuildError> {
        todo!()
    }

    /// Connects two interfaces.
    pub fn connect(&mut self, config: LinkConfig) -> Result<LinkId, BuildError> {
        todo!()
    }

    /// Starts an application on a host at `start`.
    pub fn spawn(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        future: impl Future<Output = Result<(), AppError>> + 'static,
    ) -> TaskId {
        todo!()
    }

    /// As [`spawn`](Self::spawn), but a run does not wait for it to end.
    pub fn spawn_background(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        future: impl Future<Output = Result<(), AppError>> + 'static,
    ) -> TaskId {
        todo!()
    }

    /// Changes something at `at`.
    pub fn at(&mut self, at: Instant, change: Change) {
        todo!()
    }

    /// Sets who watches; returns who did.
    pub fn set_recorder(&mut self, recorder: Box<dyn Recorder>) -> Option<Box<dyn Recorder>> {
        todo!()
    }

    /// Nobody watches any more; returns who did.
    pub fn take_recorder(&mut self) -> Option<Box<dyn Recorder>> {
        todo!()
    }

    /// Runs until everything has ended, nothing more can happen, or a limit is reached. May be called again.
    pub fn run(&mut self, limits: Limits, progress: &mut dyn FnMut(Progress)) -> Outcome {
        todo!()
    }

    /// Virtual time: the instant of the last event.
    pub fn now(&self) -> Instant {
        todo!()
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        todo!()
    }

    /// The names of all nodes and links.
    pub fn names(&self) -> Names {
        todo!()
    }

    /// The nodes' numbers, in order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..0).map(NodeId)
    }

    /// A host; `None` where the node is none.
    pub fn host(&self, node: NodeId) -> Option<&Host> {
        todo!()
    }

    /// A host, to change.
    pub fn host_mut(&mut self, node: NodeId) -> Option<&mut Host> {
        todo!()
    }

    /// What one direction of a link has counted.
    ///
    /// # Panics
    /// When there is no such link.
    pub fn link_counters(&self, link: LinkId, direction: Direction) -> LinkCounters {
        todo!()
    }

    /// All applications, in the order in which they were spawned.
    pub fn applications(&self) -> Vec<ApplicationStatus> {
        todo!()
    }
}
