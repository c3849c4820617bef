//! IGMP, versions 1 to 3 (RFC 1112 Appendix I, RFC 2236, RFC 9776): who on a link wants which multicast groups, and from
//! which sources.
//!
//! | file | holds |
//! |---|---|
//! | `message` | the messages, read and written |
//! | `code` | the floating point code of times in queries |
//! | `filter` | which sources are wanted: of a socket, of an interface |

pub mod code;
pub mod filter;
pub mod message;

use core::net::Ipv4Addr;

pub use filter::{Filter, Mode};
pub use message::{Message, Query, Record, RecordKind};

/// All systems on the link: general queries go there. Every host is a member, and never says so.
pub const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// All routers on the link: a version 2 leave goes there.
pub const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// All routers that speak version 3 (RFC 9776 §4.2.15): version 3 reports go there.
pub const V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// A version of IGMP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// RFC 1112 Appendix I: reports only; who is silent has left.
    V1,
    /// RFC 2236: with leaves and queries of a group.
    V2,
    /// RFC 9776: with source filters.
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
