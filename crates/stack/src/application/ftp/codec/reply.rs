//! Replies (RFC 959 §4.2).

use core::fmt;

use super::line::write_line;

/// Lines of one reply that a client takes.
pub const REPLY_LINES: usize = 512;

/// A reply: three digits and its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The code.
    pub code: u16,
    /// Its lines, never none.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// Whether more is to come (RFC 959 §4.2: 1yz).
    pub const fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// Whether what was asked for is done.
    pub const fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// Its first line.
    pub fn text(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// Adds it as it goes over the wire. What would end a line is a space there; lines between the first and the last are
    /// indented, so that none begins with a code.
    pub fn write(&self, out: &mut Vec<u8>) {
        let code = self.code;
        let last = self.lines.len().saturating_sub(1);
        for (place, line) in self.lines.iter().enumerate() {
            let line = line.replace(|c: char| c.is_ascii_control(), " ");
            let line = match place {
                _ if place == last => format!("{code:03} {line}"),
                0 => format!("{code:03}-{line}"),
                _ => format!(" {line}"),
            };
            write_line(line.as_bytes(), out);
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

/// Why lines are no reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyError {
    /// A line that should begin with a code does not.
    Malformed,
    /// More than [`REPLY_LINES`] lines.
    TooLong,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the server's reply has no code",
            Self::TooLong => "the server's reply has too many lines",
        })
    }
}

impl core::error::Error for ReplyError {}

/// Puts replies together from lines.
#[derive(Clone, Default, Debug)]
pub struct Replies {
    under_way: Option<Reply>,
}

impl Replies {
    /// The next line; the reply that it ends.
    ///
    /// # Errors
    /// When it begins no reply, or makes one too long.
    pub fn push(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let Some(mut reply) = self.under_way.take() else {
            let (code, mark, text) = code_of(line).ok_or(ReplyError::Malformed)?;
            let reply = Reply::new(code, text);
            if mark == b'-' {
                self.under_way = Some(reply);
                return Ok(None);
            }
            return Ok(Some(reply));
        };
        if reply.lines.len() >= REPLY_LINES {
            return Err(ReplyError::TooLong);
        }
        match code_of(line) {
            Some((code, b' ', text)) if code == reply.code => {
                reply.lines.push(text);
                return Ok(Some(reply));
            }
            _ => reply.lines.push(lossy(line.strip_prefix(b" ").unwrap_or(line))),
        }
        self.under_way = Some(reply);
        Ok(None)
    }
}

/// The code of a line, what follows it, and the rest.
fn code_of(line: &[u8]) -> Option<(u16, u8, String)> {
    let (digits, rest) = line.split_at_checked(3)?;
    let digits = core::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|d| d.is_ascii_digit()))?;
    let code = digits.parse().ok().filter(|code| (100..600).contains(code))?;
    // A code alone is a reply without text.
    let (mark, text) = rest.split_first().unwrap_or((&b' ', b""));
    matches!(mark, b' ' | b'-').then(|| (code, *mark, lossy(text)))
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line::Lines;
    use super::*;

    fn read(wire: &[u8]) -> Vec<Reply> {
        let (mut lines, mut replies, mut input) = (Lines::default(), Replies::default(), wire);
        let mut all = Vec::new();
        while let Some(line) = lines.next(&mut input) {
            all.extend(replies.push(&line.unwrap()).unwrap());
        }
        all
    }

    #[test]
    fn a_reply_of_several_lines_ends_with_its_own_code_and_a_space() {
        let wire = b"123-First line\r\nSecond line\r\n  234 A line beginning with numbers\r\n123 The last line\r\n200\r\n";
        let replies = read(wire);
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[0].code, 123);
        let expected = ["First line", "Second line", " 234 A line beginning with numbers", "The last line"];
        assert_eq!(replies[0].lines, expected);
        assert_eq!(replies[1], Reply::new(200, ""));
        assert_eq!(Replies::default().push(b"hello"), Err(ReplyError::Malformed));
        assert_eq!(Replies::default().push(b"99 bottles"), Err(ReplyError::Malformed));
        assert_eq!(Replies::default().push("1\u{e9}é".as_bytes()), Err(ReplyError::Malformed));
    }

    #[test]
    fn a_reply_has_so_many_lines_and_no_more() {
        let mut replies = Replies::default();
        for line in 0..REPLY_LINES - 1 {
            assert_eq!(replies.push(b"211-x"), Ok(None), "{line}");
        }
        let mut at = replies.clone();
        assert_eq!(at.push(b"211 end").unwrap().unwrap().lines.len(), REPLY_LINES);
        assert_eq!(replies.push(b"211-x"), Ok(None));
        assert_eq!(replies.push(b"211 end"), Err(ReplyError::TooLong));
    }

    proptest! {
        #[test]
        fn replies_come_back(code in 100_u16..600, lines in prop::collection::vec("[ -~é]{0,30}", 1..6)) {
            let reply = Reply { code, lines };
            let mut wire = Vec::new();
            reply.write(&mut wire);
            prop_assert_eq!(read(&wire), [reply]);
        }

        #[test]
        fn any_lines_are_replies_or_none(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20)) {
            let mut replies = Replies::default();
            for line in lines {
                let _ = replies.push(&line);
            }
        }

        #[test]
        fn a_text_cannot_forge_a_reply(text: String) {
            let mut wire = Vec::new();
            Reply { code: 550, lines: vec![text.clone(), text.clone(), text] }.write(&mut wire);
            let replies = read(&wire);
            prop_assert_eq!(replies.len(), 1);
            prop_assert_eq!(replies[0].code, 550);
        }
    }
}
