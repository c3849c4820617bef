//! One socket within a host: what it is, and what has come to it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::knobs::MESSAGE_OVERHEAD;
use super::{Address, Type};
use crate::transport::{Key, Readiness, SocketError};

/// Who a socket belongs to (`SO_PEERCRED`): hosts here have applications where a system has processes and users.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// The application's name.
    pub application: Arc<str>,
}

/// What came from a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it carried. Of a stream: the next octets.
    pub payload: Bytes,
    /// Where the sender of a datagram is bound.
    pub from: Address,
    /// Octets that it had; more than `payload` has where a datagram or a record was cut.
    pub length: usize,
}

/// What a socket is at.
#[derive(Clone, Debug)]
pub enum Role {
    /// Neither of the others. A socket of datagrams without a peer is this.
    Idle,
    /// It listens: so many connections may wait, and these do.
    Listening { backlog: usize, pending: VecDeque<Key> },
    /// It has a peer, or had one.
    Connected { peer: Key },
}

/// A socket.
#[derive(Clone, Debug)]
pub struct Socket {
    /// Its type.
    pub kind: Type,
    /// Where it is bound. A connection that a listener has made has the listener's name.
    pub address: Address,
    /// What it is at.
    pub role: Role,
    /// Who it belongs to.
    pub owner: Credentials,
    /// Who was at the other end when the two were connected.
    pub peer_owner: Option<Credentials>,
    /// Nothing more is to be read, once the queue is empty.
    pub shut_read: bool,
    /// Nothing more can be sent.
    pub shut_write: bool,
    /// An error that a call returns, once.
    pub error: Option<SocketError>,
    /// What the owner waits for.
    pub waiting: Readiness,
    /// Sockets whose owners wait until this one has room: for a datagram, or in its backlog.
    pub blocked: Vec<Key>,
    /// The bound on what this one has sent and its peer not read.
    pub send_buffer: usize,
    /// Whether it has sent datagrams while it was bound nowhere.
    pub sent_unnamed: bool,
    /// What waits to be read; of a datagram whose sender was bound nowhere also who that is: it may be given a name while
    /// the datagram waits, and is then known by it.
    queue: VecDeque<(Message, Option<Key>)>,
    held: usize,
}

impl Socket {
    /// A socket that is bound nowhere and has no peer.
    pub fn new(kind: Type, owner: Credentials, send_buffer: usize) -> Self {
        Self {
            kind,
            address: Address::Unnamed,
            role: Role::Idle,
            owner,
            peer_owner: None,
            shut_read: false,
            shut_write: false,
            error: None,
            waiting: Readiness::NONE,
            blocked: Vec::new(),
            send_buffer,
            sent_unnamed: false,
            queue: VecDeque::new(),
            held: 0,
        }
    }

    /// Its peer, as long as it has one.
    pub const fn peer(&self) -> Option<Key> {
        if let Role::Connected { peer } = self.role { Some(peer) } else { None }
    }

    /// Storage that the queue holds, in octets.
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Messages in the queue.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Octets that wait to be read.
    pub fn readable(&self) -> usize {
        self.held - self.queue.len() * MESSAGE_OVERHEAD
    }

    /// Puts a message at the end of the queue.
    pub fn push(&mut self, payload: Bytes, from: Address, unnamed: Option<Key>) {
        self.held += payload.len() + MESSAGE_OVERHEAD;
        let length = payload.len();
        self.queue.push_back((Message { payload, from, length }, unnamed));
    }

    /// Who sent the next message, where it was bound nowhere.
    pub fn next_unnamed(&self) -> Option<Key> {
        self.queue.front()?.1
    }

    /// `sender`, which goes, had a name in the end.
    pub fn name_sender(&mut self, sender: Key, name: &Address) {
        for (message, unnamed) in &mut self.queue {
            if unnamed.take_if(|unnamed| *unnamed == sender).is_some() {
                message.from = name.clone();
            }
        }
    }

    /// The next message, cut to `most` octets; what is cut off a datagram or a record is lost.
    pub fn next_message(&mut self, most: usize, peek: bool) -> Option<Message> {
        let mut message = if peek { self.queue.front()?.0.clone() } else { self.queue.pop_front()?.0 };
        if !peek {
            self.held -= message.payload.len() + MESSAGE_OVERHEAD;
        }
        message.payload.truncate(most);
        Some(message)
    }

    /// The next octets of a stream, at most `most`: all that there are, as a system's sockets give them.
    pub fn next_octets(&mut self, most: usize, peek: bool) -> Option<Message> {
        let (front, _) = self.queue.front()?;
        if front.payload.len() >= most || self.queue.len() == 1 {
            return self.front_octets(most, peek);
        }
        let mut octets = Vec::with_capacity(most.min(self.readable()));
        if peek {
            for (message, _) in &self.queue {
                let taken = message.payload.len().min(most - octets.len());
                octets.extend_from_slice(&message.payload[..taken]);
            }
        } else {
            while octets.len() < most {
                let Some(next) = self.front_octets(most - octets.len(), false) else { break };
                octets.extend_from_slice(&next.payload);
            }
        }
        Some(Message { length: octets.len(), payload: octets.into(), from: Address::Unnamed })
    }

    /// The next octets as they lie in one message of the sender's, without a copy.
    fn front_octets(&mut self, most: usize, peek: bool) -> Option<Message> {
        let (front, _) = self.queue.front_mut()?;
        let payload = if most < front.payload.len() {
            let payload = front.payload.slice(..most);
            if !peek {
                front.payload.advance(most);
                self.held -= most;
            }
            payload
        } else {
            self.next_message(most, peek)?.payload
        };
        Some(Message { length: payload.len(), payload, from: Address::Unnamed })
    }

    /// Forgets what waits to be read.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.held = 0;
    }
}
