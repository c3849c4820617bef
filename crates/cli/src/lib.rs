//! wirelab: cli.
pub mod summary;
