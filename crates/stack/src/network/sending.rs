//! What a sender may say of its packets' headers.

use super::options::List;

/// What a packet longer than the way's MTU means (RFC 1191 §3), and whether routers may cut it. Linux's words for
/// `IP_MTU_DISCOVER`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MtuDiscovery {
    /// What fits the path's MTU, as far as it is known, must not be cut by routers; what is longer is cut here, and may be
    /// cut again. Linux: `IP_PMTUDISC_WANT`.
    Want,
    /// Nothing may be cut: what is longer is not sent. Linux: `IP_PMTUDISC_DO`; FreeBSD: `IP_DONTFRAG`.
    Do,
    /// All may be cut, here and by routers. Linux: `IP_PMTUDISC_DONT`.
    Dont,
}

/// What a socket's owner has set for what it sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sending {
    /// Time to live (`IP_TTL`); without one the host's own.
    pub ttl: Option<u8>,
    /// Type of service (`IP_TOS`): DSCP (RFC 2474 §3) and ECN (RFC 3168 §5).
    pub tos: u8,
    /// What an MTU means for it (`IP_MTU_DISCOVER`); without one what the host's knob says.
    pub discovery: Option<MtuDiscovery>,
    /// Options (`IP_OPTIONS`).
    pub options: List,
}
