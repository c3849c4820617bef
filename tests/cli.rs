//! The command as scripts see it: exit codes, where output goes, and what it says of a bad file.

mod support;

use support::{scenarios, scratch, status, stderr, stdout, wirelab};

fn path(name: &str, text: &str) -> String {
    let path = scratch(name);
    std::fs::write(&path, text).expect("the file can be written");
    path.to_str().expect("the path is UTF-8").to_owned()
}

#[test]
fn the_echo_scenario_shows_the_exchange_and_holds() {
    let output = wirelab(&["run", "scenarios/echo.toml"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let shown = stdout(&output);
    for part in
        ["欢迎新同学!", "ARP", "arp-request", "RFC 826 §2", "syn-ack", "6999", "new-data", "client", "server"]
    {
        assert!(shown.contains(part), "`{part}` is not shown:\n{shown}");
    }
}

#[test]
fn every_scenario_that_ships_is_listed_checked_and_held() {
    let listed = stdout(&wirelab(&["list"]));
    for name in scenarios() {
        assert!(listed.contains(&name), "{name} is not in `wirelab list`:\n{listed}");
        let output = wirelab(&["run", &name, "--quiet"]);
        assert_eq!(status(&output), 0, "{name}: {}{}", stdout(&output), stderr(&output));
    }
    let files: Vec<String> = scenarios().iter().map(|name| format!("scenarios/{name}.toml")).collect();
    let arguments: Vec<&str> = std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    assert_eq!(status(&wirelab(&arguments)), 0);
}

#[test]
fn a_new_scenario_checks_and_runs_and_is_not_overwritten() {
    let file = scratch("new.toml");
    let file = file.to_str().expect("the path is UTF-8");
    assert_eq!(status(&wirelab(&["new", file])), 0);
    assert_eq!(status(&wirelab(&["check", file])), 0);
    assert_eq!(status(&wirelab(&["run", file, "--quiet"])), 0);
    let again = wirelab(&["new", file]);
    assert_eq!(status(&again), 2, "an existing file is overwritten");
    assert!(stderr(&again).contains("new.toml"));
}

#[test]
fn a_failed_expectation_is_status_one() {
    // The exchange of the echo scenario on a link that loses everything.
    let output = wirelab(&["run", "echo", "--quiet", "--set", "link.wire.loss=100 %"]);
    assert_eq!(status(&output), 1, "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn bad_usage_and_bad_files_are_status_two() {
    let no_toml = path("no-toml.toml", "hosts = [\n");
    let unknown = path("unknown.toml", "tilte = \"x\"\n");
    let cases: [&[&str]; 7] = [
        &["run"],
        &["run", "no-such-scenario"],
        &["run", "no/such/file.toml"],
        &["run", "echo", "--no-such-option"],
        &["no-such-command"],
        &["check", &no_toml],
        &["check", &unknown],
    ];
    for arguments in cases {
        let output = wirelab(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty(), "{arguments:?} says nothing");
        assert!(!stderr(&output).contains("panicked"), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_diagnostic_points_at_line_and_column_and_suggests() {
    let file = path("typo.toml", "# one\ntilte = \"x\"\n");
    let said = stderr(&wirelab(&["check", &file]));
    for part in ["typo.toml:2:1", "tilte", "did you mean", "title", "^"] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
    let said = stderr(&wirelab(&["run", "ehco"]));
    assert!(said.contains("echo"), "no near miss in:\n{said}");
    let said = stderr(&wirelab(&["explain", "delayed-akc"]));
    assert!(said.contains("delayed-ack"), "no near miss in:\n{said}");
}

#[test]
fn a_file_that_may_not_be_written_is_not_a_success() {
    let output = wirelab(&["run", "echo", "--quiet", "--pcap", "no/such/folder/x.pcapng"]);
    assert!(matches!(status(&output), 2 | 3), "{}", stderr(&output));
    assert!(stderr(&output).contains("no/such/folder/x.pcapng"), "{}", stderr(&output));
}

#[test]
fn explanations_name_the_section() {
    let output = wirelab(&["explain", "delayed-ack"]);
    assert_eq!(status(&output), 0);
    assert!(stdout(&output).contains("RFC 9293 §3.8.6.3"), "{}", stdout(&output));
}

#[test]
fn json_is_alone_on_standard_output_and_quiet_is_quiet() {
    let output = wirelab(&["run", "echo", "--json"]);
    let summary: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("only JSON is written");
    for field in [
        "scenario",
        "seed",
        "virtual_duration",
        "trace_hash",
        "connections",
        "hosts",
        "links",
        "expectations",
    ] {
        assert!(!summary[field].is_null(), "no `{field}` in {summary}");
    }
    let lines = stdout(&wirelab(&["run", "echo", "--quiet"])).lines().count();
    assert!(lines < 10, "{lines} lines are not quiet");
}
