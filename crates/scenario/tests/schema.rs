//! The committed JSON Schema is the one that the model gives. `WIRELAB_BLESS=1 cargo test -p wirelab-scenario
//! --test schema` writes it anew.

use std::path::Path;

use wirelab_scenario::Scenario;

#[test]
fn the_committed_schema_has_not_drifted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenario.schema.json");
    let schema = serde_json::to_value(Scenario::json_schema()).unwrap();
    if std::env::var_os("WIRELAB_BLESS").is_some() {
        std::fs::write(&path, format!("{schema:#}\n")).unwrap();
    }
    // As values: whether maps keep their order is a feature of a dependency that anyone may switch on.
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_str(&committed).expect("it is JSON");
    assert!(
        schema == committed,
        "docs/scenario.schema.json is not what the model gives: see this test's first lines"
    );
}

#[test]
fn each_reference_in_the_schema_leads_somewhere() {
    let schema = serde_json::to_value(Scenario::json_schema()).unwrap();
    let mut references = Vec::new();
    collect(&schema, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(schema.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &serde_json::Value, references: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(serde_json::Value::as_str) {
                references.push(reference.to_owned());
            }
            map.values().for_each(|value| collect(value, references));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
