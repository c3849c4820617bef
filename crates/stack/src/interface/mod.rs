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
//! | `conflict` | when to defend an address |
//! | `loopback` | the interface that leads back |
//! | `vlan` | 802.1Q tags |

pub mod arp;
mod config;
mod conflict;
pub mod ethernet;
mod knobs;
pub mod loopback;
pub mod neighbor;
mod receive;
pub mod vlan;

use core::net::{IpAddr, Ipv4Addr};

use self::conflict::Defence;
use self::neighbor::Neighbors;
use crate::addr::{Cidr, Mac};
use crate::rng::Rng;
use crate::time::Instant;

pub use config::{Capabilities, InterfaceConfig};
pub use knobs::Knobs;
pub use receive::ArpOutcome;

/// An interface of a host.
#[derive(Clone, Debug)]
pub struct Interface {
    config: InterfaceConfig,
    knobs: Knobs,
    up: bool,
    /// The stations on its link.
    pub(crate) neighbors: Neighbors,
    defence: Defence,
    announcements_left: u32,
    next_announcement: Instant,
}

impl Interface {
    /// The interface that `config` describes; the key of its neighbour table is drawn from `rng`.
    pub fn new(config: InterfaceConfig, knobs: Knobs, rng: &mut Rng) -> Self {
        let mut neighbors = Neighbors::new(knobs.clone(), rng);
        for &(address, mac) in &config.neighbors {
            neighbors.insert_static(address, mac);
        }
        Self {
            config,
            knobs,
            up: true,
            neighbors,
            defence: Defence::default(),
            announcements_left: 0,
            next_announcement: Instant::FAR_FUTURE,
        }
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

    /// Whether it drops frames whose frame check sequence does not fit.
    pub fn check_fcs(&self) -> bool {
        self.config.check_fcs
    }

    /// Whether it is administratively up.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Takes it up or down. Down, it forgets its neighbours and announces nothing.
    pub(crate) fn set_up(&mut self, up: bool) {
        self.up = up;
        if !up {
            self.neighbors.clear();
            (self.announcements_left, self.next_announcement) = (0, Instant::FAR_FUTURE);
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
