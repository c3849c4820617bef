//! Switches and hubs against the standards' rules (IEEE 802.1Q and 802.3), and against a small model.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use wirelab_sim::{Hub, HubConfig, PortConfig, PortMode, Switch, SwitchConfig, SwitchKnobs, VlanSet};
use wirelab_stack::addr::Mac;
use wirelab_stack::context::{Ctx, Observer};
use wirelab_stack::frame::{Frame, FrameCheck, FrameId, InterfaceId, Meta, NodeId};
use wirelab_stack::interface::vlan::{self, Tag, VlanId};
use wirelab_stack::rng::Rng;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{Cause, DropReason, Event, Interest, Trigger};

fn vid(number: u16) -> VlanId {
    VlanId::new(number).unwrap()
}

/// The hardware address of station `number`.
fn mac(number: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, number])
}

const PORTS: [InterfaceId; 6] = {
    let [a, b, c] = [InterfaceId(0), InterfaceId(1), InterfaceId(2)];
    [a, b, c, InterfaceId(3), InterfaceId(4), InterfaceId(5)]
};

/// An Ethernet frame with 46 octets of data, with a tag or without.
fn frame(to: Mac, from: Mac, tag: Option<Tag>) -> Frame {
    let mut octets = [&to.0[..], &from.0, &[0x08, 0x00]].concat();
    octets.resize(60, 7);
    let mut meta = Meta::new(Cause::Raw, Trigger::Call);
    meta.id = FrameId { origin: NodeId(9), counter: 1 };
    let mut frame = Frame::from_wire(octets.into(), meta);
    if let Some(tag) = tag {
        frame.pull_up(14).unwrap();
        vlan::put(&mut frame, tag);
    }
    frame
}

/// How frames ended.
#[derive(Default)]
struct Seen {
    accepted: Vec<FrameId>,
    dropped: Vec<DropReason>,
    sent: Vec<FrameId>,
}

impl Observer for Seen {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, _: Instant, event: &Event<'_>) {
        match event {
            Event::FrameAccepted { id } => self.accepted.push(*id),
            Event::FrameDropped { reason, .. } => self.dropped.push(*reason),
            Event::FrameSent { frame, .. } => self.sent.push(frame.meta.id),
            _ => {}
        }
    }
}

/// Where a frame went, and how it looked there.
type Out = Vec<(InterfaceId, Vec<u8>)>;

/// A switch with all its ports connected.
struct Bench {
    switch: Switch,
    rng: Rng,
}

impl Bench {
    fn new(ports: Vec<PortConfig>, knobs: SwitchKnobs) -> Self {
        let mut rng = Rng::stream(1, "sw", "switch");
        let count = ports.len();
        let mut switch = Switch::new(SwitchConfig { name: "sw".into(), ports, knobs }, &mut rng).unwrap();
        PORTS[..count].iter().for_each(|port| switch.connect(*port));
        Self { switch, rng }
    }

    fn plain(ports: usize) -> Self {
        Self::new(SwitchConfig::new("sw", ports).ports, SwitchKnobs::default())
    }

    /// Gives it a frame: where that goes, or why nowhere.
    fn give(&mut self, now: Instant, on: InterfaceId, frame: Frame) -> Result<Out, DropReason> {
        let mut seen = Seen::default();
        let mut ctx = Ctx::new(now, &mut self.rng, &mut seen);
        let id = frame.meta.id;
        self.switch.handle_frame(&mut ctx, on, frame);
        let mut out = Vec::new();
        while let Some((port, frame)) = self.switch.poll_transmit(&mut ctx) {
            assert_ne!(port, on, "back to where it came from");
            assert_eq!((frame.meta.id, frame.meta.cause), (id, Cause::Raw), "its name goes with it");
            out.push((port, frame.to_vec()));
        }
        assert_eq!(seen.sent.len(), out.len());
        match seen.dropped[..] {
            [] => {
                assert_eq!(seen.accepted, [id]);
                assert!(!out.is_empty());
                Ok(out)
            }
            [reason] => {
                assert!(seen.accepted.is_empty() && out.is_empty());
                Err(reason)
            }
            _ => panic!("one frame was dropped for {:?}", seen.dropped),
        }
    }

    /// The ports to which a frame goes.
    fn ports(&mut self, seconds: u64, on: u16, frame: Frame) -> Result<Vec<u16>, DropReason> {
        let out = self.give(Instant::from_secs(seconds), InterfaceId(on), frame)?;
        Ok(out.into_iter().map(|(port, _)| port.0).collect())
    }
}

#[test]
fn it_floods_learns_and_forwards() {
    // IEEE 802.1Q §8.6.1, §8.7, §8.8.9
    let mut sw = Bench::plain(4);
    assert_eq!(sw.ports(1, 0, frame(mac(2), mac(1), None)), Ok(vec![1, 2, 3]), "unknown");
    assert_eq!(sw.ports(1, 1, frame(mac(1), mac(2), None)), Ok(vec![0]), "learned from what it sent");
    assert_eq!(sw.ports(1, 0, frame(mac(2), mac(1), None)), Ok(vec![1]));
    assert_eq!(sw.ports(1, 0, frame(Mac::BROADCAST, mac(1), None)), Ok(vec![1, 2, 3]));
    assert_eq!(sw.ports(1, 0, frame(Mac([1, 0, 0x5e, 0, 0, 5]), mac(1), None)), Ok(vec![1, 2, 3]));
    assert_eq!(sw.ports(1, 1, frame(mac(2), mac(3), None)), Err(DropReason::SamePort));
    assert_eq!(sw.ports(1, 3, frame(mac(1), mac(2), None)), Ok(vec![0]), "it has moved");
    assert_eq!(sw.ports(1, 0, frame(mac(2), mac(1), None)), Ok(vec![3]));
    let counters = sw.switch.counters();
    assert_eq!((counters.learned, counters.moved, counters.same_port), (3, 1, 1));
    assert_eq!((counters.forwarded_frames, counters.flooded_frames), (4, 3));
    let at = |port: u16| sw.switch.port_counters(InterfaceId(port)).unwrap();
    assert_eq!((at(0).frames_received, at(0).frames_sent, at(2).frames_sent), (5, 2, 3));
    assert_eq!(at(2).sent_bytes, 180);
}

#[test]
fn a_station_is_forgotten_after_the_ageing_time() {
    // IEEE 802.1Q §8.8.3, Table 8-6: 300 s unless set
    let mut sw = Bench::plain(3);
    sw.ports(0, 0, frame(mac(9), mac(1), None)).unwrap();
    assert_eq!(sw.ports(299, 1, frame(mac(1), mac(2), None)), Ok(vec![0]));
    assert_eq!(sw.switch.table(Instant::from_secs(299)).len(), 2);
    assert_eq!(sw.switch.table(Instant::from_secs(300)).len(), 1);
    assert_eq!(sw.ports(300, 1, frame(mac(1), mac(2), None)), Ok(vec![0, 2]));
    assert_eq!(sw.ports(599, 2, frame(mac(2), mac(3), None)), Ok(vec![1]), "seen again at 300 s");
    assert_eq!((sw.switch.counters().aged, sw.switch.remembered()), (1, 2));
}

#[test]
fn group_and_missing_source_addresses_are_never_learned() {
    // IEEE 802.1Q §8.7: the source address is an individual one.
    let mut sw = Bench::plain(3);
    for source in [Mac::BROADCAST, Mac([1, 0, 0x5e, 0, 0, 1]), Mac::UNSPECIFIED] {
        sw.ports(1, 0, frame(mac(2), source, None)).unwrap();
    }
    assert_eq!(sw.switch.table(Instant::from_secs(1)), []);
}

#[test]
fn reserved_addresses_are_not_forwarded() {
    // IEEE 802.1Q §8.6.3, Table 8-1: 01-80-C2-00-00-00 to -0F
    let mut sw = Bench::plain(3);
    for last in 0..=0x1f {
        let to = Mac([0x01, 0x80, 0xc2, 0, 0, last]);
        let expected = if last <= 0x0f { Err(DropReason::ReservedAddress) } else { Ok(vec![1, 2]) };
        assert_eq!(sw.ports(1, 0, frame(to, mac(1), None)), expected, "{to}");
    }
}

#[test]
fn what_is_broken_is_not_forwarded_nor_learned_from() {
    // IEEE 802.1Q §6.7.1, IEEE 802.3 §3.2.7 and §3.2.9
    let mut sw = Bench::plain(2);
    let mut bad = frame(mac(2), mac(1), None);
    bad.meta.frame_check = FrameCheck::Bad;
    assert_eq!(sw.ports(1, 0, bad), Err(DropReason::BadFcs));
    let sized = |length: usize, tagged: bool| {
        let mut octets =
            frame(mac(2), mac(1), tagged.then(|| Tag { priority: 1, ..Tag::default() })).to_vec();
        octets.resize(length, 0);
        Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call))
    };
    for (length, tagged) in [(1515, false), (1519, true)] {
        assert_eq!(sw.ports(1, 0, sized(length, tagged)), Err(DropReason::Giant));
    }
    for length in 0..14 {
        assert_eq!(sw.ports(1, 0, sized(length, false)), Err(DropReason::Runt), "{length} octets");
    }
    for length in 14..18 {
        assert_eq!(sw.ports(1, 0, sized(length, true)), Err(DropReason::VlanMalformed), "{length} octets");
    }
    assert_eq!(sw.switch.table(Instant::from_secs(1)), []);
    for (length, tagged) in [(14, false), (1514, false), (18, true), (1518, true)] {
        assert_eq!(sw.ports(1, 0, sized(length, tagged)), Ok(vec![1]), "{length} octets");
    }
    let counters = sw.switch.counters();
    assert_eq!((counters.bad_fcs, counters.giants, counters.runts, counters.vlan_malformed), (1, 2, 14, 4));
    assert_eq!(counters.dropped_frames, 21);
}

/// Ports: 0 access 10, 1 access 20, 2 trunk 10 and 20, 3 trunk 10 and 20 with 10 native, 4 trunk of all, 5 trunk of 20.
fn vlan_switch() -> Bench {
    let trunk = |native: Option<u16>, vlans: &[u16]| PortMode::Trunk {
        allowed: vlans.iter().map(|number| vid(*number)).collect(),
        native: native.map(vid),
    };
    let modes = [
        PortMode::Access(vid(10)),
        PortMode::Access(vid(20)),
        trunk(None, &[10, 20]),
        trunk(Some(10), &[10, 20]),
        PortMode::Trunk { allowed: VlanSet::all(), native: None },
        trunk(None, &[20]),
    ];
    let named = (0..).zip(modes).map(|(index, mode)| PortConfig { name: PortConfig::name_of(index), mode });
    Bench::new(named.collect(), SwitchKnobs::default())
}

#[test]
fn each_port_takes_and_gives_the_frames_of_its_vlans() {
    // IEEE 802.1Q §6.9 (acceptable frame types), §6.9.1 (classification), §8.6.2 (ingress filtering), §8.8.2 (tagged
    // and untagged sets): (port, tag that comes), to (port, tag that goes)…
    type Tagged = (u16, Option<u16>);
    let none = || None::<u16>;
    let cases: Vec<(u16, Option<u16>, Vec<Tagged>)> = vec![
        (0, none(), vec![(2, Some(10)), (3, none()), (4, Some(10))]),
        (1, none(), vec![(2, Some(20)), (3, Some(20)), (4, Some(20)), (5, Some(20))]),
        (2, Some(10), vec![(0, none()), (3, none()), (4, Some(10))]),
        (2, Some(20), vec![(1, none()), (3, Some(20)), (4, Some(20)), (5, Some(20))]),
        (3, none(), vec![(0, none()), (2, Some(10)), (4, Some(10))]),
        (3, Some(10), vec![(0, none()), (2, Some(10)), (4, Some(10))]),
        // A priority tag is none (VLAN 0).
        (0, Some(0), vec![(2, Some(10)), (3, none()), (4, Some(10))]),
        (3, Some(0), vec![(0, none()), (2, Some(10)), (4, Some(10))]),
        // Not admitted.
        (0, Some(10), vec![]),
        (0, Some(20), vec![]),
        (2, none(), vec![]),
        (2, Some(0), vec![]),
        (2, Some(30), vec![]),
        (5, Some(10), vec![]),
        (4, none(), vec![]),
    ];
    for (on, tag, expected) in cases {
        for priority in [0, 5] {
            let tag_of =
                |number: u16| Tag { priority, drop_eligible: priority == 5, vlan: VlanId::new(number) };
            let given = frame(Mac::BROADCAST, mac(1), tag.map(tag_of));
            // What comes without a tag has no priority to keep.
            let kept = if tag.is_some() { priority } else { 0 };
            let as_sent =
                |number: u16| Tag { priority: kept, drop_eligible: kept == 5, vlan: VlanId::new(number) };
            let mut sw = vlan_switch();
            let result = sw.give(Instant::ZERO, InterfaceId(on), given);
            if expected.is_empty() {
                assert_eq!(result, Err(DropReason::VlanNotAllowed), "{on} {tag:?}");
                continue;
            }
            let went = |(port, tag): &(u16, Option<u16>)| {
                (InterfaceId(*port), frame(Mac::BROADCAST, mac(1), tag.map(as_sent)).to_vec())
            };
            assert_eq!(result, Ok(expected.iter().map(went).collect()), "{on} {tag:?} {priority}");
        }
    }
}

#[test]
fn stations_are_known_by_vlan() {
    // IEEE 802.1Q §8.8: independent learning; what is known in one VLAN is unknown in another.
    let mut sw = vlan_switch();
    sw.ports(0, 0, frame(Mac::BROADCAST, mac(1), None)).unwrap();
    assert_eq!(sw.ports(0, 2, frame(mac(1), mac(2), Some(Tag::of(vid(10))))), Ok(vec![0]));
    assert_eq!(sw.ports(0, 2, frame(mac(1), mac(2), Some(Tag::of(vid(20))))), Ok(vec![1, 3, 4, 5]));
    let alone = sw.ports(0, 4, frame(mac(1), mac(2), Some(Tag::of(vid(77)))));
    assert_eq!(alone, Err(DropReason::VlanNoOtherPort));
}

#[test]
fn a_tag_that_a_link_has_taken_out_counts_as_one() {
    let mut sw = vlan_switch();
    let mut given = frame(Mac::BROADCAST, mac(1), None);
    given.meta.vlan = Some(Tag::of(vid(20)).control());
    assert_eq!(sw.ports(0, 2, given), Ok(vec![1, 3, 4, 5]));
}

#[test]
fn only_the_outer_tag_is_read() {
    // A second tag is data: an access port does not let its station choose a VLAN by it.
    let mut sw = vlan_switch();
    let mut twice = frame(Mac::BROADCAST, mac(1), Some(Tag::of(vid(20))));
    vlan::put(&mut twice, Tag::of(vid(10)));
    assert_eq!(sw.ports(0, 0, twice.clone()), Err(DropReason::VlanNotAllowed));
    let out = sw.give(Instant::ZERO, InterfaceId(2), twice).unwrap();
    assert_eq!(out[0], (InterfaceId(0), frame(Mac::BROADCAST, mac(1), Some(Tag::of(vid(20)))).to_vec()));
}

#[test]
fn a_flood_of_forged_addresses_pushes_out_nobody_at_other_ports() {
    let knobs = SwitchKnobs { max_entries: 64, ..SwitchKnobs::default() };
    let mut sw = Bench::new(SwitchConfig::new("sw", 4).ports, knobs);
    // Port 0 and port 1 have as many stations as is their even share.
    for number in 0..16 {
        sw.ports(0, 0, frame(Mac::BROADCAST, mac(number), None)).unwrap();
        sw.ports(0, 1, frame(Mac::BROADCAST, mac(100 + number), None)).unwrap();
    }
    for forged in 0..10_000_u32 {
        let [_, a, b, c] = forged.to_be_bytes();
        sw.ports(1, 3, frame(Mac::BROADCAST, Mac([6, 0, 0, a, b, c]), None)).unwrap();
        assert!(sw.switch.remembered() <= 64);
    }
    // A newcomer is learned all the same, and traffic goes where it should.
    assert_eq!(sw.ports(2, 2, frame(mac(3), mac(50), None)), Ok(vec![0]));
    for number in 0..16 {
        assert_eq!(sw.ports(2, 2, frame(mac(number), mac(50), None)), Ok(vec![0]), "{number}");
        assert_eq!(sw.ports(2, 2, frame(mac(100 + number), mac(50), None)), Ok(vec![1]), "{number}");
        assert_eq!(sw.ports(2, 0, frame(mac(50), mac(number), None)), Ok(vec![2]), "{number}");
    }
    assert_eq!(sw.switch.counters().evicted, 10_000 - 32 + 1);
}

#[test]
fn a_port_without_a_link_gets_nothing() {
    let mut rng = Rng::stream(1, "sw", "switch");
    let mut bench = Bench { switch: Switch::new(SwitchConfig::new("sw", 4), &mut rng).unwrap(), rng };
    bench.switch.connect(InterfaceId(0));
    let lonely = bench.ports(0, 0, frame(Mac::BROADCAST, mac(1), None));
    assert_eq!(lonely, Err(DropReason::VlanNoOtherPort));
    bench.switch.connect(InterfaceId(2));
    assert_eq!(bench.ports(0, 0, frame(Mac::BROADCAST, mac(1), None)), Ok(vec![2]));
}

#[test]
fn a_hub_repeats_everything_everywhere_else() {
    // IEEE 802.3 §27.3.1: bits, whatever they are.
    let mut hub = Hub::new(HubConfig::new("hub", 4)).unwrap();
    for port in [0, 1, 3] {
        hub.connect(InterfaceId(port));
    }
    let mut rng = Rng::stream(1, "hub", "hub");
    let mut bad = frame(mac(2), mac(1), None);
    bad.meta.frame_check = FrameCheck::Bad;
    let runt = Frame::from_wire(Bytes::from_static(b"runt"), Meta::new(Cause::Raw, Trigger::Call));
    let mut seen = Seen::default();
    for given in [frame(mac(2), mac(1), None), bad, runt, frame(Mac::BROADCAST, mac(1), None)] {
        let mut ctx = Ctx::new(Instant::ZERO, &mut rng, &mut seen);
        hub.handle_frame(&mut ctx, InterfaceId(1), given.clone());
        for port in [0, 3] {
            let (out, frame) = hub.poll_transmit(&mut ctx).unwrap();
            assert_eq!((out, frame.to_vec()), (InterfaceId(port), given.to_vec()));
            assert_eq!(frame.meta.frame_check, given.meta.frame_check);
        }
        assert!(hub.poll_transmit(&mut ctx).is_none());
    }
    assert_eq!((hub.counters().frames_received, hub.counters().frames_sent), (4, 8));
    let mut alone = Hub::new(HubConfig::new("hub", 2)).unwrap();
    alone.connect(InterfaceId(0));
    let mut ctx = Ctx::new(Instant::ZERO, &mut rng, &mut seen);
    alone.handle_frame(&mut ctx, InterfaceId(0), frame(mac(2), mac(1), None));
    assert!(alone.poll_transmit(&mut ctx).is_none());
    assert_eq!(seen.dropped, [DropReason::NoOtherPort]);
}

// --- A small model ----------------------------------------------------------------------------------------------

/// The switch of the model has four ports in two VLANs, remembers six stations, for ten seconds.
const ENTRIES: usize = 6;
const AGEING: u64 = 10;

fn model_ports() -> Vec<PortConfig> {
    vec![
        PortConfig::access("a", vid(10)),
        PortConfig::access("b", vid(10)),
        PortConfig::access("c", vid(20)),
        PortConfig::trunk("t", [vid(10), vid(20)]),
    ]
}

/// Whether a port of the model carries a VLAN.
fn carries(port: u16, vlan: u16) -> bool {
    matches!((port, vlan), (0 | 1, 10) | (2, 20) | (3, 10 | 20))
}

#[derive(Clone, Debug)]
enum Step {
    Frame {
        on: u16,
        vlan: u16,
        from: u8,
        to: u8,
    },
    Wait(u64),
    /// The link at a port is cut.
    Cut(u16),
}

/// What the standard says, in lists: stations in the order in which they were last seen.
#[derive(Clone, Debug, Default)]
struct Model {
    now: u64,
    /// (VLAN, station, port, when).
    stations: Vec<(u16, u8, u16, u64)>,
    /// What is to happen to the frame of the last step.
    expected: Option<Result<Vec<u16>, DropReason>>,
}

impl Model {
    fn see(&mut self, vlan: u16, station: u8, port: u16) {
        let now = self.now;
        self.stations.retain(|(.., seen)| now < seen + AGEING);
        let known = self.stations.iter().position(|entry| (entry.0, entry.1) == (vlan, station));
        if let Some(place) = known {
            self.stations.remove(place);
        } else if self.stations.len() == ENTRIES {
            // Whoever has most, the newcomer counted, loses the one that it saw first; a tie is the newcomer's port's.
            let mut counts: BTreeMap<u16, usize> = BTreeMap::from([(port, 1)]);
            self.stations.iter().for_each(|entry| *counts.entry(entry.2).or_default() += 1);
            let most = counts.values().max().copied().unwrap_or(0);
            let is_own = counts[&port] == most && most > 1;
            let loser = if is_own {
                port
            } else {
                counts
                    .into_iter()
                    .filter(|(other, count)| *count == most && *other != port)
                    .map(|(port, _)| port)
                    .max()
                    .unwrap()
            };
            let place = self.stations.iter().position(|entry| entry.2 == loser).unwrap();
            self.stations.remove(place);
        }
        self.stations.push((vlan, station, port, now));
    }

    fn frame(&mut self, on: u16, vlan: u16, from: u8, to: u8) -> Result<Vec<u16>, DropReason> {
        if !carries(on, vlan) {
            return Err(DropReason::VlanNotAllowed);
        }
        self.see(vlan, from, on);
        match self.stations.iter().find(|entry| (entry.0, entry.1) == (vlan, to)) {
            Some((.., port, _)) if *port == on => Err(DropReason::SamePort),
            Some((.., port, _)) => Ok(vec![*port]),
            None => Ok((0..4).filter(|port| *port != on && carries(*port, vlan)).collect()),
        }
    }
}

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let vlan = prop_oneof![Just(10_u16), Just(20)];
        // Station 200 never sends.
        let to = prop_oneof![4 => 0..12_u8, 1 => Just(200)];
        let frame = (0..4_u16, vlan, 0..12_u8, to).prop_map(|(on, vlan, from, to)| Step::Frame {
            on,
            vlan,
            from,
            to,
        });
        prop_oneof![
            16 => frame,
            2 => (1..7_u64).prop_map(Step::Wait),
            1 => (0..4_u16).prop_map(Step::Cut),
        ]
        .boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.expected = match *step {
            Step::Wait(seconds) => {
                state.now += seconds;
                None
            }
            Step::Frame { on, vlan, from, to } => Some(state.frame(on, vlan, from, to)),
            Step::Cut(port) => {
                state.stations.retain(|(_, _, at, _)| *at != port);
                None
            }
        };
        state
    }
}

struct Against;

impl StateMachineTest for Against {
    type SystemUnderTest = Bench;
    type Reference = Reference;

    fn init_test(_: &Model) -> Bench {
        let ageing_time = Duration::from_secs(AGEING);
        Bench::new(model_ports(), SwitchKnobs { ageing_time, max_entries: ENTRIES, mtu: 1500 })
    }

    fn apply(mut sw: Bench, model: &Model, step: Step) -> Bench {
        if let Step::Frame { on, vlan, from, to } = step {
            // A station at an access port knows no VLANs: where the model has it send in another, it tags.
            let tag = (on == 3 || !carries(on, vlan)).then(|| Tag::of(vid(vlan)));
            let result = sw.ports(model.now, on, frame(mac(to), mac(from), tag));
            assert_eq!(Some(result), model.expected, "{step:?}");
        }
        if let Step::Cut(port) = step {
            sw.switch.link_lost(InterfaceId(port));
        }
        sw
    }

    fn check_invariants(sw: &Bench, model: &Model) {
        let now = model.now;
        let mut known: Vec<_> = model
            .stations
            .iter()
            .filter(|(.., seen)| now < seen + AGEING)
            .map(|(vlan, station, port, seen)| {
                (vid(*vlan), mac(*station), InterfaceId(*port), Instant::from_secs(*seen))
            })
            .collect();
        known.sort_by_key(|entry| (entry.0, entry.1));
        let table = sw.switch.table(Instant::from_secs(now));
        let table: Vec<_> =
            table.iter().map(|entry| (entry.vlan, entry.mac, entry.port, entry.seen)).collect();
        assert_eq!(table, known);
        assert!(sw.switch.remembered() <= ENTRIES);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn it_behaves_as_the_model(sequential 1..120 => Against);
}

proptest! {
    #[test]
    fn no_octets_make_it_panic_or_send_back(octets in prop::collection::vec(any::<u8>(), 0..100), on in 0..6_u16, control: Option<u16>) {
        let mut sw = vlan_switch();
        let mut frame = Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call));
        frame.meta.vlan = control;
        let _ = sw.give(Instant::ZERO, InterfaceId(on), frame);
    }

    #[test]
    fn a_frame_with_one_octet_changed_goes_where_it_may(place in 0..22_usize, octet: u8, on in 0..6_u16) {
        let mut sw = vlan_switch();
        let mut octets = frame(mac(2), mac(1), Some(Tag::of(vid(10)))).to_vec();
        octets[place] = octet;
        let _ = sw.give(Instant::ZERO, InterfaceId(on), Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call)));
    }
}
