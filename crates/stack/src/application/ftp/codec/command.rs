//! Commands (RFC 959 §4.1, RFC 2389 §3, RFC 2428 §2, RFC 3659 §2).

use core::fmt;
use core::net::{SocketAddr, SocketAddrV4};

use super::address::{Extended, extended, host_port, parse_extended, parse_host_port};

/// How a file goes over the wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Representation {
    /// Lines of text, which is where every session begins (RFC 959 §3.1.1).
    #[default]
    Ascii,
    /// Octets as they are; also type `L 8`, which is the same (RFC 1123 §4.1.2.1).
    Image,
}

/// What `EPSV` asks for (RFC 2428 §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExtendedPassive {
    /// The family of the control connection.
    Any,
    /// This family, by its number.
    Family(u8),
    /// No other way than `EPSV` from now on.
    All,
}

/// A command with its argument. Paths and names are as they were given.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the command of that name")]
pub enum Command {
    User(String),
    Pass(String),
    Acct(String),
    Cwd(String),
    Cdup,
    Rein,
    Quit,
    Port(SocketAddrV4),
    Eprt(Extended),
    Pasv,
    Epsv(ExtendedPassive),
    Type(Representation),
    Stru(char),
    Mode(char),
    Retr(String),
    Stor(String),
    Stou,
    Appe(String),
    Allo(u64),
    Rest(u64),
    Rnfr(String),
    Rnto(String),
    Abor,
    Dele(String),
    Rmd(String),
    Mkd(String),
    Pwd,
    List(Option<String>),
    Nlst(Option<String>),
    Mlst(Option<String>),
    Mlsd(Option<String>),
    Size(String),
    Mdtm(String),
    Site(String),
    Syst,
    Stat(Option<String>),
    Help(Option<String>),
    Noop,
    Feat,
    Opts(String),
}

/// Why a line is no command. Its text is that of the reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandError {
    /// No such command: 500.
    Unknown,
    /// A command that is known and not there: 502.
    NotImplemented,
    /// Its argument is missing, or wrong: 501.
    Argument(&'static str),
    /// Its argument is right and not supported: 504.
    Parameter(&'static str),
    /// Not UTF-8, or with characters of control in it: 501.
    NotText,
}

impl CommandError {
    /// The reply's code (RFC 959 §4.2.1).
    pub const fn code(self) -> u16 {
        match self {
            Self::Unknown => 500,
            Self::NotImplemented => 502,
            Self::Argument(_) | Self::NotText => 501,
            Self::Parameter(_) => 504,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "No such command.",
            Self::NotImplemented => "This command is not implemented.",
            Self::Argument(text) | Self::Parameter(text) => text,
            Self::NotText => "Names are UTF-8 without characters of control.",
        })
    }
}

impl core::error::Error for CommandError {}

impl Command {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// When it is no command.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        let end = line.iter().position(|octet| *octet == b' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at(end);
        let verb = verb.to_ascii_uppercase();
        // A password may be anything that fits a line; a name may not (RFC 2640 §2.2: names are UTF-8).
        let argument = rest.strip_prefix(b" ").unwrap_or(rest);
        let argument = core::str::from_utf8(argument).ok().filter(|text| !text.chars().any(char::is_control));
        let Some(argument) = argument else {
            let known = Self::of(&verb, "x") != Err(CommandError::Unknown);
            return Err(if known { CommandError::NotText } else { CommandError::Unknown });
        };
        Self::of(&verb, argument)
    }

    fn of(verb: &[u8], argument: &str) -> Result<Self, CommandError> {
        let text = || required(argument).map(str::to_owned);
        let maybe = || Some(argument.to_owned()).filter(|text| !text.is_empty());
        Ok(match verb {
            b"USER" => Self::User(text()?),
            b"PASS" => Self::Pass(argument.to_owned()),
            b"ACCT" => Self::Acct(text()?),
            // RFC 1123 §4.1.3.1: the forms with an X are the same.
            b"CWD" | b"XCWD" => Self::Cwd(text()?),
            b"CDUP" | b"XCUP" => Self::Cdup,
            b"REIN" => Self::Rein,
            b"QUIT" => Self::Quit,
            b"PORT" => {
                Self::Port(parse_host_port(argument).ok_or(CommandError::Argument("PORT h1,h2,h3,h4,p1,p2"))?)
            }
            b"EPRT" => Self::Eprt(
                parse_extended(argument).ok_or(CommandError::Argument("EPRT |family|address|port|"))?,
            ),
            b"PASV" => Self::Pasv,
            b"EPSV" => Self::Epsv(extended_passive(argument)?),
            b"TYPE" => Self::Type(representation(argument)?),
            b"STRU" => Self::Stru(letter(argument)?),
            b"MODE" => Self::Mode(letter(argument)?),
            b"RETR" => Self::Retr(text()?),
            b"STOR" => Self::Stor(text()?),
            b"STOU" => Self::Stou,
            b"APPE" => Self::Appe(text()?),
            b"ALLO" => Self::Allo(allocation(argument)?),
            b"REST" => Self::Rest(number(argument)?),
            b"RNFR" => Self::Rnfr(text()?),
            b"RNTO" => Self::Rnto(text()?),
            b"ABOR" => Self::Abor,
            b"DELE" => Self::Dele(text()?),
            b"RMD" | b"XRMD" => Self::Rmd(text()?),
            b"MKD" | b"XMKD" => Self::Mkd(text()?),
            b"PWD" | b"XPWD" => Self::Pwd,
            b"LIST" => Self::List(maybe()),
            b"NLST" => Self::Nlst(maybe()),
            b"MLST" => Self::Mlst(maybe()),
            b"MLSD" => Self::Mlsd(maybe()),
            b"SIZE" => Self::Size(text()?),
            b"MDTM" => Self::Mdtm(text()?),
            b"SITE" => Self::Site(text()?),
            b"SYST" => Self::Syst,
            b"STAT" => Self::Stat(maybe()),
            b"HELP" => Self::Help(maybe()),
            b"NOOP" => Self::Noop,
            b"FEAT" => Self::Feat,
            b"OPTS" => Self::Opts(text()?),
            b"SMNT" => return Err(CommandError::NotImplemented),
            _ => return Err(CommandError::Unknown),
        })
    }

    /// Whether its text must not be shown: it holds a password.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Pass(_) | Self::Acct(_))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, argument) = match self {
            Self::User(name) => ("USER", Some(name)),
            Self::Pass(word) => ("PASS", Some(word)),
            Self::Acct(name) => ("ACCT", Some(name)),
            Self::Cwd(path) => ("CWD", Some(path)),
            Self::Cdup => ("CDUP", None),
            Self::Rein => ("REIN", None),
            Self::Quit => ("QUIT", None),
            Self::Port(address) => return write!(f, "PORT {}", host_port(*address)),
            Self::Eprt(Extended::Address(address)) => return write!(f, "EPRT {}", extended(*address)),
            Self::Eprt(Extended::Family) => return f.write_str("EPRT |0||0|"),
            Self::Pasv => ("PASV", None),
            Self::Epsv(ExtendedPassive::Any) => ("EPSV", None),
            Self::Epsv(ExtendedPassive::All) => return f.write_str("EPSV ALL"),
            Self::Epsv(ExtendedPassive::Family(family)) => return write!(f, "EPSV {family}"),
            Self::Type(Representation::Ascii) => return f.write_str("TYPE A"),
            Self::Type(Representation::Image) => return f.write_str("TYPE I"),
            Self::Stru(letter) => return write!(f, "STRU {letter}"),
            Self::Mode(letter) => return write!(f, "MODE {letter}"),
            Self::Retr(path) => ("RETR", Some(path)),
            Self::Stor(path) => ("STOR", Some(path)),
            Self::Stou => ("STOU", None),
            Self::Appe(path) => ("APPE", Some(path)),
            Self::Allo(size) => return write!(f, "ALLO {size}"),
            Self::Rest(offset) => return write!(f, "REST {offset}"),
            Self::Rnfr(path) => ("RNFR", Some(path)),
            Self::Rnto(path) => ("RNTO", Some(path)),
            Self::Abor => ("ABOR", None),
            Self::Dele(path) => ("DELE", Some(path)),
            Self::Rmd(path) => ("RMD", Some(path)),
            Self::Mkd(path) => ("MKD", Some(path)),
            Self::Pwd => ("PWD", None),
            Self::List(path) => ("LIST", path.as_ref()),
            Self::Nlst(path) => ("NLST", path.as_ref()),
            Self::Mlst(path) => ("MLST", path.as_ref()),
            Self::Mlsd(path) => ("MLSD", path.as_ref()),
            Self::Size(path) => ("SIZE", Some(path)),
            Self::Mdtm(path) => ("MDTM", Some(path)),
            Self::Site(text) => ("SITE", Some(text)),
            Self::Syst => ("SYST", None),
            Self::Stat(path) => ("STAT", path.as_ref()),
            Self::Help(verb) => ("HELP", verb.as_ref()),
            Self::Noop => ("NOOP", None),
            Self::Feat => ("FEAT", None),
            Self::Opts(text) => ("OPTS", Some(text)),
        };
        f.write_str(verb)?;
        argument.map_or(Ok(()), |argument| write!(f, " {argument}"))
    }
}

impl From<SocketAddr> for Command {
    /// How a client offers a data connection at `address`: `PORT` where that can say it, or `EPRT`.
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::Port(address),
            SocketAddr::V6(_) => Self::Eprt(Extended::Address(address)),
        }
    }
}

fn required(argument: &str) -> Result<&str, CommandError> {
    if argument.is_empty() { Err(CommandError::Argument("An argument is missing.")) } else { Ok(argument) }
}

fn number(argument: &str) -> Result<u64, CommandError> {
    let digits = !argument.is_empty() && argument.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.then(|| argument.parse().ok()).flatten();
    number.ok_or(CommandError::Argument("The argument is a number."))
}

fn letter(argument: &str) -> Result<char, CommandError> {
    let mut letters = argument.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => Ok(letter.to_ascii_uppercase()),
        _ => Err(CommandError::Argument("The argument is one letter.")),
    }
}

/// `ALLO 100`, or `ALLO 100 R 10` (RFC 959 §4.1.3).
fn allocation(argument: &str) -> Result<u64, CommandError> {
    match argument.split_once(" R ") {
        None => number(argument),
        Some((size, record)) => number(record).and_then(|_| number(size)),
    }
}

/// RFC 959 §5.3.1: the type, and its form or the size of its octets.
fn representation(argument: &str) -> Result<Representation, CommandError> {
    match argument.to_ascii_uppercase().as_str() {
        "A" | "A N" => Ok(Representation::Ascii),
        "I" | "L 8" => Ok(Representation::Image),
        // RFC 1123 §4.1.2.2: other controls of the format are for those who have them.
        "A T" | "A C" | "E" | "E N" | "E T" | "E C" => {
            Err(CommandError::Parameter("Types are A N, I and L 8."))
        }
        other if other.starts_with("L ") => Err(CommandError::Parameter("Types are A N, I and L 8.")),
        _ => Err(CommandError::Argument("TYPE A N, TYPE I or TYPE L 8")),
    }
}

fn extended_passive(argument: &str) -> Result<ExtendedPassive, CommandError> {
    if argument.is_empty() {
        return Ok(ExtendedPassive::Any);
    }
    if argument.eq_ignore_ascii_case("ALL") {
        return Ok(ExtendedPassive::All);
    }
    let family = number(argument)?.try_into();
    family.map(ExtendedPassive::Family).map_err(|_| CommandError::Argument("EPSV, EPSV family or EPSV ALL"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read_in_any_case() {
        let read = |line: &str| Command::parse(line.as_bytes());
        assert_eq!(read("user Anna"), Ok(Command::User("Anna".into())));
        assert_eq!(read("PASS "), Ok(Command::Pass(String::new())));
        assert_eq!(read("PASS"), Ok(Command::Pass(String::new())));
        assert_eq!(read("RETR  two spaces "), Ok(Command::Retr(" two spaces ".into())));
        assert_eq!(read("xpwd"), Ok(Command::Pwd));
        assert_eq!(read("type l 8"), Ok(Command::Type(Representation::Image)));
        assert_eq!(read("ALLO 100 R 10"), Ok(Command::Allo(100)));
        assert_eq!(read("EPSV all"), Ok(Command::Epsv(ExtendedPassive::All)));
        assert_eq!(read("LIST"), Ok(Command::List(None)));
    }

    #[test]
    fn what_is_wrong_has_its_code() {
        let code = |line: &[u8]| Command::parse(line).unwrap_err().code();
        for line in [&b""[..], b"GET x", b" USER x", b"GET \xff", b"R\0TR x"] {
            assert_eq!(code(line), 500, "{line:?}");
        }
        assert_eq!(code(b"SMNT /"), 502);
        for line in [&b"TYPE E"[..], b"TYPE A T", b"TYPE L 36"] {
            assert_eq!(code(line), 504, "{line:?}");
        }
        let wrong = [
            &b"USER"[..],
            b"RETR ",
            b"PORT 1,2,3",
            b"REST -1",
            b"REST 18446744073709551616",
            b"STRU",
            b"STRU FF",
            b"RETR a\0b",
            b"RETR a\xffb",
            b"RETR a\rb",
            b"EPSV 256",
            b"EPRT x",
            b"TYPE",
            b"ALLO 1 R",
            // What would be `..` if it were decoded otherwise than UTF-8 wants it.
            b"RETR \xc0\xae\xc0\xae/x",
        ];
        for line in wrong {
            assert_eq!(code(line), 501, "{line:?}");
        }
    }

    fn commands() -> impl Strategy<Value = Command> {
        let path = || "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,40}";
        let maybe = move || prop::option::of(path());
        prop_oneof![
            path().prop_map(Command::User),
            "[ -~]{0,20}".prop_map(Command::Pass),
            path().prop_map(Command::Cwd),
            any::<(u32, u16)>().prop_map(|(ip, port)| Command::Port(SocketAddrV4::new(ip.into(), port))),
            any::<(u128, u16)>().prop_map(|(ip, port)| {
                let ip = core::net::Ipv6Addr::from(ip);
                Command::Eprt(Extended::Address(SocketAddr::new(ip.into(), port)))
            }),
            any::<u8>().prop_map(|family| Command::Epsv(ExtendedPassive::Family(family))),
            any::<u64>().prop_map(Command::Rest),
            any::<u64>().prop_map(Command::Allo),
            path().prop_map(Command::Retr),
            path().prop_map(Command::Stor),
            path().prop_map(Command::Rnto),
            maybe().prop_map(Command::List),
            maybe().prop_map(Command::Mlsd),
            maybe().prop_map(Command::Stat),
            path().prop_map(Command::Opts),
            prop::sample::select(vec![
                Command::Cdup,
                Command::Quit,
                Command::Pasv,
                Command::Pwd,
                Command::Stou,
                Command::Noop,
                Command::Abor,
                Command::Feat,
                Command::Rein,
                Command::Syst,
                Command::Stru('F'),
                Command::Mode('S'),
                Command::Epsv(ExtendedPassive::Any),
                Command::Epsv(ExtendedPassive::All),
                Command::Type(Representation::Ascii),
                Command::Type(Representation::Image),
            ]),
        ]
    }

    proptest! {
        #[test]
        fn commands_come_back(command in commands()) {
            prop_assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
        }

        #[test]
        fn any_line_is_a_command_or_none(line in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(command) = Command::parse(&line) {
                prop_assert_eq!(Command::parse(command.to_string().as_bytes()), Ok(command));
            }
        }

        #[test]
        fn any_argument_is_taken_or_refused(
            verb in prop::sample::select(vec!["PORT", "EPRT", "EPSV", "TYPE", "ALLO", "REST", "STRU", "OPTS", "LIST"]),
            argument: String,
        ) {
            let _ = Command::parse(format!("{verb} {argument}").as_bytes());
        }
    }
}
