//! The ambient context: how a socket that is only a number finds its host.
//!
//! Everything that a task may touch lies in a [`Seat`]. An executor moves the seat in with [`enter`] before it
//! polls a host's tasks and takes it out again afterwards. There is one seat a thread at a time; a socket call
//! outside of any seat panics and says so.

use core::cell::Cell;
use core::net::SocketAddr;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use super::sleepers::Sleepers;
use super::socket_options::Embryo;
use super::stdio::Console;
use super::task::{Joins, Spawned};
use super::waiters::{Waiters, Waiting};
use crate::clock::{Clock, Timestamp};
use crate::context::{Ctx, Observer};
use crate::frame::NodeId;
use crate::host::Host;
use crate::rng::Rng;
use crate::storage::{MemoryStorage, Storage};
use crate::time::Instant;
use crate::trace::{ApplicationEvent, Event, Interest};
use crate::transport::slots::Slots;
use crate::transport::{Readiness, SocketError, SocketId, Wake};

#[expect(
    clippy::disallowed_types,
    reason = "the one place where a socket that is only a number finds its host; set around each poll"
)]
mod ambient {
    use super::{Cell, Seat};

    // A cell that is emptied for each call, not one that is borrowed: there is nothing to borrow twice.
    std::thread_local! {
        pub(super) static SEAT: Cell<Option<Box<Seat>>> = const { Cell::new(None) };
    }
}
use ambient::SEAT;

/// A host with what its tasks need beside it: files, calendar, draws, observer, wakers, sleepers, and the tasks they
/// spawn.
pub struct Seat {
    /// The host.
    pub host: Host,
    /// The host's files.
    pub storage: Box<dyn Storage>,
    /// The host's standard input and output.
    pub console: Console,
    /// The host's calendar clock.
    pub clock: Clock,
    /// The host's stream of draws.
    pub rng: Rng,
    now: Instant,
    observer: Box<dyn Observer>,
    pub(super) waiters: Waiters,
    pub(super) sleepers: Sleepers,
    pub(super) joins: Joins,
    pub(super) embryos: Slots<Embryo>,
    pub(super) spawned: Vec<Spawned>,
    task: u64,
    application: Arc<str>,
    wakes: Vec<Wake>,
}

impl Seat {
    /// A seat for `host`, which draws from `rng` and is watched by `observer`. It has no files yet, and its clock is right.
    pub fn new(host: Host, rng: Rng, observer: Box<dyn Observer>) -> Self {
        Self {
            host,
            storage: Box::new(MemoryStorage::default()),
            console: Console::default(),
            clock: Clock::default(),
            rng,
            now: Instant::ZERO,
            observer,
            waiters: Waiters::default(),
            sleepers: Sleepers::default(),
            joins: Joins::default(),
            embryos: Slots::new(),
            spawned: Vec::new(),
            task: 0,
            application: Arc::from(""),
            wakes: Vec::new(),
        }
    }

    /// The host starts again, as `host`: who waited waits no more, and whoever slept is forgotten. Its files and its clock
    /// stay. The tasks are to be dropped by then.
    pub fn reboot(&mut self, host: Host) {
        self.host = host;
        self.storage.close_all();
        self.console.forget_waiters();
        self.waiters = Waiters::default();
        self.sleepers = Sleepers::default();
        self.joins = Joins::default();
        self.spawned.clear();
        self.wakes.clear();
        self.application = Arc::from("");
    }

    /// A turn begins: the one instant that its calls see.
    pub fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// Drives the host in the turn's context.
    pub fn drive<R>(&mut self, with: impl FnOnce(&mut Host, &mut Ctx<'_>) -> R) -> R {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut *self.observer);
        with(&mut self.host, &mut ctx)
    }

    /// When the host or one of its sleeping tasks is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match (self.host.poll_timeout(), self.sleepers.next()) {
            (Some(host), Some(sleeper)) => Some(host.min(sleeper)),
            (host, sleeper) => host.or(sleeper),
        }
    }

    /// Wakes the tasks whose sleep is over.
    pub fn fire_sleepers(&mut self) {
        self.sleepers.fire(self.now);
    }

    /// Passes the host's wakes on to the tasks that wait.
    pub fn pass_wakes(&mut self) {
        self.host.take_wakes(&mut self.wakes);
        for wake in self.wakes.drain(..) {
            self.waiters.wake(wake);
        }
    }

    /// The task that is polled next, by the executor's number, and the application that it belongs to.
    pub fn begin_poll(&mut self, task: u64, application: &Arc<str>) {
        self.task = task;
        if !Arc::ptr_eq(&self.application, application) {
            self.application = Arc::clone(application);
            self.host.set_caller(application);
        }
    }

    /// Moves the tasks that were spawned since the last time to `into`, in order.
    pub fn take_spawned(&mut self, into: &mut Vec<Spawned>) {
        into.append(&mut self.spawned);
    }

    /// Shows the observer what an application does.
    pub fn application_event(&mut self, name: &str, event: ApplicationEvent<'_>) {
        let mut ctx = Ctx::new(self.now, &mut self.rng, &mut *self.observer);
        ctx.observe(Interest::APPLICATIONS, || Event::Application { name, event });
    }

    /// All tasks that wait for sockets.
    pub fn waiting(&self) -> impl Iterator<Item = Waiting> {
        self.waiters.waiting()
    }

    /// The tasks that sleep, by the executor's numbers.
    pub fn sleeping(&self) -> impl Iterator<Item = u64> {
        self.sleepers.tasks()
    }

    /// What is held for tasks: to see that none of it is left over.
    pub fn held(&self) -> Held {
        let mut sockets = self.embryos.iter().count();
        self.host.tcp.for_each_socket(|_| sockets += 1);
        self.host.udp.for_each(|_, _, _| sockets += 1);
        Held {
            sockets,
            waiting: self.waiters.waiting().count(),
            sleeping: self.sleepers.count(),
            tasks: self.joins.count(),
        }
    }

    /// A socket, for people: `TCP 10.0.0.1:6999 -> 10.0.0.2:50000`.
    pub fn describe(&self, socket: SocketId) -> String {
        let text = |address: Result<SocketAddr, SocketError>| address.map_or("?".into(), |at| at.to_string());
        let local = text(self.host.local_addr(socket));
        match (socket, self.host.peer_addr(socket)) {
            (SocketId::Tcp(_), peer) => format!("TCP {local} -> {}", text(peer)),
            (SocketId::Listener(_) | SocketId::Bound(_), _) => format!("TCP {local}"),
            (SocketId::Udp(_), Ok(peer)) => format!("UDP {local} -> {peer}"),
            (SocketId::Udp(_), Err(_)) => format!("UDP {local}"),
            (SocketId::Icmp(_), _) => "ICMP echo".to_owned(),
            (SocketId::Raw(_), _) => format!("raw {local}"),
            (SocketId::Unix(_), _) => {
                let [local, peer] = [self.host.unix_local(socket), self.host.unix_peer(socket)]
                    .map(|address| address.map_or_else(|_| "?".into(), |address| address.to_string()));
                format!("unix {local} -> {peer}")
            }
            (SocketId::Addresses, _) => "the host's addresses".to_owned(),
        }
    }

    /// Notes that the task that is polled waits for a socket; says which task it is.
    pub(super) fn register(&mut self, socket: SocketId, readiness: Readiness, waker: &Waker) -> u64 {
        self.waiters.register(socket, readiness, waker, self.task, self.now);
        self.task
    }

    pub(super) const fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn date(&self) -> Timestamp {
        self.clock.at(self.now)
    }

    /// As `application_event`, under the name of the application whose task is polled.
    pub(super) fn own_event(&mut self, event: ApplicationEvent<'_>) {
        let Self { application: name, now, rng, observer, .. } = self;
        let mut ctx = Ctx::new(*now, rng, &mut **observer);
        ctx.observe(Interest::APPLICATIONS, || Event::Application { name, event });
    }
}

/// What a host holds for its tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Sockets that are open, and connections that are on their way to their end.
    pub sockets: usize,
    /// Places of tasks that wait for a socket.
    pub waiting: usize,
    /// Sleeps that have begun and are not over.
    pub sleeping: usize,
    /// Spawned tasks that have not ended, or whose output nobody has fetched.
    pub tasks: usize,
}

/// What the ambient host holds for its tasks.
#[track_caller]
pub fn held() -> Held {
    with(|seat| seat.held())
}

/// A seat that is taken: the thread's sockets find it until this is dropped.
#[must_use = "the seat is taken only as long as this lives"]
#[derive(Debug)]
pub struct Entered {
    // The seat must come out on the thread where it went in.
    not_send: core::marker::PhantomData<*const ()>,
}

/// Makes `seat` the thread's ambient one.
pub fn enter(seat: Box<Seat>) -> Entered {
    // What a panicking task may have left there belongs to nobody any more.
    drop(SEAT.replace(Some(seat)));
    Entered { not_send: core::marker::PhantomData }
}

impl Entered {
    /// Does something with the seat between two polls.
    pub fn with<R>(&mut self, act: impl FnOnce(&mut Seat) -> R) -> R {
        with(act)
    }

    /// Takes the seat out again.
    ///
    /// # Panics
    /// When it is not there, because another executor entered within this one's poll.
    pub fn leave(self) -> Box<Seat> {
        SEAT.take().expect("another seat was entered within this one")
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(SEAT.take());
    }
}

/// Does something with the ambient seat. What owns sockets must not be dropped within: closing one needs the seat.
#[track_caller]
pub(super) fn with<R>(act: impl FnOnce(&mut Seat) -> R) -> R {
    try_with(act).unwrap_or_else(|| {
        panic!(
            "there is no host here: sockets, time and `spawn` work inside of a task that an executor polls for a \
             host (wirelab: `World::spawn`)"
        )
    })
}

/// As `with`; `None` outside of any seat.
pub(crate) fn try_with<R>(act: impl FnOnce(&mut Seat) -> R) -> Option<R> {
    let mut seat = SEAT.try_with(Cell::take).ok().flatten()?;
    let result = act(&mut seat);
    SEAT.set(Some(seat));
    Some(result)
}

/// Calls the host in the ambient context.
#[track_caller]
pub(super) fn call<R>(node: Option<NodeId>, act: impl FnOnce(&mut Host, &mut Ctx<'_>) -> R) -> R {
    with(|seat| {
        check(seat, node);
        seat.drive(act)
    })
}

/// Calls the host; where the call would block, notes that the task waits, and in `waits` which it is.
#[track_caller]
pub(super) fn poll_call<R>(
    (node, socket): (NodeId, SocketId),
    readiness: Readiness,
    cx: &mut Context<'_>,
    waits: &mut Option<u64>,
    act: impl FnOnce(&mut Host, &mut Ctx<'_>) -> Result<R, SocketError>,
) -> Poll<Result<R, SocketError>> {
    with(|seat| {
        check(seat, Some(node));
        match seat.drive(act) {
            Err(SocketError::WouldBlock) => {
                let (task, now) = (seat.task, seat.now);
                seat.waiters.register(socket, readiness, cx.waker(), task, now);
                *waits = Some(task);
                Poll::Pending
            }
            done => {
                *waits = None;
                Poll::Ready(done)
            }
        }
    })
}

#[track_caller]
pub(super) fn check(seat: &Seat, node: Option<NodeId>) {
    if let Some(node) = node {
        assert!(
            seat.host.node() == node,
            "a socket or file of node {} is used by a task of host `{}`: they cannot move to another host",
            node.0,
            seat.host.name()
        );
    }
}

/// Notes a waker in a sleeper's place; see `time`.
pub(super) fn sleep_until(
    deadline: Instant,
    slot: &mut Option<super::sleepers::SleeperId>,
    waker: &Waker,
) -> bool {
    let (done, old) = with(|seat| {
        if seat.now >= deadline {
            return (true, slot.take().and_then(|id| seat.sleepers.remove(id)));
        }
        if let Some(id) = *slot {
            return (false, seat.sleepers.update(id, seat.task, waker));
        }
        *slot = Some(seat.sleepers.add(deadline, seat.task, waker));
        (false, None)
    });
    drop(old);
    done
}
