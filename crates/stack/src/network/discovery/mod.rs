//! Router discovery (RFC 1256): routers say on each of their links that they are there, and hosts take default routers
//! from that.
//!
//! Nothing here sends: the machines of an interface are told what arrived and what time it is, and say what is due.
//!
//! | file | holds |
//! |---|---|
//! | `knobs` | times and bounds, by the document's names |
//! | `advertiser` | a router on one link: when it advertises itself |
//! | `solicitor` | a host on one link: when it asks for routers |
//! | `routers` | the default routers that a host has heard of |
//! | here | messages in their packets |

mod advertiser;
mod knobs;
mod routers;
mod solicitor;

use core::net::Ipv4Addr;

use etherparse::IpNumber;

pub use advertiser::Advertiser;
pub use knobs::Knobs;
pub use routers::{DefaultRouter, DefaultRouters, Taken};
pub use solicitor::Solicitor;

use super::icmp::{Advertisement, solicitation};
use super::ipv4;
use crate::frame::{Frame, Meta};
use crate::trace::{Cause, Trigger};

/// Where routers advertise themselves (RFC 1256 §4.1, `AdvertisementAddress`): all systems on the link.
pub const ADVERTISEMENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// Where hosts ask for routers (RFC 1256 §5.1, `SolicitationAddress`): all routers on the link.
pub const SOLICITATION_ADDRESS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);

/// The packet of an advertisement from `source`.
pub fn advertisement_packet(advertisement: &Advertisement, source: Ipv4Addr, trigger: Trigger) -> Frame {
    let message = advertisement.message(Meta::new(Cause::RouterAdvertisement, trigger));
    packet(message, source, ADVERTISEMENT_ADDRESS)
}

/// The packet of a solicitation from `source`, unspecified where the host has no address yet.
pub fn solicitation_packet(source: Ipv4Addr, trigger: Trigger) -> Frame {
    packet(solicitation(Meta::new(Cause::RouterSolicitation, trigger)), source, SOLICITATION_ADDRESS)
}

/// RFC 1256 §3: what is multicast has a TTL of 1.
fn packet(mut message: Frame, source: Ipv4Addr, destination: Ipv4Addr) -> Frame {
    let protocol = IpNumber::ICMP;
    let header = ipv4::Header { source, destination, protocol, ttl: 1, tos: 0, identification: None };
    ipv4::push(&mut message, &header);
    message
}
