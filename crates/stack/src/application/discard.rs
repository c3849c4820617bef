//! Discard (RFC 863 §TCP, §UDP): throws away what it receives.

use super::AppError;
use super::open::bind;
use super::server::serve;
use crate::socket::net::{TcpStream, received};

pub use super::server::{ServerConfig, UdpServerConfig};

/// The port of both (RFC 863 §TCP).
pub const PORT: u16 = 9;

/// Octets that are read at once.
const READ: usize = 64 * 1024;

/// Reads each connection to its end. Several at once.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn tcp_server(config: ServerConfig) -> Result<(), AppError> {
    serve(config.local, config.connections, |stream, _| discard(stream)).await
}

async fn discard(stream: TcpStream) -> Result<(), AppError> {
    loop {
        let octets = stream.read_bytes(READ).await?;
        if octets.is_empty() {
            return Ok(());
        }
        received(&octets);
    }
}

/// Receives datagrams and does nothing with them.
///
/// # Errors
/// When it cannot be bound.
pub async fn udp_server(config: UdpServerConfig) -> Result<(), AppError> {
    let socket = bind(config.local).await?;
    let mut discarded = 0;
    while config.datagrams.is_none_or(|datagrams| discarded < datagrams) {
        let (octets, _) = socket.recv_bytes().await?;
        received(&octets);
        discarded = discarded.saturating_add(1);
    }
    Ok(())
}
