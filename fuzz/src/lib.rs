//! What the fuzz targets do with their octets: one function an entry point of the interface and network layers, and of
//! the applications' codecs.
//!
//! `parsers` reads one packet, `reassembly` puts fragments together; `host` drives a host, a router, or a host that has no
//! address yet, with what arrives and what time it is, and `told` tells a host what became of its packets; `dhcp` gives a
//! message to a client and a server; `ftp`, `smtp`, `http`, `name`, `path` and `date` read what peers and people write; `record`
//! reads a record of a run. A target fails by a panic, by growing without a bound, or by work without an end.

mod dhcp;
mod ftp;
mod host;
mod http;
mod mend;
mod names;
mod parsers;
mod reassembly;
mod record;
mod smtp;
mod told;

pub use dhcp::dhcp;
pub use ftp::ftp;
pub use host::{host, rarp, router};
pub use http::http;
pub use names::{date, name, path};
pub use parsers::{arp, fragment, icmp, igmp, ipv4, options, quote, vlan};
pub use reassembly::reassembly;
pub use record::record;
pub use smtp::smtp;
pub use told::told;

/// `octets` in pieces of one to sixteen, as the low bits of `how` say; with its highest bit set, of falling length.
fn pieces(how: u8, octets: &[u8]) -> Vec<&[u8]> {
    let mut length = usize::from(how % 16) + 1;
    let (mut pieces, mut rest) = (Vec::new(), octets);
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = left;
        if how & 0x80 != 0 {
            length = if length == 1 { 16 } else { length - 1 };
        }
    }
    pieces
}
