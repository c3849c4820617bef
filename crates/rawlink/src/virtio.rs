//! The virtio-net header: what a device and its kernel tell each other about a frame besides its octets
//! (Virtual I/O Device 1.3, section 5.1.6), in the order of this machine's octets, as the kernel's TUN driver and packet
//! sockets have it.

use wirelab_stack::frame::{Checksum, Frame, Medium};

/// Octets of the header, without the count of merged buffers.
pub(crate) const HEADER: usize = 10;

/// The checksum is partial: it is to be completed from `start` on.
const NEEDS_CHECKSUM: u8 = 1;
/// The checksum was verified.
const CHECKSUM_VALID: u8 = 2;

/// What kind of super-frame: none.
const NO_SUPER_FRAME: u8 = 0;
/// TCP over IPv4.
const TCP4: u8 = 1;
/// TCP over IPv6.
const TCP6: u8 = 4;
/// UDP, of which each segment is a datagram.
const UDP: u8 = 5;
/// Of TCP, whose congestion window was reduced: a flag beside the kind. Its first segment alone says so.
const REDUCED: u8 = 0x80;

/// What a header tells of a received frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    /// State of the transport checksum.
    pub(crate) checksum: Checksum,
    /// For a super-frame: payload octets of each segment in it.
    pub(crate) segment_size: Option<u16>,
    /// Its segments are datagrams of UDP.
    pub(crate) is_datagrams: bool,
}

/// The header says what cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// Reads the header of a frame of `length` octets.
pub(crate) fn read(header: [u8; HEADER], length: usize) -> Result<Told, Malformed> {
    let [flags, kind, rest @ ..] = header;
    let half = |at: usize| u16::from_ne_bytes([rest[at], rest[at + 1]]);
    let (size, start, offset) = (half(2), half(4), half(6));
    let checksum = if flags & NEEDS_CHECKSUM != 0 {
        if usize::from(start) + usize::from(offset) + 2 > length {
            return Err(Malformed);
        }
        Checksum::Partial { start, offset }
    } else if flags & CHECKSUM_VALID != 0 {
        Checksum::Verified
    } else {
        Checksum::Complete
    };
    let segment_size = match kind & !REDUCED {
        NO_SUPER_FRAME => None,
        TCP4 | TCP6 | UDP if size > 0 => Some(size),
        _ => return Err(Malformed),
    };
    Ok(Told { checksum, segment_size, is_datagrams: kind & !REDUCED == UDP })
}

/// The header that tells what is known of a frame that is sent. `None` for a super-frame that it cannot tell of, because
/// it carries something else than TCP or UDP, or its checksum is not a partial one: it has to be cut first.
pub(crate) fn write(frame: &mut Frame) -> Option<[u8; HEADER]> {
    let mut header = [0; HEADER];
    let mut put = |at: usize, value: u16| header[at..at + 2].copy_from_slice(&value.to_ne_bytes());
    let partial = match frame.meta.checksum {
        Checksum::Partial { start, offset } => {
            put(6, start);
            put(8, offset);
            true
        }
        _ => false,
    };
    let kind = match frame.meta.segment_size {
        None => NO_SUPER_FRAME,
        Some(size) => {
            let layout = Layout::of(frame)?;
            if layout.headers + usize::from(size) >= frame.len() {
                NO_SUPER_FRAME
            } else if partial {
                put(2, layout.headers as u16);
                put(4, size);
                layout.kind
            } else {
                return None;
            }
        }
    };
    (header[0], header[1]) = (if partial { NEEDS_CHECKSUM } else { 0 }, kind);
    Some(header)
}

/// How the headers of a frame lie, and what kind of super-frame it is if it is one.
pub(crate) struct Layout {
    kind: u8,
    /// Octets in front of the IP packet.
    pub(crate) network: usize,
    /// Where the transport's checksum counts from, and where it stands from there.
    pub(crate) checksum: Checksum,
    /// Octets in front of the payload.
    pub(crate) headers: usize,
}

impl Layout {
    /// Reads the headers. `None` where it carries something else than TCP or UDP, or is cut off.
    pub(crate) fn of(frame: &mut Frame) -> Option<Self> {
        let network = packet_at(frame)?;
        let version = frame.pull_up(network + 1)?[network] >> 4;
        let (protocol, transport) = match version {
            4 => {
                let octets = &frame.pull_up(network + 20)?[network..];
                (octets[9], network + usize::from(octets[0] & 0xf) * 4)
            }
            6 => (frame.pull_up(network + 40)?[network + 6], network + 40),
            _ => return None,
        };
        let partial = |offset| Checksum::Partial { start: transport as u16, offset };
        match protocol {
            6 => {
                let octets = &frame.pull_up(transport + 20)?[transport..];
                let reduced = if octets[13] & 0x80 == 0 { 0 } else { REDUCED };
                let kind = reduced | if version == 4 { TCP4 } else { TCP6 };
                let headers = transport + usize::from(octets[12] >> 4) * 4;
                Some(Self { kind, network, checksum: partial(16), headers })
            }
            17 => Some(Self { kind: UDP, network, checksum: partial(6), headers: transport + 8 }),
            _ => None,
        }
    }
}

/// Where the IP packet begins in a frame: behind the Ethernet header, if it has one, and its tags.
fn packet_at(frame: &mut Frame) -> Option<usize> {
    if frame.meta.medium == Medium::PointToPoint {
        return Some(0);
    }
    for begin in [14, 18, 22] {
        match frame.pull_up(begin)?[begin - 2..] {
            [0x08, 0x00] | [0x86, 0xdd] => return Some(begin),
            [0x81 | 0x91, 0x00] | [0x88, 0xa8] => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use wirelab_stack::frame::Meta;
    use wirelab_stack::trace::{Cause, Trigger};

    use super::*;

    fn header(flags: u8, kind: u8, halves: [u16; 4]) -> [u8; HEADER] {
        let mut header = [flags, kind, 0, 0, 0, 0, 0, 0, 0, 0];
        for (place, value) in header[2..].chunks_exact_mut(2).zip(halves) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
        header
    }

    /// An Ethernet frame with `payload` octets behind the headers of `protocol` over IPv4.
    fn frame(protocol: u8, payload: usize, checksum: Checksum, segment_size: Option<u16>) -> Frame {
        let transport = if protocol == 6 { 32 } else { 8 };
        let mut octets = vec![0; 14 + 20 + transport + payload];
        (octets[12], octets[14], octets[23]) = (8, 0x45, protocol);
        if protocol == 6 {
            octets[34 + 12] = 8 << 4;
        }
        let meta = Meta { checksum, segment_size, ..Meta::new(Cause::Raw, Trigger::Call) };
        Frame::from_wire(Bytes::from(octets), meta)
    }

    const PARTIAL: Checksum = Checksum::Partial { start: 34, offset: 16 };

    #[test]
    fn what_the_kernel_tells_is_read() {
        let told = |header, length| read(header, length).map(|told| (told.checksum, told.segment_size));
        assert_eq!(told(header(0, 0, [0; 4]), 60), Ok((Checksum::Complete, None)));
        assert_eq!(told(header(2, 0, [0; 4]), 60), Ok((Checksum::Verified, None)));
        assert_eq!(told(header(1, 1, [66, 1448, 34, 16]), 9000), Ok((PARTIAL, Some(1448))));
        assert_eq!(told(header(1, 0x81, [66, 1448, 34, 16]), 9000), Ok((PARTIAL, Some(1448))));
        assert_eq!(told(header(1, 0, [0, 0, 34, 16]), 52), Ok((PARTIAL, None)));
    }

    #[test]
    fn what_cannot_be_is_malformed() {
        // The checksum would lie behind the end.
        assert_eq!(read(header(1, 0, [0, 0, 34, 16]), 51), Err(Malformed));
        assert_eq!(read(header(1, 0, [0, 0, 0xffff, 0xffff]), 65_535), Err(Malformed));
        // Segments of nothing, and kinds that nobody has.
        assert_eq!(read(header(1, 1, [66, 0, 34, 16]), 9000), Err(Malformed));
        assert_eq!(read(header(1, 2, [66, 1448, 34, 16]), 9000), Err(Malformed));
        assert_eq!(read(header(1, 3, [66, 1448, 34, 16]), 9000), Err(Malformed));
    }

    #[test]
    fn what_is_sent_is_told() {
        let told = |protocol, payload, checksum, size| write(&mut frame(protocol, payload, checksum, size));
        assert_eq!(told(6, 100, Checksum::Complete, None), Some(header(0, 0, [0; 4])));
        assert_eq!(told(6, 100, PARTIAL, None), Some(header(1, 0, [0, 0, 34, 16])));
        assert_eq!(told(6, 3000, PARTIAL, Some(1448)), Some(header(1, 1, [66, 1448, 34, 16])));
        assert_eq!(told(17, 3000, PARTIAL, Some(1000)), Some(header(1, 5, [42, 1000, 34, 16])));
        // One segment is no super-frame; one more octet makes two.
        assert_eq!(told(6, 1448, PARTIAL, Some(1448)), Some(header(1, 0, [0, 0, 34, 16])));
        assert_eq!(told(6, 1449, PARTIAL, Some(1448)), Some(header(1, 1, [66, 1448, 34, 16])));
        // Each segment needs its own checksum: the kernel completes partial ones only.
        assert_eq!(told(6, 3000, Checksum::Verified, Some(1448)), None);
        assert_eq!(told(132, 3000, PARTIAL, Some(1448)), None);
    }

    #[test]
    fn tags_and_reduced_windows_are_seen() {
        let mut tagged = frame(6, 3000, Checksum::Partial { start: 38, offset: 16 }, Some(1448)).to_vec();
        tagged[34 + 13] = 0x80;
        tagged.splice(12..12, [0x81, 0, 0, 5]);
        let meta = Meta {
            checksum: Checksum::Partial { start: 38, offset: 16 },
            segment_size: Some(1448),
            ..Meta::new(Cause::Raw, Trigger::Call)
        };
        let mut tagged = Frame::from_wire(Bytes::from(tagged), meta);
        assert_eq!(write(&mut tagged), Some(header(1, 0x81, [70, 1448, 38, 16])));
    }

    proptest! {
        /// Arbitrary input never panics, and what is told lies within the frame.
        #[test]
        fn any_header_is_read_or_refused(header: [u8; HEADER], length in 0_usize..70_000) {
            if let Ok(Told { checksum: Checksum::Partial { start, offset }, segment_size, .. }) = read(header, length) {
                prop_assert!(usize::from(start) + usize::from(offset) + 2 <= length);
                prop_assert_ne!(segment_size, Some(0));
            }
        }

        /// Nor do arbitrary frames.
        #[test]
        fn any_frame_is_told_of_or_refused(
            octets in prop::collection::vec(any::<u8>(), 0..200),
            size: Option<u16>,
            is_ethernet: bool,
            partial: Option<(u16, u16)>,
        ) {
            let checksum = partial.map_or(Checksum::Complete, |(start, offset)| Checksum::Partial { start, offset });
            let medium = if is_ethernet { Medium::Ethernet } else { Medium::PointToPoint };
            let meta = Meta { checksum, segment_size: size, medium, ..Meta::new(Cause::Raw, Trigger::Call) };
            let mut frame = Frame::from_wire(Bytes::from(octets.clone()), meta);
            write(&mut frame);
            prop_assert_eq!(frame.to_vec(), octets);
        }
    }
}
