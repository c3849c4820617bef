//! Source routes (RFC 791 §3.1): the sender names stations by way of which a packet goes.
//!
//! A route is refused unless a knob allows it (RFC 7126 §4.3.5, §4.4.5). Allowed, it is followed as RFC 1812 §5.2.4.2
//! says, and a host reverses the one it received for its answer (RFC 1122 §3.2.1.8 (c)).

use core::net::Ipv4Addr;

use super::record::{check_pointer, filled, place_of};
use super::{List, kind};
use crate::time::Instant;

/// Octets in front of the first address, and of an address.
const HEAD: usize = 3;
const WORD: usize = 4;
/// Addresses that fit.
const MOST: usize = 9;

/// A source route that is followed one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceRoute {
    /// The next destination.
    pub next: Ipv4Addr,
    /// Whether it has to be on a directly connected network.
    pub strict: bool,
}

/// Checks a source route option: whether it leads further. Else the octet in error, counted from the option's first.
pub fn check(option: &[u8]) -> Result<bool, usize> {
    check_pointer(option, HEAD, WORD)?;
    // RFC 791 §3.1: it is at its end when its pointer, counted from 1, is beyond its length.
    Ok(usize::from(option[2]) <= option.len())
}

const fn is_source_route(kind: u8) -> bool {
    matches!(kind, kind::LOOSE_SOURCE_ROUTE | kind::STRICT_SOURCE_ROUTE)
}

impl List {
    /// Options with which a packet goes by way of `hops` (at most 9), as a program sets them; the first becomes the
    /// packet's destination when it is sent.
    pub fn source_route(strict: bool, hops: &[Ipv4Addr]) -> Self {
        let kind = if strict { kind::STRICT_SOURCE_ROUTE } else { kind::LOOSE_SOURCE_ROUTE };
        let mut list = Self::EMPTY;
        list.push_source_route(kind, hops);
        list
    }

    fn push_source_route(&mut self, kind: u8, hops: &[Ipv4Addr]) {
        let hops = &hops[..hops.len().min(MOST)];
        let length = HEAD + WORD * hops.len();
        let mut option = [0; HEAD + MOST * WORD];
        option[..HEAD].copy_from_slice(&[kind, length as u8, HEAD as u8 + 1]);
        for (place, hop) in option[HEAD..].as_chunks_mut::<WORD>().0.iter_mut().zip(hops) {
            *place = hop.octets();
        }
        self.push(&option[..length]);
    }

    /// Where a packet with an unfinished source route goes next.
    pub fn next_hop(&self) -> Option<SourceRoute> {
        let option = self.find(is_source_route)?;
        let begin = usize::from(option[2]) - 1;
        let next = Ipv4Addr::from(*option.get(begin..)?.first_chunk::<WORD>()?);
        Some(SourceRoute { next, strict: option[0] == kind::STRICT_SOURCE_ROUTE })
    }

    /// Follows a source route one step: RFC 791 §3.1 has the address just used replaced by the one, `own`, by which the
    /// packet leaves.
    pub fn advance(&mut self, own: Ipv4Addr) {
        for kind in [kind::LOOSE_SOURCE_ROUTE, kind::STRICT_SOURCE_ROUTE] {
            if let Some(option) = self.find_mut(kind)
                && let Some(place) = place_of(option, WORD)
            {
                place.copy_from_slice(&own.octets());
                option[2] += WORD as u8;
            }
        }
    }

    /// What a program's options become when a packet is sent to `destination`: the header's destination, and the
    /// options that follow it. A source route begins with its first hop and ends with `destination`.
    #[must_use]
    pub fn originate(&self, destination: Ipv4Addr) -> (Ipv4Addr, Self) {
        let Some(SourceRoute { next, .. }) = self.next_hop() else { return (destination, *self) };
        let mut list = *self;
        for kind in [kind::LOOSE_SOURCE_ROUTE, kind::STRICT_SOURCE_ROUTE] {
            if let Some(option) = list.find_mut(kind) {
                option.copy_within(HEAD + WORD.., HEAD);
                let last = option.len() - WORD;
                option[last..].copy_from_slice(&destination.octets());
            }
        }
        (next, list)
    }

    /// The options of the answer to a packet from `source` with these options, that leaves by `own` at `now`: the route
    /// and the time stamps go on where they are (RFC 1122 §3.2.2.6), and a source route goes back (RFC 1122 §3.2.1.8
    /// (c)). The rest is not repeated. With it, where the answer goes first.
    #[must_use]
    pub fn reply(
        &self,
        source: Ipv4Addr,
        own: Ipv4Addr,
        is_own: impl Fn(Ipv4Addr) -> bool,
        now: Instant,
    ) -> (Ipv4Addr, Self) {
        let (mut reply, mut first) = (Self::EMPTY, source);
        for option in self.iter() {
            match option[0] {
                kind::RECORD_ROUTE | kind::TIME_STAMP => _ = reply.push(option),
                kind::LOOSE_SOURCE_ROUTE | kind::STRICT_SOURCE_ROUTE => {
                    let came = filled(option, HEAD).as_chunks::<WORD>().0;
                    let mut back = came.iter().rev().map(|word| Ipv4Addr::from(*word));
                    let Some(hop) = back.next() else { continue };
                    let mut hops = [source; MOST];
                    for (place, hop) in hops.iter_mut().zip(back) {
                        *place = hop;
                    }
                    first = hop;
                    reply.push_source_route(option[0], &hops[..came.len()]);
                }
                _ => {}
            }
        }
        reply.fill(own, is_own, now);
        (first, reply)
    }
}
