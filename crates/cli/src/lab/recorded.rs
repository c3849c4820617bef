//! `--record FILE`, and what a replay puts in its place.

use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use wirelab_replay::{Player, Recorder, Tape};
use wirelab_sim::Recorders;

use crate::exit::Failure;
use crate::ladder::{LadderRecorder, Limit, Only};
use crate::topology::Topology;

/// What is asked first of all of a record: the command line that made the world.
pub const COMMAND_LINE: &str = "command line";
/// What is asked next: the version of the program.
pub const PROGRAM: &str = "program";

/// Who may read a record: it holds whatever the run was given.
const MODE: u32 = 0o600;

/// Whether the run is recorded.
#[derive(Args, Clone, Default, Debug)]
pub struct RecordArgs {
    /// Keep every input in a file, from which `wirelab replay` runs the same again in virtual time. It holds all that came,
    /// contents of files and what was typed, too: only its owner can read it
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The command line, the program's name first.
    #[arg(skip)]
    pub command_line: Vec<OsString>,
    /// The record that is run again.
    #[arg(skip)]
    pub replay: Option<Replaying>,
}

/// What a replay puts something else in place of.
#[derive(Debug)]
pub struct Recorded<'a> {
    /// The record that is written.
    pub record: &'a mut RecordArgs,
    /// The capture that is written.
    pub pcap: &'a mut Option<PathBuf>,
    /// The trace that is written.
    pub trace: &'a mut Option<PathBuf>,
    /// The series that is written, where the command writes one.
    pub series: Option<&'a mut Option<PathBuf>>,
}

/// A record that is run again.
#[derive(Clone, Debug)]
pub struct Replaying {
    /// Where it is.
    pub file: PathBuf,
    /// What it is read by.
    pub player: Player,
    /// Rows of the ladder that are kept.
    pub ladder: Limit,
    /// The ladder, once the run is over.
    pub drawn: Arc<Mutex<Option<Box<LadderRecorder>>>>,
}

impl RecordArgs {
    /// The record's file, written or read.
    pub fn file(&self) -> Option<&Path> {
        self.record.as_deref().or(self.replay.as_ref().map(|replay| replay.file.as_path()))
    }

    /// Begins the record, if one is wanted.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn tape(&self) -> Result<Tape, Failure> {
        if let Some(replay) = &self.replay {
            return Ok(Tape::Player(replay.player.clone()));
        }
        let Some(path) = &self.record else { return Ok(Tape::Off) };
        let tape = Tape::Recorder(create(path)?);
        tape.ask(COMMAND_LINE, || self.words())?;
        tape.ask(PROGRAM, || Ok::<_, Failure>(env!("CARGO_PKG_VERSION").to_owned()))?;
        Ok(tape)
    }

    fn words(&self) -> Result<Vec<String>, Failure> {
        let words = self.command_line.iter().cloned().map(OsString::into_string);
        words.collect::<Result<_, _>>().map_err(|word| {
            let word = word.to_string_lossy();
            Failure::Usage(format!("--record: `{word}` on the command line is not UTF-8, and cannot be kept"))
        })
    }

    /// Adds who watches a replay.
    pub fn watch(&self, topology: &Arc<Topology>, recorders: &mut Recorders) {
        if let Some(replay) = self.replay.as_ref().filter(|replay| replay.ladder != Limit::None) {
            let only = Only::Everything { switches: false };
            let ladder = LadderRecorder::new(Arc::clone(topology), replay.ladder, only);
            recorders.add(Box::new(ladder));
        }
    }

    /// Gives back what watched a replay.
    pub fn watched(&self, recorders: &mut Recorders) {
        if let Some(replay) = &self.replay {
            *replay.drawn.lock().unwrap_or_else(PoisonError::into_inner) = recorders.take::<LadderRecorder>();
        }
    }
}

fn create(path: &Path) -> Result<Recorder, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(MODE);
    let file = options.open(path).and_then(|file| {
        // One that was there may have been anybody's to read. A pipe has its own rights.
        if file.metadata()?.is_file() {
            file.set_permissions(Permissions::from_mode(MODE))?;
        }
        Recorder::new(file)
    });
    file.map_err(|error| Failure::file("write", path, error))
}
