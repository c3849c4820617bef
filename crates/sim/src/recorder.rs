//! Who watches a run: recorders, and several of them at once.

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::fmt;
use std::rc::Rc;

use wirelab_stack::context::Observer;
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest};

use crate::component::Component;

/// Watches everything that happens in a [`World`](crate::World). It sees, and can change nothing.
pub trait Recorder: Any + Send {
    /// Which kinds of events it wants; read when it is set. An event of another kind is not even built.
    fn interest(&self) -> Interest;
    /// An event at `now`, shown by `at`.
    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>);
}

impl dyn Recorder {
    /// The recorder as its own type again, once the world gave it back.
    ///
    /// # Errors
    /// The recorder itself, where it is of another type.
    pub fn downcast<T: Recorder>(self: Box<Self>) -> Result<Box<T>, Box<Self>> {
        if !(&*self as &dyn Any).is::<T>() {
            return Err(self);
        }
        match (self as Box<dyn Any>).downcast() {
            Ok(recorder) => Ok(recorder),
            Err(_) => unreachable!("the type was just looked at"),
        }
    }
}

/// Several recorders; each gets only what it asked for, in the order in which they were added.
#[derive(Default)]
pub struct Recorders {
    all: Vec<(Interest, Box<dyn Recorder>)>,
}

impl Recorders {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one more.
    pub fn add(&mut self, recorder: Box<dyn Recorder>) {
        self.all.push((recorder.interest(), recorder));
    }

    /// Takes out the first recorder of type `T`.
    pub fn take<T: Recorder>(&mut self) -> Option<Box<T>> {
        let place = self.all.iter().position(|(_, recorder)| (&**recorder as &dyn Any).is::<T>())?;
        self.all.remove(place).1.downcast().ok()
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<Box<dyn Recorder>> {
        self.all.into_iter().map(|(_, recorder)| recorder).collect()
    }
}

impl From<Vec<Box<dyn Recorder>>> for Recorders {
    fn from(all: Vec<Box<dyn Recorder>>) -> Self {
        Self { all: all.into_iter().map(|recorder| (recorder.interest(), recorder)).collect() }
    }
}

impl Recorder for Recorders {
    fn interest(&self) -> Interest {
        self.all.iter().fold(Interest::NONE, |all, (interest, _)| all | *interest)
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        let kind = kind_of(event);
        for (interest, recorder) in &mut self.all {
            if interest.contains(kind) {
                recorder.record(now, at, event);
            }
        }
    }
}

/// The kind under which an event is shown.
pub fn kind_of(event: &Event<'_>) -> Interest {
    use wirelab_stack::trace::LinkEvent;
    match event {
        Event::FrameSent { .. }
        | Event::FrameArrived { .. }
        | Event::FrameAccepted { .. }
        | Event::FrameDropped { .. } => Interest::FRAMES,
        Event::ConnectionMetrics { .. } | Event::Link(LinkEvent::Queue { .. }) => Interest::SERIES,
        Event::Neighbor { .. } | Event::AddressConflict { .. } | Event::Address { .. } => Interest::NEIGHBORS,
        Event::Application { .. } => Interest::APPLICATIONS,
        Event::Link(_) => Interest::LINKS,
        Event::Shown { .. } => Interest::TABLES,
        // Connections opened, ended, changing state, their timers; and kinds that the stack may add.
        _ => Interest::CONNECTIONS,
    }
}

/// The world's one recorder, shared by everyone who has something to show.
#[derive(Default)]
pub(crate) struct Shared {
    interest: Cell<Interest>,
    recorder: RefCell<Option<Box<dyn Recorder>>>,
}

impl Shared {
    pub(crate) fn set(&self, recorder: Option<Box<dyn Recorder>>) -> Option<Box<dyn Recorder>> {
        self.interest.set(recorder.as_ref().map_or(Interest::NONE, |recorder| recorder.interest()));
        self.recorder.replace(recorder)
    }

    pub(crate) fn wants(&self, kind: Interest) -> bool {
        self.interest.get().contains(kind)
    }

    #[cold]
    fn record(&self, now: Instant, at: Component, event: &Event<'_>) {
        if let Some(recorder) = &mut *self.recorder.borrow_mut() {
            recorder.record(now, at, event);
        }
    }
}

/// One component's view of the recorder: the observer that its stack is given.
#[derive(Clone)]
pub(crate) struct Watch {
    shared: Rc<Shared>,
    at: Component,
}

impl Watch {
    pub(crate) fn new(shared: &Rc<Shared>, at: Component) -> Self {
        Self { shared: Rc::clone(shared), at }
    }

    /// Shows an event, which is built only if somebody wants its kind.
    #[inline]
    pub(crate) fn observe<'e>(&self, now: Instant, kind: Interest, event: impl FnOnce() -> Event<'e>) {
        if self.shared.wants(kind) {
            self.shared.record(now, self.at, &event());
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.at)
    }
}

impl Observer for Watch {
    fn interest(&self) -> Interest {
        self.shared.interest.get()
    }

    fn record(&mut self, now: Instant, event: &Event<'_>) {
        self.shared.record(now, self.at, event);
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::frame::NodeId;
    use wirelab_stack::trace::{ApplicationEvent, LinkEvent};

    use super::*;

    struct Counting(Interest, u32);

    impl Recorder for Counting {
        fn interest(&self) -> Interest {
            self.0
        }

        fn record(&mut self, _: Instant, _: Component, _: &Event<'_>) {
            self.1 += 1;
        }
    }

    #[test]
    fn each_gets_what_it_asked_for_and_comes_back() {
        let shared = Rc::new(Shared::default());
        let watch = Watch::new(&shared, Component::Host(NodeId(0)));
        let mut all = Recorders::new();
        all.add(Box::new(Counting(Interest::LINKS, 0)));
        all.add(Box::new(Counting(Interest::LINKS | Interest::APPLICATIONS, 0)));
        shared.set(Some(Box::new(all)));
        watch.observe(Instant::ZERO, Interest::LINKS, || Event::Link(LinkEvent::Up));
        let event = ApplicationEvent::Started;
        watch.observe(Instant::ZERO, Interest::APPLICATIONS, || Event::Application { name: "a", event });
        watch.observe(Instant::ZERO, Interest::FRAMES, || unreachable!("nobody wants frames"));
        let mut all = shared.set(None).unwrap().downcast::<Recorders>().ok().unwrap();
        assert_eq!(all.take::<Counting>().unwrap().1, 1);
        assert_eq!(all.take::<Counting>().unwrap().1, 2);
        assert!(all.take::<Counting>().is_none());
        watch.observe(Instant::ZERO, Interest::LINKS, || unreachable!("nobody watches any more"));
    }
}
