//! How the command ends.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wirelab_rawlink::{DriverError, LinkError};
use wirelab_replay::Stop;

use crate::lab::clock::LabError;

/// The exit codes, which scripts may rely on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Code {
    /// What was asked was done, and every expectation held.
    Held = 0,
    /// An expectation failed, or the run ended in a deadlock or at a limit.
    Failed = 1,
    /// The command line or a file is wrong.
    Usage = 2,
    /// The system does not let us read or write what is needed.
    Permission = 3,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why the command could not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The command line or a file is wrong, as the text says.
    Usage(String),
    /// A file could not be read or written.
    File {
        /// What was tried: `read`, `write`.
        verb: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Standard output could not be written.
    Output(io::Error),
    /// A real link cannot be used, or is gone.
    Lab(DriverError),
    /// The record of a run cannot be written.
    Record(io::Error),
    /// The record that is run again goes on no further.
    Replay(Stop),
}

impl Failure {
    /// A file that could not be read or written.
    pub fn file(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Self::File { verb, path: path.to_owned(), error }
    }

    /// The exit code for it.
    pub fn code(&self) -> Code {
        match self {
            Self::File { error, .. } | Self::Output(error) | Self::Record(error) if is_forbidden(error) => {
                Code::Permission
            }
            Self::Lab(DriverError::Link(error)) if error.missing_capability().is_some() => Code::Permission,
            Self::Replay(_) => Code::Failed,
            _ => Code::Usage,
        }
    }

    /// Whether nobody reads our output any more: nothing to complain about.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => f.write_str(text),
            Self::File { verb, path, error } => write!(f, "cannot {verb} {}: {error}", path.display()),
            Self::Output(error) => write!(f, "cannot write to standard output: {error}"),
            Self::Lab(error) => error.fmt(f),
            Self::Record(error) => write!(f, "cannot write the record: {error}"),
            Self::Replay(stop) => stop.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    /// Errors without a file are standard output's.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        Self::Lab(error)
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        match error {
            LabError::Driver(error) => Self::Lab(error),
            LabError::Record(error) => Self::Record(error),
            LabError::Replay(stop) => Self::Replay(stop),
        }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Replay(stop)
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::Lab(DriverError::Link(error))
    }
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_forbidden_is_a_matter_of_permission() {
        let of = |kind| Failure::file("write", Path::new("x"), io::Error::from(kind)).code();
        assert_eq!(of(io::ErrorKind::PermissionDenied), Code::Permission);
        assert_eq!(of(io::ErrorKind::ReadOnlyFilesystem), Code::Permission);
        assert_eq!(of(io::ErrorKind::NotFound), Code::Usage);
    }

    #[test]
    fn a_failure_names_the_file_and_the_reason() {
        let failure = Failure::file("write", Path::new("out.csv"), io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(failure.to_string(), "cannot write out.csv: entity not found");
    }
}
