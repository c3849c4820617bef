//! Super-frames and unfinished checksums: forwarded to links that can do with them, and to links that cannot.

use core::net::Ipv4Addr;

use super::forward::{LEFT, RIGHT, ROUTER, Router, error};
use super::multicast::GROUP;
use super::*;
use crate::frame::Checksum;
use crate::interface::ethernet;
use crate::interface::group_filter::mac_of;
use crate::network::segmentation::tests::{Build, octets, read};
use crate::trace::Trigger;

const FROM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);
const TO: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 1);

fn build() -> Build {
    Build { station: ROUTER[0], ends: [FROM, TO], ..Build::default() }
}

/// A router whose right link takes super-frames so long, and completes checksums or not.
fn router(max_super_frame: u32, transmit_checksum: bool, mtu: u16) -> Router {
    Router::new(|config| {
        let capabilities = &mut config.interfaces[1].capabilities;
        (capabilities.max_super_frame, capabilities.mtu) = (max_super_frame, mtu);
        capabilities.transmit_checksum = transmit_checksum;
    })
}

/// What leaves by the right link of such a router.
fn forwarded(router: &mut Router, frame: Frame) -> Vec<Frame> {
    let sent = router.take(LEFT, frame);
    assert!(sent.iter().all(|(by, _)| *by == RIGHT), "{sent:?}");
    sent.into_iter().map(|(_, frame)| frame).collect()
}

#[test]
fn a_super_frame_is_cut_where_the_next_link_takes_none() {
    for (is_tcp, partial, completes) in [
        (true, false, false),
        (true, true, false),
        (true, true, true),
        (false, true, false),
        (false, false, true),
    ] {
        let mut router = router(0, completes, 1500);
        let whole = Build { is_tcp, partial, ..build() }.frame();
        let before = whole.meta.id;
        let frames = forwarded(&mut router, whole);
        assert_eq!(frames.len(), 4);
        let mut stream = Vec::new();
        for (index, frame) in frames.into_iter().enumerate() {
            assert_eq!(frame.meta.trigger, Trigger::Frame(before));
            assert_eq!((frame.meta.cause, frame.meta.id.counter), (Cause::Forwarded, 1 + index as u64));
            assert_eq!(matches!(frame.meta.checksum, Checksum::Partial { .. }), completes);
            assert_eq!(frame.head()[22], 8, "its TTL");
            let segment = read(frame, is_tcp);
            assert_eq!(segment.identification, 7 + index as u16);
            stream.extend_from_slice(&segment.payload);
        }
        assert_eq!(stream, octets(3500));
        assert_eq!(router.host.counters().ip.out_frag_oks, 0, "nothing was fragmented");
    }
}

#[test]
fn a_super_frame_goes_whole_where_the_next_link_takes_it() {
    for (partial, completes) in [(false, false), (true, true), (true, false)] {
        let mut router = router(3540, completes, 1500);
        let frames = forwarded(&mut router, Build { partial, ..build() }.frame());
        let [frame] = &frames[..] else { panic!("{frames:?}") };
        assert_eq!((frame.meta.segment_size, frame.len()), (Some(1000), 3554));
        // What the link cannot complete is complete.
        assert_eq!(matches!(frame.meta.checksum, Checksum::Partial { .. }), partial && completes);
        // Its segments have names of their own: the next frame's comes behind them.
        let next = forwarded(&mut router, Build { payload: 10, ..build() }.frame());
        assert_eq!((frame.meta.id.counter, next[0].meta.id.counter), (1, 5));
        assert_eq!(router.host.counters().ip.out_transmits, 5);
    }
    let mut shorter = router(3539, true, 1500);
    assert_eq!(forwarded(&mut shorter, build().frame()).len(), 4);
}

#[test]
fn segments_that_the_next_link_does_not_take_are_fragmented_or_refused() {
    // RFC 1812 §5.2.6: each segment is a packet of its own.
    for max_super_frame in [0, 65_535] {
        let mut router = router(max_super_frame, false, 576);
        let frames = forwarded(&mut router, Build { partial: true, ..build() }.frame());
        assert_eq!(frames.len(), 3 * 2 + 1, "the last one fits");
        assert!(frames.iter().all(|frame| frame.len() <= 576 + ethernet::HEADER));
        let more = |frame: &Frame| (frame.head()[18..20].to_vec(), frame.head()[20] & 0x20 != 0);
        assert_eq!([more(&frames[0]), more(&frames[1])], [(vec![0, 7], true), (vec![0, 7], false)]);
        assert_eq!((more(&frames[2]).0, more(&frames[6])), (vec![0, 8], (vec![0, 10], false)));
        assert_eq!(router.host.counters().ip.out_frag_oks, 3);
        let sent = router.take(LEFT, Build { identification: None, ..build() }.frame());
        let [(LEFT, frame)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(error(frame).0, 3);
        assert_eq!((frame.to_vec()[35], router.last_line()), (4, "sent destination-unreachable"));
    }
}

#[test]
fn a_super_frame_that_cannot_be_cut_ends_here() {
    let mut router = router(0, false, 1500);
    let mut broken = build().frame();
    broken.flip_bit(8 * 100);
    assert!(router.take(LEFT, broken).is_empty());
    assert!(router.log.lines.iter().any(|line| line == "dropped super-frame-malformed at interface"));
    assert_eq!(router.host.counters().get("dropped.super-frame-malformed"), Some(1));
}

#[test]
fn a_group_s_datagram_has_its_checksum_where_the_link_completes_none() {
    for completes in [false, true] {
        let mut router = Router::new(|config| {
            config.profile.network.multicast_forwarding = true;
            config.interfaces[1].multicast_role = crate::interface::MulticastRole::Upstream;
            config.interfaces[1].capabilities.transmit_checksum = completes;
        });
        router.start();
        let datagram =
            Build { ends: [FROM, GROUP], station: mac_of(GROUP), is_tcp: false, partial: true, ..build() };
        let mut frame = Build { payload: 50, ..datagram }.frame();
        frame.meta.segment_size = None;
        let frames = forwarded(&mut router, frame);
        let [frame] = &frames[..] else { panic!("{frames:?}") };
        assert_eq!(matches!(frame.meta.checksum, Checksum::Partial { .. }), completes);
        assert_eq!(read(frame.clone(), false).payload, octets(50));
    }
}
