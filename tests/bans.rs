//! The core's bans (`crates/stack/clippy.toml`, `crates/sim/clippy.toml`): the names are there, and they bite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the simulator may use and the stack may not: its wakers are `Send + Sync`, its world is no value.
const ONLY_IN_STACK: [&str; 6] = [
    "std::cell::RefCell",
    "std::rc::Rc",
    "std::sync::Barrier",
    "std::sync::Condvar",
    "std::sync::Mutex",
    "std::sync::RwLock",
];

/// What must be banned in both, whatever else is.
const REQUIRED: [&str; 34] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::fs::File",
    "std::fs::read",
    "std::fs::write",
    "std::env::var",
    "std::env::args",
    "std::env::vars",
    "std::print",
    "std::println",
    "std::eprint",
    "std::eprintln",
    "std::dbg",
    "std::thread::LocalKey",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::hash::DefaultHasher",
    "std::hash::RandomState",
    "rand::rngs::StdRng",
    "rand::rngs::ThreadRng",
    "f32",
    "f64",
    "f64::ln",
    "f64::exp",
    "f64::powf",
    "f64::sin",
    "f32::sqrt",
];

/// A banned name, and whether it belongs to a crate that a sample cannot use.
type Bans = BTreeMap<String, bool>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn bans(of: &str, kind: &str) -> Bans {
    let path = root().join("crates").join(of).join("clippy.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table: toml::Table = text.parse().expect("clippy.toml is TOML");
    let list = table.get(kind).and_then(toml::Value::as_array).unwrap_or_else(|| panic!("{of}: no {kind}"));
    let entry = |ban: &toml::Value| {
        let path = ban["path"].as_str().expect("a path").to_owned();
        assert!(ban.get("reason").is_some(), "{of}: {path} is banned without a reason");
        (path, ban.get("allow-invalid").is_some())
    };
    list.iter().map(entry).collect()
}

fn all_bans(of: &str) -> BTreeSet<String> {
    let kinds = ["disallowed-types", "disallowed-methods", "disallowed-macros"];
    kinds.iter().flat_map(|kind| bans(of, kind).into_keys()).collect()
}

#[test]
fn the_required_names_are_banned_in_stack_and_simulator() {
    for of in ["stack", "sim"] {
        let banned = all_bans(of);
        let missing: Vec<_> = REQUIRED.iter().filter(|name| !banned.contains(**name)).collect();
        assert!(missing.is_empty(), "crates/{of}/clippy.toml does not ban {missing:?}");
    }
}

#[test]
fn the_two_lists_differ_only_where_they_should() {
    let (stack, sim) = (all_bans("stack"), all_bans("sim"));
    let only_in_sim: Vec<_> = sim.difference(&stack).collect();
    assert!(only_in_sim.is_empty(), "banned in sim and not in stack: {only_in_sim:?}");
    let only_in_stack: Vec<_> = stack.difference(&sim).map(String::as_str).collect();
    assert_eq!(only_in_stack, ONLY_IN_STACK);
}

/// The generic arguments that a sample of this type or function needs to be a complete program.
fn arguments(path: &str) -> &'static str {
    const ONE: [&str; 6] = [
        "std::thread::LocalKey",
        "std::sync::Mutex",
        "std::sync::RwLock",
        "std::rc::Rc",
        "std::cell::RefCell",
        "std::collections::HashSet",
    ];
    const TWO_TEXTS: [&str; 5] =
        ["std::fs::copy", "std::fs::hard_link", "std::fs::rename", "std::fs::write", "std::env::set_var"];
    const ONE_TEXT: [&str; 9] = [
        "std::net::TcpStream::connect",
        "std::net::TcpListener::bind",
        "std::net::UdpSocket::bind",
        "std::env::var",
        "std::env::var_os",
        "std::env::remove_var",
        "std::env::set_current_dir",
        "std::fs::File::open",
        "std::fs::File::create",
    ];
    match path {
        "std::thread::JoinHandle" => "<()>",
        "std::thread::Scope" => "<'static, 'static>",
        "std::collections::HashMap" => "<u8, u8>",
        "std::thread::spawn" => "::<fn(), ()>",
        _ if ONE.contains(&path) => "<u8>",
        _ if TWO_TEXTS.contains(&path) => "::<&str, &str>",
        _ if ONE_TEXT.contains(&path) => "::<&str>",
        _ if path.starts_with("std::fs::") && !path.contains(char::is_uppercase) => "::<&str>",
        _ => "",
    }
}

/// A program with one violation a line, and which line violates what.
fn samples(of: &str) -> (String, BTreeMap<usize, String>) {
    let (mut program, mut lines) = (String::from("#![allow(dead_code, unused)]\n"), BTreeMap::new());
    let mut add = |path: &str, text: String| {
        writeln!(program, "{text}").unwrap();
        lines.insert(lines.len() + 2, path.to_owned());
    };
    let usable = |kind| bans(of, kind).into_iter().filter(|(_, foreign)| !foreign).map(|(path, _)| path);
    for (n, path) in usable("disallowed-types").enumerate() {
        add(&path, format!("pub type T{n} = {path}{};", arguments(&path)));
    }
    for (n, path) in usable("disallowed-methods").enumerate() {
        let used = match path.as_str() {
            "std::thread::scope" => "std::thread::scope(|_| ())".to_owned(),
            "std::net::ToSocketAddrs::to_socket_addrs" => {
                "std::net::ToSocketAddrs::to_socket_addrs(\"a:1\")".to_owned()
            }
            _ => format!("{path}{}", arguments(&path)),
        };
        add(&path, format!("pub fn f{n}() {{ let _ = {used}; }}"));
    }
    for (n, path) in usable("disallowed-macros").enumerate() {
        let used = match path.as_str() {
            "std::dbg" => "let _ = std::dbg!(1);".to_owned(),
            "std::env" | "std::option_env" => format!("let _ = {path}!(\"PATH\");"),
            _ => format!("{path}!(\"text\");"),
        };
        add(&path, format!("pub fn m{n}() {{ {used} }}"));
    }
    (program, lines)
}

/// Writes `program` as a crate named `place` under the target directory and runs clippy on it with the bans of
/// `of`. Returns what clippy said, or `None` where it is not installed and need not be.
fn clippy(place: &str, of: &str, program: &str) -> Option<String> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(place);
    std::fs::create_dir_all(place.join("src")).unwrap();
    std::fs::write(place.join("src/lib.rs"), program).unwrap();
    let manifest = "[package]\nname = \"sample\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
    std::fs::write(place.join("Cargo.toml"), manifest).unwrap();
    let done = Command::new(env!("CARGO"))
        .args(["clippy", "--quiet", "--offline", "--message-format=short", "--"])
        .args(["-Dclippy::disallowed_types", "-Dclippy::disallowed_methods", "-Dclippy::disallowed_macros"])
        .current_dir(&place)
        .env("CLIPPY_CONF_DIR", root().join("crates").join(of))
        .env("CARGO_TARGET_DIR", place.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    if said.contains("no such command") || said.contains("is not installed") {
        assert!(
            std::env::var_os("WIRELAB_REQUIRE_PEERS").is_none(),
            "clippy is required and missing: {said}"
        );
        eprintln!("SKIPPED: clippy is not installed, so the bans were not tried");
        return None;
    }
    Some(said)
}

fn refused(said: &str) -> BTreeSet<usize> {
    let lines = said.lines().filter(|line| line.contains("use of a disallowed"));
    lines.filter_map(|line| line.strip_prefix("src/lib.rs:")?.split(':').next()?.parse().ok()).collect()
}

#[test]
fn each_banned_name_is_refused() {
    for of in ["stack", "sim"] {
        let (program, lines) = samples(of);
        assert!(lines.len() > 100, "only {} samples", lines.len());
        let Some(said) = clippy(&format!("banned-{of}"), of, &program) else { return };
        let refused = refused(&said);
        let passed: Vec<_> = lines.iter().filter(|(line, _)| !refused.contains(line)).collect();
        assert!(passed.is_empty(), "crates/{of}: these are not refused: {passed:?}\n{said}");
    }
}

#[test]
fn what_is_not_banned_is_not_refused() {
    let program = "pub fn f() -> std::collections::BTreeMap<u8, core::net::IpAddr> { Default::default() }\n";
    for of in ["stack", "sim"] {
        let Some(said) = clippy(&format!("fine-{of}"), of, program) else { return };
        assert_eq!(refused(&said), BTreeSet::new(), "{said}");
    }
}
