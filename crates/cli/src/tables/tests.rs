use wirelab_scenario::{
    ApplicationState, ExpectationReport, HostReport, LinkReport, NotShownReport, WaitingReport,
};
use wirelab_stack::time::Duration;

use super::*;

fn report() -> Report {
    let counters = |values: &[(&'static str, u64)]| Counters(values.to_vec());
    Report {
        version: 1,
        scenario: "echo".into(),
        seed: 7,
        outcome: Outcome::Completed,
        held: false,
        virtual_duration: Duration::from_millis(1_250),
        events: 12_345,
        trace_hash: "0123456789abcdef".into(),
        applications: vec![ApplicationReport {
            name: "client".into(),
            host: "alice".into(),
            app: "echo-client",
            background: false,
            state: ApplicationState::Failed,
            started: Some(Instant::ZERO),
            ended: Some(Instant::from_millis(250)),
            error: Some("connection reset by peer".into()),
            sent_bytes: 1_048_576,
            sent_sha256: String::new(),
            received_bytes: 16,
            received_sha256: String::new(),
            received_text: Some("欢迎新同学!\n".into()),
            said: vec!["connected".into()],
            results: Vec::new(),
        }],
        connections: vec![ConnectionReport {
            host: "alice".into(),
            local: "10.0.0.1:49152".into(),
            remote: "10.0.0.2:6999".into(),
            active: true,
            opened: Instant::ZERO,
            ended: None,
            state: "TIME-WAIT",
            ending: "clean",
            counters: counters(&[("sent_segments", 1_234), ("keep_alives", 0)]),
        }],
        hosts: vec![
            HostReport {
                name: "alice".into(),
                addresses: Vec::new(),
                counters: counters(&[("frames_sent", 12), ("if.out_octets", 1200), ("dropped.bad_fcs", 0)]),
                interfaces: Vec::new(),
            },
            HostReport {
                name: "bob".into(),
                addresses: Vec::new(),
                counters: counters(&[("frames_sent", 9), ("if.out_octets", 900), ("dropped.bad_fcs", 1)]),
                interfaces: Vec::new(),
            },
        ],
        switches: Vec::new(),
        hubs: Vec::new(),
        links: vec![LinkReport {
            name: "wire".into(),
            from: "alice.eth0".into(),
            to: "bob.eth0".into(),
            counters: counters(&[("lost", 3)]),
        }],
        shown: Vec::new(),
        not_shown: vec![NotShownReport {
            time: Instant::from_secs(2),
            node: "alice".into(),
            table: "neighbors",
        }],
        files: Vec::new(),
        mail: Vec::new(),
        expectations: vec![
            ExpectationReport { text: "client received".into(), held: true, detail: "16 octets".into() },
            ExpectationReport { text: "client finished".into(), held: false, detail: "it failed".into() },
        ],
        waiting: vec![WaitingReport {
            host: "bob".into(),
            application: "server".into(),
            what: "to read from a socket".into(),
            since: None,
        }],
    }
}

fn printed(report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    print(report, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn tables_are_lined_up() {
    let expected = "\
Applications (times in seconds, data in octets)
  name    host   app          state      began     ended       sent  received
  client  alice  echo-client  failed  0.000000  0.250000  1,048,576        16
    client: received \"欢迎新同学!\\n\"
    client: connected
    client: failed: connection reset by peer

Connections
                            alice
                   10.0.0.1:49152
                  > 10.0.0.2:6999
                 TIME-WAIT, clean
  sent_segments             1,234

Hosts
                   alice  bob
  if.out_octets    1,200  900
  dropped.bad_fcs      0    1

Links
              wire
        alice.eth0
        > bob.eth0
  lost           3

Waiting when the run ended
  server on bob: waits to read from a socket

Not shown, since the run ended before
  neighbors of alice, at 2 s

Expectations
  ✓ client received
  ✗ client finished: it failed

echo: completed after 1.25 s and 12,345 events; 1 of 2 expectations failed
seed 7, trace hash 0123456789abcdef
";
    let shown = printed(&report(), Style::plain(Charset::Unicode));
    assert_eq!(shown, expected, "\n{shown}");
}

#[test]
fn without_utf_8_everything_is_ascii() {
    let shown = printed(&report(), Style::plain(Charset::Ascii));
    assert!(shown.is_ascii(), "{shown}");
    assert!(shown.contains("  FAILED client finished: it failed\n"), "{shown}");
}

#[test]
fn many_columns_are_broken_into_tables_that_fit() {
    let mut report = report();
    let host = report.hosts[0].clone();
    report.hosts = vec![host; 40];
    let style = Style { charset: Charset::Unicode, colour: false, width: Some(60) };
    for line in
        printed(&report, style).lines().skip_while(|line| *line != "Hosts").take_while(|l| *l != "Links")
    {
        assert!(width(line) <= 60, "{line}");
    }
    let count = |style| printed(&report, style).matches("if.out_octets").count();
    assert_eq!(count(style), 7);
    assert_eq!(count(Style::plain(Charset::Unicode)), 7);
}

#[test]
fn the_conclusion_is_one_sentence() {
    let mut report = report();
    report.outcome = Outcome::Deadlock;
    report.expectations.truncate(1);
    assert_eq!(
        conclusion(&report),
        "echo: deadlock: nothing more can happen after 1.25 s and 12,345 events; the expectation held"
    );
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(999), "999");
    assert_eq!(grouped(1_000), "1,000");
    assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
}
