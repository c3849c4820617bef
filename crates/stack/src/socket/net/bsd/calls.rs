//! The methods of a socket.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's name alone fixes the lifetime that it is called with"
)]

use std::io;

use super::waiting::{For, Patience};
use super::{
    Address, Control, Errno, Fd, MSG_PEEK, MSG_WAITALL, OptionValue, Received, SO_TYPE, SOCK_STREAM,
    SOL_SOCKET, Socket, SocketFile,
};
use crate::socket::net::context;

impl Socket {
    /// Gives it its address and port.
    ///
    /// # Errors
    /// `EADDRINUSE`, `EADDRNOTAVAIL`, `EINVAL`.
    pub fn bind(&self, address: impl Into<Address>) -> io::Result<()> {
        let address = address.into();
        self.call(|bsd, fd| bsd.bind(fd, address))
    }

    /// Makes it listen: at most `backlog` connections wait to be accepted.
    ///
    /// # Errors
    /// `EOPNOTSUPP`, `EINVAL`, `EADDRINUSE`.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        self.call(|bsd, fd| bsd.listen(fd, backlog))
    }

    /// The next connection, and the peer's address.
    ///
    /// # Errors
    /// `EINVAL`, `EMFILE`, or that the time is up.
    pub async fn accept(&self) -> io::Result<(Self, Address)> {
        let patience = self.patience(For::Reading, 0)?;
        let (fd, peer) = self.until(For::Reading, patience, |bsd, fd| bsd.accept(fd)).await?;
        Ok((Self::new(self.node, fd), peer))
    }

    /// Connects, and waits until the connection stands. A socket that does not block says `EINPROGRESS` instead.
    ///
    /// # Errors
    /// `ECONNREFUSED`, `ETIMEDOUT`, `ENETUNREACH`, `EHOSTUNREACH`, …, or that the time is up: the connection goes on being
    /// made.
    pub async fn connect(&self, address: impl Into<Address>) -> io::Result<()> {
        let address = address.into();
        let patience = self.patience(For::Writing, 0)?;
        if patience == Patience::None {
            return self.call(|bsd, fd| bsd.connect(fd, address));
        }
        let connect = |bsd: &mut super::Bsd<'_, '_>, fd: Fd| match bsd.connect(fd, address.clone()) {
            Err(Errno::EINPROGRESS | Errno::EALREADY) => Err(Errno::EAGAIN),
            done => done,
        };
        self.until(For::Writing, patience, connect).await
    }

    /// As [`connect`](Self::connect): the number of the error, 0 for none.
    ///
    /// # Errors
    /// What is no error of the socket: that the time is up.
    pub async fn connect_ex(&self, address: impl Into<Address>) -> io::Result<i32> {
        match self.connect(address).await {
            Ok(()) => Ok(0),
            Err(error) => Errno::of(&error).map(Errno::number).ok_or(error),
        }
    }

    /// Sends what there is room for, and says how much that was.
    ///
    /// # Errors
    /// `EPIPE`, `ECONNRESET`, `EMSGSIZE`, …, or that the time is up.
    pub async fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.send_with(data, 0).await
    }

    /// As [`send`](Self::send), with flags: [`MSG_MORE`](super::MSG_MORE), [`MSG_DONTWAIT`](super::MSG_DONTWAIT), ….
    ///
    /// # Errors
    /// As `send`; `EOPNOTSUPP` for a flag that cannot be honoured.
    pub async fn send_with(&self, data: &[u8], flags: i32) -> io::Result<usize> {
        let patience = self.patience(For::Writing, flags)?;
        self.until(For::Writing, patience, |bsd, fd| bsd.send(fd, data, flags)).await
    }

    /// Sends all of `data`.
    ///
    /// # Errors
    /// As [`send`](Self::send): how much was sent before is not told.
    pub async fn sendall(&self, mut data: &[u8]) -> io::Result<()> {
        loop {
            let sent = self.send(data).await?;
            data = &data[sent..];
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends a datagram to `address`.
    ///
    /// # Errors
    /// As [`send`](Self::send); `EDESTADDRREQ`, `EACCES`.
    pub async fn sendto(&self, data: &[u8], address: impl Into<Address>) -> io::Result<usize> {
        let address = address.into();
        let patience = self.patience(For::Writing, 0)?;
        self.until(For::Writing, patience, |bsd, fd| bsd.sendto(fd, data, 0, address.clone())).await
    }

    /// Sends what is gathered from `parts`, with what `control` says of it.
    ///
    /// # Errors
    /// As [`sendto`](Self::sendto).
    pub async fn sendmsg(
        &self,
        parts: &[&[u8]],
        control: &[Control],
        flags: i32,
        address: Option<&Address>,
    ) -> io::Result<usize> {
        let patience = self.patience(For::Writing, flags)?;
        let send = |bsd: &mut super::Bsd<'_, '_>, fd: Fd| bsd.sendmsg(fd, parts, address, control, flags);
        self.until(For::Writing, patience, send).await
    }

    /// At most `most` octets, or the next datagram; none at the end of the stream.
    ///
    /// # Errors
    /// `ECONNRESET`, `ENOTCONN`, …, or that the time is up.
    pub async fn recv(&self, most: usize) -> io::Result<Vec<u8>> {
        self.recv_with(most, 0).await
    }

    /// As [`recv`](Self::recv), with flags: [`MSG_PEEK`], [`MSG_WAITALL`], ….
    ///
    /// # Errors
    /// As `recv`; `EOPNOTSUPP` for a flag that cannot be honoured.
    pub async fn recv_with(&self, most: usize, flags: i32) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; most];
        let length = self.recv_into(&mut buffer, flags).await?;
        buffer.truncate(length);
        Ok(buffer)
    }

    /// As [`recv`](Self::recv), into `buffer`: says how much came. With [`MSG_WAITALL`] a stream fills it, unless it ends
    /// or fails before.
    ///
    /// # Errors
    /// As `recv`.
    pub async fn recv_into(&self, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
        let patience = self.patience(For::Reading, flags)?;
        if flags & MSG_WAITALL == 0 || !self.is_stream()? {
            let receive = |bsd: &mut super::Bsd<'_, '_>, fd: Fd| bsd.recv(fd, buffer, flags);
            return self.until(For::Reading, patience, receive).await;
        }
        let mut filled = 0;
        while filled < buffer.len() {
            // What is peeked at stays, and comes again whole.
            let peeked = if flags & MSG_PEEK != 0 { 0 } else { filled };
            let least = filled;
            let rest = &mut buffer[peeked..];
            let receive = |bsd: &mut super::Bsd<'_, '_>, fd: Fd| match bsd.recv(fd, rest, flags) {
                Ok(length @ 1..) if flags & MSG_PEEK != 0 && length <= least => {
                    let ended = bsd.peek_is_at_end(fd)?;
                    if ended { Ok(0) } else { Err(Errno::EAGAIN) }
                }
                done => done,
            };
            match self.until(For::Reading, patience, receive).await {
                Ok(0) => break,
                Ok(length) => filled = peeked + length,
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn is_stream(&self) -> io::Result<bool> {
        self.call(|bsd, fd| Ok(bsd.getsockopt(fd, SOL_SOCKET, SO_TYPE)? == OptionValue::Int(SOCK_STREAM)))
    }

    /// The next datagram, at most `most` octets of it, and who sent it; a stream does not say.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recvfrom(&self, most: usize) -> io::Result<(Vec<u8>, Option<Address>)> {
        let mut buffer = vec![0; most];
        let (length, from) = self.recvfrom_into(&mut buffer).await?;
        buffer.truncate(length);
        Ok((buffer, from))
    }

    /// As [`recvfrom`](Self::recvfrom), into `buffer`: says how much came.
    ///
    /// # Errors
    /// As `recvfrom`.
    pub async fn recvfrom_into(&self, buffer: &mut [u8]) -> io::Result<(usize, Option<Address>)> {
        let patience = self.patience(For::Reading, 0)?;
        self.until(For::Reading, patience, |bsd, fd| bsd.recvfrom(fd, buffer, 0)).await
    }

    /// A message into `parts`, with what came beside it.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn recvmsg(&self, parts: &mut [&mut [u8]], flags: i32) -> io::Result<Received> {
        let patience = self.patience(For::Reading, flags)?;
        self.until(For::Reading, patience, |bsd, fd| bsd.recvmsg(fd, parts, flags)).await
    }

    /// Closes a direction, or both.
    ///
    /// # Errors
    /// `ENOTCONN`, `EINVAL`.
    pub fn shutdown(&self, how: i32) -> io::Result<()> {
        self.call(|bsd, fd| bsd.shutdown(fd, how))
    }

    /// Closes it. Where it lingers (`SO_LINGER`), waits until the peer has acknowledged everything, or the time is up.
    ///
    /// # Errors
    /// `EBADF` where it was closed by its number.
    pub async fn close(self) -> io::Result<()> {
        if self.patience(For::Writing, 0)? == Patience::None {
            // Dropping it does the rest.
            return Ok(());
        }
        let token = self.call(|bsd, fd| bsd.token(fd))?;
        self.until(For::Writing, Patience::Endless, |bsd, fd| bsd.close_lingering(fd)).await?;
        let lines = context::with(|seat| token.and_then(|token| seat.waiters.remove(token)));
        drop(lines);
        Ok(())
    }

    /// This end.
    ///
    /// # Errors
    /// Never, as long as it is open.
    pub fn getsockname(&self) -> io::Result<Address> {
        self.call(|bsd, fd| bsd.getsockname(fd))
    }

    /// The other end.
    ///
    /// # Errors
    /// `ENOTCONN`.
    pub fn getpeername(&self) -> io::Result<Address> {
        self.call(|bsd, fd| bsd.getpeername(fd))
    }

    /// Sets an option.
    ///
    /// # Errors
    /// `ENOPROTOOPT`, `EINVAL`, ….
    pub fn setsockopt(&self, level: i32, name: i32, value: impl Into<OptionValue>) -> io::Result<()> {
        let value = value.into();
        self.call(|bsd, fd| bsd.setsockopt(fd, level, name, value))
    }

    /// The value of an option.
    ///
    /// # Errors
    /// `ENOPROTOOPT`, `ENOTCONN`.
    pub fn getsockopt(&self, level: i32, name: i32) -> io::Result<OptionValue> {
        self.call(|bsd, fd| bsd.getsockopt(fd, level, name))
    }

    /// The stream as a file: buffered, to be read and written by tokio's `AsyncBufReadExt` and `AsyncWriteExt`, line by
    /// line for example. What is written goes out with `flush`. Dropping it does not close the socket, and what it has read
    /// ahead is gone with it.
    pub fn makefile(&self) -> tokio::io::BufStream<SocketFile<'_>> {
        tokio::io::BufStream::new(SocketFile::new(self))
    }
}
