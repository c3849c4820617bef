//! A stream of ours as `hyper` reads and writes it.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::socket::net::{TcpStream, time};
use crate::time::{Duration, Instant};

/// A connection, which fails when nothing has moved on it for a while though something is waited for: a peer that neither
/// reads nor writes holds nothing for longer.
#[derive(Debug)]
pub(super) struct Io {
    stream: Arc<TcpStream>,
    /// How long it may stand still.
    stall: Duration,
    /// When something moved last, either way.
    moved: Instant,
    /// Each runs while its direction is waited for.
    reading: Wait,
    writing: Wait,
}

type Wait = Option<Pin<Box<time::Sleep>>>;

impl Io {
    pub(super) fn new(stream: Arc<TcpStream>, stall: Duration) -> Self {
        Self { stream, stall, moved: time::now(), reading: None, writing: None }
    }
}

/// Something has moved; or nothing has, and the time runs.
fn watch<T>(
    (wait, moved, stall): (&mut Wait, &mut Instant, Duration),
    cx: &mut Context<'_>,
    done: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    let now = time::now();
    if done.is_ready() {
        (*wait, *moved) = (None, now);
        return done;
    }
    let sleep = wait.get_or_insert_with(|| Box::pin(time::sleep(stall)));
    while sleep.as_mut().poll(cx).is_ready() {
        if *moved + stall <= now {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        // The other direction has moved meanwhile.
        *sleep = Box::pin(time::sleep_until(*moved + stall));
    }
    Poll::Pending
}

impl Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let most = buffer.remaining();
        if most == 0 {
            return Poll::Ready(Ok(()));
        }
        let Self { stream, stall, moved, reading, .. } = &mut *self;
        let read = stream.poll_read_bytes(cx, most);
        watch((reading, moved, *stall), cx, read).map_ok(|octets| buffer.put_slice(&octets))
    }
}

impl Write for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, stall, moved, writing, .. } = &mut *self;
        let written = stream.poll_write_some(cx, data);
        watch((writing, moved, *stall), cx, written)
    }

    /// Nothing to do: TCP sends by its own rules.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.stream.shutdown_write())
    }
}
