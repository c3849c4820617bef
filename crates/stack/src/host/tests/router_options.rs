//! Options of packets that a router passes on as broadcasts, or to groups.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::IpNumber;

use super::forward::{LEFT, ROUTER, Router, packet};
use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::network::ipv4;
use crate::network::options::List;
use crate::trace::Trigger;

/// A packet with `options` from the left to the broadcast address of the right.
fn broadcast(options: &List) -> Frame {
    let meta = packet("10.0.0.7", "10.0.1.255", 64).meta;
    let mut frame = Frame::with_payload(Bytes::from(vec![7; 40]), Meta { trigger: Trigger::Call, ..meta });
    let (source, destination) = (Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 1, 255));
    let (protocol, identification) = (IpNumber::UDP, None);
    let header = ipv4::Header { source, destination, protocol, ttl: 64, tos: 0, identification };
    ipv4::push_with_options(&mut frame, &header, options);
    let sender = Mac([2, 0, 0, 0, 0, 7]);
    ethernet::push(&mut frame, &ethernet::header(ROUTER[0], sender, etherparse::EtherType::IPV4));
    frame
}

/// A router that passes directed broadcasts on.
fn router() -> Router {
    Router::new(|config| config.profile.network.directed_broadcast = true)
}

#[test]
fn a_directed_broadcast_with_options_that_are_refused_goes_nowhere() {
    // RFC 7126 §4.3.5; RFC 1812 §4.3.2.7: nothing is said of a broadcast.
    let at_its_end = List::read(&[131, 7, 8, 10, 0, 0, 254, 0]).unwrap();
    let mut malformed = broadcast(&List::read(&[148, 4, 0, 0]).unwrap());
    let header = &mut malformed.head_mut()[ethernet::HEADER..];
    header[20..24].copy_from_slice(&[7, 1, 0, 0]);
    ipv4::seal(header);
    let routed = List::source_route(false, &[Ipv4Addr::new(10, 0, 1, 1)]);
    for (frame, reason) in [
        (broadcast(&at_its_end), "source-routed"),
        (broadcast(&routed), "source-routed"),
        (malformed, "ip-bad-options"),
    ] {
        let mut router = router();
        assert!(router.take(LEFT, frame).is_empty(), "{:?}", router.log.lines);
        assert_eq!(router.last_line(), format!("dropped {reason} at network"));
        assert_eq!(router.log.lines.len(), 1, "{:?}", router.log.lines);
    }
}

#[test]
fn a_directed_broadcast_records_the_router_by_which_it_passed() {
    // RFC 1812 §5.3.13.5
    let mut router = router();
    let sent = router.take(LEFT, broadcast(&List::record_route(3)));
    let [(_, frame)] = &sent[..] else { panic!("{sent:?}") };
    let octets = frame.to_vec();
    let options = List::read(&octets[34..34 + 16]).unwrap();
    let expected = [Ipv4Addr::new(10, 0, 1, 254)];
    assert_eq!(options.recorded_route().collect::<Vec<_>>(), expected);
}
