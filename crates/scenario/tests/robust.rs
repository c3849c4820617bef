//! No text makes the reader panic, hang, or point outside of it: not arbitrary ones, and not shipped scenarios
//! that were damaged.

use std::fmt::Write;

use proptest::prelude::*;
use wirelab_scenario::{Diagnostics, Override, Scenario, TEMPLATE, shipped};

/// Each diagnostic must point at a place that is there.
fn check(text: &str, result: Result<Scenario, Diagnostics>) {
    let Err(diagnostics) = result else { return };
    assert!(!diagnostics.is_empty());
    for diagnostic in &diagnostics {
        assert!(!diagnostic.message.is_empty());
        if diagnostic.file == "test.toml" {
            let line = text.split('\n').nth(diagnostic.line - 1).expect("the line is there");
            assert!(diagnostic.column <= line.chars().count() + 1, "{diagnostic:?}");
        }
    }
    assert!(!diagnostics.to_string().is_empty());
}

fn read(text: &str) {
    check(text, Scenario::from_text("test.toml", text, &[]));
}

fn any_shipped() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = shipped().iter().map(|shipped| shipped.text).chain([TEMPLATE]).collect();
    proptest::sample::select(texts).prop_map(str::to_owned)
}

/// Pieces of TOML, and words that mean something in a scenario, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "[[host]]",
        "[host.tcp]",
        "[[link]]",
        "[link.forward]",
        "[[application]]",
        "[[event]]",
        "[[expect]]",
        "[stop]",
        "name",
        "app",
        "delay",
        "loss",
        "counters",
        "between",
        "interface",
        "addresses",
        " = ",
        "=",
        "\"a\"",
        "\"20 ms\"",
        "\"5 %\"",
        "\"10 Mbit/s\"",
        "\"10.0.0.1/24\"",
        "\"sink\"",
        "1",
        "-1",
        "0.5",
        "99999999999999999999999999999999999999999",
        "true",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\n",
        "\n",
        "\n",
        "#",
        "'",
        "\"\"\"",
        "1979-05-27",
        "inf",
        "nan",
        ".",
        "欢迎",
        "\u{0}",
        "\\u0000",
        "\r\n",
        "\t",
    ]);
    proptest::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_long_file_with_an_error_on_each_line_is_read_in_reasonable_time() {
    let mut text = String::new();
    for index in 0..20_000 {
        let _ = writeln!(text, "unknown_{index} = \"20 ms\"");
    }
    let diagnostics = Scenario::from_text("test.toml", &text, &[]).unwrap_err();
    assert_eq!(diagnostics.len(), 20_000);
    assert_eq!(diagnostics.iter().last().map(|last| last.line), Some(20_000));
}

/// Cases of each property: 256, or 10,000 where `WIRELAB_DEEP` is set.
fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 10_000 } else { 256 }
}

/// A change of a shipped scenario that is mostly accepted, to a value that is mostly odd.
fn change() -> impl Strategy<Value = String> {
    let fields = proptest::sample::select(vec![
        "link.wire.delay=",
        "link.wire.jitter=",
        "event.0.at=",
        "application.0.start=",
        "host.0.tcp.min_rto=",
        "host.1.tcp.msl=",
        "host.0.tcp.r2=",
        "host.1.tcp.delayed_ack=",
        "host.0.arp.retry_interval=",
        "host.0.arp.reachable_time=",
        "host.1.tcp.keep_alive_idle=",
        "host.0.tcp.challenge_ack_interval=",
    ]);
    let times = proptest::sample::select(vec!["0 s", "1 ns", "7 us", "1 ms", "3 s", "9 h", "5124095 h"]);
    let counts = proptest::sample::select(vec![
        "host.0.interface.0.mtu=",
        "host.1.interface.0.mtu=",
        "link.wire.mtu=",
        "host.1.tcp.max_mss=",
        "host.0.tcp.send_buffer=",
        "host.1.tcp.receive_buffer=",
        "host.0.tcp.initial_window=",
        "host.1.tcp.max_out_of_order_ranges=",
        "host.0.tcp.copy_below=",
        "host.0.tcp.duplicate_threshold=",
        "host.0.ip.ttl=",
        "host.0.arp.max_requests=",
        "host.0.arp.max_queued_packets=",
        "host.1.udp.receive_buffer=",
        "host.1.ip.icmp_error_length=",
        "host.0.ip.max_outbox_packets=",
        "host.0.ip.max_outbox_bytes=",
    ]);
    let sizes =
        proptest::sample::select(vec!["0", "1", "2", "68", "100", "255", "1499", "65535", "4294967295"]);
    let others = proptest::sample::select(vec![
        "link.wire.loss=100 %",
        "link.wire.loss=30 %",
        "link.wire.duplicate=100 %",
        "link.wire.reorder=50 %",
        "link.wire.corrupt={ chance = \"50 %\", bits = 3, fcs = false }",
        "link.wire.corrupt=30 %",
        "link.wire.rate=1 bit/s",
        "link.wire.rate=999 Tbit/s",
        "link.wire.queue=0 packets",
        "link.wire.queue=1 bytes",
        "link.wire.distribution=pareto",
        "link.wire.distribution=normal",
        "host.0.profile=linux",
        "host.1.profile=freebsd",
        "host.0.tcp.sack=false",
        "host.1.tcp.window_scaling=false",
        "host.0.tcp.timestamps=false",
        "host.0.tcp.nodelay=true",
        "host.1.tcp.keep_alive=true",
        "host.0.ip.icmp_errors={ per_second = 0, burst = 0 }",
        "host.0.ip.dont_fragment=false",
        "host.0.tcp.fin_wait2_timeout=0 s",
        "host.1.interface.0.addresses=[\"10.0.0.1/24\"]",
        "host.0.interface.0.announce=false",
        "host.0.interface.0.check_fcs=false",
    ]);
    prop_oneof![
        (fields, times).prop_map(|(field, value)| format!("{field}{value}")),
        (counts, sizes).prop_map(|(field, value)| format!("{field}{value}")),
        others.prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn arbitrary_texts(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn arbitrary_texts_with_control_characters(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn arbitrary_pieces(text in fragments()) {
        read(&text);
    }

    #[test]
    fn damaged_scenarios(text in any_shipped(), at in any::<prop::sample::Index>(), cut in 0_usize..40, into in fragments()) {
        let mut characters: Vec<char> = text.chars().collect();
        let start = at.index(characters.len());
        let end = (start + cut).min(characters.len());
        characters.splice(start..end, into.chars());
        read(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn scenarios_with_another_value_somewhere(
        text in any_shipped(),
        line in any::<prop::sample::Index>(),
        value in prop_oneof![fragments(), "\"[ -~]{0,20}\"", any::<i64>().prop_map(|n| n.to_string())],
    ) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let fields: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].contains(" = ")).collect();
        let chosen = fields[line.index(fields.len())];
        let field = lines[chosen].split_once(" = ").expect("it was chosen for that").0.to_owned();
        lines[chosen] = format!("{field} = {value}");
        read(&lines.join("\n"));
    }

    #[test]
    fn scenarios_without_a_line(text in any_shipped(), line in any::<prop::sample::Index>()) {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(line.index(lines.len()));
        read(&lines.join("\n"));
    }

    #[test]
    fn arbitrary_overrides(text in any_shipped(), change in prop_oneof![
        any::<String>(),
        "(host|link|application|stop|seed)(\\.(0|1|wire|client|name|delay|x)){0,3}=[ -~]{0,12}",
    ]) {
        check(&text, Scenario::from_text("test.toml", &text, &[Override::new(change)]));
    }

    #[test]
    fn what_is_accepted_runs(
        text in any_shipped(),
        changes in proptest::collection::vec(change(), 1..4),
        seed in any::<u64>(),
    ) {
        let mut overrides = vec![Override::new("stop.until=20 s"), Override::new("stop.max_events=20000")];
        overrides.extend(changes.into_iter().map(Override::new));
        if let Ok(scenario) = Scenario::from_text("test.toml", &text, &overrides) {
            let report = scenario.build(seed).execute(&mut |_| {});
            // The limit is looked at between turns, and a turn may have many events.
            prop_assert!(report.events <= 21_000, "{}", report.events);
        }
    }
}
