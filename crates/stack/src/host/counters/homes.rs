//! In which counter of the documents each reason and each cause counts. Both lists are complete: a new reason or
//! cause does not compile before it has a counter.

use super::HostCounters;
use super::tally::Stage;
use crate::trace::{Cause, DropReason};

/// What links and switches do, which they count themselves, and interfaces that are down or not there.
macro_rules! of_links {
    () => {
        DropReason::LinkLoss
            | DropReason::LinkQueueFull
            | DropReason::LinkMtu
            | DropReason::LinkDown
            | DropReason::HostDown
            | DropReason::SuperFrameMalformed
            | DropReason::InterfaceDown
            | DropReason::VlanNotAllowed
            | DropReason::VlanNoOtherPort
            | DropReason::SamePort
            | DropReason::ReservedAddress
            | DropReason::NoOtherPort
            | DropReason::VlanUnknown
    };
}

/// The counter of the documents for a drop.
pub fn of_reason(stage: Stage, reason: DropReason, counters: &mut HostCounters) -> &mut u64 {
    if stage == Stage::Out {
        return on_the_way_out(reason, counters);
    }
    let HostCounters { interface, arp, rarp, ip, icmp, igmp, udp, tcp, .. } = counters;
    match reason {
        of_links!() => &mut interface.in_discards,
        DropReason::BadFcs
        | DropReason::Runt
        | DropReason::Giant
        | DropReason::VlanMalformed
        | DropReason::VlanNested => &mut interface.in_errors,
        DropReason::Truncated if stage == Stage::Interface => &mut interface.in_errors,
        DropReason::NotForUs | DropReason::GroupNotJoined if stage == Stage::Interface => {
            &mut interface.in_discards
        }
        DropReason::UnknownEtherType => &mut interface.in_unknown_protos,
        DropReason::ArpMalformed => &mut arp.in_errors,
        DropReason::ArpNotForUs => &mut arp.in_discards,
        DropReason::RarpMalformed => &mut rarp.in_errors,
        DropReason::RarpUnusable => &mut rarp.in_discards,
        DropReason::Truncated => &mut ip.in_truncated_pkts,
        // RFC 4293 §5, ipSystemStatsInHdrErrors: a time to live that ran out is one.
        DropReason::IpBadVersion
        | DropReason::IpBadHeaderLength
        | DropReason::IpBadTotalLength
        | DropReason::IpBadChecksum
        | DropReason::IpBadOptions
        | DropReason::SourceRouted
        | DropReason::FragmentMalformed
        | DropReason::FragmentTooLong
        | DropReason::FragmentTiny
        | DropReason::TtlExceeded => &mut ip.in_hdr_errors,
        DropReason::NoRoute => &mut ip.in_no_routes,
        // RFC 4293 §5, ipSystemStatsInAddrErrors: also what is for others, where nothing is sent on.
        DropReason::NotForUs
        | DropReason::IpBadSource
        | DropReason::NotForwarding
        | DropReason::Martian
        | DropReason::WrongInterface
        | DropReason::ReversePath
        | DropReason::LinkLocal
        | DropReason::DirectedBroadcast => &mut ip.in_addr_errors,
        DropReason::Blackhole
        | DropReason::UnreachableRoute
        | DropReason::Prohibited
        | DropReason::RawQueueFull
        | DropReason::GroupNotJoined => &mut ip.in_discards,
        DropReason::UnknownProtocol => &mut ip.in_unknown_protos,
        // What was wrong with the datagram is counted once, where it is given up.
        DropReason::FragmentOverlap
        | DropReason::FragmentAgain
        | DropReason::FragmentEcn
        | DropReason::FragmentLimit => &mut ip.in_discards,
        DropReason::ReassemblyTimeout | DropReason::FragmentEvicted => &mut ip.reasm_fails,
        DropReason::TooBig => &mut ip.out_frag_fails,
        DropReason::NeighborUnresolved
        | DropReason::NeighborQueueFull
        | DropReason::SourceGone
        | DropReason::OutputQueueFull => &mut ip.out_discards,
        DropReason::IgmpMalformed | DropReason::IgmpBadChecksum => &mut igmp.in_errors,
        DropReason::IgmpNotLocal | DropReason::IgmpIgnored | DropReason::IgmpFull => &mut igmp.in_discards,
        DropReason::IcmpMalformed | DropReason::IcmpBadChecksum => &mut icmp.in_errors,
        DropReason::IcmpNoSocket
        | DropReason::IcmpUnknown
        | DropReason::IcmpDeprecated
        | DropReason::IcmpBadRedirect
        | DropReason::IcmpRateLimited
        | DropReason::IcmpIgnored
        | DropReason::IcmpNotNeighbor
        | DropReason::RouterTableFull
        | DropReason::IcmpQueueFull => &mut icmp.in_discards,
        DropReason::UdpNoPort => &mut udp.no_ports,
        DropReason::UdpMalformed | DropReason::UdpBadChecksum | DropReason::UdpQueueFull => {
            &mut udp.in_errors
        }
        DropReason::TcpMalformed | DropReason::TcpBadChecksum => &mut tcp.in_errs,
        DropReason::TcpNotUnicast
        | DropReason::TcpNoConnection
        | DropReason::TcpBadAck
        | DropReason::TcpNoAck
        | DropReason::TcpOutOfWindow
        | DropReason::TcpPaws
        | DropReason::TcpBadReset
        | DropReason::TcpSynInWindow
        | DropReason::TcpListenQueueFull
        | DropReason::TcpAcceptDeferred
        | DropReason::TcpReceiveQueueFull
        | DropReason::TcpClosed
        | DropReason::TcpUnexpected => &mut tcp.in_discards,
    }
}

/// What ends before it was sent was fine when it came here.
fn on_the_way_out(reason: DropReason, counters: &mut HostCounters) -> &mut u64 {
    match reason {
        DropReason::InterfaceDown => &mut counters.interface.out_discards,
        DropReason::NoRoute => &mut counters.ip.out_no_routes,
        DropReason::TooBig => &mut counters.ip.out_frag_fails,
        _ => &mut counters.ip.out_discards,
    }
}

/// The counter of the documents for a frame that was sent. `None`: what a script built is of no protocol.
pub fn of_cause(cause: Cause, counters: &mut HostCounters) -> Option<&mut u64> {
    let HostCounters { arp, rarp, ip, icmp, igmp, udp, tcp, .. } = counters;
    Some(match cause {
        Cause::ArpRequest => &mut arp.out_requests,
        Cause::ArpReply => &mut arp.out_replies,
        Cause::ArpPoll => &mut arp.out_polls,
        Cause::ArpAnnouncement => &mut arp.out_announcements,
        Cause::ArpProbe => &mut arp.out_probes,
        Cause::ArpDefence => &mut arp.out_defences,
        Cause::ArpProxyReply => &mut arp.out_proxy_replies,
        Cause::RarpRequest => &mut rarp.out_requests,
        Cause::RarpReply => &mut rarp.out_replies,

        Cause::EchoRequest => &mut icmp.out_echos,
        Cause::EchoReply => &mut icmp.out_echo_reps,
        Cause::DestinationUnreachable => &mut icmp.out_dest_unreachs,
        Cause::TimeExceeded => &mut icmp.out_time_excds,
        Cause::ParameterProblem => &mut icmp.out_parm_probs,
        Cause::TimestampRequest => &mut icmp.out_timestamps,
        Cause::TimestampReply => &mut icmp.out_timestamp_reps,
        Cause::RouterAdvertisement => &mut icmp.out_router_advertisements,
        Cause::RouterSolicitation => &mut icmp.out_router_solicitations,

        Cause::Redirect => &mut icmp.out_redirects,

        Cause::Forwarded => &mut ip.out_forw_datagrams,
        // The first piece keeps its packet's cause: it is counted as a fragment where the packet is cut.
        Cause::Fragment => &mut ip.out_frag_creates,

        Cause::IgmpGeneralQuery | Cause::IgmpGroupQuery => &mut igmp.out_queries,
        Cause::IgmpReport | Cause::IgmpStateChange | Cause::IgmpRepeat => &mut igmp.out_reports,
        Cause::IgmpLeave => &mut igmp.out_leaves,

        Cause::UdpData => &mut udp.out_datagrams,

        Cause::RetransmitRto
        | Cause::RetransmitAfterRto
        | Cause::RetransmitFast
        | Cause::RetransmitSack
        | Cause::RetransmitPartialAck
        | Cause::RetransmitPmtu
        | Cause::RetransmitSyn
        | Cause::RetransmitSynAck => &mut tcp.retrans_segs,
        Cause::Reset | Cause::Abort => &mut tcp.out_rsts,
        Cause::Syn
        | Cause::SynAck
        | Cause::HandshakeAck
        | Cause::NewData
        | Cause::Fin
        | Cause::DelayedAck
        | Cause::SecondSegmentAck
        | Cause::ImmediateAck
        | Cause::DuplicateAck
        | Cause::ChallengeAck
        | Cause::WindowUpdate
        | Cause::ZeroWindowProbe
        | Cause::KeepAlive
        | Cause::LimitedTransmit
        | Cause::SwsOverride
        | Cause::CorkCeiling => &mut tcp.out_segs,

        Cause::Raw | Cause::External => return None,
    })
}
