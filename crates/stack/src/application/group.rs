//! How an application takes part in a multicast group.

use core::net::Ipv4Addr;
use std::io;

use crate::socket::net::UdpSocket;
use crate::time::Instant;

/// A group that an application receives from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The group.
    pub group: Ipv4Addr,
    /// On which interface, by its address; unspecified leaves it to the routes.
    pub interface: Ipv4Addr,
    /// Whose datagrams it wants; everybody's where there are none.
    pub sources: Vec<Ipv4Addr>,
    /// Whose datagrams it does not want, of everybody's. Nothing together with `sources`.
    pub blocked: Vec<Ipv4Addr>,
    /// When it leaves, and ends.
    pub leave_at: Option<Instant>,
}

impl Membership {
    /// Joins the group.
    ///
    /// # Errors
    /// As the socket's calls.
    pub fn join(&self, socket: &UdpSocket) -> io::Result<()> {
        let Self { group, interface, sources, blocked, leave_at: _ } = self;
        if sources.is_empty() {
            socket.join_multicast_v4(*group, *interface)?;
            return blocked.iter().try_for_each(|source| socket.block_source_v4(*source, *group, *interface));
        }
        sources.iter().try_for_each(|source| socket.join_ssm_v4(*source, *group, *interface))
    }

    /// Leaves it.
    ///
    /// # Errors
    /// As the socket's call.
    pub fn leave(&self, socket: &UdpSocket) -> io::Result<()> {
        socket.leave_multicast_v4(self.group, self.interface)
    }
}

/// How an application sends to groups; what is not given is as the socket has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sending {
    /// How far it goes.
    pub ttl: Option<u8>,
    /// Whether members on the same host get it.
    pub loops: Option<bool>,
    /// By which interface, by its address.
    pub interface: Option<Ipv4Addr>,
}

impl Sending {
    /// Sets the socket's options.
    ///
    /// # Errors
    /// As the socket's calls.
    pub fn apply(&self, socket: &UdpSocket) -> io::Result<()> {
        if let Some(ttl) = self.ttl {
            socket.set_multicast_ttl_v4(ttl.into())?;
        }
        if let Some(on) = self.loops {
            socket.set_multicast_loop_v4(on)?;
        }
        self.interface.map_or(Ok(()), |interface| socket.set_multicast_if_v4(interface))
    }
}
