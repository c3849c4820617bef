//! Makes checksums fit, so that a change reaches the code behind them.

use std::net::IpAddr;

use wirelab_stack::checksum::{Sum, pseudo_header};

/// Of an Ethernet frame that carries IPv4.
pub fn frame(octets: &mut [u8]) {
    if octets.get(12..14) == Some(&[8, 0]) {
        packet(&mut octets[14..]);
    }
}

/// Of an IPv4 packet and what it carries. A fragment's message is not whole, and keeps the checksum that it has.
pub fn packet(octets: &mut [u8]) {
    let Some(header) = header(octets) else { return };
    if u16::from_be_bytes([octets[6], octets[7]]) & 0x3fff != 0 {
        return;
    }
    let end = |at: usize| IpAddr::from([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
    let (source, destination, protocol) = (end(12), end(16), octets[9]);
    let total = usize::from(u16::from_be_bytes([octets[2], octets[3]])).clamp(header, octets.len());
    let message = &mut octets[header..total];
    let (place, sum) = match protocol {
        1 | 2 => (2, Sum::new()),
        6 => (16, pseudo_header(&source, &destination, 6, message.len() as u32)),
        17 => (6, pseudo_header(&source, &destination, 17, message.len() as u32)),
        _ => return,
    };
    if message.len() >= place + 2 {
        message[place..place + 2].fill(0);
        let sum = sum.with(message).finish();
        message[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Of an IPv4 header alone; its length, as far as there are octets.
pub fn header(octets: &mut [u8]) -> Option<usize> {
    if octets.len() < 20 {
        return None;
    }
    let header = (usize::from(octets[0] & 15) * 4).clamp(20, octets.len());
    octets[10..12].fill(0);
    let sum = Sum::new().with(&octets[..header]).finish();
    octets[10..12].copy_from_slice(&sum.to_be_bytes());
    Some(header)
}
