//! A router that answers for stations behind it (RFC 1027).

use core::net::Ipv4Addr;

use super::forward::{LEFT, RIGHT, ROUTER, Router, packet};
use super::*;
use crate::interface::arp::Packet;
use crate::trace::Trigger;

const ASKING: Mac = Mac([2, 0, 0, 0, 0, 7]);
const ASKER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 8);

/// The router of [`Router`] as a proxy on both sides, with routes to more networks.
fn proxy(change: impl FnOnce(&mut HostConfig)) -> Router {
    Router::new(|config| {
        for interface in &mut config.interfaces {
            interface.proxy_arp = true;
        }
        config.routes = vec![
            RouteConfig::via(net("203.0.113.0/24"), "10.0.0.1".parse().unwrap()),
            RouteConfig::via(net("198.51.100.0/24"), "10.0.1.1".parse().unwrap()),
            RouteConfig::new(net("192.168.1.0/24"), RouteKind::Prohibit),
            RouteConfig::new(net("192.168.2.0/24"), RouteKind::Unreachable),
            RouteConfig::new(net("192.168.3.0/24"), RouteKind::Blackhole),
        ];
        change(config);
    })
}

fn net(text: &str) -> crate::addr::Cidr {
    text.parse().unwrap()
}

/// What the router sends for a question about `target` that is asked on the left.
fn asked(router: &mut Router, packet: Packet) -> Vec<(InterfaceId, Frame)> {
    router.take(LEFT, packet.frame(Mac::BROADCAST, Cause::Raw, Trigger::Call))
}

fn answers(router: &mut Router, target: &str) -> bool {
    let sent = asked(router, Packet::request(ASKING, ASKER, target.parse().unwrap()));
    let proxied = sent.iter().any(|(_, frame)| frame.meta.cause == Cause::ArpProxyReply);
    assert_eq!(sent.len(), usize::from(proxied), "{target}: {sent:?}");
    proxied
}

#[test]
fn it_answers_with_its_own_hardware_address_and_counts_that() {
    // RFC 1027 §2.1
    let mut router = proxy(|_| {});
    let question = Packet::request(ASKING, ASKER, Ipv4Addr::new(10, 0, 1, 1));
    let sent = asked(&mut router, question);
    let [(LEFT, answer)] = &sent[..] else { panic!("{sent:?}") };
    let expected = question.reply(ROUTER[0]).frame(ASKING, Cause::ArpProxyReply, Trigger::Timer);
    assert_eq!(answer.to_vec(), expected.to_vec(), "to the station that asked, and to no other");
    let counters = router.host.counters();
    assert_eq!((counters.arp.out_proxy_replies, counters.arp.out_replies, counters.arp.in_pkts), (1, 0, 1));
    let known = router.host.interfaces[0].neighbors(router.now);
    assert!(known.iter().all(|known| known.address != ASKER), "it was nothing to the router itself");
    // What is sent to that address goes on to the station.
    let sent = router.take(LEFT, packet("10.0.0.8", "10.0.1.1", 64));
    assert!(matches!(&sent[..], [(RIGHT, on)] if on.meta.cause == Cause::Forwarded), "{sent:?}");
}

#[test]
fn it_answers_for_what_it_reaches_by_another_interface_and_for_nothing_else() {
    // RFC 1027 §2.1, §2.4, §2.6
    let cases = [
        ("10.0.1.1", true, "a station on the other side"),
        ("198.51.100.1", true, "behind a router on the other side"),
        ("10.0.1.254", true, "the router's own address on the other side"),
        ("10.0.0.9", false, "the station is on the asker's network, and answers for itself"),
        ("203.0.113.9", false, "the way is by where the question came from"),
        ("192.0.2.1", false, "no route"),
        ("192.168.1.1", false, "a route that forbids it"),
        ("192.168.2.1", false, "a route that says it is unreachable"),
        ("192.168.3.1", false, "a route that drops it"),
        ("10.0.1.255", false, "RFC 1027 §2.6: a broadcast address"),
        ("10.0.1.0", false, "RFC 1122 §3.3.6: its older form"),
        ("255.255.255.255", false, "all"),
        ("224.0.0.1", false, "a group"),
        ("127.0.0.1", false, "loopback"),
        ("0.0.0.0", false, "nobody"),
    ];
    for (target, expected, why) in cases {
        assert_eq!(answers(&mut proxy(|_| {}), target), expected, "{target}: {why}");
    }
}

#[test]
fn it_is_a_router_that_answers_and_only_where_it_is_told_to() {
    let of = |change: fn(&mut HostConfig)| answers(&mut proxy(change), "10.0.1.1");
    assert!(of(|_| {}));
    // RFC 1027 §2.1: it is the gateway that answers. A host that does not forward would swallow what comes.
    assert!(!of(|config| config.profile.network.forwarding = false));
    assert!(!of(|config| config.interfaces[0].proxy_arp = false));
    assert!(of(|config| config.interfaces[1].proxy_arp = false), "the side that asks counts");
    let mut router = proxy(|_| {});
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    router.host.set_interface_up(&mut ctx, RIGHT, false);
    assert!(!answers(&mut router, "10.0.1.1"), "no way leads there now");
}

#[test]
fn probes_announcements_and_answers_are_left_alone() {
    // RFC 5227 §2.1.1: an answer to a probe says that the address is taken.
    let mut router = proxy(|_| {});
    let other = Ipv4Addr::new(10, 0, 1, 1);
    for packet in [
        Packet::probe(ASKING, other),
        Packet::announcement(ASKING, other),
        Packet::request(ASKING, other, ASKER).reply(ASKING),
    ] {
        let sent = asked(&mut router, packet);
        assert!(sent.is_empty(), "{packet:?}: {sent:?}");
    }
    assert_eq!(router.host.counters().arp.out_proxy_replies, 0);
}
