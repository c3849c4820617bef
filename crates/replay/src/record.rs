//! What is in a record's file.
//!
//! The file begins with [`MAGIC`] and the [`VERSION`], two octets, low one first. What follows is one block after another, in
//! the order in which things happened: four octets with the block's length, low one first; what it is, as `postcard` writes
//! a [`Record`]; and octets that belong to it, up to the block's end. A block is written whole at once, so that a file whose
//! writer was killed ends within a block, and is good up to there.

use serde::{Deserialize, Serialize};
use wirelab_sim::Signal;
use wirelab_stack::frame::{Checksum, Frame, HEADROOM, Medium, Meta};
use wirelab_stack::trace::{Cause, Trigger};

use bytes::Bytes;

/// How each record begins.
pub const MAGIC: [u8; 8] = *b"wirelab\n";

/// The version of the form. It grows with each change of it: older programs cannot know what a newer record means.
pub const VERSION: u16 = 1;

/// Octets of a block, without its length: the listing of a directory with as many names as any may have, each as long as it
/// may be.
pub const MAX_BLOCK: usize = 1 << 25;

/// Octets of a frame: an IP packet of 65,535 behind Ethernet's header and two tags.
pub const MAX_FRAME: usize = 65_535 + 14 + 2 * 4;

/// Inputs of one turn.
pub const MAX_INPUTS: usize = 1 << 16;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Record {
    /// What was asked before the run began. Its octets are the answer.
    Answer {
        /// What was asked.
        question: String,
    },
    /// A frame came. Its octets are the frame's.
    Frame {
        /// By which port.
        port: u32,
        /// How many of the octets lay in the buffer of headers.
        head: u8,
        /// What is known of it.
        meta: Told,
    },
    /// Its octets came by standard input.
    Standard,
    /// Standard input ended.
    EndOfInput,
    /// `SIGINT`.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
    /// A turn began, with all inputs since the last one.
    Turn {
        /// Nanoseconds since the last one.
        after: u64,
    },
    /// A port's device took frames. Its octets are the frames' hashes.
    Taken {
        /// By which port.
        port: u32,
        /// How many.
        frames: u32,
    },
    /// Octets were printed. Its octets are their hash.
    Printed {
        /// How many.
        octets: u32,
    },
    /// A host's files answered. Its octets are what was read, where something was.
    Storage {
        /// Which host's.
        node: u32,
        /// What was called.
        call: Call,
        /// The hash of what it was given.
        given: u64,
        /// What it said.
        said: Said,
    },
    /// What drove the run failed, and it ended with that.
    Failed {
        /// With these words.
        why: String,
    },
    /// The run ended.
    End,
}

/// What is known of a frame that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    checksum: Sum,
    segment_size: Option<u16>,
    vlan: Option<u16>,
    point_to_point: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Sum {
    Complete,
    Partial { start: u16, offset: u16 },
    Verified,
    Unchecked,
}

/// A call of a [`Storage`](wirelab_stack::storage::Storage).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the calls'")]
pub enum Call {
    Open,
    ReadAt,
    Create,
    Write,
    Commit,
    Append,
    Metadata,
    List,
    CreateDirectory,
    Rename,
    Remove,
}

/// What a storage said to a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Said {
    /// It is done, or the octets are what was read.
    Done,
    /// It cannot be, for this reason.
    Failed(Reason),
    /// The file is open under this number.
    Opened(u64),
    /// The file is open under this number, and is like this.
    Found(u64, Known),
    /// It is like this.
    Known(Known),
    /// These are in the directory.
    Listed(Vec<(String, Known)>),
}

/// What is known of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    pub(crate) length: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i128,
    pub(crate) is_directory: bool,
}

/// Why a storage could not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of `StorageError`")]
pub enum Reason {
    NotFound,
    Exists,
    IsDirectory,
    NotDirectory,
    NotEmpty,
    NoSpace,
    TooManyFiles,
    TooManyOpen,
    NotOpen,
    Invalid,
    Denied,
    /// The system's own reason, by its place in a list.
    Failed(u8),
}

impl Told {
    pub(crate) fn of(meta: &Meta) -> Self {
        Self {
            checksum: match meta.checksum {
                Checksum::Complete => Sum::Complete,
                Checksum::Partial { start, offset } => Sum::Partial { start, offset },
                Checksum::Verified => Sum::Verified,
                Checksum::Unchecked => Sum::Unchecked,
            },
            segment_size: meta.segment_size,
            vlan: meta.vlan,
            point_to_point: meta.medium == Medium::PointToPoint,
        }
    }

    /// The frame of `octets`, of which `head` lay in the buffer of headers; `None` where no link would have brought it.
    pub(crate) fn frame(self, head: u8, octets: &[u8]) -> Option<Frame> {
        let head = usize::from(head);
        let checksum = match self.checksum {
            Sum::Complete => Checksum::Complete,
            Sum::Partial { start, offset } => {
                let end = usize::from(start) + usize::from(offset) + 2;
                if end > octets.len() {
                    return None;
                }
                Checksum::Partial { start, offset }
            }
            Sum::Verified => Checksum::Verified,
            Sum::Unchecked => Checksum::Unchecked,
        };
        let fits = octets.len() <= MAX_FRAME && head <= octets.len().min(HEADROOM);
        if !fits || self.segment_size == Some(0) {
            return None;
        }
        let medium = if self.point_to_point { Medium::PointToPoint } else { Medium::Ethernet };
        let meta = Meta {
            checksum,
            segment_size: self.segment_size,
            vlan: self.vlan,
            medium,
            ..Meta::new(Cause::Raw, Trigger::Call)
        };
        if head == 0 {
            return Some(Frame::from_wire(Bytes::copy_from_slice(octets), meta));
        }
        let mut frame = Frame::with_payload(Bytes::copy_from_slice(&octets[head..]), meta);
        frame.push_front_slice(head).copy_from_slice(&octets[..head]);
        Some(frame)
    }
}

impl From<Signal> for Record {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Interrupt => Self::Interrupt,
            Signal::Terminate => Self::Terminate,
        }
    }
}
