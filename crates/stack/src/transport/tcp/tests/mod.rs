//! Two TCPs in virtual time, and whole conversations between them.

mod conversation;
mod delivery;
mod harness;
