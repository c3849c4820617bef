//! `wirelab replay`.

use std::path::PathBuf;

use clap::Args;

use super::{LADDER_ROWS, Rows};
use crate::ladder::Limit;

/// Options of `wirelab replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Write each frame, with its cause and fate as a comment, to a pcapng file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write everything that happens, one JSON object a line (see docs/trace.md)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Show so many rows of the ladder, `all`, or `none`
    #[arg(long, value_name = "N|all|none", default_value_t = Rows(Limit::Rows(LADDER_ROWS)))]
    pub ladder: Rows,
    /// Print what came of it as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
    /// What `--record` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}
