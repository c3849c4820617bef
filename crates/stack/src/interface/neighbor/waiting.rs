//! Packets that wait for the hardware address of their next hop. They are bounded in number and in storage for each
//! neighbour, and in storage for all neighbours of an interface together: a router whose networks are scanned holds no
//! more than it is told to.

use std::collections::{BTreeMap, VecDeque};

use super::Parked;
use crate::frame::Frame;

/// Payloads shorter than this are copied out of the storage that they lie in, which may be much larger.
const COPY_BELOW: usize = 512;

/// When a packet was parked, counted in packets.
type Turn = u64;

/// Octets of storage that a packet holds while it waits.
pub fn storage(packet: &Parked) -> usize {
    size_of::<(Turn, Parked)>() + packet.packet.payload().len()
}

/// The packets that wait for one neighbour, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    packets: VecDeque<(Turn, Parked)>,
    held: usize,
}

impl Queue {
    /// How many wait.
    pub fn count(&self) -> usize {
        self.packets.len()
    }

    /// Octets of storage that they hold.
    pub fn held(&self) -> usize {
        self.held
    }
}

/// What is known of all queues of an interface.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    turns: Turn,
    held: usize,
    /// Whose queue each packet is in, oldest first.
    order: BTreeMap<Turn, u32>,
}

impl Waiting {
    /// Octets of storage that all packets hold.
    pub fn held(&self) -> usize {
        self.held
    }

    /// In whose queue the oldest packet is.
    pub fn oldest(&self) -> Option<u32> {
        self.order.first_key_value().map(|(_, place)| *place)
    }

    /// Puts a packet at the end of `queue`, which is that of `place`.
    pub fn push(&mut self, queue: &mut Queue, place: u32, mut packet: Parked) {
        packet.packet.detach_payload(COPY_BELOW);
        let size = storage(&packet);
        self.turns += 1;
        self.held += size;
        self.order.insert(self.turns, place);
        queue.held += size;
        queue.packets.push_back((self.turns, packet));
    }

    /// The oldest packet of `queue`.
    pub fn pop(&mut self, queue: &mut Queue) -> Option<Parked> {
        let (turn, packet) = queue.packets.pop_front()?;
        let size = storage(&packet);
        self.order.remove(&turn);
        self.held -= size;
        queue.held -= size;
        Some(packet)
    }

    /// Drops the packets of `queue` that `is_gone` says; says how many.
    pub fn remove(&mut self, queue: &mut Queue, is_gone: impl Fn(&Frame) -> bool) -> usize {
        let before = queue.packets.len();
        let mut freed = 0;
        queue.packets.retain(|(turn, packet)| {
            let gone = is_gone(&packet.packet);
            if gone {
                freed += storage(packet);
                self.order.remove(turn);
            }
            !gone
        });
        self.held -= freed;
        queue.held -= freed;
        before - queue.packets.len()
    }

    /// All packets of `queue`, oldest first.
    pub fn take(&mut self, queue: &mut Queue) -> VecDeque<Parked> {
        core::iter::from_fn(|| self.pop(queue)).collect()
    }
}
