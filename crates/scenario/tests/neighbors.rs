//! ARP in scenario files: hosts that answer for others, bounds of what waits, addresses that are being probed.

use wirelab_scenario::{Diagnostic, Report, Scenario};

#[track_caller]
fn run(text: &str) -> Report {
    let scenario = Scenario::from_text("test.toml", text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let report = scenario.build(1).execute(&mut |_| {});
    for expectation in &report.expectations {
        assert!(expectation.held, "{}: {}", expectation.text, expectation.detail);
    }
    report
}

#[track_caller]
fn one(text: &str) -> String {
    let Err(diagnostics) = Scenario::from_text("test.toml", text, &[]) else { panic!("nothing is wrong") };
    let all: Vec<&Diagnostic> = diagnostics.iter().collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    let Diagnostic { path, message, allowed, .. } = all[0];
    format!("{path}: {message} [{}]", allowed.as_deref().unwrap_or_default())
}

/// Two stations that take each other to be on their own link, and the router between them that makes it so.
fn between(forwarding: bool) -> String {
    format!(
        r#"
[[host]]
name = "ann"
interface = [{{ addresses = ["10.0.0.2/8"] }}]

[[host]]
name = "router"
forwarding = {forwarding}
[[host.interface]]
addresses = ["10.0.0.1/24"]
proxy_arp = true
[[host.interface]]
addresses = ["10.0.1.1/24"]
proxy_arp = true

[[host]]
name = "ben"
interface = [{{ addresses = ["10.0.1.2/8"] }}]

[[link]]
name = "left"
between = ["ann", "router.eth0"]

[[link]]
name = "right"
between = ["router.eth1", "ben"]

[[application]]
name = "ping"
host = "ann"
app = "ping"
to = "10.0.1.2"
count = 3

[[expect]]
application = "ping"
said = "3 packets transmitted, 3 received"

[[expect]]
host = "router"
counters = {{ arp.out_proxy_replies = 2, arp.out_replies = 0, ip.out_forw_datagrams = 6 }}
"#
    )
}

#[test]
fn stations_that_know_of_no_networks_reach_each_other_by_a_proxy() {
    // RFC 1027 §2.1: each asks for the other itself, and the gateway answers for both.
    let report = run(&between(true));
    assert_eq!(report.hosts[0].counters.get("arp.out_requests"), Some(1));
}

#[test]
fn a_proxy_is_a_router() {
    let text = between(false).replacen("proxy_arp = true\n", "", 1);
    assert_eq!(
        one(&text),
        "host.router.interface.1.proxy_arp: a host that does not forward cannot answer for others [`proxy_arp` together with the host's `forwarding = true`]"
    );
}

#[test]
fn packets_that_wait_for_a_silent_station_are_bounded_in_octets() {
    let text = r#"
[[host]]
name = "ann"
interface = [{ addresses = ["10.0.0.1/24"] }]
arp = { max_queued_bytes = "4 kB" }

[[host]]
name = "ben"
interface = [{ addresses = ["10.0.0.2/24"] }]

[[link]]
name = "wire"
between = ["ann", "ben"]

[[application]]
name = "source"
host = "ann"
app = "udp-source"
to = "10.0.0.9:5000"
bytes = 10000

# The run goes on until the station has been given up.
[[application]]
name = "later"
host = "ann"
app = "ping"
to = "10.0.0.2"
start = "5 s"
count = 1

[[expect]]
host = "ann"
counters = { dropped.neighbor-queue-full = { min = 5 }, dropped.neighbor-unresolved = { max = 4 } }
"#;
    run(text);
    let wider =
        text.replace("4 kB", "1 MB").replace("{ min = 5 }", "0").replace("{ max = 4 }", "{ min = 10 }");
    run(&wider);
}
