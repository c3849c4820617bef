//! What a socket is bound, connected or sent to.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use super::Errno;
use crate::transport::unix;

/// An address of some family.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Address {
    /// `AF_UNSPEC`: `connect` to it takes the peer away.
    Unspecified,
    /// `AF_INET`: address and port. (`AF_INET6` will be here too.)
    Inet(SocketAddr),
    /// `AF_UNIX`: a path, an abstract name, or none.
    Unix(unix::Address),
}

impl Address {
    /// Any address and port 0.
    pub const ANY: Self = Self::Inet(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)));

    /// The address and port, where it has such.
    pub const fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            Self::Unspecified | Self::Unix(_) => None,
        }
    }

    /// The address and port of IPv4.
    pub(super) const fn ipv4(&self) -> Result<SocketAddr, Errno> {
        match self {
            Self::Inet(address) if address.is_ipv4() => Ok(*address),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    /// As [`ipv4`](Self::ipv4), of a peer: no address means this host itself.
    pub(super) fn peer(&self) -> Result<SocketAddr, Errno> {
        let mut peer = self.ipv4()?;
        if peer.ip().is_unspecified() {
            peer.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        Ok(peer)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unspecified => f.write_str("unspecified"),
            Self::Inet(address) => write!(f, "{address}"),
            Self::Unix(address) => write!(f, "{address}"),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl From<unix::Address> for Address {
    fn from(address: unix::Address) -> Self {
        Self::Unix(address)
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from((address, port): (I, u16)) -> Self {
        Self::Inet(SocketAddr::new(address.into(), port))
    }
}
