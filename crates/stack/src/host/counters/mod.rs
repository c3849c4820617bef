//! What a host has counted.
//!
//! | file | holds |
//! |---|---|
//! | `groups` | the counters of each protocol, by the names of their documents |
//! | `homes` | in which of them each drop reason and each cause counts |
//! | `tally` | what is counted as it happens |
//!
//! A counter that a cause or a reason gives needs nothing but its line in `homes`. Another one is a field of its group,
//! added to where it happens: `self.tally.ip.reasm_oks += 1`.

mod groups;
mod homes;
mod tally;

use crate::trace::{Cause, DropReason};

pub use groups::{
    ArpCounters, IcmpCounters, IgmpCounters, InterfaceCounters, IpCounters, RarpCounters, TcpCounters,
    UdpCounters,
};
pub use tally::Tally;

/// Declares the counters once: struct, names, and lookup by name.
macro_rules! counters {
    (
        plain { $($(#[doc = $doc:literal])+ $field:ident,)+ }
        groups { $($(#[doc = $what:literal])+ $group:ident: $counters:ident,)+ }
    ) => {
        /// What a host has counted since it was made. Frames, packets, datagrams and segments unless a name
        /// says octets.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct HostCounters {
            $($(#[doc = $doc])+ pub $field: u64,)+
            $($(#[doc = $what])+ pub $group: $counters,)+
            /// Frames sent, by cause ([`Cause::counter`]); of TCP, segments.
            pub sent: [u64; Cause::ALL.len()],
            /// Frames and packets dropped, by reason ([`DropReason::counter`]).
            pub dropped: [u64; DropReason::ALL.len()],
        }

        impl Default for HostCounters {
            fn default() -> Self {
                Self {
                    $($field: 0,)+
                    $($group: $counters::default(),)+
                    sent: [0; Cause::ALL.len()],
                    dropped: [0; DropReason::ALL.len()],
                }
            }
        }

        impl HostCounters {
            /// The names without a protocol in front: the most asked for, which others say more exactly.
            pub const PLAIN: &[&str] = &[$(stringify!($field)),+];

            /// What each of the plain ones counts, in the same order.
            pub const PLAIN_MEANINGS: &[&str] = &[$(concat!($($doc),+)),+];

            /// The groups of the others: of what they are, their names, what each counts. Beside them there are those
            /// of causes and reasons.
            pub const GROUPS: &[(&str, &[&str], &[&str])] =
                &[$(($counters::ABOUT, $counters::NAMES, $counters::MEANINGS)),+];

            const COUNT: usize = Self::PLAIN.len()
                $(+ $counters::NAMES.len())+
                + Cause::ALL.len()
                + DropReason::ALL.len();

            /// The counters' names, in order.
            pub const NAMES: &[&str] = &join::<{ Self::COUNT }>(
                &[Self::PLAIN, $($counters::NAMES,)+ Cause::COUNTERS, DropReason::COUNTERS],
            );

            fn values(&self) -> Vec<u64> {
                let mut values = Vec::with_capacity(Self::COUNT);
                values.extend([$(self.$field),+]);
                $(self.$group.values(&mut values);)+
                values.extend(self.sent);
                values.extend(self.dropped);
                values
            }
        }
    };
}

/// Several lists in one.
const fn join<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut list, mut place) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[place] = lists[list][index];
            place += 1;
            index += 1;
        }
        list += 1;
    }
    all
}

counters! {
    plain {
        /// Frames that arrived, loopback's too.
        frames_received,
        /// Frames given to a link, loopback's too.
        frames_sent,
        /// Octets of the frames that arrived.
        received_bytes,
        /// Octets of the frames that were sent.
        sent_bytes,
        /// Frames that were dropped in this host, for whatever reason.
        dropped_frames,

        /// ARP requests that were broadcast because a packet waited.
        arp_requests_sent,
        /// ARP replies.
        arp_replies_sent,
        /// ARP requests to a known neighbour before its entry expires.
        arp_polls_sent,
        /// ARP announcements of an own address.
        arp_announcements_sent,
        /// ARP announcements that defended an own address.
        arp_defences_sent,
        /// ARP packets that arrived and were taken.
        arp_received,
        /// ARP packets that claimed an own address.
        address_conflicts,
        /// Neighbours that did not answer.
        neighbors_failed,

        /// ICMP messages sent, of any kind.
        icmp_sent,
        /// ICMP messages that arrived and were taken.
        icmp_received,
        /// ICMP error messages sent.
        icmp_errors_sent,
        /// ICMP error messages that arrived and found the flow that they are about.
        icmp_errors_received,
        /// ICMP messages that were due and not sent: too many were.
        icmp_rate_limited,
        /// Echo requests sent.
        echo_requests_sent,
        /// Echo replies sent.
        echo_replies_sent,

        /// UDP datagrams sent.
        udp_datagrams_sent,
        /// UDP datagrams that reached a socket.
        udp_datagrams_received,

        /// TCP segments sent (a super-frame counts as the segments in it).
        tcp_segments_sent,
        /// TCP segments that TCP took.
        tcp_segments_received,
        /// TCP segments sent again.
        retransmitted_segments,
        /// TCP resets sent.
        resets_sent,

        /// Dropped: the frame check sequence did not fit.
        bad_fcs,
        /// Dropped: shorter than its headers say.
        truncated,
        /// Dropped: addressed to somebody else.
        not_for_us,
        /// Dropped: the next hop did not answer ARP.
        neighbor_unresolved,
        /// Dropped: the IPv4 header checksum was wrong.
        ip_bad_checksum,
        /// Dropped: any other fault of the IPv4 header.
        ip_bad_header,
        /// Dropped: a fragment that could not be one, or that reassembly did not take.
        ip_fragments_dropped,
        /// Dropped: no transport had that protocol number.
        unknown_protocol,
        /// Dropped: the ICMP checksum was wrong.
        icmp_bad_checksum,
        /// Dropped: the UDP checksum was wrong.
        udp_bad_checksum,
        /// Dropped: no socket was bound to the UDP port.
        udp_no_port,
        /// Dropped: the UDP socket's queue was full.
        udp_queue_full,
        /// Dropped: the TCP checksum was wrong.
        tcp_bad_checksum,
        /// Dropped: no connection; a reset answered unless it was one.
        tcp_no_connection,
    }
    groups {
        /// Its interfaces but loopback, together.
        interface: InterfaceCounters,
        /// ARP.
        arp: ArpCounters,
        /// RARP.
        rarp: RarpCounters,
        /// IPv4.
        ip: IpCounters,
        /// ICMP.
        icmp: IcmpCounters,
        /// IGMP.
        igmp: IgmpCounters,
        /// UDP.
        udp: UdpCounters,
        /// TCP.
        tcp: TcpCounters,
    }
}

impl HostCounters {
    /// The counter of that name.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All counters with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::NAMES.iter().copied().zip(self.values())
    }

    /// Fills in what follows from what is there: the totals of the protocols, and the plain names.
    fn add_up(&mut self, tcp_accepted: u64) {
        let Self { arp, ip, icmp, igmp, udp, tcp, .. } = self;
        // RFC 4022 §3, tcpOutSegs: resets are segments too.
        tcp.out_segs += tcp.out_rsts;
        tcp.in_segs = tcp_accepted + tcp.in_errs + tcp.in_discards;
        (tcp.active_opens, tcp.passive_opens) =
            (self.sent[Cause::Syn as usize], self.sent[Cause::SynAck as usize]);
        self.icmp_received = icmp.in_msgs;
        icmp.in_msgs += icmp.in_errors + icmp.in_discards;
        let udp_received = udp.in_datagrams + udp.no_ports + udp.in_errors;
        igmp.in_msgs += igmp.in_errors + igmp.in_discards;
        ip.in_delivers += tcp.in_segs + icmp.in_msgs + igmp.in_msgs + udp_received;
        // The others' were counted as they were queued.
        ip.out_requests += tcp.out_segs + tcp.retrans_segs;

        self.arp_requests_sent = arp.out_requests;
        self.arp_replies_sent = arp.out_replies;
        self.arp_polls_sent = arp.out_polls;
        self.arp_announcements_sent = arp.out_announcements;
        self.arp_defences_sent = arp.out_defences;
        self.arp_received = arp.in_pkts;
        self.address_conflicts = arp.in_conflicts;
        self.neighbors_failed = arp.out_timeouts;
        self.icmp_sent = icmp.out_msgs;
        self.icmp_errors_sent =
            icmp.out_dest_unreachs + icmp.out_time_excds + icmp.out_parm_probs + icmp.out_redirects;
        self.icmp_rate_limited = icmp.out_rate_limited;
        self.echo_requests_sent = icmp.out_echos;
        self.echo_replies_sent = icmp.out_echo_reps;
        self.udp_datagrams_sent = udp.out_datagrams;
        self.udp_datagrams_received = udp.in_datagrams;
        self.tcp_segments_sent = tcp.out_segs + tcp.retrans_segs;
        self.tcp_segments_received = tcp_accepted;
        self.retransmitted_segments = tcp.retrans_segs;
        self.resets_sent = tcp.out_rsts;
        let dropped = |reason: DropReason| self.dropped[reason as usize];
        self.bad_fcs = dropped(DropReason::BadFcs);
        self.truncated = dropped(DropReason::Truncated);
        self.not_for_us = dropped(DropReason::NotForUs) + dropped(DropReason::NotForwarding);
        self.neighbor_unresolved = dropped(DropReason::NeighborUnresolved);
        self.ip_bad_checksum = dropped(DropReason::IpBadChecksum);
        self.ip_bad_header = [
            DropReason::IpBadVersion,
            DropReason::IpBadHeaderLength,
            DropReason::IpBadTotalLength,
            DropReason::IpBadSource,
            DropReason::IpBadOptions,
        ]
        .into_iter()
        .map(dropped)
        .sum();
        self.ip_fragments_dropped = [
            DropReason::FragmentMalformed,
            DropReason::FragmentTooLong,
            DropReason::FragmentTiny,
            DropReason::FragmentOverlap,
            DropReason::FragmentAgain,
            DropReason::FragmentEcn,
            DropReason::FragmentLimit,
        ]
        .into_iter()
        .map(dropped)
        .sum();
        self.unknown_protocol = dropped(DropReason::UnknownProtocol);
        self.icmp_bad_checksum = dropped(DropReason::IcmpBadChecksum);
        self.udp_bad_checksum = dropped(DropReason::UdpBadChecksum);
        self.udp_no_port = dropped(DropReason::UdpNoPort);
        self.udp_queue_full = dropped(DropReason::UdpQueueFull);
        self.tcp_bad_checksum = dropped(DropReason::TcpBadChecksum);
        self.tcp_no_connection = dropped(DropReason::TcpNoConnection);
    }
}

#[cfg(test)]
mod tests;
