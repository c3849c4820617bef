//! The packet lab against the kernel's own stack: the program on a TAP device, in a network namespace of each test's own.
#![cfg(target_os = "linux")]

mod connect;
mod emulate;
mod namespace;
mod ping;
mod record;
mod refusals;
mod serve;
mod stations;
