//! Probing: whether anyone uses an address before this interface takes it (RFC 5227 §2.1).
//!
//! ```text
//!  start ── 0..PROBE_WAIT ──▶ probe ── PROBE_MIN..PROBE_MAX ──▶ probe … (PROBE_NUM) ── ANNOUNCE_WAIT ──▶ assured
//!    └─────────────────── another's packet from, or probe for, the address: it is a duplicate ──────────────┘
//! ```

use core::net::{IpAddr, Ipv4Addr};

use etherparse::ArpOperation;

use super::Knobs;
use super::arp::Packet;
use crate::addr::{Cidr, Mac};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Addresses that others were found to have and that are remembered, the last ones.
const REMEMBERED: usize = 16;

/// How an address stands that an interface was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is being probed: not to be used yet.
    Tentative,
    /// It is in use.
    Assured,
    /// Another station has it: this one.
    Duplicate(Mac),
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Send a probe for this address.
    Probe(Ipv4Addr),
    /// Nobody answered: the address may be used.
    Assured(Cidr),
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    cidr: Cidr,
    address: Ipv4Addr,
    probes_left: u32,
    next: Instant,
}

/// The addresses of an interface that are being probed.
#[derive(Clone, Debug, Default)]
pub struct Probing {
    candidates: Vec<Candidate>,
    duplicates: Vec<(Cidr, Mac)>,
    conflicts: u32,
    last_attempt: Option<Instant>,
}

impl Probing {
    /// Begins to probe an IPv4 address. One of another family is nothing to ARP.
    pub fn start(&mut self, now: Instant, rng: &mut Rng, knobs: &Knobs, cidr: Cidr) {
        let IpAddr::V4(address) = cidr.address() else { return };
        self.cancel(address);
        self.duplicates.retain(|(other, _)| other.address() != cidr.address());
        // RFC 5227 §2.1.1: after MAX_CONFLICTS conflicts, at most one attempt in each RATE_LIMIT_INTERVAL.
        let earliest = match self.last_attempt {
            Some(last) if self.conflicts >= knobs.max_conflicts => now.max(last + knobs.rate_limit_interval),
            _ => now,
        };
        self.last_attempt = Some(earliest);
        let next =
            earliest + uniform(rng, Duration::ZERO, knobs.probe_wait, "wait before the first ARP probe");
        self.candidates.push(Candidate { cidr, address, probes_left: knobs.probes, next });
    }

    /// An address that there is nobody to ask about: it is assured at once.
    pub fn pass(&mut self, now: Instant, cidr: Cidr) {
        let IpAddr::V4(address) = cidr.address() else { return };
        self.cancel(address);
        self.candidates.push(Candidate { cidr, address, probes_left: 0, next: now });
    }

    /// Takes an address out of those that are probed.
    pub fn cancel(&mut self, address: Ipv4Addr) -> Option<Cidr> {
        let place = self.candidates.iter().position(|candidate| candidate.address == address)?;
        Some(self.candidates.remove(place).cidr)
    }

    /// The addresses that are being probed.
    pub fn tentative(&self) -> impl Iterator<Item = Cidr> + '_ {
        self.candidates.iter().map(|candidate| candidate.cidr)
    }

    /// The addresses that were probed in vain last, and who has them.
    pub fn duplicates(&self) -> impl Iterator<Item = (Cidr, Mac)> + '_ {
        self.duplicates.iter().copied()
    }

    /// Who has an address that was probed in vain lately.
    pub fn duplicate(&self, address: Ipv4Addr) -> Option<Mac> {
        self.duplicates().find(|(other, _)| other.address() == address).map(|(_, mac)| mac)
    }

    /// When [`take_step`](Self::take_step) has something.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.candidates.iter().map(|candidate| candidate.next).min()
    }

    /// The next thing that is due.
    pub fn take_step(&mut self, now: Instant, rng: &mut Rng, knobs: &Knobs) -> Option<Step> {
        let place = self.candidates.iter().position(|candidate| candidate.next <= now)?;
        let candidate = &mut self.candidates[place];
        if candidate.probes_left == 0 {
            return Some(Step::Assured(self.candidates.remove(place).cidr));
        }
        candidate.probes_left -= 1;
        // RFC 5227 §2.1.1: PROBE_NUM probes, each PROBE_MIN to PROBE_MAX after the one before; then ANNOUNCE_WAIT.
        let pause = match candidate.probes_left {
            0 => knobs.announce_wait,
            _ => uniform(rng, knobs.probe_min, knobs.probe_max, "time to the next ARP probe"),
        };
        candidate.next = now + pause;
        Some(Step::Probe(candidate.address))
    }

    /// The address that an ARP packet shows to be another's, if it is one that is probed.
    pub fn claimed(&self, packet: &Packet) -> Option<Ipv4Addr> {
        if self.candidates.is_empty() {
            return None;
        }
        // RFC 5227 §2.1.1: any packet whose sender's address is the one that is probed; and a probe for the same
        // address, whose sender tries to take it at the same time.
        let is_probe = packet.operation == ArpOperation::REQUEST && packet.sender.is_unspecified();
        let claimed = if is_probe { packet.target } else { packet.sender };
        self.candidates.iter().any(|candidate| candidate.address == claimed).then_some(claimed)
    }

    /// An ARP packet that another station sent: the address that it shows to be taken, and that is given up therefore.
    pub fn conflict(&mut self, packet: &Packet) -> Option<Ipv4Addr> {
        let claimed = self.claimed(packet)?;
        let cidr = self.cancel(claimed)?;
        self.conflicts = self.conflicts.saturating_add(1);
        if self.duplicates.len() >= REMEMBERED {
            self.duplicates.remove(0);
        }
        self.duplicates.push((cidr, packet.sender_mac));
        Some(claimed)
    }
}

/// A time from `least` to `most`, each equally likely.
pub fn uniform(rng: &mut Rng, least: Duration, most: Duration, why: &'static str) -> Duration {
    let span = most.as_nanos().saturating_sub(least.as_nanos());
    least + Duration::from_nanos(rng.pick(span.saturating_add(1), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const THEM: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const WANTED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 5);
    const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 6);

    fn wanted() -> Cidr {
        "10.0.0.5/24".parse().unwrap()
    }

    fn started(seed: u64) -> (Probing, Rng, Knobs) {
        let (mut rng, knobs) = (Rng::stream(seed, "host", "stack"), Knobs::rfc());
        let mut probing = Probing::default();
        probing.start(Instant::ZERO, &mut rng, &knobs, wanted());
        (probing, rng, knobs)
    }

    /// All that happens without a conflict, with its times.
    fn course(seed: u64) -> Vec<(Instant, Step)> {
        let (mut probing, mut rng, knobs) = started(seed);
        let mut steps = Vec::new();
        while let Some(at) = probing.next_timeout() {
            steps.push((at, probing.take_step(at, &mut rng, &knobs).unwrap()));
            assert_eq!(probing.take_step(at, &mut rng, &knobs), None);
        }
        steps
    }

    #[test]
    fn three_probes_at_random_times_and_then_the_address_is_ours() {
        // RFC 5227 §2.1.1 with the constants of §1.1.
        for seed in 0..200 {
            let steps = course(seed);
            let [first, second, third, last] = steps[..] else { panic!("{steps:?}") };
            assert!(first.0 <= Instant::from_secs(1));
            for (before, after) in [(first, second), (second, third)] {
                let pause = after.0 - before.0;
                assert!((Duration::from_secs(1)..=Duration::from_secs(2)).contains(&pause), "{pause}");
            }
            assert_eq!(last.0 - third.0, Duration::from_secs(2));
            assert_eq!([first.1, second.1, third.1], [Step::Probe(WANTED); 3]);
            assert_eq!(last.1, Step::Assured(wanted()));
        }
        assert_ne!(course(1), course(2), "the times are random");
    }

    #[test]
    fn what_shows_that_the_address_is_taken_and_what_does_not() {
        // RFC 5227 §2.1.1
        let conflicts = |packet: Packet| {
            let (mut probing, ..) = started(1);
            let found = probing.conflict(&packet);
            assert_eq!(found.is_some(), probing.next_timeout().is_none());
            assert_eq!(found.map(|_| THEM), probing.duplicate(WANTED));
            found.is_some()
        };
        let none = Ipv4Addr::UNSPECIFIED;
        assert!(conflicts(Packet::request(THEM, WANTED, OTHER)), "it asks from the address");
        assert!(conflicts(Packet::request(US, none, WANTED).reply(THEM)), "it answers");
        assert!(conflicts(Packet::announcement(THEM, WANTED)));
        assert!(conflicts(Packet::request(THEM, none, WANTED)), "it probes for it too");
        assert!(!conflicts(Packet::request(THEM, OTHER, WANTED)), "to ask for an address is not to claim it");
        assert!(!conflicts(Packet::request(THEM, none, OTHER)));
        assert!(!conflicts(Packet::request(THEM, OTHER, OTHER)));
    }

    #[test]
    fn after_many_conflicts_attempts_are_a_minute_apart() {
        // RFC 5227 §2.1.1: MAX_CONFLICTS, RATE_LIMIT_INTERVAL.
        let (mut probing, mut rng, knobs) = started(3);
        for second in 0..10 {
            let now = Instant::from_secs(second);
            probing.start(now, &mut rng, &knobs, wanted());
            assert!(probing.next_timeout().unwrap() <= now + knobs.probe_wait, "attempt {second}");
            assert!(probing.conflict(&Packet::announcement(THEM, WANTED)).is_some());
        }
        let last = Instant::from_secs(9);
        for attempt in 1..5 {
            probing.start(Instant::from_secs(10), &mut rng, &knobs, wanted());
            let due = last + knobs.rate_limit_interval * attempt;
            let next = probing.next_timeout().unwrap();
            assert!((due..=due + knobs.probe_wait).contains(&next), "{next}");
        }
    }

    #[test]
    fn what_is_remembered_of_others_stays_small() {
        let (mut probing, mut rng, knobs) = started(4);
        for number in 0..1000_u32 {
            let address = Ipv4Addr::from_bits(0x0a00_0100 + number);
            probing.start(Instant::ZERO, &mut rng, &knobs, Cidr::new(address.into(), 8).unwrap());
            assert!(probing.conflict(&Packet::announcement(THEM, address)).is_some());
            assert_eq!(probing.duplicate(address), Some(THEM));
        }
        assert_eq!(probing.duplicates.len(), REMEMBERED);
        assert_eq!(probing.tentative().collect::<Vec<_>>(), [wanted()]);
    }
}
