//! The tutorial's two servers and their clients: upper case for one receive, and for a session.
//!
//! | where is … | look in |
//! |---|---|
//! | upper case of a stream cut anywhere | [`UpperCase`] |
//! | one receive, one answer (port 6999) | [`once`] |
//! | until the peer closes (port 9999) | [`session`] |

mod codec;
pub mod once;
pub mod session;

pub use codec::{UpperCase, upper_case};

/// Connections that may wait to be accepted, as the tutorial has it.
pub const BACKLOG: usize = 5;
