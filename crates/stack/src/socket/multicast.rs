//! Multicast groups: the options of UDP sockets by which they are joined, left and sent to.
//!
//! An interface is said by one of its addresses, as in `struct ip_mreq`; 0.0.0.0 leaves the choice to the routes.

use core::net::Ipv4Addr;

use crate::context::Ctx;
use crate::host::Host;
use crate::transport::udp::Change;
use crate::transport::{SocketError, SocketId};

impl Host {
    /// `IP_ADD_MEMBERSHIP`: the socket receives what anyone sends to `group` on the network of `interface`.
    ///
    /// # Errors
    /// `InvalidInput` where `group` is none, `AddressNotAvailable` where no interface has the address, `AddressInUse` where
    /// the socket is a member, `NoBuffers` at the bound of groups.
    pub fn udp_join(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::Join)
    }

    /// `IP_DROP_MEMBERSHIP`: it does no more.
    ///
    /// # Errors
    /// `AddressNotAvailable` where it is no member.
    pub fn udp_leave(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::Leave)
    }

    /// `IP_ADD_SOURCE_MEMBERSHIP`: the socket receives what `source` sends to `group`, and what other sources do that it
    /// names so.
    ///
    /// # Errors
    /// As [`udp_join`](Self::udp_join); `InvalidInput` where it is a member for all sources; `AddressNotAvailable` where the
    /// source is named already; `NoBuffers` at the bound of sources.
    pub fn udp_join_source(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        source: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::JoinSource(source))
    }

    /// `IP_DROP_SOURCE_MEMBERSHIP`: the source is named no more; with the last the membership ends.
    ///
    /// # Errors
    /// `AddressNotAvailable` where it was not named, `InvalidInput` where the socket is a member for all sources.
    pub fn udp_leave_source(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        source: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::LeaveSource(source))
    }

    /// `IP_BLOCK_SOURCE`: a socket that is a member for all sources does not receive what this one sends.
    ///
    /// # Errors
    /// `InvalidInput` where it is not such a member, `AddressNotAvailable` where the source is blocked already, `NoBuffers`
    /// at the bound of sources.
    pub fn udp_block_source(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        source: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::Block(source))
    }

    /// `IP_UNBLOCK_SOURCE`: it receives it again.
    ///
    /// # Errors
    /// `InvalidInput` where it is no member for all sources, `AddressNotAvailable` where the source is not blocked.
    pub fn udp_unblock_source(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        source: Ipv4Addr,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        self.change_membership(ctx, id, group, interface, Change::Unblock(source))
    }

    fn change_membership(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SocketId,
        group: Ipv4Addr,
        interface: Ipv4Addr,
        change: Change,
    ) -> Result<(), SocketError> {
        let key = super::datagram::socket(id)?;
        self.called();
        if !group.is_multicast() {
            return Err(SocketError::InvalidInput);
        }
        let on = self.multicast_interface(group, interface).ok_or(SocketError::AddressNotAvailable)?;
        let before = self.udp.multicast(key)?.memberships.get(&(on, group)).cloned();
        let after = change.apply(before.as_ref(), self.igmp.max_filter_sources)?;
        self.udp.set_membership(key, on, group, after);
        if !self.membership_changed(ctx, on, group) {
            self.udp.set_membership(key, on, group, before);
            return Err(SocketError::NoBuffers);
        }
        Ok(())
    }

    /// `IP_MULTICAST_TTL`: how far what the socket sends to groups goes. 0: not beyond this host.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_set_multicast_ttl(&mut self, id: SocketId, ttl: u8) -> Result<(), SocketError> {
        self.udp.multicast_mut(super::datagram::socket(id)?)?.ttl = ttl;
        Ok(())
    }

    /// How far it goes.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_multicast_ttl(&self, id: SocketId) -> Result<u8, SocketError> {
        Ok(self.udp.multicast(super::datagram::socket(id)?)?.ttl)
    }

    /// `IP_MULTICAST_LOOP`: whether members on this host get what the socket sends to groups.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_set_multicast_loop(&mut self, id: SocketId, on: bool) -> Result<(), SocketError> {
        self.udp.multicast_mut(super::datagram::socket(id)?)?.loops = on;
        Ok(())
    }

    /// Whether they do.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such socket.
    pub fn udp_multicast_loop(&self, id: SocketId) -> Result<bool, SocketError> {
        Ok(self.udp.multicast(super::datagram::socket(id)?)?.loops)
    }

    /// `IP_MULTICAST_IF`: the interface by which the socket sends to groups, by its address; 0.0.0.0 leaves it to the routes.
    ///
    /// # Errors
    /// `AddressNotAvailable` where no interface has the address, `BadDescriptor` where there is no such socket.
    pub fn udp_set_multicast_interface(
        &mut self,
        id: SocketId,
        interface: Ipv4Addr,
    ) -> Result<(), SocketError> {
        let key = super::datagram::socket(id)?;
        let on = match interface {
            Ipv4Addr::UNSPECIFIED => None,
            address => Some(self.interface_with(address).ok_or(SocketError::AddressNotAvailable)?),
        };
        self.udp.multicast_mut(key)?.interface = on;
        Ok(())
    }
}
