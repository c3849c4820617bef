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
            // A path that is taken is found to be so first, as on Linux.
            let taken = self.names.has_path(&address);
            return Err(if taken { SocketError::AddressInUse } else { SocketError::InvalidInput });
        }
        let kind = self.kind(key)?;
        let address = self.names.bind((key, kind), address, self.knobs.max_names)?;
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
        let Socket { role: Role::Listening { backlog, pending }, shut_read: false, .. } =
            self.socket(listener)?
        else {
            return Err(SocketError::ConnectionRefused);
        };
        if pending.len() >= *backlog {
            return Err(self.wait_for_room(key, listener));
        }
        // Last, so that of several errors it is the one that Linux gives.
        match self.socket(key)?.role {
            Role::Idle => self.meet(key, listener),
            Role::Listening { .. } => Err(SocketError::InvalidInput),
            Role::Connected { .. } => Err(SocketError::AlreadyConnected),
        }
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
            // What the old peer has sent is not for whoever comes next, and it is told so.
            let lost = before.is_some() && socket.queued() > 0;
            if lost {
                socket.clear();
            }
            // Who waits for room may not send any more.
            self.wake_blocked(key);
            if let Some(before) = before.filter(|_| lost)
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
        let found = self.names.find(address, kind)?;
        let other = self.sockets.get(found).ok_or(SocketError::ConnectionRefused)?;
        if other.kind == kind { Ok(found) } else { Err(SocketError::WrongType) }
    }

    /// The next connection of a listener, and where its other end is bound.
    ///
    /// # Errors
    /// `WouldBlock` where none waits, `InvalidInput` where the socket does not listen (any more), `NotSupported` for
    /// datagrams.
    pub fn accept(&mut self, key: Key) -> Result<(Key, Address), SocketError> {
        let socket = self.socket_mut(key)?;
        if !socket.kind.connects() {
            return Err(SocketError::NotSupported);
        }
        let Role::Listening { pending, .. } = &mut socket.role else { return Err(SocketError::InvalidInput) };
        let Some(accepted) = pending.pop_front() else {
            let shut = socket.shut_read;
            return Err(if shut { SocketError::InvalidInput } else { self.wait(key, Readiness::READ) });
        };
        self.wake_blocked(key);
        // The other end may have gone while this one waited.
        let peer = self.peer(accepted).unwrap_or_default();
        Ok((accepted, peer))
    }

    /// Ends directions. Of a connection the other end is told: it reads to the end, or finds its pipe broken. Without one
    /// this end alone is as if it had been; a listener is connected to no more. (So does Linux; POSIX has `ENOTCONN`.)
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn shutdown(&mut self, key: Key, how: Shutdown) -> Result<(), SocketError> {
        let (read, write) = (how != Shutdown::Write, how != Shutdown::Read);
        let socket = self.socket_mut(key)?;
        let peer = socket.peer();
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
        self.names.release((key, socket.kind), &socket.address);
        if socket.sent_unnamed && !socket.address.is_unnamed() {
            self.sockets.iter_mut().for_each(|other| other.name_sender(key, &socket.address));
        }
        // A record of no octets counts for none, as on Linux.
        let unread = socket.readable() > 0;
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
