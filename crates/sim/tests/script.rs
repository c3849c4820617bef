//! Worlds of scripted nodes: order of events, changes, limits, and the end of a run.

use std::any::Any;

use bytes::Bytes;
use wirelab_sim::{
    BuildError, Change, Component, Delay, Direction, DirectionConfig, Limits, LinkConfig, Outcome,
    QueueLimit, Rate, Recorder, Script, StageConfig, StageKind, TraceHash, World,
};
use wirelab_stack::context::Ctx;
use wirelab_stack::frame::{Frame, FrameId, InterfaceId, Meta, NodeId};
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, Event, Interest, Trigger};

/// Sends frames of a thousand octets at given times by its interfaces, and keeps what it gets.
#[derive(Default)]
struct Station {
    interfaces: u16,
    /// By time, the last first.
    plan: Vec<(Instant, u16, u8)>,
    due: Vec<(u16, u8)>,
    got: Vec<(Instant, u16, u8)>,
    /// Sends each frame back by this interface.
    answers_by: Option<u16>,
}

impl Station {
    fn sending(plan: &[(u64, u8)]) -> Self {
        let mut plan: Vec<_> = plan.iter().map(|(at, octet)| (ms(*at), 0, *octet)).collect();
        plan.reverse();
        Self { interfaces: 1, plan, ..Default::default() }
    }

    fn listening(interfaces: u16) -> Self {
        Self { interfaces, ..Default::default() }
    }
}

impl Script for Station {
    fn interfaces(&self) -> u16 {
        self.interfaces
    }

    fn handle_frame(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: Frame) {
        let octet = frame.to_vec()[0];
        self.got.push((ctx.now, on.0, octet));
        self.due.extend(self.answers_by.map(|interface| (interface, octet)));
    }

    fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((_, interface, octet)) = self.plan.pop_if(|(at, ..)| *at <= ctx.now) {
            self.due.push((interface, octet));
        }
    }

    fn poll_transmit(&mut self, _: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        if self.due.is_empty() {
            return None;
        }
        let (interface, octet) = self.due.remove(0);
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        Some((InterfaceId(interface), Frame::from_wire(Bytes::from(vec![octet; 1_000]), meta)))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.plan.last().map(|(at, ..)| *at)
    }
}

const fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn delay(millis: u64) -> DirectionConfig {
    let base = Duration::from_millis(millis);
    DirectionConfig { delay: Some(Delay { base, jitter: None }), ..Default::default() }
}

fn link(name: &str, ends: [(NodeId, u16); 2], settings: &DirectionConfig) -> LinkConfig {
    LinkConfig {
        name: name.into(),
        ends: ends.map(|(node, interface)| (node, InterfaceId(interface))),
        directions: [settings.clone(), settings.clone()],
    }
}

/// Two stations and a link, the first of which sends.
fn pair(plan: &[(u64, u8)], settings: &DirectionConfig) -> (World, NodeId, wirelab_sim::LinkId) {
    let mut world = World::new(1);
    let a = world.add_script("a", Box::new(Station::sending(plan))).unwrap();
    let b = world.add_script("b", Box::new(Station::listening(1))).unwrap();
    let wire = world.connect(link("wire", [(a, 0), (b, 0)], settings)).unwrap();
    (world, b, wire)
}

fn run(world: &mut World) -> Outcome {
    world.run(Limits::default(), &mut |_| {})
}

fn got(world: &mut World, node: NodeId) -> Vec<(Instant, u8)> {
    let station = world.script_mut::<Station>(node).unwrap();
    station.got.iter().map(|(at, _, octet)| (*at, *octet)).collect()
}

#[test]
fn frames_arrive_after_their_delay_and_the_run_ends_with_the_last() {
    let (mut world, b, wire) = pair(&[(0, 1), (5, 2)], &delay(20));
    assert_eq!(run(&mut world), Outcome::Completed);
    assert_eq!(got(&mut world, b), [(ms(20), 1), (ms(25), 2)]);
    assert_eq!(world.now(), ms(25));
    let counters = world.link_counters(wire, Direction::Forward);
    assert_eq!((counters.frames_in, counters.delivered_frames, counters.delivered_bytes), (2, 2, 2_000));
    assert_eq!(world.link_counters(wire, Direction::Backward).frames_in, 0);
}

#[test]
fn a_time_limit_stops_and_the_run_goes_on_from_there() {
    let (mut world, b, _) = pair(&[(0, 1), (5, 2)], &delay(20));
    let limits = Limits { until: Some(ms(22)), max_events: None };
    assert_eq!(world.run(limits, &mut |_| {}), Outcome::TimeLimit);
    assert_eq!((world.now(), got(&mut world, b).len()), (ms(22), 1));
    assert_eq!(run(&mut world), Outcome::Completed);
    assert_eq!(got(&mut world, b).len(), 2);
    assert_eq!(world.run_until(Instant::from_secs(9)), Outcome::Completed);
    assert_eq!(world.now(), Instant::from_secs(9));
}

#[test]
fn a_limit_of_events_stops_what_has_no_end() {
    // Two stations that answer each other at once: the same instant for ever.
    let mut world = World::new(1);
    let first = Station { answers_by: Some(0), ..Station::sending(&[(3, 1)]) };
    let a = world.add_script("a", Box::new(first)).unwrap();
    let b =
        world.add_script("b", Box::new(Station { answers_by: Some(0), ..Station::listening(1) })).unwrap();
    world.connect(link("wire", [(a, 0), (b, 0)], &DirectionConfig::default())).unwrap();
    let limits = Limits { until: None, max_events: Some(50_000) };
    let mut reports = 0;
    let outcome = world.run(limits, &mut |progress| {
        assert_eq!(progress.now, ms(3));
        reports += 1;
    });
    assert_eq!((outcome, world.now(), reports), (Outcome::EventLimit, ms(3), 5));
}

#[test]
fn simultaneous_frames_come_by_the_senders_whatever_the_order_of_building() {
    let order = |links: [usize; 3]| {
        let mut world = World::new(1);
        let senders = ["a", "b", "c"]
            .map(|name| world.add_script(name, Box::new(Station::sending(&[(1, name.as_bytes()[0])]))));
        let hub = world.add_script("hub", Box::new(Station::listening(3))).unwrap();
        for (interface, sender) in
            links.into_iter().zip(0_u16..).map(|(sender, interface)| (interface, sender))
        {
            let node = *senders[sender].as_ref().unwrap();
            let name = format!("wire{interface}");
            world.connect(link(&name, [(hub, interface), (node, 0)], &delay(1))).unwrap();
        }
        assert!(run(&mut world).is_completed());
        got(&mut world, hub)
    };
    let expected = [(ms(2), b'a'), (ms(2), b'b'), (ms(2), b'c')];
    assert_eq!(order([0, 1, 2]), expected);
    assert_eq!(order([2, 0, 1]), expected);
}

#[test]
fn a_cut_loses_frames_until_it_is_restored() {
    let plan = [(0, 1), (10, 2), (15, 3), (20, 4)];
    let (mut world, b, wire) = pair(&plan, &delay(8));
    world.at(ms(12), Change::Cut(wire));
    world.at(ms(20), Change::Restore(wire));
    assert!(run(&mut world).is_completed());
    // The second was under way, the third came while the link was down; at the same instant changes come first.
    assert_eq!(got(&mut world, b), [(ms(8), 1), (ms(28), 4)]);
    assert_eq!(world.link_counters(wire, Direction::Forward).down, 2);
}

#[test]
fn stages_change_in_mid_run() {
    let plan = [(0, 1), (0, 2), (10, 3), (10, 4), (20, 5)];
    let mut settings = delay(5);
    settings.rate = Some(Rate::mbit(8));
    let (mut world, b, wire) = pair(&plan, &settings);
    let direction = Direction::Forward;
    let stage = StageConfig::Queue(QueueLimit::Packets(0));
    world.at(ms(4), Change::SetStage { link: wire, direction, stage });
    world.at(ms(15), Change::RemoveStage { link: wire, direction, stage: StageKind::Queue });
    world.at(ms(15), Change::RemoveStage { link: wire, direction, stage: StageKind::Delay });
    assert!(run(&mut world).is_completed());
    assert_eq!(got(&mut world, b), [(ms(6), 1), (ms(7), 2), (ms(16), 3), (ms(20), 5)]);
    assert_eq!(world.link_counters(wire, direction).queue_full, 1);
}

#[test]
fn building_errors_say_what_is_wrong() {
    let mut world = World::new(1);
    let a = world.add_script("a", Box::new(Station::listening(1))).unwrap();
    let b = world.add_script("b", Box::new(Station::listening(2))).unwrap();
    let again = world.add_script("a", Box::new(Station::listening(1)));
    assert_eq!(again, Err(BuildError::DuplicateName("a".into())));
    let plain = DirectionConfig::default();
    let mut connect = |name, ends| world.connect(link(name, ends, &plain)).unwrap_err();
    assert_eq!(connect("x", [(a, 0), (NodeId(9), 0)]), BuildError::NoSuchNode(NodeId(9)));
    assert_eq!(connect("x", [(a, 1), (b, 0)]), BuildError::NoSuchInterface(a, InterfaceId(1)));
    assert_eq!(connect("x", [(b, 1), (b, 1)]), BuildError::InterfaceTaken(b, InterfaceId(1)));
    world.connect(link("x", [(a, 0), (b, 0)], &plain)).unwrap();
    let taken = world.connect(link("y", [(b, 1), (a, 0)], &plain)).unwrap_err();
    assert_eq!(taken, BuildError::InterfaceTaken(a, InterfaceId(0)));
}

#[test]
fn the_same_world_has_the_same_hash_and_another_seed_another() {
    let hash = |seed, idle: bool| {
        let mut world = World::new(seed);
        if idle {
            world.add_script("idle", Box::new(Station::listening(0))).unwrap();
        }
        let plan: Vec<_> = (0..200).map(|n| (n, n as u8)).collect();
        let a = world.add_script("a", Box::new(Station::sending(&plan))).unwrap();
        let b = world.add_script("b", Box::new(Station::listening(1))).unwrap();
        let loss = Some(wirelab_sim::Loss::Bernoulli(wirelab_stack::rng::Probability::ratio(1, 3)));
        let wire =
            world.connect(link("wire", [(a, 0), (b, 0)], &DirectionConfig { loss, ..delay(3) })).unwrap();
        world.set_recorder(Box::new(TraceHash::new(world.names())));
        assert!(run(&mut world).is_completed());
        let hash = world.take_recorder().unwrap().downcast::<TraceHash>().ok().unwrap();
        let forward = Component::Link { link: wire, direction: Direction::Forward };
        (hash.finish(), hash.hash_of(Component::Host(b)), hash.hash_of(forward))
    };
    assert_eq!(hash(1, false), hash(1, false));
    assert_eq!(hash(1, false), hash(1, true), "an idle node changes nobody's events");
    assert_ne!(hash(1, false).2, hash(2, false).2);
}

#[test]
fn a_scripted_nodes_frames_are_named_and_shown() {
    #[derive(Default)]
    struct Seen(Vec<(Component, &'static str, FrameId)>);
    impl Recorder for Seen {
        fn interest(&self) -> Interest {
            Interest::FRAMES
        }
        fn record(&mut self, _: Instant, at: Component, event: &Event<'_>) {
            let (what, id) = match event {
                Event::FrameSent { frame, .. } => ("sent", frame.meta.id),
                Event::FrameArrived { frame, .. } => ("arrived", frame.meta.id),
                Event::FrameAccepted { id } => ("accepted", *id),
                other => panic!("{other:?}"),
            };
            self.0.push((at, what, id));
        }
    }
    let (mut world, b, _) = pair(&[(0, 1)], &delay(1));
    world.set_recorder(Box::new(Seen::default()));
    assert!(run(&mut world).is_completed());
    let recorder: Box<dyn Any> = world.take_recorder().unwrap();
    let seen = recorder.downcast::<Seen>().unwrap();
    let id = FrameId { origin: NodeId(0), counter: 1 };
    let (a, b) = (Component::Host(NodeId(0)), Component::Host(b));
    assert_eq!(seen.0, [(a, "sent", id), (b, "arrived", id), (b, "accepted", id)]);
}
