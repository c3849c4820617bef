//! The same loop in somebody else's time: on the wall clock with real links, or in virtual time from a record of such
//! a run.
//!
//! Whatever comes from outside comes as an [`Input`] of a [`Driver`], at the one instant of a turn. What was due before
//! that happens first, each thing at its own time, so that a wall clock that is late makes no link slower. Nothing else
//! reaches the world: the same seed, instants and inputs give the same frames, octet for octet.

use core::ops::ControlFlow;
use std::collections::VecDeque;

use bytes::Bytes;
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::time::Instant;

use crate::world::World;

/// Events of one turn after which inputs and outputs have their turn, though more is due.
const MOST_EVENTS_IN_A_TURN: u64 = 100_000;

/// What comes from outside.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are frames")]
pub enum Input {
    /// A frame, by a real link.
    Frame {
        /// The port of the link.
        port: NodeId,
        /// The frame. Its name and cause are given to it.
        frame: Frame,
    },
    /// Standard input for the host that has the console.
    Standard(Bytes),
    /// The end of standard input.
    EndOfInput,
    /// A signal for the whole run.
    Signal(Signal),
}

/// A signal, as a terminal or a service manager sends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
}

/// What gives a world its time and its inputs, and takes its outputs.
pub trait Driver {
    /// Why it cannot go on: a device is gone.
    type Error;

    /// Waits until `until`, or until something has come from outside, and adds that to `inputs`; at most `room` octets of
    /// it standard input. Returns the instant of the turn that begins, which never goes back.
    ///
    /// # Errors
    /// When there is nothing more to wait for, as a device is gone.
    fn wait(
        &mut self,
        until: Option<Instant>,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<Instant, Self::Error>;

    /// Sends from the front what the real link of `port` takes now. What it leaves waits for the next turn.
    ///
    /// # Errors
    /// As those of [`wait`](Self::wait).
    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), Self::Error>;

    /// Prints the first octets of what the console's host has printed; how many it took.
    ///
    /// # Errors
    /// When it can never print again.
    fn print(&mut self, octets: &[u8]) -> Result<usize, Self::Error>;
}

impl World {
    /// Runs by `driver` until `each` breaks. `each` is called in every turn, with the signals that came in it, when all
    /// that was due has happened, and before anything leaves. Standard input and output are those of `console`.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn drive<D: Driver, R>(
        &mut self,
        driver: &mut D,
        console: Option<NodeId>,
        mut each: impl FnMut(&mut Self, &[Signal]) -> ControlFlow<R>,
    ) -> Result<R, D::Error> {
        let ports = self.externals();
        let (mut inputs, mut signals) = (Vec::new(), Vec::new());
        loop {
            self.advance(self.now);
            let flow = each(self, &signals);
            signals.clear();
            // What it changed happens in the same turn.
            self.advance(self.now);
            for port in &ports {
                if let Some(frames) = self.outgoing(*port)
                    && !frames.is_empty()
                {
                    driver.transmit(*port, frames)?;
                }
            }
            if let Some(host) = console {
                self.print(host, driver)?;
            }
            if let ControlFlow::Break(result) = flow {
                return Ok(result);
            }
            let room = console.map_or(0, |host| self.input_room(host));
            let now = driver.wait(self.next_event(), room, &mut inputs)?;
            self.advance(now);
            for input in inputs.drain(..) {
                match input {
                    Input::Frame { port, frame } => self.bring_in(port, frame),
                    Input::Standard(octets) => {
                        if let Some(host) = console {
                            self.feed(host, &octets);
                        }
                    }
                    Input::EndOfInput => {
                        if let Some(host) = console {
                            self.end_input(host);
                        }
                    }
                    Input::Signal(signal) => signals.push(signal),
                }
            }
        }
    }

    fn print<D: Driver>(&mut self, host: NodeId, driver: &mut D) -> Result<(), D::Error> {
        while let Some(octets) = self.output(host) {
            let printed = driver.print(octets)?;
            if printed == 0 {
                break;
            }
            self.printed(host, printed);
        }
        Ok(())
    }

    /// Does all that is due by `until`, each thing at its own time; or much of it, where it has no end.
    fn advance(&mut self, until: Instant) {
        self.hand_out_wakes();
        let last = self.events.saturating_add(MOST_EVENTS_IN_A_TURN);
        while let Some(at) = self.next_event()
            && at <= until
        {
            self.now = self.now.max(at);
            self.step_next();
            if self.events >= last {
                return;
            }
        }
        self.now = self.now.max(until);
    }
}
