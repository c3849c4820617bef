//! The interface layer: Ethernet, ARP and the neighbour cache.
//!
//! It imports the core modules only. Nothing here sends: functions return what is owed, and the host walks.

use crate::addr::{Cidr, Mac};

mod config;

pub use config::{Capabilities, InterfaceConfig};

/// An interface of a host.
#[derive(Clone, Debug)]
pub struct Interface {
    config: InterfaceConfig,
    up: bool,
}

impl Interface {
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

    /// Whether it is administratively up.
    pub fn is_up(&self) -> bool {
        self.up
    }
}

/// Knobs.
#[derive(Clone, Debug)]
pub struct Knobs {}

#[allow(missing_docs)]
impl Knobs {
    pub fn rfc() -> Self {
        Self {}
    }
    pub fn linux() -> Self {
        Self {}
    }
    pub fn freebsd() -> Self {
        Self {}
    }
}
