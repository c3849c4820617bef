//! What is wrong with a scenario file, where, and what would be right.

use core::fmt;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::source::{Sources, Span};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file's name, or `--set`.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The field, such as `link.wire.delay`; empty for the document as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed there.
    pub allowed: Option<String>,
    /// The near miss that was probably meant.
    pub suggestion: Option<String>,
    /// The line of the text.
    pub excerpt: String,
    /// Columns of a terminal before the first marked character of the excerpt.
    pub caret_offset: usize,
    /// Columns of a terminal that are marked, at least one.
    pub caret_length: usize,
}

/// What is wrong, before it is known where in a text that is.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// The field.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What is allowed there.
    pub allowed: Option<String>,
    /// The near miss that was probably meant.
    pub suggestion: Option<String>,
    /// Whether it is that something referred to is not there.
    pub dangling: bool,
}

impl Problem {
    /// Something wrong at `span` with the field `path`.
    pub fn new(span: Span, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            span,
            path: path.into(),
            message: message.into(),
            allowed: None,
            suggestion: None,
            dangling: false,
        }
    }

    /// Says what is allowed.
    #[must_use]
    pub fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    /// Says what was probably meant.
    #[must_use]
    pub fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }

    /// The diagnostic, with line, column and excerpt looked up in `sources`.
    pub fn locate(self, sources: &Sources) -> Diagnostic {
        let mut located = Diagnostic {
            file: String::new(),
            line: 1,
            column: 1,
            path: self.path,
            message: self.message,
            allowed: self.allowed,
            suggestion: self.suggestion,
            excerpt: String::new(),
            caret_offset: 0,
            caret_length: 1,
        };
        if let Some(source) = sources.of(self.span) {
            let position = source.position(self.span.start);
            let (line, at) = source.line(self.span.start);
            let at = at.min(line.len());
            located.file = source.name.to_string();
            (located.line, located.column) = (position.line, position.column);
            located.excerpt = shown(line);
            located.caret_offset = shown(&line[..at]).width();
            located.caret_length = shown(source.first_line_of(self.span)).width().max(1);
        }
        located
    }
}

/// A line as it is printed: tabs and control characters would shift the caret, so each becomes a space.
fn shown(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        writeln!(f, "{}", self.message)?;
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, " {margin} |")?;
        writeln!(f, " {number} | {}", self.excerpt)?;
        let marks = "^".repeat(self.caret_length);
        writeln!(f, " {margin} | {}{marks}", " ".repeat(self.caret_offset))?;
        if let Some(allowed) = &self.allowed {
            writeln!(f, " {margin} = allowed: {allowed}")?;
        }
        if let Some(suggestion) = &self.suggestion {
            writeln!(f, " {margin} = did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a scenario, in the order of the text. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Looks up where each problem is and sorts them.
    pub(crate) fn new(mut problems: Vec<Problem>, sources: &Sources) -> Self {
        problems.sort_by_key(|problem| (problem.span.source, problem.span.start));
        let mut all: Vec<_> = problems.into_iter().map(|problem| problem.locate(sources)).collect();
        all.dedup();
        Self(all)
    }

    /// A trouble with the whole of `file`, such as that it cannot be read.
    pub(crate) fn whole(file: &str, message: String) -> Self {
        let mut sources = Sources::default();
        sources.add(crate::source::Source::new(file, ""));
        Self::new(vec![Problem::new(Span::default(), "", message)], &sources)
    }

    /// These, in the order of the text, where there are any.
    pub(crate) fn none_or(all: Vec<Diagnostic>) -> Result<(), Self> {
        if all.is_empty() { Ok(()) } else { Err(Self(all)) }
    }

    /// The single diagnostics.
    pub fn iter(&self) -> core::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none, which does not happen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = core::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn the_caret_stands_under_what_it_means_even_behind_wide_characters() {
        let mut sources = Sources::default();
        let text = "x = 1\n\"欢迎\" = { dealy = 1 }\n";
        sources.add(Source::new("f.toml", text));
        let start = text.find("dealy").unwrap() as u32;
        let span = Span { source: 0, start, end: start + 5 };
        let problem = Problem::new(span, "link.wire.dealy", "unknown field `dealy`")
            .allowed("delay, loss")
            .suggest(Some("delay"));
        let expected = "f.toml:2:10: link.wire.dealy: unknown field `dealy`\n   |\n 2 | \"欢迎\" = { dealy = 1 }\n   \
                        |            ^^^^^\n   = allowed: delay, loss\n   = did you mean `delay`?\n";
        assert_eq!(problem.locate(&sources).to_string(), expected);
    }
}
