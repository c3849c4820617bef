//! One packet into one parser, from both of a frame's shapes: as it came from a wire, and with its front in the
//! header buffer.

use bytes::Bytes;
use wirelab_stack::frame::{Checksum, Frame, Meta};
use wirelab_stack::interface::arp::Packet;
use wirelab_stack::interface::vlan;
use wirelab_stack::network::igmp::{Message, message};
use wirelab_stack::network::options::List;
use wirelab_stack::network::quote::Quote;
use wirelab_stack::network::{fragment as cutting, icmp, ipv4};
use wirelab_stack::trace::{Cause, Trigger};

use crate::mend;

/// Calls `parse` with the octets in both shapes, and holds the answers against each other.
fn in_both_shapes<T: PartialEq + std::fmt::Debug>(octets: &[u8], parse: impl Fn(&mut Frame) -> T) {
    in_both_shapes_with(octets, Checksum::Complete, parse);
}

/// The same, where something is known of the checksum.
fn in_both_shapes_with<T: PartialEq + std::fmt::Debug>(
    octets: &[u8],
    checksum: Checksum,
    parse: impl Fn(&mut Frame) -> T,
) {
    let meta = Meta { checksum, ..Meta::new(Cause::Raw, Trigger::Call) };
    let mut wire = Frame::from_wire(Bytes::copy_from_slice(octets), meta);
    let front = octets.len().min(60);
    let mut pushed = Frame::with_payload(Bytes::copy_from_slice(&octets[front..]), meta);
    pushed.push_front_slice(front).copy_from_slice(&octets[..front]);
    assert_eq!(parse(&mut wire), parse(&mut pushed));
}

/// An ARP or RARP packet.
pub fn arp(octets: &[u8]) {
    in_both_shapes(octets, Packet::parse);
}

/// An IPv4 packet: what is accepted is no longer than its total length says. Of the first octet bit 0 says whether the
/// header's checksum is made to fit.
pub fn ipv4(octets: &[u8]) {
    let [flags, octets @ ..] = octets else { return };
    let mut octets = octets.to_vec();
    if flags & 1 == 1 {
        mend::header(&mut octets);
    }
    in_both_shapes(&octets, |frame| {
        let before = frame.len();
        let accepted = ipv4::accept(frame);
        if let Ok(packet) = &accepted {
            assert!(frame.len() + usize::from(packet.header_length) <= before);
        }
        accepted
    });
}

/// An ICMP message. Of the first octet bit 0 says whether somebody has verified its checksum.
pub fn icmp(octets: &[u8]) {
    let [flags, octets @ ..] = octets else { return };
    let checksum = if flags & 1 == 1 { Checksum::Verified } else { Checksum::Complete };
    in_both_shapes_with(octets, checksum, icmp::accept);
}

/// The packet that an ICMP error quotes.
pub fn quote(octets: &[u8]) {
    in_both_shapes(octets, Quote::read);
}

/// An Ethernet frame with a tag: put back, it is the frame that it was.
pub fn vlan(octets: &[u8]) {
    in_both_shapes(octets, |frame| {
        let taken = vlan::take(frame);
        if let Ok(Some(tag)) = taken {
            vlan::put(frame, tag);
            assert_eq!(frame.to_vec(), octets);
        }
        taken
    });
}

/// The options of an IPv4 header: those that are copied into fragments are some of them, and read as such.
pub fn options(octets: &[u8]) {
    let Ok(list) = List::read(octets) else { return };
    assert_eq!(&list.octets()[..octets.len()], octets);
    let copied = list.copied();
    assert!(copied.len() <= list.len());
    assert_eq!(List::read(copied.octets()).map(|again| again.marks()), Ok(copied.marks()));
    assert!(copied.iter().all(|option| list.iter().any(|other| other == option)));
}

/// An IPv4 packet, cut: the pieces fit, and together they are the packet's payload. The first octet says to which MTU. The
/// header's checksum is made to fit, and its length to what there is, in case it is longer.
pub fn fragment(octets: &[u8]) {
    let [size, packet @ ..] = octets else { return };
    let mtu = 68 + 8 * usize::from(*size);
    let mut packet = packet.to_vec();
    if packet.len() >= 20 {
        let total = u16::from_be_bytes([packet[2], packet[3]]).min(packet.len() as u16);
        packet[2..4].copy_from_slice(&total.to_be_bytes());
    }
    mend::header(&mut packet);
    let frame = || Frame::from_wire(Bytes::copy_from_slice(&packet), Meta::new(Cause::Raw, Trigger::Call));
    let mut whole = frame();
    let Ok(header) = ipv4::accept(&mut whole) else { return };
    let mut packet = frame();
    packet.truncate(usize::from(header.header_length) + whole.len());
    let cutting::Fit::InPieces = cutting::fit(&mut packet, mtu) else { return };
    let Some(fragments) = cutting::cut(packet, mtu) else { return };
    let mut together = Vec::new();
    for mut fragment in fragments {
        assert!(fragment.len() <= mtu);
        let piece = ipv4::accept(&mut fragment).expect("what was cut reads as a packet");
        assert_eq!((piece.source, piece.destination), (header.source, header.destination));
        together.extend(fragment.to_vec());
    }
    assert_eq!(together, whole.to_vec());
}

/// An IGMP message: what it says comes back from what is written of it.
pub fn igmp(octets: &[u8]) {
    in_both_shapes(octets, message::accept);
    if let Some(message) = message::read(octets) {
        let again = message::read(&message.to_octets());
        // Times are said in a form that rounds, so the second reading is the one that stays.
        let third = again.as_ref().and_then(|message: &Message| message::read(&message.to_octets()));
        assert!(again.is_some());
        assert_eq!(third, again);
    }
}
