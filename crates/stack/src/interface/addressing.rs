//! Which addresses an interface has, which it will have once they are assured, and what it announces of them.
//!
//! An address is *withheld* (it will be probed when the interface starts), *tentative* (it is being probed) or in use.
//! Whether an interface is configured is what applications wait for.

use core::net::{IpAddr, Ipv4Addr};

use super::probe::{Probing, Standing, Step};
use super::rarp::{self, Client, Due};
use super::{Configure, Interface, Knobs};
use crate::addr::{Cidr, Mac};
use crate::frame::Medium;
use crate::rng::Rng;
use crate::time::Instant;

/// Why an interface has no address, where it had one in view.
const TAKEN: &str = "another station has its address";

/// How far an interface has come with its addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configured {
    /// It has what it was to have.
    Yes,
    /// It is being configured.
    Waiting,
    /// It has no address, and will not have one by itself: why.
    Failed(&'static str),
}

/// What is due of an interface's addressing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Probe for an address.
    Probe(Ipv4Addr),
    /// An address may be used from here on.
    Assured(Cidr),
    /// Ask for an address by RARP.
    AskReverse,
    /// Nobody gave it an address.
    GaveUp,
}

/// An address that is announced.
#[derive(Clone, Copy, Debug)]
struct Announcing {
    address: Ipv4Addr,
    left: u32,
    next: Instant,
}

/// The part of an interface that is about its addresses.
#[derive(Clone, Debug, Default)]
pub struct Addressing {
    pub(super) probing: Probing,
    /// To be probed when the interface starts.
    withheld: Vec<Cidr>,
    rarp: Option<Client>,
    announcing: Vec<Announcing>,
    failed: Option<&'static str>,
}

impl Addressing {
    /// The interface went down: nothing is announced, and what was being probed will be anew. What RARP gave and was not
    /// in use yet it will ask for again.
    pub(super) fn pause(&mut self) {
        self.announcing.clear();
        let answer = self.rarp.take().and_then(|client| client.answer());
        let tentative: Vec<Cidr> = self.probing.tentative().collect();
        for cidr in tentative {
            if let IpAddr::V4(address) = cidr.address() {
                self.probing.cancel(address);
            }
            if Some(cidr) != answer {
                self.withhold(cidr);
            }
        }
    }

    fn withhold(&mut self, cidr: Cidr) {
        if !self.withheld.contains(&cidr) {
            self.withheld.push(cidr);
        }
    }
}

impl Interface {
    /// Takes out the addresses that are to be probed before they are used, for the host to take out too.
    pub(crate) fn withhold_addresses(&mut self) -> Vec<Cidr> {
        // On a line without Ethernet there is nobody to ask.
        let probes = self.config.probe || self.config.configure != Configure::Static;
        if !probes || self.config.medium != Medium::Ethernet {
            return Vec::new();
        }
        let addresses = core::mem::take(&mut self.config.addresses);
        addresses.iter().for_each(|cidr| self.addressing.withhold(*cidr));
        addresses
    }

    /// The interface starts, or comes up: begins to ask, to probe, or to announce.
    pub(crate) fn start_addressing(&mut self, now: Instant, rng: &mut Rng) {
        if !self.is_up() {
            return;
        }
        for cidr in core::mem::take(&mut self.addressing.withheld) {
            self.start_probing(now, rng, cidr);
        }
        if let Configure::Rarp(config) = self.config.configure
            && self.config.addresses.is_empty()
            && self.tentative().next().is_none()
        {
            self.addressing.failed = None;
            self.addressing.rarp = Some(Client::new(now, config, &self.knobs));
        }
        let addresses: Vec<Ipv4Addr> = self.ipv4_addresses().collect();
        for address in addresses {
            self.start_announcing(now, address);
        }
    }

    /// Begins to probe an address; in use once that was in vain.
    pub(crate) fn start_probing(&mut self, now: Instant, rng: &mut Rng, cidr: Cidr) {
        if !self.is_up() {
            self.addressing.withhold(cidr);
        } else if self.config.medium == Medium::Ethernet {
            self.addressing.probing.start(now, rng, &self.knobs, cidr);
        } else {
            // On a line without Ethernet there is nobody to ask.
            self.addressing.probing.pass(now, cidr);
        }
    }

    /// An address that was to be this interface's is another station's, or another interface's.
    pub(crate) fn lose(&mut self, now: Instant, address: Ipv4Addr) {
        let addressing = &mut self.addressing;
        match self.config.configure {
            Configure::Rarp(config) => {
                let client = addressing.rarp.get_or_insert_with(|| Client::new(now, config, &self.knobs));
                client.refuse(now, address);
            }
            // Whoever gave it looks for another one.
            Configure::Dhcp => {}
            Configure::Static => addressing.failed = Some(TAKEN),
        }
    }

    /// Probes an address no more. Whether it was being probed.
    pub(crate) fn cancel_probing(&mut self, address: IpAddr) -> bool {
        let withheld = self.addressing.withheld.len();
        self.addressing.withheld.retain(|cidr| cidr.address() != address);
        let cancelled = match address {
            IpAddr::V4(address) => self.addressing.probing.cancel(address).is_some(),
            IpAddr::V6(_) => false,
        };
        cancelled || withheld != self.addressing.withheld.len()
    }

    /// How an address stands; `None`: nobody gave it to this interface.
    pub fn standing(&self, address: IpAddr) -> Option<Standing> {
        let Addressing { probing, withheld, .. } = &self.addressing;
        if self.config.addresses.iter().any(|cidr| cidr.address() == address) {
            return Some(Standing::Assured);
        }
        if probing.tentative().chain(withheld.iter().copied()).any(|cidr| cidr.address() == address) {
            return Some(Standing::Tentative);
        }
        match address {
            IpAddr::V4(address) => probing.duplicate(address).map(Standing::Duplicate),
            IpAddr::V6(_) => None,
        }
    }

    /// The addresses that are not in use yet.
    pub fn tentative(&self) -> impl Iterator<Item = Cidr> + '_ {
        self.addressing.probing.tentative().chain(self.addressing.withheld.iter().copied())
    }

    /// The addresses that it was given lately and that others have.
    pub fn duplicates(&self) -> impl Iterator<Item = (Cidr, Mac)> + '_ {
        self.addressing.probing.duplicates()
    }

    /// How far it has come with its addresses.
    pub fn configured(&self) -> Configured {
        let Addressing { rarp, failed, .. } = &self.addressing;
        if rarp.is_some() || self.tentative().next().is_some() {
            return Configured::Waiting;
        }
        if !self.config.addresses.is_empty() {
            return Configured::Yes;
        }
        match (failed, self.config.configure) {
            (Some(why), _) => Configured::Failed(why),
            (None, Configure::Rarp(_) | Configure::Dhcp) => Configured::Waiting,
            (None, Configure::Static) => Configured::Yes,
        }
    }

    /// When [`take_task`](Self::take_task) has something.
    pub(crate) fn next_task(&self) -> Option<Instant> {
        let Addressing { probing, rarp, .. } = &self.addressing;
        let of_rarp = rarp.as_ref().and_then(Client::next_timeout);
        probing.next_timeout().into_iter().chain(of_rarp).min()
    }

    /// The next thing that is due for its addresses.
    pub(crate) fn take_task(&mut self, now: Instant, rng: &mut Rng) -> Option<Task> {
        let Addressing { probing, rarp, failed, .. } = &mut self.addressing;
        match probing.take_step(now, rng, &self.knobs) {
            Some(Step::Probe(address)) => return Some(Task::Probe(address)),
            Some(Step::Assured(cidr)) => return Some(Task::Assured(cidr)),
            None => {}
        }
        match rarp.as_mut()?.take_due(now, rng, &self.knobs)? {
            Due::Ask => Some(Task::AskReverse),
            Due::GiveUp => {
                *rarp = None;
                *failed = Some("no RARP server has an address for it");
                Some(Task::GaveUp)
            }
        }
    }

    /// What a RARP packet says to this interface as a client: the address that it is given. It is to be probed, or lost.
    pub(crate) fn accept_reverse(&mut self, packet: &super::arp::Packet) -> Option<Cidr> {
        let mac = self.mac();
        self.addressing.rarp.as_mut()?.accept(packet, mac)
    }

    /// The answer of this interface as a RARP server.
    pub(crate) fn answer_reverse(&self, packet: &super::arp::Packet) -> Option<super::arp::Packet> {
        let answer = self.rarp_server.lookup(packet)?;
        let own = self.ipv4_addresses().next().unwrap_or(Ipv4Addr::UNSPECIFIED);
        Some(rarp::reply(packet, self.mac(), own, answer))
    }

    /// An address is in use from here on: it is announced. If RARP gave it, the router to other networks.
    pub(crate) fn assured(&mut self, now: Instant, cidr: Cidr) -> Option<Ipv4Addr> {
        self.addressing.failed = None;
        if let IpAddr::V4(address) = cidr.address() {
            self.start_announcing(now, address);
        }
        self.addressing.rarp.take().and_then(|client| client.gateway())
    }

    /// An address is used no more.
    pub(crate) fn forget_address(&mut self, address: IpAddr) {
        if let IpAddr::V4(address) = address {
            self.addressing.announcing.retain(|announcing| announcing.address != address);
            self.defence.forget(address);
        }
    }

    /// An address was given up to another station.
    pub(crate) fn gave_up(&mut self) {
        if self.config.configure != Configure::Dhcp {
            self.addressing.failed = Some(TAKEN);
        }
    }

    /// The application that looks for an address says why there is none.
    pub(crate) fn unconfigured(&mut self, why: &'static str) {
        if self.config.configure == Configure::Dhcp {
            self.addressing.failed = Some(why);
        }
    }

    /// Begins to announce an address, if it is configured to.
    pub(crate) fn start_announcing(&mut self, now: Instant, address: Ipv4Addr) {
        let Knobs { announcements: left, .. } = self.knobs;
        self.addressing.announcing.retain(|announcing| announcing.address != address);
        if self.config.announce && self.is_up() && left > 0 {
            self.addressing.announcing.push(Announcing { address, left, next: now });
        }
    }

    /// When the next announcement is due.
    pub fn next_announcement(&self) -> Option<Instant> {
        self.addressing.announcing.iter().map(|announcing| announcing.next).min()
    }

    /// An address whose announcement is due now; counts it as sent.
    pub fn take_due_announcement(&mut self, now: Instant) -> Option<Ipv4Addr> {
        let all = &mut self.addressing.announcing;
        let place = all.iter().position(|announcing| announcing.next <= now)?;
        let announcing = &mut all[place];
        let address = announcing.address;
        // RFC 5227 §2.3: ANNOUNCE_NUM of them, ANNOUNCE_INTERVAL apart.
        announcing.left -= 1;
        announcing.next = now + self.knobs.announce_interval;
        if announcing.left == 0 {
            all.remove(place);
        }
        Some(address)
    }
}
