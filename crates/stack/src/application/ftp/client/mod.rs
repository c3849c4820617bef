//! The client: logs in, lists, and mirrors files and directories both ways. What breaks it goes on with.

mod control;
mod mirror;
mod transfer;

use core::fmt;
use core::net::SocketAddr;

use super::codec::command::Representation;
use super::codec::reply::Reply;
use crate::application::AppError;
use crate::socket::net::{report, time};
use crate::storage::FilePath;
use crate::time::Duration;

pub(in crate::application) use control::Control;
pub use control::REPLY;
pub(in crate::application) use mirror::log_in;
pub use mirror::{DEPTH, FILES};
pub(in crate::application) use transfer::Session;
pub use transfer::{DATA_IDLE, LISTING};

/// An FTP client.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub remote: SocketAddr,
    /// Who logs in.
    pub user: String,
    /// With this password.
    pub password: String,
    /// Whether the server connects to the client for each transfer; else the client connects.
    pub active: bool,
    /// How files go over the wire. What breaks is gone on with only as they are.
    pub representation: Representation,
    /// Directories of the server whose listing it says.
    pub lists: Vec<String>,
    /// What it fetches.
    pub gets: Vec<Get>,
    /// What it brings.
    pub puts: Vec<Put>,
    /// How often it begins, if it is broken off.
    pub attempts: u32,
    /// How long it waits before it begins again.
    pub pause: Duration,
}

/// A file or directory that is fetched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Get {
    /// The server's.
    pub from: String,
    /// The host's.
    pub to: FilePath,
}

/// A file or directory that is brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Put {
    /// The host's.
    pub from: FilePath,
    /// The server's.
    pub to: String,
}

/// Why a session failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::application) struct Failure {
    pub(in crate::application) text: String,
    /// It would fail again.
    pub(in crate::application) permanent: bool,
    /// The server does not know the command.
    unknown: bool,
}

impl Failure {
    /// What will not change by itself.
    pub(in crate::application) fn permanent(text: impl Into<String>) -> Self {
        Self { text: text.into(), permanent: true, unknown: false }
    }

    /// What may not happen the next time.
    pub(in crate::application) fn passing(text: impl Into<String>) -> Self {
        Self { text: text.into(), permanent: false, unknown: false }
    }

    /// The server refused something.
    fn refused(what: impl fmt::Display, reply: &Reply) -> Self {
        Self {
            text: format!("{what}: {reply}"),
            permanent: reply.code / 100 == 5,
            unknown: matches!(reply.code, 500 | 502),
        }
    }
}

/// What has gone wrong with a connection, or in time.
impl<E: core::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::passing(error.to_string())
    }
}

/// Does all that its configuration says, in that order: lists, fetches, brings.
///
/// # Errors
/// When the server refuses something, or each attempt was broken off.
pub async fn run(config: Config) -> Result<(), AppError> {
    for attempt in 1.. {
        let failure = match mirror::session(&config).await {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if failure.permanent || attempt >= config.attempts {
            return Err(AppError::new(failure.text));
        }
        report(format!("broken off, to be gone on with: {}", failure.text));
        time::sleep(config.pause).await;
    }
    Ok(())
}
