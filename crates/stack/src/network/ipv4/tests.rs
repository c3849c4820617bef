use bytes::Bytes;
use etherparse::{Ipv4Header, Ipv4Options};
use proptest::prelude::*;

use super::*;
use crate::frame::{Checksum, Meta};
use crate::trace::{Cause, Trigger};

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

fn packet(payload: &'static [u8]) -> Frame {
    let mut frame = Frame::with_payload(Bytes::from_static(payload), meta());
    let header = Header {
        source: SOURCE,
        destination: DESTINATION,
        protocol: IpNumber::UDP,
        ttl: 64,
        tos: 0,
        identification: None,
    };
    push(&mut frame, &header);
    frame
}

fn wire(octets: &[u8]) -> Frame {
    Frame::from_wire(Bytes::copy_from_slice(octets), meta())
}

/// The packet with some octets changed and its checksum made to fit.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Frame {
    let mut octets = packet(b"payload").to_vec();
    change(&mut octets);
    let length = (usize::from(octets[0] & 15) * 4).clamp(20, octets.len());
    octets[10..12].fill(0);
    let checksum = Sum::new().with(&octets[..length]).finish();
    octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    wire(&octets)
}

#[test]
fn a_packet_is_taken_and_its_padding_cut() {
    let mut octets = packet(b"payload").to_vec();
    octets.extend([0; 19]);
    let mut frame = wire(&octets);
    let accepted = accept(&mut frame).unwrap();
    assert_eq!((accepted.source, accepted.destination, accepted.ttl), (SOURCE, DESTINATION, 64));
    assert_eq!((accepted.protocol, accepted.fragment), (IpNumber::UDP, None));
    assert_eq!(frame.to_vec(), b"payload");
    frame.unstrip_front(usize::from(accepted.header_length));
    assert_eq!(frame.to_vec(), octets[..27]);
}

#[test]
fn each_fault_has_its_reason() {
    assert!(accept(&mut changed(|_| ())).is_ok());
    let reason = |frame: Frame| accept(&mut frame.clone()).unwrap_err();
    assert_eq!(reason(changed(|octets| octets[0] = 0x65)), DropReason::IpBadVersion);
    assert_eq!(reason(changed(|octets| octets[0] = 0x44)), DropReason::IpBadHeaderLength);
    assert_eq!(reason(changed(|octets| octets[0] = 0x4f)), DropReason::IpBadHeaderLength);
    assert_eq!(reason(changed(|octets| octets[3] = 19)), DropReason::IpBadTotalLength);
    assert_eq!(reason(changed(|octets| octets[3] = 28)), DropReason::IpBadTotalLength);
    let mut octets = packet(b"payload").to_vec();
    octets[8] = 63;
    assert_eq!(reason(wire(&octets)), DropReason::IpBadChecksum);
    assert_eq!(reason(wire(&octets[..19])), DropReason::Truncated);
}

#[test]
fn fragments_and_options_are_told() {
    let accepted = |frame: Frame| accept(&mut frame.clone()).unwrap();
    assert_eq!(accepted(changed(|octets| octets[6] = 0x20)).fragment, Some(true));
    assert_eq!(accepted(changed(|octets| octets[7] = 1)).fragment, Some(false));
    let with_options = changed(|octets| {
        octets[0] = 0x46;
        octets[20..24].copy_from_slice(&[1, 1, 7, 9]);
    });
    assert_eq!(accepted(with_options.clone()).options, Options::Malformed(23));
    assert_eq!(accepted(with_options).header_length, 24);
}

#[test]
fn a_partial_checksum_moves_behind_the_header() {
    let mut frame = Frame::with_payload(Bytes::new(), meta());
    frame.meta.checksum = Checksum::Partial { start: 0, offset: 16 };
    let header = Header {
        source: SOURCE,
        destination: DESTINATION,
        protocol: IpNumber::TCP,
        ttl: 1,
        tos: 0,
        identification: Some(7),
    };
    push(&mut frame, &header);
    assert_eq!(frame.meta.checksum, Checksum::Partial { start: 20, offset: 16 });
}

proptest! {
    #[test]
    fn each_header_reads_as_it_was_written(
        source: u32, destination: u32, protocol: u8, ttl: u8, tos: u8, identification: Option<u16>, length in 0_usize..2000
    ) {
        let header = Header {
            source: Ipv4Addr::from_bits(source),
            destination: Ipv4Addr::from_bits(destination),
            protocol: IpNumber(protocol),
            ttl,
            tos,
            identification,
        };
        let mut frame = Frame::with_payload(Bytes::from(vec![1; length]), meta());
        push(&mut frame, &header);
        let (read, payload) = Ipv4Header::from_slice(frame.head()).unwrap();
        prop_assert!(payload.is_empty());
        prop_assert_eq!(read.header_checksum, read.calc_header_checksum());
        prop_assert_eq!(read.dont_fragment, identification.is_none());
        prop_assert_eq!(read.identification, identification.unwrap_or(0));
        let accepted = accept(&mut frame).unwrap();
        prop_assert_eq!((accepted.source, accepted.destination), (header.source, header.destination));
        prop_assert_eq!((accepted.protocol, accepted.ttl, accepted.tos), (header.protocol, ttl, tos));
        prop_assert_eq!(frame.len(), length);
    }

    #[test]
    fn headers_with_options_read_as_etherparse_writes_them(
        words in proptest::collection::vec(any::<[u8; 4]>(), 0..=10), ttl: u8, offset in 0_u16..8192, more: bool
    ) {
        let mut header = Ipv4Header::new(5, ttl, IpNumber::UDP, SOURCE.octets(), DESTINATION.octets()).unwrap();
        header.options = Ipv4Options::try_from(words.as_flattened()).unwrap();
        header.fragment_offset = offset.try_into().unwrap();
        header.more_fragments = more;
        header.set_payload_len(5).unwrap();
        header.header_checksum = header.calc_header_checksum();
        let mut octets = header.to_bytes().to_vec();
        octets.extend(b"hello");
        let mut frame = wire(&octets);
        let accepted = accept(&mut frame).unwrap();
        prop_assert_eq!(usize::from(accepted.header_length), header.header_len());
        let expected = if words.is_empty() { Options::Fine } else { options::check(words.as_flattened()) };
        prop_assert_eq!(accepted.options, expected);
        prop_assert_eq!(accepted.fragment, (offset > 0 || more).then_some(offset == 0));
        prop_assert_eq!(frame.to_vec(), b"hello");
    }

    #[test]
    fn any_flipped_bit_of_the_header_is_seen(bit in 0_usize..160) {
        let mut frame = packet(b"payload");
        frame.flip_bit(bit);
        prop_assert!(accept(&mut frame).is_err());
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..100), first in 0x44_u8..0x50) {
        let _ = accept(&mut wire(&octets));
        let mut likely = octets;
        if let Some(octet) = likely.first_mut() {
            *octet = first;
        }
        let _ = accept(&mut wire(&likely));
    }
}
