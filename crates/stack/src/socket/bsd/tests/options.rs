//! Options: each changes something, or is refused.

use core::net::Ipv4Addr;

use super::*;
use crate::time::Duration;

#[test]
fn what_is_not_known_or_not_to_be_set_is_refused() {
    let mut net = net();
    let (stream, datagram) = (tcp(&mut net, 0), udp(&mut net, 0));
    net.bsd(0, |bsd| {
        for name in [SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN, 9999] {
            assert_eq!(bsd.setsockopt(stream, SOL_SOCKET, name, 1), Err(Errno::ENOPROTOOPT), "{name}");
        }
        for fd in [stream, datagram] {
            assert_eq!(bsd.setsockopt(fd, 77, 1, 1), Err(Errno::ENOPROTOOPT));
            assert_eq!(bsd.getsockopt(fd, 77, 1), Err(Errno::ENOPROTOOPT));
            for level in [SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP] {
                assert_eq!(bsd.getsockopt(fd, level, 9999), Err(Errno::ENOPROTOOPT));
                assert_eq!(bsd.setsockopt(fd, level, 9999, 1), Err(Errno::ENOPROTOOPT));
            }
        }
        assert_eq!(bsd.setsockopt(datagram, IPPROTO_TCP, TCP_NODELAY, 1), Err(Errno::ENOPROTOOPT));
        assert_eq!(bsd.setsockopt(stream, SOL_SOCKET, SO_BROADCAST, 1), Err(Errno::ENOPROTOOPT));
        assert_eq!(bsd.setsockopt(stream, IPPROTO_IP, IP_RECVERR, 1), Err(Errno::ENOPROTOOPT));
        assert_eq!(bsd.setsockopt(stream, SOL_SOCKET, SO_REUSEADDR, "yes"), Err(Errno::EINVAL));
        assert_eq!(bsd.setsockopt(Fd(9), SOL_SOCKET, SO_REUSEADDR, 1), Err(Errno::EBADF));
        assert_eq!(bsd.getsockopt(Fd(9), SOL_SOCKET, SO_TYPE), Err(Errno::EBADF));
    });
}

#[test]
fn spans_of_waiting_are_kept_and_none_is_for_ever() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    net.bsd(0, |bsd| {
        for name in [SO_RCVTIMEO, SO_SNDTIMEO] {
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, name), Ok(OptionValue::Time(None)));
            bsd.setsockopt(fd, SOL_SOCKET, name, Duration::from_millis(1500)).unwrap();
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, name), Ok(Duration::from_millis(1500).into()));
            bsd.setsockopt(fd, SOL_SOCKET, name, Duration::ZERO).unwrap();
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, name), Ok(OptionValue::Time(None)));
            assert_eq!(bsd.setsockopt(fd, SOL_SOCKET, name, 1), Err(Errno::EINVAL));
        }
    });
}

/// The TTL and type of service of the last packet that host 0 has sent.
fn last_header(net: &Net) -> (u8, u8) {
    let (_, frame) = net.carried.iter().rfind(|(from, _)| *from == 0).unwrap();
    let header = &frame.head()[14..];
    (header[8], header[1])
}

#[test]
fn ttl_and_type_of_service_are_on_the_wire() {
    let mut net = net();
    let (_listener, receiver) = (listener(&mut net, 5), udp(&mut net, 1));
    net.bsd(1, |bsd| bsd.bind(receiver, SERVER)).unwrap();
    for fd in [udp(&mut net, 0), tcp(&mut net, 0)] {
        net.bsd(0, |bsd| {
            assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_TTL), Ok(64.into()));
            assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_TOS), Ok(0.into()));
            bsd.setsockopt(fd, IPPROTO_IP, IP_TTL, 9).unwrap();
            bsd.setsockopt(fd, IPPROTO_IP, IP_TOS, 0x10).unwrap();
            for (name, wrong) in [(IP_TTL, 0), (IP_TTL, 256), (IP_TTL, -2), (IP_TOS, 256)] {
                assert_eq!(bsd.setsockopt(fd, IPPROTO_IP, name, wrong), Err(Errno::EINVAL));
            }
            assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_TTL), Ok(9.into()));
            assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_TOS), Ok(0x10.into()));
            let _ = bsd.connect(fd, SERVER);
        });
        net.run();
        send(&mut net, 0, fd, b"x").unwrap();
        assert_eq!(last_header(&net), (9, 0x10));
        net.bsd(0, |bsd| bsd.setsockopt(fd, IPPROTO_IP, IP_TTL, -1)).unwrap();
        send(&mut net, 0, fd, b"x").unwrap();
        net.run_for(Duration::from_secs(1));
        assert_eq!(last_header(&net), (64, 0x10), "-1 leaves it to the host");
        assert_eq!(net.bsd(0, |bsd| bsd.getsockopt(fd, IPPROTO_IP, IP_MTU)), Ok(1500.into()));
    }
    // What a listener was told its connections are told.
    let (listening, client) = (tcp(&mut net, 1), tcp(&mut net, 0));
    net.bsd(1, |bsd| {
        bsd.setsockopt(listening, IPPROTO_IP, IP_TTL, 7).unwrap();
        bsd.setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, true).unwrap();
        bsd.bind(listening, ([10, 0, 0, 2], 7000)).unwrap();
        bsd.listen(listening, 1).unwrap();
    });
    let _ = net.bsd(0, |bsd| bsd.connect(client, ([10, 0, 0, 2], 7000)));
    net.run();
    net.bsd(1, |bsd| {
        let (server, _) = bsd.accept(listening).unwrap();
        assert_eq!(bsd.getsockopt(server, IPPROTO_IP, IP_TTL), Ok(7.into()));
        assert_eq!(bsd.getsockopt(server, IPPROTO_TCP, TCP_NODELAY), Ok(1.into()));
        assert!(matches!(bsd.getsockopt(server, IPPROTO_TCP, TCP_INFO), Ok(OptionValue::Info(_))));
    });
}

#[test]
fn nothing_longer_than_the_path_goes_out_that_must_not_be_cut() {
    let mut net = net();
    let fd = udp(&mut net, 0);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_MTU), Err(Errno::ENOTCONN));
        bsd.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO).unwrap();
        assert_eq!(bsd.sendto(fd, &[0; 1473], 0, SERVER), Err(Errno::EMSGSIZE));
        assert_eq!(bsd.sendto(fd, &[0; 1472], 0, SERVER), Ok(1472));
        for how in [IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO] {
            bsd.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, how).unwrap();
            assert_eq!(bsd.getsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER), Ok(how.into()));
        }
        assert_eq!(bsd.setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, 9), Err(Errno::EINVAL));
        assert_eq!(
            bsd.setsockopt(fd, IPPROTO_IP, IP_OPTIONS, OptionValue::Octets(vec![9])),
            Err(Errno::EINVAL)
        );
        bsd.setsockopt(fd, IPPROTO_IP, IP_OPTIONS, OptionValue::Octets(vec![1; 4])).unwrap();
    });
}

#[test]
fn a_socket_that_is_bound_to_an_interface_hears_what_comes_in_there() {
    let mut net = net();
    let (server, client) = (udp(&mut net, 1), udp(&mut net, 0));
    net.bsd(1, |bsd| {
        assert_eq!(bsd.setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "eth9"), Err(Errno::ENODEV));
        bsd.bind(server, ([0; 4], 6999)).unwrap();
        bsd.setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "lo").unwrap();
        assert_eq!(bsd.getsockopt(server, SOL_SOCKET, SO_BINDTODEVICE), Ok("lo".into()));
    });
    let send = |net: &mut Net| {
        net.bsd(0, |bsd| bsd.sendto(client, b"x", 0, SERVER)).unwrap();
        net.run();
    };
    send(&mut net);
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::EAGAIN));
    net.bsd(1, |bsd| bsd.setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "eth0")).unwrap();
    send(&mut net);
    assert_eq!(recv(&mut net, 1, server, 0), Ok(b"x".to_vec()));
    net.bsd(1, |bsd| bsd.setsockopt(server, SOL_SOCKET, SO_BINDTODEVICE, "")).unwrap();
    assert_eq!(net.bsd(1, |bsd| bsd.getsockopt(server, SOL_SOCKET, SO_BINDTODEVICE)), Ok("".into()));
}

#[test]
fn groups_are_joined_before_a_socket_is_bound_and_left_with_it() {
    let mut net = net();
    let (member, sender) = (udp(&mut net, 1), udp(&mut net, 0));
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let interface = Ipv4Addr::new(10, 0, 0, 2);
    let all = Membership { group, interface, source: None };
    let one = Membership { source: Some(Ipv4Addr::new(10, 0, 0, 1)), ..all };
    net.bsd(1, |bsd| {
        bsd.setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, all).unwrap();
        let again = bsd.setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, all);
        assert_eq!(again, Err(Errno::EADDRINUSE));
        bsd.bind(member, ([0; 4], 6999)).unwrap();
        for (name, wrong) in [(IP_ADD_MEMBERSHIP, one), (IP_BLOCK_SOURCE, all)] {
            assert_eq!(bsd.setsockopt(member, IPPROTO_IP, name, wrong), Err(Errno::EINVAL));
        }
    });
    let send = |net: &mut Net| {
        net.bsd(0, |bsd| bsd.sendto(sender, b"x", 0, (group, 6999))).unwrap();
        net.run();
    };
    net.bsd(0, |bsd| {
        let own = Ipv4Addr::new(10, 0, 0, 1);
        bsd.setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, own).unwrap();
        bsd.setsockopt(sender, IPPROTO_IP, IP_MULTICAST_TTL, 3).unwrap();
        bsd.setsockopt(sender, IPPROTO_IP, IP_MULTICAST_LOOP, false).unwrap();
        assert_eq!(bsd.getsockopt(sender, IPPROTO_IP, IP_MULTICAST_TTL), Ok(3.into()));
        assert_eq!(bsd.getsockopt(sender, IPPROTO_IP, IP_MULTICAST_LOOP), Ok(0.into()));
    });
    send(&mut net);
    assert_eq!(last_header(&net).0, 3);
    assert_eq!(recv(&mut net, 1, member, 0), Ok(b"x".to_vec()));
    net.bsd(1, |bsd| bsd.setsockopt(member, IPPROTO_IP, IP_BLOCK_SOURCE, one)).unwrap();
    send(&mut net);
    assert_eq!(recv(&mut net, 1, member, 0), Err(Errno::EAGAIN));
    net.bsd(1, |bsd| bsd.setsockopt(member, IPPROTO_IP, IP_UNBLOCK_SOURCE, one)).unwrap();
    send(&mut net);
    assert_eq!(recv(&mut net, 1, member, 0), Ok(b"x".to_vec()));
    net.bsd(1, |bsd| bsd.setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, all)).unwrap();
    send(&mut net);
    assert_eq!(recv(&mut net, 1, member, 0), Err(Errno::EAGAIN));
    net.bsd(1, |bsd| {
        bsd.setsockopt(member, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, one).unwrap();
        bsd.setsockopt(member, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, one).unwrap();
    });
}

/// What each option of a stream does is shown where it is made; here it is that all of them are reached, before there is a
/// connection and after, on a listener and what it accepts.
#[test]
fn every_option_of_a_stream_is_told_and_asked_for() {
    let second = Duration::from_secs(1);
    let table: [(i32, i32, OptionValue, Option<OptionValue>); 15] = [
        (SOL_SOCKET, SO_KEEPALIVE, true.into(), None),
        (SOL_SOCKET, SO_LINGER, OptionValue::Linger(Some(second)), Some(true.into())),
        (SOL_SOCKET, SO_RCVBUF, 10_000.into(), Some((-1).into())),
        (SOL_SOCKET, SO_SNDBUF, 20_000.into(), Some((-1).into())),
        (IPPROTO_TCP, TCP_NODELAY, true.into(), None),
        (IPPROTO_TCP, TCP_CORK, true.into(), None),
        (IPPROTO_TCP, TCP_MAXSEG, 500.into(), Some(87.into())),
        (IPPROTO_TCP, TCP_CONGESTION, "newreno".into(), Some(1.into())),
        (IPPROTO_TCP, TCP_QUICKACK, true.into(), None),
        (IPPROTO_TCP, TCP_USER_TIMEOUT, 30_000.into(), Some((-1).into())),
        (IPPROTO_TCP, TCP_KEEPIDLE, 30.into(), Some(0.into())),
        (IPPROTO_TCP, TCP_KEEPINTVL, 3.into(), Some(32_768.into())),
        (IPPROTO_TCP, TCP_KEEPCNT, 4.into(), Some(128.into())),
        (IPPROTO_TCP, TCP_SYNCNT, 5.into(), Some(256.into())),
        (IPPROTO_TCP, TCP_DEFER_ACCEPT, 2.into(), Some((-1).into())),
    ];
    for (level, name, value, wrong) in table {
        let mut net = net();
        let (fresh, datagram, listening) = (tcp(&mut net, 0), udp(&mut net, 0), listener(&mut net, 5));
        let told = |net: &mut Net, host, fd| net.bsd(host, |bsd| bsd.getsockopt(fd, level, name));
        let tell = |net: &mut Net, host, fd, value: &OptionValue| {
            net.bsd(host, |bsd| bsd.setsockopt(fd, level, name, value.clone()))
        };
        // (There is one controller so far.)
        assert!(name == TCP_CONGESTION || told(&mut net, 0, fresh).unwrap() != value, "{level} {name}");
        if ![SO_RCVBUF, SO_SNDBUF].contains(&name) || level != SOL_SOCKET {
            assert_eq!(tell(&mut net, 0, datagram, &value), Err(Errno::ENOPROTOOPT));
            assert_eq!(told(&mut net, 0, datagram), Err(Errno::ENOPROTOOPT));
        }
        if let Some(wrong) = &wrong {
            assert_eq!(tell(&mut net, 0, fresh, wrong), Err(Errno::EINVAL), "{level} {name}");
        }
        tell(&mut net, 0, fresh, &value).unwrap();
        assert_eq!(told(&mut net, 0, fresh), Ok(value.clone()), "{level} {name}");
        tell(&mut net, 1, listening, &value).unwrap();
        assert_eq!(told(&mut net, 1, listening), Ok(value.clone()), "{level} {name}");
        let _ = net.bsd(0, |bsd| bsd.connect(fresh, SERVER));
        net.run();
        if name == TCP_DEFER_ACCEPT && level == IPPROTO_TCP {
            send(&mut net, 0, fresh, b"x").unwrap();
        }
        let (server, _) = net.bsd(1, |bsd| bsd.accept(listening)).unwrap();
        if name != TCP_MAXSEG || level != IPPROTO_TCP {
            assert_eq!(told(&mut net, 0, fresh), Ok(value.clone()), "{level} {name}");
            assert_eq!(told(&mut net, 1, server), Ok(value.clone()), "{level} {name}");
        }
        if name != TCP_DEFER_ACCEPT || level != IPPROTO_TCP {
            tell(&mut net, 1, server, &value).unwrap();
        }
    }
}
