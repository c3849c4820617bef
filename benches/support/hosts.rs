//! Two hosts joined by in-memory queues, driven by the four verbs and the socket calls: no simulator, no tasks.
//! What benchmarks and allocation tests measure is the stack.

use std::net::SocketAddr;

use wirelab::stack::addr::Mac;
use wirelab::stack::context::{Ctx, Unobserved};
use wirelab::stack::frame::{Frame, InterfaceId, NodeId};
use wirelab::stack::host::{Host, HostConfig};
use wirelab::stack::interface::{Capabilities, InterfaceConfig};
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;
use wirelab::stack::time::{Duration, Instant};
use wirelab::stack::transport::{Readiness, SocketError, SocketId, Wake};

/// Frames that an end takes in one turn: two, so that a turn of the receiver owes one ACK.
pub const BURST: usize = 2;
/// Virtual time of a turn.
pub const TURN: Duration = Duration::from_micros(5);
/// The port that the server listens on.
pub const PORT: u16 = 7;

/// Frames that wait to be carried, in a ring of storage that is used again.
#[derive(Default)]
struct Wire {
    slots: Vec<Frame>,
    /// The frame that has waited longest.
    first: usize,
    length: usize,
}

impl Wire {
    /// Storage for one frame more.
    fn free(&mut self) -> &mut Frame {
        if self.length == self.slots.len() {
            self.slots.rotate_left(self.first);
            self.first = 0;
            self.slots.resize_with((2 * self.length).max(16), Frame::empty);
        }
        let next = (self.first + self.length) & (self.slots.len() - 1);
        &mut self.slots[next]
    }

    /// What was put into [`free`](Self::free) storage waits now.
    fn push(&mut self) {
        self.length += 1;
    }

    /// Takes out the frame that has waited longest: its storage is good until another is pushed.
    fn pop(&mut self) -> Option<&mut Frame> {
        self.length = self.length.checked_sub(1)?;
        let first = self.first;
        self.first = (first + 1) & (self.slots.len() - 1);
        Some(&mut self.slots[first])
    }
}

/// One host, what waits to be carried from it, and the wakes that it gave.
pub struct End {
    pub host: Host,
    rng: Rng,
    wire: Wire,
    wakes: Vec<Wake>,
}

impl End {
    fn new(last_octet: u8, checksums: bool, profile: Profile) -> Self {
        let address = |octet| format!("10.0.0.{octet}/24").parse().expect("an address");
        let mac = |octet| Mac([2, 0, 0, 0, 0, octet]);
        let mut interface = InterfaceConfig::new("eth0", mac(last_octet), [address(last_octet)]);
        interface.capabilities = Capabilities {
            transmit_checksum: !checksums,
            receive_checksum: !checksums,
            ..Capabilities::default()
        };
        let mut config =
            HostConfig::new(format!("host{last_octet}"), NodeId(u32::from(last_octet)), interface);
        config.profile = profile;
        let mut rng = Rng::stream(1, &config.name, "stack");
        let host = Host::new(config, &mut rng).expect("the configuration makes sense");
        Self { host, rng, wire: Wire::default(), wakes: Vec::new() }
    }

    /// Makes a socket call, or any other, at `now`.
    pub fn call<R>(&mut self, now: Instant, call: impl FnOnce(&mut Host, &mut Ctx<'_>) -> R) -> R {
        let mut observer = Unobserved;
        call(&mut self.host, &mut Ctx::new(now, &mut self.rng, &mut observer))
    }

    /// Takes at most `most` frames from `wire`, does what is due, and puts what is to be sent on the own wire.
    fn turn(&mut self, now: Instant, wire: &mut Wire, most: usize) -> u64 {
        let mut observer = Unobserved;
        let mut ctx = Ctx::new(now, &mut self.rng, &mut observer);
        let mut count = 0;
        while count < most
            && let Some(frame) = wire.pop()
        {
            self.host.handle_frame_in_place(&mut ctx, InterfaceId(0), frame);
            count += 1;
        }
        if self.host.poll_timeout().is_some_and(|due| due <= now) {
            self.host.handle_timeout(&mut ctx);
        }
        while self.host.poll_transmit_into(&mut ctx, self.wire.free()).is_some() {
            self.wire.push();
        }
        count as u64
    }

    /// Whether `socket` was woken for `readiness` since the last time anyone asked about this end.
    fn woken(&mut self, socket: SocketId, readiness: Readiness) -> bool {
        self.host.take_wakes(&mut self.wakes);
        self.wakes.drain(..).any(|wake| wake.socket == socket && wake.readiness.contains(readiness))
    }

    /// Nobody asks about the wakes until now.
    fn forget_wakes(&mut self) {
        self.host.take_wakes(&mut self.wakes);
        self.wakes.clear();
    }
}

/// Two hosts and the time.
pub struct Hosts {
    pub client: End,
    pub server: End,
    pub now: Instant,
    listener: SocketId,
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub client: SocketId,
    pub server: SocketId,
}

/// Frames that reached the server, and the client.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    pub up: u64,
    pub down: u64,
}

impl Hosts {
    /// Two hosts of the same profile, the server listening on [`PORT`].
    pub fn new(checksums: bool, profile: &Profile) -> Self {
        let (client, mut server) =
            (End::new(1, checksums, profile.clone()), End::new(2, checksums, profile.clone()));
        let local = SocketAddr::from(([0, 0, 0, 0], PORT));
        let listener = server.call(Instant::ZERO, |host, ctx| host.tcp_listen(ctx, local, 128));
        let listener = listener.expect("the port is free");
        Self { client, server, now: Instant::ZERO, listener }
    }

    /// One turn of each end: the server takes at most [`BURST`] frames and answers, the client takes as many and sends.
    pub fn turn(&mut self) -> Carried {
        let Self { client, server, now, .. } = self;
        let up = server.turn(*now, &mut client.wire, BURST);
        let down = client.turn(*now, &mut server.wire, BURST);
        *now += TURN;
        Carried { up, down }
    }

    /// Connects: a whole handshake, with address resolution if it is the first.
    ///
    /// # Panics
    /// When it does not end.
    pub fn connect(&mut self) -> Connection {
        self.connect_from(None)
    }

    /// As [`connect`](Self::connect), from a port of the caller's choice.
    fn connect_from(&mut self, port: Option<u16>) -> Connection {
        let remote = SocketAddr::from(([10, 0, 0, 2], PORT));
        let local = port.map(|port| SocketAddr::from(([10, 0, 0, 1], port)));
        let client = self.client.call(self.now, |host, ctx| host.tcp_connect(ctx, local, remote));
        let client = client.expect("the client has free ports");
        for _ in 0..1000 {
            self.turn();
            let listener = self.listener;
            match self.server.call(self.now, |host, ctx| host.tcp_accept(ctx, listener)) {
                Ok((server, _)) => {
                    self.client.forget_wakes();
                    self.server.forget_wakes();
                    assert_eq!(self.client.host.tcp_connected(client), Ok(()));
                    return Connection { client, server };
                }
                Err(error) => assert_eq!(error, SocketError::WouldBlock),
            }
        }
        panic!("the handshake does not end");
    }

    /// Establishes `count` connections and leaves them alone. Their ports lie below the ephemeral ones, so that
    /// they do not make the choice of a port longer.
    pub fn add_idle(&mut self, count: u16) {
        for port in 0..count {
            self.connect_from(Some(1024 + port));
        }
        self.rest(Duration::from_secs(3));
    }

    /// Connects, and resets the connection at once: no TIME-WAIT stays behind.
    pub fn connect_and_abort(&mut self) {
        let connection = self.connect();
        self.client.call(self.now, |host, ctx| host.tcp_abort(ctx, connection.client));
        self.turn();
        self.client.call(self.now, |host, ctx| host.close(ctx, connection.client));
        self.server.call(self.now, |host, ctx| host.close(ctx, connection.server));
        self.turn();
        self.client.forget_wakes();
        self.server.forget_wakes();
    }

    /// Lets `span` pass, in which both ends do what is due.
    pub fn rest(&mut self, span: Duration) {
        let until = self.now + span;
        while self.now < until {
            let carried = self.turn();
            if carried.up + carried.down == 0 {
                let ends = [self.client.host.poll_timeout(), self.server.host.poll_timeout()];
                let next = ends.into_iter().flatten().min().unwrap_or(until);
                self.now = self.now.max(next).min(until);
            }
        }
    }

    /// Moves `octets` from client to server, in calls of `chunk.len()` and `buffer.len()` octets.
    ///
    /// # Panics
    /// When the transfer stands still.
    pub fn transfer(
        &mut self,
        connection: Connection,
        octets: usize,
        chunk: &[u8],
        buffer: &mut [u8],
    ) -> Carried {
        let (mut to_send, mut to_receive, mut total) = (octets, octets, Carried::default());
        let (mut writable, mut readable, mut idle) = (true, true, 0);
        while to_receive > 0 {
            while to_send > 0 && writable {
                let length = chunk.len().min(to_send);
                let sent = self
                    .client
                    .call(self.now, |host, ctx| host.tcp_send(ctx, connection.client, &chunk[..length]));
                match sent {
                    Ok(taken) => to_send -= taken,
                    Err(error) => {
                        assert_eq!(error, SocketError::WouldBlock);
                        writable = false;
                    }
                }
            }
            let carried = self.turn();
            (total.up, total.down) = (total.up + carried.up, total.down + carried.down);
            while to_receive > 0 && readable {
                let received =
                    self.server.call(self.now, |host, ctx| host.tcp_recv(ctx, connection.server, buffer));
                match received {
                    Ok(taken) => to_receive -= taken,
                    Err(error) => {
                        assert_eq!(error, SocketError::WouldBlock);
                        readable = false;
                    }
                }
            }
            writable |= self.client.woken(connection.client, Readiness::WRITE);
            readable |= self.server.woken(connection.server, Readiness::READ);
            idle = if carried.up + carried.down == 0 { idle + 1 } else { 0 };
            assert!(idle < 1_000_000, "the transfer stands still with {to_receive} octets to come");
        }
        total
    }
}
