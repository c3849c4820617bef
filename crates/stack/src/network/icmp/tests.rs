use core::net::Ipv4Addr;

use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type, IpNumber};
use proptest::prelude::*;

use super::*;
use crate::network::ipv4;
use crate::trace::{Cause, Trigger};

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

fn offending(length: usize) -> Frame {
    let mut frame =
        Frame::with_payload(Bytes::from((0..length).map(|at| at as u8).collect::<Vec<_>>()), meta());
    let header = ipv4::Header {
        source: SOURCE,
        destination: DESTINATION,
        protocol: IpNumber::UDP,
        ttl: 64,
        tos: 0,
        identification: None,
    };
    ipv4::push(&mut frame, &header);
    frame
}

fn wire_frame(octets: &[u8]) -> Frame {
    Frame::from_wire(Bytes::copy_from_slice(octets), meta())
}

/// An error message of `kind` and `code` that quotes a packet of 100 octets.
fn error_message(kind: u8, code: u8, word: [u8; 4]) -> Frame {
    let mut frame = error(Complaint::Port, &offending(80), 576, meta());
    let head = frame.head_mut();
    (head[0], head[1]) = (kind, code);
    head[2..4].fill(0);
    head[4..8].copy_from_slice(&word);
    let checksum = frame.sum(Sum::new()).finish().to_be_bytes();
    frame.head_mut()[2..4].copy_from_slice(&checksum);
    frame
}

fn said(kind: u8, code: u8, word: [u8; 4]) -> Option<Error> {
    match accept(&mut error_message(kind, code, word)) {
        Ok(Message::Error(error, _)) => Some(error),
        _ => None,
    }
}

#[test]
fn each_error_is_understood() {
    // RFC 792 §Destination Unreachable, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1
    let codes = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let unreachable: Vec<Error> = codes.iter().map(|code| said(3, *code, [0; 4]).unwrap()).collect();
    let (net, host, prohibited) = (Error::NetworkUnreachable, Error::HostUnreachable, Error::Prohibited);
    let expected = [
        net,
        host,
        Error::ProtocolUnreachable,
        Error::PortUnreachable,
        net,
        net,
        host,
        host,
        prohibited,
        prohibited,
        net,
        host,
        prohibited,
        prohibited,
        prohibited,
    ];
    assert_eq!(unreachable, expected);
    assert_eq!(said(3, 16, [0; 4]), None);
    assert_eq!(said(11, 0, [0; 4]), Some(Error::TimeExceeded));
    assert_eq!(said(12, 0, [20, 0, 0, 0]), Some(Error::ParameterProblem));
    assert_eq!(said(4, 0, [0; 4]), Some(Error::SourceQuench));
}

#[test]
fn a_router_s_mtu_is_believed_or_guessed() {
    // RFC 1191 §4 and §7
    assert_eq!(said(3, 4, [0, 0, 0x05, 0x78]), Some(Error::FragmentationNeeded(1400)));
    assert_eq!(said(3, 4, [0, 0, 0, 20]), Some(Error::FragmentationNeeded(68)));
    assert_eq!(said(3, 4, [0; 4]), Some(Error::FragmentationNeeded(68)), "the packet quoted has 100 octets");
    assert_eq!(next_hop_mtu(0, 1500), 1492);
    assert_eq!(next_hop_mtu(0, 1492), 1006);
    assert_eq!(next_hop_mtu(0, 40), 68);
}

#[test]
fn what_is_wrong_or_unknown_is_dropped() {
    let mut frame = error_message(3, 3, [0; 4]);
    frame.flip_bit(100);
    assert_eq!(accept(&mut frame.clone()), Err(DropReason::IcmpBadChecksum));
    frame.meta.checksum = Checksum::Verified;
    assert!(accept(&mut frame).is_ok(), "someone trustworthy has looked");
    assert_eq!(accept(&mut error_message(99, 0, [0; 4])), Err(DropReason::IcmpMalformed));
    assert_eq!(accept(&mut wire_frame(&[8, 0, 0, 0, 0, 0, 0])), Err(DropReason::IcmpMalformed));
    assert_eq!(accept(&mut error_message(5, 0, [0; 4])), Ok(Message::Ignored));
    // An error that quotes less than a header and 8 octets.
    let mut short = Frame::with_payload(offending(7).to_vec().into(), meta());
    push(&mut short, [3, 3, 0, 0, 0, 0, 0, 0]);
    assert_eq!(accept(&mut short), Err(DropReason::IcmpMalformed));
}

#[test]
fn an_error_quotes_as_much_as_it_may() {
    // RFC 1812 §4.3.2.3, RFC 1122 §3.2.2
    let quoted = |length, longest| error(Complaint::Port, &offending(length), longest, meta()).len() - HEADER;
    assert_eq!(quoted(1000, 576), 548);
    assert_eq!(quoted(1000, 56), 28);
    assert_eq!(quoted(1000, 0), 28, "the header and 8 octets always");
    assert_eq!(quoted(4, 576), 24, "no more than there is");
    let mut frame = error(Complaint::Port, &offending(1000), 576, meta());
    let Ok(Message::Error(Error::PortUnreachable, quote)) = accept(&mut frame) else { panic!() };
    assert_eq!((quote.source, quote.destination, quote.protocol), (SOURCE, DESTINATION, IpNumber::UDP));
    assert_eq!((quote.ports(), quote.sequence(), quote.total_length), ((1, 0x0203), 0x0405_0607, 1020));
}

#[test]
fn each_complaint_reads_as_what_it_says() {
    let read = |complaint| {
        let octets = error(complaint, &offending(100), 576, meta()).to_vec();
        let (header, _) = Icmpv4Header::from_slice(&octets).unwrap();
        format!("{:?}", header.icmp_type)
    };
    assert_eq!(read(Complaint::Port), "DestinationUnreachable(Port)");
    assert_eq!(read(Complaint::Protocol), "DestinationUnreachable(Protocol)");
    assert_eq!(read(Complaint::SourceRoute), "DestinationUnreachable(SourceRouteFailed)");
    assert_eq!(read(Complaint::Parameter(21)), "ParameterProblem(PointerIndicatesError(21))");
}

proptest! {
    #[test]
    fn echoes_read_as_they_were_written(
        identifier: u16, sequence: u16, payload in proptest::collection::vec(any::<u8>(), 0..300)
    ) {
        let echo = Echo { identifier, sequence };
        let payload = Bytes::from(payload);
        for (mut frame, message) in [
            (echo_request(echo, payload.clone(), meta()), Message::EchoRequest(echo)),
            (echo_reply(echo, payload.clone(), meta()), Message::EchoReply(echo)),
        ] {
            let octets = frame.to_vec();
            let (header, rest) = Icmpv4Header::from_slice(&octets).unwrap();
            let id = IcmpEchoHeader { id: identifier, seq: sequence };
            let expected = match message {
                Message::EchoRequest(_) => Icmpv4Type::EchoRequest(id),
                _ => Icmpv4Type::EchoReply(id),
            };
            prop_assert_eq!(&header.icmp_type, &expected);
            prop_assert_eq!(header.checksum, expected.calc_checksum(rest));
            prop_assert_eq!(accept(&mut frame), Ok(message));
            prop_assert_eq!(&frame.into_payload(0), &payload);
        }
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..120), kind in 0_u8..20) {
        let mut frame = wire_frame(&octets);
        frame.meta.checksum = Checksum::Verified;
        let _ = accept(&mut frame);
        let mut likely = octets;
        if let Some(octet) = likely.first_mut() {
            *octet = kind;
        }
        let mut frame = wire_frame(&likely);
        frame.meta.checksum = Checksum::Verified;
        let _ = accept(&mut frame);
    }
}
