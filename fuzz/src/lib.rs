//! What the fuzz targets do with their octets: one function an entry point of the interface and network layers, and of
//! DHCP.
//!
//! `parsers` reads one packet, `reassembly` puts fragments together; `host` drives a host, a router, or a host that has no
//! address yet, with what arrives and what time it is, and `told` tells a host what became of its packets; `dhcp` gives a
//! message to a client and a server. A target fails by a panic, by growing without a bound, or by work without an end.

mod dhcp;
mod host;
mod mend;
mod parsers;
mod reassembly;
mod told;

pub use dhcp::dhcp;
pub use host::{host, rarp, router};
pub use parsers::{arp, fragment, icmp, igmp, ipv4, options, quote, vlan};
pub use reassembly::reassembly;
pub use told::told;
