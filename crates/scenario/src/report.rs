//! What a run did: the summary that `--json` prints and the tables are made from.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use wirelab_stack::time::{Duration, Instant};

use crate::shown::{NotShownReport, ShownReport};

/// The version of the report's form. It grows when a field changes its meaning or goes; new fields do not count.
pub const REPORT_VERSION: u32 = 2;

/// What a run did. Its fields and their order are part of its form.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The seed of all chance.
    pub seed: u64,
    /// How the run ended.
    pub outcome: Outcome,
    /// Whether the run ended as it should and each expectation held.
    pub held: bool,
    /// Virtual time from the beginning to the end, in seconds with nine decimals.
    #[serde(serialize_with = "seconds")]
    pub virtual_duration: Duration,
    /// Events that the loop handled.
    pub events: u64,
    /// A hash over all events, as 16 hexadecimal digits: the same scenario and seed give the same.
    pub trace_hash: String,
    /// The applications, in the order of the file.
    pub applications: Vec<ApplicationReport>,
    /// The TCP connections, in the order in which they were opened.
    pub connections: Vec<ConnectionReport>,
    /// The hosts, in the order of the file.
    pub hosts: Vec<HostReport>,
    /// The switches, in the order of the file.
    pub switches: Vec<DeviceReport>,
    /// The hubs, in the order of the file.
    pub hubs: Vec<DeviceReport>,
    /// The links' directions, in the order of the file.
    pub links: Vec<LinkReport>,
    /// The tables that were shown, in the order of time.
    pub shown: Vec<ShownReport>,
    /// The tables that were to be shown at a time that the run did not reach.
    pub not_shown: Vec<NotShownReport>,
    /// The files that expectations name, as the run left them.
    pub files: Vec<FileReport>,
    /// The mail in the stores that expectations name, as the run left it.
    pub mail: Vec<MailReport>,
    /// The expectations, in the order of the file.
    pub expectations: Vec<ExpectationReport>,
    /// Who waited for what when a run ended with applications that had not.
    pub waiting: Vec<WaitingReport>,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All applications ended, and no frame is under way.
    Completed,
    /// Nothing can happen any more that would let the waiting applications go on.
    Deadlock,
    /// The virtual time of `stop.until` was reached.
    TimeLimit,
    /// `stop.max_events` events were handled.
    EventLimit,
}

impl Outcome {
    /// Its name in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Deadlock => "deadlock",
            Self::TimeLimit => "time-limit",
            Self::EventLimit => "event-limit",
        }
    }
}

/// Named numbers in a fixed order; a map in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(pub Vec<(&'static str, u64)>);

impl Counters {
    /// The counter of that name.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|(name, _)| *name)
    }

    /// All counters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().copied()
    }
}

impl Serialize for Counters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// How an application ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplicationState {
    /// It had not begun.
    Waiting,
    /// It was running when the run ended.
    Running,
    /// It ended as it meant to.
    Finished,
    /// It ended with an error.
    Failed,
}

impl ApplicationState {
    /// Its name in summaries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

/// What an application did.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationReport {
    /// Its name.
    pub name: String,
    /// The host it ran on.
    pub host: String,
    /// Which application it was, such as `echo-client`.
    pub app: &'static str,
    /// Whether the run did not wait for it.
    pub background: bool,
    /// How it ended.
    pub state: ApplicationState,
    /// When it began, in seconds.
    #[serde(serialize_with = "optional_instant")]
    pub started: Option<Instant>,
    /// When it ended, in seconds.
    #[serde(serialize_with = "optional_instant")]
    pub ended: Option<Instant>,
    /// Why it failed.
    pub error: Option<String>,
    /// Octets that it sent.
    pub sent_bytes: u64,
    /// SHA-256 of what it sent, in hexadecimal.
    pub sent_sha256: String,
    /// Octets that it received.
    pub received_bytes: u64,
    /// SHA-256 of what it received, in hexadecimal.
    pub received_sha256: String,
    /// What it received, while that is short and UTF-8.
    pub received_text: Option<String>,
    /// What it said for people to read.
    pub said: Vec<String>,
    /// What came of what it asked for, in order.
    pub results: Vec<ResultReport>,
}

/// What came of something that an application asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ResultReport {
    /// What it is: `status`, `body_sha256`, `answer`.
    pub name: String,
    /// How it turned out.
    pub value: String,
}

/// What a TCP connection did, as one of its ends saw it.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionReport {
    /// The host of this end.
    pub host: String,
    /// This end's address and port.
    pub local: String,
    /// The other end's address and port.
    pub remote: String,
    /// Whether this end sent the first SYN.
    pub active: bool,
    /// When it was opened, in seconds.
    #[serde(serialize_with = "instant")]
    pub opened: Instant,
    /// When it left the host's table, in seconds; `null` where the run ended first.
    #[serde(serialize_with = "optional_instant")]
    pub ended: Option<Instant>,
    /// Its last state, in the spelling of RFC 9293 §3.3.2.
    pub state: &'static str,
    /// How it ended: `clean`, `reset`, …
    pub ending: &'static str,
    /// What it counted.
    pub counters: Counters,
}

/// What a host did.
#[derive(Clone, Debug, Serialize)]
pub struct HostReport {
    /// Its name.
    pub name: String,
    /// The addresses of its interfaces when the run ended, with their prefix lengths.
    pub addresses: Vec<String>,
    /// What it counted.
    pub counters: Counters,
    /// Its interfaces, in their order.
    pub interfaces: Vec<InterfaceReport>,
}

/// What an interface of a host did.
#[derive(Clone, Debug, Serialize)]
pub struct InterfaceReport {
    /// Its name.
    pub name: String,
    /// What it counted.
    pub counters: Counters,
}

/// What a switch or a hub did.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceReport {
    /// Its name.
    pub name: String,
    /// What it counted.
    pub counters: Counters,
}

/// What one direction of a link did.
#[derive(Clone, Debug, Serialize)]
pub struct LinkReport {
    /// The link's name.
    pub name: String,
    /// The interface that sends in this direction, such as `client.eth0`.
    pub from: String,
    /// The interface that receives.
    pub to: String,
    /// What it counted.
    pub counters: Counters,
}

/// A file when the run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileReport {
    /// Its host.
    pub host: String,
    /// Its path.
    pub path: String,
    /// How many octets it has; 0 where there is none.
    pub length: u64,
    /// SHA-256 of its octets, in hexadecimal; `null` where there is none.
    pub sha256: Option<String>,
}

/// The mail in a store when the run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MailReport {
    /// The store's host.
    pub host: String,
    /// The store's directory.
    pub store: String,
    /// The messages in it, in the order of their files' names.
    pub messages: Vec<MessageReport>,
    /// The files with which expectations compare them.
    pub texts: Vec<TextReport>,
}

/// A message that is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MessageReport {
    /// Its file.
    pub path: String,
    /// Whom it is from; `null` for a notice from nobody.
    pub sender: Option<String>,
    /// Whom it is for.
    pub recipients: Vec<String>,
    /// Octets of its text.
    pub length: u64,
    /// SHA-256 of its text as mail carries it, in hexadecimal.
    pub sha256: String,
}

/// A file as mail would carry it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TextReport {
    /// Its host.
    pub host: String,
    /// Its path.
    pub path: String,
    /// SHA-256 of its text, each line ended with CR LF, in hexadecimal; `null` where there is no such file.
    pub sha256: Option<String>,
}

/// Whether an expectation held.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectationReport {
    /// What was expected, in a sentence.
    pub text: String,
    /// Whether it held.
    pub held: bool,
    /// What was seen.
    pub detail: String,
}

/// An application that waited when the run ended.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingReport {
    /// Its host.
    pub host: String,
    /// Its name.
    pub application: String,
    /// What it waited for.
    pub what: String,
    /// Since when, in seconds; `null` where that is not known.
    #[serde(serialize_with = "optional_instant")]
    pub since: Option<Instant>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's `serialize_with` passes a reference to the field"
)]
fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    instant(&(Instant::ZERO + *span), serializer)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's `serialize_with` passes a reference to the field"
)]
fn instant<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[expect(clippy::ref_option, reason = "serde's `serialize_with` passes a reference to the field")]
fn optional_instant<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
