//! ICMP echo calls.

use core::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use etherparse::IpNumber;

use crate::context::Ctx;
use crate::frame::{Frame, Meta};
use crate::host::Host;
use crate::network::icmp::{self, Echo};
use crate::network::ipv4;
use crate::trace::{Cause, Trigger};
use crate::transport::echo::EchoEvent;
use crate::transport::{Key, SocketError, SocketId};

/// The echo socket of `id`.
fn socket(id: SocketId) -> Result<Key, SocketError> {
    if let SocketId::Icmp(key) = id { Ok(key) } else { Err(SocketError::BadDescriptor) }
}

impl Host {
    /// A socket with an identifier of its own.
    ///
    /// # Errors
    /// `NoBuffers` when all identifiers are taken.
    pub fn icmp_open(&mut self, ctx: &mut Ctx<'_>) -> Result<SocketId, SocketError> {
        self.echo.open(ctx.rng).map(SocketId::Icmp)
    }

    /// Sends an echo request that carries `payload`, with a TTL of its own if one is given.
    ///
    /// # Errors
    /// `WouldBlock` without room, `MessageTooLong` where it is longer than a packet can be, or than the path's MTU and must
    /// not be cut, `NetworkUnreachable` without a route, `PermissionDenied` for a broadcast address.
    pub fn icmp_send_echo(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        destination: IpAddr,
        sequence: u16,
        payload: &[u8],
        ttl: Option<u8>,
    ) -> Result<(), SocketError> {
        let payload = Bytes::copy_from_slice(payload);
        let meta = Meta::new(Cause::EchoRequest, Trigger::Call);
        self.send_query(ctx, id, (destination, sequence), ttl, payload.len(), |identifier| {
            icmp::echo_request(Echo { identifier, sequence }, payload, meta)
        })
    }

    /// Asks for the time of day (RFC 792 §Timestamp), with a TTL of its own if one is given.
    ///
    /// # Errors
    /// As [`icmp_send_echo`](Self::icmp_send_echo).
    pub fn icmp_send_timestamp(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        destination: IpAddr,
        sequence: u16,
        ttl: Option<u8>,
    ) -> Result<(), SocketError> {
        let (now, meta) = (ctx.now, Meta::new(Cause::TimestampRequest, Trigger::Call));
        self.send_query(ctx, id, (destination, sequence), ttl, icmp::Times::LENGTH, |identifier| {
            icmp::timestamp_request(Echo { identifier, sequence }, now, meta)
        })
    }

    /// Sends a query with `length` octets behind its header, which `query` makes with the socket's identifier: to whom, and
    /// its sequence number.
    fn send_query(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        (destination, sequence): (IpAddr, u16),
        ttl: Option<u8>,
        length: usize,
        query: impl FnOnce(u16) -> Frame,
    ) -> Result<(), SocketError> {
        self.called();
        let key = socket(id)?;
        let identifier = self.echo.identifier(key)?;
        let (first, mut sending) = Self::originate(self.echo.sending(key)?, destination);
        sending.ttl = ttl.or(sending.ttl);
        let plan = self.plan(first, Ipv4Addr::UNSPECIFIED.into())?;
        if plan.hop.broadcast {
            return Err(SocketError::PermissionDenied);
        }
        let length = ipv4::HEADER + sending.options.len() + icmp::HEADER + length;
        let discovery = sending.discovery.unwrap_or(self.knobs.mtu_discovery);
        plan.fits(length, discovery)?;
        if !self.outbox.has_room(length) {
            if self.echo.wait_to_send(key) {
                self.outbox.waiting.push(SocketId::Icmp(key));
            }
            return Err(SocketError::WouldBlock);
        }
        if !plan.lets_cut(length, discovery) {
            self.echo.note_sent(key, (first, sequence), length as u16, self.knobs.max_remembered_sent);
        }
        self.fill_options(&mut sending.options, plan.source, ctx.now);
        self.enqueue_with(&plan, IpNumber::ICMP, &sending, query(identifier));
        Ok(())
    }

    /// The next answer or error.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there.
    pub fn icmp_recv(&mut self, ctx: &mut Ctx<'_>, id: SocketId) -> Result<EchoEvent, SocketError> {
        let _ = ctx;
        self.echo.recv(socket(id)?)
    }
}
