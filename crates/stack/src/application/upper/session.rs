//! Upper case until the peer closes; several clients at once; how a session begins and ends is announced.

use core::net::SocketAddr;

use super::{BACKLOG, answer, upper_case};
use crate::application::AppError;
use crate::application::open::{connect, listen};
use crate::application::server::{AT_ONCE, serve_on};
use crate::socket::net::{received, report, result, sent, time};
use crate::time::Duration;

pub use crate::application::server::ServerConfig;

/// The port that the tutorial uses.
pub const PORT: u16 = 9999;

/// Octets that are received at once.
const RECEIVE: usize = 1_024;

/// The client: it sends its texts over one connection, each when the one before was answered.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends. An empty text would not be answered, and is passed over.
    pub texts: Vec<String>,
    /// How long it waits before each text but the first.
    pub pause: Duration,
}

/// Serves each connection with a task of its own.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn server(config: ServerConfig) -> Result<(), AppError> {
    serve_on(listen(config.local, BACKLOG)?, config.connections, AT_ONCE, |stream, peer| async move {
        report(format!("setup: {peer} has connected"));
        let ended = answer(stream, RECEIVE).await;
        report(format!("finish: {peer} has gone"));
        ended
    })
    .await
}

/// Sends its texts, and says each answer.
///
/// # Errors
/// When the connection fails, or ends within an answer.
pub async fn client(config: ClientConfig) -> Result<(), AppError> {
    let remote = config.remote;
    let stream = connect(remote).await?;
    for (place, text) in config.texts.iter().filter(|text| !text.is_empty()).enumerate() {
        if place > 0 && !config.pause.is_zero() {
            time::sleep(config.pause).await;
        }
        stream.write_all_bytes(text.clone().into()).await?;
        sent(text.as_bytes());
        let expected = upper_case(text.as_bytes()).len();
        let mut answer = Vec::with_capacity(expected);
        while answer.len() < expected {
            let octets = stream.read_bytes(expected - answer.len()).await?;
            if octets.is_empty() {
                return Err(AppError::new(format!("{remote} closed before it had answered {text:?}")));
            }
            received(&octets);
            answer.extend_from_slice(&octets);
        }
        result("answer", String::from_utf8_lossy(&answer).trim_end());
    }
    stream.shutdown_write()?;
    while !stream.read_bytes(RECEIVE).await?.is_empty() {}
    Ok(())
}
