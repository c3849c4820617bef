//! DHCP (RFC 2131): an address on loan, and what goes with it.
//!
//! | file | holds |
//! |---|---|
//! | `codec` | messages |
//! | `client/` | a state machine without I/O, and the application around it |
//! | `server/` | the same for a server, with its table of leases |

pub mod client;
pub mod codec;
pub mod server;
#[cfg(test)]
mod tests;
