//! Two TCPs joined by a wire that a test can look at and cut.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;

use crate::context::{Ctx, Observer};
use crate::frame::{Frame, FrameId, InterfaceId, NodeId};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::trace::{Cause, Event, Interest, Metrics, State};
use crate::transport::tcp::options::Options;
use crate::transport::tcp::segment::{Flags, Segment};
use crate::transport::tcp::{Emission, Knobs, Look, Ready, Tcp};
use crate::transport::{IpInfo, Key, Path, SocketError, Verdict};

/// What a test sees of a segment that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// By which end: 0 or 1.
    pub from: usize,
    pub cause: Cause,
    pub segment: Segment,
    pub length: usize,
    /// Of a super-frame, payload octets of each segment.
    pub segment_size: Option<u16>,
}

/// What else of a connection was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    Opened { active: bool },
    Expired { cause: Cause, due: Instant },
    Metrics(Metrics),
}

/// Keeps states as they change, and what else is shown.
#[derive(Default)]
pub struct States(pub Vec<(State, State)>, pub Vec<Shown>);

impl Observer for States {
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    fn record(&mut self, _: Instant, event: &Event<'_>) {
        match *event {
            Event::ConnectionState { from, to, .. } => self.0.push((from, to)),
            Event::ConnectionOpened { active, .. } => self.1.push(Shown::Opened { active }),
            Event::TimerExpired { cause, due, .. } => self.1.push(Shown::Expired { cause, due }),
            Event::ConnectionMetrics { metrics, .. } => self.1.push(Shown::Metrics(metrics)),
            _ => {}
        }
    }
}

/// What becomes of a segment on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Deliver,
    Lose,
    /// Delivered so much later.
    Hold(Duration),
}

pub struct Pair {
    pub now: Instant,
    pub ends: [Tcp; 2],
    pub states: [States; 2],
    rngs: [Rng; 2],
    /// One-way delay.
    pub delay: Duration,
    pub mtu: [u16; 2],
    /// The longest super-frames that the links take.
    pub super_frames: [u32; 2],
    wire: BTreeMap<(Instant, u64), (usize, Frame)>,
    sent: u64,
    pub seen: Vec<Seen>,
    /// Judges each segment as it is sent.
    pub judge: Box<dyn FnMut(&Seen) -> Fate>,
}

pub fn address(end: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1 + end as u8))
}

pub fn socket(end: usize, port: u16) -> SocketAddr {
    SocketAddr::new(address(end), port)
}

fn look_at(frame: &Frame) -> Option<Look> {
    let timed = || frame.headers().and_then(Look::timed);
    frame.headers().and_then(Look::plain).or_else(timed)
}

impl Pair {
    pub fn new(client: Knobs, server: Knobs) -> Self {
        let mut rngs = [Rng::stream(1, "client", "stack"), Rng::stream(1, "server", "stack")];
        let ends = [Tcp::new(client, &mut rngs[0]), Tcp::new(server, &mut rngs[1])];
        Self {
            now: Instant::from_secs(1),
            ends,
            states: Default::default(),
            rngs,
            delay: Duration::from_millis(10),
            mtu: [1500; 2],
            super_frames: [0; 2],
            wire: BTreeMap::new(),
            sent: 0,
            seen: Vec::new(),
            judge: Box::new(|_| Fate::Deliver),
        }
    }

    /// With the documents' knobs on both ends.
    pub fn rfc() -> Self {
        Self::new(Knobs::rfc(), Knobs::rfc())
    }

    pub fn with<R>(&mut self, end: usize, act: impl FnOnce(&mut Tcp, &mut Ctx<'_>) -> R) -> R {
        let mut ctx = Ctx::new(self.now, &mut self.rngs[end], &mut self.states[end]);
        act(&mut self.ends[end], &mut ctx)
    }

    /// Everything that either end wants to send goes onto the wire.
    pub fn flush(&mut self) {
        for end in 0..2 {
            let path = Path {
                mtu: self.mtu[end],
                link_mtu: self.mtu[end],
                transmit_checksum: false,
                max_super_frame: self.super_frames[end],
            };
            while let Some(ready) = self.ends[end].next_ready() {
                let ends = *self.ends[end].ends(ready);
                let mut frame = Frame::empty();
                let emitted = self.with(end, |tcp, ctx| match ready {
                    Ready::Reply => tcp.emit_reply(&path, &mut frame),
                    Ready::Connection(key) => {
                        tcp.goes(key, 1);
                        tcp.emit_along(ctx, 1, &path, &mut frame) == Emission::Segment
                    }
                });
                if !emitted {
                    continue;
                }
                let segment_size = frame.meta.segment_size;
                let longest =
                    segment_size.map_or(frame.len(), |size| frame.head_length() + usize::from(size));
                assert!(
                    longest + 20 <= usize::from(self.mtu[end]),
                    "a segment longer than the MTU: {frame:?}"
                );
                let most = if segment_size.is_some() { self.super_frames[end] } else { u32::MAX };
                assert!(frame.len() + 20 <= most as usize, "a super-frame longer than its link's: {frame:?}");
                self.sent += 1;
                frame.meta.id = FrameId { origin: NodeId(end as u32), counter: self.sent };
                let ip = info(ends.local.ip(), ends.remote.ip(), frame.meta.id);
                let (segment, header) = Segment::parse(&mut frame, &ip).expect("our own segments parse");
                let length = frame.len() - header;
                let seen =
                    Seen { at: self.now, from: end, cause: frame.meta.cause, segment, length, segment_size };
                self.seen.push(seen);
                let delay = match (self.judge)(&seen) {
                    Fate::Deliver => Duration::ZERO,
                    Fate::Lose => continue,
                    Fate::Hold(more) => more,
                };
                self.wire.insert((self.now + self.delay + delay, self.sent), (end, frame));
            }
        }
    }

    /// Delivers the next segment or runs the next timer. False where nothing will ever happen.
    pub fn step(&mut self) -> bool {
        self.flush();
        let arrival = self.wire.keys().next().map(|(at, _)| *at);
        let timers = self.ends.iter().filter_map(Tcp::next_timeout).min();
        let Some(next) = arrival.into_iter().chain(timers).min() else { return false };
        self.now = self.now.max(next);
        if arrival == Some(next) {
            if let Some((_, (from, frame))) = self.wire.pop_first() {
                self.deliver(1 - from, frame);
            }
        } else {
            for end in 0..2 {
                self.with(end, super::super::Tcp::handle_timeout);
            }
        }
        self.flush();
        true
    }

    pub fn deliver(&mut self, to: usize, mut frame: Frame) -> Verdict {
        let segment_size = frame.meta.segment_size;
        let ip = IpInfo { segment_size, ..info(address(1 - to), address(to), frame.meta.id) };
        // A host expects no super-frames.
        let expected =
            self.ends[to].last_between(ip.source, ip.destination).filter(|_| segment_size.is_none());
        self.with(to, |tcp, ctx| {
            // As a host does with what has the ends of the segment before.
            if let (Some((ports, key)), Some(look)) = (expected, look_at(&frame))
                && look.ports() == ports
                && tcp.accept_expected(ctx, key, &look, &mut frame)
            {
                return Verdict::Accepted;
            }
            tcp.accept_segment(ctx, &ip, &mut frame)
        })
    }

    /// Hands `to` a segment that nobody sent, as from the other end.
    pub fn inject(&mut self, to: usize, segment: Segment, payload: &[u8]) -> Verdict {
        self.inject_sized(to, segment, payload, None)
    }

    /// As [`inject`](Self::inject), as a super-frame of segments of `segment_size` octets.
    pub fn inject_large(
        &mut self,
        to: usize,
        segment: Segment,
        payload: &[u8],
        segment_size: u16,
    ) -> Verdict {
        self.inject_sized(to, segment, payload, Some(segment_size))
    }

    fn inject_sized(
        &mut self,
        to: usize,
        segment: Segment,
        payload: &[u8],
        segment_size: Option<u16>,
    ) -> Verdict {
        let mut meta = crate::frame::Meta::new(Cause::Raw, crate::trace::Trigger::Call);
        meta.segment_size = segment_size;
        let mut frame = Frame::with_payload(bytes::Bytes::copy_from_slice(payload), meta);
        segment.push(&mut frame, Segment::pseudo_header(&address(1 - to), &address(to)), false);
        self.deliver(to, frame)
    }

    /// Runs for `span` of virtual time.
    pub fn run(&mut self, span: Duration) {
        let until = self.now + span;
        self.flush();
        loop {
            let arrival = self.wire.keys().next().map(|(at, _)| *at);
            let timers = self.ends.iter().filter_map(Tcp::next_timeout).min();
            match arrival.into_iter().chain(timers).min() {
                Some(next) if next <= until => self.step(),
                _ => break,
            };
        }
        self.now = until;
    }

    pub fn millis(&mut self, millis: u64) {
        self.run(Duration::from_millis(millis));
    }

    /// A listener at port 80 of the server, and a connection to it from the client's port 1000.
    pub fn connect(&mut self) -> (Key, Key) {
        let listener = self.listen(4);
        let client = self.open(1000);
        self.millis(200);
        assert_eq!(self.ends[0].connected(client), Ok(()));
        let (server, peer) =
            self.with(1, |tcp, ctx| tcp.accept(ctx, listener)).expect("a connection to accept");
        assert_eq!(peer, socket(0, 1000));
        (client, server)
    }

    /// As [`connect`](Self::connect), over a wire that may need retransmissions.
    pub fn connect_slowly(&mut self) -> (Key, Key) {
        let listener = self.listen(4);
        let client = self.open(1000);
        self.run(Duration::from_secs(10));
        assert_eq!(self.ends[0].connected(client), Ok(()));
        let (server, _) = self.with(1, |tcp, ctx| tcp.accept(ctx, listener)).expect("a connection to accept");
        (client, server)
    }

    pub fn listen(&mut self, backlog: usize) -> Key {
        self.with(1, |tcp, ctx| tcp.listen(ctx, socket(1, 80), backlog)).unwrap()
    }

    pub fn open(&mut self, port: u16) -> Key {
        self.with(0, |tcp, ctx| tcp.connect(ctx, socket(0, port), socket(1, 80))).unwrap()
    }

    pub fn send(&mut self, end: usize, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        self.with(end, |tcp, ctx| tcp.send(ctx, key, data))
    }

    pub fn recv(&mut self, end: usize, key: Key) -> Result<Vec<u8>, SocketError> {
        let mut all = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            match self.with(end, |tcp, ctx| tcp.recv(ctx, key, &mut buffer)) {
                Ok(0) => return Ok(all),
                Ok(length) => all.extend_from_slice(&buffer[..length]),
                Err(SocketError::WouldBlock) if !all.is_empty() => return Ok(all),
                Err(error) => return Err(error),
            }
        }
    }

    pub fn shutdown(&mut self, end: usize, key: Key) {
        self.with(end, |tcp, ctx| tcp.shutdown_write(ctx, key)).unwrap();
    }

    pub fn close(&mut self, end: usize, key: Key) {
        self.with(end, |tcp, ctx| tcp.close(ctx, key));
    }

    pub fn state(&self, end: usize, key: Key) -> State {
        self.ends[end].info(key).map_or(State::Closed, |info| info.state)
    }

    /// Moves all of `data` from one end to the other, and returns what came out with the time it took.
    pub fn transfer(
        &mut self,
        from: (usize, Key),
        to: (usize, Key),
        data: &[u8],
        limit: Duration,
    ) -> Vec<u8> {
        let until = self.now + limit;
        let (mut sent, mut received) = (0, Vec::new());
        while received.len() < data.len() && self.now < until {
            if sent < data.len() {
                sent += self.send(from.0, from.1, &data[sent..]).unwrap_or(0);
            }
            if !self.step() {
                break;
            }
            received.extend(self.recv(to.0, to.1).unwrap_or_default());
        }
        received
    }

    /// The segments seen since `from`, by their cause.
    pub fn causes(&self, end: usize) -> Vec<Cause> {
        self.seen.iter().filter(|seen| seen.from == end).map(|seen| seen.cause).collect()
    }

    pub fn count(&self, end: usize, cause: Cause) -> usize {
        self.seen.iter().filter(|seen| seen.from == end && seen.cause == cause).count()
    }

    /// The last segment that `end` sent.
    pub fn last(&self, end: usize) -> Seen {
        *self.seen.iter().rev().find(|seen| seen.from == end).expect("a segment")
    }

    /// A segment as the other end of `to` would send next, judged by what it sent last: for forgeries.
    pub fn forged(&self, to: usize, flags: Flags) -> Segment {
        let last = self.last(1 - to).segment;
        let answer = self.last(to).segment;
        let options = Options { timestamps: last.options.timestamps, ..Options::default() };
        Segment { seq: answer.ack, ack: last.ack, flags, urgent: 0, options, ..last }
    }
}

fn info(source: IpAddr, destination: IpAddr, frame: FrameId) -> IpInfo {
    IpInfo {
        source,
        destination,
        to_unicast: true,
        interface: InterfaceId(0),
        ttl: 64,
        tos: 0,
        options_length: 0,
        checksum: crate::frame::Checksum::Complete,
        segment_size: None,
        frame,
    }
}

/// `length` octets in which each place tells where it is.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}
