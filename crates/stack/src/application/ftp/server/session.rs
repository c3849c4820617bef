//! A session: the control connection, and what its commands do.

use core::net::{IpAddr, SocketAddr};
use core::pin::pin;
use std::collections::VecDeque;
use std::io;

use super::data::{Link, Sending, of_storage, receive_file, send_file};
use super::listing::{Form, STATUS_LINES, enter, facts_of, free_name, lines};
use super::state::{Act, State, Way, real};
use super::{Config, IDLE, LOGIN_DELAY, REPLY, files, own_ip};
use crate::application::AppError;
use crate::application::ftp::codec::address::host_port;
use crate::application::ftp::codec::command::Command;
use crate::application::ftp::codec::line::{Lines, TooLong};
use crate::application::ftp::codec::reply::Reply;
use crate::application::lines::Incoming;
use crate::application::race::{Either, race};
use crate::application::server::linger;
use crate::socket::net::{TcpListener, TcpStream, fs, report, time};
use crate::storage::{Existing, FilePath};

/// Octets of the control connection that are read at once.
const READ: usize = 4 * 1024;
/// Commands that may come while a file is under way; more are not read before it has ended.
pub const HELD: usize = 16;

type Line = Result<Vec<u8>, TooLong>;

/// Serves one client to the end of its session.
pub(super) async fn run(
    control: TcpStream,
    peer: IpAddr,
    config: &Config,
    welcome: bool,
) -> Result<(), AppError> {
    let mut session = Session {
        wire: Control { stream: control, incoming: Incoming::new(Lines::default()), held: VecDeque::new() },
        config,
        state: State::new(peer),
        peer,
        listener: None,
    };
    if !welcome {
        return session.wire.reply(&Reply::new(421, "There are too many sessions.")).await;
    }
    session.wire.reply(&Reply::new(220, "Files are served here.")).await?;
    session.serve().await
}

/// The control connection.
struct Control {
    stream: TcpStream,
    incoming: Incoming<Lines>,
    /// What came while a file was under way.
    held: VecDeque<Line>,
}

impl Control {
    /// The next line from the wire; nothing at its end. Nothing is lost where this is dropped.
    async fn read(&mut self) -> io::Result<Option<Line>> {
        self.incoming.line(&self.stream, READ).await
    }

    /// The next line.
    async fn line(&mut self) -> io::Result<Option<Line>> {
        match self.held.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read().await,
        }
    }

    async fn reply(&mut self, reply: &Reply) -> Result<(), AppError> {
        let mut wire = self.incoming.lines.take_refusals();
        reply.write(&mut wire);
        time::timeout(REPLY, self.stream.write_all_bytes(wire.into())).await??;
        Ok(())
    }
}

struct Session<'a> {
    wire: Control,
    config: &'a Config,
    state: State,
    peer: IpAddr,
    /// Where the client may come for its next transfer.
    listener: Option<TcpListener>,
}

/// How work with a data connection ended.
enum Ended<T> {
    /// By itself.
    Done(Result<T, Reply>),
    /// The client did not want it any more.
    Aborted,
    /// The client has gone.
    Gone,
}

impl Session<'_> {
    async fn serve(mut self) -> Result<(), AppError> {
        loop {
            let Ok(line) = time::timeout(IDLE, self.wire.line()).await else {
                return self.wire.reply(&Reply::new(421, "Nothing was asked for too long.")).await;
            };
            let Some(line) = line? else { return Ok(()) };
            let line = line.as_deref().map_err(|too_long| *too_long);
            match self.state.line(self.config, line) {
                Act::Reply(reply) => {
                    // A client that said `PORT` waits for the listener of an earlier `PASV` no more.
                    if matches!(self.state.way, Way::Active(_)) || self.state.user().is_none() {
                        self.listener = None;
                    }
                    self.wire.reply(&reply).await?;
                }
                Act::Delay(reply) => {
                    time::sleep(LOGIN_DELAY).await;
                    self.wire.reply(&reply).await?;
                }
                Act::Close(reply) => {
                    self.wire.reply(&reply).await?;
                    linger(self.wire.stream).await;
                    return Ok(());
                }
                Act::Do(command) => {
                    let Some(reply) = self.run(command).await? else { return Ok(()) };
                    self.wire.reply(&reply).await?;
                }
            }
        }
    }

    /// Does what a command asks for; the last reply to it, or nothing where the client has gone.
    async fn run(&mut self, command: Command) -> Result<Option<Reply>, AppError> {
        let (state, config) = (&mut self.state, self.config);
        let done = match command {
            Command::Cwd(path) => enter(state, config, &path),
            Command::Cdup => enter(state, config, ".."),
            Command::Mlst(path) => facts_of(state, config, path.as_deref()),
            Command::Size(path) => files::size(state, config, &path),
            Command::Mdtm(path) => files::modified(state, config, &path),
            Command::Dele(path) => files::remove(state, config, &path, false),
            Command::Rmd(path) => files::remove(state, config, &path, true),
            Command::Mkd(path) => files::make_directory(state, config, &path),
            Command::Rnfr(path) => files::rename_from(state, config, &path),
            Command::Rnto(path) => files::rename_to(state, config, &path),
            Command::Stat(path) => self.status(path.as_deref()),
            Command::Pasv => self.listen(false),
            Command::Epsv(_) => self.listen(true),
            Command::Abor => {
                self.listener = None;
                self.state.way = Way::Default;
                Ok(Reply::new(226, "Nothing was under way."))
            }
            Command::List(path) => return self.list(path.as_deref(), Form::Long).await,
            Command::Nlst(path) => return self.list(path.as_deref(), Form::Names).await,
            Command::Mlsd(path) => return self.list(path.as_deref(), Form::Facts).await,
            Command::Retr(path) => return self.retrieve(&path).await,
            Command::Stor(path) => return self.store(Some(&path), false).await,
            Command::Appe(path) => return self.store(Some(&path), true).await,
            Command::Stou => return self.store(None, false).await,
            // All others are answered without files.
            _ => Err(Reply::new(502, "This command is not implemented.")),
        };
        Ok(Some(done.unwrap_or_else(|refused| refused)))
    }

    fn status(&self, path: Option<&str>) -> Result<Reply, Reply> {
        let Some(path) = path else {
            let user = self.state.user().unwrap_or_default();
            let mut reply = Reply::new(211, "The session:");
            reply.lines.push(format!("You are {user}, at {}, in {}.", self.peer, self.state.here));
            reply.lines.push("End".to_owned());
            return Ok(reply);
        };
        let mut found = lines(&self.state, self.config, Some(path), Form::Long, time::date())?;
        let more = found.len().saturating_sub(STATUS_LINES);
        found.truncate(STATUS_LINES);
        found.insert(0, format!("{path}:"));
        found.push(if more == 0 { "End".to_owned() } else { format!("and {more} more") });
        Ok(Reply { code: 213, lines: found })
    }

    /// Opens a port for the client. An earlier one is closed.
    fn listen(&mut self, extended: bool) -> Result<Reply, Reply> {
        self.listener = None;
        let failed = || Reply::new(425, "There is no port free.");
        let ip = own_ip(&self.wire.stream).map_err(|_| failed())?;
        let listener = TcpListener::with_backlog(SocketAddr::new(ip, 0), 1).map_err(|_| failed())?;
        let local = listener.local_addr().map_err(|_| failed())?;
        let reply = match local {
            _ if extended => Reply::new(229, format!("Come to this port (|||{}|)", local.port())),
            SocketAddr::V4(local) => Reply::new(227, format!("Come to this port ({})", host_port(local))),
            SocketAddr::V6(_) => return Err(Reply::new(425, "Use EPSV.")),
        };
        self.listener = Some(listener);
        self.state.way = Way::Passive;
        Ok(reply)
    }

    /// How the data connection of this transfer comes about; the next one's is to be said anew.
    fn link(&mut self) -> Result<Link, Reply> {
        let failed = |_| Reply::new(425, "There is no data connection.");
        let local = self.wire.stream.local_addr().map_err(failed)?;
        let way = core::mem::replace(&mut self.state.way, Way::Default);
        let to = match (way, self.listener.take()) {
            (Way::Passive, Some(listener)) => return Ok(Link::Passive { listener, client: self.peer }),
            (Way::Passive, None) => return Err(Reply::new(425, "PASV comes first.")),
            (Way::Active(to), _) => to,
            (Way::Default, _) => self.wire.stream.peer_addr().map_err(failed)?,
        };
        // RFC 959 §5.2: the port beside that of the control connection.
        let from = SocketAddr::new(local.ip(), local.port().wrapping_sub(1));
        Ok(Link::Active { from, to })
    }

    /// Works with a data connection, and listens for `ABOR` the while.
    async fn during<T>(
        &mut self,
        work: impl Future<Output = Result<T, Reply>>,
    ) -> Result<Ended<T>, AppError> {
        let mut work = pin!(work);
        while self.wire.held.len() < HELD {
            let line = match race(work.as_mut(), self.wire.read()).await {
                Either::First(done) => return Ok(Ended::Done(done)),
                Either::Second(Ok(Some(line))) => line,
                Either::Second(Ok(None) | Err(_)) => return Ok(Ended::Gone),
            };
            match line.as_deref().map(Command::parse) {
                Ok(Ok(Command::Abor)) => return Ok(Ended::Aborted),
                Ok(Ok(Command::Stat(None))) => {
                    self.wire.reply(&Reply::new(211, "A file is under way.")).await?;
                }
                _ => self.wire.held.push_back(line),
            }
        }
        Ok(Ended::Done(work.await))
    }

    /// Tells the client how the work ended.
    async fn end<T>(
        &mut self,
        ended: Ended<T>,
        text: impl FnOnce(T) -> Reply,
    ) -> Result<Option<Reply>, AppError> {
        match ended {
            Ended::Done(done) => Ok(Some(done.map_or_else(|refused| refused, text))),
            Ended::Aborted => {
                // RFC 959 §4.1.3: one reply for the transfer, and one for ABOR.
                self.wire.reply(&Reply::new(426, "The transfer was broken off.")).await?;
                Ok(Some(Reply::new(226, "It was broken off.")))
            }
            Ended::Gone => Ok(None),
        }
    }

    async fn list(&mut self, path: Option<&str>, form: Form) -> Result<Option<Reply>, AppError> {
        let found = lines(&self.state, self.config, path, form, time::date());
        let (found, link) = match (found, self.link()) {
            (Ok(found), Ok(link)) => (found, link),
            (Err(refused), _) | (_, Err(refused)) => return Ok(Some(refused)),
        };
        self.wire.reply(&Reply::new(150, "Here comes the listing.")).await?;
        let count = found.len();
        let send = async {
            let mut out = Sending::new(link.open().await?);
            // A listing is type A, whatever the type is.
            let mut text = String::new();
            for line in found {
                text.push_str(&line);
                text.push_str("\r\n");
                if text.len() >= super::data::CHUNK {
                    out.write(core::mem::take(&mut text).into()).await?;
                }
            }
            if !text.is_empty() {
                out.write(text.into()).await?;
            }
            out.finish().await
        };
        let ended = self.during(send).await?;
        self.end(ended, |_| Reply::new(226, format!("These are {count} lines."))).await
    }

    async fn retrieve(&mut self, path: &str) -> Result<Option<Reply>, AppError> {
        let offset = core::mem::take(&mut self.state.restart);
        let opened = self.state.resolve(self.config, path).and_then(|(path, file)| {
            let shown = path.to_string();
            let file = fs::open(&file).map_err(|error| of_storage(error, &shown))?;
            if offset > file.metadata().length {
                return Err(Reply::new(554, "The file is not that long."));
            }
            Ok((shown, file))
        });
        let ((shown, file), link) = match (opened, self.link()) {
            (Ok(opened), Ok(link)) => (opened, link),
            (Err(refused), _) | (_, Err(refused)) => return Ok(Some(refused)),
        };
        let length = file.metadata().length;
        self.wire.reply(&Reply::new(150, format!("Here comes {shown} ({length} bytes)."))).await?;
        let representation = self.state.representation;
        let ended = self.during(send_file(link, &file, offset, representation)).await?;
        self.say("sent", &shown, &ended);
        self.end(ended, |sent| Reply::new(226, format!("These were {sent} bytes."))).await
    }

    async fn store(&mut self, path: Option<&str>, append: bool) -> Result<Option<Reply>, AppError> {
        let restart = core::mem::take(&mut self.state.restart);
        let unique = path.is_none();
        let begun = self.begin(path, restart, append);
        let ((path, file, mut upload), link) = match (begun, self.link()) {
            (Ok(begun), Ok(link)) => (begun, link),
            (Err(refused), _) | (_, Err(refused)) => return Ok(Some(refused)),
        };
        let shown = path.to_string();
        // RFC 1123 §4.1.2.9: the name of a file that was not given one, in this form.
        self.wire.reply(&Reply::new(150, format!("FILE: {}", path.name()))).await?;
        let representation = self.state.representation;
        let ended = self.during(receive_file(link, &mut upload, representation)).await?;
        self.say("received", &shown, &ended);
        let Ended::Done(Ok(received)) = ended else {
            files::broke(&file, upload);
            return self.end(ended, |_| Reply::new(426, "It broke.")).await;
        };
        // Two STOU at once must not take the same name.
        let existing = if unique { Existing::Keep } else { Existing::Replace };
        let committed = upload.commit(existing).map_err(|error| of_storage(error, &shown));
        self.end(Ended::Done(committed), |()| Reply::new(226, format!("These were {received} bytes."))).await
    }

    /// Begins an upload: what the client calls it, where it lies, and what is written.
    fn begin(
        &self,
        path: Option<&str>,
        restart: u64,
        append: bool,
    ) -> Result<(FilePath, FilePath, fs::Writer), Reply> {
        let (path, file) = if let Some(path) = path {
            self.state.resolve(self.config, path)?
        } else {
            let path = free_name(&self.state, self.config)?;
            let file = real(self.config, &path).map_err(|error| Reply::new(553, error.to_string()))?;
            (path, file)
        };
        let upload = files::begin(&file, restart, append, &path.to_string())?;
        Ok((path, file, upload))
    }

    fn say<T>(&self, what: &str, shown: &str, ended: &Ended<T>) {
        let user = self.state.user().unwrap_or_default();
        match ended {
            Ended::Done(Ok(_)) => report(format!("{what} {shown}, for {user} at {}", self.peer)),
            Ended::Done(Err(reply)) => report(format!("{what} {shown} not whole: {reply}")),
            Ended::Aborted => report(format!("{what} {shown} not whole: the client broke it off")),
            Ended::Gone => report(format!("{what} {shown} not whole: the client has gone")),
        }
    }
}
