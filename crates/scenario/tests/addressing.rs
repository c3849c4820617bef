//! Addresses that are given, by RARP and DHCP, in scenario files: how hosts fare that get none, or lose one, and what is
//! said about what is wrong.

use wirelab_scenario::{ApplicationState, Diagnostic, Outcome, Report, Scenario};

/// The client's interface is to be added to, and so are applications.
fn network(client: &str, rest: &str) -> String {
    format!(
        r#"
[[host]]
name = "client"
interface = [{{ {client} }}]

[[host]]
name = "server"
interface = [{{ addresses = ["10.0.0.1/24"] }}]

[[link]]
name = "wire"
between = ["client.eth0", "server"]
delay = "1 ms"
{rest}"#
    )
}

const ASKS: &str = "configure = \"dhcp\"";

const LENDER: &str = r#"
[[application]]
name = "lender"
host = "server"
app = "dhcp-server"
first = "10.0.0.100"
last = "10.0.0.104"
lease = "2 min"
"#;

/// An application of the client that needs an address.
fn ping(start: &str) -> String {
    format!(
        "\n[[application]]\nname = \"ping\"\nhost = \"client\"\napp = \"ping\"\nto = \"10.0.0.1\"\ncount = 1\n\
         start = \"{start}\"\n"
    )
}

#[track_caller]
fn run(text: &str) -> Report {
    let scenario = Scenario::from_text("test.toml", text, &[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    scenario.build(1).execute(&mut |_| {})
}

/// How the application of this name ended, and its error.
#[track_caller]
fn ended<'a>(report: &'a Report, name: &str) -> (ApplicationState, Option<&'a str>) {
    let found = report.applications.iter().find(|application| application.name == name);
    let found = found.unwrap_or_else(|| panic!("there is no {name}"));
    (found.state, found.error.as_deref())
}

fn said(report: &Report, name: &str) -> String {
    let found = report.applications.iter().find(|application| application.name == name);
    found.map_or_else(String::new, |found| found.said.join("\n"))
}

#[test]
fn without_a_server_applications_fail_and_the_run_ends() {
    let report = run(&network(ASKS, &ping("0 s")));
    assert_eq!(report.outcome, Outcome::Completed);
    let why = Some("the host has no address: no DHCP server has given it an address");
    assert_eq!(ended(&report, "ping"), (ApplicationState::Failed, why));
    assert_eq!(report.virtual_duration.as_millis(), 60_000);
    let patient =
        "\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\npatience = \"7 s\"\n";
    let report = run(&network(ASKS, &(ping("0 s") + patient)));
    assert_eq!(ended(&report, "ping").1, why);
    assert_eq!(report.virtual_duration.as_millis(), 7_000);
    // A server that comes late is not too late for those that begin after it.
    let late = LENDER.replace("lease =", "start = \"90 s\"\nlease =") + &ping("4 min");
    let report = run(&network(ASKS, &(ping("0 s").replace("\"ping\"\nhost", "\"early\"\nhost") + &late)));
    assert_eq!(ended(&report, "early").1, why);
    assert_eq!(ended(&report, "ping"), (ApplicationState::Finished, None));
}

#[test]
fn without_a_rarp_server_applications_fail_and_the_run_ends() {
    let report = run(&network("configure = \"rarp\"", &ping("0 s")));
    assert_eq!(report.outcome, Outcome::Completed);
    let why = Some("the host has no address: no RARP server has an address for it");
    assert_eq!(ended(&report, "ping"), (ApplicationState::Failed, why));
}

#[test]
fn after_a_release_applications_fail() {
    let client = "\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\nrelease_after = \"5 s\"\n";
    let report = run(&network(ASKS, &(LENDER.to_owned() + client + &ping("60 s"))));
    assert_eq!(report.outcome, Outcome::Completed);
    let why = "the host has no address: its DHCP client has given its address back";
    assert_eq!(ended(&report, "ping"), (ApplicationState::Failed, Some(why)));
    assert_eq!(ended(&report, "asks"), (ApplicationState::Finished, None));
}

#[test]
fn an_offer_of_what_the_host_has_already_is_declined_for_another() {
    let aside = "configure = \"dhcp\" }, { addresses = [\"10.0.0.100/24\"]";
    let other = "\n[[host]]\nname = \"other\"\ninterface = [{ addresses = [\"10.0.0.3/24\"] }]\n\
                 \n[[link]]\nname = \"aside\"\nbetween = [\"client.eth1\", \"other\"]\n";
    let client = "\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\n";
    let report = run(&network(aside, &(LENDER.to_owned() + other + client + &ping("0 s"))));
    assert_eq!(report.outcome, Outcome::Completed);
    assert!(said(&report, "asks").contains("10.0.0.100 is in use: declined"), "{}", said(&report, "asks"));
    assert!(said(&report, "lender").contains("10.0.0.100 is in use"));
    assert_eq!(report.hosts[0].addresses, ["10.0.0.101/24", "10.0.0.100/24"]);
}

#[test]
fn an_answer_of_rarp_that_the_host_has_already_is_refused() {
    let aside = "configure = \"rarp\", rarp = { prefix = 24 } }, { addresses = [\"10.0.0.5/24\"]";
    let table = "\n[[host]]\nname = \"other\"\ninterface = [{ addresses = [\"10.0.0.3/24\"] }]\n\
                 \n[[link]]\nname = \"aside\"\nbetween = [\"client.eth1\", \"other\"]\n";
    let text = network(aside, &(table.to_owned() + &ping("0 s")));
    let text = text.replace(
        "addresses = [\"10.0.0.1/24\"]",
        "addresses = [\"10.0.0.1/24\"], rarp_table = [{ station = \"client.eth0\", address = \"10.0.0.5\" }]",
    );
    let report = run(&text);
    assert_eq!(report.outcome, Outcome::Completed, "nobody waits for ever");
    assert_eq!(report.hosts[0].addresses, ["10.0.0.5/24"]);
    assert_eq!(report.hosts[0].counters.get("rarp.in_discards"), Some(6), "each of its questions");
}

/// A client that keeps its lease while something happens to the wire, and an application until the end of that.
fn kept(events: &str, until: &str) -> Report {
    let client = "\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\n";
    run(&network(ASKS, &(LENDER.to_owned() + client + &ping(until) + events)))
}

fn event(at: &str, what: &str) -> String {
    format!("\n[[event]]\nat = \"{at}\"\n{what} = \"wire\"\n")
}

#[test]
fn a_lease_that_cannot_be_renewed_is_rebound() {
    // RFC 2131 §4.4.5: at T1 a word to the server, which is lost; at T2, 7/8 of the lease, one to all.
    let usual = kept("", "125 s");
    assert_eq!(ended(&usual, "ping"), (ApplicationState::Finished, None));
    let report = kept(&(event("50 s", "cut") + &event("100 s", "restore")), "125 s");
    assert_eq!(ended(&report, "ping"), (ApplicationState::Finished, None));
    assert_eq!(said(&report, "asks").matches(" more").count(), 1);
    assert!(!said(&report, "asks").contains("ended"));
    // A renewal says nothing to all; the one that rebinds does. It asks for the server's hardware address less often,
    // and in vain meanwhile.
    let counter = |report: &Report, name: &str| report.hosts[0].counters.get(name).unwrap();
    let discovered = |report: &Report| said(report, "asks").matches("offers").count();
    assert_eq!([&usual, &report].map(discovered), [1, 1]);
    let all = [&usual, &report]
        .map(|report| counter(report, "if.out_broadcast_pkts") - counter(report, "arp.out_requests"));
    assert!(all[1] > all[0], "{all:?}");
}

#[test]
fn a_lease_that_nobody_extends_ends_and_the_client_gets_another() {
    // RFC 2131 §4.4.5: at its end the client ceases to use the address.
    let cut = event("50 s", "cut") + &event("3 min", "restore");
    let report = kept(&cut, "6 min");
    assert!(said(&report, "asks").contains("the lease of 10.0.0.100 has ended"), "{}", said(&report, "asks"));
    assert_eq!(said(&report, "asks").matches("offers").count(), 2, "it began anew");
    assert_eq!(ended(&report, "ping"), (ApplicationState::Finished, None));
    // What waits for an address meanwhile fails when the client has no more patience.
    let report = kept(&event("50 s", "cut"), "3 min");
    let why = "the host has no address: no DHCP server has given it an address";
    assert_eq!(ended(&report, "ping"), (ApplicationState::Failed, Some(why)));
    assert_eq!(report.hosts[0].addresses, Vec::<String>::new());
}

#[test]
fn a_client_asks_several_servers_and_takes_the_address_that_it_likes() {
    let second = "\n[[host]]\nname = \"second\"\ninterface = [{ addresses = [\"10.0.0.2/24\"] }]\n\
                  \n[[application]]\nname = \"other\"\nhost = \"second\"\napp = \"dhcp-server\"\n\
                  first = \"10.0.0.150\"\nlast = \"10.0.0.159\"\n\
                  \n[[hub]]\nname = \"hub\"\n\
                  \n[[link]]\nname = \"b\"\nbetween = [\"second\", \"hub\"]\n\
                  \n[[link]]\nname = \"c\"\nbetween = [\"server\", \"hub\"]\n";
    for (requested, address) in [("10.0.0.155", "10.0.0.155/24"), ("10.0.0.103", "10.0.0.103/24")] {
        let client = format!(
            "\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\nrequested = \"{requested}\"\n"
        );
        let text = network(ASKS, &(LENDER.to_owned() + second + &client + &ping("0 s")));
        let report = run(&text.replace("[\"client.eth0\", \"server\"]", "[\"client.eth0\", \"hub\"]"));
        assert_eq!(report.hosts[0].addresses, [address]);
        assert_eq!(said(&report, "asks").matches("offers").count(), 2);
        assert_eq!(ended(&report, "ping"), (ApplicationState::Finished, None));
    }
}

/// All diagnostics: where, path, message, what is allowed. The place is that of `mark` in the text.
#[track_caller]
fn wrong(text: &str, mark: &str) -> Vec<String> {
    let Err(diagnostics) = Scenario::from_text("test.toml", text, &[]) else {
        panic!("nothing is wrong with:\n{text}")
    };
    let before = &text[..text.find(mark).unwrap_or_else(|| panic!("no {mark} in:\n{text}"))];
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.len() - before.rfind('\n').map_or(0, |end| end + 1);
    let show = |diagnostic: &Diagnostic| {
        let Diagnostic { file, path, message, allowed, .. } = diagnostic;
        assert_eq!(
            (file.as_str(), diagnostic.line, diagnostic.column),
            ("test.toml", line, column),
            "{diagnostic}"
        );
        format!("{path}: {message} [{}]", allowed.as_deref().unwrap_or_default())
    };
    diagnostics.iter().map(show).collect()
}

#[test]
fn servers_that_make_no_sense_are_reported_where_they_stand() {
    let server = |fields: &str| {
        let text = LENDER.replace("lease = \"2 min\"\n", &format!("{fields}\n"));
        network("addresses = [\"10.0.0.2/24\"]", &text)
    };
    let reserve = |entries: &str| server(&format!("reservation = [{entries}]"));
    let one = "mac = \"02:00:00:00:00:01\"";
    let cases: [(String, &str, &str); 15] = [
        (
            server("lease = \"0 s\""),
            "\"0 s\"",
            "lease: it cannot be zero [a time above zero such as \"20 ms\", in ns, us, ms, s, min or h]",
        ),
        (
            server("lease = \"2 h\"\nmax_lease = \"1 h\""),
            "\"2 h\"",
            "lease: a lease of 7200s is longer than the longest, 3600s [`lease` no longer than `max_lease`]",
        ),
        (
            server("max_leases = 0"),
            "0\n",
            "max_leases: a server without leases has nothing to give [1 or more]",
        ),
        (server("prefix = 33"), "33", "prefix: an IPv4 address has 32 bits [0 to 32]"),
        (
            server("prefix = 30"),
            "\"10.0.0.104\"",
            "last: the pool from 10.0.0.100 to 10.0.0.104 does not lie in one network of 30 bits [an address from `first` on, in its network]",
        ),
        (
            server("prefix = 29").replace("10.0.0.104", "10.0.0.102"),
            "\"10.0.0.100\"",
            "first: `eth0` has no address in the pool's network, 10.0.0.96/29 [a pool in the network of the server's interface]",
        ),
        (
            server("").replace("10.0.0.100", "10.0.0.0"),
            "\"10.0.0.0\"",
            "first: 10.0.0.0 cannot be a host's address in 10.0.0.0/24 [an address between the network's own and its broadcast address]",
        ),
        (
            server("").replace("10.0.0.104", "10.0.0.255"),
            "\"10.0.0.255\"",
            "last: 10.0.0.255 cannot be a host's address in 10.0.0.0/24 [an address between the network's own and its broadcast address]",
        ),
        (
            server("").replace("10.0.0.10", "10.0.5.10"),
            "\"10.0.5.100\"",
            "first: `eth0` has no address in the pool's network, 10.0.5.0/24 [a pool in the network of the server's interface]",
        ),
        (
            server("routers = [\"10.0.0.1\", \"10.1.0.1\"]"),
            "\"10.1.0.1\"",
            "routers.1: 10.1.0.1 is not in the pool's network, 10.0.0.0/24 [a router that clients can reach directly]",
        ),
        (
            reserve(&format!("{{ {one}, address = \"192.168.7.9\" }}")),
            "\"192.168.7.9\"",
            "reservation.0.address: 192.168.7.9 is not in the pool's network, 10.0.0.0/24 [an address of it]",
        ),
        (
            reserve(&format!("{{ {one}, address = \"10.0.0.255\" }}")),
            "\"10.0.0.255\"",
            "reservation.0.address: 10.0.0.255 cannot be a host's address in 10.0.0.0/24 [an address between the network's own and its broadcast address]",
        ),
        (
            reserve(&format!("{{ {one}, address = \"10.0.0.1\" }}")),
            "\"10.0.0.1\" }",
            "reservation.0.address: 10.0.0.1 is the server's own [an address that no other station has]",
        ),
        (
            reserve(&format!(
                "{{ station = \"client\", address = \"10.0.0.7\" }}, {{ {one}, address = \"10.0.0.7\" }}"
            )),
            "\"10.0.0.7\" }]",
            "reservation.1.address: 10.0.0.7 is reserved already [another address for each station]",
        ),
        (
            reserve(&format!("{{ {one}, address = \"10.0.0.7\" }}, {{ {one}, address = \"10.0.0.8\" }}")),
            "{ mac = \"02:00:00:00:00:01\", address = \"10.0.0.8\"",
            "reservation.1: an address is reserved for 02:00:00:00:00:01 already [one reservation for each station]",
        ),
    ];
    for (text, mark, expected) in cases {
        assert_eq!(wrong(&text, mark), [format!("application.lender.{expected}")]);
    }
    let twice =
        LENDER.to_owned() + &LENDER.replace("\"lender\"", "\"second\"").replace("\"server\"", "\"server\" ");
    assert_eq!(
        wrong(&network("addresses = [\"10.0.0.2/24\"]", &twice), "\"server\" \napp"),
        [
            "application.second.host: `lender` is the DHCP server of `eth0` already [one DHCP server for each interface]"
        ]
    );
}

#[test]
fn clients_that_make_no_sense_are_reported_where_they_stand() {
    let client = |fields: &str| {
        format!("\n[[application]]\nname = \"asks\"\nhost = \"client\"\napp = \"dhcp-client\"\n{fields}\n")
    };
    let fixed = "addresses = [\"10.0.0.2/24\"]";
    let cases = [
        (
            network(fixed, &client("")),
            "\"client\"\napp",
            "host: `eth0` does not have its address from a DHCP server [an interface with `configure = \"dhcp\"`, or `inform`]",
        ),
        (
            network(fixed, &client("interface = \"eth0\"")),
            "\"eth0\"\n",
            "interface: `eth0` does not have its address from a DHCP server [an interface with `configure = \"dhcp\"`, or `inform`]",
        ),
        (
            network(ASKS, &client("inform = true")),
            "true",
            "inform: to be told what goes with its address, the interface needs one [`addresses` of the interface, or no `inform`]",
        ),
        (
            network(fixed, &client("inform = true\nrelease_after = \"1 s\"")),
            "\"1 s\"",
            "release_after: a client with `inform` gets no address, so that `release_after` says nothing [one of `inform` and `release_after`]",
        ),
        (
            network(ASKS, &client("requested = \"224.0.0.1\"")),
            "\"224.0.0.1\"",
            "requested: 224.0.0.1 cannot be a host's address [an address that one station can have]",
        ),
        (
            network(ASKS, &client("previous = \"0.0.0.0\"")),
            "\"0.0.0.0\"",
            "previous: 0.0.0.0 cannot be a host's address [an address that one station can have]",
        ),
        (
            network(ASKS, &client("patience = \"0 s\"")),
            "\"0 s\"",
            "patience: it cannot be zero [a time above zero such as \"20 ms\", in ns, us, ms, s, min or h]",
        ),
    ];
    for (text, mark, expected) in cases {
        assert_eq!(wrong(&text, mark), [format!("application.asks.{expected}")]);
    }
    let twice =
        client("") + &client("").replace("\"asks\"", "\"second\"").replace("\"client\"", "\"client\" ");
    assert_eq!(
        wrong(&network(ASKS, &twice), "\"client\" \n"),
        [
            "application.second.host: `asks` is the DHCP client of `eth0` already [one DHCP client for each interface]"
        ]
    );
}

#[test]
fn interfaces_that_make_no_sense_are_reported_where_they_stand() {
    let host = |fields: &str| network(fields, "");
    let given = "addresses = [\"10.0.0.2/24\"], ";
    let station = "station = \"client\"";
    let cases = [
        (
            host("configure = \"bootp\""),
            "\"bootp\"",
            "configure: there is no configure `bootp` [`static`, `rarp` or `dhcp`]",
        ),
        (
            host(&format!("{given}configure = \"dhcp\"")),
            "\"dhcp\"",
            "configure: an interface that asks for its address has others already",
        ),
        (
            host(&format!("{given}configure = \"rarp\"")),
            "\"rarp\"",
            "configure: an interface that asks for its address has others already",
        ),
        (
            host("configure = \"dhcp\", rarp = { prefix = 24 }"),
            "{ prefix",
            "rarp: `rarp` says what RARP does not tell",
        ),
        (
            host("configure = \"rarp\", rarp = { prefix = 33 }"),
            "33",
            "rarp.prefix: an IPv4 address has 32 bits [0 to 32]",
        ),
        (
            host(&format!(
                "{given}rarp_table = [{{ {station}, address = \"10.0.0.8\" }}, {{ {station}, address = \"10.0.0.7\" }}]"
            )),
            "{ station = \"client\", address = \"10.0.0.7\"",
            "rarp_table.1: the table says that",
        ),
        (
            host(&format!("{given}rarp_table = [{{ {station}, address = \"224.0.0.1\" }}]")),
            "\"224.0.0.1\"",
            "rarp_table.0.address: 224.0.0.1 cannot be a host's address",
        ),
        (
            host(&format!("{given}rarp_table = [{{ address = \"10.0.0.7\" }}]")),
            "{ address =",
            "rarp_table.0: a line of a RARP table is about one station [one of `mac` and `station`]",
        ),
        (
            host(&format!("{given}rarp_table = [{{ station = \"cliend\", address = \"10.0.0.7\" }}]")),
            "\"cliend\"",
            "rarp_table.0.station: there is no host `cliend`",
        ),
        (
            host(&format!("{given}rarp_table = [{{ {station} }}]")),
            "{ station",
            "rarp_table.0: a line of a RARP table needs the field `address`",
        ),
    ];
    for (text, mark, expected) in cases {
        let all = wrong(&text, mark);
        let path = format!("host.client.interface.eth0.{expected}");
        let short = format!("host.client.interface.0.{expected}");
        assert!(
            all.len() == 1 && (all[0].starts_with(&path) || all[0].starts_with(&short)),
            "{all:#?} / {expected}"
        );
    }
}

#[test]
fn a_line_without_ethernet_has_nothing_of_arp() {
    let line = |fields: &str| {
        let text = network(&format!("medium = \"point-to-point\", {fields}"), "");
        text.replace(
            "[{ addresses = [\"10.0.0.1/24\"] }]",
            "[{ medium = \"point-to-point\", addresses = [\"10.0.0.1/24\"] }]",
        )
    };
    let given = "addresses = [\"10.0.0.2/24\"], ";
    let cases = [
        ("configure = \"rarp\"".to_owned(), "\"rarp\"", "configure"),
        ("configure = \"dhcp\"".to_owned(), "\"dhcp\"", "configure"),
        (format!("{given}probe = true"), "true", "probe"),
        (format!("{given}proxy_arp = true"), "true", "proxy_arp"),
        (format!("{given}on_conflict = \"give-up\""), "\"give-up\"", "on_conflict"),
        (
            format!("{given}rarp_table = [{{ mac = \"02:00:00:00:00:01\", address = \"10.0.0.7\" }}]"),
            "{ mac",
            "rarp_table",
        ),
    ];
    for (fields, mark, field) in cases {
        let all = wrong(&line(&fields), mark);
        assert!(
            all.len() == 1 && all[0].contains(&format!("a point-to-point interface has no `{field}`")),
            "{all:#?}"
        );
    }
    assert!(
        Scenario::from_text("test.toml", &line(&format!("{given}probe = false, proxy_arp = false")), &[])
            .is_ok()
    );
    // A client, or a server, needs a hardware address.
    let server = line(given) + LENDER;
    let all = wrong(&server, "\"server\"\napp");
    assert_eq!(
        all,
        [
            "application.lender.host: `eth0` has no hardware address that a lease could be for [an Ethernet interface]"
        ]
    );
}
