//! wirelab: cli.
