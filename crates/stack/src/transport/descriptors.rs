//! A host's table of descriptors, the numbers by which a program knows its sockets, and what lies in each: what belongs to
//! a socket before it has a connection, or whatever connection it has. The calls that use it are `socket::bsd`.

use core::fmt;
use core::net::SocketAddr;
use std::collections::BTreeSet;

use super::tcp::{Sharing, StreamOptions};
use super::{Key, SocketError, SocketId};
use crate::time::Duration;

/// Knobs of descriptors.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Descriptors that are open at a time; one more is refused with `EMFILE`. Linux: `RLIMIT_NOFILE`; FreeBSD:
    /// `kern.maxfilesperproc`.
    pub max_descriptors: usize,
}

impl Knobs {
    /// No document has defaults: what suits a small host.
    pub const fn rfc() -> Self {
        Self { max_descriptors: 1024 }
    }

    /// What Linux does.
    pub const fn linux() -> Self {
        Self::rfc()
    }

    /// What FreeBSD does.
    pub const fn freebsd() -> Self {
        Self { max_descriptors: 29_484 }
    }
}

/// The first number that is given: those below are a program's standard input, output and errors.
const FIRST: usize = 3;

/// A descriptor: the least number that was free. It means nothing on another host, nor after `close`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fd(pub i32);

impl fmt::Display for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a stream does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nothing: it can listen or connect.
    Idle,
    /// It listens.
    Listening(Key),
    /// `connect` has begun a connection, and has not told yet what became of it.
    Connecting(Key),
    /// It has, or had, a connection.
    Connected(Key),
}

impl Phase {
    /// The connection.
    pub const fn connection(self) -> Option<Key> {
        match self {
            Self::Connecting(key) | Self::Connected(key) => Some(key),
            Self::Idle | Self::Listening(_) => None,
        }
    }
}

/// A socket of TCP.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What it does.
    pub phase: Phase,
    /// The port that it is bound to, unless it listens: then the listener has it.
    pub bound: Option<SocketId>,
    /// Whether the port was asked for, and stays when it listens no more or has no connection any more.
    pub keeps_port: bool,
    /// With whom it shares its port.
    pub sharing: Sharing,
    /// It was shut down when its attempt to connect had failed: it cannot try again.
    pub spent: bool,
    /// What it has been told: each connection is told it from the beginning.
    pub options: StreamOptions,
}

impl Stream {
    /// A stream that does nothing yet.
    #[expect(clippy::new_without_default, reason = "a socket is opened, and has no default")]
    pub fn new() -> Self {
        let sharing = Sharing::default();
        Self {
            phase: Phase::Idle,
            bound: None,
            keeps_port: false,
            sharing,
            spent: false,
            options: StreamOptions::default(),
        }
    }
}

/// A datagram whose parts are still coming (`MSG_MORE`).
#[derive(Clone, Debug)]
pub struct Corked {
    /// To whom it is; none is the peer.
    pub to: Option<SocketAddr>,
    /// What it holds so far.
    pub data: Vec<u8>,
}

/// A socket of UDP, or a raw one.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Its place among those of UDP, or among raw ones.
    pub key: Key,
    /// Whether the port was asked for, and stays when the peer goes.
    pub keeps_port: bool,
    /// Whether its owner wants to know to whom, and by which interface, a datagram came.
    pub packet_info: bool,
    /// Whether its owner wants to know with which time to live.
    pub receive_ttl: bool,
    /// Whether its owner wants to know with which type of service.
    pub receive_tos: bool,
    /// What waits for its last part.
    pub corked: Option<Box<Corked>>,
}

impl Datagram {
    /// A socket that is bound to nothing.
    pub const fn new(key: Key) -> Self {
        Self {
            key,
            keeps_port: false,
            packet_info: false,
            receive_ttl: false,
            receive_tos: false,
            corked: None,
        }
    }
}

/// What is behind a descriptor.
#[derive(Clone, Debug)]
pub enum End {
    /// Of TCP.
    Stream(Stream),
    /// Of UDP.
    Datagram(Datagram),
    /// Raw, or of datagrams of ICMP: its key is among the raw sockets'.
    Raw(Datagram),
    /// Within the host.
    Unix(SocketId),
}

/// What a descriptor stands for.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// Its family, by number.
    pub domain: i32,
    /// Its type, by number.
    pub kind: i32,
    /// Its protocol, by number.
    pub protocol: i32,
    /// Whether the faces' calls do not wait (`O_NONBLOCK`).
    pub nonblocking: bool,
    /// `SO_RCVTIMEO`.
    pub receive_timeout: Option<Duration>,
    /// `SO_SNDTIMEO`.
    pub send_timeout: Option<Duration>,
    /// `shutdown` has closed the receiving direction.
    pub read_closed: bool,
    /// `shutdown` has closed the sending direction.
    pub write_closed: bool,
    /// What is behind it.
    pub end: End,
}

impl Descriptor {
    /// One that nothing was said of yet.
    pub const fn new((domain, kind, protocol): (i32, i32, i32), nonblocking: bool, end: End) -> Self {
        Self {
            domain,
            kind,
            protocol,
            nonblocking,
            receive_timeout: None,
            send_timeout: None,
            read_closed: false,
            write_closed: false,
            end,
        }
    }

    /// The socket by which the host names it, where it has one.
    pub fn token(&self) -> Option<SocketId> {
        match &self.end {
            End::Stream(stream) => match stream.phase {
                Phase::Idle => stream.bound,
                Phase::Listening(key) => Some(SocketId::Listener(key)),
                Phase::Connecting(key) | Phase::Connected(key) => Some(SocketId::Tcp(key)),
            },
            End::Datagram(datagram) => Some(SocketId::Udp(datagram.key)),
            End::Raw(raw) => Some(SocketId::Raw(raw.key)),
            End::Unix(id) => Some(*id),
        }
    }
}

/// The table. A host that uses none of these calls holds nothing for it.
#[derive(Clone, Debug)]
pub struct Descriptors {
    places: Vec<Option<Box<Descriptor>>>,
    free: BTreeSet<usize>,
    most: usize,
}

impl Descriptors {
    /// An empty table that holds at most `most` descriptors.
    pub const fn new(most: usize) -> Self {
        Self { places: Vec::new(), free: BTreeSet::new(), most }
    }

    /// Whether one more may be opened.
    pub fn has_room(&self) -> bool {
        self.places.len() - self.free.len() < self.most
    }

    /// Gives a descriptor the least number that is free; `None` where there is no room.
    pub fn add(&mut self, descriptor: Descriptor) -> Option<Fd> {
        if !self.has_room() {
            return None;
        }
        let place = self.free.pop_first().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(Box::new(descriptor));
        Some(Fd((place + FIRST) as i32))
    }

    fn place(fd: Fd) -> Result<usize, SocketError> {
        let number = usize::try_from(fd.0).ok();
        number.and_then(|number| number.checked_sub(FIRST)).ok_or(SocketError::BadDescriptor)
    }

    /// What a descriptor stands for.
    ///
    /// # Errors
    /// `BadDescriptor` where there is no such descriptor.
    pub fn get(&self, fd: Fd) -> Result<&Descriptor, SocketError> {
        self.places.get(Self::place(fd)?).and_then(Option::as_deref).ok_or(SocketError::BadDescriptor)
    }

    /// As [`get`](Self::get), to change.
    ///
    /// # Errors
    /// As `get`.
    pub fn get_mut(&mut self, fd: Fd) -> Result<&mut Descriptor, SocketError> {
        let place = self.places.get_mut(Self::place(fd)?);
        place.and_then(Option::as_deref_mut).ok_or(SocketError::BadDescriptor)
    }

    /// Takes a descriptor out; its number is free again.
    ///
    /// # Errors
    /// As `get`.
    pub fn remove(&mut self, fd: Fd) -> Result<Box<Descriptor>, SocketError> {
        let place = Self::place(fd)?;
        let gone = self.places.get_mut(place).and_then(Option::take).ok_or(SocketError::BadDescriptor)?;
        self.free.insert(place);
        if self.free.len() == self.places.len() {
            (self.places, self.free) = (Vec::new(), BTreeSet::new());
        }
        Ok(gone)
    }
}
