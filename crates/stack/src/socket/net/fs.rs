//! The host's files, for tasks.
//!
//! Calls do not wait: a storage answers at once. A file that is written appears under its name, whole, when it is
//! [committed](Writer::commit), with the host's date; a [`Writer`] that is dropped before leaves nothing.

use bytes::Bytes;

use super::context;
use crate::frame::NodeId;
use crate::storage::{Entry, Existing, FileId, FilePath, Metadata, Storage, StorageError};

/// A file that is open to read: as it was when it was opened, whatever becomes of its name.
#[derive(Debug)]
pub struct File {
    open: Open,
    metadata: Metadata,
}

/// A file that is being written, and has no name yet.
#[derive(Debug)]
pub struct Writer {
    open: Open,
    written: u64,
}

/// An open file, which is closed wherever its owner goes.
#[derive(Debug)]
struct Open {
    node: NodeId,
    file: Option<FileId>,
}

impl Open {
    #[track_caller]
    fn call<R>(
        &self,
        act: impl FnOnce(&mut dyn Storage, FileId) -> Result<R, StorageError>,
    ) -> Result<R, StorageError> {
        let file = self.file.ok_or(StorageError::NotOpen)?;
        context::with(|seat| {
            context::check(seat, Some(self.node));
            act(&mut *seat.storage, file)
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(file) = self.file {
            // Without its seat it has gone with its storage.
            context::try_with(|seat| {
                if seat.host.node() == self.node {
                    seat.storage.close(file);
                }
            });
        }
    }
}

#[track_caller]
fn opened<R>(
    open: impl FnOnce(&mut dyn Storage) -> Result<(FileId, R), StorageError>,
) -> Result<(Open, R), StorageError> {
    context::with(|seat| {
        let (file, also) = open(&mut *seat.storage)?;
        Ok((Open { node: seat.host.node(), file: Some(file) }, also))
    })
}

#[track_caller]
fn call<R>(act: impl FnOnce(&mut dyn Storage) -> R) -> R {
    context::with(|seat| act(&mut *seat.storage))
}

/// Opens a file to read.
///
/// # Errors
/// As those of [`Storage::open`].
#[track_caller]
pub fn open(path: &FilePath) -> Result<File, StorageError> {
    let (open, metadata) = opened(|storage| storage.open(path))?;
    Ok(File { open, metadata })
}

/// Begins a file, empty.
///
/// # Errors
/// As those of [`Storage::create`].
#[track_caller]
pub fn create(path: &FilePath) -> Result<Writer, StorageError> {
    create_from(path, 0)
}

/// Begins a file with the first `keep` octets of the one that has its name, as many as there are.
///
/// # Errors
/// As those of [`Storage::create`].
#[track_caller]
pub fn create_from(path: &FilePath, keep: u64) -> Result<Writer, StorageError> {
    let (open, ()) = opened(|storage| Ok((storage.create(path, keep)?, ())))?;
    Ok(Writer { open, written: 0 })
}

/// Adds to a file in place, and makes it where it does not exist.
///
/// # Errors
/// As those of [`Storage::append`].
#[track_caller]
pub fn append(path: &FilePath, data: &[u8]) -> Result<(), StorageError> {
    context::with(|seat| {
        let date = seat.date();
        seat.storage.append(path, data, date)
    })
}

/// A whole file, which must have at most `most` octets.
///
/// # Errors
/// As those of [`Storage::open`], and [`StorageError::NoSpace`] for a longer one.
#[track_caller]
pub fn read(path: &FilePath, most: usize) -> Result<Vec<u8>, StorageError> {
    let file = open(path)?;
    if file.metadata().length > most as u64 {
        return Err(StorageError::NoSpace);
    }
    let mut whole = Vec::new();
    loop {
        let octets = file.read_at(whole.len() as u64, most)?;
        if octets.is_empty() {
            return Ok(whole);
        }
        whole.extend_from_slice(&octets);
    }
}

/// Writes a whole file, in the place of any of that name.
///
/// # Errors
/// As those of [`Storage::create`] and [`Storage::write`].
#[track_caller]
pub fn write(path: &FilePath, data: &[u8]) -> Result<(), StorageError> {
    let mut writer = create(path)?;
    writer.write(data)?;
    writer.commit(Existing::Replace)
}

/// What is known of a file or directory.
///
/// # Errors
/// When there is none of that name.
#[track_caller]
pub fn metadata(path: &FilePath) -> Result<Metadata, StorageError> {
    call(|storage| storage.metadata(path))
}

/// What is in a directory, sorted by name.
///
/// # Errors
/// When there is no such directory.
#[track_caller]
pub fn list(path: &FilePath) -> Result<Vec<Entry>, StorageError> {
    call(|storage| storage.list(path))
}

/// Makes a directory.
///
/// # Errors
/// As those of [`Storage::create_directory`].
#[track_caller]
pub fn create_directory(path: &FilePath) -> Result<(), StorageError> {
    context::with(|seat| {
        let date = seat.date();
        seat.storage.create_directory(path, date)
    })
}

/// Gives a file or directory another name.
///
/// # Errors
/// As those of [`Storage::rename`].
#[track_caller]
pub fn rename(from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
    call(|storage| storage.rename(from, to))
}

/// Removes a file, or a directory that is empty.
///
/// # Errors
/// As those of [`Storage::remove`].
#[track_caller]
pub fn remove(path: &FilePath) -> Result<(), StorageError> {
    call(|storage| storage.remove(path))
}

impl File {
    /// What was known of it when it was opened.
    pub const fn metadata(&self) -> Metadata {
        self.metadata
    }

    /// At most `most` octets from `offset` on, perhaps fewer; none only at its end.
    ///
    /// # Errors
    /// When it cannot be read.
    #[track_caller]
    pub fn read_at(&self, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        self.open.call(|storage, file| storage.read_at(file, offset, most))
    }
}

impl Writer {
    /// Adds to the file.
    ///
    /// # Errors
    /// When there is no room.
    #[track_caller]
    pub fn write(&mut self, data: &[u8]) -> Result<(), StorageError> {
        self.open.call(|storage, file| storage.write(file, data))?;
        self.written += data.len() as u64;
        Ok(())
    }

    /// Octets written, without those that it began with.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// The file is complete, and gets its name.
    ///
    /// # Errors
    /// As those of [`Storage::commit`]; then nothing is left of it.
    #[track_caller]
    pub fn commit(mut self, existing: Existing) -> Result<(), StorageError> {
        let date = context::with(|seat| seat.date());
        let committed = self.open.call(|storage, file| storage.commit(file, date, existing));
        self.open.file = None;
        committed
    }
}
