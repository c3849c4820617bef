//! What is said about files that are wrong: where, which field, what, what is allowed, and what was meant.

use wirelab_scenario::{Diagnostic, Override, Scenario};

const HOSTS: &str = r#"
[[host]]
name = "client"
interface = [{ addresses = ["10.0.0.1/24"] }]

[[host]]
name = "server"
interface = [{ addresses = ["10.0.0.2/24"] }]
"#;

const LINK: &str = r#"
[[link]]
name = "wire"
between = ["client", "server"]
"#;

/// The diagnostics for two hosts, a link, and `rest`, which is added to the link's table.
#[track_caller]
fn wrong(rest: &str) -> Vec<Diagnostic> {
    wrong_text(&format!("{HOSTS}{LINK}{rest}"))
}

#[track_caller]
fn wrong_text(text: &str) -> Vec<Diagnostic> {
    match Scenario::from_text("test.toml", text, &[]) {
        Ok(_) => panic!("nothing is wrong with:\n{text}"),
        Err(diagnostics) => diagnostics.iter().cloned().collect(),
    }
}

#[track_caller]
fn right(rest: &str) {
    let text = format!("{HOSTS}{LINK}{rest}");
    if let Err(diagnostics) = Scenario::from_text("test.toml", &text, &[]) {
        panic!("{diagnostics}");
    }
}

/// The only diagnostic for `rest`: its path and message.
#[track_caller]
fn one(rest: &str) -> (String, String) {
    let all = wrong(rest);
    assert_eq!(all.len(), 1, "{all:#?}");
    (all[0].path.clone(), all[0].message.clone())
}

#[test]
fn a_diagnostic_shows_the_line_and_what_was_meant() {
    let text = format!("{HOSTS}{LINK}dealy = \"20 ms\"\n");
    let shown = Scenario::from_text("dir/test.toml", &text, &[]).unwrap_err().to_string();
    let expected = "dir/test.toml:13:1: link.wire.dealy: a link has no field `dealy`\n    |\n 13 | dealy = \"20 ms\"\n    \
                    | ^^^^^\n    = allowed: `name`, `between`, `mtu`, `rate`, `queue`, `loss`, `corrupt`, `duplicate`, \
                    `delay`, `jitter`, `distribution`, `reorder`, `stages`, `forward` or `backward`\n    \
                    = did you mean `delay`?\n";
    assert_eq!(shown, expected);
}

#[test]
fn everything_that_is_wrong_is_said_in_one_go_and_in_order() {
    let all = wrong(
        "delay = 20\nloss = \"105 %\"\nrate = \"10 Mbps\"\nmtu = \"big\"\nqueue = \"5 bananas\"\nx = 1\n",
    );
    let lines: Vec<usize> = all.iter().map(|diagnostic| diagnostic.line).collect();
    assert_eq!(lines, [13, 14, 15, 16, 17, 18], "{all:#?}");
    assert_eq!(all[0].message, "the number 20 has no unit");
    assert_eq!(all[0].suggestion.as_deref(), Some("\"20 ms\""));
    assert_eq!(all[1].message, "`105 %` is more than all");
    assert_eq!(all[2].suggestion.as_deref(), Some("10 Mbit/s"));
    assert_eq!(all[3].message, "this is a text");
    assert!(all[3].allowed.as_ref().unwrap().contains("from 0 to 65535"));
    assert!(all[4].message.contains("`bananas` is not a unit"));
}

#[test]
fn errors_of_reading_and_of_meaning_are_said_together() {
    let all =
        wrong("queue = \"9 packets\"\n[[application]]\nname = \"a\"\nhost = \"client\"\napp = \"pong\"\n");
    let messages: Vec<&str> = all.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(
        messages,
        ["`queue` needs `rate`: without a rate no frame ever waits", "there is no app `pong`"]
    );
    assert_eq!(all[1].suggestion.as_deref(), Some("ping"));
}

#[test]
fn what_refers_to_a_part_that_could_not_be_read_is_not_blamed() {
    let text = format!("{HOSTS}{LINK}").replace("10.0.0.2/24", "10.0.0.2/99");
    let all = wrong_text(&text);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0].path, "host.server.interface.0.addresses.0");
}

#[test]
fn references_are_looked_up() {
    let application = |rest: &str| format!("[[application]]\nname = \"a\"\n{rest}\n");
    let wrong_host = wrong(&application("host = \"cleint\"\napp = \"sink\"\nport = 1"));
    assert_eq!(wrong_host[0].message, "there is no host `cleint`");
    assert_eq!(wrong_host[0].suggestion.as_deref(), Some("client"));
    assert_eq!(wrong_host[0].allowed.as_deref(), Some("`client` or `server`"));
    let (path, message) = one(&application("host = \"client\"\napp = \"ping\"\nto = \"sever\""));
    assert_eq!((path.as_str(), message.as_str()), ("application.a.to", "there is no host `sever`"));
    let all = wrong_text(&format!("{HOSTS}[[link]]\nname = \"l\"\nbetween = [\"client.eth1\", \"serve\"]\n"));
    assert_eq!(all[0].message, "there is no interface of `client` `eth1`");
    assert_eq!(all[1].suggestion.as_deref(), Some("server"));
    let (path, message) = one("[[event]]\nat = \"1 s\"\ncut = \"wires\"\n");
    assert_eq!((path.as_str(), message.as_str()), ("event.0.cut", "there is no link `wires`"));
}

#[test]
fn names_and_addresses_are_given_once() {
    let text = format!("{HOSTS}{HOSTS}");
    let messages: Vec<String> = wrong_text(&text).into_iter().map(|diagnostic| diagnostic.message).collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert_eq!(messages[0], "there are two hosts `client`");
    assert_eq!(messages[1], "`client.eth0` has the address 10.0.0.1 already");
    // An address conflict can be shown on purpose.
    let shared = HOSTS.replace("10.0.0.2/24\"]", "10.0.0.1/24\"], duplicate = true");
    let all = wrong_text(&shared);
    assert!(all[0].message.contains("has the address 10.0.0.1 already"), "one side alone is not on purpose");
    let both = shared.replace(
        "[{ addresses = [\"10.0.0.1/24\"] }]",
        "[{ addresses = [\"10.0.0.1/24\"], duplicate = true }]",
    );
    assert!(Scenario::from_text("test.toml", &both, &[]).is_ok());
    let all = wrong("[[link]]\nname = \"other\"\nbetween = [\"client\", \"server\"]\n");
    assert_eq!(all.len(), 2, "one for each end: {all:#?}");
    assert_eq!(all[0].message, "the link `wire` ends at this interface already");
}

#[test]
fn addresses_are_those_that_a_host_can_have() {
    for (address, fault) in [
        ("0.0.0.0/0", "no address at all"),
        ("127.0.0.1/8", "loopback"),
        ("224.0.0.1/24", "multicast"),
        ("10.0.0.255/24", "broadcast"),
        ("10.0.0.0/24", "the network itself"),
        ("fe80::1/64", "IPv6"),
    ] {
        let text = HOSTS.replace("10.0.0.2/24", address);
        let all = wrong_text(&text);
        assert!(all.len() == 1 && all[0].message.contains(fault), "{address}: {all:#?}");
    }
    for address in ["10.0.0.3/31", "10.0.0.4/32", "10.0.0.254/24"] {
        let text = HOSTS.replace("10.0.0.2/24", address);
        assert!(Scenario::from_text("test.toml", &text, &[]).is_ok(), "{address}");
    }
}

#[test]
fn settings_that_make_no_sense_together_are_found() {
    let (path, message) = one("jitter = \"1 ms\"\n");
    assert_eq!(
        (path.as_str(), message.as_str()),
        ("link.wire.jitter", "`jitter` needs `delay`: it is the delay that varies")
    );
    let (path, _) = one("[link.backward]\nqueue = \"5 packets\"\n");
    assert_eq!(path, "link.wire.backward.queue");
    right(
        "queue = \"5 packets\"\n[link.forward]\nrate = \"1 Mbit/s\"\n[link.backward]\nrate = \"2 Mbit/s\"\n",
    );
    let (path, message) = one("delay = \"1 ms\"\nloss = \"1 %\"\nstages = [\"delay\"]\n");
    assert_eq!((path.as_str(), message.as_str()), ("link.wire.stages", "`loss` is set, but not named"));
    let (_, message) = one("delay = \"1 ms\"\nstages = [\"delay\", \"mtu\"]\n");
    assert_eq!(message, "`mtu` is not set");
    let (_, message) = one("delay = \"1 ms\"\nstages = [\"delay\", \"delay\"]\n");
    assert_eq!(message, "`delay` is named twice");
    right("delay = \"1 ms\"\nloss = \"1 %\"\nstages = [\"delay\", \"loss\"]\n");
    let (_, message) = one("loss = { frames = [1], chance = \"1 %\" }\n");
    assert_eq!(message, "these fields do not go together");
    let (_, message) = one("loss = { frames = [0] }\n");
    assert_eq!(message, "there is no frame 0");
    right("loss = { good_to_bad = \"1 %\", bad_to_good = \"9 %\", loss_in_good = \"0.1 %\" }\n");
}

#[test]
fn each_app_has_fields_of_its_own() {
    let base = "[[application]]\nname = \"a\"\nhost = \"client\"\n";
    let (path, message) = one(&format!("{base}app = \"sink\"\nport = 7\nto = \"server:7\"\n"));
    assert_eq!((path.as_str(), message.as_str()), ("application.a.to", "a sink has no field `to`"));
    let (_, message) = one(&format!("{base}app = \"sink\"\n"));
    assert_eq!(message, "a sink needs the field `port`");
    let all = wrong(&format!("{base}app = \"sink\"\nprot = 7\n"));
    assert_eq!(all.len(), 1, "a misspelt required field is reported once: {all:#?}");
    assert_eq!(all[0].suggestion.as_deref(), Some("port"));
    let (_, message) = one(base);
    assert_eq!(message, "an application needs the field `app`");
    let old = wrong(&format!("{base}kind = \"sink\"\nport = 7\n"));
    assert_eq!(old.len(), 1, "{old:#?}");
    assert_eq!(
        (old[0].path.as_str(), old[0].line, old[0].message.as_str(), old[0].suggestion.as_deref()),
        ("application.a.kind", 16, "the field `kind` is called `app` now", Some("app"))
    );
    let both = one(&format!("{base}app = \"sink\"\nkind = \"sink\"\nport = 7\n"));
    assert_eq!(both, ("application.a.kind".to_owned(), "a sink has no field `kind`".to_owned()));
    let (_, message) = one(&format!("{base}app = \"sink\"\nport = 0\n"));
    assert_eq!(message, "the number is out of range");
    let both = format!(
        "{base}app = \"sink\"\nport = 7\n[[application]]\nname = \"b\"\nhost = \"client\"\napp = \"discard\"\nport = 7\n"
    );
    assert_eq!(one(&both).1, "`a` has the port 7 of `client` already");
    right(&both.replace("\"discard\"", "\"udp-discard\""));
    let (path, message) = one(&format!("{base}app = \"sink\"\nport = 7\naddress = \"10.0.0.2\"\n"));
    assert_eq!(path, "application.a.address");
    assert!(message.contains("not an address of the application's host"));
}

#[test]
fn a_host_has_one_terminal() {
    let terminal = |name: &str, host: &str| {
        format!(
            "[[application]]\nname = \"{name}\"\nhost = \"{host}\"\napp = \"terminal\"\nto = \"server:9999\"\n"
        )
    };
    right(&(terminal("a", "client") + &terminal("b", "server")));
    let (path, message) = one(&(terminal("a", "client") + &terminal("b", "client")));
    assert_eq!((path.as_str(), message.as_str()), ("application.b.name", "`client` has a terminal already"));
}

#[test]
fn sockets_within_a_host_have_paths_or_abstract_names() {
    let application = |rest: &str| {
        format!("[[application]]\nname = \"a\"\nhost = \"client\"\napp = \"unix-server\"\n{rest}")
    };
    right(&application("address = \"/run/upper\"\nunlink = true\nrequests = 1\n"));
    right(&application(&format!("address = \"@{}\"\n", "a".repeat(107))));
    for wrong in ["run/upper".to_owned(), "@".to_owned(), String::new(), format!("@{}", "a".repeat(108))] {
        let (path, message) = one(&application(&format!("address = \"{wrong}\"\n")));
        assert_eq!(
            (path.as_str(), message),
            ("application.a.address", format!("`{wrong}` is no address of a socket"))
        );
    }
    let (path, message) = one(&application("address = \"@upper\"\nunlink = true\n"));
    assert_eq!(path, "application.a.unlink");
    assert!(message.contains("nothing to unlink"), "{message}");
    let (path, _) = one(&application("address = \"@upper\"\nrequests = 0\n"));
    assert_eq!(path, "application.a.requests");
    let client = |kind: &str, octets: usize| {
        let text = "a".repeat(octets);
        format!(
            "[[application]]\nname = \"a\"\nhost = \"client\"\napp = \"unix-client\"\nto = \"@upper\"\n\
             socket_type = \"{kind}\"\ntexts = [\"{text}\"]\n"
        )
    };
    for kind in ["datagram", "seqpacket"] {
        right(&client(kind, 65_536));
        let (path, message) = one(&client(kind, 65_537));
        assert_eq!(
            (path.as_str(), message.as_str()),
            ("application.a.texts.0", "a message cannot have 65537 octets")
        );
    }
    right(&client("stream", 65_537));
}

#[test]
fn events_do_one_thing() {
    let (_, message) = one("[[event]]\nat = \"1 s\"\n");
    assert_eq!(message, "an event does one thing");
    let (path, message) = one("[[event]]\nat = \"1 s\"\ncut = \"wire\"\nloss = \"1 %\"\n");
    assert_eq!(
        (path.as_str(), message.as_str()),
        ("event.0.loss", "`cut` does not go together with settings")
    );
    let (_, message) = one("[[event]]\nat = \"1 s\"\ncut = \"wire\"\ncrash = \"client\"\n");
    assert_eq!(message, "an event does one thing");
    let (path, message) = one("[[event]]\nat = \"1 s\"\nrestart = \"clinet\"\n");
    assert_eq!(path, "event.0.restart");
    assert!(message.contains("clinet"), "{message}");
    let (path, _) = one("[[event]]\nat = \"1 s\"\ncrash = \"client\"\ndirection = \"forward\"\n");
    assert_eq!(path, "event.0.direction");
    right("[[event]]\nat = \"1 s\"\ncrash = \"client\"\n[[event]]\nat = \"2 s\"\nrestart = \"client\"\n");
    let (_, message) = one("[[event]]\nat = \"1 s\"\nchange = \"wire\"\n");
    assert_eq!(message, "the event changes nothing");
    let (_, message) = one("[[event]]\nat = \"1 s\"\nchange = \"wire\"\nqueue = \"9 packets\"\n");
    assert!(message.starts_with("`queue` needs `rate`"));
    // An earlier event may set the rate, wherever it stands in the file.
    let rate_first = "[[event]]\nat = \"2 s\"\nchange = \"wire\"\nqueue = \"9 packets\"\n\
                      [[event]]\nat = \"1 s\"\nchange = \"wire\"\nrate = \"1 Mbit/s\"\n";
    right(rate_first);
    assert_eq!(wrong(&rate_first.replace("at = \"1 s\"", "at = \"3 s\"")).len(), 1);
}

#[test]
fn a_schedule_is_one_of_two() {
    let with = |schedule: &str| format!("schedule = \"{schedule}\"\n{HOSTS}{LINK}");
    assert_eq!(wrong_text(&with("any"))[0].path, "schedule");
    assert!(Scenario::from_text("test.toml", &with("random"), &[]).is_ok());
}

#[test]
fn expectations_are_of_what_there_is() {
    let expect = |rest: &str| format!("[[expect]]\n{rest}\n");
    let all = wrong(&expect("host = \"client\"\ncounters = { retransmitted_segmnets = 0 }"));
    assert_eq!(all[0].suggestion.as_deref(), Some("retransmitted_segments"));
    assert_eq!(all[0].path, "expect.0.counters.retransmitted_segmnets");
    let (_, message) = one(&expect("link = \"wire\"\ncounters = { bad_fcs = 0 }"));
    assert_eq!(message, "there is no counter of a link `bad_fcs`");
    let (_, message) = one(&expect("host = \"client\"\nended = \"clean\"\ncounters = { bad_fcs = 0 }"));
    assert_eq!(message, "`ended` is not expected of a host");
    let (_, message) = one(&expect("host = \"client\""));
    assert_eq!(message, "nothing is expected of the host");
    let (_, message) = one(&expect("host = \"client\"\nlink = \"wire\"\ncounters = { lost = 0 }"));
    assert_eq!(message, "an expectation is about one thing, and this is about 2");
    let (_, message) = one(&expect("link = \"wire\"\ncounters = { lost = { min = 2, max = 1 } }"));
    assert_eq!(message, "no number can be like that");
    right(&expect("link = \"wire\"\ndirection = \"forward\"\ncounters = { lost = { max = 1 } }"));
    right(&expect("outcome = \"deadlock\""));
}

#[test]
fn routes_lead_somewhere() {
    let route = |route: &str| HOSTS.replacen("24\"] }]", &format!("24\"] }}]\nroute = [{route}]"), 1);
    let message = |text: &str| wrong_text(&route(text))[0].message.clone();
    assert_eq!(message("{ to = \"default\" }"), "the route has neither `via` nor `interface`");
    assert!(message("{ to = \"default\", via = \"10.9.0.1\" }").contains("no interface's network holds"));
    assert_eq!(
        message("{ to = \"default\", interface = \"eth9\" }"),
        "there is no interface of this host `eth9`"
    );
    assert!(Scenario::from_text("t", &route("{ to = \"default\", via = \"10.0.0.2\" }"), &[]).is_ok());
}

#[test]
fn overrides_are_read_like_the_file_and_blamed_like_it() {
    let text = format!("{HOSTS}{LINK}");
    let read = |change: &str| Scenario::from_text("test.toml", &text, &[Override::new(change)]);
    assert!(read("link.wire.delay=20 ms").is_ok());
    assert_eq!(read("seed=7").unwrap().seed(), 7);
    let error = read("link.wire.delay=20 parsecs").unwrap_err().to_string();
    assert!(error.starts_with("--set:1:17: link.wire.delay: `parsecs` is not a unit here"), "{error}");
    assert!(error.contains("link.wire.delay=20 parsecs\n"), "{error}");
    let error = read("link.wire.dealy=20 ms").unwrap_err().to_string();
    assert!(error.contains("did you mean `delay`?"), "{error}");
    let error = read("sede=7").unwrap_err().to_string();
    assert!(error.contains("a scenario has no field `sede`") && error.contains("`seed`"), "{error}");
}

#[test]
fn files_that_cannot_be_read_say_so() {
    let error = Scenario::from_file("no/such/file.toml", &[]).unwrap_err().to_string();
    assert!(error.starts_with("no/such/file.toml:1:1: the file cannot be read"), "{error}");
    assert!(!wrong_text("host = [").is_empty());
    assert_eq!(wrong_text("host = 1")[0].message, "this is an integer");
    assert_eq!(wrong_text("[[host]]\nname = \"a b\"\n")[0].message, "`a b` is not a name");
}
