//! The client: its states and what it sends (RFC 2131 §4.4, figure 5), without I/O. Around it, `run`.
//!
//! ```text
//!  INIT-REBOOT ─▶ REBOOTING ───────────── ACK ─────────────┐
//!       NAK, silence │                                     ▼
//!  INIT ─▶ SELECTING ─▶ REQUESTING ─ ACK ─▶ CHECKING ─▶ BOUND ─ T1 ─▶ RENEWING ─ T2 ─▶ REBINDING
//!    ▲         OFFER        │ NAK            │ in use    ▲              │ ACK            │ ACK  │ NAK, lease ends
//!    └──────────────────────┴── DECLINE ─────┘           └──────────────┴────────────────┘      └─▶ INIT
//! ```

mod run;
#[cfg(test)]
mod tests;

use core::net::{IpAddr, Ipv4Addr};
use std::collections::VecDeque;

use super::codec::{Kind, Message, Options, PARAMETERS};
use crate::addr::{Cidr, Mac};
use crate::interface::rarp;
use crate::time::{Duration, Instant};

pub use run::run;

/// How a client asks.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The interface that it configures; the first where left out.
    pub interface: Option<String>,
    /// The address that it would like to have.
    pub requested: Option<Ipv4Addr>,
    /// The address that it had before it was restarted, and asks to keep (RFC 2131 §3.2).
    pub previous: Option<Ipv4Addr>,
    /// How long it would like to have the address.
    pub lease: Option<Duration>,
    /// It gives the address back when it has had it for so long, and ends.
    pub release_after: Option<Duration>,
    /// It has an address, and only asks for what goes with it (RFC 2131 §3.4).
    pub inform: bool,
    /// Its times.
    pub knobs: Knobs,
}

/// Times of a client.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// It begins at random between these, lest all hosts of a building ask in step (RFC 2131 §4.4.1: one to ten seconds).
    pub start: (Duration, Duration),
    /// How long it waits for further offers after the first.
    pub offer_wait: Duration,
    /// How long it waits for an answer at first; doubled each time (RFC 2131 §4.1).
    pub first_timeout: Duration,
    /// How long it waits at most.
    pub max_timeout: Duration,
    /// The random spread of these waits, to both sides.
    pub spread: Duration,
    /// How often it sends a request for what it was offered, or had before, or an inform.
    pub attempts: u32,
    /// How long it waits after it has declined an address (RFC 2131 §3.1: at least ten seconds).
    pub decline_wait: Duration,
    /// The least time between two requests to extend a lease (RFC 2131 §4.4.5: 60 s).
    pub min_extend: Duration,
    /// How long it has an address at least before it asks to extend its lease, whatever the server says of T1: or a server
    /// that says zero would be asked without a pause.
    pub min_renew: Duration,
    /// How long it is without an address until whoever waits for one is told that there is none. It goes on asking. Four
    /// requests with the waits of RFC 2131 §4.1 take as long.
    pub patience: Duration,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            start: (Duration::from_secs(1), Duration::from_secs(10)),
            offer_wait: Duration::from_secs(1),
            first_timeout: Duration::from_secs(4),
            max_timeout: Duration::from_secs(64),
            spread: Duration::from_secs(1),
            attempts: 4,
            decline_wait: Duration::from_secs(10),
            min_extend: Duration::from_secs(60),
            min_renew: Duration::from_secs(1),
            patience: Duration::from_secs(60),
        }
    }
}

/// Answers draws: a number from the first to the second, and why it is drawn.
pub type Draw<'a> = &'a mut dyn FnMut(u64, u64, &'static str) -> u64;

/// An address on loan, and what goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The address with its network.
    pub cidr: Cidr,
    /// Who gave it.
    pub server: Ipv4Addr,
    /// Routers.
    pub routers: Vec<Ipv4Addr>,
    /// Domain name servers.
    pub name_servers: Vec<Ipv4Addr>,
    /// T1: when it is to be renewed.
    pub renew: Instant,
    /// T2: when any server may extend it.
    pub rebind: Instant,
    /// When it ends.
    pub end: Instant,
}

impl Lease {
    /// The address.
    pub fn address(&self) -> Ipv4Addr {
        match self.cidr.address() {
            IpAddr::V4(address) => address,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        }
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// All servers.
    All,
    /// One server.
    Server(Ipv4Addr),
}

/// What a client does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// It sends a message.
    Send(Message, To),
    /// It looks whether another station has the address, and takes it into use if not.
    Check(Lease),
    /// The lease was extended: what goes with it may have changed.
    Extended(Lease),
    /// It lets what was sent leave, while there is an address to send it from.
    Linger,
    /// It ceases to use the address.
    Give(Lease),
    /// It has been without an address for long: why.
    Without(&'static str),
    /// It says something for people to read.
    Say(String),
    /// It is done.
    End(Result<(), &'static str>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    Init,
    Selecting { offers: Vec<Message>, decide: Option<Instant> },
    Requesting { offer: Message },
    Rebooting { address: Ipv4Addr },
    Checking { lease: Lease },
    Bound { lease: Lease },
    Renewing { lease: Lease },
    Rebinding { lease: Lease },
    Informing,
    Ended,
}

/// Offers that are compared: more are not looked at.
const MAX_OFFERS: usize = 16;

/// A client without I/O.
#[derive(Clone, Debug)]
pub struct Client {
    config: Config,
    mac: Mac,
    /// The address that it has otherwise, to inform from.
    own: Ipv4Addr,
    state: State,
    xid: u32,
    began: Instant,
    /// When the message of its state was sent for the first time. A lease counts from there: which one was answered nobody
    /// can say, and the server's own count began no earlier (RFC 2131 §4.4.1).
    sent: Instant,
    attempt: u32,
    next: Instant,
    release: Instant,
    /// When whoever waits for an address is told that there is none.
    despair: Instant,
    actions: VecDeque<Action>,
}

impl Client {
    /// A client for the interface with hardware address `mac`, which has the address `own` already, if any.
    pub fn new(now: Instant, draw: Draw<'_>, config: Config, mac: Mac, own: Option<Ipv4Addr>) -> Self {
        let (least, most) = config.knobs.start;
        let wait = draw(least.as_nanos(), most.as_nanos(), "DHCP start");
        let despair = if config.inform { Instant::FAR_FUTURE } else { now + config.knobs.patience };
        Self {
            despair,
            config,
            mac,
            own: own.unwrap_or(Ipv4Addr::UNSPECIFIED),
            state: State::Init,
            xid: 0,
            began: now,
            sent: now,
            attempt: 0,
            next: now + Duration::from_nanos(wait),
            release: Instant::FAR_FUTURE,
            actions: VecDeque::new(),
        }
    }

    /// The next thing to do.
    pub fn take_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn next_timeout(&self) -> Instant {
        self.next.min(self.release).min(self.despair)
    }

    /// Its state, as RFC 2131 §4.4 calls it; `CHECKING` is between an ACK and BOUND, and `ended` is the end.
    pub const fn state(&self) -> &'static str {
        match self.state {
            State::Init => "INIT",
            State::Selecting { .. } => "SELECTING",
            State::Requesting { .. } => "REQUESTING",
            State::Rebooting { .. } => "REBOOTING",
            State::Checking { .. } => "CHECKING",
            State::Bound { .. } => "BOUND",
            State::Renewing { .. } => "RENEWING",
            State::Rebinding { .. } => "REBINDING",
            State::Informing => "INFORMING",
            State::Ended => "ended",
        }
    }

    /// The lease that is in use.
    pub fn lease(&self) -> Option<&Lease> {
        match &self.state {
            State::Bound { lease } | State::Renewing { lease } | State::Rebinding { lease } => Some(lease),
            _ => None,
        }
    }

    /// Its time has come.
    pub fn handle_timeout(&mut self, now: Instant, draw: Draw<'_>) {
        if now >= self.release {
            return self.release();
        }
        if now >= self.despair {
            self.despair = Instant::FAR_FUTURE;
            self.actions.push_back(Action::Without("no DHCP server has given it an address"));
        }
        if now < self.next {
            return;
        }
        match self.state.clone() {
            State::Init => self.begin(now, draw),
            State::Selecting { offers, decide } => match decide {
                Some(at) if now >= at => self.select(now, draw, &offers),
                _ => self.repeat(now, draw),
            },
            State::Requesting { .. } | State::Rebooting { .. } | State::Informing => {
                if self.attempt < self.config.knobs.attempts {
                    return self.repeat(now, draw);
                }
                if self.state == State::Informing {
                    return self.end(Err("no DHCP server answered"));
                }
                // RFC 2131 §3.1 (5), §3.2 (3): nobody answers; begin anew. What it had before is what it asks for.
                self.config.previous = None;
                self.state = State::Init;
                self.begin(now, draw);
            }
            State::Bound { lease } => self.extend(now, draw, lease),
            State::Renewing { lease } if now >= lease.rebind => self.extend(now, draw, lease),
            State::Renewing { .. } => self.repeat(now, draw),
            State::Rebinding { lease } if now >= lease.end => {
                self.say(format!("the lease of {} has ended", lease.address()));
                self.lose(now, lease);
                self.begin(now, draw);
            }
            State::Rebinding { .. } => self.repeat(now, draw),
            State::Checking { .. } | State::Ended => self.next = Instant::FAR_FUTURE,
        }
    }

    /// A transaction begins.
    fn begin(&mut self, now: Instant, draw: Draw<'_>) {
        self.state = match self.config.previous {
            _ if self.config.inform => State::Informing,
            Some(address) => State::Rebooting { address },
            None => State::Selecting { offers: Vec::new(), decide: None },
        };
        self.began = now;
        self.transact(now, draw);
    }

    /// A new transaction, with a number of its own.
    fn transact(&mut self, now: Instant, draw: Draw<'_>) {
        self.xid = draw(0, u64::from(u32::MAX), "DHCP transaction") as u32;
        self.attempt = 0;
        self.repeat(now, draw);
    }

    /// Sends the state's message, again or for the first time, and says until when to wait for an answer.
    fn repeat(&mut self, now: Instant, draw: Draw<'_>) {
        let (message, to) = self.message(now);
        self.actions.push_back(Action::Send(message, to));
        if self.attempt == 0 {
            self.sent = now;
        }
        let extend = |until: Instant| {
            // RFC 2131 §4.4.5: half of the time that is left, and no less than a minute.
            let left = until.since(now);
            now + (left / 2).max(self.config.knobs.min_extend.min(left))
        };
        self.next = match &self.state {
            State::Renewing { lease } => extend(lease.rebind),
            State::Rebinding { lease } => extend(lease.end),
            _ => now + self.wait(draw),
        };
        if let State::Selecting { decide: Some(at), .. } = &self.state {
            self.next = self.next.min(*at);
        }
        self.attempt += 1;
    }

    /// RFC 2131 §4.1: four seconds, doubled each time up to 64, each spread by one second to both sides.
    fn wait(&self, draw: Draw<'_>) -> Duration {
        let Knobs { first_timeout, max_timeout, spread, .. } = self.config.knobs;
        let wait = first_timeout.backed_off(self.attempt).min(max_timeout);
        let least = wait.saturating_sub(spread).as_nanos();
        Duration::from_nanos(draw(least, (wait + spread).as_nanos(), "DHCP retransmission"))
    }

    /// The message of the state (RFC 2131 §4.4.1, table 5).
    fn message(&self, now: Instant) -> (Message, To) {
        let none = Ipv4Addr::UNSPECIFIED;
        let secs = now.since(self.began).as_secs().min(u64::from(u16::MAX)) as u16;
        let (kind, ciaddr, requested, server, to) = match &self.state {
            State::Requesting { offer } => {
                (Kind::Request, none, Some(offer.yiaddr), offer.options.server, To::All)
            }
            State::Rebooting { address } => (Kind::Request, none, Some(*address), None, To::All),
            State::Renewing { lease } => {
                (Kind::Request, lease.address(), None, None, To::Server(lease.server))
            }
            State::Rebinding { lease } => (Kind::Request, lease.address(), None, None, To::All),
            State::Informing => (Kind::Inform, self.own, None, None, To::All),
            _ => (Kind::Discover, none, self.config.requested, None, To::All),
        };
        let lease = self.config.lease.filter(|_| kind != Kind::Inform);
        let options =
            Options { requested, server, lease, parameters: PARAMETERS.to_vec(), ..Options::default() };
        // RFC 2131 §4.1: without an address it can receive what is for all, and nothing else.
        let broadcast = ciaddr.is_unspecified();
        (Message { secs, broadcast, ciaddr, options, ..Message::new(kind, self.xid, self.mac) }, to)
    }

    /// A message came.
    pub fn handle(&mut self, now: Instant, draw: Draw<'_>, message: &Message) {
        if message.xid != self.xid || message.mac != self.mac {
            return;
        }
        match (message.kind, self.state.clone()) {
            (Kind::Offer, State::Selecting { offers, decide }) => self.offered(now, offers, decide, message),
            (Kind::Ack, State::Informing) => {
                self.say(told(&message.options.routers, &message.options.name_servers));
                self.end(Ok(()));
            }
            (Kind::Ack, State::Requesting { offer }) => {
                let promised =
                    message.yiaddr == offer.yiaddr && message.options.server == offer.options.server;
                if let Some(lease) = self.lease_of(draw, message).filter(|_| promised) {
                    self.check(lease);
                }
            }
            (Kind::Ack, State::Rebooting { address }) => {
                if let Some(lease) = self.lease_of(draw, message).filter(|_| message.yiaddr == address) {
                    self.check(lease);
                }
            }
            (Kind::Ack, State::Renewing { lease: old } | State::Rebinding { lease: old }) => {
                if let Some(lease) = self.lease_of(draw, message).filter(|lease| lease.cidr == old.cidr) {
                    self.say(format!("{} for {} more", lease.address(), life(now, &lease)));
                    self.actions.push_back(Action::Extended(lease.clone()));
                    self.bound(now, lease);
                }
            }
            (Kind::Nak, State::Requesting { .. } | State::Rebooting { .. }) => {
                self.refused(message);
                self.restart(now, draw);
            }
            (Kind::Nak, State::Renewing { lease } | State::Rebinding { lease }) => {
                self.refused(message);
                self.lose(now, lease);
                self.restart(now, draw);
            }
            _ => {}
        }
    }

    fn refused(&mut self, message: &Message) {
        let why = message.options.message.as_deref().unwrap_or("the server does not say why");
        self.say(format!("refused: {why}"));
    }

    /// Begins anew after a while (RFC 2131 §3.1 (5), §3.2 (3)).
    fn restart(&mut self, now: Instant, draw: Draw<'_>) {
        self.config.previous = None;
        self.state = State::Init;
        let (least, most) = self.config.knobs.start;
        self.next = now + Duration::from_nanos(draw(least.as_nanos(), most.as_nanos(), "DHCP restart"));
    }

    fn offered(
        &mut self,
        now: Instant,
        mut offers: Vec<Message>,
        decide: Option<Instant>,
        message: &Message,
    ) {
        let Options { server, lease, .. } = message.options;
        let lasts = lease.is_some_and(|lease| !lease.is_zero());
        let Some(server) = server.filter(|_| lasts && cidr_of(message).is_some()) else { return };
        if offers.len() >= MAX_OFFERS || offers.iter().any(|other| other.options.server == Some(server)) {
            return;
        }
        self.say(format!("{server} offers {}", message.yiaddr));
        let decide = decide.unwrap_or(now + self.config.knobs.offer_wait);
        self.next = self.next.min(decide);
        offers.push(message.clone());
        self.state = State::Selecting { offers, decide: Some(decide) };
    }

    /// Takes the offer of the address that it would like to have, or else the first (RFC 2131 §3.1 (3)).
    fn select(&mut self, now: Instant, draw: Draw<'_>, offers: &[Message]) {
        let liked = offers.iter().find(|offer| Some(offer.yiaddr) == self.config.requested);
        let Some(offer) = liked.or(offers.first()).cloned() else { return };
        self.state = State::Requesting { offer };
        // RFC 2131 §4.4.1: the transaction goes on under its number.
        self.attempt = 0;
        self.repeat(now, draw);
    }

    fn lease_of(&self, draw: Draw<'_>, message: &Message) -> Option<Lease> {
        let Options { server, lease, renewal, rebinding, routers, name_servers, .. } = &message.options;
        let span = lease.filter(|lease| !lease.is_zero())?;
        let (server, cidr) = ((*server)?, cidr_of(message)?);
        let at = |span: Duration| match span {
            Duration::MAX => Instant::FAR_FUTURE,
            span => self.sent + span,
        };
        // RFC 2131 §4.4.5: half of the lease and seven eighths of it, a little spread, unless the server says otherwise.
        let spread = Duration::from_nanos(draw(0, 1_000_000_000.min(span.as_nanos() / 16), "DHCP renewal"));
        let forever = span == Duration::MAX;
        let default = |eighths: u64| {
            if forever { Duration::MAX } else { (span / 8 * eighths).saturating_sub(spread) }
        };
        let (renew, rebind) = match (renewal, rebinding) {
            (Some(renew), Some(rebind)) if renew <= rebind && *rebind <= span => (*renew, *rebind),
            _ => (default(4), default(7)),
        };
        let (routers, name_servers) = (routers.clone(), name_servers.clone());
        let (renew, rebind, end) = (at(renew), at(rebind), at(span));
        Some(Lease { cidr, server, routers, name_servers, renew, rebind, end })
    }

    fn check(&mut self, lease: Lease) {
        self.actions.push_back(Action::Check(lease.clone()));
        self.state = State::Checking { lease };
        self.next = Instant::FAR_FUTURE;
    }

    /// Nobody else has the address that was to be checked: it is in use.
    pub fn on_checked(&mut self, now: Instant) {
        let State::Checking { lease } = self.state.clone() else { return };
        let Lease { cidr, server, .. } = &lease;
        let told = told(&lease.routers, &lease.name_servers);
        self.say(format!("{cidr} from {server} for {}{told}", life(now, &lease)));
        if let Some(after) = self.config.release_after {
            self.release = now + after;
        }
        self.bound(now, lease);
    }

    fn bound(&mut self, now: Instant, lease: Lease) {
        let least = now + self.config.knobs.min_renew;
        (self.next, self.despair) = (lease.renew.max(least), Instant::FAR_FUTURE);
        self.state = State::Bound { lease };
    }

    /// Another station has the address: the one that was to be checked, or the one in use (RFC 2131 §3.1 (5)).
    pub fn on_conflict(&mut self, now: Instant) {
        let (State::Checking { lease }
        | State::Bound { lease }
        | State::Renewing { lease }
        | State::Rebinding { lease }) = self.state.clone()
        else {
            return;
        };
        self.say(format!("{} is in use: declined", lease.address()));
        let (requested, server) = (Some(lease.address()), Some(lease.server));
        let options = Options { requested, server, ..Options::default() };
        let decline = Message { options, ..Message::new(Kind::Decline, self.xid, self.mac) };
        self.actions.push_back(Action::Send(decline, To::All));
        self.lose(now, lease);
        self.next = now + self.config.knobs.decline_wait;
    }

    /// T1 or T2 has come: asks for more time.
    fn extend(&mut self, now: Instant, draw: Draw<'_>, lease: Lease) {
        let late = now >= lease.rebind;
        self.state = if late { State::Rebinding { lease } } else { State::Renewing { lease } };
        self.began = now;
        self.transact(now, draw);
    }

    fn lose(&mut self, now: Instant, lease: Lease) {
        self.actions.push_back(Action::Give(lease));
        self.config.previous = None;
        self.state = State::Init;
        (self.next, self.release) = (now, Instant::FAR_FUTURE);
        self.despair = now + self.config.knobs.patience;
    }

    /// Gives the address back (RFC 2131 §4.4.6).
    fn release(&mut self) {
        if let Some(lease) = self.lease().cloned() {
            let options = Options { server: Some(lease.server), ..Options::default() };
            let ciaddr = lease.address();
            let release = Message { ciaddr, options, ..Message::new(Kind::Release, self.xid, self.mac) };
            self.say(format!("{ciaddr} is given back"));
            self.actions.push_back(Action::Send(release, To::Server(lease.server)));
            self.actions.extend([Action::Linger, Action::Give(lease)]);
        }
        self.end(Ok(()));
    }

    fn end(&mut self, how: Result<(), &'static str>) {
        self.state = State::Ended;
        (self.next, self.release) = (Instant::FAR_FUTURE, Instant::FAR_FUTURE);
        self.despair = Instant::FAR_FUTURE;
        self.actions.push_back(Action::End(how));
    }

    fn say(&mut self, text: String) {
        self.actions.push_back(Action::Say(text));
    }
}

/// The address that a message gives, with its network, if a host can have it.
fn cidr_of(message: &Message) -> Option<Cidr> {
    let prefix = message.options.prefix.or_else(|| rarp::class_prefix(message.yiaddr))?;
    Cidr::new(message.yiaddr.into(), prefix).ok().filter(rarp::can_be_given)
}

/// How long a lease still lasts.
fn life(now: Instant, lease: &Lease) -> String {
    if lease.end == Instant::FAR_FUTURE { "ever".to_owned() } else { lease.end.since(now).to_string() }
}

/// What goes with an address, for people.
fn told(routers: &[Ipv4Addr], name_servers: &[Ipv4Addr]) -> String {
    let list = |what: &str, addresses: &[Ipv4Addr]| match addresses {
        [] => String::new(),
        some => format!(", {what} {}", some.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
    };
    format!("{}{}", list("router", routers), list("name server", name_servers))
}
