//! UDP's knobs.

use core::ops::RangeInclusive;

use crate::transport::ports::EPHEMERAL;

/// Knobs of UDP.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Octets that wait in a socket to be received, the queue's own storage included. Linux: `rmem_default`;
    /// FreeBSD: `net.inet.udp.recvspace`.
    pub receive_buffer: usize,
    /// A datagram with less payload than this is copied out of the storage that it arrived in, which may be much
    /// larger and is then given back.
    pub copy_below: usize,
    /// Ephemeral ports. Linux: `ip_local_port_range`; FreeBSD: `net.inet.ip.portrange.first`, `last`.
    pub ephemeral_ports: RangeInclusive<u16>,
    /// Whether sockets without a peer are told of ICMP errors too (RFC 1122 §4.1.3.3 asks that all be passed up).
    /// The systems tell sockets with a peer only.
    pub errors_without_peer: bool,
    /// Whether calls return errors that may pass by themselves too: net and host unreachable, time exceeded (RFC 1122
    /// §4.1.3.3 asks that all be passed up). Linux does not.
    pub soft_errors: bool,
    /// Errors that wait in a socket whose owner wants them queued; what comes beyond is lost.
    pub max_queued_errors: usize,
}

impl Knobs {
    /// The documents' defaults.
    pub fn rfc() -> Self {
        Self {
            receive_buffer: 256 * 1024,
            copy_below: 512,
            ephemeral_ports: EPHEMERAL,
            errors_without_peer: true,
            soft_errors: true,
            max_queued_errors: 128,
        }
    }

    /// What Linux does.
    pub fn linux() -> Self {
        Self {
            receive_buffer: 212_992,
            ephemeral_ports: 32_768..=60_999,
            errors_without_peer: false,
            soft_errors: false,
            ..Self::rfc()
        }
    }

    /// What FreeBSD does.
    pub fn freebsd() -> Self {
        Self {
            receive_buffer: 42_080,
            ephemeral_ports: 10_000..=65_535,
            errors_without_peer: false,
            ..Self::rfc()
        }
    }
}
