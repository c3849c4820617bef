//! Calls on raw sockets, and on those of datagrams of ICMP.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use etherparse::IpNumber;

use super::Envelope;
use crate::checksum::Sum;
use crate::context::Ctx;
use crate::frame::{Frame, Meta};
use crate::host::{Host, Outgoing, Plan};
use crate::network::ipv4;
use crate::network::route::Flow;
use crate::network::sending::Sending;
use crate::trace::{Cause, Trigger};
use crate::transport::errors::DatagramError;
use crate::transport::raw::{self, Kind};
use crate::transport::udp::{Multicast, Received};
use crate::transport::{Key, Report, SocketError, SocketId, Trouble};

/// The raw socket of `id`.
fn socket(id: SocketId) -> Result<Key, SocketError> {
    if let SocketId::Raw(key) = id { Ok(key) } else { Err(SocketError::BadDescriptor) }
}

impl Host {
    /// A raw socket of a protocol: it receives, whole and with its header, each packet of that protocol that is for this
    /// host, whatever the host does with it itself. One of protocol 255 receives nothing, and what it sends begins with its
    /// header.
    pub fn raw_open(&mut self, protocol: u8) -> SocketId {
        let kind = Kind::Raw { header_included: protocol == raw::NONE };
        let key = self.raw.open(protocol, kind);
        self.watch();
        SocketId::Raw(key)
    }

    /// A socket that sends echo requests of ICMP and receives their answers, both without IP's header. It gets an
    /// identifier when it is bound, or sends for the first time.
    pub fn ping_open(&mut self) -> SocketId {
        let key = self.raw.open(raw::ICMP, Kind::Ping { identifier: 0 });
        self.watch();
        SocketId::Raw(key)
    }

    /// Binds a socket to an address; of a socket of echo requests the port is the identifier, and 0 picks one.
    ///
    /// # Errors
    /// `AddressNotAvailable` where the address is not this host's, or no identifier is left; `AddressInUse` where another
    /// has the identifier; `InvalidInput` where the socket has a peer, or an identifier already.
    pub fn raw_bind(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        local: SocketAddr,
    ) -> Result<(), SocketError> {
        let key = socket(id)?;
        let IpAddr::V4(address) = local.ip() else { return Err(SocketError::InvalidInput) };
        let (_, kind) = self.raw.kind(key)?;
        let named = matches!(kind, Kind::Ping { identifier } if identifier != 0);
        if named || self.raw.peer(key).is_ok() {
            return Err(SocketError::InvalidInput);
        }
        // Bound to a group a raw socket receives what is for that group, and has no address of its own.
        let group = address.is_multicast() && matches!(kind, Kind::Raw { .. });
        if !self.can_bind(local.ip()) && !group {
            return Err(SocketError::AddressNotAvailable);
        }
        if matches!(kind, Kind::Ping { .. }) {
            self.identify(ctx, key, local.port())?;
        }
        self.raw.bind(key, address)
    }

    /// Gives a socket of echo requests its identifier, `wanted` or, if that is 0, one that is free.
    fn identify(&mut self, ctx: &mut Ctx<'_>, key: Key, wanted: u16) -> Result<(), SocketError> {
        let identifier = self.echo.reserve(ctx.rng, wanted)?;
        self.raw.identify(key, identifier)
    }

    /// Fixes the peer: only its packets are received, and what is sent without a destination goes to it. `None` takes it
    /// away.
    ///
    /// # Errors
    /// `NetworkUnreachable` without a route, `PermissionDenied` for a broadcast address without permission.
    pub fn raw_connect(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        peer: Option<SocketAddr>,
    ) -> Result<(), SocketError> {
        let key = socket(id)?;
        let Some(peer) = peer else { return self.raw.connect(key, Ipv4Addr::UNSPECIFIED, None) };
        let IpAddr::V4(to) = peer.ip() else { return Err(SocketError::InvalidInput) };
        let plan = self.plan_raw(key, to, to, &Envelope::default())?;
        if plan.hop.broadcast && !to.is_multicast() && !self.raw.broadcast(key)? {
            return Err(SocketError::PermissionDenied);
        }
        if self.raw.kind(key)?.1 == (Kind::Ping { identifier: 0 }) {
            self.identify(ctx, key, 0)?;
        }
        self.raw.connect(key, plan.source, Some(peer))
    }

    /// The way of a packet to `first`, and in the end to `to`.
    fn plan_raw(
        &self,
        key: Key,
        first: Ipv4Addr,
        to: Ipv4Addr,
        envelope: &Envelope,
    ) -> Result<Plan, SocketError> {
        let source = match envelope.source {
            Some(source) if !self.is_own(source) => return Err(SocketError::InvalidInput),
            Some(source) => source.into(),
            None => self.raw.local(key)?.ip(),
        };
        let by = envelope.interface.or(self.raw.interface(key)?);
        if to.is_multicast() {
            return self.plan_for_group(&Multicast { interface: by, ..Multicast::default() }, to, source);
        }
        let protocol = self.raw.kind(key)?.0;
        self.plan_flow_by(&Flow { source, destination: first.into(), protocol, ports: None }, by)
    }

    /// Sends a packet as `envelope` says, and otherwise as the socket is set. `data` is what it carries; where the socket
    /// includes headers it is all of it, in whose header length and checksum are filled in, and source and identification
    /// where they are zero. Of a socket of echo requests it is such a message: identifier and checksum are filled in.
    ///
    /// # Errors
    /// `WouldBlock` without room; `MessageTooLong` where it is longer than a packet can be, or than it may be sent in one
    /// piece and must not be cut: a packet with its own header never is. `InvalidInput` where it is shorter than its
    /// header, or no echo request; `NotConnected` where nobody is named and there is no peer; `NetworkUnreachable` without
    /// a route; `PermissionDenied` for a broadcast without permission; or what ICMP said of an earlier packet, once.
    pub fn raw_send(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        data: &[u8],
        envelope: &Envelope,
    ) -> Result<usize, SocketError> {
        self.called();
        let key = socket(id)?;
        let (protocol, kind) = self.raw.kind(key)?;
        if data.len() > self.raw.buffers(key)?.1 {
            return Err(SocketError::MessageTooLong);
        }
        if let Kind::Ping { identifier } = kind {
            if !matches!(data, [8, 0, _, _, _, _, _, _, ..]) {
                return Err(SocketError::InvalidInput);
            }
            if identifier == 0 {
                self.identify(ctx, key, 0)?;
            }
        }
        let destination = self.raw.destination(key, envelope.to)?;
        let included = kind == Kind::Raw { header_included: true };
        let (first, mut sending) = Self::originate(self.raw.sending(key)?, destination.into());
        let IpAddr::V4(first) = first else { return Err(SocketError::InvalidInput) };
        let first = if included { destination } else { first };
        sending.ttl = envelope.ttl.or(sending.ttl);
        sending.tos = envelope.tos.unwrap_or(sending.tos);
        let plan = self.plan_raw(key, first, destination, envelope)?;
        if plan.hop.broadcast && !destination.is_multicast() && !self.raw.broadcast(key)? {
            return Err(SocketError::PermissionDenied);
        }
        let header = if included { 0 } else { ipv4::HEADER + sending.options.len() };
        let length = header + data.len();
        let discovery = sending.discovery.unwrap_or(self.knobs.mtu_discovery);
        let too_long = included && length > plan.link_mtu;
        if too_long || length > raw::MAX_PACKET || plan.fits(length, discovery).is_err() && !included {
            let trouble = Trouble::PacketTooBig(plan.mtu as u16);
            let report = Report { from: plan.source.into(), trouble, icmp: None };
            self.raw.note_local(key, SocketAddr::new(destination.into(), 0), report);
            return Err(SocketError::MessageTooLong);
        }
        if !self.outbox.has_room(length) {
            if self.raw.wait_to_send(key) {
                self.outbox.waiting.push(SocketId::Raw(key));
            }
            return Err(SocketError::WouldBlock);
        }
        if included {
            let frame = self.with_own_header(&plan, protocol, data)?;
            self.enqueue_included(&plan, frame);
            return Ok(data.len());
        }
        let frame = self.body_of(key, data)?;
        self.fill_options(&mut sending.options, plan.source, ctx.now);
        let protocol = IpNumber(protocol);
        if destination.is_multicast() {
            let Multicast { ttl, loops, .. } = Multicast::default();
            let sending = Sending { ttl: None, ..sending };
            self.enqueue_for_group(&plan, protocol, (ttl, loops), &sending, frame);
        } else {
            if !plan.lets_cut(length, discovery) {
                self.raw.note_sent(key, first, length as u16, self.knobs.max_remembered_sent);
            }
            self.enqueue_with(&plan, protocol, &sending, frame);
        }
        Ok(data.len())
    }

    /// What goes behind the host's header.
    fn body_of(&self, key: Key, data: &[u8]) -> Result<Frame, SocketError> {
        let mut octets = data.to_vec();
        let mut cause = Cause::Raw;
        if let (_, Kind::Ping { identifier }) = self.raw.kind(key)? {
            octets[2..4].fill(0);
            octets[4..6].copy_from_slice(&identifier.to_be_bytes());
            let checksum = Sum::new().with(&octets).finish();
            octets[2..4].copy_from_slice(&checksum.to_be_bytes());
            cause = Cause::EchoRequest;
        }
        Ok(Frame::with_payload(octets.into(), Meta::new(cause, Trigger::Call)))
    }

    /// A packet that brings its header, in which what the sender leaves to the host is filled in (Linux: `man 7 raw`).
    fn with_own_header(&mut self, plan: &Plan, protocol: u8, data: &[u8]) -> Result<Frame, SocketError> {
        let length = data.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
        if length < ipv4::HEADER || length > data.len() {
            return Err(SocketError::InvalidInput);
        }
        let (header, body) = data.split_at(length);
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        let mut frame = Frame::with_payload(Bytes::copy_from_slice(body), meta);
        let own = frame.push_front_slice(length);
        own.copy_from_slice(header);
        own[2..4].copy_from_slice(&(data.len() as u16).to_be_bytes());
        if own[4..6] == [0, 0] {
            let counter = self.identifications.counter(plan.source, plan.destination, IpNumber(protocol));
            own[4..6].copy_from_slice(&self.identifications.draw(counter).to_be_bytes());
        }
        if own[12..16] == [0; 4] {
            own[12..16].copy_from_slice(&plan.source.octets());
        }
        ipv4::seal(own);
        Ok(frame)
    }

    fn enqueue_included(&mut self, plan: &Plan, frame: Frame) {
        self.count_request(plan);
        if plan.destination.is_multicast()
            && self.is_wanted_here(plan.hop.interface, plan.destination, plan.source)
        {
            self.outbox.push(Outgoing::Loop(plan.hop.interface, frame.clone()));
        }
        self.outbox.push(Outgoing::Packet(plan.hop, frame));
    }

    /// The next packet; of a raw socket it begins with its header.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; or what ICMP said of a packet that was sent, once.
    pub fn raw_recv(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<Received, SocketError> {
        let _ = ctx;
        self.raw.recv_message(socket(id)?)
    }

    /// The next queued error.
    ///
    /// # Errors
    /// `WouldBlock` where there is none.
    pub fn raw_recv_error(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<DatagramError, SocketError> {
        let _ = ctx;
        self.raw.recv_error(socket(id)?)
    }

    /// Packets that found no room in a socket's queue.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn raw_drops(&self, id: SocketId) -> Result<u64, SocketError> {
        self.raw.drops(socket(id)?)
    }

    /// Closes a socket; its identifier is free again.
    pub(super) fn raw_close(&mut self, key: Key) {
        if let Some(identifier) = self.raw.close(key) {
            self.echo.give_back(identifier);
        }
        self.watch();
    }
}
