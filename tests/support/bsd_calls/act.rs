//! The calls on sockets in slots, and how a host makes them.

use core::net::Ipv4Addr;

use wirelab::stack::socket::bsd::*;
use wirelab::stack::time::Duration;

/// Octets that a call can send.
pub const LONGEST: usize = 20;

/// A call on the socket of a slot. Addresses are places, by number.
#[derive(Clone, Debug)]
pub enum Call {
    /// A new socket, of TCP or of UDP, instead of what was there.
    Open(usize, bool),
    Bind(usize, usize),
    /// With a backlog.
    Listen(usize, i32),
    Connect(usize, usize),
    /// `connect` to no family, of datagrams.
    Disconnect(usize),
    /// Into which slot.
    Accept(usize, usize),
    Send(usize, usize),
    SendTo(usize, usize, usize),
    /// At most so many octets; peeking; `MSG_TRUNC`.
    Recv(usize, usize, bool, bool),
    /// At most so many octets, with `MSG_WAITALL`.
    RecvAll(usize, usize),
    Shutdown(usize, i32),
    Error(usize),
    Poll(usize),
    PeerName(usize),
    SockName(usize),
    Listens(usize),
    ReuseAddress(usize, bool),
    ReusePort(usize, bool),
    LingerZero(usize),
    Close(usize),
}

/// What a call gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Given {
    Nothing,
    Number(i64),
    /// What came, how long it was, and from which place.
    Octets(Vec<u8>, usize, Option<usize>),
    /// Which place; none where there is no port.
    Port(Option<usize>),
}

/// What a call gave, or the number of its error.
pub type Outcome = Result<Given, i32>;

/// What a call sends as much of as it says: the one of each place in a sequence has octets of its own.
pub fn data(call: usize) -> Vec<u8> {
    (0..LONGEST).map(|octet| (call * LONGEST + octet) as u8).collect()
}

/// Where sockets are bound and connected to. Any other address is the place `COUNT`.
pub trait Places {
    const COUNT: usize;
    fn address(&self, place: usize) -> (Ipv4Addr, u16);

    fn place(&self, address: &Address) -> Option<usize> {
        let port = address.inet().map_or(0, |address| address.port());
        let found = (0..Self::COUNT).find(|place| *address == self.address(*place).into());
        (port != 0).then(|| found.unwrap_or(Self::COUNT))
    }
}

/// Makes a call; `data` is what it sends as much of as it says.
pub fn act(
    bsd: &mut Bsd<'_, '_>,
    slots: &mut [Option<Fd>],
    places: &impl Places,
    call: &Call,
    data: &[u8],
) -> Result<Given, Errno> {
    let fd = slots[slot_of(call)].ok_or(Errno::EBADF);
    match *call {
        Call::Open(slot, stream) => {
            let kind = if stream { SOCK_STREAM } else { SOCK_DGRAM };
            let new = bsd.socket(AF_INET, kind | SOCK_NONBLOCK, 0)?;
            put(bsd, slots, slot, new);
        }
        Call::Bind(_, place) => bsd.bind(fd?, places.address(place))?,
        Call::Listen(_, backlog) => bsd.listen(fd?, backlog)?,
        Call::Connect(_, place) => bsd.connect(fd?, places.address(place))?,
        Call::Disconnect(_) => {
            if bsd.getsockopt(fd?, SOL_SOCKET, SO_TYPE)? == SOCK_DGRAM.into() {
                bsd.connect(fd?, Address::Unspecified)?;
            }
        }
        Call::Accept(_, into) => {
            let (new, peer) = bsd.accept(fd?)?;
            put(bsd, slots, into, new);
            return Ok(Given::Port(places.place(&peer)));
        }
        Call::Send(_, length) => {
            return Ok(Given::Number(bsd.send(fd?, &data[..length], MSG_NOSIGNAL)? as i64));
        }
        Call::SendTo(_, place, length) => {
            let sent = bsd.sendto(fd?, &data[..length], MSG_NOSIGNAL, places.address(place))?;
            return Ok(Given::Number(sent as i64));
        }
        Call::Recv(_, most, peek, trunc) => {
            let flags = if peek { MSG_PEEK } else { 0 } | if trunc { MSG_TRUNC } else { 0 };
            return receive(bsd, fd?, places, most, flags);
        }
        Call::RecvAll(_, most) => return receive(bsd, fd?, places, most, MSG_WAITALL),
        Call::Shutdown(_, how) => bsd.shutdown(fd?, how)?,
        Call::Error(_) => return number(bsd, fd?, SO_ERROR),
        Call::Listens(_) => return number(bsd, fd?, SO_ACCEPTCONN),
        Call::Poll(_) => {
            let mut asked = [PollFd::new(fd?, i16::MAX)];
            bsd.poll(&mut asked);
            return Ok(Given::Number(asked[0].revents.into()));
        }
        Call::PeerName(_) => return Ok(Given::Port(places.place(&bsd.getpeername(fd?)?))),
        Call::SockName(_) => {
            return Ok(Given::Port(places.place(&bsd.getsockname(fd?)?).filter(|own| *own < count(places))));
        }
        Call::ReuseAddress(_, on) => bsd.setsockopt(fd?, SOL_SOCKET, SO_REUSEADDR, on)?,
        Call::ReusePort(_, on) => bsd.setsockopt(fd?, SOL_SOCKET, SO_REUSEPORT, on)?,
        Call::LingerZero(_) => {
            if bsd.getsockopt(fd?, SOL_SOCKET, SO_TYPE)? == SOCK_STREAM.into() {
                bsd.setsockopt(fd?, SOL_SOCKET, SO_LINGER, OptionValue::Linger(Some(Duration::ZERO)))?;
            }
        }
        Call::Close(slot) => {
            bsd.close(fd?)?;
            slots[slot] = None;
        }
    }
    Ok(Given::Nothing)
}

const fn count<P: Places>(_: &P) -> usize {
    P::COUNT
}

/// The slot that a call is on.
pub const fn slot_of(call: &Call) -> usize {
    match *call {
        Call::Open(slot, _)
        | Call::Bind(slot, _)
        | Call::Listen(slot, _)
        | Call::Connect(slot, _)
        | Call::Disconnect(slot)
        | Call::Accept(slot, _)
        | Call::Send(slot, _)
        | Call::SendTo(slot, ..)
        | Call::Recv(slot, ..)
        | Call::RecvAll(slot, _)
        | Call::Shutdown(slot, _)
        | Call::Error(slot)
        | Call::Poll(slot)
        | Call::PeerName(slot)
        | Call::SockName(slot)
        | Call::Listens(slot)
        | Call::ReuseAddress(slot, _)
        | Call::ReusePort(slot, _)
        | Call::LingerZero(slot)
        | Call::Close(slot) => slot,
    }
}

fn put(bsd: &mut Bsd<'_, '_>, slots: &mut [Option<Fd>], slot: usize, fd: Fd) {
    if let Some(old) = slots[slot].replace(fd) {
        bsd.close(old).unwrap();
    }
}

fn receive(
    bsd: &mut Bsd<'_, '_>,
    fd: Fd,
    places: &impl Places,
    most: usize,
    flags: i32,
) -> Result<Given, Errno> {
    let mut buffer = vec![0; most];
    let (length, from) = bsd.recvfrom(fd, &mut buffer, flags | MSG_DONTWAIT)?;
    // What a stream throws away it does not copy.
    let copied = if from.is_none() && flags & MSG_TRUNC != 0 { 0 } else { length.min(most) };
    let from = from.and_then(|from| places.place(&from));
    Ok(Given::Octets(buffer[..copied].to_vec(), length, from))
}

fn number(bsd: &mut Bsd<'_, '_>, fd: Fd, name: i32) -> Result<Given, Errno> {
    Ok(Given::Number(bsd.getsockopt(fd, SOL_SOCKET, name)?.int()?.into()))
}
