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
