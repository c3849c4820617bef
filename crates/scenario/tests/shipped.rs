//! Each shipped scenario runs, is as expected, and is the same when it is run again.

use wirelab_scenario::{Report, Scenario, shipped};

fn run(name: &str, seed: Option<u64>) -> Report {
    let shipped = wirelab_scenario::shipped::find(name).expect("it ships");
    let scenario = Scenario::from_text(&format!("{name}.toml"), shipped.text, &[]).expect("it can be read");
    scenario.build(seed.unwrap_or(scenario.seed())).execute(&mut |_| {})
}

#[track_caller]
fn held(report: &Report) {
    assert!(report.held, "{}", serde_json::to_string_pretty(report).unwrap());
}

#[test]
fn echo() {
    let report = run("echo", None);
    held(&report);
    assert_eq!(report.connections.len(), 2);
}

#[test]
fn echo_udp() {
    held(&run("echo-udp", None));
}

#[test]
fn lossy_transfer() {
    held(&run("lossy-transfer", None));
}

#[test]
fn partition() {
    held(&run("partition", None));
}

#[test]
fn ping() {
    held(&run("ping", None));
}

#[test]
fn unreachable() {
    held(&run("unreachable", None));
}

#[test]
fn the_template() {
    let scenario = Scenario::from_text("new.toml", wirelab_scenario::TEMPLATE, &[]).expect("it can be read");
    held(&scenario.build(1).execute(&mut |_| {}));
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for shipped in shipped().iter().filter(|shipped| shipped.name != "lossy-transfer") {
        let as_json = |seed| serde_json::to_string(&run(shipped.name, Some(seed))).unwrap();
        let (one, again, other) = (as_json(1), as_json(1), as_json(2));
        assert_eq!(one, again, "{}", shipped.name);
        assert_ne!(one, other, "{}", shipped.name);
    }
}
