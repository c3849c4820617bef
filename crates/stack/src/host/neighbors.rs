//! What the host does with what ARP and the neighbour cache owe.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::EtherType;

use super::Host;
use super::outbox::Outgoing;
use super::schedule::Concern;
use crate::addr::Mac;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::interface::arp::Packet;
use crate::interface::neighbor::{Owed, Parked, Resolution, Waiter};
use crate::interface::{Interface, ethernet};
use crate::network::ipv4;
use crate::network::route::Hop;
use crate::time::Instant;
use crate::trace::{Cause, DropReason, Event, Interest, NeighborState};
use crate::transport::tcp::Ready;
use crate::transport::{Key, Trouble};

/// The next station of a way.
pub enum Next {
    /// The link header to it, good until an instant.
    Known([u8; ethernet::HEADER], Instant),
    /// It was asked for.
    Asked,
    /// It does not answer.
    Silent,
}

/// A connection's name in the neighbour cache.
pub fn waiter_of(key: Key) -> Waiter {
    Waiter(u64::from(key.generation) << 32 | u64::from(key.index))
}

fn key_of(waiter: Waiter) -> Key {
    Key { index: waiter.0 as u32, generation: (waiter.0 >> 32) as u32 }
}

impl Host {
    /// Looks the next hop up, and does what that makes due.
    pub(super) fn resolve(&mut self, ctx: &mut Ctx<'_>, hop: &Hop) -> Next {
        let Some(interface) = self.interfaces.get_mut(usize::from(hop.interface.0)) else {
            return Next::Silent;
        };
        let mac = interface.mac();
        let resolution = interface.neighbors.resolve(ctx.now, hop.station);
        self.settle(ctx, hop.interface);
        match resolution {
            Resolution::Known(station, until) => {
                Next::Known(ethernet::header(station, mac, EtherType::IPV4), until)
            }
            Resolution::Unresolved => Next::Asked,
            Resolution::Failed => Next::Silent,
        }
    }

    pub(super) fn park_waiter(&mut self, hop: &Hop, waiter: Waiter) {
        if let Some(interface) = self.interfaces.get_mut(usize::from(hop.interface.0)) {
            interface.neighbors.park_waiter(hop.station, waiter);
        }
    }

    /// Keeps a packet until its hop is resolved; says how many packets had to make room.
    pub(super) fn park_packet(&mut self, hop: &Hop, packet: Parked) -> usize {
        match self.interfaces.get_mut(usize::from(hop.interface.0)) {
            Some(interface) => interface.neighbors.park_packet(hop.station, packet).len(),
            None => 1,
        }
    }

    /// Drops what waits to be sent from an address that is this host's no more (RFC 5227 §2.4: it ceases to be used at
    /// once).
    pub(super) fn drop_waiting_from(&mut self, ctx: &mut Ctx<'_>, address: Ipv4Addr) {
        let is_from = |packet: &Frame| ipv4::source_of(packet.head()) == Some(address);
        let mut gone = self.outbox.remove(|outgoing| outgoing.is_from(address));
        gone += self.interfaces.iter_mut().map(|own| own.neighbors.drop_packets(is_from)).sum::<usize>();
        for _ in 0..gone {
            self.discard(ctx, DropReason::SourceGone);
        }
    }

    /// Does what the neighbour cache of `interface` owes.
    pub(super) fn settle(&mut self, ctx: &mut Ctx<'_>, interface: InterfaceId) {
        let number = usize::from(interface.0);
        while let Some(owed) = self.interfaces.get_mut(number).and_then(|own| own.neighbors.take_owed()) {
            match owed {
                Owed::Ask { address, station } => self.ask(interface, address, station),
                Owed::Changed { address, mac, state } => {
                    // The way that was remembered may be this neighbour's.
                    self.way.forget();
                    if state == NeighborState::Failed {
                        self.tally.arp.out_timeouts += 1;
                        self.redirects_failed(interface, address);
                    }
                    let event = || Event::Neighbor { interface, address, mac, state };
                    ctx.observe(Interest::NEIGHBORS, event);
                }
                Owed::Forgotten => self.way.forget(),
                Owed::Release { mac, packets, waiters } => {
                    let own = self.interfaces[number].mac();
                    let header = ethernet::header(mac, own, EtherType::IPV4);
                    for Parked { packet, .. } in packets {
                        for frame in self.dispatch(ctx, interface, &header, packet) {
                            self.outbox.push(Outgoing::Frame(interface, frame));
                        }
                    }
                    for waiter in waiters {
                        self.tcp.unpark(key_of(waiter));
                    }
                }
                Owed::Fail { packets, waiters } => {
                    for Parked { mut packet, came_by } in packets {
                        self.fail_packet(ctx, came_by, &mut packet);
                    }
                    for waiter in waiters {
                        let ready = Ready::Connection(key_of(waiter));
                        self.tcp.on_unreachable(ctx, ready, Trouble::HostUnreachable);
                    }
                }
            }
        }
        let next = self.interfaces.get(number).and_then(|own| own.neighbors.next_timeout());
        self.schedule.set(Concern::Neighbors, interface, next);
    }

    /// Asks for an address: all stations, or the one that had it.
    fn ask(&mut self, interface: InterfaceId, address: IpAddr, station: Option<Mac>) {
        let own = &self.interfaces[usize::from(interface.0)];
        let (IpAddr::V4(target), Some(IpAddr::V4(source))) = (address, own.address_for(address)) else {
            return;
        };
        let packet = Packet::request(own.mac(), source, target);
        let (destination, cause) = match station {
            None => (Mac::BROADCAST, Cause::ArpRequest),
            Some(mac) => (mac, Cause::ArpPoll),
        };
        self.outbox.push(Outgoing::Frame(interface, packet.frame(destination, cause, self.trigger)));
    }

    /// An ARP packet arrived.
    pub(super) fn accept_arp(
        &mut self,
        ctx: &mut Ctx<'_>,
        on: InterfaceId,
        to_all: bool,
        frame: &mut Frame,
    ) -> Result<(), DropReason> {
        let packet = Packet::parse(frame)?;
        let own = self.interfaces.get(usize::from(on.0)).ok_or(DropReason::UnknownEtherType)?;
        // RFC 5227 §2.1.1, §2.4: no conflict is what any interface of this host has sent.
        if own.is_claimed(&packet) && self.interfaces.iter().any(|own| own.mac() == packet.sender_mac) {
            return Err(DropReason::ArpNotForUs);
        }
        let own = self.interfaces.get_mut(usize::from(on.0)).ok_or(DropReason::UnknownEtherType)?;
        let outcome = own.handle_arp(ctx.now, &packet, to_all);
        self.settle(ctx, on);
        if let Some(conflict) = outcome.conflict {
            self.on_conflict(ctx, on, conflict, outcome.lost.is_some());
        }
        let proxy = outcome.proxy && self.is_proxy_for(on, &packet);
        let proxied = proxy.then(|| packet.reply(self.interfaces[usize::from(on.0)].mac()));
        let reply = outcome.reply.map(|reply| (reply, reply.target_mac, Cause::ArpReply));
        let proxied = proxied.map(|reply| (reply, reply.target_mac, Cause::ArpProxyReply));
        let defence = outcome.defence.map(|packet| (packet, Mac::BROADCAST, Cause::ArpDefence));
        for (packet, destination, cause) in reply.into_iter().chain(proxied).chain(defence) {
            if self.outbox.has_room(ethernet::HEADER + crate::interface::arp::LENGTH) {
                self.outbox.push(Outgoing::Frame(on, packet.frame(destination, cause, self.trigger)));
            }
        }
        if !outcome.taken && !proxy {
            return Err(DropReason::ArpNotForUs);
        }
        self.tally.arp.in_pkts += 1;
        Ok(())
    }

    /// Whether this host stands in for the target of a request that came by `on`: the target can be reached, but not
    /// by where the question came from (RFC 1027 §2.1), and is none that only its own network knows (RFC 1027 §2.4).
    fn is_proxy_for(&self, on: InterfaceId, packet: &Packet) -> bool {
        // RFC 1027 §2.1: the gateway answers, since it sends on what comes then.
        if !self.knobs.forwarding {
            return false;
        }
        let target = packet.target;
        let of_own_network =
            self.interface(on).is_some_and(|own| own.addresses().iter().any(|c| c.contains(target.into())));
        // RFC 1027 §2.6: nobody answers for a broadcast address, nor for its older form, the network's own address
        // (RFC 1122 §3.3.6).
        let mut networks = self.interfaces.iter().flat_map(Interface::addresses);
        let of_network =
            networks.any(|own| own.broadcast().is_some() && own.network().address() == IpAddr::V4(target));
        if of_own_network
            || of_network
            || target.is_unspecified()
            || target.is_multicast()
            || target.is_broadcast()
            || target.is_loopback()
            || self.addresses.broadcasting_interface(target).is_some()
        {
            return false;
        }
        if let Some(own) = self.addresses.interface_of(target) {
            return own != on;
        }
        let hop = self.hop(target.into(), Ipv4Addr::UNSPECIFIED.into());
        hop.is_some_and(|hop| hop.interface != on && hop.interface != InterfaceId::LOOPBACK)
    }

    /// Announces the addresses of an interface, if that is due.
    pub(super) fn announce(&mut self, now: Instant, on: InterfaceId) {
        let Some(interface) = self.interfaces.get_mut(usize::from(on.0)) else { return };
        while let Some(address) = interface.take_due_announcement(now) {
            let packet = Packet::announcement(interface.mac(), address);
            let frame = packet.frame(Mac::BROADCAST, Cause::ArpAnnouncement, self.trigger);
            self.outbox.push(Outgoing::Frame(on, frame));
        }
        self.schedule.set(Concern::Announcements, on, interface.next_announcement());
    }
}
