//! Multicast groups of a UDP socket: tokio's names, and socket2's where tokio has none.
//!
//! An interface is said by one of its addresses; 0.0.0.0 leaves the choice to the routes.

use core::net::Ipv4Addr;
use std::io;

use super::UdpSocket;

impl UdpSocket {
    /// Receives what anyone sends to `group`.
    ///
    /// # Errors
    /// When `group` is none, the interface is not there, the socket is a member already, or too many groups are joined.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_join(ctx, id, group, interface))
    }

    /// Leaves `group`. A socket that is dropped leaves all of its groups.
    ///
    /// # Errors
    /// When it is no member.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_leave(ctx, id, group, interface))
    }

    /// Receives what `source` sends to `group`, and what other sources do that are named so.
    ///
    /// # Errors
    /// As [`join_multicast_v4`](Self::join_multicast_v4); and when the socket is a member for all sources.
    pub fn join_ssm_v4(&self, source: Ipv4Addr, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_join_source(ctx, id, group, source, interface))
    }

    /// Names `source` no more; with the last the membership ends.
    ///
    /// # Errors
    /// When it was not named.
    pub fn leave_ssm_v4(&self, source: Ipv4Addr, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_leave_source(ctx, id, group, source, interface))
    }

    /// Does not receive what `source` sends to `group`, of all who do.
    ///
    /// # Errors
    /// When the socket is no member for all sources, or the source is blocked already.
    pub fn block_source_v4(&self, source: Ipv4Addr, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_block_source(ctx, id, group, source, interface))
    }

    /// Receives it again.
    ///
    /// # Errors
    /// When the source is not blocked.
    pub fn unblock_source_v4(
        &self,
        source: Ipv4Addr,
        group: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> io::Result<()> {
        self.socket.call(|host, ctx, id| host.udp_unblock_source(ctx, id, group, source, interface))
    }

    /// How far what it sends to groups goes; 1, the link, unless set.
    ///
    /// # Errors
    /// When it is more than 255.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        let ttl = u8::try_from(ttl).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.socket.call(|host, _, id| host.udp_set_multicast_ttl(id, ttl))
    }

    /// How far it goes.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket.call(|host, _, id| host.udp_multicast_ttl(id).map(u32::from))
    }

    /// Whether members on this host get what it sends to groups; they do unless set.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.socket.call(|host, _, id| host.udp_set_multicast_loop(id, on))
    }

    /// Whether they do.
    ///
    /// # Errors
    /// Never, as long as the host lives.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket.call(|host, _, id| host.udp_multicast_loop(id))
    }

    /// By which interface it sends to groups.
    ///
    /// # Errors
    /// When no interface has the address.
    pub fn set_multicast_if_v4(&self, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.call(|host, _, id| host.udp_set_multicast_interface(id, interface))
    }
}
