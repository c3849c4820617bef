//! The knobs of a host, layer by layer: those that are given override those of its profile.

use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::ops::RangeInclusive;

use wirelab_stack::network::sending::MtuDiscovery;
use wirelab_stack::time::Duration;
use wirelab_stack::{interface, network, transport};

use super::settings::{
    AcceptOverflow, Congestion, HostModel, IgmpVersion, Limited, MtuWord, Octets, Patience, Ports,
    ReversePath,
};
use crate::read::record;
use crate::units::{Period, Size, Span};

/// Defines the table of a layer's knobs: a record whose fields are all optional, and how it overrides the
/// layer's own struct, whose fields have the same names.
macro_rules! knobs {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident ($what:literal) of $knobs:ty {
            $( $(#[doc = $doc:literal])* $field:ident : $ty:ty, )*
        }
    ) => {
        record! {
            $(#[doc = $about])*
            pub struct $name ($what) {
                $( $(#[doc = $doc])* $field: optional $ty, )*
            }
        }

        impl $name {
            /// The knobs that can be set.
            #[cfg(test)]
            const NAMES: &[&str] = &[$(stringify!($field)),*];

            /// Sets those of `knobs` that are given.
            pub fn apply(&self, knobs: &mut $knobs) {
                $( if let Some(at) = &self.$field {
                    knobs.$field = at.value.clone().into_knob();
                } )*
            }
        }
    };
}

knobs! {
    /// Knobs of ARP and the neighbour cache.
    pub struct ArpKnobs ("ARP's knobs") of interface::Knobs {
        /// How long an answer of a neighbour holds.
        reachable_time: Span,
        /// The time between requests for one address.
        retry_interval: Period,
        /// Broadcast requests until an address counts as unreachable.
        max_requests: NonZeroU32,
        /// Unicast polls of a stale neighbour until its entry is removed.
        max_polls: u32,
        /// How long an address that did not answer fails at once, before it is asked for again.
        failed_time: Span,
        /// Entries of an interface's neighbour cache.
        max_neighbors: NonZeroU32,
        /// Packets that wait for one address.
        max_queued_packets: NonZeroU32,
        /// Octets of storage that the packets which wait for one address hold.
        max_queued_bytes: Size,
        /// Octets of storage that all packets hold which wait for addresses on an interface's link.
        max_waiting_bytes: Size,
        /// Announcements of an address that is taken into use.
        announcements: u32,
        /// The time between them.
        announce_interval: Span,
        /// The least time between two defences of an address.
        defend_interval: Span,
        /// The most that is waited, at random, before the first probe.
        probe_wait: Span,
        /// Probes of an address before it is used.
        probes: u32,
        /// The least time between two probes.
        probe_min: Span,
        /// The greatest time between two probes.
        probe_max: Span,
        /// The time from the last probe to the first announcement.
        announce_wait: Span,
        /// Conflicts after which new addresses are tried slowly.
        max_conflicts: u32,
        /// The least time between two attempts from then on.
        rate_limit_interval: Span,
        /// RARP requests until an interface does without an address.
        rarp_requests: NonZeroU32,
        /// The time between the first two RARP requests; it doubles with each.
        rarp_interval: Period,
        /// The greatest time between two RARP requests, without its random spread of a quarter.
        rarp_max_interval: Period,
    }
}

knobs! {
    /// Knobs of IP and ICMP.
    pub struct IpKnobs ("IP's knobs") of network::Knobs {
        /// The time to live of what is sent.
        ttl: NonZeroU8,
        /// Whether TCP's segments forbid fragmentation, so that the MTU of the path is found.
        dont_fragment: bool,
        /// Whether packets for others are forwarded; the same as the host's own `forwarding`.
        forwarding: bool,
        /// Whether addresses belong to the host (`weak`) or to its interfaces (`strong`).
        host_model: HostModel,
        /// What the source of a packet must be like: `off`, `loose` (there is a route to it) or `strict` (by the interface by which it came).
        reverse_path: ReversePath,
        /// Whether a router forwards and takes what is to the broadcast address of another of its networks.
        directed_broadcast: bool,
        /// Whether a router tells senders on the next hop's own network of the shorter way.
        send_redirects: bool,
        /// The least time between two redirects to one sender.
        redirect_interval: Span,
        /// Senders whose last redirect is remembered.
        max_redirected: NonZeroU32,
        /// Whether packets for groups are forwarded to the networks that have members; the same as the host's own `multicast_forwarding`.
        multicast_forwarding: bool,
        /// Whether ICMP error messages are sent at all.
        send_icmp_errors: bool,
        /// How many ICMP error messages are sent at most, in all.
        icmp_errors: Limited,
        /// How many of each kind are: fragmentation needed, unreachable for another reason, time exceeded, parameter problem, redirect.
        icmp_errors_per_kind: Limited,
        /// How many are sent to each peer; that fragmentation is needed, and redirects, are told each time.
        icmp_errors_per_peer: Limited,
        /// Peers whose share is remembered.
        max_icmp_peers: NonZeroU32,
        /// How many echo replies are sent at most.
        echo_replies: Limited,
        /// How many time stamp replies are sent at most.
        timestamp_replies: Limited,
        /// The longest ICMP error message in octets, its IP header included.
        icmp_error_length: u16,
        /// Whether ICMP error messages go with precedence 6 and the type of service of the packet that they are about.
        icmp_error_precedence: bool,
        /// Whether ICMP error messages are from the address of the interface by which the packet came.
        icmp_errors_from_inbound: bool,
        /// Whether echo requests to a broadcast address are answered.
        answer_broadcast_echo: bool,
        /// Whether time stamp requests are answered.
        answer_timestamp: bool,
        /// Whether redirects are followed.
        accept_redirects: bool,
        /// How long a redirect holds.
        redirect_lifetime: Span,
        /// Destinations for which a redirect is remembered.
        max_redirects: NonZeroU32,
        /// Answers and errors that wait in an echo socket.
        max_echo_events: NonZeroU32,
        /// Payload octets that wait in an echo socket.
        max_echo_bytes: Size,
        /// Packets that wait for the interfaces to take them.
        max_outbox_packets: NonZeroU32,
        /// Octets that wait for the interfaces to take them.
        max_outbox_bytes: Size,
        /// Whether packets with a source route are taken and sent on.
        accept_source_routes: bool,
        /// What the MTU of a path means for datagrams and echo requests, unless their application says otherwise.
        mtu_discovery: MtuWord,
        /// How long the MTU of a path counts since it last fell.
        path_mtu_timeout: Period,
        /// The least MTU of a path that is believed; what is sent along one with less may be fragmented.
        min_path_mtu: u16,
        /// Paths whose MTUs are known.
        max_path_mtus: NonZeroU32,
        /// Datagrams' destinations, or echo requests, that a socket remembers: of others it believes nobody that they were too big.
        max_remembered_sent: NonZeroU32,
        /// How long a datagram waits for its fragments.
        reassembly_timeout: Period,
        /// Octets of storage that all datagrams which wait for fragments hold.
        max_reassembly_bytes: Size,
        /// Octets of storage that those of one source hold.
        max_reassembly_bytes_per_source: Size,
        /// Octets of storage that one of them holds.
        max_reassembly_bytes_per_datagram: Size,
        /// Datagrams that wait for fragments.
        max_reassemblies: NonZeroU32,
        /// Fragments of one datagram.
        max_fragments: NonZeroU32,
        /// Datagrams that were put together and are remembered, so that doubled fragments do not make them again.
        max_remembered_datagrams: NonZeroU32,
        /// Whether fragments are refused that hide a part of the TCP header from filters.
        refuse_tiny_fragments: bool,
    }
}

knobs! {
    /// Knobs of IGMP, of a host and of a router.
    pub struct IgmpKnobs ("IGMP's knobs") of network::igmp::Knobs {
        /// The newest version that is spoken: `v1`, `v2` or `v3`.
        version: IgmpVersion,
        /// The robustness variable: one less messages than this may be lost.
        robustness: NonZeroU8,
        /// A router's time between general queries.
        query_interval: Period,
        /// Within which hosts are to answer a general query.
        query_response_interval: Period,
        /// Within which hosts are to answer a query of a group; times the robustness variable, how long a router takes to notice a leave.
        last_member_query_interval: Period,
        /// A host repeats a change within this time.
        unsolicited_report_interval: Period,
        /// The same where a router of version 1 or 2 asks.
        v2_unsolicited_report_interval: Period,
        /// Whether messages of versions 2 and 3 without a router alert option are ignored.
        require_router_alert: bool,
        /// Whether messages with another TTL than 1 are ignored.
        require_ttl_1: bool,
        /// Groups that the sockets of a host may join on each interface.
        max_joined_groups: NonZeroU32,
        /// Sources in the filter of one membership.
        max_filter_sources: NonZeroU32,
        /// Groups that a router keeps of each link.
        max_groups: NonZeroU32,
        /// Sources that a router keeps of each group.
        max_sources: NonZeroU32,
        /// Groups that a router joins on its upstream link for those behind it.
        max_proxied_groups: NonZeroU32,
    }
}

knobs! {
    /// Knobs of router discovery, by the names of its document.
    pub struct DiscoveryKnobs ("router discovery's knobs") of network::discovery::Knobs {
        /// Whether a host that forwards advertises itself on each of its links.
        advertise: bool,
        /// The most time between two advertisements on a link.
        max_advertisement_interval: Period,
        /// The least; more than the most counts as that.
        min_advertisement_interval: Period,
        /// How long hosts may rely on an advertisement, in whole seconds: at least the most time between two of them, at most 9000 s.
        advertisement_lifetime: Period,
        /// How much this router wants to be a default router: more is better, and the least is never.
        preference_level: i32,
        /// The first advertisements are not further apart than this.
        max_initial_advert_interval: Period,
        /// So many of them.
        max_initial_advertisements: u32,
        /// A solicitation is answered within this time, at random.
        max_response_delay: Span,
        /// Whether a host takes default routers from advertisements, and asks for them when an interface comes up.
        perform_router_discovery: bool,
        /// The first solicitation goes within this time, at random.
        max_solicitation_delay: Span,
        /// The time between solicitations.
        solicitation_interval: Period,
        /// Solicitations on a link, as long as no router answers.
        max_solicitations: u32,
        /// Default routers that a host remembers; those with the least preference make room.
        max_default_routers: NonZeroU32,
    }
}

knobs! {
    /// Knobs of UDP.
    pub struct UdpKnobs ("UDP's knobs") of transport::udp::Knobs {
        /// Octets that wait in a socket to be received, the queue's own storage included.
        receive_buffer: Size,
        /// A datagram with less payload than this is copied out of the storage that it arrived in.
        copy_below: Size,
        /// The ephemeral ports.
        ephemeral_ports: Ports,
        /// Whether sockets without a peer are told of ICMP errors too.
        errors_without_peer: bool,
        /// Whether calls return errors that may pass by themselves too, such as host unreachable.
        soft_errors: bool,
        /// Errors that wait in a socket whose owner wants them queued.
        max_queued_errors: NonZeroU32,
    }
}

knobs! {
    /// Knobs of sockets within the host.
    pub struct UnixKnobs ("AF_UNIX's knobs") of transport::unix::Knobs {
        /// Octets that one socket may have sent and its peer not have read.
        send_buffer: Size,
        /// Datagrams that wait in a socket.
        max_queued_datagrams: NonZeroU32,
        /// Paths that are bound in the host's name space.
        max_names: NonZeroU32,
    }
}

knobs! {
    /// Knobs of sockets of every kind.
    pub struct SocketKnobs ("sockets' knobs") of transport::descriptors::Knobs {
        /// Descriptors that are open at a time.
        max_descriptors: NonZeroU32,
    }
}

knobs! {
    /// Knobs of TCP.
    pub struct TcpKnobs ("TCP's knobs") of transport::tcp::Knobs {
        /// Octets that an application may have queued unacknowledged per connection.
        send_buffer: Octets,
        /// Octets of received data held per connection: the largest window offered.
        receive_buffer: Octets,
        /// Ranges held out of order per connection; a segment that would begin one more is dropped.
        max_out_of_order_ranges: u16,
        /// Payloads shorter than this are copied together, so that small slices do not hold large storage.
        copy_below: u16,
        /// Half-open connections per listener; a SYN past it is dropped.
        max_syn_backlog: NonZeroU16,
        /// What becomes of a handshake that is completed while the listener's accept queue is full.
        accept_overflow: AcceptOverflow,
        /// Answers outside connections (resets) that wait to be sent; more are not made.
        max_pending_replies: NonZeroU16,
        /// Offers timestamps (RFC 7323 §3).
        timestamps: bool,
        /// Drops a segment without timestamps where they were agreed on (RFC 7323 §3.2).
        require_timestamps: bool,
        /// Offers window scaling (RFC 7323 §2).
        window_scaling: bool,
        /// Offers SACK (RFC 2018 §2).
        sack: bool,
        /// The largest MSS offered; the interface's MTU limits it too.
        max_mss: NonZeroU16,
        /// Nagle's algorithm is off on new connections (RFC 9293 §3.7.4).
        nodelay: bool,
        /// How long an acknowledgement may wait (RFC 9293 §3.8.6.3: below 500 ms).
        delayed_ack: Span,
        /// The congestion controller of new connections, by its name.
        congestion: Congestion,
        /// The initial window in segments (RFC 6928 §2).
        initial_window: NonZeroU16,
        /// Duplicate acknowledgements that mean a loss (RFC 5681 §3.2).
        duplicate_threshold: NonZeroU8,
        /// The RTO before the first measurement (RFC 6298 §2.1).
        initial_rto: Period,
        /// The least RTO (RFC 6298 §2.4).
        min_rto: Period,
        /// The greatest RTO, with its back-off (RFC 6298 §2.5).
        max_rto: Period,
        /// R2: a connection whose data is not acknowledged for this long is given up (RFC 9293 §3.8.3).
        r2: Period,
        /// R2 for a SYN (RFC 9293 §3.8.3: at least three minutes).
        syn_r2: Period,
        /// MSL: TIME-WAIT lasts twice as long (RFC 9293 §3.4.2).
        msl: Span,
        /// How long a closed socket waits for the peer's FIN; "never" gives up never (RFC 9293 §3.6).
        fin_wait2_timeout: Patience,
        /// The least time between two challenge ACKs of a connection (RFC 5961 §7).
        challenge_ack_interval: Span,
        /// Whether ICMP errors that may pass, such as host unreachable, end a handshake at once (RFC 5461 §3).
        soft_errors_end_handshakes: bool,
        /// Sends keep-alives (RFC 9293 §3.8.4: off unless asked for).
        keep_alive: bool,
        /// Silence before the first keep-alive.
        keep_alive_idle: Period,
        /// The time between unanswered keep-alives.
        keep_alive_interval: Period,
        /// Unanswered keep-alives before the connection is given up.
        keep_alive_count: NonZeroU8,
    }
}

/// What a knob is set to by a value that was read.
trait IntoKnob<T> {
    /// The knob's value.
    fn into_knob(self) -> T;
}

/// Values that are knobs as they are.
macro_rules! plain {
    ($($ty:ty),*) => { $(
        impl IntoKnob<Self> for $ty {
            fn into_knob(self) -> Self {
                self
            }
        }
    )* };
}
plain!(u8, u16, u32, i32, bool);

impl IntoKnob<usize> for u32 {
    fn into_knob(self) -> usize {
        self as usize
    }
}

impl IntoKnob<usize> for Size {
    fn into_knob(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl IntoKnob<u32> for Octets {
    fn into_knob(self) -> u32 {
        self.0
    }
}

impl IntoKnob<&'static str> for Congestion {
    fn into_knob(self) -> &'static str {
        self.0
    }
}

impl IntoKnob<Option<Duration>> for Patience {
    fn into_knob(self) -> Option<Duration> {
        self.0
    }
}

impl IntoKnob<Duration> for Period {
    fn into_knob(self) -> Duration {
        self.0.0
    }
}

impl IntoKnob<u8> for NonZeroU8 {
    fn into_knob(self) -> u8 {
        self.get()
    }
}

impl IntoKnob<u16> for NonZeroU16 {
    fn into_knob(self) -> u16 {
        self.get()
    }
}

impl IntoKnob<u32> for NonZeroU32 {
    fn into_knob(self) -> u32 {
        self.get()
    }
}

impl IntoKnob<usize> for NonZeroU32 {
    fn into_knob(self) -> usize {
        self.get() as usize
    }
}

impl IntoKnob<Duration> for Span {
    fn into_knob(self) -> Duration {
        self.0
    }
}

impl IntoKnob<RangeInclusive<u16>> for Ports {
    fn into_knob(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl IntoKnob<network::HostModel> for HostModel {
    fn into_knob(self) -> network::HostModel {
        match self {
            Self::Weak => network::HostModel::Weak,
            Self::Strong => network::HostModel::Strong,
        }
    }
}

impl IntoKnob<MtuDiscovery> for MtuWord {
    fn into_knob(self) -> MtuDiscovery {
        match self {
            Self::Want => MtuDiscovery::Want,
            Self::Do => MtuDiscovery::Do,
            Self::Dont => MtuDiscovery::Dont,
        }
    }
}

impl IntoKnob<network::ReversePath> for ReversePath {
    fn into_knob(self) -> network::ReversePath {
        match self {
            Self::Off => network::ReversePath::Off,
            Self::Loose => network::ReversePath::Loose,
            Self::Strict => network::ReversePath::Strict,
        }
    }
}

impl IntoKnob<transport::tcp::Overflow> for AcceptOverflow {
    fn into_knob(self) -> transport::tcp::Overflow {
        match self {
            Self::Drop => transport::tcp::Overflow::Drop,
            Self::Reset => transport::tcp::Overflow::Reset,
        }
    }
}

impl IntoKnob<network::igmp::Version> for IgmpVersion {
    fn into_knob(self) -> network::igmp::Version {
        match self {
            Self::V1 => network::igmp::Version::V1,
            Self::V2 => network::igmp::Version::V2,
            Self::V3 => network::igmp::Version::V3,
        }
    }
}

impl IntoKnob<Option<network::RateLimit>> for Limited {
    fn into_knob(self) -> Option<network::RateLimit> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::profile::Profile;

    use super::*;

    /// The fields of the outermost struct that `Debug` shows in its long form.
    fn fields(shown: &str) -> Vec<String> {
        let outermost = shown.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        let names = outermost.filter_map(|line| line.trim().split_once(':'));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_knob_can_be_set() {
        let Profile { interface, network, igmp, discovery, udp, tcp, unix, sockets } = Profile::rfc();
        assert_eq!(fields(&format!("{interface:#?}")), ArpKnobs::NAMES);
        assert_eq!(fields(&format!("{network:#?}")), IpKnobs::NAMES);
        assert_eq!(fields(&format!("{igmp:#?}")), IgmpKnobs::NAMES);
        assert_eq!(fields(&format!("{discovery:#?}")), DiscoveryKnobs::NAMES);
        assert_eq!(fields(&format!("{udp:#?}")), UdpKnobs::NAMES);
        assert_eq!(fields(&format!("{tcp:#?}")), TcpKnobs::NAMES);
        assert_eq!(fields(&format!("{unix:#?}")), UnixKnobs::NAMES);
        assert_eq!(fields(&format!("{sockets:#?}")), SocketKnobs::NAMES);
    }
}
