//! A listener: not a connection. It counts the handshakes under way and queues what is complete.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::settings::StreamOptions;
use crate::transport::{Key, Readiness, SocketError};

/// A listening socket.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Where it listens; the address may be unspecified.
    pub local: SocketAddr,
    /// How many complete connections may wait to be accepted.
    pub backlog: usize,
    /// Connections in SYN-RECEIVED.
    pub handshakes: usize,
    /// Complete connections, in the order of their completion.
    pub complete: VecDeque<Key>,
    /// What its owner waits for.
    pub wants: Readiness,
    /// What its connections are told.
    pub options: StreamOptions,
    /// Why nothing will come any more.
    pub error: Option<SocketError>,
    /// By what it has its port.
    pub claim: Key,
    key: Key,
}

impl Listener {
    /// A listener with nobody waiting.
    pub fn new(key: Key, claim: Key, local: SocketAddr, backlog: usize) -> Self {
        let (complete, wants) = (VecDeque::new(), Readiness::NONE);
        let options = StreamOptions::default();
        Self { local, backlog, handshakes: 0, complete, wants, options, error: None, claim, key }
    }

    /// Nothing will come any more. Its own key, for its owner to be woken.
    pub const fn fail(&mut self, error: SocketError) -> Key {
        self.error = Some(error);
        self.key
    }

    /// Whether no further complete connection may wait.
    pub fn is_full(&self) -> bool {
        self.complete.len() >= self.backlog
    }
}
