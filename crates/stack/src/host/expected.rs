//! The short way up: a frame that differs from the one before only where the segments of one connection differ.
//!
//! What a bulk transfer consists of goes from the link to its connection by one comparison of its headers and one look at
//! what TCP predicts. Nothing is done here that the walk of `ingress` would not do; whatever is not expected walks.

use core::net::IpAddr;

use etherparse::{EtherType, IpNumber};

use super::Host;
use crate::addr::Mac;
use crate::context::Ctx;
use crate::frame::{Frame, FrameCheck, InterfaceId};
use crate::interface::{Passage, ethernet};
use crate::network::ipv4;
use crate::transport::tcp::Look;
use crate::transport::{IpInfo, Key};

/// Octets of the headers below TCP's.
const BELOW: usize = ethernet::HEADER + ipv4::HEADER;
/// Octets of all headers, where TCP's has no options, and where it has timestamps.
const PLAIN: usize = BELOW + Look::PLAIN;
const TIMED: usize = BELOW + Look::TIMED;

/// What the frames of one connection have in common, from the last one that took the long way. It holds as long as the
/// host's interfaces, addresses and routes are what they are.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    connection: Key,
    on: InterfaceId,
    /// The interface's own address.
    station: Mac,
    /// Source and destination as they stand in the header.
    addresses: [u8; 8],
    /// As do the ports.
    ports: [u8; 4],
    /// The greatest total length that the link can carry.
    most: u16,
}

impl Expected {
    /// Whether a frame with these headers belongs to the connection, and is the usual kind of packet, its header intact:
    /// `length` octets, no options, no fragment.
    #[inline]
    fn covers(&self, on: InterfaceId, headers: &[u8], length: usize) -> bool {
        let Some((link, network)) = headers.split_first_chunk::<{ ethernet::HEADER }>() else { return false };
        let Some((network, transport)) = network.split_first_chunk::<{ ipv4::HEADER }>() else {
            return false;
        };
        self.on == on
            && link[..6] == self.station.0
            && link[12..] == EtherType::IPV4.0.to_be_bytes()
            && network[12..] == self.addresses
            && transport[..4] == self.ports
            && length <= usize::from(self.most)
            && ipv4::is_plain(network, IpNumber::TCP, length)
    }
}

impl Host {
    /// Takes a frame that was expected, in one look. False: it was not, and nothing has been done.
    #[inline]
    pub(super) fn accept_expected(&mut self, ctx: &mut Ctx<'_>, on: InterfaceId, frame: &mut Frame) -> bool {
        let Some(expected) = &self.expected else { return false };
        let behind = frame.payload().len();
        let look = if let Some(headers) = frame.headers::<PLAIN>() {
            let length = PLAIN - ethernet::HEADER + behind;
            headers.last_chunk().filter(|_| expected.covers(on, headers, length)).and_then(Look::plain)
        } else if let Some(headers) = frame.headers::<TIMED>() {
            let length = TIMED - ethernet::HEADER + behind;
            headers.last_chunk().filter(|_| expected.covers(on, headers, length)).and_then(Look::timed)
        } else {
            None
        };
        let Some(look) = look else { return false };
        let meta = &frame.meta;
        if meta.frame_check == FrameCheck::Bad || meta.vlan.is_some() || meta.segment_size.is_some() {
            return false;
        }
        if !self.tcp.accept_expected(ctx, expected.connection, &look, frame) {
            return false;
        }
        self.tally.ip.in_receives += 1;
        self.tally.tcp_received += 1;
        true
    }

    /// A segment came the long way, and TCP took it: more like it are expected.
    pub(super) fn expect_more(&mut self, ip: &IpInfo) {
        self.expected = self.expectation(ip);
    }

    fn expectation(&self, ip: &IpInfo) -> Option<Expected> {
        let (ports, connection) = self.tcp.last_between(ip.source, ip.destination)?;
        let interface = self.interface(ip.interface).filter(|it| it.passage() == Passage::Plain)?;
        let (IpAddr::V4(source), IpAddr::V4(destination)) = (ip.source, ip.destination) else { return None };
        let (mut addresses, mut octets) = ([0; 8], [0; 4]);
        addresses[..4].copy_from_slice(&source.octets());
        addresses[4..].copy_from_slice(&destination.octets());
        octets[..2].copy_from_slice(&ports.0.to_be_bytes());
        octets[2..].copy_from_slice(&ports.1.to_be_bytes());
        Some(Expected {
            connection,
            on: ip.interface,
            station: interface.mac(),
            addresses,
            ports: octets,
            most: interface.capabilities().mtu,
        })
    }
}
