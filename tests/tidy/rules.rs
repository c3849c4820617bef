//! Rules about one file: lengths, citations, words that must not stay, exceptions from lints.

use crate::Violation;
use crate::lexer::{Piece, Source, lex};

/// Lines that a file may have without a reason in its first.
const LONGEST_FILE: usize = 600;
/// Lines that a function may have, from its name to its closing brace.
const LONGEST_FUNCTION: usize = 100;
/// What the first line of a longer file says before its reason.
const REASON: &str = "long because";
/// Crates whose arithmetic is of integers only.
const INTEGERS_ONLY: [&str; 2] = ["crates/stack/src/", "crates/sim/src/"];
/// Crates that talk to the system, and may do so by `unsafe` code.
const SYSTEM: [&str; 1] = ["crates/rawlink/"];

/// Checks one source file, named from the root of the repository.
pub(crate) fn check(file: &str, text: &str) -> Vec<Violation> {
    let source = lex(text);
    let mut found = Vec::new();
    found.extend(file_length(text));
    found.extend(function_lengths(&source.tokens));
    found.extend(citations(&source));
    found.extend(words(&source));
    if !SYSTEM.iter().any(|place| file.starts_with(place)) {
        found.extend(unsafe_code(&source));
    }
    found.extend(reasons(&source.tokens));
    if INTEGERS_ONLY.iter().any(|place| file.starts_with(place)) {
        found.extend(floats(&source.tokens));
    }
    found.extend(machine_paths(text));
    found.into_iter().map(|(line, what)| Violation::new(file, line, what)).collect()
}

/// Checks a file that is not source.
pub(crate) fn check_prose(file: &str, text: &str) -> Vec<Violation> {
    machine_paths(text).into_iter().map(|(line, what)| Violation::new(file, line, what)).collect()
}

type Found = Vec<(usize, String)>;

fn file_length(text: &str) -> Option<(usize, String)> {
    let lines = text.lines().count();
    let explained = text.lines().next().is_some_and(|first| first.contains(REASON));
    (lines > LONGEST_FILE && !explained).then(|| {
        (1, format!("{lines} lines, {LONGEST_FILE} are allowed (or `{REASON} …` in the first line)"))
    })
}

fn function_lengths(tokens: &[Piece]) -> Found {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "fn") {
        let Some(name) = tokens.get(at + 1).filter(|name| name.text != "(") else { continue };
        let Some(end) = body_end(&tokens[at..]) else { continue };
        let lines = end - token.line + 1;
        if lines > LONGEST_FUNCTION {
            let what = format!("function `{}` has {lines} lines, {LONGEST_FUNCTION} are allowed", name.text);
            found.push((token.line, what));
        }
    }
    found
}

/// The last line of the function that begins `tokens`, if it has a body.
fn body_end(tokens: &[Piece]) -> Option<usize> {
    let mut brackets = 0_i32;
    let mut opened = 0_u32;
    for token in tokens {
        match token.text.as_str() {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets -= 1,
            ";" if opened == 0 && brackets == 0 => return None,
            "{" => opened += 1,
            "}" => {
                opened = opened.checked_sub(1)?;
                if opened == 0 {
                    return Some(token.line);
                }
            }
            _ => {}
        }
    }
    None
}

/// Each `RFC nnnn` names a section (or an appendix), in comments (across their lines) and in strings. A file's first line may name
/// the document whole: it is a title.
fn citations(source: &Source) -> Found {
    let mut found = Vec::new();
    for (at, piece) in source.comments.iter().enumerate().filter(|(_, piece)| piece.line > 1) {
        let next = source.comments.get(at + 1).filter(|next| next.line == piece.line + 1);
        let whole = format!("{} {}", piece.text, next.map_or("", |next| next.text.as_str()));
        found.extend(bare_citations(&whole, piece.text.len()).map(|number| (piece.line, number.to_owned())));
    }
    for piece in &source.strings {
        found.extend(
            bare_citations(&piece.text, piece.text.len()).map(|number| (piece.line, number.to_owned())),
        );
    }
    found
        .into_iter()
        .map(|(line, number)| (line, format!("RFC {number} is cited without a section")))
        .collect()
}

/// The numbers of the documents that are cited without a section by a citation that begins in the first `until`
/// octets of `text`.
fn bare_citations(text: &str, until: usize) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("RFC").map(|(at, _)| at).filter(move |at| *at < until);
    starts.filter_map(|at| {
        let after = text[at + 3..].trim_start();
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, rest) = after.split_at(digits);
        let named = ["§", "appendix "].iter().any(|section| rest.trim_start().starts_with(section));
        (digits >= 3 && !named).then_some(number)
    })
}

/// Notes that must not stay.
fn words(source: &Source) -> Found {
    // Written apart, or this file would break its own rule.
    let notes = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut found = Vec::new();
    for piece in source.comments.iter().chain(&source.strings) {
        for note in notes.iter().filter(|note| has_word(&piece.text, note)) {
            found.push((piece.line, format!("`{note}`: do it, or open an issue")));
        }
    }
    for (at, token) in source.tokens.iter().enumerate() {
        let called = source.tokens.get(at + 1).is_some_and(|next| next.text == "!");
        match token.text.as_str() {
            "todo" | "unimplemented" if called => {
                found.push((token.line, format!("`{}!`: do it", token.text)));
            }
            _ => {}
        }
    }
    found
}

fn unsafe_code(source: &Source) -> Found {
    let what = || "`unsafe`: nowhere but in the crates that talk to the system".to_owned();
    source.tokens.iter().filter(|token| token.text == "unsafe").map(|token| (token.line, what())).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

/// An exception from a lint: `#[allow(…)]`, `#![expect(…)]` and their kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exception {
    pub(crate) line: usize,
    pub(crate) lints: Vec<String>,
    pub(crate) has_reason: bool,
}

/// Reads the exceptions of `tokens`.
pub(crate) fn exceptions(tokens: &[Piece]) -> Vec<Exception> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
        let opened = tokens.get(at + 1).is_some_and(|next| next.text == "(");
        // `#[allow(`, `#![expect(`, and behind a comma in `cfg_attr`.
        if !matches!(token.text.as_str(), "allow" | "expect") || !matches!(before, "[" | ",") || !opened {
            continue;
        }
        let inside: Vec<&str> = tokens[at + 2..]
            .iter()
            .map(|token| token.text.as_str())
            .take_while(|text| *text != ")")
            .collect();
        let mut parts = inside.split(|text| *text == ",").filter(|part| !part.is_empty());
        let has_reason = parts.clone().any(|part| part[0] == "reason");
        let lints = parts.by_ref().filter(|part| part[0] != "reason").map(<[&str]>::concat).collect();
        found.push(Exception { line: token.line, lints, has_reason });
    }
    found
}

fn reasons(tokens: &[Piece]) -> Found {
    let without = exceptions(tokens).into_iter().filter(|exception| !exception.has_reason);
    without
        .map(|exception| (exception.line, format!("{:?} is excepted without a reason", exception.lints)))
        .collect()
}

/// Literals of floats. (Of `a.0.1` the lexer makes a number behind a dot.)
fn floats(tokens: &[Piece]) -> Found {
    let is_float = |text: &str| {
        let fraction = text.contains('.') || text.ends_with("f32") || text.ends_with("f64");
        text.starts_with(|c: char| c.is_ascii_digit()) && !text.starts_with("0x") && fraction
    };
    let mut found = Vec::new();
    let mut before = "";
    for token in tokens {
        if before != "." && is_float(&token.text) {
            found.push((token.line, format!("{} is a float", token.text)));
        }
        before = &token.text;
    }
    found
}

/// Paths of somebody's machine.
fn machine_paths(text: &str) -> Found {
    let places = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/tm", "p/"),
        concat!("/wo", "rk/"),
    ];
    let mut found = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for place in places.iter().filter(|place| line.contains(**place)) {
            found.push((n + 1, format!("`{place}…` is a path of somebody's machine")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        check("crates/stack/src/host/a.rs", text).into_iter().map(|v| (v.line, v.what)).collect()
    }

    #[test]
    fn long_files_need_a_reason() {
        let long = "//! One.\n".repeat(601);
        assert_eq!(found(&long).len(), 1);
        assert_eq!(found(&"//! One.\n".repeat(600)), []);
        assert_eq!(found(&format!("//! A table, long because it has 700 rows.\n{long}")), []);
    }

    #[test]
    fn long_functions_are_found() {
        let body = |lines: usize| {
            format!("trait T {{ fn g(); }}\nfn f(a: [u8; 2]) {{\n{}}}\n", "a();\n".repeat(lines))
        };
        assert_eq!(found(&body(98)), []);
        let long = found(&body(99));
        assert_eq!(long.len(), 1);
        assert_eq!(long[0].0, 2);
        assert!(long[0].1.contains("`f` has 101 lines"), "{long:?}");
    }

    #[test]
    fn citations_name_sections() {
        // `Rfc` becomes what it should be, or these samples would break the rule here.
        let lines = |text: &str| -> Vec<_> {
            found(&text.replace("Rfc", "RFC")).into_iter().map(|(line, _)| line).collect()
        };
        assert_eq!(
            lines("//! A.\n// Rfc 9293 says\n/// see Rfc 793\n// Rfc 6298 §5.4, Rfc 6582\n"),
            [2, 3, 4]
        );
        assert_eq!(lines("//! A.\nconst A: &str = \"Rfc 791\";\n"), [2]);
        assert_eq!(
            lines("//! TCP (Rfc 9293).\n// Rfc 9293 §3.10.7.4 and Rfc 6298\n// §5 and (Rfc 1122 §4.2)."),
            []
        );
    }

    #[test]
    fn notes_unsafe_and_unfinished_code_are_found() {
        let note = concat!("// TO", "DO later\n");
        let bad =
            format!("//! A.\n{note}fn f() {{ unsafe {{ }} todo!() }}\nlet s = \"{}\";", concat!("FIX", "ME"));
        assert_eq!(found(&bad).into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [2, 4, 3, 3]);
        let elsewhere = check("crates/rawlink/src/a.rs", &bad);
        assert_eq!(elsewhere.iter().filter(|violation| violation.what.contains("unsafe")).count(), 0);
        assert_eq!(found("//! A todo list, unsafe_code.\n#![forbid(unsafe_code)]\nfn f(todo: u8) {}\n"), []);
    }

    #[test]
    fn exceptions_give_reasons() {
        let text = "//! A.\n#![allow(dead_code)]\n#[expect(clippy::disallowed_types, missing_docs, reason = \"a (b)\")]\n\
                    #[cfg_attr(test, allow(unused))]\nfn f() { x.expect(\"a\"); allow(1); }\n";
        assert_eq!(found(text).into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [2, 4]);
        let read = exceptions(&lex(text).tokens);
        assert_eq!(read.len(), 3);
        assert_eq!(read[1].lints, ["clippy::disallowed_types", "missing_docs"]);
    }

    #[test]
    fn floats_are_found_in_the_core_only() {
        let text = "//! A.\nfn f() { 1.5; 2_f64; 1..5; a.0.1; 0x1f32; }\n";
        assert_eq!(found(text).len(), 2);
        assert_eq!(check("crates/cli/src/a.rs", text), []);
    }

    #[test]
    fn paths_of_machines_are_found_everywhere() {
        let text = format!("see {}me/x\n", "/ho");
        assert_eq!(check_prose("README.md", &text).len(), 1);
        assert_eq!(found(&format!("//! A.\n// {text}")).len(), 1);
    }
}
