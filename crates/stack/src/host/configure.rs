//! Addresses and routes that come and go while the host runs.

use core::net::IpAddr;

use super::build::{can_be_a_host, resolve_route};
use super::egress::Way;
use super::{ConfigError, Host, RouteConfig};
use crate::addr::Cidr;
use crate::frame::InterfaceId;
use crate::interface::Interface;

impl Host {
    /// Gives an interface an address, and the route to its network.
    ///
    /// # Errors
    /// When there is no such interface, the address cannot be a host's, or is this host's already.
    pub fn add_address(&mut self, on: InterfaceId, cidr: Cidr) -> Result<(), ConfigError> {
        let known = self.interfaces.iter().flat_map(Interface::addresses);
        if known.clone().any(|own| own.address() == cidr.address()) {
            return Err(ConfigError::DuplicateAddress(cidr.address()));
        }
        let interface = self.interfaces.get_mut(usize::from(on.0)).ok_or(ConfigError::NoSuchInterface(on))?;
        if !can_be_a_host(&cidr) {
            return Err(ConfigError::BadAddress { interface: interface.name().to_owned(), address: cidr });
        }
        interface.add_address(cidr);
        self.addresses.add(&cidr, on);
        self.routes.add(&cidr, on, None);
        self.forget_ways();
        Ok(())
    }

    /// Takes an address from an interface, and the route to its network unless another address there needs it. False
    /// where it has no such address.
    pub fn remove_address(&mut self, on: InterfaceId, address: IpAddr) -> bool {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return false };
        let Some(cidr) = interface.remove_address(address) else { return false };
        let same = |other: &Cidr| other.prefix() == cidr.prefix() && cidr.contains(other.address());
        let needed = interface.addresses().iter().any(same);
        self.addresses.remove(address);
        if !needed {
            self.routes.remove(&cidr, Some(on));
        }
        self.forget_ways();
        true
    }

    /// Adds a route.
    ///
    /// # Errors
    /// When it makes no sense, or there is one to that network already.
    pub fn add_route(&mut self, route: &RouteConfig) -> Result<(), ConfigError> {
        let on = resolve_route(&self.interfaces, route)?;
        if !self.routes.add(&route.destination, on, route.gateway) {
            return Err(ConfigError::DuplicateRoute(route.destination));
        }
        self.forget_ways();
        Ok(())
    }

    /// Removes the route to a network. False where there is none.
    pub fn remove_route(&mut self, destination: &Cidr) -> bool {
        let removed = self.routes.remove(destination, None);
        self.forget_ways();
        removed
    }

    /// Whatever is remembered of where packets go has to be found anew.
    pub(super) fn forget_ways(&mut self) {
        self.way = Way::nowhere();
        self.known_ends = None;
    }
}
