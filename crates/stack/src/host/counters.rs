//! What a host has counted.

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
