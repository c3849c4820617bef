//! Transfers over bad links, drawn at random: sizes, losses, bursts, reordering, duplicates, flipped bits, MTUs and
//! buffers. A failure shrinks, and prints the command that replays it.
//!
//! 256 cases a property, 10,000 with `WIRELAB_DEEP=1`.

mod case;

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sha2::{Digest, Sha256};
use wirelab::scenario::{ApplicationReport, ConnectionReport, Outcome, Report, Scenario, WaitingReport};
use wirelab::stack::application::Pattern;
use wirelab::stack::time::Duration;

use case::{Case, case};

/// Runs a case; a failure comes with the command that replays it.
fn run(
    case: &Case,
    patient: bool,
    check: impl FnOnce(&Report) -> Result<(), String>,
) -> Result<(), TestCaseError> {
    let text = case.scenario(patient);
    let scenario = Scenario::from_text("case.toml", &text, &[])
        .map_err(|error| TestCaseError::fail(format!("the scenario is wrong:\n{error}\n{text}")))?;
    let report = scenario.build(scenario.seed()).execute(&mut |_| {});
    check(&report).map_err(|what| TestCaseError::fail(format!("{what}\n  {}", replay(case, &text))))
}

/// Keeps the scenario, and says how to run it.
fn replay(case: &Case, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("case-{:016x}.toml", case.seed));
    match std::fs::write(&path, text) {
        Ok(()) => format!("replay: cargo run --release -- run {}", path.display()),
        Err(error) => format!("{error}; the scenario is\n{text}"),
    }
}

fn application<'a>(report: &'a Report, name: &str) -> &'a ApplicationReport {
    report.applications.iter().find(|application| application.name == name).expect("the scenario has it")
}

/// The SHA-256 of the first `length` octets of a source's pattern.
fn sha256_of_prefix(length: u64) -> String {
    let (mut pattern, mut hash, mut left) = (Pattern::new(0), Sha256::new(), length);
    let mut buffer = [0; 4096];
    while left > 0 {
        let part = &mut buffer[..usize::try_from(left.min(4096)).expect("at most 4096")];
        pattern.fill(part);
        hash.update(&*part);
        left -= part.len() as u64;
    }
    hash.finalize().iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
}

fn endings(report: &Report) -> Vec<&'static str> {
    report.connections.iter().map(|connection| connection.ending).collect()
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

/// What was received is a prefix of what was sent.
fn prefix(report: &Report, sent: u64) -> Result<(), String> {
    let sink = application(report, "sink");
    ensure(sink.received_bytes <= sent, || format!("{} octets of {sent} arrived", sink.received_bytes))?;
    ensure(sink.received_sha256 == sha256_of_prefix(sink.received_bytes), || {
        format!("the {} octets that arrived are not those that were sent", sink.received_bytes)
    })
}

/// All of it arrived, in order, once; both ends closed.
fn complete(report: &Report, sent: u64) -> Result<(), String> {
    ensure(report.outcome == Outcome::Completed, || {
        format!("the run ended by {}: {:?}", report.outcome.name(), report.waiting)
    })?;
    prefix(report, sent)?;
    let received = application(report, "sink").received_bytes;
    ensure(received == sent, || format!("only {received} octets of {sent} arrived"))?;
    // The end in TIME-WAIT may still be there.
    let clean = |ending: &&str| matches!(*ending, "clean" | "open");
    ensure(endings(report).iter().all(clean), || format!("endings {:?}", endings(report)))
}

/// Complete, or both ends gave up as they may; never more than a prefix, never for ever.
fn complete_or_given_up(report: &Report, sent: u64) -> Result<(), String> {
    if complete(report, sent).is_ok() {
        return Ok(());
    }
    prefix(report, sent)?;
    let ended =
        || format!("{} with endings {:?}: {:?}", report.outcome.name(), endings(report), report.waiting);
    let gave_up = endings(report).iter().any(|ending| matches!(*ending, "timed-out" | "reset"));
    ensure(gave_up, || format!("nobody gave up, and the run ended by {}", ended()))?;
    // Nothing hangs: only a server that no connection ever reached still waits for one.
    let hangs = |waiting: &WaitingReport| waiting.application != "sink" || !waiting.what.contains("accept");
    ensure(!report.waiting.iter().any(hangs), || format!("the run ended by {}", ended()))?;
    ensure(report.outcome != Outcome::TimeLimit, || format!("the run ended by {}", ended()))?;
    report.connections.iter().try_for_each(not_before_r2)
}

/// RFC 9293 §3.8.3 (RFC 1122 §4.2.3.5): nobody gives up before R2, which is 100 s at least, three minutes for a SYN.
fn not_before_r2(connection: &ConnectionReport) -> Result<(), String> {
    let Some(ended) = connection.ended.filter(|_| connection.ending == "timed-out") else { return Ok(()) };
    let handshake = connection.counters.get("received_segments") == Some(0);
    let least = Duration::from_secs(if handshake { 180 } else { 100 });
    let lasted = ended.since(connection.opened);
    ensure(lasted >= least, || format!("{} gave up after {lasted}", connection.local))
}

fn cases() -> u32 {
    if std::env::var_os("WIRELAB_DEEP").is_some() { 10_000 } else { 256 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn patient_hosts_transfer_everything(case in case()) {
        run(&case, true, |report| complete(report, case.bytes))?;
    }

    #[test]
    fn hosts_with_the_default_limits_transfer_everything_or_give_up(case in case()) {
        run(&case, false, |report| complete_or_given_up(report, case.bytes))?;
    }
}
