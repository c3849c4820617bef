//! Holds the tree to its own rules: import direction, lengths, citations, exceptions, words that must not stay.
//!
//! Each rule is a function from a file's name and text to violations, with samples that break it beside it. Run
//! with `WIRELAB_BLESS=1` to write `tests/tidy/exceptions.txt` anew.

mod layers;
mod lexer;
mod rules;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    line: usize,
    what: String,
}

impl Violation {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the project with one of `extensions`: its name from the root, and its text.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let mut places = vec![root()];
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped =
                    name == "target" || name == "mutants.out" || (name.starts_with('.') && name != ".ci");
                if !skipped {
                    places.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(extension)) {
                names.push(path);
            }
        }
    }
    names.sort();
    names.into_iter().map(|path| (relative(&path), read(&path))).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn none(violations: &[Violation]) {
    let mut report = String::new();
    for Violation { file, line, what } in violations {
        writeln!(report, "{file}:{line}: {what}").unwrap();
    }
    assert!(report.is_empty(), "{} violations:\n{report}", violations.len());
}

#[test]
fn imports_point_downwards() {
    let sources = files(&[".rs"]);
    let layered = sources.iter().filter(|(file, _)| layers::is_in_a_layer(file)).count();
    assert!(layered > 20, "only {layered} files of the stack were found in a layer");
    none(&sources.iter().flat_map(|(file, text)| layers::check(file, text)).collect::<Vec<_>>());
}

#[test]
fn manifests_point_downwards() {
    let manifests = files(&["Cargo.toml"]);
    assert!(manifests.len() > 4, "only {} manifests were found", manifests.len());
    none(&manifests.iter().flat_map(|(file, text)| layers::check_manifest(file, text)).collect::<Vec<_>>());
}

#[test]
fn source_keeps_the_rules() {
    none(&files(&[".rs"]).iter().flat_map(|(file, text)| rules::check(file, text)).collect::<Vec<_>>());
}

#[test]
fn prose_and_settings_name_no_machine() {
    let prose = files(&[".md", ".toml", ".txt", ".sh", "run", ".json"]);
    none(&prose.iter().flat_map(|(file, text)| rules::check_prose(file, text)).collect::<Vec<_>>());
}

/// `lint file count`, a line each, in order: the exceptions from lints in the crates.
fn exceptions() -> String {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (file, text) in files(&[".rs"]).iter().filter(|(file, _)| file.starts_with("crates/")) {
        for lint in rules::exceptions(&lexer::lex(text).tokens).into_iter().flat_map(|found| found.lints) {
            *counts.entry((lint, file.clone())).or_default() += 1;
        }
    }
    let mut list = String::new();
    for ((lint, file), count) in counts {
        writeln!(list, "{lint} {file} {count}").unwrap();
    }
    list
}

#[test]
fn exceptions_are_those_that_were_agreed() {
    let (path, found) = (root().join("tests/tidy/exceptions.txt"), exceptions());
    if std::env::var_os("WIRELAB_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let agreed = read(&path);
    let added: Vec<_> = found.lines().filter(|line| !agreed.lines().any(|known| known == *line)).collect();
    let gone: Vec<_> = agreed.lines().filter(|line| !found.lines().any(|known| known == *line)).collect();
    assert!(
        added.is_empty() && gone.is_empty(),
        "exceptions from lints\n  new: {added:#?}\n  gone: {gone:#?}"
    );
}
