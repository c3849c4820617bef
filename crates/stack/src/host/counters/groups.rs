//! The counters that a host has, by the names that the documents give them: RFC 2863 §6 (`if`), RFC 4293 §5 (`ip`,
//! `icmp`), RFC 4113 §3 (`udp`), RFC 4022 §3 (`tcp`), and RFC 2011 §2 for ICMP's single types; ARP has no such document.
//! What the documents do not have is named in their manner.

/// Declares the counters of a protocol once: struct, names with the protocol in front, values.
macro_rules! group {
    ($(#[doc = $what:literal])+ $group:ident $prefix:literal { $($(#[doc = $doc:literal])+ $field:ident,)+ }) => {
        $(#[doc = $what])+
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $group { $($(#[doc = $doc])+ pub $field: u64,)+ }

        impl $group {
            /// The counters' names, in order.
            pub const NAMES: &[&str] = &[$(concat!($prefix, ".", stringify!($field))),+];

            /// What each of them counts, in the same order.
            pub const MEANINGS: &[&str] = &[$(concat!($($doc),+)),+];

            /// Of what they are the counters.
            pub const ABOUT: &str = concat!($($what),+);

            /// The counters, in the order of their names.
            pub(super) fn values(&self, into: &mut Vec<u64>) {
                into.extend([$(self.$field),+]);
            }

            /// All counters with their names, in order.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                Self::NAMES.iter().copied().zip([$(self.$field),+])
            }

            /// Adds another's counters to these.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
            }
        }
    };
}

group! {
    /// An interface, or all of a host's interfaces but loopback together (RFC 2863 §6).
    InterfaceCounters "if" {
        /// Octets of the frames that arrived, without frame check sequences.
        in_octets,
        /// Frames to this station that arrived, and went on to the layer above.
        in_ucast_pkts,
        /// Frames to a group of stations that arrived, and went on to the layer above.
        in_multicast_pkts,
        /// Frames to all stations that arrived, and went on to the layer above.
        in_broadcast_pkts,
        /// Arrived and dropped though nothing was wrong: for other stations, for groups or VLANs that this one is not in, or the interface was down.
        in_discards,
        /// Arrived and dropped: bits were changed, it was too short for its header or too long for the interface, or its tag was wrong or not the only one.
        in_errors,
        /// Arrived and dropped: nothing here speaks that protocol.
        in_unknown_protos,
        /// Octets of the frames that were sent.
        out_octets,
        /// Frames sent to a station.
        out_ucast_pkts,
        /// Frames sent to a group of stations.
        out_multicast_pkts,
        /// Frames sent to all stations.
        out_broadcast_pkts,
        /// Not sent: the interface was down.
        out_discards,
    }
}

group! {
    /// ARP, in the manner of the others.
    ArpCounters "arp" {
        /// ARP packets that arrived and were taken.
        in_pkts,
        /// ARP packets that arrived about stations that are nothing to this one.
        in_discards,
        /// ARP packets that were cut off, whose types or lengths were wrong, or whose sender can be no station.
        in_errors,
        /// ARP packets that claimed an own address.
        in_conflicts,
        /// Requests that were broadcast because a packet waited.
        out_requests,
        /// Replies.
        out_replies,
        /// Requests to a known neighbour, before its entry expires.
        out_polls,
        /// Announcements of an own address.
        out_announcements,
        /// Probes for an address before it is taken.
        out_probes,
        /// Announcements that defended an own address.
        out_defences,
        /// Replies in place of a station that is reached by another interface.
        out_proxy_replies,
        /// Addresses not taken into use, or given up, because another station has them.
        lost_addresses,
        /// Neighbours that did not answer.
        out_timeouts,
    }
}

group! {
    /// RARP, in the manner of the others.
    RarpCounters "rarp" {
        /// RARP packets that arrived and were taken, or were questions for others.
        in_pkts,
        /// RARP answers for others, too late, or with an address that no host can have.
        in_discards,
        /// RARP packets that were cut off, whose types or lengths were wrong, or whose sender can be no station.
        in_errors,
        /// Requests for an own address.
        out_requests,
        /// Replies.
        out_replies,
    }
}

group! {
    /// IPv4 (RFC 4293 §5, `ipSystemStatsTable`), loopback's too.
    IpCounters "ip" {
        /// Datagrams that arrived, also those in error.
        in_receives,
        /// Dropped: an error in the header, such as its checksum, or its time to live ran out.
        in_hdr_errors,
        /// Dropped: no route leads to the destination.
        in_no_routes,
        /// Dropped: an address that cannot be, or that is not this host's.
        in_addr_errors,
        /// Dropped: no transport here has that protocol number.
        in_unknown_protos,
        /// Dropped: fewer octets than the header says.
        in_truncated_pkts,
        /// For others: a way was sought to send them on.
        in_forw_datagrams,
        /// Fragments that had to be put together here.
        reasm_reqds,
        /// Datagrams put together.
        reasm_oks,
        /// Failures of putting together: not the number of fragments.
        reasm_fails,
        /// Dropped though nothing was wrong with them.
        in_discards,
        /// Given to a protocol of this host, ICMP too.
        in_delivers,
        /// Datagrams that this host's own protocols asked to send.
        out_requests,
        /// Dropped: no route leads to the destination.
        out_no_routes,
        /// Sent on for others.
        out_forw_datagrams,
        /// Dropped on the way out though nothing was wrong with them: the next hop was silent, too much waited, or the source address had to be given up.
        out_discards,
        /// Datagrams that had to be cut to be sent.
        out_frag_reqds,
        /// Datagrams cut.
        out_frag_oks,
        /// Datagrams that should have been cut and must not be.
        out_frag_fails,
        /// Fragments made.
        out_frag_creates,
        /// Given to the interfaces to be sent: fragments, and what is sent on, too.
        out_transmits,
        /// To a multicast address, arrived.
        in_mcast_pkts,
        /// To a multicast address, sent.
        out_mcast_pkts,
        /// To a broadcast address, arrived.
        in_bcast_pkts,
        /// To a broadcast address, sent.
        out_bcast_pkts,
    }
}

group! {
    /// ICMP (RFC 4293 §5, `icmpStatsTable`; each type by its name in RFC 2011 §3).
    IcmpCounters "icmp" {
        /// Messages that arrived, also those in error.
        in_msgs,
        /// Messages dropped: their checksum or their length was wrong.
        in_errors,
        /// Messages dropped though nothing was wrong with them: about a flow that does not exist, or not to be acted on.
        in_discards,
        /// Destination unreachable, arrived.
        in_dest_unreachs,
        /// Time exceeded, arrived.
        in_time_excds,
        /// Parameter problem, arrived.
        in_parm_probs,
        /// Source quench, arrived.
        in_src_quenchs,
        /// Redirect, arrived.
        in_redirects,
        /// Echo request, arrived.
        in_echos,
        /// Echo reply, arrived.
        in_echo_reps,
        /// Timestamp request, arrived.
        in_timestamps,
        /// Timestamp reply, arrived.
        in_timestamp_reps,
        /// Router advertisement, arrived.
        in_router_advertisements,
        /// Router solicitation, arrived.
        in_router_solicitations,
        /// Messages sent.
        out_msgs,
        /// Messages that were due and not sent: too many were.
        out_rate_limited,
        /// Destination unreachable, sent.
        out_dest_unreachs,
        /// Time exceeded, sent.
        out_time_excds,
        /// Parameter problem, sent.
        out_parm_probs,
        /// Redirect, sent.
        out_redirects,
        /// Echo request, sent.
        out_echos,
        /// Echo reply, sent.
        out_echo_reps,
        /// Timestamp request, sent.
        out_timestamps,
        /// Timestamp reply, sent.
        out_timestamp_reps,
        /// Router advertisement, sent.
        out_router_advertisements,
        /// Router solicitation, sent.
        out_router_solicitations,
    }
}

impl IcmpCounters {
    /// The counter of arrived messages of a type (RFC 792 §Summary of Message Types), where it has its own.
    pub(super) fn received(&mut self, icmp_type: u8) -> Option<&mut u64> {
        Some(match icmp_type {
            0 => &mut self.in_echo_reps,
            3 => &mut self.in_dest_unreachs,
            4 => &mut self.in_src_quenchs,
            5 => &mut self.in_redirects,
            8 => &mut self.in_echos,
            9 => &mut self.in_router_advertisements,
            10 => &mut self.in_router_solicitations,
            11 => &mut self.in_time_excds,
            12 => &mut self.in_parm_probs,
            13 => &mut self.in_timestamps,
            14 => &mut self.in_timestamp_reps,
            _ => return None,
        })
    }
}

group! {
    /// IGMP, in the manner of the others.
    IgmpCounters "igmp" {
        /// Messages that arrived and were taken.
        in_msgs,
        /// Messages dropped: their checksum, their length or their type was wrong.
        in_errors,
        /// Messages dropped though nothing was wrong with them: not of this link, nothing to this host, or without room.
        in_discards,
        /// Groups and sources that were reported and for which there was no room, as a router.
        in_refused,
        /// Groups that made room for those of hosts that reported less, as a router.
        in_evicted,
        /// Queries sent, as a router.
        out_queries,
        /// Reports sent: answers to queries, and changes.
        out_reports,
        /// Leaves sent (version 2).
        out_leaves,
    }
}

group! {
    /// UDP (RFC 4113 §3).
    UdpCounters "udp" {
        /// Datagrams that reached a socket.
        in_datagrams,
        /// Dropped: no socket was bound to the port.
        no_ports,
        /// Dropped: for any other reason.
        in_errors,
        /// Datagrams sent.
        out_datagrams,
    }
}

group! {
    /// TCP (RFC 4022 §3). A super-frame counts as the segments in it.
    TcpCounters "tcp" {
        /// Connections that this host opened.
        active_opens,
        /// Connections that others opened to this host.
        passive_opens,
        /// Segments that arrived, also those in error.
        in_segs,
        /// Segments sent, but for those sent again.
        out_segs,
        /// Segments sent again.
        retrans_segs,
        /// Dropped: the checksum or the header was wrong.
        in_errs,
        /// Dropped: not acceptable to the connection, or to none.
        in_discards,
        /// Resets sent.
        out_rsts,
        /// Connections now in ESTABLISHED or CLOSE-WAIT.
        curr_estab,
    }
}
