//! Files whose answers are kept, and files that are nothing but the answers that were.

use bytes::Bytes;
use wirelab_stack::clock::Timestamp;
use wirelab_stack::frame::NodeId;
use wirelab_stack::storage::{Entry, Existing, FileId, FilePath, Metadata, Storage, StorageError};

use crate::answers::entry;
use crate::hash::Hash;
use crate::player::{Player, name};
use crate::record::{Call, Known, Reason, Record, Said};
use crate::recorder::Recorder;

/// Files whose answers are kept.
#[derive(Debug)]
pub struct RecordedStorage {
    recorder: Recorder,
    node: NodeId,
    storage: Box<dyn Storage>,
}

/// Files that answer as others did.
#[derive(Debug)]
pub struct ReplayedStorage {
    player: Player,
    node: NodeId,
}

/// What a call was given, hashed: whoever replays it must give the same.
#[derive(Clone, Copy)]
struct Given(Call, u64);

impl Given {
    fn path(call: Call, path: &FilePath) -> Self {
        Self(call, of_path(path).finish())
    }

    fn read_at(file: FileId, offset: u64, most: usize) -> Self {
        Self(Call::ReadAt, Hash::new().number(file.0).number(offset).number(most as u64).finish())
    }

    fn create(path: &FilePath, keep: u64) -> Self {
        Self(Call::Create, of_path(path).number(keep).finish())
    }

    fn write(file: FileId, data: &[u8]) -> Self {
        Self(Call::Write, Hash::new().number(file.0).octets(data).finish())
    }

    fn commit(file: FileId, modified: Timestamp, existing: Existing) -> Self {
        let keep = u64::from(existing == Existing::Keep);
        Self(Call::Commit, of_date(Hash::new().number(file.0).number(keep), modified).finish())
    }

    fn append(path: &FilePath, data: &[u8], modified: Timestamp) -> Self {
        Self(Call::Append, of_date(of_path(path).octets(data), modified).finish())
    }

    fn create_directory(path: &FilePath, modified: Timestamp) -> Self {
        Self(Call::CreateDirectory, of_date(of_path(path), modified).finish())
    }

    fn rename(from: &FilePath, to: &FilePath) -> Self {
        Self(Call::Rename, of_path(from).octets(to.as_str().as_bytes()).finish())
    }
}

fn of_path(path: &FilePath) -> Hash {
    Hash::new().octets(path.as_str().as_bytes())
}

fn of_date(hash: Hash, date: Timestamp) -> Hash {
    hash.octets(&date.as_nanosecond().to_le_bytes())
}

impl RecordedStorage {
    /// Keeps what `storage`, the files of a host, answers.
    pub fn new(recorder: Recorder, node: NodeId, storage: Box<dyn Storage>) -> Self {
        Self { recorder, node, storage }
    }

    /// Keeps an answer; the answer, as a replay will give it.
    fn keep<T>(
        &self,
        Given(call, given): Given,
        answer: Result<T, StorageError>,
        said: impl FnOnce(&T) -> (Said, Bytes),
    ) -> Result<T, StorageError> {
        let (said, octets) = match &answer {
            Ok(answer) => said(answer),
            Err(error) => (Said::Failed(Reason::from(*error)), Bytes::new()),
        };
        let record = Record::Storage { node: self.node.0, call, given, said };
        self.recorder.add(&record, &[&octets]);
        // Reasons without a name are one to a replay, and so to the run.
        answer.map_err(|error| Reason::from(error).into())
    }

    fn done(&self, given: Given, answer: Result<(), StorageError>) -> Result<(), StorageError> {
        self.keep(given, answer, |()| (Said::Done, Bytes::new()))
    }
}

impl Storage for RecordedStorage {
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError> {
        let answer = self.storage.open(path);
        let said = |(file, metadata): &(FileId, Metadata)| {
            (Said::Found(file.0, Known::from(*metadata)), Bytes::new())
        };
        self.keep(Given::path(Call::Open, path), answer, said)
    }

    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        let answer = self.storage.read_at(file, offset, most);
        self.keep(Given::read_at(file, offset, most), answer, |octets| (Said::Done, octets.clone()))
    }

    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError> {
        let answer = self.storage.create(path, keep);
        self.keep(Given::create(path, keep), answer, |file| (Said::Opened(file.0), Bytes::new()))
    }

    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError> {
        let answer = self.storage.write(file, data);
        self.done(Given::write(file, data), answer)
    }

    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        let answer = self.storage.commit(file, modified, existing);
        self.done(Given::commit(file, modified, existing), answer)
    }

    fn close(&mut self, file: FileId) {
        self.storage.close(file);
    }

    fn close_all(&mut self) {
        self.storage.close_all();
    }

    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        let answer = self.storage.append(path, data, modified);
        self.done(Given::append(path, data, modified), answer)
    }

    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError> {
        let answer = self.storage.metadata(path);
        let said = |metadata: &Metadata| (Said::Known(Known::from(*metadata)), Bytes::new());
        self.keep(Given::path(Call::Metadata, path), answer, said)
    }

    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError> {
        let answer = self.storage.list(path);
        let said = |entries: &Vec<Entry>| {
            let lines = entries.iter().map(|entry| (entry.name.clone(), Known::from(entry.metadata)));
            (Said::Listed(lines.collect()), Bytes::new())
        };
        self.keep(Given::path(Call::List, path), answer, said)
    }

    fn create_directory(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError> {
        let answer = self.storage.create_directory(path, modified);
        self.done(Given::create_directory(path, modified), answer)
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
        let answer = self.storage.rename(from, to);
        self.done(Given::rename(from, to), answer)
    }

    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError> {
        let answer = self.storage.remove(path);
        self.done(Given::path(Call::Remove, path), answer)
    }
}

/// What an application hears where the record has nothing to say. The run ends with its turn.
const NOTHING: StorageError = StorageError::Failed(std::io::ErrorKind::Other);

impl ReplayedStorage {
    /// Answers as the files of that host did.
    pub const fn new(player: Player, node: NodeId) -> Self {
        Self { player, node }
    }

    /// What was said to that call.
    fn answer<T>(
        &self,
        Given(call, given): Given,
        read: impl FnOnce(Said, Bytes) -> Option<T>,
    ) -> Result<T, StorageError> {
        let (record, octets) = self.player.next().map_err(|_| NOTHING)?;
        let Record::Storage { node, call: then, given: to, said } = record else {
            self.player.diverged(format!("files are asked ({call:?}), and then there was {}", name(&record)));
            return Err(NOTHING);
        };
        if (node, then, to) != (self.node.0, call, given) {
            self.player
                .diverged(format!("files are asked for something else ({call:?}) than then ({then:?})"));
            return Err(NOTHING);
        }
        self.player.count(|tally| tally.files += 1);
        if let Said::Failed(reason) = said {
            return Err(reason.into());
        }
        read(said, octets).ok_or_else(|| {
            self.player.malformed(format!("an answer to another call than {call:?}"));
            NOTHING
        })
    }

    fn done(&self, given: Given) -> Result<(), StorageError> {
        self.answer(given, |said, _| (said == Said::Done).then_some(()))
    }
}

impl Storage for ReplayedStorage {
    fn open(&mut self, path: &FilePath) -> Result<(FileId, Metadata), StorageError> {
        self.answer(Given::path(Call::Open, path), |said, _| match said {
            Said::Found(file, known) => Some((FileId(file), known.into())),
            _ => None,
        })
    }

    fn read_at(&mut self, file: FileId, offset: u64, most: usize) -> Result<Bytes, StorageError> {
        let fits = |said, octets: Bytes| (said == Said::Done && octets.len() <= most).then_some(octets);
        self.answer(Given::read_at(file, offset, most), fits)
    }

    fn create(&mut self, path: &FilePath, keep: u64) -> Result<FileId, StorageError> {
        self.answer(Given::create(path, keep), |said, _| match said {
            Said::Opened(file) => Some(FileId(file)),
            _ => None,
        })
    }

    fn write(&mut self, file: FileId, data: &[u8]) -> Result<(), StorageError> {
        self.done(Given::write(file, data))
    }

    fn commit(&mut self, file: FileId, modified: Timestamp, existing: Existing) -> Result<(), StorageError> {
        self.done(Given::commit(file, modified, existing))
    }

    fn close(&mut self, _: FileId) {}

    fn close_all(&mut self) {}

    fn append(&mut self, path: &FilePath, data: &[u8], modified: Timestamp) -> Result<(), StorageError> {
        self.done(Given::append(path, data, modified))
    }

    fn metadata(&mut self, path: &FilePath) -> Result<Metadata, StorageError> {
        self.answer(Given::path(Call::Metadata, path), |said, _| match said {
            Said::Known(known) => Some(known.into()),
            _ => None,
        })
    }

    fn list(&mut self, path: &FilePath) -> Result<Vec<Entry>, StorageError> {
        self.answer(Given::path(Call::List, path), |said, _| match said {
            Said::Listed(entries) => Some(entries.into_iter().map(entry).collect()),
            _ => None,
        })
    }

    fn create_directory(&mut self, path: &FilePath, modified: Timestamp) -> Result<(), StorageError> {
        self.done(Given::create_directory(path, modified))
    }

    fn rename(&mut self, from: &FilePath, to: &FilePath) -> Result<(), StorageError> {
        self.done(Given::rename(from, to))
    }

    fn remove(&mut self, path: &FilePath) -> Result<(), StorageError> {
        self.done(Given::path(Call::Remove, path))
    }
}
