//! A session from log-in to `QUIT`, and directories with what is below them.

use super::control::Control;
use super::transfer::{Session, local};
use super::{Config, Failure, Get, Put};
use crate::application::ftp::codec::command::{Command, Representation};
use crate::application::ftp::codec::facts::{Facts, Kind};
use crate::application::ftp::codec::reply::Reply;
use crate::clock::Timestamp;
use crate::socket::net::{fs, report};
use crate::storage::{FilePath, StorageError};

/// Files and directories that one session mirrors.
pub const FILES: usize = 100_000;
/// Directories below each other that are mirrored.
pub const DEPTH: usize = 32;

/// Logs in, does what is to be done, and leaves.
pub(super) async fn session(config: &Config) -> Result<(), Failure> {
    let mut control = Control::open(config.remote).await?;
    log_in(&mut control, (&config.user, &config.password)).await?;
    let mut session = Session::new(control, config.active, config.representation);
    let mut mirror = Mirror { session: &mut session, seen: 0 };
    for path in &config.lists {
        for line in mirror.session.listing(&Command::List(Some(path.clone()))).await? {
            report(line);
        }
    }
    for Get { from, to } in &config.gets {
        mirror.get(from, to).await?;
    }
    for Put { from, to } in &config.puts {
        mirror.put(from, to).await?;
    }
    // All is done, whatever the server says to this.
    let _ = session.control.ask(&Command::Quit).await;
    Ok(())
}

/// Says who it is.
pub(in crate::application) async fn log_in(
    control: &mut Control,
    (user, password): (&str, &str),
) -> Result<(), Failure> {
    let mut reply = control.ask(&Command::User(user.to_owned())).await?;
    if reply.code == 331 {
        reply = control.ask(&Command::Pass(password.to_owned())).await?;
    }
    match reply.code {
        230 | 202 => Ok(()),
        _ => Err(Failure::refused("cannot log in", &reply)),
    }
}

struct Mirror<'a> {
    session: &'a mut Session,
    /// Files and directories so far.
    seen: usize,
}

/// A name in a directory of the server's.
struct Remote {
    name: String,
    is_directory: bool,
    size: Option<u64>,
    modified: Option<Timestamp>,
}

impl Mirror<'_> {
    fn count(&mut self, depth: usize) -> Result<(), Failure> {
        self.seen += 1;
        if self.seen > FILES || depth > DEPTH {
            return Err(Failure::permanent("there are too many files, or directories below each other"));
        }
        Ok(())
    }

    /// Fetches a file, or a directory with all that is below it.
    async fn get(&mut self, from: &str, to: &FilePath) -> Result<(), Failure> {
        if !self.is_directory(from).await? {
            return self.session.download(from, to).await;
        }
        let mut left = vec![(from.to_owned(), to.clone(), 0)];
        while let Some((from, to, depth)) = left.pop() {
            make_local(&to)?;
            for remote in self.entries(&from).await? {
                self.count(depth)?;
                let path = below(&from, &remote.name);
                let to =
                    to.join(&remote.name).map_err(|error| Failure::permanent(format!("{path}: {error}")))?;
                if remote.is_directory {
                    left.push((path, to, depth + 1));
                } else if !is_fetched(&to, &remote) {
                    self.session.download(&path, &to).await?;
                }
            }
        }
        Ok(())
    }

    /// Brings a file, or a directory with all that is below it.
    async fn put(&mut self, from: &FilePath, to: &str) -> Result<(), Failure> {
        let metadata = fs::metadata(from).map_err(|error| local(from, error))?;
        if !metadata.is_directory {
            return self.session.upload(from, to).await;
        }
        let mut left = vec![(from.clone(), to.to_owned(), 0)];
        while let Some((from, to, depth)) = left.pop() {
            self.make_remote(&to).await?;
            for entry in fs::list(&from).map_err(|error| local(&from, error))? {
                self.count(depth)?;
                let path = from.join(&entry.name).map_err(|error| Failure::permanent(error.to_string()))?;
                let to = below(&to, &entry.name);
                if entry.metadata.is_directory {
                    left.push((path, to, depth + 1));
                } else if !self.is_brought(&to, &entry.metadata).await? {
                    self.session.upload(&path, &to).await?;
                }
            }
        }
        Ok(())
    }

    async fn is_directory(&mut self, path: &str) -> Result<bool, Failure> {
        let reply = self.session.control.ask(&Command::Mlst(Some(path.to_owned()))).await?;
        if reply.code == 250
            && let Some(facts) = reply.lines.get(1).and_then(|line| Facts::parse(line))
            && let Some(kind) = facts.kind
        {
            return Ok(matches!(kind, Kind::Directory | Kind::This | Kind::Parent));
        }
        if reply.code == 550 {
            return Err(Failure::refused(path, &reply));
        }
        // A server that knows RFC 959 §4.1 alone: what has a size is a file.
        if self.session.size(path).await?.is_some() {
            return Ok(false);
        }
        self.is_entered(path).await
    }

    /// Whether a directory can be entered; the session is in the root afterwards.
    async fn is_entered(&mut self, path: &str) -> Result<bool, Failure> {
        let entered = self.session.control.ask(&Command::Cwd(path.to_owned())).await?.is_completion();
        if entered {
            self.session.control.must(&Command::Cwd("/".to_owned())).await?;
        }
        Ok(entered)
    }

    /// What is in a directory of the server's. Its names are names, whatever the server says.
    async fn entries(&mut self, path: &str) -> Result<Vec<Remote>, Failure> {
        let facts = self.session.listing(&Command::Mlsd(Some(path.to_owned()))).await;
        let mut found = Vec::new();
        match facts {
            Ok(lines) => {
                for facts in lines.iter().filter_map(|line| Facts::parse(line)) {
                    let is_directory = match facts.kind {
                        Some(Kind::File) => false,
                        Some(Kind::Directory) => true,
                        // The directory itself, the one above, and what is neither file nor directory.
                        _ => continue,
                    };
                    let Facts { name, size, modify, .. } = facts;
                    found.push(Remote { name, is_directory, size, modified: modify });
                }
            }
            Err(failure) if !failure.unknown => return Err(failure),
            // RFC 959 §4.1.3 is all that it knows.
            Err(_) => {
                for line in self.session.listing(&Command::Nlst(Some(path.to_owned()))).await? {
                    let name = line.rsplit('/').next().unwrap_or_default().to_owned();
                    let is_directory = self.is_directory(&below(path, &name)).await?;
                    found.push(Remote { name, is_directory, size: None, modified: None });
                }
            }
        }
        match found.iter().find(|remote| !is_name(&remote.name)) {
            Some(wrong) => Err(Failure::permanent(format!("`{}` in {path} is no name", wrong.name))),
            None => Ok(found),
        }
    }

    async fn make_remote(&mut self, path: &str) -> Result<(), Failure> {
        let reply: Reply = self.session.control.ask(&Command::Mkd(path.to_owned())).await?;
        if reply.is_completion() || self.is_entered(path).await? {
            return Ok(());
        }
        Err(Failure::refused(format!("cannot make {path}"), &reply))
    }

    /// Whether the server has a file already, as it is here.
    async fn is_brought(&mut self, path: &str, here: &crate::storage::Metadata) -> Result<bool, Failure> {
        if self.session.representation == Representation::Ascii {
            return Ok(false);
        }
        let same = self.session.size(path).await? == Some(here.length);
        Ok(same && self.session.modified(path).await?.is_some_and(|written| written >= here.modified))
    }
}

/// Whether the host has a file already, as the server does.
fn is_fetched(path: &FilePath, remote: &Remote) -> bool {
    let Ok(here) = fs::metadata(path) else { return false };
    let fresh = remote.modified.is_some_and(|written| written <= here.modified);
    !here.is_directory && remote.size == Some(here.length) && fresh
}

/// Makes a directory of the host's, and those above it.
fn make_local(path: &FilePath) -> Result<(), Failure> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_directory) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        // As deep as a path is long, which is bounded.
        make_local(&parent)?;
    }
    match fs::create_directory(path) {
        Ok(()) => Ok(()),
        Err(StorageError::Exists) => Err(local(path, StorageError::NotDirectory)),
        Err(error) => Err(local(path, error)),
    }
}

/// The path of a name in a directory.
fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{}/{name}", directory.trim_end_matches('/')) }
}

/// A server could send any text for a name; one with a step in it would be written elsewhere.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\']) && !name.chars().any(char::is_control)
}
