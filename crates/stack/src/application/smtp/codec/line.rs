//! Lines that end with CR LF, and with nothing else (RFC 5321 §2.3.8).

use crate::application::lines::Cut;

/// Octets of a command's line, its end included, of a server: more than the 512 of RFC 5321 §4.5.3.1.4, with room for
/// the parameters of the extensions.
pub const COMMAND_LINE: usize = 1_024;
/// Octets of a reply's line, its end included, of a client: RFC 5321 §4.5.3.1.5 has 512.
pub const REPLY_LINE: usize = 1_024;

/// Why a line is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineError {
    /// It has more octets than the bound. What comes until its end is thrown away, and told again each time that it has
    /// as many octets more.
    TooLong,
    /// A CR without a LF, or a LF without a CR, stands in it. Who takes that for the end of a line hears other commands
    /// than were sent.
    Bare,
}

/// Cuts a stream into lines, wherever the network has cut it.
#[derive(Clone, Debug)]
pub struct Lines {
    bound: usize,
    line: Vec<u8>,
    /// Octets of this line.
    taken: usize,
    carriage_return: bool,
    bare: bool,
    skipping: bool,
}

impl Lines {
    /// Lines of at most `bound` octets, their ends included.
    pub const fn new(bound: usize) -> Self {
        Self { bound, line: Vec::new(), taken: 0, carriage_return: false, bare: false, skipping: false }
    }

    /// The next line, without its end; octets are taken from `input` up to there. Nothing where `input` holds no end.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Result<Vec<u8>, LineError>> {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            self.taken += 1;
            let after_return = core::mem::take(&mut self.carriage_return);
            match octet {
                b'\n' if after_return => {
                    self.taken = 0;
                    let line = core::mem::take(&mut self.line);
                    let bare = core::mem::take(&mut self.bare);
                    if core::mem::take(&mut self.skipping) {
                        continue;
                    }
                    return Some(if bare { Err(LineError::Bare) } else { Ok(line) });
                }
                b'\r' => {
                    self.carriage_return = true;
                    self.bare |= after_return;
                }
                other => {
                    self.bare |= after_return || *other == b'\n';
                    if !self.skipping && !self.bare {
                        self.line.push(*other);
                    }
                }
            }
            if self.taken >= self.bound {
                *self = Self { skipping: true, carriage_return: *octet == b'\r', ..Self::new(self.bound) };
                return Some(Err(LineError::TooLong));
            }
        }
        None
    }
}

impl Cut for Lines {
    type Line = Result<Vec<u8>, LineError>;

    fn cut(&mut self, input: &mut &[u8]) -> Option<Self::Line> {
        self.next(input)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(lines: &mut Lines, mut input: &[u8]) -> Vec<Result<Vec<u8>, LineError>> {
        core::iter::from_fn(|| lines.next(&mut input)).collect()
    }

    #[test]
    fn only_both_together_end_a_line() {
        let mut lines = Lines::new(COMMAND_LINE);
        let input = b"NOOP\r\nNOOP\nRSET\r\nNOOP\rRSET\r\n\r\r\n\n\r\nQUIT\r\n\r\n";
        let bare = Err(LineError::Bare);
        let expected = [
            Ok(b"NOOP".to_vec()),
            bare.clone(),
            bare.clone(),
            bare.clone(),
            bare,
            Ok(b"QUIT".to_vec()),
            Ok(Vec::new()),
        ];
        assert_eq!(all(&mut lines, input), expected);
    }

    #[test]
    fn a_line_has_so_many_octets_and_no_more() {
        for bound in [COMMAND_LINE, REPLY_LINE] {
            let mut lines = Lines::new(bound);
            let mut input = vec![b'a'; bound - 2];
            input.extend(b"\r\n");
            assert_eq!(all(&mut lines, &input), [Ok(vec![b'a'; bound - 2])]);
            for more in 1..4 {
                input.insert(0, b'a');
                let mut both = input.clone();
                both.extend(b"NOOP\r\n");
                let expected = [Err(LineError::TooLong), Ok(b"NOOP".to_vec())];
                assert_eq!(all(&mut Lines::new(bound), &both), expected, "{more} more");
            }
        }
    }

    #[test]
    fn an_endless_line_is_told_again_and_again_and_keeps_nothing() {
        for octet in *b"a\r\n" {
            let (mut lines, mut told) = (Lines::new(COMMAND_LINE), 0);
            for _ in 0..100 {
                told += all(&mut lines, &[octet; COMMAND_LINE]).len();
                assert!(lines.line.len() <= COMMAND_LINE);
            }
            assert_eq!(told, 100);
        }
    }

    proptest! {
        #[test]
        fn lines_come_back_however_the_stream_is_cut(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>().prop_filter("", |o| !b"\r\n".contains(o)), 0..40), 0..10),
            cut in 1_usize..9,
        ) {
            let wire: Vec<u8> = texts.iter().flat_map(|text| [text, &b"\r\n"[..]].concat()).collect();
            let (mut lines, mut read) = (Lines::new(COMMAND_LINE), Vec::new());
            for piece in wire.chunks(cut) {
                read.extend(all(&mut lines, piece));
            }
            prop_assert_eq!(read, texts.into_iter().map(Ok).collect::<Vec<_>>());
        }

        #[test]
        fn whatever_comes_is_bounded(input in prop::collection::vec(prop::sample::select(&b"ab\r\n"[..]), 0..400), cut in 1_usize..9) {
            let (mut lines, mut whole) = (Lines::new(16), Lines::new(16));
            let mut read = Vec::new();
            for piece in input.chunks(cut) {
                read.extend(all(&mut lines, piece));
                prop_assert!(lines.line.len() <= 16);
            }
            prop_assert!(read.iter().flatten().all(|line| line.len() <= 14 && !line.contains(&b'\n') && !line.contains(&b'\r')));
            prop_assert_eq!(read, all(&mut whole, &input));
        }
    }
}
