//! ARP packets (RFC 826; announcements and probes are RFC 5227's).

use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacketSlice};
use wirelab_stack::addr::Mac;
use wirelab_stack::interface::rarp;

use super::Summary;

/// A summary of an ARP packet in a frame that has `length` octets behind its Ethernet header.
pub fn summary(octets: &[u8], length: usize) -> Summary {
    let packet =
        ArpPacketSlice::from_slice(octets).ok().and_then(|slice| slice.to_packet().try_eth_ipv4().ok());
    let (label, text) = packet.as_ref().map_or(("malformed", "malformed".into()), what);
    Summary::of_layer("ARP", label, format!("{text}, length {length}"))
}

/// A summary of a RARP packet (RFC 903 §III) in a frame that has `length` octets behind its Ethernet header.
pub fn reverse(octets: &[u8], length: usize) -> Summary {
    let packet =
        ArpPacketSlice::from_slice(octets).ok().and_then(|slice| slice.to_packet().try_eth_ipv4().ok());
    let (label, text) = match packet {
        None => ("malformed", "malformed".to_owned()),
        Some(packet) => {
            let (of, by) = (Mac(packet.target_mac), Mac(packet.sender_mac));
            match packet.operation {
                rarp::REQUEST_REVERSE => ("who-is", format!("Reverse Request who-is {of} tell {by}")),
                rarp::REPLY_REVERSE => ("at", format!("Reverse Reply {of} at {}", packet.target_ipv4_addr())),
                other => ("RARP", format!("operation {}", other.0)),
            }
        }
    };
    Summary::of_layer("RARP", label, format!("{text}, length {length}"))
}

fn what(packet: &ArpEthIpv4Packet) -> (&'static str, String) {
    let (sender, target) = (packet.sender_ipv4_addr(), packet.target_ipv4_addr());
    match packet.operation {
        ArpOperation::REQUEST if sender == target => ("announcement", format!("Announcement {sender}")),
        ArpOperation::REQUEST if sender.is_unspecified() => ("probe", format!("Probe {target}")),
        ArpOperation::REQUEST => ("who-has", format!("Request who-has {target} tell {sender}")),
        ArpOperation::REPLY => ("is-at", format!("Reply {sender} is-at {}", Mac(packet.sender_mac))),
        other => ("ARP", format!("operation {}", other.0)),
    }
}
