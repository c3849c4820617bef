//! Commands that change files without a data connection, and what becomes of an upload that breaks.

use super::Config;
use super::data::of_storage;
use super::state::State;
use crate::application::ftp::codec::command::Representation;
use crate::application::ftp::codec::facts::time as file_time;
use crate::application::ftp::codec::path::quoted;
use crate::application::ftp::codec::reply::Reply;
use crate::application::ftp::part_of;
use crate::socket::net::fs::{self, Writer};
use crate::storage::{Existing, FilePath};

pub(super) fn remove(state: &State, config: &Config, path: &str, directory: bool) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    if path.is_root() || metadata.is_directory != directory {
        return Err(Reply::new(550, format!("{shown} cannot be removed so.")));
    }
    fs::remove(&file).map_err(|error| of_storage(error, &shown))?;
    Ok(Reply::new(250, "It is gone."))
}

pub(super) fn make_directory(state: &State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    fs::create_directory(&file).map_err(|error| of_storage(error, &shown))?;
    Ok(Reply::new(257, format!("{} is made.", quoted(&shown))))
}

pub(super) fn rename_from(state: &mut State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    if path.is_root() {
        return Err(Reply::new(550, "The root has no name."));
    }
    fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    state.rename_from = Some(file);
    Ok(Reply::new(350, "And its new name?"))
}

pub(super) fn rename_to(state: &mut State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let from = state.rename_from.take().ok_or_else(|| Reply::new(503, "RNFR comes first."))?;
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    fs::rename(&from, &file).map_err(|error| of_storage(error, &shown))?;
    Ok(Reply::new(250, format!("It is {shown} now.")))
}

pub(super) fn size(state: &State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    // RFC 3659 §4: so many as a transfer would have, and to know that of lines a file must be read.
    if metadata.is_directory || state.representation == Representation::Ascii {
        return Err(Reply::new(550, "SIZE is for files, and for TYPE I."));
    }
    Ok(Reply::new(213, metadata.length.to_string()))
}

pub(super) fn modified(state: &State, config: &Config, path: &str) -> Result<Reply, Reply> {
    let (path, file) = state.resolve(config, path)?;
    let shown = path.to_string();
    let metadata = fs::metadata(&file).map_err(|error| of_storage(error, &shown))?;
    Ok(Reply::new(213, file_time(metadata.modified)))
}

/// Begins an upload: at `restart`, which must lie in what is there.
pub(super) fn begin(file: &FilePath, restart: u64, append: bool, shown: &str) -> Result<Writer, Reply> {
    if append {
        return fs::create_from(file, u64::MAX).map_err(|error| of_storage(error, shown));
    }
    // RFC 3659 §5.3: a restart goes on with what an earlier transfer left, under its own name or that of a part.
    if restart > 0 && fs::metadata(file).map_or(0, |metadata| metadata.length) < restart {
        return Err(Reply::new(554, "So much of it is not there."));
    }
    fs::create_from(file, restart).map_err(|error| of_storage(error, shown))
}

/// An upload broke. What came of a part stays, to be gone on with; a file's own name never means half of it.
pub(super) fn broke(file: &FilePath, upload: Writer) {
    if part_of(file).is_some_and(|part| part == *file) && upload.written() > 0 {
        // Without room for it the client begins anew.
        let _ = upload.commit(Existing::Replace);
    }
}
