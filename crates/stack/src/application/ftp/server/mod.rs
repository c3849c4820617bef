//! The server: a state machine without I/O, and the application around it.

mod data;
mod files;
mod listing;
mod session;
mod state;
#[cfg(test)]
mod tests;

use core::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::application::AppError;
use crate::application::server::{Seats, serve as serve_connections};
use crate::socket::net::TcpStream;
use crate::storage::FilePath;
use crate::time::Duration;

pub use listing::{STATUS_LINES, UNIQUE_NAMES};
pub use session::HELD;
pub use state::{COMMANDS, ERRORS, LOGINS};

/// Sessions at once; who comes then is told to come later.
pub const SESSIONS: usize = 1_024;
/// How long a session may go without a whole command (RFC 1123 §4.1.3.2: at least five minutes).
pub const IDLE: Duration = Duration::from_secs(5 * 60);
/// How long it waits for a data connection.
pub const DATA_CONNECTION: Duration = Duration::from_secs(60);
/// How long a data connection may go without an octet.
pub const DATA_IDLE: Duration = Duration::from_secs(2 * 60);
/// How long an answer may wait for room on the control connection.
pub const REPLY: Duration = Duration::from_secs(60);
/// How long the answer to a wrong password waits (RFC 2577 §5).
pub const LOGIN_DELAY: Duration = Duration::from_secs(5);
/// Connections to a passive port, by others than the client, that are turned away before it is given up.
pub const STRANGERS: u32 = 16;

/// Somebody who may log in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Whether files may be changed.
    pub writes: bool,
}

/// What somebody without a name may do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Anonymous {
    /// Nothing: there is no such login.
    No,
    /// List and read.
    #[default]
    Read,
    /// All.
    Write,
}

/// An FTP server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub local: SocketAddr,
    /// The directory of the host's files that is the root of what is served.
    pub root: FilePath,
    /// Those who have names.
    pub users: Vec<User>,
    /// Those who have none: `anonymous` and `ftp`, with any password.
    pub anonymous: Anonymous,
    /// It ends after so many sessions; without a number it goes on for ever.
    pub sessions: Option<u32>,
}

/// Serves files. Several sessions at once.
///
/// # Errors
/// When it cannot listen, or one of a limited number of sessions failed.
pub async fn serve(config: Config) -> Result<(), AppError> {
    let local = config.local;
    let sessions = config.sessions;
    let config = Arc::new(config);
    let seats = Seats::new(SESSIONS);
    serve_connections(local, sessions, move |stream, peer| {
        let (config, seats) = (Arc::clone(&config), seats.clone());
        async move {
            let seat = seats.take();
            session::run(stream, peer.ip(), &config, seat.is_some()).await
        }
    })
    .await
}

/// The address of the host's own end, to which a client may connect too.
fn own_ip(control: &TcpStream) -> Result<IpAddr, AppError> {
    Ok(control.local_addr()?.ip())
}
