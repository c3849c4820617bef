//! Expectations, with their subjects looked up and their counters' names checked.

use wirelab_stack::host::HostConfig;
use wirelab_stack::time::Instant;

use super::{MailCheck, find, no_such};
use crate::counters;
use crate::diagnostic::Problem;
use crate::errors;
use crate::model::{Bounds, CounterBounds, DirectionName, Document, Expect, OutcomeWord, StateWord};
use crate::near;
use crate::read::{At, Name, Place};
use crate::units::HostFile;

/// What is expected of one subject.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What it is about, with what is expected.
    pub subject: Subject,
}

/// What an expectation is about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// How the run ends.
    Outcome(OutcomeWord),
    /// An application, by its place in the file.
    Application(usize, Vec<ApplicationCheck>),
    /// The TCP connections of a host, by its place; those with this port, if one is given.
    Connections(usize, Option<u16>, Vec<ConnectionCheck>),
    /// A host's addresses when the run ends, and the counters of it or of one of its interfaces.
    Host(usize, Option<Vec<String>>, Option<usize>, Vec<CounterCheck>),
    /// A switch's counters.
    Switch(usize, Vec<CounterCheck>),
    /// A hub's counters.
    Hub(usize, Vec<CounterCheck>),
    /// A file when the run ends.
    File(HostFile, Vec<FileCheck>),
    /// Messages in a store when the run ends.
    Mail(Box<MailCheck>),
    /// A link's counters: of one direction (0 forward, 1 backward), or of both together.
    Link(usize, Option<usize>, Vec<CounterCheck>),
}

/// What is expected of an application.
#[derive(Clone, Debug)]
pub enum ApplicationCheck {
    /// It received this text.
    Text(String),
    /// It received octets with this SHA-256.
    Sha256(String),
    /// It received what this application sent.
    From(usize),
    /// It received so many octets.
    ReceivedBytes(Bounds),
    /// It sent so many octets.
    SentBytes(Bounds),
    /// It is so when the run ends.
    State(StateWord),
    /// It finished before this time.
    FinishedBefore(Instant),
    /// It failed with this error: a name or a text.
    Error(String),
    /// It said this.
    Said(String),
    /// Its results of this name had these values, in order.
    Results(&'static str, Vec<String>),
    /// Its last result of this name had this value.
    LastResult(&'static str, String),
}

/// What is expected of a file.
#[derive(Clone, Debug)]
pub enum FileCheck {
    /// It has the same octets as this one.
    Same(HostFile),
    /// Its octets have this SHA-256.
    Sha256(String),
    /// It has this text.
    Text(String),
    /// It has so many octets.
    Length(Bounds),
    /// There is one, or none.
    Exists(bool),
}

/// What is expected of connections.
#[derive(Clone, Debug)]
pub enum ConnectionCheck {
    /// How they ended.
    Ended(&'static str),
    /// How many there were.
    Count(Bounds),
    /// A counter of each.
    Counter(CounterCheck),
}

/// A counter with its bounds.
#[derive(Clone, Debug)]
pub struct CounterCheck {
    /// Its name.
    pub name: String,
    /// Its bounds.
    pub bounds: Bounds,
}

/// The expectations, in the order of the file.
pub fn plan(document: &Document, hosts: &[HostConfig], problems: &mut Vec<Problem>) -> Vec<Expectation> {
    let outcomes = document.expect.iter().filter_map(|expect| expect.value.outcome.as_ref());
    for second in outcomes.skip(1) {
        problems.push(second.problem("a run has one outcome").allowed("one expectation of the outcome"));
    }
    let subjects = document.expect.iter().filter_map(|expect| plan_one(expect, document, hosts, problems));
    subjects.map(|subject| Expectation { subject }).collect()
}

/// The fields that an expectation of each kind of subject may have.
const SUBJECTS: [(&str, &[&str]); 9] = [
    (
        "application",
        &[
            "received_text",
            "received_sha256",
            "received_from",
            "received_bytes",
            "sent_bytes",
            "state",
            "finished_before",
            "error",
            "said",
            "answers",
            "status",
            "body_sha256",
        ],
    ),
    ("connection", &["port", "ended", "count", "counters"]),
    ("host", &["interface", "addresses", "counters"]),
    ("switch", &["counters"]),
    ("hub", &["counters"]),
    ("link", &["direction", "counters"]),
    ("file", &["same_as", "sha256", "text", "length", "exists"]),
    ("mail", &["sender", "recipient", "same_as", "count"]),
    ("outcome", &[]),
];

fn plan_one(
    expect: &At<Expect>,
    document: &Document,
    hosts: &[HostConfig],
    problems: &mut Vec<Problem>,
) -> Option<Subject> {
    let value = &expect.value;
    let given = given(value);
    let subjects: Vec<&str> =
        given.iter().map(|(name, _)| *name).filter(|name| SUBJECTS.iter().any(|(s, _)| s == name)).collect();
    let [subject] = subjects[..] else {
        let problem = expect
            .problem(format!("an expectation is about one thing, and this is about {}", subjects.len()));
        problems.push(problem.allowed(near::or_list(SUBJECTS.iter().map(|(name, _)| *name))));
        return None;
    };
    let fields = SUBJECTS.iter().find(|(name, _)| *name == subject).map_or(&[][..], |(_, fields)| fields);
    check_fields(expect, subject, fields, &given, problems);
    let host = |name: &At<Name>, problems: &mut Vec<Problem>| {
        find("host", name, document.host.iter().map(|host| host.value.name.value.0.as_str()), problems)
    };
    match value {
        Expect { outcome: Some(outcome), .. } => Some(Subject::Outcome(outcome.value)),
        Expect { application: Some(name), .. } => {
            let names = application_names(document);
            let found = find("application", name, names.iter().copied(), problems);
            let checks = application_checks(value, document, problems);
            Some(Subject::Application(found?, checks))
        }
        Expect { connection: Some(name), .. } => {
            let found = host(name, problems);
            let checks = connection_checks(value, problems);
            Some(Subject::Connections(found?, value.port.as_ref().map(|port| port.value.0), checks))
        }
        Expect { host: Some(name), .. } => {
            let found = host(name, problems);
            let addresses = value
                .addresses
                .as_ref()
                .map(|list| list.value.0.iter().map(|address| address.value.to_string()).collect());
            let Some(name) = &value.interface else {
                let checks = counter_checks(value.counters.as_ref(), "host", counters::HOST, problems);
                return Some(Subject::Host(found?, addresses, None, checks));
            };
            let known = counters::INTERFACE;
            let checks = counter_checks(value.counters.as_ref(), "host's interface", known, problems);
            let interfaces = &hosts.get(found?)?.interfaces;
            let names = interfaces.iter().map(|interface| interface.name.as_str());
            let interface = find("interface", name, names, problems);
            Some(Subject::Host(found?, addresses, Some(interface?), checks))
        }
        Expect { switch: Some(name), .. } => {
            let names = document.switch.iter().map(|switch| switch.value.name.value.0.as_str());
            let found = find("switch", name, names, problems);
            let checks = counter_checks(value.counters.as_ref(), "switch", counters::SWITCH, problems);
            Some(Subject::Switch(found?, checks))
        }
        Expect { hub: Some(name), .. } => {
            let names = document.hub.iter().map(|hub| hub.value.name.value.0.as_str());
            let found = find("hub", name, names, problems);
            let checks = counter_checks(value.counters.as_ref(), "hub", counters::HUB, problems);
            Some(Subject::Hub(found?, checks))
        }
        Expect { file: Some(file), .. } => {
            let checks = file_checks(value, file, document, problems);
            check_host(file, document, problems)?;
            Some(Subject::File(file.value.clone(), checks))
        }
        Expect { mail: Some(store), .. } => {
            if let Some(other) = &value.same_as {
                check_host(other, document, problems);
            }
            check_host(store, document, problems)?;
            Some(Subject::Mail(Box::new(MailCheck::new(&store.value, value))))
        }
        Expect { link: Some(name), .. } => {
            let names = document.link.iter().map(|link| link.value.name.value.0.as_str());
            let found = find("link", name, names, problems);
            let checks = counter_checks(value.counters.as_ref(), "link", counters::LINK, problems);
            let direction = value.direction.as_ref().map(|direction| match direction.value {
                DirectionName::Forward => 0,
                DirectionName::Backward => 1,
            });
            Some(Subject::Link(found?, direction, checks))
        }
        _ => None,
    }
}

fn application_names(document: &Document) -> Vec<&str> {
    document.application.iter().map(|application| application.value.common.name.value.0.as_str()).collect()
}

/// The fields that an expectation has, with their places.
fn given(expect: &Expect) -> Vec<(&'static str, &Place)> {
    macro_rules! given {
        ($($field:ident),*) => {
            [$((stringify!($field), expect.$field.as_ref().map(|at| &at.place))),*]
                .into_iter()
                .filter_map(|(name, place)| Some((name, place?)))
                .collect()
        };
    }
    given!(
        application,
        connection,
        host,
        switch,
        interface,
        hub,
        link,
        outcome,
        received_text,
        received_sha256,
        received_from,
        received_bytes,
        sent_bytes,
        state,
        finished_before,
        error,
        said,
        answers,
        status,
        body_sha256,
        file,
        mail,
        sender,
        recipient,
        same_as,
        sha256,
        text,
        length,
        exists,
        port,
        ended,
        count,
        addresses,
        direction,
        counters
    )
}

/// Reports fields that do not go with the subject, and an expectation that expects nothing.
fn check_fields(
    expect: &At<Expect>,
    subject: &str,
    fields: &[&str],
    given: &[(&'static str, &Place)],
    problems: &mut Vec<Problem>,
) {
    let allowed = near::or_list(fields.iter().copied());
    for (name, place) in given.iter().filter(|(name, _)| *name != subject && !fields.contains(name)) {
        let problem = place.problem(format!("`{name}` is not expected of {}", article(subject)));
        problems.push(problem.allowed(allowed.clone()));
    }
    let narrowing = ["port", "direction", "interface"];
    let expects = given.iter().any(|(name, _)| fields.contains(name) && !narrowing.contains(name));
    if !expects && !fields.is_empty() {
        let problem = expect.problem(format!("nothing is expected of the {subject}"));
        problems.push(problem.allowed(allowed));
    }
}

fn article(subject: &str) -> String {
    let article = if subject.starts_with(['a', 'o']) { "an" } else { "a" };
    format!("{article} {subject}")
}

fn application_checks(
    expect: &Expect,
    document: &Document,
    problems: &mut Vec<Problem>,
) -> Vec<ApplicationCheck> {
    use ApplicationCheck as Check;
    let from = expect
        .received_from
        .as_ref()
        .and_then(|name| find("application", name, application_names(document), problems).map(Check::From));
    if let Some(both) = expect.error.as_ref().filter(|_| {
        let state = expect.state.as_ref().map(|state| state.value);
        state.is_some_and(|state| state != StateWord::Failed) || expect.finished_before.is_some()
    }) {
        let problem = both.problem("an application that fails with an error does not finish");
        problems.push(problem.allowed("`error` without `finished_before` and without another `state`"));
    }
    if let Some(error) = &expect.error {
        check_error_name(error, problems);
    }
    let checks = [
        expect.received_text.as_ref().map(|text| Check::Text(text.value.clone())),
        expect.received_sha256.as_ref().map(|hash| Check::Sha256(hash.value.0.clone())),
        from,
        expect.received_bytes.as_ref().map(|bounds| Check::ReceivedBytes(bounds.value)),
        expect.sent_bytes.as_ref().map(|bounds| Check::SentBytes(bounds.value)),
        expect.state.as_ref().map(|state| Check::State(state.value)),
        expect.finished_before.as_ref().map(|before| Check::FinishedBefore(before.value.instant())),
        expect.error.as_ref().map(|error| Check::Error(error.value.clone())),
        expect.said.as_ref().map(|said| Check::Said(said.value.clone())),
        expect.answers.as_ref().map(|list| {
            Check::Results("answer", list.value.0.iter().map(|answer| answer.value.clone()).collect())
        }),
        expect
            .status
            .as_ref()
            .map(|list| Check::Results("status", list.value.0.iter().map(ToString::to_string).collect())),
        expect.body_sha256.as_ref().map(|hash| Check::LastResult("body_sha256", hash.value.0.clone())),
    ];
    checks.into_iter().flatten().collect()
}

/// What is written like a name of POSIX's is one; everything else is a text, which may be any.
fn check_error_name(error: &At<String>, problems: &mut Vec<Problem>) {
    let name = error.value.as_str();
    let like_one = name.len() > 2 && name.starts_with('E') && name.bytes().all(|b| b.is_ascii_uppercase());
    if like_one && errors::text_of(name).is_none() {
        let problem = error.problem(format!("there is no error `{name}`"));
        let problem =
            problem.allowed(format!("{}, or a part of the error's text", near::or_list(errors::names())));
        problems.push(problem.suggest(near::miss(name, errors::names())));
    }
}

fn file_checks(
    expect: &Expect,
    file: &At<HostFile>,
    document: &Document,
    problems: &mut Vec<Problem>,
) -> Vec<FileCheck> {
    use FileCheck as Check;
    if let Some(exists) = expect.exists.as_ref().filter(|exists| !exists.value) {
        let more = expect.same_as.is_some()
            || expect.sha256.is_some()
            || expect.text.is_some()
            || expect.length.is_some();
        if more {
            let problem = exists.problem("nothing can be expected of a file that does not exist");
            problems.push(problem.allowed("`exists = false` alone"));
        }
    }
    if let Some(other) = &expect.same_as {
        if other.value == file.value {
            problems.push(other.problem("a file is the same as itself").allowed("another file"));
        }
        check_host(other, document, problems);
    }
    let checks = [
        expect.same_as.as_ref().map(|other| Check::Same(other.value.clone())),
        expect.sha256.as_ref().map(|hash| Check::Sha256(hash.value.0.clone())),
        expect.text.as_ref().map(|text| Check::Text(text.value.clone())),
        expect.length.as_ref().map(|bounds| Check::Length(bounds.value)),
        expect.exists.as_ref().map(|exists| Check::Exists(exists.value)),
    ];
    checks.into_iter().flatten().collect()
}

/// Reports that there is no such host.
fn check_host(file: &At<HostFile>, document: &Document, problems: &mut Vec<Problem>) -> Option<()> {
    let names = document.host.iter().map(|host| host.value.name.value.0.as_str());
    if names.clone().any(|name| name == file.value.host) {
        return Some(());
    }
    problems.push(no_such(&file.place, "host", &file.value.host, names));
    None
}

fn connection_checks(expect: &Expect, problems: &mut Vec<Problem>) -> Vec<ConnectionCheck> {
    use ConnectionCheck as Check;
    let ended = expect.ended.as_ref().map(|ended| Check::Ended(ended.value.word()));
    let count = expect.count.as_ref().map(|count| Check::Count(count.value));
    let counters = counter_checks(expect.counters.as_ref(), "connection", counters::CONNECTION, problems);
    ended.into_iter().chain(count).chain(counters.into_iter().map(Check::Counter)).collect()
}

fn counter_checks(
    counters: Option<&At<CounterBounds>>,
    whose: &str,
    known: &[&'static str],
    problems: &mut Vec<Problem>,
) -> Vec<CounterCheck> {
    let Some(counters) = counters else { return Vec::new() };
    let mut checks = Vec::new();
    for bound in &counters.value.0 {
        if known.contains(&bound.name.as_str()) {
            checks.push(CounterCheck { name: bound.name.clone(), bounds: bound.bounds });
        } else {
            let what = format!("counter of a {whose}");
            let problem = no_such(&bound.place, &what, &bound.name, known.iter().copied());
            problems.push(Problem { dangling: false, ..problem });
        }
    }
    checks
}
