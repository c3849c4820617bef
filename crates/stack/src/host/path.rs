//! Where packets go: the next hop, and the source address to send with.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::IpNumber;

use super::Host;
use crate::frame::InterfaceId;
use crate::interface::Interface;
use crate::network::HostModel;
use crate::network::route::{Flow, Hop, NoWay};
use crate::network::sending::MtuDiscovery;
use crate::transport::SocketError;

/// What a transport needs to know to build a packet.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where it goes next.
    pub hop: Hop,
    /// The source to send with.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// The path's MTU in octets of the IP packet, as far as it is known.
    pub mtu: usize,
    /// The MTU of its first link.
    pub link_mtu: usize,
    /// The path takes less than is believed: what goes along it must be free to be cut.
    pub must_fragment: bool,
    /// Whether the link completes checksums.
    pub transmit_checksum: bool,
}

impl Plan {
    /// Whether a packet of `length` octets can be sent like that.
    ///
    /// # Errors
    /// `MessageTooLong` where it must not be cut and is longer than the path's MTU, or no packet can be so long.
    pub(crate) fn fits(&self, length: usize, discovery: MtuDiscovery) -> Result<(), SocketError> {
        let longest = match discovery {
            MtuDiscovery::Do => self.mtu,
            MtuDiscovery::Want | MtuDiscovery::Dont => usize::from(u16::MAX),
        };
        if length > longest { Err(SocketError::MessageTooLong) } else { Ok(()) }
    }

    /// Whether a packet of `length` octets is free to be cut on its way.
    pub(crate) const fn lets_cut(&self, length: usize, discovery: MtuDiscovery) -> bool {
        match discovery {
            MtuDiscovery::Do => false,
            MtuDiscovery::Want => length > self.mtu || self.must_fragment,
            MtuDiscovery::Dont => true,
        }
    }

    /// Whether the link completes the checksum of a packet of `length` octets: of pieces it cannot.
    pub(crate) const fn completes(&self, length: usize) -> bool {
        self.transmit_checksum && length <= self.mtu && length <= self.link_mtu
    }
}

/// A way that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// Where it goes next.
    pub hop: Hop,
    /// The source that its route prefers.
    pub source: Option<IpAddr>,
    /// Whether other flows between the same addresses may go by other ways.
    pub shared: bool,
}

impl Host {
    /// The way of a flow that this host sends, as [`find_by`](Self::find_by), by whichever interface.
    pub(super) fn find(&self, flow: &Flow) -> Result<Found, NoWay> {
        self.find_by(flow, None)
    }

    /// The way of a flow that this host sends. The flow's source, unspecified if it does not matter, says by which
    /// interface the limited broadcast goes, and in the strong host model by which interface anything goes
    /// (RFC 1122 §3.3.4.2). With `by`, only by that interface. IPv6 has no way yet.
    pub(super) fn find_by(&self, flow: &Flow, by: Option<InterfaceId>) -> Result<Found, NoWay> {
        let IpAddr::V4(address) = flow.destination else { return Err(NoWay::NoRoute) };
        let found = |interface, broadcast| {
            let hop = Hop { interface, station: flow.destination, broadcast };
            Ok(Found { hop, source: None, shared: false })
        };
        if self.addresses.is_own(address) {
            return found(InterfaceId::LOOPBACK, false);
        }
        if address.is_unspecified() || address.is_multicast() {
            return Err(NoWay::NoRoute);
        }
        let own = self.interface_bound_to(flow.source);
        let broadcast_by = if address.is_broadcast() {
            // RFC 1122 §3.3.6 leaves the choice of an interface: the sender's own, else the first.
            Some(by.or(own).or_else(|| self.first_interface_up()).ok_or(NoWay::NoRoute)?)
        } else {
            self.addresses.broadcasting_interface(address)
        };
        let bound = own.filter(|_| self.keeps_addresses_apart());
        let only = |is: Option<InterfaceId>, interface| is.is_none_or(|is| is == interface);
        let usable = |interface| self.is_up(interface) && only(bound, interface) && only(by, interface);
        match broadcast_by {
            Some(interface) if usable(interface) => found(interface, true),
            Some(_) => Err(NoWay::NoRoute),
            None => match self.redirected.get(flow.destination).filter(|hop| usable(hop.interface)) {
                Some(hop) => Ok(Found { hop, source: None, shared: false }),
                None => self.find_route(flow.destination, || self.flow_key.hash(flow), usable),
            },
        }
    }

    /// The next hop of what has no ports to `destination`, from `bound` or from whichever address. `None`: no way.
    pub(super) fn hop(&self, destination: IpAddr, bound: IpAddr) -> Option<Hop> {
        let flow = Flow { source: bound, destination, protocol: IpNumber::ICMP.0, ports: None };
        self.find(&flow).ok().map(|found| found.hop)
    }

    /// The way that the route table gives; `choice` is asked where several are as good.
    #[inline]
    pub(super) fn find_route(
        &self,
        destination: IpAddr,
        choice: impl FnOnce() -> u64,
        usable: impl Fn(InterfaceId) -> bool,
    ) -> Result<Found, NoWay> {
        let mut shared = false;
        let choice = || {
            shared = true;
            choice()
        };
        let route = self.routes.lookup(destination, choice, usable).ok_or(NoWay::NoRoute)?;
        Ok(Found { hop: route.hop(destination)?, source: route.source, shared })
    }

    /// The hop, source and limits for a message to `destination` from `bound`, or from the address that the route
    /// suggests where `bound` is unspecified. What has ports asks [`plan_flow`](Self::plan_flow).
    pub(crate) fn plan(&self, destination: IpAddr, bound: IpAddr) -> Result<Plan, SocketError> {
        let protocol = IpNumber::ICMP.0;
        self.plan_flow(&Flow { source: bound, destination, protocol, ports: None })
    }

    /// The hop, source and limits for packets of a flow, whose source is unspecified where the route may suggest it
    /// (RFC 1122 §3.3.4.3).
    pub(crate) fn plan_flow(&self, flow: &Flow) -> Result<Plan, SocketError> {
        self.plan_flow_by(flow, None)
    }

    /// As [`plan_flow`](Self::plan_flow), for a sender that is bound to the interface `by`. It may broadcast from 0.0.0.0
    /// as long as the interface has no address (RFC 1122 §3.2.1.3 (a)).
    pub(crate) fn plan_flow_by(&self, flow: &Flow, by: Option<InterfaceId>) -> Result<Plan, SocketError> {
        // Bound to a group a socket has no address of its own.
        let bound_to_group = flow.source.is_multicast();
        let source = if bound_to_group { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { flow.source };
        let flow = &Flow { source, ..*flow };
        let Found { hop, source, .. } = self.find_by(flow, by)?;
        let interface = self.interface(hop.interface).ok_or(SocketError::NetworkUnreachable)?;
        let source = if flow.source.is_unspecified() {
            self.preferred(source, &hop).or_else(|| source_by(interface, &hop, flow.destination))
        } else {
            Some(flow.source)
        };
        let to_all = flow.destination == IpAddr::V4(Ipv4Addr::BROADCAST);
        let source = source.or_else(|| (by.is_some() && to_all).then_some(flow.source));
        let (Some(IpAddr::V4(source)), IpAddr::V4(destination)) = (source, flow.destination) else {
            return Err(SocketError::AddressNotAvailable);
        };
        let capabilities = interface.capabilities();
        let known = self.path_mtus.get(destination);
        Ok(Plan {
            hop,
            source,
            destination,
            mtu: usize::from(known.map_or(capabilities.mtu, |known| known.mtu.min(capabilities.mtu))),
            link_mtu: usize::from(capabilities.mtu),
            must_fragment: known.is_some_and(|known| known.fragment),
            transmit_checksum: capabilities.transmit_checksum,
        })
    }

    /// The source that a route prefers, as long as it is this host's, and in the strong host model the interface's.
    fn preferred(&self, source: Option<IpAddr>, hop: &Hop) -> Option<IpAddr> {
        let by = self.interface_bound_to(source?)?;
        let fits = !self.keeps_addresses_apart() || by == hop.interface;
        source.filter(|_| fits)
    }

    /// Whether a socket may be bound to `address`.
    pub(crate) fn can_bind(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address.is_unspecified() || self.addresses.is_own(address),
            IpAddr::V6(_) => false,
        }
    }

    /// Whether an address is its interface's alone: in the strong host model (RFC 1122 §3.3.4.2). A router's addresses are
    /// all its own, by whichever interface a packet comes (RFC 1812 §5.2.3), and so answers from them leave by any.
    pub(super) fn keeps_addresses_apart(&self) -> bool {
        self.knobs.host_model == HostModel::Strong && !self.knobs.forwarding
    }

    fn interface_bound_to(&self, address: IpAddr) -> Option<InterfaceId> {
        match address {
            IpAddr::V4(address) => self.addresses.interface_of(address),
            IpAddr::V6(_) => None,
        }
    }

    pub(super) fn first_interface_up(&self) -> Option<InterfaceId> {
        self.interfaces.iter().position(Interface::is_up).map(|number| InterfaceId(number as u16))
    }

    pub(super) fn is_up(&self, interface: InterfaceId) -> bool {
        self.interface(interface).is_some_and(Interface::is_up)
    }
}

fn source_by(interface: &Interface, hop: &Hop, destination: IpAddr) -> Option<IpAddr> {
    if hop.interface == InterfaceId::LOOPBACK && !destination.is_loopback() {
        // To oneself by an address of one's own: from the same address.
        return Some(destination);
    }
    interface.address_for(hop.station)
}
