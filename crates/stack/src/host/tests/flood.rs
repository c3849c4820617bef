//! Floods of forged neighbours: the cache stays within its bounds, and legitimate traffic goes on.

use core::net::Ipv4Addr;

use super::forward::{LEFT, RIGHT, Router, packet};
use super::*;
use crate::interface::arp::Packet;
use crate::trace::Trigger;

/// Sends a datagram from one of two hosts to the other, and says what went over the wire for it.
fn sent_for_a_datagram(net: &mut Net, from: usize) -> Vec<Cause> {
    net.carried.clear();
    let to = addr(["10.0.0.2:7", "10.0.0.1:7"][from]);
    net.call(from, |host, ctx| {
        let socket = host.udp_bind(ctx, addr("0.0.0.0:0")).unwrap();
        host.udp_send_to(ctx, socket, b"datagram", to).unwrap();
        host.close(ctx, socket);
    });
    net.run();
    net.carried.iter().map(|(_, frame)| frame.meta.cause).collect()
}

#[test]
fn forged_requests_push_out_no_station_that_is_spoken_with() {
    let mut net = Net::new(2, |_| ());
    for host in [0, 1] {
        net.call(host, |host, ctx| host.udp_bind(ctx, addr("0.0.0.0:7")).unwrap());
    }
    assert_eq!(sent_for_a_datagram(&mut net, 0), [Cause::ArpRequest, Cause::ArpReply, Cause::UdpData]);
    assert_eq!(sent_for_a_datagram(&mut net, 1), [Cause::UdpData], "it learned from the question");
    let ours = Ipv4Addr::new(10, 0, 0, 2);
    for number in 0..10_000_u32 {
        let mac = Mac([2, 9, 0, 0, (number >> 8) as u8, number as u8]);
        let forged = Packet::request(mac, Ipv4Addr::from_bits(0x0a09_0000 + number), ours);
        net.deliver(1, forged.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call));
        if number % 1000 == 0 {
            net.run();
            assert_eq!(sent_for_a_datagram(&mut net, 1), [Cause::UdpData], "after {number}");
        }
        assert!(net.hosts[1].interfaces[0].neighbors.len() <= 512);
    }
    net.run();
    assert_eq!(sent_for_a_datagram(&mut net, 1), [Cause::UdpData]);
    assert_eq!(sent_for_a_datagram(&mut net, 0), [Cause::UdpData]);
}

#[test]
fn a_scan_of_silent_addresses_stops_no_flow_through_a_router() {
    let mut router = Router::new(|config| {
        let right = &mut config.interfaces[1];
        (right.addresses, right.neighbors) = (vec!["10.1.255.254/16".parse().unwrap()], Vec::new());
    });
    let station = |last: u8| Mac([2, 0, 0, 0, 1, last]);
    let answer = |router: &mut Router, last: u8| {
        let question = Packet::request(
            super::forward::ROUTER[1],
            Ipv4Addr::new(10, 1, 255, 254),
            Ipv4Addr::new(10, 1, 0, last),
        );
        let answer = question.reply(station(last)).frame(question.sender_mac, Cause::Raw, Trigger::Call);
        router.take(RIGHT, answer)
    };
    // What is said to senders of packets that were given up goes to the left.
    let to_right = |sent: &[(InterfaceId, Frame)]| -> Vec<Cause> {
        sent.iter().filter(|(on, _)| *on == RIGHT).map(|(_, frame)| frame.meta.cause).collect()
    };
    let is_forwarded = |sent: &[(InterfaceId, Frame)]| to_right(sent) == [Cause::Forwarded];
    // The flow: to 10.1.0.1, which answers.
    router.take(LEFT, packet("10.0.0.7", "10.1.0.1", 64));
    assert!(is_forwarded(&answer(&mut router, 1)));
    for number in 0..10_000_u32 {
        router.now = Instant::from_millis(u64::from(number));
        let silent = Ipv4Addr::from_bits(0x0a01_1000 + number).to_string();
        router.take(LEFT, packet("10.0.0.7", &silent, 64));
        if number % 1000 == 999 {
            let sent = router.take(LEFT, packet("10.0.0.7", "10.1.0.1", 64));
            assert!(is_forwarded(&sent), "after {number}: {sent:?}");
        }
        // In the midst of it somebody else is spoken with for the first time, who takes a fifth of a second to answer.
        match number {
            5000 => {
                let sent = router.take(LEFT, packet("10.0.0.7", "10.1.0.2", 64));
                assert_eq!(to_right(&sent), [Cause::ArpRequest]);
            }
            5200 => assert!(is_forwarded(&answer(&mut router, 2))),
            _ => {}
        }
        let neighbors = &router.host.interfaces[1].neighbors;
        assert!(neighbors.len() <= 512);
        let queued: usize = neighbors.list(router.now).iter().map(|entry| entry.queued_packets).sum();
        assert!(queued <= 512 * 16);
        // Timers, as time passes: the silent ones are given up.
        while router.host.poll_timeout().is_some_and(|at| at <= router.now) {
            let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
            router.host.handle_timeout(&mut ctx);
            while router.host.poll_transmit(&mut ctx).is_some() {}
        }
    }
}
