//! What sockets within a host send to one another.

use bytes::Bytes;

use super::{Address, Key, MESSAGE_OVERHEAD, Message, Readiness, Role, Socket, SocketError, Type, Unix};

impl Unix {
    /// Sends `data`, on a connection or to the peer; datagrams also to the socket at `to`. Returns how many octets were
    /// taken: of a stream those that there is room for, else all.
    ///
    /// # Errors
    /// `WouldBlock` without room; `BrokenPipe` where this direction is closed, at either end; `NotConnected` without a
    /// peer; `MessageTooLong` for what never has room; `ConnectionRefused` where the socket that datagrams go to is
    /// closed; of `to` what [`connect`](Self::connect) says of it; `AlreadyConnected` or `NotSupported` where a stream is
    /// given a `to`.
    pub fn send(&mut self, key: Key, data: &[u8], to: Option<&Address>) -> Result<usize, SocketError> {
        let kind = self.socket(key)?.kind;
        match (kind, to) {
            (Type::Datagram, to) => self.send_datagram(key, data, to),
            (Type::Stream, Some(_)) => {
                let connected = self.socket(key)?.peer().is_some();
                Err(if connected { SocketError::AlreadyConnected } else { SocketError::NotSupported })
            }
            (Type::Stream, None) => self.send_octets(key, data),
            (Type::SeqPacket, _) => self.send_record(key, data),
        }
    }

    fn send_octets(&mut self, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        let (peer, room) = self.room_at_peer(key)?;
        if data.is_empty() {
            return Ok(0);
        }
        if room == 0 {
            return Err(self.wait(key, Readiness::WRITE));
        }
        let taken = room.min(data.len());
        self.put(key, peer, &data[..taken])?;
        Ok(taken)
    }

    fn send_record(&mut self, key: Key, data: &[u8]) -> Result<usize, SocketError> {
        let socket = self.socket_mut(key)?;
        if let Some(error) = socket.error.take() {
            return Err(error);
        }
        socket.peer().ok_or(SocketError::NotConnected)?;
        if data.len() > self.longest(key)? {
            return Err(SocketError::MessageTooLong);
        }
        let (peer, room) = self.room_at_peer(key)?;
        // An empty record takes its storage too.
        if data.len().max(1) > room {
            return Err(self.wait(key, Readiness::WRITE));
        }
        self.put(key, peer, data)?;
        Ok(data.len())
    }

    fn send_datagram(&mut self, key: Key, data: &[u8], to: Option<&Address>) -> Result<usize, SocketError> {
        // In this order, so that of several errors it is the one that Linux gives.
        if data.len() > self.longest(key)? {
            return Err(SocketError::MessageTooLong);
        }
        let socket = self.socket_mut(key)?;
        if let Some(error) = socket.error.take() {
            return Err(error);
        }
        if socket.shut_write {
            return Err(SocketError::BrokenPipe);
        }
        let target = match to {
            Some(to) => self.find(to, Type::Datagram)?,
            None => socket.peer().ok_or(SocketError::NotConnected)?,
        };
        let Some(other) = self.sockets.get(target) else {
            // The peer is closed: this socket has none any more, and what it sent is gone too, as on Linux.
            let socket = self.socket_mut(key)?;
            socket.role = Role::Idle;
            socket.clear();
            self.wake_blocked(key);
            return Err(SocketError::ConnectionRefused);
        };
        let shut = other.shut_read;
        self.may_send(key, target)?;
        if shut {
            return Err(SocketError::BrokenPipe);
        }
        if !self.queues(key, target, data.len())? {
            return Err(self.wait_for_room(key, target));
        }
        self.put(key, target, data)?;
        Ok(data.len())
    }

    /// Whether `target` has room for a datagram of `length` octets from `key`. Two that are each other's peers may have as
    /// much under way as the sender's bound lets them, as Linux has it.
    fn queues(&self, key: Key, target: Key, length: usize) -> Result<bool, SocketError> {
        let (socket, other) = (self.socket(key)?, self.socket(target)?);
        if key == target || other.peer() == Some(key) {
            return Ok(other.held() + length + MESSAGE_OVERHEAD <= socket.send_buffer);
        }
        Ok(other.queued() < self.knobs.max_queued_datagrams)
    }

    /// Whether `target` takes datagrams from `key`: one that has a peer takes them from that alone.
    pub(super) fn may_send(&self, key: Key, target: Key) -> Result<(), SocketError> {
        match self.socket(target)?.peer() {
            Some(other) if other != key => Err(SocketError::NotPermitted),
            _ => Ok(()),
        }
    }

    /// The longest message that a socket can send, in octets.
    fn longest(&self, key: Key) -> Result<usize, SocketError> {
        self.socket(key).map(|socket| socket.send_buffer - MESSAGE_OVERHEAD)
    }

    /// The other end of a connection, and for how many octets it has room.
    fn room_at_peer(&self, key: Key) -> Result<(Key, usize), SocketError> {
        let socket = self.socket(key)?;
        let peer = socket.peer().ok_or(SocketError::NotConnected)?;
        if socket.shut_write {
            return Err(SocketError::BrokenPipe);
        }
        let other = self.sockets.get(peer).ok_or(SocketError::BrokenPipe)?;
        Ok((peer, socket.send_buffer.saturating_sub(other.held() + MESSAGE_OVERHEAD)))
    }

    fn put(&mut self, key: Key, to: Key, data: &[u8]) -> Result<(), SocketError> {
        let socket = self.socket_mut(key)?;
        let from = socket.address.clone();
        let unnamed = !socket.kind.connects() && from.is_unnamed();
        socket.sent_unnamed |= unnamed;
        self.socket_mut(to)?.push(Bytes::copy_from_slice(data), from, unnamed.then_some(key));
        self.wake(to, Readiness::READ);
        Ok(())
    }

    /// Whether whoever waits to send is to be woken: a quarter of what may be unread is, or less, as Linux has it. So a
    /// reader of single octets does not wake the writer for each.
    pub(super) fn has_room(&self, key: Key, socket: &Socket) -> bool {
        let Some(peer) = socket.peer() else { return !socket.kind.connects() };
        if socket.kind.connects() {
            self.sockets.get(peer).is_none_or(|other| other.held() <= socket.send_buffer / 4)
        } else {
            // What is closed answers at once.
            self.queues(key, peer, 0).unwrap_or(true)
        }
    }

    /// The next octets, datagram or record, at most `most` octets of it; with `peek` it stays there. An empty one ends a
    /// stream, or a sequence of records.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; `ConnectionReset` where the other end was closed before it had read all,
    /// once; `NotConnected` or `InvalidInput` where there is no connection to read from.
    pub fn recv(&mut self, key: Key, most: usize, peek: bool) -> Result<Message, SocketError> {
        let sender = self.socket(key)?.next_unnamed().and_then(|sender| self.sockets.get(sender));
        let name = sender.map(|sender| sender.address.clone());
        let socket = self.socket_mut(key)?;
        if socket.kind.connects() && socket.peer().is_none() {
            let stream = socket.kind == Type::Stream;
            return Err(if stream { SocketError::InvalidInput } else { SocketError::NotConnected });
        }
        // Of a stream all is read before its error; datagrams and records come after it.
        if socket.kind != Type::Stream
            && let Some(error) = socket.error.take()
        {
            return Err(error);
        }
        let next = match socket.kind {
            // Nothing is asked for: nothing is taken.
            Type::Stream if most == 0 => Some(Message::end()),
            Type::Stream => socket.next_octets(most, peek),
            Type::Datagram | Type::SeqPacket => socket.next_message(most, peek),
        };
        let Some(mut message) = next else {
            if let Some(error) = socket.error.take() {
                return Err(error);
            }
            if socket.shut_read {
                return Ok(Message::end());
            }
            return Err(self.wait(key, Readiness::READ));
        };
        if let Some(name) = name {
            message.from = name;
        }
        if !peek {
            self.made_room(key);
        }
        Ok(message)
    }

    /// Something was taken out of the queue of `key`.
    fn made_room(&mut self, key: Key) {
        let Some(socket) = self.sockets.get(key) else { return };
        if !socket.kind.connects() {
            return self.wake_blocked(key);
        }
        if let Some(peer) = socket.peer()
            && self.sockets.get(peer).is_some_and(|other| self.has_room(peer, other))
        {
            self.wake(peer, Readiness::WRITE);
        }
    }
}

impl Message {
    /// Copies it into `buffer`; returns how many octets that was.
    pub fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let length = self.payload.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.payload[..length]);
        length
    }

    /// What is read at the end.
    fn end() -> Self {
        Self { payload: Bytes::new(), from: Address::Unnamed, length: 0 }
    }
}
