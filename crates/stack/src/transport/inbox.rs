//! What waits for its owner to be received: datagrams, or packets, up to a number of octets.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::udp::Received;
use crate::network::options::List;

/// A receive queue. What it holds is the storage, not what was sent: many small ones fill it too.
#[derive(Clone, Default, Debug)]
pub struct Inbox {
    waiting: VecDeque<Received>,
    /// Storage that is held, in octets.
    held: usize,
}

impl Inbox {
    /// Keeps one more; false where more than `limit` octets would be held.
    pub fn put(&mut self, received: Received, limit: usize) -> bool {
        let held = self.held + storage(&received);
        if held > limit {
            return false;
        }
        self.held = held;
        self.waiting.push_back(received);
        true
    }

    /// Takes the next.
    pub fn take(&mut self) -> Option<Received> {
        let received = self.waiting.pop_front()?;
        self.held -= storage(&received);
        if self.waiting.is_empty() {
            // An idle socket holds no buffers.
            self.waiting = VecDeque::new();
        }
        Some(received)
    }

    /// The next, which stays.
    pub fn first(&self) -> Option<&Received> {
        self.waiting.front()
    }

    /// Octets of payload that wait.
    pub fn readable(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.payload.len()).sum()
    }

    /// Drops what is not from `peer`.
    pub fn keep_from(&mut self, peer: SocketAddr) {
        self.waiting.retain(|waiting| waiting.from == peer);
        self.held = self.waiting.iter().map(storage).sum();
    }
}

/// Octets that one holds. Its payload has storage of its own: it was copied, or it fills most of what it came in.
fn storage(received: &Received) -> usize {
    let options = if received.options.is_some() { size_of::<List>() } else { 0 };
    received.payload.len() + size_of::<Received>() + options
}
