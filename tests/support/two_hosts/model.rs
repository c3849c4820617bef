//! What two hosts' sockets do, in a few lines: what each call gives, once everything that it caused has happened.

use super::act::{Call, Given, Outcome, data};
use super::datagrams::{Datagram, Expect};
use super::streams::{End, Phase, Share, Stream};

/// Sockets that a host's calls play with.
pub const SLOTS: usize = 4;
/// Ports of each host that they are bound to.
pub const PORTS: usize = 2;
/// Places of both.
pub const PLACES: usize = 2 * PORTS;

/// The numbers of the errors that come here.
pub mod errno {
    pub const EBADF: i32 = 9;
    pub const EAGAIN: i32 = 11;
    pub const EINVAL: i32 = 22;
    pub const EPIPE: i32 = 32;
    pub const EDESTADDRREQ: i32 = 89;
    pub const EOPNOTSUPP: i32 = 95;
    pub const EADDRINUSE: i32 = 98;
    pub const EADDRNOTAVAIL: i32 = 99;
    pub const ECONNABORTED: i32 = 103;
    pub const ECONNRESET: i32 = 104;
    pub const EISCONN: i32 = 106;
    pub const ENOTCONN: i32 = 107;
    pub const ETIMEDOUT: i32 = 110;
    pub const ECONNREFUSED: i32 = 111;
    pub const EINPROGRESS: i32 = 115;
}
use errno::*;

/// The host of a place.
pub const fn host_of(place: usize) -> usize {
    place / PORTS
}

#[derive(Clone, Debug)]
pub enum Socket {
    Stream(Stream),
    Datagram(Datagram),
}

/// Both hosts' sockets, and what is left of connections whose sockets are closed.
#[derive(Clone, Debug)]
pub struct Model {
    /// What the chances of the link derive from.
    pub seed: u64,
    pub sockets: [[Option<Socket>; SLOTS]; 2],
    pub ends: Vec<End>,
    /// Calls so far.
    pub calls: usize,
    /// What the last one gives.
    pub expect: Expect,
    /// It sent a reset that nothing asks for again: nothing may be lost.
    pub must_arrive: bool,
}

impl Model {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            sockets: Default::default(),
            ends: Vec::new(),
            calls: 0,
            expect: Expect::Exactly(Ok(Given::Nothing)),
            must_arrive: false,
        }
    }

    pub fn stream(&self, host: usize, slot: usize) -> Option<&Stream> {
        match &self.sockets[host][slot] {
            Some(Socket::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    pub fn stream_mut(&mut self, host: usize, slot: usize) -> Option<&mut Stream> {
        match &mut self.sockets[host][slot] {
            Some(Socket::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    pub fn datagram_mut(&mut self, host: usize, slot: usize) -> Option<&mut Datagram> {
        match &mut self.sockets[host][slot] {
            Some(Socket::Datagram(datagram)) => Some(datagram),
            _ => None,
        }
    }

    /// The streams of a host.
    pub fn streams(&self, host: usize) -> impl Iterator<Item = (usize, &Stream)> {
        (0..SLOTS).filter_map(move |slot| Some((slot, self.stream(host, slot)?)))
    }

    /// The sockets of datagrams of a host.
    pub fn datagrams(&self, host: usize) -> impl Iterator<Item = (usize, &Datagram)> {
        self.sockets[host].iter().enumerate().filter_map(|(slot, socket)| match socket {
            Some(Socket::Datagram(datagram)) => Some((slot, datagram)),
            _ => None,
        })
    }

    /// Whether the model says what comes of a call.
    pub fn knows(&self, host: usize, call: &Call) -> bool {
        let slot = super::act::slot_of(call);
        match &self.sockets[host][slot] {
            None => true,
            Some(Socket::Stream(stream)) => self.knows_of_stream(host, slot, stream, call),
            Some(Socket::Datagram(datagram)) => self.knows_of_datagram(datagram, call),
        }
    }

    /// A host makes a call, and everything that it causes happens.
    pub fn make(&mut self, host: usize, call: &Call) {
        let data = data(self.calls);
        self.calls += 1;
        self.must_arrive = false;
        let slot = super::act::slot_of(call);
        self.expect = match (&self.sockets[host][slot], call) {
            (_, Call::Open(_, stream)) => {
                self.close(host, slot);
                let new = if *stream {
                    Socket::Stream(Stream::default())
                } else {
                    Socket::Datagram(Datagram::new(self.calls))
                };
                self.sockets[host][slot] = Some(new);
                Expect::Exactly(Ok(Given::Nothing))
            }
            (None, _) => Expect::Exactly(Err(EBADF)),
            (Some(_), Call::Close(_)) => {
                self.close(host, slot);
                Expect::Exactly(Ok(Given::Nothing))
            }
            (Some(Socket::Stream(_)), _) => Expect::Exactly(self.call_stream(host, slot, call, &data)),
            (Some(Socket::Datagram(_)), _) => self.call_datagram(host, slot, call, &data),
        };
    }

    /// The socket of a slot goes.
    pub fn close(&mut self, host: usize, slot: usize) {
        let Some(Socket::Stream(stream)) = self.sockets[host][slot].take() else { return };
        match stream.phase {
            Phase::Idle => {}
            Phase::Listening { queue, .. } => {
                for end in queue {
                    self.abort(end);
                }
            }
            Phase::Connecting(end) | Phase::Connected(end) => self.close_end(end, stream.linger_zero),
        }
    }

    /// Whether two sockets share a port, where neither listens.
    pub fn share(one: Share, other: Share) -> bool {
        (one.address && other.address) || (one.port && other.port)
    }
}

/// A number.
#[expect(clippy::unnecessary_wraps, reason = "it is what a call gave, as errors are")]
pub const fn number(number: i64) -> Outcome {
    Ok(Given::Number(number))
}
