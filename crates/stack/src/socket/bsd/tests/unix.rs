//! Sockets within the host, by the same calls.

use super::*;
use crate::transport::unix::Address as UnixAddress;

fn at(path: &str) -> Address {
    UnixAddress::path(path).unwrap().into()
}

#[test]
fn a_stream_within_the_host_is_called_as_any_other() {
    let mut net = net();
    net.bsd(0, |bsd| {
        let server = bsd.socket(AF_UNIX, SOCK_STREAM, 0).unwrap();
        assert_eq!(bsd.getsockname(server), Ok(UnixAddress::Unnamed.into()));
        assert_eq!(bsd.bind(server, ([0; 4], 1)), Err(Errno::EINVAL));
        bsd.bind(server, at("/run/echo")).unwrap();
        bsd.listen(server, 5).unwrap();
        assert_eq!(bsd.accept(server), Err(Errno::EAGAIN));
        let client = bsd.socket(AF_UNIX, SOCK_STREAM, 0).unwrap();
        assert_eq!(bsd.connect(client, at("/run/none")), Err(Errno::ENOENT));
        assert_eq!(bsd.connect(client, SERVER), Err(Errno::EINVAL));
        bsd.connect(client, at("/run/echo")).unwrap();
        assert_eq!(bsd.getpeername(client), Ok(at("/run/echo")));
        let (accepted, _) = bsd.accept4(server, SOCK_NONBLOCK).unwrap();
        assert_eq!(bsd.fcntl_getfl(accepted), Ok(O_NONBLOCK));
        assert_eq!(bsd.sendmsg(client, &[b"he", b"llo"], None, &[], 0), Ok(5));
        assert_eq!(bsd.send(client, b" there", 0), Ok(6));
        let (mut one, mut other) = ([0; 3], [0; 4]);
        assert_eq!(bsd.recv(accepted, &mut one, MSG_PEEK), Ok(3));
        let received = bsd.recvmsg(accepted, &mut [&mut one, &mut other], 0).unwrap();
        assert_eq!((received.length, &one, &other), (7, b"hel", b"lo t"));
        assert_eq!(bsd.send(client, b"x", MSG_MORE), Err(Errno::EOPNOTSUPP));
        bsd.shutdown(client, SHUT_WR).unwrap();
        assert_eq!(bsd.shutdown(client, 9), Err(Errno::EINVAL));
        assert_eq!(bsd.recv(accepted, &mut [0; 9], 0), Ok(4));
        assert_eq!(bsd.recv(accepted, &mut [0; 9], 0), Ok(0));
        assert_eq!(bsd.send(client, b"x", 0), Err(Errno::EPIPE));
        for fd in [server, client, accepted] {
            bsd.close(fd).unwrap();
        }
    });
}

#[test]
fn pairs_of_each_type() {
    let mut net = Net::new(1, |config| config.profile.sockets.max_descriptors = 3);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.socketpair(AF_INET, SOCK_STREAM, 0), Err(Errno::EOPNOTSUPP));
        assert_eq!(bsd.socketpair(AF_INET6, SOCK_STREAM, 0), Err(Errno::EAFNOSUPPORT));
        assert_eq!(bsd.socketpair(AF_UNIX, 4, 0), Err(Errno::ESOCKTNOSUPPORT));
        assert_eq!(bsd.socketpair(AF_UNIX, SOCK_STREAM, 6), Err(Errno::EPROTONOSUPPORT));
        assert_eq!(bsd.socketpair(AF_UNIX, 11, 0), Err(Errno::EINVAL));
        for (kind, whole) in [(SOCK_STREAM, false), (SOCK_DGRAM, true), (SOCK_SEQPACKET, true)] {
            let (one, other) = bsd.socketpair(AF_UNIX, kind, 0).unwrap();
            assert_eq!(bsd.socketpair(AF_UNIX, kind, 0), Err(Errno::EMFILE), "all or nothing");
            assert_eq!(bsd.getsockopt(one, SOL_SOCKET, SO_TYPE), Ok(kind.into()));
            assert_eq!(bsd.getsockopt(one, SOL_SOCKET, SO_DOMAIN), Ok(AF_UNIX.into()));
            bsd.send(one, b"0123456789", 0).unwrap();
            let received = bsd.recvmsg(other, &mut [&mut [0; 4]], 0).unwrap();
            assert_eq!((received.length, received.flags), (4, if whole { MSG_TRUNC } else { 0 }));
            let rest = bsd.recv(other, &mut [0; 4], 0);
            assert_eq!(rest, if whole { Err(Errno::EAGAIN) } else { Ok(4) });
            bsd.close(one).unwrap();
            bsd.close(other).unwrap();
        }
    });
}

#[test]
fn options_and_poll_know_sockets_within_the_host() {
    let mut net = net();
    let ready = POLLOUT | POLLWRNORM;
    net.bsd(0, |bsd| {
        let (one, other) = bsd.socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        for (level, name) in [(SOL_SOCKET, SO_KEEPALIVE), (IPPROTO_IP, IP_TTL), (IPPROTO_TCP, TCP_NODELAY)] {
            assert_eq!(bsd.setsockopt(one, level, name, 1), Err(Errno::ENOPROTOOPT));
            assert_eq!(bsd.getsockopt(one, level, name), Err(Errno::ENOPROTOOPT));
        }
        bsd.setsockopt(one, SOL_SOCKET, SO_SNDBUF, 10_000).unwrap();
        assert!(bsd.getsockopt(one, SOL_SOCKET, SO_SNDBUF).unwrap().int().unwrap() >= 10_000);
        assert!(matches!(bsd.getsockopt(one, SOL_SOCKET, SO_PEERCRED), Ok(OptionValue::Text(_))));
        assert_eq!(bsd.getsockopt(one, SOL_SOCKET, SO_ACCEPTCONN), Ok(0.into()));
        assert_eq!(bsd.getsockopt(one, SOL_SOCKET, SO_ERROR), Ok(0.into()));
        bsd.setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, crate::time::Duration::from_secs(1)).unwrap();
        let mut asked = [PollFd::new(other, POLLIN)];
        assert_eq!(bsd.poll(&mut asked), 0);
        bsd.send(one, b"x", 0).unwrap();
        assert_eq!((bsd.poll(&mut asked), asked[0].revents), (1, POLLIN));
        bsd.close(one).unwrap();
        let mut asked = [PollFd::new(other, i16::MAX)];
        bsd.poll(&mut asked);
        let ended = POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP;
        assert_eq!(asked[0].revents, ready | ended);
    });
    assert_eq!(net.wakes(0).len(), 1, "who polled was woken");
}
