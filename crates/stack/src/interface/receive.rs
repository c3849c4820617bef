//! What an ARP packet that arrived means (RFC 826 §Packet Reception).

use core::net::{IpAddr, Ipv4Addr};

use etherparse::ArpOperation;

use super::Interface;
use super::arp::Packet;
use super::conflict::Reaction;
use crate::addr::Mac;
use crate::time::Instant;

/// What the host has to do for an ARP packet, besides what the neighbour cache owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ArpOutcome {
    /// Whether the packet told something: its sender was known, or its target is this interface.
    pub taken: bool,
    /// The answer.
    pub reply: Option<Packet>,
    /// Another station uses this address of ours, or one that is being probed.
    pub conflict: Option<(Ipv4Addr, Mac)>,
    /// The announcement that defends it.
    pub defence: Option<Packet>,
    /// The address is to be given up: it was being probed, or is not to be defended (any more).
    pub lost: Option<Ipv4Addr>,
    /// Somebody asks for an address elsewhere, and this interface answers for what can be reached by another.
    pub proxy: bool,
}

impl Interface {
    /// Whether a packet shows that another station uses an address of this interface, or one that is being probed; that
    /// is, if it is from another station at all.
    pub(crate) fn is_claimed(&self, packet: &Packet) -> bool {
        self.has(packet.sender) || self.addressing.probing.claimed(packet).is_some()
    }

    /// Takes an ARP packet. `to_all`: it was broadcast.
    pub fn handle_arp(&mut self, now: Instant, packet: &Packet, to_all: bool) -> ArpOutcome {
        if packet.sender_mac == self.mac() {
            // Our own, come back by a loop in the link.
            return ArpOutcome::default();
        }
        if let Some(lost) = self.addressing.probing.conflict(packet) {
            self.lose(now, lost);
            let conflict = Some((lost, packet.sender_mac));
            return ArpOutcome { taken: true, conflict, lost: Some(lost), ..ArpOutcome::default() };
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
        // A broadcast question concerns everyone until it is read, and so does an announcement: to find that it is
        // nothing to us is no fault of its sender.
        let taken = known || for_us || to_all;
        let announces = packet.sender == packet.target;
        let proxy = self.config.proxy_arp && !for_us && is_request && named && !announces;
        ArpOutcome { taken, reply, proxy, ..ArpOutcome::default() }
    }

    /// RFC 5227 §2.4: another station sends with an address of ours.
    fn handle_conflict(&mut self, now: Instant, packet: &Packet) -> ArpOutcome {
        let (address, policy) = (packet.sender, self.config.on_conflict);
        let reaction = self.defence.react(now, address, policy, self.knobs.defend_interval);
        ArpOutcome {
            taken: true,
            conflict: Some((address, packet.sender_mac)),
            defence: (reaction == Reaction::Defend).then(|| Packet::announcement(self.mac(), address)),
            lost: (reaction == Reaction::GiveUp).then_some(address),
            ..ArpOutcome::default()
        }
    }

    fn has(&self, address: Ipv4Addr) -> bool {
        self.ipv4_addresses().any(|own| own == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::neighbor::Resolution;
    use crate::interface::{InterfaceConfig, Knobs, OnConflict};
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
        let outcome = interface.handle_arp(Instant::ZERO, &request, true);
        assert_eq!(outcome.reply, Some(request.reply(US)));
        assert!(outcome.taken && outcome.conflict.is_none());
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM));
    }

    #[test]
    fn a_request_for_another_station_fills_nothing_but_updates_what_is_known() {
        // RFC 826 §Packet Reception: the merge flag.
        let mut interface = interface();
        let request = Packet::request(THEM, THEIRS, OTHER);
        assert_eq!(interface.handle_arp(Instant::ZERO, &request, false), ArpOutcome::default());
        assert_eq!(knows(&mut interface, THEIRS), None);

        interface.handle_arp(Instant::ZERO, &Packet::request(THEM, THEIRS, OURS), true);
        let moved = Mac([2, 0, 0, 0, 0, 7]);
        let outcome = interface.handle_arp(Instant::ZERO, &Packet::request(moved, THEIRS, OTHER), false);
        assert_eq!(outcome, ArpOutcome { taken: true, ..ArpOutcome::default() });
        assert_eq!(knows(&mut interface, THEIRS), Some(moved));
        assert!(interface.handle_arp(Instant::ZERO, &Packet::announcement(THEM, THEIRS), false).taken);
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM), "an announcement updates too");
    }

    #[test]
    fn an_unknown_operation_teaches_and_is_not_answered() {
        let mut interface = interface();
        let mut packet = Packet::request(THEM, THEIRS, OURS);
        packet.operation = ArpOperation(8);
        let outcome = interface.handle_arp(Instant::ZERO, &packet, true);
        assert_eq!(outcome, ArpOutcome { taken: true, ..ArpOutcome::default() });
        assert_eq!(knows(&mut interface, THEIRS), Some(THEM));
    }

    #[test]
    fn a_probe_is_answered_and_teaches_nothing() {
        // RFC 5227 §2.1.1: the answer tells the prober that the address is taken.
        let mut interface = interface();
        let probe = Packet::request(THEM, Ipv4Addr::UNSPECIFIED, OURS);
        assert!(interface.handle_arp(Instant::ZERO, &probe, true).reply.is_some());
        assert!(interface.neighbors.is_empty());
    }

    #[test]
    fn another_user_of_our_address_is_reported_and_defended_against_once() {
        // RFC 5227 §2.4
        let mut interface = interface();
        let claim = Packet::request(THEM, OURS, OTHER);
        let outcome = interface.handle_arp(Instant::from_secs(1), &claim, true);
        assert_eq!(outcome.conflict, Some((OURS, THEM)));
        assert_eq!(outcome.defence, Some(Packet::announcement(US, OURS)));
        let outcome = interface.handle_arp(Instant::from_secs(2), &claim, true);
        assert_eq!((outcome.conflict, outcome.defence), (Some((OURS, THEM)), None));
        assert!(interface.neighbors.is_empty(), "our own address is nobody's");
        let echo = Packet::announcement(US, OURS);
        assert_eq!(interface.handle_arp(Instant::from_secs(20), &echo, true), ArpOutcome::default());
    }

    #[test]
    fn each_policy_ends_as_it_should() {
        // RFC 5227 §2.4
        let lost = |policy| {
            let mut interface = interface();
            interface.config.on_conflict = policy;
            let claim = Packet::request(THEM, OURS, OTHER);
            let outcomes = [1, 2].map(|at| interface.handle_arp(Instant::from_secs(at), &claim, true));
            outcomes.map(|outcome| (outcome.defence.is_some(), outcome.lost.is_some()))
        };
        assert_eq!(lost(OnConflict::GiveUp)[0], (false, true));
        assert_eq!(lost(OnConflict::DefendOnce), [(true, false), (false, true)]);
        assert_eq!(lost(OnConflict::NeverGiveUp), [(true, false), (false, false)]);
    }

    #[test]
    fn what_all_were_told_is_no_fault_where_it_says_nothing() {
        let mut interface = interface();
        let outcome = interface.handle_arp(Instant::ZERO, &Packet::announcement(THEM, THEIRS), true);
        assert_eq!(outcome, ArpOutcome { taken: true, ..ArpOutcome::default() });
        assert!(interface.neighbors.is_empty(), "and it fills no cache");
    }

    #[test]
    fn a_proxy_is_asked_for_questions_about_others_alone() {
        // RFC 1027 §2.1; a probe is left to whoever has the address.
        let mut interface = interface();
        interface.config.proxy_arp = true;
        let mut proxy = |packet: Packet| interface.handle_arp(Instant::ZERO, &packet, true).proxy;
        assert!(proxy(Packet::request(THEM, THEIRS, OTHER)));
        assert!(!proxy(Packet::request(THEM, THEIRS, OURS)), "ours is answered for ourselves");
        assert!(!proxy(Packet::probe(THEM, OTHER)));
        assert!(!proxy(Packet::announcement(THEM, THEIRS)));
        assert!(!proxy(Packet::request(US, OTHER, THEIRS).reply(THEM)));
    }

    #[test]
    fn announcements_come_in_number_and_apart() {
        // RFC 5227 §2.3
        let mut interface = interface();
        assert_eq!(interface.next_announcement(), None);
        interface.start_announcing(Instant::from_secs(1), OURS);
        assert_eq!(interface.take_due_announcement(Instant::from_secs(1)), Some(OURS));
        assert_eq!(interface.take_due_announcement(Instant::from_secs(1)), None);
        assert_eq!(interface.next_announcement(), Some(Instant::from_secs(3)));
        assert_eq!(interface.take_due_announcement(Instant::from_secs(3)), Some(OURS));
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
