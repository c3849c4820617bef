//! IPv4 options (RFC 791 §3.1): read with their lengths checked, kept in their order, filled in on the way.
//!
//! | file | holds |
//! |---|---|
//! | here | what a list of options is, what is wrong with one, which options a fragment repeats |
//! | `record` | record route and time stamp: who forwards or receives a packet fills them in |
//! | `source_route` | loose and strict source routes: followed, reversed, originated |

mod record;
mod source_route;
#[cfg(test)]
mod tests;

use core::fmt;
use core::ops::Range;

pub use record::{Stamp, Stamps};
pub use source_route::SourceRoute;

/// Octets that all options of a header may take (RFC 791 §3.1: a header has at most 60).
pub const LONGEST: usize = 40;

/// Kinds of options: the copied flag, the class and the number in one octet.
pub mod kind {
    /// RFC 791 §3.1: what follows is padding.
    pub const END: u8 = 0;
    /// RFC 791 §3.1: padding before the next option.
    pub const NO_OPERATION: u8 = 1;
    /// RFC 791 §3.1: who forwards writes its address in.
    pub const RECORD_ROUTE: u8 = 7;
    /// RFC 791 §3.1: who handles it writes the time in.
    pub const TIME_STAMP: u8 = 68;
    /// RFC 791 §3.1: by way of these, and others between them.
    pub const LOOSE_SOURCE_ROUTE: u8 = 131;
    /// RFC 791 §3.1: by way of these and no others.
    pub const STRICT_SOURCE_ROUTE: u8 = 137;
    /// RFC 2113 §2.1: routers look closer.
    pub const ROUTER_ALERT: u8 = 148;
    /// RFC 791 §3.1: the flag of an option that each fragment repeats.
    pub const COPIED: u8 = 0x80;
}

/// What the options of a packet that arrived mean for whoever handles it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Options {
    /// There are none.
    Fine,
    /// There are some, and they parse.
    Present(Marks),
    /// They do not parse, at this octet of the header: a parameter problem.
    Malformed(u8),
}

/// What stands in a list of options, without its details.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// A source route, finished or not.
    pub source_route: bool,
    /// A source route that is not at its end: the packet is for somebody else, further on.
    pub source_routed: bool,
    /// Somebody wants routers to look closer (RFC 2113 §2.1). Values other than 0 are nobody's.
    pub router_alert: bool,
    /// Something that who forwards or receives the packet has to fill in.
    pub to_fill: bool,
}

/// Options of one header, in their order and padded to a multiple of 4 octets. Well formed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct List {
    octets: [u8; LONGEST],
    length: u8,
}

/// Checks `octets`, which stand behind the first 20 octets of a header.
#[cold]
pub fn check(octets: &[u8]) -> Options {
    match scan(octets) {
        Ok(marks) => Options::Present(marks),
        Err(at) => Options::Malformed((20 + at) as u8),
    }
}

/// What the options are, or where the first octet in error stands (RFC 1122 §3.2.2.5).
fn scan(octets: &[u8]) -> Result<Marks, usize> {
    let mut marks = Marks::default();
    let (mut recorded, mut stamped) = (false, false);
    let mut at = 0;
    while let Some(&kind) = octets.get(at) {
        match kind {
            kind::END => break,
            kind::NO_OPERATION => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let length = usize::from(octets.get(at + 1).copied().unwrap_or(0));
        if length < 2 || at + length > octets.len() {
            return Err(at + 1);
        }
        let option = &octets[at..at + length];
        // RFC 791 §3.1: each of these appears at most once; a second begins at an octet in error.
        let first = |seen: &mut bool| if core::mem::replace(seen, true) { Err(at) } else { Ok(()) };
        match kind {
            kind::LOOSE_SOURCE_ROUTE | kind::STRICT_SOURCE_ROUTE => {
                // RFC 1122 §3.2.1.8 (c): nor both of them.
                first(&mut marks.source_route)?;
                marks.source_routed = source_route::check(option).map_err(|inside| at + inside)?;
            }
            kind::RECORD_ROUTE => {
                first(&mut recorded)?;
                record::check_route(option).map_err(|inside| at + inside)?;
                marks.to_fill = true;
            }
            kind::TIME_STAMP => {
                first(&mut stamped)?;
                record::check_stamps(option).map_err(|inside| at + inside)?;
                marks.to_fill = true;
            }
            kind::ROUTER_ALERT => {
                // RFC 2113 §2.1: the length is 4; a value that is not known is ignored.
                let value = option.get(2..).filter(|value| value.len() == 2).ok_or(at + 1)?;
                marks.router_alert |= value == [0, 0];
            }
            // RFC 1122 §3.2.1.8: what is not understood is ignored, and passed on.
            _ => {}
        }
        at += length;
    }
    Ok(marks)
}

impl List {
    /// No options.
    pub const EMPTY: Self = Self { octets: [0; LONGEST], length: 0 };

    /// Reads options as they stand in a header, or as a program gives them.
    ///
    /// # Errors
    /// Which octet, counted from the header's first, is wrong: the pointer of a parameter problem.
    pub fn read(octets: &[u8]) -> Result<Self, u8> {
        if octets.len() > LONGEST {
            return Err((20 + LONGEST) as u8);
        }
        scan(octets).map_err(|at| (20 + at) as u8)?;
        let mut list = Self::EMPTY;
        list.octets[..octets.len()].copy_from_slice(octets);
        // RFC 791 §3.1: what pads a header is zero.
        list.length = octets.len().next_multiple_of(4) as u8;
        Ok(list)
    }

    /// The option that asks routers to look closer (RFC 2113 §2.1).
    pub fn router_alert() -> Self {
        let mut list = Self::EMPTY;
        list.push(&[kind::ROUTER_ALERT, 4, 0, 0]);
        list
    }

    /// Adds an option that is well formed; false where there is no room.
    fn push(&mut self, option: &[u8]) -> bool {
        let end = self.end();
        let Some(place) = self.octets.get_mut(end..end + option.len()) else { return false };
        place.copy_from_slice(option);
        self.length = (end + option.len()).next_multiple_of(4) as u8;
        true
    }

    /// Where the options end, without padding.
    fn end(&self) -> usize {
        self.places().last().map_or(0, |place| place.end)
    }

    /// The octets, padding included: they follow the 20 octets of the header.
    #[inline]
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }

    /// How many octets they take in a header.
    #[inline]
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What stands in it, without the details.
    pub fn marks(&self) -> Marks {
        scan(self.octets()).unwrap_or_default()
    }

    /// Where each option stands, without the padding, in order.
    fn places(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let list = *self;
        let mut at = 0;
        core::iter::from_fn(move || {
            let octets = list.octets();
            while octets.get(at) == Some(&kind::NO_OPERATION) {
                at += 1;
            }
            if *octets.get(at)? == kind::END {
                return None;
            }
            let begin = at;
            at += usize::from(*octets.get(at + 1)?);
            Some(begin..at)
        })
    }

    /// The options in order, each with its kind and length.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places().map(|place| &self.octets[place])
    }

    /// The first option of a kind.
    fn find(&self, wanted: impl Fn(u8) -> bool) -> Option<&[u8]> {
        self.iter().find(|option| wanted(option[0]))
    }

    /// The first option of a kind, to change.
    fn find_mut(&mut self, wanted: u8) -> Option<&mut [u8]> {
        let place = self.places().find(|place| self.octets[place.start] == wanted)?;
        Some(&mut self.octets[place])
    }

    /// What the fragments behind the first repeat (RFC 791 §3.1: the options whose copied flag is set).
    #[must_use]
    pub fn copied(&self) -> Self {
        let mut copied = Self::EMPTY;
        for option in self.iter().filter(|option| option[0] & kind::COPIED != 0) {
            copied.push(option);
        }
        copied
    }
}

impl Default for List {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
