//! A session: lines and texts from the connection, replies to it, messages to the store.

use core::net::IpAddr;
use core::sync::atomic::Ordering;

use super::state::{Act, State, Text};
use super::{COMMAND, MESSAGE, REPLY, Shared, deliver};
use crate::application::AppError;
use crate::application::lines::Incoming;
use crate::application::server::linger;
use crate::application::smtp::codec::line::{COMMAND_LINE, LineError, Lines};
use crate::application::smtp::codec::reply::Reply;
use crate::socket::net::fs::Writer;
use crate::socket::net::{TcpStream, received, report, time};
use crate::storage::StorageError;

/// Octets that are read at once.
const READ: usize = 16 * 1024;
/// Octets of replies that are put together, while commands are there already (RFC 2920 §3.2).
const REPLIES: usize = 4 * 1024;

/// Serves one client to the end of its session.
pub(super) async fn run(
    stream: TcpStream,
    peer: IpAddr,
    shared: &Shared,
    welcome: bool,
) -> Result<(), AppError> {
    let mut session = Session {
        stream,
        peer,
        shared,
        state: State::new(),
        incoming: Incoming::new(Lines::new(COMMAND_LINE)),
        out: Vec::new(),
    };
    let name = &shared.config.name;
    if !welcome {
        session.reply(&Reply::plain(421, format!("{name} has too many sessions")));
        return session.flush().await;
    }
    session.reply(&Reply::plain(220, format!("{name} ESMTP")));
    session.serve().await
}

struct Session<'a> {
    stream: TcpStream,
    peer: IpAddr,
    shared: &'a Shared,
    state: State,
    incoming: Incoming<Lines>,
    /// Replies that are not sent yet.
    out: Vec<u8>,
}

impl Session<'_> {
    async fn serve(mut self) -> Result<(), AppError> {
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            match self.state.line(&self.shared.config, line.as_deref().map_err(|error| *error)) {
                Act::Reply(reply) => self.reply(&reply),
                Act::Close(reply) => {
                    self.reply(&reply);
                    self.flush().await?;
                    linger(self.stream).await;
                    return Ok(());
                }
                Act::Text(reply) => {
                    // RFC 2920 §3.1: nothing is pipelined past DATA but its own text.
                    self.reply(&reply);
                    self.flush().await?;
                    if !self.text().await? {
                        return Ok(());
                    }
                }
            }
            if self.out.len() >= REPLIES {
                self.flush().await?;
            }
        }
    }

    fn reply(&mut self, reply: &Reply) {
        reply.write(&mut self.out);
    }

    async fn flush(&mut self) -> Result<(), AppError> {
        if !self.out.is_empty() {
            let out = core::mem::take(&mut self.out).into();
            time::timeout(REPLY, self.stream.write_all_bytes(out)).await??;
        }
        Ok(())
    }

    /// The next line. Nothing at the end of the connection, nor after a silence that was too long.
    async fn line(&mut self) -> Result<Option<Result<Vec<u8>, LineError>>, AppError> {
        let deadline = time::now() + COMMAND;
        loop {
            let line = self.incoming.next();
            if line.is_some() {
                return Ok(line);
            }
            // The client has nothing more to say before it hears this.
            self.flush().await?;
            let read = self.incoming.read(&self.stream, READ);
            let read = time::timeout(deadline.since(time::now()), read).await;
            let Ok(read) = read else {
                self.reply(&Reply::new(421, 4, 2, "Nothing was said for too long"));
                self.flush().await?;
                return Ok(None);
            };
            if !read? {
                return Ok(None);
            }
        }
    }

    /// Takes the text of a message, and stores it; whether the session goes on.
    async fn text(&mut self) -> Result<bool, AppError> {
        let config = &self.shared.config;
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (envelope, international) = self.state.take();
        let trace = deliver::trace(
            self.state.client.as_ref(),
            self.peer,
            &config.name,
            international,
            number,
            time::date(),
        );
        let mut text = Text::new();
        let mut file = deliver::begin(&config.store, number, &envelope, &trace)
            .map_err(|error| text.fail(of_storage(error)))
            .ok();
        let began = time::now();
        let mut line = began;
        loop {
            let mut out = Vec::new();
            let (ended, whole_line) = self.incoming.take(|input| {
                let all = *input;
                let ended = text.push(config, input, &mut out);
                (ended, all[..all.len() - input.len()].contains(&b'\n'))
            });
            if whole_line {
                line = time::now();
            }
            keep(&mut text, &mut file, &out);
            if ended {
                break;
            }
            if text.is_overrun(config) {
                self.reply(&text.failed().cloned().unwrap_or_else(|| of_storage(StorageError::NoSpace)));
                self.reply(&Reply::new(421, 3, 4, "That was more than enough"));
                self.flush().await?;
                return Ok(false);
            }
            let deadline = (line + COMMAND).min(began + MESSAGE);
            let read = self.incoming.read(&self.stream, READ);
            let read = time::timeout(deadline.since(time::now()), read).await;
            let Ok(read) = read else {
                self.reply(&Reply::new(421, 4, 2, "The text took too long"));
                self.flush().await?;
                return Ok(false);
            };
            if !read? {
                // RFC 5321 §4.1.1.4: without its end there is no message.
                report(format!("a message from {} ended before its end: not stored", self.peer));
                return Ok(false);
            }
        }
        let reply = conclude(&text, file, number);
        let to: Vec<_> = envelope.to.iter().map(ToString::to_string).collect();
        report(format!("message {number} from {} for {}: {reply}", self.peer, to.join(", ")));
        self.reply(&reply);
        Ok(true)
    }
}

/// Stores octets of a text, as long as it is one to be stored.
fn keep(text: &mut Text, file: &mut Option<Writer>, octets: &[u8]) {
    if text.failed().is_some() {
        *file = None;
        return;
    }
    if let Some(open) = file {
        match open.write(octets) {
            Ok(()) => received(octets),
            Err(error) => {
                text.fail(of_storage(error));
                *file = None;
            }
        }
    }
}

/// The text is at its end.
fn conclude(text: &Text, file: Option<Writer>, number: u64) -> Reply {
    let stored = match (text.failed(), file) {
        (Some(refused), _) => return refused.clone(),
        (None, Some(file)) => deliver::finish(file),
        (None, None) => Err(StorageError::NotOpen),
    };
    stored.map_or_else(of_storage, |()| Reply::new(250, 0, 0, format!("Stored as {number}")))
}

/// A message cannot be stored: another time, perhaps.
fn of_storage(error: StorageError) -> Reply {
    match error {
        StorageError::NoSpace | StorageError::TooManyFiles => {
            Reply::new(452, 3, 1, "There is no room for it")
        }
        _ => Reply::new(451, 3, 0, "It cannot be stored"),
    }
}
