//! Who waits for which socket: the table from a host's tokens to wakers. It lies beside the host, never in it.

use core::task::Waker;
use std::collections::BTreeMap;

use crate::time::Instant;
use crate::transport::{Readiness, SocketId, Wake};

/// A task that waits for a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The task, by its executor's number.
    pub task: u64,
    /// The socket.
    pub socket: SocketId,
    /// For what the socket is to become ready.
    pub readiness: Readiness,
    /// Since when.
    pub since: Instant,
}

/// One waker; it stays when it has been woken, because the same task mostly comes back.
#[derive(Debug)]
struct Waiter {
    waker: Waker,
    task: u64,
    since: Instant,
    armed: bool,
}

/// The tasks that wait for one direction of a socket: nearly always one.
#[derive(Debug, Default)]
struct Line {
    waiters: Vec<Waiter>,
}

impl Line {
    fn register(&mut self, waker: &Waker, task: u64, now: Instant) {
        let known = |waiter: &&mut Waiter| waiter.task == task && waiter.waker.will_wake(waker);
        if let Some(waiter) = self.waiters.iter_mut().find(known) {
            if !waiter.armed {
                (waiter.armed, waiter.since) = (true, now);
            }
            return;
        }
        let waiter = Waiter { waker: waker.clone(), task, since: now, armed: true };
        match self.waiters.iter_mut().find(|waiter| !waiter.armed) {
            Some(unused) => *unused = waiter,
            None => self.waiters.push(waiter),
        }
    }

    fn wake(&mut self) {
        for waiter in &mut self.waiters {
            if core::mem::take(&mut waiter.armed) {
                waiter.waker.wake_by_ref();
            }
        }
    }

    fn forget(&mut self, task: u64) {
        self.waiters.iter_mut().filter(|waiter| waiter.task == task).for_each(|waiter| waiter.armed = false);
    }
}

/// The wakers of one socket.
#[derive(Debug, Default)]
pub(super) struct Lines {
    read: Line,
    write: Line,
}

/// The wakers of all sockets of a host.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    sockets: BTreeMap<SocketId, Lines>,
}

impl Waiters {
    /// Notes that `task` waits for `socket`.
    pub(super) fn register(
        &mut self,
        socket: SocketId,
        readiness: Readiness,
        waker: &Waker,
        task: u64,
        now: Instant,
    ) {
        let lines = self.sockets.entry(socket).or_default();
        if readiness.contains(Readiness::READ) {
            lines.read.register(waker, task, now);
        }
        if readiness.contains(Readiness::WRITE) {
            lines.write.register(waker, task, now);
        }
    }

    /// Wakes whoever waits for what became ready.
    pub(super) fn wake(&mut self, wake: Wake) {
        let Some(lines) = self.sockets.get_mut(&wake.socket) else { return };
        if wake.readiness.contains(Readiness::READ) {
            lines.read.wake();
        }
        if wake.readiness.contains(Readiness::WRITE) {
            lines.write.wake();
        }
    }

    /// The task waits no more: its future was dropped.
    pub(super) fn forget(&mut self, socket: SocketId, readiness: Readiness, task: u64) {
        let Some(lines) = self.sockets.get_mut(&socket) else { return };
        if readiness.contains(Readiness::READ) {
            lines.read.forget(task);
        }
        if readiness.contains(Readiness::WRITE) {
            lines.write.forget(task);
        }
    }

    /// The socket is closed. What is returned is to be dropped where a seat may be used again: a waker may own
    /// its task, and the task sockets.
    pub(super) fn remove(&mut self, socket: SocketId) -> Option<Lines> {
        self.sockets.remove(&socket)
    }

    /// Everyone who waits, in the order of the sockets.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Waiting> {
        self.sockets.iter().flat_map(|(socket, lines)| {
            let read = lines.read.waiters.iter().map(|waiter| (Readiness::READ, waiter));
            let write = lines.write.waiters.iter().map(|waiter| (Readiness::WRITE, waiter));
            read.chain(write).filter(|(_, waiter)| waiter.armed).map(|(readiness, waiter)| Waiting {
                task: waiter.task,
                socket: *socket,
                readiness,
                since: waiter.since,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::sync::Arc;

    use super::*;
    use crate::transport::Key;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    const SOCKET: SocketId = SocketId::Tcp(Key { index: 3, generation: 1 });

    fn woken(waiters: &mut Waiters, count: &Count, readiness: Readiness) -> u32 {
        waiters.wake(Wake { socket: SOCKET, readiness });
        count.0.load(Ordering::Relaxed)
    }

    #[test]
    fn each_registration_is_woken_once_and_only_for_its_direction() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut waiters = Waiters::default();
        waiters.register(SOCKET, Readiness::READ, &waker, 1, Instant::ZERO);
        waiters.register(SOCKET, Readiness::READ, &waker, 1, Instant::from_secs(1));
        assert_eq!(woken(&mut waiters, &count, Readiness::WRITE), 0);
        assert_eq!(
            waiters.waiting().next().unwrap().since,
            Instant::ZERO,
            "it has waited since the first time"
        );
        assert_eq!(woken(&mut waiters, &count, Readiness::BOTH), 1);
        assert_eq!(woken(&mut waiters, &count, Readiness::BOTH), 1);
        assert_eq!(waiters.waiting().count(), 0);
    }

    #[test]
    fn two_tasks_are_both_woken_and_a_place_is_used_again() {
        let counts = [(); 3].map(|()| Arc::new(Count::default()));
        let wakers = counts.clone().map(Waker::from);
        let mut waiters = Waiters::default();
        waiters.register(SOCKET, Readiness::READ, &wakers[0], 0, Instant::ZERO);
        waiters.register(SOCKET, Readiness::READ, &wakers[1], 1, Instant::ZERO);
        waiters.forget(SOCKET, Readiness::READ, 0);
        waiters.register(SOCKET, Readiness::READ, &wakers[2], 2, Instant::ZERO);
        waiters.wake(Wake { socket: SOCKET, readiness: Readiness::READ });
        assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [0, 1, 1]);
        assert_eq!(waiters.sockets[&SOCKET].read.waiters.len(), 2, "bounded by those that wait at once");
        assert!(waiters.remove(SOCKET).is_some());
        assert!(waiters.sockets.is_empty());
    }
}
