//! Files, as applications reach them: through a trait, so that no application knows where they lie.
//!
//! A file that is written has no name until it is complete: [`create`](Storage::create) begins it,
//! [`commit`](Storage::commit) gives it its name in one step, and one that is dropped before leaves nothing. A reader keeps
//! what it opened, whatever becomes of the name meanwhile.
//!
//! | where is … | look in |
//! |---|---|
//! | what a path may be | [`FilePath`] |
//! | files in memory | [`MemoryStorage`] |
//! | the calls of an application | [`socket::net::fs`](crate::socket::net::fs) |

mod copy;
mod error;
mod memory;
mod path;
#[cfg(test)]
mod tests;

use core::fmt;

use bytes::Bytes;

use crate::clock::Timestamp;

pub use copy::copy_all;
pub use error::StorageError;
pub use memory::{MemoryLimits, MemoryStorage};
pub use path::{FilePath, MAX_NAME, MAX_PATH, PathError};

/// What is known of a file or directory without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metadata {
    /// Octets in the file; 0 of a directory.
    pub length: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl Metadata {
    /// Whether what this is of, called `from`, has anything to do to be called `to`.
    ///
    /// # Errors
    /// When it is a directory that would be moved below itself, or the root.
    pub fn moves(&self, from: &FilePath, to: &FilePath) -> Result<bool, StorageError> {
        if self.is_directory && (from.is_root() || to.starts_with(from) && from != to) {
            return Err(StorageError::Invalid);
        }
        Ok(from != to)
    }
}

/// One line of a directory's listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The name in its directory.
    pub name: String,
    /// What is known of it.
    pub metadata: Metadata,
}

/// A file that is open, by its storage's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u64);

/// What a file that is committed does to one that has its name already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It takes its place, in one step.
    Replace,
    /// It gives way, and is gone: [`StorageError::Exists`].
    Keep,
}

/// Files under one root.
///
/// Nothing here waits: a call is answered before it returns. Directories are listed in the order of their names' octets,
/// on every system.
pub trait Storage: Send + fmt::Debug {
    /// Opens a file to read, and says what is known of it. It is read as it is now until it is closed, though its name may
    /// come to mean another file or none.
    ///
    /// # Errors
    /// When there is no such file, it is a directory, or too many are open.
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError>;

    /// At most `most` octets from `offset` on, perhaps fewer; none only at the file's end.
    ///
    /// # Errors
    /// When the file is not open to read, or cannot be read.
    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError>;

    /// Begins a file that will be called `path`: with the first `keep` octets of the file of that name, if there is one.
    ///
    /// # Errors
    /// When its directory does not exist, there is a directory of that name, or there is no room.
    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError>;

    /// Adds to a file that was begun.
    ///
    /// # Errors
    /// When the file is not open to write, or there is no room; what was written so far stays.
    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError>;

    /// The file is complete: it gets its name, and is closed, whether this succeeds or not.
    ///
    /// # Errors
    /// When the name means a directory by now, its directory has gone, or it exists and is to be kept.
    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError>;

    /// Closes a file. One that was begun and not committed is gone.
    fn close(&mut self, file: FileId);

    /// Closes all files: whoever had them open is gone.
    fn close_all(&mut self);

    /// Adds to a file in place, and makes it where it does not exist: for logs, whose every line counts by itself.
    ///
    /// # Errors
    /// As those of [`create`](Self::create) and [`write`](Self::write).
    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError>;

    /// What is known of a file or directory.
    ///
    /// # Errors
    /// When there is none of that name.
    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError>;

    /// What is in a directory, sorted by name.
    ///
    /// # Errors
    /// When there is no such directory.
    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError>;

    /// Makes a directory; its parent must exist.
    ///
    /// # Errors
    /// When the name is taken, its parent does not exist, or there is no room.
    fn create_directory(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError>;

    /// Gives a file or directory another name. A file takes the place of another file.
    ///
    /// # Errors
    /// When it does not exist, or `to` is a directory, or below `from`.
    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError>;

    /// Removes a file, or a directory that is empty.
    ///
    /// # Errors
    /// When it does not exist, is the root, or is a directory with something in it.
    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError>;
}
