//! wirelab's scenario files: the model, the reader with its diagnostics, the run, and its report.
//!
//! ```text
//! text + overrides ─▶ document (a tree that knows where it stands) ─▶ model ─▶ plan ─▶ world ─▶ report
//! ```

mod counters;
mod diagnostic;
mod document;
mod errors;
mod model;
mod near;
mod plan;
mod read;
mod report;
mod run;
mod scenario;
mod schema;
pub mod shipped;
mod source;
mod units;
mod verdict;
mod watch;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use document::Override;
pub use report::{
    ApplicationReport, ApplicationState, ConnectionReport, Counters, ExpectationReport, HostReport,
    LinkReport, Outcome, REPORT_VERSION, Report, WaitingReport,
};
pub use run::Run;
pub use scenario::Scenario;
pub use shipped::{Shipped, TEMPLATE, shipped};
