//! Small internets drawn at random, trees and meshes of up to 30 nodes, with switches, hubs, cables and lines without
//! Ethernet between them: every pair of nodes reaches each other by computed routes, the time to live ends every loop,
//! and nobody answers what must not be answered. A failure shrinks, and prints the command that replays it.
//!
//! 64 cases a property, 2,000 with `WIRELAB_DEEP=1`.

mod stranger;
mod topology;
mod watch;

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use wirelab::scenario::{ApplicationState, Outcome, Report, Scenario};
use wirelab::sim::LinkConfig;
use wirelab::stack::frame::{InterfaceId, NodeId};
use wirelab::stack::time::Instant;

use stranger::{Packet, Stranger, packet};
use topology::{Topology, address, topology};
use watch::Watch;

/// The time to live of what hosts send.
const TTL: u32 = 64;

fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 2_000 } else { 64 }
}

/// Keeps the scenario, and says how to run it.
fn replay(topology: &Topology, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("topology-{:016x}.toml", topology.seed));
    match std::fs::write(&path, text) {
        Ok(()) => format!("replay: cargo run --release -- run {}", path.display()),
        Err(error) => format!("{error}; the scenario is\n{text}"),
    }
}

/// Runs `text` with whatever `prepare` adds to the world, and checks what was seen.
fn run(
    topology: &Topology,
    text: &str,
    prepare: impl FnOnce(&mut wirelab::scenario::Run),
    check: impl FnOnce(&Report, &Watch) -> Result<(), String>,
) -> Result<(), TestCaseError> {
    let fail = |what: String| TestCaseError::fail(format!("{what}\n  {}", replay(topology, text)));
    let scenario = Scenario::from_text("topology.toml", text, &[])
        .map_err(|error| fail(format!("the scenario is wrong:\n{error}")))?;
    let mut run = scenario.build(scenario.seed());
    run.add_recorder(Box::new(Watch::new(topology.broadcasts())));
    prepare(&mut run);
    let report = run.execute(&mut |_| {});
    let watch: Box<Watch> = run.take_recorder().expect("the recorder was added");
    let held = check(&report, &watch).and_then(|()| match &watch.mistakes[..] {
        [] => Ok(()),
        [first, ..] => Err(format!("{} mistakes, the first: {first}", watch.mistakes.len())),
    });
    held.map_err(fail)
}

/// A ping of one request, the `number`th of the scenario.
fn ping(number: usize, from: usize, to: &str) -> String {
    format!(
        "[[application]]\nname = \"p{number}-n{from}\"\nhost = \"n{from}\"\napp = \"ping\"\nto = \"{to}\"\ncount = 1\n\
         timeout = \"5 s\"\nstart = \"{number} ms\"\n"
    )
}

/// Each node pings each other at each of its addresses.
fn all_pairs(topology: &Topology) -> String {
    let mut text = String::new();
    let mut number = 0;
    for from in 0..topology.nodes.len() {
        for (to, networks) in topology.nodes.iter().enumerate().filter(|(to, _)| *to != from) {
            // One address of each is enough, but not always the first.
            let network = networks[(from + to) % networks.len()];
            let _ = write!(text, "{}", ping(number, from, &address(network, to)));
            number += 1;
        }
    }
    text
}

fn everybody_is_reached(report: &Report, watch: &Watch) -> Result<(), String> {
    if report.outcome != Outcome::Completed {
        return Err(format!("the run ended by {}", report.outcome.name()));
    }
    let lost = report.applications.iter().filter(|ping| ping.state != ApplicationState::Finished);
    let lost: Vec<&str> = lost.map(|ping| ping.name.as_str()).collect();
    if !lost.is_empty() {
        return Err(format!("{} of {} pings: {lost:?}", lost.len(), report.applications.len()));
    }
    // Shortest ways: nobody takes a detour, is sent away, or goes round.
    match watch.errors {
        0 => Ok(()),
        errors => Err(format!("{errors} ICMP errors where all is well")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_pair_reaches_each_other_by_computed_routes(topology in topology(), equal_cost: bool) {
        prop_assume!(topology.nodes.len() > 1);
        // With one network there is nothing to route, and with no router nothing to compute.
        let routing = if equal_cost { "equal-cost" } else { "shortest-path" };
        let head = format!("routes = \"{routing}\"");
        let head = if topology.media.len() > 1 { head.as_str() } else { "" };
        let text = topology.scenario(head, |_| String::new()) + &all_pairs(&topology);
        run(&topology, &text, |_| {}, everybody_is_reached)?;
    }

    #[test]
    fn the_time_to_live_ends_every_loop(topology in topology()) {
        prop_assume!(topology.media.len() > 1);
        let route = |node: usize| {
            let via = careless_next(&topology, node).map(|(network, next)| address(network, next));
            via.map_or_else(String::new, |via| format!("route = [{{ to = \"default\", via = \"{via}\" }}]"))
        };
        let mut text = topology.scenario("stop = { max_events = 2000000 }", route);
        for from in 0..topology.nodes.len() {
            let other = topology.picks[from % topology.picks.len()] as usize / 3 % topology.nodes.len();
            let _ = write!(text, "{}", ping(from, from, "192.0.2.1"));
            let _ = write!(text, "{}", ping(100 + from, from, &address(topology.nodes[other][0], other)));
        }
        run(&topology, &text, |_| {}, |report, watch| {
            if report.outcome != Outcome::Completed {
                return Err(format!("the run ended by {}", report.outcome.name()));
            }
            let lost = |number: usize| {
                let ping = report.applications.iter().find(|ping| ping.name == format!("p{number}-n{number}"));
                ping.is_some_and(|ping| ping.state != ApplicationState::Finished)
            };
            if !(0..topology.nodes.len()).all(lost) {
                return Err("somebody answers for a network that there is not".into());
            }
            let loops = (0..topology.nodes.len()).any(|from| goes_round(&topology, from));
            match watch.most_hops {
                hops if hops >= TTL => Err(format!("a packet went {hops} hops")),
                hops if loops && (hops < TTL - 1 || watch.errors == 0) => {
                    Err(format!("a packet in a loop went {hops} hops, and {} errors were sent", watch.errors))
                }
                _ => Ok(()),
            }
        })?;
    }

    #[test]
    fn nobody_answers_what_must_not_be_answered(
        topology in topology(), packets in proptest::collection::vec(packet(), 1..40)
    ) {
        let head = if topology.media.len() > 1 { "routes = \"shortest-path\"" } else { "" };
        let text = topology.scenario(head, |_| String::new());
        let count = packets.len() as u64;
        run(&topology, &text, |run| add_stranger(run, &topology, &packets), |_, watch| {
            // One packet has one end, of which one station tells; and the first router may know a shorter way.
            let most = count * 2;
            if watch.errors > most { Err(format!("{} errors about {count} packets", watch.errors)) } else { Ok(()) }
        })?;
    }
}

/// Where a node sends whatever it does not know, in a network of which nobody thought: to one of its neighbours, whichever.
fn careless_next(topology: &Topology, node: usize) -> Option<(usize, usize)> {
    let pick = topology.picks[node % topology.picks.len()] as usize;
    let own = &topology.nodes[node];
    let network = own[pick % own.len()];
    let members = topology.members(network);
    let others: Vec<usize> = members.iter().map(|(other, _)| *other).filter(|other| *other != node).collect();
    (!others.is_empty()).then(|| (network, others[pick / 7 % others.len()]))
}

/// Whether what a node sends to nowhere comes to a router where it was before. Nobody believes that a packet from outside is
/// its own: where it comes back to its sender it ends.
fn goes_round(topology: &Topology, from: usize) -> bool {
    let mut been = BTreeSet::new();
    let mut at = from;
    while let Some((_, next)) = careless_next(topology, at) {
        if !topology.forwards(next) || next == from {
            return false;
        }
        if !been.insert(next) {
            return true;
        }
        at = next;
    }
    false
}

/// Puts a stranger into the first network, who sends `packets`.
fn add_stranger(run: &mut wirelab::scenario::Run, topology: &Topology, packets: &[Packet]) {
    let members = topology.members(0);
    let world = run.world_mut();
    let station = |(node, interface): &(usize, usize)| {
        let host = world.host(NodeId(*node as u32)).expect("hosts are the first nodes");
        host.interface(InterfaceId(*interface as u16)).expect("it has the interface").mac().0
    };
    let stations: Vec<[u8; 6]> = members.iter().map(station).collect();
    let own: Vec<[u8; 4]> = topology
        .nodes
        .iter()
        .enumerate()
        .flat_map(|(node, networks)| {
            networks.iter().map(move |network| [10, *network as u8, 0, node as u8 + 1])
        })
        .collect();
    let frames: VecDeque<Vec<u8>> = packets.iter().map(|packet| packet.octets(&stations, &own)).collect();
    let stranger = Stranger { frames, next: Instant::from_millis(1), due: None };
    let stranger = world.add_script("stranger", Box::new(stranger)).expect("its name is new");
    let switch = NodeId(topology.first_switch() as u32);
    let ends = [(stranger, InterfaceId(0)), (switch, InterfaceId(members.len() as u16))];
    let directions = [wirelab::sim::DirectionConfig::default(), wirelab::sim::DirectionConfig::default()];
    world.connect(LinkConfig { name: "strange".into(), ends, directions }).expect("the last port is free");
}

/// The properties can fail: packets that may be answered are answered.
#[test]
fn what_may_be_answered_is() {
    let topology = Topology {
        seed: 1,
        nodes: vec![vec![0, 1], vec![0], vec![1]],
        media: vec![topology::Medium::Switch; 2],
        picks: vec![0],
    };
    let plain = Packet {
        to_station: 10,
        source: 15,
        destination: 0,
        protocol: 17,
        icmp: 0,
        fragment: 0,
        ttl: 64,
        options: 7,
    };
    // To the router: no route; its time to live has run out; to its own address, nobody listens.
    let packets = [
        plain.clone(),
        Packet { ttl: 1, destination: 15, ..plain.clone() },
        Packet { destination: 9, ..plain },
    ];
    let text = topology.scenario("routes = \"shortest-path\"", |_| String::new());
    let seen = std::cell::Cell::new(0);
    run(
        &topology,
        &text,
        |run| add_stranger(run, &topology, &packets),
        |_, watch| {
            seen.set(watch.errors);
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(seen.get(), 3);
}

#[test]
fn a_loop_of_two_routers_ends_after_63_hops_and_its_sender_is_told_once() {
    // RFC 1812 §5.3.1: the last of them finds a time to live of 1.
    let topology = Topology {
        seed: 1,
        nodes: vec![vec![0, 1], vec![1, 2], vec![0], vec![2]],
        media: vec![topology::Medium::Switch, topology::Medium::Cable, topology::Medium::Switch],
        picks: vec![0],
    };
    let route = |node: usize| match node {
        0 => "route = [{ to = \"default\", via = \"10.1.0.2\" }]".to_owned(),
        1 => "route = [{ to = \"default\", via = \"10.1.0.1\" }]".to_owned(),
        2 => "route = [{ to = \"default\", via = \"10.0.0.1\" }]".to_owned(),
        _ => String::new(),
    };
    let text = topology.scenario("", route) + &ping(0, 2, "192.0.2.1");
    run(
        &topology,
        &text,
        |_| {},
        |report, watch| {
            assert_eq!((watch.most_hops, watch.forwarded, watch.errors), (TTL - 1, 64, 1));
            let said = &report.applications[0].said;
            let told = said.iter().filter(|line| line.starts_with("From 10.1.0.2 ")).collect::<Vec<_>>();
            assert!(told.len() == 1 && told[0].ends_with("Time to live exceeded"), "{said:#?}");
            Ok(())
        },
    )
    .unwrap();
}
