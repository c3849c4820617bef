//! Segments outside any connection: resets, and the last word of a connection that is already gone.

use std::collections::VecDeque;

use bytes::Bytes;

use super::options::{Options, Timestamps};
use super::segment::{Flags, Segment};
use crate::frame::{Frame, Meta};
use crate::trace::{Cause, ConnectionId, Trigger};
use crate::transport::Path;

/// A segment that waits to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// From here to there.
    pub ends: ConnectionId,
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK, where the segment carries one.
    pub ack: Option<u32>,
    /// Timestamps, where the connection used them (RFC 7323 §3.2).
    pub timestamps: Option<Timestamps>,
    /// Why it is sent.
    pub cause: Cause,
    /// What made it be sent.
    pub trigger: Trigger,
}

impl Reply {
    /// The reset that answers `segment`, for which there is no connection (RFC 9293 §3.10.7.1). `None` for a reset.
    pub fn to(segment: &Segment, payload: u32, ends: ConnectionId, trigger: Trigger) -> Option<Self> {
        if segment.flags.has(Flags::RST) {
            return None;
        }
        let cause = Cause::Reset;
        if segment.flags.has(Flags::ACK) {
            return Some(Self { ends, seq: segment.ack, ack: None, timestamps: None, cause, trigger });
        }
        let controls = u32::from(segment.flags.has(Flags::SYN)) + u32::from(segment.flags.has(Flags::FIN));
        let ack = Some(segment.seq.wrapping_add(payload).wrapping_add(controls));
        Some(Self { ends, seq: 0, ack, timestamps: None, cause, trigger })
    }

    fn put(&self, path: &Path, frame: &mut Frame) {
        frame.refill(Bytes::new(), Meta::new(self.cause, self.trigger));
        let flags = if self.ack.is_some() { Flags::RST | Flags::ACK } else { Flags::RST };
        let segment = Segment {
            source_port: self.ends.local.port(),
            destination_port: self.ends.remote.port(),
            seq: self.seq,
            ack: self.ack.unwrap_or(0),
            flags,
            window: 0,
            urgent: 0,
            options: Options { timestamps: self.timestamps, ..Options::default() },
        };
        let pseudo_header = Segment::pseudo_header(&self.ends.local.ip(), &self.ends.remote.ip());
        segment.push(frame, pseudo_header, path.transmit_checksum);
    }
}

/// The replies that wait, in order, up to a bound.
#[derive(Clone, Debug)]
pub struct Replies {
    waiting: VecDeque<Reply>,
    bound: usize,
}

impl Replies {
    /// None yet, and never more than `bound`.
    pub const fn new(bound: usize) -> Self {
        Self { waiting: VecDeque::new(), bound }
    }

    /// Queues a reply; past the bound it is not made, as a lost one would be.
    pub fn push(&mut self, reply: Reply) {
        if self.waiting.len() < self.bound {
            self.waiting.push_back(reply);
        }
    }

    /// Queues a reply, if there is one.
    pub fn extend(&mut self, reply: Option<Reply>) {
        if let Some(reply) = reply {
            self.push(reply);
        }
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The first one's ends.
    pub fn ends(&self) -> Option<&ConnectionId> {
        self.waiting.front().map(|reply| &reply.ends)
    }

    /// Takes out the first one and puts it into `frame`; false where there is none.
    pub fn emit(&mut self, path: &Path, frame: &mut Frame) -> bool {
        self.waiting.pop_front().map(|reply| reply.put(path, frame)).is_some()
    }

    /// Drops the first one: no way leads there.
    pub fn discard(&mut self) {
        self.waiting.pop_front();
    }
}
