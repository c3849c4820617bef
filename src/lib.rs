//! A TCP/IP stack in four layers, and a deterministic network simulator to run it in.
//!
//! - [`stack`]: hosts as values, without I/O: Ethernet to TCP, sockets, applications.
//! - [`sim`]: virtual time, impaired links, async applications, recorders.
//! - [`scenario`]: scenario files and what they expect.

pub use wirelab_scenario as scenario;
pub use wirelab_sim as sim;
pub use wirelab_stack as stack;
