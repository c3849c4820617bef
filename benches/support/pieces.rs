//! Datagrams of nearly 64 KiB in pieces as an Ethernet carries them, put together again.

use core::net::Ipv4Addr;

use bytes::Bytes;
use wirelab::stack::frame::InterfaceId;
use wirelab::stack::network::reassembly::{Fragment, Key, Limits, Outcome, Reassembly};
use wirelab::stack::profile::Profile;
use wirelab::stack::rng::Rng;
use wirelab::stack::time::Instant;

/// Octets of a datagram's payload.
pub const OCTETS: usize = 65_480;
/// Octets of a fragment's.
const PIECE: usize = 1480;

pub struct Pieces {
    reassembly: Reassembly,
    payload: Bytes,
    /// Where each fragment begins, as they come.
    order: Vec<usize>,
    identification: u16,
}

impl Pieces {
    pub fn new(reverse: bool) -> Self {
        let mut rng = Rng::stream(1, "host", "stack");
        let reassembly = Reassembly::new(Limits::of(&Profile::rfc().network), &mut rng);
        let mut order: Vec<usize> = (0..OCTETS).step_by(PIECE).collect();
        if reverse {
            order.reverse();
        }
        Self { reassembly, payload: Bytes::from(vec![7; OCTETS]), order, identification: 0 }
    }

    /// One datagram, from its first fragment to the whole; returns its octets.
    pub fn reassemble(&mut self) -> usize {
        const HEADER: [u8; 20] = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        self.identification = self.identification.wrapping_add(1);
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let key = Key { source, destination, protocol: 17, identification: self.identification };
        let mut octets = 0;
        for &at in &self.order {
            let end = (at + PIECE).min(OCTETS);
            let fragment = Fragment {
                header: &HEADER,
                offset: at as u16,
                more: end < OCTETS,
                payload: self.payload.slice(at..end),
                on: InterfaceId(0),
                complain: true,
            };
            if let Ok(Outcome::Whole(whole)) = self.reassembly.accept(Instant::ZERO, key, &fragment) {
                octets += whole.payload.len();
            }
        }
        assert!(self.reassembly.is_empty());
        octets
    }
}
