//! `getaddrinfo`, `gethostbyname`: from names to addresses, by the host's table.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::io;

use super::{
    AF_INET, AF_UNSPEC, Address, Bsd, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM,
};
use crate::host::Host;

/// The addresses are for who listens: none named, any is meant.
pub const AI_PASSIVE: i32 = 0x1;
/// The first answer says the name itself.
pub const AI_CANONNAME: i32 = 0x2;
/// The host is an address; nothing is looked up.
pub const AI_NUMERICHOST: i32 = 0x4;
/// The service is a number.
pub const AI_NUMERICSERV: i32 = 0x400;

/// Services by their names: ports that IANA has assigned, of the protocols that speak them here.
const SERVICES: [(&str, u16, bool, bool); 14] = [
    ("echo", 7, true, true),
    ("discard", 9, true, true),
    ("daytime", 13, true, true),
    ("chargen", 19, true, true),
    ("ftp-data", 20, true, false),
    ("ftp", 21, true, false),
    ("telnet", 23, true, false),
    ("smtp", 25, true, false),
    ("time", 37, true, true),
    ("domain", 53, true, true),
    ("bootps", 67, false, true),
    ("bootpc", 68, false, true),
    ("http", 80, true, false),
    ("submission", 587, true, false),
];

/// Why a name has no address: the names and numbers of glibc.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(non_camel_case_types, reason = "POSIX's own names")]
pub enum GaiError {
    /// A flag that makes no sense.
    EAI_BADFLAGS = -1,
    /// Nobody has that name, or neither host nor service was named.
    EAI_NONAME = -2,
    /// No such family.
    EAI_FAMILY = -6,
    /// No such type, or it has no such protocol.
    EAI_SOCKTYPE = -7,
    /// No such service of that type.
    EAI_SERVICE = -8,
    /// The name has no address of that family.
    EAI_ADDRFAMILY = -9,
}

impl GaiError {
    /// Its number.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// What `gai_strerror` says of it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::EAI_BADFLAGS => "bad value for ai_flags",
            Self::EAI_NONAME => "name or service not known",
            Self::EAI_FAMILY => "ai_family not supported",
            Self::EAI_SOCKTYPE => "ai_socktype not supported",
            Self::EAI_SERVICE => "servname not supported for ai_socktype",
            Self::EAI_ADDRFAMILY => "address family for hostname not supported",
        }
    }
}

impl fmt::Display for GaiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}: {}", self.text())
    }
}

impl core::error::Error for GaiError {}

impl From<GaiError> for io::Error {
    fn from(error: GaiError) -> Self {
        let kind = match error {
            GaiError::EAI_NONAME | GaiError::EAI_ADDRFAMILY => io::ErrorKind::NotFound,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// What is asked of `getaddrinfo`; 0 is whatever there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hints {
    /// [`AI_PASSIVE`] and others.
    pub flags: i32,
    /// The family.
    pub family: i32,
    /// The type.
    pub kind: i32,
    /// The protocol.
    pub protocol: i32,
}

/// What to give to `socket`, and to `connect` or `bind`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressInfo {
    /// The family.
    pub family: i32,
    /// The type.
    pub kind: i32,
    /// The protocol.
    pub protocol: i32,
    /// The address.
    pub address: Address,
    /// The name itself, of the first where [`AI_CANONNAME`] asked for it.
    pub canonical_name: Option<String>,
}

impl Bsd<'_, '_> {
    /// The addresses of a host and a service, each by a name or by number, at least one of the two; one for each type of
    /// socket that there is for them.
    ///
    /// # Errors
    /// `EAI_NONAME` where nobody has the name, and others as [`GaiError`] says.
    pub fn getaddrinfo(
        &self,
        node: Option<&str>,
        service: Option<&str>,
        hints: Hints,
    ) -> Result<Vec<AddressInfo>, GaiError> {
        look_up(self.host, node, service, hints)
    }

    /// The addresses of IPv4 that a name has.
    ///
    /// # Errors
    /// `EAI_NONAME` where nobody has the name.
    pub fn gethostbyname(&self, name: &str) -> Result<Vec<Ipv4Addr>, GaiError> {
        addresses(self.host, name, 0)
    }
}

fn look_up(
    host: &Host,
    node: Option<&str>,
    service: Option<&str>,
    hints: Hints,
) -> Result<Vec<AddressInfo>, GaiError> {
    let Hints { flags, family, kind, protocol } = hints;
    let known = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV;
    if flags & !known != 0 || (flags & AI_CANONNAME != 0 && node.is_none()) {
        return Err(GaiError::EAI_BADFLAGS);
    }
    if ![AF_UNSPEC, AF_INET].contains(&family) {
        return Err(GaiError::EAI_FAMILY);
    }
    if node.is_none() && service.is_none() {
        return Err(GaiError::EAI_NONAME);
    }
    let suits = |own_kind, own_protocol| {
        (kind == 0 || kind == own_kind) && (protocol == 0 || protocol == own_protocol || own_kind == SOCK_RAW)
    };
    let mut kinds: Vec<(i32, i32, u16)> = Vec::new();
    for (kind, protocol) in
        [(SOCK_STREAM, IPPROTO_TCP), (SOCK_DGRAM, IPPROTO_UDP), (SOCK_RAW, hints.protocol.max(IPPROTO_IP))]
    {
        if suits(kind, protocol)
            && let Some(port) = port_of(service, kind, flags)?
        {
            kinds.push((kind, protocol, port));
        }
    }
    if kinds.is_empty() {
        let some = [(SOCK_STREAM, IPPROTO_TCP), (SOCK_DGRAM, IPPROTO_UDP)];
        let typed = some.iter().any(|(kind, protocol)| suits(*kind, *protocol)) || kind == SOCK_RAW;
        return Err(if typed { GaiError::EAI_SERVICE } else { GaiError::EAI_SOCKTYPE });
    }
    let addresses = match node {
        Some(node) => addresses(host, node, flags)?,
        None if flags & AI_PASSIVE != 0 => vec![Ipv4Addr::UNSPECIFIED],
        None => vec![Ipv4Addr::LOCALHOST],
    };
    let mut canonical = node.filter(|_| flags & AI_CANONNAME != 0).map(str::to_owned);
    let mut found = Vec::new();
    for address in addresses {
        for (kind, protocol, port) in &kinds {
            found.push(AddressInfo {
                family: AF_INET,
                kind: *kind,
                protocol: *protocol,
                address: SocketAddr::new(address.into(), *port).into(),
                canonical_name: canonical.take(),
            });
        }
    }
    Ok(found)
}

/// The addresses of IPv4 that a name has.
fn addresses(host: &Host, name: &str, flags: i32) -> Result<Vec<Ipv4Addr>, GaiError> {
    if let Some(address) = numeric(name) {
        return Ok(vec![address]);
    }
    if name.parse::<IpAddr>().is_ok() {
        return Err(GaiError::EAI_ADDRFAMILY);
    }
    if flags & AI_NUMERICHOST != 0 {
        return Err(GaiError::EAI_NONAME);
    }
    let found = host.lookup(name).into_iter();
    let found: Vec<Ipv4Addr> =
        found.filter_map(|found| if let IpAddr::V4(found) = found { Some(found) } else { None }).collect();
    if found.is_empty() { Err(GaiError::EAI_NONAME) } else { Ok(found) }
}

/// An address as `inet_aton` reads it: one to four numbers, decimal, octal or hexadecimal, the last for all octets that are
/// left.
fn numeric(text: &str) -> Option<Ipv4Addr> {
    let number = |text: &str| {
        let (digits, radix) = match text.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&text[2..], 16),
            [b'0', _, ..] => (&text[1..], 8),
            _ => (text, 10),
        };
        // A sign is no digit.
        let digits = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, radix).ok()
    };
    let parts: Vec<u32> = text.split('.').take(5).map(number).collect::<Option<_>>()?;
    let (last, octets) = parts.split_last()?;
    let left = 4usize.checked_sub(octets.len())?;
    let fits = left == 4 || u64::from(*last) < 1 << (8 * left);
    if left == 0 || !fits || octets.iter().any(|octet| *octet > 255) {
        return None;
    }
    let high = octets.iter().enumerate().fold(0, |high, (at, octet)| high | octet << (24 - 8 * at));
    Some(Ipv4Addr::from_bits(high | last))
}

/// The port of a service for sockets of a type; `None` where these do not have it.
fn port_of(service: Option<&str>, kind: i32, flags: i32) -> Result<Option<u16>, GaiError> {
    let Some(service) = service else { return Ok(Some(0)) };
    if service.bytes().all(|digit| digit.is_ascii_digit()) && !service.is_empty() {
        return service.parse().map(Some).map_err(|_| GaiError::EAI_SERVICE);
    }
    if flags & AI_NUMERICSERV != 0 {
        return Err(GaiError::EAI_NONAME);
    }
    let named = SERVICES.iter().find(|(name, ..)| *name == service);
    Ok(match (kind, named) {
        (SOCK_STREAM, Some((_, port, true, _))) | (SOCK_DGRAM, Some((_, port, _, true))) => Some(*port),
        _ => None,
    })
}
