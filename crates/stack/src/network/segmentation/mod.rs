//! Segmentation: a super-frame is cut into the frames that it stands for, as a network card does it for its host. Headers
//! are copied and made to fit; the payload is not copied: each segment holds a slice of it.
//!
//! What is cut says in its meta how large its segments are. Of TCP each gets its own sequence number, and of UDP, where one
//! long datagram stands for many of one flow, its own length; a packet that is a fragment, or is of neither, cannot be cut.

use core::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, IpNumber};

use super::fragment::{Fit, fit};
use super::ipv4;
use crate::checksum::{self, Sum};
use crate::frame::{Checksum, Frame, Medium, Meta};
use crate::interface::{Capabilities, ethernet, vlan};
use crate::trace::DropReason;

/// Octets of a TCP header without options, and of UDP's.
const TCP: usize = 20;
const UDP: usize = 8;
/// Where the checksum stands in each.
const TCP_CHECKSUM: usize = 16;
const UDP_CHECKSUM: usize = 6;
/// TCP's control bits, as far as they matter here.
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const URG: u8 = 0x20;
const CWR: u8 = 0x80;
/// Tags that may stand in front of a packet.
const MOST_TAGS: usize = 2;

/// What cannot be cut.
const MALFORMED: DropReason = DropReason::SuperFrameMalformed;

/// How the headers lie in a super-frame.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// Where the IP header begins, where the transport's does, and where the payload.
    network: usize,
    transport: usize,
    payload: usize,
    /// One past the packet's last octet: what follows pads the frame.
    end: usize,
    is_tcp: bool,
    /// Octets of payload in each segment.
    size: usize,
}

impl Layout {
    /// Reads the headers of a super-frame, whose packet begins at octet `network`, into its header buffer.
    fn read(frame: &mut Frame, network: usize) -> Option<Self> {
        let size = frame.meta.segment_size.filter(|size| *size > 0)?.into();
        let available = frame.len();
        let ip = frame.pull_up(network + ipv4::HEADER)?.get(network..)?;
        let (version, length) = (ip[0] >> 4, usize::from(ip[0] & 0x0f) * 4);
        let half = |at: usize| u16::from_be_bytes([ip[at], ip[at + 1]]);
        let (total, protocol) = (usize::from(half(2)), IpNumber(ip[9]));
        // Neither of its flags and offset but "don't fragment".
        let is_fragment = half(6) << 2 != 0;
        let (transport, end) = (network + length, network + total);
        if version != 4 || length < ipv4::HEADER || is_fragment || end > available {
            return None;
        }
        let is_tcp = protocol == IpNumber::TCP;
        let header = if is_tcp {
            let octets = frame.pull_up(transport + TCP)?;
            usize::from(octets[transport + 12] >> 4) * 4
        } else {
            UDP
        };
        if (is_tcp && header < TCP) || !(is_tcp || protocol == IpNumber::UDP) {
            return None;
        }
        let payload = transport + header;
        frame.pull_up(payload)?;
        (payload <= end).then_some(Self { network, transport, payload, end, is_tcp, size })
    }

    /// How many segments it makes.
    const fn count(&self) -> usize {
        let segments = (self.end - self.payload).div_ceil(self.size);
        if segments == 0 { 1 } else { segments }
    }

    /// Where the transport's checksum stands.
    const fn checksum_at(&self) -> usize {
        self.transport + if self.is_tcp { TCP_CHECKSUM } else { UDP_CHECKSUM }
    }

    /// The sum of the pseudo-header of its segments, but for the length.
    fn pseudo_header(&self, head: &[u8]) -> Option<Sum> {
        let address = |at: usize| {
            let octets = head.get(self.network + at..)?.first_chunk::<4>()?;
            Some(IpAddr::V4(Ipv4Addr::from(*octets)))
        };
        let protocol = if self.is_tcp { IpNumber::TCP } else { IpNumber::UDP };
        Some(checksum::pseudo_header(&address(12)?, &address(16)?, protocol.0, 0))
    }
}

/// Where the packet begins in a frame as it is on a link. `None` where the frame carries something else than IPv4, or is
/// cut off.
fn packet_at(frame: &mut Frame) -> Option<usize> {
    if frame.meta.medium == Medium::PointToPoint {
        return Some(0);
    }
    let mut begin = ethernet::HEADER;
    for _ in 0..=MOST_TAGS {
        let octets = frame.pull_up(begin)?.get(begin - 2..)?.first_chunk()?;
        match EtherType(u16::from_be_bytes(*octets)) {
            EtherType::IPV4 => return Some(begin),
            other if vlan::is_tag(other) => begin += vlan::TAG,
            _ => return None,
        }
    }
    None
}

/// How many frames a frame as it is on a link stands for: more than one only for a super-frame that can be cut. So many
/// names are its own.
#[cold]
pub fn count(frame: &mut Frame) -> u32 {
    if frame.meta.segment_size.is_none() {
        return 1;
    }
    let layout = packet_at(frame).and_then(|network| Layout::read(frame, network));
    layout.map_or(1, |layout| layout.count() as u32)
}

/// Whether the packet at the front of a frame is a super-frame that a link does not take: it is cut before it goes there.
pub fn must_be_cut(frame: &mut Frame, link: &Capabilities) -> bool {
    frame.meta.segment_size.is_some()
        && (frame.len() > link.max_super_frame as usize || fit(frame, link.mtu.into()) != Fit::Whole)
}

/// Cuts a super-frame as it is on a link. What is asked of the segments' checksums is what was asked of its own.
///
/// # Errors
/// The reason to drop it, as for [`cut`].
pub fn cut_frame(mut frame: Frame) -> Result<Segments, DropReason> {
    let network = packet_at(&mut frame).ok_or(MALFORMED)?;
    let partial = matches!(frame.meta.checksum, Checksum::Partial { .. });
    cut(frame, network, partial)
}

/// Cuts the super-frame whose packet begins at octet `network` of `frame`. Its segments have their checksums `partial`, for
/// a link that completes them, or whole.
///
/// The first segment has the super-frame's name, and the others the names that follow.
///
/// # Errors
/// `SuperFrameMalformed` where it is nothing that can be cut, or its own checksum does not fit: its segments would have
/// checksums that do.
pub fn cut(mut frame: Frame, network: usize, partial: bool) -> Result<Segments, DropReason> {
    let layout = Layout::read(&mut frame, network).ok_or(MALFORMED)?;
    frame.truncate(layout.end);
    let head = frame.head();
    let pseudo_header = layout.pseudo_header(head).ok_or(MALFORMED)?;
    let network = &head[layout.network..layout.transport];
    let is_sealed = Sum::new().with(network).is_intact();
    // RFC 768 §Fields: zero where there is none.
    let unsummed = !layout.is_tcp && head[layout.checksum_at()..].starts_with(&[0, 0]);
    let sum = || pseudo_header.with_u16((layout.end - layout.transport) as u16);
    let is_broken = frame.meta.checksum == Checksum::Complete
        && !unsummed
        && !frame.sum_from(layout.transport, sum()).is_intact();
    let flags = if layout.is_tcp { head[layout.transport + 13] } else { 0 };
    if !is_sealed || is_broken || (layout.count() > 1 && flags & (SYN | RST) != 0) {
        return Err(MALFORMED);
    }
    let unsummed = unsummed && !matches!(frame.meta.checksum, Checksum::Partial { .. });
    Ok(Segments { layout, pseudo_header, partial, unsummed, index: 0, whole: frame })
}

/// The segments of a super-frame, in order.
#[derive(Debug)]
pub struct Segments {
    layout: Layout,
    pseudo_header: Sum,
    /// Their checksums are left to the link.
    partial: bool,
    /// They have none.
    unsummed: bool,
    index: usize,
    /// The super-frame, its headers pulled up.
    whole: Frame,
}

impl Segments {
    /// How far the next one is into the payload.
    const fn skipped(&self) -> usize {
        self.index * self.layout.size
    }

    /// Makes the headers in front of a segment its own. It carries `length` octets.
    fn adjust(&self, head: &mut [u8], length: usize) {
        let Layout { network, transport, payload, is_tcp, .. } = self.layout;
        let (skipped, last) = (self.skipped(), self.index + 1 == self.layout.count());
        let add = |field: &mut [u8], number: u16| {
            let old = u16::from_be_bytes([field[0], field[1]]);
            field[..2].copy_from_slice(&old.wrapping_add(number).to_be_bytes());
        };
        let ip = &mut head[network..transport];
        let total = (payload - network + length) as u16;
        ip[2..4].copy_from_slice(&total.to_be_bytes());
        add(&mut ip[4..6], self.index as u16);
        ipv4::seal(ip);
        let header = &mut head[transport..payload];
        if !is_tcp {
            header[4..6].copy_from_slice(&((UDP + length) as u16).to_be_bytes());
            return;
        }
        let sequence = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        header[4..8].copy_from_slice(&sequence.wrapping_add(skipped as u32).to_be_bytes());
        if !last {
            header[13] &= !(FIN | PSH);
        }
        if self.index > 0 {
            // RFC 3168 §6.1.2: it is said once.
            header[13] &= !CWR;
        }
        // RFC 9293 §3.1: the urgent pointer counts from the segment's own sequence number.
        let urgent = usize::from(u16::from_be_bytes([header[18], header[19]]));
        if header[13] & URG != 0 {
            let left = urgent.saturating_sub(skipped) as u16;
            header[18..20].copy_from_slice(&left.to_be_bytes());
            header[13] &= if left == 0 { !URG } else { 0xff };
        }
    }

    /// Gives a segment the checksum that is asked for.
    fn seal(&self, segment: &mut Frame) {
        let Layout { transport, .. } = self.layout;
        let at = self.layout.checksum_at();
        let length = segment.len() - transport;
        segment.meta.checksum = Checksum::Complete;
        segment.head_mut()[at..at + 2].fill(0);
        if self.unsummed {
            return;
        }
        let sum = self.pseudo_header.with_u16(length as u16);
        let checksum = if self.partial {
            segment.meta.checksum =
                Checksum::Partial { start: transport as u16, offset: (at - transport) as u16 };
            !sum.finish()
        } else {
            match segment.sum_from(transport, sum).finish() {
                // RFC 768 §Fields: zero would say that there is none.
                0 if !self.layout.is_tcp => 0xffff,
                checksum => checksum,
            }
        };
        segment.head_mut()[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    }
}

impl Iterator for Segments {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let Layout { payload, end, size, .. } = self.layout;
        if self.index >= self.layout.count() {
            return None;
        }
        let begin = payload + self.skipped();
        let length = size.min(end - begin);
        let mut meta = Meta { segment_size: None, ..self.whole.meta };
        meta.id.counter += self.index as u64;
        let mut segment = self.whole.piece(begin, length, meta);
        let head = segment.push_front_slice(payload);
        head.copy_from_slice(&self.whole.head()[..payload]);
        self.adjust(head, length);
        self.seal(&mut segment);
        self.index += 1;
        Some(segment)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.layout.count() - self.index.min(self.layout.count());
        (left, Some(left))
    }
}

impl ExactSizeIterator for Segments {}

#[cfg(test)]
pub(crate) mod tests;
