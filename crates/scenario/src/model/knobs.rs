//! The knobs of a host, layer by layer: those that are given override those of its profile.

use core::ops::RangeInclusive;

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::time::Duration;
use wirelab_stack::{interface, network, transport};

use crate::document::{Kind, Node};
use crate::read::{Read, Reader, record};
use crate::units::{Size, Span};

/// Defines the table of a layer's knobs: a record whose fields are all optional, and how it overrides the
/// layer's own struct, whose fields have the same names.
macro_rules! knobs {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident ($what:literal) of $knobs:ty {
            $( $(#[doc = $doc:literal])* $field:ident : $ty:ty, )*
        }
    ) => {
        record! {
            $(#[doc = $about])*
            pub struct $name ($what) {
                $( $(#[doc = $doc])* $field: optional $ty, )*
            }
        }

        impl $name {
            /// The knobs that can be set.
            #[cfg(test)]
            const NAMES: &[&str] = &[$(stringify!($field)),*];

            /// Sets those of `knobs` that are given.
            pub fn apply(&self, knobs: &mut $knobs) {
                $( if let Some(at) = &self.$field {
                    knobs.$field = at.value.clone().into_knob();
                } )*
            }
        }
    };
}

knobs! {
    /// Knobs of ARP and the neighbour cache.
    pub struct ArpKnobs ("ARP's knobs") of interface::Knobs {
        /// How long an answer of a neighbour holds.
        reachable_time: Span,
        /// The time between requests for one address.
        retry_interval: Span,
        /// Broadcast requests until an address counts as unreachable.
        max_requests: u32,
        /// Unicast polls of a stale neighbour until its entry is removed.
        max_polls: u32,
        /// How long an address that did not answer fails at once, before it is asked for again.
        failed_time: Span,
        /// Entries of an interface's neighbour cache.
        max_neighbors: u32,
        /// Packets that wait for one address.
        max_queued_packets: u32,
        /// Announcements of an address that is taken into use.
        announcements: u32,
        /// The time between them.
        announce_interval: Span,
        /// The least time between two defences of an address.
        defend_interval: Span,
    }
}

knobs! {
    /// Knobs of IP and ICMP.
    pub struct IpKnobs ("IP's knobs") of network::Knobs {
        /// The time to live of what is sent.
        ttl: u8,
        /// Whether packets forbid fragmentation.
        dont_fragment: bool,
        /// How many ICMP error messages are sent at most.
        icmp_errors: Limited,
        /// How many echo replies are sent at most.
        echo_replies: Limited,
        /// The longest ICMP error message in octets, its IP header included.
        icmp_error_length: u16,
        /// Whether echo requests to a broadcast address are answered.
        answer_broadcast_echo: bool,
        /// Answers and errors that wait in an echo socket.
        max_echo_events: u32,
        /// Payload octets that wait in an echo socket.
        max_echo_bytes: Size,
        /// Packets that wait for the interfaces to take them.
        max_outbox_packets: u32,
        /// Octets that wait for the interfaces to take them.
        max_outbox_bytes: Size,
    }
}

knobs! {
    /// Knobs of UDP.
    pub struct UdpKnobs ("UDP's knobs") of transport::udp::Knobs {
        /// Octets that wait in a socket to be received, the queue's own storage included.
        receive_buffer: Size,
        /// A datagram with less payload than this is copied out of the storage that it arrived in.
        copy_below: Size,
        /// The ephemeral ports.
        ephemeral_ports: Ports,
        /// Whether sockets without a peer are told of ICMP errors too.
        errors_without_peer: bool,
    }
}

/// What a knob is set to by a value that was read.
trait IntoKnob<T> {
    /// The knob's value.
    fn into_knob(self) -> T;
}

/// Values that are knobs as they are.
macro_rules! plain {
    ($($ty:ty),*) => { $(
        impl IntoKnob<Self> for $ty {
            fn into_knob(self) -> Self {
                self
            }
        }
    )* };
}
plain!(u8, u16, u32, bool);

impl IntoKnob<usize> for u32 {
    fn into_knob(self) -> usize {
        self as usize
    }
}

impl IntoKnob<usize> for Size {
    fn into_knob(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl IntoKnob<Duration> for Span {
    fn into_knob(self) -> Duration {
        self.0
    }
}

impl IntoKnob<RangeInclusive<u16>> for Ports {
    fn into_knob(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl IntoKnob<Option<network::RateLimit>> for Limited {
    fn into_knob(self) -> Option<network::RateLimit> {
        self.0
    }
}

/// A range of ports: `49152-65535`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    first: u16,
    last: u16,
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
pub struct Limited(Option<network::RateLimit>);

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

#[cfg(test)]
mod tests {
    use wirelab_stack::profile::Profile;

    use super::*;

    /// The fields of the outermost struct that `Debug` shows in its long form.
    fn fields(shown: &str) -> Vec<String> {
        let outermost = shown.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        let names = outermost.filter_map(|line| line.trim().split_once(':'));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_knob_can_be_set() {
        let Profile { interface, network, udp, tcp: _ } = Profile::rfc();
        assert_eq!(fields(&format!("{interface:#?}")), ArpKnobs::NAMES);
        assert_eq!(fields(&format!("{network:#?}")), IpKnobs::NAMES);
        assert_eq!(fields(&format!("{udp:#?}")), UdpKnobs::NAMES);
    }
}
