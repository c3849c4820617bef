use bytes::Bytes;
use etherparse::{EtherType, IpNumber};
use proptest::prelude::*;

use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::network::fragment::{self, Fit};
use crate::network::icmp::{self, Error, TimeExceeded};
use crate::network::ipv4;
use crate::network::sending::MtuDiscovery;
use crate::trace::Trigger;
use crate::transport::echo::EchoEvent;
use crate::transport::{SocketError, SocketId, udp};

const THEM: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const US: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

fn octets(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8)) as u8).collect()
}

fn bind(net: &mut Net, host: usize, port: u16) -> SocketId {
    let local = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
    net.call(host, |host, ctx| host.udp_bind(ctx, local)).unwrap()
}

fn received(net: &mut Net, host: usize, id: SocketId) -> Option<Bytes> {
    net.call(host, |host, ctx| host.udp_recv_bytes(ctx, id)).ok().map(|(bytes, _)| bytes)
}

/// A datagram from host 2 to host 1's port 7, as an IP packet that may be cut.
fn datagram(identification: u16, length: usize) -> Frame {
    let meta = Meta::new(Cause::UdpData, Trigger::Call);
    let mut frame = Frame::with_payload(octets(length).into(), meta);
    udp::push(&mut frame, SocketAddr::new(THEM.into(), 9), SocketAddr::new(US.into(), 7), false);
    let header = ipv4::Header {
        source: THEM,
        destination: US,
        protocol: IpNumber::UDP,
        ttl: 9,
        tos: 0,
        identification: Some(identification),
    };
    ipv4::push(&mut frame, &header);
    frame
}

/// Cuts packets to one MTU after the other.
fn cut(packet: Frame, mtus: &[usize]) -> Vec<Frame> {
    mtus.iter().fold(vec![packet], |packets, mtu| {
        let cut = |mut packet: Frame| match fragment::fit(&mut packet, *mtu) {
            Fit::InPieces => fragment::cut(packet, *mtu).unwrap().collect(),
            _ => vec![packet],
        };
        packets.into_iter().flat_map(cut).collect()
    })
}

fn deliver(net: &mut Net, mut packet: Frame) {
    let (to, from) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
    ethernet::push(&mut packet, &ethernet::header(to, from, EtherType::IPV4));
    net.deliver(0, packet);
}

#[test]
fn what_is_longer_than_the_mtu_goes_in_pieces_and_arrives_whole() {
    // RFC 791 §3.2; RFC 1122 §3.3.2, §3.3.3
    let mut net = Net::new(2, |_| ());
    let (socket, other) = (bind(&mut net, 0, 7), bind(&mut net, 1, 7));
    for (length, pieces) in [(1472, 1), (1473, 2), (8192, 6), (65_507, 45)] {
        net.carried.clear();
        let remote = SocketAddr::new(THEM.into(), 7);
        let data = octets(length);
        assert_eq!(net.call(0, |host, ctx| host.udp_send_to(ctx, socket, &data, remote)), Ok(length));
        net.run();
        assert_eq!(received(&mut net, 1, other).as_deref(), Some(&data[..]), "{length}");
        let sent = net.carried.iter().filter(|(_, frame)| frame.meta.cause != Cause::ArpRequest);
        let sent = sent.filter(|(sender, _)| *sender == 0).count();
        assert_eq!(sent, pieces, "the first of them waited for ARP in one piece");
    }
    let (sender, receiver) = (net.hosts[0].counters(), net.hosts[1].counters());
    assert_eq!((sender.ip.out_frag_reqds, sender.ip.out_frag_oks, sender.ip.out_frag_creates), (3, 3, 53));
    assert_eq!((receiver.ip.reasm_reqds, receiver.ip.reasm_oks, receiver.ip.reasm_fails), (53, 3, 0));
    assert_eq!((sender.udp.out_datagrams, receiver.udp.in_datagrams), (4, 4));
}

#[test]
fn echoes_go_in_pieces_both_ways() {
    let mut net = Net::new(2, |_| ());
    let echo = net.call(0, Host::icmp_open).unwrap();
    let data = octets(5000);
    net.call(0, |host, ctx| host.icmp_send_echo(ctx, echo, THEM.into(), 1, &data, None)).unwrap();
    net.run();
    let answer = net.call(0, |host, ctx| host.icmp_recv(ctx, echo)).unwrap();
    let EchoEvent::Reply { bytes, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(bytes, data);
    let causes: Vec<_> = net.carried.iter().map(|(sender, frame)| (*sender, frame.meta.cause)).collect();
    let of = |cause| causes.iter().filter(|sent| **sent == cause).count();
    assert_eq!((of((0, Cause::EchoRequest)), of((1, Cause::EchoReply))), (1, 1));
    assert_eq!((of((0, Cause::Fragment)), of((1, Cause::Fragment))), (3, 3));
}

#[test]
fn what_fits_is_not_to_be_cut_unless_the_socket_says_so() {
    // RFC 1191 §3; RFC 6864 §4.1
    let mut net = Net::new(2, |_| ());
    let socket = bind(&mut net, 0, 7);
    bind(&mut net, 1, 7);
    let fields = |net: &mut Net, discovery, length| {
        net.carried.clear();
        let remote = SocketAddr::new(THEM.into(), 7);
        net.call(0, |host, ctx| {
            host.set_mtu_discovery(socket, discovery).unwrap();
            host.udp_send_to(ctx, socket, &octets(length), remote).unwrap();
        });
        net.run();
        let ours =
            net.carried.iter().find(|(sender, frame)| *sender == 0 && frame.meta.cause == Cause::UdpData);
        let octets = ours.unwrap().1.to_vec();
        let header = etherparse::Ipv4HeaderSlice::from_slice(&octets[14..]).unwrap().to_header();
        (header.dont_fragment, header.identification != 0, header.more_fragments)
    };
    fields(&mut net, MtuDiscovery::Want, 1);
    assert_eq!(fields(&mut net, MtuDiscovery::Want, 100), (true, false, false));
    assert_eq!(fields(&mut net, MtuDiscovery::Want, 3000), (false, true, true));
    assert_eq!(fields(&mut net, MtuDiscovery::Do, 100), (true, false, false));
    assert_eq!(fields(&mut net, MtuDiscovery::Dont, 100), (false, true, false));
}

#[test]
fn the_sender_of_what_stays_in_pieces_is_told_if_the_first_one_came() {
    // RFC 792 §Time Exceeded; RFC 1122 §3.3.2
    let errors = |lost: usize| {
        let mut net = Net::new(2, |_| ());
        bind(&mut net, 0, 7);
        let pieces = cut(datagram(7, 3000), &[1500]);
        for (_, piece) in pieces.into_iter().enumerate().filter(|(number, _)| *number != lost) {
            deliver(&mut net, piece);
        }
        net.run_for(Duration::from_secs(59));
        assert!(net.carried.is_empty() && net.lines().is_empty());
        net.run_for(Duration::from_secs(1));
        assert_eq!(net.lines()[0], "dropped reassembly-timeout at network");
        assert_eq!(net.hosts[0].counters().ip.reasm_fails, 1);
        let error = net.carried.iter().find(|(_, frame)| frame.meta.cause == Cause::TimeExceeded).cloned();
        error.map(|(_, mut frame)| {
            ethernet::accept(&mut frame, Mac([2, 0, 0, 0, 0, 2])).unwrap();
            ipv4::accept(&mut frame).unwrap();
            let icmp::Message::Error(error, quote) = icmp::accept(&mut frame).unwrap() else { panic!() };
            assert_eq!((quote.source, quote.destination, quote.ports()), (THEM, US, (9, 7)));
            error
        })
    };
    assert_eq!(errors(2), Some(Error::TimeExceeded(TimeExceeded::Reassembly)));
    assert_eq!(errors(0), None, "without the first nobody is told");
}

#[test]
fn a_broadcast_in_pieces_is_put_together_and_nobody_told_of_one_that_is_not() {
    // RFC 1122 §3.2.2
    let mut net = Net::new(2, |_| ());
    let (socket, other) = (bind(&mut net, 0, 7), bind(&mut net, 1, 7));
    let remote = SocketAddr::new(Ipv4Addr::new(10, 0, 0, 255).into(), 7);
    net.call(0, |host, ctx| {
        host.udp_set_broadcast(socket, true).unwrap();
        host.udp_send_to(ctx, socket, &octets(3000), remote).unwrap();
    });
    net.run();
    assert_eq!(received(&mut net, 1, other).map(|bytes| bytes.len()), Some(3000));
    net.lost = |_, frame| frame.meta.cause == Cause::Fragment;
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, &octets(3000), remote)).unwrap();
    net.run_for(Duration::from_secs(61));
    assert!(net.carried.iter().all(|(_, frame)| frame.meta.cause != Cause::TimeExceeded));
}

#[test]
fn a_wrong_checksum_of_the_whole_is_found() {
    let mut net = Net::new(2, |_| ());
    let socket = bind(&mut net, 0, 7);
    let mut pieces = cut(datagram(7, 3000), &[1500]);
    let length = pieces[1].len();
    pieces[1].flip_bit(length * 8 - 3);
    pieces.into_iter().for_each(|piece| deliver(&mut net, piece));
    assert_eq!(received(&mut net, 0, socket), None);
    assert_eq!(net.lines(), ["dropped udp-bad-checksum at transport"]);
}

#[test]
fn a_flood_of_forged_fragments_stays_within_bounds_and_others_get_through() {
    let mut net = Net::new(2, |config| {
        config.profile.network.max_reassembly_bytes = 200_000;
        config.profile.network.max_reassemblies = 100;
    });
    let socket = bind(&mut net, 0, 7);
    let mut through = 0;
    for round in 0..400_u16 {
        let pieces = cut(datagram(round, 3000), &[1500]);
        for (number, piece) in pieces.into_iter().enumerate() {
            for forged in 0..20_u16 {
                let mut packet = cut(datagram(1000 + round * 60 + forged, 3000), &[1500]).swap_remove(1);
                // From all over the place.
                let header = &mut packet.head_mut()[..20];
                header[12..16].copy_from_slice(&[192, 0, (forged % 7) as u8, number as u8]);
                ipv4::seal(header);
                deliver(&mut net, packet);
                assert!(net.hosts[0].reassembly.held() <= 200_000 && net.hosts[0].reassembly.len() <= 100);
            }
            deliver(&mut net, piece);
        }
        through += u32::from(received(&mut net, 0, socket) == Some(octets(3000).into()));
    }
    assert_eq!(through, 400);
    let evicted = net.hosts[0].dropped(DropReason::FragmentEvicted);
    assert!(evicted > 10_000, "{evicted} made room");
    let lines = net.lines();
    let shown = lines.iter().filter(|line| *line == "dropped fragment-evicted at network").count();
    assert_eq!((evicted, net.hosts[0].counters().ip.reasm_fails), (shown as u64, evicted));
    net.run_for(Duration::from_secs(61));
    assert_eq!((net.hosts[0].reassembly.held(), net.hosts[0].poll_timeout()), (0, None));
}

#[test]
fn a_socket_keeps_its_word_about_length_with_options_too() {
    let mut net = Net::new(2, |_| ());
    let socket = bind(&mut net, 0, 7);
    let remote = SocketAddr::new(THEM.into(), 7);
    net.call(0, |host, ctx| {
        host.set_ip_options(socket, &[148, 4, 0, 0]).unwrap();
        assert_eq!(host.udp_send_to(ctx, socket, &vec![0; 65_504], remote), Err(SocketError::MessageTooLong));
        assert_eq!(host.udp_send_to(ctx, socket, &vec![0; 65_503], remote), Ok(65_503));
        host.set_mtu_discovery(socket, MtuDiscovery::Do).unwrap();
        assert_eq!(host.udp_send_to(ctx, socket, &[0; 1469], remote), Err(SocketError::MessageTooLong));
        assert_eq!(host.udp_send_to(ctx, socket, &[0; 1468], remote), Ok(1468));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Datagrams, each cut at any sequence of MTUs, their fragments lost, repeated, reordered and mixed: each arrives whole
    /// and once, or not at all, within the bound of storage.
    #[test]
    fn datagrams_arrive_whole_and_once_or_not_at_all(
        datagrams in proptest::collection::vec(
            (0_usize..12_000, proptest::collection::vec(68_usize..=1500, 1..4)), 1..5
        ),
        fates in proptest::collection::vec((0_u8..16, any::<u32>()), 1..200),
    ) {
        let mut net = Net::new(2, |config| config.profile.udp.receive_buffer = 1 << 20);
        let socket = bind(&mut net, 0, 7);
        let bound = net.hosts[0].knobs.max_reassembly_bytes;
        let mut under_way = Vec::new();
        let mut expected = Vec::new();
        let mut fate = fates.iter().cycle();
        for (number, (length, mtus)) in datagrams.iter().enumerate() {
            let (mut whole, mut pieces) = (true, cut(datagram(number as u16, *length), mtus));
            // One that fits is no fragment: the network may double it, and that is two datagrams.
            let doubles = pieces.len() > 1;
            for piece in pieces.drain(..) {
                let (kind, place) = fate.next().unwrap();
                match kind {
                    0 => whole = false,
                    1..4 if doubles => under_way.extend([(*place, piece.clone()), (place.rotate_left(9), piece)]),
                    4..10 => under_way.push((*place, piece)),
                    _ => under_way.push((number as u32, piece)),
                }
            }
            if whole {
                expected.push(octets(*length));
            }
        }
        under_way.sort_by_key(|(place, _)| *place);
        for (_, piece) in under_way {
            deliver(&mut net, piece);
            prop_assert!(net.hosts[0].reassembly.held() <= bound);
        }
        let mut arrived: Vec<Vec<u8>> =
            core::iter::from_fn(|| received(&mut net, 0, socket)).map(|bytes| bytes.to_vec()).collect();
        arrived.sort();
        expected.sort();
        prop_assert!(arrived == expected, "{:?}", net.lines());
        net.run_for(Duration::from_secs(60));
        prop_assert_eq!(net.hosts[0].reassembly.held(), 0);
    }
}
