//! Bulk transfer by this stack and by smoltcp, interleaved in one process: nanoseconds a segment, and (under
//! `benches/callgrind.sh`) instructions a segment, both ends together.
//!
//! Both have the same MSS and buffers, one ACK for two segments, a congestion controller, and copies from and to
//! the application's memory at the socket calls; each turn delivers the same number of frames. Usage:
//!
//! - `cargo bench --bench compare`: interleaved rounds of every contestant, their medians.
//! - `compare NAME SEGMENTS`: that one alone, once; what `benches/callgrind.sh` runs.
//! - `compare setup-IDLE COUNT`: COUNT connections of ours set up and reset beside IDLE idle ones, for the same.
//! - `compare routers-N COUNT`: COUNT packets through N routers in a line, and `routes-N COUNT`: through one with N routes.
//! - `compare idle-N COUNT`: COUNT thousand octets over a simulated switch with N idle hosts; says how many events.
//! - `compare pieces-in-order COUNT`, `pieces-in-reverse COUNT`: COUNT datagrams of 64 KiB put together.

#[path = "../support/hosts.rs"]
mod hosts;
#[path = "../support/pieces.rs"]
mod pieces;
#[path = "../support/routers.rs"]
mod routers;
mod smoltcp_pair;
#[path = "../support/switched.rs"]
mod switched;
mod wirelab_pair;

use std::process::ExitCode;
use std::time::Instant;

use smoltcp_pair::SmoltcpPair;
use wirelab_pair::WirelabPair;

/// Octets of an Ethernet frame without its check sequence.
const ETHERNET_MTU: usize = 1514;
/// Octets of payload in a full segment without options.
const MSS: usize = 1460;
/// Octets of each socket buffer.
const BUFFER: usize = 65_536;
/// Octets of one call of the application.
const CHUNK: usize = 16_384;

/// What varies between contestants.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    checksums: bool,
    timestamps: bool,
}

/// Frames that a transfer took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transferred {
    data_frames: u64,
    ack_frames: u64,
}

/// Two ends with an established connection.
pub trait Pair {
    /// Moves `octets` from one application to the other.
    fn transfer(&mut self, octets: usize) -> Transferred;
}

struct Contestant {
    name: &'static str,
    start: fn(Setting) -> Box<dyn Pair>,
    setting: Setting,
}

const WITH: Setting = Setting { checksums: true, timestamps: false };
const WITHOUT: Setting = Setting { checksums: false, timestamps: false };

const CONTESTANTS: [Contestant; 4] = [
    Contestant { name: "wirelab", start: |setting| Box::new(WirelabPair::new(setting)), setting: WITH },
    Contestant { name: "smoltcp", start: |setting| Box::new(SmoltcpPair::new(setting)), setting: WITH },
    Contestant {
        name: "wirelab-unchecked",
        start: |setting| Box::new(WirelabPair::new(setting)),
        setting: WITHOUT,
    },
    Contestant {
        name: "smoltcp-unchecked",
        start: |setting| Box::new(SmoltcpPair::new(setting)),
        setting: WITHOUT,
    },
];

/// What `name` (`setup-IDLE`) says: `count` connections, set up and reset one after the other, beside IDLE others.
fn setup(name: &str, count: usize) -> Option<Transferred> {
    let idle = name.strip_prefix("setup-")?.parse().ok()?;
    let mut hosts = hosts::Hosts::new(true, &wirelab::stack::profile::Profile::rfc());
    hosts.add_idle(idle);
    for _ in 0..count {
        hosts.connect_and_abort();
    }
    Some(Transferred { data_frames: count as u64, ack_frames: 0 })
}

/// What `name` (`routers-N`, `routes-N`) says: `count` packets through a line of N routers, or one with N more routes.
fn forward(name: &str, count: usize) -> Option<Transferred> {
    let number = |prefix| name.strip_prefix(prefix).and_then(|number| number.parse::<u32>().ok());
    let mut line = match (number("routers-"), number("routes-")) {
        (Some(routers), _) => routers::Line::new(routers as usize, 0),
        (None, Some(routes)) => routers::Line::new(1, routes),
        (None, None) => return None,
    };
    let mut frame = wirelab::stack::frame::Frame::empty();
    let arrived = (0..count).filter(|_| line.pass(&mut frame) > 0).count();
    Some(Transferred { data_frames: arrived as u64, ack_frames: 0 })
}

/// What `name` (`idle-N`) says: the events of a transfer of `count` thousand octets over a switch with N hosts more.
fn idle(name: &str, count: usize) -> Option<Transferred> {
    let hosts = name.strip_prefix("idle-")?.parse().ok()?;
    let mut net = switched::switched(hosts, 1000 * count as u64);
    let before = net.world().events();
    net.finish();
    Some(Transferred { data_frames: net.world().events() - before, ack_frames: 0 })
}

/// What `name` (`pieces-in-order`, `pieces-in-reverse`) says: `count` datagrams put together.
fn reassemble(name: &str, count: usize) -> Option<Transferred> {
    let order = name.strip_prefix("pieces-in-")?;
    let mut pieces = pieces::Pieces::new(order == "reverse");
    let whole = (0..count).filter(|_| pieces.reassemble() == pieces::OCTETS).count();
    Some(Transferred { data_frames: whole as u64, ack_frames: 0 })
}

/// One contestant alone: its connection set up, a window's worth to warm it, then `segments`.
fn alone(name: &str, segments: usize) -> Result<Transferred, String> {
    let others: [fn(&str, usize) -> Option<Transferred>; 4] = [setup, forward, idle, reassemble];
    if let Some(done) = others.iter().find_map(|other| other(name, segments)) {
        return Ok(done);
    }
    let contestant = CONTESTANTS.iter().find(|contestant| contestant.name == name);
    let names = CONTESTANTS.map(|contestant| contestant.name);
    let contestant = contestant.ok_or_else(|| format!("`{name}` is none of {names:?}"))?;
    let mut pair = (contestant.start)(contestant.setting);
    pair.transfer(1000 * MSS);
    Ok(pair.transfer(segments * MSS))
}

/// Every contestant by turns, `rounds` times; prints each one's median.
fn interleaved(rounds: usize, segments: usize) {
    let mut pairs = CONTESTANTS.map(|contestant| (contestant.start)(contestant.setting));
    let mut times = CONTESTANTS.map(|_| Vec::new());
    let mut moved = [Transferred::default(); CONTESTANTS.len()];
    for _ in 0..rounds {
        for (n, pair) in pairs.iter_mut().enumerate() {
            let start = Instant::now();
            moved[n] = pair.transfer(segments * MSS);
            times[n].push(start.elapsed().as_nanos() / u128::from(moved[n].data_frames));
        }
    }
    println!("{:<20} {:>10} {:>12}", "", "ns/segment", "segments/ACK");
    for (n, contestant) in CONTESTANTS.iter().enumerate() {
        times[n].sort_unstable();
        let hundredths = 100 * moved[n].data_frames / moved[n].ack_frames;
        let ratio = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        println!("{:<20} {:>10} {ratio:>12}", contestant.name, times[n][rounds / 2]);
    }
}

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`, `cargo test --benches` nothing to a program without a harness.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &arguments[..] {
        [] => interleaved(21, 20_000),
        [name, segments] => match segments.parse().map_err(|error| format!("{segments}: {error}")) {
            Ok(segments) => match alone(name, segments) {
                Ok(moved) => println!("{name} {} {}", moved.data_frames, moved.ack_frames),
                Err(error) => return complain(&error),
            },
            Err(error) => return complain(&error),
        },
        _ => return complain("usage: compare [NAME SEGMENTS]"),
    }
    ExitCode::SUCCESS
}

fn complain(error: &str) -> ExitCode {
    eprintln!("compare: {error}");
    ExitCode::from(2)
}
