//! Upper case within the host: a server at a path or an abstract name, and its client, by the BSD calls, over each type of
//! `AF_UNIX` socket. Nothing of it reaches a link.

use core::fmt;
use std::collections::VecDeque;
use std::io;

use super::AppError;
use super::upper::{BACKLOG, UpperCase, upper_case};
use crate::socket::net::bsd::{
    AF_UNIX, Errno, MSG_DONTWAIT, OptionValue, SHUT_WR, SO_PEERCRED, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM,
    SOL_SOCKET, Socket, socket,
};
use crate::socket::net::{JoinHandle, received, report, result, sent, spawn, time, unix};
use crate::time::Duration;
use crate::transport::unix::{Address, Type};

/// The longest datagram or record that is received whole, in octets: a longer one is cut.
pub const LONGEST: usize = 64 * 1024;

/// Octets that an answer may have: upper case is at most three times as long as what it is of, by Unicode's own tables.
const LONGEST_ANSWER: usize = 3 * LONGEST;

/// Octets of a stream that are received at once.
const RECEIVE: usize = 1_024;

/// Connections that a server serves at once; it accepts no more until the first of them has ended.
pub const AT_ONCE: usize = 256;

/// How long a server waits where its host's table of descriptors is full.
const FULL: Duration = Duration::from_secs(1);

/// The server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Of which type its socket is.
    pub kind: Type,
    /// Where it is bound.
    pub address: Address,
    /// Whether it takes a path out of the host's name space before it is bound there, as what an earlier server left.
    pub unlink: bool,
    /// It ends after so many connections, or datagrams; without a number it goes on for ever.
    pub requests: Option<u32>,
}

/// The client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Of which type its socket is.
    pub kind: Type,
    /// The server.
    pub remote: Address,
    /// Where it is bound. Without one a client of datagrams gets an abstract name, so that it can be answered, and others
    /// have none.
    pub local: Option<Address>,
    /// What it sends, each text when the one before was answered. An empty one would not be answered, and is passed over.
    pub texts: Vec<String>,
    /// How long it waits before each text but the first.
    pub pause: Duration,
}

/// The number that a type has in the calls.
const fn number(kind: Type) -> i32 {
    match kind {
        Type::Stream => SOCK_STREAM,
        Type::Datagram => SOCK_DGRAM,
        Type::SeqPacket => SOCK_SEQPACKET,
    }
}

/// What failed, as a person would say it.
fn failed(what: &str, address: &Address) -> impl FnOnce(io::Error) -> AppError {
    move |error| AppError::new(format!("{what} {address}: {error}"))
}

/// Sends back in upper case what comes: to several clients at once where they connect, else to each datagram's sender. It
/// says who connects (`SO_PEERCRED`), and who sends.
///
/// # Errors
/// When it cannot be bound, or one of a limited number of connections failed.
pub async fn server(config: ServerConfig) -> Result<(), AppError> {
    let ServerConfig { kind, address, unlink, requests } = config;
    if let Some(path) = address.as_pathname().filter(|_| unlink) {
        match unix::unlink(path) {
            Ok(()) => report(format!("unlinked {address}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("cannot unlink", &address)(error)),
        }
    }
    let own = socket(AF_UNIX, number(kind), 0)?;
    own.bind(address.clone()).map_err(failed("cannot be bound to", &address))?;
    if !kind.connects() {
        return datagrams(&own, requests).await;
    }
    own.listen(BACKLOG as i32).map_err(failed("cannot listen at", &address))?;
    connections(own, kind, requests).await
}

async fn connections(listener: Socket, kind: Type, limit: Option<u32>) -> Result<(), AppError> {
    let mut served: VecDeque<JoinHandle<Result<(), AppError>>> = VecDeque::new();
    let (mut accepted, mut failure) = (0, None);
    while limit.is_none_or(|limit| accepted < limit) {
        let (connection, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if Errno::of(&error) == Some(Errno::EMFILE) => {
                report(format!("cannot accept a connection yet: {error}"));
                time::sleep(FULL).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        accepted = accepted.saturating_add(1);
        let peer = peer_of(&connection)?;
        report(format!("{peer} has connected"));
        served.push_back(spawn(async move {
            let ended = serve(&connection, kind).await;
            report(match &ended {
                Ok(()) => format!("{peer} has gone"),
                Err(error) => format!("connection of {peer}: {error}"),
            });
            ended.map_err(|error| AppError::new(format!("connection of {peer}: {error}")))
        }));
        if served.len() >= AT_ONCE
            && let Some(first) = served.pop_front()
            && let Err(error) = first.await?
        {
            failure.get_or_insert(error);
        }
    }
    drop(listener);
    for connection in served {
        if let Err(error) = connection.await? {
            failure.get_or_insert(error);
        }
    }
    failure.map_or(Ok(()), Err)
}

/// The application at the other end of a connection.
struct Peer(String);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

fn peer_of(connection: &Socket) -> io::Result<Peer> {
    match connection.getsockopt(SOL_SOCKET, SO_PEERCRED)? {
        OptionValue::Text(name) => Ok(Peer(name)),
        _ => Err(Errno::ENOPROTOOPT.into()),
    }
}

/// Answers one connection until its client closes.
async fn serve(connection: &Socket, kind: Type) -> Result<(), AppError> {
    let most = if kind == Type::Stream { RECEIVE } else { LONGEST };
    let mut codec = UpperCase::default();
    loop {
        let octets = connection.recv(most).await?;
        let mut out = Vec::new();
        if !octets.is_empty() {
            received(&octets);
            codec.push(&octets, &mut out);
        }
        // A record is a text of its own, whose characters end with it.
        if octets.is_empty() || kind != Type::Stream {
            codec.finish(&mut out);
        }
        if !out.is_empty() {
            connection.sendall(&out).await?;
            sent(&out);
        }
        if octets.is_empty() {
            return Ok(());
        }
    }
}

/// Answers datagrams, each to where its sender is bound.
async fn datagrams(own: &Socket, limit: Option<u32>) -> Result<(), AppError> {
    let mut answered = 0;
    while limit.is_none_or(|limit| answered < limit) {
        let (octets, from) = own.recvfrom(LONGEST).await?;
        answered = answered.saturating_add(1);
        received(&octets);
        let Some(from) = from else {
            report("a datagram came from a socket without a name, which cannot be answered");
            continue;
        };
        report(format!("a datagram came from {from}"));
        let answer = upper_case(&octets);
        // Not to wait: one client that does not read would keep all others waiting.
        match own.sendmsg(&[&answer], &[], MSG_DONTWAIT, Some(&from)).await {
            Ok(_) => sent(&answer),
            Err(error) => report(format!("cannot answer {from}: {error}")),
        }
    }
    Ok(())
}

/// Sends its texts, and says each answer; where it connects, it says to whom.
///
/// # Errors
/// When it cannot be bound or connected, or the server goes before it has answered.
pub async fn client(config: ClientConfig) -> Result<(), AppError> {
    let ClientConfig { kind, remote, local, texts, pause } = config;
    let own = socket(AF_UNIX, number(kind), 0)?;
    let local = local.or_else(|| (!kind.connects()).then_some(Address::Unnamed));
    if let Some(local) = local {
        own.bind(local.clone()).map_err(failed("cannot be bound to", &local))?;
    }
    own.connect(remote.clone()).await.map_err(failed("cannot connect to", &remote))?;
    if kind.connects() {
        report(format!("connected to {}", peer_of(&own)?));
    }
    for (place, text) in texts.iter().filter(|text| !text.is_empty()).enumerate() {
        if place > 0 && !pause.is_zero() {
            time::sleep(pause).await;
        }
        own.sendall(text.as_bytes()).await.map_err(failed("cannot send to", &remote))?;
        sent(text.as_bytes());
        let answer = answer(&own, kind, text).await.map_err(failed("no answer from", &remote))?;
        result("answer", &String::from_utf8_lossy(&answer));
    }
    if kind.connects() {
        own.shutdown(SHUT_WR)?;
        while !own.recv(RECEIVE).await?.is_empty() {}
    }
    Ok(())
}

/// The answer to `text`.
async fn answer(own: &Socket, kind: Type, text: &str) -> io::Result<Vec<u8>> {
    let whole = if kind == Type::Stream { upper_case(text.as_bytes()).len() } else { 1 };
    let mut answer = Vec::new();
    while answer.len() < whole {
        let most = if kind == Type::Stream { whole - answer.len() } else { LONGEST_ANSWER };
        let octets = own.recv(most).await?;
        if octets.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed before it had answered"));
        }
        received(&octets);
        answer.extend_from_slice(&octets);
    }
    Ok(answer)
}
