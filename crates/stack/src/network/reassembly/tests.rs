use std::collections::BTreeSet;

use bytes::Bytes;
use proptest::prelude::*;

use super::datagram::PIECE_STORAGE;
use super::*;
use crate::frame::InterfaceId;

const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(60),
    bytes: 400_000,
    bytes_per_source: 300_000,
    bytes_per_datagram: 200_000,
    datagrams: 50,
    fragments: 1000,
    remembered: 8,
    refuse_tiny: true,
};

fn reassembly(limits: Limits) -> Reassembly {
    Reassembly::new(limits, &mut crate::rng::Rng::stream(1, "host", "stack"))
}

fn key(source: u8, identification: u16) -> Key {
    let source = Ipv4Addr::new(10, 0, 0, source);
    Key { source, destination: Ipv4Addr::new(10, 0, 1, 1), protocol: IpNumber::UDP.0, identification }
}

fn at(seconds: u64) -> Instant {
    Instant::from_secs(seconds)
}

/// A header of 20 octets with `tos`.
fn header(tos: u8) -> [u8; 20] {
    let mut header = [0x45, tos, 0, 0, 0, 7, 0x20, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 1, 1];
    crate::network::ipv4::seal(&mut header);
    header
}

const PLAIN: &[u8] = &[0x45, 0, 0, 0, 0, 7, 0x20, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 1, 1];

fn fragment(header: &[u8], offset: u16, more: bool, payload: impl Into<Bytes>) -> Fragment<'_> {
    Fragment { header, offset, more, payload: payload.into(), on: InterfaceId(0), complain: true }
}

/// Octets that differ from place to place.
fn octets(offset: usize, length: usize) -> Vec<u8> {
    (offset..offset + length).map(|at| (at ^ (at >> 8)) as u8).collect()
}

fn piece(offset: u16, more: bool, length: usize) -> Fragment<'static> {
    fragment(PLAIN, offset, more, octets(offset.into(), length))
}

/// What comes of the pieces, given one after the other: why the last was dropped, or how much came.
fn last_of(pieces: &[(u16, bool, usize)]) -> Result<Option<usize>, DropReason> {
    let mut reassembly = reassembly(LIMITS);
    let mut last = Ok(None);
    for (offset, more, length) in pieces {
        last = match reassembly.accept(at(0), key(1, 7), &piece(*offset, *more, *length)) {
            Ok(Outcome::Held) => Ok(None),
            Ok(Outcome::Whole(whole)) => {
                assert_eq!(whole.payload, octets(0, whole.payload.len()));
                assert_eq!(reassembly.held(), 0);
                Ok(Some(whole.payload.len()))
            }
            Err(reason) => Err(reason),
        };
    }
    last
}

#[test]
fn pieces_in_any_order_become_the_whole() {
    // RFC 815 §3
    let pieces = [(0, true, 16), (16, true, 8), (24, true, 32), (56, false, 5)];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(last_of(&order.map(|index| pieces[index])), Ok(Some(61)), "{order:?}");
    }
    assert_eq!(last_of(&pieces[..3]), Ok(None));
    assert_eq!(last_of(&pieces[1..]), Ok(None));
}

#[test]
fn the_whole_has_the_header_of_its_first_piece() {
    // RFC 791 §3.2
    let mut reassembly = reassembly(LIMITS);
    let mut first = header(0x20).to_vec();
    first[0] = 0x46;
    first.extend([148, 4, 0, 0]);
    reassembly.accept(at(0), key(1, 7), &fragment(&header(0), 8, false, octets(8, 3))).unwrap();
    let outcome = reassembly.accept(at(0), key(1, 7), &fragment(&first, 0, true, octets(0, 8))).unwrap();
    let Outcome::Whole(whole) = outcome else { panic!("{outcome:?}") };
    let header = etherparse::Ipv4HeaderSlice::from_slice(whole.header()).unwrap().to_header();
    assert_eq!((header.total_len, header.options.as_slice()), (24 + 11, &[148, 4, 0, 0][..]));
    assert!(!header.more_fragments && header.fragment_offset.value() == 0 && header.dscp.value() == 8);
    assert_eq!(header.header_checksum, header.calc_header_checksum());
}

#[test]
fn what_cannot_be_a_fragment_is_refused() {
    // RFC 791 §3.1, §3.2
    assert_eq!(last_of(&[(0, true, 7)]), Err(DropReason::FragmentMalformed));
    assert_eq!(last_of(&[(0, true, 0)]), Err(DropReason::FragmentMalformed));
    assert_eq!(last_of(&[(8, false, 0)]), Err(DropReason::FragmentMalformed));
    assert_eq!(last_of(&[(65_512, false, 4)]), Err(DropReason::FragmentTooLong), "ping of death");
    assert_eq!(last_of(&[(65_528, true, 8)]), Err(DropReason::FragmentTooLong));
    assert_eq!(last_of(&[(65_512, false, 3)]), Ok(None), "65,535 octets in all");
}

#[test]
fn a_long_header_may_make_it_too_long_after_all() {
    // RFC 791 §3.1
    let mut reassembly = reassembly(LIMITS);
    let mut long = header(0).to_vec();
    long[0] = 0x46;
    long.extend([1; 4]);
    for offset in (8..65_512).step_by(65_504) {
        reassembly.accept(at(0), key(1, 7), &piece(offset, true, 65_504)).unwrap();
    }
    reassembly.accept(at(0), key(1, 7), &piece(65_512, false, 3)).unwrap();
    let last = reassembly.accept(at(0), key(1, 7), &fragment(&long, 0, true, octets(0, 8)));
    assert_eq!(last.unwrap_err(), DropReason::FragmentTooLong);
    assert_eq!((reassembly.held(), reassembly.fails), (0, 1));
}

#[test]
fn filters_see_the_tcp_header_whole() {
    // RFC 1858 §3.2.1, §4; RFC 3128 §4
    let accept = |protocol: IpNumber, refuse_tiny, fragment: &Fragment<'_>| {
        let mut reassembly = reassembly(Limits { refuse_tiny, ..LIMITS });
        let key = Key { protocol: protocol.0, ..key(1, 7) };
        reassembly.accept(at(0), key, fragment).map(|_| ())
    };
    for tiny in [piece(0, true, 8), piece(8, true, 16), piece(8, false, 1)] {
        assert_eq!(accept(IpNumber::TCP, true, &tiny), Err(DropReason::FragmentTiny));
        assert_eq!(accept(IpNumber::TCP, false, &tiny), Ok(()));
        assert_eq!(accept(IpNumber::UDP, true, &tiny), Ok(()));
    }
    for fine in [piece(0, true, 16), piece(16, true, 8)] {
        assert_eq!(accept(IpNumber::TCP, true, &fine), Ok(()));
    }
}

#[test]
fn an_overlap_ends_the_datagram_and_what_follows_of_it() {
    // RFC 5722 §4
    let first = (0, true, 24);
    let overlapping =
        [(8, true, 24), (16, false, 20), (8, true, 8), (0, true, 32), (0, true, 16), (8, false, 3)];
    for other in overlapping {
        for pieces in [[first, other], [other, first]] {
            assert_eq!(last_of(&pieces), Err(DropReason::FragmentOverlap), "{pieces:?}");
        }
        assert_eq!(last_of(&[first, other, (48, false, 4)]), Err(DropReason::FragmentOverlap));
    }
    // "Teardrop": the second lies inside of the first.
    assert_eq!(last_of(&[(0, true, 36 / 8 * 8), (24, false, 4)]), Err(DropReason::FragmentOverlap));
    let mut other = piece(0, true, 24);
    other.payload = vec![0xee; 24].into();
    let mut reassembly = reassembly(LIMITS);
    reassembly.accept(at(0), key(1, 7), &piece(0, true, 24)).unwrap();
    let reason = reassembly.accept(at(0), key(1, 7), &other).unwrap_err();
    assert_eq!(reason, DropReason::FragmentOverlap, "the same place, other octets");
    assert!(reassembly.held() < 1000 && reassembly.len() == 1, "what it held is given back");
}

#[test]
fn contradictions_about_the_end_are_overlaps() {
    // RFC 5722 §4: nothing of it can be trusted.
    assert_eq!(last_of(&[(16, false, 8), (24, true, 8)]), Err(DropReason::FragmentOverlap), "behind the end");
    assert_eq!(last_of(&[(16, false, 8), (24, false, 8)]), Err(DropReason::FragmentOverlap), "two ends");
    assert_eq!(last_of(&[(24, true, 8), (16, false, 8)]), Err(DropReason::FragmentOverlap), "an end inside");
    assert_eq!(
        last_of(&[(16, false, 8), (16, true, 8)]),
        Err(DropReason::FragmentOverlap),
        "an end and none"
    );
    assert_eq!(last_of(&[(16, false, 8), (8, false, 8)]), Err(DropReason::FragmentOverlap));
}

#[test]
fn the_same_fragment_twice_does_no_harm() {
    // RFC 8200 §4.5
    let again = Err(DropReason::FragmentAgain);
    assert_eq!(last_of(&[(8, true, 8), (8, true, 8)]), again);
    assert_eq!(last_of(&[(8, false, 8), (8, false, 8)]), again);
    assert_eq!(last_of(&[(0, true, 8), (8, true, 8), (0, true, 8), (16, false, 1)]), Ok(Some(17)));
    let whole = [(0, true, 8), (8, false, 8)];
    assert_eq!(last_of(&[whole[0], whole[1], whole[0]]), again, "all of it was here");
    assert_eq!(last_of(&[whole[0], whole[1], whole[1]]), again);
}

#[test]
fn what_was_assembled_is_remembered_for_a_while() {
    let mut reassembly = reassembly(LIMITS);
    let complete = |reassembly: &mut Reassembly, now, id| {
        let first = reassembly.accept(now, key(1, id), &piece(0, true, 8));
        first.and_then(|_| reassembly.accept(now, key(1, id), &piece(8, false, 8))).is_ok()
    };
    assert!(complete(&mut reassembly, at(0), 7));
    assert!(!complete(&mut reassembly, at(59), 7), "the network's doubles");
    assert!(complete(&mut reassembly, at(60), 7), "its identification may come again");
    for id in 100..108 {
        assert!(complete(&mut reassembly, at(61), id));
    }
    assert!(complete(&mut reassembly, at(61), 7), "as many as the bound says");
}

#[test]
fn congestion_is_not_lost_in_reassembly() {
    // RFC 3168 §5.3, by codepoints: 0 not capable, 1 and 2 capable, 3 congestion experienced.
    let of = |codepoints: [u8; 3]| {
        let mut reassembly = reassembly(LIMITS);
        let headers = codepoints.map(|ecn| header(0x28 | ecn));
        let pieces = [(0, true), (8, true), (16, false)];
        let mut outcome = Err(DropReason::Truncated);
        for ((offset, more), header) in pieces.into_iter().zip(&headers) {
            let fragment = fragment(header, offset, more, octets(offset.into(), 8));
            outcome = reassembly.accept(at(0), key(1, 7), &fragment);
        }
        outcome.map(|outcome| match outcome {
            Outcome::Whole(whole) => whole.header()[1] & 3,
            Outcome::Held => panic!("three of three"),
        })
    };
    for same in 0..4 {
        assert_eq!(of([same; 3]), Ok(same));
    }
    assert_eq!((of([2, 2, 3]), of([3, 2, 2]), of([1, 3, 1])), (Ok(3), Ok(3), Ok(3)));
    assert_eq!((of([0, 0, 3]), of([3, 2, 0])), (Err(DropReason::FragmentEcn), Err(DropReason::FragmentEcn)));
}

#[test]
fn what_is_not_whole_in_time_ends() {
    // RFC 1122 §3.3.2: the time runs from the first fragment that came, and is not put off.
    let mut reassembly = reassembly(LIMITS);
    reassembly.accept(at(0), key(1, 7), &piece(8, true, 8)).unwrap();
    reassembly.accept(at(50), key(1, 7), &piece(0, true, 8)).unwrap();
    reassembly.accept(at(55), key(1, 8), &piece(8, true, 8)).unwrap();
    assert_eq!(reassembly.next_timeout(), Some(at(60)));
    assert!(reassembly.expire(at(59)).is_none());
    let first = reassembly.expire(at(60)).unwrap().first.expect("its first fragment had come");
    assert_eq!((&first.payload[..], first.header()), (&octets(0, 8)[..], PLAIN));
    assert!(reassembly.expire(at(60)).is_none());
    assert!(reassembly.expire(at(115)).unwrap().first.is_none(), "its first fragment had not come");
    assert_eq!((reassembly.held(), reassembly.len(), reassembly.fails), (0, 0, 0));
    assert_eq!(reassembly.next_timeout(), None);
}

#[test]
fn each_bound_holds() {
    let fill = |limits, sources: u8, count: u16| {
        let mut reassembly = reassembly(limits);
        let (mut most, mut reasons) = (0, BTreeSet::new());
        for id in 0..count {
            for source in 1..=sources {
                for offset in (8..4000).step_by(800) {
                    let taken = reassembly.accept(at(1), key(source, id), &piece(offset, true, 800));
                    reasons.extend(taken.err().map(DropReason::name));
                    most = most.max(reassembly.held());
                }
            }
        }
        (most, reassembly.len(), reasons)
    };
    let (most, datagrams, _) = fill(Limits { datagrams: 90, ..LIMITS }, 1, 100);
    assert!((250_000..=300_000).contains(&most) && datagrams < 90, "{most} octets of one source");
    let (most, datagrams, _) = fill(LIMITS, 9, 100);
    assert!((180_000..=400_000).contains(&most) && datagrams == 50, "{most} octets of nine");
    let (most, ..) = fill(Limits { bytes: 20_000, ..LIMITS }, 9, 100);
    assert!((15_000..=20_000).contains(&most), "{most}");
    let (most, _, reasons) = fill(Limits { bytes_per_datagram: 3000, ..LIMITS }, 1, 1);
    assert!(most <= 3000 && reasons.contains("fragment-limit"), "{most} octets of one datagram");
    let (_, _, reasons) = fill(Limits { fragments: 3, ..LIMITS }, 1, 1);
    assert!(reasons.contains("fragment-limit"));
    // What is given up at once counts too.
    for limits in [Limits { bytes_per_datagram: 1000, ..LIMITS }, Limits { fragments: 0, ..LIMITS }] {
        let limits = Limits { bytes_per_source: 20_000, datagrams: 5000, ..limits };
        let (most, ..) = fill(limits, 1, 3000);
        assert!(most <= 20_000, "{most} octets of one source");
    }
    for nothing in [Limits { datagrams: 0, ..LIMITS }, Limits { bytes: 100, ..LIMITS }] {
        let (most, datagrams, reasons) = fill(nothing, 1, 3);
        assert_eq!((most, datagrams, reasons.len()), (0, 0, 1));
    }
}

#[test]
fn small_pieces_count_as_the_storage_that_they_take() {
    let mut reassembly = reassembly(Limits { bytes_per_datagram: 10_000, ..LIMITS });
    let mut taken = 0;
    while reassembly.accept(at(0), key(1, 7), &piece(16 * (taken + 1), true, 8)).is_ok() {
        taken += 1;
    }
    assert!(usize::from(taken) <= 10_000 / (PIECE_STORAGE + 8), "{taken} pieces of 8 octets in 10,000");
}

#[test]
fn a_flood_does_not_keep_others_from_being_assembled() {
    let mut reassembly = reassembly(LIMITS);
    for round in 0..5000_u16 {
        let id = round.wrapping_mul(7);
        for source in 10..20 {
            let _ = reassembly.accept(at(1), key(source, id), &piece(8 * (round % 500 + 1), true, 504));
            assert!(reassembly.held() <= LIMITS.bytes && reassembly.len() <= LIMITS.datagrams);
        }
        if round % 10 == 0 {
            reassembly.accept(at(1), key(1, round), &piece(0, true, 1480)).unwrap();
            for source in 20..40 {
                let _ = reassembly.accept(at(1), key(source, id), &piece(8, true, 8));
            }
            let last = reassembly.accept(at(1), key(1, round), &piece(1480, false, 100));
            assert!(matches!(last, Ok(Outcome::Whole(_))), "{last:?}");
        }
    }
    assert_eq!(reassembly.oks, 500);
}

/// What RFC 791 §3.2 and RFC 5722 §4 say of one datagram, by a map of its octets.
struct Model {
    octets: Vec<Option<u8>>,
    end: Option<usize>,
    pieces: Vec<(usize, Vec<u8>, bool)>,
    over: Option<DropReason>,
}

impl Model {
    fn accept(&mut self, offset: usize, more: bool, payload: &[u8]) -> Result<Option<Vec<u8>>, DropReason> {
        let end = offset + payload.len();
        if payload.is_empty() || (more && !payload.len().is_multiple_of(8)) {
            return Err(DropReason::FragmentMalformed);
        }
        if end > 65_515 {
            return Err(DropReason::FragmentTooLong);
        }
        if let Some(reason) = self.over {
            return Err(reason);
        }
        if self.pieces.iter().any(|piece| *piece == (offset, payload.to_vec(), more)) {
            return Err(DropReason::FragmentAgain);
        }
        let known = self.octets.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let beyond = self.end.is_some_and(|whole| end > whole || !more || end == whole);
        let inside = !more && known > end;
        if beyond || inside || self.octets[offset..end].iter().any(Option::is_some) {
            self.over = Some(DropReason::FragmentOverlap);
            return Err(DropReason::FragmentOverlap);
        }
        for (place, octet) in self.octets[offset..end].iter_mut().zip(payload) {
            *place = Some(*octet);
        }
        self.pieces.push((offset, payload.to_vec(), more));
        if !more {
            self.end = Some(end);
        }
        let whole = self.end.and_then(|end| self.octets[..end].iter().copied().collect::<Option<Vec<u8>>>());
        if whole.is_some() {
            self.over = Some(DropReason::FragmentAgain);
        }
        Ok(whole)
    }
}

proptest! {
    /// Any fragments at all, against the map of octets: the same verdict each time, and the same datagram.
    #[test]
    fn behaves_as_a_map_of_octets(
        pieces in proptest::collection::vec((0_u16..8, any::<bool>(), 0_usize..40, 0_u8..20), 1..24)
    ) {
        let mut reassembly = reassembly(LIMITS);
        let mut model = Model { octets: vec![None; 65_536], end: None, pieces: Vec::new(), over: None };
        for (unit, more, length, tint) in pieces {
            let length = if more && length > 4 { length / 8 * 8 } else { length };
            let mut payload = octets(usize::from(unit) * 8, length);
            // Now and then a liar.
            if tint == 0 {
                payload.iter_mut().for_each(|octet| *octet ^= 1);
            }
            let expected = model.accept(usize::from(unit) * 8, more, &payload);
            let outcome = reassembly.accept(at(0), key(1, 7), &fragment(PLAIN, unit * 8, more, payload));
            let outcome = outcome.map(|outcome| match outcome {
                Outcome::Held => None,
                Outcome::Whole(whole) => Some(whole.payload.to_vec()),
            });
            prop_assert_eq!(outcome, expected);
        }
    }

    /// A real datagram, its pieces repeated and out of order: whole and once, or not at all.
    #[test]
    fn a_datagram_arrives_whole_and_once_or_not_at_all(
        length in 1_usize..9000, unit in 1_usize..180,
        order in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..10), 0..300)
    ) {
        let size = unit * 8;
        let count = length.div_ceil(size);
        let mut reassembly = reassembly(LIMITS);
        let (mut came, mut arrived) = (BTreeSet::new(), 0);
        for (index, lost) in order {
            let index = index.index(count);
            if lost == 0 {
                continue;
            }
            let offset = index * size;
            let piece = piece(offset as u16, index + 1 < count, size.min(length - offset));
            came.insert(index);
            match reassembly.accept(at(0), key(1, 7), &piece) {
                Ok(Outcome::Whole(whole)) => {
                    arrived += 1;
                    prop_assert_eq!(whole.payload, octets(0, length));
                }
                Ok(Outcome::Held) => {}
                Err(reason) => prop_assert_eq!(reason, DropReason::FragmentAgain),
            }
            prop_assert!(reassembly.held() <= LIMITS.bytes_per_datagram);
        }
        prop_assert_eq!(arrived, usize::from(came.len() == count));
    }
}
