//! Knobs of sockets within a host.

/// Knobs of `AF_UNIX` sockets.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Octets that one socket may have sent and its peer not have read, each message's own storage included
    /// ([`MESSAGE_OVERHEAD`]); a socket can be told another bound. Linux: `net.core.wmem_default`; FreeBSD:
    /// `net.local.stream.sendspace`.
    pub send_buffer: usize,
    /// Datagrams that wait in a socket. Linux: one more than `net.unix.max_dgram_qlen`.
    pub max_queued_datagrams: usize,
    /// Paths that are bound in the host's name space, those of closed sockets that nobody has unlinked included.
    pub max_names: usize,
}

/// Octets that a queued message is counted for beyond its own.
pub const MESSAGE_OVERHEAD: usize = 64;

impl Knobs {
    /// No document has defaults: roomy ones.
    pub const fn rfc() -> Self {
        Self { send_buffer: 256 * 1024, max_queued_datagrams: 256, max_names: 65_536 }
    }

    /// What Linux does.
    pub const fn linux() -> Self {
        Self { send_buffer: 212_992, max_queued_datagrams: 11, ..Self::rfc() }
    }

    /// What FreeBSD does.
    pub const fn freebsd() -> Self {
        Self { send_buffer: 65_536, max_queued_datagrams: 64, ..Self::rfc() }
    }
}
