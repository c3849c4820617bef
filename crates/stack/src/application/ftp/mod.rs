//! FTP (RFC 959): files over two connections, one for commands and one for what they move.
//!
//! | file | holds |
//! |---|---|
//! | `codec/` | lines without Telnet, commands, replies, addresses, paths, facts, lines of text |
//! | `server/` | a state machine without I/O, and the application around it |
//! | `client/` | the control connection from the other side, and the application that mirrors |
//!
//! In the mode of transfer that everybody uses, a stream, the end of a file is the end of its connection
//! (RFC 959 §3.4.1): who sends and dies seems to have finished. So what is on its way is called
//! [`PART`] at its end, at both sides, and gets its own name when all of it is there.

pub mod client;
pub mod codec;
pub mod server;

use crate::storage::FilePath;

/// The port of the control connection (RFC 959 §8).
pub const PORT: u16 = 21;

/// How the name of a file ends that is not whole yet.
pub const PART: &str = ".part";

/// What a file is called until it is whole; itself, if it is called so already. Nothing where that is too long for a name.
pub fn part_of(path: &FilePath) -> Option<FilePath> {
    if path.is_root() || path.name().ends_with(PART) {
        return Some(path.clone());
    }
    path.parent()?.join(&format!("{}{PART}", path.name())).ok()
}
