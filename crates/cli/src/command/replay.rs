//! `wirelab replay FILE`

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;
use serde::Serialize;
use wirelab_replay::{Player, Stop, Tally};

use crate::args::{Cli, ReplayArgs};
use crate::console::{Ink, Style};
use crate::exit::{Code, Failure};
use crate::lab::recorded::{COMMAND_LINE, PROGRAM, Replaying};
use crate::ladder::{self, LadderRecorder, Limit};

/// Runs again what was recorded, and says whether it gave the same out.
///
/// # Errors
/// When the file is no record, or what was asked for cannot be written.
pub fn replay(args: &ReplayArgs, style: &Style, out: &mut dyn Write) -> Result<Code, Failure> {
    let failed = |error| Failure::file("read", &args.file, error);
    let player = Player::new(BufReader::new(File::open(&args.file).map_err(failed)?));
    let player = player.map_err(|stop| told(args, &stop))?;
    let words: Vec<String> = player.answer(COMMAND_LINE).map_err(|stop| told(args, &stop))?;
    let program: String = player.answer(PROGRAM).map_err(|stop| told(args, &stop))?;
    let drawn = Arc::new(Mutex::new(None));
    let ladder = if args.json { Limit::None } else { args.ladder.0 };
    let replaying =
        Replaying { file: args.file.clone(), player: player.clone(), ladder, drawn: Arc::clone(&drawn) };
    let ended = run(args, &words, replaying);
    let stop = match (player.stopped(), ended) {
        // Whatever stopped it was not in the record: a file that cannot be written, say.
        (None | Some(Stop::End), Err(failure)) if !matches!(failure, Failure::Replay(_)) => {
            return Err(failure);
        }
        _ => player.finish(),
    };
    let ladder = drawn.lock().unwrap_or_else(PoisonError::into_inner).take();
    let verdict = Verdict::new(words, program, player.tally(), &stop);
    verdict.show(args, ladder.as_deref(), style, out).map_err(Failure::from)?;
    match stop {
        Stop::Malformed(_) | Stop::Unreadable(_) => Err(told(args, &stop)),
        Stop::Diverged { .. } => Ok(Code::Failed),
        Stop::End | Stop::Failed(_) | Stop::Cut => Ok(Code::Held),
    }
}

fn told(args: &ReplayArgs, stop: &Stop) -> Failure {
    Failure::Usage(format!("{}: {stop}", args.file.display()))
}

/// Does what the command line says that was recorded, with what was recorded. What it prints nobody sees, and what it wrote
/// it does not write again.
fn run(args: &ReplayArgs, words: &[String], replaying: Replaying) -> Result<Code, Failure> {
    let no_run = || Failure::Usage(format!("{}: `{}` makes no run", args.file.display(), words.join(" ")));
    let mut cli = Cli::try_parse_from(words).map_err(|_| no_run())?;
    let recorded = cli.command.recorded().ok_or_else(no_run)?;
    recorded.pcap.clone_from(&args.pcap);
    recorded.trace.clone_from(&args.trace);
    if let Some(series) = recorded.series {
        *series = None;
    }
    recorded.record.record = None;
    recorded.record.replay = Some(replaying);
    crate::obey(&cli.command, &Style::plain(crate::console::Charset::Ascii), &mut io::sink(), &mut io::sink())
}

/// What came of it.
#[derive(Serialize)]
struct Verdict {
    command: Vec<String>,
    program: String,
    /// Whether the run gave out what it gave out then, as far as the record goes.
    same: bool,
    /// How the record ends: `end`, `failed`, `cut`; `diverged` where the run went another way.
    ending: &'static str,
    why: String,
    turns: u64,
    time: String,
    received: u64,
    sent: u64,
    printed: u64,
    files: u64,
}

impl Verdict {
    fn new(command: Vec<String>, program: String, tally: Tally, stop: &Stop) -> Self {
        let Tally { turns, now, received, sent, printed, files } = tally;
        let ending = match stop {
            Stop::End => "end",
            Stop::Failed(_) => "failed",
            Stop::Cut => "cut",
            Stop::Unreadable(_) | Stop::Malformed(_) => "malformed",
            Stop::Diverged { .. } => "diverged",
        };
        let (same, why, time) = (stop.is_the_same(), stop.to_string(), now.to_string());
        Self { command, program, same, ending, why, turns, time, received, sent, printed, files }
    }

    fn show(
        &self,
        args: &ReplayArgs,
        ladder: Option<&LadderRecorder>,
        style: &Style,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if args.json {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)?;
            return out.flush();
        }
        if let Some(ladder) = ladder {
            ladder::draw(ladder, style, out)?;
        }
        let say = |text: &str| style.charset.show(text);
        writeln!(out, "{}", say(&format!("Command: {}", self.command.join(" "))))?;
        let own = env!("CARGO_PKG_VERSION");
        if self.program != own {
            writeln!(out, "{}", say(&format!("Program: {} then, {own} now", self.program)))?;
        }
        writeln!(
            out,
            "{} turns until {}: {} frames came, {} were sent, {} octets were printed, files answered {} times",
            self.turns, self.time, self.received, self.sent, self.printed, self.files
        )?;
        let (ink, text) = match (self.same, self.ending) {
            (true, "end") => (Ink::Good, "The run gave out the same, octet for octet".to_owned()),
            (true, _) => (Ink::Good, format!("The run gave out the same, octet for octet; {}", self.why)),
            (false, _) => (Ink::Bad, self.why.clone()),
        };
        writeln!(out, "{}", style.paint(ink, &say(&text)))?;
        out.flush()
    }
}
