//! A driver whose every answer is kept.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use wirelab_sim::{Driver, Input};
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::time::Instant;

use crate::hash::{Hash, of_frame};
use crate::record::{Record, Told};
use crate::recorder::Recorder;

/// Drives a world by another driver, and keeps what that says.
///
/// A device may change what it takes, and take half of it: so it is given whole queues, one at a time, and what it leaves
/// waits here. What it took is then what the world gave, frame by frame.
#[derive(Debug)]
pub struct Recording<D> {
    driver: D,
    recorder: Recorder,
    last: Instant,
    leaving: BTreeMap<NodeId, VecDeque<Frame>>,
}

/// Why a run that is recorded cannot go on.
#[derive(Debug)]
pub enum Failed<E> {
    /// What drives it says so.
    Driver(E),
    /// The record cannot be written.
    Record(io::Error),
}

impl<E: fmt::Display> fmt::Display for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => error.fmt(f),
            Self::Record(error) => write!(f, "the record cannot be written: {error}"),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Failed<E> {}

impl<D: Driver> Recording<D>
where
    D::Error: fmt::Display,
{
    /// Keeps what `driver` says.
    pub fn new(driver: D, recorder: Recorder) -> Self {
        Self { driver, recorder, last: Instant::ZERO, leaving: BTreeMap::new() }
    }

    /// What drives.
    pub const fn driver(&self) -> &D {
        &self.driver
    }

    /// What drives, to change.
    pub const fn driver_mut(&mut self) -> &mut D {
        &mut self.driver
    }

    fn told<T>(recorder: &Recorder, result: Result<T, D::Error>) -> Result<T, Failed<D::Error>> {
        result.map_err(|error| {
            recorder.add(&Record::Failed { why: error.to_string() }, &[]);
            // That it could not be written is the lesser trouble now.
            let _ = recorder.flush();
            Failed::Driver(error)
        })
    }

    fn input(&self, input: &Input) {
        match input {
            Input::Frame { port, frame } => {
                // A head is no longer than its buffer.
                let (head, meta) = (frame.head_length() as u8, Told::of(&frame.meta));
                self.recorder
                    .add(&Record::Frame { port: port.0, head, meta }, &[frame.head(), frame.payload()]);
            }
            Input::Standard(octets) => self.recorder.add(&Record::Standard, &[octets]),
            Input::EndOfInput => self.recorder.add(&Record::EndOfInput, &[]),
            Input::Signal(signal) => self.recorder.add(&Record::from(*signal), &[]),
        }
    }
}

impl<D: Driver> Driver for Recording<D>
where
    D::Error: fmt::Display,
{
    type Error = Failed<D::Error>;

    fn wait(
        &mut self,
        until: Option<Instant>,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<Instant, Self::Error> {
        for (port, frames) in self.leaving.iter_mut().filter(|(_, frames)| !frames.is_empty()) {
            Self::told(&self.recorder, self.driver.transmit(*port, frames))?;
        }
        // Whoever is killed while nothing happens has lost nothing.
        self.recorder.flush().map_err(Failed::Record)?;
        let before = inputs.len();
        let waited = self.driver.wait(until, room, inputs);
        inputs[before..].iter().for_each(|input| self.input(input));
        let now = Self::told(&self.recorder, waited)?.max(self.last);
        self.recorder.add(&Record::Turn { after: now.since(self.last).as_nanos() }, &[]);
        self.last = now;
        Ok(now)
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), Self::Error> {
        let leaving = self.leaving.entry(port).or_default();
        let mut hashes = Vec::new();
        if leaving.is_empty() {
            hashes.extend(frames.iter().flat_map(|frame| of_frame(frame).to_le_bytes()));
            leaving.append(frames);
        }
        let frames = (hashes.len() / size_of::<u64>()) as u32;
        self.recorder.add(&Record::Taken { port: port.0, frames }, &[&hashes]);
        Self::told(&self.recorder, self.driver.transmit(port, leaving))
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, Self::Error> {
        let printed = Self::told(&self.recorder, self.driver.print(octets))?.min(octets.len());
        let hash = Hash::new().octets(&octets[..printed]).finish();
        // What a console holds is bounded far below that.
        let record = Record::Printed { octets: printed as u32 };
        self.recorder.add(&record, &[&hash.to_le_bytes()]);
        Ok(printed)
    }
}
