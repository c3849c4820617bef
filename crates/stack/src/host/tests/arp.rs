use core::net::Ipv4Addr;

use super::*;
use crate::interface::arp::Packet;
use crate::transport::echo::EchoEvent;
use crate::transport::{Readiness, Report, SocketError, SocketId, Trouble};

/// A socket of host 0 that has sent `count` datagrams to host 1.
fn send(net: &mut Net, count: usize) -> SocketId {
    net.call(0, |host, ctx| {
        let id = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        for _ in 0..count {
            host.udp_send_to(ctx, id, b"hello", addr("10.0.0.2:7")).unwrap();
        }
        id
    })
}

#[test]
fn a_datagram_waits_for_the_address_of_its_next_hop() {
    let mut net = Net::new(3, |_| ());
    let receiver = net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap());
    send(&mut net, 2);
    net.run();
    let expected = [
        "10.0.0.2 incomplete",
        "sent arp-request",
        "10.0.0.1 reachable",
        "sent arp-reply",
        "10.0.0.2 reachable",
        "dropped not-for-us at interface",
        "sent udp-data",
        "dropped not-for-us at interface",
        "sent udp-data",
        "dropped not-for-us at interface",
    ];
    assert_eq!(net.lines(), expected);
    assert!(net.call(1, |host, ctx| host.udp_recv_bytes(ctx, receiver)).is_ok());
    assert!(net.call(1, |host, ctx| host.udp_recv_bytes(ctx, receiver)).is_ok());
    assert!(net.hosts[2].interfaces[0].neighbors.is_empty(), "others' requests fill no cache");
    let counters = net.hosts[0].counters();
    assert_eq!((counters.arp_requests_sent, counters.udp_datagrams_sent, counters.frames_sent), (1, 2, 3));
    assert_eq!((counters.arp_received, counters.frames_received, counters.dropped_frames), (1, 1, 0));
}

#[test]
fn a_silent_next_hop_fails_all_who_wait_for_it() {
    let mut net = Net::new(1, |_| ());
    let datagrams = send(&mut net, 1);
    let (stream, echo) = net.call(0, |host, ctx| {
        let stream = host.tcp_connect(ctx, None, addr("10.0.0.2:6999")).unwrap();
        let echo = host.icmp_open(ctx).unwrap();
        host.icmp_send_echo(ctx, echo, [10, 0, 0, 2].into(), 9, b"ping", None).unwrap();
        assert_eq!(host.udp_recv_bytes(ctx, datagrams), Err(SocketError::WouldBlock));
        assert_eq!(host.tcp_connected(stream), Err(SocketError::WouldBlock));
        assert_eq!(host.icmp_recv(ctx, echo), Err(SocketError::WouldBlock));
        (stream, echo)
    });
    net.run_until(Instant::from_millis(2_999));
    let waiting = ["10.0.0.2 incomplete", "sent arp-request", "sent arp-request", "sent arp-request"];
    assert_eq!(net.lines(), waiting, "three requests, a second apart");
    net.run_until(Instant::from_secs(3));
    let failed = ["10.0.0.2 failed"; 1];
    assert_eq!(net.lines()[..1], failed);
    let mut woken: Vec<SocketId> = net.wakes(0).iter().map(|wake| wake.socket).collect();
    woken.sort();
    assert_eq!(woken, [stream, datagrams, echo]);
    net.call(0, |host, ctx| {
        assert_eq!(host.udp_recv_bytes(ctx, datagrams), Err(SocketError::HostUnreachable));
        assert_eq!(host.tcp_connected(stream), Err(SocketError::HostUnreachable));
        let (from, trouble) = ([10, 0, 0, 1].into(), Trouble::HostUnreachable);
        let error = EchoEvent::Error { sequence: 9, report: Report { from, trouble, icmp: None } };
        assert_eq!(host.icmp_recv(ctx, echo), Ok(error));
        // For a while there is no use in asking again.
        host.udp_send_to(ctx, datagrams, b"again", addr("10.0.0.2:7")).unwrap();
    });
    net.run();
    assert_eq!(net.lines(), ["dropped neighbor-unresolved at interface"]);
    net.call(0, |host, ctx| {
        assert_eq!(host.udp_recv_bytes(ctx, datagrams), Err(SocketError::HostUnreachable));
    });
    let counters = net.hosts[0].counters();
    assert_eq!((counters.neighbors_failed, counters.neighbor_unresolved), (1, 3));
    assert_eq!(counters.arp_requests_sent, 3);
    net.run_until(Instant::from_secs(60));
    assert_eq!(net.hosts[0].poll_timeout(), None, "nothing is left to be done");
}

#[test]
fn the_oldest_of_too_many_waiting_packets_is_dropped() {
    // RFC 1122 §2.3.2.2
    let mut net = Net::new(2, |config| config.profile.interface.max_queued_packets = 2);
    net.lost = |sender, _| sender == 1;
    send(&mut net, 3);
    net.run();
    let drops = net.lines().iter().filter(|line| line.contains("neighbor-queue-full")).count();
    assert_eq!(drops, 1);
}

#[test]
fn addresses_are_announced_at_the_start_and_fill_no_cache() {
    // RFC 5227 §2.3
    let mut net = Net::new(2, |config| config.interfaces[0].announce = true);
    net.call(0, Host::start);
    net.run();
    assert_eq!(net.lines(), ["sent arp-announcement"]);
    assert_eq!(net.hosts[0].poll_timeout(), Some(Instant::from_secs(2)));
    net.run_until(Instant::from_secs(10));
    assert_eq!(net.hosts[0].counters().arp_announcements_sent, 2);
    assert!(net.hosts[1].interfaces[0].neighbors.is_empty());
}

#[test]
fn a_conflict_is_observed_and_defended_against_once_in_ten_seconds() {
    // RFC 5227 §2.4
    let mut net = Net::new(1, |_| ());
    let claim = Packet::announcement(Mac([2, 9, 9, 9, 9, 9]), Ipv4Addr::new(10, 0, 0, 1));
    for (second, defended) in [(0, true), (5, false), (10, true)] {
        net.now = Instant::from_secs(second);
        net.deliver(0, claim.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
        net.run();
        let mut expected = vec!["02:09:09:09:09:09 has 10.0.0.1 too"];
        expected.extend(defended.then_some("sent arp-defence"));
        assert_eq!(net.lines(), expected, "at {second} s");
    }
    assert_eq!(net.hosts[0].counters().address_conflicts, 3);
}

#[test]
fn what_its_own_interfaces_send_is_no_conflict() {
    // RFC 5227 §2.1.1, §2.4: two interfaces of one host on one wire.
    let own = Mac([2, 0, 0, 0, 0, 77]);
    let wanted = Ipv4Addr::new(10, 0, 0, 50);
    for (sender, conflicts) in [(own, 0), (Mac([2, 9, 9, 9, 9, 9]), 2)] {
        let mut net = Net::new(1, |config| {
            let mut second = config.interfaces[0].clone();
            (second.name, second.mac, second.addresses) = ("eth1".to_owned(), own, Vec::new());
            config.interfaces.push(second);
        });
        net.call(0, |host, ctx| {
            host.assign_address(ctx, WIRE, crate::addr::Cidr::new(wanted.into(), 24).unwrap()).unwrap();
        });
        for packet in [Packet::announcement(sender, [10, 0, 0, 1].into()), Packet::probe(sender, wanted)] {
            net.deliver(0, packet.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
        }
        net.run();
        assert_eq!(net.hosts[0].counters().arp.in_conflicts, conflicts, "{sender}");
        let tentative = net.hosts[0].interfaces[0].tentative().count();
        assert_eq!(tentative, usize::from(conflicts == 0), "{sender}");
    }
}

#[test]
fn what_waits_to_be_sent_goes_with_its_address() {
    // RFC 5227 §2.4 (a): the address is not used any more from the moment on at which it is given up.
    let them = (Mac([2, 0, 0, 0, 0, 2]), Ipv4Addr::new(10, 0, 0, 2));
    let ours = Ipv4Addr::new(10, 0, 0, 1);
    let claim = || {
        Packet::announcement(Mac([2, 9, 9, 9, 9, 9]), ours).frame(Mac::BROADCAST, Cause::Raw, Trigger::Call)
    };
    let question = || Packet::request(them.0, them.1, ours);
    let mut net = Net::new(1, |config| {
        config.interfaces[0].on_conflict = crate::interface::OnConflict::GiveUp;
    });
    // A packet waits for the answer of its next hop.
    send(&mut net, 1);
    net.run();
    net.lines();
    net.deliver(0, claim());
    net.run();
    assert_eq!(net.lines(), ["02:09:09:09:09:09 has 10.0.0.1 too", "dropped source-gone at interface"]);
    let answer = Packet::request(Mac([2, 0, 0, 0, 0, 1]), ours, them.1).reply(them.0);
    net.deliver(0, answer.frame(answer.target_mac, Cause::Raw, Trigger::Call));
    net.run();
    assert_eq!(net.lines(), ["10.0.0.2 reachable"]);

    // An answer is about to leave, and so is a datagram.
    let mut net = Net::new(1, |config| {
        config.interfaces[0].on_conflict = crate::interface::OnConflict::GiveUp;
        config.interfaces[0].neighbors = vec![(them.1.into(), them.0)];
    });
    send(&mut net, 1);
    net.deliver(0, question().frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    net.deliver(0, claim());
    net.run();
    let gone = "dropped source-gone at interface";
    assert_eq!(net.lines(), ["02:09:09:09:09:09 has 10.0.0.1 too", gone], "the datagram, and no answer");
    assert!(net.carried.is_empty());
    assert_eq!(net.hosts[0].counters().ip.out_discards, 1);
}

#[test]
fn a_stale_neighbor_is_polled_directly() {
    // RFC 1122 §2.3.2.1
    let mut net = Net::new(2, |_| ());
    net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap());
    send(&mut net, 1);
    net.run();
    net.lines();
    net.now = Instant::from_secs(100);
    send(&mut net, 1);
    net.run();
    let expected =
        ["10.0.0.2 stale", "sent udp-data", "sent arp-poll", "sent arp-reply", "10.0.0.2 reachable"];
    assert_eq!(net.lines(), expected);
    let poll = &net.carried.iter().rfind(|(_, frame)| frame.meta.cause == Cause::ArpPoll).unwrap().1;
    assert_eq!(poll.to_vec()[..6], [2, 0, 0, 0, 0, 2], "to the station itself");
}

#[test]
fn a_static_neighbor_needs_no_asking() {
    let mut net = Net::new(2, |config| {
        let neighbors = [1, 2].map(|last| ([10, 0, 0, last].into(), Mac([2, 0, 0, 0, 0, last])));
        config.interfaces[0].neighbors = neighbors.to_vec();
    });
    net.call(1, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap());
    send(&mut net, 1);
    net.run_until(Instant::from_secs(1000));
    assert_eq!(net.lines(), ["sent udp-data"]);
}

#[test]
fn an_interface_that_is_down_neither_sends_nor_receives() {
    let mut net = Net::new(2, |config| config.interfaces[0].announce = true);
    let sender = send(&mut net, 1);
    net.call(0, |host, ctx| {
        while host.poll_transmit(ctx).is_some() {}
        assert_eq!(host.udp_recv_bytes(ctx, sender), Err(SocketError::WouldBlock));
        host.set_interface_up(ctx, WIRE, false);
    });
    net.run();
    assert_eq!(net.wakes(0), [Wake { socket: sender, readiness: Readiness::READ }]);
    net.lines();
    net.call(0, |host, ctx| {
        assert_eq!(host.udp_recv_bytes(ctx, sender), Err(SocketError::HostUnreachable));
        let unreachable = SocketError::NetworkUnreachable;
        assert_eq!(host.udp_send_to(ctx, sender, b"", addr("10.0.0.2:7")), Err(unreachable));
        assert_eq!(host.tcp_connect(ctx, None, addr("10.0.0.2:7")), Err(unreachable));
    });
    let request =
        Packet::request(Mac([2, 0, 0, 0, 0, 2]), Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 1));
    net.deliver(0, request.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
    net.run();
    assert_eq!(net.lines(), ["dropped interface-down at interface"]);
    net.call(0, |host, ctx| host.set_interface_up(ctx, WIRE, true));
    net.run();
    assert_eq!(net.lines()[0], "sent arp-announcement");
}

#[test]
fn the_frame_check_is_the_interface_s() {
    for check_fcs in [true, false] {
        let mut net = Net::new(1, |config| config.interfaces[0].check_fcs = check_fcs);
        let request =
            Packet::request(Mac([2, 0, 0, 0, 0, 2]), Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(10, 0, 0, 1));
        let mut frame = request.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call);
        frame.meta.frame_check = crate::frame::FrameCheck::Bad;
        net.deliver(0, frame);
        net.run();
        let counters = net.hosts[0].counters();
        assert_eq!((counters.bad_fcs, counters.arp_replies_sent), if check_fcs { (1, 0) } else { (0, 1) });
    }
}
