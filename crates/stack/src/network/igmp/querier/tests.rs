use super::*;
use crate::network::igmp::tests::{GROUP, Wire, group, host, router, source};
use crate::network::igmp::{Filter, Record};

const SECOND: Duration = Duration::from_secs(1);

fn queries(wire: &mut Wire) -> Vec<(Instant, Ipv4Addr, Query)> {
    let said = wire.take_said().into_iter();
    let query = |(at, from, said): (Instant, Ipv4Addr, Outgoing)| match said.message {
        Message::Query(query) => Some((at, from, query)),
        _ => None,
    };
    said.filter_map(query).collect()
}

fn record(kind: RecordKind, group: Ipv4Addr, sources: &[u8]) -> Message {
    let sources = sources.iter().copied().map(source).collect();
    Message::ReportV3(vec![Record { kind, group, sources }])
}

#[test]
fn a_router_asks_fast_at_first_and_then_at_its_interval() {
    // RFC 9776 §6.1, §8.2, §8.6, §8.7
    let mut wire = Wire::new(&[], &[Knobs::rfc()]);
    let began = wire.now;
    wire.run_for(SECOND * 300);
    let asked = queries(&mut wire);
    let times: Vec<u64> = asked.iter().map(|(at, ..)| at.since(began).as_millis()).collect();
    assert_eq!(times, [0, 31_250, 156_250, 281_250]);
    let (_, _, first) = &asked[0];
    assert_eq!((first.group, first.max_response, first.version), (None, SECOND * 10, Version::V3));
    assert_eq!((first.robustness, first.interval), (2, SECOND * 125));
}

#[test]
fn the_lowest_address_asks_and_another_when_it_is_silent() {
    // RFC 9776 §6.6.2, §8.5
    let mut wire = Wire::new(&[], &[Knobs::rfc(), Knobs::rfc(), Knobs::rfc()]);
    wire.run_for(SECOND * 1000);
    assert!(wire.queriers[0].is_querier());
    assert_eq!((wire.queriers[1].other(), wire.queriers[2].other()), (Some(router(0)), Some(router(0))));
    wire.take_said();
    wire.run_for(SECOND * 1000);
    assert!(queries(&mut wire).iter().all(|(_, from, _)| *from == router(0)));
    // The lowest goes.
    wire.queriers[0] = Querier::new(Knobs::rfc(), 1476, Ipv4Addr::UNSPECIFIED, wire.now);
    wire.run_for(SECOND * 300);
    assert!(wire.queriers[1].is_querier(), "after 255 s at most");
    assert_eq!(wire.queriers[2].other(), Some(router(1)));
    // RFC 9776 §6.6.2: who has no address yet is not elected.
    let general = Message::Query(Query::general(Version::V3, SECOND * 10));
    wire.hear(Ipv4Addr::UNSPECIFIED, &general);
    assert!(wire.queriers[1].is_querier());
}

#[test]
fn who_gets_an_address_asks_and_yields_to_the_lowest_as_ever() {
    // RFC 9776 §6.1, §6.6.2, §8.7
    let mut wire = Wire::new(&[], &[Knobs::rfc()]);
    wire.queriers[0] = Querier::new(Knobs::rfc(), 1476, Ipv4Addr::UNSPECIFIED, wire.now);
    wire.take_said();
    wire.run_for(SECOND * 300);
    assert!(queries(&mut wire).is_empty(), "without an address it does not ask");
    let general = Message::Query(Query::general(Version::V3, SECOND * 10));
    wire.hear(router(7), &general);
    assert_eq!(wire.queriers[0].other(), Some(router(7)), "who has no address leaves it to who has one");
    let began = wire.now;
    wire.queriers[0].set_address(began, router(3));
    assert!(wire.queriers[0].is_querier(), "the other's address is higher");
    wire.run_for(SECOND * 40);
    let asked = queries(&mut wire);
    let times: Vec<u64> = asked.iter().map(|(at, ..)| at.since(began).as_millis()).collect();
    assert_eq!(times, [0, 31_250], "RFC 9776 §8.7: it starts with its first address");
    wire.hear(router(2), &general);
    wire.queriers[0].set_address(wire.now, router(4));
    assert_eq!(wire.queriers[0].other(), Some(router(2)), "still the lowest");
}

#[test]
fn who_does_not_ask_takes_the_times_of_who_does() {
    // RFC 9776 §4.1.6, §4.1.7
    let slow = Knobs { query_interval: SECOND * 500, robustness: 3, ..Knobs::rfc() };
    let mut wire = Wire::new(&[Knobs::rfc()], &[slow, Knobs::rfc()]);
    wire.set(0, GROUP, Filter::everything());
    wire.run_for(SECOND * 5);
    // The host goes without a word: 3 times 500 s and 10 s later both have forgotten it, and not before.
    wire.members.clear();
    wire.run_for(SECOND * 1490);
    assert!(wire.queriers.iter().all(|querier| querier.wants(GROUP, source(1))));
    wire.run_for(SECOND * 30);
    assert!(wire.queriers.iter().all(Querier::is_empty));
}

#[test]
fn a_leave_is_noticed_in_the_last_member_query_time() {
    // RFC 9776 §6.6.3.1, §8.10
    let mut wire = Wire::new(&[Knobs::rfc(), Knobs::rfc()], &[Knobs::rfc()]);
    wire.set(0, GROUP, Filter::everything());
    wire.set(1, GROUP, Filter::everything());
    wire.run_for(SECOND * 60);
    wire.take_said();
    wire.set(0, GROUP, Filter::nothing());
    wire.run_for(SECOND * 10);
    let asked = queries(&mut wire);
    assert!(asked.iter().all(|(.., query)| query.group == Some(GROUP) && query.max_response == SECOND));
    assert!(!asked[0].2.suppress, "the first time other routers are to doubt it too");
    assert!(asked.last().unwrap().2.suppress, "answered, it is in doubt no more");
    assert!(wire.queriers[0].wants(GROUP, source(1)), "there is another member");
    wire.set(1, GROUP, Filter::nothing());
    wire.run_for(Duration::from_millis(1_999));
    assert!(wire.queriers[0].wants(GROUP, source(1)));
    wire.run_for(Duration::from_millis(1));
    assert!(!wire.queriers[0].wants(GROUP, source(1)), "twice a second after the leave");
}

#[test]
fn sources_are_asked_about_that_somebody_blocks() {
    // RFC 9776 §6.6.3.2
    let mut wire = Wire::new(&[Knobs::rfc(), Knobs::rfc()], &[Knobs::rfc()]);
    wire.set(0, GROUP, Filter::include([source(1), source(2)]));
    wire.set(1, GROUP, Filter::include([source(2)]));
    wire.run_for(SECOND * 60);
    wire.take_said();
    wire.set(0, GROUP, Filter::nothing());
    let first = queries(&mut wire).remove(0).2;
    assert_eq!((first.group, &first.sources[..]), (Some(GROUP), &[source(1), source(2)][..]));
    wire.run_for(SECOND * 3);
    assert!(!wire.queriers[0].wants(GROUP, source(1)) && wire.queriers[0].wants(GROUP, source(2)));
}

#[test]
fn a_report_that_is_lost_once_is_made_good_by_the_next() {
    // RFC 9776 §8.1: the robustness variable is one more than what may be lost.
    let mut wire = Wire::new(&[Knobs::rfc()], &[Knobs::rfc()]);
    wire.run_for(SECOND * 60);
    wire.take_said();
    wire.lost = |_, said| matches!(said.cause, Cause::IgmpStateChange);
    wire.set(0, GROUP, Filter::everything());
    assert!(!wire.queriers[0].wants(GROUP, source(1)));
    wire.run_for(SECOND);
    assert!(wire.queriers[0].wants(GROUP, source(1)));
    wire.set(0, GROUP, Filter::nothing());
    wire.run_for(SECOND * 3);
    assert!(!wire.queriers[0].wants(GROUP, source(1)));
}

#[test]
fn older_hosts_are_not_overruled_by_newer_ones() {
    // RFC 9776 §7.3.2
    let mut wire = Wire::new(&[], &[Knobs::rfc()]);
    wire.hear(host(2), &Message::ReportV2(GROUP));
    wire.hear(host(3), &record(RecordKind::Block, GROUP, &[1]));
    wire.hear(host(3), &record(RecordKind::ToExclude, GROUP, &[1]));
    wire.run_for(SECOND * 5);
    assert!(wire.queriers[0].wants(GROUP, source(1)), "BLOCK, and the list of TO_EX, are not for version 2");
    wire.take_said();
    wire.hear(host(2), &Message::ReportV1(GROUP));
    wire.hear(host(3), &record(RecordKind::ToInclude, GROUP, &[]));
    wire.hear(host(3), &Message::Leave(GROUP));
    wire.run_for(SECOND * 5);
    assert!(queries(&mut wire).is_empty(), "a leave says nothing of version 1 hosts, which are silent");
    assert!(wire.queriers[0].wants(GROUP, source(1)));
    assert_eq!(wire.queriers[0].groups(wire.now).next().unwrap().version, Version::V1);
    wire.run_for(SECOND * 260);
    assert!(wire.queriers[0].is_empty());
}

#[test]
fn a_router_of_version_2_asks_as_such() {
    // RFC 2236 §7
    let old = Knobs { version: Version::V2, ..Knobs::rfc() };
    let mut wire = Wire::new(&[Knobs::rfc()], &[old]);
    wire.set(0, GROUP, Filter::include([source(1)]));
    wire.run_for(SECOND * 60);
    assert!(wire.queriers[0].wants(GROUP, source(2)), "it knows no sources");
    wire.set(0, GROUP, Filter::nothing());
    wire.run_for(SECOND * 3);
    assert!(wire.queriers[0].is_empty());
    assert!(queries(&mut wire).iter().all(|(.., query)| query.version == Version::V2));
}

#[test]
fn a_flood_of_forged_reports_stays_bounded_and_members_go_on() {
    let knobs = Knobs { max_groups: 64, max_sources: 8, ..Knobs::rfc() };
    let mut wire = Wire::new(&[Knobs::rfc()], &[knobs]);
    let known = [group(1), group(2), group(3)];
    known.iter().for_each(|group| assert!(wire.set(0, *group, Filter::include([source(1)]))));
    wire.run_for(SECOND * 5);
    let forger = host(66);
    for round in 0..60_u32 {
        for number in 0..200_u32 {
            let group = Ipv4Addr::from_bits(0xef10_0000 + round * 200 + number);
            wire.hear(forger, &record(RecordKind::ToExclude, group, &[]));
            wire.hear(forger, &record(RecordKind::Allow, known[number as usize % 3], &[number as u8]));
            wire.hear(forger, &record(RecordKind::Block, group, &[1, 2, 3]));
        }
        assert!(wire.queriers[0].len() <= 64);
        assert!(wire.queriers[0].groups(wire.now).all(|learnt| learnt.sources.len() <= 8));
        wire.run_for(SECOND * 10);
        assert!(known.iter().all(|group| wire.queriers[0].wants(*group, source(1))), "round {round}");
    }
    assert!(wire.queriers[0].refused() > 10_000);
    // The flood ends, and with it what it has left.
    wire.run_for(SECOND * 300);
    assert_eq!(wire.queriers[0].len(), 3);
    assert!(known.iter().all(|group| !wire.queriers[0].wants(*group, source(7))));
}

#[test]
fn who_joins_while_the_table_is_full_of_forged_groups_gets_in() {
    let knobs = Knobs { max_groups: 64, ..Knobs::rfc() };
    let mut wire = Wire::new(&[Knobs::rfc(), Knobs::rfc()], &[knobs]);
    let forge = |wire: &mut Wire, from: u32| {
        for number in from..from + 200 {
            let forged = Ipv4Addr::from_bits(0xef10_0000 + number);
            wire.hear(host(66), &record(RecordKind::ToExclude, forged, &[]));
        }
    };
    for member in 0..2 {
        let number = member as u8 + 1;
        forge(&mut wire, 5_000 * u32::from(number));
        wire.set(member, group(number), Filter::everything());
        wire.run_for(SECOND * 5);
        for round in 1..10 {
            forge(&mut wire, round * 200);
            wire.hear(host(66), &record(RecordKind::ToExclude, group(number), &[]));
            wire.run_for(SECOND * 30);
            assert!(wire.queriers[0].wants(group(number), source(1)), "{number}, round {round}");
        }
        assert!(wire.queriers[0].len() <= 64);
    }
    assert!(wire.queriers[0].evicted() >= 2);
}

#[test]
fn link_local_control_groups_are_kept_but_all_systems_is_not() {
    let mut wire = Wire::new(&[], &[Knobs::rfc()]);
    wire.hear(host(1), &record(RecordKind::ToExclude, ALL_SYSTEMS, &[]));
    wire.hear(host(1), &record(RecordKind::IsInclude, GROUP, &[]));
    wire.hear(host(1), &record(RecordKind::Block, GROUP, &[1]));
    assert!(wire.queriers[0].is_empty(), "nothing of this makes a member");
    wire.hear(host(1), &record(RecordKind::ToExclude, Ipv4Addr::new(224, 0, 0, 251), &[]));
    assert_eq!(wire.queriers[0].len(), 1);
}

#[test]
fn answers_do_not_make_a_router_ask_again() {
    let mut wire = Wire::new(&[Knobs::rfc(), Knobs::rfc()], &[Knobs::rfc()]);
    wire.set(0, GROUP, Filter::everything());
    wire.set(1, GROUP, Filter::everything());
    wire.run_for(SECOND * 40);
    wire.set(1, GROUP, Filter::exclude([source(1)]));
    wire.run_for(SECOND * 5);
    wire.take_said();
    wire.set(0, GROUP, Filter::nothing());
    let left = wire.now;
    wire.run_for(Duration::from_millis(999));
    let again = queries(&mut wire).iter().filter(|(at, ..)| *at > left).count();
    // But for the leave itself, told once more.
    assert!(again <= 2, "{again} queries within the second");
}
