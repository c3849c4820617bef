//! Whether files are as expected.

use super::{count, quoted, verdict};
use crate::plan::FileCheck;
use crate::report::{ExpectationReport, FileReport};
use crate::units::HostFile;
use crate::watch::sha256;

/// Judges what is expected of `file`.
pub fn judge(file: &HostFile, check: &FileCheck, files: &[FileReport]) -> ExpectationReport {
    let find = |wanted: &HostFile| {
        let name = wanted.path.to_string();
        files.iter().find(|known| known.host == wanted.host && known.path == name)
    };
    let name = format!("{}:{}", file.host, file.path);
    let seen = find(file).and_then(|known| known.sha256.as_deref().map(|hash| (known.length, hash)));
    let detail = match seen {
        Some((length, hash)) => format!("it has {}, SHA-256 {hash}", count(length)),
        None => "there is no such file".to_owned(),
    };
    let (text, held) = match check {
        FileCheck::Exists(true) => (format!("there is a file {name}"), seen.is_some()),
        FileCheck::Exists(false) => (format!("there is no file {name}"), seen.is_none()),
        FileCheck::Sha256(hash) => {
            (format!("{name} has octets with SHA-256 {hash}"), seen.is_some_and(|(_, seen)| seen == hash))
        }
        FileCheck::Text(text) => {
            let same = seen.is_some_and(|(_, seen)| seen == sha256(text.as_bytes()));
            (format!("{name} has exactly {}", quoted(text)), same)
        }
        FileCheck::Length(bounds) => (
            format!("{name}: its length {}", bounds.describe()),
            seen.is_some_and(|(length, _)| bounds.hold(length)),
        ),
        FileCheck::Same(other) => {
            let same = find(other).and_then(|known| known.sha256.as_deref());
            let text = format!("{name} has the same octets as {}:{}", other.host, other.path);
            (text, seen.is_some_and(|(_, seen)| same == Some(seen)))
        }
    };
    verdict(text, held, detail)
}
