//! The program's standard input and output, without ever waiting for them.
//!
//! They are shared with whoever started the program, so they are not made non-blocking: they are read and written only
//! when the system says that this will not block.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use bytes::Bytes;
use polling::{Event, Poller};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use wirelab_sim::Input;

use crate::driver::{DriverError, system, watch};

/// Octets that are written at once: a pipe that can be written takes as many without blocking (`PIPE_BUF`).
const PIECE: usize = 4_096;

/// Standard input and output.
pub(crate) struct Standard {
    input: Watched,
    output: Watched,
    ended: bool,
    /// Whether output waits for room.
    blocked: bool,
}

/// One of them, and whether the poller looks at it. It does so only while that is wanted: the other end's going away is
/// told again and again.
struct Watched {
    interest: Event,
    on: bool,
    /// Whether it is always ready, as a file is: the system refuses to wait for those.
    always: bool,
}

impl Watched {
    const fn new(interest: Event) -> Self {
        Self { interest, on: false, always: false }
    }

    fn set(&mut self, poller: &Poller, on: bool, descriptor: BorrowedFd<'_>) -> Result<(), DriverError> {
        if on == self.on || self.always {
            return Ok(());
        }
        if on {
            match watch(poller, descriptor, self.interest) {
                Err(DriverError::System { error, .. }) if error.kind() == io::ErrorKind::PermissionDenied => {
                    self.always = true;
                }
                watched => watched?,
            }
        } else {
            poller.delete(descriptor).map_err(system("wait for standard input or output"))?;
        }
        self.on = on && !self.always;
        Ok(())
    }
}

impl Standard {
    /// Not looked at yet. The poller will know them by these keys.
    pub(crate) const fn new(input: usize, output: usize) -> Self {
        Self {
            input: Watched::new(Event::new(input, true, false)),
            output: Watched::new(Event::new(output, false, true)),
            ended: false,
            blocked: false,
        }
    }

    /// Has the poller look for what is wanted now; whether that is there already.
    pub(crate) fn is_due(&mut self, poller: &Poller, room: usize) -> Result<bool, DriverError> {
        let reads = room > 0 && !self.ended;
        self.input.set(poller, reads, io::stdin().as_fd())?;
        self.output.set(poller, self.blocked, io::stdout().as_fd())?;
        Ok(reads && self.input.always || self.blocked && self.output.always)
    }

    /// Adds what can be read at once, at most `room` octets.
    pub(crate) fn read(
        &mut self,
        poller: &Poller,
        room: usize,
        inputs: &mut Vec<Input>,
    ) -> Result<(), DriverError> {
        let stdin = io::stdin();
        if room == 0 || self.ended || !is_ready(stdin.as_fd(), PollFlags::IN)? {
            return Ok(());
        }
        let mut octets = vec![0; room];
        match rustix::io::read(stdin.as_fd(), &mut octets) {
            Ok(0) => {
                self.ended = true;
                self.input.set(poller, false, stdin.as_fd())?;
                inputs.push(Input::EndOfInput);
            }
            Ok(read) => {
                octets.truncate(read);
                inputs.push(Input::Standard(Bytes::from(octets)));
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(system("read standard input")(error.into())),
        }
        Ok(())
    }

    /// Prints what can be printed at once of `octets`; how many that were.
    pub(crate) fn print(&mut self, octets: &[u8]) -> Result<usize, DriverError> {
        let stdout = io::stdout();
        self.blocked = !is_ready(stdout.as_fd(), PollFlags::OUT)?;
        if self.blocked {
            return Ok(0);
        }
        match rustix::io::write(stdout.as_fd(), &octets[..octets.len().min(PIECE)]) {
            Ok(written) => Ok(written),
            Err(Errno::INTR | Errno::AGAIN) => Ok(0),
            Err(error) => Err(system("print")(error.into())),
        }
    }
}

/// Whether the descriptor is ready, or never will be: reading or writing it does not block.
fn is_ready(descriptor: BorrowedFd<'_>, flags: PollFlags) -> Result<bool, DriverError> {
    let mut descriptors = [PollFd::new(&descriptor, flags)];
    match poll(&mut descriptors, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(system("look at standard input or output")(error.into())),
    }
}
