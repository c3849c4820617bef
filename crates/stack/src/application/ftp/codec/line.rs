//! Lines of the control connection, which is Telnet (RFC 959 §2.3): its commands are taken out, its options refused.

use crate::application::lines::Cut;

/// Octets of one line that are taken, Telnet's commands among them, its end not counted.
pub const LINE: usize = 2_048;
/// Octets of refusals of Telnet options that wait to be sent; what more is offered goes unanswered.
pub const REFUSALS: usize = 96;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const SE: u8 = 240;

/// A line was longer than [`LINE`]. What comes until its end is thrown away, and told again every [`LINE`] octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLong;

/// Where in Telnet's commands the stream is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Telnet {
    #[default]
    Data,
    Command,
    /// The option of this verb follows.
    Option(u8),
    /// A subnegotiation, which ends with IAC SE.
    Parameters,
    ParametersCommand,
}

/// Cuts a stream into lines, wherever the network has cut it.
#[derive(Clone, Default, Debug)]
pub struct Lines {
    line: Vec<u8>,
    /// Octets of this line on the wire.
    taken: usize,
    telnet: Telnet,
    /// A carriage return whose meaning the next octet decides.
    carriage_return: bool,
    /// The rest of a line that was too long is under way.
    skipping: bool,
    refusals: Vec<u8>,
}

impl Lines {
    /// The next line, without its end; octets are taken from `input` up to there. Nothing where `input` holds no end.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Result<Vec<u8>, TooLong>> {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            let ended = match self.telnet {
                Telnet::Data if *octet != IAC => self.character(*octet),
                _ => {
                    self.command(*octet);
                    false
                }
            };
            if ended {
                let line = core::mem::take(&mut self.line);
                self.taken = 0;
                if core::mem::take(&mut self.skipping) {
                    continue;
                }
                return Some(Ok(line));
            }
            self.taken += 1;
            if self.taken > LINE + usize::from(self.carriage_return) {
                self.taken = 0;
                self.line = Vec::new();
                self.carriage_return = false;
                self.skipping = true;
                return Some(Err(TooLong));
            }
        }
        None
    }

    /// What is to be sent about options that the peer has offered or asked for.
    pub fn take_refusals(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.refusals)
    }

    /// Whether a line has begun and not ended.
    pub fn is_within(&self) -> bool {
        self.taken > 0 || self.skipping
    }

    /// A character of the line; whether it ended it.
    fn character(&mut self, octet: u8) -> bool {
        let after_return = core::mem::take(&mut self.carriage_return);
        match octet {
            // RFC 1123 §4.1.2.10: the end is CR LF, wherever reads were cut. LF alone is taken for it, as ever.
            b'\n' => return true,
            b'\r' => {
                if after_return {
                    self.keep(b'\r');
                }
                self.carriage_return = true;
            }
            // RFC 854 §NVT: CR NUL is a carriage return that ends no line.
            0 if after_return => self.keep(b'\r'),
            other => {
                if after_return {
                    self.keep(b'\r');
                }
                self.keep(other);
            }
        }
        false
    }

    fn keep(&mut self, octet: u8) {
        if !self.skipping {
            self.line.push(octet);
        }
    }

    /// An octet of a Telnet command (RFC 854 §COMMANDS).
    fn command(&mut self, octet: u8) {
        self.telnet = match (self.telnet, octet) {
            (Telnet::Data, _) => Telnet::Command,
            (Telnet::Command, IAC) => {
                self.character(IAC);
                Telnet::Data
            }
            (Telnet::Command, SB) => Telnet::Parameters,
            (Telnet::Command, WILL | WONT | DO | DONT) => Telnet::Option(octet),
            // Interrupt process, data mark and the like: they go before ABOR, and say nothing more than it does.
            (Telnet::Command, _) => Telnet::Data,
            (Telnet::Option(verb), option) => {
                self.refuse(verb, option);
                Telnet::Data
            }
            (Telnet::Parameters, IAC) => Telnet::ParametersCommand,
            (Telnet::Parameters, _) => Telnet::Parameters,
            (Telnet::ParametersCommand, SE) => Telnet::Data,
            (Telnet::ParametersCommand, _) => Telnet::Parameters,
        };
    }

    /// RFC 1123 §3.2.1: an option that is not supported is refused; what asks for none needs no answer.
    fn refuse(&mut self, verb: u8, option: u8) {
        let answer = match verb {
            WILL => DONT,
            DO => WONT,
            _ => return,
        };
        if self.refusals.len() + 3 <= REFUSALS {
            self.refusals.extend([IAC, answer, option]);
        }
    }
}

/// `text` as a line of the control connection: an octet 255 doubled (RFC 854 §COMMANDS), CR LF at its end.
pub fn write_line(text: &[u8], out: &mut Vec<u8>) {
    for octet in text {
        out.push(*octet);
        if *octet == IAC {
            out.push(IAC);
        }
    }
    out.extend(b"\r\n");
}

impl Cut for Lines {
    type Line = Result<Vec<u8>, TooLong>;

    fn cut(&mut self, input: &mut &[u8]) -> Option<Self::Line> {
        self.next(input)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(lines: &mut Lines, mut input: &[u8]) -> Vec<Result<Vec<u8>, TooLong>> {
        core::iter::from_fn(|| lines.next(&mut input)).collect()
    }

    #[test]
    fn telnet_is_taken_out_and_its_options_are_refused() {
        let mut lines = Lines::default();
        let input = b"\xff\xf4\xff\xf2ABOR\r\n\xff\xfd\x01US\xff\xfb\x03ER x\r\nA\xff\xffB\xff\xfa\x18\x00vt\xff\xffn\xff\xf0C\r\n";
        let read = all(&mut lines, input);
        assert_eq!(read, [Ok(b"ABOR".to_vec()), Ok(b"USER x".to_vec()), Ok(b"A\xffBC".to_vec())]);
        assert_eq!(lines.take_refusals(), [255, 252, 1, 255, 254, 3]);
    }

    #[test]
    fn refusals_that_wait_are_bounded() {
        let mut lines = Lines::default();
        for option in 0..(REFUSALS / 3) as u8 {
            all(&mut lines, &[255, DO, option]);
        }
        assert_eq!(lines.refusals.len(), REFUSALS);
        all(&mut lines, &[255, DO, 200]);
        assert_eq!(lines.take_refusals().len(), REFUSALS, "one past the bound");
    }

    #[test]
    fn a_line_has_so_many_octets_and_no_more() {
        for end in [&b"\r\n"[..], b"\n"] {
            let mut lines = Lines::default();
            let mut input = vec![b'a'; LINE];
            input.extend_from_slice(end);
            assert_eq!(all(&mut lines, &input), [Ok(vec![b'a'; LINE])]);
            input.insert(0, b'a');
            input.extend_from_slice(b"NOOP\r\n");
            assert_eq!(all(&mut lines, &input), [Err(TooLong), Ok(b"NOOP".to_vec())]);
        }
    }

    #[test]
    fn an_endless_line_is_told_again_and_again_and_keeps_nothing() {
        for octet in [b'a', IAC, SB, b'\r', 0] {
            let (mut lines, mut told) = (Lines::default(), 0);
            for _ in 0..100 {
                told += all(&mut lines, &[octet; LINE]).len();
                assert!(lines.line.capacity() <= 2 * LINE);
            }
            assert!((98..=100).contains(&told), "{octet}: {told}");
        }
        // Octets that are Telnet's alone are octets of a line all the same.
        let mut lines = Lines::default();
        assert_eq!(all(&mut lines, &[255, 241].repeat(LINE / 2)), []);
        assert_eq!(all(&mut lines, &[255, 241]), [Err(TooLong)]);
    }

    #[test]
    fn a_carriage_return_alone_ends_no_line() {
        let mut lines = Lines::default();
        assert_eq!(
            all(&mut lines, b"a\r\0b\rc\r\r\nd\0e\n"),
            [Ok(b"a\rb\rc\r".to_vec()), Ok(b"d\0e".to_vec())]
        );
    }

    proptest! {
        #[test]
        fn lines_come_back_however_the_stream_is_cut(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>().prop_filter("", |o| !b"\r\n\0".contains(o)), 0..40), 0..10),
            cut in 1_usize..9,
        ) {
            let mut wire = Vec::new();
            texts.iter().for_each(|text| write_line(text, &mut wire));
            let (mut lines, mut read) = (Lines::default(), Vec::new());
            for piece in wire.chunks(cut) {
                read.extend(all(&mut lines, piece));
            }
            prop_assert_eq!(read, texts.into_iter().map(Ok).collect::<Vec<_>>());
            prop_assert!(!lines.is_within());
        }

        #[test]
        fn whatever_comes_is_bounded(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3_000), 0..6)) {
            let mut lines = Lines::default();
            for piece in pieces {
                for line in all(&mut lines, &piece).into_iter().flatten() {
                    prop_assert!(line.len() <= LINE && !line.contains(&b'\n'));
                }
                prop_assert!(lines.line.len() <= LINE + 1 && lines.refusals.len() <= REFUSALS);
            }
        }
    }
}
