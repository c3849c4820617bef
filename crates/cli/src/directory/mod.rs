//! Files of a directory of this machine, and nothing outside of it.
//!
//! `cap-std` resolves each path below the directory's own handle: a symbolic link may lead about within, and one that leads
//! out is refused, whoever put it there and when. A file that is written lies beside its place under a name of its own until
//! it is complete; such names are nobody's to open, and are not listed.

mod mounts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use cap_std::fs::{Dir, File, Metadata as SystemMetadata, OpenOptions};
use wirelab_stack::clock::Timestamp;
use wirelab_stack::storage::{Entry, Existing, FileId, FilePath, Metadata, Storage, StorageError};

pub use mounts::Mounts;

/// Files that are open at once.
pub const MAX_OPEN: usize = 512;

/// Files and directories of one directory that are listed; a directory with more is not listed at all.
pub const MAX_LISTED: usize = 65_536;

/// How names of files begin that are not complete.
const PART: &str = ".wirelab-part-";

/// Octets that are read at once, at most.
const READ: usize = 256 * 1024;

/// Files of a directory.
#[derive(Debug)]
pub struct DirectoryStorage {
    root: Dir,
    open: BTreeMap<FileId, Open>,
    next: u64,
}

#[derive(Debug)]
enum Open {
    /// With its length when it was opened: what is added later is not seen.
    Read(File, u64),
    Write(Writer),
}

#[derive(Debug)]
struct Writer {
    file: File,
    part: FilePath,
    path: FilePath,
}

impl DirectoryStorage {
    /// The files of the directory at `path`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, cap_std::ambient_authority())?;
        Ok(Self { root, open: BTreeMap::new(), next: 0 })
    }

    fn add(&mut self, open: Open) -> FileId {
        self.next += 1;
        self.open.insert(FileId(self.next), open);
        FileId(self.next)
    }

    fn room(&self) -> Result<(), StorageError> {
        if self.open.len() < MAX_OPEN { Ok(()) } else { Err(StorageError::TooManyOpen) }
    }

    /// What is there; `None` where nothing is, but might be.
    fn look(&self, path: &FilePath) -> Result<Option<Metadata>, StorageError> {
        if path.names().any(|name| name.starts_with(PART)) {
            return Err(StorageError::NotFound);
        }
        let metadata =
            if path.is_root() { self.root.dir_metadata() } else { self.root.metadata(path.as_str()) };
        match metadata {
            Ok(metadata) => known(&metadata).map(Some),
            Err(error) => match (reason(&error), path.parent()) {
                (StorageError::NotFound, Some(parent)) => {
                    let parent = self.look(&parent)?.filter(|parent| parent.is_directory);
                    // A symbolic link that leads nowhere is no place for a file.
                    let nothing = self.root.symlink_metadata(path.as_str()).is_err();
                    if parent.is_some() && nothing { Ok(None) } else { Err(StorageError::NotFound) }
                }
                (error, _) => Err(error),
            },
        }
    }

    /// The file that is there, if any.
    fn look_for_file(&self, path: &FilePath) -> Result<Option<Metadata>, StorageError> {
        match self.look(path)? {
            Some(metadata) if metadata.is_directory => Err(StorageError::IsDirectory),
            other => Ok(other),
        }
    }

    /// A new file beside `path`.
    fn part(&mut self, path: &FilePath) -> Result<Writer, StorageError> {
        let parent = path.parent().ok_or(StorageError::IsDirectory)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        loop {
            self.next += 1;
            let part = format!("{PART}{}-{}", std::process::id(), self.next);
            let part = parent.join(&part).map_err(|_| StorageError::Invalid)?;
            match self.root.open_with(part.as_str(), &options) {
                Ok(file) => return Ok(Writer { file, part, path: path.clone() }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(reason(&error)),
            }
        }
    }

    fn discard(&self, writer: Writer) {
        drop(writer.file);
        // Where it has gone already, nothing is left to remove.
        let _ = self.root.remove_file(writer.part.as_str());
    }

    fn finish(&self, writer: &Writer, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        if self.look_for_file(&writer.path)?.is_some() && existing == Existing::Keep {
            return Err(StorageError::Exists);
        }
        date(&writer.file, modified)?;
        self.root
            .rename(writer.part.as_str(), &self.root, writer.path.as_str())
            .map_err(|error| reason(&error))
    }
}

/// Sets when a file was written.
fn date(file: &File, modified: Timestamp) -> Result<(), StorageError> {
    let since = modified.as_duration();
    let at = if since.is_negative() {
        SystemTime::UNIX_EPOCH.checked_sub(since.unsigned_abs())
    } else {
        SystemTime::UNIX_EPOCH.checked_add(since.unsigned_abs())
    };
    let Some(at) = at else { return Ok(()) };
    let file = file.try_clone().map_err(|error| reason(&error))?.into_std();
    file.set_modified(at).map_err(|error| reason(&error))
}

/// What a storage says of what the system knows. What is neither file nor directory is not served: to open it might wait.
fn known(metadata: &SystemMetadata) -> Result<Metadata, StorageError> {
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(StorageError::Denied);
    }
    let at = metadata.modified().map_err(|error| reason(&error))?.into_std();
    let modified = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()),
        Err(before) => i128::try_from(before.duration().as_nanos()).map(|nanos| -nanos),
    };
    let modified = modified.ok().and_then(|nanos| Timestamp::from_nanosecond(nanos).ok());
    Ok(Metadata {
        length: if metadata.is_dir() { 0 } else { metadata.len() },
        modified: modified.unwrap_or_default(),
        is_directory: metadata.is_dir(),
    })
}

fn reason(error: &io::Error) -> StorageError {
    match error.kind() {
        // A file on the way to a file: there is no such name below it.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StorageError::NotFound,
        io::ErrorKind::AlreadyExists => StorageError::Exists,
        io::ErrorKind::IsADirectory => StorageError::IsDirectory,
        io::ErrorKind::DirectoryNotEmpty => StorageError::NotEmpty,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StorageError::NoSpace
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StorageError::Denied,
        kind => StorageError::Failed(kind),
    }
}

impl Storage for DirectoryStorage {
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError> {
        self.look_for_file(path)?.ok_or(StorageError::NotFound)?;
        self.room()?;
        let file = self.root.open(path.as_str()).map_err(|error| reason(&error))?;
        let metadata = known(&file.metadata().map_err(|error| reason(&error))?)?;
        Ok((self.add(Open::Read(file, metadata.length)), metadata))
    }

    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        let Some(Open::Read(file, length)) = self.open.get_mut(&file) else {
            return Err(StorageError::NotOpen);
        };
        let left = length.saturating_sub(offset).min(most.min(READ) as u64);
        let mut octets = Vec::new();
        let read = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(left).read_to_end(&mut octets))
            .map_err(|error| reason(&error))?;
        // A file that was cut short meanwhile is not the one that was opened.
        if read == 0 && left > 0 {
            Err(StorageError::Failed(io::ErrorKind::UnexpectedEof))
        } else {
            Ok(octets.into())
        }
    }

    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError> {
        let old = self.look_for_file(path)?;
        self.room()?;
        let mut writer = self.part(path)?;
        if keep > 0 && old.is_some() {
            let copied =
                self.root.open(path.as_str()).and_then(|old| io::copy(&mut old.take(keep), &mut writer.file));
            if let Err(error) = copied {
                self.discard(writer);
                return Err(reason(&error));
            }
        }
        Ok(self.add(Open::Write(writer)))
    }

    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError> {
        let Some(Open::Write(writer)) = self.open.get_mut(&file) else { return Err(StorageError::NotOpen) };
        writer.file.write_all(data).map_err(|error| reason(&error))
    }

    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        let Some(Open::Write(_)) = self.open.get(&file) else { return Err(StorageError::NotOpen) };
        let Some(Open::Write(writer)) = self.open.remove(&file) else { return Err(StorageError::NotOpen) };
        let finished = self.finish(&writer, modified, existing);
        if finished.is_err() {
            self.discard(writer);
        }
        finished
    }

    fn close(&mut self, file: FileId) {
        if let Some(Open::Write(writer)) = self.open.remove(&file) {
            self.discard(writer);
        }
    }

    fn close_all(&mut self) {
        let open: Vec<FileId> = self.open.keys().copied().collect();
        open.into_iter().for_each(|file| self.close(file));
    }

    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        self.look_for_file(path)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        let mut file = self.root.open_with(path.as_str(), &options).map_err(|error| reason(&error))?;
        file.write_all(data).map_err(|error| reason(&error))?;
        date(&file, modified)
    }

    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError> {
        self.look(path)?.ok_or(StorageError::NotFound)
    }

    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError> {
        if !self.metadata(path)?.is_directory {
            return Err(StorageError::NotDirectory);
        }
        let at = if path.is_root() { "." } else { path.as_str() };
        let mut list = Vec::new();
        for entry in self.root.read_dir(at).map_err(|error| reason(&error))? {
            let entry = entry.map_err(|error| reason(&error))?;
            // What no path can name, and what may not be reached, is not there.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(path) = path.join(&name) else { continue };
            let Ok(Some(metadata)) = self.look(&path) else { continue };
            list.push(Entry { name, metadata });
            if list.len() > MAX_LISTED {
                return Err(StorageError::TooManyFiles);
            }
        }
        list.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(list)
    }

    fn create_directory(&mut self, path: &FilePath, _: Timestamp) -> Result<(), StorageError> {
        if self.look(path)?.is_some() {
            return Err(StorageError::Exists);
        }
        self.root.create_dir(path.as_str()).map_err(|error| reason(&error))
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
        let moved = self.metadata(from)?;
        if !moved.moves(from, to)? {
            return Ok(());
        }
        let replaced = self.look_for_file(to)?;
        if moved.is_directory && replaced.is_some() {
            return Err(StorageError::NotDirectory);
        }
        self.root.rename(from.as_str(), &self.root, to.as_str()).map_err(|error| reason(&error))
    }

    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError> {
        if path.is_root() {
            return Err(StorageError::Invalid);
        }
        let removed = if self.metadata(path)?.is_directory {
            self.root.remove_dir(path.as_str())
        } else {
            self.root.remove_file(path.as_str())
        };
        removed.map_err(|error| reason(&error))
    }
}

impl Drop for DirectoryStorage {
    fn drop(&mut self) {
        self.close_all();
    }
}
