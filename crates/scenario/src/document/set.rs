//! `--set path.to.field=value`: changes to the document before it is read.

use super::{Entry, Kind, Node, Table, parse_value};
use crate::diagnostic::Problem;
use crate::near;
use crate::source::{Source, Sources, Span};

/// A `path.to.field=value` from the command line.
///
/// Each step of the path names a field of a table, or an element of a list: by its `name`, or by its number from
/// zero. The value is TOML where it reads as TOML (`1500`, `true`, `[1, 2]`) and otherwise a text, so that
/// `link.wire.delay=20 ms` needs no quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    text: String,
}

impl Override {
    /// The override that `text` stands for; it is checked when it is applied.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl<T: Into<String>> From<T> for Override {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Applies each of `overrides` to `document`, in order.
pub fn apply(
    document: &mut Table,
    overrides: &[Override],
    sources: &mut Sources,
    problems: &mut Vec<Problem>,
) {
    for change in overrides {
        let source = sources.add(Source::new("--set", &change.text));
        if let Err(problem) = apply_one(document, &change.text, source) {
            problems.push(*problem);
        }
    }
}

/// Puts `value`, which is all of the text `source`, into the field at `path`: TOML where it reads as such, otherwise a text.
pub fn put_option(document: &mut Table, path: &str, value: &str, source: u32) -> Result<(), Box<Problem>> {
    let span = Span { source, start: 0, end: value.len() as u32 };
    let mut node = parse_value(value.trim(), source)
        .unwrap_or_else(|| Node { span, kind: Kind::Text(value.trim().to_owned()) });
    respan(&mut node, span);
    let steps: Vec<Step<'_>> = path.split('.').map(|name| Step { name, span }).collect();
    put(document, &steps, node)
}

/// One step of a path, and where it stands in the override's text.
#[derive(Clone, Copy)]
struct Step<'a> {
    name: &'a str,
    span: Span,
}

fn apply_one(document: &mut Table, text: &str, source: u32) -> Result<(), Box<Problem>> {
    let span = |start: usize, end: usize| Span { source, start: start as u32, end: end as u32 };
    let Some((path, value)) = text.split_once('=') else {
        let problem = Problem::new(span(0, text.len()), "", "there is no `=` between field and value");
        return Err(Box::new(problem.allowed("path.to.field=value, such as link.wire.delay=\"20 ms\"")));
    };
    let steps = steps(path, source);
    if let Some(empty) = steps.iter().find(|step| step.name.is_empty()) {
        return Err(Box::new(Problem::new(empty.span, path, "a step of the path is empty")));
    }
    let start = path.len() + 1;
    let trimmed = value.trim();
    let mut node = parse_value(trimmed, source)
        .unwrap_or_else(|| Node { span: span(0, 0), kind: Kind::Text(trimmed.to_owned()) });
    respan(&mut node, span(start, text.len()));
    put(document, &steps, node).map_err(|mut problem| {
        path.clone_into(&mut problem.path);
        problem
    })
}

fn steps(path: &str, source: u32) -> Vec<Step<'_>> {
    let mut at = 0;
    path.split('.')
        .map(|part| {
            let start = at + (part.len() - part.trim_start().len());
            at += part.len() + 1;
            let name = part.trim();
            let end = start + name.len();
            Step { name, span: Span { source, start: start as u32, end: end as u32 } }
        })
        .collect()
}

/// All of the value's nodes stand where the value stands.
fn respan(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.kind {
        Kind::List(list) => list.iter_mut().for_each(|node| respan(node, span)),
        Kind::Table(table) => table.0.iter_mut().for_each(|entry| {
            entry.key_span = span;
            respan(&mut entry.node, span);
        }),
        _ => {}
    }
}

fn put(table: &mut Table, steps: &[Step<'_>], value: Node) -> Result<(), Box<Problem>> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    if rest.is_empty() {
        if let Some(node) = table.get_mut(step.name) {
            *node = value;
        } else {
            table.0.push(Entry { key: step.name.to_owned(), key_span: step.span, node: value });
        }
        return Ok(());
    }
    if table.get(step.name).is_none() {
        // A table that is not there yet, such as `stop`; if no such table is known, the reader will say so.
        let node = Node { span: step.span, kind: Kind::Table(Table::default()) };
        table.0.push(Entry { key: step.name.to_owned(), key_span: step.span, node });
    }
    match table.get_mut(step.name) {
        Some(node) => put_into(node, step.name, rest, value),
        None => Ok(()),
    }
}

fn put_into(node: &mut Node, name: &str, rest: &[Step<'_>], value: Node) -> Result<(), Box<Problem>> {
    let description = node.describe();
    match &mut node.kind {
        Kind::Table(table) => put(table, rest, value),
        Kind::List(list) => {
            let Some((step, rest)) = rest.split_first() else { return Ok(()) };
            let index = element(list, name, *step)?;
            match rest {
                [] => list[index] = value,
                _ => return put_into(&mut list[index], step.name, rest, value),
            }
            Ok(())
        }
        _ => {
            let message = format!("`{name}` is {description} and has no fields");
            Err(Box::new(Problem::new(rest.first().map_or(node.span, |step| step.span), "", message)))
        }
    }
}

/// The element of `list` that `step` means.
fn element(list: &[Node], name: &str, step: Step<'_>) -> Result<usize, Box<Problem>> {
    let by_name = list.iter().position(|node| node.name() == Some(step.name));
    let by_number = || step.name.parse::<usize>().ok().filter(|index| *index < list.len());
    by_name.or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = list.iter().filter_map(Node::name).collect();
        let mut allowed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        match list.len() {
            0 => allowed.push("nothing: the list is empty".to_owned()),
            1 => allowed.push("the number 0".to_owned()),
            n => allowed.push(format!("a number from 0 to {}", n - 1)),
        }
        let message = format!("`{name}` has no element `{}`", step.name);
        let problem = Problem::new(step.span, "", message).allowed(allowed.join(", "));
        Box::new(problem.suggest(near::miss(step.name, names)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn set(document: &str, text: &str) -> Result<Table, String> {
        let mut problems = Vec::new();
        let mut sources = Sources::default();
        let source = sources.add(Source::new("f.toml", document));
        let mut table = parse(document, source, &mut problems);
        apply(&mut table, &[text.into()], &mut sources, &mut problems);
        match problems.pop() {
            Some(problem) => Err(problem.locate(&sources).to_string()),
            None => Ok(table),
        }
    }

    const LINKS: &str = "seed = 1\n[[link]]\nname = 'wire'\ndelay = '1 ms'\n[[link]]\nname = 'air'\n";

    fn field<'a>(table: &'a Table, link: usize, field: &str) -> &'a Kind {
        let Kind::List(links) = &table.get("link").unwrap().kind else { panic!("no list") };
        let Kind::Table(link) = &links[link].kind else { panic!("no table") };
        &link.get(field).unwrap().kind
    }

    #[test]
    fn elements_are_named_or_numbered_and_texts_need_no_quotes() {
        for path in ["link.wire.delay=20 ms", "link.0.delay = 20 ms", "link.wire.delay=\"20 ms\""] {
            let table = set(LINKS, path).unwrap();
            assert!(matches!(field(&table, 0, "delay"), Kind::Text(text) if text == "20 ms"), "{path}");
        }
        let table = set(LINKS, "link.air.mtu=576").unwrap();
        assert!(matches!(field(&table, 1, "mtu"), Kind::Integer(Some(576))));
    }

    #[test]
    fn what_is_not_there_yet_is_made() {
        let table = set(LINKS, "stop.until=5 s").unwrap();
        let Kind::Table(stop) = &table.get("stop").unwrap().kind else { panic!("no table") };
        assert!(matches!(&stop.get("until").unwrap().kind, Kind::Text(text) if text == "5 s"));
    }

    #[test]
    fn errors_point_into_the_override_and_know_near_misses() {
        let error = set(LINKS, "link.wires.delay=20 ms").unwrap_err();
        assert!(error.starts_with("--set:1:6: link.wires.delay: `link` has no element `wires`"), "{error}");
        assert!(error.contains("did you mean `wire`?") && error.contains("`air`"), "{error}");
        assert!(set(LINKS, "seed.x=1").unwrap_err().contains("`seed` is an integer and has no fields"));
        assert!(set(LINKS, "seed").unwrap_err().contains("no `=`"));
        assert!(set(LINKS, "link..x=1").unwrap_err().contains("empty"));
        assert!(set(LINKS, "=1").unwrap_err().contains("empty"));
        assert!(set(LINKS, "link.7.x=1").unwrap_err().contains("a number from 0 to 1"));
    }
}
