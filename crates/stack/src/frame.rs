//! A frame: headers in a small inline buffer with headroom, payload as a slice of reference-counted storage.
//!
//! Down the stack each layer pushes its header in front of what is there; the payload is never copied. Up the
//! stack each layer asks for the octets of its own header with [`Frame::pull_up`]; on a simulated link they lie
//! where the sender pushed them, on a real one they are taken out of the received buffer.

use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::checksum::Sum;
use crate::trace::{Cause, Trigger};

/// Octets of headers that fit in front of a payload: Ethernet with a tag (18), IPv4 and TCP with all options
/// (60 each), rounded up.
pub const HEADROOM: usize = 144;

/// A node of the network, numbered by the simulation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeId(pub u32);

/// An interface of a host, numbered in the order of its configuration. The loopback interface is
/// [`InterfaceId::LOOPBACK`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InterfaceId(pub u16);

impl InterfaceId {
    /// The interface that leads back to the host itself.
    pub const LOOPBACK: Self = Self(u16::MAX);
}

/// A frame's name: which node made it, and its how-manieth it was. Stable under any division of the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FrameId {
    /// The node that made the frame.
    pub origin: NodeId,
    /// Counts that node's frames from 1.
    pub counter: u64,
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.origin.0, self.counter)
    }
}

/// What is known of a frame's transport checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checksum {
    /// Computed and in place; a receiver verifies it.
    #[default]
    Complete,
    /// The sum of the pseudo-header is in place; who sends the frame completes it over `start..` and writes it
    /// `offset` octets after `start` (both from the frame's first octet).
    Partial {
        /// First octet that the checksum covers.
        start: u16,
        /// Where it stands, from `start`.
        offset: u16,
    },
    /// Someone trustworthy has verified it.
    Verified,
    /// Nobody has looked and nobody needs to.
    Unchecked,
}

impl Checksum {
    /// The same with `length` more octets in front of the frame.
    #[must_use]
    pub const fn behind(self, length: u16) -> Self {
        match self {
            Self::Partial { start, offset } => Self::Partial { start: start + length, offset },
            other => other,
        }
    }

    /// The same with `length` octets fewer in front of the frame.
    #[must_use]
    pub const fn ahead(self, length: u16) -> Self {
        match self {
            Self::Partial { start, offset } => Self::Partial { start: start.saturating_sub(length), offset },
            other => other,
        }
    }
}

/// The modelled frame check sequence (IEEE 802.3 §3.2.9): whether it still fits the octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FrameCheck {
    /// The octets are those that were sent.
    #[default]
    Good,
    /// Octets were changed under way; an interface drops the frame.
    Bad,
}

/// What a link carries: how the octets of its frames begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Medium {
    /// Ethernet: a header with hardware addresses.
    #[default]
    Ethernet,
    /// A line between two stations that carries IP packets and nothing else, as a TUN device does: no header, no
    /// hardware addresses, nobody to ask for any.
    PointToPoint,
}

/// What travels with a frame besides its octets.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The frame's name.
    pub id: FrameId,
    /// Why it was sent.
    pub cause: Cause,
    /// What made that happen.
    pub trigger: Trigger,
    /// State of the transport checksum.
    pub checksum: Checksum,
    /// State of the frame check sequence.
    pub frame_check: FrameCheck,
    /// For a super-frame: payload octets of each segment in it.
    pub segment_size: Option<u16>,
    /// 802.1Q tag control information that is not in the octets.
    pub vlan: Option<u16>,
    /// What kind of link it goes over.
    pub medium: Medium,
}

impl Meta {
    /// Meta of a frame sent for `cause`; its id is set when it leaves the host.
    pub const fn new(cause: Cause, trigger: Trigger) -> Self {
        Self {
            id: FrameId { origin: NodeId(0), counter: 0 },
            cause,
            trigger,
            checksum: Checksum::Complete,
            frame_check: FrameCheck::Good,
            segment_size: None,
            vlan: None,
            medium: Medium::Ethernet,
        }
    }
}

/// Octets on their way, with what is known about them.
#[derive(Clone)]
pub struct Frame {
    head: [u8; HEADROOM],
    /// The headers are `head[start..end]`.
    start: u8,
    end: u8,
    payload: Bytes,
    /// What is known about the octets.
    pub meta: Meta,
}

impl Frame {
    /// A frame that carries `payload` and has no headers yet.
    pub fn with_payload(payload: Bytes, meta: Meta) -> Self {
        Self { head: [0; HEADROOM], start: HEADROOM as u8, end: HEADROOM as u8, payload, meta }
    }

    /// A frame with nothing in it, to be filled by [`refill`](Self::refill).
    pub fn empty() -> Self {
        Self::with_payload(Bytes::new(), Meta::new(Cause::Raw, Trigger::Call))
    }

    /// Makes it a frame that carries `payload` and has no headers yet. What it was is gone. (A frame is large: one that
    /// is built where it will be read need not be moved there.)
    #[inline]
    pub fn refill(&mut self, payload: Bytes, meta: Meta) {
        (self.start, self.end) = (HEADROOM as u8, HEADROOM as u8);
        self.payload = payload;
        self.meta = meta;
    }

    /// A frame of `octets` as they came from a wire.
    pub fn from_wire(octets: Bytes, meta: Meta) -> Self {
        // Headers are pulled up from the payload as layers ask for them, so they start at the buffer's front.
        Self { head: [0; HEADROOM], start: 0, end: 0, payload: octets, meta }
    }

    /// Copies the octets behind the headers out of the storage that they lie in, which may be much larger, where they are
    /// fewer than `below`.
    pub fn detach_payload(&mut self, below: usize) {
        if self.payload.len() < below {
            self.payload = Bytes::copy_from_slice(&self.payload);
        }
    }

    /// Octets in the frame.
    pub fn len(&self) -> usize {
        self.head_length() + self.payload.len()
    }

    /// How many octets of headers were pushed or pulled up.
    #[inline]
    pub fn head_length(&self) -> usize {
        usize::from(self.end) - usize::from(self.start)
    }

    /// Whether the frame has no octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The octets of the headers that were pushed or pulled up.
    pub fn head(&self) -> &[u8] {
        &self.head[usize::from(self.start)..usize::from(self.end)]
    }

    /// The octets of the headers, if they are `N`.
    #[inline]
    pub fn headers<const N: usize>(&self) -> Option<&[u8; N]> {
        let start = usize::from(self.start);
        if usize::from(self.end) != start + N {
            return None;
        }
        self.head.get(start..start + N)?.try_into().ok()
    }

    /// The octets of the headers, to change.
    pub fn head_mut(&mut self) -> &mut [u8] {
        &mut self.head[usize::from(self.start)..usize::from(self.end)]
    }

    /// The octets behind the headers.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Makes room for a header of `N` octets in front and returns it, to be filled in whole.
    ///
    /// # Panics
    /// When `N` is more than [`HEADROOM`].
    pub fn push_front<const N: usize>(&mut self) -> &mut [u8; N] {
        self.push_front_slice(N).try_into().expect("a slice of N octets")
    }

    /// As [`push_front`](Self::push_front), for a header whose length is known only at run time.
    ///
    /// # Panics
    /// When `length` is more than [`HEADROOM`].
    pub fn push_front_slice(&mut self, length: usize) -> &mut [u8] {
        if usize::from(self.start) < length {
            self.make_room(length);
        }
        let start = usize::from(self.start) - length;
        self.start = start as u8;
        &mut self.head[start..start + length]
    }

    /// Room for `length` octets in front: our own layers start where all headers fit, but a frame that came from a
    /// wire begins at the buffer's front, and may leave with more headers than it came with.
    #[cold]
    fn make_room(&mut self, length: usize) {
        assert!(length <= HEADROOM, "a header longer than HEADROOM");
        let kept = self.head_length().min(HEADROOM - length);
        let (start, end) = (usize::from(self.start), usize::from(self.end));
        if start + kept < end {
            // What no longer fits goes back in front of the payload.
            let mut payload = BytesMut::with_capacity(end - start - kept + self.payload.len());
            payload.extend_from_slice(&self.head[start + kept..end]);
            payload.extend_from_slice(&self.payload);
            self.payload = payload.freeze();
        }
        self.head.copy_within(start..start + kept, HEADROOM - kept);
        (self.start, self.end) = ((HEADROOM - kept) as u8, HEADROOM as u8);
    }

    /// The first `length` octets in one piece, or `None` where the frame (or the header buffer) is shorter.
    #[inline]
    pub fn pull_up(&mut self, length: usize) -> Option<&[u8]> {
        let have = usize::from(self.end - self.start);
        if have < length {
            self.move_up(length - have)?;
        }
        Some(&self.head[usize::from(self.start)..usize::from(self.start) + length])
    }

    #[cold]
    fn move_up(&mut self, missing: usize) -> Option<()> {
        if self.payload.len() < missing {
            return None;
        }
        let beyond = (usize::from(self.end) + missing).saturating_sub(HEADROOM);
        if beyond > 0 {
            // The buffer was filled from its end: shift what is there to the front, what was stripped too.
            if beyond > usize::from(self.start) {
                return None;
            }
            self.head.copy_within(beyond..usize::from(self.end), 0);
            self.start -= beyond as u8;
            self.end -= beyond as u8;
        }
        let end = usize::from(self.end);
        self.head[end..end + missing].copy_from_slice(&self.payload.split_to(missing));
        self.end += missing as u8;
        Some(())
    }

    /// Takes off the first `length` octets, which must have been pulled up: the next layer's header is now in
    /// front.
    ///
    /// # Panics
    /// When they were not pulled up.
    #[inline]
    pub fn strip_front(&mut self, length: usize) {
        assert!(length <= self.head_length(), "a header is stripped before it was pulled up");
        self.start += length as u8;
    }

    /// Puts the last `length` stripped octets back in front (an ICMP error quotes the headers it is about).
    ///
    /// # Panics
    /// When fewer were stripped.
    pub fn unstrip_front(&mut self, length: usize) {
        self.start = usize::from(self.start).checked_sub(length).expect("nothing was stripped") as u8;
    }

    /// The last `length` octets that were stripped; fewer where no more are left of them.
    pub fn stripped(&self, length: usize) -> &[u8] {
        let start = usize::from(self.start);
        &self.head[start.saturating_sub(length)..start]
    }

    /// Cuts the frame to `length` octets: padding behind a packet goes. Longer is left as it is.
    pub fn truncate(&mut self, length: usize) {
        let head = self.head_length();
        if length < head {
            self.end = self.start + length as u8;
            self.payload.clear();
        } else {
            self.payload.truncate(length - head);
        }
    }

    /// All octets behind the first `offset`. Copies only where some of them lie in the header buffer.
    ///
    /// # Panics
    /// When the frame is shorter than `offset`.
    pub fn into_payload(mut self, offset: usize) -> Bytes {
        self.take_payload(offset)
    }

    /// As [`into_payload`](Self::into_payload); the frame is left without what lay behind its header buffer.
    ///
    /// # Panics
    /// When the frame is shorter than `offset`.
    #[inline]
    pub fn take_payload(&mut self, offset: usize) -> Bytes {
        if offset == self.head_length() {
            return self.take_behind_headers();
        }
        self.copy_payload(offset)
    }

    /// All octets behind the header buffer; the frame is left without them.
    #[inline]
    pub fn take_behind_headers(&mut self) -> Bytes {
        core::mem::take(&mut self.payload)
    }

    #[cold]
    fn copy_payload(&self, offset: usize) -> Bytes {
        let head = self.head();
        if offset > head.len() {
            return self.payload.slice(offset - head.len()..);
        }
        let mut octets = BytesMut::with_capacity(self.len() - offset);
        octets.extend_from_slice(&head[offset..]);
        octets.extend_from_slice(&self.payload);
        octets.freeze()
    }

    /// Adds all octets to a checksum.
    pub fn sum(&self, sum: Sum) -> Sum {
        self.sum_from(0, sum)
    }

    /// Adds the octets from `start` on to a checksum.
    ///
    /// # Panics
    /// When those in front of them were not all pulled up.
    pub fn sum_from(&self, start: usize, sum: Sum) -> Sum {
        let head = &self.head()[start..];
        if head.len().is_multiple_of(2) || self.payload.is_empty() {
            return sum.with(head).with(&self.payload);
        }
        // Parts add up at even offsets only; our own layers push whole 16-bit words.
        sum.with(&self.to_vec()[start..])
    }

    /// All octets in one buffer.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.len());
        octets.extend_from_slice(self.head());
        octets.extend_from_slice(&self.payload);
        octets
    }

    /// The `length` octets behind the first `offset`, as the payload of a frame of their own: a slice, besides those of
    /// them that lie in the header buffer.
    ///
    /// # Panics
    /// When the frame is shorter.
    #[must_use]
    pub fn piece(&self, offset: usize, length: usize, meta: Meta) -> Self {
        let head = self.head();
        let (begin, end) = (offset.min(head.len()), (offset + length).min(head.len()));
        let behind = |at: usize| at.saturating_sub(head.len());
        let payload = self.payload.slice(behind(offset)..behind(offset + length));
        let mut piece = Self::with_payload(payload, meta);
        piece.push_front_slice(end - begin).copy_from_slice(&head[begin..end]);
        piece
    }

    /// Puts a header in front that was received, and takes it off again: the frame is as if it had arrived with it.
    pub fn with_stripped(header: &[u8], payload: Bytes, meta: Meta) -> Self {
        let mut frame = Self::from_wire(payload, meta);
        frame.head[..header.len()].copy_from_slice(header);
        (frame.start, frame.end) = (header.len() as u8, header.len() as u8);
        frame
    }

    /// Completes a partial checksum, as a link would that can.
    pub fn complete_checksum(&mut self) {
        let Checksum::Partial { start, offset } = self.meta.checksum else { return };
        let (start, at) = (usize::from(start), usize::from(start) + usize::from(offset));
        if self.pull_up(at + 2).is_none() {
            return;
        }
        // A sum of zero is sent as all ones (RFC 768 §Fields), which is the same to whoever verifies it.
        let checksum = match self.sum_from(start, Sum::new()).finish() {
            0 => 0xffff,
            checksum => checksum,
        };
        self.head_mut()[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
        self.meta.checksum = Checksum::Complete;
    }

    /// Flips one bit, counted from the frame's first. The payload is copied first: others may hold it.
    ///
    /// # Panics
    /// When the frame has no such bit.
    pub fn flip_bit(&mut self, bit: usize) {
        let (octet, mask) = (bit / 8, 0x80 >> (bit % 8));
        let head = self.head().len();
        if octet < head {
            self.head_mut()[octet] ^= mask;
        } else {
            let mut copy = BytesMut::from(&self.payload[..]);
            copy[octet - head] ^= mask;
            self.payload = copy.freeze();
        }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}, {} octets, {:?})", self.meta.id, self.len(), self.meta.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta::new(Cause::NewData, Trigger::Call)
    }

    #[test]
    fn what_is_pushed_is_what_is_read() {
        let mut frame = Frame::with_payload(Bytes::from_static(b"data"), meta());
        frame.push_front::<3>().copy_from_slice(b"tcp");
        frame.push_front::<2>().copy_from_slice(b"ip");
        assert_eq!(frame.to_vec(), b"iptcpdata");
        assert_eq!(frame.pull_up(2), Some(&b"ip"[..]));
        frame.strip_front(2);
        assert_eq!(frame.pull_up(3), Some(&b"tcp"[..]));
        frame.unstrip_front(2);
        assert_eq!(frame.len(), 9);
        assert_eq!(&frame.into_payload(5)[..], b"data");
    }

    #[test]
    fn a_frame_from_the_wire_reads_the_same() {
        let mut frame = Frame::from_wire(Bytes::from_static(b"iptcpdata"), meta());
        assert_eq!(frame.pull_up(2), Some(&b"ip"[..]));
        frame.strip_front(2);
        assert_eq!(frame.pull_up(3), Some(&b"tcp"[..]));
        assert_eq!(frame.pull_up(8), None);
        assert_eq!(&frame.clone().into_payload(1)[..], b"cpdata");
        assert_eq!(&frame.into_payload(5)[..], b"ta");
    }

    #[test]
    fn pulling_up_makes_room_when_the_buffer_is_full_at_its_end() {
        let mut frame = Frame::with_payload(Bytes::from(vec![7; 200]), meta());
        frame.push_front::<4>().copy_from_slice(b"head");
        assert_eq!(frame.pull_up(HEADROOM).map(<[u8]>::len), Some(HEADROOM));
        assert_eq!(frame.pull_up(HEADROOM + 1), None);
        assert_eq!(frame.len(), 204);
        assert_eq!(&frame.head()[..5], b"head\x07");
    }

    #[test]
    fn a_frame_from_the_wire_has_room_for_more_headers() {
        for (wire, pulled, pushed) in [(9, 5, 18), (300, HEADROOM, 18), (300, 130, HEADROOM), (3, 0, 1)] {
            let octets: Vec<u8> = (0..wire).map(|octet| octet as u8).collect();
            let mut frame = Frame::from_wire(octets.clone().into(), meta());
            frame.pull_up(pulled).unwrap();
            frame.push_front_slice(pushed).fill(0xaa);
            assert_eq!(frame.to_vec(), [vec![0xaa; pushed], octets].concat(), "{wire} {pulled} {pushed}");
        }
    }

    #[test]
    fn what_was_stripped_comes_back_after_more_was_pulled_up() {
        let mut frame = Frame::with_payload(Bytes::from(vec![7; 20]), meta());
        frame.push_front::<4>().copy_from_slice(b"head");
        frame.strip_front(4);
        assert_eq!(frame.pull_up(8), Some(&[7; 8][..]));
        frame.unstrip_front(4);
        assert_eq!(&frame.to_vec()[..5], b"head\x07");
        let mut received = Frame::with_stripped(b"head", Bytes::from_static(b"data"), meta());
        assert_eq!(received.pull_up(2), Some(&b"da"[..]));
        received.unstrip_front(4);
        assert_eq!(received.to_vec(), b"headdata");
    }

    #[test]
    fn a_piece_is_what_lies_there() {
        let mut frame = Frame::with_payload(Bytes::from_static(b"payload"), meta());
        frame.push_front::<4>().copy_from_slice(b"head");
        let octets = frame.to_vec();
        for begin in 0..=octets.len() {
            for end in begin..=octets.len() {
                assert_eq!(frame.piece(begin, end - begin, meta()).to_vec(), octets[begin..end]);
            }
        }
    }

    #[test]
    fn truncation_takes_padding_from_payload_and_header() {
        for length in 0..9 {
            let mut frame = Frame::with_payload(Bytes::from_static(b"data"), meta());
            frame.push_front::<3>().copy_from_slice(b"tcp");
            frame.truncate(length);
            assert_eq!(frame.to_vec(), b"tcpdata"[..length.min(7)].to_vec());
        }
    }

    #[test]
    fn the_sum_does_not_depend_on_where_the_octets_lie() {
        let octets: Vec<u8> = (1..=99).collect();
        let sum = Sum::new().with(&octets).finish();
        for length in 0..=octets.len() {
            let mut frame = Frame::with_payload(Bytes::copy_from_slice(&octets[length..]), meta());
            frame.push_front_slice(length).copy_from_slice(&octets[..length]);
            assert_eq!(frame.sum(Sum::new()).finish(), sum, "{length} octets of headers");
        }
    }

    #[test]
    fn a_flipped_bit_is_flipped_here_only() {
        let shared = Bytes::from(vec![0; 4]);
        let mut frame = Frame::with_payload(shared.clone(), meta());
        frame.push_front::<2>().copy_from_slice(&[0, 0]);
        for bit in 0..48 {
            let mut broken = frame.clone();
            broken.flip_bit(bit);
            let octets = broken.to_vec();
            assert_eq!(octets.iter().map(|octet| octet.count_ones()).sum::<u32>(), 1);
            assert_eq!(octets[bit / 8], 0x80 >> (bit % 8));
        }
        assert_eq!(&shared[..], &[0; 4]);
    }
}
