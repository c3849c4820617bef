//! A host's standard input and output: what comes to its programs from beyond the network, and what they print.
//!
//! One [`Console`] lies beside each host, in its seat. Whoever runs the network fills its input and takes its output
//! between turns; programs read and write it as they do a stream. Both directions are bounded: who writes more than is
//! taken waits.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::context;
use crate::frame::NodeId;

/// Octets that may wait to be read, and as many to be printed.
pub const MOST_WAITING: usize = 64 * 1024;

/// A host's standard input and output.
#[derive(Debug, Default)]
pub struct Console {
    input: Pipe,
    output: Pipe,
    /// Whether there will be no more input.
    ended: bool,
}

/// Octets on their way, and who waits for them, or for room.
#[derive(Debug, Default)]
struct Pipe {
    octets: VecDeque<u8>,
    waiter: Option<Waker>,
}

impl Pipe {
    fn room(&self) -> usize {
        MOST_WAITING - self.octets.len()
    }

    /// Takes in as much as there is room for; how much that was.
    fn fill(&mut self, octets: &[u8]) -> usize {
        let taken = octets.len().min(self.room());
        self.octets.extend(&octets[..taken]);
        taken
    }

    fn wake(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    /// Notes who waits. Who waited before looks again: there may be two.
    fn wait(&mut self, waker: &Waker) {
        if self.waiter.as_ref().is_none_or(|waiter| !waiter.will_wake(waker)) {
            self.wake();
            self.waiter = Some(waker.clone());
        }
    }
}

impl Console {
    /// Adds to the input as much as there is room for, and says how much that was. Nothing after its end.
    pub fn feed(&mut self, octets: &[u8]) -> usize {
        if self.ended {
            return 0;
        }
        let taken = self.input.fill(octets);
        self.input.wake();
        taken
    }

    /// There will be no more input.
    pub fn end_input(&mut self) {
        self.ended = true;
        self.input.wake();
    }

    /// Octets that the input has room for.
    pub fn input_room(&self) -> usize {
        if self.ended { 0 } else { self.input.room() }
    }

    /// Whether a program waits for input that may still come.
    pub fn wants_input(&self) -> bool {
        !self.ended && self.input.octets.is_empty() && self.input.waiter.is_some()
    }

    /// Whether there is output to be taken.
    pub fn has_output(&self) -> bool {
        !self.output.octets.is_empty()
    }

    /// Takes all output that there is.
    pub fn take_output(&mut self) -> Bytes {
        let octets = Vec::from(core::mem::take(&mut self.output.octets));
        self.output.wake();
        octets.into()
    }

    /// The output that there is, or its first part.
    pub fn output(&self) -> &[u8] {
        self.output.octets.as_slices().0
    }

    /// The first `octets` of the output are taken: all of them, where there are fewer.
    pub fn printed(&mut self, octets: usize) {
        let octets = octets.min(self.output.octets.len());
        self.output.octets.drain(..octets);
        self.output.wake();
    }

    /// Its programs are gone: nobody waits any more. What was fed and not read, and printed and not taken, stays.
    pub(super) fn forget_waiters(&mut self) {
        (self.input.waiter, self.output.waiter) = (None, None);
    }
}

/// A program's end of its host's standard input.
#[derive(Debug)]
pub struct Stdin {
    node: NodeId,
}

/// A program's end of its host's standard output.
#[derive(Debug)]
pub struct Stdout {
    node: NodeId,
}

/// The host's standard input. Where several programs read it, each octet goes to one of them.
///
/// # Panics
/// Outside of any task.
#[track_caller]
pub fn stdin() -> Stdin {
    Stdin { node: context::with(|seat| seat.host.node()) }
}

/// The host's standard output.
///
/// # Panics
/// Outside of any task.
#[track_caller]
pub fn stdout() -> Stdout {
    Stdout { node: context::with(|seat| seat.host.node()) }
}

#[track_caller]
fn console<R>(node: NodeId, act: impl FnOnce(&mut Console) -> R) -> R {
    context::with(|seat| {
        context::check(seat, Some(node));
        act(&mut seat.console)
    })
}

impl AsyncRead for Stdin {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        console(self.node, |console| {
            let waiting = &mut console.input.octets;
            if waiting.is_empty() && !console.ended && into.remaining() > 0 {
                console.input.wait(cx.waker());
                return Poll::Pending;
            }
            let (front, _) = waiting.as_slices();
            let taken = front.len().min(into.remaining());
            into.put_slice(&front[..taken]);
            waiting.drain(..taken);
            Poll::Ready(Ok(()))
        })
    }
}

/// Nobody waits for input any more.
impl Drop for Stdin {
    fn drop(&mut self) {
        let waiter = context::try_with(|seat| {
            (seat.host.node() == self.node).then(|| seat.console.input.waiter.take()).flatten()
        });
        // Dropped where a seat may be used again: a waker may own its task.
        drop(waiter);
    }
}

impl AsyncWrite for Stdout {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        console(self.node, |console| {
            let taken = console.output.fill(octets);
            if taken == 0 && !octets.is_empty() {
                console.output.wait(cx.waker());
                return Poll::Pending;
            }
            Poll::Ready(Ok(taken))
        })
    }

    /// What was written is there to be taken.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
