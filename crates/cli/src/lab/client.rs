//! One program of ours on a real link, until it has ended.

use std::io::Write;
use std::ops::ControlFlow;

use wirelab_sim::{Signal, TaskId, World};
use wirelab_stack::application::AppError;
use wirelab_stack::socket::net::time;
use wirelab_stack::time::{Duration, Instant};

use super::Lab;
use super::farewell::Farewell;
use super::lines::Lines;
use super::stop::Stop;
use crate::exit::{Code, Failure};

/// How a program on a real link ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// As it meant to.
    Well,
    /// With an error.
    Badly(String),
    /// A signal ended it.
    Interrupted,
}

impl Ended {
    /// The exit code for it; an error is told to `err`.
    pub fn code(&self, err: &mut dyn Write) -> Code {
        match self {
            Self::Well => Code::Held,
            Self::Badly(error) => {
                let _ = writeln!(err, "error: {error}");
                Code::Failed
            }
            Self::Interrupted => Code::Failed,
        }
    }
}

/// Runs `program` on the lab's host, prints what it says as `lines`, and gives it standard input and output where `console`
/// says so.
///
/// # Errors
/// When the device is gone, or `out` cannot be written.
pub fn run(
    lab: &mut Lab,
    (name, console): (&str, bool),
    program: impl Future<Output = Result<(), AppError>> + 'static,
    lines: &Lines,
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    drive(lab, (name, console), program, (lines, None), out)
}

/// As [`run`], without the console; the first signal only asks the program to end.
///
/// # Errors
/// As `run`.
pub fn run_until(
    lab: &mut Lab,
    name: &str,
    program: impl Future<Output = Result<(), AppError>> + 'static,
    (lines, stop): (&Lines, &Stop),
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    drive(lab, (name, false), program, (lines, Some(stop.clone())), out)
}

fn drive(
    lab: &mut Lab,
    (name, console): (&str, bool),
    program: impl Future<Output = Result<(), AppError>> + 'static,
    (lines, stop): (&Lines, Option<Stop>),
    out: &mut dyn Write,
) -> Result<Ended, Failure> {
    let host = lab.host;
    lab.begin()?;
    let task = lab.world.spawn(host, name, Instant::ZERO, program);
    if console {
        lab.clock.use_standard();
    }
    let mut client = Client { task, farewell: Farewell::new(host), ended: None, console, stop };
    let mut failed = None;
    let turn = |world: &mut World, signals: &[Signal]| {
        if let Err(error) = lines.print(out) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        client.turn(world, signals)
    };
    lab.world.drive(&mut lab.clock, console.then_some(host), turn)?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(client.ended.unwrap_or(Ended::Interrupted)),
    }
}

struct Client {
    task: TaskId,
    farewell: Farewell,
    ended: Option<Ended>,
    console: bool,
    stop: Option<Stop>,
}

impl Client {
    fn turn(&mut self, world: &mut World, signals: &[Signal]) -> ControlFlow<()> {
        if self.ended.is_none()
            && let Some(how) = world.ended(self.task)
        {
            self.ended = Some(match how {
                Ok(()) => Ended::Well,
                Err(error) => Ended::Badly(error),
            });
            self.farewell.begin(world);
        }
        if !signals.is_empty()
            && self.ended.is_none()
            && let Some(stop) = self.stop.take()
        {
            stop.ask();
            // It ends behind our back, still in this turn: there must be another, to see it.
            world.spawn_background(self.farewell.host(), "stop", world.now(), async {
                time::sleep(Duration::from_micros(1)).await;
                Ok(())
            });
            return ControlFlow::Continue(());
        }
        if !signals.is_empty() && self.ended.is_none() {
            self.ended = Some(Ended::Interrupted);
        }
        let flow = self.farewell.turn(world, signals);
        // What it has printed is printed, unless somebody is in a hurry.
        if self.console && signals.is_empty() && world.has_output(self.farewell.host()) {
            return ControlFlow::Continue(());
        }
        flow
    }
}
