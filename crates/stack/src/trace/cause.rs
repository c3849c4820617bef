//! Why a frame was sent.

use super::documented;
use crate::frame::FrameId;

documented! {
    /// Why a frame was sent.
    Cause counted as "sent." {
        ArpRequest = "arp-request", "RFC 826 §2", "Asks who has the next hop's address, because a packet waits for it.";
        ArpReply = "arp-reply", "RFC 826 §2", "Answers a request for an address of this interface.";
        ArpPoll = "arp-poll", "RFC 1122 §2.3.2.1", "Asks a known neighbour directly whether it is still there, before its entry expires.";
        ArpAnnouncement = "arp-announcement", "RFC 5227 §2.3", "Tells the link that this interface now uses its address.";
        ArpProbe = "arp-probe", "RFC 5227 §2.1.1", "Asks whether anyone uses an address before this interface takes it.";
        ArpProxyReply = "arp-proxy-reply", "RFC 1027 §2.1", "Answers a request for an address that this host reaches by another interface.";
        ArpDefence = "arp-defence", "RFC 5227 §2.4", "Tells another host that the address it uses is taken.";
        RarpRequest = "rarp-request", "RFC 903 §III", "Asks which address this interface has.";
        RarpReply = "rarp-reply", "RFC 903 §III", "Tells a station the address that the server's table has for it.";

        EchoRequest = "echo-request", "RFC 792 §Echo", "An application's ping.";
        EchoReply = "echo-reply", "RFC 1122 §3.2.2.6", "Answers an echo request.";
        DestinationUnreachable = "destination-unreachable", "RFC 1122 §3.2.2.1", "Tells a sender that its packet found no port, protocol, host or way.";
        TimeExceeded = "time-exceeded", "RFC 1812 §5.3.1", "Tells a sender that its packet's TTL or reassembly time ran out.";
        TimestampRequest = "timestamp-request", "RFC 792 §Timestamp", "An application asks another host for its time of day.";
        TimestampReply = "timestamp-reply", "RFC 1122 §3.2.2.8", "Answers a time stamp request.";
        RouterAdvertisement = "router-advertisement", "RFC 1256 §4.3", "Tells hosts that this router is there, and how much it wants to be used.";
        RouterSolicitation = "router-solicitation", "RFC 1256 §5.3", "Asks for routers to advertise themselves now.";
        ParameterProblem = "parameter-problem", "RFC 1122 §3.2.2.5", "Tells a sender that a field of its packet's header is wrong.";

        Forwarded = "forwarded", "RFC 1812 §5.2.1", "A router passes a packet on: its own cause is that of the frame that triggered this one.";
        Fragment = "fragment", "RFC 791 §3.2", "A further piece of a packet that was longer than the MTU.";

        IgmpGeneralQuery = "igmp-general-query", "RFC 9776 §6.1", "A router asks which groups are wanted on the link.";
        IgmpGroupQuery = "igmp-group-query", "RFC 9776 §6.6.3", "A router asks whether anyone still wants a group, or these sources of it, since somebody left.";
        IgmpReport = "igmp-report", "RFC 9776 §5.2", "Answers a router's query: what is wanted here.";
        IgmpStateChange = "igmp-state-change", "RFC 9776 §5.1", "Tells routers at once that something else is wanted here than before: a socket joined, left or changed its filter.";
        IgmpRepeat = "igmp-repeat", "RFC 9776 §5.1", "Tells a change again, in case it was lost.";
        IgmpLeave = "igmp-leave", "RFC 2236 §6", "Tells routers that the last host to report a group has left it.";
        Redirect = "redirect", "RFC 1812 §5.2.7.2", "Tells a sender on the next hop's own network of the shorter way.";

        UdpData = "udp-data", "RFC 768 §Fields", "A datagram that an application sent.";

        Syn = "syn", "RFC 9293 §3.5", "Opens a connection.";
        SynAck = "syn-ack", "RFC 9293 §3.5", "Accepts a connection and opens the other direction.";
        HandshakeAck = "handshake-ack", "RFC 9293 §3.5", "Completes the three-way handshake.";
        NewData = "new-data", "RFC 9293 §3.8", "Carries data for the first time.";
        Fin = "fin", "RFC 9293 §3.6", "Ends this direction: the application has no more to send.";
        DelayedAck = "delayed-ack", "RFC 9293 §3.8.6.3", "Acknowledges data whose acknowledgement had been held back, as the delay ran out.";
        SecondSegmentAck = "second-segment-ack", "RFC 9293 §3.8.6.3", "Acknowledges the second full-sized segment at once.";
        ImmediateAck = "immediate-ack", "RFC 9293 §3.10.7.4", "Acknowledges a segment that must not wait: a FIN, or one that filled a gap.";
        DuplicateAck = "duplicate-ack", "RFC 5681 §4.2", "Tells the sender at once that a segment came out of order, or twice.";
        ChallengeAck = "challenge-ack", "RFC 9293 §3.10.7.4", "Answers an unacceptable segment with the state of this end; a blind attacker learns nothing.";
        WindowUpdate = "window-update", "RFC 9293 §3.8.6.2.2", "Tells the sender that the application has read and the window is open again.";
        ZeroWindowProbe = "zero-window-probe", "RFC 9293 §3.8.6.1", "Asks whether a closed window has opened.";
        KeepAlive = "keep-alive", "RFC 9293 §3.8.4", "Asks whether a silent peer is still there.";
        RetransmitRto = "retransmit-rto", "RFC 6298 §5.4", "Sends again the earliest segment not acknowledged when the retransmission timer expired.";
        RetransmitAfterRto = "retransmit-after-rto", "RFC 5681 §4.3", "Sends again, in slow start, what the expired retransmission timer has declared lost.";
        RetransmitFast = "retransmit-fast", "RFC 5681 §3.2", "Sends again a segment that three duplicate acknowledgements, or SACK blocks, say is lost.";
        RetransmitSack = "retransmit-sack", "RFC 6675 §4", "Sends again a later hole in the SACK scoreboard, as the pipe allows.";
        RetransmitPartialAck = "retransmit-partial-ack", "RFC 6582 §3.2", "Sends again the next segment after a partial acknowledgement, without SACK.";
        RetransmitPmtu = "retransmit-pmtu", "RFC 1191 §6.5", "Sends again, in smaller segments, what was too big for the path.";
        RetransmitSyn = "retransmit-syn", "RFC 6298 §5.7", "Sends a SYN again: no answer came.";
        RetransmitSynAck = "retransmit-syn-ack", "RFC 6298 §5.7", "Sends a SYN and ACK again: the handshake was not completed.";
        LimitedTransmit = "limited-transmit", "RFC 3042 §2", "Sends new data on the first two duplicate acknowledgements, to draw out more of them.";
        SwsOverride = "sws-override", "RFC 9293 §3.8.6.2.1", "Sends a small segment after all: the window stayed small until the override timer expired.";
        CorkCeiling = "cork-ceiling", "RFC 9293 §3.7.4", "Sends a small segment that was held back for more to come (`TCP_CORK`, `MSG_MORE`): 200 ms are over, or the application flushes it.";
        Reset = "reset", "RFC 9293 §3.5.2", "Answers a segment for which there is no connection.";
        Abort = "abort", "RFC 9293 §3.10.5", "Ends a connection at once: the application aborted, or closed with data unread.";

        External = "external", "the network outside", "A frame that came in by a real link: why, only its sender knows.";
        Raw = "raw", "given by a script", "A frame that a person or a script built.";
    }
}

/// What made a frame be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A frame that arrived.
    Frame(FrameId),
    /// A timer that expired.
    Timer,
    /// A call of an application.
    Call,
}
