//! FTP (RFC 959): files over two connections, one for commands and one for what they move.
//!
//! | file | holds |
//! |---|---|
//! | `codec/` | lines without Telnet, commands, replies, addresses, paths, facts, lines of text |

pub mod codec;
