//! wirelab's scenario files: the model, the reader with its diagnostics, the run, and its report.
//!
//! ```text
//! text + overrides ─▶ document (a tree that knows where it stands) ─▶ model ─▶ plan ─▶ world ─▶ report
//! ```
//!
//! | where is … | look in |
//! |---|---|
//! | the TOML tree, `--set` | `document` |
//! | how fields are read, and what is unknown or missing | `read` |
//! | `20 ms`, `10 Mbit/s`, `5 %`, addresses | `units` |
//! | the format, field by field | `model` |
//! | references, and what makes no sense together | `plan` |
//! | the world, made from the plan | [`Run`] |
//! | whether what was expected is what happened | `verdict` |
//! | a link's settings as options | [`read_wire`] |
//!
//! ```
//! use wirelab_scenario::Scenario;
//!
//! let text = r#"
//!     host = [
//!         { name = "client", interface = [{ addresses = ["10.0.0.1/24"] }] },
//!         { name = "server", interface = [{ addresses = ["10.0.0.2/24"] }] },
//!     ]
//!     link = [{ name = "wire", between = ["client", "server"], delay = "5 ms" }]
//!     application = [{ name = "ping", host = "client", app = "ping", to = "server", count = 3 }]
//!     expect = [{ application = "ping", finished_before = "4 s" }]
//! "#;
//! let scenario = Scenario::from_text("ping.toml", text, &[]).unwrap();
//! let report = scenario.build(scenario.seed()).execute(&mut |_| {});
//! assert!(report.held);
//! assert_eq!(report.hosts[1].counters.get("echo_replies_sent"), Some(3));
//!
//! let misspelt = Scenario::from_text("ping.toml", &text.replace("delay", "dealy"), &[]);
//! assert!(misspelt.unwrap_err().to_string().contains("did you mean `delay`?"));
//! ```

mod counters;
mod diagnostic;
mod document;
mod errors;
mod mail;
mod model;
mod near;
mod plan;
mod read;
mod report;
mod run;
mod scenario;
mod schema;
pub mod shipped;
mod shown;
mod source;
mod typing;
mod units;
mod verdict;
mod watch;
mod wire;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use document::Override;
pub use plan::Directory;
pub use report::{
    ApplicationReport, ApplicationState, ConnectionReport, Counters, DeviceReport, ExpectationReport,
    FileReport, HostReport, InterfaceReport, LinkReport, MailReport, MessageReport, Outcome, REPORT_VERSION,
    Report, ResultReport, TextReport, WaitingReport,
};
pub use run::Run;
pub use scenario::Scenario;
pub use shipped::{Shipped, TEMPLATE, shipped};
pub use shown::{NotShownReport, RowReport, ShownReport};
pub use typing::{Input, Nobody, Typist};
pub use units::Moment;
pub use wire::{WireSetting, read_wire};
