//! Hosts and routers of one link together, against what they come to: a router knows what the hosts on its link want.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use proptest::collection::btree_set;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// The longest message of an Ethernet.
pub const LONGEST: usize = 1476;

pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

pub fn source(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 9, number)
}

pub fn group(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(239, 0, 0, number)
}

pub fn host(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 100 + number as u8)
}

pub fn router(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 1 + number as u8)
}

/// When, by whom, what.
type Sent = (Instant, Ipv4Addr, Outgoing);

/// A link that carries at once, with hosts and routers on it.
pub struct Wire {
    pub now: Instant,
    pub members: Vec<Member>,
    pub queriers: Vec<Querier>,
    /// What was said.
    pub said: Vec<Sent>,
    /// Which messages are lost on their way.
    pub lost: fn(&[Sent], &Outgoing) -> bool,
    rng: Rng,
}

impl Wire {
    pub fn new(members: &[Knobs], queriers: &[Knobs]) -> Self {
        let now = Instant::from_secs(1);
        let member = |knobs: &Knobs| Member::new(knobs.clone(), LONGEST);
        let querier =
            |(number, knobs): (usize, &Knobs)| Querier::new(knobs.clone(), LONGEST, router(number), now);
        let mut wire = Self {
            now,
            members: members.iter().map(member).collect(),
            queriers: queriers.iter().enumerate().map(querier).collect(),
            said: Vec::new(),
            lost: |_, _| false,
            rng: Rng::stream(1, "wire", "test"),
        };
        wire.run_for(Duration::ZERO);
        wire
    }

    pub fn set(&mut self, host: usize, group: Ipv4Addr, filter: Filter) -> bool {
        let set = self.members[host].set(self.now, &mut self.rng, group, filter);
        self.exchange();
        set
    }

    /// Carries what is owed until nobody owes anything.
    pub fn exchange(&mut self) {
        loop {
            let mut owed = Vec::new();
            for (number, member) in self.members.iter_mut().enumerate() {
                let mut messages = Vec::new();
                member.take(&mut messages);
                owed.extend(messages.into_iter().map(|message| (host(number), message)));
            }
            for (number, querier) in self.queriers.iter_mut().enumerate() {
                let mut messages = Vec::new();
                querier.take(&mut messages);
                owed.extend(messages.into_iter().map(|message| (router(number), message)));
            }
            if owed.is_empty() {
                return;
            }
            for (from, outgoing) in owed {
                let lost = (self.lost)(&self.said, &outgoing);
                self.said.push((self.now, from, outgoing.clone()));
                if !lost {
                    self.hear(from, &outgoing.message);
                }
            }
        }
    }

    /// Everybody but `from` hears a message.
    pub fn hear(&mut self, from: Ipv4Addr, message: &Message) {
        for (number, member) in
            self.members.iter_mut().enumerate().filter(|(number, _)| host(*number) != from)
        {
            let _ = number;
            match message {
                Message::Query(query) => member.accept_query(self.now, &mut self.rng, query),
                Message::ReportV1(group) | Message::ReportV2(group) => member.hear_report(self.now, *group),
                _ => {}
            }
        }
        for (_, querier) in self.queriers.iter_mut().enumerate().filter(|(number, _)| router(*number) != from)
        {
            match message {
                Message::Query(query) => querier.accept_query(self.now, from, query),
                report => {
                    querier.accept_report(self.now, from, report);
                }
            }
        }
    }

    pub fn run_for(&mut self, span: Duration) {
        let until = self.now + span;
        loop {
            self.exchange();
            let of_members = self.members.iter().filter_map(Member::next_timeout);
            let next = of_members.chain(self.queriers.iter().filter_map(Querier::next_timeout)).min();
            let Some(next) = next.filter(|at| *at <= until) else { break };
            assert!(next >= self.now, "something is overdue");
            self.now = next;
            for member in &mut self.members {
                member.handle_timeout(self.now, &mut self.rng);
            }
            for querier in &mut self.queriers {
                querier.handle_timeout(self.now);
            }
        }
        self.now = until;
    }

    /// What was said since the last time.
    pub fn take_said(&mut self) -> Vec<Sent> {
        core::mem::take(&mut self.said)
    }
}

const GROUPS: u8 = 2;
const SOURCES: u8 = 4;
const HOSTS: usize = 3;

/// What the hosts want, and since when nothing has changed.
#[derive(Clone, Debug)]
struct Wishes {
    filters: BTreeMap<(usize, u8), Filter>,
    quiet: Duration,
}

#[derive(Clone, Debug)]
enum Step {
    Want(usize, u8, Filter),
    Wait(Duration),
}

impl Wishes {
    fn wanted(&self, group: u8, source: Ipv4Addr) -> bool {
        (0..HOSTS).any(|host| self.filters.get(&(host, group)).is_some_and(|filter| filter.admits(source)))
    }

    fn is_wanted_at_all(&self, group: u8) -> bool {
        (0..HOSTS).any(|host| self.filters.get(&(host, group)).is_some_and(|filter| !filter.is_nothing()))
    }
}

impl ReferenceStateMachine for Wishes {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { filters: BTreeMap::new(), quiet: Duration::ZERO }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let sources = btree_set((0..SOURCES).prop_map(source), 0..4);
        let filter = (any::<bool>(), sources).prop_map(|(include, sources)| Filter {
            mode: if include { Mode::Include } else { Mode::Exclude },
            sources,
        });
        let filter = prop_oneof![2 => filter, 1 => Just(Filter::nothing()), 1 => Just(Filter::everything())];
        prop_oneof![
            3 => (0..HOSTS, 0..GROUPS, filter).prop_map(|(host, group, filter)| Step::Want(host, group, filter)),
            2 => (0_u64..4_000).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
            1 => (100_u64..800).prop_map(|secs| Step::Wait(Duration::from_secs(secs))),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        match step {
            Step::Want(host, group, filter) => {
                state.filters.insert((*host, *group), filter.clone());
                state.quiet = Duration::ZERO;
            }
            Step::Wait(span) => state.quiet = state.quiet + *span,
        }
        state
    }
}

impl StateMachineTest for Wishes {
    type SystemUnderTest = Wire;
    type Reference = Self;

    fn init_test(_: &Self) -> Wire {
        Wire::new(&[Knobs::rfc(), Knobs::rfc(), Knobs::rfc()], &[Knobs::rfc(), Knobs::rfc()])
    }

    fn apply(mut wire: Wire, _: &Self, step: Step) -> Wire {
        match step {
            Step::Want(host, number, filter) => assert!(wire.set(host, group(number), filter)),
            Step::Wait(span) => wire.run_for(span),
        }
        wire
    }

    fn check_invariants(wire: &Wire, wishes: &Self) {
        for querier in &wire.queriers {
            for number in 0..GROUPS {
                for source in (0..=SOURCES).map(source) {
                    let (knows, wanted) =
                        (querier.wants(group(number), source), wishes.wanted(number, source));
                    // RFC 9776 §6.3: nobody goes without what he wants, at no time.
                    assert!(knows || !wanted, "{source} is wanted of group {number}");
                    // And what nobody wants ends: what a timer of a group membership interval held, a little later.
                    if wishes.quiet > Duration::from_secs(600) {
                        assert_eq!(knows, wanted, "{source} of group {number}");
                    }
                    // RFC 9776 §8.10: of a group that all have left, after the last member query time.
                    if !wishes.is_wanted_at_all(number) && wishes.quiet >= Duration::from_secs(2) {
                        assert!(!knows, "group {number} is forwarded though all have left");
                    }
                }
            }
            assert_eq!(querier.refused(), 0);
        }
        assert!(wire.queriers[0].is_querier() && !wire.queriers[1].is_querier());
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// RFC 9776 §5, §6: whatever hosts join, leave and filter, both routers of the link know it.
    #[test]
    fn routers_know_what_hosts_want(sequential 1..40 => Wishes);
}

fn spoken(version: Version) -> Knobs {
    Knobs { version, ..Knobs::rfc() }
}

proptest! {
    /// RFC 9776 §7: the same with hosts and routers of any version, joining and leaving whole groups.
    #[test]
    fn all_versions_get_on_with_each_other(
        hosts in proptest::array::uniform3(0_usize..3), router in 0_usize..3,
        steps in proptest::collection::vec((0_usize..3, any::<bool>(), 0_u64..8_000), 1..40)
    ) {
        let versions = [Version::V1, Version::V2, Version::V3];
        let mut wire = Wire::new(&hosts.map(|version| spoken(versions[version])), &[spoken(versions[router])]);
        let mut joined = [false; 3];
        for (host, join, pause) in steps {
            joined[host] = join;
            wire.set(host, GROUP, if join { Filter::everything() } else { Filter::nothing() });
            // A router of version 1 or 2 does not hear version 3 before its first query has been heard.
            wire.run_for(Duration::from_millis(pause));
            prop_assert!(wire.queriers[0].wants(GROUP, source(1)) || !joined.contains(&true));
        }
        wire.run_for(Duration::from_secs(600));
        prop_assert_eq!(wire.queriers[0].wants(GROUP, source(1)), joined.contains(&true));
    }
}
