//! What a host says of others' packets, and when it says nothing; and what it believes of what is said of its own.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{EtherType, IpNumber, Ipv4Header, Ipv4Options};

use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::network::icmp::{self, Echo, Error, Message, TimeExceeded, TimeOfDay, Unreachable};
use crate::network::{RateLimit, ipv4};
use crate::transport::echo::EchoEvent;
use crate::transport::udp::DatagramError;
use crate::transport::{Report, SocketError, SocketId, Trouble};

const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THEM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const OUR_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THEIR_MAC: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

/// One host that knows host 2.
fn alone(change: impl Fn(&mut HostConfig)) -> Net {
    Net::new(1, |config| {
        config.interfaces[0].neighbors = vec![(THEM.into(), THEIR_MAC)];
        change(config);
    })
}

/// A packet that this host has something to say of, as its header and what it carries.
struct Packet {
    mac: Mac,
    header: Ipv4Header,
    payload: Vec<u8>,
}

impl Packet {
    fn new(protocol: IpNumber, payload: Vec<u8>) -> Self {
        let (source, destination) = (THEM.octets(), US.octets());
        let header = Ipv4Header { time_to_live: 9, protocol, source, destination, ..Ipv4Header::default() };
        Self { mac: OUR_MAC, header, payload }
    }

    /// Of a protocol that nobody here speaks.
    fn unknown() -> Self {
        Self::new(IpNumber(99), vec![7; 600])
    }

    /// An ICMP message of `kind`, in a packet whose options do not parse.
    fn icmp(kind: u8) -> Self {
        let mut packet = Self::new(IpNumber::ICMP, vec![kind, 0, 0, 0, 0, 1, 0, 1]);
        packet.header.options = Ipv4Options::try_from(&[7, 1, 0, 0][..]).unwrap();
        packet
    }

    fn frame(mut self) -> Frame {
        self.header.set_payload_len(self.payload.len()).unwrap();
        self.header.header_checksum = self.header.calc_header_checksum();
        let link = ethernet::header(self.mac, THEIR_MAC, EtherType::IPV4);
        let octets = [&link[..], &self.header.to_bytes(), &self.payload].concat();
        Frame::from_wire(Bytes::from(octets), meta())
    }
}

/// ICMP errors that this host sends about a packet.
fn errors_about(change: impl Fn(&mut HostConfig), packet: Packet) -> Vec<Vec<u8>> {
    let mut net = alone(change);
    net.deliver(0, packet.frame());
    net.run();
    net.carried.iter().map(|(_, frame)| frame.to_vec()).collect()
}

#[test]
fn each_rule_of_silence_holds_for_whole_packets() {
    // RFC 1122 §3.2.2, RFC 1812 §4.3.2.7
    let said = |change: &dyn Fn(&mut Packet)| {
        let mut packet = Packet::unknown();
        change(&mut packet);
        !errors_about(|_| (), packet).is_empty()
    };
    assert!(said(&|_| ()));
    assert!(!said(&|packet| packet.mac = Mac::BROADCAST), "broadcast by the link");
    for destination in [[10, 0, 0, 255], [255; 4], [224, 0, 0, 1]] {
        assert!(!said(&|packet| packet.header.destination = destination), "to {destination:?}");
    }
    for source in [[0; 4], [127, 0, 0, 1], [10, 0, 0, 255], [224, 0, 0, 1], [240, 0, 0, 1], [255; 4]] {
        assert!(!said(&|packet| packet.header.source = source), "from {source:?}");
    }
    assert!(!said(&|packet| packet.header.fragment_offset = 8.try_into().unwrap()), "a later fragment");
}

#[test]
fn of_icmp_queries_something_may_be_said_of_errors_nothing() {
    // RFC 1122 §3.2.2: an echo request whose options do not parse is no error message.
    for kind in 0..=255 {
        let said = !errors_about(|_| (), Packet::icmp(kind)).is_empty();
        assert_eq!(said, matches!(kind, 0 | 8 | 9 | 10 | 13..=18), "type {kind}");
    }
}

#[test]
fn a_host_may_keep_its_errors_to_itself() {
    let silent = |config: &mut HostConfig| config.profile.network.send_icmp_errors = false;
    assert!(errors_about(silent, Packet::unknown()).is_empty());
}

#[test]
fn errors_go_at_precedence_six_with_the_type_of_service() {
    // RFC 1812 §4.3.2.5; ECN is not carried over.
    let tos = |change: fn(&mut HostConfig), dscp: u8, ecn: u8| {
        let mut packet = Packet::unknown();
        packet.header.dscp = dscp.try_into().unwrap();
        packet.header.ecn = ecn.try_into().unwrap();
        errors_about(change, packet)[0][15]
    };
    assert_eq!(tos(|_| (), 0, 0), 0xc0);
    assert_eq!(tos(|_| (), 0b10_0100, 0b11), 0xd0);
    let freebsd = |config: &mut HostConfig| config.profile.network = network::Knobs::freebsd();
    assert_eq!(tos(freebsd, 0b10_0100, 0b11), 0, "RFC 1122 §3.2.2");
}

#[test]
fn errors_quote_as_much_as_the_knob_says() {
    // RFC 1812 §4.3.2.3; net.inet.icmp.quotelen
    assert_eq!(errors_about(|_| (), Packet::unknown())[0].len(), 14 + 576);
    let freebsd = |config: &mut HostConfig| config.profile.network = network::Knobs::freebsd();
    assert_eq!(errors_about(freebsd, Packet::unknown())[0].len(), 14 + 20 + 8 + 28);
}

#[test]
fn one_peer_s_flood_leaves_the_others_their_share() {
    // RFC 1812 §4.3.2.8
    let mut net = alone(|config| {
        config.profile.network.icmp_errors_per_peer = Some(RateLimit { per_second: 1, burst: 6 });
        config.profile.network.max_icmp_peers = 16;
        config.interfaces[0].neighbors.push(([10, 0, 0, 3].into(), Mac([2, 0, 0, 0, 0, 3])));
    });
    for _ in 0..1000 {
        net.deliver(0, Packet::unknown().frame());
    }
    net.run();
    assert_eq!(net.carried.len(), 6);
    let mut other = Packet::unknown();
    other.header.source = [10, 0, 0, 3];
    net.deliver(0, other.frame());
    net.run();
    assert_eq!(net.carried.len(), 7);
    assert_eq!(net.hosts[0].counters().icmp.out_rate_limited, 994);
}

#[test]
fn a_time_stamp_is_answered_with_the_time_of_day() {
    // RFC 792 §Timestamp, RFC 1122 §3.2.2.8
    let mut net = Net::new(2, |_| ());
    net.now = Instant::from_secs(86_400 + 3_600);
    let socket = net.call(0, |host, ctx| {
        let socket = host.icmp_open(ctx).unwrap();
        host.icmp_send_timestamp(ctx, socket, THEM.into(), 4, None).unwrap();
        socket
    });
    net.run();
    let event = net.call(0, |host, ctx| host.icmp_recv(ctx, socket)).unwrap();
    let EchoEvent::Times { from, sequence, times, .. } = event else { panic!("{event:?}") };
    let hour = TimeOfDay(3_600_000);
    assert_eq!((from, sequence), (THEM.into(), 4));
    assert_eq!((times.originate, times.receive, times.transmit), (hour, hour, hour));
    let asked = |change: fn(&mut HostConfig), mac, to| {
        let request = icmp::timestamp_request(Echo { identifier: 1, sequence: 1 }, Instant::ZERO, meta());
        let mut packet = Packet::new(IpNumber::ICMP, request.to_vec());
        (packet.mac, packet.header.destination) = (mac, to);
        errors_about(change, packet).len()
    };
    assert_eq!(asked(|_| (), OUR_MAC, US.octets()), 1);
    assert_eq!(asked(|_| (), Mac::BROADCAST, [255; 4]), 0);
    let everywhere = |config: &mut HostConfig| config.profile.network.answer_broadcast_echo = true;
    assert_eq!(asked(everywhere, Mac::BROADCAST, [255; 4]), 1);
    let never = |config: &mut HostConfig| config.profile.network.answer_timestamp = false;
    assert_eq!(asked(never, OUR_MAC, US.octets()), 0);
}

#[test]
fn replies_go_with_the_type_of_service_of_their_request() {
    // RFC 1349 §5.1
    let request = icmp::echo_request(Echo { identifier: 1, sequence: 1 }, Bytes::new(), meta());
    let mut packet = Packet::new(IpNumber::ICMP, request.to_vec());
    packet.header.dscp = 0b10_1110.try_into().unwrap();
    packet.header.ecn = 1.try_into().unwrap();
    assert_eq!(errors_about(|_| (), packet)[0][15], 0b1011_1000);
}

#[test]
fn deprecated_and_unknown_messages_are_dropped_without_a_word() {
    // RFC 6633 §3, RFC 6918 §2, RFC 1122 §3.2.2
    for (kind, reason) in
        [(4, "icmp-deprecated"), (15, "icmp-deprecated"), (17, "icmp-deprecated"), (99, "icmp-unknown")]
    {
        let mut net = alone(|_| ());
        let mut octets = vec![kind, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0];
        let sum = crate::checksum::Sum::new().with(&octets).finish();
        octets[2..4].copy_from_slice(&sum.to_be_bytes());
        net.deliver(0, Packet::new(IpNumber::ICMP, octets).frame());
        net.run();
        assert_eq!(net.lines(), [format!("dropped {reason} at network")], "type {kind}");
    }
}

/// A host with a UDP socket, connected or not, that has sent a datagram to host 2.
fn sender(connected: bool, queue: bool, change: impl Fn(&mut HostConfig)) -> (Net, SocketId) {
    let mut net = alone(change);
    let socket = net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("10.0.0.1:5000")).unwrap();
        host.udp_queue_errors(socket, queue).unwrap();
        if connected {
            host.udp_connect(ctx, socket, addr("10.0.0.2:7")).unwrap();
        }
        host.udp_send_to(ctx, socket, b"datagram", addr("10.0.0.2:7")).unwrap();
        socket
    });
    net.run();
    (net, socket)
}

/// A router says `error` of the last datagram, of which `change` has changed what is quoted.
fn tell(net: &mut Net, error: Error, change: impl FnOnce(&mut Vec<u8>)) {
    let mut quoted = net.carried.last().unwrap().1.to_vec().split_off(14);
    change(&mut quoted);
    let message = icmp::error(error, &Frame::from_wire(Bytes::from(quoted), meta()), 576, meta());
    net.deliver(0, Packet::new(IpNumber::ICMP, message.to_vec()).frame());
}

#[test]
fn errors_reach_sockets_with_and_without_a_peer_as_the_knobs_say() {
    // RFC 1122 §4.1.3.3; Linux tells sockets with a peer, of what does not pass by itself.
    let (port, host) = (Unreachable::Port, Unreachable::Host);
    let linux = |config: &mut HostConfig| config.profile = crate::profile::Profile::linux();
    let heard = |connected, error, is_linux: bool| {
        let (mut net, socket) = sender(connected, false, |config| {
            if is_linux {
                linux(config);
            }
        });
        tell(&mut net, Error::Unreachable(error), |_| ());
        net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket)).unwrap_err()
    };
    let (refused, unreachable, nothing) =
        (SocketError::ConnectionRefused, SocketError::HostUnreachable, SocketError::WouldBlock);
    assert_eq!((heard(true, port, false), heard(false, port, false)), (refused, refused));
    assert_eq!((heard(true, host, false), heard(false, host, false)), (unreachable, unreachable));
    assert_eq!((heard(true, port, true), heard(false, port, true)), (refused, nothing));
    assert_eq!((heard(true, host, true), heard(false, host, true)), (nothing, nothing));
}

#[test]
fn queued_errors_say_who_reports_what_of_which_datagram() {
    // Linux: IP_RECVERR
    for connected in [false, true] {
        let (mut net, socket) = sender(connected, true, |_| ());
        let none = net.call(0, |host, ctx| host.udp_recv_error(ctx, socket));
        assert_eq!(none, Err(SocketError::WouldBlock));
        tell(&mut net, Error::TimeExceeded(TimeExceeded::Transit), |_| ());
        assert_eq!(net.wakes(0).len(), 1);
        net.call(0, |host, ctx| {
            let report = Report { from: THEM.into(), trouble: Trouble::TimeExceeded, icmp: Some((11, 0)) };
            let expected = DatagramError {
                destination: addr("10.0.0.2:7"),
                report,
                data: Bytes::from_static(b"datagram"),
            };
            assert_eq!(host.udp_recv_bytes(ctx, socket), Err(SocketError::WouldBlock), "not by other calls");
            assert_eq!(host.udp_recv_error(ctx, socket), Ok(expected));
            assert_eq!(host.udp_recv_error(ctx, socket), Err(SocketError::WouldBlock));
        });
    }
}

#[test]
fn the_queue_of_errors_is_bounded() {
    let (mut net, socket) = sender(false, true, |config| config.profile.udp.max_queued_errors = 5);
    for _ in 0..100 {
        tell(&mut net, Error::Unreachable(Unreachable::Port), |_| ());
    }
    let queued = (0..100).filter(|_| net.call(0, |host, ctx| host.udp_recv_error(ctx, socket)).is_ok());
    assert_eq!(queued.count(), 5);
}

#[test]
fn what_was_not_sent_is_not_believed() {
    // RFC 5927 §4
    let changes: [fn(&mut Vec<u8>); 4] = [
        |quoted| quoted[15] = 77, // from another host
        |quoted| quoted[21] ^= 1, // from another port
        |quoted| quoted[9] = 132, // of another protocol
        |quoted| quoted[7] = 1,   // a later fragment
    ];
    for change in changes {
        let (mut net, socket) = sender(true, false, |_| ());
        net.lines();
        tell(&mut net, Error::Unreachable(Unreachable::Port), change);
        assert!(net.lines()[0].starts_with("dropped icmp-"));
        let heard = net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket));
        assert_eq!(heard, Err(SocketError::WouldBlock));
    }
    // What was connected elsewhere does not hear of another peer.
    let (mut net, socket) = sender(true, false, |_| ());
    tell(&mut net, Error::Unreachable(Unreachable::Port), |quoted| quoted[23] = 8);
    assert_eq!(net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket)), Err(SocketError::WouldBlock));
}

#[test]
fn each_datagram_goes_with_the_ttl_of_its_socket() {
    let mut net = alone(|_| ());
    net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        assert_eq!(host.set_ttl(socket, Some(0)), Err(SocketError::InvalidInput));
        for ttl in [Some(3), None] {
            host.set_ttl(socket, ttl).unwrap();
            host.udp_send_to(ctx, socket, b"x", addr("10.0.0.2:7")).unwrap();
        }
    });
    net.run();
    let ttls: Vec<u8> = net.carried.iter().map(|(_, frame)| frame.to_vec()[22]).collect();
    assert_eq!(ttls, [3, 64]);
}

#[test]
fn an_error_that_was_broadcast_is_not_believed() {
    let (mut net, socket) = sender(true, false, |_| ());
    let quoted = net.carried.last().unwrap().1.to_vec().split_off(14);
    let quoted = Frame::from_wire(Bytes::from(quoted), meta());
    let message = icmp::error(Error::Unreachable(Unreachable::Port), &quoted, 576, meta());
    let mut packet = Packet::new(IpNumber::ICMP, message.to_vec());
    (packet.mac, packet.header.destination) = (Mac::BROADCAST, [255; 4]);
    net.deliver(0, packet.frame());
    assert_eq!(net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket)), Err(SocketError::WouldBlock));
}

#[test]
fn nobody_outside_knows_what_became_of_what_a_host_sends_to_itself() {
    // RFC 1122 §3.2.1.3 (g)
    for (why, at, address) in [("from loopback", 12, [127, 0, 0, 1]), ("to this host", 16, US.octets())] {
        let (mut net, socket) = sender(false, false, |_| ());
        tell(&mut net, Error::Unreachable(Unreachable::Port), |quoted| {
            quoted[at..at + 4].copy_from_slice(&address);
        });
        let heard = net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket));
        assert_eq!(heard, Err(SocketError::WouldBlock), "{why}");
        assert_eq!(net.hosts[0].dropped(DropReason::IcmpNoSocket), 1, "{why}");
    }
}

#[test]
fn an_error_about_an_error_would_be_read_but_is_never_written() {
    // The pair of hosts cannot be made to talk about each other's errors: RFC 1122 §3.2.2.
    let mut net = Net::new(2, |_| ());
    net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_send_to(ctx, socket, b"x", addr("10.0.0.2:7")).unwrap();
        host.close(ctx, socket);
    });
    net.run();
    let messages: Vec<Message> = net
        .carried
        .iter()
        .filter_map(|(_, frame)| {
            let mut frame = frame.clone();
            frame.pull_up(14)?;
            frame.strip_front(14);
            (ipv4::accept(&mut frame).ok()?.protocol == IpNumber::ICMP).then_some(())?;
            icmp::accept(&mut frame).ok()
        })
        .collect();
    assert_eq!(messages.len(), 1, "the port's error, and nothing about it");
}
