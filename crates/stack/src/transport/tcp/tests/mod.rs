//! Two TCPs in virtual time, and whole conversations between them.

mod arrivals;
mod conversation;
mod delivery;
mod harness;
mod predicted;
