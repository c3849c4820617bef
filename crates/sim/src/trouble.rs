//! What a tester does to a world: applications that are killed, connections that are reset.

use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::context;
use wirelab_stack::trace::ConnectionId;

use crate::node::{HostNode, Node};
use crate::world::{TaskId, World};

impl World {
    /// Kills an application: all its tasks go at once, their sockets are closed as a kernel closes those of a process, and
    /// files that they were writing are gone. It has failed, with `killed` as its error. Whether it was there to be killed.
    ///
    /// # Panics
    /// When there is no such application.
    pub fn kill(&mut self, application: TaskId) -> bool {
        let node = self.executor.node_of(application);
        let now = self.now;
        let Some(host) = seated(self, node) else { return false };
        host.starts.retain(|(_, waiting)| *waiting != application);
        let Some(mut seat) = host.seat.take() else { return false };
        seat.set_now(now);
        let mut entered = context::enter(seat);
        let killed = self.executor.kill(application, now, &mut entered);
        let seat = entered.leave();
        if let Some(host) = seated(self, node) {
            host.seat = Some(seat);
        }
        self.turn_at(node, now);
        killed
    }

    /// Resets a TCP connection of a host, as an administrator does (`ss -K`): the peer is told, and the application gets
    /// `ECONNABORTED`. Whether there was one.
    pub fn reset_connection(&mut self, node: NodeId, connection: ConnectionId) -> bool {
        let now = self.now;
        let Some(host) = seated(self, node) else { return false };
        let seat = host.seat_mut();
        seat.set_now(now);
        let was = seat.drive(|host, ctx| host.tcp_destroy(ctx, &connection));
        self.turn_at(node, now);
        was
    }
}

fn seated(world: &mut World, node: NodeId) -> Option<&mut HostNode> {
    match &mut world.nodes.get_mut(node.0 as usize)?.node {
        Node::Host(host) => Some(host),
        _ => None,
    }
}
