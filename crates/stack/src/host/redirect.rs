//! Redirects that arrive, and the next hops that they teach.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::IpNumber;

use super::Host;
use super::schedule::{Concern, Schedule};
use crate::context::Ctx;
use crate::frame::InterfaceId;
use crate::network::icmp::Redirect;
use crate::network::quote::Quote;
use crate::network::redirect::Proposal;
use crate::network::route::Flow;
use crate::time::Instant;
use crate::trace::DropReason;
use crate::transport::IpInfo;

impl Host {
    /// RFC 1122 §3.2.2.2: a credible redirect changes the next hop to that destination at once. One for a network is
    /// taken as one for the host, and the type of service does not matter.
    pub(super) fn accept_redirect(
        &mut self,
        ctx: &mut Ctx<'_>,
        ip: &IpInfo,
        redirect: Redirect,
        quote: &Quote,
    ) -> Result<(), DropReason> {
        // RFC 1812 §5.2.7.2: a router knows its routes from elsewhere.
        if !self.knobs.accept_redirects || self.knobs.forwarding {
            return Err(DropReason::IcmpIgnored);
        }
        if !self.may_have_sent(quote) {
            return Err(DropReason::IcmpNoSocket);
        }
        let IpAddr::V4(from) = ip.source else { return Err(DropReason::IcmpBadRedirect) };
        let on = ip.interface;
        let proposal = Proposal { from, on, destination: quote.destination, gateway: redirect.gateway };
        let current = self.find(&flow_of(quote)).ok().map(|found| found.hop);
        let is_neighbor = |address: Ipv4Addr| {
            let interface = self.interface(on);
            let of_network = interface.is_some_and(|interface| {
                interface.addresses().iter().any(|own| own.contains(IpAddr::V4(address)))
            });
            of_network && !self.addresses.is_own(address) && !self.addresses.is_broadcast(address, on)
        };
        let credible = ip.to_unicast && current.is_some_and(|hop| proposal.is_credible(&hop, is_neighbor));
        if !credible {
            return Err(DropReason::IcmpBadRedirect);
        }
        self.redirected.learn(ctx.now, &proposal);
        self.ways_changed(&[quote.destination.into()]);
        self.schedule_redirects();
        Ok(())
    }

    /// Forgets redirects that are too old.
    pub(super) fn expire_redirects(&mut self, now: Instant) {
        let changed = self.redirected.expire(now);
        self.ways_changed(&changed);
        self.schedule_redirects();
    }

    /// A station does not answer: where a redirect led by it, the route holds again (RFC 1122 §3.3.1.5).
    pub(super) fn redirects_failed(&mut self, on: InterfaceId, station: IpAddr) {
        let changed = self.redirected.forget_station(on, station);
        self.ways_changed(&changed);
        self.schedule_redirects();
    }

    /// The ways to some destinations are others now. What routers said of the old ones is forgotten; of all others it holds
    /// until it ages (RFC 1191 §6.3).
    fn ways_changed(&mut self, destinations: &[IpAddr]) {
        if destinations.is_empty() {
            return;
        }
        for destination in destinations {
            if let IpAddr::V4(destination) = destination {
                self.path_mtus.forget(*destination);
            }
        }
        self.schedule.set(Concern::PathMtu, Schedule::HOST, self.path_mtus.next_timeout());
        self.forget_ways();
    }

    /// Routes or addresses changed: what was taught about the old ones is forgotten.
    pub(super) fn forget_redirects(&mut self) {
        self.redirected.forget_all();
        self.schedule_redirects();
    }

    fn schedule_redirects(&mut self) {
        self.schedule.set(Concern::Redirects, Schedule::HOST, self.redirected.next_expiry());
    }
}

/// The flow of the quoted packet.
fn flow_of(quote: &Quote) -> Flow {
    let has_ports = matches!(quote.protocol, IpNumber::TCP | IpNumber::UDP);
    Flow {
        source: quote.source.into(),
        destination: quote.destination.into(),
        protocol: quote.protocol.0,
        ports: has_ports.then(|| quote.ports()),
    }
}
