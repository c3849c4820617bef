//! Tasks on the same host, and what applications show the observer.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::context;
use crate::trace::ApplicationEvent;

/// A task that a task has spawned, for the executor to run.
pub struct Spawned {
    /// The task.
    pub future: Pin<Box<dyn Future<Output = ()>>>,
}

impl fmt::Debug for Spawned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawned")
    }
}

/// Runs `future` beside the task that calls this, on the same host and for the same application. An application
/// ends when all its tasks have.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    context::with(|seat| {
        let id = seat.joins.add();
        let ended = Ended { id, done: false };
        let future = Box::pin(async move {
            // Before the future, so that it is dropped after it.
            let mut ended = ended;
            let output = future.await;
            ended.finish(Box::new(output));
        });
        seat.spawned.push(Spawned { future });
        JoinHandle { id, output: PhantomData }
    })
}

/// Lets the other tasks that are ready run first.
pub async fn yield_now() {
    let mut yielded = false;
    core::future::poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Says something to people: it appears in traces and ladders under the application's name.
#[track_caller]
pub fn report(text: impl AsRef<str>) {
    context::with(|seat| seat.own_event(ApplicationEvent::Said(text.as_ref())));
}

/// Shows the observer what came of something that the application asked for: a `status`, an `answer`.
#[track_caller]
pub fn result(name: &str, value: &str) {
    context::with(|seat| seat.own_event(ApplicationEvent::Result { name, value }));
}

/// Shows the observer what the application has sent.
#[track_caller]
pub fn sent(octets: &[u8]) {
    context::with(|seat| seat.own_event(ApplicationEvent::Sent(octets)));
}

/// Shows the observer what the application has received.
#[track_caller]
pub fn received(octets: &[u8]) {
    context::with(|seat| seat.own_event(ApplicationEvent::Received(octets)));
}

/// A spawned task's output, to wait for. Dropped, the task goes on by itself.
#[derive(Debug)]
pub struct JoinHandle<T> {
    id: JoinId,
    output: PhantomData<fn() -> T>,
}

/// The task was dropped before it ended: its application has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JoinError;

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was dropped before it ended")
    }
}

impl core::error::Error for JoinError {}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The output leaves the seat before it is looked at: it may own sockets.
        let state = context::with(|seat| seat.joins.poll(self.id, cx.waker()));
        match state {
            State::Running(_) => Poll::Pending,
            State::Done(output) => {
                Poll::Ready(output.downcast().map(|output| *output).map_err(|_| JoinError))
            }
            State::Dropped | State::Free => Poll::Ready(Err(JoinError)),
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        drop(context::try_with(|seat| seat.joins.detach(self.id)));
    }
}

/// Tells the task's handle how it ended, whichever way it did.
struct Ended {
    id: JoinId,
    done: bool,
}

impl Ended {
    fn finish(&mut self, output: Box<dyn Any>) {
        self.done = true;
        drop(context::with(|seat| seat.joins.end(self.id, State::Done(output))));
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if !self.done {
            drop(context::try_with(|seat| seat.joins.end(self.id, State::Dropped)));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct JoinId {
    slot: u32,
    generation: u32,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Free,
    Running(Option<Waker>),
    Done(Box<dyn Any>),
    Dropped,
}

/// The outputs of tasks that have ended and the wakers of those who wait for them. A place is free again once its
/// handle was dropped and its task has ended.
#[derive(Debug, Default)]
pub(super) struct Joins {
    slots: Vec<Join>,
    free: Vec<u32>,
}

#[derive(Debug, Default)]
struct Join {
    generation: u32,
    detached: bool,
    state: State,
}

impl Joins {
    fn add(&mut self) -> JoinId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Join::default());
            self.slots.len() as u32 - 1
        });
        let join = &mut self.slots[slot as usize];
        (join.detached, join.state) = (false, State::Running(None));
        JoinId { slot, generation: join.generation }
    }

    fn get(&mut self, id: JoinId) -> Option<&mut Join> {
        self.slots.get_mut(id.slot as usize).filter(|join| join.generation == id.generation)
    }

    /// The output, once; `Running` until then.
    fn poll(&mut self, id: JoinId, waker: &Waker) -> State {
        match self.get(id).map(|join| &mut join.state) {
            None => State::Free,
            Some(State::Running(waiting)) => {
                // The old waker goes out with the answer, to be dropped outside of the seat.
                State::Running(waiting.replace(waker.clone()))
            }
            Some(ended) => core::mem::replace(ended, State::Dropped),
        }
    }

    /// The task has ended. What is returned is to be dropped outside of the seat.
    fn end(&mut self, id: JoinId, state: State) -> Option<State> {
        let join = self.get(id)?;
        if join.detached {
            self.release(id);
            return Some(state);
        }
        let before = core::mem::replace(&mut join.state, state);
        if let State::Running(Some(waker)) = &before {
            waker.wake_by_ref();
        }
        Some(before)
    }

    /// The handle is gone. What is returned is to be dropped outside of the seat.
    fn detach(&mut self, id: JoinId) -> Option<State> {
        let join = self.get(id)?;
        if let State::Running(waker) = &mut join.state {
            let waker = waker.take();
            join.detached = true;
            return Some(State::Running(waker));
        }
        let state = core::mem::take(&mut join.state);
        self.release(id);
        Some(state)
    }

    fn release(&mut self, id: JoinId) {
        let join = &mut self.slots[id.slot as usize];
        join.state = State::Free;
        join.generation = join.generation.wrapping_add(1);
        self.free.push(id.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_free_again_in_whichever_order_handle_and_task_go() {
        let mut joins = Joins::default();
        let first = joins.add();
        assert!(matches!(joins.poll(first, Waker::noop()), State::Running(None)));
        joins.end(first, State::Done(Box::new(5_u8)));
        let State::Done(output) = joins.poll(first, Waker::noop()) else { panic!("it has ended") };
        assert_eq!(output.downcast_ref(), Some(&5_u8));
        joins.detach(first);
        let second = joins.add();
        assert_eq!((second.slot, second.generation), (0, 1));
        joins.detach(second);
        assert!(joins.free.is_empty(), "its task goes on");
        joins.end(second, State::Dropped);
        assert_eq!(joins.free, [0]);
        assert!(matches!(joins.poll(first, Waker::noop()), State::Free), "an old number finds nothing");
    }
}
