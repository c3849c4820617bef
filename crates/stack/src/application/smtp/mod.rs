//! SMTP (RFC 5321): mail from one host to another.
//!
//! | file | holds |
//! |---|---|
//! | `codec/` | lines, requests, replies, addresses, texts with their dots, stored messages |
//! | `server/` | a state machine without I/O, and the application around it, which stores each message as a file |
//! | `client/` | what can be sent to a server as it is, and the application that sends it |

pub mod client;
pub mod codec;
pub mod server;

/// The port (RFC 5321 §4.5.4.2).
pub const PORT: u16 = 25;
