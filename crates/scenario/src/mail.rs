//! The messages that are stored on hosts, for the report.

use wirelab_sim::World;
use wirelab_stack::application::smtp::codec::stored;
use wirelab_stack::frame::NodeId;
use wirelab_stack::storage::{FilePath, Storage, StorageError};

use crate::plan::{Plan, Subject};
use crate::report::{MailReport, MessageReport, TextReport};
use crate::watch::sha256;

/// Messages of one store that are looked at.
const MESSAGES: usize = 100_000;
/// Octets of one message that are looked at.
const OCTETS: u64 = 1 << 30;

/// The mail in the stores that expectations name; `nodes` are those of the plan's hosts.
pub fn collect(plan: &Plan, world: &mut World, nodes: &[NodeId]) -> Vec<MailReport> {
    let mut stores: Vec<MailReport> = Vec::new();
    for expectation in &plan.expectations {
        let Subject::Mail(check) = &expectation.subject else { continue };
        let (host, store) = (&check.store.host, check.store.path.to_string());
        let mut storage = |name: &str, act: &mut dyn FnMut(&mut dyn Storage)| {
            let place = plan.hosts.iter().position(|host| host.name == name);
            if let Some(storage) = place.and_then(|place| world.storage_mut(*nodes.get(place)?)) {
                act(&mut **storage);
            }
        };
        let known = stores.iter().position(|known| known.host == *host && known.store == store);
        let known = known.unwrap_or_else(|| {
            let mut found = Vec::new();
            storage(host, &mut |storage| found = messages(storage, &check.store.path));
            stores.push(MailReport { host: host.clone(), store, messages: found, texts: Vec::new() });
            stores.len() - 1
        });
        let Some(file) = &check.same_as else { continue };
        let mut sha256 = None;
        storage(&file.host, &mut |storage| sha256 = hash_of_text(storage, &file.path));
        let text = TextReport { host: file.host.clone(), path: file.path.to_string(), sha256 };
        if !stores[known].texts.contains(&text) {
            stores[known].texts.push(text);
        }
    }
    stores
}

/// The messages in a directory, in the order of their names. What is no message is passed over.
fn messages(storage: &mut dyn Storage, store: &FilePath) -> Vec<MessageReport> {
    let entries = storage.list(store).unwrap_or_default();
    let mut found = Vec::new();
    for entry in entries.into_iter().filter(|entry| !entry.metadata.is_directory).take(MESSAGES) {
        let Ok(path) = store.join(&entry.name) else { continue };
        let Ok(octets) = read(storage, &path) else { continue };
        let Some((envelope, text)) = stored::read(&octets) else { continue };
        found.push(MessageReport {
            path: path.to_string(),
            sender: envelope.from.map(|from| from.to_string()),
            recipients: envelope.to.iter().map(ToString::to_string).collect(),
            length: text.len() as u64,
            sha256: text_hash(text),
        });
    }
    found
}

/// The SHA-256 of a file's text; nothing where there is no such file.
fn hash_of_text(storage: &mut dyn Storage, path: &FilePath) -> Option<String> {
    read(storage, path).ok().map(|octets| text_hash(&octets))
}

/// The SHA-256 of a text as mail carries it: each line ends with CR LF, the last too.
fn text_hash(text: &[u8]) -> String {
    let mut wire = Vec::with_capacity(text.len() + text.len() / 32 + 2);
    for octet in text {
        if *octet == b'\n' && wire.last() != Some(&b'\r') {
            wire.push(b'\r');
        }
        wire.push(*octet);
    }
    if !wire.is_empty() && wire.last() != Some(&b'\n') {
        wire.extend(b"\r\n");
    }
    sha256(&wire)
}

fn read(storage: &mut dyn Storage, path: &FilePath) -> Result<Vec<u8>, StorageError> {
    let (file, metadata) = storage.open(path)?;
    let mut octets = Vec::new();
    let read = loop {
        match storage.read_at(file, octets.len() as u64, 1 << 20) {
            Ok(more) if more.is_empty() => break Ok(()),
            Ok(_) if metadata.length > OCTETS => break Err(StorageError::NoSpace),
            Ok(more) => octets.extend_from_slice(&more),
            Err(error) => break Err(error),
        }
    };
    storage.close(file);
    read.map(|()| octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_the_lines_makes_no_other_text() {
        assert_eq!(text_hash(b"a\nb"), text_hash(b"a\r\nb\r\n"));
        assert_eq!(text_hash(b""), sha256(b""));
        assert_ne!(text_hash(b"a\n\nb"), text_hash(b"a\nb"));
    }
}
