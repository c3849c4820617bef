//! `send`, `sendto`, `sendmsg`.

use std::borrow::Cow;

use super::receive::Control;
use super::{Address, Bsd, Errno, Fd, MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL};
use crate::socket::datagram::Envelope;
use crate::transport::descriptors::{Corked, End, Phase};
use crate::transport::tcp::Condition;
use crate::transport::{Key, SocketError, SocketId, udp};

/// The flags that mean something to what sends. There are no signals, and nothing here waits.
const FLAGS: i32 = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;

impl Bsd<'_, '_> {
    /// Sends to the peer: of a stream as much as there is room for, of datagrams one.
    ///
    /// # Errors
    /// As [`sendto`](Self::sendto).
    pub fn send(&mut self, fd: Fd, data: &[u8], flags: i32) -> Result<usize, Errno> {
        self.sendmsg(fd, &[data], None, &[], flags)
    }

    /// Sends a datagram to `address`, which a stream ignores.
    ///
    /// # Errors
    /// `EAGAIN` without room; `EPIPE` where the direction is closed or there is no connection; `EDESTADDRREQ` where nobody
    /// is named and there is no peer; `EMSGSIZE` for what is longer than a datagram can be; `EACCES` for a broadcast
    /// without `SO_BROADCAST`; `EOPNOTSUPP` for a flag that the socket cannot honour; what is wrong with the way; or, once,
    /// why the connection ended or what ICMP said of an earlier datagram.
    pub fn sendto(
        &mut self,
        fd: Fd,
        data: &[u8],
        flags: i32,
        address: impl Into<Address>,
    ) -> Result<usize, Errno> {
        self.sendmsg(fd, &[data], Some(&address.into()), &[], flags)
    }

    /// Sends what is gathered from `parts`: of datagrams one, to `address` or to the peer, with what `control` says of it.
    ///
    /// # Errors
    /// As [`sendto`](Self::sendto); `EINVAL` for control data that cannot be sent.
    pub fn sendmsg(
        &mut self,
        fd: Fd,
        parts: &[&[u8]],
        address: Option<&Address>,
        control: &[Control],
        flags: i32,
    ) -> Result<usize, Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        if flags & !FLAGS != 0 {
            // `MSG_OOB` among others: nothing here is urgent.
            return Err(Errno::EOPNOTSUPP);
        }
        let closed = descriptor.write_closed;
        match &descriptor.end {
            End::Stream(stream) => {
                let phase = stream.phase;
                self.send_stream(phase, closed, parts, flags)
            }
            End::Unix(id) => {
                let id = *id;
                self.unix_send(id, parts, address, flags & MSG_MORE != 0)
            }
            End::Raw(raw) => {
                let key = raw.key;
                let envelope = envelope(address, control)?;
                self.raw_send(key, closed, parts, &envelope, flags)
            }
            End::Datagram(datagram) => {
                let key = datagram.key;
                let envelope = envelope(address, control)?;
                self.send_datagram(fd, key, closed, parts, &envelope, flags)
            }
        }
    }

    fn send_stream(
        &mut self,
        phase: Phase,
        closed: bool,
        parts: &[&[u8]],
        flags: i32,
    ) -> Result<usize, Errno> {
        let more = flags & MSG_MORE != 0;
        let key = phase.connection().ok_or(Errno::EPIPE)?;
        if closed {
            return Err(self.take_connection_error(key)?.unwrap_or(Errno::EPIPE));
        }
        let mut sent = 0;
        for part in parts.iter().filter(|part| !part.is_empty()) {
            let id = SocketId::Tcp(key);
            let taken = if more {
                self.host.tcp_send_more(self.ctx, id, part)
            } else {
                self.host.tcp_send(self.ctx, id, part)
            };
            match taken {
                Ok(taken) => {
                    sent += taken;
                    if taken < part.len() {
                        break;
                    }
                }
                Err(_) if sent > 0 => break,
                Err(error) => return Err(told(&self.host.tcp.condition(key)?, error.into())),
            }
        }
        if sent == 0 {
            // Nothing was to be sent: whether it could be is still said.
            let asked = self.host.tcp_send(self.ctx, SocketId::Tcp(key), &[]);
            let found = self.host.tcp.condition(key)?;
            asked.map_err(|error| told(&found, error.into()))?;
        }
        Ok(sent)
    }

    /// Takes the error that the next call on a connection would return.
    pub(super) fn take_connection_error(&mut self, key: Key) -> Result<Option<Errno>, Errno> {
        let found = self.host.tcp.condition(key)?;
        Ok(self.host.tcp.take_error(key)?.map(|error| told(&found, error.into())))
    }

    fn send_datagram(
        &mut self,
        fd: Fd,
        key: Key,
        closed: bool,
        parts: &[&[u8]],
        envelope: &Envelope,
        flags: i32,
    ) -> Result<usize, Errno> {
        // Whatever comes of it: who sends has a port.
        self.bind_if_unbound(key)?;
        let length = parts.iter().map(|part| part.len()).sum();
        let before = self.datagram(fd)?.corked.as_ref().map_or(0, |corked| corked.data.len());
        if length + before > udp::MAX_PAYLOAD {
            return Err(Errno::EMSGSIZE);
        }
        if envelope.to.is_none() && before == 0 && self.host.udp.peer(key).is_err() {
            return Err(Errno::EDESTADDRREQ);
        }
        if envelope.to.is_some_and(|to| to.port() == 0) {
            return Err(Errno::EINVAL);
        }
        if closed {
            return Err(self.host.udp.take_error(key)?.map_or(Errno::EPIPE, Errno::from));
        }
        let corked = self.datagram(fd)?.corked.take();
        if flags & MSG_MORE != 0 || corked.is_some() {
            let new = || Box::new(Corked { to: envelope.to, data: Vec::with_capacity(length) });
            let mut corked = corked.unwrap_or_else(new);
            parts.iter().for_each(|part| corked.data.extend_from_slice(part));
            if flags & MSG_MORE != 0 {
                self.datagram(fd)?.corked = Some(corked);
                return Ok(length);
            }
            // It goes to whom its first part was for.
            let envelope = Envelope { to: corked.to, ..*envelope };
            self.host.udp_send_envelope(self.ctx, SocketId::Udp(key), &corked.data, &envelope)?;
            return Ok(length);
        }
        let sent = self.host.udp_send_envelope(self.ctx, SocketId::Udp(key), &gather(parts), envelope);
        sent.map_err(said)
    }
}

/// What a call says of a connection's error. Linux: to who has had the peer's FIN, a reset is a broken pipe.
const fn told(found: &Condition, error: Errno) -> Errno {
    match error {
        Errno::ECONNRESET if found.fin_received && !found.fin_requested => Errno::EPIPE,
        error => error,
    }
}

/// What a call says of why a datagram or packet was not sent.
pub(super) fn said(error: SocketError) -> Errno {
    match error {
        SocketError::NotConnected => Errno::EDESTADDRREQ,
        error => error.into(),
    }
}

/// All parts in one piece: one alone is that already.
pub(super) fn gather<'a>(parts: &[&'a [u8]]) -> Cow<'a, [u8]> {
    match parts {
        [one] => Cow::Borrowed(one),
        parts => Cow::Owned(parts.concat()),
    }
}

/// What `address` and `control` say of a datagram.
fn envelope(address: Option<&Address>, control: &[Control]) -> Result<Envelope, Errno> {
    let to = address.map(Address::peer).transpose()?;
    let mut envelope = Envelope { to, to_others: true, ..Envelope::default() };
    for item in control {
        match *item {
            Control::Ttl(0) => return Err(Errno::EINVAL),
            Control::Ttl(ttl) => envelope.ttl = Some(ttl),
            Control::Tos(tos) => envelope.tos = Some(tos),
            Control::PacketInfo { interface, local, .. } => {
                envelope.interface = interface;
                envelope.source = Some(local).filter(|local| !local.is_unspecified());
            }
            Control::Error { .. } => return Err(Errno::EINVAL),
        }
    }
    Ok(envelope)
}
