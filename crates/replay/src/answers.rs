//! What storages say, as it is written.

use std::io::ErrorKind;

use wirelab_stack::clock::Timestamp;
use wirelab_stack::storage::{Entry, Metadata, StorageError};

use crate::record::{Known, Reason};

/// The system's own reasons that have a name, in an order that never changes: new ones go to the end. The first stands for
/// all that have none.
const KINDS: [ErrorKind; 27] = [
    ErrorKind::Other,
    ErrorKind::NotFound,
    ErrorKind::PermissionDenied,
    ErrorKind::AlreadyExists,
    ErrorKind::WouldBlock,
    ErrorKind::NotADirectory,
    ErrorKind::IsADirectory,
    ErrorKind::DirectoryNotEmpty,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::StaleNetworkFileHandle,
    ErrorKind::InvalidInput,
    ErrorKind::InvalidData,
    ErrorKind::TimedOut,
    ErrorKind::WriteZero,
    ErrorKind::StorageFull,
    ErrorKind::NotSeekable,
    ErrorKind::QuotaExceeded,
    ErrorKind::FileTooLarge,
    ErrorKind::ResourceBusy,
    ErrorKind::ExecutableFileBusy,
    ErrorKind::Deadlock,
    ErrorKind::CrossesDevices,
    ErrorKind::TooManyLinks,
    ErrorKind::InvalidFilename,
    ErrorKind::Interrupted,
    ErrorKind::UnexpectedEof,
    ErrorKind::OutOfMemory,
];

impl From<StorageError> for Reason {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound => Self::NotFound,
            StorageError::Exists => Self::Exists,
            StorageError::IsDirectory => Self::IsDirectory,
            StorageError::NotDirectory => Self::NotDirectory,
            StorageError::NotEmpty => Self::NotEmpty,
            StorageError::NoSpace => Self::NoSpace,
            StorageError::TooManyFiles => Self::TooManyFiles,
            StorageError::TooManyOpen => Self::TooManyOpen,
            StorageError::NotOpen => Self::NotOpen,
            StorageError::Invalid => Self::Invalid,
            StorageError::Denied => Self::Denied,
            StorageError::Failed(kind) => {
                Self::Failed(KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u8)
            }
        }
    }
}

impl From<Reason> for StorageError {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::NotFound => Self::NotFound,
            Reason::Exists => Self::Exists,
            Reason::IsDirectory => Self::IsDirectory,
            Reason::NotDirectory => Self::NotDirectory,
            Reason::NotEmpty => Self::NotEmpty,
            Reason::NoSpace => Self::NoSpace,
            Reason::TooManyFiles => Self::TooManyFiles,
            Reason::TooManyOpen => Self::TooManyOpen,
            Reason::NotOpen => Self::NotOpen,
            Reason::Invalid => Self::Invalid,
            Reason::Denied => Self::Denied,
            Reason::Failed(place) => {
                Self::Failed(KINDS.get(usize::from(place)).copied().unwrap_or(ErrorKind::Other))
            }
        }
    }
}

impl From<Metadata> for Known {
    fn from(metadata: Metadata) -> Self {
        let Metadata { length, modified, is_directory } = metadata;
        Self { length, modified: modified.as_nanosecond(), is_directory }
    }
}

impl From<Known> for Metadata {
    fn from(known: Known) -> Self {
        let Known { length, modified, is_directory } = known;
        Self { length, modified: Timestamp::from_nanosecond(modified).unwrap_or_default(), is_directory }
    }
}

/// A line of a listing.
pub(crate) fn entry((name, known): (String, Known)) -> Entry {
    Entry { name, metadata: known.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_come_back_as_they_were() {
        let all = [
            StorageError::NotFound,
            StorageError::Exists,
            StorageError::IsDirectory,
            StorageError::NotDirectory,
            StorageError::NotEmpty,
            StorageError::NoSpace,
            StorageError::TooManyFiles,
            StorageError::TooManyOpen,
            StorageError::NotOpen,
            StorageError::Invalid,
            StorageError::Denied,
        ];
        for error in all.into_iter().chain(KINDS.map(StorageError::Failed)) {
            assert_eq!(StorageError::from(Reason::from(error)), error);
        }
        let nameless = StorageError::Failed(ErrorKind::ConnectionReset);
        assert_eq!(StorageError::from(Reason::from(nameless)), StorageError::Failed(ErrorKind::Other));
        assert_eq!(StorageError::from(Reason::Failed(255)), StorageError::Failed(ErrorKind::Other));
    }

    #[test]
    fn a_date_that_is_none_is_the_beginning_of_dates() {
        let known = Known { length: 7, modified: i128::MAX, is_directory: false };
        assert_eq!(Metadata::from(known).modified, Timestamp::default());
        let metadata = Metadata { length: 7, modified: Timestamp::MIN, is_directory: true };
        assert_eq!(Metadata::from(Known::from(metadata)), metadata);
    }
}
