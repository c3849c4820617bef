//! What all async sockets share: a number that closes its socket when it is dropped.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use super::context::{self, call, poll_call};
use crate::context::Ctx;
use crate::frame::NodeId;
use crate::host::Host;
use crate::transport::{Readiness, SocketError, SocketId};

/// A host's socket, owned.
#[derive(Debug)]
pub(super) struct Socket {
    node: NodeId,
    id: SocketId,
}

impl Socket {
    /// Opens a socket on the ambient host.
    #[track_caller]
    pub(super) fn open(
        open: impl FnOnce(&mut Host, &mut Ctx<'_>) -> Result<SocketId, SocketError>,
    ) -> io::Result<Self> {
        call(None, |host, ctx| open(host, ctx).map(|id| Self { node: host.node(), id }))
            .map_err(io::Error::from)
    }

    /// Its number on the host.
    pub(super) const fn id(&self) -> SocketId {
        self.id
    }

    /// A socket that the same host just made.
    pub(super) const fn sibling(&self, id: SocketId) -> Self {
        Self { node: self.node, id }
    }

    /// A call that never waits.
    #[track_caller]
    pub(super) fn call<R>(
        &self,
        act: impl FnOnce(&mut Host, &mut Ctx<'_>, SocketId) -> Result<R, SocketError>,
    ) -> io::Result<R> {
        call(Some(self.node), |host, ctx| act(host, ctx, self.id)).map_err(io::Error::from)
    }

    /// A call while something is dropped: does nothing where the host is going, or has gone.
    pub(super) fn call_if_seated(&self, act: impl FnOnce(&mut Host, &mut Ctx<'_>, SocketId)) {
        context::try_with(|seat| {
            if seat.host.node() == self.node {
                seat.drive(|host, ctx| act(host, ctx, self.id));
            }
        });
    }

    /// A call that may have to wait, once.
    #[track_caller]
    pub(super) fn poll<R>(
        &self,
        readiness: Readiness,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Host, &mut Ctx<'_>, SocketId) -> Result<R, SocketError>,
    ) -> Poll<io::Result<R>> {
        self.poll_noting(readiness, cx, &mut None, act)
    }

    #[track_caller]
    fn poll_noting<R>(
        &self,
        readiness: Readiness,
        cx: &mut Context<'_>,
        waits: &mut Option<u64>,
        act: impl FnOnce(&mut Host, &mut Ctx<'_>, SocketId) -> Result<R, SocketError>,
    ) -> Poll<io::Result<R>> {
        poll_call((self.node, self.id), readiness, cx, waits, |host, ctx| act(host, ctx, self.id))
            .map_err(io::Error::from)
    }

    /// Whether it is ready for any of `interest`.
    #[track_caller]
    pub(super) fn poll_ready(&self, interest: Readiness, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(interest, cx, |host, _, id| host.ready(id, interest)).map_ok(drop)
    }

    /// The error that waits, which is no more from then on.
    #[track_caller]
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.call(|host, _, id| host.take_error(id)).map(|error| error.map(io::Error::from))
    }

    /// A call that may have to wait, until it need not.
    pub(super) const fn until<R, F>(&self, readiness: Readiness, act: F) -> Until<'_, F>
    where
        F: FnMut(&mut Host, &mut Ctx<'_>, SocketId) -> Result<R, SocketError> + Unpin,
    {
        Until { socket: self, readiness, act, waits: None }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Outside of any seat the host itself is going, or has gone.
        let lines = context::try_with(|seat| {
            if seat.host.node() != self.node {
                return None;
            }
            seat.drive(|host, ctx| host.close(ctx, self.id));
            seat.waiters.remove(self.id)
        });
        drop(lines);
    }
}

/// A future that repeats a call until it need not wait; dropped before, it waits no more.
pub(super) struct Until<'a, F> {
    socket: &'a Socket,
    readiness: Readiness,
    act: F,
    /// The task that was noted as waiting.
    waits: Option<u64>,
}

impl<R, F> Future for Until<'_, F>
where
    F: FnMut(&mut Host, &mut Ctx<'_>, SocketId) -> Result<R, SocketError> + Unpin,
{
    type Output = io::Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let Self { socket, readiness, act, waits } = &mut *self;
        socket.poll_noting(*readiness, cx, waits, act)
    }
}

impl<F> Drop for Until<'_, F> {
    fn drop(&mut self) {
        if let Some(task) = self.waits {
            context::try_with(|seat| seat.waiters.forget(self.socket.id, self.readiness, task));
        }
    }
}
