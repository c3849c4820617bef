//! The TOML document as a tree in which each node knows where it stands in the text.

mod set;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Problem;
use crate::source::Span;

pub use set::{Override, apply, put_option};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: Kind,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A string.
    Text(String),
    /// An integer; none where it does not fit 128 bits.
    Integer(Option<i128>),
    /// A number with a fraction or exponent, as it was written.
    Decimal(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or time, as it was written.
    DateTime(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<Entry>);

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Table {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value of `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }
}

impl Node {
    /// What it is, for messages.
    pub fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "a text",
            Kind::Integer(_) => "an integer",
            Kind::Decimal(_) => "a number with a fraction",
            Kind::Boolean(_) => "a truth value",
            Kind::DateTime(_) => "a date or time",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }

    /// The text of its `name` field, where it is a table that has one.
    pub fn name(&self) -> Option<&str> {
        let Kind::Table(table) = &self.kind else { return None };
        match &table.get("name")?.kind {
            Kind::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// Reads `text`, which is source number `source`. What cannot be read is reported and left out.
pub fn parse(text: &str, source: u32, problems: &mut Vec<Problem>) -> Table {
    let (table, errors) = DeTable::parse_recoverable(text);
    problems.extend(errors.iter().map(|error| syntax_problem(error, source)));
    Reader { source }.table(table.into_inner())
}

/// Reads `text`, which is source number `source`, as a single TOML value; none where it is not one.
pub fn parse_value(text: &str, source: u32) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    Some(Reader { source }.node(value))
}

fn syntax_problem(error: &toml::de::Error, source: u32) -> Problem {
    let range = error.span().unwrap_or(0..0);
    let span = Span { source, start: range.start as u32, end: range.end as u32 };
    Problem::new(span, "", format!("this is not TOML: {}", error.message()))
}

struct Reader {
    source: u32,
}

impl Reader {
    fn span(&self, range: &core::ops::Range<usize>) -> Span {
        Span { source: self.source, start: range.start as u32, end: range.end as u32 }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .into_iter()
            .map(|(key, value)| Entry {
                key_span: self.span(&key.span()),
                key: key.into_inner().into_owned(),
                node: self.node(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        Table(entries)
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Node {
        let span = self.span(&value.span());
        let kind = match value.into_inner() {
            DeValue::String(text) => Kind::Text(text.into_owned()),
            DeValue::Integer(number) => {
                Kind::Integer(i128::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(number) => Kind::Decimal(number.as_str().to_owned()),
            DeValue::Boolean(truth) => Kind::Boolean(truth),
            DeValue::Datetime(date) => Kind::DateTime(date.to_string()),
            DeValue::Array(list) => Kind::List(list.into_iter().map(|value| self.node(value)).collect()),
            DeValue::Table(table) => Kind::Table(self.table(table)),
        };
        Node { span, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_errors_of_syntax_are_reported_in_one_go() {
        let mut problems = Vec::new();
        let table = parse("a = \nb = 2\nc = ]\nd = 4\n", 0, &mut problems);
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(table.get("b").is_some() && table.get("d").is_some());
    }

    #[test]
    fn entries_keep_the_order_of_the_text() {
        let table = parse("z = 1\na = 2\nm = 3\n", 0, &mut Vec::new());
        let keys: Vec<_> = table.0.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["z", "a", "m"]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_an_overflow() {
        for text in [format!("a = {}", "[".repeat(100_000)), format!("{}a = 1", "a.".repeat(100_000))] {
            let mut problems = Vec::new();
            parse(&text, 0, &mut problems);
            assert!(!problems.is_empty());
        }
    }
}
