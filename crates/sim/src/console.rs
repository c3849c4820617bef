//! The standard input and output of a world's hosts.

use bytes::Bytes;
use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::stdio::Console;

use crate::world::World;

impl World {
    /// Gives a host's programs standard input; says how many octets there was room for. Those that wait for it run when
    /// the world does.
    ///
    /// A run in which somebody waits for input that nobody has given ends as a
    /// [`Deadlock`](crate::Outcome::Deadlock) once nothing else can happen: feed it, and run again.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn feed(&mut self, node: NodeId, octets: &[u8]) -> usize {
        self.console(node).feed(octets)
    }

    /// A host's programs get no more standard input.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn end_input(&mut self, node: NodeId) {
        self.console(node).end_input();
    }

    /// Octets of standard input for which a host has room.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn input_room(&mut self, node: NodeId) -> usize {
        self.console(node).input_room()
    }

    /// The first host of which a program waits for standard input that may still come.
    pub fn wants_input(&self) -> Option<NodeId> {
        self.waits_for_input()
    }

    /// Whether a host's programs have printed what nobody has taken; false for what is no host.
    pub fn has_output(&mut self, node: NodeId) -> bool {
        self.seat_mut(node).is_some_and(|seat| seat.console.has_output())
    }

    /// What a host's programs have printed since the last time. Those that wait for room run when the world does.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn take_output(&mut self, node: NodeId) -> Bytes {
        self.console(node).take_output()
    }

    /// What a host's programs have printed, or its first part; `None` where they have printed nothing.
    pub(crate) fn output(&mut self, node: NodeId) -> Option<&[u8]> {
        let console = self.console(node);
        console.has_output().then(|| console.output())
    }

    /// The first `octets` of what a host's programs have printed are taken.
    pub(crate) fn printed(&mut self, node: NodeId, octets: usize) {
        self.console(node).printed(octets);
    }

    fn console(&mut self, node: NodeId) -> &mut Console {
        match self.seat_mut(node) {
            Some(seat) => &mut seat.console,
            None => panic!("node {} is no host", node.0),
        }
    }
}
