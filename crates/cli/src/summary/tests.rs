use etherparse::{ArpEthIpv4Packet, ArpOperation, ArpPacket, PacketBuilder, TcpOptionElement as Opt};
use proptest::prelude::*;

use super::*;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

fn builder(from: [u8; 4], to: [u8; 4]) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
    PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]).ipv4(from, to, 64)
}

fn written<T>(
    step: etherparse::PacketBuilderStep<T>,
    write: impl FnOnce(etherparse::PacketBuilderStep<T>, &mut Vec<u8>),
) -> Vec<u8> {
    let mut octets = Vec::new();
    write(step, &mut octets);
    octets
}

fn tcp(step: etherparse::PacketBuilderStep<etherparse::TcpHeader>, payload: &[u8]) -> Vec<u8> {
    written(step, |step, octets| step.write(octets, payload).unwrap())
}

/// A summarizer that has seen both SYNs: sequence numbers begin at 1000 and at 5000.
fn connected(scale: u8) -> Summarizer {
    let mut summarizer = Summarizer::default();
    let options = [Opt::MaximumSegmentSize(1460), Opt::WindowScale(scale)];
    let syn = builder(A, B).tcp(49152, 80, 1000, 65535).syn().options(&options).unwrap();
    let syn_ack = builder(B, A).tcp(80, 49152, 5000, 65535).syn().ack(1001).options(&options).unwrap();
    summarizer.flows.learn(&tcp(syn, &[]), Medium::Ethernet);
    summarizer.flows.learn(&tcp(syn_ack, &[]), Medium::Ethernet);
    summarizer
}

fn line(summarizer: &Summarizer, octets: &[u8]) -> String {
    summarizer.octets(octets, octets.len()).to_string()
}

#[test]
fn a_syn_shows_its_options() {
    let options = [
        Opt::MaximumSegmentSize(1460),
        Opt::SelectiveAcknowledgementPermitted,
        Opt::Timestamp(7, 0),
        Opt::Noop,
        Opt::WindowScale(6),
    ];
    let mut summarizer = Summarizer::default();
    let octets = tcp(builder(A, B).tcp(49152, 80, 1000, 65535).syn().options(&options).unwrap(), &[]);
    summarizer.flows.learn(&octets, Medium::Ethernet);
    assert_eq!(
        line(&summarizer, &octets),
        "IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 0, win 65535, \
         options [mss 1460,sackOK,TS val 7 ecr 0,wscale 6], length 0"
    );
}

#[test]
fn numbers_count_from_the_syn_and_windows_are_scaled() {
    let summarizer = connected(4);
    let data = tcp(builder(A, B).tcp(49152, 80, 1001, 100).psh().ack(5001), b"hello");
    assert_eq!(
        line(&summarizer, &data),
        "IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [P.], seq 1:6, ack 1, win 1600, length 5"
    );
    assert_eq!(
        summarizer.octets(&data, data.len()).short(),
        "49152 > 80: Flags [P.], seq 1:6, ack 1, win 1600, length 5"
    );
}

#[test]
fn sack_blocks_are_relative_to_the_other_direction() {
    let summarizer = connected(0);
    let sack = Opt::SelectiveAcknowledgement((2461, 3921), [Some((5381, 6841)), None, None]);
    let octets = tcp(builder(B, A).tcp(80, 49152, 5001, 100).ack(1001).options(&[sack]).unwrap(), &[]);
    assert_eq!(
        line(&summarizer, &octets),
        "IP 10.0.0.2.80 > 10.0.0.1.49152: Flags [.], ack 1, win 100, options [sack {1461:2921}{4381:5841}], length 0"
    );
}

#[test]
fn without_a_syn_numbers_are_shown_as_they_are() {
    let octets = tcp(builder(A, B).tcp(1, 2, 77, 5).fin().ack(99), &[]);
    assert_eq!(
        line(&Summarizer::default(), &octets),
        "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [F.], seq 77, ack 99, win 5, length 0"
    );
    let octets = tcp(builder(A, B).tcp(1, 2, 77, 5).rst(), &[]);
    assert_eq!(
        line(&Summarizer::default(), &octets),
        "IP 10.0.0.1.1 > 10.0.0.2.2: Flags [R], seq 77, win 5, length 0"
    );
}

#[test]
fn labels_say_what_a_segment_is_for() {
    let summarizer = Summarizer::default();
    let label = |octets: Vec<u8>| summarizer.octets(&octets, octets.len()).label;
    let step = || builder(A, B).tcp(1, 2, 0, 0);
    assert_eq!(label(tcp(step().syn(), &[])), "SYN");
    assert_eq!(label(tcp(step().syn().ack(1), &[])), "SYN ACK");
    assert_eq!(label(tcp(step().ack(1), &[])), "ACK");
    assert_eq!(label(tcp(step().ack(1).psh(), b"hello")), "data 5");
    assert_eq!(label(tcp(step().ack(1).fin(), b"hello")), "data 5 FIN");
    assert_eq!(label(tcp(step().ack(1).fin(), &[])), "FIN ACK");
    assert_eq!(label(tcp(step().ack(1).rst(), &[])), "RST");
    assert_eq!(label(tcp(step(), &[])), "no flags");
}

#[test]
fn udp_and_icmp() {
    let summarizer = Summarizer::default();
    let udp = written(builder(A, B).udp(5000, 7), |step, octets| step.write(octets, b"hello").unwrap());
    assert_eq!(line(&summarizer, &udp), "IP 10.0.0.1.5000 > 10.0.0.2.7: UDP, length 5");
    let echo = written(builder(A, B).icmpv4_echo_request(3, 9), |step, octets| {
        step.write(octets, &[0; 56]).unwrap();
    });
    assert_eq!(line(&summarizer, &echo), "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 3, seq 9, length 64");
    let error = written(builder(B, A).icmpv4_raw(3, 3, [0; 4]), |step, octets| {
        step.write(octets, &udp[14..42]).unwrap();
    });
    assert_eq!(
        line(&summarizer, &error),
        "IP 10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 udp port 7 unreachable, length 36"
    );
}

#[test]
fn each_icmp_message_is_written_as_tcpdump_writes_it() {
    let summarizer = Summarizer::default();
    let udp = written(builder(A, B).udp(5000, 7), |step, octets| step.write(octets, b"hello").unwrap());
    let of = |kind, code, word, rest: &[u8]| {
        let octets = written(builder(B, A).icmpv4_raw(kind, code, word), |step, octets| {
            step.write(octets, rest).unwrap();
        });
        let line = line(&summarizer, &octets);
        let text = line.strip_prefix("IP 10.0.0.2 > 10.0.0.1: ICMP ").unwrap();
        text.rsplit_once(", length").unwrap().0.to_owned()
    };
    let quoted = &udp[14..42];
    let about = ", of 10.0.0.1.5000 > 10.0.0.2.7 udp";
    for (code, text) in [
        (0, "net 10.0.0.2 unreachable"),
        (1, "host 10.0.0.2 unreachable"),
        (2, "10.0.0.2 protocol udp unreachable"),
        (4, "10.0.0.2 unreachable - need to frag (mtu 1400)"),
        (5, "10.0.0.2 unreachable - source route failed"),
        (6, "net 10.0.0.2 unreachable - unknown"),
        (7, "host 10.0.0.2 unreachable - unknown"),
        (8, "10.0.0.2 unreachable - source host isolated"),
        (9, "net 10.0.0.2 unreachable - admin prohibited"),
        (10, "host 10.0.0.2 unreachable - admin prohibited"),
        (11, "net 10.0.0.2 unreachable - tos prohibited"),
        (12, "host 10.0.0.2 unreachable - tos prohibited"),
        (13, "host 10.0.0.2 unreachable - admin prohibited filter"),
        (14, "host 10.0.0.2 unreachable - host precedence violation"),
        (15, "host 10.0.0.2 unreachable - precedence cutoff"),
    ] {
        assert_eq!(of(3, code, [0, 0, 0x05, 0x78], quoted), format!("{text}{about}"));
    }
    assert_eq!(of(3, 4, [0; 4], quoted), format!("10.0.0.2 unreachable - need to frag{about}"));
    assert_eq!(of(3, 3, [0; 4], &quoted[..20]), "10.0.0.2 port unreachable");
    assert_eq!(of(3, 3, [0; 4], &[]), "destination unreachable (quotes no packet)");
    assert_eq!(of(11, 0, [0; 4], quoted), format!("time exceeded in-transit{about}"));
    assert_eq!(of(11, 1, [0; 4], quoted), format!("ip reassembly time exceeded{about}"));
    assert_eq!(of(12, 0, [20, 0, 0, 0], quoted), format!("parameter problem - octet 20{about}"));
    assert_eq!(of(12, 1, [130, 0, 0, 0], quoted), format!("parameter problem - option 130 missing{about}"));
    let gateway = [10, 0, 0, 254];
    assert_eq!(of(5, 1, gateway, quoted), "redirect 10.0.0.2 to host 10.0.0.254");
    assert_eq!(of(5, 2, gateway, quoted), "redirect 10.0.0.2 to tos net 10.0.0.254");
    assert_eq!(of(13, 0, [0, 7, 0, 9], &[0; 12]), "time stamp query, id 7, seq 9");
    let times = [[0, 0, 0, 1], [0, 0, 3, 0xe8], [0x80, 0, 0, 1]].concat();
    let text = "time stamp reply, id 7, seq 9: org 00:00:00.001, recv 00:00:01.000, xmit 0x80000001";
    assert_eq!(of(14, 0, [0, 7, 0, 9], &times), text);
    let routers = [gateway, [0, 0, 0, 5], [10, 0, 0, 253], [255; 4]].concat();
    let text = "router advertisement lifetime 1800 s: {10.0.0.254 5} {10.0.0.253 -1}";
    assert_eq!(of(9, 0, [2, 2, 7, 8], &routers), text);
    assert_eq!(of(9, 0, [3, 2, 7, 8], &routers), "router advertisement (malformed)");
    assert_eq!(of(10, 0, [0; 4], &[]), "router solicitation");
    assert_eq!(of(17, 0, [0; 4], &[0; 4]), "address mask request (deprecated)");
    assert_eq!(of(200, 3, [0; 4], &[]), "type 200 code 3");
    let echo =
        written(builder(A, B).icmpv4_echo_request(3, 9), |step, octets| step.write(octets, &[]).unwrap());
    assert_eq!(
        of(11, 0, [0; 4], &echo[14..42]),
        "time exceeded in-transit, of 10.0.0.1 > 10.0.0.2 icmp id 3 seq 9"
    );
}

fn arp(operation: ArpOperation, sender_ipv4: [u8; 4], target_ipv4: [u8; 4]) -> Vec<u8> {
    let packet = ArpEthIpv4Packet {
        operation,
        sender_mac: [2, 0, 0, 0, 0, 1],
        sender_ipv4,
        target_mac: [0; 6],
        target_ipv4,
    };
    let mut octets = Vec::new();
    PacketBuilder::ethernet2([2; 6], [0xff; 6]).arp(ArpPacket::from(packet)).write(&mut octets).unwrap();
    octets
}

#[test]
fn arp_is_told_apart() {
    let summarizer = Summarizer::default();
    let of = |operation, sender, target| line(&summarizer, &arp(operation, sender, target));
    assert_eq!(of(ArpOperation::REQUEST, A, B), "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
    assert_eq!(of(ArpOperation::REPLY, A, B), "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28");
    assert_eq!(of(ArpOperation::REQUEST, A, A), "ARP, Announcement 10.0.0.1, length 28");
    assert_eq!(of(ArpOperation::REQUEST, [0; 4], B), "ARP, Probe 10.0.0.2, length 28");
}

#[test]
fn what_was_changed_or_cut_is_called_so() {
    let summarizer = connected(0);
    let whole = tcp(builder(A, B).tcp(49152, 80, 1001, 100).psh().ack(5001), b"hello");
    let mut flipped = whole.clone();
    flipped[14 + 8] ^= 1;
    assert!(
        line(&summarizer, &flipped).ends_with("length 5 [bad ip cksum]"),
        "{}",
        line(&summarizer, &flipped)
    );
    let cut = &whole[..whole.len() - 3];
    assert!(line(&summarizer, cut).ends_with("[truncated: 3 octets missing]"), "{}", line(&summarizer, cut));
    let mut offset = whole.clone();
    offset[14 + 20 + 12] = 0x10;
    assert_eq!(
        line(&summarizer, &offset),
        "IP 10.0.0.1.49152 > 10.0.0.2.80: malformed TCP header, length 25"
    );
    assert_eq!(line(&summarizer, &whole[..10]), "Ethernet, truncated, length 10");
    let mut other = whole;
    other[12..14].copy_from_slice(&[0x88, 0xcc]);
    assert_eq!(
        line(&summarizer, &other),
        "Ethernet, 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 0x88cc, length 45"
    );
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..300), length in 0_usize..70_000) {
        let mut summarizer = connected(14);
        summarizer.flows.learn(&octets, Medium::Ethernet);
        prop_assert!(!summarizer.octets(&octets, length).text.is_empty());
    }

    #[test]
    fn arbitrary_packets_behind_a_good_header_never_panic(
        protocol in prop_oneof![Just(1_u8), Just(6), Just(17), any::<u8>()],
        octets in proptest::collection::vec(any::<u8>(), 0..120),
        ethertype in prop_oneof![Just([8_u8, 0]), Just([8, 6]), Just([0x86, 0xdd]), Just([0x81, 0])],
        flips in proptest::collection::vec(0_usize..400, 0..4),
    ) {
        let mut frame = vec![2; 12];
        frame.extend(ethertype);
        frame.extend([0x45, 0]);
        frame.extend((20 + octets.len() as u16).to_be_bytes());
        frame.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend(A);
        frame.extend(B);
        frame.extend(&octets);
        for bit in flips {
            if let Some(octet) = frame.get_mut(bit / 8) {
                *octet ^= 1 << (bit % 8);
            }
        }
        let mut summarizer = connected(3);
        summarizer.flows.learn(&frame, Medium::Ethernet);
        prop_assert!(!line(&summarizer, &frame).is_empty());
    }
}

#[test]
fn tags_and_bare_packets_are_read() {
    let mut octets = Vec::new();
    let addresses = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let tagged = ethernet.single_vlan(etherparse::VlanId::try_new(10).unwrap());
    tagged.ipv4(addresses.0, addresses.1, 64).tcp(80, 81, 1000, 0).syn().write(&mut octets, &[]).unwrap();
    let frame = |octets: &[u8]| {
        let meta = wirelab_stack::frame::Meta::new(
            wirelab_stack::trace::Cause::Raw,
            wirelab_stack::trace::Trigger::Call,
        );
        Frame::from_wire(octets.to_vec().into(), meta)
    };
    let mut summarizer = Summarizer::default();
    let summary = summarizer.sent(&frame(&octets));
    assert!(summary.to_string().starts_with("vlan 10, IP 10.0.0.1.80 > 10.0.0.2.81: Flags [S], seq 0"));
    assert!(summary.short().starts_with("vlan 10, 80 > 81: Flags [S]"), "{}", summary.short());
    // The SYN was seen through its tag: the next number is relative to its.
    let mut later = octets.clone();
    (later[14 + 4 + 20 + 7], later[14 + 4 + 20 + 13]) = (0xe9, 0x11);
    assert!(summarizer.arrived(&frame(&later)).text.starts_with("Flags [F.], seq 1,"));
    // The same packet without Ethernet, and with a tag that a link has taken out.
    let mut bare = frame(&octets[18..]);
    bare.meta.medium = Medium::PointToPoint;
    assert!(summarizer.sent(&bare).to_string().starts_with("IP 10.0.0.1.80 > 10.0.0.2.81: Flags [S]"));
    let mut beside = frame(&[&octets[..12], &octets[16..]].concat());
    beside.meta.vlan = Some(0xa00a);
    assert!(summarizer.sent(&beside).to_string().starts_with("vlan 10, p 5, IP 10.0.0.1.80"));
    for octets in [&[][..], &[0x50][..], &[0x45; 3]] {
        let mut bare = frame(octets);
        bare.meta.medium = Medium::PointToPoint;
        assert_eq!(summarizer.sent(&bare).layer, "IP");
    }
}

#[test]
fn reverse_questions_and_answers_are_told() {
    let station = wirelab_stack::addr::Mac([2, 0, 0, 0, 0, 1]);
    let server = wirelab_stack::addr::Mac([2, 0, 0, 0, 0, 9]);
    let line_of = |packet: wirelab_stack::interface::arp::Packet| {
        let mut octets = [[0xff; 6], [2, 0, 0, 0, 0, 1]].concat();
        octets.extend([0x80, 0x35]);
        octets.extend(packet.to_bytes());
        line(&Summarizer::default(), &octets)
    };
    let request = rarp::request(station);
    assert_eq!(
        line_of(request),
        "RARP, Reverse Request who-is 02:00:00:00:00:01 tell 02:00:00:00:00:01, length 28"
    );
    let reply = rarp::reply(&request, server, A.into(), B.into());
    assert_eq!(line_of(reply), "RARP, Reverse Reply 02:00:00:00:00:01 at 10.0.0.2, length 28");
}

#[test]
fn dhcp_messages_are_told_with_what_matters() {
    use wirelab_stack::application::dhcp::codec::{Kind, Message};
    use wirelab_stack::time::Duration;

    let mac = wirelab_stack::addr::Mac([2, 0, 0, 0, 0, 1]);
    let line_of = |message: &Message, ports: (u16, u16)| {
        let step = builder(A, B).udp(ports.0, ports.1);
        let octets = written(step, |step, octets| step.write(octets, &message.to_bytes()).unwrap());
        line(&Summarizer::default(), &octets)
    };
    let mut discover = Message::new(Kind::Discover, 0xbeef, mac);
    discover.options.requested = Some(B.into());
    assert_eq!(
        line_of(&discover, (68, 67)),
        "IP 10.0.0.1.68 > 10.0.0.2.67: BOOTP/DHCP, Request from 02:00:00:00:00:01, length 300, xid 0xbeef, \
         Discover, Requested-IP 10.0.0.2"
    );
    let mut ack = Message::new(Kind::Ack, 0xbeef, mac);
    ack.yiaddr = B.into();
    (ack.options.server, ack.options.lease) = (Some(A.into()), Some(Duration::from_secs(60)));
    assert_eq!(
        line_of(&ack, (67, 68)),
        "IP 10.0.0.1.67 > 10.0.0.2.68: BOOTP/DHCP, Reply, length 300, xid 0xbeef, ACK, Your-IP 10.0.0.2, \
         Server-ID 10.0.0.1, Lease-Time 60"
    );
    assert!(line_of(&ack, (9, 68)).ends_with("UDP, length 300"), "other ports are not DHCP's");
}
