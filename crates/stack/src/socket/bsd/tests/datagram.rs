//! Sockets of UDP.

use core::net::Ipv4Addr;

use super::*;
use crate::frame::InterfaceId;

fn bound(net: &mut Net, host: usize, port: u16) -> Fd {
    let fd = udp(net, host);
    net.bsd(host, |bsd| bsd.bind(fd, ([0; 4], port))).unwrap();
    fd
}

fn send_to(net: &mut Net, fd: Fd, data: &[u8], flags: i32) -> Result<usize, Errno> {
    let sent = net.bsd(0, |bsd| bsd.sendto(fd, data, flags, SERVER));
    net.run();
    sent
}

#[test]
fn a_datagram_finds_its_way_and_says_whose_it_is() {
    let mut net = net();
    let (server, client) = (bound(&mut net, 1, 6999), udp(&mut net, 0));
    assert_eq!(net.bsd(0, |bsd| bsd.getsockname(client)), Ok(Address::ANY));
    assert_eq!(send_to(&mut net, client, b"hello", 0), Ok(5));
    let Ok(Address::Inet(own)) = net.bsd(0, |bsd| bsd.getsockname(client)) else { panic!() };
    assert_ne!(own.port(), 0, "sending has bound it");
    let mut buffer = [0; 9];
    let (length, from) = net.bsd(1, |bsd| bsd.recvfrom(server, &mut buffer, 0)).unwrap();
    assert_eq!((length, from), (5, Some(([10, 0, 0, 1], own.port()).into())));
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::EAGAIN));
}

#[test]
fn calls_that_make_no_sense_say_why() {
    let mut net = net();
    let fd = udp(&mut net, 0);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.send(fd, b"x", 0), Err(Errno::EDESTADDRREQ));
        assert_eq!(bsd.listen(fd, 1), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.accept(fd), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.getpeername(fd), Err(Errno::ENOTCONN));
        assert_eq!(bsd.recv(fd, &mut [0], 0), Err(Errno::EAGAIN));
        assert_eq!(bsd.sendto(fd, b"x", 0, ([127, 0, 0, 1], 0)), Err(Errno::EINVAL));
        assert_eq!(bsd.sendto(fd, b"x", 0, Address::Unspecified), Err(Errno::EAFNOSUPPORT));
        assert_eq!(bsd.sendto(fd, b"x", 0, ([192, 0, 2, 1], 9)), Err(Errno::ENETUNREACH));
        assert_eq!(bsd.connect(fd, ([10, 0, 0, 2], 0)), Err(Errno::EADDRNOTAVAIL));
        assert_eq!(bsd.sendto(fd, &vec![0; 65_508], 0, SERVER), Err(Errno::EMSGSIZE));
        assert_eq!(bsd.sendto(fd, &vec![0; 65_507], 0, SERVER), Ok(65_507));
        assert_eq!(bsd.bind(fd, SERVER), Err(Errno::EINVAL), "sending has bound it");
        assert_eq!(bsd.sendto(fd, b"x", MSG_OOB, SERVER), Err(Errno::EOPNOTSUPP));
    });
}

#[test]
fn a_broadcast_needs_permission() {
    let mut net = net();
    let (server, client) = (bound(&mut net, 1, 6999), udp(&mut net, 0));
    let everyone = ([10, 0, 0, 255], 6999);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.sendto(client, b"x", 0, everyone), Err(Errno::EACCES));
        assert_eq!(bsd.connect(client, everyone), Err(Errno::EACCES));
        bsd.setsockopt(client, SOL_SOCKET, SO_BROADCAST, true).unwrap();
        assert_eq!(bsd.getsockopt(client, SOL_SOCKET, SO_BROADCAST), Ok(1.into()));
        assert_eq!(bsd.sendto(client, b"x", 0, everyone), Ok(1));
    });
    net.run();
    assert_eq!(recv(&mut net, 1, server, 0), Ok(b"x".to_vec()));
}

#[test]
fn what_does_not_fit_is_cut_off_and_that_is_said() {
    let mut net = net();
    let (server, client) = (bound(&mut net, 1, 6999), udp(&mut net, 0));
    for _ in 0..3 {
        send_to(&mut net, client, b"0123456789", 0).unwrap();
    }
    send_to(&mut net, client, b"next", 0).unwrap();
    let mut buffer = [0; 4];
    net.bsd(1, |bsd| {
        let peeked = bsd.recvmsg(server, &mut [&mut buffer], MSG_PEEK).unwrap();
        assert_eq!((peeked.length, peeked.flags), (4, MSG_TRUNC));
        let (mut one, mut other) = ([0; 3], [0; 8]);
        let received = bsd.recvmsg(server, &mut [&mut one, &mut other], 0).unwrap();
        assert_eq!((received.length, received.flags), (10, 0));
        assert_eq!((&one, &other[..7]), (b"012", &b"3456789"[..]));
        assert_eq!(bsd.recv(server, &mut buffer, 0), Ok(4));
        assert_eq!(bsd.recv(server, &mut buffer, MSG_TRUNC), Ok(10));
        assert_eq!(bsd.recv(server, &mut buffer, 0), Ok(4), "the rest is gone");
        assert_eq!(&buffer, b"next");
    });
}

#[test]
fn parts_are_one_datagram_when_the_last_has_come() {
    let mut net = net();
    let (server, client) = (bound(&mut net, 1, 6999), udp(&mut net, 0));
    assert_eq!(send_to(&mut net, client, b"one ", MSG_MORE), Ok(4));
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::EAGAIN));
    assert_eq!(net.bsd(0, |bsd| bsd.send(client, b"two ", MSG_MORE)), Ok(4));
    let last = net.bsd(0, |bsd| bsd.sendmsg(client, &[b"thr", b"ee"], None, &[], 0));
    assert_eq!(last, Ok(5));
    net.run();
    assert_eq!(recv(&mut net, 1, server, 0), Ok(b"one two three".to_vec()));
    assert_eq!(send_to(&mut net, client, &vec![0; 60_000], MSG_MORE), Ok(60_000));
    assert_eq!(send_to(&mut net, client, &[0; 6_000], MSG_MORE), Err(Errno::EMSGSIZE));
    assert_eq!(send_to(&mut net, client, &[0; 5_507], 0), Ok(5_507), "what is there stays");
    assert_eq!(net.bsd(1, |bsd| bsd.recv(server, &mut [], MSG_TRUNC)), Ok(65_507));
}

#[test]
fn a_peer_is_had_changed_and_lost_again() {
    let mut net = net();
    let (server, other) = (bound(&mut net, 1, 6999), bound(&mut net, 1, 7000));
    let client = udp(&mut net, 0);
    net.bsd(0, |bsd| bsd.connect(client, SERVER)).unwrap();
    let own = net.bsd(0, |bsd| bsd.getsockname(client)).unwrap();
    assert_eq!(own.inet().unwrap().ip(), Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(net.bsd(0, |bsd| bsd.getpeername(client)), Ok(SERVER.into()));
    assert_eq!(send(&mut net, 0, client, b"one"), Ok(3));
    assert_eq!(recv(&mut net, 1, server, 0), Ok(b"one".to_vec()));
    // Linux: one datagram may go to another all the same.
    assert_eq!(net.bsd(0, |bsd| bsd.sendto(client, b"two", 0, ([10, 0, 0, 2], 7000))), Ok(3));
    net.run();
    assert_eq!(recv(&mut net, 1, other, 0), Ok(b"two".to_vec()));
    // Only the peer is heard.
    net.bsd(1, |bsd| bsd.sendto(other, b"?", 0, own.clone())).unwrap();
    net.bsd(1, |bsd| bsd.sendto(server, b"!", 0, own.clone())).unwrap();
    net.run();
    assert_eq!(recv(&mut net, 0, client, 0), Ok(b"!".to_vec()));
    net.bsd(0, |bsd| bsd.connect(client, ([10, 0, 0, 2], 7000))).unwrap();
    assert_eq!(send(&mut net, 0, client, b"three"), Ok(5));
    assert_eq!(recv(&mut net, 1, other, 0), Ok(b"three".to_vec()));
    net.bsd(0, |bsd| bsd.connect(client, Address::Unspecified)).unwrap();
    assert_eq!(net.bsd(0, |bsd| bsd.getsockname(client)), Ok(Address::ANY), "the port was not asked for");
    assert_eq!(send(&mut net, 0, client, b"?"), Err(Errno::EDESTADDRREQ));
    // What was bound keeps its port.
    net.bsd(1, |bsd| {
        bsd.connect(server, own.clone()).unwrap();
        bsd.connect(server, Address::Unspecified).unwrap();
        assert_eq!(bsd.getsockname(server), Ok(([0; 4], 6999).into()));
    });
}

#[test]
fn a_refusal_is_told_to_who_is_connected() {
    let mut net = net();
    let client = udp(&mut net, 0);
    net.bsd(0, |bsd| bsd.connect(client, SERVER)).unwrap();
    assert_eq!(send(&mut net, 0, client, b"?"), Ok(1));
    assert_eq!(poll(&mut net, 0, client) & POLLERR, POLLERR);
    assert_eq!(recv(&mut net, 0, client, 0), Err(Errno::ECONNREFUSED));
    assert_eq!(recv(&mut net, 0, client, 0), Err(Errno::EAGAIN));
    assert_eq!(send(&mut net, 0, client, b"?"), Ok(1));
    assert_eq!(send(&mut net, 0, client, b"?"), Err(Errno::ECONNREFUSED));
    assert_eq!(send(&mut net, 0, client, b"?"), Ok(1));
    let error = net.bsd(0, |bsd| bsd.getsockopt(client, SOL_SOCKET, SO_ERROR));
    assert_eq!(error, Ok(Errno::ECONNREFUSED.number().into()));
}

#[test]
fn errors_are_queued_for_who_asks_for_them() {
    let mut net = net();
    let client = udp(&mut net, 0);
    net.bsd(0, |bsd| bsd.setsockopt(client, IPPROTO_IP, IP_RECVERR, true)).unwrap();
    assert_eq!(recv(&mut net, 0, client, MSG_ERRQUEUE), Err(Errno::EAGAIN));
    assert_eq!(send_to(&mut net, client, b"?", 0), Ok(1));
    assert_eq!(poll(&mut net, 0, client) & POLLERR, POLLERR);
    let mut data = [0; 9];
    let told = net.bsd(0, |bsd| bsd.recvmsg(client, &mut [&mut data], MSG_ERRQUEUE)).unwrap();
    assert_eq!((told.flags, told.address), (MSG_ERRQUEUE, Some(SERVER.into())));
    assert_eq!(&data[..told.length], b"?");
    let offender = [10, 0, 0, 2].into();
    let origin = ErrorOrigin::Icmp(3, 3);
    assert_eq!(told.control, [Control::Error { errno: Errno::ECONNREFUSED, origin, info: 0, offender }]);
    assert_eq!(poll(&mut net, 0, client) & POLLERR, 0, "taken out of the queue, it is told by nothing else");
    // What stays in the queue the next call says too, though the socket has no peer.
    send_to(&mut net, client, b"whole", 0).unwrap();
    assert_eq!(recv(&mut net, 0, client, 0), Err(Errno::ECONNREFUSED));
    let told = net.bsd(0, |bsd| bsd.recvmsg(client, &mut [&mut [0; 3]], MSG_ERRQUEUE)).unwrap();
    assert_eq!((told.length, told.flags), (3, MSG_ERRQUEUE | MSG_TRUNC));
}

#[test]
fn what_is_too_long_to_be_sent_is_queued_too() {
    let mut net = net();
    let client = udp(&mut net, 0);
    let nothing = net.bsd(0, |bsd| {
        bsd.setsockopt(client, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO).unwrap();
        assert_eq!(bsd.sendto(client, &[0; 1473], 0, SERVER), Err(Errno::EMSGSIZE));
        bsd.setsockopt(client, IPPROTO_IP, IP_RECVERR, true).unwrap();
        bsd.recvmsg(client, &mut [], MSG_ERRQUEUE)
    });
    assert_eq!(nothing, Err(Errno::EAGAIN));
    net.bsd(0, |bsd| {
        assert_eq!(bsd.sendto(client, &[0; 1473], 0, SERVER), Err(Errno::EMSGSIZE));
        let told = bsd.recvmsg(client, &mut [], MSG_ERRQUEUE).unwrap();
        let offender = [10, 0, 0, 1].into();
        let (errno, origin) = (Errno::EMSGSIZE, ErrorOrigin::Local);
        assert_eq!(told.control, [Control::Error { errno, origin, info: 1500, offender }]);
        assert_eq!(bsd.sendto(client, &[0; 1472], 0, SERVER), Ok(1472), "and nothing else says so");
    });
}

#[test]
fn control_data_says_how_a_datagram_comes_and_how_it_goes() {
    let mut net = net();
    let (server, client) = (bound(&mut net, 1, 6999), bound(&mut net, 0, 7000));
    net.bsd(1, |bsd| {
        for name in [IP_PKTINFO, IP_RECVTTL, IP_RECVTOS] {
            bsd.setsockopt(server, IPPROTO_IP, name, true).unwrap();
            assert_eq!(bsd.getsockopt(server, IPPROTO_IP, name), Ok(1.into()));
        }
    });
    let (wire, local) = (InterfaceId(0), Ipv4Addr::new(10, 0, 0, 1));
    let info = Control::PacketInfo { interface: Some(wire), local, destination: local };
    let control = [Control::Ttl(9), Control::Tos(0x10), info];
    let sent = net.bsd(0, |bsd| bsd.sendmsg(client, &[b"x"], Some(&SERVER.into()), &control, 0));
    assert_eq!(sent, Ok(1));
    net.run();
    let received = net.bsd(1, |bsd| bsd.recvmsg(server, &mut [&mut [0]], 0)).unwrap();
    let local = Ipv4Addr::new(10, 0, 0, 2);
    let here = Control::PacketInfo { interface: Some(wire), local, destination: local };
    assert_eq!(received.control, [here, Control::Ttl(9), Control::Tos(0x10)]);
    assert_eq!(received.address, Some(([10, 0, 0, 1], 7000).into()));
    for wrong in [
        Control::Ttl(0),
        Control::PacketInfo { interface: None, local, destination: local },
        Control::Error { errno: Errno::EPERM, origin: ErrorOrigin::Local, info: 0, offender: local.into() },
    ] {
        let sent = net.bsd(0, |bsd| bsd.sendmsg(client, &[b"x"], Some(&SERVER.into()), &[wrong], 0));
        assert_eq!(sent, Err(Errno::EINVAL), "{wrong:?}");
    }
}

#[test]
fn a_direction_that_is_shut_down_is_closed_even_without_a_peer() {
    let mut net = net();
    let client = udp(&mut net, 0);
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(client, SHUT_RDWR)), Err(Errno::ENOTCONN));
    assert_eq!(send_to(&mut net, client, b"x", 0), Err(Errno::EPIPE));
    assert_eq!(recv(&mut net, 0, client, MSG_DONTWAIT), Err(Errno::EAGAIN));
    assert_eq!(recv(&mut net, 0, client, 0), Ok(vec![]), "who would wait need not");
    let other = udp(&mut net, 0);
    net.bsd(0, |bsd| bsd.connect(other, SERVER)).unwrap();
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(other, SHUT_WR)), Ok(()));
}

#[test]
fn ports_of_datagrams_conflict_unless_they_are_shared() {
    let mut net = net();
    let (one, other) = (bound(&mut net, 0, 7000), udp(&mut net, 0));
    net.bsd(0, |bsd| {
        bsd.setsockopt(other, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        assert_eq!(bsd.bind(other, ([10, 0, 0, 1], 7000)), Err(Errno::EADDRINUSE));
        bsd.setsockopt(one, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        bsd.bind(other, ([10, 0, 0, 1], 7000)).unwrap();
        assert_eq!(bsd.bind(other, ([0; 4], 0)), Err(Errno::EINVAL));
        let third = bsd.socket(AF_INET, SOCK_DGRAM, 0).unwrap();
        assert_eq!(bsd.bind(third, ([10, 0, 0, 3], 1)), Err(Errno::EADDRNOTAVAIL));
        bsd.setsockopt(third, SOL_SOCKET, SO_REUSEPORT, true).unwrap();
        assert_eq!(bsd.bind(third, ([10, 0, 0, 1], 7000)), Err(Errno::EADDRINUSE));
        for fd in [one, other] {
            bsd.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, true).unwrap();
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, SO_REUSEADDR), Ok(1.into()));
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, SO_REUSEPORT), Ok(1.into()));
        }
        bsd.bind(third, ([10, 0, 0, 1], 7000)).unwrap();
    });
}
