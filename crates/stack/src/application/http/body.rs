//! Bodies that are sent.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::socket::net::{fs, sent};

/// Octets that are taken from a file at once.
const CHUNK: usize = 64 * 1024;

/// A body: octets that are there already, or a part of a file, which is read as it is sent.
#[derive(Debug)]
pub(super) enum Body {
    Empty,
    Whole(Bytes),
    Part { file: fs::File, next: u64, end: u64 },
}

impl Body {
    /// How many octets are left.
    pub(super) const fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Whole(octets) => octets.len() as u64,
            Self::Part { next, end, .. } => *end - *next,
        }
    }

    /// The octets of a file from `start` to before `end`.
    pub(super) const fn part(file: fs::File, start: u64, end: u64) -> Self {
        Self::Part { file, next: start, end }
    }

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        match self {
            Self::Empty => None,
            Self::Whole(octets) => {
                let octets = core::mem::take(octets);
                *self = Self::Empty;
                (!octets.is_empty()).then_some(Ok(octets))
            }
            Self::Part { next, end, .. } if next == end => None,
            Self::Part { file, next, end } => {
                let most = usize::try_from(*end - *next).map_or(CHUNK, |left| left.min(CHUNK));
                let octets = match file.read_at(*next, most) {
                    // The length that was told cannot be kept.
                    Ok(octets) if octets.is_empty() => return Some(Err(io::ErrorKind::UnexpectedEof.into())),
                    Ok(octets) => octets,
                    Err(error) => return Some(Err(error.into())),
                };
                *next += octets.len() as u64;
                Some(Ok(octets))
            }
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.next().map(|octets| octets.inspect(|octets| sent(octets)).map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.length() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}
