//! What goes over the control connection, and how files look on a data connection. No I/O.

pub mod address;
pub mod command;
pub mod facts;
pub mod line;
pub mod path;
pub mod reply;
pub mod text;
