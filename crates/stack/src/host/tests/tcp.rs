use super::*;
use crate::trace::State;
use crate::transport::{SocketError, SocketId};

/// A connection from host `client` to port 6999 of host `server` at `address`: both ends of it.
fn connect(net: &mut Net, client: usize, server: usize, address: &str) -> (SocketId, SocketId) {
    let listener = net.call(server, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:6999"), 8)).unwrap();
    let stream = net.call(client, |host, ctx| host.tcp_connect(ctx, None, addr(address))).unwrap();
    net.run();
    net.call(client, |host, _| host.tcp_connected(stream)).unwrap();
    let (accepted, peer) = net.call(server, |host, ctx| host.tcp_accept(ctx, listener)).unwrap();
    assert_eq!(net.hosts[client].local_addr(stream), Ok(peer));
    assert_eq!(net.hosts[server].peer_addr(accepted), Ok(peer));
    (stream, accepted)
}

/// Sends `total` octets from one end to the other.
fn transfer(net: &mut Net, from: (usize, SocketId), to: (usize, SocketId), total: usize) {
    let data: Vec<u8> = (0..total).map(|at| (at % 251) as u8).collect();
    let (mut sent, mut received) = (0, Vec::new());
    let mut buffer = vec![0; 100_000];
    for _ in 0..100_000 {
        if received.len() == total {
            break;
        }
        match net.call(from.0, |host, ctx| host.tcp_send(ctx, from.1, &data[sent..])) {
            Ok(taken) => sent += taken,
            Err(error) => assert_eq!(error, SocketError::WouldBlock),
        }
        net.run_for(Duration::from_millis(1));
        while let Ok(length @ 1..) = net.call(to.0, |host, ctx| host.tcp_recv(ctx, to.1, &mut buffer)) {
            received.extend_from_slice(&buffer[..length]);
        }
    }
    assert!(received == data, "{} of {total} octets arrived", received.len());
}

fn close_both(net: &mut Net, one: (usize, SocketId), other: (usize, SocketId)) {
    net.call(one.0, |host, ctx| host.close(ctx, one.1));
    net.run_for(Duration::from_millis(100));
    net.call(other.0, |host, ctx| host.close(ctx, other.1));
    net.run_for(Duration::from_secs(600));
}

#[test]
fn a_stream_crosses_the_wire() {
    let mut net = Net::new(2, |_| ());
    let (client, server) = connect(&mut net, 0, 1, "10.0.0.2:6999");
    assert_eq!(net.lines()[..2], ["10.0.0.2 incomplete", "sent arp-request"], "the connection waits for ARP");
    transfer(&mut net, (0, client), (1, server), 300_000);
    transfer(&mut net, (1, server), (0, client), 100_000);
    assert_eq!(net.hosts[0].tcp_info(client).unwrap().state, State::Established);
    close_both(&mut net, (0, client), (1, server));
    for host in &net.hosts {
        let counters = host.counters();
        assert_eq!((counters.retransmitted_segments, counters.resets_sent), (0, 0));
        host.for_each_connection(|id, info| panic!("{id} is still there: {}", info.state));
    }
    let [first, second] = [0, 1].map(|host| net.hosts[host].counters());
    assert_eq!(first.tcp_segments_sent, second.tcp_segments_received);
    assert_eq!(second.tcp_segments_sent, first.tcp_segments_received);
}

#[test]
fn a_stream_to_oneself_never_leaves_the_host() {
    let mut net = Net::new(1, |_| ());
    for address in ["127.0.0.1:6999", "10.0.0.1:6999"] {
        let mut fresh = Net::new(1, |_| ());
        let (client, server) = connect(&mut fresh, 0, 0, address);
        transfer(&mut fresh, (0, client), (0, server), 500_000);
        close_both(&mut fresh, (0, client), (0, server));
        assert!(fresh.carried.is_empty());
        net = fresh;
    }
    assert_eq!(net.hosts[0].counters().dropped_frames, 0);
}

#[test]
fn a_closed_port_refuses() {
    let mut net = Net::new(2, |_| ());
    let stream = net.call(0, |host, ctx| host.tcp_connect(ctx, None, addr("10.0.0.2:6999"))).unwrap();
    net.run();
    let refused = net.call(0, |host, _| host.tcp_connected(stream));
    assert_eq!(refused, Err(SocketError::ConnectionRefused));
    let counters = net.hosts[1].counters();
    assert_eq!((counters.resets_sent, counters.tcp_no_connection), (1, 1));
}

#[test]
fn offloads_carry_the_same_stream() {
    let mut net = Net::new(2, |config| {
        let capabilities = &mut config.interfaces[0].capabilities;
        (capabilities.transmit_checksum, capabilities.max_super_frame) = (true, 40_000);
    });
    let (client, server) = connect(&mut net, 0, 1, "10.0.0.2:6999");
    transfer(&mut net, (0, client), (1, server), 300_000);
    assert_eq!(net.hosts[1].counters().tcp_bad_checksum, 0);
}

#[test]
fn a_socket_of_another_kind_is_a_bad_descriptor() {
    let mut net = Net::new(1, |_| ());
    net.call(0, |host, ctx| {
        let bad = SocketError::BadDescriptor;
        let datagrams = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        let listener = host.tcp_listen(ctx, addr("0.0.0.0:7"), 1).unwrap();
        assert_eq!(host.tcp_send(ctx, datagrams, b"x"), Err(bad));
        assert_eq!(host.tcp_recv(ctx, listener, &mut []), Err(bad));
        assert_eq!(host.tcp_accept(ctx, datagrams), Err(bad));
        assert_eq!(host.udp_send(ctx, listener, b"x"), Err(bad));
        assert_eq!(host.icmp_recv(ctx, datagrams), Err(bad));
        assert_eq!(host.peer_addr(listener), Err(SocketError::NotConnected));
        assert_eq!(host.local_addr(listener), Ok(addr("0.0.0.0:7")));
        let remote = addr("10.0.0.255:7");
        assert_eq!(host.tcp_connect(ctx, None, remote), Err(SocketError::InvalidInput));
        assert_eq!(host.tcp_connect(ctx, None, addr("10.0.0.2:0")), Err(SocketError::InvalidInput));
    });
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut net = Net::new(2, |_| ());
    let (client, server) = connect(&mut net, 0, 1, "10.0.0.2:6999");
    let before = net.hosts.clone();
    transfer(&mut net, (0, client), (1, server), 10_000);
    let sent = net.hosts[0].counters().frames_sent;
    assert!(before[0].counters().frames_sent < sent);
    net.hosts = before;
    transfer(&mut net, (0, client), (1, server), 10_000);
    assert_eq!(net.hosts[0].counters().frames_sent, sent);
}
