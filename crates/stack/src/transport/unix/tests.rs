//! Sockets within a host, against unix(7) and what Linux does.

use super::*;
use crate::transport::SocketError as E;

fn unix() -> Unix {
    Unix::new(Knobs { send_buffer: 1024, max_queued_datagrams: 3, max_names: 4 })
}

fn path(path: &str) -> Address {
    Address::path(path).unwrap()
}

/// A listener at `/s`.
fn listener(unix: &mut Unix, kind: Type, backlog: usize) -> Key {
    let key = unix.open(kind);
    unix.bind(key, path("/s")).unwrap();
    unix.listen(key, backlog).unwrap();
    key
}

/// Both ends of a connection, the one that connected first, and the listener.
fn connected(unix: &mut Unix, kind: Type) -> [Key; 3] {
    let listener = listener(unix, kind, 1);
    let client = unix.open(kind);
    unix.connect(client, &path("/s")).unwrap();
    let (server, _) = unix.accept(listener).unwrap();
    [client, server, listener]
}

fn read(unix: &mut Unix, key: Key) -> Result<Vec<u8>, E> {
    unix.recv(key, 4096, false).map(|message| message.payload.to_vec())
}

fn woken(unix: &mut Unix) -> Vec<(Key, Readiness)> {
    let mut wakes = Vec::new();
    unix.take_wakes(&mut wakes);
    let key = |wake: Wake| match wake.socket {
        SocketId::Unix(key) => (key, wake.readiness),
        other => panic!("{other:?}"),
    };
    wakes.into_iter().map(key).collect()
}

#[test]
fn a_path_stays_when_its_socket_is_closed_and_an_abstract_name_goes() {
    let mut unix = unix();
    let key = listener(&mut unix, Type::Stream, 1);
    let other = unix.open(Type::Stream);
    assert_eq!(unix.bind(other, path("/s")), Err(E::AddressInUse));
    assert_eq!(unix.connect(other, &path("/none")), Err(E::NotFound));
    unix.close(key);
    assert_eq!(unix.connect(other, &path("/s")), Err(E::ConnectionRefused));
    assert_eq!(unix.bind(other, path("/s")), Err(E::AddressInUse));
    unix.unlink(b"/s").unwrap();
    assert_eq!(unix.unlink(b"/s"), Err(E::NotFound));
    assert_eq!(unix.connect(other, &path("/s")), Err(E::NotFound));
    unix.bind(other, path("/s")).unwrap();
    assert_eq!(unix.bind(other, path("/t")), Err(E::InvalidInput), "it has a name already");

    let name = Address::abstract_name("a").unwrap();
    let key = unix.open(Type::Datagram);
    unix.bind(key, name.clone()).unwrap();
    let next = unix.open(Type::Datagram);
    assert_eq!(unix.bind(next, name.clone()), Err(E::AddressInUse));
    unix.close(key);
    assert_eq!(unix.connect(next, &name), Err(E::ConnectionRefused));
    unix.bind(next, name).unwrap();
}

#[test]
fn an_unlinked_path_can_be_bound_again_and_the_old_socket_does_not_take_it_away() {
    let mut unix = unix();
    let old = listener(&mut unix, Type::Stream, 1);
    unix.unlink(b"/s").unwrap();
    let new = listener(&mut unix, Type::Stream, 1);
    unix.close(old);
    let client = unix.open(Type::Stream);
    unix.connect(client, &path("/s")).unwrap();
    assert!(unix.accept(new).is_ok());
}

#[test]
fn names_are_bounded_and_automatic_ones_differ() {
    let mut unix = unix();
    for number in 0..4 {
        let key = unix.open(Type::Datagram);
        unix.bind(key, path(&format!("/{number}"))).unwrap();
    }
    let keys = [unix.open(Type::Datagram), unix.open(Type::Datagram)];
    assert_eq!(unix.bind(keys[0], path("/4")), Err(E::NoBuffers));
    keys.iter().for_each(|key| unix.bind(*key, Address::Unnamed).unwrap());
    let names = keys.map(|key| unix.local(key).unwrap().to_string());
    assert_eq!(names, ["@00000", "@00001"]);
}

#[test]
fn a_connection_stands_before_it_is_accepted_and_as_many_wait_as_may() {
    let mut unix = unix();
    let listener = listener(&mut unix, Type::Stream, 2);
    assert_eq!(unix.accept(listener), Err(E::WouldBlock));
    let clients = [(); 3].map(|()| unix.open(Type::Stream));
    unix.connect(clients[0], &path("/s")).unwrap();
    assert_eq!(woken(&mut unix), [(listener, Readiness::READ)]);
    assert_eq!(unix.send(clients[0], b"early", None), Ok(5));
    unix.connect(clients[1], &path("/s")).unwrap();
    assert_eq!(unix.connect(clients[2], &path("/s")), Err(E::WouldBlock));
    let (server, peer) = unix.accept(listener).unwrap();
    assert!(peer.is_unnamed());
    assert_eq!(woken(&mut unix), [(clients[2], Readiness::WRITE)]);
    assert_eq!(unix.connect(clients[2], &path("/s")), Ok(()));
    assert_eq!(read(&mut unix, server), Ok(b"early".to_vec()));
    assert_eq!(unix.local(server).unwrap(), path("/s"));
    assert_eq!(unix.peer(clients[0]).unwrap(), path("/s"));
    assert_eq!(unix.connect(clients[0], &path("/s")), Err(E::WouldBlock), "found first");
    unix.accept(listener).unwrap();
    assert_eq!(unix.connect(clients[0], &path("/s")), Err(E::AlreadyConnected));
    assert_eq!(unix.connect(listener, &path("/s")), Err(E::InvalidInput));
}

#[test]
fn a_listener_that_closes_resets_those_that_wait_and_refuses_those_that_would() {
    let mut unix = unix();
    let listener = listener(&mut unix, Type::Stream, 1);
    let clients = [(); 2].map(|()| unix.open(Type::Stream));
    unix.connect(clients[0], &path("/s")).unwrap();
    assert_eq!(unix.connect(clients[1], &path("/s")), Err(E::WouldBlock));
    unix.close(listener);
    assert_eq!(woken(&mut unix), [(clients[1], Readiness::WRITE)]);
    assert_eq!(unix.connect(clients[1], &path("/s")), Err(E::ConnectionRefused));
    assert_eq!(unix.send(clients[0], b"x", None), Err(E::BrokenPipe));
    assert_eq!(read(&mut unix, clients[0]), Err(E::ConnectionReset));
    assert_eq!(read(&mut unix, clients[0]), Ok(vec![]));
    assert_eq!(unix.sockets.iter().count(), 2, "the other end of the first is gone");
}

#[test]
fn who_waits_for_nothing_that_listens_is_refused() {
    let mut unix = unix();
    let bound = unix.open(Type::Stream);
    unix.bind(bound, path("/s")).unwrap();
    let client = unix.open(Type::Stream);
    assert_eq!(unix.connect(client, &path("/s")), Err(E::ConnectionRefused));
    assert_eq!(unix.accept(bound), Err(E::InvalidInput));
    let unbound = unix.open(Type::SeqPacket);
    assert_eq!(unix.listen(unbound, 1), Err(E::InvalidInput));
    let datagrams = unix.open(Type::Datagram);
    assert_eq!(unix.listen(datagrams, 1), Err(E::NotSupported));
    assert_eq!(unix.accept(datagrams), Err(E::NotSupported));
    assert_eq!(unix.connect(datagrams, &path("/s")), Err(E::WrongType));
}

#[test]
fn a_stream_is_octets_and_a_full_one_holds_its_writer_back() {
    let mut unix = unix();
    let [client, server, _] = connected(&mut unix, Type::Stream);
    let data: Vec<u8> = (0..2000_u32).map(|octet| octet as u8).collect();
    let room = 1024 - MESSAGE_OVERHEAD;
    assert_eq!(unix.send(client, &data, None), Ok(room));
    assert_eq!(unix.send(client, &data, None), Err(E::WouldBlock));
    assert!(!unix.standing(client).unwrap().writable);
    // It is woken when a quarter of the bound is left, and not for each octet before.
    let mut got = unix.recv(server, 767, false).unwrap().payload.to_vec();
    assert_eq!(woken(&mut unix), []);
    got.extend(unix.recv(server, 1, false).unwrap().payload);
    assert_eq!(woken(&mut unix), [(client, Readiness::WRITE)]);
    assert!(unix.standing(client).unwrap().writable);
    assert_eq!(unix.recv(server, 10, true).unwrap().payload[..], data[768..778], "peeked");
    got.extend(read(&mut unix, server).unwrap());
    assert_eq!(got, data[..room]);
    assert_eq!(unix.recv(server, 0, false).map(|message| message.length), Ok(0));
    assert_eq!(read(&mut unix, server), Err(E::WouldBlock));
    assert_eq!(unix.send(client, b"", None), Ok(0));
    assert_eq!(woken(&mut unix), [], "nothing to read");
    let to = path("/s");
    assert_eq!(unix.send(client, b"x", Some(&to)), Err(E::AlreadyConnected));
    let alone = unix.open(Type::Stream);
    assert_eq!(unix.send(alone, b"x", Some(&to)), Err(E::NotSupported));
    assert_eq!(unix.send(alone, b"x", None), Err(E::NotConnected));
    assert_eq!(read(&mut unix, alone), Err(E::InvalidInput));
}

#[test]
fn many_small_writes_are_bounded_by_the_storage_that_they_take() {
    let mut unix = unix();
    let [client, server, _] = connected(&mut unix, Type::Stream);
    let mut sent = 0;
    while unix.send(client, b"x", None).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 1024 / (1 + MESSAGE_OVERHEAD));
    assert!(unix.socket(server).unwrap().held() <= 1024);
    assert_eq!(unix.socket(server).unwrap().readable(), sent);
}

#[test]
fn records_keep_their_bounds() {
    let mut unix = unix();
    let [client, server, _] = connected(&mut unix, Type::SeqPacket);
    let most = 1024 - MESSAGE_OVERHEAD;
    assert_eq!(unix.send(client, &vec![7; most + 1], None), Err(E::MessageTooLong));
    assert_eq!(unix.send(client, &vec![7; most], None), Ok(most));
    assert_eq!(unix.send(client, b"", None), Err(E::WouldBlock));
    let cut = unix.recv(server, 3, false).unwrap();
    assert_eq!((&cut.payload[..], cut.length), (&[7, 7, 7][..], most));
    assert_eq!(read(&mut unix, server), Err(E::WouldBlock), "the rest is lost");
    for record in [&b"one"[..], b"", b"two"] {
        unix.send(client, record, Some(&path("/elsewhere"))).unwrap();
    }
    let records = [(); 3].map(|()| read(&mut unix, server).unwrap());
    assert_eq!(records, [b"one".to_vec(), vec![], b"two".to_vec()]);
    let alone = unix.open(Type::SeqPacket);
    assert_eq!(read(&mut unix, alone), Err(E::NotConnected));
}

#[test]
fn datagrams_say_where_they_come_from_and_a_full_queue_holds_senders_back() {
    let mut unix = unix();
    let [server, client, other] = [(); 3].map(|()| unix.open(Type::Datagram));
    unix.bind(server, path("/s")).unwrap();
    unix.bind(client, path("/c")).unwrap();
    let to = path("/s");
    assert_eq!(unix.send(client, b"one", None), Err(E::NotConnected));
    unix.send(client, b"one", Some(&to)).unwrap();
    unix.send(other, b"", Some(&to)).unwrap();
    unix.send(client, b"three", Some(&to)).unwrap();
    for sender in [client, other] {
        assert_eq!(unix.send(sender, b"full", Some(&to)), Err(E::WouldBlock));
    }
    let first = unix.recv(server, 2, false).unwrap();
    assert_eq!((&first.payload[..], first.length, first.from), (&b"on"[..], 3, path("/c")));
    assert_eq!(woken(&mut unix), [(client, Readiness::WRITE), (other, Readiness::WRITE)]);
    let second = unix.recv(server, 9, false).unwrap();
    assert_eq!((second.length, second.from), (0, Address::Unnamed));
    assert_eq!(unix.send(client, &[0; 1024], Some(&to)), Err(E::MessageTooLong));
}

#[test]
fn a_socket_of_datagrams_with_a_peer_takes_from_it_alone() {
    let mut unix = unix();
    let [server, client, other] = [(); 3].map(|()| unix.open(Type::Datagram));
    unix.bind(server, path("/s")).unwrap();
    unix.bind(client, path("/c")).unwrap();
    unix.connect(server, &path("/c")).unwrap();
    assert_eq!(unix.send(other, b"x", Some(&path("/s"))), Err(E::NotPermitted));
    assert_eq!(unix.connect(other, &path("/s")), Err(E::NotPermitted));
    unix.connect(client, &path("/s")).unwrap();
    unix.send(client, b"x", None).unwrap();
    // The peer changes: what the old one sent is gone, and it is told.
    unix.bind(other, path("/o")).unwrap();
    unix.connect(server, &path("/o")).unwrap();
    assert_eq!(read(&mut unix, server), Err(E::WouldBlock));
    assert_eq!(unix.send(client, b"x", None), Err(E::ConnectionReset));
    assert_eq!(unix.send(client, b"x", None), Err(E::NotPermitted));
    unix.connect(server, &Address::Unnamed).unwrap();
    assert_eq!(unix.peer(server), Err(E::NotConnected));
    unix.send(client, b"again", None).unwrap();
    unix.close(server);
    assert_eq!(unix.send(client, b"x", None), Err(E::ConnectionRefused));
    assert_eq!(unix.send(client, b"x", None), Err(E::NotConnected));
}

#[test]
fn who_waits_for_room_learns_that_there_will_be_none() {
    let mut unix = unix();
    let [server, client, other] = [(); 3].map(|()| unix.open(Type::Datagram));
    unix.bind(server, path("/s")).unwrap();
    unix.bind(other, path("/o")).unwrap();
    let to = path("/s");
    while unix.send(client, b"x", Some(&to)).is_ok() {}
    unix.connect(server, &path("/o")).unwrap();
    assert_eq!(woken(&mut unix), [(client, Readiness::WRITE)]);
    assert_eq!(unix.send(client, b"x", Some(&to)), Err(E::NotPermitted));
    unix.connect(server, &Address::Unnamed).unwrap();
    while unix.send(client, b"x", Some(&to)).is_ok() {}
    unix.shutdown(server, Shutdown::Read).unwrap();
    assert!(woken(&mut unix).contains(&(client, Readiness::WRITE)));
    assert_eq!(unix.send(client, b"x", Some(&to)), Err(E::BrokenPipe));
}

#[test]
fn a_closed_end_lets_the_other_read_to_the_end() {
    for kind in [Type::Stream, Type::SeqPacket] {
        let mut unix = unix();
        let [client, server, _] = connected(&mut unix, kind);
        unix.send(client, b"last", None).unwrap();
        unix.close(client);
        assert_eq!(unix.send(server, b"x", None), Err(E::BrokenPipe));
        assert_eq!(read(&mut unix, server), Ok(b"last".to_vec()));
        assert_eq!(read(&mut unix, server), Ok(vec![]));
        assert_eq!(unix.peer(server), Err(E::NotConnected));
    }
}

#[test]
fn an_end_that_closes_with_data_unread_resets_the_other() {
    let mut unix = unix();
    let [client, server, _] = connected(&mut unix, Type::Stream);
    unix.send(client, b"unread", None).unwrap();
    unix.send(server, b"for the client", None).unwrap();
    assert_eq!(read(&mut unix, client), Ok(b"for the client".to_vec()));
    assert_eq!(read(&mut unix, client), Err(E::WouldBlock));
    unix.close(server);
    assert_eq!(woken(&mut unix), [(client, Readiness::READ)]);
    let standing = unix.standing(client).unwrap();
    assert!(standing.error && standing.hangup && standing.readable && standing.writable);
    assert_eq!(unix.take_error(client), Ok(Some(E::ConnectionReset)));
    assert_eq!(read(&mut unix, client), Ok(vec![]));
}

#[test]
fn shutdown_ends_one_direction_or_both() {
    let mut unix = unix();
    let [client, server, listener] = connected(&mut unix, Type::Stream);
    unix.send(client, b"bye", None).unwrap();
    unix.shutdown(client, Shutdown::Write).unwrap();
    assert_eq!(unix.send(client, b"x", None), Err(E::BrokenPipe));
    assert_eq!(read(&mut unix, server), Ok(b"bye".to_vec()));
    assert_eq!(read(&mut unix, server), Ok(vec![]));
    assert!(unix.standing(server).unwrap().read_hangup && !unix.standing(server).unwrap().hangup);
    unix.send(server, b"still", None).unwrap();
    assert_eq!(read(&mut unix, client), Ok(b"still".to_vec()));
    unix.shutdown(client, Shutdown::Read).unwrap();
    assert_eq!(unix.send(server, b"x", None), Err(E::BrokenPipe));
    assert_eq!(read(&mut unix, client), Ok(vec![]));
    assert!(unix.standing(client).unwrap().hangup);
    assert_eq!(unix.shutdown(client, Shutdown::Both), Ok(()), "twice is as once");
    unix.shutdown(listener, Shutdown::Both).unwrap();
    let late = unix.open(Type::Stream);
    assert_eq!(unix.connect(late, &path("/s")), Err(E::ConnectionRefused));
    assert_eq!(unix.accept(listener), Err(E::InvalidInput));
}

#[test]
fn a_pair_is_connected_and_each_end_knows_whose_the_other_is() {
    let mut unix = unix();
    unix.set_caller(&Arc::from("server"));
    let listener = listener(&mut unix, Type::Stream, 1);
    unix.set_caller(&Arc::from("client"));
    let client = unix.open(Type::Stream);
    assert_eq!(unix.peer_credentials(client), Err(E::NotConnected));
    unix.connect(client, &path("/s")).unwrap();
    unix.set_caller(&Arc::from("server"));
    let (server, _) = unix.accept(listener).unwrap();
    let whose = [client, server].map(|key| unix.peer_credentials(key).unwrap().application.to_string());
    assert_eq!(whose, ["server", "client"]);
    for kind in [Type::Stream, Type::Datagram, Type::SeqPacket] {
        let [a, b] = unix.pair(kind);
        for (from, to) in [(a, b), (b, a)] {
            unix.send(from, b"over", None).unwrap();
            assert_eq!(read(&mut unix, to), Ok(b"over".to_vec()));
        }
    }
}

#[test]
fn who_asks_to_be_told_is_woken_once() {
    let mut unix = unix();
    let [client, server, _] = connected(&mut unix, Type::Stream);
    assert_eq!(unix.ready(client, Readiness::BOTH), Ok(Readiness::WRITE));
    assert_eq!(unix.ready(client, Readiness::READ), Err(E::WouldBlock));
    unix.send(server, b"a", None).unwrap();
    unix.send(server, b"b", None).unwrap();
    assert_eq!(woken(&mut unix), [(client, Readiness::READ)]);
    assert_eq!(unix.ready(client, Readiness::READ), Ok(Readiness::READ));
    let [a, b] = unix.pair(Type::Datagram);
    let mut sent = 0;
    while unix.send(a, b"x", None).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 1024 / (1 + MESSAGE_OVERHEAD), "the two of a pair are bounded by octets");
    woken(&mut unix);
    assert_eq!(unix.ready(a, Readiness::WRITE), Err(E::WouldBlock));
    read(&mut unix, b).unwrap();
    assert_eq!(woken(&mut unix), [(a, Readiness::WRITE)]);
}

#[test]
fn an_old_key_means_nothing() {
    let mut unix = unix();
    let key = unix.open(Type::Stream);
    unix.close(key);
    unix.close(key);
    assert_eq!(unix.bind(key, path("/s")), Err(E::BadDescriptor));
    assert_eq!(unix.send(key, b"x", None), Err(E::BadDescriptor));
    assert_eq!(unix.recv(key, 1, false), Err(E::BadDescriptor));
}
