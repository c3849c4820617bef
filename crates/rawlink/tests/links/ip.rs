//! Raw IP over a pair of veth devices against the kernel's own stack, in a network namespace of each test's own.

use std::collections::VecDeque;

use crate::hand::{Hand, OURS};
use crate::support::{PATIENCE, in_namespace, ip, ready, run};
use bytes::Bytes;
use rustix::event::PollFlags;
use wirelab_rawlink::{Capability, Ip, LinkError, RealLink};
use wirelab_stack::frame::{Frame, Medium, Meta};
use wirelab_stack::trace::{Cause, Trigger};

/// A pair of devices: the kernel's, with its address, and the one that the link is over. The kernel is at both ends, and
/// does not take from the one what comes with an address of the other.
fn make(mtu: u16) {
    ip(&format!("link add v0 mtu {mtu} type veth peer name v1 mtu {mtu}"));
    ip("link set v0 address 02:00:00:00:00:0a up");
    ip("link set v1 address 02:00:00:00:00:0b up");
    ip("address add 10.77.0.1/24 dev v0");
    ip(&format!("neigh add {OURS} lladdr 02:00:00:00:00:0b dev v0"));
}

fn hand() -> Hand {
    Hand::new(Box::new(Ip::open("ip:v1", "v1").unwrap()), None)
}

#[test]
fn packets_come_whole_and_as_on_a_wire() {
    for offloads in [true, false] {
        in_namespace(move || {
            make(1500);
            if !offloads {
                run("ethtool", "-K v0 tx off sg off tso off gso off");
            }
            let mut hand = hand();
            assert_eq!(hand.link.medium(), Medium::PointToPoint);
            assert_eq!(hand.link.capabilities().mtu, 1500);
            hand.take_datagrams();
        });
    }
}

#[test]
fn packets_go_out_with_headers_of_our_own() {
    in_namespace(|| {
        make(1500);
        let mut link = Ip::open("ip:v1", "v1").unwrap();
        let mut wire = wirelab_rawlink::Raw::open("raw:v0", "v0", true, true).unwrap();
        // To a station that only v1's side knows.
        ip("neigh add 10.77.1.9 lladdr 02:00:00:00:00:0a dev v1");
        ip("route add 10.77.1.0/24 dev v1");
        let mut packet = Vec::new();
        etherparse::PacketBuilder::ipv4(OURS.octets(), [10, 77, 1, 9], 7)
            .udp(4000, 5000)
            .write(&mut packet, &[5; 100])
            .unwrap();
        let meta = Meta { medium: Medium::PointToPoint, ..Meta::new(Cause::Raw, Trigger::Call) };
        let mut queue = VecDeque::from([Frame::from_wire(Bytes::from(packet.clone()), meta)]);
        assert_eq!(link.send(&mut queue).unwrap(), 1);
        let mut frames = VecDeque::new();
        while frames.is_empty() {
            assert!(ready(&wire, PollFlags::IN, PATIENCE), "nothing came");
            wire.receive(&mut frames, 1).unwrap();
        }
        let received = frames[0].to_vec();
        // The kernel found the neighbour. It numbers packets that have no number, and nothing else is changed.
        assert_eq!(received[..14], [2, 0, 0, 0, 0, 10, 2, 0, 0, 0, 0, 11, 8, 0]);
        assert_eq!(received[14..18], packet[..4]);
        assert_eq!(received[22..24], packet[8..10]);
        assert_eq!(received[26..], packet[12..]);
        // Too long for the device, with its numbers.
        let long = Frame::from_wire(Bytes::from(vec![0x45; 1501]), meta);
        let error = link.send(&mut VecDeque::from([long])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ip:v1: a frame of 1501 octets was dropped: the device takes at most 1500"
        );
        // What is no IPv4 packet is dropped and counted.
        let other = Frame::from_wire(Bytes::from(vec![0x60; 40]), meta);
        let runt = Frame::from_wire(Bytes::from(vec![0x45; 19]), meta);
        assert_eq!(link.send(&mut VecDeque::from([other, runt])).unwrap(), 0);
        assert_eq!((link.counters().refused, link.counters().too_large), (2, 1));
    });
}

#[test]
fn what_cannot_be_opened_is_told_of() {
    in_namespace(|| {
        make(1500);
        let error = Ip::open("ip:v2", "v2").unwrap_err();
        assert!(matches!(error, LinkError::NoDevice { .. }), "{error}");
        ip("link delete v1");
        make(1500);
        let mut link = Ip::open("ip:v1", "v1").unwrap();
        ip("link delete v1");
        assert!(ready(&link, PollFlags::IN, PATIENCE), "it wakes who waits");
        assert!(matches!(link.receive(&mut VecDeque::new(), 1), Err(LinkError::Gone { .. })));
        make(1500);
        caps::clear(None, caps::CapSet::Effective).unwrap();
        let error = Ip::open("ip:v1", "v1").unwrap_err();
        assert_eq!(error.missing_capability(), Some(Capability::NetRaw), "{error}");
    });
}
