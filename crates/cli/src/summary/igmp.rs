//! IGMP: who asks for groups, and who wants which.

use std::fmt::Write;
use std::net::Ipv4Addr;

use wirelab_stack::checksum::Sum;
use wirelab_stack::network::igmp::{self, Message, Query, Record, RecordKind, Version};

use super::Summary;

/// A summary of a message of `length` octets, of which `octets` are the first.
pub fn summary(octets: &[u8], length: usize) -> Summary {
    let Some(message) = igmp::message::read(octets) else {
        let what = if octets.len() < length { "long" } else { "malformed" };
        return Summary::of_layer("IGMP", what, format!("igmp, {what}, length {length}"));
    };
    let (label, mut text) = match &message {
        Message::Query(query) => of_query(query),
        Message::ReportV1(group) => (format!("v1 report {group}"), format!("igmp v1 report {group}")),
        Message::ReportV2(group) => (format!("report {group}"), format!("igmp v2 report {group}")),
        Message::Leave(group) => (format!("leave {group}"), format!("igmp leave {group}")),
        Message::ReportV3(records) => of_report(records),
    };
    if octets.len() == length && !Sum::new().with(octets).is_intact() {
        text.push_str(" [bad igmp cksum]");
    }
    Summary::of_layer("IGMP", label, text)
}

fn of_query(query: &Query) -> (String, String) {
    let version = match query.version {
        Version::V1 => "v1",
        Version::V2 => "v2",
        Version::V3 => "v3",
    };
    let mut text = format!("igmp query {version}");
    if query.version > Version::V1 {
        let _ = write!(text, " [max resp time {}]", query.max_response);
    }
    let mut label = "query".to_owned();
    if let Some(group) = query.group {
        let _ = write!(text, " [gaddr {group}{}]", braced(&query.sources));
        let _ = write!(label, " {group}{}", braced(&query.sources));
    }
    if query.suppress {
        text.push_str(" sflag");
    }
    (label, text)
}

fn of_report(records: &[Record]) -> (String, String) {
    let mut text = format!("igmp v3 report, {} group record(s)", records.len());
    for record in records {
        let kind = match record.kind {
            RecordKind::IsInclude => "is_in",
            RecordKind::IsExclude => "is_ex",
            RecordKind::ToInclude => "to_in",
            RecordKind::ToExclude => "to_ex",
            RecordKind::Allow => "allow",
            RecordKind::Block => "block",
        };
        let _ = write!(
            text,
            " [gaddr {} {kind}, {} source(s){}]",
            record.group,
            record.sources.len(),
            braced(&record.sources)
        );
    }
    (label_of(records), text)
}

/// What the first record comes to: `join`, `leave`, or its kind; and how many more there are.
fn label_of(records: &[Record]) -> String {
    let Some(first) = records.first() else { return "report".to_owned() };
    let what = match (first.kind, first.sources.is_empty()) {
        (RecordKind::ToExclude, true) => "join",
        (RecordKind::ToInclude, true) => "leave",
        (RecordKind::ToExclude | RecordKind::IsExclude, false) => "all but",
        (RecordKind::ToInclude | RecordKind::IsInclude, _) => "only",
        (RecordKind::IsExclude, true) => "report",
        (RecordKind::Allow, _) => "allow",
        (RecordKind::Block, _) => "block",
    };
    let more = if records.len() > 1 { format!(" +{}", records.len() - 1) } else { String::new() };
    format!("{what} {}{}{more}", first.group, braced(&first.sources))
}

/// ` { 10.0.0.1 10.0.0.2 }`, or nothing.
fn braced(sources: &[Ipv4Addr]) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
    format!(" {{ {} }}", sources.join(" "))
}

#[cfg(test)]
mod tests {
    use wirelab_stack::network::igmp::{ALL_SYSTEMS, Outgoing, V3_ROUTERS, packet};
    use wirelab_stack::time::Duration;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;
    use crate::summary::flows::Flows;
    use crate::summary::ip;

    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

    /// The line and the label of a message.
    fn said(destination: Ipv4Addr, message: Message) -> (String, String) {
        let outgoing = Outgoing { destination, message, cause: Cause::IgmpReport };
        let octets = packet::packet(&outgoing, Ipv4Addr::new(10, 0, 0, 1), Trigger::Timer).to_vec();
        let summary = ip::version_4(&Flows::default(), &octets, octets.len());
        (summary.to_string(), summary.label)
    }

    #[test]
    fn queries_say_whom_and_what_they_are_about() {
        let general = Query::general(Version::V3, Duration::from_secs(10));
        let (line, label) = said(ALL_SYSTEMS, Message::Query(general.clone()));
        assert_eq!(line, "IP 10.0.0.1 > 224.0.0.1: igmp query v3 [max resp time 10s], options (RA)");
        assert_eq!(label, "query");
        let sources = vec![Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 8)];
        let (line, label) =
            said(GROUP, Message::Query(Query { group: Some(GROUP), sources, suppress: true, ..general }));
        assert!(line.ends_with(
            "igmp query v3 [max resp time 10s] [gaddr 239.1.2.3 { 10.0.0.7 10.0.0.8 }] sflag, options (RA)"
        ));
        assert_eq!(label, "query 239.1.2.3 { 10.0.0.7 10.0.0.8 }");
        let old = Query::general(Version::V1, Duration::from_secs(10));
        assert!(said(ALL_SYSTEMS, Message::Query(old)).0.ends_with("igmp query v1, options (RA)"));
    }

    #[test]
    fn reports_say_what_is_wanted() {
        let record = |kind, sources| Record { kind, group: GROUP, sources };
        let report = |records| said(V3_ROUTERS, Message::ReportV3(records));
        let (line, label) = report(vec![record(RecordKind::ToExclude, vec![])]);
        assert_eq!(
            line,
            "IP 10.0.0.1 > 224.0.0.22: igmp v3 report, 1 group record(s) [gaddr 239.1.2.3 to_ex, 0 source(s)], options (RA)"
        );
        assert_eq!(label, "join 239.1.2.3");
        let one = vec![Ipv4Addr::new(10, 0, 0, 7)];
        let (line, label) =
            report(vec![record(RecordKind::Allow, one.clone()), record(RecordKind::Block, one)]);
        assert!(line.ends_with(
            "2 group record(s) [gaddr 239.1.2.3 allow, 1 source(s) { 10.0.0.7 }] \
             [gaddr 239.1.2.3 block, 1 source(s) { 10.0.0.7 }], options (RA)"
        ));
        assert_eq!(label, "allow 239.1.2.3 { 10.0.0.7 } +1");
        assert_eq!(
            said(GROUP, Message::ReportV2(GROUP)).0,
            "IP 10.0.0.1 > 239.1.2.3: igmp v2 report 239.1.2.3, options (RA)"
        );
        assert_eq!(said(GROUP, Message::Leave(GROUP)).1, "leave 239.1.2.3");
    }

    #[test]
    fn what_does_not_parse_is_called_so() {
        assert_eq!(summary(&[0x16, 0], 2).label, "malformed");
        assert_eq!(summary(&[0x22, 0, 0, 0, 0, 0, 0, 9], 500).label, "long");
        assert!(summary(&[0x16, 0, 0, 0, 239, 0, 0, 1], 8).text.ends_with("[bad igmp cksum]"));
    }
}
