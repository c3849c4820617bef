//! Lines from a connection, cut by the rules of a protocol.

use std::io;

use bytes::{Buf, Bytes};

use crate::socket::net::TcpStream;

/// What cuts a stream of octets into lines, wherever the network has cut it.
pub(super) trait Cut {
    /// A line, or what is wrong with it.
    type Line;

    /// The next line; octets are taken from `input` up to its end. Nothing where `input` holds none.
    fn cut(&mut self, input: &mut &[u8]) -> Option<Self::Line>;
}

/// What has come over a connection, and was not looked at yet.
pub(super) struct Incoming<C> {
    pub(super) lines: C,
    input: Bytes,
}

impl<C: Cut> Incoming<C> {
    /// Nothing has come yet.
    pub(super) const fn new(lines: C) -> Self {
        Self { lines, input: Bytes::new() }
    }

    /// The next line that has come already.
    pub(super) fn next(&mut self) -> Option<C::Line> {
        let Self { lines, input } = self;
        take(input, |input| lines.cut(input))
    }

    /// Looks at what comes in another way than by lines, from the front on; what it leaves is still there afterwards.
    pub(super) fn take<T>(&mut self, look: impl FnOnce(&mut &[u8]) -> T) -> T {
        take(&mut self.input, look)
    }

    /// Waits for more, at most `most` octets, once all that has come was looked at; whether there is more.
    pub(super) async fn read(&mut self, stream: &TcpStream, most: usize) -> io::Result<bool> {
        self.input = stream.read_bytes(most).await?;
        Ok(!self.input.is_empty())
    }

    /// The next line; nothing at the end of the connection. Nothing is lost where this is dropped.
    pub(super) async fn line(&mut self, stream: &TcpStream, most: usize) -> io::Result<Option<C::Line>> {
        loop {
            let line = self.next();
            if line.is_some() || !self.read(stream, most).await? {
                return Ok(line);
            }
        }
    }
}

fn take<T>(input: &mut Bytes, look: impl FnOnce(&mut &[u8]) -> T) -> T {
    let mut rest = &input[..];
    let found = look(&mut rest);
    let left = rest.len();
    input.advance(input.len() - left);
    found
}
