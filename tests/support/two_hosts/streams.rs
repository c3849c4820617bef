//! Streams: a connection is two ends that live and die together.

use wirelab::stack::socket::bsd::SHUT_WR;

use super::act::{Call, Given, Outcome};
use super::model::errno::*;
use super::model::{Model, PLACES, SLOTS, host_of, number};

/// With whom a socket shares its port.
#[derive(Clone, Copy, Debug, Default)]
pub struct Share {
    pub address: bool,
    pub port: bool,
}

#[derive(Clone, Debug, Default)]
pub enum Phase {
    #[default]
    Idle,
    Listening {
        backlog: usize,
        queue: Vec<usize>,
    },
    /// What came of it `connect` has not said yet.
    Connecting(usize),
    Connected(usize),
}

#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Where it was bound.
    pub place: Option<usize>,
    /// Whether it has some port of its own choice.
    pub bound: bool,
    pub share: Share,
    pub linger_zero: bool,
    pub phase: Phase,
    /// It was shut down when its attempt to connect had failed.
    pub spent: bool,
}

/// An end of a connection.
#[derive(Clone, Debug)]
pub struct End {
    pub place: Option<usize>,
    pub peer: usize,
    /// Where its peer is; it may have gone.
    pub remote: Option<usize>,
    pub share: Share,
    /// What it has from its listener, as that was when the connection was made.
    pub linger_zero: bool,
    /// Nobody has it any more.
    pub orphan: bool,
    pub received: Vec<u8>,
    pub fin_sent: bool,
    pub fin_received: bool,
    pub alive: bool,
    pub error: Option<i32>,
}

impl Model {
    pub fn knows_of_stream(&self, host: usize, slot: usize, stream: &Stream, call: &Call) -> bool {
        let end = match stream.phase {
            Phase::Connecting(end) | Phase::Connected(end) => Some(&self.ends[end]),
            _ => None,
        };
        match call {
            // What a socket that has had its connection is bound to is another test's affair.
            Call::Bind(..) => end.is_none_or(|end| end.alive),
            Call::Connect(_, to) => {
                let listeners = self.listeners(*to).count();
                // Which of several listeners gets a connection is chance.
                let alone = !stream.bound
                    || self.streams(host).all(|(other, it)| other == slot || it.place != stream.place);
                listeners < 2 && alone && (stream.place != Some(*to) || listeners == 0)
            }
            Call::Shutdown(_, how) => end.is_some() && *how == SHUT_WR,
            Call::Poll(_) => false,
            _ => true,
        }
    }

    fn listeners(&self, place: usize) -> impl Iterator<Item = usize> {
        let host = host_of(place);
        self.streams(host).filter_map(move |(slot, stream)| {
            let listens = matches!(stream.phase, Phase::Listening { .. });
            (listens && stream.place == Some(place)).then_some(slot)
        })
    }

    pub fn call_stream(&mut self, host: usize, slot: usize, call: &Call, data: &[u8]) -> Outcome {
        let Some(stream) = self.stream(host, slot).cloned() else { return Err(EBADF) };
        let end = match stream.phase {
            Phase::Connecting(end) | Phase::Connected(end) => Some(end),
            _ => None,
        };
        match *call {
            Call::Bind(_, place) => self.bind(host, slot, &stream, place),
            Call::Listen(_, backlog) => self.listen(host, slot, &stream, backlog),
            Call::Connect(_, to) => self.connect(host, slot, &stream, to),
            Call::Accept(_, into) => self.accept(host, slot, into),
            Call::Send(_, length) | Call::SendTo(_, _, length) => {
                let end = end.ok_or(EPIPE)?;
                self.send(end, &data[..length])
            }
            Call::Recv(_, most, peek, trunc) => self.receive(end.ok_or(ENOTCONN)?, most, peek, trunc),
            Call::RecvAll(_, most) => self.receive(end.ok_or(ENOTCONN)?, most, false, false),
            Call::Shutdown(..) => self.shutdown(host, slot, end.ok_or(ENOTCONN)?),
            Call::Error(_) => {
                let error = end.and_then(|end| self.take_error(end));
                number(error.unwrap_or(0).into())
            }
            Call::PeerName(_) => {
                let end = &self.ends[end.ok_or(ENOTCONN)?];
                if end.alive { Ok(Given::Port(Some(end.remote.unwrap_or(PLACES)))) } else { Err(ENOTCONN) }
            }
            Call::SockName(_) => Ok(Given::Port(match end {
                Some(end) => self.ends[end].place,
                None => stream.place,
            })),
            Call::Listens(_) => number(matches!(stream.phase, Phase::Listening { .. }).into()),
            Call::ReuseAddress(_, address) => self.set_share(host, slot, Share { address, ..stream.share }),
            Call::ReusePort(_, port) => self.set_share(host, slot, Share { port, ..stream.share }),
            Call::LingerZero(_) => {
                self.stream_mut(host, slot).ok_or(EBADF)?.linger_zero = true;
                Ok(Given::Nothing)
            }
            _ => Ok(Given::Nothing),
        }
    }

    fn set_share(&mut self, host: usize, slot: usize, share: Share) -> Outcome {
        let stream = self.stream_mut(host, slot).ok_or(EBADF)?;
        stream.share = share;
        if let Phase::Connecting(end) | Phase::Connected(end) = stream.phase {
            self.ends[end].share = share;
        }
        Ok(Given::Nothing)
    }

    fn bind(&mut self, host: usize, slot: usize, stream: &Stream, place: usize) -> Outcome {
        if stream.bound || !matches!(stream.phase, Phase::Idle) {
            return Err(EINVAL);
        }
        if host_of(place) != host {
            return Err(EADDRNOTAVAIL);
        }
        let taken = self.streams(host).any(|(_, other)| {
            let listens = matches!(other.phase, Phase::Listening { .. });
            let address = stream.share.address && other.share.address && !listens;
            other.place == Some(place) && !address && !(stream.share.port && other.share.port)
        });
        let connected = self
            .ends
            .iter()
            .any(|end| end.alive && end.place == Some(place) && !Self::share(stream.share, end.share));
        if taken || connected {
            return Err(EADDRINUSE);
        }
        let stream = self.stream_mut(host, slot).ok_or(EBADF)?;
        (stream.place, stream.bound) = (Some(place), true);
        Ok(Given::Nothing)
    }

    fn listen(&mut self, host: usize, slot: usize, stream: &Stream, backlog: i32) -> Outcome {
        let new = usize::try_from(backlog).map_or(usize::MAX, |backlog| backlog.max(1));
        match stream.phase {
            Phase::Connecting(_) | Phase::Connected(_) => return Err(EINVAL),
            Phase::Listening { .. } | Phase::Idle => {}
        }
        if let Some(Stream { phase: Phase::Listening { backlog, .. }, .. }) = self.stream_mut(host, slot) {
            *backlog = new;
            return Ok(Given::Nothing);
        }
        let taken = self.streams(host).any(|(other_slot, other)| {
            let listens = matches!(other.phase, Phase::Listening { .. });
            let address = stream.share.address && other.share.address && !listens;
            let same = other_slot != slot && other.place.is_some() && other.place == stream.place;
            same && !address && !(stream.share.port && other.share.port)
        });
        if taken {
            return Err(EADDRINUSE);
        }
        let stream = self.stream_mut(host, slot).ok_or(EBADF)?;
        (stream.bound, stream.phase) = (true, Phase::Listening { backlog: new, queue: Vec::new() });
        Ok(Given::Nothing)
    }

    fn connect(&mut self, host: usize, slot: usize, stream: &Stream, to: usize) -> Outcome {
        match stream.phase {
            Phase::Listening { .. } | Phase::Connected(_) => return Err(EISCONN),
            Phase::Connecting(_) if stream.spent => return Err(EINVAL),
            Phase::Connecting(end) if self.ends[end].alive => {
                self.stream_mut(host, slot).ok_or(EBADF)?.phase = Phase::Connected(end);
                return Ok(Given::Nothing);
            }
            Phase::Connecting(end) => {
                let error = self.take_error(end).unwrap_or(ECONNABORTED);
                self.stream_mut(host, slot).ok_or(EBADF)?.phase = Phase::Idle;
                return Err(error);
            }
            Phase::Idle => {}
        }
        let same = |end: &End| end.alive && end.place.is_some() && end.place == stream.place;
        if self.ends.iter().any(|end| same(end) && end.remote == Some(to)) {
            return Err(EADDRNOTAVAIL);
        }
        let client = self.ends.len();
        let new = |place, peer, remote, share| End {
            place,
            peer,
            remote,
            share,
            linger_zero: false,
            orphan: false,
            received: Vec::new(),
            fin_sent: false,
            fin_received: false,
            alive: true,
            error: None,
        };
        self.ends.push(new(stream.place, client, Some(to), stream.share));
        let listener = self.listeners(to).next();
        if let Some(listening) = listener {
            let server = client + 1;
            let listener = self.stream_mut(host_of(to), listening).ok_or(EBADF)?;
            let (share, linger_zero) = (listener.share, listener.linger_zero);
            let Phase::Listening { backlog, queue } = &mut listener.phase else { return Err(EBADF) };
            if queue.len() < *backlog {
                queue.push(server);
                self.ends.push(End { linger_zero, ..new(Some(to), client, stream.place, share) });
                self.ends[client].peer = server;
            } else {
                // Its SYN is dropped until its time is up.
                self.fail(client, ETIMEDOUT);
            }
        } else if stream.place != Some(to) {
            self.fail(client, ECONNREFUSED);
        }
        self.stream_mut(host, slot).ok_or(EBADF)?.phase = Phase::Connecting(client);
        Err(EINPROGRESS)
    }

    fn fail(&mut self, end: usize, error: i32) {
        (self.ends[end].alive, self.ends[end].error) = (false, Some(error));
    }

    fn accept(&mut self, host: usize, slot: usize, into: usize) -> Outcome {
        let stream = self.stream_mut(host, slot).ok_or(EBADF)?;
        let Phase::Listening { queue, .. } = &mut stream.phase else { return Err(EINVAL) };
        if queue.is_empty() {
            return Err(EAGAIN);
        }
        let end = queue.remove(0);
        let own = &self.ends[end];
        let (share, linger_zero) = (own.share, own.linger_zero);
        let remote = own.remote.unwrap_or(PLACES);
        assert!(into < SLOTS);
        self.close(host, into);
        let phase = Phase::Connected(end);
        let accepted = Stream { share, linger_zero, phase, ..Stream::default() };
        self.sockets[host][into] = Some(super::model::Socket::Stream(accepted));
        Ok(Given::Port(Some(remote)))
    }

    /// What a call says of an end's error, once.
    fn take_error(&mut self, end: usize) -> Option<i32> {
        self.ends[end].error.take()
    }

    fn send(&mut self, end: usize, data: &[u8]) -> Outcome {
        if self.ends[end].fin_sent || !self.ends[end].alive {
            return Err(self.take_error(end).unwrap_or(EPIPE));
        }
        let peer = self.ends[end].peer;
        if !data.is_empty() && self.ends[peer].orphan {
            // Nobody is there to read it.
            self.ends[peer].alive = false;
            self.reset(end);
        } else {
            self.ends[peer].received.extend_from_slice(data);
        }
        number(data.len() as i64)
    }

    fn receive(&mut self, end: usize, most: usize, peek: bool, trunc: bool) -> Outcome {
        let own = &mut self.ends[end];
        let length = most.min(own.received.len());
        if own.received.is_empty() && !own.fin_received {
            if own.alive {
                return Err(EAGAIN);
            }
            return self.take_error(end).map_or(Ok(Given::Octets(Vec::new(), 0, None)), Err);
        }
        let taken = own.received[..length].to_vec();
        if !peek {
            own.received.drain(..length);
        }
        Ok(Given::Octets(if trunc { Vec::new() } else { taken }, length, None))
    }

    fn shutdown(&mut self, host: usize, slot: usize, end: usize) -> Outcome {
        let alive = self.ends[end].alive;
        let stream = self.stream_mut(host, slot).ok_or(EBADF)?;
        if let Phase::Connecting(_) = stream.phase {
            if alive {
                stream.phase = Phase::Connected(end);
            } else {
                stream.spent = true;
            }
        }
        if !alive {
            // Closed is closed, even where there is nothing to close.
            self.ends[end].fin_sent = true;
            return Err(ENOTCONN);
        }
        self.send_fin(end);
        Ok(Given::Nothing)
    }

    fn send_fin(&mut self, end: usize) {
        if self.ends[end].fin_sent {
            return;
        }
        let peer = self.ends[end].peer;
        self.ends[end].fin_sent = true;
        self.ends[peer].fin_received = true;
        if self.ends[end].fin_received {
            // Both have said all; TIME-WAIT is over too.
            (self.ends[end].alive, self.ends[peer].alive) = (false, false);
        }
    }

    pub fn close_end(&mut self, end: usize, linger_zero: bool) {
        if !self.ends[end].alive {
            return;
        }
        if linger_zero || !self.ends[end].received.is_empty() {
            self.abort(end);
        } else {
            self.ends[end].orphan = true;
            self.send_fin(end);
        }
    }

    /// A reset goes out that nothing asks for again.
    pub fn abort(&mut self, end: usize) {
        if self.ends[end].alive {
            let peer = self.ends[end].peer;
            self.ends[end].alive = false;
            self.must_arrive = true;
            self.reset(peer);
        }
    }

    /// A reset arrives: what waits to be read is gone.
    fn reset(&mut self, end: usize) {
        let own = &mut self.ends[end];
        own.received.clear();
        // To who has had the peer's FIN, and has not answered it, a reset is a broken pipe.
        let broken = own.fin_received && !own.fin_sent;
        (own.alive, own.error) = (false, Some(if broken { EPIPE } else { ECONNRESET }));
    }
}
