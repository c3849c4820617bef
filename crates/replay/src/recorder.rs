//! Writes a record.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::record::{MAGIC, MAX_BLOCK, Record, VERSION};

/// Octets that are written at once where nothing else says when.
const BUFFER: usize = 1 << 16;

/// Writes a record. Whoever has something to add to it has a clone.
#[derive(Clone)]
pub struct Recorder {
    file: Arc<Mutex<File>>,
}

struct File {
    out: BufWriter<Box<dyn Write + Send>>,
    block: Vec<u8>,
    error: Option<io::Error>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Begins a record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: impl Write + Send + 'static) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(BUFFER, Box::new(out) as Box<dyn Write + Send>);
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        out.flush()?;
        let file = File { out, block: Vec::new(), error: None };
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something that happened, with the octets that belong to it. What goes wrong is told by [`flush`](Self::flush).
    pub(crate) fn add(&self, record: &Record, octets: &[&[u8]]) {
        self.file().add(record, octets);
    }

    /// Adds what somebody asked before the run, and what was answered.
    pub(crate) fn answer<T: Serialize>(&self, question: &str, answer: &T) {
        let mut file = self.file();
        match postcard::to_stdvec(answer) {
            Ok(octets) => file.add(&Record::Answer { question: question.to_owned() }, &[&octets]),
            Err(error) => file.fail(io::Error::other(error)),
        }
    }

    /// Writes what was added.
    ///
    /// # Errors
    /// The first error since it was begun.
    pub fn flush(&self) -> io::Result<()> {
        let mut file = self.file();
        match file.error.take() {
            Some(error) => {
                // It stays one: what follows would have a gap before it.
                file.error = Some(io::Error::new(error.kind(), error.to_string()));
                Err(error)
            }
            None => file.out.flush(),
        }
    }

    /// The run has ended.
    ///
    /// # Errors
    /// As those of [`flush`](Self::flush).
    pub fn finish(&self) -> io::Result<()> {
        self.add(&Record::End, &[]);
        self.flush()
    }
}

impl File {
    fn add(&mut self, record: &Record, octets: &[&[u8]]) {
        if self.error.is_some() {
            return;
        }
        if let Err(error) = self.write(record, octets) {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
    }

    fn write(&mut self, record: &Record, octets: &[&[u8]]) -> io::Result<()> {
        self.block.clear();
        self.block =
            postcard::to_extend(record, core::mem::take(&mut self.block)).map_err(io::Error::other)?;
        let length = self.block.len() + octets.iter().map(|octets| octets.len()).sum::<usize>();
        let length = u32::try_from(length).ok().filter(|length| *length as usize <= MAX_BLOCK);
        let length = length.ok_or_else(|| io::Error::other("it is too much for one block of a record"))?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&self.block)?;
        octets.iter().try_for_each(|octets| self.out.write_all(octets))
    }
}
