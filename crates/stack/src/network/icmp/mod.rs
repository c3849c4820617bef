//! ICMP messages for IPv4 (RFC 792): read on the way up, built on the way down.
//!
//! | file | holds |
//! |---|---|
//! | `error` | error messages, each code; quoting; the MTU that a router means |
//! | `redirect` | redirects |
//! | `query` | echo and time stamp |
//! | `router` | router advertisements and solicitations |
//! | `silence` | when no error may be sent |
//! | here | which message arrived |

mod error;
mod query;
mod redirect;
mod router;
mod silence;

use etherparse::icmpv4 as wire;

use super::quote::Quote;
use crate::checksum::Sum;
use crate::frame::{Checksum, Frame};
use crate::trace::DropReason;

pub use error::{Error, ParameterProblem, TimeExceeded, Unreachable, error, next_hop_mtu};
pub use query::{
    Echo, TimeOfDay, Times, echo_reply, echo_request, is_echo_reply, is_echo_request, timestamp_reply,
    timestamp_request,
};
pub use redirect::{Redirect, Scope, redirect};
pub use router::{Advertisement, Router, solicitation};
pub use silence::{Silence, is_query, is_single_host, may_be_answered};

/// Octets of a message's header, its second word included.
pub const HEADER: usize = 8;

/// A message that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// Somebody asks for an echo of what follows the header.
    EchoRequest(Echo),
    /// The answer to such a request.
    EchoReply(Echo),
    /// Somebody asks for the time.
    TimestampRequest(Echo, Times),
    /// The answer to such a request.
    TimestampReply(Echo, Times),
    /// Something went wrong with a packet, the beginning of which is quoted.
    Error(Error, Quote),
    /// A router knows a better first hop for the packet that is quoted.
    Redirect(Redirect, Quote),
    /// Routers say that they are there.
    RouterAdvertisement(Advertisement),
    /// Somebody asks which routers there are.
    RouterSolicitation,
}

/// Reads the message at the front of a frame whose IP header is off. Its header is taken off, so that of an echo the
/// frame is what is to be echoed.
///
/// # Errors
/// The reason to drop the frame.
pub fn accept(frame: &mut Frame) -> Result<Message, DropReason> {
    let header: [u8; HEADER] =
        *frame.pull_up(HEADER).and_then(|octets| octets.first_chunk()).ok_or(DropReason::IcmpMalformed)?;
    if matches!(frame.meta.checksum, Checksum::Complete) && !frame.sum(Sum::new()).is_intact() {
        return Err(DropReason::IcmpBadChecksum);
    }
    let [kind, code, _, _, word @ ..] = header;
    frame.strip_front(HEADER);
    match kind {
        wire::TYPE_ECHO_REQUEST => Ok(Message::EchoRequest(Echo::from_wire(word))),
        wire::TYPE_ECHO_REPLY => Ok(Message::EchoReply(Echo::from_wire(word))),
        wire::TYPE_TIMESTAMP => Ok(Message::TimestampRequest(Echo::from_wire(word), times(frame)?)),
        wire::TYPE_TIMESTAMP_REPLY => Ok(Message::TimestampReply(Echo::from_wire(word), times(frame)?)),
        wire::TYPE_DEST_UNREACH | wire::TYPE_TIME_EXCEEDED | wire::TYPE_PARAMETER_PROBLEM => {
            let error = Error::from_wire(kind, code, word).ok_or(DropReason::IcmpUnknown)?;
            Ok(Message::Error(error, extended_quote(frame, word[1])?))
        }
        wire::TYPE_REDIRECT => {
            let redirect = Redirect::from_wire(code, word).ok_or(DropReason::IcmpUnknown)?;
            Ok(Message::Redirect(redirect, Quote::read(frame).ok_or(DropReason::IcmpMalformed)?))
        }
        wire::TYPE_ROUTER_ADVERTISEMENT if code == 0 => {
            let octets = frame.to_vec();
            let advertisement = Advertisement::from_wire(word, &octets).ok_or(DropReason::IcmpMalformed)?;
            Ok(Message::RouterAdvertisement(advertisement))
        }
        wire::TYPE_ROUTER_SOLICITATION if code == 0 => Ok(Message::RouterSolicitation),
        _ if is_deprecated(kind) => Err(DropReason::IcmpDeprecated),
        // RFC 1122 §3.2.2: what is unknown is dropped without a word.
        _ => Err(DropReason::IcmpUnknown),
    }
}

fn times(frame: &mut Frame) -> Result<Times, DropReason> {
    let octets = frame.pull_up(Times::LENGTH).and_then(|octets| octets.first_chunk());
    octets.map(Times::from_wire).ok_or(DropReason::IcmpMalformed)
}

/// The packet that an error quotes. Where RFC 4884 §5.1's length says how many words of it there are, what stands
/// behind them is an extension, and not part of the packet.
fn extended_quote(frame: &mut Frame, words: u8) -> Result<Quote, DropReason> {
    if words != 0 {
        frame.truncate(usize::from(words) * 4);
    }
    Quote::read(frame).ok_or(DropReason::IcmpMalformed)
}

/// Types that are not to be used any more: source quench (RFC 6633 §3), and those of RFC 6918 §2.
fn is_deprecated(kind: u8) -> bool {
    matches!(kind, wire::TYPE_SOURCE_QUENCH | wire::TYPE_ALTERNATE_HOST_ADDRESS | 15..=18 | 30..=39)
}

/// Puts a header in front, its checksum filled in.
fn push(frame: &mut Frame, header: [u8; HEADER]) {
    *frame.push_front::<HEADER>() = header;
    let checksum = frame.sum(Sum::new()).finish();
    frame.head_mut()[2..4].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests;
