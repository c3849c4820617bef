//! Datagrams: what may have come, in its order; and what may have been refused.

use super::act::{Call, Given, Outcome};
use super::model::errno::*;
use super::model::{Model, PLACES, host_of, number};
use super::streams::Share;

/// A datagram that was sent to a socket, and from which place.
pub type Sent = (Vec<u8>, usize);

#[derive(Clone, Debug)]
pub struct Datagram {
    /// Tells it from all others.
    pub name: usize,
    pub place: Option<usize>,
    pub bound: bool,
    /// Whether its port was asked for.
    pub asked: bool,
    pub share: Share,
    pub peer: Option<usize>,
    /// All that was ever sent to it; some of it was lost.
    pub sent: Vec<Sent>,
    /// How many of its own may have been refused.
    pub refusals: usize,
}

impl Datagram {
    pub fn new(name: usize) -> Self {
        Self {
            name,
            place: None,
            bound: false,
            asked: false,
            share: Share::default(),
            peer: None,
            sent: Vec::new(),
            refusals: 0,
        }
    }
}

/// What a call gives.
#[derive(Clone, Debug)]
pub enum Expect {
    Exactly(Outcome),
    /// Or that an earlier datagram of the socket was refused, if so many have not been told of yet.
    OrRefused {
        name: usize,
        refusals: usize,
        outcome: Outcome,
    },
    /// One of those that were sent, behind those that were received already; or none, where all others were lost.
    Received {
        name: usize,
        refusals: usize,
        sent: Vec<Sent>,
        most: usize,
        peek: bool,
        trunc: bool,
    },
}

impl Model {
    pub fn knows_of_datagram(&self, datagram: &Datagram, call: &Call) -> bool {
        // Which of several sockets at one place gets a datagram is another test's affair.
        let alone =
            |to: usize| self.datagrams(host_of(to)).filter(|(_, it)| it.place == Some(to)).count() < 2;
        match call {
            Call::Send(..) => datagram.peer.is_none_or(alone),
            Call::SendTo(_, to, _) => alone(*to),
            Call::Shutdown(..) | Call::Poll(_) => false,
            _ => true,
        }
    }

    pub fn call_datagram(&mut self, host: usize, slot: usize, call: &Call, data: &[u8]) -> Expect {
        let Some(own) = self.datagram_mut(host, slot) else { return Expect::Exactly(Err(EBADF)) };
        let (name, refusals) = (own.name, own.refusals);
        let outcome = match *call {
            Call::Bind(_, place) => self.bind_datagram(host, slot, place),
            Call::Listen(..) | Call::Accept(..) => Err(EOPNOTSUPP),
            Call::Connect(_, to) => {
                (own.peer, own.bound) = (Some(to), true);
                Ok(Given::Nothing)
            }
            Call::Disconnect(_) => {
                own.peer = None;
                if !own.asked {
                    (own.place, own.bound) = (None, false);
                }
                Ok(Given::Nothing)
            }
            Call::Send(_, length) => {
                if let Some(to) = own.peer {
                    return self.send_datagram(host, slot, to, &data[..length]);
                }
                own.bound = true;
                Err(EDESTADDRREQ)
            }
            Call::SendTo(_, to, length) => return self.send_datagram(host, slot, to, &data[..length]),
            Call::Recv(_, most, peek, trunc) => {
                return Expect::Received { name, refusals, sent: own.sent.clone(), most, peek, trunc };
            }
            Call::RecvAll(_, most) => {
                let (sent, peek, trunc) = (own.sent.clone(), false, false);
                return Expect::Received { name, refusals, sent, most, peek, trunc };
            }
            Call::Error(_) => return Expect::OrRefused { name, refusals, outcome: number(0) },
            Call::PeerName(_) => own.peer.map_or(Err(ENOTCONN), |peer| Ok(Given::Port(Some(peer)))),
            Call::SockName(_) => Ok(Given::Port(own.place)),
            Call::Listens(_) => number(0),
            Call::ReuseAddress(_, on) => {
                own.share.address = on;
                Ok(Given::Nothing)
            }
            Call::ReusePort(_, on) => {
                own.share.port = on;
                Ok(Given::Nothing)
            }
            _ => Ok(Given::Nothing),
        };
        Expect::Exactly(outcome)
    }

    fn bind_datagram(&mut self, host: usize, slot: usize, place: usize) -> Outcome {
        let own = self.datagram_mut(host, slot).ok_or(EBADF)?;
        let share = own.share;
        if own.bound {
            return Err(EINVAL);
        }
        if host_of(place) != host {
            return Err(EADDRNOTAVAIL);
        }
        if self
            .datagrams(host)
            .any(|(_, other)| other.place == Some(place) && !Self::share(share, other.share))
        {
            return Err(EADDRINUSE);
        }
        let own = self.datagram_mut(host, slot).ok_or(EBADF)?;
        (own.place, own.bound, own.asked) = (Some(place), true, true);
        Ok(Given::Nothing)
    }

    fn send_datagram(&mut self, host: usize, slot: usize, to: usize, data: &[u8]) -> Expect {
        let outcome = number(data.len() as i64);
        let Some(own) = self.datagram_mut(host, slot) else { return Expect::Exactly(Err(EBADF)) };
        own.bound = true;
        let (name, before, from, peer) = (own.name, own.refusals, own.place.unwrap_or(PLACES), own.peer);
        let taker = self.datagrams(host_of(to)).find(|(_, it)| {
            // From whom it does not hear, it does not take.
            it.place == Some(to) && it.peer.is_none_or(|peer| peer == from)
        });
        match taker.map(|(slot, _)| slot) {
            Some(taker) => {
                if let Some(taker) = self.datagram_mut(host_of(to), taker) {
                    taker.sent.push((data.to_vec(), from));
                }
            }
            None => {
                if let Some(own) = self.datagram_mut(host, slot).filter(|_| peer == Some(to)) {
                    own.refusals += 1;
                }
            }
        }
        Expect::OrRefused { name, refusals: before, outcome }
    }
}
