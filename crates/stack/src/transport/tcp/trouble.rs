//! What ICMP and the neighbour cache say about a connection's segments (RFC 9293 §3.9.2.2, RFC 5927, RFC 1191 §6.5).

use core::net::{IpAddr, SocketAddr};

use super::connection::{Connection, Cx};
use super::seq::{ORIGIN, from_wire};
use super::{Ready, Tcp};
use crate::context::Ctx;
use crate::time::Instant;
use crate::trace::{Cause, ConnectionId, Ending, State, Trigger};
use crate::transport::{Key, SocketError, Trouble};

impl Tcp {
    /// Resets a connection whose owner did not ask for it: the peer is told, and the owner gets `ConnectionAborted`. Whether
    /// there is one.
    pub fn destroy(&mut self, ctx: &mut Ctx<'_>, id: &ConnectionId) -> bool {
        let Some(key) = self.by_ends.get(id).copied() else { return false };
        self.with(ctx, key, |connection, cx| {
            connection.reset(cx, Ending::Aborted, Some(SocketError::ConnectionAborted));
        });
        true
    }

    /// ICMP says something about a segment sent from `local` to `remote` with sequence number `sequence`; `trigger` is the
    /// message. False where there is no such connection or the number was not in flight (RFC 5927 §4.1): a forgery, or
    /// late.
    pub fn on_trouble(
        &mut self,
        ctx: &mut Ctx<'_>,
        local: SocketAddr,
        remote: SocketAddr,
        sequence: u32,
        trouble: Trouble,
        trigger: Trigger,
    ) -> bool {
        let Some(key) = self.by_ends.get(&ConnectionId { local, remote }).copied() else { return false };
        self.with(ctx, key, |connection, cx| {
            let in_flight = connection.is_in_flight(sequence);
            if in_flight {
                connection.on_trouble(cx, trouble, trigger);
            }
            in_flight
        })
        .unwrap_or(false)
    }

    /// Whether a segment from `local` to `remote` with sequence number `sequence` may have been sent lately: data that
    /// is in flight, or an acknowledgement without any.
    pub fn may_have_sent(&self, local: SocketAddr, remote: SocketAddr, sequence: u32) -> bool {
        let key = self.by_ends.get(&ConnectionId { local, remote });
        key.and_then(|key| self.connections.get(*key)).is_some_and(|connection| {
            let next = from_wire(connection.iss, sequence, connection.snd_una) == connection.snd_nxt;
            next || connection.is_in_flight(sequence)
        })
    }

    /// The path to `destination` takes packets of `mtu` octets at most: RFC 1191 §5.1 has all connections along it told.
    /// All are looked at, but seldom: a path's MTU falls only by what was verified. `trigger` is what said so.
    pub fn on_path_mtu(&mut self, ctx: &mut Ctx<'_>, destination: IpAddr, mtu: u16, trigger: Trigger) {
        let along = self.connections.iter().filter(|connection| connection.id.remote.ip() == destination);
        let keys: Vec<Key> = along.map(|connection| connection.key).collect();
        for key in keys {
            self.with(ctx, key, |connection, cx| connection.on_packet_too_big(cx, mtu, trigger));
        }
    }

    /// The neighbour is being resolved: what is ready waits for it outside the queue. A reply is not worth the wait.
    pub fn park(&mut self, ready: Ready) {
        match ready {
            Ready::Reply => self.replies.discard(),
            Ready::Connection(key) => {
                self.leave_queue(key);
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.parked = true;
                }
            }
        }
    }

    /// The neighbour was resolved.
    pub fn unpark(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(key).filter(|connection| connection.parked) {
            connection.parked = false;
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    /// The way failed: no route, or the neighbour does not answer.
    pub fn on_unreachable(&mut self, ctx: &mut Ctx<'_>, ready: Ready, trouble: Trouble) {
        let Ready::Connection(key) = ready else { return self.replies.discard() };
        self.leave_queue(key);
        self.with(ctx, key, |connection, cx| {
            connection.parked = false;
            connection.on_no_way(cx, trouble);
        });
        // What could not be sent is tried again by timer, not at once.
        self.leave_queue(key);
    }

    /// An address is this host's no more: its connections end, silently, since nothing can be sent from it; and whoever
    /// waits at a listener of that address is told.
    pub fn on_address_gone(&mut self, ctx: &mut Ctx<'_>, address: IpAddr) {
        let of_address = |connection: &Connection| {
            connection.state != State::Closed && connection.id.local.ip() == address
        };
        let gone = self.connections.iter().filter(|connection| of_address(connection));
        let gone: Vec<Key> = gone.map(|gone| gone.key).collect();
        for key in gone {
            self.with(ctx, key, |connection, cx| {
                connection.parked = false;
                connection.end(cx, Ending::Aborted, Some(SocketError::ConnectionAborted));
            });
            self.leave_queue(key);
        }
        let bound = self.listeners.iter_mut().filter(|listener| listener.local.ip() == address);
        let bound: Vec<Key> = bound.map(|listener| listener.fail(SocketError::AddressNotAvailable)).collect();
        bound.into_iter().for_each(|key| self.wake_listener(key));
    }

    fn leave_queue(&mut self, key: Key) {
        if self.ready.front() == Some(&key) {
            self.ready.pop_front();
        } else {
            self.ready.retain(|ready| *ready != key);
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.queued = false;
        }
    }
}

impl Connection {
    fn is_in_flight(&self, sequence: u32) -> bool {
        let sequence = from_wire(self.iss, sequence, self.snd_una);
        (self.snd_una..self.snd_nxt).contains(&sequence)
    }

    /// A believable ICMP error.
    fn on_trouble(&mut self, cx: &mut Cx<'_, '_>, trouble: Trouble, trigger: Trigger) {
        let synchronized = self.state.is_synchronized();
        match trouble {
            Trouble::PacketTooBig(mtu) => self.on_packet_too_big(cx, mtu, trigger),
            // RFC 9293 §3.9.2.2: what may pass must not end even a handshake; RFC 5461 §3 tells of systems that let it.
            _ if trouble.is_soft() && (synchronized || !cx.knobs.soft_errors_end_handshakes) => {
                self.seldom().soft_error = Some((cx.now(), trouble.socket_error()));
            }
            // RFC 5927 §5.2: in a synchronised state a hard error is soft: the timers decide.
            _ if synchronized => {}
            _ => self.end(cx, Ending::Unreachable, Some(trouble.socket_error())),
        }
    }

    fn on_no_way(&mut self, cx: &mut Cx<'_, '_>, trouble: Trouble) {
        if self.state.is_synchronized() {
            // RFC 9293 §3.9.2.2: not fatal; the way may come back. The timers try again, until R2.
            self.seldom().soft_error = Some((cx.now(), trouble.socket_error()));
            if self.deadlines.rto == Instant::FAR_FUTURE && self.deadlines.persist == Instant::FAR_FUTURE {
                self.deadlines.persist = cx.now() + self.rtt.rto(cx.knobs);
                self.progress_at = cx.now();
            }
            self.owed = super::connection::Owed::Nothing;
            self.probe = None;
        } else if self.state != State::Closed {
            self.end(cx, Ending::Unreachable, Some(trouble.socket_error()));
        }
    }

    /// RFC 1191 §6.5: segments shrink, and what was too big goes again without blame for congestion.
    fn on_packet_too_big(&mut self, cx: &mut Cx<'_, '_>, mtu: u16, trigger: Trigger) {
        if mtu >= self.mtu.min(self.pmtu) {
            return;
        }
        self.trigger = trigger;
        self.pmtu = mtu;
        self.update_mss();
        let mss = self.mss();
        for index in 0..self.inflight.len() {
            if self.inflight.get(index).is_some_and(|record| record.length > mss && !record.sacked) {
                self.inflight.update(index, |record| record.lost = true);
            }
        }
        if self.inflight.lost() > 0 {
            self.recovery.search_from = ORIGIN;
            self.recovery.forced = Some(Cause::RetransmitPmtu);
        }
        self.deadlines.rto = cx.now() + self.rtt.rto(cx.knobs);
    }
}
