//! `bind`, `listen`, `accept`, `connect` and `shutdown`.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Address, Bsd, Errno, Fd, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_CLOEXEC, SOCK_NONBLOCK, SOMAXCONN};
use crate::trace::State;
use crate::transport::descriptors::{Datagram, Descriptor, End, Phase, Stream};
use crate::transport::{Key, SocketError, SocketId};

/// Any address and port 0.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Bsd<'_, '_> {
    /// Gives a socket its address and port: any address where it is unspecified, a free port where it is 0.
    ///
    /// # Errors
    /// `EINVAL` where it has a port already, `EADDRNOTAVAIL` where the address is not this host's, `EADDRINUSE` where
    /// another socket has the port and one of both does not share it, `EAFNOSUPPORT` for another family's address.
    pub fn bind(&mut self, fd: Fd, address: impl Into<Address>) -> Result<(), Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        let address = address.into();
        if let End::Unix(id) = descriptor.end {
            return self.unix_bind(id, address);
        }
        let local = address.ipv4()?;
        match &descriptor.end {
            End::Unix(_) => Err(Errno::EOPNOTSUPP),
            End::Raw(raw) => {
                let key = raw.key;
                self.raw_bind(key, local)
            }
            End::Stream(stream) => {
                // A connection that has ended has given back the port that was found for it.
                let free = match stream.phase {
                    Phase::Idle => true,
                    Phase::Listening(_) => false,
                    Phase::Connecting(key) | Phase::Connected(key) => self.has_ended(key)?,
                };
                if !free || stream.bound.is_some() {
                    return Err(Errno::EINVAL);
                }
                self.bind_stream(fd, local)?;
                self.stream(fd)?.keeps_port = local.port() != 0;
                Ok(())
            }
            End::Datagram(datagram) => {
                let key = datagram.key;
                if self.host.udp.local(key)?.port() != 0 {
                    return Err(Errno::EINVAL);
                }
                let group = matches!(local.ip(), IpAddr::V4(group) if group.is_multicast());
                if !self.host.can_bind(local.ip()) && !group {
                    return Err(Errno::EADDRNOTAVAIL);
                }
                self.host.udp.bind_open(self.ctx.rng, key, local)?;
                self.datagram(fd)?.keeps_port = local.port() != 0;
                Ok(())
            }
        }
    }

    /// Whether a connection is over, as its socket sees it.
    pub(super) fn has_ended(&self, key: Key) -> Result<bool, Errno> {
        Ok(matches!(self.host.tcp.condition(key)?.state, State::Closed | State::TimeWait))
    }

    fn bind_stream(&mut self, fd: Fd, local: SocketAddr) -> Result<(), Errno> {
        let sharing = self.stream(fd)?.sharing;
        let bound = self.host.tcp_bind(self.ctx, local, sharing)?;
        self.stream(fd)?.bound = Some(bound);
        Ok(())
    }

    /// Makes a stream listen: at most `backlog` connections, of [`SOMAXCONN`] and of one at least, wait to be accepted. A
    /// socket without a port gets a free one. Called again it changes the backlog.
    ///
    /// # Errors
    /// `EOPNOTSUPP` for another type of socket, `EINVAL` where it has a connection, `EADDRINUSE` where another listens at
    /// its port.
    pub fn listen(&mut self, fd: Fd, backlog: i32) -> Result<(), Errno> {
        let stream = match &self.host.descriptors.get(fd)?.end {
            End::Stream(stream) => stream,
            End::Unix(id) => return self.unix_listen(*id, backlog),
            End::Datagram(_) | End::Raw(_) => return Err(Errno::EOPNOTSUPP),
        };
        // A negative length is a great one: the system reads it without its sign.
        let backlog = if backlog < 0 { SOMAXCONN } else { backlog.min(SOMAXCONN) } as usize;
        match (stream.phase, stream.bound) {
            (Phase::Listening(key), _) => return Ok(self.host.tcp.set_backlog(key, backlog)?),
            (Phase::Connecting(_) | Phase::Connected(_), _) => return Err(Errno::EINVAL),
            (Phase::Idle, None) => self.bind_stream(fd, ANY)?,
            (Phase::Idle, Some(_)) => {}
        }
        let bound = self.stream(fd)?.bound.ok_or(Errno::EINVAL)?;
        let SocketId::Listener(key) = self.host.tcp_listen_on(bound, backlog)? else {
            return Err(Errno::EINVAL);
        };
        let options = self.stream(fd)?.options;
        self.host.tcp_configure(SocketId::Listener(key), &options)?;
        let stream = self.stream(fd)?;
        (stream.phase, stream.bound) = (Phase::Listening(key), None);
        Ok(())
    }

    /// The next connection of a listener: a descriptor of its own, and the peer's address.
    ///
    /// # Errors
    /// `EAGAIN` where none waits, `EINVAL` where the socket does not listen, `EOPNOTSUPP` where its type has no
    /// connections, `EMFILE` where the table of descriptors is full.
    pub fn accept(&mut self, fd: Fd) -> Result<(Fd, Address), Errno> {
        self.accept4(fd, 0)
    }

    /// As [`accept`](Self::accept); with [`SOCK_NONBLOCK`] the new descriptor does not block.
    ///
    /// # Errors
    /// As `accept`; `EINVAL` for another flag.
    pub fn accept4(&mut self, fd: Fd, flags: i32) -> Result<(Fd, Address), Errno> {
        if flags & !(SOCK_NONBLOCK | SOCK_CLOEXEC) != 0 {
            return Err(Errno::EINVAL);
        }
        let descriptor = self.host.descriptors.get(fd)?;
        let kind = (descriptor.domain, descriptor.kind, descriptor.protocol);
        let stream = match &descriptor.end {
            End::Stream(stream) => stream,
            End::Unix(id) => return self.unix_accept(*id, descriptor.kind, flags),
            End::Datagram(_) | End::Raw(_) => return Err(Errno::EOPNOTSUPP),
        };
        let Phase::Listening(listener) = stream.phase else { return Err(Errno::EINVAL) };
        let own = stream.clone();
        self.has_room()?;
        let (id, peer) = self.host.tcp_accept(self.ctx, SocketId::Listener(listener))?;
        let SocketId::Tcp(key) = id else { return Err(Errno::EINVAL) };
        let stream = Stream { phase: Phase::Connected(key), bound: None, keeps_port: true, ..own };
        let nonblocking = flags & SOCK_NONBLOCK != 0;
        let fd = self.add(Descriptor::new(kind, nonblocking, End::Stream(stream)))?;
        Ok((fd, peer.into()))
    }

    /// Gives a socket its peer. Of a stream that begins a connection: what comes of it `connect` says when it is called
    /// again, or `SO_ERROR` when the socket has become writable. A datagram socket may change its peer, and has none any
    /// more after [`Address::Unspecified`].
    ///
    /// # Errors
    /// `EINPROGRESS` where the connection has been begun, `EALREADY` while it is under way, `EISCONN` where there is one
    /// or the socket listens; once, why it failed (`ECONNREFUSED`, `ETIMEDOUT`, …), or `ECONNABORTED` where that was asked
    /// for before: then the socket can connect again. `ENETUNREACH` without a route or to a broadcast address,
    /// `EADDRNOTAVAIL` where no port is left, both ends have such a connection, or the peer's port is 0; `EACCES` for a
    /// broadcast address without `SO_BROADCAST`.
    pub fn connect(&mut self, fd: Fd, address: impl Into<Address>) -> Result<(), Errno> {
        let address = address.into();
        match &self.host.descriptors.get(fd)?.end {
            End::Unix(id) => {
                let id = *id;
                self.unix_connect(id, address)
            }
            End::Stream(stream) if address == Address::Unspecified => {
                let stream = stream.clone();
                self.disconnect_stream(fd, &stream)
            }
            End::Stream(stream) => match stream.phase {
                Phase::Idle => {
                    let stream = stream.clone();
                    self.begin_to_connect(fd, &stream, address.peer()?)
                }
                Phase::Connecting(_) if stream.spent => Err(Errno::EINVAL),
                Phase::Connecting(key) => self.go_on_connecting(fd, key),
                Phase::Connected(_) | Phase::Listening(_) => Err(Errno::EISCONN),
            },
            End::Raw(raw) => {
                let key = raw.key;
                self.raw_connect(key, &address)
            }
            End::Datagram(datagram) => {
                let (key, keeps_port) = (datagram.key, datagram.keeps_port);
                if address == Address::Unspecified {
                    return Ok(self.host.udp.disconnect(key, keeps_port)?);
                }
                let peer = address.peer()?;
                self.bind_if_unbound(key)?;
                self.host.udp_connect_keeping(SocketId::Udp(key), peer).map_err(|error| match error {
                    SocketError::InvalidInput => Errno::EADDRNOTAVAIL,
                    error => error.into(),
                })
            }
        }
    }

    /// As [`connect`](Self::connect), in Python's manner: the number of the error, 0 for none.
    pub fn connect_ex(&mut self, fd: Fd, address: impl Into<Address>) -> i32 {
        self.connect(fd, address).map_or_else(Errno::number, |()| 0)
    }

    fn begin_to_connect(&mut self, fd: Fd, stream: &Stream, peer: SocketAddr) -> Result<(), Errno> {
        let local = stream.bound.map(|bound| self.host.local_addr(bound)).transpose()?;
        let begun = self.host.tcp_connect_with(self.ctx, local, peer, &stream.options);
        let begun = begun.map_err(|error| match error {
            SocketError::AddressInUse => Errno::EADDRNOTAVAIL,
            SocketError::InvalidInput if peer.port() == 0 => Errno::EADDRNOTAVAIL,
            SocketError::InvalidInput => Errno::ENETUNREACH,
            error => error.into(),
        });
        let SocketId::Tcp(key) = begun? else { return Err(Errno::EINVAL) };
        // What `shutdown` has closed before stays closed, as on Linux.
        self.stream(fd)?.phase = Phase::Connecting(key);
        Err(Errno::EINPROGRESS)
    }

    fn go_on_connecting(&mut self, fd: Fd, key: Key) -> Result<(), Errno> {
        match self.host.tcp.condition(key)?.state {
            State::SynSent | State::SynReceived => Err(Errno::EALREADY),
            State::Closed | State::TimeWait => {
                let error = self.take_connection_error(key)?.unwrap_or(Errno::ECONNABORTED);
                let stream = self.stream(fd)?.clone();
                self.disconnect_stream(fd, &stream)?;
                Err(error)
            }
            _ => {
                self.stream(fd)?.phase = Phase::Connected(key);
                Ok(())
            }
        }
    }

    /// The stream has no connection any more, and does not listen; it keeps the port that was asked for.
    fn disconnect_stream(&mut self, fd: Fd, stream: &Stream) -> Result<(), Errno> {
        let mut bound = stream.bound;
        match stream.phase {
            Phase::Idle => {}
            Phase::Connecting(key) | Phase::Connected(key) => {
                self.host.tcp_abort(self.ctx, SocketId::Tcp(key));
            }
            Phase::Listening(key) => {
                let local = self.host.local_addr(SocketId::Listener(key))?;
                self.host.close(self.ctx, SocketId::Listener(key));
                if stream.keeps_port {
                    bound = self.host.tcp_bind(self.ctx, local, stream.sharing).ok();
                }
            }
        }
        if !stream.keeps_port
            && let Some(found) = bound.take()
        {
            self.host.close(self.ctx, found);
        }
        let descriptor = self.host.descriptors.get_mut(fd)?;
        (descriptor.read_closed, descriptor.write_closed) = (false, false);
        let stream = self.stream(fd)?;
        (stream.phase, stream.bound, stream.spent) = (Phase::Idle, bound, false);
        Ok(())
    }

    /// A socket of UDP that has no port gets a free one.
    pub(super) fn bind_if_unbound(&mut self, key: Key) -> Result<(), Errno> {
        if self.host.udp.local(key)?.port() == 0 {
            self.host.udp.bind_open(self.ctx.rng, key, ANY).map_err(|error| match error {
                // What Linux says where no port is left and none was asked for.
                SocketError::AddressNotAvailable => Errno::EAGAIN,
                error => error.into(),
            })?;
        }
        Ok(())
    }

    /// Closes a direction, or both: of a connection FIN follows what is queued, and what is received is at its end. A
    /// listener whose receiving direction is closed listens no more.
    ///
    /// # Errors
    /// `ENOTCONN` where there is no connection (any more), `EINVAL` for another direction.
    pub fn shutdown(&mut self, fd: Fd, how: i32) -> Result<(), Errno> {
        let descriptor = self.host.descriptors.get_mut(fd)?;
        let (read, write) = match how {
            SHUT_RD => (true, false),
            SHUT_WR => (false, true),
            SHUT_RDWR => (true, true),
            _ => return Err(Errno::EINVAL),
        };
        // Closed is closed, even where the answer is that there is nothing to close.
        let close = |descriptor: &mut Descriptor| {
            descriptor.read_closed |= read;
            descriptor.write_closed |= write;
        };
        match &descriptor.end {
            End::Unix(id) => {
                let id = *id;
                self.unix_shutdown(id, how)
            }
            End::Stream(stream) => {
                let stream = stream.clone();
                match stream.phase {
                    Phase::Idle => {
                        close(descriptor);
                        Err(Errno::ENOTCONN)
                    }
                    Phase::Listening(_) if !read => Ok(()),
                    Phase::Listening(_) => self.disconnect_stream(fd, &stream),
                    Phase::Connecting(key) | Phase::Connected(key) => {
                        let state = self.host.tcp.condition(key)?.state;
                        if state == State::SynSent {
                            return self.disconnect_stream(fd, &stream);
                        }
                        close(self.host.descriptors.get_mut(fd)?);
                        let ended = matches!(state, State::Closed | State::TimeWait);
                        if matches!(stream.phase, Phase::Connecting(_)) {
                            // Linux: after this nobody is told any more what came of the attempt.
                            let stream = self.stream(fd)?;
                            if ended {
                                stream.spent = true;
                            } else {
                                stream.phase = Phase::Connected(key);
                            }
                        }
                        if ended {
                            return Err(Errno::ENOTCONN);
                        }
                        if read {
                            self.host.tcp_shutdown_read(self.ctx, SocketId::Tcp(key))?;
                        }
                        if write {
                            self.host.tcp_shutdown(self.ctx, SocketId::Tcp(key))?;
                        }
                        Ok(())
                    }
                }
            }
            End::Raw(raw) => {
                let key = raw.key;
                close(descriptor);
                self.host.raw.peer(key)?;
                self.host.raw.wake(key, crate::transport::Readiness::BOTH);
                Ok(())
            }
            End::Datagram(datagram) => {
                let key = datagram.key;
                close(descriptor);
                self.host.udp.peer(key)?;
                // Whoever waits to receive is to find that there is nothing to wait for.
                self.host.udp.wake(key, crate::transport::Readiness::BOTH);
                Ok(())
            }
        }
    }

    pub(super) fn stream(&mut self, fd: Fd) -> Result<&mut Stream, Errno> {
        match &mut self.host.descriptors.get_mut(fd)?.end {
            End::Stream(stream) => Ok(stream),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }

    pub(super) fn datagram(&mut self, fd: Fd) -> Result<&mut Datagram, Errno> {
        match &mut self.host.descriptors.get_mut(fd)?.end {
            End::Datagram(datagram) => Ok(datagram),
            _ => Err(Errno::EOPNOTSUPP),
        }
    }
}
