//! IP packets: their headers, and on to what they carry.

use std::net::IpAddr;

use etherparse::{IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice, UdpHeaderSlice};
use wirelab_stack::checksum::Sum;

use super::flows::{Flow, Flows};
use super::{Summary, dhcp, icmp, igmp, ip_options, tcp};

/// A summary of an IPv4 packet in a frame that has `length` octets behind its Ethernet header.
pub fn version_4(flows: &Flows, octets: &[u8], length: usize) -> Summary {
    let Ok(header) = Ipv4HeaderSlice::from_slice(octets) else {
        return Summary::of_layer("IP", "malformed", format!("malformed header, length {length}"));
    };
    let header_length = header.slice().len();
    let total = usize::from(header.total_len());
    let addresses = (IpAddr::from(header.source_addr()), IpAddr::from(header.destination_addr()));
    let mut summary = if total < header_length {
        Summary::of_layer("IP", "malformed", format!("bad total length {total}"))
    } else if header.is_fragmenting_payload() {
        fragment(&header, total - header_length)
    } else {
        let rest = &octets[header_length..];
        let rest = &rest[..rest.len().min(total - header_length)];
        packet(flows, addresses, header.protocol(), rest, total - header_length)
    };
    summary.addresses = Some(addresses);
    summary.text.push_str(&ip_options::text(header.options()));
    if total > length {
        let missing = format!(" [truncated: {} octets missing]", total - length);
        summary.text.push_str(&missing);
    }
    if !Sum::new().with(header.slice()).is_intact() {
        summary.text.push_str(" [bad ip cksum]");
    }
    summary
}

/// A summary of an IPv6 packet.
pub fn version_6(flows: &Flows, octets: &[u8], length: usize) -> Summary {
    let Ok(header) = Ipv6HeaderSlice::from_slice(octets) else {
        return Summary::of_layer("IP6", "malformed", format!("malformed header, length {length}"));
    };
    let rest = &octets[header.slice().len()..];
    let carried = usize::from(header.payload_length());
    let addresses = (IpAddr::from(header.source_addr()), IpAddr::from(header.destination_addr()));
    let rest = &rest[..rest.len().min(carried)];
    let mut summary = packet(flows, addresses, header.next_header(), rest, carried);
    summary.addresses = Some(addresses);
    summary
}

fn fragment(header: &Ipv4HeaderSlice<'_>, carried: usize) -> Summary {
    let offset = header.fragments_offset().byte_offset();
    let more = if header.more_fragments() { "+" } else { "" };
    let text = format!(
        "fragment id {}, proto {}, octets {offset}:{}{more}, length {carried}",
        header.identification(),
        protocol(header.protocol()),
        usize::from(offset) + carried,
    );
    Summary::of_layer("IP", "fragment", text)
}

fn packet(
    flows: &Flows,
    addresses: (IpAddr, IpAddr),
    number: IpNumber,
    octets: &[u8],
    length: usize,
) -> Summary {
    match number {
        IpNumber::TCP => tcp::summary(octets, length, |source, destination| {
            let flow = Flow { source: (addresses.0, source), destination: (addresses.1, destination) };
            (flows, flow)
        }),
        IpNumber::UDP => udp(octets, length),
        IpNumber::ICMP => icmp::summary(octets, length),
        IpNumber::IGMP => igmp::summary(octets, length),
        other => {
            let proto = protocol(other);
            Summary::of_layer("IP", format!("proto {proto}"), format!("proto {proto}, length {length}"))
        }
    }
}

fn udp(octets: &[u8], length: usize) -> Summary {
    let Ok(header) = UdpHeaderSlice::from_slice(octets) else {
        return Summary::of_layer("UDP", "truncated", format!("UDP, truncated, length {length}"));
    };
    let said = usize::from(header.length());
    let (label, text) = if said < 8 || said > length {
        ("malformed".to_owned(), format!("UDP, bad length {said} in {length} octets"))
    } else {
        (format!("data {}", said - 8), format!("UDP, length {}", said - 8))
    };
    let ports = (header.source_port(), header.destination_port());
    let known = dhcp::summary(ports, octets.get(8..).unwrap_or_default(), said.saturating_sub(8));
    if let Some(summary) = known.filter(|_| label != "malformed") {
        return Summary { ports: Some(ports), ..summary };
    }
    let ports = Some(ports);
    Summary { ports, ..Summary::of_layer("UDP", label, text) }
}

/// A protocol's usual name, or its number.
pub fn protocol(number: IpNumber) -> String {
    match number {
        IpNumber::ICMP => "icmp".into(),
        IpNumber::IGMP => "igmp".into(),
        IpNumber::TCP => "tcp".into(),
        IpNumber::UDP => "udp".into(),
        other => other.0.to_string(),
    }
}
