//! A session without its I/O: what was said, what may come next, and what is too much.

use super::Config;
use crate::application::smtp::codec::address::Address;
use crate::application::smtp::codec::data::{Flaw, Unstuff};
use crate::application::smtp::codec::line::LineError;
use crate::application::smtp::codec::reply::{Offers, Reply};
use crate::application::smtp::codec::request::{Mail, Request, RequestError, parse};
use crate::application::smtp::codec::stored::Envelope;

/// Commands of one session; then it is closed.
pub const COMMANDS: u32 = 10_000;
/// Commands of one session that are none, or come at the wrong time; then it is closed.
pub const ERRORS: u32 = 20;
/// Recipients of one message (RFC 5321 §4.5.3.1.8: at least 100).
pub const RECIPIENTS: usize = 100;

/// What a line leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// This answer.
    Reply(Reply),
    /// This answer, and the end.
    Close(Reply),
    /// This answer, and then the text of a message comes.
    Text(Reply),
}

/// What a client said of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Client {
    /// Its name.
    pub(super) name: String,
    /// Whether it said `EHLO`.
    pub(super) extended: bool,
}

/// A session.
#[derive(Clone, Debug)]
pub(super) struct State {
    commands: u32,
    errors: u32,
    pub(super) client: Option<Client>,
    mail: Option<Mail>,
    to: Vec<Address>,
}

impl State {
    pub(super) const fn new() -> Self {
        Self { commands: 0, errors: 0, client: None, mail: None, to: Vec::new() }
    }

    /// The next line.
    pub(super) fn line(&mut self, config: &Config, line: Result<&[u8], LineError>) -> Act {
        if self.commands >= COMMANDS {
            return Act::Close(Reply::new(421, 7, 0, "That was enough for one session"));
        }
        self.commands += 1;
        let request = match line.map(parse) {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => return self.wrong(of_request(error)),
            Err(LineError::TooLong) => return self.wrong(Reply::new(500, 5, 6, "The line is too long")),
            // RFC 5321 §2.3.8: it ends no line, so whoever sent it meant something else than we would read.
            Err(LineError::Bare) => {
                return self.wrong(Reply::new(
                    500,
                    5,
                    2,
                    "A line ends with CR LF, and has neither elsewhere",
                ));
            }
        };
        self.request(config, request)
    }

    fn wrong(&mut self, reply: Reply) -> Act {
        self.errors += 1;
        if self.errors > ERRORS {
            return Act::Close(Reply::new(421, 7, 0, "Too many errors"));
        }
        Act::Reply(reply)
    }

    fn request(&mut self, config: &Config, request: Request) -> Act {
        let answer = |code, subject, detail, text: &str| Act::Reply(Reply::new(code, subject, detail, text));
        match request {
            Request::Hello { extended, name } => {
                self.reset();
                let mut reply = Reply::plain(250, format!("{} greets {name}", config.name));
                if extended {
                    reply.lines.extend(offers(config).lines());
                    reply.lines.push("HELP".to_owned());
                }
                self.client = Some(Client { name, extended });
                Act::Reply(reply)
            }
            Request::Rset => {
                self.reset();
                answer(250, 0, 0, "Forgotten")
            }
            Request::Noop => answer(250, 0, 0, "Nothing done"),
            Request::Quit => Act::Close(Reply::new(221, 0, 0, format!("{} says goodbye", config.name))),
            Request::Help => answer(214, 0, 0, "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP"),
            // RFC 5321 §7.3: who is here is nobody's business.
            Request::Vrfy(_) => answer(252, 1, 5, "Send it, and it will be seen"),
            Request::Mail(mail) => self.mail(config, mail),
            Request::Rcpt(to) => self.recipient(config, to),
            Request::Data if self.mail.is_none() => self.wrong(Reply::new(503, 5, 1, "MAIL comes first")),
            Request::Data if self.to.is_empty() => {
                // RFC 2920 §3.1: a client that pipelines says so though all its recipients were refused.
                answer(554, 5, 1, "There are no valid recipients")
            }
            Request::Data => Act::Text(Reply::plain(354, "The text, and a dot alone at its end")),
        }
    }

    fn reset(&mut self) {
        self.mail = None;
        self.to = Vec::new();
    }

    fn mail(&mut self, config: &Config, mail: Mail) -> Act {
        let Some(client) = &self.client else {
            return self.wrong(Reply::new(503, 5, 1, "EHLO comes first"));
        };
        let parameters = mail.size > 0 || mail.eight_bit || mail.international;
        let international = mail.from.as_ref().is_some_and(Address::is_international);
        if self.mail.is_some() {
            return self.wrong(Reply::new(503, 5, 1, "One message after the other"));
        }
        if parameters && !client.extended {
            return self.wrong(Reply::new(555, 5, 4, "Parameters come after EHLO only"));
        }
        if international && !mail.international {
            // RFC 6531 §3.5.
            return Act::Reply(Reply::new(550, 6, 7, "Such an address needs SMTPUTF8"));
        }
        if mail.size > config.size {
            return Act::Reply(too_much(config));
        }
        self.mail = Some(mail);
        Act::Reply(Reply::new(250, 1, 0, "The sender is fine"))
    }

    fn recipient(&mut self, config: &Config, to: Address) -> Act {
        let Some(mail) = &self.mail else {
            return self.wrong(Reply::new(503, 5, 1, "MAIL comes first"));
        };
        if self.to.len() >= RECIPIENTS {
            // RFC 5321 §4.5.3.1.10: the client sends it to the others in another message.
            return Act::Reply(Reply::new(452, 5, 3, "Too many recipients"));
        }
        if to.is_international() && !mail.international {
            return Act::Reply(Reply::new(553, 6, 7, "Such an address needs SMTPUTF8"));
        }
        if !config.takes(to.domain()) {
            return Act::Reply(Reply::new(550, 7, 1, "Mail for others is not relayed"));
        }
        if !self.to.contains(&to) {
            self.to.push(to);
        }
        Act::Reply(Reply::new(250, 1, 5, "The recipient is fine"))
    }

    /// The text has come, or not: the message that it is of. The session is as after `RSET`.
    pub(super) fn take(&mut self) -> (Envelope, bool) {
        let mail = self.mail.take();
        let international = mail.as_ref().is_some_and(|mail| mail.international);
        (Envelope { from: mail.and_then(|mail| mail.from), to: core::mem::take(&mut self.to) }, international)
    }
}

impl Config {
    /// Whether it takes mail for a domain; for its own users without one, always.
    fn takes(&self, domain: &str) -> bool {
        let named = &self.domains;
        domain.is_empty() || named.is_empty() || named.iter().any(|own| same_domain(own, domain))
    }
}

/// RFC 5321 §2.4: domains are the same in any case.
fn same_domain(one: &str, other: &str) -> bool {
    let fold = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    fold(one) == fold(other)
}

fn offers(config: &Config) -> Offers {
    Offers { pipelining: true, eight_bit: true, international: true, enhanced: true, size: Some(config.size) }
}

fn too_much(config: &Config) -> Reply {
    Reply::new(552, 3, 4, format!("A message has at most {} octets", config.size))
}

fn of_request(error: RequestError) -> Reply {
    let (code, subject, detail) = match error {
        RequestError::Unknown | RequestError::Control => (500, 5, 2),
        RequestError::NotImplemented => (502, 5, 1),
        RequestError::Syntax(_) => (501, 5, 4),
        RequestError::Address => (553, 1, 3),
        RequestError::Parameter => (555, 5, 4),
    };
    Reply::new(code, subject, detail, error.to_string())
}

/// A text on its way in.
#[derive(Clone, Debug)]
pub(super) struct Text {
    unstuff: Unstuff,
    /// Octets of the message (RFC 1870 §5: without the dots that were doubled).
    size: u64,
    /// Octets on the wire.
    taken: u64,
    /// It cannot be stored.
    failed: Option<Reply>,
}

impl Text {
    pub(super) fn new() -> Self {
        Self { unstuff: Unstuff::default(), size: 0, taken: 0, failed: None }
    }

    /// Takes octets from `input` up to the end of the text. What is to be stored is added to `out`; of a message that is
    /// refused already, nothing. Whether the end was there.
    pub(super) fn push(&mut self, config: &Config, input: &mut &[u8], out: &mut Vec<u8>) -> bool {
        let (before, start) = (input.len(), out.len());
        let ended = self.unstuff.push(input, out);
        self.taken += (before - input.len()) as u64;
        self.size += (out.len() - start) as u64;
        if self.size > config.size {
            self.fail(too_much(config));
        }
        match self.unstuff.flaw() {
            Some(Flaw::Bare) => {
                self.fail(Reply::new(
                    554,
                    6,
                    0,
                    "A line ends with CR LF, and a dot alone stands between two of them",
                ));
            }
            Some(Flaw::LongLine) => self.fail(Reply::new(554, 6, 0, "A line has at most 1000 octets")),
            None => {}
        }
        if self.failed.is_some() {
            out.truncate(start);
        }
        ended
    }

    /// It cannot be stored, for this reason; the first counts.
    pub(super) fn fail(&mut self, reply: Reply) {
        self.failed.get_or_insert(reply);
    }

    /// Why it cannot be stored.
    pub(super) const fn failed(&self) -> Option<&Reply> {
        self.failed.as_ref()
    }

    /// Whether so much came of a message which is refused that no end is waited for any more.
    pub(super) fn is_overrun(&self, config: &Config) -> bool {
        self.failed.is_some() && self.taken > config.size.saturating_add(super::OVERRUN)
    }
}
