//! What counts where: frames of each kind, wanted and unwanted (RFC 2863 §6, RFC 4293 §3).

use bytes::Bytes;
use etherparse::EtherType;

use super::*;
use crate::checksum::Sum;
use crate::frame::Meta;
use crate::interface::arp::Packet;
use crate::interface::group_filter::mac_of;
use crate::interface::vlan::{self, Tag, VlanId};
use crate::interface::{Configure, ethernet, rarp};
use crate::trace::Trigger;

const OTHER: Mac = Mac([2, 0, 0, 0, 0, 9]);
/// The interface of VLAN 10.
const TEN: InterfaceId = InterfaceId(1);

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

/// A frame that carries `payload`.
fn frame(destination: Mac, ether_type: EtherType, payload: &[u8]) -> Frame {
    let mut frame = Frame::with_payload(Bytes::copy_from_slice(payload), meta());
    ethernet::push(&mut frame, &ethernet::header(destination, OTHER, ether_type));
    frame
}

fn reverse_request() -> Frame {
    rarp::request(OTHER).frame_of(rarp::ETHER_TYPE, Mac::BROADCAST, Cause::Raw, Trigger::Call)
}

fn announcement() -> Frame {
    Packet::announcement(OTHER, [10, 0, 0, 9].into()).frame(Mac::BROADCAST, Cause::Raw, Trigger::Call)
}

/// An IP packet of an unassigned protocol to a group, in a frame to that group's address.
fn to_group(group: [u8; 4]) -> Frame {
    let mut packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 1, 253, 0, 0, 10, 0, 0, 9, 0, 0, 0, 0];
    packet[16..].copy_from_slice(&group);
    let sum = Sum::new().with(&packet).finish();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    frame(mac_of(group.into()), EtherType::IPV4, &packet)
}

fn tagged(vlan: u16, mut frame: Frame) -> Frame {
    frame.pull_up(ethernet::HEADER).unwrap();
    vlan::put(&mut frame, Tag::of(VlanId::new(vlan).unwrap()));
    frame
}

/// A host with an interface in VLAN 10 besides, which has got `frame`.
fn after(frame: Frame) -> Host {
    let mut net = Net::new(1, |config| {
        let mut interface = config.interfaces[0].vlan(WIRE, VlanId::new(10).unwrap(), vec![]);
        interface.announce = false;
        config.interfaces.push(interface);
    });
    net.deliver(0, frame);
    net.hosts.remove(0)
}

#[test]
fn each_frame_that_arrives_counts_once() {
    // RFC 2863 §6: the packets of ifIn…Pkts are those that the interface gives to the layer above.
    let all = Mac::BROADCAST;
    let cut = |length: usize| frame(all, EtherType::ARP, &announcement().to_vec()[14..][..length]);
    let wrong = |type_| frame(all, type_, &[9; 28]);
    let cases = [
        (announcement(), "broadcast", "arp.in_pkts"),
        (reverse_request(), "broadcast", "rarp.in_pkts"),
        (tagged(10, announcement()), "broadcast", "arp.in_pkts"),
        (tagged(10, reverse_request()), "broadcast", "rarp.in_pkts"),
        (wrong(EtherType::ARP), "broadcast", "arp.in_errors"),
        (cut(27), "broadcast", "arp.in_errors"),
        (wrong(rarp::ETHER_TYPE), "broadcast", "rarp.in_errors"),
        (frame(all, rarp::ETHER_TYPE, &[0; 27]), "broadcast", "rarp.in_errors"),
        (frame(Mac([2, 0, 0, 0, 0, 1]), EtherType::ARP, &[9; 28]), "ucast", "arp.in_errors"),
        (to_group([224, 0, 0, 1]), "multicast", "ip.in_unknown_protos"),
        (to_group([239, 1, 2, 3]), "", "if.in_discards"),
        (tagged(10, to_group([239, 1, 2, 3])), "", "if.in_discards"),
        // Another group of the same address as one that is joined: the interface cannot tell.
        (to_group([224, 128, 0, 1]), "multicast", "ip.in_discards"),
        (frame(all, EtherType(0x1234), &[0; 20]), "", "if.in_unknown_protos"),
        (frame(OTHER, EtherType::IPV4, &[0; 20]), "", "if.in_discards"),
        (tagged(10, frame(OTHER, EtherType::IPV4, &[0; 20])), "", "if.in_discards"),
        (tagged(20, announcement()), "", "if.in_discards"),
        (tagged(10, tagged(10, announcement())), "", "if.in_errors"),
        (tagged(10, frame(all, EtherType(0x1234), &[0; 20])), "", "if.in_unknown_protos"),
    ];
    for (number, (frame, kind, home)) in cases.into_iter().enumerate() {
        let is_tagged = frame.to_vec()[12..14] == [0x81, 0];
        let host = after(frame);
        let counters = host.counters();
        let passed = |on: InterfaceId| {
            let counters = host.interface_counters(on);
            let kinds = [
                ("ucast", counters.in_ucast_pkts),
                ("multicast", counters.in_multicast_pkts),
                ("broadcast", counters.in_broadcast_pkts),
            ];
            kinds.iter().flat_map(|(name, count)| (0..*count).map(|_| *name)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(passed(WIRE), kind, "case {number}");
        assert_eq!(counters.get(home), Some(1), "case {number}: {home}");
        // What the interface of the VLAN passes on it has received.
        assert_eq!(passed(TEN), if is_tagged { kind } else { "" }, "case {number}: VLAN");
        let octets = host.interface_counters(TEN).in_octets;
        assert_eq!(octets > 0, is_tagged && !kind.is_empty(), "case {number}: {octets}");
        // RFC 4293 §3.2.3: what IP has counted as dropped, it has received.
        let ip = counters.ip;
        let ended = ip.in_hdr_errors
            + ip.in_no_routes
            + ip.in_addr_errors
            + ip.in_unknown_protos
            + ip.in_truncated_pkts
            + ip.in_discards
            + ip.in_delivers;
        assert!(ended <= ip.in_receives, "case {number}: {ip:?}");
        assert_eq!(ip.in_receives > 0, home.starts_with("ip."), "case {number}: {ip:?}");
    }
}

#[test]
fn what_asks_by_rarp_sends_no_ip() {
    // RFC 903 §III: RARP stands beside IP, as ARP does.
    let mut net = Net::new(2, |config| {
        if config.name == "host1" {
            config.interfaces[0].addresses.clear();
            config.interfaces[0].configure = Configure::Rarp(rarp::ClientConfig::default());
        } else {
            config.interfaces[0].rarp_table = vec![(Mac([2, 0, 0, 0, 0, 1]), [10, 0, 0, 1].into())];
        }
    });
    net.call(0, Host::start);
    net.run_until(Instant::from_secs(60));
    let [client, server] = [0, 1].map(|host| net.hosts[host].counters());
    assert_eq!((client.rarp.out_requests, server.rarp.out_replies), (1, 1));
    assert_eq!((client.ip.out_transmits, server.ip.out_transmits), (0, 0));
    assert_eq!((client.ip.out_requests, server.ip.out_requests), (0, 0));
    assert_eq!(
        (client.interface.in_ucast_pkts, server.interface.in_ucast_pkts),
        (1, 0),
        "asked by broadcast"
    );
    assert_eq!(server.interface.in_broadcast_pkts, server.rarp.in_pkts + server.arp.in_pkts);
}
