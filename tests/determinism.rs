//! The same scenario and seed give the same events, on every machine and in every build.
//!
//! `tests/trace-hashes.txt` holds the hashes of the scenarios that ship; `WIRELAB_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wirelab::scenario::Scenario;
use wirelab::sim::TraceHash;

mod support;

use support::{scenarios, scratch, status, stderr, stdout, wirelab};

/// The hash that `wirelab run --json` reports.
fn hash_of(arguments: &[&str]) -> String {
    let output = wirelab(&[&["run", "--json"], arguments].concat());
    assert!(matches!(status(&output), 0 | 1), "{arguments:?}: {}", stderr(&output));
    let summary: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("the summary is JSON");
    let hash = summary["trace_hash"].as_str().expect("a summary has a hash").to_owned();
    assert_eq!(hash.len(), 16, "{hash}");
    hash
}

fn file(name: &str) -> String {
    format!("scenarios/{name}.toml")
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trace-hashes.txt")
}

#[test]
fn the_hashes_are_those_committed() {
    let found: BTreeMap<String, String> =
        scenarios().into_iter().map(|name| (name.clone(), hash_of(&[&file(&name)]))).collect();
    let mut text = String::new();
    for (name, hash) in &found {
        writeln!(text, "{name} {hash}").expect("a string can be written to");
    }
    if std::env::var_os("WIRELAB_BLESS").is_some() {
        std::fs::write(committed(), &text).expect("the hashes can be written");
    }
    let known = std::fs::read_to_string(committed()).expect("the hashes are committed");
    assert_eq!(text, known, "what the scenarios do has changed: see CONTRIBUTING.md");
}

#[test]
fn a_seed_decides_everything_and_another_decides_otherwise() {
    let lossy = file("lossy-transfer");
    assert_eq!(hash_of(&[&lossy, "--seed", "7"]), hash_of(&[&lossy, "--seed", "7"]));
    assert_ne!(hash_of(&[&lossy, "--seed", "7"]), hash_of(&[&lossy, "--seed", "8"]));
}

#[test]
fn who_watches_changes_nothing() {
    let echo = file("echo");
    let plain = hash_of(&[&echo]);
    for (option, name) in
        [("--pcap", "watched.pcapng"), ("--trace", "watched.jsonl"), ("--series", "watched.csv")]
    {
        let path = scratch(name);
        assert_eq!(hash_of(&[&echo, option, path.to_str().expect("the path is UTF-8")]), plain, "{option}");
    }
}

/// The hash of each component of a scenario's run.
fn by_component(text: &str) -> BTreeMap<String, u64> {
    let scenario = Scenario::from_text("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut run = scenario.build(scenario.seed());
    run.add_recorder(Box::new(TraceHash::new(run.names())));
    let report = run.execute(&mut |_| {});
    assert!(report.held, "{:?}", report.expectations);
    let hash: Box<TraceHash> = run.take_recorder().expect("the recorder was added");
    hash.by_name().into_iter().map(|(name, hash)| (name.to_owned(), hash)).collect()
}

#[test]
fn an_idle_host_changes_no_other_hosts_events() {
    const FIRST: &str =
        "[[host]]\nname = \"aaa-idle\"\ninterface = [{ addresses = [\"198.18.0.1/24\"] }]\n\n";
    for name in scenarios() {
        let text = std::fs::read_to_string(file(&name)).expect("the scenario can be read");
        let before = by_component(&text);
        assert!(before.len() >= 2, "{name}: only {:?} did anything", before.keys());
        // In front of all others, so that every number in the world is another.
        let place = text.find("[[host]]").expect("there are hosts");
        let mut after = by_component(&format!("{}{FIRST}{}", &text[..place], &text[place..]));
        after.remove("aaa-idle");
        assert_eq!(before, after, "{name}");
    }
}
