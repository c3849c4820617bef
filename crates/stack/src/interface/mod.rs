//! The interface layer: Ethernet, ARP and the neighbour cache.
//!
//! It imports the core modules only. Nothing here sends: functions return what is owed, and the host walks.
//!
//! | file | holds |
//! |---|---|
//! | `config` | how an interface is described, what its link can do |
//! | `knobs` | times and bounds |
//! | `ethernet` | the Ethernet II header |
//! | `arp` | ARP packets |
//! | `receive` | what an ARP packet that arrived means (RFC 826 §2), announcements |
//! | `neighbor` | the neighbour cache |
//! | `probe` | whether anyone has an address before it is used (RFC 5227 §2.1) |
//! | `conflict` | when to defend an address, and when to give it up |
//! | `rarp` | RARP, both sides |
//! | `addressing` | which addresses an interface has, and which it will have |
//! | `loopback` | the interface that leads back |
//! | `vlan` | 802.1Q tags |
//! | `group_filter` | which group addresses are heard |

mod addressing;
pub mod arp;
mod config;
mod conflict;
pub mod ethernet;
pub mod group_filter;
mod knobs;
pub mod loopback;
pub mod neighbor;
pub mod probe;
pub mod rarp;
mod receive;
pub mod vlan;

use core::net::{IpAddr, Ipv4Addr};

use self::addressing::Addressing;
use self::conflict::Defence;
use self::group_filter::GroupFilter;
pub use self::neighbor::NeighborInfo;
use self::neighbor::Neighbors;
use self::vlan::VlanId;
use crate::addr::{Cidr, Mac};
use crate::frame::{InterfaceId, Medium};
use crate::rng::Rng;
use crate::time::Instant;

pub use addressing::{Configured, Task};
pub use config::{Capabilities, Configure, InterfaceConfig, MulticastRole, VlanConfig};
pub use conflict::OnConflict;
pub use knobs::Knobs;
pub use probe::Standing;
pub use receive::ArpOutcome;

/// What has to be done with frames that come and go: one test tells the usual case from all others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Passage {
    /// Nothing: Ethernet, untagged.
    Plain,
    /// It is an interface of a VLAN, or its link is no Ethernet.
    Special,
    /// None passes: it is down.
    Closed,
}

/// An interface of a host.
#[derive(Clone, Debug)]
pub struct Interface {
    config: InterfaceConfig,
    knobs: Knobs,
    /// Whether it is to be up.
    wanted_up: bool,
    /// Whether the interface that it is over, if it is a VLAN's, is up.
    parent_up: bool,
    passage: Passage,
    /// The interfaces of the VLANs over it, by VLAN.
    vlans: Vec<(VlanId, InterfaceId)>,
    /// The stations on its link.
    pub(crate) neighbors: Neighbors,
    /// Which frames to groups are heard.
    pub(crate) group_filter: GroupFilter,
    defence: Defence,
    addressing: Addressing,
    rarp_server: rarp::Server,
}

impl Interface {
    /// The interface that `config` describes; the key of its neighbour table is drawn from `rng`.
    pub fn new(mut config: InterfaceConfig, knobs: Knobs, rng: &mut Rng) -> Self {
        // Without hardware addresses there is nothing to tell and nobody to ask.
        config.announce &= config.medium == Medium::Ethernet;
        let mut neighbors = Neighbors::new(knobs.clone(), rng);
        for &(address, mac) in &config.neighbors {
            neighbors.insert_static(address, mac);
        }
        let mut interface = Self {
            addressing: Addressing::default(),
            rarp_server: rarp::Server::new(config.rarp_table.iter().copied()),
            config,
            knobs,
            wanted_up: true,
            parent_up: true,
            passage: Passage::Closed,
            vlans: Vec::new(),
            neighbors,
            group_filter: GroupFilter::default(),
            defence: Defence::default(),
        };
        interface.open_or_close();
        interface
    }

    /// Its name, as people write it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Its hardware address.
    pub fn mac(&self) -> Mac {
        self.config.mac
    }

    /// Its addresses with their networks.
    pub fn addresses(&self) -> &[Cidr] {
        &self.config.addresses
    }

    /// What its link can do.
    pub fn capabilities(&self) -> Capabilities {
        self.config.capabilities
    }

    /// What comes for groups with a TTL that is not above this is not forwarded to its link.
    pub fn multicast_threshold(&self) -> u8 {
        self.config.multicast_threshold
    }

    /// What it is to a router that forwards to groups.
    pub fn multicast_role(&self) -> MulticastRole {
        self.config.multicast_role
    }

    /// How much a router that advertises itself wants to be a default router there, where that is its own affair.
    pub fn preference_level(&self) -> Option<i32> {
        self.config.preference_level
    }

    /// Whether it drops frames whose frame check sequence does not fit.
    pub fn check_fcs(&self) -> bool {
        self.config.check_fcs
    }

    /// What its link carries.
    pub fn medium(&self) -> Medium {
        self.config.medium
    }

    /// For the interface of a VLAN: over which other interface, under which number.
    pub fn vlan(&self) -> Option<VlanConfig> {
        self.config.vlan
    }

    /// The interface of a VLAN over this one.
    pub fn over(&self, vlan: VlanId) -> Option<InterfaceId> {
        let place = self.vlans.binary_search_by_key(&vlan, |(vlan, _)| *vlan).ok()?;
        Some(self.vlans[place].1)
    }

    /// The VLANs over it with their interfaces, by VLAN.
    pub fn vlans(&self) -> &[(VlanId, InterfaceId)] {
        &self.vlans
    }

    /// Puts a VLAN's interface over it. False where that VLAN has one.
    pub(crate) fn add_vlan(&mut self, vlan: VlanId, interface: InterfaceId) -> bool {
        match self.vlans.binary_search_by_key(&vlan, |(vlan, _)| *vlan) {
            Ok(_) => false,
            Err(place) => {
                self.vlans.insert(place, (vlan, interface));
                true
            }
        }
    }

    /// Whether it is up, and so is the one that it is over.
    #[inline]
    pub fn is_up(&self) -> bool {
        self.passage != Passage::Closed
    }

    /// What has to be done with its frames.
    #[inline]
    pub(crate) fn passage(&self) -> Passage {
        self.passage
    }

    /// Takes it up or down. Down, it forgets its neighbours and announces nothing.
    pub(crate) fn set_up(&mut self, up: bool) {
        self.wanted_up = up;
        self.open_or_close();
    }

    /// The interface that it is over went up or down.
    pub(crate) fn set_parent_up(&mut self, up: bool) {
        self.parent_up = up;
        self.open_or_close();
    }

    fn open_or_close(&mut self) {
        let is_plain = self.config.vlan.is_none() && self.config.medium == Medium::Ethernet;
        self.passage = match (self.wanted_up && self.parent_up, is_plain) {
            (false, _) => Passage::Closed,
            (true, true) => Passage::Plain,
            (true, false) => Passage::Special,
        };
        if self.passage == Passage::Closed {
            self.neighbors.clear();
            self.addressing.pause();
        }
    }

    /// Gives it one more address.
    pub(crate) fn add_address(&mut self, cidr: Cidr) {
        self.config.addresses.push(cidr);
    }

    /// Takes an address from it, and says with which network.
    pub(crate) fn remove_address(&mut self, address: IpAddr) -> Option<Cidr> {
        let place = self.config.addresses.iter().position(|cidr| cidr.address() == address)?;
        Some(self.config.addresses.remove(place))
    }

    /// The stations that it knows on its link at `now`, in the order of their addresses.
    pub fn neighbors(&self, now: Instant) -> Vec<NeighborInfo> {
        self.neighbors.list(now)
    }

    /// The address to ask for `target` with: one whose network holds it, else the first.
    pub fn address_for(&self, target: IpAddr) -> Option<IpAddr> {
        let same_family = |cidr: &&Cidr| cidr.address().is_ipv4() == target.is_ipv4();
        let mut candidates = self.config.addresses.iter().filter(same_family);
        let first = candidates.clone().next()?;
        Some(candidates.find(|cidr| cidr.contains(target)).unwrap_or(first).address())
    }

    /// Its IPv4 addresses.
    pub fn ipv4_addresses(&self) -> impl Iterator<Item = Ipv4Addr> + '_ {
        self.config.addresses.iter().filter_map(|cidr| match cidr.address() {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
    }
}

#[cfg(test)]
mod tests;
