//! What the tests of the command share: running it, its scenarios, a place for files.

#![allow(dead_code, reason = "each test uses its part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the command in the root of the repository.
pub fn wirelab(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirelab"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().unwrap_or_else(|error| panic!("wirelab does not start: {error}"))
}

/// Its standard output, which must be UTF-8.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

/// Its standard error, which must be UTF-8.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

/// Its exit status; a signal is none.
pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}"))
}

/// The names of the scenarios that ship, in order.
pub fn scenarios() -> Vec<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(place).expect("there is a folder of scenarios");
    let files = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    for expected in ["echo", "echo-udp", "lossy-transfer", "partition", "ping", "unreachable"] {
        assert!(names.iter().any(|name| name == expected), "{expected} does not ship");
    }
    names
}

/// A fresh path for a file of a test.
pub fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}
