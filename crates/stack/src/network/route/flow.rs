//! Flows, and the keyed hash that spreads them over routes that are as good.
//!
//! All packets of a flow take one way, so that they are not reordered (RFC 2991 §2). The key is drawn: whoever chooses
//! addresses and ports cannot choose the way too, and routers one behind the other do not all choose alike.

use core::hash::Hasher;
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

use crate::rng::Rng;

/// What the packets of a flow have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    /// Who sends it. Unspecified where that follows from the way.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// The protocol that it carries.
    pub protocol: u8,
    /// Source and destination port. A fragment has none: only the first carries them, and all go one way.
    pub ports: Option<(u16, u16)>,
}

/// The key of a host's flow hash.
#[derive(Clone, Copy, Debug)]
pub struct FlowKey(u64, u64);

impl FlowKey {
    /// Draws a key.
    pub fn new(rng: &mut Rng) -> Self {
        Self(rng.bits("flow hash key"), rng.bits("flow hash key"))
    }

    /// The hash of a flow.
    pub fn hash(&self, flow: &Flow) -> u64 {
        let mut hash = SipHasher13::new_with_keys(self.0, self.1);
        for address in [flow.source, flow.destination] {
            match address {
                IpAddr::V4(address) => hash.write_u32(address.to_bits().to_le()),
                IpAddr::V6(address) => hash.write_u128(address.to_bits().to_le()),
            }
        }
        hash.write_u8(flow.protocol);
        if let Some((source, destination)) = flow.ports {
            hash.write_u32((u32::from(source) << 16 | u32::from(destination)).to_le());
        }
        hash.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        let (source, destination) = ([10, 0, 0, 1].into(), [10, 0, 9, 9].into());
        Flow { source, destination, protocol: 17, ports: Some((port, 53)) }
    }

    #[test]
    fn a_flow_hashes_alike_each_time_and_flows_differ() {
        let key = FlowKey::new(&mut Rng::stream(1, "host", "test"));
        assert_eq!(key.hash(&flow(1000)), key.hash(&flow(1000)));
        let fragments = Flow { ports: None, ..flow(1000) };
        let tcp = Flow { protocol: 6, ..flow(1000) };
        let back = Flow { source: flow(0).destination, destination: flow(0).source, ..flow(1000) };
        for other in [flow(1001), fragments, tcp, back] {
            assert_ne!(key.hash(&flow(1000)), key.hash(&other), "{other:?}");
        }
    }

    #[test]
    fn another_key_spreads_otherwise() {
        let [one, two] = [1, 2].map(|seed| FlowKey::new(&mut Rng::stream(seed, "host", "test")));
        let half = |key: &FlowKey, port| key.hash(&flow(port)) >> 63;
        let alike = (0..1000).filter(|port| half(&one, *port) == half(&two, *port)).count();
        assert!((400..600).contains(&alike), "{alike} of 1000 flows go the same way under both keys");
    }
}
