//! From which of its addresses a router complains.

use super::forward::{LEFT, Router, error, packet};
use super::*;
use crate::network::limits::ErrorLimits;
use crate::network::{Knobs, RateLimit};

const BACK: InterfaceId = InterfaceId(2);

/// A router with three interfaces: what comes from `192.0.2.0/24` comes by the left, and is answered by the third,
/// which has `10.0.2.254`.
fn router(from_inbound: bool, narrow: bool) -> Router {
    Router::new(|config| {
        let address = "10.0.2.254/24".parse().unwrap();
        let mut third = InterfaceConfig::new("eth2", Mac([2, 0, 0, 0, 9, 2]), vec![address]);
        third.announce = false;
        third.neighbors.push(("10.0.2.1".parse().unwrap(), Mac([2, 0, 0, 0, 2, 1])));
        config.interfaces.push(third);
        if narrow {
            config.interfaces[1].capabilities.mtu = 68;
        }
        let back = "192.0.2.0/24".parse().unwrap();
        config.routes.push(RouteConfig::via(back, [10, 0, 2, 1].into()));
        config.profile.network.icmp_errors_from_inbound = from_inbound;
    })
}

/// What a router says of a packet that comes by its left, at once or when it has asked in vain.
fn said(router: &mut Router, frame: Frame) -> Vec<(InterfaceId, Frame)> {
    let mut sent = router.take(LEFT, frame);
    while let Some(at) = router.host.poll_timeout() {
        router.now = at;
        let mut ctx = Ctx::new(at, &mut router.rng, &mut router.log);
        router.host.handle_timeout(&mut ctx);
        sent.extend(core::iter::from_fn(|| router.host.poll_transmit(&mut ctx)));
    }
    sent.retain(|(_, frame)| frame.meta.cause != Cause::ArpRequest);
    sent
}

#[test]
fn an_error_is_from_the_interface_by_which_it_goes_or_by_knob_by_which_its_cause_came() {
    // RFC 1812 §4.3.2.4
    for (expected, frame) in [
        ((11, 0), packet("192.0.2.9", "10.0.1.1", 1)),
        ((3, 0), packet("192.0.2.9", "198.51.100.1", 64)),
        ((3, 4), too_long()),
        ((3, 1), packet("192.0.2.9", "10.0.1.9", 64)),
    ] {
        for (from_inbound, from) in [(false, "10.0.2.254"), (true, "10.0.0.254")] {
            let mut router = router(from_inbound, expected == (3, 4));
            let sent = said(&mut router, frame.clone());
            let [(BACK, told)] = &sent[..] else { panic!("{expected:?}: {sent:?}") };
            let (kind, code, ends) = error(told);
            assert_eq!((kind, code), expected);
            assert_eq!(ends, format!("{from} to 192.0.2.9"), "type {kind}, code {code}, {from_inbound}");
        }
    }
}

#[test]
fn a_silent_neighbour_behind_another_interface_is_told_by_whom_it_was_asked_for() {
    // Several packets wait for one neighbour, each from elsewhere.
    let mut router = router(true, false);
    let sent = said(&mut router, packet("192.0.2.9", "10.0.1.9", 64));
    assert_eq!(error(&sent[0].1).2, "10.0.0.254 to 192.0.2.9");
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    let mut by_third = packet("10.0.2.1", "10.0.1.9", 64);
    by_third.head_mut()[..6].copy_from_slice(&[2, 0, 0, 0, 9, 2]);
    router.host.handle_frame(&mut ctx, BACK, by_third);
    let sent = said(&mut router, packet("10.0.0.7", "10.0.1.9", 64));
    let told: Vec<_> = sent.iter().map(|(by, frame)| (*by, error(frame).2)).collect();
    assert_eq!(
        told,
        [(BACK, "10.0.2.254 to 10.0.2.1".to_owned()), (LEFT, "10.0.0.254 to 10.0.0.7".to_owned())]
    );
}

#[test]
fn no_network_s_broadcast_address_is_believed_as_a_source() {
    // RFC 1122 §3.2.1.3: an answer to it would be a broadcast on another network.
    for destination in ["10.0.1.1", "10.0.0.254", "198.51.100.1"] {
        let mut router = router(false, false);
        assert!(said(&mut router, packet("10.0.1.255", destination, 64)).is_empty());
        assert_eq!(router.last_line(), "dropped ip-bad-source at network", "to {destination}");
    }
}

/// A packet that must not be cut, and is longer than the right link takes.
fn too_long() -> Frame {
    let mut frame = packet("192.0.2.9", "10.0.1.1", 64);
    let head = frame.head().to_vec();
    frame = Frame::with_payload(bytes::Bytes::from(vec![7; 400]), frame.meta);
    frame.push_front_slice(head.len()).copy_from_slice(&head);
    let header = &mut frame.head_mut()[crate::interface::ethernet::HEADER..];
    header[2..4].copy_from_slice(&420_u16.to_be_bytes());
    crate::network::ipv4::seal(header);
    frame
}

#[test]
fn of_a_path_s_mtu_a_peer_is_told_each_time() {
    // As Linux does: each segment in flight that is too long has to be told of, or its loss is taken for congestion.
    let mut router = router(false, true);
    let limited = Knobs {
        forwarding: true,
        icmp_errors_per_peer: Some(RateLimit { per_second: 1, burst: 1 }),
        ..router.host.knobs.clone()
    };
    router.host.icmp_errors = ErrorLimits::new(&limited, &mut router.rng);
    let told = |router: &mut Router, frame| router.take(LEFT, frame).len();
    assert_eq!((0..10).map(|_| told(&mut router, too_long())).sum::<usize>(), 10);
    let nowhere = || packet("192.0.2.9", "198.51.100.1", 64);
    assert_eq!((0..10).map(|_| told(&mut router, nowhere())).sum::<usize>(), 1, "of all else, as limited");
    assert_eq!(told(&mut router, too_long()), 1);
    assert_eq!(router.host.counters().icmp.out_rate_limited, 9);
}

#[test]
fn an_error_that_finds_no_room_is_no_error_that_was_limited() {
    let mut router = Router::new(|config| config.profile.network.max_outbox_packets = 1);
    let mut ctx = Ctx::new(router.now, &mut router.rng, &mut router.log);
    router.host.handle_frame(&mut ctx, LEFT, packet("10.0.0.7", "10.0.1.1", 64));
    router.host.handle_frame(&mut ctx, LEFT, packet("10.0.0.7", "198.51.100.1", 64));
    assert_eq!(router.host.counters().icmp.out_rate_limited, 0);
    assert_eq!(router.host.dropped(DropReason::OutputQueueFull), 1);
}
