//! Initial sequence numbers (RFC 6528 §3): a clock of four microseconds plus a keyed hash of the connection's ends.

use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher24;

use crate::rng::Rng;
use crate::time::Instant;
use crate::trace::ConnectionId;

/// The host's secret keys for what an outsider must not be able to guess.
#[derive(Clone, Copy, Debug)]
pub struct Secret {
    sequence: (u64, u64),
    timestamp: (u64, u64),
}

impl Secret {
    /// Draws the keys.
    pub fn new(rng: &mut Rng) -> Self {
        let mut key = || (rng.bits("tcp secret"), rng.bits("tcp secret"));
        Self { sequence: key(), timestamp: key() }
    }

    /// The initial sequence number for a connection opened at `now`.
    pub fn initial_sequence(&self, connection: &ConnectionId, now: Instant) -> u32 {
        let clock = (now.as_micros() / 4) as u32;
        clock.wrapping_add(hash(self.sequence, connection) as u32)
    }

    /// Where the connection's timestamp clock begins (RFC 7323 §5.4: not the same for all connections).
    pub fn timestamp_offset(&self, connection: &ConnectionId) -> u32 {
        hash(self.timestamp, connection) as u32
    }
}

fn hash((k0, k1): (u64, u64), connection: &ConnectionId) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(k0, k1);
    for end in [connection.local, connection.remote] {
        write_end(&mut hasher, end);
    }
    hasher.finish()
}

fn write_end(hasher: &mut SipHasher24, end: SocketAddr) {
    match end.ip() {
        IpAddr::V4(address) => hasher.write(&address.octets()),
        IpAddr::V6(address) => hasher.write(&address.octets()),
    }
    hasher.write(&end.port().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(port: u16) -> ConnectionId {
        let local = SocketAddr::from(([10, 0, 0, 1], port));
        ConnectionId { local, remote: SocketAddr::from(([10, 0, 0, 2], 80)) }
    }

    #[test]
    fn numbers_of_one_connection_rise_with_the_clock_and_differ_between_connections() {
        let secret = Secret::new(&mut Rng::stream(1, "host", "stack"));
        let at = |port, micros| secret.initial_sequence(&connection(port), Instant::from_micros(micros));
        assert_eq!(at(1000, 4_000).wrapping_sub(at(1000, 0)), 1_000);
        assert_ne!(at(1000, 0).wrapping_sub(at(1001, 0)), 0);
        let other = Secret::new(&mut Rng::stream(2, "host", "stack"));
        assert_ne!(other.initial_sequence(&connection(1000), Instant::ZERO), at(1000, 0));
    }
}
