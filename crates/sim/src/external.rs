//! Ports to the outside: what comes by a real link enters the network here, and what is sent here leaves by it.
//!
//! A port is a node with one interface, and a link like any other connects it to a host, a switch or another port. Who
//! drives the world ([`Driver`](crate::Driver)) puts frames in and takes frames out; nobody else knows of it.

use std::collections::VecDeque;

use wirelab_stack::frame::{Frame, FrameCheck, FrameId, InterfaceId, Medium, NodeId};
use wirelab_stack::network::segmentation;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Cause, DropReason, Event, Interest, Place, Trigger};

use crate::node::Node;
use crate::recorder::Watch;
use crate::world::{BuildError, World};

/// Frames that may wait for a real link that takes no more, as many as Linux gives a device (`txqueuelen`).
pub const MOST_OUTGOING: usize = 1_000;

/// A port to the outside.
pub(crate) struct ExternalNode {
    pub(crate) medium: Medium,
    pub(crate) watch: Watch,
    /// Counts the frames that came in.
    received: u64,
    /// What is to leave, in order.
    outgoing: VecDeque<Frame>,
    queue_full: u64,
    bad_fcs: u64,
}

/// What a port to the outside has counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExternalCounters {
    /// Frames that came in from outside; a super-frame counts as its segments.
    pub received: u64,
    /// Frames that could not leave because too many waited ([`MOST_OUTGOING`]).
    pub queue_full: u64,
    /// Frames that a link had corrupted so that their frame check sequence betrays it: a real card would drop them.
    pub bad_fcs: u64,
    /// Frames that wait to leave.
    pub waiting: usize,
}

impl ExternalNode {
    /// Takes in what a link brings: it waits to leave, or is lost where too much does.
    pub(crate) fn handle_frame(&mut self, now: Instant, on: InterfaceId, frame: Frame) {
        let id = frame.meta.id;
        self.watch.observe(now, Interest::FRAMES, || Event::FrameArrived { interface: on, frame: &frame });
        let refused = if frame.meta.frame_check == FrameCheck::Bad {
            // What leaves gets a sequence that fits, by the device: who is there could not know.
            self.bad_fcs += 1;
            Some(DropReason::BadFcs)
        } else if self.outgoing.len() >= MOST_OUTGOING {
            self.queue_full += 1;
            Some(DropReason::OutputQueueFull)
        } else {
            None
        };
        if let Some(reason) = refused {
            let place = Place::Interface;
            self.watch.observe(now, Interest::FRAMES, || Event::FrameDropped { id, place, reason });
            return;
        }
        self.watch.observe(now, Interest::FRAMES, || Event::FrameAccepted { id });
        self.outgoing.push_back(frame);
    }
}

impl World {
    /// Adds a port to the outside, for a real link that carries `medium`. Its one interface is number 0.
    ///
    /// # Errors
    /// When another node has its name.
    pub fn add_external(&mut self, name: &str, medium: Medium) -> Result<NodeId, BuildError> {
        let watch = self.watch_next_node();
        let outgoing = VecDeque::new();
        let node = ExternalNode { medium, watch, received: 0, outgoing, queue_full: 0, bad_fcs: 0 };
        self.add_node(name, 1, Node::External(node))
    }

    /// What a port to the outside has counted; `None` where the node is none.
    pub fn external_counters(&self, node: NodeId) -> Option<ExternalCounters> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::External(port) => Some(ExternalCounters {
                received: port.received,
                queue_full: port.queue_full,
                bad_fcs: port.bad_fcs,
                waiting: port.outgoing.len(),
            }),
            _ => None,
        }
    }

    /// What the real link of a port carries; `None` where the node is none.
    pub fn external_medium(&self, node: NodeId) -> Option<Medium> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::External(port) => Some(port.medium),
            _ => None,
        }
    }

    /// What waits to leave by a port, in order. `None` where the node is no port.
    pub(crate) fn outgoing(&mut self, node: NodeId) -> Option<&mut VecDeque<Frame>> {
        match &mut self.nodes.get_mut(node.0 as usize)?.node {
            Node::External(port) => Some(&mut port.outgoing),
            _ => None,
        }
    }

    /// A frame comes in by a port. It gets its name here; why it was sent only its sender knows.
    ///
    /// # Panics
    /// When `node` is no port.
    pub(crate) fn bring_in(&mut self, node: NodeId, mut frame: Frame) {
        let now = self.now;
        let slot = &mut self.nodes[node.0 as usize];
        let Node::External(port) = &mut slot.node else {
            panic!("node {} is no port to the outside", node.0)
        };
        frame.meta.id = FrameId { origin: node, counter: port.received + 1 };
        // A super-frame's segments have the names that follow.
        port.received += u64::from(segmentation::count(&mut frame));
        (frame.meta.cause, frame.meta.trigger) = (Cause::External, Trigger::Call);
        let interface = InterfaceId(0);
        port.watch.observe(now, Interest::FRAMES, || Event::FrameSent { interface, frame: &frame });
        if let Some(line) = slot.ports[0] {
            return self.fabric.enter(line, frame, now);
        }
        let (id, place, reason) = (frame.meta.id, Place::Interface, DropReason::LinkDown);
        port.watch.observe(now, Interest::FRAMES, || Event::FrameDropped { id, place, reason });
    }

    /// All ports to the outside, in the order in which they were added.
    pub(crate) fn externals(&self) -> Vec<NodeId> {
        let ports = self.nodes.iter().zip(0..).filter(|(slot, _)| matches!(slot.node, Node::External(_)));
        ports.map(|(_, id)| NodeId(id)).collect()
    }
}
