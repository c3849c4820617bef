//! A program with a thread of its own, and how control goes back and forth between that and the loop.
//!
//! The program's calls are jobs: closures that make a future, where the loop runs. While a job waits, the program's thread
//! does; while the program computes, the loop waits for its next job. Never do both run.

use core::any::Any;
use core::cell::RefCell;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

type Work = Pin<Box<dyn Future<Output = ()>>>;
type Job = Box<dyn FnOnce() -> Work + Send>;

/// What a program's thread reaches the loop by.
struct Line {
    /// Closed when nobody will do what the program asks for any more.
    jobs: Sender<Job>,
    /// What the program still has by then, to be dropped where the loop runs.
    left: Sender<Box<dyn Any + Send>>,
}

thread_local! {
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

/// A program that is gone: its thread unwinds with this, and nobody is told.
struct Gone;

/// A future that runs a blocking program. Dropped before the program has ended, it ends it: the call in which the program
/// waits does not return, and its thread unwinds.
pub struct Program<F, T> {
    /// Until it starts.
    begin: Option<F>,
    running: Option<Running<T>>,
}

struct Running<T> {
    jobs: Receiver<Job>,
    left: Receiver<Box<dyn Any + Send>>,
    /// What the program waits for.
    work: Option<Work>,
    thread: thread::JoinHandle<T>,
}

/// A future that runs `begin` in a thread of its own; `begin` may call whatever in this crate blocks.
pub const fn program<F, T>(begin: F) -> Program<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Program { begin: Some(begin), running: None }
}

// Nothing in it is pinned but boxes.
impl<F, T> Unpin for Program<F, T> {}

impl<F, T> Future for Program<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    /// # Panics
    /// When the program has, with what it has panicked with; when no thread can be made.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let Some(begin) = self.begin.take() {
            self.running = Some(start(begin));
        }
        let running = self.running.as_mut().expect("a program that has ended is not polled again");
        loop {
            if let Some(work) = &mut running.work {
                ready!(work.as_mut().poll(cx));
                running.work = None;
            }
            // The program runs now, until it has another job or has ended.
            let next = running.jobs.recv();
            running.left.try_iter().for_each(drop);
            match next {
                Ok(job) => running.work = Some(job()),
                Err(_) => break,
            }
        }
        let Some(Running { thread, left, .. }) = self.running.take() else { return Poll::Pending };
        let ended = thread.join();
        left.into_iter().for_each(drop);
        match ended {
            Ok(output) => Poll::Ready(output),
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn start<F, T>(begin: F) -> Running<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (jobs, from) = channel();
    let (left, remains) = channel();
    let body = move || {
        LINE.set(Some(Line { jobs, left }));
        let output = begin();
        // The loop goes on when this is dropped: nothing of the program is left by then.
        LINE.set(None);
        output
    };
    let thread = thread::Builder::new().name("blocking program".to_owned()).spawn(body);
    let thread = thread.expect("the system can make one more thread");
    Running { jobs: from, left: remains, work: None, thread }
}

impl<F, T> Drop for Program<F, T> {
    fn drop(&mut self) {
        let Some(Running { jobs, left, work, thread }) = self.running.take() else { return };
        // Its call does not return, and there are no others.
        drop(work);
        drop(jobs);
        // It unwinds, or has panicked by itself, which it has said.
        let _ = thread.join();
        // Sockets close here, where their host is.
        left.into_iter().for_each(drop);
    }
}

/// Has the loop do something, and waits until it is done.
///
/// # Panics
/// Outside of a blocking program.
pub(crate) fn call<R, W>(work: impl FnOnce() -> W + Send + 'static) -> R
where
    R: Send + 'static,
    W: Future<Output = R> + 'static,
{
    if let Some(result) = try_call(work) {
        return result;
    }
    let inside = LINE.with_borrow(Option::is_some);
    assert!(inside, "there is no loop here: what blocks works inside of a program (`program`)");
    resume_unwind(Box::new(Gone))
}

/// As [`call`]; `None` where nobody does it: outside of a program, or when that is gone.
fn try_call<R, W>(work: impl FnOnce() -> W + Send + 'static) -> Option<R>
where
    R: Send + 'static,
    W: Future<Output = R> + 'static,
{
    let (done, result) = sync_channel(1);
    let job: Job = Box::new(move || {
        let work = work();
        Box::pin(async move {
            // The program waits for it, or has been dropped with this.
            let _ = done.send(work.await);
        })
    });
    let sent = LINE.try_with(|line| line.borrow().as_ref().is_some_and(|line| line.jobs.send(job).is_ok()));
    if sent.unwrap_or(false) { result.recv().ok() } else { None }
}

/// Drops something where the loop runs: at once, or, when the program is gone, with all that is left of it.
pub(crate) fn drop_in_loop<T: Send + 'static>(value: T) {
    let mut value = Some(value);
    let _ = LINE.try_with(|line| {
        if let (Some(line), Some(value)) = (line.borrow().as_ref(), value.take()) {
            // Where nobody takes it, it comes back and is dropped here.
            let _ = line.left.send(Box::new(value));
        }
    });
    // The loop sees to it before it does anything else.
    let _ = try_call(|| async {});
}
