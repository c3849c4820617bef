//! The text of a message on the wire: dots at the beginning of lines doubled, and one alone at the end
//! (RFC 5321 §4.5.2).

/// Octets of a line of text, its end included, the doubled dot not (RFC 5321 §4.5.3.1.6).
pub const TEXT_LINE: usize = 1_000;

/// What is wrong with a text. It is read to its end all the same, or what follows in it would be taken for commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// A LF without a CR, or a dot alone between two CRs of which one has no LF: others may take it for the end of a line,
    /// or of the text (RFC 5321 §2.3.8). Any other CR without a LF is text.
    Bare,
    /// A line of more than [`TEXT_LINE`] octets.
    LongLine,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum At {
    /// The beginning of a line; the text begins there too.
    #[default]
    LineStart,
    Line,
    /// After a CR.
    Return,
    /// After a dot that began a line.
    Dot,
    /// After such a dot, and a CR.
    DotReturn,
    /// After a CR, which ended no line, and a dot.
    ReturnDot,
}

/// Wire to text, wherever the stream is cut.
///
/// `smtp-proto` has a receiver for this. It is not used: it knows no bound, and takes CR LF `.` CR CR LF for an end, which
/// no other server does.
#[derive(Clone, Default, Debug)]
pub struct Unstuff {
    at: At,
    /// Octets of this line.
    line: usize,
    flaw: Option<Flaw>,
}

impl Unstuff {
    /// Takes octets from `input` up to the end of the text, and adds what they stand for to `text`; whether the end was
    /// there. Of a text with a flaw nothing more is added.
    pub fn push(&mut self, input: &mut &[u8], text: &mut Vec<u8>) -> bool {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            self.at = match (self.at, *octet) {
                (At::DotReturn, b'\n') => return true,
                (At::Return, b'\n') => {
                    self.add(b"\r\n", text);
                    self.line = 0;
                    At::LineStart
                }
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotReturn,
                (At::LineStart | At::Line, b'\r') => At::Return,
                (At::DotReturn | At::ReturnDot, b'\r') => {
                    self.flaw.get_or_insert(Flaw::Bare);
                    At::Return
                }
                (At::DotReturn, _) | (_, b'\n') => {
                    self.flaw.get_or_insert(Flaw::Bare);
                    At::Line
                }
                (At::Return, b'\r') => {
                    self.add(b"\r", text);
                    At::Return
                }
                (At::Return, other) => {
                    self.add(&[b'\r', other], text);
                    if other == b'.' { At::ReturnDot } else { At::Line }
                }
                (At::LineStart | At::Line | At::Dot | At::ReturnDot, other) => {
                    self.add(&[other], text);
                    At::Line
                }
            };
        }
        false
    }

    /// What is wrong with the text up to here.
    pub const fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    fn add(&mut self, octets: &[u8], text: &mut Vec<u8>) {
        self.line += octets.len();
        if self.line > TEXT_LINE {
            self.flaw.get_or_insert(Flaw::LongLine);
        }
        if self.flaw.is_none() {
            text.extend_from_slice(octets);
        }
    }
}

/// A file that cannot be sent: a CR in it that ends no line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BareReturn;

/// Text to wire, wherever the text is cut. The lines of the text may end with LF alone, as those of files do.
#[derive(Clone, Default, Debug)]
pub struct Stuff {
    at: At,
}

impl Stuff {
    /// Adds the wire's octets for the next octets of the text.
    ///
    /// # Errors
    /// RFC 5321 §2.3.8: a CR that ends no line is not sent.
    pub fn push(&mut self, text: &[u8], wire: &mut Vec<u8>) -> Result<(), BareReturn> {
        for octet in text {
            self.at = match (self.at, octet) {
                (_, b'\n') => {
                    wire.extend(b"\r\n");
                    At::LineStart
                }
                (At::Return, _) => return Err(BareReturn),
                (_, b'\r') => At::Return,
                (At::LineStart, b'.') => {
                    wire.extend(b"..");
                    At::Line
                }
                (_, other) => {
                    wire.push(*other);
                    At::Line
                }
            };
        }
        Ok(())
    }

    /// Adds the end: a line that has not ended ends, and a dot stands alone.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self, wire: &mut Vec<u8>) -> Result<(), BareReturn> {
        match self.at {
            At::Return => return Err(BareReturn),
            At::LineStart => {}
            _ => wire.extend(b"\r\n"),
        }
        wire.extend(b".\r\n");
        Ok(())
    }
}

/// What a text is like, of which the octets that are sent depend on what the server offers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Survey {
    /// Octets of the text, each line's end counted as two (RFC 1870 §4).
    pub size: u64,
    /// Octets of the longest line, its end included.
    pub longest: usize,
    /// Whether octets beyond ASCII are in it (RFC 6152 §1).
    pub eight_bit: bool,
    /// Whether a CR is in it that ends no line: it cannot be sent (RFC 5321 §2.3.8).
    pub bare: bool,
    line: usize,
    last: u8,
}

impl Survey {
    /// Looks at the next octets of the text, whose lines may end with LF alone.
    pub fn push(&mut self, text: &[u8]) {
        for octet in text {
            self.eight_bit |= !octet.is_ascii();
            self.bare |= self.last == b'\r' && *octet != b'\n';
            self.line += if *octet == b'\n' && self.last != b'\r' { 2 } else { 1 };
            self.longest = self.longest.max(self.line);
            if *octet == b'\n' {
                self.size += self.line as u64;
                self.line = 0;
            }
            self.last = *octet;
        }
    }

    /// The text is at its end: a line that has not ended will.
    pub fn finish(&mut self) {
        self.bare |= self.last == b'\r';
        if self.line > 0 {
            self.push(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text, and what follows its end.
    fn unstuff(wire: &[u8], cut: usize) -> (Option<Vec<u8>>, Option<Flaw>, Vec<u8>) {
        let (mut unstuff, mut text, mut rest, mut ended) =
            (Unstuff::default(), Vec::new(), Vec::new(), false);
        for mut piece in wire.chunks(cut) {
            if !ended {
                ended = unstuff.push(&mut piece, &mut text);
            }
            rest.extend_from_slice(piece);
        }
        (ended.then_some(text), unstuff.flaw(), rest)
    }

    #[test]
    fn dots_are_doubled_and_one_alone_is_the_end() {
        let mut wire = Vec::new();
        let mut stuff = Stuff::default();
        stuff.push(b".a\n..b\r\n.\nc.d\n", &mut wire).unwrap();
        stuff.finish(&mut wire).unwrap();
        assert_eq!(wire, b"..a\r\n...b\r\n..\r\nc.d\r\n.\r\n");
        for cut in 1..=wire.len() {
            let text = b".a\r\n..b\r\n.\r\nc.d\r\n".to_vec();
            assert_eq!(unstuff(&wire, cut), (Some(text), None, Vec::new()), "pieces of {cut}");
        }
        let mut empty = Vec::new();
        Stuff::default().finish(&mut empty).unwrap();
        assert_eq!(empty, b".\r\n");
        assert_eq!(unstuff(&empty, 1).0, Some(Vec::new()));
    }

    #[test]
    fn what_other_servers_might_take_for_an_end_is_none() {
        // Each of these ended a message for somebody, who then heard the commands after it.
        let almost = [
            &b"\n.\n"[..],
            b"\n.\r\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\n",
            b"\r\n.\r",
            b"\r\n.\r\r\n",
            b"\r\n\0.\r\n",
            b"\n.\r",
        ];
        for end in almost {
            let wire = [b"a", end, b"MAIL FROM:<x@y>\r\n.\r\nQUIT\r\n"].concat();
            for cut in [1, 2, 3, wire.len()] {
                let (text, flaw, rest) = unstuff(&wire, cut);
                assert!(text.is_some(), "{end:?}");
                assert_eq!(rest, b"QUIT\r\n", "{end:?}");
                assert!(flaw == Some(Flaw::Bare) || end.contains(&0), "{end:?}");
            }
        }
    }

    #[test]
    fn a_return_that_ends_no_line_is_text() {
        let wire = b"a\rb\r\r\n..\r\r\n\r.c\r\n.\r\n";
        for cut in 1..=wire.len() {
            assert_eq!(
                unstuff(wire, cut).0.as_deref(),
                Some(&b"a\rb\r\r\n.\r\r\n\r.c\r\n"[..]),
                "pieces of {cut}"
            );
        }
    }

    #[test]
    fn a_line_of_text_has_so_many_octets_and_no_more() {
        for (first, octets, flaw) in [
            (&b""[..], TEXT_LINE - 2, None),
            (b"", TEXT_LINE - 1, Some(Flaw::LongLine)),
            (b"..", TEXT_LINE - 3, None),
            (b"..", TEXT_LINE - 2, Some(Flaw::LongLine)),
        ] {
            let wire = [first, &vec![b'a'; octets], b"\r\nb\r\n.\r\n"].concat();
            assert_eq!(unstuff(&wire, 7).1, flaw, "{octets}");
        }
        let (mut unstuff, mut text) = (Unstuff::default(), Vec::new());
        for _ in 0..100 {
            assert!(!unstuff.push(&mut &[b'a'; TEXT_LINE][..], &mut text));
        }
        assert_eq!(text.len(), TEXT_LINE, "an endless line is not kept");
    }

    #[test]
    fn a_survey_counts_what_the_wire_carries() {
        let mut survey = Survey::default();
        survey.push(b"ab\r\nc\n\xc3\xa9");
        survey.finish();
        assert_eq!((survey.size, survey.longest, survey.eight_bit), (4 + 3 + 4, 4, true));
        assert!(!survey.bare);
        for text in [&b"a\rb\n"[..], b"\r\r\n", b"a\n\r"] {
            let mut survey = Survey::default();
            text.iter().for_each(|octet| survey.push(&[*octet]));
            survey.finish();
            assert!(survey.bare, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_comes_back_however_it_is_cut(
            text in prop::collection::vec(prop::sample::select(&b"a.\n\xff"[..]), 0..60),
            cut in 1_usize..7,
        ) {
            let (mut stuff, mut wire, mut survey) = (Stuff::default(), Vec::new(), Survey::default());
            for piece in text.chunks(cut) {
                stuff.push(piece, &mut wire).unwrap();
                survey.push(piece);
            }
            stuff.finish(&mut wire).unwrap();
            survey.finish();
            let mut expected = text.len() + text.split(|octet| *octet == b'\n').count() - 1;
            let (back, flaw, rest) = unstuff(&wire, cut);
            let back = back.unwrap();
            if !text.is_empty() && !text.ends_with(b"\n") {
                expected += 2;
            }
            prop_assert_eq!((back.len(), flaw, rest.len()), (expected, None, 0));
            prop_assert_eq!(survey.size, expected as u64);
            let lines: Vec<u8> = back.iter().copied().filter(|octet| *octet != b'\r').collect();
            prop_assert!(lines.starts_with(&text) && lines.len() <= text.len() + 1);
        }

        #[test]
        fn whatever_comes_ends_only_at_its_end(wire in prop::collection::vec(prop::sample::select(&b"a.\r\n"[..]), 0..80), cut in 1_usize..7) {
            let marked = [b"\r\n", &wire[..]].concat();
            let end = marked.windows(5).position(|window| window == b"\r\n.\r\n");
            let (text, flaw, rest) = unstuff(&wire, cut);
            prop_assert_eq!(text.is_some(), end.is_some());
            if let Some(end) = end {
                prop_assert_eq!(&rest, &wire[end + 3..]);
            }
            if let (Some(text), None) = (text, flaw) {
                let text = String::from_utf8(text).unwrap();
                prop_assert!(!text.replace("\r\n", "").contains('\n'));
            }
        }
    }
}
