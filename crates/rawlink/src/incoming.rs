//! What becomes of a frame that a device handed over: what it says beside the octets goes into the meta.

use std::collections::VecDeque;

use bytes::Bytes;
use wirelab_stack::frame::{Checksum, Frame, Medium, Meta};
use wirelab_stack::network::segmentation;
use wirelab_stack::trace::{Cause, Trigger};

use crate::LinkCounters;
use crate::batch::Beside;
use crate::outgoing::ETHERNET;
use crate::virtio::{self, HEADER, Layout};

/// The type of a tag that is a customer's: the one that a frame's meta can hold.
const CUSTOMER_TAG: u16 = 0x8100;
/// Octets of a tag, and of the addresses in front of it.
const TAG: usize = 4;
const ADDRESSES: usize = 12;

/// Puts the frame that came with that header behind `frames`.
pub(crate) fn with_header(
    header: [u8; HEADER],
    octets: Bytes,
    medium: Medium,
    beside: Option<Beside>,
    counters: &mut LinkCounters,
    frames: &mut VecDeque<Frame>,
) {
    let Ok(told) = virtio::read(header, octets.len()) else {
        counters.malformed += 1;
        return;
    };
    let mut frame = count(octets, medium, counters);
    (frame.meta.checksum, frame.meta.segment_size) = (told.checksum, told.segment_size);
    place_tag(&mut frame, beside);
    if told.is_datagrams {
        // Sockets take datagrams one by one.
        cut(frame, false, counters, frames);
    } else {
        frames.push_back(frame);
    }
}

/// Puts the frame that came without a header behind `frames`: what the kernel says `beside` it, and its length, tell what
/// it is.
pub(crate) fn without_header(
    octets: Bytes,
    medium: Medium,
    beside: Option<Beside>,
    mtu: u16,
    counters: &mut LinkCounters,
    frames: &mut VecDeque<Frame>,
) {
    let mut frame = count(octets, medium, counters);
    guess(&mut frame, beside.map_or(0, |beside| beside.status), mtu);
    place_tag(&mut frame, beside);
    if frame.meta.segment_size.is_some() {
        cut(frame, true, counters, frames);
    } else {
        frames.push_back(frame);
    }
}

fn count(octets: Bytes, medium: Medium, counters: &mut LinkCounters) -> Frame {
    counters.received += 1;
    counters.received_octets += octets.len() as u64;
    Frame::from_wire(octets, Meta { medium, ..Meta::new(Cause::Raw, Trigger::Call) })
}

/// What is known of a frame by its status and its length.
fn guess(frame: &mut Frame, status: u32, mtu: u16) {
    let layout = Layout::of(frame);
    frame.meta.checksum = if status & libc::TP_STATUS_CSUMNOTREADY != 0 {
        // It has come from this machine: no wire had it that could have spoilt it.
        layout.as_ref().map_or(Checksum::Unchecked, |layout| layout.checksum)
    } else if status & libc::TP_STATUS_CSUM_VALID != 0 {
        Checksum::Verified
    } else {
        Checksum::Complete
    };
    let Some(layout) = layout else { return };
    if frame.len() - layout.network > usize::from(mtu) {
        let headers = layout.headers - layout.network;
        let size = usize::from(mtu).saturating_sub(headers);
        frame.meta.segment_size = u16::try_from(size).ok().filter(|size| *size > 0);
    }
}

/// Cuts a super-frame into what would be on a wire; `complete`: with checksums too. What cannot be cut goes on whole.
fn cut(mut frame: Frame, complete: bool, counters: &mut LinkCounters, frames: &mut VecDeque<Frame>) {
    let tag = frame.meta.vlan.take();
    let Ok(segments) = segmentation::cut_frame(frame.clone()) else {
        frame.meta.vlan = tag;
        frames.push_back(frame);
        return;
    };
    counters.split += 1;
    for mut segment in segments {
        if complete {
            segment.complete_checksum();
        }
        segment.meta.vlan = tag;
        frames.push_back(segment);
    }
}

/// The tag that the kernel took out of the octets: one of a kind that the meta cannot hold goes back.
fn place_tag(frame: &mut Frame, beside: Option<Beside>) {
    match beside.and_then(|beside| beside.tag) {
        None => {}
        Some((control, CUSTOMER_TAG)) => frame.meta.vlan = Some(control),
        Some((control, kind)) => {
            if frame.pull_up(ETHERNET).is_none() {
                return;
            }
            frame.push_front::<TAG>();
            let head = frame.head_mut();
            head.copy_within(TAG..TAG + ADDRESSES, 0);
            head[ADDRESSES..ADDRESSES + 2].copy_from_slice(&kind.to_be_bytes());
            head[ADDRESSES + 2..ADDRESSES + TAG].copy_from_slice(&control.to_be_bytes());
            frame.meta.checksum = frame.meta.checksum.behind(TAG as u16);
        }
    }
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;
    use proptest::prelude::*;
    use wirelab_stack::checksum::pseudo_header;

    use super::*;
    use crate::outgoing::{self, Next, Takes};

    /// Octets of an Ethernet frame with so many octets of payload, whose checksum is the pseudo-header's sum alone.
    fn octets(is_tcp: bool, payload: usize) -> Vec<u8> {
        let (from, to) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ipv4(from, to, 64);
        let (mut octets, payload) = (Vec::new(), vec![7; payload]);
        let (at, protocol) = if is_tcp {
            builder.tcp(1, 2, 1000, 500).write(&mut octets, &payload).unwrap();
            (34 + 16, 6)
        } else {
            builder.udp(1, 2).write(&mut octets, &payload).unwrap();
            (34 + 6, 17)
        };
        let covered = (octets.len() - 34) as u32;
        let sum = !pseudo_header(&from.into(), &to.into(), protocol, covered).finish();
        octets[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        octets
    }

    fn without(octets: Vec<u8>, status: u32, tag: Option<(u16, u16)>) -> (Vec<Frame>, LinkCounters) {
        let (mut frames, mut counters) = (VecDeque::new(), LinkCounters::default());
        let beside = Some(Beside { status, tag });
        without_header(octets.into(), Medium::Ethernet, beside, 1500, &mut counters, &mut frames);
        (frames.into(), counters)
    }

    #[test]
    fn the_kernels_word_about_a_checksum_is_taken() {
        let checksum = |status| without(octets(true, 100), status, None).0[0].meta.checksum;
        assert_eq!(checksum(0), Checksum::Complete);
        assert_eq!(checksum(libc::TP_STATUS_CSUM_VALID), Checksum::Verified);
        let not_ready = checksum(libc::TP_STATUS_CSUMNOTREADY);
        assert_eq!(not_ready, Checksum::Partial { start: 34, offset: 16 });
        // Where it stands in what is neither TCP nor UDP is not known.
        let mut other = octets(true, 100);
        other[23] = 132;
        let (frames, _) = without(other, libc::TP_STATUS_CSUMNOTREADY, None);
        assert_eq!(frames[0].meta.checksum, Checksum::Unchecked);
    }

    #[test]
    fn what_is_longer_than_the_mtu_is_cut_into_what_a_wire_would_carry() {
        let (frames, counters) = without(octets(true, 1460), libc::TP_STATUS_CSUMNOTREADY, None);
        assert_eq!((frames.len(), counters.split), (1, 0));
        let (mut frames, counters) =
            without(octets(true, 4000), libc::TP_STATUS_CSUMNOTREADY, Some((5, 0x8100)));
        assert_eq!(frames.iter().map(Frame::len).collect::<Vec<_>>(), [1514, 1514, 1134]);
        assert_eq!((counters.received, counters.split), (1, 1));
        for frame in &mut frames {
            assert_eq!((frame.meta.checksum, frame.meta.vlan), (Checksum::Complete, Some(5)));
            let segment = &frame.to_vec()[34..];
            let sum = pseudo_header(&[10, 0, 0, 1].into(), &[10, 0, 0, 2].into(), 6, segment.len() as u32);
            assert!(sum.with(segment).is_intact());
        }
    }

    #[test]
    fn datagrams_of_a_super_frame_come_one_by_one() {
        let (mut frames, mut counters) = (VecDeque::new(), LinkCounters::default());
        let mut header = [1, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        for (at, value) in [(2, 42_u16), (4, 1000), (6, 34), (8, 6)] {
            header[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        }
        with_header(header, octets(false, 2500).into(), Medium::Ethernet, None, &mut counters, &mut frames);
        assert_eq!(frames.iter().map(Frame::len).collect::<Vec<_>>(), [1042, 1042, 542]);
        assert!(frames.iter().all(|frame| frame.meta.segment_size.is_none()));
        assert_eq!((counters.received, counters.split), (1, 1));
    }

    #[test]
    fn a_header_that_cannot_be_is_counted() {
        let (mut frames, mut counters) = (VecDeque::new(), LinkCounters::default());
        let header = [1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        with_header(header, octets(true, 10).into(), Medium::Ethernet, None, &mut counters, &mut frames);
        assert_eq!((frames.len(), counters.malformed, counters.received), (0, 1, 0));
    }

    #[test]
    fn a_tag_that_the_meta_cannot_hold_goes_back_into_the_octets() {
        let whole = octets(true, 10);
        let (frames, _) = without(whole.clone(), 0, Some((0x2005, 0x88a8)));
        let mut tagged = whole.clone();
        tagged.splice(12..12, [0x88, 0xa8, 0x20, 0x05]);
        assert_eq!((frames[0].meta.vlan, frames[0].to_vec()), (None, tagged));
        let (frames, _) = without(whole.clone(), 0, Some((0x2005, 0x8100)));
        assert_eq!((frames[0].meta.vlan, frames[0].to_vec()), (Some(0x2005), whole));
    }

    proptest! {
        /// Whatever comes, with whatever the kernel says of it, never panics, and can be sent on.
        #[test]
        fn any_frame_is_taken(
            mut octets in prop::collection::vec(any::<u8>(), 0..300),
            is_packet: bool,
            status: u32,
            tag: Option<(u16, u16)>,
            header: [u8; HEADER],
            mtu in 0_u16..200,
        ) {
            if let (true, Some(kind)) = (is_packet, octets.get_mut(12..15)) {
                kind.copy_from_slice(&[8, 0, 0x45]);
            }
            let (mut frames, mut counters) = (VecDeque::new(), LinkCounters::default());
            let beside = Some(Beside { status, tag });
            let octets = Bytes::from(octets);
            for medium in [Medium::Ethernet, Medium::PointToPoint] {
                without_header(octets.clone(), medium, beside, mtu, &mut counters, &mut frames);
                with_header(header, octets.clone(), medium, beside, &mut counters, &mut frames);
            }
            prop_assert_eq!(counters.received + counters.malformed, 4);
            let takes = Takes { medium: Medium::Ethernet, mtu: 1500, offload: None };
            let mut place = 0;
            while matches!(outgoing::prepare(&mut frames, place, takes, &mut counters), Next::Ready(_)) {
                place += 1;
            }
            prop_assert!(place <= frames.len());
        }
    }
}
