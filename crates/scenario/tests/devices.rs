//! Switches, hubs, VLANs and lines without Ethernet in scenario files: what is understood, and what is said about what
//! is wrong.

use wirelab_scenario::{Diagnostic, Scenario};

const HOSTS: &str = r#"
[[host]]
name = "ann"
interface = [{ addresses = ["10.0.0.1/24"] }]

[[host]]
name = "ben"
interface = [{ addresses = ["10.0.0.2/24"] }]
"#;

#[track_caller]
fn wrong(rest: &str) -> Vec<Diagnostic> {
    match Scenario::from_text("test.toml", &format!("{HOSTS}{rest}"), &[]) {
        Ok(_) => panic!("nothing is wrong with:\n{rest}"),
        Err(diagnostics) => diagnostics.iter().cloned().collect(),
    }
}

/// The only diagnostic: path, message, what is allowed, what was meant.
#[track_caller]
fn one(rest: &str) -> String {
    let all = wrong(rest);
    assert_eq!(all.len(), 1, "{all:#?}");
    let Diagnostic { path, message, allowed, suggestion, .. } = &all[0];
    let meant = suggestion.as_ref().map_or_else(String::new, |meant| format!(" ({meant}?)"));
    format!("{path}: {message} [{}]{meant}", allowed.as_deref().unwrap_or_default())
}

fn link(name: &str, one: &str, other: &str) -> String {
    format!("\n[[link]]\nname = \"{name}\"\nbetween = [\"{one}\", \"{other}\"]\n")
}

/// The report's links, as `from > to`.
fn links(rest: &str) -> Vec<String> {
    let text = format!("{HOSTS}{rest}");
    let scenario = Scenario::from_text("test.toml", &text, &[]).unwrap_or_else(|error| panic!("{error}"));
    let report = scenario.build(1).execute(&mut |_| {});
    report.links.iter().step_by(2).map(|link| format!("{} > {}", link.from, link.to)).collect()
}

#[test]
fn a_bare_name_takes_the_next_port_that_no_link_names() {
    let switch = "\n[[switch]]\nname = \"sw\"\nports = 3\n";
    let named = link("a", "ann", "sw") + &link("b", "ben", "sw.port1") + &link("c", "sw", "hub") + HUB;
    let expected = ["ann.eth0 > sw.port2", "ben.eth0 > sw.port1", "sw.port3 > hub.port1"];
    assert_eq!(links(&(switch.to_owned() + &named)), expected);
    // Without ports of its own it has as many as are asked for.
    let bare = link("a", "ann", "sw") + &link("b", "ben", "sw") + "\n[[switch]]\nname = \"sw\"\n";
    assert_eq!(links(&bare), ["ann.eth0 > sw.port1", "ben.eth0 > sw.port2"]);
    let own = "\n[[switch]]\nname = \"sw\"\nports = 2\nport = [{ name = \"left\", access = 7 }]\n";
    let to = link("a", "ann", "sw.left") + &link("b", "ben", "sw");
    assert_eq!(links(&(own.to_owned() + &to)), ["ann.eth0 > sw.left", "ben.eth0 > sw.port2"]);
}

const HUB: &str = "\n[[hub]]\nname = \"hub\"\n";

#[test]
fn ports_that_there_are_not_are_reported() {
    let switch = "\n[[switch]]\nname = \"sw\"\nport = [{ access = 10 }]\n";
    let with = |rest: &str| one(&(switch.to_owned() + rest));
    assert_eq!(
        with(&(link("a", "ann", "sw") + &link("b", "ben", "sw"))),
        "link.b.between.1: each of the 1 ports of `sw` has a link [a switch or hub with a port that is free]"
    );
    assert_eq!(
        with(&link("a", "ann", "sw.prot1")),
        "link.a.between.1: there is no port of `sw` `prot1` [`port1`] (port1?)"
    );
    assert_eq!(
        one(&(HUB.to_owned() + &link("a", "ann", "hub.port1"))),
        "link.a.between.1: there is no port of `hub` `port1` [`hub` alone, whose ports are as many as it has links]"
    );
    let near = with(&link("a", "ann", "sv"));
    assert_eq!(near, "link.a.between.1: there is no host, switch or hub `sv` [`ann`, `ben` or `sw`] (sw?)");
    let twice = with(&(link("a", "ann", "sw.port1") + &link("b", "ben", "sw.port1")));
    assert!(twice.starts_with("link.b.between.1: the link `a` ends at this interface already"), "{twice}");
}

#[test]
fn switches_that_make_no_sense_are_reported() {
    let with = |rest: &str| one(&format!("\n[[switch]]\nname = \"sw\"\n{rest}\n"));
    let cases = [
        (
            "port = [{ access = 10, trunk = [20] }]",
            "switch.sw.port.0.access: a port is either in one VLAN or a trunk [one of `access` and `trunk`]",
        ),
        (
            "port = [{ native = 10 }]",
            "switch.sw.port.0.native: `native` needs `trunk`: a port in one VLAN tags nothing [`native` together with `trunk`]",
        ),
        ("port = [{ trunk = [] }]", "switch.sw.port.0.trunk: the trunk carries no VLAN [at least one VLAN]"),
        (
            "port = [{ trunk = [10, \"29-20\"] }]",
            "switch.sw.port.0.trunk.1: `29-20` is not a range of VLANs [a VLAN such as 10, or a range such as \"20-29\"]",
        ),
        (
            "port = [{ access = 4095 }]",
            "switch.sw.port.0.access: there is no VLAN of that number [the number of a VLAN, 1 to 4094]",
        ),
        (
            "ports = 1\nport = [{}, {}]",
            "switch.sw.ports: 2 ports are described, and there are to be 1 [at least 2]",
        ),
        (
            "port = [{ name = \"port2\" }, {}]",
            "switch.sw: two ports of this switch are called `port2` [a name that no other port has]",
        ),
        ("mtu = 60", "switch.sw.mtu: an MTU of 60 octets is too small for IPv4 [68 to 65535]"),
    ];
    for (rest, expected) in cases {
        assert_eq!(with(rest), expected);
    }
    let same = one("\n[[switch]]\nname = \"ben\"\n");
    assert_eq!(same, "switch.ben.name: there is another node `ben` [a name that no host, switch or hub has]");
}

#[test]
fn vlans_and_lines_that_make_no_sense_are_reported() {
    let with = |interfaces: &str| one(&format!("\n[[host]]\nname = \"cat\"\ninterface = [{interfaces}]\n"));
    let cases = [
        (
            "{ vlan = 10 }",
            "host.cat.interface.0.vlan: the host has no other Ethernet interface that this one could be over [an interface without `vlan` besides]",
        ),
        (
            "{}, {}, { vlan = 10 }",
            "host.cat.interface.2.vlan: over which of the host's 2 Ethernet interfaces? [`parent`: `eth0` or `eth1`]",
        ),
        (
            "{}, { vlan = 10, parent = \"eth9\" }",
            "host.cat.interface.1.parent: there is no interface of this host `eth9` [`eth0`] (eth0?)",
        ),
        (
            "{}, { vlan = 10 }, { vlan = 20, parent = \"vlan10\" }",
            "host.cat.interface.2.parent: `vlan10` is no plain Ethernet interface: its frames have no room for a tag [`eth0`]",
        ),
        (
            "{}, { name = \"a\", vlan = 10 }, { name = \"b\", vlan = 10 }",
            "host.cat.interface.b: VLAN 10 has an interface over `eth0` already [one interface for each VLAN]",
        ),
        (
            "{}, { parent = \"eth0\" }",
            "host.cat.interface.1.parent: `parent` needs `vlan`: only a VLAN's interface is over another [`parent` together with `vlan`]",
        ),
        (
            "{}, { vlan = 10, mtu = 1600 }",
            "host.cat.interface.1.mtu: an MTU of 1600 octets is above that of `eth0`, which it is over [at most 1500]",
        ),
        (
            "{ medium = \"point-to-point\", mac = \"02:00:00:00:00:01\" }",
            "host.cat.interface.0.mac: a point-to-point interface has no `mac` [`mac` of an Ethernet interface]",
        ),
    ];
    for (interfaces, expected) in cases {
        assert_eq!(with(interfaces), expected, "{interfaces}");
    }
    let line = "\n[[host]]\nname = \"tun\"\ninterface = [{ medium = \"point-to-point\" }]\n";
    assert_eq!(
        one(&(line.to_owned() + &link("wire", "ann", "tun"))),
        "link.wire.between: one end of this link is Ethernet, and the other is point-to-point [interfaces with one `medium`]"
    );
    let tagged = "\n[[host]]\nname = \"tag\"\ninterface = [{}, { vlan = 10 }]\n";
    assert_eq!(
        one(&(tagged.to_owned() + &link("wire", "ann", "tag.vlan10"))),
        "link.wire.between.1: `vlan10` is a VLAN's: its frames go over the link of `eth0` [`tag.eth0`]"
    );
    // It does not count where the host is named alone.
    assert_eq!(links(&(tagged.to_owned() + &link("wire", "ann", "tag"))), ["ann.eth0 > tag.eth0"]);
}

#[test]
fn their_counters_can_be_expected() {
    let rest = link("a", "ann", "sw")
        + &link("b", "ben", "hub")
        + "\n[[switch]]\nname = \"sw\"\n"
        + HUB
        + "\n[[expect]]\nswitch = \"sw\"\ncounters = { no_other_port = 1, learned = 1 }\n"
        + "\n[[expect]]\nhub = \"hub\"\ncounters = { frames_sent = 0 }\n";
    let scenario = Scenario::from_text("test.toml", &format!("{HOSTS}{rest}"), &[]);
    let report = scenario.unwrap_or_else(|error| panic!("{error}")).build(1).execute(&mut |_| {});
    assert!(report.held, "{:#?}", report.expectations);
    assert_eq!((report.switches[0].name.as_str(), report.hubs[0].name.as_str()), ("sw", "hub"));
    let unknown = rest.replace("learned", "leaned");
    let said = one(&unknown);
    assert!(
        said.ends_with("(learned?)") && said.contains("there is no counter of a switch `leaned`"),
        "{said}"
    );
}
