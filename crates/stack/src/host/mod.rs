//! A host: a value driven by four verbs and by socket calls.

use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, NodeId};
use crate::interface::Interface;
use crate::rng::Rng;
use crate::time::Instant;
use crate::transport::Wake;

mod config;
mod counters;

pub use config::{ConfigError, HostConfig, RouteConfig};
pub use counters::HostCounters;

/// A host with its interfaces, tables and sockets. A value: it can be cloned and sent.
#[derive(Clone, Debug)]
pub struct Host {
    name: String,
    node: NodeId,
    interfaces: Vec<Interface>,
}

const _: fn() = || {
    fn is_a_value<T: Send + Clone>() {}
    is_a_value::<Host>();
};

#[expect(
    clippy::todo,
    unused_variables,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "skeleton"
)]
impl Host {
    /// The host of `config`; hash keys and secrets are drawn from `rng`.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(config: HostConfig, rng: &mut Rng) -> Result<Self, ConfigError> {
        todo!()
    }

    /// Announces the interfaces' addresses.
    pub fn start(&mut self, ctx: &mut Ctx<'_>) {
        todo!()
    }

    /// A frame arrived by interface `on`.
    pub fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: Frame) {
        todo!()
    }

    /// Does what is due at `ctx.now`.
    pub fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        todo!()
    }

    /// The next frame to give to a link, or `None` where nothing is to be sent now.
    pub fn poll_transmit(&mut self, ctx: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        todo!()
    }

    /// When `handle_timeout` is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// Moves the wakes since the last time to `into`.
    pub fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        todo!()
    }

    /// Takes an interface administratively up or down.
    pub fn set_interface_up(&mut self, ctx: &mut Ctx<'_>, interface: InterfaceId, up: bool) {
        todo!()
    }

    /// Its name, as people write it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number in the simulation.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// How many interfaces it has besides loopback.
    pub fn interface_count(&self) -> usize {
        self.interfaces.len()
    }

    /// An interface, loopback's too.
    pub fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        todo!()
    }

    /// What it has counted.
    pub fn counters(&self) -> HostCounters {
        todo!()
    }

    /// Calls `each` for every TCP connection in the table.
    pub fn for_each_connection(
        &self,
        each: impl FnMut(crate::trace::ConnectionId, crate::trace::ConnectionInfo),
    ) {
        todo!()
    }
}
