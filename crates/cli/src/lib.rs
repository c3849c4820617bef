//! wirelab: cli.
pub mod console;
pub mod exit;
pub mod ladder;
pub mod output_file;
pub mod record;
pub mod suggest;
pub mod summary;
pub mod tables;
#[cfg(test)]
mod test_frames;
pub mod topology;
pub mod words;
