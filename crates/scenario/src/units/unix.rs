//! Addresses of sockets within a host.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::transport::unix::{Address, MAX_NAME};

use crate::document::Node;
use crate::read::{Read, Reader};

/// Where a socket within a host is bound: `/run/echo`, a path, or `@echo`, an abstract name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnixAddress(pub Address);

impl Read for UnixAddress {
    fn expected() -> String {
        format!(
            "a path such as \"/run/echo\", or an abstract name such as \"@echo\", of at most {MAX_NAME} octets"
        )
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let address = match text.strip_prefix('@') {
            Some("") => None,
            Some(name) => Address::abstract_name(name).ok(),
            None if text.starts_with('/') => Address::path(&text).ok(),
            None => None,
        };
        if address.is_none() {
            let message = format!("`{}` is no address of a socket", text.escape_debug());
            reader.wrong(node, message, Self::expected());
        }
        address.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/|@.)", "examples": ["/run/echo", "@echo"] })
    }
}
