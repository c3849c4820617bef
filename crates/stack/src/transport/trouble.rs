//! What ICMP, or this host's own way down, says about packets of a flow.

use core::fmt;
use core::net::IpAddr;

use super::SocketError;
use crate::network::icmp::{self, Error, TimeExceeded, Unreachable};

/// What is wrong with packets of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// ICMP net unreachable in its several codes, or no route.
    NetworkUnreachable,
    /// ICMP host unreachable in its several codes, or the next hop does not answer.
    HostUnreachable,
    /// ICMP protocol unreachable.
    ProtocolUnreachable,
    /// ICMP port unreachable.
    PortUnreachable,
    /// ICMP source route failed.
    SourceRouteFailed,
    /// ICMP communication administratively prohibited: with the network, the host, by a filter, or at this precedence.
    Prohibited,
    /// ICMP time exceeded in transit.
    TimeExceeded,
    /// ICMP fragment reassembly time exceeded.
    ReassemblyTimeExceeded,
    /// ICMP parameter problem.
    ParameterProblem,
    /// ICMP fragmentation needed: the path's MTU is now this many octets.
    PacketTooBig(u16),
}

impl Trouble {
    /// What an ICMP error means that quotes a packet of `quoted_length` octets.
    pub fn of_icmp(error: Error, quoted_length: u16) -> Self {
        match error {
            Error::Unreachable(why) => match why {
                Unreachable::Network | Unreachable::NetworkUnknown | Unreachable::NetworkForTos => {
                    Self::NetworkUnreachable
                }
                // RFC 1812 §5.2.7.1 retires code 8; RFC 1122 §3.2.2.1 gave it to a host that is cut off.
                Unreachable::Host
                | Unreachable::HostUnknown
                | Unreachable::HostForTos
                | Unreachable::SourceIsolated => Self::HostUnreachable,
                Unreachable::Protocol => Self::ProtocolUnreachable,
                Unreachable::Port => Self::PortUnreachable,
                Unreachable::FragmentationNeeded(mtu) => {
                    Self::PacketTooBig(icmp::next_hop_mtu(mtu, quoted_length))
                }
                Unreachable::SourceRoute => Self::SourceRouteFailed,
                Unreachable::NetworkProhibited
                | Unreachable::HostProhibited
                | Unreachable::Prohibited
                | Unreachable::HostPrecedence
                | Unreachable::PrecedenceCutoff => Self::Prohibited,
            },
            Error::TimeExceeded(TimeExceeded::Transit) => Self::TimeExceeded,
            Error::TimeExceeded(TimeExceeded::Reassembly) => Self::ReassemblyTimeExceeded,
            Error::ParameterProblem(_) => Self::ParameterProblem,
        }
    }

    /// Whether it may pass by itself: RFC 1122 §4.2.3.9 has it noted, and nothing ended for it. What the path's MTU is
    /// belongs to neither kind.
    pub const fn is_soft(self) -> bool {
        matches!(
            self,
            Self::NetworkUnreachable
                | Self::HostUnreachable
                | Self::SourceRouteFailed
                | Self::TimeExceeded
                | Self::ReassemblyTimeExceeded
                | Self::ParameterProblem
        )
    }

    /// What a socket's owner is told.
    pub const fn socket_error(self) -> SocketError {
        match self {
            Self::NetworkUnreachable => SocketError::NetworkUnreachable,
            Self::PortUnreachable | Self::ProtocolUnreachable => SocketError::ConnectionRefused,
            Self::HostUnreachable
            | Self::SourceRouteFailed
            | Self::Prohibited
            | Self::TimeExceeded
            | Self::ReassemblyTimeExceeded => SocketError::HostUnreachable,
            Self::ParameterProblem => SocketError::ProtocolError,
            Self::PacketTooBig(_) => SocketError::MessageTooLong,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NetworkUnreachable => "network unreachable",
            Self::HostUnreachable => "host unreachable",
            Self::ProtocolUnreachable => "protocol unreachable",
            Self::PortUnreachable => "port unreachable",
            Self::SourceRouteFailed => "source route failed",
            Self::Prohibited => "communication prohibited",
            Self::TimeExceeded => "time exceeded",
            Self::ReassemblyTimeExceeded => "reassembly time exceeded",
            Self::ParameterProblem => "parameter problem",
            Self::PacketTooBig(mtu) => return write!(f, "too big for an MTU of {mtu}"),
        })
    }
}

/// Who says what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// Who says so: this host itself where it is not from ICMP.
    pub from: IpAddr,
    /// What is wrong.
    pub trouble: Trouble,
    /// Type and code of the ICMP message, where it is from one.
    pub icmp: Option<(u8, u8)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::icmp::ParameterProblem;

    #[test]
    fn each_code_means_what_its_document_says() {
        // RFC 1122 §3.2.2.1 and §4.2.3.9, RFC 1812 §5.2.7.1: code, what it means, whether it is soft.
        let (net, host, prohibited) =
            (Trouble::NetworkUnreachable, Trouble::HostUnreachable, Trouble::Prohibited);
        let table = [
            (0, net, true),
            (1, host, true),
            (2, Trouble::ProtocolUnreachable, false),
            (3, Trouble::PortUnreachable, false),
            (4, Trouble::PacketTooBig(1492), false),
            (5, Trouble::SourceRouteFailed, true),
            (6, net, true),
            (7, host, true),
            (8, host, true),
            (9, prohibited, false),
            (10, prohibited, false),
            (11, net, true),
            (12, host, true),
            (13, prohibited, false),
            (14, prohibited, false),
            (15, prohibited, false),
        ];
        for (code, meaning, soft) in table {
            let error = Error::Unreachable(Unreachable::ALL[code]);
            let trouble = Trouble::of_icmp(error, 1500);
            assert_eq!((trouble, trouble.is_soft()), (meaning, soft), "code {code}");
        }
        for (error, meaning) in [
            (Error::TimeExceeded(TimeExceeded::Transit), Trouble::TimeExceeded),
            (Error::TimeExceeded(TimeExceeded::Reassembly), Trouble::ReassemblyTimeExceeded),
            (Error::ParameterProblem(ParameterProblem::Octet(8)), Trouble::ParameterProblem),
            (Error::ParameterProblem(ParameterProblem::MissingOption(130)), Trouble::ParameterProblem),
        ] {
            let trouble = Trouble::of_icmp(error, 1500);
            assert!(trouble == meaning && trouble.is_soft(), "{error:?}");
        }
    }
}
