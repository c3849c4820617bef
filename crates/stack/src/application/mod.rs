//! The application layer: programs as async functions over async sockets.
//!
//! Each takes a small configuration and runs on any executor that enters a host's seat around its polls
//! ([`socket::net`](crate::socket::net)). Peers and users are served until the application's own end; what it
//! sent, received and has to say reaches the observer under the application's name.

use core::fmt;

pub mod bulk;
pub mod dhcp;
pub mod discard;
pub mod echo;
pub mod ftp;
pub mod get;
pub mod group;
pub mod http;
mod lines;
mod open;
mod pattern;
pub mod ping;
mod race;
pub mod relay;
mod server;
pub mod small;
pub mod smtp;
pub mod terminal;
pub mod traceroute;
pub mod unix;
pub mod upper;

pub use pattern::Pattern;
pub use server::{AT_ONCE, LINGER, LINGER_OCTETS, serve, serve_on};
pub use upper::{UpperCase, upper_case};

/// Why an application failed: a text for people. Made from any error by `?`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppError(String);

impl AppError {
    /// An error that says `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: core::error::Error> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
