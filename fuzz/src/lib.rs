//! What the fuzz targets do with their octets: one function an entry point of the interface and network layers.
//!
//! `parsers` reads one packet, `reassembly` puts fragments together; `host` drives a host, or a router, with what arrives
//! and what time it is, and `told` tells a host what became of its packets. A target fails by a panic, by growing without
//! a bound, or by work without an end.

mod host;
mod mend;
mod parsers;
mod reassembly;
mod told;

pub use host::{host, router};
pub use parsers::{arp, fragment, icmp, igmp, ipv4, options, quote, vlan};
pub use reassembly::reassembly;
pub use told::told;
