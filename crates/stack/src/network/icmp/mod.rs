//! ICMP messages for IPv4 (RFC 792): read on the way up, built on the way down.

use core::net::Ipv4Addr;

use bytes::Bytes;
use etherparse::icmpv4 as wire;

use super::quote::Quote;
use crate::checksum::Sum;
use crate::frame::{Checksum, Frame, Meta};
use crate::trace::DropReason;

/// Octets of a message's header, its second word included.
pub const HEADER: usize = 8;

/// The identifier and sequence number of an echo request or reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Which socket asks.
    pub identifier: u16,
    /// Which of its requests.
    pub sequence: u16,
}

/// What an error message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// No way to the network.
    NetworkUnreachable,
    /// No way to the host.
    HostUnreachable,
    /// The host does not speak the protocol.
    ProtocolUnreachable,
    /// Nobody listens at the port.
    PortUnreachable,
    /// The next link's MTU is this; the packet was longer and must not be fragmented (RFC 1191 §4).
    FragmentationNeeded(u16),
    /// A filter forbids it (RFC 1812 §5.2.7.1).
    Prohibited,
    /// The TTL or the time for reassembly ran out.
    TimeExceeded,
    /// A field of the header is wrong.
    ParameterProblem,
    /// A router was overrun. Deprecated: RFC 6633 §1.
    SourceQuench,
}

/// A message that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// Somebody asks for an echo of what follows the header.
    EchoRequest(Echo),
    /// The answer to such a request.
    EchoReply(Echo),
    /// Something went wrong with a packet, the beginning of which is quoted.
    Error(Error, Quote),
    /// A message of a known type that this host does not act on.
    Ignored,
}

/// Reads the message at the front of a frame whose IP header is off. Of an echo the header is taken off, so that
/// the frame is what is to be echoed.
///
/// # Errors
/// The reason to drop the frame. RFC 1122 §3.2.2 has unknown types discarded silently.
pub fn accept(frame: &mut Frame) -> Result<Message, DropReason> {
    let header: [u8; HEADER] =
        *frame.pull_up(HEADER).and_then(|octets| octets.first_chunk()).ok_or(DropReason::IcmpMalformed)?;
    if matches!(frame.meta.checksum, Checksum::Complete) && !frame.sum(Sum::new()).is_intact() {
        return Err(DropReason::IcmpBadChecksum);
    }
    let [kind, code, _, _, a, b, c, d] = header;
    let echo = Echo { identifier: u16::from_be_bytes([a, b]), sequence: u16::from_be_bytes([c, d]) };
    frame.strip_front(HEADER);
    match kind {
        wire::TYPE_ECHO_REQUEST => Ok(Message::EchoRequest(echo)),
        wire::TYPE_ECHO_REPLY => Ok(Message::EchoReply(echo)),
        wire::TYPE_DEST_UNREACH
        | wire::TYPE_TIME_EXCEEDED
        | wire::TYPE_PARAMETER_PROBLEM
        | wire::TYPE_SOURCE_QUENCH => {
            let quote = Quote::read(frame).ok_or(DropReason::IcmpMalformed)?;
            let error = match kind {
                wire::TYPE_DEST_UNREACH => {
                    unreachable_error(code, u16::from_be_bytes([c, d]), quote.total_length)
                        .ok_or(DropReason::IcmpMalformed)?
                }
                wire::TYPE_TIME_EXCEEDED => Error::TimeExceeded,
                wire::TYPE_PARAMETER_PROBLEM => Error::ParameterProblem,
                _ => Error::SourceQuench,
            };
            Ok(Message::Error(error, quote))
        }
        wire::TYPE_REDIRECT
        | wire::TYPE_ROUTER_ADVERTISEMENT
        | wire::TYPE_ROUTER_SOLICITATION
        | wire::TYPE_TIMESTAMP
        | wire::TYPE_TIMESTAMP_REPLY => Ok(Message::Ignored),
        _ => Err(DropReason::IcmpMalformed),
    }
}

/// The codes of destination unreachable (RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1).
fn unreachable_error(code: u8, mtu: u16, quoted_length: u16) -> Option<Error> {
    Some(match code {
        wire::CODE_DST_UNREACH_NET
        | wire::CODE_DST_UNREACH_SOURCE_ROUTE_FAILED
        | wire::CODE_DST_UNREACH_NET_UNKNOWN
        | wire::CODE_DST_UNREACH_TOS_NET => Error::NetworkUnreachable,
        wire::CODE_DST_UNREACH_HOST
        | wire::CODE_DST_UNREACH_HOST_UNKNOWN
        | wire::CODE_DST_UNREACH_ISOLATED
        | wire::CODE_DST_UNREACH_TOS_HOST => Error::HostUnreachable,
        wire::CODE_DST_UNREACH_PROTOCOL => Error::ProtocolUnreachable,
        wire::CODE_DST_UNREACH_PORT => Error::PortUnreachable,
        wire::CODE_DST_UNREACH_NEED_FRAG => Error::FragmentationNeeded(next_hop_mtu(mtu, quoted_length)),
        wire::CODE_DST_UNREACH_NET_PROHIB
        | wire::CODE_DST_UNREACH_HOST_PROHIB
        | wire::CODE_DST_UNREACH_FILTER_PROHIB
        | wire::CODE_DST_UNREACH_HOST_PRECEDENCE_VIOLATION
        | wire::CODE_DST_UNREACH_PRECEDENCE_CUTOFF => Error::Prohibited,
        _ => return None,
    })
}

/// RFC 1191 §7: MTUs that are met with; a router that does not say its MTU is taken to have the next lower one.
const PLATEAUS: [u16; 10] = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, 68];

fn next_hop_mtu(said: u16, quoted_length: u16) -> u16 {
    if said != 0 {
        // RFC 1191 §3: no MTU is below 68 octets.
        return said.max(68);
    }
    PLATEAUS.into_iter().find(|plateau| *plateau < quoted_length).unwrap_or(68)
}

/// What this host complains about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Complaint {
    /// Nobody listens at the port.
    Port,
    /// No transport has that protocol number.
    Protocol,
    /// The packet's source route leads further, and this host does not forward.
    SourceRoute,
    /// This octet of the header is wrong.
    Parameter(u8),
    /// No route leads to the destination.
    Network,
    /// The destination's link is here, and it does not answer.
    Host,
    /// A filter, or a route of that kind, forbids it (RFC 1812 §5.2.7.1).
    Filtered,
    /// The TTL ran out here.
    TimeExceeded,
    /// It is longer than this MTU of the next link, and must not be fragmented (RFC 1191 §4).
    TooBig(u16),
    /// The way by this router is shorter (RFC 1812 §5.2.7.2).
    Redirect(Ipv4Addr),
}

/// The message that complains about the packet at the front of `offending`, quoting as much of it as lets the
/// message with its IP header be `longest` octets (RFC 1812 §4.3.2.3), but always its header and 8 octets
/// (RFC 1122 §3.2.2), as far as there are so many.
pub fn error(complaint: Complaint, offending: &Frame, longest: u16, meta: Meta) -> Frame {
    let octets = offending.to_vec();
    let header = octets.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    let room = usize::from(longest).saturating_sub(super::ipv4::HEADER + HEADER);
    let quoted = room.max(header + 8).min(octets.len());
    let mut frame = Frame::with_payload(Bytes::from(octets).slice(..quoted), meta);
    let (kind, code, rest) = match complaint {
        Complaint::Port => (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_PORT, [0; 4]),
        Complaint::Protocol => (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_PROTOCOL, [0; 4]),
        Complaint::SourceRoute => {
            (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_SOURCE_ROUTE_FAILED, [0; 4])
        }
        Complaint::Parameter(pointer) => (wire::TYPE_PARAMETER_PROBLEM, 0, [pointer, 0, 0, 0]),
        Complaint::Network => (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_NET, [0; 4]),
        Complaint::Host => (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_HOST, [0; 4]),
        Complaint::Filtered => (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_FILTER_PROHIB, [0; 4]),
        Complaint::TimeExceeded => (wire::TYPE_TIME_EXCEEDED, 0, [0; 4]),
        Complaint::TooBig(mtu) => {
            let [high, low] = mtu.to_be_bytes();
            (wire::TYPE_DEST_UNREACH, wire::CODE_DST_UNREACH_NEED_FRAG, [0, 0, high, low])
        }
        // RFC 1812 §5.2.7.2: for the host only; networks have prefixes that the message does not say.
        Complaint::Redirect(gateway) => (wire::TYPE_REDIRECT, wire::CODE_REDIRECT_FOR_HOST, gateway.octets()),
    };
    let [a, b, c, d] = rest;
    push(&mut frame, [kind, code, 0, 0, a, b, c, d]);
    frame
}

/// An echo request that carries `payload`.
pub fn echo_request(echo: Echo, payload: Bytes, meta: Meta) -> Frame {
    let mut frame = Frame::with_payload(payload, meta);
    push(&mut frame, echo_header(wire::TYPE_ECHO_REQUEST, echo));
    frame
}

/// The reply that carries the same `payload` back.
pub fn echo_reply(echo: Echo, payload: Bytes, meta: Meta) -> Frame {
    let mut frame = Frame::with_payload(payload, meta);
    push(&mut frame, echo_header(wire::TYPE_ECHO_REPLY, echo));
    frame
}

fn echo_header(kind: u8, echo: Echo) -> [u8; HEADER] {
    let (identifier, sequence) = (echo.identifier.to_be_bytes(), echo.sequence.to_be_bytes());
    [kind, 0, 0, 0, identifier[0], identifier[1], sequence[0], sequence[1]]
}

/// Puts a header in front, its checksum filled in.
fn push(frame: &mut Frame, header: [u8; HEADER]) {
    *frame.push_front::<HEADER>() = header;
    let checksum = frame.sum(Sum::new()).finish();
    frame.head_mut()[2..4].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests;
