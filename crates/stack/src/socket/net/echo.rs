//! An ICMP echo socket: ping.

use core::net::IpAddr;
use std::io;

use super::socket::Socket;
use crate::context::Ctx;
use crate::host::Host;
use crate::transport::Readiness;
use crate::transport::echo::EchoEvent;

/// An ICMP echo socket, with an identifier of its own. Dropped, it closes.
#[derive(Debug)]
pub struct EchoSocket {
    socket: Socket,
}

impl EchoSocket {
    /// A socket with a free identifier.
    ///
    /// # Errors
    /// When there is none.
    #[expect(clippy::unused_async, reason = "shaped like the other sockets")]
    pub async fn open() -> io::Result<Self> {
        Ok(Self { socket: Socket::open(Host::icmp_open)? })
    }

    /// Sends an echo request; without `ttl` the host's own is used.
    ///
    /// # Errors
    /// When there is no route, or the payload is too long.
    pub async fn send(
        &self,
        destination: IpAddr,
        sequence: u16,
        payload: &[u8],
        ttl: Option<u8>,
    ) -> io::Result<()> {
        let send = |host: &mut Host, ctx: &mut Ctx<'_>, id| {
            host.icmp_send_echo(ctx, id, destination, sequence, payload, ttl)
        };
        self.socket.until(Readiness::WRITE, send).await
    }

    /// Sends a time stamp request; without `ttl` the host's own is used.
    ///
    /// # Errors
    /// When there is no route.
    pub async fn send_timestamp(
        &self,
        destination: IpAddr,
        sequence: u16,
        ttl: Option<u8>,
    ) -> io::Result<()> {
        let send = |host: &mut Host, ctx: &mut Ctx<'_>, id| {
            host.icmp_send_timestamp(ctx, id, destination, sequence, ttl)
        };
        self.socket.until(Readiness::WRITE, send).await
    }

    /// The next reply, or ICMP error about a request.
    ///
    /// # Errors
    /// When the socket has failed.
    pub async fn recv(&self) -> io::Result<EchoEvent> {
        self.socket.until(Readiness::READ, Host::icmp_recv).await
    }
}
