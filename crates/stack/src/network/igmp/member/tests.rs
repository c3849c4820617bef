use super::*;
use crate::network::igmp::tests::{GROUP, Wire, group, source};
use crate::network::igmp::{ALL_SYSTEMS, Query};
use crate::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn alone(knobs: &Knobs) -> Wire {
    Wire::new(core::slice::from_ref(knobs), &[])
}

/// What was said, without when, as lines.
fn lines(wire: &mut Wire) -> Vec<String> {
    wire.take_said().into_iter().map(|(_, _, said)| line(&said)).collect()
}

fn line(said: &Outgoing) -> String {
    let what = match &said.message {
        Message::ReportV3(records) => {
            let records = records.iter().map(|r| format!("{:?} {} {:?}", r.kind, r.group, r.sources));
            records.collect::<Vec<_>>().join(", ")
        }
        other => format!("{other:?}"),
    };
    format!("{} to {}: {what}", said.cause, said.destination)
}

fn query(version: Version, response: Duration, group: Option<Ipv4Addr>, sources: &[u8]) -> Message {
    let sources = sources.iter().copied().map(source).collect();
    Message::Query(Query { group, sources, ..Query::general(version, response) })
}

fn ask(wire: &mut Wire, query: &Message) {
    wire.hear(Ipv4Addr::new(10, 0, 0, 1), query);
}

#[test]
fn a_change_is_told_at_once_and_again_within_the_interval() {
    // RFC 9776 §5.1, §8.11
    let mut wire = alone(&Knobs { robustness: 3, ..Knobs::rfc() });
    wire.set(0, GROUP, Filter::everything());
    let began = wire.now;
    wire.run_for(SECOND * 10);
    let times: Vec<Duration> = wire.said.iter().map(|(at, ..)| at.since(began)).collect();
    assert_eq!((times.len(), times[0]), (3, Duration::ZERO));
    assert!(times.windows(2).all(|pair| pair[0] < pair[1] && pair[1].saturating_sub(pair[0]) <= SECOND));
    let join = "to 224.0.0.22: ToExclude 239.1.2.3 []";
    let expected = ["igmp-state-change", "igmp-repeat", "igmp-repeat"].map(|cause| format!("{cause} {join}"));
    assert_eq!(lines(&mut wire), expected);
    wire.set(0, GROUP, Filter::nothing());
    wire.run_for(SECOND * 10);
    assert_eq!(wire.said.len(), 3);
    assert!(lines(&mut wire)[0].ends_with("ToInclude 239.1.2.3 []"));
    assert!(wire.members[0].next_timeout().is_none(), "and then all is quiet");
}

#[test]
fn queries_are_answered_with_the_state_within_their_time() {
    // RFC 9776 §5.2
    let mut wire = alone(&Knobs::rfc());
    wire.set(0, group(1), Filter::exclude([source(1), source(2)]));
    wire.set(0, group(2), Filter::include([source(1), source(3)]));
    wire.run_for(SECOND * 10);
    wire.take_said();
    for (asked, answer) in [
        (
            query(Version::V3, SECOND, None, &[]),
            "IsExclude 239.0.0.1 [10.9.9.1, 10.9.9.2], IsInclude 239.0.0.2 [10.9.9.1, 10.9.9.3]",
        ),
        (query(Version::V3, SECOND, Some(group(1)), &[]), "IsExclude 239.0.0.1 [10.9.9.1, 10.9.9.2]"),
        (query(Version::V3, SECOND, Some(group(2)), &[]), "IsInclude 239.0.0.2 [10.9.9.1, 10.9.9.3]"),
        // INCLUDE (A) is asked about B: IS_IN (A*B). EXCLUDE (A): IS_IN (B-A).
        (query(Version::V3, SECOND, Some(group(2)), &[3, 4]), "IsInclude 239.0.0.2 [10.9.9.3]"),
        (query(Version::V3, SECOND, Some(group(1)), &[2, 3]), "IsInclude 239.0.0.1 [10.9.9.3]"),
    ] {
        let began = wire.now;
        ask(&mut wire, &asked);
        wire.run_for(SECOND * 3);
        assert!(wire.said.iter().all(|(at, ..)| *at > began && at.since(began) <= SECOND), "{answer}");
        assert_eq!(lines(&mut wire), [format!("igmp-report to 224.0.0.22: {answer}")]);
    }
    // What would be empty is not said.
    for silent in [
        query(Version::V3, SECOND, Some(group(2)), &[4]),
        query(Version::V3, SECOND, Some(group(1)), &[1]),
        query(Version::V3, SECOND, Some(group(9)), &[]),
    ] {
        ask(&mut wire, &silent);
        wire.run_for(SECOND * 3);
        assert_eq!(lines(&mut wire), Vec::<String>::new(), "{silent:?}");
    }
}

#[test]
fn questions_that_meet_are_answered_together() {
    // RFC 9776 §5.2, rules 1 to 5
    let mut wire = alone(&Knobs::rfc());
    wire.set(0, GROUP, Filter::include([source(1), source(2)]));
    wire.run_for(SECOND * 10);
    wire.take_said();
    let (short, long) = (Duration::from_millis(10), SECOND * 100);
    // Sources of two questions are put together.
    ask(&mut wire, &query(Version::V3, long, Some(GROUP), &[1]));
    ask(&mut wire, &query(Version::V3, short, Some(GROUP), &[2]));
    wire.run_for(SECOND * 200);
    assert_eq!(
        lines(&mut wire).concat(),
        "igmp-report to 224.0.0.22: IsInclude 239.1.2.3 [10.9.9.1, 10.9.9.2]"
    );
    // A question about the whole group takes those about sources in, at the earlier time.
    let began = wire.now;
    ask(&mut wire, &query(Version::V3, short, Some(GROUP), &[1]));
    ask(&mut wire, &query(Version::V3, long, Some(GROUP), &[]));
    wire.run_for(SECOND * 200);
    assert!(wire.said[0].0.since(began) <= short);
    assert_eq!(
        lines(&mut wire).concat(),
        "igmp-report to 224.0.0.22: IsInclude 239.1.2.3 [10.9.9.1, 10.9.9.2]"
    );
    // A general answer that comes sooner is answer enough.
    ask(&mut wire, &query(Version::V3, short, None, &[]));
    ask(&mut wire, &query(Version::V3, long, Some(GROUP), &[1]));
    wire.run_for(SECOND * 200);
    assert_eq!(wire.take_said().len(), 1);
}

#[test]
fn all_systems_is_never_reported() {
    // RFC 9776 §6
    for version in [Version::V1, Version::V2, Version::V3] {
        let mut wire = alone(&Knobs { version, ..Knobs::rfc() });
        assert!(wire.set(0, ALL_SYSTEMS, Filter::everything()));
        ask(&mut wire, &query(Version::V3, SECOND, None, &[]));
        ask(&mut wire, &query(Version::V2, SECOND, Some(ALL_SYSTEMS), &[]));
        wire.run_for(SECOND * 20);
        assert!(wire.said.is_empty() && wire.members[0].filter(ALL_SYSTEMS).is_some());
        wire.set(0, ALL_SYSTEMS, Filter::nothing());
        assert!(wire.said.is_empty() && wire.members[0].filter(ALL_SYSTEMS).is_none());
    }
}

#[test]
fn an_older_querier_is_spoken_to_in_its_version_until_it_is_silent() {
    // RFC 9776 §7.2.1, §8.12; RFC 2236 §4, §6
    for (version, report) in [(Version::V1, "ReportV1"), (Version::V2, "ReportV2")] {
        let mut wire = alone(&Knobs::rfc());
        ask(&mut wire, &query(version, SECOND * 10, None, &[]));
        assert_eq!(wire.members[0].version(), version);
        wire.set(0, GROUP, Filter::everything());
        wire.run_for(SECOND * 30);
        let to_group = |cause: &str| format!("{cause} to 239.1.2.3: {report}(239.1.2.3)");
        assert_eq!(lines(&mut wire), [to_group("igmp-state-change"), to_group("igmp-repeat")]);
        ask(&mut wire, &query(version, SECOND * 10, Some(GROUP), &[]));
        wire.run_for(SECOND * 30);
        assert_eq!(lines(&mut wire), [to_group("igmp-report")]);
        // RFC 2236 §6: a leave is told to routers by the last who reported; version 1 knows none.
        wire.set(0, GROUP, Filter::nothing());
        let leave = "igmp-leave to 224.0.0.2: Leave(239.1.2.3)";
        assert_eq!(lines(&mut wire).concat(), if version == Version::V2 { leave } else { "" });
        // Twice the query interval and the response time: 260 s.
        wire.run_for(SECOND * 199);
        wire.set(0, group(1), Filter::everything());
        assert_eq!(wire.members[0].version(), version);
        wire.take_said();
        wire.run_for(SECOND * 2);
        wire.set(0, group(2), Filter::everything());
        assert_eq!(wire.members[0].version(), Version::V3);
        assert_eq!(lines(&mut wire).concat(), "igmp-state-change to 224.0.0.22: ToExclude 239.0.0.2 []");
    }
}

#[test]
fn one_report_of_version_2_is_enough() {
    // RFC 2236 §6
    let mut wire = alone(&Knobs { version: Version::V2, ..Knobs::rfc() });
    wire.set(0, GROUP, Filter::everything());
    wire.run_for(SECOND * 30);
    wire.take_said();
    ask(&mut wire, &query(Version::V2, SECOND * 10, None, &[]));
    wire.hear(Ipv4Addr::new(10, 0, 0, 7), &Message::ReportV2(GROUP));
    wire.run_for(SECOND * 30);
    assert!(wire.said.is_empty(), "another has answered");
    wire.set(0, GROUP, Filter::nothing());
    assert!(wire.said.is_empty(), "and will leave as the last");
    // RFC 9776 §7.2.2: in version 3 nobody speaks for another.
    let mut wire = alone(&Knobs::rfc());
    wire.set(0, GROUP, Filter::everything());
    wire.run_for(SECOND * 30);
    wire.take_said();
    ask(&mut wire, &query(Version::V3, SECOND * 10, None, &[]));
    wire.hear(Ipv4Addr::new(10, 0, 0, 7), &Message::ReportV2(GROUP));
    wire.run_for(SECOND * 30);
    assert_eq!(wire.said.len(), 1);
}

#[test]
fn groups_are_bounded_and_those_that_were_left_too() {
    let mut wire = alone(&Knobs { max_joined_groups: 4, ..Knobs::rfc() });
    for number in 0..4 {
        assert!(wire.set(0, group(number), Filter::everything()));
    }
    assert!(!wire.set(0, group(4), Filter::everything()), "no fifth");
    for number in 0..200 {
        assert!(wire.set(0, group(number % 4), Filter::nothing()));
        assert!(wire.set(0, group(number + 50), Filter::everything()));
        assert!(wire.set(0, group(number + 50), Filter::nothing()));
        assert!(wire.set(0, group(number % 4), Filter::everything()));
        assert!(wire.members[0].groups.len() <= 8);
    }
    wire.run_for(SECOND * 10);
    assert_eq!(wire.members[0].groups.len(), 4);
    assert!(wire.members[0].next_timeout().is_none());
}

#[test]
fn a_link_that_comes_back_is_told_everything() {
    let mut wire = alone(&Knobs::rfc());
    wire.set(0, GROUP, Filter::include([source(1)]));
    let mut rng = Rng::stream(1, "a", "b");
    wire.members[0].stop();
    assert!(wire.members[0].next_timeout().is_none(), "nothing is said into the void");
    wire.take_said();
    let now = wire.now;
    wire.members[0].start(now, &mut rng);
    wire.run_for(SECOND * 5);
    assert_eq!(wire.said.len(), 2);
    assert!(lines(&mut wire)[0].ends_with("Allow 239.1.2.3 [10.9.9.1]"));
}

#[test]
fn many_groups_go_into_few_reports() {
    let mut wire = alone(&Knobs { max_joined_groups: 250, ..Knobs::rfc() });
    (0..250).for_each(|number| assert!(wire.set(0, group(number), Filter::everything())));
    wire.run_for(SECOND * 10);
    wire.take_said();
    ask(&mut wire, &query(Version::V3, SECOND, None, &[]));
    wire.run_for(SECOND * 2);
    // 8 octets each, in 1476 less 8.
    assert_eq!(wire.said.len(), 2);
    assert!(wire.said.iter().all(|(.., said)| said.message.to_octets().len() <= 1476));
}
