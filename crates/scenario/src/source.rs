//! The texts that a scenario came from: its file, and each `--set` of the command line.

use std::sync::Arc;

/// Where something stands: which text, and which octets of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// Which of the [`Sources`].
    pub source: u32,
    /// The first octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}

/// A line and column, both from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in messages: the file's path, or `--set`.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// Where each line begins.
    lines: Arc<[usize]>,
}

impl Source {
    /// A text with the name it goes by in messages.
    pub fn new(name: &str, text: &str) -> Self {
        let begins = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self {
            name: Arc::from(name),
            text: Arc::from(text),
            lines: core::iter::once(0).chain(begins).collect(),
        }
    }

    /// The nearest character boundary at or before octet `at`.
    fn boundary(&self, at: u32) -> usize {
        let mut at = (at as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Which line, from 0, holds octet `at`.
    fn line_index(&self, at: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= at) - 1
    }

    /// The line and column of octet `at`.
    pub fn position(&self, at: u32) -> Position {
        let at = self.boundary(at);
        let line = self.line_index(at);
        Position { line: line + 1, column: self.text[self.lines[line]..at].chars().count() + 1 }
    }

    /// The line that holds octet `at`, without its end, and where `at` lies in it.
    pub fn line(&self, at: u32) -> (&str, usize) {
        let at = self.boundary(at);
        let index = self.line_index(at);
        let end = self.lines.get(index + 1).map_or(self.text.len(), |next| next - 1);
        let line = &self.text[self.lines[index]..end];
        (line.strip_suffix('\r').unwrap_or(line), at - self.lines[index])
    }

    /// The octets of `span` that lie on the line of its start, as a text.
    pub fn first_line_of(&self, span: Span) -> &str {
        let (start, end) = (self.boundary(span.start), self.boundary(span.end));
        self.text.get(start..end).unwrap_or("").lines().next().unwrap_or("")
    }
}

/// All texts of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its number.
    pub fn add(&mut self, source: Source) -> u32 {
        self.0.push(source);
        (self.0.len() - 1) as u32
    }

    /// The text that `span` lies in.
    pub fn of(&self, span: Span) -> Option<&Source> {
        self.0.get(span.source as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_octets() {
        let source = Source::new("x", "a\r\n欢迎 = 1\n");
        let at = "a\r\n欢迎 ".len() as u32;
        assert_eq!(source.position(at), Position { line: 2, column: 4 });
        assert_eq!(source.line(at), ("欢迎 = 1", 7));
        assert_eq!(source.line(0), ("a", 0));
    }

    #[test]
    fn positions_outside_the_text_or_inside_a_character_are_moved_to_where_they_make_sense() {
        let source = Source::new("x", "迎");
        assert_eq!(source.position(1), Position { line: 1, column: 1 });
        assert_eq!(source.position(99), Position { line: 1, column: 2 });
        assert_eq!(Source::new("x", "").line(5), ("", 0));
    }
}
