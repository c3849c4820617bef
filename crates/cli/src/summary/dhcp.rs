//! DHCP messages (RFC 2131 §2), as tcpdump shows them, with what matters of their options.

use std::net::Ipv4Addr;

use wirelab_stack::application::dhcp::codec::{CLIENT_PORT, Kind, Message, SERVER_PORT};
use wirelab_stack::time::Duration;

use super::Summary;

/// A summary of a datagram's payload, if its ports are DHCP's.
pub fn summary(ports: (u16, u16), octets: &[u8], length: usize) -> Option<Summary> {
    let of_dhcp = |port| port == SERVER_PORT || port == CLIENT_PORT;
    if !of_dhcp(ports.0) || !of_dhcp(ports.1) {
        return None;
    }
    let Some(message) = Message::parse(octets) else {
        return Some(Summary::of_layer(
            "DHCP",
            "BOOTP/DHCP",
            format!("BOOTP/DHCP, unknown, length {length}"),
        ));
    };
    let (label, name) = names(message.kind);
    let way = match message.kind {
        Kind::Offer | Kind::Ack | Kind::Nak => "Reply".to_owned(),
        _ => format!("Request from {}", message.mac),
    };
    let mut text = format!("BOOTP/DHCP, {way}, length {length}, xid {:#x}, {name}", message.xid);
    let options = &message.options;
    let given = |address: Ipv4Addr| Some(address).filter(|address| !address.is_unspecified());
    let addresses = [
        ("Client-IP", given(message.ciaddr)),
        ("Your-IP", given(message.yiaddr)),
        ("Gateway-IP", given(message.giaddr)),
        ("Requested-IP", options.requested),
        ("Server-ID", options.server),
    ];
    for (what, address) in addresses {
        if let Some(address) = address {
            text = format!("{text}, {what} {address}");
        }
    }
    match options.lease {
        Some(Duration::MAX) => text.push_str(", Lease-Time infinite"),
        Some(lease) => text = format!("{text}, Lease-Time {}", lease.as_secs()),
        None => {}
    }
    if let Some(message) = &options.message {
        text = format!("{text}, MSG {:?}", message.chars().take(80).collect::<String>());
    }
    Some(Summary::of_layer("DHCP", label, text))
}

fn names(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Discover => ("DISCOVER", "Discover"),
        Kind::Offer => ("OFFER", "Offer"),
        Kind::Request => ("REQUEST", "Request"),
        Kind::Decline => ("DECLINE", "Decline"),
        Kind::Ack => ("ACK", "ACK"),
        Kind::Nak => ("NAK", "NACK"),
        Kind::Release => ("RELEASE", "Release"),
        Kind::Inform => ("INFORM", "Inform"),
        _ => ("DHCP", "other"),
    }
}
