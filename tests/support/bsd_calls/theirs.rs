//! The system's sockets, on an address of 127.0.0.0/8 that no other sequence uses.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::net::{
    self, AddressFamily, RecvFlags, SendFlags, Shutdown, SocketAddrAny, SocketFlags, SocketType,
};
use wirelab::stack::socket::bsd::{SHUT_RD, SHUT_WR};

use super::{Call, Given, Outcome, PORTS, SLOTS};

/// How long the system may take for what the host has done at once.
const BOUND: Duration = Duration::from_secs(2);
/// Time between two questions.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

static SEQUENCES: AtomicU32 = AtomicU32::new(0);

pub struct Theirs {
    address: Ipv4Addr,
    slots: [Option<OwnedFd>; SLOTS],
}

impl Theirs {
    pub fn new() -> Self {
        let number = SEQUENCES.fetch_add(1, Ordering::Relaxed).wrapping_add(process::id() << 12);
        let [_, a, b, c] = number.to_be_bytes();
        Self { address: Ipv4Addr::new(127, a | 1, b, c.max(1)), slots: [const { None }; SLOTS] }
    }

    fn address(&self, port: usize) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, 20_000 + port as u16)
    }

    fn at(&self, slot: usize) -> Result<&OwnedFd, Errno> {
        self.slots[slot].as_ref().ok_or(Errno::BADF)
    }

    /// Makes a call, again as long as the system is not as far as the host, which got `own`, and that may be for want of
    /// time. `was_reset` says whether it is made on a connection that was reset.
    pub fn call(
        &mut self,
        call: &Call,
        data: &[u8],
        own: &Outcome,
        mut was_reset: impl FnMut() -> bool,
    ) -> Outcome {
        let began = Instant::now();
        loop {
            let outcome = self.act(call, data).map_err(Errno::raw_os_error);
            if outcome == *own || began.elapsed() > BOUND {
                return outcome;
            }
            match (&outcome, call) {
                // What changes nothing can be asked again.
                (Err(error), _)
                    if [Errno::AGAIN, Errno::ALREADY].map(Errno::raw_os_error).contains(error) => {}
                (Ok(_), Call::Poll(_) | Call::Recv(_, _, true, _)) if !was_reset() => {}
                (Err(_), Call::PeerName(_)) => {}
                // What was not read before the reset can be read here still.
                (Ok(Given::Octets(_, 1.., _)), Call::Recv(slot, ..) | Call::RecvAll(slot, _))
                    if was_reset() =>
                {
                    let _ =
                        self.at(*slot).map(|socket| net::recv(socket, &mut [0; 4096], RecvFlags::DONTWAIT));
                }
                _ => return outcome,
            }
            poll(&mut [], Some(&PAUSE)).unwrap();
        }
    }

    fn port(address: &SocketAddrAny) -> Option<usize> {
        let address = SocketAddrV4::try_from(address.clone()).ok()?;
        (address.port() != 0).then(|| usize::from(address.port().wrapping_sub(20_000)).min(PORTS))
    }

    fn act(&mut self, call: &Call, data: &[u8]) -> Result<Given, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let send = SendFlags::NOSIGNAL;
        match call {
            Call::Open(slot, stream) => {
                let kind = if *stream { SocketType::STREAM } else { SocketType::DGRAM };
                self.slots[*slot] = Some(net::socket_with(AddressFamily::INET, kind, flags, None)?);
            }
            Call::Bind(slot, port) => net::bind(self.at(*slot)?, &self.address(*port))?,
            Call::Listen(slot, backlog) => net::listen(self.at(*slot)?, *backlog)?,
            Call::Connect(slot, port) => net::connect(self.at(*slot)?, &self.address(*port))?,
            Call::Disconnect(slot) => {
                let socket = self.at(*slot)?;
                if sockopt::socket_type(socket)? == SocketType::DGRAM {
                    net::connect_unspec(socket)?;
                }
            }
            Call::Accept(slot, into) => {
                let (socket, peer) = net::acceptfrom_with(self.at(*slot)?, flags)?;
                self.slots[*into] = Some(socket);
                return Ok(Given::Port(peer.and_then(|peer| Self::port(&peer))));
            }
            Call::Send(slot, length) => {
                let sent = net::send(self.at(*slot)?, &data[..*length], send)?;
                return Ok(Given::Number(sent as i64));
            }
            Call::SendTo(slot, port, length) => {
                let to = self.address(*port);
                let sent = net::sendto(self.at(*slot)?, &data[..*length], send, &to)?;
                return Ok(Given::Number(sent as i64));
            }
            Call::Recv(slot, most, peek, trunc) => {
                let mut flags = RecvFlags::empty();
                flags.set(RecvFlags::PEEK, *peek);
                flags.set(RecvFlags::TRUNC, *trunc);
                return self.receive(*slot, *most, flags);
            }
            Call::RecvAll(slot, most) => return self.receive(*slot, *most, RecvFlags::WAITALL),
            Call::Shutdown(slot, how) => {
                let how = match *how {
                    SHUT_RD => Shutdown::Read,
                    SHUT_WR => Shutdown::Write,
                    _ => Shutdown::Both,
                };
                net::shutdown(self.at(*slot)?, how)?;
            }
            Call::Error(slot) => {
                let error = sockopt::socket_error(self.at(*slot)?)?;
                return Ok(Given::Number(error.err().map_or(0, Errno::raw_os_error).into()));
            }
            Call::Listens(slot) => {
                return Ok(Given::Number(sockopt::socket_acceptconn(self.at(*slot)?)?.into()));
            }
            Call::Poll(slot) => {
                let all = PollFlags::IN | PollFlags::OUT | PollFlags::RDNORM | PollFlags::WRNORM;
                let mut asked = [PollFd::new(self.at(*slot)?, all | PollFlags::RDHUP)];
                poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
                return Ok(Given::Number(asked[0].revents().bits().into()));
            }
            Call::PeerName(slot) => {
                let peer = net::getpeername(self.at(*slot)?)?;
                return Ok(Given::Port(peer.and_then(|peer| Self::port(&peer))));
            }
            Call::SockName(slot) => {
                let own = net::getsockname(self.at(*slot)?)?;
                return Ok(Given::Port(Self::port(&own).filter(|port| *port < PORTS)));
            }
            Call::ReuseAddress(slot, on) => sockopt::set_socket_reuseaddr(self.at(*slot)?, *on)?,
            Call::ReusePort(slot, on) => sockopt::set_socket_reuseport(self.at(*slot)?, *on)?,
            Call::LingerZero(slot) => {
                let socket = self.at(*slot)?;
                if sockopt::socket_type(socket)? == SocketType::STREAM {
                    sockopt::set_socket_linger(socket, Some(Duration::ZERO))?;
                }
            }
            Call::Close(slot) => drop(self.slots[*slot].take().ok_or(Errno::BADF)?),
        }
        Ok(Given::Nothing)
    }

    fn receive(&self, slot: usize, most: usize, flags: RecvFlags) -> Result<Given, Errno> {
        let mut buffer = vec![0; most];
        let (_, length, from) = net::recvfrom(self.at(slot)?, &mut buffer[..], flags | RecvFlags::DONTWAIT)?;
        let from = from.and_then(|from| SocketAddrV4::try_from(from).ok());
        let copied = if from.is_none() && flags.contains(RecvFlags::TRUNC) { 0 } else { length.min(most) };
        let port = from.and_then(|from| Self::port(&from.into()));
        Ok(Given::Octets(buffer[..copied].to_vec(), length, port))
    }
}
