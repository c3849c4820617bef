//! TCP (RFC 9293).
//!
//! | where is … | file |
//! |---|---|
//! | the table of connections, the walk of a segment to its connection | `mod` |
//! | the socket calls | `calls` |
//! | what a socket was told, laid over the host's knobs | `settings`, `tell` |
//! | a connection's variables | `connection` |
//! | the states and the ways between them | `state` |
//! | SYN, SYN-ACK, what is agreed on | `handshake`, `isn` |
//! | what a call would find now | `condition` |
//! | who has which port | `claims` |
//! | what is bound to an interface | `device` |
//! | listeners, their queues | `listener`, `passive` |
//! | the eight checks of RFC 9293 §3.10.7.4 | `input` |
//! | what most segments are, in one look | `predict` |
//! | acknowledgements, entering and leaving recovery | `ack` |
//! | what is sent next, Nagle, windows | `output` |
//! | octets and records waiting for acknowledgement | `send_queue`, `inflight` |
//! | reassembly | `receive_queue` |
//! | the retransmission timer and its fellows | `timers`, `rtt`, `persist`, `keepalive` |
//! | SACK, what is lost | `recovery` |
//! | congestion control | `congestion` |
//! | headers and options on the wire | `segment`, `options`, `seq` |
//! | resets outside connections | `reply` |
//! | what ICMP and the neighbour cache say | `trouble` |

use core::net::{IpAddr, SocketAddr};
use std::collections::VecDeque;

use self::claims::Claims;
use self::connection::{Connection, Cx};
use self::isn::Secret;
use self::listener::Listener;
use self::reply::{Replies, Reply};
use self::segment::Segment;
use self::settings::{Seldom, Settings};
use super::listing::{SocketInfo, SocketKind};
use super::slots::Slots;
use super::spread::Spread;
use super::{IpInfo, Key, Path, Readiness, SocketId, Verdict, Wake};
use crate::context::Ctx;
use crate::frame::Frame;
use crate::rng::Rng;
use crate::table::Table;
use crate::time::Instant;
use crate::timers::Timers;
use crate::trace::{ConnectionId, ConnectionInfo, DropReason, Event, Interest, State, Trigger};

mod ack;
mod calls;
mod claims;
mod condition;
pub mod congestion;
mod connection;
mod device;
mod handshake;
mod inflight;
mod input;
mod isn;
mod keepalive;
mod knobs;
mod listener;
mod options;
mod output;
mod passive;
mod persist;
mod predict;
mod receive_queue;
mod recovery;
mod reply;
mod rtt;
mod segment;
mod send_queue;
mod seq;
mod settings;
mod state;
mod tell;
#[cfg(test)]
mod tests;
mod timers;
mod trouble;

pub use claims::Sharing;
pub use condition::Condition;
pub use inflight::Record;
pub use knobs::{Knobs, Overflow};
pub use predict::Look;
pub use settings::{BUFFER, CORK_CEILING, KEEP_ALIVE, SEGMENT, StreamOption, StreamOptions, TRIES};

/// Something that TCP wants to send: a connection's next segment, or an answer that belongs to none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// A connection.
    Connection(Key),
    /// A reset or an ACK outside any connection.
    Reply,
}

/// What became of the attempt to send along a way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emission {
    /// The frame holds a segment.
    Segment,
    /// What was ready had nothing to send after all.
    Nothing,
    /// What is ready goes another way, or has not gone any.
    Elsewhere(Ready),
}

/// All TCP state of a host.
#[derive(Clone, Debug)]
pub struct Tcp {
    settings: Settings,
    /// The settings of those whose sockets were told something.
    own: Slots<Settings>,
    secret: Secret,
    connections: Slots<Box<Connection>>,
    /// Connections by their ends; those that are closed are not in it.
    by_ends: Table<ConnectionId, Key>,
    /// The connection found last: segments come in runs, and a run is looked up once.
    found: Option<(Flow, Key)>,
    listeners: Slots<Listener>,
    /// Who listens: several at one address only where they share the port.
    by_port: Table<SocketAddr, Vec<Key>>,
    spread: Spread,
    /// Who is bound to which port.
    claims: Claims,
    timers: Timers,
    ready: VecDeque<Key>,
    replies: Replies,
    wakes: Vec<Wake>,
    /// Some connection has had a TTL or a type of service of its own: ways are not shared among connections.
    own_headers: bool,
    /// Some socket has been bound to an interface.
    devices: bool,
}

/// Where a segment comes from and goes to, as its headers say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Flow {
    source: IpAddr,
    destination: IpAddr,
    ports: (u16, u16),
}

impl Flow {
    fn new(ip: &IpInfo, ports: (u16, u16)) -> Self {
        Self { source: ip.source, destination: ip.destination, ports }
    }

    /// The ends as the receiving host sees them.
    fn ends(&self) -> ConnectionId {
        ConnectionId {
            local: SocketAddr::new(self.destination, self.ports.1),
            remote: SocketAddr::new(self.source, self.ports.0),
        }
    }
}

/// Payloads in a frame: more than one where the link hands over super-frames.
pub(crate) fn segment_count(length: usize, segment_size: Option<u16>) -> u32 {
    match segment_size {
        Some(size) if size > 0 => length.div_ceil(usize::from(size)).max(1) as u32,
        _ => 1,
    }
}

/// Has the table of timers look at a connection's at `next` at the latest. They are armed lazily: where it looks early it
/// finds nothing due, and is armed anew.
#[inline]
fn arm(timers: &mut Timers, connection: &mut Connection, next: Instant) {
    debug_assert_eq!(connection.armed, timers.deadline(connection.key.index), "armed behind our back");
    if next < connection.armed {
        connection.armed = next;
        timers.set(connection.key.index, next);
    }
}

/// What a connection's code needs, with the rest of `Tcp` left free to borrow.
macro_rules! cx {
    ($tcp:ident, $ctx:ident, $connection:ident) => {
        Cx {
            ctx: $ctx,
            knobs: match &$connection.seldom {
                None => &$tcp.settings,
                Some(seldom) => crate::transport::tcp::own_settings(seldom, &$tcp.own, &$tcp.settings),
            },
            wakes: &mut $tcp.wakes,
            replies: &mut $tcp.replies,
        }
    };
}
use cx;

#[cold]
fn own_settings<'a>(seldom: &Seldom, own: &'a Slots<Settings>, host: &'a Settings) -> &'a Settings {
    seldom.settings.and_then(|key| own.get(key)).unwrap_or(host)
}

impl Tcp {
    /// No connections yet; keys are drawn from `rng`.
    pub fn new(knobs: Knobs, rng: &mut Rng) -> Self {
        let replies = Replies::new(knobs.max_pending_replies.into());
        Self {
            settings: Settings::of_host(knobs),
            own: Slots::new(),
            secret: Secret::new(rng),
            connections: Slots::new(),
            by_ends: Table::new(rng),
            found: None,
            listeners: Slots::new(),
            by_port: Table::new(rng),
            spread: Spread::default(),
            claims: Claims::default(),
            timers: Timers::new(),
            ready: VecDeque::new(),
            replies,
            wakes: Vec::new(),
            own_headers: false,
            devices: false,
        }
    }

    /// The knobs.
    pub fn knobs(&self) -> &Knobs {
        &self.settings
    }

    /// What holds for a connection.
    fn settings_of(&self, connection: &Connection) -> &Settings {
        match &connection.seldom {
            None => &self.settings,
            Some(seldom) => own_settings(seldom, &self.own, &self.settings),
        }
    }

    /// How many connections have settings of their own.
    #[cfg(test)]
    fn own_settings(&self) -> usize {
        self.own.iter().count()
    }

    /// The connection leaves its place.
    fn forget(&mut self, key: Key) {
        let gone = self.connections.remove(key);
        if let Some(settings) = gone.and_then(|gone| gone.seldom?.settings) {
            self.own.remove(settings);
        }
    }

    /// A segment: `frame` begins with the TCP header (IP's was stripped, and the length cut to what it says).
    pub fn accept_segment(&mut self, ctx: &mut Ctx<'_>, ip: &IpInfo, frame: &mut Frame) -> Verdict {
        let header = match Segment::verify(frame, ip) {
            Ok(length) => length,
            Err(reason) => return Verdict::Dropped(reason),
        };
        let Some((fixed, options)) = frame.head()[..header].split_first_chunk() else {
            return Verdict::Dropped(DropReason::TcpMalformed);
        };
        let mut segment = Segment::without_options(fixed);
        if !options.is_empty() {
            segment.options.read(options);
        }
        if !ip.to_unicast {
            return Verdict::Dropped(DropReason::TcpNotUnicast);
        }
        let payload = frame.take_payload(header);
        let ports = (segment.source_port, segment.destination_port);
        let flow = Flow::new(ip, ports);
        if let Some(key) = self.find(&flow).filter(|key| !self.gives_way(ctx, ip, *key, &segment)) {
            let verdict = match self.hold_back(ctx, key, &segment, payload.len()) {
                Some(reason) => Err(reason),
                None => self
                    .with(ctx, key, |connection, cx| connection.on_segment(cx, ip, &segment, payload))
                    .unwrap_or(Err(DropReason::TcpNoConnection)),
            };
            return verdict.map_or_else(Verdict::Dropped, |()| Verdict::Accepted);
        }
        let ends = flow.ends();
        if let Some(listener) = self.listener_for(&ends, ip.interface) {
            return self.on_listen(ctx, ip, listener, &segment, payload.len() as u32, ends);
        }
        let reply = Reply::to(&segment, payload.len() as u32, ends, Trigger::Frame(ip.frame));
        self.replies.extend(reply);
        Verdict::Dropped(DropReason::TcpNoConnection)
    }

    #[inline]
    fn find(&mut self, flow: &Flow) -> Option<Key> {
        match &self.found {
            Some((found, key)) if found == flow => Some(*key),
            _ => self.look_up(*flow),
        }
    }

    #[cold]
    fn look_up(&mut self, flow: Flow) -> Option<Key> {
        let key = *self.by_ends.get(&flow.ends())?;
        self.found = Some((flow, key));
        Some(key)
    }

    /// Runs `act` on a connection, then does what follows from it: queues, timers, tables.
    fn with<R>(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
        act: impl FnOnce(&mut Connection, &mut Cx<'_, '_>) -> R,
    ) -> Option<R> {
        let connection = self.connections.get_mut(key)?;
        let before = connection.state;
        let result = act(connection, &mut cx!(self, ctx, connection));
        let after = connection.state;
        if connection.wants_to_transmit() && !connection.queued && !connection.parked {
            connection.queued = true;
            self.ready.push_back(key);
        }
        let next = connection.deadlines.next();
        arm(&mut self.timers, connection, next);
        if before != after {
            self.follow_state(ctx, key, before, after);
        }
        Some(result)
    }

    /// The connection has changed its state: listeners and tables follow.
    #[cold]
    fn follow_state(&mut self, ctx: &mut Ctx<'_>, key: Key, before: State, after: State) {
        if before == State::SynReceived {
            self.follow_handshake(key, after);
        }
        if after == State::Closed {
            self.follow_end(ctx, key);
        }
    }

    /// The connection is closed: it leaves the tables now, and its place when its owner has closed too.
    fn follow_end(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        self.timers.clear(key.index);
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.armed = Instant::FAR_FUTURE;
        let orphan = connection.orphan;
        let Some(connection) = self.connections.get(key) else { return };
        let (ends, info) = (connection.id, connection.info(self.settings_of(connection)));
        if self.by_ends.get(&ends) == Some(&key) {
            self.by_ends.remove(&ends);
            self.found = None;
        }
        ctx.observe(Interest::CONNECTIONS, || Event::ConnectionEnded { connection: ends, info: &info });
        if orphan {
            self.forget(key);
        }
    }

    /// What is to be sent next; it stays first until it has nothing left, or is parked. Connections take turns, a segment
    /// each.
    #[cfg(test)]
    fn next_ready(&mut self) -> Option<Ready> {
        if !self.replies.is_empty() {
            return Some(Ready::Reply);
        }
        while let Some(key) = self.ready.front().copied() {
            if self.connections.get(key).is_some() {
                return Some(Ready::Connection(key));
            }
            self.ready.pop_front();
        }
        None
    }

    /// The ends of what is ready: this host's first.
    ///
    /// # Panics
    /// When `ready` is not what [`emit_along`](Self::emit_along) has just returned.
    #[inline]
    pub fn ends(&self, ready: Ready) -> &ConnectionId {
        match ready {
            Ready::Connection(key) => self.connections.get(key).map(|connection| &connection.id),
            Ready::Reply => self.replies.ends(),
        }
        .expect("what is ready has ends")
    }

    /// TTL and type of service of what is ready, where they are its own; and whether any connection has its own, or a way of
    /// its own.
    pub fn header_of(&self, ready: Ready) -> ((Option<u8>, u8), bool) {
        let own = self.own_headers || self.devices;
        let Ready::Connection(key) = ready else { return ((None, 0), own) };
        (self.connections.get(key).map_or((None, 0), |connection| connection.header()), own)
    }

    /// Whether nothing is ready.
    #[inline]
    pub fn has_nothing_ready(&self) -> bool {
        self.ready.is_empty() && self.replies.is_empty()
    }

    /// A connection goes the way of this number from now on.
    pub fn goes(&mut self, key: Key, way: u64) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.way = way;
        }
    }

    /// Puts the next segment of what is ready into `frame`, if it goes the way of number `way`, which is `path`: the TCP
    /// header in front of the payload. `Checksum::Partial` counts from the TCP header. What has nothing left leaves the
    /// ready queue. Connections take turns, a segment each.
    #[expect(clippy::inline_always, reason = "one of its two callers is for the rare case")]
    #[inline(always)]
    pub fn emit_along(&mut self, ctx: &mut Ctx<'_>, way: u64, path: &Path, frame: &mut Frame) -> Emission {
        if !self.replies.is_empty() {
            return Emission::Elsewhere(Ready::Reply);
        }
        let Some(&key) = self.ready.front() else { return Emission::Nothing };
        let Some(connection) = self.connections.get_mut(key) else {
            self.ready.pop_front();
            return Emission::Nothing;
        };
        if connection.way != way {
            return Emission::Elsewhere(Ready::Connection(key));
        }
        let sent = connection.next_segment(&mut cx!(self, ctx, connection), path, frame);
        let next = connection.deadlines.next_after_sending();
        arm(&mut self.timers, connection, next);
        if !sent || !connection.wants_to_transmit() {
            connection.queued = false;
            self.ready.pop_front();
        } else if self.ready.len() > 1 {
            self.ready.rotate_left(1);
        }
        if sent { Emission::Segment } else { Emission::Nothing }
    }

    /// Puts the first answer outside any connection into `frame`. False: there is none.
    pub fn emit_reply(&mut self, path: &Path, frame: &mut Frame) -> bool {
        self.replies.emit(path, frame)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Runs the timers that are due.
    pub fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(index) = self.timers.pop_due(ctx.now) {
            let Some(key) = self.connections.key_at(index) else { continue };
            if let Some(connection) = self.connections.get_mut(key) {
                connection.armed = Instant::FAR_FUTURE;
            }
            self.with(ctx, key, Connection::on_timeout);
        }
    }

    /// Moves the wakes since the last time to `wakes`.
    pub fn take_wakes(&mut self, wakes: &mut Vec<Wake>) {
        if !self.wakes.is_empty() {
            wakes.append(&mut self.wakes);
        }
    }

    /// Calls `each` for every connection in the table, in the order of their places.
    pub fn for_each(&self, mut each: impl FnMut(ConnectionId, ConnectionInfo)) {
        for connection in self.connections.iter().filter(|connection| connection.state != State::Closed) {
            each(connection.id, connection.info(self.settings_of(connection)));
        }
    }

    /// Calls `each` for every listener, then for every connection in the table, in the order of their places.
    pub fn for_each_socket(&self, mut each: impl FnMut(SocketInfo)) {
        for listener in self.listeners.iter() {
            each(SocketInfo {
                kind: SocketKind::Listener,
                local: listener.local,
                remote: None,
                receive_queue: listener.complete.len() as u64,
                send_queue: listener.backlog as u64,
                connection: None,
            });
        }
        for connection in self.connections.iter().filter(|connection| connection.state != State::Closed) {
            each(SocketInfo {
                kind: SocketKind::Connection,
                local: connection.id.local,
                remote: Some(connection.id.remote),
                receive_queue: connection.receive.readable() as u64,
                send_queue: connection.send.len() as u64,
                connection: Some(connection.info(self.settings_of(connection))),
            });
        }
    }

    /// Wakes a listener's owner if it waits.
    fn wake_listener(&mut self, key: Key) {
        if let Some(listener) = self.listeners.get_mut(key)
            && listener.wants.contains(Readiness::READ)
        {
            listener.wants = Readiness::NONE;
            self.wakes.push(Wake { socket: SocketId::Listener(key), readiness: Readiness::READ });
        }
    }
}
