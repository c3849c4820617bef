//! What a call would find now: for those who wait for several sockets at once, and for who asks before it calls.

use super::Tcp;
use crate::trace::State;
use crate::transport::{Key, Readiness, SocketError};

/// A connection, as calls see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Its state.
    pub state: State,
    /// Octets that can be read.
    pub readable: usize,
    /// Whether the peer's FIN and all before it have come.
    pub fin_received: bool,
    /// Whether this end has closed its direction.
    pub fin_requested: bool,
    /// Octets that can be written.
    pub room: usize,
    /// The error that the next call returns.
    pub error: Option<SocketError>,
}

impl Tcp {
    /// What a call on a connection would find.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn condition(&self, key: Key) -> Result<Condition, SocketError> {
        let connection = self.connections.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(Condition {
            state: connection.state,
            readable: connection.receive.readable(),
            fin_received: connection.fin_received(),
            fin_requested: connection.fin_requested,
            room: (self.settings_of(connection).send_buffer as usize).saturating_sub(connection.send.len()),
            error: connection.error,
        })
    }

    /// The owner of a connection waits for any of `readiness`.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such connection.
    pub fn want(&mut self, key: Key, readiness: Readiness) -> Result<(), SocketError> {
        let connection = self.connections.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        connection.wants = connection.wants.or(readiness);
        Ok(())
    }

    /// How many complete connections wait to be accepted, and why no more will come.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn pending(&self, listener: Key) -> Result<(usize, Option<SocketError>), SocketError> {
        let listener = self.listeners.get(listener).ok_or(SocketError::BadDescriptor)?;
        Ok((listener.complete.len(), listener.error))
    }

    /// The owner of a listener waits for a connection.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn want_to_accept(&mut self, listener: Key) -> Result<(), SocketError> {
        self.listeners.get_mut(listener).ok_or(SocketError::BadDescriptor)?.wants = Readiness::READ;
        Ok(())
    }

    /// Changes how many complete connections may wait to be accepted: one at least.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such listener.
    pub fn set_backlog(&mut self, listener: Key, backlog: usize) -> Result<(), SocketError> {
        self.listeners.get_mut(listener).ok_or(SocketError::BadDescriptor)?.backlog = backlog.max(1);
        Ok(())
    }
}
