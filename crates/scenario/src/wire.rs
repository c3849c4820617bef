//! The settings of a link that come one by one, as options of a command line: the same fields, values and errors as in a
//! scenario file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wirelab_sim::DirectionConfig;

use crate::diagnostic::Diagnostics;
use crate::document::{self, Table};
use crate::model::{Settings, Wire};
use crate::plan;
use crate::read::{Fields, Reader};
use crate::schema::Properties;
use crate::source::{Source, Sources, Span};

/// A setting of a link: its name as a field, for both directions and for one, and what its value is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WireSetting {
    /// For both directions: `delay`.
    pub both: &'static str,
    /// For the direction from the first end to the second: `forward.delay`.
    pub forward: &'static str,
    /// For the direction from the second end to the first: `backward.delay`.
    pub backward: &'static str,
    /// What stands for its value where the setting is described: `TIME`.
    pub value: &'static str,
}

macro_rules! settings {
    ($($name:literal $value:literal,)*) => {
        &[$(WireSetting {
            both: $name,
            forward: concat!("forward.", $name),
            backward: concat!("backward.", $name),
            value: $value,
        }),*]
    };
}

impl WireSetting {
    /// All of them.
    pub const ALL: &[Self] = settings![
        "rate" "RATE",
        "queue" "LIMIT",
        "delay" "TIME",
        "jitter" "TIME",
        "distribution" "SHAPE",
        "loss" "SHARE|TABLE",
        "reorder" "SHARE|TABLE",
        "duplicate" "SHARE",
        "corrupt" "SHARE|TABLE",
        "mtu" "OCTETS",
        "stages" "LIST",
    ];

    /// What each of them is, by its name for both directions.
    pub fn descriptions() -> BTreeMap<&'static str, String> {
        let mut generator = schemars::SchemaGenerator::default();
        let mut properties = Properties::default();
        Settings::properties(&mut generator, &mut properties);
        let of = |setting: &Self| Some((setting.both, properties.description(setting.both)?.to_owned()));
        Self::ALL.iter().filter_map(of).collect()
    }
}

/// Reads the settings of a link, each a name ([`WireSetting`]) and a value as `--set` takes it; what its two directions do.
/// A `queue` that is a number alone is one of packets.
///
/// # Errors
/// What is wrong with them, each named by its option.
pub fn read_wire<'a>(
    settings: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<[DirectionConfig; 2], Diagnostics> {
    let mut sources = Sources::default();
    let mut reader = Reader::default();
    let mut table = Table::default();
    for (name, value) in settings {
        let source = sources.add(Source::new(&format!("--{name}"), value));
        let value = &with_unit(name, value);
        if let Err(problem) = document::put_option(&mut table, name, value, source) {
            reader.report(*problem);
        }
    }
    let mut fields = Fields::new(&table, Span::default());
    let wire = Wire::from_fields(&mut reader, &mut fields);
    fields.finish(&mut reader, "a wire");
    let mut problems = reader.problems;
    let directions = wire.map(|wire| plan::wire(&wire, &mut problems));
    match directions {
        Some(directions) if problems.is_empty() => Ok(directions),
        _ => Err(Diagnostics::new(problems, &sources)),
    }
}

/// A queue's number alone is one of packets: a file says so for its reader's sake, whoever types knows.
fn with_unit<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    let is_queue = name.rsplit('.').next() == Some("queue");
    if is_queue && !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit()) {
        Cow::Owned(format!("{value} packets"))
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wirelab_sim::{Loss, QueueLimit, Rate};
    use wirelab_stack::time::Duration;

    use super::*;

    fn error(settings: &[(&str, &str)]) -> String {
        read_wire(settings.iter().copied()).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_of_a_link_is_an_option() {
        let mut generator = schemars::SchemaGenerator::default();
        let mut properties = Properties::default();
        Settings::properties(&mut generator, &mut properties);
        let mut names: Vec<&str> = properties.names().collect();
        let mut options: Vec<&str> = WireSetting::ALL.iter().map(|setting| setting.both).collect();
        names.sort_unstable();
        options.sort_unstable();
        assert_eq!(options, names);
        assert_eq!(WireSetting::descriptions().len(), names.len());
    }

    #[test]
    fn directions_have_what_both_have_and_what_is_theirs() {
        let settings = [
            ("rate", "100Mbit/s"),
            ("queue", "100"),
            ("delay", "10ms"),
            ("forward.loss", "{ good_to_bad = \"1 %\", bad_to_good = \"30 %\" }"),
            ("backward.delay", "20 ms"),
            ("backward.mtu", "576"),
        ];
        let [forward, backward] = read_wire(settings).unwrap();
        assert_eq!((forward.rate, forward.queue), (Some(Rate::mbit(100)), Some(QueueLimit::Packets(100))));
        assert_eq!((backward.rate, backward.queue), (forward.rate, forward.queue));
        assert_eq!(forward.delay.unwrap().base, Duration::from_millis(10));
        assert_eq!(backward.delay.unwrap().base, Duration::from_millis(20));
        assert!(matches!(forward.loss, Some(Loss::GilbertElliott(_))) && backward.loss.is_none());
        assert_eq!((forward.mtu, backward.mtu), (None, Some(576)));
        assert_eq!(read_wire([]).unwrap(), [DirectionConfig::default(), DirectionConfig::default()]);
    }

    #[test]
    fn what_is_wrong_is_told_as_in_a_file() {
        let told = error(&[("delay", "10 parsecs")]);
        assert!(told.starts_with("--delay:1:") && told.contains("delay: "), "{told}");
        assert!(told.contains("a time such as \"20 ms\""), "{told}");
        let told = error(&[("queue", "100"), ("backward.jitter", "1ms")]);
        assert!(told.contains("`queue` needs `rate`") && told.contains("`jitter` needs `delay`"), "{told}");
        assert_eq!(told.matches("`queue` needs `rate`").count(), 1, "once, though both directions have it");
        let told = error(&[("forward.loss", "101 %"), ("mtu", "lots")]);
        assert!(told.contains("--forward.loss:1:") && told.contains("--mtu:1:"), "{told}");
        assert!(error(&[("dealy", "1ms")]).contains("did you mean `delay`?"));
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(place in 0..WireSetting::ALL.len(), value in ".{0,40}") {
            let setting = WireSetting::ALL[place];
            for name in [setting.both, setting.forward, setting.backward] {
                if let Err(told) = read_wire([("delay", "1 ms"), ("rate", "1 Mbit/s"), (name, value.as_str())]) {
                    prop_assert!(!told.to_string().is_empty());
                }
            }
        }
    }
}
