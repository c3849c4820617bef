//! wirelab: cli.
pub mod console;
pub mod exit;
pub mod output_file;
pub mod record;
pub mod suggest;
pub mod summary;
#[cfg(test)]
mod test_frames;
pub mod topology;
