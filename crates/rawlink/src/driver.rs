//! The wall clock: waits on real links, signals and standard input in one place, and wakes for what is due.
//!
//! One thread, one wait. Links are read in the order in which they were added, each at most so far in a turn that the
//! others and what is due have theirs.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time;

use polling::{Event, Events, PollMode, Poller};
use wirelab_sim::{Driver, Input};
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::time::{Duration, Instant};

use crate::signals::Signals;
use crate::standard::Standard;
use crate::{LinkCounters, LinkError, RealLink};

/// Frames that are taken from one link in one turn.
const MOST_FRAMES_IN_A_TURN: usize = 64;

/// What standard input is known by where the system tells what is ready; ports are numbered from zero.
const INPUT: usize = usize::MAX - 1;
const OUTPUT: usize = usize::MAX - 2;
const SIGNALS: usize = usize::MAX - 3;

/// Why the wall clock stopped.
#[derive(Debug)]
pub enum DriverError {
    /// A link came to its end.
    Link(LinkError),
    /// The system does not let us wait, read or print.
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        error: io::Error,
    },
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(error) => error.fmt(f),
            Self::System { doing, error } => write!(f, "cannot {doing}: {error}"),
        }
    }
}

impl std::error::Error for DriverError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Link(error) => Some(error),
            Self::System { error, .. } => Some(error),
        }
    }
}

pub(crate) fn system(doing: &'static str) -> impl FnOnce(io::Error) -> DriverError {
    move |error| DriverError::System { doing, error }
}

/// A link with the port of the world that it belongs to.
struct Port {
    node: NodeId,
    link: Box<dyn RealLink>,
    /// Whether frames wait that the device did not take.
    blocked: bool,
}

/// Drives a world ([`World::drive`](wirelab_sim::World::drive)) on the wall clock. Its time begins at zero when it is made.
pub struct WallClock {
    poller: Poller,
    events: Events,
    began: time::Instant,
    ports: Vec<Port>,
    signals: Signals,
    standard: Option<Standard>,
    received: VecDeque<Frame>,
    /// Told of what is wrong with a link that is not its end.
    trouble: Box<dyn FnMut(&LinkError)>,
}

impl WallClock {
    /// A clock without links, which takes `SIGINT` and `SIGTERM` from here on. `trouble` is told of what is wrong with a
    /// link when it is not its end.
    ///
    /// # Errors
    /// When the system has nothing to wait with, or does not give us the signals.
    pub fn new(trouble: impl FnMut(&LinkError) + 'static) -> Result<Self, DriverError> {
        let poller = Poller::new().map_err(system("wait for events"))?;
        let signals = Signals::new()?;
        watch(&poller, signals.descriptor(), Event::readable(SIGNALS))?;
        Ok(Self {
            poller,
            events: Events::new(),
            began: time::Instant::now(),
            ports: Vec::new(),
            signals,
            standard: None,
            received: VecDeque::new(),
            trouble: Box::new(trouble),
        })
    }

    /// Gives a port of the world its link.
    ///
    /// # Errors
    /// When the system cannot wait for it.
    pub fn add(&mut self, node: NodeId, link: Box<dyn RealLink>) -> Result<(), DriverError> {
        if let Some(descriptor) = link.descriptor() {
            watch(&self.poller, descriptor, Event::readable(self.ports.len()))?;
        }
        self.ports.push(Port { node, link, blocked: false });
        Ok(())
    }

    /// Reads standard input, and prints to standard output, for the host that has the console.
    pub fn use_standard(&mut self) {
        self.standard = Some(Standard::new(INPUT, OUTPUT));
    }

    /// The time of this clock.
    pub fn now(&self) -> Instant {
        Instant::from_nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// What the link of a port has counted; `None` where no port has that number.
    pub fn counters(&self, node: NodeId) -> Option<LinkCounters> {
        self.ports.iter().find(|port| port.node == node).map(|port| port.link.counters())
    }

    /// When a capture file has its next frame.
    fn next_frame(&self) -> Option<Instant> {
        let next = self.ports.iter().filter_map(|port| port.link.next_time());
        next.min().map(|at| Instant::ZERO + at)
    }

    /// How long to wait; `None`: until something comes.
    fn patience(&self, until: Option<Instant>) -> Option<time::Duration> {
        let until = until.into_iter().chain(self.next_frame()).min()?;
        let now = self.now();
        let left = if until > now { until.since(now) } else { Duration::ZERO };
        Some(time::Duration::from_nanos(left.as_nanos()))
    }

    /// Takes what the link of port `place` has.
    fn receive(&mut self, place: usize, inputs: &mut Vec<Input>) -> Result<(), DriverError> {
        let port = &mut self.ports[place];
        let taken = port.link.receive(&mut self.received, MOST_FRAMES_IN_A_TURN);
        let node = port.node;
        inputs.extend(self.received.drain(..).map(|frame| Input::Frame { port: node, frame }));
        match taken {
            Err(error) if error.ends() => Err(DriverError::Link(error)),
            Err(error) => {
                (self.trouble)(&error);
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

/// Has the poller tell when `descriptor` is ready, again and again as long as it is.
pub(crate) fn watch(poller: &Poller, descriptor: BorrowedFd<'_>, interest: Event) -> Result<(), DriverError> {
    // SAFETY: the descriptor is open now, and stays open as long as the poller: those who own both drop the poller first,
    // or own the descriptor for ever (standard input and output).
    #[expect(unsafe_code, reason = "a poller does not borrow what it waits for")]
    let added = unsafe { poller.add_with_mode(descriptor.as_raw_fd(), interest, PollMode::Level) };
    added.map_err(system("wait for a descriptor"))
}

impl Driver for WallClock {
    type Error = DriverError;

    fn wait(
        &mut self,
        until: Option<Instant>,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<Instant, DriverError> {
        let standard = self.standard.as_mut().map(|standard| standard.is_due(&self.poller, room));
        let patience = match standard.transpose()? {
            Some(true) => Some(time::Duration::ZERO),
            _ => self.patience(until),
        };
        self.events.clear();
        match self.poller.wait(&mut self.events, patience) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(system("wait for events")(error));
            }
            _ => {}
        }
        let now = self.now();
        let mut ready: Vec<usize> = self.events.iter().map(|event| event.key).collect();
        ready.sort_unstable();
        let due = |port: &Port| port.link.next_time().is_some_and(|at| Instant::ZERO + at <= now);
        let of_files = (0..self.ports.len()).filter(|place| due(&self.ports[*place]));
        ready.extend(of_files.collect::<Vec<_>>());
        for key in ready {
            match key {
                SIGNALS => self.signals.take(inputs),
                INPUT | OUTPUT => {}
                place => self.receive(place, inputs)?,
            }
        }
        if let Some(standard) = &mut self.standard {
            standard.read(&self.poller, room, inputs)?;
        }
        Ok(now)
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), DriverError> {
        let Some(place) = self.ports.iter().position(|known| known.node == port) else {
            // A port without a link leads nowhere.
            frames.clear();
            return Ok(());
        };
        loop {
            match self.ports[place].link.send(frames) {
                Err(error) if error.ends() => return Err(DriverError::Link(error)),
                Err(error) => (self.trouble)(&error),
                Ok(_) => break,
            }
        }
        let port = &mut self.ports[place];
        let blocked = !frames.is_empty();
        if blocked != port.blocked {
            port.blocked = blocked;
            if let Some(descriptor) = port.link.descriptor() {
                let interest = Event::new(place, true, blocked);
                let modified = self.poller.modify_with_mode(descriptor, interest, PollMode::Level);
                modified.map_err(system("wait for a descriptor"))?;
            }
        }
        Ok(())
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, DriverError> {
        match &mut self.standard {
            Some(standard) => standard.print(octets),
            // Nobody asked for it.
            None => Ok(octets.len()),
        }
    }
}
