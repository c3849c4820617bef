//! What goes over the connection, and how a message is stored. No I/O.

pub mod address;
pub mod data;
pub mod line;
pub mod reply;
pub mod request;
pub mod stored;
