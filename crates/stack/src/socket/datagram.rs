//! UDP calls.

use core::net::SocketAddr;

use bytes::Bytes;

use crate::context::Ctx;
use crate::host::Host;
use crate::transport::{SocketError, SocketId};

#[expect(clippy::todo, clippy::missing_errors_doc, unused_variables, reason = "skeleton")]
impl Host {
    /// A socket bound to `local`; port 0 picks an ephemeral one.
    pub fn udp_bind(&mut self, ctx: &mut Ctx<'_>, local: SocketAddr) -> Result<SocketId, SocketError> {
        todo!()
    }

    /// Fixes the peer: only its datagrams are received.
    pub fn udp_connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        remote: SocketAddr,
    ) -> Result<(), SocketError> {
        todo!()
    }

    /// Sends a datagram to the peer.
    pub fn udp_send(&mut self, ctx: &mut Ctx<'_>, id: SocketId, data: &[u8]) -> Result<usize, SocketError> {
        todo!()
    }

    /// Sends a datagram to `remote`.
    pub fn udp_send_to(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &[u8],
        remote: SocketAddr,
    ) -> Result<usize, SocketError> {
        todo!()
    }

    /// The next datagram and who sent it; what does not fit `buffer` is lost.
    pub fn udp_recv_from(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        buffer: &mut [u8],
    ) -> Result<(usize, SocketAddr), SocketError> {
        todo!()
    }

    /// As `udp_recv_from`, whole and without the copy.
    pub fn udp_recv_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
    ) -> Result<(Bytes, SocketAddr), SocketError> {
        todo!()
    }

    /// Permits sending to broadcast addresses.
    pub fn udp_set_broadcast(&mut self, id: SocketId, on: bool) -> Result<(), SocketError> {
        todo!()
    }
}
