//! The calls on raw sockets (Linux: `man 7 raw`), and on those of datagrams of ICMP (`man 7 icmp`).

use core::net::SocketAddr;

use super::send::{gather, said};
use super::{
    Address, Bsd, Errno, Fd, ICMP_FILTER, IP_HDRINCL, IP_MTU_DISCOVER, IP_OPTIONS, IP_PKTINFO, IP_RECVERR,
    IP_RECVTOS, IP_RECVTTL, IP_TOS, IP_TTL, MSG_MORE, OptionValue, SO_ACCEPTCONN, SO_BINDTODEVICE,
    SO_BROADCAST, SO_RCVBUF, SO_SNDBUF,
};
use crate::socket::datagram::Envelope;
use crate::transport::descriptors::{Datagram, End};
use crate::transport::raw::Kind;
use crate::transport::{Key, SocketId};

impl Bsd<'_, '_> {
    pub(super) fn raw_bind(&mut self, key: Key, local: SocketAddr) -> Result<(), Errno> {
        Ok(self.host.raw_bind(self.ctx, SocketId::Raw(key), local)?)
    }

    pub(super) fn raw_connect(&mut self, key: Key, address: &Address) -> Result<(), Errno> {
        let peer = if *address == Address::Unspecified { None } else { Some(address.peer()?) };
        Ok(self.host.raw_connect(self.ctx, SocketId::Raw(key), peer)?)
    }

    pub(super) fn raw_peer(&self, key: Key) -> Result<Address, Errno> {
        let peer = self.host.raw.peer(key)?;
        // Linux: who connected to port 0, and of raw sockets that is usual, is told of no peer.
        if peer.port() == 0 { Err(Errno::ENOTCONN) } else { Ok(peer.into()) }
    }

    pub(super) fn raw_send(
        &mut self,
        key: Key,
        closed: bool,
        parts: &[&[u8]],
        envelope: &Envelope,
        flags: i32,
    ) -> Result<usize, Errno> {
        if flags & MSG_MORE != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        if parts.iter().map(|part| part.len()).sum::<usize>() > crate::transport::raw::MAX_PACKET {
            return Err(Errno::EMSGSIZE);
        }
        if envelope.to.is_none() && self.host.raw.peer(key).is_err() {
            return Err(Errno::EDESTADDRREQ);
        }
        if closed {
            return Err(self.host.raw.take_error(key)?.map_or(Errno::EPIPE, Errno::from));
        }
        self.host.raw_send(self.ctx, SocketId::Raw(key), &gather(parts), envelope).map_err(said)
    }

    /// The socket behind a descriptor; another does not have the option.
    fn raw_of(&mut self, fd: Fd) -> Result<&mut Datagram, Errno> {
        match &mut self.host.descriptors.get_mut(fd)?.end {
            End::Raw(raw) => Ok(raw),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }

    pub(super) fn set_of_raw_socket(
        &mut self,
        key: Key,
        name: i32,
        value: &OptionValue,
    ) -> Result<(), Errno> {
        let octets = || u32::try_from(value.int()?).map_err(|_| Errno::EINVAL);
        match name {
            SO_RCVBUF => self.host.raw.set_receive_buffer(key, octets()?)?,
            SO_SNDBUF => self.host.raw.set_send_buffer(key, octets()?)?,
            SO_BROADCAST => self.host.raw.set_broadcast(key, value.flag()?)?,
            SO_BINDTODEVICE => {
                let on = self.interface_of_value(value)?;
                self.host.raw.bind_to_interface(key, on)?;
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    }

    pub(super) fn get_of_raw_socket(&self, key: Key, name: i32) -> Result<OptionValue, Errno> {
        let raw = &self.host.raw;
        Ok(match name {
            SO_RCVBUF => (raw.buffers(key)?.0 as i32).into(),
            SO_SNDBUF => (raw.buffers(key)?.1 as i32).into(),
            SO_BROADCAST => raw.broadcast(key)?.into(),
            SO_BINDTODEVICE => self.name_of_interface(raw.interface(key)?).into(),
            SO_ACCEPTCONN => false.into(),
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }

    pub(super) fn set_of_raw_ip(&mut self, fd: Fd, name: i32, value: &OptionValue) -> Result<(), Errno> {
        let raw = self.raw_of(fd)?;
        let (key, id) = (raw.key, SocketId::Raw(raw.key));
        match name {
            IP_PKTINFO => raw.packet_info = value.flag()?,
            IP_RECVTTL => raw.receive_ttl = value.flag()?,
            IP_RECVTOS => raw.receive_tos = value.flag()?,
            IP_HDRINCL => {
                let included = self.host.raw.include_header(key, value.flag()?);
                included.map_err(|_| Errno::ENOPROTOOPT)?;
            }
            IP_RECVERR => self.host.raw.queue_errors(key, value.flag()?)?,
            IP_MTU_DISCOVER => self.host.set_mtu_discovery(id, super::options::discovery(value)?)?,
            IP_OPTIONS => {
                let OptionValue::Octets(octets) = value else { return Err(Errno::EINVAL) };
                self.host.set_ip_options(id, octets)?;
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    }

    pub(super) fn get_of_raw_ip(&self, raw: &Datagram, name: i32) -> Result<OptionValue, Errno> {
        let (key, id) = (raw.key, SocketId::Raw(raw.key));
        Ok(match name {
            IP_TTL => i32::from(self.host.ttl(id)?).into(),
            IP_TOS => i32::from(self.host.tos(id)?).into(),
            IP_PKTINFO => raw.packet_info.into(),
            IP_RECVTTL => raw.receive_ttl.into(),
            IP_RECVTOS => raw.receive_tos.into(),
            IP_RECVERR => self.host.raw.queues_errors(key)?.into(),
            IP_MTU_DISCOVER => super::options::of_discovery(self.host.mtu_discovery(id)?).into(),
            IP_HDRINCL => match self.host.raw.kind(key)?.1 {
                Kind::Raw { header_included } => header_included.into(),
                Kind::Ping { .. } => return Err(Errno::ENOPROTOOPT),
            },
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }

    /// Options of the level [`SOL_RAW`](super::SOL_RAW): `ICMP_FILTER`, of raw sockets of ICMP.
    pub(super) fn set_of_raw(&mut self, fd: Fd, name: i32, value: &OptionValue) -> Result<(), Errno> {
        let key = self.filtering(fd, name)?;
        Ok(self.host.raw.set_filter(key, value.int()?.cast_unsigned())?)
    }

    pub(super) fn get_of_raw(&mut self, fd: Fd, name: i32) -> Result<OptionValue, Errno> {
        let key = self.filtering(fd, name)?;
        Ok(self.host.raw.filter(key)?.cast_signed().into())
    }

    fn filtering(&mut self, fd: Fd, name: i32) -> Result<Key, Errno> {
        let key = self.raw_of(fd)?.key;
        match (self.host.raw.kind(key)?, name) {
            ((crate::transport::raw::ICMP, Kind::Raw { .. }), ICMP_FILTER) => Ok(key),
            ((_, Kind::Raw { .. }), ICMP_FILTER) => Err(Errno::EOPNOTSUPP),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }
}
