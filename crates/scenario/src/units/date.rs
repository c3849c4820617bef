//! Dates of the calendar.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::clock::Timestamp;

use crate::document::{Kind, Node};
use crate::read::{Read, Reader};

/// A date with its time and zone (RFC 3339 §5.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date(pub Timestamp);

impl Read for Date {
    fn expected() -> String {
        "a date with its time and zone such as \"2026-01-01T00:00:00Z\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let (Kind::Text(text) | Kind::DateTime(text)) = &node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let date = text.parse().ok().map(Self);
        if date.is_none() {
            let message = format!("`{}` is not such a date", text.escape_debug());
            reader.wrong(node, message, Self::expected());
        }
        date
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
