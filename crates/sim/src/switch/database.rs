//! The filtering database: at which port each station was seen last (IEEE 802.1Q §8.8).
//!
//! Bounded and without timers: an entry that is too old is passed over when it is looked up, and removed when another
//! is made. Each port's entries stand in a list of their own in the order in which they were last seen, so that the
//! oldest of a port is known without looking at others. When the table is full, the port with the most entries loses
//! its oldest: a port that holds no more than its even share of the table loses nothing to what others send.

use std::collections::BTreeSet;

use wirelab_stack::addr::Mac;
use wirelab_stack::frame::InterfaceId;
use wirelab_stack::interface::vlan::VlanId;
use wirelab_stack::rng::Rng;
use wirelab_stack::table::Table;
use wirelab_stack::time::{Duration, Instant};

/// No entry.
const NONE: u32 = u32::MAX;

/// A station that a switch remembers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableEntry {
    /// The VLAN in which it was seen.
    pub vlan: VlanId,
    /// Its hardware address.
    pub mac: Mac,
    /// The port by which its frames come.
    pub port: InterfaceId,
    /// When the last of them came.
    pub seen: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    entry: TableEntry,
    /// Seen before it at the same port.
    older: u32,
    /// Seen after it at the same port.
    newer: u32,
}

/// A port's entries, from the one that was seen least lately.
#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
    length: u32,
}

/// What became of a source address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learned {
    /// It was not known.
    New {
        /// Whether another had to be forgotten for it.
        evicted: bool,
    },
    /// It was known at another port.
    Moved,
    /// It was known at this port.
    Known,
}

/// The filtering database of a switch.
#[derive(Clone, Debug)]
pub struct Database {
    ageing_time: Duration,
    max_entries: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    places: Table<(VlanId, Mac), u32>,
    ports: Vec<List>,
    /// Ports by the number of their entries.
    by_length: BTreeSet<(u32, u16)>,
    /// Entries that were too old.
    aged: u64,
}

impl Database {
    pub fn new(ports: usize, ageing_time: Duration, max_entries: usize, rng: &mut Rng) -> Self {
        Self {
            ageing_time,
            max_entries,
            slots: Vec::new(),
            free: Vec::new(),
            places: Table::new(rng),
            ports: vec![List { oldest: NONE, newest: NONE, length: 0 }; ports],
            by_length: BTreeSet::new(),
            aged: 0,
        }
    }

    /// Entries, those included that are too old and were not come upon yet.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Entries that were removed because they were too old.
    pub const fn aged(&self) -> u64 {
        self.aged
    }

    fn is_fresh(&self, entry: &TableEntry, now: Instant) -> bool {
        now < entry.seen + self.ageing_time
    }

    /// The port at which a station was seen lately enough.
    pub fn lookup(&self, now: Instant, vlan: VlanId, mac: Mac) -> Option<InterfaceId> {
        let place = *self.places.get(&(vlan, mac))?;
        let entry = &self.slots[place as usize].entry;
        self.is_fresh(entry, now).then_some(entry.port)
    }

    /// A frame of a station came by `port` (IEEE 802.1Q §8.7).
    pub fn learn(&mut self, now: Instant, vlan: VlanId, mac: Mac, port: InterfaceId) -> Learned {
        let entry = TableEntry { vlan, mac, port, seen: now };
        if let Some(place) = self.places.get(&(vlan, mac)).copied() {
            let old = self.slots[place as usize].entry;
            self.unlink(place);
            self.slots[place as usize].entry = entry;
            self.link(place);
            if !self.is_fresh(&old, now) {
                self.aged += 1;
                return Learned::New { evicted: false };
            }
            return if old.port == port { Learned::Known } else { Learned::Moved };
        }
        self.expire(now, port);
        let evicted = self.places.len() >= self.max_entries && self.evict(now);
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { entry, older: NONE, newer: NONE });
            self.slots.len() as u32 - 1
        });
        self.slots[place as usize].entry = entry;
        self.places.insert((vlan, mac), place);
        self.link(place);
        Learned::New { evicted }
    }

    /// Removes what is too old at `port`: at most two, so that one frame's work is bounded while each that is made takes
    /// more away than it adds.
    fn expire(&mut self, now: Instant, port: InterfaceId) {
        for _ in 0..2 {
            let oldest = self.ports[usize::from(port.0)].oldest;
            let Some(slot) = self.slots.get(oldest as usize) else { return };
            if oldest == NONE || self.is_fresh(&slot.entry, now) {
                return;
            }
            self.remove(oldest);
            self.aged += 1;
        }
    }

    /// Makes room: the port with the most entries loses its oldest. Whether that was still good.
    fn evict(&mut self, now: Instant) -> bool {
        let Some(&(_, port)) = self.by_length.last() else { return false };
        let oldest = self.ports[usize::from(port)].oldest;
        let fresh = self.is_fresh(&self.slots[oldest as usize].entry, now);
        self.remove(oldest);
        self.aged += u64::from(!fresh);
        fresh
    }

    fn remove(&mut self, place: u32) {
        self.unlink(place);
        let TableEntry { vlan, mac, .. } = self.slots[place as usize].entry;
        self.places.remove(&(vlan, mac));
        self.free.push(place);
    }

    fn unlink(&mut self, place: u32) {
        let Slot { entry, older, newer } = self.slots[place as usize];
        let port = entry.port.0;
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.ports[usize::from(port)].oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.ports[usize::from(port)].newest = older,
        }
        self.count(port, |length| length - 1);
    }

    /// Puts an entry at the end of its port's list.
    fn link(&mut self, place: u32) {
        let port = self.slots[place as usize].entry.port.0;
        let list = &mut self.ports[usize::from(port)];
        let older = core::mem::replace(&mut list.newest, place);
        if older == NONE {
            list.oldest = place;
        } else {
            self.slots[older as usize].newer = place;
        }
        let slot = &mut self.slots[place as usize];
        (slot.older, slot.newer) = (older, NONE);
        self.count(port, |length| length + 1);
    }

    fn count(&mut self, port: u16, change: impl FnOnce(u32) -> u32) {
        let length = &mut self.ports[usize::from(port)].length;
        let before = *length;
        *length = change(before);
        let after = *length;
        self.by_length.remove(&(before, port));
        if after > 0 {
            self.by_length.insert((after, port));
        }
    }

    /// What is known at `now`, in the order of VLANs and addresses.
    pub fn entries(&self, now: Instant) -> Vec<TableEntry> {
        let mut entries = Vec::with_capacity(self.places.len());
        for list in &self.ports {
            let mut place = list.oldest;
            while let Some(slot) = self.slots.get(place as usize) {
                if self.is_fresh(&slot.entry, now) {
                    entries.push(slot.entry);
                }
                place = slot.newer;
            }
        }
        entries.sort_by_key(|entry| (entry.vlan, entry.mac));
        entries
    }
}
