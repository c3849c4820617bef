//! Router discovery's times and bounds.

use crate::time::Duration;

/// Knobs of router discovery (RFC 1256 §4.1, §5.1, §6), by the document's names. On Linux and FreeBSD programs do this,
/// `rdisc` and `routed`; it is off unless somebody starts them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Knobs {
    /// Whether a host that forwards advertises itself on each of its links (RFC 1256 §4.1, `Advertise`).
    pub advertise: bool,
    /// The most time between two advertisements on a link (RFC 1256 §4.1: 4 to 1800 seconds).
    pub max_advertisement_interval: Duration,
    /// The least; more than the most counts as that (RFC 1256 §4.1: three quarters of the most).
    pub min_advertisement_interval: Duration,
    /// How long hosts may rely on an advertisement; at least the most time between two of them, and at most 9000 seconds
    /// (RFC 1256 §4.1: three times that).
    pub advertisement_lifetime: Duration,
    /// How much this router wants to be a default router: more is better, and the least is never (RFC 1256 §4.1).
    pub preference_level: i32,
    /// The first advertisements are not further apart than this (RFC 1256 §6).
    pub max_initial_advert_interval: Duration,
    /// So many of them (RFC 1256 §6).
    pub max_initial_advertisements: u32,
    /// A solicitation is answered within this time (RFC 1256 §6).
    pub max_response_delay: Duration,
    /// Whether a host takes default routers from advertisements, and asks for them when an interface comes up (RFC 1256
    /// §5.1). A host that forwards never does.
    pub perform_router_discovery: bool,
    /// The first solicitation goes within this time (RFC 1256 §6).
    pub max_solicitation_delay: Duration,
    /// The time between solicitations (RFC 1256 §6).
    pub solicitation_interval: Duration,
    /// Solicitations on a link, as long as no router answers (RFC 1256 §6).
    pub max_solicitations: u32,
    /// Default routers that a host remembers; those with the least preference make room (RFC 1256 §5.3).
    pub max_default_routers: usize,
}

impl Knobs {
    /// The documents' defaults, but that nobody advertises or listens unless it is told to.
    pub fn rfc() -> Self {
        Self {
            advertise: false,
            max_advertisement_interval: Duration::from_secs(600),
            min_advertisement_interval: Duration::from_secs(450),
            advertisement_lifetime: Duration::from_secs(1800),
            preference_level: 0,
            max_initial_advert_interval: Duration::from_secs(16),
            max_initial_advertisements: 3,
            max_response_delay: Duration::from_secs(2),
            perform_router_discovery: false,
            max_solicitation_delay: Duration::from_secs(1),
            solicitation_interval: Duration::from_secs(3),
            max_solicitations: 3,
            max_default_routers: 16,
        }
    }

    /// What Linux does: nothing, until somebody starts `rdisc`.
    pub fn linux() -> Self {
        Self::rfc()
    }

    /// What FreeBSD does: nothing, until somebody starts `routed`.
    pub fn freebsd() -> Self {
        Self::rfc()
    }

    /// The least and the most time between advertisements, neither of them nothing.
    pub(super) fn interval(&self) -> (Duration, Duration) {
        let most = self.max_advertisement_interval.max(Duration::from_millis(1));
        (self.min_advertisement_interval.min(most), most)
    }

    /// What an advertisement says of how long it holds, in whole seconds (RFC 1256 §4.1).
    pub fn lifetime(&self) -> u16 {
        const LONGEST: u64 = 9000;
        let seconds = |span: Duration| span.as_nanos().div_ceil(1_000_000_000);
        let least = seconds(self.max_advertisement_interval).min(LONGEST);
        seconds(self.advertisement_lifetime).clamp(least, LONGEST) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_stays_within_the_documents_limits() {
        // RFC 1256 §4.1
        let rfc = Knobs::rfc();
        assert_eq!(rfc.lifetime(), 1800);
        assert_eq!(rfc.interval(), (Duration::from_secs(450), Duration::from_secs(600)));
        let short = Knobs { max_advertisement_interval: Duration::from_millis(4_500), ..Knobs::rfc() };
        assert_eq!(short.interval(), (Duration::from_millis(4_500), Duration::from_millis(4_500)));
        let none = Knobs { advertisement_lifetime: Duration::ZERO, ..short.clone() };
        assert_eq!(none.lifetime(), 5, "at least the time between two, in whole seconds");
        let long = Knobs { advertisement_lifetime: Duration::from_secs(100_000), ..Knobs::rfc() };
        assert_eq!(long.lifetime(), 9000);
    }
}
