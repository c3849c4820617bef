//! Router discovery, both sides (RFC 1256).

use core::net::{IpAddr, Ipv4Addr};

use etherparse::IpNumber;

use super::forward::{LEFT, RIGHT, Router};
use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::interface::group_filter::mac_of;
use crate::network::discovery::{ADVERTISEMENT_ADDRESS, SOLICITATION_ADDRESS};
use crate::network::icmp::{Advertisement, Router as Advertised, solicitation};
use crate::network::ipv4;
use crate::network::route::Origin;
use crate::trace::Trigger;

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// An ICMP message in its frame, as a station sends it to a group.
fn frame(source: &str, destination: Ipv4Addr, mut message: Frame) -> Frame {
    let (source, protocol) = (ip(source), IpNumber::ICMP);
    let header = ipv4::Header { source, destination, protocol, ttl: 1, tos: 0, identification: None };
    ipv4::push(&mut message, &header);
    let station = Mac([2, 0, 0, 0, 0, 99]);
    ethernet::push(
        &mut message,
        &ethernet::header(mac_of(destination), station, etherparse::EtherType::IPV4),
    );
    message
}

fn meta() -> Meta {
    Meta::new(Cause::Raw, Trigger::Call)
}

fn asks(source: &str) -> Frame {
    frame(source, SOLICITATION_ADDRESS, solicitation(meta()))
}

fn advertisement(source: &str, lifetime: u16, routers: &[(&str, i32)]) -> Frame {
    let router =
        |(address, preference): &(&str, i32)| Advertised { address: ip(address), preference: *preference };
    let advertisement = Advertisement { lifetime, routers: routers.iter().map(router).collect() };
    frame(source, ADVERTISEMENT_ADDRESS, advertisement.message(meta()))
}

/// What was sent for `cause`, with when, by `host`.
fn sent(net: &Net, host: usize, cause: Cause) -> Vec<Vec<u8>> {
    let by = net.carried.iter().filter(|(sender, frame)| *sender == host && frame.meta.cause == cause);
    by.map(|(_, frame)| frame.to_vec()).collect()
}

/// A host that listens.
fn listener(change: impl Fn(&mut HostConfig)) -> Net {
    let mut net = Net::new(1, |config| {
        config.profile.discovery.perform_router_discovery = true;
        change(config);
    });
    net.call(0, Host::start);
    net
}

/// The gateways of the default routes, with their metrics.
fn defaults(net: &Net) -> Vec<(String, u32)> {
    let routes = net.hosts[0].routes().filter(|route| route.destination.prefix() == 0);
    routes.map(|route| (route.hop(ip("8.8.8.8").into()).unwrap().station.to_string(), route.metric)).collect()
}

#[test]
fn a_host_asks_until_it_is_answered_and_takes_the_preferred_router() {
    // RFC 1256 §5.3, §6
    let mut net = listener(|_| {});
    net.run_for(Duration::from_secs(60));
    let asked = sent(&net, 0, Cause::RouterSolicitation);
    assert_eq!(asked.len(), 3);
    let octets = &asked[0];
    assert_eq!(octets[..6], mac_of(SOLICITATION_ADDRESS).0);
    assert_eq!((octets[22], &octets[26..34]), (1, &[10, 0, 0, 1, 224, 0, 0, 2][..]));
    assert_eq!((octets[34], octets[35], octets.len()), (10, 0, 42));
    assert_eq!(net.hosts[0].counters().icmp.out_router_solicitations, 3);
    // Whoever answers in time is enough; those that are no default routers are not.
    let mut net = listener(|_| {});
    net.run_for(Duration::from_millis(1_500));
    net.deliver(0, advertisement("10.0.0.9", 1800, &[("10.0.0.9", i32::MIN)]));
    net.run_for(Duration::from_secs(3));
    assert_eq!(sent(&net, 0, Cause::RouterSolicitation).len(), 2);
    net.deliver(0, advertisement("10.0.0.8", 1800, &[("10.0.0.8", 0)]));
    net.deliver(0, advertisement("10.0.0.7", 1800, &[("10.0.0.7", 5)]));
    net.run_for(Duration::from_secs(60));
    assert_eq!(sent(&net, 0, Cause::RouterSolicitation).len(), 2);
    assert_eq!(defaults(&net), [("10.0.0.7".to_owned(), 1024), ("10.0.0.8".to_owned(), 1025)]);
    assert_eq!(net.hosts[0].counters().icmp.in_router_advertisements, 3);
    assert!(
        net.hosts[0]
            .routes()
            .filter(|route| route.destination.prefix() == 0)
            .all(|route| route.origin == Origin::Discovered)
    );
}

#[test]
fn routers_age_and_go_and_equals_share() {
    // RFC 1256 §5.3
    let mut net = listener(|_| {});
    let gateways = |net: &Net| defaults(net).into_iter().map(|(gateway, _)| gateway).collect::<Vec<_>>();
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 0), ("10.0.0.8", 0)]));
    assert_eq!(defaults(&net), [("10.0.0.8".to_owned(), 1024), ("10.0.0.9".to_owned(), 1024)]);
    net.run_for(Duration::from_secs(50));
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 0)]));
    net.run_for(Duration::from_secs(11));
    assert_eq!(gateways(&net), ["10.0.0.9"], "the other was not heard again");
    net.deliver(0, advertisement("10.0.0.9", 0, &[("10.0.0.9", 0)]));
    assert!(gateways(&net).is_empty(), "it says goodbye");
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 0)]));
    net.run_for(Duration::from_secs(60));
    assert!(gateways(&net).is_empty());
    assert_eq!(net.hosts[0].poll_timeout(), None, "and nothing is waited for");
    // With its network goes a router.
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 0)]));
    net.call(0, |host, ctx| assert!(host.remove_address(ctx, WIRE, "10.0.0.1".parse().unwrap())));
    assert!(gateways(&net).is_empty() && net.hosts[0].default_routers().next().is_none());
}

#[test]
fn strangers_are_not_believed() {
    // RFC 1256 §5.3: only addresses of the link's own networks; §3: from one of them.
    let mut net = listener(|_| {});
    for (message, reason) in [
        (advertisement("10.7.0.9", 60, &[("10.0.0.9", 0)]), "icmp-not-neighbor"),
        (advertisement("10.0.0.9", 60, &[("10.7.0.9", 0)]), "icmp-not-neighbor"),
        (advertisement("10.0.0.9", 60, &[("10.0.0.1", 0)]), "icmp-not-neighbor"),
        (advertisement("10.0.0.9", 60, &[("10.0.0.255", 0)]), "icmp-not-neighbor"),
        (advertisement("10.0.0.9", 60, &[]), "icmp-malformed"),
    ] {
        net.deliver(0, message);
        assert_eq!(net.lines().last().unwrap(), &format!("dropped {reason} at network"));
    }
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.7.0.9", 9), ("10.0.0.9", 0)]));
    assert_eq!(defaults(&net), [("10.0.0.9".to_owned(), 1024)], "the others are ignored");
    // Who does not listen, and who forwards, ignores them.
    for change in [
        |config: &mut HostConfig| config.profile.discovery.perform_router_discovery = false,
        |config: &mut HostConfig| config.profile.network.forwarding = true,
    ] {
        let mut net = listener(change);
        net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 0)]));
        assert_eq!(net.lines().last().unwrap(), "dropped icmp-ignored at network");
        net.run_for(Duration::from_secs(60));
        assert!(defaults(&net).is_empty() && sent(&net, 0, Cause::RouterSolicitation).is_empty());
    }
}

#[test]
fn a_flood_of_advertisements_stays_within_the_bound() {
    let mut net = listener(|config| config.profile.discovery.max_default_routers = 4);
    net.deliver(0, advertisement("10.0.0.254", 1800, &[("10.0.0.254", 100)]));
    for number in 2..200_u8 {
        let from = format!("10.0.0.{number}");
        net.deliver(0, advertisement(&from, 9000, &[(&from, i32::from(number) % 50)]));
        assert!(defaults(&net).len() <= 4);
    }
    assert_eq!(defaults(&net)[0], ("10.0.0.254".to_owned(), 1024));
    assert!(net.hosts[0].dropped(DropReason::RouterTableFull) > 100);
}

#[test]
fn a_configured_default_route_goes_before() {
    let mut net = listener(|config| {
        let default = "0.0.0.0/0".parse().unwrap();
        config.routes.push(RouteConfig::via(default, ip("10.0.0.3").into()));
    });
    net.deliver(0, advertisement("10.0.0.9", 60, &[("10.0.0.9", 1000)]));
    assert_eq!(defaults(&net), [("10.0.0.3".to_owned(), 0), ("10.0.0.9".to_owned(), 1024)]);
}

#[test]
fn a_host_that_gets_its_address_later_asks_then() {
    let mut net = listener(|config| config.interfaces[0].probe = true);
    net.run_for(Duration::from_secs(60));
    let asked = sent(&net, 0, Cause::RouterSolicitation);
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|octets| octets[26..30] == [10, 0, 0, 1]));
}

/// Runs a router alone until `until`: when what left by which interface.
fn run(router: &mut Router, until: Instant) -> Vec<(Instant, InterfaceId, Frame)> {
    let mut sent = Vec::new();
    loop {
        let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
        while let Some((on, frame)) = router.host.poll_transmit(&mut ctx) {
            if frame.meta.cause == Cause::RouterAdvertisement {
                sent.push((router.now, on, frame));
            }
        }
        let Some(at) = router.host.poll_timeout().filter(|at| *at <= until) else { break };
        router.now = router.now.max(at);
        router.host.handle_timeout(&mut Ctx::new(router.now, &mut router.rng, &mut router.log));
    }
    router.now = until;
    sent
}

fn advertiser(change: impl FnOnce(&mut HostConfig)) -> Router {
    let mut router = Router::new(|config| {
        config.profile.discovery.advertise = true;
        change(config);
    });
    router.start();
    router
}

#[test]
fn a_router_advertises_its_addresses_on_each_link() {
    // RFC 1256 §3, §4.1, §4.3
    let mut router = advertiser(|config| {
        config.profile.discovery.preference_level = 7;
        config.interfaces[1].preference_level = Some(-1);
        config.interfaces[1].addresses.push("10.0.3.254/24".parse().unwrap());
    });
    let sent = run(&mut router, Instant::from_secs(6_000));
    let on = |on: InterfaceId| {
        sent.iter().filter(move |(_, by, _)| *by == on).map(|(at, _, frame)| (*at, frame.to_vec()))
    };
    let (_, left) = on(LEFT).next().unwrap();
    assert_eq!(left[..6], mac_of(ADVERTISEMENT_ADDRESS).0);
    assert_eq!((left[22], &left[26..34]), (1, &[10, 0, 0, 254, 224, 0, 0, 1][..]));
    assert_eq!(left[34..36], [9, 0]);
    assert_eq!(left[38..], [1, 2, 0x07, 0x08, 10, 0, 0, 254, 0, 0, 0, 7], "1800 s");
    let (_, right) = on(RIGHT).next().unwrap();
    assert_eq!(right[38..42], [2, 2, 0x07, 0x08]);
    assert_eq!(right[42..], [10, 0, 1, 254, 255, 255, 255, 255, 10, 0, 3, 254, 255, 255, 255, 255]);
    for link in [LEFT, RIGHT] {
        let times: Vec<Instant> = on(link).map(|(at, _)| at).collect();
        assert!(times[0] <= Instant::from_secs(16) && times[2] <= Instant::from_secs(48), "{times:?}");
        let gaps = times[2..].windows(2).map(|pair| pair[1].since(pair[0]));
        assert!(
            gaps.into_iter().all(|gap| gap >= Duration::from_secs(450) && gap <= Duration::from_secs(600))
        );
        assert!(times.len() >= 12, "{times:?}");
    }
    assert_eq!(router.host.counters().icmp.out_router_advertisements, sent.len() as u64);
    // A link that is down has no router.
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    router.host.set_interface_up(&mut ctx, RIGHT, false);
    let sent = run(&mut router, Instant::from_secs(9_000));
    assert!(!sent.is_empty() && sent.iter().all(|(_, on, _)| *on == LEFT));
}

#[test]
fn a_router_answers_who_asks_soon_and_once() {
    // RFC 1256 §4.2, §4.3: within 2 s, by an advertisement to all.
    let mut router = advertiser(|config| config.profile.discovery.max_initial_advertisements = 0);
    for from in ["10.0.0.7", "0.0.0.0", "10.0.0.1"] {
        assert!(router.take(LEFT, asks(from)).is_empty(), "not at once: others may ask too");
    }
    let sent = run(&mut router, Instant::from_secs(60));
    let [(at, LEFT, frame)] = &sent[..] else { panic!("{sent:?}") };
    assert!(*at <= Instant::from_secs(2), "{at}");
    assert_eq!(frame.to_vec()[30..34], [224, 0, 0, 1]);
    assert_eq!(router.host.counters().icmp.in_router_solicitations, 3);
    router.take(LEFT, asks("10.9.9.9"));
    assert_eq!(router.last_line(), "dropped icmp-not-neighbor at network");
    assert!(run(&mut router, Instant::from_secs(120)).is_empty());
    // Who does not advertise does not answer, nor does a host that does not forward.
    for change in [
        |config: &mut HostConfig| config.profile.discovery.advertise = false,
        |config: &mut HostConfig| config.profile.network.forwarding = false,
    ] {
        let mut router = advertiser(change);
        router.take(LEFT, asks("10.0.0.7"));
        assert!(run(&mut router, Instant::from_secs(2_000)).is_empty());
    }
}

#[test]
fn a_flood_of_questions_is_answered_once_in_a_while() {
    let mut router = advertiser(|_| {});
    let mut answers = 0;
    for number in 1..=2_000_u64 {
        router.take(LEFT, asks("10.0.0.7"));
        answers += run(&mut router, Instant::from_millis(10 * number)).len();
    }
    // In 20 s, with up to 2 s of delay each, and those that are due anyway on both links.
    assert!((10..=60).contains(&answers), "{answers}");
}

#[test]
fn whatever_is_in_a_message_nothing_breaks_and_the_bounds_hold() {
    let mut net = listener(|config| config.profile.discovery.max_default_routers = 4);
    let mut router = advertiser(|_| {});
    let message =
        advertisement("10.0.0.9", 60, &[("10.0.0.9", 1), ("10.0.0.8", 2), ("10.0.0.7", 3)]).to_vec();
    for message in [message, asks("10.0.0.7").to_vec()] {
        for (place, value) in
            (34..message.len()).flat_map(|place| (0..=255_u8).map(move |value| (place, value)))
        {
            let mut octets = message.clone();
            octets[place] = value;
            octets[36..38].fill(0);
            let sum = crate::checksum::Sum::new().with(&octets[34..]).finish();
            octets[36..38].copy_from_slice(&sum.to_be_bytes());
            let frame = || Frame::from_wire(octets.clone().into(), meta());
            net.deliver(0, frame());
            router.take(LEFT, frame());
            assert!(net.hosts[0].default_routers().count() <= 4);
            let interface = net.hosts[0].interface(WIRE).unwrap();
            let on_link = |router: IpAddr| interface.addresses()[0].contains(router);
            assert!(net.hosts[0].default_routers().all(|router| on_link(router.address.into())));
        }
    }
    assert!(net.hosts[0].default_routers().count() > 0, "some of it was taken");
    assert_eq!(router.host.default_routers().count(), 0, "who forwards takes none");
}
