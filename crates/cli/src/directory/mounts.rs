//! Several storages under one root, each in a directory of its own: a host that serves several directories has one storage.

use std::collections::BTreeMap;

use bytes::Bytes;
use wirelab_stack::clock::Timestamp;
use wirelab_stack::storage::{Entry, Existing, FileId, FilePath, Metadata, Storage, StorageError};

/// Storages under one root. The root itself holds nothing else and cannot be changed.
#[derive(Debug, Default)]
pub struct Mounts {
    storages: BTreeMap<String, Box<dyn Storage>>,
    /// Open files, by our number: in which storage, under its number.
    open: BTreeMap<FileId, (String, FileId)>,
    next: u64,
}

/// What is known of the root, which is nobody's file.
const ROOT: Metadata = Metadata { length: 0, modified: Timestamp::UNIX_EPOCH, is_directory: true };

/// Where a path leads.
enum Place<'a> {
    Root,
    Within(&'a str, &'a mut Box<dyn Storage>, FilePath),
}

impl Mounts {
    /// Puts a storage in the directory `name`; that directory's path.
    ///
    /// # Panics
    /// When `name` is no name of a file, or taken: our own mistake.
    pub fn add(&mut self, name: &str, storage: Box<dyn Storage>) -> FilePath {
        let path = FilePath::root().join(name).expect("a name of our own is a name");
        let before = self.storages.insert(name.to_owned(), storage);
        assert!(before.is_none(), "two storages are called {name}");
        path
    }

    fn place<'a>(&'a mut self, path: &'a FilePath) -> Result<Place<'a>, StorageError> {
        let mut names = path.names();
        let Some(first) = names.next() else { return Ok(Place::Root) };
        let storage = self.storages.get_mut(first).ok_or(StorageError::NotFound)?;
        let within = names.try_fold(FilePath::root(), |path, name| path.join(name));
        Ok(Place::Within(first, storage, within.map_err(|_| StorageError::Invalid)?))
    }

    /// Does something within a storage; `at_root` is what it means to do so at the root.
    fn within<R>(
        &mut self,
        path: &FilePath,
        at_root: StorageError,
        act: impl FnOnce(&mut dyn Storage, &FilePath) -> Result<R, StorageError>,
    ) -> Result<R, StorageError> {
        match self.place(path)? {
            Place::Root => Err(at_root),
            Place::Within(_, storage, within) => act(&mut **storage, &within),
        }
    }

    fn opened<R>(
        &mut self,
        path: &FilePath,
        open: impl FnOnce(&mut dyn Storage, &FilePath) -> Result<(FileId, R), StorageError>,
    ) -> Result<(FileId, R), StorageError> {
        let (name, (file, also)) = match self.place(path)? {
            Place::Root => return Err(StorageError::IsDirectory),
            Place::Within(name, storage, within) => (name.to_owned(), open(&mut **storage, &within)?),
        };
        self.next += 1;
        self.open.insert(FileId(self.next), (name, file));
        Ok((FileId(self.next), also))
    }

    fn file(&mut self, file: FileId) -> Result<(&mut dyn Storage, FileId), StorageError> {
        let (name, file) = self.open.get(&file).ok_or(StorageError::NotOpen)?;
        let storage = self.storages.get_mut(name).ok_or(StorageError::NotOpen)?;
        Ok((&mut **storage, *file))
    }
}

impl Storage for Mounts {
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError> {
        self.opened(path, |storage, path| storage.open(path))
    }

    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        let (storage, file) = self.file(file)?;
        storage.read_at(file, offset, most)
    }

    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError> {
        Ok(self.opened(path, |storage, path| Ok((storage.create(path, keep)?, ())))?.0)
    }

    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError> {
        let (storage, file) = self.file(file)?;
        storage.write(file, data)
    }

    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        let (storage, within) = self.file(file)?;
        let committed = storage.commit(within, modified, existing);
        self.open.remove(&file);
        committed
    }

    fn close(&mut self, file: FileId) {
        if let Ok((storage, within)) = self.file(file) {
            storage.close(within);
        }
        self.open.remove(&file);
    }

    fn close_all(&mut self) {
        self.open.clear();
        self.storages.values_mut().for_each(|storage| storage.close_all());
    }

    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        self.within(path, StorageError::IsDirectory, |storage, path| storage.append(path, data, modified))
    }

    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError> {
        if path.is_root() {
            return Ok(ROOT);
        }
        self.within(path, StorageError::NotFound, |storage, path| storage.metadata(path))
    }

    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError> {
        if path.is_root() {
            let mounts = self.storages.keys();
            return Ok(mounts.map(|name| Entry { name: name.clone(), metadata: ROOT }).collect());
        }
        self.within(path, StorageError::NotFound, |storage, path| storage.list(path))
    }

    fn create_directory(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError> {
        if path.names().count() == 1 && !self.storages.contains_key(path.as_str()) {
            return Err(StorageError::Denied);
        }
        self.within(path, StorageError::Exists, |storage, path| {
            if path.is_root() { Err(StorageError::Exists) } else { storage.create_directory(path, modified) }
        })
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
        let to_name = to.names().next().map(str::to_owned);
        let within = match self.place(to)? {
            Place::Root => return Err(StorageError::Denied),
            Place::Within(_, _, within) => within,
        };
        match self.place(from)? {
            Place::Within(name, storage, from) if to_name.as_deref() == Some(name) => {
                storage.rename(&from, &within)
            }
            // Another storage is another disk, and the root is nobody's.
            _ => Err(StorageError::Denied),
        }
    }

    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError> {
        self.within(path, StorageError::Denied, |storage, path| {
            if path.is_root() { Err(StorageError::Denied) } else { storage.remove(path) }
        })
    }
}

#[cfg(test)]
mod tests {
    use wirelab_stack::storage::MemoryStorage;

    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("a path")
    }

    fn two() -> Mounts {
        let mut mounts = Mounts::default();
        for name in ["one", "two"] {
            assert_eq!(mounts.add(name, Box::<MemoryStorage>::default()), path(name));
        }
        mounts
    }

    const DATE: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn each_storage_has_its_own_files() {
        let mut mounts = two();
        let file = mounts.create(&path("one/a"), 0).unwrap();
        let other = mounts.create(&path("two/a"), 0).unwrap();
        mounts.write(file, b"first").unwrap();
        mounts.write(other, b"second").unwrap();
        mounts.commit(file, DATE, Existing::Replace).unwrap();
        mounts.commit(other, DATE, Existing::Replace).unwrap();
        assert_eq!(mounts.write(file, b"more"), Err(StorageError::NotOpen), "it is closed");
        let (file, metadata) = mounts.open(&path("two/a")).unwrap();
        assert_eq!((metadata.length, mounts.read_at(file, 0, 9).unwrap()), (6, "second".into()));
        assert_eq!(mounts.open(&path("three/a")), Err(StorageError::NotFound));
        let names = |list: Vec<Entry>| list.into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names(mounts.list(&FilePath::root()).unwrap()), ["one", "two"]);
        assert_eq!(names(mounts.list(&path("one")).unwrap()), ["a"]);
        mounts.close_all();
        assert_eq!(mounts.read_at(file, 0, 9), Err(StorageError::NotOpen));
    }

    #[test]
    fn the_root_cannot_be_changed_and_nothing_moves_between_storages() {
        let mut mounts = two();
        mounts.create_directory(&path("one/d"), DATE).unwrap();
        mounts.rename(&path("one/d"), &path("one/e")).unwrap();
        for refused in [
            mounts.rename(&path("one/e"), &path("two/e")),
            mounts.rename(&path("one"), &FilePath::root()),
            mounts.remove(&path("one")),
            mounts.remove(&FilePath::root()),
            mounts.create_directory(&path("three"), DATE),
        ] {
            assert_eq!(refused, Err(StorageError::Denied));
        }
        assert_eq!(mounts.create_directory(&path("one"), DATE), Err(StorageError::Exists));
        assert_eq!(mounts.create(&path("three"), 0), Err(StorageError::NotFound));
        assert_eq!(mounts.create(&FilePath::root(), 0), Err(StorageError::IsDirectory));
        assert!(mounts.metadata(&path("one")).unwrap().is_directory);
    }
}
