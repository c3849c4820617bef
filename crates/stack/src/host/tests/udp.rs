use super::*;
use crate::network::sending::MtuDiscovery;
use crate::transport::{Readiness, SocketError, SocketId};

fn bind(net: &mut Net, host: usize, local: &str) -> SocketId {
    net.call(host, |host, ctx| host.udp_bind(ctx, addr(local))).unwrap()
}

fn received(net: &mut Net, host: usize, id: SocketId) -> Result<(String, SocketAddr), SocketError> {
    let mut buffer = [0; 100];
    let (length, from) = net.call(host, |host, ctx| host.udp_recv_from(ctx, id, &mut buffer))?;
    Ok((String::from_utf8(buffer[..length].to_vec()).unwrap(), from))
}

#[test]
fn datagrams_go_to_and_fro() {
    let mut net = Net::new(2, |_| ());
    let (client, server) = (bind(&mut net, 0, "10.0.0.1:5000"), bind(&mut net, 1, "0.0.0.0:7"));
    assert_eq!(received(&mut net, 1, server), Err(SocketError::WouldBlock));
    net.call(0, |host, ctx| host.udp_send_to(ctx, client, b"hello", addr("10.0.0.2:7"))).unwrap();
    net.run();
    assert_eq!(net.wakes(1), [Wake { socket: server, readiness: Readiness::READ }]);
    let (text, from) = received(&mut net, 1, server).unwrap();
    assert_eq!((text.as_str(), from), ("hello", addr("10.0.0.1:5000")));
    net.call(1, |host, ctx| host.udp_send_to(ctx, server, b"HELLO", from)).unwrap();
    net.run();
    assert_eq!(received(&mut net, 0, client), Ok(("HELLO".into(), addr("10.0.0.2:7"))));
    net.call(1, |host, ctx| host.close(ctx, server));
    assert_eq!(net.hosts[1].local_addr(server), Err(SocketError::BadDescriptor));
    assert_eq!(received(&mut net, 1, server), Err(SocketError::BadDescriptor));
}

#[test]
fn what_does_not_fit_the_buffer_is_lost() {
    let mut net = Net::new(1, |_| ());
    let socket = bind(&mut net, 0, "127.0.0.1:7");
    net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"0123456789", addr("127.0.0.1:7"))).unwrap();
    net.run();
    let mut buffer = [0; 4];
    let (length, _) = net.call(0, |host, ctx| host.udp_recv_from(ctx, socket, &mut buffer)).unwrap();
    assert_eq!((length, &buffer), (4, b"0123"));
    assert_eq!(received(&mut net, 0, socket), Err(SocketError::WouldBlock));
}

#[test]
fn a_host_reaches_itself_by_each_of_its_addresses() {
    for (to, from) in [("127.0.0.1:7", "127.0.0.1"), ("127.9.9.9:7", "127.0.0.1"), ("10.0.0.1:7", "10.0.0.1")]
    {
        let mut net = Net::new(1, |_| ());
        let (client, server) = (bind(&mut net, 0, "0.0.0.0:0"), bind(&mut net, 0, "0.0.0.0:7"));
        net.call(0, |host, ctx| host.udp_send_to(ctx, client, b"me", addr(to))).unwrap();
        net.run();
        let (text, sender) = received(&mut net, 0, server).unwrap();
        assert_eq!((text.as_str(), sender.ip().to_string().as_str()), ("me", from), "to {to}");
        assert!(net.carried.is_empty(), "nothing was on the wire");
        let counters = net.hosts[0].counters();
        assert_eq!((counters.frames_sent, counters.frames_received), (1, 1));
    }
}

#[test]
fn loopback_tells_of_a_closed_port_too() {
    let mut net = Net::new(1, |_| ());
    let client = bind(&mut net, 0, "0.0.0.0:0");
    net.call(0, |host, ctx| host.udp_send_to(ctx, client, b"me", addr("127.0.0.1:7"))).unwrap();
    net.run();
    assert_eq!(received(&mut net, 0, client), Err(SocketError::ConnectionRefused));
}

#[test]
fn broadcasts_need_permission_and_reach_all() {
    // RFC 1122 §3.3.6
    for destination in ["255.255.255.255:7", "10.0.0.255:7"] {
        let mut net = Net::new(3, |_| ());
        let (one, other) = (bind(&mut net, 1, "0.0.0.0:7"), bind(&mut net, 2, "0.0.0.0:7"));
        let narrow = bind(&mut net, 0, "10.0.0.1:7");
        let send =
            |net: &mut Net| net.call(0, |host, ctx| host.udp_send_to(ctx, narrow, b"all", addr(destination)));
        assert_eq!(send(&mut net), Err(SocketError::PermissionDenied));
        net.hosts[0].udp_set_broadcast(narrow, true).unwrap();
        assert_eq!(send(&mut net), Ok(3));
        net.run();
        let expected = Ok(("all".into(), addr("10.0.0.1:7")));
        assert_eq!(received(&mut net, 1, one), expected);
        assert_eq!(received(&mut net, 2, other), expected);
        assert_eq!(net.lines(), ["sent udp-data"], "no ARP, no errors");
    }
}

#[test]
fn what_is_longer_than_the_mtu_and_must_not_be_cut_is_refused() {
    // RFC 1122 §3.3.3; RFC 1191 §3
    let mut net = Net::new(2, |config| config.interfaces[0].capabilities.mtu = 500);
    let (socket, remote) = (bind(&mut net, 0, "0.0.0.0:0"), addr("10.0.0.2:7"));
    net.call(0, |host, ctx| {
        host.set_mtu_discovery(socket, MtuDiscovery::Do).unwrap();
        assert_eq!(host.udp_send_to(ctx, socket, &[0; 473], remote), Err(SocketError::MessageTooLong));
        assert_eq!(host.udp_send_to(ctx, socket, &[0; 472], remote), Ok(472));
        let echo = host.icmp_open(ctx).unwrap();
        host.set_mtu_discovery(echo, MtuDiscovery::Do).unwrap();
        let too_long = host.icmp_send_echo(ctx, echo, remote.ip(), 1, &[0; 473], None);
        assert_eq!(too_long, Err(SocketError::MessageTooLong));
        host.set_mtu_discovery(socket, MtuDiscovery::Want).unwrap();
        assert_eq!(host.udp_send_to(ctx, socket, &vec![0; 65_507], remote), Ok(65_507));
        assert_eq!(host.udp_send_to(ctx, socket, &vec![0; 65_508], remote), Err(SocketError::MessageTooLong));
    });
}

#[test]
fn a_full_outbox_makes_senders_wait() {
    let mut net = Net::new(2, |config| config.profile.network.max_outbox_packets = 2);
    let (socket, remote) = (bind(&mut net, 0, "0.0.0.0:0"), addr("10.0.0.2:7"));
    bind(&mut net, 1, "0.0.0.0:7");
    let echo = net.call(0, |host, ctx| host.icmp_open(ctx).unwrap());
    net.call(0, |host, ctx| {
        let mut send = || host.udp_send_to(ctx, socket, b"x", remote);
        assert_eq!((send(), send()), (Ok(1), Ok(1)));
        assert_eq!((send(), send()), (Err(SocketError::WouldBlock), Err(SocketError::WouldBlock)));
        let request = host.icmp_send_echo(ctx, echo, remote.ip(), 1, b"", None);
        assert_eq!(request, Err(SocketError::WouldBlock));
    });
    assert_eq!(net.wakes(0), []);
    net.run();
    let wake = |socket| Wake { socket, readiness: Readiness::WRITE };
    assert_eq!(net.wakes(0), [wake(socket), wake(echo)]);
    assert_eq!(net.call(0, |host, ctx| host.udp_send_to(ctx, socket, b"x", remote)), Ok(1));
}

#[test]
fn offloaded_checksums_are_left_to_the_link() {
    let mut net = Net::new(2, |config| config.interfaces[0].capabilities.transmit_checksum = true);
    let (client, server) = (bind(&mut net, 0, "0.0.0.0:0"), bind(&mut net, 1, "0.0.0.0:7"));
    net.call(0, |host, ctx| host.udp_send_to(ctx, client, b"hello", addr("10.0.0.2:7"))).unwrap();
    net.run();
    assert!(received(&mut net, 1, server).is_ok(), "a receiver does not verify what nobody completed");
    let (_, frame) = net.carried.last().unwrap();
    let crate::frame::Checksum::Partial { start, offset } = frame.meta.checksum else { panic!() };
    assert_eq!((start, offset), (34, 6));
    // Whoever completes it sums from `start` on, and gets what the stack itself would have written.
    let octets = frame.to_vec();
    let sum = crate::checksum::Sum::new().with(&octets[usize::from(start)..]).finish();
    let mut whole = Net::new(2, |_| ());
    let client = bind(&mut whole, 0, &net.hosts[0].local_addr(client).unwrap().to_string());
    whole.call(0, |host, ctx| host.udp_send_to(ctx, client, b"hello", addr("10.0.0.2:7"))).unwrap();
    whole.run();
    let complete =
        whole.carried.iter().find(|(_, frame)| frame.meta.cause == Cause::UdpData).unwrap().1.to_vec();
    assert_eq!(complete[40..42], sum.to_be_bytes());
}

#[test]
fn addresses_that_are_not_ours_cannot_be_bound() {
    let mut net = Net::new(1, |_| ());
    net.call(0, |host, ctx| {
        let not_available = Err(SocketError::AddressNotAvailable);
        assert_eq!(host.udp_bind(ctx, addr("10.0.0.2:7")), not_available);
        assert_eq!(host.udp_bind(ctx, addr("[::]:7")), not_available, "no IPv6 yet");
        assert_eq!(host.tcp_listen(ctx, addr("10.0.0.2:7"), 1), not_available);
        assert_eq!(host.tcp_connect(ctx, Some(addr("10.0.0.2:7")), addr("10.0.0.3:7")), not_available);
        let socket = host.udp_bind(ctx, addr("10.0.0.1:7")).unwrap();
        assert_eq!(host.udp_bind(ctx, addr("0.0.0.0:7")), Err(SocketError::AddressInUse));
        assert_eq!(host.udp_connect(ctx, socket, addr("10.0.0.2:0")), Err(SocketError::InvalidInput));
        let unreachable = Err(SocketError::NetworkUnreachable);
        assert_eq!(host.udp_connect(ctx, socket, addr("8.8.8.8:7")), unreachable);
        assert_eq!(host.udp_connect(ctx, socket, addr("[::1]:7")), unreachable);
    });
}

#[test]
fn a_send_buffer_is_the_longest_datagram() {
    let mut net = Net::new(2, |_| ());
    let socket = net.call(0, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:9"))).unwrap();
    net.hosts[0].udp_set_send_buffer(socket, 2_500).unwrap();
    assert_eq!(net.hosts[0].udp_send_buffer(socket), Ok(2_500));
    let mut send =
        |length| net.call(0, |host, ctx| host.udp_send_to(ctx, socket, &vec![0; length], addr("10.0.0.2:7")));
    assert_eq!((send(2_500), send(2_501)), (Ok(2_500), Err(SocketError::MessageTooLong)));
}
