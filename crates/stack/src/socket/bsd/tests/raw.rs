//! Raw sockets, and those of datagrams of ICMP.

use proptest::prelude::*;

use super::*;
use crate::trace::DropReason;

/// A protocol that nothing here speaks.
const STRANGE: i32 = 253;
const US: [u8; 4] = [10, 0, 0, 1];
const THEM: [u8; 4] = [10, 0, 0, 2];

fn raw(net: &mut Net, host: usize, protocol: i32) -> Fd {
    net.bsd(host, |bsd| bsd.socket(AF_INET, SOCK_RAW, protocol).unwrap())
}

fn ping(net: &mut Net, host: usize) -> Fd {
    net.bsd(host, |bsd| bsd.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP).unwrap())
}

fn to(net: &mut Net, fd: Fd, data: &[u8]) -> Result<usize, Errno> {
    let sent = net.bsd(0, |bsd| bsd.sendto(fd, data, 0, (THEM, 0)));
    net.run();
    sent
}

/// An echo request with a sequence number and some data.
fn request(sequence: u8) -> Vec<u8> {
    [&[8, 0, 0, 0, 0, 0, 0, sequence][..], b"data"].concat()
}

/// A packet with a header that leaves to the host what may be left to it.
fn packet(length: usize) -> Vec<u8> {
    let mut packet = vec![0; length];
    (packet[0], packet[8], packet[9]) = (0x45, 9, STRANGE as u8);
    packet[16..20].copy_from_slice(&THEM);
    packet
}

#[test]
fn a_raw_socket_gets_whole_packets_and_its_host_does_what_it_always_did() {
    let mut net = net();
    let (watching, asking) = (raw(&mut net, 1, IPPROTO_ICMP), ping(&mut net, 0));
    assert_eq!(to(&mut net, asking, &request(1)), Ok(12));
    let seen = recv(&mut net, 1, watching, 0).unwrap();
    assert_eq!((seen[0], usize::from(seen[3]), seen[9]), (0x45, seen.len(), 1));
    assert_eq!((&seen[12..16], &seen[16..20], &seen[20..22]), (&US[..], &THEM[..], &[8, 0][..]));
    assert_eq!(&seen[28..], b"data");
    assert_eq!(recv(&mut net, 0, asking, 0).unwrap()[..2], [0, 0], "and it was answered");
    let from = net.bsd(1, |bsd| bsd.recvfrom(watching, &mut [], MSG_DONTWAIT));
    assert_eq!(from, Err(Errno::EAGAIN), "each packet once");
}

#[test]
fn what_a_raw_socket_speaks_is_no_unknown_protocol() {
    let refused = |listening: bool| {
        let mut net = net();
        let sender = raw(&mut net, 0, STRANGE);
        net.bsd(0, |bsd| bsd.connect(sender, (THEM, 0))).unwrap();
        let taker = listening.then(|| raw(&mut net, 1, STRANGE));
        assert_eq!(send(&mut net, 0, sender, b"hello"), Ok(5));
        if let Some(taker) = taker {
            assert_eq!(recv(&mut net, 1, taker, 0).unwrap()[20..], *b"hello");
        }
        recv(&mut net, 0, sender, 0)
    };
    assert_eq!(refused(false), Err(Errno::ECONNREFUSED));
    assert_eq!(refused(true), Err(Errno::EAGAIN));
}

#[test]
fn packets_come_whole_though_they_were_cut() {
    let mut net = net();
    let (sender, taker) = (raw(&mut net, 0, STRANGE), raw(&mut net, 1, STRANGE));
    net.bsd(0, |bsd| bsd.setsockopt(sender, IPPROTO_IP, IP_TTL, 7)).unwrap();
    let data = [7; 4000];
    assert_eq!(to(&mut net, sender, &data), Ok(4000));
    assert!(net.carried.iter().filter(|(from, _)| *from == 0).count() >= 3);
    let mut buffer = vec![0; 65_535];
    let (length, from) = net.bsd(1, |bsd| bsd.recvfrom(taker, &mut buffer, 0)).unwrap();
    assert_eq!((length, from), (4020, Some((US, 0).into())));
    assert_eq!((buffer[8], &buffer[2..4]), (7, &4020_u16.to_be_bytes()[..]));
    assert_eq!(buffer[20..length], data);
    net.bsd(0, |bsd| {
        let longest = 65_535 - 20;
        assert_eq!(bsd.sendto(sender, &vec![0; longest], 0, (THEM, 0)), Ok(longest));
        assert_eq!(bsd.sendto(sender, &vec![0; longest + 1], 0, (THEM, 0)), Err(Errno::EMSGSIZE));
        bsd.setsockopt(sender, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO).unwrap();
        assert_eq!(bsd.sendto(sender, &[0; 1480], 0, (THEM, 0)), Ok(1480));
        assert_eq!(bsd.sendto(sender, &[0; 1481], 0, (THEM, 0)), Err(Errno::EMSGSIZE));
    });
}

#[test]
fn bound_or_connected_it_gets_only_what_is_for_it() {
    let mut net = Net::new(3, |config| config.profile = Profile::linux());
    let all = raw(&mut net, 1, STRANGE);
    let here = raw(&mut net, 1, STRANGE);
    let of_third = raw(&mut net, 1, STRANGE);
    let elsewhere = raw(&mut net, 1, STRANGE);
    net.bsd(1, |bsd| {
        bsd.bind(here, (THEM, 99)).unwrap();
        bsd.connect(of_third, ([10, 0, 0, 3], 5)).unwrap();
        bsd.bind(elsewhere, ([127, 0, 0, 1], 0)).unwrap();
        assert_eq!(bsd.bind(here, ([10, 0, 0, 9], 0)), Err(Errno::EADDRNOTAVAIL));
        assert_eq!(bsd.bind(of_third, (THEM, 0)), Err(Errno::EINVAL));
        // As there, the protocol stands for the port, and a peer without a port is none to name.
        assert_eq!(bsd.getsockname(here), Ok((THEM, 253).into()));
        assert_eq!(bsd.getpeername(here), Err(Errno::ENOTCONN));
        assert_eq!(bsd.getpeername(of_third), Ok(([10, 0, 0, 3], 5).into()));
    });
    let sender = raw(&mut net, 0, STRANGE);
    to(&mut net, sender, b"one").unwrap();
    for (fd, gets) in [(all, true), (here, true), (of_third, false), (elsewhere, false)] {
        assert_eq!(recv(&mut net, 1, fd, 0).is_ok(), gets, "{fd:?}");
    }
    let third = raw(&mut net, 2, STRANGE);
    net.bsd(2, |bsd| bsd.sendto(third, b"two", 0, (THEM, 0))).unwrap();
    net.run();
    assert_eq!(recv(&mut net, 1, of_third, 0).unwrap()[20..], *b"two");
    // Without its peer it is for all again.
    net.bsd(1, |bsd| bsd.connect(of_third, Address::Unspecified)).unwrap();
    to(&mut net, sender, b"three").unwrap();
    assert_eq!(recv(&mut net, 1, of_third, 0).unwrap()[20..], *b"three");
}

#[test]
fn a_header_that_is_included_is_filled_in_where_it_may_be() {
    let mut net = net();
    let (sender, taker) = (raw(&mut net, 0, IPPROTO_RAW), raw(&mut net, 1, STRANGE));
    net.bsd(0, |bsd| assert_eq!(bsd.getsockopt(sender, IPPROTO_IP, IP_HDRINCL), Ok(1.into())));
    to(&mut net, sender, &packet(24)).unwrap();
    let seen = recv(&mut net, 1, taker, 0).unwrap();
    assert_eq!((seen.len(), &seen[2..4], seen[8]), (24, &[0, 24][..], 9));
    assert_ne!(seen[4..6], [0, 0]);
    assert_eq!(seen[12..16], US);
    // What is there stays, but length and checksum.
    let mut own = packet(24);
    own[2..6].copy_from_slice(&[9, 9, 1, 2]);
    own[10..16].copy_from_slice(&[1, 2, 10, 0, 0, 77]);
    to(&mut net, sender, &own).unwrap();
    let seen = recv(&mut net, 1, taker, 0).unwrap();
    assert_eq!((&seen[2..6], &seen[12..16]), (&[0, 24, 1, 2][..], &[10, 0, 0, 77][..]));
    net.bsd(0, |bsd| {
        // It is never cut, and never shorter than its header.
        assert_eq!(bsd.sendto(sender, &packet(1500), 0, (THEM, 0)), Ok(1500));
        assert_eq!(bsd.sendto(sender, &packet(1501), 0, (THEM, 0)), Err(Errno::EMSGSIZE));
        assert_eq!(bsd.sendto(sender, &packet(20)[..19], 0, (THEM, 0)), Err(Errno::EINVAL));
        assert_eq!(bsd.sendto(sender, &[0x46; 20], 0, (THEM, 0)), Err(Errno::EINVAL));
        assert_eq!(bsd.sendto(sender, &[], 0, (THEM, 0)), Err(Errno::EINVAL));
        assert_eq!(bsd.send(sender, &packet(24), 0), Err(Errno::EDESTADDRREQ));
        assert_eq!(bsd.sendto(sender, &packet(24), MSG_MORE, (THEM, 0)), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.sendto(sender, &packet(24), 0, ([255; 4], 0)), Err(Errno::EACCES));
        bsd.setsockopt(sender, IPPROTO_IP, IP_HDRINCL, false).unwrap();
        assert_eq!(bsd.sendto(sender, &[], 0, (THEM, 0)), Ok(0));
    });
}

#[test]
fn protocol_255_receives_nothing_and_others_include_headers_when_told_to() {
    let mut net = net();
    let (nothing, sender) = (raw(&mut net, 1, IPPROTO_RAW), raw(&mut net, 0, STRANGE));
    assert!(!net.hosts[1].raw.listens());
    net.bsd(0, |bsd| bsd.setsockopt(sender, IPPROTO_IP, IP_HDRINCL, true)).unwrap();
    let mut own = packet(20);
    own[9] = 255;
    to(&mut net, sender, &own).unwrap();
    assert_eq!(recv(&mut net, 1, nothing, 0), Err(Errno::EAGAIN));
    assert_eq!(net.hosts[1].dropped(DropReason::UnknownProtocol), 1);
}

#[test]
fn messages_of_icmp_are_filtered_by_their_types() {
    let mut net = net();
    let (watching, asking) = (raw(&mut net, 1, IPPROTO_ICMP), ping(&mut net, 0));
    net.bsd(1, |bsd| {
        bsd.setsockopt(watching, SOL_RAW, ICMP_FILTER, 1 << 8).unwrap();
        assert_eq!(bsd.getsockopt(watching, SOL_RAW, ICMP_FILTER), Ok((1 << 8).into()));
        let other = bsd.socket(AF_INET, SOCK_RAW, STRANGE).unwrap();
        assert_eq!(bsd.setsockopt(other, SOL_RAW, ICMP_FILTER, 0), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.setsockopt(other, SOL_RAW, 2, 0), Err(Errno::ENOPROTOOPT));
    });
    to(&mut net, asking, &request(1)).unwrap();
    assert_eq!(recv(&mut net, 1, watching, 0), Err(Errno::EAGAIN));
    net.bsd(1, |bsd| bsd.setsockopt(watching, SOL_RAW, ICMP_FILTER, 0)).unwrap();
    to(&mut net, asking, &request(2)).unwrap();
    assert!(recv(&mut net, 1, watching, 0).is_ok());
}

#[test]
fn the_queue_is_bounded_and_what_is_lost_is_counted() {
    let mut net = net();
    let (sender, taker) = (raw(&mut net, 0, STRANGE), raw(&mut net, 1, STRANGE));
    net.bsd(1, |bsd| bsd.setsockopt(taker, SOL_SOCKET, SO_RCVBUF, 1)).unwrap();
    let held = 20 + 500 + size_of::<crate::transport::udp::Received>();
    let fit = 2048 / held;
    for _ in 0..=fit {
        to(&mut net, sender, &[0; 500]).unwrap();
    }
    let id = net.bsd(1, |bsd| bsd.token(taker)).unwrap().unwrap();
    assert_eq!(net.hosts[1].raw_drops(id), Ok(1));
    assert_eq!(net.hosts[1].dropped(DropReason::RawQueueFull), 1);
    assert_eq!(net.hosts[1].dropped(DropReason::UnknownProtocol), 0);
    assert_eq!((0..=fit).filter(|_| recv(&mut net, 1, taker, 0).is_ok()).count(), fit);
    to(&mut net, sender, &[0; 500]).unwrap();
    assert!(recv(&mut net, 1, taker, 0).is_ok());
}

#[test]
fn every_segment_of_a_connection_is_seen_and_none_where_nobody_looks() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    send(&mut net, 0, client, &[1; 9000]).unwrap();
    let watching = raw(&mut net, 1, IPPROTO_TCP);
    net.bsd(1, |bsd| bsd.setsockopt(watching, SOL_SOCKET, SO_RCVBUF, 1 << 20)).unwrap();
    while recv(&mut net, 1, server, 0).is_ok() {}
    net.run();
    let before = net.carried.len();
    for _ in 0..20 {
        assert_eq!(send(&mut net, 0, client, &[2; 5000]), Ok(5000));
        while recv(&mut net, 1, server, 0).is_ok() {}
        net.run();
    }
    let sent = net.carried[before..].iter().filter(|(from, _)| *from == 0).count();
    let mut seen = 0;
    while let Ok(segment) = recv(&mut net, 1, watching, 0) {
        assert_eq!(segment[9], 6);
        seen += 1;
    }
    assert_eq!(seen, sent);
    net.bsd(1, |bsd| bsd.close(watching)).unwrap();
    assert!(!net.hosts[1].raw.listens());
    assert_eq!(send(&mut net, 0, client, &[3; 5000]), Ok(5000));
    assert_eq!(recv(&mut net, 1, server, 0).map(|data| data.len()), Ok(4096));
}

#[test]
fn an_echo_is_asked_for_by_datagrams() {
    let mut net = net();
    let (one, other) = (ping(&mut net, 0), ping(&mut net, 0));
    net.bsd(0, |bsd| {
        assert_eq!(bsd.getsockopt(one, SOL_SOCKET, SO_PROTOCOL), Ok(IPPROTO_ICMP.into()));
        bsd.bind(one, (US, 77)).unwrap();
        assert_eq!(bsd.getsockname(one), Ok((US, 77).into()));
        assert_eq!(bsd.bind(one, (US, 78)), Err(Errno::EINVAL));
        assert_eq!(bsd.bind(other, (US, 77)), Err(Errno::EADDRINUSE));
        assert_eq!(bsd.bind(other, (THEM, 0)), Err(Errno::EADDRNOTAVAIL));
        for bad in [&[][..], &[8; 7], &[0; 8], &[8, 1, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(bsd.sendto(one, bad, 0, (THEM, 0)), Err(Errno::EINVAL), "{bad:?}");
        }
        assert_eq!(bsd.setsockopt(one, IPPROTO_IP, IP_HDRINCL, true), Err(Errno::ENOPROTOOPT));
        bsd.setsockopt(one, IPPROTO_IP, IP_RECVTTL, true).unwrap();
    });
    to(&mut net, one, &request(1)).unwrap();
    to(&mut net, other, &request(2)).unwrap();
    let mut buffer = [0; 100];
    let answer = net.bsd(0, |bsd| bsd.recvmsg(one, &mut [&mut buffer], 0)).unwrap();
    assert_eq!((answer.length, answer.control), (12, vec![Control::Ttl(64)]));
    assert_eq!((&buffer[..2], &buffer[4..12]), (&[0, 0][..], &b"\0\x4d\0\x01data"[..]));
    assert_eq!(answer.address, Some((THEM, 0).into()));
    assert_eq!(recv(&mut net, 0, one, 0), Err(Errno::EAGAIN), "not the other's");
    assert_eq!(recv(&mut net, 0, other, 0).unwrap()[7], 2);
    // Closed, its identifier is free.
    net.bsd(0, |bsd| bsd.close(one)).unwrap();
    net.bsd(0, |bsd| bsd.bind(other, (US, 0))).unwrap_err();
    let third = ping(&mut net, 0);
    net.bsd(0, |bsd| bsd.bind(third, (US, 77))).unwrap();
}

#[test]
fn errors_of_packets_are_told_and_queued_with_what_they_carried() {
    let mut net = net();
    let sender = raw(&mut net, 0, STRANGE);
    to(&mut net, sender, b"lost").unwrap();
    assert_eq!(recv(&mut net, 0, sender, 0), Err(Errno::EAGAIN), "it has no peer, and did not ask");
    net.bsd(0, |bsd| bsd.setsockopt(sender, IPPROTO_IP, IP_RECVERR, true)).unwrap();
    to(&mut net, sender, b"lost").unwrap();
    assert_eq!(poll(&mut net, 0, sender) & POLLERR, POLLERR);
    let mut buffer = [0; 100];
    let told = net.bsd(0, |bsd| bsd.recvmsg(sender, &mut [&mut buffer], MSG_ERRQUEUE)).unwrap();
    assert_eq!((&buffer[..told.length], told.flags), (&b"lost"[..], MSG_ERRQUEUE));
    let (errno, offender) = (Errno::ECONNREFUSED, THEM.into());
    let expected = Control::Error { errno, origin: ErrorOrigin::Icmp(3, 2), info: 0, offender };
    assert_eq!((told.control, told.address), (vec![expected], Some((THEM, 0).into())));
    assert_eq!(poll(&mut net, 0, sender) & POLLERR, 0);
    // What is not taken out of the queue the next call says.
    to(&mut net, sender, b"lost").unwrap();
    assert_eq!(net.bsd(0, |bsd| bsd.sendto(sender, b"x", 0, (THEM, 0))), Err(Errno::ECONNREFUSED));
}

#[test]
fn what_a_raw_socket_does_not_have_it_refuses() {
    let mut net = net();
    let fd = raw(&mut net, 0, STRANGE);
    net.bsd(0, |bsd| {
        for (level, name) in [
            (SOL_SOCKET, SO_REUSEADDR),
            (SOL_SOCKET, SO_KEEPALIVE),
            (IPPROTO_IP, IP_ADD_MEMBERSHIP),
            (IPPROTO_IP, IP_MULTICAST_TTL),
            (IPPROTO_TCP, TCP_NODELAY),
        ] {
            assert_eq!(bsd.setsockopt(fd, level, name, 1), Err(Errno::ENOPROTOOPT), "{level} {name}");
            assert_eq!(bsd.getsockopt(fd, level, name), Err(Errno::ENOPROTOOPT), "{level} {name}");
        }
        assert_eq!(bsd.listen(fd, 1), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.accept(fd), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.shutdown(fd, SHUT_WR), Err(Errno::ENOTCONN));
        assert_eq!(bsd.sendto(fd, b"x", 0, (THEM, 0)), Err(Errno::EPIPE), "closed is closed");
        assert_eq!(bsd.recv(fd, &mut [], MSG_OOB), Err(Errno::EINVAL));
    });
}

#[test]
fn bound_to_a_device_it_hears_and_speaks_there_alone() {
    let mut net = net();
    let (sender, bound) = (raw(&mut net, 0, STRANGE), raw(&mut net, 1, STRANGE));
    net.bsd(1, |bsd| {
        assert_eq!(bsd.setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "eth9"), Err(Errno::ENODEV));
        bsd.setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "lo").unwrap();
        assert_eq!(bsd.getsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE), Ok("lo".into()));
        assert_eq!(bsd.sendto(bound, b"x", 0, (US, 0)), Err(Errno::ENETUNREACH));
    });
    to(&mut net, sender, b"x").unwrap();
    assert_eq!(recv(&mut net, 1, bound, 0), Err(Errno::EAGAIN));
    net.bsd(1, |bsd| bsd.setsockopt(bound, SOL_SOCKET, SO_BINDTODEVICE, "eth0")).unwrap();
    to(&mut net, sender, b"x").unwrap();
    assert!(recv(&mut net, 1, bound, 0).is_ok());
}

proptest! {
    /// Whatever a program sends with a header of its own, neither its host nor who gets it panics.
    #[test]
    fn any_octets_may_be_a_packet(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        let mut net = net();
        let sender = raw(&mut net, 0, IPPROTO_RAW);
        let takers: Vec<Fd> = (1..255).map(|protocol| raw(&mut net, 1, protocol)).collect();
        for packet in &packets {
            for to in [THEM, US, [224, 0, 0, 1]] {
                let _ = net.bsd(0, |bsd| bsd.sendto(sender, packet, 0, (to, 0)));
                let mut whole = self::packet(20);
                whole.extend_from_slice(packet);
                whole[9] = packet.first().copied().unwrap_or_default();
                let _ = net.bsd(0, |bsd| bsd.sendto(sender, &whole, 0, (to, 0)));
                net.run();
            }
        }
        for fd in takers {
            let _ = recv(&mut net, 1, fd, 0);
        }
    }
}
