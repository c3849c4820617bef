//! The same scenario and seed give the same events, on every machine and in every build.
//!
//! `tests/trace-hashes.txt` holds the hashes of the scenarios that ship; `WIRELAB_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

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
