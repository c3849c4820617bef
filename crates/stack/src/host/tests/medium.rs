//! VLANs' interfaces (IEEE 802.1Q), lines without Ethernet, and frames that are too short or too long.

use bytes::Bytes;
use etherparse::EtherType;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::proptest;

use super::*;
use crate::frame::{Checksum, Medium, Meta};
use crate::interface::vlan::{self, Tag, VlanId};
use crate::interface::{Capabilities, ethernet};
use crate::rng::Rng;
use crate::trace::Place;

/// The interface of VLAN 10.
const TEN: InterfaceId = InterfaceId(1);
/// The interface of VLAN 20.
const TWENTY: InterfaceId = InterfaceId(2);

fn vid(number: u16) -> VlanId {
    VlanId::new(number).unwrap()
}

/// Gives a host interfaces in VLANs 10 and 20, with addresses `10.0.10.n` and `10.0.20.n`, over `eth0`.
fn with_vlans(config: &mut HostConfig) {
    let number = config.interfaces[0].mac.0[5];
    for vlan in [10, 20] {
        let address = format!("10.0.{vlan}.{number}/24").parse().unwrap();
        let mut interface = config.interfaces[0].vlan(WIRE, vid(vlan), vec![address]);
        interface.announce = false;
        config.interfaces.push(interface);
    }
}

/// Makes a host's interface one end of a line.
fn on_a_line(config: &mut HostConfig) {
    let addresses = config.interfaces[0].addresses.clone();
    let mut interface = InterfaceConfig::point_to_point("tun0", addresses);
    // There is nobody to announce anything to.
    interface.announce = true;
    config.interfaces[0] = interface;
}

/// A datagram from host 0 to `to`, as host 1 got it.
fn datagram(net: &mut Net, to: &str) -> Option<Vec<u8>> {
    let to = addr(to);
    let one = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap());
    net.call(0, |host, _| host.udp_set_broadcast(one, true)).unwrap();
    let any = SocketAddr::new([0, 0, 0, 0].into(), to.port());
    let other = net.call(1, |host, ctx| host.udp_bind(ctx, any).unwrap());
    net.call(0, |host, ctx| host.udp_send_to(ctx, one, b"datagram", to)).unwrap();
    net.run_for(Duration::from_secs(10));
    let mut buffer = [0; 100];
    let (length, _) = net.call(1, |host, ctx| host.udp_recv_from(ctx, other, &mut buffer)).ok()?;
    Some(buffer[..length].to_vec())
}

fn tag_of(frame: &Frame) -> Option<Tag> {
    vlan::take(&mut frame.clone()).unwrap()
}

fn dropped(net: &mut Net, frame: Frame) -> Vec<String> {
    net.lines();
    net.deliver(0, frame);
    net.lines()
}

/// A frame to host 0, which carries a datagram to its closed port 9, with tags outermost first.
fn to_first(host: &str, tags: &[u16]) -> Frame {
    let mut net = Net::new(2, |_| ());
    net.call(1, |own, ctx| {
        let socket = own.udp_bind(ctx, addr("0.0.0.0:5000")).unwrap();
        own.udp_send_to(ctx, socket, b"datagram", addr("10.0.0.1:9")).unwrap();
    });
    net.run();
    let (_, frame) = net.carried.iter().find(|(_, frame)| frame.meta.cause == Cause::UdpData).unwrap();
    let mut octets = frame.to_vec();
    // Its addresses are `host`'s network's instead; the header's checksum is told that.
    let [_, _, net, _] = host.parse::<core::net::Ipv4Addr>().unwrap().octets();
    (octets[14 + 14], octets[14 + 18]) = (net, net);
    octets[24..26].fill(0);
    let sum = crate::checksum::Sum::new().with(&octets[14..34]).finish();
    octets[24..26].copy_from_slice(&sum.to_be_bytes());
    octets[40..42].fill(0);
    let mut frame = Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call));
    frame.pull_up(ethernet::HEADER).unwrap();
    for tag in tags.iter().rev() {
        vlan::put(&mut frame, Tag { vlan: VlanId::new(*tag), ..Tag::default() });
    }
    frame
}

#[test]
fn a_vlan_has_its_own_addresses_and_neighbours_and_tags_everything() {
    // IEEE 802.1Q §6.9: all frames of a VLAN carry its tag, those of ARP too.
    let mut net = Net::new(3, with_vlans);
    assert_eq!(datagram(&mut net, "10.0.10.2:7").as_deref(), Some(&b"datagram"[..]));
    assert!(net.carried.len() >= 3, "a request, an answer, a datagram");
    for (_, frame) in &net.carried {
        assert_eq!(tag_of(frame), Some(Tag::of(vid(10))), "{:?}", frame.meta.cause);
    }
    let known = |interface| net.hosts[0].interface(interface).unwrap().neighbors.len();
    assert_eq!([WIRE, TEN, TWENTY].map(known), [0, 1, 0]);
    net.carried.clear();
    assert!(datagram(&mut net, "10.0.20.3:9").is_none(), "host 2 has the address, and host 1 hears nothing");
    assert!(net.carried.iter().all(|(_, frame)| tag_of(frame) == Some(Tag::of(vid(20)))));
    net.carried.clear();
    assert!(datagram(&mut net, "10.0.0.2:8").is_some());
    assert!(net.carried.iter().all(|(_, frame)| tag_of(frame).is_none()), "the parent's frames are untagged");
}

#[test]
fn each_tag_finds_its_interface_or_is_dropped_for_a_reason() {
    // IEEE 802.1Q §6.9.1, §9.6 Table 9-2
    let port = DropReason::UdpNoPort;
    let cases: [(&str, &[u16], DropReason); 9] = [
        ("10.0.0.1", &[], port),
        // A priority tag counts as none.
        ("10.0.0.1", &[0], port),
        ("10.0.10.1", &[10], port),
        ("10.0.20.1", &[20], port),
        ("10.0.20.1", &[30], DropReason::VlanUnknown),
        ("10.0.10.1", &[10, 10], DropReason::VlanNested),
        ("10.0.0.1", &[0, 10], DropReason::VlanNested),
        // In another VLAN the address is somebody else's affair: this host has it, and answers as a weak one would.
        ("10.0.10.1", &[10, 0], DropReason::VlanNested),
        ("10.0.20.1", &[20, 20], DropReason::VlanNested),
    ];
    for (host, tags, reason) in cases {
        let mut net = Net::new(1, with_vlans);
        let place = if reason == port { Place::Transport } else { Place::Interface };
        let line = format!("dropped {reason} at {place}");
        let lines = dropped(&mut net, to_first(host, tags));
        assert!(lines.contains(&line), "{host} {tags:?}: {lines:?}");
        // Taken out by the link, it counts alike.
        if let [tag, ref rest @ ..] = *tags {
            let mut net = Net::new(1, with_vlans);
            let mut frame = to_first(host, rest);
            frame.meta.vlan = Some(tag);
            let lines = dropped(&mut net, frame);
            assert!(lines.contains(&line), "{host} {tags:?} beside the octets: {lines:?}");
        }
    }
    let mut net = Net::new(1, with_vlans);
    let mut frame = to_first("10.0.10.1", &[10]);
    frame.head_mut()[14..16].copy_from_slice(&[0x0f, 0xff]);
    assert_eq!(dropped(&mut net, frame), ["dropped vlan-malformed at interface"]);
    let whole = to_first("10.0.10.1", &[10]).to_vec();
    for length in 14..18 {
        let frame = Frame::from_wire(whole[..length].to_vec().into(), Meta::new(Cause::Raw, Trigger::Call));
        assert_eq!(dropped(&mut net, frame), ["dropped vlan-malformed at interface"], "{length} octets");
    }
    let mut provider = to_first("10.0.0.1", &[]);
    provider.head_mut()[12..14].copy_from_slice(&EtherType::PROVIDER_BRIDGING.0.to_be_bytes());
    assert_eq!(dropped(&mut net, provider), ["dropped unknown-ethertype at interface"]);
}

#[test]
fn a_vlan_may_have_a_hardware_address_of_its_own() {
    let own = |config: &mut HostConfig| {
        with_vlans(config);
        config.interfaces[1].mac.0[0] = 6;
    };
    let mut net = Net::new(2, own);
    assert!(datagram(&mut net, "10.0.10.2:7").is_some());
    let last = net.carried.last().unwrap().1.to_vec();
    assert_eq!((last[0], last[6]), (6, 6));
    // Its parent's address is not its own.
    let mut net = Net::new(1, own);
    assert_eq!(dropped(&mut net, to_first("10.0.10.1", &[10])), ["dropped not-for-us at interface"]);
}

#[test]
fn what_is_over_an_interface_goes_down_and_up_with_it() {
    let mut net = Net::new(2, with_vlans);
    let up = |net: &Net, id| net.hosts[0].interface(id).unwrap().is_up();
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, false));
    assert_eq!([WIRE, TEN, TWENTY].map(|id| up(&net, id)), [false; 3]);
    let sent = net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_send_to(ctx, socket, b"datagram", addr("10.0.10.2:7"))
    });
    assert!(sent.is_err(), "no way leads by an interface that is down");
    assert_eq!(dropped(&mut net, to_first("10.0.10.1", &[10])), ["dropped interface-down at interface"]);
    net.call(0, |host, ctx| host.set_interface_up(ctx, TEN, false));
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, true));
    assert_eq!([WIRE, TEN, TWENTY].map(|id| up(&net, id)), [true, false, true]);
    assert_eq!(dropped(&mut net, to_first("10.0.10.1", &[10])), ["dropped interface-down at interface"]);
    net.call(0, |host, ctx| host.set_interface_up(ctx, TEN, true));
    assert!(datagram(&mut net, "10.0.10.2:7").is_some());
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let build = |change: &dyn Fn(&mut HostConfig)| {
        let mut host = config(1);
        with_vlans(&mut host);
        change(&mut host);
        Host::new(host, &mut Rng::stream(1, "host", "stack")).map(|_| ()).unwrap_err().to_string()
    };
    let over = |parent| Some(crate::interface::VlanConfig { parent: InterfaceId(parent), id: vid(10) });
    assert_eq!(build(&|host| host.interfaces[2].vlan = over(7)), "there is no interface 7");
    let said = |change: &dyn Fn(&mut HostConfig)| build(change).split_once(": ").unwrap().1.to_owned();
    assert_eq!(said(&|host| host.interfaces[2].vlan = over(0)), "that VLAN has an interface already");
    let nested = "it would be over a VLAN's interface: a frame has one tag";
    assert_eq!(said(&|host| host.interfaces[2].vlan = over(1)), nested);
    let above = "its MTU is above that of the interface that it is over";
    assert_eq!(said(&|host| host.interfaces[2].capabilities.mtu = 1501), above);
    let line = "a line without Ethernet has no tags";
    assert_eq!(said(&|host| host.interfaces[0].medium = Medium::PointToPoint), line);
}

#[test]
fn a_line_carries_packets_and_nothing_else() {
    let mut net = Net::new(2, on_a_line);
    net.call(0, Host::start);
    assert!(datagram(&mut net, "10.0.0.2:7").is_some());
    assert_eq!(net.carried.len(), 1, "nothing is announced, and nobody is asked");
    let frame = &net.carried[0].1;
    assert_eq!((frame.to_vec()[0], frame.meta.medium), (0x45, Medium::PointToPoint));
    assert_eq!(frame.len(), 20 + 8 + 8);
    assert!(net.hosts[0].interface(WIRE).unwrap().neighbors.is_empty());
    assert_eq!(net.hosts[0].poll_timeout(), None);
    // Beyond the line everything is at its other end.
    assert!(datagram(&mut net, "10.0.0.255:8").is_some(), "a broadcast too");
}

#[test]
fn what_is_no_packet_ends_at_the_line() {
    let mut net = Net::new(1, on_a_line);
    let raw = |octets: Vec<u8>| Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call));
    assert_eq!(dropped(&mut net, raw(vec![])), ["dropped runt at interface"]);
    assert_eq!(dropped(&mut net, raw(vec![0x60; 40])), ["dropped unknown-ethertype at interface"]);
    assert_eq!(dropped(&mut net, raw(vec![0x45; 1501])), ["dropped giant at interface"]);
    assert_eq!(dropped(&mut net, raw(vec![0x45; 10])), ["dropped truncated at network"]);
}

#[test]
fn a_router_sends_on_between_a_line_and_ethernet() {
    let router = |config: &mut HostConfig| {
        on_a_line(config);
        config.profile.network.forwarding = true;
        let addresses = vec!["10.9.0.1/24".parse().unwrap()];
        let mut ethernet = InterfaceConfig::new("eth0", Mac([2, 0, 0, 0, 9, 1]), addresses);
        ethernet.announce = false;
        ethernet.neighbors = vec![([10, 9, 0, 2].into(), Mac([2, 0, 0, 0, 9, 2]))];
        config.interfaces.push(ethernet);
    };
    let mut net = Net::new(1, router);
    let mut packet = to_first("10.0.0.1", &[]).to_vec().split_off(14);
    packet[16..20].copy_from_slice(&[10, 9, 0, 2]);
    packet[10..12].fill(0);
    let sum = crate::checksum::Sum::new().with(&packet[..20]).finish();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = Frame::from_wire(packet.into(), Meta::new(Cause::Raw, Trigger::Call));
    frame.meta.medium = Medium::PointToPoint;
    net.deliver(0, frame);
    let (by, sent) = net.call(0, Host::poll_transmit).expect("it is sent on");
    assert_eq!((by, sent.meta.medium), (InterfaceId(1), Medium::Ethernet));
    assert_eq!(
        sent.to_vec()[..14],
        ethernet::header(Mac([2, 0, 0, 0, 9, 2]), Mac([2, 0, 0, 0, 9, 1]), EtherType::IPV4)
    );
}

#[test]
fn a_checksum_that_the_link_completes_is_where_the_octets_are() {
    let offload = Capabilities { transmit_checksum: true, receive_checksum: true, ..Capabilities::default() };
    for (change, to, network) in [
        (with_vlans as fn(&mut HostConfig), "10.0.10.2:7", 18),
        (on_a_line, "10.0.0.2:7", 0),
        (|_| (), "10.0.0.2:7", 14),
    ] {
        let mut net = Net::new(2, |config| {
            change(config);
            config.interfaces.iter_mut().for_each(|interface| interface.capabilities = offload);
        });
        assert!(datagram(&mut net, to).is_some());
        let checksum = net.carried.last().unwrap().1.meta.checksum;
        assert_eq!(checksum, Checksum::Partial { start: network + 20, offset: 6 }, "{to}");
    }
}

#[test]
fn runts_and_giants_are_dropped_and_counted() {
    // IEEE 802.3 §3.2.7: 1500 octets of data; §4.2.4.2.2: what is shorter than a header is what a collision left.
    let mut net = Net::new(1, |_| ());
    let sized = |length: usize| {
        let mut octets = to_first("10.0.0.1", &[]).to_vec();
        octets.resize(length, 0);
        Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call))
    };
    for length in [0, 13] {
        assert_eq!(dropped(&mut net, sized(length)), ["dropped runt at interface"], "{length} octets");
    }
    assert_eq!(dropped(&mut net, sized(1515)), ["dropped giant at interface"]);
    for length in [60, 1514] {
        let lines = dropped(&mut net, sized(length));
        assert_eq!(lines, ["dropped udp-no-port at transport"], "{length} octets, padded");
    }
    let reason = |reason| net.hosts[0].dropped(reason);
    assert_eq!([DropReason::Runt, DropReason::Giant].map(reason), [2, 1]);
    assert_eq!(net.hosts[0].counters().interface.in_errors, 3);
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(
        octets in vec(any::<u8>(), 0..120),
        tagged: bool,
        beside: Option<u16>,
        line: bool,
    ) {
        let mut net = Net::new(1, if line { on_a_line } else { with_vlans });
        let mut octets = octets;
        if tagged && octets.len() >= 18 {
            octets[..6].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
            octets[12..15].copy_from_slice(&[0x81, 0, 0]);
        }
        let mut frame = Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call));
        frame.meta.vlan = beside;
        net.deliver(0, frame);
        net.run_for(Duration::from_secs(5));
    }
}
