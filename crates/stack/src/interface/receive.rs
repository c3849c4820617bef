//! What an ARP packet that arrived means (RFC 826 §Packet Reception), and when to announce (RFC 5227 §2.3).

use core::net::{IpAddr, Ipv4Addr};

use etherparse::ArpOperation;

use super::Interface;
use super::arp::Packet;
use crate::addr::Mac;
use crate::time::Instant;

/// What the host has to do for an ARP packet, besides what the neighbour cache owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ArpOutcome {
    /// Whether the packet told something: its sender was known, or its target is this interface.
    pub taken: bool,
    /// The answer.
    pub reply: Option<Packet>,
    /// Another station uses this address of ours.
    pub conflict: Option<(Ipv4Addr, Mac)>,
    /// The announcement that defends it.
    pub defence: Option<Packet>,
}

impl Interface {
    /// Takes an ARP packet.
    pub fn handle_arp(&mut self, now: Instant, packet: &Packet) -> ArpOutcome {
        if packet.sender_mac == self.mac() {
            // Our own, come back by a loop in the link.
            return ArpOutcome::default();
        }
        if self.has(packet.sender) {
            return self.handle_conflict(now, packet);
        }
        // RFC 5227 §1.1: a probe has no sender's address, so there is nothing to learn from it.
        let named = !packet.sender.is_unspecified();
        let sender = IpAddr::V4(packet.sender);
        // RFC 826 §Packet Reception: update the sender's entry if there is one. Then, if the packet is for us
        // and there was none, make one. Only then look at the operation. What others ask each other makes no
        // entry here.
        let for_us = self.has(packet.target);
        let known = named && self.neighbors.learn(now, sender, packet.sender_mac, for_us);
        let is_request = packet.operation == ArpOperation::REQUEST;
        let reply = (for_us && is_request).then(|| packet.reply(self.mac()));
        ArpOutcome { taken: known || for_us, reply, conflict: None, defence: None }
    }

    /// RFC 5227 §2.4: another station sends with an address of ours.
    fn handle_conflict(&mut self, now: Instant, packet: &Packet) -> ArpOutcome {
        let due = self.defence.is_due(now, packet.sender, self.knobs.defend_interval);
        ArpOutcome {
            taken: true,
            reply: None,
            conflict: Some((packet.sender, packet.sender_mac)),
            defence: due.then(|| Packet::announcement(self.mac(), packet.sender)),
        }
    }

    fn has(&self, address: Ipv4Addr) -> bool {
        self.ipv4_addresses().any(|own| own == address)
    }

    /// Begins to announce its addresses, if it is configured to.
    pub fn start_announcing(&mut self, now: Instant) {
        if self.config.announce && self.is_up() && self.knobs.announcements > 0 {
            (self.announcements_left, self.next_announcement) = (self.knobs.announcements, now);
        }
    }

    /// When the next announcements are due.
    pub fn next_announcement(&self) -> Option<Instant> {
        (self.announcements_left > 0).then_some(self.next_announcement)
    }

    /// Whether announcements of all addresses are due now; counts them as sent.
    pub fn take_due_announcement(&mut self, now: Instant) -> bool {
        if self.announcements_left == 0 || now < self.next_announcement {
            return false;
        }
        // RFC 5227 §2.3: ANNOUNCE_NUM of them, ANNOUNCE_INTERVAL apart.
        self.announcements_left -= 1;
        self.next_announcement = now + self.knobs.announce_interval;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::neighbor::Resolution;
    use crate::interface::{InterfaceConfig, Knobs};
    use crate::rng::Rng;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);

    fn interface() -> Interface {
        let config = InterfaceConfig::new("eth0", US, vec!["10.0.0.1/24".parse().unwrap()]);
        Interface::new(config, Knobs::rfc(), &mut Rng::stream(1, "host", "stack"))
    }

    fn knows(interface: &mut Interface, address: Ipv4Addr) -> Option<Mac> {
        match interface.clone().neighbors.resolve(Instant::ZERO, address.into()) {
            Resolution::Known(mac, _) => Some(mac),
            _ => None,
        }
    }

    #[test]
    fn a_request_for_us_is_answered_and_its_sender_learned() {
        let mut interface = interface();
        let request = Packet::request(THEM, THEIRS, OURS);
        let outcome = interface.handle_arp(Instant::ZERO, &request);
        assert_eq!(outcome.reply, Some(request.reply(US)));
        assert!(outcome.taken && outcome.conflict.is_none());
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM));
    }

    #[test]
    fn a_request_for_another_station_fills_nothing_but_updates_what_is_known() {
        // RFC 826 §Packet Reception: the merge flag.
        let mut interface = interface();
        let request = Packet::request(THEM, THEIRS, OTHER);
        assert_eq!(interface.handle_arp(Instant::ZERO, &request), ArpOutcome::default());
        assert_eq!(knows(&mut interface, THEIRS), None);

        interface.handle_arp(Instant::ZERO, &Packet::request(THEM, THEIRS, OURS));
        let moved = Mac([2, 0, 0, 0, 0, 7]);
        let outcome = interface.handle_arp(Instant::ZERO, &Packet::request(moved, THEIRS, OTHER));
        assert_eq!(outcome, ArpOutcome { taken: true, ..ArpOutcome::default() });
        assert_eq!(knows(&mut interface, THEIRS), Some(moved));
        assert!(interface.handle_arp(Instant::ZERO, &Packet::announcement(THEM, THEIRS)).taken);
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM), "an announcement updates too");
    }

    #[test]
    fn an_unknown_operation_teaches_and_is_not_answered() {
        let mut interface = interface();
        let mut packet = Packet::request(THEM, THEIRS, OURS);
        packet.operation = ArpOperation(8);
        let outcome = interface.handle_arp(Instant::ZERO, &packet);
        assert_eq!(outcome, ArpOutcome { taken: true, ..ArpOutcome::default() });
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM));
    }

    #[test]
    fn a_probe_is_answered_and_teaches_nothing() {
        // RFC 5227 §2.1.1: the answer tells the prober that the address is taken.
        let mut interface = interface();
        let probe = Packet::request(THEM, Ipv4Addr::UNSPECIFIED, OURS);
        assert!(interface.handle_arp(Instant::ZERO, &probe).reply.is_some());
        assert!(interface.neighbors.is_empty());
    }

    #[test]
    fn another_user_of_our_address_is_reported_and_defended_against_once() {
        // RFC 5227 §2.4
        let mut interface = interface();
        let claim = Packet::request(THEM, OURS, OTHER);
        let outcome = interface.handle_arp(Instant::from_secs(1), &claim);
        assert_eq!(outcome.conflict, Some((OURS, THEM)));
        assert_eq!(outcome.defence, Some(Packet::announcement(US, OURS)));
        let outcome = interface.handle_arp(Instant::from_secs(2), &claim);
        assert_eq!((outcome.conflict, outcome.defence), (Some((OURS, THEM)), None));
        assert!(interface.neighbors.is_empty(), "our own address is nobody's");
        let echo = Packet::announcement(US, OURS);
        assert_eq!(interface.handle_arp(Instant::from_secs(20), &echo), ArpOutcome::default());
    }

    #[test]
    fn announcements_come_in_number_and_apart() {
        // RFC 5227 §2.3
        let mut interface = interface();
        assert_eq!(interface.next_announcement(), None);
        interface.start_announcing(Instant::from_secs(1));
        assert!(interface.take_due_announcement(Instant::from_secs(1)));
        assert!(!interface.take_due_announcement(Instant::from_secs(1)));
        assert_eq!(interface.next_announcement(), Some(Instant::from_secs(3)));
        assert!(interface.take_due_announcement(Instant::from_secs(3)));
        assert_eq!(interface.next_announcement(), None);
    }

    #[test]
    fn it_asks_with_the_address_of_the_target_s_network() {
        let addresses = ["10.0.0.1/24", "192.168.1.1/24", "fe80::1/64"].map(|text| text.parse().unwrap());
        let config = InterfaceConfig::new("eth0", US, addresses);
        let interface = Interface::new(config, Knobs::rfc(), &mut Rng::stream(1, "host", "stack"));
        let with = |target: &str| interface.address_for(target.parse().unwrap()).unwrap().to_string();
        assert_eq!(with("192.168.1.9"), "192.168.1.1");
        assert_eq!(with("172.16.0.1"), "10.0.0.1");
        assert_eq!(with("fe80::9"), "fe80::1");
    }
}
