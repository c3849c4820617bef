use etherparse::{UdpHeader, UdpHeaderSlice};
use proptest::prelude::*;

use super::*;
use crate::frame::{Checksum, FrameId, InterfaceId, Meta};
use crate::rng::Rng;
use crate::trace::{Cause, Trigger};
use crate::transport::Trouble;

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn rng() -> Rng {
    Rng::stream(1, "host", "stack")
}

fn udp(change: impl FnOnce(&mut Knobs)) -> Udp {
    let mut knobs = Knobs::rfc();
    change(&mut knobs);
    Udp::new(knobs, &mut rng())
}

fn ip(source: &str, destination: &str) -> IpInfo {
    IpInfo {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        to_unicast: true,
        interface: InterfaceId(0),
        ttl: 64,
        tos: 0,
        options_length: 0,
        checksum: Checksum::Complete,
        segment_size: None,
        frame: FrameId::default(),
    }
}

fn datagram(source: &str, destination: &str, payload: &[u8]) -> (IpInfo, Frame) {
    let (source, destination) = (addr(source), addr(destination));
    let meta = Meta::new(Cause::UdpData, Trigger::Call);
    let mut frame = Frame::with_payload(Bytes::copy_from_slice(payload), meta);
    push(&mut frame, source, destination, false);
    (ip(&source.ip().to_string(), &destination.ip().to_string()), frame)
}

fn deliver(udp: &mut Udp, source: &str, destination: &str, payload: &[u8]) -> Verdict {
    let (ip, mut frame) = datagram(source, destination, payload);
    udp.accept_datagram(&ip, &mut frame)
}

fn wakes(udp: &mut Udp) -> Vec<Wake> {
    let mut wakes = Vec::new();
    udp.take_wakes(&mut wakes);
    wakes
}

#[test]
fn a_datagram_reaches_the_narrowest_socket() {
    let mut udp = udp(|_| ());
    let all = udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"a"), Verdict::Accepted);
    assert_eq!(udp.recv(all).unwrap(), (Bytes::from_static(b"a"), addr("10.0.0.2:9")));
    udp.close(all);
    let narrow = udp.bind(&mut rng(), addr("10.0.0.1:7")).unwrap();
    let other = udp.bind(&mut rng(), addr("10.0.1.1:7")).unwrap();
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.1.1:7", b"b"), Verdict::Accepted);
    assert_eq!(udp.recv(narrow), Err(SocketError::WouldBlock));
    assert_eq!(udp.recv(other).unwrap().0, "b");
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.2.1:7", b"c"), Verdict::PortUnreachable);
}

#[test]
fn a_socket_with_a_peer_hears_only_that_peer() {
    let mut udp = udp(|_| ());
    let socket = udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"before");
    deliver(&mut udp, "10.0.0.3:9", "10.0.0.1:7", b"stranger");
    udp.connect(socket, "10.0.0.1".parse().unwrap(), addr("10.0.0.2:9")).unwrap();
    assert_eq!((udp.local(socket), udp.peer(socket)), (Ok(addr("10.0.0.1:7")), Ok(addr("10.0.0.2:9"))));
    assert_eq!(deliver(&mut udp, "10.0.0.3:9", "10.0.0.1:7", b"no"), Verdict::PortUnreachable);
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"yes"), Verdict::Accepted);
    assert_eq!(udp.recv(socket).unwrap().0, "before");
    assert_eq!(udp.recv(socket).unwrap().0, "yes");
    assert_eq!(udp.recv(socket), Err(SocketError::WouldBlock));
}

#[test]
fn ports_conflict_where_addresses_overlap() {
    let mut udp = udp(|knobs| knobs.ephemeral_ports = 50_000..=50_001);
    let mut bind = |text| udp.bind(&mut rng(), addr(text));
    assert!(bind("10.0.0.1:7").is_ok());
    assert_eq!(bind("10.0.0.1:7"), Err(SocketError::AddressInUse));
    assert_eq!(bind("0.0.0.0:7"), Err(SocketError::AddressInUse));
    assert!(bind("10.0.0.2:7").is_ok());
    assert!(bind("[::]:7").is_ok(), "the families are apart");
    assert!(bind("0.0.0.0:50000").is_ok());
    let free = bind("10.0.0.1:0").unwrap();
    assert_eq!(bind("10.0.0.1:0"), Err(SocketError::AddressNotAvailable));
    assert_eq!(udp.local(free), Ok(addr("10.0.0.1:50001")));
    udp.close(free);
    assert_eq!(udp.local(free), Err(SocketError::BadDescriptor));
    assert!(udp.bind(&mut rng(), addr("10.0.0.1:0")).is_ok(), "a closed socket's port is free again");
}

#[test]
fn a_full_queue_drops_and_counts_what_it_holds() {
    let mut udp = udp(|knobs| knobs.receive_buffer = 2_500);
    let socket = udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    for _ in 0..2 {
        assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", &[0; 1000]), Verdict::Accepted);
    }
    let full = Verdict::Dropped(DropReason::UdpQueueFull);
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", &[0; 1000]), full);
    udp.recv(socket).unwrap();
    assert_eq!(deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", &[0; 1000]), Verdict::Accepted);
    // Empty datagrams fill it too: each holds a place.
    let empty = (0..).take_while(|_| deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", &[]) == Verdict::Accepted);
    assert!(empty.count() < 20);
}

#[test]
fn a_small_datagram_gives_its_large_storage_back() {
    let mut udp = udp(|knobs| knobs.copy_below = 4);
    let socket = udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    for (length, shared) in [(3, false), (4, true)] {
        let storage = Bytes::from(vec![7; 4096]);
        let mut frame =
            Frame::with_payload(storage.slice(..length), Meta::new(Cause::UdpData, Trigger::Call));
        push(&mut frame, addr("10.0.0.2:9"), addr("10.0.0.1:7"), false);
        udp.accept_datagram(&ip("10.0.0.2", "10.0.0.1"), &mut frame);
        let (payload, _) = udp.recv(socket).unwrap();
        assert_eq!(payload.as_ptr() == storage.as_ptr(), shared, "{length} octets");
    }
}

#[test]
fn one_wake_for_one_wait() {
    let mut udp = udp(|_| ());
    let socket = udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"nobody waits");
    assert_eq!(wakes(&mut udp), []);
    udp.recv(socket).unwrap();
    assert_eq!(udp.recv(socket), Err(SocketError::WouldBlock));
    deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"one");
    deliver(&mut udp, "10.0.0.2:9", "10.0.0.1:7", b"two");
    assert_eq!(wakes(&mut udp), [Wake { socket: SocketId::Udp(socket), readiness: Readiness::READ }]);
    assert!(udp.wait_to_send(socket) && !udp.wait_to_send(socket));
    udp.wake(socket, Readiness::WRITE);
    assert_eq!(wakes(&mut udp), [Wake { socket: SocketId::Udp(socket), readiness: Readiness::WRITE }]);
}

fn bind_as(udp: &mut Udp, text: &str, share: bool, spread: bool) -> Result<Key, SocketError> {
    udp.bind_as(&mut rng(), addr(text), Binding { share, spread, ..Binding::default() })
}

#[test]
fn one_port_is_for_several_only_where_all_share_it_alike() {
    for (first, second, fits) in [
        ((false, false), (true, true), false),
        ((true, false), (true, false), true),
        ((false, true), (false, true), true),
        ((true, false), (false, true), false),
        ((true, true), (false, true), true),
    ] {
        let mut udp = udp(|_| ());
        bind_as(&mut udp, "0.0.0.0:7", first.0, first.1).unwrap();
        let again = bind_as(&mut udp, "10.0.0.1:7", second.0, second.1);
        assert_eq!(again.is_ok(), fits, "{first:?} {second:?}");
    }
}

#[test]
fn a_shared_port_gives_all_to_the_last_and_a_spread_one_a_flow_to_each() {
    for spread in [false, true] {
        let mut udp = udp(|_| ());
        let sockets = [(); 3].map(|()| bind_as(&mut udp, "0.0.0.0:7", !spread, spread).unwrap());
        for port in 1000..1090 {
            for _ in 0..2 {
                deliver(&mut udp, &format!("10.0.0.2:{port}"), "10.0.0.1:7", b"x");
            }
        }
        let mut peers = Vec::new();
        let counts = sockets.map(|socket| {
            let came: Vec<_> =
                core::iter::from_fn(|| udp.recv(socket).ok()).map(|(_, from)| from.port()).collect();
            assert!(came.chunks(2).all(|pair| pair[0] == pair[1]), "a flow stays where it is");
            peers.extend_from_slice(&came);
            came.len() / 2
        });
        peers.sort_unstable();
        assert_eq!(peers.len(), 180);
        assert_eq!(counts == [0, 0, 90], !spread);
        assert_eq!(counts.iter().all(|count| (15..=45).contains(count)), spread, "{counts:?}");
    }
}

#[test]
fn a_socket_has_buffers_of_its_own_once_it_was_told() {
    let mut udp = udp(|_| ());
    let [small, other] = ["0.0.0.0:7", "0.0.0.0:8"].map(|text| udp.bind(&mut rng(), addr(text)).unwrap());
    udp.set_receive_buffer(small, 0).unwrap();
    assert_eq!((udp.receive_buffer(small), udp.receive_buffer(other)), (Ok(2_048), Ok(256 * 1024)));
    let deliver = |udp: &mut Udp, to| deliver(udp, "10.0.0.2:9", to, &[0; 1000]);
    assert_eq!(deliver(&mut udp, "10.0.0.1:7"), Verdict::Accepted);
    assert_eq!(deliver(&mut udp, "10.0.0.1:7"), Verdict::Dropped(DropReason::UdpQueueFull));
    assert_eq!([(); 9].map(|()| deliver(&mut udp, "10.0.0.1:8")), [Verdict::Accepted; 9]);
    udp.set_receive_buffer(small, u32::MAX).unwrap();
    assert_eq!(udp.receive_buffer(small), Ok(1 << 30));
    assert_eq!(deliver(&mut udp, "10.0.0.1:7"), Verdict::Accepted);
    assert_eq!(udp.send_buffer(small), Ok(MAX_PAYLOAD));
    udp.set_send_buffer(small, 3_000).unwrap();
    assert_eq!((udp.send_buffer(small), udp.send_buffer(other)), (Ok(3_000), Ok(MAX_PAYLOAD)));
}

fn report(trouble: Trouble) -> Report {
    Report { from: [10, 0, 0, 2].into(), trouble, icmp: None }
}

#[test]
fn errors_are_told_once_to_whom_they_concern() {
    // RFC 1122 §4.1.3.3
    for (errors_without_peer, told) in [(true, true), (false, false)] {
        let mut udp = udp(|knobs| knobs.errors_without_peer = errors_without_peer);
        let (local, remote) = (addr("10.0.0.1:7"), addr("10.0.0.2:9"));
        let socket = udp.bind(&mut rng(), local).unwrap();
        assert!(udp.on_trouble(local, remote, &report(Trouble::PortUnreachable), Bytes::new));
        assert_eq!(udp.recv(socket) == Err(SocketError::ConnectionRefused), told);
        assert_eq!(udp.recv(socket), Err(SocketError::WouldBlock));
        udp.connect(socket, local.ip(), remote).unwrap();
        assert!(udp.on_trouble(local, remote, &report(Trouble::HostUnreachable), Bytes::new));
        assert_eq!(wakes(&mut udp).len(), 1);
        assert_eq!(udp.ends(socket, None, false), Err(SocketError::HostUnreachable));
        assert!(udp.ends(socket, None, false).is_ok());
        assert!(
            !udp.on_trouble(local, addr("10.0.0.3:9"), &report(Trouble::PortUnreachable), Bytes::new),
            "no flow of ours"
        );
        assert!(!udp.on_trouble(addr("10.0.0.1:8"), remote, &report(Trouble::PortUnreachable), Bytes::new));
    }
}

#[test]
fn ends_are_checked() {
    let mut udp = udp(|_| ());
    let socket = udp.bind(&mut rng(), addr("10.0.0.1:7")).unwrap();
    assert_eq!(udp.ends(socket, None, false), Err(SocketError::NotConnected));
    assert_eq!(udp.ends(socket, Some(addr("[::1]:9")), false), Err(SocketError::InvalidInput));
    assert_eq!(udp.ends(socket, Some(addr("10.0.0.2:0")), false), Err(SocketError::InvalidInput));
    udp.set_broadcast(socket, true).unwrap();
    let ends = (addr("10.0.0.1:7"), addr("10.0.0.2:9"), true);
    assert_eq!(udp.ends(socket, Some(ends.1), false), Ok(ends));
    udp.connect(socket, ends.0.ip(), ends.1).unwrap();
    assert_eq!(udp.ends(socket, None, false), Ok(ends));
    assert_eq!(udp.ends(socket, Some(addr("10.0.0.3:9")), false), Err(SocketError::AlreadyConnected));
}

#[test]
fn lengths_and_checksums_are_checked() {
    let mut udp = udp(|_| ());
    udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
    let (ip, good) = datagram("10.0.0.2:9", "10.0.0.1:7", b"payload");
    let mut verdict = |change: &dyn Fn(&mut Vec<u8>), checksum| {
        let mut octets = good.to_vec();
        change(&mut octets);
        let mut frame = Frame::from_wire(octets.into(), good.meta);
        udp.accept_datagram(&IpInfo { checksum, ..ip }, &mut frame)
    };
    let (malformed, bad) = (DropReason::UdpMalformed, DropReason::UdpBadChecksum);
    let complete = Checksum::Complete;
    assert_eq!(verdict(&|_| (), complete), Verdict::Accepted);
    assert_eq!(verdict(&|octets| octets[5] = 7, complete), Verdict::Dropped(malformed));
    assert_eq!(verdict(&|octets| octets[5] = 16, complete), Verdict::Dropped(malformed));
    assert_eq!(verdict(&|octets| octets.truncate(7), complete), Verdict::Dropped(malformed));
    assert_eq!(verdict(&|octets| octets[3] = 0, complete), Verdict::Dropped(malformed));
    assert_eq!(verdict(&|octets| octets[14] ^= 1, complete), Verdict::Dropped(bad));
    // RFC 1122 §4.1.3.4: none was made, so none is wrong.
    assert_eq!(verdict(&|octets| octets[6..8].fill(0), complete), Verdict::Accepted);
    for trusted in [Checksum::Verified, Checksum::Unchecked, Checksum::Partial { start: 0, offset: 6 }] {
        assert_eq!(verdict(&|octets| octets[14] ^= 1, trusted), Verdict::Accepted);
    }
    // What stands behind the datagram in the packet is none of it.
    assert_eq!(verdict(&|octets| octets.extend([1, 2, 3]), complete), Verdict::Accepted);
}

#[test]
fn a_checksum_of_zero_is_sent_as_all_ones() {
    // RFC 768 §Fields. Two octets of payload can make the sum whatever one likes.
    let (_, frame) = datagram("10.0.0.2:9", "10.0.0.1:7", &[0, 0]);
    let sum = u16::from_be_bytes(*frame.head()[6..].first_chunk().unwrap());
    let (ip, mut frame) = datagram("10.0.0.2:9", "10.0.0.1:7", &sum.to_be_bytes());
    assert_eq!(frame.head()[6..], [0xff, 0xff]);
    assert!(super::datagram::accept(&ip, &mut frame).is_ok());
}

proptest! {
    #[test]
    fn each_header_reads_as_it_was_written(
        source: u32, destination: u32, from: u16, to in 1_u16.., payload in proptest::collection::vec(any::<u8>(), 0..100)
    ) {
        let (source, destination) = (IpAddr::from(source.to_be_bytes()), IpAddr::from(destination.to_be_bytes()));
        let mut frame = Frame::with_payload(payload.clone().into(), Meta::new(Cause::UdpData, Trigger::Call));
        push(&mut frame, SocketAddr::new(source, from), SocketAddr::new(destination, to), false);
        let octets = frame.to_vec();
        let read = UdpHeaderSlice::from_slice(&octets).unwrap();
        let (IpAddr::V4(source_v4), IpAddr::V4(destination_v4)) = (source, destination) else { panic!() };
        let expected =
            UdpHeader::with_ipv4_checksum(from, to, &etherparse::Ipv4Header {
                source: source_v4.octets(), destination: destination_v4.octets(), ..Default::default()
            }, &payload).unwrap();
        prop_assert_eq!(read.to_header(), expected);
        let ip = IpInfo { source, destination, ..ip("10.0.0.1", "10.0.0.2") };
        let ports = super::datagram::accept(&ip, &mut frame).unwrap();
        prop_assert_eq!((ports.source_port, ports.destination_port), (from, to));
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..60), checked: bool) {
        let mut udp = udp(|_| ());
        udp.bind(&mut rng(), addr("0.0.0.0:7")).unwrap();
        let checksum = if checked { Checksum::Complete } else { Checksum::Verified };
        let ip = IpInfo { checksum, ..ip("10.0.0.1", "10.0.0.2") };
        let mut frame = Frame::from_wire(octets.into(), Meta::new(Cause::Raw, Trigger::Call));
        udp.accept_datagram(&ip, &mut frame);
    }
}
