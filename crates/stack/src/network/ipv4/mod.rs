//! The IPv4 header (RFC 791 §3.1): checked and taken off on the way up, put in front on the way down.

use core::net::Ipv4Addr;

use etherparse::{IpNumber, Ipv4Header};

use super::options::{self, List, Options};
use crate::checksum::{Sum, fold};
use crate::frame::Frame;
use crate::interface::ethernet;
use crate::trace::DropReason;

/// Octets of a header without options.
pub const HEADER: usize = Ipv4Header::MIN_LEN;

/// What the header of an accepted packet said. The frame now begins behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// What it carries.
    pub protocol: IpNumber,
    /// Its TTL.
    pub ttl: u8,
    /// Its type of service: DSCP (RFC 2474 §3) and ECN (RFC 3168 §5).
    pub tos: u8,
    /// Octets of the header, which an ICMP error puts back to quote it.
    pub header_length: u8,
    /// A fragment: `Some(true)` is the first.
    pub fragment: Option<bool>,
    /// What its options mean.
    pub options: Options,
}

/// Checks the header in one pass, cuts what stands behind the packet and takes the header off.
///
/// # Errors
/// The reason to drop the frame. Nothing has been taken off.
#[inline]
pub fn accept(frame: &mut Frame) -> Result<Accepted, DropReason> {
    let available = frame.len();
    let octets = frame.pull_up(HEADER).ok_or(DropReason::Truncated)?;
    let fixed: [u8; HEADER] = *octets.first_chunk().ok_or(DropReason::Truncated)?;
    if fixed[0] >> 4 != 4 {
        return Err(DropReason::IpBadVersion);
    }
    let header_length = usize::from(fixed[0] & 0x0f) * 4;
    let mut options: &[u8] = &[];
    if header_length != HEADER {
        let octets = frame.pull_up(header_length).ok_or(DropReason::IpBadHeaderLength)?;
        options = octets.get(HEADER..).ok_or(DropReason::IpBadHeaderLength)?;
    }
    let half = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let total_length = usize::from(half(2));
    if total_length < header_length || total_length > available {
        return Err(DropReason::IpBadTotalLength);
    }
    // RFC 1122 §3.2.1.2
    if sum_of(&fixed, options) != 0xffff {
        return Err(DropReason::IpBadChecksum);
    }
    let (more_fragments, offset) = (fixed[6] & 0x20 != 0, half(6) & 0x1fff);
    let accepted = Accepted {
        source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
        destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
        protocol: IpNumber(fixed[9]),
        ttl: fixed[8],
        tos: fixed[1],
        header_length: header_length as u8,
        fragment: (more_fragments || offset != 0).then_some(offset == 0),
        options: if options.is_empty() { Options::Fine } else { options::check(options) },
    };
    if total_length != available {
        // RFC 894 §Frame Format: what pads a short frame is no part of the packet.
        frame.truncate(total_length);
    }
    frame.strip_front(header_length);
    Ok(accepted)
}

/// Who a packet of our own is from, by its header.
pub fn source_of(header: &[u8]) -> Option<Ipv4Addr> {
    header.get(12..)?.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets))
}

/// Whether a header is that of what most packets are: `length` octets, without options, no fragment, carrying `protocol`;
/// and intact. What it says of the others is for [`accept`] to find out.
#[inline]
pub fn is_plain(header: &[u8; HEADER], protocol: IpNumber, length: usize) -> bool {
    header[0] == 0x45
        && header[9] == protocol.0
        && u16::from_be_bytes([header[6], header[7]]) << 2 == 0
        && usize::from(u16::from_be_bytes([header[2], header[3]])) == length
        && Sum::new().with_header(header).is_intact()
}

/// What a header is to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Who sends it.
    pub source: Ipv4Addr,
    /// To whom.
    pub destination: Ipv4Addr,
    /// What it carries.
    pub protocol: IpNumber,
    /// Its TTL.
    pub ttl: u8,
    /// Its type of service: DSCP (RFC 2474 §3) and ECN (RFC 3168 §5).
    pub tos: u8,
    /// Its identification; `None` forbids fragmentation, and none is needed (RFC 6864 §4.1).
    pub identification: Option<u16>,
}

/// Puts a header in front of a frame, which is all its payload: at most 65,515 octets.
#[inline]
pub fn push(frame: &mut Frame, header: &Header) {
    Template::new(header).push(frame, header.identification);
}

/// As [`push`], with options: the payload may be so much shorter.
pub fn push_with_options(frame: &mut Frame, header: &Header, options: &List) {
    let length = options.len();
    frame.push_front_slice(length).copy_from_slice(options.octets());
    frame.meta.checksum = frame.meta.checksum.behind(length as u16);
    push(frame, header);
    let octets = &mut frame.head_mut()[..HEADER + length];
    octets[0] += (length / 4) as u8;
    seal(octets);
}

/// Makes the checksum of a header fit what it says.
pub fn seal(header: &mut [u8]) {
    header[10..12].fill(0);
    let checksum = Sum::new().with(header).finish();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}

/// The options of the packet at the front of a frame whose header has been accepted.
pub fn options_of(frame: &mut Frame, header_length: u8) -> List {
    let octets = frame.pull_up(usize::from(header_length)).and_then(|header| header.get(HEADER..));
    octets.and_then(|octets| List::read(octets).ok()).unwrap_or_default()
}

/// Puts `options`, as long as those that are there, and `destination` into the packet at the front of a frame.
pub fn rewrite(frame: &mut Frame, destination: Ipv4Addr, options: &List) {
    let length = HEADER + options.len();
    debug_assert!(frame.head().len() >= length, "a header is rewritten that was not pulled up");
    let header = &mut frame.head_mut()[..length];
    header[16..HEADER].copy_from_slice(&destination.octets());
    header[HEADER..].copy_from_slice(options.octets());
    seal(header);
}

/// The header of many packets: length and identification are filled in for each.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    octets: [u8; HEADER],
    /// The sum of its 16-bit words.
    sum: u32,
}

impl Template {
    /// What `header` says, besides the identification.
    pub fn new(header: &Header) -> Self {
        let mut octets = [0; HEADER];
        (octets[0], octets[1], octets[8], octets[9]) = (0x45, header.tos, header.ttl, header.protocol.0);
        octets[12..16].copy_from_slice(&header.source.octets());
        octets[16..].copy_from_slice(&header.destination.octets());
        Self { octets, sum: u16::from_be(sum_of(&octets, &[])).into() }
    }

    /// As [`push`].
    #[inline]
    pub fn push(&self, frame: &mut Frame, identification: Option<u16>) {
        let total_length = frame.len() + HEADER;
        self.fill(frame.push_front(), total_length, identification);
        frame.meta.checksum = frame.meta.checksum.behind(HEADER as u16);
    }

    /// As [`push`](Self::push), with the header of an Ethernet frame in front.
    ///
    /// # Panics
    /// When the frame's headroom is used up: our own layers never push that much.
    #[inline]
    pub fn push_on_ethernet(
        &self,
        frame: &mut Frame,
        identification: Option<u16>,
        link: &[u8; ethernet::HEADER],
    ) {
        const BOTH: usize = HEADER + ethernet::HEADER;
        let total_length = frame.len() + HEADER;
        let both = frame.push_front::<BOTH>();
        let (front, network) = both.split_at_mut(ethernet::HEADER);
        front.copy_from_slice(link);
        self.fill(network.try_into().expect("what is left is a header"), total_length, identification);
        frame.meta.checksum = frame.meta.checksum.behind(BOTH as u16);
    }

    /// Writes the header of a packet of `total_length` octets.
    #[inline]
    fn fill(&self, octets: &mut [u8; HEADER], total_length: usize, identification: Option<u16>) {
        debug_assert!(
            u16::try_from(total_length).is_ok(),
            "longer than a length field can say: {total_length}"
        );
        let (identification, flags) = match identification {
            None => (0, 0x4000_u16),
            Some(identification) => (identification, 0),
        };
        // RFC 1624 §3: what is filled in where zeros were is added to the sum.
        let sum = self.sum + (total_length as u32) + u32::from(identification) + u32::from(flags);
        let checksum = !fold(u64::from(sum));
        *octets = self.octets;
        octets[2..4].copy_from_slice(&(total_length as u16).to_be_bytes());
        octets[4..6].copy_from_slice(&identification.to_be_bytes());
        octets[6..8].copy_from_slice(&flags.to_be_bytes());
        octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// The folded sum of a header, in the machine's byte order (RFC 1071 §2 (B)). Without options it is three words: the
/// general loop would cost more than they do.
#[inline]
fn sum_of(octets: &[u8; HEADER], options: &[u8]) -> u16 {
    let ([first, second], rest) = octets.as_chunks::<8>() else { unreachable!("a header has 20 octets") };
    let (sum, carry) = u64::from_ne_bytes(*first).overflowing_add(u64::from_ne_bytes(*second));
    let rest = rest.first_chunk().map_or(0, |rest| u32::from_ne_bytes(*rest));
    let (sum, more) = sum.overflowing_add(u64::from(rest) + u64::from(carry));
    let sum = (sum >> 32) + (sum & 0xffff_ffff) + u64::from(more);
    let mut sum = (sum >> 16) + (sum & 0xffff);
    if !options.is_empty() {
        sum += u64::from(!u16::from_ne_bytes(Sum::new().with(options).finish().to_be_bytes()));
    }
    let sum = (sum >> 16) + (sum & 0xffff);
    ((sum >> 16) + (sum & 0xffff)) as u16
}

#[cfg(test)]
mod tests;
