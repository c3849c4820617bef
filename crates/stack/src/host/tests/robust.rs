//! Whatever arrives: nothing panics, every frame ends once (the log asserts it), and the host still works.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{EtherType, IpNumber};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert, proptest};

use super::*;
use crate::frame::Meta;
use crate::interface::arp::Packet;
use crate::interface::vlan::VlanId;
use crate::interface::{ethernet, rarp};
use crate::network::icmp::{self, Error, Redirect, Unreachable};
use crate::network::ipv4;
use crate::network::options::{List, Stamps};
use crate::trace::Trigger;
use crate::transport::{SocketError, SocketId};

/// An address that the host probes for.
const WANTED: core::net::Ipv4Addr = core::net::Ipv4Addr::new(10, 0, 0, 50);

/// Frames of every kind that two hosts exchange, as octets.
fn exchanged() -> Vec<Vec<u8>> {
    let mut net = Net::new(2, |config| config.interfaces[0].announce = true);
    net.call(0, Host::start);
    let server = net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap());
    let _ = server;
    net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8).unwrap());
    let stream = net.call(0, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:5000")).unwrap();
        host.udp_send_to(ctx, socket, b"to an open port", addr("10.0.0.2:7")).unwrap();
        host.udp_send_to(ctx, socket, b"to a closed port", addr("10.0.0.2:8")).unwrap();
        host.udp_join(ctx, socket, [239, 1, 2, 3].into(), [0; 4].into()).unwrap();
        host.udp_send_to(ctx, socket, b"to a group", addr("239.1.2.3:5000")).unwrap();
        let echo = host.icmp_open(ctx).unwrap();
        host.icmp_send_echo(ctx, echo, [10, 0, 0, 2].into(), 1, b"ping", None).unwrap();
        host.tcp_connect(ctx, Some(addr("0.0.0.0:5000")), addr("10.0.0.2:6999")).unwrap()
    });
    net.run();
    net.call(0, |host, ctx| {
        host.tcp_send(ctx, stream, &[7; 3000]).unwrap();
        host.tcp_shutdown(ctx, stream).unwrap();
    });
    net.run_for(Duration::from_secs(1));
    let carried = net.carried.iter().map(|(_, frame)| frame.to_vec());
    carried.chain(about_addresses()).collect()
}

/// What other stations say about addresses: they probe for one, claim one, ask for theirs, and tell it.
fn about_addresses() -> impl Iterator<Item = Vec<u8>> {
    let other = Mac([2, 0, 0, 0, 0, 9]);
    let all = |packet: Packet| packet.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call);
    let reverse =
        |packet: Packet| packet.frame_of(rarp::ETHER_TYPE, Mac::BROADCAST, Cause::Raw, Trigger::Call);
    let asked = rarp::request(other);
    let frames = [
        all(Packet::probe(other, WANTED)),
        all(Packet::announcement(other, [10, 0, 0, 1].into())),
        reverse(asked),
        reverse(rarp::reply(&asked, Mac([2, 0, 0, 0, 0, 2]), [10, 0, 0, 2].into(), [10, 0, 0, 9].into())),
    ];
    frames.into_iter().map(|frame| frame.to_vec())
}

/// Frames of the kinds that need more than two hosts on a wire: fragments, options, time stamps, what routers say, RARP,
/// tags. From `10.0.0.2` to `10.0.0.1`.
fn rarer() -> Vec<Vec<u8>> {
    let mut net = Net::new(2, |_| ());
    net.call(1, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:5000")).unwrap();
        host.udp_send_to(ctx, socket, &[7; 4000], addr("10.0.0.1:7")).unwrap();
        let us = Ipv4Addr::new(10, 0, 0, 1);
        for options in [
            List::record_route(9),
            List::time_stamp(Stamps::Times, 9),
            List::time_stamp(Stamps::Addressed, 4),
            List::router_alert(),
            List::source_route(false, &[us, Ipv4Addr::new(10, 0, 1, 9)]),
            List::source_route(true, &[us, Ipv4Addr::new(10, 0, 1, 9)]),
        ] {
            host.set_ip_options(socket, options.octets()).unwrap();
            host.udp_send_to(ctx, socket, &[7; 600], addr("10.0.0.1:7")).unwrap();
        }
        let echo = host.icmp_open(ctx).unwrap();
        host.icmp_send_timestamp(ctx, echo, us.into(), 1, None).unwrap();
    });
    net.run();
    let mut frames: Vec<Vec<u8>> =
        net.carried.iter().filter(|(sender, _)| *sender == 1).map(|(_, frame)| frame.to_vec()).collect();
    // What a router says of a datagram, and of a connection's first segment, that the busy host may have sent.
    let said: Vec<Vec<u8>> = exchanged()
        .into_iter()
        .filter(|octets| octets[12..14] == [8, 0] && octets[29] == 1 && matches!(octets[23], 6 | 17))
        .take(8)
        .flat_map(|octets| [said_of(&octets, None), said_of(&octets, Some(576))])
        .collect();
    frames.extend(said);
    // RFC 903 §2: who asks for its own address, and the answer to that.
    for operation in [3, 4] {
        let mut rarp = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 0x80, 0x35];
        rarp.extend([0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2]);
        rarp.extend([2, 0, 0, 0, 0, 1, 10, 0, 0, 1]);
        frames.push(rarp);
    }
    let tagged: Vec<Vec<u8>> = frames
        .iter()
        .chain(&exchanged())
        .step_by(3)
        .map(|octets| [&octets[..12], &[0x81, 0, 0, 10], &octets[12..]].concat())
        .collect();
    frames.extend(tagged);
    frames
}

/// A router says of a packet that it is too long for an MTU, or that there is a better router.
fn said_of(octets: &[u8], mtu: Option<u16>) -> Vec<u8> {
    let meta = Meta::new(Cause::Raw, Trigger::Call);
    let quoted = Frame::from_wire(Bytes::copy_from_slice(&octets[14..]), meta);
    let mut message = match mtu {
        Some(mtu) => {
            icmp::error(Error::Unreachable(Unreachable::FragmentationNeeded(mtu)), &quoted, 576, meta)
        }
        None => icmp::redirect(Redirect::to_host([10, 0, 0, 3].into()), &quoted, 576, meta),
    };
    let header = ipv4::Header {
        source: [10, 0, 0, 2].into(),
        destination: [10, 0, 0, 1].into(),
        protocol: IpNumber::ICMP,
        ttl: 64,
        tos: 0,
        identification: None,
    };
    ipv4::push(&mut message, &header);
    let [to, from] = [1, 2].map(|number| Mac([2, 0, 0, 0, 0, number]));
    ethernet::push(&mut message, &ethernet::header(to, from, EtherType::IPV4));
    message.to_vec()
}

/// A router with another interface, whose link takes less, and a VLAN: it does all that routers do.
fn busy_router() -> (Net, SocketId) {
    let net = Net::new(1, |config| {
        let mut second = InterfaceConfig::new("eth1", SECOND, ["10.0.1.1/24".parse().unwrap()]);
        second.capabilities.mtu = 296;
        second.neighbors.push(("10.0.1.9".parse().unwrap(), Mac([2, 0, 0, 0, 1, 9])));
        config.interfaces.push(second);
        let network = ["10.0.10.1/24".parse().unwrap()];
        config.interfaces.push(config.interfaces[0].vlan(WIRE, VlanId::new(10).unwrap(), network));
        for interface in &mut config.interfaces {
            (interface.announce, interface.proxy_arp) = (false, true);
            interface.rarp_table = vec![(Mac([2, 0, 0, 0, 0, 2]), [10, 0, 0, 2].into())];
        }
        let knobs = &mut config.profile.network;
        (knobs.forwarding, knobs.multicast_forwarding) = (true, true);
        (knobs.accept_source_routes, knobs.directed_broadcast) = (true, true);
        (knobs.icmp_errors, knobs.answer_broadcast_echo) = (None, true);
    });
    occupied(net)
}

/// The router's other interface.
const SECOND: Mac = Mac([2, 0, 0, 0, 0, 0x11]);

/// A host in the midst of things: listening, connecting, with sockets bound where the frames above go.
fn busy() -> (Net, SocketId) {
    occupied(Net::new(1, |config| {
        config.profile.network.multicast_forwarding = true;
        config.interfaces[0].rarp_table = vec![(Mac([2, 0, 0, 0, 0, 9]), [10, 0, 0, 9].into())];
    }))
}

fn occupied(mut net: Net) -> (Net, SocketId) {
    net.call(0, Host::start);
    net.call(0, |host, ctx| {
        host.assign_address(ctx, WIRE, crate::addr::Cidr::new(WANTED.into(), 24).unwrap()).unwrap();
    });
    let socket = net.call(0, |host, ctx| {
        host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8).unwrap();
        host.tcp_connect(ctx, Some(addr("0.0.0.0:5000")), addr("10.0.0.2:6999")).unwrap();
        host.icmp_open(ctx).unwrap();
        let member = host.udp_bind(ctx, addr("0.0.0.0:5000")).unwrap();
        host.udp_join(ctx, member, [239, 1, 2, 3].into(), [0; 4].into()).unwrap();
        host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap()
    });
    net.run();
    (net, socket)
}

fn frame_of(octets: &[u8]) -> Frame {
    Frame::from_wire(Bytes::copy_from_slice(octets), Meta::new(Cause::Raw, Trigger::Call))
}

/// Makes the IPv4 header's and the transport's checksums fit, so that a change reaches the code behind them.
fn mend(octets: &mut [u8]) {
    use crate::checksum::{Sum, pseudo_header};
    if octets.len() < 34 || octets[12..14] != [8, 0] {
        return;
    }
    let header = (usize::from(octets[14] & 15) * 4).clamp(20, octets.len() - 14);
    octets[24..26].fill(0);
    let sum = Sum::new().with(&octets[14..14 + header]).finish();
    octets[24..26].copy_from_slice(&sum.to_be_bytes());
    let ends =
        |at: usize| core::net::IpAddr::from([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
    let (source, destination, protocol) = (ends(26), ends(30), octets[23]);
    if u16::from_be_bytes([octets[20], octets[21]]) & 0x3fff != 0 {
        // A fragment's message is not whole: it keeps the checksum that it has.
        return;
    }
    let total = usize::from(u16::from_be_bytes([octets[16], octets[17]])).clamp(header, octets.len() - 14);
    let message = &mut octets[14 + header..14 + total];
    let (place, sum) = match protocol {
        1 | 2 => (2, Sum::new()),
        6 => (16, pseudo_header(&source, &destination, 6, message.len() as u32)),
        17 => (6, pseudo_header(&source, &destination, 17, message.len() as u32)),
        _ => return,
    };
    if message.len() >= place + 2 {
        message[place..place + 2].fill(0);
        let sum = sum.with(message).finish();
        message[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

#[test]
fn the_frames_to_be_changed_are_of_every_kind() {
    let frames = exchanged();
    let protocols: Vec<u8> = frames.iter().filter(|octets| octets[12..14] == [8, 0]).map(|o| o[23]).collect();
    for protocol in [1, 2, 6, 17] {
        assert!(protocols.contains(&protocol));
    }
    for type_ in [[8, 6], [0x80, 0x35]] {
        assert!(frames.iter().any(|octets| octets[12..14] == type_));
    }
    let rarer = rarer();
    let has = |what: &str, test: &dyn Fn(&[u8]) -> bool| assert!(rarer.iter().any(|o| test(o)), "{what}");
    let is_ip = |o: &[u8]| o[12..14] == [8, 0];
    has("a fragment", &|o| is_ip(o) && (o[20] & 0x20 != 0 || o[20] & 0x1f != 0 || o[21] != 0));
    for option in [7, 68, 131, 137, 148] {
        has("an option", &|o| is_ip(o) && o[14] > 0x45 && o[34] == option);
    }
    for message in [3, 5, 13] {
        has("an ICMP message", &|o| is_ip(o) && o[14] == 0x45 && o[23] == 1 && o[34] == message);
    }
    has("RARP", &|o| o[12..14] == [0x80, 0x35]);
    has("a tag", &|o| o[12..14] == [0x81, 0]);
    for octets in frames.into_iter().chain(rarer) {
        let mut mended = octets.clone();
        mend(&mut mended);
        assert_eq!(mended, octets, "mending a whole frame changes nothing");
    }
}

/// Changes to a frame: octets set, octets cut off, octets put behind.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Flip(usize),
    Cut(usize),
    Pad(usize),
}

fn change() -> impl Strategy<Value = Change> {
    // Most changes go where headers are.
    let place = prop_oneof![4 => 0_usize..80, 1 => 0_usize..1600];
    prop_oneof![
        3 => (place.clone(), any::<u8>()).prop_map(|(at, octet)| Change::Set(at, octet)),
        3 => (0_usize..640).prop_map(Change::Flip),
        1 => place.prop_map(Change::Cut),
        1 => (0_usize..60).prop_map(Change::Pad),
    ]
}

fn apply(octets: &mut Vec<u8>, change: &Change) {
    match *change {
        Change::Set(at, octet) => {
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
        }
        Change::Flip(bit) => {
            if let Some(place) = octets.get_mut(bit / 8) {
                *place ^= 1 << (bit % 8);
            }
        }
        Change::Cut(length) => octets.truncate(length),
        Change::Pad(length) => octets.resize(octets.len() + length, 0xaa),
    }
}

/// The host can still talk to itself, and what it keeps is bounded.
fn still_works(mut net: Net, socket: SocketId) -> bool {
    while net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket)) != Err(SocketError::WouldBlock) {}
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"still here", addr("127.0.0.1:7"))).unwrap();
    net.run_for(Duration::from_secs(1));
    net.hosts[0].interfaces[0].neighbors.len() <= 512
        && net.call(0, |host, ctx| host.udp_recv_bytes(ctx, socket)).is_ok()
}

proptest! {
    #[test]
    fn arbitrary_octets(frames in vec(vec(any::<u8>(), 0..200), 1..20), to_us: bool) {
        let (mut net, socket) = busy();
        for mut octets in frames {
            if to_us && octets.len() >= 14 {
                octets[..6].copy_from_slice(&[2, 0, 0, 0, 0, 1]);
                (octets[12], octets[13]) = (8, octets[13] % 8);
            }
            net.deliver(0, frame_of(&octets));
            net.run();
        }
        prop_assert!(still_works(net, socket));
    }

    #[test]
    fn changed_frames_through_a_router(
        changes in vec(
            (any::<proptest::sample::Index>(), vec(change(), 0..4), any::<bool>(), any::<bool>(), 0_usize..6), 1..40
        )
    ) {
        let frames = [exchanged(), rarer()].concat();
        let (mut net, socket) = busy_router();
        for (which, changes, mended, by_second, to) in changes {
            let mut octets = which.get(&frames).clone();
            let unicast = octets[0] & 1 == 0;
            if unicast {
                let station = if by_second { SECOND } else { Mac([2, 0, 0, 0, 0, 1]) };
                octets[..6].copy_from_slice(&station.0);
            }
            if unicast && octets[12..14] == [8, 0] {
                // To a neighbour behind it, to nobody there, to all there, to nowhere; or as it was, or to a far address.
                let ends = [[10, 0, 1, 9], [10, 0, 1, 77], [10, 0, 1, 255], [192, 0, 2, 1], [10, 0, 0, 1], [10, 0, 1, 1]];
                octets[26..30].copy_from_slice(&[10, 0, u8::from(by_second), 2]);
                octets[30..34].copy_from_slice(&ends[to]);
                mend(&mut octets);
            }
            for change in &changes {
                apply(&mut octets, change);
            }
            if mended {
                mend(&mut octets);
            }
            let on = InterfaceId(u16::from(by_second));
            net.call(0, |host, ctx| host.handle_frame(ctx, on, frame_of(&octets)));
            net.run_for(Duration::from_millis(10));
        }
        prop_assert!(still_works(net, socket));
    }

    #[test]
    fn changed_frames(
        changes in vec((any::<proptest::sample::Index>(), vec(change(), 0..4), any::<bool>()), 1..40)
    ) {
        let frames = [exchanged(), rarer()].concat();
        let (mut net, socket) = busy();
        for (which, changes, mended) in changes {
            let mut octets = which.get(&frames).clone();
            // Both directions' frames are turned to this host.
            if octets.get(..6) == Some(&[2, 0, 0, 0, 0, 2]) {
                octets[5] = 1;
                if octets[12..14] == [8, 0] {
                    octets[33] = 1;
                    octets[29] = 2;
                }
            }
            // And those for groups are from somebody else.
            if octets.get(..3) == Some(&[1, 0, 0x5e]) {
                octets[29] = 2;
                mend(&mut octets);
            }
            for change in &changes {
                apply(&mut octets, change);
            }
            if mended {
                mend(&mut octets);
            }
            net.deliver(0, frame_of(&octets));
            net.run_for(Duration::from_millis(10));
        }
        prop_assert!(still_works(net, socket));
    }
}
