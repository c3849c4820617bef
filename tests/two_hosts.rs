//! Random BSD calls on two hosts over a link that loses frames, against a small model of what they give. After each call
//! the link loses for a while and then no more, and the world runs until it is at rest: what a stream sends has arrived
//! then for certain, of datagrams and what ICMP says of them the model only knows what may have.
//!
//! What single calls say in every state, and what `poll` says, is compared with the system's own sockets in `bsd_calls`.
//! Left out here: which of several listeners at one port gets a connection, which is chance.

#[path = "support/bsd_calls/act.rs"]
#[expect(dead_code, reason = "some calls are made by the other test alone")]
mod act;
#[path = "support/two_hosts/datagrams.rs"]
mod datagrams;
#[path = "support/two_hosts/model.rs"]
mod model;
#[path = "support/two_hosts/streams.rs"]
mod streams;

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use act::{Call, Given, Outcome, Places, act};
use datagrams::Expect;
use model::errno::{EAGAIN, ECONNREFUSED};
use model::{Model, PLACES, PORTS, SLOTS, Socket};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use streams::Phase;
use wirelab::sim::link::{Loss, StageConfig, StageKind};
use wirelab::sim::{Change, Direction, HostRef, LinkId, Network, percent};
use wirelab::stack::context::{Ctx, Unobserved};
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;
use wirelab::stack::socket::bsd::{Errno, Fd, SHUT_WR};
use wirelab::stack::time::{Duration, Instant};

/// How long frames are lost after a call: the first time that something is sent again comes later.
const LOSSY: Duration = Duration::from_millis(900);
/// How long a call's consequences have to come to rest: longer than a SYN that nobody answers is repeated, and TIME-WAIT.
const REST: Duration = Duration::from_secs(200);

fn call() -> impl Strategy<Value = Call> {
    let slot = || 0..SLOTS;
    let place = || 0..PLACES;
    prop_oneof![
        4 => (slot(), prop::bool::weighted(0.7)).prop_map(|(slot, stream)| Call::Open(slot, stream)),
        5 => (slot(), place()).prop_map(|(slot, place)| Call::Bind(slot, place)),
        4 => (slot(), -1..3).prop_map(|(slot, backlog)| Call::Listen(slot, backlog)),
        8 => (slot(), place()).prop_map(|(slot, place)| Call::Connect(slot, place)),
        1 => slot().prop_map(Call::Disconnect),
        5 => (slot(), slot()).prop_map(|(slot, into)| Call::Accept(slot, into)),
        5 => (slot(), 0..=act::LONGEST).prop_map(|(slot, length)| Call::Send(slot, length)),
        4 => (slot(), place(), 0..=act::LONGEST).prop_map(|(slot, to, length)| Call::SendTo(slot, to, length)),
        6 => (slot(), 0..30_usize, any::<bool>(), any::<bool>())
            .prop_map(|(slot, most, peek, trunc)| Call::Recv(slot, most, peek, trunc)),
        2 => (slot(), 0..30_usize).prop_map(|(slot, most)| Call::RecvAll(slot, most)),
        4 => slot().prop_map(|slot| Call::Shutdown(slot, SHUT_WR)),
        1 => slot().prop_map(Call::Error),
        1 => slot().prop_map(Call::PeerName),
        1 => slot().prop_map(Call::SockName),
        1 => slot().prop_map(Call::Listens),
        1 => (slot(), any::<bool>()).prop_map(|(slot, on)| Call::ReuseAddress(slot, on)),
        1 => (slot(), any::<bool>()).prop_map(|(slot, on)| Call::ReusePort(slot, on)),
        1 => slot().prop_map(Call::LingerZero),
        3 => slot().prop_map(Call::Close),
    ]
}

/// How often something is done with a slot: most with connections, or what makes one.
fn weight(state: &Model, host: usize, slot: usize) -> u32 {
    match &state.sockets[host][slot] {
        None => 1,
        Some(Socket::Datagram(_)) => 3,
        Some(Socket::Stream(stream)) => match &stream.phase {
            Phase::Idle => 4,
            Phase::Connecting(_) => 8,
            Phase::Listening { queue, .. } => 1 + 15 * u32::from(!queue.is_empty()),
            Phase::Connected(_) => 16,
        },
    }
}

/// What programs do with a socket like the one in a slot.
fn likely(state: &Model, host: usize, slot: usize) -> BoxedStrategy<Call> {
    let length = || 0..=act::LONGEST;
    let listening = |host| state.streams(host).filter(|(_, it)| matches!(it.phase, Phase::Listening { .. }));
    let places: Vec<usize> = (0..2).flat_map(listening).filter_map(|(_, it)| it.place).collect();
    let to = if places.is_empty() { (0..PLACES).boxed() } else { select(places).boxed() };
    let own = host * PORTS..(host + 1) * PORTS;
    match &state.sockets[host][slot] {
        None => prop::bool::weighted(0.7).prop_map(move |stream| Call::Open(slot, stream)).boxed(),
        Some(Socket::Datagram(_)) => prop_oneof![
            2 => own.prop_map(move |place| Call::Bind(slot, place)),
            1 => (0..PLACES).prop_map(move |to| Call::Connect(slot, to)),
            2 => length().prop_map(move |length| Call::Send(slot, length)),
            3 => (0..PLACES, length()).prop_map(move |(to, length)| Call::SendTo(slot, to, length)),
            4 => (0..30_usize, any::<bool>(), any::<bool>())
                .prop_map(move |(most, peek, trunc)| Call::Recv(slot, most, peek, trunc)),
        ]
        .boxed(),
        Some(Socket::Stream(stream)) => match stream.phase {
            Phase::Idle => prop_oneof![
                2 => own.prop_map(move |place| Call::Bind(slot, place)),
                2 => (0..3).prop_map(move |backlog| Call::Listen(slot, backlog)),
                4 => to.prop_map(move |to| Call::Connect(slot, to)),
            ]
            .boxed(),
            Phase::Connecting(_) => to.prop_map(move |to| Call::Connect(slot, to)).boxed(),
            Phase::Listening { .. } => (0..SLOTS).prop_map(move |into| Call::Accept(slot, into)).boxed(),
            Phase::Connected(_) => prop_oneof![
                4 => length().prop_map(move |length| Call::Send(slot, length)),
                3 => (0..30_usize, any::<bool>(), any::<bool>())
                    .prop_map(move |(most, peek, trunc)| Call::Recv(slot, most, peek, trunc)),
                1 => (0..30_usize).prop_map(move |most| Call::RecvAll(slot, most)),
                2 => Just(Call::Shutdown(slot, SHUT_WR)),
                1 => Just(Call::LingerZero(slot)),
                1 => Just(Call::Close(slot)),
            ]
            .boxed(),
        },
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = (usize, Call);

    fn init_state() -> BoxedStrategy<Self> {
        any::<u64>().prop_map(Self::new).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<(usize, Call)> {
        let mut all = vec![(6, (0..2_usize, call()).boxed())];
        for host in 0..2 {
            for slot in 0..SLOTS {
                let likely = likely(state, host, slot).prop_map(move |call| (host, call));
                all.push((weight(state, host, slot), likely.boxed()));
            }
        }
        Union::new_weighted(all).boxed()
    }

    fn preconditions(state: &Self, (host, call): &(usize, Call)) -> bool {
        state.knows(*host, call)
    }

    fn apply(mut state: Self, (host, call): &(usize, Call)) -> Self {
        state.make(*host, call);
        state
    }
}

/// The places: those of host 0 first.
struct Addresses;

impl Places for Addresses {
    const COUNT: usize = PLACES;

    fn address(&self, place: usize) -> (Ipv4Addr, u16) {
        let host = model::host_of(place) as u8;
        (Ipv4Addr::new(10, 0, 0, host + 1), 6000 + (place % PORTS) as u16)
    }
}

/// Two hosts, and what is known of datagrams' fates.
struct Hosts {
    net: Network,
    nodes: [HostRef; 2],
    rng: Rng,
    now: Instant,
    slots: [[Option<Fd>; SLOTS]; 2],
    calls: usize,
    /// Of each socket of datagrams: how many of those that were sent to it are behind it, and how many refusals.
    past: BTreeMap<usize, (usize, usize)>,
}

impl Hosts {
    fn new(seed: u64) -> Self {
        let mut net = Network::new(seed);
        let hosts = [net.host("one", "10.0.0.1/24"), net.host("two", "10.0.0.2/24")];
        for host in hosts {
            let mut profile = Profile::linux();
            // A connection that one end has closed waits for the other's FIN as long as it takes.
            profile.tcp.fin_wait2_timeout = None;
            net.profile(host, profile);
        }
        net.link(hosts[0], hosts[1]).delay(Duration::from_millis(10));
        let (rng, slots) = (Rng::stream(seed, "calls", "test"), [[None; SLOTS]; 2]);
        Self { net, nodes: hosts, rng, now: Instant::ZERO, slots, calls: 0, past: BTreeMap::new() }
    }

    fn call(&mut self, host: usize, call: &Call, must_arrive: bool) -> Outcome {
        let data = act::data(self.calls);
        self.calls += 1;
        let world = self.net.world();
        let mut nobody = Unobserved;
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut nobody);
        let own = world.host_mut(self.nodes[host].node()).unwrap();
        let outcome = act(&mut own.bsd(&mut ctx), &mut self.slots[host], &Addresses, call, &data);
        if !must_arrive {
            for direction in [Direction::Forward, Direction::Backward] {
                let stage = StageConfig::Loss(Loss::Bernoulli(percent(30)));
                let (link, kind) = (LinkId(0), StageKind::Loss);
                world.at(self.now, Change::SetStage { link, direction, stage });
                world.at(self.now + LOSSY, Change::RemoveStage { link, direction, stage: kind });
            }
        }
        self.now += REST;
        world.run_until(self.now);
        outcome.map_err(Errno::number)
    }

    /// Whether a call gave what it could.
    fn check(&mut self, expect: &Expect, given: &Outcome) -> bool {
        let (name, refusals) = match expect {
            Expect::Exactly(outcome) => return given == outcome,
            Expect::OrRefused { name, refusals, .. } | Expect::Received { name, refusals, .. } => {
                (*name, *refusals)
            }
        };
        let (cursor, told) = self.past.entry(name).or_default();
        // What was not told now was lost, or was told before.
        let untold = core::mem::replace(told, refusals) < refusals;
        if untold && [Err(ECONNREFUSED), Ok(Given::Number(ECONNREFUSED.into()))].contains(given) {
            return true;
        }
        let Expect::Received { sent, most, peek, trunc, .. } = expect else {
            return matches!(expect, Expect::OrRefused { outcome, .. } if given == outcome);
        };
        let fits = |(data, from): &(Vec<u8>, usize)| {
            let copied = data.len().min(*most);
            let length = if *trunc { data.len() } else { copied };
            *given == Ok(Given::Octets(data[..copied].to_vec(), length, Some(*from)))
        };
        if let Some(found) = sent.iter().skip(*cursor).position(fits) {
            *cursor += found + usize::from(!*peek);
            return true;
        }
        *cursor = sent.len();
        *given == Err(EAGAIN)
    }
}

impl StateMachineTest for Hosts {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        Self::new(model.seed)
    }

    fn apply(mut state: Self, model: &Model, (host, call): (usize, Call)) -> Self {
        let given = state.call(host, &call, model.must_arrive);
        let expect = &model.expect;
        assert!(state.check(expect, &given), "host {host}, {call:?}: {given:?} instead of {expect:?}");
        state
    }
}

/// Cases: many more with `WIRELAB_DEEP=1`.
fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 10_000 } else { 500 }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn two_hosts_do_what_the_model_says(sequential 1..200 => Hosts);
}
