//! Two stations of the kernel's own, each in a network namespace of its own, on both ends of an emulated wire.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::namespace::{PATIENCE, run, wait};

/// The two stations' addresses.
pub const STATIONS: [&str; 2] = ["10.88.0.1", "10.88.0.2"];

/// A namespace, as long as a process in it that does nothing.
struct Station {
    sleeper: Child,
}

impl Station {
    fn new() -> Self {
        let sleeper = Command::new("unshare").args(["--net", "sleep", "600"]).spawn().unwrap();
        let station = Self { sleeper };
        // It is there when its namespace is another than ours.
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        let began = std::time::Instant::now();
        while fs::read_link(station.path()).is_ok_and(|path| path == own) {
            assert!(began.elapsed() < PATIENCE, "the namespace does not appear");
            std::thread::yield_now();
        }
        station
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.sleeper.id())
    }

    /// Runs a program in the namespace.
    #[track_caller]
    fn run(&self, arguments: &str) {
        run("nsenter", &format!("--net={} {arguments}", self.path()));
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        let _ = self.sleeper.kill();
        let _ = self.sleeper.wait();
    }
}

/// A wire of ours, and the stations on both of its ends.
pub struct Wire {
    child: Child,
    out: BufReader<ChildStdout>,
    stations: [Station; 2],
}

impl Wire {
    /// Starts `wirelab emulate` between the TAP devices `wa` and `wb`, which then go to their stations.
    #[track_caller]
    pub fn between_taps(options: &[&str]) -> Self {
        Self::start(["tap:wa", "tap:wb"], ["wa", "wb"], options)
    }

    /// Starts it between one end each of two veth pairs, whose other ends are the stations'.
    #[track_caller]
    pub fn between_veths(options: &[&str]) -> Self {
        silence();
        for (inner, outer) in [("ia", "wa"), ("ib", "wb")] {
            run("ip", &format!("link add {inner} type veth peer name {outer}"));
            run("ip", &format!("link set dev {inner} up"));
        }
        Self::start(["raw:ia", "raw:ib"], ["wa", "wb"], options)
    }

    fn start(links: [&str; 2], devices: [&str; 2], options: &[&str]) -> Self {
        silence();
        let stations = [Station::new(), Station::new()];
        let mut child = Command::new(env!("CARGO_BIN_EXE_wirelab"))
            .args(["emulate", "--between", links[0], links[1], "--json"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "{\"event\":\"ready\"}\n");
        let wire = Self { child, out, stations };
        for (place, (station, device)) in wire.stations.iter().zip(devices).enumerate() {
            run("ip", &format!("link set dev {device} netns {}", station.sleeper.id()));
            wire.inside(place, silence);
            station.run(&format!("ip link set dev {device} address {}", mac(place)));
            station.run(&format!("ip address add {}/24 dev {device}", STATIONS[place]));
            station.run("ip link set lo up");
            station.run(&format!("ip link set dev {device} up"));
            let other = 1 - place;
            station.run(&format!("ip neigh add {} lladdr {} dev {device}", STATIONS[other], mac(other)));
        }
        wire
    }

    /// Does something in a station's namespace, in a thread of its own.
    pub fn inside<T: Send>(&self, place: usize, work: impl FnOnce() -> T + Send) -> T {
        let namespace = fs::File::open(self.stations[place].path()).unwrap();
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Runs a program at a station.
    #[track_caller]
    pub fn run(&self, place: usize, arguments: &str) {
        self.stations[place].run(arguments);
    }

    /// A datagram socket at a station, bound to port 9.
    pub fn socket(&self, place: usize) -> UdpSocket {
        self.inside(place, || {
            let socket = UdpSocket::bind((STATIONS[place], 9)).unwrap();
            rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, 64 << 20).unwrap();
            socket
        })
    }

    /// Sends a signal, waits for the end; the exit code, and the summary.
    #[track_caller]
    pub fn end(mut self, signal: &str) -> (ExitStatus, serde_json::Value) {
        run("kill", &format!("-s {signal} {}", self.child.id()));
        self.summary()
    }

    /// Waits for the end; the exit code, and the summary.
    #[track_caller]
    pub fn summary(&mut self) -> (ExitStatus, serde_json::Value) {
        let status = wait(&mut self.child);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (status, serde_json::from_str(rest.lines().last().unwrap()).unwrap())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is sent in this namespace is what the test sends: devices say nothing of IPv6 when they come up. Neighbours are
/// known, so that there is no ARP either.
fn silence() {
    for which in ["all", "default"] {
        // A kernel without IPv6 says nothing of it.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1");
    }
}

/// A station's hardware address.
fn mac(place: usize) -> String {
    format!("02:00:00:00:88:0{}", place + 1)
}

/// A number in a summary: `directions.0.dropped.loss`.
#[track_caller]
pub fn number(summary: &serde_json::Value, path: &str) -> u64 {
    let step = |value: &serde_json::Value, step: &str| match step.parse::<usize>() {
        Ok(place) => value[place].clone(),
        Err(_) => value[step].clone(),
    };
    let found = path.split('.').fold(summary.clone(), |value, name| step(&value, name));
    found.as_u64().unwrap_or_else(|| panic!("{path}: {summary}"))
}
