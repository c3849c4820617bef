//! `poll` and `select`: what a call on each of many sockets would find.

use super::{Bsd, Errno, Fd, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM};
use crate::trace::State;
use crate::transport::descriptors::{Descriptor, End, Phase};
use crate::transport::{Key, Readiness, SocketId};

/// What is readable.
const READABLE: i16 = POLLIN | POLLRDNORM;
/// What is writable.
const WRITABLE: i16 = POLLOUT | POLLWRNORM;
/// What is told whether it was asked for or not.
const ALWAYS: i16 = POLLERR | POLLHUP | POLLNVAL;

/// A descriptor that is asked about, and the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PollFd {
    /// The descriptor.
    pub fd: Fd,
    /// What it is asked about: [`POLLIN`], [`POLLOUT`], …
    pub events: i16,
    /// Of that, and of [`POLLERR`], [`POLLHUP`] and [`POLLNVAL`], what holds.
    pub revents: i16,
}

impl PollFd {
    /// Asks about `events` of `fd`.
    pub const fn new(fd: Fd, events: i16) -> Self {
        Self { fd, events, revents: 0 }
    }
}

/// What `select` found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selected {
    /// From these a call that receives would not wait.
    pub read: Vec<Fd>,
    /// On these a call that sends would not wait.
    pub write: Vec<Fd>,
    /// On these there is something out of the ordinary: never here, where nothing is urgent.
    pub except: Vec<Fd>,
}

impl Selected {
    /// Whether none is ready.
    pub const fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty() && self.except.is_empty()
    }
}

impl Bsd<'_, '_> {
    /// Says of each descriptor what holds of what it is asked about, and of how many something does. It does not wait;
    /// what is not ready is noted as waited for, by the tokens of [`token`](Self::token). A negative descriptor is passed
    /// over.
    pub fn poll(&mut self, fds: &mut [PollFd]) -> usize {
        for asked in &mut *fds {
            asked.revents = match self.events(asked.fd) {
                _ if asked.fd.0 < 0 => 0,
                Ok(events) => events & (asked.events | ALWAYS),
                Err(_) => POLLNVAL,
            };
        }
        let ready = fds.iter().filter(|asked| asked.revents != 0).count();
        if ready == 0 {
            fds.iter().for_each(|asked| self.want(asked.fd, asked.events));
        }
        ready
    }

    /// Says which of `read` can be read, which of `write` can be written. It does not wait; where none is ready all are
    /// noted as waited for.
    ///
    /// # Errors
    /// `EBADF` where one is no descriptor.
    pub fn select(&mut self, read: &[Fd], write: &[Fd], except: &[Fd]) -> Result<Selected, Errno> {
        let mut selected = Selected::default();
        for fd in except {
            self.events(*fd)?;
        }
        for fd in read {
            if self.events(*fd)? & (READABLE | POLLHUP | POLLERR) != 0 {
                selected.read.push(*fd);
            }
        }
        for fd in write {
            if self.events(*fd)? & (WRITABLE | POLLERR) != 0 {
                selected.write.push(*fd);
            }
        }
        if selected.is_empty() {
            read.iter().for_each(|fd| self.want(*fd, POLLIN));
            write.iter().for_each(|fd| self.want(*fd, POLLOUT));
        }
        Ok(selected)
    }

    /// Whether nothing can follow what a stream has received: whoever waits for more waits for nothing.
    ///
    /// # Errors
    /// `EBADF` where there is no such descriptor.
    pub fn peek_is_at_end(&self, fd: Fd) -> Result<bool, Errno> {
        Ok(self.events(fd)? & (POLLRDHUP | POLLERR | POLLHUP) != 0)
    }

    /// Everything that holds of a descriptor.
    pub(super) fn events(&self, fd: Fd) -> Result<i16, Errno> {
        let descriptor = self.host.descriptors.get(fd)?;
        match &descriptor.end {
            End::Unix(id) => self.unix_events(*id),
            End::Stream(stream) => match stream.phase {
                Phase::Idle => {
                    let read = if descriptor.read_closed { READABLE | POLLRDHUP } else { 0 };
                    Ok(WRITABLE | POLLHUP | read)
                }
                Phase::Listening(key) => {
                    let (waiting, error) = self.host.tcp.pending(key)?;
                    let failed = if error.is_some() { POLLERR } else { 0 };
                    Ok(if waiting > 0 || error.is_some() { READABLE | failed } else { 0 })
                }
                Phase::Connecting(key) | Phase::Connected(key) => self.connection_events(descriptor, key),
            },
            End::Datagram(datagram) => {
                let found = self.host.udp.condition(datagram.key)?;
                let failed = found.error.is_some() || found.queued_errors;
                Ok(datagram_events(descriptor, found.readable.is_some(), failed))
            }
            End::Raw(raw) => {
                let found = self.host.raw.condition(raw.key)?;
                Ok(datagram_events(descriptor, found.readable, found.error.is_some() || found.queued_errors))
            }
        }
    }

    fn connection_events(&self, descriptor: &Descriptor, key: Key) -> Result<i16, Errno> {
        let found = self.host.tcp.condition(key)?;
        let ended = matches!(found.state, State::Closed | State::TimeWait);
        let read_closed = descriptor.read_closed || found.fin_received || ended;
        let write_closed = descriptor.write_closed || found.fin_requested || ended;
        let mut events = 0;
        if found.readable > 0 || read_closed {
            events |= READABLE;
        }
        if read_closed {
            events |= POLLRDHUP;
        }
        if ended || (read_closed && write_closed) {
            events |= POLLHUP;
        }
        let opening = matches!(found.state, State::SynSent | State::SynReceived);
        if !opening && (found.room > 0 || write_closed) {
            events |= WRITABLE;
        }
        if found.error.is_some() {
            events |= POLLERR;
        }
        Ok(events)
    }

    /// Notes that the owner of a descriptor waits for `events`, and for errors whatever they are.
    pub fn want(&mut self, fd: Fd, events: i16) {
        let Ok(Some(id)) = self.token(fd) else { return };
        let mut readiness = Readiness::NONE;
        if events & (READABLE | POLLRDHUP) != 0 {
            readiness = Readiness::READ;
        }
        if events & WRITABLE != 0 {
            readiness = readiness.or(Readiness::WRITE);
        }
        if readiness.is_none() {
            readiness = Readiness::BOTH;
        }
        // A socket that has gone has nobody who could wait for it.
        let _ = match id {
            SocketId::Tcp(key) => self.host.tcp.want(key, readiness),
            SocketId::Listener(key) => self.host.tcp.want_to_accept(key),
            SocketId::Udp(key) => self.host.udp.want(key, readiness),
            SocketId::Raw(key) => self.host.raw.want(key, readiness),
            SocketId::Unix(_) => self.host.unix_ready(id, readiness).map(|_| ()),
            SocketId::Icmp(_) | SocketId::Bound(_) | SocketId::Addresses => Ok(()),
        };
    }
}

/// Everything that holds of a socket of datagrams, which can always be written.
const fn datagram_events(descriptor: &Descriptor, readable: bool, failed: bool) -> i16 {
    let mut events = WRITABLE;
    if readable || descriptor.read_closed {
        events |= READABLE;
    }
    if failed {
        events |= POLLERR;
    }
    if descriptor.read_closed {
        events |= POLLRDHUP;
    }
    if descriptor.read_closed && descriptor.write_closed {
        events |= POLLHUP;
    }
    events
}
