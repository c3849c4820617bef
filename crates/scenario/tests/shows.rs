//! Tables that a scenario shows, counters by the documents' names, stages that are taken out.

use wirelab_scenario::{Override, Report, Scenario};

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

[[application]]
name = "ping"
host = "client"
app = "ping"
to = "server"
count = 3
"#;

#[track_caller]
fn read(rest: &str) -> Result<Scenario, String> {
    let none: [Override; 0] = [];
    Scenario::from_text("test.toml", &format!("{TWO_HOSTS}{rest}"), &none)
        .map_err(|errors| errors.to_string())
}

#[track_caller]
fn run(rest: &str) -> Report {
    read(rest).unwrap_or_else(|errors| panic!("{errors}")).build(1).execute(&mut |_| {})
}

#[track_caller]
fn wrong(rest: &str, parts: &[&str]) {
    let errors = read(rest).expect_err("something is wrong with it");
    for part in parts {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
fn tables_are_shown_at_their_time_and_at_the_end() {
    let report = run("[[event]]\nat = \"500 ms\"\nshow = [\"neighbors\", \"routes\"]\n\
                      [[event]]\nat = \"end\"\nshow = [\"sockets\"]\nhost = \"client\"\n\
                      [[event]]\nat = \"1 h\"\nshow = [\"addresses\"]\nhost = \"server\"\n");
    let shown: Vec<(String, &str, &str)> =
        report.shown.iter().map(|table| (table.time.to_string(), table.node.as_str(), table.table)).collect();
    let half = "0.500000000".to_owned();
    assert_eq!(
        shown[..4],
        [
            (half.clone(), "client", "neighbors"),
            (half.clone(), "client", "routes"),
            (half.clone(), "server", "neighbors"),
            (half, "server", "routes"),
        ]
    );
    assert_eq!((shown.len(), shown[4].1, shown[4].2), (5, "client", "sockets"));
    assert_eq!(shown[4].0, (wirelab_stack::time::Instant::ZERO + report.virtual_duration).to_string());
    // A run is not prolonged to be looked at: what is left out is told.
    assert_eq!(report.not_shown.len(), 1);
    assert_eq!((report.not_shown[0].node.as_str(), report.not_shown[0].table), ("server", "addresses"));
    let json = serde_json::to_value(&report).unwrap();
    let neighbor = &json["shown"][0]["rows"][0];
    assert_eq!((&neighbor["address"], &neighbor["state"]), (&"10.0.0.2".into(), &"reachable".into()));
    assert_eq!(json["shown"][1]["rows"][0]["destination"], "10.0.0.0/24");
    assert_eq!(json["not_shown"][0]["time"], "3600.000000000");
    assert!(report.shown[1].lines[0].starts_with("10.0.0.0/24 dev eth0"), "{:?}", report.shown[1].lines);
}

#[test]
fn to_look_at_a_run_does_not_change_it() {
    let (plain, looked) = (run(""), run("[[event]]\nat = \"500 ms\"\nshow = [\"neighbors\", \"sockets\"]\n"));
    assert_eq!((plain.trace_hash, plain.events), (looked.trace_hash, looked.events));
}

#[test]
fn what_cannot_be_shown_is_an_error() {
    let event = |rest: &str| format!("[[event]]\nat = \"1 s\"\n{rest}\n");
    wrong(
        &event("show = [\"neighbours\"]"),
        &["there is no table `neighbours`", "did you mean `neighbors`?"],
    );
    wrong(
        &event("show = [\"fdb\"]\nhost = \"client\""),
        &["`fdb` is a table of a switch, and not of a host"],
    );
    wrong(&event("show = [\"routes\"]\nhost = \"sever\""), &["there is no host `sever`", "`server`"]);
    wrong(&event("show = []"), &["nothing is shown"]);
    wrong(&event("show = [\"routes\"]\nloss = \"1 %\""), &["`show` does not go together with settings"]);
    wrong(&event("cut = \"wire\"\nhost = \"client\""), &["this says whose tables are shown, and none are"]);
    wrong(
        "[[event]]\nat = \"end\"\ncut = \"wire\"\n",
        &["nothing but `show` can happen when the run has ended"],
    );
    wrong(&event("show = [\"routes\"]\ncut = \"wire\""), &["an event does one thing"]);
}

#[test]
fn counters_have_the_documents_names_in_either_form() {
    let report = run(r#"
[[expect]]
host = "server"
counters = { "icmp.in_echos" = 3, icmp.out_echo_reps = 3, ip.in_receives = { min = 3 }, "dropped.no-route" = 0 }

[[expect]]
host = "server"
[expect.counters]
ip.in_delivers = 3
echo_replies_sent = 3
sent.echo-reply = 3

[[expect]]
host = "client"
interface = "eth0"
counters = { if.in_ucast_pkts = { min = 3 }, if.in_errors = 0 }
"#);
    assert!(report.held, "{:#?}", report.expectations);
    assert_eq!(report.expectations.len(), 9);
    assert!(report.expectations[8].text.starts_with("interface client.eth0: if.in_errors"));
    assert_eq!(report.hosts[0].interfaces[0].name, "eth0");
}

#[test]
fn a_counter_that_does_not_exist_is_an_error_with_what_was_meant() {
    let expect = |rest: &str| format!("[[expect]]\nhost = \"server\"\n{rest}\n");
    wrong(
        &expect("counters = { ip.reasm_fail = 1 }"),
        &["there is no counter of a host `ip.reasm_fail`", "did you mean `ip.reasm_fails`?"],
    );
    wrong(&expect("counters = { reasm_fails = 1 }"), &["did you mean `ip.reasm_fails`?"]);
    wrong(
        &expect("interface = \"eth0\"\ncounters = { if.in_error = 1 }"),
        &["there is no counter of a host's interface `if.in_error`", "did you mean `if.in_errors`?"],
    );
    wrong(
        &expect("interface = \"eth1\"\ncounters = { if.in_errors = 1 }"),
        &["there is no interface `eth1`"],
    );
    wrong(
        &expect("counters = { ip = { in_receives = { min = 2, max = 1 } } }"),
        &["no number can be like that"],
    );
    wrong(&expect("counters = { ip = {} }"), &["expect.0.counters.ip"]);
}

#[test]
fn a_stage_can_be_taken_out() {
    let lossy = |rest: &str| {
        let text = format!("{TWO_HOSTS}{rest}");
        let scenario = Scenario::from_text("test.toml", &text, &[Override::new("link.wire.loss=100 %")]);
        scenario.unwrap_or_else(|errors| panic!("{errors}")).build(1).execute(&mut |_| {})
    };
    let lost = |report: &Report| report.links[0].counters.get("lost").unwrap();
    let all = lossy("");
    let until = lossy("[[event]]\nat = \"1500 ms\"\nchange = \"wire\"\nremove = [\"loss\"]\n");
    assert!(lost(&until) > 0 && lost(&until) < lost(&all), "{} {}", lost(&until), lost(&all));
    assert!(until.hosts[1].counters.get("icmp.in_echos").unwrap() > 0);
    assert_eq!(all.hosts[1].counters.get("icmp.in_echos"), Some(0));
    let event = |rest: &str| format!("[[event]]\nat = \"1 s\"\nchange = \"wire\"\n{rest}\n");
    wrong(&event("remove = [\"loss\"]"), &["the link has no stage `loss` by then", "allowed: `delay`"]);
    wrong(&event("remove = [\"delay\"]\ndelay = \"1 ms\""), &["the stage `delay` is taken out and set"]);
    wrong(&event(""), &["the event changes nothing", "or `remove`"]);
    // What was taken out once is not there to be taken out again.
    let twice = format!("{}{}", event("remove = [\"delay\"]"), event("remove = [\"delay\"]"));
    wrong(&twice, &["the link has no stage `delay` by then"]);
}

#[test]
fn a_run_of_no_events_is_none() {
    wrong("[stop]\nmax_events = 0\n", &["stop.max_events", "the number is out of range"]);
}
