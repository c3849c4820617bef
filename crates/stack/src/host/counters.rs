//! What a host has counted.

use crate::frame::Frame;
use crate::trace::{Cause, DropReason};

/// Declares the counters once: struct, names, and lookup by name.
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $field:ident,)+) => {
        /// What a host has counted since it was made. Frames, packets, datagrams and segments unless a name
        /// says octets.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct HostCounters { $($(#[doc = $doc])+ pub $field: u64,)+ }

        impl HostCounters {
            /// The counters' names, in order.
            pub const NAMES: &[&str] = &[$(stringify!($field)),+];

            /// The counter of that name.
            pub fn get(&self, name: &str) -> Option<u64> {
                match name {
                    $(stringify!($field) => Some(self.$field),)+
                    _ => None,
                }
            }

            /// All counters with their names, in order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($field), self.$field)),+].into_iter()
            }
        }
    };
}

counters! {
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
    /// Dropped: a fragment.
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

/// What is counted as it happens: by cause and by reason, so that nothing is forgotten.
#[derive(Clone, Debug)]
pub struct Tally {
    frames_received: u64,
    received_bytes: u64,
    frames_sent: u64,
    sent_bytes: u64,
    sent: [u64; Cause::ALL.len()],
    dropped: [u64; DropReason::ALL.len()],
    pub arp_received: u64,
    pub address_conflicts: u64,
    pub neighbors_failed: u64,
    pub icmp_received: u64,
    pub icmp_errors_received: u64,
    pub icmp_rate_limited: u64,
    pub udp_received: u64,
    pub tcp_received: u64,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            frames_received: 0,
            received_bytes: 0,
            frames_sent: 0,
            sent_bytes: 0,
            sent: [0; Cause::ALL.len()],
            dropped: [0; DropReason::ALL.len()],
            arp_received: 0,
            address_conflicts: 0,
            neighbors_failed: 0,
            icmp_received: 0,
            icmp_errors_received: 0,
            icmp_rate_limited: 0,
            udp_received: 0,
            tcp_received: 0,
        }
    }

    /// A frame arrived.
    #[inline]
    pub fn count_received(&mut self, frame: &Frame) {
        self.frames_received += 1;
        self.received_bytes += frame.len() as u64;
    }

    /// A frame leaves.
    #[inline]
    pub fn count_sent(&mut self, frame: &Frame) {
        self.frames_sent += 1;
        self.sent_bytes += frame.len() as u64;
        let segments = match frame.meta.segment_size {
            Some(size) if size > 0 => frame.payload().len().div_ceil(usize::from(size)).max(1) as u64,
            _ => 1,
        };
        self.sent[frame.meta.cause as usize] += segments;
    }

    /// A frame, or a packet that never became one, ended here.
    pub fn count_dropped(&mut self, reason: DropReason) {
        self.dropped[reason as usize] += 1;
    }

    /// Frames sent for `cause`; of TCP, segments.
    pub fn sent(&self, cause: Cause) -> u64 {
        self.sent[cause as usize]
    }

    /// Frames and packets that ended here for `reason`.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    fn sent_for(&self, is_counted: impl Fn(Cause) -> bool) -> u64 {
        Cause::ALL.iter().filter(|cause| is_counted(**cause)).map(|cause| self.sent(*cause)).sum()
    }

    /// All of it by the names that people know.
    pub fn counters(&self) -> HostCounters {
        let bad_header = [
            DropReason::IpBadVersion,
            DropReason::IpBadHeaderLength,
            DropReason::IpBadTotalLength,
            DropReason::IpBadSource,
            DropReason::IpBadOptions,
        ];
        HostCounters {
            frames_received: self.frames_received,
            frames_sent: self.frames_sent,
            received_bytes: self.received_bytes,
            sent_bytes: self.sent_bytes,
            dropped_frames: self.dropped.iter().sum(),
            arp_requests_sent: self.sent(Cause::ArpRequest),
            arp_replies_sent: self.sent(Cause::ArpReply),
            arp_polls_sent: self.sent(Cause::ArpPoll),
            arp_announcements_sent: self.sent(Cause::ArpAnnouncement),
            arp_defences_sent: self.sent(Cause::ArpDefence),
            arp_received: self.arp_received,
            address_conflicts: self.address_conflicts,
            neighbors_failed: self.neighbors_failed,
            icmp_sent: self.sent_for(|cause| is_icmp_error(cause) || is_echo(cause)),
            icmp_received: self.icmp_received,
            icmp_errors_sent: self.sent_for(is_icmp_error),
            icmp_errors_received: self.icmp_errors_received,
            icmp_rate_limited: self.icmp_rate_limited,
            echo_requests_sent: self.sent(Cause::EchoRequest),
            echo_replies_sent: self.sent(Cause::EchoReply),
            udp_datagrams_sent: self.sent(Cause::UdpData),
            udp_datagrams_received: self.udp_received,
            tcp_segments_sent: self.sent_for(|cause| (Cause::Syn..=Cause::Abort).contains(&cause)),
            tcp_segments_received: self.tcp_received,
            retransmitted_segments: self.sent_for(is_retransmission),
            resets_sent: self.sent(Cause::Reset) + self.sent(Cause::Abort),
            bad_fcs: self.dropped(DropReason::BadFcs),
            truncated: self.dropped(DropReason::Truncated),
            not_for_us: self.dropped(DropReason::NotForUs) + self.dropped(DropReason::NotForwarding),
            neighbor_unresolved: self.dropped(DropReason::NeighborUnresolved),
            ip_bad_checksum: self.dropped(DropReason::IpBadChecksum),
            ip_bad_header: bad_header.iter().map(|reason| self.dropped(*reason)).sum(),
            ip_fragments_dropped: self.dropped(DropReason::IpFragment),
            unknown_protocol: self.dropped(DropReason::UnknownProtocol),
            icmp_bad_checksum: self.dropped(DropReason::IcmpBadChecksum),
            udp_bad_checksum: self.dropped(DropReason::UdpBadChecksum),
            udp_no_port: self.dropped(DropReason::UdpNoPort),
            udp_queue_full: self.dropped(DropReason::UdpQueueFull),
            tcp_bad_checksum: self.dropped(DropReason::TcpBadChecksum),
            tcp_no_connection: self.dropped(DropReason::TcpNoConnection),
        }
    }
}

fn is_echo(cause: Cause) -> bool {
    matches!(cause, Cause::EchoRequest | Cause::EchoReply)
}

fn is_icmp_error(cause: Cause) -> bool {
    matches!(cause, Cause::DestinationUnreachable | Cause::TimeExceeded | Cause::ParameterProblem)
}

/// By name, so that a new kind is counted as soon as it has one.
fn is_retransmission(cause: Cause) -> bool {
    cause.name().starts_with("retransmit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_name() {
        let counters = HostCounters { retransmitted_segments: 3, ..HostCounters::default() };
        assert_eq!(counters.get("retransmitted_segments"), Some(3));
        assert_eq!(counters.get("frames_sent"), Some(0));
        assert_eq!(counters.get("frames-sent"), None);
        let named: Vec<_> = counters.iter().map(|(name, _)| name).collect();
        assert_eq!(named, HostCounters::NAMES);
    }

    #[test]
    fn tcp_s_causes_stand_together() {
        // `tcp_segments_sent` counts a range of causes, so nothing else may stand in it.
        let range = Cause::ALL.iter().filter(|cause| (Cause::Syn..=Cause::Abort).contains(cause));
        assert!(range.clone().all(|cause| !is_echo(*cause) && !is_icmp_error(*cause)));
        assert!(range.filter(|cause| is_retransmission(**cause)).count() >= 7);
        for cause in [Cause::UdpData, Cause::ArpDefence, Cause::Raw] {
            assert!(!(Cause::Syn..=Cause::Abort).contains(&cause));
        }
    }
}
