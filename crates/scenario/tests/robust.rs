//! No text makes the reader panic, hang, or point outside of it: not arbitrary ones, and not shipped scenarios
//! that were damaged.

use proptest::prelude::*;
use wirelab_scenario::{Diagnostics, Override, Scenario, TEMPLATE, shipped};

/// Each diagnostic must point at a place that is there.
fn check(text: &str, result: Result<Scenario, Diagnostics>) {
    let Err(diagnostics) = result else { return };
    assert!(!diagnostics.is_empty());
    for diagnostic in &diagnostics {
        assert!(!diagnostic.message.is_empty());
        if diagnostic.file == "test.toml" {
            let line = text.split('\n').nth(diagnostic.line - 1).expect("the line is there");
            assert!(diagnostic.column <= line.chars().count() + 1, "{diagnostic:?}");
        }
    }
    assert!(!diagnostics.to_string().is_empty());
}

fn read(text: &str) {
    check(text, Scenario::from_text("test.toml", text, &[]));
}

fn any_shipped() -> impl Strategy<Value = String> {
    let texts: Vec<&str> = shipped().iter().map(|shipped| shipped.text).chain([TEMPLATE]).collect();
    proptest::sample::select(texts).prop_map(str::to_owned)
}

/// Pieces of TOML, and words that mean something in a scenario, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "[[host]]",
        "[host.tcp]",
        "[[link]]",
        "[link.forward]",
        "[[application]]",
        "[[event]]",
        "[[expect]]",
        "[stop]",
        "name",
        "kind",
        "delay",
        "loss",
        "counters",
        "between",
        "interface",
        "addresses",
        " = ",
        "=",
        "\"a\"",
        "\"20 ms\"",
        "\"5 %\"",
        "\"10 Mbit/s\"",
        "\"10.0.0.1/24\"",
        "\"sink\"",
        "1",
        "-1",
        "0.5",
        "99999999999999999999999999999999999999999",
        "true",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\n",
        "\n",
        "\n",
        "#",
        "'",
        "\"\"\"",
        "1979-05-27",
        "inf",
        "nan",
        ".",
        "欢迎",
        "\u{0}",
        "\\u0000",
        "\r\n",
        "\t",
    ]);
    proptest::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_texts(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn arbitrary_texts_with_control_characters(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn arbitrary_pieces(text in fragments()) {
        read(&text);
    }

    #[test]
    fn damaged_scenarios(text in any_shipped(), at in any::<prop::sample::Index>(), cut in 0_usize..40, into in fragments()) {
        let mut characters: Vec<char> = text.chars().collect();
        let start = at.index(characters.len());
        let end = (start + cut).min(characters.len());
        characters.splice(start..end, into.chars());
        read(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn scenarios_with_another_value_somewhere(
        text in any_shipped(),
        line in any::<prop::sample::Index>(),
        value in prop_oneof![fragments(), "\"[ -~]{0,20}\"", any::<i64>().prop_map(|n| n.to_string())],
    ) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let fields: Vec<usize> = (0..lines.len()).filter(|index| lines[*index].contains(" = ")).collect();
        let chosen = fields[line.index(fields.len())];
        let field = lines[chosen].split_once(" = ").expect("it was chosen for that").0.to_owned();
        lines[chosen] = format!("{field} = {value}");
        read(&lines.join("\n"));
    }

    #[test]
    fn scenarios_without_a_line(text in any_shipped(), line in any::<prop::sample::Index>()) {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(line.index(lines.len()));
        read(&lines.join("\n"));
    }

    #[test]
    fn arbitrary_overrides(text in any_shipped(), change in prop_oneof![
        any::<String>(),
        "(host|link|application|stop|seed)(\\.(0|1|wire|client|name|delay|x)){0,3}=[ -~]{0,12}",
    ]) {
        check(&text, Scenario::from_text("test.toml", &text, &[Override::new(change)]));
    }
}
