//! Which of several sockets that share a port gets what comes from a peer (`SO_REUSEPORT`): by a keyed hash of both ends, so
//! that a flow stays with one of them and no peer can choose which.

use core::hash::Hasher;
use core::net::{IpAddr, SocketAddr};

use siphasher::sip::SipHasher24;

use crate::rng::Rng;

/// The host's key, drawn when the first socket shares its port: a host without such draws nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread(Option<(u64, u64)>);

impl Spread {
    /// Draws the key where that has not been done.
    pub fn prepare(&mut self, rng: &mut Rng) {
        self.0.get_or_insert_with(|| (rng.bits("port sharing"), rng.bits("port sharing")));
    }

    /// One of `many` for what comes from `remote` to `local`.
    pub fn choose<'a, T>(&self, many: &'a [T], local: SocketAddr, remote: SocketAddr) -> Option<&'a T> {
        if many.len() < 2 {
            return many.first();
        }
        let (k0, k1) = self.0.unwrap_or_default();
        let mut hasher = SipHasher24::new_with_keys(k0, k1);
        for end in [local, remote] {
            match end.ip() {
                IpAddr::V4(address) => hasher.write(&address.octets()),
                IpAddr::V6(address) => hasher.write(&address.octets()),
            }
            hasher.write(&end.port().to_be_bytes());
        }
        many.get((hasher.finish() % many.len() as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_stays_and_flows_are_spread() {
        let (local, mut spread) = (SocketAddr::from(([10, 0, 0, 1], 80)), Spread::default());
        spread.prepare(&mut Rng::stream(1, "host", "stack"));
        let mut counts = [0; 4];
        for port in 1000..2000 {
            let remote = SocketAddr::from(([10, 0, 0, 2], port));
            let chosen = *spread.choose(&[0, 1, 2, 3], local, remote).unwrap();
            assert_eq!(spread.choose(&[0, 1, 2, 3], local, remote), Some(&chosen));
            counts[chosen] += 1_u32;
        }
        assert!(counts.iter().all(|count| (200..=300).contains(count)), "{counts:?}");
        assert_eq!(spread.choose(&[7], local, local), Some(&7));
        assert_eq!(spread.choose(&[0_u8; 0], local, local), None);
    }
}
