//! Addresses, of hardware and of networks.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::addr::{Cidr, Mac};

use crate::document::{Kind, Node};
use crate::read::{Read, Reader};

/// The text of `node`, or a report that it is none.
fn text<'a, T: Read>(reader: &mut Reader, node: &'a Node) -> Option<&'a str> {
    if let Kind::Text(text) = &node.kind {
        return Some(text);
    }
    reader.wrong_kind::<T>(node);
    None
}

/// `value`, or a report that `text` is not what it should be.
fn or_wrong<T: Read, E>(reader: &mut Reader, node: &Node, text: &str, value: Result<T, E>) -> Option<T> {
    if value.is_err() {
        let message = format!("`{}` cannot be read", text.escape_debug());
        reader.wrong(node, message, T::expected());
    }
    value.ok()
}

impl Read for IpAddr {
    fn expected() -> String {
        "an address such as \"10.0.0.1\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        or_wrong(reader, node, text, text.parse())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
    }
}

impl Read for Ipv4Addr {
    fn expected() -> String {
        "an IPv4 address such as \"10.0.0.1\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        or_wrong(reader, node, text, text.parse())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "ipv4" })
    }
}

impl Read for Mac {
    fn expected() -> String {
        "a hardware address of one station such as \"02:00:00:00:00:01\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        let mac: Self = or_wrong(reader, node, text, text.parse())?;
        if !mac.is_unicast() {
            reader.wrong(node, format!("{mac} is not the address of one station"), Self::expected());
            return None;
        }
        Some(mac)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$" })
    }
}

impl Read for Cidr {
    fn expected() -> String {
        "an address with the length of its prefix such as \"10.0.0.1/24\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        if text.parse::<IpAddr>().is_ok() {
            let problem = reader.place(node.span).problem(format!("`{text}` has no prefix length"));
            reader.report(problem.allowed(Self::expected()).suggest(Some(format!("{text}/24"))));
            return None;
        }
        or_wrong(reader, node, text, text.parse())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9A-Fa-f.:]+/[0-9]{1,3}$", "examples": ["10.0.0.1/24"] })
    }
}

/// A destination of routes: a network, or `default`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network(pub Cidr);

impl Read for Network {
    fn expected() -> String {
        "a network such as \"10.1.0.0/16\", or \"default\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        if text == "default" {
            return Cidr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0).ok().map(Self);
        }
        or_wrong(reader, node, text, text.parse().map(Self))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(default|[0-9A-Fa-f.:]+/[0-9]{1,3})$" })
    }
}

/// A peer: an address, or the name of a host whose first address is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// An address.
    Address(IpAddr),
    /// A host of the scenario.
    Host(String),
}

impl Peer {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        // All digits and dots is an address gone wrong, not a name.
        let named = text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
            && text.chars().any(|c| !c.is_ascii_digit());
        named.then(|| Self::Host(text.to_owned()))
    }
}

impl Read for Peer {
    fn expected() -> String {
        "an address such as \"10.0.0.2\", or a host's name".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        or_wrong(reader, node, text, Self::parse(text).ok_or(()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10.0.0.2", "server"] })
    }
}

/// A peer and a port: `10.0.0.2:6999`, or `server:6999`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Destination {
    /// The peer.
    pub peer: Peer,
    /// The port, not zero.
    pub port: u16,
}

impl Read for Destination {
    fn expected() -> String {
        "an address or a host's name, with a port, such as \"10.0.0.2:6999\" or \"server:6999\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        if Peer::parse(text).is_some() {
            reader.wrong(node, format!("`{}` has no port", text.escape_debug()), Self::expected());
            return None;
        }
        let parsed = match text.parse::<SocketAddr>() {
            Ok(address) => Some((Peer::Address(address.ip()), address.port())),
            Err(_) => text
                .rsplit_once(':')
                .and_then(|(peer, port)| Some((Peer::parse(peer)?, port.parse::<u16>().ok()?))),
        };
        let destination = parsed.filter(|(_, port)| *port != 0).map(|(peer, port)| Self { peer, port });
        or_wrong(reader, node, text, destination.ok_or(()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^.+:[0-9]{1,5}$", "examples": ["server:6999"] })
    }
}

/// A multicast group's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group(pub Ipv4Addr);

impl Read for Group {
    fn expected() -> String {
        "a multicast group's address, 224.0.0.1 to 239.255.255.255".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        let group = text.parse().ok().filter(Ipv4Addr::is_multicast).map(Self);
        or_wrong(reader, node, text, group.ok_or(()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "ipv4", "examples": ["239.1.2.3"] })
    }
}

/// A port that can be bound: not zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port(pub u16);

impl Read for Port {
    fn expected() -> String {
        "a port from 1 to 65535".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Integer(number) = node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let port = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port != 0);
        if port.is_none() {
            reader.wrong(node, "the number is out of range", Self::expected());
        }
        port.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535 })
    }
}

/// One end of a link: `client.eth0`, or `client` where the host has one interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End {
    /// The host's name.
    pub host: String,
    /// The interface's name.
    pub interface: Option<String>,
}

impl Read for End {
    fn expected() -> String {
        "an interface such as \"client.eth0\", or \"client\" where the host has only one".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = text::<Self>(reader, node)?;
        let (host, interface) = match text.split_once('.') {
            Some((host, interface)) => (host, Some(interface)),
            None => (text, None),
        };
        let bad = host.is_empty() || interface.is_some_and(str::is_empty);
        let end = Self { host: host.to_owned(), interface: interface.map(str::to_owned) };
        or_wrong(reader, node, text, if bad { Err(()) } else { Ok(end) })
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["client.eth0", "client"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn read<T: Read>(text: &str) -> Result<T, String> {
        let mut reader = Reader::default();
        let node = Node { span: Span::default(), kind: Kind::Text(text.to_owned()) };
        T::read(&mut reader, &node).ok_or_else(|| reader.problems[0].message.clone())
    }

    #[test]
    fn destinations_are_addresses_or_names_with_a_port() {
        let to = |text: &str| read::<Destination>(text).map(|to| (to.peer, to.port));
        assert_eq!(to("10.0.0.2:6999"), Ok((Peer::Address("10.0.0.2".parse().unwrap()), 6999)));
        assert_eq!(to("[::1]:7"), Ok((Peer::Address("::1".parse().unwrap()), 7)));
        assert_eq!(to("server:6999"), Ok((Peer::Host("server".to_owned()), 6999)));
        assert!(to("server").unwrap_err().contains("no port"));
        for bad in ["server:0", "server:65536", ":7", "10.0.0.256:7", "10.0.0:7", "a b:7", ""] {
            assert!(to(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_and_ends_are_read() {
        assert_eq!(read::<Network>("default").unwrap().0.to_string(), "0.0.0.0/0");
        assert!(read::<Network>("10.0.0.0").is_err());
        assert_eq!(read::<End>("client.eth0").unwrap().interface.as_deref(), Some("eth0"));
        assert_eq!(read::<End>("client").unwrap().interface, None);
        assert!(read::<End>("client.").is_err() && read::<End>(".eth0").is_err());
        assert!(read::<Cidr>("10.0.0.1").unwrap_err().contains("no prefix length"));
        assert!(read::<Mac>("ff:ff:ff:ff:ff:ff").unwrap_err().contains("one station"));
    }
}
