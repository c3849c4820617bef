//! Reads a record.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wirelab_stack::time::{Duration, Instant};

use crate::record::{MAGIC, MAX_BLOCK, Record, VERSION};
use crate::stop::Stop;

/// Reads a record. Whoever is given something out of it has a clone.
///
/// What it says first of why it can go on no further, it says ever after.
#[derive(Clone)]
pub struct Player {
    file: Arc<Mutex<File>>,
}

struct File {
    from: Box<dyn Read + Send>,
    tally: Tally,
    stopped: Option<Stop>,
}

/// How far a record has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Turns.
    pub turns: u64,
    /// The instant of the last one.
    pub now: Instant,
    /// Frames that came.
    pub received: u64,
    /// Frames that were sent, and were those of the record.
    pub sent: u64,
    /// Octets that were printed, and were those of the record.
    pub printed: u64,
    /// Answers of files.
    pub files: u64,
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Player")
    }
}

impl Player {
    /// Begins to read a record.
    ///
    /// # Errors
    /// When it cannot be read, or is none that this program can read.
    pub fn new(from: impl Read + Send + 'static) -> Result<Self, Stop> {
        let mut from: Box<dyn Read + Send> = Box::new(from);
        let (mut magic, mut version) = ([0; MAGIC.len()], [0; 2]);
        let read = from.read_exact(&mut magic).and_then(|()| from.read_exact(&mut version));
        let none = || Stop::Malformed("it is no record of a run".into());
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(none()),
            Err(error) => return Err(Stop::Unreadable(error.to_string())),
            Ok(()) if magic != MAGIC => return Err(none()),
            Ok(()) => {}
        }
        let version = u16::from_le_bytes(version);
        if version != VERSION {
            let what =
                format!("it is a record of version {version}, and this program reads version {VERSION}");
            return Err(Stop::Malformed(what));
        }
        let file = File { from, tally: Tally::default(), stopped: None };
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far it has come.
    pub fn tally(&self) -> Tally {
        self.file().tally
    }

    /// Why it can go on no further, if it cannot.
    pub fn stopped(&self) -> Option<Stop> {
        self.file().stopped.clone()
    }

    /// The run that is given this has ended: so must the record have. Says how it has ended.
    pub fn finish(&self) -> Stop {
        if let Some(stop) = self.stopped() {
            return stop;
        }
        match self.next() {
            Err(stop) => stop,
            Ok((record, _)) => {
                self.diverged(format!("it has ended, and the record goes on: {}", name(&record)))
            }
        }
    }

    /// The next thing that happened, with the octets that belong to it.
    ///
    /// # Errors
    /// When there is no more.
    pub(crate) fn next(&self) -> Result<(Record, Bytes), Stop> {
        let mut file = self.file();
        if let Some(stop) = &file.stopped {
            return Err(stop.clone());
        }
        let next = file.read().and_then(|(record, octets)| match record {
            Record::End => Err(Stop::End),
            Record::Failed { why } => Err(Stop::Failed(why)),
            record => Ok((record, octets)),
        });
        next.inspect_err(|stop| file.stopped = Some(stop.clone()))
    }

    /// What was answered to that question.
    ///
    /// # Errors
    /// When it was not asked then.
    pub fn answer<T: DeserializeOwned>(&self, question: &str) -> Result<T, Stop> {
        let (record, octets) = self.next()?;
        match record {
            Record::Answer { question: asked } if asked == question => postcard::from_bytes(&octets)
                .map_err(|_| self.malformed(format!("the answer to `{question}`"))),
            Record::Answer { question: asked } => {
                Err(self.diverged(format!("`{question}` is asked, and `{asked}` was")))
            }
            other => {
                Err(self.diverged(format!("`{question}` is asked, and then there was {}", name(&other))))
            }
        }
    }

    /// Counts what came.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.file().tally);
    }

    /// A turn begins so long after the last one; its instant.
    pub(crate) fn turn(&self, after: u64) -> Instant {
        let tally = &mut self.file().tally;
        tally.turns += 1;
        let passed = Duration::from_nanos(after);
        let now = Instant::from_nanos(tally.now.as_nanos().saturating_add(passed.as_nanos()));
        tally.now = now;
        now
    }

    /// The run goes another way than the recorded one.
    pub(crate) fn diverged(&self, what: String) -> Stop {
        let Tally { turns, now, .. } = self.tally();
        self.stop(Stop::Diverged { turn: turns, at: now, what })
    }

    /// What no program of ours has written.
    pub(crate) fn malformed(&self, what: impl fmt::Display) -> Stop {
        let turns = self.tally().turns;
        self.stop(Stop::Malformed(format!("the record is damaged behind turn {turns}: {what}")))
    }

    fn stop(&self, stop: Stop) -> Stop {
        self.file().stopped.get_or_insert(stop).clone()
    }
}

impl File {
    fn read(&mut self) -> Result<(Record, Bytes), Stop> {
        let turns = self.tally.turns;
        let damaged =
            |what: &str| Stop::Malformed(format!("the record is damaged behind turn {turns}: {what}"));
        let length = self.take(4)?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        if length > MAX_BLOCK {
            return Err(damaged("a block that is too long"));
        }
        let block = Bytes::from(self.take(length)?);
        match postcard::take_from_bytes::<Record>(&block) {
            Ok((record, rest)) => Ok((record, block.slice_ref(rest))),
            Err(_) => Err(damaged("a block of no known kind")),
        }
    }

    /// The next `length` octets. Room is made as they come: a length by itself costs nothing.
    fn take(&mut self, length: usize) -> Result<Vec<u8>, Stop> {
        let mut octets = Vec::new();
        let read = self.from.by_ref().take(length as u64).read_to_end(&mut octets);
        match read {
            Ok(read) if read == length => Ok(octets),
            Ok(_) => Err(Stop::Cut),
            Err(error) => Err(Stop::Unreadable(error.to_string())),
        }
    }
}

/// What it is called where something else was to come.
pub(crate) fn name(record: &Record) -> &'static str {
    match record {
        Record::Answer { .. } => "an answer to a question",
        Record::Frame { .. } => "a frame that came",
        Record::Standard | Record::EndOfInput => "standard input",
        Record::Interrupt | Record::Terminate => "a signal",
        Record::Turn { .. } => "a turn",
        Record::Taken { .. } => "a frame that was sent",
        Record::Printed { .. } => "something printed",
        Record::Storage { .. } => "an answer of files",
        Record::Failed { .. } | Record::End => "its end",
    }
}
