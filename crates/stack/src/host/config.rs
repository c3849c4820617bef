//! How a host is described, and what can be wrong with that.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use super::Names;
use crate::addr::{Cidr, Mac};
use crate::frame::{InterfaceId, NodeId};
use crate::interface::InterfaceConfig;
use crate::profile::Profile;

/// What a route does with a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RouteKind {
    /// It goes on.
    #[default]
    Unicast,
    /// It is dropped, and nobody is told.
    Blackhole,
    /// It is dropped, and its sender is told that the host is unreachable.
    Unreachable,
    /// It is dropped, and its sender is told that this is forbidden.
    Prohibit,
}

/// A route besides those that the interfaces' own networks give. Several to one network with one metric share the flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteConfig {
    /// Where it leads. `0.0.0.0/0` is the default route.
    pub destination: Cidr,
    /// What it does with a packet. Only a unicast route has a gateway or an interface.
    pub kind: RouteKind,
    /// The next hop; without one the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// By which interface; without one that whose network holds the gateway.
    pub interface: Option<InterfaceId>,
    /// Of several routes to one network, the least wins.
    pub metric: u32,
    /// The address to send from by this route, where the sender has not chosen one: one of the host's own.
    pub source: Option<IpAddr>,
}

impl RouteConfig {
    /// A route of `kind` to `destination`, with nothing else said.
    pub const fn new(destination: Cidr, kind: RouteKind) -> Self {
        Self { destination, kind, gateway: None, interface: None, metric: 0, source: None }
    }

    /// A route to `destination` by the router `gateway`.
    pub const fn via(destination: Cidr, gateway: IpAddr) -> Self {
        Self { gateway: Some(gateway), ..Self::new(destination, RouteKind::Unicast) }
    }
}

/// A host.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Its name, as people write it.
    pub name: String,
    /// Its number in the simulation.
    pub node: NodeId,
    /// Its interfaces, numbered in this order.
    pub interfaces: Vec<InterfaceConfig>,
    /// Its routes besides those of its interfaces' networks.
    pub routes: Vec<RouteConfig>,
    /// All its knobs.
    pub profile: Profile,
    /// The names that it knows besides its own: one table may be several hosts'.
    pub names: Arc<Names>,
}

impl HostConfig {
    /// A host with one interface, no further routes and the documents' defaults.
    pub fn new(name: impl Into<String>, node: NodeId, interface: InterfaceConfig) -> Self {
        Self {
            name: name.into(),
            node,
            interfaces: vec![interface],
            routes: Vec::new(),
            profile: Profile::default(),
            names: Arc::default(),
        }
    }
}

/// What is wrong with a host's configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// There are more interfaces than can be numbered.
    TooManyInterfaces,
    /// An interface's hardware address is a group address or none.
    BadMac {
        /// Which interface.
        interface: String,
        /// Its address.
        mac: Mac,
    },
    /// An interface's MTU is below what IPv4 needs (RFC 791 §3.2: 68 octets).
    BadMtu {
        /// Which interface.
        interface: String,
        /// Its MTU.
        mtu: u16,
    },
    /// A second interface is the upstream one of a router that forwards to groups.
    TwoUpstreams(String),
    /// An interface cannot be that of a VLAN.
    BadVlan {
        /// Which interface.
        interface: String,
        /// Why not.
        reason: &'static str,
    },
    /// An interface without Ethernet is to ask for its address by RARP.
    NoRarp {
        /// Which interface.
        interface: String,
    },
    /// An address cannot be a host's: unspecified, loopback, multicast, or its network's broadcast address.
    BadAddress {
        /// Which interface.
        interface: String,
        /// The address.
        address: Cidr,
    },
    /// Two interfaces, or one twice, have the same address.
    DuplicateAddress(IpAddr),
    /// Two routes lead to the same network with the same metric, and a packet could not know which to take.
    DuplicateRoute(Cidr),
    /// A route that leads nowhere has a gateway or an interface.
    WayOfNoRoute(Cidr),
    /// The source that a route prefers is none of the host's addresses.
    ForeignSource {
        /// The route's destination.
        destination: Cidr,
        /// The source.
        source: IpAddr,
    },
    /// No interface's network holds the route's gateway.
    UnreachableGateway {
        /// The route's destination.
        destination: Cidr,
        /// Its gateway.
        gateway: IpAddr,
    },
    /// A route has neither a gateway nor an interface.
    RouteWithoutWay(Cidr),
    /// A route names an interface that the host does not have.
    NoSuchInterface(InterfaceId),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyInterfaces => write!(f, "a host has at most {} interfaces", u16::MAX),
            Self::BadMac { interface, mac } => {
                write!(f, "interface `{interface}`: {mac} is not a unicast hardware address")
            }
            Self::BadMtu { interface, mtu } => {
                write!(f, "interface `{interface}`: an MTU of {mtu} is below IPv4's minimum of 68 octets")
            }
            Self::TwoUpstreams(interface) => {
                write!(f, "interface `{interface}`: a router has one upstream interface at most")
            }
            Self::NoRarp { interface } => {
                write!(f, "RARP is Ethernet's, and `{interface}` has a line without")
            }
            Self::BadVlan { interface, reason } => write!(f, "interface `{interface}`: {reason}"),
            Self::BadAddress { interface, address } => {
                write!(f, "interface `{interface}`: {address} cannot be a host's address")
            }
            Self::DuplicateAddress(address) => write!(f, "the address {address} is given twice"),
            Self::DuplicateRoute(destination) => {
                write!(f, "two routes lead to {destination} with the same metric")
            }
            Self::WayOfNoRoute(destination) => {
                write!(f, "route to {destination}: one that leads nowhere has no gateway and no interface")
            }
            Self::ForeignSource { destination, source } => {
                write!(f, "route to {destination}: the source {source} is not an address of this host")
            }
            Self::UnreachableGateway { destination, gateway } => {
                write!(f, "route to {destination}: the gateway {gateway} is in no interface's network")
            }
            Self::RouteWithoutWay(destination) => {
                write!(f, "route to {destination}: neither a gateway nor an interface is given")
            }
            Self::NoSuchInterface(id) => write!(f, "there is no interface {}", id.0),
        }
    }
}

impl core::error::Error for ConfigError {}
