//! Fragmentation (RFC 791 §3.2): a packet is cut to an MTU, at its source or at a router. Headers are copied; the payload
//! is not: fragments hold slices of it.

use etherparse::IpNumber;

use super::ipv4::{self, HEADER};
use super::options::List;
use crate::frame::{Frame, Meta};
use crate::trace::Cause;

/// The flags and the unit of the offset, in the header's fourth 16-bit word.
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;
const UNIT: usize = 8;
/// Octets of UDP's header (RFC 768 §Format), and of TCP's with all options.
const UDP_HEADER: usize = 8;
const LONGEST_HEADER: usize = 60;

/// What a link's MTU means for a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// It goes as it is.
    Whole,
    /// It has to be cut, and may be.
    InPieces,
    /// It would have to be cut, and must not be (RFC 1812 §5.2.6: fragmentation needed and DF set).
    TooBig,
}

/// What an MTU of `mtu` octets means for the packet at the front of a frame. Of a super-frame each segment has to fit, or
/// may be cut: whoever sends it cuts it into its segments first.
pub fn fit(frame: &mut Frame, mtu: usize) -> Fit {
    if frame.len() <= mtu {
        return Fit::Whole;
    }
    let Some((length, word)) = read(frame) else { return Fit::TooBig };
    if let Some(size) = frame.meta.segment_size {
        let header = length + transport_header(frame, length).unwrap_or(LONGEST_HEADER);
        if header + usize::from(size) <= mtu {
            return Fit::Whole;
        }
    }
    if word & DONT_FRAGMENT == 0 && length + UNIT <= mtu { Fit::InPieces } else { Fit::TooBig }
}

/// Octets of the header behind an IP header of `length` octets: of UDP, or of TCP, whose length is in its thirteenth octet
/// (RFC 9293 §3.1).
fn transport_header(frame: &mut Frame, length: usize) -> Option<usize> {
    let octets = frame.pull_up(length + 13)?;
    let is_udp = octets[9] == IpNumber::UDP.0;
    Some(if is_udp { UDP_HEADER } else { usize::from(octets.last()? >> 4) * 4 })
}

/// Length of the header in front, and its word of flags and offset.
fn read(frame: &mut Frame) -> Option<(usize, u16)> {
    let fixed = frame.pull_up(HEADER)?;
    let (length, word) = (usize::from(fixed[0] & 0x0f) * 4, u16::from_be_bytes([fixed[6], fixed[7]]));
    let octets = frame.pull_up(length)?;
    (octets.len() >= HEADER).then_some((length, word))
}

/// Cuts the packet at the front of a frame into fragments of at most `mtu` octets. `None` where no fragment could carry
/// anything, or it is no packet; whether it may be cut is for [`fit`] to say.
pub fn cut(mut frame: Frame, mtu: usize) -> Option<Fragments> {
    let (length, word) = read(&mut frame)?;
    // What the link would have completed it cannot complete in pieces.
    frame.complete_checksum();
    let options = ipv4::options_of(&mut frame, length as u8);
    let mut first = [0; 60];
    first[..length].copy_from_slice(&frame.head()[..length]);
    frame.strip_front(length);
    let copied = options.copied();
    (mtu >= length + UNIT).then_some(Fragments {
        first,
        first_length: length,
        copied,
        word,
        mtu,
        body: frame,
        at: 0,
    })
}

/// The fragments of a packet, in order.
#[derive(Debug)]
pub struct Fragments {
    /// The packet's own header, which the first one gets.
    first: [u8; 60],
    first_length: usize,
    /// The options of the others.
    copied: List,
    /// Its flags and offset: it may be a fragment itself.
    word: u16,
    mtu: usize,
    /// What is to be cut.
    body: Frame,
    at: usize,
}

impl Iterator for Fragments {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let left = self.body.len().checked_sub(self.at).filter(|left| *left > 0)?;
        let header_length = if self.at == 0 { self.first_length } else { HEADER + self.copied.len() };
        let room = self.mtu - header_length;
        // RFC 791 §3.2: all but the last carry a multiple of 8 octets.
        let length = if left <= room { left } else { room / UNIT * UNIT };
        let Meta { cause, trigger, .. } = self.body.meta;
        // The first stands for the datagram; the others are pieces of it.
        let meta = Meta::new(if self.at == 0 { cause } else { Cause::Fragment }, trigger);
        let mut frame = self.body.piece(self.at, length, meta);
        let header = frame.push_front_slice(header_length);
        header[..HEADER].copy_from_slice(&self.first[..HEADER]);
        if self.at == 0 {
            header.copy_from_slice(&self.first[..header_length]);
        } else {
            header[HEADER..].copy_from_slice(self.copied.octets());
        }
        header[0] = 0x40 | (header_length / 4) as u8;
        header[2..4].copy_from_slice(&((header_length + length) as u16).to_be_bytes());
        let offset = (self.word & OFFSET) + (self.at / UNIT) as u16;
        let more = if length < left { MORE_FRAGMENTS } else { self.word & MORE_FRAGMENTS };
        header[6..8].copy_from_slice(&(offset | more).to_be_bytes());
        ipv4::seal(header);
        self.at += length;
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use bytes::Bytes;
    use etherparse::Ipv4HeaderSlice;
    use proptest::prelude::*;

    use super::*;
    use crate::checksum::Sum;
    use crate::frame::Checksum;
    use crate::network::ipv4::Header;
    use crate::trace::Trigger;

    fn packet(identification: Option<u16>, options: &List, head: usize, body: &Bytes) -> Frame {
        let mut frame = Frame::with_payload(body.slice(head..), Meta::new(Cause::UdpData, Trigger::Call));
        frame.push_front_slice(head).copy_from_slice(&body[..head]);
        let header = Header {
            source: Ipv4Addr::new(10, 0, 0, 1),
            destination: Ipv4Addr::new(10, 0, 0, 2),
            protocol: IpNumber::UDP,
            ttl: 9,
            tos: 0x2b,
            identification,
        };
        ipv4::push_with_options(&mut frame, &header, options);
        frame
    }

    fn octets(length: usize) -> Bytes {
        (0..length).map(|number| number as u8).collect()
    }

    /// What a packet's fields say: offset, more to come, length behind the header, options.
    fn fields(frame: &Frame) -> (usize, bool, usize, Vec<u8>) {
        let octets = frame.to_vec();
        let header = Ipv4HeaderSlice::from_slice(&octets).unwrap();
        assert_eq!(usize::from(header.total_len()), octets.len());
        assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
        (
            usize::from(header.fragments_offset().value()) * 8,
            header.more_fragments(),
            octets.len() - header.slice().len(),
            header.options().to_vec(),
        )
    }

    #[test]
    fn what_fits_goes_whole_and_what_must_not_be_cut_is_too_big() {
        // RFC 791 §3.2; RFC 1812 §5.2.6
        let of = |identification, mtu| fit(&mut packet(identification, &List::EMPTY, 8, &octets(100)), mtu);
        assert_eq!((of(None, 120), of(Some(1), 120)), (Fit::Whole, Fit::Whole));
        assert_eq!((of(None, 119), of(Some(1), 119)), (Fit::TooBig, Fit::InPieces));
        assert_eq!(of(Some(1), 27), Fit::TooBig, "no room for 8 octets");
    }

    #[test]
    fn of_a_super_frame_each_segment_has_to_fit() {
        let of = |identification, protocol: IpNumber, mtu| {
            let mut frame = packet(identification, &List::EMPTY, 20, &octets(3020));
            frame.head_mut()[9] = protocol.0;
            frame.head_mut()[20 + 12] = 0x50;
            frame.meta.segment_size = Some(1000);
            fit(&mut frame, mtu)
        };
        assert_eq!((of(None, IpNumber::TCP, 1040), of(None, IpNumber::TCP, 1039)), (Fit::Whole, Fit::TooBig));
        assert_eq!((of(None, IpNumber::UDP, 1028), of(None, IpNumber::UDP, 1027)), (Fit::Whole, Fit::TooBig));
        // RFC 1812 §5.2.6: nobody is told that what may be cut is too big.
        assert_eq!(of(Some(7), IpNumber::TCP, 1039), Fit::InPieces);
    }

    #[test]
    fn only_copied_options_are_repeated() {
        // RFC 791 §3.1
        let options = List::read(&[7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0]).unwrap();
        let fragments: Vec<_> = cut(packet(Some(7), &options, 8, &octets(100)), 76)
            .unwrap()
            .map(|frame| fields(&frame))
            .collect();
        let alert = vec![148, 4, 0, 0];
        assert_eq!(
            fragments,
            [(0, true, 40, options.octets().to_vec()), (40, true, 48, alert.clone()), (88, false, 12, alert)]
        );
    }

    #[test]
    fn the_first_stands_for_the_datagram() {
        let causes = |mtu| {
            let pieces = cut(packet(Some(7), &List::EMPTY, 8, &octets(100)), mtu).unwrap();
            pieces.map(|piece| piece.meta.cause).collect::<Vec<_>>()
        };
        assert_eq!(causes(68), [Cause::UdpData, Cause::Fragment, Cause::Fragment]);
    }

    #[test]
    fn payload_is_not_copied() {
        let body = octets(4000);
        let inside = body.as_ptr_range();
        for piece in cut(packet(Some(7), &List::EMPTY, 8, &body), 1500).unwrap() {
            assert!(inside.contains(&piece.payload().as_ptr()) && piece.payload().len() > 1000);
        }
    }

    #[test]
    fn a_partial_checksum_is_completed_before_the_cut() {
        let mut frame = packet(Some(7), &List::EMPTY, 8, &octets(1001));
        frame.meta.checksum = Checksum::Partial { start: 20, offset: 6 };
        let whole: Vec<u8> =
            cut(frame, 100).unwrap().flat_map(|piece| piece.to_vec()[20..].to_vec()).collect();
        // What stood there, the sum of the pseudo-header, counts too.
        assert!(Sum::new().with_u16(0x0607).with(&whole).is_intact());
    }

    #[test]
    fn no_room_no_fragments() {
        let frame = packet(Some(7), &List::record_route(9), 8, &octets(100));
        assert!(cut(frame.clone(), 67).is_none() && cut(frame, 68).is_some());
    }

    proptest! {
        #[test]
        fn pieces_of_pieces_are_pieces_of_the_whole(
            length in 9_usize..5000, head in 0_usize..=8, mtus in proptest::collection::vec(68_usize..1600, 1..4),
            options in proptest::sample::select(vec![List::EMPTY, List::router_alert(), List::record_route(9)])
        ) {
            let body = octets(length);
            let mut frames = vec![packet(Some(7), &options, head, &body)];
            for mtu in &mtus {
                frames = frames
                    .into_iter()
                    .flat_map(|mut frame| match fit(&mut frame, *mtu) {
                        Fit::InPieces => cut(frame, *mtu).unwrap().collect(),
                        _ => vec![frame],
                    })
                    .collect();
            }
            let mut at = 0;
            let count = frames.len();
            for (number, frame) in frames.iter().enumerate() {
                let (offset, more, carried, _) = fields(frame);
                prop_assert!(frame.len() <= *mtus.iter().min().unwrap());
                prop_assert_eq!((offset, more), (at, number + 1 < count));
                let octets = frame.to_vec();
                prop_assert_eq!(&octets[octets.len() - carried..], &body[at..at + carried]);
                prop_assert_eq!((octets[1], octets[8], &octets[4..6]), (0x2b, 9, &[0, 7][..]));
                at += carried;
            }
            prop_assert_eq!(at, length);
        }
    }
}
