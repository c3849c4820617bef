//! wirelab's scenario files: the model, the reader with its diagnostics, the run, and its report.
//!
//! ```text
//! text + overrides ─▶ document (a tree that knows where it stands) ─▶ model ─▶ plan ─▶ world ─▶ report
//! ```

mod diagnostic;
mod document;
mod model;
mod near;
mod read;
mod report;
mod scenario;
mod schema;
mod source;
mod units;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use document::Override;
pub use report::{
    ApplicationReport, ApplicationState, ConnectionReport, Counters, ExpectationReport, HostReport,
    LinkReport, Outcome, REPORT_VERSION, Report, WaitingReport,
};
pub use scenario::Scenario;
