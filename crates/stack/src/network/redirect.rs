//! Better next hops, by destination: what redirects have taught (RFC 1122 §3.2.2.2, §3.3.1.2).

use core::net::{IpAddr, Ipv4Addr};

use super::Knobs;
use super::cache::Cache;
use super::icmp::is_single_host;
use super::route::Hop;
use crate::frame::InterfaceId;
use crate::rng::Rng;
use crate::time::Instant;

/// The next hops, each for one destination, until they age.
#[derive(Clone, Debug)]
pub struct Redirects {
    hops: Cache<IpAddr, Hop>,
}

/// A redirect that is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Proposal {
    /// Who says so.
    pub from: Ipv4Addr,
    /// By which interface it came.
    pub on: InterfaceId,
    /// For packets to whom.
    pub destination: Ipv4Addr,
    /// The better next hop.
    pub gateway: Ipv4Addr,
}

impl Proposal {
    /// Whether RFC 1122 §3.2.2.2 and RFC 1812 §5.2.7.2 let it be followed: it is from the next hop that is in use,
    /// `current`, by the interface where that is, and names a station of the same network, which `is_neighbor` tells.
    pub fn is_credible(&self, current: &Hop, is_neighbor: impl Fn(Ipv4Addr) -> bool) -> bool {
        current.interface == self.on
            && current.station == IpAddr::V4(self.from)
            // What goes directly needs no gateway.
            && self.from != self.destination
            && self.gateway != self.from
            && is_single_host(self.gateway, false)
            && is_neighbor(self.gateway)
    }
}

impl Redirects {
    /// None yet.
    pub fn new(knobs: &Knobs, rng: &mut Rng) -> Self {
        Self { hops: Cache::new(knobs.max_redirects, knobs.redirect_lifetime, rng) }
    }

    /// The next hop to `destination` that a redirect named.
    #[inline]
    pub fn get(&self, destination: IpAddr) -> Option<Hop> {
        if self.hops.is_empty() { None } else { self.hops.get(&destination).copied() }
    }

    /// Remembers a redirect that was judged credible.
    pub fn learn(&mut self, now: Instant, proposal: &Proposal) {
        let hop = Hop { interface: proposal.on, station: IpAddr::V4(proposal.gateway), broadcast: false };
        self.hops.insert(now, IpAddr::V4(proposal.destination), hop);
    }

    /// A station does not answer: what leads by it is forgotten (RFC 1122 §3.3.1.5). To whom that led.
    pub fn forget_station(&mut self, on: InterfaceId, station: IpAddr) -> Vec<IpAddr> {
        let leads_by = |hop: &Hop| hop.interface == on && hop.station == station;
        let gone = self.hops.iter().filter(|(_, hop, _)| leads_by(hop)).map(|(to, ..)| to).collect();
        self.hops.retain(|_, hop| !leads_by(hop));
        gone
    }

    /// An interface went down, or what is reached by it changed. Whether anything was forgotten.
    pub fn forget_interface(&mut self, on: InterfaceId) -> bool {
        self.hops.retain(|_, hop| hop.interface != on)
    }

    /// Forgets all of them.
    pub fn forget_all(&mut self) {
        self.hops.retain(|_, _| false);
    }

    /// Forgets what is too old. To whom that led.
    pub fn expire(&mut self, now: Instant) -> Vec<IpAddr> {
        let gone = self.hops.iter().take_while(|(_, _, until)| *until <= now).map(|(to, ..)| to).collect();
        self.hops.expire(now);
        gone
    }

    /// When the first is too old.
    pub fn next_expiry(&mut self) -> Option<Instant> {
        self.hops.next_expiry()
    }

    /// All of them: destination, next hop, until when.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, Hop, Instant)> {
        self.hops.iter().map(|(destination, hop, until)| (destination, *hop, until))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hops.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: InterfaceId = InterfaceId(0);

    fn ip(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    fn proposal() -> Proposal {
        Proposal { from: ip("10.0.0.254"), on: ON, destination: ip("10.9.0.1"), gateway: ip("10.0.0.253") }
    }

    fn current() -> Hop {
        Hop { interface: ON, station: ip("10.0.0.254").into(), broadcast: false }
    }

    fn is_neighbor(address: Ipv4Addr) -> bool {
        address.octets()[..3] == [10, 0, 0] && address != ip("10.0.0.1")
    }

    #[test]
    fn only_the_gateway_in_use_is_believed_and_only_of_neighbours() {
        // RFC 1122 §3.2.2.2, RFC 1812 §5.2.7.2
        let credible = |proposal: Proposal| proposal.is_credible(&current(), is_neighbor);
        assert!(credible(proposal()));
        assert!(credible(Proposal { gateway: ip("10.0.0.77"), ..proposal() }));
        assert!(!credible(Proposal { from: ip("10.0.0.66"), ..proposal() }), "another station");
        assert!(!credible(Proposal { on: InterfaceId(1), ..proposal() }), "by another interface");
        for gateway in
            ["10.1.0.253", "10.0.0.1", "10.0.0.254", "224.0.0.1", "0.0.0.0", "127.0.0.1", "255.255.255.255"]
        {
            assert!(!credible(Proposal { gateway: ip(gateway), ..proposal() }), "to {gateway}");
        }
        let direct = Proposal { destination: ip("10.0.0.254"), ..proposal() };
        assert!(!credible(direct), "of what goes directly");
    }

    #[test]
    fn what_is_learnt_ages_and_goes_with_its_station() {
        let knobs = Knobs::rfc();
        let mut redirects = Redirects::new(&knobs, &mut Rng::stream(1, "redirects", "test"));
        let destination = IpAddr::V4(proposal().destination);
        assert_eq!(redirects.get(destination), None);
        redirects.learn(Instant::ZERO, &proposal());
        assert_eq!(redirects.get(destination).unwrap().station, IpAddr::V4(ip("10.0.0.253")));
        assert_eq!(redirects.get(ip("10.9.0.2").into()), None, "for that destination only");
        let end = Instant::ZERO + knobs.redirect_lifetime;
        assert_eq!(redirects.next_expiry(), Some(end));
        assert_eq!((redirects.expire(end), redirects.is_empty()), (vec![destination], true));
        redirects.learn(Instant::ZERO, &proposal());
        assert!(redirects.forget_station(ON, ip("10.0.0.254").into()).is_empty());
        assert_eq!(redirects.forget_station(ON, ip("10.0.0.253").into()), [destination]);
        assert!(redirects.is_empty());
        redirects.learn(Instant::ZERO, &proposal());
        assert!(redirects.forget_interface(ON) && redirects.get(destination).is_none());
    }

    #[test]
    fn a_flood_of_redirects_stays_within_the_bound() {
        let knobs = Knobs { max_redirects: 10, ..Knobs::rfc() };
        let mut redirects = Redirects::new(&knobs, &mut Rng::stream(1, "redirects", "test"));
        for number in 0..10_000_u32 {
            let destination = Ipv4Addr::from(0x0a09_0000 + number);
            redirects.learn(Instant::from_micros(u64::from(number)), &Proposal { destination, ..proposal() });
            assert!(redirects.len() <= 10);
        }
        assert!(redirects.get(Ipv4Addr::from(0x0a09_0000 + 9_999).into()).is_some());
    }
}
