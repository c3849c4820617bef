//! Why a call on a storage failed.

use core::fmt;
use std::io;

/// Why a call on a storage failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageError {
    /// There is no such file or directory.
    NotFound,
    /// There is one already.
    Exists,
    /// It is a directory, and a file was meant.
    IsDirectory,
    /// It is a file, and a directory was meant.
    NotDirectory,
    /// The directory is not empty.
    NotEmpty,
    /// There is no room for so many octets.
    NoSpace,
    /// There is no room for one more file or directory.
    TooManyFiles,
    /// There are too many open files.
    TooManyOpen,
    /// The file is not open, or not for that.
    NotOpen,
    /// A directory cannot become a part of itself, and the root cannot be moved or removed.
    Invalid,
    /// It may not be reached: it leads out of the root, or its system forbids it.
    Denied,
    /// Its system failed otherwise.
    Failed(io::ErrorKind),
}

impl StorageError {
    const fn kind(self) -> io::ErrorKind {
        match self {
            Self::NotFound => io::ErrorKind::NotFound,
            Self::Exists => io::ErrorKind::AlreadyExists,
            Self::IsDirectory => io::ErrorKind::IsADirectory,
            Self::NotDirectory => io::ErrorKind::NotADirectory,
            Self::NotEmpty => io::ErrorKind::DirectoryNotEmpty,
            Self::NoSpace | Self::TooManyFiles => io::ErrorKind::StorageFull,
            Self::TooManyOpen => io::ErrorKind::QuotaExceeded,
            Self::NotOpen | Self::Invalid => io::ErrorKind::InvalidInput,
            Self::Denied => io::ErrorKind::PermissionDenied,
            Self::Failed(kind) => kind,
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such file or directory",
            Self::Exists => "it exists already",
            Self::IsDirectory => "it is a directory",
            Self::NotDirectory => "it is not a directory",
            Self::NotEmpty => "the directory is not empty",
            Self::NoSpace => "there is no space left",
            Self::TooManyFiles => "there is no room for one more file",
            Self::TooManyOpen => "too many files are open",
            Self::NotOpen => "the file is not open for that",
            Self::Invalid => "that cannot be done with this directory",
            Self::Denied => "permission denied",
            Self::Failed(kind) => return kind.fmt(f),
        })
    }
}

impl core::error::Error for StorageError {}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        Self::new(error.kind(), error)
    }
}
