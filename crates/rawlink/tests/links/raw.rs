//! Packet sockets over a pair of veth devices against the kernel's own stack, in a network namespace of each test's own.

use std::collections::VecDeque;

use crate::hand::{Hand, OUR_MAC, OURS};
use crate::support::{PATIENCE, in_namespace, ip, ready, run};
use bytes::Bytes;
use rustix::event::PollFlags;
use wirelab_rawlink::{Capability, LinkError, Raw, RealLink, Tap, interfaces};
use wirelab_stack::addr::Mac;
use wirelab_stack::frame::{Frame, Medium, Meta};
use wirelab_stack::trace::{Cause, Trigger};

/// A pair of devices: the kernel's, with its address, and the one that the link is on.
fn make(mtu: u16) {
    ip(&format!("link add v0 mtu {mtu} type veth peer name v1 mtu {mtu}"));
    ip("link set v0 up");
    ip("link set v1 up");
    ip("address add 10.77.0.1/24 dev v0");
    ip(&format!("neigh add {OURS} lladdr {OUR_MAC} dev v0"));
}

fn mac_of(name: &str) -> Mac {
    interfaces().into_iter().find(|found| found.name == name).unwrap().mac.unwrap()
}

fn open(interface: &str, offload: bool) -> Raw {
    Raw::open(&format!("raw:{interface}"), interface, true, offload).unwrap()
}

fn hand(offload: bool) -> Hand {
    Hand::new(Box::new(open("v1", offload)), Some(mac_of("v0")))
}

fn frame(octets: Vec<u8>) -> Frame {
    Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call))
}

/// What passes, at that MTU.
fn exchange(mtu: u16) {
    for (device_offloads, offload) in [(true, true), (true, false), (false, true), (false, false)] {
        in_namespace(move || {
            make(mtu);
            if !device_offloads {
                run("ethtool", "-K v0 tx off sg off tso off gso off");
                run("ethtool", "-K v1 tx off sg off tso off gso off");
            }
            let mut hand = hand(offload);
            assert_eq!(hand.link.capabilities().mtu, mtu);
            assert_eq!(hand.link.capabilities().max_super_frame > 0, offload);
            hand.exchange_datagrams();
            // Super-frames go out in any case: where the socket takes none they are cut here.
            let longest = hand.exchange_streams(true);
            assert_eq!(longest > usize::from(mtu), device_offloads && offload, "{longest}");
            let counters = hand.link.counters();
            assert_eq!((counters.cut, counters.malformed, counters.refused), (0, 0, 0), "{counters:?}");
            assert_eq!(counters.missed, 0);
            assert_eq!(counters.split > 0, !offload, "{counters:?}");
        });
    }
}

#[test]
fn frames_pass_a_veth_at_the_usual_mtu() {
    exchange(1500);
}

#[test]
fn frames_pass_a_veth_at_a_small_mtu() {
    exchange(576);
}

#[test]
fn frames_pass_a_veth_at_a_large_mtu() {
    exchange(9000);
}

/// The next frame of that link from our address.
#[track_caller]
fn next(link: &mut dyn RealLink) -> Frame {
    let mut frames: VecDeque<Frame> = VecDeque::new();
    loop {
        if let Some(frame) = frames.pop_front()
            && frame.to_vec()[6..12] == OUR_MAC.parse::<Mac>().unwrap().0
        {
            return frame;
        }
        assert!(ready(link, PollFlags::IN, PATIENCE), "nothing came: {:?}", link.counters());
        link.receive(&mut frames, 1).unwrap();
    }
}

fn tagged(kind: [u8; 2], control: u16) -> Vec<u8> {
    let mut octets = vec![0xff; 6];
    octets.extend(OUR_MAC.parse::<Mac>().unwrap().0);
    octets.extend(kind);
    octets.extend(control.to_be_bytes());
    octets.extend([0x88, 0xb5]);
    octets.extend([7; 60]);
    octets
}

#[test]
fn tags_come_beside_the_octets_or_in_them_and_are_never_lost() {
    for offload in [true, false] {
        in_namespace(move || {
            make(1500);
            let (mut near, mut far) = (open("v0", offload), open("v1", offload));
            let octets = tagged([0x81, 0], 0x6005);
            near.send(&mut VecDeque::from([frame(octets.clone())])).unwrap();
            let mut received = next(&mut far);
            // The kernel keeps a customer's tag aside.
            assert_eq!(received.meta.vlan, Some(0x6005));
            let mut untagged = octets.clone();
            untagged.drain(12..16);
            assert_eq!(received.to_vec(), untagged);
            // Sent on, it is in the octets again.
            received.meta.id = wirelab_stack::frame::FrameId::default();
            far.send(&mut VecDeque::from([received])).unwrap();
            let back = next(&mut near);
            assert_eq!((back.meta.vlan, back.to_vec()), (Some(0x6005), untagged));
            // A provider's tag has no place beside the octets.
            let octets = tagged([0x88, 0xa8], 9);
            near.send(&mut VecDeque::from([frame(octets.clone())])).unwrap();
            let mut frames = VecDeque::new();
            assert!(ready(&far, PollFlags::IN, PATIENCE));
            far.receive(&mut frames, 8).unwrap();
            let received = frames.pop_front().unwrap();
            assert_eq!((received.meta.vlan, received.to_vec()), (None, octets));
        });
    }
}

#[test]
fn a_tap_has_tags_in_the_octets() {
    in_namespace(|| {
        let mut tap = Tap::open("tap:wl0", "wl0", Medium::Ethernet, true).unwrap();
        let mut kernel_side = open("wl0", true);
        let octets = tagged([0x81, 0], 0x2005);
        tap.send(&mut VecDeque::from([frame(octets.clone())])).unwrap();
        assert_eq!(next(&mut kernel_side).meta.vlan, Some(0x2005));
        kernel_side.send(&mut VecDeque::from([frame(octets.clone())])).unwrap();
        assert_eq!(next(&mut tap).to_vec(), octets);
    });
}

#[test]
fn what_we_send_does_not_come_back() {
    in_namespace(|| {
        make(1500);
        let mut link = open("v1", true);
        let sent: VecDeque<_> = (0..100).map(|_| frame(tagged([0x81, 0], 1))).collect();
        let mut queue = sent;
        assert_eq!(link.send(&mut queue).unwrap(), 100);
        assert_eq!(link.receive(&mut VecDeque::new(), 200).unwrap(), 0);
    });
}

#[test]
fn a_frame_too_large_is_dropped_with_its_numbers_and_those_around_it_go() {
    in_namespace(|| {
        make(1500);
        let mut link = open("v1", true);
        let of = |length| frame(vec![0xff; length]);
        let mut queue = VecDeque::from([of(60), of(1514), of(1515), of(60)]);
        let error = link.send(&mut queue).unwrap_err();
        assert_eq!(
            error.to_string(),
            "raw:v1: a frame of 1515 octets was dropped: the device takes at most 1514"
        );
        assert!(!error.ends());
        assert_eq!(link.send(&mut queue).unwrap(), 1);
        assert_eq!((link.counters().sent, link.counters().too_large), (3, 1));
        // The device's own mind, where its MTU was lowered since.
        ip("link set v1 mtu 1000");
        let error = link.send(&mut VecDeque::from([of(1100)])).unwrap_err();
        assert!(matches!(error, LinkError::TooLarge { octets: 1100, .. }), "{error}");
    });
}

#[test]
fn a_burst_longer_than_a_batch_comes_whole_and_in_order() {
    in_namespace(|| {
        make(1500);
        let (mut near, mut far) = (open("v0", true), open("v1", true));
        let numbered = |number: u16| {
            let mut octets = tagged([0x88, 0xb5], number);
            octets.resize(60 + usize::from(number) % 1400, 0);
            frame(octets)
        };
        let mut queue: VecDeque<_> = (0..1000).map(numbered).collect();
        assert_eq!(near.send(&mut queue).unwrap(), 1000);
        for number in 0..1000 {
            assert_eq!(next(&mut far).to_vec(), numbered(number).to_vec());
        }
    });
}

#[test]
fn a_device_that_goes_down_is_told_of_once_and_recovers() {
    in_namespace(|| {
        make(1500);
        let mut hand = hand(true);
        hand.exchange_datagrams();
        ip("link set v1 down");
        assert!(ready(&*hand.link, PollFlags::IN, PATIENCE), "it wakes who waits");
        let error = hand.link.receive(&mut VecDeque::new(), 1).unwrap_err();
        assert!(matches!(error, LinkError::Down { .. }) && !error.ends(), "{error}");
        let mut queue: VecDeque<_> = (0..3).map(|_| frame(vec![0xff; 60])).collect();
        assert_eq!(hand.link.send(&mut queue).unwrap(), 0);
        assert_eq!((hand.link.counters().down, queue.len()), (3, 0));
        ip("link set v1 up");
        hand.exchange_datagrams();
    });
}

#[test]
fn a_device_that_was_deleted_is_gone() {
    in_namespace(|| {
        make(1500);
        let mut link = open("v1", true);
        ip("link delete v1");
        assert!(ready(&link, PollFlags::IN, PATIENCE), "it wakes who waits");
        let error = link.receive(&mut VecDeque::new(), 1).unwrap_err();
        assert!(matches!(error, LinkError::Gone { .. }) && error.ends(), "{error}");
        let error = link.send(&mut VecDeque::from([frame(vec![0xff; 60])])).unwrap_err();
        assert!(matches!(error, LinkError::Gone { .. }), "{error}");
    });
}

#[test]
fn what_cannot_be_opened_is_told_of() {
    in_namespace(|| {
        make(1500);
        let error = Raw::open("raw:v11", "v11", true, true).unwrap_err().to_string();
        assert_eq!(error, "raw:v11: there is no device `v11`; did you mean `v1`?");
        ip("tuntap add wl0 mode tun");
        let error = Raw::open("raw:wl0", "wl0", true, true).unwrap_err().to_string();
        assert!(error.contains("`wl0` has no Ethernet: `ip:wl0` sends packets over it"), "{error}");
        caps::clear(None, caps::CapSet::Effective).unwrap();
        let error = Raw::open("raw:v1", "v1", true, true).unwrap_err();
        assert_eq!(error.missing_capability(), Some(Capability::NetRaw), "{error}");
    });
}
