//! What a socket has been told: its options, and the host's knobs with them laid over.
//!
//! Few sockets are told anything. Those that are have settings of their own in a table beside the connections; all others
//! share the host's, so that a connection that was told nothing holds nothing for it.

use core::ops::{Deref, RangeInclusive};

use super::congestion;
use super::knobs::Knobs;
use crate::frame::InterfaceId;
use crate::time::{Duration, Instant};
use crate::transport::{Key, SocketError};

/// Octets that a buffer may be told to hold. Less than the least could not take a full segment, and neither end would ever
/// get on; the most is the largest window there is (RFC 7323 §2.3).
pub const BUFFER: RangeInclusive<u32> = 2_048..=1 << 30;
/// Segment sizes that a socket may be told (Linux: `TCP_MIN_MSS`, `MAX_TCP_WINDOW`).
pub const SEGMENT: RangeInclusive<u16> = 88..=32_767;
/// Spans that keep-alives may be told (Linux: `MAX_TCP_KEEPIDLE`, `MAX_TCP_KEEPINTVL`).
pub const KEEP_ALIVE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(32_767);
/// How often something may be told to be tried (Linux: `MAX_TCP_KEEPCNT`, `MAX_TCP_SYNCNT`).
pub const TRIES: RangeInclusive<u8> = 1..=127;
/// How long corked octets wait for more at the longest (Linux: tcp(7), `TCP_CORK`).
pub const CORK_CEILING: Duration = Duration::from_millis(200);

/// One thing that a socket of TCP can be told, by the name that it has on other systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StreamOption<'a> {
    /// `SO_KEEPALIVE`: asks a silent peer whether it is still there.
    KeepAlive(bool),
    /// `TCP_KEEPIDLE`: silence before the first keep-alive.
    KeepIdle(Duration),
    /// `TCP_KEEPINTVL`: time between unanswered keep-alives.
    KeepInterval(Duration),
    /// `TCP_KEEPCNT`: unanswered keep-alives before the connection is given up.
    KeepCount(u8),
    /// `SO_LINGER`: zero has closing reset the connection; more is how long a close that can wait waits for the peer to
    /// acknowledge everything.
    Linger(Option<Duration>),
    /// `SO_RCVBUF`: octets of received data held, the largest window offered.
    ReceiveBuffer(u32),
    /// `SO_SNDBUF`: octets held until the peer has acknowledged them.
    SendBuffer(u32),
    /// `TCP_NODELAY`: segments that are not full do not wait for an acknowledgement.
    NoDelay(bool),
    /// `TCP_CORK`: only full segments are sent, until it is off again or 200 ms are over.
    Cork(bool),
    /// `TCP_MAXSEG`: octets of a segment behind its fixed header, both ways.
    MaxSegment(u16),
    /// `TCP_CONGESTION`: the congestion controller, by its name.
    Congestion(&'a str),
    /// `TCP_QUICKACK`: each segment is acknowledged at once.
    QuickAck(bool),
    /// `TCP_USER_TIMEOUT` (RFC 5482 §3): how long data may go unacknowledged; zero leaves it to the host.
    UserTimeout(Duration),
    /// `TCP_DEFER_ACCEPT`: a listener's connections are accepted once they have sent data, or after this long; zero turns
    /// it off.
    DeferAccept(Duration),
    /// `TCP_SYNCNT`: how often a SYN is sent again before the attempt is given up.
    SynCount(u8),
    /// `SO_BINDTODEVICE`: the interface by which alone it sends and receives.
    Device(Option<InterfaceId>),
}

/// All that a socket of TCP has been told; what it has not been told is the host's. It is given to a socket that is yet to
/// listen or to connect; what a listener was told holds for the connections that it accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct StreamOptions {
    /// `SO_KEEPALIVE`.
    pub keep_alive: Option<bool>,
    /// `TCP_KEEPIDLE`.
    pub keep_idle: Option<Duration>,
    /// `TCP_KEEPINTVL`.
    pub keep_interval: Option<Duration>,
    /// `TCP_KEEPCNT`.
    pub keep_count: Option<u8>,
    /// `SO_LINGER`.
    pub linger: Option<Duration>,
    /// `SO_RCVBUF`.
    pub receive_buffer: Option<u32>,
    /// `SO_SNDBUF`.
    pub send_buffer: Option<u32>,
    /// `TCP_NODELAY`.
    pub nodelay: Option<bool>,
    /// `TCP_CORK`.
    pub cork: bool,
    /// `TCP_MAXSEG`.
    pub max_segment: Option<u16>,
    /// `TCP_CONGESTION`.
    pub congestion: Option<&'static str>,
    /// `TCP_QUICKACK`.
    pub quick_ack: bool,
    /// `TCP_USER_TIMEOUT`.
    pub user_timeout: Option<Duration>,
    /// `TCP_DEFER_ACCEPT`.
    pub defer_accept: Option<Duration>,
    /// `TCP_SYNCNT`.
    pub syn_count: Option<u8>,
    /// `SO_BINDTODEVICE`.
    pub device: Option<InterfaceId>,
    /// `IP_TTL`.
    pub ttl: Option<u8>,
    /// `IP_TOS`.
    pub tos: u8,
}

fn within<T: PartialOrd + Copy>(value: T, range: &RangeInclusive<T>) -> Result<Option<T>, SocketError> {
    if range.contains(&value) { Ok(Some(value)) } else { Err(SocketError::InvalidInput) }
}

impl StreamOptions {
    /// Notes what the socket is told.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range, `NotFound` for a controller that does not exist. Buffers are an
    /// exception, as they are on other systems: what is out of range becomes the nearest that is not.
    pub fn set(&mut self, option: StreamOption<'_>) -> Result<(), SocketError> {
        let unless_zero = |span: Duration| (span > Duration::ZERO).then_some(span);
        match option {
            StreamOption::KeepAlive(on) => self.keep_alive = Some(on),
            StreamOption::KeepIdle(span) => self.keep_idle = within(span, &KEEP_ALIVE)?,
            StreamOption::KeepInterval(span) => self.keep_interval = within(span, &KEEP_ALIVE)?,
            StreamOption::KeepCount(count) => self.keep_count = within(count, &TRIES)?,
            StreamOption::Linger(span) => self.linger = span,
            StreamOption::ReceiveBuffer(octets) => {
                self.receive_buffer = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()));
            }
            StreamOption::SendBuffer(octets) => {
                self.send_buffer = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()));
            }
            StreamOption::NoDelay(on) => self.nodelay = Some(on),
            StreamOption::Cork(on) => self.cork = on,
            StreamOption::MaxSegment(0) => self.max_segment = None,
            StreamOption::MaxSegment(octets) => self.max_segment = within(octets, &SEGMENT)?,
            StreamOption::Congestion(name) => {
                self.congestion = Some(congestion::known(name).ok_or(SocketError::NotFound)?);
            }
            StreamOption::QuickAck(on) => self.quick_ack = on,
            StreamOption::UserTimeout(span) => self.user_timeout = unless_zero(span),
            StreamOption::DeferAccept(span) => self.defer_accept = unless_zero(span),
            StreamOption::SynCount(count) => self.syn_count = within(count, &TRIES)?,
            StreamOption::Device(on) => self.device = on,
        }
        Ok(())
    }

    /// With everything said that the host says where the socket does not.
    pub(super) fn filled(&self, host: &Knobs) -> Self {
        Self {
            keep_alive: self.keep_alive.or(Some(host.keep_alive)),
            keep_idle: self.keep_idle.or(Some(host.keep_alive_idle)),
            keep_interval: self.keep_interval.or(Some(host.keep_alive_interval)),
            keep_count: self.keep_count.or(Some(host.keep_alive_count)),
            receive_buffer: self.receive_buffer.or(Some(host.receive_buffer)),
            send_buffer: self.send_buffer.or(Some(host.send_buffer)),
            nodelay: self.nodelay.or(Some(host.nodelay)),
            congestion: self.congestion.or(Some(host.congestion)),
            ..*self
        }
    }

    /// Whether it says anything that a connection needs settings of its own for.
    fn says_something(&self) -> bool {
        *self != Self { nodelay: self.nodelay, ttl: self.ttl, tos: self.tos, ..Self::default() }
    }
}

/// What holds for a connection: the host's knobs, with what the socket was told laid over them.
#[derive(Clone, Debug)]
pub struct Settings {
    knobs: Knobs,
    /// What the socket was told.
    pub options: StreamOptions,
}

impl Deref for Settings {
    type Target = Knobs;

    fn deref(&self) -> &Knobs {
        &self.knobs
    }
}

impl Settings {
    /// The host's own.
    pub fn of_host(knobs: Knobs) -> Self {
        Self { knobs, options: StreamOptions::default() }
    }

    /// A socket's, where it was told anything.
    pub fn of_socket(host: &Self, options: &StreamOptions) -> Option<Self> {
        options.says_something().then(|| Self::laid_over(host, options))
    }

    /// The host's knobs with `options` laid over.
    pub fn laid_over(host: &Self, options: &StreamOptions) -> Self {
        let told = options.filled(host);
        let mut knobs = host.knobs.clone();
        knobs.keep_alive = told.keep_alive.unwrap_or(knobs.keep_alive);
        knobs.keep_alive_idle = told.keep_idle.unwrap_or(knobs.keep_alive_idle);
        knobs.keep_alive_interval = told.keep_interval.unwrap_or(knobs.keep_alive_interval);
        knobs.keep_alive_count = told.keep_count.unwrap_or(knobs.keep_alive_count);
        knobs.receive_buffer = told.receive_buffer.unwrap_or(knobs.receive_buffer);
        knobs.send_buffer = told.send_buffer.unwrap_or(knobs.send_buffer);
        knobs.nodelay = told.nodelay.unwrap_or(knobs.nodelay);
        knobs.congestion = told.congestion.unwrap_or(knobs.congestion);
        if let Some(octets) = told.max_segment {
            knobs.max_mss = knobs.max_mss.min(octets);
        }
        if let Some(span) = told.user_timeout {
            (knobs.r2, knobs.syn_r2) = (span, span.min(knobs.syn_r2));
        }
        if told.quick_ack {
            knobs.delayed_ack = Duration::ZERO;
        }
        Self { knobs, options: *options }
    }

    /// The largest segment that is sent to a peer that would take more.
    pub fn segment_limit(&self) -> u16 {
        self.options.max_segment.unwrap_or(u16::MAX)
    }
}

/// What few connections have, in one box.
#[derive(Clone, Debug, Default)]
pub struct Seldom {
    /// Where settings of its own are, if its socket was told anything.
    pub settings: Option<Key>,
    /// What ICMP last said that may pass, and when: the reason, should the connection be given up without having got on
    /// since (RFC 9293 §3.9.2.2).
    pub soft_error: Option<(Instant, SocketError)>,
    /// More is to follow what was written last (`MSG_MORE`).
    pub more: bool,
    /// The owner reads no more (`SHUT_RD`).
    pub read_shut: bool,
    /// The peer has completed the handshake and is awaited to say something.
    pub deferred: bool,
    /// Until when the owner's close waits for the peer's acknowledgement.
    pub lingers_until: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_refused_and_buffers_are_clamped() {
        let mut options = StreamOptions::default();
        let mut set = |option| options.set(option);
        let secs = Duration::from_secs;
        for (fits, does_not) in [
            (StreamOption::KeepIdle(secs(1)), StreamOption::KeepIdle(Duration::from_millis(999))),
            (StreamOption::KeepIdle(secs(32_767)), StreamOption::KeepIdle(secs(32_768))),
            (StreamOption::KeepInterval(secs(32_767)), StreamOption::KeepInterval(secs(32_768))),
            (StreamOption::KeepCount(127), StreamOption::KeepCount(128)),
            (StreamOption::KeepCount(1), StreamOption::KeepCount(0)),
            (StreamOption::SynCount(127), StreamOption::SynCount(128)),
            (StreamOption::MaxSegment(88), StreamOption::MaxSegment(87)),
            (StreamOption::MaxSegment(32_767), StreamOption::MaxSegment(32_768)),
        ] {
            assert_eq!((set(fits), set(does_not)), (Ok(()), Err(SocketError::InvalidInput)), "{does_not:?}");
        }
        assert_eq!(set(StreamOption::Congestion("newreno")), Ok(()));
        assert_eq!(set(StreamOption::Congestion("nonesuch")), Err(SocketError::NotFound));
        for (told, becomes) in [(0, 2_048), (2_048, 2_048), (1 << 30, 1 << 30), (u32::MAX, 1 << 30)] {
            options.set(StreamOption::ReceiveBuffer(told)).unwrap();
            options.set(StreamOption::SendBuffer(told)).unwrap();
            assert_eq!((options.receive_buffer, options.send_buffer), (Some(becomes), Some(becomes)));
        }
    }

    #[test]
    fn what_every_connection_has_room_for_needs_no_settings() {
        let host = Settings::of_host(Knobs::rfc());
        let mut options =
            StreamOptions { nodelay: Some(true), ttl: Some(3), tos: 8, ..StreamOptions::default() };
        assert!(Settings::of_socket(&host, &options).is_none());
        options.set(StreamOption::KeepCount(3)).unwrap();
        let settings = Settings::of_socket(&host, &options).unwrap();
        assert_eq!((settings.keep_alive_count, settings.nodelay, settings.keep_alive), (3, true, false));
        assert_eq!(options.filled(&host).keep_idle, Some(host.keep_alive_idle));
    }
}
