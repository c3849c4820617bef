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

use super::act::{Call, Outcome, Places, act};
use super::{PORTS, SLOTS};

/// Time that passes after each call: what waits for a delayed acknowledgement goes on.
const STEP: Duration = Duration::from_millis(300);

pub struct Ours {
    host: Host,
    rng: Rng,
    now: Instant,
    slots: [Option<Fd>; SLOTS],
}

/// The ports, on loopback.
struct Ports;

impl Places for Ports {
    const COUNT: usize = PORTS;

    fn address(&self, port: usize) -> (Ipv4Addr, u16) {
        (Ipv4Addr::LOCALHOST, 20_000 + port as u16)
    }
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

    pub fn call(&mut self, call: &Call, data: &[u8]) -> Outcome {
        let mut slots = self.slots;
        let outcome = self.with(|bsd| act(bsd, &mut slots, &Ports, call, data)).map_err(Errno::number);
        self.slots = slots;
        self.settle();
        outcome
    }

    /// Whether the connection that a call is made on was reset.
    pub fn was_reset(&mut self, call: &Call) -> bool {
        let (&Call::Recv(slot, ..) | &Call::RecvAll(slot, _)) = call else { return false };
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
}
