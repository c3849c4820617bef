//! What is done to a frame before a device takes it: its tag goes into its octets, a super-frame that the device cannot
//! be told of is cut, a checksum that it will not complete is completed.

use std::collections::VecDeque;

use wirelab_stack::frame::{Frame, Medium};
use wirelab_stack::interface::vlan::{self, Tag};
use wirelab_stack::network::segmentation;

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
    /// The frame is ready, behind this header if the device has one.
    Ready([u8; virtio::HEADER]),
    /// The frame, of so many octets, is longer than the device's. It is still there.
    TooLarge(usize),
}

/// Makes the frame at `place` of the queue fit for the device. What cannot be is taken out, so that another is there.
pub(crate) fn prepare(
    queue: &mut VecDeque<Frame>,
    place: usize,
    takes: Takes,
    counters: &mut LinkCounters,
) -> Next {
    while let Some(frame) = queue.get_mut(place) {
        if takes.medium == Medium::Ethernet && !tag_goes_in(frame) {
            counters.refused += 1;
            queue.remove(place);
            continue;
        }
        if frame.meta.segment_size.is_none() && is_too_large(frame, takes) {
            return Next::TooLarge(frame.len());
        }
        let header = match takes.offload {
            None if frame.meta.segment_size.is_none() => {
                frame.complete_checksum();
                Some([0; virtio::HEADER])
            }
            None => None,
            Some(most) => {
                let longest = most as usize + takes.longest() - usize::from(takes.mtu);
                if frame.len() <= longest { virtio::write(frame) } else { None }
            }
        };
        match header {
            Some(header) => return Next::Ready(header),
            None => cut(queue, place, counters),
        }
    }
    Next::Nothing
}

/// Puts the segments of the super-frame at `place` of the queue there, in their order.
fn cut(queue: &mut VecDeque<Frame>, place: usize, counters: &mut LinkCounters) {
    let Some(whole) = queue.remove(place) else { return };
    match segmentation::cut_frame(whole) {
        Ok(segments) => {
            counters.split += 1;
            for (at, segment) in segments.enumerate() {
                queue.insert(place + at, segment);
            }
        }
        Err(_) => counters.refused += 1,
    }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use etherparse::PacketBuilder;
    use wirelab_stack::frame::{Checksum, Meta};
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;

    const TAKES: Takes = Takes { medium: Medium::Ethernet, mtu: 1500, offload: None };

    /// A segment with so many octets of payload, its checksum a partial one.
    fn segment(payload: usize, segment_size: Option<u16>) -> Frame {
        let mut octets = Vec::new();
        PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(1, 2, 1000, 500)
            .write(&mut octets, &vec![7; payload])
            .unwrap();
        let checksum = Checksum::Partial { start: 34, offset: 16 };
        let meta = Meta { checksum, segment_size, ..Meta::new(Cause::Raw, Trigger::Call) };
        Frame::from_wire(Bytes::from(octets), meta)
    }

    fn lengths(queue: &VecDeque<Frame>) -> Vec<usize> {
        queue.iter().map(Frame::len).collect()
    }

    #[test]
    fn a_super_frame_is_cut_where_it_stands() {
        let mut queue = VecDeque::from([segment(10, None), segment(3000, Some(1460)), segment(20, None)]);
        let mut counters = LinkCounters::default();
        for place in 0..5 {
            assert!(matches!(prepare(&mut queue, place, TAKES, &mut counters), Next::Ready(_)), "{place}");
            assert_eq!(queue[place].meta.checksum, Checksum::Complete);
        }
        assert!(matches!(prepare(&mut queue, 5, TAKES, &mut counters), Next::Nothing));
        assert_eq!(lengths(&queue), [64, 1514, 1514, 134, 74]);
        assert_eq!(counters, LinkCounters { split: 1, ..LinkCounters::default() });
    }

    #[test]
    fn a_device_with_offloads_gets_super_frames_up_to_its_bound() {
        let takes = Takes { offload: Some(3040), ..TAKES };
        let mut queue = VecDeque::from([segment(3000, Some(1460)), segment(3001, Some(1460))]);
        let mut counters = LinkCounters::default();
        let Next::Ready(header) = prepare(&mut queue, 0, takes, &mut counters) else { panic!("it fits") };
        assert_eq!(header[..2], [1, 1], "a partial checksum, and a super-frame of TCP");
        assert!(matches!(queue[0].meta.checksum, Checksum::Partial { .. }));
        assert!(matches!(prepare(&mut queue, 1, takes, &mut counters), Next::Ready(_)));
        assert_eq!((lengths(&queue), counters.split), (vec![3054, 1514, 1514, 135], 1));
    }

    #[test]
    fn what_cannot_be_cut_or_tagged_is_taken_out() {
        let junk = |meta: &mut Frame| meta.truncate(20);
        let mut cut_off = segment(3000, Some(1460));
        junk(&mut cut_off);
        // The VLAN that nobody has.
        let mut tagged = segment(10, None);
        tagged.meta.vlan = Some(0x0fff);
        let mut queue = VecDeque::from([cut_off, tagged, segment(30, None)]);
        let mut counters = LinkCounters::default();
        assert!(matches!(prepare(&mut queue, 0, TAKES, &mut counters), Next::Ready(_)));
        assert_eq!((lengths(&queue), counters.refused), (vec![84], 2));
    }

    #[test]
    fn tags_go_beyond_the_mtu_and_nothing_else_does() {
        let mut counters = LinkCounters::default();
        let mut is_ready = |frame: Frame| {
            let mut queue = VecDeque::from([frame]);
            matches!(prepare(&mut queue, 0, TAKES, &mut counters), Next::Ready(_))
        };
        assert!(is_ready(segment(1460, None)));
        assert!(!is_ready(segment(1461, None)));
        for (payload, fits) in [(1460, true), (1461, false)] {
            let mut tagged = segment(payload, None);
            tagged.meta.vlan = Some(5);
            assert_eq!(is_ready(tagged), fits, "{payload}");
        }
    }
}
