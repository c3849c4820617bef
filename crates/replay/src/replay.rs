//! A driver that says what another one said.

use std::collections::VecDeque;

use bytes::Bytes;
use wirelab_sim::{Driver, Input, Signal};
use wirelab_stack::frame::{Frame, NodeId};
use wirelab_stack::time::Instant;

use crate::hash::{Hash, of_frame};
use crate::player::{Player, name};
use crate::record::{MAX_INPUTS, Record};
use crate::stop::Stop;

/// Drives a world by a record, in virtual time, and compares what it gives out.
#[derive(Debug)]
pub struct Replay {
    player: Player,
    ports: Vec<NodeId>,
}

impl Replay {
    /// Says what `player` has.
    pub const fn new(player: Player) -> Self {
        Self { player, ports: Vec::new() }
    }

    /// A port of the world: frames may come by it.
    pub fn add(&mut self, port: NodeId) {
        self.ports.push(port);
    }

    /// What it is given by.
    pub const fn player(&self) -> &Player {
        &self.player
    }

    fn frame(&self, port: u32, frame: Option<Frame>) -> Result<Input, Stop> {
        let port = NodeId(port);
        if !self.ports.contains(&port) {
            return Err(self.player.malformed("a frame by a port that is not there"));
        }
        let frame = frame.ok_or_else(|| self.player.malformed("a frame that no link brings"))?;
        self.player.count(|tally| tally.received += 1);
        Ok(Input::Frame { port, frame })
    }

    /// Compares the first frames with those that were taken then.
    fn compare(&self, frames: &VecDeque<Frame>, taken: usize, hashes: &Bytes) -> Result<(), Stop> {
        let (hashes, rest) = hashes.as_chunks::<{ size_of::<u64>() }>();
        if hashes.len() != taken || !rest.is_empty() {
            return Err(self.player.malformed("hashes of other frames"));
        }
        for (place, (hash, frame)) in (1..).zip(hashes.iter().zip(frames)) {
            if u64::from_le_bytes(*hash) != of_frame(frame) {
                let (number, length) = (self.player.tally().sent + place, frame.len());
                let what = format!("frame {number}, of {length} octets, is not the one that was sent");
                return Err(self.player.diverged(what));
            }
        }
        if frames.len() < taken {
            let (fewer, number) = (frames.len(), self.player.tally().sent + frames.len() as u64 + 1);
            let what = format!("{fewer} frames are sent, and {taken} were: frame {number} is missing");
            return Err(self.player.diverged(what));
        }
        Ok(())
    }
}

impl Driver for Replay {
    type Error = Stop;

    fn wait(&mut self, _: Option<Instant>, _: usize, inputs: &mut Vec<Input>) -> Result<Instant, Stop> {
        let before = inputs.len();
        loop {
            let (record, octets) = self.player.next()?;
            if inputs.len() - before >= MAX_INPUTS && !matches!(record, Record::Turn { .. }) {
                return Err(self.player.malformed("more inputs than a turn has"));
            }
            inputs.push(match record {
                Record::Turn { after } => return Ok(self.player.turn(after)),
                Record::Frame { port, head, meta } => self.frame(port, meta.frame(head, &octets))?,
                Record::Standard => Input::Standard(octets),
                Record::EndOfInput => Input::EndOfInput,
                Record::Interrupt => Input::Signal(Signal::Interrupt),
                Record::Terminate => Input::Signal(Signal::Terminate),
                other => {
                    let what = format!("it waits, and then there was {}", name(&other));
                    return Err(self.player.diverged(what));
                }
            });
        }
    }

    fn transmit(&mut self, port: NodeId, frames: &mut VecDeque<Frame>) -> Result<(), Stop> {
        match self.player.next()? {
            (Record::Taken { port: then, frames: taken }, hashes) if then == port.0 => {
                let taken = taken as usize;
                self.compare(frames, taken, &hashes)?;
                frames.drain(..taken);
                self.player.count(|tally| tally.sent += taken as u64);
                Ok(())
            }
            (Record::Taken { .. }, _) => {
                Err(self.player.diverged("frames are sent by another port than then".into()))
            }
            (other, _) => {
                let what = format!("{} frames are sent, and then there was {}", frames.len(), name(&other));
                Err(self.player.diverged(what))
            }
        }
    }

    fn print(&mut self, octets: &[u8]) -> Result<usize, Stop> {
        let (record, hash) = self.player.next()?;
        let Record::Printed { octets: printed } = record else {
            let what = format!("{} octets are printed, and then there was {}", octets.len(), name(&record));
            return Err(self.player.diverged(what));
        };
        let same = octets
            .get(..printed as usize)
            .is_some_and(|octets| hash[..] == Hash::new().octets(octets).finish().to_le_bytes());
        if !same {
            return Err(self.player.diverged("other octets are printed than then".into()));
        }
        self.player.count(|tally| tally.printed += u64::from(printed));
        Ok(printed as usize)
    }
}
