//! Weak and strong hosts, and the reverse-path filter.

use core::net::IpAddr;

use super::forward::{LEFT, RIGHT, Router, packet};
use super::*;
use crate::interface::ethernet;
use crate::network::{HostModel, Knobs, ReversePath, ipv4};
use crate::transport::SocketError;

/// A host with `10.0.0.254/24` and `10.0.1.254/24` that forwards nothing, and whose default route is on the right.
fn host(change: impl Fn(&mut Knobs)) -> Router {
    Router::new(|config| {
        config.profile.network.forwarding = false;
        change(&mut config.profile.network);
        let gateway = [10, 0, 1, 1].into();
        config.routes.push(RouteConfig::via("0.0.0.0/0".parse().unwrap(), gateway));
    })
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_weak_host_takes_what_is_for_any_of_its_addresses_and_a_strong_one_by_its_own_interface() {
    // RFC 1122 §3.3.4.2 (A)
    for (model, forwarding, taken) in
        [(HostModel::Weak, false, true), (HostModel::Strong, false, false), (HostModel::Strong, true, true)]
    {
        let mut host = host(|knobs| (knobs.host_model, knobs.forwarding) = (model, forwarding));
        host.take(LEFT, packet("10.0.0.7", "10.0.1.254", 64));
        let refused = host.host.dropped(DropReason::WrongInterface);
        assert_eq!(refused, u64::from(!taken), "{model:?}, forwarding {forwarding}");
        host.take(LEFT, packet("10.0.0.7", "10.0.0.254", 64));
        let refused = host.host.dropped(DropReason::WrongInterface);
        assert_eq!(refused, u64::from(!taken), "{model:?}: by its own interface anything goes");
    }
}

#[test]
fn a_strong_host_hears_itself_by_loopback() {
    let mut host = host(|knobs| knobs.host_model = HostModel::Strong);
    let mut ctx = Ctx::new(Instant::ZERO, &mut host.rng, &mut host.log);
    let socket = host.host.udp_bind(&mut ctx, addr("10.0.0.254:9")).unwrap();
    host.host.udp_send_to(&mut ctx, socket, b"me", addr("10.0.0.254:9")).unwrap();
    assert!(host.host.poll_transmit(&mut ctx).is_none(), "nothing leaves");
    assert!(host.host.udp_recv_bytes(&mut ctx, socket).is_ok());
}

#[test]
fn a_strong_host_sends_from_an_address_by_its_own_interface_only() {
    // RFC 1122 §3.3.4.2 (B)
    let plan = |model, bound: &str| {
        let host = host(|knobs| knobs.host_model = model);
        host.host.plan(ip("192.0.2.1"), ip(bound)).map(|plan| (plan.hop.interface, plan.source.to_string()))
    };
    for model in [HostModel::Weak, HostModel::Strong] {
        let chosen = Ok((RIGHT, "10.0.1.254".to_owned()));
        assert_eq!(plan(model, "0.0.0.0"), chosen, "{model:?}: the route says by which, and so from where");
        assert_eq!(plan(model, "10.0.1.254"), chosen);
    }
    assert_eq!(plan(HostModel::Weak, "10.0.0.254"), Ok((RIGHT, "10.0.0.254".to_owned())));
    assert_eq!(plan(HostModel::Strong, "10.0.0.254"), Err(SocketError::NetworkUnreachable));
}

#[test]
fn a_strong_router_answers_from_each_of_its_addresses_by_whichever_interface() {
    // RFC 1812 §5.2.3: what is for any of its addresses is a router's; so are the answers.
    let echo_request = || {
        let mut frame = packet("10.0.0.7", "10.0.1.254", 64);
        let head = frame.head().to_vec();
        let message = vec![8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
        frame = Frame::with_payload(message.into(), frame.meta);
        frame.push_front_slice(head.len()).copy_from_slice(&head);
        let header = &mut frame.head_mut()[ethernet::HEADER..];
        header[2..4].copy_from_slice(&28_u16.to_be_bytes());
        header[9] = 1;
        ipv4::seal(header);
        frame
    };
    for (forwarding, answered) in [(true, 1), (false, 0)] {
        let mut router = host(|knobs| (knobs.host_model, knobs.forwarding) = (HostModel::Strong, forwarding));
        let sent = router.take(LEFT, echo_request());
        assert_eq!(sent.len(), answered, "forwarding {forwarding}: {:?}", router.log.lines);
        let said = sent.iter().map(|(by, frame)| (*by, super::forward::error(frame)));
        let expected = (LEFT, (0, 0, "10.0.1.254 to 10.0.0.7".to_owned()));
        assert!(said.eq(std::iter::repeat_n(expected, answered)), "{sent:?}");
    }
    // A socket that is bound to an address goes where routes lead, and a route may prefer any of them.
    let strong = host(|knobs| (knobs.host_model, knobs.forwarding) = (HostModel::Strong, true));
    let plan = strong.host.plan(ip("192.0.2.1"), ip("10.0.0.254")).unwrap();
    assert_eq!((plan.hop.interface, plan.source.to_string()), (RIGHT, "10.0.0.254".to_owned()));
}

#[test]
fn a_strong_host_with_a_route_by_each_interface_takes_the_one_of_its_source() {
    // RFC 1122 §3.3.4.2: route(src IP addr, dest IP addr, TOS) -> gateway
    let mut strong = host(|knobs| knobs.host_model = HostModel::Strong);
    let other =
        RouteConfig { metric: 5, ..RouteConfig::via("0.0.0.0/0".parse().unwrap(), [10, 0, 0, 1].into()) };
    strong.host.add_route(&other).unwrap();
    let station = |bound: &str| strong.host.plan(ip("192.0.2.1"), ip(bound)).unwrap().hop.station;
    assert_eq!(station("10.0.0.254"), ip("10.0.0.1"), "the worse route, of the source's interface");
    assert_eq!(station("10.0.1.254"), ip("10.0.1.1"));
}

#[test]
fn a_route_may_prefer_a_source_and_a_strong_host_only_one_of_the_interface() {
    // RFC 1122 §3.3.4.3
    for (model, expected) in [(HostModel::Weak, "10.0.0.254"), (HostModel::Strong, "10.0.1.254")] {
        let mut host = host(|knobs| knobs.host_model = model);
        let source = Some(ip("10.0.0.254"));
        let route = RouteConfig {
            source,
            ..RouteConfig::via("198.51.100.0/24".parse().unwrap(), [10, 0, 1, 1].into())
        };
        host.host.add_route(&route).unwrap();
        let plan = host.host.plan(ip("198.51.100.9"), ip("0.0.0.0")).unwrap();
        assert_eq!((plan.hop.interface, plan.source.to_string()), (RIGHT, expected.to_owned()), "{model:?}");
        let bound = host.host.plan(ip("198.51.100.9"), ip("10.0.1.254")).unwrap();
        assert_eq!(bound.source.to_string(), "10.0.1.254", "whoever has chosen one keeps it");
    }
}

#[test]
fn routes_that_lead_nowhere_fail_their_callers_as_on_linux() {
    let mut host = host(|_| {});
    for (kind, expected) in [
        (RouteKind::Blackhole, SocketError::InvalidInput),
        (RouteKind::Unreachable, SocketError::HostUnreachable),
        (RouteKind::Prohibit, SocketError::PermissionDenied),
    ] {
        let route = RouteConfig::new("192.0.2.0/24".parse().unwrap(), kind);
        host.host.add_route(&route).unwrap();
        let mut ctx = Ctx::new(Instant::ZERO, &mut host.rng, &mut host.log);
        let socket = host.host.udp_bind(&mut ctx, addr("0.0.0.0:0")).unwrap();
        let sent = host.host.udp_send_to(&mut ctx, socket, b"", addr("192.0.2.1:9"));
        assert_eq!(sent, Err(expected), "{kind:?}");
        assert_eq!(host.host.tcp_connect(&mut ctx, None, addr("192.0.2.1:9")), Err(expected), "{kind:?}");
        assert!(host.host.remove_route(&route));
        assert!(!host.host.remove_route(&route), "it is gone");
    }
}

#[test]
fn routes_come_and_go_while_the_host_runs() {
    let mut host = host(|_| {});
    let station = |host: &Router| host.host.plan(ip("192.0.2.1"), ip("0.0.0.0")).map(|plan| plan.hop.station);
    assert_eq!(station(&host), Ok(ip("10.0.1.1")));
    let better = RouteConfig::via("192.0.2.0/24".parse().unwrap(), [10, 0, 0, 1].into());
    host.host.add_route(&better).unwrap();
    assert_eq!(host.host.add_route(&better), Err(ConfigError::DuplicateRoute(better.destination)));
    assert_eq!(station(&host), Ok(ip("10.0.0.1")));
    let listed: Vec<String> = host.host.routes().map(|route| route.destination.to_string()).collect();
    assert_eq!(listed, ["0.0.0.0/0", "10.0.0.0/24", "10.0.1.0/24", "192.0.2.0/24"]);
    assert_eq!(host.host.remove_routes(&better.destination), 1);
    assert_eq!(station(&host), Ok(ip("10.0.1.1")));
    assert_eq!(host.host.remove_routes(&"0.0.0.0/0".parse().unwrap()), 1);
    assert_eq!(station(&host), Err(SocketError::NetworkUnreachable));
    assert_eq!(
        host.host.remove_routes(&"10.0.0.0/24".parse().unwrap()),
        0,
        "an interface's own network stays"
    );
}

#[test]
fn the_reverse_path_filter_asks_for_a_way_back() {
    // RFC 3704 §2.2 and §2.4; the source of each packet, and whether each filter lets it pass
    let cases = [
        ("10.0.0.7", [true, true, true], "the link's own"),
        ("10.0.1.7", [true, true, false], "there is a way, but by the other interface"),
        ("10.7.0.1", [true, false, false], "a route that leads nowhere"),
    ];
    for (source, passes, why) in cases {
        for (filter, passes) in
            [ReversePath::Off, ReversePath::Loose, ReversePath::Strict].into_iter().zip(passes)
        {
            let mut host = host(|knobs| knobs.reverse_path = filter);
            host.host
                .add_route(&RouteConfig::new("10.7.0.0/16".parse().unwrap(), RouteKind::Blackhole))
                .unwrap();
            host.take(LEFT, packet(source, "10.0.0.254", 64));
            let refused = host.host.dropped(DropReason::ReversePath);
            assert_eq!(refused, u64::from(!passes), "{filter:?}, {source}: {why}");
        }
    }
    let mut host = host(|knobs| knobs.reverse_path = ReversePath::Loose);
    host.take(LEFT, packet("192.0.2.9", "10.0.0.254", 64));
    assert_eq!(host.host.dropped(DropReason::ReversePath), 0, "the default route counts");
    host.host.remove_routes(&"0.0.0.0/0".parse().unwrap());
    host.take(LEFT, packet("192.0.2.9", "10.0.0.254", 64));
    assert_eq!(host.host.dropped(DropReason::ReversePath), 1, "what was known of the way back was forgotten");
}

#[test]
fn the_strict_filter_takes_any_of_several_equal_ways() {
    let mut host = host(|knobs| (knobs.reverse_path, knobs.forwarding) = (ReversePath::Strict, true));
    for gateway in [[10, 0, 0, 1], [10, 0, 1, 1]] {
        host.host.add_route(&RouteConfig::via("192.0.2.0/24".parse().unwrap(), gateway.into())).unwrap();
    }
    for on in [LEFT, RIGHT] {
        let mut frame = packet("192.0.2.9", "10.0.1.254", 64);
        frame.head_mut()[..6].copy_from_slice(&super::forward::ROUTER[usize::from(on.0)].0);
        host.take(on, frame);
        assert_eq!(host.host.dropped(DropReason::ReversePath), 0, "{on:?}");
    }
}
