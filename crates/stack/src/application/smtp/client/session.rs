//! One attempt: from the greeting to `QUIT`.

use bytes::Bytes;

use super::{BLOCK, COMMAND, Config, DATA, END, Failure, GREETING, SIZE, plan};
use crate::application::lines::Incoming;
use crate::application::smtp::codec::address::Address;
use crate::application::smtp::codec::data::{Stuff, Survey};
use crate::application::smtp::codec::line::{Lines, REPLY_LINE};
use crate::application::smtp::codec::reply::{Offers, Replies, Reply, Whole};
use crate::application::smtp::codec::request::Request;
use crate::socket::net::fs::{self, File};
use crate::socket::net::{TcpStream, sent, time};
use crate::time::Duration;

/// Octets that are moved at once.
const CHUNK: usize = 16 * 1024;
/// Recipients of one message: what every server takes (RFC 5321 §4.5.3.1.8).
const RECIPIENTS: usize = 100;

fn permanent(text: impl Into<String>) -> Failure {
    Failure { text: text.into(), permanent: true }
}

fn passing(text: impl Into<String>) -> Failure {
    Failure { text: text.into(), permanent: false }
}

/// The server did not do as it was asked.
fn refused(what: &str, reply: &Reply) -> Failure {
    Failure { text: format!("{what}: {reply}"), permanent: reply.code / 100 == 5 }
}

/// Sends the message to those who are `left`. Who gets it, or is refused for good, is not left any more.
pub(super) async fn send(
    config: &Config,
    left: &mut Vec<Address>,
    refusals: &mut Vec<String>,
) -> Result<(), Failure> {
    let path = &config.message;
    let file = fs::open(path).map_err(|error| permanent(format!("{path}: {error}")))?;
    let survey = survey(&file)?;
    let mut wire = Wire::open(config).await?;
    let offers = wire.hello(config).await?;
    while !left.is_empty() {
        let now: Vec<Address> = left.iter().take(RECIPIENTS).cloned().collect();
        let mail = plan::mail(config.from.as_ref(), &now, &survey, &offers)
            .map_err(|error| permanent(error.to_string()))?;
        let before = left.len();
        wire.message(Request::Mail(mail), &now, &file, offers.pipelining, left, refusals).await?;
        if left.len() == before {
            return Ok(());
        }
    }
    // All is said, whatever the server says to this.
    let _ = wire.ask(&Request::Quit, COMMAND).await;
    Ok(())
}

fn survey(file: &File) -> Result<Survey, Failure> {
    let mut survey = Survey::default();
    if file.metadata().length > SIZE {
        return Err(permanent(format!("a message has at most {SIZE} octets")));
    }
    let mut offset = 0;
    loop {
        let octets = file.read_at(offset, CHUNK)?;
        if octets.is_empty() {
            survey.finish();
            return Ok(survey);
        }
        offset += octets.len() as u64;
        survey.push(&octets);
    }
}

struct Wire {
    stream: TcpStream,
    incoming: Incoming<Lines>,
    replies: Replies,
}

impl Wire {
    async fn open(config: &Config) -> Result<Self, Failure> {
        let remote = config.remote;
        let stream = time::timeout(GREETING, TcpStream::connect(remote)).await?;
        let stream = stream.map_err(|error| passing(format!("cannot connect to {remote}: {error}")))?;
        let incoming = Incoming::new(Lines::new(REPLY_LINE));
        let mut wire = Self { stream, incoming, replies: Replies::default() };
        let greeting = wire.reply(GREETING).await?;
        if greeting.code == 220 { Ok(wire) } else { Err(refused("greeting", &greeting)) }
    }

    /// Says hello, and hears what is offered.
    async fn hello(&mut self, config: &Config) -> Result<Offers, Failure> {
        let hello = |extended| Request::Hello { extended, name: config.name.clone() };
        self.write(&hello(true)).await?;
        let whole = self.whole(COMMAND).await?;
        let reply = whole.reply().map_err(|error| permanent(error.to_string()))?;
        if reply.is_completion() {
            return Ok(whole.offers());
        }
        if reply.is_transient() {
            return Err(refused("EHLO", &reply));
        }
        // RFC 5321 §3.2: a server that knows no EHLO knows HELO.
        let reply = self.ask(&hello(false), COMMAND).await?;
        if reply.is_completion() { Ok(Offers::default()) } else { Err(refused("HELO", &reply)) }
    }

    /// One message, to as many as one may have.
    async fn message(
        &mut self,
        mail: Request,
        to: &[Address],
        file: &File,
        pipelining: bool,
        left: &mut Vec<Address>,
        refusals: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let requests = to.iter().map(|to| Request::Rcpt(to.clone()));
        let requests: Vec<Request> = core::iter::once(mail).chain(requests).chain([Request::Data]).collect();
        // RFC 2920 §3.1: all of them at once, DATA the last; or one after the other.
        if pipelining {
            let mut out = Vec::new();
            for request in &requests {
                out.extend(request.to_string().as_bytes());
                out.extend(b"\r\n");
            }
            time::timeout(COMMAND, self.stream.write_all_bytes(out.into())).await??;
        }
        let mut taken = Vec::new();
        let mut failed = None;
        for (place, request) in requests.iter().enumerate() {
            if !pipelining {
                // RFC 5321 §3.3: without a recipient there is nothing to send.
                if failed.is_some() || (*request == Request::Data && taken.is_empty()) {
                    break;
                }
                self.write(request).await?;
            }
            let patience = if *request == Request::Data { DATA } else { COMMAND };
            let reply = self.reply(patience).await?;
            match request {
                Request::Rcpt(one) if reply.is_completion() => taken.push(one.clone()),
                // Later, perhaps: it stays among those who are left.
                Request::Rcpt(_) if reply.is_transient() => {}
                Request::Rcpt(one) if failed.is_none() => {
                    left.retain(|other| other != one);
                    refusals.push(format!("{one}: {reply}"));
                }
                Request::Rcpt(_) => {}
                Request::Data if reply.code == 354 && failed.is_none() && !taken.is_empty() => {
                    return self.text(file, &taken, left).await;
                }
                Request::Data if reply.code == 354 => {
                    // It was pipelined, and the server wants a text for nobody: an empty one (RFC 2920 §3.1).
                    self.send_all(b".\r\n").await?;
                    self.reply(END).await?;
                }
                Request::Data if failed.is_none() && !taken.is_empty() => {
                    failed = Some(refused("DATA", &reply));
                }
                Request::Data => {}
                _ if reply.is_completion() => {}
                _ => failed = Some(refused(if place == 0 { "MAIL" } else { "the server" }, &reply)),
            }
        }
        if failed.is_none() {
            self.must(&Request::Rset).await?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// The text. Once its end is answered, those it is for are not left any more.
    async fn text(&mut self, file: &File, to: &[Address], left: &mut Vec<Address>) -> Result<(), Failure> {
        let bare = |_| permanent("the message has a CR that ends no line");
        let (mut stuff, mut offset) = (Stuff::default(), 0);
        loop {
            let octets = file.read_at(offset, CHUNK)?;
            let mut wire = Vec::with_capacity(octets.len() + octets.len() / 16 + 8);
            if octets.is_empty() {
                stuff.finish(&mut wire).map_err(bare)?;
                self.send_all(&wire).await?;
                break;
            }
            stuff.push(&octets, &mut wire).map_err(bare)?;
            self.send_all(&wire).await?;
            sent(&octets);
            offset += octets.len() as u64;
        }
        let reply = self.reply(END).await?;
        if !reply.is_completion() {
            return Err(refused("the message", &reply));
        }
        left.retain(|other| !to.contains(other));
        Ok(())
    }

    async fn send_all(&mut self, octets: &[u8]) -> Result<(), Failure> {
        Ok(time::timeout(BLOCK, self.stream.write_all_bytes(Bytes::copy_from_slice(octets))).await??)
    }

    async fn write(&mut self, request: &Request) -> Result<(), Failure> {
        let mut line = request.to_string();
        if line.chars().any(char::is_control) {
            // It would be another command, or two.
            return Err(permanent("a name has a character of control in it"));
        }
        line.push_str("\r\n");
        Ok(time::timeout(COMMAND, self.stream.write_all_bytes(line.into())).await??)
    }

    async fn ask(&mut self, request: &Request, patience: Duration) -> Result<Reply, Failure> {
        self.write(request).await?;
        self.reply(patience).await
    }

    async fn must(&mut self, request: &Request) -> Result<(), Failure> {
        let reply = self.ask(request, COMMAND).await?;
        if reply.is_completion() { Ok(()) } else { Err(refused(&request.to_string(), &reply)) }
    }

    async fn reply(&mut self, patience: Duration) -> Result<Reply, Failure> {
        let reply = self.whole(patience).await?.reply().map_err(|error| permanent(error.to_string()))?;
        // RFC 5321 §3.8: the server ends the session.
        if reply.code == 421 { Err(refused("the server", &reply)) } else { Ok(reply) }
    }

    async fn whole(&mut self, patience: Duration) -> Result<Whole, Failure> {
        time::timeout(patience, self.read()).await?
    }

    async fn read(&mut self) -> Result<Whole, Failure> {
        loop {
            let line = self.incoming.line(&self.stream, CHUNK).await?;
            let line = line.ok_or_else(|| passing("the server closed the connection"))?;
            let line = line.map_err(|_| permanent("a line of the server's reply is none"))?;
            let whole = self.replies.push(&line).map_err(|error| permanent(error.to_string()))?;
            if let Some(whole) = whole {
                return Ok(whole);
            }
        }
    }
}
