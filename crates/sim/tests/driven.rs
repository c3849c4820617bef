//! Worlds that somebody else drives: ports to the outside, inputs at their instants, late clocks.

use core::convert::Infallible;
use core::ops::ControlFlow;
use std::collections::VecDeque;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wirelab_sim::{
    Change, Corrupt, Direction, Driver, Input, MOST_OUTGOING, Network, QueueLimit, Rate, Signal, TraceHash,
    World,
};
use wirelab_stack::application::AppError;
use wirelab_stack::frame::{Frame, Meta, NodeId};
use wirelab_stack::rng::Probability;
use wirelab_stack::socket::net::stdio::{stdin, stdout};
use wirelab_stack::socket::net::{TcpListener, TcpStream};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, Trigger};

/// What was sent, by which port, and when.
type Sent = Vec<(Instant, NodeId, Vec<u8>)>;

/// A wire outside of the world, between ports, with a clock that is late; and a person who types.
#[derive(Default)]
struct Outside {
    now: Instant,
    /// How late every turn is.
    late: Duration,
    /// Inputs that come at their times.
    script: VecDeque<(Instant, Input)>,
    /// Two ports, between which frames go round outside.
    wire: Option<[NodeId; 2]>,
    round: Vec<Input>,
    /// Whether a port's device takes nothing.
    stuck: bool,
    sent: Sent,
    printed: Vec<u8>,
    /// Octets that are printed at a time.
    most_printed: Option<usize>,
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
            let next = self.script.front().map(|(at, _)| *at);
            let at = until.into_iter().chain(next).min().expect("somebody waits for something");
            self.now = self.now.max(at) + self.late;
        }
        inputs.append(&mut self.round);
        while self.script.front().is_some_and(|(at, _)| *at <= self.now) {
            let Some((_, input)) = self.script.pop_front() else { break };
            if let Input::Standard(octets) = &input {
                assert!(octets.len() <= room);
            }
            inputs.push(input);
        }
        Ok(self.now)
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), Infallible> {
        if self.stuck {
            return Ok(());
        }
        for frame in frames.drain(..) {
            self.sent.push((self.now, port, frame.to_vec()));
            if let Some([a, b]) = self.wire {
                // What comes off a real wire is octets.
                let frame = Frame::from_wire(frame.to_vec().into(), frame.meta);
                self.round.push(Input::Frame { port: if port == a { b } else { a }, frame });
            }
        }
        Ok(())
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        let most = octets.len().min(self.most_printed.unwrap_or(usize::MAX));
        self.printed.extend_from_slice(&octets[..most]);
        Ok(most)
    }
}

const ANSWER: usize = 300_000;

async fn server() -> Result<(), AppError> {
    let listener = TcpListener::bind("10.0.0.2:7").await?;
    let (mut stream, _) = listener.accept().await?;
    let mut question = String::new();
    stream.read_to_string(&mut question).await?;
    assert_eq!(question, "how many?");
    Ok(stream.write_all(&vec![9; ANSWER]).await?)
}

async fn client() -> Result<(), AppError> {
    let mut stream = TcpStream::connect("10.0.0.2:7").await?;
    stream.write_all(b"how many?").await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    assert_eq!(answer, vec![9; ANSWER]);
    Ok(())
}

/// Two hosts that reach each other only by the wire outside, in turns that are `late`.
fn across_the_outside(late: Duration) -> (Sent, String) {
    let mut network = Network::new(1);
    let (a, b) = (network.host("a", "10.0.0.1/24"), network.host("b", "10.0.0.2/24"));
    let ports = ["left", "right"].map(|name| network.external(name));
    network.link(a, ports[0]);
    network.link(b, ports[1]);
    network.spawn(b, "server", server());
    network.spawn(a, "client", client());
    let world = network.world();
    world.set_recorder(Box::new(TraceHash::new(world.names())));
    let wire = Some(ports.map(wirelab_sim::HostRef::node));
    let mut outside = Outside { late, wire, ..Outside::default() };
    let driven: Result<(), _> = world.drive(&mut outside, None, |world, _| {
        let over = world.applications().iter().all(|application| application.ended.is_some());
        if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(driven.is_ok());
    for application in world.applications() {
        assert_eq!(application.ended.map(|(_, how)| how), Some(Ok(())));
    }
    let hash = world.take_recorder().and_then(|hash| hash.downcast::<TraceHash>().ok());
    (outside.sent, hash.expect("it was set").to_string())
}

#[test]
fn the_same_inputs_at_the_same_instants_give_the_same_frames() {
    let late = Duration::from_micros(170);
    let (sent, hash) = across_the_outside(late);
    assert!(sent.len() > ANSWER / 1_460, "it went by the wire: {} frames", sent.len());
    assert_eq!((sent, hash), across_the_outside(late));
}

fn frame(number: u32) -> Frame {
    let octets = [[2, 0, 0, 0, 0, 1].as_slice(), &[2, 0, 0, 0, 0, 2], &[0x88, 0xb5], &number.to_be_bytes()];
    let octets = [octets.concat(), vec![0; 982]].concat();
    Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call))
}

#[test]
fn a_late_clock_makes_no_link_slower() {
    let mut network = Network::new(1);
    let [a, b] = ["a", "b"].map(|name| network.external(name));
    // 1,000 octets take 8 ms.
    network.link(a, b).rate(Rate::mbit(1)).queue(QueueLimit::Packets(100));
    let world = network.world();
    let script =
        (0..100).map(|number| (Instant::ZERO, Input::Frame { port: a.node(), frame: frame(number) }));
    let mut outside =
        Outside { late: Duration::from_millis(3), script: script.collect(), ..Outside::default() };
    let mut left = None;
    let driven: Result<(), _> = world.drive(&mut outside, None, |world, _| {
        if world.link_counters(wirelab_sim::LinkId(0), wirelab_sim::Direction::Forward).delivered_frames
            == 100
        {
            left = Some(world.now());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    assert!(driven.is_ok());
    let (first, last) = (outside.sent[0].0, left.expect("all have passed"));
    assert_eq!(outside.sent.len(), 100);
    // They came in 3 ms late; each of the hundred took its 8 ms, and only the last turn is late again.
    assert!(first >= Instant::from_millis(11));
    let least = Instant::from_millis(3 + 800);
    assert!(last >= least && last <= least + Duration::from_millis(3), "the last left at {last}");
    let order = outside.sent.iter().map(|(_, _, octets)| octets[14..18].to_vec());
    assert!(order.eq((0..100_u32).map(|number| number.to_be_bytes().to_vec())));
}

#[test]
fn what_waits_for_a_device_is_bounded() {
    let mut network = Network::new(1);
    let [a, b] = ["a", "b"].map(|name| network.external(name));
    network.link(a, b);
    let world = network.world();
    let number_of = MOST_OUTGOING as u32 + 1;
    let script =
        (0..number_of).map(|number| (Instant::ZERO, Input::Frame { port: a.node(), frame: frame(number) }));
    let mut outside = Outside { script: script.collect(), stuck: true, ..Outside::default() };
    let mut turns = 0;
    let mut end = |_: &mut wirelab_sim::World, _: &[Signal]| {
        turns += 1;
        if turns == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(world.drive(&mut outside, None, &mut end).is_ok());
    assert_eq!(world.external_counters(b.node()).map(|port| port.queue_full), Some(1));
    outside.stuck = false;
    let once = |_: &mut wirelab_sim::World, _: &[Signal]| ControlFlow::Break(());
    assert!(world.drive(&mut outside, None, once).is_ok());
    assert_eq!(outside.sent.len(), MOST_OUTGOING, "the device takes them again");
}

#[test]
fn what_a_check_sequence_betrays_does_not_leave() {
    for betrayed in [true, false] {
        let mut network = Network::new(1);
        let [a, b] = ["a", "b"].map(|name| network.external(name));
        let corrupt = Corrupt { probability: Probability::ALWAYS, bits: 1, fcs: betrayed };
        network.link(a, b).direction(Direction::Forward, |direction| direction.corrupt = Some(corrupt));
        let world = network.world();
        let script = [(Instant::ZERO, Input::Frame { port: a.node(), frame: frame(1) })];
        let mut outside = Outside { script: script.into(), ..Outside::default() };
        let mut turns = 0;
        let end = |_: &mut World, _: &[Signal]| {
            turns += 1;
            if turns == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        assert!(world.drive(&mut outside, None, end).is_ok());
        let counters = world.external_counters(b.node()).unwrap();
        assert_eq!((counters.bad_fcs, outside.sent.len()), if betrayed { (1, 0) } else { (0, 1) });
        assert_eq!(world.external_counters(a.node()).unwrap().received, 1);
    }
}

#[test]
fn who_drives_has_a_turn_when_it_wants_one_and_sees_what_waits() {
    let mut network = Network::new(1);
    let [a, b] = ["a", "b"].map(|name| network.external(name));
    network.link(a, b).rate(Rate::kbit(8));
    let world = network.world();
    let link = world.link_ids().next().unwrap();
    world.at(Instant::from_millis(5), Change::Wake);
    let script = (0..4).map(|number| (Instant::ZERO, Input::Frame { port: a.node(), frame: frame(number) }));
    let mut outside = Outside { script: script.collect(), ..Outside::default() };
    let mut seen = Vec::new();
    let end = |world: &mut World, _: &[Signal]| {
        seen.push((world.now(), world.link_queue(link, Direction::Forward)));
        if world.now() > Instant::ZERO { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(world.drive(&mut outside, None, end).is_ok());
    let three = (3, 3 * frame(0).len() as u64);
    assert_eq!(seen, [(Instant::ZERO, (0, 0)), (Instant::ZERO, three), (Instant::from_millis(5), three)]);
    assert_eq!(world.link_queue(link, Direction::Backward), (0, 0));
    assert_eq!(world.events(), 2, "the ports' first turns, and nothing else");
}

#[test]
fn the_console_is_one_hosts_and_signals_reach_who_drives() {
    let mut network = Network::new(1);
    let desk = network.host("desk", "10.0.0.1/24");
    network.spawn(desk, "copy", async {
        let mut text = String::new();
        stdin().read_to_string(&mut text).await?;
        Ok(stdout().write_all(text.to_uppercase().as_bytes()).await?)
    });
    let script = [
        (Instant::from_secs(1), Input::Standard("hello ".into())),
        (Instant::from_secs(2), Input::Standard("there".into())),
        (Instant::from_secs(2), Input::EndOfInput),
        (Instant::from_secs(3), Input::Signal(Signal::Terminate)),
    ];
    let mut outside = Outside { script: script.into(), most_printed: Some(4), ..Outside::default() };
    let ended = network.world().drive(&mut outside, Some(desk.node()), |world, signals| match signals {
        [signal] => ControlFlow::Break((*signal, world.now())),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(ended, Ok((Signal::Terminate, Instant::from_secs(3))));
    assert_eq!(outside.printed, b"HELLO THERE");
}
