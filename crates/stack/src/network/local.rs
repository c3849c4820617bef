//! Which addresses are this host's, and what a packet's addresses mean here (RFC 1122 §3.2.1.3).

use core::net::Ipv4Addr;

use crate::addr::Cidr;
use crate::frame::InterfaceId;

/// What a packet's destination is to this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// One of its own addresses.
    Own,
    /// The limited broadcast, or that of a network of the interface.
    Broadcast,
    /// A multicast group. None is joined here.
    Multicast,
    /// Another host.
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Own {
    address: Ipv4Addr,
    broadcast: Option<Ipv4Addr>,
    interface: InterfaceId,
}

/// This host's IPv4 addresses. As few as the configuration has.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    own: Vec<Own>,
}

impl Addresses {
    /// Adds an address of `interface`. One of another family is nothing to IPv4.
    pub fn add(&mut self, cidr: &Cidr, interface: InterfaceId) {
        if let core::net::IpAddr::V4(address) = cidr.address() {
            self.own.push(Own { address, broadcast: cidr.broadcast(), interface });
        }
    }

    /// It is the host's no more.
    pub fn remove(&mut self, address: core::net::IpAddr) {
        self.own.retain(|own| core::net::IpAddr::V4(own.address) != address);
    }

    /// Whether `address` is this host's own, on whichever interface (RFC 1122 §3.3.4.2: the weak model), or a
    /// loopback address.
    #[inline]
    pub fn is_own(&self, address: Ipv4Addr) -> bool {
        self.own.iter().any(|own| own.address == address) || address.is_loopback()
    }

    /// Whether `address` is the broadcast address of a network of `interface`, or the limited one.
    pub fn is_broadcast(&self, address: Ipv4Addr, interface: InterfaceId) -> bool {
        address.is_broadcast()
            || self.own.iter().any(|own| own.interface == interface && own.broadcast == Some(address))
    }

    /// The interface of whose network `address` is the broadcast address.
    pub fn broadcasting_interface(&self, address: Ipv4Addr) -> Option<InterfaceId> {
        self.own.iter().find(|own| own.broadcast == Some(address)).map(|own| own.interface)
    }

    /// The interface that has `address`.
    pub fn interface_of(&self, address: Ipv4Addr) -> Option<InterfaceId> {
        self.own.iter().find(|own| own.address == address).map(|own| own.interface)
    }

    /// What the destination of a packet that came by `interface` is.
    #[inline]
    pub fn classify(&self, destination: Ipv4Addr, interface: InterfaceId) -> Destination {
        // RFC 1122 §3.2.1.3 (g): a loopback address never appears outside a host.
        let from_outside = interface != InterfaceId::LOOPBACK;
        if self.is_own(destination) && !(from_outside && destination.is_loopback()) {
            Destination::Own
        } else if self.is_broadcast(destination, interface) {
            Destination::Broadcast
        } else if destination.is_multicast() {
            Destination::Multicast
        } else {
            Destination::Other
        }
    }

    /// Whether a packet from `source` may have come by `interface`: RFC 1122 §3.2.1.3 has a host discard what is
    /// from a broadcast, multicast or loopback address. What claims to be from this host itself, and comes from
    /// outside, is not believed either.
    #[inline]
    pub fn is_valid_source(&self, source: Ipv4Addr, interface: InterfaceId, to_broadcast: bool) -> bool {
        if interface == InterfaceId::LOOPBACK {
            return self.is_own(source);
        }
        let [first, ..] = source.octets();
        match first {
            // {0, 0}: a host that does not yet know its address (RFC 1122 §3.2.1.3 (a)).
            0 => source.is_unspecified() && to_broadcast,
            // Loopback; class D, which is multicast; class E, reserved, with the limited broadcast in it.
            127 | 224.. => false,
            // Nor the broadcast address of any network here: an answer to it would reach everybody there.
            _ => !self.own.iter().any(|own| own.address == source || own.broadcast == Some(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: InterfaceId = InterfaceId(0);
    const SECOND: InterfaceId = InterfaceId(1);

    fn addresses() -> Addresses {
        let mut addresses = Addresses::default();
        addresses.add(&"10.0.0.1/24".parse().unwrap(), FIRST);
        addresses.add(&"192.168.1.1/24".parse().unwrap(), SECOND);
        addresses.add(&"fe80::1/64".parse().unwrap(), SECOND);
        addresses
    }

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn destinations_are_told_apart() {
        let of = |text, interface| addresses().classify(ip(text), interface);
        assert_eq!(of("10.0.0.1", FIRST), Destination::Own);
        assert_eq!(of("192.168.1.1", FIRST), Destination::Own, "the weak host model");
        assert_eq!(of("10.0.0.255", FIRST), Destination::Broadcast);
        assert_eq!(of("10.0.0.255", SECOND), Destination::Other, "another network's broadcast");
        assert_eq!(of("255.255.255.255", SECOND), Destination::Broadcast);
        assert_eq!(of("224.0.0.1", FIRST), Destination::Multicast);
        assert_eq!(of("10.0.0.2", FIRST), Destination::Other);
        assert_eq!(of("127.0.0.1", FIRST), Destination::Other, "loopback from outside");
        assert_eq!(of("127.3.2.1", InterfaceId::LOOPBACK), Destination::Own);
    }

    #[test]
    fn impossible_sources_are_refused() {
        // RFC 1122 §3.2.1.3
        let valid = |text, interface| addresses().is_valid_source(ip(text), interface, false);
        assert!(valid("10.0.0.2", FIRST) && valid("8.8.8.8", FIRST));
        for text in
            ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "10.0.0.255"]
        {
            assert!(!valid(text, FIRST), "{text}");
        }
        assert!(!valid("192.168.1.255", FIRST), "another network's broadcast");
        assert!(!valid("10.0.0.1", FIRST), "our own, from outside");
        assert!(valid("10.0.0.1", InterfaceId::LOOPBACK) && valid("127.0.0.1", InterfaceId::LOOPBACK));
        assert!(!valid("10.0.0.2", InterfaceId::LOOPBACK));
        assert!(
            addresses().is_valid_source(Ipv4Addr::UNSPECIFIED, FIRST, true),
            "a host that asks for its address"
        );
    }

    #[test]
    fn interfaces_are_found_by_address() {
        assert_eq!(addresses().interface_of(ip("192.168.1.1")), Some(SECOND));
        assert_eq!(addresses().broadcasting_interface(ip("192.168.1.255")), Some(SECOND));
        assert_eq!(addresses().broadcasting_interface(ip("192.168.1.1")), None);
    }
}
