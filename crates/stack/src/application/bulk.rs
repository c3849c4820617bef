//! Bulk transfer: a source of deterministic octets, and a sink.

use core::net::SocketAddr;

use super::AppError;
use crate::time::Duration;

/// A TCP source: connects, sends, half-closes, and waits for the peer's end.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The sink.
    pub remote: SocketAddr,
    /// How many octets, exactly.
    pub bytes: u64,
    /// Which octets: see [`Pattern`](super::Pattern).
    pub seed: u64,
}

/// A TCP sink: reads each connection to its end, then closes.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections; without a number it goes on for ever.
    pub connections: Option<u32>,
}

/// A UDP source.
#[derive(Clone, Debug)]
pub struct UdpSourceConfig {
    /// The sink.
    pub remote: SocketAddr,
    /// How many octets in all, exactly.
    pub bytes: u64,
    /// Which octets: see [`Pattern`](super::Pattern).
    pub seed: u64,
    /// Octets in a datagram; the last may be shorter.
    pub datagram: usize,
    /// From the beginning of one datagram to the next; zero sends as fast as the host takes them.
    pub interval: Duration,
}

/// A UDP sink.
#[derive(Clone, Debug)]
pub struct UdpSinkConfig {
    /// Where it is bound.
    pub local: SocketAddr,
    /// It ends once it has received so many octets.
    pub bytes: Option<u64>,
    /// It ends when nothing came for so long after the first datagram.
    pub idle: Option<Duration>,
}

/// Sends the pattern over TCP.
///
/// # Errors
/// When the connection fails.
pub async fn tcp_source(config: SourceConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Receives over TCP. What it receives it shows to the observer.
///
/// # Errors
/// When it cannot listen, or a connection fails.
pub async fn tcp_sink(config: SinkConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Sends the pattern over UDP.
///
/// # Errors
/// When it cannot be sent.
pub async fn udp_source(config: UdpSourceConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Receives over UDP. What it receives it shows to the observer.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_sink(config: UdpSinkConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}
