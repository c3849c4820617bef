//! Router advertisements and solicitations (RFC 1256 §3).

use core::net::Ipv4Addr;
use std::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};
use etherparse::icmpv4 as wire;

use super::push;
use crate::frame::{Frame, Meta};

/// A router that an advertisement names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Router {
    /// Its address.
    pub address: Ipv4Addr,
    /// How much it wants to be a default router: more is better.
    pub preference: i32,
}

impl Router {
    /// A preference that says: not as a default router (RFC 1256 §3).
    pub const NEVER: i32 = i32::MIN;
}

/// An advertisement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Advertisement {
    /// Seconds that the routers may be relied on.
    pub lifetime: u16,
    /// The routers.
    pub routers: Vec<Router>,
}

impl Advertisement {
    /// Reads what stands behind the first word: `word` is the second one, `octets` what follows. `None` where the
    /// message is not valid (RFC 1256 §5.2). Larger entries than we know have their additional words skipped.
    pub fn from_wire(word: [u8; 4], octets: &[u8]) -> Option<Self> {
        let [count, entry_words, high, low] = word;
        let (count, entry) = (usize::from(count), usize::from(entry_words) * 4);
        if count == 0 || entry < 8 || octets.len() < count * entry {
            return None;
        }
        let routers = octets.chunks_exact(entry).take(count).filter_map(|entry| {
            let (address, rest) = entry.split_first_chunk::<4>()?;
            let preference = i32::from_be_bytes(*rest.first_chunk::<4>()?);
            Some(Router { address: Ipv4Addr::from(*address), preference })
        });
        Some(Self { lifetime: u16::from_be_bytes([high, low]), routers: routers.collect() })
    }

    /// The message. Only the first 255 routers fit.
    pub fn message(&self, meta: Meta) -> Frame {
        let routers = &self.routers[..self.routers.len().min(255)];
        let mut octets = BytesMut::with_capacity(routers.len() * 8);
        for router in routers {
            octets.put_slice(&router.address.octets());
            octets.put_i32(router.preference);
        }
        let mut frame = Frame::with_payload(octets.freeze(), meta);
        let [high, low] = self.lifetime.to_be_bytes();
        push(&mut frame, [wire::TYPE_ROUTER_ADVERTISEMENT, 0, 0, 0, routers.len() as u8, 2, high, low]);
        frame
    }
}

/// A solicitation.
pub fn solicitation(meta: Meta) -> Frame {
    let mut frame = Frame::with_payload(Bytes::new(), meta);
    push(&mut frame, [wire::TYPE_ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0]);
    frame
}
