//! What drives a world on real links: the wall clock, the wall clock with every answer of it kept, or a record of those.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use wirelab_rawlink::{DriverError, LinkCounters, LinkError, RealLink, WallClock};
use wirelab_replay::{Failed, Recording, Replay, Stop, Tape};
use wirelab_sim::{Driver, Input};
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::time::Instant;

/// What drives a world on real links.
pub struct LabClock {
    drives: Drives,
}

enum Drives {
    Wall(Box<WallClock>),
    Recording(Box<Recording<WallClock>>),
    Replay(Replay),
}

/// Why it cannot go on.
#[derive(Debug)]
pub enum LabError {
    /// A link is gone, or the system does not let us.
    Driver(DriverError),
    /// The record cannot be written.
    Record(io::Error),
    /// The record that is run again has come to its end.
    Replay(Stop),
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => error.fmt(f),
            Self::Record(error) => write!(f, "cannot write the record: {error}"),
            Self::Replay(stop) => stop.fmt(f),
        }
    }
}

impl std::error::Error for LabError {}

impl From<DriverError> for LabError {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<Failed<DriverError>> for LabError {
    fn from(failed: Failed<DriverError>) -> Self {
        match failed {
            Failed::Driver(error) => Self::Driver(error),
            Failed::Record(error) => Self::Record(error),
        }
    }
}

impl From<Stop> for LabError {
    fn from(stop: Stop) -> Self {
        Self::Replay(stop)
    }
}

impl LabClock {
    /// The wall clock, which takes `SIGINT` and `SIGTERM` from here on, recorded if that is wanted; or a record's own.
    /// `trouble` is told of what is wrong with a link when it is not its end.
    ///
    /// # Errors
    /// When the system has nothing to wait with, or does not give us the signals.
    pub fn new(tape: &Tape, trouble: impl FnMut(&LinkError) + 'static) -> Result<Self, LabError> {
        let wall = || WallClock::new(trouble);
        let drives = match tape {
            Tape::Off => Drives::Wall(Box::new(wall()?)),
            Tape::Recorder(recorder) => {
                Drives::Recording(Box::new(Recording::new(wall()?, recorder.clone())))
            }
            Tape::Player(player) => Drives::Replay(Replay::new(player.clone())),
        };
        Ok(Self { drives })
    }

    fn wall(&mut self) -> Option<&mut WallClock> {
        match &mut self.drives {
            Drives::Wall(clock) => Some(clock),
            Drives::Recording(recording) => Some(recording.driver_mut()),
            Drives::Replay(_) => None,
        }
    }

    /// Gives a port of the world its link; a record needs none.
    ///
    /// # Errors
    /// When the system cannot wait for it.
    pub fn add(&mut self, node: NodeId, link: Option<Box<dyn RealLink>>) -> Result<(), LabError> {
        match (&mut self.drives, link) {
            (Drives::Replay(replay), _) => replay.add(node),
            (Drives::Wall(clock), Some(link)) => clock.add(node, link)?,
            (Drives::Recording(recording), Some(link)) => recording.driver_mut().add(node, link)?,
            // A port without a link leads nowhere.
            (_, None) => {}
        }
        Ok(())
    }

    /// Reads standard input, and prints to standard output, for the host that has the console.
    pub fn use_standard(&mut self) {
        if let Some(clock) = self.wall() {
            clock.use_standard();
        }
    }

    /// What the link of a port has counted; `None` where there is no link.
    pub fn counters(&self, node: NodeId) -> Option<LinkCounters> {
        match &self.drives {
            Drives::Wall(clock) => clock.counters(node),
            Drives::Recording(recording) => recording.driver().counters(node),
            Drives::Replay(_) => None,
        }
    }
}

impl Driver for LabClock {
    type Error = LabError;

    fn wait(
        &mut self,
        until: Option<Instant>,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<Instant, LabError> {
        Ok(match &mut self.drives {
            Drives::Wall(clock) => clock.wait(until, room, inputs)?,
            Drives::Recording(recording) => recording.wait(until, room, inputs)?,
            Drives::Replay(replay) => replay.wait(until, room, inputs)?,
        })
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), LabError> {
        match &mut self.drives {
            Drives::Wall(clock) => clock.transmit(port, frames)?,
            Drives::Recording(recording) => recording.transmit(port, frames)?,
            Drives::Replay(replay) => replay.transmit(port, frames)?,
        }
        Ok(())
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, LabError> {
        Ok(match &mut self.drives {
            Drives::Wall(clock) => clock.print(octets)?,
            Drives::Recording(recording) => recording.print(octets)?,
            Drives::Replay(replay) => replay.print(octets)?,
        })
    }
}
