//! Addresses: hardware addresses and address prefixes. IP addresses are the core library's, of either family.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// An IEEE 802 MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// All stations.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// No station: the target of an ARP request.
    pub const UNSPECIFIED: Self = Self([0; 6]);

    /// The group bit: broadcast and multicast.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether this is the broadcast address.
    pub fn is_broadcast(self) -> bool {
        self == Self::BROADCAST
    }

    /// Whether a single station can own it.
    pub fn is_unicast(self) -> bool {
        !self.is_group() && self != Self::UNSPECIFIED
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            write!(f, "{}{octet:02x}", if index == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not the address it should be: says what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError(pub String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for AddressError {}

impl FromStr for Mac {
    type Err = AddressError;

    /// Reads `02:00:00:00:00:01` (colons or hyphens).
    ///
    /// # Errors
    /// When the text is not six two-digit hexadecimal octets.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(format!("`{text}` is not a MAC address such as `02:00:00:00:00:01`"));
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or_else(wrong)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(octets)) }
    }
}

/// An address with the length of its network prefix: `10.0.0.1/24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// `address` in a network of `prefix` bits.
    ///
    /// # Errors
    /// When `prefix` is longer than the address.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, AddressError> {
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix > most {
            return Err(AddressError(format!(
                "a prefix of {prefix} bits is longer than {address}, which has {most}"
            )));
        }
        Ok(Self { address, prefix })
    }

    /// The address, host bits included.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The prefix length in bits.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The network itself: no host bits.
    #[must_use]
    pub fn network(&self) -> Self {
        let prefix = u32::from(self.prefix);
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                Ipv4Addr::from_bits(address.to_bits() & mask).into()
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        };
        Self { address, prefix: self.prefix }
    }

    /// Whether `other` lies in this network (false across families).
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                (a.to_bits() ^ b.to_bits()) & mask == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                (a.to_bits() ^ b.to_bits()) & mask == 0
            }
            _ => false,
        }
    }

    /// The directed broadcast address of an IPv4 network that has one (prefix at most 30; RFC 3021 §2.1 for 31).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(address) if self.prefix <= 30 => {
                let host_bits = u32::MAX >> self.prefix;
                Some(Ipv4Addr::from_bits(address.to_bits() | host_bits))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Cidr {
    type Err = AddressError;

    /// Reads `10.0.0.1/24`.
    ///
    /// # Errors
    /// When the text is no address, has no prefix length, or one that is too long.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong =
            || AddressError(format!("`{text}` is not an address with a prefix length such as `10.0.0.1/24`"));
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        Self::new(address.parse().map_err(|_| wrong())?, prefix.parse().map_err(|_| wrong())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_contain_what_they_should() {
        let net: Cidr = "10.1.2.3/24".parse().unwrap();
        assert!(net.contains("10.1.2.255".parse().unwrap()));
        assert!(!net.contains("10.1.3.0".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("255.255.255.255".parse().unwrap()));
        let host: Cidr = "fe80::1/128".parse().unwrap();
        assert!(host.contains("fe80::1".parse().unwrap()) && !host.contains("fe80::2".parse().unwrap()));
    }

    #[test]
    fn a_network_has_no_host_bits() {
        let of = |text: &str| text.parse::<Cidr>().unwrap().network().to_string();
        assert_eq!(of("10.1.2.3/24"), "10.1.2.0/24");
        assert_eq!(of("10.1.2.3/32"), "10.1.2.3/32");
        assert_eq!(of("10.1.2.3/0"), "0.0.0.0/0");
        assert_eq!(of("2001:db8::1:2/64"), "2001:db8::/64");
        assert_eq!(of("::1/0"), "::/0");
    }

    #[test]
    fn broadcast_exists_up_to_thirty_bits() {
        let of = |text: &str| text.parse::<Cidr>().unwrap().broadcast();
        assert_eq!(of("10.1.2.3/24"), Some(Ipv4Addr::new(10, 1, 2, 255)));
        assert_eq!(of("10.1.2.1/30"), Some(Ipv4Addr::new(10, 1, 2, 3)));
        assert_eq!(of("10.1.2.1/31"), None);
        assert_eq!(of("0.0.0.0/0"), Some(Ipv4Addr::BROADCAST));
    }

    #[test]
    fn bad_texts_say_what_would_be_right() {
        for text in ["", "10.0.0.1", "10.0.0.1/", "10.0.0/8", "10.0.0.1/33", "::/129"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        for text in ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "2:0:0:0:0:1", "0g:00:00:00:00:00"] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
        assert_eq!("02-0a-00-00-00-ff".parse::<Mac>().unwrap().to_string(), "02:0a:00:00:00:ff");
    }
}
