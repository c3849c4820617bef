//! The packet that an ICMP error is about, as far as it is quoted: enough to find its flow.

use core::net::Ipv4Addr;

use etherparse::{IpNumber, Ipv4HeaderSlice};

use super::ipv4;
use crate::frame::Frame;

/// The beginning of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// Who sent it: this host, if the error is for us.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// What it carried.
    pub protocol: IpNumber,
    /// Whether it was not to be cut.
    pub dont_fragment: bool,
    /// Its whole length.
    pub total_length: u16,
    /// The first octets behind its header: ports, and TCP's sequence number or ICMP's identifier.
    pub transport: [u8; 8],
}

impl Quote {
    /// Reads the packet at the front of a frame. `None` where its header and 8 octets are not there; of a packet that has
    /// not so many, all.
    pub fn read(frame: &mut Frame) -> Option<Self> {
        let first = *frame.pull_up(ipv4::HEADER)?.first()?;
        let header_length = usize::from(first & 0x0f) * 4;
        let fixed = frame.pull_up(ipv4::HEADER)?;
        let total_length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        let there = total_length.saturating_sub(header_length).min(8);
        let octets = frame.pull_up(header_length.max(ipv4::HEADER) + there)?;
        let header = Ipv4HeaderSlice::from_slice(octets).ok()?;
        // Of these none is so short.
        if there < 8 && matches!(header.protocol(), IpNumber::TCP | IpNumber::UDP | IpNumber::ICMP) {
            return None;
        }
        if header.is_fragmenting_payload() && header.fragments_offset().value() != 0 {
            // Not the first fragment: what follows is not the transport's header.
            return None;
        }
        let mut transport = [0; 8];
        transport[..there].copy_from_slice(octets.get(header_length..header_length + there)?);
        Some(Self {
            source: header.source_addr(),
            destination: header.destination_addr(),
            protocol: header.protocol(),
            dont_fragment: header.dont_fragment(),
            total_length: header.total_len(),
            transport,
        })
    }

    /// The first two 16-bit words behind its header: source and destination port.
    pub fn ports(&self) -> (u16, u16) {
        let [a, b, c, d, ..] = self.transport;
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }

    /// The next 32 bits: TCP's sequence number.
    pub fn sequence(&self) -> u32 {
        let [.., a, b, c, d] = self.transport;
        u32::from_be_bytes([a, b, c, d])
    }
}
