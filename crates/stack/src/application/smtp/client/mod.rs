//! The client: sends a file to recipients.

mod plan;
mod session;

use core::net::SocketAddr;

use super::codec::address::Address;
use crate::application::AppError;
use crate::socket::net::{report, time};
use crate::storage::FilePath;
use crate::time::Duration;

pub use plan::Unsendable;

/// How long it waits for the greeting (RFC 5321 §4.5.3.2.1).
pub const GREETING: Duration = Duration::from_secs(5 * 60);
/// How long it waits for the answer to `MAIL` (§4.5.3.2.2), to `RCPT` (§4.5.3.2.3), and to all else.
pub const COMMAND: Duration = Duration::from_secs(5 * 60);
/// How long it waits for the answer to `DATA` (RFC 5321 §4.5.3.2.4).
pub const DATA: Duration = Duration::from_secs(2 * 60);
/// How long a block of the text may wait to be sent (RFC 5321 §4.5.3.2.5).
pub const BLOCK: Duration = Duration::from_secs(3 * 60);
/// How long it waits for the answer to the text's end (RFC 5321 §4.5.3.2.6): the server works the while, and who goes
/// away then sends the message twice.
pub const END: Duration = Duration::from_secs(10 * 60);

/// Octets of a message that it sends.
pub const SIZE: u64 = 1024 * 1024 * 1024;

/// An SMTP client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub remote: SocketAddr,
    /// What the client calls itself.
    pub name: String,
    /// Whom to tell if something is wrong with the message; nobody where it is such a notice itself.
    pub from: Option<Address>,
    /// Those who get it.
    pub to: Vec<Address>,
    /// The host's file that is the message, with its header. Its lines may end with LF or CR LF.
    pub message: FilePath,
    /// How often it tries, while what is wrong may pass.
    pub attempts: u32,
    /// How long it waits before it tries again.
    pub pause: Duration,
}

/// Why an attempt failed, for the recipients that are left.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Failure {
    text: String,
    /// It would fail again.
    permanent: bool,
}

/// What has gone wrong with a connection, or in time.
impl<E: core::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { text: error.to_string(), permanent: false }
    }
}

/// Sends a message.
///
/// # Errors
/// When the server does not take it for each recipient.
pub async fn run(config: Config) -> Result<(), AppError> {
    let mut left = config.to.clone();
    let mut refused = Vec::new();
    for attempt in 1.. {
        let failure = match session::send(&config, &mut left, &mut refused).await {
            Ok(()) if left.is_empty() => break,
            Ok(()) => Failure { text: "recipients are left for later".to_owned(), permanent: false },
            Err(failure) => failure,
        };
        if failure.permanent || attempt >= config.attempts {
            return Err(AppError::new(failure.text));
        }
        report(format!("not sent, to be tried again: {}", failure.text));
        time::sleep(config.pause).await;
    }
    if refused.is_empty() { Ok(()) } else { Err(AppError::new(refused.join("; "))) }
}
