//! Streams, from `bind` to `close`.

use core::net::SocketAddr;

use super::*;

#[test]
fn a_line_goes_there_and_comes_back() {
    let mut net = net();
    let (client, listener, server) = connection(&mut net);
    let own = net.bsd(0, |bsd| bsd.getsockname(client)).unwrap();
    net.bsd(1, |bsd| {
        assert_eq!(bsd.getpeername(server), Ok(own));
        assert_eq!(bsd.getsockname(server), Ok(SERVER.into()));
        assert_eq!(bsd.getsockname(listener), Ok(SERVER.into()));
        assert_eq!(bsd.getpeername(listener), Err(Errno::ENOTCONN));
    });
    assert_eq!(send(&mut net, 0, client, b"hello"), Ok(5));
    assert_eq!(recv(&mut net, 1, server, 0), Ok(b"hello".to_vec()));
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::EAGAIN));
    net.bsd(0, |bsd| bsd.close(client)).unwrap();
    net.run();
    assert_eq!(recv(&mut net, 1, server, 0), Ok(vec![]));
}

#[test]
fn connecting_says_what_it_is_at() {
    let mut net = net();
    let listener = listener(&mut net, 5);
    let client = tcp(&mut net, 0);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::EINPROGRESS));
        assert_eq!(bsd.connect_ex(client, SERVER), Errno::EALREADY.number());
        assert_eq!(bsd.send(client, b"x", 0), Err(Errno::EAGAIN));
        assert_eq!(bsd.recv(client, &mut [0], 0), Err(Errno::EAGAIN));
        assert_eq!(bsd.getpeername(client), Err(Errno::ENOTCONN));
        assert_eq!(bsd.listen(client, 1), Err(Errno::EINVAL));
    });
    net.run();
    net.bsd(0, |bsd| {
        assert_eq!(bsd.getsockopt(client, SOL_SOCKET, SO_ERROR), Ok(0.into()));
        assert_eq!(bsd.connect_ex(client, SERVER), 0);
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::EISCONN));
        assert_eq!(bsd.getpeername(client), Ok(SERVER.into()));
        assert_eq!(bsd.bind(client, ([0; 4], 0)), Err(Errno::EINVAL));
        assert_eq!(bsd.accept(client), Err(Errno::EINVAL));
    });
    assert_eq!(net.bsd(1, |bsd| bsd.connect(listener, SERVER)), Err(Errno::EISCONN));
}

/// Linux: `connect` tells of the failure once, whoever has asked in between gets the rest.
#[test]
fn a_refusal_is_told_once_by_whichever_call_comes_first() {
    let refused = |net: &mut Net| {
        let client = tcp(net, 0);
        assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Err(Errno::EINPROGRESS));
        net.run();
        client
    };
    let mut net = net();
    let client = refused(&mut net);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.listen(client, 1), Err(Errno::EINVAL));
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::ECONNREFUSED));
        assert_eq!(bsd.recv(client, &mut [0], 0), Err(Errno::ENOTCONN));
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::EINPROGRESS));
    });
    let client = refused(&mut net);
    net.bsd(0, |bsd| {
        let error = bsd.getsockopt(client, SOL_SOCKET, SO_ERROR);
        assert_eq!(error, Ok(Errno::ECONNREFUSED.number().into()));
        assert_eq!(bsd.getsockopt(client, SOL_SOCKET, SO_ERROR), Ok(0.into()));
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::ECONNABORTED));
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::EINPROGRESS));
    });
    let client = refused(&mut net);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.recv(client, &mut [0], 0), Err(Errno::ECONNREFUSED));
        assert_eq!(bsd.recv(client, &mut [0], 0), Ok(0));
        assert_eq!(bsd.send(client, b"x", 0), Err(Errno::EPIPE));
        assert_eq!(bsd.shutdown(client, SHUT_WR), Err(Errno::ENOTCONN));
    });
}

#[test]
fn what_is_no_peer_is_refused_for_its_reason() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    net.bsd(0, |bsd| {
        for (to, why) in [
            ("255.255.255.255:9", Errno::ENETUNREACH),
            ("10.0.0.255:9", Errno::ENETUNREACH),
            ("192.0.2.1:9", Errno::ENETUNREACH),
            ("10.0.0.2:0", Errno::EADDRNOTAVAIL),
            ("[::1]:9", Errno::EAFNOSUPPORT),
        ] {
            assert_eq!(bsd.connect(fd, to.parse::<SocketAddr>().unwrap()), Err(why), "{to}");
        }
        assert_eq!(bsd.bind(fd, ([10, 0, 0, 9], 1)), Err(Errno::EADDRNOTAVAIL));
        assert_eq!(bsd.bind(fd, "[::]:1".parse::<SocketAddr>().unwrap()), Err(Errno::EAFNOSUPPORT));
        assert_eq!(bsd.bind(fd, Address::Unspecified), Err(Errno::EAFNOSUPPORT));
        assert_eq!(bsd.connect(fd, SERVER), Err(Errno::EINPROGRESS), "it is none the worse");
    });
}

#[test]
fn a_stream_that_never_connected_has_nothing_to_say() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.getsockname(fd), Ok(Address::ANY));
        assert_eq!(bsd.getpeername(fd), Err(Errno::ENOTCONN));
        assert_eq!(bsd.recv(fd, &mut [0], 0), Err(Errno::ENOTCONN));
        assert_eq!(bsd.send(fd, b"x", 0), Err(Errno::EPIPE));
        assert_eq!(bsd.accept(fd), Err(Errno::EINVAL));
        assert_eq!(bsd.shutdown(fd, 3), Err(Errno::EINVAL));
        assert_eq!(bsd.getsockopt(fd, IPPROTO_TCP, TCP_INFO), Err(Errno::ENOTCONN));
        // Linux: what is shut down before it has a connection stays so.
        assert_eq!(bsd.shutdown(fd, SHUT_RDWR), Err(Errno::ENOTCONN));
    });
    let _listener = listener(&mut net, 5);
    let _ = net.bsd(0, |bsd| bsd.connect(fd, SERVER));
    net.run();
    assert_eq!(recv(&mut net, 0, fd, 0), Ok(vec![]));
    assert_eq!(send(&mut net, 0, fd, b"x"), Err(Errno::EPIPE));
}

#[test]
fn ports_conflict_unless_they_are_shared() {
    let mut net = net();
    let (one, other) = (tcp(&mut net, 0), tcp(&mut net, 0));
    net.bsd(0, |bsd| {
        let at = ([10, 0, 0, 1], 7000);
        bsd.bind(one, at).unwrap();
        assert_eq!(bsd.bind(one, at), Err(Errno::EINVAL), "it has one");
        assert_eq!(bsd.bind(other, ([0; 4], 7000)), Err(Errno::EADDRINUSE));
        bsd.setsockopt(other, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        assert_eq!(bsd.bind(other, at), Err(Errno::EADDRINUSE), "one of both does not share");
        bsd.setsockopt(one, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        bsd.bind(other, at).unwrap();
        bsd.listen(one, 1).unwrap();
        assert_eq!(bsd.listen(other, 1), Err(Errno::EADDRINUSE));
        bsd.close(one).unwrap();
        bsd.listen(other, 1).unwrap();
        assert_eq!(bsd.getsockopt(other, SOL_SOCKET, SO_ACCEPTCONN), Ok(1.into()));
        let third = bsd.socket(AF_INET, SOCK_STREAM, 0).unwrap();
        bsd.listen(third, 1).unwrap();
        let Address::Inet(at) = bsd.getsockname(third).unwrap() else { panic!() };
        assert!(at.ip().is_unspecified() && at.port() >= 49_152, "a port was found: {at}");
    });
}

/// The classical server that is started again while its last connection is in TIME-WAIT.
#[test]
fn a_server_comes_back_to_its_port_at_once_only_if_it_shares_it() {
    let mut net = net();
    let (client, listener, server) = connection(&mut net);
    net.bsd(1, |bsd| {
        bsd.setsockopt(server, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        bsd.close(server).unwrap();
        bsd.close(listener).unwrap();
    });
    net.run();
    net.bsd(0, |bsd| bsd.close(client)).unwrap();
    net.run();
    let again = tcp(&mut net, 1);
    net.bsd(1, |bsd| {
        assert_eq!(bsd.bind(again, SERVER), Err(Errno::EADDRINUSE));
        bsd.setsockopt(again, SOL_SOCKET, SO_REUSEADDR, true).unwrap();
        bsd.bind(again, SERVER).unwrap();
        bsd.listen(again, 1).unwrap();
    });
}

#[test]
fn directions_close_one_by_one() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(client, SHUT_WR)), Ok(()));
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(client, SHUT_WR)), Ok(()), "twice is no harm");
    assert_eq!(send(&mut net, 0, client, b"x"), Err(Errno::EPIPE));
    assert_eq!(recv(&mut net, 1, server, 0), Ok(vec![]));
    assert_eq!(send(&mut net, 1, server, b"still"), Ok(5));
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(client, SHUT_RD)), Ok(()));
    assert_eq!(recv(&mut net, 0, client, 0), Ok(b"still".to_vec()), "what has come is read");
    assert_eq!(recv(&mut net, 0, client, 0), Ok(vec![]));
    net.bsd(1, |bsd| bsd.close(server)).unwrap();
    net.run();
    assert_eq!(net.bsd(0, |bsd| bsd.shutdown(client, SHUT_WR)), Err(Errno::ENOTCONN));
    assert_eq!(net.bsd(0, |bsd| bsd.getpeername(client)), Err(Errno::ENOTCONN));
}

#[test]
fn what_was_not_read_resets_the_connection() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    assert_eq!(send(&mut net, 0, client, b"unread"), Ok(6));
    net.bsd(1, |bsd| bsd.close(server)).unwrap();
    net.run();
    assert_eq!(recv(&mut net, 0, client, 0), Err(Errno::ECONNRESET));
    assert_eq!(recv(&mut net, 0, client, 0), Ok(vec![]));
    assert_eq!(send(&mut net, 0, client, b"x"), Err(Errno::EPIPE));
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Err(Errno::EISCONN));
}

#[test]
fn a_listener_that_is_shut_down_listens_no_more_and_keeps_its_port() {
    let mut net = net();
    let listener = listener(&mut net, 5);
    net.bsd(1, |bsd| {
        assert_eq!(bsd.shutdown(listener, SHUT_WR), Ok(()));
        assert_eq!(bsd.accept(listener), Err(Errno::EAGAIN));
        assert_eq!(bsd.recv(listener, &mut [0], 0), Err(Errno::ENOTCONN));
        assert_eq!(bsd.send(listener, b"x", 0), Err(Errno::EPIPE));
        assert_eq!(bsd.shutdown(listener, SHUT_RD), Ok(()));
        assert_eq!(bsd.accept(listener), Err(Errno::EINVAL));
        assert_eq!(bsd.getsockname(listener), Ok(SERVER.into()));
        bsd.listen(listener, 3).unwrap();
        assert_eq!(bsd.accept(listener), Err(Errno::EAGAIN));
    });
}

#[test]
fn so_many_connections_wait_as_the_backlog_says() {
    let mut net = net();
    let listener = listener(&mut net, 2);
    let clients = [(); 4].map(|()| {
        let client = tcp(&mut net, 0);
        let _ = net.bsd(0, |bsd| bsd.connect(client, SERVER));
        client
    });
    net.run();
    let accepted = |net: &mut Net| net.bsd(1, |bsd| bsd.accept(listener)).map(|_| ());
    assert_eq!([(); 3].map(|()| accepted(&mut net)), [Ok(()), Ok(()), Err(Errno::EAGAIN)]);
    // What was dropped comes again, now that there is room.
    net.run_for(crate::time::Duration::from_secs(10));
    assert_eq!([(); 3].map(|()| accepted(&mut net)), [Ok(()), Ok(()), Err(Errno::EAGAIN)]);
    for client in clients {
        assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Ok(()));
    }
    // A backlog is changed by a second call, and is one at least.
    net.bsd(1, |bsd| bsd.listen(listener, 0)).unwrap();
    for _ in 0..2 {
        let client = tcp(&mut net, 0);
        let _ = net.bsd(0, |bsd| bsd.connect(client, SERVER));
    }
    net.run();
    assert_eq!([(); 2].map(|()| accepted(&mut net)), [Ok(()), Err(Errno::EAGAIN)]);
}

#[test]
fn a_socket_connects_to_itself() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    let at = ([127, 0, 0, 1], 7000);
    net.bsd(0, |bsd| bsd.bind(fd, at)).unwrap();
    assert_eq!(net.bsd(0, |bsd| bsd.connect(fd, at)), Err(Errno::EINPROGRESS));
    net.run();
    assert_eq!(net.bsd(0, |bsd| bsd.connect(fd, at)), Ok(()));
    assert_eq!(send(&mut net, 0, fd, b"abc"), Ok(3));
    assert_eq!(recv(&mut net, 0, fd, 0), Ok(b"abc".to_vec()));
}

#[test]
fn no_address_is_this_host_itself() {
    let mut net = net();
    let listener = listener(&mut net, 5);
    net.bsd(1, |bsd| bsd.close(listener)).unwrap();
    let (server, client) = (tcp(&mut net, 1), tcp(&mut net, 1));
    net.bsd(1, |bsd| {
        bsd.listen(server, 1).unwrap();
        let at = bsd.getsockname(server).unwrap();
        assert_eq!(bsd.connect(client, at), Err(Errno::EINPROGRESS));
    });
    net.run();
    net.bsd(1, |bsd| {
        let (_, peer) = bsd.accept(server).unwrap();
        assert_eq!(bsd.getsockname(client), Ok(peer.clone()));
        assert!(peer.inet().unwrap().ip().is_loopback(), "{peer}");
    });
}

#[test]
fn a_stream_goes_back_to_no_peer() {
    let mut net = net();
    let (client, listener, server) = connection(&mut net);
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, Address::Unspecified)), Ok(()));
    net.run();
    assert_eq!(recv(&mut net, 1, server, 0), Err(Errno::ECONNRESET));
    assert_eq!(net.bsd(0, |bsd| bsd.connect(client, SERVER)), Err(Errno::EINPROGRESS));
    net.run();
    net.bsd(1, |bsd| bsd.accept(listener)).unwrap();
}

#[test]
fn data_is_peeked_at_thrown_away_gathered_and_scattered() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    let sent = net.bsd(0, |bsd| bsd.sendmsg(client, &[b"on", b"", b"e two ", b"three"], None, &[], 0));
    assert_eq!(sent, Ok(13));
    net.run();
    let (mut first, mut second) = ([0; 4], [0; 4]);
    let peeked = net.bsd(1, |bsd| bsd.recvmsg(server, &mut [&mut first, &mut second], MSG_PEEK));
    assert_eq!((peeked.unwrap().length, &first, &second), (8, b"one ", b"two "));
    assert_eq!(net.bsd(1, |bsd| bsd.recv(server, &mut [0; 4], MSG_TRUNC)), Ok(4));
    let received = net.bsd(1, |bsd| bsd.recvmsg(server, &mut [&mut first, &mut second], 0)).unwrap();
    assert_eq!((received.length, received.address), (8, None));
    assert_eq!((&first, &second), (b"two ", b"thre"));
    assert_eq!(net.bsd(1, |bsd| bsd.recv(server, &mut [], 0)), Ok(0));
    assert_eq!(recv(&mut net, 1, server, MSG_DONTWAIT | MSG_NOSIGNAL), Ok(b"e".to_vec()));
    assert_eq!(net.bsd(1, |bsd| bsd.recv(server, &mut [], 0)), Err(Errno::EAGAIN));
    assert_eq!(recv(&mut net, 1, server, MSG_OOB), Err(Errno::EINVAL));
    assert_eq!(recv(&mut net, 1, server, 0x10_0000), Err(Errno::EOPNOTSUPP));
    assert_eq!(net.bsd(0, |bsd| bsd.send(client, b"!", MSG_OOB)), Err(Errno::EOPNOTSUPP));
    assert_eq!(recv(&mut net, 1, server, MSG_ERRQUEUE), Err(Errno::EAGAIN));
}
