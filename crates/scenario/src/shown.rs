//! Tables that were shown, in the report.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use wirelab_stack::time::Instant;
use wirelab_stack::trace::{Row, Table, Value};

/// A table that was shown.
#[derive(Clone, Debug, Serialize)]
pub struct ShownReport {
    /// When, in seconds.
    #[serde(serialize_with = "instant")]
    pub time: Instant,
    /// Whose: a host or a switch.
    pub node: String,
    /// Which.
    pub table: &'static str,
    /// Its rows: the fields of each.
    pub rows: Vec<RowReport>,
    /// The same for people.
    #[serde(skip)]
    pub lines: Vec<String>,
}

impl ShownReport {
    /// The report of a table that `node` showed at `time`.
    pub fn new(time: Instant, node: &str, table: &Table) -> Self {
        let rows = table.rows.iter().cloned().map(RowReport).collect();
        Self {
            time,
            node: node.to_owned(),
            table: table.kind,
            rows,
            lines: table.lines().map(str::to_owned).collect(),
        }
    }
}

/// A table that was to be shown at a time that the run did not reach.
#[derive(Clone, Debug, Serialize)]
pub struct NotShownReport {
    /// When it was to be shown, in seconds.
    #[serde(serialize_with = "instant")]
    pub time: Instant,
    /// Whose.
    pub node: String,
    /// Which.
    pub table: &'static str,
}

/// A row of a table; a map in JSON.
#[derive(Clone, Debug)]
pub struct RowReport(pub Row);

impl Serialize for RowReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.fields.len()))?;
        for (name, value) in &self.0.fields {
            map.serialize_entry(name, &ValueReport(value))?;
        }
        map.end()
    }
}

/// A field's value: times are in seconds with nine decimals, as text.
struct ValueReport<'a>(&'a Value);

impl Serialize for ValueReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nothing => serializer.serialize_none(),
            Value::Truth(truth) => serializer.serialize_bool(*truth),
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Span(span) => serializer.collect_str(&(Instant::ZERO + *span)),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&ValueReport(value))?;
                }
                list.end()
            }
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's `serialize_with` passes a reference to the field"
)]
fn instant<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
