//! One packet into one parser, from both of a frame's shapes: as it came from a wire, and with its front in the
//! header buffer.

use bytes::Bytes;
use wirelab_stack::frame::{Frame, Meta};
use wirelab_stack::interface::arp::Packet;
use wirelab_stack::network::quote::Quote;
use wirelab_stack::network::{icmp, ipv4};
use wirelab_stack::trace::{Cause, Trigger};

/// Calls `parse` with the octets in both shapes, and holds the answers against each other.
fn in_both_shapes<T: PartialEq + std::fmt::Debug>(octets: &[u8], parse: impl Fn(&mut Frame) -> T) {
    let meta = Meta::new(Cause::Raw, Trigger::Call);
    let mut wire = Frame::from_wire(Bytes::copy_from_slice(octets), meta);
    let front = octets.len().min(60);
    let mut pushed = Frame::with_payload(Bytes::copy_from_slice(&octets[front..]), meta);
    pushed.push_front_slice(front).copy_from_slice(&octets[..front]);
    assert_eq!(parse(&mut wire), parse(&mut pushed));
}

/// An ARP packet; what parses comes back octet for octet.
pub fn arp(octets: &[u8]) {
    in_both_shapes(octets, Packet::parse);
}

/// An IPv4 packet: what is accepted is no longer than its total length says.
pub fn ipv4(octets: &[u8]) {
    in_both_shapes(octets, |frame| {
        let before = frame.len();
        let accepted = ipv4::accept(frame);
        if let Ok(packet) = &accepted {
            assert!(frame.len() + usize::from(packet.header_length) <= before);
        }
        accepted
    });
}

/// An ICMP message.
pub fn icmp(octets: &[u8]) {
    in_both_shapes(octets, icmp::accept);
}

/// The packet that an ICMP error quotes.
pub fn quote(octets: &[u8]) {
    in_both_shapes(octets, Quote::read);
}
