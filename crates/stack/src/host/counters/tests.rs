use bytes::Bytes;

use super::tally::Stage;
use super::*;
use crate::addr::Mac;
use crate::frame::{Frame, InterfaceId, Meta};
use crate::trace::{Place, Trigger};

const ON: InterfaceId = InterfaceId(0);

fn frame(cause: Cause, octets: &[u8]) -> Frame {
    let mut frame = Frame::with_payload(Bytes::from(vec![0; 100]), Meta::new(cause, Trigger::Call));
    frame.push_front_slice(octets.len()).copy_from_slice(octets);
    frame
}

/// The names that are not zero, but for the plain ones and the sum of all drops.
fn counted(tally: &Tally) -> Vec<(&'static str, u64)> {
    let of_protocol = |(name, value): &(&str, u64)| *value > 0 && !HostCounters::PLAIN.contains(name);
    tally.counters().iter().filter(of_protocol).collect()
}

#[test]
fn counters_are_found_by_name() {
    let mut counters = HostCounters { retransmitted_segments: 3, ..HostCounters::default() };
    counters.ip.reasm_fails = 4;
    counters.dropped[DropReason::TcpPaws as usize] = 5;
    counters.sent[Cause::KeepAlive as usize] = 6;
    assert_eq!(counters.get("retransmitted_segments"), Some(3));
    assert_eq!(counters.get("ip.reasm_fails"), Some(4));
    assert_eq!(counters.get("dropped.tcp-paws"), Some(5));
    assert_eq!(counters.get("sent.keep-alive"), Some(6));
    assert_eq!(counters.get("frames_sent"), Some(0));
    assert_eq!(counters.get("frames-sent"), None);
    let named: Vec<_> = counters.iter().map(|(name, _)| name).collect();
    assert_eq!(named, HostCounters::NAMES);
    let unique: std::collections::BTreeSet<_> = named.iter().collect();
    assert_eq!(unique.len(), named.len());
}

#[test]
fn each_drop_counts_by_its_reason_and_in_one_counter_of_a_document() {
    let places = [Some(Place::Interface), Some(Place::Network), Some(Place::Transport), None];
    for (reason, place) in DropReason::ALL.iter().flat_map(|reason| places.map(|place| (*reason, place))) {
        for on in [Some(ON), Some(InterfaceId::LOOPBACK), None] {
            let mut tally = Tally::new(1);
            match (place, on) {
                (Some(place), Some(on)) => tally.count_dropped(on, place, reason),
                (None, on) => tally.count_discarded(on, reason),
                (Some(_), None) => continue,
            }
            assert_eq!(tally.dropped(reason), 1);
            let counters = tally.counters();
            assert_eq!((counters.dropped_frames, counters.dropped[reason as usize]), (1, 1));
            let counted = counted(&tally);
            let own = counted.iter().filter(|(name, _)| *name == reason.counter()).count();
            let group = reason.counter().split('.').next().unwrap();
            let sums = ["ip.in_delivers", "ip.out_frag_reqds", "tcp.in_segs", "icmp.in_msgs", "igmp.in_msgs"];
            let homes: Vec<_> =
                counted.iter().filter(|(name, _)| !name.starts_with(group) && !sums.contains(name)).collect();
            // Loopback is in the host's counters, but not in those of its interfaces.
            let hidden = on == Some(InterfaceId::LOOPBACK) && homes.is_empty();
            assert!(own == 1 && (homes.len() == 1 || hidden), "{reason} at {place:?}: {counted:?}");
        }
    }
}

#[test]
fn each_cause_counts_by_its_name_and_in_its_protocol() {
    for cause in Cause::ALL.iter().filter(|cause| !matches!(cause, Cause::Raw | Cause::External)) {
        let mut tally = Tally::new(1);
        tally.count_sent(ON, &frame(*cause, &[2, 0, 0, 0, 0, 1]), 1);
        assert_eq!((tally.sent(*cause), tally.counters().get(cause.counter())), (1, Some(1)));
        let counters = tally.counters();
        // ARP and RARP stand beside IP.
        let beside = ["arp-", "rarp-"].iter().any(|protocol| cause.name().starts_with(protocol));
        assert_eq!(counters.ip.out_transmits, u64::from(!beside), "{cause}");
        assert_eq!(counters.interface.out_ucast_pkts, 1);
        assert_eq!(counters.retransmitted_segments, u64::from(cause.name().starts_with("retransmit")));
        let of_tcp = (Cause::Syn..=Cause::Abort).contains(cause);
        assert_eq!(counters.tcp_segments_sent, u64::from(of_tcp), "{cause}");
    }
}

#[test]
fn super_frames_count_as_their_segments() {
    let mut tally = Tally::new(1);
    tally.count_sent(ON, &frame(Cause::NewData, &[0; 54]), 4);
    let counters = tally.counters();
    assert_eq!((counters.tcp.out_segs, counters.frames_sent, counters.sent_bytes), (4, 1, 154));
}

#[test]
fn interfaces_count_apart_and_loopback_is_none_of_them() {
    let mut tally = Tally::new(2);
    let to = |mac: Mac| frame(Cause::UdpData, &mac.0);
    for (on, mac) in [
        (ON, Mac::BROADCAST),
        (ON, Mac([1, 0, 0x5e, 0, 0, 1])),
        (InterfaceId(1), Mac([2, 0, 0, 0, 0, 1])),
        (InterfaceId::LOOPBACK, Mac::UNSPECIFIED),
    ] {
        tally.count_sent(on, &to(mac), 1);
        tally.count_received(on, &to(mac));
    }
    tally.count_received_group(ON, true);
    tally.count_received_group(ON, false);
    tally.count_received(ON, &to(Mac::BROADCAST));
    tally.count_dropped(ON, Place::Interface, DropReason::BadFcs);
    let [first, second] = [ON, InterfaceId(1)].map(|on| tally.of_interface(on));
    assert_eq!((first.out_broadcast_pkts, first.out_multicast_pkts, first.out_ucast_pkts), (1, 1, 0));
    assert_eq!((first.in_broadcast_pkts, first.in_multicast_pkts, first.in_ucast_pkts), (1, 1, 0));
    assert_eq!((first.in_errors, first.in_octets), (1, 3 * 106));
    assert_eq!((second.in_ucast_pkts, second.out_ucast_pkts, second.in_errors), (1, 1, 0));
    let all = tally.counters();
    assert_eq!((all.frames_sent, all.frames_received), (4, 5));
    assert_eq!((all.interface.out_ucast_pkts, all.interface.in_octets), (1, 4 * 106));
}

#[test]
fn what_goes_over_another_interface_is_counted_twice_and_in_all_once() {
    let mut tally = Tally::new(2);
    let frame = frame(Cause::UdpData, &[2, 0, 0, 0, 0, 1]);
    tally.count_received(ON, &frame);
    tally.count_received_over(InterfaceId(1), frame.len());
    tally.count_sent_over(InterfaceId(1), &frame);
    tally.count_sent(ON, &frame, 1);
    for on in [ON, InterfaceId(1)] {
        let counters = tally.of_interface(on);
        assert_eq!((counters.in_ucast_pkts, counters.out_ucast_pkts), (1, 1));
    }
    let all = tally.counters();
    assert_eq!((all.frames_received, all.frames_sent, all.interface.in_ucast_pkts), (1, 1, 1));
}

#[test]
fn what_is_truncated_counts_where_it_was_too_short() {
    let mut tally = Tally::new(1);
    tally.count_dropped(ON, Place::Interface, DropReason::Truncated);
    tally.count_dropped(ON, Place::Network, DropReason::Truncated);
    tally.count_dropped(ON, Place::Network, DropReason::Truncated);
    let counters = tally.counters();
    assert_eq!((counters.interface.in_errors, counters.ip.in_truncated_pkts, counters.truncated), (1, 2, 3));
}

#[test]
fn icmp_counts_by_type() {
    // RFC 792 §Summary of Message Types, RFC 2011 §3.
    for (icmp_type, name) in [
        (0, "icmp.in_echo_reps"),
        (3, "icmp.in_dest_unreachs"),
        (4, "icmp.in_src_quenchs"),
        (5, "icmp.in_redirects"),
        (8, "icmp.in_echos"),
        (9, "icmp.in_router_advertisements"),
        (10, "icmp.in_router_solicitations"),
        (11, "icmp.in_time_excds"),
        (12, "icmp.in_parm_probs"),
        (13, "icmp.in_timestamps"),
        (14, "icmp.in_timestamp_reps"),
    ] {
        let mut tally = Tally::new(1);
        tally.count_icmp(icmp_type);
        assert_eq!(counted(&tally), [("ip.in_delivers", 1), ("icmp.in_msgs", 1), (name, 1)]);
    }
    let mut tally = Tally::new(1);
    tally.count_icmp(200);
    tally.count_dropped(ON, Place::Network, DropReason::IcmpBadChecksum);
    let counters = tally.counters();
    assert_eq!((counters.icmp.in_msgs, counters.icmp.in_errors, counters.icmp_received), (2, 1, 1));
}

#[test]
fn a_time_to_live_that_ran_out_is_an_error_of_the_header() {
    // RFC 4293 §5, ipSystemStatsInHdrErrors.
    let mut counters = HostCounters::default();
    *homes::of_reason(Stage::Network, DropReason::TtlExceeded, &mut counters) += 1;
    assert_eq!(counters.ip.in_hdr_errors, 1);
}

#[test]
fn tcp_s_causes_stand_together() {
    // Others count a range of causes as TCP's, so nothing else may stand in it.
    for cause in [Cause::UdpData, Cause::ArpDefence, Cause::Raw, Cause::EchoReply, Cause::TimeExceeded] {
        assert!(!(Cause::Syn..=Cause::Abort).contains(&cause));
    }
    let range = Cause::ALL.iter().filter(|cause| (Cause::Syn..=Cause::Abort).contains(cause));
    assert!(range.filter(|cause| cause.name().starts_with("retransmit")).count() >= 7);
}
