//! Routers that are discovered, and multicast over several routers, as scenario files say it.

use wirelab_scenario::{Report, Scenario};

#[track_caller]
fn run(text: &str) -> Report {
    let scenario = Scenario::from_text("test.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let report = scenario.build(1).execute(&mut |_| {});
    assert!(report.held, "{report:#?}");
    report
}

fn routes(report: &Report, at: usize) -> Vec<String> {
    report.shown[at].lines.clone()
}

const TWO_ROUTERS: &str = r#"
title = "A host without routes, two routers that say that they are there"

[[host]]
name = "client"
interface = [{ addresses = ["10.0.0.9/24"] }]
router_discovery = { perform_router_discovery = true }

[[host]]
name = "one"
forwarding = true
interface = [{ addresses = ["10.0.0.1/24"], preference_level = 10 }, { addresses = ["10.9.0.251/24"] }]

[host.router_discovery]
advertise = true
max_advertisement_interval = "4 s"
min_advertisement_interval = "3 s"
advertisement_lifetime = "12 s"

[[host]]
name = "two"
forwarding = true
interface = [{ addresses = ["10.0.0.2/24"] }, { addresses = ["10.9.0.252/24"] }]

[host.router_discovery]
advertise = true
max_advertisement_interval = "4 s"
min_advertisement_interval = "3 s"
advertisement_lifetime = "12 s"

[[host]]
name = "server"
interface = [{ addresses = ["10.9.0.1/24"] }]
route = [{ to = "default", via = "10.9.0.252" }]

[[switch]]
name = "office"

[[switch]]
name = "cellar"

[[link]]
name = "of-client"
between = ["client", "office"]

[[link]]
name = "of-one"
between = ["one.eth0", "office"]

[[link]]
name = "of-two"
between = ["two.eth0", "office"]

[[link]]
name = "below-one"
between = ["one.eth1", "cellar"]

[[link]]
name = "below-two"
between = ["two.eth1", "cellar"]

[[link]]
name = "of-server"
between = ["server", "cellar"]

[[application]]
name = "ping"
host = "client"
app = "ping"
to = "10.9.0.1"
count = 60
interval = "1 s"
start = "5 s"

[[event]]
at = "20 s"
show = ["routes"]
host = "client"

[[event]]
at = "20.5 s"
cut = "of-one"

[[event]]
at = "40 s"
show = ["routes"]
host = "client"

# Fifteen pings before the link is cut, and all from 33 s on.
[[expect]]
host = "client"
counters = { "icmp.in_echo_reps" = { min = 47, max = 53 }, "icmp.out_router_solicitations" = { min = 1, max = 3 } }

[[expect]]
host = "two"
counters = { "ip.out_forw_datagrams" = { min = 80 }, "icmp.out_router_advertisements" = { min = 30 } }
"#;

#[test]
fn a_host_without_routes_finds_a_router_and_another_when_that_one_is_silent() {
    // RFC 1256 §5.3
    let report = run(TWO_ROUTERS);
    let (before, after) = (routes(&report, 0), routes(&report, 1));
    assert_eq!(
        before[..2],
        [
            "default via 10.0.0.1 dev eth0 proto ra metric 1024",
            "default via 10.0.0.2 dev eth0 proto ra metric 1025"
        ]
    );
    assert_eq!(after[0], "default via 10.0.0.2 dev eth0 proto ra metric 1024");
    assert!(!after.iter().any(|line| line.contains("via 10.0.0.1")), "{after:?}");
}

#[test]
fn groups_reach_over_two_routers_where_one_is_upstream_of_the_other() {
    // RFC 4605 §4
    let text = |role: &str, octets: u32| {
        format!(
            r#"
[[host]]
name = "studio"
interface = [{{ addresses = ["10.0.0.1/24"] }}]
[[host]]
name = "root"
forwarding = true
multicast_forwarding = true
interface = [{{ addresses = ["10.0.0.254/24"] }}, {{ addresses = ["10.0.1.1/24"] }}]
[[host]]
name = "house"
forwarding = true
multicast_forwarding = true
interface = [{{ addresses = ["10.0.1.2/24"], multicast_role = "{role}" }}, {{ addresses = ["10.0.2.254/24"] }}]
route = [{{ to = "default", via = "10.0.1.1" }}]
[[host]]
name = "screen"
interface = [{{ addresses = ["10.0.2.1/24"] }}]
[[link]]
name = "a"
between = ["studio", "root.eth0"]
[[link]]
name = "b"
between = ["root.eth1", "house.eth0"]
[[link]]
name = "c"
between = ["house.eth1", "screen"]
[[application]]
name = "film"
host = "studio"
app = "udp-source"
to = "239.1.2.3:5000"
bytes = 5000
datagram = 1000
interval = "1 s"
multicast_ttl = 8
start = "1 s"
[[application]]
name = "watch"
host = "screen"
app = "udp-sink"
port = 5000
group = "239.1.2.3"
leave_at = "8 s"
[[expect]]
host = "screen"
counters = {{ "udp.in_datagrams" = {octets} }}
"#
        )
    };
    run(&text("upstream", 5));
    run(&text("downstream", 0));
}

#[test]
fn a_router_has_one_way_up() {
    let text = r#"
[[host]]
name = "router"
interface = [
  { addresses = ["10.0.0.1/24"], multicast_role = "upstream" },
  { addresses = ["10.0.1.1/24"], multicast_role = "upstream" },
]
"#;
    let errors = Scenario::from_text("test.toml", text, &[]).expect_err("there are two").to_string();
    assert!(errors.contains("a router has one upstream interface at most"), "{errors}");
}
