//! docs/scenarios.md names every field there is, its examples can be read, and its tables of counters and knobs
//! are those of the code. `WIRELAB_BLESS=1 cargo test -p wirelab-scenario --test reference` writes the tables anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wirelab_scenario::{Counters, Scenario, TEMPLATE};
use wirelab_sim::{HubCounters, SwitchCounters};
use wirelab_stack::host::HostCounters;
use wirelab_stack::profile::Profile;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md")
}

fn text() -> String {
    std::fs::read_to_string(page()).expect("docs/scenarios.md is there")
}

#[test]
fn every_field_is_described() {
    let schema = serde_json::to_value(Scenario::json_schema()).unwrap();
    let mut fields = BTreeSet::new();
    collect(&schema, &mut fields);
    assert!(fields.len() > 80, "only {} fields were found", fields.len());
    let text = text();
    let missing: Vec<&String> = fields
        .iter()
        .filter(|field| !text.contains(&format!("`{field}`")) && !text.contains(&format!("{field} = ")))
        .collect();
    assert!(missing.is_empty(), "docs/scenarios.md does not describe {missing:?}");
}

fn collect(value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                fields.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| collect(value, fields));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, fields)),
        _ => {}
    }
}

#[test]
fn the_examples_can_be_read() {
    let text = text();
    let examples: Vec<&str> =
        text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or("")).collect();
    assert!(examples.len() >= 3);
    let whole = examples[0];
    let report = Scenario::from_text("example.toml", whole, &[])
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
        .build(1)
        .execute(&mut |_| {});
    assert!(report.held, "{report:#?}");
    for part in &examples[1..] {
        // The others are parts: of a host that replaces the first one's, or of an expectation.
        let scenario =
            if part.contains("[[host]]") { (*part).to_owned() } else { format!("{whole}\n{part}") };
        if let Err(diagnostics) = Scenario::from_text("example.toml", &scenario, &[]) {
            panic!("{diagnostics}");
        }
    }
}

#[test]
fn the_tables_are_those_of_the_code() {
    let before = text();
    let after = replace(&replace(&before, "counters", &counters()), "knobs", &knobs());
    let after = replace(&after, "shows", &shows());
    if std::env::var_os("WIRELAB_BLESS").is_some() {
        std::fs::write(page(), &after).unwrap();
    } else {
        assert!(before == after, "the tables of docs/scenarios.md have drifted: see this test's first lines");
    }
}

/// `text` with what stands between the marks of `name` replaced.
fn replace(text: &str, name: &str, by: &str) -> String {
    let (before, rest) =
        text.split_once(&format!("<!-- {name}: written by the test `reference` -->\n")).unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    format!("{before}<!-- {name}: written by the test `reference` -->\n{by}<!-- end -->\n{after}")
}

fn counters() -> String {
    let scenario = Scenario::from_text("new.toml", TEMPLATE, &[]).unwrap();
    let report = scenario.build(1).execute(&mut |_| {});
    let list =
        |counters: &Counters| counters.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut text = String::from("\n| counters of a | |\n|---|---|\n");
    for (whose, counters) in [
        ("connection", &report.connections[0].counters),
        ("link", &report.links[0].counters),
        ("switch", &Counters(SwitchCounters::default().iter().collect())),
        ("hub", &Counters(HubCounters::default().iter().collect())),
    ] {
        let _ = writeln!(text, "| {whose} | {} |", list(counters));
    }
    let group = |text: &mut String, about: &str, names: &[&str], meanings: &[&str]| {
        let _ = writeln!(text, "\n| {} | |\n|---|---|", about.trim().trim_end_matches('.'));
        for (name, meaning) in names.iter().zip(meanings) {
            let _ = writeln!(text, "| `{name}` | {} |", meaning.trim());
        }
    };
    text.push_str("\nOf a host:\n");
    for (about, names, meanings) in HostCounters::GROUPS {
        group(&mut text, about, names, meanings);
    }
    group(&mut text, "By plain words", HostCounters::PLAIN, HostCounters::PLAIN_MEANINGS);
    text.push('\n');
    text
}

fn shows() -> String {
    let mut text = String::from("\n| table | |\n|---|---|\n");
    for show in wirelab_sim::Show::ALL {
        let _ = writeln!(text, "| `{}` | {} |", show.name(), show.meaning());
    }
    text.push('\n');
    text
}

fn knobs() -> String {
    let schema = serde_json::to_value(Scenario::json_schema()).unwrap();
    let mut text = String::new();
    let presets = [Profile::rfc(), Profile::linux(), Profile::freebsd()];
    for (table, definition) in [
        ("arp", "ArpKnobs"),
        ("ip", "IpKnobs"),
        ("igmp", "IgmpKnobs"),
        ("router_discovery", "DiscoveryKnobs"),
        ("udp", "UdpKnobs"),
        ("tcp", "TcpKnobs"),
        ("unix", "UnixKnobs"),
        ("sockets", "SocketKnobs"),
    ] {
        let _ = writeln!(
            text,
            "\n### `[host.{table}]`\n\n| knob | | rfc | linux | freebsd |\n|---|---|---|---|---|"
        );
        let values = presets.each_ref().map(|profile| match table {
            "arp" => fields(&format!("{:#?}", profile.interface)),
            "ip" => fields(&format!("{:#?}", profile.network)),
            "igmp" => fields(&format!("{:#?}", profile.igmp)),
            "router_discovery" => fields(&format!("{:#?}", profile.discovery)),
            "udp" => fields(&format!("{:#?}", profile.udp)),
            "tcp" => fields(&format!("{:#?}", profile.tcp)),
            "unix" => fields(&format!("{:#?}", profile.unix)),
            _ => fields(&format!("{:#?}", profile.sockets)),
        });
        let properties = schema["$defs"][definition]["properties"].as_object().expect("it is defined");
        assert_eq!(properties.len(), values[0].len(), "every knob of `{table}` can be set");
        let [rfc, linux, freebsd] = &values;
        for (((name, rfc), (_, linux)), (_, freebsd)) in rfc.iter().zip(linux).zip(freebsd) {
            let description = properties[name]["description"].as_str().unwrap_or_default();
            let _ = writeln!(text, "| `{name}` | {description} | {rfc} | {linux} | {freebsd} |");
        }
    }
    text.push('\n');
    text
}

/// The fields of the struct that `Debug` shows in its long form, with their values in one line.
fn fields(shown: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in shown.lines().skip(1) {
        let Some(line) = line.strip_prefix("    ") else { continue };
        if line.starts_with([' ', '}', ')']) {
            fields.last_mut().expect("a value has begun").1.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(": ") {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    for (name, value) in &mut fields {
        *value = tidy(name, value);
    }
    fields
}

/// `Some(RateLimit {per_second: 5,burst: 5,}),` as people would say it.
fn tidy(name: &str, value: &str) -> String {
    let value = value.trim_end_matches(',').trim_matches('"');
    let value = value.strip_prefix("Some(").map_or(value, |inner| inner.trim_end_matches([')', ',']));
    let limit = value.strip_prefix("RateLimit {").map(|limit| limit.trim_end_matches([',', '}']));
    match (limit, value) {
        (Some(limit), _) => limit.replace("per_second: ", "").replace(",burst: ", " a second, ") + " at once",
        (None, "None") if name.ends_with("timeout") => "never".to_owned(),
        (None, "None") => "unlimited".to_owned(),
        (None, "true") => "yes".to_owned(),
        (None, "false") => "no".to_owned(),
        (None, other) => other.replace("..=", "-").to_lowercase(),
    }
}
