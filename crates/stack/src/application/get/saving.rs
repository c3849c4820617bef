//! What has come: its file until it is whole, its hash, its bounds.

use core::fmt::Write;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::origin::{MAX_ORIGIN, Origin};
use super::{Config, ORIGIN, PARTIAL, To};
use crate::application::AppError;
use crate::socket::net::stdio::{Stdout, stdout};
use crate::socket::net::{context, fs, received, report, result, yield_now};
use crate::storage::{FilePath, StorageError};

/// Octets that are written to the file at once: each time it is opened anew.
const WRITE: usize = 64 * 1024;

/// Octets of what an earlier run has left that are hashed before others have their turn.
const HASH: usize = 256 * 1024;

/// What has come so far.
pub(super) struct Saving {
    place: Place,
    /// Where what there is came from, if it can be gone on with.
    origin: Option<Origin>,
    hash: Sha256,
    /// Octets so far, with those that an earlier run has fetched.
    offset: u64,
    max_size: Option<u64>,
    /// What there is was begun by this run.
    begun: bool,
    /// It is of no use, and is not to be gone on with.
    spoiled: bool,
    /// It has its name, or it was seen to what stays of it.
    settled: bool,
}

enum Place {
    File {
        path: FilePath,
        partial: FilePath,
        notes: FilePath,
        /// What is not written yet.
        waiting: Vec<u8>,
    },
    Output(Stdout),
}

impl Saving {
    /// Looks what an earlier run has left, if it is to be gone on with, and hashes it.
    pub(super) async fn begin(config: &Config) -> Result<Self, AppError> {
        let place = match &config.to {
            To::Output => Place::Output(stdout()),
            To::File(path) => {
                let beside = |end| {
                    let parent = path.parent().ok_or_else(|| unsaved(path, StorageError::IsDirectory))?;
                    parent
                        .join(&format!("{}{end}", path.name()))
                        .map_err(|error| AppError::new(format!("it cannot be saved as {path}: {error}")))
                };
                let (partial, notes) = (beside(PARTIAL)?, beside(ORIGIN)?);
                Place::File { path: path.clone(), partial, notes, waiting: Vec::new() }
            }
        };
        let mut saving = Self {
            place,
            origin: None,
            hash: Sha256::new(),
            offset: 0,
            max_size: config.max_size,
            begun: false,
            spoiled: false,
            settled: false,
        };
        if config.resume {
            saving.look().await?;
        }
        Ok(saving)
    }

    /// Takes up what an earlier run has left.
    async fn look(&mut self) -> Result<(), AppError> {
        let Place::File { partial, notes, .. } = &self.place else { return Ok(()) };
        let origin = match fs::read(notes, MAX_ORIGIN) {
            Ok(octets) => core::str::from_utf8(&octets).ok().and_then(Origin::parse),
            Err(StorageError::NotFound) => None,
            Err(error) => return Err(AppError::new(format!("{notes}: {error}"))),
        };
        let file = match fs::open(partial) {
            Ok(file) => file,
            Err(StorageError::NotFound) => return Ok(()),
            Err(error) => return Err(unsaved(partial, error)),
        };
        if origin.is_none() {
            report(format!("{partial}: nobody knows what it is a part of, so all is fetched"));
            return Ok(());
        }
        loop {
            let octets = file.read_at(self.offset, HASH).map_err(|error| unsaved(partial, error))?;
            if octets.is_empty() {
                break;
            }
            self.hash.update(&octets);
            self.offset += octets.len() as u64;
            yield_now().await;
        }
        self.origin = origin;
        Ok(())
    }

    /// Octets that there are of what is at `url`, and by what they are known again.
    pub(super) fn part_of(&self, url: &str) -> Option<(u64, &str)> {
        let origin = self.origin.as_ref().filter(|origin| origin.url == url && self.offset > 0)?;
        Some((self.offset, &origin.validator))
    }

    /// Octets so far.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// What was left is of no use: all of it comes anew. `validator` is by what it is known again, if it can be gone on with.
    pub(super) fn begin_anew(&mut self, url: &str, validator: Option<String>) -> Result<(), AppError> {
        self.forget();
        let origin = validator.map(|validator| Origin { url: url.to_owned(), validator });
        let Place::File { partial, notes, .. } = &self.place else { return Ok(()) };
        // Never are there octets of one beside a note of another.
        remove(notes)?;
        fs::write(partial, b"").map_err(|error| unsaved(partial, error))?;
        if let Some(origin) = &origin {
            fs::write(notes, origin.to_string().as_bytes()).map_err(|error| unsaved(notes, error))?;
        }
        (self.origin, self.begun) = (origin, true);
        Ok(())
    }

    /// What was left is of no use.
    pub(super) fn forget(&mut self) {
        (self.origin, self.hash, self.offset) = (None, Sha256::new(), 0);
    }

    /// The server says how many octets there are: of all, not of the part that comes.
    pub(super) fn expect(&mut self, size: Option<u64>) -> Result<(), AppError> {
        let Some(size) = size else { return Ok(()) };
        result("size", &size.to_string());
        match self.max_size {
            Some(most) if size > most => {
                Err(AppError::new(format!("it has {size} octets, more than the {most} that it may have")))
            }
            _ => Ok(()),
        }
    }

    /// Says from where on it comes.
    pub(super) fn announce(&self) {
        if self.offset > 0 {
            result("from", &self.offset.to_string());
        }
    }

    /// Takes what has come.
    pub(super) async fn take(&mut self, data: &[u8]) -> Result<(), AppError> {
        received(data);
        self.offset += data.len() as u64;
        if let Some(most) = self.max_size
            && self.offset > most
        {
            self.spoiled = true;
            return Err(AppError::new(format!("it has more than the {most} octets that it may have")));
        }
        self.hash.update(data);
        match &mut self.place {
            Place::Output(output) => output.write_all(data).await?,
            Place::File { waiting, .. } => {
                waiting.extend_from_slice(data);
                if waiting.len() >= WRITE {
                    self.write()?;
                }
            }
        }
        Ok(())
    }

    /// Writes what waits.
    fn write(&mut self) -> Result<(), AppError> {
        let Place::File { partial, waiting, .. } = &mut self.place else { return Ok(()) };
        if !waiting.is_empty() {
            fs::append(partial, waiting).map_err(|error| unsaved(partial, error))?;
            waiting.clear();
        }
        Ok(())
    }

    /// All has come: it is what it should be, and gets its name.
    pub(super) fn finish(mut self, config: &Config) -> Result<(), AppError> {
        if let Err(error) = self.write() {
            return Err(self.broken_off(&error));
        }
        let hash = core::mem::take(&mut self.hash).finalize();
        let shown = hexadecimal(&hash);
        result("octets", &self.offset.to_string());
        result("sha256", &shown);
        if let Some(expected) = &config.sha256
            && hash[..] != expected[..]
        {
            self.spoiled = true;
            let expected = hexadecimal(expected);
            let wrong = format!("its SHA-256 is {shown}, and should be {expected}");
            return Err(self.broken_off(&AppError::new(wrong)));
        }
        let Place::File { path, partial, notes, .. } = &self.place else { return Ok(()) };
        let there = fs::metadata(partial).map_err(|error| unsaved(partial, error))?.length;
        if there != self.offset {
            // Nobody knows which of its octets are whose.
            self.spoiled = true;
            let wrong = format!("{partial} has {there} octets: somebody else has written to it");
            return Err(self.broken_off(&AppError::new(wrong)));
        }
        fs::rename(partial, path).map_err(|error| unsaved(path, error))?;
        let removed = remove(notes);
        self.settled = true;
        removed
    }

    /// It was broken off: what there is stays, if it can be gone on with. The error with that said.
    pub(super) fn broken_off(mut self, error: &AppError) -> AppError {
        match (self.settle(), &self.place) {
            (true, Place::File { partial, .. }) => {
                let octets = self.offset;
                AppError::new(format!("{error}; {octets} octets are in {partial}, to be gone on with"))
            }
            _ => error.clone(),
        }
    }

    /// What there is stays if it can be gone on with, and otherwise goes, where this run has begun it. Whether it stays.
    fn settle(&mut self) -> bool {
        let Place::File { partial, notes, waiting, .. } = &mut self.place else { return false };
        if core::mem::replace(&mut self.settled, true) {
            return false;
        }
        let useful = !self.spoiled && self.origin.is_some() && self.offset > 0;
        let mut stays = false;
        // Without its seat the files have gone with the host.
        context::try_with(|seat| {
            let date = seat.date();
            let storage = &mut *seat.storage;
            stays = useful && (waiting.is_empty() || storage.append(partial, waiting, date).is_ok());
            if !stays && (self.spoiled || self.begun) {
                // Where it cannot be removed that is nothing to add to what is wrong.
                let _ = storage.remove(partial);
                let _ = storage.remove(notes);
            }
        });
        stays
    }
}

/// Whoever ends the program ends it as any error does.
impl Drop for Saving {
    fn drop(&mut self) {
        self.settle();
    }
}

/// Removes a file that need not be there.
fn remove(path: &FilePath) -> Result<(), AppError> {
    match fs::remove(path) {
        Ok(()) | Err(StorageError::NotFound) => Ok(()),
        Err(error) => Err(AppError::new(format!("{path}: {error}"))),
    }
}

fn unsaved(path: &FilePath, error: StorageError) -> AppError {
    AppError::new(format!("it cannot be saved as {path}: {error}"))
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
