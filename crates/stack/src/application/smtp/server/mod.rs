//! The server: a state machine without I/O, and the application around it.

mod deliver;
mod session;
mod state;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use core::sync::atomic::AtomicU64;
use std::sync::Arc;

use crate::application::AppError;
use crate::application::server::{Seats, serve as serve_connections};
use crate::storage::FilePath;
use crate::time::Duration;

pub use state::{COMMANDS, ERRORS, RECIPIENTS};

/// Sessions at once; who comes then is told to come later.
pub const SESSIONS: usize = 1_024;
/// How long the server waits for a whole command, or line of a text (RFC 5321 §4.5.3.2.7: at least five minutes).
pub const COMMAND: Duration = Duration::from_secs(5 * 60);
/// How long one message may take, however steadily it drips.
pub const MESSAGE: Duration = Duration::from_secs(60 * 60);
/// How long an answer may wait for room on the connection.
pub const REPLY: Duration = Duration::from_secs(5 * 60);
/// Octets of a message that is refused already which are still read, to say so; then the connection is closed.
pub const OVERRUN: u64 = 1024 * 1024;

/// Octets of a message where nothing else is said.
pub const DEFAULT_SIZE: u64 = 10 * 1024 * 1024;

/// An SMTP server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub local: SocketAddr,
    /// What it calls itself.
    pub name: String,
    /// The domains for which it takes mail, and stores it here. For others it takes none: it does not relay. Where none is
    /// named it takes, and stores, mail for all.
    pub domains: Vec<String>,
    /// The directory of the host's files where messages are stored.
    pub store: FilePath,
    /// The most octets that a message may have.
    pub size: u64,
    /// It ends after so many sessions; without a number it goes on for ever.
    pub sessions: Option<u32>,
}

/// Takes mail. Several sessions at once.
///
/// # Errors
/// When it cannot listen, its store cannot be made, or one of a limited number of sessions failed.
pub async fn serve(config: Config) -> Result<(), AppError> {
    let (local, sessions) = (config.local, config.sessions);
    let first = deliver::open(&config.store)?;
    let shared = Arc::new(Shared { config, seats: Seats::new(SESSIONS), next: AtomicU64::new(first) });
    serve_connections(local, sessions, move |stream, peer| {
        let shared = Arc::clone(&shared);
        async move {
            let seat = shared.seats.take();
            session::run(stream, peer.ip(), &shared, seat.is_some()).await
        }
    })
    .await
}

/// What all sessions have.
struct Shared {
    config: Config,
    seats: Seats,
    /// The number of the next message.
    next: AtomicU64,
}
