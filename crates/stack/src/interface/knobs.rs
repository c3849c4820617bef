//! The interface layer's knobs.

use crate::time::Duration;

/// Knobs of Ethernet, ARP and the neighbour cache.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// How long an answer of a neighbour holds (RFC 1122 §2.3.2.1). Linux: `base_reachable_time`; FreeBSD:
    /// `net.link.ether.inet.max_age`.
    pub reachable_time: Duration,
    /// Time between requests for one address: RFC 1122 §2.3.2.1 allows one a second. Linux: `retrans_time`.
    pub retry_interval: Duration,
    /// Broadcast requests until an address counts as unreachable. Linux: `mcast_solicit`; FreeBSD:
    /// `net.link.ether.inet.maxtries`.
    pub max_requests: u32,
    /// Unicast polls of a stale neighbour until its entry is removed (RFC 1122 §2.3.2.1 (2)). Linux:
    /// `ucast_solicit`.
    pub max_polls: u32,
    /// How long an address that did not answer fails at once, before it is asked for again.
    pub failed_time: Duration,
    /// Entries of an interface's neighbour cache, static ones not counted; the one that was used least lately
    /// makes room. Linux: `gc_thresh3`.
    pub max_neighbors: usize,
    /// Packets that wait for one address; the oldest makes room (RFC 1122 §2.3.2.2). Linux: `unres_qlen`;
    /// FreeBSD: `net.link.ether.inet.maxhold`.
    pub max_queued_packets: usize,
    /// Octets of storage that the packets which wait for one address hold; the oldest make room. Linux:
    /// `unres_qlen_bytes`.
    pub max_queued_bytes: usize,
    /// Octets of storage that all packets hold which wait for addresses on an interface's link; the oldest make room.
    pub max_waiting_bytes: usize,
    /// Announcements of an address that is taken into use (RFC 5227 §1.1: `ANNOUNCE_NUM`).
    pub announcements: u32,
    /// Time between them (RFC 5227 §1.1: `ANNOUNCE_INTERVAL`).
    pub announce_interval: Duration,
    /// Least time between two defences of an address (RFC 5227 §1.1: `DEFEND_INTERVAL`).
    pub defend_interval: Duration,
    /// The most that is waited, at random, before the first probe (RFC 5227 §1.1: `PROBE_WAIT`).
    pub probe_wait: Duration,
    /// Probes of an address before it is used (RFC 5227 §1.1: `PROBE_NUM`).
    pub probes: u32,
    /// Least time between two probes (RFC 5227 §1.1: `PROBE_MIN`).
    pub probe_min: Duration,
    /// Greatest time between two probes (RFC 5227 §1.1: `PROBE_MAX`).
    pub probe_max: Duration,
    /// From the last probe to the first announcement (RFC 5227 §1.1: `ANNOUNCE_WAIT`).
    pub announce_wait: Duration,
    /// Conflicts after which new addresses are tried slowly (RFC 5227 §1.1: `MAX_CONFLICTS`).
    pub max_conflicts: u32,
    /// Least time between two attempts from then on (RFC 5227 §1.1: `RATE_LIMIT_INTERVAL`).
    pub rate_limit_interval: Duration,
    /// RARP requests until an interface does without an address. RFC 903 §III leaves it open.
    pub rarp_requests: u32,
    /// Time between the first two RARP requests; it doubles with each.
    pub rarp_interval: Duration,
    /// Greatest time between two RARP requests, without its random spread of a quarter.
    pub rarp_max_interval: Duration,
}

impl Knobs {
    /// The documents' defaults.
    pub fn rfc() -> Self {
        Self {
            reachable_time: Duration::from_secs(60),
            retry_interval: Duration::from_secs(1),
            max_requests: 3,
            max_polls: 2,
            failed_time: Duration::from_secs(1),
            max_neighbors: 512,
            max_queued_packets: 16,
            max_queued_bytes: 131_072,
            max_waiting_bytes: 1 << 20,
            announcements: 2,
            announce_interval: Duration::from_secs(2),
            defend_interval: Duration::from_secs(10),
            probe_wait: Duration::from_secs(1),
            probes: 3,
            probe_min: Duration::from_secs(1),
            probe_max: Duration::from_secs(2),
            announce_wait: Duration::from_secs(2),
            max_conflicts: 10,
            rate_limit_interval: Duration::from_secs(60),
            rarp_requests: 6,
            rarp_interval: Duration::from_secs(1),
            rarp_max_interval: Duration::from_secs(8),
        }
    }

    /// What Linux does: its defaults, without the random spread of `base_reachable_time`.
    pub fn linux() -> Self {
        Self {
            reachable_time: Duration::from_secs(30),
            max_polls: 3,
            max_neighbors: 1024,
            max_queued_packets: 101,
            max_queued_bytes: 212_992,
            announcements: 1,
            ..Self::rfc()
        }
    }

    /// What FreeBSD does.
    pub fn freebsd() -> Self {
        Self {
            reachable_time: Duration::from_secs(1200),
            max_requests: 5,
            max_polls: 5,
            failed_time: Duration::from_secs(20),
            announcements: 1,
            ..Self::rfc()
        }
    }
}
