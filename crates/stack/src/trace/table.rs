//! A table of a node's state as it is at an instant: for people as lines, for programs as fields.

use crate::time::Duration;

/// A table, such as a host's neighbours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// What it lists: the word with which it is asked for.
    pub kind: &'static str,
    /// What stands above its rows, where they have columns.
    pub heading: Option<String>,
    /// Its rows, in an order that does not depend on chance.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    /// What it says, by name.
    pub fields: Vec<(&'static str, Value)>,
    /// The same as people know it from their systems' own tools.
    pub lines: Vec<String>,
}

/// What a field says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing is known, or there is none.
    Nothing,
    /// Yes or no.
    Truth(bool),
    /// A number.
    Number(u64),
    /// A time.
    Span(Duration),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Self>),
}

impl Table {
    /// All lines, the heading first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let rows = self.rows.iter().flat_map(|row| row.lines.iter());
        self.heading.iter().chain(rows).map(String::as_str)
    }
}

impl Row {
    /// A row that is shown as one line.
    pub fn new(line: impl Into<String>) -> Self {
        Self { fields: Vec::new(), lines: vec![line.into()] }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The same with one more line.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}

impl Value {
    /// A text from whatever can be written.
    pub fn text(shown: impl core::fmt::Display) -> Self {
        Self::Text(shown.to_string())
    }

    /// Texts from whatever can be written.
    pub fn texts<T: core::fmt::Display>(shown: impl IntoIterator<Item = T>) -> Self {
        Self::List(shown.into_iter().map(Self::text).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<Duration> for Value {
    fn from(span: Duration) -> Self {
        Self::Span(span)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}
