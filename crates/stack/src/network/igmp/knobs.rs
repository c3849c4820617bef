//! IGMP's times and bounds.

use super::Version;
use crate::time::Duration;

/// Knobs of IGMP: of a host, and of a router on each of its links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knobs {
    /// The newest version that is spoken. Linux: `force_igmp_version`; FreeBSD: `net.inet.igmp.default_version`.
    pub version: Version,
    /// The robustness variable: one less messages than this may be lost (RFC 9776 §8.1). Linux: `igmp_qrv`.
    pub robustness: u8,
    /// A router's time between general queries (RFC 9776 §8.2).
    pub query_interval: Duration,
    /// Within which hosts are to answer a general query (RFC 9776 §8.3).
    pub query_response_interval: Duration,
    /// Within which hosts are to answer a query of a group, and the time between such queries (RFC 9776 §8.8). It is how
    /// long a router takes to notice a leave, times the robustness variable.
    pub last_member_query_interval: Duration,
    /// A host repeats a change within this time (RFC 9776 §8.11). Linux: `igmpv3_unsolicited_report_interval`.
    pub unsolicited_report_interval: Duration,
    /// The same where a router of version 1 or 2 asks (RFC 2236 §8.10). Linux: `igmpv2_unsolicited_report_interval`.
    pub v2_unsolicited_report_interval: Duration,
    /// Whether messages of versions 2 and 3 without a router alert option are ignored (RFC 9776 §9.1, §9.2): routers
    /// forward none, so that such a message may be from beyond the link.
    pub require_router_alert: bool,
    /// Whether messages with another TTL than 1, which all are sent with (RFC 9776 §4), are ignored. FreeBSD does.
    pub require_ttl_1: bool,
    /// Groups that the sockets of a host may join, on each interface. Linux: `igmp_max_memberships`, of a socket.
    pub max_joined_groups: usize,
    /// Sources in the filter of one membership. Linux: `igmp_max_msf`; FreeBSD: `net.inet.ip.mcast.maxsocksrc`.
    pub max_filter_sources: usize,
    /// Groups that a router keeps of each link. Beyond them the host that reported most yields to those that reported
    /// less, and itself gets no more in.
    pub max_groups: usize,
    /// Sources that a router keeps of each group.
    pub max_sources: usize,
    /// Groups that a router joins on its upstream link for those behind it.
    pub max_proxied_groups: usize,
}

impl Knobs {
    /// The documents' defaults.
    pub fn rfc() -> Self {
        Self {
            version: Version::V3,
            robustness: 2,
            query_interval: Duration::from_secs(125),
            query_response_interval: Duration::from_secs(10),
            last_member_query_interval: Duration::from_secs(1),
            unsolicited_report_interval: Duration::from_secs(1),
            v2_unsolicited_report_interval: Duration::from_secs(10),
            require_router_alert: true,
            require_ttl_1: true,
            max_joined_groups: 256,
            max_filter_sources: 64,
            max_groups: 1024,
            max_sources: 64,
            max_proxied_groups: 1024,
        }
    }

    /// What Linux does.
    pub fn linux() -> Self {
        Self {
            require_router_alert: false,
            require_ttl_1: false,
            max_joined_groups: 20,
            max_filter_sources: 10,
            ..Self::rfc()
        }
    }

    /// What FreeBSD does.
    pub fn freebsd() -> Self {
        Self { require_router_alert: false, max_joined_groups: 4095, max_filter_sources: 128, ..Self::rfc() }
    }

    /// The time between a router's first queries (RFC 9776 §8.6).
    pub const fn startup_query_interval(&self) -> Duration {
        Duration::from_nanos(self.query_interval.as_nanos() / 4)
    }

    /// How long a router takes to notice that the last member of a group has left (RFC 9776 §8.10).
    pub fn last_member_query_time(&self) -> Duration {
        self.last_member_query_interval * u64::from(self.robustness.max(1))
    }
}
