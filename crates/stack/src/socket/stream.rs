//! TCP calls.

use core::net::SocketAddr;

use bytes::Bytes;

use crate::context::Ctx;
use crate::host::Host;
use crate::trace::{ConnectionId, ConnectionInfo};
use crate::transport::{SocketError, SocketId};

#[expect(clippy::todo, clippy::missing_errors_doc, unused_variables, reason = "skeleton")]
impl Host {
    /// A listener on `local`.
    pub fn tcp_listen(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        backlog: usize,
    ) -> Result<SocketId, SocketError> {
        todo!()
    }

    /// The next connection of a listener, with the peer's address.
    pub fn tcp_accept(
        &mut self,
        ctx: &mut Ctx<'_>,
        listener: SocketId,
    ) -> Result<(SocketId, SocketAddr), SocketError> {
        todo!()
    }

    /// Starts a connection.
    pub fn tcp_connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<SocketId, SocketError> {
        todo!()
    }

    /// Whether the connection is established.
    pub fn tcp_connected(&mut self, id: SocketId) -> Result<(), SocketError> {
        todo!()
    }

    /// Queues data to send; returns how many octets it took.
    pub fn tcp_send(&mut self, ctx: &mut Ctx<'_>, id: SocketId, data: &[u8]) -> Result<usize, SocketError> {
        todo!()
    }

    /// As `tcp_send` without the copy; what was taken is split off `data`.
    pub fn tcp_send_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &mut Bytes,
    ) -> Result<usize, SocketError> {
        todo!()
    }

    /// Received data; 0 octets at the end of the stream.
    pub fn tcp_recv(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        buffer: &mut [u8],
    ) -> Result<usize, SocketError> {
        todo!()
    }

    /// As `tcp_recv` without the copy.
    pub fn tcp_recv_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        most: usize,
    ) -> Result<Bytes, SocketError> {
        todo!()
    }

    /// As `tcp_recv`, but leaves the data there.
    pub fn tcp_peek(&mut self, id: SocketId, buffer: &mut [u8]) -> Result<usize, SocketError> {
        todo!()
    }

    /// Closes the sending direction.
    pub fn tcp_shutdown(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<(), SocketError> {
        todo!()
    }

    /// Resets the connection.
    pub fn tcp_abort(&mut self, ctx: &mut Ctx<'_>, id: SocketId) {
        todo!()
    }

    /// State and counters.
    pub fn tcp_info(&self, id: SocketId) -> Result<ConnectionInfo, SocketError> {
        todo!()
    }

    /// The connection's name.
    pub fn tcp_id(&self, id: SocketId) -> Result<ConnectionId, SocketError> {
        todo!()
    }

    /// Turns Nagle's algorithm off or on.
    pub fn tcp_set_nodelay(&mut self, ctx: &mut Ctx<'_>, id: SocketId, on: bool) -> Result<(), SocketError> {
        todo!()
    }

    /// Whether Nagle's algorithm is off.
    pub fn tcp_nodelay(&self, id: SocketId) -> Result<bool, SocketError> {
        todo!()
    }
}
