//! `socket`, `close`, `fcntl`, and the table.

use super::*;

#[test]
fn a_triple_is_what_linux_says_it_is() {
    let mut net = net();
    for (triple, expected) in [
        ((AF_INET, SOCK_STREAM, 0), Ok(IPPROTO_TCP)),
        ((AF_INET, SOCK_STREAM, IPPROTO_TCP), Ok(IPPROTO_TCP)),
        ((AF_INET, SOCK_DGRAM, 0), Ok(IPPROTO_UDP)),
        ((AF_INET, SOCK_DGRAM, IPPROTO_UDP), Ok(IPPROTO_UDP)),
        ((AF_INET, SOCK_STREAM, IPPROTO_UDP), Err(Errno::EPROTONOSUPPORT)),
        ((AF_INET, SOCK_DGRAM, IPPROTO_TCP), Err(Errno::EPROTONOSUPPORT)),
        ((AF_INET, SOCK_DGRAM, IPPROTO_ICMP), Ok(IPPROTO_ICMP)),
        ((AF_INET, SOCK_RAW, 0), Err(Errno::EPROTONOSUPPORT)),
        ((AF_INET, SOCK_RAW, IPPROTO_ICMP), Ok(IPPROTO_ICMP)),
        ((AF_INET, SOCK_RAW, IPPROTO_RAW), Ok(IPPROTO_RAW)),
        ((AF_INET, SOCK_RAW, 256), Err(Errno::EPROTONOSUPPORT)),
        ((AF_INET, SOCK_SEQPACKET, 0), Err(Errno::ESOCKTNOSUPPORT)),
        ((AF_INET, 0, 0), Err(Errno::ESOCKTNOSUPPORT)),
        ((AF_INET, 4, 0), Err(Errno::ESOCKTNOSUPPORT)),
        ((AF_INET, 11, 0), Err(Errno::EINVAL)),
        ((AF_INET, SOCK_STREAM, 263), Err(Errno::EINVAL)),
        ((AF_INET, SOCK_STREAM, -1), Err(Errno::EINVAL)),
        ((AF_INET6, SOCK_STREAM, 0), Err(Errno::EAFNOSUPPORT)),
        ((AF_UNSPEC, SOCK_STREAM, 0), Err(Errno::EAFNOSUPPORT)),
        ((99, SOCK_STREAM, 0), Err(Errno::EAFNOSUPPORT)),
    ] {
        let (domain, kind, protocol) = triple;
        let opened = net.bsd(0, |bsd| {
            let fd = bsd.socket(domain, kind, protocol)?;
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, SO_DOMAIN), Ok(domain.into()));
            assert_eq!(bsd.getsockopt(fd, SOL_SOCKET, SO_TYPE), Ok(kind.into()));
            bsd.getsockopt(fd, SOL_SOCKET, SO_PROTOCOL)?.int()
        });
        assert_eq!(opened, expected, "{triple:?}");
    }
}

#[test]
fn the_least_number_is_given_and_no_more_than_the_table_holds() {
    let mut net = Net::new(1, |config| config.profile.sockets.max_descriptors = 3);
    let all = [(); 3].map(|()| tcp(&mut net, 0));
    assert_eq!(all, [Fd(3), Fd(4), Fd(5)]);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.socket(AF_INET, SOCK_DGRAM, 0), Err(Errno::EMFILE));
        bsd.close(Fd(4)).unwrap();
        assert_eq!(bsd.close(Fd(4)), Err(Errno::EBADF));
        assert_eq!(bsd.socket(AF_INET, SOCK_DGRAM, 0), Ok(Fd(4)));
        for fd in [Fd(0), Fd(-1), Fd(6), Fd(i32::MAX)] {
            assert_eq!(bsd.close(fd), Err(Errno::EBADF));
            assert_eq!(bsd.send(fd, b"x", 0), Err(Errno::EBADF));
        }
    });
}

#[test]
fn an_accept_without_a_free_number_leaves_the_connection_where_it_is() {
    let mut net = Net::new(2, |config| config.profile.sockets.max_descriptors = 2);
    let listener = listener(&mut net, 5);
    let other = udp(&mut net, 1);
    let client = tcp(&mut net, 0);
    let _ = net.bsd(0, |bsd| bsd.connect(client, SERVER));
    net.run();
    assert_eq!(net.bsd(1, |bsd| bsd.accept(listener)), Err(Errno::EMFILE));
    net.bsd(1, |bsd| bsd.close(other)).unwrap();
    net.bsd(1, |bsd| bsd.accept(listener)).unwrap();
}

#[test]
fn a_descriptor_remembers_whether_it_blocks() {
    let mut net = net();
    let fd = tcp(&mut net, 0);
    net.bsd(0, |bsd| {
        assert_eq!(bsd.fcntl_getfl(fd), Ok(0));
        bsd.fcntl_setfl(fd, O_NONBLOCK).unwrap();
        assert_eq!(bsd.fcntl_getfl(fd), Ok(O_NONBLOCK));
        assert_eq!(bsd.fcntl_setfl(fd, 1), Err(Errno::EINVAL));
        let other = bsd.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0).unwrap();
        assert_eq!(bsd.fcntl_getfl(other), Ok(O_NONBLOCK));
    });
    let (_, listener, accepted) = connection(&mut net);
    let client = tcp(&mut net, 0);
    let _ = net.bsd(0, |bsd| bsd.connect(client, SERVER));
    net.run();
    net.bsd(1, |bsd| {
        assert_eq!(bsd.fcntl_getfl(accepted), Ok(0));
        let (fd, _) = bsd.accept4(listener, SOCK_NONBLOCK).unwrap();
        assert_eq!(bsd.fcntl_getfl(fd), Ok(O_NONBLOCK));
        assert_eq!(bsd.accept4(listener, 1), Err(Errno::EINVAL));
    });
}
