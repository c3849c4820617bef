//! Fragments of several datagrams, and time that passes: what is held stays within its bounds, and what becomes whole is
//! what was sent.
//!
//! The input is a list of steps of seven octets:
//!
//! | octets | meaning |
//! |---|---|
//! | 1 | whose: two bits of the source, two of the identification; the highest bit: seconds pass instead, as many as the rest says |
//! | 1 | bit 0: more fragments follow; bit 1: its octets are others than the datagram's; bit 2: of TCP; bits 3 and 4: ECN; bit 5: with options |
//! | 2 | offset, in units of 8 octets |
//! | 2 | length |
//! | 1 | by which interface |

use std::collections::BTreeSet;

use bytes::Bytes;
use wirelab_stack::frame::InterfaceId;
use wirelab_stack::network::reassembly::{Fragment, Key, Limits, Outcome, Reassembly};
use wirelab_stack::rng::Rng;
use wirelab_stack::time::{Duration, Instant};

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
    bytes: 60_000,
    bytes_per_source: 40_000,
    bytes_per_datagram: 30_000,
    datagrams: 10,
    fragments: 40,
    remembered: 4,
    refuse_tiny: true,
};

/// The octet of every datagram at a place.
fn octet(at: usize) -> u8 {
    (at ^ (at >> 8)) as u8
}

/// Gives what `octets` say to a reassembly.
pub fn reassembly(octets: &[u8]) {
    let mut reassembly = Reassembly::new(LIMITS, &mut Rng::stream(1, "host", "stack"));
    let mut now = Instant::ZERO;
    // Datagrams of which something else was said.
    let mut spoilt = BTreeSet::new();
    for step in octets.as_chunks::<7>().0 {
        let [whose, flags, rest @ ..] = *step;
        if whose & 0x80 != 0 {
            now += Duration::from_secs(u64::from(whose & 0x7f));
            while let Some(expired) = reassembly.expire(now) {
                assert!(expired.first.is_none_or(|first| !first.payload.is_empty()));
            }
            assert!(reassembly.next_timeout().is_none_or(|at| at > now), "what is over stays");
            continue;
        }
        let word = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
        let (offset, length) = ((word(0) & 0x1fff) * 8, usize::from(word(2) % 2048));
        let key = Key {
            source: [10, 0, 0, whose & 3].into(),
            destination: [10, 0, 1, 1].into(),
            protocol: if flags & 4 == 0 { 17 } else { 6 },
            identification: u16::from(whose >> 2 & 3),
        };
        let mut header = vec![0x45, flags >> 3 & 3, 0, 0, 0, 0, 0x20, 0, 64, key.protocol, 0, 0];
        header.extend(key.source.octets().into_iter().chain(key.destination.octets()));
        if flags & 0x20 != 0 {
            header[0] = 0x46;
            header.extend([148, 4, 0, 0]);
        }
        let others = flags & 2 != 0;
        let payload: Bytes =
            (0..length).map(|at| octet(usize::from(offset) + at) ^ u8::from(others)).collect();
        if others {
            spoilt.insert(key);
        }
        let fragment = Fragment {
            header: &header,
            offset,
            more: flags & 1 == 1,
            payload,
            on: InterfaceId(u16::from(rest[4])),
            complain: true,
        };
        let outcome = reassembly.accept(now, key, &fragment);
        assert!(reassembly.take_evicted().len() <= LIMITS.datagrams);
        assert!(reassembly.held() <= LIMITS.bytes, "{} octets", reassembly.held());
        assert!(reassembly.len() <= LIMITS.datagrams, "{} datagrams", reassembly.len());
        assert_eq!(reassembly.is_empty(), reassembly.held() == 0);
        if let Ok(Outcome::Whole(whole)) = outcome {
            let total = u16::from_be_bytes([whole.header()[2], whole.header()[3]]);
            assert_eq!(usize::from(total), whole.header().len() + whole.payload.len());
            let as_sent = whole.payload.iter().enumerate().all(|(at, found)| *found == octet(at));
            assert!(as_sent || spoilt.contains(&key), "it is not what was sent");
        }
    }
    now += LIMITS.timeout;
    while reassembly.expire(now).is_some() {}
    assert!(reassembly.is_empty() && reassembly.held() == 0, "something stays for ever");
}
