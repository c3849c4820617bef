//! IGMP: what a host says of its groups, what it hears as a router, and when.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::Host;
use super::ingress::{Dropped, Origin};
use super::multicast::hop_to;
use super::outbox::Outgoing;
use super::schedule::Concern;
use crate::context::Ctx;
use crate::frame::{Frame, InterfaceId};
use crate::network::igmp::querier::Learnt;
use crate::network::igmp::{self, ALL_SYSTEMS, Filter, Knobs, Member, Message, Querier, Version, packet};
use crate::network::options::Options;
use crate::time::Instant;
use crate::trace::{DropReason, Place};

/// A host's part in the groups of one link.
#[derive(Clone, Debug)]
pub struct LinkGroups {
    /// As a member.
    pub member: Member,
    /// As a router, if it is one.
    pub querier: Option<Querier>,
    /// On a router's upstream link: what is wanted behind it, and so joined here.
    pub proxied: BTreeMap<Ipv4Addr, Filter>,
    /// What the host itself wants, for no socket of its own.
    pub own: BTreeSet<Ipv4Addr>,
}

impl LinkGroups {
    /// No groups on a link with this MTU.
    pub fn new(knobs: Knobs, mtu: u16) -> Self {
        let member = Member::new(knobs, longest(mtu));
        Self { member, querier: None, proxied: BTreeMap::new(), own: BTreeSet::new() }
    }
}

/// Octets of the longest IGMP message.
fn longest(mtu: u16) -> usize {
    usize::from(mtu).saturating_sub(packet::HEADER)
}

impl Host {
    /// The groups that are joined on an interface, with their filters.
    pub fn groups(&self, on: InterfaceId) -> impl Iterator<Item = (Ipv4Addr, &Filter)> {
        self.groups.get(usize::from(on.0)).into_iter().flat_map(|link| link.member.groups())
    }

    /// What this router knows of the groups that are wanted on the link of an interface; nothing where it is none.
    pub fn learnt_groups(&self, on: InterfaceId, now: Instant) -> impl Iterator<Item = Learnt> {
        let querier = self.groups.get(usize::from(on.0)).and_then(|link| link.querier.as_ref());
        querier.into_iter().flat_map(move |querier| querier.groups(now))
    }

    /// This router's part on the link of an interface, if it forwards to groups.
    pub fn querier(&self, on: InterfaceId) -> Option<&Querier> {
        self.groups.get(usize::from(on.0))?.querier.as_ref()
    }

    /// An interface is there, or is gone. Where only its address changed, `settle_groups` is enough.
    pub(super) fn link_changed(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let number = usize::from(on.0);
        let mut lost = BTreeSet::new();
        // RFC 4605 §3: no router on its upstream link.
        let is_querier = self.knobs.multicast_forwarding && self.upstream() != Some(on);
        let (Some(interface), Some(link)) = (self.interfaces.get_mut(number), self.groups.get_mut(number))
        else {
            return;
        };
        if interface.is_up() {
            link.member.start(ctx.now, ctx.rng);
            if is_querier {
                let address = interface.ipv4_addresses().next().unwrap_or(Ipv4Addr::UNSPECIFIED);
                let longest = longest(interface.capabilities().mtu);
                link.querier = Some(Querier::new(self.igmp.clone(), longest, address, ctx.now));
            }
        } else {
            link.member.stop();
            if let Some(querier) = link.querier.take() {
                lost = querier.groups(ctx.now).map(|learnt| learnt.group).collect();
            }
        }
        interface.group_filter.set_all(link.querier.is_some());
        self.settle_groups(ctx, on);
        self.proxy(ctx, lost);
    }

    /// A socket changed what it wants of a group. False where the host may join no more groups.
    pub(crate) fn membership_changed(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, group: Ipv4Addr) -> bool {
        if !self.join_as_wanted(ctx, on, group) {
            return false;
        }
        self.settle_groups(ctx, on);
        true
    }

    /// Joins what this host's sockets want of a group, and what is wanted behind it. False where it may join no more.
    pub(super) fn join_as_wanted(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, group: Ipv4Addr) -> bool {
        let number = usize::from(on.0);
        let mut wanted = self.udp.wanted(on, group);
        let (Some(interface), Some(link)) = (self.interfaces.get_mut(number), self.groups.get_mut(number))
        else {
            return false;
        };
        if let Some(behind) = link.proxied.get(&group) {
            wanted = Filter::merge([&wanted, behind]);
        }
        if link.own.contains(&group) {
            wanted = Filter::everything();
        }
        let was = link.member.filter(group).is_some();
        // What is wanted behind this host, or by itself, takes no room from its sockets.
        let most = self.igmp.max_joined_groups + link.proxied.len() + link.own.len();
        if !link.member.set_within(ctx.now, ctx.rng, group, wanted, most) {
            return false;
        }
        match (was, link.member.filter(group).is_some()) {
            (false, true) => interface.group_filter.join(group),
            (true, false) => interface.group_filter.leave(group),
            _ => {}
        }
        if !interface.is_up() {
            link.member.stop();
        }
        true
    }

    /// An IGMP message arrived.
    pub(super) fn accept_igmp(
        &mut self,
        ctx: &mut Ctx<'_>,
        origin: &Origin,
        frame: &mut Frame,
    ) -> Result<(), Dropped> {
        let drop = |reason| (Place::Network, reason);
        let alert = matches!(origin.packet.options, Options::Present(marks) if marks.router_alert);
        let message = igmp::message::accept(frame).map_err(drop)?;
        let packet = &origin.packet;
        if !packet::is_local(&self.igmp, &message, packet.ttl, alert) {
            return Err(drop(DropReason::IgmpNotLocal));
        }
        // RFC 9776 §4.2.13: who has no address yet reports from 0.0.0.0. Else a report is from the link's own network.
        let known = packet.source.is_unspecified() || self.is_neighbor(origin.on, packet.source);
        let Some(link) = self.groups.get_mut(usize::from(origin.on.0)) else {
            return Err(drop(DropReason::IgmpIgnored));
        };
        match &message {
            Message::Query(query) => {
                // RFC 9776 §9.1: a general query to another group than all systems' is forged.
                let stray = query.group.is_none() && query.version > Version::V1;
                if stray && packet.destination.is_multicast() && packet.destination != ALL_SYSTEMS {
                    return Err(drop(DropReason::IgmpNotLocal));
                }
                link.member.accept_query(ctx.now, ctx.rng, query);
                if let Some(querier) = &mut link.querier {
                    querier.accept_query(ctx.now, packet.source, query);
                }
            }
            _ if !known => return Err(drop(DropReason::IgmpNotLocal)),
            report => {
                if let Message::ReportV1(group) | Message::ReportV2(group) = report {
                    link.member.hear_report(ctx.now, *group);
                }
                match &mut link.querier {
                    Some(querier) => {
                        let before = (querier.refused(), querier.evicted());
                        let taken = querier.accept_report(ctx.now, packet.source, report);
                        self.tally.igmp.in_refused += querier.refused() - before.0;
                        self.tally.igmp.in_evicted += querier.evicted() - before.1;
                        if !taken {
                            return Err(drop(DropReason::IgmpFull));
                        }
                    }
                    None if matches!(report, Message::ReportV3(_) | Message::Leave(_)) => {
                        return Err(drop(DropReason::IgmpIgnored));
                    }
                    None => {}
                }
            }
        }
        self.tally.igmp.in_msgs += 1;
        self.settle_groups(ctx, origin.on);
        Ok(())
    }

    /// Whether an address is of a network of an interface.
    pub(super) fn is_neighbor(&self, on: InterfaceId, address: Ipv4Addr) -> bool {
        let holds = |interface: &crate::interface::Interface| {
            interface.addresses().iter().any(|cidr| cidr.contains(address.into()))
        };
        self.interface(on).is_some_and(holds)
    }

    /// Says what is due of an interface's groups, sends what is to be sent, and sets when it is due again.
    pub(super) fn settle_groups(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId) {
        let number = usize::from(on.0);
        let (Some(interface), Some(link)) = (self.interfaces.get(number), self.groups.get_mut(number)) else {
            return;
        };
        let address = interface.ipv4_addresses().next().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mut owed = Vec::new();
        if link.member.next_timeout().is_some_and(|at| at <= ctx.now) {
            link.member.handle_timeout(ctx.now, ctx.rng);
        }
        link.member.take(&mut owed);
        let mut next = link.member.next_timeout();
        let mut changed = BTreeSet::new();
        if let Some(querier) = &mut link.querier {
            querier.set_address(ctx.now, address);
            if querier.next_timeout().is_some_and(|at| at <= ctx.now) {
                querier.handle_timeout(ctx.now);
            }
            querier.take(&mut owed);
            changed = querier.take_changed();
            next = match (next, querier.next_timeout()) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        self.schedule.set(Concern::Groups, on, next);
        for outgoing in owed {
            let frame = packet::packet(&outgoing, address, self.trigger);
            if self.outbox.has_room(frame.len()) {
                self.tally.ip.out_requests += 1;
                self.tally.ip.out_mcast_pkts += 1;
                self.outbox.push(Outgoing::Packet(hop_to(on, outgoing.destination), frame));
            } else {
                self.discard_on(ctx, Some(on), DropReason::OutputQueueFull);
            }
        }
        self.proxy(ctx, changed);
    }
}
