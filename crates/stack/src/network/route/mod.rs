//! The route table: the longest prefix that holds the destination wins (RFC 1122 §3.3.1; RFC 1812 §5.2.4.3).
//!
//! A network may have several routes. Of those whose interface can be used, the least metric wins; of several with that
//! metric each flow takes one, by its keyed hash (`flow.rs`). Where no route to a network can be used, shorter prefixes
//! are asked. A route may also say that there is no way: silently, or with an error.

mod flow;

use core::fmt;
use core::net::IpAddr;

use prefix_trie::{Prefix, PrefixMap};

use crate::addr::Cidr;
use crate::frame::InterfaceId;
use crate::trace::DropReason;

pub use flow::{Flow, FlowKey};

/// Where a packet goes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hop {
    /// By which interface.
    pub interface: InterfaceId,
    /// To which station: the gateway, or the destination itself.
    pub station: IpAddr,
    /// Whether it is broadcast there.
    pub broadcast: bool,
}

/// What a route does with a packet. The names are those of Linux's `ip route`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// It goes on.
    Unicast {
        /// By this interface.
        interface: InterfaceId,
        /// To this router; nobody means that the destination is on the link.
        gateway: Option<IpAddr>,
    },
    /// It is dropped, and nobody is told.
    Blackhole,
    /// It is dropped, and its sender is told that the host is unreachable.
    Unreachable,
    /// It is dropped, and its sender is told that this is forbidden.
    Prohibit,
}

/// Where a route comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// From an address of an interface: its network is on the link.
    Connected,
    /// From the configuration.
    Static,
    /// From a router's advertisement (RFC 1256 §5.3).
    Discovered,
}

/// A route.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// The network that it leads to.
    pub destination: Cidr,
    /// What becomes of a packet.
    pub target: Target,
    /// Of several routes to one network, the least wins.
    pub metric: u32,
    /// The source address of what this host sends by it, where the sender has not chosen one (RFC 1122 §3.3.4.3).
    pub source: Option<IpAddr>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Route {
    /// The next hop of a packet to `destination`, or why there is none.
    ///
    /// # Errors
    /// When the route says that there is no way.
    pub fn hop(&self, destination: IpAddr) -> Result<Hop, NoWay> {
        match self.target {
            Target::Unicast { interface, gateway } => {
                Ok(Hop { interface, station: gateway.unwrap_or(destination), broadcast: false })
            }
            Target::Blackhole => Err(NoWay::Blackhole),
            Target::Unreachable => Err(NoWay::Unreachable),
            Target::Prohibit => Err(NoWay::Prohibited),
        }
    }

    fn interface(&self) -> Option<InterfaceId> {
        match self.target {
            Target::Unicast { interface, .. } => Some(interface),
            Target::Blackhole | Target::Unreachable | Target::Prohibit => None,
        }
    }

    /// Whether both cannot be in one table: one packet would have two ends, or two equal ways of different kinds.
    fn excludes(&self, other: &Self) -> bool {
        let may_share = |route: &Self| route.interface().is_some() && route.origin != Origin::Connected;
        self.metric == other.metric && (self.target == other.target || !may_share(self) || !may_share(other))
    }
}

/// Why there is no way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoWay {
    /// No route.
    NoRoute,
    /// A route that says so: [`Target::Blackhole`].
    Blackhole,
    /// A route that says so: [`Target::Unreachable`].
    Unreachable,
    /// A route that says so: [`Target::Prohibit`].
    Prohibited,
}

impl From<NoWay> for DropReason {
    fn from(reason: NoWay) -> Self {
        match reason {
            NoWay::NoRoute => Self::NoRoute,
            NoWay::Blackhole => Self::Blackhole,
            NoWay::Unreachable => Self::UnreachableRoute,
            NoWay::Prohibited => Self::Prohibited,
        }
    }
}

impl fmt::Display for NoWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRoute => "no route",
            Self::Blackhole => "a blackhole route",
            Self::Unreachable => "an unreachable route",
            Self::Prohibited => "a prohibited route",
        })
    }
}

/// The routes to one network: the least metric first, and the older before the younger.
type Group = Vec<Route>;

/// All routes of a host, of either family.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    ipv4: PrefixMap<(u32, u8), Group>,
    ipv6: PrefixMap<(u128, u8), Group>,
    count: usize,
}

impl Routes {
    /// Adds a route. False where it cannot stand beside what is there: one like it, or one to the same network with the
    /// same metric of which a packet could not know which to take.
    pub fn add(&mut self, route: Route) -> bool {
        let route = Route { destination: route.destination.network(), ..route };
        let (bits, prefix) = (route.destination.address(), route.destination.prefix());
        let added = match bits {
            IpAddr::V4(bits) => insert(&mut self.ipv4, (bits.to_bits(), prefix), route),
            IpAddr::V6(bits) => insert(&mut self.ipv6, (bits.to_bits(), prefix), route),
        };
        self.count += usize::from(added);
        added
    }

    /// Adds the route that an interface's address gives: its network is on the link. Where two interfaces are in one
    /// network, the first is the way to it, and the second as long as the first is down.
    pub fn add_connected(&mut self, network: &Cidr, interface: InterfaceId) {
        let target = Target::Unicast { interface, gateway: None };
        let here = self.group(network);
        if here.iter().any(|route| route.origin == Origin::Connected && route.target == target) {
            return;
        }
        let taken = |metric: u32| here.iter().any(|route| route.metric == metric);
        let metric = (0..=u32::MAX).find(|metric| !taken(*metric)).unwrap_or(u32::MAX);
        self.add(Route { destination: *network, target, metric, source: None, origin: Origin::Connected });
    }

    /// Removes the routes to a network that `which` chooses; returns how many there were.
    pub fn remove(&mut self, network: &Cidr, which: impl Fn(&Route) -> bool) -> usize {
        let prefix = network.prefix();
        let removed = match network.address() {
            IpAddr::V4(bits) => take_out(&mut self.ipv4, &(bits.to_bits(), prefix), &which),
            IpAddr::V6(bits) => take_out(&mut self.ipv6, &(bits.to_bits(), prefix), &which),
        };
        self.count -= removed;
        removed
    }

    /// The route to `destination` by an interface that is `usable`; `choice` is asked for a number, equally likely any,
    /// only where several routes are as good.
    #[inline]
    pub fn lookup(
        &self,
        destination: IpAddr,
        choice: impl FnOnce() -> u64,
        usable: impl Fn(InterfaceId) -> bool,
    ) -> Option<&Route> {
        let best = self.best(destination, &usable)?;
        let [first, rest @ ..] = best else { return None };
        if rest.is_empty() {
            return Some(first);
        }
        // Those behind the first may be by interfaces that are down.
        let can = || best.iter().filter(|route| is_usable(route, &usable));
        match can().count() {
            0 | 1 => Some(first),
            // RFC 2992 §2: each route has an equal region of the hash's range.
            ways => can().nth(((u128::from(choice()) * ways as u128) >> 64) as usize),
        }
    }

    /// Whether what is sent to `address` may go out by `interface`, be it by one of several routes that are as good
    /// (RFC 3704 §2.2).
    pub fn leads_by(
        &self,
        address: IpAddr,
        interface: InterfaceId,
        usable: impl Fn(InterfaceId) -> bool,
    ) -> bool {
        let best = self.best(address, &usable).unwrap_or_default();
        best.iter().any(|route| route.interface() == Some(interface) && usable(interface))
    }

    /// The routes with the least metric of the longest prefix that can be used, the first of which can.
    #[inline]
    fn best(&self, destination: IpAddr, usable: &impl Fn(InterfaceId) -> bool) -> Option<&[Route]> {
        match destination {
            IpAddr::V4(bits) => search(&self.ipv4, bits.to_bits(), 32, usable),
            IpAddr::V6(bits) => search(&self.ipv6, bits.to_bits(), 128, usable),
        }
    }

    /// The routes to exactly this network.
    fn group(&self, network: &Cidr) -> &[Route] {
        let prefix = network.prefix();
        let group = match network.address() {
            IpAddr::V4(bits) => self.ipv4.get(&(bits.to_bits(), prefix)),
            IpAddr::V6(bits) => self.ipv6.get(&(bits.to_bits(), prefix)),
        };
        group.map_or(&[], Vec::as_slice)
    }

    /// All routes: IPv4 before IPv6, networks in the order of their bits, a shorter prefix before a longer one, the
    /// least metric first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.ipv4.values().chain(self.ipv6.values()).flatten()
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn is_usable(route: &Route, usable: &impl Fn(InterfaceId) -> bool) -> bool {
    route.interface().is_none_or(usable)
}

fn insert<P: Prefix>(map: &mut PrefixMap<P, Group>, network: P, route: Route) -> bool {
    let group = map.entry(network).or_default();
    if group.iter().any(|other| other.excludes(&route)) {
        return false;
    }
    let place = group.partition_point(|other| other.metric <= route.metric);
    group.insert(place, route);
    true
}

fn take_out<P: Prefix>(map: &mut PrefixMap<P, Group>, network: &P, which: &impl Fn(&Route) -> bool) -> usize {
    let Some(group) = map.get_mut(network) else { return 0 };
    let before = group.len();
    group.retain(|route| !which(route));
    let removed = before - group.len();
    if group.is_empty() {
        map.remove(network);
    }
    removed
}

/// The routes with the least metric at the longest prefix of `bits` at which a route can be used.
#[inline]
fn search<'a, R: Copy>(
    map: &'a PrefixMap<(R, u8), Group>,
    bits: R,
    most: u8,
    usable: &impl Fn(InterfaceId) -> bool,
) -> Option<&'a [Route]>
where
    (R, u8): Prefix,
{
    let mut longest = most;
    loop {
        let (network, group) = map.get_lpm(&(bits, longest))?;
        if let Some(first) = group.iter().position(|route| is_usable(route, usable)) {
            let metric = group[first].metric;
            let rest = &group[first..];
            return Some(&rest[..rest.partition_point(|route| route.metric == metric)]);
        }
        // Nothing of this length can be used: what is shorter?
        longest = network.prefix_len().checked_sub(1)?;
    }
}

#[cfg(test)]
mod tests;
