//! Two TCPs in virtual time, and whole conversations between them.

mod arrivals;
mod borders;
mod calls;
mod claims;
mod controller;
mod conversation;
mod corners;
mod delivery;
mod harness;
mod predicted;
mod rules;
mod super_frames;
mod timing;
mod told;
mod told_closing;

pub use told::still;
