//! UDP calls.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use etherparse::IpNumber;

use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId, Meta};
use crate::host::{Host, Plan};
use crate::network::ipv4;
use crate::network::route::Flow;
use crate::trace::{Cause, Trigger};
use crate::transport::udp::{Binding, DatagramError, Received};
use crate::transport::{Key, Report, SocketError, SocketId, Trouble, udp};

/// The UDP socket of `id`.
pub(super) fn socket(id: SocketId) -> Result<Key, SocketError> {
    if let SocketId::Udp(key) = id { Ok(key) } else { Err(SocketError::BadDescriptor) }
}

/// What is said of one datagram, besides what its socket says of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Envelope {
    /// To whom; without it to the socket's peer.
    pub to: Option<SocketAddr>,
    /// Whether it may be to another than the socket's peer, as on Linux.
    pub to_others: bool,
    /// Its time to live (`IP_TTL` as control data).
    pub ttl: Option<u8>,
    /// Its type of service (`IP_TOS` as control data).
    pub tos: Option<u8>,
    /// From which of this host's addresses (`IP_PKTINFO` as control data).
    pub source: Option<Ipv4Addr>,
    /// By which interface (`IP_PKTINFO` as control data).
    pub interface: Option<InterfaceId>,
}

/// The flow of datagrams between `local` and `remote`.
fn flow(local: SocketAddr, remote: SocketAddr) -> Flow {
    let (source, destination, protocol) = (local.ip(), remote.ip(), IpNumber::UDP.0);
    Flow { source, destination, protocol, ports: Some((local.port(), remote.port())) }
}

fn is_group(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_multicast())
}

impl Host {
    /// A socket bound to `local`, whose address may be unspecified; port 0 picks an ephemeral one.
    ///
    /// # Errors
    /// `AddressNotAvailable` where the address is not this host's or no port is left, `AddressInUse` where
    /// another socket has the port.
    pub fn udp_bind(&mut self, ctx: &mut Ctx<'_>, local: SocketAddr) -> Result<SocketId, SocketError> {
        self.udp_bind_sharing(ctx, local, false)
    }

    /// As [`udp_bind`](Self::udp_bind). Where `share` holds, as `SO_REUSEADDR` does, other sockets that share too may be
    /// bound to the same: each gets what is for groups or for all, the last what is for this host alone.
    ///
    /// # Errors
    /// As `udp_bind`.
    pub fn udp_bind_sharing(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        share: bool,
    ) -> Result<SocketId, SocketError> {
        self.udp_bind_as(ctx, local, Binding { share, ..Binding::default() })
    }

    /// As [`udp_bind`](Self::udp_bind), and as `binding` says: by which interface alone, and beside whom.
    ///
    /// # Errors
    /// As `udp_bind`; `InvalidInput` where there is no such interface.
    pub fn udp_bind_as(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        binding: Binding,
    ) -> Result<SocketId, SocketError> {
        if binding.interface.is_some_and(|on| self.interface(on).is_none()) {
            return Err(SocketError::InvalidInput);
        }
        // Bound to a group, a socket receives what is for that group only.
        if !self.can_bind(local.ip()) && !is_group(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        self.udp.bind_as(ctx.rng, local, binding).map(SocketId::Udp)
    }

    /// As [`udp_bind`](Self::udp_bind), and bound to an interface too: the socket receives what comes in there, and sends
    /// by it alone. It may broadcast before the interface has an address: then from 0.0.0.0 (RFC 1122 §3.2.1.3 (a)).
    ///
    /// # Errors
    /// As `udp_bind`; `InvalidInput` where there is no such interface.
    pub fn udp_bind_on(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        on: InterfaceId,
    ) -> Result<SocketId, SocketError> {
        if self.interface(on).is_none() {
            return Err(SocketError::InvalidInput);
        }
        if !self.can_bind(local.ip()) {
            return Err(SocketError::AddressNotAvailable);
        }
        let binding = Binding { interface: Some(on), ..Binding::default() };
        self.udp.bind_as(ctx.rng, local, binding).map(SocketId::Udp)
    }

    /// Fixes the peer: `udp_send` sends to it, and only its datagrams are received. A socket bound to all
    /// addresses gets the one that the route to the peer suggests.
    ///
    /// # Errors
    /// `NetworkUnreachable` without a route, `PermissionDenied` for a broadcast address without permission,
    /// `InvalidInput` for port 0.
    pub fn udp_connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        remote: SocketAddr,
    ) -> Result<(), SocketError> {
        let _ = ctx;
        let key = socket(id)?;
        let address = self.udp_address_towards(key, remote)?;
        self.udp.connect(key, address, remote)
    }

    /// As [`udp_connect`](Self::udp_connect), but what waits from others can still be received, as on Linux.
    ///
    /// # Errors
    /// As `udp_connect`.
    pub(super) fn udp_connect_keeping(
        &mut self,
        id: SocketId,
        remote: SocketAddr,
    ) -> Result<(), SocketError> {
        let key = socket(id)?;
        let address = self.udp_address_towards(key, remote)?;
        self.udp.connect_keeping(key, address, remote)
    }

    /// The address that a socket has towards a peer.
    fn udp_address_towards(&self, key: Key, remote: SocketAddr) -> Result<IpAddr, SocketError> {
        let local = self.udp.local(key)?;
        if remote.port() == 0 {
            return Err(SocketError::InvalidInput);
        }
        let plan = self.plan_datagram(key, local, remote, None)?;
        if plan.hop.broadcast && !is_group(remote.ip()) && !self.udp.broadcast(key)? {
            return Err(SocketError::PermissionDenied);
        }
        Ok(plan.source.into())
    }

    /// Sends a datagram to the peer.
    ///
    /// # Errors
    /// As [`udp_send_to`](Self::udp_send_to); `NotConnected` without a peer.
    pub fn udp_send(&mut self, ctx: &mut Ctx<'_>, id: SocketId, data: &[u8]) -> Result<usize, SocketError> {
        self.udp_send_envelope(ctx, id, data, &Envelope::default())
    }

    /// Sends a datagram to `remote`.
    ///
    /// # Errors
    /// `WouldBlock` without room, `MessageTooLong` where it is longer than a datagram can be, or than the path's MTU and
    /// must not be cut ([`set_mtu_discovery`](Self::set_mtu_discovery)), `NetworkUnreachable` without a route, `PermissionDenied` for a broadcast without permission,
    /// `AlreadyConnected` where the peer is another; or what ICMP said of an earlier datagram, once.
    pub fn udp_send_to(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &[u8],
        remote: SocketAddr,
    ) -> Result<usize, SocketError> {
        self.udp_send_envelope(ctx, id, data, &Envelope { to: Some(remote), ..Envelope::default() })
    }

    /// Sends a datagram as `envelope` says, and otherwise as the socket is set.
    ///
    /// # Errors
    /// As [`udp_send_to`](Self::udp_send_to); `InvalidInput` where the source that it names is not this host's.
    pub fn udp_send_envelope(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &[u8],
        envelope: &Envelope,
    ) -> Result<usize, SocketError> {
        self.called();
        let key = socket(id)?;
        let (mut local, remote, may_broadcast) = self.udp.ends(key, envelope.to, envelope.to_others)?;
        if let Some(source) = envelope.source {
            if !self.is_own(source) {
                return Err(SocketError::InvalidInput);
            }
            local.set_ip(source.into());
        }
        let (first, mut sending) = Self::originate(self.udp.sending(key)?, remote.ip());
        sending.ttl = envelope.ttl.or(sending.ttl);
        sending.tos = envelope.tos.unwrap_or(sending.tos);
        let plan =
            self.plan_datagram(key, local, SocketAddr::new(first, remote.port()), envelope.interface)?;
        if plan.hop.broadcast && !is_group(remote.ip()) && !may_broadcast {
            return Err(SocketError::PermissionDenied);
        }
        let length = ipv4::HEADER + sending.options.len() + udp::HEADER + data.len();
        if data.len() > self.udp.send_buffer(key)? {
            return Err(SocketError::MessageTooLong);
        }
        let discovery = sending.discovery.unwrap_or(self.knobs.mtu_discovery);
        if let Err(error) = plan.fits(length, discovery) {
            let trouble = Trouble::PacketTooBig(plan.mtu as u16);
            self.udp.note_local(key, remote, Report { from: plan.source.into(), trouble, icmp: None });
            return Err(error);
        }
        if !self.outbox.has_room(length) {
            if self.udp.wait_to_send(key) {
                self.outbox.waiting.push(SocketId::Udp(key));
            }
            return Err(SocketError::WouldBlock);
        }
        let meta = Meta::new(Cause::UdpData, Trigger::Call);
        let mut frame = Frame::with_payload(Bytes::copy_from_slice(data), meta);
        let source = SocketAddr::new(plan.source.into(), local.port());
        udp::push(&mut frame, source, remote, plan.completes(length));
        self.fill_options(&mut sending.options, plan.source, ctx.now);
        if is_group(remote.ip()) {
            let udp::Multicast { ttl, loops, .. } = *self.udp.multicast(key)?;
            self.enqueue_for_group(&plan, IpNumber::UDP, (ttl, loops), &sending, frame);
        } else {
            if !plan.lets_cut(length, discovery) {
                let to = SocketAddr::new(first, remote.port());
                self.udp.note_sent(key, to, length as u16, self.knobs.max_remembered_sent);
            }
            self.enqueue_with(&plan, IpNumber::UDP, &sending, frame);
        }
        Ok(data.len())
    }

    /// The way of a datagram: to a group by the socket's own settings.
    pub(super) fn plan_datagram(
        &self,
        key: Key,
        local: SocketAddr,
        remote: SocketAddr,
        by: Option<InterfaceId>,
    ) -> Result<Plan, SocketError> {
        match remote.ip() {
            IpAddr::V4(group) if group.is_multicast() => {
                self.plan_for_group(self.udp.multicast(key)?, group, local.ip())
            }
            _ => self.plan_flow_by(&flow(local, remote), by.or(self.udp.interface(key))),
        }
    }

    /// Copies the next datagram out and says who sent it; what does not fit `buffer` is lost.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; or what ICMP said of a datagram that was sent, once.
    pub fn udp_recv_from(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        buffer: &mut [u8],
    ) -> Result<(usize, SocketAddr), SocketError> {
        let (payload, from) = self.udp_recv_bytes(ctx, id)?;
        let length = payload.len().min(buffer.len());
        buffer[..length].copy_from_slice(&payload[..length]);
        Ok((length, from))
    }

    /// As [`udp_recv_from`](Self::udp_recv_from), whole and without the copy.
    ///
    /// # Errors
    /// As `udp_recv_from`.
    pub fn udp_recv_bytes(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
    ) -> Result<(Bytes, SocketAddr), SocketError> {
        let _ = ctx;
        self.udp.recv(socket(id)?)
    }

    /// As [`udp_recv_bytes`](Self::udp_recv_bytes), with what its IP header said.
    ///
    /// # Errors
    /// As `udp_recv_from`.
    pub fn udp_recv_message(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<Received, SocketError> {
        let mut received = self.udp.recv_message(socket(id)?)?;
        if let Some(options) = &mut received.options
            && let IpAddr::V4(own) = received.to
        {
            // RFC 1122 §3.2.1.8 (e): the host that a packet is for adds its time stamp before it hands the option on.
            options.stamp(own, |address| self.is_own(address), ctx.now);
        }
        Ok(received)
    }

    /// Permits, or forbids again, sending to broadcast addresses.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_set_broadcast(&mut self, id: SocketId, on: bool) -> Result<(), SocketError> {
        self.udp.set_broadcast(socket(id)?, on)
    }

    /// Whether ICMP errors about datagrams are queued, to be asked for with [`udp_recv_error`](Self::udp_recv_error),
    /// instead of being returned by the next call.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_queue_errors(&mut self, id: SocketId, on: bool) -> Result<(), SocketError> {
        self.udp.queue_errors(socket(id)?, on, false)
    }

    /// As [`udp_queue_errors`](Self::udp_queue_errors), but calls return them too, whether the socket has a peer or not,
    /// and what a call would not send because it is too long is queued (Linux: `IP_RECVERR`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_report_errors(&mut self, id: SocketId, on: bool) -> Result<(), SocketError> {
        self.udp.queue_errors(socket(id)?, on, true)
    }

    /// The next queued error: who says what of a datagram to whom.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub fn udp_recv_error(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<DatagramError, SocketError> {
        let _ = ctx;
        self.udp.recv_error(socket(id)?)
    }
}
