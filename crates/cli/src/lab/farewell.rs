//! How a run on a real link ends: what is open has a moment to end well, and is reset after that.

use std::ops::ControlFlow;

use wirelab_sim::{Signal, World};
use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ConnectionId, State};

/// How long connections have to end well: the program promises to be gone within two seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The end of a run, once it has begun.
#[derive(Debug)]
pub struct Farewell {
    host: NodeId,
    ends: Option<Instant>,
}

impl Farewell {
    /// It has not begun.
    pub const fn new(host: NodeId) -> Self {
        Self { host, ends: None }
    }

    /// Whose.
    pub const fn host(&self) -> NodeId {
        self.host
    }

    /// Whether it has begun.
    pub const fn has_begun(&self) -> bool {
        self.ends.is_some()
    }

    /// It begins: all applications end, and what they have open is closed as a kernel closes what a process leaves.
    pub fn begin(&mut self, world: &mut World) {
        self.ends = Some(world.now() + PATIENCE);
        for application in world.applications() {
            if application.ended.is_none() {
                world.kill(application.id);
            }
        }
        // So that there is a turn when the time is over.
        world.spawn_background(self.host, "farewell", world.now(), async {
            time::sleep(PATIENCE).await;
            Ok(())
        });
    }

    /// A turn: a signal begins it, a second one ends it at once. Breaks when all is closed.
    pub fn turn(&mut self, world: &mut World, signals: &[Signal]) -> ControlFlow<()> {
        if !signals.is_empty() {
            if self.has_begun() {
                self.ends = Some(world.now());
            } else {
                self.begin(world);
            }
        }
        let Some(ends) = self.ends else { return ControlFlow::Continue(()) };
        let open = open_connections(world, self.host);
        if world.now() < ends && !open.is_empty() {
            return ControlFlow::Continue(());
        }
        for connection in open {
            world.reset_connection(self.host, connection);
        }
        ControlFlow::Break(())
    }
}

/// Connections that the peer does not know to have ended.
fn open_connections(world: &World, host: NodeId) -> Vec<ConnectionId> {
    let mut open = Vec::new();
    if let Some(host) = world.host(host) {
        host.for_each_connection(|id, info| {
            if !matches!(info.state, State::TimeWait | State::Closed | State::FinWait2) {
                open.push(id);
            }
        });
    }
    open
}
