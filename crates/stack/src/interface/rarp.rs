//! RARP (RFC 903): a station that has only its hardware address asks for its IP address, and a server has a table.
//!
//! The packet is ARP's, with operations and an Ethernet type of its own. RFC 903 §III says nothing of how often a client asks:
//! here its requests back off from `rarp_interval` to `rarp_max_interval`, each spread at random, and end after
//! `rarp_requests`.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;

use etherparse::{ArpOperation, EtherType};

use super::Knobs;
use super::arp::Packet;
use super::probe::uniform;
use crate::addr::{Cidr, Mac};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// What Ethernet calls it; `etherparse` has no name for it.
pub const ETHER_TYPE: EtherType = EtherType(0x8035);
/// Asks who the target's hardware address is.
pub const REQUEST_REVERSE: ArpOperation = ArpOperation(3);
/// Says who.
pub const REPLY_REVERSE: ArpOperation = ArpOperation(4);

/// How an interface asks by RARP.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClientConfig {
    /// The network's prefix length; without one that of the address's class (RFC 791 §3.2). RARP does not tell.
    pub prefix: Option<u8>,
    /// The router to all other networks. RARP does not tell this either.
    pub gateway: Option<Ipv4Addr>,
}

/// The request of a station for its own address.
pub fn request(mac: Mac) -> Packet {
    // RFC 903 §III: the sender's address is undefined, and the target is the sender itself.
    let nobody = Ipv4Addr::UNSPECIFIED;
    Packet { operation: REQUEST_REVERSE, sender_mac: mac, sender: nobody, target_mac: mac, target: nobody }
}

/// The answer of the server `mac`, `address`.
pub fn reply(request: &Packet, mac: Mac, address: Ipv4Addr, answer: Ipv4Addr) -> Packet {
    Packet {
        operation: REPLY_REVERSE,
        sender_mac: mac,
        sender: address,
        target_mac: request.target_mac,
        target: answer,
    }
}

/// A server's table: whose address is whose.
#[derive(Clone, Debug, Default)]
pub struct Server {
    table: BTreeMap<Mac, Ipv4Addr>,
}

impl Server {
    /// A server with this table.
    pub fn new(table: impl IntoIterator<Item = (Mac, Ipv4Addr)>) -> Self {
        Self { table: table.into_iter().collect() }
    }

    /// Whose address was asked for, if the packet asks and the table knows.
    pub fn lookup(&self, packet: &Packet) -> Option<Ipv4Addr> {
        if packet.operation != REQUEST_REVERSE {
            return None;
        }
        self.table.get(&packet.target_mac).copied()
    }
}

/// A client that has no address yet.
#[derive(Clone, Debug)]
pub struct Client {
    config: ClientConfig,
    requests_left: u32,
    interval: Duration,
    next: Instant,
    /// What it was told, while that is being probed.
    answer: Option<Cidr>,
    /// Answers that were of no use: others have these addresses. As many as there are requests at most, and one.
    refused: Vec<Ipv4Addr>,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Send a request.
    Ask,
    /// Nobody has answered: give up.
    GiveUp,
}

impl Client {
    /// A client that asks at once.
    pub fn new(now: Instant, config: ClientConfig, knobs: &Knobs) -> Self {
        Self {
            config,
            requests_left: knobs.rarp_requests,
            interval: knobs.rarp_interval,
            next: now,
            answer: None,
            refused: Vec::new(),
        }
    }

    /// The router to other networks.
    pub fn gateway(&self) -> Option<Ipv4Addr> {
        self.config.gateway
    }

    /// The address that it was told, and that is not known to be of use yet.
    pub fn answer(&self) -> Option<Cidr> {
        self.answer
    }

    /// When [`take_due`](Self::take_due) has something; nothing while an answer is being probed.
    pub fn next_timeout(&self) -> Option<Instant> {
        (self.next != Instant::FAR_FUTURE).then_some(self.next)
    }

    /// What is due now.
    pub fn take_due(&mut self, now: Instant, rng: &mut Rng, knobs: &Knobs) -> Option<Due> {
        if now < self.next {
            return None;
        }
        if self.requests_left == 0 {
            self.next = Instant::FAR_FUTURE;
            return Some(Due::GiveUp);
        }
        self.requests_left -= 1;
        // Spread, lest all stations of a building that has power again ask in step.
        let spread = uniform(rng, Duration::ZERO, self.interval / 4, "spread of RARP requests");
        self.next = now + self.interval + spread;
        self.interval = (self.interval * 2).min(knobs.rarp_max_interval);
        Some(Due::Ask)
    }

    /// The address that a packet gives to `mac`, if it is an answer that fits: from then on no request is sent.
    pub fn accept(&mut self, packet: &Packet, mac: Mac) -> Option<Cidr> {
        let fits = packet.operation == REPLY_REVERSE && packet.target_mac == mac;
        if !fits || self.next == Instant::FAR_FUTURE || self.refused.contains(&packet.target) {
            return None;
        }
        let prefix = self.config.prefix.or_else(|| class_prefix(packet.target))?;
        let cidr = Cidr::new(IpAddr::V4(packet.target), prefix).ok().filter(can_be_given)?;
        self.next = Instant::FAR_FUTURE;
        self.answer = Some(cidr);
        Some(cidr)
    }

    /// An address is another station's: it is no answer any more. Asks on, if it was the answer.
    pub fn refuse(&mut self, now: Instant, address: Ipv4Addr) {
        if !self.refused.contains(&address) {
            self.refused.push(address);
        }
        if self.answer.take_if(|answer| answer.address() == address).is_some() {
            self.next = now;
        }
    }
}

/// The prefix length that an address's class implies (RFC 791 §3.2); D and E have none.
pub fn class_prefix(address: Ipv4Addr) -> Option<u8> {
    match address.octets()[0] {
        0..=127 => Some(8),
        128..=191 => Some(16),
        192..=223 => Some(24),
        _ => None,
    }
}

/// Whether a server may give this address to a host (RFC 1122 §3.2.1.3).
pub fn can_be_given(cidr: &Cidr) -> bool {
    let IpAddr::V4(address) = cidr.address() else { return false };
    let host_bits = u32::MAX.checked_shr(u32::from(cidr.prefix())).unwrap_or(0);
    let is_network = cidr.prefix() <= 30 && address.to_bits() & host_bits == 0;
    !matches!(address.octets()[0], 0 | 127 | 224..) && cidr.broadcast() != Some(address) && !is_network
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const SERVER: Mac = Mac([2, 0, 0, 0, 0, 9]);
    const SERVER_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

    fn client(prefix: Option<u8>) -> Client {
        Client::new(Instant::ZERO, ClientConfig { prefix, gateway: None }, &Knobs::rfc())
    }

    fn answer(address: &str) -> Packet {
        reply(&request(CLIENT), SERVER, SERVER_ADDRESS, address.parse().unwrap())
    }

    #[test]
    fn a_server_answers_what_its_table_knows_and_nothing_else() {
        let given = Ipv4Addr::new(10, 0, 0, 1);
        let server = Server::new([(CLIENT, given)]);
        assert_eq!(server.lookup(&request(CLIENT)), Some(given));
        assert_eq!(server.lookup(&request(SERVER)), None);
        assert_eq!(server.lookup(&answer("10.0.0.1")), None, "an answer is no question");
        // RFC 903 §III lets a station ask for another: the target counts.
        let for_another = Packet { sender_mac: SERVER, ..request(CLIENT) };
        assert_eq!(server.lookup(&for_another), Some(given));
        let reply = reply(&for_another, SERVER, SERVER_ADDRESS, given);
        assert_eq!((reply.target_mac, reply.target), (CLIENT, given));
    }

    #[test]
    fn a_client_takes_the_first_answer_that_fits() {
        let fits = |packet: &Packet| client(Some(24)).accept(packet, CLIENT);
        assert_eq!(fits(&answer("10.0.0.1")), Some("10.0.0.1/24".parse().unwrap()));
        let wrong = [
            Packet { target_mac: SERVER, ..answer("10.0.0.1") },
            Packet { operation: REQUEST_REVERSE, ..answer("10.0.0.1") },
            Packet { operation: ArpOperation::REPLY, ..answer("10.0.0.1") },
        ];
        for packet in wrong.iter().chain(
            &["0.0.0.0", "10.0.0.0", "10.0.0.255", "127.0.0.1", "224.0.0.1", "255.255.255.255"].map(answer),
        ) {
            assert_eq!(fits(packet), None, "{packet:?}");
        }
        let mut client = client(Some(24));
        assert!(client.accept(&answer("10.0.0.1"), CLIENT).is_some());
        assert_eq!(client.accept(&answer("10.0.0.2"), CLIENT), None, "the second");
        assert_eq!(client.next_timeout(), None);
        client.refuse(Instant::from_secs(1), Ipv4Addr::new(10, 0, 0, 1));
        assert_eq!(client.next_timeout(), Some(Instant::from_secs(1)));
        assert_eq!(client.accept(&answer("10.0.0.1"), CLIENT), None, "it was of no use");
        assert!(client.accept(&answer("10.0.0.2"), CLIENT).is_some());
    }

    #[test]
    fn without_a_prefix_the_class_decides() {
        // RFC 791 §3.2
        for (address, prefix) in
            [("10.0.0.1", 8), ("126.9.9.9", 8), ("128.1.0.1", 16), ("191.255.1.1", 16), ("192.0.2.1", 24)]
        {
            let cidr = client(None).accept(&answer(address), CLIENT);
            assert_eq!(cidr.map(|cidr| cidr.prefix()), Some(prefix), "{address}");
        }
        assert_eq!(client(None).accept(&answer("240.0.0.1"), CLIENT), None);
    }

    #[test]
    fn requests_back_off_and_end() {
        let (mut rng, knobs) = (Rng::stream(1, "host", "stack"), Knobs::rfc());
        let mut client = client(None);
        let mut at = Vec::new();
        loop {
            let now = client.next_timeout().unwrap();
            match client.take_due(now, &mut rng, &knobs).unwrap() {
                Due::Ask => at.push(now),
                Due::GiveUp => break,
            }
            assert_eq!(client.take_due(now, &mut rng, &knobs), None);
        }
        assert_eq!(at.len(), knobs.rarp_requests as usize);
        let mut interval = knobs.rarp_interval;
        for pair in at.windows(2) {
            let pause = pair[1] - pair[0];
            assert!((interval..=interval + interval / 4).contains(&pause), "{pause} after {interval}");
            interval = (interval * 2).min(knobs.rarp_max_interval);
        }
        assert_eq!(client.next_timeout(), None);
        assert_eq!(client.accept(&answer("10.0.0.1"), CLIENT), None, "it has given up");
    }
}
