//! What `poll` and `select` say, as Linux says it, and that who waits is woken.

use super::*;
use crate::transport::{Readiness, SocketId, Wake};

const IN: i16 = POLLIN | POLLRDNORM;
const OUT: i16 = POLLOUT | POLLWRNORM;

#[test]
fn a_stream_is_polled_through_its_life() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    assert_eq!(poll(&mut net, 0, fd), OUT | POLLHUP);
    let (client, listener, server) = connection(&mut net);
    assert_eq!(poll(&mut net, 1, listener), 0);
    let _ = net.bsd(0, |bsd| bsd.connect(fd, SERVER));
    assert_eq!(poll(&mut net, 0, fd), 0, "while it connects");
    net.run();
    assert_eq!(poll(&mut net, 0, fd), OUT);
    assert_eq!(poll(&mut net, 1, listener), IN);
    send(&mut net, 0, client, b"x").unwrap();
    assert_eq!(poll(&mut net, 1, server), IN | OUT);
    recv(&mut net, 1, server, 0).unwrap();
    assert_eq!(poll(&mut net, 1, server), OUT);
    net.bsd(0, |bsd| bsd.shutdown(client, SHUT_WR)).unwrap();
    net.run();
    assert_eq!(poll(&mut net, 0, client), OUT);
    assert_eq!(poll(&mut net, 1, server), IN | OUT | POLLRDHUP);
    net.bsd(1, |bsd| bsd.shutdown(server, SHUT_WR)).unwrap();
    net.run();
    assert_eq!(poll(&mut net, 1, server), IN | OUT | POLLRDHUP | POLLHUP);
    assert_eq!(poll(&mut net, 0, client), IN | OUT | POLLRDHUP | POLLHUP);
}

#[test]
fn a_reset_and_a_refusal_are_errors_until_they_are_told() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    send(&mut net, 0, client, b"unread").unwrap();
    net.bsd(1, |bsd| bsd.close(server)).unwrap();
    net.run();
    assert_eq!(poll(&mut net, 0, client), IN | OUT | POLLERR | POLLHUP | POLLRDHUP);
    recv(&mut net, 0, client, 0).unwrap_err();
    assert_eq!(poll(&mut net, 0, client), IN | OUT | POLLHUP | POLLRDHUP);
    let fd = tcp(&mut net, 0);
    let _ = net.bsd(0, |bsd| bsd.connect(fd, ([10, 0, 0, 2], 1)));
    net.run();
    assert_eq!(poll(&mut net, 0, fd), IN | OUT | POLLERR | POLLHUP | POLLRDHUP);
}

#[test]
fn shutting_down_is_seen_by_poll() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    let _ = net.bsd(0, |bsd| bsd.shutdown(fd, SHUT_RDWR));
    assert_eq!(poll(&mut net, 0, fd), IN | OUT | POLLHUP | POLLRDHUP);
    let fd = udp(&mut net, 0);
    assert_eq!(poll(&mut net, 0, fd), OUT);
    let _ = net.bsd(0, |bsd| bsd.shutdown(fd, SHUT_RD));
    assert_eq!(poll(&mut net, 0, fd), IN | OUT | POLLRDHUP);
    let _ = net.bsd(0, |bsd| bsd.shutdown(fd, SHUT_WR));
    assert_eq!(poll(&mut net, 0, fd), IN | OUT | POLLRDHUP | POLLHUP);
}

#[test]
fn what_was_not_asked_about_is_not_told_but_for_what_always_is() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    let gone = Fd(77);
    let mut asked = [PollFd::new(fd, POLLIN), PollFd::new(gone, POLLIN), PollFd::new(Fd(-1), POLLIN)];
    assert_eq!(net.bsd(0, |bsd| bsd.poll(&mut asked)), 2);
    assert_eq!(asked.map(|asked| asked.revents), [POLLHUP, POLLNVAL, 0]);
}

#[test]
fn a_buffer_that_is_full_is_not_writable_until_there_is_room() {
    let mut net = net();
    let (client, _, server) = connection(&mut net);
    while send(&mut net, 0, client, &vec![0; 65_536]).is_ok() {}
    assert_eq!(poll(&mut net, 0, client), 0);
    let token = net.bsd(0, |bsd| bsd.token(client)).unwrap().unwrap();
    net.wakes(0);
    let mut asked = [PollFd::new(client, POLLOUT)];
    assert_eq!(net.bsd(0, |bsd| bsd.poll(&mut asked)), 0);
    let mut buffer = vec![0; 1 << 20];
    while net.bsd(1, |bsd| bsd.recv(server, &mut buffer, 0)).is_ok() {
        net.run();
    }
    assert_eq!(net.wakes(0), [Wake { socket: token, readiness: Readiness::WRITE }]);
    assert_eq!(poll(&mut net, 0, client), OUT);
}

#[test]
fn who_waits_for_several_is_woken_by_the_first() {
    let mut net = net();
    let (client, listener, server) = connection(&mut net);
    let datagrams = udp(&mut net, 1);
    net.bsd(1, |bsd| bsd.bind(datagrams, SERVER)).unwrap();
    let all = [listener, server, datagrams];
    let tokens = all.map(|fd| net.bsd(1, |bsd| bsd.token(fd)).unwrap().unwrap());
    let selected = net.bsd(1, |bsd| bsd.select(&all, &[], &[])).unwrap();
    assert!(selected.is_empty());
    let sender = udp(&mut net, 0);
    net.bsd(0, |bsd| bsd.sendto(sender, b"x", 0, SERVER)).unwrap();
    send(&mut net, 0, client, b"x").unwrap();
    let other = tcp(&mut net, 0);
    let _ = net.bsd(0, |bsd| bsd.connect(other, SERVER));
    net.run();
    let mut woken: Vec<SocketId> = net.wakes(1).into_iter().map(|wake| wake.socket).collect();
    woken.sort_unstable();
    let mut expected = tokens;
    expected.sort_unstable();
    assert_eq!(woken, expected);
    let selected = net.bsd(1, |bsd| bsd.select(&all, &all, &all)).unwrap();
    assert_eq!(selected, Selected { read: all.to_vec(), write: vec![server, datagrams], except: vec![] });
    assert_eq!(net.bsd(1, |bsd| bsd.select(&[Fd(99)], &[], &[])), Err(Errno::EBADF));
    assert_eq!(net.bsd(1, |bsd| bsd.select(&[], &[], &[Fd(99)])), Err(Errno::EBADF));
}
