//! The three phases of RFC 5227 against a small model: an address is probed, announced, and defended or given up.

use core::net::Ipv4Addr;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;
use crate::interface::arp::Packet;
use crate::interface::{OnConflict, Standing};
use crate::trace::Trigger;

const WANTED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);
const THIRD: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 8);

// Milliseconds. The documents' times (RFC 5227 §1.1), but for those that are random there: they are fixed here, and have
// tests of their own.
const BETWEEN_PROBES: u64 = 1500;
const PROBES: u64 = 3;
const ANNOUNCE_WAIT: u64 = 2000;
const ANNOUNCE_INTERVAL: u64 = 2000;
const ANNOUNCEMENTS: u64 = 2;
const DEFEND_INTERVAL: u64 = 10_000;
const RATE_LIMIT_INTERVAL: u64 = 60_000;
const MAX_CONFLICTS: u64 = 3;

/// From the first probe until the address is in use (RFC 5227 §2.1.1).
const PROBING: u64 = (PROBES - 1) * BETWEEN_PROBES + ANNOUNCE_WAIT;

#[derive(Clone, Copy, Debug)]
enum Said {
    /// It asks for another address, from the one that is wanted here.
    AsksFromIt,
    /// It answers with it.
    Answers,
    Announces,
    /// It probes for it.
    ProbesForIt,
    /// It asks for it, from its own address.
    AsksForIt,
    /// It announces its own.
    Unrelated,
}

impl Said {
    fn packet(self, mac: Mac) -> Packet {
        match self {
            Self::AsksFromIt => Packet::request(mac, WANTED, THIRD),
            Self::Answers => Packet::request(mac, THIRD, WANTED).reply(mac),
            Self::Announces => Packet::announcement(mac, WANTED),
            Self::ProbesForIt => Packet::probe(mac, WANTED),
            Self::AsksForIt => Packet::request(mac, OTHER, WANTED),
            Self::Unrelated => Packet::announcement(mac, OTHER),
        }
    }

    /// Whether its sender uses the address.
    const fn claims(self) -> bool {
        matches!(self, Self::AsksFromIt | Self::Answers | Self::Announces)
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The host is given the address.
    Give,
    /// It is taken from it.
    Take,
    /// A station says something: one of three, of which the first is the host itself.
    Hear(u8, Said),
    /// Time passes: quarters of a second.
    Wait(u64),
}

/// A station's hardware address; the first is the host's own.
fn mac(station: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, 1 + station])
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    #[default]
    Without,
    /// The first probe goes, or went, then.
    Probing(u64),
    /// In use since then.
    Used(u64),
}

#[derive(Clone, Debug, Default)]
struct Model {
    policy: OnConflict,
    now: u64,
    phase: Phase,
    duplicate: Option<u8>,
    defended: Option<u64>,
    /// The last attempt to get it, and those in vain.
    attempt: Option<u64>,
    in_vain: u64,
    conflicts: u64,
    lost: u64,
    sent: Vec<(u64, Cause)>,
}

impl Model {
    fn give(&mut self) {
        if matches!(self.phase, Phase::Used(_)) {
            return;
        }
        // RFC 5227 §2.1.1: after MAX_CONFLICTS, one attempt in each RATE_LIMIT_INTERVAL.
        let earliest = match self.attempt {
            Some(last) if self.in_vain >= MAX_CONFLICTS => self.now.max(last + RATE_LIMIT_INTERVAL),
            _ => self.now,
        };
        (self.attempt, self.duplicate, self.phase) = (Some(earliest), None, Phase::Probing(earliest));
        self.send_due(None);
    }

    fn take(&mut self) {
        if self.phase != Phase::Without {
            (self.phase, self.defended) = (Phase::Without, None);
        }
    }

    fn hear(&mut self, station: u8, said: Said) {
        if station == 0 {
            return;
        }
        match self.phase {
            // RFC 5227 §2.1.1
            Phase::Probing(_) if said.claims() || matches!(said, Said::ProbesForIt) => {
                self.in_vain += 1;
                (self.duplicate, self.phase) = (Some(station), Phase::Without);
                self.conflicts += 1;
                self.lost += 1;
            }
            Phase::Used(_) if said.claims() => {
                self.conflicts += 1;
                let lately = self.defended.is_some_and(|at| self.now < at + DEFEND_INTERVAL);
                // RFC 5227 §2.4 (a), (b), (c)
                match (self.policy, lately) {
                    (OnConflict::GiveUp, _) | (OnConflict::DefendOnce, true) => {
                        self.lost += 1;
                        (self.phase, self.defended) = (Phase::Without, None);
                    }
                    (OnConflict::DefendOnce | OnConflict::NeverGiveUp, false) => {
                        self.defended = Some(self.now);
                        self.sent.push((self.now, Cause::ArpDefence));
                    }
                    (OnConflict::NeverGiveUp, true) => {}
                }
            }
            // RFC 826 §Packet Reception; RFC 5227 §2.1.1 wants probes answered too. As long as it is being probed, it is
            // not this host's to answer for.
            Phase::Used(_) if matches!(said, Said::ProbesForIt | Said::AsksForIt) => {
                self.sent.push((self.now, Cause::ArpReply));
            }
            _ => {}
        }
    }

    /// Sends what was due after `after` (`None`: now alone) until now.
    fn send_due(&mut self, after: Option<u64>) {
        let now = self.now;
        let due = |at: u64| at <= now && after.map_or(at == now, |after| at > after);
        if let Phase::Probing(since) = self.phase {
            let probes = (0..PROBES).map(|number| since + number * BETWEEN_PROBES);
            self.sent.extend(probes.filter(|at| due(*at)).map(|at| (at, Cause::ArpProbe)));
            if since + PROBING <= now {
                self.phase = Phase::Used(since + PROBING);
            }
        }
        if let Phase::Used(since) = self.phase {
            let announcements = (0..ANNOUNCEMENTS).map(|number| since + number * ANNOUNCE_INTERVAL);
            self.sent.extend(announcements.filter(|at| due(*at)).map(|at| (at, Cause::ArpAnnouncement)));
        }
    }

    fn standing(&self) -> Option<Standing> {
        match (self.phase, self.duplicate) {
            (Phase::Probing(_), _) => Some(Standing::Tentative),
            (Phase::Used(_), _) => Some(Standing::Assured),
            (Phase::Without, of) => of.map(|station| Standing::Duplicate(mac(station))),
        }
    }
}

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let policies = [OnConflict::GiveUp, OnConflict::DefendOnce, OnConflict::NeverGiveUp];
        proptest::sample::select(policies.to_vec())
            .prop_map(|policy| Model { policy, ..Model::default() })
            .boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let said = [
            Said::AsksFromIt,
            Said::Answers,
            Said::Announces,
            Said::ProbesForIt,
            Said::AsksForIt,
            Said::Unrelated,
        ];
        let heard = (0..3_u8, proptest::sample::select(said.to_vec()));
        let wait = prop_oneof![2 => 0..8_u64, 4 => 16..48_u64, 1 => 200..280_u64];
        prop_oneof![
            3 => Just(Step::Give),
            1 => Just(Step::Take),
            5 => heard.prop_map(|(station, said)| Step::Hear(station, said)),
            5 => wait.prop_map(Step::Wait),
        ]
        .boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.sent.clear();
        match *step {
            Step::Give => state.give(),
            Step::Take => state.take(),
            Step::Hear(station, said) => state.hear(station, said),
            Step::Wait(quarters) => {
                let before = state.now;
                state.now += quarters * 250;
                state.send_due(Some(before));
            }
        }
        state
    }
}

/// Runs until `until` and says which frames were sent when.
fn sent(net: &mut Net, until: Instant) -> Vec<(u64, Cause)> {
    let mut all = Vec::new();
    loop {
        net.run();
        let at = net.now.as_nanos() / 1_000_000;
        all.extend(net.carried.drain(..).map(|(_, frame)| (at, frame.meta.cause)));
        let Some(next) = net.hosts[0].poll_timeout().filter(|at| *at <= until) else { break };
        net.now = net.now.max(next);
        net.call(0, Host::handle_timeout);
    }
    net.now = until;
    all
}

struct Against;

impl StateMachineTest for Against {
    type SystemUnderTest = Net;
    type Reference = Reference;

    fn init_test(model: &Model) -> Net {
        Net::new(1, |config| {
            config.interfaces[0].announce = true;
            config.interfaces[0].on_conflict = model.policy;
            let knobs = &mut config.profile.interface;
            let between = Duration::from_millis(BETWEEN_PROBES);
            (knobs.probe_wait, knobs.probe_min, knobs.probe_max) = (Duration::ZERO, between, between);
            knobs.max_conflicts = MAX_CONFLICTS as u32;
        })
    }

    fn apply(mut net: Net, model: &Model, step: Step) -> Net {
        let mut until = net.now;
        match step {
            Step::Give => {
                let cidr = crate::addr::Cidr::new(WANTED.into(), 24).unwrap();
                let in_use = net.hosts[0].standing(WIRE, WANTED.into()) == Some(Standing::Assured);
                let given = net.call(0, |host, ctx| host.assign_address(ctx, WIRE, cidr));
                assert_eq!(given.is_err(), in_use);
            }
            Step::Take => {
                let had = net.hosts[0].standing(WIRE, WANTED.into());
                let taken = net.call(0, |host, ctx| host.remove_address(ctx, WIRE, WANTED.into()));
                assert_eq!(taken, matches!(had, Some(Standing::Tentative | Standing::Assured)));
            }
            Step::Hear(station, said) => {
                let frame = said.packet(mac(station)).frame(Mac::BROADCAST, Cause::Raw, Trigger::Call);
                net.deliver(0, frame);
            }
            Step::Wait(quarters) => until += Duration::from_millis(quarters * 250),
        }
        assert_eq!(sent(&mut net, until), model.sent, "{step:?}");
        net
    }

    fn check_invariants(net: &Net, model: &Model) {
        assert_eq!(net.hosts[0].standing(WIRE, WANTED.into()), model.standing());
        let arp = net.hosts[0].counters().arp;
        assert_eq!((arp.in_conflicts, arp.lost_addresses), (model.conflicts, model.lost));
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn an_address_is_got_and_kept_as_the_model_has_it(sequential 1..40 => Against);
}
