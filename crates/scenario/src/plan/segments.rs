//! Which interfaces hear each other: what links, hubs, switches and VLANs join to one broadcast domain.

use std::collections::{BTreeMap, BTreeSet};

use wirelab_stack::frame::InterfaceId;
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::vlan::VlanId;

use super::PlannedLink;
use super::devices::{Device, Kind};

/// Frames with a tag, or with none, at an interface or port of a node: the hosts, then the devices.
type Spot = (usize, InterfaceId, Option<VlanId>);

/// The broadcast domain of each interface of each host, by numbers that mean nothing else.
pub fn segments(hosts: &[HostConfig], devices: &[Device], links: &[PlannedLink]) -> Vec<Vec<usize>> {
    let tags = tags(hosts, devices);
    let mut union = Union::default();
    for (place, device) in devices.iter().enumerate() {
        let node = hosts.len() + place;
        for tag in &tags {
            join_ports(node, device, *tag, &mut union);
        }
    }
    for PlannedLink { ends: [one, other], .. } in links {
        for tag in &tags {
            union.join((one.0, one.1, *tag), (other.0, other.1, *tag));
        }
    }
    let mut segment = |host: usize, number: usize| {
        let under = match &hosts[host].interfaces[number].vlan {
            None => (InterfaceId(number as u16), None),
            Some(vlan) => (vlan.parent, Some(vlan.id)),
        };
        union.root((host, under.0, under.1))
    };
    let of_host = |(host, config): (usize, &HostConfig)| {
        (0..config.interfaces.len()).map(|number| segment(host, number)).collect()
    };
    hosts.iter().enumerate().map(of_host).collect()
}

/// Every tag that stations or ports know, and none.
fn tags(hosts: &[HostConfig], devices: &[Device]) -> BTreeSet<Option<VlanId>> {
    let mut tags = BTreeSet::from([None]);
    for interface in hosts.iter().flat_map(|host| &host.interfaces) {
        tags.insert(interface.vlan.as_ref().map(|vlan| vlan.id));
    }
    for device in devices {
        let Kind::Switch(config) = &device.kind else { continue };
        for port in &config.ports {
            tags.insert(port.mode.untagged());
        }
    }
    tags
}

/// Joins the ports of a device between which frames of VLAN `tag` pass, as each port sees them.
fn join_ports(node: usize, device: &Device, tag: Option<VlanId>, union: &mut Union) {
    let spots: Vec<Spot> = match (&device.kind, tag) {
        // A hub looks at no tag.
        (Kind::Hub(config), _) => {
            (0..config.ports.len()).map(|port| (node, InterfaceId(port as u16), tag)).collect()
        }
        (Kind::Switch(_), None) => Vec::new(),
        (Kind::Switch(config), Some(vlan)) => {
            let seen = config.ports.iter().enumerate().filter(|(_, port)| port.mode.carries(vlan));
            seen.map(|(port, config)| {
                let untagged = config.mode.untagged() == Some(vlan);
                (node, InterfaceId(port as u16), if untagged { None } else { Some(vlan) })
            })
            .collect()
        }
    };
    for pair in spots.windows(2) {
        union.join(pair[0], pair[1]);
    }
}

/// Spots joined to sets.
#[derive(Default)]
struct Union {
    numbers: BTreeMap<Spot, usize>,
    above: Vec<usize>,
}

impl Union {
    /// The number of the set that `spot` is in.
    fn root(&mut self, spot: Spot) -> usize {
        let next = self.above.len();
        let mut number = *self.numbers.entry(spot).or_insert(next);
        if number == next {
            self.above.push(next);
        }
        while self.above[number] != number {
            // Each step halves the way of whoever comes next.
            self.above[number] = self.above[self.above[number]];
            number = self.above[number];
        }
        number
    }

    fn join(&mut self, one: Spot, other: Spot) {
        let (one, other) = (self.root(one), self.root(other));
        self.above[one.max(other)] = one.min(other);
    }
}
