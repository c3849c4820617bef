//! `AF_UNIX` calls. What is sent is in the other socket's queue at once: nothing of it reaches a link.

use std::sync::Arc;

use crate::host::Host;
use crate::transport::unix::{Address, Credentials, Listed, Message, Shutdown, Standing, Type};
use crate::transport::{Key, Readiness, SocketError, SocketId};

/// The socket of `id`.
fn socket(id: SocketId) -> Result<Key, SocketError> {
    if let SocketId::Unix(key) = id { Ok(key) } else { Err(SocketError::BadDescriptor) }
}

impl Host {
    /// Names the application that makes the calls which follow: sockets that it opens belong to it.
    pub fn set_caller(&mut self, application: &Arc<str>) {
        self.unix.set_caller(application);
    }

    /// A socket that is bound nowhere and has no peer.
    pub fn unix_open(&mut self, kind: Type) -> SocketId {
        SocketId::Unix(self.unix.open(kind))
    }

    /// Two sockets that are each other's peers (`socketpair`).
    pub fn unix_pair(&mut self, kind: Type) -> [SocketId; 2] {
        self.unix.pair(kind).map(SocketId::Unix)
    }

    /// Binds a socket; `Unnamed` picks an abstract name.
    ///
    /// # Errors
    /// `AddressInUse` where the name is taken: a path is until it is unlinked, whether its socket lives or not.
    /// `InvalidInput` where the socket has a name already, `NoBuffers` past the bound on names.
    pub fn unix_bind(&mut self, id: SocketId, address: Address) -> Result<(), SocketError> {
        self.unix.bind(socket(id)?, address)
    }

    /// Has a socket listen; `backlog` connections, at least one, may wait to be accepted.
    ///
    /// # Errors
    /// `NotSupported` for datagrams, `InvalidInput` where the socket is bound nowhere, or connected.
    pub fn unix_listen(&mut self, id: SocketId, backlog: usize) -> Result<(), SocketError> {
        self.unix.listen(socket(id)?, backlog)
    }

    /// The next connection of a listener, and where its other end is bound.
    ///
    /// # Errors
    /// `WouldBlock` where none waits, `InvalidInput` where the socket does not listen, `NotSupported` for datagrams.
    pub fn unix_accept(&mut self, id: SocketId) -> Result<(SocketId, Address), SocketError> {
        self.unix.accept(socket(id)?).map(|(key, peer)| (SocketId::Unix(key), peer))
    }

    /// Connects to the socket at `address`: a connection stands at once, and waits there to be accepted. A socket of
    /// datagrams sends there from now on, and takes from there alone; `Unnamed` takes its peer from it again.
    ///
    /// # Errors
    /// `NotFound` where there is no such path; `ConnectionRefused` where nobody listens there; `WrongType` where the
    /// socket there is of another; `WouldBlock` where as many wait as may; `AlreadyConnected`; `InvalidInput` where this
    /// one listens; `NotPermitted` where the other takes datagrams from somebody else only.
    pub fn unix_connect(&mut self, id: SocketId, address: &Address) -> Result<(), SocketError> {
        self.unix.connect(socket(id)?, address)
    }

    /// Sends on a connection, to the peer, or (datagrams) to the socket at `to`. Returns how many octets were taken: of a
    /// stream those that there is room for, else all.
    ///
    /// # Errors
    /// `WouldBlock` without room; `BrokenPipe` where this direction is closed, at either end; `NotConnected` without a
    /// peer; `MessageTooLong` for what never has room; `ConnectionRefused` where the socket that datagrams go to is
    /// closed; of `to` what [`unix_connect`](Self::unix_connect) says of it; `AlreadyConnected` or `NotSupported` where a
    /// stream is given a `to`.
    pub fn unix_send(
        &mut self,
        id: SocketId,
        data: &[u8],
        to: Option<&Address>,
    ) -> Result<usize, SocketError> {
        self.unix.send(socket(id)?, data, to)
    }

    /// The next octets, datagram or record, at most `most` octets of it: what is cut off the latter two is lost. An empty
    /// one ends a stream, or a sequence of records.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there; `ConnectionReset` where the other end was closed before it had read all,
    /// once; `NotConnected` or `InvalidInput` where there is no connection to read from.
    pub fn unix_recv(&mut self, id: SocketId, most: usize) -> Result<Message, SocketError> {
        self.unix.recv(socket(id)?, most, false)
    }

    /// As [`unix_recv`](Self::unix_recv), but leaves it there.
    ///
    /// # Errors
    /// As `unix_recv`.
    pub fn unix_peek(&mut self, id: SocketId, most: usize) -> Result<Message, SocketError> {
        self.unix.recv(socket(id)?, most, true)
    }

    /// Ends directions. Of a connection the other end is told: it reads to the end, or finds its pipe broken. A listener
    /// is connected to no more.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_shutdown(&mut self, id: SocketId, how: Shutdown) -> Result<(), SocketError> {
        self.unix.shutdown(socket(id)?, how)
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_local(&self, id: SocketId) -> Result<Address, SocketError> {
        self.unix.local(socket(id)?)
    }

    /// Where its peer is bound, or was.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket, `NotConnected` without a peer.
    pub fn unix_peer(&self, id: SocketId) -> Result<Address, SocketError> {
        self.unix.peer(socket(id)?)
    }

    /// Who was at the other end when the two were connected (`SO_PEERCRED`).
    ///
    /// # Errors
    /// As [`unix_peer`](Self::unix_peer).
    pub fn unix_peer_credentials(&self, id: SocketId) -> Result<Credentials, SocketError> {
        self.unix.peer_credentials(socket(id)?)
    }

    /// Its type (`SO_TYPE`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_type(&self, id: SocketId) -> Result<Type, SocketError> {
        self.unix.kind(socket(id)?)
    }

    /// Whether it listens (`SO_ACCEPTCONN`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_is_listening(&self, id: SocketId) -> Result<bool, SocketError> {
        self.unix.is_listening(socket(id)?)
    }

    /// The error that waits, which is no more from then on (`SO_ERROR`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_take_error(&mut self, id: SocketId) -> Result<Option<SocketError>, SocketError> {
        self.unix.take_error(socket(id)?)
    }

    /// What `poll` says of it.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_standing(&self, id: SocketId) -> Result<Standing, SocketError> {
        self.unix.standing(socket(id)?)
    }

    /// Notes that the owner waits for what [`unix_standing`](Self::unix_standing) says is not: it is woken once.
    ///
    /// # Errors
    /// `WouldBlock` while it waits, `BadDescriptor` where there is no such socket.
    pub fn unix_ready(&mut self, id: SocketId, readiness: Readiness) -> Result<Readiness, SocketError> {
        self.unix.ready(socket(id)?, readiness)
    }

    /// The bound on what it has sent and its peer not read, in octets (`SO_SNDBUF`).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_send_buffer(&self, id: SocketId) -> Result<usize, SocketError> {
        self.unix.send_buffer(socket(id)?)
    }

    /// Sets that bound.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn unix_set_send_buffer(&mut self, id: SocketId, octets: usize) -> Result<(), SocketError> {
        self.unix.set_send_buffer(socket(id)?, octets)
    }

    /// Takes a path out of the host's name space (`unlink`). Who is connected by it stays so.
    ///
    /// # Errors
    /// `NotFound` where there is no such path.
    pub fn unix_unlink(&mut self, path: &[u8]) -> Result<(), SocketError> {
        self.unix.unlink(path)
    }

    /// The paths of the host's name space, in their order.
    pub fn unix_paths(&self) -> impl Iterator<Item = &[u8]> {
        self.unix.paths()
    }

    /// All sockets within the host, in the order in which they got their places.
    pub fn unix_sockets(&self) -> Vec<Listed> {
        self.unix.list()
    }
}
