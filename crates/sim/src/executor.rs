//! The executor: one thread, tasks polled in the order in which they were woken, nothing left to chance.
//!
//! A waker knows a number and a list; waking puts the number on the list, once. The world's turn of a host moves
//! the numbers of its tasks to the host's own queue and polls them from there.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use wirelab_stack::application::AppError;
use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::Spawned;
use wirelab_stack::socket::net::context::Entered;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::ApplicationEvent;

use crate::world::{ApplicationStatus, TaskId};

/// Why an application failed that was killed.
const KILLED: &str = "killed";

/// An application's first task.
pub(crate) type Root = Pin<Box<dyn Future<Output = Result<(), AppError>>>>;

/// The tasks that were woken, by whomever, in order.
#[derive(Debug, Default)]
struct Woken {
    /// Whether there are any: spares the lock in the many turns that wake nobody.
    any: AtomicBool,
    tasks: Mutex<Vec<u64>>,
}

impl Woken {
    fn push(&self, task: u64) {
        // A list of numbers is never half changed.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        self.any.store(true, Ordering::Release);
    }

    fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Swaps the list for an empty one.
    fn swap(&self, with: &mut Vec<u64>) {
        self.any.store(false, Ordering::Release);
        core::mem::swap(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner), with);
    }
}

#[derive(Debug)]
struct TaskWaker {
    task: u64,
    /// Whether it is on the list, or on its host's queue, already.
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.woken.push(self.task);
        }
    }
}

/// Why an application ended whose host did.
pub(crate) const CRASHED: &str = "its host crashed";

enum Body {
    Root(Root),
    Child(Pin<Box<dyn Future<Output = ()>>>),
}

struct Task {
    application: TaskId,
    node: NodeId,
    /// Away while it is polled.
    body: Option<Body>,
    polled: bool,
    wake: Arc<TaskWaker>,
    waker: Waker,
}

struct Application {
    name: Arc<str>,
    node: NodeId,
    background: bool,
    start: Instant,
    /// Until it starts.
    root: Option<Root>,
    /// Its tasks that have not ended.
    live: u32,
    /// Whether its first task has ended well; it goes on as long as others live.
    returned: bool,
    ended: Option<(Instant, Result<(), String>)>,
}

/// A task's number: its place, and which of that place's tenants it is.
const fn number(generation: u32, slot: u32) -> u64 {
    (generation as u64) << 32 | slot as u64
}

/// All tasks and applications of a world.
#[derive(Default)]
pub(crate) struct Executor {
    tasks: Vec<(u32, Option<Task>)>,
    free: Vec<u32>,
    applications: Vec<Application>,
    woken: Arc<Woken>,
    /// Woken in the turn of another host than their own.
    elsewhere: Vec<u64>,
    /// Kept for their storage.
    scratch: Vec<u64>,
    spawned: Vec<Spawned>,
    /// Applications that have not ended, without those in the background.
    running: usize,
}

impl Executor {
    /// Adds an application that starts later.
    pub(crate) fn add(
        &mut self,
        node: NodeId,
        name: &str,
        start: Instant,
        background: bool,
        root: Root,
    ) -> TaskId {
        self.applications.push(Application {
            name: Arc::from(name),
            node,
            background,
            start,
            root: Some(root),
            live: 0,
            returned: false,
            ended: None,
        });
        self.running += usize::from(!background);
        TaskId(self.applications.len() as u32 - 1)
    }

    /// Applications that a run waits for.
    pub(crate) const fn running(&self) -> usize {
        self.running
    }

    /// Starts an application: its first task is ready from here on.
    pub(crate) fn start(&mut self, id: TaskId) {
        if let Some(root) = self.applications[id.0 as usize].root.take() {
            self.add_task(id, Body::Root(root));
        }
    }

    fn add_task(&mut self, id: TaskId, body: Body) {
        let application = &mut self.applications[id.0 as usize];
        application.live += 1;
        let node = application.node;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.tasks.push((0, None));
            self.tasks.len() as u32 - 1
        });
        let (generation, place) = &mut self.tasks[slot as usize];
        let task = number(*generation, slot);
        let wake =
            Arc::new(TaskWaker { task, queued: AtomicBool::new(false), woken: Arc::clone(&self.woken) });
        let waker = Waker::from(Arc::clone(&wake));
        wake.wake_by_ref();
        *place = Some(Task { application: id, node, body: Some(body), polled: false, wake, waker });
    }

    /// Gives each task that was woken to `to`, in the order of waking.
    #[inline]
    pub(crate) fn distribute(&mut self, to: impl FnMut(NodeId, u64)) {
        if !self.elsewhere.is_empty() || self.woken.any() {
            self.distribute_some(to);
        }
    }

    fn distribute_some(&mut self, mut to: impl FnMut(NodeId, u64)) {
        let mut elsewhere = core::mem::take(&mut self.elsewhere);
        for task in elsewhere.drain(..) {
            if let Some(known) = self.get(task) {
                to(known.node, task);
            }
        }
        self.elsewhere = elsewhere;
        let mut woken = core::mem::take(&mut self.scratch);
        self.woken.swap(&mut woken);
        for task in woken.drain(..) {
            if let Some(known) = self.get(task) {
                to(known.node, task);
            }
        }
        self.scratch = woken;
    }

    /// Moves the tasks of `node` that were woken to `ready`, in the order of waking, and leaves the others.
    #[inline]
    pub(crate) fn collect(&mut self, node: NodeId, ready: &mut VecDeque<u64>) {
        if self.woken.any() {
            self.collect_some(node, ready);
        }
    }

    fn collect_some(&mut self, node: NodeId, ready: &mut VecDeque<u64>) {
        let mut woken = core::mem::take(&mut self.scratch);
        self.woken.swap(&mut woken);
        for task in woken.drain(..) {
            match self.get(task).map(|task| task.node) {
                Some(known) if known == node => ready.push_back(task),
                Some(_) => self.elsewhere.push(task),
                None => {}
            }
        }
        self.scratch = woken;
    }

    fn get(&mut self, task: u64) -> Option<&mut Task> {
        let (generation, place) = self.tasks.get_mut(task as u32 as usize)?;
        if u64::from(*generation) == task >> 32 { place.as_mut() } else { None }
    }

    /// Polls a task once, its host's seat being in place. A task that has ended meanwhile is passed over.
    pub(crate) fn poll(&mut self, task: u64, now: Instant, entered: &mut Entered) {
        let Some(known) = self.get(task) else { return };
        let Some(mut body) = known.body.take() else { return };
        // Woken from here on, it is to be polled again.
        known.wake.queued.store(false, Ordering::Release);
        let (id, first) = (known.application, !core::mem::replace(&mut known.polled, true));
        let waker = known.waker.clone();
        let name = &self.applications[id.0 as usize].name;
        entered.with(|seat| {
            seat.begin_poll(task, name);
            if first && matches!(body, Body::Root(_)) {
                seat.application_event(name, ApplicationEvent::Started);
            }
        });
        let mut cx = Context::from_waker(&waker);
        let polled = match &mut body {
            Body::Root(root) => root.as_mut().poll(&mut cx).map(Some),
            Body::Child(child) => child.as_mut().poll(&mut cx).map(|()| None),
        };
        let mut spawned = core::mem::take(&mut self.spawned);
        entered.with(|seat| seat.take_spawned(&mut spawned));
        for spawned in spawned.drain(..) {
            self.add_task(id, Body::Child(spawned.future));
        }
        self.spawned = spawned;
        match polled {
            Poll::Pending => {
                if let Some(known) = self.get(task) {
                    known.body = Some(body);
                }
            }
            Poll::Ready(output) => {
                drop(body);
                self.remove(task);
                self.ended(id, output, now, entered);
            }
        }
    }

    /// One of the application's tasks has ended: the first with its result, or another.
    fn ended(
        &mut self,
        id: TaskId,
        output: Option<Result<(), AppError>>,
        now: Instant,
        entered: &mut Entered,
    ) {
        let application = &mut self.applications[id.0 as usize];
        let name = Arc::clone(&application.name);
        let how = match output {
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(())) => {
                application.returned = true;
                Ok(())
            }
            None => Ok(()),
        };
        let over = how.is_err() || application.returned && application.live == 0;
        if !over || application.ended.is_some() {
            return;
        }
        entered.with(|seat| {
            seat.application_event(
                &name,
                how.as_ref()
                    .map_or_else(|text| ApplicationEvent::Failed(text), |()| ApplicationEvent::Finished),
            );
        });
        application.ended = Some((now, how));
        self.running -= usize::from(!application.background);
        // Of one that failed, the tasks that are left go too; their sockets close while the seat is there.
        drop(self.remove_all(id));
    }

    /// The host of an application.
    pub(crate) fn node_of(&self, id: TaskId) -> NodeId {
        self.applications[id.0 as usize].node
    }

    /// Ends an application wherever it is. Its sockets close while the seat is there. Whether it had not ended.
    pub(crate) fn kill(&mut self, id: TaskId, now: Instant, entered: &mut Entered) -> bool {
        let application = &mut self.applications[id.0 as usize];
        if application.ended.is_some() {
            return false;
        }
        let name = Arc::clone(&application.name);
        let root = application.root.take();
        application.ended = Some((now, Err(KILLED.to_owned())));
        self.running -= usize::from(!application.background);
        drop(root);
        drop(self.remove_all(id));
        entered.with(|seat| seat.application_event(&name, ApplicationEvent::Failed(KILLED)));
        true
    }

    fn remove_all(&mut self, id: TaskId) -> Vec<Body> {
        if self.applications[id.0 as usize].live == 0 {
            return Vec::new();
        }
        let of = |task: &Task| task.application == id;
        let left = self.tasks.iter().zip(0_u32..).filter(|((_, task), _)| task.as_ref().is_some_and(of));
        let left: Vec<u64> = left.map(|((generation, _), slot)| number(*generation, slot)).collect();
        left.into_iter().filter_map(|task| self.remove(task)).collect()
    }

    fn remove(&mut self, task: u64) -> Option<Body> {
        let slot = task as u32;
        let (generation, place) = &mut self.tasks[slot as usize];
        let task = place.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(slot);
        self.applications[task.application.0 as usize].live -= 1;
        task.body
    }

    /// The application of a task; `None` where the task has ended.
    pub(crate) fn application_of(&self, task: u64) -> Option<TaskId> {
        let (generation, place) = self.tasks.get(task as u32 as usize)?;
        place.as_ref().filter(|_| u64::from(*generation) == task >> 32).map(|task| task.application)
    }

    /// Whether a run waits for the application of a task.
    pub(crate) fn is_waited_for(&self, task: u64) -> bool {
        let application = self.application_of(task).map(|id| &self.applications[id.0 as usize]);
        application.is_some_and(|application| !application.background)
    }

    /// Whether an application that a run waits for is still to start.
    pub(crate) fn starts_later(&self) -> bool {
        let later = |application: &Application| {
            !application.background && application.root.is_some() && application.ended.is_none()
        };
        self.applications.iter().any(later)
    }

    /// How an application ended.
    pub(crate) fn ended_how(&self, id: TaskId) -> Option<Result<(), String>> {
        self.applications[id.0 as usize].ended.as_ref().map(|(_, how)| how.clone())
    }

    /// Whether an application has ended.
    pub(crate) fn has_ended(&self, id: TaskId) -> bool {
        self.applications[id.0 as usize].ended.is_some()
    }

    /// Ends all applications of `node` that have started. Their tasks are returned, to be dropped where there is no seat:
    /// the sockets of a host that crashes close nothing any more.
    #[must_use]
    pub(crate) fn crash(&mut self, node: NodeId, now: Instant) -> (Vec<Arc<str>>, impl Sized + use<>) {
        let mut ended = Vec::new();
        let mut left = Vec::new();
        for id in 0..self.applications.len() as u32 {
            let application = &mut self.applications[id as usize];
            if application.node != node || application.root.is_some() {
                continue;
            }
            if application.ended.is_none() {
                application.ended = Some((now, Err(CRASHED.to_owned())));
                self.running -= usize::from(!application.background);
                ended.push(Arc::clone(&application.name));
            }
            left.extend(self.remove_all(TaskId(id)));
        }
        (ended, left)
    }

    /// All applications, in the order in which they were added.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = ApplicationStatus> {
        self.applications.iter().zip(0..).map(|(application, id)| ApplicationStatus {
            id: TaskId(id),
            name: application.name.to_string(),
            node: application.node,
            background: application.background,
            start: application.start,
            ended: application.ended.clone(),
        })
    }
}
