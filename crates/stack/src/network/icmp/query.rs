//! Queries and their replies: echo, and time stamp (RFC 792 §Echo, §Timestamp).

use core::fmt;

use bytes::Bytes;
use etherparse::icmpv4 as wire;

use super::{HEADER, push};
use crate::checksum::Sum;
use crate::frame::{Frame, Meta};
use crate::time::Instant;

/// The identifier and sequence number of a query or its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Which socket asks.
    pub identifier: u16,
    /// Which of its requests.
    pub sequence: u16,
}

impl Echo {
    /// What stands in the second word.
    pub const fn from_wire(word: [u8; 4]) -> Self {
        let [a, b, c, d] = word;
        Self { identifier: u16::from_be_bytes([a, b]), sequence: u16::from_be_bytes([c, d]) }
    }
}

/// Whether a message is an intact answer to an echo request with `identifier`.
pub fn is_echo_reply(message: &[u8], identifier: u16) -> bool {
    let own = matches!(message, [wire::TYPE_ECHO_REPLY, 0, _, _, a, b, _, _, ..] if [*a, *b] == identifier.to_be_bytes());
    own && Sum::new().with(message).is_intact()
}

/// Whether what is left of a message is of an echo request with `identifier`.
pub fn is_echo_request(message: &[u8; HEADER], identifier: u16) -> bool {
    message[0] == wire::TYPE_ECHO_REQUEST && message[4..6] == identifier.to_be_bytes()
}

/// A time of day as a time stamp carries it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeOfDay(pub u32);

impl TimeOfDay {
    /// Set where the value is not milliseconds since midnight, universal time (RFC 792 §Timestamp).
    const NON_STANDARD: u32 = 1 << 31;
    /// Milliseconds of a day.
    const DAY: u64 = 86_400_000;

    /// The standard value. Virtual time begins at midnight, universal time.
    pub fn at(now: Instant) -> Self {
        Self((now.since(Instant::ZERO).as_millis() % Self::DAY) as u32)
    }

    /// Milliseconds since midnight, universal time; `None` for a value of another kind, or of no day.
    pub fn milliseconds(self) -> Option<u32> {
        let standard = self.0 & Self::NON_STANDARD == 0 && u64::from(self.0) < Self::DAY;
        standard.then_some(self.0)
    }
}

impl fmt::Display for TimeOfDay {
    /// `08:15:00.250`, or the number where it is not of the standard kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milliseconds() {
            Some(ms) => {
                let (s, ms) = (ms / 1000, ms % 1000);
                write!(f, "{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
            }
            None => write!(f, "0x{:08x}", self.0),
        }
    }
}

/// The three times of a time stamp message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Times {
    /// When the asker last touched the request.
    pub originate: TimeOfDay,
    /// When the asked first touched it.
    pub receive: TimeOfDay,
    /// When the asked last touched the reply.
    pub transmit: TimeOfDay,
}

impl Times {
    /// Octets that they take.
    pub const LENGTH: usize = 12;

    /// Reads them.
    pub fn from_wire(octets: &[u8; Self::LENGTH]) -> Self {
        let word = |at: usize| {
            TimeOfDay(u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]))
        };
        Self { originate: word(0), receive: word(4), transmit: word(8) }
    }

    fn to_wire(self) -> [u8; Self::LENGTH] {
        let mut octets = [0; Self::LENGTH];
        for (place, time) in
            octets.as_chunks_mut::<4>().0.iter_mut().zip([self.originate, self.receive, self.transmit])
        {
            *place = time.0.to_be_bytes();
        }
        octets
    }
}

/// An echo request that carries `payload`.
pub fn echo_request(echo: Echo, payload: Bytes, meta: Meta) -> Frame {
    query(wire::TYPE_ECHO_REQUEST, echo, payload, meta)
}

/// The reply that carries the same `payload` back.
pub fn echo_reply(echo: Echo, payload: Bytes, meta: Meta) -> Frame {
    query(wire::TYPE_ECHO_REPLY, echo, payload, meta)
}

/// A time stamp request that leaves at `now`.
pub fn timestamp_request(echo: Echo, now: Instant, meta: Meta) -> Frame {
    let originate = TimeOfDay::at(now);
    let times = Times { originate, receive: TimeOfDay(0), transmit: TimeOfDay(0) };
    query(wire::TYPE_TIMESTAMP, echo, Bytes::copy_from_slice(&times.to_wire()), meta)
}

/// The reply to a request that was sent at `originate` and is answered at once.
pub fn timestamp_reply(echo: Echo, originate: TimeOfDay, now: Instant, meta: Meta) -> Frame {
    let now = TimeOfDay::at(now);
    let times = Times { originate, receive: now, transmit: now };
    query(wire::TYPE_TIMESTAMP_REPLY, echo, Bytes::copy_from_slice(&times.to_wire()), meta)
}

fn query(kind: u8, echo: Echo, payload: Bytes, meta: Meta) -> Frame {
    let mut frame = Frame::with_payload(payload, meta);
    let ([a, b], [c, d]) = (echo.identifier.to_be_bytes(), echo.sequence.to_be_bytes());
    let header: [u8; HEADER] = [kind, 0, 0, 0, a, b, c, d];
    push(&mut frame, header);
    frame
}
