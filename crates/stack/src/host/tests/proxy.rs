//! A router that is a member on its upstream link for those behind it (RFC 4605).

use core::net::Ipv4Addr;

use super::forward::{LEFT, RIGHT, Router};
use super::multicast::{GROUP, general, igmp, report, to_group};
use super::*;
use crate::interface::MulticastRole;
use crate::network::igmp::{ALL_SYSTEMS, Filter, RecordKind};

const MIDDLE: InterfaceId = InterfaceId(2);

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// A router whose upstream is on the left; downstream it has two links.
fn proxy(change: impl FnOnce(&mut HostConfig)) -> Router {
    let mut router = Router::new(|config| {
        config.profile.network.multicast_forwarding = true;
        config.interfaces[0].multicast_role = MulticastRole::Upstream;
        let address = "10.0.2.254/24".parse().unwrap();
        let mut third = InterfaceConfig::new("eth2", Mac([2, 0, 0, 0, 9, 2]), vec![address]);
        third.announce = false;
        config.interfaces.push(third);
        config.routes.push(RouteConfig::via("0.0.0.0/0".parse().unwrap(), ip("10.0.0.1").into()));
        change(config);
    });
    let began = router.start();
    assert!(began.iter().all(|(on, _)| *on != LEFT), "RFC 4605 §3: no queries upstream");
    router
}

fn joined(router: &Router) -> Vec<(Ipv4Addr, Filter)> {
    router.host.groups(LEFT).map(|(group, filter)| (group, filter.clone())).collect()
}

#[test]
fn what_is_wanted_behind_it_is_told_upstream_as_one() {
    // RFC 4605 §4.1: the merger of all downstream subscriptions.
    let mut router = proxy(|_| {});
    let sent = router.take(RIGHT, report("10.0.1.1", RecordKind::Allow, GROUP, &[ip("10.9.0.1")]));
    let told: Vec<_> = sent.iter().map(|(on, frame)| (*on, frame.meta.cause)).collect();
    assert_eq!(told, [(LEFT, Cause::IgmpStateChange)]);
    assert_eq!(joined(&router), [(GROUP, Filter::include([ip("10.9.0.1")]))]);
    let again = router.take(RIGHT, report("10.0.1.7", RecordKind::IsInclude, GROUP, &[ip("10.9.0.1")]));
    assert!(again.is_empty(), "nothing new: {again:?}");
    router.take(MIDDLE, report("10.0.2.1", RecordKind::ToExclude, GROUP, &[ip("10.9.0.1"), ip("10.9.0.2")]));
    assert_eq!(joined(&router), [(GROUP, Filter::exclude([ip("10.9.0.2")]))], "RFC 9776 §3.2");
    // What stays on its link is no affair of others.
    router.take(MIDDLE, report("10.0.2.1", RecordKind::ToExclude, ip("224.0.0.251"), &[]));
    assert_eq!(joined(&router).len(), 1);
    // A link that is gone wants nothing.
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    router.host.set_interface_up(&mut ctx, MIDDLE, false);
    assert_eq!(joined(&router), [(GROUP, Filter::include([ip("10.9.0.1")]))]);
    // When the upstream link comes back, all is told anew.
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    router.host.set_interface_up(&mut ctx, LEFT, false);
    while router.host.poll_transmit(&mut ctx).is_some() {}
    router.host.set_interface_up(&mut ctx, LEFT, true);
    let told: Vec<_> = core::iter::from_fn(|| router.host.poll_transmit(&mut ctx)).collect();
    assert!(told.iter().any(|(on, frame)| *on == LEFT && frame.meta.cause == Cause::IgmpStateChange));
}

/// What is shown; by which interface something comes, from whom; on which link another router asks; where it goes.
type Row = (&'static str, InterfaceId, &'static str, Option<InterfaceId>, &'static [InterfaceId]);

#[test]
fn packets_go_where_the_document_says() {
    // RFC 4605 §4.2, with members on the right and none on the third link.
    let member = |router: &mut Router| {
        router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    };
    let lower = |router: &mut Router, on| {
        let from = if on == RIGHT { "10.0.1.1" } else { "10.0.2.1" };
        router.take(on, igmp(from, ALL_SYSTEMS, general()));
    };
    let rows: [Row; 7] = [
        ("from upstream to who wants it", LEFT, "10.9.0.1", None, &[RIGHT]),
        ("from downstream also upstream", MIDDLE, "10.0.2.7", None, &[LEFT, RIGHT]),
        ("not back to where it came from", RIGHT, "10.0.1.7", None, &[LEFT]),
        ("the querier of the right forwards there", LEFT, "10.9.0.1", Some(RIGHT), &[]),
        ("and also from there upstream", RIGHT, "10.0.1.7", Some(RIGHT), &[]),
        ("what comes from another's link is still wanted", MIDDLE, "10.0.2.7", Some(MIDDLE), &[RIGHT]),
        ("it came by the wrong way", MIDDLE, "10.9.0.1", None, &[]),
    ];
    for (what, on, source, other, ways) in rows {
        let mut router = proxy(|_| {});
        member(&mut router);
        if let Some(other) = other {
            lower(&mut router, other);
        }
        let sent = router.take(on, to_group(source, "239.1.2.3", 9));
        let by: Vec<InterfaceId> = sent.iter().map(|(on, _)| *on).collect();
        assert_eq!(by, ways, "{what}");
    }
    // A role overrides who is the querier.
    let mut router = proxy(|config| config.interfaces[1].multicast_role = MulticastRole::Forwarder);
    member(&mut router);
    lower(&mut router, RIGHT);
    assert_eq!(router.take(LEFT, to_group("10.9.0.1", "239.1.2.3", 9)).len(), 1);
    assert_eq!(router.take(RIGHT, to_group("10.0.1.7", "239.1.2.3", 9)).len(), 1);
}

#[test]
fn a_group_that_is_joined_for_others_is_not_its_own() {
    let mut router = proxy(|_| {});
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    let mut fragment = to_group("10.9.0.1", "239.1.2.3", 9).to_vec();
    fragment[20] = 0x20;
    crate::network::ipv4::seal(&mut fragment[14..34]);
    let meta = crate::frame::Meta::new(Cause::Raw, Trigger::Call);
    let sent = router.take(LEFT, Frame::from_wire(fragment.into(), meta));
    assert_eq!((sent.len(), router.host.reassembly.len()), (1, 0), "it does not wait for the others");
    // A socket of its own gets it too, and takes what is wanted behind it from nobody.
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    let socket = router.host.udp_bind(&mut ctx, addr("0.0.0.0:9")).unwrap();
    router.host.udp_join(&mut ctx, socket, GROUP, ip("10.0.0.254")).unwrap();
    router.host.close(&mut ctx, socket);
    assert_eq!(joined(&router), [(GROUP, Filter::everything())]);
}

#[test]
fn a_flood_of_groups_behind_it_stays_within_the_bound_and_leaves_room_for_sockets() {
    let mut router = proxy(|config| {
        config.profile.igmp.max_proxied_groups = 16;
        config.profile.igmp.max_joined_groups = 2;
    });
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    for number in 0..500_u32 {
        let group = Ipv4Addr::from_bits(0xef20_0000 + number);
        router.take(RIGHT, report("10.0.1.66", RecordKind::ToExclude, group, &[]));
    }
    assert_eq!(joined(&router).len(), 16);
    assert_eq!(router.host.counters().igmp.in_refused, 500 - 15);
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    let socket = router.host.udp_bind(&mut ctx, addr("0.0.0.0:9")).unwrap();
    for number in 1..=2 {
        let group = Ipv4Addr::new(239, 77, 0, number);
        router.host.udp_join(&mut ctx, socket, group, ip("10.0.0.254")).unwrap();
    }
    assert_eq!(joined(&router).len(), 18);
}

#[test]
fn what_makes_room_downstream_makes_room_upstream_too() {
    let mut router = proxy(|config| {
        (config.profile.igmp.max_groups, config.profile.igmp.max_proxied_groups) = (2, 2);
    });
    for group in ["239.200.0.1", "239.200.0.2"] {
        router.take(RIGHT, report("10.0.1.66", RecordKind::ToExclude, ip(group), &[]));
    }
    router.take(RIGHT, report("10.0.1.1", RecordKind::ToExclude, GROUP, &[]));
    let all = Filter::everything();
    assert_eq!(joined(&router), [(GROUP, all.clone()), (ip("239.200.0.1"), all)]);
}

#[test]
fn a_router_has_one_upstream_interface() {
    // RFC 4605 §3
    let mut config = config(1);
    config.interfaces[0].multicast_role = MulticastRole::Upstream;
    let address = vec!["10.0.1.1/24".parse().unwrap()];
    let mut second = InterfaceConfig::new("eth1", Mac([2, 0, 0, 0, 1, 1]), address);
    second.multicast_role = MulticastRole::Upstream;
    config.interfaces.push(second);
    let refused = Host::new(config, &mut Rng::stream(1, "router", "test"));
    assert_eq!(refused.err(), Some(ConfigError::TwoUpstreams("eth1".to_owned())));
}
