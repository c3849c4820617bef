//! Addresses and routes that come and go while the host runs.

use core::net::IpAddr;

use super::build::{can_be_a_host, resolve_route};
use super::schedule::{Concern, Schedule};
use super::{ConfigError, Host, RouteConfig};
use crate::addr::{Cidr, Mac};
use crate::context::Ctx;
use crate::frame::InterfaceId;
use crate::interface::Interface;
use crate::network::route::{Origin, Route, Target};
use crate::trace::AddressChange;

/// Why an address goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RemovalCause {
    /// Somebody wants it so.
    Call,
    /// Another station has it.
    Conflict,
}

impl Host {
    /// Gives an interface an address, and the route to its network.
    ///
    /// # Errors
    /// When there is no such interface, the address cannot be a host's, or is this host's already.
    pub fn add_address(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, cidr: Cidr) -> Result<(), ConfigError> {
        self.check_new_address(on, cidr)?;
        let interface = self.interfaces.get_mut(usize::from(on.0)).ok_or(ConfigError::NoSuchInterface(on))?;
        interface.add_address(cidr);
        self.addresses_changed();
        self.addresses.add(&cidr, on);
        self.routes.add_connected(&cidr, on);
        self.forget_paths();
        self.forget_redirects();
        self.addresses_settled(ctx, on);
        Ok(())
    }

    /// The addresses of an interface are others now: what it says on its link, it says from those.
    fn addresses_settled(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        self.settle_groups(ctx, on);
        self.discovery_addresses_changed(ctx, on);
    }

    /// Whether an interface may get an address.
    pub(super) fn check_new_address(&self, on: InterfaceId, cidr: Cidr) -> Result<(), ConfigError> {
        let interface = self.interfaces.get(usize::from(on.0)).ok_or(ConfigError::NoSuchInterface(on))?;
        if self.interfaces.iter().flat_map(Interface::addresses).any(|own| own.address() == cidr.address()) {
            return Err(ConfigError::DuplicateAddress(cidr.address()));
        }
        if !can_be_a_host(&cidr) {
            return Err(ConfigError::BadAddress { interface: interface.name().to_owned(), address: cidr });
        }
        Ok(())
    }

    /// Takes an address from an interface, and the route to its network unless another address there needs it. What was
    /// bound to the address fails: connections with `ECONNABORTED` and without a word to the peer, since there is nothing
    /// to send it from; other sockets with `EADDRNOTAVAIL`. One that is being probed is probed no more. False where the
    /// interface has no such address.
    pub fn remove_address(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, address: IpAddr) -> bool {
        self.called();
        self.drop_address(ctx, on, address, RemovalCause::Call)
    }

    /// An address goes: by a call, or because another station has it.
    pub(super) fn drop_address(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        address: IpAddr,
        cause: RemovalCause,
    ) -> bool {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return false };
        let probed = interface.cancel_probing(address);
        interface.forget_address(address);
        let removed = self.detach_address(on, address);
        if removed {
            self.tcp.on_address_gone(ctx, address);
            self.udp.on_address_gone(address);
            self.raw.on_address_gone(address);
            if let IpAddr::V4(address) = address {
                self.drop_waiting_from(ctx, address);
            }
            self.addresses_settled(ctx, on);
        }
        if removed || probed {
            let change = match cause {
                RemovalCause::Call => AddressChange::Removed,
                RemovalCause::Conflict => AddressChange::GivenUp,
            };
            self.show_address(ctx, on, address, change);
        }
        removed || probed
    }

    /// The addresses of an interface that are to be probed are not in use until they have been. Sockets keep them.
    pub(super) fn withhold_addresses(&mut self, on: InterfaceId) {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return };
        for cidr in interface.withhold_addresses() {
            self.addresses.remove(cidr.address());
            self.remove_connected(&cidr, on);
        }
    }

    fn remove_connected(&mut self, cidr: &Cidr, on: InterfaceId) {
        let target = Target::Unicast { interface: on, gateway: None };
        self.routes.remove(cidr, |route| route.origin == Origin::Connected && route.target == target);
    }

    fn detach_address(&mut self, on: InterfaceId, address: IpAddr) -> bool {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return false };
        let Some(cidr) = interface.remove_address(address) else { return false };
        let same = |other: &Cidr| other.prefix() == cidr.prefix() && cidr.contains(other.address());
        let needed = interface.addresses().iter().any(same);
        self.addresses.remove(address);
        if !needed {
            self.remove_connected(&cidr, on);
        }
        self.forget_paths();
        self.forget_redirects();
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
        self.forget_paths();
        self.forget_redirects();
        Ok(())
    }

    /// Removes the route that `config` describes, and no other. False where there is none.
    pub fn remove_route(&mut self, config: &RouteConfig) -> bool {
        let Ok(route) = resolve_route(&self.interfaces, config) else { return false };
        let same = |other: &Route| {
            other.origin == Origin::Static && (other.metric, other.target) == (route.metric, route.target)
        };
        let removed = self.routes.remove(&route.destination, same) > 0;
        self.forget_paths();
        self.forget_redirects();
        removed
    }

    /// Removes all routes to a network besides the one that an interface's address gives; returns how many.
    pub fn remove_routes(&mut self, destination: &Cidr) -> usize {
        let removed = self.routes.remove(destination, |route| route.origin == Origin::Static);
        self.forget_paths();
        self.forget_redirects();
        removed
    }

    /// Its routes, in the order of [`Routes::iter`](crate::network::route::Routes::iter).
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Tells an interface which station has an address. It never ages, and what ARP says of it is not believed, until
    /// [`forget_neighbor`](Self::forget_neighbor).
    ///
    /// # Errors
    /// When there is no such interface, or the hardware address cannot be one station's.
    pub fn add_neighbor(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        address: IpAddr,
        mac: Mac,
    ) -> Result<(), ConfigError> {
        let interface = self.interfaces.get_mut(usize::from(on.0)).ok_or(ConfigError::NoSuchInterface(on))?;
        if !mac.is_unicast() {
            return Err(ConfigError::BadMac { interface: interface.name().to_owned(), mac });
        }
        interface.neighbors.insert_static(address, mac);
        self.forget_ways();
        self.called();
        self.settle(ctx, on);
        Ok(())
    }

    /// Tells an interface which station has an address, as an answer of that station would: it ages.
    pub fn teach_neighbor(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, address: IpAddr, mac: Mac) {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return };
        if mac.is_unicast() {
            interface.neighbors.learn(ctx.now, address, mac, true);
            self.settle(ctx, on);
        }
    }

    /// Forgets which station has an address. False where that was not known.
    pub fn forget_neighbor(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, address: IpAddr) -> bool {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return false };
        let known = interface.neighbors.forget(address);
        self.called();
        self.settle(ctx, on);
        known
    }

    /// TCP looks for its way anew.
    pub(crate) fn forget_way(&mut self) {
        self.way.forget();
    }

    /// Whatever is remembered of where packets go has to be found anew.
    pub(super) fn forget_ways(&mut self) {
        self.way.forget();
        self.known_ends = None;
        self.expected = None;
    }

    /// Routes or interfaces changed: any path may be another than the one of which routers spoke.
    pub(super) fn forget_paths(&mut self) {
        self.forget_ways();
        self.path_mtus.clear();
        self.schedule.set(Concern::PathMtu, Schedule::HOST, None);
    }
}
