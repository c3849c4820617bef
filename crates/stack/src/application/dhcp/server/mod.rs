//! The server: what it answers (RFC 2131 §4.3), without I/O. Around it, `serve`.

mod leases;
mod serve;
#[cfg(test)]
mod tests;

use core::net::{IpAddr, Ipv4Addr};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::codec::{ClientId, Kind, Message, Options};
use crate::addr::{Cidr, Mac};
use crate::time::{Duration, Instant};
use leases::{Leases, State};

pub use serve::serve;

/// What a server has to give.
#[derive(Clone, Debug)]
pub struct Config {
    /// The interface that it listens on; the first where left out.
    pub interface: Option<String>,
    /// The first address of the pool.
    pub first: Ipv4Addr,
    /// The last address of the pool.
    pub last: Ipv4Addr,
    /// The prefix length of the pool's network.
    pub prefix: u8,
    /// Addresses that one station gets, and no other.
    pub reservations: Vec<(Mac, Ipv4Addr)>,
    /// Routers, in order of preference.
    pub routers: Vec<Ipv4Addr>,
    /// Domain name servers, in order of preference.
    pub name_servers: Vec<Ipv4Addr>,
    /// How long a lease lasts where the client does not ask for less or more.
    pub lease: Duration,
    /// The longest lease.
    pub max_lease: Duration,
    /// How long an address is kept for whom it was offered to (RFC 2131 §3.1: it need not, but should).
    pub offer_time: Duration,
    /// How long an address is nobody's that somebody uses without a lease.
    pub abandoned_time: Duration,
    /// How long an echo request is waited for before an address is offered (RFC 2131 §2.2); zero sends none.
    pub ping_timeout: Duration,
    /// Addresses in the table at most, besides what the pool bounds.
    pub max_leases: usize,
}

impl Config {
    /// A server with this pool and the defaults for all else.
    pub fn new(first: Ipv4Addr, last: Ipv4Addr, prefix: u8) -> Self {
        Self {
            interface: None,
            first,
            last,
            prefix,
            reservations: Vec::new(),
            routers: Vec::new(),
            name_servers: Vec::new(),
            lease: Duration::from_secs(3600),
            max_lease: Duration::from_secs(24 * 3600),
            offer_time: Duration::from_secs(30),
            abandoned_time: Duration::from_secs(600),
            ping_timeout: Duration::from_secs(1),
            max_leases: 4096,
        }
    }

    fn network(&self) -> Option<Cidr> {
        Cidr::new(IpAddr::V4(self.first), self.prefix).ok()
    }
}

/// Where an answer goes (RFC 2131 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// To all stations of the link.
    All,
    /// To a client that has its address.
    Client(Ipv4Addr),
    /// To a client that will have the address, at its hardware address.
    Station(Ipv4Addr, Mac),
    /// To the relay agent.
    Relay(Ipv4Addr),
}

/// What a server does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// It sends a message.
    Send(Box<Message>, To),
    /// It asks whether anybody uses an address.
    Ping(Ipv4Addr),
    /// It says something for people to read.
    Say(String),
}

/// A server without I/O.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
    own: Ipv4Addr,
    leases: Leases,
    /// Who asked for the addresses that are being checked, and when they will have been: as many as the table allows.
    checks: BTreeMap<Ipv4Addr, (Instant, Message)>,
    /// The same, by when they will have been.
    due: BTreeSet<(Instant, Ipv4Addr)>,
    actions: VecDeque<Action>,
}

impl Server {
    /// A server whose own address is `own`.
    pub fn new(config: Config, own: Ipv4Addr) -> Self {
        let leases = Leases::new(&config, own);
        let (checks, due) = (BTreeMap::new(), BTreeSet::new());
        Self { config, own, leases, checks, due, actions: VecDeque::new() }
    }

    /// The next thing to do.
    pub fn take_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A message of a client.
    pub fn handle(&mut self, now: Instant, message: &Message) {
        if !self.is_ours(message) {
            return;
        }
        match message.kind {
            Kind::Discover => self.discover(now, message),
            Kind::Request => self.request(now, message),
            Kind::Decline => self.decline(now, message),
            Kind::Release => self.release(now, message),
            Kind::Inform => self.inform(message),
            _ => {}
        }
    }

    /// Whether the pool is for the network that the message comes from (RFC 2131 §4.3.1).
    fn is_ours(&self, message: &Message) -> bool {
        let from = if message.giaddr.is_unspecified() { self.own } else { message.giaddr };
        self.config.network().is_some_and(|network| network.contains(from.into()))
    }

    fn discover(&mut self, now: Instant, message: &Message) {
        let client = message.client();
        let known = self.leases.of_client(&client).filter(|(_, lease)| now < lease.until);
        match known.map(|(address, lease)| (address, lease.state)) {
            // It asks again while its address is being checked.
            Some((_, State::Checked)) => return,
            Some((address, State::Offered | State::Bound)) => return self.offer(now, message, address),
            _ => {}
        }
        let Some(address) = self.leases.choose(now, &client, message.mac, message.options.requested) else {
            return self.say(format!("no address left for {}", message.mac));
        };
        if self.config.ping_timeout.is_zero() {
            return self.offer(now, message, address);
        }
        // RFC 2131 §3.1 (2): the server should see that nobody uses the address before it offers it.
        let until = now + self.config.ping_timeout;
        self.leases.set(now, address, client, State::Checked, until + Duration::from_secs(1));
        self.forget_check(address);
        self.checks.insert(address, (until, message.clone()));
        self.due.insert((until, address));
        self.actions.push_back(Action::Ping(address));
    }

    /// Offers what was checked for long enough.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((_, address)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            let Some(message) = self.forget_check(address) else { break };
            self.offer(now, &message, address);
        }
    }

    fn forget_check(&mut self, address: Ipv4Addr) -> Option<Message> {
        let (at, message) = self.checks.remove(&address)?;
        self.due.remove(&(at, address));
        Some(message)
    }

    /// Somebody answered who has this address.
    pub fn on_ping_answered(&mut self, now: Instant, address: Ipv4Addr) {
        let Some(message) = self.forget_check(address) else { return };
        self.say(format!("{address} answers, and is not offered"));
        self.abandon(now, address);
        self.discover(now, &message);
    }

    fn abandon(&mut self, now: Instant, address: Ipv4Addr) {
        let nobody = ClientId::Nobody(address);
        self.leases.set(now, address, nobody, State::Abandoned, now + self.config.abandoned_time);
    }

    fn offer(&mut self, now: Instant, message: &Message, address: Ipv4Addr) {
        let held =
            self.leases.get(address).filter(|lease| lease.state == State::Bound).map(|lease| lease.until);
        if held.is_none_or(|until| until <= now) {
            let until = now + self.config.offer_time;
            self.leases.set(now, address, message.client(), State::Offered, until);
        }
        self.answer(message, Kind::Offer, address, Some(self.lease_for(message)));
    }

    /// RFC 2131 §4.3.2: what a request is, its fields tell.
    fn request(&mut self, now: Instant, message: &Message) {
        let Message { ciaddr, ref options, .. } = *message;
        match (options.server, options.requested) {
            (Some(server), Some(address)) => self.request_selecting(now, message, server, address),
            (None, Some(address)) if ciaddr.is_unspecified() => self.request_rebooting(now, message, address),
            (None, None) if !ciaddr.is_unspecified() => self.request_extending(now, message),
            // Fields that do not go together.
            _ => {}
        }
    }

    fn request_selecting(&mut self, now: Instant, message: &Message, server: Ipv4Addr, address: Ipv4Addr) {
        let client = message.client();
        let promised = self.leases.of_client(&client);
        let promised = promised.map(|(own, lease)| (own, lease.state, now < lease.until));
        if server != self.own {
            // The client has chosen another server: what was offered is free again.
            if let Some((own, State::Offered, _)) = promised {
                self.leases.release(now, own);
            }
            return;
        }
        match promised {
            Some((own, State::Offered | State::Bound, true)) if own == address => {
                self.bind(now, message, address);
            }
            // RFC 2131 §3.1 (4): it cannot satisfy the request any more, unless nobody came in between.
            _ if self.leases.is_free_for(now, &client, message.mac, address) => {
                self.bind(now, message, address);
            }
            _ => self.refuse(message, "the address was not offered, or is another's"),
        }
    }

    fn request_rebooting(&mut self, now: Instant, message: &Message, address: Ipv4Addr) {
        if !self.config.network().is_some_and(|network| network.contains(address.into())) {
            return self.refuse(message, "the address is of another network");
        }
        match self.leases.of_client(&message.client()).map(|(own, lease)| (own, now < lease.until)) {
            Some((own, _)) if own == address => {
                if self.leases.is_free_for(now, &message.client(), message.mac, address) {
                    self.bind(now, message, address);
                } else {
                    self.refuse(message, "the address is another's");
                }
            }
            Some((_, true)) => self.refuse(message, "the client has another address"),
            _ => self.request_without_lease(now, message, address),
        }
    }

    /// A client that has no lease here asks to keep its address.
    fn request_without_lease(&mut self, now: Instant, message: &Message, address: Ipv4Addr) {
        // RFC 2131 §4.3.2: a server that has no record of the client must remain silent. A reservation is a record.
        match self.leases.reserved_for(message.mac) {
            Some(own) if own != address => self.refuse(message, "another address is reserved for the client"),
            Some(_) if self.leases.is_free_for(now, &message.client(), message.mac, address) => {
                self.bind(now, message, address);
            }
            Some(_) => self.refuse(message, "the address is another's"),
            // But an address that is another's it knows of.
            None => self.refuse_if_others(now, message, address),
        }
    }

    fn request_extending(&mut self, now: Instant, message: &Message) {
        let address = message.ciaddr;
        let client = message.client();
        let own = self.leases.get(address).is_some_and(|lease| lease.client == client);
        if own && self.leases.is_free_for(now, &client, message.mac, address) {
            return self.bind(now, message, address);
        }
        if !self.config.network().is_some_and(|network| network.contains(address.into())) {
            return self.refuse(message, "the address is of another network");
        }
        self.request_without_lease(now, message, address);
    }

    fn refuse_if_others(&mut self, now: Instant, message: &Message, address: Ipv4Addr) {
        let others = |lease: &leases::Lease| {
            lease.client != message.client() && lease.state != State::Released && now < lease.until
        };
        if self.leases.get(address).is_some_and(others) {
            self.refuse(message, "the address is another's");
        }
    }

    fn bind(&mut self, now: Instant, message: &Message, address: Ipv4Addr) {
        let lease = self.lease_for(message);
        let until = if lease == Duration::MAX { Instant::FAR_FUTURE } else { now + lease };
        let before = self.leases.get(address).is_some_and(|known| known.state == State::Bound);
        self.leases.set(now, address, message.client(), State::Bound, until);
        if !before {
            self.say(format!("{address} is leased to {}", message.mac));
        }
        self.answer(message, Kind::Ack, address, Some(lease));
    }

    /// RFC 2131 §4.3.3.
    fn decline(&mut self, now: Instant, message: &Message) {
        let Some(address) = message.options.requested.filter(|_| self.is_to_us(message)) else { return };
        if self.leases.of_client(&message.client()).is_some_and(|(own, _)| own == address) {
            self.say(format!("{address} is in use, says {}", message.mac));
            self.abandon(now, address);
        }
    }

    /// RFC 2131 §4.3.4: the address is free, and its client is remembered.
    fn release(&mut self, now: Instant, message: &Message) {
        let address = message.ciaddr;
        if self.is_to_us(message)
            && self.leases.of_client(&message.client()).is_some_and(|(own, _)| own == address)
        {
            self.say(format!("{address} is given back by {}", message.mac));
            self.leases.release(now, address);
        }
    }

    fn is_to_us(&self, message: &Message) -> bool {
        message.options.server == Some(self.own)
    }

    /// RFC 2131 §4.3.5: what the client wants to know, without a lease.
    fn inform(&mut self, message: &Message) {
        if !message.ciaddr.is_unspecified() {
            self.answer(message, Kind::Ack, Ipv4Addr::UNSPECIFIED, None);
        }
    }

    fn lease_for(&self, message: &Message) -> Duration {
        message.options.lease.unwrap_or(self.config.lease).min(self.config.max_lease)
    }

    fn answer(&mut self, message: &Message, kind: Kind, address: Ipv4Addr, lease: Option<Duration>) {
        let Config { prefix, routers, name_servers, .. } = &self.config;
        // RFC 2131 §4.3.1: what was asked for; all there is to a client that does not say.
        let asked =
            |code: u8| message.options.parameters.is_empty() || message.options.parameters.contains(&code);
        let part = |parts: u64, of: u64| match lease {
            Some(lease) if lease != Duration::MAX => Some(lease / of * parts),
            _ => None,
        };
        let options = Options {
            server: Some(self.own),
            lease,
            prefix: asked(1).then_some(*prefix),
            routers: if asked(3) { routers.clone() } else { Vec::new() },
            name_servers: if asked(6) { name_servers.clone() } else { Vec::new() },
            // RFC 2131 §4.4.5: half of the lease, and seven eighths of it.
            renewal: part(1, 2).filter(|_| asked(58)),
            rebinding: part(7, 8).filter(|_| asked(59)),
            // RFC 6842 §3: the client's identifier goes back.
            client: message.options.client.clone(),
            ..Options::default()
        };
        self.send(message, Message { yiaddr: address, options, ..reply(message, kind) });
    }

    fn refuse(&mut self, message: &Message, why: &str) {
        self.say(format!("refused {}: {why}", message.mac));
        let options = Options {
            server: Some(self.own),
            message: Some(why.to_owned()),
            client: message.options.client.clone(),
            ..Options::default()
        };
        self.send(message, Message { ciaddr: Ipv4Addr::UNSPECIFIED, options, ..reply(message, Kind::Nak) });
    }

    /// RFC 2131 §4.1: where an answer goes.
    fn send(&mut self, message: &Message, mut answer: Message) {
        let to = if !message.giaddr.is_unspecified() {
            // RFC 2131 §4.3.2: a relay agent is to broadcast what refuses.
            answer.broadcast |= answer.kind == Kind::Nak;
            To::Relay(message.giaddr)
        } else if answer.kind == Kind::Nak {
            To::All
        } else if !message.ciaddr.is_unspecified() {
            To::Client(message.ciaddr)
        } else if message.broadcast {
            To::All
        } else {
            To::Station(answer.yiaddr, message.mac)
        };
        self.actions.push_back(Action::Send(Box::new(answer), to));
    }

    fn say(&mut self, text: String) {
        self.actions.push_back(Action::Say(text));
    }

    /// How many addresses were ever given.
    pub fn leases(&self) -> usize {
        self.leases.len()
    }
}

/// What an answer has of the message that it answers (RFC 2131 §4.3.1, table 3).
fn reply(message: &Message, kind: Kind) -> Message {
    let ciaddr = if kind == Kind::Ack { message.ciaddr } else { Ipv4Addr::UNSPECIFIED };
    Message {
        broadcast: message.broadcast,
        ciaddr,
        giaddr: message.giaddr,
        ..Message::new(kind, message.xid, message.mac)
    }
}
