//! Sockets: the host's fifth door. Calls change state and mark ready; they send nothing themselves.
//!
//! A call that cannot be done now returns [`SocketError::WouldBlock`] and notes what its caller waits for; the
//! event that makes it possible puts one [`Wake`](crate::transport::Wake) on the host's list.

mod datagram;
mod echo;
pub mod net;
mod stream;

pub use crate::transport::echo::EchoEvent;
pub use crate::transport::{Readiness, SocketError, SocketId, Wake};

use core::net::SocketAddr;

use crate::context::Ctx;
use crate::host::Host;

#[expect(clippy::todo, unused_variables, reason = "skeleton")]
impl Host {
    /// Closes a socket of any kind. Its id means nothing from here on.
    pub fn close(&mut self, ctx: &mut Ctx<'_>, id: SocketId) {
        todo!()
    }

    /// This end's address.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn local_addr(&self, id: SocketId) -> Result<SocketAddr, SocketError> {
        todo!()
    }

    /// The other end's address.
    ///
    /// # Errors
    /// When there is no such socket or it has no peer.
    pub fn peer_addr(&self, id: SocketId) -> Result<SocketAddr, SocketError> {
        todo!()
    }
}
