use core::net::Ipv4Addr;

use proptest::prelude::*;

use super::record::time_of_day;
use super::*;
use crate::time::Instant;

const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 7);

fn is_own(address: Ipv4Addr) -> bool {
    address == OWN
}

fn filled(octets: &[u8]) -> Vec<u8> {
    let mut list = List::read(octets).unwrap();
    list.fill(OWN, is_own, Instant::from_millis(0x0102_0304));
    list.octets().to_vec()
}

#[test]
fn what_is_not_understood_is_ignored_and_kept() {
    // RFC 1122 §3.2.1.8; RFC 1812 §5.3.13.1
    for octets in [
        &[][..],
        &[1, 1, 1, 0],
        &[0, 99, 99, 99],
        &[130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[136, 4, 0, 9],
        &[94, 6, 1, 2, 3, 4, 0, 0],
        &[148, 4, 0, 1],
    ] {
        assert_eq!(check(octets), Options::Present(Marks::default()), "{octets:?}");
        let list = List::read(octets).unwrap();
        let kept =
            if octets.first() == Some(&0) { list.octets().len() == 4 } else { list.octets() == octets };
        assert!(kept, "{octets:?}: {list:?}");
    }
}

#[test]
fn options_keep_their_order() {
    // RFC 791 §3.1; what stands between them is padding.
    let octets = [1, 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1, 68, 8, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    let list = List::read(&octets).unwrap();
    assert_eq!(list.iter().map(|option| option[0]).collect::<Vec<_>>(), [148, 7, 68]);
    assert_eq!(list.octets(), octets);
    let marks = list.marks();
    assert!(marks.router_alert && marks.to_fill && !marks.source_route);
}

#[test]
fn what_cannot_be_is_pointed_at() {
    // RFC 791 §3.1; RFC 1122 §3.2.2.5: the octet in error, counted from the header's first.
    let table: &[(&[u8], u8, &str)] = &[
        (&[7, 1, 0, 0], 21, "shorter than its head"),
        (&[1, 7, 9, 0], 22, "longer than the header"),
        (&[1, 1, 1, 7], 24, "no length at all"),
        (&[7, 2, 0, 0], 21, "record route without a pointer"),
        (&[7, 7, 3, 0, 0, 0, 0, 0], 22, "record route: pointer into its head"),
        (&[7, 7, 0, 0, 0, 0, 0, 0], 22, "record route: no pointer at all"),
        (&[7, 7, 5, 0, 0, 0, 0, 0], 22, "record route: room for part of an address"),
        (&[7, 3, 4, 7, 3, 4, 0, 0], 23, "record route twice"),
        (&[68, 3, 5, 0], 21, "time stamp without flags"),
        (&[68, 8, 4, 0, 0, 0, 0, 0], 22, "time stamp: pointer into its head"),
        (&[68, 8, 0, 0, 0, 0, 0, 0], 22, "time stamp: no pointer at all"),
        (&[68, 8, 6, 0, 0, 0, 0, 0], 22, "time stamp: room for part of a time"),
        (&[68, 8, 5, 1, 0, 0, 0, 0], 22, "time stamp: no room for an address too"),
        (&[68, 8, 5, 2, 0, 0, 0, 0], 23, "time stamp: no such flag"),
        (&[68, 8, 9, 0xf0, 0, 0, 0, 0], 23, "time stamp: the count overflows"),
        (&[131, 7, 2, 10, 0, 0, 1, 0], 22, "source route: pointer into its head"),
        (&[131, 7, 0, 10, 0, 0, 1, 0], 22, "source route: no pointer at all"),
        (&[131, 7, 6, 10, 0, 0, 1, 0], 22, "source route: part of an address"),
        (&[131, 2, 0, 0], 21, "source route without a pointer"),
        (&[131, 3, 4, 137, 3, 4, 0, 0], 23, "two source routes"),
        (&[148, 3, 0, 0], 21, "router alert of three octets"),
    ];
    for (octets, pointer, why) in table {
        assert_eq!(check(octets), Options::Malformed(*pointer), "{why}");
        assert_eq!(List::read(octets), Err(*pointer), "{why}");
    }
    assert_eq!(List::read(&[1; 41]), Err(60));
}

#[test]
fn routers_are_alerted_by_the_value_that_says_so() {
    // RFC 2113 §2.1
    let alert = |octets: &[u8]| List::read(octets).unwrap().marks().router_alert;
    assert!(alert(&[148, 4, 0, 0]) && alert(List::router_alert().octets()));
    assert!(!alert(&[148, 4, 0, 1]), "a value that is reserved is ignored");
}

#[test]
fn a_route_is_recorded_while_there_is_room() {
    // RFC 791 §3.1
    let empty = List::record_route(2);
    assert_eq!(empty.octets(), [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let one = filled(empty.octets());
    assert_eq!(one, [7, 11, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0]);
    let full = filled(&one);
    assert_eq!(full, [7, 11, 12, 10, 0, 0, 1, 10, 0, 0, 1, 0]);
    assert_eq!(filled(&full), full, "it goes on as it is");
    assert_eq!(List::read(&one).unwrap().recorded_route().collect::<Vec<_>>(), [OWN]);
    assert_eq!(List::read(&full).unwrap().recorded_route().count(), 2);
    assert_eq!(List::record_route(99).len(), 40);
}

#[test]
fn time_stamps_are_recorded_as_the_flag_says() {
    // RFC 791 §3.1; RFC 1122 §3.2.1.8 (e)
    assert_eq!(filled(&[68, 8, 5, 0, 0, 0, 0, 0]), [68, 8, 9, 0, 1, 2, 3, 4]);
    assert_eq!(filled(&[68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0]), [68, 12, 13, 1, 10, 0, 0, 1, 1, 2, 3, 4]);
    let asked = [68, 12, 5, 3, 10, 0, 0, 1, 0, 0, 0, 0];
    assert_eq!(filled(&asked), [68, 12, 13, 3, 10, 0, 0, 1, 1, 2, 3, 4]);
    let others = [68, 12, 5, 3, 10, 0, 1, 7, 0, 0, 0, 0];
    assert_eq!(filled(&others), others, "not our turn");
    assert_eq!(filled(&[68, 8, 9, 0x20, 1, 1, 1, 1]), [68, 8, 9, 0x30, 1, 1, 1, 1], "no room: counted");
    let full = [68, 12, 13, 0x23, 10, 0, 0, 1, 1, 1, 1, 1];
    assert_eq!(filled(&full), full, "nobody else was asked");
    let stamps = |octets: &[u8]| List::read(octets).unwrap().stamps().collect::<Vec<_>>();
    let time = 0x0102_0304;
    assert_eq!(stamps(&filled(&[68, 8, 5, 0, 0, 0, 0, 0])), [Stamp { by: None, time }]);
    assert_eq!(stamps(&filled(&asked)), [Stamp { by: Some(OWN), time }]);
    assert_eq!(List::time_stamp(Stamps::Times, 9).len(), 40);
    assert_eq!(List::time_stamp(Stamps::Addressed, 9).len(), 36);
}

#[test]
fn the_time_is_that_since_midnight() {
    // RFC 1122 §3.2.2.8
    assert_eq!(time_of_day(Instant::from_secs(5)), 5_000);
    assert_eq!(time_of_day(Instant::from_secs(86_400 + 5)), 5_000);
}

#[test]
fn a_source_route_counts_until_its_pointer_is_beyond_it() {
    // RFC 791 §3.1
    let marks = |octets: &[u8]| List::read(octets).unwrap().marks();
    assert!(marks(&[131, 7, 4, 10, 0, 0, 1, 0]).source_routed);
    assert!(marks(&[137, 7, 4, 10, 0, 0, 1, 0]).source_routed);
    let done = marks(&[131, 7, 8, 10, 0, 0, 1, 0]);
    assert!(done.source_route && !done.source_routed);
}

#[test]
fn a_source_route_is_followed_and_records_who_did() {
    // RFC 791 §3.1; RFC 1812 §5.2.4.2
    let mut list = List::read(&[137, 11, 4, 10, 0, 1, 7, 10, 0, 2, 9, 0]).unwrap();
    assert_eq!(list.next_hop(), Some(SourceRoute { next: OTHER, strict: true }));
    list.advance(OWN);
    assert_eq!(list.octets(), [137, 11, 8, 10, 0, 0, 1, 10, 0, 2, 9, 0]);
    assert_eq!(list.next_hop().unwrap().next, Ipv4Addr::new(10, 0, 2, 9));
    list.advance(OWN);
    assert_eq!(list.next_hop(), None);
    assert!(!list.marks().source_routed);
}

#[test]
fn a_program_s_route_begins_with_its_first_hop() {
    // RFC 1122 §3.2.1.8 (c): the destination of the packet is the first hop, the route's last the destination.
    let (first, second, last) = (OTHER, Ipv4Addr::new(10, 0, 2, 9), Ipv4Addr::new(10, 0, 3, 3));
    let (to, list) = List::source_route(false, &[first, second]).originate(last);
    assert_eq!(to, first);
    assert_eq!(list.octets(), [131, 11, 4, 10, 0, 2, 9, 10, 0, 3, 3, 0]);
    assert_eq!(List::record_route(1).originate(last), (last, List::record_route(1)));
}

#[test]
fn an_answer_goes_back_the_way_it_came() {
    // RFC 1122 §3.2.1.8 (c), §3.2.2.6
    let came = [148, 4, 0, 0, 131, 11, 12, 10, 0, 1, 7, 10, 0, 2, 9, 7, 11, 8, 10, 0, 1, 7, 0, 0, 0, 0, 0, 0];
    let source = Ipv4Addr::new(10, 0, 3, 3);
    let (first, list) = List::read(&came).unwrap().reply(source, OWN, is_own, Instant::ZERO);
    assert_eq!(first, Ipv4Addr::new(10, 0, 2, 9));
    let expected = [131, 11, 4, 10, 0, 1, 7, 10, 0, 3, 3, 7, 11, 12, 10, 0, 1, 7, 10, 0, 0, 1];
    assert_eq!(&list.octets()[..expected.len()], expected);
    let (first, none) = List::router_alert().reply(source, OWN, is_own, Instant::ZERO);
    assert_eq!((first, none.is_empty()), (source, true));
}

#[test]
fn fragments_repeat_what_is_flagged() {
    // RFC 791 §3.1: the copied flag.
    let octets = [7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 68, 8, 5, 0, 0, 0, 0, 0, 131, 7, 4, 1, 2, 3, 4, 1, 0];
    let list = List::read(&octets).unwrap();
    assert_eq!(list.copied().octets(), [148, 4, 0, 0, 131, 7, 4, 1, 2, 3, 4, 0]);
    assert!(List::record_route(9).copied().is_empty());
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..=44)) {
        match (check(&octets), List::read(&octets)) {
            (Options::Malformed(at), Err(_)) => prop_assert!((20..=64).contains(&at)),
            (_, Err(at)) => prop_assert!(octets.len() > LONGEST && at == 60),
            (_, Ok(mut list)) => {
                prop_assert!(list.len() % 4 == 0 && list.len() >= octets.len());
                list.fill(OWN, |_| true, Instant::from_secs(1));
                list.advance(OWN);
                for list in [list, list.copied(), list.originate(OTHER).1] {
                    prop_assert!(scan(list.octets()).is_ok() || list.stamps().count() > 0, "{list:?}");
                }
                let (_, reply) = list.reply(OTHER, OWN, |_| true, Instant::ZERO);
                prop_assert!(reply.len() <= LONGEST);
                prop_assert!(list.recorded_route().count() <= 9);
            }
        }
    }
}

#[test]
fn the_count_of_those_without_room_stays_within_its_four_bits() {
    // RFC 791 §3.1: one that has overflown is in error; an answer that has come so far keeps its flag.
    let mut options = List::read(&[kind::TIME_STAMP, 8, 9, 0xe0, 0, 0, 0, 1]).unwrap();
    for expected in [0xf0, 0xf0] {
        options.stamp(Ipv4Addr::new(10, 0, 0, 1), |_| true, Instant::ZERO);
        assert_eq!(options.octets()[3], expected);
    }
}
