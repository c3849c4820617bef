use super::*;
use crate::network::options::{List, Stamps};
use crate::network::sending::MtuDiscovery;
use crate::transport::echo::EchoEvent;
use crate::transport::tcp::StreamOptions;
use crate::transport::{SocketError, SocketId};

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

/// Host 1 asks host 3 for an echo with `options`, by way of whatever they say. What came back.
fn echo(net: &mut Net, options: &List) -> Result<(List, u8), Vec<String>> {
    net.log.lines.clear();
    let socket = net.call(0, |host, ctx| {
        let socket = host.icmp_open(ctx).unwrap();
        host.set_ip_options(socket, options.octets()).unwrap();
        host.set_tos(socket, 0xb9).unwrap();
        host.icmp_send_echo(ctx, socket, ip(3).into(), 1, b"hello", None).unwrap();
        socket
    });
    net.run();
    match net.call(0, |host, ctx| host.icmp_recv(ctx, socket)) {
        Ok(EchoEvent::Reply { options, tos, .. }) => Ok((options, tos)),
        Ok(other) => Err(vec![format!("{other:?}")]),
        Err(_) => Err(net.lines()),
    }
}

fn bind(net: &mut Net, host: usize) -> SocketId {
    net.call(host, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7"))).unwrap()
}

#[test]
fn a_recorded_route_has_both_ends_and_each_once() {
    // RFC 791 §3.1; RFC 1122 §3.2.2.6
    let mut net = Net::new(3, |_| ());
    let (options, _) = echo(&mut net, &List::record_route(9)).unwrap();
    assert_eq!(options.recorded_route().collect::<Vec<_>>(), [ip(1), ip(3)]);
}

#[test]
fn time_stamps_are_those_of_the_sender_the_asked_and_the_asker() {
    // RFC 791 §3.1; RFC 1122 §3.2.1.8 (e), §3.2.2.6
    let mut net = Net::new(3, |_| ());
    net.now = Instant::from_secs(7);
    let (options, _) = echo(&mut net, &List::time_stamp(Stamps::Addressed, 4)).unwrap();
    let stamps: Vec<_> = options.stamps().map(|stamp| (stamp.by.unwrap(), stamp.time)).collect();
    assert_eq!(stamps, [(ip(1), 7000), (ip(3), 7000), (ip(1), 7000)]);
}

#[test]
fn answers_have_the_type_of_service_of_what_was_asked_without_ecn() {
    // RFC 1122 §3.2.1.6; RFC 3168 §5
    let mut net = Net::new(3, |_| ());
    let (_, tos) = echo(&mut net, &List::EMPTY).unwrap();
    assert_eq!(tos, 0xb8);
}

#[test]
fn what_a_header_said_is_told_to_the_receiver() {
    // RFC 1122 §3.2.1.6, §3.2.1.7, §3.2.1.8, §4.1.3.2
    let mut net = Net::new(2, |_| ());
    let (client, server) = (bind(&mut net, 0), bind(&mut net, 1));
    net.call(0, |host, ctx| {
        host.set_ttl(client, Some(3)).unwrap();
        host.set_tos(client, 0x2e).unwrap();
        host.set_ip_options(client, List::time_stamp(Stamps::Times, 9).octets()).unwrap();
        assert_eq!((host.ttl(client), host.tos(client)), (Ok(3), Ok(0x2e)));
        host.udp_send_to(ctx, client, b"x", addr("10.0.0.2:7")).unwrap();
    });
    net.run();
    let received = net.call(1, |host, ctx| host.udp_recv_message(ctx, server)).unwrap();
    assert_eq!((received.ttl, received.tos, received.to, received.interface), (3, 0x2e, ip(2).into(), WIRE));
    assert_eq!(received.options.unwrap().stamps().count(), 2, "the sender's, and the receiver's own");
    net.call(0, |host, ctx| {
        host.set_ip_options(client, &[]).unwrap();
        host.set_ttl(client, None).unwrap();
        host.udp_send_to(ctx, client, b"y", addr("10.0.0.2:7")).unwrap();
    });
    net.run();
    let received = net.call(1, |host, ctx| host.udp_recv_message(ctx, server)).unwrap();
    assert_eq!((received.ttl, received.options), (64, None));
}

#[test]
fn connections_carry_what_their_sockets_were_told_and_no_other() {
    let mut net = Net::new(2, |_| ());
    let listener = net.call(1, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:80"), 4)).unwrap();
    net.hosts[1].set_ttl(listener, Some(7)).unwrap();
    net.hosts[1].set_tos(listener, 0x23).unwrap();
    assert_eq!((net.hosts[1].ttl(listener), net.hosts[1].tos(listener)), (Ok(7), Ok(0x20)));
    let plain = StreamOptions::default();
    let mut own = plain;
    (own.ttl, own.tos) = (Some(9), 0x40);
    for (options, header) in [(plain, (64, 0)), (own, (9, 0x40)), (plain, (64, 0))] {
        net.carried.clear();
        net.call(0, |host, ctx| host.tcp_connect_with(ctx, None, addr("10.0.0.2:80"), &options)).unwrap();
        net.run();
        let header_of = |sender: usize| {
            let frames = net.carried.iter().filter(move |(from, _)| *from == sender);
            let octets = frames.map(|(_, frame)| frame.to_vec()).filter(|octets| octets[12..14] == [8, 0]);
            octets.map(|octets| (octets[22], octets[15])).collect::<Vec<_>>()
        };
        assert_eq!(header_of(0), [header; 2], "SYN, and the ACK of the SYN-ACK");
        assert_eq!(header_of(1), [(7, 0x20)], "the SYN-ACK");
    }
}

#[test]
fn nonsense_cannot_be_set() {
    let mut net = Net::new(1, |_| ());
    let socket = bind(&mut net, 0);
    let listener = net.call(0, |host, ctx| host.tcp_listen(ctx, addr("0.0.0.0:80"), 1)).unwrap();
    let host = &mut net.hosts[0];
    assert_eq!(host.set_ttl(socket, Some(0)), Err(SocketError::InvalidInput));
    assert_eq!(host.set_ip_options(socket, &[7, 9]), Err(SocketError::InvalidInput));
    assert_eq!(host.set_ip_options(socket, &[1; 41]), Err(SocketError::InvalidInput));
    assert_eq!(host.set_mtu_discovery(listener, MtuDiscovery::Do), Err(SocketError::InvalidInput));
}

#[test]
fn source_routes_are_refused_unless_a_knob_allows_them() {
    // RFC 7126 §4.3.5; RFC 1122 §3.3.5
    for forwarding in [false, true] {
        let mut net = Net::new(3, |config| config.profile.network.forwarding = forwarding);
        let refused = echo(&mut net, &List::source_route(false, &[ip(2)])).unwrap_err();
        assert!(refused[0].contains("SourceRouteFailed"), "{refused:?}");
        assert_eq!(net.hosts[1].dropped(DropReason::SourceRouted), 1);
    }
    // One that is at its end is refused as well.
    let mut net = Net::new(3, |config| config.profile.network.accept_source_routes = config.name == "host2");
    net.hosts[1].knobs.forwarding = true;
    assert!(echo(&mut net, &List::source_route(false, &[ip(2)])).is_err());
    assert_eq!(net.hosts[2].dropped(DropReason::SourceRouted), 1);
}

#[test]
fn a_source_route_is_followed_and_the_answer_goes_back_by_it() {
    // RFC 1812 §5.2.4.2; RFC 1122 §3.2.1.8 (c), §3.2.2.6
    for strict in [false, true] {
        let mut net = Net::new(4, |config| {
            config.profile.network.forwarding = true;
            config.profile.network.send_redirects = false;
            config.profile.network.accept_source_routes = true;
        });
        let (options, _) = echo(&mut net, &List::source_route(strict, &[ip(2), ip(4)])).unwrap();
        let route = options.iter().next().unwrap();
        assert_eq!(route[3..11], [10, 0, 0, 4, 10, 0, 0, 2], "by whom the answer came, in its order");
        let passed = |host: usize| net.hosts[host].sent(Cause::Forwarded);
        assert_eq!((passed(0), passed(1), passed(2), passed(3)), (0, 2, 0, 2));
    }
}

#[test]
fn a_strict_source_route_ends_where_the_next_is_not_on_a_link() {
    // RFC 791 §3.1; RFC 1812 §5.2.4.2
    let leads = |strict| {
        let mut net = Net::new(3, |config| {
            config.profile.network.forwarding = true;
            config.profile.network.accept_source_routes = true;
            if config.name == "host2" {
                let destination = "192.0.2.0/24".parse().unwrap();
                config.routes.push(RouteConfig::via(destination, ip(3).into()));
            }
        });
        let hops = [ip(2), Ipv4Addr::new(192, 0, 2, 1)];
        let _ = echo(&mut net, &List::source_route(strict, &hops));
        net.hosts[1].sent(Cause::Forwarded) == 1
    };
    assert!(leads(false) && !leads(true));
}
