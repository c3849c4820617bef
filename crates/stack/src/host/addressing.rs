//! How the host's interfaces come by their addresses, and lose them: probes, RARP, conflicts, and whoever waits for that.

use core::net::{IpAddr, Ipv4Addr};

use super::Host;
use super::configure::RemovalCause;
use super::outbox::Outgoing;
use super::schedule::Concern;
use super::{ConfigError, RouteConfig};
use crate::addr::{Cidr, Mac};
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::interface::arp::{self, Packet};
use crate::interface::{Configured, Interface, Standing, Task, ethernet, rarp};
use crate::trace::{AddressChange, Cause, DropReason, Event, Interest};
use crate::transport::{Readiness, SocketError, SocketId, Wake};

/// Who waits for the host's addresses to change.
#[derive(Clone, Debug, Default)]
pub(super) struct AddressWaiters {
    waiting: bool,
    changed: bool,
}

impl AddressWaiters {
    /// Moves the wake that is due, if there is one, to `into`.
    #[inline]
    pub(super) fn take_wakes(&mut self, into: &mut Vec<Wake>) {
        if self.changed {
            self.changed = false;
            if core::mem::take(&mut self.waiting) {
                into.push(Wake { socket: SocketId::Addresses, readiness: Readiness::BOTH });
            }
        }
    }
}

impl Host {
    /// An interface starts, or comes up: it announces its addresses, or probes them first, or asks for one.
    pub(super) fn start_addressing(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return };
        interface.start_addressing(ctx.now, ctx.rng);
        let tentative: Vec<Cidr> = interface.tentative().collect();
        for cidr in tentative {
            self.show_address(ctx, on, cidr.address(), AddressChange::Tentative);
        }
        self.attend_addressing(ctx, on);
        self.announce(ctx.now, on);
    }

    /// Does what is due for the addresses of an interface.
    pub(super) fn attend_addressing(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let number = usize::from(on.0);
        while let Some(task) = self.interfaces.get_mut(number).and_then(|own| own.take_task(ctx.now, ctx.rng))
        {
            let mac = self.interfaces[number].mac();
            match task {
                Task::Probe(address) => {
                    let frame =
                        Packet::probe(mac, address).frame(Mac::BROADCAST, Cause::ArpProbe, self.trigger);
                    self.outbox.push(Outgoing::Frame(on, frame));
                }
                Task::Assured(cidr) => self.take_into_use(ctx, on, cidr),
                Task::AskReverse => {
                    let request = rarp::request(mac);
                    let (all, cause) = (Mac::BROADCAST, Cause::RarpRequest);
                    let frame = request.frame_of(rarp::ETHER_TYPE, all, cause, self.trigger);
                    self.outbox.push(Outgoing::Frame(on, frame));
                }
                Task::GaveUp => self.addresses_changed(),
            }
        }
        self.schedule.set(Concern::Addressing, on, self.interface(on).and_then(Interface::next_task));
    }

    /// Nobody objected: the address is used from here on.
    fn take_into_use(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, cidr: Cidr) {
        // Another interface may have got it meanwhile: then it is not this one's.
        if self.add_address(ctx, on, cidr).is_err() {
            return self.lose(ctx, on, cidr);
        }
        let gateway = self.interfaces.get_mut(usize::from(on.0)).and_then(|own| own.assured(ctx.now, cidr));
        if let Some(gateway) = gateway
            && let Ok(destination) = Cidr::new(Ipv4Addr::UNSPECIFIED.into(), 0)
        {
            // A default route that the configuration gives stands.
            let route = RouteConfig::via(destination, gateway.into());
            let _ = self.add_route(&RouteConfig { interface: Some(on), ..route });
        }
        self.show_address(ctx, on, cidr.address(), AddressChange::Assured);
        self.announce(ctx.now, on);
    }

    /// An address that was to be an interface's is not: it looks for another, or does without.
    fn lose(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, cidr: Cidr) {
        if let (IpAddr::V4(address), Some(own)) = (cidr.address(), self.interfaces.get_mut(usize::from(on.0)))
        {
            own.lose(ctx.now, address);
        }
        self.addresses_changed();
    }

    /// Gives an interface an address that is probed before it is used (RFC 5227 §2.1). How that ends,
    /// [`standing`](Self::standing) says.
    ///
    /// # Errors
    /// As [`add_address`](Self::add_address).
    pub fn assign_address(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        cidr: Cidr,
    ) -> Result<(), ConfigError> {
        self.called();
        self.check_new_address(on, cidr)?;
        if let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) {
            interface.start_probing(ctx.now, ctx.rng, cidr);
        }
        self.show_address(ctx, on, cidr.address(), AddressChange::Tentative);
        self.attend_addressing(ctx, on);
        Ok(())
    }

    /// How an address of an interface stands; `None`: the interface was never given it, or has lost it.
    pub fn standing(&self, on: InterfaceId, address: IpAddr) -> Option<Standing> {
        self.interface(on)?.standing(address)
    }

    /// Whether the host's interfaces have the addresses that they were to have.
    ///
    /// # Errors
    /// `WouldBlock` as long as one is being configured; `AddressNotAvailable` where all of them did without, so that
    /// there is nothing to run an application on.
    pub fn configured(&mut self) -> Result<(), SocketError> {
        let states = || self.interfaces.iter().map(Interface::configured);
        if states().any(|state| state == Configured::Waiting) {
            self.addresses_waiting.waiting = true;
            return Err(SocketError::WouldBlock);
        }
        let failed = states().any(|state| matches!(state, Configured::Failed(_)));
        let any = self.interfaces.iter().any(|interface| !interface.addresses().is_empty());
        if failed && !any { Err(SocketError::AddressNotAvailable) } else { Ok(()) }
    }

    /// Why an interface has no address, where it will not get one by itself.
    pub fn why_unconfigured(&self) -> Option<&'static str> {
        self.interfaces.iter().find_map(|interface| match interface.configured() {
            Configured::Failed(why) => Some(why),
            Configured::Yes | Configured::Waiting => None,
        })
    }

    /// Whoever looks for an address for an interface with [`Configure::Dhcp`](crate::interface::Configure::Dhcp) says why
    /// there is none, so that nobody waits for it any more. An address that comes nevertheless is taken.
    pub fn unconfigured(&mut self, on: InterfaceId, why: &'static str) {
        self.called();
        if let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) {
            interface.unconfigured(why);
            self.addresses_changed();
        }
    }

    /// The caller is woken when an address of this host comes, goes or is found to be another's.
    pub(crate) fn wait_for_addresses(&mut self) {
        self.addresses_waiting.waiting = true;
    }

    pub(super) fn addresses_changed(&mut self) {
        self.addresses_waiting.changed = true;
    }

    /// Shows the observer that an address changed its standing, and wakes whoever waits for that.
    pub(super) fn show_address(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        address: IpAddr,
        change: AddressChange,
    ) {
        self.addresses_changed();
        ctx.observe(Interest::NEIGHBORS, || Event::Address { interface: on, address, change });
    }

    /// Another station has, or wants, an address of this interface.
    pub(super) fn on_conflict(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        (address, mac): (Ipv4Addr, Mac),
        lost: bool,
    ) {
        self.tally.arp.in_conflicts += 1;
        let event = || Event::AddressConflict { interface: on, address: address.into(), mac };
        ctx.observe(Interest::NEIGHBORS, event);
        if !lost {
            return;
        }
        self.tally.arp.lost_addresses += 1;
        if self.drop_address(ctx, on, address.into(), RemovalCause::Conflict) {
            if let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) {
                interface.gave_up();
            }
        } else {
            self.show_address(ctx, on, address.into(), AddressChange::Duplicate);
        }
        self.attend_addressing(ctx, on);
    }

    /// A RARP packet arrived (RFC 903 §III).
    #[cold]
    pub(super) fn accept_rarp(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        to_all: bool,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        let packet = Packet::read(frame).ok_or(DropReason::RarpMalformed)?;
        let interface = self.interfaces.get_mut(usize::from(on.0)).ok_or(DropReason::UnknownEtherType)?;
        if packet.sender_mac == interface.mac() {
            return Err(DropReason::ArpNotForUs);
        }
        if let Some(answer) = interface.answer_reverse(&packet) {
            let station = packet.sender_mac;
            let frame = answer.frame_of(rarp::ETHER_TYPE, station, Cause::RarpReply, self.trigger);
            if self.outbox.has_room(ethernet::HEADER + arp::LENGTH) {
                self.outbox.push(Outgoing::Frame(on, frame));
            }
        } else if let Some(cidr) = interface.accept_reverse(&packet) {
            if self.check_new_address(on, cidr).is_err() {
                // Another interface of this host has it: to probe for it would tell nothing.
                self.lose(ctx, on, cidr);
                self.attend_addressing(ctx, on);
                return Err(DropReason::RarpUnusable);
            }
            let interface = self.interfaces.get_mut(usize::from(on.0)).ok_or(DropReason::UnknownEtherType)?;
            interface.start_probing(ctx.now, ctx.rng, cidr);
            self.show_address(ctx, on, cidr.address(), AddressChange::Tentative);
            self.attend_addressing(ctx, on);
        } else if packet.operation == rarp::REPLY_REVERSE || !to_all {
            // An answer for another station, a second one, or one that cannot be a host's address.
            return Err(DropReason::RarpUnusable);
        }
        self.tally.rarp.in_pkts += 1;
        Ok(())
    }
}
