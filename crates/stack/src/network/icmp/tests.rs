use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{IcmpEchoHeader, Icmpv4Header, Icmpv4Type, IpNumber};
use proptest::prelude::*;

use super::*;
use crate::frame::Meta;
use crate::network::ipv4;
use crate::network::options::Options;
use crate::time::Instant;
use crate::trace::{Cause, Trigger};

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);
const PORT: Error = Error::Unreachable(Unreachable::Port);

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

/// A message of `kind` and `code` with this second word and these octets behind it.
fn message(kind: u8, code: u8, word: [u8; 4], rest: &[u8]) -> Frame {
    let mut frame = Frame::with_payload(Bytes::copy_from_slice(rest), meta());
    let [a, b, c, d] = word;
    push(&mut frame, [kind, code, 0, 0, a, b, c, d]);
    wire_frame(&frame.to_vec())
}

/// What a message of `kind` and `code` is taken for that quotes a packet of 100 octets.
fn said(kind: u8, code: u8, word: [u8; 4]) -> Result<Error, DropReason> {
    match accept(&mut message(kind, code, word, &offending(80).to_vec()))? {
        Message::Error(error, _) => Ok(error),
        other => panic!("{other:?}"),
    }
}

/// Every error there is.
fn errors() -> Vec<Error> {
    let mut all: Vec<Error> = Unreachable::ALL.into_iter().map(Error::Unreachable).collect();
    all.push(Error::Unreachable(Unreachable::FragmentationNeeded(1400)));
    all.extend([TimeExceeded::Transit, TimeExceeded::Reassembly].map(Error::TimeExceeded));
    let problems =
        [ParameterProblem::Octet(20), ParameterProblem::MissingOption(130), ParameterProblem::Length(21)];
    all.extend(problems.map(Error::ParameterProblem));
    all
}

#[test]
fn each_error_reads_as_it_was_written_and_as_another_library_reads_it() {
    // RFC 792 §Destination Unreachable, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1
    let (mut codes, mut others) = (Vec::new(), Vec::new());
    for what in errors() {
        let mut frame = error(what, &offending(100), 576, meta());
        let octets = frame.to_vec();
        let (header, _) = Icmpv4Header::from_slice(&octets).unwrap();
        assert!(Sum::new().with(&octets).is_intact(), "{what:?}");
        codes.push((octets[0], octets[1]));
        others.push(format!("{:?}", header.icmp_type));
        let Ok(Message::Error(read, _)) = accept(&mut frame) else { panic!("{what:?}") };
        assert_eq!(read, what);
    }
    let expected: Vec<(u8, u8)> = (0..16).map(|code| (3, code)).collect();
    assert_eq!(codes[..16], expected);
    assert_eq!(codes[16..], [(3, 4), (11, 0), (11, 1), (12, 0), (12, 1), (12, 2)]);
    let names = [
        "DestinationUnreachable(Network)",
        "DestinationUnreachable(Host)",
        "DestinationUnreachable(Protocol)",
        "DestinationUnreachable(Port)",
        "DestinationUnreachable(FragmentationNeeded { next_hop_mtu: 0 })",
        "DestinationUnreachable(SourceRouteFailed)",
        "DestinationUnreachable(NetworkUnknown)",
        "DestinationUnreachable(HostUnknown)",
        "DestinationUnreachable(Isolated)",
        "DestinationUnreachable(NetworkProhibited)",
        "DestinationUnreachable(HostProhibited)",
        "DestinationUnreachable(TosNetwork)",
        "DestinationUnreachable(TosHost)",
        "DestinationUnreachable(FilterProhibited)",
        "DestinationUnreachable(HostPrecedenceViolation)",
        "DestinationUnreachable(PrecedenceCutoff)",
        "DestinationUnreachable(FragmentationNeeded { next_hop_mtu: 1400 })",
        "TimeExceeded(TtlExceededInTransit)",
        "TimeExceeded(FragmentReassemblyTimeExceeded)",
        "ParameterProblem(PointerIndicatesError(20))",
    ];
    assert_eq!(others[..names.len()], names);
}

#[test]
fn codes_without_a_meaning_are_dropped_silently() {
    // RFC 1122 §3.2.2
    for (kind, code) in [(3, 16), (3, 255), (11, 2), (12, 3), (5, 4), (9, 16), (10, 1)] {
        let dropped = accept(&mut message(kind, code, [0; 4], &offending(80).to_vec()));
        assert_eq!(dropped, Err(DropReason::IcmpUnknown), "type {kind} code {code}");
    }
}

#[test]
fn each_type_is_kept_deprecated_or_unknown() {
    // RFC 792 §Summary of Message Types, RFC 1256 §3, RFC 6633 §3, RFC 6918 §2
    let advertisement = [[1, 2, 0, 9], [10, 0, 0, 254], [0; 4]].concat();
    for kind in 0..=255_u8 {
        let rest = if kind == 9 { advertisement[4..].to_vec() } else { offending(80).to_vec() };
        let word = if kind == 9 { [1, 2, 0, 9] } else { [0; 4] };
        let read = accept(&mut message(kind, 0, word, &rest));
        match kind {
            0 | 3 | 5 | 8..=14 => assert!(read.is_ok(), "type {kind}"),
            4 | 6 | 15..=18 | 30..=39 => assert_eq!(read, Err(DropReason::IcmpDeprecated), "type {kind}"),
            _ => assert_eq!(read, Err(DropReason::IcmpUnknown), "type {kind}"),
        }
    }
}

#[test]
fn a_router_s_mtu_is_believed_or_guessed() {
    // RFC 1191 §4 and §7
    let mtu = |word| said(3, 4, word).unwrap();
    assert_eq!(mtu([0, 0, 0x05, 0x78]), Error::Unreachable(Unreachable::FragmentationNeeded(1400)));
    assert_eq!(next_hop_mtu(1400, 1500), 1400);
    assert_eq!(next_hop_mtu(0, 1500), 1492);
    assert_eq!(next_hop_mtu(0, 1492), 1006);
    assert_eq!(next_hop_mtu(0, 40), 68);
}

#[test]
fn what_is_wrong_is_dropped() {
    let mut frame = error(PORT, &offending(80), 576, meta());
    frame.flip_bit(100);
    assert_eq!(accept(&mut frame.clone()), Err(DropReason::IcmpBadChecksum));
    frame.meta.checksum = Checksum::Verified;
    assert!(accept(&mut frame).is_ok(), "someone trustworthy has looked");
    assert_eq!(accept(&mut wire_frame(&[8, 0, 0, 0, 0, 0, 0])), Err(DropReason::IcmpMalformed));
    // An error that quotes less than a header and 8 octets.
    let short = offending(7).to_vec();
    assert_eq!(accept(&mut message(3, 3, [0; 4], &short)), Err(DropReason::IcmpMalformed));
    assert_eq!(accept(&mut message(5, 1, [10, 0, 0, 3], &short)), Err(DropReason::IcmpMalformed));
    // Times that are not all there.
    for kind in [13, 14] {
        assert_eq!(accept(&mut message(kind, 0, [0; 4], &[0; 11])), Err(DropReason::IcmpMalformed));
    }
}

#[test]
fn an_error_quotes_as_much_as_it_may() {
    // RFC 1812 §4.3.2.3, RFC 1122 §3.2.2
    let quoted = |length, longest| error(PORT, &offending(length), longest, meta()).len() - HEADER;
    assert_eq!(quoted(1000, 576), 548);
    assert_eq!(quoted(1000, 56), 28);
    assert_eq!(quoted(1000, 0), 28, "the header and 8 octets always");
    assert_eq!(quoted(4, 576), 24, "no more than there is");
    let mut frame = error(PORT, &offending(1000), 576, meta());
    let Ok(Message::Error(_, quote)) = accept(&mut frame) else { panic!() };
    assert_eq!((quote.source, quote.destination, quote.protocol), (SOURCE, DESTINATION, IpNumber::UDP));
    assert_eq!((quote.ports(), quote.sequence(), quote.total_length), ((1, 0x0203), 0x0405_0607, 1020));
    // The same octets, wherever in the frame they lie.
    let (pushed, from_wire) = (offending(1000), wire_frame(&offending(1000).to_vec()));
    let octets = |of: &Frame| error(PORT, of, 576, meta()).to_vec();
    assert_eq!(octets(&pushed), octets(&from_wire));
    assert_eq!(octets(&pushed)[HEADER..], pushed.to_vec()[..548]);
}

#[test]
fn an_extension_is_no_part_of_the_quoted_packet() {
    // RFC 4884 §4 and §5: the length counts words, and stands in the second octet of the second word.
    let mut rest = offending(80).to_vec();
    rest.resize(128, 0);
    rest.extend([0x20, 0, 0, 0, 0, 8, 1, 1, 0, 0x10, 0x01, 0x40]);
    for (kind, word) in [(3, [0, 32, 0, 0]), (11, [0, 32, 0, 0]), (12, [9, 32, 0, 0])] {
        let Ok(Message::Error(_, quote)) = accept(&mut message(kind, 0, word, &rest)) else {
            panic!("{kind}")
        };
        assert_eq!(quote.ports(), (1, 0x0203));
    }
    // A length that leaves less than a header and 8 octets; one beyond the message is as good as none.
    assert_eq!(accept(&mut message(3, 0, [0, 6, 0, 0], &rest)), Err(DropReason::IcmpMalformed));
    assert!(accept(&mut message(3, 0, [0, 255, 0, 0], &rest)).is_ok());
}

#[test]
fn redirects_read_as_they_were_written() {
    // RFC 792 §Redirect
    for (code, scope) in (0..).zip([Scope::Network, Scope::Host, Scope::NetworkForTos, Scope::HostForTos]) {
        let written = Redirect { scope, gateway: GATEWAY };
        let mut frame = redirect(written, &offending(100), 576, meta());
        let octets = frame.to_vec();
        assert_eq!((octets[0], octets[1], &octets[4..8]), (5, code, &GATEWAY.octets()[..]));
        let Ok(Message::Redirect(read, quote)) = accept(&mut frame) else { panic!() };
        assert_eq!((read, quote.destination), (written, DESTINATION));
    }
    assert_eq!(Redirect::to_host(GATEWAY).scope, Scope::Host);
}

#[test]
fn times_count_from_midnight() {
    // RFC 792 §Timestamp
    assert_eq!(TimeOfDay::at(Instant::from_millis(1_234)).0, 1_234);
    assert_eq!(TimeOfDay::at(Instant::from_secs(86_400 + 5)).0, 5_000, "the next day");
    assert_eq!(TimeOfDay(86_399_999).milliseconds(), Some(86_399_999));
    assert_eq!(TimeOfDay(86_400_000).milliseconds(), None, "no day is so long");
    assert_eq!(TimeOfDay(0x8000_0001).milliseconds(), None, "not of the standard kind");
    assert_eq!(TimeOfDay(86_399_999).to_string(), "23:59:59.999");
    assert_eq!(TimeOfDay(0x8000_0001).to_string(), "0x80000001");
    let (echo, now) = (Echo { identifier: 3, sequence: 4 }, Instant::from_millis(77));
    let mut request = timestamp_request(echo, now, meta());
    let octets = request.to_vec();
    let (header, _) = Icmpv4Header::from_slice(&octets).unwrap();
    let Icmpv4Type::TimestampRequest(read) = header.icmp_type else { panic!() };
    assert_eq!((read.id, read.seq, read.originate_timestamp, read.receive_timestamp), (3, 4, 77, 0));
    let Ok(Message::TimestampRequest(same, times)) = accept(&mut request) else { panic!() };
    assert_eq!((same, times.originate), (echo, TimeOfDay(77)));
    // What comes back is what was asked with, standard or not.
    let mut reply = timestamp_reply(echo, TimeOfDay(0x8000_0007), Instant::from_millis(99), meta());
    let Ok(Message::TimestampReply(same, times)) = accept(&mut reply) else { panic!() };
    let now = TimeOfDay(99);
    assert_eq!(
        (same, times),
        (echo, Times { originate: TimeOfDay(0x8000_0007), receive: now, transmit: now })
    );
}

#[test]
fn advertisements_read_as_they_were_written() {
    // RFC 1256 §3 and §5.2
    let router = |last, preference| Router { address: Ipv4Addr::new(10, 0, 0, last), preference };
    let routers = vec![router(254, 0), router(253, -7), router(252, Router::NEVER)];
    let advertisement = Advertisement { lifetime: 1800, routers };
    let mut frame = advertisement.message(meta());
    assert_eq!(frame.to_vec()[4..8], [3, 2, 7, 8]);
    assert_eq!(accept(&mut frame), Ok(Message::RouterAdvertisement(advertisement.clone())));
    assert_eq!(accept(&mut solicitation(meta())), Ok(Message::RouterSolicitation));
    // Entries of three words: the third is skipped.
    let wide = [[10, 0, 0, 254], [0, 0, 0, 5], [9; 4]].concat();
    let Ok(Message::RouterAdvertisement(read)) = accept(&mut message(9, 0, [1, 3, 0, 9], &wide)) else {
        panic!()
    };
    assert_eq!(read.routers, [router(254, 5)]);
    for word in [[0, 2, 0, 9], [1, 1, 0, 9], [2, 2, 0, 9]] {
        assert_eq!(accept(&mut message(9, 0, word, &wide[..8])), Err(DropReason::IcmpMalformed), "{word:?}");
    }
}

/// A packet of which something is to be said, changed by `change`.
fn packet(change: impl FnOnce(&mut ipv4::Accepted)) -> ipv4::Accepted {
    let mut frame = offending(20);
    let mut packet = ipv4::accept(&mut frame).unwrap();
    assert_eq!(packet.options, Options::Fine);
    change(&mut packet);
    packet
}

#[test]
fn each_rule_of_silence_holds() {
    // RFC 1122 §3.2.2, RFC 1812 §4.3.2.7
    let of = |change: &dyn Fn(&mut ipv4::Accepted), kind| may_be_answered(&packet(change), false, Some(kind));
    assert_eq!(of(&|_| (), 0), Ok(()));
    for destination in ["224.0.0.1", "239.1.2.3", "255.255.255.255"] {
        let change = |packet: &mut ipv4::Accepted| packet.destination = destination.parse().unwrap();
        assert_eq!(of(&change, 0), Err(Silence::ToGroup), "to {destination}");
    }
    assert_eq!(of(&|packet| packet.fragment = Some(false), 0), Err(Silence::LaterFragment));
    assert_eq!(of(&|packet| packet.fragment = Some(true), 0), Ok(()), "the first fragment");
    for source in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"] {
        let change = |packet: &mut ipv4::Accepted| packet.source = source.parse().unwrap();
        assert_eq!(of(&change, 0), Err(Silence::NoSingleSource), "from {source}");
    }
    let loopback = packet(|packet| packet.source = Ipv4Addr::LOCALHOST);
    assert_eq!(may_be_answered(&loopback, true, None), Ok(()), "within a host, loopback is one");
}

#[test]
fn of_icmp_only_queries_and_their_replies_may_be_complained_of() {
    // RFC 1122 §3.2.2: never about an error, a redirect too (RFC 1812 §4.3.2.7). What is unknown might be one.
    for kind in 0..=255_u8 {
        let icmp = packet(|packet| packet.protocol = IpNumber::ICMP);
        let allowed = may_be_answered(&icmp, false, Some(kind)).is_ok();
        assert_eq!(allowed, matches!(kind, 0 | 8 | 9 | 10 | 13..=18), "type {kind}");
    }
    let icmp = packet(|packet| packet.protocol = IpNumber::ICMP);
    assert_eq!(may_be_answered(&icmp, false, None), Err(Silence::IcmpError), "of which nothing is known");
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

    /// Whatever type, code and second word are, what is taken for an error is written as it was read.
    #[test]
    fn what_is_read_is_written_again(kind in 0_u8..20, code in 0_u8..20, word: [u8; 4]) {
        if let Some(error) = Error::from_wire(kind, code, word) {
            let (same_kind, same_code, same_word) = error.to_wire();
            prop_assert_eq!((same_kind, same_code), (kind, code));
            prop_assert_eq!(Error::from_wire(kind, code, same_word), Some(error));
        }
        if let Some(redirect) = Redirect::from_wire(code, word) {
            prop_assert_eq!(redirect.to_wire(), (code, word));
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

    /// A good error message of which one octet is another.
    #[test]
    fn one_changed_octet_does_not_make_it_panic(which in 0_usize..22, at in 0_usize..120, octet: u8) {
        let mut octets = error(errors()[which], &offending(80), 576, meta()).to_vec();
        if let Some(place) = octets.get_mut(at) {
            *place = octet;
        }
        let mut frame = wire_frame(&octets);
        frame.meta.checksum = Checksum::Verified;
        let _ = accept(&mut frame);
    }
}
