//! A segment's header: read from a frame once, and pushed in front of a payload (RFC 9293 §3.1).

use core::net::IpAddr;
use core::ops::BitOr;

use etherparse::IpNumber;

use super::options::Options;
use crate::checksum::{self, Sum};
use crate::frame::{Checksum, Frame};
use crate::trace::DropReason;
use crate::transport::IpInfo;

/// Octets of a header without options.
pub const HEADER_LENGTH: usize = 20;
const CHECKSUM_AT: usize = 16;

/// The control bits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field counts.
    pub const ACK: Self = Self(0x10);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The others.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl core::fmt::Debug for Flags {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (bit, letter) in ["F", "S", "R", "P", "A", "U", "E", "C"].iter().enumerate() {
            if self.0 & (1 << bit) != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

/// A segment without its payload. Numbers are the wire's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Segment {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK.
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// SEG.UP.
    pub urgent: u16,
    /// The options.
    pub options: Options,
}

impl Segment {
    /// Verifies the header at the front of `frame` and makes sure that it lies in one piece. Returns its length.
    ///
    /// # Errors
    /// The reason to drop it: too short, a data offset that makes no sense, or a wrong checksum.
    #[inline]
    pub fn verify(frame: &mut Frame, ip: &IpInfo) -> Result<usize, DropReason> {
        let fixed = frame.pull_up(HEADER_LENGTH).ok_or(DropReason::TcpMalformed)?;
        let length = usize::from(fixed[12] >> 4) * 4;
        if length < HEADER_LENGTH {
            return Err(DropReason::TcpMalformed);
        }
        let total = frame.len();
        if length > HEADER_LENGTH {
            frame.pull_up(length).ok_or(DropReason::TcpMalformed)?;
        }
        // A partial checksum comes from this machine's own offload: no wire has been crossed yet.
        if matches!(ip.checksum, Checksum::Complete) && !Self::is_intact(frame, ip, total) {
            return Err(DropReason::TcpBadChecksum);
        }
        Ok(length)
    }

    /// Reads the fixed part of a header.
    #[inline]
    pub fn without_options(fixed: &[u8; HEADER_LENGTH]) -> Self {
        let Fixed { ports: (source_port, destination_port), seq, ack, flags, window, urgent } =
            Fixed::read(fixed);
        Self { source_port, destination_port, seq, ack, flags, window, urgent, options: Options::default() }
    }

    /// Verifies and reads the header at the front of `frame`. Returns the segment and the header's length.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    #[cfg(test)]
    pub fn parse(frame: &mut Frame, ip: &IpInfo) -> Result<(Self, usize), DropReason> {
        let length = Self::verify(frame, ip)?;
        let (fixed, options) = frame.head()[..length].split_first_chunk().ok_or(DropReason::TcpMalformed)?;
        let mut segment = Self::without_options(fixed);
        segment.options.read(options);
        Ok((segment, length))
    }

    #[inline]
    fn is_intact(frame: &Frame, ip: &IpInfo, total: usize) -> bool {
        let head = frame.head();
        let sum = checksum::pseudo_header(&ip.source, &ip.destination, IpNumber::TCP.0, total as u32);
        match head.split_first_chunk::<HEADER_LENGTH>() {
            Some((fixed, behind)) if behind.len().is_multiple_of(2) => {
                let sum = sum.with_header(fixed);
                let sum = if behind.is_empty() { sum } else { sum.with(behind) };
                let payload = frame.payload();
                if payload.is_empty() { sum.is_intact() } else { sum.with(payload).is_intact() }
            }
            _ => sum.with(&frame.to_vec()).is_intact(),
        }
    }

    /// The sum of the pseudo-header of every segment between two addresses, but for the length.
    pub fn pseudo_header(source: &IpAddr, destination: &IpAddr) -> Sum {
        checksum::pseudo_header(source, destination, IpNumber::TCP.0, 0)
    }

    /// Pushes the header in front of `frame`'s payload, with its checksum, or with the pseudo-header's sum where the
    /// link will complete it. `Checksum::Partial` counts from the TCP header: layers below add their own lengths.
    pub fn push(&self, frame: &mut Frame, pseudo_header: Sum, partial: bool) {
        self.options.push(frame);
        self.fixed().push(frame, pseudo_header, partial);
    }

    /// Its header without the options.
    #[inline]
    pub fn fixed(&self) -> Fixed {
        let &Self { source_port, destination_port, seq, ack, flags, window, urgent, options: _ } = self;
        Fixed { ports: (source_port, destination_port), seq, ack, flags, window, urgent }
    }
}

/// The fixed part of a header.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// Source and destination.
    pub ports: (u16, u16),
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK.
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header.
    pub window: u16,
    /// SEG.UP.
    pub urgent: u16,
}

impl Fixed {
    /// Reads it.
    #[inline]
    pub fn read(octets: &[u8; HEADER_LENGTH]) -> Self {
        let word =
            |at: usize| u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
        let half = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        Self {
            ports: (half(0), half(2)),
            seq: word(4),
            ack: word(8),
            flags: Flags(octets[13]),
            window: half(14),
            urgent: half(18),
        }
    }

    /// As [`Segment::push`], where the options, if any, were pushed before.
    #[expect(clippy::inline_always, reason = "what it is made of is in registers where data is sent")]
    #[inline(always)]
    pub fn push(self, frame: &mut Frame, pseudo_header: Sum, partial: bool) {
        let payload = frame.payload();
        let length = HEADER_LENGTH + frame.head_length();
        let mut sum = pseudo_header.with_u16((length + payload.len()) as u16);
        if !partial {
            sum = if length == HEADER_LENGTH { sum } else { sum.with(frame.head()) };
            sum = if payload.is_empty() { sum } else { sum.with(payload) };
        }
        let mut header = [0; HEADER_LENGTH];
        header[0..2].copy_from_slice(&self.ports.0.to_be_bytes());
        header[2..4].copy_from_slice(&self.ports.1.to_be_bytes());
        header[4..8].copy_from_slice(&self.seq.to_be_bytes());
        header[8..12].copy_from_slice(&self.ack.to_be_bytes());
        header[12..14].copy_from_slice(&[(length as u8 / 4) << 4, self.flags.0]);
        header[14..16].copy_from_slice(&self.window.to_be_bytes());
        header[18..20].copy_from_slice(&self.urgent.to_be_bytes());
        let (checksum, state) = if partial {
            (!sum.finish(), Checksum::Partial { start: 0, offset: CHECKSUM_AT as u16 })
        } else {
            (sum.with_header(&header).finish(), Checksum::Complete)
        };
        header[CHECKSUM_AT..18].copy_from_slice(&checksum.to_be_bytes());
        *frame.push_front() = header;
        frame.meta.checksum = state;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::frame::{FrameId, InterfaceId, Meta};
    use crate::trace::{Cause, Trigger};
    use crate::transport::tcp::options::Timestamps;

    const A: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 2));

    fn ip(checksum: Checksum) -> IpInfo {
        let interface = InterfaceId(0);
        let frame = FrameId::default();
        let (source, destination) = (A, B);
        IpInfo {
            source,
            destination,
            to_unicast: true,
            interface,
            ttl: 64,
            tos: 0,
            options_length: 0,
            checksum,
            segment_size: None,
            frame,
        }
    }

    fn pseudo() -> Sum {
        Segment::pseudo_header(&A, &B)
    }

    fn meta() -> Meta {
        Meta::new(Cause::NewData, Trigger::Call)
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_parsed_on_either_kind_of_link(
            ports: (u16, u16), seq: u32, ack: u32, flags in 0_u8..0x40, window: u16, urgent: u16,
            times: Option<(u32, u32)>, data in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let timestamps = times.map(|(value, echo)| Timestamps { value, echo });
            let options = Options { timestamps, ..Options::default() };
            let (source_port, destination_port) = ports;
            let flags = Flags(flags);
            let sent = Segment { source_port, destination_port, seq, ack, flags, window, urgent, options };
            let mut frame = Frame::with_payload(Bytes::from(data.clone()), meta());
            sent.push(&mut frame, pseudo(), false);
            let mut wire = Frame::from_wire(Bytes::from(frame.to_vec()), meta());
            for frame in [&mut frame, &mut wire] {
                let (parsed, length) = Segment::parse(frame, &ip(Checksum::Complete)).unwrap();
                prop_assert_eq!(parsed, sent);
                prop_assert_eq!(&frame.clone().into_payload(length)[..], &data[..]);
            }
        }

        #[test]
        fn any_flipped_bit_is_seen_or_malformed(bit in 0_usize..(32 + 33) * 8) {
            let options = Options { timestamps: Some(Timestamps { value: 1, echo: 2 }), ..Options::default() };
            let mut frame = Frame::with_payload(Bytes::from(vec![0x5a; 33]), meta());
            Segment { seq: 7, options, ..Segment::default() }.push(&mut frame, pseudo(), false);
            frame.flip_bit(bit);
            prop_assert!(Segment::parse(&mut frame, &ip(Checksum::Complete)).is_err());
        }

        #[test]
        fn no_octets_panic(data in proptest::collection::vec(any::<u8>(), 0..80)) {
            for checksum in [Checksum::Complete, Checksum::Unchecked] {
                let mut frame = Frame::from_wire(Bytes::from(data.clone()), meta());
                if let Ok((_, length)) = Segment::parse(&mut frame, &ip(checksum)) {
                    prop_assert!(length <= frame.len());
                }
            }
        }
    }

    #[test]
    fn the_sum_is_right_wherever_the_frame_was_cut_in_two() {
        // RFC 1071 §1: octets are summed in pairs, and a cut between two of them parts no pair.
        let options = Options { timestamps: Some(Timestamps { value: 1, echo: 2 }), ..Options::default() };
        let mut sent = Frame::with_payload(Bytes::from_static(b"odd or even"), meta());
        Segment { seq: 7, options, ..Segment::default() }.push(&mut sent, pseudo(), false);
        let wire = sent.to_vec();
        for cut in 0..=wire.len() {
            let mut frame = Frame::from_wire(Bytes::from(wire.clone()), meta());
            frame.pull_up(cut).unwrap();
            assert_eq!(Segment::verify(&mut frame, &ip(Checksum::Complete)), Ok(32), "{cut}");
        }
    }

    #[test]
    fn a_super_frame_is_summed_whole_or_trusted_where_its_sender_left_that_to_the_link() {
        // A kernel hands over what it has not cut yet with the pseudo-header's sum alone.
        for partial in [false, true] {
            let mut sent = Frame::with_payload(Bytes::from(vec![0x5a; 50_001]), meta());
            Segment { seq: 7, ..Segment::default() }.push(&mut sent, pseudo(), partial);
            let checksum = sent.meta.checksum;
            assert_eq!(matches!(checksum, Checksum::Partial { .. }), partial);
            let wire = sent.to_vec();
            for broken in [None, Some(400), Some(400_000)] {
                let mut frame = Frame::from_wire(Bytes::from(wire.clone()), meta());
                frame.meta.segment_size = Some(1460);
                broken.inspect(|bit| frame.flip_bit(*bit));
                let verified = Segment::verify(&mut frame, &ip(checksum));
                let expected = if partial || broken.is_none() {
                    Ok(HEADER_LENGTH)
                } else {
                    Err(DropReason::TcpBadChecksum)
                };
                assert_eq!(verified, expected, "{partial} {broken:?}");
            }
        }
    }

    #[test]
    fn a_partial_checksum_is_completed_by_summing_from_its_start() {
        let mut whole = Frame::with_payload(Bytes::from_static(b"payload"), meta());
        let mut partial = whole.clone();
        Segment::default().push(&mut whole, pseudo(), false);
        Segment::default().push(&mut partial, pseudo(), true);
        let Checksum::Partial { start: 0, offset } = partial.meta.checksum else { panic!("not partial") };
        let completed = Sum::new().with(&partial.to_vec()).finish().to_be_bytes();
        let offset = usize::from(offset);
        partial.head_mut()[offset..offset + 2].copy_from_slice(&completed);
        assert_eq!(partial.to_vec(), whole.to_vec());
    }

    #[test]
    fn flags_are_joined_and_shown_by_their_letters() {
        let both = Flags::SYN | Flags::ACK;
        assert_eq!((both | Flags::ACK, both.without(Flags::SYN)), (both, Flags::ACK));
        assert_eq!(format!("{both:?} {:?} {:?}", Flags(0xff), Flags(0)), "SA FSRPAUEC ");
    }
}
