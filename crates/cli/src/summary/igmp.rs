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
