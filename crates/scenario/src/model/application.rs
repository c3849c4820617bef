//! Applications on hosts.

use core::net::IpAddr;
use core::num::NonZeroU8;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::dhcp::{DhcpClient, DhcpServer};
use super::http::{HttpClient, HttpServer};
use super::service::{
    Chargen, Daytime, Echo, ServiceClient, Terminal, TimeServer, Upper, UpperClient, UpperSession,
    UpperSessionClient,
};
use super::transfer::{FtpClient, FtpServer, SmtpClient, SmtpServer};
use super::unix::{UnixClient, UnixServer};
use crate::document::Node;
use crate::near;
use crate::read::{At, Fields, List, Name, Read, Reader, choice, record};
use crate::schema::{Properties, named};
use crate::units::{Destination, Group, Peer, Port, Size, Span};

record! {
    /// What all applications have.
    pub struct Common ("an application") {
        /// Its name, by which expectations and the report know it.
        name: required Name,
        /// The host that it runs on.
        host: required Name,
        /// When it begins; at the beginning where left out.
        start: optional Span,
        /// Whether the run ends without waiting for it. Where left out: yes for a server that is not told after
        /// how much it ends, no for all others.
        background: optional bool,
    }
}

record! {
    /// Listens on TCP, and sends back in upper case what it receives.
    pub struct EchoServer ("an echo-server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on.
        port: required Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
    }
}

record! {
    /// Connects by TCP, sends texts, half-closes, and receives until the server closes.
    pub struct EchoClient ("an echo-client") {
        /// The server.
        to: required Destination,
        /// What it sends, one write each.
        texts: required List<String>,
        /// How long it waits before each text but the first.
        pause: optional Span,
    }
}

record! {
    /// Listens on TCP, and throws away what it receives.
    pub struct Discard ("a discard server") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on.
        port: required Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
    }
}

record! {
    /// Connects by TCP, sends so many octets of a pattern, half-closes, and waits for the peer's end.
    pub struct Source ("a source") {
        /// The sink.
        to: required Destination,
        /// How many octets it sends.
        bytes: required Size,
        /// Which octets: each number is a pattern of its own; 0 where left out.
        pattern: optional u64,
    }
}

record! {
    /// Listens on TCP, receives each connection to its end, then closes.
    pub struct Sink ("a sink") {
        /// The address that it listens on; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it listens on.
        port: required Port,
        /// It ends after so many connections; never where left out.
        connections: optional u32,
    }
}

record! {
    /// Sends ICMP echo requests, and says what came of each.
    pub struct Ping ("a ping") {
        /// Whom it asks.
        to: required Peer,
        /// How many requests it sends; 4 where left out.
        count: optional u16,
        /// The time from one request to the next; 1 s where left out.
        interval: optional Span,
        /// How long it waits for the last answer where none came before; 1 s where left out.
        timeout: optional Span,
        /// Octets of payload in each request; 56 where left out.
        size: optional Size,
        /// The requests' time to live; the host's own where left out.
        ttl: optional u8,
        /// The requests' type of service in one octet: DSCP, and ECN in the lower two bits; 0 where left out.
        tos: optional u8,
        /// Whether hosts and routers on the way write their addresses into the packet (RFC 791 §3.1); no where left out.
        record_route: optional bool,
        /// Whether requests must not be fragmented (`true`) or always may be (`false`); by the knob `mtu_discovery` where left out.
        dont_fragment: optional bool,
        /// Whether it asks for the time of day (RFC 792 §Timestamp) instead of an echo; no where left out.
        timestamp: optional bool,
    }
}

choice! {
    /// What a traceroute sends.
    pub enum ProbeWord ("kind of probe") {
        /// UDP datagrams.
        Udp = "udp",
        /// ICMP echo requests.
        Icmp = "icmp",
    }
}

record! {
    /// Sends probes whose TTL runs out one hop further each time, and says who answered.
    pub struct Traceroute ("a traceroute") {
        /// Whither it traces.
        to: required Peer,
        /// What it sends: `"udp"` datagrams or `"icmp"` echo requests; `"udp"` where left out.
        method: optional ProbeWord,
        /// The UDP port of the first probe, one more for each; 33434 where left out.
        port: optional Port,
        /// The time to live of the first probes; 1 where left out.
        first_ttl: optional NonZeroU8,
        /// The time to live of the last probes; 30 where left out.
        max_ttl: optional NonZeroU8,
        /// How many probes of each time to live; 3 where left out.
        probes: optional NonZeroU8,
        /// How long it waits for the answer to each; 1 s where left out.
        wait: optional Span,
        /// Octets of each probe, its headers included; 60 where left out.
        size: optional Size,
    }
}

record! {
    /// Receives UDP datagrams, and sends each back in upper case.
    pub struct UdpEchoServer ("a udp-echo-server") {
        /// The address that it is bound to; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it is bound to.
        port: required Port,
        /// It ends after so many datagrams; never where left out.
        datagrams: optional u32,
    }
}

record! {
    /// Sends each text as a UDP datagram, again and again until its answer comes.
    pub struct UdpEchoClient ("a udp-echo-client") {
        /// The server.
        to: required Destination,
        /// What it sends.
        texts: required List<String>,
        /// How long it waits for an answer before it sends again, doubled each time; 1 s where left out.
        timeout: optional Span,
        /// How often it sends a text before it gives up; 8 where left out.
        attempts: optional u32,
    }
}

record! {
    /// Receives UDP datagrams, and throws them away.
    pub struct UdpDiscard ("a udp-discard server") {
        /// The address that it is bound to; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it is bound to.
        port: required Port,
        /// It ends after so many datagrams; never where left out.
        datagrams: optional u32,
    }
}

record! {
    /// Sends so many octets of a pattern in UDP datagrams.
    pub struct UdpSource ("a udp-source") {
        /// The sink.
        to: required Destination,
        /// How many octets it sends in all.
        bytes: required Size,
        /// Which octets: each number is a pattern of its own; 0 where left out.
        pattern: optional u64,
        /// Octets in a datagram; 1000 where left out.
        datagram: optional Size,
        /// The time from one datagram to the next; 1 ms where left out, none for as fast as the host takes them.
        interval: optional Span,
        /// How many routers datagrams to a group may pass, and one more; 1, which is the link only, where left out.
        multicast_ttl: optional u8,
        /// Whether members of a group on the same host get what it sends there; yes where left out.
        multicast_loop: optional bool,
        /// The interface by which it sends to a group; as the routes say where left out.
        interface: optional Name,
        /// Whether datagrams must not be fragmented (`true`) or always may be (`false`); by the knob `mtu_discovery` where left out.
        dont_fragment: optional bool,
    }
}

record! {
    /// Receives UDP datagrams.
    pub struct UdpSink ("a udp-sink") {
        /// The address that it is bound to; all of the host's where left out.
        address: optional IpAddr,
        /// The port that it is bound to.
        port: required Port,
        /// It ends once it has received so many octets.
        bytes: optional Size,
        /// It ends when nothing has come for so long after the first datagram.
        idle: optional Span,
        /// The multicast group that it joins, to receive what is sent there.
        group: optional Group,
        /// The interface by which it joins; as the routes say where left out.
        interface: optional Name,
        /// Whose datagrams to the group it wants; everybody's where left out.
        sources: optional List<Peer>,
        /// Whose datagrams to the group it does not want, of everybody's.
        blocked: optional List<Peer>,
        /// When it leaves the group, and ends.
        leave_at: optional Span,
    }
}

/// Lists the applications: the enum, the words, how each is read, and the schema.
macro_rules! apps {
    ($($variant:ident = $word:literal,)*) => {
        /// What an application does.
        #[derive(Clone, Debug)]
        pub enum App { $( #[doc = concat!("`", $word, "`")] $variant($variant), )* }

        impl App {
            /// The words for all of them.
            pub const WORDS: &[&str] = &[$($word),*];

            /// The word for it.
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$variant(_) => $word,)* }
            }

            /// Reads the fields of the one that is called `word`; nothing where there is none.
            fn from_fields(word: &str, reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Option<Self>> {
                match word {
                    $($word => Some($variant::from_fields(reader, fields).map(Self::$variant)),)*
                    _ => None,
                }
            }

            fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema> {
                vec![$({
                    let mut properties = Properties::default();
                    Common::properties(generator, &mut properties);
                    properties.put("app", json_schema!({ "const": $word }), "What it does.");
                    properties.require("app");
                    $variant::properties(generator, &mut properties);
                    let about = $variant::schema(generator);
                    properties.into_schema(&description(generator, &about))
                }),*]
            }
        }
    };
}

apps! {
    EchoServer = "echo-server",
    EchoClient = "echo-client",
    Discard = "discard",
    Source = "source",
    Sink = "sink",
    DhcpClient = "dhcp-client",
    DhcpServer = "dhcp-server",
    Ping = "ping",
    Traceroute = "traceroute",
    UdpEchoServer = "udp-echo-server",
    UdpEchoClient = "udp-echo-client",
    UdpDiscard = "udp-discard",
    UdpSource = "udp-source",
    UdpSink = "udp-sink",
    Echo = "echo",
    Chargen = "chargen",
    Daytime = "daytime",
    TimeServer = "time",
    ServiceClient = "service-client",
    Upper = "upper",
    UpperClient = "upper-client",
    UpperSession = "upper-session",
    UpperSessionClient = "upper-session-client",
    Terminal = "terminal",
    FtpServer = "ftp-server",
    FtpClient = "ftp-client",
    SmtpServer = "smtp-server",
    SmtpClient = "smtp-client",
    HttpServer = "http-server",
    HttpClient = "http-client",
    UnixServer = "unix-server",
    UnixClient = "unix-client",
}

/// The description of the definition that `reference` refers to; the definition itself goes.
fn description(generator: &mut SchemaGenerator, reference: &Schema) -> String {
    let target = reference.get("$ref").and_then(Value::as_str).unwrap_or_default();
    let name = target.trim_start_matches("#/$defs/");
    let definition = generator.definitions_mut().remove(name).unwrap_or_default();
    definition.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// An application on a host.
#[derive(Clone, Debug)]
pub struct Application {
    /// What all applications have.
    pub common: Common,
    /// What it does.
    pub app: App,
}

impl Read for Application {
    fn expected() -> String {
        "a table that describes an application".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let mut fields = Fields::of::<Self>(reader, node)?;
        let common = Common::from_fields(reader, &mut fields);
        let word: Option<At<String>> = fields.required(reader, "app");
        let known = word.as_ref().and_then(|word| App::from_fields(&word.value, reader, &mut fields));
        let Some(app) = known else {
            // Which other fields there may be depends on it, so they are not looked at.
            match (word, fields.peek("kind")) {
                (Some(word), _) => reader.within("app", |reader| {
                    reader.unknown(word.place.span, "app", &word.value, App::WORDS.iter().copied());
                }),
                // It is there, and was found wrong.
                (None, _) if fields.peek("app").is_some() => {}
                (None, Some(entry)) => reader.within("kind", |reader| {
                    let problem =
                        reader.place(entry.key_span).problem("the field `kind` is called `app` now");
                    reader.report(problem.suggest(Some("app")));
                }),
                (None, None) => {
                    let problem = fields.place(reader).problem("an application needs the field `app`");
                    reader.report(problem.allowed(near::or_list(App::WORDS.iter().copied())));
                }
            }
            return None;
        };
        let what = with_article(word.as_ref().map_or("application", |word| &word.value));
        if !fields.finish(reader, &what) {
            return None;
        }
        Some(Self { common: common?, app: app? })
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        named(generator, "Application", |generator| {
            let apps = App::schemas(generator);
            json_schema!({ "oneOf": apps, "description": "An application on a host." })
        })
    }
}

/// `an echo-server`, `a udp-sink`.
fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {word}")
}
