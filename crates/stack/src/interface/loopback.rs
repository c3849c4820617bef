//! The loopback interface: what a host sends to itself.
//!
//! Frames carry an Ethernet header with no addresses, so that whoever reads frames need know one form only.

use core::net::Ipv4Addr;

use etherparse::EtherType;

use super::{Capabilities, InterfaceConfig, ethernet};
use crate::addr::{Cidr, Mac};

/// The header of each frame.
pub fn header(ether_type: EtherType) -> [u8; ethernet::HEADER] {
    ethernet::header(Mac::UNSPECIFIED, Mac::UNSPECIFIED, ether_type)
}

/// How the loopback interface is described: the longest packets there are, and no work that a wire would need.
pub fn config() -> InterfaceConfig {
    InterfaceConfig {
        addresses: Cidr::new(Ipv4Addr::LOCALHOST.into(), 8).into_iter().collect(),
        capabilities: Capabilities {
            mtu: u16::MAX,
            max_super_frame: 0,
            transmit_checksum: true,
            receive_checksum: true,
        },
        announce: false,
        ..InterfaceConfig::new("lo", Mac::UNSPECIFIED, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::frame::{Frame, Meta};
    use crate::trace::{Cause, Trigger};

    #[test]
    fn it_has_the_whole_network_of_loopback_addresses() {
        assert_eq!(config().addresses, ["127.0.0.1/8".parse().unwrap()]);
    }

    #[test]
    fn its_frames_pass_its_own_address_check() {
        let mut frame = Frame::with_payload(Bytes::new(), Meta::new(Cause::Raw, Trigger::Call));
        ethernet::push(&mut frame, &header(EtherType::IPV4));
        assert!(!ethernet::accept(&mut frame, config().mac).unwrap().to_group);
    }
}
