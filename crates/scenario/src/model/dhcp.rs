//! DHCP clients and servers.

use core::net::Ipv4Addr;

use super::addressing::RarpEntry;
use crate::read::{List, Name, record};
use crate::units::{Period, Span};

record! {
    /// Gets an address from a DHCP server for an interface, and keeps it.
    pub struct DhcpClient ("a dhcp-client") {
        /// The interface that it configures; the host's first where left out.
        interface: optional Name,
        /// The address that it would like to have.
        requested: optional Ipv4Addr,
        /// The address that it had before it was restarted, and asks to keep.
        previous: optional Ipv4Addr,
        /// How long it would like to have it.
        lease: optional Period,
        /// It gives the address back when it has had it for so long, and ends; never where left out.
        release_after: optional Span,
        /// After so long without an address the host's applications are told that there is none, and it goes on asking;
        /// 1 min where left out.
        patience: optional Period,
        /// It has an address, and only asks for what goes with it.
        inform: optional bool,
    }
}

record! {
    /// Lends addresses of a pool by DHCP.
    pub struct DhcpServer ("a dhcp-server") {
        /// The interface that it listens on; the host's first where left out.
        interface: optional Name,
        /// The first address of the pool.
        first: required Ipv4Addr,
        /// The last address of the pool.
        last: required Ipv4Addr,
        /// The prefix length of the pool's network; that of the interface's where left out.
        prefix: optional u8,
        /// Addresses that one station gets, and no other.
        reservation: list RarpEntry,
        /// Routers that clients are told.
        routers: optional List<Ipv4Addr>,
        /// Domain name servers that clients are told.
        name_servers: optional List<Ipv4Addr>,
        /// How long a lease lasts where the client does not ask for less or more; an hour where left out.
        lease: optional Period,
        /// The longest lease; a day where left out.
        max_lease: optional Period,
        /// How long an address is kept for whom it was offered to; 30 s where left out.
        offer_time: optional Span,
        /// How long an address is nobody's that somebody uses without a lease; 10 min where left out.
        abandoned_time: optional Span,
        /// How long it waits for an echo reply before it offers an address, 0 for no echo request; 1 s where left out.
        ping_timeout: optional Span,
        /// Addresses that it has in its table at most; 4096 where left out.
        max_leases: optional u32,
    }
}
