//! Replies: written here, since each line of one carries its enhanced status code (RFC 2034 §3); read by `smtp-proto`
//! once they are whole and within their bounds.

use core::fmt;

use smtp_proto::response::parser::ResponseReceiver;
use smtp_proto::{
    EXT_8BIT_MIME, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING, EXT_SIZE, EXT_SMTP_UTF8, EhloResponse,
};

/// Lines of one reply that a client takes.
pub const REPLY_LINES: usize = 64;

/// A reply of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The code.
    pub code: u16,
    /// What the code means more exactly (RFC 3463 §2): class, subject, detail; zeros where a reply has none.
    pub enhanced: [u8; 3],
    /// Its lines, never none.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line. The class is the code's.
    pub fn new(code: u16, subject: u8, detail: u8, text: impl Into<String>) -> Self {
        Self { code, enhanced: [(code / 100) as u8, subject, detail], lines: vec![text.into()] }
    }

    /// A reply without an enhanced code: greetings, answers to `EHLO` and to `DATA` (RFC 2034 §4).
    pub fn plain(code: u16, text: impl Into<String>) -> Self {
        Self { code, enhanced: [0; 3], lines: vec![text.into()] }
    }

    /// Whether what was asked for is done.
    pub const fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether it might work another time (RFC 5321 §4.2.1: 4yz).
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// Adds it as it goes over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        let [class, subject, detail] = self.enhanced;
        for (place, line) in self.lines.iter().enumerate() {
            let mark = if place == last { ' ' } else { '-' };
            out.extend(format!("{:03}{mark}", self.code).as_bytes());
            if class > 0 {
                out.extend(format!("{class}.{subject}.{detail} ").as_bytes());
            }
            out.extend(line.replace(char::is_control, " ").as_bytes());
            out.extend(b"\r\n");
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [class, subject, detail] = self.enhanced;
        write!(f, "{} ", self.code)?;
        if class > 0 {
            write!(f, "{class}.{subject}.{detail} ")?;
        }
        f.write_str(self.lines.first().map_or("", String::as_str))
    }
}

/// What a server offers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Offers {
    /// `PIPELINING` (RFC 2920 §3).
    pub pipelining: bool,
    /// `8BITMIME` (RFC 6152 §2).
    pub eight_bit: bool,
    /// `SMTPUTF8` (RFC 6531 §3.1).
    pub international: bool,
    /// `ENHANCEDSTATUSCODES` (RFC 2034 §3).
    pub enhanced: bool,
    /// `SIZE` (RFC 1870 §4), with the most octets that a message may have; 0 for no limit that is known.
    pub size: Option<u64>,
}

impl Offers {
    /// The lines of the answer to `EHLO` that say so.
    pub fn lines(&self) -> Vec<String> {
        let named = [
            (self.pipelining, "PIPELINING"),
            (self.eight_bit, "8BITMIME"),
            (self.international, "SMTPUTF8"),
            (self.enhanced, "ENHANCEDSTATUSCODES"),
        ];
        let mut lines: Vec<_> =
            named.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()).collect();
        lines.extend(self.size.map(|size| if size > 0 { format!("SIZE {size}") } else { "SIZE".to_owned() }));
        lines
    }
}

/// Why lines are no reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyError {
    /// No code, or lines of one reply with different ones.
    Malformed,
    /// More than [`REPLY_LINES`] lines, or a line that is too long.
    TooLong,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the server's answer is no reply",
            Self::TooLong => "the server's reply is too long",
        })
    }
}

impl core::error::Error for ReplyError {}

/// Puts replies together from lines.
#[derive(Clone, Default, Debug)]
pub struct Replies {
    lines: usize,
    wire: Vec<u8>,
}

impl Replies {
    /// The next line, without its end; the reply that it ends, as it went over the wire.
    ///
    /// # Errors
    /// When it is no line of the reply, or makes it too long.
    pub fn push(&mut self, line: &[u8]) -> Result<Option<Whole>, ReplyError> {
        let code = line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit));
        let code = code.filter(|code| (b'2'..=b'5').contains(&code[0])).ok_or(ReplyError::Malformed)?;
        if self.lines > 0 && !self.wire.starts_with(code) {
            return Err(ReplyError::Malformed);
        }
        let last = match line.get(3) {
            None | Some(b' ') => true,
            Some(b'-') => false,
            Some(_) => return Err(ReplyError::Malformed),
        };
        self.lines += 1;
        if self.lines > REPLY_LINES {
            return Err(ReplyError::TooLong);
        }
        self.wire.extend_from_slice(line);
        if line.len() == 3 {
            self.wire.push(b' ');
        }
        self.wire.extend(b"\r\n");
        if !last {
            return Ok(None);
        }
        Ok(Some(Whole(core::mem::take(self).wire)))
    }
}

/// A reply that is whole, as it went over the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whole(Vec<u8>);

impl Whole {
    /// What it says.
    ///
    /// # Errors
    /// When it is longer than the parser takes.
    pub fn reply(&self) -> Result<Reply, ReplyError> {
        let parsed = ResponseReceiver::default().parse(&mut self.0.iter());
        let parsed = parsed.map_err(|error| match error {
            smtp_proto::Error::ResponseTooLong => ReplyError::TooLong,
            _ => ReplyError::Malformed,
        })?;
        let text = parsed.message.replace('\r', "");
        let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect();
        Ok(Reply { code: parsed.code, enhanced: parsed.esc, lines })
    }

    /// What a server offers that answers `EHLO` with this.
    pub fn offers(&self) -> Offers {
        let Ok(parsed) = EhloResponse::parse(&mut self.0.iter()) else { return Offers::default() };
        let has = |extension| parsed.capabilities & extension != 0;
        Offers {
            pipelining: has(EXT_PIPELINING),
            eight_bit: has(EXT_8BIT_MIME),
            international: has(EXT_SMTP_UTF8),
            enhanced: has(EXT_ENHANCED_STATUS_CODES),
            size: has(EXT_SIZE).then_some(parsed.size as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::line::{Lines, REPLY_LINE};
    use super::*;

    fn read(mut wire: &[u8]) -> Vec<Whole> {
        let (mut lines, mut replies, mut all) = (Lines::new(REPLY_LINE), Replies::default(), Vec::new());
        while let Some(line) = lines.next(&mut wire) {
            all.extend(replies.push(&line.unwrap()).unwrap());
        }
        all
    }

    fn wire(reply: &Reply) -> Vec<u8> {
        let mut wire = Vec::new();
        reply.write(&mut wire);
        wire
    }

    #[test]
    fn what_is_offered_is_understood() {
        let all = Offers {
            pipelining: true,
            eight_bit: true,
            international: true,
            enhanced: true,
            size: Some(1_000),
        };
        for offers in [all, Offers::default(), Offers { size: Some(0), ..Offers::default() }] {
            let mut reply = Reply::plain(250, "mail.example greets you");
            reply.lines.extend(offers.lines());
            assert_eq!(read(&wire(&reply))[0].offers(), offers);
        }
        assert_eq!(read(b"250 only HELO\r\n")[0].offers(), Offers::default());
        assert_eq!(read(b"500 what\r\n")[0].offers(), Offers::default());
    }

    #[test]
    fn replies_have_a_code_that_stays_the_same() {
        assert_eq!(read(b"250\r\n")[0].reply().map(|reply| reply.code), Ok(250));
        for wrong in [&b""[..], b"25", b"abc", b"190 x", b"650 x", b"250+x", b"\xff50 x"] {
            assert_eq!(Replies::default().push(wrong), Err(ReplyError::Malformed), "{wrong:?}");
        }
        let mut replies = Replies::default();
        assert_eq!(replies.push(b"250-a"), Ok(None));
        assert_eq!(replies.push(b"251 b"), Err(ReplyError::Malformed));
    }

    #[test]
    fn a_reply_has_so_many_lines_and_no_more() {
        let mut replies = Replies::default();
        for _ in 1..REPLY_LINES {
            assert_eq!(replies.push(b"250-a"), Ok(None));
        }
        assert!(replies.clone().push(b"250 end").unwrap().is_some());
        assert_eq!(replies.push(b"250-a"), Ok(None));
        assert_eq!(replies.push(b"250 end"), Err(ReplyError::TooLong));
    }

    #[test]
    fn what_the_parser_does_not_take_is_too_long() {
        let mut replies = Replies::default();
        for _ in 0..8 {
            assert_eq!(replies.push(&[b"250-".to_vec(), vec![b'a'; 1_000]].concat()), Ok(None));
        }
        let whole = replies.push(b"250 end").unwrap().unwrap();
        assert_eq!(whole.reply(), Err(ReplyError::TooLong));
    }

    proptest! {
        #[test]
        fn replies_come_back(
            code in 200_u16..600, subject in 0_u8..10, detail in 0_u8..10, enhanced: bool,
            lines in prop::collection::vec("[a-zA-Zé][ -~é]{0,30}", 1..6),
        ) {
            let mut reply = if enhanced { Reply::new(code, subject, detail, "") } else { Reply::plain(code, "") };
            reply.lines = lines;
            let whole = read(&wire(&reply));
            prop_assert_eq!(whole.len(), 1);
            prop_assert_eq!(whole[0].reply(), Ok(reply));
        }

        #[test]
        fn any_lines_are_replies_or_none(lines in prop::collection::vec(("(2|5)[0-9]{0,3}[- ]?", prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
            let mut replies = Replies::default();
            for (start, rest) in lines {
                if let Ok(Some(whole)) = replies.push(&[start.as_bytes(), &rest].concat()) {
                    let _ = (whole.reply(), whole.offers());
                }
            }
        }

        #[test]
        fn a_text_cannot_forge_a_reply(text: String) {
            let wire = wire(&Reply::new(550, 1, 1, text));
            prop_assert_eq!(wire.windows(2).filter(|w| w == b"\r\n").count(), 1);
            prop_assert_eq!(wire.split(|octet| *octet == b'\n').count(), 2);
        }
    }
}
