//! Error messages: what they say, as octets and back, and the packet that they quote.

use bytes::Bytes;
use etherparse::icmpv4 as wire;

use super::{HEADER, push};
use crate::frame::{Frame, Meta};
use crate::network::ipv4;

/// What an error message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The packet did not reach its destination.
    Unreachable(Unreachable),
    /// The packet's time was up.
    TimeExceeded(TimeExceeded),
    /// A field of the packet's header is wrong.
    ParameterProblem(ParameterProblem),
}

/// Why a destination is unreachable: the codes of RFC 1122 §3.2.2.1 and RFC 1812 §5.2.7.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreachable {
    /// 0: no way to the network.
    Network,
    /// 1: no way to the host.
    Host,
    /// 2: the host does not speak the protocol.
    Protocol,
    /// 3: nobody listens at the port.
    Port,
    /// 4: the next link's MTU is this, zero where the router does not say; the packet was longer and must not be
    /// fragmented (RFC 1191 §4).
    FragmentationNeeded(u16),
    /// 5: the packet's source route leads nowhere.
    SourceRoute,
    /// 6: there is no such network.
    NetworkUnknown,
    /// 7: there is no such host, as the link layer says.
    HostUnknown,
    /// 8: the source is cut off (obsolete).
    SourceIsolated,
    /// 9: the network must not be spoken with.
    NetworkProhibited,
    /// 10: the host must not be spoken with.
    HostProhibited,
    /// 11: no way to the network for this type of service.
    NetworkForTos,
    /// 12: no way to the host for this type of service.
    HostForTos,
    /// 13: a filter forbids it.
    Prohibited,
    /// 14: the host must not be spoken with at this precedence.
    HostPrecedence,
    /// 15: the precedence is below the least that the network takes.
    PrecedenceCutoff,
}

/// Whose time was up (RFC 792 §Time Exceeded).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeExceeded {
    /// 0: the packet's TTL reached zero on its way.
    Transit,
    /// 1: fragments were missing for too long.
    Reassembly,
}

/// What is wrong with a header (RFC 792 §Parameter Problem, RFC 1122 §3.2.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterProblem {
    /// 0: this octet, counted from zero.
    Octet(u8),
    /// 1: an option of this type is missing.
    MissingOption(u8),
    /// 2: a length, at this octet.
    Length(u8),
}

impl Unreachable {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 16] = [
        Self::Network,
        Self::Host,
        Self::Protocol,
        Self::Port,
        Self::FragmentationNeeded(0),
        Self::SourceRoute,
        Self::NetworkUnknown,
        Self::HostUnknown,
        Self::SourceIsolated,
        Self::NetworkProhibited,
        Self::HostProhibited,
        Self::NetworkForTos,
        Self::HostForTos,
        Self::Prohibited,
        Self::HostPrecedence,
        Self::PrecedenceCutoff,
    ];

    /// Its code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Network => wire::CODE_DST_UNREACH_NET,
            Self::Host => wire::CODE_DST_UNREACH_HOST,
            Self::Protocol => wire::CODE_DST_UNREACH_PROTOCOL,
            Self::Port => wire::CODE_DST_UNREACH_PORT,
            Self::FragmentationNeeded(_) => wire::CODE_DST_UNREACH_NEED_FRAG,
            Self::SourceRoute => wire::CODE_DST_UNREACH_SOURCE_ROUTE_FAILED,
            Self::NetworkUnknown => wire::CODE_DST_UNREACH_NET_UNKNOWN,
            Self::HostUnknown => wire::CODE_DST_UNREACH_HOST_UNKNOWN,
            Self::SourceIsolated => wire::CODE_DST_UNREACH_ISOLATED,
            Self::NetworkProhibited => wire::CODE_DST_UNREACH_NET_PROHIB,
            Self::HostProhibited => wire::CODE_DST_UNREACH_HOST_PROHIB,
            Self::NetworkForTos => wire::CODE_DST_UNREACH_TOS_NET,
            Self::HostForTos => wire::CODE_DST_UNREACH_TOS_HOST,
            Self::Prohibited => wire::CODE_DST_UNREACH_FILTER_PROHIB,
            Self::HostPrecedence => wire::CODE_DST_UNREACH_HOST_PRECEDENCE_VIOLATION,
            Self::PrecedenceCutoff => wire::CODE_DST_UNREACH_PRECEDENCE_CUTOFF,
        }
    }
}

impl Error {
    /// Type, code and second word, as they stand in a message.
    pub const fn to_wire(self) -> (u8, u8, [u8; 4]) {
        match self {
            Self::Unreachable(Unreachable::FragmentationNeeded(mtu)) => {
                let [high, low] = mtu.to_be_bytes();
                (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_NEED_FRAG, [0, 0, high, low])
            }
            Self::Unreachable(why) => (wire::TYPE_DEST_UNREACH, why.code(), [0; 4]),
            Self::TimeExceeded(TimeExceeded::Transit) => (wire::TYPE_TIME_EXCEEDED, 0, [0; 4]),
            Self::TimeExceeded(TimeExceeded::Reassembly) => (wire::TYPE_TIME_EXCEEDED, 1, [0; 4]),
            Self::ParameterProblem(problem) => {
                let (code, pointer) = match problem {
                    ParameterProblem::Octet(at) => (0, at),
                    ParameterProblem::MissingOption(option) => (1, option),
                    ParameterProblem::Length(at) => (2, at),
                };
                (wire::TYPE_PARAMETER_PROBLEM, code, [pointer, 0, 0, 0])
            }
        }
    }

    /// What type, code and second word say. `None` where no document gives them a meaning. The second word's other
    /// octets are of RFC 4884 §4.1 or nobody's, and do not matter.
    pub fn from_wire(kind: u8, code: u8, word: [u8; 4]) -> Option<Self> {
        match (kind, code) {
            (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_NEED_FRAG) => {
                let mtu = u16::from_be_bytes([word[2], word[3]]);
                Some(Self::Unreachable(Unreachable::FragmentationNeeded(mtu)))
            }
            (wire::TYPE_DEST_UNREACH, _) => {
                Unreachable::ALL.get(usize::from(code)).copied().map(Self::Unreachable)
            }
            (wire::TYPE_TIME_EXCEEDED, 0) => Some(Self::TimeExceeded(TimeExceeded::Transit)),
            (wire::TYPE_TIME_EXCEEDED, 1) => Some(Self::TimeExceeded(TimeExceeded::Reassembly)),
            (wire::TYPE_PARAMETER_PROBLEM, 0) => {
                Some(Self::ParameterProblem(ParameterProblem::Octet(word[0])))
            }
            (wire::TYPE_PARAMETER_PROBLEM, 1) => {
                Some(Self::ParameterProblem(ParameterProblem::MissingOption(word[0])))
            }
            (wire::TYPE_PARAMETER_PROBLEM, 2) => {
                Some(Self::ParameterProblem(ParameterProblem::Length(word[0])))
            }
            _ => None,
        }
    }
}

/// The message that says `error` of the packet at the front of `offending`, quoting as much of it as lets the message
/// with its IP header be `longest` octets (RFC 1812 §4.3.2.3), but always its header and 8 octets (RFC 1122 §3.2.2), as
/// far as there are so many.
pub fn error(error: Error, offending: &Frame, longest: u16, meta: Meta) -> Frame {
    let (kind, code, word) = error.to_wire();
    quoting(kind, code, word, offending, longest, meta)
}

/// A message that quotes the packet at the front of `offending`.
pub(super) fn quoting(
    kind: u8,
    code: u8,
    word: [u8; 4],
    offending: &Frame,
    longest: u16,
    meta: Meta,
) -> Frame {
    let (head, payload) = (offending.head(), offending.payload());
    let header = head.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    let room = usize::from(longest).saturating_sub(ipv4::HEADER + HEADER);
    let quoted = room.max(header + 8).min(offending.len());
    let mut octets = Vec::with_capacity(quoted);
    octets.extend_from_slice(&head[..head.len().min(quoted)]);
    octets.extend_from_slice(&payload[..quoted - octets.len()]);
    let mut frame = Frame::with_payload(Bytes::from(octets), meta);
    let [a, b, c, d] = word;
    push(&mut frame, [kind, code, 0, 0, a, b, c, d]);
    frame
}

/// RFC 1191 §7: MTUs that are met with; a router that does not say its MTU is taken to have the next lower one.
const PLATEAUS: [u16; 10] = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, 68];

/// The MTU that a router means which said `said`, zero for nothing, of a packet of `quoted_length` octets.
pub fn next_hop_mtu(said: u16, quoted_length: u16) -> u16 {
    if said != 0 {
        return said;
    }
    PLATEAUS.into_iter().find(|plateau| *plateau < quoted_length).unwrap_or(68)
}
