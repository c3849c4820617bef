//! `SIGINT` and `SIGTERM`, as something to wait for.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use wirelab_sim::{Input, Signal};

use crate::driver::{DriverError, system};

/// The signals that end a run. As long as this lives they do not end the program by themselves.
pub(crate) struct Signals {
    any: UnixStream,
    of: [(Signal, UnixStream); 2],
    registered: Vec<signal_hook::SigId>,
}

impl Signals {
    pub(crate) fn new() -> Result<Self, DriverError> {
        let pair = || -> std::io::Result<(UnixStream, UnixStream)> {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            Ok((ours, theirs))
        };
        let register = || -> std::io::Result<Self> {
            let ((any, wake), (interrupt, a), (terminate, b)) = (pair()?, pair()?, pair()?);
            let also = wake.try_clone()?;
            // Which signal it was is there before what wakes us.
            let registered = vec![
                pipe::register(SIGINT, a)?,
                pipe::register(SIGINT, wake)?,
                pipe::register(SIGTERM, b)?,
                pipe::register(SIGTERM, also)?,
            ];
            let of = [(Signal::Interrupt, interrupt), (Signal::Terminate, terminate)];
            Ok(Self { any, of, registered })
        };
        register().map_err(system("take signals"))
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.any.as_fd()
    }

    /// Adds the signals that have come. Several of one kind count once.
    pub(crate) fn take(&mut self, inputs: &mut Vec<Input>) {
        empty(&mut self.any);
        for (signal, stream) in &mut self.of {
            if empty(stream) {
                inputs.push(Input::Signal(*signal));
            }
        }
    }
}

/// The signals do again what they did before.
impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}

/// Reads all there is; whether there was anything.
fn empty(stream: &mut UnixStream) -> bool {
    let (mut any, mut octets) = (false, [0; 64]);
    loop {
        match stream.read(&mut octets) {
            Ok(0) => return any,
            Ok(_) => any = true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return any,
        }
    }
}
