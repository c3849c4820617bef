//! Fields that are plain: texts, names, numbers, truth values.

use core::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64};

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{At, Read, Reader};
use crate::document::{Kind, Node};

impl Read for String {
    fn expected() -> String {
        "a text in quotes".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        if let Kind::Text(text) = &node.kind {
            return Some(text.clone());
        }
        reader.wrong_kind::<Self>(node);
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Read for bool {
    fn expected() -> String {
        "`true` or `false`".to_owned()
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        if let Kind::Boolean(truth) = node.kind {
            return Some(truth);
        }
        reader.wrong_kind::<Self>(node);
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "boolean" })
    }
}

macro_rules! integers {
    ($($ty:ty),*) => { $(
        impl Read for $ty {
            fn expected() -> String {
                format!("an integer from {} to {}", <$ty>::MIN, <$ty>::MAX)
            }

            fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
                let Kind::Integer(number) = node.kind else {
                    reader.wrong_kind::<Self>(node);
                    return None;
                };
                let value = number.and_then(|number| <$ty>::try_from(number).ok());
                if value.is_none() {
                    reader.wrong(node, "the number is out of range", Self::expected());
                }
                value
            }

            fn schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": <$ty>::MIN, "maximum": <$ty>::MAX })
            }
        }
    )* };
}
integers!(u8, u16, u32, u64, i32);

macro_rules! counts {
    ($($ty:ty),*) => { $(
        impl Read for $ty {
            fn expected() -> String {
                format!("an integer from 1 to {}", <$ty>::MAX)
            }

            fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
                let Kind::Integer(number) = node.kind else {
                    reader.wrong_kind::<Self>(node);
                    return None;
                };
                let value = number.and_then(|number| number.try_into().ok()).and_then(<$ty>::new);
                if value.is_none() {
                    reader.wrong(node, "the number is out of range", Self::expected());
                }
                value
            }

            fn schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "integer", "minimum": 1, "maximum": <$ty>::MAX })
            }
        }
    )* };
}
counts!(NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64);

/// A list that is one value: empty is not the same as left out.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<At<T>>);

impl<T: Read> Read for List<T> {
    fn expected() -> String {
        format!("a list, each of {}", T::expected())
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::List(nodes) = &node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let read =
            |(index, node): (usize, &Node)| reader.within(&index.to_string(), |reader| reader.read(node));
        let values: Vec<Option<At<T>>> = nodes.iter().enumerate().map(read).collect();
        values.into_iter().collect::<Option<_>>().map(Self)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": T::schema(generator) })
    }
}

/// A name of a host, interface, link or application.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name(pub String);

impl Name {
    const LONGEST: usize = 64;
}

impl Read for Name {
    fn expected() -> String {
        format!("a name of letters, digits, `-` and `_`, at most {} characters", Self::LONGEST)
    }

    fn read(reader: &mut Reader, node: &Node) -> Option<Self> {
        let Kind::Text(text) = &node.kind else {
            reader.wrong_kind::<Self>(node);
            return None;
        };
        let good = text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        if !good || text.is_empty() || text.chars().count() > Self::LONGEST {
            reader.wrong(node, format!("`{}` is not a name", text.escape_debug()), Self::expected());
            return None;
        }
        Some(Self(text.clone()))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        // Letters and digits of any script: all but ASCII's punctuation and spaces.
        json_schema!({ "type": "string", "pattern": "^[^\\s!-,./:-@\\[-^`{-~]{1,64}$" })
    }
}

impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}
