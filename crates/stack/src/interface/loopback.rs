//! The loopback interface: what a host sends to itself.
//!
//! Frames carry an Ethernet header with no addresses, so that whoever reads frames need know one form only.

use std::collections::VecDeque;

use etherparse::EtherType;

use super::{Capabilities, InterfaceConfig, ethernet};
use crate::addr::{Cidr, Mac};
use crate::frame::Frame;

/// The header of each frame.
pub fn header(ether_type: EtherType) -> [u8; ethernet::HEADER] {
    ethernet::header(Mac::UNSPECIFIED, Mac::UNSPECIFIED, ether_type)
}

/// How the loopback interface is described: the longest packets there are, and no work that a wire would need.
pub fn config() -> InterfaceConfig {
    InterfaceConfig {
        name: "lo".to_owned(),
        mac: Mac::UNSPECIFIED,
        addresses: vec![Cidr::new([127, 0, 0, 1].into(), 8).expect("8 bits fit an IPv4 address")],
        capabilities: Capabilities {
            mtu: u16::MAX,
            max_super_frame: 0,
            transmit_checksum: true,
            receive_checksum: true,
        },
        neighbors: Vec::new(),
        announce: false,
        check_fcs: true,
    }
}

/// Frames on their way back up.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    frames: VecDeque<Frame>,
    limit: usize,
}

impl Queue {
    /// An empty queue for at most `limit` frames.
    pub fn new(limit: usize) -> Self {
        Self { frames: VecDeque::new(), limit }
    }

    /// Puts a frame in; gives it back where the queue is full.
    pub fn push(&mut self, frame: Frame) -> Option<Frame> {
        if self.frames.len() >= self.limit {
            return Some(frame);
        }
        self.frames.push_back(frame);
        None
    }

    /// The next frame.
    pub fn pop(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::frame::Meta;
    use crate::trace::{Cause, Trigger};

    #[test]
    fn frames_come_back_in_order_and_no_more_than_are_allowed() {
        let frame =
            |octet: u8| Frame::with_payload(Bytes::from(vec![octet]), Meta::new(Cause::Raw, Trigger::Call));
        let mut queue = Queue::new(2);
        assert!(queue.push(frame(1)).is_none() && queue.push(frame(2)).is_none());
        assert_eq!(queue.push(frame(3)).unwrap().to_vec(), [3]);
        assert_eq!(queue.pop().unwrap().to_vec(), [1]);
        assert_eq!(queue.pop().unwrap().to_vec(), [2]);
        assert!(queue.pop().is_none() && queue.is_empty());
    }

    #[test]
    fn its_frames_pass_its_own_address_check() {
        let mut frame = Frame::with_payload(Bytes::new(), Meta::new(Cause::Raw, Trigger::Call));
        ethernet::push(&mut frame, &header(EtherType::IPV4));
        assert!(!ethernet::accept(&mut frame, config().mac).unwrap().to_group);
    }
}
