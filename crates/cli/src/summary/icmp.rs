//! ICMP messages (RFC 792).

use std::net::Ipv4Addr;

use etherparse::icmpv4::{DestUnreachableHeader as Unreachable, ParameterProblemHeader, TimeExceededCode};
use etherparse::{Icmpv4Slice, Icmpv4Type, IpNumber, Ipv4HeaderSlice};

use super::Summary;
use super::ip::protocol;

/// A summary of an ICMP message of `length` octets, of which `octets` are the first.
pub fn summary(octets: &[u8], length: usize) -> Summary {
    let Ok(message) = Icmpv4Slice::from_slice(octets) else {
        return Summary::of_layer("ICMP", "truncated", format!("ICMP truncated, length {length}"));
    };
    let quoted = Quoted::read(message.payload());
    let text = match message.icmp_type() {
        Icmpv4Type::EchoRequest(echo) => format!("ICMP echo request, id {}, seq {}", echo.id, echo.seq),
        Icmpv4Type::EchoReply(echo) => format!("ICMP echo reply, id {}, seq {}", echo.id, echo.seq),
        Icmpv4Type::DestinationUnreachable(what) => format!("ICMP {}", unreachable(&what, quoted.as_ref())),
        Icmpv4Type::TimeExceeded(TimeExceededCode::TtlExceededInTransit) => {
            "ICMP time exceeded in-transit".into()
        }
        Icmpv4Type::TimeExceeded(TimeExceededCode::FragmentReassemblyTimeExceeded) => {
            "ICMP reassembly time exceeded".into()
        }
        Icmpv4Type::Redirect(redirect) => {
            format!("ICMP redirect to {}", Ipv4Addr::from(redirect.gateway_internet_address))
        }
        Icmpv4Type::ParameterProblem(ParameterProblemHeader::PointerIndicatesError(octet)) => {
            format!("ICMP parameter problem at octet {octet}")
        }
        Icmpv4Type::ParameterProblem(_) => "ICMP parameter problem".into(),
        Icmpv4Type::TimestampRequest(_) => "ICMP time stamp query".into(),
        Icmpv4Type::TimestampReply(_) => "ICMP time stamp reply".into(),
        Icmpv4Type::Unknown { type_u8, code_u8, .. } => format!("ICMP type {type_u8} code {code_u8}"),
    };
    let label = match message.icmp_type() {
        Icmpv4Type::EchoRequest(_) => "echo request",
        Icmpv4Type::EchoReply(_) => "echo reply",
        Icmpv4Type::DestinationUnreachable(_) => "unreachable",
        Icmpv4Type::TimeExceeded(_) => "time exceeded",
        Icmpv4Type::Redirect(_) => "redirect",
        Icmpv4Type::ParameterProblem(_) => "parameter problem",
        _ => "ICMP",
    };
    Summary::of_layer("ICMP", label, format!("{text}, length {length}"))
}

/// The packet that an error is about.
struct Quoted {
    destination: Ipv4Addr,
    protocol: IpNumber,
    port: Option<u16>,
}

impl Quoted {
    fn read(octets: &[u8]) -> Option<Self> {
        let header = Ipv4HeaderSlice::from_slice(octets).ok()?;
        let rest = &octets[header.slice().len()..];
        let has_ports = matches!(header.protocol(), IpNumber::TCP | IpNumber::UDP);
        let port = rest.get(2..4).filter(|_| has_ports).map(|port| u16::from_be_bytes([port[0], port[1]]));
        Some(Self { destination: header.destination_addr(), protocol: header.protocol(), port })
    }
}

fn unreachable(what: &Unreachable, quoted: Option<&Quoted>) -> String {
    let Some(quoted) = quoted else { return "destination unreachable (quotes no packet)".into() };
    let host = quoted.destination;
    let proto = protocol(quoted.protocol);
    match what {
        Unreachable::Network | Unreachable::NetworkUnknown => format!("net {host} unreachable"),
        Unreachable::Host | Unreachable::HostUnknown => format!("host {host} unreachable"),
        Unreachable::Protocol => format!("{host} protocol {proto} unreachable"),
        Unreachable::Port => match quoted.port {
            Some(port) => format!("{host} {proto} port {port} unreachable"),
            None => format!("{host} port unreachable"),
        },
        Unreachable::FragmentationNeeded { next_hop_mtu } => {
            format!("{host} unreachable - need to frag (mtu {next_hop_mtu})")
        }
        Unreachable::SourceRouteFailed => format!("{host} unreachable - source route failed"),
        Unreachable::NetworkProhibited | Unreachable::HostProhibited | Unreachable::FilterProhibited => {
            format!("host {host} unreachable - admin prohibited")
        }
        other => format!("{host} unreachable, code {}", other.code_u8()),
    }
}
