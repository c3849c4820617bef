//! `socket`, `close`, `fcntl`, and who the ends are.

use super::unix::unix_type;
use super::{
    AF_INET, AF_UNIX, Address, Bsd, Errno, Fd, IPPROTO_ICMP, IPPROTO_IP, IPPROTO_RAW, IPPROTO_TCP,
    IPPROTO_UDP, O_NONBLOCK, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM,
};
use crate::trace::State;
use crate::transport::descriptors::{Datagram, Descriptor, End, Stream};
use crate::transport::{SocketError, SocketId};

/// The greatest type that there is a name for (Linux: `SOCK_PACKET`).
const MAX_TYPE: i32 = 10;
/// The greatest protocol number that there is a name for (Linux: `IPPROTO_MAX` less one).
const MAX_PROTOCOL: i32 = 262;

impl Bsd<'_, '_> {
    /// A socket of a family, type and protocol; 0 is the protocol that suits the type. The type may have
    /// [`SOCK_NONBLOCK`] beside it.
    ///
    /// # Errors
    /// `EAFNOSUPPORT` for a family that is not there, `ESOCKTNOSUPPORT` for a type that the family has not,
    /// `EPROTONOSUPPORT` for a protocol that the type has not, `EINVAL` for what is no type or protocol at all; `EMFILE`
    /// where the table of descriptors is full.
    pub fn socket(&mut self, domain: i32, kind: i32, protocol: i32) -> Result<Fd, Errno> {
        let nonblocking = kind & SOCK_NONBLOCK != 0;
        let kind = kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC);
        if domain == AF_UNIX {
            let (own, kind) = unix_type(kind, protocol)?;
            self.has_room()?;
            let id = self.host.unix_open(own);
            return self.add(Descriptor::new((domain, kind, 0), nonblocking, End::Unix(id)));
        }
        // `AF_INET6` will have its place here.
        if domain != AF_INET {
            return Err(Errno::EAFNOSUPPORT);
        }
        let protocol = inet_protocol(kind, protocol)?;
        self.has_room()?;
        let end = match kind {
            SOCK_STREAM => End::Stream(Stream::new()),
            SOCK_RAW | SOCK_DGRAM if kind == SOCK_RAW || protocol == IPPROTO_ICMP => {
                let id = match kind {
                    SOCK_RAW => self.host.raw_open(protocol as u8),
                    _ => self.host.ping_open(),
                };
                let SocketId::Raw(key) = id else { return Err(Errno::EPROTONOSUPPORT) };
                End::Raw(Datagram::new(key))
            }
            _ => End::Datagram(Datagram::new(self.host.udp.open())),
        };
        self.add(Descriptor::new((domain, kind, protocol), nonblocking, end))
    }

    pub(super) fn has_room(&self) -> Result<(), Errno> {
        if self.host.descriptors.has_room() { Ok(()) } else { Err(Errno::EMFILE) }
    }

    pub(super) fn add(&mut self, descriptor: Descriptor) -> Result<Fd, Errno> {
        self.host.descriptors.add(descriptor).ok_or(Errno::EMFILE)
    }

    /// Closes a descriptor. What a connection has still to send is sent; with data unread it is reset.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor.
    pub fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        let gone = self.host.descriptors.remove(fd)?;
        if let Some(id) = gone.token() {
            self.host.close(self.ctx, id);
        }
        if let End::Stream(Stream { bound: Some(bound), .. }) = gone.end {
            self.host.close(self.ctx, bound);
        }
        Ok(())
    }

    /// As [`close`](Self::close), for a face that can wait: where the socket lingers (`SO_LINGER`) the descriptor is there
    /// until the peer has acknowledged everything, or the time is up; this is to be called again until then.
    ///
    /// # Errors
    /// `EAGAIN` as long as it lingers, `EBADF` where there is no such descriptor.
    pub fn close_lingering(&mut self, fd: Fd) -> Result<(), Errno> {
        if let Some(id @ SocketId::Tcp(_)) = self.token(fd)? {
            self.host.close_lingering(self.ctx, id)?;
        }
        self.close(fd)
    }

    /// Whether the faces' calls on this descriptor are not to wait: `fcntl` with `F_GETFL`.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor.
    pub fn fcntl_getfl(&self, fd: Fd) -> Result<i32, Errno> {
        Ok(if self.host.descriptors.get(fd)?.nonblocking { O_NONBLOCK } else { 0 })
    }

    /// Sets [`O_NONBLOCK`], or takes it away: `fcntl` with `F_SETFL`. The calls here never wait; the faces that do ask.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor, `EINVAL` for another flag.
    pub fn fcntl_setfl(&mut self, fd: Fd, flags: i32) -> Result<(), Errno> {
        let descriptor = self.host.descriptors.get_mut(fd)?;
        if flags & !O_NONBLOCK != 0 {
            return Err(Errno::EINVAL);
        }
        descriptor.nonblocking = flags & O_NONBLOCK != 0;
        Ok(())
    }

    /// By which socket the host names a descriptor when it becomes ready; none has nothing to wait for.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor.
    pub fn token(&self, fd: Fd) -> Result<Option<SocketId>, Errno> {
        Ok(self.host.descriptors.get(fd)?.token())
    }

    /// This end; any address and port 0 where it has none yet.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor.
    pub fn getsockname(&self, fd: Fd) -> Result<Address, Errno> {
        match self.token(fd)? {
            Some(id @ SocketId::Tcp(key)) if self.has_ended(key)? => {
                // It may be bound anew, once the port that was found for it has been given back.
                let End::Stream(Stream { bound, .. }) = &self.host.descriptors.get(fd)?.end else {
                    return Err(Errno::EBADF);
                };
                Ok(self.host.local_addr(bound.unwrap_or(id))?.into())
            }
            Some(id @ SocketId::Unix(_)) => Ok(self.host.unix_local(id)?.into()),
            Some(id) => Ok(self.host.local_addr(id)?.into()),
            None => Ok(Address::ANY),
        }
    }

    /// The other end.
    ///
    /// # Errors
    /// `ENOTCONN` where there is none (any more), `EBADF` where there is no such descriptor.
    pub fn getpeername(&self, fd: Fd) -> Result<Address, Errno> {
        let id = self.token(fd)?.ok_or(Errno::ENOTCONN)?;
        if let SocketId::Tcp(key) = id {
            let state = self.host.tcp.condition(key)?.state;
            if matches!(state, State::SynSent | State::Closed | State::TimeWait) {
                return Err(Errno::ENOTCONN);
            }
        }
        if let SocketId::Unix(_) = id {
            return Ok(self.host.unix_peer(id)?.into());
        }
        if let SocketId::Raw(key) = id {
            return self.raw_peer(key);
        }
        match self.host.peer_addr(id) {
            Err(SocketError::BadDescriptor) => Err(Errno::ENOTCONN),
            peer => Ok(peer?.into()),
        }
    }
}

/// The protocol of a socket of `AF_INET`.
fn inet_protocol(kind: i32, protocol: i32) -> Result<i32, Errno> {
    if !(0..=MAX_TYPE).contains(&kind) || !(0..=MAX_PROTOCOL).contains(&protocol) {
        return Err(Errno::EINVAL);
    }
    match (kind, protocol) {
        (SOCK_STREAM, IPPROTO_IP | IPPROTO_TCP) => Ok(IPPROTO_TCP),
        (SOCK_DGRAM, IPPROTO_IP | IPPROTO_UDP) => Ok(IPPROTO_UDP),
        (SOCK_DGRAM, IPPROTO_ICMP) => Ok(IPPROTO_ICMP),
        (SOCK_RAW, 1..=IPPROTO_RAW) => Ok(protocol),
        (SOCK_STREAM | SOCK_DGRAM | SOCK_RAW, _) => Err(Errno::EPROTONOSUPPORT),
        // `SOCK_SEQPACKET` among others.
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}
