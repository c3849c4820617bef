use core::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use etherparse::{EtherType, IpNumber};

use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::network::icmp::{Error, ParameterProblem, Unreachable};
use crate::network::{RateLimit, icmp, ipv4};
use crate::transport::echo::EchoEvent;
use crate::transport::{Report, SocketError, Trouble, udp};

const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const THEM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const OUR_MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THEIR_MAC: Mac = Mac([2, 0, 0, 0, 0, 2]);

const PORT: Error = Error::Unreachable(Unreachable::Port);

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

/// A frame from host 2 to `mac` and `destination` that carries `payload`.
fn packet(mac: Mac, destination: Ipv4Addr, protocol: IpNumber, mut payload: Frame) -> Frame {
    let header =
        ipv4::Header { source: THEM, destination, protocol, ttl: 9, tos: 0, identification: Some(1) };
    ipv4::push(&mut payload, &header);
    ethernet::push(&mut payload, &ethernet::header(mac, THEIR_MAC, EtherType::IPV4));
    payload
}

fn datagram(destination: Ipv4Addr, length: usize) -> Frame {
    let mut frame = Frame::with_payload(Bytes::from(vec![7; length]), meta());
    udp::push(&mut frame, addr("10.0.0.2:9"), SocketAddr::new(destination.into(), 7), false);
    frame
}

/// One host that knows host 2.
fn alone(change: impl Fn(&mut HostConfig)) -> Net {
    Net::new(1, |config| {
        config.interfaces[0].neighbors = vec![(THEM.into(), THEIR_MAC)];
        change(config);
    })
}

/// The ICMP message that the last frame carries.
fn last_message(net: &Net) -> icmp::Message {
    let mut frame = net.carried.last().unwrap().1.clone();
    ethernet::accept(&mut frame, THEIR_MAC).unwrap();
    assert_eq!(ipv4::accept(&mut frame).unwrap().protocol, IpNumber::ICMP);
    icmp::accept(&mut frame).unwrap()
}

#[test]
fn a_ping_is_answered_with_the_same_octets_and_the_same_storage() {
    // RFC 1122 §3.2.2.6
    let mut net = Net::new(2, |_| ());
    let echo = net.call(0, |host, ctx| {
        let echo = host.icmp_open(ctx).unwrap();
        host.icmp_send_echo(ctx, echo, THEM.into(), 3, b"0123456789", Some(9)).unwrap();
        echo
    });
    net.run();
    let payload = |cause| {
        let found = net.carried.iter().find(|(_, frame)| frame.meta.cause == cause);
        found.unwrap().1.payload().as_ptr()
    };
    assert_eq!(payload(Cause::EchoRequest), payload(Cause::EchoReply), "the payload is not copied");
    let event = net.call(0, |host, ctx| host.icmp_recv(ctx, echo)).unwrap();
    let expected = EchoEvent::Reply {
        from: THEM.into(),
        sequence: 3,
        bytes: Bytes::from_static(b"0123456789"),
        tos: 0,
        options: crate::network::options::List::EMPTY,
        ttl: 64,
        at: Instant::ZERO,
    };
    assert_eq!(event, expected);
    let request = &net.carried.iter().find(|(_, frame)| frame.meta.cause == Cause::EchoRequest).unwrap().1;
    assert_eq!(request.to_vec()[22], 9, "the TTL asked for");
    assert_eq!(net.hosts[1].counters().echo_replies_sent, 1);
}

#[test]
fn a_closed_port_is_told_to_the_socket_that_asked() {
    // RFC 1122 §4.1.3.1, §4.1.3.3
    let mut net = Net::new(2, |_| ());
    let socket = net.call(0, |host, ctx| {
        let id = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_connect(ctx, id, addr("10.0.0.2:7")).unwrap();
        assert_eq!(host.local_addr(id).unwrap().ip(), IpAddr::V4(US));
        host.udp_send(ctx, id, &[1; 1000]).unwrap();
        id
    });
    net.run();
    let icmp::Message::Error(PORT, quote) = last_message_to_us(&net) else { panic!() };
    assert_eq!((quote.source, quote.destination, quote.protocol), (US, THEM, IpNumber::UDP));
    assert_eq!(net.carried.last().unwrap().1.len(), 14 + 576, "RFC 1812 §4.3.2.3");
    net.call(0, |host, ctx| {
        assert_eq!(host.udp_recv_bytes(ctx, socket), Err(SocketError::ConnectionRefused));
        assert_eq!(host.udp_recv_bytes(ctx, socket), Err(SocketError::WouldBlock), "told once");
    });
    assert_eq!((net.hosts[1].counters().udp_no_port, net.hosts[0].counters().icmp_errors_received), (1, 1));
}

fn last_message_to_us(net: &Net) -> icmp::Message {
    let mut frame = net.carried.last().unwrap().1.clone();
    ethernet::accept(&mut frame, OUR_MAC).unwrap();
    ipv4::accept(&mut frame).unwrap();
    icmp::accept(&mut frame).unwrap()
}

#[test]
fn an_unknown_protocol_is_told() {
    let mut net = alone(|_| ());
    net.deliver(
        0,
        packet(OUR_MAC, US, IpNumber(99), Frame::with_payload(Bytes::from_static(&[0; 20]), meta())),
    );
    net.run();
    assert_eq!(net.lines(), ["dropped unknown-protocol at network", "sent destination-unreachable"]);
    assert!(matches!(last_message(&net), icmp::Message::Error(Error::Unreachable(Unreachable::Protocol), _)));
}

#[test]
fn options_that_do_not_parse_and_source_routes_are_told() {
    // RFC 1122 §3.2.2.5, §3.3.5
    for (option, expected) in [
        (&[7, 1, 0, 0][..], Error::ParameterProblem(ParameterProblem::Octet(21))),
        (&[131, 7, 4, 10, 0, 0, 9, 0], Error::Unreachable(Unreachable::SourceRoute)),
    ] {
        let mut octets = datagram(US, 4).to_vec();
        let mut header = etherparse::Ipv4Header {
            time_to_live: 9,
            protocol: IpNumber::UDP,
            source: THEM.octets(),
            destination: US.octets(),
            options: etherparse::Ipv4Options::try_from(option).unwrap(),
            ..Default::default()
        };
        header.set_payload_len(octets.len()).unwrap();
        header.header_checksum = header.calc_header_checksum();
        octets.splice(0..0, header.to_bytes());
        octets.splice(0..0, ethernet::header(OUR_MAC, THEIR_MAC, EtherType::IPV4));
        let mut net = alone(|_| ());
        net.deliver(0, Frame::from_wire(octets.into(), meta()));
        net.run();
        let icmp::Message::Error(error, _) = last_message(&net) else { panic!() };
        assert_eq!(error, expected);
    }
}

#[test]
fn nothing_is_said_of_what_was_broadcast_or_is_icmp_or_a_fragment() {
    // RFC 1122 §3.2.2
    let mut net = alone(|_| ());
    let broadcast = Ipv4Addr::new(10, 0, 0, 255);
    net.deliver(0, packet(Mac::BROADCAST, broadcast, IpNumber::UDP, datagram(broadcast, 4)));
    net.deliver(0, packet(OUR_MAC, broadcast, IpNumber::UDP, datagram(broadcast, 4)));
    net.deliver(0, packet(Mac::BROADCAST, US, IpNumber::UDP, datagram(US, 4)));
    let error = icmp::error(PORT, &packet(OUR_MAC, US, IpNumber::UDP, datagram(US, 4)), 576, meta());
    net.deliver(0, packet(OUR_MAC, US, IpNumber::ICMP, error));
    let mut fragment = packet(OUR_MAC, US, IpNumber(99), datagram(US, 4)).to_vec();
    fragment[21] = 1; // an offset of 8 octets
    fragment[24..26].fill(0);
    let checksum = crate::checksum::Sum::new().with(&fragment[14..34]).finish();
    fragment[24..26].copy_from_slice(&checksum.to_be_bytes());
    net.deliver(0, Frame::from_wire(fragment.into(), meta()));
    net.run();
    let expected = [
        "dropped udp-no-port at transport",
        "dropped udp-no-port at transport",
        "dropped not-for-us at network",
        "dropped icmp-malformed at network",
    ];
    assert_eq!(net.lines(), expected);
}

#[test]
fn errors_are_limited_in_rate_and_replies_if_asked_for() {
    // RFC 1812 §4.3.2.8
    let limit = Some(RateLimit { per_second: 10, burst: 3 });
    let mut net = alone(|config| {
        config.profile.network.icmp_errors = limit;
        config.profile.network.echo_replies = limit;
    });
    for _ in 0..5 {
        net.deliver(0, packet(OUR_MAC, US, IpNumber::UDP, datagram(US, 4)));
        let echo = icmp::Echo { identifier: 1, sequence: 1 };
        let request = icmp::echo_request(echo, Bytes::new(), meta());
        net.deliver(0, packet(OUR_MAC, US, IpNumber::ICMP, request));
    }
    net.run();
    let counters = net.hosts[0].counters();
    assert_eq!(
        (counters.icmp_errors_sent, counters.echo_replies_sent, counters.icmp_rate_limited),
        (3, 3, 4)
    );
}

#[test]
fn a_broadcast_ping_is_answered_if_the_knob_says_so() {
    for answer in [false, true] {
        let mut net = alone(|config| config.profile.network.answer_broadcast_echo = answer);
        let request = icmp::echo_request(icmp::Echo { identifier: 1, sequence: 1 }, Bytes::new(), meta());
        net.deliver(0, packet(Mac::BROADCAST, Ipv4Addr::BROADCAST, IpNumber::ICMP, request));
        net.run();
        assert_eq!(net.hosts[0].counters().echo_replies_sent, u64::from(answer));
        if answer {
            let reply = net.carried[0].1.to_vec();
            assert_eq!(reply[26..30], US.octets(), "from an own address");
        }
    }
}

/// What host 0's echo socket hears of an error message of `kind` about its request.
fn told(kind: u8, code: u8) -> Result<EchoEvent, SocketError> {
    let mut net = alone(|_| ());
    let echo = net.call(0, |host, ctx| {
        let echo = host.icmp_open(ctx).unwrap();
        host.icmp_send_echo(ctx, echo, [10, 0, 0, 2].into(), 5, b"", Some(1)).unwrap();
        echo
    });
    net.run();
    let mut request = net.carried[0].1.clone();
    request.strip_front(14);
    let mut message = icmp::error(PORT, &request, 576, meta());
    let head = message.head_mut();
    (head[0], head[1]) = (kind, code);
    head[2..4].fill(0);
    let checksum = message.sum(crate::checksum::Sum::new()).finish();
    message.head_mut()[2..4].copy_from_slice(&checksum.to_be_bytes());
    net.deliver(0, packet(OUR_MAC, US, IpNumber::ICMP, message));
    net.call(0, |host, ctx| host.icmp_recv(ctx, echo))
}

#[test]
fn time_exceeded_and_unreachable_reach_the_echo_socket() {
    let error = |trouble, icmp| {
        let report = Report { from: THEM.into(), trouble, icmp: Some(icmp) };
        Ok(EchoEvent::Error { sequence: 5, report })
    };
    assert_eq!(told(11, 0), error(Trouble::TimeExceeded, (11, 0)));
    assert_eq!(told(3, 1), error(Trouble::HostUnreachable, (3, 1)));
    assert_eq!(told(4, 0), Err(SocketError::WouldBlock), "RFC 6633 §3: source quench is ignored");
}

#[test]
fn an_error_about_nobody_s_packet_is_dropped() {
    let mut net = alone(|_| ());
    for source in [US, THEM] {
        let mut quoted = datagram(THEM, 8);
        let header = ipv4::Header {
            source,
            destination: THEM,
            protocol: IpNumber::UDP,
            ttl: 1,
            tos: 0,
            identification: None,
        };
        ipv4::push(&mut quoted, &header);
        let message = icmp::error(PORT, &quoted, 576, meta());
        net.deliver(0, packet(OUR_MAC, US, IpNumber::ICMP, message));
    }
    assert_eq!(net.lines(), ["dropped icmp-no-socket at network"; 2]);
}
