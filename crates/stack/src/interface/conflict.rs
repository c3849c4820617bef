//! Address conflicts: when to defend an address that another station uses too (RFC 5227 §2.4).

use core::net::Ipv4Addr;

use crate::time::{Duration, Instant};

/// When each own address was last defended.
///
/// Addresses here are configured, never given up: RFC 5227 §2.4 (c), which bounds the defence as (b) does, to one
/// announcement in each `DEFEND_INTERVAL`, lest two stations announce against each other without end.
#[derive(Clone, Debug, Default)]
pub struct Defence {
    last: Vec<(Ipv4Addr, Instant)>,
}

impl Defence {
    /// A conflict about `address` was seen: whether to defend it now.
    pub fn is_due(&mut self, now: Instant, address: Ipv4Addr, interval: Duration) -> bool {
        let Some((_, last)) = self.last.iter_mut().find(|(own, _)| *own == address) else {
            self.last.push((address, now));
            return true;
        };
        let due = now >= *last + interval;
        if due {
            *last = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_defended_once_in_an_interval() {
        // RFC 5227 §2.4 (c)
        let (mut defence, interval) = (Defence::default(), Duration::from_secs(10));
        let (one, other) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        assert!(defence.is_due(Instant::from_secs(1), one, interval));
        assert!(!defence.is_due(Instant::from_secs(1), one, interval));
        assert!(!defence.is_due(Instant::from_nanos(10_999_999_999), one, interval));
        assert!(defence.is_due(Instant::from_secs(5), other, interval), "each address for itself");
        assert!(defence.is_due(Instant::from_secs(11), one, interval));
        assert!(!defence.is_due(Instant::from_secs(12), one, interval));
    }
}
