//! A wire between two hosts that breaks, or breaks a connection, at a frame of one's choice.

use std::collections::VecDeque;

use bytes::Bytes;
use wirelab_sim::{Change, DirectionConfig, Limits, LinkConfig, Outcome, Script, World, mac_of};
use wirelab_stack::application::AppError;
use wirelab_stack::checksum::Sum;
use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, InterfaceId, Meta, NodeId};
use wirelab_stack::host::HostConfig;
use wirelab_stack::interface::InterfaceConfig;
use wirelab_stack::socket::net::time;
use wirelab_stack::storage::Storage;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, Trigger};

/// What happens at a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Neither that frame nor any after it arrives.
    Cut,
    /// In its place each end of its connection gets a reset.
    Reset,
    /// When it passes, the client is killed.
    KillClient,
    /// When it passes, the server is killed.
    KillServer,
    /// When it passes, the client's host loses its power.
    CrashClient,
    /// When it passes, the server's host loses its power.
    CrashServer,
    /// When it passes, the server's host loses its power, and starts again [`DOWN`] later, with the server.
    RestartServer,
    /// Neither that frame nor any that comes so much later arrives.
    CutFor(Duration),
}

pub const FAULTS: [Fault; 9] = [
    Fault::Cut,
    Fault::Reset,
    Fault::KillClient,
    Fault::KillServer,
    Fault::CrashClient,
    Fault::CrashServer,
    Fault::RestartServer,
    Fault::CutFor(SHORT),
    Fault::CutFor(LONG),
];

/// Shorter than ARP is patient: everything goes on.
pub const SHORT: Duration = Duration::from_millis(1_500);
/// Longer than ARP is patient, and than some wait for a reply; TCP goes on.
pub const LONG: Duration = Duration::from_secs(400);
/// How long a host is down.
const DOWN: Duration = Duration::from_secs(5);

/// The longest that anything may take after a fault: idle times of both ends, and what TCP gives up after.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// The wire.
struct Wire {
    fault: Option<(usize, Fault)>,
    /// When each frame passed.
    passed: Vec<Instant>,
    out: VecDeque<(InterfaceId, Frame)>,
}

impl Script for Wire {
    fn interfaces(&self) -> u16 {
        2
    }

    fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, mut frame: Frame) {
        let number = self.passed.len();
        self.passed.push(ctx.now);
        frame.complete_checksum();
        let octets = frame.to_vec();
        let other = InterfaceId(1 - on.0);
        match self.fault {
            Some((at, Fault::Cut)) if number >= at => return,
            Some((at, Fault::CutFor(span))) if number >= at && ctx.now < self.passed[at] + span => return,
            Some((at, Fault::Reset)) if number == at => {
                if let Some((onward, back)) = resets(&octets) {
                    self.out.push_back((other, raw(onward)));
                    self.out.push_back((on, raw(back)));
                    return;
                }
            }
            _ => {}
        }
        self.out.push_back((other, raw(octets)));
    }

    fn poll_transmit(&mut self, _: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        self.out.pop_front()
    }
}

fn raw(octets: Vec<u8>) -> Frame {
    Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call))
}

/// Resets for both ends of the connection that a frame is of.
fn resets(frame: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let is_tcp = frame.get(12..14)? == [8, 0] && *frame.get(23)? == 6;
    let tcp = frame.get(14 + usize::from(frame[14] & 15) * 4..).filter(|_| is_tcp)?;
    let sequence: [u8; 4] = tcp.get(4..8)?.try_into().ok()?;
    let acknowledged: [u8; 4] = tcp.get(8..12)?.try_into().ok()?;
    let syn = tcp[13] & 2 != 0;
    // RFC 5961 §3.2: only one at the very number that is expected next resets.
    let onward = reset(frame, tcp, sequence);
    let mut back = reset(frame, tcp, acknowledged);
    for (one, other, length) in [(0, 6, 6), (26, 30, 4), (34, 36, 2)] {
        for at in 0..length {
            back.swap(one + at, other + at);
        }
    }
    if syn {
        // Who has sent a SYN wants it acknowledged (RFC 9293 §3.10.7.3).
        let next = u32::from_be_bytes(sequence).wrapping_add(1);
        back[42..46].copy_from_slice(&next.to_be_bytes());
        back[47] = 0x14;
        sum(&mut back);
    }
    Some((onward, back))
}

fn reset(frame: &[u8], tcp: &[u8], sequence: [u8; 4]) -> Vec<u8> {
    let mut octets = frame[..14].to_vec();
    octets.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0]);
    octets.extend_from_slice(&frame[26..34]);
    octets.extend_from_slice(&tcp[..4]);
    octets.extend(sequence);
    octets.extend([0, 0, 0, 0, 0x50, 0x04, 0, 0, 0, 0, 0, 0]);
    sum(&mut octets);
    octets
}

fn sum(octets: &mut [u8]) {
    octets[24..26].fill(0);
    let ip = Sum::new().with(&octets[14..34]).finish();
    octets[24..26].copy_from_slice(&ip.to_be_bytes());
    octets[50..52].fill(0);
    let pseudo = [0, 6, 0, 20];
    let tcp = Sum::new().with(&octets[26..34]).with(&pseudo).with(&octets[34..54]).finish();
    octets[50..52].copy_from_slice(&tcp.to_be_bytes());
}

/// A client, a server, and what they begin with.
pub struct Case<C, S> {
    pub client: C,
    pub server: S,
    pub client_files: fn() -> Box<dyn Storage>,
    pub server_files: fn() -> Box<dyn Storage>,
}

/// How a run ended.
pub struct Ended {
    /// Of the client.
    pub client: Result<(), String>,
    /// The files of both.
    pub storages: [Box<dyn Storage>; 2],
    /// When each frame passed the wire.
    pub passed: Vec<Instant>,
}

impl<C, S, FC, FS> Case<C, S>
where
    C: Fn() -> FC,
    S: Fn() -> FS + Clone + 'static,
    FC: Future<Output = Result<(), AppError>> + 'static,
    FS: Future<Output = Result<(), AppError>> + 'static,
{
    /// Runs it without a fault, then with each fault at each frame; `check` looks at how each run ended.
    pub fn at_every_frame(&self, faults: &[Fault], check: impl Fn(Option<(usize, Fault)>, &mut Ended)) {
        let mut whole = self.run(None, &[]);
        assert_eq!(whole.client, Ok(()), "without a fault");
        check(None, &mut whole);
        assert!(whole.passed.len() > 20, "only {} frames: this is no session", whole.passed.len());
        for fault in faults {
            for at in 0..whole.passed.len() {
                let mut ended = self.run(Some((at, *fault)), &whole.passed);
                if *fault == Fault::CutFor(SHORT) {
                    assert_eq!(ended.client, Ok(()), "a short cut at {at}");
                }
                check(Some((at, *fault)), &mut ended);
            }
        }
    }

    fn run(&self, fault: Option<(usize, Fault)>, passed: &[Instant]) -> Ended {
        let mut world = World::new(7);
        let client = add_host(&mut world, "client", "10.0.0.1/24");
        let server = add_host(&mut world, "server", "10.0.0.2/24");
        let wire = Wire { fault, passed: Vec::new(), out: VecDeque::new() };
        let wire = world.add_script("wire", Box::new(wire)).unwrap();
        let delay = Duration::from_millis(1);
        let delay = Some(wirelab_sim::Delay { base: delay, jitter: None });
        for (interface, host) in [(0, client), (1, server)] {
            let direction = DirectionConfig { delay, ..DirectionConfig::default() };
            let ends = [(host, InterfaceId(0)), (wire, InterfaceId(interface))];
            let name = format!("link {interface}");
            world.connect(LinkConfig { name, ends, directions: [direction.clone(), direction] }).unwrap();
        }
        world.set_storage(client, (self.client_files)());
        world.set_storage(server, (self.server_files)());
        let killed = |who| fault.filter(|(_, fault)| *fault == who).map(|(at, _)| passed[at]);
        world.spawn(client, "client", Instant::ZERO, mortal((self.client)(), killed(Fault::KillClient)));
        if let Some((at, Fault::RestartServer)) = fault {
            world.spawn_service(server, "server", Instant::ZERO, self.server.clone());
            world.at(passed[at], Change::Crash(server));
            world.at(passed[at] + DOWN, Change::Restart(server));
        } else {
            world.spawn(server, "server", Instant::ZERO, mortal((self.server)(), killed(Fault::KillServer)));
        }
        match fault {
            Some((at, Fault::CrashClient)) => world.at(passed[at], Change::Crash(client)),
            Some((at, Fault::CrashServer)) => world.at(passed[at], Change::Crash(server)),
            _ => {}
        }
        let limits = Limits { until: Some(Instant::ZERO + PATIENCE), max_events: None };
        let outcome = world.run(limits, &mut |_| {});
        let applications = world.applications();
        match &outcome {
            Outcome::Completed => {}
            // A server to which nobody came waits still, and nothing else does.
            Outcome::Deadlock { waiting } => {
                let accepts = waiting.iter().all(|who| {
                    who.application == "server"
                        && who.waits_for.iter().all(|what| what.to_string().contains("accept"))
                });
                assert!(accepts, "{fault:?}: {outcome}");
            }
            _ => panic!("{fault:?}: it hangs, {outcome}"),
        }
        let ended =
            applications.iter().find(|application| application.name == "client").unwrap().ended.clone();
        let storages = [client, server]
            .map(|host| world.set_storage(host, Box::<wirelab_stack::storage::MemoryStorage>::default()));
        let passed = world.script_mut::<Wire>(wire).map(|wire| core::mem::take(&mut wire.passed)).unwrap();
        Ended { client: ended.expect("the client has ended").1, storages, passed }
    }
}

fn add_host(world: &mut World, name: &str, address: &str) -> NodeId {
    let interface = InterfaceConfig::new("eth0", mac_of(name, 0), vec![address.parse().unwrap()]);
    let mut config = HostConfig::new(name, NodeId(0), interface);
    // Less than a file: who is killed while it is under way has not handed all of it to TCP, which would send it still.
    config.profile.tcp.send_buffer = 4_096;
    world.add_host(config).unwrap()
}

/// Runs an application that dies at an instant, with all its tasks.
async fn mortal(
    application: impl Future<Output = Result<(), AppError>>,
    dies: Option<Instant>,
) -> Result<(), AppError> {
    let Some(dies) = dies else { return application.await };
    let left = dies.since(time::now());
    time::timeout(left, application).await.unwrap_or_else(|_| Err(AppError::new("it was killed")))
}
