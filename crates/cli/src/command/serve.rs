//! `wirelab serve --on LINK --address A/LEN APP…`

use std::io::{self, Write};
use std::ops::ControlFlow;

use wirelab_sim::{Signal, World};
use wirelab_stack::frame::NodeId;
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};
use wirelab_stack::trace::{ConnectionId, State};

use crate::args::ServeArgs;
use crate::exit::{Code, Failure};
use crate::lab::lines::{LineRecorder, Lines};
use crate::lab::{Lab, applications};

/// How long connections have to end well when the program is to end: it promises to be gone within two seconds.
const FAREWELL: Duration = Duration::from_millis(1_500);

/// Serves until a signal comes.
///
/// # Errors
/// When the link cannot be opened, an application cannot begin, or the device is gone.
pub fn serve(args: &ServeArgs, out: &mut dyn Write) -> Result<Code, Failure> {
    let mut lab = Lab::open(&args.lab, "serve")?;
    applications::serve(&mut lab.world, lab.host, &args.applications, args.allow_upload)?;
    let lines = Lines::default();
    lab.add_recorder(Box::new(LineRecorder::new(lines.clone(), args.json)));
    lab.begin();
    let host = lab.host;
    let mut serving = Serving { host, announced: false, ends: None, out, lines, json: args.json };
    let driven = lab.world.drive(&mut lab.clock, None, |world, signals| serving.turn(world, signals));
    let finished = lab.finish();
    driven??;
    finished.map(|()| Code::Held)
}

struct Serving<'a> {
    host: NodeId,
    announced: bool,
    /// When connections that have not ended are reset.
    ends: Option<Instant>,
    out: &'a mut dyn Write,
    lines: Lines,
    json: bool,
}

impl Serving<'_> {
    fn turn(&mut self, world: &mut World, signals: &[Signal]) -> ControlFlow<Result<(), Failure>> {
        if let Err(failure) = self.announce(world).and_then(|()| Ok(self.print()?)) {
            return ControlFlow::Break(if failure.is_broken_pipe() { Ok(()) } else { Err(failure) });
        }
        if !signals.is_empty() {
            if self.ends.is_some() {
                // Whoever asks twice means it.
                self.ends = Some(world.now());
            } else {
                self.ends = Some(world.now() + FAREWELL);
                close(world, self.host);
            }
        }
        match self.ends {
            Some(ends) if world.now() >= ends || open_connections(world, self.host).is_empty() => {
                for connection in open_connections(world, self.host) {
                    world.reset_connection(self.host, connection);
                }
                ControlFlow::Break(Ok(()))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Says that everything is served, or why it is not, once all applications have begun.
    fn announce(&mut self, world: &World) -> Result<(), Failure> {
        if core::mem::replace(&mut self.announced, true) {
            return Ok(());
        }
        for application in world.applications() {
            if let Some((_, Err(error))) = application.ended {
                return Err(Failure::Usage(format!("{}: {error}", application.name)));
            }
        }
        let ready = if self.json { "{\"event\":\"ready\"}" } else { "ready" };
        writeln!(self.out, "{ready}")?;
        Ok(self.out.flush()?)
    }

    fn print(&mut self) -> io::Result<()> {
        let lines = self.lines.take();
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }
}

/// Ends all applications: what they have open is closed as a kernel closes what a process leaves.
fn close(world: &mut World, host: NodeId) {
    for application in world.applications() {
        if application.ended.is_none() {
            world.kill(application.id);
        }
    }
    // So that there is a turn when the time is over.
    world.spawn_background(host, "farewell", world.now(), async {
        time::sleep(FAREWELL).await;
        Ok(())
    });
}

/// Connections that the peer does not know to have ended.
fn open_connections(world: &World, host: NodeId) -> Vec<ConnectionId> {
    let mut open = Vec::new();
    if let Some(host) = world.host(host) {
        host.for_each_connection(|id, info| {
            if !matches!(info.state, State::TimeWait | State::Closed | State::FinWait2) {
                open.push(id);
            }
        });
    }
    open
}
