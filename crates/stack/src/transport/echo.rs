//! ICMP echo sockets: what a ping program needs.

use core::net::IpAddr;

use bytes::Bytes;

use super::Trouble;
use crate::time::Instant;

/// What an echo socket received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EchoEvent {
    /// An answer.
    Reply {
        /// Who answered.
        from: IpAddr,
        /// The request's sequence number.
        sequence: u16,
        /// The octets that came back.
        bytes: Bytes,
        /// The TTL that the answer arrived with.
        ttl: u8,
        /// When it arrived.
        at: Instant,
    },
    /// The request will not be answered.
    Error {
        /// Who says so (this host itself where the next hop is silent).
        from: IpAddr,
        /// The request's sequence number.
        sequence: u16,
        /// Why.
        trouble: Trouble,
    },
}
