//! How sockets within a host are opened, named, connected, and closed.

use std::collections::VecDeque;

use super::{Address, Key, Readiness, Role, Shutdown, Socket, SocketError, Type, Unix};

impl Unix {
    /// A socket that is bound nowhere and has no peer.
    pub fn open(&mut self, kind: Type) -> Key {
        let (owner, buffer) = (self.caller.clone(), self.knobs.send_buffer);
        self.sockets.insert_with(|_| Socket::new(kind, owner, buffer))
    }

    /// Two sockets that are each other's peers (`socketpair`).
    pub fn pair(&mut self, kind: Type) -> [Key; 2] {
        let ends = [self.open(kind), self.open(kind)];
        let owner = self.caller.clone();
        for (own, peer) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            if let Some(socket) = self.sockets.get_mut(own) {
                socket.role = Role::Connected { peer };
                socket.peer_owner = Some(owner.clone());
            }
        }
        ends
    }

    /// Binds a socket; `Unnamed` picks an abstract name.
    ///
    /// # Errors
    /// `AddressInUse` where the name is taken, by a socket that was closed too; `InvalidInput` where the socket has a name
    /// already; `NoBuffers` past the bound on names.
    pub fn bind(&mut self, key: Key, address: Address) -> Result<(), SocketError> {
        if !self.socket(key)?.address.is_unnamed() {
            return Err(SocketError::InvalidInput);
        }
        let address = self.names.bind(key, address, self.knobs.max_names)?;
        self.socket_mut(key)?.address = address;
        Ok(())
    }

    /// Has a socket listen: `backlog` connections, at least one, may wait to be accepted.
    ///
    /// # Errors
    /// `NotSupported` for datagrams, `InvalidInput` where the socket is bound nowhere or connected.
    pub fn listen(&mut self, key: Key, backlog: usize) -> Result<(), SocketError> {
        let wanted = backlog.max(1);
        let socket = self.socket_mut(key)?;
        if !socket.kind.connects() {
            return Err(SocketError::NotSupported);
        }
        if socket.address.is_unnamed() {
            return Err(SocketError::InvalidInput);
        }
        match &mut socket.role {
            Role::Idle => {
                socket.role = Role::Listening { backlog: wanted, pending: VecDeque::new() };
            }
            Role::Listening { backlog, .. } => *backlog = wanted,
            Role::Connected { .. } => return Err(SocketError::InvalidInput),
        }
        self.wake_blocked(key);
        Ok(())
    }

    /// Connects to the socket at `address`. A socket of datagrams sends there from now on, and takes from there alone;
    /// `Unnamed` takes its peer from it again.
    ///
    /// # Errors
    /// `NotFound` where there is no such path; `ConnectionRefused` where nobody listens there; `WrongType` where the
    /// socket there is of another; `WouldBlock` where as many wait as may; `AlreadyConnected`; `InvalidInput` where this
    /// one listens; `NotPermitted` where the other takes datagrams from somebody else only.
    pub fn connect(&mut self, key: Key, address: &Address) -> Result<(), SocketError> {
        let kind = self.socket(key)?.kind;
        if !kind.connects() {
            return self.connect_datagrams(key, address);
        }
        let listener = self.find(address, kind)?;
        match self.socket(key)?.role {
            Role::Idle => {}
            Role::Listening { .. } => return Err(SocketError::InvalidInput),
            Role::Connected { .. } => return Err(SocketError::AlreadyConnected),
        }
        let Role::Listening { backlog, pending } = &self.socket(listener)?.role else {
            return Err(SocketError::ConnectionRefused);
        };
        if pending.len() >= *backlog {
            return Err(self.wait_for_room(key, listener));
        }
        self.meet(key, listener)
    }

    /// Makes the other end of `key`, which waits at `listener` to be accepted.
    fn meet(&mut self, key: Key, listener: Key) -> Result<(), SocketError> {
        let socket = self.socket(listener)?;
        let (kind, owner, address) = (socket.kind, socket.owner.clone(), socket.address.clone());
        let send_buffer = socket.send_buffer;
        let client = self.socket(key)?.owner.clone();
        let accepted = self.sockets.insert_with(|_| Socket::new(kind, owner.clone(), send_buffer));
        let own = self.socket_mut(accepted)?;
        (own.address, own.role, own.peer_owner) = (address, Role::Connected { peer: key }, Some(client));
        let socket = self.socket_mut(key)?;
        (socket.role, socket.peer_owner) = (Role::Connected { peer: accepted }, Some(owner));
        if let Role::Listening { pending, .. } = &mut self.socket_mut(listener)?.role {
            pending.push_back(accepted);
        }
        self.wake(listener, Readiness::READ);
        Ok(())
    }

    fn connect_datagrams(&mut self, key: Key, address: &Address) -> Result<(), SocketError> {
        let peer = match address {
            Address::Unnamed => None,
            address => Some(self.find(address, Type::Datagram)?),
        };
        if let Some(peer) = peer {
            self.may_send(key, peer)?;
        }
        let before = self.socket(key)?.peer();
        if before != peer {
            let socket = self.socket_mut(key)?;
            socket.role = peer.map_or(Role::Idle, |peer| Role::Connected { peer });
            if before.is_some() {
                // What the old peer has sent is not for whoever comes next, and it is told so.
                socket.clear();
            }
            // Who waits for room may not send any more.
            self.wake_blocked(key);
            if let Some(before) = before
                && let Some(old) = self.sockets.get_mut(before).filter(|old| old.peer() == Some(key))
            {
                old.error = Some(SocketError::ConnectionReset);
                self.wake(before, Readiness::BOTH);
            }
        }
        Ok(())
    }

    /// The socket at `address`, which is to be of `kind`.
    pub(super) fn find(&self, address: &Address, kind: Type) -> Result<Key, SocketError> {
        let found = self.names.find(address)?;
        let other = self.sockets.get(found).ok_or(SocketError::ConnectionRefused)?;
        if other.kind == kind { Ok(found) } else { Err(SocketError::WrongType) }
    }

    /// The next connection of a listener, and where its other end is bound.
    ///
    /// # Errors
    /// `WouldBlock` where none waits, `InvalidInput` where the socket does not listen, `NotSupported` for datagrams.
    pub fn accept(&mut self, key: Key) -> Result<(Key, Address), SocketError> {
        let socket = self.socket_mut(key)?;
        if !socket.kind.connects() {
            return Err(SocketError::NotSupported);
        }
        let Role::Listening { pending, .. } = &mut socket.role else { return Err(SocketError::InvalidInput) };
        let Some(accepted) = pending.pop_front() else { return Err(self.wait(key, Readiness::READ)) };
        self.wake_blocked(key);
        // The other end may have gone while this one waited.
        let peer = self.peer(accepted).unwrap_or_default();
        Ok((accepted, peer))
    }

    /// Ends directions. Of a connection the other end is told: it reads to the end, or finds its pipe broken.
    ///
    /// # Errors
    /// `NotConnected` where a stream or sequence of records has no peer.
    pub fn shutdown(&mut self, key: Key, how: Shutdown) -> Result<(), SocketError> {
        let (read, write) = (how != Shutdown::Write, how != Shutdown::Read);
        let socket = self.socket_mut(key)?;
        let peer = socket.peer();
        if socket.kind.connects() && peer.is_none() {
            return Err(SocketError::NotConnected);
        }
        socket.shut_read |= read;
        socket.shut_write |= write;
        let connects = socket.kind.connects();
        self.wake(key, Readiness::BOTH);
        self.wake_blocked(key);
        if let Some(peer) = peer.filter(|_| connects)
            && let Some(other) = self.sockets.get_mut(peer)
        {
            other.shut_read |= write;
            other.shut_write |= read;
            self.wake(peer, Readiness::BOTH);
        }
        Ok(())
    }

    /// Closes a socket. A path that it was bound to stays. A connection's other end reads what was sent, and then its
    /// end; where this end had not read all, a reset. Connections that nobody has accepted are reset.
    pub fn close(&mut self, key: Key) {
        self.wake_blocked(key);
        let Some(socket) = self.sockets.remove(key) else { return };
        self.names.release(key, &socket.address);
        let unread = socket.queued() > 0;
        match socket.role {
            Role::Idle => {}
            Role::Listening { pending, .. } => {
                for accepted in pending {
                    if let Some(Socket { role: Role::Connected { peer }, .. }) = self.sockets.remove(accepted)
                    {
                        self.lose_peer(peer, true);
                    }
                }
            }
            Role::Connected { peer } if socket.kind.connects() => self.lose_peer(peer, unread),
            Role::Connected { .. } => {}
        }
    }

    /// The other end of a connection is gone, with or without having read all.
    fn lose_peer(&mut self, key: Key, reset: bool) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        (socket.shut_read, socket.shut_write) = (true, true);
        if reset {
            socket.error = Some(SocketError::ConnectionReset);
        }
        self.wake(key, Readiness::BOTH);
    }
}
