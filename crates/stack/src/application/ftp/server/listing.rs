//! Listings, as lines.

use super::Config;
use super::data::of_storage;
use super::state::{State, real};
use crate::application::ftp::codec::facts::{Facts, Kind, list_line};
use crate::application::ftp::codec::reply::Reply;
use crate::clock::Timestamp;
use crate::socket::net::fs;
use crate::storage::{Entry, FilePath};

/// Lines of a listing on the control connection (`STAT`); the rest is left out, and that is said.
pub const STATUS_LINES: usize = 256;

/// How a listing is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// As `ls -l` does.
    Long,
    /// Names alone.
    Names,
    /// Facts.
    Facts,
}

/// The lines of a directory's listing, or of one file's.
pub(super) fn lines(
    state: &State,
    config: &Config,
    path: Option<&str>,
    form: Form,
    now: Timestamp,
) -> Result<Vec<String>, Reply> {
    // Words that would be options of `ls` mean nothing here, as in most servers.
    let path = match (form, path) {
        (Form::Long | Form::Names, Some(text)) if text.starts_with('-') => {
            text.split_once(' ').map_or("", |(_, rest)| rest)
        }
        (_, path) => path.unwrap_or(""),
    };
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    if !metadata.is_directory {
        if form == Form::Facts {
            // RFC 3659 §7.2.1.
            return Err(Reply::new(501, "MLSD is for directories."));
        }
        let entry = Entry { name: path.name().to_owned(), metadata };
        return Ok(vec![line(state, &entry, form, now)]);
    }
    let entries = fs::list(&file).map_err(|error| of_storage(error, &shown))?;
    let mut lines = Vec::with_capacity(entries.len() + 1);
    if form == Form::Facts {
        lines.push(Facts::new(".", Kind::This, &metadata, state.writes(), state.wanted).line());
    }
    lines.extend(entries.iter().map(|entry| line(state, entry, form, now)));
    Ok(lines)
}

fn line(state: &State, entry: &Entry, form: Form, now: Timestamp) -> String {
    match form {
        Form::Long => list_line(entry, state.writes(), now),
        Form::Names => entry.name.clone(),
        Form::Facts => {
            let kind = if entry.metadata.is_directory { Kind::Directory } else { Kind::File };
            Facts::new(&entry.name, kind, &entry.metadata, state.writes(), state.wanted).line()
        }
    }
}

/// The answer to `MLST` (RFC 3659 §7.2).
pub(super) fn facts_of(state: &State, config: &Config, path: Option<&str>) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path.unwrap_or(""))?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    let kind = match (metadata.is_directory, path == state.here) {
        (false, _) => Kind::File,
        (true, true) => Kind::This,
        (true, false) => Kind::Directory,
    };
    let facts = Facts::new(&shown, kind, &metadata, state.writes(), state.wanted);
    Ok(Reply { code: 250, lines: vec!["What is known:".to_owned(), facts.line(), "End".to_owned()] })
}

/// Changes where the client is.
pub(super) fn enter(state: &mut State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    if !metadata.is_directory {
        return Err(Reply::new(550, format!("{shown} is no directory.")));
    }
    state.here = path;
    Ok(Reply::new(250, format!("You are in {shown}.")))
}

/// Names that are tried for `STOU`.
pub const UNIQUE_NAMES: u32 = 10_000;

/// A name in the client's directory that is free, for `STOU`.
pub(super) fn free_name(state: &State, config: &Config) -> Result<FilePath, Reply> {
    for number in 1..=UNIQUE_NAMES {
        let path = state.here.join(&format!("file.{number}"));
        let path = path.map_err(|error| Reply::new(553, error.to_string()))?;
        let file = real(config, &path).map_err(|error| Reply::new(553, error.to_string()))?;
        if fs::metadata(&file).is_err() {
            return Ok(path);
        }
    }
    Err(Reply::new(452, "There is no free name."))
}
