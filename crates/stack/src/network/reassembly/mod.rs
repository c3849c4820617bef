//! Reassembly of fragmented datagrams (RFC 791 §3.2, RFC 815, RFC 1122 §3.3.2), bounded.
//!
//! A datagram is known by source, destination, protocol and identification. What overlaps is never guessed at: the whole
//! datagram goes (RFC 5722 §4). What was assembled is remembered for a while, so that fragments which the network
//! doubled do not make a second one. Where a bound is reached the oldest makes room: a flood of fragments that never
//! become whole pushes out its own.
//!
//! | file | holds |
//! |---|---|
//! | `datagram` | one datagram: its pieces and its holes |
//! | here | all of them: keys, bounds, time-outs |

mod datagram;
#[cfg(test)]
mod tests;

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, VecDeque};

use etherparse::IpNumber;

use self::datagram::{DATAGRAM_STORAGE, Datagram, LONGEST, Placed, storage};
use super::Knobs;
use crate::frame::InterfaceId;
use crate::rng::Rng;
use crate::table::Table;
use crate::time::{Duration, Instant};
use crate::trace::DropReason;

pub use datagram::{Assembled, Fragment};

/// Which datagram a fragment belongs to (RFC 791 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// What it carries.
    pub protocol: u8,
    /// Which of those.
    pub identification: u16,
}

/// How long, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From a datagram's first fragment to its end.
    pub timeout: Duration,
    /// Octets of storage for all datagrams.
    pub bytes: usize,
    /// Octets of storage for those of one source.
    pub bytes_per_source: usize,
    /// Octets of storage for one.
    pub bytes_per_datagram: usize,
    /// Datagrams at once.
    pub datagrams: usize,
    /// Fragments of one.
    pub fragments: usize,
    /// Assembled datagrams that are remembered.
    pub remembered: usize,
    /// Whether first fragments are refused that carry less of TCP than a filter has to see.
    pub refuse_tiny: bool,
}

impl Limits {
    /// Those that the knobs set.
    pub fn of(knobs: &Knobs) -> Self {
        Self {
            timeout: knobs.reassembly_timeout,
            bytes: knobs.max_reassembly_bytes,
            bytes_per_source: knobs.max_reassembly_bytes_per_source,
            bytes_per_datagram: knobs.max_reassembly_bytes_per_datagram,
            datagrams: knobs.max_reassemblies,
            fragments: knobs.max_fragments,
            remembered: knobs.max_remembered_datagrams,
            refuse_tiny: knobs.refuse_tiny_fragments,
        }
    }
}

/// What became of a fragment that was taken.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Others are missing.
    Held,
    /// It was the last one missing.
    Whole(Assembled),
}

/// A datagram whose fragments did not all come in time.
#[derive(Clone, Debug)]
pub struct Expired {
    /// By which interface its fragments came.
    pub on: InterfaceId,
    /// Its first fragment, if that came.
    pub first: Option<Assembled>,
}

/// What one source has here.
#[derive(Clone, Debug, Default)]
struct Source {
    held: usize,
    /// Its datagrams, oldest first.
    order: BTreeMap<u64, u32>,
}

/// All datagrams that wait for fragments.
#[derive(Clone, Debug)]
pub struct Reassembly {
    limits: Limits,
    places: Table<Key, u32>,
    datagrams: Vec<Option<(Key, Datagram)>>,
    free: Vec<u32>,
    /// Oldest first. All wait equally long, so that the first of them ends first.
    order: BTreeMap<u64, u32>,
    sources: Table<Ipv4Addr, Source>,
    held: usize,
    serial: u64,
    /// Those that were assembled last, and when.
    assembled: VecDeque<(Key, Instant)>,
    /// Datagrams that were assembled.
    pub oks: u64,
    /// Datagrams that were given up before their time was over, and did not make room.
    pub fails: u64,
    /// Those that made room since they were last asked for: by which interface they came.
    evicted: Vec<InterfaceId>,
}

impl Reassembly {
    /// Nothing yet; the keys of its tables are drawn from `rng`.
    pub fn new(limits: Limits, rng: &mut Rng) -> Self {
        Self {
            limits,
            places: Table::new(rng),
            datagrams: Vec::new(),
            free: Vec::new(),
            order: BTreeMap::new(),
            sources: Table::new(rng),
            held: 0,
            serial: 0,
            assembled: VecDeque::new(),
            oks: 0,
            fails: 0,
            evicted: Vec::new(),
        }
    }

    /// Octets of storage that are held.
    pub const fn held(&self) -> usize {
        self.held
    }

    /// How many datagrams are here, those that were given up and not yet forgotten too.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// When the first of them ends.
    pub fn next_timeout(&self) -> Option<Instant> {
        let place = *self.order.first_key_value()?.1;
        self.datagrams[place as usize].as_ref().map(|(_, datagram)| datagram.ends)
    }

    /// Takes a fragment.
    ///
    /// # Errors
    /// Why it is dropped, and maybe its datagram too.
    pub fn accept(&mut self, now: Instant, key: Key, fragment: &Fragment<'_>) -> Result<Outcome, DropReason> {
        self.check(key, fragment)?;
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.begin(now, key, fragment)?,
        };
        let Some((_, datagram)) = &self.datagrams[place as usize] else {
            unreachable!("a place that is taken")
        };
        if let Some(reason) = datagram.dead {
            return Err(reason);
        }
        match datagram.place(fragment) {
            Placed::InHole => {}
            Placed::Again => return Err(DropReason::FragmentAgain),
            Placed::Overlaps => return Err(self.kill(place, DropReason::FragmentOverlap)),
        }
        let (more, source) = (storage(fragment), datagram.source);
        if datagram.pieces() >= self.limits.fragments || datagram.held + more > self.most_per_datagram() {
            return Err(self.kill(place, DropReason::FragmentLimit));
        }
        while let Some(own) = self.sources.get(&source)
            && own.held + more > self.limits.bytes_per_source
        {
            self.evict(Self::oldest(&own.order, place));
        }
        while self.held + more > self.limits.bytes {
            self.evict(Self::oldest(&self.order, place));
        }
        self.fill(now, place, fragment)
    }

    /// What one datagram may take.
    fn most_per_datagram(&self) -> usize {
        self.limits.bytes_per_datagram.min(self.limits.bytes_per_source).min(self.limits.bytes)
    }

    /// What can be said of a fragment by itself.
    fn check(&self, key: Key, fragment: &Fragment<'_>) -> Result<(), DropReason> {
        let length = fragment.payload.len();
        // RFC 791 §3.2: all but the last are multiples of 8 octets; and an empty one is a piece of nothing.
        if length == 0 || (fragment.more && !length.is_multiple_of(8)) {
            return Err(DropReason::FragmentMalformed);
        }
        // RFC 791 §3.1: no datagram is longer than 65,535 octets with its header ("ping of death").
        if fragment.end() > LONGEST {
            return Err(DropReason::FragmentTooLong);
        }
        // RFC 1858 §3.2.1 and §4: a filter sees ports and flags in the first fragment; none may begin inside of them.
        let hides = (fragment.offset == 0 && length < 16) || fragment.offset == 8;
        if self.limits.refuse_tiny && hides && key.protocol == IpNumber::TCP.0 {
            return Err(DropReason::FragmentTiny);
        }
        Ok(())
    }

    /// Makes a place for a datagram of which nothing is here.
    fn begin(&mut self, now: Instant, key: Key, fragment: &Fragment<'_>) -> Result<u32, DropReason> {
        while self.assembled.front().is_some_and(|(_, at)| now.since(*at) >= self.limits.timeout) {
            self.assembled.pop_front();
        }
        if self.assembled.iter().any(|(done, _)| *done == key) {
            return Err(DropReason::FragmentAgain);
        }
        let least = DATAGRAM_STORAGE + storage(fragment);
        // What could not be held by itself leaves nothing behind: it would take from its source's share unasked.
        if self.limits.datagrams == 0 || self.limits.fragments == 0 || least > self.most_per_datagram() {
            return Err(DropReason::FragmentLimit);
        }
        while self.len() >= self.limits.datagrams || self.held + DATAGRAM_STORAGE > self.limits.bytes {
            self.evict(Self::oldest(&self.order, u32::MAX));
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.datagrams.push(None);
            self.datagrams.len() as u32 - 1
        });
        self.serial += 1;
        let ends = now + self.limits.timeout;
        let datagram = Datagram::new(key.source, self.serial, ends, fragment);
        self.datagrams[place as usize] = Some((key, datagram));
        self.places.insert(key, place);
        self.order.insert(self.serial, place);
        if self.sources.get(&key.source).is_none() {
            self.sources.insert(key.source, Source::default());
        }
        if let Some(source) = self.sources.get_mut(&key.source) {
            source.order.insert(self.serial, place);
        }
        self.count(key.source, 0, DATAGRAM_STORAGE);
        Ok(place)
    }

    /// Puts in a fragment that fits, and for which there is room.
    fn fill(&mut self, now: Instant, place: u32, fragment: &Fragment<'_>) -> Result<Outcome, DropReason> {
        let Some((key, datagram)) = &mut self.datagrams[place as usize] else {
            unreachable!("it was just found")
        };
        let (key, before) = (*key, datagram.held);
        datagram.fill(fragment);
        let (after, whole) = (datagram.held, datagram.is_whole());
        self.count(key.source, before, after);
        if !whole {
            return Ok(Outcome::Held);
        }
        let assembled = self.remove(place).ok_or(DropReason::FragmentLimit).and_then(Datagram::assemble);
        if self.limits.remembered > 0 {
            if self.assembled.len() >= self.limits.remembered {
                self.assembled.pop_front();
            }
            self.assembled.push_back((key, now));
        }
        match assembled {
            Ok(assembled) => {
                self.oks += 1;
                Ok(Outcome::Whole(assembled))
            }
            Err(reason) => {
                self.fails += 1;
                Err(reason)
            }
        }
    }

    /// The next datagram whose time is over at `now`. What was given up before is only forgotten.
    pub fn expire(&mut self, now: Instant) -> Option<Expired> {
        while self.next_timeout()? <= now {
            let datagram = self.remove(*self.order.first_key_value()?.1)?;
            if datagram.dead.is_none() {
                return Some(Expired { on: datagram.on, first: datagram.into_first() });
            }
        }
        None
    }

    /// The oldest of `order` besides `but`. There is another, where `but` has room by itself.
    fn oldest(order: &BTreeMap<u64, u32>, but: u32) -> u32 {
        order.values().find(|place| **place != but).copied().unwrap_or(but)
    }

    /// A datagram makes room.
    fn evict(&mut self, place: u32) {
        if let Some(datagram) = self.remove(place).filter(|datagram| datagram.dead.is_none()) {
            self.evicted.push(datagram.on);
        }
    }

    /// The datagrams that made room since the last time: by which interface each came.
    pub fn take_evicted(&mut self) -> Vec<InterfaceId> {
        core::mem::take(&mut self.evicted)
    }

    /// A datagram is given up; what comes of it until its time is over is dropped.
    fn kill(&mut self, place: u32, reason: DropReason) -> DropReason {
        if let Some((key, datagram)) = &mut self.datagrams[place as usize] {
            let (source, before) = (key.source, datagram.held);
            datagram.kill(reason);
            let after = datagram.held;
            self.fails += 1;
            self.count(source, before, after);
        }
        reason
    }

    fn remove(&mut self, place: u32) -> Option<Datagram> {
        let (key, datagram) = self.datagrams.get_mut(place as usize)?.take()?;
        self.places.remove(&key);
        self.order.remove(&datagram.serial);
        self.free.push(place);
        if let Some(source) = self.sources.get_mut(&key.source) {
            source.order.remove(&datagram.serial);
        }
        self.count(key.source, datagram.held, 0);
        if self.sources.get(&key.source).is_some_and(|source| source.order.is_empty()) {
            self.sources.remove(&key.source);
        }
        if self.places.is_empty() {
            // Idle it holds nothing.
            (self.datagrams, self.free) = (Vec::new(), Vec::new());
        }
        Some(datagram)
    }

    /// What a datagram of `source` holds has changed.
    fn count(&mut self, source: Ipv4Addr, before: usize, after: usize) {
        self.held = self.held + after - before;
        if let Some(source) = self.sources.get_mut(&source) {
            source.held = source.held + after - before;
        }
    }
}
