//! Segments for a listener, and the way of a connection through its queues (RFC 9293 §3.10.7.2).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::connection::Connection;
use super::knobs::Overflow;
use super::reply::Reply;
use super::segment::{Flags, Segment};
use super::seq::{from_wire, timestamp_before};
use super::settings::{Settings, StreamOptions};
use super::{Sharing, Tcp};
use crate::context::Ctx;
use crate::frame::InterfaceId;
use crate::trace::{ConnectionId, DropReason, Ending, Event, Interest, State, Trigger};
use crate::transport::{IpInfo, Key, Verdict};

impl Tcp {
    /// Who listens for a connection between `ends` that comes by `on`: the exact address first, then any.
    pub(super) fn listener_for(&self, ends: &ConnectionId, on: InterfaceId) -> Option<Key> {
        let local = ends.local;
        let any = match local.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let all = || self.by_port.get(&SocketAddr::new(any, local.port()));
        if self.has_devices() {
            let hearing = |group: &Vec<Key>| {
                let group = self.hearing(group, on);
                self.spread.choose(&group, local, ends.remote).copied()
            };
            return self.by_port.get(&local).and_then(hearing).or_else(|| all().and_then(hearing));
        }
        let group = self.by_port.get(&local).or_else(all)?;
        self.spread.choose(group, local, ends.remote).copied()
    }

    /// A segment for a listener.
    pub(super) fn on_listen(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        listener: Key,
        segment: &Segment,
        payload: u32,
        ends: ConnectionId,
    ) -> Verdict {
        // First a reset, second an ACK (which gets one), third a SYN; anything else is dropped.
        if segment.flags.has(Flags::RST) {
            return Verdict::Dropped(DropReason::TcpNoConnection);
        }
        if segment.flags.has(Flags::ACK) {
            let reply = Reply::to(segment, payload, ends, Trigger::Frame(ip.frame));
            self.replies.extend(reply);
            return Verdict::Dropped(DropReason::TcpNoConnection);
        }
        if !segment.flags.has(Flags::SYN) {
            return Verdict::Dropped(DropReason::TcpUnexpected);
        }
        let bound = usize::from(self.settings.max_syn_backlog);
        let Some(queue) =
            self.listeners.get_mut(listener).filter(|it| !it.is_full() && it.handshakes < bound)
        else {
            return Verdict::Dropped(DropReason::TcpListenQueueFull);
        };
        queue.handshakes += 1;
        let (options, claim) = (queue.options, queue.claim);
        let key = self.open(ctx, ends, State::SynReceived, &options, self.sharing(claim));
        self.with(ctx, key, |connection, cx| {
            connection.parent = Some(listener);
            connection.trigger = Trigger::Frame(ip.frame);
            connection.take_syn(cx, segment);
        });
        Verdict::Accepted
    }

    /// Makes a connection and enters it in the tables.
    pub(super) fn open(
        &mut self,
        ctx: &mut Ctx<'_>,
        ends: ConnectionId,
        state: State,
        options: &StreamOptions,
        sharing: Sharing,
    ) -> Key {
        let iss = self.secret.initial_sequence(&ends, ctx.now);
        let ts_offset = self.secret.timestamp_offset(&ends);
        let own = Settings::of_socket(&self.settings, options);
        let own = own.map(|settings| self.own.insert_with(|_| settings));
        let nodelay = options.nodelay.unwrap_or(self.settings.nodelay);
        let header = (options.ttl, options.tos);
        let key = self.connections.insert_with(|key| {
            let mut connection = Connection::new(ends, key, state, iss, ts_offset, ctx.now, nodelay);
            connection.set_header(header);
            connection.set_sharing(sharing);
            Box::new(connection)
        });
        if let (Some(_), Some(connection)) = (own, self.connections.get_mut(key)) {
            connection.seldom().settings = own;
        }
        self.own_headers |= header != (None, 0);
        self.devices |= options.device.is_some();
        self.by_ends.insert(ends, key);
        let active = state == State::SynSent;
        ctx.observe(Interest::CONNECTIONS, || Event::ConnectionOpened { connection: ends, active });
        key
    }

    /// A connection leaves SYN-RECEIVED: into the accept queue, or away.
    pub(super) fn follow_handshake(&mut self, key: Key, after: State) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let Some(parent) = connection.parent else { return };
        let Some(listener) = self.listeners.get_mut(parent) else { return };
        listener.handshakes -= 1;
        if after == State::Closed {
            // Nobody has heard of it.
            connection.orphan = true;
        } else {
            listener.complete.push_back(key);
            self.wake_listener(parent);
        }
    }

    /// Why a segment that would complete a handshake does not.
    #[inline]
    pub(super) fn hold_back(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
        segment: &Segment,
        payload: usize,
    ) -> Option<DropReason> {
        let connection = self.connections.get(key)?;
        if connection.state != State::SynReceived || connection.parent.is_none() {
            return None;
        }
        let completes = segment.flags.has(Flags::ACK) && !segment.flags.has(Flags::RST);
        if completes { self.hold_back_completion(ctx, key, segment, payload) } else { None }
    }

    #[cold]
    fn hold_back_completion(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
        segment: &Segment,
        payload: usize,
    ) -> Option<DropReason> {
        let connection = self.connections.get(key)?;
        if self.listeners.get(connection.parent?)?.is_full() {
            // Dropped, the ACK counts as lost, and the SYN-ACK will ask for it again.
            if self.settings.accept_overflow == Overflow::Reset {
                self.with(ctx, key, |connection, cx| connection.reset(cx, Ending::Aborted, None));
            }
            return Some(DropReason::TcpListenQueueFull);
        }
        let span = self.settings_of(connection).options.defer_accept?;
        let began = connection.inflight.front()?.first_sent_at;
        let acks_syn = from_wire(connection.iss, segment.ack, connection.snd_una) == connection.snd_nxt;
        let bare = payload == 0 && !segment.flags.has(Flags::FIN) && !segment.flags.has(Flags::SYN);
        if !bare || !acks_syn || ctx.now >= began + span {
            return None;
        }
        // Linux: the ACK is dropped and remembered, and the SYN-ACK goes again only when the time is up.
        self.connections.get_mut(key)?.seldom().deferred = true;
        Some(DropReason::TcpAcceptDeferred)
    }

    /// A connection in TIME-WAIT gives way to a new SYN that is certainly newer (RFC 9293 §3.6.1, RFC 6191 §2), if someone
    /// listens.
    #[inline]
    pub(super) fn gives_way(&mut self, ctx: &mut Ctx<'_>, ip: &IpInfo, key: Key, segment: &Segment) -> bool {
        segment.flags.has(Flags::SYN) && self.gives_way_to_syn(ctx, ip, key, segment)
    }

    #[cold]
    fn gives_way_to_syn(&mut self, ctx: &mut Ctx<'_>, ip: &IpInfo, key: Key, segment: &Segment) -> bool {
        let Some(connection) = self.connections.get(key) else { return false };
        if connection.state != State::TimeWait
            || segment.flags.has(Flags::ACK)
            || segment.flags.has(Flags::RST)
            || self.listener_for(&connection.id, ip.interface).is_none()
        {
            return false;
        }
        let newer_sequence =
            from_wire(connection.irs, segment.seq, connection.rcv_nxt()) > connection.rcv_nxt();
        let newer_time = match (segment.options.timestamps, connection.agreed.timestamps) {
            (Some(times), true) => timestamp_before(connection.ts_recent, times.value),
            _ => false,
        };
        if newer_sequence || newer_time {
            self.with(ctx, key, |connection, cx| connection.end(cx, Ending::Clean, None));
            return true;
        }
        false
    }
}
