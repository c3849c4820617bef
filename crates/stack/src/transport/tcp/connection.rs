//! A connection: its variables under RFC 9293's names, and what the parts of TCP share.
//!
//! `handshake`, `input`, `ack`, `output`, `timers`, `persist` and `keepalive` each add the `impl` of their concern.

use core::num::NonZeroU8;

use super::claims::Sharing;
use super::congestion::CongestionControl;
use super::inflight::Inflight;
use super::knobs::Knobs;
use super::options::{TIMESTAMPS_LENGTH, Timestamps};
use super::receive_queue::ReceiveQueue;
use super::recovery::Recovery;
use super::reply::{Replies, Reply};
use super::rtt::RttEstimator;
use super::segment::{HEADER_LENGTH, Segment};
use super::send_queue::SendQueue;
use super::seq::{ORIGIN, Offset, to_wire};
use super::settings::{Seldom, Settings};
use super::timers::Deadlines;
use crate::checksum::Sum;
use crate::context::Ctx;
use crate::time::Instant;
use crate::trace::{
    Cause, ConnectionId, ConnectionInfo, Counters, Ending, Event, Interest, Metrics, State, Trigger,
};
use crate::transport::{Key, Readiness, SocketError, SocketId, Wake};

/// The MSS of a peer that does not name one (RFC 9293 §3.7.1).
pub const DEFAULT_MSS: u16 = 536;
/// The least MSS taken from a peer: what the least MTU of IPv4 carries (RFC 791 §3.1: 68 octets).
pub const LEAST_MSS: u16 = 28;
/// Octets of an IPv4 header without options and a TCP header without options.
pub const HEADERS: u16 = 20 + HEADER_LENGTH as u16;

/// What a connection's code needs of its surroundings.
pub struct Cx<'a, 'c> {
    /// Time, chance, the observer.
    pub ctx: &'a mut Ctx<'c>,
    /// The host's knobs, with what the connection's socket was told laid over.
    pub knobs: &'a Settings,
    /// Sockets that became ready.
    pub wakes: &'a mut Vec<Wake>,
    /// Segments outside connections.
    pub replies: &'a mut Replies,
}

impl Cx<'_, '_> {
    /// The turn's instant.
    pub const fn now(&self) -> Instant {
        self.ctx.now
    }
}

/// What was agreed on in the handshake.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreed {
    /// Timestamps are on each segment.
    pub timestamps: bool,
    /// SACK blocks are read and written.
    pub sack: bool,
    /// Windows are scaled.
    pub scaling: bool,
    /// Snd.Wind.Shift (RFC 7323 §2.3).
    pub snd_wind_shift: u8,
    /// Rcv.Wind.Shift (RFC 7323 §2.3).
    pub rcv_wind_shift: u8,
}

/// The acknowledgement that is owed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owed {
    /// None.
    Nothing,
    /// One, which may wait for the delayed-ACK timer or for data to go with.
    Delayed,
    /// One at once.
    Now(Cause),
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its ends.
    pub id: ConnectionId,
    /// The ports of what it sends.
    pub ports: (u16, u16),
    /// The sum of the pseudo-header of what it sends, but for the length.
    pub pseudo_header: Sum,
    /// Its place in the table.
    pub key: Key,
    /// Its state.
    pub state: State,
    /// How it ended.
    pub ending: Ending,
    /// Why it failed, until a call has said so.
    pub error: Option<SocketError>,
    /// What few connections have.
    pub seldom: Option<Box<Seldom>>,
    /// The listener in whose queues it is.
    pub parent: Option<Key>,
    /// The application has closed its socket.
    pub orphan: bool,
    /// What the application waits for.
    pub wants: Readiness,
    /// It is in the ready queue.
    pub queued: bool,
    /// It waits for a neighbour.
    pub parked: bool,
    /// The number of the way that it goes; none has 0.
    pub way: u64,
    /// Nagle's algorithm is off.
    pub nodelay: bool,
    /// With whom its socket shares the port.
    sharing: u8,
    /// TTL and type of service of its packets, where its owner has set them.
    header: (Option<NonZeroU8>, u8),
    /// What happened last: the trigger of what is sent now.
    pub trigger: Trigger,
    /// What was agreed on.
    pub agreed: Agreed,

    /// ISS.
    pub iss: u32,
    /// SND.UNA.
    pub snd_una: Offset,
    /// SND.NXT.
    pub snd_nxt: Offset,
    /// SND.WND in octets.
    pub snd_wnd: u32,
    /// The largest SND.WND so far.
    pub max_snd_wnd: u32,
    /// SND.WL1.
    pub snd_wl1: Offset,
    /// SND.WL2.
    pub snd_wl2: Offset,
    /// Eff.snd.MSS less the options of each segment, of the four values that follow.
    mss: u16,
    /// `SendMSS` as the peer offered it.
    pub peer_mss: u16,
    /// The path's MTU as far as known.
    pub mtu: u16,
    /// A smaller MTU that ICMP told of.
    pub pmtu: u16,
    /// The application has no more to send.
    pub fin_requested: bool,
    /// What it wrote and the peer has not acknowledged.
    pub send: SendQueue,
    /// The segments in flight.
    pub inflight: Inflight,
    /// What is done about loss.
    pub recovery: Recovery,
    /// RTT and RTO.
    pub rtt: RttEstimator,
    /// The controller, from the end of the handshake.
    pub congestion: Option<Box<dyn CongestionControl>>,
    /// Its window, as of when it was last told something.
    pub cwnd: u32,
    /// It wants to be told of each segment sent.
    pub sending_watched: bool,
    /// Octets delivered, and when the count was reached.
    pub delivered: u64,
    /// When `delivered` last changed.
    pub delivered_at: Instant,
    /// A round trip ends when this much was delivered.
    pub round_end: u64,
    /// When a segment was sent last.
    pub last_sent_at: Instant,
    /// When the peer last gave a sign that it makes progress: R2 counts from here.
    pub progress_at: Instant,
    /// A zero-window probe or keep-alive is due.
    pub probe: Option<Cause>,
    /// A segment that probes a closed window is in flight.
    pub window_probe_sent: bool,
    /// A small segment goes after all: the override timer has expired.
    pub override_small: bool,
    /// Unanswered probes and keep-alives.
    pub probes: u8,

    /// IRS.
    pub irs: u32,
    /// What came.
    pub receive: ReceiveQueue,
    /// Where the peer's FIN stands.
    pub fin_at: Option<Offset>,
    /// The FIN has had its effect on the state.
    pub fin_taken: bool,
    /// The right edge of the window offered: RCV.NXT + RCV.WND.
    pub rcv_adv: Offset,
    /// The largest payload seen: a full segment of the peer.
    pub peer_segment: u16,
    /// The acknowledgement owed.
    pub owed: Owed,
    /// Last.ACK.sent (RFC 7323 §4.3).
    pub last_ack_sent: Offset,
    /// TS.Recent (RFC 7323 §4.3).
    pub ts_recent: u32,
    /// When TS.Recent was taken.
    pub ts_recent_at: Instant,
    /// Where this end's timestamp clock began.
    pub ts_offset: u32,
    /// When a peer last spoke.
    pub heard_at: Instant,
    /// When the last challenge ACK was sent.
    pub challenged_at: Instant,

    /// Its timers.
    pub deadlines: Deadlines,
    /// When the table of timers will look at them.
    pub armed: Instant,
    /// What it counted.
    pub counters: Counters,
    /// Segments that were predicted.
    #[cfg(test)]
    pub predictions: u64,
}

impl Connection {
    /// A connection that has sent and received nothing.
    pub fn new(
        id: ConnectionId,
        key: Key,
        state: State,
        iss: u32,
        ts_offset: u32,
        now: Instant,
        nodelay: bool,
    ) -> Self {
        let receive = ReceiveQueue::new();
        Self {
            id,
            ports: (id.local.port(), id.remote.port()),
            pseudo_header: Segment::pseudo_header(&id.local.ip(), &id.remote.ip()),
            key,
            state,
            ending: Ending::Open,
            error: None,
            seldom: None,
            parent: None,
            orphan: false,
            wants: Readiness::NONE,
            queued: false,
            parked: false,
            way: 0,
            nodelay,
            sharing: 0,
            header: (None, 0),
            trigger: Trigger::Call,
            agreed: Agreed::default(),
            iss,
            snd_una: ORIGIN,
            snd_nxt: ORIGIN,
            snd_wnd: 0,
            max_snd_wnd: 0,
            snd_wl1: ORIGIN,
            snd_wl2: ORIGIN,
            mss: DEFAULT_MSS,
            peer_mss: DEFAULT_MSS,
            mtu: u16::MAX,
            pmtu: u16::MAX,
            fin_requested: false,
            send: SendQueue::new(),
            inflight: Inflight::new(),
            recovery: Recovery::new(),
            rtt: RttEstimator::default(),
            congestion: None,
            cwnd: 0,
            sending_watched: false,
            delivered: 0,
            delivered_at: now,
            round_end: 0,
            last_sent_at: now,
            progress_at: now,
            probe: None,
            window_probe_sent: false,
            override_small: false,
            probes: 0,
            irs: 0,
            rcv_adv: receive.next(),
            receive,
            fin_at: None,
            fin_taken: false,
            peer_segment: 0,
            owed: Owed::Nothing,
            last_ack_sent: ORIGIN,
            ts_recent: 0,
            ts_recent_at: now,
            ts_offset,
            heard_at: now,
            challenged_at: Instant::FAR_FUTURE,
            deadlines: Deadlines::default(),
            armed: Instant::FAR_FUTURE,
            counters: Counters::default(),
            #[cfg(test)]
            predictions: 0,
        }
    }

    /// TTL and type of service of its packets, where its owner has set them.
    pub fn header(&self) -> (Option<u8>, u8) {
        (self.header.0.map(NonZeroU8::get), self.header.1)
    }

    /// Sets TTL and type of service of its packets.
    pub const fn set_header(&mut self, (ttl, tos): (Option<u8>, u8)) {
        self.header = (if let Some(ttl) = ttl { NonZeroU8::new(ttl) } else { None }, tos);
    }

    /// With whom its socket shares the port.
    pub const fn sharing(&self) -> Sharing {
        Sharing { address: self.sharing & 1 > 0, port: self.sharing & 2 > 0, device: None }
    }

    /// Sets with whom its socket shares the port.
    pub fn set_sharing(&mut self, sharing: Sharing) {
        self.sharing = u8::from(sharing.address) | u8::from(sharing.port) << 1;
    }

    /// What few connections have, made where it is not there yet.
    #[cold]
    pub fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }

    /// RCV.NXT, the peer's FIN included once everything before it has come.
    pub fn rcv_nxt(&self) -> Offset {
        let next = self.receive.next();
        next + u64::from(self.fin_at == Some(next))
    }

    /// Whether the peer's FIN and everything before it have come.
    pub fn fin_received(&self) -> bool {
        self.fin_at == Some(self.receive.next())
    }

    /// Whether this end's FIN has been sent.
    pub const fn fin_sent(&self) -> bool {
        self.fin_requested && self.snd_nxt > self.send.end()
    }

    /// Octets of payload in a full segment, the options of each segment counted (RFC 9293 §3.7.1: Eff.snd.MSS).
    #[inline]
    pub fn mss(&self) -> u32 {
        debug_assert_eq!(self.mss, self.effective_mss(), "a value that it depends on has changed");
        self.mss.into()
    }

    /// The values that the segment size depends on have changed.
    pub fn update_mss(&mut self) {
        self.mss = self.effective_mss();
    }

    fn effective_mss(&self) -> u16 {
        let by_path = self.mtu.min(self.pmtu).saturating_sub(HEADERS).max(LEAST_MSS);
        let options = if self.agreed.timestamps { TIMESTAMPS_LENGTH as u16 } else { 0 };
        self.peer_mss.min(by_path) - options
    }

    /// The MSS to offer on a path (RFC 9293 §3.7.1: the MTU less the fixed headers).
    pub fn offered_mss(mtu: u16, knobs: &Knobs) -> u16 {
        mtu.saturating_sub(HEADERS).clamp(LEAST_MSS, knobs.max_mss.max(LEAST_MSS))
    }

    /// Octets thought to be in the network. Without SACK each duplicate acknowledgement says that one segment has left
    /// it, which is what RFC 6582 §3.2 inflates the window for.
    pub fn pipe(&self) -> u32 {
        if self.agreed.sack || self.recovery.duplicate_acks == 0 {
            return self.inflight.pipe();
        }
        let left = u32::from(self.recovery.duplicate_acks) * self.mss();
        self.inflight.pipe().saturating_sub(left)
    }

    /// Octets sent and not acknowledged.
    pub const fn flight_size(&self) -> u32 {
        (self.snd_nxt - self.snd_una) as u32
    }

    /// This end's timestamp clock: milliseconds (RFC 7323 §5.4).
    pub const fn timestamp(&self, now: Instant) -> u32 {
        (now.as_millis() as u32).wrapping_add(self.ts_offset)
    }

    /// The timestamps to send now, where they were agreed on.
    pub fn timestamps(&self, now: Instant) -> Option<Timestamps> {
        let echo = self.ts_recent;
        self.agreed.timestamps.then(|| Timestamps { value: self.timestamp(now), echo })
    }

    /// Moves to `to` and says so.
    pub fn set_state(&mut self, cx: &mut Cx<'_, '_>, to: State) {
        let (connection, from) = (self.id, self.state);
        assert!(super::state::is_allowed(from, to), "no way leads from {from} to {to}");
        self.state = to;
        cx.ctx.observe(Interest::CONNECTIONS, || Event::ConnectionState { connection, from, to });
    }

    /// Ends the connection: no segment is sent or taken any more. What was received can still be read after a clean
    /// end; `error` is what the next call will say.
    pub fn end(&mut self, cx: &mut Cx<'_, '_>, ending: Ending, error: Option<SocketError>) {
        if self.state == State::Closed {
            return;
        }
        self.set_state(cx, State::Closed);
        self.ending = ending;
        self.error = error;
        self.deadlines = Deadlines::default();
        self.owed = Owed::Nothing;
        self.probe = None;
        self.send.clear();
        self.send.release();
        self.inflight.clear();
        if error.is_some() {
            self.receive.clear();
        }
        self.wake(cx, Readiness::BOTH);
    }

    /// Resets the connection towards the peer and ends it (RFC 9293 §3.10.5).
    pub fn reset(&mut self, cx: &mut Cx<'_, '_>, ending: Ending, error: Option<SocketError>) {
        // RFC 9293 §3.10.5: a peer that has not answered the SYN knows nothing that could be reset.
        if !matches!(self.state, State::SynSent | State::TimeWait | State::Closed) {
            // RFC 9293 §3.10.7.4: a peer with a closed window has not taken the octet that probed it.
            let seq = if self.window_probe_sent { self.snd_una } else { self.snd_nxt };
            cx.replies.push(Reply {
                ends: self.id,
                seq: to_wire(self.iss, seq),
                ack: Some(to_wire(self.irs, self.rcv_nxt())),
                timestamps: self.timestamps(cx.now()),
                cause: Cause::Abort,
                trigger: self.trigger,
            });
        }
        self.end(cx, ending, error);
    }

    /// Wakes the owner if it waits for any of `readiness`.
    pub fn wake(&mut self, cx: &mut Cx<'_, '_>, readiness: Readiness) {
        let readiness = self.wants.and(readiness);
        if !readiness.is_none() {
            self.wants = self.wants.without(readiness);
            cx.wakes.push(Wake { socket: SocketId::Tcp(self.key), readiness });
        }
    }

    /// Owes an acknowledgement at once; the first cause named stays.
    pub fn owe_now(&mut self, cause: Cause) {
        if !matches!(self.owed, Owed::Now(_)) {
            self.owed = Owed::Now(cause);
        }
    }

    /// Whether there is (probably) something to send: it belongs in the ready queue.
    #[inline]
    pub fn wants_to_transmit(&self) -> bool {
        if matches!(self.owed, Owed::Now(_)) || self.probe.is_some() || self.recovery.forced.is_some() {
            return true;
        }
        match self.state {
            State::Closed => false,
            State::SynSent | State::SynReceived => self.inflight.is_empty() || self.inflight.lost() > 0,
            _ => self.inflight.lost() > 0 || (self.has_unsent() && !self.waits_for_answer()),
        }
    }

    /// Whether less than a full segment is there, or fits into the peer's window, and must wait for an answer that is
    /// under way (RFC 9293 §3.7.4 and §3.8.6.2.1): `next_data` would find nothing to do. It may be false although it
    /// would.
    #[inline]
    fn waits_for_answer(&self) -> bool {
        let unsent = self.send.end() - self.snd_nxt;
        let usable = (self.snd_una + u64::from(self.snd_wnd)).saturating_sub(self.snd_nxt);
        let length = unsent.min(usable);
        length < u64::from(self.mss())
            && length < u64::from(self.max_snd_wnd.div_ceil(2))
            && (usable < unsent || !self.nodelay)
            && !self.fin_requested
            && !self.inflight.is_empty()
            && !self.window_probe_sent
            && !self.override_small
            && !self.receive.has_gaps()
    }

    /// Whether data or a FIN waits to be sent for the first time.
    pub const fn has_unsent(&self) -> bool {
        self.snd_nxt < self.send.end() || (self.fin_requested && self.snd_nxt == self.send.end())
    }

    /// The sender's variables.
    #[cold]
    pub fn metrics(&self, knobs: &Knobs) -> Metrics {
        let congestion = self.congestion.as_deref();
        Metrics {
            cwnd: congestion.map_or(0, CongestionControl::window),
            ssthresh: congestion.map_or(u32::MAX, CongestionControl::ssthresh),
            srtt: self.rtt.srtt(),
            rto: self.rtt.rto(knobs),
            bytes_in_flight: self.pipe(),
            delivered: self.delivered,
        }
    }

    /// Shows the sender's variables to whoever draws them.
    #[inline]
    pub fn show_metrics(&self, cx: &mut Cx<'_, '_>) {
        if cx.ctx.wants(Interest::SERIES) {
            self.draw_metrics(cx);
        }
    }

    #[cold]
    fn draw_metrics(&self, cx: &mut Cx<'_, '_>) {
        let (connection, metrics) = (self.id, self.metrics(cx.knobs));
        cx.ctx.observe(Interest::SERIES, || Event::ConnectionMetrics { connection, metrics });
    }

    /// State and counters.
    pub fn info(&self, knobs: &Knobs) -> ConnectionInfo {
        ConnectionInfo {
            state: self.state,
            ending: self.ending,
            mss: self.mss() as u16,
            snd_wnd: self.snd_wnd,
            rcv_wnd: self.rcv_adv.saturating_sub(self.rcv_nxt()) as u32,
            metrics: self.metrics(knobs),
            counters: self.counters,
        }
    }
}
