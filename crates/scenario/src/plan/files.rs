//! The files and clocks of hosts.

use wirelab_stack::application::Pattern;
use wirelab_stack::clock::{Clock, DEFAULT_DATE, Timestamp};
use wirelab_stack::storage::{FilePath, MemoryLimits, MemoryStorage, StorageError};

use crate::diagnostic::Problem;
use crate::model::{Document, File, Host};
use crate::read::At;

/// What a host has besides its network.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// Its calendar clock.
    pub clock: Clock,
    /// Octets that its files hold at most.
    pub disk: u64,
    /// The files that it has from the beginning.
    pub files: Vec<PlannedFile>,
    /// The directory, beside the scenario's file, whose files it has.
    pub directory: Option<Directory>,
}

/// A directory of this machine that a host has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// As the scenario names it.
    pub path: String,
    /// Whether what the host writes is written there.
    pub writable: bool,
}

/// A file.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// Its path.
    pub path: FilePath,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub enum Content {
    /// A text.
    Text(String),
    /// So many octets of the pattern of this number.
    Pattern(u64, u64),
}

impl Content {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Pattern(number, bytes) => {
                // It was compared with the disk's size.
                let mut octets = vec![0; usize::try_from(*bytes).unwrap_or(0)];
                Pattern::new(*number).fill(&mut octets);
                octets
            }
        }
    }

    const fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Pattern(_, bytes) => *bytes,
        }
    }
}

impl Belongings {
    /// A storage with its files; those of its directory are not in it.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn storage(&self) -> Result<MemoryStorage, StorageError> {
        let limits = MemoryLimits { max_octets: self.disk, ..MemoryLimits::default() };
        let mut storage = MemoryStorage::new(limits);
        for file in &self.files {
            storage.put(&file.path, &file.content.octets(), self.clock.date)?;
        }
        Ok(storage)
    }
}

/// What each host has, in the order of the file.
pub fn plan(document: &Document, problems: &mut Vec<Problem>) -> Vec<Belongings> {
    let date = document.date.as_ref().map_or(DEFAULT_DATE, |date| date.value.0);
    document.host.iter().map(|host| plan_one(host, date, problems)).collect()
}

fn plan_one(host: &At<Host>, date: Timestamp, problems: &mut Vec<Problem>) -> Belongings {
    let value = &host.value;
    let disk = value.disk.as_ref().map_or(MemoryLimits::default().max_octets, |disk| disk.value.0);
    let belongings = Belongings {
        clock: clock(value, date, problems),
        disk,
        files: value.file.iter().filter_map(|file| plan_file(file, problems)).collect(),
        directory: value.directory.as_ref().map(|directory| Directory {
            path: directory.value.clone(),
            writable: value.writable.as_ref().is_some_and(|writable| writable.value),
        }),
    };
    check(value, &belongings, problems);
    belongings
}

fn check(host: &Host, belongings: &Belongings, problems: &mut Vec<Problem>) {
    if let Some(writable) = host.writable.as_ref().filter(|_| host.directory.is_none()) {
        let problem = writable.problem("there is no directory to write to");
        problems.push(problem.allowed("`writable` with `directory`"));
    }
    let writes = belongings.directory.as_ref().is_some_and(|directory| directory.writable);
    if let Some(first) = host.file.first().filter(|_| writes) {
        let problem = first.problem("files of the scenario would be written into the directory");
        problems.push(problem.allowed("`file` without `writable = true`"));
    }
    let mut room = belongings.disk;
    for (file, planned) in host.file.iter().zip(&belongings.files) {
        // In chunks, as it is written.
        let length = planned.content.length().saturating_add(16 * 1024);
        let Some(left) = room.checked_sub(length) else {
            let problem = file.problem(format!("the files do not fit a disk of {} octets", belongings.disk));
            problems.push(problem.allowed("fewer or smaller files, or a larger `disk`"));
            return;
        };
        room = left;
        if belongings
            .files
            .iter()
            .any(|other| other.path != planned.path && other.path.starts_with(&planned.path))
        {
            let problem = file.problem(format!("{} is a directory for other files", planned.path));
            problems.push(problem.allowed("another path"));
        }
    }
}

fn plan_file(file: &At<File>, problems: &mut Vec<Problem>) -> Option<PlannedFile> {
    let value = &file.value;
    if value.path.value.is_root() {
        problems.push(value.path.problem("the root is a directory").allowed("the path of a file"));
        return None;
    }
    let content = match (&value.text, &value.bytes) {
        (Some(text), None) => Content::Text(text.value.clone()),
        (None, Some(bytes)) => {
            Content::Pattern(value.pattern.as_ref().map_or(0, |pattern| pattern.value), bytes.value.0)
        }
        _ => {
            let problem = file.problem("a file is a `text`, or so many `bytes` of a `pattern`");
            problems.push(problem.allowed("one of both"));
            return None;
        }
    };
    if let Some(pattern) = value.pattern.as_ref().filter(|_| value.bytes.is_none()) {
        problems.push(pattern.problem("a text has no pattern").allowed("`pattern` with `bytes`"));
    }
    Some(PlannedFile { path: value.path.value.clone(), content })
}

fn clock(host: &Host, date: Timestamp, problems: &mut Vec<Problem>) -> Clock {
    let Some(at) = &host.clock else { return Clock { date, ..Clock::default() } };
    let clock = &at.value;
    if clock.ahead.is_some() && clock.behind.is_some() || clock.fast.is_some() && clock.slow.is_some() {
        problems
            .push(at.problem("a clock is off one way only").allowed("`ahead` or `behind`, `fast` or `slow`"));
    }
    let span = |span: u64| i64::try_from(span).unwrap_or(i64::MAX);
    let offset = match (&clock.ahead, &clock.behind) {
        (Some(ahead), _) => span(ahead.value.0.as_nanos()),
        (None, Some(behind)) => -span(behind.value.0.as_nanos()),
        (None, None) => 0,
    };
    let share = |ppm: u64| i32::try_from(ppm).unwrap_or(i32::MAX);
    let drift = match (&clock.fast, &clock.slow) {
        (Some(fast), _) => share(fast.value.0.as_ppm()),
        (None, Some(slow)) => -share(slow.value.0.as_ppm()),
        (None, None) => 0,
    };
    Clock { date, offset, drift }
}
