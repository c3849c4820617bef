//! Congestion control: a boxed trait fed snapshots, answering a window. A controller is one file and one line in
//! [`CONTROLLERS`]; it holds no reference to the sender.

use core::fmt::Debug;

use super::inflight::Record;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

mod newreno;

pub use newreno::NewReno;

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its octets of sequence space.
    pub bytes: u32,
    /// Octets in flight before it.
    pub in_flight: u32,
    /// Whether it was sent before.
    pub retransmission: bool,
}

/// What one acknowledgement told.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// Octets acknowledged cumulatively by it.
    pub newly_acked: u32,
    /// Octets SACKed by it.
    pub newly_sacked: u32,
    /// Octets in flight after it.
    pub in_flight: u32,
    /// Octets in flight before it.
    pub prior_in_flight: u32,
    /// Its round-trip sample, if it gave one.
    pub rtt: Option<Duration>,
    /// Its delivery-rate sample, if it gave one.
    pub rate: Option<RateSample>,
    /// Octets delivered so far.
    pub delivered: u64,
    /// Whether a round trip of data has been acknowledged since the last such ACK.
    pub round_start: bool,
    /// Whether the sender is repairing a loss.
    pub in_recovery: bool,
    /// Whether the window, not the application or the peer, held the sender back.
    pub window_limited: bool,
}

/// How fast data was delivered, by the records of what was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct RateSample {
    /// Octets delivered over `interval`.
    pub delivered: u64,
    /// The longer of the time to send them and the time to acknowledge them.
    pub interval: Duration,
    /// Whether the application had nothing more to send meanwhile.
    pub app_limited: bool,
}

/// Signs of congestion, and of its end.
#[derive(Clone, Copy, Debug)]
pub enum Congestion<'a> {
    /// Segments were found lost, and fast recovery begins.
    Lost {
        /// The first of them.
        record: &'a Record,
        /// Octets in flight when they were found lost, the lost ones included.
        flight_size: u32,
    },
    /// The peer echoed a mark (RFC 3168 §6.1.2).
    EcnMark,
    /// The retransmission timer expired.
    Timeout {
        /// Octets sent and not acknowledged.
        flight_size: u32,
        /// Whether the same data had timed out before.
        again: bool,
    },
    /// The loss is repaired.
    Recovered {
        /// Octets in flight.
        in_flight: u32,
    },
    /// The last sign was false: undo it.
    Spurious,
    /// Nothing was sent for longer than an RTO.
    Idle,
}

/// The connection as a controller sees it.
pub struct Path<'a> {
    /// The turn's instant.
    pub now: Instant,
    /// Octets of payload in a full segment.
    pub mss: u32,
    /// The smoothed round-trip time; zero before the first sample.
    pub srtt: Duration,
    /// The least round-trip time so far.
    pub min_rtt: Option<Duration>,
    /// The host's draws.
    pub rng: &'a mut Rng,
}

/// A congestion controller.
pub trait CongestionControl: Debug + Send {
    /// Its name in knobs and summaries.
    fn name(&self) -> &'static str;
    /// A segment was sent. Only where [`watches_sending`](Self::watches_sending) says so.
    fn on_sent(&mut self, sent: &Sent, path: &mut Path<'_>) {
        let _ = (sent, path);
    }
    /// Whether it wants to be told of each segment sent; most learn from acknowledgements alone. It does not change.
    fn watches_sending(&self) -> bool {
        false
    }
    /// An acknowledgement of something new came.
    fn on_ack(&mut self, ack: &Ack, path: &mut Path<'_>);
    /// Congestion was noticed, or is over.
    fn on_congestion(&mut self, event: Congestion<'_>, path: &mut Path<'_>);
    /// Octets that may be in flight. It changes only when the controller is told something.
    fn window(&self) -> u32;
    /// The slow-start threshold in octets, `u32::MAX` where there is none.
    fn ssthresh(&self) -> u32;
    /// Octets per second at which to send, where it paces.
    fn pacing_rate(&self) -> Option<u64> {
        None
    }
    /// Octets to send at once, where it paces.
    fn send_quantum(&self) -> u32 {
        u32::MAX
    }
    /// Whether it sets the window during recovery itself.
    fn owns_recovery(&self) -> bool {
        false
    }
    /// A copy of it: a host is a value.
    fn clone_box(&self) -> Box<dyn CongestionControl>;
}

impl Clone for Box<dyn CongestionControl> {
    fn clone(&self) -> Self {
        self.clone_box()
    }
}

/// Makes a controller for a segment size in octets and an initial window in segments.
pub type Maker = fn(mss: u32, initial_window: u16) -> Box<dyn CongestionControl>;

/// The controllers there are.
pub const CONTROLLERS: &[(&str, Maker)] = &[
    ("newreno", NewReno::boxed),
    #[cfg(test)]
    ("still", super::tests::still),
];

/// The name of a controller that there is.
pub fn known(name: &str) -> Option<&'static str> {
    CONTROLLERS.iter().map(|(known, _)| *known).find(|known| *known == name)
}

/// A new controller of the given name; the first of the table where there is none.
pub fn controller(name: &str, mss: u32, initial_window: u16) -> Box<dyn CongestionControl> {
    let named = CONTROLLERS.iter().find(|(known, _)| *known == name).unwrap_or(&CONTROLLERS[0]);
    named.1(mss, initial_window)
}
