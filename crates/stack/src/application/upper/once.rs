//! One receive of at most so many octets, their upper case sent, the connection closed; one client at a time.

use core::net::SocketAddr;

use super::{BACKLOG, upper_case};
use crate::application::AppError;
use crate::application::open::{connect, listen};
use crate::socket::net::{TcpStream, received, report, result, sent};

pub use crate::application::server::ServerConfig;

/// The port that the tutorial uses.
pub const PORT: u16 = 6999;

/// Octets that are received of a connection, at most.
pub const RECEIVE: usize = 1_024;

/// The client: each text is sent on a connection of its own.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The server.
    pub remote: SocketAddr,
    /// What it sends.
    pub texts: Vec<String>,
}

/// Serves one connection after the other. What a client sent beyond the one receive is not read: its connection is reset
/// when it is closed.
///
/// # Errors
/// When it cannot listen, or one of a limited number of connections failed.
pub async fn server(config: ServerConfig) -> Result<(), AppError> {
    let listener = listen(config.local, BACKLOG)?;
    let (mut served, mut failed) = (0, None);
    while config.connections.is_none_or(|connections| served < connections) {
        let (stream, peer) = listener.accept().await?;
        served = served.saturating_add(1);
        if let Err(error) = answer(stream).await {
            report(format!("connection from {peer}: {error}"));
            failed.get_or_insert(AppError::new(format!("connection from {peer}: {error}")));
        }
    }
    // Of a server without end nobody would hear; each failure was reported.
    failed.map_or(Ok(()), Err)
}

async fn answer(stream: TcpStream) -> Result<(), AppError> {
    let octets = stream.read_bytes(RECEIVE).await?;
    received(&octets);
    let answer = upper_case(&octets);
    sent(&answer);
    stream.write_all_bytes(answer.into()).await?;
    Ok(())
}

/// Sends each text, and reads to the end of the connection; what it has read it says.
///
/// # Errors
/// When a connection fails.
pub async fn client(config: ClientConfig) -> Result<(), AppError> {
    for text in &config.texts {
        let stream = connect(config.remote).await?;
        stream.write_all_bytes(text.clone().into()).await?;
        sent(text.as_bytes());
        let mut answer = Vec::new();
        // Upper case may be longer than what it is of: at most three times, by Unicode's own tables.
        while answer.len() < 3 * RECEIVE {
            let octets = stream.read_bytes(3 * RECEIVE - answer.len()).await?;
            if octets.is_empty() {
                break;
            }
            received(&octets);
            answer.extend_from_slice(&octets);
        }
        result("answer", &String::from_utf8_lossy(&answer));
    }
    Ok(())
}
