//! A world that is recorded: a host with a hundred connections, files and a console, whose peer is another world at the
//! other end of a bad wire.

use core::convert::Infallible;
use core::ops::ControlFlow;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_replay::{Player, Recorder, Recording, Replay, Stop, Tally, Tape};
use wirelab_sim::{Driver, HostRef, Input, Network, Signal, TraceHash, World};
use wirelab_stack::application::AppError;
use wirelab_stack::clock::Timestamp;
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::socket::net::stdio::{stdin, stdout};
use wirelab_stack::socket::net::{TcpListener, TcpStream, fs};
use wirelab_stack::storage::{Existing, FilePath, MemoryStorage, Storage};
use wirelab_stack::time::{Duration, Instant};

/// What is written to by many.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub fn octets(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Shared {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How many connect.
pub const CONNECTIONS: usize = 100;
/// Octets of each answer.
const ANSWER: usize = 20_000;

/// What the outside is to a world: two ports, between which frames go round, some of them lost, and of each turn's frames
/// at most a few taken by a device.
struct Outside {
    now: Instant,
    ports: [NodeId; 2],
    round: Vec<Input>,
    counted: u64,
    /// How many frames the device takes a call.
    takes: usize,
    typed: VecDeque<Input>,
    signal: Option<(Instant, Signal)>,
    printed: Vec<u8>,
}

impl Outside {
    fn new(ports: [NodeId; 2]) -> Self {
        let typed =
            [Input::Standard(Bytes::from_static(b"one\n")), Input::Standard(Bytes::from_static(b"two\n"))];
        Self {
            now: Instant::ZERO,
            ports,
            round: Vec::new(),
            counted: 0,
            takes: 40,
            typed: typed.into_iter().chain([Input::EndOfInput]).collect(),
            signal: Some((Instant::from_millis(40), Signal::Terminate)),
            printed: Vec::new(),
        }
    }
}

impl Driver for Outside {
    type Error = Infallible;

    fn wait(
        &mut self,
        until: Option<Instant>,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<Instant, Infallible> {
        if self.round.is_empty() {
            self.now = self.now.max(until.expect("somebody waits for something"));
        }
        self.now += Duration::from_micros(137);
        inputs.append(&mut self.round);
        if room > 0 {
            inputs.extend(self.typed.pop_front());
        }
        let now = self.now;
        inputs.extend(self.signal.take_if(|(at, _)| *at <= now).map(|(_, signal)| Input::Signal(signal)));
        Ok(self.now)
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), Infallible> {
        let [a, b] = self.ports;
        for frame in frames.drain(..frames.len().min(self.takes)) {
            self.counted += 1;
            if self.counted.is_multiple_of(50) {
                continue;
            }
            let mut meta = frame.meta;
            // Some come with a tag beside them, as a kernel hands them over, and are dropped for it.
            meta.vlan = self.counted.is_multiple_of(333).then_some(7);
            let frame = Frame::from_wire(frame.to_vec().into(), meta);
            self.round.push(Input::Frame { port: if port == a { b } else { a }, frame });
        }
        Ok(())
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        let most = octets.len().min(3);
        self.printed.extend_from_slice(&octets[..most]);
        Ok(most)
    }
}

async fn server() -> Result<(), AppError> {
    let listener = TcpListener::bind("10.0.0.2:7").await?;
    let answer = FilePath::new("answer")?;
    for number in 0..CONNECTIONS {
        let (mut stream, _) = listener.accept().await?;
        let mut question = String::new();
        stream.read_to_string(&mut question).await?;
        stream.write_all(&fs::read(&answer, ANSWER)?).await?;
        fs::append(&FilePath::new("log")?, format!("{number} {question}\n").as_bytes())?;
        assert!(fs::open(&FilePath::new("absent")?).is_err());
    }
    assert_eq!(fs::list(&FilePath::root())?.len(), 2);
    Ok(())
}

async fn client() -> Result<(), AppError> {
    let mut stream = TcpStream::connect("10.0.0.2:7").await?;
    stream.write_all(b"how much?").await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    assert_eq!(answer.len(), ANSWER);
    Ok(())
}

async fn terminal() -> Result<(), AppError> {
    let mut octets = Vec::new();
    stdin().read_to_end(&mut octets).await?;
    assert_eq!(octets, b"one\ntwo\n");
    Ok(stdout().write_all(b"that was all\n").await?)
}

/// What a run is asked for before it begins, and what differs where another is run.
#[derive(Clone, Copy)]
pub struct Settings {
    pub seed: u64,
    /// How long the file is that is answered with.
    pub answer: usize,
}

pub const SETTINGS: Settings = Settings { seed: 42, answer: ANSWER };

struct Built {
    network: Network,
    server: NodeId,
    ports: [NodeId; 2],
}

fn build(tape: &Tape, Settings { seed, answer }: Settings) -> Result<Built, Stop> {
    let seed = if tape.is_replay() {
        tape.ask("seed", || Err(Stop::Cut))?
    } else {
        tape.ask("seed", || Ok::<_, Stop>(seed))?
    };
    let mut network = Network::new(seed);
    let (a, b) = (network.host("a", "10.0.0.1/24"), network.host("b", "10.0.0.2/24"));
    let ports = ["left", "right"].map(|name| network.external(name));
    network.link(a, ports[0]);
    network.link(b, ports[1]);
    network.spawn(b, "server", server());
    for number in 0..CONNECTIONS {
        network.spawn(a, &format!("client {number}"), client());
    }
    network.spawn(a, "terminal", terminal());
    let mut files: Box<dyn Storage> = Box::new(MemoryStorage::default());
    if !tape.is_replay() {
        let path = FilePath::new("answer").expect("it is a path");
        let file = files.create(&path, 0).expect("there is room");
        files.write(file, &vec![7; answer]).expect("there is room");
        files.commit(file, Timestamp::UNIX_EPOCH, Existing::Replace).expect("there is room");
    }
    network.world().set_storage(b.node(), tape.storage(b.node(), files));
    Ok(Built { network, server: a.node(), ports: ports.map(HostRef::node) })
}

/// Runs until all has ended and a signal has come; the hash of all that happened.
fn drive<D: Driver>(built: &mut Built, driver: &mut D) -> Result<String, D::Error> {
    let host = built.server;
    let world = built.network.world();
    world.set_recorder(Box::new(TraceHash::new(world.names())));
    let mut told = false;
    world.drive(driver, Some(host), |world: &mut World, signals: &[Signal]| {
        told |= !signals.is_empty();
        let over = told && world.applications().iter().all(|application| application.ended.is_some());
        if over && !world.has_output(host) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let hash = world.take_recorder().and_then(|hash| hash.downcast::<TraceHash>().ok());
    Ok(hash.expect("it was set").to_string())
}

/// A record of a run, and the hash of what happened in it.
pub fn record() -> (Vec<u8>, String) {
    let shared = Shared::default();
    let recorder = Recorder::new(shared.clone()).expect("it can be written");
    let tape = Tape::Recorder(recorder.clone());
    let mut built = build(&tape, SETTINGS).expect("there is nothing to be missed");
    let mut recording = Recording::new(Outside::new(built.ports), recorder);
    let hash = drive(&mut built, &mut recording).expect("nothing fails");
    for application in built.network.world().applications() {
        assert_eq!(application.ended.map(|(_, how)| how), Some(Ok(())), "{}", application.name);
    }
    assert_eq!(recording.driver().printed, b"that was all\n");
    tape.finish().expect("it can be written");
    (shared.octets(), hash)
}

/// What came of running a record again.
#[derive(Debug)]
pub struct Replayed {
    pub stop: Stop,
    pub tally: Tally,
    pub hash: Option<String>,
}

/// Runs a record again; with something changed in the world where `change` says so.
pub fn replay(octets: Vec<u8>, change: impl FnOnce(&mut World)) -> Replayed {
    let player = match Player::new(std::io::Cursor::new(octets)) {
        Ok(player) => player,
        Err(stop) => return Replayed { stop, tally: Tally::default(), hash: None },
    };
    let mut built = match build(&Tape::Player(player.clone()), SETTINGS) {
        Ok(built) => built,
        Err(stop) => return Replayed { stop, tally: player.tally(), hash: None },
    };
    change(built.network.world());
    let mut replay = Replay::new(player.clone());
    built.ports.into_iter().for_each(|port| replay.add(port));
    let hash = drive(&mut built, &mut replay);
    let stop = player.finish();
    if let Err(other) = &hash {
        assert_eq!(*other, stop, "it says the same ever after");
    }
    Replayed { stop, tally: player.tally(), hash: hash.ok() }
}
