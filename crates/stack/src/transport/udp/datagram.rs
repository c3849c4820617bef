//! The UDP header (RFC 768 §Fields): pushed in front of a payload, checked when it arrives.

use core::net::SocketAddr;

use etherparse::{IpNumber, UdpHeader, UdpHeaderSlice};

use crate::checksum::pseudo_header;
use crate::frame::{Checksum, Frame};
use crate::trace::DropReason;
use crate::transport::IpInfo;

/// Octets of the header.
pub const HEADER: usize = UdpHeader::LEN;

/// The longest payload that fits an IPv4 packet.
pub const MAX_PAYLOAD: usize = 65_535 - 20 - HEADER;

/// Ports of a datagram that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    pub source_port: u16,
    pub destination_port: u16,
}

/// Checks the datagram at the front of a frame and cuts what stands behind it.
pub fn accept(ip: &IpInfo, frame: &mut Frame) -> Result<Ports, DropReason> {
    let available = frame.len();
    let octets = frame.pull_up(HEADER).ok_or(DropReason::UdpMalformed)?;
    let header = UdpHeaderSlice::from_slice(octets).map_err(|_| DropReason::UdpMalformed)?;
    let ports = Ports { source_port: header.source_port(), destination_port: header.destination_port() };
    let (length, checksum) = (usize::from(header.length()), header.checksum());
    if !(HEADER..=available).contains(&length) || ports.destination_port == 0 {
        return Err(DropReason::UdpMalformed);
    }
    frame.truncate(length);
    // RFC 768 §Fields: all zero says that the sender made none; RFC 8200 §8.1 has no such choice.
    let none = checksum == 0 && ip.source.is_ipv4();
    if matches!(ip.checksum, Checksum::Complete) && !none {
        let sum = pseudo_header(&ip.source, &ip.destination, IpNumber::UDP.0, length as u32);
        if !frame.sum(sum).is_intact() {
            return Err(DropReason::UdpBadChecksum);
        }
    }
    Ok(ports)
}

/// Puts a header in front of a frame, which is all its payload: at most [`MAX_PAYLOAD`] octets. Where the link
/// completes checksums, the sum of the pseudo-header is enough.
pub fn push(frame: &mut Frame, source: SocketAddr, destination: SocketAddr, partial: bool) {
    let length = (frame.len() + HEADER) as u16;
    let header =
        UdpHeader { source_port: source.port(), destination_port: destination.port(), length, checksum: 0 };
    *frame.push_front::<HEADER>() = header.to_bytes();
    let sum = pseudo_header(&source.ip(), &destination.ip(), IpNumber::UDP.0, u32::from(length));
    let checksum = if partial {
        frame.meta.checksum = Checksum::Partial { start: 0, offset: 6 };
        !sum.finish()
    } else {
        // RFC 768 §Fields: a sum of zero is sent as all ones.
        match frame.sum(sum).finish() {
            0 => 0xffff,
            checksum => checksum,
        }
    };
    frame.head_mut()[6..HEADER].copy_from_slice(&checksum.to_be_bytes());
}
