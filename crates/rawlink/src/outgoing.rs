//! What is done to a frame before a device takes it: its tag goes into its octets, a super-frame that the device cannot
//! be told of is cut, a checksum that it will not complete is completed.

use std::collections::VecDeque;

use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::vlan::{self, Tag};

use crate::{LinkCounters, virtio};

/// Octets of an Ethernet header, and of a tag in it.
pub(crate) const ETHERNET: usize = 14;
const TAG: usize = 4;
/// Tags that a frame may have beyond the MTU.
const MOST_TAGS: usize = 2;

/// What a device takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Takes {
    pub(crate) medium: Medium,
    /// The longest IP packet.
    pub(crate) mtu: u16,
    /// A virtio-net header in front of each frame: super-frames up to so many octets of IP packet, and partial checksums.
    pub(crate) offload: Option<u32>,
}

impl Takes {
    /// The longest frame that is no super-frame.
    pub(crate) fn longest(self) -> usize {
        usize::from(self.mtu) + if self.medium == Medium::Ethernet { ETHERNET } else { 0 }
    }
}

/// What is to be sent next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing is left.
    Nothing,
    /// The front of the queue, behind this header if the device has one.
    Front([u8; virtio::HEADER]),
    /// The frame at the front, of so many octets, is longer than the device's. It is still there.
    TooLarge(usize),
}

/// Makes the front of the queue fit for the device.
pub(crate) fn prepare(queue: &mut VecDeque<Frame>, takes: Takes, counters: &mut LinkCounters) -> Next {
    while let Some(frame) = queue.front_mut() {
        if takes.medium == Medium::Ethernet && !tag_goes_in(frame) {
            counters.refused += 1;
            queue.pop_front();
            continue;
        }
        if frame.meta.segment_size.is_none() {
            if takes.offload.is_none() {
                frame.complete_checksum();
            }
            if is_too_large(frame, takes) {
                return Next::TooLarge(frame.len());
            }
        }
        let most = takes.offload.map_or(0, |most| most as usize + takes.longest() - usize::from(takes.mtu));
        if takes.offload.is_none() && frame.meta.segment_size.is_none() {
            return Next::Front([0; virtio::HEADER]);
        }
        if (frame.meta.segment_size.is_none() || frame.len() <= most)
            && let Some(header) = virtio::write(frame)
        {
            return Next::Front(header);
        }
        counters.refused += 1;
        queue.pop_front();
    }
    Next::Nothing
}

/// Puts a tag that is beside the octets into them. False where it is none.
fn tag_goes_in(frame: &mut Frame) -> bool {
    let Some(control) = frame.meta.vlan.take() else { return true };
    let Ok(tag) = Tag::from_control(control) else { return false };
    if frame.pull_up(ETHERNET).is_none() {
        return false;
    }
    vlan::put(frame, tag);
    true
}

/// Tags go beyond the MTU: a frame that is too long by them only is not.
fn is_too_large(frame: &mut Frame, takes: Takes) -> bool {
    let mut longest = takes.longest();
    if frame.len() <= longest || takes.medium != Medium::Ethernet {
        return frame.len() > longest;
    }
    for tag in 0..MOST_TAGS {
        let end = ETHERNET + TAG * tag;
        match frame.pull_up(end).map(|octets| [octets[end - 2], octets[end - 1]]) {
            Some([0x81 | 0x91, 0x00] | [0x88, 0xa8]) => longest += TAG,
            _ => break,
        }
    }
    frame.len() > longest
}
