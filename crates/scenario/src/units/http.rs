//! What HTTP's clients ask for.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::application::http::Url;

use crate::document::Node;
use crate::read::{Read, Reader};

impl Read for Url {
    fn expected() -> String {
        "a URL such as \"http://server/file\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        match text.parse() {
            Ok(url) => Some(url),
            Err(error) => {
                let error: wirelab_stack::application::http::UrlError = error;
                reader.wrong(node, error.to_string(), Self::expected());
                None
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[Hh][Tt][Tt][Pp]://.+$" })
    }
}

/// A range of octets: `"0-499"`, or `"500-"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByteRange(pub (u64, Option<u64>));

impl Read for ByteRange {
    fn expected() -> String {
        "a range of octets such as \"0-499\", or \"500-\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let range = text.split_once('-').and_then(|(first, last)| {
            let first = first.parse().ok()?;
            let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
            last.is_none_or(|last| first <= last).then_some(Self((first, last)))
        });
        if range.is_none() {
            reader.wrong(node, format!("`{}` is no range", text.escape_debug()), Self::expected());
        }
        range
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+-[0-9]*$" })
    }
}
