//! Ports to the outside: what comes by a real link enters the network here, and what is sent here leaves by it.
//!
//! A port is a node with one interface, and a link like any other connects it to a host, a switch or another port. Who
//! drives the world ([`Driver`](crate::Driver)) puts frames in and takes frames out; nobody else knows of it.

use std::collections::VecDeque;

use wirelab_stack::frame::{Frame, FrameId, InterfaceId, Medium, NodeId};
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
    dropped: u64,
}

impl ExternalNode {
    /// Takes in what a link brings: it waits to leave, or is lost where too much does.
    pub(crate) fn handle_frame(&mut self, now: Instant, on: InterfaceId, frame: Frame) {
        let id = frame.meta.id;
        self.watch.observe(now, Interest::FRAMES, || Event::FrameArrived { interface: on, frame: &frame });
        if self.outgoing.len() >= MOST_OUTGOING {
            self.dropped += 1;
            let (place, reason) = (Place::Interface, DropReason::OutputQueueFull);
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
        let node = ExternalNode { medium, watch, received: 0, outgoing: VecDeque::new(), dropped: 0 };
        self.add_node(name, 1, Node::External(node))
    }

    /// Frames that could not leave by a port because too many waited ([`MOST_OUTGOING`]); `None` where the node is no
    /// port.
    pub fn external_drops(&self, node: NodeId) -> Option<u64> {
        match &self.nodes.get(node.0 as usize)?.node {
            Node::External(port) => Some(port.dropped),
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
