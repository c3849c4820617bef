//! `recv`, `recvfrom`, `recvmsg`.

use core::net::{IpAddr, Ipv4Addr};

use super::{
    Address, Bsd, Errno, Fd, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_NOSIGNAL, MSG_OOB, MSG_PEEK, MSG_TRUNC,
    MSG_WAITALL,
};
use crate::frame::InterfaceId;
use crate::transport::descriptors::{Datagram, End, Phase};
use crate::transport::udp::{self, DatagramError};
use crate::transport::{Key, SocketError, SocketId, Trouble};

/// The flags that mean something to what receives. (To wait for all of a buffer is the affair of the faces that wait.)
const FLAGS: i32 = MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL | MSG_ERRQUEUE;

/// Who says that something is wrong with a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorOrigin {
    /// This host itself (Linux: `SO_EE_ORIGIN_LOCAL`).
    Local,
    /// An ICMP message of this type and code (Linux: `SO_EE_ORIGIN_ICMP`).
    Icmp(u8, u8),
}

/// What comes, or goes, beside the data of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Control {
    /// `IP_PKTINFO`: received, where a datagram came in; sent, where it goes out.
    PacketInfo {
        /// By which interface.
        interface: Option<InterfaceId>,
        /// This host's address: the one from which it answers, or from which it is to be sent.
        local: Ipv4Addr,
        /// To which address it was: a group's, perhaps.
        destination: Ipv4Addr,
    },
    /// `IP_TTL`: its time to live.
    Ttl(u8),
    /// `IP_TOS`: its type of service.
    Tos(u8),
    /// `IP_RECVERR`: what was said of a datagram that was sent.
    Error {
        /// What a call would have failed with.
        errno: Errno,
        /// Who says so.
        origin: ErrorOrigin,
        /// The MTU, where the datagram was too long for it.
        info: u32,
        /// From which address it was said.
        offender: IpAddr,
    },
}

/// A message that was received.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Octets that were copied; with [`MSG_TRUNC`] asked for, the length of the whole datagram.
    pub length: usize,
    /// Who sent it; of a queued error: to whom the datagram was. None of a stream.
    pub address: Option<Address>,
    /// [`MSG_TRUNC`] where something was cut off, [`MSG_ERRQUEUE`] for a queued error.
    pub flags: i32,
    /// What came beside the data.
    pub control: Vec<Control>,
}

impl Bsd<'_, '_> {
    /// Receives: of a stream what is there, 0 octets at its end; of datagrams the next, what does not fit cut off.
    ///
    /// # Errors
    /// As [`recvmsg`](Self::recvmsg).
    pub fn recv(&mut self, fd: Fd, buffer: &mut [u8], flags: i32) -> Result<usize, Errno> {
        self.recvmsg(fd, &mut [buffer], flags).map(|received| received.length)
    }

    /// As [`recv`](Self::recv), with who sent it; a stream does not say.
    ///
    /// # Errors
    /// As [`recvmsg`](Self::recvmsg).
    pub fn recvfrom(
        &mut self,
        fd: Fd,
        buffer: &mut [u8],
        flags: i32,
    ) -> Result<(usize, Option<Address>), Errno> {
        self.recvmsg(fd, &mut [buffer], flags).map(|received| (received.length, received.address))
    }

    /// Receives a message into `parts`, one after the other, with what came beside it. [`MSG_PEEK`] leaves it there;
    /// [`MSG_TRUNC`] says the whole length of a datagram, and has a stream throw away what it would copy;
    /// [`MSG_ERRQUEUE`] takes the next queued error instead. [`MSG_WAITALL`] is for faces that wait: here is now.
    ///
    /// # Errors
    /// `EAGAIN` where nothing is there; `ENOTCONN` where a stream has no connection; `EINVAL` for urgent data, of which
    /// there is none; `EOPNOTSUPP` for another flag; or, once, why the connection ended or what ICMP said of an earlier
    /// datagram.
    pub fn recvmsg(&mut self, fd: Fd, parts: &mut [&mut [u8]], flags: i32) -> Result<Received, Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        if flags & MSG_OOB != 0 {
            return Err(Errno::EINVAL);
        }
        if flags & !FLAGS != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let closed = descriptor.read_closed;
        match &descriptor.end {
            End::Unix(id) => {
                let id = *id;
                self.unix_receive(id, parts, flags)
            }
            End::Stream(_) if flags & MSG_ERRQUEUE != 0 => Err(Errno::EAGAIN),
            End::Stream(stream) => {
                let phase = stream.phase;
                let length = self.receive_stream(phase, closed, parts, flags)?;
                Ok(Received { length, ..Received::default() })
            }
            End::Datagram(datagram) if flags & MSG_ERRQUEUE != 0 => {
                let key = datagram.key;
                let error = self.host.udp.recv_error(key)?;
                Ok(queued(&error, parts))
            }
            End::Raw(raw) if flags & MSG_ERRQUEUE != 0 => {
                let key = raw.key;
                let error = self.host.raw.recv_error(key)?;
                Ok(queued(&error, parts))
            }
            End::Datagram(datagram) | End::Raw(datagram) => {
                let datagram = datagram.clone();
                let id = descriptor.token();
                self.receive_datagram((id, &datagram), closed, parts, flags)
            }
        }
    }

    fn receive_stream(
        &mut self,
        phase: Phase,
        closed: bool,
        parts: &mut [&mut [u8]],
        flags: i32,
    ) -> Result<usize, Errno> {
        let key = match phase.connection() {
            Some(key) => key,
            None if closed && phase == Phase::Idle => return Ok(0),
            None => return Err(Errno::ENOTCONN),
        };
        self.receive_from(key, closed, parts, flags)
    }

    fn receive_from(
        &mut self,
        key: Key,
        closed: bool,
        parts: &mut [&mut [u8]],
        flags: i32,
    ) -> Result<usize, Errno> {
        let id = SocketId::Tcp(key);
        let found = self.host.tcp.condition(key)?;
        let wanted: usize = parts.iter().map(|part| part.len()).sum();
        // Linux: behind the peer's FIN there is the end, whatever has become of the connection since.
        if found.readable == 0 && (found.fin_received || (closed && found.error.is_none())) {
            return Ok(0);
        }
        if wanted == 0 {
            // Whether something is there is said even to who takes nothing of it.
            return Ok(self.host.tcp_peek(id, &mut []).map(|_| 0)?);
        }
        if flags & MSG_TRUNC != 0 && flags & MSG_PEEK == 0 {
            return self.discard(id, wanted);
        }
        if flags & MSG_PEEK != 0 {
            let mut all = vec![0; wanted.min(found.readable)];
            let length = self.host.tcp_peek(id, &mut all)?;
            return Ok(if flags & MSG_TRUNC != 0 { length } else { scatter(&all[..length], parts) });
        }
        let mut length = 0;
        for part in parts.iter_mut().filter(|part| !part.is_empty()) {
            match self.host.tcp_recv(self.ctx, id, part) {
                Ok(0) => break,
                Ok(taken) => length += taken,
                Err(_) if length > 0 => break,
                Err(error) => return Err(error.into()),
            }
            if self.host.tcp.condition(key)?.readable == 0 {
                break;
            }
        }
        Ok(length)
    }

    /// Throws away what a stream has received, at most `most` octets.
    fn discard(&mut self, id: SocketId, most: usize) -> Result<usize, Errno> {
        let mut length = 0;
        while length < most {
            match self.host.tcp_recv_bytes(self.ctx, id, most - length) {
                Ok(octets) if octets.is_empty() => break,
                Ok(octets) => length += octets.len(),
                Err(_) if length > 0 => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(length)
    }

    fn receive_datagram(
        &mut self,
        (id, datagram): (Option<SocketId>, &Datagram),
        closed: bool,
        parts: &mut [&mut [u8]],
        flags: i32,
    ) -> Result<Received, Errno> {
        let key = datagram.key;
        let peeks = flags & MSG_PEEK != 0;
        let received = match id {
            Some(SocketId::Raw(key)) if peeks => self.host.raw.peek_message(key),
            Some(SocketId::Raw(key)) => self.host.raw.recv_message(key),
            _ if peeks => self.host.udp.peek_message(key),
            _ => self.host.udp_recv_message(self.ctx, SocketId::Udp(key)),
        };
        let received = match received {
            // Who would wait finds the end; who would not is told to.
            Err(SocketError::WouldBlock) if closed && flags & MSG_DONTWAIT == 0 => {
                return Ok(Received::default());
            }
            received => received?,
        };
        let whole = received.payload.len();
        let copied = scatter(&received.payload, parts);
        let cut = copied < whole;
        Ok(Received {
            length: if flags & MSG_TRUNC != 0 { whole } else { copied },
            address: Some(received.from.into()),
            flags: if cut { MSG_TRUNC } else { 0 },
            control: self.control(datagram, &received),
        })
    }

    /// What the owner of a socket wants to be told beside a datagram.
    fn control(&self, wanted: &Datagram, received: &udp::Received) -> Vec<Control> {
        let mut control = Vec::new();
        if wanted.packet_info
            && let IpAddr::V4(destination) = received.to
        {
            let own = self.host.is_own(destination);
            let by = || self.host.interface(received.interface)?.ipv4_addresses().next();
            let local = if own { destination } else { by().unwrap_or(Ipv4Addr::UNSPECIFIED) };
            control.push(Control::PacketInfo { interface: Some(received.interface), local, destination });
        }
        if wanted.receive_ttl {
            control.push(Control::Ttl(received.ttl));
        }
        if wanted.receive_tos {
            control.push(Control::Tos(received.tos));
        }
        control
    }
}

/// Copies `data` into `parts`, one after the other; says how much of it went in.
pub(super) fn scatter(data: &[u8], parts: &mut [&mut [u8]]) -> usize {
    let mut rest = data;
    for part in parts {
        let length = part.len().min(rest.len());
        part[..length].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    data.len() - rest.len()
}

/// A queued error as a message: its data is the datagram that it is about.
fn queued(error: &DatagramError, parts: &mut [&mut [u8]]) -> Received {
    let DatagramError { destination, report, data } = error;
    let length = scatter(data, parts);
    let cut = if length < data.len() { MSG_TRUNC } else { 0 };
    let origin = report.icmp.map_or(ErrorOrigin::Local, |(kind, code)| ErrorOrigin::Icmp(kind, code));
    let info = if let Trouble::PacketTooBig(mtu) = report.trouble { mtu.into() } else { 0 };
    let errno = Errno::from(report.trouble.socket_error());
    let told = Control::Error { errno, origin, info, offender: report.from };
    let (address, flags) = (Some((*destination).into()), MSG_ERRQUEUE | cut);
    Received { length, address, flags, control: vec![told] }
}
