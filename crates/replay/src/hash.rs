//! Hashes of what a run gave out: `SipHash` 1-3 under a fixed key, over little-endian octets.

use core::hash::Hasher;

use siphasher::sip::SipHasher13;
use wirelab_stack::frame::{Checksum, Frame};

const KEY: (u64, u64) = (0x7769_7265_6c61_6220, 0x7265_636f_7264_2031);

/// A hash under way. Whatever has no fixed length is preceded by its length.
pub(crate) struct Hash(SipHasher13);

impl Hash {
    pub(crate) fn new() -> Self {
        Self(SipHasher13::new_with_keys(KEY.0, KEY.1))
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.write(&number.to_le_bytes());
        self
    }

    pub(crate) fn octets(self, octets: &[u8]) -> Self {
        let mut hash = self.number(octets.len() as u64);
        hash.0.write(octets);
        hash
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// Of a frame as it is given to a device: its octets, and what is said beside them.
pub(crate) fn of_frame(frame: &Frame) -> u64 {
    let checksum = match frame.meta.checksum {
        Checksum::Complete => 0,
        Checksum::Partial { start, offset } => 1 | u64::from(start) << 8 | u64::from(offset) << 24,
        Checksum::Verified => 2,
        Checksum::Unchecked => 3,
    };
    let beside = |number: Option<u16>| number.map_or(u64::MAX, u64::from);
    let mut hash = Hash::new()
        .number(checksum)
        .number(beside(frame.meta.segment_size))
        .number(beside(frame.meta.vlan))
        .number(frame.len() as u64);
    // Where headers end and payload begins is nobody's business.
    hash.0.write(frame.head());
    hash.0.write(frame.payload());
    hash.finish()
}
