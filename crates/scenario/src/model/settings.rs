//! What the knobs of a host are set to, where that is more than a number.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::network;
use wirelab_stack::time::Duration;
use wirelab_stack::transport::tcp::congestion;

use crate::document::{Kind, Node};
use crate::near;
use crate::read::{Read, Reader, choice, record};
use crate::units::{Size, Span};

/// A number of octets that is not zero and fits 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Octets(pub u32);

impl Read for Octets {
    fn expected() -> String {
        "a number of octets from 1 to 4294967295 such as 65536 or \"64 KiB\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let size = Size::read(reader, node)?;
        let octets = u32::try_from(size.0).ok().filter(|octets| *octets != 0);
        if octets.is_none() {
            reader.wrong(node, "the number is out of range", Self::expected());
        }
        octets.map(Self)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Size::schema(generator)
    }
}

/// How long something is waited for: a time, or for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience(pub Option<Duration>);

impl Read for Patience {
    fn expected() -> String {
        "a time such as \"60 s\", or \"never\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        if matches!(&node.kind, Kind::Text(text) if text == "never") {
            return Some(Self(None));
        }
        Span::read(reader, node).map(|span| Self(Some(span.0)))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let span = Span::schema(generator);
        json_schema!({ "anyOf": [{ "const": "never" }, span] })
    }
}

choice! {
    /// What the MTU of a path means for what is sent along it: Linux's words for `IP_MTU_DISCOVER`.
    pub enum MtuWord ("way to treat the MTU of a path") {
        /// What fits it must not be fragmented by routers; what is longer is fragmented here.
        Want = "want",
        /// Nothing is fragmented: what is longer is not sent.
        Do = "do",
        /// All may be fragmented, here and by routers.
        Dont = "dont",
    }
}

choice! {
    /// Whether a host's addresses belong to it or to its interfaces.
    pub enum HostModel ("host model") {
        /// To the host: what is for any of its addresses is taken by any interface, and sent by any.
        Weak = "weak",
        /// To the interface: what is for an address is taken by its own interface only, and sent by it.
        Strong = "strong",
    }
}

choice! {
    /// What the source of a packet that arrives must be like.
    pub enum ReversePath ("reverse-path filter") {
        /// Anything.
        Off = "off",
        /// There is a route to it.
        Loose = "loose",
        /// The route to it leads back by the interface by which the packet came.
        Strict = "strict",
    }
}

choice! {
    /// A version of IGMP.
    pub enum IgmpVersion ("version of IGMP") {
        /// RFC 1112 appendix I §Internet Group Management Protocol.
        V1 = "v1",
        /// RFC 2236 §2.
        V2 = "v2",
        /// RFC 9776 §4.
        V3 = "v3",
    }
}

choice! {
    /// What becomes of a handshake that is completed while the listener's accept queue is full.
    pub enum AcceptOverflow ("policy for a full accept queue") {
        /// Its last ACK is dropped: it comes again, with the peer's data or since the SYN-ACK does.
        Drop = "drop",
        /// It is reset.
        Reset = "reset",
    }
}

/// A congestion controller by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Congestion(pub &'static str);

/// The names of all controllers.
fn controllers() -> impl Iterator<Item = &'static str> + Clone {
    congestion::CONTROLLERS.iter().map(|(name, _)| *name)
}

impl Read for Congestion {
    fn expected() -> String {
        near::or_list(controllers())
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let found = controllers().find(|name| *name == text);
        if found.is_none() {
            reader.unknown(node.span, "congestion controller", &text, controllers());
        }
        found.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = controllers().collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A range of ports: `49152-65535`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl Read for Ports {
    fn expected() -> String {
        "a range of ports such as \"49152-65535\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let parsed = text.split_once('-').and_then(|(first, last)| {
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (0 < first && first <= last).then_some(Self { first, last })
        });
        if parsed.is_none() {
            let message = format!("`{}` is not a range of ports", text.escape_debug());
            reader.wrong(node, message, Self::expected());
        }
        parsed
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^\\s*[0-9]+\\s*-\\s*[0-9]+\\s*$" })
    }
}

record! {
    /// So many a second in the long run, so many at once.
    pub struct LimitTable ("a limit") {
        /// In the long run.
        per_second: required u32,
        /// At once.
        burst: required u32,
    }
}

/// How many messages are sent: a limit, or all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limited(pub Option<network::RateLimit>);

impl Read for Limited {
    fn expected() -> String {
        "a limit such as { per_second = 1000, burst = 50 }, or \"unlimited\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Text(text) if text == "unlimited" => Some(Self(None)),
            Kind::Table(_) => {
                let LimitTable { per_second, burst } = LimitTable::read(reader, node)?;
                let limit = network::RateLimit { per_second: per_second.value, burst: burst.value };
                Some(Self(Some(limit)))
            }
            _ => {
                reader.wrong_kind::<Self>(node);
                None
            }
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let table = LimitTable::schema(generator);
        json_schema!({ "anyOf": [{ "const": "unlimited" }, table] })
    }
}
