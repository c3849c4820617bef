//! ARP and the neighbour cache against a small model: RFC 826 §Packet Reception says what is learned, RFC 1122 §2.3.2.1
//! for how long it is believed, and what an entry is worth when there is no room is this stack's own.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;

use etherparse::ArpOperation;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::addr::Mac;
use crate::interface::arp::Packet;
use crate::interface::neighbor::{Owed, Resolution};
use crate::interface::{Interface, InterfaceConfig, Knobs};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::trace::NeighborState;

/// The last octet of this station's address, and of its hardware address.
const US: u8 = 1;
/// A station that is known beforehand.
const STATIC: u8 = 9;
/// The only hardware address that is believed of it.
const STATIC_MAC: u8 = 99;
/// Entries that age.
const ROOM: usize = 3;

// Milliseconds; the knobs of the documents.
const REACHABLE: u64 = 60_000;
const RETRY: u64 = 1000;
const REQUESTS: u64 = 3;
const POLLS: u64 = 2;
const FAILED: u64 = 1000;

fn address(last: u8) -> Ipv4Addr {
    if last == 0 { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::new(10, 0, 0, last) }
}

fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The station with a hardware address says that it is `sender` (0: nobody), and asks for `target`, or answers.
    Packet { operation: u16, mac: u8, sender: u8, target: u8 },
    /// Something is to be sent to an address.
    Use(u8),
    /// Time passes: quarters of a second.
    Wait(u64),
}

/// A request that was sent: when, for whom, to whom (nobody: to all).
type Request = (u64, u8, Option<u8>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Asking,
    Known(u8),
    Polling(u8),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    what: What,
    /// Since when it is that.
    since: u64,
    /// Whether something was ever sent to it.
    wanted: bool,
    /// When it was learned or used last, and as which of all.
    touched: (u64, u64),
}

impl Entry {
    /// The entry at `now`, seen from outside; `None`: it is gone.
    fn state(&self, now: u64) -> Option<(NeighborState, Option<u8>)> {
        let age = now - self.since;
        match self.what {
            What::Asking if age < REQUESTS * RETRY => Some((NeighborState::Incomplete, None)),
            What::Asking if age < REQUESTS * RETRY + FAILED => Some((NeighborState::Failed, None)),
            What::Known(mac) if age < REACHABLE => Some((NeighborState::Reachable, Some(mac))),
            What::Known(mac) => Some((NeighborState::Stale, Some(mac))),
            What::Polling(mac) if age < POLLS * RETRY => Some((NeighborState::Stale, Some(mac))),
            What::Asking | What::Polling(_) => None,
        }
    }

    /// What it is worth at `now`: who was never sent to is worth least, then who was not used for long, then who has
    /// not answered.
    fn worth(&self, now: u64) -> (u8, u64) {
        let (at, turn) = self.touched;
        let tier = match self.what {
            _ if !self.wanted => 0,
            What::Asking => 2,
            What::Known(_) | What::Polling(_) if at + REACHABLE <= now => 1,
            What::Known(_) | What::Polling(_) => 3,
        };
        (tier, turn)
    }

    /// When requests are sent for it, and to whom.
    fn requests(&self) -> impl Iterator<Item = (u64, Option<u8>)> + use<> {
        let (count, to) = match self.what {
            What::Asking => (REQUESTS, None),
            What::Known(_) => (0, None),
            What::Polling(mac) => (POLLS, Some(mac)),
        };
        let since = self.since;
        (0..count).map(move |number| (since + number * RETRY, to))
    }
}

/// The model, and what its last step brought forth.
#[derive(Clone, Debug, Default)]
struct Model {
    now: u64,
    entries: BTreeMap<u8, Entry>,
    turns: u64,
    sent: Vec<Request>,
    /// The answer to a packet.
    replied: bool,
    conflict: bool,
    /// What is known of the address that was used.
    used: Option<Result<Option<u8>, ()>>,
}

impl Model {
    fn turn(&mut self) -> (u64, u64) {
        self.turns += 1;
        (self.now, self.turns)
    }

    /// Whether there is room for one more, once the entry that is worth least has gone if that has to be.
    fn make_room(&mut self, most: u8) -> bool {
        if self.entries.len() < ROOM {
            return true;
        }
        let least = self.entries.iter().min_by_key(|(_, entry)| entry.worth(self.now));
        let Some((&last, _)) = least.filter(|(_, entry)| entry.worth(self.now).0 <= most) else {
            return false;
        };
        self.entries.remove(&last);
        true
    }

    fn packet(&mut self, operation: u16, mac: u8, sender: u8, target: u8) {
        if mac == US {
            return;
        }
        self.conflict = sender == US;
        if self.conflict {
            return;
        }
        // RFC 826 §Packet Reception. The merge flag; then, if the target is this station, an entry if there was none;
        // only then the operation.
        let for_us = target == US;
        if sender != 0 && sender != STATIC {
            let touched = self.turn();
            if let Some(entry) = self.entries.get_mut(&sender) {
                *entry = Entry { what: What::Known(mac), since: self.now, touched, ..*entry };
            } else if for_us && self.make_room(0) {
                let new = Entry { what: What::Known(mac), since: self.now, wanted: false, touched };
                self.entries.insert(sender, new);
            }
        }
        self.replied = for_us && operation == 1;
    }

    fn use_(&mut self, last: u8) -> Result<Option<u8>, ()> {
        let touched = self.turn();
        if last == STATIC {
            return Ok(Some(STATIC_MAC));
        }
        if !self.entries.contains_key(&last) {
            self.make_room(u8::MAX);
            let new = Entry { what: What::Asking, since: self.now, wanted: true, touched };
            self.entries.insert(last, new);
            self.sent.push((self.now, last, None));
            return Ok(None);
        }
        let Some(entry) = self.entries.get_mut(&last) else { return Err(()) };
        (entry.wanted, entry.touched) = (true, touched);
        match (entry.what, entry.state(self.now)) {
            // RFC 1122 §2.3.2.1 (2): it is polled when it is used after its time.
            (What::Known(mac), Some((NeighborState::Stale, _))) => {
                (entry.what, entry.since) = (What::Polling(mac), self.now);
                self.sent.push((self.now, last, Some(mac)));
                Ok(Some(mac))
            }
            (_, Some((NeighborState::Failed, _))) => Err(()),
            (_, known) => Ok(known.and_then(|(_, mac)| mac)),
        }
    }

    fn wait(&mut self, span: u64) {
        let (from, to) = (self.now, self.now + span);
        for (last, entry) in &self.entries {
            let due = entry.requests().filter(|(at, _)| *at > from && *at <= to);
            self.sent.extend(due.map(|(at, station)| (at, *last, station)));
        }
        self.sent.sort_unstable();
        self.now = to;
        self.entries.retain(|_, entry| entry.state(to).is_some());
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
        let operation = prop_oneof![4 => Just(1_u16), 2 => Just(2), 1 => Just(8)];
        let mac = prop_oneof![8 => 2..8_u8, 1 => Just(US)];
        let sender = prop_oneof![6 => 2..8_u8, 1 => Just(0), 1 => Just(US), 1 => Just(STATIC)];
        let target = prop_oneof![3 => Just(US), 1 => 2..8_u8];
        let packet = (operation, mac, sender, target)
            .prop_map(|(operation, mac, sender, target)| Step::Packet { operation, mac, sender, target });
        let wait = prop_oneof![8 => 0..8_u64, 1 => 200..300_u64];
        let use_ = prop_oneof![8 => 2..8_u8, 1 => Just(STATIC)];
        prop_oneof![4 => packet, 4 => use_.prop_map(Step::Use), 2 => wait.prop_map(Step::Wait)].boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.sent.clear();
        (state.replied, state.conflict, state.used) = (false, false, None);
        match *step {
            Step::Packet { operation, mac, sender, target } => state.packet(operation, mac, sender, target),
            Step::Use(last) => state.used = Some(state.use_(last)),
            Step::Wait(quarters) => state.wait(quarters * 250),
        }
        state
    }
}

/// The interface itself.
struct System {
    interface: Interface,
    now: Instant,
    sent: Vec<Request>,
}

impl System {
    fn settle(&mut self) {
        while let Some(owed) = self.interface.neighbors.take_owed() {
            if let Owed::Ask { address: IpAddr::V4(address), station } = owed {
                let at = self.now.as_nanos() / 1_000_000;
                self.sent.push((at, address.octets()[3], station.map(|mac| mac.0[5])));
            }
        }
    }

    fn wait(&mut self, until: Instant) {
        while let Some(at) = self.interface.neighbors.next_timeout().filter(|at| *at <= until) {
            self.now = at;
            self.interface.neighbors.handle_timeout(at);
            self.settle();
        }
        self.now = until;
    }
}

struct Against;

impl StateMachineTest for Against {
    type SystemUnderTest = System;
    type Reference = Reference;

    fn init_test(_: &Model) -> System {
        let mut config = InterfaceConfig::new("eth0", mac(US), ["10.0.0.1/24".parse().unwrap()]);
        config.neighbors = vec![(address(STATIC).into(), mac(STATIC_MAC))];
        let knobs = Knobs { max_neighbors: ROOM, ..Knobs::rfc() };
        let interface = Interface::new(config, knobs, &mut Rng::stream(1, "host", "stack"));
        System { interface, now: Instant::ZERO, sent: Vec::new() }
    }

    fn apply(mut system: System, model: &Model, step: Step) -> System {
        system.sent.clear();
        match step {
            Step::Packet { operation, mac: from, sender, target } => {
                let packet = Packet {
                    operation: ArpOperation(operation),
                    sender_mac: mac(from),
                    sender: address(sender),
                    target_mac: Mac::UNSPECIFIED,
                    target: address(target),
                };
                let outcome = system.interface.handle_arp(system.now, &packet, true);
                assert_eq!(outcome.reply, model.replied.then(|| packet.reply(mac(US))), "{step:?}");
                assert_eq!(outcome.conflict.is_some(), model.conflict, "{step:?}");
            }
            Step::Use(last) => {
                let known = match system.interface.neighbors.resolve(system.now, address(last).into()) {
                    Resolution::Known(mac, _) => Ok(Some(mac.0[5])),
                    Resolution::Unresolved => Ok(None),
                    Resolution::Failed => Err(()),
                };
                assert_eq!(Some(known), model.used, "{step:?}");
            }
            Step::Wait(quarters) => system.wait(system.now + Duration::from_millis(quarters * 250)),
        }
        system.settle();
        system.sent.sort_unstable();
        assert_eq!(system.sent, model.sent, "{step:?}");
        system
    }

    fn check_invariants(system: &System, model: &Model) {
        let known = system.interface.neighbors(system.now);
        let known: Vec<_> = known
            .iter()
            .map(|entry| (entry.address, entry.state, entry.mac))
            .filter(|(address_, ..)| *address_ != address(STATIC))
            .collect();
        let expected: Vec<_> = model
            .entries
            .iter()
            .filter_map(|(last, entry)| {
                let (state, station) = entry.state(model.now)?;
                Some((IpAddr::from(address(*last)), state, station.map(mac)))
            })
            .collect();
        assert_eq!(known, expected);
        assert!(known.len() <= ROOM);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn arp_does_as_its_model(sequential 1..60 => Against);
}
