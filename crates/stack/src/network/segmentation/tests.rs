//! Super-frames cut: each segment stands for itself, and together they are what was cut.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::addr::Mac;
use crate::frame::{FrameId, NodeId};
use crate::interface::ethernet::header as link_header;
use crate::network::ipv4::Header;
use crate::network::options::List;
use crate::trace::{Cause, Trigger};

/// What a super-frame is made of.
#[derive(Clone, Debug)]
pub struct Build {
    pub station: Mac,
    pub ends: [Ipv4Addr; 2],
    pub is_tcp: bool,
    pub partial: bool,
    /// Octets of options, in fours: IP's, and TCP's.
    pub options: (usize, usize),
    pub flags: u8,
    pub seq: u32,
    pub urgent: u16,
    /// Without one it must not be fragmented.
    pub identification: Option<u16>,
    pub size: u16,
    pub payload: usize,
}

impl Default for Build {
    fn default() -> Self {
        let (options, identification) = ((0, 0), Some(7));
        Self {
            station: Mac([2, 0, 0, 0, 0, 1]),
            ends: [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)],
            is_tcp: true,
            partial: false,
            options,
            flags: 0x18,
            seq: 5,
            urgent: 0,
            identification,
            size: 1000,
            payload: 3500,
        }
    }
}

pub fn octets(length: usize) -> Bytes {
    (0..length).map(|number| (number * 7 + number / 251) as u8).collect()
}

impl Build {
    /// The frame as its host gives it to an Ethernet link.
    pub fn frame(&self) -> Frame {
        let mut meta = Meta::new(Cause::NewData, Trigger::Call);
        meta.id = FrameId { origin: NodeId(3), counter: 40 };
        meta.segment_size = Some(self.size);
        let mut frame = Frame::with_payload(octets(self.payload), meta);
        let at = if self.is_tcp {
            frame.push_front_slice(self.options.1 * 4).fill(1);
            let header = frame.push_front::<TCP>();
            header[..4].copy_from_slice(&[0, 80, 1, 2]);
            header[4..8].copy_from_slice(&self.seq.to_be_bytes());
            header[8..12].copy_from_slice(&[9; 4]);
            header[12] = (5 + self.options.1 as u8) << 4;
            header[13] = self.flags;
            header[14..18].copy_from_slice(&[0x12, 0x34, 0, 0]);
            header[18..].copy_from_slice(&self.urgent.to_be_bytes());
            TCP_CHECKSUM
        } else {
            let length = (self.payload + UDP) as u16;
            let header = frame.push_front::<UDP>();
            header.copy_from_slice(&[0, 53, 1, 2, 0, 0, 0, 0]);
            header[4..6].copy_from_slice(&length.to_be_bytes());
            UDP_CHECKSUM
        };
        let protocol = if self.is_tcp { IpNumber::TCP } else { IpNumber::UDP };
        let sum = self.pseudo_header(protocol, frame.len());
        let checksum = if self.partial { !sum.finish() } else { frame.sum(sum).finish() };
        frame.head_mut()[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
        if self.partial {
            frame.meta.checksum = Checksum::Partial { start: 0, offset: at as u16 };
        }
        let (identification, [source, destination]) = (self.identification, self.ends);
        let header = Header { source, destination, protocol, ttl: 9, tos: 2, identification };
        let options = List::read(&vec![1; self.options.0 * 4]).unwrap();
        ipv4::push_with_options(&mut frame, &header, &options);
        let from = Mac([2, 0, 0, 0, 0, 2]);
        ethernet::push(&mut frame, &link_header(self.station, from, EtherType::IPV4));
        frame
    }

    fn pseudo_header(&self, protocol: IpNumber, length: usize) -> Sum {
        let [source, destination] = self.ends.map(IpAddr::V4);
        checksum::pseudo_header(&source, &destination, protocol.0, length as u32)
    }
}

/// A segment as a receiver reads it.
pub struct Read {
    pub identification: u16,
    pub transport: Vec<u8>,
    pub payload: Bytes,
}

/// Reads a segment; its checksums are right, once the link has done its part.
#[track_caller]
pub fn read(mut frame: Frame, is_tcp: bool) -> Read {
    frame.complete_checksum();
    assert_eq!((frame.meta.checksum, frame.meta.segment_size), (Checksum::Complete, None));
    frame.pull_up(ethernet::HEADER).unwrap();
    frame.strip_front(ethernet::HEADER);
    let head = frame.pull_up(ipv4::HEADER).unwrap();
    let identification = u16::from_be_bytes([head[4], head[5]]);
    let total = frame.len();
    let packet = ipv4::accept(&mut frame).unwrap();
    assert_eq!(frame.len(), total - usize::from(packet.header_length), "the total length is the frame's");
    let ends = [packet.source, packet.destination];
    let sum = Build { ends, ..Build::default() }.pseudo_header(packet.protocol, frame.len());
    assert!(frame.sum(sum).is_intact(), "the checksum fits");
    let octets = frame.to_vec();
    let length = if is_tcp { usize::from(octets[12] >> 4) * 4 } else { UDP };
    Read { identification, transport: octets[..length].to_vec(), payload: frame.into_payload(length) }
}

fn sequence(segment: &Read) -> u32 {
    u32::from_be_bytes(*segment.transport[4..].first_chunk().unwrap())
}

proptest! {
    #[test]
    fn segments_together_are_what_was_cut(
        is_tcp: bool, partial: bool, options in (0_usize..=10, 0_usize..=10), flags in 0_u8..=255, seq: u32,
        identification: u16, size in 1_u16..3000, payload in 0_usize..20_000, wire: bool,
    ) {
        let flags = flags & !(SYN | RST | URG);
        let payload = payload.min(usize::from(size) * 60);
        let build = Build {
            is_tcp, partial, options, flags, seq, identification: Some(identification), size, payload,
            ..Build::default()
        };
        let mut whole = build.frame();
        if wire {
            whole = Frame::from_wire(whole.to_vec().into(), whole.meta);
        }
        prop_assert_eq!(count(&mut whole.clone()) as usize, payload.div_ceil(size.into()).max(1));
        let segments = cut_frame(whole.clone()).unwrap();
        let expected = segments.len();
        let segments: Vec<_> = segments.collect();
        prop_assert_eq!(segments.len(), expected);
        let mut at = 0;
        for (index, segment) in segments.into_iter().enumerate() {
            prop_assert_eq!(segment.meta.id, FrameId { origin: NodeId(3), counter: 40 + index as u64 });
            prop_assert_eq!(segment.meta.cause, Cause::NewData);
            let is_partial = matches!(segment.meta.checksum, Checksum::Partial { .. });
            prop_assert_eq!(is_partial, partial);
            let segment = read(segment, is_tcp);
            let last = index + 1 == expected;
            prop_assert_eq!(segment.identification, identification.wrapping_add(index as u16));
            if is_tcp {
                prop_assert_eq!(sequence(&segment), seq.wrapping_add(at as u32));
                let mut left = flags;
                left &= if last { 0xff } else { !(FIN | PSH) };
                left &= if index == 0 { 0xff } else { !CWR };
                prop_assert_eq!(segment.transport[13], left);
                prop_assert_eq!(segment.transport.len(), TCP + 4 * options.1);
            } else {
                prop_assert_eq!(&segment.transport[4..6], &((UDP + segment.payload.len()) as u16).to_be_bytes());
            }
            prop_assert!(segment.payload.len() == usize::from(size) || last);
            prop_assert_eq!(&segment.payload[..], &octets(payload)[at..at + segment.payload.len()]);
            at += segment.payload.len();
        }
        prop_assert_eq!(at, payload);
    }

    #[test]
    fn arbitrary_octets_do_no_harm(
        octets in proptest::collection::vec(any::<u8>(), 0..200), size: Option<u16>, partial: bool, plain: bool,
        like_ip: bool,
    ) {
        let mut octets = octets;
        if like_ip && octets.len() > 33 {
            let at = if plain { 0 } else { 14 };
            octets[12..14].copy_from_slice(&[8, 0]);
            octets[at] = 0x45 | octets[at] & 1;
            let total = (octets.len() - at) as u16;
            octets[at + 2..at + 4].copy_from_slice(&total.to_be_bytes());
            octets[at + 9] = if octets[at + 9] & 1 == 0 { 6 } else { 17 };
            octets[at + 6..at + 8].fill(0);
            ipv4::seal(&mut octets[at..at + 20]);
        }
        let mut meta = Meta::new(Cause::Raw, Trigger::Call);
        meta.segment_size = size;
        meta.checksum = if partial { Checksum::Partial { start: 9, offset: 3 } } else { Checksum::Unchecked };
        meta.medium = if plain { Medium::PointToPoint } else { Medium::Ethernet };
        let whole = octets.len();
        let mut frame = Frame::from_wire(octets.into(), meta);
        let named = count(&mut frame);
        if let Ok(segments) = cut_frame(frame) {
            prop_assert_eq!(segments.len(), named as usize);
            for segment in segments {
                prop_assert!(segment.len() <= whole);
            }
        }
    }

    #[test]
    fn any_flipped_bit_of_the_segment_is_seen(bit in 34 * 8_usize..(54 + 3500) * 8) {
        // Its segments would have checksums that fit: nobody behind here could see it.
        let mut frame = Build::default().frame();
        frame.flip_bit(bit);
        prop_assert_eq!(cut_frame(frame).err(), Some(MALFORMED));
    }
}

#[test]
fn payload_is_not_copied() {
    let whole = Build::default().frame();
    let inside = whole.payload().as_ptr_range();
    for segment in cut_frame(whole.clone()).unwrap() {
        assert!(inside.contains(&segment.payload().as_ptr()) && segment.head_length() == 54);
    }
}

#[test]
fn what_is_one_segment_stays_what_it_is() {
    for payload in [0, 1, 1000] {
        let whole = Build { payload, flags: 0x1f, ..Build::default() }.frame();
        let segments: Vec<_> = cut_frame(whole.clone()).unwrap().collect();
        assert_eq!(segments.len(), 1);
        assert_eq!(segments[0].to_vec(), whole.to_vec(), "{payload} octets");
    }
    let mut whole = Build { size: 1, payload: 1, ..Build::default() }.frame();
    assert_eq!(count(&mut whole), 1);
    whole.meta.segment_size = None;
    assert_eq!(count(&mut whole), 1);
}

#[test]
fn what_is_urgent_is_told_as_far_as_it_goes() {
    // RFC 9293 §3.1: SEG.UP counts from SEG.SEQ.
    let whole = Build { flags: 0x10 | URG, urgent: 1500, ..Build::default() }.frame();
    let urgent: Vec<_> = cut_frame(whole)
        .unwrap()
        .map(|segment| read(segment, true).transport)
        .map(|header| (header[13] & URG != 0, u16::from_be_bytes([header[18], header[19]])))
        .collect();
    assert_eq!(urgent, [(true, 1500), (true, 500), (false, 0), (false, 0)]);
}

#[test]
fn what_cannot_be_cut_is_malformed() {
    let good = || Build::default().frame();
    let head = |at: usize, octet: u8| {
        let mut frame = good();
        frame.head_mut()[at] = octet;
        let ip: &mut [u8] = &mut frame.head_mut()[14..34];
        ipv4::seal(ip);
        frame.meta.checksum = Checksum::Unchecked;
        frame
    };
    let refused = |frame: Frame| cut_frame(frame).err() == Some(MALFORMED);
    assert!(!refused(good()) && !refused(head(14, 0x45)));
    for (at, octet, what) in [
        (12, 0x86, "another protocol's"),
        (14, 0x65, "version 6"),
        (14, 0x44, "a header too short"),
        (14, 0x4f, "a header that eats into TCP's"),
        (16, 0xff, "longer than the frame"),
        (20, 0x20, "a fragment"),
        (21, 0x01, "another fragment"),
        (23, 1, "ICMP"),
        (46, 0x40, "TCP's header too short"),
        (47, SYN, "a SYN"),
        (47, RST, "a reset"),
    ] {
        assert!(refused(head(at, octet)), "{what}");
    }
    let mut frame = good();
    frame.head_mut()[24] ^= 1;
    assert!(refused(frame), "IP's checksum is wrong");
    let mut frame = good();
    frame.meta.segment_size = Some(0);
    assert_eq!(count(&mut frame), 1);
    assert!(refused(frame), "no size");
    let mut frame = good();
    frame.truncate(100);
    assert!(refused(frame), "cut off");
}

#[test]
fn tags_and_padding_and_lines_without_ethernet_are_seen_through() {
    let whole = Build { payload: 1500, ..Build::default() }.frame();
    let plain: Vec<_> = cut_frame(whole.clone()).unwrap().map(|segment| segment.to_vec()).collect();
    let mut padded = Frame::from_wire([whole.to_vec(), vec![0; 9]].concat().into(), whole.meta);
    assert_eq!(count(&mut padded), 2);
    assert_eq!(cut_frame(padded).unwrap().map(|segment| segment.to_vec()).collect::<Vec<_>>(), plain);
    let mut line = whole.clone();
    line.strip_front(ethernet::HEADER);
    line.meta.medium = Medium::PointToPoint;
    let bare: Vec<_> = cut_frame(line).unwrap().map(|segment| segment.to_vec()).collect();
    assert!(bare.iter().zip(&plain).all(|(bare, plain)| bare[..] == plain[14..]));
    let mut tagged = whole;
    for tags in 1..=MOST_TAGS + 1 {
        vlan::put(&mut tagged, vlan::Tag::of(vlan::VlanId::DEFAULT));
        let cut =
            cut_frame(tagged.clone()).map(|segments| segments.map(|it| it.to_vec()).collect::<Vec<_>>());
        assert_eq!(cut.is_ok(), tags <= MOST_TAGS, "{tags} tags");
        for (tagged, plain) in cut.unwrap_or_default().iter().zip(&plain) {
            assert_eq!(tagged[14 + 4 * tags..], plain[14..]);
        }
    }
}

#[test]
fn whoever_cuts_says_who_completes_the_checksums() {
    for partial in [false, true] {
        for asked in [false, true] {
            let whole = Build { partial, ..Build::default() }.frame();
            let segments: Vec<_> = cut(whole, ethernet::HEADER, asked).unwrap().collect();
            let left =
                |frame: &Frame| matches!(frame.meta.checksum, Checksum::Partial { start: 34, offset: 16 });
            assert!(segments.iter().all(|segment| left(segment) == asked));
            segments.into_iter().for_each(|segment| drop(read(segment, true)));
        }
    }
    // RFC 768 §Fields: who had no checksum has none after.
    let mut whole = Build { is_tcp: false, ..Build::default() }.frame();
    whole.head_mut()[40..42].fill(0);
    for segment in cut_frame(whole).unwrap() {
        assert_eq!((&segment.head()[40..42], segment.meta.checksum), (&[0, 0][..], Checksum::Complete));
    }
}

#[test]
fn the_longest_packet_of_the_smallest_segments_is_cut() {
    let payload = 0xffff - 40;
    let whole = Build { size: 1, payload, ..Build::default() }.frame();
    assert_eq!(count(&mut whole.clone()) as usize, payload);
    assert_eq!(cut_frame(whole).unwrap().count(), payload);
}
