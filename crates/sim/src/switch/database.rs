//! The filtering database: at which port each station was seen last (IEEE 802.1Q §8.8).
//!
//! Bounded, and without timers: what is too old is passed over when it is looked up, and removed when a station is
//! learned. All entries stand in a list in the order in which they were last seen, so that those that are too old are
//! found without looking at others; and each port's in one of its own, so that a port's oldest is. When the table is
//! full, the port with the most entries, that of the new station counted, loses its oldest. Such a port has more than
//! its even share of the table: one that has no more loses nothing, whatever the others send.

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

/// Which of the lists.
#[derive(Clone, Copy)]
enum Of {
    /// That of all entries.
    All,
    /// That of the entry's port.
    Port,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    entry: TableEntry,
    /// Its neighbours in both lists.
    links: [Links; 2],
}

/// Who was seen before an entry, and who after it.
#[derive(Clone, Copy, Debug)]
struct Links {
    older: u32,
    newer: u32,
}

/// The ends of a list.
#[derive(Clone, Copy, Debug)]
struct List {
    oldest: u32,
    newest: u32,
}

const EMPTY: List = List { oldest: NONE, newest: NONE };

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
    all: List,
    ports: Vec<(List, u32)>,
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
            all: EMPTY,
            ports: vec![(EMPTY, 0); ports],
            by_length: BTreeSet::new(),
            aged: 0,
        }
    }

    /// Entries, those included that became too old since a station was last learned.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Entries that were removed because they were too old.
    pub const fn aged(&self) -> u64 {
        self.aged
    }

    /// IEEE 802.1Q §8.8.3: an entry lives for the ageing time after it was last seen.
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
        self.expire(now);
        let entry = TableEntry { vlan, mac, port, seen: now };
        let Some(place) = self.places.get(&(vlan, mac)).copied() else {
            return Learned::New { evicted: self.insert(entry) };
        };
        self.slots[place as usize].entry.seen = now;
        if self.slots[place as usize].entry.port != port {
            self.leave(place);
            self.slots[place as usize].entry = entry;
            self.join(place);
            return Learned::Moved;
        }
        // In a long transfer it mostly is the newest already.
        if self.all.newest != place {
            for of in [Of::All, Of::Port] {
                self.unlink(of, place);
                self.append(of, place);
            }
        }
        Learned::Known
    }

    /// Removes what is too old. Each entry is removed once, so that this costs no more than to have made it.
    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.slots.get(self.all.oldest as usize)
            && !self.is_fresh(&oldest.entry, now)
        {
            self.remove(self.all.oldest);
            self.aged += 1;
        }
    }

    /// Makes an entry; whether another had to be forgotten for it.
    fn insert(&mut self, entry: TableEntry) -> bool {
        let full = self.places.len() >= self.max_entries;
        if full {
            self.make_room(entry.port);
        }
        let slot = Slot { entry, links: [Links { older: NONE, newer: NONE }; 2] };
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() as u32 - 1
        });
        self.slots[place as usize] = slot;
        self.places.insert((entry.vlan, entry.mac), place);
        self.join(place);
        full
    }

    /// For one more at `port`, the port that then has the most loses its oldest; `port` itself, where others have no more.
    fn make_room(&mut self, port: InterfaceId) {
        let Some(&(most, other)) = self.by_length.last() else { return };
        let (own, length) = self.ports[usize::from(port.0)];
        let oldest = if length > 0 && length + 1 >= most {
            own.oldest
        } else {
            self.ports[usize::from(other)].0.oldest
        };
        self.remove(oldest);
    }

    /// Forgets the stations of a port.
    pub fn forget(&mut self, port: InterfaceId) {
        while let Some((List { oldest, .. }, 1..)) = self.ports.get(usize::from(port.0)).copied() {
            self.remove(oldest);
        }
    }

    fn remove(&mut self, place: u32) {
        self.leave(place);
        let TableEntry { vlan, mac, .. } = self.slots[place as usize].entry;
        self.places.remove(&(vlan, mac));
        self.free.push(place);
    }

    /// Puts an entry at the end of both lists.
    fn join(&mut self, place: u32) {
        self.append(Of::All, place);
        self.append(Of::Port, place);
        self.count(place, |length| length + 1);
    }

    /// Takes an entry out of both lists.
    fn leave(&mut self, place: u32) {
        self.unlink(Of::All, place);
        self.unlink(Of::Port, place);
        self.count(place, |length| length - 1);
    }

    /// Changes the number of entries of an entry's port.
    fn count(&mut self, place: u32, change: impl FnOnce(u32) -> u32) {
        let port = self.slots[place as usize].entry.port.0;
        let length = &mut self.ports[usize::from(port)].1;
        let before = core::mem::replace(length, change(*length));
        let after = *length;
        self.by_length.remove(&(before, port));
        if after > 0 {
            self.by_length.insert((after, port));
        }
    }

    fn list(&mut self, of: Of, place: u32) -> &mut List {
        match of {
            Of::All => &mut self.all,
            Of::Port => &mut self.ports[usize::from(self.slots[place as usize].entry.port.0)].0,
        }
    }

    fn unlink(&mut self, of: Of, place: u32) {
        let Links { older, newer } = self.slots[place as usize].links[of as usize];
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.links[of as usize].newer = newer,
            None => self.list(of, place).oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.links[of as usize].older = older,
            None => self.list(of, place).newest = older,
        }
    }

    fn append(&mut self, of: Of, place: u32) {
        let list = self.list(of, place);
        let older = core::mem::replace(&mut list.newest, place);
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.links[of as usize].newer = place,
            None => self.list(of, place).oldest = place,
        }
        self.slots[place as usize].links[of as usize] = Links { older, newer: NONE };
    }

    /// What is known at `now`, in the order of VLANs and addresses.
    pub fn entries(&self, now: Instant) -> Vec<TableEntry> {
        let mut entries = Vec::with_capacity(self.places.len());
        let mut place = self.all.oldest;
        while let Some(slot) = self.slots.get(place as usize) {
            if self.is_fresh(&slot.entry, now) {
                entries.push(slot.entry);
            }
            place = slot.links[Of::All as usize].newer;
        }
        entries.sort_by_key(|entry| (entry.vlan, entry.mac));
        entries
    }
}
