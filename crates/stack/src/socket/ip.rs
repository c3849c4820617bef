//! What the owner of a socket wants of its packets' IP headers: `IP_TTL`, `IP_TOS`, `IP_MTU_DISCOVER`, `IP_OPTIONS`.

use core::net::Ipv4Addr;

use crate::host::Host;
use crate::network::options::List;
use crate::network::sending::{MtuDiscovery, Sending};
use crate::transport::{SocketError, SocketId};

impl Host {
    fn sending(&self, id: SocketId) -> Result<&Sending, SocketError> {
        match id {
            SocketId::Udp(key) => self.udp.sending(key),
            SocketId::Icmp(key) => self.echo.sending(key),
            SocketId::Raw(key) => self.raw.sending(key),
            SocketId::Tcp(_)
            | SocketId::Listener(_)
            | SocketId::Bound(_)
            | SocketId::Unix(_)
            | SocketId::Addresses => Err(SocketError::InvalidInput),
        }
    }

    fn sending_mut(&mut self, id: SocketId) -> Result<&mut Sending, SocketError> {
        match id {
            SocketId::Udp(key) => self.udp.sending_mut(key),
            SocketId::Icmp(key) => self.echo.sending_mut(key),
            SocketId::Raw(key) => self.raw.sending_mut(key),
            SocketId::Tcp(_)
            | SocketId::Listener(_)
            | SocketId::Bound(_)
            | SocketId::Unix(_)
            | SocketId::Addresses => Err(SocketError::InvalidInput),
        }
    }

    /// Sets the time to live of what a socket sends (`IP_TTL`); without one it is the host's own. What a listener is told
    /// holds for the connections that come from here on.
    ///
    /// # Errors
    /// `InvalidInput` for zero, `BadDescriptor` where there is no such socket.
    pub fn set_ttl(&mut self, id: SocketId, ttl: Option<u8>) -> Result<(), SocketError> {
        if ttl == Some(0) {
            return Err(SocketError::InvalidInput);
        }
        match id {
            SocketId::Tcp(key) => self.tcp.set_header(key, |_, tos| (ttl, tos))?,
            SocketId::Listener(key) => self.tcp.set_listener_header(key, |_, tos| (ttl, tos))?,
            _ => {
                self.sending_mut(id)?.ttl = ttl;
                return Ok(());
            }
        }
        self.forget_way();
        Ok(())
    }

    /// The time to live of what a socket sends.
    ///
    /// # Errors
    /// As [`set_ttl`](Self::set_ttl).
    pub fn ttl(&self, id: SocketId) -> Result<u8, SocketError> {
        let own = match id {
            SocketId::Tcp(key) => self.tcp.header(key)?.0,
            SocketId::Listener(key) => self.tcp.listener_told(key)?.ttl,
            _ => self.sending(id)?.ttl,
        };
        Ok(own.unwrap_or(self.knobs.ttl))
    }

    /// Sets the type of service of what a socket sends (`IP_TOS`): DSCP in the upper six bits, ECN in the lower two. TCP's
    /// ECN is TCP's own affair: those two bits are left out. A listener is as with [`set_ttl`](Self::set_ttl).
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn set_tos(&mut self, id: SocketId, tos: u8) -> Result<(), SocketError> {
        let tcp = tos & !0b11;
        match id {
            SocketId::Tcp(key) => self.tcp.set_header(key, |ttl, _| (ttl, tcp))?,
            SocketId::Listener(key) => self.tcp.set_listener_header(key, |ttl, _| (ttl, tcp))?,
            _ => {
                self.sending_mut(id)?.tos = tos;
                return Ok(());
            }
        }
        self.forget_way();
        Ok(())
    }

    /// The type of service of what a socket sends.
    ///
    /// # Errors
    /// As [`set_tos`](Self::set_tos).
    pub fn tos(&self, id: SocketId) -> Result<u8, SocketError> {
        match id {
            SocketId::Tcp(key) => Ok(self.tcp.header(key)?.1),
            SocketId::Listener(key) => Ok(self.tcp.listener_told(key)?.tos),
            _ => Ok(self.sending(id)?.tos),
        }
    }

    /// Sets what a path's MTU means for what a UDP or echo socket sends (`IP_MTU_DISCOVER`).
    ///
    /// # Errors
    /// `InvalidInput` for a socket of TCP, which always keeps to it; `BadDescriptor` where there is no such socket.
    pub fn set_mtu_discovery(&mut self, id: SocketId, discovery: MtuDiscovery) -> Result<(), SocketError> {
        self.sending_mut(id)?.discovery = Some(discovery);
        Ok(())
    }

    /// What a path's MTU means for what a UDP or echo socket sends.
    ///
    /// # Errors
    /// As [`set_mtu_discovery`](Self::set_mtu_discovery).
    pub fn mtu_discovery(&self, id: SocketId) -> Result<MtuDiscovery, SocketError> {
        Ok(self.sending(id)?.discovery.unwrap_or(self.knobs.mtu_discovery))
    }

    /// Sets the IP options of what a UDP or echo socket sends (`IP_OPTIONS`), as they stand in a header; none clears
    /// them. A source route lists the stations between this host and the destination, the first of them first.
    ///
    /// # Errors
    /// `InvalidInput` where they do not parse, or for a socket of TCP; `BadDescriptor` where there is no such socket.
    pub fn set_ip_options(&mut self, id: SocketId, octets: &[u8]) -> Result<(), SocketError> {
        let options = List::read(octets).map_err(|_| SocketError::InvalidInput)?;
        self.sending_mut(id)?.options = options;
        Ok(())
    }

    /// The IP options of what a UDP or echo socket sends.
    ///
    /// # Errors
    /// As [`set_ip_options`](Self::set_ip_options).
    pub fn ip_options(&self, id: SocketId) -> Result<List, SocketError> {
        Ok(self.sending(id)?.options)
    }

    /// The MTU of the path to a socket's peer, as far as it is known (`IP_MTU`).
    ///
    /// # Errors
    /// `NotConnected` where it has no peer, `NetworkUnreachable` without a route, `BadDescriptor` where there is no such
    /// socket.
    pub fn path_mtu(&self, id: SocketId) -> Result<usize, SocketError> {
        let (local, peer) = (self.local_addr(id)?, self.peer_addr(id)?);
        Ok(self.plan(peer.ip(), local.ip())?.mtu)
    }

    /// How a packet of `payload` octets behind its IP header goes out as `sending` says to `destination`: where it goes
    /// first, and its options as they leave. A source route is begun here (RFC 1122 §3.2.1.8 (c)).
    pub(crate) fn originate(
        sending: &Sending,
        destination: core::net::IpAddr,
    ) -> (core::net::IpAddr, Sending) {
        let core::net::IpAddr::V4(to) = destination else { return (destination, *sending) };
        let (first, options): (Ipv4Addr, List) =
            if sending.options.is_empty() { (to, sending.options) } else { sending.options.originate(to) };
        (first.into(), Sending { options, ..*sending })
    }
}
