//! Hosts that crash, and start again.

use wirelab_stack::application::AppError;
use wirelab_stack::frame::NodeId;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::ApplicationEvent;

use crate::executor::{CRASHED, Root};
use crate::node::{HostNode, Node, Service};
use crate::world::World;

impl World {
    /// Runs a program in the background from `start` on, and again when its host is restarted
    /// ([`Change::Restart`](crate::Change::Restart)). `program` makes it anew each time.
    ///
    /// # Panics
    /// When `node` is no host.
    pub fn spawn_service<F>(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        mut program: impl FnMut() -> F + 'static,
    ) where
        F: Future<Output = Result<(), AppError>> + 'static,
    {
        let mut program = move || -> Root { Box::pin(program()) };
        let first = program();
        let last = self.add_application(node, name, start, true, first);
        if let Some(host) = self.host_node(node) {
            host.services.push(Service { name: name.to_owned(), last, program: Box::new(program) });
        }
    }

    /// Whether a host has crashed and has not been restarted; false for what is no host.
    pub fn is_down(&self, node: NodeId) -> bool {
        matches!(self.nodes.get(node.0 as usize).map(|slot| &slot.node), Some(Node::Host(host)) if host.down)
    }

    /// As [`Change::Crash`], at once.
    pub(crate) fn crash(&mut self, node: NodeId) {
        let now = self.now;
        if self.host_node(node).is_none_or(|host| host.down) {
            return;
        }
        // Dropped here, where no host is seated, sockets do not take leave of their peers.
        let (ended, tasks) = self.executor.crash(node, now);
        drop(tasks);
        let Some(host) = self.host_node(node) else { return };
        host.crash();
        let seat = host.seat_mut();
        seat.set_now(now);
        for name in ended {
            seat.application_event(&name, ApplicationEvent::Failed(CRASHED));
        }
        self.turns.set(node.0, Instant::FAR_FUTURE);
    }

    /// As [`Change::Restart`], at once.
    pub(crate) fn restart(&mut self, node: NodeId) {
        self.crash(node);
        let now = self.now;
        let Some(host) = self.host_node(node) else { return };
        host.down = false;
        let mut services = core::mem::take(&mut host.services);
        for service in &mut services {
            // One that has not even begun does so now.
            if self.executor.has_ended(service.last) {
                let root = (service.program)();
                service.last = self.add_application(node, &service.name, now, true, root);
            }
        }
        if let Some(host) = self.host_node(node) {
            host.services = services;
        }
        self.turn_at(node, now);
    }

    fn host_node(&mut self, node: NodeId) -> Option<&mut HostNode> {
        match self.nodes.get_mut(node.0 as usize).map(|slot| &mut slot.node) {
            Some(Node::Host(host)) => Some(host),
            _ => None,
        }
    }
}
