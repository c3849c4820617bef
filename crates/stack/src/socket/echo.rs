//! ICMP echo calls.

use core::net::IpAddr;

use crate::context::Ctx;
use crate::host::Host;
use crate::transport::echo::EchoEvent;
use crate::transport::{SocketError, SocketId};

#[expect(clippy::todo, clippy::missing_errors_doc, unused_variables, reason = "skeleton")]
impl Host {
    /// A socket with an identifier of its own.
    pub fn icmp_open(&mut self, ctx: &mut Ctx<'_>) -> Result<SocketId, SocketError> {
        todo!()
    }

    /// Sends an echo request.
    pub fn icmp_send_echo(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        destination: IpAddr,
        sequence: u16,
        payload: &[u8],
        ttl: Option<u8>,
    ) -> Result<(), SocketError> {
        todo!()
    }

    /// The next answer or error.
    pub fn icmp_recv(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<EchoEvent, SocketError> {
        todo!()
    }
}
