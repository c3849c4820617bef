//! What is counted as it happens. Most of it by cause and by reason, so that nothing is forgotten; the names that
//! people know are made from that when somebody asks.

use std::collections::BTreeMap;

use super::groups::{ArpCounters, IcmpCounters, IgmpCounters, InterfaceCounters, IpCounters, RarpCounters};
use super::{HostCounters, homes};
use crate::frame::{Frame, InterfaceId};
use crate::trace::{Cause, DropReason, Place};

/// On which walk, and how far up, something ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// On the way up, in the interface layer.
    Interface,
    /// On the way up, in the network layer.
    Network,
    /// On the way up, in the transport layer.
    Transport,
    /// On the way down.
    Out,
}

impl Stage {
    fn of(place: Place) -> Self {
        match place {
            Place::Interface | Place::Link(_) => Self::Interface,
            Place::Network => Self::Network,
            Place::Transport => Self::Transport,
        }
    }
}

/// Drops, by where and why. Few reasons occur on an interface: a small ordered map.
type Drops = BTreeMap<(Stage, DropReason), u64>;

/// What one interface has counted.
#[derive(Clone, Debug, Default)]
struct OnInterface {
    in_frames: u64,
    in_octets: u64,
    in_multicast: u64,
    in_broadcast: u64,
    out_frames: u64,
    out_octets: u64,
    out_multicast: u64,
    out_broadcast: u64,
    /// It lies over another, whose link its frames take: they are counted there too.
    is_over: bool,
    drops: Drops,
}

/// What a host has counted. Counters of the groups that no cause and no reason gives are added to in place;
/// the others stay at zero here.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    interfaces: Vec<OnInterface>,
    loopback: OnInterface,
    /// Ended on the way down before an interface was chosen.
    nowhere: Drops,
    sent: SentByCause,
    pub arp: ArpCounters,
    pub rarp: RarpCounters,
    pub ip: IpCounters,
    pub icmp: IcmpCounters,
    pub igmp: IgmpCounters,
    pub icmp_errors_received: u64,
    pub udp_received: u64,
    pub tcp_received: u64,
}

/// Frames sent, by cause; of TCP, segments.
#[derive(Clone, Debug)]
struct SentByCause([u64; Cause::ALL.len()]);

impl Default for SentByCause {
    fn default() -> Self {
        Self([0; Cause::ALL.len()])
    }
}

impl Tally {
    /// Nothing yet, for a host with so many interfaces besides loopback.
    pub fn new(interfaces: usize) -> Self {
        Self { interfaces: vec![OnInterface::default(); interfaces], ..Self::default() }
    }

    #[inline]
    fn on(&mut self, interface: InterfaceId) -> &mut OnInterface {
        // Loopback's number is beyond every other.
        self.interfaces.get_mut(usize::from(interface.0)).unwrap_or(&mut self.loopback)
    }

    /// A frame arrived.
    #[inline]
    pub fn count_received(&mut self, on: InterfaceId, frame: &Frame) {
        let on = self.on(on);
        on.in_frames += 1;
        on.in_octets += frame.len() as u64;
    }

    /// The frame that arrived last, of so many octets without its tag, goes on to the next layer, and belongs to an
    /// interface that lies over the one that it came by. (What goes no further counts where it came in.)
    #[cold]
    pub fn count_received_over(&mut self, on: InterfaceId, octets: usize) {
        let on = self.on(on);
        on.in_frames += 1;
        on.in_octets += octets as u64;
        on.is_over = true;
    }

    /// A frame leaves by an interface that lies over another.
    #[cold]
    pub fn count_sent_over(&mut self, on: InterfaceId, frame: &Frame) {
        self.count_on_link(on, frame);
        self.on(on).is_over = true;
    }

    /// The frame that arrived last, and goes on to the next layer, was for a group of stations, or for all of them.
    #[cold]
    pub fn count_received_group(&mut self, on: InterfaceId, to_all: bool) {
        let on = self.on(on);
        if to_all {
            on.in_broadcast += 1;
        } else {
            on.in_multicast += 1;
        }
    }

    /// A frame leaves that stands for so many.
    #[inline]
    pub fn count_sent(&mut self, on: InterfaceId, frame: &Frame, segments: u64) {
        self.count_on_link(on, frame);
        self.sent.0[frame.meta.cause as usize] += segments;
    }

    #[inline]
    fn count_on_link(&mut self, on: InterfaceId, frame: &Frame) {
        let on = self.on(on);
        on.out_frames += 1;
        on.out_octets += frame.len() as u64;
        if frame.head().first().is_some_and(|first| first & 1 != 0) {
            on.count_sent_group(frame.head());
        }
    }

    /// A frame that arrived ended here.
    #[cold]
    pub fn count_dropped(&mut self, on: InterfaceId, place: Place, reason: DropReason) {
        *self.on(on).drops.entry((Stage::of(place), reason)).or_default() += 1;
    }

    /// A packet ended here before it left, with the interface by which it would have left, where that was known.
    #[cold]
    pub fn count_discarded(&mut self, on: Option<InterfaceId>, reason: DropReason) {
        let drops = match on {
            Some(on) => &mut self.on(on).drops,
            None => &mut self.nowhere,
        };
        *drops.entry((Stage::Out, reason)).or_default() += 1;
    }

    /// An ICMP message arrived and was taken.
    pub fn count_icmp(&mut self, icmp_type: u8) {
        self.icmp.in_msgs += 1;
        if let Some(counter) = self.icmp.received(icmp_type) {
            *counter += 1;
        }
    }

    /// Frames sent for `cause`; of TCP, segments.
    pub fn sent(&self, cause: Cause) -> u64 {
        self.sent.0[cause as usize]
    }

    /// Frames and packets that ended here for `reason`.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.drops().filter(|(of, _)| *of == reason).map(|(_, count)| count).sum()
    }

    fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        let on_interfaces = self.interfaces.iter().chain([&self.loopback]).map(|on| &on.drops);
        on_interfaces
            .chain([&self.nowhere])
            .flat_map(|drops| drops.iter().map(|((_, reason), count)| (*reason, *count)))
    }

    /// What an interface has counted.
    pub fn of_interface(&self, interface: InterfaceId) -> InterfaceCounters {
        self.interfaces.get(usize::from(interface.0)).unwrap_or(&self.loopback).counters()
    }

    /// All of it by the names that people know.
    pub fn counters(&self) -> HostCounters {
        let Self { arp, rarp, ip, icmp, igmp, .. } = *self;
        let mut all = HostCounters { arp, rarp, ip, icmp, igmp, ..HostCounters::default() };
        for on in self.interfaces.iter().filter(|on| !on.is_over) {
            all.interface.add(&on.counters());
        }
        self.add_sent(&mut all);
        self.add_drops(&mut all);
        // RFC 4293 §5, ipSystemStatsOutFragReqds: those that were cut, and those that could not be.
        all.ip.out_frag_reqds = all.ip.out_frag_oks + all.ip.out_frag_fails;
        let everywhere = || self.interfaces.iter().chain([&self.loopback]).filter(|on| !on.is_over);
        all.frames_received = everywhere().map(|on| on.in_frames).sum();
        all.received_bytes = everywhere().map(|on| on.in_octets).sum();
        all.frames_sent = everywhere().map(|on| on.out_frames).sum();
        all.sent_bytes = everywhere().map(|on| on.out_octets).sum();
        all.icmp_errors_received = self.icmp_errors_received;
        all.udp.in_datagrams = self.udp_received;
        all.add_up(self.tcp_received);
        all
    }

    fn add_sent(&self, all: &mut HostCounters) {
        for (cause, count) in Cause::ALL.iter().zip(self.sent.0) {
            all.sent[*cause as usize] = count;
            let (arp, rarp, icmp) = (all.arp, all.rarp, all.icmp);
            let Some(counter) = homes::of_cause(*cause, all) else { continue };
            *counter += count;
            if all.icmp != icmp {
                all.icmp.out_msgs += count;
            }
            if all.arp == arp && all.rarp == rarp {
                all.ip.out_transmits += count;
            }
        }
    }

    fn add_drops(&self, all: &mut HostCounters) {
        for (reason, count) in self.drops() {
            all.dropped_frames += count;
            all.dropped[reason as usize] += count;
        }
        let on_interfaces = self.interfaces.iter().chain([&self.loopback]).flat_map(|on| &on.drops);
        // The interfaces' own counters have theirs already.
        let interface = all.interface;
        for ((stage, reason), count) in on_interfaces {
            *homes::of_reason(*stage, *reason, all) += count;
        }
        all.interface = interface;
        for ((stage, reason), count) in &self.nowhere {
            *homes::of_reason(*stage, *reason, all) += count;
        }
    }
}

impl OnInterface {
    /// A frame leaves whose first octet says that it is for a group. On a link without Ethernet it may be anything else.
    #[cold]
    fn count_sent_group(&mut self, octets: &[u8]) {
        match octets {
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ..] => self.out_broadcast += 1,
            // RFC 1112 §6.4, RFC 2464 §7.
            [0x01, 0x00, 0x5e, ..] | [0x33, 0x33, ..] => self.out_multicast += 1,
            _ => {}
        }
    }

    fn counters(&self) -> InterfaceCounters {
        let mut all = HostCounters::default();
        for ((stage, reason), count) in &self.drops {
            *homes::of_reason(*stage, *reason, &mut all) += count;
        }
        let own = all.interface;
        // RFC 2863 §6, ifInUcastPkts: those that go on to the next layer.
        let not_unicast =
            self.in_multicast + self.in_broadcast + own.in_discards + own.in_errors + own.in_unknown_protos;
        InterfaceCounters {
            in_octets: self.in_octets,
            in_ucast_pkts: self.in_frames.saturating_sub(not_unicast),
            in_multicast_pkts: self.in_multicast,
            in_broadcast_pkts: self.in_broadcast,
            out_octets: self.out_octets,
            out_ucast_pkts: self.out_frames - self.out_multicast - self.out_broadcast,
            out_multicast_pkts: self.out_multicast,
            out_broadcast_pkts: self.out_broadcast,
            ..own
        }
    }
}
