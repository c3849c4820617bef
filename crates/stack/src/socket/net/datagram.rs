//! A UDP socket.

use core::net::SocketAddr;
use std::io;

use bytes::Bytes;

use super::addresses::Interface;
use super::names::{self, ToSocketAddrs};
use super::socket::Socket;
use super::socket_options::octet;
use crate::context::Ctx;
use crate::host::Host;
use crate::network::sending::MtuDiscovery;
use crate::transport::udp::{Binding, DatagramError, Received};
use crate::transport::{Readiness, SocketError, SocketId};

/// What a UDP socket whose errors are queued hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DatagramEvent {
    /// A datagram.
    Received {
        /// Who sent it.
        from: SocketAddr,
        /// Its payload.
        bytes: Bytes,
    },
    /// What was said of a datagram that was sent.
    Error(DatagramError),
}

/// A UDP socket. Several tasks may use it at once; dropped, it closes.
#[derive(Debug)]
pub struct UdpSocket {
    pub(super) socket: Socket,
}

impl UdpSocket {
    /// Its number on the host.
    pub const fn id(&self) -> SocketId {
        self.socket.id()
    }

    /// A socket bound to `local`, whose address may be unspecified; port 0 picks one.
    ///
    /// # Errors
    /// When the address is not the host's, or the port is taken.
    #[expect(clippy::unused_async, reason = "shaped like tokio's")]
    pub async fn bind<A: ToSocketAddrs>(local: A) -> io::Result<Self> {
        names::each(&local, |local| Self::bound(local, Binding::default()))
    }

    /// As [`bind`](Self::bind), and bound to an interface too: it receives what comes in there, and sends by it alone,
    /// broadcasts also before the interface has an address.
    ///
    /// # Errors
    /// As `bind`.
    #[expect(clippy::unused_async, reason = "shaped like tokio's")]
    pub async fn bind_on(local: SocketAddr, interface: &Interface) -> io::Result<Self> {
        let on = interface.id();
        Ok(Self { socket: Socket::open(|host, ctx| host.udp_bind_on(ctx, local, on))? })
    }

    /// As [`bind`](Self::bind), of a socket that shares its address and port with others that do so too: each gets what is
    /// sent to groups or to all.
    ///
    /// # Errors
    /// When the address is not the host's, or the port is taken by one that does not share.
    #[expect(clippy::unused_async, reason = "as `bind`")]
    pub async fn bind_sharing(local: SocketAddr) -> io::Result<Self> {
        Self::bound(local, Binding { share: true, ..Binding::default() })
    }

    pub(in crate::socket) fn bound(local: SocketAddr, binding: Binding) -> io::Result<Self> {
        Ok(Self { socket: Socket::open(|host, ctx| host.udp_bind_as(ctx, local, binding))? })
    }

    /// Fixes the peer: only its datagrams are received, and its host's ICMP errors are reported.
    ///
    /// # Errors
    /// When there is no route.
    #[expect(clippy::unused_async, reason = "shaped like tokio's")]
    pub async fn connect<A: ToSocketAddrs>(&self, remote: A) -> io::Result<()> {
        names::each(&remote, |remote| self.socket.call(|host, ctx, id| host.udp_connect(ctx, id, remote)))
    }

    /// Sends a datagram to the peer.
    ///
    /// # Errors
    /// When there is no peer, no route, the datagram is too long, or an earlier one met an ICMP error.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.socket.until(Readiness::WRITE, |host, ctx, id| host.udp_send(ctx, id, data)).await
    }

    /// Sends a datagram to `remote`.
    ///
    /// # Errors
    /// When there is no route, or the datagram is too long.
    pub async fn send_to<A: ToSocketAddrs>(&self, data: &[u8], remote: A) -> io::Result<usize> {
        let remote = names::addresses(&remote)?.into_iter().next().ok_or_else(names::nothing)?;
        self.socket.until(Readiness::WRITE, |host, ctx, id| host.udp_send_to(ctx, id, data, remote)).await
    }

    /// The next datagram; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// When a datagram sent earlier met an ICMP error.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).await.map(|(octets, _)| octets)
    }

    /// The next datagram and who sent it; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.until(Readiness::READ, move |host, ctx, id| host.udp_recv_from(ctx, id, buffer)).await
    }

    /// The next datagram, whole and without a copy, and who sent it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_bytes(&self) -> io::Result<(Bytes, SocketAddr)> {
        self.socket.until(Readiness::READ, Host::udp_recv_bytes).await
    }

    /// The next datagram with what its IP header said: TTL, type of service, options, to whom it was.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_message(&self) -> io::Result<Received> {
        self.socket.until(Readiness::READ, Host::udp_recv_message).await
    }

    /// The MTU of the path to the peer, as far as it is known (`IP_MTU`).
    ///
    /// # Errors
    /// When there is no peer.
    pub fn path_mtu(&self) -> io::Result<usize> {
        self.socket.call(|host, _, id| host.path_mtu(id))
    }

    /// Permits sending to broadcast addresses.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.socket.call(|host, _, id| host.udp_set_broadcast(id, on))
    }

    /// Whether ICMP errors are queued for [`recv_event`](Self::recv_event), each with who reports it and of which
    /// datagram, instead of being returned by the next call.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn queue_errors(&self, on: bool) -> io::Result<()> {
        self.socket.call(|host, _, id| host.udp_queue_errors(id, on))
    }

    /// The next queued ICMP error, or else the next datagram.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recv_event(&self) -> io::Result<DatagramEvent> {
        let next = |host: &mut Host, ctx: &mut Ctx<'_>, id| match host.udp_recv_error(ctx, id) {
            Err(SocketError::WouldBlock) => {
                host.udp_recv_bytes(ctx, id).map(|(bytes, from)| DatagramEvent::Received { from, bytes })
            }
            error => error.map(DatagramEvent::Error),
        };
        self.socket.until(Readiness::READ, next).await
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.local_addr(id))
    }

    /// Its peer.
    ///
    /// # Errors
    /// When it has none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.call(|host, _, id| host.peer_addr(id))
    }

    /// The time to live of what it sends.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.call(|host, _, id| host.ttl(id)).map(u32::from)
    }

    /// Sets the time to live of what it sends (`IP_TTL`).
    ///
    /// # Errors
    /// When it is zero, or more than an octet.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let ttl = octet(ttl)?;
        self.socket.call(|host, _, id| host.set_ttl(id, Some(ttl)))
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
