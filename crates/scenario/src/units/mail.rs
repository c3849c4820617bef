//! Mail addresses, domains, and texts that go over a wire as they are.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::application::smtp::codec::address::{Address, is_domain};

use crate::document::Node;
use crate::read::{Read, Reader};

impl Read for Address {
    fn expected() -> String {
        "a mail address such as \"anna@example.com\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let address = text.parse().ok();
        if address.is_none() {
            reader.wrong(node, format!("`{}` is none", text.escape_debug()), Self::expected());
        }
        address
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["anna@example.com"] })
    }
}

/// A domain: `example.com`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain(pub String);

impl Read for Domain {
    fn expected() -> String {
        "a domain such as \"example.com\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        if !is_domain(&text) {
            reader.wrong(node, format!("`{}` is none", text.escape_debug()), Self::expected());
            return None;
        }
        Some(Self(text))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["example.com"] })
    }
}

/// A path, name or password as a server of another host's understands it: one line of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemotePath(pub String);

impl Read for RemotePath {
    fn expected() -> String {
        "a text of one line, of at most 1024 octets".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        if text.is_empty() || text.len() > 1_024 || text.chars().any(char::is_control) {
            reader.wrong(
                node,
                "it is empty, too long, or has a character of control in it",
                Self::expected(),
            );
            return None;
        }
        Some(Self(text))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 1024 })
    }
}
