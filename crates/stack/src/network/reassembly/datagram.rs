//! One datagram that waits for its fragments: its pieces, and its holes (RFC 815 §3).

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use crate::frame::InterfaceId;
use crate::network::ipv4::{self, HEADER};
use crate::time::Instant;
use crate::trace::DropReason;

/// What a datagram holds besides its pieces, in octets of storage: itself, its places in the tables.
pub const DATAGRAM_STORAGE: usize = size_of::<Datagram>() + 128;
/// What a piece holds besides its octets: its place among the pieces, its hole, the count of its references.
pub const PIECE_STORAGE: usize = 96;

/// The end of the last hole while the datagram's length is not known: RFC 815 §3 calls it infinity.
const INFINITY: u16 = u16::MAX;

/// A fragment that arrived.
#[derive(Clone, Debug)]
pub struct Fragment<'a> {
    /// Its header, as received.
    pub header: &'a [u8],
    /// Where its octets begin.
    pub offset: u16,
    /// Whether others follow it.
    pub more: bool,
    /// Its octets.
    pub payload: Bytes,
    /// By which interface it came.
    pub on: InterfaceId,
    /// Whether its sender may be told of errors.
    pub complain: bool,
}

impl Fragment<'_> {
    /// Behind its last octet.
    pub fn end(&self) -> usize {
        usize::from(self.offset) + self.payload.len()
    }
}

/// A header that was received.
#[derive(Clone, Copy, Debug)]
struct Header {
    octets: [u8; 60],
    length: u8,
}

/// Octets that are missing, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hole {
    first: u16,
    last: u16,
}

/// What became of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placed {
    /// It fills a hole, or a part of one.
    InHole,
    /// The same is there already.
    Again,
    /// It contradicts what is there.
    Overlaps,
}

/// A datagram in pieces.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// The header of the first fragment, where that has come.
    first: Option<Box<Header>>,
    pieces: BTreeMap<u16, Bytes>,
    /// In order.
    holes: Vec<Hole>,
    /// Which ECN codepoints its fragments have, a bit for each.
    ecn: u8,
    /// Why it will not be assembled: what comes of it is dropped (RFC 5722 §4).
    pub dead: Option<DropReason>,
    /// Octets of storage that it holds.
    pub held: usize,
    /// By which interface its first fragment came, or else the fragment that began it.
    pub on: InterfaceId,
    /// Whether its sender may be told of errors.
    pub complain: bool,
    /// Which datagram it is of those that have come.
    pub serial: u64,
    /// When its time is over.
    pub ends: Instant,
    /// What it is counted against.
    pub source: Ipv4Addr,
}

/// A datagram whose pieces are all there, or the first of them.
#[derive(Clone, Debug)]
pub struct Assembled {
    header: Header,
    /// What follows its header.
    pub payload: Bytes,
    /// By which interface it came.
    pub on: InterfaceId,
    /// Whether its sender may be told of errors.
    pub complain: bool,
}

impl Assembled {
    /// Its header.
    pub fn header(&self) -> &[u8] {
        &self.header.octets[..usize::from(self.header.length)]
    }
}

impl Datagram {
    /// Nothing of it is there yet.
    pub fn new(source: Ipv4Addr, serial: u64, ends: Instant, fragment: &Fragment<'_>) -> Self {
        Self {
            first: None,
            pieces: BTreeMap::new(),
            holes: vec![Hole { first: 0, last: INFINITY }],
            ecn: 0,
            dead: None,
            held: DATAGRAM_STORAGE,
            on: fragment.on,
            complain: fragment.complain,
            serial,
            ends,
            source,
        }
    }

    /// How many pieces are there.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Which hole a fragment lies in.
    fn hole_of(&self, fragment: &Fragment<'_>) -> Option<usize> {
        let index = self.holes.partition_point(|hole| hole.first <= fragment.offset).checked_sub(1)?;
        let hole = self.holes[index];
        let inside = fragment.end() <= usize::from(hole.last) + 1;
        // The last fragment ends the datagram: nothing may be there behind it, or be known to be missing.
        let ends = fragment.more || hole.last == INFINITY;
        (inside && ends).then_some(index)
    }

    /// Whether a fragment may be put in. It is not empty.
    pub fn place(&self, fragment: &Fragment<'_>) -> Placed {
        if self.hole_of(fragment).is_some() {
            return Placed::InHole;
        }
        match self.pieces.get(&fragment.offset) {
            // RFC 8200 §4.5: what comes twice, octet for octet, does no harm.
            Some(piece) if *piece == fragment.payload && fragment.more == self.has_more(fragment.end()) => {
                Placed::Again
            }
            _ => Placed::Overlaps,
        }
    }

    /// Whether there is, or has to come, something from `end` on.
    fn has_more(&self, end: usize) -> bool {
        let behind = self.holes.last().is_some_and(|hole| usize::from(hole.last) >= end);
        behind || self.pieces.last_key_value().is_some_and(|(offset, _)| usize::from(*offset) >= end)
    }

    /// Puts in a fragment that [`place`](Self::place) said fits: RFC 815 §3, steps 2 to 7. Its octets are copied: it may
    /// be a small part of a large buffer.
    pub fn fill(&mut self, fragment: &Fragment<'_>) {
        let Some(index) = self.hole_of(fragment) else { return };
        let hole = self.holes[index];
        let (first, end) = (fragment.offset, fragment.end());
        let before = (first > hole.first).then(|| Hole { first: hole.first, last: first - 1 });
        let behind = (fragment.more && end <= usize::from(hole.last))
            .then_some(Hole { first: end as u16, last: hole.last });
        self.holes.splice(index..=index, before.into_iter().chain(behind));
        if first == 0 {
            let mut header = Header { octets: [0; 60], length: fragment.header.len() as u8 };
            header.octets[..fragment.header.len()].copy_from_slice(fragment.header);
            (self.first, self.on, self.complain) = (Some(Box::new(header)), fragment.on, fragment.complain);
        }
        self.ecn |= 1 << (fragment.header[1] & 0x03);
        self.pieces.insert(first, Bytes::copy_from_slice(&fragment.payload));
        self.held += storage(fragment);
    }

    /// Whether nothing is missing: RFC 815 §3, step 8.
    pub const fn is_whole(&self) -> bool {
        self.holes.is_empty()
    }

    /// It will not be assembled; what it held is given back.
    pub fn kill(&mut self, reason: DropReason) {
        (self.first, self.pieces, self.holes) = (None, BTreeMap::new(), Vec::new());
        (self.dead, self.held) = (Some(reason), DATAGRAM_STORAGE);
    }

    /// The first fragment, if that has come.
    pub fn into_first(mut self) -> Option<Assembled> {
        let payload = self.pieces.remove(&0)?;
        Some(Assembled { header: *self.first?, payload, on: self.on, complain: self.complain })
    }

    /// All of it, with the header of its first fragment.
    ///
    /// # Errors
    /// Why it must not be assembled: it would be too long; or some of its fragments met congestion and others say that
    /// they could not have been marked (RFC 3168 §5.3).
    pub fn assemble(self) -> Result<Assembled, DropReason> {
        let mut header = *self.first.ok_or(DropReason::FragmentMalformed)?;
        let octets = &mut header.octets[..usize::from(header.length)];
        let length: usize = self.pieces.values().map(Bytes::len).sum();
        let total = u16::try_from(octets.len() + length).map_err(|_| DropReason::FragmentTooLong)?;
        octets[2..4].copy_from_slice(&total.to_be_bytes());
        octets[6..8].fill(0);
        // RFC 3168 §5.3: congestion that one met all have met.
        if self.ecn & 0b1000 != 0 {
            if self.ecn & 0b0001 != 0 {
                return Err(DropReason::FragmentEcn);
            }
            octets[1] |= 0b11;
        }
        ipv4::seal(octets);
        let mut payload = BytesMut::with_capacity(length);
        for piece in self.pieces.into_values() {
            payload.extend_from_slice(&piece);
        }
        Ok(Assembled { header, payload: payload.freeze(), on: self.on, complain: self.complain })
    }
}

/// Octets of storage that a fragment takes.
pub fn storage(fragment: &Fragment<'_>) -> usize {
    let header = if fragment.offset == 0 { size_of::<Header>() } else { 0 };
    fragment.payload.len() + PIECE_STORAGE + header
}

/// The longest that a datagram can be behind a header of 20 octets.
pub const LONGEST: usize = u16::MAX as usize - HEADER;
