//! What a socket's owner has said of its buffers, and what waits to be told of it.

use core::ops::RangeInclusive;

use super::{MAX_PAYLOAD, Udp};
use crate::transport::{Key, SocketError};

/// Octets that a socket's queue may be told to hold: at least a datagram of a full Ethernet frame and its place.
pub const BUFFER: RangeInclusive<u32> = 2_048..=1 << 30;

impl Udp {
    /// Sets how many octets a socket's queue may hold. What waits stays.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_receive_buffer(&mut self, key: Key, octets: u32) -> Result<(), SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        socket.receive_buffer = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()) as usize);
        Ok(())
    }

    /// How many octets a socket's queue may hold.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn receive_buffer(&self, key: Key) -> Result<usize, SocketError> {
        let socket = self.sockets.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(socket.receive_buffer.unwrap_or(self.knobs.receive_buffer))
    }

    /// Sets how many octets of payload a socket may send at once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn set_send_buffer(&mut self, key: Key, octets: u32) -> Result<(), SocketError> {
        let socket = self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?;
        socket.longest = Some(octets.clamp(*BUFFER.start(), *BUFFER.end()) as usize);
        Ok(())
    }

    /// How many octets of payload a socket may send at once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn send_buffer(&self, key: Key) -> Result<usize, SocketError> {
        let socket = self.sockets.get(key).ok_or(SocketError::BadDescriptor)?;
        Ok(socket.longest.unwrap_or(MAX_PAYLOAD))
    }

    /// The error that waits to be told, once.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn take_error(&mut self, key: Key) -> Result<Option<SocketError>, SocketError> {
        Ok(self.sockets.get_mut(key).ok_or(SocketError::BadDescriptor)?.errors.pending.take())
    }
}
