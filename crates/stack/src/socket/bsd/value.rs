//! The values of options.

use core::net::Ipv4Addr;

use super::Errno;
use crate::time::Duration;
use crate::trace::ConnectionInfo;

/// A group, and by which interface it is joined or left (`struct ip_mreq`, `struct ip_mreq_source`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The group.
    pub group: Ipv4Addr,
    /// The interface's address; unspecified leaves the choice to the routes.
    pub interface: Ipv4Addr,
    /// The source, for the options that name one.
    pub source: Option<Ipv4Addr>,
}

/// The value of an option.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum OptionValue {
    /// A number, or a switch: 0 is off.
    Int(i32),
    /// A span of time; none is for ever (`struct timeval`).
    Time(Option<Duration>),
    /// How long `close` may wait for the peer to acknowledge everything; zero resets the connection, none does not wait
    /// (`struct linger`).
    Linger(Option<Duration>),
    /// A name.
    Text(String),
    /// Octets as they are.
    Octets(Vec<u8>),
    /// An address.
    Address(Ipv4Addr),
    /// A group.
    Membership(Membership),
    /// A connection's state and counters.
    Info(Box<ConnectionInfo>),
}

impl OptionValue {
    /// The number.
    ///
    /// # Errors
    /// `EINVAL` where it is no number.
    pub const fn int(&self) -> Result<i32, Errno> {
        if let Self::Int(value) = self { Ok(*value) } else { Err(Errno::EINVAL) }
    }

    /// Whether the switch is on.
    ///
    /// # Errors
    /// `EINVAL` where it is no number.
    pub fn flag(&self) -> Result<bool, Errno> {
        self.int().map(|value| value != 0)
    }

    /// The number, as one of an octet.
    pub(super) fn octet(&self) -> Result<u8, Errno> {
        u8::try_from(self.int()?).map_err(|_| Errno::EINVAL)
    }

    pub(super) fn time(&self) -> Result<Option<Duration>, Errno> {
        match self {
            // As the system has it, no time is all the time there is.
            Self::Time(span) => Ok(span.filter(|span| *span > Duration::ZERO)),
            _ => Err(Errno::EINVAL),
        }
    }

    pub(super) const fn membership(&self) -> Result<Membership, Errno> {
        if let Self::Membership(membership) = self { Ok(*membership) } else { Err(Errno::EINVAL) }
    }
}

impl From<i32> for OptionValue {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for OptionValue {
    fn from(on: bool) -> Self {
        Self::Int(on.into())
    }
}

impl From<Duration> for OptionValue {
    fn from(span: Duration) -> Self {
        Self::Time(Some(span))
    }
}

impl From<Option<Duration>> for OptionValue {
    fn from(span: Option<Duration>) -> Self {
        Self::Time(span)
    }
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Ipv4Addr> for OptionValue {
    fn from(address: Ipv4Addr) -> Self {
        Self::Address(address)
    }
}

impl From<Membership> for OptionValue {
    fn from(membership: Membership) -> Self {
        Self::Membership(membership)
    }
}
