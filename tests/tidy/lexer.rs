//! Splits Rust source into tokens, comments and string literals, each with its line. It knows as much of the
//! language as the rules need: nested comments, raw strings, lifetimes; not macros, which it reads as tokens.

/// A piece of source, at a line counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A file's source, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Words (identifiers, keywords), numbers, and punctuation one character at a time (`::` as one).
    pub(crate) tokens: Vec<Piece>,
    /// Comments, one piece a line, without their markers.
    pub(crate) comments: Vec<Piece>,
    /// String literals, as written between the quotes.
    pub(crate) strings: Vec<Piece>,
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    out: Source,
}

/// Takes `source` apart.
pub(crate) fn lex(source: &str) -> Source {
    let mut lexer = Lexer { rest: source, line: 1, out: Source::default() };
    while lexer.step() {}
    lexer.out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Lexer<'_> {
    /// Takes `length` octets off the front.
    fn take(&mut self, length: usize) -> &str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            self.line_comment();
        } else if self.rest.starts_with("/*") {
            self.block_comment();
        } else if let Some((quote, hashes)) = self.string_start() {
            self.string(quote, hashes);
        } else if first == '\'' {
            self.quote();
        } else if is_word(first) {
            self.word();
        } else if self.rest.starts_with("::") {
            self.token(2);
        } else if first.is_whitespace() {
            self.take(first.len_utf8());
        } else {
            self.token(first.len_utf8());
        }
        true
    }

    fn token(&mut self, length: usize) {
        let line = self.line;
        let text = self.take(length).to_owned();
        self.out.tokens.push(Piece { line, text });
    }

    fn word(&mut self) {
        let numeric = self.rest.starts_with(|c: char| c.is_ascii_digit());
        let mut end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        // `1.5` is one number; `1..5` and `1.max(5)` are not.
        let fraction = self.rest[end..].strip_prefix('.');
        if numeric && fraction.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            end += 1;
            end += self.rest[end..].find(|c| !is_word(c)).unwrap_or(self.rest.len() - end);
        }
        self.token(end);
    }

    fn line_comment(&mut self) {
        let line = self.line;
        let length = self.rest.find('\n').unwrap_or(self.rest.len());
        let text = self.take(length).trim_start_matches('/').trim_start_matches('!').trim().to_owned();
        self.out.comments.push(Piece { line, text });
    }

    fn block_comment(&mut self) {
        let (mut depth, mut at) = (0, 0);
        loop {
            let rest = &self.rest[at..];
            if rest.starts_with("/*") {
                (depth, at) = (depth + 1, at + 2);
            } else if rest.starts_with("*/") {
                (depth, at) = (depth - 1, at + 2);
            } else {
                at += rest.chars().next().map_or(0, char::len_utf8);
            }
            if depth == 0 || at >= self.rest.len() {
                break;
            }
        }
        let line = self.line;
        let text = self.take(at).to_owned();
        for (n, text) in text.lines().enumerate() {
            let text = text.trim().trim_matches(['/', '*', '!']).trim().to_owned();
            self.out.comments.push(Piece { line: line + n, text });
        }
    }

    /// Where a string literal begins here: octets up to its first, and the hashes of a raw one (`None`: not raw).
    fn string_start(&self) -> Option<(usize, Option<usize>)> {
        let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| self.rest.starts_with(prefix));
        let prefix = prefix.unwrap_or("");
        let after = &self.rest[prefix.len()..];
        let hashes = after.len() - after.trim_start_matches('#').len();
        if !after[hashes..].starts_with('"') {
            return None;
        }
        match (prefix.ends_with('r'), hashes) {
            (true, hashes) => Some((prefix.len() + hashes + 1, Some(hashes))),
            (false, 0) => Some((prefix.len() + 1, None)),
            (false, _) => None,
        }
    }

    fn string(&mut self, start: usize, hashes: Option<usize>) {
        self.take(start);
        let line = self.line;
        let (length, closing) = match hashes {
            Some(hashes) => {
                let end = format!("\"{}", "#".repeat(hashes));
                (self.rest.find(&end).unwrap_or(self.rest.len()), end.len())
            }
            None => (unescaped(self.rest, '"'), 1),
        };
        let text = self.take(length).to_owned();
        for (n, text) in text.split('\n').enumerate() {
            self.out.strings.push(Piece { line: line + n, text: text.to_owned() });
        }
        self.take(closing.min(self.rest.len()));
    }

    /// A character literal or a lifetime.
    fn quote(&mut self) {
        let mut chars = self.rest[1..].chars();
        let (first, second) = (chars.next(), chars.next());
        if first == Some('\\') || second == Some('\'') {
            let length = 1 + unescaped(&self.rest[1..], '\'') + 1;
            self.take(length.min(self.rest.len()));
        } else {
            self.take(1);
        }
    }
}

/// Where `quote` first stands in `text` without a backslash before it, or the text's end.
fn unescaped(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && c == quote {
            return at;
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

fn texts(pieces: &[Piece]) -> Vec<&str> {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

#[test]
fn strings_and_comments_are_not_code() {
    let source = lex("let a = \"use \\\" crate\"; // unsafe\n/* fn /* f */ */ r#\"x \" y\"# b'\"' 'a' &'a c");
    assert_eq!(texts(&source.tokens), ["let", "a", "=", ";", "b", "&", "a", "c"]);
    assert_eq!(texts(&source.strings), ["use \\\" crate", "x \" y"]);
    assert_eq!(texts(&source.comments), ["unsafe", "fn /* f */"]);
}

#[test]
fn lines_are_counted_through_everything() {
    let source = lex("/* 1\n2 */ a\n\"3\n4\" b\n// 5\nc");
    let lines: Vec<_> = source.tokens.iter().map(|token| token.line).collect();
    assert_eq!(lines, [2, 4, 6]);
    assert_eq!(source.comments.iter().map(|comment| comment.line).collect::<Vec<_>>(), [1, 2, 5]);
    assert_eq!(source.strings.iter().map(|string| string.line).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn numbers_keep_their_fraction_and_ranges_do_not() {
    assert_eq!(
        texts(&lex("1.5 1..5 1.max(2) 2.5e3 0xff_u8 a.0").tokens).join(" "),
        "1.5 1 . . 5 1 . max ( 2 ) 2.5e3 0xff_u8 a . 0"
    );
}
