//! The files that a run writes for whoever looks into it: each is opened before it begins, and completed at its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wirelab_sim::Recorders;

use super::pcap::PcapRecorder;
use super::series::SeriesRecorder;
use super::trace::TraceRecorder;
use crate::exit::Failure;
use crate::output_file::OutputFile;
use crate::topology::Topology;

/// What is written, by the options that ask for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outputs<'a> {
    /// `--pcap`
    pub pcap: Option<&'a Path>,
    /// `--trace`
    pub trace: Option<&'a Path>,
    /// `--series`
    pub series: Option<&'a Path>,
}

impl Outputs<'_> {
    /// Opens the files, and lets their writers watch. `title` and `seed` stand in the files. `input` is a file that is read
    /// and must not be overwritten.
    ///
    /// # Errors
    /// When a file cannot be written, or would destroy another.
    pub fn open(
        &self,
        recorders: &mut Recorders,
        topology: &Arc<Topology>,
        (title, seed): (&str, u64),
        input: Option<(&str, &Path)>,
    ) -> Result<(), Failure> {
        let named = [("--pcap", self.pcap), ("--trace", self.trace), ("--series", self.series)];
        must_differ(input, named)?;
        if let Some(path) = self.pcap {
            let recorder = PcapRecorder::new(OutputFile::create(path)?, topology, title, seed);
            recorders.add(Box::new(recorder.map_err(|error| Failure::file("write", path, error))?));
        }
        if let Some(path) = self.trace {
            let recorder = TraceRecorder::new(OutputFile::create(path)?, Arc::clone(topology), title, seed);
            recorders.add(Box::new(recorder));
        }
        if let Some(path) = self.series {
            recorders.add(Box::new(SeriesRecorder::new(OutputFile::create(path)?, Arc::clone(topology))));
        }
        Ok(())
    }
}

/// Completes all files, also behind one that fails.
///
/// # Errors
/// The first of those that cannot be completed.
pub fn finish(recorders: &mut Recorders) -> Result<(), Failure> {
    let pcap = recorders.take::<PcapRecorder>().map(|recorder| recorder.finish());
    let trace = recorders.take::<TraceRecorder>().map(|recorder| recorder.finish());
    let series = recorders.take::<SeriesRecorder>().map(|recorder| recorder.finish());
    [pcap, trace, series].into_iter().flatten().fold(Ok(()), Result::and)
}

/// Two outputs in one file, or one in the place of what is read, would destroy each other.
fn must_differ(input: Option<(&str, &Path)>, named: [(&str, Option<&Path>); 3]) -> Result<(), Failure> {
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    if let Some((what, path)) = input.filter(|(_, path)| path.is_file()) {
        seen.push((what, whole(path)));
    }
    for (option, path) in named {
        let Some(path) = path else { continue };
        let path = whole(path);
        let is_file = !path.exists() || path.is_file();
        if let Some((other, _)) = seen.iter().find(|(_, known)| is_file && *known == path) {
            let text = format!("{option} would overwrite {other}: both are {}", path.display());
            return Err(Failure::Usage(text));
        }
        seen.push((option, path));
    }
    Ok(())
}
