//! Groups: sockets that join them, what is delivered to whom, what a router forwards.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::EtherType;

use super::forward::{LEFT, RIGHT, Router, packet};
use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::interface::group_filter::mac_of;
use crate::network::igmp::packet as igmp_packet;
use crate::network::igmp::{ALL_SYSTEMS, Message, Outgoing, Query, Record, RecordKind, V3_ROUTERS, Version};
use crate::trace::Trigger;
use crate::transport::{SocketError, SocketId};

const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn bind(net: &mut Net, host: usize, local: &str) -> SocketId {
    net.call(host, |host, ctx| host.udp_bind_sharing(ctx, addr(local), true)).unwrap()
}

/// A socket on port 7 that is a member.
fn member(net: &mut Net, host: usize) -> SocketId {
    let socket = bind(net, host, "0.0.0.0:7");
    net.call(host, |host, ctx| host.udp_join(ctx, socket, GROUP, ANY)).unwrap();
    net.run();
    socket
}

fn send(net: &mut Net, host: usize, socket: SocketId, text: &str) {
    let to = SocketAddr::new(GROUP.into(), 7);
    net.call(host, |host, ctx| host.udp_send_to(ctx, socket, text.as_bytes(), to)).unwrap();
    net.run();
}

/// Everything that waits in a socket.
fn received(net: &mut Net, host: usize, socket: SocketId) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok((octets, _)) = net.call(host, |host, ctx| host.udp_recv_bytes(ctx, socket)) {
        texts.push(String::from_utf8(octets.to_vec()).unwrap());
    }
    texts
}

#[test]
fn a_datagram_for_a_group_reaches_its_members_and_nobody_else() {
    // RFC 1112 §6.1, §6.4, §7.1
    let mut net = Net::new(4, |_| ());
    let (first, second) = (member(&mut net, 1), member(&mut net, 2));
    let other = bind(&mut net, 3, "0.0.0.0:7");
    net.lines();
    let sender = bind(&mut net, 0, "0.0.0.0:0");
    send(&mut net, 0, sender, "all of you");
    assert_eq!(received(&mut net, 1, first), ["all of you"]);
    assert_eq!(received(&mut net, 2, second), ["all of you"]);
    assert!(received(&mut net, 3, other).is_empty());
    let (_, frame) = net.carried.last().unwrap();
    let octets = frame.to_vec();
    assert_eq!(octets[..6], mac_of(GROUP).0, "without ARP, to the group's own address");
    assert_eq!(octets[22], 1, "RFC 1112 §6.1: not beyond the link, unless the sender says so");
    // As a network card does with what nobody on its host wants; and no host says a word about it.
    assert_eq!(net.lines(), ["sent udp-data", "dropped group-not-joined at interface"]);
}

#[test]
fn who_left_or_closed_receives_no_more() {
    let mut net = Net::new(2, |_| ());
    let (left, closed) = (member(&mut net, 1), member(&mut net, 1));
    let sender = bind(&mut net, 0, "0.0.0.0:0");
    send(&mut net, 0, sender, "1");
    assert_eq!((received(&mut net, 1, left).len(), received(&mut net, 1, closed).len()), (1, 1));
    net.call(1, |host, ctx| host.udp_leave(ctx, left, GROUP, ANY)).unwrap();
    send(&mut net, 0, sender, "2");
    assert_eq!((received(&mut net, 1, left).len(), received(&mut net, 1, closed).len()), (0, 1));
    net.run_for(Duration::from_secs(5));
    net.lines();
    net.call(1, |host, ctx| host.close(ctx, closed));
    net.run_for(Duration::from_secs(5));
    // RFC 9776 §5.1: the last is gone, and routers are told, twice.
    let told = ["sent igmp-state-change", "dropped group-not-joined at interface"];
    let again = ["sent igmp-repeat", "dropped group-not-joined at interface"];
    assert_eq!(net.lines(), [told, again].concat());
    assert_eq!(net.hosts[1].groups(WIRE).count(), 0);
    send(&mut net, 0, sender, "3");
    assert!(received(&mut net, 1, left).is_empty());
}

#[test]
fn sockets_hear_the_sources_they_want() {
    // RFC 9776 §3.1, §3.2; RFC 3678 §3
    let mut net = Net::new(3, |_| ());
    let [one, all, but_one] = [(); 3].map(|()| bind(&mut net, 2, "0.0.0.0:7"));
    net.call(2, |host, ctx| {
        let from = |host: &str| ip(host);
        host.udp_join_source(ctx, one, GROUP, from("10.0.0.1"), ANY).unwrap();
        host.udp_join(ctx, all, GROUP, ANY).unwrap();
        host.udp_join(ctx, but_one, GROUP, ip("10.0.0.3")).unwrap();
        host.udp_block_source(ctx, but_one, GROUP, from("10.0.0.1"), ANY).unwrap();
        assert_eq!(
            host.udp_block_source(ctx, one, GROUP, from("10.0.0.2"), ANY),
            Err(SocketError::InvalidInput)
        );
        assert_eq!(host.udp_join(ctx, all, GROUP, ANY), Err(SocketError::AddressInUse));
        assert_eq!(host.udp_join(ctx, all, ip("10.0.0.9"), ANY), Err(SocketError::InvalidInput));
        assert_eq!(host.udp_join(ctx, all, GROUP, ip("10.0.0.9")), Err(SocketError::AddressNotAvailable));
    });
    net.run();
    for host in [0, 1] {
        let sender = bind(&mut net, host, "0.0.0.0:0");
        send(&mut net, host, sender, &format!("from {host}"));
    }
    assert_eq!(received(&mut net, 2, one), ["from 0"]);
    assert_eq!(received(&mut net, 2, all), ["from 0", "from 1"]);
    assert_eq!(received(&mut net, 2, but_one), ["from 1"]);
    // Together they want everybody's: RFC 9776 §3.2.
    net.call(2, |host, ctx| {
        host.close(ctx, all);
        host.close(ctx, one);
        host.udp_unblock_source(ctx, but_one, GROUP, ip("10.0.0.1"), ANY).unwrap();
    });
    let (group, filter) = net.hosts[2].groups(WIRE).next().unwrap();
    assert_eq!((group, filter), (GROUP, &crate::network::igmp::Filter::everything()));
}

#[test]
fn a_sender_hears_itself_if_it_is_a_member_and_has_not_said_otherwise() {
    // RFC 1112 §6.1, §7.2
    let mut net = Net::new(2, |_| ());
    let (own, other) = (member(&mut net, 0), member(&mut net, 1));
    send(&mut net, 0, own, "to all");
    assert_eq!(
        (received(&mut net, 0, own), received(&mut net, 1, other)),
        (vec!["to all".into()], vec!["to all".into()])
    );
    net.hosts[0].udp_set_multicast_loop(own, false).unwrap();
    send(&mut net, 0, own, "to others");
    assert_eq!(received(&mut net, 0, own), Vec::<String>::new());
    assert_eq!(received(&mut net, 1, other), ["to others"]);
    // A TTL of nothing: to this host only.
    net.hosts[0].udp_set_multicast_loop(own, true).unwrap();
    net.hosts[0].udp_set_multicast_ttl(own, 0).unwrap();
    send(&mut net, 0, own, "to me");
    assert_eq!(received(&mut net, 0, own), ["to me"]);
    assert!(received(&mut net, 1, other).is_empty());
    net.hosts[0].udp_set_multicast_ttl(own, 9).unwrap();
    send(&mut net, 0, own, "far");
    assert_eq!(net.carried.last().unwrap().1.to_vec()[22], 9);
    let options = &net.hosts[0];
    assert_eq!((options.udp_multicast_ttl(own), options.udp_multicast_loop(own)), (Ok(9), Ok(true)));
}

#[test]
fn a_port_is_shared_by_those_who_agree_on_it() {
    let mut net = Net::new(1, |_| ());
    net.call(0, |host, ctx| {
        let alone = host.udp_bind(ctx, addr("0.0.0.0:9")).unwrap();
        assert_eq!(host.udp_bind_sharing(ctx, addr("0.0.0.0:9"), true), Err(SocketError::AddressInUse));
        host.close(ctx, alone);
        host.udp_bind_sharing(ctx, addr("0.0.0.0:9"), true).unwrap();
        let last = host.udp_bind_sharing(ctx, addr("10.0.0.1:9"), true).unwrap();
        assert_eq!(host.udp_bind(ctx, addr("10.0.0.1:9")), Err(SocketError::AddressInUse));
        // Bound to a group, it is for that group's datagrams only, and sends from an address of the host.
        let group = host.udp_bind_sharing(ctx, addr("239.1.2.3:9"), true).unwrap();
        host.udp_send_to(ctx, group, b"hello", addr("10.0.0.1:9")).unwrap();
        while host.poll_transmit(ctx).is_some() {}
        assert_eq!(host.udp_recv_bytes(ctx, last).unwrap().1, addr("10.0.0.1:9"));
    });
}

#[test]
fn a_broadcast_reaches_every_socket_of_its_port() {
    // RFC 1122 §4.1.3.5 leaves it to the host; the systems do so.
    let mut net = Net::new(2, |_| ());
    let [first, second] = [(); 2].map(|()| bind(&mut net, 1, "0.0.0.0:7"));
    let narrow = bind(&mut net, 1, "10.0.0.2:7");
    let sender = bind(&mut net, 0, "0.0.0.0:0");
    net.hosts[0].udp_set_broadcast(sender, true).unwrap();
    net.call(0, |host, ctx| host.udp_send_to(ctx, sender, b"all", addr("10.0.0.255:7"))).unwrap();
    net.run();
    assert_eq!(received(&mut net, 1, first), ["all"]);
    assert_eq!(received(&mut net, 1, second), ["all"]);
    assert!(received(&mut net, 1, narrow).is_empty());
}

#[test]
fn memberships_are_bounded() {
    let mut net = Net::new(1, |config| {
        config.profile.igmp.max_joined_groups = 3;
        config.profile.igmp.max_filter_sources = 2;
    });
    let socket = bind(&mut net, 0, "0.0.0.0:7");
    net.call(0, |host, ctx| {
        for number in 1..=3 {
            host.udp_join(ctx, socket, Ipv4Addr::new(239, 0, 0, number), ANY).unwrap();
        }
        assert_eq!(host.udp_join(ctx, socket, GROUP, ANY), Err(SocketError::NoBuffers));
        assert_eq!(
            host.udp_leave(ctx, socket, GROUP, ANY),
            Err(SocketError::AddressNotAvailable),
            "it is no member"
        );
        host.udp_leave(ctx, socket, Ipv4Addr::new(239, 0, 0, 1), ANY).unwrap();
        for number in 1..=2 {
            host.udp_join_source(ctx, socket, GROUP, Ipv4Addr::new(10, 0, 0, number), ANY).unwrap();
        }
        let third = host.udp_join_source(ctx, socket, GROUP, Ipv4Addr::new(10, 0, 0, 3), ANY);
        assert_eq!(third, Err(SocketError::NoBuffers));
    });
}

/// A frame with an IGMP message from a station on the left.
pub fn report(from: &str, kind: RecordKind, group: Ipv4Addr, sources: &[Ipv4Addr]) -> Frame {
    let message = Message::ReportV3(vec![Record { kind, group, sources: sources.to_vec() }]);
    igmp(from, V3_ROUTERS, message)
}

pub fn igmp(from: &str, destination: Ipv4Addr, message: Message) -> Frame {
    let outgoing = Outgoing { destination, message, cause: Cause::IgmpReport };
    let mut frame = igmp_packet::packet(&outgoing, ip(from), Trigger::Call);
    let source = Mac([2, 0, 0, 0, 0, 7]);
    ethernet::push(&mut frame, &ethernet::header(mac_of(destination), source, EtherType::IPV4));
    frame
}

pub fn general() -> Message {
    Message::Query(Query::general(Version::V3, Duration::from_secs(10)))
}

pub fn to_group(source: &str, group: &str, ttl: u8) -> Frame {
    let mut frame = packet(source, group, ttl);
    frame.head_mut()[..6].copy_from_slice(&mac_of(ip(group)).0);
    frame
}

fn router(change: impl FnOnce(&mut HostConfig)) -> Router {
    let mut router = Router::new(|config| {
        config.profile.network.multicast_forwarding = true;
        change(config);
    });
    router.start();
    router
}

#[test]
fn a_router_forwards_to_networks_that_have_members() {
    // RFC 9776 §6.3
    let mut router = router(|_| {});
    assert!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 5)).is_empty());
    assert_eq!(router.last_line(), "dropped group-not-joined at network");
    router.take(RIGHT, report("10.0.1.1", RecordKind::Allow, GROUP, &[ip("10.0.0.7")]));
    let arrived = to_group("10.0.0.7", "239.1.2.3", 5);
    let before = arrived.clone();
    let sent = router.take(LEFT, arrived);
    let [(RIGHT, frame)] = &sent[..] else { panic!("{sent:?}") };
    let (old, new) = (before.to_vec(), frame.to_vec());
    assert_eq!(new[..6], mac_of(GROUP).0);
    assert_eq!((new[22], &new[26..]), (4, &old[26..]));
    assert_eq!(frame.payload().as_ptr(), before.payload().as_ptr(), "the payload was not copied");
    assert_eq!(frame.meta.cause, Cause::Forwarded);
    assert!(
        router.take(LEFT, to_group("10.0.0.8", "239.1.2.3", 5)).is_empty(),
        "another source is not wanted"
    );
}

/// General queries that leave, with when, by which interface and from whom, until `until`.
fn general_queries(router: &mut Router, until: Instant) -> Vec<(Instant, InterfaceId, Ipv4Addr)> {
    let mut asked = Vec::new();
    loop {
        let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
        while let Some((on, frame)) = router.host.poll_transmit(&mut ctx) {
            if frame.meta.cause == Cause::IgmpGeneralQuery {
                let octets = frame.to_vec();
                let source: [u8; 4] = octets[26..30].try_into().unwrap();
                asked.push((router.now, on, Ipv4Addr::from(source)));
            }
        }
        let Some(at) = router.host.poll_timeout().filter(|at| *at <= until) else { break };
        router.now = router.now.max(at);
        router.host.handle_timeout(&mut Ctx::new(router.now, &mut router.rng, &mut router.log));
    }
    router.now = until;
    asked
}

#[test]
fn a_router_asks_as_soon_as_its_address_is_assured() {
    // RFC 9776 §6.1, §8.7; RFC 5227 §2.1
    let mut router = router(|config| config.interfaces[1].probe = true);
    let asked = general_queries(&mut router, Instant::from_secs(60));
    let right: Vec<_> = asked.iter().filter(|(_, on, _)| *on == RIGHT).collect();
    // The last of three probes is over 2 s after 1 s at least and 7 s at most; then the first queries follow each other
    // fast.
    let [(first, _, source), (second, ..)] = right[..] else { panic!("{right:?}") };
    assert_eq!(*source, ip("10.0.1.254"));
    assert!(*first >= Instant::from_secs(4) && *first < Instant::from_secs(9), "{first}");
    assert_eq!(second.since(*first), Duration::from_millis(31_250));
    // And what is reported now is believed.
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    assert_eq!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 9)).len(), 1);
}

#[test]
fn a_router_asks_from_the_address_that_it_has_and_not_from_one_that_it_lost() {
    let mut router = router(|config| config.interfaces[1].addresses.push("10.0.1.253/24".parse().unwrap()));
    let at = Instant::from_secs(10);
    let lose = |router: &mut Router, address: &str| {
        let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
        assert!(router.host.remove_address(&mut ctx, RIGHT, address.parse().unwrap()));
    };
    general_queries(&mut router, at);
    lose(&mut router, "10.0.1.254");
    let asked = general_queries(&mut router, at);
    assert_eq!(asked, [(at, RIGHT, ip("10.0.1.253"))]);
    lose(&mut router, "10.0.1.253");
    let asked = general_queries(&mut router, Instant::from_secs(1000));
    assert!(asked.iter().all(|(_, on, _)| *on == LEFT), "without an address it does not ask");
}

#[test]
fn what_must_not_be_forwarded_is_not() {
    for (source, group, ttl, on, why) in [
        ("10.0.0.7", "224.0.0.99", 9, LEFT, "RFC 1112 §6.1: it is of the link"),
        ("10.0.0.7", "239.1.2.3", 1, LEFT, "its TTL ends here"),
        ("10.0.0.7", "239.1.2.3", 16, LEFT, "it is not above the threshold"),
        ("10.0.1.7", "239.1.2.3", 99, LEFT, "it came by the wrong interface"),
        ("192.0.2.7", "239.1.2.3", 99, LEFT, "no route leads back"),
        ("10.0.1.7", "239.1.2.3", 99, RIGHT, "its members are where it comes from"),
        ("0.0.0.0", "239.1.2.3", 99, LEFT, "it is from nobody"),
    ] {
        let mut router = router(|config| config.interfaces[1].multicast_threshold = 16);
        for group in [group, "239.1.2.3"] {
            router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, ip(group), &[]));
        }
        let sent = router.take(on, to_group(source, group, ttl));
        // RFC 1122 §3.2.2: and no error says so.
        assert!(sent.is_empty(), "{why}: {sent:?}");
    }
}

#[test]
fn of_two_routers_only_the_querier_forwards() {
    // RFC 4605 §4
    let mut router = router(|_| {});
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    assert_eq!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 9)).len(), 1);
    router.take(RIGHT, igmp("10.0.1.1", ALL_SYSTEMS, general()));
    assert_eq!(router.host.querier(RIGHT).unwrap().other(), Some(ip("10.0.1.1")));
    assert!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 9)).is_empty());
}

#[test]
fn igmp_from_beyond_the_link_is_not_believed() {
    // RFC 9776 §9.1, §9.2
    let forged = |change: &dyn Fn(&mut [u8])| {
        let mut frame = report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]);
        let header = &mut frame.head_mut()[14..38];
        change(header);
        crate::network::ipv4::seal(header);
        frame
    };
    let mut router = router(|_| {});
    for (frame, why) in [
        (forged(&|header| header[8] = 2), "a TTL of more than 1"),
        (forged(&|header| header[20..].copy_from_slice(&[1, 1, 1, 0])), "no router alert"),
        (report("10.7.7.7", RecordKind::ToExclude, GROUP, &[]), "from another network"),
        (igmp("10.0.1.1", GROUP, general()), "a general query to a group"),
    ] {
        router.take(RIGHT, frame);
        assert_eq!(router.last_line(), "dropped igmp-not-local at network", "{why}");
    }
    assert!(router.host.querier(RIGHT).unwrap().is_empty());
    // RFC 9776 §4.2.13: who has no address yet may say what it wants.
    router.take(RIGHT, report("0.0.0.0", RecordKind::ToExclude, GROUP, &[]));
    assert_eq!(router.host.learnt_groups(RIGHT, router.now).count(), 1);
}

#[test]
fn a_flood_of_reports_leaves_members_where_they_are() {
    let mut router = router(|config| config.profile.igmp.max_groups = 32);
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    for number in 0..2_000_u32 {
        let group = Ipv4Addr::from_bits(0xef20_0000 + number);
        router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, group, &[]));
    }
    assert_eq!(router.host.querier(RIGHT).unwrap().len(), 32);
    assert_eq!(router.last_line(), "dropped igmp-full at network");
    assert_eq!(router.host.counters().igmp.in_refused, 2_000 - 31);
    assert_eq!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 9)).len(), 1);
}

#[test]
fn who_joins_in_the_midst_of_a_flood_gets_in() {
    let mut router = router(|config| config.profile.igmp.max_groups = 32);
    for number in 0..2_000_u32 {
        let group = Ipv4Addr::from_bits(0xef20_0000 + number);
        router.take(RIGHT, report("10.0.1.66", RecordKind::ToExclude, group, &[]));
        if number == 1_000 {
            router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
        }
        if number > 1_000 {
            // What the forger reports does not become its own.
            router.take(RIGHT, report("10.0.1.66", RecordKind::ToExclude, GROUP, &[]));
        }
        assert!(router.host.querier(RIGHT).unwrap().len() <= 32);
    }
    assert_eq!(router.take(LEFT, to_group("10.0.0.7", "239.1.2.3", 9)).len(), 1);
    let igmp = router.host.counters().igmp;
    // 32 of the forger's got in, and one of them yielded: no more after that.
    assert_eq!((igmp.in_refused, igmp.in_evicted, igmp.in_discards), (2_000 - 32, 1, 2_000 - 32));
    assert_eq!(router.host.dropped(DropReason::IgmpFull), 2_000 - 32);
}

#[test]
fn a_router_looks_at_alerts_of_its_own_link_and_passes_others_on() {
    // RFC 2113 §2.1: nothing but IGMP has an alert that means something here, and it means this link's routers.
    let mut router = router(|_| {});
    let mut octets = report("10.0.0.7", RecordKind::ToExclude, GROUP, &[]).to_vec();
    octets[..6].copy_from_slice(&super::forward::ROUTER[0].0);
    octets[22] = 9;
    octets[30..34].copy_from_slice(&[10, 0, 1, 1]);
    crate::network::ipv4::seal(&mut octets[14..38]);
    let before = octets.clone();
    let frame = Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call));
    let sent = router.take(LEFT, frame);
    let [(RIGHT, frame)] = &sent[..] else { panic!("{sent:?}") };
    let after = frame.to_vec();
    assert_eq!((after[22], &after[26..]), (8, &before[26..]), "as any packet, its option as it was");
    assert!(router.host.querier(LEFT).unwrap().is_empty());
    // RFC 9776 §4.2.15: to an address of its own it is a report as any other.
    let mut octets = before;
    octets[22] = 1;
    octets[30..34].copy_from_slice(&[10, 0, 0, 254]);
    crate::network::ipv4::seal(&mut octets[14..38]);
    router.take(LEFT, Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call)));
    assert_eq!(router.host.querier(LEFT).unwrap().len(), 1);
}

#[test]
fn a_report_in_pieces_is_put_together() {
    let whole = report("10.0.1.1", RecordKind::ToExclude, GROUP, &[ip("10.0.0.8")]).to_vec();
    let mut router = router(|_| {});
    for (from, to, word) in [(0, 8, 0x2000_u16), (8, 20, 1)] {
        let mut octets = whole[..38].to_vec();
        octets.extend(&whole[38 + from..38 + to]);
        let length = (octets.len() - 14) as u16;
        octets[16..18].copy_from_slice(&length.to_be_bytes());
        octets[20..22].copy_from_slice(&word.to_be_bytes());
        crate::network::ipv4::seal(&mut octets[14..38]);
        assert!(router.host.querier(RIGHT).unwrap().is_empty());
        router.take(RIGHT, Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call)));
    }
    assert_eq!(router.host.querier(RIGHT).unwrap().len(), 1, "{}", router.last_line());
    assert_eq!(router.host.reassembly.len(), 0);
}

#[test]
fn icmp_says_nothing_of_what_was_sent_to_a_group() {
    // RFC 1122 §3.2.2
    let mut net = Net::new(1, |_| ());
    let socket = bind(&mut net, 0, "0.0.0.0:7");
    net.call(0, |host, ctx| host.udp_join(ctx, socket, GROUP, ANY)).unwrap();
    net.run_for(Duration::from_secs(5));
    net.carried.clear();
    // A closed port, a protocol that nobody speaks, options that do not parse.
    for change in
        [|_: &mut [u8]| (), |octets: &mut [u8]| octets[23] = 99, |octets: &mut [u8]| octets[14] = 0x4f]
    {
        let mut octets = to_group("10.0.0.7", "239.1.2.3", 9).to_vec();
        change(&mut octets);
        let header = usize::from(octets[14] & 15) * 4;
        crate::network::ipv4::seal(&mut octets[14..14 + header]);
        net.deliver(0, Frame::from_wire(Bytes::from(octets), Meta::new(Cause::Raw, Trigger::Call)));
        net.run();
    }
    assert!(net.carried.is_empty(), "{:?}", net.log.lines);
}
