//! The route table: the longest prefix that holds the destination wins (RFC 1122 §3.3.1; RFC 1812 §5.2.4.3).

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use crate::addr::Cidr;
use crate::frame::InterfaceId;

/// Where a packet goes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hop {
    /// By which interface.
    pub interface: InterfaceId,
    /// To which station: the gateway, or the destination itself.
    pub station: IpAddr,
    /// Whether it is broadcast there.
    pub broadcast: bool,
}

/// A way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Route {
    interface: InterfaceId,
    gateway: Option<IpAddr>,
}

/// A network: its family, its prefix (longest first), its bits.
type Network = (bool, core::cmp::Reverse<u8>, u128);

/// All routes of a host, of either family.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    routes: BTreeMap<Network, Route>,
    /// Which prefix lengths there are: a lookup tries these only.
    prefixes: BTreeSet<(bool, core::cmp::Reverse<u8>)>,
}

impl Routes {
    /// Adds a route. False where there is one to that network already; it stays.
    pub fn add(&mut self, destination: &Cidr, interface: InterfaceId, gateway: Option<IpAddr>) -> bool {
        let network = network_of(destination.address(), destination.prefix());
        if self.routes.contains_key(&network) {
            return false;
        }
        self.prefixes.insert((network.0, network.1));
        self.routes.insert(network, Route { interface, gateway });
        true
    }

    /// Removes the route to a network, if it is by interface `by` or that does not matter. Whether there was one.
    pub fn remove(&mut self, destination: &Cidr, by: Option<InterfaceId>) -> bool {
        let network = network_of(destination.address(), destination.prefix());
        let found = self.routes.get(&network).is_some_and(|route| by.is_none_or(|by| by == route.interface));
        if found {
            self.routes.remove(&network);
            if !self.routes.keys().any(|other| (other.0, other.1) == (network.0, network.1)) {
                self.prefixes.remove(&(network.0, network.1));
            }
        }
        found
    }

    /// The next hop to `destination` by an interface that is `usable`.
    pub fn lookup(&self, destination: IpAddr, usable: impl Fn(InterfaceId) -> bool) -> Option<Hop> {
        let is_ipv6 = destination.is_ipv6();
        let longest = core::cmp::Reverse(u8::MAX);
        self.prefixes
            .range((is_ipv6, longest)..=(is_ipv6, core::cmp::Reverse(0)))
            .filter_map(|(_, prefix)| self.routes.get(&network_of(destination, prefix.0)))
            .find(|route| usable(route.interface))
            .map(|route| Hop {
                interface: route.interface,
                station: route.gateway.unwrap_or(destination),
                broadcast: false,
            })
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// The network of `prefix` bits that holds `address`. The bits of IPv4 stand in front.
fn network_of(address: IpAddr, prefix: u8) -> Network {
    let bits = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
    (address.is_ipv6(), core::cmp::Reverse(prefix), bits & mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(routes: &[(&str, u16, Option<&str>)]) -> Routes {
        let mut table = Routes::default();
        for (destination, interface, gateway) in routes {
            let gateway = gateway.map(|text| text.parse().unwrap());
            assert!(table.add(&destination.parse().unwrap(), InterfaceId(*interface), gateway));
        }
        table
    }

    #[test]
    fn the_longest_prefix_wins_in_either_family() {
        let table = table(&[
            ("0.0.0.0/0", 0, Some("10.0.0.254")),
            ("10.0.0.0/24", 0, None),
            ("10.0.0.128/25", 1, None),
            ("10.0.0.200/32", 2, Some("10.0.0.1")),
            ("::/0", 3, Some("fe80::1")),
            ("2001:db8::/32", 4, None),
        ]);
        let to = |text: &str| {
            let hop = table.lookup(text.parse().unwrap(), |_| true).unwrap();
            (hop.interface.0, hop.station.to_string())
        };
        assert_eq!(to("8.8.8.8"), (0, "10.0.0.254".into()));
        assert_eq!(to("10.0.0.5"), (0, "10.0.0.5".into()));
        assert_eq!(to("10.0.0.129"), (1, "10.0.0.129".into()));
        assert_eq!(to("10.0.0.200"), (2, "10.0.0.1".into()));
        assert_eq!(to("2001:db8::7"), (4, "2001:db8::7".into()));
        assert_eq!(to("2002::7"), (3, "fe80::1".into()));
    }

    #[test]
    fn without_a_route_there_is_no_way_and_a_second_route_is_refused() {
        let mut table = table(&[("10.0.0.1/24", 0, None)]);
        assert_eq!(table.lookup("10.0.1.1".parse().unwrap(), |_| true), None);
        assert_eq!(table.lookup("::1".parse().unwrap(), |_| true), None);
        assert!(!table.add(&"10.0.0.9/24".parse().unwrap(), InterfaceId(1), None), "the same network");
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn an_interface_that_is_down_is_passed_over() {
        let table = table(&[("0.0.0.0/0", 0, Some("10.0.0.254")), ("10.1.0.0/16", 1, None)]);
        let destination = "10.1.0.1".parse().unwrap();
        assert_eq!(table.lookup(destination, |id| id.0 != 1).unwrap().interface, InterfaceId(0));
        assert_eq!(table.lookup(destination, |_| false), None);
    }

    proptest! {
        /// The table finds what a scan of all routes finds.
        #[test]
        fn lookup_agrees_with_a_scan(
            networks in proptest::collection::vec((0_u32..64, 0_u8..=32), 0..20), destination in 0_u32..64
        ) {
            // Few distinct bits, spread over the whole address, so that prefixes do meet.
            let spread = |bits: u32| IpAddr::from((bits << 26 | bits << 3 | bits >> 5).to_be_bytes());
            let mut table = Routes::default();
            let mut scan: Vec<(Cidr, InterfaceId)> = Vec::new();
            for (number, (bits, prefix)) in networks.into_iter().enumerate() {
                let (cidr, id) = (Cidr::new(spread(bits), prefix).unwrap(), InterfaceId(number as u16));
                if table.add(&cidr, id, None) {
                    scan.push((cidr, id));
                }
            }
            let best = scan.iter().filter(|(cidr, _)| cidr.contains(spread(destination)))
                .max_by_key(|(cidr, _)| cidr.prefix()).map(|(_, id)| *id);
            prop_assert_eq!(table.lookup(spread(destination), |_| true).map(|hop| hop.interface), best);
        }
    }
}
