//! A server and its clients together, on a network that loses, repeats and reorders, against a book that knows the
//! messages and the document's rules alone.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::client::{self, Client};
use super::codec::{Kind, Message};
use super::server::{self, Server};
use crate::addr::Mac;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

const CLIENTS: usize = 3;
const OWN: Ipv4Addr = ip(1);
const LEASE: Duration = Duration::from_secs(120);
/// What somebody may have set by hand: the first does not answer an echo request, the second does.
const SQUATTED: [Ipv4Addr; 2] = [ip(100), ip(101)];
/// How long a client looks whether anybody has its address.
const PROBING: Duration = Duration::from_secs(5);
/// When nothing has gone wrong for so long, everybody has an address: the longest wait of a client (65 s), the times that
/// it takes to find out that both squatted addresses are, and some more.
const SETTLED: Duration = Duration::from_secs(300);

const fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn mac(client: usize) -> Mac {
    Mac([2, 0, 0, 0, 0, 10 + client as u8])
}

/// What the network does to a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Weather {
    /// Of a hundred messages.
    lost: u64,
    /// Of a hundred messages.
    repeated: u64,
    /// Each takes from nothing to this.
    delay: Duration,
}

/// Who gives an address back has that no longer under way than this: RFC 2131 §4.4.6 has nothing against a release that
/// comes when its client has the address again.
const GIVEN_BACK: Duration = Duration::from_secs(1);

const CLEAR: Weather = Weather { lost: 0, repeated: 0, delay: Duration::from_millis(1) };

/// What is under way, or due.
#[derive(Clone, Debug)]
enum Due {
    ToServer(Vec<u8>),
    ToClient(usize, Vec<u8>),
    /// The host of a client has probed for this address; the client is still the one that it was, if it has this life.
    Checked(usize, u32, Ipv4Addr),
    PingAnswered(Ipv4Addr),
}

/// What the server has promised, by its words alone.
#[derive(Debug, Default)]
struct Book {
    /// RFC 2131 §3.1 (4): whose an address is, and until when.
    promised: BTreeMap<Ipv4Addr, (Mac, Instant)>,
    /// RFC 2131 §3.1 (2), (5): who uses it has no lease, and until when nobody is to have it.
    abandoned: BTreeMap<Ipv4Addr, Instant>,
}

impl Book {
    /// The server says something.
    fn server_says(&mut self, now: Instant, message: &Message) {
        if !matches!(message.kind, Kind::Offer | Kind::Ack) {
            assert_eq!(
                (message.kind, message.yiaddr),
                (Kind::Nak, Ipv4Addr::UNSPECIFIED),
                "RFC 2131 §4.3.1, table 3"
            );
            return;
        }
        let (address, lease) = (message.yiaddr, message.options.lease.unwrap());
        assert!((ip(100)..=ip(107)).contains(&address) && lease <= LEASE);
        assert_eq!(message.options.server, Some(OWN), "RFC 2131 §4.3.1, table 3");
        let other = self.promised.get(&address).filter(|(own, until)| *own != message.mac && now < *until);
        assert_eq!(other, None, "{address} to {}, and it is promised", message.mac);
        let abandoned = self.abandoned.get(&address).filter(|until| now < **until);
        assert_eq!(abandoned, None, "{address} to {}, and somebody uses it", message.mac);
        if message.kind == Kind::Ack {
            self.promised.insert(address, (message.mac, now + lease));
        }
    }

    /// The server hears something.
    fn server_hears(&mut self, now: Instant, message: &Message) {
        let (address, is_decline) = match message.kind {
            Kind::Decline => (message.options.requested.unwrap(), true),
            Kind::Release => (message.ciaddr, false),
            _ => return,
        };
        // RFC 2131 §4.3.3, §4.3.4: of its own client alone.
        if self.promised.get(&address).is_some_and(|(own, _)| *own == message.mac) {
            self.promised.remove(&address);
            if is_decline {
                self.abandoned.insert(address, now + Duration::from_secs(600));
            }
        }
    }
}

/// RFC 2131 §4.4.1, table 5: what a client's message has, by its kind.
fn is_sound(message: &Message) -> bool {
    let ciaddr = !message.ciaddr.is_unspecified();
    let (server, requested) = (message.options.server.is_some(), message.options.requested.is_some());
    match message.kind {
        Kind::Discover => !ciaddr && !server,
        // SELECTING; INIT-REBOOT; RENEWING and REBINDING
        Kind::Request => matches!((ciaddr, server, requested), (false, _, true) | (true, false, false)),
        Kind::Decline => !ciaddr && server && requested,
        Kind::Release => ciaddr && server && !requested,
        _ => false,
    }
}

/// RFC 2131 §4.4, figure 5: where a client may go from its state. What is not here leaves it where it is.
const FIGURE: &[(&str, &str, &[&str])] = &[
    ("INIT", "time", &["SELECTING", "REBOOTING"]),
    ("SELECTING", "time", &["REQUESTING"]),
    ("REQUESTING", "time", &["SELECTING"]),
    ("REQUESTING", "ACK", &["CHECKING"]),
    ("REQUESTING", "NAK", &["INIT"]),
    ("REBOOTING", "time", &["SELECTING"]),
    ("REBOOTING", "ACK", &["CHECKING"]),
    ("REBOOTING", "NAK", &["INIT"]),
    ("CHECKING", "free", &["BOUND"]),
    ("CHECKING", "conflict", &["INIT"]),
    ("BOUND", "time", &["RENEWING", "REBINDING", "ended"]),
    ("BOUND", "conflict", &["INIT"]),
    ("RENEWING", "time", &["REBINDING", "ended"]),
    ("RENEWING", "ACK", &["BOUND"]),
    ("RENEWING", "NAK", &["INIT"]),
    ("RENEWING", "conflict", &["INIT"]),
    // The lease has ended: INIT, and at once to SELECTING.
    ("REBINDING", "time", &["SELECTING", "ended"]),
    ("REBINDING", "ACK", &["BOUND"]),
    ("REBINDING", "NAK", &["INIT"]),
    ("REBINDING", "conflict", &["INIT"]),
];

/// A client's host.
#[derive(Debug)]
struct Station {
    client: Client,
    /// It may be restarted; what was meant for a former life is nothing to it.
    life: u32,
    last: Option<Ipv4Addr>,
}

#[derive(Debug)]
struct Net {
    now: Instant,
    server: Server,
    stations: Vec<Option<Station>>,
    lives: u32,
    squatted: [bool; 2],
    weather: Weather,
    due: BTreeMap<(Instant, u64), Due>,
    events: u64,
    book: Book,
    rng: Rng,
}

impl Net {
    fn new() -> Self {
        let mut config = server::Config::new(ip(100), ip(107), 24);
        config.lease = LEASE;
        Self {
            now: Instant::from_secs(1),
            server: Server::new(config, OWN),
            stations: (0..CLIENTS).map(|_| None).collect(),
            lives: 0,
            squatted: [false; 2],
            weather: CLEAR,
            due: BTreeMap::new(),
            events: 0,
            book: Book::default(),
            rng: Rng::stream(1, "dhcp", "test"),
        }
    }

    fn after(&mut self, span: Duration, due: Due) {
        self.events += 1;
        self.due.insert((self.now + span, self.events), due);
    }

    /// A message is given to the network, to be there after this time at most.
    fn send(&mut self, due: &Due, most: Duration) {
        let Weather { lost, repeated, delay } = self.weather;
        let delay = delay.min(most);
        let copies = 1 + usize::from(self.rng.pick(100, "repeated") < repeated);
        for _ in 0..copies {
            if self.rng.pick(100, "lost") >= lost {
                let span = Duration::from_nanos(self.rng.pick(delay.as_nanos() + 1, "delay"));
                self.after(span, due.clone());
            }
        }
    }

    /// Restarts a client, which remembers its address if it is to.
    fn plug(&mut self, number: usize, remembers: bool, release_after: Option<Duration>) {
        let before = self.stations[number].take().and_then(|station| station.last);
        self.lives += 1;
        let config = client::Config {
            previous: before.filter(|_| remembers),
            release_after,
            ..client::Config::default()
        };
        let rng = &mut self.rng;
        let mut draw = |least, most: u64, why| least + rng.pick(most - least + 1, why);
        let client = Client::new(self.now, &mut draw, config, mac(number), None);
        self.stations[number] = Some(Station { client, life: self.lives, last: before });
    }

    fn has(&self, address: Ipv4Addr) -> Option<usize> {
        let has = |station: &Station| station.client.lease().is_some_and(|lease| lease.address() == address);
        self.stations.iter().position(|station| station.as_ref().is_some_and(has))
    }

    fn is_squatted(&self, address: Ipv4Addr) -> bool {
        SQUATTED.iter().zip(self.squatted).any(|(own, squatted)| *own == address && squatted)
    }

    /// Something happens to a client: it goes where the figure lets it, and does what it then has to.
    fn touch(&mut self, number: usize, what: &str, act: impl FnOnce(&mut Client, Instant, client::Draw<'_>)) {
        let Some(station) = &mut self.stations[number] else { return };
        let before = station.client.state();
        let rng = &mut self.rng;
        let mut draw = |least, most: u64, why| least + rng.pick(most - least + 1, why);
        act(&mut station.client, self.now, &mut draw);
        let after = station.client.state();
        let may =
            FIGURE.iter().any(|(from, event, to)| (*from, *event) == (before, what) && to.contains(&after));
        assert!(before == after || may, "{before} -- {what} --> {after}");
        while let Some(action) = self.stations[number].as_mut().and_then(|own| own.client.take_action()) {
            self.act(number, action);
        }
        self.check();
    }

    fn act(&mut self, number: usize, action: client::Action) {
        match action {
            client::Action::Send(message, to) => {
                assert!(is_sound(&message), "{message:?}");
                assert!(to == client::To::All || to == client::To::Server(OWN));
                let is_last = matches!(message.kind, Kind::Release | Kind::Decline);
                let most = if is_last { GIVEN_BACK } else { Duration::MAX };
                self.send(&Due::ToServer(message.to_bytes()), most);
            }
            client::Action::Check(lease) => {
                assert_eq!(self.has(lease.address()), None, "{} is in use", lease.address());
                let life = self.stations[number].as_ref().map_or(0, |station| station.life);
                self.after(PROBING, Due::Checked(number, life, lease.address()));
            }
            client::Action::Extended(lease) => assert_eq!(self.has(lease.address()), Some(number)),
            client::Action::End(how) => assert_eq!(how, Ok(())),
            client::Action::Linger
            | client::Action::Give(_)
            | client::Action::Without(_)
            | client::Action::Say(_) => {}
        }
    }

    fn serve(&mut self) {
        while let Some(action) = self.server.take_action() {
            match action {
                server::Action::Send(message, to) => {
                    self.book.server_says(self.now, &message);
                    // What is broadcast all clients hear; they know by its number whom it is for.
                    let hears = |number: &usize| match to {
                        server::To::All => true,
                        server::To::Client(address) => self.has(address) == Some(*number),
                        server::To::Station(_, station) => station == mac(*number),
                        server::To::Relay(_) => false,
                    };
                    let all: Vec<usize> = (0..CLIENTS).filter(hears).collect();
                    for number in all {
                        self.send(&Due::ToClient(number, message.to_bytes()), Duration::MAX);
                    }
                }
                server::Action::Ping(address) => {
                    let answers = self.squatted[1] && address == SQUATTED[1];
                    if answers || self.has(address).is_some() {
                        self.send(&Due::PingAnswered(address), Duration::from_millis(100));
                    }
                }
                server::Action::Say(_) => {}
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::ToServer(octets) => {
                let message = Message::parse(&octets).unwrap();
                self.book.server_hears(self.now, &message);
                self.server.handle(self.now, &message);
            }
            Due::ToClient(number, octets) => {
                let message = Message::parse(&octets).unwrap();
                let what = match message.kind {
                    Kind::Ack => "ACK",
                    Kind::Nak => "NAK",
                    _ => "OFFER",
                };
                self.touch(number, what, |client, now, draw| client.handle(now, draw, &message));
            }
            Due::Checked(number, life, address) => {
                if self.stations[number].as_ref().is_none_or(|own| own.life != life) {
                    return;
                }
                let taken = self.is_squatted(address);
                let what = if taken { "conflict" } else { "free" };
                self.touch(number, what, |client, now, _| {
                    if taken { client.on_conflict(now) } else { client.on_checked(now) }
                });
            }
            Due::PingAnswered(address) => self.server.on_ping_answered(self.now, address),
        }
        self.serve();
    }

    /// Lets time pass, with all that falls due.
    fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let clients = self.stations.iter().flatten().map(|station| station.client.next_timeout());
            let server = self.server.next_timeout();
            let next =
                self.due.keys().next().map(|(at, _)| *at).into_iter().chain(clients).chain(server).min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            while let Some(first) = self.due.first_entry().filter(|first| first.key().0 <= self.now) {
                let due = first.remove();
                self.happen(due);
            }
            for number in 0..CLIENTS {
                let due = |station: &Station| station.client.next_timeout() <= self.now;
                if self.stations[number].as_ref().is_some_and(due) {
                    self.touch(number, "time", |client, now, draw| client.handle_timeout(now, draw));
                }
            }
            if self.server.next_timeout().is_some_and(|at| at <= self.now) {
                self.server.handle_timeout(self.now);
            }
            self.serve();
        }
        self.now = end;
        self.check();
    }

    /// No address is two clients', and nobody has one longer than it was promised.
    fn check(&mut self) {
        let mut seen = BTreeMap::new();
        for (number, station) in self.stations.iter_mut().enumerate() {
            let Some(station) = station else { continue };
            let Some(lease) = station.client.lease().filter(|lease| self.now < lease.end) else { continue };
            let address = lease.address();
            assert_eq!(seen.insert(address, number), None, "{address} has two users");
            let promised = self.book.promised.get(&address);
            assert!(
                promised.is_some_and(|(own, until)| *own == mac(number) && lease.end <= *until),
                "client {number} has {address} until {}: {promised:?}",
                lease.end
            );
            station.last = Some(address);
        }
    }
}

/// What the test does to the network; and for how long it has been left alone.
#[derive(Clone, Debug)]
struct Course {
    clear: bool,
    quiet: Duration,
}

#[derive(Clone, Debug)]
enum Step {
    Plug(usize, bool, Option<Duration>),
    Unplug(usize),
    Squat(usize, bool),
    Weather(Weather),
    Wait(Duration),
}

impl ReferenceStateMachine for Course {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { clear: true, quiet: Duration::ZERO }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let release = prop_oneof![
            4 => Just(None),
            1 => (1_u64..300).prop_map(|secs| Some(Duration::from_secs(secs))),
        ];
        let storm = (0_u64..60, 0_u64..50, 0_u64..9000).prop_map(|(lost, repeated, delay)| Weather {
            lost,
            repeated,
            delay: Duration::from_millis(delay),
        });
        prop_oneof![
            4 => (0..CLIENTS, any::<bool>(), release).prop_map(|(client, keep, after)| Step::Plug(client, keep, after)),
            1 => (0..CLIENTS).prop_map(Step::Unplug),
            2 => (0_usize..2, any::<bool>()).prop_map(|(which, there)| Step::Squat(which, there)),
            2 => storm.prop_map(Step::Weather),
            2 => Just(Step::Weather(CLEAR)),
            4 => (0_u64..20_000).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
            3 => (20_u64..800).prop_map(|secs| Step::Wait(Duration::from_secs(secs))),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        match step {
            Step::Wait(span) if state.clear => state.quiet = state.quiet + *span,
            Step::Wait(_) => {}
            Step::Weather(weather) => (state.clear, state.quiet) = (*weather == CLEAR, Duration::ZERO),
            Step::Plug(..) | Step::Unplug(_) | Step::Squat(..) => state.quiet = Duration::ZERO,
        }
        state
    }
}

impl StateMachineTest for Course {
    type SystemUnderTest = Net;
    type Reference = Self;

    fn init_test(_: &Self) -> Net {
        Net::new()
    }

    fn apply(mut net: Net, _: &Self, step: Step) -> Net {
        match step {
            Step::Plug(number, remembers, release_after) => net.plug(number, remembers, release_after),
            Step::Unplug(number) => net.stations[number] = None,
            Step::Weather(weather) => net.weather = weather,
            Step::Wait(span) => net.run_for(span),
            Step::Squat(which, there) => {
                net.squatted[which] = there;
                // RFC 5227 §2.4: whoever has it learns of the other, and gives it up.
                if let Some(number) = net.has(SQUATTED[which]).filter(|_| there) {
                    net.touch(number, "conflict", |client, now, _| client.on_conflict(now));
                    net.serve();
                }
            }
        }
        net
    }

    fn check_invariants(net: &Net, course: &Self) {
        if course.quiet < SETTLED {
            return;
        }
        for (number, station) in net.stations.iter().enumerate() {
            let Some(Station { client, .. }) = station else { continue };
            if client.state() == "ended" {
                continue;
            }
            let lease = client
                .lease()
                .unwrap_or_else(|| panic!("client {number} is {} and has nothing", client.state()));
            assert!(net.now < lease.end && !net.is_squatted(lease.address()));
        }
        assert!(net.server.leases() <= 8);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// RFC 2131 §4.3, §4.4: whatever is lost, repeated and reordered, restarted and squatted, no address is two clients',
    /// and when it is quiet everybody has one.
    #[test]
    fn everybody_gets_an_address_and_nobody_another_s(sequential 1..40 => Course);
}
