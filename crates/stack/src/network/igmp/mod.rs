//! IGMP, versions 1 to 3 (RFC 1112 Appendix I, RFC 2236, RFC 9776): who on a link wants which multicast groups, and from
//! which sources.
//!
//! Nothing here sends: the machines of an interface are told what arrived and what time it is, and hold what is to be
//! sent until the host takes it.
//!
//! | file | holds |
//! |---|---|
//! | `message` | the messages, read and written |
//! | `code` | the floating point code of times in queries |
//! | `filter` | which sources are wanted: of a socket, of an interface |
//! | `knobs` | times and bounds |
//! | `member` | a host on a link: joins, leaves, answers |
//! | `pending` | what a host has still to tell of the changes of a group |
//! | `querier` | a router on a link: asks, and knows what is wanted there |
//! | `group` | what a router knows of one group |
//! | `packet` | messages in their packets |
//! | `shares` | whose groups fill a router's table |
//! | `deadlines` | which group is due next |

pub mod code;
mod deadlines;
pub mod filter;
mod group;
mod knobs;
pub mod member;
pub mod message;
pub mod packet;
mod pending;
pub mod querier;
mod shares;

use core::net::Ipv4Addr;

pub use filter::{Filter, Mode};
pub use knobs::Knobs;
pub use member::Member;
pub use message::{Message, Query, Record, RecordKind};
pub use querier::Querier;

use crate::trace::Cause;

/// All systems on the link: general queries go there. Every host is a member, and never says so.
pub const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers on the link: a version 2 leave goes there.
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// All routers that speak version 3 (RFC 9776 §4.2.15): version 3 reports go there.
pub const V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// A version of IGMP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// RFC 1112 appendix I §Internet Group Management Protocol: reports only; who is silent has left.
    V1,
    /// RFC 2236 §2: with leaves and queries of a group.
    V2,
    /// RFC 9776 §4: with source filters.
    V3,
}

/// Whether membership of `group` is ever told on a link (RFC 9776 §6: all systems' is not).
pub fn is_reported(group: Ipv4Addr) -> bool {
    group.is_multicast() && group != ALL_SYSTEMS
}

/// Whether `group` is of the link only, and never forwarded (RFC 5771 §4: 224.0.0.0/24).
pub const fn is_link_local(group: Ipv4Addr) -> bool {
    matches!(group.octets(), [224, 0, 0, _])
}

/// A message that an interface is to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// To which group.
    pub destination: Ipv4Addr,
    /// What it says.
    pub message: Message,
    /// Why.
    pub cause: Cause,
}

#[cfg(test)]
mod tests;
