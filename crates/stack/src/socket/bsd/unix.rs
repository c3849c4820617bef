//! The calls on `AF_UNIX` sockets.

use super::receive::scatter;
use super::{
    AF_UNIX, Address, Bsd, Errno, Fd, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC, OptionValue, POLLERR, POLLHUP,
    POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM, Received, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_ACCEPTCONN,
    SO_PEERCRED, SO_SNDBUF, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
    SOMAXCONN,
};
use crate::transport::SocketId;
use crate::transport::descriptors::{Descriptor, End};
use crate::transport::unix::{self, Shutdown, Type};

/// The one protocol of the family, besides 0.
const PF_UNIX: i32 = 1;

/// The type of a socket within the host, and its number.
pub(super) fn unix_type(kind: i32, protocol: i32) -> Result<(Type, i32), Errno> {
    if ![0, PF_UNIX].contains(&protocol) {
        return Err(Errno::EPROTONOSUPPORT);
    }
    match kind {
        SOCK_STREAM => Ok((Type::Stream, kind)),
        // As the system has it: there is nothing rawer.
        SOCK_DGRAM | SOCK_RAW => Ok((Type::Datagram, SOCK_DGRAM)),
        SOCK_SEQPACKET => Ok((Type::SeqPacket, kind)),
        0..=10 => Err(Errno::ESOCKTNOSUPPORT),
        _ => Err(Errno::EINVAL),
    }
}

impl Bsd<'_, '_> {
    /// Two sockets within the host that are each other's peers.
    ///
    /// # Errors
    /// As [`socket`](Self::socket); `EOPNOTSUPP` for another family than [`AF_UNIX`].
    pub fn socketpair(&mut self, domain: i32, kind: i32, protocol: i32) -> Result<(Fd, Fd), Errno> {
        let nonblocking = kind & SOCK_NONBLOCK != 0;
        let kind = kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC);
        if domain != AF_UNIX {
            // The family must be there, before it can be one that has no pairs.
            let fd = self.socket(domain, kind, protocol)?;
            self.close(fd)?;
            return Err(Errno::EOPNOTSUPP);
        }
        let (pair, kind) = unix_type(kind, protocol)?;
        let ends = self.host.unix_pair(pair);
        let fds = ends.map(|id| self.add(Descriptor::new((AF_UNIX, kind, 0), nonblocking, End::Unix(id))));
        if let [Ok(one), Ok(other)] = fds {
            return Ok((one, other));
        }
        ends.iter().for_each(|id| self.host.close(self.ctx, *id));
        fds.iter().flatten().for_each(|fd| _ = self.host.descriptors.remove(*fd));
        Err(Errno::EMFILE)
    }

    pub(super) fn unix_bind(&mut self, id: SocketId, address: Address) -> Result<(), Errno> {
        match address {
            Address::Unix(address) => Ok(self.host.unix_bind(id, address)?),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) fn unix_listen(&mut self, id: SocketId, backlog: i32) -> Result<(), Errno> {
        let backlog = if backlog < 0 { SOMAXCONN } else { backlog.min(SOMAXCONN) };
        Ok(self.host.unix_listen(id, backlog as usize)?)
    }

    pub(super) fn unix_accept(
        &mut self,
        id: SocketId,
        kind: i32,
        flags: i32,
    ) -> Result<(Fd, Address), Errno> {
        self.has_room()?;
        let (id, peer) = self.host.unix_accept(id)?;
        let nonblocking = flags & SOCK_NONBLOCK != 0;
        let fd = self.add(Descriptor::new((AF_UNIX, kind, 0), nonblocking, End::Unix(id)))?;
        Ok((fd, Address::Unix(peer)))
    }

    pub(super) fn unix_connect(&mut self, id: SocketId, address: Address) -> Result<(), Errno> {
        match address {
            Address::Unix(address) => Ok(self.host.unix_connect(id, &address)?),
            Address::Unspecified => Ok(self.host.unix_connect(id, &unix::Address::Unnamed)?),
            Address::Inet(_) => Err(Errno::EINVAL),
        }
    }

    pub(super) fn unix_shutdown(&mut self, id: SocketId, how: i32) -> Result<(), Errno> {
        let how = match how {
            SHUT_RD => Shutdown::Read,
            SHUT_WR => Shutdown::Write,
            SHUT_RDWR => Shutdown::Both,
            _ => return Err(Errno::EINVAL),
        };
        Ok(self.host.unix_shutdown(id, how)?)
    }

    pub(super) fn unix_send(
        &mut self,
        id: SocketId,
        parts: &[&[u8]],
        to: Option<&Address>,
        more: bool,
    ) -> Result<usize, Errno> {
        let to = match to {
            None => None,
            Some(Address::Unix(to)) => Some(to),
            Some(_) => return Err(Errno::EINVAL),
        };
        if more {
            return Err(Errno::EOPNOTSUPP);
        }
        match parts {
            [one] => Ok(self.host.unix_send(id, one, to)?),
            parts => Ok(self.host.unix_send(id, &parts.concat(), to)?),
        }
    }

    pub(super) fn unix_receive(
        &mut self,
        id: SocketId,
        parts: &mut [&mut [u8]],
        flags: i32,
    ) -> Result<Received, Errno> {
        if flags & MSG_ERRQUEUE != 0 {
            return Err(Errno::EAGAIN);
        }
        let most = parts.iter().map(|part| part.len()).sum();
        let peek = flags & MSG_PEEK != 0;
        let stream = self.host.unix_type(id)? == Type::Stream;
        let message = if peek { self.host.unix_peek(id, most) } else { self.host.unix_recv(id, most) }?;
        let mut copied = scatter(&message.payload, parts);
        // A stream lies in pieces, as it was written: a call takes what fits of all of them.
        while stream && !peek && copied > 0 && copied < most {
            let Ok(next) = self.host.unix_peek(id, 1) else { break };
            if next.payload.is_empty() {
                break;
            }
            let Ok(next) = self.host.unix_recv(id, most - copied) else { break };
            copied += scatter(&next.payload, &mut behind(parts, copied));
        }
        let cut = !stream && message.length > copied;
        Ok(Received {
            length: if flags & MSG_TRUNC != 0 && !stream { message.length } else { copied },
            address: (!message.from.is_unnamed()).then_some(Address::Unix(message.from)),
            flags: if cut { MSG_TRUNC } else { 0 },
            control: Vec::new(),
        })
    }

    pub(super) fn unix_events(&self, id: SocketId) -> Result<i16, Errno> {
        let standing = self.host.unix_standing(id)?;
        let mut events = 0;
        for (holds, event) in [
            (standing.readable, POLLIN | POLLRDNORM),
            (standing.writable, POLLOUT | POLLWRNORM),
            (standing.read_hangup, POLLRDHUP),
            (standing.hangup, POLLHUP),
            (standing.error, POLLERR),
        ] {
            if holds {
                events |= event;
            }
        }
        Ok(events)
    }

    pub(super) fn set_of_unix(&mut self, id: SocketId, name: i32, value: &OptionValue) -> Result<(), Errno> {
        match name {
            SO_SNDBUF => {
                let octets = usize::try_from(value.int()?).map_err(|_| Errno::EINVAL)?;
                Ok(self.host.unix_set_send_buffer(id, octets)?)
            }
            _ => Err(Errno::ENOPROTOOPT),
        }
    }

    pub(super) fn get_of_unix(&self, id: SocketId, name: i32) -> Result<OptionValue, Errno> {
        Ok(match name {
            SO_ACCEPTCONN => self.host.unix_is_listening(id)?.into(),
            SO_SNDBUF => (self.host.unix_send_buffer(id)? as i32).into(),
            SO_PEERCRED => (&*self.host.unix_peer_credentials(id)?.application).into(),
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }
}

/// What of `parts` lies behind their first `length` octets.
fn behind<'p>(parts: &'p mut [&mut [u8]], mut length: usize) -> Vec<&'p mut [u8]> {
    let mut rest = Vec::new();
    for part in parts {
        let skipped = length.min(part.len());
        length -= skipped;
        rest.push(&mut part[skipped..]);
    }
    rest
}
