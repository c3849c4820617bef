//! A host that talks to itself.

use core::net::Ipv4Addr;

use wirelab::stack::addr::Mac;
use wirelab::stack::context::{Ctx, Unobserved};
use wirelab::stack::frame::NodeId;
use wirelab::stack::host::{Host, HostConfig};
use wirelab::stack::interface::InterfaceConfig;
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;
use wirelab::stack::socket::bsd::*;
use wirelab::stack::time::{Duration, Instant};
use wirelab::stack::trace::Ending;

use super::{Call, Given, Outcome, PORTS, SLOTS};

/// Time that passes after each call: what waits for a delayed acknowledgement goes on.
const STEP: Duration = Duration::from_millis(300);

pub struct Ours {
    host: Host,
    rng: Rng,
    now: Instant,
    slots: [Option<Fd>; SLOTS],
}

fn address(port: usize) -> (Ipv4Addr, u16) {
    (Ipv4Addr::LOCALHOST, 20_000 + port as u16)
}

fn port(address: &Address) -> Option<usize> {
    let port = address.inet().map_or(0, |address| address.port());
    (port != 0).then(|| usize::from(port.wrapping_sub(20_000)).min(PORTS))
}

impl Ours {
    pub fn new() -> Self {
        let mut config = HostConfig::new("host", NodeId(0), InterfaceConfig::new("eth0", Mac([2; 6]), []));
        config.profile = Profile::linux();
        let mut rng = Rng::stream(1, "host", "stack");
        let host = Host::new(config, &mut rng).unwrap();
        Self { host, rng, now: Instant::ZERO, slots: [None; SLOTS] }
    }

    fn with<R>(&mut self, calls: impl FnOnce(&mut Bsd<'_, '_>) -> R) -> R {
        let mut nobody = Unobserved;
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut nobody);
        calls(&mut self.host.bsd(&mut ctx))
    }

    /// Lets the host do what it has to, for a while.
    fn settle(&mut self) {
        let until = self.now + STEP;
        let mut nobody = Unobserved;
        loop {
            let mut ctx = Ctx::new(self.now, &mut self.rng, &mut nobody);
            assert!(
                self.host.poll_transmit(&mut ctx).is_none(),
                "nothing leaves a host that talks to itself"
            );
            let Some(next) = self.host.poll_timeout().filter(|at| *at <= until) else { break };
            self.now = self.now.max(next);
            let mut ctx = Ctx::new(self.now, &mut self.rng, &mut nobody);
            self.host.handle_timeout(&mut ctx);
        }
        self.now = until;
    }

    fn put(&mut self, slot: usize, fd: Fd) {
        if let Some(old) = self.slots[slot].replace(fd) {
            self.with(|bsd| bsd.close(old)).unwrap();
        }
    }

    pub fn call(&mut self, call: &Call, data: &[u8]) -> Outcome {
        let outcome = self.act(call, data).map_err(Errno::number);
        self.settle();
        outcome
    }

    /// Whether the connection that a call is made on was reset.
    pub fn was_reset(&mut self, call: &Call) -> bool {
        let &Call::Recv(slot, ..) = call else { return false };
        let Some(fd) = self.slots[slot] else { return false };
        let info = self.with(|bsd| bsd.getsockopt(fd, IPPROTO_TCP, TCP_INFO));
        matches!(info, Ok(OptionValue::Info(info)) if !matches!(info.ending, Ending::Open | Ending::Clean))
    }

    /// Whether a stream has never had a connection, or has none any more.
    pub fn is_fresh(&mut self, slot: usize) -> bool {
        let Some(fd) = self.slots[slot] else { return false };
        let mut asked = [PollFd::new(fd, i16::MAX)];
        self.with(|bsd| bsd.poll(&mut asked));
        asked[0].revents == POLLOUT | POLLWRNORM | POLLHUP
    }

    fn act(&mut self, call: &Call, data: &[u8]) -> Result<Given, Errno> {
        let slots = self.slots;
        let at = |slot: &usize| slots[*slot].ok_or(Errno::EBADF);
        match call {
            Call::Open(slot, stream) => {
                let kind = if *stream { SOCK_STREAM } else { SOCK_DGRAM };
                let fd = self.with(|bsd| bsd.socket(AF_INET, kind | SOCK_NONBLOCK, 0))?;
                self.put(*slot, fd);
            }
            Call::Bind(slot, port) => self.with(|bsd| bsd.bind(at(slot)?, address(*port)))?,
            Call::Listen(slot) => self.with(|bsd| bsd.listen(at(slot)?, 99))?,
            Call::Connect(slot, port) => self.with(|bsd| bsd.connect(at(slot)?, address(*port)))?,
            Call::Disconnect(slot) => {
                let fd = at(slot)?;
                if self.with(|bsd| bsd.getsockopt(fd, SOL_SOCKET, SO_TYPE))? == SOCK_DGRAM.into() {
                    self.with(|bsd| bsd.connect(fd, Address::Unspecified))?;
                }
            }
            Call::Accept(slot, into) => {
                let (fd, peer) = self.with(|bsd| bsd.accept(at(slot)?))?;
                self.put(*into, fd);
                return Ok(Given::Port(port(&peer)));
            }
            Call::Send(slot, length) => {
                let sent = self.with(|bsd| bsd.send(at(slot)?, &data[..*length], MSG_NOSIGNAL))?;
                return Ok(Given::Number(sent as i64));
            }
            Call::SendTo(slot, port, length) => {
                let data = &data[..*length];
                let sent = self.with(|bsd| bsd.sendto(at(slot)?, data, MSG_NOSIGNAL, address(*port)))?;
                return Ok(Given::Number(sent as i64));
            }
            Call::Recv(slot, most, peek, trunc) => {
                let flags =
                    MSG_DONTWAIT | if *peek { MSG_PEEK } else { 0 } | if *trunc { MSG_TRUNC } else { 0 };
                let mut buffer = vec![0; *most];
                let (length, from) = self.with(|bsd| bsd.recvfrom(at(slot)?, &mut buffer, flags))?;
                // What a stream throws away it does not copy.
                let copied = if from.is_none() && *trunc { 0 } else { length.min(*most) };
                return Ok(Given::Octets(
                    buffer[..copied].to_vec(),
                    length,
                    from.and_then(|from| port(&from)),
                ));
            }
            Call::Shutdown(slot, how) => self.with(|bsd| bsd.shutdown(at(slot)?, *how))?,
            Call::Error(slot) => return self.number(at(slot)?, SO_ERROR),
            Call::Listens(slot) => return self.number(at(slot)?, SO_ACCEPTCONN),
            Call::Poll(slot) => {
                let mut asked = [PollFd::new(at(slot)?, i16::MAX)];
                self.with(|bsd| bsd.poll(&mut asked));
                return Ok(Given::Number(asked[0].revents.into()));
            }
            Call::PeerName(slot) => {
                let peer = self.with(|bsd| bsd.getpeername(at(slot)?))?;
                return Ok(Given::Port(port(&peer)));
            }
            Call::SockName(slot) => {
                let own = self.with(|bsd| bsd.getsockname(at(slot)?))?;
                return Ok(Given::Port(port(&own).filter(|port| *port < PORTS)));
            }
            Call::ReuseAddress(slot, on) => self.set(at(slot)?, SO_REUSEADDR, (*on).into())?,
            Call::ReusePort(slot, on) => self.set(at(slot)?, SO_REUSEPORT, (*on).into())?,
            Call::LingerZero(slot) => {
                let fd = at(slot)?;
                if self.with(|bsd| bsd.getsockopt(fd, SOL_SOCKET, SO_TYPE))? == SOCK_STREAM.into() {
                    self.set(fd, SO_LINGER, OptionValue::Linger(Some(Duration::ZERO)))?;
                }
            }
            Call::Close(slot) => {
                self.with(|bsd| bsd.close(at(slot)?))?;
                self.slots[*slot] = None;
            }
        }
        Ok(Given::Nothing)
    }

    fn set(&mut self, fd: Fd, name: i32, value: OptionValue) -> Result<(), Errno> {
        self.with(|bsd| bsd.setsockopt(fd, SOL_SOCKET, name, value))
    }

    fn number(&mut self, fd: Fd, name: i32) -> Result<Given, Errno> {
        let value = self.with(|bsd| bsd.getsockopt(fd, SOL_SOCKET, name))?;
        Ok(Given::Number(value.int()?.into()))
    }
}
