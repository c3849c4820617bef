//! Who is who in a run: the names and addresses that output shows in the place of numbers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use wirelab_sim::{Component, Direction, LinkId, World};
use wirelab_stack::addr::{Cidr, Mac};
use wirelab_stack::frame::{InterfaceId, Medium, NodeId};
use wirelab_stack::interface::VlanConfig;

/// An interface of a host, or a port of a switch or hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name: `eth0`.
    pub name: String,
    /// Its hardware address.
    pub mac: Mac,
    /// Its addresses with their networks.
    pub addresses: Vec<Cidr>,
    /// What its link carries.
    pub medium: Medium,
    /// For the interface of a VLAN: over which other interface, under which number.
    pub vlan: Option<VlanConfig>,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A host, or a script in the place of one.
    Host,
    /// A switch.
    Switch,
    /// A hub.
    Hub,
}

/// A host, switch or hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its interfaces, by number.
    pub interfaces: Vec<Interface>,
}

/// A link between two interfaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Where it begins and ends; forward is from the first to the second.
    pub ends: [(NodeId, InterfaceId); 2],
}

/// A run's hosts and links.
#[derive(Clone, Default, Debug)]
pub struct Topology {
    hosts: BTreeMap<NodeId, Host>,
    links: BTreeMap<LinkId, Link>,
    peers: BTreeMap<(NodeId, InterfaceId), (LinkId, Direction)>,
    owners: BTreeMap<IpAddr, NodeId>,
}

impl Interface {
    /// A port of a switch or hub.
    fn port(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mac: Mac::UNSPECIFIED,
            addresses: Vec::new(),
            medium: Medium::Ethernet,
            vlan: None,
        }
    }
}

/// The one interface of a port to the outside; what another script has is not known.
fn port_of(world: &World, node: NodeId) -> Vec<Interface> {
    let medium = world.external_medium(node);
    medium.map(|medium| Interface { medium, ..Interface::port("port") }).into_iter().collect()
}

fn interfaces_of(host: &wirelab_stack::host::Host) -> Vec<Interface> {
    let interface = |number| host.interface(InterfaceId(number as u16));
    let interfaces = (0..host.interface_count()).filter_map(interface);
    let describe = |interface: &wirelab_stack::interface::Interface| Interface {
        name: interface.name().to_owned(),
        mac: interface.mac(),
        addresses: interface.addresses().to_vec(),
        medium: interface.medium(),
        vlan: interface.vlan(),
    };
    interfaces.map(describe).collect()
}

impl Topology {
    /// Of a world as it was built.
    pub fn of(world: &World) -> Self {
        let names = world.names();
        let hosts = names.nodes().map(|(node, name)| {
            let (kind, interfaces) = match (world.switch(node), world.hub(node)) {
                (Some(switch), _) => {
                    let ports = switch.config().ports.iter();
                    (Kind::Switch, ports.map(|port| Interface::port(&port.name)).collect())
                }
                (_, Some(hub)) => {
                    (Kind::Hub, hub.config().ports.iter().map(|name| Interface::port(name)).collect())
                }
                (None, None) => (
                    Kind::Host,
                    match world.host(node) {
                        Some(host) => interfaces_of(host),
                        None => port_of(world, node),
                    },
                ),
            };
            (node, Host { name: name.to_owned(), kind, interfaces })
        });
        let links = names.links().map(|(id, name)| {
            let ends = world.link_ends(id);
            (id, Link { name: name.to_owned(), ends })
        });
        Self::new(hosts, links)
    }

    /// Of these hosts and links.
    pub fn new(
        hosts: impl IntoIterator<Item = (NodeId, Host)>,
        links: impl IntoIterator<Item = (LinkId, Link)>,
    ) -> Self {
        let mut topology = Self { hosts: hosts.into_iter().collect(), ..Self::default() };
        for (node, host) in &topology.hosts {
            for address in host.interfaces.iter().flat_map(|interface| &interface.addresses) {
                topology.owners.entry(address.address()).or_insert(*node);
            }
        }
        for (id, link) in links {
            topology.peers.insert(link.ends[0], (id, Direction::Forward));
            topology.peers.insert(link.ends[1], (id, Direction::Backward));
            topology.links.insert(id, link);
        }
        topology
    }

    /// All hosts, by number.
    pub fn hosts(&self) -> impl Iterator<Item = (NodeId, &Host)> {
        self.hosts.iter().map(|(node, host)| (*node, host))
    }

    /// All links, by number.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter().map(|(id, link)| (*id, link))
    }

    /// Makes a node something else.
    #[cfg(test)]
    pub fn set_kind(&mut self, node: NodeId, kind: Kind) {
        if let Some(host) = self.hosts.get_mut(&node) {
            host.kind = kind;
        }
    }

    /// What a node is.
    pub fn kind(&self, node: NodeId) -> Kind {
        self.hosts.get(&node).map_or(Kind::Host, |host| host.kind)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<NodeId> {
        self.hosts.iter().find(|(_, host)| host.name == name).map(|(node, _)| *node)
    }

    /// A host's name.
    pub fn host(&self, node: NodeId) -> &str {
        self.hosts.get(&node).map_or("?", |host| &host.name)
    }

    /// An interface's name.
    pub fn interface(&self, node: NodeId, interface: InterfaceId) -> &str {
        if interface == InterfaceId::LOOPBACK {
            return "lo";
        }
        let host = self.hosts.get(&node);
        host.and_then(|host| host.interfaces.get(usize::from(interface.0))).map_or("?", |found| &found.name)
    }

    /// An interface's name in full: `client.eth0`.
    pub fn full_name(&self, node: NodeId, interface: InterfaceId) -> String {
        format!("{}.{}", self.host(node), self.interface(node, interface))
    }

    /// A link's name.
    pub fn link(&self, link: LinkId) -> &str {
        self.links.get(&link).map_or("?", |link| &link.name)
    }

    /// The interfaces that a link's direction leads from and to.
    pub fn ends(&self, link: LinkId, direction: Direction) -> Option<[(NodeId, InterfaceId); 2]> {
        let [first, second] = self.links.get(&link)?.ends;
        Some(match direction {
            Direction::Forward => [first, second],
            Direction::Backward => [second, first],
        })
    }

    /// One direction of a link: `client.eth0->server.eth0`.
    pub fn direction(&self, link: LinkId, direction: Direction) -> String {
        match self.ends(link, direction) {
            Some([from, to]) => format!("{}->{}", self.full_name(from.0, from.1), self.full_name(to.0, to.1)),
            None => "?".to_owned(),
        }
    }

    /// Who is at the other end of the link at an interface; a host itself for its loopback interface.
    pub fn peer(&self, node: NodeId, interface: InterfaceId) -> Option<(NodeId, InterfaceId)> {
        if interface == InterfaceId::LOOPBACK {
            return Some((node, interface));
        }
        let (link, direction) = self.peers.get(&(node, interface))?;
        self.ends(*link, *direction).map(|[_, to]| to)
    }

    /// The interface that sends into a link's direction.
    pub fn sender(&self, at: Component) -> Option<(NodeId, InterfaceId)> {
        match at {
            Component::Host(_) => None,
            Component::Link { link, direction } => self.ends(link, direction).map(|[from, _]| from),
        }
    }

    /// The links that lead to or from a host.
    pub fn links_of(&self, node: NodeId) -> impl Iterator<Item = &Link> {
        self.links.values().filter(move |link| link.ends.iter().any(|(end, _)| *end == node))
    }

    /// Whose address it is.
    pub fn owner(&self, address: IpAddr) -> Option<NodeId> {
        self.owners.get(&address).copied()
    }

    /// A component in words, for messages: a host's name, or a link's.
    pub fn component(&self, at: Component) -> &str {
        match at {
            Component::Host(node) => self.host(node),
            Component::Link { link, .. } => self.link(link),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_frames::pair;

    #[test]
    fn names_and_peers_are_found() {
        let topology = pair();
        assert_eq!(topology.full_name(NodeId(1), InterfaceId(0)), "server.eth0");
        assert_eq!(topology.full_name(NodeId(1), InterfaceId::LOOPBACK), "server.lo");
        assert_eq!(topology.full_name(NodeId(9), InterfaceId(0)), "?.?");
        assert_eq!(topology.peer(NodeId(1), InterfaceId(0)), Some((NodeId(0), InterfaceId(0))));
        assert_eq!(topology.peer(NodeId(1), InterfaceId(1)), None);
        assert_eq!(topology.direction(LinkId(0), Direction::Backward), "server.eth0->client.eth0");
        assert_eq!(topology.owner("10.0.0.2".parse().unwrap()), Some(NodeId(1)));
        assert_eq!(topology.links_of(NodeId(1)).count(), 1);
    }
}
