//! Knobs: one plain struct per layer, with presets.

use crate::{interface, network, transport};

/// All knobs of a host. The presets set every layer alike.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Ethernet and the neighbour cache.
    pub interface: interface::Knobs,
    /// IP and ICMP.
    pub network: network::Knobs,
    /// IGMP.
    pub igmp: network::igmp::Knobs,
    /// Router discovery.
    pub discovery: network::discovery::Knobs,
    /// UDP.
    pub udp: transport::udp::Knobs,
    /// TCP.
    pub tcp: transport::tcp::Knobs,
    /// Sockets within the host.
    pub unix: transport::unix::Knobs,
    /// The table of descriptors.
    pub sockets: transport::descriptors::Knobs,
}

impl Profile {
    /// The documents' defaults.
    pub fn rfc() -> Self {
        Self {
            interface: interface::Knobs::rfc(),
            network: network::Knobs::rfc(),
            igmp: network::igmp::Knobs::rfc(),
            discovery: network::discovery::Knobs::rfc(),
            udp: transport::udp::Knobs::rfc(),
            tcp: transport::tcp::Knobs::rfc(),
            unix: transport::unix::Knobs::rfc(),
            sockets: transport::descriptors::Knobs::rfc(),
        }
    }

    /// What Linux does.
    pub fn linux() -> Self {
        Self {
            interface: interface::Knobs::linux(),
            network: network::Knobs::linux(),
            igmp: network::igmp::Knobs::linux(),
            discovery: network::discovery::Knobs::linux(),
            udp: transport::udp::Knobs::linux(),
            tcp: transport::tcp::Knobs::linux(),
            unix: transport::unix::Knobs::linux(),
            sockets: transport::descriptors::Knobs::linux(),
        }
    }

    /// What FreeBSD does.
    pub fn freebsd() -> Self {
        Self {
            interface: interface::Knobs::freebsd(),
            network: network::Knobs::freebsd(),
            igmp: network::igmp::Knobs::freebsd(),
            discovery: network::discovery::Knobs::freebsd(),
            udp: transport::udp::Knobs::freebsd(),
            tcp: transport::tcp::Knobs::freebsd(),
            unix: transport::unix::Knobs::freebsd(),
            sockets: transport::descriptors::Knobs::freebsd(),
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::rfc()
    }
}
