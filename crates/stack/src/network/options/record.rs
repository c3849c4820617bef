//! Record route and time stamp (RFC 791 §3.1): whoever forwards a packet, and of time stamps whoever receives it, fills
//! them in.

use core::net::Ipv4Addr;

use super::{List, kind};
use crate::time::Instant;

/// What a time stamp option records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamps {
    /// Times only.
    Times,
    /// The address of who stamps, with each time.
    Addressed,
    /// Times of those only whose addresses stand there beforehand.
    Prespecified,
}

/// A time stamp that was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// By whom, where that is recorded.
    pub by: Option<Ipv4Addr>,
    /// When, in milliseconds since midnight UT. The highest bit says that it is another measure of time.
    pub time: u32,
}

const MILLISECONDS_A_DAY: u64 = 86_400_000;
/// Octets in front of the first recorded address, and of the first time stamp.
const ROUTE_HEAD: usize = 3;
const STAMPS_HEAD: usize = 4;
/// Octets of an address, and of a time.
const WORD: usize = 4;

/// RFC 1122 §3.2.2.8: milliseconds since midnight UT. A run begins at midnight.
pub const fn time_of_day(now: Instant) -> u32 {
    (now.as_millis() % MILLISECONDS_A_DAY) as u32
}

/// Checks a record route option; the octet in error, counted from the option's first.
pub fn check_route(option: &[u8]) -> Result<(), usize> {
    check_pointer(option, ROUTE_HEAD, WORD)
}

/// Checks a time stamp option; the octet in error, counted from the option's first.
pub fn check_stamps(option: &[u8]) -> Result<(), usize> {
    let &[_, _, pointer, flags, ..] = option else { return Err(1) };
    let entry = match flags & 0x0f {
        0 => WORD,
        1 | 3 => 2 * WORD,
        _ => return Err(3),
    };
    check_pointer(option, STAMPS_HEAD, entry)?;
    // RFC 791 §3.1: nor may the count of those without room overflow.
    let full = usize::from(pointer) > option.len();
    if full && flags & 0x0f != 3 && flags >> 4 == 0x0f { Err(3) } else { Ok(()) }
}

/// RFC 791 §3.1: the pointer counts octets from 1; where there is room for some octets but not for a whole entry, the
/// packet is in error.
pub(super) fn check_pointer(option: &[u8], head: usize, entry: usize) -> Result<(), usize> {
    let Some(pointer) = option.get(2).map(|pointer| usize::from(*pointer)) else { return Err(1) };
    if option.len() < head {
        return Err(1);
    }
    let fits = pointer > option.len() || pointer + entry <= option.len() + 1;
    if pointer > head && fits { Ok(()) } else { Err(2) }
}

impl List {
    /// An option that records the addresses of up to 9 hosts and routers on the way.
    pub fn record_route(slots: u8) -> Self {
        let length = ROUTE_HEAD + WORD * usize::from(slots.min(9));
        let mut option = [0; ROUTE_HEAD + 9 * WORD];
        option[..ROUTE_HEAD].copy_from_slice(&[kind::RECORD_ROUTE, length as u8, ROUTE_HEAD as u8 + 1]);
        let mut list = Self::EMPTY;
        list.push(&option[..length]);
        list
    }

    /// An option that records up to 9 times, or 4 with addresses.
    pub fn time_stamp(stamps: Stamps, slots: u8) -> Self {
        let (flag, entry, most) = match stamps {
            Stamps::Times => (0, WORD, 9),
            Stamps::Addressed => (1, 2 * WORD, 4),
            Stamps::Prespecified => (3, 2 * WORD, 4),
        };
        let length = STAMPS_HEAD + entry * usize::from(slots.min(most));
        let mut option = [0; STAMPS_HEAD + 9 * WORD];
        option[..STAMPS_HEAD].copy_from_slice(&[kind::TIME_STAMP, length as u8, STAMPS_HEAD as u8 + 1, flag]);
        let mut list = Self::EMPTY;
        list.push(&option[..length]);
        list
    }

    /// What the host or router that sends the packet on by the address `own` at `now` writes in: its address into a
    /// recorded route, and a time stamp.
    pub fn fill(&mut self, own: Ipv4Addr, is_own: impl Fn(Ipv4Addr) -> bool, now: Instant) {
        if let Some(option) = self.find_mut(kind::RECORD_ROUTE) {
            // RFC 791 §3.1: a full one is passed on as it is.
            if let Some(place) = place_of(option, WORD) {
                place.copy_from_slice(&own.octets());
                option[2] += WORD as u8;
            }
        }
        self.stamp(own, is_own, now);
    }

    /// What the host that a packet is for writes in at `now`: a time stamp (RFC 1122 §3.2.1.8 (e)).
    pub fn stamp(&mut self, own: Ipv4Addr, is_own: impl Fn(Ipv4Addr) -> bool, now: Instant) {
        let Some(option) = self.find_mut(kind::TIME_STAMP) else { return };
        let flag = option[3] & 0x0f;
        let entry = if flag == 0 { WORD } else { 2 * WORD };
        let Some(place) = place_of(option, entry) else {
            // RFC 791 §3.1: who finds no room counts itself, as far as the count goes; where they are named beforehand,
            // nobody asked it.
            if flag != 3 && option[3] < 0xf0 {
                option[3] += 0x10;
            }
            return;
        };
        let time = time_of_day(now).to_be_bytes();
        match (flag, place) {
            (0, place) => place.copy_from_slice(&time),
            (1, [a, b, c, d, rest @ ..]) => {
                [*a, *b, *c, *d] = own.octets();
                rest.copy_from_slice(&time);
            }
            (_, [a, b, c, d, rest @ ..]) => {
                if !is_own(Ipv4Addr::new(*a, *b, *c, *d)) {
                    return;
                }
                rest.copy_from_slice(&time);
            }
            _ => return,
        }
        option[2] += entry as u8;
    }

    /// The addresses that a record route option holds, in order.
    pub fn recorded_route(&self) -> impl Iterator<Item = Ipv4Addr> {
        let option = self.find(|kind| kind == kind::RECORD_ROUTE).unwrap_or_default();
        filled(option, ROUTE_HEAD).as_chunks::<WORD>().0.iter().map(|word| Ipv4Addr::from(*word))
    }

    /// The time stamps that a time stamp option holds, in order.
    pub fn stamps(&self) -> impl Iterator<Item = Stamp> {
        let option = self.find(|kind| kind == kind::TIME_STAMP).unwrap_or_default();
        let addressed = option.get(3).is_some_and(|flags| flags & 0x0f != 0);
        filled(option, STAMPS_HEAD).chunks_exact(if addressed { 2 * WORD } else { WORD }).filter_map(
            move |entry| {
                let (address, time) = entry.split_at(entry.len() - WORD);
                let by = address.first_chunk::<WORD>().map(|octets| Ipv4Addr::from(*octets));
                Some(Stamp { by, time: u32::from_be_bytes(*time.first_chunk()?) })
            },
        )
    }
}

/// Where the next entry of an option goes, if there is room for it.
pub(super) fn place_of(option: &mut [u8], entry: usize) -> Option<&mut [u8]> {
    let begin = usize::from(option[2]) - 1;
    option.get_mut(begin..begin + entry)
}

/// The entries of an option that are in front of its pointer.
pub(super) fn filled(option: &[u8], head: usize) -> &[u8] {
    let end = option.get(2).map_or(0, |pointer| usize::from(*pointer) - 1);
    option.get(head..end.min(option.len())).unwrap_or_default()
}
