//! Requests, as `smtp-proto` reads them from one line, and what of them is served here.
//!
//! The crate knows no address literals (RFC 5321 §4.1.3): a mailbox at `[10.0.0.1]` is no address to it, nor to us.

use core::fmt;

use smtp_proto::{MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8};

use super::address::{Address, is_domain};

/// A request with its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the command of that name")]
pub enum Request {
    /// `EHLO` or, if not extended, `HELO`, with the client's name for itself.
    Hello {
        extended: bool,
        name: String,
    },
    Mail(Mail),
    Rcpt(Address),
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy(String),
    Help,
}

/// The argument of `MAIL`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Whom to tell if the message cannot be delivered; nobody where it is such a notice itself (RFC 5321 §4.5.5).
    pub from: Option<Address>,
    /// How many octets the message has, as far as the client knows (RFC 1870 §3).
    pub size: u64,
    /// Whether it has octets beyond ASCII (RFC 6152 §3).
    pub eight_bit: bool,
    /// Whether it may have addresses beyond ASCII (RFC 6531 §3.4).
    pub international: bool,
}

/// Why a line is no request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// No such command: 500.
    Unknown,
    /// A command of somebody else's: 502.
    NotImplemented,
    /// Its form is another: 501.
    Syntax(&'static str),
    /// No address: 553.
    Address,
    /// A parameter that was not offered: 555.
    Parameter,
    /// A character of control: 500.
    Control,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("No such command"),
            Self::NotImplemented => f.write_str("This command is not implemented"),
            Self::Syntax(form) => write!(f, "The form is {form}"),
            Self::Address => f.write_str("This is no mail address"),
            Self::Parameter => f.write_str("This parameter was not offered"),
            Self::Control => f.write_str("A character of control in a command"),
        }
    }
}

impl core::error::Error for RequestError {}

/// Reads a line, without its end.
///
/// # Errors
/// When it is no request.
pub fn parse(line: &[u8]) -> Result<Request, RequestError> {
    use smtp_proto::Request as Wire;
    let text = core::str::from_utf8(line).map_err(|_| RequestError::Control)?;
    if text.chars().any(char::is_control) {
        return Err(RequestError::Control);
    }
    // The parser takes what follows these for nothing; RFC 5321 §4.1.1.4 wants it refused.
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    for (bare, form) in [("DATA", "DATA"), ("RSET", "RSET"), ("QUIT", "QUIT")] {
        if verb.eq_ignore_ascii_case(bare) && !argument.trim_matches(' ').is_empty() {
            return Err(RequestError::Syntax(form));
        }
    }
    let whole = [line, b"\r\n"].concat();
    let request = Wire::parse(&mut whole.iter()).map_err(|error| of_parser(&error))?;
    Ok(match request {
        Wire::Ehlo { host } => Request::Hello { extended: true, name: name(&host, "EHLO domain")? },
        Wire::Helo { host } => Request::Hello { extended: false, name: name(&host, "HELO domain")? },
        Wire::Mail { from } => Request::Mail(mail(text, &from)?),
        Wire::Rcpt { to } => {
            if to.orcpt.is_some() || to.rrvs != 0 || to.flags != 0 {
                return Err(RequestError::Parameter);
            }
            Request::Rcpt(recipient(text, &to.address)?)
        }
        Wire::Data => Request::Data,
        Wire::Rset => Request::Rset,
        Wire::Noop { .. } => Request::Noop,
        Wire::Quit => Request::Quit,
        Wire::Vrfy { value } => Request::Vrfy(value.into_owned()),
        Wire::Help { .. } => Request::Help,
        Wire::Lhlo { .. }
        | Wire::Bdat { .. }
        | Wire::Auth { .. }
        | Wire::Expn { .. }
        | Wire::Etrn { .. }
        | Wire::Atrn { .. }
        | Wire::Burl { .. }
        | Wire::StartTls => return Err(RequestError::NotImplemented),
    })
}

fn of_parser(error: &smtp_proto::Error) -> RequestError {
    use smtp_proto::Error;
    match error {
        Error::InvalidSenderAddress | Error::InvalidRecipientAddress => RequestError::Address,
        Error::SyntaxError { syntax } => RequestError::Syntax(syntax),
        Error::InvalidParameter { param } => RequestError::Syntax(param),
        Error::UnsupportedParameter { .. } => RequestError::Parameter,
        // A line is whole before it is read: more data never comes.
        Error::UnknownCommand
        | Error::NeedsMoreData { .. }
        | Error::ResponseTooLong
        | Error::InvalidResponse { .. } => RequestError::Unknown,
    }
}

/// What a client calls itself: a domain, or an address in brackets (RFC 5321 §4.1.3).
fn name(name: &str, form: &'static str) -> Result<String, RequestError> {
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match literal {
        Some(inside) => {
            (1..=64).contains(&inside.len())
                && inside.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-'))
        }
        None => is_domain(name),
    };
    if good { Ok(name.to_owned()) } else { Err(RequestError::Syntax(form)) }
}

fn mail(line: &str, from: &smtp_proto::MailFrom<std::borrow::Cow<'_, str>>) -> Result<Mail, RequestError> {
    let offered = MAIL_BODY_8BITMIME | smtp_proto::MAIL_BODY_7BIT | MAIL_SMTPUTF8;
    let foreign = from.flags & !offered != 0
        || from.flags & MAIL_BODY_BINARYMIME != 0
        || from.trans_id.is_some()
        || from.by != 0
        || from.env_id.is_some()
        || from.solicit.is_some()
        || from.mtrk.is_some()
        || from.auth.is_some()
        || from.hold_for != 0
        || from.hold_until != 0
        || from.mt_priority != 0;
    if foreign {
        return Err(RequestError::Parameter);
    }
    // To the parser `<postmaster>` and `<>` are the same; only the second is nobody.
    let from_address = match &*from.address {
        "" if path_of(line).is_empty() => None,
        "" => return Err(RequestError::Address),
        text => Some(address(text)?),
    };
    Ok(Mail {
        from: from_address,
        size: from.size as u64,
        eight_bit: from.flags & MAIL_BODY_8BITMIME != 0,
        international: from.flags & MAIL_SMTPUTF8 != 0,
    })
}

fn recipient(line: &str, text: &str) -> Result<Address, RequestError> {
    match text {
        // RFC 5321 §4.1.1.3: in any case.
        "" if path_of(line).eq_ignore_ascii_case("postmaster") => Ok(Address::postmaster()),
        "" => Err(RequestError::Address),
        text => address(text),
    }
}

/// What stands in the first angle brackets of a line.
fn path_of(line: &str) -> &str {
    let inside = line.split_once('<').map_or("", |(_, rest)| rest);
    inside.split_once('>').map_or("", |(inside, _)| inside).trim_matches(' ')
}

/// The address that the parser gives without its quotes.
fn address(text: &str) -> Result<Address, RequestError> {
    let (local, domain) = text.rsplit_once('@').ok_or(RequestError::Address)?;
    Address::new(local, domain).map_err(|_| RequestError::Address)
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello { extended: true, name } => write!(f, "EHLO {name}"),
            Self::Hello { extended: false, name } => write!(f, "HELO {name}"),
            Self::Mail(mail) => {
                f.write_str("MAIL FROM:<")?;
                if let Some(from) = &mail.from {
                    write!(f, "{from}")?;
                }
                f.write_str(">")?;
                if mail.size > 0 {
                    write!(f, " SIZE={}", mail.size)?;
                }
                f.write_str(if mail.eight_bit { " BODY=8BITMIME" } else { "" })?;
                f.write_str(if mail.international { " SMTPUTF8" } else { "" })
            }
            Self::Rcpt(to) => write!(f, "RCPT TO:<{to}>"),
            Self::Data => f.write_str("DATA"),
            Self::Rset => f.write_str("RSET"),
            Self::Noop => f.write_str("NOOP"),
            Self::Quit => f.write_str("QUIT"),
            Self::Vrfy(name) => write!(f, "VRFY {name}"),
            Self::Help => f.write_str("HELP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Result<Request, RequestError> {
        parse(line.as_bytes())
    }

    #[test]
    fn requests_are_read_in_any_case() {
        let address: Address = "a.b@example.com".parse().unwrap();
        assert_eq!(
            read("ehlo client.example"),
            Ok(Request::Hello { extended: true, name: "client.example".into() })
        );
        assert_eq!(read("EHLO [10.0.0.1]"), Ok(Request::Hello { extended: true, name: "[10.0.0.1]".into() }));
        let plain = Mail { from: Some(address.clone()), size: 0, eight_bit: false, international: false };
        assert_eq!(read("MAIL FROM:<a.b@example.com>"), Ok(Request::Mail(plain.clone())));
        let rich = Mail { size: 500, eight_bit: true, international: true, ..plain };
        assert_eq!(
            read("mail from:<a.b@example.com> size=500 body=8bitmime smtputf8"),
            Ok(Request::Mail(rich))
        );
        let nobody = Mail { from: None, size: 0, eight_bit: false, international: false };
        assert_eq!(read("MAIL FROM:<>"), Ok(Request::Mail(nobody)));
        // RFC 5321 §4.1.1.3: a route before the address is passed over.
        assert_eq!(read("RCPT TO:<@x.y,@z.w:a.b@example.com>"), Ok(Request::Rcpt(address)));
        assert_eq!(read("RCPT TO:<\"a b\"@x.y>"), Ok(Request::Rcpt(Address::new("a b", "x.y").unwrap())));
        assert_eq!(read("RCPT TO:<\"a@b\"@x.y>"), Ok(Request::Rcpt(Address::new("a@b", "x.y").unwrap())));
        assert_eq!(read("RCPT TO:<PostMaster>"), Ok(Request::Rcpt(Address::postmaster())));
        assert_eq!(read("NOOP whatever"), Ok(Request::Noop));
        assert_eq!(read("QUIT "), Ok(Request::Quit));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for line in ["", " ", "HELLO x", "DAT", "DATAX", "\u{e9}HLO x"] {
            assert_eq!(read(line), Err(RequestError::Unknown), "{line:?}");
        }
        for line in ["STARTTLS", "AUTH PLAIN", "BDAT 10 LAST", "EXPN x", "LHLO x", "ETRN x"] {
            assert_eq!(read(line), Err(RequestError::NotImplemented), "{line:?}");
        }
        for line in [
            "EHLO",
            "EHLO a b..c d",
            "EHLO -",
            "EHLO [",
            "DATA now",
            "RSET x",
            "QUIT x",
            "MAIL a@b",
            "RCPT TO:a@b",
            "MAIL FROM:<a@b> SIZE=x",
        ] {
            let read = read(line);
            assert!(
                matches!(read, Err(RequestError::Syntax(_))) || line.starts_with("EHLO a"),
                "{line:?}: {read:?}"
            );
        }
        for line in [
            "MAIL FROM:<a>",
            "MAIL FROM:<postmaster>",
            "RCPT TO:<>",
            "RCPT TO:<a@b@c>",
            "RCPT TO:<a@-b>",
            "RCPT TO:<a@[10.0.0.1]>",
        ] {
            assert_eq!(read(line), Err(RequestError::Address), "{line:?}");
        }
        for line in [
            "MAIL FROM:<a@b> BODY=BINARYMIME",
            "MAIL FROM:<a@b> RET=FULL",
            "MAIL FROM:<a@b> AUTH=<>",
            "RCPT TO:<a@b> NOTIFY=NEVER",
            "MAIL FROM:<a@b> X=Y",
        ] {
            assert_eq!(read(line), Err(RequestError::Parameter), "{line:?}");
        }
        for line in [&b"NOOP \xff"[..], b"NO\0OP", b"RCPT TO:<a\tb@c>", b"NOOP\x7f"] {
            assert_eq!(parse(line), Err(RequestError::Control), "{line:?}");
        }
    }

    fn addresses() -> impl Strategy<Value = Address> {
        ("[a-zA-Z0-9 .@<>\"\\\\é]{1,20}", "[a-z0-9]{1,9}(\\.[a-zé]{1,5}){0,2}")
            .prop_filter_map("no address", |(local, domain)| Address::new(&local, &domain).ok())
    }

    fn requests() -> impl Strategy<Value = Request> {
        let mail = (prop::option::of(addresses()), 0_u64..1 << 50, any::<bool>(), any::<bool>())
            .prop_map(|(from, size, eight_bit, international)| Mail { from, size, eight_bit, international });
        prop_oneof![
            (any::<bool>(), "[a-z0-9]{1,9}(\\.[a-z]{1,5}){0,2}")
                .prop_map(|(extended, name)| Request::Hello { extended, name }),
            mail.prop_map(Request::Mail),
            addresses().prop_map(Request::Rcpt),
            "[a-z]{1,9}".prop_map(Request::Vrfy),
            prop::sample::select(vec![
                Request::Data,
                Request::Rset,
                Request::Noop,
                Request::Quit,
                Request::Help
            ]),
        ]
    }

    proptest! {
        #[test]
        fn requests_come_back(request in requests()) {
            prop_assert_eq!(read(&request.to_string()), Ok(request));
        }

        #[test]
        fn any_line_is_a_request_or_none(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&line);
        }

        #[test]
        fn any_argument_is_taken_or_refused(
            verb in prop::sample::select(vec!["MAIL FROM:<", "RCPT TO:<", "MAIL FROM:<a@b> ", "RCPT TO:<a@b> ", "EHLO ", "BDAT ", "AUTH ", "BURL ", "ATRN "]),
            argument in "[ -~é]{0,60}",
        ) {
            if let Ok(request) = read(&format!("{verb}{argument}")) {
                prop_assert_eq!(read(&request.to_string()), Ok(request));
            }
        }
    }
}
