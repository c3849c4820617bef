//! Echo: the server sends back what it receives in upper case.

use core::net::SocketAddr;

use super::AppError;
use crate::time::Duration;

/// A TCP echo server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections; without a number it goes on for ever.
    pub connections: Option<u32>,
}

/// A TCP echo client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends, one write each.
    pub texts: Vec<String>,
    /// How long it waits before each text but the first.
    pub pause: Duration,
}

/// A UDP echo server.
#[derive(Clone, Debug)]
pub struct UdpServerConfig {
    /// Where it is bound.
    pub local: SocketAddr,
    /// It ends after so many datagrams; without a number it goes on for ever.
    pub datagrams: Option<u32>,
}

/// A UDP echo client: each text is a datagram, sent again until its answer comes.
#[derive(Clone, Debug)]
pub struct UdpClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends.
    pub texts: Vec<String>,
    /// How long it waits for an answer before it sends again; doubled each time.
    pub timeout: Duration,
    /// How often it sends a text before it gives up.
    pub attempts: u32,
}

/// Answers each connection in upper case until its client half-closes. Several at once.
///
/// # Errors
/// When it cannot listen.
pub async fn tcp_server(config: ServerConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Sends its texts, half-closes, and reads to the end.
///
/// # Errors
/// When the connection fails.
pub async fn tcp_client(config: ClientConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Answers each datagram in upper case.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_server(config: UdpServerConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Sends its texts one by one.
///
/// # Errors
/// When a text is not answered.
pub async fn udp_client(config: UdpClientConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}
