//! A session without its I/O: who is logged in, what was agreed on, and what is too much.

use core::net::{IpAddr, SocketAddr};

use super::{Anonymous, Config, User};
use crate::application::ftp::codec::address::Extended;
use crate::application::ftp::codec::command::{Command, CommandError, ExtendedPassive, Representation};
use crate::application::ftp::codec::facts::Wanted;
use crate::application::ftp::codec::line::TooLong;
use crate::application::ftp::codec::path::quoted;
use crate::application::ftp::codec::reply::Reply;
use crate::storage::FilePath;

/// Commands of one session; then it is closed.
pub const COMMANDS: u32 = 100_000;
/// Lines of one session that are no commands, or too long; then it is closed.
pub const ERRORS: u32 = 32;
/// Passwords of one session that are wrong; then it is closed (RFC 2577 §5).
pub const LOGINS: u32 = 3;

/// The least port to which a client may have the server connect (RFC 2577 §3).
const FIRST_UNPRIVILEGED: u16 = 1_024;

/// What a line leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// This answer.
    Reply(Reply),
    /// This answer, after a while.
    Delay(Reply),
    /// This answer, and the end.
    Close(Reply),
    /// Something with files or data connections.
    Do(Command),
}

/// Who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Login {
    Nobody,
    /// A name was given, and the password not yet.
    Named(String),
    In {
        name: String,
        writes: bool,
    },
}

/// How the next data connection comes about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Nothing was said: to the address of the control connection's client (RFC 959 §3.2).
    Default,
    /// To this address.
    Active(SocketAddr),
    /// The client comes.
    Passive,
}

/// A session.
#[derive(Clone, Debug)]
pub(super) struct State {
    login: Login,
    peer: IpAddr,
    commands: u32,
    errors: u32,
    logins: u32,
    extended_only: bool,
    /// Where the client is.
    pub(super) here: FilePath,
    pub(super) representation: Representation,
    pub(super) way: Way,
    /// Where the next transfer begins.
    pub(super) restart: u64,
    pub(super) rename_from: Option<FilePath>,
    pub(super) wanted: Wanted,
}

impl State {
    pub(super) fn new(peer: IpAddr) -> Self {
        Self {
            login: Login::Nobody,
            peer,
            commands: 0,
            errors: 0,
            logins: 0,
            extended_only: false,
            here: FilePath::root(),
            representation: Representation::default(),
            way: Way::Default,
            restart: 0,
            rename_from: None,
            wanted: Wanted::default(),
        }
    }

    /// Whether files may be changed.
    pub(super) const fn writes(&self) -> bool {
        matches!(self.login, Login::In { writes: true, .. })
    }

    /// Who is logged in.
    pub(super) fn user(&self) -> Option<&str> {
        if let Login::In { name, .. } = &self.login { Some(name) } else { None }
    }

    /// The next line.
    pub(super) fn line(&mut self, config: &Config, line: Result<&[u8], TooLong>) -> Act {
        if self.commands >= COMMANDS {
            return Act::Close(Reply::new(421, "That was enough for one session."));
        }
        self.commands += 1;
        let command = match line.map(Command::parse) {
            Ok(Ok(command)) => command,
            Ok(Err(error)) => return self.wrong(Reply::new(error.code(), error.to_string())),
            Err(TooLong) => return self.wrong(Reply::new(500, "The line is too long.")),
        };
        self.command(config, command)
    }

    fn wrong(&mut self, reply: Reply) -> Act {
        self.errors += 1;
        if self.errors > ERRORS {
            return Act::Close(Reply::new(421, "Too many lines that are no commands."));
        }
        Act::Reply(reply)
    }

    fn command(&mut self, config: &Config, command: Command) -> Act {
        let answer = |code, text: &str| Act::Reply(Reply::new(code, text));
        // RFC 959 §4.1.3: RNTO follows RNFR, or nothing.
        if !matches!(command, Command::Rnto(_)) {
            self.rename_from = None;
        }
        match command {
            Command::User(name) => {
                *self = Self {
                    commands: self.commands,
                    errors: self.errors,
                    logins: self.logins,
                    ..Self::new(self.peer)
                };
                self.login = Login::Named(name);
                // RFC 2577 §6: whether there is such a user is nobody's business.
                answer(331, "The password, please.")
            }
            Command::Pass(password) => self.password(config, &password),
            Command::Quit => Act::Close(Reply::new(221, "Goodbye.")),
            Command::Rein => {
                *self = Self {
                    commands: self.commands,
                    errors: self.errors,
                    logins: self.logins,
                    ..Self::new(self.peer)
                };
                answer(220, "Ready for another user.")
            }
            Command::Noop => answer(200, "Nothing done."),
            Command::Syst => answer(215, "UNIX Type: L8"),
            Command::Help(_) => Act::Reply(help()),
            Command::Feat => Act::Reply(self.features()),
            Command::Opts(text) => self.option(&text),
            Command::Acct(_) => answer(202, "No account is needed."),
            _ if self.user().is_none() => answer(530, "Log in first."),
            Command::Type(representation) => {
                self.representation = representation;
                answer(200, if representation == Representation::Ascii { "Type is A." } else { "Type is I." })
            }
            Command::Stru('F') => answer(200, "Structure is F."),
            Command::Mode('S') => answer(200, "Mode is S."),
            Command::Stru('R' | 'P') | Command::Mode('B' | 'C') => answer(504, "This is not supported."),
            Command::Stru(_) | Command::Mode(_) => answer(501, "There is no such letter."),
            Command::Allo(_) => answer(202, "Room is made as it is needed."),
            Command::Site(_) => answer(504, "This site has no commands of its own."),
            Command::Rest(offset) => {
                self.restart = offset;
                Act::Reply(Reply::new(350, format!("The next transfer begins at {offset}.")))
            }
            Command::Pwd => {
                Act::Reply(Reply::new(257, format!("{} is where you are.", quoted(&self.here.to_string()))))
            }
            Command::Port(_) | Command::Eprt(_) | Command::Pasv if self.extended_only => {
                // RFC 2428 §4.
                answer(501, "Only EPSV, after EPSV ALL.")
            }
            Command::Port(address) => self.active(address.into()),
            Command::Eprt(Extended::Address(address)) => self.active(address),
            Command::Eprt(Extended::Family) => Act::Reply(self.family()),
            Command::Epsv(ExtendedPassive::All) => {
                self.extended_only = true;
                answer(200, "Only EPSV from now on.")
            }
            Command::Epsv(ExtendedPassive::Family(family)) if family != self.family_number() => {
                Act::Reply(self.family())
            }
            command if changes(&command) && !self.writes() => {
                self.restart = 0;
                answer(550, "You may not change anything here.")
            }
            command => Act::Do(command),
        }
    }

    fn password(&mut self, config: &Config, password: &str) -> Act {
        let Login::Named(name) = core::mem::replace(&mut self.login, Login::Nobody) else {
            return Act::Reply(Reply::new(503, "The name comes first."));
        };
        if let Some(writes) = admitted(config, &name, password) {
            self.login = Login::In { name, writes };
            return Act::Reply(Reply::new(230, "You are logged in."));
        }
        self.logins += 1;
        if self.logins >= LOGINS {
            return Act::Close(Reply::new(421, "Too many attempts to log in."));
        }
        Act::Delay(Reply::new(530, "That is not right."))
    }

    /// RFC 2577 §3: to the client itself, and to none of its servers.
    fn active(&mut self, address: SocketAddr) -> Act {
        if address.ip() != self.peer {
            return Act::Reply(Reply::new(504, "Data goes to the client's own address only."));
        }
        if address.port() < FIRST_UNPRIVILEGED {
            return Act::Reply(Reply::new(504, "Data goes to ports from 1024 on only."));
        }
        self.way = Way::Active(address);
        Act::Reply(Reply::new(200, "That is where data goes."))
    }

    const fn family_number(&self) -> u8 {
        if self.peer.is_ipv4() { 1 } else { 2 }
    }

    /// RFC 2428 §2: which family it may be.
    fn family(&self) -> Reply {
        Reply::new(522, format!("This family is not supported, use ({})", self.family_number()))
    }

    fn option(&mut self, text: &str) -> Act {
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        match name.to_ascii_uppercase().as_str() {
            "UTF8" if value.eq_ignore_ascii_case("ON") => {
                Act::Reply(Reply::new(200, "Names are always UTF-8."))
            }
            "MLST" => {
                self.wanted = Wanted::parse(value);
                Act::Reply(Reply::new(200, format!("MLST OPTS {}", self.wanted.text())))
            }
            _ => Act::Reply(Reply::new(501, "There is no such option.")),
        }
    }

    /// RFC 2389 §3.2.
    fn features(&self) -> Reply {
        let mut lines = vec!["There is more than RFC 959 §4.1:".to_owned()];
        lines.extend(["EPRT", "EPSV", "MDTM"].map(str::to_owned));
        lines.push(format!("MLST {}", self.wanted.feature()));
        lines.extend(["REST STREAM", "SIZE", "UTF8", "End"].map(str::to_owned));
        Reply { code: 211, lines }
    }

    /// Where a path of the client's leads, for the client and in the host's files.
    pub(super) fn resolve(&self, config: &Config, path: &str) -> Result<(FilePath, FilePath), Reply> {
        let refused = |error: crate::storage::PathError| Reply::new(550, error.to_string());
        let path = self.here.resolve(path).map_err(refused)?;
        let real = real(config, &path).map_err(refused)?;
        Ok((path, real))
    }
}

/// What a path of a client's is among the host's files.
pub(super) fn real(config: &Config, path: &FilePath) -> Result<FilePath, crate::storage::PathError> {
    config.root.join(path.as_str())
}

/// Whether somebody is admitted; if so, whether to change files.
fn admitted(config: &Config, name: &str, password: &str) -> Option<bool> {
    let user = config.users.iter().find(|user| user.name == name);
    if let Some(User { password: right, writes, .. }) = user {
        return (right == password).then_some(*writes);
    }
    let nobody = ["anonymous", "ftp"].iter().any(|other| name.eq_ignore_ascii_case(other));
    match config.anonymous {
        _ if !nobody => None,
        Anonymous::No => None,
        Anonymous::Read => Some(false),
        Anonymous::Write => Some(true),
    }
}

/// Whether a command changes files.
const fn changes(command: &Command) -> bool {
    matches!(
        command,
        Command::Stor(_)
            | Command::Stou
            | Command::Appe(_)
            | Command::Dele(_)
            | Command::Rmd(_)
            | Command::Mkd(_)
            | Command::Rnfr(_)
            | Command::Rnto(_)
    )
}

fn help() -> Reply {
    let lines = [
        "There are these commands:",
        "USER PASS ACCT CWD CDUP REIN QUIT PORT EPRT PASV EPSV TYPE STRU MODE",
        "RETR STOR STOU APPE ALLO REST RNFR RNTO ABOR DELE RMD MKD PWD LIST NLST",
        "MLST MLSD SIZE MDTM SITE SYST STAT HELP NOOP FEAT OPTS",
        "End",
    ];
    Reply { code: 214, lines: lines.map(str::to_owned).to_vec() }
}

impl From<CommandError> for Reply {
    fn from(error: CommandError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
