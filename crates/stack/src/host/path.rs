//! Where packets go: the next hop, and the source address to send with.

use core::net::{IpAddr, Ipv4Addr};

use super::Host;
use crate::frame::InterfaceId;
use crate::interface::Interface;
use crate::network::route::Hop;
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
    /// The MTU in octets of the IP packet.
    pub mtu: usize,
    /// Whether the link completes checksums.
    pub transmit_checksum: bool,
}

impl Host {
    /// The next hop to `destination`. `bound` is the sender's own address, unspecified if it does not matter: it
    /// says by which interface the limited broadcast goes. `None`: there is no way. IPv6 has none yet.
    pub(super) fn hop(&self, destination: IpAddr, bound: IpAddr) -> Option<Hop> {
        let IpAddr::V4(address) = destination else { return None };
        if self.addresses.is_own(address) {
            return Some(Hop { interface: InterfaceId::LOOPBACK, station: destination, broadcast: false });
        }
        if address.is_unspecified() || address.is_multicast() {
            return None;
        }
        let broadcast_by = if address.is_broadcast() {
            // RFC 1122 §3.3.6 leaves the choice of an interface: the sender's own, else the first.
            Some(self.interface_bound_to(bound).or_else(|| self.first_interface_up())?)
        } else {
            self.addresses.broadcasting_interface(address)
        };
        match broadcast_by {
            Some(interface) if self.is_up(interface) => {
                Some(Hop { interface, station: destination, broadcast: true })
            }
            Some(_) => None,
            None => self.routes.lookup(destination, |interface| self.is_up(interface)),
        }
    }

    /// The hop, source and limits for a packet to `destination` from `bound`, or from the address that the route
    /// suggests where `bound` is unspecified (RFC 1122 §3.3.4.3).
    pub(crate) fn plan(&self, destination: IpAddr, bound: IpAddr) -> Result<Plan, SocketError> {
        let hop = self.hop(destination, bound).ok_or(SocketError::NetworkUnreachable)?;
        let interface = self.interface(hop.interface).ok_or(SocketError::NetworkUnreachable)?;
        let source =
            if bound.is_unspecified() { source_by(interface, &hop, destination) } else { Some(bound) };
        let (Some(IpAddr::V4(source)), IpAddr::V4(destination)) = (source, destination) else {
            return Err(SocketError::AddressNotAvailable);
        };
        let capabilities = interface.capabilities();
        Ok(Plan {
            hop,
            source,
            destination,
            mtu: usize::from(capabilities.mtu),
            transmit_checksum: capabilities.transmit_checksum,
        })
    }

    /// Whether a socket may be bound to `address`.
    pub(crate) fn can_bind(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address.is_unspecified() || self.addresses.is_own(address),
            IpAddr::V6(_) => false,
        }
    }

    fn interface_bound_to(&self, address: IpAddr) -> Option<InterfaceId> {
        match address {
            IpAddr::V4(address) => self.addresses.interface_of(address),
            IpAddr::V6(_) => None,
        }
    }

    fn first_interface_up(&self) -> Option<InterfaceId> {
        self.interfaces.iter().position(Interface::is_up).map(|number| InterfaceId(number as u16))
    }

    fn is_up(&self, interface: InterfaceId) -> bool {
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
