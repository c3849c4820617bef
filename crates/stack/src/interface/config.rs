//! How an interface is described.

use core::net::{IpAddr, Ipv4Addr};

use super::conflict::OnConflict;
use super::rarp;
use super::vlan::VlanId;
use crate::addr::{Cidr, Mac};
use crate::frame::{InterfaceId, Medium};

/// What the link behind an interface can do. A layer above asks this, never the kind of link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    /// The longest IP packet in octets.
    pub mtu: u16,
    /// The longest IP packet, in octets, of a frame that the link cuts into segments; 0 where it cuts none.
    pub max_super_frame: u32,
    /// The link completes partial transport checksums.
    pub transmit_checksum: bool,
    /// The link verifies transport checksums, and says so in each frame's meta.
    pub receive_checksum: bool,
}

impl Default for Capabilities {
    /// Ethernet without offloads: 1500 octets (RFC 894 §Frame Format).
    fn default() -> Self {
        Self { mtu: 1500, max_super_frame: 0, transmit_checksum: false, receive_checksum: false }
    }
}

/// What makes an interface one of a VLAN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VlanConfig {
    /// The Ethernet interface whose link its frames go over.
    pub parent: InterfaceId,
    /// The VLAN: what its frames' tags say.
    pub id: VlanId,
}

/// How an interface comes by its addresses, besides those that it is configured with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Configure {
    /// It has those of its configuration alone.
    #[default]
    Static,
    /// It asks a RARP server (RFC 903 §III).
    Rarp(rarp::ClientConfig),
    /// An application gives it some while the host runs: a DHCP client. Until then the host waits for it.
    Dhcp,
}

/// What an interface is to a router that forwards to multicast groups (RFC 4605 §2.1, §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MulticastRole {
    /// The router asks there who is a member, and forwards as long as it is the querier.
    #[default]
    Downstream,
    /// The router asks there who is a member, and forwards though another router may be the querier: where the querier is
    /// not on the way from the sources.
    Forwarder,
    /// The router asks nobody there. It is a member itself of what is wanted downstream, and forwards what comes from there.
    Upstream,
}

/// One interface of a host.
#[derive(Clone, Debug)]
pub struct InterfaceConfig {
    /// Its name, as people write it: `eth0`.
    pub name: String,
    /// Its hardware address: unicast.
    pub mac: Mac,
    /// Its addresses with their networks; the first of each family is its primary one.
    pub addresses: Vec<Cidr>,
    /// What its link can do.
    pub capabilities: Capabilities,
    /// Neighbours that are known beforehand and never age.
    pub neighbors: Vec<(IpAddr, Mac)>,
    /// Whether it announces its addresses when the host starts (RFC 5227 §2.3).
    pub announce: bool,
    /// Whether frames whose frame check sequence does not fit are dropped.
    pub check_fcs: bool,
    /// What a router is to forward to groups on this link must come with a TTL above this: so a scope gets a border.
    pub multicast_threshold: u8,
    /// What it is to a router that forwards to groups.
    pub multicast_role: MulticastRole,
    /// How much a router that advertises itself wants to be a default router on this link (RFC 1256 §4.1), where that is
    /// not the knob's.
    pub preference_level: Option<i32>,
    /// What its link carries. A point-to-point interface has no hardware address and no neighbours, and announces
    /// nothing.
    pub medium: Medium,
    /// For the interface of a VLAN: over which other interface, under which number. It has no link of its own.
    pub vlan: Option<VlanConfig>,
    /// Where it has its addresses from.
    pub configure: Configure,
    /// Whether its configured addresses are probed before they are used (RFC 5227 §2.1). Those that RARP or an
    /// application gives always are.
    pub probe: bool,
    /// What it does when another station uses an address of its own.
    pub on_conflict: OnConflict,
    /// Whether it answers ARP requests for what it can reach by another interface (RFC 1027 §2.1).
    pub proxy_arp: bool,
    /// As a RARP server: whose address is whose.
    pub rarp_table: Vec<(Mac, Ipv4Addr)>,
}

impl InterfaceConfig {
    /// An Ethernet interface with `addresses`, that announces itself and checks frames.
    pub fn new(name: impl Into<String>, mac: Mac, addresses: impl Into<Vec<Cidr>>) -> Self {
        Self {
            name: name.into(),
            mac,
            addresses: addresses.into(),
            capabilities: Capabilities::default(),
            neighbors: Vec::new(),
            announce: true,
            check_fcs: true,
            multicast_threshold: 1,
            multicast_role: MulticastRole::default(),
            preference_level: None,
            medium: Medium::Ethernet,
            vlan: None,
            configure: Configure::default(),
            probe: false,
            on_conflict: OnConflict::default(),
            proxy_arp: false,
            rarp_table: Vec::new(),
        }
    }

    /// The interface to one end of a line that carries IP packets and nothing else.
    pub fn point_to_point(name: impl Into<String>, addresses: impl Into<Vec<Cidr>>) -> Self {
        Self { announce: false, medium: Medium::PointToPoint, ..Self::new(name, Mac::UNSPECIFIED, addresses) }
    }

    /// The interface of VLAN `id` over this one, which is number `parent` of its host: same hardware address, same
    /// link, addresses of its own.
    #[must_use]
    pub fn vlan(&self, parent: InterfaceId, id: VlanId, addresses: impl Into<Vec<Cidr>>) -> Self {
        Self {
            capabilities: self.capabilities,
            check_fcs: self.check_fcs,
            vlan: Some(VlanConfig { parent, id }),
            ..Self::new(format!("{}.{id}", self.name), self.mac, addresses)
        }
    }
}
