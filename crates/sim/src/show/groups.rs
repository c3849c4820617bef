//! The multicast groups of a host: those that it has joined, and those that it knows of as a router.

use core::net::Ipv4Addr;

use wirelab_stack::host::Host;
use wirelab_stack::network::igmp::querier::Learnt;
use wirelab_stack::network::igmp::{Filter, Mode, Version};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table, Value};

/// The table.
pub fn table(host: &Host, now: Instant) -> Table {
    let mut rows = Vec::new();
    for (id, interface) in host.interfaces() {
        let name = interface.name();
        rows.extend(host.groups(id).map(|(group, filter)| joined(name, group, filter)));
        rows.extend(host.learnt_groups(id, now).map(|learnt| wanted(name, &learnt, now)));
    }
    Table { rows, ..Table::default() }
}

fn joined(interface: &str, group: Ipv4Addr, filter: &Filter) -> Row {
    let sources: Vec<Ipv4Addr> = filter.sources.iter().copied().collect();
    Row::new(format!("inet {group} dev {interface}{}", filtered(filter.mode, &sources)))
        .with("group", group.to_string())
        .with("interface", interface)
        .with("role", "member")
        .with("mode", word(filter.mode))
        .with("sources", Value::texts(sources))
}

fn wanted(interface: &str, learnt: &Learnt, now: Instant) -> Row {
    let Learnt { group, mode, sources, reporter, until, version } = learnt;
    let version = match version {
        Version::V1 => 1_u64,
        Version::V2 => 2,
        Version::V3 => 3,
    };
    let left = until.since(now);
    let (seconds, filter) = (left.as_secs(), filtered(*mode, sources));
    let line = format!(
        "wanted {group} dev {interface}{filter} version {version} reporter {reporter} left {seconds}s"
    );
    Row::new(line)
        .with("group", group.to_string())
        .with("interface", interface)
        .with("role", "router")
        .with("mode", word(*mode))
        .with("sources", Value::texts(sources))
        .with("version", version)
        .with("reporter", reporter.to_string())
        .with("left", left)
}

const fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Include => "include",
        Mode::Exclude => "exclude",
    }
}

/// The filter, where there is one: to exclude nobody is to want all.
fn filtered(mode: Mode, sources: &[Ipv4Addr]) -> String {
    if mode == Mode::Exclude && sources.is_empty() {
        return String::new();
    }
    let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
    format!(" {} {{{}}}", word(mode), sources.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_shown_where_they_filter() {
        let source = Ipv4Addr::new(10, 0, 0, 1);
        assert_eq!(filtered(Mode::Exclude, &[]), "");
        assert_eq!(filtered(Mode::Exclude, &[source]), " exclude {10.0.0.1}");
        assert_eq!(filtered(Mode::Include, &[source, source]), " include {10.0.0.1, 10.0.0.1}");
        let group = Ipv4Addr::new(239, 1, 1, 1);
        let row = joined("eth0", group, &Filter::include([source]));
        assert_eq!(row.lines, ["inet 239.1.1.1 dev eth0 include {10.0.0.1}"]);
        let learnt = Learnt {
            group,
            mode: Mode::Exclude,
            sources: Vec::new(),
            reporter: source,
            until: Instant::from_secs(260),
            version: Version::V2,
        };
        let row = wanted("eth1", &learnt, Instant::from_secs(10));
        assert_eq!(row.lines, ["wanted 239.1.1.1 dev eth1 version 2 reporter 10.0.0.1 left 250s"]);
    }
}
