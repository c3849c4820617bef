//! Frames and events for tests.

use bytes::Bytes;
use etherparse::PacketBuilder;
use wirelab_stack::frame::{Frame, FrameId, Meta, NodeId};
use wirelab_stack::trace::{Cause, Trigger};

/// A frame's name.
pub const fn id(origin: u32, counter: u64) -> FrameId {
    FrameId { origin: NodeId(origin), counter }
}

/// A frame of `octets` that was sent for `cause`.
pub fn frame(name: FrameId, cause: Cause, octets: Vec<u8>) -> Frame {
    let mut meta = Meta::new(cause, Trigger::Call);
    meta.id = name;
    Frame::from_wire(Bytes::from(octets), meta)
}

/// The octets of a UDP datagram in IPv4 from 10.0.0.1:5000 to 10.0.0.2:7.
pub fn datagram(payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .udp(5000, 7)
        .write(&mut octets, payload)
        .expect("a vector takes everything");
    octets
}
