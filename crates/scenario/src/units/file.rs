//! Files of hosts.

use schemars::{Schema, SchemaGenerator, json_schema};
use wirelab_stack::storage::FilePath;

use crate::document::Node;
use crate::read::{Read, Reader};

impl Read for FilePath {
    fn expected() -> String {
        "a path such as \"/docs/index.html\", without `..`".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        match Self::new(&text) {
            Ok(path) => Some(path),
            Err(error) => {
                reader.wrong(node, error.to_string(), Self::expected());
                None
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// A file of a host: `client:/download.bin`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostFile {
    /// The host's name.
    pub host: String,
    /// The file's path.
    pub path: FilePath,
}

impl Read for HostFile {
    fn expected() -> String {
        "a host's file such as \"client:/download.bin\"".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let text = String::read(reader, node)?;
        let Some((host, path)) = text.split_once(':').filter(|(host, _)| !host.is_empty()) else {
            reader.wrong(node, "there is no host before a `:`", Self::expected());
            return None;
        };
        match FilePath::new(path) {
            Ok(path) if !path.is_root() => Some(Self { host: host.to_owned(), path }),
            Ok(_) => {
                reader.wrong(node, "the root is no file", Self::expected());
                None
            }
            Err(error) => {
                reader.wrong(node, error.to_string(), Self::expected());
                None
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[^:]+:.+$", "examples": ["client:/download.bin"] })
    }
}
