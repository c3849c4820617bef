//! A TCP connection as seen from outside.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, SocketAddr};

use crate::time::Duration;

/// A connection's name: its two ends, this host's first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ConnectionId {
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
}

/// Few and whole words: connections are looked up for every segment.
impl Hash for ConnectionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.local.ip(), self.remote.ip()) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                state.write_u64((u64::from(local.to_bits()) << 32) | u64::from(remote.to_bits()));
            }
            (local, remote) => (local, remote).hash(state),
        }
        state.write_u32((u32::from(self.local.port()) << 16) | u32::from(self.remote.port()));
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.local, self.remote)
    }
}

/// The states of RFC 9293 §3.3.2. (`LISTEN` is a listener's, not a connection's.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "RFC 9293 §3.3.2 names and describes them")]
pub enum State {
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Closed,
}

impl State {
    /// The RFC's spelling: `SYN-SENT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
        }
    }

    /// Whether both SYNs have been exchanged and acknowledged.
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, Self::SynSent | Self::SynReceived | Self::Closed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ending {
    /// It has not.
    Open,
    /// Both directions were closed by FIN and acknowledged.
    Clean,
    /// The peer reset it.
    Reset,
    /// This end's application aborted it, or closed it with data unread.
    Aborted,
    /// The peer refused it: a reset answered the SYN.
    Refused,
    /// No answer came within R2 (RFC 9293 §3.8.3).
    TimedOut,
    /// ICMP or ARP said that the peer cannot be reached.
    Unreachable,
}

impl Ending {
    /// Its name in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Clean => "clean",
            Self::Reset => "reset",
            Self::Aborted => "aborted",
            Self::Refused => "refused",
            Self::TimedOut => "timed-out",
            Self::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a connection has counted. Segments and octets of payload; retransmissions are in the sent counts too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say it; the type's text says the unit")]
pub struct Counters {
    pub sent_segments: u64,
    pub received_segments: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// Octets that the peer acknowledged.
    pub acked_bytes: u64,
    /// Octets handed to the application, in order, once.
    pub delivered_bytes: u64,
    pub retransmitted_segments: u64,
    pub retransmitted_bytes: u64,
    /// Expiries of the retransmission timer.
    pub rto_expiries: u32,
    /// Entries into fast recovery.
    pub fast_recoveries: u32,
    pub duplicate_acks_received: u32,
    pub out_of_order_segments: u32,
    /// Received segments of which nothing was new.
    pub duplicate_segments: u32,
    pub zero_window_probes: u32,
    pub keep_alives: u32,
    pub challenge_acks: u32,
}

/// The sender's variables at one instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Congestion window in octets.
    pub cwnd: u32,
    /// Slow-start threshold in octets; `u32::MAX` before the first congestion.
    pub ssthresh: u32,
    /// Smoothed round-trip time (RFC 6298 §2), zero before the first sample.
    pub srtt: Duration,
    /// Retransmission time-out with its back-off.
    pub rto: Duration,
    /// Octets sent and not yet acknowledged, SACKed or declared lost.
    pub bytes_in_flight: u32,
    /// Octets acknowledged or SACKed so far.
    pub delivered: u64,
}

/// A connection's state and counters, in the manner of `TCP_INFO`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionInfo {
    /// State now (or the last one).
    pub state: State,
    /// How it ended.
    pub ending: Ending,
    /// Maximum segment size that is sent, in octets of payload with no options.
    pub mss: u16,
    /// The peer's window, in octets.
    pub snd_wnd: u32,
    /// The window offered, in octets.
    pub rcv_wnd: u32,
    /// The sender's variables.
    pub metrics: Metrics,
    /// What was counted.
    pub counters: Counters,
}
