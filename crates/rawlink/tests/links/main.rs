//! Real links against the kernel's own stack, in a network namespace of each test's own.

mod hand;
mod ip;
mod raw;
mod support;
mod system;
mod tap;
