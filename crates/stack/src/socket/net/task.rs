//! Tasks on the same host, and what applications show the observer.

use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::pin::{Pin, pin};
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
            let mut future = pin!(future);
            let output = core::future::poll_fn(|cx| {
                let (aborted, old) = context::with(|seat| seat.joins.begin_poll(id, cx.waker()));
                drop(old);
                if aborted { Poll::Ready(None) } else { future.as_mut().poll(cx).map(Some) }
            })
            .await;
            if let Some(output) = output {
                ended.finish(Box::new(output));
            }
        });
        seat.spawned.push(Spawned { future });
        JoinHandle { task: AbortHandle { id }, output: PhantomData }
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
    task: AbortHandle,
    output: PhantomData<fn() -> T>,
}

/// A spawned task, to be ended from outside.
#[derive(Clone, Debug)]
pub struct AbortHandle {
    id: JoinId,
}

impl<T> JoinHandle<T> {
    /// Has the task end at its next turn: its future is dropped where it waits. A task that has ended keeps its output.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has ended, whichever way.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// A handle that can only end the task.
    pub fn abort_handle(&self) -> AbortHandle {
        self.task.clone()
    }
}

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        context::try_with(|seat| seat.joins.abort(self.id));
    }

    /// As [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        context::try_with(|seat| seat.joins.is_finished(self.id)).unwrap_or(true)
    }
}

/// The task was dropped before it ended: it was aborted, or its application has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JoinError;

impl JoinError {
    /// Whether the task was dropped: always, since a task that panics takes all with it.
    pub const fn is_cancelled(&self) -> bool {
        true
    }

    /// Whether the task has panicked: never, as above.
    pub const fn is_panic(&self) -> bool {
        false
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was dropped before it ended")
    }
}

impl core::error::Error for JoinError {}

impl From<JoinError> for std::io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The output leaves the seat before it is looked at: it may own sockets.
        let state = context::with(|seat| seat.joins.poll(self.task.id, cx.waker()));
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
        drop(context::try_with(|seat| seat.joins.detach(self.task.id)));
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
    aborted: bool,
    state: State,
    /// The task itself, once it has been polled.
    task: Option<Waker>,
}

impl Joins {
    fn add(&mut self) -> JoinId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Join::default());
            self.slots.len() as u32 - 1
        });
        let join = &mut self.slots[slot as usize];
        (join.detached, join.aborted, join.state) = (false, false, State::Running(None));
        JoinId { slot, generation: join.generation }
    }

    /// The task is polled by `waker`: whether it was aborted. What is returned is to be dropped outside of the seat.
    fn begin_poll(&mut self, id: JoinId, waker: &Waker) -> (bool, Option<Waker>) {
        let Some(join) = self.get(id) else { return (false, None) };
        let old = match &join.task {
            Some(known) if known.will_wake(waker) => None,
            _ => join.task.replace(waker.clone()),
        };
        (join.aborted, old)
    }

    /// Has the task end at its next turn.
    fn abort(&mut self, id: JoinId) {
        let Some(join) = self.get(id).filter(|join| matches!(join.state, State::Running(_))) else { return };
        join.aborted = true;
        if let Some(task) = &join.task {
            task.wake_by_ref();
        }
    }

    fn is_finished(&mut self, id: JoinId) -> bool {
        !self.get(id).is_some_and(|join| matches!(join.state, State::Running(_)))
    }

    /// How many tasks there are, and outputs that nobody has fetched.
    pub(super) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
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
    fn end(&mut self, id: JoinId, state: State) -> Option<(State, Option<Waker>)> {
        let join = self.get(id)?;
        let task = join.task.take();
        if join.detached {
            self.release(id);
            return Some((state, task));
        }
        let before = core::mem::replace(&mut join.state, state);
        if let State::Running(Some(waker)) = &before {
            waker.wake_by_ref();
        }
        Some((before, task))
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
