//! The network layer's knobs.

use super::sending::MtuDiscovery;
use crate::time::Duration;

/// A token bucket's size: so many a second in the long run, so many at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateLimit {
    /// In the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// Whether a host's addresses belong to it or to its interfaces (RFC 1122 §3.3.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HostModel {
    /// To the host: it takes what is for any of its addresses by any interface, and sends by whichever the route says.
    Weak,
    /// To the interface: what is for the address of another is dropped, and what is from an address goes by its own
    /// interface only. It makes no difference to a host that forwards: that takes what is for any of its addresses (RFC 1812
    /// §5.2.3), and answers from there.
    Strong,
}

/// What a packet's source must be like (RFC 3704 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReversePath {
    /// Nothing is asked.
    Off,
    /// There is a route to it (RFC 3704 §2.4).
    Loose,
    /// The route to it leads back by the interface by which the packet came (RFC 3704 §2.2).
    Strict,
}

/// Knobs of IP and ICMP.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// TTL of what is sent (RFC 1122 §3.2.1.7). Linux: `ip_default_ttl`; FreeBSD: `net.inet.ip.ttl`.
    pub ttl: u8,
    /// Whether TCP's segments forbid fragmentation, so that routers say how long they may be (RFC 1191 §3); each is then
    /// an atomic datagram (RFC 6864 §4.1). Otherwise each gets an identification of its own.
    pub dont_fragment: bool,
    /// Whether packets for others are forwarded, which makes the host a router (RFC 1812 §2.2.8). Linux: `ip_forward`;
    /// FreeBSD: `net.inet.ip.forwarding`.
    pub forwarding: bool,
    /// Whether a host's addresses belong to it or to its interfaces (RFC 1122 §3.3.4.2). Linux is weak; FreeBSD:
    /// `net.inet.ip.rfc1122_strong_es`.
    pub host_model: HostModel,
    /// What the source of a packet that arrives must be like (RFC 3704 §2). Linux: `rp_filter`.
    pub reverse_path: ReversePath,
    /// Whether what is to the broadcast address of another network of this router is forwarded, and taken too
    /// (RFC 2644 §4: not by default). Linux: `bc_forwarding`; FreeBSD: `net.inet.ip.directed-broadcast`.
    pub directed_broadcast: bool,
    /// Whether a sender on the next hop's own network is told of the shorter way (RFC 1812 §5.2.7.2). Linux:
    /// `send_redirects`; FreeBSD: `net.inet.ip.redirect`.
    pub send_redirects: bool,
    /// The least time between two redirects to one sender (RFC 1812 §4.3.2.8). Linux: `redirect_load`, which doubles.
    pub redirect_interval: Duration,
    /// Senders whose last redirect is remembered.
    pub max_redirected: usize,
    /// Whether packets for groups are forwarded to the networks that have members, which makes the host a querier on each
    /// of its links (RFC 9776 §6). Linux: `mc_forwarding`, which a routing daemon sets.
    pub multicast_forwarding: bool,
    /// Whether ICMP error messages are sent at all. Off, a router is one that no traceroute sees.
    pub send_icmp_errors: bool,
    /// ICMP error messages sent, in all (RFC 1812 §4.3.2.8); `None`: as many as there are occasions. Linux:
    /// `icmp_msgs_per_sec`, `icmp_msgs_burst`.
    pub icmp_errors: Option<RateLimit>,
    /// ICMP error messages of each kind: fragmentation needed, unreachable for another reason, time exceeded, parameter
    /// problem, redirect. FreeBSD: `net.inet.icmp.icmplim`.
    pub icmp_errors_per_kind: Option<RateLimit>,
    /// ICMP error messages to each peer, but for those that say that fragmentation is needed, and for redirects. Linux:
    /// `icmp_ratelimit`, `icmp_ratemask`.
    pub icmp_errors_per_peer: Option<RateLimit>,
    /// Peers whose share is remembered.
    pub max_icmp_peers: usize,
    /// Echo replies sent. Linux does not limit them; FreeBSD: `net.inet.icmp.icmplim`.
    pub echo_replies: Option<RateLimit>,
    /// Time stamp replies sent. FreeBSD: `net.inet.icmp.icmplim`.
    pub timestamp_replies: Option<RateLimit>,
    /// The longest ICMP error message, its IP header included (RFC 1812 §4.3.2.3: 576 octets). What is quoted
    /// fills it.
    pub icmp_error_length: u16,
    /// Whether ICMP error messages go with precedence 6 and the type of service of the packet that they are about (RFC
    /// 1812 §4.3.2.5, Linux), or with neither (RFC 1122 §3.2.2, FreeBSD).
    pub icmp_error_precedence: bool,
    /// Whether ICMP error messages are from the address of the interface by which the packet came, and not of that by
    /// which they go (RFC 1812 §4.3.2.4). Linux: `icmp_errors_use_inbound_ifaddr`; FreeBSD:
    /// `net.inet.icmp.reply_from_interface`.
    pub icmp_errors_from_inbound: bool,
    /// Whether echo requests to a broadcast address are answered (RFC 1122 §3.2.2.6). Linux:
    /// `icmp_echo_ignore_broadcasts`; FreeBSD: `net.inet.icmp.bmcastecho`.
    pub answer_broadcast_echo: bool,
    /// Whether time stamp requests are answered (RFC 1122 §3.2.2.8). FreeBSD: `net.inet.icmp.tstamprepl`.
    pub answer_timestamp: bool,
    /// Whether redirects are followed (RFC 1122 §3.2.2.2); a router never does. Linux: `accept_redirects`; FreeBSD:
    /// `net.inet.icmp.drop_redirect`.
    pub accept_redirects: bool,
    /// How long a redirect holds. Linux: `gc_timeout`; FreeBSD: `net.inet.icmp.redirtimeout`.
    pub redirect_lifetime: Duration,
    /// Destinations for which a redirect is remembered.
    pub max_redirects: usize,
    /// Answers and errors that wait in an echo socket; what comes beyond is dropped.
    pub max_echo_events: usize,
    /// Payload octets that wait in an echo socket.
    pub max_echo_bytes: usize,
    /// Packets that wait for the interfaces to take them. A UDP socket that finds it full waits.
    pub max_outbox_packets: usize,
    /// Octets that wait for the interfaces to take them.
    pub max_outbox_bytes: usize,
    /// Whether packets with a source route are taken, and followed by those that forward (RFC 7126 §4.3.5 has them
    /// dropped by default). Linux: `accept_source_route`; FreeBSD: `net.inet.ip.accept_sourceroute`, `sourceroute`.
    pub accept_source_routes: bool,
    /// What a path's MTU means for datagrams and echo requests, unless their socket says otherwise (RFC 1191 §3). Linux:
    /// `IP_MTU_DISCOVER`; FreeBSD: `IP_DONTFRAG`.
    pub mtu_discovery: MtuDiscovery,
    /// How long a path's MTU counts since it last fell (RFC 1191 §6.3: ten minutes). Linux: `mtu_expires`; FreeBSD:
    /// `net.inet.tcp.hostcache.expire`.
    pub path_mtu_timeout: Duration,
    /// The least MTU of a path that is believed; what is sent along one that has less may be fragmented. Linux:
    /// `min_pmtu`.
    pub min_path_mtu: u16,
    /// Paths whose MTUs are known; the one that was lowered longest ago makes room. FreeBSD:
    /// `net.inet.tcp.hostcache.cachelimit`.
    pub max_path_mtus: usize,
    /// Destinations of datagrams, or echo requests, that a socket remembers as sent: of others it believes nobody that they
    /// were too big (RFC 5927 §4).
    pub max_remembered_sent: usize,
    /// How long a datagram waits for its fragments (RFC 1122 §3.3.2: 60 to 120 seconds). Linux: `ipfrag_time`; FreeBSD:
    /// `net.inet.ip.fragttl`.
    pub reassembly_timeout: Duration,
    /// Octets of storage that all datagrams which wait for fragments hold; the oldest make room. Linux:
    /// `ipfrag_high_thresh`.
    pub max_reassembly_bytes: usize,
    /// Octets of storage that those of one source hold; its oldest make room.
    pub max_reassembly_bytes_per_source: usize,
    /// Octets of storage that one holds; one that would hold more is given up.
    pub max_reassembly_bytes_per_datagram: usize,
    /// Datagrams that wait for fragments; the oldest makes room. FreeBSD: `net.inet.ip.maxfragpackets`.
    pub max_reassemblies: usize,
    /// Fragments of one datagram; one with more is given up. FreeBSD: `net.inet.ip.maxfragsperpacket`.
    pub max_fragments: usize,
    /// Datagrams that were put together and are remembered, so that fragments which the network doubled do not make
    /// them a second time.
    pub max_remembered_datagrams: usize,
    /// Whether fragments are refused that hide a part of the TCP header from filters (RFC 1858 §3.2, RFC 3128 §4).
    pub refuse_tiny_fragments: bool,
}

impl Knobs {
    /// The documents' defaults.
    pub fn rfc() -> Self {
        Self {
            ttl: 64,
            dont_fragment: true,
            forwarding: false,
            host_model: HostModel::Weak,
            reverse_path: ReversePath::Off,
            directed_broadcast: false,
            send_redirects: true,
            redirect_interval: Duration::from_secs(1),
            max_redirected: 1024,
            multicast_forwarding: false,
            send_icmp_errors: true,
            icmp_errors: Some(RateLimit { per_second: 1000, burst: 50 }),
            icmp_errors_per_kind: None,
            icmp_errors_per_peer: None,
            max_icmp_peers: 1024,
            echo_replies: None,
            timestamp_replies: None,
            icmp_error_length: 576,
            icmp_error_precedence: true,
            icmp_errors_from_inbound: false,
            answer_broadcast_echo: false,
            answer_timestamp: true,
            accept_redirects: true,
            redirect_lifetime: Duration::from_secs(300),
            max_redirects: 256,
            max_echo_events: 256,
            max_echo_bytes: 256 * 1024,
            max_outbox_packets: 1000,
            max_outbox_bytes: 1024 * 1024,
            accept_source_routes: false,
            mtu_discovery: MtuDiscovery::Want,
            path_mtu_timeout: Duration::from_secs(600),
            min_path_mtu: 68,
            max_path_mtus: 1024,
            max_remembered_sent: 64,
            reassembly_timeout: Duration::from_secs(60),
            max_reassembly_bytes: 4 * 1024 * 1024,
            max_reassembly_bytes_per_source: 1024 * 1024,
            max_reassembly_bytes_per_datagram: 256 * 1024,
            max_reassemblies: 1024,
            max_fragments: 2048,
            max_remembered_datagrams: 64,
            refuse_tiny_fragments: true,
        }
    }

    /// What Linux does.
    pub fn linux() -> Self {
        Self {
            icmp_errors_per_peer: Some(RateLimit { per_second: 1, burst: 6 }),
            min_path_mtu: 552,
            reassembly_timeout: Duration::from_secs(30),
            // Linux bounds all sources together.
            max_reassembly_bytes_per_source: 4 * 1024 * 1024,
            refuse_tiny_fragments: false,
            ..Self::rfc()
        }
    }

    /// What FreeBSD does.
    pub fn freebsd() -> Self {
        let limit = Some(RateLimit { per_second: 200, burst: 200 });
        Self {
            icmp_errors: None,
            icmp_errors_per_kind: limit,
            echo_replies: limit,
            timestamp_replies: limit,
            mtu_discovery: MtuDiscovery::Dont,
            path_mtu_timeout: Duration::from_secs(3600),
            // net.inet.tcp.minmss and the headers.
            min_path_mtu: 256,
            max_path_mtus: 15_360,
            reassembly_timeout: Duration::from_secs(30),
            max_fragments: 16,
            refuse_tiny_fragments: false,
            // net.inet.icmp.quotelen: 8 octets behind a header of 20.
            icmp_error_length: 56,
            icmp_error_precedence: false,
            redirect_lifetime: Duration::from_secs(600),
            ..Self::rfc()
        }
    }
}
