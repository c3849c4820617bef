//! A router between two links, host by host.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::IpNumber;

use super::*;
use crate::interface::ethernet;
use crate::network::ipv4;
use crate::trace::Trigger;

const LEFT: InterfaceId = InterfaceId(0);
const RIGHT: InterfaceId = InterfaceId(1);
const ROUTER: [Mac; 2] = [Mac([2, 0, 0, 0, 9, 0]), Mac([2, 0, 0, 0, 9, 1])];
const SENDER: Mac = Mac([2, 0, 0, 0, 0, 7]);

/// A router with `10.0.0.254/24` on its left and `10.0.1.254/24` on its right, alone: its frames are looked at here.
struct Router {
    host: Host,
    log: Log,
    rng: Rng,
    now: Instant,
}

impl Router {
    fn new(change: impl FnOnce(&mut HostConfig)) -> Self {
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
    fn take(&mut self, on: InterfaceId, frame: Frame) -> Vec<(InterfaceId, Frame)> {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut self.log);
        self.host.handle_frame(&mut ctx, on, frame);
        core::iter::from_fn(|| self.host.poll_transmit(&mut ctx)).collect()
    }

    fn last_line(&self) -> &str {
        self.log.lines.last().map_or("", |line| line)
    }
}

/// A UDP packet as a station on the left sends it.
fn packet(source: &str, destination: &str, ttl: u8) -> Frame {
    let ip = |text: &str| text.parse::<Ipv4Addr>().unwrap();
    let mut frame = Frame::with_payload(Bytes::from(vec![7; 40]), Meta::new(Cause::UdpData, Trigger::Call));
    let (source, destination, protocol) = (ip(source), ip(destination), IpNumber::UDP);
    ipv4::push(
        &mut frame,
        &ipv4::Header { source, destination, protocol, ttl, tos: 0, identification: None },
    );
    ethernet::push(&mut frame, &ethernet::header(ROUTER[0], SENDER, etherparse::EtherType::IPV4));
    frame.meta.id = crate::frame::FrameId { origin: NodeId(7), counter: 1 };
    frame
}

use crate::frame::Meta;

/// Type and code of an ICMP message, and who it is from and to.
fn error(frame: &Frame) -> (u8, u8, String) {
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
    assert_eq!(frame.meta.trigger, Trigger::Frame(crate::frame::FrameId { origin: NodeId(7), counter: 1 }));
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
