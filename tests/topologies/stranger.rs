//! A station that sends what nobody should answer.

use std::collections::VecDeque;

use bytes::Bytes;
use proptest::prelude::*;
use wirelab::sim::Script;
use wirelab::stack::checksum::Sum;
use wirelab::stack::context::Ctx;
use wirelab::stack::frame::{Frame, InterfaceId, Meta};
use wirelab::stack::time::{Duration, Instant};
use wirelab::stack::trace::{Cause, Trigger};

use super::topology::STRANGER;

/// A packet that a stranger sends: numbers that stand for addresses are resolved when the nodes are known.
#[derive(Clone, Debug)]
pub struct Packet {
    pub to_station: u8,
    pub source: u8,
    pub destination: u8,
    pub protocol: u8,
    pub icmp: u8,
    pub fragment: u16,
    pub ttl: u8,
    pub options: u8,
}

pub fn packet() -> impl Strategy<Value = Packet> {
    let fragment = prop_oneof![4 => Just(0_u16), 1 => Just(0x2000), 1 => 1_u16..0x1fff];
    let ttl = prop_oneof![3 => Just(1_u8), 2 => 0_u8..5, 3 => Just(64)];
    let protocol = prop_oneof![3 => Just(17_u8), 3 => Just(1), 1 => Just(253), 1 => Just(6)];
    let icmp = prop_oneof![2 => Just(8_u8), 1 => Just(3), 1 => Just(11), 1 => Just(5), 1 => Just(12), 1 => any::<u8>()];
    (any::<u8>(), any::<u8>(), any::<u8>(), protocol, icmp, fragment, ttl, 0_u8..8).prop_map(
        |(to_station, source, destination, protocol, icmp, fragment, ttl, options)| Packet {
            to_station,
            source,
            destination,
            protocol,
            icmp,
            fragment,
            ttl,
            options,
        },
    )
}

impl Packet {
    /// The frame, where the first network's stations are `stations` and all addresses of nodes are `own`.
    pub fn octets(&self, stations: &[[u8; 6]], own: &[[u8; 4]]) -> Vec<u8> {
        let station = match self.to_station % 8 {
            0 => [0xff; 6],
            1 => [1, 0, 0x5e, 1, 2, 3],
            _ => stations[usize::from(self.to_station) % stations.len()],
        };
        let odd =
            [[0; 4], [127, 0, 0, 1], [224, 0, 0, 5], [255; 4], [240, 0, 0, 1], [10, 0, 0, 255], [0, 1, 2, 3]];
        let source = match self.source % 16 {
            number @ 0..7 => odd[usize::from(number)],
            7 | 8 => own[usize::from(self.source) % own.len()],
            _ => [10, 0, 0, STRANGER],
        };
        let destination = match self.destination % 16 {
            0 => [192, 0, 2, 1],
            1 => [239, 1, 2, 3],
            2 => [10, 1, 0, 255],
            number @ 3..8 => odd[usize::from(number) - 3],
            8 => [10, 0, 0, 200],
            _ => own[usize::from(self.destination) % own.len()],
        };
        // No port of the nodes is open; what claims a checksum of 0 has none (RFC 768 §Fields).
        let mut body = vec![0_u8; 40];
        if self.protocol == 1 {
            body[0] = self.icmp;
            // What an error is about: a datagram between two of the nodes.
            body[8..28].copy_from_slice(&header(own[0], own[own.len() - 1], 17, 64, 0, 28, &[]));
            let sum = Sum::new().with(&body).finish();
            body[2..4].copy_from_slice(&sum.to_be_bytes());
        } else {
            body[..6].copy_from_slice(&[0x30, 0x39, 0x30, 0x39, 0, 40]);
        }
        let options: &[u8] = match self.options {
            0 => &[7, 1, 0, 0],
            1 => &[131, 7, 4, 10, 0, 0, 1, 0],
            2 => &[148, 4, 0, 0],
            _ => &[],
        };
        let length = 20 + options.len() + body.len();
        let mut octets = Vec::with_capacity(14 + length);
        octets.extend_from_slice(&station);
        octets.extend_from_slice(&[2, 0, 0, 0, 0, STRANGER, 8, 0]);
        octets.extend(header(
            source,
            destination,
            self.protocol,
            self.ttl,
            self.fragment,
            length as u16,
            options,
        ));
        octets.extend(body);
        octets
    }
}

/// An IPv4 header with its checksum.
fn header(
    source: [u8; 4],
    destination: [u8; 4],
    protocol: u8,
    ttl: u8,
    fragment: u16,
    length: u16,
    options: &[u8],
) -> Vec<u8> {
    let mut header = vec![0x45 + (options.len() / 4) as u8, 0];
    header.extend(length.to_be_bytes());
    header.extend([0, 1]);
    header.extend(fragment.to_be_bytes());
    header.extend([ttl, protocol, 0, 0]);
    header.extend(source);
    header.extend(destination);
    header.extend_from_slice(options);
    let sum = Sum::new().with(&header).finish();
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header
}

/// Sends each frame a millisecond after the one before, and listens to nothing.
pub struct Stranger {
    pub frames: VecDeque<Vec<u8>>,
    pub next: Instant,
    pub due: Option<Vec<u8>>,
}

impl Script for Stranger {
    fn handle_frame(&mut self, _: &mut Ctx<'_>, _: InterfaceId, _: Frame) {}

    fn handle_timeout(&mut self, ctx: &mut Ctx<'_>) {
        if self.poll_timeout().is_some_and(|at| at <= ctx.now) {
            self.due = self.frames.pop_front();
            self.next = ctx.now + Duration::from_millis(1);
        }
    }

    fn poll_transmit(&mut self, _: &mut Ctx<'_>) -> Option<(InterfaceId, Frame)> {
        let meta = Meta::new(Cause::Raw, Trigger::Call);
        self.due.take().map(|octets| (InterfaceId(0), Frame::from_wire(Bytes::from(octets), meta)))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (!self.frames.is_empty()).then_some(self.next)
    }
}
