//! TCP's knobs, with presets.

use crate::time::Duration;

/// What becomes of a handshake that is completed while the listener's accept queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// Its last ACK is dropped: it comes again, with the peer's data or since the SYN-ACK does.
    Drop,
    /// It is reset (Linux: `tcp_abort_on_overflow`; FreeBSD: `net.inet.tcp.syncache.rst_on_sock_fail`).
    Reset,
}

/// What can be set of a host's TCP. The presets' sources stand at each value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knobs {
    /// Octets that an application may have queued unacknowledged per connection.
    pub send_buffer: u32,
    /// Octets of received data held per connection: the largest window offered.
    pub receive_buffer: u32,
    /// Ranges held out of order per connection; a segment that would begin one more is dropped.
    pub max_out_of_order_ranges: u16,
    /// Payloads shorter than this are copied together, so that small slices do not hold large storage.
    pub copy_below: u16,
    /// Half-open connections per listener; a SYN past it is dropped.
    pub max_syn_backlog: u16,
    /// What becomes of a handshake that is completed while the listener's accept queue is full.
    pub accept_overflow: Overflow,
    /// Answers outside connections (resets) that wait to be sent; more are not made.
    pub max_pending_replies: u16,

    /// Offers timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// Drops a segment without timestamps where they were agreed on (RFC 7323 §3.2).
    pub require_timestamps: bool,
    /// Offers window scaling (RFC 7323 §2).
    pub window_scaling: bool,
    /// Offers SACK (RFC 2018 §2).
    pub sack: bool,
    /// The largest MSS offered; the interface's MTU limits it too.
    pub max_mss: u16,
    /// Nagle's algorithm is off on new connections (RFC 9293 §3.7.4).
    pub nodelay: bool,
    /// How long an acknowledgement may wait, below 500 ms (RFC 9293 §3.8.6.3).
    pub delayed_ack: Duration,

    /// The congestion controller of new connections, by its name.
    pub congestion: &'static str,
    /// The initial window in segments (RFC 6928 §2).
    pub initial_window: u16,
    /// Duplicate acknowledgements that mean a loss (RFC 5681 §3.2).
    pub duplicate_threshold: u8,
    /// The RTO before the first measurement (RFC 6298 §2.1).
    pub initial_rto: Duration,
    /// The least RTO (RFC 6298 §2.4).
    pub min_rto: Duration,
    /// The greatest RTO, with its back-off (RFC 6298 §2.5).
    pub max_rto: Duration,
    /// R2: a connection whose data is not acknowledged for this long is given up (RFC 9293 §3.8.3).
    pub r2: Duration,
    /// R2 for a SYN (RFC 9293 §3.8.3: at least three minutes).
    pub syn_r2: Duration,
    /// MSL: TIME-WAIT lasts twice as long (RFC 9293 §3.4.2).
    pub msl: Duration,
    /// How long a closed socket waits for the peer's FIN; `None`: for ever, as RFC 9293 §3.6 has it.
    pub fin_wait2_timeout: Option<Duration>,
    /// Least time between two challenge ACKs of a connection (RFC 5961 §7).
    pub challenge_ack_interval: Duration,
    /// Whether ICMP errors that may pass, such as host unreachable, end a handshake at once (RFC 5461 §3): Linux does so,
    /// which RFC 9293 §3.9.2.2 forbids.
    pub soft_errors_end_handshakes: bool,

    /// Sends keep-alives (RFC 9293 §3.8.4: off unless asked for).
    pub keep_alive: bool,
    /// Silence before the first keep-alive.
    pub keep_alive_idle: Duration,
    /// Time between unanswered keep-alives.
    pub keep_alive_interval: Duration,
    /// Unanswered keep-alives before the connection is given up.
    pub keep_alive_count: u8,

    /// Lets no segment be predicted: what the eight checks do with each is what a test compares with.
    #[cfg(test)]
    pub unpredicted: bool,
}

impl Knobs {
    /// The documents' defaults; buffers, which no document sets, hold 256 KiB.
    pub fn rfc() -> Self {
        Self {
            send_buffer: 256 * 1024,
            receive_buffer: 256 * 1024,
            max_out_of_order_ranges: 256,
            copy_below: 256,
            max_syn_backlog: 128,
            accept_overflow: Overflow::Drop,
            max_pending_replies: 64,
            timestamps: true,
            require_timestamps: true,
            window_scaling: true,
            sack: true,
            max_mss: u16::MAX,
            nodelay: false,
            delayed_ack: Duration::from_millis(200),
            congestion: "newreno",
            initial_window: 10,
            duplicate_threshold: 3,
            initial_rto: Duration::from_secs(1),
            min_rto: Duration::from_secs(1),
            max_rto: Duration::from_secs(60),
            r2: Duration::from_secs(100),
            syn_r2: Duration::from_secs(180),
            msl: Duration::from_secs(120),
            fin_wait2_timeout: None,
            challenge_ack_interval: Duration::from_millis(500),
            soft_errors_end_handshakes: false,
            keep_alive: false,
            keep_alive_idle: Duration::from_secs(7200),
            keep_alive_interval: Duration::from_secs(75),
            keep_alive_count: 9,
            #[cfg(test)]
            unpredicted: false,
        }
    }

    /// Whether segments are predicted (always, but in the test of that).
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "the knob is a test's"))]
    pub(super) const fn predicts(&self) -> bool {
        #[cfg(test)]
        return !self.unpredicted;
        #[cfg(not(test))]
        true
    }

    /// What Linux does, where this TCP can do it: `tcp_abort_on_overflow` off, `tcp_rto_min` 200 ms, `TCP_RTO_MAX` 120 s, `tcp_retries2` 15 (924.6 s
    /// from the least RTO), `tcp_syn_retries` 6 (127 s), `TCP_TIMEWAIT_LEN` and `tcp_fin_timeout` 60 s, `TCP_DELACK_MIN`
    /// 40 ms.
    pub fn linux() -> Self {
        Self {
            delayed_ack: Duration::from_millis(40),
            min_rto: Duration::from_millis(200),
            max_rto: Duration::from_secs(120),
            r2: Duration::from_millis(924_600),
            syn_r2: Duration::from_secs(127),
            msl: Duration::from_secs(30),
            fin_wait2_timeout: Some(Duration::from_secs(60)),
            max_syn_backlog: 4096,
            soft_errors_end_handshakes: true,
            require_timestamps: false,
            ..Self::rfc()
        }
    }

    /// What FreeBSD does, where this TCP can do it: `net.inet.tcp.rexmit_min` 30 ms, `delacktime` 40 ms, `msl` 30 s,
    /// `finwait2_timeout` 60 s, `syncache.rst_on_sock_fail` on, 64 KiB receive and 32 KiB send buffers, keep-alives on.
    pub fn freebsd() -> Self {
        Self {
            send_buffer: 32 * 1024,
            receive_buffer: 64 * 1024,
            delayed_ack: Duration::from_millis(40),
            min_rto: Duration::from_millis(30),
            max_rto: Duration::from_secs(64),
            syn_r2: Duration::from_secs(75),
            msl: Duration::from_secs(30),
            fin_wait2_timeout: Some(Duration::from_secs(60)),
            require_timestamps: false,
            accept_overflow: Overflow::Reset,
            keep_alive: true,
            keep_alive_count: 8,
            ..Self::rfc()
        }
    }

    /// The window scale to offer: the least shift with which the receive buffer fits the header's 16 bits.
    pub fn window_scale(&self) -> u8 {
        let mut shift = 0;
        while shift < super::options::MAX_WINDOW_SCALE && self.receive_buffer >> shift > u32::from(u16::MAX) {
            shift += 1;
        }
        shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_least_that_fits() {
        let scale = |receive_buffer| Knobs { receive_buffer, ..Knobs::rfc() }.window_scale();
        assert_eq!((scale(65_535), scale(65_536), scale(256 * 1024), scale(u32::MAX)), (0, 1, 3, 14));
    }
}
