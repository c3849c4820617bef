//! Everything from one storage into another.

use super::{Existing, FilePath, Storage, StorageError};
use crate::clock::Timestamp;

/// Octets that are copied at once.
const AT_ONCE: usize = 64 * 1024;

/// Copies all files and directories below `path`, and dates them `modified`: where they came from, dates differ from machine
/// to machine.
///
/// # Errors
/// When something cannot be read, or does not fit; what was copied before stays.
pub fn copy_all(
    from: &mut dyn Storage,
    to: &mut dyn Storage,
    path: &FilePath,
    modified: Timestamp,
) -> Result<(), StorageError> {
    let mut left = vec![path.clone()];
    while let Some(directory) = left.pop() {
        for entry in from.list(&directory)? {
            let path = directory.join(&entry.name).map_err(|_| StorageError::Invalid)?;
            if entry.metadata.is_directory {
                // What is there already stays, and is filled.
                match to.metadata(&path) {
                    Ok(there) if there.is_directory => {}
                    Ok(_) => return Err(StorageError::NotDirectory),
                    Err(_) => to.create_directory(&path, modified)?,
                }
                left.push(path);
            } else {
                copy(from, to, &path, modified)?;
            }
        }
    }
    Ok(())
}

fn copy(
    from: &mut dyn Storage,
    to: &mut dyn Storage,
    path: &FilePath,
    modified: Timestamp,
) -> Result<(), StorageError> {
    let (source, _) = from.open(path)?;
    let copied = to.create(path, 0).and_then(|target| {
        let mut offset = 0;
        let written = loop {
            match from.read_at(source, offset, AT_ONCE) {
                Ok(octets) if octets.is_empty() => break Ok(()),
                Ok(octets) => {
                    offset += octets.len() as u64;
                    if let Err(error) = to.write(target, &octets) {
                        break Err(error);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        match written {
            Ok(()) => to.commit(target, modified, Existing::Replace),
            Err(error) => {
                to.close(target);
                Err(error)
            }
        }
    });
    from.close(source);
    copied
}
