//! Files in memory.
//!
//! Contents lie in chunks, so that a file which is read by a thousand is held once, and one that grows is not copied. A
//! content has a number of its own: a name, and each reader, holds it, and it goes with the last of them.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use super::{Entry, Existing, FileId, FilePath, Metadata, Storage, StorageError};
use crate::clock::{DEFAULT_DATE, Timestamp};

/// Octets in a chunk; only a file's last has fewer.
const CHUNK: usize = 16 * 1024;

/// How much a [`MemoryStorage`] holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryLimits {
    /// Octets of all contents, those that are written or only open any more included. What is being written counts in
    /// whole chunks of 16 KiB.
    pub max_octets: u64,
    /// Files and directories that have a name, without the root.
    pub max_files: usize,
    /// Files that are open at once.
    pub max_open: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { max_octets: 256 * 1024 * 1024, max_files: 65_536, max_open: 65_536 }
    }
}

/// Files in memory, within limits.
#[derive(Clone, Debug)]
pub struct MemoryStorage {
    limits: MemoryLimits,
    directories: BTreeMap<FilePath, Directory>,
    contents: BTreeMap<ContentId, Content>,
    open: BTreeMap<FileId, Open>,
    /// Octets that count against the limit.
    held: u64,
    /// Files and directories, without the root.
    files: usize,
    /// The next number, of a content or an open file.
    next: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct ContentId(u64);

#[derive(Clone, Debug)]
struct Directory {
    modified: Timestamp,
    /// What is in it, by name; `None` is a directory.
    entries: BTreeMap<String, Option<File>>,
}

#[derive(Clone, Copy, Debug)]
struct File {
    content: ContentId,
    modified: Timestamp,
}

#[derive(Clone, Debug)]
struct Content {
    chunks: Vec<Bytes>,
    length: u64,
    /// What it counts against the limit.
    held: u64,
    /// Its name, if it has one, and its readers.
    holders: usize,
}

#[derive(Clone, Debug)]
enum Open {
    Read(ContentId),
    Write(Writer),
}

#[derive(Clone, Debug)]
struct Writer {
    path: FilePath,
    chunks: Vec<Bytes>,
    tail: BytesMut,
    held: u64,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new(MemoryLimits::default())
    }
}

/// `octets` in whole chunks.
const fn in_chunks(octets: u64) -> u64 {
    octets.div_ceil(CHUNK as u64) * CHUNK as u64
}

impl MemoryStorage {
    /// An empty one.
    pub fn new(limits: MemoryLimits) -> Self {
        let root = Directory { modified: DEFAULT_DATE, entries: BTreeMap::new() };
        Self {
            limits,
            directories: BTreeMap::from([(FilePath::root(), root)]),
            contents: BTreeMap::new(),
            open: BTreeMap::new(),
            held: 0,
            files: 0,
            next: 0,
        }
    }

    /// Octets that count against its limit.
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Puts a whole file where it belongs, and makes the directories above it: for who fills it before a run.
    ///
    /// # Errors
    /// When there is no room, or a name on the way is a file's.
    pub fn put(&mut self, path: &FilePath, content: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        self.create_directories(&path.parent().ok_or(StorageError::IsDirectory)?, modified)?;
        let file = self.create(path, 0)?;
        if let Err(error) = self.write(file, content) {
            self.close(file);
            return Err(error);
        }
        self.commit(file, modified, Existing::Replace)
    }

    /// Makes a directory and those above it that do not exist.
    ///
    /// # Errors
    /// When there is no room, or a name on the way is a file's.
    pub fn create_directories(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError> {
        if self.directories.contains_key(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.create_directories(&parent, modified)?;
        }
        self.create_directory(path, modified).map_err(|error| match error {
            StorageError::Exists => StorageError::NotDirectory,
            other => other,
        })
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The directory that `path` is in.
    fn directory_of(&mut self, path: &FilePath) -> Result<&mut Directory, StorageError> {
        let parent = path.parent().ok_or(StorageError::IsDirectory)?;
        self.directories.get_mut(&parent).ok_or(StorageError::NotFound)
    }

    /// The file of that name; `None` where there is nothing.
    fn file(&mut self, path: &FilePath) -> Result<Option<File>, StorageError> {
        match self.directory_of(path)?.entries.get(path.name()) {
            None => Ok(None),
            Some(None) => Err(StorageError::IsDirectory),
            Some(Some(file)) => Ok(Some(*file)),
        }
    }

    /// Counts `octets` more, if there is room.
    fn hold(&mut self, octets: u64) -> Result<(), StorageError> {
        let held = self.held.checked_add(octets).filter(|held| *held <= self.limits.max_octets);
        self.held = held.ok_or(StorageError::NoSpace)?;
        Ok(())
    }

    /// One of a content's holders has gone.
    fn release(&mut self, id: ContentId) {
        let Some(content) = self.contents.get_mut(&id) else { return };
        content.holders -= 1;
        if content.holders == 0 {
            self.held -= content.held;
            self.contents.remove(&id);
        }
    }

    fn open_file(&mut self, open: Open) -> Result<FileId, StorageError> {
        if self.open.len() >= self.limits.max_open {
            return Err(StorageError::TooManyOpen);
        }
        let id = FileId(self.number());
        self.open.insert(id, open);
        Ok(id)
    }

    /// Gives a content to a name, whose old content goes.
    fn name(
        &mut self,
        path: &FilePath,
        content: Content,
        modified: Timestamp,
    ) -> Result<(), (Content, StorageError)> {
        let old = match self.file(path) {
            Ok(old) => old,
            Err(error) => return Err((content, error)),
        };
        if old.is_none() && self.files >= self.limits.max_files {
            return Err((content, StorageError::TooManyFiles));
        }
        let id = ContentId(self.number());
        self.contents.insert(id, content);
        let file = File { content: id, modified };
        if let Ok(directory) = self.directory_of(path) {
            directory.entries.insert(path.name().to_owned(), Some(file));
            directory.modified = modified;
        }
        match old {
            Some(old) => self.release(old.content),
            None => self.files += 1,
        }
        Ok(())
    }
}

impl Content {
    fn of(mut chunks: Vec<Bytes>, tail: &[u8]) -> Self {
        let length = (chunks.len() * CHUNK + tail.len()) as u64;
        if !tail.is_empty() {
            // Copied, so that it holds no more than it has.
            chunks.push(Bytes::copy_from_slice(tail));
        }
        Self { chunks, length, held: length, holders: 1 }
    }

    fn read_at(&self, offset: u64, most: usize) -> Bytes {
        if offset >= self.length || most == 0 {
            return Bytes::new();
        }
        let (place, within) = ((offset / CHUNK as u64) as usize, (offset % CHUNK as u64) as usize);
        let chunk = &self.chunks[place];
        chunk.slice(within..chunk.len().min(within.saturating_add(most)))
    }

    /// The first `keep` octets: whole chunks, and the rest.
    fn first(&self, keep: u64) -> (Vec<Bytes>, BytesMut) {
        let keep = keep.min(self.length);
        let (whole, rest) = ((keep / CHUNK as u64) as usize, (keep % CHUNK as u64) as usize);
        let tail = self.chunks.get(whole).map_or(&[][..], |chunk| &chunk[..rest]);
        (self.chunks[..whole].to_vec(), BytesMut::from(tail))
    }
}

/// Adds `data` to chunks of which the last, `tail`, is not full.
fn extend(chunks: &mut Vec<Bytes>, tail: &mut BytesMut, mut data: &[u8]) {
    while !data.is_empty() {
        let (now, later) = data.split_at(data.len().min(CHUNK - tail.len()));
        tail.extend_from_slice(now);
        if tail.len() == CHUNK {
            chunks.push(core::mem::take(tail).freeze());
        }
        data = later;
    }
}

impl Storage for MemoryStorage {
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError> {
        let File { content: id, modified } = self.file(path)?.ok_or(StorageError::NotFound)?;
        let file = self.open_file(Open::Read(id))?;
        let content = self.contents.get_mut(&id).ok_or(StorageError::NotFound)?;
        content.holders += 1;
        Ok((file, Metadata { length: content.length, modified, is_directory: false }))
    }

    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        let Some(Open::Read(id)) = self.open.get(&file) else { return Err(StorageError::NotOpen) };
        let content = self.contents.get(id).ok_or(StorageError::NotOpen)?;
        Ok(content.read_at(offset, most))
    }

    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError> {
        let old = self.file(path)?.filter(|_| keep > 0);
        let old = old.and_then(|file| self.contents.get(&file.content));
        let (chunks, tail) = old.map_or_else(Default::default, |content| content.first(keep));
        let held = in_chunks((chunks.len() * CHUNK + tail.len()) as u64);
        self.hold(held)?;
        self.open_file(Open::Write(Writer { path: path.clone(), chunks, tail, held }))
            .inspect_err(|_| self.held -= held)
    }

    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError> {
        let Some(Open::Write(writer)) = self.open.get_mut(&file) else { return Err(StorageError::NotOpen) };
        let length = (writer.chunks.len() * CHUNK + writer.tail.len()) as u64;
        let held = in_chunks(length.saturating_add(data.len() as u64));
        let total = self.held - writer.held + held;
        if total > self.limits.max_octets {
            return Err(StorageError::NoSpace);
        }
        (self.held, writer.held) = (total, held);
        extend(&mut writer.chunks, &mut writer.tail, data);
        Ok(())
    }

    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        let Some(Open::Write(_)) = self.open.get(&file) else { return Err(StorageError::NotOpen) };
        let Some(Open::Write(writer)) = self.open.remove(&file) else { return Err(StorageError::NotOpen) };
        self.held -= writer.held;
        if existing == Existing::Keep && self.file(&writer.path)?.is_some() {
            return Err(StorageError::Exists);
        }
        let content = Content::of(writer.chunks, &writer.tail);
        // It is no more than was held for it.
        self.held += content.held;
        self.name(&writer.path, content, modified).map_err(|(content, error)| {
            self.held -= content.held;
            error
        })
    }

    fn close(&mut self, file: FileId) {
        match self.open.remove(&file) {
            Some(Open::Read(id)) => self.release(id),
            Some(Open::Write(writer)) => self.held -= writer.held,
            None => {}
        }
    }

    fn close_all(&mut self) {
        let open: Vec<FileId> = self.open.keys().copied().collect();
        open.into_iter().for_each(|file| self.close(file));
    }

    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        let Some(file) = self.file(path)? else {
            let file = self.create(path, 0)?;
            if let Err(error) = self.write(file, data) {
                self.close(file);
                return Err(error);
            }
            return self.commit(file, modified, Existing::Keep);
        };
        let Some(content) = self.contents.get(&file.content) else { return Err(StorageError::NotFound) };
        let length = content.length + data.len() as u64;
        let held = in_chunks(length);
        if content.holders > 1 {
            // Readers keep what they opened.
            self.hold(held)?;
            let (mut chunks, mut tail) = content_of(&self.contents, file.content);
            extend(&mut chunks, &mut tail, data);
            chunks.extend((!tail.is_empty()).then(|| tail.freeze()));
            let content = Content { chunks, length, held, holders: 1 };
            return self.name(path, content, modified).map_err(|(_, error)| {
                self.held -= held;
                error
            });
        }
        let more = held.saturating_sub(content.held);
        self.hold(more)?;
        let Some(content) = self.contents.get_mut(&file.content) else { return Err(StorageError::NotFound) };
        let last = content.chunks.pop_if(|chunk| chunk.len() < CHUNK).unwrap_or_default();
        let mut tail = last.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        extend(&mut content.chunks, &mut tail, data);
        content.chunks.extend((!tail.is_empty()).then(|| tail.freeze()));
        (content.length, content.held) = (length, content.held + more);
        if let Some(Some(file)) = self.directory_of(path)?.entries.get_mut(path.name()) {
            file.modified = modified;
        }
        Ok(())
    }

    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError> {
        if let Some(directory) = self.directories.get(path) {
            return Ok(Metadata { length: 0, modified: directory.modified, is_directory: true });
        }
        let file = self.file(path)?.ok_or(StorageError::NotFound)?;
        let length = self.contents.get(&file.content).map_or(0, |content| content.length);
        Ok(Metadata { length, modified: file.modified, is_directory: false })
    }

    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError> {
        let Some(directory) = self.directories.get(path) else {
            self.metadata(path)?;
            return Err(StorageError::NotDirectory);
        };
        let names: Vec<String> = directory.entries.keys().cloned().collect();
        let mut list = Vec::with_capacity(names.len());
        for name in names {
            // A name that is here was a path's.
            let path = path.join(&name).map_err(|_| StorageError::Invalid)?;
            list.push(Entry { metadata: self.metadata(&path)?, name });
        }
        Ok(list)
    }

    fn create_directory(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError> {
        if self.directories.contains_key(path) || self.file(path)?.is_some() {
            return Err(StorageError::Exists);
        }
        if self.files >= self.limits.max_files {
            return Err(StorageError::TooManyFiles);
        }
        let parent = self.directory_of(path)?;
        parent.entries.insert(path.name().to_owned(), None);
        parent.modified = modified;
        self.directories.insert(path.clone(), Directory { modified, entries: BTreeMap::new() });
        self.files += 1;
        Ok(())
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
        let moved = self.metadata(from)?;
        if !moved.moves(from, to)? {
            return Ok(());
        }
        let replaced = self.file(to)?;
        if moved.is_directory && replaced.is_some() {
            return Err(StorageError::NotDirectory);
        }
        self.directory_of(to)?;
        let moves = if moved.is_directory { self.moves(from, to)? } else { Vec::new() };
        let Some(entry) = self.directory_of(from)?.entries.remove(from.name()) else {
            return Err(StorageError::NotFound);
        };
        self.directory_of(to)?.entries.insert(to.name().to_owned(), entry);
        if let Some(replaced) = replaced {
            self.files -= 1;
            self.release(replaced.content);
        }
        for (old, new) in moves {
            if let Some(directory) = self.directories.remove(&old) {
                self.directories.insert(new, directory);
            }
        }
        Ok(())
    }

    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError> {
        if path.is_root() {
            return Err(StorageError::Invalid);
        }
        match self.directories.get(path) {
            Some(directory) if !directory.entries.is_empty() => return Err(StorageError::NotEmpty),
            Some(_) => {
                self.directories.remove(path);
            }
            None => {
                let file = self.file(path)?.ok_or(StorageError::NotFound)?;
                self.release(file.content);
            }
        }
        self.directory_of(path)?.entries.remove(path.name());
        self.files -= 1;
        Ok(())
    }
}

fn content_of(contents: &BTreeMap<ContentId, Content>, id: ContentId) -> (Vec<Bytes>, BytesMut) {
    contents.get(&id).map_or_else(Default::default, |content| content.first(u64::MAX))
}

impl MemoryStorage {
    /// Directories are known by their whole paths: what those below one that moves are called afterwards.
    ///
    /// # Errors
    /// When a path would become too long.
    fn moves(&self, from: &FilePath, to: &FilePath) -> Result<Vec<(FilePath, FilePath)>, StorageError> {
        let below = self.directories.iter().filter(|(path, _)| path.starts_with(from));
        below
            .map(|(path, directory)| {
                let new = to.join(&path.as_str()[from.as_str().len()..]);
                let new = new.map_err(|_| StorageError::Invalid)?;
                let fits = directory.entries.keys().all(|name| new.join(name).is_ok());
                if fits { Ok((path.clone(), new)) } else { Err(StorageError::Invalid) }
            })
            .collect()
    }
}
