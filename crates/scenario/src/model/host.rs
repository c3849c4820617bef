//! Hosts: their interfaces, routes and knobs.

use core::net::IpAddr;
use core::num::NonZeroU16;

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::addr::{Cidr, Mac};

use super::addressing::{ConfigureWord, OnConflictWord, RarpClient, RarpEntry};
use super::files::{File, HostClock};
use super::knobs::{
    ArpKnobs, DiscoveryKnobs, IgmpKnobs, IpKnobs, SocketKnobs, TcpKnobs, UdpKnobs, UnixKnobs,
};
use crate::document::{Kind, Node};
use crate::read::{At, List, Name, Read, Reader, choice, record};
use crate::units::{Network, Size, Vlan};

record! {
    /// A host.
    pub struct Host ("a host") {
        /// Its name, by which links, applications and expectations know it.
        name: required Name,
        /// The knobs it starts from: `rfc` (the documents' defaults), `linux` or `freebsd`.
        profile: optional Preset,
        /// Whether it forwards packets for others, which makes it a router; no where left out.
        forwarding: optional bool,
        /// Whether it forwards packets for multicast groups to its networks that have members, and asks there who is one
        /// (IGMP); no where left out.
        multicast_forwarding: optional bool,
        /// Its interfaces.
        interface: list Interface,
        /// Its routes besides those to its interfaces' own networks.
        route: list Route,
        /// Its calendar clock, where it is not right.
        clock: optional HostClock,
        /// Files that it has from the beginning.
        file: list File,
        /// A directory, beside the scenario's file, whose files it has.
        directory: optional String,
        /// Whether what its applications write is written into `directory`; no where left out: it stays in the run.
        writable: optional bool,
        /// How many octets its files may have in all; 256 MiB where left out.
        disk: optional Size,
        /// Knobs of ARP and the neighbour cache, instead of the profile's.
        arp: optional ArpKnobs,
        /// Knobs of IP and ICMP, instead of the profile's.
        ip: optional IpKnobs,
        /// Knobs of IGMP, instead of the profile's.
        igmp: optional IgmpKnobs,
        /// Router discovery, which nobody does where it is left out.
        router_discovery: optional DiscoveryKnobs,
        /// Knobs of UDP, instead of the profile's.
        udp: optional UdpKnobs,
        /// Knobs of TCP, instead of the profile's.
        tcp: optional TcpKnobs,
        /// Knobs of sockets within the host, instead of the profile's.
        unix: optional UnixKnobs,
        /// Knobs of sockets of every kind, instead of the profile's.
        sockets: optional SocketKnobs,
    }
}

choice! {
    /// A preset of all knobs.
    pub enum Preset ("profile") {
        /// The documents' defaults.
        Rfc = "rfc",
        /// What Linux does.
        Linux = "linux",
        /// What FreeBSD does.
        Freebsd = "freebsd",
    }
}

record! {
    /// An interface of a host.
    pub struct Interface ("an interface") {
        /// Its name; `eth0`, `eth1`, … in their order where left out, and `vlan10` for the interface of VLAN 10.
        name: optional Name,
        /// Its hardware address; derived from the names of host and interface where left out, and a VLAN's interface has
        /// that of its parent.
        mac: optional Mac,
        /// Its addresses with their prefix lengths.
        addresses: list Cidr,
        /// The longest IP packet it sends, in octets; 1500 where left out.
        mtu: optional u16,
        /// Whether it leaves to its link to complete checksums and to cut super-frames into segments; no where left out.
        offload: optional bool,
        /// Whether it announces its addresses by ARP at the start; yes where left out.
        announce: optional bool,
        /// Whether it drops frames whose frame check sequence does not fit; yes where left out.
        check_fcs: optional bool,
        /// Where it has its addresses from: `static` (this file, and so where left out), `rarp` or `dhcp`.
        configure: optional ConfigureWord,
        /// What RARP does not tell it.
        rarp: optional RarpClient,
        /// Whether its addresses are probed before they are used; no where left out. Those that RARP or DHCP give are.
        probe: optional bool,
        /// What it does when another station uses an address of its own; `never-give-up` where left out, `defend-once`
        /// where RARP or DHCP gave the address.
        on_conflict: optional OnConflictWord,
        /// Whether it answers ARP requests for what the host reaches by another interface; no where left out.
        proxy_arp: optional bool,
        /// As a RARP server: whose address is whose.
        rarp_table: list RarpEntry,
        /// Whether its addresses may be those of other interfaces too, to show what then happens.
        duplicate: optional bool,
        /// The VLAN that it is the interface of: its frames go over its `parent`'s link, with a tag.
        vlan: optional Vlan,
        /// The interface that a VLAN's interface is over; the host's one other where left out.
        parent: optional Name,
        /// What it costs to leave by it, where routes are computed; 1 where left out.
        cost: optional NonZeroU16,
        /// What its link carries; `ethernet` where left out.
        medium: optional MediumWord,
        /// What a router forwards to multicast groups on this link must come with a TTL above this; 1 where left out.
        multicast_threshold: optional u8,
        /// What it is to a router that forwards to multicast groups; `downstream` where left out.
        multicast_role: optional MulticastWord,
        /// How much a router that advertises itself wants to be a default router on this link, instead of the knob.
        preference_level: optional i32,
        /// Neighbours that are known beforehand and never asked for.
        neighbor: list Neighbor,
    }
}

choice! {
    /// What a link carries.
    pub enum MediumWord ("medium") {
        /// Ethernet frames.
        Ethernet = "ethernet",
        /// IP packets and nothing else, between two stations.
        PointToPoint = "point-to-point",
    }
}

choice! {
    /// What an interface is to a router that forwards to multicast groups.
    pub enum MulticastWord ("multicast_role") {
        /// It asks there who is a member, and forwards as long as it is the one that asks.
        Downstream = "downstream",
        /// It asks there who is a member, and forwards whoever asks.
        Forwarder = "forwarder",
        /// It is a member there of what is wanted downstream.
        Upstream = "upstream",
    }
}

record! {
    /// A neighbour that is known beforehand.
    pub struct Neighbor ("a neighbour") {
        /// Its address.
        address: required IpAddr,
        /// Its hardware address.
        mac: required Mac,
    }
}

record! {
    /// A route.
    pub struct Route ("a route") {
        /// The network it leads to, or `default`.
        to: required Network,
        /// The next hop's address, or a list of several that share the flows; without one the network is on the link.
        via: optional Hops,
        /// By which interface; without one, that whose network holds the next hop.
        interface: optional Name,
        /// Of several routes to one network, the least wins; 0 where left out.
        metric: optional u32,
        /// What it does with a packet; `unicast` where left out.
        kind: optional RouteWord,
        /// The address of this host to send from by this route, where an application has not chosen one.
        source: optional IpAddr,
    }
}

choice! {
    /// What a route does with a packet.
    pub enum RouteWord ("kind of route") {
        /// It goes on.
        Unicast = "unicast",
        /// It is dropped, and nobody is told.
        Blackhole = "blackhole",
        /// It is dropped, and its sender is told that the host is unreachable.
        Unreachable = "unreachable",
        /// It is dropped, and its sender is told that this is forbidden.
        Prohibit = "prohibit",
    }
}

choice! {
    /// Where routes come from besides those that are written down.
    pub enum Routing ("routing") {
        /// From nowhere.
        Static = "static",
        /// Each host has a shortest way to each network, computed from the links before the run.
        ShortestPath = "shortest-path",
        /// Each host has all shortest ways to each network, and its flows share them.
        EqualCost = "equal-cost",
    }
}

/// The next hops of a route: one, or several that share the flows.
#[derive(Clone, Debug)]
pub struct Hops(pub Vec<At<IpAddr>>);

impl Read for Hops {
    fn expected() -> String {
        "an address such as \"10.0.0.254\", or a list of several".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            Kind::Text(_) => reader.read(node).map(|hop| Self(vec![hop])),
            Kind::List(nodes) if !nodes.is_empty() => List::read(reader, node).map(|List(hops)| Self(hops)),
            _ => {
                reader.wrong_kind::<Self>(node);
                None
            }
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let hop = IpAddr::schema(generator);
        json_schema!({ "anyOf": [hop, { "type": "array", "items": hop, "minItems": 1 }] })
    }
}
