//! Whether what was expected is what happened.

mod files;
mod mail;

use wirelab_stack::time::Instant;

use crate::counters::together;
use crate::model::{OutcomeWord, StateWord};
use crate::plan::{ApplicationCheck, ConnectionCheck, CounterCheck, Expectation, Plan, Subject};
use crate::report::{
    ApplicationReport, ApplicationState, Counters, DeviceReport, ExpectationReport, Outcome, Report,
};
use crate::watch::sha256;

/// Judges each expectation of `plan` by `report`, whose own expectations are not filled in yet.
pub fn judge(plan: &Plan, report: &Report) -> Vec<ExpectationReport> {
    plan.expectations.iter().flat_map(|expectation| judge_one(expectation, report)).collect()
}

/// Whether the run's outcome is the one that is expected: `completed`, unless the scenario says otherwise.
pub fn outcome_as_expected(plan: &Plan, outcome: Outcome) -> bool {
    let expected = plan.expectations.iter().find_map(|expectation| match expectation.subject {
        Subject::Outcome(word) => Some(outcome_of(word)),
        _ => None,
    });
    outcome == expected.unwrap_or(Outcome::Completed)
}

fn outcome_of(word: OutcomeWord) -> Outcome {
    match word {
        OutcomeWord::Completed => Outcome::Completed,
        OutcomeWord::Deadlock => Outcome::Deadlock,
        OutcomeWord::TimeLimit => Outcome::TimeLimit,
        OutcomeWord::EventLimit => Outcome::EventLimit,
    }
}

fn verdict(text: String, held: bool, detail: impl Into<String>) -> ExpectationReport {
    ExpectationReport { text, held, detail: detail.into() }
}

fn judge_one(expectation: &Expectation, report: &Report) -> Vec<ExpectationReport> {
    match &expectation.subject {
        Subject::Outcome(word) => {
            let held = report.outcome == outcome_of(*word);
            let text = format!("the run ends as {}", word.word());
            vec![verdict(text, held, format!("it ended as {}", report.outcome.name()))]
        }
        Subject::Application(index, checks) => {
            let Some(application) = report.applications.get(*index) else { return Vec::new() };
            checks.iter().map(|check| judge_application(application, check, report)).collect()
        }
        Subject::Connections(host, port, checks) => judge_connections(*host, *port, checks, report),
        Subject::Host(index, addresses, interface, checks) => {
            let Some(host) = report.hosts.get(*index) else { return Vec::new() };
            let (whose, counters) = match interface.and_then(|number| host.interfaces.get(number)) {
                Some(own) => (format!("interface {}.{}", host.name, own.name), &own.counters),
                None => (format!("host {}", host.name), &host.counters),
            };
            let judge = |expected: &Vec<String>| judge_addresses(&whose, expected, &host.addresses);
            let addresses = addresses.as_ref().map(judge);
            let counters = checks.iter().map(|check| judge_counter(&whose, check, counters));
            addresses.into_iter().chain(counters).collect()
        }
        Subject::Switch(index, checks) => judge_device("switch", report.switches.get(*index), checks),
        Subject::Hub(index, checks) => judge_device("hub", report.hubs.get(*index), checks),
        Subject::File(file, checks) => {
            checks.iter().map(|check| files::judge(file, check, &report.files)).collect()
        }
        Subject::Mail(check) => vec![mail::judge(check, &report.mail)],
        Subject::Link(index, direction, checks) => {
            let place = index * 2;
            let Some([forward, backward]) = report.links.get(place..place + 2) else { return Vec::new() };
            let (whose, counters) = match direction {
                Some(0) => (format!("link {} from {}", forward.name, forward.from), forward.counters.clone()),
                Some(_) => {
                    (format!("link {} from {}", backward.name, backward.from), backward.counters.clone())
                }
                None => (format!("link {}", forward.name), together(&forward.counters, &backward.counters)),
            };
            checks.iter().map(|check| judge_counter(&whose, check, &counters)).collect()
        }
    }
}

fn judge_device(
    kind: &str,
    device: Option<&DeviceReport>,
    checks: &[CounterCheck],
) -> Vec<ExpectationReport> {
    let Some(device) = device else { return Vec::new() };
    let whose = format!("{kind} {}", device.name);
    checks.iter().map(|check| judge_counter(&whose, check, &device.counters)).collect()
}

fn judge_counter(whose: &str, check: &CounterCheck, counters: &Counters) -> ExpectationReport {
    let text = format!("{whose}: {} {}", check.name, check.bounds.describe());
    match counters.get(&check.name) {
        Some(value) => verdict(text, check.bounds.hold(value), format!("it is {value}")),
        None => verdict(text, false, "there is no such counter"),
    }
}

fn judge_addresses(whose: &str, expected: &[String], actual: &[String]) -> ExpectationReport {
    let said = |addresses: &[String]| match addresses {
        [] => "no address".to_owned(),
        some => some.join(", "),
    };
    let [mut expected, mut actual] = [expected, actual].map(<[String]>::to_vec);
    expected.sort();
    actual.sort();
    let text = format!("{whose} has {} at the end", said(&expected));
    verdict(text, expected == actual, format!("it has {}", said(&actual)))
}

fn judge_application(
    application: &ApplicationReport,
    check: &ApplicationCheck,
    report: &Report,
) -> ExpectationReport {
    let name = &application.name;
    let received = || match &application.received_text {
        Some(text) => format!("received {}: {}", count(application.received_bytes), quoted(text)),
        None => format!(
            "received {} with SHA-256 {}",
            count(application.received_bytes),
            application.received_sha256
        ),
    };
    match check {
        ApplicationCheck::Text(text) => {
            let same = application.received_bytes == text.len() as u64
                && application.received_sha256 == sha256(text.as_bytes());
            verdict(format!("{name} received exactly {}", quoted(text)), same, received())
        }
        ApplicationCheck::Sha256(hash) => {
            let held = application.received_sha256 == *hash;
            verdict(format!("{name} received octets with SHA-256 {hash}"), held, received())
        }
        ApplicationCheck::From(index) => {
            let Some(sender) = report.applications.get(*index) else {
                return verdict(
                    format!("{name} received what another sent"),
                    false,
                    "there is no such application",
                );
            };
            let held = application.received_sha256 == sender.sent_sha256
                && application.received_bytes == sender.sent_bytes;
            let detail = format!(
                "{} sent {}, SHA-256 {}…; {name} received {}, SHA-256 {}…",
                sender.name,
                count(sender.sent_bytes),
                &sender.sent_sha256[..12],
                count(application.received_bytes),
                &application.received_sha256[..12]
            );
            verdict(format!("{name} received exactly what {} sent", sender.name), held, detail)
        }
        ApplicationCheck::ReceivedBytes(bounds) => {
            let (value, text) = (application.received_bytes, bounds.describe());
            verdict(format!("{name}: received_bytes {text}"), bounds.hold(value), format!("it is {value}"))
        }
        ApplicationCheck::SentBytes(bounds) => {
            let (value, text) = (application.sent_bytes, bounds.describe());
            verdict(format!("{name}: sent_bytes {text}"), bounds.hold(value), format!("it is {value}"))
        }
        ApplicationCheck::State(word) => {
            let held = application.state == state_of(*word);
            verdict(format!("{name} is {} at the end", word.word()), held, ended(application))
        }
        ApplicationCheck::FinishedBefore(before) => {
            let held = application.state == ApplicationState::Finished
                && application.ended.is_some_and(|ended| ended < *before);
            verdict(
                format!("{name} finished before {}", before.since(Instant::ZERO)),
                held,
                ended(application),
            )
        }
        ApplicationCheck::Error(error) => {
            let held = application.error.as_ref().is_some_and(|actual| is_error(actual, error));
            verdict(format!("{name} failed with {error}"), held, ended(application))
        }
        ApplicationCheck::Results(what, expected) => {
            let text = format!("{name}: each {what} in order is {}", listed(expected));
            let seen: Vec<String> = results(application, what).map(str::to_owned).collect();
            verdict(text, seen == *expected, format!("there were {}", listed(&seen)))
        }
        ApplicationCheck::LastResult(what, expected) => {
            let last = results(application, what).last();
            let detail = last.map_or_else(|| format!("there was no {what}"), |last| format!("it is {last}"));
            verdict(format!("{name}: the last {what} is {expected}"), last == Some(expected.as_str()), detail)
        }
        ApplicationCheck::Said(line) => {
            let held = application.said.iter().any(|said| said.contains(line.as_str()));
            let last = application.said.last().map_or_else(
                || "it said nothing".to_owned(),
                |last| format!("it said {} lines, the last {}", application.said.len(), quoted(last)),
            );
            verdict(format!("{name} said {}", quoted(line)), held, last)
        }
    }
}

fn results<'a>(application: &'a ApplicationReport, what: &str) -> impl Iterator<Item = &'a str> {
    let named = application.results.iter().filter(move |result| result.name == what);
    named.map(|result| result.value.as_str())
}

fn listed(values: &[String]) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")
}

fn state_of(word: StateWord) -> ApplicationState {
    match word {
        StateWord::Waiting => ApplicationState::Waiting,
        StateWord::Running => ApplicationState::Running,
        StateWord::Finished => ApplicationState::Finished,
        StateWord::Failed => ApplicationState::Failed,
    }
}

/// Whether `actual`, an error's text, is the one expected: POSIX's name for it, or a part of the text.
fn is_error(actual: &str, expected: &str) -> bool {
    let named = crate::errors::text_of(expected);
    named.is_some_and(|text| actual.contains(&text)) || actual.contains(expected)
}

fn ended(application: &ApplicationReport) -> String {
    let state = application.state.name();
    match (application.ended, &application.error) {
        (Some(at), Some(error)) => format!("{state} at {at} s: {error}"),
        (Some(at), None) => format!("{state} at {at} s"),
        (None, _) => format!("{state} when the run ended"),
    }
}

fn judge_connections(
    host: usize,
    port: Option<u16>,
    checks: &[ConnectionCheck],
    report: &Report,
) -> Vec<ExpectationReport> {
    let Some(host) = report.hosts.get(host) else { return Vec::new() };
    let at_port =
        |end: &str| port.is_none_or(|port| end.rsplit_once(':').is_some_and(|(_, p)| p == port.to_string()));
    let connections: Vec<_> = report
        .connections
        .iter()
        .filter(|connection| connection.host == host.name)
        .filter(|connection| at_port(&connection.local) || at_port(&connection.remote))
        .collect();
    let narrowed = port.map_or_else(String::new, |port| format!(" with port {port}"));
    let whose = format!("connections of {}{narrowed}", host.name);
    checks
        .iter()
        .map(|check| {
            let (text, wrong): (String, Option<String>) = match check {
                ConnectionCheck::Count(bounds) => {
                    let number = connections.len() as u64;
                    let text = format!("{whose}: their count {}", bounds.describe());
                    return verdict(text, bounds.hold(number), format!("it is {number}"));
                }
                ConnectionCheck::Ended(ending) => {
                    let wrong = connections.iter().find(|connection| connection.ending != *ending);
                    let wrong = wrong.map(|c| format!("{} -> {} ended as {}", c.local, c.remote, c.ending));
                    (format!("{whose} ended as {ending}"), wrong)
                }
                ConnectionCheck::Counter(check) => {
                    let value = |counters: &Counters| counters.get(&check.name).unwrap_or(0);
                    let wrong = connections.iter().find(|c| !check.bounds.hold(value(&c.counters)));
                    let wrong =
                        wrong.map(|c| format!("{} -> {}: it is {}", c.local, c.remote, value(&c.counters)));
                    (format!("{whose}: {} {}", check.name, check.bounds.describe()), wrong)
                }
            };
            match wrong {
                Some(wrong) => verdict(text, false, wrong),
                None if connections.is_empty() => verdict(text, false, "there was no such connection"),
                None => verdict(text, true, format!("so for all {}", connections.len())),
            }
        })
        .collect()
}

fn count(bytes: u64) -> String {
    if bytes == 1 { "1 octet".to_owned() } else { format!("{bytes} octets") }
}

/// A text in quotes, cut where it is long.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 120;
    let escaped: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| {
            // Control characters would break the table; others are shown as they are.
            let shown: Vec<char> = if c.is_control() { c.escape_default().collect() } else { vec![c] };
            shown
        })
        .collect();
    if text.chars().count() > LONGEST { format!("`{escaped}…`") } else { format!("`{escaped}`") }
}
