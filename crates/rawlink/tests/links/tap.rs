//! TAP and TUN devices against the kernel's own stack, in a network namespace of each test's own.

use std::collections::VecDeque;

use crate::hand::{Hand, OUR_MAC, OURS};
use crate::support::{in_namespace, ip};
use bytes::Bytes;
use wirelab_rawlink::{Capability, LinkError, RealLink, Tap, interfaces};
use wirelab_stack::frame::{Frame, Medium, Meta};
use wirelab_stack::trace::{Cause, Trigger};

/// A device that was made and taken up before, as for users without rights, with the kernel's address, and our address
/// at a station that the kernel need not ask for.
fn make(medium: Medium, mtu: u16) {
    let mode = if medium == Medium::Ethernet { "tap" } else { "tun" };
    ip(&format!("tuntap add wl0 mode {mode}"));
    ip(&format!("link set wl0 mtu {mtu} up"));
    ip("address add 10.77.0.1/24 dev wl0");
    if medium == Medium::Ethernet {
        ip(&format!("neigh add {OURS} lladdr {OUR_MAC} dev wl0"));
    }
}

fn open(medium: Medium, offload: bool) -> Tap {
    let name = if medium == Medium::Ethernet { "tap:wl0" } else { "tun:wl0" };
    Tap::open(name, "wl0", medium, offload).unwrap()
}

fn hand(medium: Medium, offload: bool, mtu: u16) -> Hand {
    make(medium, mtu);
    let link = open(medium, offload);
    assert_eq!(link.capabilities().mtu, mtu);
    assert_eq!(link.capabilities().max_super_frame > 0, offload);
    assert_eq!(link.capabilities().transmit_checksum, offload);
    let mac = link.mac();
    Hand::new(Box::new(link), mac)
}

fn frame(length: usize) -> Frame {
    Frame::from_wire(Bytes::from(vec![0xff; length]), Meta::new(Cause::Raw, Trigger::Call))
}

/// What passes, at that MTU.
fn exchange(medium: Medium, mtu: u16) {
    for offload in [true, false] {
        in_namespace(move || {
            let mut hand = hand(medium, offload, mtu);
            hand.exchange_datagrams();
            let longest = hand.exchange_streams(offload);
            // With offload the kernel hands over super-frames, without it none.
            assert_eq!(longest > usize::from(mtu), offload, "{longest}");
            let counters = hand.link.counters();
            assert_eq!((counters.cut, counters.malformed, counters.refused), (0, 0, 0), "{counters:?}");
        });
    }
}

#[test]
fn frames_pass_a_tap_at_the_usual_mtu() {
    exchange(Medium::Ethernet, 1500);
}

#[test]
fn frames_pass_a_tap_at_a_small_mtu() {
    exchange(Medium::Ethernet, 576);
}

#[test]
fn frames_pass_a_tap_at_a_large_mtu() {
    exchange(Medium::Ethernet, 9000);
}

#[test]
fn packets_pass_a_tun() {
    exchange(Medium::PointToPoint, 1500);
}

#[test]
fn what_is_absent_is_made_up_and_goes_with_the_link() {
    in_namespace(|| {
        let find = || interfaces().into_iter().find(|interface| interface.name == "wl0");
        for medium in [Medium::Ethernet, Medium::PointToPoint] {
            assert_eq!(find(), None);
            let link = open(medium, true);
            let made = find().unwrap();
            assert!(made.up, "{made:?}");
            assert_eq!((made.mac, link.medium()), (link.mac(), medium));
            drop(link);
        }
        assert_eq!(find(), None);
        // What was there stays, and stays as it was.
        ip("tuntap add wl0 mode tap");
        drop(open(Medium::Ethernet, true));
        assert!(!find().unwrap().up);
    });
}

#[test]
fn a_device_that_cannot_be_opened_is_told_of() {
    in_namespace(|| {
        let link = open(Medium::Ethernet, true);
        let error = Tap::open("tap:wl0", "wl0", Medium::Ethernet, true).unwrap_err().to_string();
        assert!(error.contains("another program has `wl0` open"), "{error}");
        drop(link);
        ip("link add wl0 type veth peer name wl1");
        let error = Tap::open("tun:wl0", "wl0", Medium::PointToPoint, true).unwrap_err().to_string();
        assert!(error.contains("`wl0` exists and is another kind of device"), "{error}");
        // Rights are a thread's: the process has its own still.
        caps::clear(None, caps::CapSet::Effective).unwrap();
        let error = Tap::open("tap:wl2", "wl2", Medium::Ethernet, true).unwrap_err();
        assert_eq!(error.missing_capability(), Some(Capability::NetAdmin), "{error}");
    });
}

#[test]
fn a_device_that_is_down_is_told_of_once_and_recovers() {
    in_namespace(|| {
        let mut hand = hand(Medium::Ethernet, true, 1500);
        ip("link set wl0 down");
        let mut queue = VecDeque::from([frame(60)]);
        let error = hand.link.send(&mut queue).unwrap_err();
        assert!(matches!(error, LinkError::Down { .. }) && !error.ends(), "{error}");
        queue.extend([frame(60), frame(60)]);
        assert_eq!(hand.link.send(&mut queue).unwrap(), 0);
        assert_eq!((hand.link.counters().down, queue.len()), (3, 0));
        ip("link set wl0 up");
        ip(&format!("neigh replace {OURS} lladdr {OUR_MAC} dev wl0"));
        hand.exchange_datagrams();
        ip("link set wl0 down");
        queue.push_back(frame(60));
        assert!(matches!(hand.link.send(&mut queue), Err(LinkError::Down { .. })), "told again");
    });
}

#[test]
fn a_device_that_was_deleted_is_gone() {
    in_namespace(|| {
        let mut link = hand(Medium::Ethernet, true, 1500).link;
        ip("link delete wl0");
        assert!(
            crate::support::ready(&*link, rustix::event::PollFlags::IN, crate::support::PATIENCE),
            "it wakes who waits"
        );
        let error = link.receive(&mut VecDeque::new(), 1).unwrap_err();
        assert!(matches!(error, LinkError::Gone { .. }) && error.ends(), "{error}");
        let error = link.send(&mut VecDeque::from([frame(60)])).unwrap_err();
        assert!(matches!(error, LinkError::Gone { .. }), "{error}");
    });
}

#[test]
fn a_frame_too_large_is_dropped_with_its_numbers_and_those_behind_it_go() {
    in_namespace(|| {
        let mut link = hand(Medium::Ethernet, true, 1500).link;
        let mut queue = VecDeque::from([frame(1514), frame(1515), frame(60)]);
        let error = link.send(&mut queue).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tap:wl0: a frame of 1515 octets was dropped: the device takes at most 1514"
        );
        assert!(!error.ends());
        assert_eq!(link.send(&mut queue).unwrap(), 1);
        // Tags go beyond the MTU, as on a wire.
        let mut tagged = frame(1518).to_vec();
        tagged[12..14].copy_from_slice(&[0x81, 0]);
        let mut longer = tagged.clone();
        longer.push(0);
        for (octets, goes) in [(tagged, true), (longer, false)] {
            let tagged = Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call));
            assert_eq!(link.send(&mut VecDeque::from([tagged])).is_ok(), goes);
        }
        assert_eq!((link.counters().sent, link.counters().too_large), (3, 2));
        ip("link set wl0 mtu 1501");
        assert_eq!(link.send(&mut VecDeque::from([frame(1515)])).unwrap(), 1, "its MTU was raised");
    });
}
