//! The neighbour cache: which hardware address a next hop has, and what waits to know (RFC 1122 §2.3.2).
//!
//! ```text
//!            use                answer                  reachable_time passed, used again
//!   (none) ───────▶ INCOMPLETE ───────▶ REACHABLE ─────────────────────────▶ STALE, polled by unicast
//!                       │                   ▲                                       │        │
//!                       │ max_requests      └───────────────── answer ──────────────┘        │ max_polls
//!                       ▼ without answer                                                     ▼
//!                    FAILED ── failed_time ──▶ (none) ◀──────────────────────────────────────┘
//! ```
//!
//! What is owed for a change (a request to send, packets to release or to fail) is put on a list that the host
//! empties with [`Neighbors::take_owed`] after each call. Nothing here grows beyond its knobs: entries, packets
//! an entry, storage of all packets; waiters are names of connections, each of which waits once.
//!
//! An entry that is not used stays, stale, until another needs its room: it is polled before it is believed again, and no
//! timer runs for it. Which one makes room, `Tier` says.

mod list;
mod waiting;

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};

use self::waiting::{Queue, Waiting};
use super::Knobs;
use crate::addr::Mac;
use crate::frame::{Frame, InterfaceId};
use crate::rng::Rng;
use crate::table::Table;
use crate::time::{Duration, Instant};
use crate::timers::Timers;
use crate::trace::NeighborState;

/// A packet that waits.
#[derive(Clone, Debug)]
pub struct Parked {
    /// The packet.
    pub packet: Frame,
    /// By which interface it came, if it is forwarded: whoever sent it is told from there.
    pub came_by: Option<InterfaceId>,
}

/// A name for something that waits and is not a packet. The host knows what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiter(pub u64);

/// What is known of a next hop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// Its hardware address, which may be used without asking again until an instant.
    Known(Mac, Instant),
    /// It was asked for; park what waits.
    Unresolved,
    /// It does not answer.
    Failed,
}

/// What the host has to do after a call.
#[derive(Clone, Debug)]
pub enum Owed {
    /// Ask for `address`: by broadcast, or a known station directly.
    Ask {
        /// Who has it?
        address: IpAddr,
        /// Whom to ask; nobody means all.
        station: Option<Mac>,
    },
    /// The entry's state changed.
    Changed {
        /// Whose entry.
        address: IpAddr,
        /// Its hardware address, if known.
        mac: Option<Mac>,
        /// The state now.
        state: NeighborState,
    },
    /// An entry made room for another: whoever remembers it must look again.
    Forgotten,
    /// The hardware address is known: send what waited.
    Release {
        /// Where it goes.
        mac: Mac,
        /// Packets, oldest first.
        packets: VecDeque<Parked>,
        /// Whoever else waited.
        waiters: Vec<Waiter>,
    },
    /// There was no answer, or no room: fail what waited.
    Fail {
        /// Packets, oldest first.
        packets: VecDeque<Parked>,
        /// Whoever else waited.
        waiters: Vec<Waiter>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Incomplete { requests: u32 },
    Reachable { until: Instant },
    Polled { polls: u32 },
    Static,
    Failed,
}

#[derive(Clone, Debug)]
struct Entry {
    address: IpAddr,
    /// Means nothing while the entry is incomplete or failed.
    mac: Mac,
    state: State,
    /// Place in the order of making room; statics have none.
    used: Worth,
    /// Whether a packet was ever sent to it.
    wanted: bool,
    /// When it was used or confirmed last.
    touched: Instant,
    packets: Queue,
    waiters: Vec<Waiter>,
}

pub use list::NeighborInfo;
/// What an entry is worth when there is no room: its tier, then how lately it was used. A flood of forged requests fills
/// the tier of those that this host never sent to, and pushes out its own kind alone; a flood of packets for silent
/// addresses fills that of the unanswered ones, and pushes out besides them what has not been used for so long that it is
/// stale.
type Worth = (Tier, u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Tier {
    /// Learned from what it asked; nothing was ever sent to it.
    Unasked,
    /// Asked for in vain, or not answered yet.
    Unanswered,
    /// Known, and in use.
    InUse,
}

/// An interface's neighbours.
#[derive(Clone, Debug)]
pub struct Neighbors {
    knobs: Knobs,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    places: Table<IpAddr, u32>,
    timers: Timers,
    waiting: Waiting,
    /// Entries that may make room, the one that is worth least first.
    order: BTreeMap<Worth, u32>,
    uses: u64,
    owed: VecDeque<Owed>,
}

impl Neighbors {
    /// An empty cache.
    pub fn new(knobs: Knobs, rng: &mut Rng) -> Self {
        Self {
            knobs,
            entries: Vec::new(),
            free: Vec::new(),
            places: Table::new(rng),
            timers: Timers::new(),
            waiting: Waiting::default(),
            order: BTreeMap::new(),
            uses: 0,
            owed: VecDeque::new(),
        }
    }

    /// A neighbour that is known beforehand, or told while the host runs, and never ages: what ARP says of it is not
    /// believed.
    pub fn insert_static(&mut self, address: IpAddr, mac: Mac) {
        let place = self.places.get(&address).copied().unwrap_or_else(|| self.insert(address, State::Static));
        let Some(entry) = &mut self.entries[place as usize] else { return };
        self.order.remove(&entry.used);
        (entry.mac, entry.state) = (mac, State::Static);
        self.timers.clear(place);
        self.release(place);
    }

    /// Forgets an entry, a static one too; what waits for it fails. Whether there was one.
    pub fn forget(&mut self, address: IpAddr) -> bool {
        let place = self.places.get(&address).copied();
        if let Some(place) = place {
            self.remove(place);
            self.owed.push_back(Owed::Forgotten);
        }
        place.is_some()
    }

    /// What is known of `address`, which is about to be used. Asks for it where that is due.
    pub fn resolve(&mut self, now: Instant, address: IpAddr) -> Resolution {
        let Some(place) = self.places.get(&address).copied() else {
            if !self.make_room(now, Tier::InUse) {
                return Resolution::Failed;
            }
            let place = self.insert(address, State::Incomplete { requests: 1 });
            self.want(now, place);
            self.owe_change(place);
            self.ask(now, place, None);
            return Resolution::Unresolved;
        };
        self.want(now, place);
        let Some(entry) = &mut self.entries[place as usize] else { return Resolution::Failed };
        match entry.state {
            State::Static => Resolution::Known(entry.mac, Instant::FAR_FUTURE),
            State::Reachable { until } if now < until => Resolution::Known(entry.mac, until),
            State::Reachable { .. } => {
                // RFC 1122 §2.3.2.1 (2): a point-to-point request, while the address goes on being used.
                entry.state = State::Polled { polls: 1 };
                let mac = entry.mac;
                self.owe_change(place);
                self.ask(now, place, Some(mac));
                Resolution::Known(mac, self.timers.deadline(place))
            }
            State::Polled { .. } => Resolution::Known(entry.mac, self.timers.deadline(place)),
            State::Incomplete { .. } => Resolution::Unresolved,
            State::Failed => Resolution::Failed,
        }
    }

    /// Keeps `packet` until `address` is resolved. Gives back what had to make room: the oldest packets, since
    /// RFC 1122 §2.3.2.2 asks to keep the latest one at least; or `packet` where nothing is under way, or no bound lets it
    /// wait at all.
    pub fn park_packet(&mut self, address: IpAddr, packet: Parked) -> Vec<Parked> {
        let Knobs { max_queued_packets, max_queued_bytes, max_waiting_bytes, .. } = self.knobs;
        let size = waiting::storage(&packet);
        let may_wait = max_queued_packets > 0 && size <= max_queued_bytes.min(max_waiting_bytes);
        let Some((place, _)) = self.incomplete(address).filter(|_| may_wait) else { return vec![packet] };
        let mut gone = Vec::new();
        while let Some(Entry { packets, .. }) = &mut self.entries[place as usize]
            && (packets.count() >= max_queued_packets || packets.held() + size > max_queued_bytes)
        {
            gone.extend(self.waiting.pop(packets));
        }
        while self.waiting.held() + size > max_waiting_bytes
            && let Some(oldest) = self.waiting.oldest()
            && let Some(entry) = &mut self.entries[oldest as usize]
        {
            gone.extend(self.waiting.pop(&mut entry.packets));
        }
        if let Some(entry) = &mut self.entries[place as usize] {
            self.waiting.push(&mut entry.packets, place, packet);
        }
        gone
    }

    /// Drops the packets that wait and that `is_gone` says; says how many.
    pub fn drop_packets(&mut self, is_gone: impl Fn(&Frame) -> bool) -> usize {
        let queues = self.entries.iter_mut().flatten().map(|entry| &mut entry.packets);
        queues.map(|queue| self.waiting.remove(queue, &is_gone)).sum()
    }

    /// Remembers `waiter` until `address` is resolved. False where nothing is under way.
    pub fn park_waiter(&mut self, address: IpAddr, waiter: Waiter) -> bool {
        self.incomplete(address).map(|(_, entry)| entry.waiters.push(waiter)).is_some()
    }

    fn incomplete(&mut self, address: IpAddr) -> Option<(u32, &mut Entry)> {
        let place = *self.places.get(&address)?;
        let entry = self.entries[place as usize].as_mut()?;
        matches!(entry.state, State::Incomplete { .. }).then_some((place, entry))
    }

    /// A station says that it has `address`. Where there is no entry, one is made only if `create`, and if there is room
    /// without forgetting anyone that this host has sent to. Whether there was an entry, or is one now.
    pub fn learn(&mut self, now: Instant, address: IpAddr, mac: Mac, create: bool) -> bool {
        let place = match self.places.get(&address).copied() {
            Some(place) => place,
            None if create && self.make_room(now, Tier::Unasked) => self.insert(address, State::Failed),
            None => return false,
        };
        let until = now + self.knobs.reachable_time;
        let Some(entry) = &mut self.entries[place as usize] else { return false };
        if entry.state == State::Static {
            return true;
        }
        let same = matches!(entry.state, State::Reachable { .. }) && entry.mac == mac;
        (entry.mac, entry.state) = (mac, State::Reachable { until });
        self.timers.clear(place);
        self.touch(now, place);
        if !same {
            self.owe_change(place);
        }
        self.release(place);
        true
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Asks again, or gives up, where that is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(place) = self.timers.pop_due(now) {
            let Some(entry) = &mut self.entries[place as usize] else { continue };
            match &mut entry.state {
                State::Incomplete { requests } if *requests < self.knobs.max_requests => {
                    *requests += 1;
                    self.ask(now, place, None);
                }
                State::Incomplete { .. } => {
                    entry.state = State::Failed;
                    self.owe_change(place);
                    self.fail(place);
                    self.set_timer(now, place, self.knobs.failed_time);
                }
                State::Polled { polls } if *polls < self.knobs.max_polls => {
                    *polls += 1;
                    let mac = entry.mac;
                    self.ask(now, place, Some(mac));
                }
                State::Polled { .. } => {
                    // RFC 1122 §2.3.2.1 (2): N polls without a reply, and the entry is deleted.
                    entry.state = State::Failed;
                    self.owe_change(place);
                    self.remove(place);
                }
                State::Failed => self.remove(place),
                State::Reachable { .. } | State::Static => {}
            }
        }
    }

    /// Forgets all but the static entries: the interface went down.
    pub fn clear(&mut self) {
        while let Some((_, place)) = self.order.pop_first() {
            self.remove(place);
        }
    }

    /// The next thing that the host has to do.
    pub fn take_owed(&mut self) -> Option<Owed> {
        self.owed.pop_front()
    }

    /// Entries, the static ones included.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn insert(&mut self, address: IpAddr, state: State) -> u32 {
        let entry = Entry {
            address,
            mac: Mac::UNSPECIFIED,
            state,
            used: (Tier::Unasked, 0),
            wanted: false,
            touched: Instant::ZERO,
            packets: Queue::default(),
            waiters: Vec::new(),
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() as u32 - 1
        });
        self.entries[place as usize] = Some(entry);
        self.places.insert(address, place);
        place
    }

    fn remove(&mut self, place: u32) {
        self.fail(place);
        self.timers.clear(place);
        if let Some(entry) = self.entries[place as usize].take() {
            self.places.remove(&entry.address);
            self.order.remove(&entry.used);
            self.free.push(place);
        }
    }

    /// Room for one more entry, where no entry of a tier above `most` has to go for it.
    fn make_room(&mut self, now: Instant, most: Tier) -> bool {
        if self.order.len() >= self.knobs.max_neighbors {
            let least = self.least(now).filter(|((tier, _), _)| *tier <= most);
            let Some((_, place)) = least else { return false };
            self.remove(place);
            self.owed.push_back(Owed::Forgotten);
        }
        true
    }

    /// The entry that is worth least.
    fn least(&self, now: Instant) -> Option<(Worth, u32)> {
        let entry = |(worth, place): (&Worth, &u32)| (*worth, *place);
        let first = self.order.first_key_value().map(entry)?;
        if first.0.0 != Tier::Unanswered {
            return Some(first);
        }
        // One that was not used for so long that it is stale goes before one that is being asked for.
        let used = self.order.range((Tier::InUse, 0)..).next().map(entry);
        let is_idle = |place: u32| {
            let touched = self.entries[place as usize].as_ref().map(|entry| entry.touched);
            touched.is_some_and(|touched| touched + self.knobs.reachable_time <= now)
        };
        Some(used.filter(|(_, place)| is_idle(*place)).unwrap_or(first))
    }

    fn touch(&mut self, now: Instant, place: u32) {
        let Some(entry) = &mut self.entries[place as usize] else { return };
        entry.touched = now;
        if entry.state == State::Static {
            return;
        }
        let tier = match entry.state {
            _ if !entry.wanted => Tier::Unasked,
            State::Incomplete { .. } | State::Failed => Tier::Unanswered,
            State::Reachable { .. } | State::Polled { .. } | State::Static => Tier::InUse,
        };
        // In a long transfer it mostly is the one that was used last.
        if self.uses > 0 && entry.used == (tier, self.uses) {
            return;
        }
        self.order.remove(&entry.used);
        self.uses += 1;
        entry.used = (tier, self.uses);
        self.order.insert(entry.used, place);
    }

    /// It is about to be used.
    fn want(&mut self, now: Instant, place: u32) {
        if let Some(entry) = &mut self.entries[place as usize] {
            entry.wanted = true;
        }
        self.touch(now, place);
    }

    fn ask(&mut self, now: Instant, place: u32, station: Option<Mac>) {
        let Some(entry) = &self.entries[place as usize] else { return };
        self.owed.push_back(Owed::Ask { address: entry.address, station });
        // RFC 1122 §2.3.2.1: at most one request a second for each destination.
        self.set_timer(now, place, self.knobs.retry_interval);
    }

    fn set_timer(&mut self, now: Instant, place: u32, after: Duration) {
        self.timers.set(place, now + after);
    }

    fn owe_change(&mut self, place: u32) {
        let Some(entry) = &self.entries[place as usize] else { return };
        let (state, mac) = entry.known();
        self.owed.push_back(Owed::Changed { address: entry.address, mac, state });
    }

    fn release(&mut self, place: u32) {
        if let Some((mac, packets, waiters)) = self.take_waiting(place) {
            self.owed.push_back(Owed::Release { mac, packets, waiters });
        }
    }

    fn fail(&mut self, place: u32) {
        if let Some((_, packets, waiters)) = self.take_waiting(place) {
            self.owed.push_back(Owed::Fail { packets, waiters });
        }
    }

    fn take_waiting(&mut self, place: u32) -> Option<(Mac, VecDeque<Parked>, Vec<Waiter>)> {
        let entry = self.entries[place as usize].as_mut()?;
        let (packets, waiters) = (self.waiting.take(&mut entry.packets), core::mem::take(&mut entry.waiters));
        (!packets.is_empty() || !waiters.is_empty()).then_some((entry.mac, packets, waiters))
    }
}

impl Entry {
    /// Its state as others see it, and the hardware address if that means anything.
    fn known(&self) -> (NeighborState, Option<Mac>) {
        let (state, known) = match self.state {
            State::Incomplete { .. } => (NeighborState::Incomplete, false),
            State::Reachable { .. } => (NeighborState::Reachable, true),
            State::Polled { .. } => (NeighborState::Stale, true),
            State::Static => (NeighborState::Static, true),
            State::Failed => (NeighborState::Failed, false),
        };
        (state, known.then_some(self.mac))
    }
}

#[cfg(test)]
mod tests;
