//! IGMP proxying (RFC 4605): what is wanted on a router's downstream links, it joins on its upstream one, so that groups
//! reach over several routers. There is no multicast routing protocol here: the links and routers that forward to groups
//! are a tree, and each router but its root has one upstream interface, the way to the root.

use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use super::Host;
use crate::context::Ctx;
use crate::frame::InterfaceId;
use crate::interface::{Interface, MulticastRole};
use crate::network::igmp::{Filter, Querier, is_link_local};

impl Host {
    /// The interface on which this router is a member for those behind it, and not a querier (RFC 4605 §3).
    pub(super) fn upstream(&self) -> Option<InterfaceId> {
        self.upstream.filter(|_| self.knobs.multicast_forwarding)
    }

    /// Whether this router forwards to the link of a downstream interface. Of several only one does: the querier (RFC 4605
    /// §4.2), unless the interface's role says otherwise.
    pub(super) fn is_forwarder(&self, on: InterfaceId) -> bool {
        let always = |interface: &Interface| interface.multicast_role() == MulticastRole::Forwarder;
        self.querier(on).is_some_and(Querier::is_querier) || self.interface(on).is_some_and(always)
    }

    /// Something else may be wanted of these groups on some downstream link. What changed is told upstream (RFC 4605
    /// §4.1).
    pub(super) fn proxy(&mut self, ctx: &mut Ctx<'_>, groups: BTreeSet<Ipv4Addr>) {
        let Some(upstream) = self.upstream() else { return };
        // RFC 4605 §4.1: the database is of what is forwarded, which 224.0.0.0/24 never is. What is left makes room for
        // what is joined.
        let groups = groups.into_iter().filter(|group| !is_link_local(*group));
        let (joined, left): (Vec<_>, Vec<_>) = groups.partition(|group| self.is_wanted_downstream(*group));
        let mut told = false;
        for group in left.into_iter().chain(joined) {
            told |= self.proxy_group(ctx, upstream, group);
        }
        if told {
            self.settle_groups(ctx, upstream);
        }
    }

    fn is_wanted_downstream(&self, group: Ipv4Addr) -> bool {
        let mut queriers = self.groups.iter().filter_map(|link| link.querier.as_ref());
        queriers.any(|querier| !querier.filter(group).is_nothing())
    }

    /// Whether what is wanted of `group` downstream is something else than before.
    fn proxy_group(&mut self, ctx: &mut Ctx<'_>, upstream: InterfaceId, group: Ipv4Addr) -> bool {
        let queriers = self.groups.iter().filter_map(|link| link.querier.as_ref());
        let filters: Vec<Filter> = queriers.map(|querier| querier.filter(group)).collect();
        let wanted = Filter::merge(&filters);
        let Some(link) = self.groups.get_mut(usize::from(upstream.0)) else { return false };
        let before = link.proxied.get(&group);
        if before.map_or(wanted.is_nothing(), |before| *before == wanted) {
            return false;
        }
        if wanted.is_nothing() {
            link.proxied.remove(&group);
        } else {
            if before.is_none() && link.proxied.len() >= self.igmp.max_proxied_groups {
                // Its reports are repeated, and there may be room then.
                self.tally.igmp.in_refused += 1;
                return false;
            }
            link.proxied.insert(group, wanted);
        }
        self.join_as_wanted(ctx, upstream, group);
        true
    }
}
