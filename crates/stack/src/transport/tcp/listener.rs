//! A listener: not a connection. It counts the handshakes under way and queues what is complete.

use core::net::SocketAddr;
use std::collections::VecDeque;

use crate::transport::{Key, Readiness};

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
}

impl Listener {
    /// A listener with nobody waiting.
    pub const fn new(local: SocketAddr, backlog: usize) -> Self {
        Self { local, backlog, handshakes: 0, complete: VecDeque::new(), wants: Readiness::NONE }
    }

    /// Whether no further complete connection may wait.
    pub fn is_full(&self) -> bool {
        self.complete.len() >= self.backlog
    }
}
