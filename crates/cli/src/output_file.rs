//! Files that appear whole or not at all: written under a temporary name, renamed when complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// A file that is being written.
///
/// Dropped before [`finish`](Self::finish), it leaves nothing behind. After the first error nothing more is
/// written; `finish` reports it.
#[derive(Debug)]
pub struct OutputFile {
    /// As the person named it.
    path: PathBuf,
    writer: BufWriter<File>,
    /// Where the octets go until the file is complete, and where they go then. `None` for a device or a pipe,
    /// which is written directly.
    rename: Option<(PathBuf, PathBuf)>,
    error: Option<io::Error>,
}

impl OutputFile {
    /// Opens the temporary file beside `path`.
    ///
    /// # Errors
    /// When the directory or an existing file cannot be written.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::file("write", path, error);
        let (file, rename) = open(path).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            writer: BufWriter::with_capacity(1 << 16, file),
            rename,
            error: None,
        })
    }

    /// The name that the person gave.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers what went wrong, to be reported at the end.
    pub fn fail(&mut self, error: io::Error) {
        self.error.get_or_insert(error);
    }

    /// Whether an error has stopped the writing.
    pub fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Writes what is buffered and gives the file its name.
    ///
    /// # Errors
    /// The first error since it was opened.
    pub fn finish(mut self) -> Result<(), Failure> {
        let result = match self.error.take() {
            Some(error) => Err(error),
            None => self.writer.flush(),
        };
        let result = result.and_then(|()| match self.rename.take() {
            Some((temporary, target)) => fs::rename(&temporary, &target).inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            }),
            None => Ok(()),
        });
        result.map_err(|error| Failure::file("write", &self.path, error))
    }
}

impl Write for OutputFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.error.is_some() {
            return Ok(octets.len());
        }
        self.writer.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some((temporary, _)) = self.rename.take() {
            let _ = fs::remove_file(temporary);
        }
    }
}

fn open(path: &Path) -> io::Result<(File, Option<(PathBuf, PathBuf)>)> {
    let existing = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
        // A rename would put a file in the place of `/dev/null`, or of somebody's pipe.
        Ok(metadata) if !metadata.is_file() => return Ok((OpenOptions::new().write(true).open(path)?, None)),
        Ok(metadata) => {
            // A file that must not be written must not be replaced either.
            OpenOptions::new().write(true).open(path)?;
            Some(metadata.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Through a symbolic link, the file that it leads to is replaced, not the link.
    let target = if existing.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    for attempt in 0..100 {
        let mut temporary_name = std::ffi::OsString::from(".");
        temporary_name.push(name);
        temporary_name.push(format!(".{}-{attempt}.partial", std::process::id()));
        let temporary = target.with_file_name(temporary_name);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => {
                if let Some(permissions) = existing {
                    file.set_permissions(permissions)?;
                }
                return Ok((file, Some((temporary, target))));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("wirelab-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> = fs::read_dir(&self.0)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn the_name_appears_when_the_file_is_whole() {
        let directory = Directory::new("whole");
        let path = directory.0.join("out.txt");
        let mut file = OutputFile::create(&path).unwrap();
        file.write_all(b"text").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"text");
        assert_eq!(directory.names(), ["out.txt"]);
    }

    #[test]
    fn what_is_not_finished_leaves_the_old_file_and_nothing_else() {
        let directory = Directory::new("dropped");
        let path = directory.0.join("out.txt");
        fs::write(&path, "old").unwrap();
        let mut file = OutputFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        let mut file = OutputFile::create(&path).unwrap();
        file.fail(io::Error::from(io::ErrorKind::StorageFull));
        assert!(file.finish().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(directory.names(), ["out.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn through_a_link_the_target_is_replaced() {
        let directory = Directory::new("link");
        let (target, link) = (directory.0.join("target"), directory.0.join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut file = OutputFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_and_not_replaced() {
        let mut file = OutputFile::create(Path::new("/dev/null")).unwrap();
        assert!(file.rename.is_none());
        file.write_all(b"gone").unwrap();
        file.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_directory_that_is_missing_is_told() {
        let failure = OutputFile::create(Path::new("/no/such/directory/out")).unwrap_err();
        assert!(failure.to_string().starts_with("cannot write /no/such/directory/out: "), "{failure}");
    }
}
