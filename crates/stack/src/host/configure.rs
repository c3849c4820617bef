//! Addresses and routes that come and go while the host runs.

use core::net::IpAddr;

use super::build::{can_be_a_host, resolve_route};
use super::{ConfigError, Host, RouteConfig};
use crate::addr::Cidr;
use crate::frame::InterfaceId;
use crate::interface::Interface;
use crate::network::route::{Origin, Route, Target};

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
        self.routes.add_connected(&cidr, on);
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
            let target = Target::Unicast { interface: on, gateway: None };
            self.routes.remove(&cidr, |route| route.origin == Origin::Connected && route.target == target);
        }
        self.forget_ways();
        true
    }

    /// Adds a route.
    ///
    /// # Errors
    /// When it makes no sense, or there is one to that network already that it cannot stand beside.
    pub fn add_route(&mut self, config: &RouteConfig) -> Result<(), ConfigError> {
        let route = resolve_route(&self.interfaces, config)?;
        if !self.routes.add(route) {
            return Err(ConfigError::DuplicateRoute(route.destination));
        }
        self.forget_ways();
        Ok(())
    }

    /// Removes the route that `config` describes, and no other. False where there is none.
    pub fn remove_route(&mut self, config: &RouteConfig) -> bool {
        let Ok(route) = resolve_route(&self.interfaces, config) else { return false };
        let same = |other: &Route| {
            other.origin == Origin::Static && (other.metric, other.target) == (route.metric, route.target)
        };
        let removed = self.routes.remove(&route.destination, same) > 0;
        self.forget_ways();
        removed
    }

    /// Removes all routes to a network besides the one that an interface's address gives; returns how many.
    pub fn remove_routes(&mut self, destination: &Cidr) -> usize {
        let removed = self.routes.remove(destination, |route| route.origin == Origin::Static);
        self.forget_ways();
        removed
    }

    /// Its routes, in the order of [`Routes::iter`](crate::network::route::Routes::iter).
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Whatever is remembered of where packets go has to be found anew.
    pub(super) fn forget_ways(&mut self) {
        self.way.forget();
        self.known_ends = None;
        self.expected = None;
    }
}
