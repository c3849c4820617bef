//! How a frame ended when it was not delivered.

use super::documented;

documented! {
    /// Why a frame, packet or segment was dropped.
    DropReason counted as "dropped." {
        LinkLoss = "loss", "the link's `loss` stage", "The link lost it.";
        LinkQueueFull = "queue-full", "the link's `queue` stage", "The link's queue was full.";
        LinkMtu = "over-mtu", "the link's `mtu` stage", "It is longer than the link carries.";
        LinkDown = "link-down", "the scenario's events", "The link was cut.";
        SuperFrameMalformed = "super-frame-malformed", "RFC 9293 §3.1", "It stands for many segments, and cannot be cut into them: its headers make no sense, or its checksum is wrong.";
        HostDown = "host-down", "the scenario's events", "The host had crashed, and had not been restarted yet.";
        BadFcs = "bad_fcs", "IEEE 802.3 §3.2.9", "The frame check sequence does not fit: bits were changed under way.";

        Runt = "runt", "IEEE 802.3 §4.2.4.2.2", "It is shorter than an Ethernet header: what a collision leaves.";
        Giant = "giant", "IEEE 802.3 §3.2.7", "It is longer than the interface's MTU with the Ethernet header and a tag.";
        VlanUnknown = "vlan-unknown", "IEEE 802.1Q §6.9", "No interface here is in the VLAN that its tag names.";
        VlanMalformed = "vlan-malformed", "IEEE 802.1Q §9.6", "Its tag is cut off, or names the VLAN 4095, which is reserved.";
        VlanNested = "vlan-nested", "IEEE 802.1Q §9.5", "There is a second tag behind its tag, which no interface here reads.";
        VlanNotAllowed = "vlan-not-allowed", "IEEE 802.1Q §8.6.2", "The switch's port is not in the frame's VLAN, or takes no tagged frames, or only those.";
        VlanNoOtherPort = "vlan-no-other-port", "IEEE 802.1Q §8.6.4", "Nobody else is connected: no other port carries the frame's VLAN.";
        SamePort = "same-port", "IEEE 802.1Q §8.6.1", "The station that it is for is at the port that it came by: there is nothing to forward.";
        ReservedAddress = "reserved-address", "IEEE 802.1Q §8.6.3", "Its destination is one of those that no switch forwards.";
        NoOtherPort = "no-other-port", "IEEE 802.3 §27.3", "No other port of the hub is connected.";

        Truncated = "truncated", "RFC 1122 §3.2.1", "It is shorter than its headers say.";
        NotForUs = "not-for-us", "RFC 1122 §3.2.1.3", "It is addressed to somebody else.";
        UnknownEtherType = "unknown-ethertype", "RFC 1122 §2.3.3", "Nothing here speaks that protocol over Ethernet.";
        InterfaceDown = "interface-down", "RFC 1122 §3.3.1", "The interface is administratively down.";

        ArpMalformed = "arp-malformed", "RFC 826 §2", "The ARP packet is cut off, its types or lengths are not those of Ethernet and IPv4, or its sender can be no station.";
        ArpNotForUs = "arp-not-for-us", "RFC 826 §2", "The ARP packet concerns other stations and nothing known here.";
        RarpMalformed = "rarp-malformed", "RFC 903 §III", "The RARP packet is cut off, its types or lengths are not those of Ethernet and IPv4, or its sender can be no station.";
        RarpUnusable = "rarp-unusable", "RFC 903 §III", "The RARP packet is for another station, comes too late, or gives an address that no host can have.";
        NeighborUnresolved = "neighbor-unresolved", "RFC 1122 §2.3.2", "The next hop did not answer ARP.";
        NeighborQueueFull = "neighbor-queue-full", "RFC 1122 §2.3.2.2", "Too many packets already wait for the next hop's address.";

        IpBadVersion = "ip-bad-version", "RFC 1122 §3.2.1.1", "The version field is not 4.";
        IpBadHeaderLength = "ip-bad-header-length", "RFC 791 §3.1", "The header length is below 20 octets or beyond the packet.";
        IpBadTotalLength = "ip-bad-total-length", "RFC 791 §3.1", "The total length is shorter than the header or longer than the frame.";
        IpBadChecksum = "ip-bad-checksum", "RFC 1122 §3.2.1.2", "The header checksum is wrong.";
        IpBadSource = "ip-bad-source", "RFC 1122 §3.2.1.3", "The source address is none that a host can have.";
        IpBadOptions = "ip-bad-options", "RFC 791 §3.1", "The options do not parse.";
        SourceRouted = "source-routed", "RFC 7126 §4.3.5", "It has a source route, and this host does not follow such, or cannot.";
        FragmentMalformed = "fragment-malformed", "RFC 791 §3.2", "The fragment is empty, or not the last and no multiple of 8 octets long.";
        FragmentTooLong = "fragment-too-long", "RFC 791 §3.1", "The datagram would be longer than 65,535 octets (\"ping of death\").";
        FragmentTiny = "fragment-tiny", "RFC 1858 §3.2.1", "The fragment hides a part of the TCP header from filters.";
        FragmentOverlap = "fragment-overlap", "RFC 5722 §4", "The fragment overlaps another: all of the datagram is dropped.";
        FragmentAgain = "fragment-again", "RFC 8200 §4.5", "The same fragment, or its whole datagram, was here already.";
        FragmentEcn = "fragment-ecn", "RFC 3168 §5.3", "Some of the datagram's fragments met congestion, and others could not be marked.";
        FragmentLimit = "fragment-limit", "RFC 1122 §3.3.2", "A bound of reassembly is reached.";
        FragmentEvicted = "fragment-evicted", "RFC 1122 §3.3.2", "A datagram that waited for fragments made room for others.";
        ReassemblyTimeout = "reassembly-timeout", "RFC 1122 §3.3.2", "Some fragments of the datagram did not come in time.";
        TtlExceeded = "ttl-exceeded", "RFC 1812 §5.3.1", "Its time to live ran out here.";
        NoRoute = "no-route", "RFC 1812 §5.2.4.3", "No route leads to the destination.";
        Martian = "martian", "RFC 1812 §5.3.7", "One of its addresses cannot be that of a host somewhere else: it is not forwarded.";
        LinkLocal = "link-local", "RFC 3927 §7", "One of its addresses is good on its link only: it is not forwarded.";
        DirectedBroadcast = "directed-broadcast", "RFC 2644 §4", "It is to the broadcast address of another network of this router, and those are not forwarded.";
        Blackhole = "blackhole", "RFC 1812 §5.2.4.3", "The route to the destination says to drop it without a word.";
        UnreachableRoute = "unreachable-route", "RFC 1812 §5.2.4.3", "The route to the destination says that it is unreachable.";
        Prohibited = "prohibited", "RFC 1812 §5.2.7.1", "The route to the destination forbids it.";
        SourceGone = "source-gone", "RFC 5227 §2.4", "This host had to give up the source address before it was sent.";
        OutputQueueFull = "output-queue-full", "RFC 1812 §5.3.6", "Too much waits for this host's interfaces already.";
        WrongInterface = "wrong-interface", "RFC 1122 §3.3.4.2", "It is for the address of another interface, and in the strong host model that is somebody else.";
        ReversePath = "reverse-path", "RFC 3704 §2", "No route leads back to its source, or none by the interface by which it came: the source may be forged.";
        NotForwarding = "not-forwarding", "RFC 1122 §3.3.1", "It is for another host and this one does not forward.";
        UnknownProtocol = "unknown-protocol", "RFC 1122 §3.2.2.1", "No transport here has that protocol number.";
        TooBig = "too-big", "RFC 1191 §3", "It is longer than the way's MTU and must not be fragmented.";

        IcmpMalformed = "icmp-malformed", "RFC 1122 §3.2.2", "The ICMP message is shorter than its type needs, or quotes no packet.";
        IcmpUnknown = "icmp-unknown", "RFC 1122 §3.2.2", "No document that is kept gives the ICMP message's type and code a meaning.";
        IcmpDeprecated = "icmp-deprecated", "RFC 6918 §2", "An ICMP message of a type that is not used any more, such as a source quench or an address mask request.";
        IcmpBadRedirect = "icmp-bad-redirect", "RFC 1122 §3.2.2.2", "The ICMP redirect is not from the next hop in use, or names one that is not on the same network.";
        IcmpBadChecksum = "icmp-bad-checksum", "RFC 792 §Checksum", "The ICMP checksum is wrong.";
        IcmpNoSocket = "icmp-no-socket", "RFC 1122 §3.2.2.1", "The ICMP message is about a flow that does not exist here.";
        IcmpRateLimited = "icmp-rate-limited", "RFC 1812 §4.3.2.8", "An ICMP message was due, but too many were sent already.";
        IcmpNotNeighbor = "icmp-not-neighbor", "RFC 1256 §4.2", "A router advertisement or solicitation from, or of, nobody on this link.";
        RouterTableFull = "router-table-full", "RFC 1256 §5.3", "An advertisement of routers for which this host has no room.";
        IcmpIgnored = "icmp-ignored", "RFC 1122 §3.2.2", "An ICMP message that this host does not act on, such as an echo request to a broadcast address.";
        IcmpQueueFull = "icmp-queue-full", "RFC 1122 §3.2.2.6", "The echo socket's receive queue is full.";

        IgmpMalformed = "igmp-malformed", "RFC 9776 §4", "The IGMP message is shorter than it says, of an unknown type, or about no group.";
        IgmpBadChecksum = "igmp-bad-checksum", "RFC 9776 §4.1.2", "The IGMP checksum is wrong.";
        IgmpNotLocal = "igmp-not-local", "RFC 9776 §9.1", "An IGMP message that may come from beyond the link: its TTL is not 1, it has no router alert, or its source is no neighbour's.";
        IgmpIgnored = "igmp-ignored", "RFC 9776 §7", "An IGMP message that is nothing to this host or router.";
        IgmpFull = "igmp-full", "RFC 9776 §9.2", "A report of groups for which this router has no room.";
        GroupNotJoined = "group-not-joined", "RFC 1112 §7.2", "It is for a multicast group that nobody here, and nobody behind this router, wants from that source.";

        RawQueueFull = "raw-queue-full", "RFC 1122 §3.2.2.1", "The receive queue of the raw socket that alone speaks the protocol is full.";

        UdpMalformed = "udp-malformed", "RFC 768 §Fields", "The UDP length is below 8 octets or beyond the packet.";
        UdpBadChecksum = "udp-bad-checksum", "RFC 1122 §4.1.3.4", "The UDP checksum is wrong.";
        UdpNoPort = "udp-no-port", "RFC 1122 §4.1.3.1", "No socket is bound to the port.";
        UdpQueueFull = "udp-queue-full", "RFC 1122 §4.1.4", "The socket's receive queue is full.";

        TcpMalformed = "tcp-malformed", "RFC 9293 §3.1", "The data offset is below 5 or beyond the segment.";
        TcpBadChecksum = "tcp-bad-checksum", "RFC 9293 §3.1", "The TCP checksum is wrong.";
        TcpNotUnicast = "tcp-not-unicast", "RFC 9293 §3.9.2.3", "TCP to or from a broadcast or multicast address.";
        TcpNoConnection = "tcp-no-connection", "RFC 9293 §3.10.7.1", "There is no connection; a reset answers, unless it is one.";
        TcpBadAck = "tcp-bad-ack", "RFC 9293 §3.10.7.4", "It acknowledges something never sent.";
        TcpNoAck = "tcp-no-ack", "RFC 9293 §3.10.7.4", "It carries no ACK in a state where each segment must.";
        TcpOutOfWindow = "tcp-out-of-window", "RFC 9293 §3.10.7.4", "None of it lies in the receive window.";
        TcpPaws = "tcp-paws", "RFC 7323 §5.3", "Its timestamp is older than one already seen: it is from an earlier turn of the sequence space.";
        TcpBadReset = "tcp-bad-reset", "RFC 9293 §3.10.7.4", "A reset whose sequence number is not exactly the next expected: answered with a challenge ACK.";
        TcpSynInWindow = "tcp-syn-in-window", "RFC 9293 §3.10.7.4", "A SYN on a synchronised connection: answered with a challenge ACK.";
        TcpListenQueueFull = "tcp-listen-queue-full", "RFC 9293 §3.9.1.2", "The listener's backlog is full.";
        TcpAcceptDeferred = "tcp-accept-deferred", "RFC 9293 §3.9.1.2", "The listener wants its connections to say something before they are accepted.";
        TcpReceiveQueueFull = "tcp-receive-queue-full", "RFC 9293 §3.10.7.4", "The receive or reassembly queue has reached its bound.";
        TcpClosed = "tcp-closed", "RFC 9293 §3.10.7.4", "Data for an application that has closed: answered with a reset.";
        TcpUnexpected = "tcp-unexpected", "RFC 9293 §3.10.7.3", "Its flags make no sense in this state.";
    }
}

/// Where a frame was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// At a stage of a link, by the stage's name in scenario files.
    Link(&'static str),
    /// In a layer of a host.
    Interface,
    /// In a layer of a host.
    Network,
    /// In a layer of a host.
    Transport,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Link(stage) => write!(f, "link {stage}"),
            Self::Interface => f.write_str("interface"),
            Self::Network => f.write_str("network"),
            Self::Transport => f.write_str("transport"),
        }
    }
}
