//! When nothing may be said of a packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7). These rules stand above all that ask for
//! an error message.

use core::net::Ipv4Addr;

use etherparse::IpNumber;
use etherparse::icmpv4 as wire;

use crate::network::ipv4::Accepted;

/// Why nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Silence {
    /// It is an ICMP error message, or an ICMP message of a type that might be one.
    IcmpError,
    /// It was for several: by the link's address, or by its own.
    ToGroup,
    /// It is a fragment, and not the first: where it stands there are no ports to find its flow by.
    LaterFragment,
    /// Its source is not a single host.
    NoSingleSource,
}

/// Whether an error message may be sent about a packet. `on_loopback` where it never left this host, `kind` is the first
/// octet behind its IP header.
///
/// # Errors
/// The rule that forbids it.
pub fn may_be_answered(packet: &Accepted, on_loopback: bool, kind: Option<u8>) -> Result<(), Silence> {
    if packet.destination.is_multicast() || packet.destination.is_broadcast() {
        return Err(Silence::ToGroup);
    }
    if packet.fragment == Some(false) {
        return Err(Silence::LaterFragment);
    }
    if !is_single_host(packet.source, on_loopback) {
        return Err(Silence::NoSingleSource);
    }
    if packet.protocol == IpNumber::ICMP && !kind.is_some_and(is_query) {
        return Err(Silence::IcmpError);
    }
    Ok(())
}

/// Whether an address may be one host's: not zero, loopback, broadcast, multicast or of class E. A loopback address is
/// one where nothing leaves the host.
pub fn is_single_host(address: Ipv4Addr, on_loopback: bool) -> bool {
    match address.octets()[0] {
        0 | 224.. => false,
        127 => on_loopback,
        _ => true,
    }
}

/// Whether an ICMP message of this type asks or answers. Everything else is an error message or might be one.
pub fn is_query(kind: u8) -> bool {
    matches!(
        kind,
        wire::TYPE_ECHO_REQUEST
            | wire::TYPE_ECHO_REPLY
            | wire::TYPE_ROUTER_ADVERTISEMENT
            | wire::TYPE_ROUTER_SOLICITATION
            | wire::TYPE_TIMESTAMP
            | wire::TYPE_TIMESTAMP_REPLY
            | wire::TYPE_INFO_REQUEST
            | wire::TYPE_INFO_REPLY
            | wire::TYPE_ADDRESS
            | wire::TYPE_ADDRESSREPLY
    )
}
