//! Import direction: between the layers of the stack, and between the crates.

use crate::Violation;
use crate::lexer::{Piece, lex};

/// The layers of the stack from the ground up. A module may import those of its own line and of the lines before.
const LAYERS: &[&[&str]] = &[
    &["addr", "checksum", "clock", "context", "frame", "rng", "table", "time", "timers", "trace"],
    &["storage"],
    &["interface"],
    &["network"],
    &["transport"],
    &["profile"],
    &["host"],
    &["socket"],
    &["application"],
];

/// The crates from the ground up. A crate may import those of the lines before its own.
const CRATES: &[&[&str]] = &[&["stack"], &["sim"], &["blocking", "rawlink", "replay", "scenario"], &["cli"]];

/// Position of a module of the stack in [`LAYERS`].
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Position of a crate in [`CRATES`], by the name of its folder.
fn rank(name: &str) -> Option<usize> {
    CRATES.iter().position(|line| line.contains(&name))
}

/// A path that begins with `crate`, `super`, `self` or a crate's name, whole: `crate::a::b`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
}

/// Reads the paths of `tokens`, with the groups of `use` written out. Paths are made absolute (`crate::…`) from
/// `module`, the file's own path, and the inline modules around them.
pub(crate) fn references(tokens: &[Piece], module: &[String]) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inline.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if text(tokens, at + 2) == "{" => {
                depth += 1;
                inline.push((tokens[at + 1].text.clone(), depth));
                at += 3;
                continue;
            }
            first if begins_path(first) && !continues_path(tokens, at) => {
                let here: Vec<String> =
                    module.iter().chain(inline.iter().map(|(name, _)| name)).cloned().collect();
                at = tree(tokens, at, &[], &mut |line, path| {
                    found.extend(absolute(&path, &here).map(|path| Reference { line, path }));
                });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn text(tokens: &[Piece], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

fn begins_path(word: &str) -> bool {
    matches!(word, "crate" | "super" | "self") || word.starts_with("wirelab")
}

/// Whether the word at `at` stands behind `::` (or is no path: `pub(crate)`, `self.x`, `&self`).
fn continues_path(tokens: &[Piece], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| text(tokens, before));
    let known = text(tokens, at).strip_prefix("wirelab_").is_some_and(|name| rank(name).is_some());
    let alone = text(tokens, at + 1) != "::" && !known;
    before == "::" || alone
}

/// Reads one use-tree, or one path in an expression, from `at`; returns where it ends.
fn tree(
    tokens: &[Piece],
    mut at: usize,
    prefix: &[String],
    found: &mut dyn FnMut(usize, Vec<String>),
) -> usize {
    let line = tokens.get(at).map_or(0, |token| token.line);
    let mut path = prefix.to_vec();
    loop {
        match text(tokens, at) {
            "{" => return group(tokens, at + 1, &path, found),
            word if word == "*" || word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
        if text(tokens, at) != "::" {
            break;
        }
        at += 1;
    }
    if text(tokens, at) == "!" {
        path.push("!".to_owned());
    }
    found(line, path);
    at
}

fn group(
    tokens: &[Piece],
    mut at: usize,
    prefix: &[String],
    found: &mut dyn FnMut(usize, Vec<String>),
) -> usize {
    while at < tokens.len() && text(tokens, at) != "}" {
        let next = tree(tokens, at, prefix, found);
        at = next.max(at + 1);
        // `as name`, and the comma.
        while !matches!(text(tokens, at), "," | "}" | "") {
            at += 1;
        }
        if text(tokens, at) == "," {
            at += 1;
        }
    }
    at + 1
}

/// `path` from the crate's root; `None` where it leads nowhere.
fn absolute(path: &[String], here: &[String]) -> Option<Vec<String>> {
    let root = || vec!["crate".to_owned()];
    match path.first()?.as_str() {
        "self" | "super" => {
            let ups = path.iter().take_while(|word| *word == "super").count();
            let skip = if ups == 0 { 1 } else { ups };
            let stay = here.len().checked_sub(ups)?;
            let mut whole = root();
            whole.extend(here[..stay].iter().cloned());
            whole.extend(path[skip..].iter().cloned());
            Some(whole)
        }
        _ => Some(path.to_vec()),
    }
}

/// The module path of a file under `src`: `transport/tcp/mod.rs` is `transport`, `tcp`.
fn module_of(file: &str) -> Vec<String> {
    let file = file.strip_suffix(".rs").unwrap_or(file);
    let file = file.strip_suffix("/mod").unwrap_or(file);
    file.split('/').filter(|part| !matches!(*part, "lib" | "main" | "")).map(str::to_owned).collect()
}

/// Checks the imports of one file, named from the root of the repository.
pub(crate) fn check(file: &str, source: &str) -> Vec<Violation> {
    let Some((name, inside)) = file.strip_prefix("crates/").and_then(|file| file.split_once('/')) else {
        return Vec::new();
    };
    let Some(own_rank) = rank(name) else {
        return vec![Violation::new(file, 1, format!("crate `{name}` has no place in the order of crates"))];
    };
    let module = inside.strip_prefix("src/").map(module_of).unwrap_or_default();
    let mut violations = Vec::new();
    for Reference { line, path } in references(&lex(source).tokens, &module) {
        let complaint = match path[0].strip_prefix("wirelab_") {
            Some(other) if other != name && rank(other).is_none_or(|rank| rank >= own_rank) => {
                Some(format!("crate `{name}` must not import `{other}`, which does not stand below it"))
            }
            None if name == "stack" => upward(&module, &path),
            _ => None,
        };
        violations.extend(complaint.map(|complaint| Violation::new(file, line, complaint)));
    }
    violations
}

/// What is wrong with `path`, a reference from `module` of the stack.
fn upward(module: &[String], path: &[String]) -> Option<String> {
    let (from, to) = (module.first()?, path.get(1)?);
    if path[0] != "crate" || path.get(2).is_some_and(|next| next == "!") {
        return None;
    }
    let Some(own) = layer(from) else {
        return Some(format!("module `{from}` has no place in the order of layers"));
    };
    let Some(other) = layer(to) else {
        return Some(format!("module `{to}` has no place in the order of layers"));
    };
    (other > own).then(|| format!("`{from}` must not import `{to}`, which stands above it"))
}

/// Checks the dependencies that a crate's manifest names.
pub(crate) fn check_manifest(file: &str, manifest: &str) -> Vec<Violation> {
    let Some(name) = file.strip_prefix("crates/").and_then(|file| file.split('/').next()) else {
        return Vec::new();
    };
    let table: toml::Table = manifest.parse().expect("a manifest is TOML");
    let mut violations = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = table.get(section).and_then(toml::Value::as_table) else { continue };
        for other in dependencies.keys().filter_map(|key| key.strip_prefix("wirelab-")) {
            if rank(other) >= rank(name) || rank(other).is_none() {
                let line = 1 + manifest
                    .lines()
                    .take_while(|line| !line.starts_with(&format!("wirelab-{other}")))
                    .count();
                let complaint = format!("crate `{name}` must not depend on `{other}` ({section})");
                violations.push(Violation::new(file, line, complaint));
            }
        }
    }
    violations
}

/// How many files of the stack lie in a layer, so that a moved folder is noticed.
pub(crate) fn is_in_a_layer(file: &str) -> bool {
    let module = file.strip_prefix("crates/stack/src/").map(module_of).unwrap_or_default();
    module.first().is_some_and(|first| layer(first).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &str, source: &str) -> Vec<usize> {
        check(file, source).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn each_way_to_import_upwards_is_found() {
        let bad = "use crate::host::Host;
use crate::{addr::Mac, network::{ipv4, icmp::Kind}, time};
use super::super::transport::Key;
fn f() { crate::socket::g(); }
mod tests { use super::super::host; }
pub use super::transport as t;
use crate::{
    addr,
    application::echo,
};
type T = Vec<crate::profile::Profile>;";
        assert_eq!(lines("crates/stack/src/interface/neighbor.rs", bad), [1, 2, 2, 3, 4, 9, 11]);
        // From interface/mod.rs `super` is the root.
        assert_eq!(lines("crates/stack/src/interface/mod.rs", "use super::transport;"), [1]);
        assert_eq!(lines("crates/stack/src/interface/mod.rs", "mod a { use super::super::host; }"), [1]);
    }

    #[test]
    fn imports_downwards_and_beside_are_fine() {
        let good = "use crate::{frame::Frame, interface::{self, ethernet}, trace::*};
use super::icmp::Kind; use self::inner::Thing; use core::net::IpAddr; use host::x;
// use crate::host::Host;
fn f() -> &'static str { self.host(); \"crate::host\" }
pub(crate) fn g() { crate::documented!(); }
mod tests { use super::*; use super::super::icmp; }";
        assert_eq!(check("crates/stack/src/network/ipv4.rs", good), []);
        assert_eq!(check("crates/stack/src/socket/stream.rs", "use crate::host::Host; use super::X;"), []);
        assert_eq!(check("crates/stack/src/lib.rs", "pub use crate::host::Host;"), []);
    }

    #[test]
    fn a_module_that_nobody_ordered_is_found() {
        assert_eq!(lines("crates/stack/src/utils.rs", "use crate::time::Instant;"), [1]);
        assert_eq!(lines("crates/stack/src/host/mod.rs", "use crate::utils::x;"), [1]);
    }

    #[test]
    fn crates_import_downwards_only() {
        assert_eq!(
            lines(
                "crates/sim/src/world.rs",
                "use wirelab_stack::host::Host;\nuse wirelab_scenario::Scenario;"
            ),
            [2]
        );
        assert_eq!(lines("crates/stack/tests/a.rs", "\nfn f() { wirelab_sim::World::new(1); }"), [2]);
        assert_eq!(
            lines("crates/cli/src/lib.rs", "use {wirelab_sim::World, wirelab_scenario as s};"),
            [0_usize; 0]
        );
        assert_eq!(lines("crates/sim/src/a.rs", "use {wirelab_stack::time, wirelab_cli::x};"), [1]);
        assert_eq!(lines("crates/misc/src/lib.rs", ""), [1]);
        assert_eq!(
            lines("crates/rawlink/src/a.rs", "use wirelab_sim::World;\nuse wirelab_scenario::Scenario;"),
            [2]
        );
        assert_eq!(lines("crates/rawlink/tests/a.rs", "use wirelab_rawlink::RealLink;"), [0_usize; 0]);
        assert_eq!(
            lines("crates/sim/src/a.rs", "fn f() { cfg!(wirelab_unobserved); wirelab_misc::f(); }"),
            [1]
        );
    }

    #[test]
    fn manifests_depend_downwards_only() {
        let bad = "[package]\nname = \"x\"\n[dependencies]\nwirelab-stack.workspace = true\nwirelab-cli.workspace = true\n\
                   [dev-dependencies]\nwirelab-scenario = { path = \"../scenario\" }\n";
        let found: Vec<_> =
            check_manifest("crates/sim/Cargo.toml", bad).into_iter().map(|v| v.line).collect();
        assert_eq!(found, [5, 7]);
        assert_eq!(check_manifest("crates/scenario/Cargo.toml", "[dependencies]\nwirelab-sim = \"1\"\n"), []);
    }
}
