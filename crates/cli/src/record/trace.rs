//! The trace: one JSON object a line for every event. `docs/trace.md` describes its form.

mod line;

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use wirelab_sim::{Component, Recorder};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest};

use self::line::{Header, Line, body};

use crate::exit::Failure;
use crate::output_file::OutputFile;
use crate::summary::Summarizer;
use crate::topology::Topology;

/// The version of the trace's form. It grows when a field changes its meaning or goes; new fields and new kinds
/// of events do not count.
pub const VERSION: u32 = 1;

/// Writes the trace.
#[derive(Debug)]
pub struct TraceRecorder<W: Write = OutputFile> {
    writer: W,
    error: Option<io::Error>,
    topology: Arc<Topology>,
    summarizer: Summarizer,
}

impl<W: Write> TraceRecorder<W> {
    /// Writes the first line, which names the form's version and the run.
    pub fn new(writer: W, topology: Arc<Topology>, scenario: &str, seed: u64) -> Self {
        let mut recorder = Self { writer, error: None, topology, summarizer: Summarizer::default() };
        let wirelab = env!("CARGO_PKG_VERSION");
        recorder.write(&Header { schema: "wirelab-trace", version: VERSION, wirelab, scenario, seed });
        recorder
    }

    fn write(&mut self, line: &impl Serialize) {
        if self.error.is_some() {
            return;
        }
        let written = serde_json::to_writer(&mut self.writer, line).map_err(io::Error::from);
        self.error = written.and_then(|()| self.writer.write_all(b"\n")).err();
    }
}

impl TraceRecorder<OutputFile> {
    /// Completes the file.
    ///
    /// # Errors
    /// The first error since it was opened.
    pub fn finish(mut self) -> Result<(), Failure> {
        if let Some(error) = self.error {
            self.writer.fail(error);
        }
        self.writer.finish()
    }
}

impl<W: Write + Send + 'static> Recorder for TraceRecorder<W> {
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    fn record(&mut self, now: Instant, at: Component, event: &Event<'_>) {
        // The summarizer learns from what was sent, whatever becomes of the line.
        let summary = match event {
            Event::FrameSent { frame, .. } => Some(self.summarizer.sent(frame)),
            Event::FrameArrived { frame, .. } => Some(self.summarizer.arrived(frame)),
            _ => None,
        };
        let topology = Arc::clone(&self.topology);
        let (host, link, direction) = match at {
            Component::Host(node) => (Some(topology.host(node)), None, None),
            Component::Link { link, direction } => {
                (None, Some(topology.link(link)), Some(topology.direction(link, direction)))
            }
        };
        let body = body(&topology, at, event, summary);
        self.write(&Line { time: now.to_string(), host, link, direction, body });
    }
}

#[cfg(test)]
mod tests;
