//! Every frame says why it exists and how it ended: over each scenario that ships, each frame that was sent is lost
//! by a link or arrives as often as it was carried, and each that arrives is accepted or dropped, once.

use std::collections::{BTreeMap, BTreeSet};

use wirelab::scenario::{HostReport, Scenario};
use wirelab::sim::{Component, Recorder};
use wirelab::stack::frame::{FrameId, NodeId};
use wirelab::stack::time::Instant;
use wirelab::stack::trace::{Cause, Event, Interest, LinkEvent, Place};

mod support;

use support::scenarios;

/// What was seen of one frame.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// By who made it.
    made: u32,
    /// By anybody: switches and hubs send what others have made, and one frame at several ports.
    sent: u32,
    duplicated: u32,
    lost: u32,
    arrived: u32,
    ended: u32,
}

/// Follows every frame.
#[derive(Default)]
struct Fates {
    frames: BTreeMap<FrameId, Seen>,
    /// The frame that each host is at work on.
    open: BTreeMap<NodeId, FrameId>,
    causes: BTreeSet<Cause>,
    mistakes: Vec<String>,
}

impl Fates {
    fn seen(&mut self, id: FrameId) -> &mut Seen {
        self.frames.entry(id).or_default()
    }

    fn ended(&mut self, node: NodeId, id: FrameId, now: Instant) {
        if self.open.remove(&node) == Some(id) {
            self.seen(id).ended += 1;
        } else {
            self.mistakes
                .push(format!("{now} s: node {} ends frame {id}, which did not just arrive", node.0));
        }
    }
}

impl Recorder for Fates {
    fn interest(&self) -> Interest {
        Interest::FRAMES | Interest::LINKS
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        match (at, event) {
            (Component::Host(node), Event::FrameSent { frame, .. }) => {
                self.causes.insert(frame.meta.cause);
                let seen = self.seen(frame.meta.id);
                seen.sent += 1;
                seen.made += u32::from(node == frame.meta.id.origin);
            }
            (Component::Host(node), Event::FrameArrived { frame, .. }) => {
                self.seen(frame.meta.id).arrived += 1;
                if let Some(other) = self.open.insert(node, frame.meta.id) {
                    self.mistakes.push(format!("{now} s: frame {other} has no end at node {}", node.0));
                }
            }
            (Component::Host(node), Event::FrameAccepted { id }) => self.ended(node, *id, now),
            // What waited to be sent may end while another frame is taken.
            (Component::Host(node), Event::FrameDropped { id, .. })
                if self.open.contains_key(&node) && self.frames.contains_key(id) =>
            {
                self.ended(node, *id, now);
            }
            (Component::Link { .. }, Event::FrameDropped { id, place, .. }) => {
                assert!(matches!(place, Place::Link(_)), "a link drops a frame at {place}");
                self.seen(*id).lost += 1;
            }
            (_, Event::Link(LinkEvent::Duplicated { id })) => self.seen(*id).duplicated += 1,
            (_, Event::Link(LinkEvent::Segmented { id, segments })) => {
                // The others of its segments are sent by the link, as often as it.
                for number in 1..u64::from(*segments) {
                    let name = FrameId { counter: id.counter + number, ..*id };
                    self.seen(name).made = 1;
                    self.seen(name).sent += 1;
                }
            }
            _ => {}
        }
    }
}

/// What a host's layers have counted as ended is not more than what they have counted as arrived.
#[track_caller]
fn check_counters(scenario: &str, host: &HostReport) {
    let sum = |group: &str, names: &[&str]| -> u64 {
        names.iter().map(|name| host.counters.get(&format!("{group}.{name}")).expect("a counter")).sum()
    };
    // RFC 2863 §6: of the frames that arrived, some go on to the layer above, and the others are dropped.
    let kinds = ["in_ucast_pkts", "in_multicast_pkts", "in_broadcast_pkts"];
    let passed = sum("if", &kinds);
    let arrived = passed + sum("if", &["in_discards", "in_errors", "in_unknown_protos"]);
    let frames = host.counters.get("frames_received").expect("a counter");
    assert!(arrived <= frames, "{scenario}, {}: {arrived} of {frames} frames", host.name);
    // RFC 4293 §3.2.3
    let ended = sum("ip", &["in_hdr_errors", "in_no_routes", "in_addr_errors", "in_unknown_protos"])
        + sum("ip", &["in_truncated_pkts", "in_discards", "in_delivers"]);
    let received = sum("ip", &["in_receives"]);
    assert!(ended <= received, "{scenario}, {}: {ended} of {received} datagrams", host.name);
    // What goes on is IP's, ARP's or RARP's.
    let beside = sum("arp", &["in_pkts", "in_discards", "in_errors"])
        + sum("rarp", &["in_pkts", "in_discards", "in_errors"]);
    assert!(passed <= received + beside, "{scenario}, {}: {passed} went on", host.name);
}

/// Runs `text` and returns the causes of its frames.
#[track_caller]
fn follow(name: &str, text: &str) -> BTreeSet<Cause> {
    let scenario = Scenario::from_text(name, text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut run = scenario.build(scenario.seed());
    run.add_recorder(Box::new(Fates::default()));
    let report = run.execute(&mut |_| {});
    report.hosts.iter().for_each(|host| check_counters(name, host));
    let fates: Box<Fates> = run.take_recorder().expect("the recorder was added");
    assert_eq!(fates.mistakes, Vec::<String>::new(), "{name}");
    assert_eq!(fates.open, BTreeMap::new(), "{name}: frames without an end");
    assert!(fates.frames.len() > 3, "{name}: only {} frames", fates.frames.len());
    for (id, seen) in &fates.frames {
        let Seen { made, sent, duplicated, lost, arrived, ended } = *seen;
        assert_eq!(made, 1, "{name}: frame {id}: {seen:?}");
        assert_eq!(arrived, ended, "{name}: frame {id}: {seen:?}");
        // Every run here ends with nothing under way.
        assert_eq!(sent + duplicated, lost + arrived, "{name}: frame {id}: {seen:?}");
    }
    fates.causes
}

#[test]
fn each_frame_of_what_ships_has_a_cause_and_an_end() {
    let mut causes = BTreeSet::new();
    for name in scenarios() {
        let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        causes.extend(follow(&name, &std::fs::read_to_string(path).expect("the scenario can be read")));
    }
    for cause in [Cause::ArpRequest, Cause::Syn, Cause::NewData, Cause::RetransmitFast, Cause::RetransmitRto]
    {
        assert!(causes.contains(&cause), "no scenario shows {cause}: {causes:?}");
    }
}

#[test]
fn so_it_has_where_links_double_cut_and_change_frames() {
    let text = std::fs::read_to_string(format!("{}/scenarios/echo.toml", env!("CARGO_MANIFEST_DIR")));
    let text = text.expect("the scenario can be read");
    let worse = "duplicate = \"30 %\"\nreorder = \"20 %\"\ncorrupt = { chance = \"10 %\", fcs = false }\n";
    let text = text.replace("duplicate = \"3 %\"\n", worse);
    assert!(text.contains(worse), "the scenario has another line where it doubles frames");
    for seed in 0..50 {
        let text = text.replacen("seed = ", &format!("seed = {seed} # "), 1);
        follow(&format!("echo, worse, seed {seed}"), &text);
    }
}

#[test]
fn so_has_each_segment_of_a_super_frame() {
    let text =
        std::fs::read_to_string(format!("{}/scenarios/lossy-transfer.toml", env!("CARGO_MANIFEST_DIR")));
    let text = text.expect("the scenario can be read");
    let offloaded = text.replace("{ addresses = ", "{ offload = true, addresses = ");
    assert_ne!(text, offloaded, "the scenario names its addresses otherwise");
    follow("lossy-transfer, offloaded", &offloaded);
}
