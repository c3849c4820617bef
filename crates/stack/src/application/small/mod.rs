//! The small services: echo (RFC 862), character generator (RFC 864), daytime (RFC 867) and time (RFC 868), over TCP and
//! UDP. Discard has a file of its own: it answers nothing.
//!
//! | where is … | look in |
//! |---|---|
//! | the servers | [`serve`] |
//! | the clients | [`ask`] |
//! | lines of characters | [`chargen`] |
//! | dates | [`date`] |

pub mod chargen;
mod client;
pub mod date;
mod server;
mod udp;

use core::net::SocketAddr;

use crate::time::Duration;

pub use client::ask;
pub use server::{LOOPING_PORTS, serve};

/// Which service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// What comes goes back (RFC 862 §TCP).
    Echo,
    /// Lines of characters without end (RFC 864 §TCP).
    Chargen,
    /// The date in words (RFC 867 §TCP).
    Daytime,
    /// Seconds since 1900, in four octets (RFC 868 §The Time).
    Time,
}

impl Service {
    /// Its well-known port.
    pub const fn port(self) -> u16 {
        match self {
            Self::Echo => 7,
            Self::Chargen => 19,
            Self::Daytime => 13,
            Self::Time => 37,
        }
    }
}

/// What carries a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// A connection each.
    Tcp,
    /// A datagram each.
    Udp,
}

/// A server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// What it serves.
    pub service: Service,
    /// Over what.
    pub transport: Transport,
    /// Where it listens.
    pub local: SocketAddr,
    /// It ends after so many connections or datagrams; without a number it goes on for ever.
    pub requests: Option<u32>,
}

/// A client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// What it asks for.
    pub service: Service,
    /// Over what.
    pub transport: Transport,
    /// The server.
    pub remote: SocketAddr,
    /// Of echo: what it sends; each text is compared with what comes back.
    pub texts: Vec<String>,
    /// Of a character generator over TCP: how many octets it reads, and compares with what they must be.
    pub bytes: u64,
    /// Over UDP: how long it waits for an answer before it asks again; doubled each time.
    pub timeout: Duration,
    /// Over UDP: how often it asks before it gives up.
    pub attempts: u32,
}
