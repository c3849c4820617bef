//! A peer for the kernel's stack, made by hand: it sends what it is told to, and looks at what comes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use bytes::Bytes;
use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};
use wirelab_rawlink::RealLink;
use wirelab_stack::addr::Mac;
use wirelab_stack::checksum::pseudo_header;
use wirelab_stack::frame::{Checksum, Frame, Medium, Meta};
use wirelab_stack::trace::{Cause, Trigger};

use crate::support::{self, PATIENCE, wait};

/// The kernel's address, and ours.
pub const KERNEL: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// Our hardware address, which no device has.
pub const OUR_MAC: &str = "02:00:00:00:00:02";
const OUR_PORT: u16 = 4000;
const ETHERNET: usize = 14;

/// A peer behind a link.
pub struct Hand {
    pub link: Box<dyn RealLink>,
    kernel_mac: Mac,
    arrived: VecDeque<Frame>,
}

/// A segment of a connection between the kernel and us.
#[derive(Clone, Debug)]
pub struct Segment {
    pub syn: bool,
    pub sequence: u32,
    pub acknowledged: u32,
    pub payload: Vec<u8>,
    pub is_super_frame: bool,
}

impl Hand {
    pub fn new(link: Box<dyn RealLink>, kernel_mac: Option<Mac>) -> Self {
        Self { link, kernel_mac: kernel_mac.unwrap_or_default(), arrived: VecDeque::new() }
    }

    /// Waits until the kernel sends by its device: a while after that has its carrier. What comes meanwhile is lost.
    #[track_caller]
    pub fn wait_for_carrier(&mut self) {
        let kernel = UdpSocket::bind((KERNEL, 0)).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            kernel.send_to(b"carrier", (OURS, OUR_PORT + 1)).unwrap();
            if support::ready(&*self.link, rustix::event::PollFlags::IN, Duration::from_millis(20)) {
                return;
            }
            assert!(Instant::now() < until, "the device has no carrier");
        }
    }

    /// A frame of an IP packet.
    pub fn frame(&self, packet: Vec<u8>) -> Frame {
        let mut octets = Vec::new();
        let medium = self.link.medium();
        if medium == Medium::Ethernet {
            octets.extend(self.kernel_mac.0);
            octets.extend(OUR_MAC.parse::<Mac>().unwrap().0);
            octets.extend([8, 0]);
        }
        octets.extend(packet);
        Frame::from_wire(Bytes::from(octets), Meta { medium, ..Meta::new(Cause::Raw, Trigger::Call) })
    }

    fn header_length(&self) -> usize {
        if self.link.medium() == Medium::Ethernet { ETHERNET } else { 0 }
    }

    /// Makes its transport checksum, `offset` octets into a header of TCP or UDP behind an IPv4 header without options, a
    /// partial one.
    pub fn make_partial(&self, frame: &mut Frame, protocol: u8, offset: u16) {
        let start = self.header_length() + 20;
        let covered = (frame.len() - start) as u32;
        let sum = !pseudo_header(&OURS.into(), &KERNEL.into(), protocol, covered).finish();
        let mut octets = frame.to_vec();
        octets[start + usize::from(offset)..][..2].copy_from_slice(&sum.to_be_bytes());
        let meta = Meta { checksum: Checksum::Partial { start: start as u16, offset }, ..frame.meta };
        *frame = Frame::from_wire(Bytes::from(octets), meta);
    }

    /// Sends frames, all of which must go.
    #[track_caller]
    pub fn send(&mut self, frames: impl IntoIterator<Item = Frame>) {
        let mut queue: VecDeque<_> = frames.into_iter().collect();
        while !queue.is_empty() {
            self.link.send(&mut queue).unwrap();
            if !queue.is_empty() {
                assert!(support::ready(&*self.link, rustix::event::PollFlags::OUT, PATIENCE), "nothing goes");
            }
        }
    }

    /// The next frame for which `read` gives something.
    #[track_caller]
    pub fn next<T>(&mut self, mut read: impl FnMut(&Frame, &SlicedPacket<'_>) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(frame) = self.arrived.pop_front() {
                let octets = frame.to_vec();
                let packet = match frame.meta.medium {
                    Medium::Ethernet => SlicedPacket::from_ethernet(&octets),
                    Medium::PointToPoint => SlicedPacket::from_ip(&octets),
                };
                if let Some(found) = packet.ok().and_then(|packet| read(&frame, &packet)) {
                    self.check(&frame);
                    return found;
                }
            }
            wait(&*self.link, until);
            self.link.receive(&mut self.arrived, 64).unwrap();
        }
    }

    /// What every frame of TCP and UDP must be, whose tag is beside it.
    #[track_caller]
    fn check(&self, frame: &Frame) {
        let capabilities = self.link.capabilities();
        let octets = frame.to_vec();
        let packet = &octets[self.header_length()..];
        if packet[0] >> 4 != 4 {
            return;
        }
        let covered = &packet[20..];
        match frame.meta.checksum {
            Checksum::Complete => {
                let sum = pseudo_header(&KERNEL.into(), &OURS.into(), packet[9], covered.len() as u32);
                assert!(sum.with(covered).is_intact(), "a checksum that is said to be complete is not");
            }
            Checksum::Partial { start, offset } => {
                assert!(capabilities.receive_checksum, "{:?}", frame.meta);
                assert_eq!(usize::from(start), self.header_length() + 20);
                assert_eq!(offset, if packet[9] == 6 { 16 } else { 6 });
            }
            Checksum::Verified | Checksum::Unchecked => {}
        }
        let longest = usize::from(capabilities.mtu);
        assert!(
            packet.len() <= longest || frame.meta.segment_size.is_some(),
            "{} octets in a frame that is no super-frame",
            packet.len()
        );
    }

    /// The lengths of datagrams that are tried.
    fn lengths(&self) -> [usize; 8] {
        let most = usize::from(self.link.capabilities().mtu) - 28;
        [0, 1, 17, 18, 200, 511, most - 1, most]
    }

    /// Datagrams of all lengths that fit come from the kernel.
    pub fn take_datagrams(&mut self) {
        self.wait_for_carrier();
        let kernel = UdpSocket::bind((KERNEL, 0)).unwrap();
        for length in self.lengths() {
            self.take_datagram(&kernel, &payload(length));
        }
    }

    fn take_datagram(&mut self, kernel: &UdpSocket, payload: &[u8]) {
        kernel.send_to(payload, (OURS, OUR_PORT)).unwrap();
        let received = self.next(|_, packet| match &packet.transport {
            Some(TransportSlice::Udp(udp)) if udp.destination_port() == OUR_PORT => {
                Some(udp.payload().to_vec())
            }
            _ => None,
        });
        assert!(received == payload, "{} octets from the kernel", payload.len());
    }

    /// Datagrams of all lengths that fit, both ways, with checksums complete and partial.
    pub fn exchange_datagrams(&mut self) {
        let kernel = UdpSocket::bind((KERNEL, 0)).unwrap();
        kernel.set_read_timeout(Some(PATIENCE)).unwrap();
        let port = kernel.local_addr().unwrap().port();
        self.wait_for_carrier();
        for length in self.lengths() {
            let payload = payload(length);
            self.take_datagram(&kernel, &payload);
            let mut packet = Vec::new();
            PacketBuilder::ipv4(OURS.octets(), KERNEL.octets(), 64)
                .udp(OUR_PORT, port)
                .write(&mut packet, &payload)
                .unwrap();
            let whole = self.frame(packet);
            let mut partial = whole.clone();
            self.make_partial(&mut partial, 17, 6);
            // Where the device does not complete checksums, the link does.
            self.send([whole, partial]);
            for what in ["complete", "partial"] {
                let mut buffer = vec![0; 65_536];
                let (received, from) = kernel.recv_from(&mut buffer).unwrap();
                assert_eq!(from, SocketAddr::from((OURS, OUR_PORT)));
                assert!(buffer[..received] == payload, "{length} octets to the kernel, checksum {what}");
            }
        }
    }

    /// A segment to the kernel.
    fn segment(&self, port: u16, syn: bool, sequence: u32, acknowledged: u32, payload: &[u8]) -> Frame {
        let builder = PacketBuilder::ipv4(OURS.octets(), KERNEL.octets(), 64);
        let builder = builder.tcp(OUR_PORT, port, sequence, 65_535);
        let mut packet = Vec::new();
        let builder = if syn {
            let size = self.link.capabilities().mtu - 40;
            builder.syn().options(&[etherparse::TcpOptionElement::MaximumSegmentSize(size)]).unwrap()
        } else {
            builder.ack(acknowledged)
        };
        builder.write(&mut packet, payload).unwrap();
        self.frame(packet)
    }

    fn next_segment(&mut self) -> Segment {
        self.next(|frame, packet| match &packet.transport {
            Some(TransportSlice::Tcp(tcp)) if tcp.destination_port() == OUR_PORT => Some(Segment {
                syn: tcp.syn(),
                sequence: tcp.sequence_number(),
                acknowledged: tcp.acknowledgment_number(),
                payload: tcp.payload().to_vec(),
                is_super_frame: frame.meta.segment_size.is_some(),
            }),
            _ => None,
        })
    }

    /// A connection, and 50,000 octets each way: the kernel's in what it sends, ours in super-frames with partial
    /// checksums where `super_frames`, else in segments. Returns the longest payload that came in one frame.
    pub fn exchange_streams(&mut self, super_frames: bool) -> usize {
        let octets: Vec<u8> =
            (0..50_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let listener = TcpListener::bind((KERNEL, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        self.send([self.segment(port, true, 999, 0, &[])]);
        let answer = self.next_segment();
        assert!(answer.syn && answer.acknowledged == 1000, "{answer:?}");
        let mut expected = answer.sequence.wrapping_add(1);
        self.send([self.segment(port, false, 1000, expected, &[])]);
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();

        stream.write_all(&octets).unwrap();
        let (mut received, mut longest) = (Vec::new(), 0);
        while received.len() < octets.len() {
            let segment = self.next_segment();
            let ahead = segment.sequence.wrapping_sub(expected) as i32;
            // What was sent again because our acknowledgement took its time.
            if ahead == 0 && !segment.payload.is_empty() {
                longest = longest.max(segment.payload.len());
                let one = !segment.is_super_frame;
                assert!(!one || segment.payload.len() + 40 <= usize::from(self.link.capabilities().mtu));
                received.extend_from_slice(&segment.payload);
                expected = expected.wrapping_add(segment.payload.len() as u32);
            }
            self.send([self.segment(port, false, 1000, expected, &[])]);
        }
        assert!(received == octets, "what the kernel sent is not what came");

        let size = self.link.capabilities().mtu - 40;
        let mut sequence = 1000;
        let each = if super_frames { 20_000 } else { usize::from(size) };
        let mut frames = Vec::new();
        for chunk in octets.chunks(each) {
            let mut frame = self.segment(port, false, sequence, expected, chunk);
            sequence += chunk.len() as u32;
            if super_frames {
                self.make_partial(&mut frame, 6, 16);
                frame.meta.segment_size = Some(size);
            }
            frames.push(frame);
        }
        self.send(frames);
        let mut read = vec![0; octets.len()];
        stream.read_exact(&mut read).unwrap();
        assert!(read == octets, "what was sent is not what the kernel read");
        longest
    }
}

/// So many octets that no other length begins with.
fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + length) as u8).collect()
}
