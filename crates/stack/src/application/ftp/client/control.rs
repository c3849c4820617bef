//! The client's end of the control connection.

use core::net::{IpAddr, SocketAddr};

use super::Failure;
use crate::application::ftp::codec::command::Command;
use crate::application::ftp::codec::line::{LINE, Lines, write_line};
use crate::application::ftp::codec::reply::{Replies, Reply};
use crate::application::lines::Incoming;
use crate::socket::net::{TcpStream, time};
use crate::time::Duration;

/// How long the client waits for the connection, and for each reply.
pub const REPLY: Duration = Duration::from_secs(2 * 60);

/// Octets that are read at once.
const READ: usize = 4 * 1024;

/// The control connection.
pub(in crate::application) struct Control {
    stream: TcpStream,
    incoming: Incoming<Lines>,
    replies: Replies,
}

impl Control {
    /// Connects, and is greeted.
    pub(in crate::application) async fn open(remote: SocketAddr) -> Result<Self, Failure> {
        let stream = time::timeout(REPLY, TcpStream::connect(remote)).await?;
        let stream =
            stream.map_err(|error| Failure::passing(format!("cannot connect to {remote}: {error}")))?;
        let mut control =
            Self { stream, incoming: Incoming::new(Lines::default()), replies: Replies::default() };
        loop {
            let greeting = control.reply().await?;
            // RFC 959 §5.4: 120 says that it takes a while.
            if greeting.is_preliminary() {
                continue;
            }
            return if greeting.is_completion() {
                Ok(control)
            } else {
                Err(Failure::refused("greeting", &greeting))
            };
        }
    }

    /// The next reply. Nothing is lost where this is dropped.
    pub(super) async fn reply(&mut self) -> Result<Reply, Failure> {
        time::timeout(REPLY, self.read()).await?
    }

    async fn read(&mut self) -> Result<Reply, Failure> {
        loop {
            let line = self.incoming.line(&self.stream, READ).await?;
            let line = line.ok_or_else(|| Failure::passing("the server closed the connection"))?;
            let line = line.map_err(|_| Failure::permanent("a line of the server's reply is too long"))?;
            let reply = self.replies.push(&line).map_err(|error| Failure::permanent(error.to_string()))?;
            if let Some(reply) = reply {
                return Ok(reply);
            }
        }
    }

    /// Sends a command.
    pub(super) async fn send(&mut self, command: &Command) -> Result<(), Failure> {
        let line = command.to_string();
        if line.chars().any(char::is_control) || line.len() > LINE {
            // It would be another command, or two.
            return Err(Failure::permanent(
                "a name or path is too long, or has a character of control in it",
            ));
        }
        let mut wire = self.incoming.lines.take_refusals();
        write_line(line.as_bytes(), &mut wire);
        time::timeout(REPLY, self.stream.write_all_bytes(wire.into())).await??;
        Ok(())
    }

    /// Sends a command, and waits for the reply that ends it.
    pub(in crate::application) async fn ask(&mut self, command: &Command) -> Result<Reply, Failure> {
        self.send(command).await?;
        loop {
            let reply = self.reply().await?;
            // RFC 959 §4.2: 421 may come at any time, and is an answer to nothing.
            if reply.code == 421 {
                return Err(Failure::refused("the server ends the session", &reply));
            }
            if !reply.is_preliminary() {
                return Ok(reply);
            }
        }
    }

    /// As [`ask`](Self::ask), for what must be done.
    pub(in crate::application) async fn must(&mut self, command: &Command) -> Result<Reply, Failure> {
        let reply = self.ask(command).await?;
        if reply.is_completion() {
            return Ok(reply);
        }
        let shown = if command.is_secret() { "the password".to_owned() } else { command.to_string() };
        Err(Failure::refused(shown, &reply))
    }

    /// The server's address, and this end's.
    pub(super) fn ends(&self) -> Result<(IpAddr, IpAddr), Failure> {
        Ok((self.stream.peer_addr()?.ip(), self.stream.local_addr()?.ip()))
    }
}
