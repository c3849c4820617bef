//! Waiting: a call is made again until it need not wait, or its time is up.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use super::{Bsd, Errno, Fd, POLLIN, POLLOUT, Socket};
use crate::frame::NodeId;
use crate::socket::net::context;
use crate::socket::net::time::{Sleep, sleep};
use crate::time::Duration;
use crate::transport::{Readiness, SocketId};

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum For {
    /// To receive, or to accept.
    Reading,
    /// To send, or to be connected.
    Writing,
}

impl For {
    const fn events(self) -> i16 {
        match self {
            Self::Reading => POLLIN,
            Self::Writing => POLLOUT,
        }
    }
}

/// What ends the waiting of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// Nothing.
    Endless,
    /// It does not wait.
    None,
    /// The socket's own time-out: the call fails with `TimedOut`.
    Timeout(Duration),
    /// `SO_RCVTIMEO` or `SO_SNDTIMEO`: the call fails with `EAGAIN`.
    Option(Duration),
}

impl Socket {
    /// How long a call waits.
    pub(super) fn patience(&self, what: For, flags: i32) -> io::Result<Patience> {
        let (flags_set, of_option) = self.call(|bsd, fd| {
            let name = if what == For::Reading { super::SO_RCVTIMEO } else { super::SO_SNDTIMEO };
            Ok((bsd.fcntl_getfl(fd)?, bsd.getsockopt(fd, super::SOL_SOCKET, name)?))
        })?;
        if flags & super::MSG_DONTWAIT != 0 || flags_set & super::O_NONBLOCK != 0 {
            return Ok(Patience::None);
        }
        Ok(match (self.gettimeout(), of_option) {
            (Some(timeout), _) => Patience::Timeout(timeout),
            (None, super::OptionValue::Time(Some(timeout))) => Patience::Option(timeout),
            _ => Patience::Endless,
        })
    }

    /// Makes a call again whenever the socket has become ready, until it does not answer `EAGAIN`.
    pub(super) async fn until<R>(
        &self,
        what: For,
        patience: Patience,
        act: impl FnMut(&mut Bsd<'_, '_>, Fd) -> Result<R, Errno> + Unpin,
    ) -> io::Result<R> {
        Until { node: self.node, fd: self.fd, what, patience, act, clock: None, waits: None }.await
    }
}

/// A call that is made until it need not wait.
pub struct Until<F> {
    node: NodeId,
    fd: Fd,
    what: For,
    patience: Patience,
    act: F,
    clock: Option<Sleep>,
    /// The socket that was noted as waited for, and the task.
    waits: Option<(SocketId, u64)>,
}

impl<R, F> Future for Until<F>
where
    F: FnMut(&mut Bsd<'_, '_>, Fd) -> Result<R, Errno> + Unpin,
{
    type Output = io::Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let this = &mut *self;
        match poll_call(this.node, this.fd, this.what, cx, &mut this.waits, &mut this.act) {
            Poll::Ready(done) => return Poll::Ready(done.map_err(io::Error::from)),
            Poll::Pending => {}
        }
        let (span, error) = match this.patience {
            Patience::Endless => return Poll::Pending,
            Patience::None => return Poll::Ready(Err(Errno::EAGAIN.into())),
            Patience::Timeout(span) => (span, io::Error::new(io::ErrorKind::TimedOut, "timed out")),
            Patience::Option(span) => (span, Errno::EAGAIN.into()),
        };
        let clock = this.clock.get_or_insert_with(|| sleep(span));
        Pin::new(clock).poll(cx).map(|()| Err(error))
    }
}

impl<F> Drop for Until<F> {
    fn drop(&mut self) {
        forget(self.waits.take(), self.what);
    }
}

/// Makes a call once. Where it would have to wait, notes that the task waits, and in `waits` for what.
#[track_caller]
pub fn poll_call<R>(
    node: NodeId,
    fd: Fd,
    what: For,
    cx: &mut Context<'_>,
    waits: &mut Option<(SocketId, u64)>,
    act: impl FnOnce(&mut Bsd<'_, '_>, Fd) -> Result<R, Errno>,
) -> Poll<Result<R, Errno>> {
    let made = context::call(Some(node), |host, ctx| {
        let mut bsd = host.bsd(ctx);
        match act(&mut bsd, fd) {
            Err(Errno::EAGAIN) => {
                bsd.want(fd, what.events());
                Err(bsd.token(fd))
            }
            done => Ok(done),
        }
    });
    match made {
        Ok(done) => {
            *waits = None;
            Poll::Ready(done)
        }
        Err(Ok(Some(socket))) => {
            let task = context::with(|seat| seat.register(socket, readiness(what), cx.waker()));
            *waits = Some((socket, task));
            Poll::Pending
        }
        // Nothing could ever wake who waits for a socket that is not there.
        Err(Ok(None)) => Poll::Ready(Err(Errno::EAGAIN)),
        Err(Err(error)) => Poll::Ready(Err(error)),
    }
}

/// The task waits no more.
pub fn forget(waits: Option<(SocketId, u64)>, what: For) {
    if let Some((socket, task)) = waits {
        context::try_with(|seat| seat.waiters.forget(socket, readiness(what), task));
    }
}

const fn readiness(what: For) -> Readiness {
    match what {
        For::Reading => Readiness::READ,
        For::Writing => Readiness::WRITE,
    }
}
