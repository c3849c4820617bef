//! Which of a host's ready tasks is polled next.

use wirelab_stack::frame::NodeId;
use wirelab_stack::rng::Rng;

use crate::node::Node;
use crate::world::World;

/// In which order tasks of one host are polled that are ready at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Schedule {
    /// In the order in which they were woken.
    #[default]
    InOrder,
    /// In any order, drawn from the stream (seed, the host's name, "schedule"): what a program must not depend on.
    Random,
}

impl Schedule {
    /// A host's draws; `None` where none are made.
    pub(crate) fn rng(self, seed: u64, host: &str) -> Option<Rng> {
        (self == Self::Random).then(|| Rng::stream(seed, host, "schedule"))
    }
}

impl World {
    /// Sets in which order tasks of one host are polled that are ready at one instant.
    pub fn set_schedule(&mut self, schedule: Schedule) {
        self.schedule = schedule;
        for (slot, id) in self.nodes.iter_mut().zip(0..) {
            if let Node::Host(host) = &mut slot.node {
                host.schedule = schedule.rng(self.seed, self.names.node(NodeId(id)));
            }
        }
    }
}
