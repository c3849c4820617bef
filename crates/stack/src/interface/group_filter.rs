//! Which group addresses an interface hears: those of the multicast groups that are joined, as a network card's filter has
//! it. Thirty-two groups share an address, so IP looks again.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use crate::addr::Mac;

/// The Ethernet address of a multicast group: 01:00:5e and its lower 23 bits (RFC 1112 §6.4).
pub const fn mac_of(group: Ipv4Addr) -> Mac {
    let [_, a, b, c] = group.octets();
    Mac([0x01, 0x00, 0x5e, a & 0x7f, b, c])
}

/// The group addresses that pass.
#[derive(Clone, Debug, Default)]
pub struct GroupFilter {
    /// How many joined groups have each address.
    joined: BTreeMap<Mac, u32>,
    /// Every group address passes: a router has to hear reports and packets for all groups.
    all: bool,
}

impl GroupFilter {
    /// Whether frames to the group address `mac` pass. Broadcasts always do.
    pub fn passes(&self, mac: Mac) -> bool {
        mac.is_broadcast() || self.all || self.joined.contains_key(&mac)
    }

    /// One more group has the address of `group`.
    pub fn join(&mut self, group: Ipv4Addr) {
        *self.joined.entry(mac_of(group)).or_default() += 1;
    }

    /// One group less has it.
    pub fn leave(&mut self, group: Ipv4Addr) {
        let mac = mac_of(group);
        if let Some(groups) = self.joined.get_mut(&mac) {
            *groups -= 1;
            if *groups == 0 {
                self.joined.remove(&mac);
            }
        }
    }

    /// Whether all pass.
    pub fn set_all(&mut self, all: bool) {
        self.all = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_the_addresses_of_the_document() {
        // RFC 1112 §6.4
        let of = |text: &str| mac_of(text.parse().unwrap()).to_string();
        assert_eq!(of("224.0.0.1"), "01:00:5e:00:00:01");
        assert_eq!(of("239.255.1.2"), "01:00:5e:7f:01:02");
        assert_eq!(of("224.127.1.2"), of("239.255.1.2"), "32 groups share an address");
    }

    #[test]
    fn an_address_passes_as_long_as_one_of_its_groups_is_joined() {
        let (one, other) = (Ipv4Addr::new(224, 127, 1, 2), Ipv4Addr::new(239, 255, 1, 2));
        let mut filter = GroupFilter::default();
        assert!(!filter.passes(mac_of(one)) && filter.passes(Mac::BROADCAST));
        filter.join(one);
        filter.join(other);
        filter.leave(one);
        assert!(filter.passes(mac_of(one)));
        filter.leave(other);
        filter.leave(other);
        assert!(!filter.passes(mac_of(one)));
        filter.set_all(true);
        assert!(filter.passes(mac_of(one)));
    }
}
