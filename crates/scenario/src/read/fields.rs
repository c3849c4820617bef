//! Tables: fields that are required, optional or lists, and those that are unknown.

use std::collections::BTreeSet;

use crate::diagnostic::Problem;
use crate::document::{Entry, Kind, Node, Table};
use crate::near;
use crate::read::{At, Place, Read, Reader};
use crate::source::Span;

/// A table while its fields are being read. Each field that is asked for counts as known.
pub struct Fields<'a> {
    entries: &'a [Entry],
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
    span: Span,
    complete: bool,
}

impl<'a> Fields<'a> {
    /// The fields of `table`, which stands at `span`.
    pub fn new(table: &'a Table, span: Span) -> Self {
        Self { entries: &table.0, known: Vec::new(), missing: Vec::new(), span, complete: true }
    }

    /// The fields of `node`, if it is a table; otherwise reports that it is not.
    pub fn of<T: Read>(reader: &mut Reader, node: &'a Node) -> Option<Self> {
        if let Kind::Table(table) = &node.kind {
            Some(Self::new(table, node.span))
        } else {
            reader.wrong_kind::<T>(node);
            None
        }
    }

    /// The place of the table itself.
    pub fn place(&self, reader: &Reader) -> Place {
        reader.place(self.span)
    }

    /// The entry of that name, without making the name known.
    pub fn peek(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// Makes `name` known and returns its entry.
    pub fn entry(&mut self, name: &'static str) -> Option<&'a Entry> {
        self.known.push(name);
        self.peek(name)
    }

    /// A field that may be left out.
    pub fn optional<T: Read>(&mut self, reader: &mut Reader, name: &'static str) -> Option<At<T>> {
        let entry = self.entry(name)?;
        let value = reader.within(name, |reader| reader.read(&entry.node));
        self.complete &= value.is_some();
        value
    }

    /// A field that must be there.
    pub fn required<T: Read>(&mut self, reader: &mut Reader, name: &'static str) -> Option<At<T>> {
        if self.peek(name).is_none() {
            self.known.push(name);
            self.missing.push(name);
            self.complete = false;
            return None;
        }
        self.optional(reader, name)
    }

    /// A field that is a list, empty where it is left out. Elements that have a `name` go by it in the path.
    pub fn list<T: Read>(&mut self, reader: &mut Reader, name: &'static str) -> Vec<At<T>> {
        let Some(entry) = self.entry(name) else { return Vec::new() };
        let Kind::List(nodes) = &entry.node.kind else {
            reader.within(name, |reader| {
                let message = format!("this is {}", entry.node.describe());
                reader.wrong(&entry.node, message, format!("a list, each of {}", T::expected()));
            });
            self.complete = false;
            return Vec::new();
        };
        let mut list = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let step = node.name().map_or_else(|| format!("{name}.{index}"), |own| format!("{name}.{own}"));
            match reader.within(&step, |reader| reader.read(node)) {
                Some(value) => list.push(value),
                None => self.complete = false,
            }
        }
        list
    }

    /// Reports fields that are unknown, then those that are missing; whether all was well. `what` is what the
    /// table describes, such as `a link`.
    pub fn finish(self, reader: &mut Reader, what: &str) -> bool {
        let mut complete = self.complete;
        let mut meant: BTreeSet<String> = BTreeSet::new();
        let present: BTreeSet<&str> = self.entries.iter().map(|entry| entry.key.as_str()).collect();
        // What is there already is less likely what a misspelt field stands for.
        let absent: Vec<&str> = self.known.iter().copied().filter(|name| !present.contains(name)).collect();
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str())) {
            complete = false;
            let near = near::miss(&entry.key, absent.iter().copied())
                .or_else(|| near::miss(&entry.key, self.known.iter().copied()));
            meant.extend(near.clone());
            reader.within(&entry.key, |reader| {
                let message = format!("{what} has no field `{}`", entry.key);
                let problem = reader.place(entry.key_span).problem(message);
                reader.report(problem.allowed(near::or_list(self.known.iter().copied())).suggest(near));
            });
        }
        // Where a required field is misspelt, the misspelling is the whole news.
        for name in self.missing.iter().filter(|name| !meant.contains(**name)) {
            let message = format!("{what} needs the field `{name}`");
            let problem: Problem = self.place(reader).problem(message);
            reader.report(problem);
        }
        complete
    }
}

/// Defines a table of the model: its struct, how it is read, and its JSON Schema, from one list of fields.
///
/// Each field is `required`, `optional`, a `list`, or `flatten`: a record whose fields stand in this table.
macro_rules! record {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident ($what:literal) {
            $( $(#[doc = $doc:literal])* $field:ident : $mode:ident $ty:ty, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $crate::read::record!(@type $mode $ty), )*
        }

        impl $name {
            /// Reads the fields of this table; others may be read from the same table.
            pub fn from_fields(
                reader: &mut $crate::read::Reader,
                fields: &mut $crate::read::Fields<'_>,
            ) -> Option<Self> {
                $( let $field = $crate::read::record!(@read $mode $ty, $field, reader, fields); )*
                Some(Self { $( $field: $crate::read::record!(@take $mode $field), )* })
            }

            /// The fields' schemas, for a table that these are part of.
            pub fn properties(
                generator: &mut schemars::SchemaGenerator,
                properties: &mut $crate::schema::Properties,
            ) {
                $( $crate::read::record!(
                    @property $mode $ty, $field, generator, properties, concat!($($doc, "\n"),*)
                ); )*
            }
        }

        impl $crate::read::Read for $name {
            fn expected() -> String {
                concat!("a table that describes ", $what).to_owned()
            }

            fn read(reader: &mut $crate::read::Reader, node: &$crate::document::Node) -> Option<Self> {
                let mut fields = $crate::read::Fields::of::<Self>(reader, node)?;
                let value = Self::from_fields(reader, &mut fields);
                fields.finish(reader, $what).then_some(value).flatten()
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::schema::named(generator, stringify!($name), |generator| {
                    let mut properties = $crate::schema::Properties::default();
                    Self::properties(generator, &mut properties);
                    properties.into_schema(concat!($($about, "\n"),*))
                })
            }
        }
    };
    (@type required $ty:ty) => { $crate::read::At<$ty> };
    (@type optional $ty:ty) => { Option<$crate::read::At<$ty>> };
    (@type list $ty:ty) => { Vec<$crate::read::At<$ty>> };
    (@type flatten $ty:ty) => { $ty };
    (@read flatten $ty:ty, $field:ident, $reader:ident, $fields:ident) => {
        <$ty>::from_fields($reader, $fields)
    };
    (@read $mode:ident $ty:ty, $field:ident, $reader:ident, $fields:ident) => {
        $fields.$mode::<$ty>($reader, stringify!($field))
    };
    (@property flatten $ty:ty, $field:ident, $generator:ident, $properties:ident, $doc:expr) => {
        <$ty>::properties($generator, $properties)
    };
    (@property $mode:ident $ty:ty, $field:ident, $generator:ident, $properties:ident, $doc:expr) => {
        $properties.add::<$ty>($generator, stringify!($field), stringify!($mode), $doc)
    };
    (@take required $field:ident) => { $field? };
    (@take flatten $field:ident) => { $field? };
    (@take $mode:ident $field:ident) => { $field };
}
pub(crate) use record;
