use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::frame::Meta;
use crate::trace::{Cause, Trigger};

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn frame_of(octets: &[u8]) -> Frame {
    Frame::from_wire(Bytes::copy_from_slice(octets), Meta::new(Cause::Raw, Trigger::Call))
}

/// The octets of the documents' figures.
#[test]
fn messages_stand_on_the_wire_as_drawn() {
    // RFC 2236 §2
    let report = Message::ReportV2(ip("239.1.2.3")).to_octets();
    assert_eq!(report[..2], [0x16, 0]);
    assert_eq!(report[4..], [239, 1, 2, 3]);
    assert_eq!(Message::Leave(ip("239.1.2.3")).to_octets()[0], 0x17);
    assert_eq!(Message::ReportV1(ip("239.1.2.3")).to_octets()[0], 0x12);
    let general = Query::general(Version::V2, Duration::from_secs(10));
    assert_eq!(Message::Query(general).to_octets()[..], [0x11, 100, 0xee, 0x9b, 0, 0, 0, 0]);
    let general = Query::general(Version::V1, Duration::from_secs(10));
    assert_eq!(Message::Query(general).to_octets()[..], [0x11, 0, 0xee, 0xff, 0, 0, 0, 0]);
    // RFC 9776 §4.1
    let query = Query {
        version: Version::V3,
        max_response: Duration::from_secs(1),
        group: Some(ip("232.1.1.1")),
        suppress: true,
        robustness: 2,
        interval: Duration::from_secs(125),
        sources: vec![ip("10.0.0.9")],
    };
    let octets = Message::Query(query).to_octets();
    assert_eq!(octets[..2], [0x11, 10]);
    assert_eq!(octets[4..], [232, 1, 1, 1, 0x0a, 125, 0, 1, 10, 0, 0, 9]);
    // RFC 9776 §4.2
    let record =
        Record { kind: RecordKind::ToExclude, group: ip("239.1.2.3"), sources: vec![ip("10.0.0.9")] };
    let octets = Message::ReportV3(vec![record]).to_octets();
    assert_eq!(octets[..2], [0x22, 0]);
    assert_eq!(octets[4..], [0, 0, 0, 1, 4, 0, 0, 1, 239, 1, 2, 3, 10, 0, 0, 9]);
}

#[test]
fn a_query_s_version_is_told_by_length_and_response_time() {
    // RFC 9776 §7.1
    let version = |octets: &[u8]| match read(octets) {
        Some(Message::Query(query)) => Some((query.version, query.max_response)),
        _ => None,
    };
    assert_eq!(version(&[0x11, 0, 0, 0, 0, 0, 0, 0]), Some((Version::V1, Duration::from_secs(10))));
    assert_eq!(version(&[0x11, 50, 0, 0, 0, 0, 0, 0]), Some((Version::V2, Duration::from_secs(5))));
    let long = [0x11, 0x80, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0];
    assert_eq!(version(&long), Some((Version::V3, Duration::from_millis(12_800))));
    for length in 9..12 {
        assert_eq!(read(&long[..length]), None, "RFC 9776 §7.1: of {length} octets it is silently ignored");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    assert_eq!(read(&[0x16, 0, 0, 0, 10, 0, 0, 1]), None, "a report of what is no group");
    assert_eq!(read(&[0x17, 0, 0, 0, 0, 0, 0, 0]), None, "a leave of no group");
    assert_eq!(read(&[0x11, 10, 0, 0, 10, 0, 0, 1]), None, "a query of what is no group");
    assert_eq!(read(&[0x11, 10, 0, 0, 0, 0, 0, 0, 2, 125, 0, 1, 10, 0, 0, 1]), None, "sources of no group");
    assert_eq!(
        read(&[0x11, 10, 0, 0, 239, 0, 0, 1, 2, 125, 0, 2, 10, 0, 0, 1]),
        None,
        "more sources than octets"
    );
    assert_eq!(read(&[0x22, 0, 0, 0, 0, 0, 0, 1]), None, "more records than octets");
    assert_eq!(read(&[0x13, 0, 0, 0, 0, 0, 0, 0]), None, "DVMRP is nothing to a host");
    // RFC 9776 §4.2.12: an unknown kind of record is passed over; auxiliary data too.
    let mut report = vec![0x22, 0, 0, 0, 0, 0, 0, 2, 99, 0, 0, 0, 239, 0, 0, 1];
    report.extend([2, 1, 0, 0, 239, 0, 0, 2, 0xde, 0xad, 0xbe, 0xef]);
    let record = Record { kind: RecordKind::IsExclude, group: ip("239.0.0.2"), sources: vec![] };
    assert_eq!(read(&report), Some(Message::ReportV3(vec![record])));
}

#[test]
fn a_wrong_checksum_is_told() {
    let octets = Message::ReportV2(ip("239.1.2.3")).to_octets();
    assert_eq!(accept(&mut frame_of(&octets)), Ok(Message::ReportV2(ip("239.1.2.3"))));
    for bit in 0..64 {
        let mut frame = frame_of(&octets);
        frame.flip_bit(bit);
        assert_eq!(accept(&mut frame), Err(DropReason::IgmpBadChecksum), "bit {bit}");
    }
    assert_eq!(accept(&mut frame_of(&[])), Err(DropReason::IgmpBadChecksum));
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from_bits)
}

fn a_group() -> impl Strategy<Value = Ipv4Addr> {
    (0xe000_0000_u32..=0xefff_ffff).prop_map(Ipv4Addr::from_bits)
}

fn record() -> impl Strategy<Value = Record> {
    (prop::sample::select(&RecordKind::ALL), a_group(), vec(address(), 0..20))
        .prop_map(|(kind, group, sources)| Record { kind, group, sources })
}

fn message() -> impl Strategy<Value = Message> {
    let long = (
        any::<u8>(),
        prop::option::of(a_group()),
        any::<bool>(),
        0_u8..8,
        any::<u8>(),
        vec(address(), 0..20),
    );
    let long = long.prop_map(|(response, group, suppress, robustness, interval, sources)| Query {
        version: Version::V3,
        max_response: tenths(code::decode(response)),
        group,
        suppress,
        robustness,
        interval: Duration::from_secs(code::decode(interval).into()),
        sources: if group.is_some() { sources } else { Vec::new() },
    });
    let short = (0_u32..256, prop::option::of(a_group())).prop_map(|(response, group)| {
        let version = if response == 0 { Version::V1 } else { Version::V2 };
        let max_response = if response == 0 { V1_RESPONSE } else { tenths(response) };
        Query { group, ..Query::general(version, max_response) }
    });
    prop_oneof![
        long.prop_map(Message::Query),
        short.prop_map(Message::Query),
        a_group().prop_map(Message::ReportV1),
        a_group().prop_map(Message::ReportV2),
        a_group().prop_map(Message::Leave),
        vec(record(), 0..10).prop_map(Message::ReportV3),
    ]
}

proptest! {
    #[test]
    fn what_was_written_is_read(message in message(), behind in vec(any::<u8>(), 0..8)) {
        let octets = message.to_octets();
        prop_assert_eq!(accept(&mut frame_of(&octets)), Ok(message.clone()));
        // RFC 9776 §4.2.11: what stands behind a report is passed over. (Behind a short query it makes a long one.)
        if !matches!(message, Message::Query(_)) {
            let longer = [&octets[..], &behind].concat();
            prop_assert_eq!(read(&longer), Some(message));
        }
    }

    #[test]
    fn no_octets_make_it_panic(octets in vec(any::<u8>(), 0..100), kind in 0_usize..6) {
        let mut octets = octets;
        if let (Some(first), Some(kind)) = (octets.first_mut(), [0x11, 0x12, 0x16, 0x17, 0x22].get(kind)) {
            *first = *kind;
        }
        if let Some(Message::ReportV3(records)) = read(&octets) {
            let length: usize = records.iter().map(Record::length).sum();
            prop_assert!(REPORT_HEADER + length <= octets.len(), "no more is held than came");
        }
        let _ = accept(&mut frame_of(&octets));
    }

    /// Reports are no longer than they may be, and together say everything, but for what exclusion may leave out.
    #[test]
    fn records_are_packed(records in vec(record(), 0..12), longest in 20_usize..200) {
        let reports = pack(records.clone(), longest);
        let mut said: Vec<Record> = Vec::new();
        for report in &reports {
            prop_assert!(report.to_octets().len() <= longest, "a report of more than {} octets", longest);
            let Message::ReportV3(parts) = report else { unreachable!() };
            prop_assert!(!parts.is_empty());
            said.extend(parts.clone());
        }
        let mut said = said.into_iter();
        for record in records {
            let mut sources = Vec::new();
            loop {
                let part = said.next().unwrap();
                prop_assert_eq!((part.kind, part.group), (record.kind, record.group));
                let whole = part.sources.is_empty();
                sources.extend(part.sources);
                if whole || sources.len() >= record.sources.len() || record.kind.excludes() {
                    break;
                }
            }
            if record.kind.excludes() {
                prop_assert!(record.sources.starts_with(&sources));
            } else {
                prop_assert_eq!(sources, record.sources);
            }
        }
        prop_assert!(said.next().is_none());
    }
}
