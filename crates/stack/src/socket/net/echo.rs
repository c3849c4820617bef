//! An ICMP echo socket: ping.

use core::net::IpAddr;
use std::io;

use super::socket::Socket;
use crate::context::Ctx;
use crate::host::Host;
use crate::network::sending::MtuDiscovery;
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

    /// Sets the time to live of what it sends (`IP_TTL`); without one it is the host's own.
    ///
    /// # Errors
    /// When it is zero.
    pub fn set_ttl(&self, ttl: Option<u8>) -> io::Result<()> {
        self.socket.call(|host, _, id| host.set_ttl(id, ttl))
    }

    /// Sets the type of service of what it sends (`IP_TOS`): DSCP and ECN.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn set_tos(&self, tos: u8) -> io::Result<()> {
        self.socket.call(|host, _, id| host.set_tos(id, tos))
    }

    /// Sets what a path's MTU means for what it sends (`IP_MTU_DISCOVER`).
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn set_mtu_discovery(&self, discovery: MtuDiscovery) -> io::Result<()> {
        self.socket.call(|host, _, id| host.set_mtu_discovery(id, discovery))
    }

    /// Sets the IP options of what it sends (`IP_OPTIONS`), as they stand in a header; none clears them.
    ///
    /// # Errors
    /// When they do not parse.
    pub fn set_options(&self, options: &[u8]) -> io::Result<()> {
        self.socket.call(|host, _, id| host.set_ip_options(id, options))
    }
}
