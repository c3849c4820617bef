//! What a run does with what a scenario says: limits, deadlocks, events, expectations that fail, recorders.

use wirelab_scenario::{ApplicationState, Outcome, Override, Report, Scenario};
use wirelab_sim::{Component, Recorder};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Event, Interest};

const TWO_HOSTS: &str = r#"
[[host]]
name = "client"
interface = [{ addresses = ["10.0.0.1/24"] }]

[[host]]
name = "server"
interface = [{ addresses = ["10.0.0.2/24"] }]

[[link]]
name = "wire"
between = ["client", "server"]
delay = "10 ms"
rate = "10 Mbit/s"
"#;

const TRANSFER: &str = r#"
[[application]]
name = "sink"
host = "server"
app = "sink"
port = 7
connections = 1

[[application]]
name = "source"
host = "client"
app = "source"
to = "server:7"
bytes = "1 MB"
"#;

#[track_caller]
fn scenario(rest: &str, overrides: &[&str]) -> Scenario {
    let overrides: Vec<Override> = overrides.iter().map(|text| Override::new(*text)).collect();
    let read = Scenario::from_text("test.toml", &format!("{TWO_HOSTS}{rest}"), &overrides);
    read.unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

#[track_caller]
fn run(rest: &str, overrides: &[&str]) -> Report {
    scenario(rest, overrides).build(1).execute(&mut |_| {})
}

#[test]
fn a_transfer_takes_at_least_its_time_on_the_line() {
    let report = run(TRANSFER, &[]);
    assert!(report.held, "{report:#?}");
    assert!(report.virtual_duration.as_millis() >= 800, "1 MB at 10 Mbit/s: {:?}", report.virtual_duration);
    let faster = run(TRANSFER, &["link.wire.rate=100 Mbit/s"]);
    assert!(faster.virtual_duration < report.virtual_duration);
    assert_ne!(faster.trace_hash, report.trace_hash);
}

#[test]
fn a_deadlock_says_who_waits_for_what() {
    let report = run(&TRANSFER.replace("connections = 1", "connections = 2"), &[]);
    assert_eq!(report.outcome, Outcome::Deadlock);
    assert!(!report.held, "a deadlock is no success unless it is expected");
    assert_eq!(report.waiting.len(), 1, "{:#?}", report.waiting);
    let waiting = &report.waiting[0];
    assert_eq!((waiting.host.as_str(), waiting.application.as_str()), ("server", "sink"));
    assert!(waiting.what.contains("accept") && waiting.what.contains(":7"), "{}", waiting.what);
    assert_eq!(report.applications[0].state, ApplicationState::Running);
    let expected =
        TRANSFER.replace("connections = 1", "connections = 2") + "[[expect]]\noutcome = \"deadlock\"\n";
    assert!(run(&expected, &[]).held);
}

#[test]
fn a_server_without_an_end_runs_in_the_background() {
    let report = run(&TRANSFER.replace("connections = 1", ""), &[]);
    assert!(report.held, "{report:#?}");
    assert!(report.applications[0].background && !report.applications[1].background);
    assert_eq!(report.applications[0].received_bytes, 1_000_000);
}

#[test]
fn limits_stop_a_run() {
    let report = run(TRANSFER, &["stop.until=500 ms"]);
    assert_eq!(report.outcome, Outcome::TimeLimit);
    assert!(!report.held && report.virtual_duration.as_millis() <= 500);
    assert!(report.applications[0].received_bytes < 1_000_000);
    assert_eq!(report.applications[1].state, ApplicationState::Running);
    let report = run(TRANSFER, &["stop.max_events=100"]);
    assert_eq!((report.outcome, report.events), (Outcome::EventLimit, 100));
}

#[test]
fn events_change_one_direction_and_no_other() {
    let events = "[[event]]\nat = \"100 ms\"\nchange = \"wire\"\ndirection = \"backward\"\nloss = \"30 %\"\n";
    let report = run(&format!("{TRANSFER}{events}"), &[]);
    assert_eq!(report.outcome, Outcome::Completed);
    let lost: Vec<u64> = report.links.iter().map(|link| link.counters.get("lost").unwrap()).collect();
    assert!(lost[0] == 0 && lost[1] > 0, "{lost:?}");
}

#[test]
fn a_random_schedule_runs_what_is_ready_at_once_in_any_order() {
    let clients: Vec<String> = (0..5)
        .map(|n| {
            format!(
                "[[application]]\nname = \"client{n}\"\nhost = \"client\"\napp = \"echo-client\"\n\
                 to = \"server:7\"\ntexts = [\"x\"]\nstart = \"1 s\"\n"
            )
        })
        .collect();
    let server = "[[application]]\nname = \"echo\"\nhost = \"server\"\napp = \"echo-server\"\nport = 7\n\
                  background = true\n";
    let hash = |seed: u64, schedule: &str| {
        let overrides = [format!("seed={seed}"), format!("schedule={schedule}")];
        let report = run(&format!("{server}{}", clients.concat()), &[&overrides[0], &overrides[1]]);
        assert_eq!(report.outcome, Outcome::Completed);
        report.trace_hash
    };
    let differ = (1..=5).filter(|seed| hash(*seed, "in-order") != hash(*seed, "random")).count();
    assert!(differ >= 3, "only {differ} of 5 seeds");
    assert_eq!(hash(1, "random"), hash(1, "random"));
}

#[test]
fn a_link_that_is_cut_for_ever_times_out() {
    let cut = "[[event]]\nat = \"100 ms\"\ncut = \"wire\"\n\
               [[expect]]\napplication = \"source\"\nerror = \"ETIMEDOUT\"\n\
               [[expect]]\noutcome = \"deadlock\"\n";
    let report = run(&format!("{TRANSFER}{cut}"), &["host.client.tcp={ r2 = \"10 s\" }"]);
    assert!(report.held, "{report:#?}");
    assert!(report.virtual_duration.as_secs() >= 10 && report.virtual_duration.as_secs() < 60);
}

#[test]
fn the_order_of_stages_is_what_the_file_says() {
    // Frames that are too long are lost first, or dropped as too long first: the counters tell the order.
    let link = |stages: &str| {
        let change = format!("link.wire.stages={stages}");
        let report = run(TRANSFER, &["link.wire.mtu=100", "link.wire.loss=100 %", &change, "stop.until=1 s"]);
        let counters = &report.links[0].counters;
        (counters.get("lost").unwrap() > 0, counters.get("over_mtu").unwrap() > 0)
    };
    assert_eq!(link("['loss', 'mtu', 'queue', 'delay']"), (true, false));
    let report = run(TRANSFER, &["link.wire.mtu=100", "stop.until=5 s"]);
    assert!(report.links[0].counters.get("over_mtu").unwrap() > 0);
}

#[test]
fn expectations_that_fail_say_what_was_seen() {
    let expect = r#"
[[expect]]
application = "sink"
received_text = "something else"
finished_before = "1 ms"
state = "failed"
received_bytes = { max = 5 }

[[expect]]
link = "wire"
counters = { lost = { min = 1 }, delivered_frames = { min = 1 } }

[[expect]]
connection = "client"
port = 8
ended = "reset"

[[expect]]
connection = "client"
port = 7
ended = "reset"
count = 2
"#;
    let report = run(&format!("{TRANSFER}{expect}"), &[]);
    assert!(!report.held);
    let verdicts: Vec<(bool, &str)> =
        report.expectations.iter().map(|e| (e.held, e.detail.as_str())).collect();
    assert_eq!(verdicts.len(), 9, "{verdicts:#?}");
    let held: Vec<bool> = verdicts.iter().map(|(held, _)| *held).collect();
    assert_eq!(held, [false, false, false, false, false, true, false, false, false], "{verdicts:#?}");
    assert!(verdicts[0].1.starts_with("received 1000000 octets with SHA-256"));
    assert_eq!(verdicts[6].1, "there was no such connection");
    assert!(verdicts[7].1.ends_with("ended as clean"), "{}", verdicts[7].1);
    assert_eq!(verdicts[8].1, "it is 1");
}

#[test]
fn what_is_received_is_compared_by_hash_and_with_the_sender() {
    let by = |line: &str| run(&format!("{TRANSFER}[[expect]]\napplication = \"sink\"\n{line}\n"), &[]).held;
    let hash = run(TRANSFER, &[]).applications[0].received_sha256.clone();
    assert!(by(&format!("received_sha256 = \"{}\"", hash.to_uppercase())));
    assert!(!by(&format!("received_sha256 = \"{}\"", "0".repeat(64))));
    assert!(by("received_from = \"source\""));
    assert!(!by("received_from = \"sink\""), "the sink itself has sent nothing");
}

#[test]
fn adding_an_idle_host_changes_what_no_other_host_does() {
    let idle =
        "[[host]]\nname = \"idle\"\ninterface = [{ addresses = [\"10.0.9.1/24\"], announce = false }]\n";
    let frames = |report: &Report| report.links.iter().map(|link| link.counters.clone()).collect::<Vec<_>>();
    let (without, with) = (run(TRANSFER, &[]), run(&format!("{idle}{TRANSFER}"), &[]));
    assert_eq!(frames(&without), frames(&with));
    assert_eq!(without.trace_hash, with.trace_hash, "an idle host shows nothing");
}

struct Counting(u64);

impl Recorder for Counting {
    fn interest(&self) -> Interest {
        Interest::FRAMES
    }

    fn record(&mut self, _: Instant, _: Component, event: &Event<'_>) {
        self.0 += u64::from(matches!(event, Event::FrameSent { .. }));
    }
}

#[test]
fn recorders_see_the_run_and_come_back() {
    let mut run = scenario(TRANSFER, &[]).build(1);
    run.add_recorder(Box::new(Counting(0)));
    let mut progress = 0;
    let report = run.execute(&mut |_| progress += 1);
    let counted = run.take_recorder::<Counting>().expect("it comes back").0;
    let sent: u64 = report.hosts.iter().map(|host| host.counters.get("frames_sent").unwrap()).sum();
    assert_eq!(counted, sent);
    assert!(run.take_recorder::<Counting>().is_none());
    assert_eq!(report.trace_hash, scenario(TRANSFER, &[]).build(1).execute(&mut |_| {}).trace_hash);
}

#[test]
fn the_report_keeps_the_order_of_its_fields() {
    let json = serde_json::to_string(&run(TRANSFER, &[])).unwrap();
    let fields = [
        "version",
        "scenario",
        "seed",
        "outcome",
        "held",
        "virtual_duration",
        "events",
        "trace_hash",
        "applications",
        "connections",
        "hosts",
        "links",
        "expectations",
        "waiting",
    ];
    let places: Vec<usize> =
        fields.iter().map(|field| json.find(&format!("\"{field}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        json.starts_with("{\"version\":2,\"scenario\":\"test\",\"seed\":1,\"outcome\":\"completed\""),
        "{json}"
    );
}
