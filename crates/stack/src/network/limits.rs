//! How many ICMP error messages are sent (RFC 1812 §4.3.2.8): in all, of each kind, and to each peer.

use core::net::IpAddr;

use super::cache::Cache;
use super::rate::TokenBucket;
use super::{Knobs, RateLimit};
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// A peer's bucket that nothing was taken from for this long is as good as a new one.
const PEER_FORGOTTEN: Duration = Duration::from_secs(60);

/// What has a limit of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Destination unreachable, for whichever reason but the next.
    Unreachable,
    /// Fragmentation needed and DF set.
    TooBig,
    /// Time exceeded.
    TimeExceeded,
    /// Parameter problem.
    ParameterProblem,
    /// Redirect.
    Redirect,
}

impl Kind {
    /// Whether a peer has a limit for it. Linux has none for what is about a path's MTU, since each segment that is too
    /// long has to be told of, and none for redirects (`icmp_ratemask`), which are limited where they are made.
    const fn is_limited_per_peer(self) -> bool {
        !matches!(self, Self::TooBig | Self::Redirect)
    }

    /// How many there are.
    const ALL: usize = 5;
}

/// The buckets.
#[derive(Clone, Debug)]
pub struct ErrorLimits {
    all: TokenBucket,
    kinds: [TokenBucket; Kind::ALL],
    per_peer: Option<RateLimit>,
    /// Keyed: a flood from forged sources fills it to its bound, and the oldest are forgotten.
    peers: Cache<IpAddr, TokenBucket>,
}

impl ErrorLimits {
    /// Full buckets, as `knobs` say.
    pub fn new(knobs: &Knobs, rng: &mut Rng) -> Self {
        Self {
            all: TokenBucket::new(knobs.icmp_errors),
            kinds: [TokenBucket::new(knobs.icmp_errors_per_kind); Kind::ALL],
            per_peer: knobs.icmp_errors_per_peer,
            peers: Cache::new(knobs.max_icmp_peers, PEER_FORGOTTEN, rng),
        }
    }

    /// Takes a token for a message to `peer` from each bucket that it needs one of, or from none of them.
    pub fn take(&mut self, now: Instant, kind: Kind, peer: IpAddr) -> bool {
        let of_peer = kind.is_limited_per_peer();
        let kind = kind as usize;
        if !self.all.has(now) || !self.kinds[kind].has(now) || of_peer && !self.take_of_peer(now, peer) {
            return false;
        }
        self.all.take(now) && self.kinds[kind].take(now)
    }

    fn take_of_peer(&mut self, now: Instant, peer: IpAddr) -> bool {
        if self.per_peer.is_none() {
            return true;
        }
        self.peers.expire(now);
        if let Some(bucket) = self.peers.get_mut(&peer) {
            return bucket.take(now);
        }
        let mut bucket = TokenBucket::new(self.per_peer);
        let granted = bucket.take(now);
        self.peers.insert(now, peer, bucket);
        granted
    }

    /// How many peers have a bucket.
    pub fn peers(&self) -> usize {
        self.peers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: Kind = Kind::Unreachable;
    const TRANSIT: Kind = Kind::TimeExceeded;

    fn limits(change: impl FnOnce(&mut Knobs)) -> ErrorLimits {
        let mut knobs = Knobs { icmp_errors: None, ..Knobs::rfc() };
        change(&mut knobs);
        ErrorLimits::new(&knobs, &mut Rng::stream(1, "limits", "test"))
    }

    fn peer(number: u32) -> IpAddr {
        core::net::Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    /// How many of a thousand in one second are granted.
    fn granted(limits: &mut ErrorLimits, kind: Kind, of: impl Fn(u32) -> IpAddr) -> usize {
        (0..1000).filter(|at| limits.take(Instant::from_millis(u64::from(*at)), kind, of(*at))).count()
    }

    const LIMIT: Option<RateLimit> = Some(RateLimit { per_second: 10, burst: 5 });

    #[test]
    fn all_errors_together_have_a_limit() {
        // RFC 1812 §4.3.2.8
        let mut limits = limits(|knobs| knobs.icmp_errors = LIMIT);
        assert_eq!(granted(&mut limits, PORT, peer), 14);
        assert!(!limits.take(Instant::from_millis(999), TRANSIT, peer(1)));
    }

    #[test]
    fn each_kind_has_a_limit_of_its_own() {
        let mut limits = limits(|knobs| knobs.icmp_errors_per_kind = LIMIT);
        assert_eq!(granted(&mut limits, PORT, peer), 14);
        assert_eq!(granted(&mut limits, TRANSIT, peer), 14);
    }

    #[test]
    fn each_peer_has_a_limit_of_its_own() {
        let mut limits = limits(|knobs| knobs.icmp_errors_per_peer = LIMIT);
        assert_eq!(granted(&mut limits, PORT, |_| peer(1)), 14);
        assert_eq!(granted(&mut limits, PORT, |_| peer(2)), 14);
        assert_eq!(granted(&mut limits, PORT, peer), 1000 - 2, "but for the two that used theirs up");
    }

    #[test]
    fn a_path_s_mtu_and_a_better_way_are_told_each_time() {
        // Linux: icmpv4_mask_allow and the default of icmp_ratemask
        let mut limits = limits(|knobs| knobs.icmp_errors_per_peer = LIMIT);
        for kind in [Kind::TooBig, Kind::Redirect] {
            assert_eq!(granted(&mut limits, kind, |_| peer(1)), 1000, "{kind:?}");
        }
        for kind in [Kind::ParameterProblem, TRANSIT] {
            assert!(granted(&mut limits, kind, |_| peer(kind as u32)) < 20, "{kind:?}");
        }
        assert_eq!(limits.peers(), 2);
    }

    #[test]
    fn what_one_bucket_refuses_takes_nothing_from_the_others() {
        let mut limits = limits(|knobs| {
            knobs.icmp_errors = Some(RateLimit { per_second: 1, burst: 8 });
            knobs.icmp_errors_per_peer = Some(RateLimit { per_second: 1, burst: 3 });
        });
        let now = Instant::ZERO;
        assert_eq!((0..100).filter(|_| limits.take(now, PORT, peer(1))).count(), 3);
        assert_eq!((0..100).filter(|_| limits.take(now, PORT, peer(2))).count(), 3);
        assert_eq!((0..100).filter(|_| limits.take(now, PORT, peer(3))).count(), 2, "eight in all");
    }

    #[test]
    fn a_flood_from_forged_sources_stays_within_the_table() {
        let mut limits = limits(|knobs| {
            knobs.icmp_errors_per_peer = LIMIT;
            knobs.max_icmp_peers = 64;
        });
        for number in 0..100_000 {
            limits.take(Instant::from_micros(u64::from(number)), PORT, peer(number));
            assert!(limits.peers() <= 64);
        }
        limits.take(Instant::from_secs(100), PORT, peer(1));
        assert_eq!(limits.peers(), 1, "the silent are forgotten");
    }
}
