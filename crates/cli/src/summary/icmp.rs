//! ICMP messages (RFC 792), and the packets that errors quote.

use std::net::Ipv4Addr;

use etherparse::icmpv4 as wire;
use etherparse::{IpNumber, Ipv4HeaderSlice};
use wirelab_stack::network::icmp::{
    Advertisement, Echo, Error, ParameterProblem, Redirect, Scope, TimeExceeded, Times, Unreachable,
};

use super::Summary;
use super::ip::protocol;

/// Octets in front of what an echo carries or an error quotes.
const HEADER: usize = 8;

/// A summary of an ICMP message of `length` octets, of which `octets` are the first.
pub fn summary(octets: &[u8], length: usize) -> Summary {
    let Some((header, rest)) = octets.split_first_chunk::<HEADER>() else {
        return Summary::of_layer("ICMP", "truncated", format!("ICMP truncated, length {length}"));
    };
    let [kind, code, _, _, word @ ..] = *header;
    let (label, text) = match kind {
        wire::TYPE_ECHO_REQUEST => ("echo request", echo("echo request", word)),
        wire::TYPE_ECHO_REPLY => ("echo reply", echo("echo reply", word)),
        wire::TYPE_TIMESTAMP => ("time stamp query", echo("time stamp query", word)),
        wire::TYPE_TIMESTAMP_REPLY => ("time stamp reply", timestamp_reply(word, rest)),
        wire::TYPE_ROUTER_ADVERTISEMENT => ("router advert", advertisement(word, rest)),
        wire::TYPE_ROUTER_SOLICITATION => ("router solicit", "router solicitation".to_owned()),
        wire::TYPE_REDIRECT => ("redirect", redirect(code, word, rest)),
        wire::TYPE_SOURCE_QUENCH => ("source quench", "source quench (deprecated)".to_owned()),
        wire::TYPE_INFO_REQUEST => ("ICMP", "information request (deprecated)".to_owned()),
        wire::TYPE_INFO_REPLY => ("ICMP", "information reply (deprecated)".to_owned()),
        wire::TYPE_ADDRESS => ("ICMP", "address mask request (deprecated)".to_owned()),
        wire::TYPE_ADDRESSREPLY => ("ICMP", "address mask reply (deprecated)".to_owned()),
        _ => match Error::from_wire(kind, code, word) {
            Some(error) => of_error(error, rest),
            None => ("ICMP", format!("type {kind} code {code}")),
        },
    };
    Summary::of_layer("ICMP", label, format!("ICMP {text}, length {length}"))
}

fn echo(what: &str, word: [u8; 4]) -> String {
    let Echo { identifier, sequence } = Echo::from_wire(word);
    format!("{what}, id {identifier}, seq {sequence}")
}

fn timestamp_reply(word: [u8; 4], rest: &[u8]) -> String {
    let text = echo("time stamp reply", word);
    match rest.first_chunk().map(Times::from_wire) {
        Some(Times { originate, receive, transmit }) => {
            format!("{text}: org {originate}, recv {receive}, xmit {transmit}")
        }
        None => text,
    }
}

fn advertisement(word: [u8; 4], rest: &[u8]) -> String {
    let Some(Advertisement { lifetime, routers }) = Advertisement::from_wire(word, rest) else {
        return "router advertisement (malformed)".to_owned();
    };
    let routers: Vec<String> =
        routers.iter().map(|router| format!("{{{} {}}}", router.address, router.preference)).collect();
    format!("router advertisement lifetime {lifetime} s: {}", routers.join(" "))
}

fn redirect(code: u8, word: [u8; 4], rest: &[u8]) -> String {
    let Some(Redirect { scope, gateway }) = Redirect::from_wire(code, word) else {
        return format!("redirect code {code}");
    };
    let whither = Quoted::read(rest).map_or_else(String::new, |quoted| format!("{} ", quoted.destination));
    let scope = match scope {
        Scope::Network => "net",
        Scope::Host => "host",
        Scope::NetworkForTos => "tos net",
        Scope::HostForTos => "tos host",
    };
    format!("redirect {whither}to {scope} {gateway}")
}

fn of_error(error: Error, rest: &[u8]) -> (&'static str, String) {
    let quoted = Quoted::read(rest);
    let (label, text) = match error {
        Error::Unreachable(why) => {
            let Some(quoted) = &quoted else {
                return ("unreachable", "destination unreachable (quotes no packet)".to_owned());
            };
            ("unreachable", unreachable(why, quoted))
        }
        Error::TimeExceeded(TimeExceeded::Transit) => {
            ("time exceeded", "time exceeded in-transit".to_owned())
        }
        Error::TimeExceeded(TimeExceeded::Reassembly) => {
            ("reassembly time exceeded", "ip reassembly time exceeded".to_owned())
        }
        Error::ParameterProblem(problem) => ("parameter problem", parameter_problem(problem)),
    };
    // A port's message names the packet's ends already.
    match (&quoted, error) {
        (Some(quoted), error) if error != Error::Unreachable(Unreachable::Port) => {
            (label, format!("{text}, of {}", quoted.line()))
        }
        _ => (label, text),
    }
}

fn parameter_problem(problem: ParameterProblem) -> String {
    match problem {
        ParameterProblem::Octet(octet) => format!("parameter problem - octet {octet}"),
        ParameterProblem::MissingOption(option) => format!("parameter problem - option {option} missing"),
        ParameterProblem::Length(octet) => format!("parameter problem - bad length at octet {octet}"),
    }
}

/// The packet that an error is about.
struct Quoted {
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: IpNumber,
    /// The ports, source first, or the identifier and sequence number of an ICMP query.
    numbers: Option<(u16, u16)>,
}

impl Quoted {
    fn read(octets: &[u8]) -> Option<Self> {
        let header = Ipv4HeaderSlice::from_slice(octets).ok()?;
        let rest = &octets[header.slice().len()..];
        let whole = header.fragments_offset().value() == 0;
        let at = match header.protocol() {
            IpNumber::TCP | IpNumber::UDP if whole => Some(0),
            IpNumber::ICMP if whole => Some(4),
            _ => None,
        };
        let numbers = at.and_then(|at| rest.get(at..at + 4)).map(|octets| {
            (u16::from_be_bytes([octets[0], octets[1]]), u16::from_be_bytes([octets[2], octets[3]]))
        });
        let (source, destination) = (header.source_addr(), header.destination_addr());
        Some(Self { source, destination, protocol: header.protocol(), numbers })
    }

    /// `10.0.0.1.49152 > 10.0.0.2.53 udp`.
    fn line(&self) -> String {
        let Self { source, destination, protocol: number, numbers } = self;
        let name = protocol(*number);
        match numbers {
            Some((identifier, sequence)) if *number == IpNumber::ICMP => {
                format!("{source} > {destination} {name} id {identifier} seq {sequence}")
            }
            Some((from, to)) => format!("{source}.{from} > {destination}.{to} {name}"),
            None => format!("{source} > {destination} {name}"),
        }
    }
}

fn unreachable(why: Unreachable, quoted: &Quoted) -> String {
    let host = quoted.destination;
    let name = protocol(quoted.protocol);
    match why {
        Unreachable::Network => format!("net {host} unreachable"),
        Unreachable::Host => format!("host {host} unreachable"),
        Unreachable::Protocol => format!("{host} protocol {name} unreachable"),
        Unreachable::Port => match quoted.numbers {
            Some((_, port)) => format!("{host} {name} port {port} unreachable"),
            None => format!("{host} port unreachable"),
        },
        Unreachable::FragmentationNeeded(0) => format!("{host} unreachable - need to frag"),
        Unreachable::FragmentationNeeded(mtu) => format!("{host} unreachable - need to frag (mtu {mtu})"),
        Unreachable::SourceRoute => format!("{host} unreachable - source route failed"),
        Unreachable::NetworkUnknown => format!("net {host} unreachable - unknown"),
        Unreachable::HostUnknown => format!("host {host} unreachable - unknown"),
        Unreachable::SourceIsolated => format!("{host} unreachable - source host isolated"),
        Unreachable::NetworkProhibited => format!("net {host} unreachable - admin prohibited"),
        Unreachable::HostProhibited => format!("host {host} unreachable - admin prohibited"),
        Unreachable::NetworkForTos => format!("net {host} unreachable - tos prohibited"),
        Unreachable::HostForTos => format!("host {host} unreachable - tos prohibited"),
        Unreachable::Prohibited => format!("host {host} unreachable - admin prohibited filter"),
        Unreachable::HostPrecedence => format!("host {host} unreachable - host precedence violation"),
        Unreachable::PrecedenceCutoff => format!("host {host} unreachable - precedence cutoff"),
    }
}
