//! A router between two links, host by host.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::IpNumber;

use super::*;
use crate::frame::{FrameId, Meta};
use crate::interface::ethernet;
use crate::network::{Knobs, ipv4};
use crate::trace::Trigger;

pub const LEFT: InterfaceId = InterfaceId(0);
pub const RIGHT: InterfaceId = InterfaceId(1);
pub const ROUTER: [Mac; 2] = [Mac([2, 0, 0, 0, 9, 0]), Mac([2, 0, 0, 0, 9, 1])];
const SENDER: Mac = Mac([2, 0, 0, 0, 0, 7]);

/// A router with `10.0.0.254/24` on its left and `10.0.1.254/24` on its right, alone: its frames are looked at here.
pub struct Router {
    pub host: Host,
    pub log: Log,
    pub rng: Rng,
    pub now: Instant,
}

impl Router {
    pub fn new(change: impl FnOnce(&mut HostConfig)) -> Self {
        let interface = |number: usize| {
            let address = format!("10.0.{number}.254/24").parse().unwrap();
            let mut interface = InterfaceConfig::new(format!("eth{number}"), ROUTER[number], vec![address]);
            interface.announce = false;
            for host in [1, 7] {
                let known = format!("10.0.{number}.{host}").parse().unwrap();
                interface.neighbors.push((known, Mac([2, 0, 0, 0, number as u8, host])));
            }
            interface
        };
        let mut config = HostConfig::new("router", NodeId(9), interface(0));
        config.interfaces.push(interface(1));
        config.profile.network.forwarding = true;
        change(&mut config);
        let mut rng = Rng::stream(1, "router", "test");
        Self { host: Host::new(config, &mut rng).unwrap(), log: Log::default(), rng, now: Instant::ZERO }
    }

    /// Takes a frame and gives what is sent for it.
    pub fn take(&mut self, on: InterfaceId, frame: Frame) -> Vec<(InterfaceId, Frame)> {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.log);
        self.host.handle_frame(&mut ctx, on, frame);
        core::iter::from_fn(|| self.host.poll_transmit(&mut ctx)).collect()
    }

    /// Begins, and gives what is sent.
    pub fn start(&mut self) -> Vec<(InterfaceId, Frame)> {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.log);
        self.host.start(&mut ctx);
        core::iter::from_fn(|| self.host.poll_transmit(&mut ctx)).collect()
    }

    pub fn last_line(&self) -> &str {
        self.log.lines.last().map_or("", |line| line)
    }
}

/// A UDP packet as a station on the left sends it.
pub fn packet(source: &str, destination: &str, ttl: u8) -> Frame {
    let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
    let mut frame = Frame::with_payload(Bytes::from(vec![7; 40]), Meta::new(Cause::UdpData, Trigger::Call));
    let (source, destination, protocol) = (ip(source), ip(destination), IpNumber::UDP);
    ipv4::push(
        &mut frame,
        &ipv4::Header { source, destination, protocol, ttl, tos: 0, identification: None },
    );
    ethernet::push(&mut frame, &ethernet::header(ROUTER[0], SENDER, etherparse::EtherType::IPV4));
    frame.meta.id = FrameId { origin: NodeId(7), counter: 1 };
    frame
}

/// Type and code of an ICMP message, and who it is from and to.
pub fn error(frame: &Frame) -> (u8, u8, String) {
    let octets = frame.to_vec();
    assert_eq!(octets[23], 1, "ICMP");
    let ip = |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
    (octets[34], octets[35], format!("{} to {}", ip(26), ip(30)))
}

#[test]
fn a_packet_goes_on_with_one_hop_less_and_its_payload_untouched() {
    let mut router = Router::new(|_| {});
    let arrived = packet("10.0.0.7", "10.0.1.1", 64);
    let before = arrived.clone();
    let sent = router.take(LEFT, arrived);
    let [(by, frame)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(*by, RIGHT);
    let (old, new) = (before.to_vec(), frame.to_vec());
    assert_eq!(new[..6], [2, 0, 0, 0, 1, 1], "to the station that has the address");
    assert_eq!(new[6..12], ROUTER[1].0, "from the router's interface there");
    assert_eq!((new[22], old[22]), (63, 64));
    assert_eq!((&new[14..22], &new[26..]), (&old[14..22], &old[26..]), "nothing else has changed");
    assert_eq!(frame.payload().as_ptr(), before.payload().as_ptr(), "the payload was not copied");
    assert_eq!((frame.meta.cause, frame.meta.trigger), (Cause::Forwarded, Trigger::Frame(before.meta.id)));
    assert_eq!(frame.meta.id.origin, NodeId(9));
}

#[test]
fn a_host_that_does_not_forward_says_nothing() {
    let mut router = Router::new(|config| config.profile.network.forwarding = false);
    assert!(router.take(LEFT, packet("10.0.0.7", "10.0.1.1", 64)).is_empty());
    assert_eq!(router.last_line(), "dropped not-forwarding at network");
}

#[test]
fn what_cannot_go_on_is_told_to_its_sender() {
    // RFC 1812 §5.3.1, §4.3.3.1, §4.3.2.4
    for (destination, ttl, expected, reason) in [
        ("10.0.1.1", 1, (11, 0), "ttl-exceeded"),
        ("10.0.1.1", 0, (11, 0), "ttl-exceeded"),
        ("192.0.2.1", 64, (3, 0), "no-route"),
    ] {
        let mut router = Router::new(|_| {});
        let sent = router.take(LEFT, packet("10.0.0.7", destination, ttl));
        let [(LEFT, frame)] = &sent[..] else { panic!("{sent:?}") };
        let (kind, code, ends) = error(frame);
        assert_eq!((kind, code), expected, "{reason}");
        assert_eq!(ends, "10.0.0.254 to 10.0.0.7", "from the interface by which it goes");
        assert!(router.log.lines.contains(&format!("dropped {reason} at network")), "{:?}", router.log.lines);
    }
}

#[test]
fn a_directly_connected_host_that_is_silent_is_unreachable() {
    // RFC 1812 §4.3.3.1
    let mut router = Router::new(|_| {});
    let sent = router.take(LEFT, packet("10.0.0.7", "10.0.1.9", 64));
    assert!(matches!(&sent[..], [(RIGHT, request)] if request.meta.cause == Cause::ArpRequest), "{sent:?}");
    let mut errors = Vec::new();
    while let Some(at) = router.host.poll_timeout() {
        router.now = at;
        let mut ctx = Ctx::new(at, &mut router.rng, &mut router.log);
        router.host.handle_timeout(&mut ctx);
        errors.extend(core::iter::from_fn(|| router.host.poll_transmit(&mut ctx)));
        errors.retain(|(_, frame)| frame.meta.cause != Cause::ArpRequest);
    }
    let [(LEFT, frame)] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(error(frame), (3, 1, "10.0.0.254 to 10.0.0.7".into()));
    assert_eq!(frame.meta.trigger, Trigger::Frame(FrameId { origin: NodeId(7), counter: 1 }));
}

#[test]
fn broadcasts_and_martians_go_no_further_and_nobody_is_told() {
    // RFC 1812 §5.3.4, §5.3.7; RFC 2644 §4; RFC 3927 §7
    for (source, destination, reason) in [
        ("10.0.0.7", "10.0.1.255", "directed-broadcast"),
        ("10.0.0.7", "240.0.0.1", "martian"),
        ("10.0.0.7", "127.0.0.1", "martian"),
        ("10.0.0.7", "0.0.0.1", "martian"),
        ("169.254.3.4", "10.0.1.1", "link-local"),
        ("127.0.0.1", "10.0.1.1", "ip-bad-source"),
    ] {
        let mut router = Router::new(|_| {});
        assert!(router.take(LEFT, packet(source, destination, 64)).is_empty(), "{source} to {destination}");
        assert_eq!(router.last_line(), format!("dropped {reason} at network"));
    }
    let mut router = Router::new(|_| {});
    let mut frame = packet("10.0.0.7", "10.0.1.1", 64);
    frame.head_mut()[..6].copy_from_slice(&[0xff; 6]);
    assert!(router.take(LEFT, frame).is_empty(), "what came by a link-layer broadcast");
    assert_eq!(router.last_line(), "dropped not-for-us at network");
}

#[test]
fn what_waits_for_the_interfaces_is_bounded() {
    let mut router = Router::new(|config| config.profile.network.max_outbox_packets = 3);
    let mut ctx = Ctx::new(Instant::ZERO, &mut router.rng, &mut router.log);
    for _ in 0..5 {
        router.host.handle_frame(&mut ctx, LEFT, packet("10.0.0.7", "10.0.1.1", 64));
    }
    let sent = core::iter::from_fn(|| router.host.poll_transmit(&mut ctx)).count();
    assert_eq!((sent, router.host.dropped(DropReason::OutputQueueFull)), (3, 2));
}

/// Routes of `10.7.0.0/16` and the like, for a router whose neighbours on the right are `10.0.1.1` and `10.0.1.7`.
fn route(destination: &str, kind: RouteKind, gateway: Option<&str>) -> RouteConfig {
    let gateway = gateway.map(|text| text.parse().unwrap());
    RouteConfig { gateway, ..RouteConfig::new(destination.parse().unwrap(), kind) }
}

#[test]
fn a_route_may_say_that_there_is_no_way_and_to_whom() {
    // RFC 1812 §5.2.7.1 for code 13; Linux's names for the kinds
    for (kind, expected, reason) in [
        (RouteKind::Blackhole, None, "blackhole"),
        (RouteKind::Unreachable, Some((3, 1)), "unreachable-route"),
        (RouteKind::Prohibit, Some((3, 13)), "prohibited"),
    ] {
        let mut router = Router::new(|config| config.routes.push(route("10.7.0.0/16", kind, None)));
        let sent = router.take(LEFT, packet("10.0.0.7", "10.7.3.4", 64));
        let told = sent.first().map(|(_, frame)| (error(frame).0, error(frame).1));
        assert_eq!((told, sent.len()), (expected, usize::from(expected.is_some())), "{reason}");
        assert!(router.log.lines.contains(&format!("dropped {reason} at network")), "{:?}", router.log.lines);
    }
}

/// A packet with other ports.
fn with_ports(source: u16, destination: u16) -> Frame {
    let mut octets = vec![0; 40];
    octets[..2].copy_from_slice(&source.to_be_bytes());
    octets[2..4].copy_from_slice(&destination.to_be_bytes());
    let mut frame = packet("10.0.0.7", "10.7.3.4", 64);
    let head = frame.head().to_vec();
    frame = Frame::with_payload(Bytes::from(octets), frame.meta);
    frame.push_front_slice(head.len()).copy_from_slice(&head);
    frame
}

/// Marks the packet in a frame as the first of several fragments.
fn as_fragment(mut frame: Frame) -> Frame {
    let header = &mut frame.head_mut()[ethernet::HEADER..];
    header[6..8].copy_from_slice(&[0x20, 0]);
    ipv4::seal(header);
    frame
}

#[test]
fn flows_share_equal_ways_each_keeps_its_own_and_fragments_stay_together() {
    let mut router = Router::new(|config| {
        config.routes.push(route("10.7.0.0/16", RouteKind::Unicast, Some("10.0.1.1")));
        config.routes.push(route("10.7.0.0/16", RouteKind::Unicast, Some("10.0.1.7")));
        config.profile.network.send_redirects = false;
    });
    let mut by = |frame: Frame| {
        let sent = router.take(LEFT, frame);
        let [(RIGHT, frame)] = &sent[..] else { panic!("{sent:?}") };
        frame.to_vec()[5]
    };
    let ways: Vec<u8> = (0..400).map(|port| by(with_ports(port, 53))).collect();
    let again: Vec<u8> = (0..400).map(|port| by(with_ports(port, 53))).collect();
    assert_eq!(ways, again, "a flow keeps its way");
    let first = ways.iter().map(|way| usize::from(*way == 1)).sum::<usize>();
    assert!((140..260).contains(&first), "{first} of 400 by the first");
    let fragments: Vec<u8> = (0..100).map(|port| by(as_fragment(with_ports(port, 53)))).collect();
    assert!(fragments.iter().all(|way| *way == fragments[0]), "the ports of a fragment do not count");
}

#[test]
fn what_the_next_link_does_not_take_is_cut_or_refused() {
    // RFC 1812 §4.2.2.7, §5.2.6; RFC 1191 §4
    let narrow = |config: &mut HostConfig| config.interfaces[1].capabilities.mtu = 68;
    let long = |dont_fragment: bool| {
        let mut frame =
            Frame::with_payload(Bytes::from(vec![9; 100]), packet("10.0.0.7", "10.0.1.1", 9).meta);
        let identification = (!dont_fragment).then_some(77);
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 1, 1));
        let header =
            ipv4::Header { source, destination, protocol: IpNumber::UDP, ttl: 9, tos: 0x2a, identification };
        ipv4::push(&mut frame, &header);
        ethernet::push(&mut frame, &ethernet::header(ROUTER[0], SENDER, etherparse::EtherType::IPV4));
        frame
    };
    let mut router = Router::new(narrow);
    let sent = router.take(LEFT, long(true));
    let [(LEFT, refused)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(error(refused), (3, 4, "10.0.0.254 to 10.0.0.7".into()));
    assert_eq!(refused.to_vec()[40..42], [0, 68], "the next link's MTU");
    // RFC 4293 §5: what had to be cut was either cut or dropped.
    let counted = |router: &Router| {
        let ip = router.host.counters().ip;
        [ip.out_frag_reqds, ip.out_frag_oks, ip.out_frag_fails, ip.out_frag_creates]
    };
    assert_eq!(counted(&router), [1, 0, 1, 0]);
    let mut router = Router::new(narrow);
    let sent = router.take(LEFT, long(false));
    let seen: Vec<_> = sent
        .iter()
        .map(|(_, frame)| {
            let octets = frame.to_vec();
            let word = u16::from_be_bytes([octets[20], octets[21]]);
            (octets.len() - 34, word >> 13, (word & 0x1fff) * 8, octets[22], octets[15])
        })
        .collect();
    assert_eq!(seen, [(48, 1, 0, 8, 0x2a), (48, 1, 48, 8, 0x2a), (4, 0, 96, 8, 0x2a)]);
    assert_eq!(counted(&router), [1, 1, 0, 3]);
    let ip = router.host.counters().ip;
    assert_eq!((ip.out_forw_datagrams, ip.out_transmits), (1, 3), "RFC 4293 §5: fragments count as sent");
}

#[test]
fn a_directed_broadcast_goes_out_where_that_is_asked_for() {
    // RFC 1812 §5.2.3, §5.3.5.2; RFC 2644 §4
    let mut router = Router::new(|config| config.profile.network.directed_broadcast = true);
    let sent = router.take(LEFT, packet("10.0.0.7", "10.0.1.255", 64));
    let [(RIGHT, frame)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((frame.to_vec()[..6].to_vec(), frame.to_vec()[22]), (vec![0xff; 6], 63));
    assert!(router.take(LEFT, packet("10.0.0.7", "10.0.1.255", 1)).is_empty(), "it has no hop left");
    let local = router.take(LEFT, packet("10.0.0.7", "10.0.0.255", 64));
    assert!(local.is_empty(), "that of the network that it came from goes nowhere");
}

/// A router that sends what is for `10.7.0.0/16` to its neighbour `10.0.0.1`, on the link of the packets' sender.
fn detour(change: impl Fn(&mut Knobs)) -> Router {
    Router::new(|config| {
        config.routes.push(route("10.7.0.0/16", RouteKind::Unicast, Some("10.0.0.1")));
        change(&mut config.profile.network);
    })
}

#[test]
fn a_sender_that_takes_a_detour_is_told_and_its_packet_goes_on() {
    // RFC 1812 §5.2.7.2
    let mut router = detour(|_| {});
    let sent = router.take(LEFT, packet("10.0.0.7", "10.7.3.4", 64));
    let [(LEFT, told), (LEFT, passed)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(error(told), (5, 1, "10.0.0.254 to 10.0.0.7".into()), "for the host only");
    let octets = told.to_vec();
    assert_eq!(octets[38..42], [10, 0, 0, 1], "the better router");
    assert_eq!(octets[50], 64, "it quotes the packet as it came");
    assert_eq!((told.meta.cause, passed.meta.cause), (Cause::Redirect, Cause::Forwarded));
    assert_eq!(passed.to_vec()[..6], [2, 0, 0, 0, 0, 1]);
}

#[test]
fn redirects_are_sent_sparingly_to_each_source() {
    // RFC 1812 §4.3.2.8
    let mut router = detour(|_| {});
    let mut told = |at: u64, source: &str| {
        router.now = Instant::from_millis(at);
        let sent = router.take(LEFT, packet(source, "10.7.3.4", 64));
        sent.iter().filter(|(_, frame)| frame.meta.cause == Cause::Redirect).count()
    };
    assert_eq!([told(0, "10.0.0.7"), told(500, "10.0.0.7"), told(999, "10.0.0.7")], [1, 0, 0]);
    assert_eq!(told(1000, "10.0.0.7"), 1);
    assert_eq!(told(1000, "10.0.0.1"), 0, "whoever is the better router needs no telling");
}

#[test]
fn a_redirect_is_for_those_on_the_next_hop_s_network_who_did_not_choose_the_way() {
    // RFC 1812 §5.2.7.2
    let redirects = |router: &mut Router, frame: Frame| {
        let sent = router.take(LEFT, frame);
        let passed = sent.iter().filter(|(_, frame)| frame.meta.cause == Cause::Forwarded).count();
        assert_eq!(passed, 1, "{sent:?}");
        sent.len() - passed
    };
    assert_eq!(
        redirects(&mut detour(|_| {}), packet("192.0.2.9", "10.7.3.4", 64)),
        0,
        "from another network"
    );
    assert_eq!(redirects(&mut detour(|_| {}), packet("10.0.0.7", "10.0.1.1", 64)), 0, "by another interface");
    let off = |knobs: &mut Knobs| knobs.send_redirects = false;
    assert_eq!(redirects(&mut detour(off), packet("10.0.0.7", "10.7.3.4", 64)), 0, "the knob says no");
    // A source route that is at its end, but was there: whoever wrote it chose the way.
    let routed = || {
        let mut frame = packet("10.0.0.7", "10.7.3.4", 64);
        frame.pull_up(ethernet::HEADER);
        frame.strip_front(ethernet::HEADER + ipv4::HEADER);
        let (source, destination) = (Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 7, 3, 4));
        let options = crate::network::options::List::read(&[131, 7, 8, 10, 0, 0, 254, 0]).unwrap();
        let (protocol, identification) = (IpNumber::UDP, None);
        let header = ipv4::Header { source, destination, protocol, ttl: 64, tos: 0, identification };
        ipv4::push_with_options(&mut frame, &header, &options);
        ethernet::push(&mut frame, &ethernet::header(ROUTER[0], SENDER, etherparse::EtherType::IPV4));
        frame
    };
    let accepting = |knobs: &mut Knobs| knobs.accept_source_routes = true;
    assert_eq!(redirects(&mut detour(accepting), routed()), 0, "a source route");
}
