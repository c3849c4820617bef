//! A server's table of leases: which address is whose, until when, and which to give next (RFC 2131 §4.3.1). Nothing here
//! scans: finding the next address costs as much with a pool of a million as with one of ten.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::Config;
use crate::addr::{Cidr, Mac};
use crate::application::dhcp::codec::ClientId;
use crate::interface::rarp;
use crate::time::Instant;

/// What is promised of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It is to be offered, once it was seen that nobody uses it.
    Checked,
    /// It was offered, and is kept for a while.
    Offered,
    /// It is on loan.
    Bound,
    /// Its client has given it back: it is remembered, and may be had by others.
    Released,
    /// Somebody uses it without a lease: it is nobody's for a while.
    Abandoned,
}

/// An address that was given at some time.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Whose it is, or was.
    pub client: ClientId,
    /// What is promised.
    pub state: State,
    /// Until when that holds. Then it is what `Released` is.
    pub until: Instant,
}

/// The table. It holds no more than the pool and the reservations have addresses, and no more than its bound.
#[derive(Clone, Debug)]
pub struct Leases {
    first: Ipv4Addr,
    last: Ipv4Addr,
    prefix: u8,
    reserved: BTreeMap<Mac, Ipv4Addr>,
    reserved_addresses: BTreeSet<Ipv4Addr>,
    own: Ipv4Addr,
    max: usize,
    table: BTreeMap<Ipv4Addr, Lease>,
    by_client: BTreeMap<ClientId, Ipv4Addr>,
    /// All of the pool's leases by the end of what holds: those that may be had again come first.
    by_end: BTreeSet<(Instant, Ipv4Addr)>,
    /// No address of the pool from here on was ever given, except those in the table.
    fresh: u32,
}

impl Leases {
    /// An empty table for a server whose own address is `own`.
    pub fn new(config: &Config, own: Ipv4Addr) -> Self {
        Self {
            first: config.first,
            last: config.last,
            prefix: config.prefix,
            reserved: config.reservations.iter().copied().collect(),
            reserved_addresses: config.reservations.iter().map(|(_, address)| *address).collect(),
            own,
            max: config.max_leases,
            table: BTreeMap::new(),
            by_client: BTreeMap::new(),
            by_end: BTreeSet::new(),
            fresh: config.first.to_bits(),
        }
    }

    /// What is known of an address.
    pub fn get(&self, address: Ipv4Addr) -> Option<&Lease> {
        self.table.get(&address)
    }

    /// The lease of a client, whatever its state, that nobody else has got since.
    pub fn of_client(&self, client: &ClientId) -> Option<(Ipv4Addr, &Lease)> {
        let address = *self.by_client.get(client)?;
        self.table.get(&address).map(|lease| (address, lease))
    }

    /// The address that is reserved for a station.
    pub fn reserved_for(&self, mac: Mac) -> Option<Ipv4Addr> {
        self.reserved.get(&mac).copied()
    }

    /// How many addresses were ever given.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether the address may be given to this client now.
    pub fn is_free_for(&self, now: Instant, client: &ClientId, mac: Mac, address: Ipv4Addr) -> bool {
        let of_pool = (self.first..=self.last).contains(&address);
        let reserved = self.reserved.get(&mac) == Some(&address);
        // RFC 1122 §3.2.1.3: the network's own address and its broadcast address are no host's.
        let is_host = Cidr::new(address.into(), self.prefix).is_ok_and(|cidr| rarp::can_be_given(&cidr));
        if !is_host
            || address == self.own
            || !(reserved || of_pool && !self.reserved_addresses.contains(&address))
        {
            return false;
        }
        match self.table.get(&address) {
            None => self.table.len() < self.max,
            Some(lease) if lease.state == State::Abandoned => now >= lease.until,
            Some(lease) => lease.client == *client || lease.state == State::Released || now >= lease.until,
        }
    }

    /// The address for a client: the one that is reserved for it, else the one that it has or had, else the one that it
    /// asks for, else one that nobody had, else the one that has been free for the longest time (RFC 2131 §4.3.1).
    pub fn choose(
        &mut self,
        now: Instant,
        client: &ClientId,
        mac: Mac,
        requested: Option<Ipv4Addr>,
    ) -> Option<Ipv4Addr> {
        let reserved = self.reserved_for(mac);
        let had = self.by_client.get(client).copied();
        let wanted = [reserved, had, requested].into_iter().flatten();
        if let Some(address) = wanted.into_iter().find(|own| self.is_free_for(now, client, mac, *own)) {
            return Some(address);
        }
        while self.table.len() < self.max && self.fresh <= self.last.to_bits() {
            let address = Ipv4Addr::from_bits(self.fresh);
            let fits = !self.table.contains_key(&address) && self.is_free_for(now, client, mac, address);
            if fits {
                return Some(address);
            }
            // Above the last of all addresses there is none.
            self.fresh = self.fresh.checked_add(1)?;
        }
        let (until, address) = *self.by_end.first()?;
        (until <= now).then_some(address)
    }

    /// From here on the address is so.
    pub fn set(&mut self, now: Instant, address: Ipv4Addr, client: ClientId, state: State, until: Instant) {
        self.forget(address);
        // A client has one address: what it had before may be had by others.
        if let Some(other) = self.by_client.get(&client).copied() {
            self.release(now, other);
        }
        self.by_client.insert(client.clone(), address);
        let until = if state == State::Released { now } else { until };
        if !self.reserved_addresses.contains(&address) {
            self.by_end.insert((until, address));
        }
        self.table.insert(address, Lease { client, state, until });
    }

    /// The address may be had by others. Who had it is remembered.
    pub fn release(&mut self, now: Instant, address: Ipv4Addr) {
        if let Some(lease) = self.table.get_mut(&address).filter(|lease| lease.state != State::Abandoned) {
            let before = lease.until;
            (lease.state, lease.until) = (State::Released, now.min(before));
            let after = lease.until;
            if self.by_end.remove(&(before, address)) {
                self.by_end.insert((after, address));
            }
        }
    }

    fn forget(&mut self, address: Ipv4Addr) {
        if let Some(lease) = self.table.remove(&address) {
            self.by_end.remove(&(lease.until, address));
            if self.by_client.get(&lease.client) == Some(&address) {
                self.by_client.remove(&lease.client);
            }
        }
    }
}
