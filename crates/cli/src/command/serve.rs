//! `wirelab serve --on LINK --address A/LEN APP…`

use std::io::Write;
use std::ops::ControlFlow;

use wirelab_sim::{Signal, World};

use crate::args::ServeArgs;
use crate::exit::{Code, Failure};
use crate::lab::farewell::Farewell;
use crate::lab::lines::{LineRecorder, Lines};
use crate::lab::{Lab, applications};

/// Serves until a signal comes.
///
/// # Errors
/// When the link cannot be opened, an application cannot begin, or the device is gone.
pub fn serve(args: &ServeArgs, out: &mut dyn Write) -> Result<Code, Failure> {
    let mut lab = Lab::open(&args.lab, "serve")?;
    applications::serve(&mut lab, &args.applications, args.allow_upload)?;
    let lines = Lines::default();
    lab.add_recorder(Box::new(LineRecorder::new(lines.clone(), args.json)));
    lab.begin()?;
    let farewell = Farewell::new(lab.host);
    let mut serving = Serving { announced: false, farewell, out, lines, json: args.json };
    let driven = lab.world.drive(&mut lab.clock, None, |world, signals| serving.turn(world, signals));
    let finished = lab.finish();
    driven??;
    finished.map(|()| Code::Held)
}

struct Serving<'a> {
    announced: bool,
    farewell: Farewell,
    out: &'a mut dyn Write,
    lines: Lines,
    json: bool,
}

impl Serving<'_> {
    fn turn(&mut self, world: &mut World, signals: &[Signal]) -> ControlFlow<Result<(), Failure>> {
        let told = self.announce(world).and_then(|()| Ok(self.lines.print(self.out)?));
        if let Err(failure) = told {
            return ControlFlow::Break(if failure.is_broken_pipe() { Ok(()) } else { Err(failure) });
        }
        self.farewell.turn(world, signals).map_break(Ok)
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
}
