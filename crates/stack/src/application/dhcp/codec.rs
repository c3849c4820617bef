//! DHCP messages (RFC 2131 §2, options of RFC 2132), as far as client and server use them. Octets are read and written by
//! `dhcproto`.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use dhcproto::v4::{
    DhcpOption, DhcpOptions, Flags, HType, MAGIC, MIN_PACKET_SIZE, Message as Wire, Opcode, OptionCode,
};
use dhcproto::{Decodable, Decoder, Encodable, Encoder};

pub use dhcproto::v4::MessageType as Kind;

use crate::addr::Mac;
use crate::time::Duration;

/// Where servers listen.
pub const SERVER_PORT: u16 = dhcproto::v4::SERVER_PORT;
/// Where clients listen.
pub const CLIENT_PORT: u16 = dhcproto::v4::CLIENT_PORT;

/// Where `sname`, `file` and the magic cookie stand.
const SNAME: core::ops::Range<usize> = 44..108;
const FILE: core::ops::Range<usize> = 108..236;
const COOKIE: core::ops::Range<usize> = 236..240;

/// What a client asks to be told with its address: subnet mask, router, domain name servers, lease times.
pub const PARAMETERS: [u8; 6] = [1, 3, 6, 51, 58, 59];

/// Who a client is: its client identifier, or else its hardware address (RFC 2131 §4.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClientId {
    /// The option of that name.
    Identifier(Vec<u8>),
    /// `chaddr`.
    Hardware(Mac),
    /// No client: whoever uses this address without a lease.
    Nobody(Ipv4Addr),
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The transaction, as the client drew it.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// The client cannot receive unicast yet (RFC 2131 §4.1).
    pub broadcast: bool,
    /// The client's address, which it can answer ARP for.
    pub ciaddr: Ipv4Addr,
    /// The address that the client is to have.
    pub yiaddr: Ipv4Addr,
    /// The relay agent that passed it on.
    pub giaddr: Ipv4Addr,
    /// The client's hardware address.
    pub mac: Mac,
    /// The options.
    pub options: Options,
}

/// The options that are used here; what is not there is nothing, or empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Requested IP address (RFC 2132 §9.1).
    pub requested: Option<Ipv4Addr>,
    /// IP address lease time (RFC 2132 §9.2): [`Duration::MAX`] for ever.
    pub lease: Option<Duration>,
    /// Server identifier (RFC 2132 §9.7).
    pub server: Option<Ipv4Addr>,
    /// Renewal time T1 (RFC 2132 §9.11).
    pub renewal: Option<Duration>,
    /// Rebinding time T2 (RFC 2132 §9.12).
    pub rebinding: Option<Duration>,
    /// Prefix length that the subnet mask says (RFC 2132 §3.3).
    pub prefix: Option<u8>,
    /// Routers, in order of preference (RFC 2132 §3.5).
    pub routers: Vec<Ipv4Addr>,
    /// Domain name servers, in order of preference (RFC 2132 §3.8).
    pub name_servers: Vec<Ipv4Addr>,
    /// Client identifier (RFC 2132 §9.14).
    pub client: Option<Vec<u8>>,
    /// Parameter request list (RFC 2132 §9.8).
    pub parameters: Vec<u8>,
    /// A text about an error (RFC 2132 §9.9).
    pub message: Option<String>,
}

impl Message {
    /// A message of `kind` from or about the client `mac`, with nothing else in it.
    pub fn new(kind: Kind, xid: u32, mac: Mac) -> Self {
        let none = Ipv4Addr::UNSPECIFIED;
        let (ciaddr, yiaddr, giaddr) = (none, none, none);
        let options = Options::default();
        Self { kind, xid, secs: 0, broadcast: false, ciaddr, yiaddr, giaddr, mac, options }
    }

    /// Who the client is.
    pub fn client(&self) -> ClientId {
        match &self.options.client {
            Some(identifier) => ClientId::Identifier(identifier.clone()),
            None => ClientId::Hardware(self.mac),
        }
    }

    /// Whether clients send messages of this kind.
    fn is_request(kind: Kind) -> bool {
        matches!(kind, Kind::Discover | Kind::Request | Kind::Decline | Kind::Release | Kind::Inform)
    }

    /// Reads a message; `None` where it is none of DHCP over Ethernet: BOOTP's have no type (RFC 1534 §2), and what is
    /// cut off or contradicts itself cannot be trusted.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        if octets.get(COOKIE) != Some(&MAGIC[..]) {
            return None;
        }
        let sound = sound_options(octets)?;
        let wire = Wire::decode(&mut Decoder::new(&sound)).ok()?;
        // `chaddr` is to be asked for only where its length is one that it can have.
        if wire.htype() != HType::Eth || wire.hlen() != 6 {
            return None;
        }
        let mac = Mac(wire.chaddr().try_into().ok()?);
        let options = wire.opts();
        let kind = options.msg_type()?;
        let request = match wire.opcode() {
            Opcode::BootRequest => true,
            Opcode::BootReply => false,
            Opcode::Unknown(_) => return None,
        };
        (request == Self::is_request(kind) && mac.is_unicast()).then(|| Self {
            kind,
            xid: wire.xid(),
            secs: wire.secs(),
            broadcast: wire.flags().broadcast(),
            ciaddr: wire.ciaddr(),
            yiaddr: wire.yiaddr(),
            giaddr: wire.giaddr(),
            mac,
            options: Options::read(options),
        })
    }

    /// The message as it stands in a datagram: at least as long as BOOTP's (RFC 1542 §2.1).
    pub fn to_bytes(&self) -> Vec<u8> {
        // The other constructors draw their transaction themselves.
        let none = Ipv4Addr::UNSPECIFIED;
        let mut wire = Wire::new_with_id(self.xid, self.ciaddr, self.yiaddr, none, self.giaddr, &self.mac.0);
        let opcode = if Self::is_request(self.kind) { Opcode::BootRequest } else { Opcode::BootReply };
        let flags = if self.broadcast { Flags::default().set_broadcast() } else { Flags::default() };
        wire.set_opcode(opcode).set_secs(self.secs).set_flags(flags);
        let mut options = self.options.write();
        options.insert(DhcpOption::MessageType(self.kind));
        wire.set_opts(options);
        let mut octets = Vec::with_capacity(MIN_PACKET_SIZE);
        let encoded = wire.encode(&mut Encoder::new(&mut octets));
        debug_assert!(encoded.is_ok(), "what is written here has room");
        if octets.len() < MIN_PACKET_SIZE {
            octets.resize(MIN_PACKET_SIZE, 0);
        }
        octets
    }
}

impl Options {
    fn read(options: &DhcpOptions) -> Self {
        let mut read = Self::default();
        for (_, option) in options.iter() {
            match option {
                DhcpOption::RequestedIpAddress(address) => read.requested = Some(*address),
                DhcpOption::AddressLeaseTime(seconds) => read.lease = Some(span(*seconds)),
                DhcpOption::ServerIdentifier(address) => read.server = Some(*address),
                DhcpOption::Renewal(seconds) => read.renewal = Some(span(*seconds)),
                DhcpOption::Rebinding(seconds) => read.rebinding = Some(span(*seconds)),
                DhcpOption::SubnetMask(mask) => read.prefix = prefix_of(*mask),
                DhcpOption::Router(routers) => read.routers.clone_from(routers),
                DhcpOption::DomainNameServer(servers) => read.name_servers.clone_from(servers),
                // RFC 2132 §9.14: at least two octets.
                DhcpOption::ClientIdentifier(identifier) if identifier.len() >= 2 => {
                    read.client = Some(identifier.clone());
                }
                DhcpOption::ParameterRequestList(codes) => {
                    read.parameters = codes.iter().map(|code| u8::from(*code)).collect();
                }
                DhcpOption::Message(text) => read.message = Some(text.clone()),
                _ => {}
            }
        }
        read
    }

    fn write(&self) -> DhcpOptions {
        let mut options = DhcpOptions::new();
        let single = [
            self.requested.map(DhcpOption::RequestedIpAddress),
            self.lease.map(|lease| DhcpOption::AddressLeaseTime(seconds(lease))),
            self.server.map(DhcpOption::ServerIdentifier),
            self.renewal.map(|time| DhcpOption::Renewal(seconds(time))),
            self.rebinding.map(|time| DhcpOption::Rebinding(seconds(time))),
            self.prefix.map(|prefix| DhcpOption::SubnetMask(mask_of(prefix))),
            self.client.clone().map(DhcpOption::ClientIdentifier),
            self.message.clone().map(DhcpOption::Message),
        ];
        single.into_iter().flatten().for_each(|option| _ = options.insert(option));
        if !self.routers.is_empty() {
            options.insert(DhcpOption::Router(self.routers.clone()));
        }
        if !self.name_servers.is_empty() {
            options.insert(DhcpOption::DomainNameServer(self.name_servers.clone()));
        }
        if !self.parameters.is_empty() {
            let codes = self.parameters.iter().map(|code| OptionCode::from(*code)).collect();
            options.insert(DhcpOption::ParameterRequestList(codes));
        }
        options
    }
}

/// What of an option's length is right: exactly so many octets, a multiple of that, or any number from that on.
enum Length {
    Exactly(usize),
    MultipleOf(usize),
    AtLeast(usize),
}

/// The options that are used here (RFC 2132 §3, §9), by code.
const KNOWN: [(u8, Length); 14] = [
    (1, Length::Exactly(4)),
    (3, Length::MultipleOf(4)),
    (6, Length::MultipleOf(4)),
    (50, Length::Exactly(4)),
    (51, Length::Exactly(4)),
    (52, Length::Exactly(1)),
    (53, Length::Exactly(1)),
    (54, Length::Exactly(4)),
    (55, Length::AtLeast(1)),
    (56, Length::AtLeast(1)),
    (57, Length::Exactly(2)),
    (58, Length::Exactly(4)),
    (59, Length::Exactly(4)),
    (61, Length::AtLeast(2)),
];

/// The longest value that is looked at: what one option can hold.
const LONGEST: usize = 255;

/// The message with those of its options alone that are used and have a length that they can have: `dhcproto` panics at
/// some that have not. Options go on in `file` and then in `sname` where one says so (RFC 2131 §4.1), and the parts of one
/// that comes several times are one (RFC 3396 §7).
fn sound_options(octets: &[u8]) -> Option<Vec<u8>> {
    let mut found: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    collect(octets.get(COOKIE.end..)?, &mut found);
    let overload = found.get(&52).and_then(|value| value.first()).copied().unwrap_or(0);
    for (bit, field) in [(1, FILE), (2, SNAME)] {
        if overload & bit != 0 {
            collect(octets.get(field)?, &mut found);
        }
    }
    let mut sound = octets.get(..COOKIE.end)?.to_vec();
    for (code, length) in &KNOWN {
        let Some(value) = found.get(code).filter(|value| value.len() <= LONGEST) else { continue };
        let fits = match *length {
            Length::Exactly(octets) => value.len() == octets,
            Length::MultipleOf(octets) => !value.is_empty() && value.len().is_multiple_of(octets),
            Length::AtLeast(octets) => value.len() >= octets,
        };
        // A text that is none is no reason to lose the rest.
        if fits && (*code != 56 || core::str::from_utf8(value).is_ok()) {
            sound.extend([*code, value.len() as u8]);
            sound.extend(value);
        }
    }
    sound.push(255);
    Some(sound)
}

/// Adds the options of one field to what was found, as far as they are whole.
fn collect(mut octets: &[u8], found: &mut BTreeMap<u8, Vec<u8>>) {
    loop {
        octets = match *octets {
            [0, ref rest @ ..] => rest,
            [255, ..] | [] | [_] => return,
            [code, length, ref rest @ ..] => {
                let Some((value, rest)) = rest.split_at_checked(length.into()) else { return };
                found.entry(code).or_default().extend_from_slice(value);
                rest
            }
        };
    }
}

/// RFC 2131 §3.3: all ones stand for infinity.
fn span(seconds: u32) -> Duration {
    if seconds == u32::MAX { Duration::MAX } else { Duration::from_secs(seconds.into()) }
}

fn seconds(span: Duration) -> u32 {
    if span == Duration::MAX { u32::MAX } else { span.as_secs().min(u64::from(u32::MAX) - 1) as u32 }
}

/// The prefix length that a mask stands for, if it is one.
fn prefix_of(mask: Ipv4Addr) -> Option<u8> {
    let (bits, ones) = (mask.to_bits(), mask.to_bits().leading_ones());
    (bits.count_ones() == ones).then_some(ones as u8)
}

fn mask_of(prefix: u8) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    /// Where the options begin, behind the magic cookie.
    const OPTIONS: usize = COOKIE.end;

    fn ip(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    fn full(kind: Kind) -> Message {
        Message {
            secs: 7,
            broadcast: true,
            ciaddr: ip(1),
            yiaddr: ip(2),
            giaddr: ip(3),
            options: Options {
                requested: Some(ip(4)),
                lease: Some(Duration::from_secs(3600)),
                server: Some(ip(5)),
                renewal: Some(Duration::from_secs(1800)),
                rebinding: Some(Duration::MAX),
                prefix: Some(24),
                routers: vec![ip(6), ip(7)],
                name_servers: vec![ip(8)],
                client: Some(vec![1, 2, 3]),
                parameters: PARAMETERS.to_vec(),
                message: Some("no".into()),
            },
            ..Message::new(kind, 0x1234_5678, MAC)
        }
    }

    #[test]
    fn messages_read_as_they_were_written() {
        let all = [
            Kind::Discover,
            Kind::Offer,
            Kind::Request,
            Kind::Decline,
            Kind::Ack,
            Kind::Nak,
            Kind::Release,
            Kind::Inform,
        ];
        for kind in all {
            let octets = full(kind).to_bytes();
            assert_eq!(Message::parse(&octets), Some(full(kind)));
            // RFC 2131 §2: the fields' places.
            assert_eq!(octets[0], if Message::is_request(kind) { 1 } else { 2 });
            assert_eq!((octets[1], octets[2], &octets[4..8]), (1, 6, &[0x12, 0x34, 0x56, 0x78][..]));
            assert_eq!((&octets[10..12], &octets[28..34]), (&[0x80, 0][..], &MAC.0[..]));
            assert!(octets.len() >= 300);
        }
        let bare = Message::new(Kind::Discover, 1, MAC);
        assert_eq!(Message::parse(&bare.to_bytes()), Some(bare));
    }

    #[test]
    fn what_is_no_message_of_dhcp_over_ethernet_is_not_read() {
        let good = full(Kind::Discover).to_bytes();
        for length in 0..OPTIONS + 3 {
            assert_eq!(Message::parse(&good[..length]), None, "{length} octets");
        }
        // op of the other side, htype, hlen, chaddr of a group, cookie, message type
        let changes = [(0, 2), (0, 9), (1, 6), (2, 16), (2, 255), (28, 3), (236, 0)];
        for (place, value) in changes {
            let mut bad = good.clone();
            bad[place] = value;
            assert_eq!(Message::parse(&bad), None, "octet {place} = {value}");
        }
        let mut bootp = good[..OPTIONS].to_vec();
        bootp.push(255);
        assert_eq!(Message::parse(&bootp), None, "RFC 1534 §2: no message type");
    }

    #[test]
    fn options_go_on_in_file_and_sname() {
        // RFC 2131 §4.1, RFC 2132 §9.3
        let mut octets = Message::new(Kind::Ack, 1, MAC).to_bytes();
        let options = [53, 1, 5, 52, 1, 3, 255];
        octets[OPTIONS..OPTIONS + options.len()].copy_from_slice(&options);
        octets[FILE.start..FILE.start + 7].copy_from_slice(&[1, 4, 255, 255, 0, 0, 255]);
        octets[SNAME.start..SNAME.start + 7].copy_from_slice(&[3, 4, 10, 0, 0, 1, 255]);
        let options = Message::parse(&octets).unwrap().options;
        assert_eq!((options.prefix, options.routers), (Some(16), vec![ip(1)]));
        octets[OPTIONS + 5] = 1;
        let options = Message::parse(&octets).unwrap().options;
        assert_eq!((options.prefix, options.routers), (Some(16), Vec::new()));
    }

    #[test]
    fn parts_of_an_option_are_one_and_a_wrong_length_loses_that_option_alone() {
        // RFC 3396 §7
        let parse = |options: &[u8]| {
            let mut octets = Message::new(Kind::Ack, 1, MAC).to_bytes()[..OPTIONS].to_vec();
            octets.extend([53, 1, 5]);
            octets.extend(options);
            Message::parse(&octets).unwrap().options
        };
        let routers = parse(&[3, 4, 10, 0, 0, 1, 0, 1, 4, 255, 0, 0, 0, 3, 4, 10, 0, 0, 2, 255]);
        assert_eq!((routers.routers, routers.prefix), (vec![ip(1), ip(2)], Some(8)));
        for wrong in
            [&[51, 3, 1, 2, 3][..], &[3, 3, 1, 2, 3], &[6, 0], &[56, 1, 255], &[61, 1, 1], &[81, 1, 0]]
        {
            let options = parse(&[wrong, &[1, 4, 255, 255, 0, 0]].concat());
            assert_eq!(options, Options { prefix: Some(16), ..Options::default() }, "{wrong:?}");
        }
        assert_eq!(parse(&[1, 4, 255, 255]), Options::default(), "cut off");
    }

    #[test]
    fn masks_are_prefixes_or_nothing() {
        for prefix in 0..=32 {
            assert_eq!(prefix_of(mask_of(prefix)), Some(prefix));
        }
        assert_eq!(prefix_of(Ipv4Addr::new(255, 0, 255, 0)), None);
    }

    #[test]
    fn a_client_is_its_identifier_or_else_its_hardware_address() {
        // RFC 2131 §4.2
        assert_eq!(Message::new(Kind::Discover, 1, MAC).client(), ClientId::Hardware(MAC));
        assert_eq!(full(Kind::Discover).client(), ClientId::Identifier(vec![1, 2, 3]));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(
            start in proptest::collection::vec(any::<u8>(), 0..300),
            options in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let _ = Message::parse(&start);
            let mut octets = full(Kind::Request).to_bytes();
            octets.truncate(OPTIONS);
            octets.extend(options);
            if let Some(message) = Message::parse(&octets) {
                // What was read can be written, and reads the same.
                prop_assert_eq!(Message::parse(&message.to_bytes()).map(|again| again.options), Some(message.options));
            }
        }

        #[test]
        fn one_changed_octet_does_not_make_it_panic(place in 0_usize..330, value: u8) {
            let mut octets = full(Kind::Offer).to_bytes();
            if let Some(octet) = octets.get_mut(place) {
                *octet = value;
            }
            let _ = Message::parse(&octets);
        }
    }
}
