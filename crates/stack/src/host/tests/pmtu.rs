use etherparse::EtherType;

use super::*;
use crate::frame::{FrameId, Meta};
use crate::interface::ethernet;
use crate::network::icmp::{self, Error, Unreachable};
use crate::network::ipv4;
use crate::network::sending::MtuDiscovery;
use crate::trace::Trigger;
use crate::transport::{SocketError, SocketId};

const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THEM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// The router's message.
const MESSAGE: FrameId = FrameId { origin: NodeId(9), counter: 77 };

/// Host 1 is told, by a router, that the packet in `frame` (its link header in front) is too big for `mtu`.
fn too_big(net: &mut Net, mut frame: Frame, mtu: u16) {
    let meta = Meta::new(Cause::DestinationUnreachable, Trigger::Timer);
    frame.pull_up(ethernet::HEADER).unwrap();
    frame.strip_front(ethernet::HEADER);
    let error = Error::Unreachable(Unreachable::FragmentationNeeded(mtu));
    let mut message = icmp::error(error, &frame, 576, meta);
    let header = ipv4::Header {
        source: Ipv4Addr::new(10, 0, 0, 99),
        destination: US,
        protocol: etherparse::IpNumber::ICMP,
        ttl: 64,
        tos: 0,
        identification: None,
    };
    ipv4::push(&mut message, &header);
    let (to, from) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 9]));
    ethernet::push(&mut message, &ethernet::header(to, from, EtherType::IPV4));
    message.meta.id = MESSAGE;
    net.deliver(0, message);
}

/// The last frame that host 1 sent for `cause`.
fn last(net: &Net, cause: Cause) -> Frame {
    let mut sent = net.carried.iter().rev();
    sent.find(|(sender, frame)| *sender == 0 && frame.meta.cause == cause).unwrap().1.clone()
}

fn known(net: &Net) -> Option<u16> {
    net.hosts[0].path_mtus.get(THEM).map(|path| path.mtu)
}

fn udp(net: &mut Net) -> SocketId {
    let client = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:5000"))).unwrap();
    net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7"))).unwrap();
    net.call(0, |host, ctx| host.udp_connect(ctx, client, addr("10.0.0.2:7"))).unwrap();
    client
}

fn send(net: &mut Net, id: SocketId, length: usize) -> Result<usize, SocketError> {
    let sent = net.call(0, |host, ctx| host.udp_send(ctx, id, &vec![0; length]));
    net.run();
    sent
}

#[test]
fn a_datagram_that_was_too_big_makes_the_next_smaller() {
    // RFC 1191 §3, §6; RFC 1122 §4.1.3.3
    let mut net = Net::new(2, |_| ());
    let socket = udp(&mut net);
    assert_eq!(send(&mut net, socket, 1472), Ok(1472));
    let frame = last(&net, Cause::UdpData);
    too_big(&mut net, frame, 1000);
    assert_eq!((known(&net), net.hosts[0].path_mtu(socket)), (Some(1000), Ok(1000)));
    assert_eq!(send(&mut net, socket, 1472), Err(SocketError::MessageTooLong), "its owner is told, once");
    net.carried.clear();
    assert_eq!(send(&mut net, socket, 1472), Ok(1472));
    let lengths: Vec<usize> = net.carried.iter().map(|(_, frame)| frame.len() - ethernet::HEADER).collect();
    assert_eq!(lengths, [996, 524], "cut to the path's MTU, not the link's");
    net.hosts[0].set_mtu_discovery(socket, MtuDiscovery::Do).unwrap();
    assert_eq!(send(&mut net, socket, 973), Err(SocketError::MessageTooLong));
    assert_eq!(send(&mut net, socket, 972), Ok(972));
    // RFC 1191 §6.3: ten minutes later a larger one is tried again.
    net.run_for(Duration::from_secs(600));
    assert_eq!(known(&net), None);
    assert_eq!(send(&mut net, socket, 1472), Ok(1472));
}

#[test]
fn what_no_router_would_say_is_not_believed() {
    // RFC 1191 §3; RFC 5927 §4, §7.2
    let mut net = Net::new(2, |_| ());
    let socket = udp(&mut net);
    send(&mut net, socket, 1000).unwrap();
    let frame = last(&net, Cause::UdpData);
    for mtu in [67, 1, 1028, 1500, 65_535] {
        too_big(&mut net, frame.clone(), mtu);
        assert_eq!(known(&net), None, "{mtu}");
    }
    let forge = |change: &dyn Fn(&mut [u8])| {
        let mut octets = frame.to_vec();
        change(&mut octets);
        ipv4::seal(&mut octets[14..34]);
        Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Timer))
    };
    let forged = [
        ("a flow that there is not", forge(&|octets| octets[35] ^= 1)),
        ("it was free to be cut", forge(&|octets| octets[20] = 0)),
        ("longer than this host's link takes", forge(&|octets| octets[16..18].copy_from_slice(&[8, 0]))),
        ("another's packet", forge(&|octets| octets[29] = 77)),
    ];
    for (why, frame) in forged {
        too_big(&mut net, frame, 576);
        assert_eq!(known(&net), None, "{why}");
    }
    too_big(&mut net, forge(&|_| ()), 576);
    assert_eq!(known(&net), Some(576));
    assert_eq!(send(&mut net, socket, 1), Err(SocketError::MessageTooLong));
    assert_eq!(send(&mut net, socket, 1), Ok(1), "the forged ones left no error");
}

/// Two connections from host 1 to host 2, each with `octets` written, and nothing of them acknowledged yet.
fn connections(net: &mut Net, octets: usize) -> [SocketId; 2] {
    net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:80"), 5)).unwrap();
    let ids = [0; 2].map(|_| {
        let id = net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:80"))).unwrap();
        net.run();
        id
    });
    net.lost = |sender, _| sender == 0;
    for id in ids {
        net.call(0, |host, ctx| host.tcp_send(ctx, id, &vec![7; octets])).unwrap();
    }
    net.run();
    ids
}

fn longest(net: &Net) -> usize {
    net.carried.iter().map(|(_, frame)| frame.len() - ethernet::HEADER).max().unwrap_or(0)
}

#[test]
fn every_connection_along_the_path_sends_smaller_segments_at_once() {
    // RFC 1191 §5.1, §6.5
    let mut net = Net::new(2, |_| ());
    connections(&mut net, 4000);
    assert_eq!(longest(&net), 1500);
    let frame = last(&net, Cause::NewData);
    net.carried.clear();
    net.lost = |_, _| false;
    too_big(&mut net, frame, 900);
    net.run();
    assert_eq!((known(&net), longest(&net)), (Some(900), 900));
    let again = net.carried.iter().filter(|(_, frame)| frame.meta.cause == Cause::RetransmitPmtu);
    let mut triggers = std::collections::BTreeMap::new();
    for (_, frame) in again {
        triggers.entry(frame.to_vec()[34..36].to_vec()).or_insert(frame.meta.trigger);
    }
    // Each connection's first; the others follow the acknowledgements.
    assert_eq!(triggers.into_values().collect::<Vec<_>>(), [Trigger::Frame(MESSAGE); 2], "both of them");
}

#[test]
fn a_new_connection_along_the_path_knows_and_offers_what_its_link_takes() {
    // RFC 1191 §3.1: the MSS option is about what this host can receive.
    let mut net = Net::new(2, |_| ());
    let [first, _] = connections(&mut net, 4000);
    let frame = last(&net, Cause::NewData);
    net.lost = |_, _| false;
    too_big(&mut net, frame, 900);
    net.run_for(Duration::from_secs(30));
    net.carried.clear();
    let id = net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:80"))).unwrap();
    net.run();
    let syn = last(&net, Cause::Syn).to_vec();
    let options = &syn[54..];
    assert_eq!(options[..4], [2, 4, 5, 180], "1460");
    net.carried.clear();
    net.call(0, |host, ctx| host.tcp_send(ctx, id, &[7; 4000])).unwrap();
    net.run();
    assert_eq!(longest(&net), 900);
    // It ages: the link's MTU is tried again, on old connections too.
    net.run_for(Duration::from_secs(600));
    net.carried.clear();
    net.call(0, |host, ctx| host.tcp_send(ctx, first, &[7; 4000])).unwrap();
    net.run();
    assert_eq!(longest(&net), 1500);
}

#[test]
fn a_segment_that_is_not_in_flight_proves_nothing() {
    // RFC 5927 §4.1
    let mut net = Net::new(2, |_| ());
    connections(&mut net, 4000);
    let frame = last(&net, Cause::NewData);
    net.carried.clear();
    net.lost = |_, _| false;
    net.run_for(Duration::from_secs(30));
    too_big(&mut net, frame, 900);
    assert_eq!(known(&net), None, "it has been acknowledged");
}

#[test]
fn below_what_is_believed_packets_are_free_to_be_cut() {
    let mut net = Net::new(2, |config| config.profile.network.min_path_mtu = 552);
    connections(&mut net, 4000);
    let frame = last(&net, Cause::NewData);
    net.carried.clear();
    net.lost = |_, _| false;
    too_big(&mut net, frame, 300);
    net.run();
    assert_eq!(longest(&net), 552);
    let sent = last(&net, Cause::RetransmitPmtu).to_vec();
    assert_eq!(sent[20] & 0x40, 0, "routers may cut it");
}

/// A datagram that was sent, with some octets of its IP packet changed.
fn forged(frame: &Frame, change: impl FnOnce(&mut [u8])) -> Frame {
    let mut octets = frame.to_vec();
    change(&mut octets[ethernet::HEADER..]);
    ipv4::seal(&mut octets[14..34]);
    Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Timer))
}

#[test]
fn of_datagrams_only_what_was_sent_is_believed_to_have_been_too_big() {
    // RFC 5927 §4, §7.2
    let mut net = Net::new(2, |config| config.profile.udp.errors_without_peer = false);
    let socket = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:5000"))).unwrap();
    net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7"))).unwrap();
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, &[0; 1000], addr("10.0.0.2:7"))).unwrap();
    net.run();
    let frame = last(&net, Cause::UdpData);
    for (why, forged) in [
        ("to whom nothing was sent", forged(&frame, |packet| packet[19] = 9)),
        ("to a port that nothing was sent to", forged(&frame, |packet| packet[23] = 9)),
        ("longer than anything sent", forged(&frame, |packet| packet[2..4].copy_from_slice(&[5, 0]))),
    ] {
        too_big(&mut net, forged, 600);
        assert_eq!(net.hosts[0].path_mtus.len(), 0, "{why}");
    }
    too_big(&mut net, frame, 600);
    assert_eq!(known(&net), Some(600));
}

#[test]
fn of_echo_requests_only_those_that_were_sent_are_believed_to_have_been_too_big() {
    // RFC 5927 §4, §7.2
    let mut net = Net::new(2, |_| ());
    let socket = net.call(0, Host::icmp_open).unwrap();
    net.call(0, |host, ctx| host.icmp_send_echo(ctx, socket, THEM.into(), 7, &[0; 1000], None)).unwrap();
    net.run();
    let frame = last(&net, Cause::EchoRequest);
    for (why, forged) in [
        ("to whom nothing was sent", forged(&frame, |packet| packet[19] = 9)),
        ("a request that was not sent", forged(&frame, |packet| packet[27] = 8)),
        ("longer than it was", forged(&frame, |packet| packet[2..4].copy_from_slice(&[5, 0]))),
    ] {
        too_big(&mut net, forged, 600);
        assert_eq!(net.hosts[0].path_mtus.len(), 0, "{why}");
    }
    too_big(&mut net, frame, 600);
    assert_eq!(known(&net), Some(600));
}

#[test]
fn a_flood_of_too_bigs_stays_within_bounds() {
    let mut net = Net::new(2, |config| {
        config.profile.network.max_path_mtus = 8;
        config.profile.udp.errors_without_peer = false;
        config.routes.push(RouteConfig::via("192.0.2.0/24".parse().unwrap(), THEM.into()));
    });
    let socket = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:5000"))).unwrap();
    net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7"))).unwrap();
    let to = |net: &mut Net, remote: &str| {
        net.call(0, |host, ctx| host.udp_send_to(ctx, socket, &[0; 1000], addr(remote))).unwrap();
        net.run();
    };
    to(&mut net, "10.0.0.2:7");
    let about = last(&net, Cause::UdpData);
    for number in 3..=250 {
        // One about a datagram that was sent, and a forged one.
        to(&mut net, &format!("192.0.2.{number}:7"));
        let sent = last(&net, Cause::UdpData);
        too_big(&mut net, sent, 500);
        too_big(&mut net, forged(&about, |packet| packet[19] = number), 500);
        assert!(net.hosts[0].path_mtus.len() <= 8);
    }
    assert_eq!(net.hosts[0].path_mtus.len(), 8);
    assert!((3..=250).all(|last| net.hosts[0].path_mtus.get(Ipv4Addr::new(10, 0, 0, last)).is_none()));
    net.carried.clear();
    to(&mut net, "10.0.0.2:7");
    assert_eq!(longest(&net), 1028, "whom nobody spoke of is spoken to as before");
}
