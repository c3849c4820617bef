//! Options of packets that a router passes on as broadcasts, or to groups.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::{EtherType, IpNumber};

use super::forward::{LEFT, RIGHT, ROUTER, Router, packet};
use super::*;
use crate::frame::Meta;
use crate::interface::ethernet;
use crate::interface::group_filter::mac_of;
use crate::network::igmp::packet as igmp_packet;
use crate::network::igmp::{Message, Outgoing, Record, RecordKind, V3_ROUTERS};
use crate::network::ipv4;
use crate::network::options::List;
use crate::trace::Trigger;

/// A packet with `options` from the left to the broadcast address of the right.
fn broadcast(options: &List) -> Frame {
    with_options(ROUTER[0], Ipv4Addr::new(10, 0, 1, 255), options)
}

fn with_options(station: Mac, destination: Ipv4Addr, options: &List) -> Frame {
    let meta = packet("10.0.0.7", "10.0.1.255", 64).meta;
    let mut frame = Frame::with_payload(Bytes::from(vec![7; 40]), Meta { trigger: Trigger::Call, ..meta });
    let source = Ipv4Addr::new(10, 0, 0, 7);
    let (protocol, identification) = (IpNumber::UDP, None);
    let header = ipv4::Header { source, destination, protocol, ttl: 64, tos: 0, identification };
    ipv4::push_with_options(&mut frame, &header, options);
    let sender = Mac([2, 0, 0, 0, 0, 7]);
    ethernet::push(&mut frame, &ethernet::header(station, sender, EtherType::IPV4));
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

/// A router to whose right somebody wants 239.1.2.3.
fn router_with_member() -> Router {
    let mut router = Router::new(|config| config.profile.network.multicast_forwarding = true);
    router.start();
    let record =
        Record { kind: RecordKind::ToExclude, group: Ipv4Addr::new(239, 1, 2, 3), sources: Vec::new() };
    let (destination, cause) = (V3_ROUTERS, Cause::IgmpReport);
    let outgoing = Outgoing { destination, message: Message::ReportV3(vec![record]), cause };
    let mut frame = igmp_packet::packet(&outgoing, Ipv4Addr::new(10, 0, 1, 1), Trigger::Call);
    let source = Mac([2, 0, 0, 0, 1, 1]);
    ethernet::push(&mut frame, &ethernet::header(mac_of(destination), source, EtherType::IPV4));
    router.take(RIGHT, frame);
    router
}

#[test]
fn a_packet_for_a_group_records_the_router_and_one_with_a_source_route_goes_nowhere() {
    // RFC 1812 §5.3.13.5; RFC 7126 §4.3.5
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let send = |options: &List| router_with_member().take(LEFT, with_options(mac_of(group), group, options));
    let sent = send(&List::record_route(3));
    let [(RIGHT, frame)] = &sent[..] else { panic!("{sent:?}") };
    let options = List::read(&frame.to_vec()[34..34 + 16]).unwrap();
    assert_eq!(options.recorded_route().collect::<Vec<_>>(), [Ipv4Addr::new(10, 0, 1, 254)]);
    assert!(send(&List::source_route(false, &[Ipv4Addr::new(10, 0, 1, 1)])).is_empty());
}
