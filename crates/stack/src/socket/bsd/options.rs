//! `setsockopt` and `getsockopt`: by level and name to whoever knows the option. What nobody knows is refused.

use core::net::Ipv4Addr;

use super::{
    Bsd, Errno, Fd, IP_ADD_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, IP_DROP_MEMBERSHIP,
    IP_DROP_SOURCE_MEMBERSHIP, IP_MTU, IP_MTU_DISCOVER, IP_MULTICAST_IF, IP_MULTICAST_LOOP, IP_MULTICAST_TTL,
    IP_OPTIONS, IP_PKTINFO, IP_PMTUDISC_DO, IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_RECVERR, IP_RECVTOS,
    IP_RECVTTL, IP_TOS, IP_TTL, IP_UNBLOCK_SOURCE, IPPROTO_IP, IPPROTO_TCP, Membership, OptionValue,
    SO_ACCEPTCONN, SO_BINDTODEVICE, SO_BROADCAST, SO_DOMAIN, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_PROTOCOL,
    SO_RCVBUF, SO_RCVTIMEO, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_SNDTIMEO, SO_TYPE, SOL_RAW, SOL_SOCKET,
};
use crate::frame::InterfaceId;
use crate::network::sending::MtuDiscovery;
use crate::transport::descriptors::{Datagram, Descriptor, End, Phase};
use crate::transport::{SocketError, SocketId};

impl Bsd<'_, '_> {
    /// Sets an option.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an option that this socket does not have, or that is read only; `EINVAL` for a value that it cannot
    /// take; `ENODEV` where there is no such interface; for groups what the calls that join and leave them say.
    pub fn setsockopt(
        &mut self,
        fd: Fd,
        level: i32,
        name: i32,
        value: impl Into<OptionValue>,
    ) -> Result<(), Errno> {
        let value = value.into();
        self.host.descriptors.get(fd)?;
        match level {
            SOL_SOCKET => self.set_of_socket(fd, name, &value),
            IPPROTO_IP => self.set_of_ip(fd, name, &value),
            IPPROTO_TCP => self.tell_stream(fd, IPPROTO_TCP, name, &value),
            SOL_RAW => self.set_of_raw(fd, name, &value),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }

    /// The value of an option. Asking for [`SO_ERROR`] takes the error.
    ///
    /// # Errors
    /// `ENOPROTOOPT` for an option that this socket does not have; `ENOTCONN` for what only a peer gives a meaning.
    pub fn getsockopt(&mut self, fd: Fd, level: i32, name: i32) -> Result<OptionValue, Errno> {
        self.host.descriptors.get(fd)?;
        match level {
            SOL_SOCKET => self.get_of_socket(fd, name),
            IPPROTO_IP => self.get_of_ip(fd, name),
            IPPROTO_TCP => self.told_stream(fd, IPPROTO_TCP, name),
            SOL_RAW => self.get_of_raw(fd, name),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }

    fn set_of_socket(&mut self, fd: Fd, name: i32, value: &OptionValue) -> Result<(), Errno> {
        if let End::Unix(id) = self.host.descriptors.get(fd)?.end
            && ![SO_RCVTIMEO, SO_SNDTIMEO].contains(&name)
        {
            return self.set_of_unix(id, name, value);
        }
        match name {
            SO_RCVTIMEO => self.host.descriptors.get_mut(fd)?.receive_timeout = value.time()?,
            SO_SNDTIMEO => self.host.descriptors.get_mut(fd)?.send_timeout = value.time()?,
            SO_RCVBUF | SO_SNDBUF | SO_BROADCAST | SO_BINDTODEVICE
                if matches!(self.token(fd)?, Some(SocketId::Raw(_))) =>
            {
                let Some(SocketId::Raw(key)) = self.token(fd)? else { return Err(Errno::EBADF) };
                return self.set_of_raw_socket(key, name, value);
            }
            SO_RCVBUF | SO_SNDBUF if matches!(self.token(fd)?, Some(SocketId::Udp(_))) => {
                let id = SocketId::Udp(self.datagram_of(fd)?.key);
                let octets = u32::try_from(value.int()?).map_err(|_| Errno::EINVAL)?;
                match name {
                    SO_RCVBUF => self.host.udp_set_receive_buffer(id, octets)?,
                    _ => self.host.udp_set_send_buffer(id, octets)?,
                }
            }
            SO_KEEPALIVE | SO_LINGER | SO_RCVBUF | SO_SNDBUF => {
                return self.tell_stream(fd, SOL_SOCKET, name, value);
            }
            SO_REUSEADDR | SO_REUSEPORT => return self.set_sharing(fd, name, value.flag()?),
            SO_BROADCAST => {
                let key = self.datagram_of(fd)?.key;
                self.host.udp.set_broadcast(key, value.flag()?)?;
            }
            SO_BINDTODEVICE if matches!(self.host.descriptors.get(fd)?.end, End::Stream(_)) => {
                let on = self.interface_of_value(value)?;
                return self.bind_stream_to(fd, on);
            }
            SO_BINDTODEVICE => {
                let key = self.datagram_of(fd)?.key;
                let on = self.interface_of_value(value)?;
                self.host.udp.bind_to_interface(key, on)?;
            }
            _ => return Err(Errno::ENOPROTOOPT),
        }
        Ok(())
    }

    fn set_sharing(&mut self, fd: Fd, name: i32, on: bool) -> Result<(), Errno> {
        match &mut self.host.descriptors.get_mut(fd)?.end {
            End::Stream(stream) => {
                match name {
                    SO_REUSEADDR => stream.sharing.address = on,
                    _ => stream.sharing.port = on,
                }
                let (sharing, bound) = (stream.sharing, stream.bound);
                for id in bound.into_iter().chain(self.token(fd)?) {
                    self.host.tcp.share(self.ctx.rng, id, sharing);
                }
                Ok(())
            }
            End::Unix(_) | End::Raw(_) => Err(Errno::ENOPROTOOPT),
            End::Datagram(datagram) => {
                let key = datagram.key;
                let binding = self.host.udp.binding(key)?;
                let how = if name == SO_REUSEADDR { (on, binding.spread) } else { (binding.share, on) };
                Ok(self.host.udp.share(self.ctx.rng, key, how)?)
            }
        }
    }

    fn get_of_socket(&mut self, fd: Fd, name: i32) -> Result<OptionValue, Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        Ok(match (name, &descriptor.end) {
            (SO_TYPE, _) => descriptor.kind.into(),
            (SO_DOMAIN, _) => descriptor.domain.into(),
            (SO_PROTOCOL, _) => descriptor.protocol.into(),
            (SO_RCVTIMEO, _) => descriptor.receive_timeout.into(),
            (SO_SNDTIMEO, _) => descriptor.send_timeout.into(),
            (SO_ACCEPTCONN, End::Stream(stream)) => matches!(stream.phase, Phase::Listening(_)).into(),
            (SO_ACCEPTCONN, End::Datagram(_)) => false.into(),
            (SO_REUSEADDR, End::Stream(stream)) => stream.sharing.address.into(),
            (SO_REUSEPORT, End::Stream(stream)) => stream.sharing.port.into(),
            (SO_REUSEADDR, End::Datagram(datagram)) => self.host.udp.binding(datagram.key)?.share.into(),
            (SO_REUSEPORT, End::Datagram(datagram)) => self.host.udp.binding(datagram.key)?.spread.into(),
            (SO_RCVBUF, End::Datagram(datagram)) => {
                let id = SocketId::Udp(datagram.key);
                (self.host.udp_receive_buffer(id)? as i32).into()
            }
            (SO_SNDBUF, End::Datagram(datagram)) => {
                let id = SocketId::Udp(datagram.key);
                (self.host.udp_send_buffer(id)? as i32).into()
            }
            (SO_BROADCAST, End::Datagram(datagram)) => self.host.udp.broadcast(datagram.key)?.into(),
            (SO_BINDTODEVICE, End::Datagram(datagram)) => {
                self.name_of_interface(self.host.udp.interface(datagram.key)).into()
            }
            (SO_BINDTODEVICE, End::Stream(stream)) => self.name_of_interface(stream.options.device).into(),
            (SO_KEEPALIVE | SO_LINGER | SO_RCVBUF | SO_SNDBUF, End::Stream(_)) => {
                self.told_stream(fd, SOL_SOCKET, name)?
            }
            (SO_RCVBUF | SO_SNDBUF | SO_BROADCAST | SO_BINDTODEVICE | SO_ACCEPTCONN, End::Raw(raw)) => {
                self.get_of_raw_socket(raw.key, name)?
            }
            (SO_ERROR, _) => self.take_error(fd)?.map_or(0, Errno::number).into(),
            (name, End::Unix(id)) => self.get_of_unix(*id, name)?,
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }

    /// Takes the error that waits.
    fn take_error(&mut self, fd: Fd) -> Result<Option<Errno>, Errno> {
        let error = match &self.host.descriptors.get(fd)?.end {
            End::Stream(stream) => match stream.phase.connection() {
                Some(key) => return self.take_connection_error(key),
                None => None,
            },
            End::Datagram(datagram) => self.host.udp.take_error(datagram.key)?,
            End::Raw(raw) => self.host.raw.take_error(raw.key)?,
            End::Unix(id) => {
                let id = *id;
                self.host.unix_take_error(id)?
            }
        };
        Ok(error.map(Errno::from))
    }

    fn set_of_ip(&mut self, fd: Fd, name: i32, value: &OptionValue) -> Result<(), Errno> {
        if let End::Unix(_) = self.host.descriptors.get(fd)?.end {
            return Err(Errno::ENOPROTOOPT);
        }
        match name {
            IP_TTL => {
                // -1 leaves it to the host again.
                let ttl = if value.int()? == -1 { None } else { Some(value.octet()?) };
                if ttl == Some(0) {
                    return Err(Errno::EINVAL);
                }
                if let End::Stream(stream) = &mut self.host.descriptors.get_mut(fd)?.end {
                    stream.options.ttl = ttl;
                }
                self.on_socket(fd, |bsd, id| bsd.host.set_ttl(id, ttl))
            }
            IP_TOS => {
                let tos = value.octet()?;
                if let End::Stream(stream) = &mut self.host.descriptors.get_mut(fd)?.end {
                    stream.options.tos = tos & !0b11;
                }
                self.on_socket(fd, |bsd, id| bsd.host.set_tos(id, tos))
            }
            _ if matches!(self.token(fd)?, Some(SocketId::Raw(_))) => self.set_of_raw_ip(fd, name, value),
            _ => self.set_of_datagram(fd, name, value),
        }
    }

    /// Sets what a socket of UDP has always, and a stream once it listens or has a connection.
    fn on_socket(
        &mut self,
        fd: Fd,
        set: impl FnOnce(&mut Self, SocketId) -> Result<(), SocketError>,
    ) -> Result<(), Errno> {
        match self.token(fd)? {
            Some(id @ (SocketId::Tcp(_) | SocketId::Listener(_) | SocketId::Udp(_) | SocketId::Raw(_))) => {
                Ok(set(self, id)?)
            }
            _ => Ok(()),
        }
    }

    fn set_of_datagram(&mut self, fd: Fd, name: i32, value: &OptionValue) -> Result<(), Errno> {
        let datagram = self.datagram_of(fd)?;
        let id = SocketId::Udp(datagram.key);
        match name {
            IP_PKTINFO => datagram.packet_info = value.flag()?,
            IP_RECVTTL => datagram.receive_ttl = value.flag()?,
            IP_RECVTOS => datagram.receive_tos = value.flag()?,
            IP_RECVERR => self.host.udp_report_errors(id, value.flag()?)?,
            IP_MTU_DISCOVER => {
                self.host.set_mtu_discovery(id, discovery(value)?)?;
            }
            IP_OPTIONS => {
                let OptionValue::Octets(octets) = value else { return Err(Errno::EINVAL) };
                self.host.set_ip_options(id, octets)?;
            }
            IP_MULTICAST_TTL => {
                let ttl = if value.int()? == -1 { 1 } else { value.octet()? };
                self.host.udp_set_multicast_ttl(id, ttl)?;
            }
            IP_MULTICAST_LOOP => self.host.udp_set_multicast_loop(id, value.flag()?)?,
            IP_MULTICAST_IF => {
                let OptionValue::Address(interface) = value else { return Err(Errno::EINVAL) };
                self.host.udp_set_multicast_interface(id, *interface)?;
            }
            _ => self.change_membership(id, name, value)?,
        }
        Ok(())
    }

    fn change_membership(&mut self, id: SocketId, name: i32, value: &OptionValue) -> Result<(), Errno> {
        let names_source = match name {
            IP_ADD_MEMBERSHIP | IP_DROP_MEMBERSHIP => false,
            IP_ADD_SOURCE_MEMBERSHIP | IP_DROP_SOURCE_MEMBERSHIP | IP_BLOCK_SOURCE | IP_UNBLOCK_SOURCE => {
                true
            }
            _ => return Err(Errno::ENOPROTOOPT),
        };
        let Membership { group, interface, source } = value.membership()?;
        let source = match (names_source, source) {
            (true, Some(source)) => source,
            (false, None) => Ipv4Addr::UNSPECIFIED,
            _ => return Err(Errno::EINVAL),
        };
        let (host, ctx) = (&mut *self.host, &mut *self.ctx);
        let changed = match name {
            IP_ADD_MEMBERSHIP => host.udp_join(ctx, id, group, interface),
            IP_DROP_MEMBERSHIP => host.udp_leave(ctx, id, group, interface),
            IP_ADD_SOURCE_MEMBERSHIP => host.udp_join_source(ctx, id, group, source, interface),
            IP_DROP_SOURCE_MEMBERSHIP => host.udp_leave_source(ctx, id, group, source, interface),
            IP_BLOCK_SOURCE => host.udp_block_source(ctx, id, group, source, interface),
            _ => host.udp_unblock_source(ctx, id, group, source, interface),
        };
        Ok(changed?)
    }

    fn get_of_ip(&mut self, fd: Fd, name: i32) -> Result<OptionValue, Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        let host_ttl = i32::from(self.host.knobs.ttl);
        let id = descriptor.token();
        Ok(match (name, &descriptor.end) {
            (IP_TTL, End::Stream(stream)) => stream.options.ttl.map_or(host_ttl, i32::from).into(),
            (IP_TOS, End::Stream(stream)) => i32::from(stream.options.tos).into(),
            (IP_MTU, _) => match id {
                Some(id @ (SocketId::Tcp(_) | SocketId::Udp(_) | SocketId::Raw(_))) => {
                    (self.host.path_mtu(id)? as i32).into()
                }
                _ => return Err(Errno::ENOTCONN),
            },
            (_, End::Stream(_) | End::Unix(_)) => return Err(Errno::ENOPROTOOPT),
            (name, End::Datagram(datagram)) => self.get_of_datagram(datagram, name)?,
            (name, End::Raw(raw)) => self.get_of_raw_ip(raw, name)?,
        })
    }

    fn get_of_datagram(&self, datagram: &Datagram, name: i32) -> Result<OptionValue, Errno> {
        let (host, id) = (&*self.host, SocketId::Udp(datagram.key));
        Ok(match name {
            IP_TTL => i32::from(host.ttl(id)?).into(),
            IP_TOS => i32::from(host.tos(id)?).into(),
            IP_PKTINFO => datagram.packet_info.into(),
            IP_RECVTTL => datagram.receive_ttl.into(),
            IP_RECVTOS => datagram.receive_tos.into(),
            IP_RECVERR => host.udp.queues_errors(datagram.key)?.into(),
            IP_MTU_DISCOVER => of_discovery(host.mtu_discovery(id)?).into(),
            IP_MULTICAST_TTL => i32::from(host.udp_multicast_ttl(id)?).into(),
            IP_MULTICAST_LOOP => host.udp_multicast_loop(id)?.into(),
            _ => return Err(Errno::ENOPROTOOPT),
        })
    }

    /// The interface that a value names; none with an empty name.
    pub(super) fn interface_of_value(&self, value: &OptionValue) -> Result<Option<InterfaceId>, Errno> {
        let OptionValue::Text(name) = value else { return Err(Errno::EINVAL) };
        if name.is_empty() { Ok(None) } else { self.interface_named(name).map(Some) }
    }

    /// The name of an interface; an empty one of none.
    pub(super) fn name_of_interface(&self, on: Option<InterfaceId>) -> &str {
        on.and_then(|on| self.host.interface(on)).map_or("", |on| on.name())
    }

    fn interface_named(&self, name: &str) -> Result<InterfaceId, Errno> {
        let named = |id: &InterfaceId| self.host.interface(*id).is_some_and(|own| own.name() == name);
        let all = (0..self.host.interface_count()).map(|number| InterfaceId(number as u16));
        all.chain([InterfaceId::LOOPBACK]).find(named).ok_or(Errno::ENODEV)
    }

    /// The socket of UDP behind a descriptor; another does not have the option.
    fn datagram_of(&mut self, fd: Fd) -> Result<&mut Datagram, Errno> {
        match self.host.descriptors.get_mut(fd)? {
            Descriptor { end: End::Datagram(datagram), .. } => Ok(datagram),
            _ => Err(Errno::ENOPROTOOPT),
        }
    }
}

/// What a value says of a path's MTU.
pub(super) fn discovery(value: &OptionValue) -> Result<MtuDiscovery, Errno> {
    match value.int()? {
        IP_PMTUDISC_DONT => Ok(MtuDiscovery::Dont),
        IP_PMTUDISC_WANT => Ok(MtuDiscovery::Want),
        IP_PMTUDISC_DO => Ok(MtuDiscovery::Do),
        _ => Err(Errno::EINVAL),
    }
}

/// The number of what a path's MTU means.
pub(super) const fn of_discovery(discovery: MtuDiscovery) -> i32 {
    match discovery {
        MtuDiscovery::Dont => IP_PMTUDISC_DONT,
        MtuDiscovery::Want => IP_PMTUDISC_WANT,
        MtuDiscovery::Do => IP_PMTUDISC_DO,
    }
}
