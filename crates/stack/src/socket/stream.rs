//! TCP calls.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use etherparse::IpNumber;

use crate::context::Ctx;
use crate::host::Host;
use crate::network::route::Flow;
use crate::trace::{ConnectionId, ConnectionInfo};
use crate::transport::tcp::{Sharing, StreamOptions};
use crate::transport::{Key, SocketError, SocketId};

/// The connection of `id`.
pub(super) fn connection(id: SocketId) -> Result<Key, SocketError> {
    if let SocketId::Tcp(key) = id { Ok(key) } else { Err(SocketError::BadDescriptor) }
}

impl Host {
    /// A listener on `local`, whose address may be unspecified; port 0 picks an ephemeral one. At most `backlog`
    /// connections wait to be accepted.
    ///
    /// # Errors
    /// `AddressNotAvailable` where the address is not this host's, `AddressInUse` where the port is taken.
    pub fn tcp_listen(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        backlog: usize,
    ) -> Result<SocketId, SocketError> {
        if !self.can_bind(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        self.tcp.listen(ctx, local, backlog).map(SocketId::Listener)
    }

    /// A socket that has a port and does nothing yet: `local`'s address may be unspecified, port 0 picks an ephemeral one.
    /// It has the port until it is closed, or a listener takes it over ([`tcp_listen_on`](Self::tcp_listen_on)).
    ///
    /// # Errors
    /// `AddressNotAvailable` where the address is not this host's, `AddressInUse` where another socket has the port
    /// and one of both does not share it.
    pub fn tcp_bind(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        sharing: Sharing,
    ) -> Result<SocketId, SocketError> {
        if !self.can_bind(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        self.tcp.bind(ctx.rng, local, sharing).map(SocketId::Bound)
    }

    /// Listens where a socket is bound: the socket becomes the listener.
    ///
    /// # Errors
    /// `AddressInUse` where another listens there; the socket is bound still. `BadDescriptor` where it is not bound.
    pub fn tcp_listen_on(&mut self, bound: SocketId, backlog: usize) -> Result<SocketId, SocketError> {
        let SocketId::Bound(claim) = bound else { return Err(SocketError::BadDescriptor) };
        self.tcp.listen_on(claim, backlog).map(SocketId::Listener)
    }

    /// Resets a connection whose owner did not ask for it, as `ss -K` does: the peer is told, and the owner gets
    /// `ConnectionAborted`. Whether there is one.
    pub fn tcp_destroy(&mut self, ctx: &mut Ctx<'_>, connection: &ConnectionId) -> bool {
        self.tcp.destroy(ctx, connection)
    }

    /// The next connection of a listener, with the peer's address.
    ///
    /// # Errors
    /// `WouldBlock` where none waits.
    pub fn tcp_accept(
        &mut self,
        ctx: &mut Ctx<'_>,
        listener: SocketId,
    ) -> Result<(SocketId, SocketAddr), SocketError> {
        let SocketId::Listener(key) = listener else { return Err(SocketError::BadDescriptor) };
        self.tcp.accept(ctx, key).map(|(key, peer)| (SocketId::Tcp(key), peer))
    }

    /// Starts a connection to `remote`. Without `local`, or where its address is unspecified, the route says from
    /// which address; port 0 picks an ephemeral one.
    ///
    /// # Errors
    /// `NetworkUnreachable` without a route, `AddressNotAvailable` where `local` is not this host's or no port is
    /// left, `AddressInUse` where there is such a connection, `InvalidInput` where `remote` is no single port
    /// of a single host.
    pub fn tcp_connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<SocketId, SocketError> {
        self.tcp_connect_with(ctx, local, remote, &StreamOptions::default())
    }

    /// As [`tcp_connect`](Self::tcp_connect), by a socket that was told `options`.
    ///
    /// # Errors
    /// As `tcp_connect`.
    pub fn tcp_connect_with(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        options: &StreamOptions,
    ) -> Result<SocketId, SocketError> {
        self.called();
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let local = local.unwrap_or(any);
        if !self.can_bind(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        if remote.port() == 0 {
            return Err(SocketError::InvalidInput);
        }
        let (source, destination, protocol) = (local.ip(), remote.ip(), IpNumber::TCP.0);
        // An ephemeral port is drawn later: the way may then be another that is as good.
        let ports = Some((local.port(), remote.port()));
        let plan = self.plan_flow_by(&Flow { source, destination, protocol, ports }, options.device)?;
        // RFC 9293 §3.9.2.3: never to a broadcast or multicast address.
        if plan.hop.broadcast {
            return Err(SocketError::InvalidInput);
        }
        let local = SocketAddr::new(IpAddr::V4(plan.source), local.port());
        if (options.ttl, options.tos, options.device) != (None, 0, None) {
            self.watch();
            self.forget_way();
        }
        self.tcp.connect_with(ctx, local, remote, options).map(SocketId::Tcp)
    }

    /// Whether the connection is established.
    ///
    /// # Errors
    /// `WouldBlock` until it is; why it failed, once.
    pub fn tcp_connected(&mut self, id: SocketId) -> Result<(), SocketError> {
        self.tcp.connected(connection(id)?)
    }

    /// Queues data to send; returns how many octets it took.
    ///
    /// # Errors
    /// `WouldBlock` without room; `BrokenPipe` after `tcp_shutdown`; why the connection ended, once.
    pub fn tcp_send(&mut self, ctx: &mut Ctx<'_>, id: SocketId, data: &[u8]) -> Result<usize, SocketError> {
        self.called();
        self.tcp.send(ctx, connection(id)?, data)
    }

    /// As [`tcp_send`](Self::tcp_send) without the copy: what was taken is split off `data`.
    ///
    /// # Errors
    /// As `tcp_send`.
    pub fn tcp_send_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &mut Bytes,
    ) -> Result<usize, SocketError> {
        self.called();
        self.tcp.send_bytes(ctx, connection(id)?, data)
    }

    /// Copies received data out; 0 octets at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; why the connection ended, once.
    pub fn tcp_recv(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        buffer: &mut [u8],
    ) -> Result<usize, SocketError> {
        self.called();
        self.tcp.recv(ctx, connection(id)?, buffer)
    }

    /// As [`tcp_recv`](Self::tcp_recv) without the copy: at most `most` octets, none at the end of the stream.
    ///
    /// # Errors
    /// As `tcp_recv`.
    pub fn tcp_recv_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        most: usize,
    ) -> Result<Bytes, SocketError> {
        self.called();
        self.tcp.recv_bytes(ctx, connection(id)?, most)
    }

    /// As [`tcp_recv`](Self::tcp_recv), but leaves the data there.
    ///
    /// # Errors
    /// As `tcp_recv`.
    pub fn tcp_peek(&mut self, id: SocketId, buffer: &mut [u8]) -> Result<usize, SocketError> {
        self.tcp.peek(connection(id)?, buffer)
    }

    /// Ends this direction: FIN goes out after what is queued.
    ///
    /// # Errors
    /// `NotConnected` where there is no connection (any more).
    pub fn tcp_shutdown(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<(), SocketError> {
        self.called();
        self.tcp.shutdown_write(ctx, connection(id)?)
    }

    /// Ends the connection at once, with a reset. The socket is still to be closed.
    pub fn tcp_abort(&mut self, ctx: &mut Ctx<'_>, id: SocketId) {
        self.called();
        if let Ok(key) = connection(id) {
            self.tcp.abort(ctx, key);
        }
    }

    /// State and counters.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_info(&self, id: SocketId) -> Result<ConnectionInfo, SocketError> {
        self.tcp.info(connection(id)?)
    }

    /// The connection's name.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_id(&self, id: SocketId) -> Result<ConnectionId, SocketError> {
        self.tcp.id(connection(id)?)
    }

    /// Turns Nagle's algorithm off (`on`: segments are not delayed) or on again.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_set_nodelay(&mut self, ctx: &mut Ctx<'_>, id: SocketId, on: bool) -> Result<(), SocketError> {
        self.called();
        self.tcp.set_nodelay(ctx, connection(id)?, on)
    }

    /// Whether Nagle's algorithm is off.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn tcp_nodelay(&self, id: SocketId) -> Result<bool, SocketError> {
        self.tcp.nodelay(connection(id)?)
    }
}
