//! Redirects (RFC 792 §Redirect): a router knows a better first hop.

use core::net::Ipv4Addr;

use etherparse::icmpv4 as wire;

use super::error::quoting;
use crate::frame::{Frame, Meta};

/// What a redirect is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// 0: the destination's whole network. RFC 1122 §3.2.2.2 has it taken as one for the host.
    Network,
    /// 1: the destination.
    Host,
    /// 2: the network, for this type of service.
    NetworkForTos,
    /// 3: the destination, for this type of service.
    HostForTos,
}

/// A redirect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirect {
    /// For what.
    pub scope: Scope,
    /// The better first hop.
    pub gateway: Ipv4Addr,
}

impl Redirect {
    /// RFC 1812 §5.2.7.2: routers send redirects for hosts only.
    pub const fn to_host(gateway: Ipv4Addr) -> Self {
        Self { scope: Scope::Host, gateway }
    }

    /// Code and second word, as they stand in a message.
    pub const fn to_wire(self) -> (u8, [u8; 4]) {
        let code = match self.scope {
            Scope::Network => wire::CODE_REDIRECT_FOR_NETWORK,
            Scope::Host => wire::CODE_REDIRECT_FOR_HOST,
            Scope::NetworkForTos => wire::CODE_REDIRECT_TYPE_OF_SERVICE_AND_NETWORK,
            Scope::HostForTos => wire::CODE_REDIRECT_TYPE_OF_SERVICE_AND_HOST,
        };
        (code, self.gateway.octets())
    }

    /// What code and second word say. `None` for a code without meaning.
    pub fn from_wire(code: u8, word: [u8; 4]) -> Option<Self> {
        let scope = match code {
            wire::CODE_REDIRECT_FOR_NETWORK => Scope::Network,
            wire::CODE_REDIRECT_FOR_HOST => Scope::Host,
            wire::CODE_REDIRECT_TYPE_OF_SERVICE_AND_NETWORK => Scope::NetworkForTos,
            wire::CODE_REDIRECT_TYPE_OF_SERVICE_AND_HOST => Scope::HostForTos,
            _ => return None,
        };
        Some(Self { scope, gateway: Ipv4Addr::from(word) })
    }
}

/// The message that says `redirect` of the packet at the front of `offending`; it quotes as [`super::error()`] does.
pub fn redirect(redirect: Redirect, offending: &Frame, longest: u16, meta: Meta) -> Frame {
    let (code, word) = redirect.to_wire();
    quoting(wire::TYPE_REDIRECT, code, word, offending, longest, meta)
}
